//! What is written within one transaction, and by which rules.

use plaudit_domain::{Position, Time};
use rusqlite::{CachedStatement, Connection, OptionalExtension};

use super::reader::unsigned;
use crate::row::{Append, KeptRow, NotNext, Row, Stream};
use crate::{AppendError, Appended, Expected, JournalError};

const LAST: &str = "SELECT position, recorded_at FROM event ORDER BY position DESC LIMIT 1";

const LAST_REVISION: &str = "SELECT max(revision) FROM event WHERE stream_key = ?1";

const FIND: &str = "
    SELECT position, revision, stream_key = ?2 AND type = ?3 FROM event WHERE id = ?1";

/// Inserts nothing where the id is there already, or where the stream is not as expected: then the
/// revision is null. All in one statement, because a statement costs more than a look into an index.
const INSERT: &str = "
    INSERT OR IGNORE INTO event (position, id, stream, stream_key, revision, type, version,
        occurred_at, recorded_at, actor, correlation, causation, data, imported)
    VALUES (?1, ?2, ?3, ?4,
        (SELECT CASE WHEN ?5 OR max(revision) IS ?6 THEN coalesce(max(revision) + 1, 0) END
         FROM event WHERE stream_key = ?4),
        ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";

/// As another journal has it.
const INSERT_KEPT: &str = "
    INSERT INTO event (position, id, stream, stream_key, revision, type, version,
        occurred_at, recorded_at, actor, correlation, causation, data, imported)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

/// A transaction that is being written. Who holds one is the only one that writes.
pub(super) struct Batch<'t> {
    transaction: &'t Connection,
    insert: CachedStatement<'t>,
    find: CachedStatement<'t>,
    last_revision: CachedStatement<'t>,
    /// The position of the last event so far.
    last: Position,
    recorded_at: Time,
}

impl<'t> Batch<'t> {
    /// Begins with what is there.
    pub fn begin(transaction: &'t Connection, now: Time) -> rusqlite::Result<Self> {
        let last = transaction
            .prepare_cached(LAST)?
            .query_row([], |row| Ok((unsigned(row, 0)?, row.get(1)?)))
            .optional()?;
        let (last, recorded_at) = last.unwrap_or((0, i64::MIN));
        Ok(Self {
            transaction,
            insert: transaction.prepare_cached(INSERT)?,
            find: transaction.prepare_cached(FIND)?,
            last_revision: transaction.prepare_cached(LAST_REVISION)?,
            last,
            // Not before the event before it, even if the clock was put back: so what was recorded
            // up to a moment is always all events up to some position.
            recorded_at: now.max(Time::from_micros(recorded_at)),
        })
    }

    /// Records events at the end of a stream. All checks come before the first of them is written:
    /// a refused append leaves nothing behind.
    pub fn append(&mut self, append: &Append) -> rusqlite::Result<Result<Appended, AppendError>> {
        // The common case takes one statement, which checks all that there is to check.
        if let [row] = append.rows.as_slice()
            && self.insert(&append.stream, row, append.expected)?
        {
            return Ok(Ok(Appended {
                recorded: 1,
                position: self.last,
            }));
        }
        if let Some(before) = self.recorded_before(append)? {
            return Ok(before);
        }
        let actual = self.last_revision.query_row([append.stream.key], |row| {
            row.get(0)
                .map(|revision: Option<i64>| revision.map(i64::cast_unsigned))
        })?;
        let as_expected = match append.expected {
            Expected::Any => true,
            Expected::NoStream => actual.is_none(),
            Expected::Revision(revision) => actual == Some(revision),
        };
        if !as_expected {
            return Ok(Err(AppendError::Conflict {
                stream: append.stream.name.clone(),
                expected: append.expected,
                actual,
            }));
        }
        for row in &append.rows {
            if !self.insert(&append.stream, row, Expected::Any)? {
                // Its id was looked for above, and no append repeats one.
                return Err(rusqlite::Error::StatementChangedRows(0));
            }
        }
        Ok(Ok(Appended {
            recorded: append.rows.len(),
            position: self.last,
        }))
    }

    /// Records the events that aren't recorded yet; none of them, if one has the id of another.
    pub fn append_many(
        &mut self,
        rows: &[(Stream, Row)],
    ) -> rusqlite::Result<Result<Appended, AppendError>> {
        let before = self.last;
        self.transaction.execute_batch("SAVEPOINT many")?;
        let appended = self.insert_new(rows)?;
        if appended.is_err() {
            self.transaction.execute_batch("ROLLBACK TO many")?;
            self.last = before;
        }
        self.transaction.execute_batch("RELEASE many")?;
        Ok(appended)
    }

