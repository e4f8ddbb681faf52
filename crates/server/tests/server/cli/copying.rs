//! `plaudit copy`: a history moves from one journal to another, and stays what it is.

use std::process::Stdio;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use plaudit_journal::keys::Keyring;
use plaudit_journal::location::Location;
use plaudit_testing::postgres::{database, execute};
use serde_json::{Value, json};

use super::community::{Community, Ran, demo_events, lines, plaudit, text};
use super::crash::Random;
use super::imitation::Imitation;
use super::running::Server;
use super::sites::beer;

/// Copies; the outcome.
fn copy<'a>(from: &'a str, to: &'a str, more: impl IntoIterator<Item = &'a str>) -> Value {
    let arguments = ["copy", "--from", from, "--to", to, "--json"];
    let ran = Ran::of(&mut plaudit(arguments.into_iter().chain(more)));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    lines(&ran.printed).pop().unwrap()["copied"].clone()
}

/// What its events are, personal data and all; and what is folded from them.
fn told(community: &Community) -> (Vec<Value>, [String; 5]) {
    (community.events(), community.exports())
}

#[test]
fn a_copy_of_a_directory_is_the_same_community() {
    let (community, other) = (Community::demo(), Community::new());
    let (from, to) = (text(community.path()), text(other.path()));
    let copied = copy(from, to, []);
    let events = demo_events();
    assert_eq!(copied["events"], json!(events));
    assert_eq!(copied["before"], json!(0));
    assert_eq!(copied["keys"]["accounts"], copied["keys"]["copied"]);
    assert_eq!(told(&other), told(&community));
    // It goes on by itself, and has the keys that it needs for that.
    assert!(other.files().contains(&"master.key".to_owned()));
    // What is there already isn't copied again.
    let again = copy(from, to, []);
    assert_eq!(
        (&again["events"], &again["before"]),
        (&json!(0), &json!(events))
    );
    assert_eq!(
        (&again["head"], &again["sha256"]),
        (&copied["head"], &copied["sha256"])
    );
    assert_eq!(again["keys"]["copied"], json!(0));
    let said = other.does(["copy", "--from", from, "--to", to]);
    assert!(
        said.contains(&format!("have the same {events} events")),
        "{said}"
    );
}

#[test]
fn a_community_moves_to_a_server_and_back() {
    let (Some(journal), Some(keys)) = (database(), database()) else {
        return;
    };
    let community = Community::demo();
    let events = community.events();
    // Somebody is forgotten, and stays so.
    let from = text(community.path());
    let copied = copy(from, &journal.url, ["--to-keys", &keys.url, "--data", from]);
    assert_eq!(copied["events"], json!(events.len()));
    assert!(!copied.to_string().contains("plaudit:plaudit@"), "{copied}");

    let node = Community::new();
    std::fs::copy(
        community.path().join("master.key"),
        node.path().join("master.key"),
    )
    .unwrap();
    let at = ["--journal", &journal.url, "--keys", &keys.url];
    let exports = |table: &str| node.does(at.into_iter().chain(["export", table]));
    for (table, expected) in super::community::TABLES.iter().zip(community.exports()) {
        assert_eq!(exports(table), expected, "{table}");
    }
    let there = lines(&node.does(at.into_iter().chain(["export", "events", "--personal"])));
    assert_eq!(there, events);
    let verified = node.does(at.into_iter().chain(["verify"]));
    assert!(verified.contains("nothing is wrong"), "{verified}");
    assert!(
        !node.files().iter().any(|name| name.ends_with(".sqlite")),
        "{:?}",
        node.files()
    );

    let back = Community::new();
    let master = community.path().join("master.key");
    let options = ["--from-keys", &keys.url, "--master-key", text(&master)];
    let returned = copy(&journal.url, text(back.path()), options);
    assert_eq!(returned["sha256"], copied["sha256"]);
    std::fs::copy(master, back.path().join("master.key")).unwrap();
    assert_eq!(told(&back), told(&community));
}

