//! Which accounts and posts exist, in the journal or earlier in the file.

use plaudit_domain::StreamName;
use plaudit_journal::{JournalError, SharedJournal};
use rustc_hash::FxHashSet;
use tokio::runtime::Handle;

use super::names::Name;
use crate::error::ImportError;
use crate::feed::Feed;

/// How many names a generation holds: a few megabytes.
const GENERATION: usize = 100_000;

/// Which accounts and posts exist. It remembers the last ones that were made or asked for, and
/// asks the journal for others.
///
/// There are two generations of memory: when the younger is full it becomes the elder, and the
/// elder is forgotten. Everything is in the journal by then, so what is neither remembered nor in
/// the journal doesn't exist.
pub(super) struct Known {
    journal: SharedJournal,
    runtime: Handle,
    younger: FxHashSet<Name>,
    elder: FxHashSet<Name>,
    generation: usize,
}

impl Known {
    /// Nothing is remembered. Only on a thread of a runtime that may block.
    pub(super) fn nothing(journal: SharedJournal) -> Self {
        Self {
            journal,
            runtime: Handle::current(),
            younger: FxHashSet::default(),
            elder: FxHashSet::default(),
            generation: GENERATION,
        }
    }

    /// Remembers that something exists, or will when the feed is written.
    pub(super) fn remember(&mut self, name: Name, feed: &mut Feed) -> Result<(), ImportError> {
        self.younger.insert(name);
        if self.younger.len() >= self.generation {
            feed.flush()?;
            self.elder = std::mem::take(&mut self.younger);
        }
        Ok(())
    }

    /// Whether something exists.
    pub(super) fn exists(&mut self, name: Name, feed: &mut Feed) -> Result<bool, ImportError> {
        if self.younger.contains(&name) {
            return Ok(true);
        }
        let exists = self.elder.contains(&name) || self.is_recorded(name)?;
        if exists {
            self.remember(name, feed)?;
        }
        Ok(exists)
    }

    fn is_recorded(&self, name: Name) -> Result<bool, JournalError> {
        let stream = match name {
            Name::Account(account) => StreamName::account(account),
            Name::Post(post) => StreamName::post(post),
        };
        let events = self.runtime.block_on(self.journal.read_stream(&stream))?;
        Ok(!events.is_empty())
    }
}
