//! What is refused before anything is executed: what costs too much, is too large, or says two things at once.

use std::time::{Duration, Instant};

use plaudit_api::{Allowed, Answer, Api, Limits, Operation, Outcome};
use serde_json::{Value, json};

use crate::community::Asked;

/// What the tools of GraphQL ask a server for to learn its schema.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind }
    subscriptionType { name kind } types { ...FullType } directives { name description locations
    args(includeDeprecated: true) { ...InputValue } } } } fragment FullType on __Type { kind name
    description specifiedByURL isOneOf fields(includeDeprecated: true) { name description
    args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
    inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
    possibleTypes { ...TypeRef } } fragment InputValue on __InputValue { name description type {
    ...TypeRef } defaultValue isDeprecated deprecationReason } fragment TypeRef on __Type { kind name
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

/// A community with the limits that a server has.
async fn api() -> Api {
    Api::of(Asked::new().await.community)
}

async fn asked(api: &Api, query: &str, variables: Value) -> (Answer, Value) {
    let body = json!({ "query": query, "variables": variables });
    let operation = Operation::from_json(body.to_string().as_bytes()).unwrap();
    let answer = api.execute(operation, None, Allowed::Everything).await;
    let body = serde_json::from_slice(&answer.body).unwrap();
    (answer, body)
}

async fn cost(api: &Api, query: &str, variables: Value) -> u64 {
    let (answer, body) = asked(api, query, variables).await;
    let cost = &body["extensions"]["cost"];
    assert_eq!(answer.outcome, Outcome::Executed, "{query}: {body}");
    assert_eq!(cost["limit"], api.limits().cost);
    cost["requested"].as_u64().unwrap()
}

/// The first error of what is refused.
async fn refused(api: &Api, query: &str, variables: Value) -> Value {
    let (answer, body) = asked(api, query, variables).await;
    assert_eq!(answer.outcome, Outcome::Refused, "{query}: {body}");
    assert_eq!(body.get("data"), None);
    body["errors"][0].clone()
}

#[tokio::test]
async fn a_cost_is_about_the_number_of_fields_of_the_largest_answer() {
    let api = api().await;
    let page = "query ($n: Int, $m: Int = 3) { posts(first: $n) { totalCount nodes { title \
                answers(last: $m) { nodes { body } } } } }";
    const LIKES: &str = "mutation ($id: ID!) { a: postLike(input: { postId: $id }) { post { id } }
        b: postLike(input: { postId: $id }) { post { id } } }";
    const LIKES_IN_FRAGMENTS: &str = "mutation ($id: ID!) { ...F ... {
        b: postLike(input: { postId: $id }) { post { id } } } }
        fragment F on Mutation { a: postLike(input: { postId: $id }) { post { id } } }";
    const OF_GROUP: &str = "query ($group: ID) { leaderboard(groupId: $group) { group { id } } }";
    for (query, variables, expected) in [
        ("{ __typename }", json!({}), 1),
        ("{ posts(first: 7) { totalCount } }", json!({}), 2),
        // The connection, nodes, and of each its title.
        ("{ posts(first: 7) { nodes { title } } }", json!({}), 2 + 7),
        ("{ posts(last: 7) { nodes { title } } }", json!({}), 2 + 7),
        // Nobody says how many: a page.
        ("{ posts { nodes { title } } }", json!({}), 2 + 20),
        ("{ posts { pageInfo { hasNextPage } } }", json!({}), 3),
        (
            "{ ...F } fragment F on Query { posts(first: 7) { ...G } } fragment G on PostConnection \
          { ... { nodes { ...H } } } fragment H on Post { title }",
            json!({}),
            2 + 7,
        ),
        // Of each its title, its answers, their nodes, and of each of these its body.
        (page, json!({ "n": 10 }), 3 + 10 * (1 + 2 + 3)),
        (page, json!({ "n": 10, "m": 100 }), 3 + 10 * (1 + 2 + 100)),
        (page, json!({ "n": null }), 3 + 20 * (1 + 2 + 3)),
        (page, json!({ "n": 1, "m": null }), 3 + 1 + 2 + 20),
        // Which of both it is shows when it is executed: neither makes it cheaper.
        (
            "query ($n: Int, $m: Int) { posts(first: $n, last: $m) { nodes { title } } }",
            json!({ "m": 50 }),
            2 + 50,
        ),
        (
            "query ($n: Int) { posts(first: $n, last: 50) { nodes { title } } }",
            json!({}),
            2 + 50,
        ),
        (
            "{ posts(first: null, last: 50) { nodes { title } } }",
            json!({}),
            2 + 50,
        ),
        // It writes, wherever it stands.
        (LIKES, json!({ "id": "some" }), 2 * (10 + 2)),
        (LIKES_IN_FRAGMENTS, json!({ "id": "some" }), 2 * (10 + 2)),
        // All of the ledger is read.
        (OF_GROUP, json!({}), 3),
        (OF_GROUP, json!({ "group": null }), 3),
        (OF_GROUP, json!({ "group": "some" }), 1_003),
        (
            r#"{ leaderboard(asOf: "2020-01-01T00:00:00Z") { period } }"#,
            json!({}),
            1_002,
        ),
        // Of a list that isn't paged nobody knows: a page.
        (
            "{ posts(first: 2) { nodes { author { profile { badges { key times } } } } } }",
            json!({}),
            2 + 2 * (3 + 20 * 2),
        ),
        (
            "{ posts(first: 2) { nodes { author { profile { badges(first: 3) { key } } } } } }",
            json!({}),
            2 + 2 * (3 + 3),
        ),
        (
            "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
            json!({ "ids": ["a", "b", "c"] }),
            1 + 3,
        ),
        (
            r#"{ nodes(ids: ["a", "b"]) { id ... on Post { title } } }"#,
            json!({}),
            1 + 2 * 2,
        ),
    ] {
        assert_eq!(
            cost(&api, query, variables.clone()).await,
            expected,
            "{query} {variables}"
        );
    }
}

