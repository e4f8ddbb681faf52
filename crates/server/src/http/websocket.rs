//! Operations over a WebSocket, by graphql-transport-ws.
//!
//! A connection is one task. What it sends it sends one after the other, and makes no more answers while the client
//! doesn't take them: so a slow reader costs one message, and is given up like everybody who takes nothing.

mod message;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::ready;
use futures_util::stream::{self, AbortHandle, Abortable, BoxStream, SelectAll, StreamExt};
use futures_util::{SinkExt, Stream};
use plaudit_api::{Allowed, Operation};
use plaudit_domain::Actor;
use poem::http::HeaderValue;
use poem::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use poem::web::websocket::{Message, WebSocket, WebSocketConfig, WebSocketStream};
use poem::{FromRequest, IntoResponse, Request, Response};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{Instrument, Span};
use uuid::Uuid;

use self::message::{Incoming, Outgoing, PROTOCOL};
use super::accept::MediaType;
use super::events::{Stopping, Until};
use super::following::{Next, NotBegun};
use super::graphql::{Admitted, GraphQl, expires};
use super::observe::RequestId;
use super::origins::Origins;
use super::rates::Payer;
use super::rejection::Rejection;
use crate::identity::IdentityError;

/// So long a client may take to close what is closed here.
const FAREWELL: Duration = Duration::from_secs(1);

/// What is read at once: most messages are smaller, and each connection has so much for as long as it is open.
const READ: usize = 4096;

/// The most bytes of what is told of why a connection is closed.
const REASON_MAX: usize = 123;

/// Whether a request wants a WebSocket.
pub(super) fn is_wanted(request: &Request) -> bool {
    let upgrade = request.headers().get(UPGRADE);
    upgrade.is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Gives it one, if it may have it.
pub(super) async fn respond(
    graphql: Arc<GraphQl>,
    origins: &Origins,
    request: &Request,
) -> Response {
    let metrics = graphql.metrics.clone();
    match upgraded(graphql, origins, request).await {
        Ok(response) => response,
        Err(rejection) => {
            metrics.error(rejection.code);
            rejection.into_response(MediaType::Json)
        }
    }
}

async fn upgraded(
    graphql: Arc<GraphQl>,
    origins: &Origins,
    request: &Request,
) -> Result<Response, Rejection> {
    let headers = request.headers();
    // Browsers let every page connect everywhere, and tell where it is from.
    if !origins.may_connect(headers) {
        return Err(Rejection::origin_not_allowed());
    }
    let payer = graphql.budgets.payer(request);
    graphql.budgets.charge(payer, 1)?;
    let socket = WebSocket::from_request_without_body(request).await;
    let socket = socket.map_err(|_| {
        Rejection::bad_request("this is not the handshake of a WebSocket of version 13")
    })?;
    let most = Some(graphql.limits.body_bytes);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ)
        // What is sent leaves at once.
        .write_buffer_size(0)
        .max_message_size(most)
        .max_frame_size(most);
    let protocols = headers.get(SEC_WEBSOCKET_PROTOCOL);
    let protocols = protocols.and_then(|protocols| protocols.to_str().ok());
    let mut protocols = protocols.unwrap_or_default().split(',');
    let is_ours = protocols.any(|protocol| protocol.trim() == PROTOCOL);
    let id: Option<&RequestId> = request.extensions().get();
    let request_id = id.map_or_else(Uuid::now_v7, |id| id.correlation);
    let stopping = request.extensions().get::<Stopping>().cloned();
    let authorization = headers.get(AUTHORIZATION).cloned();
    let span = Span::current();
    let upgraded = socket
        .protocols([PROTOCOL])
        .config(config)
        .on_upgrade(move |socket| {
            let connection = Connection {
                graphql,
                socket,
                request: request_id,
                payer,
                authorization,
                client: None,
                operations: HashMap::new(),
                answers: SelectAll::new(),
            };
            connection.run(is_ours, stopping).instrument(span)
        });
    Ok(upgraded.into_response())
}

/// A connection.
struct Connection {
    graphql: Arc<GraphQl>,
    socket: WebSocketStream,
    /// The id of the request that it began with.
    request: Uuid,
    payer: Payer,
    /// What that request had for a token; what the client says first is more.
    authorization: Option<HeaderValue>,
    /// Who the client is, once it said so.
    client: Option<Client>,
    /// The operations that go on, by what the client calls them.
    operations: HashMap<Arc<str>, AbortHandle>,
    /// What comes of them.
    answers: SelectAll<BoxStream<'static, (Arc<str>, Said)>>,
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy)]
struct Client {
    actor: Option<Actor>,
    /// Until when that is known.
    expires: Option<Instant>,
}

/// What comes of an operation.
enum Said {
    Next(Next),
    Error(Vec<u8>),
    Complete,
}

