//! No journal: beside read models that were made elsewhere.

use async_trait::async_trait;
use plaudit_domain::erasure::Content;
use plaudit_domain::{AccountId, Event, NewEvent, Position, StreamName};

use crate::inspection::Extent;
use crate::{AppendError, Appended, Expected, Journal, JournalError, Part, Tell};

/// Stands for a journal that is elsewhere: of its events nothing is known but up to where they were read.
#[derive(Debug, Clone, Copy)]
pub struct AbsentJournal {
    head: Position,
}

impl AbsentJournal {
    /// Of a journal that was read up to a position.
    pub fn read_up_to(head: Position) -> Self {
        Self { head }
    }
}

#[async_trait]
impl Journal for AbsentJournal {
    async fn append(
        &self,
        _: &StreamName,
        _: Expected,
        _: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        Err(JournalError::Absent.into())
    }

    async fn append_many(&self, _: Vec<NewEvent>) -> Result<Appended, AppendError> {
        Err(JournalError::Absent.into())
    }

    async fn read_stream_from(&self, _: &StreamName, _: u64) -> Result<Vec<Event>, JournalError> {
        Err(JournalError::Absent)
    }

    async fn read_all(&self, _: Position, _: usize) -> Result<Vec<Event>, JournalError> {
        Err(JournalError::Absent)
    }

    async fn read_kept(&self, _: Part<'_>, _: usize) -> Result<Vec<Event>, JournalError> {
        Err(JournalError::Absent)
    }

    async fn read_at(&self, _: &[Position]) -> Result<Vec<Event>, JournalError> {
        Err(JournalError::Absent)
    }

    async fn head(&self) -> Result<Position, JournalError> {
        Ok(self.head)
    }

    async fn wait_past(&self, _: Position) -> Result<(), JournalError> {
        Err(JournalError::Absent)
    }

    async fn forget(&self, _: AccountId, _: Content) -> Result<bool, JournalError> {
        Err(JournalError::Absent)
    }

    async fn inspect(&self, _: Extent, _: Tell<'_>) -> Result<(), JournalError> {
        Err(JournalError::Absent)
    }
}