#[tokio::test]
async fn what_costs_too_much_is_refused_with_what_it_costs_and_what_it_may() {
    let asked = Asked::new().await;
    let limits = Limits {
        cost: 102,
        ..Limits::default()
    };
    let api = Api::of(asked.community.clone()).with_limits(limits);
    let page = "query ($n: Int) { posts(first: $n) { nodes { title } } }";
    assert_eq!(cost(&api, page, json!({ "n": 100 })).await, 102);
    let error = refused(&api, page, json!({ "n": 100_000 })).await;
    assert_eq!(
        error["extensions"],
        json!({ "code": "TOO_COMPLEX", "requested": 100_002, "limit": 102 })
    );
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("100002") && message.contains("102"),
        "{message}"
    );
    // Nothing overflows, and nobody gets something back.
    for n in [json!(i32::MAX), json!(u64::MAX), json!(-5)] {
        let (answer, body) = self::asked(&api, page, json!({ "n": n })).await;
        assert!(
            body["errors"][0]["extensions"]["code"].is_string(),
            "{body}"
        );
        assert!(answer.body.len() < 1_000);
    }
    let deep = "{ posts(first: 2147483647) { nodes { answers(first: 2147483647) { nodes { comments(first: \
                2147483647) { nodes { author { name } } } } } } } }";
    assert_eq!(
        refused(&api, deep, json!({})).await["extensions"]["requested"],
        u64::MAX
    );
}

