//! Following what one is told, with warnings that only the clock makes (DOMAIN F5, G7).

use std::time::Duration;

use async_graphql::Value;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use plaudit_api::{Answer, Operation};
use plaudit_domain::account::{Claims, LogIn};
use plaudit_domain::group::CreateUserGroup;
use plaudit_domain::leadership::{Appoint, Role};
use plaudit_domain::{Actor, GroupId, Roles};
use serde_json::json;
use uuid::Uuid;

use crate::community::{Asked, actor};

const DAY: i64 = 86_400_000_000;
const GROUP: GroupId = GroupId(Uuid::from_u128(7));

/// Ada and Ben, and a user group that nobody leads.
async fn community() -> Asked {
    let asked = Asked::new().await;
    for (who, name) in [("ada", "Ada"), ("ben", "Ben"), ("maren", "Maren")] {
        let claims = Claims {
            name: Some(name.into()),
            picture: None,
            kind: None,
        };
        asked.record(actor(who), LogIn { claims }).await;
    }
    let create = CreateUserGroup {
        group: GROUP,
        name: "Bakers".into(),
        description: String::new(),
        location: "Lyon".into(),
    };
    asked.record(staff(), create).await;
    asked
}

fn staff() -> Actor {
    Actor {
        roles: Roles {
            community_manager: true,
            ..Roles::default()
        },
        ..actor("maren")
    }
}

async fn appoint(asked: &Asked) {
    let appoint = Appoint {
        group: GROUP,
        account: actor("ada").account,
        role: Role::Leader,
        conditions: asked.community.read_models().rules().groups.leaders.clone(),
    };
    asked.record(staff(), appoint).await;
}

/// Ada's question, by its id.
async fn question(asked: &Asked) -> Value {
    let ask = r#"mutation { questionCreate(input: { title: "How hot?", body: "My oven." }) { post { id } } }"#;
    let data = asked.data(Some(actor("ada")), ask, Value::Null).await;
    let data = data.into_json().unwrap();
    data["questionCreate"]["post"]["id"]
        .as_str()
        .unwrap()
        .into()
}

async fn answer(asked: &Asked, question: &Value) {
    let answer = format!(
        r#"mutation {{ answerCreate(input: {{ questionId: {question}, body: "Very." }}) {{ userErrors {{ code }} }} }}"#
    );
    asked.data(Some(actor("ben")), &answer, Value::Null).await;
}

/// What Ada is told, from behind a cursor.
struct Told(BoxStream<'static, Answer>);

impl Told {
    async fn follow(asked: &Asked, after: Option<&str>) -> Self {
        let query = "subscription ($after: String) {
            notificationReceived(after: $after) { cursor node { kind outcome } } }";
        let body = json!({ "query": query, "variables": { "after": after } }).to_string();
        let operation = Operation::from_json(body.as_bytes()).unwrap();
        let followed = asked.api.follow(operation, Some(actor("ada"))).await;
        let Ok(followed) = followed else {
            panic!("it can be followed");
        };
        Self(followed.answers)
    }

    /// What comes next, and its cursor.
    async fn next(&mut self) -> (String, String) {
        let next = tokio::time::timeout(Duration::from_secs(120), self.0.next());
        let answer = next.await.expect("something comes").unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let edge = &answer["data"]["notificationReceived"];
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let node = &edge["node"];
        let what = match node["outcome"].as_str() {
            Some(outcome) => outcome.to_owned(),
            None => text(&node["kind"]),
        };
        (what, text(&edge["cursor"]))
    }

    /// That nothing comes, however long somebody waits.
    async fn rests(&mut self) {
        let wait = tokio::time::timeout(Duration::from_secs(300), self.0.next());
        tokio::time::pause();
        let came = wait
            .await
            .map(|answer| String::from_utf8(answer.unwrap().body));
        tokio::time::resume();
        assert!(came.is_err(), "{came:?}");
    }
}

/// What the list of what Ada is told holds, with the cursors.
async fn list(asked: &Asked) -> Vec<(String, String)> {
    let query = "{ viewer { notifications { edges { cursor node { kind outcome } } } } }";
    let data = asked.data(Some(actor("ada")), query, Value::Null).await;
    let data = data.into_json().unwrap();
    let edges = data["viewer"]["notifications"]["edges"].as_array().unwrap();
    let edges = edges.iter().map(|edge| {
        let node = &edge["node"];
        let what = node["outcome"].as_str().or(node["kind"].as_str());
        let cursor = edge["cursor"].as_str().unwrap();
        (what.unwrap().to_owned(), cursor.to_owned())
    });
    edges.collect()
}

#[tokio::test]
async fn f5_behind_a_warning_of_the_list_nothing_old_comes_again() {
    let asked = community().await;
    appoint(&asked).await;
    let question = question(&asked).await;
    answer(&asked, &question).await;
    asked.later(61 * DAY);
    let listed = list(&asked).await;
    let kinds: Vec<&str> = listed.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(kinds, ["GROUP_AT_RISK", "ANSWER", "LEADER_APPOINTED"]);

    let mut told = Told::follow(&asked, Some(&listed[0].1)).await;
    told.rests().await;
    // Behind what stands below it comes the warning, once.
    let mut told = Told::follow(&asked, Some(&listed[1].1)).await;
    assert_eq!(told.next().await.0, "GROUP_AT_RISK");
    told.rests().await;
    answer(&asked, &question).await;
    assert_eq!(told.next().await.0, "ANSWER");
}

