//! The API over HTTP, by the GraphQL-over-HTTP specification.
//!
//! - `POST` takes `application/json` only. A page elsewhere can make a browser send a form or plain
//!   text here with no questions asked, but not JSON.
//! - `GET` only reads.
//! - Who accepts `text/event-stream` and neither of our types gets [events].
//! - What can't be taken as a GraphQL request has a status of its own in either media type; a
//!   GraphQL request that can't be executed has 400 as `application/graphql-response+json`, and 200
//!   as `application/json`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, BoxStream, StreamExt};
use plaudit_api::{Allowed, Answer, Api, Followed, Kind, MalformedRequest, Operation, Outcome};
use plaudit_domain::Actor;
use plaudit_replay::CommandError;
use poem::error::ReadBodyError;
use poem::http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE,
    RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use poem::{Body, Endpoint, Request, Response};
use serde::Deserialize;
use tokio::time::timeout;
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::Shared;
use super::accept::{MediaType, wants_events};
use super::events::{self, Next, Stopping};
use super::observe::{Operated, RequestId};
use super::opening::ComeAgain;
use crate::identity::{Caller, Identity, IdentityError, LogIns, Unauthenticated};
use crate::metrics::{LogIn, Metrics, Subscribed, kind};

/// What a request may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most bytes of a body.
    pub body_bytes: usize,
    /// How long a body may take to arrive.
    pub body_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            body_time: Duration::from_secs(30),
        }
    }
}

/// What who wants events, and gets none, is answered as.
const REFUSED_EVENTS: MediaType = MediaType::GraphQlResponse;

/// The endpoint, which says when to come again until it is open.
pub(super) struct Opening(pub(super) Arc<Shared>);

impl Endpoint for Opening {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        if let Some(open) = self.0.open.get() {
            return open.graphql.call(request).await;
        }
        let media_type = match wants_events(request.headers()) {
            true => REFUSED_EVENTS,
            false => MediaType::asked_for(request.headers()).unwrap_or(MediaType::Json),
        };
        let come_again = ComeAgain::from(&self.0.health.look().await);
        let rejection = Rejection::not_open(&come_again);
        self.0.metrics.error(rejection.code);
        Ok(rejection.into_response(media_type))
    }
}

/// The endpoint.
pub(super) struct GraphQl {
    pub(super) api: Arc<Api>,
    pub(super) identity: Identity,
    pub(super) log_ins: LogIns,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
}

impl Endpoint for GraphQl {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        if wants_events(request.headers()) {
            return Ok(self.stream(&mut request).await);
        }
        let Some(media_type) = MediaType::asked_for(request.headers()) else {
            let rejection = Rejection::not_acceptable();
            self.metrics.error(rejection.code);
            return Ok(rejection.into_response(MediaType::Json));
        };
        let reading = request.method() == Method::GET;
        let mut response = match self.answer(&mut request).await {
            Ok(answer) => respond(answer, media_type),
            Err(rejection) => {
                self.metrics.error(rejection.code);
                rejection.into_response(media_type)
            }
        };
        if reading {
            // It depends on who asks, and on what everybody else did just now.
            let headers = response.headers_mut();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            headers.insert(VARY, HeaderValue::from_static("accept, authorization"));
        }
        Ok(response)
    }
}

impl GraphQl {
    async fn answer(&self, request: &mut Request) -> Result<Answer, Rejection> {
        let (operation, allowed, actor) = self.admit(request).await?;
        let began = Instant::now();
        let answer = self.api.execute(operation, actor, allowed).await;
        self.metrics.operated(&answer, began.elapsed());
        Ok(answer)
    }

    /// Answers that come one after the other, for as long as the client takes them.
    async fn stream(&self, request: &mut Request) -> Response {
        let stopping = request.extensions().get::<Stopping>().cloned();
        let admitted = self.admit(request).await;
        let admitted = admitted.and_then(|(operation, allowed, actor)| match allowed {
            Allowed::QueriesAndMutations | Allowed::Everything => Ok((operation, actor)),
            // The other mode of the protocol, with a reservation, isn't served.
            Allowed::Queries => Err(Rejection::method_not_allowed()),
        });
        let (mut operation, actor) = match admitted {
            Ok(admitted) => admitted,
            Err(rejection) => {
                self.metrics.error(rejection.code);
                return rejection.into_response(REFUSED_EVENTS);
            }
        };
        operation.last_answer = last_event(request.headers());
        let began = Instant::now();
        match self.api.follow(operation, actor).await {
            Ok(followed) => {
                let operated = Operated {
                    kind: kind(Some(followed.kind)),
                    name: followed.name.clone(),
                };
                let mut response = events::respond(self.counted(followed, began), stopping);
                response.extensions_mut().insert(operated);
                response
            }
            Err(refused) => {
                self.metrics.operated(&refused, began.elapsed());
                respond(refused, REFUSED_EVENTS)
            }
        }
    }

