//! Folding what is recorded, as it comes.

use std::convert::Infallible;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use plaudit_domain::{Event, Position};
use plaudit_journal::{Follow, SharedJournal};
use plaudit_projection::{FoldError, Needs, Rows, Rules, Stopped, Touched, fold};
use plaudit_store::{Commit, Lease, SharedStore};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::{FoldingError, Generations, Progress, Work, activates, erases, forget_erased, stand};

/// The most events of a batch.
const BATCH: usize = 10_000;

/// How long to wait before a journal or a store that failed is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// So often is looked whether what others fold is the same history.
const LOOK: Duration = Duration::from_secs(2);

/// What was erased is taken out of the files once nothing was folded for so long,
const QUIET: Duration = Duration::from_millis(250);

/// or, if something kept it from that, for so long,
const AGAIN: Duration = Duration::from_secs(5);

/// then twice as long each time, up to so long, since nothing is folded while it is tried;
const SELDOM: Duration = Duration::from_secs(600);

/// and after so long in any case.
const AT_LATEST: Duration = Duration::from_secs(30);

/// Where a fold stands.
#[derive(Debug, Clone, Default)]
pub struct Folded {
    /// Everything up to here is folded in.
    pub position: Position,
    /// What keeps it from going on, if anything does.
    pub trouble: Option<Arc<str>>,
    /// Whether it stays there, because trying again can't help.
    pub stopped: bool,
    /// The last event by which other rules may have come into force since it began.
    pub activated: Position,
    /// Whether another process folds, and this one sees how far it is.
    pub follows: bool,
    /// How many batches were folded in since it began.
    pub batches: u64,
    /// How many events those had.
    pub events: u64,
}

impl Folded {
    /// Counts what others have folded, too.
    pub(crate) fn add(&mut self, other: &Self) {
        self.batches += other.batches;
        self.events += other.events;
    }

    /// It stands at a position, with nothing in its way.
    fn reach(&mut self, position: Position) {
        self.position = position;
        self.trouble = None;
    }
}

/// What is folded into.
#[derive(Clone)]
pub struct Target {
    /// The rows.
    pub store: SharedStore,
    /// What they are made by.
    pub rules: Arc<Rules>,
    /// Where former rows are, which hold what was erased since; and which of them these are.
    pub generations: Option<(Generations, u64)>,
}

impl Target {
    /// Rows that have no others beside them.
    pub fn alone(store: SharedStore, rules: Arc<Rules>) -> Self {
        let generations = None;
        Self {
            store,
            rules,
            generations,
        }
    }

    /// Whether something that was erased may still stand in a file. It is out of sight already.
    async fn has_erased(&self) -> Result<bool, FoldingError> {
        let noted = match &self.generations {
            Some((generations, _)) => generations.has_erased().await?,
            None => false,
        };
        Ok(noted || self.store.has_erased().await?)
    }

    /// Takes what was erased out of all files; when to try again, if something of it is left, by who waited so long
    /// for this. What keeps it from that keeps nothing else.
    async fn purge_if_it_can(&self, waited: Duration) -> Option<Duration> {
        match self.purge().await {
            Ok(true) => None,
            Ok(false) => Some(QUIET),
            Err(error) => {
                tracing::warn!("what was erased is still in a file, and tried again: {error}");
                Some(AGAIN.max(waited * 2).min(SELDOM))
            }
        }
    }

    /// The same, or what keeps it from that. Files that other processes have open stay as long.
    async fn purge(&self) -> Result<bool, FoldingError> {
        let Some((generations, own)) = &self.generations else {
            self.store.purge().await?;
            return Ok(true);
        };
        if self.store.has_erased().await? {
            // Before it is forgotten here.
            generations.note_erased().await?;
            self.store.purge().await?;
        }
        generations.remove_others(*own).await
    }
}

/// A fold that goes on until it is dropped. Dropping it waits for the batch that is being folded.
#[derive(Debug)]
pub struct Live {
    folded: watch::Receiver<Folded>,
    /// Dropping this ends the fold.
    running: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.running = None;
        if let Some(thread) = self.thread.take() {
            // An error is a panic of the thread, which has been reported.
            let _ = thread.join();
        }
    }
}