#[tokio::test]
async fn each_limit_has_a_code_of_its_own() {
    let asked = Asked::new().await;
    let strict = Limits {
        bytes: 200,
        tokens: 40,
        depth: 3,
        aliases: 2,
        directives: 1,
        selections: 10,
        ..Limits::default()
    };
    let api = Api::of(asked.community.clone()).with_limits(strict);
    let comment = format!("{{ __typename }} # {}", "x".repeat(200));
    for (query, code, requested, limit) in [
        (comment.as_str(), "TOO_LARGE", 217, 200),
        (&"{".repeat(50), "TOO_MANY_TOKENS", 41, 40),
        ("{ posts { nodes { author { name } } } }", "TOO_DEEP", 4, 3),
        (
            "{ ...F } fragment F on Query { posts { nodes { author { name } } } }",
            "TOO_DEEP",
            4,
            3,
        ),
        (
            "{ a: __typename b: __typename c: __typename }",
            "TOO_MANY_ALIASES",
            3,
            2,
        ),
        (
            "{ a: __typename ...F ...F } fragment F on Query { b: __typename c: __typename }",
            "TOO_MANY_ALIASES",
            3,
            2,
        ),
        (
            "query @a { __typename @skip(if: true) }",
            "TOO_MANY_DIRECTIVES",
            2,
            1,
        ),
        (
            "{ ...F ...F ...F } fragment F on Query { __typename __typename __typename }",
            "TOO_COMPLEX",
            12,
            10,
        ),
    ] {
        let error = refused(&api, query, json!({})).await;
        let expected = json!({ "code": code, "requested": requested, "limit": limit });
        assert_eq!(error["extensions"], expected, "{query}: {error}");
    }
    let fits = "{ a: __typename b: posts { nodes { title @skip(if: false) } } }";
    assert_eq!(asked_outcome(&api, fits).await, Outcome::Executed);
}

async fn asked_outcome(api: &Api, query: &str) -> Outcome {
    asked(api, query, json!({})).await.0.outcome
}

#[tokio::test]
async fn fields_that_conflict_are_refused_at_any_depth() {
    let api = api().await;
    for (query, why) in [
        (
            "{ posts { nodes { a: id } } posts { nodes { a: body } } }",
            "different fields",
        ),
        (
            "{ posts { nodes { author { a: id } } nodes { author { a: name } } } }",
            "different fields",
        ),
        (
            "{ ...F ...G } fragment F on Query { posts { nodes { a: id } } } \
          fragment G on Query { posts { nodes { ... { a: title } } } }",
            "different fields",
        ),
        (
            "{ posts(first: 1) { totalCount } posts { totalCount } }",
            "different arguments",
        ),
        (
            "{ posts { nodes { answers(first: 1) { totalCount } } } \
          posts { nodes { answers(first: 2) { totalCount } } } }",
            "different arguments",
        ),
        (
            "{ posts { nodes { a: __typename } } posts { nodes { a: id } } }",
            "different fields",
        ),
        (
            "query ($a: Int, $b: Int) { posts { nodes { likers(first: $a) { totalCount } } } \
          posts { nodes { likers(first: $b) { totalCount } } } }",
            "different arguments",
        ),
        // What are never fields of the same object has to look alike all the same.
        (
            "{ node(id: \"a\") { ... on Post { a: likeCount } ... on Account { a: name } } }",
            "a Int!, and another",
        ),
        (
            "{ node(id: \"a\") { ... on Post { a: author { b: name } } ... on Account { a: profile { b: id } } } }",
            "and another",
        ),
    ] {
        let error = refused(&api, query, json!({})).await;
        assert_eq!(
            error["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED",
            "{query}"
        );
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(why) || message.contains("differing"),
            "{query}: {message}"
        );
    }
    for query in [
        "{ posts { nodes { a: id } } posts { nodes { a: id b: title } } }",
        "{ posts(first: 1, after: null) { totalCount } posts(after: null, first: 1) { totalCount } }",
        "{ node(id: \"a\") { ... on Post { a: id } ... on Account { a: id name } } }",
        "{ node(id: \"a\") { ... on BenefitRequest { a: group { name } } ... on Account { a: profile { id } } } }",
        "{ ...F ...F posts { ...G ...G } } fragment F on Query { posts { ...G } } \
         fragment G on PostConnection { totalCount }",
    ] {
        assert_eq!(
            asked_outcome(&api, query).await,
            Outcome::Executed,
            "{query}"
        );
    }
}

