//! A journal in a PostgreSQL database, which any number of nodes may write and read at once.
//!
//! Appends go through a queue to one task a node, which records all that are waiting in one transaction. Only
//! one transaction at a time records something, so positions have no gaps and come in the order of commits.
//! Reads see a snapshot and wait for nobody.
//!
//! Whatever the server is asked while it is away is asked again for a while ([`PATIENCE`]); what comes to
//! nothing by then is [`JournalError::Unavailable`].
//!
//! [`PATIENCE`]: plaudit_postgres::PATIENCE

mod batch;
mod inspect;
mod reader;
mod search;
mod tables;
mod writer;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use plaudit_domain::erasure::Content;
use plaudit_domain::{AccountId, Event, NewEvent, Position, StreamName, Time};
use plaudit_postgres::{Address, Listener};
use tokio::sync::watch;
use tokio::time::timeout;

use self::reader::Reader;
use self::tables::{Database, SCHEMA};
use self::writer::{Work, Writer};
use crate::inspection::Extent;
use crate::keys::Keyring;
use crate::row::{Append, KeptRow, Row, Stream, repeated_id};
use crate::search::{Found, Search};
use crate::{AppendError, Appended, Expected, Journal, JournalError, Part, Tell, sealing};

/// The schema that a journal's tables are in.
pub(crate) const NAME: &str = "plaudit_journal";

/// How many connections read at most.
const READERS: usize = 16;

/// How long an event may go unnoticed while nothing is heard of what others record,
const POLL: Duration = Duration::from_millis(250);

/// and while it is: a connection may be lost without anybody noticing.
const HEARING: Duration = Duration::from_secs(5);

/// A journal in a PostgreSQL database.
pub struct PostgresJournal {
    reader: Reader,
    /// None where it was opened to be read only.
    writer: Option<Writer>,
    /// Changes with every commit that is noticed.
    committed: watch::Sender<()>,
    /// There once somebody waits.
    listener: OnceLock<Listener>,
    keys: Arc<Keyring>,
}

impl PostgresJournal {
    /// Whether there is a journal in a database.
    ///
    /// # Errors
    /// If the server lets nobody in.
    pub async fn is_there(address: &Address) -> Result<bool, JournalError> {
        let database = Database::new(address.clone());
        let failed = |error| database.error(error);
        let connection = address.connect().await.map_err(failed)?;
        let sql = "SELECT to_regclass('plaudit_journal.event') IS NOT NULL";
        let row = connection.query_one(sql, &[]).await;
        let row = row.map_err(|error| failed(address.error(error)))?;
        Ok(row.get(0))
    }

    /// Opens a journal, and makes its tables where there are none. Personal data is sealed in it under these
    /// keys.
    ///
    /// # Errors
    /// If the server lets nobody in, the database isn't in UTF-8, or holds something else, or the keys, or
    /// was written by a newer Plaudit.
    pub async fn open(address: Address, keys: Arc<Keyring>) -> Result<Self, JournalError> {
        let database = Database::new(address);
        let failed = |error| database.error(error);
        let mut connection = database.address().connect().await.map_err(failed)?;
        let set_up = SCHEMA.set_up(database.address(), &mut connection).await;
        set_up.map_err(failed)?;
        let mut journal = Self::reading(database.clone(), keys)?;
        journal.writer = Some(Writer::start(database, journal.committed.clone(), now));
        Ok(journal)
    }

    /// Opens a journal that is there to read it; appends to it fail.
    ///
    /// # Errors
    /// If the server lets nobody in, or there is no journal of this version.
    pub async fn open_read_only(
        address: Address,
        keys: Arc<Keyring>,
    ) -> Result<Self, JournalError> {
        let database = Database::new(address);
        let failed = |error| database.error(error);
        let connection = database.address().connect().await.map_err(failed)?;
        let checked = SCHEMA.check(database.address(), &connection).await;
        checked.map_err(failed)?;
        Self::reading(database.clone(), keys)
    }

