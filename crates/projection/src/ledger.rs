//! The ledger: every point, with its reason and the event behind it (DOMAIN K2, K4, K8).

use std::mem;

use plaudit_domain::Time;

use crate::row::{Key, row};
use crate::weight::vector;

row! {
    table "ledger", primary (key), index (account, at, key, points);
    /// Points that an account got or lost by one event for one reason. They add up to what it has, at
    /// any moment.
    pub struct LedgerEntry {
        /// The position of the event, and its place among the entries of that: see [`LedgerEntry::position`].
        pub key: Key,
        /// The account.
        pub account: Key,
        /// The number of the rule or challenge, among those that it was reckoned by.
        pub reason: i64,
        /// When it was.
        pub at: Time,
        /// How many; negative where they were taken back.
        pub points: i64,
        /// Where the event did what the rule is about: what that is worth as long as it counts. Taking
        /// back and putting back has none.
        pub worth: Option<i64>,
        /// The post that it is about.
        pub post: Option<Key>,
        /// The group of that.
        pub group_key: Option<Key>,
    }
}

/// So many entries can an event have, as a power of two.
const PLACES: u32 = 20;

impl LedgerEntry {
    /// The position of its event.
    pub fn position(&self) -> i64 {
        self.key.0 >> PLACES
    }

    /// The keys that entries of an event have: from the first up to, but not with, the second.
    pub fn keys_of(position: i64) -> (Key, Key) {
        (Key(position << PLACES), Key((position + 1) << PLACES))
    }
}

/// The entries that a batch makes, and those before it that it has to look at.
#[derive(Debug, Default)]
pub struct Ledger {
    /// New ones, in the order of their keys.
    added: Vec<LedgerEntry>,
    /// Those of earlier batches, in the order of their keys.
    loaded: Vec<LedgerEntry>,
}

impl Ledger {
    /// Looks at entries as the store has them, in place of others, for what is reckoned next.
    pub fn load(&mut self, mut entries: Vec<LedgerEntry>) {
        entries.sort_unstable_by_key(|entry| entry.key);
        self.loaded = entries;
    }

    /// The entries that the store doesn't have, in the order of their keys.
    pub fn added(&self) -> &[LedgerEntry] {
        &self.added
    }

    /// Takes out the entries that the store doesn't have, in the order of their keys, to give them to it.
    pub fn take(&mut self) -> Vec<LedgerEntry> {
        mem::take(&mut self.added)
    }

    pub(crate) fn weight(&self) -> usize {
        vector(&self.added) + vector(&self.loaded)
    }

    /// Adds points. What one event gives an account for one reason is one entry.
    pub(crate) fn add(&mut self, position: i64, entry: LedgerEntry) {
        let (first, _) = LedgerEntry::keys_of(position);
        let of_event = self.added.iter_mut().rev();
        let mut of_event = of_event.take_while(|known| known.key >= first).peekable();
        let next = of_event.peek().map_or(first.0, |last| last.key.0 + 1);
        let known = of_event.find(|known| {
            known.account == entry.account
                && known.reason == entry.reason
                && known.worth.is_none()
                && entry.worth.is_none()
        });
        match known {
            Some(known) => known.points += entry.points,
            None => self.added.push(LedgerEntry {
                key: Key(next),
                ..entry
            }),
        }
    }

    /// Forgets, from a place on, what came to nothing within one event.
    pub(crate) fn drop_empty(&mut self, from: usize) {
        let new = self.added.split_off(from);
        let says_something = |entry: &LedgerEntry| entry.points != 0 || entry.worth.is_some();
        self.added.extend(new.into_iter().filter(says_something));
    }

    /// What an account got by an event that did something, with what that is worth.
    pub(crate) fn earned(&self, position: i64, account: Key) -> Vec<(LedgerEntry, i64)> {
        let (first, end) = LedgerEntry::keys_of(position);
        let within = |entries: &[LedgerEntry]| {
            let from = entries.partition_point(|entry| entry.key < first);
            let to = entries.partition_point(|entry| entry.key < end);
            entries[from..to].to_vec()
        };
        let entries = within(&self.loaded).into_iter().chain(within(&self.added));
        entries
            .filter(|entry| entry.account == account)
            .filter_map(|entry| entry.worth.map(|worth| (entry, worth)))
            .collect()
    }
}
