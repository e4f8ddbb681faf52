//! Following a profile, a post, a leaderboard.

use std::time::Duration;

use async_graphql::Value as Graph;
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::BoxStream;
use plaudit_api::{Answer, Operation};
use plaudit_domain::like::{LikePost, UnlikePost};
use plaudit_domain::post::Comment;
use plaudit_domain::profile::ChangeVisibility;
use plaudit_domain::report::{Reason, Report};
use plaudit_domain::watch::WatchPost;
use plaudit_domain::{Actor, Roles, Visibility};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::community::{Asked, actor};
use crate::events::{ask, community, folded, post, register};

const POST: &str = "subscription ($id: ID!, $after: String) {
    postChanged(id: $id, after: $after) { position post { likeCount answerCount } } }";
const PROFILE: &str = "subscription ($id: ID!, $after: String) {
    profileChanged(id: $id, after: $after) { position profile { visibility totals { likesReceived } } } }";
const LEADERBOARD: &str = "subscription ($after: String) {
    leaderboardChanged(after: $after) { position leaderboard { entries { edges { rank points } } } } }";

/// Somebody who follows.
struct Follower(BoxStream<'static, Answer>);

impl Follower {
    /// Follows something; when this returns, it is followed.
    async fn of(asked: &Asked, viewer: Option<Actor>, query: &str, variables: Value) -> Self {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let operation = Operation::from_json(body.as_bytes()).unwrap();
        let followed = asked.api.follow(operation, viewer).await;
        let Ok(followed) = followed else {
            panic!("it can be followed");
        };
        let mut follower = Self(followed.answers);
        // It begins once it is polled.
        assert!(follower.is_silent(20).await);
        follower
    }

    async fn is_silent(&mut self, milliseconds: u64) -> bool {
        let wait = Duration::from_millis(milliseconds);
        timeout(wait, self.0.next()).await.is_err()
    }

    async fn answer(&mut self) -> Value {
        let answer = timeout(Duration::from_secs(20), self.0.next());
        let answer = answer.await.expect("something comes").unwrap();
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// What is told next of a field, whose position is the answer's id.
    async fn next(&mut self, field: &str) -> Value {
        let mut answer = self.answer().await;
        let told = answer["data"][field].take();
        assert_eq!(
            told["position"], answer["extensions"]["eventId"],
            "{answer}"
        );
        told
    }
}

async fn id_of_post(asked: &Asked, number: usize) -> Value {
    let query = "{ posts(first: 10, filter: { kinds: [QUESTION, ANSWER] }) { nodes { id } } }";
    let data = asked
        .data(None, query, Graph::Null)
        .await
        .into_json()
        .unwrap();
    let nodes = data["posts"]["nodes"].as_array().unwrap().clone();
    // The newest is first.
    nodes[nodes.len() - number]["id"].clone()
}

async fn id_of_profile(asked: &Asked, name: &str) -> Value {
    let query = "{ viewer { profile { id } } }";
    let data = asked.data(Some(actor(name)), query, Graph::Null).await;
    data.into_json().unwrap()["viewer"]["profile"]["id"].clone()
}

async fn position(asked: &Asked) -> Value {
    let data = asked.data(None, "{ position }", Graph::Null).await;
    data.into_json().unwrap()["position"].clone()
}

#[tokio::test]
async fn who_follows_a_post_is_told_of_it_and_of_what_is_written_on_it() {
    let asked = community().await;
    let (question, answer) = (id_of_post(&asked, 1).await, id_of_post(&asked, 2).await);
    let mut on_question = Follower::of(&asked, None, POST, json!({ "id": question })).await;
    let mut on_answer = Follower::of(&asked, None, POST, json!({ "id": answer })).await;

    let like = LikePost { post: post(1) };
    let at = asked.record(actor("dora"), like).await;
    let told = on_question.next("postChanged").await;
    assert_eq!(told["position"], at.to_string());
    assert_eq!(told["post"], json!({ "likeCount": 2, "answerCount": 1 }));
    assert!(on_answer.is_silent(100).await, "it is about the question");

    // A comment on the answer is on the question's page, too.
    let comment = Comment {
        post: post(3),
        on: post(2),
        body: "Really?".into(),
    };
    asked.record(actor("ada"), comment).await;
    on_question.next("postChanged").await;
    on_answer.next("postChanged").await;
    let like = LikePost { post: post(3) };
    asked.record(actor("ben"), like).await;
    on_question.next("postChanged").await;
    on_answer.next("postChanged").await;

    // What else happens is nothing to them.
    register(&asked, "emil").await;
    ask(&asked, 9).await;
    assert!(on_question.is_silent(100).await);
    assert!(on_answer.is_silent(100).await);
}

#[tokio::test]
async fn who_goes_on_from_a_position_misses_nothing() {
    let asked = community().await;
    let id = id_of_post(&asked, 1).await;
    let loaded = position(&asked).await;
    asked
        .record(actor("dora"), LikePost { post: post(1) })
        .await;
    folded(&asked).await;
    let variables = json!({ "id": id, "after": loaded });
    let body = json!({ "query": POST, "variables": variables }).to_string();
    let operation = Operation::from_json(body.as_bytes()).unwrap();
    let followed = asked.api.follow(operation, None).await;
    let mut follower = Follower(followed.ok().unwrap().answers);
    let told = follower.next("postChanged").await;
    assert_eq!(told["post"]["likeCount"], 2);
    // From there on nothing has happened.
    let variables = json!({ "id": id, "after": told["position"] });
    let mut again = Follower::of(&asked, None, POST, variables).await;
    asked
        .record(actor("dora"), UnlikePost { post: post(1) })
        .await;
    for follower in [&mut follower, &mut again] {
        let told = follower.next("postChanged").await;
        assert_eq!(told["post"]["likeCount"], 1);
    }
    // What changes close together is told once, as it is in the end.
    for _ in 0..10 {
        asked
            .record(actor("dora"), LikePost { post: post(1) })
            .await;
        asked
            .record(actor("dora"), UnlikePost { post: post(1) })
            .await;
    }
    let mut told = 0;
    while !again.is_silent(600).await {
        told += 1;
    }
    assert!(told <= 3, "{told}");
}

#[tokio::test]
async fn who_follows_a_profile_is_told_what_is_done_to_it() {
    let asked = community().await;
    let id = id_of_profile(&asked, "ada").await;
    let mut follower = Follower::of(&asked, None, PROFILE, json!({ "id": id })).await;
    asked
        .record(actor("dora"), LikePost { post: post(1) })
        .await;
    let told = follower.next("profileChanged").await;
    assert_eq!(told["profile"]["totals"]["likesReceived"], 2);
    asked
        .record(actor("dora"), UnlikePost { post: post(2) })
        .await;
    assert!(follower.is_silent(100).await, "that is Ben's");
}

#[tokio::test]
async fn p6_nobody_is_told_when_who_is_private_does_something() {
    let asked = community().await;
    let id = id_of_profile(&asked, "ada").await;
    let visible = async |visibility| {
        let change = ChangeVisibility { visibility };
        asked.record(actor("ada"), change).await;
    };
    visible(Visibility::Private).await;
    folded(&asked).await;
    let variables = json!({ "id": id });
    let mut other = Follower::of(&asked, Some(actor("ben")), PROFILE, variables.clone()).await;
    let mut own = Follower::of(&asked, Some(actor("ada")), PROFILE, variables).await;
    ask(&asked, 9).await;
    let told = own.next("profileChanged").await;
    assert_eq!(told["profile"]["visibility"], "PRIVATE");
    assert!(other.is_silent(400).await);
    visible(Visibility::Public).await;
    let told = other.next("profileChanged").await;
    assert_eq!(told["profile"]["visibility"], "PUBLIC");
    sleep(Duration::from_millis(300)).await;
    visible(Visibility::Private).await;
    let told = other.next("profileChanged").await;
    assert_eq!(
        told["profile"],
        json!({ "visibility": "PRIVATE", "totals": null })
    );
    ask(&asked, 10).await;
    assert!(other.is_silent(400).await);
}

/// Nobody can tell from it when somebody is there.
#[tokio::test]
async fn p6_what_nobody_sees_is_told_to_its_owner_alone() {
    let asked = community().await;
    let profile = id_of_profile(&asked, "ben").await;
    let question = id_of_post(&asked, 1).await;
    let variables = json!({ "id": profile });
    let mut other = Follower::of(&asked, Some(actor("ada")), PROFILE, variables.clone()).await;
    let mut own = Follower::of(&asked, Some(actor("ben")), PROFILE, variables).await;
    let mut on_question = Follower::of(&asked, None, POST, json!({ "id": question })).await;
    let command = WatchPost { post: post(1) };
    asked.record(actor("ben"), command).await;
    own.next("profileChanged").await;
    on_question.next("postChanged").await;
    assert!(other.is_silent(300).await);
    let report = Report {
        post: post(1),
        reason: Reason::LinkSpam,
        comment: None,
    };
    asked.record(actor("ben"), report).await;
    own.next("profileChanged").await;
    assert!(other.is_silent(300).await);
    assert!(on_question.is_silent(10).await);
}

#[tokio::test]
async fn who_follows_a_leaderboard_is_told_when_it_is_another_one() {
    let asked = community().await;
    let mut follower = Follower::of(&asked, None, LEADERBOARD, json!({})).await;
    let write = r#"mutation { articleCreate(input: { title: "Rye", body: "Slowly.", tags: [] }) {
        userErrors { code } } }"#;
    asked.data(Some(actor("ben")), write, Graph::Null).await;
    let told = follower.next("leaderboardChanged").await;
    let edges = &told["leaderboard"]["entries"]["edges"];
    assert_eq!(edges[0]["rank"], 1, "{told}");
    // Nobody has other points for this.
    sleep(Duration::from_millis(300)).await;
    register(&asked, "emil").await;
    assert!(follower.is_silent(300).await);
    let resumed = json!({ "after": "1" });
    let body = json!({ "query": LEADERBOARD, "variables": resumed }).to_string();
    let operation = Operation::from_json(body.as_bytes()).unwrap();
    let followed = asked.api.follow(operation, None).await;
    let mut resumed = Follower(followed.ok().unwrap().answers);
    resumed.next("leaderboardChanged").await;
}

