//! `plaudit verify`: whatever isn't as it should be is named, and nothing else is.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::community::{Community, Ran, demo, demo_events, lines, text};
use super::running::{Server, soon};
use super::sites::beer;

/// The demo community, folded.
fn folded() -> Community {
    let community = Community::demo();
    community.does(["export", "accounts"]);
    community
}

/// The file of the rows in use.
pub fn rows(community: &Community) -> PathBuf {
    let read_models = community.path().join("read-models");
    let current = std::fs::read_to_string(read_models.join("current")).unwrap();
    read_models.join(format!("{}.sqlite", current.trim()))
}

fn meddle(file: PathBuf, sql: &str) {
    Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

/// Does something to the journal that a journal doesn't allow.
fn meddle_with_journal(community: &Community, sql: &str) {
    let allow = "DROP TRIGGER event_never_changes; DROP TRIGGER event_never_goes;";
    meddle(
        community.path().join("journal.sqlite"),
        &format!("{allow} {sql}"),
    );
}

/// Verifies what isn't as it should be: what was printed, and what was complained of.
fn differs<'a>(
    community: &Community,
    options: impl IntoIterator<Item = &'a str>,
) -> (String, String) {
    let mut verify = community.plaudit(["verify"]);
    let ran = Ran::of(verify.args(options));
    assert_eq!(ran.code, Some(3), "{ran:?}");
    (ran.printed, ran.complained)
}

/// The files of generations that are there.
fn generations(community: &Community) -> BTreeSet<String> {
    let files = std::fs::read_dir(community.path().join("read-models")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".sqlite")).collect()
}

#[test]
fn f8_a_community_that_nobody_meddled_with_is_whole() {
    let community = folded();
    let printed = community.does(["verify"]);
    let events = demo_events();
    let whole = format!("nothing is wrong: {events} events are whole; ");
    assert!(printed.starts_with(&whole), "{printed}");
    let replay = format!("are what a replay up to event {events} comes to; ");
    assert!(printed.contains(&replay), "{printed}");
    assert_eq!(printed.lines().count(), 1);

    let lines = lines(&community.does(["verify", "--json"]));
    let (last, progress) = lines.split_last().unwrap();
    let phases = progress.iter().map(|line| line["phase"].as_str().unwrap());
    let mut phases: Vec<&str> = phases.filter(|phase| *phase != "comparing").collect();
    // First the rows, and then what is made of them.
    phases.dedup();
    assert_eq!(phases, ["inspecting", "replaying", "writing", "counting"]);
    let verified = &last["verified"];
    assert_eq!(verified["events"], events);
    assert_eq!(verified["differences"], json!({}));
    assert_eq!(verified["read_models"]["position"], events);
    assert!(verified["read_models"]["rows"].as_u64().unwrap() > events);
    assert_eq!(generations(&community).len(), 1);
}

#[test]
fn before_anything_is_folded_the_journal_is_verified() {
    let community = Community::demo();
    std::fs::remove_dir_all(community.path().join("read-models")).ok();
    let printed = community.does(["verify"]);
    assert!(
        printed.contains("events are whole; there are no read models yet"),
        "{printed}"
    );
}

#[test]
fn rows_that_somebody_changed_are_named_with_table_key_and_column() {
    let community = folded();
    meddle(
        rows(&community),
        "UPDATE account SET points = points + 5, name = 'Somebody else' WHERE key = 1;
         DELETE FROM post_like WHERE post = 5;
         INSERT INTO waiting VALUES (1, 7);",
    );
    let (printed, complained) = differs(&community, []);
    for line in [
        "account key 1 (fed2f7c0-ff00-5c0d-b3ee-6a6af95ff3f3): name is another text by replay; points is ",
        "account key 1 (fed2f7c0-ff00-5c0d-b3ee-6a6af95ff3f3): points is ",
        "post_like post 5 account 8: is missing",
        "post key 5 (693097b6-e2ef-59b1-9204-3f5c723c02f9): likes is 1, but 0 by post_like",
        "waiting account 1: should not be there",
    ] {
        assert!(
            printed.lines().any(|it| it.starts_with(line)),
            "{line}: {printed}"
        );
    }
    assert!(!printed.contains("Somebody else"), "{printed}");
    assert!(
        complained.contains(" differences were found"),
        "{complained}"
    );

    let (printed, _) = differs(&community, ["--json"]);
    let lines = lines(&printed);
    let told = lines
        .iter()
        .filter(|line| line.get("difference").is_some())
        .count();
    let verified = &lines.last().unwrap()["verified"];
    let counts = verified["differences"].as_object().unwrap().values();
    assert_eq!(
        counts.map(|count| count.as_u64().unwrap()).sum::<u64>(),
        told as u64
    );
    let account = json!({ "key": 1 });
    let difference = |line: &&Value| {
        line["difference"]["key"] == account && line["difference"]["table"] == "account"
    };
    let of_account = lines.iter().find(difference).unwrap();
    let wrong = of_account["difference"]["wrong"].as_array().unwrap();
    let points = wrong
        .iter()
        .find(|wrong| wrong["column"] == "points")
        .unwrap();
    let (is, should_be) = (points["is"].as_i64(), points["should_be"].as_i64());
    assert_eq!(is, should_be.map(|points| points + 5));

    // What is wrong is put right by folding anew.
    community.does(["rebuild"]);
    community.does(["verify"]);
}

