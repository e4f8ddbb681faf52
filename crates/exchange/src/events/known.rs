//! Which accounts, posts and groups exist, in the journal or earlier in the file.

use plaudit_domain::names::{Name, Names};
use plaudit_domain::{Event, StreamName};
use plaudit_journal::{JournalError, SharedJournal};
use rustc_hash::FxHashSet;
use tokio::runtime::Handle;

use crate::error::ImportError;
use crate::feed::Feed;

/// How many names a generation holds: a few megabytes.
const GENERATION: usize = 100_000;

/// Which accounts, posts and groups exist. It remembers the last ones that were made or asked for, and
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
            Name::Group(group) => StreamName::group(group),
            Name::Meeting(meeting) => StreamName::meeting(meeting),
            Name::Benefit(request) => StreamName::benefit(request),
        };
        let events = self.runtime.block_on(self.journal.read_stream(&stream))?;
        // A group that was proposed has a stream, and isn't there.
        let makes_it = |event: &Event| Names::of(&event.fact).made == Some(name);
        Ok(events.iter().any(makes_it))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use plaudit_domain::account::{Registered, Renamed};
    use plaudit_domain::fact::AccountFact;
    use plaudit_domain::{AccountId, NewEvent, Time};
    use plaudit_journal::keys::Keyring;
    use plaudit_journal::sqlite::SqliteJournal;
    use uuid::Uuid;

    use super::*;
    use crate::feed;
    use crate::progress::Unwatched;

    fn account(number: u128) -> AccountId {
        AccountId(Uuid::from_u128(number))
    }

    fn event(id: u128, fact: AccountFact) -> NewEvent {
        NewEvent {
            id: Uuid::from_u128(id),
            occurred_at: Time::from_micros(0),
            actor: None,
            correlation: None,
            causation: None,
            imported: false,
            fact: fact.into(),
        }
    }

    #[tokio::test]
    async fn what_is_forgotten_is_found_in_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Arc::new(Keyring::in_memory().unwrap());
        let journal = SqliteJournal::open(&folder.path().join("journal.db"), keys).unwrap();
        let journal: SharedJournal = Arc::new(journal);
        let to_ask = journal.clone();
        feed::run(&journal, &mut Unwatched, move |feed| {
            let mut known = Known {
                generation: 3,
                ..Known::nothing(to_ask)
            };
            for number in 0..20 {
                let account = account(number);
                assert!(!known.exists(account.into(), feed)?);
                let registered = Registered {
                    account,
                    name: "Ada".to_owned().into(),
                    origin: None,
                };
                feed.record(event(number, AccountFact::Registered(registered)), None, 0)?;
                known.remember(account.into(), feed)?;
                assert!(known.younger.len() + known.elder.len() <= 6);
            }
            for number in [0, 19, 7, 0, 1, 2, 3, 4] {
                let account = account(number);
                assert!(known.exists(account.into(), feed)?);
                let renamed = Renamed {
                    account,
                    name: "Ada L.".to_owned().into(),
                };
                let id = Uuid::new_v4().as_u128();
                feed.record(event(id, AccountFact::Renamed(renamed)), None, 0)?;
            }
            assert!(!known.exists(account(20).into(), feed)?);
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(journal.head().await.unwrap(), 28);
    }
}
