//! Putting other read models in the place of those that people read from, while they do: where other rules
//! came into force, where somebody else made a generation, and where one is asked for.
//!
//! The next generation is made beside the one in use, caught up by the live fold, and only then named and
//! swapped in: whatever fails, the one in use goes on.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use plaudit_domain::{Position, Time};
use plaudit_journal::SharedJournal;
use plaudit_projection::Rules;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::activation::rules_in_force;
use crate::generation::{Generation, Guard, Replaced};
use crate::live::Target;
use crate::{Community, FoldingError, Generations, Progress, ReadModels, Work, apart, background};

/// So often is looked whether somebody else named another generation.
const TICK: Duration = Duration::from_millis(500);

/// What failed is tried again after so long, if it has to be,
const RETRY: Duration = Duration::from_secs(15);

/// and after twice as long each time, but no longer than this: it may take all of the processor in vain.
const RETRY_AT_LATEST: Duration = Duration::from_secs(15 * 60);

/// So long catching up may take without any progress.
const PATIENCE: Duration = Duration::from_secs(60);

/// What renews the read models of a community, until it is dropped.
pub struct Renewal {
    asked: watch::Sender<u64>,
    state: watch::Receiver<Renewing>,
}

/// How a renewal stands.
#[derive(Debug, Clone, Default)]
pub struct Renewing {
    /// What it does, if there is something to do.
    pub work: Option<Underway>,
    /// How many generations were swapped in.
    pub swaps: u64,
    /// How many of these had to be folded anew.
    pub rebuilds: u64,
    /// How many times one failed.
    pub failures: u64,
    /// What kept the last one from being swapped in, if anything did.
    pub failure: Option<Failure>,
}

/// A generation on its way.
#[derive(Debug, Clone, Copy)]
pub struct Underway {
    /// How far it is.
    pub progress: Progress,
    /// Since when it does that,
    pub since: Instant,
    /// and from where on.
    pub first: u64,
}

/// Why a generation wasn't swapped in.
#[derive(Debug, Clone)]
pub struct Failure {
    /// When it was.
    pub at: Time,
    /// What failed.
    pub message: Arc<str>,
}

impl Underway {
    /// How many events it folds a second, or how many rows it writes.
    pub fn per_second(&self) -> Option<f64> {
        let done = self.progress.done().saturating_sub(self.first) as f64;
        let rate = done / self.since.elapsed().as_secs_f64().max(0.001);
        (rate > 0.0).then_some(rate)
    }

    /// How long it takes to get to the end, at this rate.
    pub fn left(&self) -> Option<Duration> {
        let left = self.progress.all().saturating_sub(self.progress.done()) as f64;
        Duration::try_from_secs_f64(left / self.per_second()?).ok()
    }
}

impl Renewal {
    /// Begins to look after the read models of a community, on a thread of its own: a rebuild would hold
    /// up whoever shares it.
    ///
    /// # Errors
    /// If the thread can't be started.
    pub fn start(
        community: &Arc<Community>,
        generations: Generations,
    ) -> Result<Self, FoldingError> {
        let (asked, requests) = watch::channel(0);
        let (report, state) = watch::channel(Renewing::default());
        let renewer = Renewer {
            community: Arc::downgrade(community),
            journal: community.journal().clone(),
            generations,
            report,
            known: None,
            rest: Rest::default(),
        };
        if renewer.generations.are_shared() {
            community.set_apart(true);
            let generations = renewer.generations.clone();
            tokio::spawn(apart::look_after(Arc::downgrade(community), generations));
        }
        let runtime = Handle::current();
        thread::Builder::new()
            .name("renew".into())
            .spawn(move || runtime.block_on(renewer.run(requests)))
            .map_err(FoldingError::Thread)?;
        Ok(Self { asked, state })
    }

    /// Asks for all rows to be folded anew; whether that isn't under way already.
    pub fn rebuild(&self) -> bool {
        if self.state.borrow().work.is_some() {
            return false;
        }
        self.asked.send_modify(|asked| *asked += 1);
        true
    }

    /// How it stands.
    pub fn state(&self) -> Renewing {
        self.state.borrow().clone()
    }

    /// Tells whenever that changes.
    pub fn follow(&self) -> watch::Receiver<Renewing> {
        self.state.clone()
    }
}

/// What does it.
struct Renewer {
    community: Weak<Community>,
    journal: SharedJournal,
    generations: Generations,
    report: watch::Sender<Renewing>,
    known: Option<Known>,
    rest: Rest,
}

/// How long nothing is made after something failed: what somebody else makes is taken up meanwhile.
#[derive(Clone, Copy, Default)]
struct Rest {
    until: Option<Instant>,
    pause: Duration,
}

impl Rest {
    fn is_over(self) -> bool {
        self.until.is_none_or(|until| Instant::now() >= until)
    }

    fn longer(self) -> Self {
        let pause = (self.pause * 2).clamp(RETRY, RETRY_AT_LATEST);
        Self {
            until: Some(Instant::now() + pause),
            pause,
        }
    }
}

