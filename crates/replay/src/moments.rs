//! Read models of earlier moments, made when somebody asks for them, and kept for a while (DOMAIN H2).
//!
//! They take a replay of the whole history. So they are made one at a time, on a thread of their own,
//! whoever asks for a moment meanwhile waits for the same, and whoever can't wait asks again later.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use plaudit_domain::fact::{AccountFact, PostFact};
use plaudit_domain::names::{Name, Names};
use plaudit_domain::{Event, Fact, Position, Time};
use plaudit_journal::{JournalError, SharedJournal};
use plaudit_projection::Rules;
use plaudit_store::sqlite::{BulkLoad, remove};
use plaudit_store::{Store, StoreError};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{sleep, timeout_at};
use uuid::Uuid;

use crate::as_of::as_of;
use crate::generation::Beside;
use crate::{FoldingError, Generations, Progress, ReadModels};

/// So many moments are kept.
const KEPT: usize = 4;

/// What nobody asked for as long goes.
const IDLE: Duration = Duration::from_secs(10 * 60);

/// So often is looked whether what is kept still holds: what was erased is to go from all files.
const TICK: Duration = Duration::from_secs(1);

/// So many events are looked through at once.
const BATCH: usize = 5_000;

/// Where they are, in the directory of the generations.
const DIRECTORY: &str = "as-of";

/// Read models of earlier moments.
pub struct Moments(Arc<Shared>);

struct Shared {
    journal: SharedJournal,
    generations: Generations,
    kept: Mutex<Vec<Arc<Kept>>>,
    /// Held by who makes some: one at a time.
    making: tokio::sync::Mutex<()>,
}

/// Those of a moment, by some rules.
struct Kept {
    moment: Time,
    rules: String,
    /// Up to here is known that they hold.
    until: AtomicU64,
    asked: Mutex<Instant>,
    state: watch::Receiver<State>,
}

#[derive(Clone)]
enum State {
    Making(Position),
    Made(Arc<ReadModels>),
    Failed(Arc<str>),
}

/// Why there are no read models of a moment.
#[derive(Debug, thiserror::Error)]
pub enum MomentError {
    /// They aren't there yet.
    #[error(
        "what was then is being worked out, {position} of {head} events so far: ask again in some seconds"
    )]
    Making {
        /// Up to where events were looked at.
        position: Position,
        /// Up to where they will be.
        head: Position,
    },
    /// They can't be made.
    #[error("what was then can't be worked out: {0}")]
    Failed(Arc<str>),
    /// The journal can't be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The rows can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Moments {
    /// None yet. Of those that another process left behind, nothing is kept.
    pub fn new(journal: SharedJournal, generations: Generations) -> Self {
        if let Err(error) = remove_left(generations.directory()) {
            tracing::warn!(
                "read models of earlier moments are of no use any more, and stay: {error}"
            );
        }
        Self(Arc::new(Shared {
            journal,
            generations,
            kept: Mutex::default(),
            making: tokio::sync::Mutex::default(),
        }))
    }

    /// Those of a moment, of all that is folded up to a position. They are waited for as long; then they
    /// are made all the same, for who asks again.
    ///
    /// # Errors
    /// If they aren't made by then, or can't be.
    pub async fn at(
        &self,
        moment: Time,
        rules: &Arc<Rules>,
        until: Position,
        within: Duration,
    ) -> Result<Arc<ReadModels>, MomentError> {
        let end = tokio::time::Instant::now() + within;
        loop {
            let kept = self.0.find_or_make(moment, rules, until);
            let mut state = kept.state.clone();
            let made = state.wait_for(|state| !matches!(state, State::Making(_)));
            // Whoever makes them tells, or is gone.
            let _ = timeout_at(end, made).await;
            let state = state.borrow().clone();
            match state {
                State::Made(models) if self.0.holds(&kept, &models, until).await? => {
                    return Ok(models);
                }
                State::Made(_) => self.0.forget(&kept),
                State::Failed(why) => {
                    self.0.forget(&kept);
                    return Err(MomentError::Failed(why));
                }
                State::Making(position) => {
                    let head = kept.until.load(Ordering::Relaxed);
                    return Err(MomentError::Making { position, head });
                }
            }
        }
    }
}

