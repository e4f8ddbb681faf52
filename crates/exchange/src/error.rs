//! Why an import didn't go through.

use std::fmt;
use std::io;
use std::path::PathBuf;

use plaudit_journal::{AppendError, JournalError};

/// Why an import didn't go through. What was recorded until then stays; importing again goes on
/// from there.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// What is in a file isn't what belongs there.
    #[error(transparent)]
    Malformed(Malformed),
    /// The folder isn't one of the kind that is to be imported.
    #[error("{}: {problem}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What is missing, and what it should hold.
        problem: String,
    },
    /// A file can't be read.
    #[error("{}: can't be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no temporary file to sort in.
    #[error("{}: can't make a temporary file there: {source}", folder.display())]
    NoScratch {
        /// Where it was to be.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The temporary file that an import sorts in failed.
    #[error("the import's temporary file: {0}")]
    Scratch(#[from] rusqlite::Error),
    /// The journal can't be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal refuses a batch, because an event has the id of another one. Nothing of the
    /// batch is recorded.
    #[error("the journal refuses what comes next: {0}")]
    Refused(AppendError),
    /// Nobody waits for the import any more.
    #[error("the import was stopped")]
    Stopped,
}

impl From<AppendError> for ImportError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Journal(error) => Self::Journal(error),
            AppendError::IdInUse { .. } | AppendError::Conflict { .. } => Self::Refused(error),
        }
    }
}

/// Something in a file that isn't what belongs there: where, what was found, what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The name of the file.
    pub file: String,
    /// The line, from 1.
    pub line: Option<u64>,
    /// The id of the row, in files that have such.
    pub row: Option<String>,
    /// What was found.
    pub found: String,
    /// What was expected instead.
    pub expected: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            row,
            found,
            expected,
        } = self;
        f.write_str(file)?;
        if let Some(line) = line {
            write!(f, ", line {line}")?;
        }
        if let Some(row) = row {
            write!(f, ", row Id={row:?}")?;
        }
        write!(f, ": {found}; expected {expected}")
    }
}

impl std::error::Error for Malformed {}

impl From<Malformed> for ImportError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// A value as it is shown in an error: not all of a text that goes on for pages.
pub(crate) fn shown(value: &str) -> String {
    const MOST: usize = 60;
    match value.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}…", &value[..end]),
        None => format!("{value:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_malformed_is_told_with_its_place() {
        let malformed = Malformed {
            file: "Votes.xml".into(),
            line: Some(17),
            row: Some("34".into()),
            found: "CreationDate is missing".into(),
            expected: "a time like 2014-01-21T20:26:05.383".into(),
        };
        assert_eq!(
            malformed.to_string(),
            "Votes.xml, line 17, row Id=\"34\": CreationDate is missing; \
             expected a time like 2014-01-21T20:26:05.383"
        );
    }

    #[test]
    fn endless_values_are_cut() {
        assert_eq!(shown("ä"), "\"ä\"");
        assert_eq!(shown(&"ä".repeat(100)), format!("\"{}\"…", "ä".repeat(60)));
    }
}
