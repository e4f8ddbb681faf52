//! What an application's pages cost over HTTP: a profile with badges and its latest posts; a leaderboard of 50 with
//! totals and badges; 20 questions with their authors, and three answers each with theirs.
//!
//! The same answers are served by Plaudit, by async-graphql as it comes with all data in memory, and, the floor, as
//! they are. Each is a process of its own; they are loaded in turn, over loopback, by requests for a hundred
//! different pages. `cargo bench -p plaudit-server --bench pages -- [--data DIR]` keeps the community in DIR.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use shared::client::{Client, http};
use shared::load::{Load, load, serve_static, static_answer};
use shared::process::{Served, cores};
use shared::run::{after, is_measured, runtime};

mod history;
#[path = "../shared/mod.rs"]
mod shared;
mod stock;

/// As Plaudit has it: it would be another comparison without.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long each is loaded at a time, and how often.
const MEASURED: Duration = Duration::from_secs(1);
const ROUNDS: usize = 5;
const CLIENTS: [usize; 3] = [1, 16, 64];

/// So many different pages are asked for.
const PAGES: usize = 100;

const PROFILE: &str = "query Profile($id: ID!) { profile(id: $id) { id name memberSince
    totals { totalPosts answers acceptedSolutions articles likesReceived }
    badges { key title times }
    posts(first: 5) { nodes { id title createdAt likeCount } } } }";

const LEADERBOARD: &str = "query Leaderboard($after: String) { leaderboard {
    entries(first: 50, after: $after) { edges { rank points node { id name
        totals { totalPosts answers acceptedSolutions likesReceived }
        badges { key title } } } } } }";

const QUESTIONS: &str = "query Questions($after: String) {
    posts(first: 20, after: $after, filter: { kinds: [QUESTION] }) { nodes {
        id title createdAt likeCount answerCount author { id name }
        answers(first: 3) { nodes { id body createdAt isAccepted likeCount author { id name } } } } } }";

/// Everything that the profiles and leaderboards tell.
const ALL_ENTRIES: &str = "query ($after: String) { page: leaderboard {
    entries(first: 50, after: $after) { edges { cursor rank points node { id name memberSince
        totals { totalPosts answers acceptedSolutions articles likesReceived }
        badges { key title times }
        posts(first: 5) { nodes { id title createdAt likeCount } } } } } } }";

/// Everything that the lists of questions tell.
const ALL_QUESTIONS: &str = "query ($after: String) {
    page: posts(first: 20, after: $after, filter: { kinds: [QUESTION] }) { edges { cursor node {
        id title createdAt likeCount answerCount author { id name }
        answers(first: 3) { nodes { id body createdAt isAccepted likeCount author { id name } } } } } } }";

fn main() {
    let runtime = runtime();
    if let Some(file) = after("--static") {
        return runtime.block_on(serve_static(&file));
    }
    if let Some(file) = after("--stock") {
        return runtime.block_on(stock::serve_told(Path::new(&file)));
    }
    if !is_measured() {
        return;
    }
    let kept = after("--data").unwrap_or_else(|| env!("CARGO_TARGET_TMPDIR").to_owned());
    runtime.block_on(measure(&PathBuf::from(kept).join("pages")));
}

async fn measure(kept: &Path) {
    let community = history::community(kept).await;
    let (told, cases) = told(&community, kept).await;
    println!(
        "three pages of an app over HTTP, {} cores shared with the clients; {PAGES} different ones of each",
        cores()
    );
    println!(
        "{:<12} {:>7} {:<8} {:>9} {:>8} {:>8} {:>7} {:>10} {:>9} {:>9} {:>9}",
        "",
        "clients",
        "by",
        "a second",
        "p50 µs",
        "p99 µs",
        "p99/p50",
        "CPU s/1000",
        "peak MiB",
        "to stock",
        "to static"
    );
    let mut bars = Bars::default();
    for case in &cases {
        println!("{}: {}", case.name, case.about);
        let plaudit = Served::plaudit(&community, &[]);
        let stock = Served::this("--stock", &told);
        let answer = same_answers(&plaudit, &stock, &case.requests).await;
        let floor = static_answer(&kept.join("answer"), &answer);
        for clients in CLIENTS {
            let mut loads = [&floor, &stock, &plaudit].map(|served| (served, Load::default()));
            for _ in 0..ROUNDS {
                // In turn, so that a change of the machine's speed meets all.
                for (served, all) in &mut loads {
                    all.add(load(served, clients, &case.requests, MEASURED).await);
                }
            }
            let [floor, stock, _] = loads.each_ref().map(|(_, load)| load.cpu_each());
            for (by, (served, load)) in ["static", "stock", "Plaudit"].iter().zip(&loads) {
                let cpu = load.cpu_each();
                println!(
                    "{:<12} {clients:>7} {by:<8} {:>9.0} {:>8} {:>8} {:>7.1} {:>10.3} {:>9.0} {:>9.2} {:>9.1}",
                    case.name,
                    load.rate(),
                    load.at(50).as_micros(),
                    load.at(99).as_micros(),
                    spread(load),
                    cpu * 1e3,
                    served.memory("VmHWM") / f64::from(1 << 20),
                    cpu / stock,
                    cpu / floor,
                );
            }
            let [_, _, (_, plaudit)] = &loads;
            bars.cpu = bars.cpu.max(plaudit.cpu_each() / stock);
            if clients == 16 {
                bars.spread = bars.spread.max(spread(plaudit));
            }
        }
    }
    println!(
        "at most {:.2} times the CPU of the stock engine (the bar is 1.3); p99 at 16 clients at most {:.1} times p50 (the bar is 5)",
        bars.cpu, bars.spread
    );
}

