//! What people read from.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use plaudit_domain::Position;
use plaudit_journal::SharedJournal;
use plaudit_projection::Rules;
use plaudit_store::{SharedStore, StoreError};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::FoldingError;
use crate::live::{Folded, Live, Target};
use crate::standings::Standings;

/// Which rows something was read of, by which rules, and as of when: of the same version the same is read. Later ones
/// are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version {
    /// Tells rows and rules from all others of this process.
    pub models: u64,
    /// Everything up to here is folded in.
    pub position: Position,
}

/// One generation as it is read: its rows, the rules that these follow from, and its leaderboards.
///
/// Who holds it reads from it however many others come after it; and as long as somebody does, it is
/// folded on.
pub struct ReadModels {
    /// Tells it from all others of this process.
    number: u64,
    store: SharedStore,
    rules: Arc<Rules>,
    standings: Standings,
    folded: watch::Receiver<Folded>,
    /// What they are folded into, if they are: dropping this ends the fold.
    live: Option<(Arc<Live>, Target)>,
}

impl ReadModels {
    /// Those that are folded on as events come.
    ///
    /// # Errors
    /// If they aren't the rows of this journal, or can't be folded into.
    pub async fn live(journal: SharedJournal, target: Target) -> Result<Self, FoldingError> {
        let live = Live::start(journal, target.clone()).await?;
        Ok(Self {
            folded: live.follow(),
            live: Some((Arc::new(live), target.clone())),
            ..Self::resting(target.store, target.rules, Folded::default())
        })
    }

    /// The same rows under other rules, by which the same are folded.
    pub(crate) fn under(&self, rules: Arc<Rules>) -> Self {
        Self {
            folded: self.folded.clone(),
            live: self.live.clone(),
            ..Self::resting(self.store.clone(), rules, Folded::default())
        }
    }

    /// The number of the generation, where there are several.
    pub fn generation(&self) -> Option<u64> {
        let (_, target) = self.live.as_ref()?;
        target.generations.as_ref().map(|(_, number)| *number)
    }

    /// Those that stay as they are.
    ///
    /// # Errors
    /// If the rows don't tell up to where they are folded.
    pub async fn at_rest(store: SharedStore, rules: Arc<Rules>) -> Result<Self, StoreError> {
        let position = store.position().await?;
        let folded = Folded {
            position,
            ..Folded::default()
        };
        Ok(Self::resting(store, rules, folded))
    }

    fn resting(store: SharedStore, rules: Arc<Rules>, folded: Folded) -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);

        let (_, folded) = watch::channel(folded);
        Self {
            number: MADE.fetch_add(1, Ordering::Relaxed),
            standings: Standings::new(store.clone(), &rules.kudos),
            store,
            rules,
            folded,
            live: None,
        }
    }

    /// The rows, as far as they are folded.
    pub fn store(&self) -> &SharedStore {
        &self.store
    }

    /// The rules that they are folded by.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// The leaderboards.
    pub fn standings(&self) -> &Standings {
        &self.standings
    }

    /// The version of the rows as they are now, asked of the rows themselves: others may fold them, too. What is read
    /// from now on is of this version or a later one. There is none of rows that stay as they are, and while they
    /// can't be read.
    pub async fn version(&self) -> Option<Version> {
        self.live.as_ref()?;
        let position = self.store.position().await.ok()?;
        Some(Version {
            models: self.number,
            position,
        })
    }

    /// Tells whenever rows have changed.
    pub fn follow(&self) -> watch::Receiver<Folded> {
        self.folded.clone()
    }

    /// How far they are folded.
    pub fn folded(&self) -> Folded {
        self.folded.borrow().clone()
    }

    /// Waits, for as long, until everything up to a position is folded in; whether it is.
    pub async fn reached(&self, position: Position, within: Duration) -> bool {
        let mut folded = self.folded.clone();
        let reached = folded.wait_for(|folded| folded.position >= position);
        matches!(timeout(within, reached).await, Ok(Ok(_)))
    }

    /// Does something while nothing more is told to be folded in; it gets to know up to where it is.
    pub(crate) fn held<T>(&self, act: impl FnOnce(Position) -> T) -> T {
        let folded = self.folded.borrow();
        act(folded.position)
    }
}
