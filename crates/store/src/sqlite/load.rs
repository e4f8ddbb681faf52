//! Writing all rows of a history at once, each table in the order of its key, and then the indexes.
//!
//! Everything is gone through twice: to count it, so that it can be told how far it is, and to write it.

use std::cmp::Ordering;
use std::hash::Hash;

use plaudit_projection::{
    Change, FigureOfMonth, Notification, Optional, Pair, PostTag, ReadMark, Row, Rows,
};
use rusqlite::Transaction;
use rustc_hash::FxHashMap;
use sea_query::SqliteQueryBuilder;

use crate::sql;

use super::{bind, schema};

/// So often it is told how far it is, in rows.
const EVERY: u64 = 10_000;

/// Writes all rows but the texts, and makes all indexes; tells how much of it is done, and of how much.
pub(super) fn write(
    transaction: &Transaction<'_>,
    rows: &Rows,
    told: &mut dyn FnMut(u64, u64),
) -> rusqlite::Result<()> {
    let mut count = Count::default();
    each_table(rows, &mut count)?;
    let indexes: Vec<_> = schema::indexes().collect();
    let sorted = indexes
        .iter()
        .map(|(table, _)| count.of(table))
        .sum::<u64>();
    let mut write = Write {
        transaction,
        done: 0,
        all: count.0.values().sum::<u64>() + sorted,
        told,
    };
    each_table(rows, &mut write)?;
    for (table, index) in indexes {
        transaction.execute(&index, ())?;
        write.add(count.of(table));
    }
    Ok(())
}

/// What is done with each table.
trait Each {
    /// With one whose rows come in the order of the key.
    fn table<'a, R: Row>(&mut self, rows: impl Iterator<Item = &'a R>) -> rusqlite::Result<()>;

    /// With one whose rows come in no order.
    fn unsorted<'a, R: Row>(
        &mut self,
        rows: impl Iterator<Item = &'a R>,
        order: impl Fn(&R, &R) -> Ordering,
    ) -> rusqlite::Result<()>;

    /// With one of pairs.
    fn pairs<'a, R: Row + Pair>(
        &mut self,
        changes: impl Iterator<Item = Change<&'a R>>,
    ) -> rusqlite::Result<()> {
        let rows = changes.filter_map(|change| match change {
            Change::Put(row) => Some(row),
            Change::Remove { .. } => None,
        });
        self.unsorted(rows, |one, other| one.pair().cmp(&other.pair()))
    }

    /// With one that has one row or none of each key.
    fn optional<R: Row, K: Clone + Eq + Hash + Ord>(
        &mut self,
        rows: &Optional<R, K>,
    ) -> rusqlite::Result<()>;
}

fn each_table(rows: &Rows, to: &mut impl Each) -> rusqlite::Result<()> {
    to.table(rows.accounts.added().iter())?;
    to.table(rows.profiles.iter())?;
    to.table(rows.posts.added().iter())?;
    to.pairs(rows.likes.changes())?;
    to.pairs(rows.watches.changes())?;
    to.optional(&rows.reviews)?;
    to.pairs(rows.reports.changes())?;
    to.unsorted(rows.tags.added(), PostTag::cmp)?;
    to.optional(&rows.about)?;
    to.table(rows.courses.added().iter())?;
    to.table(rows.certifications.iter())?;
    to.table(rows.groups.added().iter())?;
    to.pairs(rows.group_watches.changes())?;
    let place = |told: &Notification| (told.account, told.at, told.position);
    to.unsorted(rows.notifications.iter(), |one, other| {
        place(one).cmp(&place(other))
    })?;
    to.unsorted(rows.read_marks.iter(), ReadMark::cmp)?;
    let figures: Vec<FigureOfMonth> = rows.figures.changes().collect();
    let place = |it: &FigureOfMonth| (it.figure, it.month);
    to.unsorted(figures.iter(), |one, other| place(one).cmp(&place(other)))?;
    to.table(rows.timeline.iter())?;
    to.pairs(rows.memberships.changes())?;
    to.pairs(rows.leaders.changes())?;
    to.optional(&rows.applications)?;
    to.table(rows.meetings.added().iter())?;
    to.pairs(rows.rsvps.changes())?;
    to.pairs(rows.attendance.changes())?;
    to.table(rows.presentations.added().iter())?;
    to.pairs(rows.sponsors.changes())?;
    to.table(rows.benefits.added().iter())?;
    to.table(rows.ledger.added().iter())?;
    to.optional(&rows.tallies)?;
    to.optional(&rows.badges)?;
    to.optional(&rows.post_milestones)?;
    to.table(rows.granted_badges.iter())?;
    to.optional(&rows.lozenges)?;
    to.optional(&rows.lozenge_requests)?;
    to.optional(&rows.acceptances)?;
    to.optional(&rows.waiting)?;
    to.table(rows.gifts.iter())?;
    to.table(rows.feedback.iter())?;
    to.optional(&rows.interactions)
}

/// Counts the rows of each table.
#[derive(Default)]
struct Count(FxHashMap<&'static str, u64>);

impl Count {
    fn of(&self, table: &str) -> u64 {
        self.0.get(table).copied().unwrap_or(0)
    }
}

impl Each for Count {
    fn table<'a, R: Row>(&mut self, rows: impl Iterator<Item = &'a R>) -> rusqlite::Result<()> {
        *self.0.entry(R::TABLE).or_default() += rows.count() as u64;
        Ok(())
    }

    fn unsorted<'a, R: Row>(
        &mut self,
        rows: impl Iterator<Item = &'a R>,
        _: impl Fn(&R, &R) -> Ordering,
    ) -> rusqlite::Result<()> {
        self.table(rows)
    }

    fn optional<R: Row, K: Clone + Eq + Hash + Ord>(
        &mut self,
        rows: &Optional<R, K>,
    ) -> rusqlite::Result<()> {
        self.table(rows.changes().filter_map(|(_, row)| row))
    }
}

/// Writes them.
struct Write<'a> {
    transaction: &'a Transaction<'a>,
    done: u64,
    all: u64,
    told: &'a mut dyn FnMut(u64, u64),
}

impl Write<'_> {
    fn add(&mut self, rows: u64) {
        let before = self.done / EVERY;
        self.done += rows;
        if self.done / EVERY > before || self.done == self.all {
            (self.told)(self.done, self.all);
        }
    }
}

impl Each for Write<'_> {
    fn table<'a, R: Row>(&mut self, rows: impl Iterator<Item = &'a R>) -> rusqlite::Result<()> {
        let sql = sql::insert::<R>().to_string(SqliteQueryBuilder);
        let mut statement = self.transaction.prepare(&sql)?;
        for row in rows {
            bind::execute(&mut statement, row)?;
            self.add(1);
        }
        Ok(())
    }

    /// In the order of the primary key, each row goes to the end of its table.
    fn unsorted<'a, R: Row>(
        &mut self,
        rows: impl Iterator<Item = &'a R>,
        order: impl Fn(&R, &R) -> Ordering,
    ) -> rusqlite::Result<()> {
        let mut rows: Vec<&R> = rows.collect();
        rows.sort_unstable_by(|one, other| order(one, other));
        self.table(rows.into_iter())
    }

    fn optional<R: Row, K: Clone + Eq + Hash + Ord>(
        &mut self,
        rows: &Optional<R, K>,
    ) -> rusqlite::Result<()> {
        let rows = rows.changes();
        let mut rows: Vec<(K, &R)> = rows.filter_map(|(key, row)| Some((key, row?))).collect();
        rows.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        self.table(rows.into_iter().map(|(_, row)| row))
    }
}
