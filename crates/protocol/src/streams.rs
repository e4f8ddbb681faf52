//! The service that streams are read by.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use futures_util::stream::unfold;
use plaudit_domain::StreamName;
use plaudit_journal::search::Direction;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep_until};
use tonic::{Request, Response, Status, Streaming};

use crate::filter::Filter;
use crate::generated::streams::read_req::Options;
use crate::generated::streams::read_req::options::{
    AllOptions, CountOption, FilterOption, ReadDirection, StreamOption, StreamOptions, all_options,
    stream_options,
};
use crate::generated::streams::read_resp::Content;
use crate::generated::streams::streams_server;
use crate::generated::streams::{
    AppendReq, AppendResp, BatchAppendReq, BatchAppendResp, DeleteReq, DeleteResp, ReadReq,
    ReadResp, TombstoneReq, TombstoneResp,
};
use crate::read::{self, Reading, Serving, failed};
use crate::served::{Ids, stream_name};
use crate::subscription::{After, Subscription};
use crate::{READS, Served, write};

/// The service, for one server.
#[derive(Clone)]
pub struct Streams {
    served: Served,
    stopping: watch::Receiver<()>,
    /// One for each that may be read at once.
    places: Arc<Semaphore>,
}

/// What goes out, one after the other. Each is made when it is taken, so that a client that takes
/// nothing costs nothing more.
type Outgoing = Pin<Box<dyn Stream<Item = Result<ReadResp, Status>> + Send>>;

#[tonic::async_trait]
impl streams_server::Streams for Streams {
    type ReadStream = Outgoing;
    type BatchAppendStream = Pin<Box<dyn Stream<Item = Result<BatchAppendResp, Status>> + Send>>;

    async fn read(&self, request: Request<ReadReq>) -> Result<Response<Outgoing>, Status> {
        let open = Open {
            until: self.served.admit(request.metadata()).await?,
            _place: self.place()?,
        };
        let options = request.into_inner().options;
        let options = options.ok_or_else(|| malformed("a read has options"))?;
        let outgoing = match options.count_option {
            Some(CountOption::Count(count)) => {
                let reading = self.reading(options, count).await?;
                outgoing(reading, open)
            }
            Some(CountOption::Subscription(_)) => {
                let subscription = self.subscription(options).await?;
                outgoing(subscription, open)
            }
            None => return Err(malformed("a read has a count, or is a subscription")),
        };
        Ok(Response::new(outgoing))
    }

    async fn append(
        &self,
        request: Request<Streaming<AppendReq>>,
    ) -> Result<Response<AppendResp>, Status> {
        self.served.admit(request.metadata()).await?;
        let Some(writing) = &self.served.writing else {
            return Err(write::refused());
        };
        writing
            .append(request, &self.served)
            .await
            .map(Response::new)
    }

    async fn batch_append(
        &self,
        request: Request<Streaming<BatchAppendReq>>,
    ) -> Result<Response<Self::BatchAppendStream>, Status> {
        self.served.admit(request.metadata()).await?;
        Err(write::refused())
    }

    async fn delete(&self, request: Request<DeleteReq>) -> Result<Response<DeleteResp>, Status> {
        self.served.admit(request.metadata()).await?;
        Err(write::never_goes())
    }

    async fn tombstone(
        &self,
        request: Request<TombstoneReq>,
    ) -> Result<Response<TombstoneResp>, Status> {
        self.served.admit(request.metadata()).await?;
        Err(write::never_goes())
    }
}

impl Streams {
    /// The service of a server that stops when whoever could send is gone.
    pub fn new(served: Served, stopping: watch::Receiver<()>) -> Self {
        Self {
            served,
            stopping,
            places: Arc::new(Semaphore::new(READS)),
        }
    }

    /// A place for one more that reads.
    fn place(&self) -> Result<OwnedSemaphorePermit, Status> {
        self.places.clone().try_acquire_owned().map_err(|_| {
            tracing::warn!("{READS} reads are open already: one more is refused");
            Status::resource_exhausted("too much is being read at once: try again")
        })
    }

    fn serving(&self, options: &Options) -> Serving {
        Serving {
            journal: self.served.journal.clone(),
            ids: Ids::asked(options.uuid_option),
            positions: self.served.positions,
            writing: self.served.writing.clone(),
        }
    }

    async fn reading(&self, options: Options, count: u64) -> Result<Reading, Status> {
        let serving = self.serving(&options);
        let direction = direction(&options)?;
        // Clients that know the messages which say where a stream ends ask for them.
        let tell_ends = options
            .control_option
            .is_some_and(|it| it.compatibility >= 1);
        match options.stream_option {
            Some(StreamOption::Stream(stream)) => {
                let (stream, revision) = asked_stream(stream)?;
                if let (Direction::Forward, Revision::End) = (direction, &revision) {
                    return Reading::stream(serving, stream, direction, None, 0, tell_ends).await;
                }
                let revision = match (revision, direction) {
                    (Revision::At(revision), _) => Some(revision),
                    (Revision::Start, Direction::Forward) => Some(0),
                    // Before the first there is nothing.
                    (Revision::Start, Direction::Backward) => Some(0),
                    (Revision::End, _) => None,
                };
                Reading::stream(serving, stream, direction, revision, count, tell_ends).await
            }
            Some(StreamOption::All(all)) => {
                let head = serving.journal.head().await.map_err(failed)?;
                let positions = serving.positions;
                let (from, told) = match (place(all)?, direction) {
                    (Place::Start, Direction::Forward) => (read::From::Forward(1), 0),
                    (Place::Start, Direction::Backward) => (read::From::Backward(0), 0),
                    (Place::End, Direction::Forward) => (read::From::Forward(head + 1), u64::MAX),
                    (Place::End, Direction::Backward) => (read::From::Backward(head + 1), 0),
                    (Place::At(told), Direction::Forward) => (
                        read::From::Forward(positions.inside_from(told).max(1)),
                        told,
                    ),
                    (Place::At(told), Direction::Backward) => {
                        (read::From::Backward(positions.inside_from(told)), 0)
                    }
                };
                let filter = filter(options.filter_option)?;
                let mut reading = Reading::all(serving, from, told, filter, count);
                if tell_ends {
                    reading.tell_head().await?;
                }
                Ok(reading)
            }
            None => Err(malformed("a read is of a stream, or of all")),
        }
    }

