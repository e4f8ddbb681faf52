//! The server, by its client.
//!
//! What that client can't do is done here: it never connects again once it failed to, and doesn't look for a
//! new leader when the old one is gone. So whatever fails other than by an answer gets a new client, and is
//! tried again, for a bounded time. Where a server ends a subscription well, that client asks for its next
//! event for ever, and lets nobody else on its thread: so nothing is subscribed to here, but read.
//!
//! Its connections end with the runtime on which they were made, and long work runs on others, which end with
//! it: so whatever is asked is asked on the first one.

use std::sync::Arc;
use std::time::Duration;

use super::catalogue::{Place, ToCount};
use super::connection_string::ConnectionString;
use super::dialect::{
    Client, ClientSettings, CurrentRevision, Error, EventData, Position, ReadAllOptions,
    ReadStreamOptions, RecordedEvent, Result as Answered, StreamPosition, expecting, stream_of,
};
use crate::metadata::Metadata;
use parking_lot::Mutex;
use plaudit_domain::{StreamName, Time};
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

/// How long something is tried again, before it is given up, where nobody says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long an answer, or the next part of one, may take: a third of the patience, so that another server of
/// the cluster is asked where one hangs.
const ANSWER: Duration = Duration::from_secs(3);

/// How long to wait before the first try again. Then it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// and no longer than this.
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// A server, or a cluster of them.
pub struct Server {
    address: Arc<ConnectionString>,
    patience: Duration,
    /// Where its connections live.
    home: Handle,
    client: Mutex<Option<(u64, Client)>>,
}

/// An event as the server has it.
#[derive(Debug, Clone)]
pub struct Raw {
    pub place: Place,
    pub id: Uuid,
    pub stream: StreamName,
    pub revision: u64,
    pub name: String,
    pub created: Time,
    pub metadata: Vec<u8>,
    pub body: Vec<u8>,
}

/// An event to append.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub id: Uuid,
    pub name: &'static str,
    pub metadata: Vec<u8>,
    pub body: String,
}

/// What the stream of an append has to be like.
#[derive(Debug, Clone, Copy)]
pub enum After {
    Nothing,
    Revision(u64),
}

/// What came of an append.
pub enum Answer {
    /// It is recorded: its last event is here. It may have been recorded at an earlier try, whose
    /// answer was lost.
    Recorded { place: Place },
    /// The stream isn't as expected. Where it was tried more than once, it may be so by an earlier try.
    Conflict { actual: Option<u64>, tries: u32 },
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// What is to be sent can't be written, or there can't be a client.
    #[error("{0}")]
    Impossible(String),
    /// It couldn't be reached for so long.
    #[error(
        "it can't be reached, and was tried for {:.1} s ({last}): is an EventStoreDB or KurrentDB there, and does \
         tls=true or tls=false in the connection string fit it?",
        tried.as_secs_f64()
    )]
    Unreachable {
        /// For so long.
        tried: Duration,
        /// What came of the last try.
        last: String,
    },
    /// It refuses.
    #[error("it refuses: {0}")]
    Refused(String),
}

/// What to do about something that failed.
enum Next {
    TryAgain(String),
    GiveUp(ServerError),
}

impl Server {
    /// A server by its connection string. Nothing is asked of it yet.
    pub fn new(address: ConnectionString, patience: Duration) -> Self {
        Self {
            address: Arc::new(address),
            patience,
            home: Handle::current(),
            client: Mutex::default(),
        }
    }

    /// What to call it in messages.
    pub fn name(&self) -> &str {
        self.address.name()
    }

    /// Appends to a stream, all or none. Trying again with the same ids records nothing twice.
    pub async fn append(
        &self,
        stream: &StreamName,
        after: After,
        events: &[Outgoing],
    ) -> Result<Answer, ServerError> {
        let mut trying = Trying::new(self);
        loop {
            let data: serde_json::Result<Vec<EventData>> = events.iter().map(event_data).collect();
            let data = data.map_err(|error| ServerError::Impossible(error.to_string()))?;
            let (number, client) = self.client()?;
            let name = self.stream(stream);
            let appending = self.at_home(append_once(client, name, after, data));
            let error = match appending.await {
                Ok(Appending::Recorded(place)) => return Ok(Answer::Recorded { place }),
                Ok(Appending::Conflict(actual)) => {
                    let tries = trying.tries;
                    return Ok(Answer::Conflict { actual, tries });
                }
                Err(error) => error,
            };
            trying.again(number, error).await?;
        }
    }

    /// Gives all events from a place on, in order, to `each`, until it wants no more, or there is none.
    /// System events are left out. So many are asked for at once.
    pub async fn read_all(
        &self,
        from: Option<Place>,
        page: usize,
        each: &mut (dyn FnMut(Raw) -> bool + Send),
    ) -> Result<(), ServerError> {
        // The one that a page begins with may have been given already.
        let size = page.saturating_add(1);
        let mut given = None;
        let mut trying = Trying::new(self);
        loop {
            let (number, client) = self.client()?;
            let address = self.address.clone();
            let reading = self.at_home(read_page(client, address, given.or(from), size));
            match reading.await {
                Ok(read) => {
                    for raw in read.events {
                        if Some(raw.place) > given && !each(raw) {
                            return Ok(());
                        }
                    }
                    if read.count < size {
                        return Ok(());
                    }
                    given = read.last;
                    trying = Trying::new(self);
                }
                Err(error) => trying.again(number, error).await?,
            }
        }
    }