impl Shared {
    fn find_or_make(
        self: &Arc<Self>,
        moment: Time,
        rules: &Arc<Rules>,
        until: Position,
    ) -> Arc<Kept> {
        let mut all = self.kept.lock();
        let is_it = |kept: &&Arc<Kept>| kept.moment == moment && kept.rules == rules.hash();
        if let Some(kept) = all.iter().find(is_it) {
            *kept.asked.lock() = Instant::now();
            return kept.clone();
        }
        let oldest = (0..all.len()).min_by_key(|&at| *all[at].asked.lock());
        if let Some(oldest) = oldest
            && all.len() >= KEPT
        {
            all.swap_remove(oldest);
        }
        let (report, state) = watch::channel(State::Making(0));
        let kept = Arc::new(Kept {
            moment,
            rules: rules.hash().to_owned(),
            until: AtomicU64::new(until),
            asked: Mutex::new(Instant::now()),
            state,
        });
        if all.is_empty() {
            tokio::spawn(look_after(Arc::downgrade(self)));
        }
        all.push(kept.clone());
        self.start(moment, rules.clone(), until, report);
        kept
    }

    /// Makes read models on a thread of their own: folding would hold up whoever shares it.
    fn start(
        self: &Arc<Self>,
        moment: Time,
        rules: Arc<Rules>,
        until: Position,
        report: watch::Sender<State>,
    ) {
        let (shared, runtime) = (self.clone(), Handle::current());
        let failed = report.clone();
        let thread = thread::Builder::new().name("as of".into()).spawn(move || {
            runtime.block_on(async {
                let made = shared.make(moment, rules, until, &report).await;
                report.send_replace(match made {
                    Ok(models) => State::Made(Arc::new(models)),
                    Err(error) => {
                        tracing::error!("what was at {moment} can't be worked out: {error}");
                        State::Failed(error.to_string().into())
                    }
                });
            });
        });
        if let Err(error) = thread {
            failed.send_replace(State::Failed(error.to_string().into()));
        }
    }

    async fn make(
        &self,
        moment: Time,
        rules: Arc<Rules>,
        until: Position,
        report: &watch::Sender<State>,
    ) -> Result<ReadModels, FoldingError> {
        let _making = self.making.lock().await;
        let (beside, mut load) = begin(&self.generations, &rules)?;
        let mut progress = |progress: Progress| {
            report.send_replace(State::Making(progress.position));
        };
        as_of(
            &self.journal,
            &rules,
            &mut load,
            moment,
            until,
            &mut progress,
        )
        .await?;
        let store = load.finish()?.guarded_by(beside);
        Ok(ReadModels::at_rest(Arc::new(store), rules).await?)
    }

    /// Whether read models still hold, by all that came up to a position.
    async fn holds(
        &self,
        kept: &Kept,
        models: &ReadModels,
        until: Position,
    ) -> Result<bool, MomentError> {
        loop {
            let from = kept.until.load(Ordering::Relaxed);
            if from >= until {
                return Ok(true);
            }
            let events = self.journal.read_all(from, BATCH).await?;
            for event in &events {
                if event.occurred_at <= kept.moment || hides(event, &**models.store()).await? {
                    return Ok(false);
                }
            }
            match events.last() {
                Some(last) => kept.until.fetch_max(last.position, Ordering::Relaxed),
                None => return Ok(true),
            };
        }
    }

    fn forget(&self, kept: &Arc<Kept>) {
        self.kept.lock().retain(|it| !Arc::ptr_eq(it, kept));
    }

