//! A PostgreSQL to test with: the one that `PLAUDIT_TEST_POSTGRES` names, by the URL of a user who may create
//! databases; else one that is made where `initdb` is, one for all tests of a process. Without either, tests say
//! that they skip, unless `PLAUDIT_REQUIRE` names `postgres`.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use tokio_postgres::{Error, NoTls, SimpleQueryMessage};
use uuid::Uuid;

/// The password of the user of servers that are made here; the user's name is the same.
pub const PASSWORD: &str = "plaudit";

/// So often a port is tried that somebody else may take meanwhile.
const ATTEMPTS: usize = 5;

/// An empty database, encoded in UTF-8; or nothing, having said that the test is skipped. It goes when this is
/// dropped.
///
/// # Panics
/// If there should be one.
pub fn database() -> Option<Database> {
    static SHARED: OnceLock<Result<Shared, String>> = OnceLock::new();
    match SHARED.get_or_init(shared) {
        Ok(Shared::Named(url)) => Some(Database::create(url)),
        Ok(Shared::Made(server)) => Some(server.database()),
        Err(why) => skip(why),
    }
}

/// A server that a test has for itself, to stop and to start; or nothing, having said that the test is skipped.
///
/// # Panics
/// If there should be one.
pub fn server() -> Option<Server> {
    match Server::make() {
        Ok(server) => Some(server),
        Err(why) => skip(&why),
    }
}

fn skip<T>(why: &str) -> Option<T> {
    assert!(!crate::is_required("postgres"), "{why}");
    crate::skipped(&format!("{why}; PLAUDIT_TEST_POSTGRES may name a server"));
    None
}

/// What all tests of a process share.
enum Shared {
    Named(String),
    Made(Server),
}

fn shared() -> Result<Shared, String> {
    match std::env::var("PLAUDIT_TEST_POSTGRES") {
        Ok(url) if !url.is_empty() => Ok(Shared::Named(url)),
        Ok(_) | Err(_) => Server::make().map(Shared::Made),
    }
}

/// A server in a temporary folder. It goes with whoever made it, however that ends.
pub struct Server {
    url: String,
    runner: Mutex<Runner>,
}

/// The shell that runs it: it ends when its input does.
struct Runner {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Server {
    fn make() -> Result<Self, String> {
        let mut last = String::new();
        for _ in 0..ATTEMPTS {
            let port = free_port().map_err(|error| format!("no port is free: {error}"))?;
            let mut runner = Runner::start(port)
                .map_err(|error| format!("PostgreSQL can't be run by a shell: {error}"))?;
            match runner.answer()?.as_str() {
                "done" => {
                    let url = format!("postgres://plaudit:{PASSWORD}@127.0.0.1:{port}/postgres");
                    let runner = Mutex::new(runner);
                    return Ok(Self { url, runner });
                }
                missing if missing.starts_with("missing") => return Err(missing.to_owned()),
                other => last = format!("PostgreSQL doesn't start: {other}"),
            }
        }
        Err(last)
    }

    /// An empty database, which goes when it is dropped.
    ///
    /// # Panics
    /// If it can't be made.
    pub fn database(&self) -> Database {
        Database::create(&self.url)
    }

    /// Stops it at once, as a crash would.
    ///
    /// # Panics
    /// If that fails.
    pub fn stop(&self) {
        self.tell("stop");
    }

    /// Starts it again, at the same address.
    ///
    /// # Panics
    /// If that fails.
    pub fn start(&self) {
        self.tell("start");
    }

    /// Stops it at once, and starts it again.
    ///
    /// # Panics
    /// If that fails.
    pub fn restart(&self) {
        self.tell("restart");
    }

