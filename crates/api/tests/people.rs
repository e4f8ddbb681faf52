//! What people see of a member who has one account, or several (DOMAIN P, L).

use std::time::Duration;

use async_graphql::Value;
use plaudit_domain::account::{AccountKind, Claims, LogIn};
use plaudit_domain::group::Create;
use plaudit_domain::learning::{Achievement, Record};
use plaudit_domain::link_code::{CODE_BYTES, Code, MakeLinkCode};
use plaudit_domain::links::{Link, MakePrimary, Primary, Unlink};
use plaudit_domain::membership::Join;
use plaudit_domain::post::{Answer, Open, Topic};
use plaudit_domain::{Actor, Command, GroupId, PostId, Roles, Time};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::community::{Asked, actor};

/// A community in which some have logged in.
async fn community(members: &[&str]) -> Asked {
    let asked = Asked::new().await;
    for name in members {
        log_in(&asked, name, None).await;
    }
    asked
}

async fn log_in(asked: &Asked, name: &str, kind: Option<AccountKind>) {
    let claims = Claims {
        name: Some(name.to_owned()),
        picture: Some(format!("https://example.org/{name}.png")),
        kind,
    };
    done(asked, actor(name), LogIn { claims }).await;
}

/// Does something and waits until it can be read.
async fn done(asked: &Asked, who: Actor, command: impl Command) {
    let position = asked.record(who, command).await;
    assert!(
        asked
            .community
            .readable(position, Duration::from_secs(5))
            .await
    );
}

async fn link(asked: &Asked, primary: &str, account: &str) {
    let code = Code::of([account.len() as u8; CODE_BYTES]).hash();
    asked.record(actor(account), MakeLinkCode { code }).await;
    let link = Link {
        code,
        primary: Primary::Actor,
    };
    done(asked, actor(primary), link).await;
}

async fn unlink(asked: &Asked, primary: &str, account: &str) {
    let account = actor(account).account;
    done(asked, actor(primary), Unlink { account }).await;
}

fn post(number: u128) -> PostId {
    PostId(Uuid::from_u128(number))
}

async fn question(asked: &Asked, who: &str, number: u128) {
    let open = Open {
        post: post(number),
        topic: Topic::Question,
        group: None,
        title: format!("Question {number}"),
        body: "How hot?".into(),
        tags: vec![],
    };
    done(asked, actor(who), open).await;
}

async fn answers(asked: &Asked, who: &str, numbers: std::ops::Range<u128>) {
    for number in numbers {
        let answer = Answer {
            post: post(number),
            question: post(1),
            body: "250 degrees.".into(),
        };
        done(asked, actor(who), answer).await;
    }
}

async fn learned(asked: &Asked, who: &str, achievement: Achievement, at: i64) {
    let roles = Roles {
        service: true,
        ..Roles::default()
    };
    let service = Actor {
        roles,
        ..actor("academy")
    };
    let record = Record {
        account: actor(who).account,
        at: Time::from_micros(at),
        achievement,
    };
    done(asked, service, record).await;
}

fn course(key: &str) -> Achievement {
    Achievement::Course {
        course: key.into(),
        title: format!("Course {key}"),
        badge: Some(format!("Badge {key}")),
    }
}

fn certification(expires: i64) -> Achievement {
    Achievement::Certification {
        certification: "CB".into(),
        title: "Certified Baker".into(),
        designation: false,
        expires_at: Some(Time::from_micros(expires)),
    }
}

/// What somebody's own profile tells.
async fn profile(asked: &Asked, who: &str, fields: &str) -> Json {
    let query = format!("{{ viewer {{ profile {{ {fields} }} }} }}");
    let data = asked.data(Some(actor(who)), &query, Value::Null).await;
    let mut data = serde_json::to_value(data).unwrap();
    data["viewer"]["profile"].take()
}

#[tokio::test]
async fn p1_a_profile_unites_what_was_written_and_what_was_learned() {
    let asked = community(&["Ada"]).await;
    question(&asked, "Ada", 1).await;
    learned(&asked, "Ada", course("SD"), 1).await;
    let fields = "totals { questions coursesCompleted }";
    let totals = json!({ "questions": 1, "coursesCompleted": 1 });
    assert_eq!(profile(&asked, "Ada", fields).await["totals"], totals);
}

