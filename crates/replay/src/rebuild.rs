//! Folding a whole history into a new generation, the bulk way: nothing is fetched, everything is
//! folded in memory, and the tables are loaded at the end in the order of their keys.

use plaudit_domain::{Event, Position};
use plaudit_journal::{JournalError, SharedJournal};
use plaudit_projection::{Rows, Rules, fold};
use plaudit_store::sqlite::BulkLoad;
use tokio::sync::mpsc;

use crate::{FoldingError, Progress, Work, forget_erased};

/// The most events that are read at once.
const BATCH: usize = 5_000;

/// So many batches are read ahead while one is folded.
const AHEAD: usize = 4;

/// Folds everything that a journal has into an empty generation; returns up to where.
///
/// # Errors
/// If the journal can't be read, an event can't be folded, or the rows can't be written. What was
/// loaded is worthless then.
pub async fn rebuild(
    journal: &SharedJournal,
    rules: &Rules,
    load: &mut BulkLoad,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Position, FoldingError> {
    fold_all(journal, rules, load, Extent::All, progress).await
}

/// Folds what a journal has up to a position, to look at it: no keys are destroyed.
///
/// # Errors
/// The same.
pub async fn replay(
    journal: &SharedJournal,
    rules: &Rules,
    load: &mut BulkLoad,
    until: Position,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Position, FoldingError> {
    fold_all(journal, rules, load, Extent::UpTo(until), progress).await
}

/// How much is folded.
#[derive(Clone, Copy)]
enum Extent {
    /// What there is, for good: so what was erased has to go.
    All,
    /// What there was at a position.
    UpTo(Position),
}

async fn fold_all(
    journal: &SharedJournal,
    rules: &Rules,
    load: &mut BulkLoad,
    extent: Extent,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Position, FoldingError> {
    let (until, head) = match extent {
        Extent::All => (Position::MAX, journal.head().await?),
        Extent::UpTo(until) => (until, until),
    };
    let mut events = read_ahead(journal.clone(), until);
    let mut rows = Rows::default();
    let mut position = 0;
    let mut erased = false;
    while let Some(batch) = events.recv().await {
        let batch = batch?;
        for event in &batch {
            fold(event, &mut rows)?;
            position = event.position;
        }
        // All that was before is here: nothing needs to be fetched for it.
        rows.reckon(rules);
        match extent {
            Extent::All => erased |= forget_erased(journal, &batch).await?,
            Extent::UpTo(_) => {}
        }
        // Texts aren't needed to fold, and would fill the memory.
        load.bodies(&rows.bodies)?;
        rows.bodies.clear();
        progress(Progress {
            work: Work::Rebuilding,
            position,
            head,
        });
    }
    rows.finish(rules);
    // Where the keys were gone already, nothing was read that would have to go.
    rows.erased = erased;
    load.bodies(&rows.bodies)?;
    load.rows(&rows, position)?;
    Ok(position)
}

/// Reads and decodes on another thread, while this one folds.
fn read_ahead(
    journal: SharedJournal,
    until: Position,
) -> mpsc::Receiver<Result<Vec<Event>, JournalError>> {
    let (send, receive) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        let mut position = 0;
        loop {
            let left = usize::try_from(until - position).unwrap_or(BATCH);
            let mut events = journal.read_all(position, left.min(BATCH)).await;
            // Where positions are missing, more than are left.
            if let Ok(events) = &mut events {
                events.retain(|event| event.position <= until);
            }
            match &events {
                Ok(events) => match events.last() {
                    Some(last) => position = last.position,
                    None => return,
                },
                Err(_) => {
                    let _ = send.send(events).await;
                    return;
                }
            }
            if send.send(events).await.is_err() {
                return;
            }
        }
    });
    receive
}
