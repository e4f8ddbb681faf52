//! Whether a server stays as it is for an hour: 16 clients that read and write at a steady pace, as members do, and
//! 50 who follow what happens. Each minute tells what was done, how long it took, and the memory of the server.
//!
//! `cargo bench -p plaudit-server --bench endurance -- [--minutes N]`. It fails at the first error, where memory
//! isn't flat after a sixth of the time, and where the rows aren't what a replay comes to afterwards.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark"
)]

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use plaudit_testing::random::Random;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use shared::client::Client;
use shared::follower::{Follower, Protocol};
use shared::process::{Served, authorization, plaudit};
use shared::run::{after, is_measured, runtime};

#[path = "shared/mod.rs"]
mod shared;

const CLIENTS: usize = 16;
const FOLLOWERS: usize = 50;

/// What a client waits after an answer, about: all together send 300 requests a second.
const PAUSE: Duration = Duration::from_millis(50);

/// How much more memory there may be in the end than after the first sixth of the time.
const FLAT: f64 = 1.2;

const QUESTIONS: &str = "{ posts(first: 20, filter: { kinds: [QUESTION] }) { nodes {
    id title createdAt likeCount answerCount author { id name profile { id } }
    answers(first: 3) { nodes { id body isAccepted likeCount author { id name } } } } } }";

const LEADERBOARD: &str = "{ leaderboard { entries(first: 50) { edges { rank points node { id name
    totals { totalPosts likesReceived } badges { key title } } } } } }";

const PROFILE: &str = "query ($id: ID!) { profile(id: $id) { id name memberSince
    totals { totalPosts answers likesReceived } badges { key title times }
    posts(first: 5) { nodes { id title likeCount } } } }";

const TOLD: &str = "{ viewer { notifications(first: 10) { edges { cursor node { kind } } } } }";

const ASK: &str = r#"mutation { questionCreate(input: { title: "How hot?", body: "My oven." }) {
    post { id } userErrors { code } } }"#;

const ANSWER: &str = r#"mutation ($id: ID!) { answerCreate(input: { questionId: $id, body: "Very." }) {
    post { id } userErrors { code } } }"#;

const COMMENT: &str = r#"mutation ($id: ID!) { commentCreate(input: { postId: $id, body: "How so?" }) {
    post { id } userErrors { code } } }"#;

const LIKE: &str = "mutation ($id: ID!) { postLike(input: { postId: $id }) { post { id likeCount } userErrors { code } } }";

const WATCH: &str =
    "mutation ($id: ID!) { postWatch(input: { postId: $id }) { post { id } userErrors { code } } }";

const FOLLOWED: [&str; 4] = [
    "subscription ($id: ID!) { postChanged(id: $id) { position post { likeCount } } }",
    "subscription { leaderboardChanged { position leaderboard { entries(first: 10) { edges { rank points } } } } }",
    "subscription { notificationReceived { cursor node { kind } } }",
    "subscription { eventRecorded { cursor node { type } } }",
];

fn main() -> ExitCode {
    if !is_measured() {
        return ExitCode::SUCCESS;
    }
    let minutes = after("--minutes").map_or(60, |minutes| minutes.parse().unwrap());
    match runtime().block_on(endure(minutes)) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// What is done by all, so far.
#[derive(Default)]
struct Done {
    told: AtomicU64,
    /// How long the answers of this minute took.
    times: Mutex<Vec<Duration>>,
}

async fn endure(minutes: usize) -> bool {
    let data = tempfile::tempdir().unwrap();
    let served = Served::plaudit(data.path(), &["--demo", "--dev"]);
    let done = Arc::new(Done::default());
    let mut everybody = JoinSet::new();
    begin(&served, data.path(), &done, &mut everybody).await;
    println!(
        "{:>7} {:>9} {:>9} {:>8} {:>8} {:>9} {:>10} {:>11}",
        "minute", "requests", "p50 µs", "p99 µs", "told", "CPU s", "memory MiB", "of files"
    );
    let mut memory = Vec::new();
    let mut cpu = served.cpu();
    for minute in 1..=minutes {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(60)) => {}
            Some(ended) = everybody.join_next() => {
                println!("somebody met an error: {ended:?}");
                return false;
            }
        }
        let mut times =
            std::mem::take(&mut *done.times.lock().unwrap_or_else(PoisonError::into_inner));
        times.sort_unstable();
        let mebibytes = |what| served.memory(what) / f64::from(1 << 20);
        memory.push(mebibytes("RssAnon"));
        println!(
            "{minute:>7} {:>9} {:>9} {:>8} {:>8} {:>9.1} {:>10.1} {:>11.1}",
            times.len(),
            times[times.len() / 2].as_micros(),
            times[times.len() * 99 / 100].as_micros(),
            done.told.swap(0, Ordering::Relaxed),
            served.cpu() - cpu,
            mebibytes("RssAnon"),
            mebibytes("RssFile"),
        );
        cpu = served.cpu();
    }
    everybody.shutdown().await;
    let growth = memory[minutes - 1] / memory[minutes / 6];
    println!("memory grew {growth:.2} times after the first sixth (the bar is {FLAT})");
    println!("stopped: {}", served.stop());
    println!("{}", plaudit(data.path(), &["verify"]).trim_end());
    growth <= FLAT
}