#[tokio::test]
async fn p2_name_and_picture_are_the_primarys_and_a_rename_shows_at_once() {
    let asked = community(&["Ada", "Work"]).await;
    link(&asked, "Ada", "Work").await;
    let shown = |name: &str, picture: &str| json!({ "name": name, "picture": format!("https://example.org/{picture}.png") });
    let seen = profile(&asked, "Work", "name picture").await;
    assert_eq!(seen, shown("Ada", "Ada"));

    let claims = Claims {
        name: Some("Ada Miller".into()),
        ..Claims::default()
    };
    done(&asked, actor("Ada"), LogIn { claims }).await;
    let seen = profile(&asked, "Work", "name picture").await;
    assert_eq!(seen, shown("Ada Miller", "Ada"));
}

/// What isn't built yet: kudos badges, level, peer kudos, lozenge.
#[tokio::test]
async fn p4_a_profile_shows_groups_counts_learning_and_badges() {
    let asked = community(&["Ada", "Ben"]).await;
    question(&asked, "Ben", 1).await;
    answers(&asked, "Ada", 2..3).await;
    let group = GroupId(Uuid::from_u128(1));
    let staff = Actor {
        roles: Roles {
            community_manager: true,
            ..Roles::default()
        },
        ..actor("Ben")
    };
    let create = Create {
        group,
        name: "Night bakers".into(),
        description: String::new(),
    };
    done(&asked, staff, create).await;
    done(&asked, actor("Ada"), Join { group }).await;
    learned(&asked, "Ada", course("SD"), 1).await;
    let fields = "groups { name } totals { answers acceptedSolutions articles likesReceived
        coursesCompleted totalPosts } badges { kind key } memberSince lastActiveAt";
    let seen = profile(&asked, "Ada", fields).await;
    assert_eq!(seen["groups"], json!([{ "name": "Night bakers" }]));
    let totals = json!({ "answers": 1, "acceptedSolutions": 0, "articles": 0,
        "likesReceived": 0, "coursesCompleted": 1, "totalPosts": 1 });
    assert_eq!(seen["totals"], totals);
    let badge = |kind: &str, key: &str| json!({ "kind": kind, "key": key });
    let badges = json!([
        badge("MILESTONE", "answers:1"),
        badge("MILESTONE", "posts:1"),
        badge("MILESTONE", "courses:1"),
        badge("COURSE", "SD"),
    ]);
    assert_eq!(seen["badges"], badges);
    assert!(seen["memberSince"].is_string() && seen["lastActiveAt"].is_string());
}

#[tokio::test]
async fn p5_total_posts_opens_the_list_of_them_across_accounts_newest_first() {
    let asked = community(&["Ada", "Work"]).await;
    for number in 1..=7 {
        let who = if number % 3 == 0 { "Ada" } else { "Work" };
        question(&asked, who, number).await;
    }
    link(&asked, "Ada", "Work").await;
    let titles = |page: &Json| -> Vec<String> {
        let nodes = page["posts"]["nodes"].as_array().unwrap().iter();
        nodes
            .map(|node| node["title"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let fields = format!(
            "posts(first: 2{after}) {{ totalCount nodes {{ title }}
                pageInfo {{ hasNextPage endCursor }} }}"
        );
        let page = profile(&asked, "Ada", &fields).await;
        assert_eq!(page["posts"]["totalCount"], 7);
        seen.extend(titles(&page));
        let info = &page["posts"]["pageInfo"];
        if info["hasNextPage"] == false {
            break;
        }
        after = format!(", after: {}", info["endCursor"]);
    }
    let newest_first: Vec<String> = (1..=7).rev().map(|n| format!("Question {n}")).collect();
    assert_eq!(seen, newest_first);
    // And from the other end.
    let page = profile(&asked, "Ada", "posts(last: 3) { nodes { title } }").await;
    assert_eq!(titles(&page), newest_first[4..]);
}

#[tokio::test]
async fn p8_a_public_profile_has_a_page_of_its_own_that_stays() {
    let asked = community(&["Ada"]).await;
    let page = "page { path title description picture }";
    let before = profile(&asked, "Ada", page).await;
    assert_eq!(before["page"]["title"], "Ada");
    assert!(before["page"]["description"].is_string() && before["page"]["picture"].is_string());
    let claims = Claims {
        name: Some("Ada Miller".into()),
        ..Claims::default()
    };
    done(&asked, actor("Ada"), LogIn { claims }).await;
    let after = profile(&asked, "Ada", page).await;
    assert_eq!(after["page"]["title"], "Ada Miller");
    assert_eq!(after["page"]["path"], before["page"]["path"]);
}

