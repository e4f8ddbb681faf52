//! `plaudit serve --eventstore-listen`: what clients that were not written here read.
//!
//! Each is skipped where its language or its package isn't there, unless `PLAUDIT_REQUIRE` names `kurrentdb`.
//! Rust's are examples of this crate, which `cargo test` builds; `.ci/run` gets the others.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use plaudit_domain::Time;
use serde_json::{Value, json};

use super::community::{Community, text};
use super::running::Server;
use super::sites::beer;

const LISTEN: [&str; 2] = ["--eventstore-listen", "127.0.0.1:0"];

/// A file of the tests.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/server")
        .join(name)
}

/// A client that reads, in a process of its own. It is ended when this is dropped.
struct Reader {
    process: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Drop for Reader {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Reader {
    fn start(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    fn next(&mut self) -> Option<Value> {
        let line = self.lines.next()?.unwrap();
        Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}")))
    }

    /// All events until it says something else, and that.
    fn until_told(&mut self, what: &str) -> (Vec<Value>, Value) {
        let mut events = Vec::new();
        while let Some(line) = self.next() {
            match line.get(what) {
                Some(told) => return (events, told.clone()),
                None => events.push(line),
            }
        }
        panic!(
            "it ended after {} events, and told nothing of {what}",
            events.len()
        );
    }
}

/// Python with its client; why it isn't there.
fn python() -> Result<Command, String> {
    let python = std::env::var("PLAUDIT_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let there = Command::new(&python)
        .args(["-c", "import kurrentdbclient"])
        .output();
    let there = there.map_err(|error| format!("{python} can't be run: {error}"))?;
    if !there.status.success() {
        return Err(format!(
            "{python}: {}",
            String::from_utf8_lossy(&there.stderr)
        ));
    }
    let mut command = Command::new(python);
    command.arg(file("clients/read.py"));
    Ok(command)
}

/// Node with its client; why it isn't there.
fn node() -> Result<Command, String> {
    let folder = file("clients");
    let client = folder.join("node_modules/@kurrent/kurrentdb-client");
    if !client.exists() {
        let folder = folder.display();
        return Err(format!(
            "Node's client is not there: npm ci in {folder} gets it"
        ));
    }
    let there = Command::new("node").arg("--version").output();
    there.map_err(|error| format!("node can't be run: {error}"))?;
    let mut command = Command::new("node");
    command.arg(folder.join("read.mjs"));
    Ok(command)
}

/// Rust with one of its clients; why it isn't there.
fn rust(name: &str) -> Result<Command, String> {
    let folder = Path::new(env!("CARGO_BIN_EXE_plaudit")).parent().unwrap();
    let program = folder.join("examples").join(name);
    match program.exists() {
        true => Ok(Command::new(program)),
        false => Err(format!(
            "{} is not there: cargo build -p plaudit-server --examples",
            program.display()
        )),
    }
}

/// A client, or nothing where it isn't there and needn't be.
fn there(client: Result<Command, String>, name: &str) -> Option<Command> {
    let required = std::env::var("PLAUDIT_REQUIRE").unwrap_or_default();
    match client {
        Ok(client) => Some(client),
        Err(why) if required.split([',', ' ']).any(|part| part == name) => panic!("{why}"),
        Err(why) => {
            plaudit_testing::skipped(&why);
            None
        }
    }
}

/// Whether a body is the one that was exported: what is personal there is sealed here, also where it is about
/// somebody who was erased, and nobody can open it.
fn is_same(read: &Value, exported: &Value) -> bool {
    match (read, exported) {
        (Value::Object(read), _) if read.len() == 1 && read.contains_key("sealed") => true,
        (Value::Object(read), Value::Object(exported)) => {
            read.len() == exported.len()
                && read.iter().all(|(name, value)| {
                    exported
                        .get(name)
                        .is_some_and(|exported| is_same(value, exported))
                })
        }
        (read, exported) => read == exported,
    }
}

/// A moment, in microseconds.
fn time(said: &Value) -> i64 {
    let time: Time = said.as_str().unwrap().parse().unwrap();
    time.as_micros()
}

/// What was read is what was exported.
fn assert_same(read: &[Value], exported: &[Value]) {
    assert_eq!(read.len(), exported.len());
    let mut sealed = 0;
    for (read, exported) in read.iter().zip(exported) {
        for name in ["position", "id", "stream", "revision", "type"] {
            assert_eq!(read[name], exported[name], "{read} {exported}");
        }
        for (own, theirs) in [
            ("version", "version"),
            ("occurred_at", "occurred_at"),
            ("actor", "actor"),
            ("correlation_id", "$correlationId"),
            ("causation_id", "$causationId"),
        ] {
            assert_eq!(read["metadata"][theirs], exported[own], "{read} {exported}");
        }
        assert!(
            is_same(&read["data"], &exported["data"]),
            "{read} {exported}"
        );
        // As the metadata have it; and as the client has it, as far as it goes.
        let recorded_at = time(&exported["recorded_at"]);
        assert_eq!(time(&read["metadata"]["recorded_at"]), recorded_at);
        if let Some(micros) = read["recorded_at_micros"].as_i64() {
            assert_eq!(micros, recorded_at.div_euclid(1_000_000) * 1_000_000);
        }
        if !read["recorded_at"].is_null() {
            assert_eq!(time(&read["recorded_at"]), recorded_at, "{read} {exported}");
        }
        sealed += usize::from(read["data"].to_string().contains("\"sealed\""));
    }
    assert!(sealed > 0, "nothing of it is personal");
}

/// A client reads the whole history of a community, and follows what comes.
fn reads_all(client: Command, community: &Community, marker: &str) {
    let server = Server::start(community, LISTEN);
    let mut client = client;
    client.args([server.eventstore(), "3"]);
    let mut reader = Reader::start(client);
    let (read, _) = reader.until_told(marker);
    let read = match marker {
        "backwards" => {
            assert_eq!(reader.until_told("following").1, json!(true));
            read
        }
        _ => read,
    };
    let before = community.events();
    assert_same(&read, &before);
    let mut followed = Vec::new();
    while followed.len() < 3 {
        server
            .client()
            .question(&format!("Who follows {}?", followed.len()));
        let new = community.events().len() - before.len() - followed.len();
        for _ in 0..new.min(3 - followed.len()) {
            followed.push(reader.next().unwrap());
        }
    }
    let after = community.events();
    assert_same(&followed, &after[before.len()..before.len() + 3]);
    assert!(!server.log().contains("ERROR"));
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn pythons_client_reads_the_demo_and_follows_it() {
    let Some(client) = there(python(), "kurrentdb") else {
        return;
    };
    reads_all(client, &Community::demo(), "backwards");
}

#[test]
fn pythons_client_reads_beer_and_follows_it() {
    let Some(client) = there(python(), "kurrentdb") else {
        return;
    };
    let Some(site) = beer() else { return };
    reads_all(client, &site.community(), "backwards");
}

#[test]
fn nodes_client_reads_the_demo_and_follows_it() {
    let Some(client) = there(node(), "kurrentdb") else {
        return;
    };
    reads_all(client, &Community::demo(), "following");
}

#[test]
fn nodes_client_reads_beer_and_follows_it() {
    let Some(client) = there(node(), "kurrentdb") else {
        return;
    };
    let Some(site) = beer() else { return };
    reads_all(client, &site.community(), "following");
}

#[test]
fn rusts_clients_read_the_demo_and_follow_it() {
    for name in ["eventstore", "kurrentdb"] {
        if let Some(client) = there(rust(name), "kurrentdb") {
            reads_all(client, &Community::demo(), "following");
        }
    }
}

#[test]
fn rusts_clients_read_beer_and_follow_it() {
    for name in ["eventstore", "kurrentdb"] {
        let Some(client) = there(rust(name), "kurrentdb") else {
            return;
        };
        let Some(site) = beer() else { return };
        reads_all(client, &site.community(), "following");
    }
}

/// TLS as it is beyond loopback: with a certificate a token is needed on loopback, too.
#[test]
fn with_a_certificate_analysts_read_and_nobody_else() {
    let Some(client) = there(python(), "kurrentdb") else {
        return;
    };
    let community = Community::demo();
    let (certificate, key) = (file("keys/eventstore.pem"), file("keys/eventstore.key.pem"));
    let options = LISTEN.into_iter().chain([
        "--eventstore-certificate",
        text(&certificate),
        "--eventstore-key",
        text(&key),
    ]);
    let server = Server::start(&community, options);
    let port = server.eventstore().rsplit_once(':').unwrap().1;
    let port = port.split('?').next().unwrap();
    let token = |role: &[&str]| {
        let account = "7a1d6f0e-1111-4222-8333-944444444444";
        let arguments = ["token", "--account", account].into_iter();
        let token = community.does(arguments.chain(role.iter().copied()));
        token.trim().to_owned()
    };
    let read = |user: &str| {
        let url = format!("esdb://{user}localhost:{port}");
        let mut command = Command::new(client.get_program());
        command
            .args(client.get_args())
            .args([&url, "0", text(&file("keys/eventstore.ca.pem"))]);
        command.output().unwrap()
    };
    let analyst = read(&format!("anybody:{}@", token(&["--role", "analyst"])));
    assert!(
        analyst.status.success(),
        "{}",
        String::from_utf8_lossy(&analyst.stderr)
    );
    let printed = String::from_utf8(analyst.stdout).unwrap();
    let mut events: Vec<Value> = printed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    events.pop();
    assert_same(&events, &community.events());
    for user in [
        format!("anybody:{}@", token(&[])),
        format!("anybody:{}@", token(&["--role", "admin"])),
        "admin:changeit@".to_owned(),
    ] {
        let refused = read(&user);
        assert!(!refused.status.success(), "{user}");
        assert!(refused.stdout.is_empty());
    }
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn beyond_loopback_it_takes_a_certificate() {
    let community = Community::demo();
    let complaint = community.misused(["serve", "--eventstore-listen", "0.0.0.0:0"]);
    assert!(
        complaint.contains("--eventstore-certificate"),
        "{complaint}"
    );
    let complaint = community.misused(["serve", "--dev", "--eventstore-listen", "0.0.0.0:0"]);
    assert!(complaint.contains("loopback"), "{complaint}");
    let (certificate, nowhere) = (file("keys/eventstore.pem"), file("keys/nowhere.pem"));
    let arguments = ["serve", "--eventstore-listen", "127.0.0.1:0"].into_iter();
    let complaint = community.misused(arguments.chain([
        "--eventstore-certificate",
        text(&certificate),
        "--eventstore-key",
        text(&file("keys/eventstore.key.pem")),
    ]));
    assert!(complaint.contains("--jwks"), "{complaint}");
    for (certificate, key) in [(&certificate, &nowhere), (&certificate, &certificate)] {
        let arguments = ["serve", "--dev", "--eventstore-listen", "127.0.0.1:0"].into_iter();
        let complaint = community.fails(arguments.chain([
            "--eventstore-certificate",
            text(certificate),
            "--eventstore-key",
            text(key),
        ]));
        assert!(complaint.contains(text(key)), "{complaint}");
    }
}
