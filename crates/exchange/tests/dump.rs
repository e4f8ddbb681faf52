//! Dumps of a few rows, written by hand.

use std::fmt::Write;
use std::path::Path;

use plaudit_exchange::stack_exchange::Options;
use plaudit_exchange::{ImportError, Summary};
use tempfile::TempDir;

use crate::community::Community;
use crate::story;

/// A dump in a folder of its own.
pub struct Dump {
    folder: TempDir,
    voters: bool,
}

/// A dump without rows. It has no post history and no badges.
pub fn dump() -> Dump {
    let dump = Dump {
        folder: tempfile::tempdir().unwrap(),
        voters: false,
    };
    ["Users.xml", "Posts.xml", "Comments.xml", "Votes.xml"]
        .into_iter()
        .fold(dump, |dump, file| dump.rows(file, &[]))
}

impl Dump {
    pub fn users(self, rows: &[&str]) -> Self {
        self.rows("Users.xml", rows)
    }

    pub fn posts(self, rows: &[&str]) -> Self {
        self.rows("Posts.xml", rows)
    }

    pub fn comments(self, rows: &[&str]) -> Self {
        self.rows("Comments.xml", rows)
    }

    pub fn votes(self, rows: &[&str]) -> Self {
        self.rows("Votes.xml", rows)
    }

    pub fn history(self, rows: &[&str]) -> Self {
        self.rows("PostHistory.xml", rows)
    }

    pub fn badges(self, rows: &[&str]) -> Self {
        self.rows("Badges.xml", rows)
    }

    /// As the dumps are: with a byte order mark, and CRLF at the ends of lines.
    fn rows(self, file: &str, rows: &[&str]) -> Self {
        let root = file.trim_end_matches(".xml").to_lowercase();
        let mut text =
            format!("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<{root}>\r\n");
        for row in rows {
            write!(text, "  <row {row} />\r\n").unwrap();
        }
        write!(text, "</{root}>").unwrap();
        self.file(file, text)
    }

    /// A file as it stands.
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.path().join(name), content).unwrap();
        self
    }

    pub fn without(self, name: &str) -> Self {
        std::fs::remove_file(self.path().join(name)).unwrap();
        self
    }

    pub fn voters(mut self, content: impl AsRef<[u8]>) -> Self {
        self.voters = true;
        self.file("voters.csv", content)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn options(&self, community: &Community) -> Options {
        Options {
            folder: self.path().to_owned(),
            voters: self.voters.then(|| self.path().join("voters.csv")),
            site: Some("test".into()),
            scratch: community.scratch(),
        }
    }

    /// What is recorded of it, in words, and the summary.
    pub async fn told(&self) -> (Vec<String>, Summary) {
        let community = Community::new();
        let options = self.options(&community);
        let summary = community.import_site(options).await.unwrap();
        (story::told(&community.events().await), summary)
    }

    /// The mistake in it; nothing is recorded.
    pub async fn mistake(&self) -> ImportError {
        let community = Community::new();
        let options = self.options(&community);
        let error = community.import_site(options).await.unwrap_err();
        assert_eq!(community.journal.head().await.unwrap(), 0);
        error
    }
}

/// How often something was skipped, and why.
pub fn skipped(summary: &Summary) -> Vec<String> {
    summary
        .skipped
        .iter()
        .map(|(skipped, count)| format!("{count} {}: {}", skipped.kind, skipped.reason))
        .collect()
}
