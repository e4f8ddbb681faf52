//! A journal in one SQLite file: the default, good for one machine.
//!
//! Appends go through a queue to one writer thread, which records all that are waiting in one
//! transaction: the more there is to write, the more of it shares an `fsync`. Reads see a snapshot
//! and never wait for the writer, nor it for them.
//!
//! Several processes may hold the same file at once, like a server and an import beside it.

mod batch;
mod file;
mod inspect;
mod reader;
mod search;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use plaudit_domain::erasure::Content;
use plaudit_domain::{AccountId, Event, NewEvent, Position, StreamName, Time};
use tokio::time::{sleep, timeout};

use self::file::File;
use self::reader::Reader;
use self::writer::Writer;
use crate::inspection::Extent;
use crate::keys::Keyring;
use crate::search::{Found, Search};
use crate::{AppendError, Appended, Expected, Journal, JournalError, Part, Tell, sealing};

/// How long an event that another process recorded may go unnoticed.
const POLL: Duration = Duration::from_millis(250);

/// A journal in one SQLite file.
///
/// Dropping it waits until everything that it was given to write is written.
pub struct SqliteJournal {
    reader: Reader,
    /// None where it was opened to be read only.
    writer: Option<Writer>,
    keys: Arc<Keyring>,
}

impl SqliteJournal {
    /// Opens a journal, and makes a new one where there is no file. Personal data is sealed in it
    /// under these keys.
    ///
    /// # Errors
    /// If the file can't be opened, isn't a journal, or was written by a newer Plaudit.
    pub fn open(path: &Path, keys: Arc<Keyring>) -> Result<Self, JournalError> {
        let (file, connection) = File::create(path)?;
        Ok(Self {
            writer: Some(Writer::start(file.clone(), connection, now)?),
            reader: Reader::new(file),
            keys,
        })
    }

    /// Opens a journal that is there to read it; appends to it fail. The file need not be writable.
    ///
    /// # Errors
    /// If the file can't be opened, isn't a journal, or was written by a newer Plaudit.
    pub fn open_read_only(path: &Path, keys: Arc<Keyring>) -> Result<Self, JournalError> {
        let reader = Reader::new(File::existing(path));
        reader.head()?;
        Ok(Self {
            reader,
            writer: None,
            keys,
        })
    }

    /// What it is to append no events.
    fn nothing(&self) -> Result<Appended, JournalError> {
        Ok(Appended {
            recorded: 0,
            position: self.reader.head()?,
        })
    }

    /// What was read, with what is personal in it as far as there are keys.
    async fn opened(&self, mut events: Vec<Event>) -> Result<Vec<Event>, JournalError> {
        sealing::open(&self.keys, &mut events).await?;
        Ok(events)
    }

    fn writer(&self) -> Result<&Writer, JournalError> {
        self.writer
            .as_ref()
            .ok_or_else(|| self.reader.file().error("it was opened to be read only"))
    }
}

fn now() -> Time {
    SystemTime::now().into()
}

/// A point read takes a few microseconds, a hop to another thread more, so everything is read on
/// the caller's thread. That goes for [`read_all`](Journal::read_all) too: whoever reads a long
/// history in large batches keeps a thread busy, and gives it one of its own.
#[async_trait]
impl Journal for SqliteJournal {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        mut events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        if events.is_empty() {
            return Ok(self.nothing()?);
        }
        let writer = self.writer()?;
        sealing::seal(&self.keys, &mut events)
            .await
            .map_err(JournalError::from)?;
        writer.append(stream.clone(), expected, events).await
    }

    async fn append_many(&self, mut events: Vec<NewEvent>) -> Result<Appended, AppendError> {
        if events.is_empty() {
            return Ok(self.nothing()?);
        }
        let writer = self.writer()?;
        sealing::seal(&self.keys, &mut events)
            .await
            .map_err(JournalError::from)?;
        writer.append_many(events).await
    }

    async fn append_kept(&self, events: Vec<Event>) -> Result<(), AppendError> {
        self.writer()?.append_kept(events).await.map(drop)
    }

    async fn read_stream_from(
        &self,
        stream: &StreamName,
        revision: u64,
    ) -> Result<Vec<Event>, JournalError> {
        let events = self.reader.stream(stream, revision, usize::MAX)?;
        self.opened(events).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.opened(self.reader.all(after, limit)?).await
    }

    async fn read_kept(&self, part: Part<'_>, limit: usize) -> Result<Vec<Event>, JournalError> {
        match part {
            Part::After(position) => self.reader.all(position, limit),
            Part::Stream(stream, revision) => self.reader.stream(stream, revision, limit),
        }
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Event>, JournalError> {
        self.opened(self.reader.at(positions)?).await
    }

    async fn search(&self, search: &Search<'_>) -> Result<Found, JournalError> {
        let Found { events, rest } = self.reader.search(search)?;
        let events = self.opened(events).await?;
        Ok(Found { events, rest })
    }

    async fn head(&self) -> Result<Position, JournalError> {
        self.reader.head()
    }

    async fn wait_past(&self, position: Position) -> Result<(), JournalError> {
        // Subscribed before looking: a commit after the look wakes it.
        let mut commits = self.writer.as_ref().map(Writer::commits);
        while self.reader.head()? <= position {
            match &mut commits {
                Some(commits) => {
                    if let Ok(Err(_)) = timeout(POLL, commits.changed()).await {
                        return Err(self.reader.file().closed());
                    }
                }
                None => sleep(POLL).await,
            }
        }
        Ok(())
    }

    async fn forget(&self, account: AccountId, content: Content) -> Result<bool, JournalError> {
        self.writer()?;
        Ok(sealing::forget(&self.keys, account, content).await?)
    }

    async fn inspect(&self, extent: Extent, tell: Tell<'_>) -> Result<(), JournalError> {
        self.reader.inspect(extent, &self.keys, tell).await
    }
}
