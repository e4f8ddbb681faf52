//! Read models in PostgreSQL, by whatever command needs them.

use plaudit_testing::postgres::{Database, PASSWORD, database, query};
use serde_json::Value;

use super::community::{Community, Ran, TABLES, lines};
use super::running::Server;

/// Does something that succeeds, with read models in a database; what it printed.
fn does(community: &Community, database: &Database, arguments: &[&str]) -> String {
    let ran = run(community, &database.url, arguments);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.printed
}

fn run(community: &Community, url: &str, arguments: &[&str]) -> Ran {
    let mut plaudit = community.plaudit(arguments.iter().copied());
    Ran::of(plaudit.env("PLAUDIT_READ_MODELS", url))
}

#[test]
fn every_command_comes_to_the_same_with_read_models_in_a_database() {
    let Some(database) = database() else { return };
    let community = Community::demo();
    for table in TABLES {
        let elsewhere = does(&community, &database, &["export", table]);
        assert_eq!(elsewhere, community.does(["export", table]), "{table}");
    }
    let kept = "SELECT current || ' ' || coalesce(before::text, '-') FROM plaudit.generations";
    assert_eq!(query(&database.url, kept).unwrap(), ["1 -"]);
    let printed = does(&community, &database, &["rebuild", "--json"]);
    let rebuilt: Vec<Value> = lines(&printed);
    assert!(
        rebuilt.iter().any(|line| line["rebuilt"].is_u64()),
        "{printed}"
    );
    assert_eq!(query(&database.url, kept).unwrap(), ["2 1"]);
    does(&community, &database, &["verify"]);
    let then = ["export", "posts", "--as-of", "2020-01-01"];
    assert_eq!(does(&community, &database, &then), community.does(then));

    query(
        &database.url,
        "UPDATE plaudit_2.account SET points = points + 1 WHERE key = 1",
    )
    .unwrap();
    let verified = run(&community, &database.url, &["verify"]);
    assert_eq!(verified.code, Some(3), "{verified:?}");
}

#[test]
fn two_nodes_serve_from_one_database_and_one_only_reads() {
    let Some(database) = database() else { return };
    let community = Community::demo();
    let url = database.url.as_str();
    let node = Server::start(&community, ["--read-models", url]);
    let reads = Server::start(&community, ["--read-models", url, "--read-only"]);
    let question = node.client().question("Who keeps this?");
    assert_eq!(node.client().title(&question).unwrap(), "Who keeps this?");
    assert_eq!(reads.client().title(&question).unwrap(), "Who keeps this?");
    assert_eq!(reads.client().posts(), node.client().posts());
    assert!(node.stop().success());
    assert!(reads.stop().success());
}

#[test]
fn a_database_holds_the_read_models_of_one_community() {
    let Some(database) = database() else { return };
    let (community, other) = (Community::demo(), Community::new());
    let accounts = does(&community, &database, &["export", "accounts"]);
    let events = other.path().join("events.ndjson");
    std::fs::write(
        &events,
        r#"{"id":"0190a1b2-0000-7000-8000-0000000000e1","stream":"account-0190a1b2-0000-7000-8000-00000000ada0","type":"AccountRegistered","version":1,"occurred_at":"2026-01-01T00:00:00Z","data":{"account":"0190a1b2-0000-7000-8000-00000000ada0","name":"Ada"}}"#,
    )
    .unwrap();
    other.does(["import", "events", events.to_str().unwrap()]);
    for arguments in [&["export", "accounts"][..], &["rebuild"]] {
        let told = run(&other, &database.url, arguments).complaint(1);
        assert!(told.contains("they are another community's"), "{told}");
    }
    assert_eq!(run(&other, &database.url, &["verify"]).code, Some(3));
    assert_eq!(
        does(&community, &database, &["export", "accounts"]),
        accounts
    );
}

#[test]
fn what_is_wrong_with_a_database_is_told_without_its_password() {
    let community = Community::demo();
    let nobody = format!("postgres://plaudit:{PASSWORD}1@127.0.0.1:1/plaudit");
    let ran = run(&community, &nobody, &["export", "accounts"]);
    let told = ran.complaint(1);
    assert!(told.contains("isn't available"), "{told}");
    assert!(!told.contains(&format!("{PASSWORD}1")), "{told}");
    for url in ["nonsense:sesame", "postgres://a:sesame@localhost"] {
        let told = run(&community, url, &["verify"]).complaint(2);
        assert!(
            told.contains("--read-models") && told.contains("database"),
            "{told}"
        );
        assert!(!told.contains("sesame"), "{told}");
    }
    let Some(database) = database() else { return };
    let before = run(
        &community,
        &database.url,
        &["serve", "--read-only", "--listen", "127.0.0.1:0"],
    );
    assert!(before.complaint(1).contains("to read it none is made"));
    let wrong = database.url.replace(&format!(":{PASSWORD}@"), ":sesame@");
    if wrong != database.url {
        let told = run(&community, &wrong, &["rebuild"]).complaint(1);
        assert!(told.contains("check user and password"), "{told}");
        assert!(!told.contains("sesame"), "{told}");
    }
}
