//! Where each event stands: a file that follows from the server's history and from nothing else.
//!
//! A position here is the how-manieth of all events an event is. A server tells where in its log an event
//! is, which is a number with gaps; and it holds events of its own, that are none of ours. So events are
//! counted, in the server's one order, which never changes: every node counts the same. What was counted is
//! kept, with what a look at the server would take a round trip for each time: ids and revisions.

use std::path::Path;

use parking_lot::Mutex;
use plaudit_domain::{Position, StreamName, Time};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use uuid::Uuid;

use crate::row::key;
use crate::search::{Direction, Stretch};

/// The file's name, where nobody names another.
pub const FILE_NAME: &str = "eventstore-positions.sqlite";

const SCHEMA_VERSION: i32 = 1;

/// "PlEs".
const APPLICATION_ID: i32 = 0x506c_4573;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS event (
        position    INTEGER PRIMARY KEY,
        place       INTEGER NOT NULL, -- in the server's log
        id          BLOB    NOT NULL,
        stream_key  BLOB    NOT NULL,
        revision    INTEGER NOT NULL,
        type        TEXT    NOT NULL,
        recorded_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS event_by_id ON event (id);
    CREATE INDEX IF NOT EXISTS event_by_revision ON event (stream_key, revision);
";

/// Where an event is in the server's log.
pub type Place = u64;

/// An event that was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub position: Position,
    pub place: Place,
    pub revision: u64,
    pub recorded_at: Time,
}

/// An event that is to be counted, as the server has it.
pub struct ToCount {
    pub place: Place,
    pub id: Uuid,
    pub stream: StreamName,
    pub revision: u64,
    pub name: String,
    pub recorded_at: Time,
}

/// The last event that was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    pub position: Position,
    pub place: Place,
    pub id: Uuid,
    recorded_at: Time,
}

/// Counts events.
pub struct Catalogue {
    connection: Mutex<Connection>,
}

/// An event that has an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub position: Position,
    pub revision: u64,
    /// Whether it is of that stream and type, too.
    pub is_same: bool,
}

