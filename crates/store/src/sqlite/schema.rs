//! The tables of a generation, and up to where it is folded.

use plaudit_domain::Position;
use plaudit_projection::row::ColumnKind;
use plaudit_projection::{Row, Rows};
use rusqlite::{Connection, ErrorCode, Transaction};
use sea_query::SqliteQueryBuilder;

use crate::statement::Dialect;
use crate::tables::for_every_row;
use crate::{sql, tables, writes};

use super::{Failure, bind};

/// The tables, without their indexes.
fn tables() -> impl Iterator<Item = String> {
    for_every_row!(table).into_iter()
}

/// The indexes.
pub fn indexes() -> impl Iterator<Item = Index> {
    for_every_row!(indexes_of).into_iter().flatten()
}

/// An index.
pub struct Index {
    /// The name of its table.
    pub table: &'static str,
    /// What makes it.
    pub sql: String,
    /// Whether folding finds rows by it, or those of which something was erased. The others are for those who
    /// read only, and cost more to keep than to make at the end of a bulk load.
    pub is_for_folding: bool,
}

/// The indexes that folding finds rows by, each as a table and its first column. `plans.rs` holds that there
/// is none missing.
pub const FOR_FOLDING: [(&str, &str); 17] = [
    ("account", "id"),
    ("account", "profile"),
    ("application", "account"),
    ("benefit", "id"),
    ("benefit", "account"),
    ("community_group", "id"),
    ("feedback", "account"),
    ("gift", "giver"),
    ("meeting", "id"),
    ("post", "id"),
    ("post", "author"),
    ("presentation", "id"),
    ("presentation", "speaker"),
    ("report", "account"),
    ("review", "author"),
    ("rsvp", "account"),
    ("sponsor", "account"),
];

/// Where the fold stands: position and id of the last event, whether something was erased that is still
/// somewhere in the file, and up to where the last batch came that changed whose points accounts' are.
/// One row.
const PROGRESS: &str = "CREATE TABLE progress (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL,
    event BLOB,
    erased INTEGER NOT NULL,
    people INTEGER NOT NULL,
    shape TEXT NOT NULL
) STRICT";

/// Makes the tables if there are none; refuses those of another shape, or folded by other rules.
pub fn open(connection: &mut Connection, rules: &str) -> Result<(), Failure> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    if is_empty(&transaction)? {
        create_tables(&transaction)?;
        create_indexes(&transaction)?;
        start(&transaction, rules, 0, &Rows::default())?;
    } else {
        check(&transaction, rules)?;
    }
    Ok(transaction.commit()?)
}

/// Refuses tables of another shape, or folded by other rules.
pub fn check(connection: &Connection, rules: &str) -> Result<(), Failure> {
    match shape(connection) {
        Ok(shape) if shape == expected_shape(rules) => Ok(()),
        Err(error) if is_out_of_reach(&error) => Err(error.into()),
        Ok(_) | Err(_) => Err(Failure::Outdated),
    }
}

/// Whether it tells nothing of what is in the file.
fn is_out_of_reach(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)
    )
}

/// Makes the tables, without indexes.
pub fn create_tables(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    for table in tables() {
        transaction.execute(&table, ())?;
    }
    transaction.execute(PROGRESS, ()).map(drop)
}

/// Makes the indexes.
pub fn create_indexes(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    for index in indexes() {
        transaction.execute(&index.sql, ())?;
    }
    Ok(())
}

/// Notes where the fold stands for the first time.
pub fn start(
    transaction: &Transaction<'_>,
    rules: &str,
    position: Position,
    rows: &Rows,
) -> rusqlite::Result<()> {
    let shape = expected_shape(rules);
    let mut statement = transaction.prepare(writes::start().text(Dialect::Sqlite))?;
    bind::run(&mut statement, &writes::started(rows, position, &shape)).map(drop)
}

/// Where the fold stands.
pub fn position(connection: &Connection) -> Result<Position, Failure> {
    let position: i64 = connection
        .prepare_cached("SELECT position FROM progress")?
        .query_row((), |row| row.get(0))?;
    Ok(position.cast_unsigned())
}

/// Whether something was erased since it was last [noted](purged) that nothing of that is left.
pub fn is_erased(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT erased FROM progress", (), |row| row.get(0))
}

/// Notes that nothing of what was erased is left.
pub fn purged(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE progress SET erased = 0", ())
        .map(drop)
}

fn table<R: Row>() -> String {
    // A table with a key of several columns is one B-tree, not a table and an index.
    let options = if R::PRIMARY.len() > 1 {
        "STRICT, WITHOUT ROWID"
    } else {
        "STRICT"
    };
    let mut table = sql::create_table::<R>(type_name);
    format!("{} {options}", table.take().to_string(SqliteQueryBuilder))
}

fn indexes_of<R: Row>() -> Vec<Index> {
    let columns = R::UNIQUE.iter().chain(R::INDEXES);
    let indexes = sql::create_indexes::<R>(&[]);
    indexes
        .iter()
        .zip(columns)
        .map(|(index, columns)| Index {
            table: R::TABLE,
            sql: index.to_string(SqliteQueryBuilder),
            is_for_folding: columns
                .first()
                .is_some_and(|first| FOR_FOLDING.contains(&(R::TABLE, first))),
        })
        .collect()
}

fn type_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Integer | ColumnKind::Boolean => "INTEGER",
        ColumnKind::Text => "TEXT",
        ColumnKind::Uuid => "BLOB",
    }
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", (), |row| {
        row.get(0)
    })
}

fn shape(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("SELECT shape FROM progress", (), |row| row.get(0))
}

fn expected_shape(rules: &str) -> String {
    tables::shape(rules, tables().chain(indexes().map(|index| index.sql)))
}

/// What SQLite finds wrong, and what isn't there: without an index everything would be right, but slow.
pub fn damages(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let texts = |sql: &str| -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(sql)?;
        statement.query_map((), |row| row.get(0))?.collect()
    };
    let mut damages = texts("PRAGMA integrity_check")?;
    damages.retain(|damage| damage != "ok");
    let there = texts("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")?;
    let expected = tables().chain(indexes().map(|index| index.sql));
    let missing = expected.filter(|sql| !there.contains(sql));
    damages.extend(missing.map(|sql| format!("this isn't there: {sql}")));
    Ok(damages)
}
