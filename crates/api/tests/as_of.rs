//! Profiles, groups and leaderboards as they were at a moment (DOMAIN H2), by way of the API.

use std::fs;
use std::time::Duration;

use async_graphql::value;
use futures_util::future::join_all;
use plaudit_domain::account::Registered;
use plaudit_domain::erasure::{Content, Erased};
use plaudit_domain::fact::{AccountFact, LikeFact, PostFact, RulesFact};
use plaudit_domain::like::Like;
use plaudit_domain::post::{Affected, Created, Kind};
use plaudit_domain::rules::Activated;
use plaudit_domain::{Actor, Fact, NewEvent, PostId, Roles, Time, Visibility, profile};
use plaudit_projection::Rules;
use serde_json::Value;
use uuid::Uuid;

use crate::community::{Asked, actor};

const DAY: i64 = 86_400 * 1_000_000;
const PATIENCE: Duration = Duration::from_secs(20);

fn days_ago(days: i64) -> Time {
    let now = Time::from(std::time::SystemTime::now());
    Time::from_micros(now.as_micros() - days * DAY)
}

fn analyst() -> Option<Actor> {
    let roles = Roles {
        analyst: true,
        ..Roles::default()
    };
    Some(Actor {
        roles,
        ..actor("an analyst")
    })
}

/// Something that happened some days ago, and is recorded now.
async fn happened(asked: &Asked, days: i64, fact: impl Into<Fact>) {
    let event = NewEvent {
        id: Uuid::now_v7(),
        occurred_at: days_ago(days),
        actor: None,
        correlation: None,
        causation: None,
        imported: false,
        fact: fact.into(),
    };
    let journal = asked.community.journal();
    journal.append_many(vec![event]).await.unwrap();
    let position = journal.head().await.unwrap();
    assert!(asked.community.readable(position, PATIENCE).await);
}

async fn registered(asked: &Asked, who: &str, days: i64) {
    let registered = Registered {
        account: actor(who).account,
        name: who.to_owned().into(),
        origin: None,
    };
    happened(asked, days, AccountFact::Registered(registered)).await;
}

const POST: PostId = PostId(Uuid::from_u128(7));

async fn wrote(asked: &Asked, who: &str, days: i64) {
    let created = Created {
        post: POST,
        kind: Kind::Question,
        author: Some(actor(who).account),
        parent: None,
        group: None,
        title: Some("Steam".to_owned().into()),
        body: "Is it good for crusts?".to_owned().into(),
        tags: vec![],
        origin: None,
    };
    happened(asked, days, PostFact::Created(created)).await;
}

async fn liked(asked: &Asked, who: &str, author: &str, days: i64) {
    let like = Like {
        post: POST,
        account: actor(who).account,
        author: Some(actor(author).account),
    };
    happened(asked, days, LikeFact::Liked(like)).await;
}

/// Ada, who wrote something 50 days ago that Ben liked 20 days ago.
async fn ada_and_ben() -> (Asked, String) {
    let asked = Asked::new().await;
    registered(&asked, "ada", 100).await;
    registered(&asked, "ben", 90).await;
    wrote(&asked, "ada", 50).await;
    liked(&asked, "ben", "ada", 20).await;
    let viewer = asked
        .data(
            Some(actor("ada")),
            "{ viewer { profile { id } } }",
            value!({}),
        )
        .await;
    let viewer = viewer.into_json().unwrap();
    let id = viewer["viewer"]["profile"]["id"].as_str().unwrap();
    let id = id.to_owned();
    (asked, id)
}

const PROFILE: &str = "query ($id: ID!, $at: DateTime, $rules: RulesAt = NOW) {
    profile(id: $id, asOf: $at, rulesAt: $rules) {
        name visibility totals { questions likesReceived } kudos { points }
        primaryAccount { isErased }
        posts(first: 5) { nodes { title body likeCount } }
    }
}";

async fn answer(asked: &Asked, who: Option<Actor>, id: &str, days: i64, rules: &str) -> Value {
    let variables = value!({ "id": id, "at": days_ago(days).to_string(), "rules": rules });
    let answer = asked.answer(who, PROFILE, None, variables).await;
    answer.into_json().unwrap()
}