impl Catalogue {
    /// Opens a file, and begins one where there is none. One of another version is begun anew: all of it
    /// follows from the server.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        Self::of(Connection::open(path)?)
    }

    /// One that goes as it is closed.
    pub fn temporary() -> rusqlite::Result<Self> {
        // SQLite's own temporary database, which it writes to a file once it doesn't fit in memory.
        Self::of(Connection::open("")?)
    }

    fn of(mut connection: Connection) -> rusqlite::Result<Self> {
        connection.busy_timeout(std::time::Duration::from_secs(30))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        // What a crash takes is counted again.
        connection.pragma_update(None, "synchronous", "normal")?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let number = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        match (number("application_id")?, number("user_version")?) {
            (APPLICATION_ID, SCHEMA_VERSION) => {}
            _ => transaction.execute_batch("DROP TABLE IF EXISTS event")?,
        }
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        transaction.commit()?;
        let connection = Mutex::new(connection);
        Ok(Self { connection })
    }

    /// The last event that was counted, by whichever process.
    pub fn last(&self) -> rusqlite::Result<Option<Last>> {
        last(&self.connection.lock())
    }

    /// Counts what comes next at the server after a place. Another process may have counted some of it
    /// already, which stays as it is; or have begun anew: then this comes too soon, and counts nothing.
    pub fn count(&self, after: Option<Place>, events: &[ToCount]) -> rusqlite::Result<Position> {
        let mut connection = self.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut at = last(&transaction)?;
        if at.map(|last| last.place) < after {
            return Ok(at.map_or(0, |last| last.position));
        }
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO event (position, place, id, stream_key, revision, type, recorded_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for event in events {
                if at.is_some_and(|last| event.place <= last.place) {
                    continue;
                }
                let next = Last {
                    position: at.map_or(0, |last| last.position) + 1,
                    place: event.place,
                    id: event.id,
                    // Not before the event before it, even if the server's clock was put back.
                    recorded_at: at.map_or(event.recorded_at, |last| {
                        last.recorded_at.max(event.recorded_at)
                    }),
                };
                insert.execute((
                    next.position.cast_signed(),
                    next.place.cast_signed(),
                    next.id,
                    key(&event.stream),
                    event.revision.cast_signed(),
                    &event.name,
                    next.recorded_at.as_micros(),
                ))?;
                at = Some(next);
            }
        }
        transaction.commit()?;
        Ok(at.map_or(0, |last| last.position))
    }

    /// The first events after a position, at most so many.
    pub fn after(&self, position: Position, limit: usize) -> rusqlite::Result<Vec<Counted>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let after = i64::try_from(position).unwrap_or(i64::MAX);
        self.counted(
            "SELECT position, place, revision, recorded_at FROM event
             WHERE position > ?1 ORDER BY position LIMIT ?2",
            (after, limit),
        )
    }

    /// The events of a stream from a revision on, at most so many.
    pub fn stream(
        &self,
        stream: &StreamName,
        revision: u64,
        limit: usize,
    ) -> rusqlite::Result<Vec<Counted>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let revision = i64::try_from(revision).unwrap_or(i64::MAX);
        self.counted(
            "SELECT position, place, revision, recorded_at FROM event
             WHERE stream_key = ?1 AND revision >= ?2 ORDER BY revision LIMIT ?3",
            (key(stream), revision, limit),
        )
    }

    /// The first events of a stream in a stretch of the history, going that way, at most so many; in order.
    pub fn stream_within(
        &self,
        stream: &StreamName,
        within: Stretch,
        direction: Direction,
        limit: usize,
    ) -> rusqlite::Result<Vec<Counted>> {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let arguments = (
            key(stream),
            number(within.after),
            number(within.until),
            limit,
        );
        match direction {
            Direction::Forward => self.counted(
                "SELECT position, place, revision, recorded_at FROM event
                 WHERE stream_key = ?1 AND position > ?2 AND position <= ?3 ORDER BY revision LIMIT ?4",
                arguments,
            ),
            Direction::Backward => {
                let mut counted = self.counted(
                    "SELECT position, place, revision, recorded_at FROM event
                     WHERE stream_key = ?1 AND position > ?2 AND position <= ?3
                     ORDER BY revision DESC LIMIT ?4",
                    arguments,
                )?;
                counted.reverse();
                Ok(counted)
            }
        }
    }

    fn counted(
        &self,
        sql: &str,
        arguments: impl rusqlite::Params,
    ) -> rusqlite::Result<Vec<Counted>> {
        let connection = self.connection.lock();
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map(arguments, |row| {
            Ok(Counted {
                position: row.get::<_, i64>(0)?.cast_unsigned(),
                place: row.get::<_, i64>(1)?.cast_unsigned(),
                revision: row.get::<_, i64>(2)?.cast_unsigned(),
                recorded_at: Time::from_micros(row.get(3)?),
            })
        })?;
        rows.collect()
    }

    /// The revision of the last event of a stream, if it has any.
    pub fn last_revision(&self, stream: &StreamName) -> rusqlite::Result<Option<u64>> {
        let connection = self.connection.lock();
        let mut statement =
            connection.prepare_cached("SELECT max(revision) FROM event WHERE stream_key = ?1")?;
        let last: Option<i64> = statement.query_row([key(stream)], |row| row.get(0))?;
        Ok(last.map(i64::cast_unsigned))
    }

    /// The event that has an id, if there is one.
    pub fn find(
        &self,
        id: Uuid,
        stream: &StreamName,
        name: &str,
    ) -> rusqlite::Result<Option<Known>> {
        let connection = self.connection.lock();
        let mut statement = connection.prepare_cached(
            "SELECT position, revision, stream_key = ?2 AND type = ?3 FROM event
             WHERE id = ?1 ORDER BY position LIMIT 1",
        )?;
        let found = statement.query_row((id, key(stream), name), |row| {
            Ok(Known {
                position: row.get::<_, i64>(0)?.cast_unsigned(),
                revision: row.get::<_, i64>(1)?.cast_unsigned(),
                is_same: row.get(2)?,
            })
        });
        found.optional()
    }

    /// Begins anew.
    pub fn clear(&self) -> rusqlite::Result<()> {
        self.connection.lock().execute_batch("DELETE FROM event")
    }
}

fn last(connection: &Connection) -> rusqlite::Result<Option<Last>> {
    let mut statement = connection.prepare_cached(
        "SELECT position, place, id, recorded_at FROM event ORDER BY position DESC LIMIT 1",
    )?;
    let last = statement.query_row([], |row| {
        Ok(Last {
            position: row.get::<_, i64>(0)?.cast_unsigned(),
            place: row.get::<_, i64>(1)?.cast_unsigned(),
            id: row.get(2)?,
            recorded_at: Time::from_micros(row.get(3)?),
        })
    });
    last.optional()
}