    /// The answers of an operation that began then, counted as they come, and made as part of this request:
    /// what is logged meanwhile has its id, though it is answered by then.
    fn counted(&self, followed: Followed, began: Instant) -> BoxStream<'static, Next> {
        let metrics = self.metrics.clone();
        let subscribed = match followed.kind {
            Kind::Subscription => Some(Subscribed::begin(metrics.clone())),
            Kind::Query | Kind::Mutation => None,
        };
        let request = Span::current();
        let following = (followed.answers, subscribed);
        let bodies = stream::unfold(following, move |(mut answers, mut subscribed)| {
            let (metrics, request) = (metrics.clone(), request.clone());
            async move {
                let answer = answers.next().instrument(request).await?;
                match &mut subscribed {
                    Some(subscribed) => subscribed.answered(&answer),
                    None => metrics.operated(&answer, began.elapsed()),
                }
                let next = Next {
                    id: answer.id,
                    answer: answer.body,
                };
                Some((next, (answers, subscribed)))
            }
        });
        bodies.boxed()
    }

    /// What a request asks for, what it may do, and as whom.
    async fn admit(
        &self,
        request: &mut Request,
    ) -> Result<(Operation, Allowed, Option<Actor>), Rejection> {
        let id: Option<&RequestId> = request.extensions().get();
        let id = id.map_or_else(Uuid::now_v7, |id| id.correlation);
        let caller = self.caller(request).await?;
        let (mut operation, allowed) = match *request.method() {
            Method::POST => (self.posted(request).await?, Allowed::QueriesAndMutations),
            Method::GET => (in_url(request)?, Allowed::Queries),
            _ => return Err(Rejection::method_not_allowed()),
        };
        if let Some(caller) = &caller {
            self.log_in(caller, id).await?;
        }
        operation.request = Some(id);
        Ok((operation, allowed, caller.map(|caller| caller.actor)))
    }

    /// Who makes a request.
    async fn caller(&self, request: &Request) -> Result<Option<Caller>, IdentityError> {
        let authorization = request.headers().get(AUTHORIZATION).cloned();
        let authorization = authorization.as_ref().map(HeaderValue::as_bytes);
        let caller = self.identity.caller(authorization).await;
        if let Err(error) = &caller {
            self.metrics.logged_in(match error {
                IdentityError::Unauthenticated(_) => LogIn::Refused,
                IdentityError::NoKeys => LogIn::Unverified,
            });
        }
        caller
    }

    async fn log_in(&self, caller: &Caller, request: Uuid) -> Result<(), CommandError> {
        let recorded = self.log_ins.log_in(caller, request).await;
        self.metrics.logged_in(match recorded {
            Ok(true) => LogIn::Recorded,
            Ok(false) => LogIn::Known,
            Err(_) => LogIn::Failed,
        });
        recorded.map(drop)
    }

    async fn posted(&self, request: &mut Request) -> Result<Operation, Rejection> {
        let Limits {
            body_bytes,
            body_time,
        } = self.limits;
        if !is_json(request.headers()) {
            return Err(Rejection::unsupported_media_type());
        }
        let length = request
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let body = request.take_body();
        let body = match length {
            Some(length) if length > body_bytes as u64 => Err(ReadBodyError::PayloadTooLarge),
            // The server reads no more than was announced, so nothing needs to be counted.
            Some(_) => in_time(body_time, body.into_bytes()).await?,
            None => in_time(body_time, body.into_bytes_limit(body_bytes)).await?,
        };
        let body = body.map_err(|error| match error {
            ReadBodyError::PayloadTooLarge => Rejection::too_large(body_bytes),
            ReadBodyError::BodyHasBeenTaken | ReadBodyError::Utf8(_) | ReadBodyError::Io(_) => {
                Rejection::bad_request("the body ended too early")
            }
        })?;
        Ok(Operation::from_json(&body)?)
    }
}

async fn in_time<T>(limit: Duration, body: impl Future<Output = T>) -> Result<T, Rejection> {
    timeout(limit, body)
        .await
        .map_err(|_| Rejection::too_slow(limit))
}

/// The id of the last event that a client got before its connection broke.
fn last_event(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("last-event-id")?.to_str().ok()?;
    Some(id.to_owned()).filter(|id| !id.is_empty())
}

