//! The tables of a generation, and whether they are those of this version's rows.

use plaudit_postgres::tokio_postgres::error::SqlState;
use plaudit_postgres::{Address, Object, PostgresError};
use plaudit_projection::row::{Column, ColumnKind};
use plaudit_projection::{Row, Rows};
use sea_query::PostgresQueryBuilder;

use super::{Lock, Mode, Place, connect, failed};
use crate::statement::Dialect;
use crate::tables::for_every_row;
use crate::{Result, StoreError, sql, tables, writes};

/// Where the fold stands, as for SQLite.
const PROGRESS: &str = "CREATE TABLE progress (
    one bigint PRIMARY KEY CHECK (one = 1),
    position bigint NOT NULL,
    event uuid,
    erased boolean NOT NULL,
    people bigint NOT NULL,
    shape text NOT NULL
)";

/// The tables, without their keys.
pub fn tables() -> impl Iterator<Item = String> {
    for_every_row!(table)
        .into_iter()
        .chain([PROGRESS.to_owned()])
}

/// The keys, each with the name of its table, which are made after a bulk load like indexes.
pub fn keys() -> impl Iterator<Item = (&'static str, String)> {
    for_every_row!(key).into_iter()
}

/// The indexes, each with the name of its table.
pub fn indexes() -> impl Iterator<Item = (&'static str, String)> {
    for_every_row!(indexes_of).into_iter().flatten()
}

/// What keeps the server from taking samples of texts, which would stay where nobody looks for them.
fn samples() -> impl Iterator<Item = String> {
    for_every_row!(samples_of).into_iter().flatten()
}

fn table<R: Row>() -> String {
    let mut table = sql::create_columns::<R>(type_name);
    table.take().to_string(PostgresQueryBuilder)
}

fn key<R: Row>() -> (&'static str, String) {
    let key = R::PRIMARY.join("\", \"");
    let sql = format!("ALTER TABLE \"{}\" ADD PRIMARY KEY (\"{key}\")", R::TABLE);
    (R::TABLE, sql)
}

fn indexes_of<R: Row>() -> Vec<(&'static str, String)> {
    // As SQLite's have it by themselves: so that rows come in the order of an index, whatever decides
    // between equals.
    let indexes = sql::create_indexes::<R>(R::PRIMARY);
    let said = indexes
        .iter()
        .map(|index| (R::TABLE, index.to_string(PostgresQueryBuilder)));
    said.collect()
}

fn samples_of<R: Row>() -> Vec<String> {
    let indexed = R::UNIQUE.iter().chain(R::INDEXES).copied().flatten();
    let indexed: Vec<&str> = indexed.chain(R::PRIMARY).copied().collect();
    let is_sampled = |it: &Column| it.kind == ColumnKind::Text && !indexed.contains(&it.name);
    let columns = R::table_columns().into_iter().filter(is_sampled);
    columns
        .map(|column| {
            let (table, column) = (R::TABLE, column.name);
            format!("ALTER TABLE \"{table}\" ALTER \"{column}\" SET STATISTICS 0")
        })
        .collect()
}

/// Texts are in the order of their bytes, whatever the database's order is.
fn type_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Integer => "bigint",
        ColumnKind::Boolean => "boolean",
        ColumnKind::Text => "text COLLATE \"C\"",
        ColumnKind::Uuid => "uuid",
    }
}

/// What a kind of column is called, in lists.
pub fn plain_type_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Integer => "bigint",
        ColumnKind::Boolean => "boolean",
        ColumnKind::Text => "text",
        ColumnKind::Uuid => "uuid",
    }
}

/// What the tables of this version look like, folded by the rules of a hash.
pub fn expected_shape(rules: &str) -> String {
    tables::shape(rules, tables().chain(finish().map(|(_, sql)| sql)))
}

/// Makes a schema with its tables, within a transaction of whoever asks.
pub fn create(schema: &str) -> String {
    let tables: Vec<String> = tables().chain(samples()).collect();
    format!(
        "CREATE SCHEMA IF NOT EXISTS \"{schema}\"; {};",
        tables.join(";")
    )
}

/// Makes keys and indexes, each with the name of its table.
pub fn finish() -> impl Iterator<Item = (&'static str, String)> {
    keys().chain(indexes())
}

/// What is locked by whoever has a generation open.
pub fn in_use(schema: &str) -> String {
    format!("plaudit: {schema} is in use")
}

