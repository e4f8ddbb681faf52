//! Who follows what, and whom something wakes that happens.
//!
//! Who follows something reads nothing while nothing happens to it. One task reads what happened, once for
//! everybody, tells what it was about, and wakes who follows that. So thousands may follow, and an event costs as much
//! as those it concerns. Nothing is kept for anybody but up to where something happened.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use plaudit_domain::{AccountId, Event, Position, PostId};
use plaudit_projection::standings::Ranking;
use plaudit_projection::{Key, Touched};
use plaudit_replay::standings::{Held, Scope};
use plaudit_replay::{Community, FoldingError, ReadModels};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::disclosed::{is_disclosed, is_of_post};

/// So many events are looked at together.
const BATCH: usize = 500;

/// Where more than so many happened at once, everybody looks for themselves.
const FAR: Position = 10_000;

/// So long nothing more is looked at, so that what comes close together is looked at together.
const PACE: Duration = Duration::from_millis(10);

/// How long to wait where something can't be read.
const RETRY: Duration = Duration::from_millis(500);

/// How deep replies go: a comment on an answer to a question.
const REPLIES: usize = 2;

/// What somebody may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// An account: what it did, and what was done to it and to what it wrote.
    Account(AccountId),
    /// The same, as far as everybody sees it.
    Shown(AccountId),
    /// A post, and what was written on it.
    Post(PostId),
    /// What an account is told.
    Told(Key),
    /// A leaderboard.
    Leaderboard(Scope),
}

/// Wakes those of a community who follow something.
#[derive(Clone)]
pub struct Dispatcher(Arc<Shared>);

struct Shared {
    community: Arc<Community>,
    followed: Mutex<Followed>,
    /// Somebody stopped to follow.
    left: Notify,
}

/// Who follows what.
#[derive(Default)]
struct Followed {
    topics: HashMap<Topic, HashMap<u64, Arc<Signal>>>,
    everybody: HashMap<u64, Arc<Signal>>,
    /// How many began so far.
    began: u64,
    /// Whether anybody looks at what happens.
    is_watched: bool,
}

/// What somebody who follows is told.
#[derive(Default)]
struct Signal {
    /// Up to here something happened to what they follow.
    position: AtomicU64,
    /// Other rules may have changed it.
    anew: AtomicBool,
    /// Nothing more comes.
    is_over: AtomicBool,
    woken: Notify,
}

/// Somebody who follows something, until this is dropped.
pub struct Subscriber {
    shared: Arc<Shared>,
    number: u64,
    topics: Vec<Topic>,
    signal: Arc<Signal>,
}

impl Dispatcher {
    /// Nobody follows anything yet.
    pub fn of(community: Arc<Community>) -> Self {
        Self(Arc::new(Shared {
            community,
            followed: Mutex::default(),
            left: Notify::new(),
        }))
    }

    /// Somebody follows this from now on.
    pub fn subscribe(&self, topics: Vec<Topic>) -> Subscriber {
        let shared = self.0.clone();
        let signal = Arc::new(Signal::default());
        let mut followed = shared.followed();
        followed.began += 1;
        let number = followed.began;
        followed.everybody.insert(number, signal.clone());
        followed.add(&topics, number, &signal);
        if !std::mem::replace(&mut followed.is_watched, true) {
            // Whoever follows reads what they follow after this.
            let from = shared.community.folded().position;
            tokio::spawn(Watch::new(shared.clone()).run(from));
        }
        drop(followed);
        Subscriber {
            shared,
            number,
            topics,
            signal,
        }
    }
}

impl Subscriber {
    /// They follow this, in place of what it was before; whether it is anything else.
    pub fn follow(&mut self, topics: Vec<Topic>) -> bool {
        if topics == self.topics {
            return false;
        }
        let mut followed = self.shared.followed();
        followed.remove(&self.topics, self.number);
        followed.add(&topics, self.number, &self.signal);
        self.topics = topics;
        true
    }

