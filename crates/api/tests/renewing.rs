//! Rules that change, and rows that are folded anew, while members read and write.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_graphql::Value;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use plaudit_api::{Answer, Operation};
use plaudit_domain::account::Register;
use plaudit_domain::like::LikePost;
use plaudit_domain::post::{Answer as AnswerQuestion, Open, Topic};
use plaudit_domain::{Actor, PostId, Roles};
use plaudit_projection::Rules;
use plaudit_replay::activation::activate;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::community::{Asked, actor};
use crate::privacy::at;

const LIKED: &str = "a post of yours\"\non = \"PostLiked\"\nto = \"author\"\npoints = ";

/// The standard rules, by which a like is worth so many points.
fn rules(points: u32) -> Rules {
    let mut files = Rules::standard().unwrap().files().to_vec();
    let (_, text) = files
        .iter_mut()
        .find(|(_, text)| text.contains(LIKED))
        .unwrap();
    let (before, after) = text.split_once(LIKED).unwrap();
    let (_, after) = after.split_once('\n').unwrap();
    *text = format!("{before}{LIKED}{points}\n{after}");
    // Tests beside the rules tell of the standard ones; nothing runs them here.
    Rules::parse(&files).unwrap()
}

fn staff() -> Actor {
    let roles = Roles {
        admin: true,
        ..Roles::default()
    };
    Actor {
        roles,
        ..actor("staff")
    }
}

async fn register(asked: &Asked, name: &str) {
    let register = Register { name: name.into() };
    let position = asked.record(actor(name), register).await;
    assert!(
        asked
            .community
            .readable(position, Duration::from_secs(10))
            .await
    );
}

/// Ada asked a question, and Ben likes it.
async fn community() -> Asked {
    let asked = Asked::renewed().await;
    for name in ["ada", "ben", "staff"] {
        register(&asked, name).await;
    }
    let post = PostId(Uuid::from_u128(7));
    let open = Open {
        post,
        topic: Topic::Question,
        group: None,
        title: "Title".into(),
        body: "Body".into(),
        tags: vec![],
        without_review: false,
    };
    asked.record(actor("ada"), open).await;
    let position = asked.record(actor("ben"), LikePost { post }).await;
    assert!(
        asked
            .community
            .readable(position, Duration::from_secs(10))
            .await
    );
    asked
}

const BOTH: &str = "{ rules { active { hash } } posts(first: 1) { nodes { author { profile { kudos { points } } } } } }";

/// By which rules an answer tells how many points.
async fn both(asked: &Asked) -> (String, Value) {
    let data = asked.data(Some(staff()), BOTH, Value::Null).await;
    let Value::String(hash) = at(&data, &["rules", "active", "hash"]) else {
        panic!("{data}");
    };
    let path = [
        "posts", "nodes", "0", "author", "profile", "kudos", "points",
    ];
    (hash.clone(), at(&data, &path).clone())
}

