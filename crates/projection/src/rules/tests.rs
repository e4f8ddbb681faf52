use plaudit_domain::post::Kind;

use super::*;
use crate::deed::Action;

fn parse(files: &[(&str, &str)]) -> Result<Rules, RulesError> {
    let files = files
        .iter()
        .map(|(name, text)| (name.to_string(), text.to_string()));
    Rules::parse(&files.collect::<Vec<_>>())
}

/// The mistakes of some files.
#[track_caller]
fn refused(files: &[(&str, &str)], mistakes: &[&str]) {
    let error = parse(files).unwrap_err();
    assert_eq!(error.mistakes(), mistakes, "\n{error}");
}

/// What programmes of tests begin with: 3 lines.
const LEVEL: &str = "[[level]]\nname = \"One\"\npoints = 0\n";
/// A rule with all that it needs but what it is worth and from when it counts: 7 lines, from line 4 on.
const RULE: &str = "[[rule]]\nid = \"r\"\ntitle = \"T\"\ndescription = \"D\"\non = \"PostLiked\"\nto = \"author\"\n";
/// The rest of it, too.
const WORTH: &str = "points = 1\nretroactive = true\n";

/// Mistakes in kudos.toml after a level.
#[track_caller]
fn kudos_refused(text: &str, mistakes: &[&str]) {
    refused(&[("kudos.toml", &format!("{LEVEL}{text}"))], mistakes);
}

/// Mistakes in kudos.toml after a level and most of a rule: from line 10 on.
#[track_caller]
fn rule_refused(text: &str, mistakes: &[&str]) {
    kudos_refused(&format!("{RULE}{text}"), mistakes);
}

#[test]
fn the_standard_rules_hold_what_their_tests_say() {
    let rules = Rules::standard().unwrap_or_else(|error| panic!("{error}"));
    let ran = rules.check().unwrap_or_else(|error| panic!("{error}"));
    let tests = rules.files().iter();
    let tests = tests.map(|(_, text)| text.matches("[[test]]").count());
    assert_eq!(ran, tests.sum::<usize>());
    assert_eq!(rules.kudos.levels.len(), 11);
}

#[test]
fn the_rules_of_stack_exchange_hold_what_their_tests_say() {
    let rules = parse(&[
        (
            KUDOS,
            include_str!("../../../../fixtures/rules/stack-exchange/kudos.toml"),
        ),
        (
            MILESTONES,
            include_str!("../../../../fixtures/rules/stack-exchange/milestones.toml"),
        ),
    ]);
    let rules = rules.unwrap_or_else(|error| panic!("{error}"));
    let ran = rules.check().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(ran, 10);
    assert_eq!(rules.kudos.allowance, None);
}

/// Each example begins with the name of its file.
#[test]
fn the_examples_of_the_readme_hold() {
    let readme = include_str!("../../../../projections/README.md");
    let examples = readme.split("```toml\n# ").skip(1).map(|example| {
        let example = example.split("```").next().unwrap();
        example.split_once('\n').unwrap()
    });
    let mut files = FILES.map(|file| (file, String::new()));
    for (name, example) in examples {
        let file = files.iter_mut().find(|(file, _)| *file == name);
        file.unwrap().1.push_str(example);
    }
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let rules = parse(&files).unwrap_or_else(|error| panic!("{error}"));
    let ran = rules.check().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(ran, readme.matches("[[test]]\n").count());
}

#[test]
fn a_set_has_a_file() {
    let error = parse(&[]).unwrap_err();
    assert_eq!(
        error.mistakes(),
        [
            "a set of rules has one file at least: kudos.toml, challenges.toml, milestones.toml, \
          lozenges.toml or groups.toml"
        ]
    );
    // What isn't among them has no rules.
    let rules = parse(&[(MILESTONES, "")]).unwrap();
    assert!(rules.kudos.levels.is_empty() && rules.kudos.reasons.is_empty());
    assert_eq!(rules.check(), Ok(0));
}

