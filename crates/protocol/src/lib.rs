//! EventStoreDB's protocol, served from a journal: its clients, in whatever language, read the whole history
//! and follow it.
//!
//! It is for reading. What is personal goes out as the journal keeps it, sealed: a reader learns nothing
//! from it without the keys, and forgetting somebody reaches every copy that a reader made.
#![allow(
    clippy::result_large_err,
    reason = "an error is what tonic answers with"
)]

mod cluster;
mod filter;
mod generated;
mod node;
mod persistent;
mod positions;
mod quick;
mod read;
mod served;
mod streams;
mod subscription;
mod write;

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{Stream, StreamExt};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use plaudit_journal::SharedJournal;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout};
use tonic::Status;
use tonic::body::BoxBody;
use tonic::metadata::MetadataMap;
use tower_service::Service;

pub use self::cluster::{Cluster, Standing};
use self::generated::gossip::gossip_server::GossipServer;
use self::generated::persistent_subscriptions::persistent_subscriptions_server::PersistentSubscriptionsServer;
use self::generated::server_features::server_features_server::ServerFeaturesServer;
use self::generated::streams::streams_server::StreamsServer;
use self::node::Node;
use self::persistent::NoSubscriptions;
pub use self::positions::Positions;
pub use self::quick::Quick;
use self::streams::Streams;
use self::write::Writing;

/// Who may read.
#[async_trait]
pub trait Access: Send + Sync {
    /// Lets somebody read, by their `Authorization` header, or not; for how long, if that has an end.
    ///
    /// # Errors
    /// Why they may not.
    async fn admit(&self, authorization: Option<&[u8]>) -> Result<Option<Duration>, NoAccess>;
}

/// Why somebody may not read. The texts are told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAccess {
    /// It isn't known who they are.
    #[error("{0}")]
    Unauthenticated(String),
    /// It is known who they are, and they may not.
    #[error("{0}")]
    Forbidden(String),
    /// It can't be known for now.
    #[error("{0}")]
    NotNow(String),
}

/// Everybody may read: where whoever can connect may read the journal's file as well.
pub struct Everybody;

#[async_trait]
impl Access for Everybody {
    async fn admit(&self, _: Option<&[u8]>) -> Result<Option<Duration>, NoAccess> {
        Ok(None)
    }
}

/// The protocol, of one journal.
pub struct Protocol(Served);

/// What is served, and to whom.
#[derive(Clone)]
struct Served {
    journal: SharedJournal,
    access: Arc<dyn Access>,
    positions: Positions,
    writing: Option<Writing>,
}

impl Protocol {
    /// Serves a journal to be read by whom access is given.
    pub fn new(journal: SharedJournal, access: Arc<dyn Access>) -> Self {
        Self(Served {
            journal,
            access,
            positions: Positions::Dense,
            writing: None,
        })
    }

    /// Serves a journal as a server of a cluster would, to be read and written by anybody: for trying what
    /// clients make of it, and for nothing else. What is written like that bypasses all rules.
    pub fn imitating(journal: SharedJournal, standing: Standing, positions: Positions) -> Self {
        Self(Served {
            journal,
            access: Arc::new(Everybody),
            positions,
            writing: Some(Writing { standing }),
        })
    }

    /// Serves whoever comes until `stop` does: then subscriptions end, and it waits a while for the rest.
    pub async fn serve<IO>(self, incoming: impl Stream<Item = IO>, stop: impl Future<Output = ()>)
    where
        IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (running, stopping) = watch::channel(());
        let services = Services::new(&self.0, stopping);
        let open = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let http = http();
        let mut stop = pin!(stop);
        let mut incoming = pin!(incoming);
        loop {
            let io = tokio::select! {
                () = &mut stop => break,
                io = incoming.next() => io,
            };
            let Some(io) = io else {
                break;
            };
            let Ok(place) = places.clone().try_acquire_owned() else {
                tracing::warn!("there are {CONNECTIONS} connections already: one more is closed");
                continue;
            };
            let services = services.clone();
            let requests = watch::Sender::new(0);
            let asked = requests.subscribe();
            let service = service_fn(move |request| {
                let answering = Answering::begin(&requests);
                let answer = services.clone().answer(request);
                async move {
                    let answer: Result<_, Infallible> = answer.await;
                    // It is being answered as long as there is some of the answer.
                    answer.map(|it| it.map(|body| answering.until_end_of(body)))
                }
            });
            let connection = open.watch(http.serve_connection(TokioIo::new(io), service));
            tokio::spawn(async move {
                tokio::select! {
                    ended = connection => if let Err(error) = ended {
                        tracing::debug!("a connection broke off: {error}");
                    },
                    () = silence(asked) => tracing::debug!("a connection on which nothing is asked is closed"),
                }
                drop(place);
            });
        }
        // What has no end of its own ends now.
        drop(running);
        if timeout(FAREWELL, open.shutdown()).await.is_err() {
            tracing::warn!("some clients were not answered in {FAREWELL:?}");
        }
    }
}

/// So many connections are open at once.
const CONNECTIONS: usize = 256;

/// So many requests of a connection are answered at once.
const REQUESTS: u32 = 100;

/// So many reads and subscriptions are open at once, of all clients.
const READS: usize = 1_000;

/// Who connected has to ask something within this time.
const FIRST_REQUEST: Duration = Duration::from_secs(10);

/// A connection on which nothing was asked for so long, and nothing is being answered, is closed.
const IDLE: Duration = Duration::from_secs(60);

/// So much of an answer waits for a client that takes none of it. What comes after isn't read yet.
const ANSWER_BYTES: usize = 64 << 10;