/// How a connection ends.
#[derive(Debug)]
enum End {
    /// The client closes it, or went.
    Gone,
    /// It is closed here.
    Close { code: u16, reason: String },
}

impl End {
    fn close(code: u16, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::Close { code, reason }
    }

    /// The client says what the protocol doesn't know.
    fn bad(reason: impl Into<String>) -> Self {
        Self::close(4400, reason)
    }

    /// It may be better soon.
    fn try_again(rejection: &Rejection) -> Self {
        Self::close(1013, rejection.message())
    }
}

impl From<IdentityError> for End {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Unauthenticated(why) => Self::close(4403, why.to_string()),
            IdentityError::NoKeys => Self::close(1013, error.to_string()),
        }
    }
}

impl Connection {
    async fn run(mut self, is_ours: bool, stopping: Option<Stopping>) {
        let end = match is_ours {
            true => self.serve(stopping).await,
            false => End::close(
                4406,
                format!("Subprotocol not acceptable: ask for {PROTOCOL}"),
            ),
        };
        // What goes on ends before the farewell.
        self.answers.clear();
        match end {
            End::Gone => tracing::debug!("a WebSocket ended"),
            End::Close { code, reason } => self.close(code, reason).await,
        }
    }

    /// Says why, and waits a moment for the client: what was sent and not taken yet would be lost else.
    async fn close(mut self, code: u16, mut reason: String) {
        tracing::debug!(code, reason, "a WebSocket is closed");
        reason.truncate(reason.floor_char_boundary(REASON_MAX));
        let farewell = async {
            let close = Message::close_with(code, reason);
            if self.socket.send(close).await.is_ok() {
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        // Who doesn't answer is left.
        let _ = timeout(FAREWELL, farewell).await;
    }

    /// Does what the client says, until either ends it.
    async fn serve(&mut self, stopping: Option<Stopping>) -> End {
        let mut until = Until {
            stopping,
            expires: None,
        };
        let limits = self.graphql.subscriptions.limits;
        let mut look = Instant::now() + limits.init_time;
        let mut is_heard = false;
        loop {
            let expires = self.client.and_then(|client| client.expires);
            let done = tokio::select! {
                () = until.stopped() => Err(End::close(1001, "the server stops")),
                () = Until::expired(expires) => Err(End::close(4403, "the token has expired")),
                message = self.socket.next() => {
                    is_heard = true;
                    self.take(message).await
                }
                Some((id, said)) = self.answers.next() => self.tell(&id, said).await,
                () = sleep_until(look) => {
                    look = Instant::now() + limits.ping;
                    self.look_after(std::mem::take(&mut is_heard)).await
                }
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Asks whether the client is there, if it was the last time.
    async fn look_after(&mut self, is_heard: bool) -> Result<(), End> {
        if self.client.is_none() {
            return Err(End::close(4408, "Connection initialisation timeout"));
        }
        match is_heard {
            true => self.send(Message::ping(vec![])).await,
            false => Err(End::Gone),
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        self.socket.send(message).await.map_err(|_| End::Gone)
    }

    async fn say(&mut self, outgoing: Outgoing<'_>) -> Result<(), End> {
        self.send(Message::text(outgoing.write())).await
    }

    /// Does what a message says.
    async fn take(&mut self, message: Option<io::Result<Message>>) -> Result<(), End> {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Binary(_))) => return Err(End::bad("messages are text")),
            // They are answered where they are read.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_))) => return Ok(()),
            // It isn't the network.
            Some(Err(error)) if error.kind() == io::ErrorKind::Other => {
                let most = self.graphql.limits.body_bytes;
                let what = format!("the message can't be read, or has more than {most} bytes");
                return Err(End::bad(what));
            }
            Some(Err(_)) | None => return Err(End::Gone),
        };
        match Incoming::read(&text).map_err(End::bad)? {
            // Most of its time a connection has no need of the memory that this takes.
            Incoming::Init { authorization } => Box::pin(self.init(authorization)).await,
            Incoming::Ping(payload) => {
                let payload = payload.as_deref();
                self.say(Outgoing::Pong { payload }).await
            }
            Incoming::Pong => Ok(()),
            Incoming::Subscribe { id, operation } => {
                match self.subscribe(&id, &operation, text.len())? {
                    Ok(()) => Ok(()),
                    Err(rejection) => {
                        self.graphql.metrics.error(rejection.code);
                        self.refuse(&id, &rejection.body()).await
                    }
                }
            }
            Incoming::Complete { id } => {
                if let Some(operation) = self.operations.remove(&*id) {
                    operation.abort();
                }
                Ok(())
            }
        }
    }

    /// Gets to know who the client is.
    async fn init(&mut self, authorization: Option<String>) -> Result<(), End> {
        if self.client.is_some() {
            return Err(End::close(4429, "Too many initialisation requests"));
        }
        let authorization = match authorization {
            Some(text) => Some(
                HeaderValue::try_from(text)
                    .map_err(|_| End::close(4403, "the token can't be read"))?,
            ),
            None => self.authorization.take(),
        };
        let caller = self.graphql.caller(authorization.as_ref()).await?;
        if let Some(caller) = &caller {
            let logged_in = self.graphql.log_in(caller, self.request).await;
            logged_in.map_err(|error| End::try_again(&Rejection::from(error)))?;
        }
        self.payer.account = caller.as_ref().map(|caller| caller.actor.account);
        self.client = Some(Client {
            expires: caller.as_ref().map(expires),
            actor: caller.map(|caller| caller.actor),
        });
        self.say(Outgoing::ConnectionAck).await
    }

    /// Begins an operation, or says why not.
    fn subscribe(
        &mut self,
        id: &str,
        operation: &RawValue,
        bytes: usize,
    ) -> Result<Result<(), Rejection>, End> {
        let Some(Client { actor, expires }) = self.client else {
            return Err(End::close(4401, "Unauthorized: send connection_init first"));
        };
        if self.operations.contains_key(id) {
            return Err(End::close(
                4409,
                format!("Subscriber for {id} already exists"),
            ));
        }
        let mut operation = Operation::from_json(operation.get().as_bytes())
            .map_err(|error| End::bad(error.to_string()))?;
        let most = self.graphql.subscriptions.limits.connection;
        if self.operations.len() >= most {
            return Ok(Err(Rejection::too_many_operations(most)));
        }
        let budgets = &self.graphql.budgets;
        let paid = budgets.charge(self.payer, 1);
        if let Err(spent) = paid.and_then(|_| budgets.charge_bytes(self.payer, bytes)) {
            return Ok(Err(spent.into()));
        }
        operation.request = Some(Uuid::now_v7());
        let admitted = Admitted {
            operation,
            allowed: Allowed::Everything,
            actor,
            expires,
            payer: self.payer,
        };
        let id: Arc<str> = id.into();
        let answers = answers(self.graphql.clone(), admitted);
        let (handle, registration) = AbortHandle::new_pair();
        let name = id.clone();
        let answers = Abortable::new(answers, registration).map(move |said| (name.clone(), said));
        self.operations.insert(id, handle);
        self.answers.push(answers.boxed());
        Ok(Ok(()))
    }

    /// Passes on what comes of an operation.
    async fn tell(&mut self, id: &str, said: Said) -> Result<(), End> {
        match said {
            Said::Next(Next { answer, .. }) => {
                // Whatever is made here is JSON.
                let payload: &RawValue = serde_json::from_slice(&answer).map_err(|_| End::Gone)?;
                self.say(Outgoing::Next { id, payload }).await
            }
            Said::Error(answer) => {
                self.operations.remove(id);
                self.refuse(id, &answer).await
            }
            Said::Complete => {
                self.operations.remove(id);
                self.say(Outgoing::Complete { id }).await
            }
        }
    }

    /// Says that an operation isn't executed, by the answer that says why.
    async fn refuse(&mut self, id: &str, answer: &[u8]) -> Result<(), End> {
        #[derive(Deserialize)]
        struct Refused<'a> {
            #[serde(borrow)]
            errors: &'a RawValue,
        }
        let Refused { errors } = serde_json::from_slice(answer).map_err(|_| End::Gone)?;
        self.say(Outgoing::Error {
            id,
            payload: errors,
        })
        .await
    }
}

/// What comes of an operation, from its beginning to its end.
fn answers(graphql: Arc<GraphQl>, admitted: Admitted) -> impl Stream<Item = Said> + Send + 'static {
    let correlation = admitted.operation.request;
    let span = tracing::error_span!("operation", correlation = ?correlation);
    // On the heap, so that it takes no memory any more once it has begun.
    let beginning = Box::pin(async move { graphql.begin(admitted).await }.instrument(span.clone()));
    stream::once(beginning).flat_map(move |begun| match begun {
        Ok(begun) => {
            span.in_scope(|| {
                let (operation, name) = (begun.kind, begun.name.as_deref());
                tracing::debug!(target: "plaudit::access", operation, name, "begun");
            });
            let answers = begun.answers.map(Said::Next);
            answers.chain(stream::once(ready(Said::Complete))).boxed()
        }
        Err(not_begun) => {
            let answer = match not_begun {
                NotBegun::Rejected(rejection) => rejection.body(),
                NotBegun::Refused(answer) => answer.body,
            };
            stream::once(ready(Said::Error(answer))).boxed()
        }
    })
}