/// Makes the tables if there are none; refuses those of another shape, or folded by other rules.
pub async fn open(at: &Place, rules: &str) -> Result<()> {
    let failed = |error| at.failed(at.error(error));
    let mut connection = at.connection().await.map_err(|error| at.failed(error))?;
    let transaction = connection.transaction().await.map_err(failed)?;
    // Two that open it at the same time would both make it.
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
    let name = format!("plaudit: {} is made", at.schema);
    transaction.execute(lock, &[&name]).await.map_err(failed)?;
    let there = transaction
        .query_one(&is_there(&at.schema), &[])
        .await
        .map_err(failed)?;
    if there.get(0) {
        transaction.commit().await.map_err(failed)?;
        drop(connection);
        return check(at, rules).await;
    }
    let shape = expected_shape(rules);
    let made = async {
        let finish: Vec<String> = finish().map(|(_, sql)| sql).collect();
        let all = format!("{}{};", create(&at.schema), finish.join(";"));
        transaction.batch_execute(&all).await?;
        let start = writes::start().text(Dialect::Postgres);
        let rows = Rows::default();
        let started = writes::started(&rows, 0, &shape);
        let started = started.iter().map(super::write::bound);
        transaction.execute_raw(start, started).await?;
        transaction.commit().await
    };
    made.await.map_err(failed)
}

fn is_there(schema: &str) -> String {
    format!("SELECT to_regclass('\"{schema}\".progress') IS NOT NULL")
}

/// Whether there is a generation in a schema.
pub async fn exists(address: &Address, schema: &str) -> Result<bool> {
    let connection = connect(address, schema).await?;
    let there = connection.query_one(&is_there(schema), &[]).await;
    let there = there.map_err(|error| failed(schema, address.error(error)))?;
    Ok(there.get(0))
}

/// Refuses tables of another shape, or folded by other rules.
pub async fn check(at: &Place, rules: &str) -> Result<()> {
    let connection = at.connection().await.map_err(|error| at.failed(error))?;
    let outdated = || StoreError::Outdated {
        place: format!("in schema {} of {}", at.schema, at.address),
    };
    match connection
        .query_opt("SELECT shape FROM progress", &[])
        .await
    {
        Ok(Some(row)) if row.get::<_, &str>(0) == expected_shape(rules) => Ok(()),
        Ok(_) => Err(outdated()),
        Err(error) => match error.code() {
            Some(code)
                if *code == SqlState::UNDEFINED_TABLE || *code == SqlState::UNDEFINED_COLUMN =>
            {
                Err(outdated())
            }
            _ => Err(at.failed(at.error(error))),
        },
    }
}

/// Removes a generation's schema, unless somebody has it open; whether it is gone.
pub async fn remove(address: &Address, schema: &str) -> Result<bool> {
    let failed = |error: PostgresError| failed(schema, error);
    let lock = Lock::try_hold(address, &in_use(schema), Mode::Alone)
        .await
        .map_err(failed)?;
    let Some(lock) = lock else {
        return Ok(false);
    };
    let connection = connect(address, schema).await?;
    let removed = connection
        .batch_execute(&format!("DROP SCHEMA IF EXISTS \"{schema}\" CASCADE"))
        .await;
    removed.map_err(|error| failed(address.error(error)))?;
    drop(lock);
    Ok(true)
}

/// What isn't there, or is there in vain: without an index everything would be right, but slow.
pub async fn damages(
    at: &Place,
    connection: &Object,
) -> std::result::Result<Vec<String>, PostgresError> {
    let names = |sql: &'static str| async move {
        let found = connection
            .query(sql, &[])
            .await
            .map_err(|error| at.error(error))?;
        Ok::<_, PostgresError>(found.iter().map(|row| row.get(0)).collect::<Vec<String>>())
    };
    let columns = "SELECT table_name || '.' || column_name FROM information_schema.columns
                   WHERE table_schema = current_schema()";
    let columns = names(columns).await?;
    let mut damages = Vec::new();
    for table in tables::declared() {
        let expected = table
            .columns
            .iter()
            .map(|it| format!("{}.{}", table.name, it.name));
        let missing = expected.filter(|it| !columns.contains(it));
        damages.extend(missing.map(|it| format!("this isn't there: column {it}")));
    }
    let valid = "SELECT relname::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
                 WHERE relnamespace = current_schema()::regnamespace AND indisvalid AND indisready";
    let valid = names(valid).await?;
    let missing = for_every_row!(index_names).into_iter().flatten();
    let missing = missing.filter(|name| !valid.contains(name));
    damages.extend(missing.map(|name| format!("this isn't there: index {name}")));
    Ok(damages)
}

fn index_names<R: Row>() -> Vec<String> {
    let key = format!("{}_pkey", R::TABLE);
    sql::index_names::<R>().chain([key]).collect()
}