async fn until_read(asked: &Asked, rules: &Rules) -> Value {
    let began = Instant::now();
    loop {
        let (hash, points) = both(asked).await;
        if hash == rules.hash() {
            return points;
        }
        assert!(began.elapsed() < Duration::from_secs(60));
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_answer_is_wholly_of_one_generation_however_often_it_is_another() {
    let asked = Arc::new(community().await);
    let journal = asked.community.journal().clone();
    let sets = [rules(3), rules(5)];
    let mut right = HashMap::new();
    for set in &sets {
        activate(&journal, set).await.unwrap();
        right.insert(set.hash().to_owned(), until_read(&asked, set).await);
    }
    let [three, five] = sets.each_ref().map(|set| right[set.hash()].clone());
    assert_ne!(three, five);

    let (done, reads) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let right = Arc::new(right);
    let mut load = JoinSet::new();
    for _ in 0..3 {
        let (asked, right) = (asked.clone(), right.clone());
        let (done, reads) = (done.clone(), reads.clone());
        load.spawn(async move {
            while !done.load(Ordering::Relaxed) {
                let (hash, points) = both(&asked).await;
                assert_eq!(points, right[&hash]);
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    for writer in 0..2 {
        let (asked, done) = (asked.clone(), done.clone());
        load.spawn(async move {
            for number in 0.. {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                let name = format!("w{writer}x{number}");
                let write = format!(
                    "mutation {{ accountRegister(input: {{ name: \"{name}\" }}) {{ account {{ name }} }} }}"
                );
                let data = asked.data(Some(actor(&name)), &write, Value::Null).await;
                let told = at(&data, &["accountRegister", "account", "name"]);
                assert_eq!(told, &Value::from(name.as_str()));
            }
        });
    }
    let renewal = asked.community.renewal().unwrap();
    let rebuilds = renewal.state().rebuilds;
    for round in 0..6 {
        let set = &sets[round % 2];
        activate(&journal, set).await.unwrap();
        until_read(&asked, set).await;
    }
    // All that was kept, and none of it was folded anew.
    assert_eq!(renewal.state().rebuilds, rebuilds);
    let swaps = renewal.state().swaps;
    for number in 1..4 {
        while !renewal.rebuild() {
            sleep(Duration::from_millis(5)).await;
        }
        while renewal.state().swaps < swaps + number {
            assert!(renewal.state().failure.is_none(), "{:?}", renewal.state());
            sleep(Duration::from_millis(5)).await;
        }
    }
    done.store(true, Ordering::Relaxed);
    while let Some(ended) = load.join_next().await {
        ended.unwrap();
    }
    assert!(reads.load(Ordering::Relaxed) > 20, "{reads:?}");
}

/// What a subscription answers, as it comes.
async fn following(asked: &Asked, viewer: Actor, document: &str) -> BoxStream<'static, Answer> {
    let body = json!({ "query": document }).to_string();
    let operation = Operation::from_json(body.as_bytes()).unwrap();
    let Ok(followed) = asked.api.follow(operation, Some(viewer)).await else {
        panic!("{document} is refused");
    };
    followed.answers
}

async fn next(answers: &mut BoxStream<'static, Answer>) -> serde_json::Value {
    let next = timeout(Duration::from_secs(20), answers.next()).await;
    serde_json::from_slice(&next.unwrap().unwrap().body).unwrap()
}

async fn answered(asked: &Asked, who: &str, number: u128) {
    let answer = AnswerQuestion {
        post: PostId(Uuid::from_u128(number)),
        question: PostId(Uuid::from_u128(7)),
        body: "Body".into(),
    };
    asked.record(actor(who), answer).await;
}

async fn renewed(asked: &Asked) {
    let renewal = asked.community.renewal().unwrap();
    let swaps = renewal.state().swaps;
    while !renewal.rebuild() {
        sleep(Duration::from_millis(5)).await;
    }
    let began = Instant::now();
    while renewal.state().swaps == swaps {
        assert!(began.elapsed() < Duration::from_secs(30));
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_goes_on_after_a_swap_is_told_everything_once_and_keeps_nothing_in_use() {
    let asked = community().await;
    let document = "subscription { notificationReceived { node { actor { name } } } }";
    let mut told = following(&asked, actor("ada"), document).await;
    let name = |answer: &serde_json::Value| {
        answer["data"]["notificationReceived"]["node"]["actor"]["name"].clone()
    };
    // Nobody follows before they ask for the first.
    let (first, ()) = tokio::join!(next(&mut told), async {
        sleep(Duration::from_millis(300)).await;
        answered(&asked, "ben", 8).await;
    });
    assert_eq!(name(&first), "ben", "{first}");
    let before = Arc::downgrade(&asked.community.read_models());
    renewed(&asked).await;
    answered(&asked, "staff", 9).await;
    assert_eq!(name(&next(&mut told).await), "staff");
    let began = Instant::now();
    while before.upgrade().is_some() {
        assert!(began.elapsed() < Duration::from_secs(20));
        sleep(Duration::from_millis(20)).await;
    }
    renewed(&asked).await;
    let silence = timeout(Duration::from_secs(1), told.next()).await;
    assert!(silence.is_err(), "nobody is told twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_follow_a_rebuild_to_its_end_and_nobody_else_does() {
    let asked = community().await;
    let document =
        "subscription { projectionProgress { phase generation position head progress } }";
    let refused = next(&mut following(&asked, actor("ada"), document).await).await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");

    let mut told = following(&asked, staff(), document).await;
    let first = next(&mut told).await["data"]["projectionProgress"].clone();
    assert_eq!(first["generation"], 1);
    assert_eq!(
        (&first["position"], &first["phase"]),
        (&first["head"], &json!("LIVE"))
    );
    renewed(&asked).await;
    loop {
        let now = next(&mut told).await["data"]["projectionProgress"].clone();
        if now["generation"] == 2 && now["phase"] == "LIVE" {
            break;
        }
    }
}
