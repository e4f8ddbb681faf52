//! Tallies: what limits and challenges have to remember of an account.

use plaudit_domain::Time;

use crate::row::{Key, row};
use crate::rows::{Keyed, Optional};

row! {
    table "tally", primary (account, what, since);
    /// A running number of an account: points that count against a limit, steps of a challenge. There is
    /// none of what is zero.
    pub struct Tally {
        /// The account.
        pub account: Key,
        /// Of what: a number that the rules give it.
        pub what: i64,
        /// Since when: the beginning of a period of the calendar, or always the same.
        pub since: Time,
        /// How much.
        pub count: i64,
    }
}

/// What tells a tally from others: account, what and since when.
pub type TallyKey = (Key, i64, Time);

/// The beginning of the period of what has none.
pub const EVER: Time = Time::EPOCH;

/// The tallies that a batch changes.
pub type Tallies = Optional<Tally>;

impl Keyed for Tally {
    type Key = TallyKey;

    fn key(&self) -> TallyKey {
        (self.account, self.what, self.since)
    }
}

impl Tallies {
    /// How much it is.
    pub(crate) fn count(&self, (account, what, since): TallyKey) -> i64 {
        self.get(&(account, what, since))
            .map_or(0, |tally| tally.count)
    }

    /// Adds to it; how much it was and is.
    pub(crate) fn add(&mut self, key: TallyKey, by: i64) -> (i64, i64) {
        let before = self.count(key);
        let count = before + by;
        if by != 0 {
            let (account, what, since) = key;
            match count {
                0 => self.remove(key),
                _ => self.put(Tally {
                    account,
                    what,
                    since,
                    count,
                }),
            }
        }
        (before, count)
    }
}