    /// Waits until something happened after a position to what they follow; whether more may come.
    pub async fn changed(&self, after: Position) -> bool {
        let Signal {
            position,
            anew,
            is_over,
            woken,
        } = &*self.signal;
        loop {
            if is_over.load(Ordering::Acquire) {
                return false;
            }
            // Who is woken between this and the next line is woken again.
            if anew.swap(false, Ordering::AcqRel) || position.load(Ordering::Acquire) > after {
                return true;
            }
            woken.notified().await;
        }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let mut followed = self.shared.followed();
        followed.everybody.remove(&self.number);
        followed.remove(&self.topics, self.number);
        if followed.everybody.is_empty() {
            self.shared.left.notify_one();
        }
    }
}

impl Signal {
    fn happened(&self, position: Position) {
        self.position.fetch_max(position, Ordering::AcqRel);
        self.woken.notify_one();
    }
}

impl Followed {
    fn add(&mut self, topics: &[Topic], number: u64, signal: &Arc<Signal>) {
        for topic in topics {
            let who = self.topics.entry(*topic).or_default();
            who.insert(number, signal.clone());
        }
    }

    fn remove(&mut self, topics: &[Topic], number: u64) {
        for topic in topics {
            if let Some(who) = self.topics.get_mut(topic) {
                who.remove(&number);
                if who.is_empty() {
                    self.topics.remove(topic);
                }
            }
        }
    }
}

impl Shared {
    fn followed(&self) -> MutexGuard<'_, Followed> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something happened to this, up to a position.
    fn wake(&self, topics: &HashSet<Topic>, position: Position) {
        let followed = self.followed();
        let who = topics.iter().filter_map(|topic| followed.topics.get(topic));
        for signal in who.flat_map(HashMap::values) {
            signal.happened(position);
        }
    }

    /// It may have happened to anything.
    fn wake_all(&self, how: impl Fn(&Signal)) {
        for signal in self.followed().everybody.values() {
            how(signal);
            signal.woken.notify_one();
        }
    }
}

/// Looks at what happens, as long as anybody follows anything.
struct Watch {
    shared: Arc<Shared>,
    models: Arc<ReadModels>,
    /// The leaderboards that are followed, as they were the last time.
    rankings: HashMap<Scope, (Arc<Ranking>, Held)>,
    /// Whether nobody was left who follows anything: somebody else looks for who comes next.
    is_over: bool,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        // The community is closed, or this panicked: whoever follows has to begin again.
        self.shared.followed().is_watched = false;
        self.shared
            .wake_all(|signal| signal.is_over.store(true, Ordering::Release));
    }
}

impl Watch {
    fn new(shared: Arc<Shared>) -> Self {
        Self {
            models: shared.community.read_models(),
            shared,
            rankings: HashMap::new(),
            is_over: false,
        }
    }