    fn reading(database: Database, keys: Arc<Keyring>) -> Result<Self, JournalError> {
        let pool = database.address().pool(READERS);
        let pool = pool.map_err(|error| database.error(error))?;
        Ok(Self {
            reader: Reader::new(database, pool),
            writer: None,
            committed: watch::Sender::new(()),
            listener: OnceLock::new(),
            keys,
        })
    }

    fn database(&self) -> &Database {
        self.reader.database()
    }

    /// What it is to append no events.
    async fn nothing(&self) -> Result<Appended, JournalError> {
        Ok(Appended {
            recorded: 0,
            position: self.reader.head().await?,
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
            .ok_or_else(|| self.database().failed("it was opened to be read only"))
    }

    /// Rows of events. They are encoded by the caller, because the task that writes is one that all share.
    fn rows<T>(
        &self,
        rows: impl Iterator<Item = serde_json::Result<T>>,
    ) -> Result<Vec<T>, JournalError> {
        let rows: serde_json::Result<_> = rows.collect();
        rows.map_err(|error| self.database().failed(error))
    }
}

fn now() -> Time {
    SystemTime::now().into()
}

#[async_trait]
impl Journal for PostgresJournal {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        mut events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        if events.is_empty() {
            return Ok(self.nothing().await?);
        }
        let writer = self.writer()?;
        if let Some(id) = repeated_id(&events) {
            return Err(AppendError::IdInUse { id });
        }
        sealing::seal(&self.keys, &mut events)
            .await
            .map_err(JournalError::from)?;
        let append = Append {
            stream: Stream::of(stream.clone()),
            expected,
            rows: self.rows(events.iter().map(Row::of))?,
        };
        writer.record(Work::Append(append)).await
    }

    async fn append_many(&self, mut events: Vec<NewEvent>) -> Result<Appended, AppendError> {
        if events.is_empty() {
            return Ok(self.nothing().await?);
        }
        let writer = self.writer()?;
        sealing::seal(&self.keys, &mut events)
            .await
            .map_err(JournalError::from)?;
        let row = |event: &NewEvent| Ok((Stream::of(event.fact.stream()), Row::of(event)?));
        let rows = self.rows(events.iter().map(row))?;
        writer.record(Work::AppendMany(rows)).await
    }

    async fn append_kept(&self, events: Vec<Event>) -> Result<(), AppendError> {
        let writer = self.writer()?;
        let rows = self.rows(events.into_iter().map(KeptRow::of))?;
        writer.record(Work::AppendKept(rows)).await.map(drop)
    }

    async fn read_stream_from(
        &self,
        stream: &StreamName,
        revision: u64,
    ) -> Result<Vec<Event>, JournalError> {
        let events = self.reader.stream(stream, revision, usize::MAX).await?;
        self.opened(events).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.opened(self.reader.all(after, limit).await?).await
    }

    async fn read_kept(&self, part: Part<'_>, limit: usize) -> Result<Vec<Event>, JournalError> {
        match part {
            Part::After(position) => self.reader.all(position, limit).await,
            Part::Stream(stream, revision) => self.reader.stream(stream, revision, limit).await,
        }
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Event>, JournalError> {
        self.opened(self.reader.at(positions).await?).await
    }

    async fn search(&self, search: &Search<'_>) -> Result<Found, JournalError> {
        let Found { events, rest } = self.reader.search(search).await?;
        let events = self.opened(events).await?;
        Ok(Found { events, rest })
    }

    async fn head(&self) -> Result<Position, JournalError> {
        self.reader.head().await
    }

    async fn wait_past(&self, position: Position) -> Result<(), JournalError> {
        // Subscribed before looking: a commit after the look wakes it.
        let mut committed = self.committed.subscribe();
        let listener = self.listener.get_or_init(|| {
            let address = self.database().address().clone();
            Listener::start(address, NAME, self.committed.clone())
        });
        while self.reader.head().await? <= position {
            let patience = match listener.is_listening() {
                true => HEARING,
                false => POLL,
            };
            // Whether it was heard, or not in time: then it is looked for.
            let _ = timeout(patience, committed.changed()).await;
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