#[tokio::test]
async fn what_is_not_there_or_not_theirs_can_not_be_followed() {
    let asked = community().await;
    let (question, profile) = (
        id_of_post(&asked, 1).await,
        id_of_profile(&asked, "ada").await,
    );
    let nowhere = "cAAAAAAAAAAAAAAAAAAAAAA";
    let code = async |query: &str, variables: Value| {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let operation = Operation::from_json(body.as_bytes()).unwrap();
        let followed = asked.api.follow(operation, None).await;
        let mut follower = Follower(followed.ok().unwrap().answers);
        let answer = follower.answer().await;
        assert!(follower.0.next().await.is_none());
        answer["errors"][0]["extensions"]["code"].clone()
    };
    assert_eq!(code(POST, json!({ "id": nowhere })).await, "NOT_FOUND");
    assert_eq!(code(POST, json!({ "id": profile })).await, "INVALID_ID");
    assert_eq!(code(PROFILE, json!({ "id": question })).await, "INVALID_ID");
    let after = json!({ "id": question, "after": "yesterday" });
    assert_eq!(code(POST, after).await, "INVALID_PAGE");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_follow_and_only_those_read_whom_something_concerns() {
    let asked = community().await;
    let (first, second) = (id_of_post(&asked, 1).await, id_of_post(&asked, 2).await);
    let begun = |id: &Value, number: usize| {
        let id = id.clone();
        let asked = &asked;
        join_all((0..number).map(move |_| Follower::of(asked, None, POST, json!({ "id": id }))))
    };
    let mut some = begun(&first, 10).await;
    let mut many = begun(&second, 1_000).await;
    let staff = Actor {
        roles: Roles {
            admin: true,
            ..Roles::default()
        },
        ..actor("staff")
    };
    let mut told = Vec::new();
    for name in ["ada", "ben", "dora"] {
        let query = "subscription { notificationReceived { cursor } }";
        told.push(Follower::of(&asked, Some(actor(name)), query, json!({})).await);
    }
    told.push(
        Follower::of(
            &asked,
            Some(staff),
            "subscription { notificationReceived { cursor } }",
            json!({}),
        )
        .await,
    );

    let before = asked.api.batches();
    asked
        .record(actor("dora"), LikePost { post: post(1) })
        .await;
    for follower in &mut some {
        follower.next("postChanged").await;
    }
    let read = asked.api.batches() - before;
    assert!(read <= 40, "{read} batches for 10 who follow");
    asked.record(actor("ada"), LikePost { post: post(2) }).await;
    join_all(many.iter_mut().map(|follower| follower.next("postChanged"))).await;
}
