//! What is known of each request afterwards: its id in every line of the log and in the answer, what it
//! took, and what it came to.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use poem::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use poem::{Endpoint, Request, Response};
use tracing::Instrument;
use uuid::Uuid;

use crate::metrics::Metrics;

/// The header with a request's id, on the way in and on the way out.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The most characters of an id that is taken over.
const ID_MAX: usize = 128;

/// The most characters of an operation's name that are logged.
const NAME_MAX: usize = 64;

/// The id of a request: what whoever sent it calls it, or drawn.
#[derive(Debug, Clone)]
pub(super) struct RequestId {
    text: String,
    /// The same for the history, which keeps UUIDs only; another one where it is none.
    pub(super) correlation: Uuid,
}

impl RequestId {
    fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let Some(given) = given.filter(|id| is_sane(id)) else {
            let drawn = Uuid::now_v7();
            return Self {
                text: drawn.to_string(),
                correlation: drawn,
            };
        };
        Self {
            text: given.to_owned(),
            correlation: Uuid::try_parse(given).unwrap_or_else(|_| Uuid::now_v7()),
        }
    }
}

/// Whether it can stand in a log as it is: nobody writes lines of their own there, or an address.
fn is_sane(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte);
    (1..=ID_MAX).contains(&id.len()) && id.bytes().all(is_plain)
}

/// The operation of a request, for the log.
#[derive(Debug, Clone)]
pub(super) struct Operated {
    pub(super) kind: &'static str,
    pub(super) name: Option<String>,
}

/// An endpoint whose requests are counted, timed and logged.
pub(super) struct Observed<E> {
    pub(super) inner: E,
    pub(super) metrics: Arc<Metrics>,
}

impl<E: Endpoint<Output = Response>> Endpoint for Observed<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let began = Instant::now();
        let id = RequestId::of(request.headers());
        let endpoint = endpoint(request.uri().path());
        // An error's, so that it is there whenever anything is logged at all.
        let span = tracing::error_span!("request", id = id.text);
        let method = request.method().clone();
        request.extensions_mut().insert(id.clone());

        let answering = self.inner.get_response(request).instrument(span.clone());
        let answered = AssertUnwindSafe(answering).catch_unwind().await;
        let mut response = answered.unwrap_or_else(|_| span.in_scope(panicked));

        let (took, status) = (began.elapsed(), response.status());
        let operated: Option<Operated> = response.extensions_mut().remove();
        let name = operated.as_ref().and_then(|it| it.name.as_deref());
        // Never the address itself: with a GET it has the variables, which may be personal.
        span.in_scope(|| {
            tracing::debug!(
                target: "plaudit::access",
                %method,
                endpoint,
                status = status.as_u16(),
                microseconds = took.as_micros() as u64,
                operation = operated.as_ref().map(|it| it.kind),
                name = name.map(|name| name.get(..NAME_MAX).unwrap_or(name)),
                correlation = %id.correlation,
                "answered"
            );
        });
        self.metrics.answered(endpoint, status, took);
        if let Ok(id) = HeaderValue::try_from(id.text) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        Ok(response)
    }
}

/// What comes of a panic that nobody expected: an answer, where else there would be a broken connection. What
/// panics in an operation doesn't come here: the rest of its answer is saved.
fn panicked() -> Response {
    let id = Uuid::new_v4();
    tracing::error!(%id, "a request panicked");
    let body = serde_json::json!({ "errors": [{
        "message": format!("this is our fault; the log has it as {id}"),
        "extensions": { "code": "INTERNAL", "id": id },
    }] });
    Response::builder()
        .status(StatusCode::INTERNAL_SERVER_ERROR)
        .content_type("application/json; charset=utf-8")
        .body(body.to_string())
}

/// What is asked, in one of a few words.
fn endpoint(path: &str) -> &'static str {
    match path {
        "/graphql" => "/graphql",
        "/" => "/",
        "/health/live" => "/health/live",
        "/health/ready" => "/health/ready",
        "/metrics" => "/metrics",
        // Of a member's calendar the rest is a secret.
        _ if path.starts_with("/groups/") => "/groups",
        _ if path.starts_with("/calendars/") => "/calendars",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(given: &str) -> RequestId {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_str(given).unwrap());
        RequestId::of(&headers)
    }

    #[tokio::test]
    async fn a_panic_is_answered() {
        let inner = poem::endpoint::make_sync(|_| -> Response { panic!("the roof is on fire") });
        let metrics = Arc::new(Metrics::new().unwrap());
        let observed = Observed { inner, metrics };
        let mut response = observed.get_response(Request::default()).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = response.take_body().into_string().await.unwrap();
        assert!(
            body.contains("INTERNAL") && !body.contains("fire"),
            "{body}"
        );
    }

    #[test]
    fn an_id_is_taken_over_if_it_can_stand_in_a_log() {
        let uuid = "0190b5c0-5c3e-7b3f-8d3c-3f1e5d2a9b10";
        assert_eq!(id(uuid).correlation.to_string(), uuid);
        let long = "x".repeat(ID_MAX);
        for sane in [uuid, "proxy-1:42/7", "Root=1-67891233-abcdef012345", &long] {
            assert_eq!(id(sane).text, sane);
        }
        for other in ["", "a b", "ada@example.com", "a\"b", "{}", &(long + "x")] {
            let drawn = id(other);
            assert_ne!(drawn.text, other);
            assert_eq!(drawn.text, drawn.correlation.to_string());
        }
    }
}
