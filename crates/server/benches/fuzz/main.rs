//! Whether anything that an anonymous or a known client may send does a server harm: documents of any shape that the
//! schema allows, nearly valid ones, and hostile ones, also in requests that aren't quite HTTP as GraphQL wants it,
//! against a real server with the demo.
//!
//! `cargo bench -p plaudit-server --bench fuzz -- [--seconds N] [--seed N]`. It fails where a server doesn't answer,
//! answers what the protocol doesn't allow, says that something is its own fault, takes longer than 50 ms for a
//! kilobyte, each of four times, or isn't whole afterwards.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use plaudit_testing::random::Random;
use serde_json::{Value, json};
use tokio::time::timeout;

use documents::{LONGEST, Schema};
use shared::client::{Client, MEDIA_TYPE};
use shared::process::{Served, authorization, plaudit};
use shared::run::{after, is_measured};

mod documents;
#[path = "../shared/mod.rs"]
mod shared;

/// As it is printed.
const SCHEMA: &str = include_str!("../../../../schema.graphql");

/// Where every code is said that an error may have.
const CODES: &str = include_str!("../../../../docs/GRAPHQL.md");

/// A request that isn't answered by then never is.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a request begins that posts JSON.
const POST_JSON: &str = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

/// What an answer may take on an idle machine.
const SOON: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    if !is_measured() {
        return ExitCode::SUCCESS;
    }
    let number = |flag| Some(after(flag)?.parse::<u64>().unwrap());
    let seconds = Duration::from_secs(number("--seconds").unwrap_or(600));
    let seed = number("--seed").unwrap_or(1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    println!(
        "documents, mostly of up to {LONGEST} bytes, for {} s, from seed {seed}",
        seconds.as_secs()
    );
    let wrong = runtime.block_on(fuzz(seconds, seed));
    println!("{wrong} wrong or slow");
    ExitCode::from(u8::from(wrong > 0))
}

async fn fuzz(seconds: Duration, seed: u64) -> usize {
    let data = tempfile::tempdir().unwrap();
    let mut random = Random(seed);
    let served = Served::plaudit(data.path(), &["--dev", "--demo"]);
    let mut asking = Asking {
        users: users(data.path()),
        schema: Schema::read(SCHEMA),
        codes: codes(),
        client: Client::connect(&served.address).await,
        address: served.address.clone(),
        seen: Seen::default(),
    };
    asking.know().await;
    let end = Instant::now() + seconds;
    while Instant::now() < end && asking.once(&mut random).await {}
    asking.seen.tell();
    drop(asking.client);
    drop(served);
    let verified = plaudit(data.path(), &["verify"]);
    println!(
        "verified afterwards: {}",
        verified.trim_end().lines().last().unwrap_or_default()
    );
    asking.seen.wrong + asking.seen.slow.len()
}

/// Whoever asks: nobody in particular, and somebody of each role.
fn users(data: &Path) -> Vec<User> {
    let roles: [&[&str]; 4] = [
        &[],
        &["community_manager"],
        &["analyst"],
        &["admin", "analyst", "service"],
    ];
    let numbered = roles.iter().zip(1..);
    let known = numbered.map(|(roles, number)| User {
        roles: format!("a member {}", roles.join(", ")),
        authorization: Some(authorization(data, number, roles)),
    });
    let nobody = User {
        roles: "nobody".to_owned(),
        authorization: None,
    };
    [nobody].into_iter().chain(known).collect()
}

/// The codes of errors that are told to who uses the API.
fn codes() -> BTreeSet<String> {
    let (_, told) = CODES.split_once("## When something is refused").unwrap();
    let (told, _) = told.split_once("\n## ").unwrap();
    let rows = told.lines().filter_map(|line| line.strip_prefix("| `"));
    let codes = rows.flat_map(|row| row.split(" | ").next().unwrap().split(", "));
    codes
        .map(|code| code.trim_matches('`').to_owned())
        .collect()
}

/// Who asks.
struct User {
    roles: String,
    authorization: Option<String>,
}

struct Asking {
    users: Vec<User>,
    schema: Schema,
    codes: BTreeSet<String>,
    client: Client,
    address: String,
    seen: Seen,
}

