//! What is asked by whoever watches over the process: whether it lives, whether it can be asked, and
//! everything that it counts.

use std::sync::Arc;

use poem::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use poem::http::{HeaderValue, StatusCode};
use poem::web::Data;
use poem::{Response, handler};
use serde_json::{Value, json};

use super::Shared;
use crate::health::{PROJECTION, Standing};

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
        "per_second": standing.per_second.map(f64::round),
        "seconds_left": standing.left().map(|left| left.as_secs_f64().round()),
    })
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
