//! A real community, imported and asked about, against totals that others computed from the same
//! dump.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use async_graphql::{Value, value};
use plaudit_domain::Time;
use plaudit_exchange::{Unwatched, stack_exchange};

use crate::community::{Asked, journal};

type Table = Vec<BTreeMap<String, String>>;

#[tokio::test]
async fn what_a_real_history_comes_to_agrees_with_what_others_counted() {
    let Some(datasets) = datasets() else { return };
    let asked = imported(&datasets.join("se-beer-2016-09")).await;
    let oracle = datasets.join("oracle/se-beer-2016-09");

    let users = table(&oracle.join("user_totals.csv"));
    assert!(users.len() > 3_000);
    for user in users {
        let data = asked
            .data(None, USER, value!({ "id": &user["user_id"] }))
            .await;
        assert_eq!(data, totals_of(&user), "user {}", user["user_id"]);
    }

    let posts = table(&oracle.join("post_totals.csv"));
    assert!(posts.len() > 1_500);
    for post in posts {
        let data = asked
            .data(None, POST, value!({ "id": &post["post_id"] }))
            .await;
        assert_eq!(data, counts_of(&post), "post {}", post["post_id"]);
    }
}

const USER: &str = r#"query ($id: String!) {
    accountByOrigin(origin: { source: "stack-exchange:beer", id: $id }) {
        registeredAt
        profile { totals {
            questions answers comments acceptedSolutions likesReceived firstPostAt lastPostAt
        } }
    }
}"#;

fn totals_of(user: &BTreeMap<String, String>) -> Value {
    value!({
        "accountByOrigin": {
            "registeredAt": time(&user["registered"]),
            "profile": { "totals": {
                "questions": count(&user["questions"]),
                "answers": count(&user["answers"]),
                "comments": count(&user["comments"]),
                "acceptedSolutions": count(&user["answers_accepted"]),
                "likesReceived": count(&user["likes_received"]),
                "firstPostAt": time(&user["first_post"]),
                "lastPostAt": time(&user["last_post"]),
            } },
        },
    })
}

const POST: &str = r#"query ($id: String!) {
    postByOrigin(origin: { source: "stack-exchange:beer", id: $id }) {
        kind
        createdAt
        author { origin { id } }
        parent { origin { id } }
        likeCount
        likers { totalCount }
        watcherCount
        answerCount
        commentCount
        acceptedAnswer { origin { id } isAccepted }
    }
}"#;

fn counts_of(post: &BTreeMap<String, String>) -> Value {
    let refers_to = |id: &str| match id {
        "" => Value::Null,
        id => value!({ "origin": { "id": id } }),
    };
    let accepted = match post["dump_accepted_answer_id"].as_str() {
        "" => Value::Null,
        id => value!({ "origin": { "id": id }, "isAccepted": true }),
    };
    value!({
        "postByOrigin": {
            "kind": post["type"].to_uppercase(),
            "createdAt": time(&post["created"]),
            "author": refers_to(&post["owner_id"]),
            "parent": refers_to(&post["parent_id"]),
            "likeCount": count(&post["likes"]),
            "likers": { "totalCount": count(&post["likes"]) },
            "watcherCount": count(&post["favourites"]),
            "answerCount": count(&post["answers"]),
            "commentCount": count(&post["comments"]),
            "acceptedAnswer": accepted,
        },
    })
}

/// A count; what doesn't apply is left empty.
fn count(text: &str) -> i32 {
    if text.is_empty() {
        0
    } else {
        text.parse().unwrap()
    }
}

/// A moment as the API writes it.
fn time(text: &str) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    let time: Time = format!("{text}Z").parse().unwrap();
    time.to_string().into()
}

fn table(path: &Path) -> Table {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// A dump as a community.
async fn imported(folder: &Path) -> Asked {
    let directory = tempfile::tempdir().unwrap();
    let journal = journal(directory.path());
    let options = stack_exchange::Options {
        folder: folder.to_owned(),
        voters: Some(folder.join("imputed_voters.csv")),
        site: None,
        scratch: directory.path().to_owned(),
    };
    stack_exchange::import(&journal, options, &mut Unwatched)
        .await
        .unwrap();
    Asked::with(directory, journal).await
}

/// The folder with real histories, if there is one.
fn datasets() -> Option<PathBuf> {
    let folder = match std::env::var_os("PLAUDIT_DATASETS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/datasets"),
    };
    if !folder.is_dir() {
        let folder = folder.display();
        plaudit_testing::skipped(&format!(
            "there are no real histories in {folder} (set PLAUDIT_DATASETS)"
        ));
        return None;
    }
    Some(folder)
}
