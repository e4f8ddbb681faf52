//! What other rules would change altogether.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use plaudit_domain::{GroupId, Visibility};
use plaudit_projection::activity::Status;
use plaudit_store::standing::LedGroup;

use super::effect::{BeforeAfter, Effect};
use super::standing::{Side, Standing};
use super::thing::Thing;

/// How much changes altogether.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// How many profiles there are.
    pub profiles: u64,
    /// How many of them would have something else.
    pub affected: u64,
    /// How many of these are private.
    pub affected_private: u64,
    /// The points of all.
    pub points: BeforeAfter<i64>,
    /// How many profiles would gain points,
    pub gaining: u64,
    /// and how many points these would be.
    pub points_gained: i64,
    /// How many profiles would lose points,
    pub losing: u64,
    /// and how many points these would be.
    pub points_lost: i64,
    /// How many profiles would come to a higher level.
    pub rising: u64,
    /// How many would come to a lower one.
    pub falling: u64,
}

/// How many profiles gain, or lose, about so many points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// So many points, negative if they are lost,
    pub from: i64,
    /// to so many, with these.
    pub to: i64,
    /// How many profiles.
    pub profiles: u64,
}

/// Profiles that come from one level to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelMove {
    /// The numbers of the levels, from 1.
    pub level: BeforeAfter<usize>,
    /// How many profiles.
    pub profiles: u64,
}

/// How much more or less there would be of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThingChange {
    /// The number of the [thing](Thing).
    pub thing: u32,
    /// How much of it all profiles have: of rules, points; of all else, how often somebody has it.
    pub count: BeforeAfter<i64>,
    /// How many profiles would have more of it,
    pub gaining: u64,
    /// and how many less.
    pub losing: u64,
}

/// A user group that would be active or inactive otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChange {
    /// Which group.
    pub id: GroupId,
    /// Its name.
    pub name: String,
    /// How it is.
    pub status: BeforeAfter<Status>,
}

impl GroupChange {
    /// All that would be otherwise.
    pub(super) fn all(groups: &[LedGroup], before: &Side<'_>, after: &Side<'_>) -> Vec<Self> {
        let statuses = before.statuses.iter().zip(&after.statuses);
        let changes = groups.iter().zip(statuses).map(|(led, (before, after))| {
            let status = BeforeAfter {
                before: *before,
                after: *after,
            };
            let group = &led.record.group;
            Self {
                id: group.id,
                name: group.name.clone(),
                status,
            }
        });
        changes.filter(|change| change.status.changes()).collect()
    }
}

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) totals: Totals,
    /// By the place of the bucket, from zero on.
    buckets: BTreeMap<i32, u64>,
    levels: BTreeMap<BeforeAfter<usize>, u64>,
    changes: BTreeMap<u32, ThingChange>,
}

impl Summary {
    /// Adds a profile.
    pub(super) fn add(&mut self, before: &Standing, after: &Standing, effect: &Effect) {
        let totals = &mut self.totals;
        totals.profiles += 1;
        if effect.is_one() {
            totals.affected += 1;
            totals.affected_private += u64::from(effect.visibility == Visibility::Private);
        }
        totals.points.before += effect.points.before;
        totals.points.after += effect.points.after;
        let points = effect.points.difference();
        if points > 0 {
            totals.gaining += 1;
            totals.points_gained += points;
        } else if points < 0 {
            totals.losing += 1;
            totals.points_lost -= points;
        }
        totals.rising += u64::from(effect.level.after > effect.level.before);
        totals.falling += u64::from(effect.level.after < effect.level.before);
        *self.buckets.entry(bucket_of(points)).or_default() += 1;
        if effect.level.changes() {
            *self.levels.entry(effect.level).or_default() += 1;
        }
        for (thing, count) in before.things.iter().chain(&before.rules) {
            self.change(*thing).count.before += count;
        }
        for (thing, count) in after.things.iter().chain(&after.rules) {
            self.change(*thing).count.after += count;
        }
        for difference in effect.things.iter().chain(&effect.rules) {
            let change = self.change(difference.thing);
            match difference.count.difference() > 0 {
                true => change.gaining += 1,
                false => change.losing += 1,
            }
        }
    }

    fn change(&mut self, thing: u32) -> &mut ThingChange {
        self.changes.entry(thing).or_insert(ThingChange {
            thing,
            count: BeforeAfter::default(),
            gaining: 0,
            losing: 0,
        })
    }

    /// All buckets, from the lowest to the highest that any profile is in.
    pub(super) fn distribution(&self) -> Vec<Bucket> {
        let places = self.buckets.keys();
        let (Some(&lowest), Some(&highest)) = (places.clone().next(), places.last()) else {
            return Vec::new();
        };
        let bucket = |place| {
            let (from, to) = bounds(place);
            let profiles = self.buckets.get(&place).copied().unwrap_or_default();
            Bucket { from, to, profiles }
        };
        (lowest..=highest).map(bucket).collect()
    }

    pub(super) fn levels(&self) -> Vec<LevelMove> {
        let levels = self.levels.iter();
        levels
            .map(|(&level, &profiles)| LevelMove { level, profiles })
            .collect()
    }

    /// What changes for anybody, kind by kind, what changes for the most first.
    pub(super) fn changes(&self, things: &[Thing]) -> Vec<ThingChange> {
        let changes = self.changes.values().copied();
        let mut changes: Vec<ThingChange> =
            changes.filter(|it| it.gaining + it.losing > 0).collect();
        let kind = |it: &ThingChange| {
            things
                .get(it.thing as usize)
                .map(|thing: &Thing| thing.kind)
        };
        changes.sort_by_key(|it| (kind(it), Reverse(it.gaining + it.losing), it.thing));
        changes
    }
}

/// The place of the bucket that a change of points is in: 0 for none, 1 for one point, 2 from two on, 3 from
/// five on, 4 from ten on, and so forth; the same below zero for what is lost.
fn bucket_of(points: i64) -> i32 {
    let mut place = 0;
    while least(place + 1) <= points.unsigned_abs() {
        place += 1;
    }
    if points < 0 { -place } else { place }
}

/// The points that the bucket at a place is from and to.
fn bounds(place: i32) -> (i64, i64) {
    let least = |place| i64::try_from(least(place)).unwrap_or(i64::MAX);
    let away = place.abs();
    let (near, far) = match away {
        0 => (0, 0),
        _ => (least(away), least(away + 1).saturating_sub(1)),
    };
    if place < 0 {
        (-far, -near)
    } else {
        (near, far)
    }
}

/// The fewest points at a place above zero: 1, 2, 5, 10, 20, 50 …
fn least(place: i32) -> u64 {
    let number = u32::try_from(place - 1).unwrap_or_default();
    let ten = 10_u64.saturating_pow(number / 3);
    ten.saturating_mul([1, 2, 5][number as usize % 3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_finer_near_zero_and_the_same_on_both_sides() {
        for (points, from, to) in [
            (0, 0, 0),
            (1, 1, 1),
            (-1, -1, -1),
            (2, 2, 4),
            (4, 2, 4),
            (-4, -4, -2),
            (5, 5, 9),
            (10, 10, 19),
            (99, 50, 99),
            (-100, -199, -100),
            (1_000_000, 1_000_000, 1_999_999),
        ] {
            assert_eq!(bounds(bucket_of(points)), (from, to), "{points}");
        }
        for points in [i64::MAX, i64::MIN] {
            let (from, to) = bounds(bucket_of(points));
            assert!(from < to, "{from} {to}");
        }
    }
}
