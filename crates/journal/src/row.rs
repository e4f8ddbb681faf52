//! An event as a table has it.

use std::collections::HashSet;

use plaudit_domain::id::derive;
use plaudit_domain::{Event, NewEvent, Position, StreamName, Time};
use uuid::Uuid;

/// What an index knows a stream as: a third of the length of most names. So an event touches fewer
/// pages, and pages are what a commit has to write.
pub(crate) fn key(stream: &StreamName) -> Uuid {
    derive(&["stream", stream.as_str()])
}

/// A stream, by its name and by what the index knows it as.
pub(crate) struct Stream {
    pub name: StreamName,
    pub key: Uuid,
}

impl Stream {
    pub fn of(name: StreamName) -> Self {
        Self {
            key: key(&name),
            name,
        }
    }
}

/// A new event, encoded.
pub(crate) struct Row {
    pub id: Uuid,
    pub name: &'static str,
    pub version: u16,
    pub occurred_at: Time,
    pub actor: Option<Uuid>,
    pub correlation: Option<Uuid>,
    pub causation: Option<Uuid>,
    pub imported: bool,
    pub data: String,
}

impl Row {
    pub fn of(event: &NewEvent) -> serde_json::Result<Self> {
        let (name, version) = event.fact.stored_type();
        Ok(Self {
            id: event.id,
            name,
            version,
            occurred_at: event.occurred_at,
            actor: event.actor.map(|account| account.0),
            correlation: event.correlation,
            causation: event.causation,
            imported: event.imported,
            data: event.fact.encode()?,
        })
    }
}

/// Events for the end of one stream.
pub(crate) struct Append {
    pub stream: Stream,
    pub expected: crate::Expected,
    pub rows: Vec<Row>,
}

/// An event that another journal keeps, encoded, with all that was decided there.
pub(crate) struct KeptRow {
    pub position: Position,
    pub stream: Stream,
    pub revision: u64,
    pub recorded_at: Time,
    pub row: Row,
}

impl KeptRow {
    pub fn of(event: Event) -> serde_json::Result<Self> {
        let Event {
            position,
            id,
            stream,
            revision,
            occurred_at,
            recorded_at,
            actor,
            correlation,
            causation,
            imported,
            fact,
        } = event;
        let (name, version) = fact.stored_type();
        let row = Row {
            id,
            name,
            version,
            occurred_at,
            actor: actor.map(|account| account.0),
            correlation,
            causation,
            imported,
            data: fact.encode()?,
        };
        Ok(Self {
            position,
            stream: Stream::of(stream),
            revision,
            recorded_at,
            row,
        })
    }
}

/// Why a history can't be gone on with by events of another journal.
#[derive(Debug, thiserror::Error)]
#[error(
    "event {given} of the other journal can't come after event {last} of this one: is somebody else writing \
     here?"
)]
pub(crate) struct NotNext {
    pub last: Position,
    pub given: Position,
}

/// The first id that is there twice.
pub(crate) fn repeated_id(events: &[NewEvent]) -> Option<Uuid> {
    // Most appends are of one event, which repeats nothing.
    if events.len() < 2 {
        return None;
    }
    let mut seen = HashSet::with_capacity(events.len());
    let mut ids = events.iter().map(|event| event.id);
    ids.find(|id| !seen.insert(*id))
}
