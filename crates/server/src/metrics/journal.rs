//! A journal whose appends are counted and timed.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use plaudit_domain::erasure::Content;
use plaudit_domain::{AccountId, Event, NewEvent, Position, StreamName};
use plaudit_journal::inspection::Extent;
use plaudit_journal::search::{Found, Search};
use plaudit_journal::{
    AppendError, Appended, Expected, Journal, JournalError, Part, SharedJournal, Tell,
};

use super::Metrics;

/// A journal, and where its appends are counted.
pub struct Measured {
    journal: SharedJournal,
    metrics: Arc<Metrics>,
}

impl Measured {
    /// A journal that counts from now on.
    pub fn journal(journal: SharedJournal, metrics: Arc<Metrics>) -> SharedJournal {
        Arc::new(Self { journal, metrics })
    }

    fn count(&self, appended: &Result<Appended, AppendError>, began: Instant) {
        let (outcome, recorded) = match appended {
            Ok(Appended { recorded: 0, .. }) => ("repeated", 0),
            Ok(Appended { recorded, .. }) => ("recorded", *recorded),
            Err(AppendError::Conflict { .. }) => ("conflict", 0),
            Err(AppendError::IdInUse { .. }) => ("id_in_use", 0),
            Err(AppendError::Journal(_)) => ("failed", 0),
        };
        self.metrics.appended(outcome, recorded, began);
    }
}

#[async_trait]
impl Journal for Measured {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        let began = Instant::now();
        let appended = self.journal.append(stream, expected, events).await;
        self.count(&appended, began);
        appended
    }

    async fn append_many(&self, events: Vec<NewEvent>) -> Result<Appended, AppendError> {
        let began = Instant::now();
        let appended = self.journal.append_many(events).await;
        self.count(&appended, began);
        appended
    }

    async fn read_stream(&self, stream: &StreamName) -> Result<Vec<Event>, JournalError> {
        self.journal.read_stream(stream).await
    }

    async fn read_stream_from(
        &self,
        stream: &StreamName,
        revision: u64,
    ) -> Result<Vec<Event>, JournalError> {
        self.journal.read_stream_from(stream, revision).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.journal.read_all(after, limit).await
    }

    async fn read_kept(&self, part: Part<'_>, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.journal.read_kept(part, limit).await
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Event>, JournalError> {
        self.journal.read_at(positions).await
    }

    async fn search(&self, search: &Search<'_>) -> Result<Found, JournalError> {
        self.journal.search(search).await
    }

    async fn head(&self) -> Result<Position, JournalError> {
        self.journal.head().await
    }

    async fn wait_past(&self, position: Position) -> Result<(), JournalError> {
        self.journal.wait_past(position).await
    }

    async fn forget(&self, account: AccountId, content: Content) -> Result<bool, JournalError> {
        self.journal.forget(account, content).await
    }

    async fn inspect(&self, extent: Extent, tell: Tell<'_>) -> Result<(), JournalError> {
        self.journal.inspect(extent, tell).await
    }
}