/// Two hundred selections of the same are merged level by level.
#[tokio::test]
async fn merging_takes_time_in_the_fields_and_not_in_their_pairs() {
    let asked = Asked::new().await;
    let limits = Limits {
        cost: u64::MAX,
        ..Limits::default()
    };
    let api = Api::of(asked.community.clone()).with_limits(limits);
    let selections = |last: &str| {
        let same =
            "posts { nodes { author { profile { primaryAccount { name } } } } } ".repeat(200);
        format!(
            "{{ {same} posts {{ nodes {{ author {{ profile {{ primaryAccount {{ {last} }} }} }} }} }} }}"
        )
    };
    let start = Instant::now();
    let error = refused(&api, &selections("name: id"), json!({})).await;
    assert!(
        error["message"].as_str().unwrap().contains("conflict"),
        "{error}"
    );
    assert_eq!(
        asked_outcome(&api, &selections("id")).await,
        Outcome::Executed
    );
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn the_whole_schema_can_be_asked_for_and_no_more_than_that() {
    let asked = Asked::new().await;
    let api = Api::of(asked.community.clone());
    let whole = cost(&api, INTROSPECTION, json!({})).await;
    assert!((500..9_000).contains(&whole), "{whole}");

    let levels = |levels| ("fields { type { ".repeat(levels), " } }".repeat(levels));
    let (open, close) = levels(6);
    let bomb = &format!("{{ __schema {{ types {{ {open} name {close} }} }} }}");
    let error = refused(&api, bomb, json!({})).await;
    assert_eq!(error["extensions"]["code"], "TOO_COMPLEX");
    // From interfaces to all types that have them, and on to their interfaces.
    let around = |levels| {
        let open = "interfaces { possibleTypes { ".repeat(levels);
        format!(
            "{{ __schema {{ types {{ {open} name {} }} }} }}",
            "} }".repeat(levels)
        )
    };
    assert_eq!(asked_outcome(&api, &around(2)).await, Outcome::Executed);
    let error = refused(&api, &around(4), json!({})).await;
    assert_eq!(error["extensions"]["code"], "TOO_COMPLEX");
    // Wide instead of deep, and often instead of much.
    let wide = format!(
        "{{ __schema {{ types {{ {} }} }} }}",
        "fields { type { name } } ".repeat(50)
    );
    let often = format!("{{ {} }}", "__type(name: \"I\") { name } ".repeat(250));
    for query in [&wide, &often] {
        let error = refused(&api, query, json!({})).await;
        assert_eq!(error["extensions"]["code"], "TOO_COMPLEX", "{query}");
    }
    // Also where it is hidden behind others, and the other way in.
    let (open, close) = levels(9);
    let other = &format!("query ($n: String!) {{ __type(name: $n) {{ {open} name {close} }} }}");
    let error = refused(&api, other, json!({ "n": "Post" })).await;
    assert_eq!(error["extensions"]["code"], "TOO_COMPLEX");
}

#[tokio::test]
async fn what_is_asked_for_of_the_schema_is_counted_as_it_is() {
    let api = api().await;
    fn fields(answer: &Value) -> u64 {
        match answer {
            Value::Object(object) => object.values().map(|below| 1 + fields(below)).sum(),
            Value::Array(list) => list.iter().map(fields).sum(),
            _ => 0,
        }
    }
    for query in [
        INTROSPECTION,
        "{ __schema { types { interfaces { possibleTypes { name } } } } }",
        "{ __schema { types { enumValues { name } inputFields { type { ofType { name } } } } } }",
        "{ __type(name: \"Post\") { fields { args { type { kind ofType { kind } } } } } }",
        "{ a: __type(name: \"Nothing\") { name } __schema { directives { args { name } } } }",
    ] {
        let (_, answer) = asked(&api, query, json!({})).await;
        let (told, are) = (
            &answer["extensions"]["cost"]["requested"],
            fields(&answer["data"]),
        );
        // And 50 for each time that it is asked for.
        let times = query.matches("__schema").count() + query.matches("__type(").count();
        let (told, below) = (told.as_u64().unwrap(), are / 3 + 50 * times as u64);
        assert!(
            (below..below + 4).contains(&told),
            "{query}: {told} for {are}"
        );
    }
}

#[tokio::test]
async fn a_schema_that_is_not_to_be_known_is_not_told_of() {
    let asked = Asked::new().await;
    let limits = Limits {
        introspection: false,
        ..Limits::default()
    };
    let api = Api::of(asked.community.clone()).with_limits(limits);
    for query in [
        "{ __schema { queryType { name } } }",
        "{ ...F } fragment F on Query { a: __type(name: \"Post\") { name } }",
        "query A { __typename } query B { __schema { queryType { name } } }",
    ] {
        let error = refused(&api, query, json!({})).await;
        assert_eq!(
            error["extensions"]["code"], "INTROSPECTION_DISABLED",
            "{query}"
        );
    }
    let error = refused(&api, "{ poosts { totalCount } }", json!({})).await;
    assert_eq!(
        error["message"],
        "Unknown field \"poosts\" on type \"Query\"."
    );
    assert_eq!(
        asked_outcome(&api, "{ __typename }").await,
        Outcome::Executed
    );
}

/// Nothing that fits in a kilobyte keeps the server busy. On an idle machine each takes a few milliseconds.
#[tokio::test]
async fn a_kilobyte_is_answered_or_refused_at_once() {
    let api = api().await;
    let bomb: String = (0..20)
        .map(|n| format!("fragment F{n} on Query{{...F{0} ...F{0}}}", n + 1))
        .collect();
    let bomb = format!("{{...F0}}{bomb}fragment F20 on Query{{__typename}}");
    let lists: String = (0..13)
        .map(|n| format!("a{n}:posts(first:100){{nodes{{answers(first:100){{nodes{{id}}}}}}}}"))
        .collect();
    for query in [
        bomb,
        format!("{{{lists}}}"),
        "[".repeat(1_000),
        "{a".repeat(500),
    ] {
        assert!(query.len() <= 1_024, "{} bytes", query.len());
        let start = Instant::now();
        let (answer, body) = asked(&api, &query, json!({})).await;
        assert_eq!(answer.outcome, Outcome::Refused, "{body}");
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{query} took {:?}",
            start.elapsed()
        );
    }
}

