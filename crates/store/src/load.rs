//! Filling a generation from nothing.

use std::io;

use async_trait::async_trait;
use plaudit_domain::Position;
use plaudit_projection::{Needs, Rows, Touched};

use crate::{Result, SharedStore};

/// Who is told how many rows are written, and of how many.
pub type Told<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

/// So many bytes of memory rows may take that are not written yet, unless it is said otherwise.
pub(crate) const BUDGET: usize = 7 << 28;

/// A generation that is being filled, in rounds: what happens in one is folded in memory, and written at its
/// end. Dropped before it is [finished](Self::finish), it is worthless.
#[async_trait]
pub trait Load: Send + Sync {
    /// How many bytes of memory the rows of a round may take.
    fn budget(&self) -> usize;

    /// Takes those rows out that no fold has to have in memory, such as texts, and writes them. Of texts of the
    /// same post a later one holds.
    async fn settle(&mut self, rows: &mut Rows) -> Result<()>;

    /// Adds the rows that some events touch to those of a round, as far as earlier rounds wrote them and they
    /// aren't here.
    async fn fetch(&mut self, touched: &Touched, rows: &mut Rows) -> Result<()>;

    /// Adds the rows that its deeds need to be reckoned.
    async fn fetch_for(&mut self, needs: &Needs, rows: &mut Rows) -> Result<()>;

    /// Writes what a round made and changed, from one position to another, once it is
    /// [settled](Self::settle). It may be told how many rows are done, and of how many.
    async fn write(
        &mut self,
        rows: &Rows,
        from: Position,
        to: Position,
        told: Told<'_>,
    ) -> Result<()>;

    /// Makes what is missing after the last round, such as indexes; it may be told how many rows are done,
    /// and of how many.
    async fn complete(&mut self, told: Told<'_>) -> Result<()>;

    /// Makes it durable and opens it as a store.
    async fn finish(self: Box<Self>) -> Result<SharedStore>;
}

/// Why a round can't be written where somebody else has been.
pub(crate) fn overtaken(from: Position, at: Position) -> io::Error {
    io::Error::other(format!(
        "the rows are folded up to event {at}, not to {from}"
    ))
}
