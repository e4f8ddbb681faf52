//! Where facts are kept, in the order in which they were recorded.
//!
//! [`Journal`] is the contract; every journal keeps it, and one suite of tests checks it on each.

use std::sync::Arc;

use async_trait::async_trait;
use plaudit_domain::erasure::Content;
use plaudit_domain::fact::DecodeError;
use plaudit_domain::{AccountId, Event, NewEvent, Position, StreamName};
use uuid::Uuid;

use self::inspection::{Extent, Inspected};
use self::keys::KeysError;
use self::search::{Found, Search};

pub mod absent;
#[cfg(any(feature = "eventstore", feature = "kurrentdb"))]
pub mod eventstore;
pub mod inspection;
pub mod keys;
pub mod location;
pub mod metadata;
pub mod postgres;
mod row;
mod sealing;
pub mod search;
pub mod sqlite;

/// A journal that anybody can hold.
pub type SharedJournal = Arc<dyn Journal>;

/// Where facts are kept.
///
/// Events have positions 1, 2, 3 … without gaps, in the order in which they became readable: who
/// has read up to a position has missed nothing before it.
///
/// Personal data is sealed in it, under the keys of a [`Keyring`](keys::Keyring) that is kept
/// elsewhere: none of it can be read from the journal alone. What can't be opened reads as withheld.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Records events at the end of their one stream, durably, all or none.
    ///
    /// Idempotent in event ids: where these very events are recorded already, it says where, and
    /// records nothing. An empty list records nothing.
    ///
    /// # Errors
    /// [`AppendError::Conflict`] if the stream isn't as expected, [`AppendError::IdInUse`] if an id
    /// belongs to another event, [`AppendError::Journal`] if it can't be written.
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError>;

    /// Records events of any streams in the order given, durably, all or none, without a guard:
    /// for histories that were decided elsewhere. Events whose ids are recorded already are left
    /// out.
    ///
    /// # Errors
    /// [`AppendError::IdInUse`] if an id belongs to an event of another stream or type,
    /// [`AppendError::Journal`] if it can't be written.
    async fn append_many(&self, events: Vec<NewEvent>) -> Result<Appended, AppendError>;

    /// Records events as another journal [keeps](Self::read_kept) them: at the positions that they have there,
    /// with the times at which they were recorded. Nothing is sealed or decided anew. All or none.
    ///
    /// # Errors
    /// If the first of them doesn't come right after the last one here, or they can't be written.
    async fn append_kept(&self, events: Vec<Event>) -> Result<(), AppendError> {
        drop(events);
        Err(JournalError::NoCopies.into())
    }

    /// The events of one stream, in order; none if there is no such stream.
    async fn read_stream(&self, stream: &StreamName) -> Result<Vec<Event>, JournalError> {
        self.read_stream_from(stream, 0).await
    }

    /// The events of one stream that have this revision or a later one, in order.
    async fn read_stream_from(
        &self,
        stream: &StreamName,
        revision: u64,
    ) -> Result<Vec<Event>, JournalError>;

    /// The next events after a position, at most so many. Fewer, or none, only at the end.
    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Event>, JournalError>;

    /// The next events of a part of the history as they are kept, at most so many: what is personal in
    /// them stays sealed. Fewer, or none, only at its end. Whoever hands them on hands on nothing that
    /// opens without the keys; recorded again they are kept as they are.
    async fn read_kept(&self, part: Part<'_>, limit: usize) -> Result<Vec<Event>, JournalError>;

    /// The events at some positions, in order; for a position that there isn't, none comes.
    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Event>, JournalError>;

    /// Looks for events, from either end of a stretch of the history. It looks at
    /// [a bounded number](search::LOOKED_AT) of them: so it may find fewer than there are, or none, and
    /// says where to go on.
    ///
    /// What isn't overridden reads one event after the other.
    async fn search(&self, search: &Search<'_>) -> Result<Found, JournalError> {
        search::scan(self, search).await
    }

    /// The position of the last event, 0 if there is none.
    async fn head(&self) -> Result<Position, JournalError>;

    /// Waits until there is an event after the position, also one that another process recorded.
    async fn wait_past(&self, position: Position) -> Result<(), JournalError>;

    /// Takes away for good what was recorded of who an account is, and of what it wrote, if that
    /// isn't to be kept: its keys are destroyed. The events stay, with the values withheld, in every
    /// copy of the journal, and so does what is recorded about it from now on. Doing it again changes
    /// nothing; whether there was something to take is returned.
    ///
    /// Whoever folds that an account was erased calls this first: so what is recorded as erased is,
    /// also where whoever recorded it didn't come that far.
    async fn forget(&self, account: AccountId, content: Content) -> Result<bool, JournalError>;

    /// Looks at everything as it is kept, trusting nothing, and tells how far it is and what is wrong.
    /// It takes as much memory as one event, and changes nothing.
    ///
    /// # Errors
    /// If it can't go on looking; what it told until then holds.
    async fn inspect(&self, extent: Extent, tell: Tell<'_>) -> Result<(), JournalError>;
}

/// Who is told what an [inspection](Journal::inspect) comes to.
pub type Tell<'a> = &'a mut (dyn FnMut(Inspected) + Send);

/// A part of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// All events after a position.
    After(Position),
    /// The events of a stream that have this revision or a later one.
    Stream(&'a StreamName, u64),
}

/// What a stream has to be like for an append to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It has no events.
    NoStream,
    /// Its last event has this revision.
    Revision(u64),
    /// Anything.
    Any,
}