    async fn subscription(&self, options: Options) -> Result<Subscription, Status> {
        let serving = self.serving(&options);
        if let Direction::Backward = direction(&options)? {
            return Err(malformed("a subscription goes forward"));
        }
        let (after, told, filter) = match options.stream_option {
            Some(StreamOption::Stream(stream)) => {
                let (stream, revision) = asked_stream(stream)?;
                let revision = match revision {
                    Revision::Start => 0,
                    Revision::At(revision) => revision.saturating_add(1),
                    Revision::End => {
                        let last = serving.last_revision(&stream).await?;
                        last.map_or(0, |last| last + 1)
                    }
                };
                (After::Stream(stream, revision), 0, None)
            }
            Some(StreamOption::All(all)) => {
                let (position, told) = match place(all)? {
                    Place::Start => (0, 0),
                    Place::At(told) => (serving.positions.inside(told), told),
                    Place::End => {
                        let head = serving.journal.head().await.map_err(failed)?;
                        (head, serving.positions.outside(head))
                    }
                };
                (After::All(position), told, filter(options.filter_option)?)
            }
            None => return Err(malformed("a subscription is to a stream, or to all")),
        };
        let stopping = self.stopping.clone();
        Ok(Subscription::new(serving, after, told, filter, stopping))
    }
}

/// What gives one message after the other, as its client takes them.
trait Source: Send + 'static {
    fn next(&mut self) -> impl Future<Output = Option<Result<Content, Status>>> + Send;
}

impl Source for Reading {
    async fn next(&mut self) -> Option<Result<Content, Status>> {
        Self::next(self).await
    }
}

impl Source for Subscription {
    async fn next(&mut self) -> Option<Result<Content, Status>> {
        Self::next(self).await
    }
}

/// What is being read.
struct Open {
    /// When whoever reads it may no longer, if that is known.
    until: Option<Instant>,
    _place: OwnedSemaphorePermit,
}

impl Open {
    async fn ended(&self) {
        match self.until {
            Some(until) => sleep_until(until).await,
            None => pending().await,
        }
    }
}

fn outgoing(source: impl Source, open: Open) -> Outgoing {
    Box::pin(unfold(Some((source, open)), |state| async {
        let (mut source, open) = state?;
        let next = tokio::select! {
            biased;
            () = open.ended() => {
                let expired = "the token has expired: read on with another one";
                return Some((Err(Status::unauthenticated(expired)), None));
            }
            next = source.next() => next?,
        };
        let response = next.map(|content| ReadResp {
            content: Some(content),
        });
        Some((response, Some((source, open))))
    }))
}

/// A place in a stream.
enum Revision {
    Start,
    At(u64),
    End,
}

/// A place in the whole history, as it is told.
enum Place {
    Start,
    At(u64),
    End,
}

fn asked_stream(options: StreamOptions) -> Result<(StreamName, Revision), Status> {
    use stream_options::RevisionOption;

    let revision = match options.revision_option {
        Some(RevisionOption::Revision(revision)) => Revision::At(revision),
        Some(RevisionOption::Start(_)) => Revision::Start,
        Some(RevisionOption::End(_)) => Revision::End,
        None => return Err(malformed("a read of a stream says from where")),
    };
    let name = stream_name(options.stream_identifier)?;
    Ok((StreamName::stored(name), revision))
}

fn place(options: AllOptions) -> Result<Place, Status> {
    use all_options::AllOption;

    match options.all_option {
        Some(AllOption::Position(position)) => Ok(Place::At(position.commit_position)),
        Some(AllOption::Start(_)) => Ok(Place::Start),
        Some(AllOption::End(_)) => Ok(Place::End),
        None => Err(malformed("a read of all says from where")),
    }
}

fn direction(options: &Options) -> Result<Direction, Status> {
    match ReadDirection::try_from(options.read_direction) {
        Ok(ReadDirection::Forwards) => Ok(Direction::Forward),
        Ok(ReadDirection::Backwards) => Ok(Direction::Backward),
        Err(_) => Err(malformed("a read goes forwards or backwards")),
    }
}

fn filter(option: Option<FilterOption>) -> Result<Option<Filter>, Status> {
    match option {
        Some(FilterOption::Filter(filter)) => Filter::asked(filter).map(Some),
        Some(FilterOption::NoFilter(_)) | None => Ok(None),
    }
}

fn malformed(what: &str) -> Status {
    Status::invalid_argument(what.to_owned())
}
