//! Between rows and SQLite's statements, without a copy in between.

use plaudit_projection::Row;
use plaudit_projection::row::{Cell, Cells, Field};
use rusqlite::types::{ToSqlOutput, Value as SqliteValue, ValueRef};
use rusqlite::{Connection, Params, Statement, ToSql};
use sea_query::{Value, Values};

use crate::StoreError;

use super::Failure;

/// Runs a query and reads all its rows.
pub fn query<R: Row>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Vec<R>, Failure> {
    rows(&mut *connection.prepare_cached(sql)?, params)
}

/// Reads all rows of a prepared query.
pub fn rows<R: Row>(statement: &mut Statement<'_>, params: impl Params) -> Result<Vec<R>, Failure> {
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row, 0)?);
    }
    Ok(found)
}

/// Reads a row whose columns begin at a place of a query's.
pub fn read<R: Field>(row: &rusqlite::Row<'_>, from: usize) -> Result<R, Failure> {
    Ok(R::read("", &mut RowCells { row, next: from })?)
}

struct RowCells<'r, 's> {
    row: &'r rusqlite::Row<'s>,
    next: usize,
}

impl Cells for RowCells<'_, '_> {
    fn next(&mut self) -> Cell<'_> {
        let at = self.next;
        self.next += 1;
        match self.row.get_ref(at) {
            Ok(ValueRef::Integer(value)) => Cell::Integer(value),
            Ok(ValueRef::Text(text)) => std::str::from_utf8(text).map_or(Cell::Null, Cell::Text),
            Ok(ValueRef::Blob(bytes)) => Cell::Bytes(bytes),
            // No column is a floating-point number, and none is missing.
            Ok(ValueRef::Null | ValueRef::Real(_)) | Err(_) => Cell::Null,
        }
    }
}

/// Runs a statement with the cells of a row as its parameters.
pub fn execute<R: Row>(statement: &mut Statement<'_>, row: &R) -> rusqlite::Result<()> {
    let mut at = 0;
    let mut result = Ok(());
    row.write(&mut |cell| {
        at += 1;
        if result.is_ok() {
            result = statement.raw_bind_parameter(at, CellParam(cell));
        }
    });
    result?;
    statement.raw_execute().map(drop)
}

/// Runs a statement with some cells as its parameters.
pub fn execute_with<'a>(
    statement: &mut Statement<'_>,
    cells: impl Iterator<Item = Cell<'a>>,
) -> rusqlite::Result<()> {
    for (cell, at) in cells.zip(1..) {
        statement.raw_bind_parameter(at, CellParam(cell))?;
    }
    statement.raw_execute().map(drop)
}

/// All cells of a row.
pub fn cells<R: Row>(row: &R) -> Vec<Cell<'_>> {
    let mut cells = Vec::new();
    row.write(&mut |cell| cells.push(cell));
    cells
}

struct CellParam<'a>(Cell<'a>);

impl ToSql for CellParam<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Cell::Null => ValueRef::Null,
            Cell::Integer(value) => ValueRef::Integer(value),
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
            Cell::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// The parameters of a statement that sea-query built.
pub fn values(values: Values) -> Result<Vec<SqliteValue>, StoreError> {
    values.0.into_iter().map(value).collect()
}

#[allow(clippy::wildcard_enum_match_arm, reason = "queries bind nothing else")]
fn value(value: Value) -> Result<SqliteValue, StoreError> {
    Ok(match value {
        Value::Bool(Some(truth)) => SqliteValue::Integer(truth.into()),
        Value::BigInt(Some(number)) => SqliteValue::Integer(number),
        Value::Unsigned(Some(number)) => SqliteValue::Integer(number.into()),
        Value::BigUnsigned(Some(number)) => SqliteValue::Integer(number.cast_signed()),
        Value::String(Some(text)) => SqliteValue::Text(text),
        Value::Bytes(Some(bytes)) => SqliteValue::Blob(bytes),
        other => {
            let what = format!("a query binds {other:?}, which SQLite has no type for");
            return Err(std::io::Error::other(what).into());
        }
    })
}
