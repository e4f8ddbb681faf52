//! The one shape of an event in a file.

use std::borrow::Cow;
use std::io;

use plaudit_domain::{AccountId, Event, Position, StreamName, Time};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::cells::{Cell, Column, Field};
use crate::lines::Line;

/// An event as a line of NDJSON, and as a row of other formats.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventLine<'a> {
    #[serde(default)]
    pub(super) position: Option<Position>,
    pub(super) id: Uuid,
    #[serde(borrow)]
    pub(super) stream: Cow<'a, str>,
    #[serde(default)]
    pub(super) revision: Option<u64>,
    #[serde(borrow)]
    pub(super) r#type: Cow<'a, str>,
    pub(super) version: u16,
    pub(super) occurred_at: Time,
    #[serde(default)]
    pub(super) recorded_at: Option<Time>,
    #[serde(default)]
    pub(super) actor: Option<AccountId>,
    #[serde(default)]
    pub(super) correlation_id: Option<Uuid>,
    #[serde(default)]
    pub(super) causation_id: Option<Uuid>,
    /// Taken as it stands: the type says how it is read.
    #[serde(borrow)]
    pub(super) data: &'a RawValue,
}

impl Line for EventLine<'_> {
    const VERSION: u32 = 1;

    const COLUMNS: &'static [Column] = &[
        Column::of::<Position>("position"),
        Column::of::<Uuid>("id"),
        Column::of::<str>("stream"),
        Column::of::<u64>("revision"),
        Column::of::<str>("type"),
        Column::of::<u16>("version"),
        Column::of::<Time>("occurred_at"),
        Column::of::<Time>("recorded_at"),
        Column::of::<Option<AccountId>>("actor"),
        Column::of::<Option<Uuid>>("correlation_id"),
        Column::of::<Option<Uuid>>("causation_id"),
        Column::of::<RawValue>("data"),
    ];

    fn cells(&self, each: &mut dyn FnMut(Cell<'_>)) {
        let Self {
            position,
            id,
            stream,
            revision,
            r#type,
            version,
            occurred_at,
            recorded_at,
            actor,
            correlation_id,
            causation_id,
            data,
        } = self;
        each(position.cell());
        each(id.cell());
        each(stream.cell());
        each(revision.cell());
        each(r#type.cell());
        each(version.cell());
        each(occurred_at.cell());
        each(recorded_at.cell());
        each(actor.cell());
        each(correlation_id.cell());
        each(causation_id.cell());
        each(data.cell());
    }
}

/// An event that was recorded, with its body as JSON only: that takes half the memory.
pub(crate) struct Recorded {
    pub(crate) position: Position,
    id: Uuid,
    stream: StreamName,
    revision: u64,
    r#type: &'static str,
    version: u16,
    pub(crate) occurred_at: Time,
    recorded_at: Time,
    actor: Option<AccountId>,
    correlation: Option<Uuid>,
    causation: Option<Uuid>,
    data: Box<RawValue>,
}

impl Recorded {
    /// An event.
    pub(crate) fn of(event: Event) -> io::Result<Self> {
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
            imported: _,
            fact,
        } = event;
        let (name, version) = fact.stored_type();
        Ok(Self {
            position,
            id,
            stream,
            revision,
            r#type: name,
            version,
            occurred_at,
            recorded_at,
            actor,
            correlation,
            causation,
            data: fact.encode().and_then(RawValue::from_string)?,
        })
    }

    /// It, as it goes out.
    pub(crate) fn line(&self) -> EventLine<'_> {
        EventLine {
            position: Some(self.position),
            id: self.id,
            stream: self.stream.as_str().into(),
            revision: Some(self.revision),
            r#type: self.r#type.into(),
            version: self.version,
            occurred_at: self.occurred_at,
            recorded_at: Some(self.recorded_at),
            actor: self.actor,
            correlation_id: self.correlation,
            causation_id: self.causation,
            data: &self.data,
        }
    }

    /// How long its texts are.
    pub(crate) fn bytes(&self) -> usize {
        self.stream.as_str().len() + self.data.get().len()
    }
}
