//! What brought other servers down, sent to this one and to async-graphql as it comes, with its own limits of depth
//! and complexity: a table of what each made of it.
//!
//!     cargo bench -p plaudit-server --bench defects

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark that goes wrong shall show where"
)]

use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use async_graphql::{
    BatchRequest, EmptyMutation, EmptySubscription, ID, Object, Schema, SimpleObject,
};
use poem::{Endpoint, Request, Response, Route};
use serde_json::{Value, json};
use tokio::time::timeout;

use shared::client::{Client, MEDIA_TYPE, http};
use shared::load::serve;
use shared::process::Served;
use shared::run::{after, is_measured, runtime};

#[path = "shared/mod.rs"]
mod shared;

/// As Plaudit has it: it would be another comparison without.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Who hasn't answered by then is waited for no longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// So many are sent of what ought to be answered at once; the median counts.
const TIMES: usize = 9;

fn main() {
    if after("--stock").is_some() {
        return runtime().block_on(stock());
    }
    if is_measured() {
        runtime().block_on(compare());
    }
}

/// What to send, and what it is.
fn probes() -> Vec<(&'static str, Value)> {
    let spread = |n: usize| format!("fragment F{n} on Query{{...F{0} ...F{0}}}", n + 1);
    let spread: String = (0..18).map(spread).collect();
    let document = |text: String| json!({ "query": text });
    let fields = |field: &str, times: usize| document(format!("{{ {} }}", field.repeat(times)));
    let aliases: String = (0..5_000).map(|n| format!("a{n}:__typename ")).collect();
    vec![
        (
            "nested spreads of fragments",
            document(format!(
                "{{...F0}}{spread}fragment F18 on Query{{__typename}}"
            )),
        ),
        (
            "a conflict below the first level",
            document("{ posts { nodes { a: id } } posts { nodes { a: body } } }".into()),
        ),
        (
            "500 operations in a batch",
            Value::Array(vec![document("{ __typename }".into()); 500]),
        ),
        ("1,500 unknown fields", fields("nothing ", 1_500)),
        ("5,000 unknown fields", fields("nothing ", 5_000)),
        (
            "`first: 100000`",
            document("{ posts(first: 100000) { nodes { id } } }".into()),
        ),
        ("5,000 aliases", document(format!("{{ {aliases} }}"))),
        ("20,000 `__typename`", fields("__typename ", 20_000)),
        ("100,000 brackets", document("{".repeat(100_000))),
        (
            "20,000 brackets that are closed",
            document(format!(
                "{{ posts(first: {}1{}) {{ nodes {{ id }} }} }}",
                "[".repeat(10_000),
                "]".repeat(10_000)
            )),
        ),
    ]
}

async fn compare() {
    let directory = tempfile::tempdir().unwrap();
    let plaudit = Served::plaudit(directory.path(), &["--demo", "--dev"]);
    println!("| sent | bytes | async-graphql | Plaudit |\n| --- | ---: | --- | --- |");
    for (what, request) in probes() {
        let request = http(&request, None);
        // What it does to it may be for good.
        let stock = Served::this("--stock", Path::new("-"));
        let (theirs, ours) = (told(&stock, &request).await, told(&plaudit, &request).await);
        println!("| {what} | {} | {theirs} | {ours} |", request.len());
    }
}

/// What a server makes of a request.
async fn told(served: &Served, request: &[u8]) -> String {
    let mut times = Vec::new();
    let mut last = String::new();
    for _ in 0..TIMES {
        let Ok(mut client) = Client::try_connect(&served.address).await else {
            return format!("{last}; nobody is there any more");
        };
        let began = Instant::now();
        let answer = timeout(PATIENCE, client.send(request)).await;
        times.push(began.elapsed());
        last = match answer {
            Ok(Ok((status, body))) => answered(status, &body),
            Ok(Err(error)) => format!("the connection is lost: {error}"),
            Err(_) => "no answer".to_owned(),
        };
        if began.elapsed() > Duration::from_secs(1) {
            break;
        }
    }
    times.sort_unstable();
    let took = times[times.len() / 2].as_secs_f64() * 1e3;
    format!("{last}; {took:.1} ms")
}

fn answered(status: u16, body: &[u8]) -> String {
    let mut said = format!("{status}, {} bytes", body.len());
    let Ok(answer) = serde_json::from_slice::<Value>(body) else {
        return said;
    };
    let errors = answer["errors"].as_array().map_or(0, Vec::len);
    let code = answer["errors"][0]["extensions"]["code"].as_str();
    match (errors, code) {
        (0, _) => said += ", executed",
        (errors, code) => {
            write!(said, ", {errors} errors: {}", code.unwrap_or("no code")).unwrap();
        }
    }
    said
}

struct Query;

#[derive(SimpleObject)]
struct Posts {
    nodes: Vec<Post>,
}

#[derive(SimpleObject)]
struct Post {
    id: ID,
    body: String,
}

#[Object]
impl Query {
    async fn posts(&self, first: Option<i32>) -> Posts {
        let post = |number: i32| Post {
            id: number.into(),
            body: "So.".to_owned(),
        };
        Posts {
            nodes: (0..first.unwrap_or(20)).map(post).collect(),
        }
    }
}

struct GraphQl(Schema<Query, EmptyMutation, EmptySubscription>);

impl Endpoint for GraphQl {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let body = request.take_body().into_bytes().await?;
        let request: BatchRequest = serde_json::from_slice(&body).unwrap();
        let response = self.0.execute_batch(request).await;
        let body = serde_json::to_vec(&response).unwrap();
        Ok(Response::builder().content_type(MEDIA_TYPE).body(body))
    }
}

/// Serves by the engine as it comes, with its own limits as high as Plaudit's.
async fn stock() {
    let schema = Schema::build(Query, EmptyMutation, EmptySubscription)
        .limit_depth(20)
        .limit_complexity(10_000)
        .finish();
    serve(Route::new().at("/graphql", GraphQl(schema))).await;
}
