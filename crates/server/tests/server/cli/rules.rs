//! Rules from a directory: checked, used by every command, exchanged and put back.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::community::{Community, Ran, TABLES, lines, plaudit, text};
use super::reputation::stack_exchange;
use super::running::{Server, soon};
use super::tables::ndjson;

/// A place in Plaudit's own sources.
pub fn repository(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path);
    path.canonicalize().unwrap()
}

/// A directory with rule files.
fn rules(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

fn check<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Ran {
    let check = ["rules", "check"].into_iter().chain(arguments);
    Ran::of(&mut plaudit(check))
}

const LEVEL: &str = "[[level]]\nname = \"New\"\npoints = 0\n";

#[test]
fn rules_are_checked_without_a_community_and_it_says_what_was_checked() {
    let folder = tempfile::tempdir().unwrap();
    let directory = stack_exchange();
    let own = "challenges.toml, groups.toml, kudos.toml, lozenges.toml, milestones.toml: 10 rules, \
               5 challenges, 6 badges, 11 levels, 6 ladders, 7 lozenges; 41 tests passed\n";
    let other = "kudos.toml, milestones.toml: 5 rules, 0 challenges, 0 badges, 11 levels, \
                 2 ladders, 0 lozenges; 10 tests passed\n";
    for (arguments, said) in [
        (&[][..], own),
        (
            &["--rules", "/nowhere", text(&repository("projections"))],
            own,
        ),
        (&[text(&directory)], other),
        (&["--rules", text(&directory)], other),
    ] {
        let mut command = plaudit([
            "--data",
            text(&folder.path().join("none")),
            "rules",
            "check",
        ]);
        let ran = Ran::of(command.args(arguments));
        assert_eq!((ran.code, ran.printed.as_str()), (Some(0), said), "{ran:?}");
        assert_eq!(ran.complained, "");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    let ran = check([text(&directory), "--json"]);
    let [told] = &lines(&ran.printed)[..] else {
        panic!("{ran:?}");
    };
    let told = &told["checked"];
    assert_eq!(told["files"], json!(["kudos.toml", "milestones.toml"]));
    assert_eq!((&told["rules"], &told["tests"]), (&json!(5), &json!(10)));
    assert_eq!(told["hash"].as_str().unwrap().len(), 64);
}

#[test]
fn every_mistake_is_a_line_with_its_place_and_what_to_do() {
    let kudos = format!("{LEVEL}\n[[rule]]\nid = \"like\"\ntitel = \"Like\"\n");
    let milestones = "[[ladder]]\nid = \"posts\"\ncounts = \"post\"\n";
    let wrong = rules(&[("kudos.toml", &kudos), ("milestones.toml", milestones)]);
    let place = wrong.path().display();
    let complaint = check([text(wrong.path())]).complaint(1);
    let mut told = complaint.lines();
    assert_eq!(
        told.next().unwrap(),
        format!("plaudit: {place}: these rules can't be used:")
    );
    let told: Vec<&str> = told.collect();
    assert!(told.len() > 4, "{complaint}");
    for mistake in &told {
        let mistake = mistake.strip_prefix(&format!("{place}/")).expect(mistake);
        let (file, rest) = mistake.split_once(':').expect(mistake);
        assert!(["kudos.toml", "milestones.toml"].contains(&file));
        let mut numbers = rest.splitn(3, ':');
        let [line, column] = [(); 2].map(|()| numbers.next().unwrap().parse::<usize>());
        assert!(line.unwrap() > 0 && column.unwrap() > 0, "{mistake}");
    }
    let has = |words: &str| assert!(complaint.contains(words), "{words}: {complaint}");
    has(&format!("{place}/kudos.toml:7:1: "));
    has("`titel`");
    has("`title`");
    has("total_posts");

    // Whoever reads it by a program gets the same.
    let ran = check([text(wrong.path()), "--json"]);
    assert_eq!((ran.code, ran.complained), (Some(1), complaint.clone()));
    let json: Vec<Value> = lines(&ran.printed);
    assert_eq!(json, [json!({ "mistakes": told })]);
}

/// DOMAIN K3.
#[test]
fn k3_a_rule_that_does_not_say_from_when_it_counts_is_refused() {
    let rule = "[[rule]]\nid = \"like\"\ntitle = \"Like\"\ndescription = \"Liked\"\n\
                on = \"PostLiked\"\nto = \"author\"\npoints = 1\n";
    let wrong = rules(&[("kudos.toml", &format!("{LEVEL}\n{rule}"))]);
    let complaint = check([text(wrong.path())]).complaint(1);
    assert!(complaint.contains("kudos.toml:5:1: "), "{complaint}");
    assert!(complaint.contains("retroactive = true"), "{complaint}");
    for said in ["retroactive = true", "from = 2026-01-01T00:00:00Z"] {
        let right = rules(&[("kudos.toml", &format!("{LEVEL}\n{rule}{said}\n"))]);
        assert_eq!(check([text(right.path())]).code, Some(0), "{said}");
    }
}

#[test]
fn a_directory_without_rules_is_told_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let empty = text(folder.path());
    let what_to_do = "name a directory with kudos.toml, challenges.toml, milestones.toml, lozenges.toml or groups.toml";
    for (directory, why) in [
        ("/nowhere", "rules can't be read from here: No such file"),
        (text(&repository("README.md")), "Not a directory"),
        (empty, "there are no rules here"),
    ] {
        let complaint = check([directory]).complaint(1);
        let begin = format!("plaudit: {directory}: ");
        assert!(complaint.starts_with(&begin), "{complaint}");
        assert!(complaint.contains(why), "{complaint}");
        assert!(complaint.contains(what_to_do), "{complaint}");
    }
    let unreadable = rules(&[]);
    fs::write(unreadable.path().join("kudos.toml"), [0xff, 0xfe]).unwrap();
    let complaint = check([text(unreadable.path())]).complaint(1);
    assert!(
        complaint.contains("/kudos.toml: can't be read: "),
        "{complaint}"
    );
}

#[test]
fn rules_whose_tests_fail_are_used_by_no_command_and_nothing_is_made() {
    let standard = fs::read_to_string(repository("projections/kudos.toml")).unwrap();
    let kudos = format!(
        "{standard}\n[[test]]\nname = \"a wish\"\nevents = \
         [{{ event = \"KudosGiven\", by = \"ada\", to = \"bob\" }}]\npoints = {{ bob = 500 }}\n"
    );
    let line = kudos
        .lines()
        .position(|line| line == "name = \"a wish\"")
        .unwrap();
    let challenges = fs::read_to_string(repository("projections/challenges.toml")).unwrap();
    let wrong = rules(&[("kudos.toml", &kudos), ("challenges.toml", &challenges)]);
    let directory = text(wrong.path());
    let failed = format!(
        "{directory}/kudos.toml:{line}:1: test \"a wish\": bob has 5 points (kudos-received 5), not 500"
    );
    let complaint = check([directory]).complaint(1);
    assert!(complaint.contains(&failed), "{complaint}");

    let community = Community::new();
    let complaint = community.fails(["serve", "--listen", "127.0.0.1:0", "--rules", directory]);
    assert!(complaint.contains(&failed), "{complaint}");
    let history = repository("fixtures/demo/events.ndjson");
    let import = ["import", "events", text(&history), "--rules", directory];
    assert!(community.fails(import).contains(&failed));
    assert!(community.files().is_empty(), "{:?}", community.files());

    let community = Community::demo();
    let exports = community.exports();
    for command in [&["export", "accounts"][..], &["rebuild"]] {
        let command = command.iter().copied().chain(["--rules", directory]);
        assert!(community.fails(command).contains(&failed));
    }
    assert_eq!(community.exports(), exports);
}

/// Every table, private profiles and all, once some rules are in force; and what was said about it.
fn under(community: &Community, directory: &Path) -> (Vec<String>, String) {
    let mut activate = community.plaudit(["rules", "activate", text(directory)]);
    let mut said = Ran::of(&mut activate).complained;
    let export = |table| {
        let mut command = community.plaudit(["export", table]);
        if table != "posts" {
            command.arg("--personal");
        }
        let ran = Ran::of(&mut command);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        said += &ran.complained;
        ran.printed
    };
    (TABLES.map(export).to_vec(), said)
}

/// A copy of the rules that come with Plaudit, without some tables, and without tests.
fn standard_without(left_out: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for file in [
        "kudos.toml",
        "challenges.toml",
        "milestones.toml",
        "lozenges.toml",
    ] {
        let text = fs::read_to_string(repository("projections").join(file)).unwrap();
        let mut tables: Vec<&str> = text.split("\n[[").collect();
        let mut within = false;
        tables.retain(|table| {
            // What a challenge is made of goes with it.
            if !table.starts_with("challenge.step]]") {
                within = left_out
                    .iter()
                    .any(|id| table.contains(&format!("\nid = \"{id}\"\n")));
            }
            !within && !table.starts_with("test]]")
        });
        fs::write(directory.path().join(file), tables.join("\n[[")).unwrap();
    }
    directory
}

/// DOMAIN K11.
#[test]
fn k11_a_rule_and_a_badge_that_are_removed_and_put_back_leave_everything_as_it_was() {
    let community = Community::demo();
    let whole = standard_without(&[]);
    let (before, _) = under(&community, whole.path());
    let removed = [
        "like-received",
        "good-start",
        "certified",
        "certification-awarded",
    ];
    // Of the limit there is nothing left that it would hold for.
    let less = standard_without(&[&removed[..], &["likes-per-day"]].concat());
    let (without, said) = under(&community, less.path());
    assert!(said.contains("by other rules: rebuilding"), "{said}");
    let has = |tables: &[String], id: &str| {
        let rows = tables[3..].iter().flat_map(|table| ndjson(table));
        let mut ids = rows.flat_map(|row| [row.get("rule").cloned(), row.get("badge").cloned()]);
        ids.any(|found| found.as_deref() == Some(id))
    };
    for id in removed {
        assert!(has(&before, id) && !has(&without, id), "{id}");
    }
    assert_ne!(before[0], without[0]);
    // Of the history nothing is lost, and nothing is added.
    assert_eq!(before[2], without[2]);

    // What was folded by them is still there.
    let (after, said) = under(&community, whole.path());
    assert_eq!(said, "");
    assert!(after == before);
    community.does(["rebuild"]);
    let (after, said) = under(&community, whole.path());
    assert_eq!((after, said.as_str()), (before, ""));
}

#[test]
fn other_rules_are_taken_by_a_server_and_by_a_rebuild_and_those_of_before_come_back() {
    let community = Community::demo();
    let own = community.exports();
    let other = stack_exchange();
    let server = Server::start(&community, ["--rules", text(&other)]);
    soon("it goes by them", || {
        let log = server.log();
        log.contains("other read models are in use").then_some(())
    });
    let question = server.client().question("Under other rules?");
    assert!(server.client().title(&question).is_some());
    assert_eq!(server.stop().code(), Some(0));
    // It served what is exported now, without folding it anew.
    let (served, said) = under(&community, &other);
    assert_eq!(said, "");
    assert!(served[3].contains("answer-liked") && !served[3].contains("like-received"));
    community.does(["rebuild"]);
    assert_eq!(under(&community, &other), (served, String::new()));

    // Under the rules of before there is one question more, and all else is as it was.
    let ran = Ran::of(&mut community.plaudit(["rules", "activate", "standard"]));
    assert!(ran.complained.contains("by other rules: rebuilding"));
    let ran = Ran::of(&mut community.plaudit(["export", "ledger"]));
    assert_eq!(own[3], ran.printed[..own[3].len()]);
    let added = &ran.printed[own[3].len()..];
    assert!(
        added.lines().count() == 1 && added.contains("topic-opened"),
        "{added}"
    );
}
