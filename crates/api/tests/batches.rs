//! How often rows are read: by the shape of a query, never by the length of a list.
//!
//! On several threads, as a server has them: a loader that guesses when everybody has asked guesses
//! wrong there.

use std::time::Duration;

use async_graphql::{Value, value};
use futures_util::future::join_all;
use plaudit_domain::acceptance::Accept;
use plaudit_domain::account::{Register, Rename};
use plaudit_domain::kudos::{Allowance, Give};
use plaudit_domain::like::LikePost;
use plaudit_domain::post::{Answer, Comment, Open, Topic};
use plaudit_domain::watch::WatchPost;
use plaudit_domain::{Actor, GiftId, Period, Position, PostId};
use uuid::Uuid;

use crate::community::{Asked, actor};

const LENGTHS: [usize; 3] = [5, 20, 100];

/// A query for a list of `$n`, and what it reads, each in one batch.
type Case = (&'static str, &'static [&'static str]);

const LISTS: &[Case] = &[
    ("nodes { title tags likeCount }", &["posts"]),
    (
        "totalCount edges { cursor node { id } }",
        &["posts", "their count"],
    ),
    ("nodes { body }", &["posts", "texts"]),
    ("nodes { author { name } }", &["posts", "authors"]),
    (
        "nodes { author { profile { totals { answers } } } }",
        &["posts", "authors", "profiles"],
    ),
    (
        "nodes { author { profile { lozenge { lozenge { key } company } lozenges { state } perks { key } } } }",
        &["posts", "authors", "profiles", "lozenges"],
    ),
    (
        "nodes { author { profile { primaryAccount { name } } } }",
        &["posts", "authors", "profiles", "their accounts"],
    ),
    (
        "nodes { author { profile { badges { key times } } } }",
        &[
            "posts",
            "authors",
            "profiles",
            "milestones of posts",
            "kudos badges",
            "courses",
            "badges from elsewhere",
        ],
    ),
    (
        "nodes { author { profile { badges { awards(first: 2) { totalCount nodes { post { id } account { id } } } } } } }",
        &[
            "posts",
            "authors",
            "profiles",
            "milestones of posts",
            "kudos badges",
            "courses",
            "badges from elsewhere",
            "what deserved them",
            "posts of that",
            "accounts of that",
            "who asks",
        ],
    ),
    (
        "nodes { author { profile { kudos { peerKudos { giftsGiven(first: 2) { totalCount nodes { message receiver { name } } } } } } } }",
        &[
            "posts",
            "authors",
            "profiles",
            "who asks",
            "gifts",
            "their count",
            "their accounts",
            "their profiles",
        ],
    ),
    (
        "nodes { author { profile { kudos { points level { reachedAt } nextLevel { pointsLeft } } } } }",
        &["posts", "authors", "profiles", "points"],
    ),
    (
        "nodes { author { profile { kudos { challenges { steps { done } } badges { times } } } } }",
        &["posts", "authors", "profiles", "tallies", "kudos badges"],
    ),
    (
        "nodes { author { profile { kudos { available { rules { pointsLeft } badges { key } milestones { key } } } } } }",
        &["posts", "authors", "profiles", "tallies", "kudos badges"],
    ),
    (
        "nodes { author { profile { kudos { peerKudos { received gifts(first: 2) { nodes { message giver { name } } } } } } } }",
        &[
            "posts",
            "authors",
            "profiles",
            "gifts",
            "their accounts",
            "their profiles",
        ],
    ),
    (
        "nodes { author { profile { posts(first: 2) { nodes { title } } } } }",
        &["posts", "authors", "profiles", "posts of each"],
    ),
    (
        "nodes { acceptedAnswer { body author { name } isAccepted parent { title } } }",
        &["posts", "answers", "texts", "authors", "questions"],
    ),
    (
        "nodes { answers(first: 2) { totalCount nodes { body author { name } } } }",
        &["posts", "answers", "texts", "authors"],
    ),
    (
        "nodes { first: answers(first: 1) { nodes { id } } last: answers(last: 1) { nodes { id } } }",
        &["posts", "first answers", "last answers"],
    ),
    (
        "nodes { answers(first: 2) { nodes { comments(first: 2) { nodes { author { name } } } } } }",
        &["posts", "answers", "comments on them", "authors"],
    ),
    (
        "nodes { comments(first: 2) { nodes { author { name } } } }",
        &["posts", "comments", "authors"],
    ),
    (
        "nodes { likers(first: 2) { totalCount edges { likedAt node { profile { name } } } } }",
        &["posts", "likes", "likers", "profiles"],
    ),
    (
        "nodes { viewerHasLiked viewerIsWatching viewerCanEdit viewerCanAccept }",
        &["posts", "who asks", "likes", "watches"],
    ),
    (
        "nodes { viewerHasLiked answers(first: 2) { nodes { viewerHasLiked viewerIsWatching } } }",
        &[
            "posts",
            "who asks",
            "likes",
            "answers",
            "likes of answers",
            "watches",
        ],
    ),
    (
        "nodes { answers(first: 2) { nodes { viewerCanAccept isAccepted } } }",
        &["posts", "answers", "who asks", "questions"],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_longer_list_takes_no_more_batches() {
    let asked = busy().await;
    for (selection, read) in LISTS {
        let query = format!("query ($n: Int!) {{ posts(first: $n) {{ {selection} }} }}");
        for length in LENGTHS {
            let batches = batches(&asked, &query, value!({ "n": length })).await;
            assert_eq!(batches, read.len(), "{length} of {selection}: {read:?}");
        }
    }
}

const EVERYTHING: &str = "query ($n: Int!) { posts(first: $n) { totalCount nodes {
    body
    author { name profile { name totals { answers } } }
    acceptedAnswer { body author { name } parent { title } }
    answers(first: 2) { nodes {
        body
        author { name profile { name } }
        comments(first: 2) { nodes { author { name } } }
        viewerHasLiked
    } }
    comments(first: 2) { nodes { author { name } } }
    likers(first: 2) { nodes { name profile { name } } }
    viewerHasLiked
    viewerIsWatching
} } }";

/// A line is what all wait for at one time, at one level of the query after the other.
const OF_EVERYTHING: &[&[&str]] = &[
    &["posts", "their count"],
    &[
        "texts",
        "authors",
        "accepted answers",
        "answers",
        "comments",
        "likes",
    ],
    &["who asks", "which are liked", "which are watched"],
    // Of answers, comments and likers together.
    &[
        "texts",
        "authors",
        "questions",
        "comments on answers",
        "which are liked",
        "profiles",
    ],
    &[
        "authors of comments on answers",
        "profiles of repliers and likers",
    ],
];

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_page_takes_few_batches_however_long_it_is() {
    let asked = busy().await;
    for length in LENGTHS {
        let batches = batches(&asked, EVERYTHING, value!({ "n": length })).await;
        assert_eq!(batches, OF_EVERYTHING.concat().len(), "{length}");
    }
}

/// What an app asks for most, by the length of its lists: statements are constant in the number of rows.
const OF_AN_APP: [(&str, &[&str]); 3] = [
    (
        "query ($n: Int!) { posts(first: 1) { nodes { author { profile { name totals { answers likesReceived }
            badges { key times } posts(first: $n) { nodes { title likeCount } } } } } } }",
        &[
            "posts",
            "authors",
            "profiles",
            "milestones of posts",
            "kudos badges",
            "courses",
            "badges from elsewhere",
            "posts of each",
        ],
    ),
    (
        "query ($n: Int!) { leaderboard { entries(first: $n) { edges { rank points
            node { name totals { answers } badges { key times } } } } } }",
        &[
            "profiles",
            "milestones of posts",
            "kudos badges",
            "courses",
            "badges from elsewhere",
        ],
    ),
    (
        "query ($n: Int!) { posts(first: $n, filter: { kinds: [QUESTION] }) { nodes { title author { name }
            answers(first: 3) { nodes { body author { name } } } } } }",
        &["posts", "authors", "answers", "texts", "their authors"],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_apps_ask_for_most_takes_as_many_statements_for_a_hundred_rows_as_for_one() {
    let asked = busy().await;
    for (query, read) in OF_AN_APP {
        for length in [1, 5, 20, 100] {
            let batches = batches(&asked, query, value!({ "n": length })).await;
            assert_eq!(batches, read.len(), "{length} of {query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_read_is_read_anew_once_something_happened() {
    const KEPT: u64 = 1024 * 1024;

    let asked = busy().await;
    asked.api.keep_at_most(KEPT);
    for (query, read) in OF_AN_APP {
        assert!(batches(&asked, query, value!({ "n": 20 })).await <= read.len());
        assert_eq!(batches(&asked, query, value!({ "n": 20 })).await, 0);
    }
    let query = "{ posts(first: 1) { nodes { likeCount body author { name } } } }";
    let before = asked.data(None, query, value!({})).await;
    let rename = Rename {
        name: "Somebody else".into(),
    };
    asked.record(actor(&member(99)), rename).await;
    let like = LikePost {
        post: PostId(Uuid::from_u128(99 << 64)),
    };
    let last = asked.record(actor(&member(5)), like).await;
    let readable = asked.community.readable(last, Duration::from_secs(60));
    assert!(readable.await);
    let after = asked.data(None, query, value!({})).await;
    let of = |data: Value| serde_json::to_value(data).unwrap()["posts"]["nodes"][0].take();
    let (before, after) = (of(before), of(after));
    assert_eq!(before["author"]["name"], member(99));
    assert_eq!(after["author"]["name"], "Somebody else");
    let likes = |post: &serde_json::Value| post["likeCount"].as_i64().unwrap();
    assert_eq!(likes(&after), likes(&before) + 1);
}

/// An account that isn't there isn't looked for again and again.
#[tokio::test(flavor = "multi_thread")]
async fn who_asks_is_looked_up_once() {
    let asked = busy().await;
    let query = "{ posts { nodes { viewerHasLiked answers { nodes { viewerHasLiked } } } } }";
    for (by, read) in [
        (None, &["posts", "answers"][..]),
        (Some(actor("stranger")), &["posts", "answers", "who asks"]),
    ] {
        let batches = batches_of(&asked, by, query, value!({})).await;
        assert_eq!(batches, read.len(), "{by:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_do_not_wait_for_each_other() {
    let asked = busy().await;
    let before = asked.api.batches();
    let all = (0..50).map(|_| batches(&asked, EVERYTHING, value!({ "n": 20 })));
    join_all(all).await;
    assert_eq!(
        asked.api.batches() - before,
        50 * OF_EVERYTHING.concat().len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_all_kinds_come_together() {
    const NODES: &str = "query ($ids: [ID!]!) { nodes(ids: $ids) {
        ... on Account { name profile { totals { answers } } }
        ... on Profile { name }
        ... on Post { title author { name } }
    } }";
    let asked = busy().await;
    let ids = ids(&asked).await;
    for length in LENGTHS {
        let ids = Value::List(ids[..length].to_vec());
        let batches = batches(&asked, NODES, value!({ "ids": ids })).await;
        let read = [
            "accounts",
            "profiles",
            "posts",
            "profiles of accounts",
            "authors",
        ];
        assert_eq!(batches, read.len(), "{length}");
    }
}

#[tokio::test]
async fn more_than_100_nodes_at_once_are_refused() {
    let asked = Asked::new().await;
    let query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    for (length, refused) in [(100, false), (101, true)] {
        let ids = Value::List(vec![Value::from("cAAAAAAAAAAAAAAAAAAAAAA"); length]);
        let answer = asked
            .answer(None, query, None, value!({ "ids": ids }))
            .await;
        let is_refused = answer.to_string().contains("TOO_MANY_IDS");
        assert_eq!(is_refused, refused, "{answer}");
    }
}

/// How many batches a query takes, asked as somebody who likes and watches some of it.
async fn batches(asked: &Asked, query: &str, variables: Value) -> usize {
    batches_of(asked, Some(actor(&member(3))), query, variables).await
}

async fn batches_of(asked: &Asked, by: Option<Actor>, query: &str, variables: Value) -> usize {
    let before = asked.api.batches();
    asked.data(by, query, variables).await;
    asked.api.batches() - before
}

/// Ids of posts, accounts and profiles in turn: more than a request may name.
async fn ids(asked: &Asked) -> Vec<Value> {
    let query = "{ posts(first: 50) { nodes { id author { id profile { id } } } } }";
    let data = asked.data(None, query, value!({})).await;
    let mut ids = Vec::new();
    collect_ids(data, &mut ids);
    ids
}

fn collect_ids(value: Value, ids: &mut Vec<Value>) {
    match value {
        Value::Object(fields) => fields
            .into_values()
            .for_each(|value| collect_ids(value, ids)),
        Value::List(values) => values.into_iter().for_each(|value| collect_ids(value, ids)),
        id => ids.push(id),
    }
}

fn member(number: u128) -> String {
    format!("member {}", number % 100)
}

/// A hundred members with a question each, all with two answers, one of them accepted, comments on
/// the question and on the answers, likes and a watch.
async fn busy() -> Asked {
    let asked = Asked::new().await;
    // Every operation is the first one.
    asked.api.keep_at_most(0);
    // All at once: the journal writes together what comes together.
    join_all((0..100).map(|number| {
        let name = member(number);
        asked.record(actor(&name), Register { name })
    }))
    .await;
    let asking = join_all((0..100).map(|number| ask(&asked, number))).await;
    let last = asking.into_iter().max().unwrap();
    assert!(
        asked
            .community
            .readable(last, Duration::from_secs(60))
            .await
    );
    asked
}

async fn ask(asked: &Asked, number: u128) -> Position {
    let asker = actor(&member(number));
    let post = |part: u128| PostId(Uuid::from_u128(number << 64 | part));
    let question = post(0);
    let open = Open {
        group: None,
        post: question,
        topic: Topic::Question,
        title: format!("Question {number}"),
        body: "How?".into(),
        tags: vec![],
        without_review: false,
    };
    asked.record(asker, open).await;
    for part in [1, 2] {
        let other = actor(&member(number + part));
        let answer = Answer {
            post: post(part),
            question,
            body: "So.".into(),
        };
        asked.record(other, answer).await;
        for (place, on) in [(10, question), (20, post(part))] {
            let comment = Comment {
                post: post(place + part),
                on,
                body: "Ah.".into(),
            };
            let third = actor(&member(number + part + place));
            asked.record(third, comment).await;
        }
        asked.record(other, LikePost { post: question }).await;
    }
    let answer = post(1);
    asked.record(asker, Accept { question, answer }).await;
    let give = Give {
        gift: GiftId(Uuid::from_u128(number)),
        receiver: actor(&member(number + 1)).account,
        message: "Thanks.".into(),
        post: None,
        allowance: Allowance {
            gifts: 10,
            per: Period::Week,
        },
    };
    asked.record(asker, give).await;
    let watch = WatchPost { post: question };
    asked.record(actor(&member(number + 2)), watch).await
}
