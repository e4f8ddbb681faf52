//! The engine: commands become events, events become rows.
//!
//! [`Community`] is what a server holds: it decides commands, records what they decide, and lets
//! the caller read their own writes. [`live`] folds what is recorded as it comes; [`rebuild`]
//! folds a whole history into a new generation, [`as_of`] what of it had happened by a moment; [`renewal`] puts
//! others in the place of those that people read from, by the rules that are in [force](activation);
//! [`verify`] tells whether all of this came to what it
//! should, [`preview()`](preview::preview) what other rules would make of it.

use std::mem::discriminant;
use std::path::PathBuf;
use std::sync::Arc;

use plaudit_domain::fact::{AccountFact, RulesFact};
use plaudit_domain::{Event, Fact, Position};
use plaudit_journal::{JournalError, SharedJournal};
use plaudit_projection::Stopped;
use plaudit_store::{Store, StoreError};

pub mod activation;
mod apart;
pub mod as_of;
mod background;
mod community;
pub mod generation;
mod links;
pub mod live;
mod moments;
pub mod preview;
mod read_models;
pub mod rebuild;
pub mod renewal;
pub mod standings;
pub mod verify;

pub use community::{Clock, CommandError, Community, Follower, Idempotency, Outcome, Request};
pub use generation::{Generation, Generations};
pub use moments::{MomentError, Moments};
pub use read_models::{ReadModels, Version};
pub use renewal::Renewal;

/// Why folding ended.
#[derive(Debug, thiserror::Error)]
pub enum FoldingError {
    /// An event can't be folded; nothing is skipped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The journal can't be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The rows can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rows hold what the journal doesn't: they were folded from another one, or it was put
    /// back to an earlier state.
    #[error(
        "the read models are folded up to event {position}, but the journal ends at {head}: rebuild them"
    )]
    Ahead {
        /// Up to where the rows are folded.
        position: Position,
        /// Where the journal ends.
        head: Position,
    },
    /// The rows were folded from another history.
    #[error(
        "the read models are of another history: event {position} isn't the one that they were folded up to: rebuild them"
    )]
    Foreign {
        /// Up to where the rows are folded.
        position: Position,
    },
    /// Others don't get as far as those in use.
    #[error("they are folded up to event {position} of {head}, and no further: {trouble}")]
    Behind {
        /// Up to where they are folded.
        position: Position,
        /// Where the journal ends.
        head: Position,
        /// What is in the way.
        trouble: Arc<str>,
    },
    /// The files of the read models can't be managed.
    #[error("{path}: {source}")]
    Files {
        /// Which file or directory.
        path: PathBuf,
        /// What failed.
        source: std::io::Error,
    },
    /// There is no thread for it, or it panicked.
    #[error("folding on a thread of its own: {0}")]
    Thread(std::io::Error),
}

impl FoldingError {
    /// Whether something couldn't be reached just now: trying again may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Journal(error) => error.is_passing(),
            Self::Store(error) => error.is_passing(),
            Self::Stopped(_)
            | Self::Ahead { .. }
            | Self::Foreign { .. }
            | Self::Behind { .. }
            | Self::Files { .. }
            | Self::Thread(_) => false,
        }
    }

    /// Whether trying again can't help.
    fn is_final(&self) -> bool {
        match self {
            Self::Stopped(_) | Self::Ahead { .. } | Self::Foreign { .. } => true,
            Self::Journal(error) => matches!(error, JournalError::Undecodable { .. }),
            Self::Store(_) | Self::Files { .. } | Self::Thread(_) | Self::Behind { .. } => false,
        }
    }
}

/// Up to where rows are folded, and where the journal ends.
///
/// # Errors
/// If they aren't the rows of this journal, in which earlier events never change.
async fn stand(
    journal: &SharedJournal,
    store: &dyn Store,
) -> Result<(Position, Position), FoldingError> {
    // Both of one moment: others may be folding, too.
    let Some((position, id)) = store.last_event().await? else {
        return Ok((0, journal.head().await?));
    };
    let head = journal.head().await?;
    if position > head {
        return Err(FoldingError::Ahead { position, head });
    }
    let last = journal.read_all(position - 1, 1).await?;
    if last.first().is_none_or(|event| event.id != id) {
        return Err(FoldingError::Foreign { position });
    }
    Ok((position, head))
}

/// Whether an event erases an account.
fn erases(event: &Event) -> bool {
    matches!(&event.fact, Fact::Account(AccountFact::Erased(_)))
}

/// Whether by an event other rules come into force.
fn activates(event: &Event) -> bool {
    matches!(&event.fact, Fact::Rules(RulesFact::Activated(_)))
}

/// Takes the keys away of accounts that some events erase; whether any were still there.
async fn forget_erased(journal: &SharedJournal, events: &[Event]) -> Result<bool, FoldingError> {
    let mut some = false;
    for event in events {
        if let Fact::Account(AccountFact::Erased(erased)) = &event.fact {
            some |= journal.forget(erased.account, erased.content).await?;
        }
    }
    Ok(some)
}

/// How far a fold is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it does.
    pub work: Work,
    /// Up to where it has folded.
    pub position: Position,
    /// Where the journal ends, or ended when it began.
    pub head: Position,
}

impl Progress {
    /// How much of it is done: events, or where they are written, rows.
    pub fn done(&self) -> u64 {
        match self.work {
            Work::Rebuilding | Work::CatchingUp => self.position,
            Work::Writing { done, .. } => done,
        }
    }

    /// How much there is to do, of the same.
    pub fn all(&self) -> u64 {
        match self.work {
            Work::Rebuilding | Work::CatchingUp => self.head,
            Work::Writing { all, .. } => all,
        }
    }

    /// How much of all is done, from 0 to 1.
    pub fn ratio(&self) -> f64 {
        self.done() as f64 / (self.all() as f64).max(1.0)
    }

    /// Whether it goes on with what it did.
    pub fn continues(&self, before: &Self) -> bool {
        discriminant(&self.work) == discriminant(&before.work)
    }
}

/// What a fold does that goes a long way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// It makes all rows anew.
    Rebuilding,
    /// It writes the rows that it made, and their indexes.
    Writing {
        /// How many of them it has written.
        done: u64,
        /// How many there are.
        all: u64,
    },
    /// It goes on from rows that are there.
    CatchingUp,
}