#[test]
fn a_real_history_is_the_same_on_a_server_and_back() {
    let Some(site) = beer() else { return };
    let Some(journal) = database() else { return };
    let community = site.community();
    let copied = copy(text(community.path()), &journal.url, []);
    // The keys stay where they are.
    assert_eq!(copied["keys"], json!(null));
    let keys = format!("sqlite:{}", text(&community.path().join("keys.sqlite")));
    let back = Community::new();
    let returned = copy(
        &journal.url,
        text(back.path()),
        [
            "--from-keys",
            &keys,
            "--master-key",
            text(&community.path().join("master.key")),
        ],
    );
    for key in ["head", "sha256"] {
        assert_eq!(returned[key], copied[key]);
    }
    std::fs::copy(
        community.path().join("master.key"),
        back.path().join("master.key"),
    )
    .unwrap();
    assert_eq!(back.exports(), site.exports);
    assert_eq!(back.events(), community.events());
    // Byte for byte, as far as the table goes.
    assert_eq!(rows(&back), rows(&community));
}

#[test]
fn a_real_history_is_the_same_after_all_kinds_of_journals() {
    let Some(site) = beer() else { return };
    let Some(postgres) = database() else { return };
    let eventstore = Imitation::start();
    let (community, back, again) = (site.community(), Community::new(), Community::new());
    let served = Server::start(&community, ["--eventstore-listen", "127.0.0.1:0"]);
    let master = community.path().join("master.key");
    let keys = format!("sqlite:{}", text(&community.path().join("keys.sqlite")));
    let with_keys = ["--from-keys", &keys, "--master-key", text(&master)];
    let copies = [
        copy(text(community.path()), &postgres.url, []),
        copy(&postgres.url, eventstore.url(), []),
        copy(eventstore.url(), text(back.path()), with_keys),
        copy(served.eventstore(), text(again.path()), with_keys),
    ];
    for copied in &copies {
        eprintln!("{copied}");
        assert_eq!(copied["events"], copies[0]["events"]);
        assert_eq!(copied["sha256"], copies[0]["sha256"]);
    }
    std::fs::copy(&master, back.path().join("master.key")).unwrap();
    assert_eq!(rows(&back), rows(&community));
    assert_eq!(rows(&again), rows(&community));
    assert_eq!(back.events(), community.events());
    assert_eq!(back.exports(), site.exports);
}

/// As EventStoreDB's clients read it, from the server that serves it.
#[test]
fn a_copy_of_what_is_served_is_the_same_to_the_microsecond() {
    let (community, back) = (Community::demo(), Community::new());
    let served = Server::start(&community, ["--eventstore-listen", "127.0.0.1:0"]);
    served.client().question("When was this recorded?");
    let copied = copy(served.eventstore(), text(back.path()), []);
    assert_eq!(rows(&back), rows(&community));
    let again = copy(text(community.path()), text(back.path()), []);
    assert_eq!(
        (&again["events"], &again["sha256"]),
        (&json!(0), &copied["sha256"])
    );
}

#[test]
fn a_copy_into_an_eventstoredb_that_was_killed_is_completed_by_copying_again() {
    let eventstore = Imitation::start();
    let community = Community::demo();
    interrupted_and_completed(text(community.path()), eventstore.url());
    let back = Community::new();
    copy(eventstore.url(), text(back.path()), []);
    assert_eq!(rows(&back), rows(&community));
}

/// How many events are in a journal, if there is one.
fn count(journal: &str) -> u64 {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let journal = Location::parse(journal).unwrap().unwrap();
        if !journal.is_there().await.unwrap() {
            return 0;
        }
        let keys = Arc::new(Keyring::in_memory().unwrap());
        let journal = journal.open_read_only(keys).await.unwrap();
        journal.head().await.unwrap()
    })
}

