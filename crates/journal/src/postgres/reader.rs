//! Reading, by connections of a pool.

use plaudit_domain::{Event, Position, StreamName};
use plaudit_postgres::tokio_postgres::Row;
use plaudit_postgres::tokio_postgres::types::ToSql;
use plaudit_postgres::{Pool, PostgresError, patiently};

use super::tables::{Database, columns, signed, unsigned};
use crate::JournalError;
use crate::row::key;

const STREAM: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM plaudit_journal.event WHERE stream_key = $1 AND revision >= $2 ORDER BY revision LIMIT $3"
);

const ALL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM plaudit_journal.event WHERE position > $1 ORDER BY position LIMIT $2"
);

const AT: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM plaudit_journal.event WHERE position = ANY($1) ORDER BY position"
);

const HEAD: &str = "SELECT coalesce(max(position), 0) FROM plaudit_journal.event";

/// Arguments of a statement.
pub(super) type Arguments<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Reads a journal. Each read sees what was committed when it began, whole.
///
/// What can't be read just now is tried again for a while.
#[derive(Clone)]
pub(super) struct Reader {
    database: Database,
    pool: Pool,
}

impl Reader {
    pub fn new(database: Database, pool: Pool) -> Self {
        Self { database, pool }
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    pub async fn stream(
        &self,
        stream: &StreamName,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Event>, JournalError> {
        let arguments: Arguments<'_> = &[&key(stream), &signed(from), &limited(limit)];
        self.events(STREAM, arguments).await
    }

    pub async fn all(&self, after: Position, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.events(ALL, &[&signed(after), &limited(limit)]).await
    }

    pub async fn at(&self, positions: &[Position]) -> Result<Vec<Event>, JournalError> {
        let positions: Vec<_> = positions.iter().copied().map(signed).collect();
        self.events(AT, &[&positions]).await
    }

    pub async fn head(&self) -> Result<Position, JournalError> {
        let rows = self.rows(HEAD, &[]).await?;
        Ok(rows.first().map_or(0, |row| unsigned(row.get(0))))
    }

    async fn events(
        &self,
        sql: &str,
        arguments: Arguments<'_>,
    ) -> Result<Vec<Event>, JournalError> {
        let rows = self.rows(sql, arguments).await?;
        rows.iter().map(|row| self.database.event(row)).collect()
    }

    pub async fn rows(
        &self,
        sql: &str,
        arguments: Arguments<'_>,
    ) -> Result<Vec<Row>, JournalError> {
        let rows = patiently(|| self.rows_once(sql, arguments)).await;
        rows.map_err(|error| self.database.error(error))
    }

    async fn rows_once(
        &self,
        sql: &str,
        arguments: Arguments<'_>,
    ) -> Result<Vec<Row>, PostgresError> {
        let address = self.database.address();
        let client = self.pool.get().await;
        let client = client.map_err(|error| address.pool_error(error))?;
        let rows = async {
            let statement = client.prepare_cached(sql).await?;
            client.query(&statement, arguments).await
        };
        rows.await.map_err(|error| address.error(error))
    }
}

pub(super) fn limited(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
