//! All rows of one moment, table by table: as they are kept, to be compared with others, and as records, to be
//! taken along.

use async_trait::async_trait;
use plaudit_domain::Position;
use plaudit_projection::row::Column;
use plaudit_projection::{Key, Profile, Row};

use crate::checks::{Check, Miscount};
use crate::standing::{Earnings, LedGroup};
use crate::{
    AccountRecord, Each, GroupRecord, LedBy, LedgerRecord, MeetingRecord, PostRecord,
    ProfileRecord, Result,
};

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

    /// The next profiles after one, in the order of their keys, at most so many, each with its badges.
    async fn profiles(&mut self, after: Key, limit: u32) -> Result<Vec<ProfileRecord>>;

    /// The points that profiles have of each rule or challenge, of those after one and up to another, in
    /// the order of their keys.
    async fn earnings(&mut self, after: Key, until: Key) -> Result<Vec<Earnings>>;

    /// All user groups with who leads them, oldest first.
    async fn groups(&mut self) -> Result<Vec<LedGroup>>;

    /// The rows whose figure isn't what is counted.
    async fn miscounts(&mut self, check: &Check) -> Result<Vec<Miscount>>;

    /// What the engine itself finds wrong with what it keeps the rows in.
    async fn damages(&mut self) -> Result<Vec<String>>;

    // Taking along

    /// Every account, oldest first. An error of `each` ends it.
    async fn each_account(&mut self, each: Each<'_, AccountRecord>) -> Result<()>;

    /// Every profile, oldest first.
    async fn each_profile(&mut self, each: Each<'_, Profile>) -> Result<()>;

    /// Every profile with its badges, oldest first.
    async fn each_profile_record(&mut self, each: Each<'_, ProfileRecord>) -> Result<()>;

    /// Every post, oldest first, deleted ones too.
    async fn each_post(&mut self, each: Each<'_, PostRecord>) -> Result<()>;

    /// Every entry of the ledger with the public ids of what it refers to, in their order.
    async fn each_entry_record(&mut self, each: Each<'_, LedgerRecord>) -> Result<()>;

    /// Every group with its held meetings, oldest first.
    async fn each_group_record(&mut self, each: Each<'_, GroupRecord>) -> Result<()>;

    /// Every user group with each profile that leads it, once, in no order.
    async fn each_led(&mut self, each: Each<'_, LedBy>) -> Result<()>;

    /// Every meeting, in the order of scheduling.
    async fn each_meeting_record(&mut self, each: Each<'_, MeetingRecord>) -> Result<()>;
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
