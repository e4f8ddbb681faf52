//! Writing. What is served to others is for reading only: a write from outside would bypass the rules.

use bytes::Bytes;
use plaudit_domain::{NewEvent, Position, StreamName};
use plaudit_journal::{AppendError, Expected, Part};
use tonic::metadata::MetadataValue;
use tonic::{Request, Status, Streaming};
use uuid::Uuid;

use crate::Served;
use crate::cluster::Standing;
use crate::generated::client::Empty;
use crate::generated::streams::append_req::{Content, Options, options::ExpectedStreamRevision};
use crate::generated::streams::append_resp::{
    self, Result as Outcome, Success, WrongExpectedVersion, success, wrong_expected_version,
};
use crate::generated::streams::{AppendReq, AppendResp};
use crate::read::failed;
use crate::served::{new_event, stream_name};

/// The most bytes of an append, as EventStoreDB has it.
const APPEND_MAX: usize = 1 << 20;

/// What is answered to whoever wants to write.
pub fn refused() -> Status {
    with_exception(
        "access-denied",
        Status::permission_denied(
            "this history is served to be read: an event from outside would bypass the community's rules. \
             Use its GraphQL mutations, or `plaudit import events`",
        ),
    )
}

/// What is answered to whoever wants to take something away.
pub fn never_goes() -> Status {
    with_exception(
        "access-denied",
        Status::permission_denied(
            "what is recorded never goes. Personal data goes by erasing an account: its GraphQL mutations do",
        ),
    )
}

fn with_exception(exception: &'static str, mut status: Status) -> Status {
    let value = MetadataValue::from_static(exception);
    status.metadata_mut().insert("exception", value);
    status
}

/// Takes appends, as a server of EventStoreDB does: what the journal on it is tried against.
#[derive(Clone)]
pub struct Writing {
    pub standing: Standing,
}

impl Writing {
    /// The metadata of an event as they were written, to the last byte.
    pub fn metadata(&self, id: Uuid) -> Option<Bytes> {
        self.standing.cluster().metadata(id)
    }

    pub async fn append(
        &self,
        request: Request<Streaming<AppendReq>>,
        served: &Served,
    ) -> Result<AppendResp, Status> {
        self.standing.check_leads()?;
        let mut append = Append::read(request.into_inner()).await?;
        self.standing.check_leads()?;
        for (event, metadata) in append.events.iter().zip(append.metadata.drain(..)) {
            self.standing.cluster().keep_metadata(event.id, metadata);
        }
        let outcome = append.record(served).await?;
        self.standing.check_answers()?;
        Ok(AppendResp {
            result: Some(outcome),
        })
    }
}

/// What is to be appended.
struct Append {
    stream: StreamName,
    asked: ExpectedStreamRevision,
    events: Vec<NewEvent>,
    /// Of each of them, as it came.
    metadata: Vec<Bytes>,
}

impl Append {
    /// Nothing is recorded before all of it is here.
    async fn read(mut messages: Streaming<AppendReq>) -> Result<Self, Status> {
        let malformed = || Status::invalid_argument("an append begins with its options");
        let first = messages.message().await?.and_then(|first| first.content);
        let Some(Content::Options(Options {
            stream_identifier,
            expected_stream_revision: Some(asked),
        })) = first
        else {
            return Err(malformed());
        };
        let stream = StreamName::stored(stream_name(stream_identifier)?);
        let (mut events, mut metadata) = (Vec::new(), Vec::new());
        let mut bytes = 0;
        while let Some(message) = messages.message().await? {
            let Some(Content::ProposedMessage(message)) = message.content else {
                return Err(malformed());
            };
            bytes += message.data.len() + message.custom_metadata.len();
            if bytes > APPEND_MAX {
                let status = Status::invalid_argument("an append has 1 MiB at most");
                return Err(with_exception("maximum-append-size-exceeded", status));
            }
            events.push(new_event(&message)?);
            metadata.push(message.custom_metadata);
        }
        Ok(Self {
            stream,
            asked,
            events,
            metadata,
        })
    }

    async fn record(self, served: &Served) -> Result<Outcome, Status> {
        let Self {
            stream,
            asked,
            events,
            metadata: _,
        } = self;
        let expected = match asked {
            ExpectedStreamRevision::Revision(revision) => Expected::Revision(revision),
            ExpectedStreamRevision::NoStream(_) => Expected::NoStream,
            ExpectedStreamRevision::Any(_) => Expected::Any,
            ExpectedStreamRevision::StreamExists(_) => {
                return Err(Status::unimplemented("expecting that a stream exists"));
            }
        };
        match served.journal.append(&stream, expected, events).await {
            Ok(appended) => success(served, appended.position).await,
            Err(AppendError::Conflict { actual, .. }) => Ok(conflict(&asked, actual)),
            Err(AppendError::IdInUse { id }) => {
                let what = format!("event id {id} is in use for another event");
                Err(Status::already_exists(what))
            }
            Err(AppendError::Journal(error)) => Err(failed(error)),
        }
    }
}

async fn success(served: &Served, position: Position) -> Result<Outcome, Status> {
    let part = Part::After(position.saturating_sub(1));
    let last = served.journal.read_kept(part, 1).await.map_err(failed)?;
    let revision = last.first().map_or(0, |event| event.revision);
    let position = served.positions.outside(position);
    Ok(Outcome::Success(Success {
        current_revision_option: Some(success::CurrentRevisionOption::CurrentRevision(revision)),
        position_option: Some(success::PositionOption::Position(append_resp::Position {
            commit_position: position,
            prepare_position: position,
        })),
    }))
}

/// A conflict is an answer, not an error.
fn conflict(asked: &ExpectedStreamRevision, actual: Option<u64>) -> Outcome {
    use wrong_expected_version::{CurrentRevisionOption, ExpectedRevisionOption};

    let current = match actual {
        Some(revision) => CurrentRevisionOption::CurrentRevision(revision),
        None => CurrentRevisionOption::CurrentNoStream(Empty::default()),
    };
    let expected = match asked {
        ExpectedStreamRevision::Revision(revision) => {
            ExpectedRevisionOption::ExpectedRevision(*revision)
        }
        ExpectedStreamRevision::NoStream(_) => {
            ExpectedRevisionOption::ExpectedNoStream(Empty::default())
        }
        ExpectedStreamRevision::Any(_) => ExpectedRevisionOption::ExpectedAny(Empty::default()),
        ExpectedStreamRevision::StreamExists(_) => {
            ExpectedRevisionOption::ExpectedStreamExists(Empty::default())
        }
    };
    Outcome::WrongExpectedVersion(WrongExpectedVersion {
        current_revision_option: Some(current),
        expected_revision_option: Some(expected),
        ..WrongExpectedVersion::default()
    })
}
