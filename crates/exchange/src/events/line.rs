//! The one shape of an event in a file.

use std::borrow::Cow;

use plaudit_domain::{AccountId, Event, Position, Time};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::lines::Line;

/// An event as a line of NDJSON, and as a row of CSV.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventLine<'a> {
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
    const FIELDS: &'static [&'static str] = &[
        "position",
        "id",
        "stream",
        "revision",
        "type",
        "version",
        "occurred_at",
        "recorded_at",
        "actor",
        "correlation_id",
        "causation_id",
        "data",
    ];
}

impl<'a> EventLine<'a> {
    /// A recorded event, with its body as JSON.
    pub(super) fn of(event: &'a Event, data: &'a RawValue) -> Self {
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
            fact,
        } = event;
        let (name, version) = fact.stored_type();
        Self {
            position: Some(*position),
            id: *id,
            stream: stream.as_str().into(),
            revision: Some(*revision),
            r#type: name.into(),
            version,
            occurred_at: *occurred_at,
            recorded_at: Some(*recorded_at),
            actor: *actor,
            correlation_id: *correlation,
            causation_id: *causation,
            data,
        }
    }
}
