//! What reads and writes take while a million events are folded anew beside them, and without that.
//!
//! `cargo bench -p plaudit-api --bench renewing -- 1000000` says how many events there are.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plaudit_api::{Allowed, Api, Operation};
use plaudit_domain::account::{Register, Registered};
use plaudit_domain::fact::{AccountFact, LikeFact, PostFact};
use plaudit_domain::like::Like;
use plaudit_domain::post::{Created, Kind};
use plaudit_domain::{AccountId, Actor, Fact, NewEvent, PostId, Time};
use plaudit_journal::SharedJournal;
use plaudit_journal::keys::Keyring;
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_projection::Rules;
use plaudit_replay::live::Target;
use plaudit_replay::{Community, Generations, Request};
use serde_json::json;
use tokio::time::sleep;
use uuid::Uuid;

const EVENTS: u128 = 1_000_000;
/// So many events are recorded at once.
const BATCH: u128 = 20_000;
/// Of a hundred events so many are accounts and posts; the rest are likes.
const ACCOUNTS: u128 = 5;
const POSTS: u128 = 25;

const READ: &str = "{ posts(first: 20) { nodes { id title likeCount author { name profile { id totals { likesReceived } kudos { points } } } } } }";

fn main() {
    let mut events = std::env::args().filter_map(|argument| argument.parse().ok());
    let events = events.next_back().unwrap_or(EVENTS);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure(events));
}

async fn measure(events: u128) {
    let data = tempfile::tempdir().unwrap();
    let community = community(data.path(), events).await;
    let api = Arc::new(Api::of(community.clone()));
    println!("{events} events; each of a reader and a writer asks again when it has the answer");
    let without = load(&community, &api, false).await;
    let during = load(&community, &api, true).await;
    for (what, [without, during]) in [
        ("append and fold", [&without.0, &during.0]),
        ("a page of 20 questions", [&without.1, &during.1]),
    ] {
        let [(a, b), (c, d)] = [percentiles(without), percentiles(during)];
        println!(
            "{what:<24} p50 {a:>7} µs, p99 {b:>7} µs; while it is folded anew p50 {c:>7} µs, p99 {d:>7} µs \
             ({:.2} times)",
            d as f64 / b as f64
        );
    }
}

/// A community with a history.
async fn community(folder: &std::path::Path, events: u128) -> Arc<Community> {
    let keys = Arc::new(Keyring::in_memory().unwrap());
    let journal = SqliteJournal::open(&folder.join("journal.sqlite"), keys).unwrap();
    let journal: SharedJournal = Arc::new(journal);
    let mut number = 0;
    while number < events {
        let batch = number..events.min(number + BATCH);
        number = batch.end;
        journal
            .append_many(batch.map(event).collect())
            .await
            .unwrap();
    }
    let rules = Arc::new(Rules::standard().unwrap());
    let generations = Generations::open(&folder.join("read-models"), rules.clone()).unwrap();
    let current = generations.current(&journal, &mut |_| ()).await.unwrap();
    let target = Target {
        generations: Some((generations.clone(), current.number)),
        store: current.store,
        rules,
    };
    let community = Arc::new(Community::start(journal, target).await.unwrap());
    community.renew_in(generations).unwrap();
    community
}

fn account(number: u128) -> AccountId {
    AccountId(Uuid::from_u128(0xacc0 << 64 | number))
}

fn post(number: u128) -> PostId {
    PostId(Uuid::from_u128(0x9057 << 64 | number))
}

/// The event of a number: in each hundred first accounts, then posts of these, then likes of posts.
fn event(number: u128) -> NewEvent {
    let (hundred, place) = (number / 100, number % 100);
    let member = account(hundred * ACCOUNTS + place % ACCOUNTS);
    let fact: Fact = if place < ACCOUNTS {
        AccountFact::Registered(Registered {
            account: member,
            name: format!("Member {number}").into(),
            origin: None,
        })
        .into()
    } else if place < ACCOUNTS + POSTS {
        PostFact::Created(Created {
            post: post(hundred * POSTS + place - ACCOUNTS),
            kind: Kind::Question,
            author: Some(member),
            parent: None,
            group: None,
            title: Some("A question".to_owned().into()),
            body: "What is the matter?".to_owned().into(),
            tags: vec!["beer".into()],
            origin: None,
        })
        .into()
    } else {
        let liked = (place - ACCOUNTS - POSTS) % POSTS;
        LikeFact::Liked(Like {
            post: post(hundred * POSTS + liked),
            account: account(hundred * ACCOUNTS + (liked + place / POSTS) % ACCOUNTS),
            author: Some(account(hundred * ACCOUNTS + liked % ACCOUNTS)),
        })
        .into()
    };
    NewEvent {
        id: Uuid::from_u128(0xe4e7 << 64 | number),
        occurred_at: Time::from_micros(1_600_000_000_000_000 + i64::try_from(number).unwrap()),
        actor: None,
        correlation: None,
        causation: None,
        imported: false,
        fact,
    }
}

/// How long each write and each read took: for some seconds, or as long as all is folded anew.
async fn load(
    community: &Arc<Community>,
    api: &Arc<Api>,
    renewed: bool,
) -> (Vec<Duration>, Vec<Duration>) {
    let done = Arc::new(AtomicBool::new(false));
    let writing = {
        let (community, done) = (community.clone(), done.clone());
        tokio::spawn(async move {
            let mut took = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let request = Request {
                    actor: Actor::member(AccountId(Uuid::now_v7())),
                    id: Uuid::now_v7(),
                    idempotency: None,
                };
                let register = Register { name: "New".into() };
                let began = Instant::now();
                community.execute(&request, &register).await.unwrap();
                took.push(began.elapsed());
            }
            took
        })
    };
    let reading = {
        let (api, done) = (api.clone(), done.clone());
        tokio::spawn(async move {
            let body = json!({ "query": READ }).to_string();
            let mut took = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let operation = Operation::from_json(body.as_bytes()).unwrap();
                let began = Instant::now();
                api.execute(operation, None, Allowed::Queries).await;
                took.push(began.elapsed());
            }
            took
        })
    };
    match renewed {
        false => sleep(Duration::from_secs(10)).await,
        true => {
            let renewal = community.renewal().unwrap();
            let swaps = renewal.state().swaps;
            assert!(renewal.rebuild());
            while renewal.state().swaps == swaps {
                assert!(renewal.state().failure.is_none());
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
    done.store(true, Ordering::Relaxed);
    (writing.await.unwrap(), reading.await.unwrap())
}

/// The median and the 99th percentile, in microseconds.
fn percentiles(took: &[Duration]) -> (u128, u128) {
    let mut took = took.to_vec();
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 100].as_micros();
    (at(50), at(99))
}
