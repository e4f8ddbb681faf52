//! Filling a generation from nothing.

use std::io;

use async_trait::async_trait;
use plaudit_domain::Position;
use plaudit_projection::{Needs, PostBody, Rows, Touched};

use crate::{Result, SharedStore};

/// Who is told how many rows are written, and of how many.
pub type Told<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

/// A generation that is being filled. Dropped before it is [finished](Self::finish), it is worthless.
#[async_trait]
pub trait Load: Send + Sync {
    /// How many bytes of memory the rows may take that are not written yet.
    fn budget(&self) -> usize;

    /// Writes texts; a later one of the same post holds.
    async fn bodies(&mut self, bodies: &[PostBody]) -> Result<()>;

    /// Writes all rows of a history so far but the texts, which it has [taken](Self::bodies) before, and
    /// makes the indexes; it is told how many are done, and of how many. What comes after is
    /// [folded into](Self::fetch) them.
    async fn rows(&mut self, rows: &Rows, position: Position, told: Told<'_>) -> Result<()>;

    /// The rows that a batch touches, once there are [some](Self::rows).
    async fn fetch(&self, touched: &Touched) -> Result<Rows>;

    /// The rows that its deeds need to be reckoned.
    async fn fetch_for(&self, needs: &Needs, rows: &mut Rows) -> Result<()>;

    /// Writes what a batch changed, from one position to another.
    async fn commit(&mut self, rows: &Rows, from: Position, to: Position) -> Result<()>;

    /// Makes it durable and opens it as a store.
    async fn finish(self: Box<Self>) -> Result<SharedStore>;
}

/// Why a batch can't be written where somebody else has been.
pub(crate) fn overtaken(from: Position, at: Position) -> io::Error {
    io::Error::other(format!(
        "the rows are folded up to event {at}, not to {from}"
    ))
}
