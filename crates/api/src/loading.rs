//! Loading in batches: all that the resolvers of an operation ask for by keys of one kind is read at once.
//!
//! The engine's own loader gives each who asks sets, a map and a channel of their own. Here a batch has one set of
//! keys and one map of what was found, and everybody who waits for it looks there.

use std::any::{Any, TypeId};
use std::future::poll_fn;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use plaudit_domain::{Position, Time};
use plaudit_replay::{ReadModels, Version};
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::OnceCell;

use crate::batches::Batches;
use crate::kept::Kept;

/// What is found by keys.
pub type Found<K, V> = FxHashMap<K, V>;

/// Reads by keys of a kind.
pub trait Load<K>: Send + Sync + 'static {
    /// What there is for a key.
    type Value: Keepable;
    /// Why it can't be read: shared by all who asked.
    type Error: Clone + Send + Sync + 'static;

    /// What there is for these keys, each of which is named once; nothing for one that isn't there.
    fn load(
        &self,
        keys: &[K],
    ) -> impl Future<Output = Result<Found<K, Self::Value>, Self::Error>> + Send;
}

/// A key as it can be loaded by.
pub trait Loadable: Clone + Eq + Hash + Send + Sync + 'static {}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> Loadable for K {}

/// What is found, which may be kept for who asks next.
pub trait Keepable: Clone + Send + Sync + 'static {
    /// How many bytes it takes, about.
    fn bytes(&self) -> usize {
        ROW
    }
}

/// What a row takes, about.
const ROW: usize = 512;

impl<R: Send + Sync + 'static> Keepable for Arc<R> {}

impl<R: Clone + Send + Sync + 'static> Keepable for Vec<R> {
    fn bytes(&self) -> usize {
        self.len() * ROW
    }
}

impl<R: Send + Sync + 'static> Keepable for Arc<[R]> {
    fn bytes(&self) -> usize {
        self.len() * ROW
    }
}

impl Keepable for String {
    fn bytes(&self) -> usize {
        self.len()
    }
}

macro_rules! small {
    ($($value:ty),+) => {
        $(impl Keepable for $value {
            fn bytes(&self) -> usize {
                size_of::<Self>()
            }
        })+
    };
}

small!((), i64, Time);

/// What an operation loads from.
pub struct Loading<L> {
    loader: Arc<L>,
    batches: Batches,
    models: Arc<ReadModels>,
    kept: Arc<Kept>,
    /// What the rows were when something was loaded for the first time.
    version: OnceCell<Option<Version>>,
    /// Up to here everything is folded in by now.
    reached: AtomicU64,
    open: Arc<Open>,
}

/// For each kind of key the batch that isn't read yet.
type Open = Mutex<FxHashMap<TypeId, Arc<dyn Any + Send + Sync>>>;

/// What is asked for together.
struct Batch<K, V, E> {
    asked: Mutex<Asked<K>>,
    read: OnceLock<Result<Found<K, V>, E>>,
}

struct Asked<K> {
    keys: FxHashSet<K>,
    waiting: Vec<Waker>,
}

type BatchOf<L, K> = Batch<K, <L as Load<K>>::Value, <L as Load<K>>::Error>;

