//! A journal in an EventStoreDB or KurrentDB server or cluster: what carries a community past one machine.
//!
//! The server keeps the events, each in its stream, guarded by its revision. What it doesn't have is here:
//! positions without gaps, which a [catalogue] counts, and ids that are unique in all streams.
//!
//! An append goes to one stream, of one request, all or none. [`append_many`](Journal::append_many) is many
//! appends, one after the other: if it breaks off, what came first is recorded, and doing it again records
//! the rest.

mod append;
mod catalogue;
mod client;
mod connection_string;
mod copy;
mod dialect;
mod inspect;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use plaudit_domain::erasure::Content;
use plaudit_domain::fact::DecodeError;
use plaudit_domain::{AccountId, Event, Fact, NewEvent, Position, StreamName};
use tokio::sync::{Mutex, watch};
use tokio::time::{sleep, timeout};

use self::append::StreamLocks;
pub use self::catalogue::FILE_NAME;
use self::catalogue::{Catalogue, Counted, Last, Place};
use self::client::{Raw, Server, ServerError};
pub use self::connection_string::{ConnectionString, ConnectionStringError};
use crate::inspection::Extent;
use crate::keys::Keyring;
use crate::metadata::Metadata;
use crate::search::{self, Direction, Found, LOOKED_AT, Search, Streams};
use crate::{AppendError, Appended, Expected, Journal, JournalError, Part, Tell, sealing};

/// How long an event may go unnoticed that another process recorded.
const POLL: Duration = Duration::from_millis(100);

/// How long to wait before a server that couldn't be reached is asked again, while nobody needs it.
const PAUSE: Duration = Duration::from_secs(1);

/// So many events are counted at once.
const BATCH: usize = 2_000;

/// A journal in an EventStoreDB.
pub struct EventStoreJournal {
    server: Server,
    catalogue: Catalogue,
    keys: Arc<Keyring>,
    /// The position up to which all is counted.
    head: watch::Sender<Position>,
    counting: Mutex<Counting>,
    /// How often counting up to the end was begun.
    begun: std::sync::atomic::AtomicU64,
    locks: StreamLocks,
    is_read_only: bool,
}

/// Who counts up to the server's end does it for all who wait for that.
struct Counting {
    /// The last time that it was done, by the number with which it was begun.
    done: u64,
}

impl EventStoreJournal {
    /// Whether a server has events of a community.
    ///
    /// # Errors
    /// If it can't be reached in a bounded time.
    pub async fn is_there(address: ConnectionString) -> Result<bool, JournalError> {
        let server = Server::new(address, client::PATIENCE);
        let mut is_there = false;
        let mut first = |_| {
            is_there = true;
            false
        };
        let read = server.read_all(None, FIRST, &mut first).await;
        read.map_err(|error| failed(&server, error))?;
        Ok(is_there)
    }

    /// Connects to a server, and counts its events as far as the catalogue in that file doesn't have them. Where
    /// none is named, it is one that goes with this. Personal data is sealed under these keys.
    ///
    /// Where others use the server, too, `streamPrefix=…` in the connection string says what the names of
    /// the community's streams begin with: other streams are none of its.
    ///
    /// # Errors
    /// If the server can't be reached in a bounded time, or the file can't be written.
    pub async fn open(
        address: ConnectionString,
        catalogue: Option<&Path>,
        keys: Arc<Keyring>,
    ) -> Result<Self, JournalError> {
        Self::open_with(address, catalogue, keys, client::PATIENCE).await
    }

