//! Folding what is recorded, as it comes.

use std::sync::Arc;
use std::time::Duration;

use plaudit_domain::{Event, Position};
use plaudit_journal::{Follow, SharedJournal};
use plaudit_projection::{Touched, fold};
use plaudit_store::{Commit, SharedStore};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::{FoldingError, Progress};

/// The most events of a batch.
const BATCH: usize = 2_000;

/// How long to wait before a journal or a store that failed is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// Where a fold stands.
#[derive(Debug, Clone, Default)]
pub struct Folded {
    /// Everything up to here is folded in.
    pub position: Position,
    /// What keeps it from going on, if anything does.
    pub trouble: Option<Arc<str>>,
}

/// A fold that goes on until it is dropped.
#[derive(Debug)]
pub struct Live {
    folded: watch::Receiver<Folded>,
    /// Dropping this ends the fold.
    _running: watch::Sender<()>,
}

impl Live {
    /// Begins to fold a journal into a store, on a thread of its own: reading and writing rows
    /// would hold up whoever shares it.
    ///
    /// # Errors
    /// If the store doesn't tell its position, or the thread can't be started.
    pub async fn start(journal: SharedJournal, store: SharedStore) -> Result<Self, FoldingError> {
        let position = store.position().await?;
        let (report, folded) = watch::channel(Folded {
            position,
            trouble: None,
        });
        let (running, ended) = watch::channel(());
        let runtime = Handle::current();
        std::thread::Builder::new()
            .name("fold".into())
            .spawn(move || runtime.block_on(run(&journal, &store, &report, ended)))
            .map_err(|source| FoldingError::Files {
                path: "the folding thread".into(),
                source,
            })?;
        Ok(Self {
            folded,
            _running: running,
        })
    }

    /// Where the fold stands.
    pub fn folded(&self) -> Folded {
        self.folded.borrow().clone()
    }

    /// Waits until everything up to a position is folded in, or for as long; whether it is.
    pub async fn reached(&self, position: Position, within: Duration) -> bool {
        let mut folded = self.folded.clone();
        let reached = folded.wait_for(|folded| folded.position >= position);
        matches!(tokio::time::timeout(within, reached).await, Ok(Ok(_)))
    }
}

async fn run(
    journal: &SharedJournal,
    store: &SharedStore,
    report: &watch::Sender<Folded>,
    mut ended: watch::Receiver<()>,
) {
    loop {
        let folding = follow(journal, store, report);
        let error = tokio::select! {
            error = folding => error,
            // Nobody sends; an error says that the owner is gone.
            _ = ended.changed() => return,
        };
        report.send_modify(|folded| folded.trouble = Some(error.to_string().into()));
        if let FoldingError::Stopped(stopped) = &error {
            tracing::error!(
                position = stopped.position,
                "folding stopped for good: {error}"
            );
            return;
        }
        tracing::error!("folding is interrupted, and tried again: {error}");
        tokio::select! {
            () = tokio::time::sleep(RETRY) => {}
            _ = ended.changed() => return,
        }
    }
}

/// Folds until something fails.
async fn follow(
    journal: &SharedJournal,
    store: &SharedStore,
    report: &watch::Sender<Folded>,
) -> FoldingError {
    let mut position = match store.position().await {
        Ok(position) => position,
        Err(error) => return error.into(),
    };
    let mut following = Follow::new(journal.clone(), position, BATCH);
    loop {
        let folded = match following.next().await {
            Ok(events) => batch(store, &events, position).await,
            Err(error) => Err(error.into()),
        };
        match folded {
            Ok(Commit::Done) => position = following.position(),
            Ok(Commit::Overtaken { at }) => {
                position = at;
                following = Follow::new(journal.clone(), position, BATCH);
            }
            Err(error) => return error,
        }
        report.send_replace(Folded {
            position,
            trouble: None,
        });
    }
}

/// Folds everything that the journal has now; what it reached is returned.
pub async fn catch_up(
    journal: &SharedJournal,
    store: &SharedStore,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Position, FoldingError> {
    let head = journal.head().await?;
    let mut position = store.position().await?;
    while position < head {
        let events = journal.read_all(position, BATCH).await?;
        let Some(last) = events.last() else { break };
        position = match batch(store, &events, position).await? {
            Commit::Done => last.position,
            Commit::Overtaken { at } => at,
        };
        progress(Progress { position, head });
    }
    Ok(position)
}

/// Folds the next events after a position: fetch the rows that they touch, fold, write.
async fn batch(
    store: &SharedStore,
    events: &[Event],
    from: Position,
) -> Result<Commit, FoldingError> {
    let mut rows = store.fetch(&Touched::by(events)).await?;
    let mut to = from;
    for event in events {
        fold(event, &mut rows)?;
        to = event.position;
    }
    rows.finish();
    Ok(store.commit(&rows, from, to).await?)
}
