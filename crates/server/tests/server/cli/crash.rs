//! Processes that are killed: what was acknowledged stays, and what was begun can be begun again.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use plaudit_journal::Journal;
use plaudit_journal::keys::Keyring;
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_testing::random;
use serde_json::{Value, json};

use super::community::{Community, text};
use super::running::{ASK, Server, soon};
use super::sites::{Site, beer};

/// Numbers that come out the same again with the seed that is printed.
pub struct Random(random::Random);

impl Random {
    pub fn new() -> Self {
        let seed = match std::env::var("PLAUDIT_SEED") {
            Ok(seed) => seed.parse().unwrap(),
            Err(_) => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap()
                .as_micros() as u64,
        };
        eprintln!("PLAUDIT_SEED={seed} gives the same moments again");
        Self(random::Random(seed))
    }

    /// A number below another one.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0.below(limit)
    }

    pub fn millis_below(&mut self, limit: u64) -> Duration {
        Duration::from_micros(self.below(limit * 1000))
    }
}

/// How many events a journal has, if there is one.
async fn head(community: &Path) -> u64 {
    // Nothing personal is read.
    let keys = Arc::new(Keyring::in_memory().unwrap());
    match SqliteJournal::open_read_only(&community.join("journal.sqlite"), keys) {
        Ok(journal) => journal.head().await.unwrap_or(0),
        Err(_) => 0,
    }
}

/// Events in the order in which they are recorded, without what is another time another time.
fn told(events: &[Value]) -> Vec<Value> {
    let mut events = events.to_vec();
    for event in &mut events {
        event.as_object_mut().unwrap().remove("recorded_at");
    }
    events
}

/// Positions count from 1, and no event is there twice.
fn assert_whole(events: &[Value]) {
    let mut ids = HashSet::new();
    for (event, position) in events.iter().zip(1_u64..) {
        assert_eq!(event["position"], position);
        assert!(ids.insert(event["id"].as_str().unwrap()), "{event}");
    }
}

#[test]
fn importing_again_records_nothing() {
    let Some(site) = beer() else { return };
    let community = site.community();
    let again = site.import_into(&community);
    assert_eq!(again["recorded"], json!({}));
    assert_eq!(again["already_recorded"], site.summary["recorded"]);
    assert_eq!(again["skipped"], site.summary["skipped"]);
    assert_eq!(community.exports(), site.exports);
}

#[tokio::test]
async fn an_import_that_was_killed_is_completed_by_importing_again() {
    let Some(site) = beer() else { return };
    let undisturbed = told(&site.community().events());
    let all = undisturbed.len() as u64;
    let community = Community::new();
    let mut random = Random::new();
    let mut interrupted = Vec::new();
    for round in 0..5 {
        let before = head(community.path()).await;
        if before == all {
            // It was quicker than the kill.
            break;
        }
        let mut importing = import(site, &community);
        // Once while it reads its files, and then ever further on while it records.
        if round == 0 {
            thread::sleep(random.millis_below(400));
        } else {
            let until = before + 1 + random.below((all - before).div_ceil(3));
            while importing.try_wait().unwrap().is_none() && head(community.path()).await < until {
                thread::sleep(Duration::from_millis(1));
            }
            thread::sleep(random.millis_below(30));
        }
        importing.kill().unwrap();
        importing.wait().unwrap();
        interrupted.push(head(community.path()).await);
    }
    eprintln!("interrupted at {interrupted:?}");
    assert!(interrupted.iter().any(|head| (1..all).contains(head)));

    let summary = site.import_into(&community);
    assert_eq!(
        count(&summary["recorded"]) + count(&summary["already_recorded"]),
        all
    );
    assert_eq!(community.exports(), site.exports);
    // A journal only grows: so what there was of the history each time was its beginning.
    let events = community.events();
    assert_whole(&events);
    assert_eq!(told(&events), undisturbed);
    // Nothing of the files that it sorts in is left.
    let files = ["journal.sqlite", "keys.sqlite", "master.key", "read-models"];
    assert_eq!(community.files(), files);
}

fn import(site: &Site, community: &Community) -> Child {
    let (folder, voters) = (text(&site.folder), site.voters());
    community
        .plaudit([
            "import",
            "stack-exchange",
            folder,
            "--voters",
            text(&voters),
        ])
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn count(by_type: &Value) -> u64 {
    let counts = by_type.as_object().unwrap().values();
    counts.map(|count| count.as_u64().unwrap()).sum()
}

#[test]
fn a_fold_that_was_killed_is_completed_by_the_next() {
    let Some(site) = beer() else { return };
    let community = site.community();
    let mut random = Random::new();
    for _ in 0..5 {
        std::fs::remove_dir_all(community.path().join("read-models")).unwrap();
        let mut serving = community
            .plaudit(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(random.millis_below(400));
        serving.kill().unwrap();
        serving.wait().unwrap();
        assert_eq!(community.exports(), site.exports);
    }
}

#[test]
fn what_a_server_acknowledged_before_it_was_killed_is_there() {
    let community = Community::new();
    let mut random = Random::new();
    let acknowledged = Mutex::new(Vec::new());
    for round in 0..3 {
        let server = Server::start(&community, ["--demo"]);
        let acknowledgements = || acknowledged.lock().unwrap().len() as u64;
        let enough = acknowledgements() + 5 + random.below(50);
        thread::scope(|scope| {
            for writer in 0..3 {
                let (client, acknowledged) = (server.client().clone(), &acknowledged);
                scope.spawn(move || {
                    // Until the server is gone.
                    for number in 0.. {
                        let title =
                            format!("Question {number} of writer {writer} in round {round}");
                        let Ok(answer) = client.try_graphql(ASK, json!({ "title": title })) else {
                            break;
                        };
                        let id = answer["data"]["questionCreate"]["post"]["id"].as_str();
                        let id = id.unwrap_or_else(|| panic!("{answer}")).to_owned();
                        acknowledged.lock().unwrap().push((id, title));
                    }
                });
            }
            soon("mutations are acknowledged", || {
                (acknowledgements() >= enough).then_some(())
            });
            thread::sleep(random.millis_below(20));
            server.kill();
        });
    }
    let acknowledged = acknowledged.into_inner().unwrap();
    eprintln!("{} mutations were acknowledged", acknowledged.len());

    let server = Server::start(&community, ["--demo"]);
    for (id, title) in &acknowledged {
        assert_eq!(server.client().title(id).as_ref(), Some(title));
    }
    assert_eq!(server.stop().code(), Some(0));
    let events = community.events();
    assert_whole(&events);
    let live = community.exports();
    community.does(["rebuild"]);
    assert_eq!(community.exports(), live);
}
