//! Following the history, while it goes on.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use plaudit_api::{Answer, Operation};
use plaudit_domain::Actor;
use plaudit_domain::like::{LikePost, UnlikePost};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::community::{Asked, actor};
use crate::events::{analyst, ask, community, folded, post, register};

/// Somebody who follows.
struct Follower {
    answers: BoxStream<'static, Answer>,
}

impl Follower {
    async fn new(asked: &Asked, filter: &str, after: Option<u64>, last: Option<&str>) -> Self {
        let after = after
            .map(|after| format!("after: \"{after}\","))
            .unwrap_or_default();
        let query = format!(
            "subscription {{ eventRecorded({after} filter: {{ {filter} }}) {{ node {{ position }} }} }}"
        );
        Self::of(asked, Some(analyst()), &query, last).await
    }

    async fn of(asked: &Asked, viewer: Option<Actor>, query: &str, last: Option<&str>) -> Self {
        let body = json!({ "query": query }).to_string();
        let mut operation = Operation::from_json(body.as_bytes()).unwrap();
        operation.last_answer = last.map(str::to_owned);
        let followed = asked.api.follow(operation, viewer).await.unwrap();
        let answers = followed.answers;
        Self { answers }
    }

    async fn answer(&mut self) -> Option<(Option<String>, Value)> {
        let answer = timeout(Duration::from_secs(20), self.answers.next());
        let answer = answer.await.expect("something comes")?;
        Some((answer.id, serde_json::from_slice(&answer.body).unwrap()))
    }

    /// The next position, which is the answer's id, too.
    async fn next(&mut self) -> u64 {
        let (id, answer) = self.answer().await.unwrap();
        let position = &answer["data"]["eventRecorded"]["node"]["position"];
        assert_eq!(position.as_str(), id.as_deref(), "{answer}");
        id.unwrap().parse().unwrap()
    }
}

/// Several like and take back at the same time.
async fn write(asked: &Arc<Asked>, writers: usize, times: usize) {
    for number in 0..writers {
        register(asked, &format!("writer {number}")).await;
    }
    let writers = (0..writers).map(|number| {
        let asked = asked.clone();
        tokio::spawn(async move {
            let writer = actor(&format!("writer {number}"));
            for _ in 0..times {
                asked.record(writer, LikePost { post: post(1) }).await;
                asked.record(writer, UnlikePost { post: post(1) }).await;
                tokio::task::yield_now().await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_follows_gets_everything_once_and_in_order_from_what_was_to_what_comes() {
    let asked = Arc::new(community().await);
    let writing = tokio::spawn({
        let asked = asked.clone();
        async move { write(&asked, 4, 30).await }
    });
    // From the first event, from the middle, and only what is looked for.
    let mut all = Follower::new(&asked, "", Some(0), None).await;
    let mut rest = Follower::new(&asked, "", Some(5), None).await;
    let filter = r#"types: ["LikeWithdrawn"]"#;
    let mut withdrawn = Follower::new(&asked, filter, Some(0), None).await;
    let last = 7 + 4 + 4 * 30 * 2;
    for position in 1..=last {
        assert_eq!(all.next().await, position);
    }
    for position in 6..=last {
        assert_eq!(rest.next().await, position);
    }
    writing.await.unwrap();
    let events = asked.community.journal().read_all(0, 1_000).await.unwrap();
    assert_eq!(events.len() as u64, last);
    for event in &events {
        if event.fact.stored_type().0 == "LikeWithdrawn" {
            assert_eq!(withdrawn.next().await, event.position);
        }
    }
    // Whoever asks from now on gets what comes from now on.
    let mut late = Follower::new(&asked, "", None, None).await;
    let next = tokio::spawn(async move { late.next().await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    ask(&asked, 9).await;
    assert_eq!(next.await.unwrap(), last + 1);
    assert_eq!(all.next().await, last + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_breaks_off_again_and_again_misses_nothing_and_gets_nothing_twice() {
    let asked = Arc::new(community().await);
    let writing = tokio::spawn({
        let asked = asked.clone();
        async move { write(&asked, 2, 20).await }
    });
    let end = 7 + 2 + 2 * 20 * 2;
    let mut last: Option<String> = None;
    let mut positions = Vec::new();
    for count in (1..8).cycle() {
        // The operation stays the same: what was got last says where it goes on.
        let mut follower = Follower::new(&asked, "", Some(3), last.as_deref()).await;
        for _ in 0..count {
            positions.push(follower.next().await);
            if positions.last() == Some(&end) {
                break;
            }
        }
        last = positions.last().map(u64::to_string);
        if positions.last() == Some(&end) {
            break;
        }
    }
    writing.await.unwrap();
    assert_eq!(positions, (4..=end).collect::<Vec<_>>());
}

#[tokio::test]
async fn only_analysts_follow_the_history_and_mistakes_are_told_at_once() {
    let asked = community().await;
    let query = "subscription { eventRecorded { cursor } }";
    for (viewer, query, code) in [
        (Some(actor("ada")), query, "FORBIDDEN"),
        (None, query, "FORBIDDEN"),
        (
            Some(analyst()),
            r#"subscription { eventRecorded(filter: { types: ["PostLike"] }) { cursor } }"#,
            "INVALID_FILTER",
        ),
        (
            Some(analyst()),
            r#"subscription { eventRecorded(after: "yesterday") { cursor } }"#,
            "INVALID_PAGE",
        ),
    ] {
        let mut follower = Follower::of(&asked, viewer, query, None).await;
        let (_, answer) = follower.answer().await.unwrap();
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{answer}");
        assert_eq!(follower.answer().await, None, "it ends");
    }
}

#[tokio::test]
async fn what_is_followed_can_be_read_when_it_comes() {
    let asked = community().await;
    let mut follower = Follower::new(&asked, "", None, None).await;
    let next = tokio::spawn(async move { follower.next().await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    ask(&asked, 9).await;
    let position = next.await.unwrap();
    assert!(
        asked
            .community
            .read_models()
            .store()
            .position()
            .await
            .unwrap()
            >= position
    );
    folded(&asked).await;
}

#[tokio::test]
async fn a_subscription_follows_one_thing() {
    let asked = community().await;
    let query = "subscription { eventRecorded { cursor } other: eventRecorded { cursor } }";
    let body = json!({ "query": query }).to_string();
    let operation = Operation::from_json(body.as_bytes()).unwrap();
    let refused = asked.api.follow(operation, Some(analyst())).await;
    let refused = refused.err().unwrap();
    assert_eq!(refused.codes, ["GRAPHQL_VALIDATION_FAILED"]);
}
