//! How far an import or an export is.

/// What it is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reading files. Done and total are bytes.
    Reading,
    /// Recording events. Done and total are rows that become events.
    Recording,
    /// Comparing what is there already with what it should be. Done and total are events.
    Checking,
    /// Copying events. Done and total are events.
    Copying,
    /// Comparing the whole of two histories. Done and total are events.
    Comparing,
    /// Writing a table, by its name. Done and total are positions in the history.
    Writing(&'static str),
}

/// Somebody who watches how far it is. Rate and time left follow from what it is told.
pub trait Progress: Send {
    /// So much of a phase is done. Phases come one after the other, and what is done only grows.
    fn at(&mut self, phase: Phase, done: u64, total: Option<u64>);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn at(&mut self, _: Phase, _: u64, _: Option<u64>) {}
}
