//! Several nodes on one PostgreSQL: each with a directory of its own, all with the same history and keys.

use std::time::{Duration, Instant};

use plaudit_testing::postgres::{Database, database, server};
use serde_json::json;

use super::community::{Community, text};
use super::imitation::Imitation;
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
fn nodes_share_an_eventstoredb_and_every_command_reads_it() {
    let (Some(keys), eventstore) = (database(), Imitation::start()) else {
        return;
    };
    let options = ["--journal", eventstore.url(), "--keys", &keys.url];
    let with = |more: &[&'static str]| options.into_iter().chain(more.to_vec());
    let one = Community::new();
    let said = one.fails(with(&["verify"]));
    assert!(said.contains("there is no journal here"), "{said}");
    let demo = super::community::demo();
    let import = with(&["import", "events"]).chain([text(&demo)]);
    let imported = one.does(import);
    let embedded = Community::demo();
    for table in super::community::TABLES {
        assert_eq!(
            one.does(with(&["export", table])),
            embedded.does(["export", table])
        );
    }
    let again = with(&["import", "events"]).chain([text(&demo)]);
    assert_ne!(one.does(again), imported);
    // The read models are folded by a runtime of their own that ends; the connections don't end with it.
    one.does(with(&["rebuild"]));
    let other = node(&one);
    let (first, second) = (Server::start(&one, options), Server::start(&other, options));
    for number in 0..4 {
        let (here, there) = match number % 2 {
            0 => (first.client(), second.client()),
            _ => (second.client(), first.client()),
        };
        let title = format!("Question {number}");
        let id = here.question(&title);
        assert_eq!(here.title(&id).as_deref(), Some(&*title));
        soon("the other node shows it", || there.title(&id));
    }
    assert_eq!(first.client().posts(), second.client().posts());
    assert!(first.stop().success() && second.stop().success());
    for node in [&one, &other] {
        let verified = node.does(with(&["verify"]));
        assert!(verified.contains("nothing is wrong"), "{verified}");
        let has = |name: &str| node.files().iter().any(|it| it == name);
        assert!(has("eventstore-positions.sqlite") && !has("journal.sqlite"));
    }
}

#[test]
fn while_an_eventstoredb_is_away_requests_are_told_to_try_again() {
    let mut eventstore = Imitation::start();
    let community = Community::new();
    let url = eventstore.url().to_owned();
    let options = ["--journal", &url];
    let demo = super::community::demo();
    community.does(options.into_iter().chain(["import", "events", text(&demo)]));
    let serving = Server::start(&community, options);
    let client = serving.client();
    client.question("Before");
    eventstore.stop();
    let began = Instant::now();
    let answer = client
        .try_graphql(ASK, json!({ "title": "Meanwhile" }))
        .unwrap();
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "UNAVAILABLE", "{answer}");
    assert!(!answer.to_string().contains("esdb"), "{answer}");
    assert!(
        began.elapsed() < Duration::from_secs(25),
        "{:?}",
        began.elapsed()
    );
    // What is folded is still read.
    assert!(client.posts() > 0);
    eventstore.start_again();
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
    eventstore.stop();
    eventstore.start_again();
    client.question("Right after");
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
