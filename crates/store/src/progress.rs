//! How much of a bulk load is done.
//!
//! All rows are gone through once more for it, to count them.

use std::borrow::Borrow;

use plaudit_projection::{Row, Rows};
use rustc_hash::FxHashMap;

use crate::Result;
use crate::engine::Loader;
use crate::load::Told;
use crate::writes;

/// So many rows are written before it is told.
const EVERY: usize = 10_000;

/// What there is to write, how much of it is written, and who is told.
pub struct Work<'a> {
    counts: Counts,
    done: u64,
    all: u64,
    told: Told<'a>,
}

impl<'a> Work<'a> {
    /// Writing rows, and making indexes on them, given by the names of their tables.
    pub async fn of(
        rows: &Rows,
        indexed: impl Iterator<Item = &'static str>,
        told: Told<'a>,
    ) -> Result<Self> {
        let mut counts = Counts::default();
        counts.add(rows).await?;
        let written: u64 = counts.0.values().sum();
        let work = Self::left(counts, indexed, told);
        Ok(Self {
            all: work.all + written,
            ..work
        })
    }

    /// Going through tables once for each time that they are named.
    pub fn left(
        counts: Counts,
        tables: impl Iterator<Item = &'static str>,
        told: Told<'a>,
    ) -> Self {
        let all = tables.map(|table| counts.of(table)).sum();
        Self {
            counts,
            done: 0,
            all,
            told,
        }
    }

    /// Tells that a table was gone through.
    pub fn indexed(&mut self, table: &str) {
        self.add(self.counts.of(table));
    }

    fn add(&mut self, rows: u64) {
        if rows > 0 {
            self.done += rows;
            (self.told)(self.done, self.all);
        }
    }
}

/// How many rows each table has.
#[derive(Default)]
pub struct Counts(FxHashMap<&'static str, u64>);

impl Counts {
    /// Adds some rows to them.
    pub async fn add(&mut self, rows: &Rows) -> Result<()> {
        writes::load(self, rows).await
    }

    /// Adds so many rows to those of a table.
    pub fn add_to<R: Row>(&mut self, rows: usize) {
        *self.0.entry(R::TABLE).or_default() += rows as u64;
    }

    fn of(&self, table: &str) -> u64 {
        self.0.get(table).copied().unwrap_or(0)
    }
}

impl Loader for Counts {
    const IN_ORDER: bool = false;

    async fn load<R: Row, B: Borrow<R> + Sync>(&mut self, rows: &[B]) -> Result<()> {
        self.add_to::<R>(rows.len());
        Ok(())
    }
}

/// What fills empty tables, and tells of it.
pub struct Telling<'w, 'a, L> {
    /// What fills them.
    pub loader: L,
    /// What is told.
    pub work: &'w mut Work<'a>,
}

impl<L: Loader> Loader for Telling<'_, '_, L> {
    async fn load<R: Row, B: Borrow<R> + Sync>(&mut self, rows: &[B]) -> Result<()> {
        for some in rows.chunks(EVERY) {
            self.loader.load::<R, B>(some).await?;
            self.work.add(some.len() as u64);
        }
        Ok(())
    }
}
