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
    /// Counts rows, once to write them, and once for each index on them, by the names of its table.
    pub async fn of(
        rows: &Rows,
        indexed: impl Iterator<Item = &'static str>,
        told: Told<'a>,
    ) -> Result<Self> {
        let mut counts = Counts::default();
        writes::load(&mut counts, rows).await?;
        let written: u64 = counts.0.values().sum();
        let sorted: u64 = indexed.map(|table| counts.of(table)).sum();
        Ok(Self {
            counts,
            done: 0,
            all: written + sorted,
            told,
        })
    }

    /// Tells that an index of a table is made.
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
struct Counts(FxHashMap<&'static str, u64>);

impl Counts {
    fn of(&self, table: &str) -> u64 {
        self.0.get(table).copied().unwrap_or(0)
    }
}

impl Loader for Counts {
    const IN_ORDER: bool = false;

    async fn load<R: Row, B: Borrow<R> + Sync>(&mut self, rows: &[B]) -> Result<()> {
        *self.0.entry(R::TABLE).or_default() += rows.len() as u64;
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