#[tokio::test]
async fn g7_warnings_of_the_same_moment_are_each_told_in_pages_and_to_who_comes_back() {
    let asked = community().await;
    asked.later(100 * DAY);
    let mut told = Told::follow(&asked, None).await;
    told.rests().await;
    appoint(&asked).await;
    let came = [told.next().await, told.next().await, told.next().await];
    told.rests().await;
    let mut what: Vec<&str> = came.iter().map(|(what, _)| what.as_str()).collect();
    what.sort_unstable();
    assert_eq!(
        what,
        ["GROUP_AT_RISK", "GROUP_INACTIVE", "LEADER_APPOINTED"]
    );
    for (number, (_, cursor)) in came.iter().enumerate() {
        let mut told = Told::follow(&asked, Some(cursor)).await;
        for (expected, _) in &came[number + 1..] {
            assert_eq!(told.next().await.0, *expected);
        }
        told.rests().await;
    }

    let all = list(&asked).await;
    assert_eq!(all.len(), 3);
    let mut after = Value::Null;
    for (what, cursor) in all {
        let query = "query ($after: String) { viewer { notifications(first: 1, after: $after) {
            edges { cursor node { kind outcome } } } } }";
        let variables = Value::from_json(json!({ "after": after })).unwrap();
        let data = asked.data(Some(actor("ada")), query, variables).await;
        let data = data.into_json().unwrap();
        let edge = &data["viewer"]["notifications"]["edges"][0];
        assert_eq!(edge["node"]["outcome"], what.as_str());
        assert_eq!(edge["cursor"], cursor.as_str());
        after = cursor.into();
    }
    // A cursor of who follows is one of the list, too.
    let variables = Value::from_json(json!({ "after": came[0].1 })).unwrap();
    let query =
        "query ($after: String) { viewer { notifications(after: $after) { nodes { outcome } } } }";
    asked.data(Some(actor("ada")), query, variables).await;
}

#[tokio::test]
async fn f5_what_two_accounts_were_told_before_they_were_linked_comes_once() {
    let asked = community().await;
    let question = question(&asked).await;
    let data = asked
        .data(None, "{ groups { nodes { id } } }", Value::Null)
        .await;
    let group = data.into_json().unwrap()["groups"]["nodes"][0]["id"].take();
    let does = async |who: &str, mutation: String| {
        let data = asked.data(Some(actor(who)), &mutation, Value::Null).await;
        data.into_json().unwrap()
    };
    for who in ["ada", "ben"] {
        let watch =
            format!("groupWatch(input: {{ groupId: {group} }}) {{ userErrors {{ code }} }}");
        does(who, format!("mutation {{ {watch} }}")).await;
    }
    answer(&asked, &question).await;
    let before = list(&asked).await;
    let join = format!("groupJoin(input: {{ groupId: {group} }}) {{ userErrors {{ code }} }}");
    let open = format!(
        r#"discussionCreate(input: {{ groupId: {group}, title: "Rye", body: "Or not?" }}) {{ post {{ id }} }}"#
    );
    let opened = does("maren", format!("mutation {{ {join} {open} }}")).await;
    assert!(opened["discussionCreate"]["post"].is_object(), "{opened}");
    let code = does("ada", "mutation { linkCodeCreate { code } }".into()).await;
    let code = &code["linkCodeCreate"]["code"];
    let link = format!(
        "mutation {{ accountLink(input: {{ code: {code}, primary: OTHER }}) {{ userErrors {{ code }} }} }}"
    );
    let linked = does("ben", link).await;
    assert_eq!(linked["accountLink"]["userErrors"], json!([]));

    let query = "{ viewer { notifications { totalCount unreadCount nodes { kind } } } }";
    let data = asked.data(Some(actor("ada")), query, Value::Null).await;
    let nodes = json!([{ "kind": "POST" }, { "kind": "ANSWER" }]);
    let expected = json!({ "totalCount": 2, "unreadCount": 2, "nodes": nodes });
    let data = data.into_json().unwrap();
    assert_eq!(data["viewer"]["notifications"], expected);
    let mut told = Told::follow(&asked, Some(&before[0].1)).await;
    assert_eq!(told.next().await.0, "POST");
    told.rests().await;
}

#[tokio::test]
async fn g7_who_comes_to_lead_a_group_that_is_at_risk_is_warned_at_once() {
    let asked = community().await;
    asked.later(70 * DAY);
    let mut told = Told::follow(&asked, None).await;
    told.rests().await;
    appoint(&asked).await;
    let (first, _) = told.next().await;
    let (second, cursor) = told.next().await;
    let mut both = [first.as_str(), second.as_str()];
    both.sort_unstable();
    assert_eq!(both, ["GROUP_AT_RISK", "LEADER_APPOINTED"]);
    told.rests().await;

    // Whoever comes back gets neither again, but what the clock alone makes of it.
    let mut told = Told::follow(&asked, Some(&cursor)).await;
    told.rests().await;
    asked.later(21 * DAY);
    tokio::time::pause();
    assert_eq!(told.next().await.0, "GROUP_INACTIVE");
    tokio::time::resume();
    told.rests().await;
}