impl Live {
    /// Begins to fold a journal into a store, on a thread of its own: reading and writing rows
    /// would hold up whoever shares it.
    ///
    /// # Errors
    /// If the store doesn't tell its position, or is ahead of the journal, or the thread can't be
    /// started.
    pub async fn start(journal: SharedJournal, target: Target) -> Result<Self, FoldingError> {
        let (position, _) = stand(&journal, &*target.store).await?;
        let (report, folded) = watch::channel(Folded {
            position,
            ..Folded::default()
        });
        let (running, ended) = watch::channel(());
        let runtime = Handle::current();
        let thread = thread::Builder::new()
            .name("fold".into())
            .spawn(move || runtime.block_on(run(&journal, &target, &report, ended)))
            .map_err(FoldingError::Thread)?;
        Ok(Self {
            folded,
            running: Some(running),
            thread: Some(thread),
        })
    }

    /// Tells whenever the fold has gone on.
    pub fn follow(&self) -> watch::Receiver<Folded> {
        self.folded.clone()
    }
}

async fn run(
    journal: &SharedJournal,
    target: &Target,
    report: &watch::Sender<Folded>,
    mut ended: watch::Receiver<()>,
) {
    loop {
        let error = tokio::select! {
            biased;
            // Nobody sends; an error says that the owner is gone.
            _ = ended.changed() => return,
            Err(error) = follow(journal, target, report) => error,
        };
        let stopped = error.is_final();
        let trouble: Arc<str> = error.to_string().into();
        let is_news = report.borrow().trouble.as_ref() != Some(&trouble);
        report.send_modify(|folded| {
            folded.trouble = Some(trouble);
            folded.stopped = stopped;
        });
        if stopped {
            tracing::error!("folding stopped for good: {error}");
            return;
        }
        // A disk stays full for longer than a log should tell so twice a second.
        if is_news {
            tracing::error!("folding is interrupted, and tried again: {error}");
        }
        tokio::select! {
            () = sleep(RETRY) => {}
            _ = ended.changed() => return,
        }
    }
}

/// Folds until something fails.
async fn follow(
    journal: &SharedJournal,
    target: &Target,
    report: &watch::Sender<Folded>,
) -> Result<Infallible, FoldingError> {
    loop {
        let mut moved = |position| others(report, position);
        let lease = tokio::select! {
            lease = target.store.lease(&mut moved) => lease?,
            error = not_ours(journal, target) => return Err(error),
        };
        fold_on(journal, target, report, &lease).await?;
    }
}

/// Others have folded up to a position.
fn others(report: &watch::Sender<Folded>, position: Position) {
    report.send_if_modified(|folded| {
        let is_news = folded.position != position || folded.trouble.is_some() || !folded.follows;
        if is_news {
            folded.follows = true;
            folded.reach(position);
            // They have seen what was in between.
            folded.activated = position;
        }
        is_news
    });
}

/// Waits until it shows that what others fold isn't this journal.
async fn not_ours(journal: &SharedJournal, target: &Target) -> FoldingError {
    loop {
        sleep(LOOK).await;
        match stand(journal, &*target.store).await {
            Err(error) if error.is_final() => return error,
            // Whether it is out of reach shows elsewhere, too.
            Ok(_) | Err(_) => {}
        }
    }
}

/// Folds for as long as nobody else does.
async fn fold_on(
    journal: &SharedJournal,
    target: &Target,
    report: &watch::Sender<Folded>,
    lease: &Lease,
) -> Result<(), FoldingError> {
    let (mut position, head) = stand(journal, &*target.store).await?;
    let mut erased = target.has_erased().await?.then(Erased::now);
    report.send_modify(|folded| {
        folded.follows = false;
        // Others may have folded since it was known last.
        folded.position = position;
        if position == head {
            // What was in the way isn't any more, though nothing comes to show it.
            folded.reach(position);
        }
    });
    let mut following = Follow::new(journal.clone(), position, BATCH);
    loop {
        let Some(events) = next(&mut following, lease, target, &mut erased).await? else {
            return Ok(());
        };
        if erased.is_none() && events.iter().any(erases) {
            erased = Some(Erased::now());
        }
        match batch(journal, target, &events, position).await? {
            Commit::Done => {
                position = following.position();
                report.send_modify(|folded| {
                    folded.reach(position);
                    if events.iter().any(activates) {
                        folded.activated = position;
                    }
                    folded.batches += 1;
                    folded.events += events.len() as u64;
                });
            }
            Commit::Overtaken { at } => {
                position = at;
                following = Follow::new(journal.clone(), position, BATCH);
                report.send_modify(|folded| {
                    folded.reach(position);
                    // Somebody else has seen what was in between.
                    folded.activated = position;
                });
            }
        }
        // With a long way to go nothing else lets the owner's end be noticed.
        tokio::task::yield_now().await;
    }
}