/// A client that is gone is noticed after so long.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// How long answers may take after the server was told to stop.
const FAREWELL: Duration = Duration::from_secs(10);

/// Comes when a client has been silent for too long; `asked` is how many requests are being answered.
async fn silence(mut asked: watch::Receiver<usize>) {
    let mut patience = FIRST_REQUEST;
    loop {
        let is_idle = *asked.borrow_and_update() == 0;
        let changed = match is_idle {
            true => timeout(patience, asked.changed()).await,
            false => Ok(asked.changed().await),
        };
        if !matches!(changed, Ok(Ok(()))) {
            return;
        }
        patience = IDLE;
    }
}

/// A request that is being answered.
struct Answering(watch::Sender<usize>);

impl Answering {
    fn begin(requests: &watch::Sender<usize>) -> Self {
        requests.send_modify(|number| *number += 1);
        Self(requests.clone())
    }

    fn until_end_of(self, body: BoxBody) -> BoxBody {
        BoxBody::new(body.map_frame(move |frame| {
            let _ = &self;
            frame
        }))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.send_modify(|number| *number -= 1);
    }
}

fn http() -> http2::Builder<TokioExecutor> {
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .max_concurrent_streams(REQUESTS)
        .max_send_buf_size(ANSWER_BYTES)
        .max_header_list_size(32 << 10)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE);
    http
}

/// The services of a server.
#[derive(Clone)]
struct Services {
    streams: StreamsServer<Streams>,
    features: ServerFeaturesServer<Node>,
    gossip: GossipServer<Node>,
    persistent: PersistentSubscriptionsServer<NoSubscriptions>,
}

impl Services {
    fn new(served: &Served, stopping: watch::Receiver<()>) -> Self {
        let node = Node::new(served.clone());
        Self {
            streams: StreamsServer::new(Streams::new(served.clone(), stopping)),
            features: ServerFeaturesServer::new(node.clone()),
            gossip: GossipServer::new(node),
            persistent: PersistentSubscriptionsServer::new(NoSubscriptions::new(served.clone())),
        }
    }

    async fn answer(
        mut self,
        mut request: http::Request<Incoming>,
    ) -> Result<http::Response<BoxBody>, Infallible> {
        if let Some(authority) = request.uri().authority().cloned() {
            request.extensions_mut().insert(authority);
        }
        let path = request.uri().path();
        let service = path.get(1..).and_then(|path| path.split('/').next());
        match service {
            Some("event_store.client.streams.Streams") => self.streams.call(request).await,
            Some("event_store.client.server_features.ServerFeatures") => {
                self.features.call(request).await
            }
            Some("event_store.client.gossip.Gossip") => self.gossip.call(request).await,
            Some("event_store.client.persistent_subscriptions.PersistentSubscriptions") => {
                self.persistent.call(request).await
            }
            Some(_) | None => {
                let status = Status::unimplemented("this server has no such service");
                Ok(status.into_http())
            }
        }
    }
}

impl Served {
    /// Lets whoever asks read, or not; until when, if that has an end.
    async fn admit(&self, metadata: &MetadataMap) -> Result<Option<Instant>, Status> {
        let authorization = metadata.get("authorization").map(|it| it.as_bytes());
        let admitted = self.access.admit(authorization).await;
        let until = |left: Option<Duration>| left.and_then(|left| Instant::now().checked_add(left));
        admitted.map(until).map_err(|refused| {
            let what = refused.to_string();
            match refused {
                NoAccess::Unauthenticated(_) => Status::unauthenticated(what),
                NoAccess::Forbidden(_) => Status::permission_denied(what),
                NoAccess::NotNow(_) => Status::unavailable(what),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::stream::{self, StreamExt as _};
    use hyper::client::conn::http2 as client;
    use plaudit_journal::keys::Keyring;
    use plaudit_journal::sqlite::SqliteJournal;
    use tokio::io::{AsyncReadExt, DuplexStream, duplex};

    use super::*;

    /// More than any time that is waited.
    const LONG: Duration = Duration::from_secs(3600);

    /// A connection to a server.
    fn connected(folder: &tempfile::TempDir) -> DuplexStream {
        let keys = Arc::new(Keyring::in_memory().unwrap());
        let journal = SqliteJournal::open(&folder.path().join("journal.db"), keys).unwrap();
        let protocol = Protocol::new(Arc::new(journal), Arc::new(Everybody));
        let (ours, theirs) = duplex(1 << 16);
        let incoming = stream::once(async { theirs }).chain(stream::pending());
        tokio::spawn(protocol.serve(incoming, pending()));
        ours
    }

    #[tokio::test(start_paused = true)]
    async fn who_connects_and_says_nothing_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = connected(&folder);
        let mut said = Vec::new();
        let ended = timeout(LONG, connection.read_to_end(&mut said)).await;
        ended.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_shakes_hands_and_asks_nothing_is_not_kept_either() {
        let folder = tempfile::tempdir().unwrap();
        let io = TokioIo::new(connected(&folder));
        let shaken = client::handshake::<_, _, String>(TokioExecutor::new(), io).await;
        let (_asking, connection) = shaken.unwrap();
        // It answers pings.
        assert!(timeout(LONG, connection).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_being_answered_is_waited_for() {
        let requests = watch::Sender::new(0);
        let asked = requests.subscribe();
        let mut silence = tokio::spawn(silence(asked));
        let answering = Answering::begin(&requests);
        assert!(timeout(LONG, &mut silence).await.is_err());
        let body = answering.until_end_of(BoxBody::default());
        assert!(timeout(LONG, &mut silence).await.is_err());
        drop(body);
        assert!(timeout(LONG, &mut silence).await.is_ok());
    }
}
