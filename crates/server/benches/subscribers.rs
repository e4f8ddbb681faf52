//! What it costs a server that many follow something: its memory for each of them while nothing happens, and how
//! soon one event has reached them all.
//!
//! Everybody has a connection of their own, over loopback, to a process of its own. `SUBSCRIBERS` says how many, by
//! default 10,000; this process and the server each need so many open files.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// So many connect at the same time.
const TOGETHER: usize = 100;

/// What is measured settles for so long.
const SETTLED: Duration = Duration::from_secs(2);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let number = std::env::var("SUBSCRIBERS").ok();
    let number = number.map_or(10_000, |number| number.parse().unwrap());
    println!("{number} who follow, each over a connection of their own");
    println!(
        "{:<34} {:>12} {:>10} {:>11} {:>11} {:>14}",
        "", "KiB for each", "of all MiB", "first in ms", "last in ms", "after, KiB each"
    );
    for what in &WHAT {
        runtime.block_on(measure(what, number));
    }
}

/// Something to follow.
struct What {
    name: &'static str,
    query: &'static str,
    over_events: bool,
}

const WHAT: [What; 5] = [
    What {
        name: "postChanged, WebSocket",
        query: "subscription ($post: ID!) { postChanged(id: $post) { position post { likeCount } } }",
        over_events: false,
    },
    What {
        name: "profileChanged, WebSocket",
        query: "subscription ($profile: ID!) { profileChanged(id: $profile) { position profile {
            totals { likesReceived } } } }",
        over_events: false,
    },
    What {
        name: "leaderboardChanged, WebSocket",
        query: "subscription { leaderboardChanged { position leaderboard {
            entries(first: 10) { edges { rank points } } } } }",
        over_events: false,
    },
    What {
        name: "notificationReceived, WebSocket",
        query: "subscription { notificationReceived { cursor node { kind } } }",
        over_events: false,
    },
    What {
        name: "postChanged, SSE",
        query: "subscription ($post: ID!) { postChanged(id: $post) { position post { likeCount } } }",
        over_events: true,
    },
];

async fn measure(what: &What, number: usize) {
    let data = tempfile::tempdir().unwrap();
    // What filling it takes isn't theirs.
    drop(Served::start(data.path(), number));
    let served = Served::start(data.path(), number);
    let found = "{ viewer { id profile { id } } posts(first: 1, filter: { kinds: [QUESTION] }) {
        nodes { id } } }";
    let found = served.ask(found, json!({})).await;
    let variables = json!({
        "post": found["posts"]["nodes"][0]["id"],
        "profile": found["viewer"]["profile"]["id"],
    });
    // What the first reading brings into memory isn't theirs.
    let page =
        "{ posts { nodes { id title author { name } } } leaderboard { entries { totalCount } } }";
    served.ask(page, json!({})).await;
    tokio::time::sleep(SETTLED).await;
    let before = served.memory();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let mut followers: JoinSet<()> = JoinSet::new();
    let mut begun = 0;
    while begun < number {
        let more = TOGETHER.min(number - begun);
        let more_of_them = (0..more).map(|_| Follower::begin(&served, what, &variables));
        for mut follower in futures_util::future::join_all(more_of_them).await {
            let tell = tell.clone();
            // Who doesn't read answers no pings.
            followers.spawn(async move {
                follower.next().await;
                tell.send(()).unwrap();
                std::future::pending().await
            });
        }
        begun += more;
    }
    tokio::time::sleep(SETTLED).await;
    let idle = served.memory();

    let began = Instant::now();
    let write = r#"mutation { questionCreate(input: { title: "How hot?", body: "My oven." }) { post { id } } }"#;
    let answer = "mutation ($id: ID!) { answerCreate(input: { questionId: $id, body: \"Very.\" }) { post { id } } }";
    let mut other = std::pin::pin!(async {
        match what.query.contains("notificationReceived") {
            // Somebody else answers a question of who follows.
            true => {
                let asked = served.ask(write, json!({})).await;
                let id = &asked["questionCreate"]["post"]["id"];
                served.ask_as_another(answer, json!({ "id": id })).await;
            }
            false => {
                served.ask(answer, json!({ "id": variables["post"] })).await;
            }
        }
    });
    let (mut first, mut reached, mut is_written) = (None, 0, false);
    while reached < number || !is_written {
        tokio::select! {
            () = &mut other, if !is_written => is_written = true,
            Some(failed) = followers.join_next() => failed.unwrap(),
            Some(()) = told.recv() => {
                first.get_or_insert_with(|| began.elapsed());
                reached += 1;
            }
        }
    }
    let last = began.elapsed();
    tokio::time::sleep(SETTLED).await;
    let after = served.memory();
    let each = |bytes: u64| bytes.saturating_sub(before) as f64 / 1024.0 / number as f64;
    println!(
        "{:<34} {:>12.1} {:>10} {:>11} {:>11} {:>14.1}",
        what.name,
        each(idle),
        idle >> 20,
        first.unwrap().as_millis(),
        last.as_millis(),
        each(after),
    );
}

struct Served {
    process: Child,
    address: String,
    token: String,
    other: String,
}