async fn profile_at(asked: &Asked, id: &str, days: i64) -> Value {
    let answer = answer(asked, analyst(), id, days, "NOW").await;
    assert_eq!(answer.get("errors"), None, "{answer}");
    answer["data"]["profile"].clone()
}

#[tokio::test]
async fn h2_a_profile_is_as_it_was_with_all_its_fields() {
    let (asked, id) = ada_and_ben().await;
    assert_eq!(profile_at(&asked, &id, 101).await, Value::Null);
    let before = profile_at(&asked, &id, 60).await;
    assert_eq!(before["name"], "ada");
    assert_eq!(before["totals"]["questions"], 0);
    assert_eq!(before["posts"]["nodes"], serde_json::json!([]));
    let after = profile_at(&asked, &id, 30).await;
    assert_eq!(after["totals"]["questions"], 1);
    assert_eq!(after["totals"]["likesReceived"], 0);
    assert_eq!(after["posts"]["nodes"][0]["likeCount"], 0);
    assert_eq!(after["posts"]["nodes"][0]["title"], "Steam");
    let now = profile_at(&asked, &id, 0).await;
    assert_eq!(now["totals"]["likesReceived"], 1);
    assert_eq!(now["posts"]["nodes"][0]["likeCount"], 1);
}

#[tokio::test]
async fn h2_only_staff_and_analysts_ask_for_an_earlier_moment_that_has_been_and_not_for_many() {
    let (asked, id) = ada_and_ben().await;
    for (who, days, code) in [
        (Some(actor("ada")), 30, "FORBIDDEN"),
        (None, 30, "FORBIDDEN"),
        (analyst(), -30, "IN_FUTURE"),
    ] {
        let answer = answer(&asked, who, &id, days, "NOW").await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{answer}");
        assert_eq!(answer["data"]["profile"], Value::Null);
    }
    let thrice = "query ($id: ID!, $at: DateTime) {
        a: profile(id: $id, asOf: $at) { name }
        b: profile(id: $id, asOf: $at) { name }
        c: profile(id: $id, asOf: $at) { name }
    }";
    let variables = value!({ "id": id, "at": days_ago(30).to_string() });
    let answer = asked.answer(analyst(), thrice, None, variables).await;
    let answer = answer.into_json().unwrap();
    let code = &answer["errors"][0]["extensions"]["code"];
    assert_eq!(code, "TOO_MANY_LOOKS_BACK", "{answer}");
    for orphaned in [
        "query ($id: ID!) { profile(id: $id, rulesAt: THEN) { name } }",
        "query ($id: ID!) { group(id: $id, rulesAt: NOW) { name } }",
        "{ leaderboard(rulesAt: NOW) { period } }",
    ] {
        let variables = value!({ "id": id });
        let answer = asked.answer(analyst(), orphaned, None, variables).await;
        let answer = answer.into_json().unwrap();
        let code = &answer["errors"][0]["extensions"]["code"];
        assert_eq!(code, "BAD_USER_INPUT", "{orphaned}");
    }
}

#[tokio::test]
async fn h2_of_many_who_ask_at_once_all_get_an_answer_but_one_too_many() {
    let (asked, id) = ada_and_ben().await;
    let asks = (1..10).map(|days| answer(&asked, analyst(), &id, days, "NOW"));
    let mut answers = join_all(asks).await;
    let refused = answers.split_off(8);
    for answer in answers {
        assert_eq!(answer["data"]["profile"]["name"], "ada", "{answer}");
    }
    let code = &refused[0]["errors"][0]["extensions"]["code"];
    assert_eq!(code, "BUSY", "{refused:?}");
    assert_eq!(profile_at(&asked, &id, 9).await["name"], "ada");
}

#[tokio::test]
async fn h2_what_may_be_seen_is_of_today() {
    let (asked, id) = ada_and_ben().await;
    assert_eq!(profile_at(&asked, &id, 30).await["visibility"], "PUBLIC");
    let ada = actor("ada").account;
    let deleted = Affected {
        post: POST,
        author: Some(ada),
        parent: None,
        accepted: None,
    };
    happened(&asked, 1, PostFact::Deleted(deleted)).await;
    let past = profile_at(&asked, &id, 30).await;
    assert_eq!(past["totals"]["questions"], 1);
    let post = &past["posts"]["nodes"][0];
    assert_eq!(
        (&post["title"], &post["body"]),
        (&Value::Null, &Value::Null)
    );
    let hidden = profile::VisibilityChanged {
        account: ada,
        by: ada,
        visibility: Visibility::Private,
    };
    happened(&asked, 0, AccountFact::ProfileVisibilityChanged(hidden)).await;
    let past = profile_at(&asked, &id, 30).await;
    assert_eq!(past["visibility"], "PRIVATE");
    assert_eq!(past["totals"], Value::Null);
}

