//! Folding a whole history into a new generation, the bulk way: nothing is fetched, everything is
//! folded in memory, and the tables are loaded at the end in the order of their keys.

use plaudit_domain::{Event, Position};
use plaudit_journal::{JournalError, SharedJournal};
use plaudit_projection::{Rows, Rules, fold};
use plaudit_store::sqlite::BulkLoad;
use tokio::sync::mpsc;

use crate::{FoldingError, Progress, forget_erased};

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
    let head = journal.head().await?;
    let mut events = read_ahead(journal.clone());
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
        erased |= forget_erased(journal, &batch).await?;
        // Texts aren't needed to fold, and would fill the memory.
        load.bodies(&rows.bodies)?;
        rows.bodies.clear();
        progress(Progress { position, head });
    }
    rows.finish(rules);
    // Where the keys were gone already, nothing was read that would have to go.
    rows.erased = erased;
    load.bodies(&rows.bodies)?;
    load.rows(&rows, position)?;
    Ok(position)
}

/// Reads and decodes on another thread, while this one folds.
fn read_ahead(journal: SharedJournal) -> mpsc::Receiver<Result<Vec<Event>, JournalError>> {
    let (send, receive) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        let mut position = 0;
        loop {
            let events = journal.read_all(position, BATCH).await;
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
