//! The envelope of an event as metadata, where what keeps or hands on events has a body and metadata for
//! each: EventStoreDB, and its protocol. The shape is stored, and never changes.

use plaudit_domain::fact::DecodeError;
use plaudit_domain::{AccountId, Event, Fact, NewEvent, Time};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is kept beside an event's body, besides its id and the name of its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The version of its type.
    pub version: u16,
    /// When it happened.
    pub occurred_at: Time,
    /// The account that the request was made as; none for imports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<AccountId>,
    /// The request that it came from, by the name that EventStoreDB goes by.
    #[serde(
        default,
        rename = "$correlationId",
        skip_serializing_if = "Option::is_none"
    )]
    pub correlation: Option<Uuid>,
    /// The event or command that caused it.
    #[serde(
        default,
        rename = "$causationId",
        skip_serializing_if = "Option::is_none"
    )]
    pub causation: Option<Uuid>,
    /// Whether it came with a history from elsewhere.
    #[serde(default, skip_serializing_if = "is_not")]
    pub imported: bool,
    /// When it was recorded, where it was copied from another journal: what keeps it says when that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<Time>,
}

fn is_not(it: &bool) -> bool {
    !it
}

/// Why a body and its metadata are no event.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// The metadata can't be read.
    #[error("its metadata is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The body is no text.
    #[error("its body is not UTF-8")]
    NotText,
    /// The body can't be read.
    #[error(transparent)]
    Body(#[from] DecodeError),
}

impl Metadata {
    /// Of an event.
    pub fn of(event: &Event) -> Self {
        Self {
            version: event.fact.stored_type().1,
            occurred_at: event.occurred_at,
            actor: event.actor,
            correlation: event.correlation,
            causation: event.causation,
            imported: event.imported,
            recorded_at: None,
        }
    }

    /// Of an event that is copied, where what keeps it says when it was copied.
    pub fn of_copied(event: &Event) -> Self {
        Self {
            recorded_at: Some(event.recorded_at),
            ..Self::of(event)
        }
    }

    /// Of a new event.
    pub fn of_new(event: &NewEvent) -> Self {
        Self {
            version: event.fact.stored_type().1,
            occurred_at: event.occurred_at,
            actor: event.actor,
            correlation: event.correlation,
            causation: event.causation,
            imported: event.imported,
            recorded_at: None,
        }
    }

    /// As JSON.
    pub fn encode(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// From JSON.
    pub fn decode(json: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(json)
    }
}

/// An event of its parts.
///
/// # Errors
/// If they don't make one.
pub fn new_event(
    id: Uuid,
    name: &str,
    metadata: &[u8],
    body: &[u8],
) -> Result<NewEvent, MetadataError> {
    let Metadata {
        version,
        occurred_at,
        actor,
        correlation,
        causation,
        imported,
        recorded_at: _,
    } = Metadata::decode(metadata)?;
    let body = str::from_utf8(body).map_err(|_| MetadataError::NotText)?;
    Ok(NewEvent {
        id,
        occurred_at,
        actor,
        correlation,
        causation,
        imported,
        fact: Fact::decode(name, version, body)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_shape_never_changes() {
        let metadata = Metadata {
            version: 1,
            occurred_at: Time::from_micros(1_500_000),
            actor: Some(AccountId(Uuid::from_u128(1))),
            correlation: Some(Uuid::from_u128(2)),
            causation: Some(Uuid::from_u128(3)),
            imported: true,
            recorded_at: Some(Time::from_micros(2_000_000)),
        };
        let json = concat!(
            r#"{"version":1,"occurred_at":"1970-01-01T00:00:01.5Z","#,
            r#""actor":"00000000-0000-0000-0000-000000000001","#,
            r#""$correlationId":"00000000-0000-0000-0000-000000000002","#,
            r#""$causationId":"00000000-0000-0000-0000-000000000003","#,
            r#""imported":true,"recorded_at":"1970-01-01T00:00:02Z"}"#,
        );
        assert_eq!(String::from_utf8(metadata.encode().unwrap()).unwrap(), json);
        assert_eq!(Metadata::decode(json.as_bytes()).unwrap(), metadata);
        let bare = r#"{"version":2,"occurred_at":"1970-01-01T00:00:00Z"}"#;
        let metadata = Metadata::decode(bare.as_bytes()).unwrap();
        assert_eq!((metadata.version, metadata.actor), (2, None));
        assert_eq!((metadata.imported, metadata.recorded_at), (false, None));
        assert_eq!(String::from_utf8(metadata.encode().unwrap()).unwrap(), bare);
    }
}