    /// The events of a stream from a revision on, at most so many.
    pub async fn read_stream(
        &self,
        stream: &StreamName,
        revision: u64,
        limit: usize,
    ) -> Result<Vec<Raw>, ServerError> {
        let mut trying = Trying::new(self);
        loop {
            let (number, client) = self.client()?;
            let (address, name) = (self.address.clone(), self.stream(stream));
            let reading = self.at_home(read_stream_once(client, address, name, revision, limit));
            let error = match reading.await {
                Ok(events) => return Ok(events),
                Err(error) => error,
            };
            trying.again(number, error).await?;
        }
    }

    /// Asks something where connections live, as long as somebody waits for it.
    async fn at_home<T: Send + 'static>(
        &self,
        asking: impl Future<Output = Result<T, Next>> + Send + 'static,
    ) -> Result<T, Next> {
        let mut waiting = Waiting(self.home.spawn(asking));
        match (&mut waiting.0).await {
            Ok(answer) => answer,
            // It panicked, or the runtime ends, and so does whoever waits.
            Err(error) => Err(Next::TryAgain(error.to_string())),
        }
    }

    /// What the server knows a stream as.
    fn stream(&self, stream: &StreamName) -> String {
        format!("{}{stream}", self.address.prefix)
    }

    /// Lets a client go that something failed with, unless it went already.
    fn let_go(&self, number: u64) {
        let mut client = self.client.lock();
        if client.as_ref().is_some_and(|(own, _)| *own == number) {
            *client = None;
        }
    }

    /// The client, a new one if there is none.
    fn client(&self) -> Result<(u64, Client), ServerError> {
        let mut kept = self.client.lock();
        if let Some((number, client)) = kept.as_ref() {
            return Ok((*number, client.clone()));
        }
        let settings = ClientSettings::clone(&self.address.settings);
        let client = Client::with_runtime_handle(self.home.clone(), settings);
        let client = client.map_err(|error| ServerError::Impossible(error.to_string()))?;
        let number = Uuid::new_v4().as_u64_pair().0;
        *kept = Some((number, client.clone()));
        Ok((number, client))
    }
}

/// What is asked, until nobody waits for its answer any more.
struct Waiting<T>(JoinHandle<T>);

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a server answered to an append.
enum Appending {
    Recorded(Place),
    Conflict(Option<u64>),
}

async fn append_once(
    client: Client,
    stream: String,
    after: After,
    events: Vec<EventData>,
) -> Result<Appending, Next> {
    let options = expecting(after);
    let appended = client.append_to_stream(stream, &options, events);
    match timeout(ANSWER, appended).await {
        Ok(Ok(result)) => Ok(Appending::Recorded(result.position.commit)),
        Ok(Err(Error::WrongExpectedVersion { current, .. })) => {
            Ok(Appending::Conflict(match current {
                CurrentRevision::Current(revision) => Some(revision),
                CurrentRevision::NoStream => None,
            }))
        }
        Ok(Err(error)) => Err(next(error)),
        Err(_) => Err(no_answer()),
    }
}

/// Events that were read at once.
struct Page {
    /// Ours.
    events: Vec<Raw>,
    /// How many came, with those that aren't ours.
    count: usize,
    /// The place of the last of all of them.
    last: Option<Place>,
}

async fn read_page(
    client: Client,
    address: Arc<ConnectionString>,
    from: Option<Place>,
    size: usize,
) -> Result<Page, Next> {
    let position = match from {
        Some(place) => StreamPosition::Position(position(place)),
        None => StreamPosition::Start,
    };
    let options = ReadAllOptions::default()
        .position(position)
        .forwards()
        .max_count(size);
    let mut read = in_time(client.read_all(&options)).await?;
    let mut page = Page {
        events: Vec::new(),
        count: 0,
        last: from,
    };
    while let Some(event) = in_time(read.next()).await? {
        let event = event.get_original_event();
        page.count += 1;
        page.last = Some(event.position.commit);
        page.events.extend(raw(event, &address.prefix));
    }
    Ok(page)
}

async fn read_stream_once(
    client: Client,
    address: Arc<ConnectionString>,
    stream: String,
    revision: u64,
    limit: usize,
) -> Result<Vec<Raw>, Next> {
    let options = ReadStreamOptions::default()
        .position(StreamPosition::Position(revision))
        .forwards()
        .max_count(limit.min(usize::MAX >> 1));
    let mut read = match timeout(ANSWER, client.read_stream(stream, &options)).await {
        Ok(Err(Error::ResourceNotFound)) => return Ok(Vec::new()),
        Ok(read) => read.map_err(next)?,
        Err(_) => return Err(no_answer()),
    };
    let mut events = Vec::new();
    loop {
        match timeout(ANSWER, read.next()).await {
            Ok(Ok(Some(event))) => {
                events.extend(raw(event.get_original_event(), &address.prefix));
            }
            Ok(Ok(None)) | Ok(Err(Error::ResourceNotFound)) => return Ok(events),
            Ok(Err(error)) => return Err(next(error)),
            Err(_) => return Err(no_answer()),
        }
    }
}

