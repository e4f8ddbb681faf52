//! Events of another journal, as they are kept there.

use std::collections::{HashMap, HashSet};

use plaudit_domain::{Event, StreamName};

use super::EventStoreJournal;
use super::append::{APPEND_MAX, RUN_MAX};
use super::client::Outgoing;
use crate::metadata::Metadata;
use crate::row::NotNext;
use crate::{AppendError, Expected, JournalError};

impl EventStoreJournal {
    /// Appends events as another journal keeps them. All that can be refused is, before the first is recorded;
    /// if it breaks off then, what came first is recorded.
    pub(super) async fn append_copies(&self, events: Vec<Event>) -> Result<(), AppendError> {
        let Some(end) = events.last() else {
            return Ok(());
        };
        self.count_to_the_end().await?;
        self.check_follow(&events)?;
        let copies: Result<Vec<_>, _> = events.iter().map(|event| self.copy_of(event)).collect();
        let copies = copies?;
        let mut rest = events.as_slice();
        let mut copies = copies.as_slice();
        while let Some(first) = rest.first() {
            let run = run(rest, copies);
            let (these, others) = copies.split_at(run);
            let expected = match first.revision.checked_sub(1) {
                None => Expected::NoStream,
                Some(before) => Expected::Revision(before),
            };
            self.append_run(&first.stream, expected, these).await?;
            rest = &rest[run..];
            copies = others;
        }
        // Somebody else may have written meanwhile: then they stand elsewhere.
        self.count_to_the_end().await?;
        let there = self.position_of(end.id)?;
        match there == end.position {
            true => Ok(()),
            false => Err(self.error(not_next(there - 1, end)).into()),
        }
    }

    /// Whether events come right after those that are there, in the whole history and in their streams.
    fn check_follow(&self, events: &[Event]) -> Result<(), AppendError> {
        let mut last = self.last()?.map_or(0, |last| last.position);
        let mut seen = HashSet::with_capacity(events.len());
        let mut next: HashMap<&StreamName, u64> = HashMap::new();
        for event in events {
            if event.position != last + 1 {
                return Err(self.error(not_next(last, event)).into());
            }
            last = event.position;
            let is_there = || self.find(event.id, &event.stream, "");
            if !seen.insert(event.id) || is_there()?.is_some() {
                return Err(AppendError::IdInUse { id: event.id });
            }
            let expected = match next.get(&event.stream) {
                Some(next) => *next,
                None => self.last_revision(&event.stream)?.map_or(0, |it| it + 1),
            };
            if event.revision != expected {
                let Event {
                    position,
                    stream,
                    revision,
                    ..
                } = event;
                let what = format!(
                    "event {position} of the other journal has revision {revision} in stream {stream}, \
                     where {expected} comes next"
                );
                return Err(self.error(what).into());
            }
            next.insert(&event.stream, expected + 1);
        }
        Ok(())
    }

    fn copy_of(&self, event: &Event) -> Result<Outgoing, JournalError> {
        let outgoing = || -> serde_json::Result<_> {
            Ok(Outgoing {
                id: event.id,
                name: event.fact.stored_type().0,
                metadata: Metadata::of_copied(event).encode()?,
                body: event.fact.encode()?,
            })
        };
        let outgoing = outgoing().map_err(|error| self.error(error))?;
        let bytes = outgoing.bytes();
        if bytes > APPEND_MAX {
            let position = event.position;
            let what = format!(
                "event {position} has {bytes} bytes, and a server takes {APPEND_MAX} at most"
            );
            return Err(self.error(what));
        }
        Ok(outgoing)
    }
}

/// How many of the next events go into one stream, and one append.
fn run(events: &[Event], copies: &[Outgoing]) -> usize {
    let mut bytes = 0;
    let fits = events.iter().zip(copies).take(RUN_MAX);
    let fits = fits.take_while(|(event, copy)| {
        bytes += copy.bytes();
        event.stream == events[0].stream && bytes <= APPEND_MAX
    });
    fits.count().max(1)
}

fn not_next(last: u64, event: &Event) -> NotNext {
    NotNext {
        last,
        given: event.position,
    }
}
