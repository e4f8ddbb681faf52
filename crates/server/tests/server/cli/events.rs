//! The history out of one community and into another.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use super::community::{Community, Ran, demo, demo_events, lines, summary, text};
use super::running::Server;
use super::sites::conlang;
use super::tables::{csv, ndjson};

/// The demo, with something that a member did, so that every field of an event is in use.
fn lively() -> Community {
    let community = Community::demo();
    let server = Server::start(&community, []);
    server.client().question("Which field is this?");
    assert_eq!(server.stop().code(), Some(0));
    community
}

#[test]
fn a_history_that_is_taken_along_is_the_same_elsewhere() {
    let mut communities = vec![lively()];
    communities.extend(conlang().map(|site| site.community()));
    for community in communities {
        let file = community.path().join("events.ndjson");
        community.does(["export", "events", "--personal", "--out", text(&file)]);
        let elsewhere = Community::new();
        let imported = elsewhere.imports(["events", text(&file)]);

        let events = community.events();
        assert_eq!(elsewhere.exports(), community.exports());
        assert_eq!(told(&elsewhere.events()), told(&events));
        assert_eq!(imported["files"][0]["recorded"], events.len());
        assert_eq!(imported["skipped"], json!([]));

        let again = elsewhere.imports(["events", text(&file)]);
        assert_eq!(again["recorded"], json!({}));
        assert_eq!(again["already_recorded"], imported["recorded"]);
    }
}

/// Events without the time at which they were recorded here.
fn told(events: &[Value]) -> Vec<Value> {
    let mut events = events.to_vec();
    for event in &mut events {
        event.as_object_mut().unwrap().remove("recorded_at");
    }
    events
}

#[test]
fn events_come_in_through_a_pipe_too() {
    let community = Community::new();
    let mut importing = community
        .plaudit(["import", "events", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let events = std::fs::read(demo()).unwrap();
    let mut pipe = importing.stdin.take().unwrap();
    pipe.write_all(&events).unwrap();
    drop(pipe);
    let imported = Ran::from(importing.wait_with_output().unwrap());
    assert_eq!(imported.code, Some(0), "{imported:?}");
    let summary = summary(&imported.printed);
    assert_eq!(summary["files"][0]["file"], "standard input");
    assert_eq!(summary["files"][0]["recorded"], demo_events());
    assert_eq!(community.exports(), Community::demo().exports());
}

/// The fields that are about somebody.
const PERSONAL: [&str; 17] = [
    "name", "picture", "company", "position", "location", "bio", "links", "title", "body",
    "message", "text", "product", "note", "what", "address", "abstract", "comment",
];

/// Whether an event is about nobody: courses, badges and groups have names and titles, too.
fn is_impersonal(event: &Value) -> bool {
    let types = [
        "BadgeGranted",
        "CourseCompleted",
        "CertificationAwarded",
        "GroupCreated",
        "UserGroupProposed",
        "UserGroupCreated",
        "GroupChanged",
    ];
    types.contains(&event["type"].as_str().unwrap())
}

#[test]
fn without_personal_data_nobody_is_named_and_nothing_is_said() {
    let community = lively();
    let mut said = Vec::new();
    for event in community.events() {
        for field in PERSONAL.iter().filter(|_| !is_impersonal(&event)) {
            said.extend(event["data"][field].as_str().map(str::to_owned));
        }
    }
    assert!(said.len() > 500);
    for format in ["ndjson", "csv"] {
        let withheld = community.does(["export", "events", "--format", format]);
        for said in &said {
            assert!(!withheld.contains(said.as_str()), "{said} in {format}");
        }
    }
    let events = lines(&community.does(["export", "events"]));
    assert_eq!(events.len() as u64, demo_events() + 1);
    for event in events {
        let data = event["data"].as_object().unwrap();
        for field in PERSONAL.iter().filter(|_| !is_impersonal(&event)) {
            assert!(data.get(*field).is_none_or(Value::is_null), "{event}");
        }
    }
}

#[test]
fn a_part_of_the_history_is_what_was_asked_for() {
    let community = Community::demo();
    let all = community.events();
    let at = |position: usize| all[position]["occurred_at"].as_str().unwrap();
    // The bounds are times of events: the first is within, the last is not.
    let (from, to) = (at(700), at(1500));
    let export = |options: &[&str]| {
        let options = ["export", "events", "--personal"]
            .into_iter()
            .chain(options.iter().copied());
        lines(&community.does(options))
    };
    let such = |wanted: &dyn Fn(&str, &str) -> bool| -> Vec<Value> {
        let field = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
        let events = all.iter();
        events
            .filter(|event| wanted(&field(event, "occurred_at"), &field(event, "type")))
            .cloned()
            .collect()
    };
    for (options, expected) in [
        (vec!["--from", from], such(&|at, _| at >= from)),
        (vec!["--to", to], such(&|at, _| at < to)),
        (
            vec!["--from", from, "--to", to],
            such(&|at, _| at >= from && at < to),
        ),
        (
            vec!["--type", "PostLiked"],
            such(&|_, name| name == "PostLiked"),
        ),
        (
            vec![
                "--type",
                "PostDeleted",
                "--type",
                "PostRestored",
                "--to",
                to,
            ],
            such(&|at, name| at < to && ["PostDeleted", "PostRestored"].contains(&name)),
        ),
        (vec!["--from", to, "--to", from], vec![]),
    ] {
        assert_eq!(export(&options), expected, "{options:?}");
    }
    assert!(!export(&["--from", from, "--to", to]).is_empty());
}

#[test]
fn an_export_of_events_as_csv_says_the_same() {
    let community = Community::demo();
    let export = |format| {
        let options = ["--personal", "--format", format];
        community.does(["export", "events"].into_iter().chain(options))
    };
    let mut rows = csv(export("csv"));
    for row in &mut rows {
        // In a CSV it is JSON that stands as it was recorded.
        let data: Value = serde_json::from_str(&row["data"]).unwrap();
        row.insert("data".to_owned(), data.to_string());
    }
    assert_eq!(rows, ndjson(&export("ndjson")));
}

/// What was withheld is not there any more; the rest of the history is.
#[test]
fn a_history_without_personal_data_still_counts_the_same() {
    let community = Community::demo();
    let file = community.path().join("events.ndjson");
    community.does(["export", "events", "--out", text(&file)]);
    let elsewhere = Community::new();
    elsewhere.does(["import", "events", text(&file)]);
    assert_eq!(elsewhere.exports(), community.exports());
    let server = Server::start(&elsewhere, []);
    let posts = server.client().graphql(
        "{ posts(first: 1) { nodes { title body author { name } } } }",
        json!({}),
    );
    assert_eq!(
        posts["posts"]["nodes"],
        json!([{ "title": null, "body": null, "author": { "name": null } }])
    );
}
