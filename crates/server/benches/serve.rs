//! What a GraphQL read costs over HTTP, against a static answer of the same bytes.
//!
//! Both are served by processes of their own, in turn, and loaded from this one over loopback by
//! clients that each send the next request when they have the answer to the last.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark"
)]

use std::time::Duration;

use serde_json::{Value, json};

use shared::client::{Client, http};
use shared::load::{Load, load, serve_static, static_answer};
use shared::process::{Served, cores};
use shared::run::{after, runtime};

#[path = "shared/mod.rs"]
mod shared;

/// How long each line of the table is measured.
const MEASURED: Duration = Duration::from_secs(2);
const CLIENTS: [usize; 3] = [1, 16, 64];

fn main() {
    match after("--static") {
        Some(file) => runtime().block_on(serve_static(&file)),
        None => runtime().block_on(measure()),
    }
}

async fn measure() {
    let data = tempfile::tempdir().unwrap();
    let plaudit = Served::plaudit(data.path(), &["--demo"]);
    let queries = queries(&plaudit.address).await;
    println!(
        "GraphQL reads over HTTP, {} cores shared with the clients",
        cores()
    );
    println!(
        "{:<24} {:>7} {:>10} {:>9} {:>9} {:>13} {:>8}",
        "", "clients", "a second", "p50 µs", "p99 µs", "CPU µs each", "ratio"
    );
    for (name, request) in queries {
        let request = http(&request, None);
        let answer = Client::connect(&plaudit.address).await.ask(&request).await;
        let floor = static_answer(&data.path().join("body"), &answer);
        let requests = [request].into();
        for clients in CLIENTS {
            // In turn, so that a change of the machine's speed meets both.
            let static_first = load(&floor, clients, &requests, MEASURED).await;
            let read = load(&plaudit, clients, &requests, MEASURED).await;
            let static_second = load(&floor, clients, &requests, MEASURED).await;
            let floor_rate = (static_first.rate() + static_second.rate()) / 2.0;
            print(
                &format!("static, {} bytes", answer.len()),
                clients,
                &static_second,
                None,
            );
            print(name, clients, &read, Some(read.rate() / floor_rate));
        }
    }
}

/// What is asked: a small read, and a page of a forum.
async fn queries(address: &str) -> [(&'static str, Value); 2] {
    let page = json!({ "query": "{ posts(first: 20, filter: { kinds: [QUESTION] }) { nodes {
        id title createdAt likeCount answerCount
        author { id name profile { id } }
        answers(first: 3) { nodes { id isAccepted likeCount author { id name } } }
    } } }" });
    let found = Client::connect(address).await.ask(&http(&page, None)).await;
    let found: Value = serde_json::from_slice(&found).unwrap();
    let profile = &found["data"]["posts"]["nodes"][0]["author"]["profile"]["id"];
    let small = json!({
        "query": "query Profile($id: ID!) { profile(id: $id) { id name memberSince
            totals { totalPosts answers acceptedSolutions articles likesReceived } } }",
        "variables": { "id": profile },
    });
    [("a profile", small), ("20 questions", page)]
}

fn print(name: &str, clients: usize, load: &Load, ratio: Option<f64>) {
    let ratio = ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
    println!(
        "{name:<24} {clients:>7} {:>10.0} {:>9} {:>9} {:>13.1} {ratio:>8}",
        load.rate(),
        load.at(50).as_micros(),
        load.at(99).as_micros(),
        load.cpu_each() * 1e6,
    );
}