    /// The same; what can't be done for now is tried again for so long.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub async fn open_with(
        address: ConnectionString,
        catalogue: Option<&Path>,
        keys: Arc<Keyring>,
        patience: Duration,
    ) -> Result<Self, JournalError> {
        let server = Server::new(address, patience);
        let opened = match catalogue {
            Some(path) => Catalogue::open(path),
            None => Catalogue::temporary(),
        };
        let catalogue = opened.map_err(|source| JournalError::Storage {
            journal: catalogue.map_or_else(String::new, |path| path.display().to_string()),
            source: source.into(),
        })?;
        let journal = Self {
            server,
            catalogue,
            keys,
            head: watch::Sender::new(0),
            counting: Mutex::new(Counting { done: 0 }),
            begun: Default::default(),
            locks: StreamLocks::default(),
            is_read_only: false,
        };
        journal.recognise().await?;
        journal.count_to_the_end().await?;
        Ok(journal)
    }

    /// The same, to be read: appends to it fail.
    pub fn read_only(self) -> Self {
        Self {
            is_read_only: true,
            ..self
        }
    }

    fn check_writes(&self) -> Result<(), JournalError> {
        match self.is_read_only {
            true => Err(self.error("it was opened to be read only")),
            false => Ok(()),
        }
    }

    /// Begins to count anew where the server isn't the one whose events were counted.
    async fn recognise(&self) -> Result<(), JournalError> {
        let Some(last) = self.last()? else {
            return Ok(());
        };
        let mut there = None;
        let mut first = |raw: Raw| {
            there = Some((raw.place, raw.id));
            false
        };
        let read = self.server.read_all(Some(last.place), 1, &mut first).await;
        read.map_err(|error| self.server_error(error))?;
        if there != Some((last.place, last.id)) {
            tracing::warn!(
                journal = self.server.name(),
                "its history isn't the one whose positions are known: they are counted anew"
            );
            self.catalogue.clear().map_err(|error| self.error(error))?;
        }
        Ok(())
    }

    fn last(&self) -> Result<Option<Last>, JournalError> {
        self.catalogue.last().map_err(|error| self.error(error))
    }

    /// Everything up to there is counted.
    fn reached(&self, head: Position) {
        self.head.send_if_modified(|known| {
            let is_news = head > *known;
            *known = head.max(*known);
            is_news
        });
    }

    /// Counts all that the server has by now; up to which position that is.
    async fn count_to_the_end(&self) -> Result<Position, JournalError> {
        use std::sync::atomic::Ordering;

        let began_before = self.begun.load(Ordering::SeqCst);
        let mut counting = self.counting.lock().await;
        if counting.done > began_before {
            // Somebody began after this was called, and is done.
            return Ok(*self.head.borrow());
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let last = self.last()?;
        let from = last.map(|last| last.place);
        let mut after = from;
        let mut is_same = last.is_none();
        let mut batch = Vec::new();
        let mut failed = None;
        let mut head = last.map_or(0, |last| last.position);
        let mut count = |batch: &mut Vec<_>, after: &mut Option<Place>| -> bool {
            match self.catalogue.count(*after, batch) {
                Ok(reached) => {
                    head = reached;
                    *after = batch
                        .last()
                        .map(|event: &catalogue::ToCount| event.place)
                        .or(*after);
                    batch.clear();
                    true
                }
                Err(error) => {
                    failed = Some(error);
                    false
                }
            }
        };
        let mut each = |raw: Raw| {
            if !is_same {
                // The first is the last that is counted, or the server is another one.
                is_same = last.is_some_and(|last| (last.place, last.id) == (raw.place, raw.id));
                return is_same;
            }
            batch.push(raw.to_count());
            batch.len() < BATCH || count(&mut batch, &mut after)
        };
        let read = self.server.read_all(from, BATCH, &mut each).await;
        read.map_err(|error| self.server_error(error))?;
        if !is_same {
            return Err(
                self.error("its history isn't the one whose positions are known: start again")
            );
        }
        if !batch.is_empty() {
            count(&mut batch, &mut after);
        }
        if let Some(error) = failed {
            return Err(self.error(error));
        }
        self.reached(head);
        counting.done = number;
        Ok(head)
    }

    /// The next events after a place, as the server has them.
    async fn page(&self, after: Option<Place>, limit: usize) -> Result<Vec<Raw>, JournalError> {
        let mut page = Vec::with_capacity(limit);
        let mut each = |raw: Raw| {
            if Some(raw.place) > after {
                page.push(raw);
            }
            page.len() < limit
        };
        let read = self.server.read_all(after, limit, &mut each).await;
        read.map_err(|error| self.server_error(error))?;
        Ok(page)
    }

    /// Waits until an event is counted that the server says is there.
    async fn count_up_to(&self, place: Place) -> Result<(), JournalError> {
        for _ in 0..COUNT_TRIES {
            if self.last()?.is_some_and(|last| last.place >= place) {
                return Ok(());
            }
            self.count_to_the_end().await?;
            if self.last()?.is_some_and(|last| last.place >= place) {
                return Ok(());
            }
            // Another server of the cluster may have answered, which doesn't have it yet.
            sleep(POLL).await;
        }
        Err(self.error("an event that was recorded doesn't come to be read"))
    }

    /// Events that were counted, as they are kept.
    async fn read(&self, counted: &[Counted]) -> Result<Vec<Event>, JournalError> {
        let (Some(first), Some(last)) = (counted.first(), counted.last()) else {
            return Ok(Vec::new());
        };
        let mut events = Vec::with_capacity(counted.len());
        let mut wanted = counted.iter().peekable();
        let mut failed = None;
        let mut each = |raw: Raw| {
            if let Some(next) = wanted.next_if(|next| next.place == raw.place) {
                match decode(raw, next, &self.server) {
                    Ok(event) => events.push(event),
                    Err(error) => failed = Some(error),
                }
            }
            failed.is_none() && wanted.peek().is_some()
        };
        let page = counted.len().min(BATCH);
        let read = self
            .server
            .read_all(Some(first.place), page, &mut each)
            .await;
        read.map_err(|error| self.server_error(error))?;
        if let Some(error) = failed {
            return Err(error);
        }
        if events.len() < counted.len() {
            let (from, to) = (first.position, last.position);
            let what = format!("not all of events {from} to {to} are there");
            return Err(self.error(what));
        }
        Ok(events)
    }

    /// The next events after a position, as they are kept.
    async fn after(&self, position: Position, limit: usize) -> Result<Vec<Event>, JournalError> {
        let look = || {
            let counted = self.catalogue.after(position, limit);
            counted.map_err(|error| self.error(error))
        };
        let mut counted = look()?;
        if counted.len() < limit {
            self.count_to_the_end().await?;
            counted = look()?;
        }
        self.read(&counted).await
    }

    /// The events of a stream, as they are kept.
    async fn stream(
        &self,
        stream: &StreamName,
        revision: u64,
        limit: usize,
    ) -> Result<Vec<Event>, JournalError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let read = self.server.read_stream(stream, revision, limit).await;
        let raws = read.map_err(|error| self.server_error(error))?;
        let Some(last) = raws.last().map(|last| last.revision) else {
            return Ok(Vec::new());
        };
        let look = || {
            let counted = self.catalogue.stream(stream, revision, raws.len());
            counted.map_err(|error| self.error(error))
        };
        let mut counted = look()?;
        if counted.last().map(|counted| counted.revision) < Some(last) {
            self.count_to_the_end().await?;
            counted = look()?;
        }
        if counted.last().map(|counted| counted.revision) < Some(last) {
            return Err(self.error(format!(
                "revision {last} of {stream} isn't among all events yet"
            )));
        }
        let raws = raws.into_iter();
        raws.zip(&counted)
            .map(|(raw, counted)| match raw.revision == counted.revision {
                true => decode(raw, counted, &self.server),
                false => Err(self.error(format!(
                    "{stream} begins with revision {}, and with {} as it was counted: it was truncated there, \
                     or {FILE_NAME} is of another history; remove that file, and run plaudit verify",
                    raw.revision, counted.revision
                ))),
            })
            .collect()
    }

    async fn kept(&self, part: Part<'_>, limit: usize) -> Result<Vec<Event>, JournalError> {
        match part {
            Part::After(position) => self.after(position, limit).await,
            Part::Stream(stream, revision) => self.stream(stream, revision, limit).await,
        }
    }

    /// Looks for events of a stream, where it is known where they are.
    async fn search_stream(
        &self,
        stream: &StreamName,
        search: &Search<'_>,
    ) -> Result<Found, JournalError> {
        let Some(mut rest) = search.until(self.head().await?) else {
            return Ok(Found::nothing());
        };
        let direction = search.direction;
        let size = search.limit.min(SEARCHED);
        let mut events = Vec::new();
        for _ in 0..LOOKED_AT / SEARCHED {
            let counted = self.catalogue.stream_within(stream, rest, direction, size);
            let counted = counted.map_err(|error| self.error(error))?;
            let Some(first) = counted.first() else {
                return Ok(Found { events, rest: None });
            };
            let read = self.stream(stream, first.revision, counted.len()).await?;
            let mut read = self.opened(read).await?;
            if direction == Direction::Backward {
                read.reverse();
            }
            for event in read {
                rest = rest.behind(event.position, direction);
                if search.filter.admits(&event) {
                    events.push(event);
                }
                if events.len() == search.limit {
                    let rest = rest.non_empty();
                    return Ok(Found { events, rest });
                }
            }
            if counted.len() < size {
                return Ok(Found { events, rest: None });
            }
        }
        let rest = rest.non_empty();
        Ok(Found { events, rest })
    }

    /// What was read, with what is personal in it as far as there are keys.
    async fn opened(&self, mut events: Vec<Event>) -> Result<Vec<Event>, JournalError> {
        sealing::open(&self.keys, &mut events).await?;
        Ok(events)
    }

    fn error(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> JournalError {
        JournalError::Storage {
            journal: self.server.name().to_owned(),
            source: source.into(),
        }
    }

    fn server_error(&self, error: ServerError) -> JournalError {
        failed(&self.server, error)
    }
}

