//! The API over HTTP, by the GraphQL-over-HTTP specification.
//!
//! - `POST` takes `application/json` only. A page elsewhere can make a browser send a form or plain
//!   text here with no questions asked, but not JSON.
//! - `GET` only reads.
//! - Who accepts `text/event-stream` and neither of our types gets [events]; who wants a WebSocket gets
//!   [one](super::websocket).
//! - What can't be taken as a GraphQL request has a status of its own in either media type; a
//!   GraphQL request that can't be executed has 400 as `application/graphql-response+json`, and 200
//!   as `application/json`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::ready;
use futures_util::stream;
use plaudit_api::{Allowed, Answer, Api, Operation, Outcome, Prepared};
use plaudit_domain::Actor;
use plaudit_replay::{CommandError, Community};
use poem::error::ReadBodyError;
use poem::http::header::{
    ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ORIGIN,
    VARY,
};
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode};
use poem::{Body, Endpoint, Request, Response};
use serde::Deserialize;
use tokio::time::timeout;
use uuid::Uuid;

use super::Shared;
use super::accept::{MediaType, wants_events};
use super::events::{self, Stopping, Until};
use super::following::{Begun, Next, NotBegun};
use super::observe::{Operated, RequestId};
use super::opening::ComeAgain;
use super::rates::{Budgets, Payer, Rates};
use super::rejection::Rejection;
use super::subscriptions::{SubscriptionLimits, Subscriptions};
use super::websocket;
use crate::identity::{Caller, Identity, IdentityError, LogIns};
use crate::metrics::{LogIn, Metrics, kind};

/// What a request may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most bytes of a body.
    pub body_bytes: usize,
    /// How long a body may take to arrive.
    pub body_time: Duration,
    /// How long an operation may take. One that is followed may go on.
    pub request_time: Duration,
}

/// How the API is served.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What a request may take.
    pub limits: Limits,
    /// What whoever asks may spend.
    pub rates: Rates,
    /// How much may be followed at once.
    pub subscriptions: SubscriptionLimits,
    /// Whether statuses are those of the newer draft of GraphQL over HTTP, where they are asked for by its media
    /// type: 422 for what can't be executed, 294 for what was executed in part.
    pub newer_statuses: bool,
}

impl From<Limits> for Settings {
    fn from(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1024 * 1024,
            body_time: Duration::from_secs(30),
            request_time: Duration::from_secs(30),
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
        let origins = &self.0.origins;
        if let Some(response) = origins.preflight(&request) {
            return Ok(response);
        }
        let origin = request.headers().get(ORIGIN).cloned();
        let mut response = match self.0.open.get() {
            Some(open) if websocket::is_wanted(&request) => {
                websocket::respond(open.graphql.clone(), origins, &request).await
            }
            Some(open) => open.graphql.call(request).await?,
            None => self.not_open(&request).await,
        };
        origins.allow(origin.as_ref(), response.headers_mut());
        Ok(response)
    }
}

impl Opening {
    async fn not_open(&self, request: &Request) -> Response {
        let media_type = match wants_events(request.headers()) {
            true => REFUSED_EVENTS,
            false => MediaType::asked_for(request.headers()).unwrap_or(MediaType::Json),
        };
        let come_again = ComeAgain::from(&self.0.health.look().await);
        let rejection = Rejection::not_open(&come_again);
        self.0.metrics.error(rejection.code);
        rejection.into_response(media_type)
    }
}

