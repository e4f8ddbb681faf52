//! An event as EventStoreDB's clients know it.

use bytes::Bytes;
use plaudit_domain::{Event, NewEvent, Position};
use plaudit_journal::metadata::{self, Metadata};
use tonic::Status;
use uuid::Uuid;

use crate::generated::client;
use crate::generated::streams::append_req::ProposedMessage;
use crate::generated::streams::read_req::options::{UuidOption, uuid_option};
use crate::generated::streams::read_resp::read_event::{self, RecordedEvent};
use crate::generated::streams::read_resp::{Content, ReadEvent};
use crate::positions::Positions;

/// What every body is.
const CONTENT_TYPE: &str = "application/json";

/// How a client wants to have ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// As two numbers.
    Structured,
    /// As a text.
    Text,
}

impl Ids {
    /// As it was asked for.
    pub fn asked(option: Option<UuidOption>) -> Self {
        match option.and_then(|option| option.content) {
            Some(uuid_option::Content::String(_)) => Self::Text,
            Some(uuid_option::Content::Structured(_)) | None => Self::Structured,
        }
    }

    fn of(self, id: Uuid) -> client::Uuid {
        use client::uuid::{Structured, Value};

        let value = match self {
            Self::Text => Value::String(id.to_string()),
            Self::Structured => {
                let (most, least) = id.as_u64_pair();
                Value::Structured(Structured {
                    most_significant_bits: most.cast_signed(),
                    least_significant_bits: least.cast_signed(),
                })
            }
        };
        client::Uuid { value: Some(value) }
    }
}

/// An id that a client sent.
pub fn id(id: Option<&client::Uuid>) -> Result<Uuid, Status> {
    use client::uuid::Value;

    let malformed = || Status::invalid_argument("an event's id is not a UUID");
    match id.and_then(|id| id.value.as_ref()) {
        Some(Value::String(text)) => Uuid::parse_str(text).map_err(|_| malformed()),
        Some(Value::Structured(bits)) => Ok(Uuid::from_u64_pair(
            bits.most_significant_bits.cast_unsigned(),
            bits.least_significant_bits.cast_unsigned(),
        )),
        None => Err(malformed()),
    }
}

/// An event, as it goes out, with metadata as they were written, where that was here.
pub fn event(
    event: &Event,
    written: Option<Bytes>,
    ids: Ids,
    positions: Positions,
) -> Result<Content, Status> {
    let position = positions.outside(event.position);
    let (name, _) = event.fact.stored_type();
    let unwritable = |error| {
        tracing::error!(
            position = event.position,
            "an event can't be written: {error}"
        );
        Status::data_loss(format!("event {} can't be written", event.position))
    };
    let data = event.fact.encode().map_err(unwritable)?;
    let metadata = match written {
        Some(metadata) => metadata,
        None => Metadata::of_copied(event)
            .encode()
            .map_err(unwritable)?
            .into(),
    };
    Ok(Content::Event(ReadEvent {
        event: Some(RecordedEvent {
            id: Some(ids.of(event.id)),
            stream_identifier: Some(stream(event.stream.as_str())),
            stream_revision: event.revision,
            prepare_position: position,
            commit_position: position,
            metadata: [
                ("type".to_owned(), name.to_owned()),
                ("content-type".to_owned(), CONTENT_TYPE.to_owned()),
                ("created".to_owned(), ticks(event).to_string()),
            ]
            .into(),
            custom_metadata: metadata,
            data: data.into_bytes().into(),
        }),
        link: None,
        position: Some(read_event::Position::CommitPosition(position)),
    }))
}

/// An event of the server itself, as a cluster's own history has them. Readers have to pass it over.
pub fn system_event(before: Position, ids: Ids, positions: Positions) -> Content {
    let position = positions.before(before);
    Content::Event(ReadEvent {
        event: Some(RecordedEvent {
            id: Some(ids.of(Uuid::from_u64_pair(u64::MAX, before))),
            stream_identifier: Some(stream("$scavenges")),
            stream_revision: before,
            prepare_position: position,
            commit_position: position,
            metadata: [
                ("type".to_owned(), "$scavengeStarted".to_owned()),
                ("content-type".to_owned(), CONTENT_TYPE.to_owned()),
                ("created".to_owned(), "0".to_owned()),
            ]
            .into(),
            custom_metadata: Default::default(),
            data: "{}".into(),
        }),
        link: None,
        position: Some(read_event::Position::CommitPosition(position)),
    })
}

/// When it was recorded, in steps of 100 ns since 1970.
fn ticks(event: &Event) -> i64 {
    event.recorded_at.as_micros().saturating_mul(10)
}

/// A stream, by its name.
pub fn stream(name: &str) -> client::StreamIdentifier {
    client::StreamIdentifier {
        stream_name: name.as_bytes().to_vec().into(),
    }
}

/// The name of a stream that a client asks for.
pub fn stream_name(stream: Option<client::StreamIdentifier>) -> Result<String, Status> {
    let name = stream.map(|stream| stream.stream_name).unwrap_or_default();
    match String::from_utf8(name.into()) {
        Ok(name) if !name.is_empty() => Ok(name),
        Ok(_) | Err(_) => Err(Status::invalid_argument("a stream's name is a text")),
    }
}

/// An event that a client wants to be recorded.
pub fn new_event(message: &ProposedMessage) -> Result<NewEvent, Status> {
    let name = message.metadata.get("type").map_or("", String::as_str);
    metadata::new_event(
        id(message.id.as_ref())?,
        name,
        &message.custom_metadata,
        &message.data,
    )
    .map_err(|error| Status::invalid_argument(format!("an event can't be taken: {error}")))
}