#[test]
fn of_many_differences_some_are_told_and_all_are_counted() {
    let community = folded();
    meddle(
        rows(&community),
        "UPDATE post SET watchers = watchers + 1 WHERE key < 30",
    );
    let (printed, complained) = differs(&community, ["--limit", "2"]);
    let (told, rest): (Vec<_>, Vec<_>) = printed.lines().partition(|it| it.starts_with("post key"));
    assert_eq!(told.len(), 4, "{printed}");
    let [rows, figures] = rest[..] else {
        panic!("{printed}");
    };
    let more = |line: &str, name: &str| -> u64 {
        let more = line.strip_prefix(name).unwrap().strip_prefix(": ").unwrap();
        more.split(' ').next().unwrap().parse().unwrap()
    };
    assert_eq!(more(rows, "post"), more(figures, "post.watchers"));
    let all = 2 * (2 + more(rows, "post"));
    assert_eq!(
        complained,
        format!("plaudit: {all} differences were found\n")
    );
}

#[test]
fn a_journal_that_somebody_changed_is_named_with_positions() {
    let community = folded();
    meddle_with_journal(
        &community,
        "UPDATE event SET revision = 70 WHERE position = 500;
         UPDATE event SET recorded_at = 5 WHERE position = 900",
    );
    let (printed, _) = differs(&community, []);
    let lines: Vec<&str> = printed.lines().collect();
    let [revision, recorded] = lines[..] else {
        panic!("{printed}");
    };
    assert!(
        revision.starts_with("journal: event 500 has revision 70 in stream "),
        "{revision}"
    );
    assert!(
        recorded.starts_with("journal: event 900 was recorded at 1970-"),
        "{recorded}"
    );
}

#[test]
fn events_that_can_not_be_read_are_named_and_nothing_is_compared() {
    let community = folded();
    meddle_with_journal(
        &community,
        "DELETE FROM event WHERE position = 1000;
         UPDATE event SET data = '{}' WHERE position = 600;
         UPDATE event SET type = 'CakeBaked' WHERE position = 700",
    );
    let (printed, complained) = differs(&community, []);
    for line in [
        "journal: event 1000 is missing",
        "journal: event 600 can't be read: the body of a ",
        "journal: event 700 can't be read: unknown event type CakeBaked in version 1",
    ] {
        assert!(
            printed.lines().any(|it| it.starts_with(line)),
            "{line}: {printed}"
        );
    }
    let rest = "the rest could not be verified: event 600 can't be read";
    assert!(complained.contains(rest), "{complained}");
    assert_eq!(generations(&community).len(), 1);
}

#[test]
fn an_event_that_can_not_be_folded_is_named() {
    let community = folded();
    // Somebody who never registered.
    meddle_with_journal(
        &community,
        "UPDATE event SET type = 'AccountRenamed' WHERE position = 1",
    );
    let (printed, _) = differs(&community, []);
    assert!(printed.starts_with("journal: event 1 "), "{printed}");
}

#[test]
fn without_a_keyring_what_is_personal_is_named() {
    let community = folded();
    std::fs::remove_file(community.path().join("keys.sqlite")).unwrap();
    let (printed, _) = differs(&community, ["--limit", "1"]);
    let personal = "journal: event 1 has something personal that doesn't open: there is no key";
    assert!(printed.starts_with(personal), "{printed}");
}

