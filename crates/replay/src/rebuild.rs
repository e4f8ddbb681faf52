//! Folding a whole history into a new generation, the bulk way: nothing is fetched, everything is
//! folded in memory, and the tables are loaded in the order of their keys. What is left of a history that
//! is too large for that is folded into these, in batches as large as they come.

use std::borrow::Cow;

use plaudit_domain::{Event, Position};
use plaudit_journal::{JournalError, SharedJournal};
use plaudit_projection::{Needs, Rows, Rules, Touched, fold};
use plaudit_store::Load;
use tokio::sync::mpsc;
use tokio::task::yield_now;

use crate::as_of::Admission;
use crate::live::fold_touched;
use crate::{FoldingError, Progress, Work, erases, forget_erased};

/// The most events that are read at once.
const BATCH: usize = 5_000;

/// The most events that are folded at once into rows that are written: what many of them touch is fetched
/// and written once.
const LARGE_BATCH: usize = 250_000;

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
    load: &mut dyn Load,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Position, FoldingError> {
    fold_all(journal, rules, load, Extent::All, progress).await
}

/// The same, while others fold, who have carried out what was erased up to a position: what is erased later is
/// taken out of the file in any case.
///
/// # Errors
/// The same.
pub async fn rebuild_beside(
    journal: &SharedJournal,
    rules: &Rules,
    load: &mut dyn Load,
    carried_out: Position,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Position, FoldingError> {
    fold_all(journal, rules, load, Extent::Beside(carried_out), progress).await
}

/// Folds what a journal has up to a position, to look at it: no keys are destroyed.
///
/// # Errors
/// The same.
pub async fn replay(
    journal: &SharedJournal,
    rules: &Rules,
    load: &mut dyn Load,
    until: Position,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Position, FoldingError> {
    fold_all(journal, rules, load, Extent::UpTo(until), progress).await
}

/// How much is folded.
pub(crate) enum Extent<'a> {
    /// What there is, for good: so what was erased has to go.
    All,
    /// The same, while others do that, too, and have carried out what was erased up to a position.
    Beside(Position),
    /// What there was at a position.
    UpTo(Position),
    /// Of what there was at a position, what is let in.
    Admitted(Position, &'a mut Admission),
}

impl Extent<'_> {
    /// Whether an event is folded into what is there.
    fn admits(&mut self, event: &Event, rows: &Rows) -> bool {
        match self {
            Self::All | Self::Beside(_) | Self::UpTo(_) => true,
            Self::Admitted(_, admission) => admission.admits(event, rows),
        }
    }

    /// An event that is let in, as it is folded.
    fn told<'e>(&self, event: &'e Event) -> Cow<'e, Event> {
        match self {
            Self::All | Self::Beside(_) | Self::UpTo(_) => Cow::Borrowed(event),
            Self::Admitted(_, admission) => admission.told(event),
        }
    }

    /// Takes away what isn't to be seen of it.
    fn withhold(&self, rows: &mut Rows) {
        match self {
            Self::All | Self::Beside(_) | Self::UpTo(_) => {}
            Self::Admitted(_, admission) => rows.withhold(&admission.unseen()),
        }
    }
}

pub(crate) async fn fold_all(
    journal: &SharedJournal,
    rules: &Rules,
    load: &mut dyn Load,
    extent: Extent<'_>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Position, FoldingError> {
    let (until, head) = match extent {
        Extent::All | Extent::Beside(_) => (Position::MAX, journal.head().await?),
        Extent::UpTo(until) | Extent::Admitted(until, _) => (until, until),
    };
    let budget = load.budget();
    let mut events = read_ahead(journal.clone(), until, share(budget, 16, BATCH));
    let mut rebuild = Rebuild {
        journal,
        rules,
        load,
        extent,
        position: 0,
    };
    let mut told = |work, position| {
        progress(Progress {
            work,
            position,
            head,
        });
    };
    let is_whole = rebuild.in_memory(&mut events, &mut told).await?;
    if !is_whole {
        rebuild.in_batches(&mut events, &mut told).await?;
    }
    Ok(rebuild.position)
}

/// A history on its way into a generation.
struct Rebuild<'a> {
    journal: &'a SharedJournal,
    rules: &'a Rules,
    load: &'a mut dyn Load,
    extent: Extent<'a>,
    /// Up to where it is folded.
    position: Position,
}

/// Events as they are read ahead.
type Events = mpsc::Receiver<Result<Vec<Event>, JournalError>>;

/// Who is told what is done, and up to where.
type Told<'a> = &'a mut (dyn FnMut(Work, Position) + Send);

