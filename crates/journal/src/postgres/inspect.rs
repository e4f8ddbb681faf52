//! Whether all rows are what they should be, without trusting indexes, constraints or bodies.

use std::pin::pin;

use futures_util::TryStreamExt;
use plaudit_domain::{Fact, Position, StreamName, Time};
use plaudit_postgres::Connection;
use plaudit_postgres::tokio_postgres::{Row, RowStream};
use uuid::Uuid;

use super::reader::Reader;
use super::tables::{Database, columns, signed, unsigned};
use crate::inspection::{
    Bodies, Extent, Fault, Flaw, Inspected, Kept, Looked, Revisions, WrongRevision,
};
use crate::keys::Keyring;
use crate::row::key;
use crate::{JournalError, Tell};

const EVENTS: &str = concat!(
    "SELECT ",
    columns!(),
    ", stream_key FROM plaudit_journal.event WHERE position <= $1 ORDER BY position"
);

/// What is looked for here may be wrong with an index: so the table itself is read, and sorted.
const BY_NO_INDEX: &str =
    "SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off";

const REVISIONS: &str = "
    SELECT stream_key, revision, position, stream FROM plaudit_journal.event WHERE position <= $1
    ORDER BY stream_key, revision, position";

const REPEATED_IDS: &str = "
    SELECT id, position, first FROM (
        SELECT id, position, min(position) OVER (PARTITION BY id) AS first
        FROM plaudit_journal.event WHERE position <= $1
    ) event WHERE position <> first ORDER BY id, position";

impl Reader {
    /// Looks at everything, on a connection of its own.
    pub async fn inspect(
        &self,
        extent: Extent,
        keyring: &Keyring,
        tell: Tell<'_>,
    ) -> Result<(), JournalError> {
        tell(Inspected::UpTo(0));
        let database = self.database();
        let connection = database.address().connect().await;
        let connection = connection.map_err(|error| database.error(error))?;
        let by_no_index = connection.batch_execute(BY_NO_INDEX).await;
        by_no_index.map_err(|error| database.error(database.address().error(error)))?;
        let looking = Looking {
            database,
            connection,
            until: extent.until,
        };
        looking.revisions(tell).await?;
        looking.ids(tell).await?;
        looking.bodies(extent, keyring, tell).await
    }
}

struct Looking<'d> {
    database: &'d Database,
    connection: Connection,
    until: Position,
}

impl Looking<'_> {
    async fn rows(&self, sql: &str) -> Result<RowStream, JournalError> {
        let rows = self.connection.query_raw(sql, [signed(self.until)]).await;
        rows.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: plaudit_postgres::tokio_postgres::Error) -> JournalError {
        self.database.error(self.database.address().error(error))
    }

    async fn revisions(&self, tell: Tell<'_>) -> Result<(), JournalError> {
        let mut rows = pin!(self.rows(REVISIONS).await?);
        let mut revisions = Revisions::new();
        while let Some(row) = rows.try_next().await.map_err(|error| self.failed(error))? {
            let (stream, found, position): (Uuid, i64, i64) = (row.get(0), row.get(1), row.get(2));
            let Some(wrong) = revisions.next(stream.as_bytes(), found, position) else {
                continue;
            };
            let stream: String = row.get(3);
            let fault = match wrong {
                WrongRevision::Expected(expected) => Fault::Revision {
                    stream,
                    expected,
                    found,
                },
                WrongRevision::Later(later) => Fault::Order { stream, later },
            };
            tell(Inspected::Flaw(Flaw::Event { position, fault }));
        }
        Ok(())
    }

    async fn ids(&self, tell: Tell<'_>) -> Result<(), JournalError> {
        let mut rows = pin!(self.rows(REPEATED_IDS).await?);
        while let Some(row) = rows.try_next().await.map_err(|error| self.failed(error))? {
            let (id, position, first): (Uuid, i64, i64) = (row.get(0), row.get(1), row.get(2));
            let id = id.to_string();
            let fault = Fault::RepeatedId { id, first };
            tell(Inspected::Flaw(Flaw::Event { position, fault }));
        }
        Ok(())
    }

    async fn bodies(
        &self,
        extent: Extent,
        keyring: &Keyring,
        tell: Tell<'_>,
    ) -> Result<(), JournalError> {
        // Sorting all bodies would take as much room as they do: what its index leaves out is missing.
        let by_index = self
            .connection
            .batch_execute("SET enable_indexscan = on")
            .await;
        by_index.map_err(|error| self.failed(error))?;
        let mut rows = pin!(self.rows(EVENTS).await?);
        let mut bodies = Bodies::new(extent, keyring);
        while let Some(row) = rows.try_next().await.map_err(|error| self.failed(error))? {
            bodies.look_at(looked(&row), tell).await?;
        }
        bodies.finish(tell);
        Ok(())
    }
}

fn looked(row: &Row) -> Looked {
    let position: i64 = row.get(0);
    let stream = StreamName::stored(row.get(2));
    let is_found = row.get::<_, Uuid>(13) == key(&stream);
    let unfindable = (!is_found).then(|| Fault::Unfindable(stream.clone()));
    let recorded_at = Time::from_micros(row.get(7));
    let version: i32 = row.get(5);
    let read = match u16::try_from(version) {
        Ok(version) => Ok(Fact::decode(row.get(4), version, row.get(11))),
        Err(_) => Err(format!("{version} is no version")),
    };
    let kept = Kept {
        position: unsigned(position),
        id: row.get(1),
        stream,
        revision: unsigned(row.get(3)),
        occurred_at: Time::from_micros(row.get(6)),
        recorded_at,
    };
    Looked {
        position,
        recorded_at,
        read: read.map(|fact| (kept, fact, unfindable)),
    }
}
