//! A read transaction on the file, for whoever compares all rows.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use plaudit_domain::Position;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, params_from_iter};
use sea_query::SqliteQueryBuilder;

use crate::checks::{Check, Miscount};
use crate::snapshot::{Record, Snapshot, Table, Value};
use crate::{Result, sql};

use super::{Failure, schema};

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

    async fn miscounts(&mut self, check: &Check) -> Result<Vec<Miscount>> {
        miscounts(&self.connection, check).map_err(|error| self.failed(error))
    }

    async fn damages(&mut self) -> Result<Vec<String>> {
        damages(&self.connection).map_err(|error| self.failed(error))
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
    let expected = schema::tables().chain(schema::indexes());
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
