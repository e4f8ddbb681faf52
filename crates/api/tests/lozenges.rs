//! What of lozenges depends on the clock, or on which rules are in force (DOMAIN P4, L11, Z8 to Z10).

use async_graphql::{Value, value};
use plaudit_domain::account::Register;
use plaudit_domain::agreement::Accept;
use plaudit_domain::fact::{LozengeFact, PostFact};
use plaudit_domain::link_code::{CODE_BYTES, Code, MakeLinkCode};
use plaudit_domain::links::{Link, Primary};
use plaudit_domain::lozenge::Granted;
use plaudit_domain::post::{Created, Kind};
use plaudit_domain::{Actor, Fact, NewEvent, Personal, PostId, Roles, Time};
use plaudit_projection::Rules;
use uuid::Uuid;

use crate::community::{Asked, actor, rules};

const DAY: i64 = 86_400 * 1_000_000;

fn now() -> Time {
    Time::from(std::time::SystemTime::now())
}

fn days_ago(days: i64) -> Time {
    Time::from_micros(now().as_micros() - days * DAY)
}

fn maren() -> Option<Actor> {
    let roles = Roles {
        community_manager: true,
        ..Roles::default()
    };
    Some(Actor {
        roles,
        ..actor("maren")
    })
}

/// Something that happened some days ago.
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
    let patience = std::time::Duration::from_secs(5);
    assert!(asked.community.readable(position, patience).await);
}

async fn wrote(asked: &Asked, who: &str, number: u128, days: i64) {
    let created = Created {
        post: PostId(Uuid::from_u128(number)),
        kind: Kind::Discussion,
        author: Some(actor(who).account),
        parent: None,
        group: None,
        title: Some("Steam".to_owned().into()),
        body: "Is good for crusts.".to_owned().into(),
        tags: vec![],
        origin: None,
    };
    happened(asked, days, PostFact::Created(created)).await;
}

async fn granted(asked: &Asked, who: &str, lozenge: &str, company: Option<&str>) {
    let known = |text: &str| Personal::known(text.to_owned());
    let granted = Granted {
        account: actor(who).account,
        profile: None,
        lozenge: lozenge.into(),
        company: company.map(known),
        product: company.map(known),
        reason: None,
        answers: vec![],
    };
    happened(asked, 100, LozengeFact::Granted(granted)).await;
}

async fn registered(asked: &Asked, who: &str, name: &str) {
    asked
        .record(actor(who), Register { name: name.into() })
        .await;
}

async fn accepted(asked: &Asked, who: &str, agreement: &str, version: &str) {
    let accept = Accept {
        agreement: agreement.into(),
        version: version.into(),
        current: Some(version.into()),
    };
    let position = asked.record(actor(who), accept).await;
    let patience = std::time::Duration::from_secs(5);
    assert!(asked.community.readable(position, patience).await);
}

fn json(value: Value) -> serde_json::Value {
    value.into_json().unwrap()
}

/// The rules for tests, with the second version of the terms made the third.
fn next_rules() -> Rules {
    let files = rules("lozenges").files().to_vec();
    let next = files
        .into_iter()
        .map(|(name, text)| (name, text.replace("version = \"2\"", "version = \"3\"")));
    Rules::parse(&next.collect::<Vec<_>>()).unwrap()
}

const LAPSED: &str = r#"{ lozengeHolders(filter: { lozengeKey: "partner", onlyLapsed: true }, first: 2) {
    totalCount
    nodes { account { name } lapses { since requirement { kind } } }
    pageInfo { hasNextPage }
} }"#;