impl Rebuild<'_> {
    /// Folds from the beginning for as long as the rows fit into the memory that there is for them, and
    /// writes them; whether that was all.
    async fn in_memory(
        &mut self,
        events: &mut Events,
        told: Told<'_>,
    ) -> Result<bool, FoldingError> {
        let mut rows = Rows::default();
        let mut erased = false;
        let is_whole = loop {
            let Some(batch) = events.recv().await else {
                break true;
            };
            let batch = batch?;
            for event in &batch {
                if self.extent.admits(event, &rows) {
                    fold(&self.extent.told(event), &mut rows)?;
                    self.position = event.position;
                }
            }
            // All that was before is here: nothing needs to be fetched for it.
            rows.reckon(self.rules);
            erased |= self.forget_erased(&batch).await?;
            // Texts aren't needed to fold, and would fill the memory.
            self.load.bodies(&rows.bodies).await?;
            rows.bodies.clear();
            let position = batch.last().map_or(self.position, |last| last.position);
            told(Work::Rebuilding, position);
            if rows.weight() > self.load.budget() {
                break false;
            }
            // While more is read than folded, nothing else lets it be noticed that nobody waits any more.
            yield_now().await;
        };
        if is_whole {
            self.extent.withhold(&mut rows);
        }
        rows.finish(self.rules);
        // Where the keys were gone already, nothing was read that would have to go.
        rows.erased = erased;
        self.load.bodies(&rows.bodies).await?;
        let position = self.position;
        let mut written = |done, all| told(Work::Writing { done, all }, position);
        self.load.rows(&rows, position, &mut written).await?;
        Ok(is_whole)
    }

    /// Folds the rest into the rows that are written.
    async fn in_batches(
        &mut self,
        events: &mut Events,
        told: Told<'_>,
    ) -> Result<(), FoldingError> {
        loop {
            let batch = gather(events, share(self.load.budget(), 2, LARGE_BATCH)).await?;
            let Some(last) = batch.last() else {
                return self.withhold().await;
            };
            let from = self.position;
            let mut rows = self.fold(&batch).await?;
            let needs = Needs::of(&rows, self.rules);
            self.load.fetch_for(&needs, &mut rows).await?;
            rows.reckon(self.rules);
            rows.finish(self.rules);
            rows.erased = self.forget_erased(&batch).await?;
            self.load.commit(&rows, from, self.position).await?;
            told(Work::Rebuilding, last.position);
            yield_now().await;
        }
    }

    /// Folds a batch into the rows that it touches, which are written already.
    async fn fold(&mut self, batch: &[Event]) -> Result<Rows, FoldingError> {
        let mut touched = Touched::by(batch);
        if let Extent::Admitted(_, admission) = &mut self.extent {
            // An event is let in once: so all is brought along that it could need.
            touched.references = true;
            Admission::touch(batch, &mut touched);
            let mut rows = self.load.fetch(&touched).await?;
            for event in batch {
                if admission.admits(event, &rows) {
                    fold(&admission.told(event), &mut rows)?;
                    self.position = event.position;
                }
            }
            return Ok(rows);
        }
        loop {
            let mut rows = self.load.fetch(&touched).await?;
            if fold_touched(batch, &mut rows, &mut touched)? {
                self.position = batch.last().map_or(self.position, |last| last.position);
                return Ok(rows);
            }
        }
    }

    /// Takes away what isn't to be seen of rows that are written.
    async fn withhold(&mut self) -> Result<(), FoldingError> {
        let Extent::Admitted(_, admission) = &self.extent else {
            return Ok(());
        };
        let unseen = admission.unseen();
        let mut rows = self.load.fetch(&unseen.touched()).await?;
        rows.withhold(&unseen);
        rows.finish(self.rules);
        let at = self.position;
        Ok(self.load.commit(&rows, at, at).await?)
    }

    /// Takes the keys away of who is erased, if this is for good; whether they were still there.
    async fn forget_erased(&self, events: &[Event]) -> Result<bool, FoldingError> {
        match self.extent {
            Extent::All => forget_erased(self.journal, events).await,
            Extent::Beside(carried_out) => {
                // They may have done it since this was read.
                let late = |event: &Event| event.position > carried_out && erases(event);
                let forgotten = forget_erased(self.journal, events).await?;
                Ok(forgotten || events.iter().any(late))
            }
            Extent::UpTo(_) | Extent::Admitted(..) => Ok(false),
        }
    }
}

/// How many events, with the rows that they touch, a part of a budget has room for.
fn share(budget: usize, part: usize, most: usize) -> usize {
    /// What that takes, about.
    const EVENT: usize = 2 * 1024;
    (budget / part / EVENT).clamp(1, most)
}

/// The next events, as many as are folded at once into rows that are written.
async fn gather(events: &mut Events, most: usize) -> Result<Vec<Event>, JournalError> {
    let mut gathered = Vec::new();
    while gathered.len() < most {
        match events.recv().await {
            Some(batch) => gathered.append(&mut batch?),
            None => break,
        }
    }
    Ok(gathered)
}

/// Reads and decodes on another thread, while this one folds.
fn read_ahead(journal: SharedJournal, until: Position, most: usize) -> Events {
    let (send, receive) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        let mut position = 0;
        loop {
            let left = usize::try_from(until - position).unwrap_or(most);
            let mut events = journal.read_all(position, left.min(most)).await;
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