#[tokio::test]
async fn l9_whichever_account_somebody_logs_in_as_it_is_one_profile() {
    let asked = community(&["Ada", "Work", "Third"]).await;
    link(&asked, "Ada", "Work").await;
    link(&asked, "Ada", "Third").await;
    let ada = profile(&asked, "Ada", "id viewerIsOwner accounts { id }").await;
    assert_eq!(ada["viewerIsOwner"], true);
    assert_eq!(ada["accounts"].as_array().unwrap().len(), 3);
    for who in ["Work", "Third"] {
        let seen = profile(&asked, who, "id viewerIsOwner accounts { id }").await;
        assert_eq!(seen, ada);
    }
}

#[tokio::test]
async fn l12_groups_certifications_and_courses_are_united_without_repeats() {
    let asked = community(&["Ada", "Work"]).await;
    for (number, name) in [(1, "Night bakers"), (2, "Ovens")] {
        let staff = Actor {
            roles: Roles {
                admin: true,
                ..Roles::default()
            },
            ..actor("Ada")
        };
        let create = Create {
            group: GroupId(Uuid::from_u128(number)),
            name: name.into(),
            description: String::new(),
        };
        done(&asked, staff, create).await;
    }
    for (who, number) in [("Ada", 1), ("Work", 1), ("Work", 2)] {
        let group = GroupId(Uuid::from_u128(number));
        done(&asked, actor(who), Join { group }).await;
    }
    for (who, key) in [("Ada", "SD"), ("Work", "SD"), ("Work", "RY")] {
        learned(&asked, who, course(key), 1).await;
    }
    learned(&asked, "Ada", certification(30), 20).await;
    learned(&asked, "Work", certification(20), 10).await;
    link(&asked, "Ada", "Work").await;

    let fields = "groups { name } courses { key } totals { coursesCompleted }
        certifications { key expiresAt } badges { kind key }";
    let seen = profile(&asked, "Ada", fields).await;
    let groups = json!([{ "name": "Ovens" }, { "name": "Night bakers" }]);
    assert_eq!(seen["groups"], groups);
    assert_eq!(seen["courses"].as_array().unwrap().len(), 2);
    assert_eq!(seen["totals"]["coursesCompleted"], 2);
    let courses = seen["badges"].as_array().unwrap().iter();
    assert_eq!(courses.filter(|badge| badge["kind"] == "COURSE").count(), 2);
    // The latest of each.
    let latest = json!([{ "key": "CB", "expiresAt": Time::from_micros(30).to_string() }]);
    assert_eq!(seen["certifications"], latest);

    unlink(&asked, "Ada", "Work").await;
    let seen = profile(&asked, "Ada", fields).await;
    assert_eq!(seen["groups"], json!([{ "name": "Night bakers" }]));
    assert_eq!(seen["totals"]["coursesCompleted"], 1);
}

/// DOMAIN's own example.
#[tokio::test]
async fn l13_27_answers_and_57_answers_make_84_and_the_badge_for_75() {
    let asked = community(&["Ada", "Work", "Ben"]).await;
    question(&asked, "Ben", 1).await;
    answers(&asked, "Ada", 100..127).await;
    answers(&asked, "Work", 200..257).await;
    let of_answers = async |who: &str| -> (Json, Vec<String>) {
        let seen = profile(&asked, who, "totals { answers } badges { key }").await;
        let badges = seen["badges"].as_array().unwrap().iter();
        let keys = badges.map(|badge| badge["key"].as_str().unwrap().to_owned());
        let keys = keys.filter_map(|key| Some(key.strip_prefix("answers:")?.to_owned()));
        (seen["totals"]["answers"].clone(), keys.collect())
    };
    let expected = |answers: i64, badges: &[&str]| {
        let badges = badges.iter().map(|badge| (*badge).to_owned());
        (json!(answers), badges.collect::<Vec<_>>())
    };
    assert_eq!(of_answers("Ada").await, expected(27, &["1", "10", "25"]));
    assert_eq!(
        of_answers("Work").await,
        expected(57, &["1", "10", "25", "50"])
    );
    link(&asked, "Ada", "Work").await;
    let both = expected(84, &["1", "10", "25", "50", "75"]);
    assert_eq!(of_answers("Ada").await, both);
    assert_eq!(of_answers("Work").await, both);

    let account = actor("Work").account;
    done(&asked, actor("Ada"), MakePrimary { account }).await;
    assert_eq!(of_answers("Ada").await, both);
    unlink(&asked, "Work", "Ada").await;
    assert_eq!(of_answers("Ada").await, expected(27, &["1", "10", "25"]));
}
