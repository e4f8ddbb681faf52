//! Requests that aren't taken as ones for the API, and why.

use std::time::Duration;

use plaudit_api::MalformedRequest;
use plaudit_replay::CommandError;
use poem::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use poem::http::{HeaderName, HeaderValue, StatusCode};
use poem::{Body, Response};

use super::accept::MediaType;
use super::graphql::response;
use super::opening::ComeAgain;
use super::rates::Spent;
use super::subscriptions::TooMany;
use crate::identity::{IdentityError, Unauthenticated};

/// A request that isn't taken as one for the API.
pub(super) struct Rejection {
    status: StatusCode,
    pub(super) code: &'static str,
    message: String,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Rejection {
    pub(super) fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message.to_owned())
    }

    /// Who asked isn't known any more.
    pub(super) fn expired() -> Self {
        Self::unauthenticated(Unauthenticated::Expired)
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
    pub(super) fn unavailable(message: &str) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, "UNAVAILABLE", message.to_owned())
    }

    pub(super) fn not_open(come_again: &ComeAgain) -> Self {
        let mut rejection = Self::unavailable(&come_again.message);
        rejection.header = Some((RETRY_AFTER, come_again.seconds.into()));
        rejection
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "send operations by POST, or queries by GET".to_owned();
        let mut rejection = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_ALLOWED",
            message,
        );
        rejection.header = Some((ALLOW, HeaderValue::from_static("GET, POST")));
        rejection
    }

    pub(super) fn not_acceptable() -> Self {
        let message = "accept application/graphql-response+json or application/json".to_owned();
        Self::new(StatusCode::NOT_ACCEPTABLE, "NOT_ACCEPTABLE", message)
    }

    pub(super) fn unsupported_media_type() -> Self {
        let message = "send the operation as application/json in UTF-8, uncompressed".to_owned();
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            message,
        )
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!("the body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", message)
    }

    pub(super) fn too_slow(limit: Duration) -> Self {
        let message = format!("the body took longer than {} seconds", limit.as_secs());
        Self::new(StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT", message)
    }

    /// The operation itself took too long; what it was in the middle of may have been recorded.
    pub(super) fn timed_out(limit: Duration) -> Self {
        let message = format!(
            "this took longer than {} seconds, and was given up: ask for less at a time. A change may have \
             been made all the same: with the same idempotencyKey it is made once",
            limit.as_secs()
        );
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "TIMED_OUT", message)
    }

    fn rate_limited(spent: Spent) -> Self {
        let message = spent.to_string();
        let mut rejection = Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message);
        rejection.header = Some((RETRY_AFTER, spent.seconds().into()));
        rejection
    }

    /// A page elsewhere would follow what its visitor may.
    pub(super) fn origin_not_allowed() -> Self {
        let message = "pages of this origin may not connect: it has to be listed by --cors-origin";
        let status = StatusCode::FORBIDDEN;
        Self::new(status, "ORIGIN_NOT_ALLOWED", message.to_owned())
    }

    fn too_many_subscriptions(TooMany { whose, most }: TooMany) -> Self {
        let message = format!(
            "{whose} may have {most} subscriptions at once, of which large ones count as several: end one before \
             another begins"
        );
        Self::too_many("TOO_MANY_SUBSCRIPTIONS", message)
    }

    /// Nothing more goes on over a connection.
    pub(super) fn too_many_operations(most: usize) -> Self {
        let message = format!(
            "{most} operations go on over this connection already: complete one before another begins"
        );
        Self::too_many("TOO_MANY_OPERATIONS", message)
    }

    fn too_many(code: &'static str, message: String) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, code, message)
    }

    fn new(status: StatusCode, code: &'static str, message: String) -> Self {
        Self {
            status,
            code,
            message,
            header: None,
        }
    }

    /// What happened to it.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// In the shape of a GraphQL response, as clients read errors from there.
    pub(super) fn body(&self) -> Vec<u8> {
        let body = serde_json::json!({
            "errors": [{ "message": self.message, "extensions": { "code": self.code } }],
        });
        body.to_string().into_bytes()
    }

    pub(super) fn into_response(self, media_type: MediaType) -> Response {
        let mut response = response(self.status, media_type, Body::from_vec(self.body()));
        response.headers_mut().extend(self.header);
        response
    }
}

impl From<Spent> for Rejection {
    fn from(spent: Spent) -> Self {
        Self::rate_limited(spent)
    }
}

impl From<TooMany> for Rejection {
    fn from(too_many: TooMany) -> Self {
        Self::too_many_subscriptions(too_many)
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
