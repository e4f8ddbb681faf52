//! Where two snapshots differ, row by row and cell by cell.

use std::cmp::Ordering;
use std::collections::VecDeque;

use plaudit_projection::row::{Column, ColumnKind};

use crate::Result;
use crate::snapshot::{Record, Snapshot, Table, Value};

/// So many rows are read at once.
const PAGE: u32 = 1_000;

/// A row that isn't what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its table.
    pub table: &'static str,
    /// Its key: names of columns, with what they hold.
    pub key: Vec<(&'static str, Value)>,
    /// Its public id, where it has one.
    pub id: Option<Value>,
    /// How it differs.
    pub how: How,
}

/// How a row differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// It isn't there.
    Missing,
    /// It is there, and shouldn't be.
    Surplus,
    /// Some cells hold something else.
    Cells(Vec<Cell>),
}

/// A cell that holds something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its column.
    pub column: &'static str,
    /// What it holds, and what it should. Not of texts: they may be personal.
    pub values: Option<(Value, Value)>,
}

/// Rows of a table that are compared with what they should be.
pub struct Comparison<'a> {
    table: &'a Table,
    kept: Reading<'a>,
    right: Reading<'a>,
}

impl<'a> Comparison<'a> {
    /// Begins with the first row.
    pub fn of(table: &'a Table, kept: &'a mut dyn Snapshot, right: &'a mut dyn Snapshot) -> Self {
        Self {
            table,
            kept: Reading::of(kept),
            right: Reading::of(right),
        }
    }

    /// Compares some more rows; how many there were, or nothing at the end.
    ///
    /// # Errors
    /// If either side can't be read.
    pub async fn step(
        &mut self,
        found: &mut (dyn FnMut(Difference) + Send),
    ) -> Result<Option<u64>> {
        let Self { table, kept, right } = self;
        kept.fill(table).await?;
        right.fill(table).await?;
        if kept.page.is_empty() && right.page.is_empty() {
            return Ok(None);
        }
        let mut rows = 0;
        // As far as it is known what comes next on both sides.
        while !(kept.needs_more() || right.needs_more()) {
            let order = match (kept.page.front(), right.page.front()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(kept), Some(right)) => table.key(kept).cmp(&table.key(right)),
            };
            let one = kept.page.pop_front_if(|_| order != Ordering::Greater);
            let other = right.page.pop_front_if(|_| order != Ordering::Less);
            rows += u64::from(one.is_some());
            if one != other {
                found(difference(table, one, other));
            }
        }
        Ok(Some(rows))
    }
}

/// A table that is read page by page.
struct Reading<'a> {
    snapshot: &'a mut dyn Snapshot,
    page: VecDeque<Record>,
    /// The last one that was read.
    last: Option<Record>,
    ended: bool,
}

impl<'a> Reading<'a> {
    fn of(snapshot: &'a mut dyn Snapshot) -> Self {
        Self {
            snapshot,
            page: VecDeque::new(),
            last: None,
            ended: false,
        }
    }

    fn needs_more(&self) -> bool {
        self.page.is_empty() && !self.ended
    }

    /// Makes sure that the next row is here, if there is one.
    async fn fill(&mut self, table: &Table) -> Result<()> {
        if self.needs_more() {
            let last = self.last.as_ref();
            self.page = self.snapshot.rows(table, last, PAGE).await?.into();
            self.last = self.page.back().cloned();
            self.ended = self.last.is_none();
        }
        Ok(())
    }
}

fn difference(table: &Table, kept: Option<Record>, right: Option<Record>) -> Difference {
    let how = match (&kept, &right) {
        (Some(kept), Some(right)) => How::Cells(cells(table, kept, right)),
        (Some(_), None) => How::Surplus,
        (None, Some(_) | None) => How::Missing,
    };
    let record = right.or(kept).unwrap_or(Record(Vec::new()));
    let named = |&at: &usize| Some((table.columns.get(at)?.name, record.0.get(at)?.clone()));
    let id = |column: &Column| column.name == "id" && column.kind == ColumnKind::Uuid;
    let id = table.columns.iter().position(id);
    Difference {
        table: table.name,
        key: table.primary.iter().filter_map(named).collect(),
        id: id.and_then(|at| record.0.get(at).cloned()),
        how,
    }
}

fn cells(table: &Table, kept: &Record, right: &Record) -> Vec<Cell> {
    let values = kept.0.iter().zip(&right.0);
    let differing = table
        .columns
        .iter()
        .zip(values)
        .filter(|(_, (a, b))| a != b);
    let cell = |(column, (kept, right)): (&Column, (&Value, &Value))| {
        let is_text = column.kind == ColumnKind::Text;
        Cell {
            column: column.name,
            values: (!is_text).then(|| (kept.clone(), right.clone())),
        }
    };
    differing.map(cell).collect()
}
