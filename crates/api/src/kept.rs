//! What was read of the rows, kept for who asks for the same next.
//!
//! Most of what somebody asks for somebody else has just asked for. What is kept is of one version of the rows: as
//! soon as anything more is folded in, all of it is read anew, so that nobody sees anything older for its sake.

use std::any::{Any, TypeId};
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use parking_lot::RwLock;
use plaudit_replay::Version;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, Weighter};
use rustc_hash::FxBuildHasher;

/// How many bytes it takes, about, unless another room is given to it: enough for what thousands look at.
pub const KEPT_BYTES: u64 = 32 * 1024 * 1024;

/// What a place takes besides what is kept in it, about, in bytes.
const PLACE: u64 = 128;

/// What was read by keys of any kind.
pub(crate) struct Kept {
    places: Cache<Place, Found, Weight, FxBuildHasher>,
    /// What all of it is of.
    version: RwLock<Version>,
}

/// What was found by a key.
#[derive(Clone)]
struct Found {
    value: Arc<dyn Any + Send + Sync>,
    bytes: usize,
}

/// A key of any kind.
struct Place {
    hash: u64,
    key: Box<dyn AnyKey>,
}

/// A key that is asked by.
struct Asked<'k, K> {
    hash: u64,
    key: &'k K,
}

trait AnyKey: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn is(&self, other: &dyn AnyKey) -> bool;
}

#[derive(Clone)]
struct Weight;

impl Default for Kept {
    /// Nothing is kept yet.
    fn default() -> Self {
        let lifecycle = DefaultLifecycle::default();
        Self {
            places: Cache::with(1_000, KEPT_BYTES, Weight, FxBuildHasher, lifecycle),
            version: RwLock::default(),
        }
    }
}

impl Kept {
    /// From now on it takes so many bytes, about; if that is none, nothing is kept.
    pub(crate) fn set_room(&self, bytes: u64) {
        self.places.set_capacity(bytes);
    }

    /// Whether anything is kept.
    pub(crate) fn has_room(&self) -> bool {
        self.places.capacity() > 0
    }

    /// What was found by a key in a version, if that is kept.
    pub(crate) fn get<K, V>(&self, version: Version, key: &K) -> Option<V>
    where
        K: Eq + Hash + 'static,
        V: Clone + 'static,
    {
        let kept = self.version.read();
        if *kept != version {
            return None;
        }
        let hash = hash(key);
        let found = self.places.get(&Asked { hash, key })?;
        found.value.downcast_ref().cloned()
    }

    /// Keeps what was found in a version, each with how many bytes it takes, about; nothing, if a later one is known.
    pub(crate) fn keep<K, V>(
        &self,
        version: Version,
        found: impl IntoIterator<Item = (K, V, usize)>,
    ) where
        K: Eq + Hash + Send + Sync + 'static,
        V: Send + Sync + 'static,
    {
        if *self.version.read() < version {
            let mut kept = self.version.write();
            if *kept < version {
                *kept = version;
                // It is of use to nobody any more, and may be what was erased.
                self.places.clear();
            }
        }
        let kept = self.version.read();
        if *kept != version {
            return;
        }
        for (key, value, bytes) in found {
            let place = Place {
                hash: hash(&key),
                key: Box::new(key),
            };
            let value = Arc::new(value);
            self.places.insert(place, Found { value, bytes });
        }
    }
}

fn hash<K: Hash + 'static>(key: &K) -> u64 {
    FxBuildHasher.hash_one((TypeId::of::<K>(), key))
}

impl<K: Eq + Send + Sync + 'static> AnyKey for K {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn is(&self, other: &dyn AnyKey) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.key.is(&*other.key)
    }
}

impl Eq for Place {}

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl<K> Hash for Asked<'_, K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl<K: Eq + 'static> Equivalent<Place> for Asked<'_, K> {
    fn equivalent(&self, place: &Place) -> bool {
        place.key.as_any().downcast_ref() == Some(self.key)
    }
}

impl Weighter<Place, Found> for Weight {
    fn weight(&self, _: &Place, found: &Found) -> u64 {
        PLACE + found.bytes as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first version of some rows, and a later one.
    fn versions() -> [Version; 2] {
        [7, 8].map(|position| Version {
            models: 1,
            position,
        })
    }

    #[test]
    fn what_is_kept_is_found_by_its_key_and_kind_in_its_version() {
        #[derive(PartialEq, Eq, Hash)]
        struct Other(u32);

        let (kept, [now, later]) = (Kept::default(), versions());
        kept.keep(now, [(1_u32, "one", 3)]);
        kept.keep(now, [(Other(1), "another", 7)]);
        assert_eq!(kept.get(now, &1_u32), Some("one"));
        assert_eq!(kept.get(now, &Other(1)), Some("another"));
        assert_eq!(kept.get::<_, &str>(now, &2_u32), None);
        assert_eq!(kept.get::<_, &str>(later, &1_u32), None);
    }

    #[test]
    fn what_holds_no_more_is_not_kept() {
        let (kept, [now, later]) = (Kept::default(), versions());
        let erased = Arc::new("a name");
        kept.keep(now, [(1_u32, erased.clone(), 6)]);
        kept.keep(later, [(2_u32, "something else", 14)]);
        assert_eq!(Arc::strong_count(&erased), 1);
        // Who began to read before comes too late.
        kept.keep(now, [(1_u32, erased.clone(), 6)]);
        assert_eq!(Arc::strong_count(&erased), 1);
        assert_eq!(kept.get(later, &2_u32), Some("something else"));
    }

    #[test]
    fn more_is_not_kept_than_there_is_room_for() {
        let (kept, [now, _]) = (Kept::default(), versions());
        let found = |kept: &Kept| {
            let found = (0..1_000_u32).filter_map(|key| kept.get::<_, u32>(now, &key));
            found.count()
        };
        kept.keep(now, (0..1_000_u32).map(|key| (key, key, 1024 * 1024)));
        assert!((1..=32).contains(&found(&kept)), "{}", found(&kept));
        kept.set_room(0);
        kept.keep(now, (0..1_000_u32).map(|key| (key, key, 1)));
        assert_eq!(found(&kept), 0);
    }
}
