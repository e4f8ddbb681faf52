//! What people see of a member who has one account, or several (DOMAIN P, L).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_graphql::{Value, value};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use plaudit_domain::account::{AccountKind, Claims, LogIn};
use plaudit_domain::group::Create;
use plaudit_domain::learning::{Achievement, Record};
use plaudit_domain::like::{LikePost, UnlikePost};
use plaudit_domain::link_code::{CODE_BYTES, Code, MakeLinkCode};
use plaudit_domain::links::{Link, MakePrimary, Primary, Unlink};
use plaudit_domain::membership::Join;
use plaudit_domain::post::{Answer, Comment, Delete, Open, Restore, Topic};
use plaudit_domain::{Actor, Command, GroupId, Period, PostId, Roles, Time};
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
        without_review: false,
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

/// What isn't built yet: lozenge.
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
        coursesCompleted totalPosts peerKudosReceived } badges { kind key } memberSince lastActiveAt
        kudos { points level { number name } peerKudos { received } }";
    give(&asked, "Ben", "Ada").await;
    let seen = profile(&asked, "Ada", fields).await;
    assert_eq!(seen["groups"], json!([{ "name": "Night bakers" }]));
    let totals = json!({ "answers": 1, "acceptedSolutions": 0, "articles": 0,
        "likesReceived": 0, "coursesCompleted": 1, "totalPosts": 1, "peerKudosReceived": 1 });
    assert_eq!(seen["totals"], totals);
    // An answer, a course, and what Ben gave.
    let kudos = json!({ "points": 17, "level": { "number": 2, "name": "Explorer" },
        "peerKudos": { "received": 1 } });
    assert_eq!(seen["kudos"], kudos);
    let badge = |kind: &str, key: &str| json!({ "kind": kind, "key": key });
    let badges = json!([
        badge("MILESTONE", "answers:1"),
        badge("MILESTONE", "posts:1"),
        badge("MILESTONE", "courses:1"),
        badge("KUDOS", "first-answer"),
        badge("COURSE", "SD"),
    ]);
    assert_eq!(seen["badges"], badges);
    let fewer =
        "all: badges { key } two: badges(first: 2) { key } many: badges(first: 100) { key }";
    let fewer = profile(&asked, "Ada", fewer).await;
    assert_eq!(fewer["many"], fewer["all"]);
    assert_eq!(
        fewer["two"].as_array().unwrap()[..],
        fewer["all"].as_array().unwrap()[..2]
    );
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

/// Gives kudos to somebody's profile by the API; what was wrong.
async fn give(asked: &Asked, giver: &str, receiver: &str) -> Vec<String> {
    let query = format!(
        "{{ account(id: {}) {{ profile {{ id }} }} }}",
        id_of(receiver)
    );
    let data = asked.data(Some(actor(giver)), &query, Value::Null).await;
    let data = serde_json::to_value(data).unwrap();
    let profile = data["account"]["profile"]["id"].clone();
    give_to(asked, giver, &profile).await
}

async fn give_to(asked: &Asked, giver: &str, profile: &Json) -> Vec<String> {
    let give = "mutation ($profile: ID!) { kudosGive(input: { profileId: $profile, message: \"Thanks\" }) {
        gift { id } userErrors { code } } }";
    let variables = value!({ "profile": profile.as_str().unwrap() });
    let answer = asked
        .answer(Some(actor(giver)), give, None, variables)
        .await;
    let answer = serde_json::to_value(answer).unwrap();
    let payload = &answer["data"]["kudosGive"];
    let errors = payload["userErrors"].as_array();
    let errors = errors.unwrap_or_else(|| panic!("{answer}")).iter();
    let codes = errors.map(|error| error["code"].as_str().unwrap().to_owned());
    let codes: Vec<String> = codes.collect();
    assert_eq!(payload["gift"].is_null(), !codes.is_empty(), "{payload}");
    codes
}

/// The id of somebody's account, as a literal.
fn id_of(who: &str) -> String {
    let mut bytes = vec![b'a'];
    bytes.extend(actor(who).account.0.as_bytes());
    format!("{:?}", URL_SAFE_NO_PAD.encode(bytes))
}

#[tokio::test]
async fn l11_points_are_added_up_and_the_level_is_that_of_the_sum() {
    let asked = community(&["Ada", "Work", "Ben"]).await;
    question(&asked, "Ben", 1).await;
    answers(&asked, "Ada", 100..102).await;
    answers(&asked, "Work", 200..202).await;
    give(&asked, "Ben", "Ada").await;
    give(&asked, "Ben", "Work").await;
    let fields =
        "kudos { points level { name } peerKudos { received } } totals { peerKudosReceived }";
    let of = |points: i64, level: &str, received: i64| {
        json!({
            "kudos": { "points": points, "level": { "name": level }, "peerKudos": { "received": received } },
            "totals": { "peerKudosReceived": received },
        })
    };
    let alone = of(9, "Newcomer", 1);
    assert_eq!(profile(&asked, "Ada", fields).await, alone);
    link(&asked, "Ada", "Work").await;
    let both = of(18, "Explorer", 2);
    assert_eq!(profile(&asked, "Ada", fields).await, both);
    assert_eq!(profile(&asked, "Work", fields).await, both);
    unlink(&asked, "Ada", "Work").await;
    assert_eq!(profile(&asked, "Ada", fields).await, alone);
    assert_eq!(profile(&asked, "Work", fields).await, alone);
}