    /// Forgets what doesn't hold any more, and what nobody asks for; whether anything is left.
    async fn clear(&self) -> bool {
        let all = self.kept.lock().clone();
        for kept in all {
            let State::Made(models) = kept.state.borrow().clone() else {
                continue;
            };
            let is_idle = kept.asked.lock().elapsed() > IDLE;
            let holds = match self.journal.head().await {
                Ok(head) => self.holds(&kept, &models, head).await,
                Err(error) => Err(error.into()),
            };
            // What can't be told, those are told who ask.
            if is_idle || matches!(holds, Ok(false)) {
                self.forget(&kept);
            }
        }
        !self.kept.lock().is_empty()
    }
}

/// Looks after what is kept, as long as something is.
async fn look_after(shared: Weak<Shared>) {
    loop {
        sleep(TICK).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        if !shared.clear().await {
            return;
        }
    }
}

/// Whether an event, whenever it happened, changes what may be seen of these rows.
async fn hides(event: &Event, store: &dyn Store) -> Result<bool, StoreError> {
    let names = || Names::of(&event.fact).needed.into_iter();
    match &event.fact {
        Fact::Link(_)
        | Fact::Account(
            AccountFact::Erased(_)
            | AccountFact::ProfileVisibilityChanged(_)
            | AccountFact::VisibilityChanged(_),
        ) => {
            let accounts: Vec<_> = names().filter_map(account).collect();
            Ok(!store.accounts_by_id(&accounts).await?.is_empty())
        }
        Fact::Post(
            PostFact::Deleted(post) | PostFact::Removed(post) | PostFact::Restored(post),
        ) => Ok(!store.posts_by_id(&[post.post]).await?.is_empty()),
        Fact::Post(
            PostFact::Created(_)
            | PostFact::Edited(_)
            | PostFact::Submitted(_)
            | PostFact::Published(_)
            | PostFact::Rejected(_)
            | PostFact::Resubmitted(_)
            | PostFact::AnswerAccepted(_)
            | PostFact::AcceptanceWithdrawn(_),
        )
        | Fact::Account(
            AccountFact::Registered(_)
            | AccountFact::Renamed(_)
            | AccountFact::Identified(_)
            | AccountFact::ProfileEdited(_)
            | AccountFact::AgreementAccepted(_)
            | AccountFact::AffiliationChanged(_)
            | AccountFact::CalendarOpened(_),
        )
        | Fact::LinkCode(_)
        | Fact::Kudos(_)
        | Fact::Badge(_)
        | Fact::Lozenge(_)
        | Fact::Feedback(_)
        | Fact::Learning(_)
        | Fact::Group(_)
        | Fact::Meeting(_)
        | Fact::Rsvp(_)
        | Fact::Benefit(_)
        | Fact::Membership(_)
        | Fact::Like(_)
        | Fact::Report(_)
        | Fact::Rules(_)
        | Fact::Notification(_)
        | Fact::Watch(_) => Ok(false),
    }
}

fn account(name: Name) -> Option<plaudit_domain::AccountId> {
    match name {
        Name::Account(account) => Some(account),
        Name::Post(_) | Name::Group(_) | Name::Meeting(_) | Name::Benefit(_) => None,
    }
}

/// Begins a generation of its own, and what removes it.
fn begin(generations: &Generations, rules: &Rules) -> Result<(Beside, BulkLoad), FoldingError> {
    let directory = generations.directory().join(DIRECTORY);
    fs::create_dir_all(&directory).map_err(|source| FoldingError::Files {
        path: directory.clone(),
        source,
    })?;
    let path = directory.join(format!("{}.sqlite", Uuid::now_v7()));
    let load = BulkLoad::begin(&path, &rules.folding_hash())?;
    Ok((Beside(path), load))
}

/// Removes those that nobody has open, in a directory of generations; whether none is left.
pub(crate) fn remove_left(generations: &Path) -> Result<bool, FoldingError> {
    let directory = generations.join(DIRECTORY);
    let failed = |source| FoldingError::Files {
        path: directory.clone(),
        source,
    };
    let entries = match fs::read_dir(&directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        entries => entries.map_err(failed)?,
    };
    let mut all = true;
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|it| it == "sqlite") {
            all &= remove(&path)?;
        }
    }
    Ok(all)
}
