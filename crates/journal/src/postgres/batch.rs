//! What a transaction records, by which rules. It is planned in memory, from what is there: so it takes two
//! exchanges with the server, however much is recorded.

use std::collections::HashMap;

use plaudit_domain::{Position, StreamName, Time};
use uuid::Uuid;

use crate::row::{Append, KeptRow, NotNext, Row, Stream};
use crate::{AppendError, Appended, Expected};

/// An event that is there, as far as it matters to new ones.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub position: Position,
    pub revision: u64,
    pub stream: Uuid,
    pub name: String,
}

impl Known {
    fn is(&self, stream: &Stream, row: &Row) -> bool {
        self.stream == stream.key && self.name == row.name
    }
}

/// What is recorded, one after the other.
pub(super) struct Batch<'r> {
    /// The position of the last event so far.
    last: Position,
    recorded_at: Time,
    /// Those that have an id of the new ones, by it.
    known: HashMap<Uuid, Known>,
    /// The last revisions of their streams, by keys.
    revisions: HashMap<Uuid, u64>,
    rows: Vec<Planned<'r>>,
}

/// A row to insert.
pub(super) struct Planned<'r> {
    pub position: Position,
    pub stream: &'r StreamName,
    pub stream_key: Uuid,
    pub revision: u64,
    pub recorded_at: Time,
    pub row: &'r Row,
}

impl<'r> Batch<'r> {
    /// Begins with what is there.
    pub fn begin(
        last: Option<(Position, Time)>,
        known: HashMap<Uuid, Known>,
        revisions: HashMap<Uuid, u64>,
        now: Time,
    ) -> Self {
        Self {
            last: last.map_or(0, |(position, _)| position),
            // Not before the event before it, even if the clock was put back: so what was recorded
            // up to a moment is always all events up to some position.
            recorded_at: last.map_or(now, |(_, recorded_at)| now.max(recorded_at)),
            known,
            revisions,
            rows: Vec::new(),
        }
    }

    /// What is to be inserted.
    pub fn rows(self) -> Vec<Planned<'r>> {
        self.rows
    }

    /// The event that has an id.
    pub fn known(&self, id: Uuid) -> Option<&Known> {
        self.known.get(&id)
    }

    /// Records events at the end of a stream; all of them, or none.
    pub fn append(&mut self, append: &'r Append) -> Result<Appended, AppendError> {
        if let Some(before) = self.recorded_before(append) {
            return before;
        }
        let actual = self.revisions.get(&append.stream.key).copied();
        let as_expected = match append.expected {
            Expected::Any => true,
            Expected::NoStream => actual.is_none(),
            Expected::Revision(revision) => actual == Some(revision),
        };
        if !as_expected {
            return Err(AppendError::Conflict {
                stream: append.stream.name.clone(),
                expected: append.expected,
                actual,
            });
        }
        for row in &append.rows {
            self.insert(&append.stream, row);
        }
        Ok(Appended {
            recorded: append.rows.len(),
            position: self.last,
        })
    }

    /// Records the events that aren't recorded yet; none of them, if one has the id of another.
    pub fn append_many(&mut self, rows: &'r [(Stream, Row)]) -> Result<Appended, AppendError> {
        let mut new: HashMap<Uuid, (Uuid, &str)> = HashMap::with_capacity(rows.len());
        for (stream, row) in rows {
            let is_same = match self.known.get(&row.id) {
                Some(known) => known.is(stream, row),
                None => {
                    let own = (stream.key, row.name);
                    *new.entry(row.id).or_insert(own) == own
                }
            };
            if !is_same {
                return Err(AppendError::IdInUse { id: row.id });
            }
        }
        let mut appended = Appended {
            recorded: 0,
            position: 0,
        };
        for (stream, row) in rows {
            match self.known.get(&row.id) {
                Some(known) => appended.position = appended.position.max(known.position),
                None => {
                    self.insert(stream, row);
                    appended.recorded += 1;
                    appended.position = self.last;
                }
            }
        }
        Ok(appended)
    }

    /// Records events as another journal has them.
    pub fn append_kept(&mut self, rows: &'r [KeptRow]) -> Result<Appended, NotNext> {
        let mut last = self.last;
        for kept in rows {
            if kept.position != last + 1 {
                let given = kept.position;
                return Err(NotNext { last, given });
            }
            last = kept.position;
        }
        for kept in rows {
            self.plan(Planned {
                position: kept.position,
                stream: &kept.stream.name,
                stream_key: kept.stream.key,
                revision: kept.revision,
                recorded_at: kept.recorded_at,
                row: &kept.row,
            });
        }
        Ok(Appended {
            recorded: rows.len(),
            position: last,
        })
    }

    /// Where the events are if these very events were recorded before, in this order; a refusal if
    /// some of their ids are in use otherwise; nothing if they are new.
    fn recorded_before(&self, append: &Append) -> Option<Result<Appended, AppendError>> {
        let known: Vec<_> = append
            .rows
            .iter()
            .map(|row| self.known.get(&row.id))
            .collect();
        let first = known.iter().position(Option::is_some)?;
        let in_use = |index: usize| AppendError::IdInUse {
            id: append.rows[index].id,
        };
        let mut before: Option<&Known> = None;
        for (index, found) in known.iter().enumerate() {
            let Some(found) = found else {
                return Some(Err(in_use(first)));
            };
            let follows = before.is_none_or(|before| found.revision == before.revision + 1);
            if !follows || !found.is(&append.stream, &append.rows[index]) {
                return Some(Err(in_use(index)));
            }
            before = Some(found);
        }
        before.map(|last| {
            Ok(Appended {
                recorded: 0,
                position: last.position,
            })
        })
    }

    fn insert(&mut self, stream: &'r Stream, row: &'r Row) {
        let last = self.revisions.get(&stream.key);
        self.plan(Planned {
            position: self.last + 1,
            stream: &stream.name,
            stream_key: stream.key,
            revision: last.map_or(0, |last| last + 1),
            recorded_at: self.recorded_at,
            row,
        });
    }

    fn plan(&mut self, planned: Planned<'r>) {
        let known = Known {
            position: planned.position,
            revision: planned.revision,
            stream: planned.stream_key,
            name: planned.row.name.to_owned(),
        };
        self.known.insert(planned.row.id, known);
        self.revisions.insert(planned.stream_key, planned.revision);
        self.last = planned.position;
        self.recorded_at = self.recorded_at.max(planned.recorded_at);
        self.rows.push(planned);
    }
}