    fn tell(&self, command: &str) {
        let mut runner = self.runner.lock().unwrap_or_else(|dead| dead.into_inner());
        if let Some(input) = &mut runner.input {
            writeln!(input, "{command}").expect("its shell listens");
        }
        assert_eq!(runner.answer().as_deref(), Ok("done"), "{command}");
    }
}

impl Runner {
    fn start(port: u16) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("plaudit-")
            .tempdir()?
            .keep();
        // A group of its own: what interrupts the tests in a terminal leaves it the time to clean up.
        let mut child = Command::new("sh")
            .args(["-c", include_str!("postgres.sh"), "postgres.sh"])
            .arg(&folder)
            .arg(port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let missing = || std::io::Error::other("it has no pipes");
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or_else(missing)?;
        Ok(Self {
            child,
            input,
            output: BufReader::new(output),
        })
    }

    fn answer(&mut self) -> Result<String, String> {
        let mut answer = String::new();
        let read = self.output.read_line(&mut answer);
        read.map_err(|error| format!("its shell doesn't answer: {error}"))?;
        Ok(answer.trim_end().to_owned())
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}

fn free_port() -> std::io::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    Ok(listener.local_addr()?.port())
}

/// A database of a test's own.
pub struct Database {
    /// Its URL.
    pub url: String,
    name: String,
    server: String,
}

impl Database {
    fn create(server: &str) -> Self {
        let name = format!("plaudit_test_{}", Uuid::new_v4().simple());
        let sql = format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0");
        execute(server, &sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        Self {
            url: with_database(server, &name),
            name,
            server: server.to_owned(),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A server that was stopped meanwhile takes it along.
        let _ = execute(
            &self.server,
            &format!("DROP DATABASE {} WITH (FORCE)", self.name),
        );
    }
}

/// A server's URL, of another of its databases.
fn with_database(url: &str, name: &str) -> String {
    let (before, options) = match url.split_once('?') {
        Some((before, options)) => (before, format!("?{options}")),
        None => (url, String::new()),
    };
    let authority = before.find("://").map_or(0, |at| at + 3);
    let end = before[authority..].find('/').map(|at| authority + at);
    format!("{}/{name}{options}", &before[..end.unwrap_or(before.len())])
}

/// Runs statements, also where the caller is within a runtime, which mayn't be blocked.
///
/// # Errors
/// If one fails.
pub fn execute(url: &str, sql: &str) -> Result<(), Error> {
    query(url, sql).map(drop)
}

/// The first columns of what statements give, as texts.
///
/// # Errors
/// If one fails.
///
/// # Panics
/// If there can't be a thread for it.
pub fn query(url: &str, sql: &str) -> Result<Vec<String>, Error> {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime starts").block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            let connection = tokio::spawn(connection);
            let found = client.simple_query(sql).await;
            drop(client);
            let _ = connection.await;
            found
        })
    };
    let found = std::thread::scope(|scope| scope.spawn(run).join()).expect("it doesn't panic")?;
    let text = |message| {
        let SimpleQueryMessage::Row(row) = message else {
            return None;
        };
        row.get(0).map(str::to_owned)
    };
    Ok(found.into_iter().filter_map(text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_stands_in_the_url_of_its_server() {
        for (url, expected) in [
            ("postgres://a:b@host:1/old", "postgres://a:b@host:1/new"),
            ("postgres://host", "postgres://host/new"),
            (
                "postgres://host/old?sslmode=require",
                "postgres://host/new?sslmode=require",
            ),
        ] {
            assert_eq!(with_database(url, "new"), expected);
        }
    }

    #[test]
    fn what_was_written_is_there_after_a_server_was_killed_and_gone_with_its_database() {
        let Some(server) = server() else { return };
        let database = server.database();
        execute(&database.url, "CREATE TABLE note (text text)").unwrap();
        server.stop();
        assert!(execute(&database.url, "SELECT FROM note").is_err());
        server.start();
        execute(&database.url, "SELECT FROM note").unwrap();
        server.restart();
        execute(&database.url, "SELECT FROM note").unwrap();
        let url = database.url.clone();
        drop(database);
        assert!(execute(&url, "SELECT").is_err());
    }

    #[test]
    fn databases_are_apart() {
        let (Some(one), Some(other)) = (database(), database()) else {
            return;
        };
        execute(&one.url, "CREATE TABLE note (text text)").unwrap();
        assert!(execute(&other.url, "SELECT FROM note").is_err());
    }
}
