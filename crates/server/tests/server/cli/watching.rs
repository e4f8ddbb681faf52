//! How the binary is watched: before it serves, while it does, and by what commands tell.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::Arc;

use plaudit_domain::fact::LikeFact;
use plaudit_domain::like::Like;
use plaudit_domain::{AccountId, Fact, NewEvent, PostId, Time};
use plaudit_journal::Journal;
use plaudit_journal::keys::{FILE_NAME, Keyring, MasterKey};
use plaudit_journal::sqlite::SqliteJournal;
use rusqlite::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::community::{Community, Ran, demo_events, lines, text};
use super::running::{Client, Server, soon};
use super::verify::rows;
use crate::exposition::Exposition;

/// A port that nobody listens on.
fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// Records something in a community's journal, as no program of ours would.
fn record(community: &Community, fact: Fact) {
    let file = |name| community.path().join(name);
    let master = MasterKey::file(&file("master.key")).unwrap();
    let keys = Keyring::open(&file(FILE_NAME), &master).unwrap();
    let journal = SqliteJournal::open(&file("journal.sqlite"), Arc::new(keys)).unwrap();
    let event = NewEvent {
        id: Uuid::new_v4(),
        occurred_at: Time::EPOCH,
        actor: None,
        correlation: None,
        causation: None,
        imported: false,
        fact,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let appended = runtime.unwrap().block_on(journal.append_many(vec![event]));
    assert_eq!(appended.unwrap().recorded, 1);
}

/// A process that doesn't outlive the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_that_is_still_folding_lives_and_is_not_ready() {
    let community = Community::demo();
    let read_models = community.path().join("read-models");
    std::fs::remove_dir_all(&read_models).unwrap();
    std::fs::create_dir(&read_models).unwrap();
    // As if another process were rebuilding them: they are waited for.
    let rebuilding = File::create(read_models.join("rebuilding")).unwrap();
    rebuilding.lock().unwrap();

    let address = free_address();
    let mut serve = community.plaudit(["serve", "--json", "--listen", &address.to_string()]);
    let process = serve.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = Running(process.spawn().unwrap());
    let client = Client::at(address);
    soon("it listens", || {
        std::net::TcpStream::connect(address).is_ok().then_some(())
    });

    let live = client.get("/health/live", "");
    assert_eq!(
        (live.status, live.json()),
        (200, json!({ "status": "live" }))
    );
    let ready = client.get("/health/ready", "");
    assert_eq!(ready.status, 503);
    assert_eq!(ready.json()["ready"], false);
    let page = Exposition::parse(&client.get("/metrics", "").body);
    let phase = |page: &Exposition, phase| {
        let labels = [("projection", "read_models"), ("phase", phase)];
        page.get("plaudit_projection_phase", &labels)
    };
    assert_eq!(phase(&page, "opening"), Some(1.0));
    let answered = client.get("/graphql?query=%7B__typename%7D", "");
    assert_eq!(answered.status, 503);
    assert!(answered.head.contains("retry-after: 5"), "{answered:?}");
    let code = &answered.json()["errors"][0]["extensions"]["code"];
    assert_eq!(code, "UNAVAILABLE");

    rebuilding.unlock().unwrap();
    let ready = soon("it is ready", || {
        let ready = client.get("/health/ready", "");
        (ready.status == 200).then_some(ready)
    });
    let projection = &ready.json()["projections"][0];
    assert_eq!(projection["phase"], "live");
    assert_eq!(projection["position"], demo_events());
    assert_eq!(projection["head"], demo_events());
    assert_eq!(projection["lag_events"], 0);
    assert_eq!(
        client.get("/graphql?query=%7B__typename%7D", "").status,
        200
    );
    let page = Exposition::parse(&client.get("/metrics", "").body);
    assert_eq!(phase(&page, "live"), Some(1.0));

    process.0.kill().unwrap();
    let mut printed = String::new();
    let mut output = process.0.stdout.take().unwrap();
    std::io::Read::read_to_string(&mut output, &mut printed).unwrap();
    let printed = lines(&printed);
    let [folding @ .., writing, serving] = printed.as_slice() else {
        panic!("{printed:?}");
    };
    let is_folding = |line: &&Value| line["phase"] == "folding";
    let folded = folding.iter().rfind(is_folding).unwrap();
    assert_eq!(folded["done"], demo_events());
    assert_eq!(writing["phase"], "writing");
    assert_eq!(writing["done"], writing["total"]);
    let graphql = format!("http://{address}/graphql");
    assert_eq!(serving["serving"]["graphql"], graphql);
}

#[test]
fn who_has_to_wait_for_others_that_make_read_models_is_told_so() {
    let community = Community::demo();
    let rebuilding = File::create(community.path().join("read-models/rebuilding")).unwrap();
    rebuilding.lock().unwrap();
    let rules = tempfile::tempdir().unwrap();
    let kudos = "[[level]]\nname = \"New\"\npoints = 0\n";
    std::fs::write(rules.path().join("kudos.toml"), kudos).unwrap();
    let past = ["export", "all", "--as-of", "2026-06-01T00:00:00Z", "--out"];
    let out = rules.path().join("out/");
    let preview = ["rules", "preview", text(rules.path())];
    for arguments in [preview.to_vec(), [&past[..], &[text(&out)]].concat()] {
        let mut waiting = community.plaudit(arguments);
        let waiting = waiting.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut waiting = Running(waiting.spawn().unwrap());
        let said = BufReader::new(waiting.0.stderr.take().unwrap()).lines();
        let mut said = said.map(|line| line.unwrap());
        let told = said.find(|line| line.contains("others are making read models here"));
        assert!(told.is_some(), "it is told before it is over");
        assert!(waiting.0.try_wait().unwrap().is_none(), "it waits");
        rebuilding.unlock().unwrap();
        assert!(
            waiting.0.wait().unwrap().success(),
            "{:?}",
            said.collect::<Vec<_>>()
        );
        rebuilding.lock().unwrap();
    }
}

