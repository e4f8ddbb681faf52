//! Appends: to one stream, of one request, once.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use plaudit_domain::{NewEvent, Position, StreamName};
use tokio::sync::{Mutex, MutexGuard};
use uuid::Uuid;

use super::EventStoreJournal;
use super::catalogue::{Known, Place};
use super::client::{After, Answer, Outgoing};
use crate::metadata::Metadata;
use crate::row::repeated_id;
use crate::{AppendError, Appended, Expected, JournalError, sealing};

/// The most bytes of an append: the server takes 1 MiB, with what it adds.
pub(super) const APPEND_MAX: usize = 1_000_000;

/// The most events of one append of many.
pub(super) const RUN_MAX: usize = 500;

/// Appends to one stream go one after the other. The others would be refused, and begin again; and who
/// tries something again while it is still being tried learns what came of it.
pub struct StreamLocks {
    locks: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Default for StreamLocks {
    fn default() -> Self {
        Self {
            locks: (0..256).map(|_| Mutex::new(())).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl StreamLocks {
    async fn of(&self, stream: &StreamName) -> MutexGuard<'_, ()> {
        let hash = self.hasher.hash_one(stream.as_str());
        let number = usize::try_from(hash % self.locks.len() as u64).unwrap_or(0);
        self.locks[number].lock().await
    }
}

impl Outgoing {
    fn of(event: &NewEvent) -> serde_json::Result<Self> {
        Ok(Self {
            id: event.id,
            name: event.fact.stored_type().0,
            metadata: Metadata::of_new(event).encode()?,
            body: event.fact.encode()?,
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.name.len() + self.metadata.len() + self.body.len()
    }
}

/// What came of one append.
struct Run {
    /// Whether the events are new.
    is_new: bool,
    /// Where the last one is, if it is new.
    place: Option<Place>,
    /// Its revision.
    revision: u64,
}

impl EventStoreJournal {
    pub(super) async fn append_to(
        &self,
        stream: &StreamName,
        expected: Expected,
        mut events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        let Some(last) = events.last().map(|last| last.id) else {
            return Ok(self.nothing().await?);
        };
        if let Some(id) = repeated_id(&events) {
            return Err(AppendError::IdInUse { id });
        }
        sealing::seal(&self.keys, &mut events)
            .await
            .map_err(JournalError::from)?;
        let events = self.outgoing(&events)?;
        let bytes: usize = events.iter().map(Outgoing::bytes).sum();
        if bytes > APPEND_MAX {
            let what = format!("an append of {bytes} bytes: a server takes {APPEND_MAX} at most");
            return Err(self.error(what).into());
        }
        let _lock = self.locks.of(stream).await;
        let run = self.run(stream, expected, &events, None).await?;
        if let Some(place) = run.place {
            self.count_up_to(place).await?;
        }
        let position = self.position_of(last)?;
        Ok(Appended {
            recorded: if run.is_new { events.len() } else { 0 },
            position,
        })
    }

    /// Appends to a stream as it is expected, unless that was done before. Whoever calls it has the
    /// stream's lock, and may know of a revision there that isn't counted yet.
    async fn run(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: &[Outgoing],
        end: Option<u64>,
    ) -> Result<Run, AppendError> {
        // Another try of the same may have been answered to nobody.
        let mut was_tried = false;
        loop {
            // Before looking for the events: else these may be counted in between, and pass for others.
            let known = self.last_revision(stream)?;
            if let Some(before) = self.recorded_before(stream, events)? {
                return Ok(Run {
                    is_new: was_tried,
                    place: None,
                    revision: before.revision,
                });
            }
            if is_passed(expected, known) {
                return Err(AppendError::Conflict {
                    stream: stream.clone(),
                    expected,
                    actual: known,
                });
            }
            let after = match expected {
                Expected::NoStream => After::Nothing,
                Expected::Revision(revision) => After::Revision(revision),
                // What is recorded once has its revision: without one the server would take it twice.
                Expected::Any => match known.max(end) {
                    Some(revision) => After::Revision(revision),
                    None => After::Nothing,
                },
            };
            let answer = self.server.append(stream, after, events).await;
            match answer.map_err(|error| self.server_error(error))? {
                Answer::Recorded { place, .. } => {
                    let first = match after {
                        After::Nothing => 0,
                        After::Revision(revision) => revision + 1,
                    };
                    return Ok(Run {
                        is_new: true,
                        place: Some(place),
                        revision: first + events.len() as u64 - 1,
                    });
                }
                Answer::Conflict { actual, tries } => {
                    was_tried |= tries > 1;
                    self.count_to_the_end().await?;
                    let is_known = self.recorded_before(stream, events)?.is_some();
                    if !is_known && expected != Expected::Any {
                        return Err(AppendError::Conflict {
                            stream: stream.clone(),
                            expected,
                            actual,
                        });
                    }
                }
            }
        }
    }

    /// The last of the events if these very events were recorded before, in this order; a refusal if some
    /// of their ids are in use otherwise; nothing if they are new.
    fn recorded_before(
        &self,
        stream: &StreamName,
        events: &[Outgoing],
    ) -> Result<Option<Known>, AppendError> {
        let known = events
            .iter()
            .map(|event| self.find(event.id, stream, event.name))
            .collect::<Result<Vec<_>, _>>()?;
        let Some(first) = known.iter().position(Option::is_some) else {
            return Ok(None);
        };
        let in_use = |index: usize| AppendError::IdInUse {
            id: events[index].id,
        };
        let mut before: Option<Known> = None;
        for (index, found) in known.into_iter().enumerate() {
            let Some(found) = found else {
                return Err(in_use(first));
            };
            let follows = before.is_none_or(|before| found.revision == before.revision + 1);
            if !found.is_same || !follows {
                return Err(in_use(index));
            }
            before = Some(found);
        }
        Ok(before)
    }

    pub(super) async fn append_in_runs(
        &self,
        mut events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        if events.is_empty() {
            return Ok(self.nothing().await?);
        }
        sealing::seal(&self.keys, &mut events)
            .await
            .map_err(JournalError::from)?;
        // All that can be refused is, before the first is recorded.
        self.count_to_the_end().await?;
        let New { events, before } = self.new_ones(events)?;
        let mut appended = Appended {
            recorded: 0,
            position: before,
        };
        let mut last = None;
        let mut ends: HashMap<StreamName, u64> = HashMap::new();
        for (stream, events) in runs(&events) {
            let outgoing = self.outgoing(events)?;
            if let [one] = outgoing.as_slice()
                && one.bytes() > APPEND_MAX
            {
                let bytes = one.bytes();
                let what =
                    format!("an event of {bytes} bytes: a server takes {APPEND_MAX} at most");
                return Err(self.error(what).into());
            }
            let _lock = self.locks.of(&stream).await;
            // What was recorded just now isn't counted yet: that is done once, at the end.
            let end = ends.get(&stream).copied();
            let run = self.run(&stream, Expected::Any, &outgoing, end).await?;
            ends.insert(stream, run.revision);
            if run.is_new {
                appended.recorded += events.len();
            }
            last = outgoing.last().map(|last| (last.id, run.place)).or(last);
        }
        if let Some((id, place)) = last {
            if let Some(place) = place {
                self.count_up_to(place).await?;
            }
            appended.position = appended.position.max(self.position_of(id)?);
        }
        Ok(appended)
    }

    /// Appends to a stream that nobody else should be writing to.
    pub(super) async fn append_run(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: &[Outgoing],
    ) -> Result<(), AppendError> {
        let _lock = self.locks.of(stream).await;
        self.run(stream, expected, events, None).await.map(drop)
    }

    /// Those of the events that aren't recorded, each once.
    fn new_ones(&self, events: Vec<NewEvent>) -> Result<New, AppendError> {
        let mut new = New {
            events: Vec::with_capacity(events.len()),
            before: 0,
        };
        let mut seen: HashMap<Uuid, (StreamName, &'static str)> = HashMap::new();
        for event in events {
            let (stream, name) = (event.fact.stream(), event.fact.stored_type().0);
            let id = event.id;
            if let Some((other, of)) = seen.get(&id) {
                if (other, *of) != (&stream, name) {
                    return Err(AppendError::IdInUse { id });
                }
                continue;
            }
            match self.find(id, &stream, name)? {
                Some(known) if !known.is_same => return Err(AppendError::IdInUse { id }),
                Some(known) => new.before = new.before.max(known.position),
                None => {
                    seen.insert(id, (stream, name));
                    new.events.push(event);
                }
            }
        }
        Ok(new)
    }

    /// What it is to append no events.
    async fn nothing(&self) -> Result<Appended, JournalError> {
        Ok(Appended {
            recorded: 0,
            position: self.count_to_the_end().await?,
        })
    }

    fn outgoing(&self, events: &[NewEvent]) -> Result<Vec<Outgoing>, JournalError> {
        let outgoing: serde_json::Result<_> = events.iter().map(Outgoing::of).collect();
        outgoing.map_err(|error| self.error(error))
    }

    pub(super) fn last_revision(&self, stream: &StreamName) -> Result<Option<u64>, JournalError> {
        let last = self.catalogue.last_revision(stream);
        last.map_err(|error| self.error(error))
    }

    pub(super) fn find(
        &self,
        id: Uuid,
        stream: &StreamName,
        name: &str,
    ) -> Result<Option<Known>, JournalError> {
        let found = self.catalogue.find(id, stream, name);
        found.map_err(|error| self.error(error))
    }

    /// Where an event is that was counted.
    pub(super) fn position_of(&self, id: Uuid) -> Result<Position, JournalError> {
        let found = self.find(id, &StreamName::links(), "")?;
        let found = found.ok_or_else(|| self.error("an event that was recorded isn't there"))?;
        Ok(found.position)
    }
}

/// Whether a stream went on past what is expected of it: revisions only grow, so nobody needs to be asked.
fn is_passed(expected: Expected, known: Option<u64>) -> bool {
    match expected {
        Expected::NoStream => known.is_some(),
        Expected::Revision(revision) => known > Some(revision),
        Expected::Any => false,
    }
}

/// What is to be recorded of many events.
struct New {
    events: Vec<NewEvent>,
    /// The furthest position of those that are recorded already.
    before: Position,
}

/// Events that stand together and belong to one stream, as many as an append takes.
fn runs(events: &[NewEvent]) -> Vec<(StreamName, &[NewEvent])> {
    let mut runs = Vec::new();
    let same = |one: &NewEvent, next: &NewEvent| one.fact.stream() == next.fact.stream();
    for run in events.chunk_by(same) {
        let mut rest = run;
        while let Some(first) = rest.first() {
            let mut bytes = 0;
            let fits = rest.iter().take(RUN_MAX).take_while(|event| {
                // Its text, and an ample share for its envelope.
                bytes += event.fact.encode().map_or(0, |body| body.len()) + 512;
                bytes <= APPEND_MAX
            });
            let count = fits.count().max(1);
            let (these, others) = rest.split_at(count);
            runs.push((first.fact.stream(), these));
            rest = others;
        }
    }
    runs
}
