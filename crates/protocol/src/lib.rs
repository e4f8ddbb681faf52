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
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use plaudit_journal::SharedJournal;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, watch};
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
    /// Lets somebody read, by their `Authorization` header, or not.
    ///
    /// # Errors
    /// Why they may not.
    async fn admit(&self, authorization: Option<&[u8]>) -> Result<(), NoAccess>;
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
    async fn admit(&self, _: Option<&[u8]>) -> Result<(), NoAccess> {
        Ok(())
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
            let service = service_fn(move |request| services.clone().answer(request));
            let connection = open.watch(http.serve_connection(TokioIo::new(io), service));
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!("a connection broke off: {error}");
                }
                drop(place);
            });
        }
        // What has no end of its own ends now.
        drop(running);
        if tokio::time::timeout(FAREWELL, open.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("some clients were not answered in {FAREWELL:?}");
        }
    }
}

/// So many connections are open at once.
const CONNECTIONS: usize = 256;

/// So many requests of a connection are answered at once.
const REQUESTS: u32 = 100;

/// So much of an answer waits for a client that takes none of it. What comes after isn't read yet.
const ANSWER_BYTES: usize = 64 << 10;

/// A client that is gone is noticed after so long.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// How long answers may take after the server was told to stop.
const FAREWELL: Duration = Duration::from_secs(10);

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
    /// Lets whoever asks read, or not.
    async fn admit(&self, metadata: &MetadataMap) -> Result<(), Status> {
        let authorization = metadata.get("authorization").map(|it| it.as_bytes());
        let admitted = self.access.admit(authorization).await;
        admitted.map_err(|refused| {
            let what = refused.to_string();
            match refused {
                NoAccess::Unauthenticated(_) => Status::unauthenticated(what),
                NoAccess::Forbidden(_) => Status::permission_denied(what),
                NoAccess::NotNow(_) => Status::unavailable(what),
            }
        })
    }
}
