//! Read models of earlier moments, made when somebody asks for them, and kept for a while (DOMAIN H2).
//!
//! They take a replay of the whole history. So they are made one at a time, on threads of their own, in the
//! order in which they were asked for. Whoever asks for a moment meanwhile waits for the same, and whoever
//! can't wait asks again later; what nobody asks for any more is given up.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use plaudit_domain::{Position, Time};
use plaudit_journal::{JournalError, SharedJournal};
use plaudit_projection::Rules;
use plaudit_store::StoreError;
use plaudit_store::sqlite::{BulkLoad, remove};
use tokio::time::{sleep, timeout_at};
use uuid::Uuid;

use self::hiding::hides;
use self::shelf::{Full, Kept, Shelf, State};
use crate::as_of::as_of;
use crate::generation::Beside;
use crate::{FoldingError, Generations, Progress, ReadModels, background};

mod hiding;
mod shelf;

/// Who was told to ask again is waited for as long, unless it is said otherwise.
const GRACE: Duration = Duration::from_secs(30);

/// So often is looked whether what is kept still holds, for what was erased is to go from all files; and
/// whether what is being made is still wanted.
const TICK: Duration = Duration::from_secs(1);

/// So many events are looked through at once.
const BATCH: usize = 5_000;

/// Where they are, in the directory of the generations.
const DIRECTORY: &str = "as-of";

/// Read models of earlier moments. Dropping it gives up what is being made.
pub struct Moments {
    shared: Arc<Shared>,
    grace: Duration,
}

struct Shared {
    workshop: Workshop,
    shelf: Mutex<Shelf>,
}

/// Where they are made.
#[derive(Clone)]
struct Workshop {
    journal: SharedJournal,
    generations: Generations,
    /// Held by who makes some: what was given up may take a moment to end.
    making: Arc<tokio::sync::Mutex<()>>,
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
    /// Others have to be made before.
    #[error("too many other moments are being worked out: ask again in a minute")]
    Busy,
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
        let workshop = Workshop {
            journal,
            generations,
            making: Arc::default(),
        };
        let shelf = Mutex::default();
        Self {
            shared: Arc::new(Shared { workshop, shelf }),
            grace: GRACE,
        }
    }

    /// The same, where who was told to ask again has so long for it, before it is given up.
    pub fn with_grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
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
            let wanted = Kept::new(moment, rules.clone(), until);
            let kept = self.shared.find_or_make(wanted, within + self.grace)?;
            let mut state = kept.state.subscribe();
            let made = state.wait_for(|state| !matches!(state, State::Making(_)));
            // Whether it is or not shows below.
            let _ = timeout_at(end, made).await;
            let state = kept.state.borrow().clone();
            match state {
                State::Made(models)
                    if self.shared.workshop.holds(&kept, &models, until).await? =>
                {
                    kept.was_read();
                    return Ok(models);
                }
                State::Made(_) => self.shared.forget(&kept),
                State::Failed(why) => {
                    self.shared.forget(&kept);
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
    /// What is kept of a moment, or begins to be made; it is wanted for so long.
    fn find_or_make(
        self: &Arc<Self>,
        kept: Kept,
        within: Duration,
    ) -> Result<Arc<Kept>, MomentError> {
        let mut shelf = self.shelf.lock();
        if let Some(kept) = shelf.find(kept.moment, &kept.rules) {
            kept.want(within);
            return Ok(kept);
        }
        let kept = Arc::new(kept);
        kept.want(within);
        let was_empty = shelf.is_empty();
        shelf.add(kept.clone()).map_err(|Full| MomentError::Busy)?;
        if was_empty {
            tokio::spawn(look_after(Arc::downgrade(self)));
        }
        if !shelf.is_worked {
            shelf.is_worked = true;
            tokio::spawn(work(Arc::downgrade(self)));
        }
        Ok(kept)
    }

    /// What is to be made next; without anything, nobody works any more.
    fn next(&self) -> Option<Arc<Kept>> {
        let mut shelf = self.shelf.lock();
        let next = shelf.next();
        shelf.is_worked = next.is_some();
        next
    }

    fn forget(&self, kept: &Arc<Kept>) {
        self.shelf.lock().forget(kept);
    }

    /// Forgets what doesn't hold any more, and what nobody asks for; whether anything is left.
    async fn clear(&self) -> bool {
        let made = self.shelf.lock().made();
        for kept in made {
            let State::Made(models) = kept.state.borrow().clone() else {
                continue;
            };
            let holds = match self.workshop.journal.head().await {
                Ok(head) => self.workshop.holds(&kept, &models, head).await,
                Err(error) => Err(error.into()),
            };
            // What can't be told, those are told who ask.
            if matches!(holds, Ok(false)) {
                self.forget(&kept);
            }
        }
        let mut shelf = self.shelf.lock();
        shelf.tidy();
        !shelf.is_empty()
    }
}

/// Makes what is asked for, one after the other.
async fn work(shared: Weak<Shared>) {
    while let Some((workshop, kept)) = shared
        .upgrade()
        .and_then(|shared| Some((shared.workshop.clone(), shared.next()?)))
    {
        let wanted = kept.clone();
        let making = background::run("as of", move || async move { workshop.make(&wanted).await });
        let made = tokio::select! {
            biased;
            () = unwanted(&shared, &kept) => continue,
            made = making => made.and_then(|made| made),
        };
        kept.state.send_replace(match made {
            Ok(models) => State::Made(Arc::new(models)),
            Err(error) => {
                let moment = kept.moment;
                tracing::error!("what was at {moment} can't be worked out: {error}");
                State::Failed(error.to_string().into())
            }
        });
    }
}

/// Waits until nobody asks for something any more.
async fn unwanted(shared: &Weak<Shared>, kept: &Arc<Kept>) {
    loop {
        sleep(TICK).await;
        let is_wanted = |shared: Arc<Shared>| shared.shelf.lock().has(kept);
        if !shared.upgrade().is_some_and(is_wanted) {
            return;
        }
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

impl Workshop {
    async fn make(&self, kept: &Kept) -> Result<ReadModels, FoldingError> {
        let _making = self.making.lock().await;
        let generations = self.generations.under(kept.rules.clone());
        let (beside, mut load) = begin(&generations)?;
        let mut progress = |progress: Progress| {
            kept.state.send_replace(State::Making(progress.position));
        };
        as_of(
            &self.journal,
            &kept.rules,
            &mut load,
            kept.moment,
            kept.until.load(Ordering::Relaxed),
            &mut progress,
        )
        .await?;
        let store = load.finish()?.guarded_by(beside);
        Ok(ReadModels::at_rest(Arc::new(store), kept.rules.clone()).await?)
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
}

/// Begins a generation of its own, and what removes it.
fn begin(generations: &Generations) -> Result<(Beside, BulkLoad), FoldingError> {
    let directory = generations.directory().join(DIRECTORY);
    fs::create_dir_all(&directory).map_err(|source| FoldingError::Files {
        path: directory.clone(),
        source,
    })?;
    let path = directory.join(format!("{}.sqlite", Uuid::now_v7()));
    let load = generations.load_in_file(&path)?;
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
