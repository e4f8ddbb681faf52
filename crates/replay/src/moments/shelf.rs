//! Which moments are asked for: those that are made, and those that wait for it, in the order in which they
//! were asked for.
//!
//! What isn't made yet, or wasn't read yet, stays for as long as somebody asks for it. So whoever goes on
//! asking gets an answer, however many others ask; and what nobody asks for any more isn't made.

use std::cmp::Reverse;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use plaudit_domain::{Position, Time};
use plaudit_projection::Rules;
use tokio::sync::watch;

use crate::ReadModels;

/// So many that were read are kept.
const KEPT: usize = 4;

/// So many are made, wait for it, or wait to be read.
const UNREAD: usize = 8;

/// What nobody asked for as long goes.
const IDLE: Duration = Duration::from_secs(10 * 60);

/// What is asked for.
#[derive(Default)]
pub(super) struct Shelf {
    kept: Vec<Arc<Kept>>,
    /// Whether somebody makes what waits.
    pub is_worked: bool,
}

/// Read models of a moment, by some rules.
pub(super) struct Kept {
    pub moment: Time,
    pub rules: Arc<Rules>,
    /// Up to here is known that they hold.
    pub until: AtomicU64,
    pub state: watch::Sender<State>,
    /// Until when somebody waits for them, or is taken to ask again.
    wanted: Mutex<Instant>,
    was_read: AtomicBool,
}

#[derive(Clone)]
pub(super) enum State {
    /// They are made, or wait for it; so far.
    Making(Position),
    Made(Arc<ReadModels>),
    Failed(Arc<str>),
}

/// Too many are asked for at once.
pub(super) struct Full;

impl Kept {
    pub fn new(moment: Time, rules: Arc<Rules>, until: Position) -> Self {
        let (state, _) = watch::channel(State::Making(0));
        Self {
            moment,
            rules,
            until: AtomicU64::new(until),
            state,
            wanted: Mutex::new(Instant::now()),
            was_read: AtomicBool::new(false),
        }
    }

    /// Somebody wants them for so long.
    pub fn want(&self, within: Duration) {
        let until = Instant::now() + within;
        let mut wanted = self.wanted.lock();
        *wanted = until.max(*wanted);
    }

    /// Somebody got them.
    pub fn was_read(&self) {
        self.was_read.store(true, Ordering::Relaxed);
    }

    fn is_wanted(&self) -> bool {
        *self.wanted.lock() > Instant::now()
    }

    fn is_idle(&self) -> bool {
        self.wanted.lock().elapsed() > IDLE
    }

    fn is_making(&self) -> bool {
        matches!(&*self.state.borrow(), State::Making(_))
    }

    fn is_made(&self) -> bool {
        matches!(&*self.state.borrow(), State::Made(_))
    }

    /// Whether somebody still waits for them.
    fn is_awaited(&self) -> bool {
        self.is_wanted() && !self.was_read.load(Ordering::Relaxed)
    }
}

impl Shelf {
    pub fn find(&self, moment: Time, rules: &Rules) -> Option<Arc<Kept>> {
        let is_it = |it: &&Arc<Kept>| it.moment == moment && it.rules.hash() == rules.hash();
        self.kept.iter().find(is_it).cloned()
    }

    /// Adds what isn't there, unless too many are.
    pub fn add(&mut self, kept: Arc<Kept>) -> Result<(), Full> {
        self.tidy();
        if self.kept.iter().filter(|it| it.is_awaited()).count() >= UNREAD {
            return Err(Full);
        }
        self.kept.push(kept);
        Ok(())
    }

    /// What is to be made next.
    pub fn next(&mut self) -> Option<Arc<Kept>> {
        self.tidy();
        self.kept.iter().find(|it| it.is_making()).cloned()
    }

    /// What is made.
    pub fn made(&self) -> Vec<Arc<Kept>> {
        let made = self.kept.iter().filter(|it| it.is_made());
        made.cloned().collect()
    }

    pub fn forget(&mut self, kept: &Arc<Kept>) {
        self.kept.retain(|it| !Arc::ptr_eq(it, kept));
    }

    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Whether it is still to be had.
    pub fn has(&mut self, kept: &Arc<Kept>) -> bool {
        self.tidy();
        self.kept.iter().any(|it| Arc::ptr_eq(it, kept))
    }

    /// Lets go of what nobody asks for, and of those that were made longest ago.
    pub fn tidy(&mut self) {
        self.kept
            .retain(|it| it.is_wanted() || it.is_made() && !it.is_idle());
        let mut old: Vec<_> = self.made();
        old.retain(|it| !it.is_awaited());
        old.sort_by_key(|it| Reverse(*it.wanted.lock()));
        for kept in old.iter().skip(KEPT) {
            self.forget(kept);
        }
    }
}
