//! A read transaction on the file, for whoever compares all rows, or takes them along.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use plaudit_domain::Position;
use plaudit_projection::{Key, Profile};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, params_from_iter};
use sea_query::SqliteQueryBuilder;

use crate::checks::{Check, Miscount};
use crate::snapshot::{Record, Snapshot, Table, Value};
use crate::standing::{Earnings, LedGroup};
use crate::{
    AccountRecord, Each, GroupRecord, LedBy, LedgerRecord, MeetingRecord, PostRecord,
    ProfileRecord, Result, sql,
};

use super::{Failure, export, meetings, schema, standing};

/// The rows of a moment.
pub struct SqliteSnapshot {
    path: PathBuf,
    /// Within a transaction that ends as it is closed.
    connection: Connection,
    position: Position,
}

impl SqliteSnapshot {
    /// Begins with a connection that nobody else uses.
    pub fn begin(path: &Path, connection: Connection) -> std::result::Result<Self, Failure> {
        connection.execute_batch("BEGIN")?;
        // It is the first read that decides of which moment all are.
        let position = schema::position(&connection)?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            position,
        })
    }

    fn failed(&self, failure: impl Into<Failure>) -> crate::StoreError {
        failure.into().at(&self.path)
    }
}

#[async_trait]
impl Snapshot for SqliteSnapshot {
    fn position(&self) -> Position {
        self.position
    }

    fn tables(&self) -> Vec<Table> {
        schema::declared()
    }

    async fn rows(
        &mut self,
        table: &Table,
        after: Option<&Record>,
        limit: u32,
    ) -> Result<Vec<Record>> {
        rows(&self.connection, table, after, limit).map_err(|error| self.failed(error))
    }

    async fn profiles(&mut self, after: Key, limit: u32) -> Result<Vec<ProfileRecord>> {
        standing::profiles(&self.connection, after, limit).map_err(|error| self.failed(error))
    }

    async fn earnings(&mut self, after: Key, until: Key) -> Result<Vec<Earnings>> {
        standing::earnings(&self.connection, after, until).map_err(|error| self.failed(error))
    }

    async fn groups(&mut self) -> Result<Vec<LedGroup>> {
        standing::groups(&self.connection).map_err(|error| self.failed(error))
    }

    async fn miscounts(&mut self, check: &Check) -> Result<Vec<Miscount>> {
        miscounts(&self.connection, check).map_err(|error| self.failed(error))
    }

    async fn damages(&mut self) -> Result<Vec<String>> {
        damages(&self.connection).map_err(|error| self.failed(error))
    }

    async fn each_account(&mut self, each: Each<'_, AccountRecord>) -> Result<()> {
        export::accounts(&self.connection, each).map_err(|error| self.failed(error))
    }

    async fn each_profile(&mut self, each: Each<'_, Profile>) -> Result<()> {
        export::profiles(&self.connection, each).map_err(|error| self.failed(error))
    }

    async fn each_profile_record(&mut self, each: Each<'_, ProfileRecord>) -> Result<()> {
        export::profile_records(&self.connection, each).map_err(|error| self.failed(error))
    }

    async fn each_post(&mut self, each: Each<'_, PostRecord>) -> Result<()> {
        export::posts(&self.connection, each).map_err(|error| self.failed(error))
    }

    async fn each_entry_record(&mut self, each: Each<'_, LedgerRecord>) -> Result<()> {
        export::entry_records(&self.connection, each).map_err(|error| self.failed(error))
    }

    async fn each_group_record(&mut self, each: Each<'_, GroupRecord>) -> Result<()> {
        meetings::each_group(&self.connection, each).map_err(|error| self.failed(error))
    }

    async fn each_led(&mut self, each: Each<'_, LedBy>) -> Result<()> {
        meetings::each_led(&self.connection, each).map_err(|error| self.failed(error))
    }

    async fn each_meeting_record(&mut self, each: Each<'_, MeetingRecord>) -> Result<()> {
        meetings::each_meeting(&self.connection, each).map_err(|error| self.failed(error))
    }
}

fn rows(
    connection: &Connection,
    table: &Table,
    after: Option<&Record>,
    limit: u32,
) -> rusqlite::Result<Vec<Record>> {
    let page = sql::page_by_key(table, after.is_some(), limit);
    let mut statement = connection.prepare_cached(&page.to_string(SqliteQueryBuilder))?;
    let key = after.map(|record| table.key(record)).unwrap_or_default();
    let mut rows = statement.query(params_from_iter(key))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = (0..table.columns.len()).map(|at| Ok(row.get_ref(at)?.into()));
        records.push(Record(cells.collect::<rusqlite::Result<_>>()?));
    }
    Ok(records)
}

fn miscounts(connection: &Connection, check: &Check) -> rusqlite::Result<Vec<Miscount>> {
    let Check {
        table,
        column,
        counted,
        ..
    } = check;
    let mut statement = connection.prepare(&format!(
        "SELECT it.key, it.id, it.{column}, coalesce(anew.counted, 0)
         FROM {table} AS it LEFT JOIN ({counted}) AS anew ON anew.key = it.key
         WHERE it.{column} <> coalesce(anew.counted, 0) ORDER BY it.key"
    ))?;
    let miscounts = statement.query_map((), |row| {
        Ok(Miscount {
            key: row.get(0)?,
            id: row.get_ref(1)?.into(),
            kept: row.get(2)?,
            counted: row.get(3)?,
        })
    })?;
    miscounts.collect()
}

/// Also what isn't there: without an index everything would be right, but slow.
fn damages(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let texts = |sql: &str| -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(sql)?;
        statement.query_map((), |row| row.get(0))?.collect()
    };
    let mut damages = texts("PRAGMA integrity_check")?;
    damages.retain(|damage| damage != "ok");
    let there = texts("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")?;
    let expected = schema::tables().chain(schema::indexes().map(|(_, index)| index));
    let missing = expected.filter(|sql| !there.contains(sql));
    damages.extend(missing.map(|sql| format!("this isn't there: {sql}")));
    Ok(damages)
}

impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            // No column is a floating-point number.
            ValueRef::Real(number) => Self::Text(number.to_string()),
            ValueRef::Text(text) => Self::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
