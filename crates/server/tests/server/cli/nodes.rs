//! Several nodes on one PostgreSQL: each with a directory of its own, all with the same history and keys.

use std::time::{Duration, Instant};

use plaudit_testing::postgres::{Database, database, server};
use serde_json::json;

use super::community::{Community, text};
use super::running::{ASK, Server, soon};

/// A directory of a node's own, with the master key that all have.
fn node(master: &Community) -> Community {
    let node = Community::new();
    let key = master.path().join("master.key");
    std::fs::copy(key, node.path().join("master.key")).unwrap();
    node
}

fn options<'a>(journal: &'a Database, keys: &'a Database) -> [&'a str; 4] {
    ["--journal", &journal.url, "--keys", &keys.url]
}

#[test]
fn what_one_node_records_any_other_shows_and_none_shows_what_was_forgotten() {
    let (Some(journal), Some(keys)) = (database(), database()) else {
        return;
    };
    let one = Community::new();
    let options = options(&journal, &keys);
    let demo = super::community::demo();
    let import = options.into_iter().chain(["import", "events", text(&demo)]);
    one.does(import);
    let other = node(&one);
    let (first, second) = (Server::start(&one, options), Server::start(&other, options));
    for number in 0..5 {
        let (here, there) = match number % 2 {
            0 => (first.client(), second.client()),
            _ => (second.client(), first.client()),
        };
        let title = format!("Question {number}");
        let id = here.question(&title);
        // Who asked sees it at once, and others soon.
        assert_eq!(here.title(&id).as_deref(), Some(&*title));
        soon("the other node shows it", || there.title(&id));
    }
    assert_eq!(first.client().posts(), second.client().posts());
    assert!(first.stop().success() && second.stop().success());
    assert!(
        !one.files().iter().any(|name| name.ends_with(".sqlite")),
        "{:?}",
        one.files()
    );
}

#[test]
fn a_node_without_the_master_key_of_all_is_told_so() {
    let (Some(journal), Some(keys)) = (database(), database()) else {
        return;
    };
    let (one, other) = (Community::new(), Community::new());
    let options = options(&journal, &keys);
    let demo = super::community::demo();
    one.does(options.into_iter().chain(["import", "events", text(&demo)]));
    let said = other.fails(options.into_iter().chain(["verify"]));
    assert!(said.contains("made with another master key"), "{said}");
}

#[test]
fn while_postgresql_is_away_requests_are_told_to_try_again() {
    let Some(server) = server() else { return };
    let (journal, keys) = (server.database(), server.database());
    let community = Community::new();
    let options = options(&journal, &keys);
    let demo = super::community::demo();
    community.does(options.into_iter().chain(["import", "events", text(&demo)]));
    let serving = Server::start(&community, options);
    let client = serving.client();
    client.question("Before");
    server.stop();
    let began = Instant::now();
    let answer = client
        .try_graphql(ASK, json!({ "title": "Meanwhile" }))
        .unwrap();
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "UNAVAILABLE", "{answer}");
    assert!(!answer.to_string().contains("postgres"), "{answer}");
    assert!(
        began.elapsed() < Duration::from_secs(25),
        "{:?}",
        began.elapsed()
    );
    // What is folded is still read.
    assert!(client.posts() > 0);
    server.start();
    let id = soon("it records again", || {
        let answer = client
            .try_graphql(ASK, json!({ "title": "After" }))
            .unwrap();
        answer["data"]["questionCreate"]["post"]["id"]
            .as_str()
            .map(str::to_owned)
    });
    soon("it is shown", || client.title(&id));
    // A restart that is over soon nobody notices.
    server.restart();
    client.question("Right after");
    let log = serving.log();
    assert!(!log.contains("plaudit:plaudit@"), "{log}");
}
