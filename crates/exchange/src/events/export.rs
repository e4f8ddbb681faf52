//! Events out.

use std::io::{self, Write};

use plaudit_domain::{Event, Fact, Position, Time};
use plaudit_journal::{JournalError, SharedJournal};

use super::line::{EventLine, Recorded};
use crate::cells::Column;
use crate::lines::{Format, Line, Lines};
use crate::progress::{Phase, Progress};

/// How many events are read at once.
const BATCH: usize = 2_000;

/// What to export.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only what happened at this time or later.
    pub from: Option<Time>,
    /// Only what happened before this time.
    pub to: Option<Time>,
    /// Only what had happened at this time.
    pub as_of: Option<Time>,
    /// Only events of these types; of all where there are none.
    pub types: Vec<String>,
    /// Whether names, titles and texts are written too, or `null` in their place.
    pub personal: bool,
}

/// Why an export didn't go through.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// No event has such a type.
    #[error("there is no event type {name:?}; there are {}", known.join(", "))]
    UnknownType {
        /// The name that was given.
        name: String,
        /// Those that there are.
        known: Vec<&'static str>,
    },
    /// The journal can't be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It can't be written.
    #[error("the export can't be written: {0}")]
    Write(#[from] io::Error),
}

/// Writes the events that are in the journal when it begins, and says how many it wrote.
pub async fn export(
    journal: &SharedJournal,
    options: &Options,
    format: Format,
    out: impl Write + Send,
    progress: &mut dyn Progress,
) -> Result<u64, ExportError> {
    options.check()?;
    let mut lines = Lines::begin::<EventLine<'_>>(format, out)?;
    let head = journal.head().await?;
    let mut wanted = Wanted::new(journal, options, 0, head);
    while let Some(events) = wanted.next().await? {
        for event in events {
            lines.write(&Recorded::of(event)?.line())?;
        }
        progress.at(Phase::Writing(TABLE), wanted.position, Some(head));
    }
    Ok(lines.finish()?)
}

/// The name of the table.
pub const TABLE: &str = "events";

/// Which shape its rows have, and its columns.
pub fn shape() -> (u32, &'static [Column]) {
    (EventLine::VERSION, EventLine::COLUMNS)
}

impl Options {
    /// Whether there are such events.
    pub fn check(&self) -> Result<(), ExportError> {
        let known = || Fact::TYPES.iter().map(|(name, _)| *name);
        match self
            .types
            .iter()
            .find(|name| known().all(|it| it != **name))
        {
            Some(name) => Err(ExportError::UnknownType {
                name: name.clone(),
                known: known().collect(),
            }),
            None => Ok(()),
        }
    }

    fn wants(&self, event: &Event) -> bool {
        let Self {
            from,
            to,
            as_of,
            types,
            personal: _,
        } = self;
        let (name, _) = event.fact.stored_type();
        from.is_none_or(|from| event.occurred_at >= from)
            && to.is_none_or(|to| event.occurred_at < to)
            && as_of.is_none_or(|moment| event.occurred_at <= moment)
            && (types.is_empty() || types.iter().any(|wanted| wanted == name))
    }
}

/// The events that are wanted, batch by batch, as they may go out.
pub(crate) struct Wanted<'a> {
    journal: &'a SharedJournal,
    options: &'a Options,
    /// Up to here they came.
    pub(crate) position: Position,
    head: Position,
}

impl<'a> Wanted<'a> {
    /// Those after a position, up to another one.
    pub(crate) fn new(
        journal: &'a SharedJournal,
        options: &'a Options,
        after: Position,
        head: Position,
    ) -> Self {
        Self {
            journal,
            options,
            position: after,
            head,
        }
    }

    /// The next ones, which may be none; nothing at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Event>>, JournalError> {
        if self.position >= self.head {
            return Ok(None);
        }
        let mut events = self.journal.read_all(self.position, BATCH).await?;
        // What was recorded since is left for the next time, so that there is an end.
        events.retain(|event| event.position <= self.head);
        let Some(last) = events.last() else {
            return Ok(None);
        };
        self.position = last.position;
        events.retain(|event| self.options.wants(event));
        if !self.options.personal {
            for event in &mut events {
                event.fact.withhold_personal();
            }
        }
        Ok(Some(events))
    }
}