#[tokio::test]
async fn l14_nobody_gives_kudos_to_an_account_of_their_own() {
    let asked = community(&["Ada", "Work", "Ben"]).await;
    assert_eq!(give(&asked, "Ada", "Ada").await, ["KUDOS_TO_ONESELF"]);
    // What happened before linking stands.
    assert!(give(&asked, "Ada", "Work").await.is_empty());
    link(&asked, "Ada", "Work").await;
    assert_eq!(give(&asked, "Ada", "Work").await, ["KUDOS_TO_ONESELF"]);
    assert_eq!(give(&asked, "Work", "Ada").await, ["KUDOS_TO_ONESELF"]);
    assert!(give(&asked, "Work", "Ben").await.is_empty());
    let seen = profile(&asked, "Ada", "kudos { peerKudos { received given left } }").await;
    let peers = json!({ "received": 1, "given": 2, "left": 8 });
    assert_eq!(seen["kudos"]["peerKudos"], peers);
}

#[tokio::test(flavor = "multi_thread")]
async fn k7_of_fifty_gifts_at_once_from_two_linked_accounts_ten_are_given() {
    let asked = Arc::new(community(&["Ada", "Work", "Ben"]).await);
    link(&asked, "Ada", "Work").await;
    let ben = profile(&asked, "Ben", "id").await["id"].clone();
    let gifts = (0..50).map(|number| {
        let (asked, ben) = (asked.clone(), ben.clone());
        let giver = if number % 2 == 0 { "Ada" } else { "Work" };
        tokio::spawn(async move { give_to(&asked, giver, &ben).await })
    });
    let answers = join_all(gifts).await;
    let errors: Vec<String> = answers.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(errors, vec!["ALLOWANCE_USED_UP"; 40]);
    let seen = profile(&asked, "Work", "kudos { points peerKudos { given left } }").await;
    // Giving takes nothing from the giver; the badge for five gifts comes with no points.
    assert_eq!(
        seen["kudos"],
        json!({ "points": 0, "peerKudos": { "given": 10, "left": 0 } })
    );
    let seen = profile(
        &asked,
        "Ben",
        "kudos { points peerKudos { received gifts { totalCount } } }",
    )
    .await;
    let peers = json!({ "received": 10, "gifts": { "totalCount": 10 } });
    assert_eq!(seen["kudos"], json!({ "points": 50, "peerKudos": peers }));
}

