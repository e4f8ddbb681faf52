//! What is asked by whoever watches over the process: whether it lives, whether it can be asked, and
//! everything that it counts.

use std::sync::Arc;

use plaudit_replay::renewal::Underway;
use poem::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use poem::http::{HeaderValue, StatusCode};
use poem::web::Data;
use poem::{Response, handler};
use serde_json::{Value, json};

use super::Shared;
use crate::health::{Next, PROJECTION, Phase, Standing};

/// The process answers: whoever watches it needn't start it again.
#[handler]
pub(super) fn live() -> Response {
    json_response(StatusCode::OK, &json!({ "status": "live" }))
}

/// Whether everything that was recorded can be read here, and if not, what the server does.
#[handler]
pub(super) async fn ready(Data(shared): Data<&Arc<Shared>>) -> Response {
    let standing = shared.health.look().await;
    let unready = standing.unready();
    let status = match unready {
        None => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = json!({
        "ready": unready.is_none(),
        "reason": unready,
        "projections": [projection(&standing)],
    });
    json_response(status, &body)
}

fn projection(standing: &Standing) -> Value {
    json!({
        "name": PROJECTION,
        "phase": standing.phase.as_str(),
        "position": standing.position,
        "head": standing.head,
        "lag_events": standing.lag(),
        "lag_seconds": standing.late.map(|late| late.as_secs_f64()),
        "progress": standing.progress(),
        "per_second": standing.underway.and_then(per_second),
        "seconds_left": standing.underway.and_then(seconds_left),
        "next": standing.next.as_ref().map(next),
    })
}

/// What is to take the place of what people read. Why it failed is for the log, and for staff.
fn next(next: &Next) -> Value {
    json!({
        "phase": next.underway.map(|it| Phase::from(it.progress.work).as_str()),
        "position": next.underway.map(|it| it.progress.position),
        "progress": next.underway.map(|it| it.progress.ratio()),
        "per_second": next.underway.and_then(per_second),
        "seconds_left": next.underway.and_then(seconds_left),
        "rules_pending": next.rules_pending,
        "swaps": next.swaps,
        "failures": next.failures,
        "has_failed": next.has_failed,
    })
}

fn per_second(underway: Underway) -> Option<f64> {
    underway.per_second().map(f64::round)
}

fn seconds_left(underway: Underway) -> Option<f64> {
    Some(underway.left()?.as_secs_f64().round())
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    let response = Response::builder().status(status);
    response
        .header(CONTENT_TYPE, "application/json")
        .header(CACHE_CONTROL, "no-store")
        .body(format!("{body}\n"))
}

/// The format's own name, with its version.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Everything that is counted, timed and measured.
#[handler]
pub(super) async fn metrics(Data(shared): Data<&Arc<Shared>>) -> Response {
    let standing = shared.health.look().await;
    match shared.metrics.text(&standing) {
        Ok(text) => Response::builder().header(CONTENT_TYPE, TEXT).body(text),
        Err(error) => {
            tracing::error!("the metrics can't be written: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into()
        }
    }
}