#[test]
fn keys_that_came_back_after_an_erasure_are_named() {
    let community = Community::new();
    let events = std::fs::read_to_string(demo()).unwrap();
    let before: Vec<&str> = events
        .lines()
        .filter(|it| !it.contains("AccountErased"))
        .collect();
    let file = community.path().join("before.ndjson");
    std::fs::write(&file, before.join("\n")).unwrap();
    community.does(["import", "events", text(&file)]);
    let keys = community.path().join("keys.sqlite");
    let backup = std::fs::read(&keys).unwrap();

    community.does(["import", "events", text(&demo())]);
    community.does(["export", "accounts"]);
    community.does(["verify"]);
    std::fs::write(&keys, backup).unwrap();
    let (printed, _) = differs(&community, []);
    let erases = format!("journal: event {} erases account ", events.lines().count());
    assert!(printed.starts_with(&erases), "{printed}");
    assert!(
        printed.contains("whose keys are there all the same"),
        "{printed}"
    );
    community.does(["rebuild"]);
    community.does(["verify"]);
}

#[test]
fn who_stops_reading_learns_of_differences_all_the_same() {
    let community = folded();
    meddle(rows(&community), "UPDATE post SET watchers = watchers + 1");
    let mut verify = community.plaudit(["verify", "--limit", "100000"]);
    let mut verifying = verify
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(verifying.stdout.take());
    assert_eq!(verifying.wait().unwrap().code(), Some(3));
}

#[test]
fn rows_of_another_version_can_not_be_verified() {
    let community = folded();
    meddle(rows(&community), "UPDATE progress SET shape = 'another'");
    let complaint = community.fails(["verify"]);
    assert!(complaint.contains("another version"), "{complaint}");
}

#[test]
fn a_community_that_is_served_and_written_to_is_whole_all_the_time() {
    let community = Community::new();
    let server = Server::start(&community, ["--demo"]);
    let written = AtomicBool::new(false);
    thread::scope(|scope| {
        for writer in 0..2 {
            let (client, written) = (server.client().clone(), &written);
            scope.spawn(move || {
                for number in 0.. {
                    if written.load(Ordering::Relaxed) {
                        break;
                    }
                    client.question(&format!("Question {number} of writer {writer}"));
                }
            });
        }
        let mut positions = BTreeSet::new();
        for _ in 0..15 {
            let ran = Ran::of(&mut community.plaudit(["verify", "--json"]));
            if ran.code != Some(0) {
                written.store(true, Ordering::Relaxed);
            }
            assert_eq!(ran.code, Some(0), "{ran:?}");
            let verified = &lines(&ran.printed).pop().unwrap()["verified"];
            positions.insert(verified["read_models"]["position"].as_u64().unwrap());
        }
        written.store(true, Ordering::Relaxed);
        assert!(positions.len() > 10, "{positions:?}");
    });
    assert_eq!(server.stop().code(), Some(0));
    community.does(["verify"]);
}

#[test]
fn verifying_that_was_killed_leaves_nothing_that_matters() {
    let Some(site) = beer() else { return };
    let community = site.community();
    let before = generations(&community);
    for round in 0..6 {
        let mut verifying = community
            .plaudit(["verify"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Until it folds, and then further and further.
        soon("there are rows beside", || {
            let ended = verifying.try_wait().unwrap().is_some();
            (ended || generations(&community) != before).then_some(())
        });
        thread::sleep(Duration::from_millis(60 * round));
        verifying.kill().unwrap();
        verifying.wait().unwrap();
        assert_eq!(community.exports(), site.exports);
    }
    community.does(["verify"]);
    assert_eq!(generations(&community), before);
}

#[test]
fn verifying_that_is_stopped_leaves_nothing() {
    let Some(site) = beer() else { return };
    let community = site.community();
    let before = generations(&community);
    let mut verifying = community.plaudit(["verify"]);
    let verifying = verifying
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    soon("there are rows beside", || {
        (generations(&community) != before).then_some(())
    });
    let process = verifying.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &process])
            .status()
            .unwrap()
            .success()
    );
    let complaint = Ran::from(verifying.wait_with_output().unwrap()).complaint(1);
    assert!(
        complaint.contains("stopped before all was verified"),
        "{complaint}"
    );
    assert_eq!(generations(&community), before);
}