#[test]
fn an_event_that_cannot_be_folded_shows_wherever_somebody_looks() {
    let community = Community::demo();
    let server = Server::start(&community, []);
    let client = server.client();
    assert_eq!(client.get("/health/ready", "").status, 200);

    // A like by nobody of nothing. No command records one, and no import.
    let account = AccountId(Uuid::new_v4());
    let like = Like {
        post: PostId(Uuid::new_v4()),
        account,
        author: None,
    };
    record(&community, LikeFact::Liked(like).into());
    let account = account.to_string();

    let ready = soon("it isn't ready", || {
        let ready = client.get("/health/ready", "");
        (ready.status == 503).then_some(ready)
    });
    let told = ready.json();
    assert_eq!(told["projections"][0]["phase"], "stopped", "{told}");
    assert_eq!(told["projections"][0]["lag_events"], 1);
    // What exactly it is, is for the log.
    assert!(!ready.body.contains(&account), "{told}");
    assert_eq!(client.get("/health/live", "").status, 200);
    let page = Exposition::parse(&client.get("/metrics", "").body);
    assert_eq!(page.only("plaudit_projection_error"), 1.0);
    assert_eq!(page.only("plaudit_projection_lag_events"), 1.0);
    let log = server.log();
    assert!(log.contains("folding stopped for good"), "{log}");
    assert!(log.contains(&account), "{log}");
}

#[test]
fn the_log_can_be_lines_of_json_with_the_ids_of_requests() {
    let community = Community::demo();
    let mut serve = community.plaudit(["serve", "--dev", "--listen", "127.0.0.1:0"]);
    serve.env("PLAUDIT_LOG_FORMAT", "json");
    serve.env("PLAUDIT_LOG", "info,plaudit::access=debug");
    let server = Server::run(serve);
    let path = "/graphql?query=query+Mine%7B__typename%7D&variables=%7B%22secret%22:1%7D";
    let got = server.client().get(path, "x-request-id: proxy-7\r\n");
    assert_eq!(got.status, 200);
    assert!(got.head.contains("x-request-id: proxy-7"), "{}", got.head);
    let mut logged = String::new();
    let line = soon("it is logged", || {
        logged += &server.log();
        let lines = lines(&logged);
        lines
            .into_iter()
            .find(|line| line["span"]["id"] == "proxy-7")
    });
    assert_eq!(line["endpoint"], "/graphql");
    assert_eq!(line["operation"], "query");
    assert_eq!(line["name"], "Mine");
    assert!(!logged.contains("secret"), "{logged}");

    let mut failing = community.plaudit(["export", "events", "--out", "/nowhere/at/all"]);
    let failed = Ran::of(failing.env("PLAUDIT_LOG_FORMAT", "json"));
    assert_eq!(failed.code, Some(1));
    assert_eq!(lines(&failed.complained)[0]["level"], "ERROR");
    let file = rows(&community);
    let changed = Connection::open(file).unwrap();
    let changed = changed.execute("UPDATE account SET points = points + 5 WHERE key = 1", []);
    assert_eq!(changed.unwrap(), 1);
    let mut differing = community.plaudit(["verify"]);
    let differs = Ran::of(differing.env("PLAUDIT_LOG_FORMAT", "json"));
    assert_eq!(differs.code, Some(3), "{differs:?}");
    let complaints = lines(&differs.complained);
    assert_eq!(complaints.last().unwrap()["level"], "ERROR");
    let mut misused = community.plaudit(["schema"]);
    let misused = Ran::of(misused.env("PLAUDIT_LOG_FORMAT", "xml"));
    assert_eq!(misused.code, Some(2));
}

#[test]
fn metrics_can_be_kept_from_the_public() {
    let community = Community::demo();
    let own = free_address().to_string();
    let server = Server::start(&community, ["--metrics-listen", &own]);
    assert_eq!(server.client().get("/metrics", "").status, 404);
    let watcher = Client::at(own.parse().unwrap());
    let page = Exposition::parse(&watcher.get("/metrics", "").body);
    assert_eq!(page.only("plaudit_journal_head"), demo_events() as f64);
    assert_eq!(watcher.get("/health/ready", "").status, 200);
    assert_eq!(watcher.get("/graphql", "").status, 404);
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn an_export_into_a_file_tells_how_far_it_is() {
    let community = Community::demo();
    for table in [
        "events", "accounts", "profiles", "posts", "ledger", "badges", "groups", "meetings",
    ] {
        let out = community.path().join(table);
        let told = lines(&community.does(["export", table, "--json", "--out", text(&out)]));
        let [.., last, exported] = told.as_slice() else {
            panic!("{table}: {told:?}");
        };
        assert_eq!(last["phase"], "writing");
        assert_eq!(last["done"], demo_events());
        assert_eq!(last["total"], demo_events());
        assert!(last["per_second"].is_number() && last["seconds_left"].is_number());
        let rows = std::fs::read_to_string(&out).unwrap().lines().count();
        assert_eq!(exported["exported"]["rows"], rows, "{table}");
    }
    let complaint = community.misused(["export", "events", "--json"]);
    assert!(complaint.contains("--out"), "{complaint}");
}