/// What an append did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// How many events were recorded now; those that were recorded before don't count.
    pub recorded: usize,
    /// The furthest position of any of the events, recorded now or before; the head for no events.
    pub position: Position,
}

/// Why nothing was appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Somebody else was first: load the stream, decide again.
    #[error("{stream} is not as expected: {expected:?}, but its last revision is {actual:?}")]
    Conflict {
        /// The stream.
        stream: StreamName,
        /// What was expected.
        expected: Expected,
        /// The revision of its last event, if it has any.
        actual: Option<u64>,
    },
    /// The id of a new event belongs to another event, of another stream or type.
    #[error("event id {id} is in use for another event")]
    IdInUse {
        /// The id.
        id: Uuid,
    },
    /// The journal can't be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The journal can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// What keeps it failed.
    #[error("journal {journal}: {source}")]
    Storage {
        /// Which journal: its path or address.
        journal: String,
        /// What failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What keeps it can't be reached just now: trying again may help. Of an append it isn't known whether
    /// it was recorded; with the same ids it may be tried again, too.
    #[error("journal {journal} isn't available just now, try again: {reason}")]
    Unavailable {
        /// Which journal: its path or address.
        journal: String,
        /// What it came to.
        reason: String,
    },
    /// An event is there, and can't be read.
    #[error("event {position} can't be read: {source}")]
    Undecodable {
        /// Its position.
        position: Position,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// The keys of personal data can't be read or written.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// There is none.
    #[error("there is no journal here: ask the community that these read models were made from")]
    Absent,
    /// It takes no copies of other journals.
    #[error("nothing can be copied into this kind of journal")]
    NoCopies,
    /// It was closed, or its writer ended; open it again.
    #[error("journal {journal} is closed")]
    Closed {
        /// Which journal.
        journal: String,
    },
}

impl JournalError {
    /// Whether trying again may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::Keys(KeysError::Unavailable { .. }) => true,
            Self::Storage { .. }
            | Self::Undecodable { .. }
            | Self::Keys(_)
            | Self::Absent
            | Self::NoCopies
            | Self::Closed { .. } => false,
        }
    }
}

/// Every event after a position, in order, and then every new one as it comes: none is missed,
/// none is repeated.
pub struct Follow {
    journal: SharedJournal,
    position: Position,
    batch: usize,
}

impl Follow {
    /// Follows a journal from after a position, in batches of at most `batch`.
    pub fn new(journal: SharedJournal, after: Position, batch: usize) -> Self {
        Self {
            journal,
            position: after,
            batch,
        }
    }

    /// The position of the last event that it gave, or that it began after.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The next events, at least one; waits for it. Cancelling it loses nothing.
    pub async fn next(&mut self) -> Result<Vec<Event>, JournalError> {
        loop {
            let events = self.journal.read_all(self.position, self.batch).await?;
            if let Some(last) = events.last() {
                self.position = last.position;
                return Ok(events);
            }
            self.journal.wait_past(self.position).await?;
        }
    }
}
