//! Reading: a few connections, and how rows become events.

use parking_lot::Mutex;
use plaudit_domain::{AccountId, Event, Fact, Position, StreamName, Time};
use rusqlite::{Connection, Row, ToSql};
use uuid::Uuid;

use super::file::File;
use crate::JournalError;
use crate::row::key;

const STREAM: &str = "
    SELECT position, id, stream, revision, type, version, occurred_at, recorded_at,
           actor, correlation, causation, data, imported
    FROM event WHERE stream_key = ?1 AND revision >= ?2 ORDER BY revision LIMIT ?3";

const ALL: &str = "
    SELECT position, id, stream, revision, type, version, occurred_at, recorded_at,
           actor, correlation, causation, data, imported
    FROM event WHERE position > ?1 ORDER BY position LIMIT ?2";

/// Of a list of positions, as JSON.
const AT: &str = "
    SELECT position, id, stream, revision, type, version, occurred_at, recorded_at,
           actor, correlation, causation, data, imported
    FROM event WHERE position IN (SELECT value FROM json_each(?1)) ORDER BY position";

const HEAD: &str = "SELECT coalesce(max(position), 0) FROM event";

/// Reads a journal, from any thread. Each read sees what was committed when it began, whole.
pub(super) struct Reader {
    file: File,
    /// Connections that nobody uses just now: never more than threads have read at once.
    idle: Mutex<Vec<Connection>>,
}

impl Reader {
    pub fn new(file: File) -> Self {
        Self {
            file,
            idle: Mutex::default(),
        }
    }

    pub fn file(&self) -> &File {
        &self.file
    }

    pub fn stream(
        &self,
        stream: &StreamName,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Event>, JournalError> {
        self.events(STREAM, &[&key(stream), &signed(from), &limited(limit)])
    }

    pub fn all(&self, after: Position, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.events(ALL, &[&signed(after), &limited(limit)])
    }

    pub fn at(&self, positions: &[Position]) -> Result<Vec<Event>, JournalError> {
        let positions: Vec<String> = positions.iter().map(|it| signed(*it).to_string()).collect();
        self.events(AT, &[&format!("[{}]", positions.join(","))])
    }

    pub fn head(&self) -> Result<Position, JournalError> {
        self.with(|connection| {
            connection
                .prepare_cached(HEAD)
                .and_then(|mut head| head.query_row([], |row| unsigned(row, 0)))
                .map_err(|error| self.file.error(error))
        })
    }

    fn events(&self, sql: &str, arguments: &[&dyn ToSql]) -> Result<Vec<Event>, JournalError> {
        let storage = |error| self.file.error(error);
        self.with(|connection| {
            let mut statement = connection.prepare_cached(sql).map_err(storage)?;
            let mut rows = statement.query(arguments).map_err(storage)?;
            let mut events = Vec::new();
            while let Some(row) = rows.next().map_err(storage)? {
                events.push(self.event(row)?);
            }
            Ok(events)
        })
    }

    /// An event of a row with all columns, in the order of the statements above.
    pub fn event(&self, row: &Row<'_>) -> Result<Event, JournalError> {
        let envelope = |fact| -> rusqlite::Result<Event> {
            Ok(Event {
                position: unsigned(row, 0)?,
                id: row.get(1)?,
                stream: StreamName::stored(row.get(2)?),
                revision: unsigned(row, 3)?,
                occurred_at: Time::from_micros(row.get(6)?),
                recorded_at: Time::from_micros(row.get(7)?),
                actor: row.get::<_, Option<Uuid>>(8)?.map(AccountId),
                correlation: row.get(9)?,
                causation: row.get(10)?,
                imported: row.get(12)?,
                fact,
            })
        };
        // Borrowed from SQLite's page: the text of a body is never copied.
        let stored = || -> rusqlite::Result<_> {
            let name = row.get_ref(4)?.as_str()?;
            let data = row.get_ref(11)?.as_str()?;
            Ok((unsigned(row, 0)?, name, row.get(5)?, data))
        };
        let (position, name, version, data) = stored().map_err(|error| self.file.error(error))?;
        let fact = Fact::decode(name, version, data)
            .map_err(|source| JournalError::Undecodable { position, source })?;
        envelope(fact).map_err(|error| self.file.error(error))
    }

    pub fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.file.reading()?,
        };
        let result = read(&connection);
        self.idle.lock().push(connection);
        result
    }
}

fn limited(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// SQLite's integers are signed; nothing comes after the largest of them.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Positions and revisions: they are stored as SQLite's signed integers, and never negative.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(i64::cast_unsigned)
}
