//! A data directory, and what is said to the binary about it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Every table that can be exported, in the order of [`Community::exports`].
pub const TABLES: [&str; 5] = ["accounts", "profiles", "posts", "ledger", "badges"];

/// A directory for a community, which may not have begun. It goes with this.
pub struct Community(TempDir);

impl Community {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With the demo community.
    pub fn demo() -> Self {
        let community = Self::new();
        community.does(["import", "events", text(&demo())]);
        community
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The binary, told to do something with this directory.
    pub fn plaudit<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut plaudit = plaudit(["--data", text(self.path())]);
        plaudit.args(arguments);
        plaudit
    }

    /// Does something that succeeds and has nothing to complain of; what it printed.
    pub fn does<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> String {
        let ran = Ran::of(&mut self.plaudit(arguments));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.printed
    }

    /// Tries something that fails; what it complained of.
    pub fn fails<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> String {
        Ran::of(&mut self.plaudit(arguments)).complaint(1)
    }

    /// Tries something that can't be meant; what it complained of.
    pub fn misused<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> String {
        Ran::of(&mut self.plaudit(arguments)).complaint(2)
    }

    /// Imports something; the summary.
    pub fn imports<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Value {
        let arguments = ["import"].into_iter().chain(arguments).chain(["--json"]);
        summary(&self.does(arguments))
    }

    /// Everything that can be exported and is the same in every community with the same history.
    pub fn exports(&self) -> [String; TABLES.len()] {
        TABLES.map(|table| self.does(["export", table]))
    }

    /// Every event, personal data and all.
    pub fn events(&self) -> Vec<Value> {
        lines(&self.does(["export", "events", "--personal"]))
    }

    /// The names of the files in the directory.
    pub fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// The binary; what the environment says doesn't count.
pub fn plaudit<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut plaudit = Command::new(env!("CARGO_BIN_EXE_plaudit"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PLAUDIT_") {
            plaudit.env_remove(name);
        }
    }
    // A test is in more of a hurry than any app.
    plaudit.env("PLAUDIT_ACCOUNT_RATE", "0");
    plaudit.env("PLAUDIT_ADDRESS_RATE", "0");
    plaudit.args(arguments).stdin(Stdio::null());
    plaudit
}

/// What came of a command.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub printed: String,
    pub complained: String,
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        Self::from(command.output().unwrap())
    }

    /// It failed in this way, and said why in its own words.
    pub fn complaint(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.printed, "");
        assert!(!self.complained.contains("panicked"), "{self:?}");
        self.complained
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            printed: String::from_utf8(output.stdout).unwrap(),
            complained: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Lines of JSON; nothing else may be among them.
pub fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

/// The one summary in what an import printed.
pub fn summary(printed: &str) -> Value {
    let mut lines = lines(printed);
    lines.retain(|line| line.get("summary").is_some());
    let [summary] = lines.try_into().unwrap();
    summary["summary"].clone()
}

/// How many events the demo community has.
pub fn demo_events() -> u64 {
    std::fs::read_to_string(demo()).unwrap().lines().count() as u64
}

/// The demo community, as events.
pub fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/demo/events.ndjson")
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
