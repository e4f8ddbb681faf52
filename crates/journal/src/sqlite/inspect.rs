//! Whether the file is whole, without trusting its indexes, its constraints or its bodies.

use plaudit_domain::{Fact, Position, StreamName, Time};
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::reader::{Reader, signed, unsigned};
use crate::inspection::{
    Bodies, Extent, Fault, Flaw, Inspected, Kept, Looked, Read, Revisions, WrongRevision,
};
use crate::keys::Keyring;
use crate::row::key;
use crate::{JournalError, Tell};

const EVENTS: &str = "
    SELECT position, id, stream, revision, type, version, occurred_at, recorded_at,
           actor, correlation, causation, data, stream_key
    FROM event WHERE (?1 IS NULL OR position > ?1) AND position <= ?2 ORDER BY position LIMIT ?3";

/// By the index, if it is there; then neither this nor the next one sorts.
const REVISIONS: &str = "
    SELECT stream_key, revision, position FROM event WHERE position <= ?1
    ORDER BY stream_key, revision, position";

const IDS: &str = "SELECT id, position FROM event WHERE position <= ?1 ORDER BY id, position";

const STREAM_OF: &str = "SELECT stream FROM event WHERE position = ?1";

/// So many events are read at once.
const BATCH: usize = 500;

impl Reader {
    /// Looks at everything.
    pub async fn inspect(
        &self,
        extent: Extent,
        keyring: &Keyring,
        tell: Tell<'_>,
    ) -> Result<(), JournalError> {
        tell(Inspected::UpTo(0));
        self.with(|connection| {
            let storage = |error| self.file().error(error);
            damages(connection, tell).map_err(storage)?;
            revisions(connection, extent.until, tell).map_err(storage)?;
            ids(connection, extent.until, tell).map_err(storage)
        })?;
        let mut bodies = Bodies::new(extent, keyring);
        let mut after = None;
        loop {
            let batch = self.batch(after, extent.until)?;
            let Some(last) = batch.last() else { break };
            after = Some(last.position);
            for looked in batch {
                bodies.look_at(looked, tell).await?;
            }
        }
        bodies.finish(tell);
        Ok(())
    }

    /// The next events.
    fn batch(&self, after: Option<i64>, until: Position) -> Result<Vec<Looked>, JournalError> {
        let storage = |error| self.file().error(error);
        self.with(|connection| {
            let mut statement = connection.prepare_cached(EVENTS).map_err(storage)?;
            let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
            let rows = statement.query_map((after, signed(until), limit), looked);
            let rows = rows.map_err(storage)?;
            rows.collect::<rusqlite::Result<_>>().map_err(storage)
        })
    }
}

fn looked(row: &Row<'_>) -> rusqlite::Result<Looked> {
    Ok(Looked {
        position: row.get(0)?,
        recorded_at: Time::from_micros(row.get(7)?),
        read: kept(row).map_err(|error| error.to_string()),
    })
}

/// What SQLite itself finds: pages, indexes that aren't like their table, what isn't unique.
fn damages(connection: &Connection, tell: Tell<'_>) -> rusqlite::Result<()> {
    let mut check = connection.prepare("PRAGMA integrity_check")?;
    let mut found = check.query([])?;
    while let Some(row) = found.next()? {
        let damage: String = row.get(0)?;
        if damage != "ok" {
            tell(Inspected::Flaw(Flaw::Damaged(damage)));
        }
    }
    Ok(())
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Read> {
    let stream = StreamName::stored(row.get(2)?);
    let is_found = row.get::<_, Uuid>(12)? == key(&stream);
    let unfindable = (!is_found).then(|| Fault::Unfindable(stream.clone()));
    let event = Kept {
        position: unsigned(row, 0)?,
        id: row.get(1)?,
        stream,
        revision: unsigned(row, 3)?,
        occurred_at: Time::from_micros(row.get(6)?),
        recorded_at: Time::from_micros(row.get(7)?),
    };
    for column in 8..=10 {
        row.get::<_, Option<Uuid>>(column)?;
    }
    let name = row.get_ref(4)?.as_str()?;
    let data = row.get_ref(11)?.as_str()?;
    Ok((event, Fact::decode(name, row.get(5)?, data), unfindable))
}

fn revisions(connection: &Connection, until: Position, tell: Tell<'_>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(REVISIONS)?;
    let mut rows = statement.query([signed(until)])?;
    let mut revisions = Revisions::new();
    while let Some(row) = rows.next()? {
        let (found, position): (i64, i64) = (row.get(1)?, row.get(2)?);
        let stream = row.get_ref(0)?.as_blob()?;
        let Some(wrong) = revisions.next(stream, found, position) else {
            continue;
        };
        let mut name = connection.prepare_cached(STREAM_OF)?;
        let stream: Option<String> = name.query_row([position], |row| row.get(0)).optional()?;
        let stream = stream.unwrap_or_default();
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

fn ids(connection: &Connection, until: Position, tell: Tell<'_>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(IDS)?;
    let mut rows = statement.query([signed(until)])?;
    let mut last: Option<(Vec<u8>, i64)> = None;
    while let Some(row) = rows.next()? {
        let id = row.get_ref(0)?.as_blob()?;
        let position = row.get(1)?;
        match &last {
            Some((other, first)) if other == id => {
                let id = Uuid::from_slice(id).map_or_else(|_| "?".to_owned(), |id| id.to_string());
                let fault = Fault::RepeatedId { id, first: *first };
                tell(Inspected::Flaw(Flaw::Event { position, fault }));
            }
            Some(_) | None => last = Some((id.to_vec(), position)),
        }
    }
    Ok(())
}