fn failed(server: &Server, error: ServerError) -> JournalError {
    let journal = server.name().to_owned();
    match error {
        ServerError::Unreachable { .. } => JournalError::Unavailable {
            journal,
            reason: error.to_string(),
        },
        ServerError::Impossible(_) | ServerError::Refused(_) => JournalError::Storage {
            journal,
            source: error.into(),
        },
    }
}

/// How many events are asked for to know whether there are any.
const FIRST: usize = 100;

/// So many events of a stream are looked at at once.
const SEARCHED: usize = 500;

/// So often is looked for an event that was just recorded.
const COUNT_TRIES: u32 = 100;

/// An event, from what the server has and where it was counted.
fn decode(raw: Raw, counted: &Counted, server: &Server) -> Result<Event, JournalError> {
    let position = counted.position;
    let undecodable = |source| JournalError::Undecodable { position, source };
    let metadata = Metadata::decode(&raw.metadata).map_err(|source| {
        let name = raw.name.clone();
        undecodable(DecodeError::Malformed { name, source })
    })?;
    let body = str::from_utf8(&raw.body).map_err(|_| JournalError::Storage {
        journal: server.name().to_owned(),
        source: format!("the body of event {position} is not UTF-8").into(),
    })?;
    let fact = Fact::decode(&raw.name, metadata.version, body).map_err(undecodable)?;
    Ok(Event {
        position,
        id: raw.id,
        stream: raw.stream,
        revision: raw.revision,
        occurred_at: metadata.occurred_at,
        recorded_at: counted.recorded_at,
        actor: metadata.actor,
        correlation: metadata.correlation,
        causation: metadata.causation,
        imported: metadata.imported,
        fact,
    })
}