/// Kills copies until one was in the middle, as the next one finds; and lets that one come to its end.
fn interrupted_and_completed(from: &str, to: &str) {
    let mut random = Random::new();
    // Begins well before the first event is there.
    let mut time = Duration::from_millis(50);
    for _ in 0..100 {
        let mut copying = plaudit(["copy", "--from", from, "--to", to]);
        let copying = copying.stdout(Stdio::null()).stderr(Stdio::null());
        let mut copying = copying.spawn().unwrap();
        time += random.millis_below(100);
        thread::sleep(time);
        let was_done = copying.try_wait().unwrap().is_some();
        copying.kill().unwrap();
        copying.wait().unwrap();
        assert!(!was_done, "no copy was interrupted in the middle");
        if count(to) > 0 {
            let copied = copy(from, to, []);
            eprintln!("interrupted after {time:?}, and then {copied}");
            let (before, head) = (copied["before"].as_u64(), copied["head"].as_u64());
            assert!(before > Some(0) && before < head, "{copied}");
            return;
        }
    }
    panic!("no copy came as far as its first event");
}

/// A digest of everything in the journal's table.
fn rows(community: &Community) -> Vec<(i64, String, i64, i64)> {
    let file = community.path().join("journal.sqlite");
    let connection = rusqlite::Connection::open(file).unwrap();
    let sql = "SELECT position, hex(id) || stream || hex(stream_key) || revision || type || version || data ||
                      coalesce(hex(actor), '-') || coalesce(hex(correlation), '-') ||
                      coalesce(hex(causation), '-') || imported, occurred_at, recorded_at
               FROM event ORDER BY position";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_copy_that_was_killed_is_completed_by_copying_again() {
    let Some(site) = beer() else { return };
    let Some(journal) = database() else { return };
    let community = site.community();
    interrupted_and_completed(text(community.path()), &journal.url);
    let back = Community::new();
    copy(&journal.url, text(back.path()), []);
    assert_eq!(rows(&back), rows(&community));
}

#[test]
fn another_history_is_refused_and_stays_with_where_they_part() {
    let (one, other) = (Community::demo(), Community::new());
    let (from, to) = (text(one.path()), text(other.path()));
    copy(from, to, []);
    let connection = rusqlite::Connection::open(other.path().join("journal.sqlite")).unwrap();
    let change = "DROP TRIGGER event_never_changes; UPDATE event SET actor = NULL, causation = x'00112233445566778899aabbccddeeff' WHERE position = 7";
    connection.execute_batch(change).unwrap();
    let complaint = Ran::of(&mut plaudit(["copy", "--from", from, "--to", to])).complaint(3);
    assert!(complaint.contains("they part at event 7"), "{complaint}");
    // One that went on by itself.
    connection
        .execute_batch("DROP TRIGGER event_never_goes; DELETE FROM event WHERE position > 5")
        .unwrap();
    let complaint = Ran::of(&mut plaudit(["copy", "--from", to, "--to", from])).complaint(3);
    assert!(
        complaint.contains("and there are only 5 to copy"),
        "{complaint}"
    );
}

#[test]
fn who_is_forgotten_in_one_is_in_its_copy() {
    let (community, other) = (Community::demo(), Community::new());
    let (from, to) = (text(community.path()), text(other.path()));
    copy(from, to, []);
    let keys = rusqlite::Connection::open(community.path().join("keys.sqlite")).unwrap();
    keys.execute_batch(
        "UPDATE account SET identity = zeroblob(72) WHERE made = 2;
         UPDATE keyring SET destroyed = destroyed + 1",
    )
    .unwrap();
    let copied = copy(from, to, []);
    assert_eq!(copied["keys"]["destroyed"], json!(1));
    assert_eq!(other.events(), community.events());
    // And isn't remembered by copying back.
    let copied = copy(to, from, []);
    assert_eq!(copied["keys"]["destroyed"], json!(0));
    assert_eq!(other.events(), community.events());
}

