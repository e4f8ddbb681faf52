//! A journal that something happens to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use plaudit_domain::erasure::Content;
use plaudit_domain::{AccountId, Event, NewEvent, Position, StreamName};
use plaudit_journal::inspection::Extent;
use plaudit_journal::{
    AppendError, Appended, Expected, Journal, JournalError, Part, SharedJournal, Tell,
};
use uuid::Uuid;

/// A journal into which somebody else always writes first: as often as it is said, and only then
/// what it was asked to.
pub struct Overtaken {
    pub journal: SharedJournal,
    /// What the other writes.
    pub by: NewEvent,
    /// How often yet.
    pub times: AtomicUsize,
    /// How often something was to be appended.
    pub appends: AtomicUsize,
}

impl Overtaken {
    pub fn new(journal: SharedJournal, by: NewEvent, times: usize) -> Arc<Self> {
        Arc::new(Self {
            journal,
            by,
            times: times.into(),
            appends: 0.into(),
        })
    }
}

#[async_trait]
impl Journal for Overtaken {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        self.appends.fetch_add(1, Ordering::Relaxed);
        let left = self.times.load(Ordering::Relaxed);
        if let Some(left) = left.checked_sub(1) {
            self.times.store(left, Ordering::Relaxed);
            let other = NewEvent {
                id: Uuid::now_v7(),
                ..self.by.clone()
            };
            self.journal
                .append(stream, Expected::Any, vec![other])
                .await?;
        }
        self.journal.append(stream, expected, events).await
    }

    async fn append_many(&self, events: Vec<NewEvent>) -> Result<Appended, AppendError> {
        self.journal.append_many(events).await
    }

    async fn read_stream_from(
        &self,
        stream: &StreamName,
        revision: u64,
    ) -> Result<Vec<Event>, JournalError> {
        self.journal.read_stream_from(stream, revision).await
    }

    async fn forget(&self, account: AccountId, content: Content) -> Result<bool, JournalError> {
        self.journal.forget(account, content).await
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

    async fn head(&self) -> Result<Position, JournalError> {
        self.journal.head().await
    }

    async fn wait_past(&self, position: Position) -> Result<(), JournalError> {
        self.journal.wait_past(position).await
    }

    async fn inspect(&self, extent: Extent, tell: Tell<'_>) -> Result<(), JournalError> {
        self.journal.inspect(extent, tell).await
    }
}

/// A journal that can't be read beyond a position while it is broken.
pub struct Broken {
    pub journal: SharedJournal,
    pub after: Position,
    pub is_broken: AtomicBool,
}

impl Broken {
    pub fn new(journal: SharedJournal, after: Position) -> Arc<Self> {
        Arc::new(Self {
            journal,
            after,
            is_broken: true.into(),
        })
    }

    pub fn repair(&self) {
        self.is_broken.store(false, Ordering::Relaxed);
    }

    fn check(&self, after: Position) -> Result<(), JournalError> {
        if after >= self.after && self.is_broken.load(Ordering::Relaxed) {
            return Err(JournalError::Storage {
                journal: "the test's".into(),
                source: "the disk is gone".into(),
            });
        }
        Ok(())
    }
}

#[async_trait]
impl Journal for Broken {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        self.journal.append(stream, expected, events).await
    }

    async fn append_many(&self, events: Vec<NewEvent>) -> Result<Appended, AppendError> {
        self.journal.append_many(events).await
    }

    async fn read_stream_from(
        &self,
        stream: &StreamName,
        revision: u64,
    ) -> Result<Vec<Event>, JournalError> {
        self.journal.read_stream_from(stream, revision).await
    }

    async fn forget(&self, account: AccountId, content: Content) -> Result<bool, JournalError> {
        self.journal.forget(account, content).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.check(after)?;
        self.journal.read_all(after, limit).await
    }

    async fn read_kept(&self, part: Part<'_>, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.journal.read_kept(part, limit).await
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Event>, JournalError> {
        self.journal.read_at(positions).await
    }

    async fn head(&self) -> Result<Position, JournalError> {
        self.journal.head().await
    }

    async fn wait_past(&self, position: Position) -> Result<(), JournalError> {
        self.journal.wait_past(position).await
    }

    async fn inspect(&self, extent: Extent, tell: Tell<'_>) -> Result<(), JournalError> {
        self.journal.inspect(extent, tell).await
    }
}

/// A journal that counts how often events are read from it. It can be held up, and broken.
pub struct Counted {
    pub journal: SharedJournal,
    pub read: AtomicUsize,
    pub is_held: AtomicBool,
    pub is_broken: AtomicBool,
}

impl Counted {
    pub fn new(journal: SharedJournal) -> Arc<Self> {
        Arc::new(Self {
            journal,
            read: AtomicUsize::new(0),
            is_held: false.into(),
            is_broken: false.into(),
        })
    }

    async fn count(&self) -> Result<(), JournalError> {
        self.read.fetch_add(1, Ordering::Relaxed);
        while self.is_held.load(Ordering::Relaxed) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(JournalError::Storage {
                journal: "the test's".into(),
                source: "the disk is gone".into(),
            });
        }
        Ok(())
    }
}

#[async_trait]
impl Journal for Counted {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        self.journal.append(stream, expected, events).await
    }

    async fn append_many(&self, events: Vec<NewEvent>) -> Result<Appended, AppendError> {
        self.journal.append_many(events).await
    }

    async fn read_stream_from(
        &self,
        stream: &StreamName,
        revision: u64,
    ) -> Result<Vec<Event>, JournalError> {
        self.count().await?;
        self.journal.read_stream_from(stream, revision).await
    }

    async fn forget(&self, account: AccountId, content: Content) -> Result<bool, JournalError> {
        self.journal.forget(account, content).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.count().await?;
        self.journal.read_all(after, limit).await
    }

    async fn read_kept(&self, part: Part<'_>, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.journal.read_kept(part, limit).await
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Event>, JournalError> {
        self.count().await?;
        self.journal.read_at(positions).await
    }

    async fn head(&self) -> Result<Position, JournalError> {
        self.journal.head().await
    }

    async fn wait_past(&self, position: Position) -> Result<(), JournalError> {
        self.journal.wait_past(position).await
    }

    async fn inspect(&self, extent: Extent, tell: Tell<'_>) -> Result<(), JournalError> {
        self.journal.inspect(extent, tell).await
    }
}
