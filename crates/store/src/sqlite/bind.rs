//! Between rows and SQLite's statements, without a copy in between.

use std::borrow::Borrow;
use std::ffi::CStr;
use std::rc::Rc;

use plaudit_projection::row::{Cell, Cells, Field};
use plaudit_projection::{Key, Row};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Rows, Statement, ToSql};
use uuid::Uuid;

use crate::snapshot;
use crate::statement::Param;

use super::Failure;

/// How SQLite's extension for lists knows them.
const ARRAY: &CStr = c"rarray";

/// Runs a query and does something with each of its rows.
pub fn query<T: Field>(
    connection: &Connection,
    sql: &str,
    params: &[Param<'_>],
    found: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    each(&mut statement, params, found)
}

/// Runs a prepared query and does something with each of its rows.
pub fn each<T: Field>(
    statement: &mut Statement<'_>,
    params: &[Param<'_>],
    mut found: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut rows = bound(statement, params)?;
    while let Some(row) = rows.next()? {
        found(T::read("", &mut RowCells { row, next: 0 })?)?;
    }
    Ok(())
}

/// All rows of a query, as they are kept.
pub fn records(
    connection: &Connection,
    sql: &str,
    params: &[Param<'_>],
) -> Result<Vec<snapshot::Record>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = bound(&mut statement, params)?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = (0..columns).map(|at| Ok(row.get_ref(at)?.into()));
        records.push(snapshot::Record(cells.collect::<rusqlite::Result<_>>()?));
    }
    Ok(records)
}

fn bound<'s>(statement: &'s mut Statement<'_>, params: &[Param<'_>]) -> rusqlite::Result<Rows<'s>> {
    for (param, at) in params.iter().zip(1..) {
        statement.raw_bind_parameter(at, param)?;
    }
    Ok(statement.raw_query())
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

/// Runs a statement; how many rows it changed.
pub fn run(statement: &mut Statement<'_>, params: &[Param<'_>]) -> rusqlite::Result<usize> {
    for (param, at) in params.iter().zip(1..) {
        statement.raw_bind_parameter(at, param)?;
    }
    statement.raw_execute()
}

/// Runs a statement with the cells of a row as its parameters.
pub fn execute<R: Row>(statement: &mut Statement<'_>, row: &R) -> rusqlite::Result<()> {
    execute_many::<R, &R>(statement, &[row])
}

/// Runs a statement with the cells of some rows as its parameters.
pub fn execute_many<R: Row, B: Borrow<R>>(
    statement: &mut Statement<'_>,
    rows: &[B],
) -> rusqlite::Result<()> {
    let mut at = 0;
    let mut result = Ok(());
    for row in rows {
        row.borrow().write(&mut |cell| {
            at += 1;
            if result.is_ok() {
                result = statement.raw_bind_parameter(at, CellParam(cell));
            }
        });
    }
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

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        fn list<T>(items: &[T], value: impl Fn(&T) -> Value) -> ToSqlOutput<'static> {
            let values: Vec<Value> = items.iter().map(value).collect();
            ToSqlOutput::from_rc(Rc::new(values), ARRAY)
        }
        let key = |key: &Key| Value::Integer(key.0);
        let blob = |id: &Uuid| Value::Blob(id.as_bytes().to_vec());
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Truth(truth) => ValueRef::Integer((*truth).into()),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Uuid(id) => ValueRef::Blob(id.as_bytes()),
            Self::Keys(keys) => return Ok(list(keys, key)),
            Self::Integers(numbers) => return Ok(list(numbers, |it| Value::Integer(*it))),
            Self::Uuids(ids) => return Ok(list(ids, blob)),
        }))
    }
}

impl From<ValueRef<'_>> for snapshot::Value {
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