/// Something was erased that is still in a file.
#[derive(Clone, Copy)]
struct Erased {
    since: Instant,
    /// So long nothing has to be folded before it is taken out.
    quiet: Duration,
}

impl Erased {
    fn now() -> Self {
        Self {
            since: Instant::now(),
            quiet: QUIET,
        }
    }
}

/// The next events; none, once somebody else may fold. Once none come for a while, what was erased is taken out of
/// the files: nothing can be folded meanwhile, and often more is erased at once.
async fn next(
    following: &mut Follow,
    lease: &Lease,
    target: &Target,
    erased: &mut Option<Erased>,
) -> Result<Option<Vec<Event>>, FoldingError> {
    while let Some(Erased { since, quiet }) = *erased {
        if since.elapsed() < AT_LATEST.max(quiet)
            && let Ok(events) = timeout(quiet, held(following, lease)).await
        {
            return events;
        }
        let again = target.purge_if_it_can(quiet).await;
        *erased = again.map(|quiet| Erased {
            quiet,
            ..Erased::now()
        });
    }
    held(following, lease).await
}

/// The next events; none, once somebody else may fold.
async fn held(following: &mut Follow, lease: &Lease) -> Result<Option<Vec<Event>>, FoldingError> {
    tokio::select! {
        biased;
        () = lease.lost() => Ok(None),
        events = following.next() => Ok(Some(events?)),
    }
}

/// Folds everything that the journal has now; what it reached is returned.
pub async fn catch_up(
    journal: &SharedJournal,
    target: &Target,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Position, FoldingError> {
    let (mut position, head) = stand(journal, &*target.store).await?;
    while position < head {
        let events = journal.read_all(position, BATCH).await?;
        let Some(last) = events.last() else { break };
        position = match batch(journal, target, &events, position).await? {
            Commit::Done => last.position,
            Commit::Overtaken { at } => at,
        };
        progress(Progress {
            work: Work::CatchingUp,
            position,
            head,
        });
    }
    // Where somebody else serves these rows, they do it, too.
    target.purge_if_it_can(QUIET).await;
    Ok(position)
}

/// Folds the next events after a position: fetch the rows that they touch, fold, write.
async fn batch(
    journal: &SharedJournal,
    target: &Target,
    events: &[Event],
    from: Position,
) -> Result<Commit, FoldingError> {
    let store = &target.store;
    let mut touched = Touched::by(events);
    let mut rows = loop {
        let mut rows = store.fetch(&touched).await?;
        if fold_touched(events, &mut rows, &mut touched)? {
            break rows;
        }
    };
    let needs = Needs::of(&rows, &target.rules);
    store.fetch_for(&needs, &mut rows).await?;
    rows.reckon(&target.rules);
    rows.finish(&target.rules);
    let to = events.last().map_or(from, |last| last.position);
    // Before the rows say that it is done.
    forget_erased(journal, events).await?;
    Ok(store.commit(&rows, from, to).await?)
}

/// Folds events into the rows that they touch; whether all of those were there. If not, what is touched
/// says what else there has to be.
fn fold_touched(events: &[Event], rows: &mut Rows, touched: &mut Touched) -> Result<bool, Stopped> {
    match events.iter().try_for_each(|event| fold(event, rows)) {
        Ok(()) => Ok(true),
        Err(Stopped {
            cause: FoldError::Unnamed(_),
            ..
        }) if touched.references.is_none() => {
            touched.refer_wholly();
            Ok(false)
        }
        Err(stopped) => Err(stopped),
    }
}