/// What came of it.
#[derive(Default)]
struct Seen {
    times: Vec<Duration>,
    /// How many there were, by what they were and what came back.
    answers: BTreeMap<(&'static str, String), usize>,
    slow: Vec<(Duration, String)>,
    wrong: usize,
}

/// A request that is sent.
struct Request {
    kind: &'static str,
    http: Vec<u8>,
    /// For whoever has to see what went wrong.
    shown: String,
    /// Whether it asks for the media type that has statuses of its own.
    has_statuses: bool,
    /// Whether it is as short as what has to be answered soon.
    is_short: bool,
}

impl Asking {
    /// Finds things that documents may name.
    async fn know(&mut self) {
        let query = "{ posts(first: 20) { nodes { id author { id profile { id } }
            answers(first: 3) { nodes { id } } } } groups(first: 5) { nodes { id } }
            meetings(first: 5) { nodes { id } } }";
        let request = self.request("valid", query, &self.users[0], "application/json");
        let (_, body) = self.client.send(&request.http).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        collect_ids(&body, &mut self.schema.ids);
        assert!(self.schema.ids.len() > 50, "{body}");
    }

    /// Sends something; whether the server still is there.
    async fn once(&mut self, random: &mut Random) -> bool {
        let request = self.any(random);
        let mut took = Duration::MAX;
        // What a machine does besides is no answer's fault, four times in a row.
        for _ in 0..4 {
            let asked = Instant::now();
            let answered = self.send(&request).await;
            took = took.min(asked.elapsed());
            match answered {
                Ok((status, body)) => self.check(&request, status, &body),
                Err(error) => {
                    self.wrong(&request, &format!("no answer: {error}"));
                    return error.kind() != io::ErrorKind::ConnectionRefused;
                }
            }
            if took <= SOON || !request.is_short {
                break;
            }
        }
        if took > SOON && request.is_short {
            self.seen.slow.push((took, request.shown));
        }
        if request.is_short {
            self.seen.times.push(took);
        }
        true
    }

    /// Sends a request; over another connection if the server closed this one after the last.
    async fn send(&mut self, request: &Request) -> io::Result<(u16, Vec<u8>)> {
        if self.client.is_closed {
            self.client = Client::try_connect(&self.address).await?;
        }
        let answer = timeout(PATIENCE, self.client.send(&request.http)).await;
        let answer = answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        // Of what is long a server needn't read the rest, and then it closes the connection.
        self.client.is_closed |= answer.is_err() || !request.is_short;
        answer
    }

    fn any(&self, random: &mut Random) -> Request {
        let (kind, document) = self.schema.document(random);
        let user = &self.users[random.place(self.users.len())];
        match random.place(40) {
            0 => raw("broken JSON", POST_JSON, &document),
            1 => {
                let head = "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n";
                raw("another media type", head, &document)
            }
            2 if document.len() <= LONGEST => {
                let encoded: String = document.bytes().map(|it| format!("%{it:02x}")).collect();
                let head = format!(
                    "GET /graphql?query={encoded} HTTP/1.1\r\nHost: x\r\nAccept: application/graphql-response+json\r\n"
                );
                Request {
                    shown: document,
                    has_statuses: true,
                    ..raw("GET", &head, "")
                }
            }
            3 => {
                let batch = json!([{ "query": document }, { "query": document }]);
                raw("a batch", POST_JSON, &batch.to_string())
            }
            4..7 => self.request(kind, &document, user, "application/json"),
            _ => self.request(kind, &document, user, MEDIA_TYPE),
        }
    }

    fn request(&self, kind: &'static str, document: &str, user: &User, accept: &str) -> Request {
        let authorization = user.authorization.as_ref();
        let authorization = authorization.map(|it| format!("Authorization: {it}\r\n"));
        let head = format!(
            "{POST_JSON}Accept: {accept}\r\n{}",
            authorization.unwrap_or_default()
        );
        Request {
            shown: format!("by {}, as {accept}: {document}", user.roles),
            has_statuses: accept == MEDIA_TYPE,
            is_short: document.len() <= LONGEST,
            ..raw(kind, &head, &json!({ "query": document }).to_string())
        }
    }

    fn check(&mut self, request: &Request, status: u16, body: &[u8]) {
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return self.wrong(request, &format!("{status}, and no JSON"));
        };
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        let has_data = body.get("data").is_some();
        let codes: BTreeSet<String> = errors
            .iter()
            .map(|error| {
                error["extensions"]["code"]
                    .as_str()
                    .unwrap_or("none")
                    .to_owned()
            })
            .collect();
        let is_known = |code: &String| self.codes.contains(code) && code != "INTERNAL";
        let is_allowed = match (has_data, request.has_statuses) {
            (true, _) => status == 200,
            (false, true) => (400..500).contains(&status) && !errors.is_empty(),
            (false, false) => (200..500).contains(&status) && !errors.is_empty(),
        };
        let is_told = errors
            .iter()
            .all(|error| error["message"].as_str().is_some());
        if !is_allowed || !is_told || !codes.iter().all(is_known) {
            self.wrong(request, &format!("{status} {body}"));
        }
        let codes: Vec<String> = codes.into_iter().collect();
        let answer = format!("{status} {}", codes.join(" "));
        *self.seen.answers.entry((request.kind, answer)).or_default() += 1;
    }

    fn wrong(&mut self, request: &Request, what: &str) {
        self.seen.wrong += 1;
        if self.seen.wrong <= 20 {
            println!(
                "WRONG, {}: {}\n  {}",
                request.kind,
                cut(&request.shown),
                cut(what)
            );
        }
    }
}

impl Seen {
    fn tell(&mut self) {
        self.times.sort_unstable();
        self.slow.sort_unstable();
        let at = |part: f64| {
            let place = (self.times.len() as f64 * part) as usize;
            let time = self.times.get(place).or(self.times.last());
            time.map_or(0, Duration::as_micros)
        };
        println!(
            "{} requests: p50 {} µs, p99 {} µs, p99.9 {} µs, the slowest {} µs",
            self.times.len(),
            at(0.5),
            at(0.99),
            at(0.999),
            at(1.0)
        );
        for ((kind, answer), number) in &self.answers {
            println!("{number:>9}  {kind:<20} {answer}");
        }
        println!(
            "{} took longer than {} ms four times",
            self.slow.len(),
            SOON.as_millis()
        );
        for (took, document) in self.slow.iter().rev().take(10) {
            println!("  {} ms: {}", took.as_millis(), cut(document));
        }
    }
}

/// As much of a text as somebody reads.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(2 * LONGEST)]
}

fn raw(kind: &'static str, head: &str, body: &str) -> Request {
    Request {
        kind,
        http: format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes(),
        shown: body.to_owned(),
        has_statuses: false,
        is_short: body.len() <= LONGEST,
    }
}

fn collect_ids(value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value.as_str()) {
                    ("id", Some(id)) => ids.push(id.to_owned()),
                    _ => collect_ids(value, ids),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_ids(value, ids)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
