//! A server that runs in a process of its own, and what its clients need.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::community::Community;

/// Longer than anything takes on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server with tokens. It is killed when this is dropped.
pub struct Server {
    process: Child,
    client: Client,
    eventstore: Option<String>,
    log: Receiver<String>,
}

/// Somebody who sends requests to a server as a member.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    token: Option<String>,
}

impl Server {
    /// Starts a server on a free port, and waits until it serves.
    pub fn start<'a>(community: &Community, options: impl IntoIterator<Item = &'a str>) -> Self {
        Self::without_tokens(community, ["--dev"].into_iter().chain(options))
    }

    /// The same, without tokens of its own.
    pub fn without_tokens<'a>(
        community: &Community,
        options: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut serve = community.plaudit(["serve", "--listen", "127.0.0.1:0"]);
        serve.args(options);
        Self::run(serve)
    }

    /// Runs a command that serves, and waits until it does.
    pub fn run(mut serve: Command) -> Self {
        let mut process = serve
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let printed = lines_of(process.stdout.take().unwrap());
        let log = lines_of(process.stderr.take().unwrap());

        let mut client = None;
        let mut eventstore = None;
        let end = Instant::now() + PATIENCE;
        loop {
            let line = match printed.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => panic!("the server doesn't begin to serve"),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the server ended: {:?}", log.iter().collect::<Vec<_>>())
                }
            };
            let (name, value) = line.trim().split_once(' ').unwrap();
            match (name, &mut client) {
                ("GraphQL", _) => {
                    let address = value.trim().strip_prefix("http://").unwrap();
                    let address = address.strip_suffix("/graphql").unwrap();
                    client = Some(Client {
                        address: address.parse().unwrap(),
                        token: None,
                    });
                }
                ("Events", _) => eventstore = Some(value.trim().to_owned()),
                ("Authorization:", Some(client)) => {
                    client.token = Some(value.to_owned());
                    break;
                }
                // Nobody is there yet whose token could be shown, or they come from elsewhere.
                ("Tokens", Some(_)) => break,
                _ => {}
            }
        }
        Self {
            process,
            client: client.unwrap(),
            eventstore,
            log,
        }
    }

    /// Starts a server that nobody listens to: not when it greets, nor to its log once that said where it is.
    pub fn unheard(community: &Community) -> Self {
        let mut serve = community.plaudit(["serve", "--dev", "--listen", "127.0.0.1:0"]);
        let serve = serve.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = serve.spawn().unwrap();
        drop(process.stdout.take());
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = log.find_map(|line| {
            let line = line.unwrap();
            line.split_once("listening on ")?.1.parse().ok()
        });
        Self {
            process,
            client: Client {
                address: address.unwrap(),
                token: None,
            },
            eventstore: None,
            log: channel().1,
        }
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Where the API is.
    pub fn url(&self) -> String {
        format!("http://{}/graphql", self.client.address)
    }

    /// Where clients of EventStoreDB connect.
    pub fn eventstore(&self) -> &str {
        self.eventstore.as_deref().unwrap()
    }

    /// Tells the server to stop, as a supervisor does, and waits until it has.
    pub fn stop(mut self) -> ExitStatus {
        self.signal("-TERM");
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < end, "the server doesn't stop");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends it a signal, by its option of `kill`.
    pub fn signal(&self, signal: &str) {
        let process = self.process.id().to_string();
        let told = Command::new("kill").args([signal, &process]).status();
        assert!(told.unwrap().success());
    }

    /// Ends the server without a warning.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// The root of the file systems that it sees.
    #[cfg(target_os = "linux")]
    pub fn root(&self) -> PathBuf {
        format!("/proc/{}/root", self.process.id()).into()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.log.try_iter().map(|line| line + "\n").collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking() {
            let log = self.log();
            let last = log.lines().rev().take(20).collect::<Vec<_>>();
            eprintln!("the last that the server logged, latest first: {last:#?}");
        }
    }
}

/// Reads lines as they come, so that whoever writes them is never held up.
fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = send.send(line);
        }
    });
    lines
}

/// What came back for a path.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Got {
    /// The body, as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Client {
    /// Somebody without a token.
    pub fn at(address: SocketAddr) -> Self {
        let token = None;
        Self { address, token }
    }

    /// Gets a path; with more headers, each with its line's end.
    pub fn get(&self, path: &str, headers: &str) -> Got {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: plaudit\r\nconnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Got {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    /// The same server, asked with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            address: self.address,
            token: Some(format!("Bearer {token}")),
        }
    }

    /// Connects, and sends a request with this body; what it says of the connection is up to the
    /// caller.
    pub fn ask(&self, body: &str, connection: &str) -> std::io::Result<TcpStream> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let authorization = match &self.token {
            Some(token) => format!("authorization: {token}\r\n"),
            None => String::new(),
        };
        write!(
            stream,
            "POST /graphql HTTP/1.1\r\nhost: plaudit\r\nconnection: {connection}\r\n{authorization}\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        Ok(stream)
    }

    /// What an operation answers; an error where the server went away before it did.
    pub fn try_graphql(&self, query: &str, variables: Value) -> std::io::Result<Value> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let mut answer = String::new();
        self.ask(&body, "close")?.read_to_string(&mut answer)?;
        let Some((_, body)) = answer.split_once("\r\n\r\n") else {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        };
        Ok(serde_json::from_str(body)?)
    }

    /// The data that an operation answers. There must be no errors.
    pub fn graphql(&self, query: &str, variables: Value) -> Value {
        let mut answer = self.try_graphql(query, variables).unwrap();
        assert_eq!(answer.get("errors"), None, "{query}: {answer}");
        answer["data"].take()
    }

    /// Asks a question; its id.
    pub fn question(&self, title: &str) -> String {
        let data = self.graphql(ASK, json!({ "title": title }));
        let asked = &data["questionCreate"];
        assert_eq!(asked["userErrors"], json!([]));
        asked["post"]["id"].as_str().unwrap().to_owned()
    }

    /// The title of a post, if it is there.
    pub fn title(&self, id: &str) -> Option<String> {
        let data = self.graphql(
            "query($id: ID!) { post(id: $id) { title } }",
            json!({ "id": id }),
        );
        Some(data["post"]["title"].as_str()?.to_owned())
    }

    /// How many questions, discussions and articles there are.
    pub fn posts(&self) -> u64 {
        let data = self.graphql("{ posts(first: 1) { totalCount } }", json!({}));
        data["posts"]["totalCount"].as_u64().unwrap()
    }
}

/// Asks a question of a title.
pub const ASK: &str = "mutation($title: String!) {
    questionCreate(input: { title: $title, body: \"Does anybody know?\" }) {
        post { id }
        userErrors { message }
    }
}";

/// Waits until something is so.
pub fn soon<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look)
}

/// The same, for so long.
pub fn within<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what}, and it doesn't come to be");
        thread::sleep(Duration::from_millis(10));
    }
}