#[test]
fn the_hash_is_of_names_and_texts_in_any_order() {
    let kudos = (KUDOS, LEVEL);
    let challenges = (CHALLENGES, "");
    let hash = |files: &[(&str, &str)]| parse(files).unwrap().hash().to_owned();
    let both = hash(&[kudos, challenges]);
    assert_eq!(both, hash(&[challenges, kudos]));
    assert_eq!(both.len(), 64);
    assert_ne!(both, hash(&[kudos]));
    assert_ne!(both, hash(&[kudos, (CHALLENGES, "\n")]));
    assert_eq!(
        Rules::default().hash(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}

#[test]
fn rules_and_badges_are_found_by_id_and_rules_by_action() {
    let rules = Rules::standard().unwrap();
    let (number, reason) = rules.kudos.reason_by_id("good-start").unwrap();
    assert_eq!(rules.kudos.reasons[number].id, "good-start");
    assert_eq!(reason.points, 10);
    let (number, badge) = rules.kudos.badge_by_id("certified").unwrap();
    assert_eq!(rules.kudos.badges[number].id, "certified");
    assert!(badge.repeatable);
    assert!(rules.kudos.reason_by_id("none").is_none());
    assert!(rules.kudos.badge_by_id("none").is_none());
}

#[test]
fn every_action_can_be_named_and_stands_at_its_place() {
    for (place, (action, event, part)) in Action::ALL.into_iter().enumerate() {
        assert_eq!(action as usize, place);
        let named = format!("on = \"{event}\"\nto = \"{part}\"\n");
        let rule = RULE.replace("on = \"PostLiked\"\nto = \"author\"\n", &named);
        let rules = parse(&[(KUDOS, &format!("{LEVEL}{rule}{WORTH}"))]).unwrap();
        let Counted::Each { deeds, .. } = &rules.kudos.reasons[0].counts else {
            panic!("a rule counts each");
        };
        assert_eq!(deeds.action, action);
    }
    for (place, kind) in Kind::ALL.into_iter().enumerate() {
        assert_eq!(kind as usize, place);
    }
}

#[test]
fn all_mistakes_of_all_files_are_told_at_once() {
    refused(
        &[
            (MILESTONES, "ladders = []"),
            (KUDOS, &format!("{LEVEL}{RULE}pints = 1\nbadge = \"b\"\n")),
            ("kudo.toml", ""),
            ("kudos.toml ", ""),
        ],
        &[
            "kudo.toml: there is no rule file of this name: did you mean `kudos.toml`?",
            "kudos.toml : there is no rule file of this name: did you mean `kudos.toml`?",
            "kudos.toml:4:1: a rule needs `points`: add it",
            "kudos.toml:4:1: it isn't said from when it counts: add `from = <time>` for what happens from then on, or `retroactive = true` for all that ever happened",
            "kudos.toml:10:1: a rule has no key `pints`: did you mean `points`?",
            "kudos.toml:11:9: there is no badge \"b\": there is none",
            "milestones.toml:1:1: the file has no key `ladders`: did you mean `ladder`?",
        ],
    );
}

#[test]
fn where_a_line_is_missing_every_mistake_has_a_place() {
    let rules = Rules::standard().unwrap();
    for (at, (name, text)) in rules.files().iter().enumerate() {
        for line in (0..text.lines().count()).step_by(3) {
            let mut files = rules.files().to_vec();
            let lines = text.lines().enumerate();
            let lines = lines.filter(|(number, _)| *number != line);
            files[at].1 = lines.map(|(_, line)| format!("{line}\n")).collect();
            let mistakes = Rules::parse(&files).map_or_else(|error| error.mistakes, |_| vec![]);
            for mistake in mistakes {
                let mut parts = mistake.splitn(4, ':');
                assert!(FILES.contains(&parts.next().unwrap()), "{mistake}");
                for number in parts.by_ref().take(2) {
                    assert!(number.parse::<usize>().unwrap() > 0, "{name}: {mistake}");
                }
                assert!(parts.next().unwrap().starts_with(' '), "{mistake}");
            }
        }
    }
}

#[test]
fn a_file_is_given_once() {
    refused(
        &[(KUDOS, LEVEL), (KUDOS, LEVEL)],
        &["kudos.toml: it is given twice: leave one of them out"],
    );
}

#[test]
fn what_is_no_toml_is_told_first() {
    refused(
        &[(KUDOS, "[[level]]\nname = One\n"), (CHALLENGES, "x = 1")],
        &["kudos.toml:2:8: this is no TOML: string values must be quoted, expected literal string"],
    );
    refused(
        &[(KUDOS, "[[level]]\nname = \"a\"\nname = \"b\"\n")],
        &["kudos.toml:3:1: this is no TOML: duplicate key"],
    );
}

#[test]
fn values_have_types() {
    kudos_refused(
        "level.x = 1\n",
        &["kudos.toml:4:1: a level has no key `level`: write `name`, `points`"],
    );
    rule_refused(
        "points = \"1\"\nretroactive = 1\nbefore_enrolment = \"0\"\nlimits = 1\nbadge = 1\nuntil = \"2026-01-01\"\n",
        &[
            "kudos.toml:10:10: `points` is a whole number, not of the type string",
            "kudos.toml:11:15: `retroactive` is true or false, not of the type integer",
            "kudos.toml:12:20: `before_enrolment` is a number from 0.0 to 1.0, not of the type string",
            "kudos.toml:13:10: `limits` is a list, like […], or [[limits]], not of the type integer",
            "kudos.toml:14:9: `badge` is a text, like \"…\", not of the type integer",
            "kudos.toml:15:9: `until` is a time, like 2026-01-31T12:00:00Z, without quotes, not of the type string",
        ],
    );
    refused(
        &[(KUDOS, "level = [1]\n")],
        &["kudos.toml:1:10: `level` is a table, not of the type integer"],
    );
}

#[test]
fn enrolment_has_a_known_policy() {
    kudos_refused(
        "[enrolment]\npolicy = \"waitinglist\"\nfrom = 1\n",
        &[
            "kudos.toml:5:10: \"waitinglist\" is no policy: did you mean \"waitlist\"?",
            "kudos.toml:6:1: [enrolment] has no key `from`: write `policy`",
        ],
    );
}

#[test]
fn an_allowance_is_of_some_gifts_in_a_period() {
    kudos_refused(
        "[peer_kudos]\ngifts = 0\nper = \"year\"\n",
        &[
            "kudos.toml:5:9: `gifts` is 0: write a whole number from 1 to 1000000",
            "kudos.toml:6:7: \"year\" is no period: write \"day\", \"week\", \"month\", \"quarter\"",
        ],
    );
}

#[test]
fn levels_begin_at_0_and_rise_and_have_names_of_their_own() {
    refused(
        &[(KUDOS, "")],
        &["kudos.toml:1:1: there has to be a [[level]] at least: add one with `points = 0`"],
    );
    refused(
        &[(KUDOS, "[[level]]\nname = \"One\"\npoints = 5\n")],
        &["kudos.toml:3:10: the first level has `points = 5`: make it 0"],
    );
    kudos_refused(
        LEVEL,
        &[
            "kudos.toml:4:1: there is a level \"One\" already: give this one another name",
            "kudos.toml:6:10: `points` is 0, and the level before has 0: write more than that",
        ],
    );
}

#[test]
fn ids_are_plain_and_of_one_thing() {
    kudos_refused(
        "[[limit]]\nid = \"Likes per day\"\npoints = 1\nper = \"day\"\n",
        &[
            "kudos.toml:5:6: \"Likes per day\" is no id: write 1 to 60 lower-case letters, digits and hyphens",
        ],
    );
    kudos_refused(
        &format!("{RULE}{WORTH}{RULE}{WORTH}"),
        &["kudos.toml:13:6: the id \"r\" is used at kudos.toml:5:6 already: give the rule another"],
    );
    let challenge = "[[challenge]]\nid = \"r\"\ntitle = \"T\"\ndescription = \"D\"\npoints = 1\nretroactive = true\n[[challenge.step]]\ntitle = \"S\"\non = \"PostLiked\"\nto = \"liker\"\ncount = 1\n";
    refused(
        &[
            (KUDOS, &format!("{LEVEL}{RULE}{WORTH}")),
            (CHALLENGES, challenge),
        ],
        &[
            "challenges.toml:2:6: the id \"r\" is used at kudos.toml:5:6 already: give the challenge another",
        ],
    );
    let badge = "[[badge]]\nid = \"b\"\ntitle = \"B\"\ndescription = \"D\"\n";
    kudos_refused(
        &format!("{badge}{badge}{RULE}badge = \"b\"\n{WORTH}"),
        &[
            "kudos.toml:9:6: no rule or challenge gives the badge \"b\": add `badge` to one, or remove it",
            "kudos.toml:9:6: the id \"b\" is used at kudos.toml:5:6 already: give the badge another",
        ],
    );
}

#[test]
fn limits_are_positive_and_used() {
    kudos_refused(
        "[[limit]]\nid = \"l\"\npoints = 0\nper = \"day\"\n",
        &[
            "kudos.toml:5:6: no rule has the limit \"l\": add it to the `limits` of one, or remove it",
            "kudos.toml:6:10: `points` is 0: write a whole number from 1 to 1000000",
        ],
    );
}

#[test]
fn a_rule_names_limits_that_there_are_and_each_once() {
    let limit = "[[limit]]\nid = \"likes-per-day\"\npoints = 1\nper = \"day\"\n";
    kudos_refused(
        &format!(
            "{limit}{RULE}limits = [\"like-per-day\", \"likes-per-day\", \"likes-per-day\"]\n{WORTH}"
        ),
        &[
            "kudos.toml:14:11: there is no limit \"like-per-day\": did you mean \"likes-per-day\"?",
            "kudos.toml:14:44: the limit \"likes-per-day\" is named twice: remove one",
        ],
    );
    kudos_refused(
        &format!("{limit}{RULE}limits = [\"likes-per-day\"]\npoints = -1\nretroactive = true\n"),
        &[
            "kudos.toml:14:10: `limits` hold what a rule gives, and this one gives no points: remove them",
        ],
    );
}

#[test]
fn badges_are_there_and_given() {
    let badge = "[[badge]]\nid = \"kind\"\ntitle = \"B\"\ndescription = \"D\"\n";
    kudos_refused(
        &format!("{badge}{RULE}badge = \"knid\"\n{WORTH}"),
        &[
            "kudos.toml:5:6: no rule or challenge gives the badge \"kind\": add `badge` to one, or remove it",
            "kudos.toml:14:9: there is no badge \"knid\": did you mean \"kind\"?",
        ],
    );
}

#[test]
fn a_rule_says_from_when_it_counts_and_in_one_way() {
    rule_refused(
        "points = 1\n",
        &[
            "kudos.toml:4:1: it isn't said from when it counts: add `from = <time>` for what happens from then on, or `retroactive = true` for all that ever happened",
        ],
    );
    rule_refused(
        "points = 1\nfrom = 2026-01-01T00:00:00Z\nretroactive = true\n",
        &["kudos.toml:11:8: `from` and `retroactive` contradict each other: remove one of them"],
    );
    rule_refused(
        "points = 1\nretroactive = false\n",
        &[
            "kudos.toml:11:15: `retroactive = false` doesn't say from when it counts: write `from = <time>` instead",
        ],
    );
    rule_refused(
        "points = 1\nfrom = 2026-01-01\n",
        &[
            "kudos.toml:11:8: `from` is 2026-01-01, which isn't one moment: write a date, a time and an offset, like 2026-01-31T12:00:00Z",
        ],
    );
}

#[test]
fn times_may_have_any_offset() {
    let rule = format!("{LEVEL}{RULE}points = 1\nfrom = 2026-01-01 02:00:00.5+02:00\n");
    let rules = parse(&[(KUDOS, &rule)]).unwrap();
    let from = rules.kudos.reasons[0].from.unwrap();
    assert_eq!(from.to_string(), "2026-01-01T00:00:00.5Z");
}

#[test]
fn what_ends_ends_after_it_began() {
    rule_refused(
        "points = 1\nfrom = 2026-01-01T00:00:00Z\nuntil = 2026-01-01T00:00:00Z\n",
        &["kudos.toml:12:9: `until` isn't after `from`: write a later time"],
    );
}

#[test]
fn a_share_is_from_0_to_1() {
    for share in ["1.5", "-0.1", "nan", "2"] {
        let mistake = format!(
            "kudos.toml:10:20: `before_enrolment` is {share}: write a number from 0.0 to 1.0"
        );
        rule_refused(&format!("before_enrolment = {share}\n{WORTH}"), &[&mistake]);
    }
}

#[test]
fn points_have_bounds_and_are_some_unless_there_is_a_badge() {
    rule_refused(
        "points = -1_000_001\nretroactive = true\n",
        &["kudos.toml:10:10: `points` is -1000001: write a whole number from -1000000 to 1000000"],
    );
    rule_refused(
        "points = 0\nretroactive = true\n",
        &["kudos.toml:4:1: the rule gives neither points nor a badge: add `points` or `badge`"],
    );
}

#[test]
fn events_and_parts_are_those_that_can_be_counted() {
    let rule = |on: &str, to: &str| {
        let rule = RULE.replace("PostLiked", on).replace("author", to);
        format!("{rule}{WORTH}")
    };
    kudos_refused(
        &rule("PostLike", "author"),
        &[
            "kudos.toml:8:6: \"PostLike\" is no event that can be counted: did you mean \"PostLiked\"?",
        ],
    );
    kudos_refused(
        &rule("AccountErased", "author"),
        &[
            "kudos.toml:8:6: \"AccountErased\" is no event that can be counted: write \"PostCreated\", \"PostLiked\", \"AnswerAccepted\", \"CourseCompleted\", \"CertificationAwarded\", \"GroupJoined\", \"KudosGiven\"",
        ],
    );
    kudos_refused(
        &rule("PostLiked", "asker"),
        &["kudos.toml:9:6: PostLiked has no \"asker\": write \"author\" or \"liker\""],
    );
}

#[test]
fn kinds_are_known_and_named_where_an_event_has_one() {
    rule_refused(
        &format!("kinds = [\"answers\", \"question\", \"question\"]\n{WORTH}"),
        &[
            "kudos.toml:10:10: \"answers\" is no kind of post: did you mean \"answer\"?",
            "kudos.toml:10:33: question is named twice: remove one",
        ],
    );
    rule_refused(
        &format!("kinds = []\n{WORTH}"),
        &["kudos.toml:10:9: `kinds` is empty: name one at least, or remove it for all of them"],
    );
    let rule = RULE.replace("PostLiked", "AnswerAccepted");
    kudos_refused(
        &format!("{rule}kinds = [\"answer\"]\n{WORTH}"),
        &["kudos.toml:10:9: this event is about no kind of post: remove `kinds`"],
    );
}

#[test]
fn titles_and_descriptions_are_neither_empty_nor_long() {
    let rule = RULE
        .replace("\"T\"", "\" \"")
        .replace("\"D\"", &format!("\"{}\"", "ä".repeat(301)));
    kudos_refused(
        &format!("{rule}{WORTH}"),
        &[
            "kudos.toml:6:9: `title` has 1 characters: write 1 to 100 of them",
            "kudos.toml:7:15: `description` has 301 characters: write 1 to 300 of them",
        ],
    );
}

#[test]
fn there_are_a_thousand_of_anything_at_most() {
    let levels = LEVEL.repeat(1_001);
    refused(
        &[(KUDOS, &levels)],
        &["kudos.toml:1:1: there are 1001 of `level`, and 1000 at most are taken: leave some out"],
    );
}

/// A challenge with all but what is given: 6 lines, and a step of 5 after it.
fn challenge(more: &str, step: &str) -> String {
    format!(
        "[[challenge]]\nid = \"c\"\ntitle = \"T\"\ndescription = \"D\"\nretroactive = true\n{more}\n{step}"
    )
}

const STEP: &str =
    "[[challenge.step]]\ntitle = \"S\"\non = \"PostLiked\"\nto = \"liker\"\ncount = 1\n";

#[track_caller]
fn challenge_refused(more: &str, step: &str, mistakes: &[&str]) {
    refused(&[(CHALLENGES, &challenge(more, step))], mistakes);
}

#[test]
fn a_challenge_has_steps_and_gives_something() {
    challenge_refused(
        "points = 1",
        "",
        &["challenges.toml:1:1: a challenge needs steps: add a [[challenge.step]]"],
    );
    challenge_refused(
        "",
        STEP,
        &[
            "challenges.toml:1:1: the challenge gives neither points nor a badge: add `points` or `badge`",
        ],
    );
    challenge_refused(
        "points = 1",
        &STEP.replace("count = 1", "count = 0\nkind = \"answer\""),
        &[
            "challenges.toml:11:9: `count` is 0: write a whole number from 1 to 1000000",
            "challenges.toml:12:1: a step has no key `kind`: did you mean `kinds`?",
        ],
    );
}

#[test]
fn what_repeats_has_a_period_to_repeat_in() {
    challenge_refused(
        "points = 1\nrepeats = true",
        STEP,
        &[
            "challenges.toml:7:11: `repeats` needs a period to begin anew with: add `within`, like `within = \"week\"`",
        ],
    );
}

#[test]
fn a_badge_of_two_challenges_is_had_by_either() {
    let kudos = format!("{LEVEL}[[badge]]\nid = \"b\"\ntitle = \"B\"\ndescription = \"D\"\n");
    let writing = STEP
        .replace("PostLiked", "PostCreated")
        .replace("liker", "author");
    let step = |kind: &str| format!("{writing}kinds = [\"{kind}\"]\n");
    let question = challenge("badge = \"b\"", &step("question"));
    let answer = challenge("badge = \"b\"", &step("answer")).replace("\"c\"", "\"d\"");
    let test = r#"[[test]]
name = "one is undone, and then the other"
events = [
  { event = "PostCreated", by = "ada", post = "q", kind = "question" },
  { event = "PostCreated", by = "ada", post = "a", kind = "answer", on = "q" },
  { event = "PostDeleted", by = "ada", post = "a" },
]
points = {}
badges = { ada = ["b"] }
"#;
    let both = test.replace(
        "post = \"a\" },\n]",
        "post = \"a\" },\n  { event = \"PostDeleted\", by = \"ada\", post = \"q\" },\n]",
    );
    let both = both.replace("badges = { ada = [\"b\"] }", "badges = {}");
    let challenges = format!("{question}{answer}{test}{both}");
    let rules = parse(&[(KUDOS, &kudos), (CHALLENGES, &challenges)]).unwrap();
    assert_eq!(rules.check().unwrap(), 2);
}

/// A ladder with all but what is given: 3 lines.
fn ladder(more: &str) -> String {
    format!("[[ladder]]\nid = \"l\"\ndescription = \"D\"\n{more}\n")
}

#[track_caller]
fn ladder_refused(more: &str, mistakes: &[&str]) {
    refused(&[(MILESTONES, &ladder(more))], mistakes);
}

const WHOLE: &str = "title = \"T\"\nretroactive = true\ncounts = \"answers\"\nthresholds = [1, 2]";

#[test]
fn a_ladder_counts_all_there_is_and_says_so() {
    ladder_refused(
        &WHOLE.replace("retroactive = true\n", ""),
        &[
            "milestones.toml:1:1: a ladder counts all that a profile has, and has to say so: add `retroactive = true`",
        ],
    );
    ladder_refused(
        &WHOLE.replace("true", "false"),
        &[
            "milestones.toml:5:15: a ladder counts all that a profile has: write `retroactive = true`, or remove the ladder",
        ],
    );
    ladder_refused(
        &WHOLE.replace("retroactive = true", "from = 2026-01-01T00:00:00Z"),
        &[
            "milestones.toml:5:8: a ladder counts all that a profile has, so it can't begin at some time: write `retroactive = true` instead",
        ],
    );
}

#[test]
fn thresholds_rise() {
    ladder_refused(
        &WHOLE.replace("[1, 2]", "[0, 2, 2]"),
        &[
            "milestones.toml:7:15: `thresholds` is 0: write a whole number from 1 to 1000000",
            "milestones.toml:7:21: the threshold 2 comes after 2: let them rise",
        ],
    );
    ladder_refused(
        &WHOLE.replace("[1, 2]", "[]"),
        &["milestones.toml:7:14: `thresholds` is empty: write one at least"],
    );
}

#[test]
fn a_ladder_counts_what_there_is_of_a_profile_or_likes_of_a_post() {
    ladder_refused(
        &WHOLE.replace("answers", "answer"),
        &["milestones.toml:6:10: \"answer\" is no figure of a profile: did you mean \"answers\"?"],
    );
    ladder_refused(
        &WHOLE.replace("answers", "likes"),
        &[
            "milestones.toml:6:10: \"likes\" is the figure of a post: add `per = \"post\"`, or write \"likes_received\"",
        ],
    );
    ladder_refused(
        &format!("{WHOLE}\nper = \"post\""),
        &["milestones.toml:6:10: \"answers\" is no figure of a post: write \"likes\""],
    );
    ladder_refused(
        &format!("{WHOLE}\nper = \"profile\"\nkinds = [\"answer\"]"),
        &[
            "milestones.toml:8:7: \"profile\" is no thing to count by: write \"post\"",
            "milestones.toml:9:9: `kinds` is for ladders of posts: add `per = \"post\"`, or remove it",
        ],
    );
}

#[test]
fn a_ladder_has_one_title_or_one_for_each_threshold() {
    ladder_refused(
        &format!("{WHOLE}\ntitles = [\"A\"]"),
        &[
            "milestones.toml:4:9: `title` and `titles` contradict each other: remove one of them",
            "milestones.toml:8:10: there are 1 titles for 2 thresholds: write one for each",
        ],
    );
    ladder_refused(
        &WHOLE.replace("title = \"T\"\n", ""),
        &["milestones.toml:1:1: a ladder needs `title`: add it"],
    );
    let twice = format!("{0}{0}", ladder(WHOLE));
    refused(
        &[(MILESTONES, &twice)],
        &[
            "milestones.toml:9:6: the id \"l\" is used at milestones.toml:2:6 already: give the ladder another",
        ],
    );
}

#[test]
fn a_test_of_milestones_names_what_there_is() {
    let test = |text: &str| format!("{}[[test]]\nname = \"t\"\n{text}\n", ladder(WHOLE));
    refused(
        &[(
            MILESTONES,
            &test("given = { answer = 1 }\nreaches = { m = [1] }"),
        )],
        &[
            "milestones.toml:10:11: \"answer\" is no figure of a profile: did you mean \"answers\"?",
            "milestones.toml:11:13: there is no ladder \"m\": write \"l\"",
        ],
    );
    refused(
        &[(MILESTONES, &test("likes = 1\ngiven = {}\nreaches = {}"))],
        &[
            "milestones.toml:8:1: `likes` are those of a post: add `kind`, like `kind = \"answer\"`",
            "milestones.toml:11:9: `given` is for profiles, and `likes` for a post: remove one of them",
        ],
    );
    refused(
        &[(
            MILESTONES,
            &test("kind = \"answer\"\ngiven = {}\nreaches = {}"),
        )],
        &["milestones.toml:10:8: `kind` goes with the likes of a post: add `likes`, or remove it"],
    );
}

/// What a test of a rule that gives a point for a like of a post tells.
#[track_caller]
fn test_refused(text: &str, mistakes: &[&str]) {
    let text = format!("{LEVEL}{RULE}{WORTH}[[test]]\nname = \"t\"\n{text}\n");
    refused(&[(KUDOS, &text)], mistakes);
}

#[test]
fn a_test_names_events_and_posts_and_people_that_there_are() {
    test_refused(
        "events = [\n{ event = \"PostLike\", by = \"ada\", post = \"q\" },\n{ event = \"PostLiked\", by = \"ada\", post = \"q\" },\n{ event = \"PostCreated\", post = \"q\", kind = \"question\" },\n]\npoints = { ada = 1, bob = 2 }\nlevels = { ada = 2 }\nbadges = { ada = [\"b\"] }",
        &[
            "kudos.toml:15:11: \"PostLike\" is no event that tests know: did you mean \"PostLiked\"?",
            "kudos.toml:16:43: no post \"q\" was created so far: there is none",
            "kudos.toml:17:1: an event needs `by`: add it",
            "kudos.toml:19:21: nobody in this test is called \"bob\": write \"ada\"",
            "kudos.toml:20:18: `ada` is 2: write a whole number from 1 to 1",
            "kudos.toml:21:19: there is no badge \"b\": there is none",
        ],
    );
    test_refused(
        "",
        &[
            "kudos.toml:12:1: a test needs `events`: add it",
            "kudos.toml:12:1: a test needs `points`: add it",
        ],
    );
}

#[test]
fn a_test_tells_a_story_that_can_be() {
    test_refused(
        r#"events = [
{ event = "PostCreated", by = "ada", post = "q", kind = "question" },
{ event = "PostCreated", by = "ada", post = "q", kind = "question" },
{ event = "PostCreated", by = "ada", post = "a", kind = "answer" },
{ event = "PostCreated", by = "ada", post = "d", kind = "discussion", on = "q" },
{ event = "PostCreated", by = "ada", post = "b", kind = "answer", on = "q" },
{ event = "PostCreated", by = "ada", post = "c", kind = "answer", on = "b" },
{ event = "AnswerAccepted", by = "ada", post = "q" },
{ event = "AcceptanceWithdrawn", by = "ada", post = "b" },
{ event = "KudosGiven", by = "ada", to = "ada" },
{ event = "CourseCompleted", by = "ada", course = "c", post = "q" },
]
points = {}"#,
        &[
            "kudos.toml:16:45: there is a post \"q\" already: give this one another name",
            "kudos.toml:17:1: the answer isn't on anything: add `on`, the name of a post",
            "kudos.toml:18:76: discussions are on nothing: remove `on`",
            "kudos.toml:20:72: \"b\" is no question: answer one",
            "kudos.toml:21:48: \"q\" is no answer: name one",
            "kudos.toml:22:53: \"b\" isn't accepted: accept it before",
            "kudos.toml:23:42: nobody gives kudos to themselves: name somebody else",
            "kudos.toml:24:56: an event has no key `post`: write `event`, `at`, `by`, `course`",
        ],
    );
}

#[test]
fn tests_that_fail_say_where_and_what_was_found() {
    let text = format!(
        "{LEVEL}[[badge]]\nid = \"b\"\ntitle = \"B\"\ndescription = \"D\"\n{RULE}badge = \"b\"\n{WORTH}{}",
        r#"[[test]]
name = "likes"
events = [
  { event = "PostCreated", by = "ada", post = "q", kind = "question" },
  { event = "PostLiked", by = "bob", post = "q" },
  { event = "PostLiked", by = "eve", post = "q" },
]
points = { ada = 3, bob = 1 }
"#
    );
    let milestones = format!(
        "{}[[test]]\nname = \"two\"\ngiven = {{ answers = 2 }}\nreaches = {{ l = [1] }}\n",
        ladder(WHOLE)
    );
    let rules = parse(&[(KUDOS, &text), (MILESTONES, &milestones)]).unwrap();
    assert_eq!(
        rules.check().unwrap_err().mistakes(),
        [
            "kudos.toml:17:1: test \"likes\": ada has 2 points (r 2), not 3; ada has the badges [\"b\"], not []; bob has 0 points, not 1: correct the rules or the test",
            "milestones.toml:8:1: test \"two\": it reaches l [1, 2], not l [1]: correct the rules or the test",
        ]
    );
}

/// A badge of a challenge that is completed once, in whichever period it is.
#[test]
fn a_challenge_that_does_not_repeat_takes_its_badge_away_with_the_last_period() {
    let kudos = format!("{LEVEL}[[badge]]\nid = \"b\"\ntitle = \"B\"\ndescription = \"D\"\n");
    let challenges = format!(
        "{}{}",
        challenge("badge = \"b\"\nwithin = \"week\"", STEP),
        r#"[[test]]
name = "both weeks are undone"
events = [
  { event = "PostCreated", at = 2026-01-05T00:00:00Z, by = "ada", post = "q", kind = "question" },
  { event = "PostCreated", by = "ada", post = "r", kind = "question" },
  { event = "PostLiked", by = "bob", post = "q" },
  { event = "PostLiked", at = 2026-01-12T00:00:00Z, by = "bob", post = "r" },
  { event = "LikeWithdrawn", by = "bob", post = "q" },
  { event = "LikeWithdrawn", by = "bob", post = "r" },
]
points = {}
[[test]]
name = "one is left"
events = [
  { event = "PostCreated", at = 2026-01-05T00:00:00Z, by = "ada", post = "q", kind = "question" },
  { event = "PostCreated", by = "ada", post = "r", kind = "question" },
  { event = "PostLiked", by = "bob", post = "q" },
  { event = "PostLiked", at = 2026-01-12T00:00:00Z, by = "bob", post = "r" },
  { event = "LikeWithdrawn", by = "bob", post = "q" },
]
points = {}
badges = { bob = ["b"] }
"#
    );
    let rules = parse(&[(KUDOS, &kudos), (CHALLENGES, &challenges)]).unwrap();
    assert_eq!(rules.check(), Ok(2), "{:?}", rules.check());
}
