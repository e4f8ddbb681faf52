//! Where rows are, by what tells them from others. That stands in the rows themselves: only their places are
//! kept, so that an index takes a sixth of what a map would.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxBuildHasher;

/// Where a row is.
pub(crate) type Place = u32;

/// 2 thousand million rows in memory are out of reach before their places are.
pub(crate) fn place(at: usize) -> Place {
    Place::try_from(at).unwrap_or(Place::MAX)
}

/// An index of rows that are elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Places(HashTable<Place>);

impl Places {
    /// The place of the row that a key tells from others, if there is one.
    pub(crate) fn find<K: Hash + Eq>(&self, key: &K, key_at: impl Fn(Place) -> K) -> Option<Place> {
        let is_there = |at: &Place| key_at(*at) == *key;
        self.0.find(hash(key), is_there).copied()
    }

    /// Notes where a row is; another one with the same key isn't found any more.
    pub(crate) fn note<K: Hash + Eq>(&mut self, key: &K, at: Place, key_at: impl Fn(Place) -> K) {
        let is_there = |at: &Place| key_at(*at) == *key;
        match self.0.entry(hash(key), is_there, |at| hash(&key_at(*at))) {
            Entry::Occupied(mut known) => *known.get_mut() = at,
            Entry::Vacant(free) => drop(free.insert(at)),
        }
    }

    /// How many bytes of memory it takes, about.
    pub(crate) fn weight(&self) -> usize {
        self.0.allocation_size()
    }
}

fn hash(key: &impl Hash) -> u64 {
    FxBuildHasher.hash_one(key)
}