    /// Records events as another journal has them.
    pub fn append_kept(
        &mut self,
        rows: &[KeptRow],
        name: &str,
    ) -> rusqlite::Result<Result<Appended, AppendError>> {
        let mut last = self.last;
        for kept in rows {
            if kept.position != last + 1 {
                let source = NotNext {
                    last,
                    given: kept.position,
                };
                return Ok(Err(AppendError::Journal(JournalError::Storage {
                    journal: name.to_owned(),
                    source: source.into(),
                })));
            }
            last = kept.position;
        }
        let mut insert = self.transaction.prepare_cached(INSERT_KEPT)?;
        for kept in rows {
            let row = &kept.row;
            insert.execute((
                kept.position.cast_signed(),
                row.id,
                kept.stream.name.as_str(),
                kept.stream.key,
                kept.revision.cast_signed(),
                row.name,
                row.version,
                row.occurred_at.as_micros(),
                kept.recorded_at.as_micros(),
                row.actor,
                row.correlation,
                row.causation,
                row.data.as_str(),
                row.imported,
            ))?;
            self.recorded_at = self.recorded_at.max(kept.recorded_at);
        }
        self.last = last;
        Ok(Ok(Appended {
            recorded: rows.len(),
            position: last,
        }))
    }

    fn insert_new(
        &mut self,
        rows: &[(Stream, Row)],
    ) -> rusqlite::Result<Result<Appended, AppendError>> {
        let mut appended = Appended {
            recorded: 0,
            position: 0,
        };
        for (stream, row) in rows {
            if self.insert(stream, row, Expected::Any)? {
                appended.recorded += 1;
                appended.position = self.last;
            } else {
                // Without such an event it was left out for another reason, which can't be.
                let known = self.find(stream, row)?;
                let known = known.ok_or(rusqlite::Error::StatementChangedRows(0))?;
                if !known.is_same {
                    return Ok(Err(AppendError::IdInUse { id: row.id }));
                }
                appended.position = appended.position.max(known.position);
            }
        }
        Ok(Ok(appended))
    }

    /// Where the events are if these very events were recorded before, in this order; a refusal if
    /// some of their ids are in use otherwise; nothing if they are new.
    fn recorded_before(
        &mut self,
        append: &Append,
    ) -> rusqlite::Result<Option<Result<Appended, AppendError>>> {
        let known = append
            .rows
            .iter()
            .map(|row| self.find(&append.stream, row))
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let Some(first) = known.iter().position(Option::is_some) else {
            return Ok(None);
        };
        let in_use = |index: usize| AppendError::IdInUse {
            id: append.rows[index].id,
        };
        let mut before = None;
        for (index, found) in known.iter().enumerate() {
            match found {
                None => return Ok(Some(Err(in_use(first)))),
                Some(found) if !found.follows(before) => return Ok(Some(Err(in_use(index)))),
                Some(found) => before = Some(found),
            }
        }
        Ok(before.map(|last| {
            Ok(Appended {
                recorded: 0,
                position: last.position,
            })
        }))
    }

    fn find(&mut self, stream: &Stream, row: &Row) -> rusqlite::Result<Option<Found>> {
        self.find
            .query_row((row.id, stream.key, row.name), |found| {
                Ok(Found {
                    position: unsigned(found, 0)?,
                    revision: unsigned(found, 1)?,
                    is_same: found.get(2)?,
                })
            })
            .optional()
    }

    /// Records an event, unless one of its id is recorded already.
    fn insert(&mut self, stream: &Stream, row: &Row, expected: Expected) -> rusqlite::Result<bool> {
        let position = self.last + 1;
        let (any, revision) = match expected {
            Expected::Any => (true, None),
            Expected::NoStream => (false, None),
            Expected::Revision(revision) => (false, Some(revision.cast_signed())),
        };
        let changed = self.insert.execute((
            position.cast_signed(),
            row.id,
            stream.name.as_str(),
            stream.key,
            any,
            revision,
            row.name,
            row.version,
            row.occurred_at.as_micros(),
            self.recorded_at.as_micros(),
            row.actor,
            row.correlation,
            row.causation,
            row.data.as_str(),
            row.imported,
        ))?;
        if changed == 1 {
            self.last = position;
        }
        Ok(changed == 1)
    }
}

/// An event that has the id of a new one.
struct Found {
    position: Position,
    revision: u64,
    /// Whether it is of the same stream and type, too.
    is_same: bool,
}

impl Found {
    fn follows(&self, before: Option<&Self>) -> bool {
        self.is_same && before.is_none_or(|before| self.revision == before.revision + 1)
    }
}