/// The same accounts may be in two communities, by whichever import, and be forgotten in one of them only.
#[test]
fn a_copy_that_is_refused_destroys_no_keys() {
    let (community, other) = (Community::demo(), Community::demo());
    let accounts = other.path().join("accounts.ndjson");
    let created = r#"{"id":"0190a1b2-0000-7000-8000-0000000000e1","stream":"post-0190a1b2-0000-7000-8000-0000000000e2","type":"PostCreated","version":1,"occurred_at":"2026-01-01T00:00:00Z","data":{"post":"0190a1b2-0000-7000-8000-0000000000e2","kind":"question","title":"Mine","body":"Only here","tags":[]}}"#;
    std::fs::write(&accounts, created).unwrap();
    other.does(["import", "events", text(&accounts)]);
    let keys = rusqlite::Connection::open(community.path().join("keys.sqlite")).unwrap();
    keys.execute_batch(
        "UPDATE account SET identity = zeroblob(72) WHERE made = 2;
         UPDATE keyring SET destroyed = destroyed + 1",
    )
    .unwrap();
    let before = other.events();
    let to_keys = other.path().join("keys.sqlite");
    // It has one event more, and so another history.
    let (from, to) = (text(community.path()), text(other.path()));
    let copying = [
        "copy",
        "--from",
        from,
        "--to",
        to,
        "--to-keys",
        text(&to_keys),
    ];
    let complaint = Ran::of(&mut plaudit(copying)).complaint(3);
    assert!(complaint.contains("and there are only"), "{complaint}");
    assert_eq!(other.events(), before);
}

#[test]
fn what_can_not_be_copied_is_told_with_what_to_do() {
    let (community, other) = (Community::demo(), Community::new());
    let (from, to) = (text(community.path()), text(other.path()));
    let said = other.fails(["copy", "--from", to, "--to", from]);
    assert!(said.contains("there is no journal here to copy"), "{said}");
    let said = other.misused(["copy", "--from", from, "--to", from]);
    assert!(said.contains("are the same journal"), "{said}");
    let said = other.misused([
        "copy",
        "--from",
        from,
        "--to",
        "postgres://ada:hunter2@localhost",
    ]);
    assert!(
        said.contains("--to:") && said.contains("has to name it"),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
    // What is mistyped is no directory.
    let wrong = "postgrs://ada:hunter2@localhost/plaudit";
    for mistyped in [
        ["--from", wrong, "--to", to].as_slice(),
        &["--from", from, "--to", wrong],
        &["--from", from, "--to", to, "--to-keys", wrong],
        &["--from", from, "--to", "kurrentdb://ada:hunter2@here:port"],
    ] {
        let said = other.misused(["copy"].into_iter().chain(mistyped.iter().copied()));
        assert!(said.contains("expected"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    let nowhere = "postgres://ada:hunter2@127.0.0.1:1/plaudit";
    let said = other.fails(["copy", "--from", from, "--to", nowhere]);
    assert!(said.contains("is PostgreSQL running there?"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    // Keys of another community.
    let third = Community::demo();
    let keys = text(third.path());
    let said = other.fails(["copy", "--from", from, "--to", to, "--to-keys", keys]);
    assert!(said.contains("are of another community"), "{said}");
}

#[test]
fn a_journal_in_use_by_its_url_is_told_where_it_is_wrong() {
    let community = Community::new();
    for (option, value, expected) in [
        (
            "--journal",
            "hunter2",
            "expected sqlite:PATH or postgres://",
        ),
        (
            "--keys",
            "mysql://ada:hunter2@localhost/p",
            "expected sqlite:PATH or postgres://",
        ),
        (
            "--journal",
            "postgres://ada:hunter2@localhost",
            "has to name it at the end",
        ),
        (
            "--keys",
            "postgres://ada:hunter2@/x?password=hunter2",
            "has to name its server",
        ),
    ] {
        let said = community.misused([option, value, "verify"]);
        assert!(said.contains(option) && said.contains(expected), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
    let Some(database) = database() else { return };
    let said = community.fails(["--journal", &database.url, "verify"]);
    assert!(
        said.contains("there is no journal here; name another one with --journal"),
        "{said}"
    );
    execute(
        &database.url,
        "CREATE SCHEMA plaudit_keys; CREATE TABLE plaudit_keys.x (y int)",
    )
    .unwrap();
    let said = community.fails([
        "--journal",
        &database.url,
        "import",
        "events",
        text(&super::community::demo()),
    ]);
    assert!(
        said.contains("a journal has to be in another one"),
        "{said}"
    );
}