impl<L: Send + Sync + 'static> Loading<L> {
    /// Loads by a loader of read models, whenever these batches are read.
    pub(crate) fn new(
        loader: L,
        batches: Batches,
        models: Arc<ReadModels>,
        kept: Arc<Kept>,
    ) -> Self {
        Self {
            loader: Arc::new(loader),
            batches,
            models,
            kept,
            version: OnceCell::new(),
            reached: AtomicU64::new(0),
            open: Arc::default(),
        }
    }

    /// Everything up to a position is folded in by now: nothing that was read before it is of use any more.
    pub(crate) fn has_reached(&self, position: Position) {
        self.reached.fetch_max(position, Ordering::Relaxed);
    }

    /// What others read before.
    pub(crate) fn kept(&self) -> &Arc<Kept> {
        &self.kept
    }

    /// What reads.
    pub fn loader(&self) -> &L {
        &self.loader
    }

    /// What there is for a key.
    pub async fn load_one<K: Loadable>(&self, key: K) -> Result<Option<L::Value>, L::Error>
    where
        L: Load<K>,
    {
        let version = self.version().await;
        if let Some(kept) = self.known(version, &key) {
            return Ok(kept);
        }
        let batch = self.ask(version, [key.clone()]);
        let found = batch.found().await?;
        Ok(found.get(&key).cloned())
    }

    /// What there is for each of some keys.
    pub async fn load_many<K: Loadable>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Found<K, L::Value>, L::Error>
    where
        L: Load<K>,
    {
        let version = self.version().await;
        let mut all = Found::default();
        let mut missing = Vec::new();
        for key in keys {
            match self.known(version, &key) {
                Some(Some(value)) => drop(all.insert(key, value)),
                Some(None) => {}
                None => missing.push(key),
            }
        }
        if missing.is_empty() {
            return Ok(all);
        }
        let batch = self.ask(version, missing.iter().cloned());
        let found = batch.found().await?;
        let of_key = |key| Some((K::clone(key), found.get(key)?.clone()));
        all.extend(missing.iter().filter_map(of_key));
        Ok(all)
    }

    /// What follows from the rows and the rules by a key, and from nothing else: worked out, unless somebody just did.
    pub async fn derived<K: Loadable, V: Keepable, E, F>(
        &self,
        key: K,
        work_out: impl FnOnce() -> F,
    ) -> Result<V, E>
    where
        F: Future<Output = Result<V, E>> + Send,
    {
        let version = self.version().await;
        let kept = version.and_then(|version| self.kept.get(version, &key));
        if let Some(value) = kept {
            return Ok(value);
        }
        // What is seldom needed takes no room where it isn't.
        let value = Box::pin(work_out()).await?;
        if let Some(version) = version {
            let kept = (key, value.clone(), value.bytes());
            self.kept.keep(version, [kept]);
        }
        Ok(value)
    }

    /// The version that everything is of that is read here, or a later one. It is read itself, once, for nobody else
    /// knows for sure: others may fold. There is none where nothing is kept.
    async fn version(&self) -> Option<Version> {
        let read = async || match self.kept.has_room() {
            true => self.models.version().await,
            false => None,
        };
        let known = self.version.get_or_init(read).await;
        let reached = self.reached.load(Ordering::Relaxed);
        known.map(|known| Version {
            position: known.position.max(reached),
            ..known
        })
    }

    /// What somebody found by a key in a version, or that there is nothing, if that is known.
    fn known<K: Loadable>(&self, version: Option<Version>, key: &K) -> Option<Option<L::Value>>
    where
        L: Load<K>,
    {
        self.kept.get(version?, key)
    }

    /// Adds keys to the batch that is read next, of a version or a later one.
    fn ask<K: Loadable>(
        &self,
        version: Option<Version>,
        keys: impl IntoIterator<Item = K>,
    ) -> Arc<BatchOf<L, K>>
    where
        L: Load<K>,
    {
        let mut open = self.open.lock();
        let known = open.get(&TypeId::of::<K>()).cloned();
        let known = known.and_then(|batch| batch.downcast::<BatchOf<L, K>>().ok());
        let batch = known.unwrap_or_else(|| {
            let batch = Arc::new(BatchOf::<L, K>::new());
            open.insert(TypeId::of::<K>(), batch.clone());
            let (loader, open) = (self.loader.clone(), self.open.clone());
            let (of, kept) = (batch.clone(), self.kept.clone());
            self.batches.add(Box::pin(async move {
                // Who asks from now on asks for another batch.
                open.lock().remove(&TypeId::of::<K>());
                of.read(&*loader, version, &kept).await;
            }));
            batch
        });
        batch.asked.lock().keys.extend(keys);
        batch
    }
}

impl<K: Loadable, V: Keepable, E: Clone> Batch<K, V, E> {
    fn new() -> Self {
        Self {
            asked: Mutex::new(Asked {
                keys: FxHashSet::default(),
                waiting: Vec::new(),
            }),
            read: OnceLock::new(),
        }
    }

    async fn read(
        &self,
        loader: &impl Load<K, Value = V, Error = E>,
        version: Option<Version>,
        kept: &Kept,
    ) {
        let keys = std::mem::take(&mut self.asked.lock().keys);
        let keys: Vec<K> = keys.into_iter().collect();
        let found = loader.load(&keys).await;
        if let (Some(version), Ok(found)) = (version, &found) {
            let of_key = |key| {
                let value = found.get(&key).cloned();
                let bytes = value.as_ref().map_or(0, V::bytes);
                (key, value, bytes)
            };
            kept.keep(version, keys.into_iter().map(of_key));
        }
        // It is read once.
        let _ = self.read.set(found);
        let waiting = std::mem::take(&mut self.asked.lock().waiting);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// What was found, once it is read.
    async fn found(&self) -> Result<&Found<K, V>, E> {
        poll_fn(|task| self.poll(task)).await
    }

    fn poll(&self, task: &Context<'_>) -> Poll<Result<&Found<K, V>, E>> {
        if self.read.get().is_none() {
            let mut asked = self.asked.lock();
            // Mostly all who wait belong to one task.
            let known = asked.waiting.last();
            if !known.is_some_and(|known| known.will_wake(task.waker())) {
                asked.waiting.push(task.waker().clone());
            }
        }
        // It may have been read meanwhile.
        match self.read.get() {
            Some(found) => Poll::Ready(found.as_ref().map_err(E::clone)),
            None => Poll::Pending,
        }
    }
}
