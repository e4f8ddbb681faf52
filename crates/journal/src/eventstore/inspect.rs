//! Looking at everything that the server has, trusting nothing: not what was counted, either.

use std::collections::VecDeque;

use plaudit_domain::{Fact, Time};
use rusqlite::Connection;
use uuid::Uuid;

use super::EventStoreJournal;
use super::catalogue::Counted;
use super::client::Raw;
use crate::inspection::{
    Bodies, Extent, Fault, Flaw, Inspected, Kept, Looked, Read, Revisions, WrongRevision,
};
use crate::metadata::Metadata;
use crate::row::key;
use crate::{JournalError, Tell};

/// So many events are in memory at once.
const PAGE: usize = 200;

/// So many are looked up at once of those that were counted.
const COUNTED: usize = 1_000;

/// Ids and revisions in the order in which they can be checked: a file that goes as it is closed.
const SEEN: &str = "
    CREATE TABLE seen (position INTEGER PRIMARY KEY, id BLOB, stream_key BLOB, stream TEXT, revision INTEGER);
";

impl EventStoreJournal {
    pub(super) async fn look_at_all(
        &self,
        extent: Extent,
        tell: Tell<'_>,
    ) -> Result<(), JournalError> {
        let storage = |error: rusqlite::Error| self.error(error);
        // Temporary databases are files of SQLite's own, which it writes once they don't fit in memory.
        let seen = Connection::open("").map_err(storage)?;
        seen.execute_batch(SEEN).map_err(storage)?;
        let until = i64::try_from(extent.until).unwrap_or(i64::MAX);
        tell(Inspected::UpTo(0));
        let mut bodies = Bodies::new(extent, &self.keys);
        let mut looking = Looking {
            inner: self,
            position: 0,
            counted: VecDeque::new(),
            seen,
        };
        let mut after = None;
        while looking.position < until {
            let raws = self.page(after, PAGE).await?;
            let Some(last) = raws.last() else {
                break;
            };
            after = Some(last.place);
            for raw in raws {
                if looking.position < until {
                    bodies.look_at(looking.next(raw)?, tell).await?;
                }
            }
        }
        revisions(&looking.seen, tell).map_err(storage)?;
        ids(&looking.seen, tell).map_err(storage)?;
        bodies.finish(tell);
        Ok(())
    }
}

/// A look at all events, as it goes on.
struct Looking<'a> {
    inner: &'a EventStoreJournal,
    position: i64,
    counted: VecDeque<Counted>,
    seen: Connection,
}

impl Looking<'_> {
    /// The next event, as it is there.
    fn next(&mut self, raw: Raw) -> Result<Looked, JournalError> {
        self.position += 1;
        let storage = |error: rusqlite::Error| self.inner.error(error);
        if self.counted.is_empty() {
            let before = self.position.cast_unsigned() - 1;
            let after = self.inner.catalogue.after(before, COUNTED);
            self.counted = after.map_err(storage)?.into();
        }
        let counted = self.counted.pop_front();
        let counted = counted.filter(|counted| counted.place == raw.place);
        let insert = "INSERT INTO seen VALUES (?1, ?2, ?3, ?4, ?5)";
        let mut insert = self.seen.prepare_cached(insert).map_err(storage)?;
        let row = (
            self.position,
            raw.id,
            key(&raw.stream),
            raw.stream.as_str(),
            raw.revision.cast_signed(),
        );
        insert.execute(row).map_err(storage)?;
        let (recorded_at, miscounted) = match counted {
            Some(counted) => (counted.recorded_at, None),
            None => (raw.recorded_at(), Some(miscounted())),
        };
        let position = self.position;
        Ok(Looked {
            position,
            recorded_at,
            read: read(raw, position.cast_unsigned(), recorded_at, miscounted),
        })
    }
}

fn miscounted() -> Fault {
    Fault::Unreadable(
        "it was counted as another one; remove eventstore-positions.sqlite, and start again".into(),
    )
}

fn read(raw: Raw, position: u64, recorded_at: Time, fault: Option<Fault>) -> Result<Read, String> {
    let metadata = Metadata::decode(&raw.metadata);
    let metadata = metadata.map_err(|error| format!("its metadata: {error}"))?;
    let body = str::from_utf8(&raw.body).map_err(|_| "its body is not UTF-8".to_owned())?;
    let fact = Fact::decode(&raw.name, metadata.version, body);
    let kept = Kept {
        position,
        id: raw.id,
        stream: raw.stream,
        revision: raw.revision,
        occurred_at: metadata.occurred_at,
        recorded_at,
    };
    Ok((kept, fact, fault))
}

fn revisions(seen: &Connection, tell: Tell<'_>) -> rusqlite::Result<()> {
    let sql =
        "SELECT stream_key, revision, position, stream FROM seen ORDER BY stream_key, revision";
    let mut statement = seen.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut revisions = Revisions::new();
    while let Some(row) = rows.next()? {
        let (found, position): (i64, i64) = (row.get(1)?, row.get(2)?);
        let key = row.get_ref(0)?.as_blob()?;
        let Some(wrong) = revisions.next(key, found, position) else {
            continue;
        };
        let stream = row.get(3)?;
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

fn ids(seen: &Connection, tell: Tell<'_>) -> rusqlite::Result<()> {
    let mut statement = seen.prepare("SELECT id, position FROM seen ORDER BY id, position")?;
    let mut rows = statement.query([])?;
    let mut last: Option<(Uuid, i64)> = None;
    while let Some(row) = rows.next()? {
        let (id, position): (Uuid, i64) = (row.get(0)?, row.get(1)?);
        match last {
            Some((other, first)) if other == id => {
                let id = id.to_string();
                let fault = Fault::RepeatedId { id, first };
                tell(Inspected::Flaw(Flaw::Event { position, fault }));
            }
            Some(_) | None => last = Some((id, position)),
        }
    }
    Ok(())
}