impl Served {
    fn start(data: &Path, number: usize) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plaudit"));
        let unlimited = [
            "--account-rate",
            "--address-rate",
            "--account-subscriptions",
            "--address-subscriptions",
        ];
        command.args(["--data", data.to_str().unwrap(), "serve", "--demo", "--dev"]);
        command.args(unlimited.iter().flat_map(|option| [option, "0"]));
        command.args(["--max-connections", &(number + 1_000).to_string()]);
        command.args(["--listen", "127.0.0.1:0", "--json"]);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut served = lines.map(Result::unwrap).filter_map(|line| {
            let line: Value = serde_json::from_str(&line).ok()?;
            Some(line["serving"].clone()).filter(Value::is_object)
        });
        let served = served.next().unwrap();
        let text = |name: &str| served[name].as_str().unwrap().to_owned();
        let address = text("graphql");
        let address = address.strip_prefix("http://").unwrap();
        let mut token = Command::new(env!("CARGO_BIN_EXE_plaudit"));
        token.args(["--data", data.to_str().unwrap(), "token", "--name", "Ben"]);
        token.args(["--account", "00000000-0000-4000-8000-000000000be4"]);
        let token = token.output().unwrap().stdout;
        let token = String::from_utf8(token).unwrap();
        Self {
            process,
            address: address.strip_suffix("/graphql").unwrap().to_owned(),
            token: text("authorization"),
            other: format!("Bearer {}", token.trim()),
        }
    }

    /// What it has in memory.
    fn memory(&self) -> u64 {
        let status = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.unwrap().split_whitespace().next().unwrap();
        kibibytes.parse::<u64>().unwrap() * 1024
    }

    async fn ask(&self, query: &str, variables: Value) -> Value {
        self.ask_with(&self.token, query, variables).await
    }

    async fn ask_as_another(&self, query: &str, variables: Value) -> Value {
        self.ask_with(&self.other, query, variables).await
    }

    async fn ask_with(&self, authorization: &str, query: &str, variables: Value) -> Value {
        let request = request(authorization, "application/json", query, &variables);
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let mut body: Value = serde_json::from_str(body).unwrap();
        assert!(body.get("errors").is_none(), "{body}");
        body["data"].take()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn request(authorization: &str, accept: &str, query: &str, variables: &Value) -> String {
    let body = json!({ "query": query, "variables": variables }).to_string();
    format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\naccept: {accept}\r\n\
         authorization: {authorization}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Somebody who follows.
enum Follower {
    WebSocket(Box<WebSocketStream<TcpStream>>),
    Events(TcpStream),
}

impl Follower {
    async fn begin(served: &Served, what: &What, variables: &Value) -> Self {
        let variables = match what.query.contains("$post") {
            true => json!({ "post": variables["post"] }),
            false => match what.query.contains("$profile") {
                true => json!({ "profile": variables["profile"] }),
                false => json!({}),
            },
        };
        let mut stream = TcpStream::connect(&served.address).await.unwrap();
        if what.over_events {
            let request = request(&served.token, "text/event-stream", what.query, &variables);
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).await.unwrap();
                head.push(byte[0]);
            }
            assert!(head.starts_with(b"HTTP/1.1 200"));
            return Self::Events(stream);
        }
        let url = format!("ws://{}/graphql", served.address);
        let mut request = url.into_client_request().unwrap();
        let protocol = "graphql-transport-ws".parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let config = WebSocketConfig::default().read_buffer_size(1024);
        let connected = client_async_with_config(request, stream, Some(config)).await;
        let (mut socket, _) = connected.unwrap();
        for message in [
            json!({ "type": "connection_init", "payload": { "authorization": served.token } }),
            json!({ "type": "subscribe", "id": "1", "payload": {
                "query": what.query, "variables": variables } }),
            // What is answered to this shows that it has begun.
            json!({ "type": "ping" }),
        ] {
            let message = Message::text(message.to_string());
            socket.send(message).await.unwrap();
        }
        for kind in ["connection_ack", "pong"] {
            let message = socket.next().await.unwrap().unwrap();
            assert!(message.to_text().unwrap().contains(kind), "{message}");
        }
        Self::WebSocket(Box::new(socket))
    }

    /// Waits until it is told something.
    async fn next(&mut self) {
        match self {
            Self::WebSocket(socket) => loop {
                match socket.next().await.unwrap().unwrap() {
                    Message::Text(text) => {
                        assert!(
                            text.contains("\"next\"") && !text.contains("errors"),
                            "{text}"
                        );
                        return;
                    }
                    Message::Ping(_) => socket.flush().await.unwrap(),
                    Message::Pong(_) => {}
                    other @ (Message::Binary(_) | Message::Close(_) | Message::Frame(_)) => {
                        panic!("{other}")
                    }
                }
            },
            Self::Events(stream) => {
                let mut text = String::new();
                while !text.contains("data: ") {
                    let mut bytes = [0; 4096];
                    let read = stream.read(&mut bytes).await.unwrap();
                    assert!(read > 0, "the stream ended: {text}");
                    text.push_str(&String::from_utf8_lossy(&bytes[..read]));
                }
                assert!(!text.contains("errors"), "{text}");
            }
        }
    }
}
