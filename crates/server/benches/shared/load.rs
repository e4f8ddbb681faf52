//! Processes that serve, and clients that load them over loopback, each of which sends the next request when it
//! has the answer to the last.

use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use poem::endpoint::make_sync;
use poem::{Endpoint, Response, Route};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What GraphQL is answered as.
pub const MEDIA_TYPE: &str = "application/graphql-response+json; charset=utf-8";

/// The floor: the same HTTP server, and an answer that is there already.
pub async fn serve_static(path: &str) {
    let body = Arc::new(std::fs::read(path).unwrap());
    let answer = make_sync(move |_| {
        Response::builder()
            .content_type(MEDIA_TYPE)
            .body(body.to_vec())
    });
    serve(Route::new().at("/graphql", answer)).await;
}

/// Serves something in this process, and says where.
pub async fn serve(app: impl Endpoint<Output = Response> + 'static) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    plaudit_server::http::serve(listener, app, std::future::pending())
        .await
        .unwrap();
}

/// A request as it is sent.
pub fn http(request: &Value) -> Vec<u8> {
    let body = request.to_string();
    format!(
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/graphql-response+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A process that serves.
pub struct Served {
    process: Child,
    pub address: String,
}

impl Served {
    /// Plaudit, on a directory, for whoever asks as often as they like.
    pub fn plaudit(data: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plaudit"));
        command.env("PLAUDIT_LOG", "warn");
        command.args(["serve", "--account-rate", "0", "--address-rate", "0"]);
        command.args(["--listen", "127.0.0.1:0", "--data"]);
        Self::start(command.arg(data).args(arguments), |line| {
            let address = line.trim().strip_prefix("GraphQL")?.trim();
            let address = address.strip_prefix("http://")?.strip_suffix("/graphql")?;
            Some(address.to_owned())
        })
    }

    /// This program, which serves a static answer, kept in a file.
    pub fn static_answer(file: &Path, answer: &[u8]) -> Self {
        std::fs::write(file, answer).unwrap();
        Self::this("--static", file)
    }

    /// This program, which serves something that is in a file.
    pub fn this(what: &str, file: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        Self::start(command.arg(what).arg(file), |line| {
            Some(line.trim().to_owned())
        })
    }

    fn start(command: &mut Command, address: impl Fn(&str) -> Option<String>) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let address = lines.find_map(|line| address(&line));
        // It may have more to say.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            process,
            address: address.unwrap(),
        }
    }

    /// CPU time that the process has used, in seconds, to a hundredth.
    fn cpu(&self) -> f64 {
        let Some(stat) = self.told("stat") else {
            return f64::NAN;
        };
        // The name in parentheses may contain spaces.
        let fields = stat.rsplit(')').next().unwrap().split_whitespace();
        let ticks = fields.skip(11).take(2);
        let ticks: f64 = ticks.map(|ticks| ticks.parse::<f64>().unwrap()).sum();
        ticks / 100.0
    }

    /// The most memory that the process has used so far, in MiB, where the system tells.
    #[allow(dead_code, reason = "not every benchmark asks")]
    pub fn peak_memory(&self) -> Option<f64> {
        let status = self.told("status")?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes: f64 = peak?.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes / 1024.0)
    }

    fn told(&self, what: &str) -> Option<String> {
        std::fs::read_to_string(format!("/proc/{}/{what}", self.process.id())).ok()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What became of the requests of a while.
#[derive(Default)]
pub struct Load {
    /// How long each took, the fastest first.
    times: Vec<Duration>,
    took: Duration,
    /// Of the server, in seconds.
    cpu: f64,
}

impl Load {
    /// How many were answered in a second.
    pub fn rate(&self) -> f64 {
        self.times.len() as f64 / self.took.as_secs_f64()
    }

    /// How long most of them took: so many of a hundred took no longer.
    pub fn at(&self, percent: usize) -> Duration {
        self.times[self.times.len() * percent / 100]
    }

    /// The server's CPU time for each, in seconds.
    pub fn cpu_each(&self) -> f64 {
        self.cpu / self.times.len() as f64
    }

    /// With those of another while.
    #[allow(dead_code, reason = "not every benchmark goes in rounds")]
    pub fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.times.sort_unstable();
        self.took += other.took;
        self.cpu += other.cpu;
    }
}

/// Loads a server for a while by so many clients, which send these requests in turn, each from another one on.
pub async fn load(
    served: &Served,
    clients: usize,
    requests: &Arc<[Vec<u8>]>,
    time: Duration,
) -> Load {
    let stop = Arc::new(AtomicBool::new(false));
    // All are there before the first begins: what they do meanwhile would be measured by nobody.
    let mut connected = Vec::new();
    for number in 0..clients {
        let mut client = Client::connect(&served.address).await;
        let next = number * requests.len() / clients;
        client.ask(&requests[next]).await;
        connected.push((client, next));
    }
    let (began, cpu) = (Instant::now(), served.cpu());
    let mut running = Vec::new();
    for (mut client, mut next) in connected {
        let (stop, requests) = (stop.clone(), requests.clone());
        running.push(tokio::spawn(async move {
            let mut times = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                next = (next + 1) % requests.len();
                let asked = Instant::now();
                client.ask(&requests[next]).await;
                times.push(asked.elapsed());
            }
            times
        }));
    }
    tokio::time::sleep(time).await;
    stop.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for client in running {
        times.extend(client.await.unwrap());
    }
    times.sort_unstable();
    Load {
        times,
        took: began.elapsed(),
        cpu: served.cpu() - cpu,
    }
}

/// A connection; no HTTP library, to leave the CPU to the server.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub async fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// Sends a request that is answered, and returns the body of that.
    pub async fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        let (status, body) = self.send(request).await.unwrap();
        assert_eq!(status, 200, "not answered");
        body
    }

    /// Sends a request and returns the status and the body of what comes back.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(head) = find(&self.buffer, b"\r\n\r\n") {
                let body = head + 4;
                let length = content_length(&self.buffer[..head]);
                if self.buffer.len() >= body + length {
                    let status = str::from_utf8(&self.buffer[9..12]).unwrap();
                    let body = self.buffer[body..body + length].to_vec();
                    return Ok((status.parse().unwrap(), body));
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

/// How many cores there are.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
