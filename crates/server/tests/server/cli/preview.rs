//! `plaudit rules preview`: it names exactly those who would gain or lose something (DOMAIN K11), as told by what
//! is exported under either rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::community::{Community, Ran, lines, text};
use super::oracle::number;
use super::rules::repository;
use super::running::{Server, soon};
use super::sites::{Site, beer};
use super::tables::{Row, csv};

const FILES: [&str; 5] = [
    "kudos.toml",
    "challenges.toml",
    "milestones.toml",
    "lozenges.toml",
    "groups.toml",
];

/// The rules that come with Plaudit without their tests, with something in them written otherwise.
fn changed(changes: &[(&str, &str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for file in FILES {
        let text = fs::read_to_string(repository("projections").join(file)).unwrap();
        let tables = text.split("\n[[").filter(|it| !it.starts_with("test"));
        let mut text = tables.collect::<Vec<_>>().join("\n[[") + "\n";
        for (_, from, to) in changes.iter().filter(|(of, ..)| *of == file) {
            assert!(text.contains(from), "{file} has {from}");
            text = text.replacen(from, to, 1);
        }
        fs::write(directory.path().join(file), text).unwrap();
    }
    directory
}

const LIKED: &str = "on = \"PostLiked\"\nto = \"author\"\npoints = 2";
const LIKED_MORE: &str = "on = \"PostLiked\"\nto = \"author\"\npoints = 3";

/// The first rule for likes, and what is added before it: a badge, and a rule for it.
const RULE: &str = "[[rule]]\nid = \"like-received\"";

fn badge(from_when: &str) -> String {
    let badge =
        "[[badge]]\nid = \"appreciated\"\ntitle = \"Appreciated\"\ndescription = \"Was liked\"\n";
    let rule = "[[rule]]\nid = \"appreciation\"\ntitle = \"Appreciated\"\ndescription = \"Was liked\"\n\
                on = \"PostLiked\"\nto = \"author\"\npoints = 0\nbadge = \"appreciated\"\n";
    format!("{badge}\n{rule}{from_when}\n{RULE}")
}

/// What profiles have, by what is exported and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Has {
    points: i64,
    level: i64,
    lozenge: String,
    /// Kudos badges and milestones, and how often.
    badges: BTreeMap<(String, String), i64>,
    rules: BTreeMap<String, i64>,
}

/// What all profiles of a community have under some rules.
fn exported(community: &Community, rules: &Path) -> BTreeMap<String, Has> {
    let table = |table| {
        let export = ["export", table, "--format", "csv", "--rules", text(rules)];
        let personal = Some("--personal");
        let ran = Ran::of(&mut community.plaudit(export.into_iter().chain(personal)));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        csv(ran.printed)
    };
    let mut all: BTreeMap<String, Has> = BTreeMap::new();
    for row in table("profiles") {
        let has = Has {
            points: number(&row, "points"),
            level: number(&row, "level"),
            lozenge: row["lozenge"].clone(),
            ..Has::default()
        };
        all.insert(row["profile"].clone(), has);
    }
    for row in table("badges") {
        let kind = row["kind"].clone();
        if kind == "kudos" || kind == "milestone" {
            let has = all.get_mut(&row["profile"]).unwrap();
            *has.badges.entry((kind, row["badge"].clone())).or_default() += 1;
        }
    }
    let profiles: BTreeMap<String, String> = table("accounts")
        .into_iter()
        .map(|row| (row["account"].clone(), row["profile"].clone()))
        .collect();
    for row in table("ledger") {
        let has = all.get_mut(&profiles[&row["account"]]).unwrap();
        *has.rules.entry(row["rule"].clone()).or_default() += number(&row, "points");
    }
    all
}

/// What a preview says of the profiles that would have something else: all of it, and each as a row.
fn previewed(community: &Community, from: &Path, to: &Path) -> (Value, BTreeMap<String, Row>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("preview.csv");
    let preview = [
        "rules",
        "preview",
        text(to),
        "--rules",
        text(from),
        "--json",
    ];
    let options = ["--personal", "--top", "1000000", "--csv", text(&file)];
    let ran = Ran::of(&mut community.plaudit(preview.into_iter().chain(options)));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let mut told = lines(&ran.printed);
    let told = told.pop().unwrap()["preview"].take();
    let rows = csv(fs::read(file).unwrap()).into_iter();
    (
        told,
        rows.map(|row| (row["profile"].clone(), row)).collect(),
    )
}

/// `id id*2` as counts.
fn counts(words: &str) -> BTreeMap<String, i64> {
    let words = words
        .split_whitespace()
        .map(|word| match word.split_once('*') {
            Some((id, times)) => (id.to_owned(), times.parse().unwrap()),
            None => (word.to_owned(), 1),
        });
    words.collect()
}

/// How much more there is of what.
fn more(before: &BTreeMap<String, i64>, after: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
    let of = |counts: &BTreeMap<String, i64>, id: &str| counts.get(id).copied().unwrap_or_default();
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let more = ids
        .into_iter()
        .map(|id| (id.clone(), of(after, id) - of(before, id)));
    more.filter(|(_, more)| *more > 0).collect()
}

/// A preview says what comparing the exports of both sides says: profile by profile, and altogether. How many
/// profiles it is about is returned, with the preview.
fn compared(
    preview: (Value, BTreeMap<String, Row>),
    before: &BTreeMap<String, Has>,
    after: &BTreeMap<String, Has>,
) -> (usize, Value) {
    let (told, rows) = preview;
    assert!(before.keys().eq(after.keys()));
    let affected: BTreeSet<&String> = before
        .iter()
        .filter(|(id, has)| {
            let would_have = &after[*id];
            let of = |it: &Has| (it.points, it.level, it.lozenge.clone(), it.badges.clone());
            of(has) != of(would_have)
        })
        .map(|(id, _)| id)
        .collect();
    assert_eq!(rows.keys().collect::<BTreeSet<_>>(), affected);
    let mut moved: BTreeMap<i64, i64> = BTreeMap::new();
    for (id, row) in &rows {
        let (has, would_have) = (&before[id], &after[id]);
        assert_eq!(number(row, "points_before"), has.points, "{id}");
        assert_eq!(number(row, "points_after"), would_have.points, "{id}");
        assert_eq!(number(row, "points_change"), would_have.points - has.points);
        assert_eq!(number(row, "level_before"), has.level, "{id}");
        assert_eq!(number(row, "level_after"), would_have.level, "{id}");
        assert_eq!(row["lozenge_before"], has.lozenge, "{id}");
        assert_eq!(row["lozenge_after"], would_have.lozenge, "{id}");
        for (kind, column) in [("kudos", "badges"), ("milestone", "milestones")] {
            let of_kind = |has: &Has| -> BTreeMap<String, i64> {
                let badges = has.badges.iter().filter(|((of, _), _)| of == kind);
                badges
                    .map(|((_, id), times)| (id.clone(), *times))
                    .collect()
            };
            let (has, would_have) = (of_kind(has), of_kind(would_have));
            let [gained, lost] =
                ["gained", "lost"].map(|it| counts(&row[&format!("{column}_{it}")]));
            assert_eq!(gained, more(&has, &would_have), "{id}");
            assert_eq!(lost, more(&would_have, &has), "{id}");
        }
        let by_rule = row["by_rule"].split_whitespace().map(|word| {
            let (rule, points) = word.rsplit_once(':').unwrap();
            (rule.to_owned(), points.parse::<i64>().unwrap())
        });
        let by_rule: BTreeMap<String, i64> = by_rule.collect();
        let mut expected = more(&has.rules, &would_have.rules);
        let less = more(&would_have.rules, &has.rules).into_iter();
        expected.extend(less.map(|(rule, points)| (rule, -points)));
        assert_eq!(by_rule, expected, "{id}");
        if would_have.level != has.level {
            *moved.entry(would_have.level - has.level).or_default() += 1;
        }
    }
    totals(&told, before, after, affected.len());
    let moves = told["levels"].as_array().unwrap().iter();
    let mut found: BTreeMap<i64, i64> = BTreeMap::new();
    for step in moves {
        let [from, to, profiles] = ["from", "to", "profiles"].map(|it| step[it].as_i64().unwrap());
        *found.entry(to - from).or_default() += profiles;
    }
    assert_eq!(found, moved);
    (affected.len(), told)
}

/// What a preview says altogether is what the exports add up to.
fn totals(
    told: &Value,
    before: &BTreeMap<String, Has>,
    after: &BTreeMap<String, Has>,
    affected: usize,
) {
    let sum = |all: &BTreeMap<String, Has>| all.values().map(|it| it.points).sum::<i64>();
    let change = |id: &String| after[id].points - before[id].points;
    let changes: Vec<i64> = before.keys().map(change).collect();
    let gained: Vec<i64> = changes.iter().copied().filter(|it| *it > 0).collect();
    let lost: Vec<i64> = changes.iter().copied().filter(|it| *it < 0).collect();
    let totals = &told["totals"];
    assert_eq!(totals["profiles"], before.len());
    assert_eq!(totals["affected"], affected);
    assert_eq!(
        totals["points"],
        json!({ "before": sum(before), "after": sum(after) })
    );
    assert_eq!(totals["gaining"], gained.len());
    assert_eq!(totals["points_gained"], gained.iter().sum::<i64>());
    assert_eq!(totals["losing"], lost.len());
    assert_eq!(totals["points_lost"], -lost.iter().sum::<i64>());
    for bucket in told["distribution"].as_array().unwrap() {
        let [from, to] = ["from", "to"].map(|it| bucket[it].as_i64().unwrap());
        let within = changes.iter().filter(|it| (from..=to).contains(*it));
        assert_eq!(bucket["profiles"], within.count(), "{bucket}");
    }
    let movers = told["movers"].as_array().unwrap();
    assert_eq!(movers.len(), gained.len() + lost.len());
    let mut most: Vec<i64> = gained.iter().chain(&lost).map(|it| it.abs()).collect();
    most.sort_unstable_by(|a, b| b.cmp(a));
    let points = |it: &Value| {
        it["points"]["after"]
            .as_i64()
            .zip(it["points"]["before"].as_i64())
    };
    let movers = movers.iter().map(points).map(Option::unwrap);
    assert_eq!(movers.map(|(a, b)| (a - b).abs()).collect::<Vec<_>>(), most);
    let rules = told["changes"].as_array().unwrap().iter();
    for change in rules.filter(|it| it["kind"] == "rule") {
        let of = |all: &BTreeMap<String, Has>| -> i64 {
            let rule = change["id"].as_str().unwrap();
            all.values().filter_map(|it| it.rules.get(rule)).sum()
        };
        assert_eq!(
            change["count"],
            json!({ "before": of(before), "after": of(after) })
        );
    }
}

/// "On beer with the default rules: change the points of a like, add a badge without `retroactive`, add one with
/// it, raise a threshold": and the same back.
#[test]
fn k11_on_a_real_site_a_preview_names_exactly_those_whom_the_exports_of_both_rules_tell_apart() {
    let Some(site) = beer() else { return };
    let standard = changed(&[]);
    let community = site.community();
    let before = exported(&community, standard.path());
    let later = badge("from = 2030-01-01T00:00:00Z\n");
    let retroactive = badge("retroactive = true\n");
    for (what, changes, replays) in [
        (
            "points of a like",
            [("kudos.toml", LIKED, LIKED_MORE)],
            true,
        ),
        ("a badge from now on", [("kudos.toml", RULE, &later)], true),
        (
            "a retroactive badge",
            [("kudos.toml", RULE, &retroactive)],
            true,
        ),
        (
            "a level",
            [(
                "kudos.toml",
                "\"Explorer\"\npoints = 10",
                "\"Explorer\"\npoints = 20",
            )],
            false,
        ),
        (
            "a milestone",
            [("milestones.toml", "[1, 10, 25,", "[2, 10, 25,")],
            false,
        ),
        (
            "a lozenge",
            [("lozenges.toml", "at_least = 5", "at_least = 2")],
            false,
        ),
    ] {
        let proposed = changed(&changes);
        let preview = previewed(&community, standard.path(), proposed.path());
        // Of its own: other rules are folded there.
        let other = site.community();
        let after = exported(&other, proposed.path());
        let (affected, told) = compared(preview, &before, &after);
        eprintln!(
            "{what}: {affected} of {} profiles, {}",
            before.len(),
            told["totals"]
        );
        assert_eq!(told["replayed"], replays, "{what}");
        assert_eq!(affected > 0, what != "a badge from now on", "{what}");

        let back = previewed(&other, proposed.path(), standard.path());
        let (back, told) = compared(back, &after, &before);
        assert_eq!(
            (back, &told["replayed"]),
            (affected, &json!(replays)),
            "{what}"
        );
    }
}

#[test]
fn k3_a_badge_that_does_not_say_from_when_it_counts_is_no_preview_but_a_mistake() {
    let community = Community::demo();
    let there = community.files();
    let proposed = changed(&[("kudos.toml", RULE, &badge(""))]);
    let preview = ["rules", "preview", text(proposed.path())];
    let complaint = community.fails(preview);
    let place = format!("{}/kudos.toml:", proposed.path().display());
    assert!(complaint.contains(&place), "{complaint}");
    assert!(complaint.contains("retroactive = true"), "{complaint}");
    // Programs get the same.
    assert_eq!(community.files(), there);
    let ran = Ran::of(&mut community.plaudit(preview.into_iter().chain(["--json"])));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let mistakes = &lines(&ran.printed)[0]["mistakes"];
    assert_eq!(mistakes.as_array().unwrap().len(), 1, "{mistakes}");

    // A test that fails is one, too.
    fs::write(
        proposed.path().join("kudos.toml"),
        fs::read_to_string(repository("projections/kudos.toml"))
            .unwrap()
            .replacen(LIKED, LIKED_MORE, 1),
    )
    .unwrap();
    let complaint = community.fails(preview);
    assert!(complaint.contains("test \""), "{complaint}");
}

/// The demo has what a site has not: lozenges that were granted, leaders, private profiles, linked accounts.
#[test]
fn on_the_demo_every_kind_of_gain_and_loss_is_told() {
    let standard = changed(&[]);
    let community = Community::demo();
    let before = exported(&community, standard.path());
    let changes = [
        ("kudos.toml", LIKED, LIKED_MORE),
        ("kudos.toml", "id = \"first-solution\"", "id = \"solver\""),
        (
            "kudos.toml",
            "badge = \"first-solution\"",
            "badge = \"solver\"",
        ),
        ("kudos.toml", "repeatable = true\n", ""),
        ("kudos.toml", "gifts = 10", "gifts = 3"),
        ("milestones.toml", "[1, 10, 25,", "[2, 3, 25,"),
        (
            "lozenges.toml",
            "precedence = 40\nperks = [\"self-publishing\"]",
            "precedence = 55",
        ),
        ("lozenges.toml", "at_least = 5", "at_least = 1"),
        ("lozenges.toml", "at_least = 4", "at_least = 2"),
        (
            "lozenges.toml",
            "id = \"community-leader\"",
            "id = \"leader\"",
        ),
        (
            "groups.toml",
            "inactive_after_days = 90",
            "inactive_after_days = 9000",
        ),
        ("groups.toml", "id = \"swag\"", "id = \"gifts\""),
    ];
    let proposed = changed(&changes);
    let preview = previewed(&community, standard.path(), proposed.path());
    let rows = preview.1.clone();
    let other = Community::demo();
    let after = exported(&other, proposed.path());
    // What isn't exported makes some more of them affected.
    let told = &preview.0;
    let has = |column: &str| rows.values().filter(|row| !row[column].is_empty()).count();
    for column in [
        "badges_gained",
        "badges_lost",
        "milestones_gained",
        "milestones_lost",
        "lozenges_gained",
        "lozenges_lost",
        "perks_lost",
        "publishing_lost",
        "groups_led_gained",
        "benefits_gained",
    ] {
        assert!(has(column) > 0, "{column}: {told}");
    }
    let shown = rows.iter().filter(|(id, row)| {
        row["lozenge_before"] == before[*id].lozenge && row["lozenge_after"] == after[*id].lozenge
    });
    assert_eq!(shown.count(), rows.len());
    let kinds: BTreeSet<&str> = told["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    let all = [
        "rule",
        "badge",
        "milestone",
        "lozenge",
        "perk",
        "publishing",
        "leadership",
        "benefit",
    ];
    assert_eq!(kinds, BTreeSet::from(all));
    assert!(
        told["totals"]["affected_private"].as_u64() > Some(0),
        "{told}"
    );
    assert_eq!(
        told["allowance"]["after"],
        json!({ "gifts": 3, "per": "week" })
    );
    let groups = told["groups"].as_array().unwrap();
    let silent = groups.iter().find(|it| it["name"] == "Toronto Dough");
    let status = &silent.unwrap()["status"];
    assert_eq!(*status, json!({ "before": "inactive", "after": "at_risk" }));

    // Who didn't ask for what is personal gets the same totals, and isn't told of private profiles.
    let file = proposed.path().join("public.csv");
    let options = [
        "rules",
        "preview",
        text(proposed.path()),
        "--rules",
        text(standard.path()),
    ];
    let public = community.does(options.into_iter().chain(["--csv", text(&file)]));
    let named = csv(fs::read(&file).unwrap());
    let private = rows.values().filter(|row| row["visibility"] == "private");
    let private: BTreeSet<&str> = private.map(|row| row["profile"].as_str()).collect();
    assert_eq!(named.len() + private.len(), rows.len());
    for id in &private {
        assert!(!public.contains(id) && named.iter().all(|row| row["profile"] != *id));
    }
    for heading in [
        "profiles would have something else",
        "change of points, and how many profiles",
        "points by rule",
        "badges",
        "milestones",
        "lozenges",
        "perks of lozenges",
        "publishing without review, by group",
        "leading an active user group",
        "benefits of active leaders",
        "user groups",
        "who would gain or lose the most points",
        "kudos that can be given to peers: 10 a week → 3 a week",
        "█",
    ] {
        assert!(public.contains(heading), "{heading}: {public}");
    }
    assert!(
        public.lines().all(|line| line == line.trim_end()),
        "{public}"
    );
}

#[test]
fn rules_that_change_nothing_for_anybody_are_told_so() {
    let community = Community::demo();
    let same = changed(&[]);
    let said = community.does(["rules", "preview", text(same.path())]);
    assert!(said.starts_with("as of event "), "{said}");
    assert!(said.contains("no event had to be folded"), "{said}");
    assert!(
        said.ends_with("nobody would have anything else\n"),
        "{said}"
    );
    let own = community.does(["rules", "preview", "standard"]);
    assert_eq!(own, said);
}

/// What is there, but for what SQLite has beside its files.
fn files(community: &Community) -> BTreeSet<String> {
    let read_models = fs::read_dir(community.path().join("read-models")).unwrap();
    let names = read_models.map(|file| file.unwrap().file_name().into_string().unwrap());
    names
        .filter(|it| it.ends_with(".sqlite") || it == "current")
        .collect()
}

#[test]
fn a_preview_beside_a_server_changes_nothing_and_its_file_is_none_of_the_communitys() {
    let community = Community::demo();
    let server = Server::start(&community, []);
    let (before, there) = (community.exports(), files(&community));
    let proposed = changed(&[("kudos.toml", LIKED, LIKED_MORE)]);
    let said = community.does(["rules", "preview", text(proposed.path()), "--top", "1"]);
    assert!(said.contains("folded anew by the proposed rules"), "{said}");
    assert!(said.contains("like-received"), "{said}");
    let question = server.client().question("Is it still served?");
    assert!(server.client().title(&question).is_some());
    assert_eq!(files(&community), there);
    assert_eq!(server.stop().code(), Some(0));
    let after = community.exports();
    assert_eq!(before[3], after[3][..before[3].len()], "the ledger");

    let own = community.path().join("journal.sqlite");
    let preview = [
        "rules",
        "preview",
        text(proposed.path()),
        "--csv",
        text(&own),
    ];
    let complaint = community.misused(preview);
    assert!(
        complaint.contains("the community itself needs this file"),
        "{complaint}"
    );
    let nowhere = community.path().join("none/preview.csv");
    let preview = [
        "rules",
        "preview",
        text(proposed.path()),
        "--csv",
        text(&nowhere),
    ];
    assert!(community.fails(preview).contains("can't be written"));
    let none = Community::new();
    let complaint = none.fails(["rules", "preview", text(proposed.path())]);
    assert!(
        complaint.contains("there is no community here"),
        "{complaint}"
    );
    assert!(none.files().is_empty());
}

/// Begins a preview of a site, and waits until it makes rows beside those in use.
fn begun(site: &Site) -> (Community, BTreeSet<String>, TempDir, std::process::Child) {
    let community = site.community();
    let there = files(&community);
    let proposed = changed(&[("kudos.toml", LIKED, LIKED_MORE)]);
    let mut preview = community.plaudit(["rules", "preview", text(proposed.path())]);
    let preview = preview
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    soon("there are rows beside", || {
        (files(&community) != there).then_some(())
    });
    (community, there, proposed, preview.unwrap())
}

#[test]
fn a_preview_that_is_stopped_leaves_nothing() {
    let Some(site) = beer() else { return };
    let (community, there, _proposed, preview) = begun(site);
    let process = preview.id().to_string();
    let told = Command::new("kill").args(["-TERM", &process]).status();
    assert!(told.unwrap().success());
    let complaint = Ran::from(preview.wait_with_output().unwrap()).complaint(1);
    assert!(
        complaint.contains("it was stopped before it was finished"),
        "{complaint}"
    );
    assert_eq!(files(&community), there);
}

#[test]
fn a_preview_that_was_killed_leaves_nothing_that_matters() {
    let Some(site) = beer() else { return };
    let (community, there, proposed, mut preview) = begun(site);
    preview.kill().unwrap();
    preview.wait().unwrap();
    assert_eq!(community.exports(), site.exports);
    community.does(["rules", "preview", text(proposed.path())]);
    assert_eq!(files(&community), there);
}

#[test]
fn a_server_that_ends_gives_up_the_preview_that_it_makes() {
    let Some(site) = beer() else { return };
    let community = site.community();
    let server = Server::start(&community, []);
    let there = files(&community);
    let account =
        csv(community.does(["export", "accounts", "--format", "csv"]))[0]["account"].clone();
    let token = community.does(["token", "--account", &account, "--role", "admin"]);
    let admin = server.client().with_token(token.trim());
    let proposed = changed(&[("kudos.toml", LIKED, LIKED_MORE)]);
    let file = |name: &&str| {
        let text = fs::read_to_string(proposed.path().join(name)).unwrap();
        json!({ "name": name, "text": text })
    };
    let files_of: Vec<Value> = FILES.iter().map(file).collect();
    let answer = admin.graphql(
        "mutation($files: [RuleFileInput!]!) {
            rulesPreviewStart(input: { files: $files }) {
                preview { id state } mistakes { message } userErrors { message } } }",
        json!({ "files": files_of }),
    );
    let preview = &answer["rulesPreviewStart"]["preview"];
    assert_eq!(preview["state"], "RUNNING", "{answer}");
    soon("there are rows beside", || {
        (files(&community) != there).then_some(())
    });
    // Members are served meanwhile.
    let question = server.client().question("How far is it?");
    assert!(server.client().title(&question).is_some());
    assert_eq!(server.stop().code(), Some(0));
    assert_eq!(files(&community), there);
}