/// The rules in force, and which read models had folded up to which activation when they were looked up.
struct Known {
    rules: Arc<Rules>,
    models: Weak<ReadModels>,
    activated: Position,
}

/// What is to be done.
enum Plan {
    /// Nothing.
    Stay,
    /// The same rows are read by other rules.
    Reinterpret(Arc<Rules>),
    /// Other rows are read.
    Renew(Arc<Rules>),
}

impl Renewer {
    async fn run(mut self, mut requests: watch::Receiver<u64>) {
        let mut ended = requests.clone();
        let renew = async {
            loop {
                let wanted = requests.has_changed().unwrap_or(false);
                requests.borrow_and_update();
                if self.community.strong_count() == 0 {
                    return;
                }
                let renewed = self.renew(wanted).await;
                self.report.send_modify(|state| state.work = None);
                match renewed {
                    Ok(()) if self.rest.is_over() => self.rest = Rest::default(),
                    Ok(()) => {}
                    Err(error) => {
                        if wanted || self.rest.is_over() {
                            self.failed(&error).await;
                            self.rest = self.rest.longer();
                        }
                    }
                }
                // Who asks is heard at once.
                let _ = timeout(TICK, requests.changed()).await.map(|asked| {
                    if asked.is_ok() {
                        requests.mark_changed();
                    }
                });
            }
        };
        let end = async { while ended.changed().await.is_ok() {} };
        tokio::select! {
            biased;
            () = end => {}
            () = renew => {}
        }
    }

    /// Brings about what has to be read from, if it isn't read from yet.
    async fn renew(&mut self, wanted: bool) -> Result<(), FoldingError> {
        match self.plan(wanted).await? {
            Plan::Stay => Ok(()),
            Plan::Reinterpret(rules) => {
                if let Some(community) = self.community.upgrade() {
                    let current = community.read_models();
                    let next = Arc::new(current.under(rules));
                    drop(current);
                    self.swap(&community, next).await;
                }
                Ok(())
            }
            Plan::Renew(rules) => self.replace(rules, wanted).await,
        }
    }

    async fn plan(&mut self, wanted: bool) -> Result<Plan, FoldingError> {
        let Some(community) = self.community.upgrade() else {
            return Ok(Plan::Stay);
        };
        let current = community.read_models();
        let rules = self.rules(&current).await?;
        let folds_the_same = rules.folding_hash() == current.rules().folding_hash();
        if wanted || !folds_the_same {
            return Ok(Plan::Renew(rules));
        }
        if rules.hash() != current.rules().hash() {
            return Ok(Plan::Reinterpret(rules));
        }
        let in_use = self.generations.in_use().await?;
        if in_use != current.generation() && self.is_usable(&rules, &current).await? {
            return Ok(Plan::Renew(rules));
        }
        Ok(Plan::Stay)
    }

    /// The rules in force. They are looked up again where others may have come into force since.
    async fn rules(&mut self, current: &Arc<ReadModels>) -> Result<Arc<Rules>, FoldingError> {
        let activated = current.folded().activated;
        if let Some(known) = &self.known
            && known.activated == activated
            && known.models.as_ptr() == Arc::as_ptr(current)
        {
            return Ok(known.rules.clone());
        }
        let rules = rules_in_force(&self.journal).await?;
        self.known = Some(Known {
            rules: rules.clone(),
            models: Arc::downgrade(current),
            activated,
        });
        Ok(rules)
    }

    /// Whether somebody else made a generation that can be used.
    async fn is_usable(
        &self,
        rules: &Arc<Rules>,
        current: &ReadModels,
    ) -> Result<bool, FoldingError> {
        let generations = self.generations.under(rules.clone());
        let other = generations.other(&self.journal, current.generation());
        let other = other.await?.map(|other| other.number);
        Ok(other == generations.in_use().await?)
    }

    /// Finds or makes a generation by these rules, and swaps it in, unless others come into force meanwhile.
    async fn replace(&self, rules: Arc<Rules>, anew: bool) -> Result<(), FoldingError> {
        let generations = self.generations.under(rules.clone());
        let found = tokio::select! {
            found = self.next(&generations, anew) => found?,
            overruled = self.overruled(&rules) => return overruled,
        };
        let Some((_lock, next)) = found else {
            return Ok(());
        };
        if self.community.strong_count() == 0 {
            return Ok(());
        }
        let number = next.number;
        let target = Target {
            generations: Some((generations.clone(), number)),
            store: next.store,
            rules,
        };
        let mut next = ReadModels::live(self.journal.clone(), target).await?;
        self.catch_up(&next).await?;
        let rules = rules_in_force(&self.journal).await?;
        if rules.folding_hash() != next.rules().folding_hash() {
            // Its fold is waited for.
            let _ = tokio::task::spawn_blocking(move || drop(next)).await;
            return generations.tidy().await;
        }
        if rules.hash() != next.rules().hash() {
            next = next.under(rules);
        }
        let Some(community) = self.community.upgrade() else {
            return Ok(());
        };
        community.set_apart(generations.are_shared());
        generations.put_in_use(number).await?;
        if generations.are_shared() {
            sleep(apart::NOTICE).await;
        }
        self.swap(&community, Arc::new(next)).await;
        Ok(())
    }