/// The worst of what is promised.
#[derive(Default)]
struct Bars {
    cpu: f64,
    spread: f64,
}

fn spread(load: &Load) -> f64 {
    load.at(99).as_secs_f64() / load.at(50).as_secs_f64()
}

/// One of the queries, and what it is asked with.
struct Case {
    name: &'static str,
    about: String,
    requests: Arc<[Vec<u8>]>,
}

/// What there is to tell, in a file for the stock engine, and which of it is asked for: pages that are as full as
/// the queries are meant.
async fn told(community: &Path, kept: &Path) -> (PathBuf, [Case; 3]) {
    let plaudit = Served::plaudit(community, &[]);
    let entries = every(&plaudit, ALL_ENTRIES, "/page/entries/edges").await;
    let questions = every(&plaudit, ALL_QUESTIONS, "/page/edges").await;
    let file = kept.join("told.json");
    let told = json!({ "entries": entries, "questions": questions });
    std::fs::write(&file, told.to_string()).unwrap();

    let badges = |entry: &Value| length(&entry["node"]["badges"]);
    let posts = |entry: &Value| length(&entry["node"]["posts"]["nodes"]);
    let answers = |question: &Value| length(&question["node"]["answers"]["nodes"]);
    let of = |what: &str, sum: usize, count: usize| {
        format!("{:.1} {what}", sum as f64 / (count * PAGES) as f64)
    };

    let mut profiles: Vec<&Value> = entries.iter().filter(|entry| posts(entry) == 5).collect();
    profiles.sort_by_key(|entry| badges(entry).abs_diff(10));
    profiles.truncate(PAGES);
    let profile = Case {
        name: "profile",
        about: of(
            "badges and 5 posts",
            profiles.iter().map(|it| badges(it)).sum(),
            1,
        ),
        requests: requests(
            PROFILE,
            "id",
            profiles.iter().map(|entry| &entry["node"]["id"]),
        ),
    };
    let (sum, after) = fullest(&entries, 50, |entry| badges(entry), 3);
    let leaderboard = Case {
        name: "leaderboard",
        about: format!("50 profiles, {} each", of("badges", sum, 50)),
        requests: requests(LEADERBOARD, "after", after),
    };
    let (sum, after) = fullest(&questions, 20, |question| answers(question), 3);
    let questions = Case {
        name: "questions",
        about: format!("20 questions, {} each", of("answers", sum, 20)),
        requests: requests(QUESTIONS, "after", after),
    };
    (file, [profile, leaderboard, questions])
}

/// All edges of a list, page after page.
async fn every(plaudit: &Served, query: &str, edges: &str) -> Vec<Value> {
    let mut client = Client::connect(&plaudit.address).await;
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().map(|edge| &edge["cursor"]);
        let mut data = client.data(query, json!({ "after": after }), None).await;
        let page = data.pointer_mut(edges).map(Value::take);
        match page {
            Some(Value::Array(page)) if !page.is_empty() => all.extend(page),
            _ => return all,
        }
    }
}

fn length(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

/// Of the pages of a list those that come nearest to so many things for each of its edges: how many things are on
/// all of them, and behind which cursors they begin.
fn fullest(
    edges: &[Value],
    size: usize,
    things: impl Fn(&Value) -> usize,
    wanted: usize,
) -> (usize, Vec<&Value>) {
    let pages = edges.windows(size + 1).step_by(size);
    let page = |page: &'_ [Value]| page[1..].iter().map(&things).sum::<usize>();
    let mut pages: Vec<_> = pages
        .map(|edges| (page(edges), &edges[0]["cursor"]))
        .collect();
    pages.sort_by_key(|(sum, _)| sum.abs_diff(wanted * size));
    pages.truncate(PAGES);
    let sum = pages.iter().map(|(sum, _)| sum).sum();
    (sum, pages.into_iter().map(|(_, cursor)| cursor).collect())
}

fn requests<'a>(
    query: &str,
    variable: &str,
    values: impl IntoIterator<Item = &'a Value>,
) -> Arc<[Vec<u8>]> {
    let request = |value| {
        http(
            &json!({ "query": query, "variables": { variable: value } }),
            None,
        )
    };
    let requests: Vec<_> = values.into_iter().map(request).collect();
    assert_eq!(requests.len(), PAGES, "the community is too small");
    requests.into()
}

/// Both answer the same to every request, byte for byte; Plaudit's answer to the first.
async fn same_answers(plaudit: &Served, stock: &Served, requests: &[Vec<u8>]) -> Vec<u8> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let mut plaudit = Client::connect(&plaudit.address).await;
    let mut stock = Client::connect(&stock.address).await;
    let mut first = None;
    for request in requests {
        let answers = [plaudit.ask(request).await, stock.ask(request).await];
        let [ours, theirs] = answers
            .each_ref()
            .map(|answer| serde_json::from_slice::<Answer>(answer).unwrap().data.get());
        assert_eq!(ours, theirs);
        let [ours, _] = answers;
        first.get_or_insert(ours);
    }
    first.unwrap()
}
