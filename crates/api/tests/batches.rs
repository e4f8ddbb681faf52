//! How much is read.

use async_graphql::value;
use plaudit_domain::PostId;
use plaudit_domain::acceptance::Accept;
use plaudit_domain::account::Register;
use plaudit_domain::like::LikePost;
use plaudit_domain::post::{Answer, Comment, Open, Topic};
use plaudit_domain::watch::WatchPost;
use uuid::Uuid;

use crate::community::{Asked, actor};

fn post(number: usize, part: usize) -> PostId {
    PostId(Uuid::from_u128((number as u128) << 64 | part as u128))
}

/// A hundred questions of as many people.
async fn busy() -> Asked {
    let asked = Asked::new().await;
    let person = |number: usize| format!("member {}", number % 100);
    for number in 0..100 {
        asked
            .record(
                &person(number),
                Register {
                    name: person(number),
                },
            )
            .await;
    }
    for number in 0..100 {
        let question = post(number, 0);
        let (asker, other, third) = (person(number), person(number + 1), person(number + 2));
        let open = Open {
            post: question,
            topic: Topic::Question,
            title: format!("Question {number}"),
            body: "How?".into(),
            tags: vec![],
        };
        asked.record(&asker, open).await;
        for (part, by) in [(1, &other), (2, &third)] {
            let answer = Answer {
                post: post(number, part),
                question,
                body: "So.".into(),
            };
            asked.record(by, answer).await;
            let comment = Comment {
                post: post(number, part + 2),
                on: question,
                body: "Ah.".into(),
            };
            asked.record(by, comment).await;
            asked.record(by, LikePost { post: question }).await;
        }
        let answer = post(number, 1);
        asked.record(&asker, Accept { question, answer }).await;
        asked.record(&third, WatchPost { post: question }).await;
    }
    asked
}

const ALL: &str = "query ($n: Int!) { posts(first: $n) { totalCount nodes { id body author { name profile { name totals { answers } } } acceptedAnswer { body author { name } parent { title } } answers(first: 2) { nodes { body author { name profile {name} } viewerHasLiked comments(first: 2) { nodes { author { name } } } } } comments(first: 2) { nodes { author { name } } } likers(first: 2) { nodes { name profile { name } } } viewerHasLiked viewerIsWatching } } }";

#[tokio::test(flavor = "multi_thread")]
async fn multi() {
    let asked = busy().await;
    for _ in 0..3 {
        for n in [5, 20, 100] {
            let before = asked.api.batches();
            let start = std::time::Instant::now();
            asked
                .data(Some(actor("member 3")), ALL, value!({ "n": n }))
                .await;
            println!(
                "multi {n}: {} {:?}",
                asked.api.batches() - before,
                start.elapsed()
            );
        }
    }
}

#[tokio::test]
async fn single() {
    let asked = busy().await;
    for _ in 0..3 {
        for n in [5, 20, 100] {
            let before = asked.api.batches();
            let start = std::time::Instant::now();
            asked
                .data(Some(actor("member 3")), ALL, value!({ "n": n }))
                .await;
            println!(
                "single {n}: {} {:?}",
                asked.api.batches() - before,
                start.elapsed()
            );
        }
    }
}