#[tokio::test]
async fn what_does_not_fit_its_type_is_refused_before_anything_is_written() {
    let api = api().await;
    let twice = r#"mutation ($key: UUID) {
        a: questionCreate(input: { title: "A", body: "b" }) { post { id } }
        b: questionCreate(input: { title: "B", body: "b", idempotencyKey: $key }) { post { id } } }"#;
    let error = refused(&api, twice, json!({ "key": "bad" })).await;
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("$key") && message.contains("UUID"),
        "{message}"
    );
    let board = "query ($at: DateTime) { leaderboard(asOf: $at) { period } }";
    refused(&api, board, json!({ "at": "0000-00-00" })).await;
    refused(&api, r#"{ leaderboard(asOf: "x") { period } }"#, json!({})).await;
}

#[tokio::test]
async fn an_id_that_is_none_takes_nothing_else_away() {
    let api = api().await;
    let (answer, body) = asked(&api, r#"{ position nodes(ids: ["x"]) { id } }"#, json!({})).await;
    assert_eq!(answer.outcome, Outcome::Executed);
    assert_eq!(body["data"], json!({ "position": "0", "nodes": [null] }));
    assert_eq!(body["errors"][0]["path"], json!(["nodes", 0]));
    let many = json!({ "ids": vec!["x"; 101] });
    let query = "query ($ids: [ID!]!) { position nodes(ids: $ids) { id } }";
    let (_, body) = asked(&api, query, many).await;
    assert_eq!(body["data"], json!({ "position": "0", "nodes": null }));
    assert_eq!(body["errors"][0]["extensions"]["code"], "TOO_MANY_IDS");
}