/// Also from what was worked out before.
#[tokio::test]
async fn h2_who_is_erased_is_so_at_every_moment_and_in_every_file() {
    let (asked, id) = ada_and_ben().await;
    assert_eq!(profile_at(&asked, &id, 30).await["name"], "ada");
    let left = || {
        fs::read_dir(asked.directory().join("as-of"))
            .unwrap()
            .count()
    };
    assert!(left() > 0);
    let erased = Erased {
        account: actor("ada").account,
        content: Content::Remove,
    };
    happened(&asked, 0, AccountFact::Erased(erased)).await;
    let end = std::time::Instant::now() + PATIENCE;
    while left() > 0 {
        assert!(std::time::Instant::now() < end, "{} files are left", left());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let past = profile_at(&asked, &id, 30).await;
    assert_eq!(past["name"], Value::Null);
    assert_eq!(past["primaryAccount"]["isErased"], true);
    assert_eq!(past["totals"]["questions"], 1);
    assert_eq!(past["posts"]["nodes"][0]["title"], Value::Null);
}

/// An answer may come late: what was worked out before is worked out anew.
#[tokio::test]
async fn h2_what_is_recorded_later_and_happened_before_counts() {
    let (asked, id) = ada_and_ben().await;
    assert_eq!(
        profile_at(&asked, &id, 30).await["totals"]["likesReceived"],
        0
    );
    registered(&asked, "cleo", 80).await;
    liked(&asked, "cleo", "ada", 40).await;
    assert_eq!(
        profile_at(&asked, &id, 30).await["totals"]["likesReceived"],
        1
    );
    // Older than what it is about: it can't be there.
    registered(&asked, "dora", 80).await;
    liked(&asked, "dora", "ada", 55).await;
    assert_eq!(
        profile_at(&asked, &id, 52).await["totals"]["likesReceived"],
        0
    );
}

#[tokio::test]
async fn h2_by_the_rules_of_today_or_those_in_force_then() {
    let (asked, id) = ada_and_ben().await;
    let one = "kinds = [\"question\", \"discussion\"]\npoints = 1\n";
    let many = one.replace("= 1\n", "= 77\n");
    let standard = Rules::standard().unwrap();
    let files = standard.files().iter().cloned();
    let files: Vec<_> = files
        .map(|(name, text)| (name, text.replacen(one, &many, 1)))
        .collect();
    let others = Rules::parse(&files).unwrap();
    let activated = Activated {
        hash: others.hash().to_owned(),
        files: files.into_iter().collect(),
    };
    happened(&asked, 35, RulesFact::Activated(activated)).await;
    let points = async |days: i64, rules: &str| {
        let answer = answer(&asked, analyst(), &id, days, rules).await;
        answer["data"]["profile"]["kudos"]["points"].clone()
    };
    // The community that is asked was opened before, by the standard rules.
    let standard = points(30, "NOW").await;
    assert_ne!(standard, 77);
    assert_eq!(points(30, "THEN").await, 77);
    assert_eq!(points(40, "THEN").await, standard);
}

#[tokio::test]
async fn h2_a_leaderboard_from_the_ledger_is_that_of_a_replay() {
    let (asked, _) = ada_and_ben().await;
    let query = "query ($at: DateTime, $rules: RulesAt) {
        leaderboard(asOf: $at, rulesAt: $rules) { entries { nodes { name } edges { points rank } } }
    }";
    for days in [0, 10, 30, 60] {
        let at = days_ago(days).to_string();
        let cheap = value!({ "at": at.clone() });
        let cheap = asked.data(analyst(), query, cheap).await;
        let replayed = value!({ "at": at, "rules": "NOW" });
        assert_eq!(cheap, asked.data(analyst(), query, replayed).await);
    }
}
