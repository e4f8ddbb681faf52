//! What it costs a server that many follow something: its memory for each of them while nothing happens, and how
//! soon one event has reached them all.
//!
//! Everybody has a connection of their own, over loopback, to a process of its own. `SUBSCRIBERS` says how many, by
//! default 10,000; this process and the server each need so many open files.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark"
)]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use shared::client::Client;
use shared::follower::{Follower, Protocol};
use shared::process::{Served, authorization};
use shared::run::runtime;

#[path = "shared/mod.rs"]
mod shared;

/// So many connect at the same time.
const TOGETHER: usize = 100;

/// What is measured settles for so long.
const SETTLED: Duration = Duration::from_secs(2);

fn main() {
    let runtime = runtime();
    let number = std::env::var("SUBSCRIBERS").ok();
    let number = number.map_or(10_000, |number| number.parse().unwrap());
    println!("{number} who follow, each over a connection of their own");
    println!(
        "{:<34} {:>12} {:>10} {:>11} {:>11} {:>14}",
        "", "KiB for each", "of all MiB", "first in ms", "last in ms", "after, KiB each"
    );
    for what in &WHAT {
        runtime.block_on(measure(what, number));
    }
}

/// Something to follow.
struct What {
    name: &'static str,
    query: &'static str,
    protocol: Protocol,
}

const WHAT: [What; 5] = [
    What {
        name: "postChanged, WebSocket",
        query: "subscription ($post: ID!) { postChanged(id: $post) { position post { likeCount } } }",
        protocol: Protocol::WebSocket,
    },
    What {
        name: "profileChanged, WebSocket",
        query: "subscription ($profile: ID!) { profileChanged(id: $profile) { position profile {
            totals { likesReceived } } } }",
        protocol: Protocol::WebSocket,
    },
    What {
        name: "leaderboardChanged, WebSocket",
        query: "subscription { leaderboardChanged { position leaderboard {
            entries(first: 10) { edges { rank points } } } } }",
        protocol: Protocol::WebSocket,
    },
    What {
        name: "notificationReceived, WebSocket",
        query: "subscription { notificationReceived { cursor node { kind } } }",
        protocol: Protocol::WebSocket,
    },
    What {
        name: "postChanged, SSE",
        query: "subscription ($post: ID!) { postChanged(id: $post) { position post { likeCount } } }",
        protocol: Protocol::Events,
    },
];

async fn measure(what: &What, number: usize) {
    let data = tempfile::tempdir().unwrap();
    let connections = (number + 1_000).to_string();
    let arguments = ["--demo", "--dev", "--max-connections", &connections];
    // What filling it takes isn't theirs.
    drop(Served::plaudit(data.path(), &arguments));
    let served = Served::plaudit(data.path(), &arguments);
    let member = served.authorization.as_deref().unwrap();
    let another = authorization(data.path(), 1, &[]);
    let found = "{ viewer { id profile { id } } posts(first: 1, filter: { kinds: [QUESTION] }) {
        nodes { id } } }";
    let found = ask(&served, member, found, json!({})).await;
    let post = &found["posts"]["nodes"][0]["id"];
    let mut variables = json!({ "post": post, "profile": found["viewer"]["profile"]["id"] });
    let variables = variables.as_object_mut().unwrap();
    variables.retain(|name, _| what.query.contains(&format!("${name}:")));
    let request = json!({ "query": what.query, "variables": variables });
    // What the first reading brings into memory isn't theirs.
    let page =
        "{ posts { nodes { id title author { name } } } leaderboard { entries { totalCount } } }";
    ask(&served, member, page, json!({})).await;
    tokio::time::sleep(SETTLED).await;
    let before = served.memory("VmRSS");
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let mut followers: JoinSet<()> = JoinSet::new();
    let mut begun = 0;
    while begun < number {
        let more = TOGETHER.min(number - begun);
        let begin = |_| Follower::begin(&served.address, member, what.protocol, &request);
        let more_of_them = (0..more).map(begin);
        for mut follower in futures_util::future::join_all(more_of_them).await {
            let tell = tell.clone();
            // Who doesn't read answers no pings.
            followers.spawn(async move {
                follower.next().await;
                tell.send(()).unwrap();
                std::future::pending().await
            });
        }
        begun += more;
    }
    tokio::time::sleep(SETTLED).await;
    let idle = served.memory("VmRSS");

    let began = Instant::now();
    let write = r#"mutation { questionCreate(input: { title: "How hot?", body: "My oven." }) { post { id } } }"#;
    let answer = "mutation ($id: ID!) { answerCreate(input: { questionId: $id, body: \"Very.\" }) { post { id } } }";
    let mut other = std::pin::pin!(async {
        match what.query.contains("notificationReceived") {
            // Somebody else answers a question of who follows.
            true => {
                let asked = ask(&served, member, write, json!({})).await;
                let id = &asked["questionCreate"]["post"]["id"];
                ask(&served, &another, answer, json!({ "id": id })).await;
            }
            false => {
                ask(&served, member, answer, json!({ "id": post })).await;
            }
        }
    });
    let (mut first, mut reached, mut is_written) = (None, 0, false);
    while reached < number || !is_written {
        tokio::select! {
            () = &mut other, if !is_written => is_written = true,
            Some(failed) = followers.join_next() => failed.unwrap(),
            Some(()) = told.recv() => {
                first.get_or_insert_with(|| began.elapsed());
                reached += 1;
            }
        }
    }
    let last = began.elapsed();
    tokio::time::sleep(SETTLED).await;
    let after = served.memory("VmRSS");
    let each = |bytes: f64| (bytes - before) / 1024.0 / number as f64;
    println!(
        "{:<34} {:>12.1} {:>10} {:>11} {:>11} {:>14.1}",
        what.name,
        each(idle),
        (idle / f64::from(1 << 20)).round(),
        first.unwrap().as_millis(),
        last.as_millis(),
        each(after),
    );
}

/// What somebody is answered, who makes no mistake.
async fn ask(served: &Served, authorization: &str, query: &str, variables: Value) -> Value {
    let mut client = Client::connect(&served.address).await;
    client.data(query, variables, Some(authorization)).await
}