    async fn run(mut self, mut position: Position) {
        let mut follower = self.shared.community.follow();
        let mut is_troubled = false;
        loop {
            // What is folded while this looks is looked at next.
            follower.caught_up();
            match self.look(position).await {
                Ok(reached) => {
                    position = reached;
                    is_troubled = false;
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_troubled, true) {
                        tracing::warn!(
                            "who follows waits, for what happened can't be read: {error}"
                        );
                    }
                    sleep(RETRY).await;
                }
            }
            sleep(PACE).await;
            // What failed is tried again.
            if !is_troubled {
                tokio::select! {
                    goes_on = follower.changed() => {
                        if !goes_on {
                            return;
                        }
                    }
                    () = self.shared.left.notified() => {}
                }
            }
            let mut followed = self.shared.followed();
            if followed.everybody.is_empty() {
                followed.is_watched = false;
                self.is_over = true;
                return;
            }
        }
    }

    /// Looks at what happened after a position, and wakes whom it concerns; up to where.
    async fn look(&mut self, from: Position) -> Result<Position, FoldingError> {
        let models = self.shared.community.read_models();
        if !Arc::ptr_eq(&models, &self.models) {
            self.models = models;
            self.rankings.clear();
            self.shared
                .wake_all(|signal| signal.anew.store(true, Ordering::Release));
        }
        let to = self.models.folded().position;
        if to <= from {
            return Ok(from);
        }
        if to - from > FAR {
            self.rankings.clear();
            self.shared.wake_all(|signal| signal.happened(to));
            return Ok(to);
        }
        let (mut told, mut scopes, mut is_read) = (Vec::new(), HashSet::new(), false);
        for topic in self.shared.followed().topics.keys() {
            match topic {
                Topic::Told(account) => told.push(*account),
                Topic::Leaderboard(scope) => drop(scopes.insert(*scope)),
                Topic::Account(_) | Topic::Shown(_) | Topic::Post(_) => is_read = true,
            }
        }
        let mut concerned = HashSet::new();
        if is_read {
            self.read(from, to, &mut concerned).await?;
        }
        if !told.is_empty() {
            let told = self.models.store().told_after(&told, from).await?;
            concerned.extend(told.into_iter().map(Topic::Told));
        }
        self.rank(scopes, &mut concerned).await?;
        self.shared.wake(&concerned, to);
        Ok(to)
    }

    /// Which accounts and posts some events concern: whatever they may have changed, but for who is only told of
    /// it, and what those posts are on.
    async fn read(
        &self,
        from: Position,
        to: Position,
        concerned: &mut HashSet<Topic>,
    ) -> Result<(), FoldingError> {
        let store = self.models.store();
        let mut after = from;
        while after < to {
            let mut events = self
                .shared
                .community
                .journal()
                .read_all(after, BATCH)
                .await?;
            events.retain(|event| event.position <= to);
            let Some(last) = events.last() else { break };
            after = last.position;
            let (mut events, others): (Vec<_>, Vec<_>) = events
                .into_iter()
                .partition(|event| is_disclosed(&event.fact));
            withheld(&others, concerned);
            // Who did it isn't shown for that alone: staff do much to others.
            let actors = events.iter_mut().filter_map(|event| event.actor.take());
            concerned.extend(actors.map(Topic::Account));
            let mut touched = Touched::by(&events);
            touched.watchers_of.clear();
            touched.watchers_of_groups.clear();
            let rows = store.fetch(&touched).await?;
            for account in rows.accounts.iter() {
                concerned.extend([Topic::Account(account.id), Topic::Shown(account.id)]);
            }
            concerned.extend(rows.posts.iter().map(|post| Topic::Post(post.id)));
            let mut parents: Vec<Key> = rows.posts.iter().filter_map(|post| post.parent).collect();
            for _ in 0..REPLIES {
                parents.sort_unstable();
                parents.dedup();
                let posts = match parents.is_empty() {
                    true => vec![],
                    false => store.posts(&parents).await?,
                };
                concerned.extend(posts.iter().map(|post| Topic::Post(post.id)));
                parents = posts.iter().filter_map(|post| post.parent).collect();
            }
        }
        Ok(())
    }

    /// Which of the leaderboards are others than the last time. One that is looked at for the first time may be.
    async fn rank(
        &mut self,
        scopes: HashSet<Scope>,
        concerned: &mut HashSet<Topic>,
    ) -> Result<(), FoldingError> {
        self.rankings.retain(|scope, _| scopes.contains(scope));
        let now = self.shared.community.now();
        for scope in scopes {
            let held = self.models.standings().hold(scope);
            let ranking = self.models.standings().now(scope, now).await?;
            let before = self.rankings.insert(scope, (ranking.clone(), held));
            if before.is_none_or(|(before, _)| !Arc::ptr_eq(&before, &ranking)) {
                concerned.insert(Topic::Leaderboard(scope));
            }
        }
        Ok(())
    }
}

/// Whom and what events concern that others don't notice.
fn withheld(events: &[Event], concerned: &mut HashSet<Topic>) {
    for event in events {
        let touched = Touched::by(std::slice::from_ref(event));
        concerned.extend(touched.accounts.into_iter().map(Topic::Account));
        if is_of_post(&event.fact) {
            concerned.extend(touched.posts.into_iter().map(Topic::Post));
        }
    }
}
