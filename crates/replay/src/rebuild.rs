//! Folding a whole history into a new generation, the bulk way: everything is folded in memory, and the tables
//! are loaded in the order of their keys. A history that is too large for that is folded in rounds, as long as
//! memory lets them be: what a later one needs of those before it is fetched once, and written once.

use std::borrow::Cow;
use std::mem;

use plaudit_domain::{Event, Position};
use plaudit_journal::{JournalError, SharedJournal};
use plaudit_projection::{Needs, Rows, Rules, Touched, fold};
use plaudit_store::Load;
use tokio::sync::mpsc;
use tokio::task::yield_now;

use crate::as_of::Admission;
use crate::{FoldingError, Progress, Work, erases, forget_erased};

/// The most events that are read at once.
const BATCH: usize = 5_000;

/// The most events for which rows are fetched at once.
const LARGE_BATCH: usize = 50_000;

/// So many profiles are computed and written at once.
const PROFILES: usize = 20_000;

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
    let mut told = |work, position| {
        progress(Progress {
            work,
            position,
            head,
        });
    };
    let mut rebuild = Rebuild {
        journal,
        rules,
        load,
        extent,
        rows: Rows::default(),
        position: 0,
        written: None,
        erased: false,
        told: &mut told,
    };
    rebuild.run(&mut events).await?;
    Ok(rebuild.position)
}

/// A history on its way into a generation.
struct Rebuild<'a> {
    journal: &'a SharedJournal,
    rules: &'a Rules,
    load: &'a mut dyn Load,
    extent: Extent<'a>,
    /// The rows of this round.
    rows: Rows,
    /// Up to where it is folded.
    position: Position,
    /// Up to where rounds before this one are written.
    written: Option<Position>,
    /// Whether keys were taken away.
    erased: bool,
    told: Told<'a>,
}

/// Events as they are read ahead.
type Events = mpsc::Receiver<Result<Vec<Event>, JournalError>>;

/// Who is told what is done, and up to where.
type Told<'a> = &'a mut (dyn FnMut(Work, Position) + Send);

impl Rebuild<'_> {
    async fn run(&mut self, events: &mut Events) -> Result<(), FoldingError> {
        loop {
            let batch = self.gather(events).await?;
            let Some(last) = batch.last() else { break };
            self.fetch(&batch).await?;
            for event in &batch {
                if self.extent.admits(event, &self.rows) {
                    fold(&self.extent.told(event), &mut self.rows)?;
                    self.position = event.position;
                }
            }
            self.reckon().await?;
            self.erased |= self.forget_erased(&batch).await?;
            self.load.settle(&mut self.rows).await?;
            (self.told)(Work::Rebuilding, last.position);
            if self.rows.weight() > self.load.budget() {
                self.write().await?;
            }
            // While more is read than folded, nothing else lets it be noticed that nobody waits any more.
            yield_now().await;
        }
        self.withhold().await?;
        self.write().await?;
        let (position, told) = (self.position, &mut self.told);
        let mut completed = |done, all| told(Work::Writing { done, all }, position);
        Ok(self.load.complete(&mut completed).await?)
    }

    /// The next events: the first ones as they come, later ones as many as rows are fetched for at once.
    async fn gather(&self, events: &mut Events) -> Result<Vec<Event>, JournalError> {
        let most = match self.written {
            Some(_) => share(self.load.budget(), 16, LARGE_BATCH),
            None => 1,
        };
        let mut gathered = Vec::new();
        while gathered.len() < most {
            match events.recv().await {
                Some(batch) => gathered.append(&mut batch?),
                None => break,
            }
        }
        Ok(gathered)
    }

    /// Fetches what some events touch of what is written.
    async fn fetch(&mut self, batch: &[Event]) -> Result<(), FoldingError> {
        if self.written.is_none() {
            return Ok(());
        }
        // An event is folded once: so all is brought along that it could need.
        let mut touched = Touched::wholly_by(batch);
        if let Extent::Admitted(..) = &self.extent {
            Admission::touch(batch, &mut touched);
        }
        Ok(self.load.fetch(&touched, &mut self.rows).await?)
    }

    async fn reckon(&mut self) -> Result<(), FoldingError> {
        let needs = match self.written {
            Some(_) => Needs::of(&self.rows, self.rules),
            // All that was before is here, but what was settled.
            None => Needs::entries_of(&self.rows),
        };
        self.load.fetch_for(&needs, &mut self.rows).await?;
        self.rows.reckon(self.rules);
        Ok(())
    }

    /// Ends a round.
    async fn write(&mut self) -> Result<(), FoldingError> {
        let mut rows = mem::take(&mut self.rows);
        let changed = rows.close();
        // Where the keys were gone already, nothing was read that would have to go.
        rows.erased = self.erased;
        self.load.settle(&mut rows).await?;
        for some in changed.keys().chunks(PROFILES) {
            rows.unite(some, &changed, self.rules);
            self.load.settle(&mut rows).await?;
        }
        let (position, told) = (self.position, &mut self.told);
        let mut written = |done, all| told(Work::Writing { done, all }, position);
        let from = self.written.replace(position).unwrap_or_default();
        self.load.write(&rows, from, position, &mut written).await?;
        Ok(())
    }

    /// Takes away what isn't to be seen.
    async fn withhold(&mut self) -> Result<(), FoldingError> {
        let Extent::Admitted(_, admission) = &self.extent else {
            return Ok(());
        };
        let unseen = admission.unseen();
        if self.written.is_some() {
            self.load.fetch(&unseen.touched(), &mut self.rows).await?;
        }
        self.rows.withhold(&unseen);
        Ok(())
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