/// The endpoint.
pub(super) struct GraphQl {
    pub(super) api: Arc<Api>,
    pub(super) community: Arc<Community>,
    pub(super) identity: Arc<Identity>,
    pub(super) log_ins: LogIns,
    pub(super) limits: Limits,
    pub(super) budgets: Budgets,
    pub(super) subscriptions: Arc<Subscriptions>,
    pub(super) newer_statuses: bool,
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
            Ok(answer) => self.respond(answer, media_type),
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
        let admitted = self.admit(request).await?;
        let began = Instant::now();
        let answer = match self.prepare(admitted).await? {
            Ok((prepared, actor)) => {
                let time = self.limits.request_time;
                let running = async {
                    self.community.abreast().await;
                    self.api.run(prepared, actor).await
                };
                let running = timeout(time, running).await;
                running.map_err(|_| Rejection::timed_out(time))?
            }
            Err(refused) => refused,
        };
        self.metrics.operated(&answer, began.elapsed());
        Ok(answer)
    }

    /// An operation that can be executed, and is paid for, and as whom; else why it can't.
    pub(super) async fn prepare(
        &self,
        admitted: Admitted,
    ) -> Result<Result<(Prepared, Option<Actor>), Answer>, Rejection> {
        let Admitted {
            operation,
            allowed,
            actor,
            payer,
            expires: _,
        } = admitted;
        let bytes = operation.bytes();
        let prepared = match self.api.prepare(operation, allowed).await {
            Ok(prepared) => prepared,
            Err(refused) => {
                // It costs nothing else, and what is wrong with it took looking.
                self.budgets.charge_refused(payer, bytes)?;
                return Ok(Err(refused));
            }
        };
        let left = self.budgets.charge(payer, prepared.cost())?;
        let prepared = match left {
            Some(left) => prepared.leaving(left),
            None => prepared,
        };
        Ok(Ok((prepared, actor)))
    }

    /// Answers that come one after the other, for as long as the client takes them.
    async fn stream(&self, request: &mut Request) -> Response {
        let stopping = request.extensions().get::<Stopping>().cloned();
        let admitted = match self.to_follow(request).await {
            Ok(admitted) => admitted,
            Err(rejection) => {
                self.metrics.error(rejection.code);
                return rejection.into_response(REFUSED_EVENTS);
            }
        };
        let expires = admitted.expires;
        let (operated, answers) = match self.begin(admitted).await {
            Ok(Begun {
                kind,
                name,
                answers,
            }) => (Operated { kind, name }, answers),
            // The protocol has what is found before it begins come as everything else does.
            Err(NotBegun::Refused(mut refused)) => {
                let operated = Operated {
                    kind: kind(refused.kind),
                    name: refused.name.take(),
                };
                let told = stream::once(ready(Next::from(refused)));
                (operated, told.boxed())
            }
            Err(NotBegun::Rejected(rejection)) => return rejection.into_response(REFUSED_EVENTS),
        };
        let mut response = events::respond(answers, Until { stopping, expires });
        response.extensions_mut().insert(operated);
        response
    }

    /// An operation to be followed.
    async fn to_follow(&self, request: &mut Request) -> Result<Admitted, Rejection> {
        let mut admitted = self.admit(request).await?;
        admitted.allowed = match admitted.allowed {
            Allowed::QueriesAndMutations | Allowed::Everything => Allowed::Everything,
            // The other mode of the protocol, with a reservation, isn't served.
            Allowed::Queries => return Err(Rejection::method_not_allowed()),
        };
        if let Some(last) = last_event(request.headers()) {
            admitted.operation.last_answer = Some(last);
        }
        Ok(admitted)
    }

    /// What a request asks for, what it may do, and as whom. As little as can be is done for who has spent all
    /// that they may.
    async fn admit(&self, request: &mut Request) -> Result<Admitted, Rejection> {
        let id: Option<&RequestId> = request.extensions().get();
        let id = id.map_or_else(Uuid::now_v7, |id| id.correlation);
        let mut payer = self.budgets.payer(request);
        self.budgets.charge(payer, 1)?;
        let authorization = request.headers().get(AUTHORIZATION).cloned();
        let caller = self.caller(authorization.as_ref()).await?;
        payer.account = caller.as_ref().map(|caller| caller.actor.account);
        let (mut operation, allowed) = match *request.method() {
            Method::POST => (
                self.posted(request, payer).await?,
                Allowed::QueriesAndMutations,
            ),
            Method::GET => {
                let parameters = request.uri().query().map_or(0, str::len);
                self.budgets.charge_bytes(payer, parameters)?;
                (in_url(request)?, Allowed::Queries)
            }
            _ => return Err(Rejection::method_not_allowed()),
        };
        if let Some(caller) = &caller {
            self.log_in(caller, id).await?;
        }
        operation.request = Some(id);
        Ok(Admitted {
            operation,
            allowed,
            expires: caller.as_ref().map(expires),
            actor: caller.map(|caller| caller.actor),
            payer,
        })
    }

    /// Who makes a request.
    pub(super) async fn caller(
        &self,
        authorization: Option<&HeaderValue>,
    ) -> Result<Option<Caller>, IdentityError> {
        let authorization = authorization.map(HeaderValue::as_bytes);
        let caller = self.identity.caller(authorization).await;
        if let Err(error) = &caller {
            self.metrics.logged_in(match error {
                IdentityError::Unauthenticated(_) => LogIn::Refused,
                IdentityError::NoKeys => LogIn::Unverified,
            });
        }
        caller
    }

    pub(super) async fn log_in(&self, caller: &Caller, request: Uuid) -> Result<(), CommandError> {
        let recorded = self.log_ins.log_in(caller, request).await;
        self.metrics.logged_in(match recorded {
            Ok(true) => LogIn::Recorded,
            Ok(false) => LogIn::Known,
            Err(_) => LogIn::Failed,
        });
        recorded.map(drop)
    }

    async fn posted(&self, request: &mut Request, payer: Payer) -> Result<Operation, Rejection> {
        let Limits {
            body_bytes,
            body_time,
            ..
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
        self.budgets.charge_bytes(payer, body.len())?;
        Ok(Operation::from_json(&body)?)
    }

    fn respond(&self, answer: Answer, media_type: MediaType) -> Response {
        let status = match (answer.outcome, media_type) {
            (Outcome::NotAllowed, _) => StatusCode::METHOD_NOT_ALLOWED,
            (Outcome::Executed | Outcome::Refused, MediaType::Json) => StatusCode::OK,
            (_, MediaType::GraphQlResponse) if self.newer_statuses => newer_status(&answer),
            (Outcome::Executed, MediaType::GraphQlResponse) => StatusCode::OK,
            (Outcome::Refused, MediaType::GraphQlResponse) => StatusCode::BAD_REQUEST,
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
}

/// The status of an answer by the newer draft.
fn newer_status(answer: &Answer) -> StatusCode {
    // As long as nobody has registered it, the library has no name for it.
    let partial = || StatusCode::from_u16(294).unwrap_or(StatusCode::OK);
    match answer.outcome {
        Outcome::Executed if answer.is_partial => partial(),
        Outcome::Executed => StatusCode::OK,
        Outcome::Refused if answer.is_unreadable() => StatusCode::BAD_REQUEST,
        Outcome::Refused => StatusCode::UNPROCESSABLE_ENTITY,
        Outcome::NotAllowed => StatusCode::METHOD_NOT_ALLOWED,
    }
}

/// What a request asks for.
pub(super) struct Admitted {
    pub(super) operation: Operation,
    pub(super) allowed: Allowed,
    pub(super) actor: Option<Actor>,
    /// Until when it is known that it is them.
    pub(super) expires: Option<tokio::time::Instant>,
    pub(super) payer: Payer,
}

/// Until when a caller's token is good.
pub(super) fn expires(caller: &Caller) -> tokio::time::Instant {
    tokio::time::Instant::now() + caller.time_left()
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
    document_id: Option<String>,
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
        parameters.document_id,
        parameters.operation_name,
        parameters.variables.as_deref(),
        parameters.extensions.as_deref(),
    )?)
}

pub(super) fn response(status: StatusCode, media_type: MediaType, body: Body) -> Response {
    let mut response = Response::default();
    response.set_status(status);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, media_type.content_type());
    response.set_body(body);
    response
}