/// Lets everybody begin: the clients, each a member, and who follows.
async fn begin(served: &Served, data: &Path, done: &Arc<Done>, everybody: &mut JoinSet<()>) {
    let mut members = Vec::new();
    for number in 0..CLIENTS {
        let mut member = Member {
            authorization: authorization(data, number as u128 + 1, &["analyst"]),
            client: Client::connect(&served.address).await,
            random: Random(number as u64),
            questions: Vec::new(),
            profiles: Vec::new(),
        };
        member.look_around().await;
        members.push(member);
    }
    for number in 0..FOLLOWERS {
        let member = &members[number % CLIENTS];
        let query = FOLLOWED[number % FOLLOWED.len()];
        let variables = match query.contains("$id") {
            true => json!({ "id": member.questions[0] }),
            false => json!({}),
        };
        let protocol = match number % 2 {
            0 => Protocol::WebSocket,
            _ => Protocol::Events,
        };
        let request = json!({ "query": query, "variables": variables });
        let (address, authorization) = (&served.address, &member.authorization);
        let mut follower = Follower::begin(address, authorization, protocol, &request).await;
        let done = done.clone();
        everybody.spawn(async move {
            loop {
                follower.next().await;
                done.told.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    for mut member in members {
        let done = done.clone();
        everybody.spawn(async move {
            loop {
                let took = member.once().await;
                let times = &done.times;
                times
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(took);
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
}

/// A client.
struct Member {
    authorization: String,
    client: Client,
    random: Random,
    questions: Vec<Value>,
    profiles: Vec<Value>,
}

impl Member {
    /// Does something that members do, mostly reading; how long that took.
    async fn once(&mut self) -> Duration {
        let question = self.questions[self.random.few(self.questions.len())].clone();
        let profile = self.profiles[self.random.few(self.profiles.len())].clone();
        let of = |id| json!({ "id": id });
        let began = Instant::now();
        match self.random.place(100) {
            0..30 => self.look_around().await,
            30..45 => drop(self.ask(LEADERBOARD, json!({})).await),
            45..75 => drop(self.ask(PROFILE, of(profile)).await),
            75..85 => drop(self.ask(TOLD, json!({})).await),
            85..87 => drop(self.ask(ASK, json!({})).await),
            87..90 => drop(self.ask(ANSWER, of(question)).await),
            90..93 => drop(self.ask(COMMENT, of(question)).await),
            93..98 => drop(self.ask(LIKE, of(question)).await),
            _ => drop(self.ask(WATCH, of(question)).await),
        }
        began.elapsed()
    }

    /// Reads the newest questions, and notes what else there is to do with them.
    async fn look_around(&mut self) {
        let data = self.ask(QUESTIONS, json!({})).await;
        let questions = data["posts"]["nodes"].as_array().unwrap();
        self.questions = questions.iter().map(|it| it["id"].clone()).collect();
        let profiles = questions
            .iter()
            .map(|it| it["author"]["profile"]["id"].clone());
        self.profiles = profiles.filter(|it| it.is_string()).collect();
    }

    async fn ask(&mut self, query: &str, variables: Value) -> Value {
        let authorization = Some(&*self.authorization);
        self.client.data(query, variables, authorization).await
    }
}
