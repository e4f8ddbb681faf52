//! Calendars that other programs subscribe to: `/groups/{id}.ics` and `/calendars/{secret}.ics`.
//!
//! Such programs send no token and ask every hour: so a member's calendar is known by the secret in its
//! address, and who has the latest text already gets none.

use std::sync::Arc;

use plaudit_api::Calendars;
use poem::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use poem::http::{HeaderValue, StatusCode};
use poem::web::{Data, Path};
use poem::{Request, Response, handler};
use sha2::{Digest, Sha256};

use super::Shared;
use super::opening::ComeAgain;

/// What a calendar costs its address, as a page of meetings does.
const COST: u64 = 100;

#[handler]
pub(super) async fn group(
    request: &Request,
    Path(file): Path<String>,
    Data(shared): Data<&Arc<Shared>>,
) -> Response {
    let Some(id) = file.strip_suffix(".ics") else {
        return StatusCode::NOT_FOUND.into();
    };
    match calendars(request, shared).await {
        Ok(calendars) => answer(request, calendars.group(id).await, "public, no-cache"),
        Err(refused) => refused,
    }
}

#[handler]
pub(super) async fn member(
    request: &Request,
    Path(file): Path<String>,
    Data(shared): Data<&Arc<Shared>>,
) -> Response {
    let Some(secret) = file.strip_suffix(".ics") else {
        return StatusCode::NOT_FOUND.into();
    };
    match calendars(request, shared).await {
        Ok(calendars) => answer(request, calendars.member(secret).await, "private, no-cache"),
        Err(refused) => refused,
    }
}

/// The community's, once it is open, for who has paid.
async fn calendars<'s>(request: &Request, shared: &'s Shared) -> Result<&'s Calendars, Response> {
    let Some(open) = shared.open.get() else {
        let ComeAgain { seconds, message } = ComeAgain::from(&shared.health.look().await);
        let seconds = HeaderValue::from(seconds);
        return Err(later(StatusCode::SERVICE_UNAVAILABLE, seconds, &message));
    };
    let budgets = &open.graphql.budgets;
    let paid = budgets.charge(budgets.payer(request), COST);
    paid.map_err(|spent| {
        let seconds = HeaderValue::from(spent.seconds());
        later(StatusCode::TOO_MANY_REQUESTS, seconds, &spent.to_string())
    })?;
    Ok(&open.calendars)
}

fn later(status: StatusCode, seconds: HeaderValue, message: &str) -> Response {
    Response::builder()
        .status(status)
        .header(RETRY_AFTER, seconds)
        .header(CACHE_CONTROL, "no-store")
        .header(REFERRER_POLICY, "no-referrer")
        .content_type("text/plain; charset=utf-8")
        .body(format!("{message}\n"))
}

fn answer(
    request: &Request,
    text: Result<Option<String>, impl std::fmt::Display>,
    cache: &str,
) -> Response {
    let text = match text {
        Ok(Some(text)) => text,
        Ok(None) => return StatusCode::NOT_FOUND.into(),
        Err(error) => {
            tracing::error!("a calendar can't be read: {error}");
            return StatusCode::INTERNAL_SERVER_ERROR.into();
        }
    };
    let hash = Sha256::digest(text.as_bytes());
    let digits = hash.iter().take(16).map(|byte| format!("{byte:02x}"));
    let tag = format!("\"{}\"", digits.collect::<String>());
    let response = Response::builder()
        .header(ETAG, &tag)
        .header(CACHE_CONTROL, cache)
        // The address of a member's calendar is a secret.
        .header(REFERRER_POLICY, "no-referrer")
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff");
    if is_known(request, &tag) {
        return response.status(StatusCode::NOT_MODIFIED).finish();
    }
    response
        .header(CONTENT_TYPE, "text/calendar; charset=utf-8")
        .body(text)
}

/// Whether who asks has the text of a tag already. Such a comparison is a weak one: `W/` doesn't matter.
fn is_known(request: &Request, tag: &str) -> bool {
    let known = request.headers().get_all(IF_NONE_MATCH).iter();
    let mut known = known
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim);
    known.any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}