/// Points that come, are taken back, put back, and limited, of two accounts.
#[tokio::test]
async fn k8_the_statement_adds_up_to_the_points_and_each_entry_has_its_event() {
    let asked = community(&["Ada", "Work", "Ben", "Cleo"]).await;
    question(&asked, "Ben", 1).await;
    answers(&asked, "Ada", 100..104).await;
    answers(&asked, "Work", 200..203).await;
    for number in 300..307 {
        let comment = Comment {
            post: post(number),
            on: post(1),
            body: "Which flour?".into(),
        };
        done(&asked, actor("Ada"), comment).await;
    }
    for who in ["Ben", "Cleo"] {
        for number in [100, 101, 200] {
            let post = post(number);
            done(&asked, actor(who), LikePost { post }).await;
        }
    }
    done(&asked, actor("Cleo"), UnlikePost { post: post(101) }).await;
    done(&asked, actor("Ada"), Delete { post: post(100) }).await;
    done(&asked, actor("Work"), Delete { post: post(200) }).await;
    done(&asked, actor("Ada"), Restore { post: post(100) }).await;
    give(&asked, "Cleo", "Work").await;
    link(&asked, "Ada", "Work").await;

    let (mut sum, mut entries, mut after) = (0, 0, String::new());
    let (mut keys, mut changes) = (BTreeSet::new(), BTreeSet::new());
    let mut last = None;
    let total = loop {
        let fields = format!(
            "kudos {{ points statement(first: 4{after}) {{ totalCount pageInfo {{ hasNextPage endCursor }}
                nodes {{ points at change reason {{ key points ... on KudosRule {{ event }} }}
                    event {{ type position occurredAt }} account {{ name }} post {{ id }} }} }} }}"
        );
        let page = profile(&asked, "Work", &fields).await["kudos"].take();
        let statement = &page["statement"];
        for entry in statement["nodes"].as_array().unwrap() {
            entries += 1;
            sum += entry["points"].as_i64().unwrap();
            keys.insert(entry["reason"]["key"].as_str().unwrap().to_owned());
            changes.insert(entry["change"].as_str().unwrap().to_owned());
            assert_eq!(entry["at"], entry["event"]["occurredAt"]);
            let event = entry["event"]["type"].as_str().unwrap();
            let of_rule = &entry["reason"]["event"];
            if entry["change"] == "EARNED" {
                assert_eq!(of_rule, event);
            } else {
                assert!(
                    [
                        "LikeWithdrawn",
                        "PostDeleted",
                        "PostRestored",
                        "PostCreated"
                    ]
                    .contains(&event)
                );
            }
            let position: i64 = entry["event"]["position"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap();
            let at = entry["at"].as_str().unwrap().parse::<Time>().unwrap();
            assert!(
                last.is_none_or(|last| (at, position) <= last),
                "newest first"
            );
            last = Some((at, position));
        }
        let info = &statement["pageInfo"];
        if info["hasNextPage"] == false {
            assert_eq!(statement["totalCount"], entries);
            break page["points"].as_i64().unwrap();
        }
        after = format!(", after: {}", info["endCursor"]);
    };
    assert_eq!(sum, total);
    // 4 + 2 answers, 5 of 7 comments, likes of 100 (2) and 101 (1), kudos, and three answers in a week
    // by Ada; Work's are two, since one is deleted.
    assert_eq!(total, 6 * 2 + 5 + 3 * 2 + 5 + 5);
    let expected = [
        "answer-given",
        "comment-made",
        "helper-of-the-week",
        "kudos-received",
        "like-received",
    ];
    assert_eq!(keys, expected.map(str::to_owned).into());
    let expected = ["COMPLETED", "EARNED", "PUT_BACK", "TAKEN_BACK"];
    assert_eq!(changes, expected.map(str::to_owned).into());

    let fields = "kudos { points level { name reachedAt } nextLevel { pointsLeft } badges { badge { key } times }
        available { badges { key } rules { rule { key } pointsLeft } }
        challenges { challenge { key } isCompleted completedTimes steps { done } } }";
    let kudos = profile(&asked, "Ada", fields).await["kudos"].take();
    assert_eq!(kudos["level"]["name"], "Explorer");
    assert_eq!(kudos["nextLevel"]["pointsLeft"], 50 - total);
    let left = |key: &str| {
        let rules = kudos["available"]["rules"].as_array().unwrap();
        let rule = rules.iter().find(|rule| rule["rule"]["key"] == key);
        rule.unwrap()["pointsLeft"].clone()
    };
    // Of the account that has most left.
    assert_eq!(
        (left("comment-made"), left("answer-given")),
        (json!(5), Json::Null)
    );
    let helper = &kudos["challenges"][1];
    let expected = json!({ "challenge": { "key": "helper-of-the-week" }, "isCompleted": true,
        "completedTimes": 1, "steps": [{ "done": 3 }] });
    assert_eq!(*helper, expected);
}

#[tokio::test]
async fn k10_interactions_are_counted_by_day_kind_and_subject() {
    let asked = community(&["Ada", "Ben"]).await;
    let now = Time::from(SystemTime::now()).to_string();
    let record = "mutation ($at: DateTime!) { interactionsRecord(input: { interactions: [
        { kind: \"panel_opened\", at: $at }, { kind: \"badge_clicked\", subject: \"certified\", at: $at }
    ] }) { userErrors { code } } }";
    // Ada's app sends it again.
    for who in ["Ada", "Ben", "Ada"] {
        let at = value!({ "at": now.as_str() });
        let data = asked.data(Some(actor(who)), record, at).await;
        let data = serde_json::to_value(data).unwrap();
        assert_eq!(data["interactionsRecord"]["userErrors"], json!([]));
    }
    let analyst = Actor {
        roles: Roles {
            analyst: true,
            ..Roles::default()
        },
        ..actor("Ben")
    };
    let day = Period::Day.start(now.parse().unwrap()).to_string();
    let until = Period::Day.end(now.parse().unwrap()).to_string();
    let query =
        "query ($from: DateTime!, $until: DateTime!) { interactions(from: $from, until: $until) {
        day kind subject count } }";
    let days = value!({ "from": day.as_str(), "until": until.as_str() });
    let data = asked.data(Some(analyst), query, days).await;
    let counts = json!([
        { "day": day, "kind": "badge_clicked", "subject": "certified", "count": 2 },
        { "day": day, "kind": "panel_opened", "subject": null, "count": 2 },
    ]);
    assert_eq!(serde_json::to_value(data).unwrap()["interactions"], counts);
}