    /// Waits until other rows are to be read than those that follow from these rules: who takes back what
    /// they activated doesn't want to see it.
    async fn overruled(&self, rules: &Rules) -> Result<(), FoldingError> {
        let mut looked_up = None;
        loop {
            let community = self.community.upgrade();
            let activated = community.map(|community| community.folded().activated);
            if activated != looked_up {
                looked_up = activated;
                let others = rules_in_force(&self.journal).await?;
                if others.folding_hash() != rules.folding_hash() {
                    return Ok(());
                }
            }
            sleep(TICK).await;
        }
    }

    /// A generation that is kept, or else a new one, and what keeps others from making one meanwhile;
    /// nothing, where there is no community any more.
    async fn next(
        &self,
        generations: &Generations,
        anew: bool,
    ) -> Result<Option<(Option<Guard>, Generation)>, FoldingError> {
        loop {
            let of = match self.community.upgrade() {
                Some(community) => {
                    let current = community.read_models();
                    let position = current.folded().position;
                    let is_done = !current.store().has_erased().await?;
                    Replaced {
                        number: current.generation(),
                        carried_out: if is_done { position } else { 0 },
                        anew,
                    }
                }
                None => return Ok(None),
            };
            if !anew && let Some(other) = generations.other(&self.journal, of.number).await? {
                return Ok(Some((None, other)));
            }
            if !anew && !self.rest.is_over() {
                return Ok(None);
            }
            if let Some((lock, next)) = self.instead(generations, of).await? {
                if lock.is_some() {
                    self.report.send_modify(|state| state.rebuilds += 1);
                }
                return Ok(Some((lock, next)));
            }
            // Another process makes one, which may be just what is needed.
            sleep(TICK).await;
        }
    }

    /// Makes one, unless another process does or just did.
    async fn instead(
        &self,
        generations: &Generations,
        of: Replaced,
    ) -> Result<Option<(Option<Guard>, Generation)>, FoldingError> {
        let (generations, journal) = (generations.clone(), self.journal.clone());
        let report = self.report.clone();
        let make = move || async move {
            let mut tell = |progress| at(&report, progress);
            generations.instead(of, &journal, &mut tell).await
        };
        background::run("rebuild", make).await?
    }

    /// Waits until all is folded into others that the journal has.
    async fn catch_up(&self, next: &ReadModels) -> Result<(), FoldingError> {
        let mut moved = Instant::now();
        let mut before = next.folded().position;
        loop {
            let head = self.journal.head().await?;
            let folded = next.folded();
            let progress = Progress {
                work: Work::CatchingUp,
                position: folded.position,
                head,
            };
            at(&self.report, progress);
            if folded.position >= head {
                return Ok(());
            }
            if folded.position > before {
                (before, moved) = (folded.position, Instant::now());
            }
            if folded.stopped || moved.elapsed() > PATIENCE {
                return Err(FoldingError::Behind {
                    position: folded.position,
                    head,
                    trouble: folded.trouble.unwrap_or_else(|| "no progress".into()),
                });
            }
            next.reached(head, TICK).await;
        }
    }

    /// Swaps others in as soon as they are as far as those in use, and waits for who still reads from those.
    async fn swap(&self, community: &Arc<Community>, mut next: Arc<ReadModels>) {
        let before = loop {
            match community.swap(next) {
                Ok(before) => break before,
                Err(again) => {
                    let position = community.folded().position;
                    again.reached(position, TICK).await;
                    next = again;
                }
            }
        };
        let generation = community.read_models().generation();
        tracing::info!(generation, "other read models are in use");
        self.report.send_modify(|state| {
            state.swaps += 1;
            state.failure = None;
        });
        retire(before);
    }

    async fn failed(&self, error: &FoldingError) {
        // What was made so far takes room, and is of no use.
        if let Err(error) = self.generations.tidy().await {
            tracing::warn!("what is left of it stays: {error}");
        }
        tracing::error!("the read models in use go on, for others failed: {error}");
        let failure = Failure {
            at: SystemTime::now().into(),
            message: error.to_string().into(),
        };
        self.report.send_modify(|state| {
            state.failures += 1;
            state.failure = Some(failure);
        });
    }
}

/// Tells how far it is.
fn at(report: &watch::Sender<Renewing>, progress: Progress) {
    report.send_modify(|state| {
        let begins = |work: &Underway| !progress.continues(&work.progress);
        if state.work.as_ref().is_none_or(begins) {
            state.work = Some(Underway {
                progress,
                since: Instant::now(),
                first: progress.done(),
            });
        }
        if let Some(work) = &mut state.work {
            work.progress = progress;
        }
    });
}

/// Lets go of read models once nobody reads from them: their fold is waited for, and that shouldn't be done
/// by who answers somebody.
fn retire(before: Arc<ReadModels>) {
    tokio::spawn(async move {
        while Arc::strong_count(&before) > 1 {
            sleep(Duration::from_millis(50)).await;
        }
        let _ = tokio::task::spawn_blocking(move || drop(before)).await;
    });
}
