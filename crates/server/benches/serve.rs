//! What a GraphQL read costs over HTTP, against a static answer of the same bytes.
//!
//! Both are served by processes of their own, in turn, and loaded from this one over loopback by
//! clients that each send the next request when they have the answer to the last.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark"
)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use poem::Route;
use poem::endpoint::make_sync;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How long each line of the table is measured.
const MEASURED: Duration = Duration::from_secs(2);
const CLIENTS: [usize; 3] = [1, 16, 64];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "--static") {
        Some(at) => runtime.block_on(serve_static(arguments[at + 1].clone())),
        None => runtime.block_on(measure()),
    }
}

/// The floor: the same HTTP server, and an answer that is there already.
async fn serve_static(path: String) {
    let body = Arc::new(std::fs::read(path).unwrap());
    let app = Route::new().at(
        "/graphql",
        make_sync(move |_| {
            poem::Response::builder()
                .content_type("application/graphql-response+json; charset=utf-8")
                .body(body.to_vec())
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    plaudit_server::http::serve(listener, app, std::future::pending())
        .await
        .unwrap();
}

async fn measure() {
    let data = tempfile::tempdir().unwrap();
    let plaudit = Served::plaudit(data.path());
    let queries = queries(&plaudit.address).await;
    println!(
        "GraphQL reads over HTTP, {} cores shared with the clients",
        cores()
    );
    println!(
        "{:<24} {:>7} {:>10} {:>9} {:>9} {:>13} {:>8}",
        "", "clients", "a second", "p50 µs", "p99 µs", "CPU µs each", "ratio"
    );
    for (name, request) in queries {
        let request = http(&request);
        let answer = Client::connect(&plaudit.address).await.ask(&request).await;
        let body = data.path().join("body");
        std::fs::write(&body, &answer).unwrap();
        let floor = Served::static_answer(body.to_str().unwrap());
        for clients in CLIENTS {
            // In turn, so that a change of the machine's speed meets both.
            let static_first = load(&floor, clients, &request).await;
            let read = load(&plaudit, clients, &request).await;
            let static_second = load(&floor, clients, &request).await;
            let floor_rate = (static_first.rate + static_second.rate) / 2.0;
            print(
                &format!("static, {} bytes", answer.len()),
                clients,
                &static_second,
                None,
            );
            print(name, clients, &read, Some(read.rate / floor_rate));
        }
    }
}

/// What is asked: a small read, and a page of a forum.
async fn queries(address: &str) -> [(&'static str, Value); 2] {
    let page = json!({ "query": "{ posts(first: 20, filter: { kinds: [QUESTION] }) { nodes {
        id title createdAt likeCount answerCount
        author { id name profile { id } }
        answers(first: 3) { nodes { id isAccepted likeCount author { id name } } }
    } } }" });
    let found = Client::connect(address).await.ask(&http(&page)).await;
    let found: Value = serde_json::from_slice(&found).unwrap();
    let profile = &found["data"]["posts"]["nodes"][0]["author"]["profile"]["id"];
    let small = json!({
        "query": "query Profile($id: ID!) { profile(id: $id) { id name memberSince
            totals { totalPosts answers acceptedSolutions articles likesReceived } } }",
        "variables": { "id": profile },
    });
    [("a profile", small), ("20 questions", page)]
}

fn http(request: &Value) -> Vec<u8> {
    let body = request.to_string();
    format!(
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/graphql-response+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

struct Served {
    process: Child,
    address: String,
}

impl Served {
    fn plaudit(data: &std::path::Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plaudit"));
        command.args([
            "serve",
            "--demo",
            "--account-rate",
            "0",
            "--address-rate",
            "0",
        ]);
        command.args(["--listen", "127.0.0.1:0", "--data"]);
        Self::start(command.arg(data), |line| {
            let address = line.trim().strip_prefix("GraphQL")?.trim();
            let address = address.strip_prefix("http://")?.strip_suffix("/graphql")?;
            Some(address.to_owned())
        })
    }

    fn static_answer(body: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        Self::start(command.args(["--static", body]), |line| {
            Some(line.trim().to_owned())
        })
    }

    fn start(command: &mut Command, address: impl Fn(&str) -> Option<String>) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines.map(Result::unwrap).find_map(|line| address(&line));
        Self {
            process,
            address: address.unwrap(),
        }
    }

    /// CPU time that the process has used, in ticks of a hundredth of a second.
    fn cpu(&self) -> f64 {
        let stat = format!("/proc/{}/stat", self.process.id());
        let Ok(stat) = std::fs::read_to_string(stat) else {
            return f64::NAN;
        };
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        let ticks: f64 = fields[11..13]
            .iter()
            .map(|t| t.parse::<f64>().unwrap())
            .sum();
        ticks / 100.0
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Load {
    rate: f64,
    p50: Duration,
    p99: Duration,
    cpu_each: f64,
}

async fn load(served: &Served, clients: usize, request: &[u8]) -> Load {
    let stop = Arc::new(AtomicBool::new(false));
    let request: Arc<[u8]> = request.into();
    let mut running = Vec::new();
    for _ in 0..clients {
        let mut client = Client::connect(&served.address).await;
        client.ask(&request).await;
        let (stop, request) = (stop.clone(), request.clone());
        running.push(tokio::spawn(async move {
            let mut times = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let asked = Instant::now();
                client.ask(&request).await;
                times.push(asked.elapsed());
            }
            times
        }));
    }
    let (began, cpu) = (Instant::now(), served.cpu());
    tokio::time::sleep(MEASURED).await;
    stop.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for client in running {
        times.extend(client.await.unwrap());
    }
    let count = times.len() as f64;
    times.sort_unstable();
    Load {
        rate: count / began.elapsed().as_secs_f64(),
        p50: times[times.len() / 2],
        p99: times[times.len() * 99 / 100],
        cpu_each: (served.cpu() - cpu) / count * 1e6,
    }
}

fn print(name: &str, clients: usize, load: &Load, ratio: Option<f64>) {
    let ratio = ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
    println!(
        "{name:<24} {clients:>7} {:>10.0} {:>9} {:>9} {:>13.1} {ratio:>8}",
        load.rate,
        load.p50.as_micros(),
        load.p99.as_micros(),
        load.cpu_each,
    );
}

/// A connection that asks the same again and again; no HTTP library, to leave the CPU to the
/// server.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    async fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// Sends a request and returns the body of the answer.
    async fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        self.stream.write_all(request).await.unwrap();
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
            assert!(read > 0, "the server closed the connection");
            if let Some(head) = find(&self.buffer, b"\r\n\r\n") {
                let body = head + 4;
                let length = content_length(&self.buffer[..head]);
                if self.buffer.len() >= body + length {
                    assert!(self.buffer.starts_with(b"HTTP/1.1 200"), "not answered");
                    return self.buffer[body..body + length].to_vec();
                }
            }
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

fn content_length(head: &[u8]) -> usize {
    let head = str::from_utf8(head).unwrap();
    let lengths = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().unwrap())
    });
    lengths.sum()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