#[tokio::test]
async fn z9_who_no_longer_contributes_is_listed_with_since_when() {
    let asked = Asked::under(rules("lozenges")).await;
    for (who, name) in [
        ("ada", "Ada L _Steam_"),
        ("ben", "Ben B _Steam_"),
        ("cleo", "Cleo D _Steam_"),
    ] {
        registered(&asked, who, name).await;
        accepted(&asked, who, "terms", "2").await;
        accepted(&asked, who, "engagement", "1").await;
        granted(&asked, who, "partner", Some("Steam")).await;
    }
    wrote(&asked, "ada", 1, 29).await;
    wrote(&asked, "ben", 2, 31).await;
    wrote(&asked, "cleo", 3, 300).await;
    let found = json(asked.data(maren(), LAPSED, value!({})).await);
    let holders = &found["lozengeHolders"];
    assert_eq!(holders["totalCount"], 2);
    let nodes = holders["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 2);
    for (holder, (name, days)) in nodes
        .iter()
        .zip([("Ben B _Steam_", 1), ("Cleo D _Steam_", 270)])
    {
        assert_eq!(holder["account"]["name"], name);
        let [lapse] = &holder["lapses"].as_array().unwrap()[..] else {
            panic!("{holder}");
        };
        assert_eq!(lapse["requirement"]["kind"], "RECENT_CONTRIBUTION");
        let since: Time = lapse["since"].as_str().unwrap().parse().unwrap();
        assert!((since.as_micros() - days_ago(days).as_micros()).abs() < DAY / 24);
    }
    assert_eq!(holders["pageInfo"]["hasNextPage"], false);
    // Whoever they are, they keep it.
    let held = "{ viewer { profile { lozenge { lozenge { key } } } } }";
    let held = json(asked.data(Some(actor("cleo")), held, value!({})).await);
    assert_eq!(
        held["viewer"]["profile"]["lozenge"]["lozenge"]["key"],
        "partner"
    );
}

#[tokio::test]
async fn z10_a_new_version_has_to_be_accepted_anew_and_who_did_not_is_listed() {
    let asked = Asked::under(next_rules()).await;
    for (who, name, version) in [("ada", "Ada L _Steam_", "2"), ("ben", "Ben B _Steam_", "3")] {
        registered(&asked, who, name).await;
        accepted(&asked, who, "terms", version).await;
        accepted(&asked, who, "engagement", "1").await;
        granted(&asked, who, "partner", Some("Steam")).await;
    }
    wrote(&asked, "ada", 1, 1).await;
    wrote(&asked, "ben", 2, 1).await;
    let found = json(asked.data(maren(), LAPSED, value!({})).await);
    let nodes = found["lozengeHolders"]["nodes"].as_array().unwrap();
    let [ada] = &nodes[..] else {
        panic!("{nodes:?}");
    };
    assert_eq!(ada["account"]["name"], "Ada L _Steam_");
    assert_eq!(ada["lapses"][0]["requirement"]["kind"], "AGREEMENTS");
    // That is when the rules say that it came into force.
    assert_eq!(ada["lapses"][0]["since"], "2026-01-01T00:00:00Z");

    let query = "{ agreements { key version viewerAcceptedAt } }";
    let terms = async |who: &str| {
        let found = json(asked.data(Some(actor(who)), query, value!({})).await);
        let terms = found["agreements"].as_array().unwrap()[0].clone();
        assert_eq!(
            (&terms["key"], &terms["version"]),
            (&"terms".into(), &"3".into())
        );
        terms["viewerAcceptedAt"].is_string()
    };
    assert!(!terms("ada").await && terms("ben").await);
}

/// DOMAIN P4: what is shown has the lozenge; L11: that of linked accounts is by their sum.
#[tokio::test]
async fn p4_a_profile_shows_its_lozenge_and_l11_linked_accounts_deserve_it_together() {
    let asked = Asked::new().await;
    for (number, who) in [(1, "ada"), (3, "work")] {
        registered(&asked, who, who).await;
        wrote(&asked, who, number, 1).await;
        wrote(&asked, who, number + 1, 1).await;
    }
    let query = "{ viewer { profile { lozenge { lozenge { key } } } } }";
    let shown = async || {
        let found = json(asked.data(Some(actor("ada")), query, value!({})).await);
        let lozenge = &found["viewer"]["profile"]["lozenge"]["lozenge"]["key"];
        lozenge.as_str().unwrap().to_owned()
    };
    assert_eq!(shown().await, "new-here");
    let code = Code::of([1; CODE_BYTES]).hash();
    asked.record(actor("work"), MakeLinkCode { code }).await;
    let primary = Primary::Actor;
    let position = asked.record(actor("ada"), Link { code, primary }).await;
    let patience = std::time::Duration::from_secs(5);
    assert!(asked.community.readable(position, patience).await);
    assert_eq!(shown().await, "contributor");
    granted(&asked, "work", "community-manager", None).await;
    assert_eq!(shown().await, "community-manager");
}
