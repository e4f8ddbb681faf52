//! What it costs a request to be watched: its id, its span, its line of the log where that is asked
//! for, and what is counted and timed.
//!
//! The same small answer is given with and without all that, in this process and without a connection.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plaudit_api::{Answer, Kind, Outcome};
use plaudit_server::http::Site;
use plaudit_server::metrics::Metrics;
use poem::{Endpoint, EndpointExt, Request, Response, Route, get, handler};
use tracing_subscriber::EnvFilter;

/// So often everything is done in a round, and so many rounds there are: the fastest counts, for others
/// may use the machine, too.
const REQUESTS: u32 = 50_000;
const ROUNDS: usize = 7;

fn main() {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("info"))
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let metrics = Arc::new(Metrics::new().unwrap());
    let watched = Site::new(metrics.clone()).app();
    let bare = Route::new().at("/health/live", get(live)).map_to_response();

    let mut each = [Duration::MAX; 3];
    for _ in 0..ROUNDS {
        // In turn, so that a change of the machine's speed meets all of them.
        let taken = [
            runtime.block_on(answering(&bare)),
            runtime.block_on(answering(&watched)),
            counting(&metrics),
        ];
        for (fastest, taken) in each.iter_mut().zip(taken) {
            *fastest = (*fastest).min(taken / REQUESTS);
        }
    }
    let [bare, watched, counted] = each;
    println!("a small answer, not watched      {:>6} ns", bare.as_nanos());
    println!(
        "the same, watched                {:>6} ns",
        watched.as_nanos()
    );
    println!(
        "to count a GraphQL operation     {:>6} ns",
        counted.as_nanos()
    );

    let text = runtime.block_on(page(&metrics));
    println!("a page of metrics                {text}");
}

#[handler]
fn live() -> Response {
    Response::builder()
        .header("content-type", "application/json")
        .header("cache-control", "no-store")
        .body(format!("{}\n", serde_json::json!({ "status": "live" })))
}

async fn answering(app: &impl Endpoint<Output = Response>) -> Duration {
    let began = Instant::now();
    for _ in 0..REQUESTS {
        let request = Request::builder().uri_str("/health/live").finish();
        black_box(app.get_response(request).await);
    }
    began.elapsed()
}

fn counting(metrics: &Metrics) -> Duration {
    let answer = Answer {
        outcome: Outcome::Executed,
        body: Vec::new(),
        kind: Some(Kind::Query),
        name: None,
        id: None,
        codes: Vec::new(),
        is_partial: false,
    };
    let began = Instant::now();
    for number in 0..REQUESTS {
        metrics.operated(black_box(&answer), Duration::from_nanos(number.into()));
    }
    began.elapsed()
}

/// What it takes to read all metrics, and how much that is.
async fn page(metrics: &Arc<Metrics>) -> String {
    let app = Site::new(metrics.clone()).app();
    let began = Instant::now();
    let request = Request::builder().uri_str("/metrics").finish();
    let body = app.get_response(request).await.into_body();
    let bytes = body.into_bytes().await.unwrap().len();
    format!("{:>6} µs, {bytes} bytes", began.elapsed().as_micros())
}
