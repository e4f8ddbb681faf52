//! What other rules would change for a profile.

use std::collections::{BTreeMap, BTreeSet};

use plaudit_domain::{AccountId, Visibility};
use plaudit_projection::{Key, Profile};

use super::standing::Standing;

/// Something as it is, and as it would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BeforeAfter<T> {
    /// As it is.
    pub before: T,
    /// As it would be.
    pub after: T,
}

impl<T: PartialEq> BeforeAfter<T> {
    /// Whether it would be another one.
    pub fn changes(&self) -> bool {
        self.before != self.after
    }
}

impl<T> BeforeAfter<T> {
    /// Something of both.
    pub fn map<U>(self, of: impl Fn(T) -> U) -> BeforeAfter<U> {
        BeforeAfter {
            before: of(self.before),
            after: of(self.after),
        }
    }
}

impl BeforeAfter<i64> {
    /// How much more it would be; negative if it would be less.
    pub fn difference(&self) -> i64 {
        self.after - self.before
    }
}

/// How much a profile has of a [thing](super::thing::Thing), and would have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// The number of the thing.
    pub thing: u32,
    /// How often; of rules, how many points.
    pub count: BeforeAfter<i64>,
}

/// What changes for a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The profile.
    pub key: Key,
    /// Its public id.
    pub id: AccountId,
    /// Who sees it.
    pub visibility: Visibility,
    /// Its points.
    pub points: BeforeAfter<i64>,
    /// The number of its level, from 1.
    pub level: BeforeAfter<usize>,
    /// The number of the lozenge that it shows.
    pub lozenge: BeforeAfter<Option<u32>>,
    /// What it has more or less of.
    pub things: Box<[Difference]>,
    /// Of which rules and challenges it has other points: that is why.
    pub rules: Box<[Difference]>,
}

impl Effect {
    pub(super) fn between(profile: &Profile, before: &Standing, after: &Standing) -> Self {
        Self {
            key: profile.key,
            id: profile.id,
            visibility: profile.visibility,
            points: BeforeAfter {
                before: before.points,
                after: after.points,
            },
            level: BeforeAfter {
                before: before.level,
                after: after.level,
            },
            lozenge: BeforeAfter {
                before: before.lozenge,
                after: after.lozenge,
            },
            things: differences(&before.things, &after.things),
            rules: differences(&before.rules, &after.rules),
        }
    }

    /// Whether anything changes for it. The same points for other reasons are the same.
    pub(super) fn is_one(&self) -> bool {
        self.points.changes()
            || self.level.changes()
            || self.lozenge.changes()
            || !self.things.is_empty()
    }
}

fn differences(before: &BTreeMap<u32, i64>, after: &BTreeMap<u32, i64>) -> Box<[Difference]> {
    let things: BTreeSet<u32> = before.keys().chain(after.keys()).copied().collect();
    let of = |counts: &BTreeMap<u32, i64>, thing| counts.get(&thing).copied().unwrap_or_default();
    let difference = |thing| Difference {
        thing,
        count: BeforeAfter {
            before: of(before, thing),
            after: of(after, thing),
        },
    };
    let all = things.into_iter().map(difference);
    all.filter(|it| it.count.changes()).collect()
}