/// Whether a body says that it is JSON in UTF-8, and nothing else.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(content_type)) = headers.get(CONTENT_TYPE).map(HeaderValue::to_str) else {
        return false;
    };
    let (name, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let mut parameters = parameters
        .split(';')
        .filter_map(|parameter| parameter.split_once('='));
    name.trim().eq_ignore_ascii_case("application/json")
        && parameters.all(|(name, value)| {
            !name.trim().eq_ignore_ascii_case("charset")
                || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
        && headers
            .get(CONTENT_ENCODING)
            .is_none_or(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// The parameters of a GET request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

fn in_url(request: &Request) -> Result<Operation, Rejection> {
    let parameters: Parameters = request
        .params()
        .map_err(|error| Rejection::bad_request(&error.to_string()))?;
    Ok(Operation::from_parameters(
        parameters.query,
        parameters.operation_name,
        parameters.variables.as_deref(),
        parameters.extensions.as_deref(),
    )?)
}

fn respond(answer: Answer, media_type: MediaType) -> Response {
    let status = match (answer.outcome, media_type) {
        (Outcome::Executed, _) | (Outcome::Refused, MediaType::Json) => StatusCode::OK,
        (Outcome::Refused, MediaType::GraphQlResponse) => StatusCode::BAD_REQUEST,
        (Outcome::NotAllowed, _) => StatusCode::METHOD_NOT_ALLOWED,
    };
    let mut response = response(status, media_type, Body::from_vec(answer.body));
    response.extensions_mut().insert(Operated {
        kind: kind(answer.kind),
        name: answer.name,
    });
    if answer.outcome == Outcome::NotAllowed {
        let headers = response.headers_mut();
        headers.insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

fn response(status: StatusCode, media_type: MediaType, body: Body) -> Response {
    let mut response = Response::default();
    response.set_status(status);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, media_type.content_type());
    response.set_body(body);
    response
}

/// A request that isn't taken as one for the API.
struct Rejection {
    status: StatusCode,
    code: &'static str,
    message: String,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Rejection {
    fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message.to_owned())
    }

    fn unauthenticated(why: Unauthenticated) -> Self {
        let mut rejection = Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", why.to_string());
        let challenge =
            format!(r#"Bearer realm="plaudit", error="invalid_token", error_description="{why}""#);
        rejection.header = HeaderValue::try_from(challenge)
            .ok()
            .map(|challenge| (WWW_AUTHENTICATE, challenge));
        rejection
    }

    /// It is our fault, or somebody else's than the client's, and may be over soon.
    fn unavailable(message: &str) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, "UNAVAILABLE", message.to_owned())
    }

    fn not_open(come_again: &ComeAgain) -> Self {
        let mut rejection = Self::unavailable(&come_again.message);
        rejection.header = Some((RETRY_AFTER, come_again.seconds.into()));
        rejection
    }

    fn method_not_allowed() -> Self {
        let message = "send operations by POST, or queries by GET".to_owned();
        let mut rejection = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            message,
        );
        rejection.header = Some((ALLOW, HeaderValue::from_static("GET, POST")));
        rejection
    }

    fn not_acceptable() -> Self {
        let message = "accept application/graphql-response+json or application/json".to_owned();
        Self::new(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", message)
    }

    fn unsupported_media_type() -> Self {
        let message = "send the operation as application/json in UTF-8, uncompressed".to_owned();
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            message,
        )
    }

    fn too_large(limit: usize) -> Self {
        let message = format!("the body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", message)
    }

    fn too_slow(limit: Duration) -> Self {
        let message = format!("the body took longer than {} seconds", limit.as_secs());
        Self::new(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", message)
    }

    fn new(status: StatusCode, code: &'static str, message: String) -> Self {
        Self {
            status,
            code,
            message,
            header: None,
        }
    }

    /// In the shape of a GraphQL response, as clients read errors from there.
    fn into_response(self, media_type: MediaType) -> Response {
        let body = serde_json::json!({
            "errors": [{ "message": self.message, "extensions": { "code": self.code } }],
        });
        let mut response = response(self.status, media_type, Body::from_string(body.to_string()));
        response.headers_mut().extend(self.header);
        response
    }
}

impl From<IdentityError> for Rejection {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Unauthenticated(why) => Self::unauthenticated(why),
            IdentityError::NoKeys => Self::unavailable(&error.to_string()),
        }
    }
}

/// Somebody couldn't log in.
impl From<CommandError> for Rejection {
    fn from(error: CommandError) -> Self {
        // What exactly is wrong with our journal is no business of clients.
        tracing::error!("an account could not be registered or changed: {error}");
        Self::unavailable("your account could not be registered for now: try again soon")
    }
}

impl From<MalformedRequest> for Rejection {
    fn from(malformed: MalformedRequest) -> Self {
        Self::bad_request(&malformed.to_string())
    }
}
