//! All rows of one moment, table by table, as they are kept: to be compared with others.

use async_trait::async_trait;
use plaudit_domain::Position;
use plaudit_projection::Row;
use plaudit_projection::row::Column;

use crate::Result;
use crate::checks::{Check, Miscount};

/// The rows of one moment. As long as it is there the engine keeps them, so it shouldn't be for long.
#[async_trait]
pub trait Snapshot: Send {
    /// The position up to which events are folded in.
    fn position(&self) -> Position;

    /// Every table that there is for rows.
    fn tables(&self) -> Vec<Table>;

    /// The next rows of a table after the one with a key, in the order of keys, at most so many; texts go
    /// by their bytes.
    async fn rows(
        &mut self,
        table: &Table,
        after: Option<&Record>,
        limit: u32,
    ) -> Result<Vec<Record>>;

    /// The rows whose figure isn't what is counted.
    async fn miscounts(&mut self, check: &Check) -> Result<Vec<Miscount>>;

    /// What the engine itself finds wrong with what it keeps the rows in.
    async fn damages(&mut self) -> Result<Vec<String>>;
}

/// A table, as its rows declare it.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// The places of the columns of the primary key.
    pub primary: Vec<usize>,
}

impl Table {
    /// The table of a row.
    pub fn of<R: Row>() -> Self {
        let columns = R::table_columns();
        let place = |name: &&str| columns.iter().position(|column| column.name == *name);
        Self {
            name: R::TABLE,
            primary: R::PRIMARY.iter().filter_map(place).collect(),
            columns,
        }
    }

    /// The key of a record.
    pub fn key<'a>(&self, record: &'a Record) -> Vec<&'a Value> {
        let cells = self.primary.iter();
        cells.filter_map(|&at| record.0.get(at)).collect()
    }
}

/// The cells of a row, in the order of its table's columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record(pub Vec<Value>);

/// What a cell holds. The order is that of keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Nothing.
    Null,
    /// An integer, a time or a truth.
    Integer(i64),
    /// A text.
    Text(String),
    /// The bytes of a UUID.
    Bytes(Vec<u8>),
}
