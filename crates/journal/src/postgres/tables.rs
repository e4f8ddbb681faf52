//! The journal's tables, and how rows of them become events.

use std::sync::Arc;

use plaudit_domain::{AccountId, Event, Fact, Position, StreamName, Time};
use plaudit_postgres::tokio_postgres::Row;
use plaudit_postgres::{Address, Migration, PostgresError, Schema};

use crate::JournalError;

/// The journal's schema.
pub(super) const SCHEMA: Schema = Schema {
    name: crate::postgres::NAME,
    holds: "journal",
    never_beside: &[(crate::keys::SCHEMA_NAME, "keyring")],
    migrations: &[Migration {
        name: "V1__events",
        sql: V1,
    }],
};

/// Events are never changed: that is worth a trigger, which costs nothing as long as nobody tries.
///
/// Bodies are text, and not one of PostgreSQL's JSON types: so they are kept byte for byte, and what is
/// wrong with one can be told instead of being refused.
const V1: &str = "
    CREATE TABLE plaudit_journal.event (
        position    bigint  NOT NULL PRIMARY KEY,
        id          uuid    NOT NULL UNIQUE,
        stream      text    COLLATE \"C\" NOT NULL,
        stream_key  uuid    NOT NULL, -- UUIDv5 of stream
        revision    bigint  NOT NULL,
        type        text    COLLATE \"C\" NOT NULL,
        version     integer NOT NULL,
        occurred_at bigint  NOT NULL, -- microseconds since 1970, UTC
        recorded_at bigint  NOT NULL,
        actor       uuid,
        correlation uuid,
        causation   uuid,
        imported    boolean NOT NULL, -- whether it came with a history from elsewhere
        data        text    NOT NULL, -- JSON, as the type and version say
        UNIQUE (stream_key, revision)
    );
    CREATE INDEX event_by_type ON plaudit_journal.event (type, position);
    CREATE INDEX event_by_actor ON plaudit_journal.event (actor, position) WHERE actor IS NOT NULL;

    CREATE FUNCTION plaudit_journal.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'a recorded event never changes, and never goes'; END $$;
    CREATE TRIGGER event_never_changes BEFORE UPDATE OR DELETE ON plaudit_journal.event
        FOR EACH ROW EXECUTE FUNCTION plaudit_journal.refuse();
    CREATE TRIGGER event_never_goes BEFORE TRUNCATE ON plaudit_journal.event
        FOR EACH STATEMENT EXECUTE FUNCTION plaudit_journal.refuse();
";

/// All columns, in the order in which [`Database::event`] reads them.
macro_rules! columns {
    () => {
        "position, id, stream, revision, type, version, occurred_at, recorded_at, \
         actor, correlation, causation, data, imported"
    };
}
pub(super) use columns;

/// Which database it is, for errors.
#[derive(Debug, Clone)]
pub(super) struct Database(Arc<Address>);

impl Database {
    pub fn new(address: Address) -> Self {
        Self(Arc::new(address))
    }

    pub fn address(&self) -> &Address {
        &self.0
    }

    /// What failed, and where.
    pub fn error(&self, error: PostgresError) -> JournalError {
        match error {
            PostgresError::Unavailable { address, reason } => JournalError::Unavailable {
                journal: address,
                reason,
            },
            PostgresError::Refused { address, reason }
            | PostgresError::Failed {
                address, reason, ..
            } => JournalError::Storage {
                journal: address,
                source: reason.into(),
            },
        }
    }

    /// Something else failed.
    pub fn failed(
        &self,
        reason: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> JournalError {
        JournalError::Storage {
            journal: self.0.name().to_owned(),
            source: reason.into(),
        }
    }

    /// Nobody writes to it any more.
    pub fn closed(&self) -> JournalError {
        JournalError::Closed {
            journal: self.0.name().to_owned(),
        }
    }

    /// An event of a row with all columns.
    pub fn event(&self, row: &Row) -> Result<Event, JournalError> {
        let position = unsigned(row.get(0));
        let version = u16::try_from(row.get::<_, i32>(5));
        let version = version.map_err(|error| self.failed(error))?;
        let fact = Fact::decode(row.get(4), version, row.get(11))
            .map_err(|source| JournalError::Undecodable { position, source })?;
        Ok(Event {
            position,
            id: row.get(1),
            stream: StreamName::stored(row.get(2)),
            revision: unsigned(row.get(3)),
            occurred_at: Time::from_micros(row.get(6)),
            recorded_at: Time::from_micros(row.get(7)),
            actor: row.get::<_, Option<_>>(8).map(AccountId),
            correlation: row.get(9),
            causation: row.get(10),
            imported: row.get(12),
            fact,
        })
    }
}

/// Integers of the database are signed; nothing comes after the largest of them.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Positions and revisions, which are never negative.
pub(super) fn unsigned(number: i64) -> Position {
    number.cast_unsigned()
}