/// An event, unless it is one of the server's own, or of somebody else's.
fn raw(event: &RecordedEvent, prefix: &str) -> Option<Raw> {
    if event.event_type.starts_with('$') {
        return None;
    }
    let stream = stream_of(event).strip_prefix(prefix)?;
    Some(Raw {
        place: event.position.commit,
        id: event.id,
        stream: StreamName::stored(stream.to_owned()),
        revision: event.revision,
        name: event.event_type.clone(),
        created: Time::from_micros(event.created.timestamp_micros()),
        metadata: event.custom_metadata.to_vec(),
        body: event.data.to_vec(),
    })
}

/// Tries again, with pauses, for a bounded time.
struct Trying<'a> {
    server: &'a Server,
    began: Instant,
    pause: Duration,
    tries: u32,
}

impl<'a> Trying<'a> {
    fn new(server: &'a Server) -> Self {
        Self {
            server,
            began: Instant::now(),
            pause: FIRST_PAUSE,
            tries: 1,
        }
    }

    /// Waits before the next try, if there is to be one.
    async fn again(&mut self, client: u64, next: Next) -> Result<(), ServerError> {
        // Also after a refusal: the next one may be of another server.
        self.server.let_go(client);
        let last = match next {
            Next::GiveUp(error) => return Err(error),
            Next::TryAgain(last) => last,
        };
        let tried = self.began.elapsed();
        if tried + self.pause > self.server.patience {
            return Err(ServerError::Unreachable { tried, last });
        }
        tracing::debug!(journal = self.server.name(), "tried again: {last}");
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LAST_PAUSE);
        self.tries += 1;
        Ok(())
    }
}

async fn in_time<T>(answer: impl Future<Output = Answered<T>>) -> Result<T, Next> {
    match timeout(ANSWER, answer).await {
        Ok(answer) => answer.map_err(next),
        Err(_) => Err(no_answer()),
    }
}

fn no_answer() -> Next {
    Next::TryAgain(format!("no answer came in {ANSWER:?}"))
}

// The enum is the client's: what it may say in the future is tried again.
#[expect(clippy::wildcard_enum_match_arm)]
fn next(error: Error) -> Next {
    let refused = |what: &str| Next::GiveUp(ServerError::Refused(what.to_owned()));
    match error {
        Error::AccessDenied => refused(
            "access is denied: name a user who may in the connection string, or it is served to be read only",
        ),
        Error::ResourceDeleted => refused("a stream was deleted there by other means"),
        Error::UnsupportedFeature => refused("it doesn't do what is asked of it"),
        Error::Grpc { code, message } if i32::from(code) == INVALID_ARGUMENT => refused(&message),
        // What it says more is what its connections are made of.
        Error::GrpcConnectionError(_) => Next::TryAgain("no connection can be made".to_owned()),
        error => Next::TryAgain(error.to_string()),
    }
}

/// Of gRPC's codes, the one for what is malformed whenever it is tried.
const INVALID_ARGUMENT: i32 = 3;

fn event_data(event: &Outgoing) -> serde_json::Result<EventData> {
    let body: &RawValue = serde_json::from_str(&event.body)?;
    let data = EventData::json(event.name, &body)?;
    Ok(data.id(event.id).metadata(event.metadata.clone().into()))
}

fn position(place: Place) -> Position {
    Position {
        commit: place,
        prepare: place,
    }
}

impl Raw {
    /// When it was recorded: where it was copied, as it says itself. The client cuts off what is more than whole
    /// seconds: so what happened in that second was recorded then.
    pub fn recorded_at(&self) -> Time {
        let Ok(metadata) = Metadata::decode(&self.metadata) else {
            return self.created;
        };
        let since = metadata.occurred_at.as_micros() - self.created.as_micros();
        match metadata.recorded_at {
            Some(recorded_at) => recorded_at,
            None if (0..1_000_000).contains(&since) => metadata.occurred_at,
            None => self.created,
        }
    }

    /// What is counted of it.
    pub fn to_count(&self) -> ToCount {
        ToCount {
            place: self.place,
            id: self.id,
            stream: self.stream.clone(),
            revision: self.revision,
            name: self.name.clone(),
            recorded_at: self.recorded_at(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waiting_does_not_mend_is_given_up() {
        for error in [
            Error::AccessDenied,
            Error::ResourceDeleted,
            Error::UnsupportedFeature,
            Error::Grpc {
                code: INVALID_ARGUMENT.into(),
                message: String::new(),
            },
        ] {
            assert!(matches!(next(error), Next::GiveUp(ServerError::Refused(_))));
        }
        for error in [Error::ConnectionClosed, Error::ServerError(String::new())] {
            assert!(matches!(next(error), Next::TryAgain(_)));
        }
    }
}
