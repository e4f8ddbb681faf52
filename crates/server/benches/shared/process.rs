//! A server in a process of its own, on loopback, and what that uses.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use serde_json::Value;

/// A process that serves.
pub struct Served {
    process: Child,
    /// Where.
    pub address: String,
    /// What a demo's first member sends to say who they are.
    pub authorization: Option<String>,
}

impl Served {
    /// Plaudit, on a directory, for whoever asks as often as they like.
    pub fn plaudit(data: &Path, arguments: &[&str]) -> Self {
        const UNLIMITED: [&str; 4] = [
            "--account-rate",
            "--address-rate",
            "--account-subscriptions",
            "--address-subscriptions",
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_plaudit"));
        command.env("PLAUDIT_LOG", "warn");
        command.args(["serve", "--json", "--listen", "127.0.0.1:0"]);
        command.args(UNLIMITED.iter().flat_map(|option| [option, "0"]));
        command.arg("--data").arg(data).args(arguments);
        Self::start(&mut command, |line| {
            let line: Value = serde_json::from_str(line).ok()?;
            let served = &line["serving"];
            let address = served["graphql"].as_str()?.strip_prefix("http://")?;
            Some((
                address.strip_suffix("/graphql")?.to_owned(),
                served["authorization"].as_str().map(str::to_owned),
            ))
        })
    }

    /// This program, which serves something that is in a file.
    pub fn this(what: &str, file: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        Self::start(command.arg(what).arg(file), |line| {
            Some((line.trim().to_owned(), None))
        })
    }

    fn start(
        command: &mut Command,
        greeting: impl Fn(&str) -> Option<(String, Option<String>)>,
    ) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let (address, authorization) = lines.find_map(|line| greeting(&line)).unwrap();
        // It may have more to say.
        thread::spawn(move || lines.for_each(drop));
        Self {
            process,
            address,
            authorization,
        }
    }

    /// CPU time that the process has used, in seconds, to a hundredth.
    pub fn cpu(&self) -> f64 {
        let Some(stat) = self.told("stat") else {
            return f64::NAN;
        };
        // The name in parentheses may contain spaces.
        let fields = stat.rsplit(')').next().unwrap().split_whitespace();
        let ticks = fields.skip(11).take(2);
        let ticks: f64 = ticks.map(|ticks| ticks.parse::<f64>().unwrap()).sum();
        ticks / 100.0
    }

    /// How much memory it has, in bytes, as the system calls it: `VmRSS` is all, `VmHWM` the most so far, `RssAnon`
    /// what isn't a file's. Not a number where the system doesn't tell.
    pub fn memory(&self, what: &str) -> f64 {
        let status = self.told("status");
        let of = |line: &str| {
            let kibibytes = line.strip_prefix(what)?.strip_prefix(':')?;
            kibibytes.trim().strip_suffix(" kB")?.parse::<f64>().ok()
        };
        let kibibytes = status.and_then(|status| status.lines().find_map(of));
        kibibytes.map_or(f64::NAN, |kibibytes| kibibytes * 1024.0)
    }

    fn told(&self, what: &str) -> Option<String> {
        std::fs::read_to_string(format!("/proc/{}/{what}", self.process.id())).ok()
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) -> ExitStatus {
        let id = self.process.id().to_string();
        Command::new("kill").arg(id).status().unwrap();
        self.process.wait().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs a command on a directory; what it says.
pub fn plaudit(data: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plaudit"));
    command.env("PLAUDIT_LOG", "warn").args(arguments);
    let done = command.arg("--data").arg(data).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {done:?}");
    String::from_utf8(done.stdout).unwrap()
}

/// What somebody of a number sends to say who they are, in roles that they have.
pub fn authorization(data: &Path, number: u128, roles: &[&str]) -> String {
    let account = uuid::Uuid::from_u128(number).to_string();
    let name = format!("Somebody {number}");
    let mut arguments = vec!["token", "--name", &name, "--account", &account];
    arguments.extend(roles.iter().flat_map(|role| ["--role", role]));
    format!("Bearer {}", plaudit(data, &arguments).trim())
}

/// How many cores there are.
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