#[async_trait]
impl Journal for EventStoreJournal {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        self.check_writes()?;
        self.append_to(stream, expected, events).await
    }

    async fn append_many(&self, events: Vec<NewEvent>) -> Result<Appended, AppendError> {
        self.check_writes()?;
        self.append_in_runs(events).await
    }

    async fn append_kept(&self, events: Vec<Event>) -> Result<(), AppendError> {
        self.check_writes()?;
        self.append_copies(events).await
    }

    async fn read_stream_from(
        &self,
        stream: &StreamName,
        revision: u64,
    ) -> Result<Vec<Event>, JournalError> {
        let events = self.stream(stream, revision, usize::MAX).await?;
        self.opened(events).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Event>, JournalError> {
        let events = self.after(after, limit).await?;
        self.opened(events).await
    }

    async fn read_kept(&self, part: Part<'_>, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.kept(part, limit).await
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Event>, JournalError> {
        let mut positions = positions.to_vec();
        positions.sort_unstable();
        positions.dedup();
        let mut events = Vec::new();
        // Those that stand together are read together.
        for together in positions.chunk_by(|one, next| one + 1 == *next) {
            let Some(before) = together.first().and_then(|first| first.checked_sub(1)) else {
                continue;
            };
            events.extend(self.after(before, together.len()).await?);
        }
        self.opened(events).await
    }

    async fn search(&self, search: &Search<'_>) -> Result<Found, JournalError> {
        match &*search.filter.streams {
            [Streams::Named(stream)] => self.search_stream(stream, search).await,
            _ => search::scan(self, search).await,
        }
    }

    async fn head(&self) -> Result<Position, JournalError> {
        self.count_to_the_end().await
    }

    async fn wait_past(&self, position: Position) -> Result<(), JournalError> {
        let mut head = self.head.subscribe();
        while *head.borrow_and_update() <= position {
            // What is recorded here tells of itself; what others record is looked for now and then. That
            // the server can't be reached is nothing that whoever waits could do something about.
            if timeout(POLL, head.changed()).await.is_err()
                && let Err(error) = self.count_to_the_end().await
            {
                tracing::warn!("no events can be waited for, and it is tried again: {error}");
                sleep(PAUSE).await;
            }
        }
        Ok(())
    }

    async fn forget(&self, account: AccountId, content: Content) -> Result<bool, JournalError> {
        self.check_writes()?;
        Ok(sealing::forget(&self.keys, account, content).await?)
    }

    async fn inspect(&self, extent: Extent, tell: Tell<'_>) -> Result<(), JournalError> {
        self.look_at_all(extent, tell).await
    }
}
