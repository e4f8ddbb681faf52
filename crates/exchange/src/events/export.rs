//! Events out, as NDJSON or CSV.

use std::io::{self, Write};

use plaudit_domain::{Event, Fact, Time};
use plaudit_journal::{JournalError, SharedJournal};
use serde_json::value::RawValue;

use super::line::EventLine;
use crate::lines::{Format, Lines};
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
    let known = || Fact::TYPES.iter().map(|(name, _)| *name);
    if let Some(name) = options
        .types
        .iter()
        .find(|name| known().all(|known| known != **name))
    {
        return Err(ExportError::UnknownType {
            name: name.clone(),
            known: known().collect(),
        });
    }
    let mut lines = Lines::begin::<EventLine<'_>>(format, out)?;
    let head = journal.head().await?;
    let mut position = 0;
    while position < head {
        let mut events = journal.read_all(position, BATCH).await?;
        // What was recorded since is left for the next time, so that there is an end.
        events.retain(|event| event.position <= head);
        let Some(last) = events.last() else {
            break;
        };
        position = last.position;
        for mut event in events {
            if !options.wants(&event) {
                continue;
            }
            if !options.personal {
                event.fact.withhold_personal();
            }
            let data = event.fact.encode().and_then(RawValue::from_string);
            lines.write(&EventLine::of(&event, &data.map_err(io::Error::from)?))?;
        }
        progress.at(Phase::Writing, position, Some(head));
    }
    Ok(lines.finish()?)
}

impl Options {
    fn wants(&self, event: &Event) -> bool {
        let Self {
            from,
            to,
            types,
            personal: _,
        } = self;
        let (name, _) = event.fact.stored_type();
        from.is_none_or(|from| event.occurred_at >= from)
            && to.is_none_or(|to| event.occurred_at < to)
            && (types.is_empty() || types.iter().any(|wanted| wanted == name))
    }
}
