//! Operations of every kind, on a schema for tests.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use async_graphql::{
    Context, EmptySubscription, Enum, ID, InputObject, Object, OneofObject, Schema, SimpleObject,
};
use plaudit_domain::AccountId;
use plaudit_journal::JournalError;
use plaudit_replay::CommandError;
use serde_json::json;
use uuid::Uuid;

use super::*;

struct TestQuery;

/// Who asks.
struct Viewer(Option<Actor>);

#[derive(SimpleObject)]
#[graphql(crate = "crate::engine")]
struct User {
    id: i32,
    name: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
enum Size {
    Small,
    Large,
}

#[derive(InputObject)]
struct Order {
    size: Size,
    #[graphql(default = 1)]
    count: i32,
    tags: Option<Vec<String>>,
}

#[derive(OneofObject)]
enum Choice {
    Number(i32),
    Text(String),
}

// The engine resolves it as the root, and we do where it is a field.
#[Object(crate = "crate::engine")]
impl TestQuery {
    async fn user(&self) -> User {
        User { id: 1, name: "Ada" }
    }

    async fn this(&self) -> Self {
        Self
    }

    async fn viewer(&self, context: &Context<'_>) -> Option<String> {
        let Viewer(actor) = context.data_unchecked();
        actor.map(|actor| actor.account.to_string())
    }

    async fn order(&self, order: Order) -> String {
        let Order { size, count, tags } = order;
        format!("{count} {size:?} {}", tags.unwrap_or_default().join("+"))
    }

    async fn double(&self, number: i32) -> i32 {
        number * 2
    }

    async fn sum(&self, numbers: Option<Vec<i32>>, #[graphql(default = 0)] with: i32) -> i32 {
        numbers.unwrap_or_default().iter().sum::<i32>() + with
    }

    async fn by_id(&self, id: ID, key: Option<Uuid>) -> String {
        format!("{} {key:?}", *id)
    }

    async fn either(&self, choice: Choice) -> String {
        match choice {
            Choice::Number(number) => number.to_string(),
            Choice::Text(text) => text,
        }
    }

    async fn panics(&self) -> Option<i32> {
        None.or_else(|| panic!("the roof is on fire"))
    }

    async fn fails(&self) -> async_graphql::Result<Option<i32>> {
        Err(std::io::Error::other("disk /dev/secret is full"))?
    }

    async fn is_away(&self) -> async_graphql::Result<Option<i32>> {
        Err(away())?
    }

    async fn is_away_too(&self) -> async_graphql::Result<Option<i32>> {
        Err(CommandError::Journal(away()))?
    }

    async fn fails_whole(&self) -> async_graphql::Result<i32> {
        Err(async_graphql::Error::new("whole"))
    }

    async fn these(&self) -> Vec<Self> {
        vec![Self, Self]
    }

    async fn perhaps(&self) -> Option<Self> {
        Some(Self)
    }

    async fn perhaps_these(&self) -> Vec<Option<Self>> {
        vec![Some(Self), None]
    }

    async fn refuses(&self) -> async_graphql::Result<Option<i32>> {
        Err(async_graphql::Error::new("not yours"))
    }
}

struct TestMutation;

#[Object]
impl TestMutation {
    async fn write(&self) -> i32 {
        7
    }
}

fn api() -> Api {
    Api::new(
        || Schema::build(TestQuery, TestMutation, EmptySubscription),
        |request, _, viewer, _, _, _| request.data(Viewer(viewer)),
    )
}

fn operation(query: &str, variables: serde_json::Value) -> Operation {
    let body = json!({ "query": query, "variables": variables });
    Operation::from_json(body.to_string().as_bytes()).unwrap()
}

/// An answer, but for what it cost.
fn json(answer: &Answer) -> serde_json::Value {
    let mut json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    json.as_object_mut().unwrap().remove("extensions");
    json
}

async fn execute(query: &str, variables: serde_json::Value) -> (Outcome, serde_json::Value) {
    let operation = operation(query, variables);
    let answer = api()
        .execute(operation, None, Allowed::QueriesAndMutations)
        .await;
    (answer.outcome, json(&answer))
}

async fn data(query: &str, variables: serde_json::Value) -> serde_json::Value {
    let (outcome, answer) = execute(query, variables).await;
    assert_eq!(outcome, Outcome::Executed);
    assert_eq!(answer.get("errors"), None, "{query}");
    answer["data"].clone()
}

/// The code and message of the only error of an operation that was not executed.
async fn refused(query: &str, variables: serde_json::Value) -> String {
    let (outcome, answer) = execute(query, variables).await;
    assert_eq!(outcome, Outcome::Refused, "{answer}");
    assert_eq!(answer.get("data"), None);
    let error = &answer["errors"][0];
    assert_eq!(
        answer["errors"].as_array().map(Vec::len),
        Some(1),
        "{answer}"
    );
    format!(
        "{}: {}",
        error["extensions"]["code"].as_str().unwrap(),
        error["message"].as_str().unwrap()
    )
}

#[tokio::test]
async fn a_query_is_answered_in_its_own_order() {
    let operation = operation("{ b: double(number: 4) user { name id } }", json!({}));
    let answer = api().execute(operation, None, Allowed::Queries).await;
    assert_eq!(
        String::from_utf8(answer.body).unwrap(),
        concat!(
            r#"{"data":{"b":8,"user":{"name":"Ada","id":1}},"#,
            r#""extensions":{"cost":{"requested":4,"limit":10000}}}"#
        )
    );
}

#[tokio::test]
async fn a_document_that_is_known_already_is_answered_the_same_with_other_variables() {
    let api = api();
    for number in [1, 2, 3] {
        let query = "query ($n: Int!) { double(number: $n) ...F } fragment F on TestQuery \
                     { user { id } }";
        let operation = operation(query, json!({ "n": number }));
        let answer = api.execute(operation, None, Allowed::Queries).await;
        assert_eq!(
            json(&answer),
            json!({ "data": { "double": number * 2, "user": { "id": 1 } } })
        );
    }
    assert_eq!(api.documents.len(), 1);
}

#[tokio::test]
async fn resolvers_know_who_asks() {
    let account = AccountId(Uuid::from_u128(7));
    let operation = operation("{ viewer }", json!({}));
    let viewer = Some(Actor::member(account));
    let answer = api().execute(operation, viewer, Allowed::Queries).await;
    assert_eq!(
        json(&answer),
        json!({ "data": { "viewer": account.to_string() } })
    );
    assert_eq!(
        data("{ viewer }", json!({})).await,
        json!({ "viewer": null })
    );
}

#[tokio::test]
async fn only_what_may_write_executes_a_mutation() {
    let api = api();
    let write = || operation("query R { viewer } mutation W { write }", json!({}));
    for (name, allowed, outcome) in [
        ("R", Allowed::Queries, Outcome::Executed),
        ("W", Allowed::Queries, Outcome::NotAllowed),
        ("W", Allowed::QueriesAndMutations, Outcome::Executed),
    ] {
        let mut operation = write();
        operation.operation_name = Some(name.into());
        let answer = api.execute(operation, None, allowed).await;
        assert_eq!(answer.outcome, outcome, "{name} {allowed:?}");
    }
}

#[tokio::test]
async fn a_panic_is_one_error_with_the_number_of_its_log_line() {
    let api = api();
    for query in ["{ user { id } panics }", "{ this { this { panics } } }"] {
        let operation = operation(query, json!({}));
        let answer = json(&api.execute(operation, None, Allowed::Queries).await);
        assert_eq!(answer["data"], json!(null));
        assert_eq!(answer["errors"][0]["extensions"]["code"], "INTERNAL");
        let id = answer["errors"][0]["extensions"]["id"].as_str().unwrap();
        assert!(
            answer["errors"][0]["message"]
                .as_str()
                .unwrap()
                .contains(id)
        );
        assert!(!answer.to_string().contains("fire"), "{answer}");
    }
}

/// What is logged here, as text.
#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What all tests log: who logs what is one thing for a whole process.
static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    log
});

#[tokio::test]
async fn the_log_has_a_panic_by_the_number_that_the_client_got() {
    let log = LOG.clone();
    let (_, answer) = execute("{ panics }", json!({})).await;
    let id = answer["errors"][0]["extensions"]["id"].as_str().unwrap();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let line = log.lines().find(|line| line.contains(id)).unwrap();
    assert!(line.contains("the roof is on fire"), "{line}");
}

fn away() -> JournalError {
    JournalError::Unavailable {
        journal: "postgres://secret".into(),
        reason: "nobody answers".into(),
    }
}

#[tokio::test]
async fn what_can_not_be_reached_for_now_is_told_to_be_tried_again() {
    let (outcome, answer) = execute("{ isAway isAwayToo user { id } }", json!({})).await;
    assert_eq!(outcome, Outcome::Executed);
    assert_eq!(answer["data"]["user"], json!({ "id": 1 }));
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2);
    for error in errors {
        assert_eq!(error["extensions"], json!({ "code": "UNAVAILABLE" }));
        assert!(error["message"].as_str().unwrap().contains("try again"));
    }
    assert!(!answer.to_string().contains("secret"), "{answer}");
}

#[tokio::test]
async fn the_text_of_our_own_faults_stays_in_the_log() {
    let (outcome, answer) = execute("{ user { id } fails refuses }", json!({})).await;
    assert_eq!(outcome, Outcome::Executed);
    assert_eq!(
        answer["data"],
        json!({ "user": { "id": 1 }, "fails": null, "refuses": null })
    );
    let [ours, theirs] = [&answer["errors"][0], &answer["errors"][1]];
    assert_eq!(ours["extensions"]["code"], "INTERNAL");
    assert_eq!(ours["path"], json!(["fails"]));
    assert_eq!(theirs["message"], "not yours");
    assert!(!answer.to_string().contains("secret"), "{answer}");
}

#[tokio::test]
async fn a_failed_field_is_null_and_what_may_not_be_null_is_not() {
    for (query, expected) in [
        (
            "{ viewer refuses }",
            json!({ "viewer": null, "refuses": null }),
        ),
        ("{ refuses }", json!({ "refuses": null })),
        (
            "{ this { refuses } }",
            json!({ "this": { "refuses": null } }),
        ),
        (
            "{ a: refuses b: this { c: refuses user { id } } }",
            json!({ "a": null, "b": { "user": { "id": 1 }, "c": null } }),
        ),
        ("{ viewer failsWhole }", json!(null)),
        ("{ viewer this { failsWhole } }", json!(null)),
        (
            "{ viewer perhaps { viewer this { failsWhole } } }",
            json!({ "viewer": null, "perhaps": null }),
        ),
        (
            "{ perhaps { refuses failsWhole } }",
            json!({ "perhaps": null }),
        ),
        (
            "{ perhaps { failsWhole refuses } }",
            json!({ "perhaps": null }),
        ),
        (
            "{ these { refuses } }",
            json!({ "these": [{ "refuses": null }, { "refuses": null }] }),
        ),
        (
            "{ perhaps { these { viewer failsWhole } } }",
            json!({ "perhaps": null }),
        ),
        (
            "{ perhapsThese { failsWhole } }",
            json!({ "perhapsThese": [null, null] }),
        ),
        (
            "{ perhaps { ...F } perhaps { ... { failsWhole } } } fragment F on TestQuery { user { id } }",
            json!({ "perhaps": null }),
        ),
        (
            "{ ...F ...G } fragment F on TestQuery { this { viewer } } fragment G on TestQuery { this { x: refuses } }",
            json!({ "this": { "viewer": null, "x": null } }),
        ),
    ] {
        let (outcome, answer) = execute(query, json!({})).await;
        assert_eq!(outcome, Outcome::Executed);
        assert!(answer["errors"][0]["path"].is_array());
        assert_eq!(answer["data"], expected, "{query}");
    }
}

#[tokio::test]
async fn what_cannot_be_executed_has_no_data() {
    for (query, why) in [
        ("", "GRAPHQL_PARSE_FAILED: "),
        ("{", "GRAPHQL_PARSE_FAILED: "),
        (
            "{ nothing }",
            "GRAPHQL_VALIDATION_FAILED: Unknown field \"nothing\"",
        ),
        ("{ user }", "GRAPHQL_VALIDATION_FAILED: "),
        ("{ double(number: \"x\") }", "GRAPHQL_VALIDATION_FAILED: "),
        ("{ ...F }", "GRAPHQL_VALIDATION_FAILED: "),
        (
            "query A { viewer } query B { viewer }",
            "OPERATION_RESOLUTION_FAILURE: the document has several operations",
        ),
    ] {
        let error = refused(query, json!({})).await;
        assert!(error.starts_with(why), "{query}: {error}");
    }
    let mut operation = operation("query A { viewer }", json!({}));
    operation.operation_name = Some("B".into());
    let answer = json(&api().execute(operation, None, Allowed::Queries).await);
    assert_eq!(
        answer["errors"][0]["message"],
        "the document has no operation B"
    );
}

#[tokio::test]
async fn values_that_do_not_fit_their_variables_are_refused() {
    let number = "query ($n: Int!) { double(number: $n) }";
    let order = "query ($o: Order!) { order(order: $o) }";
    for (query, variables, why) in [
        (number, json!({}), "$n: a Int! is missing"),
        (number, json!({ "n": null }), "$n: null is no Int!"),
        (number, json!({ "n": "1" }), "$n: \"1\" is no Int"),
        (number, json!({ "n": 1.5 }), "$n: 1.5 is no Int"),
        (number, json!({ "n": [1] }), "$n: a list is no Int"),
        (order, json!({ "o": 1 }), "$o: 1 is no Order"),
        (order, json!({ "o": {} }), "$o.size: a Size! is missing"),
        (
            order,
            json!({ "o": { "size": "HUGE" } }),
            "$o.size: \"HUGE\" is no Size",
        ),
        (
            order,
            json!({ "o": { "size": "SMALL", "x": 1 } }),
            "$o: a Order has no field x",
        ),
        (
            order,
            json!({ "o": { "size": "SMALL", "tags": ["a", 2] } }),
            "$o.tags[1]: 2 is no String",
        ),
        (
            order,
            json!({ "o": { "size": "SMALL", "count": null } }),
            "$o.count: null is no Int!",
        ),
    ] {
        let error = refused(query, variables).await;
        assert_eq!(error, format!("BAD_USER_INPUT: {why}"));
    }
}

#[tokio::test]
async fn values_that_fit_arrive_and_defaults_stand_in() {
    let order = "query ($o: Order!) { order(order: $o) }";
    for (query, variables, answer) in [
        (
            order,
            json!({ "o": { "size": "SMALL" } }),
            json!({ "order": "1 Small " }),
        ),
        (
            order,
            json!({ "o": { "size": "LARGE", "count": 2, "tags": ["a", "b"] }, "more": 1 }),
            json!({ "order": "2 Large a+b" }),
        ),
        // One value stands for a list of it.
        (
            order,
            json!({ "o": { "size": "SMALL", "tags": "a" } }),
            json!({ "order": "1 Small a" }),
        ),
        (
            "query ($n: Int = 4) { double(number: $n) }",
            json!({}),
            json!({ "double": 8 }),
        ),
        (
            "query ($no: Boolean = true) { viewer double(number: 1) @skip(if: $no) }",
            json!({}),
            json!({ "viewer": null }),
        ),
    ] {
        assert_eq!(data(query, variables).await, answer);
    }
}

#[tokio::test]
async fn a_page_of_mistakes_gets_a_few_errors() {
    let query = format!("{{ {} }}", "nothing ".repeat(1_000));
    let (_, answer) = execute(&query, json!({})).await;
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 11);
    assert_eq!(errors[10]["message"], "and 990 more errors");
}

#[tokio::test]
async fn what_is_nested_as_deep_as_it_may_be_is_parsed() {
    let nested = |open: &str, close: &str, levels: usize| {
        format!(
            "{{ order(order: {}1{}) }}",
            open.repeat(levels),
            close.repeat(levels)
        )
    };
    for (open, close) in [("[", "]"), ("{a:", "}")] {
        // The selection and the arguments are open, too.
        for (levels, is_refused) in [(NESTING_MAX - 2, false), (NESTING_MAX - 1, true)] {
            let (_, answer) = execute(&nested(open, close, levels), json!({})).await;
            let code = &answer["errors"][0]["extensions"]["code"];
            assert!(code.is_string(), "{answer}");
            assert_eq!(code == "TOO_DEEP", is_refused, "{answer}");
        }
    }
    // Through fragments a selection may be deeper than the engine has it by itself.
    let levels = Limits::default().depth - 1;
    let fragments: String = (0..levels)
        .map(|n| format!("fragment F{n} on TestQuery{{...G{n}}} fragment G{n} on TestQuery{{this{{...F{0}}}}}", n + 1))
        .collect();
    let deep = format!("{{...F0}} {fragments} fragment F{levels} on TestQuery{{viewer}}");
    let (outcome, answer) = execute(&deep, json!({})).await;
    assert_eq!(outcome, Outcome::Executed, "{answer}");
}

#[tokio::test]
async fn where_directives_leave_all_out_there_is_an_empty_object() {
    for query in [
        "{ viewer @skip(if: true) }",
        "{ ... @include(if: false) { viewer } }",
    ] {
        assert_eq!(data(query, json!({})).await, json!({}));
    }
}

#[tokio::test]
async fn an_error_does_not_repeat_all_that_was_sent() {
    let long = "x".repeat(25_000);
    for query in [
        format!("{{ {long} }}"),
        // Also what is found after the document was checked.
        format!("query (${long}: Int!) {{ viewer @skip(if: true) order(order: ${long}) }}"),
        format!("query (${long}: Int!) {{ viewer }}"),
    ] {
        let (_, answer) = execute(&query, json!({})).await;
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(message.len() < 600 && message.ends_with('…'), "{message}");
    }
}

/// The probes that brought stock servers down, each small.
#[tokio::test]
async fn hostile_documents_are_refused_at_once() {
    let bomb = |levels: u32| {
        let spreads: String = (0..levels)
            .map(|n| format!("fragment F{n} on TestQuery{{...F{0} ...F{0}}}", n + 1))
            .collect();
        format!("{{...F0}}{spreads} fragment F{levels} on TestQuery{{viewer}}")
    };
    let chain = |from: &str, length: u32| {
        let spreads: String = (0..length)
            .map(|n| format!("fragment F{n} on TestQuery{{...F{}}}", n + 1))
            .collect();
        format!("{from}{spreads} fragment F{length} on TestQuery{{viewer}}")
    };
    let aliases = |fields: u32| {
        let fields: String = (0..fields).map(|n| format!("a{n}:viewer ")).collect();
        format!("{{ {fields} }}")
    };
    let api = api();
    for (what, query) in [
        ("a bomb of fragments", bomb(24)),
        ("a larger bomb", bomb(60)),
        (
            "a cycle",
            "{...A} fragment A on TestQuery{...B ...B} fragment B on TestQuery{...A ...A}".into(),
        ),
        (
            "a cycle that nobody spreads",
            "{viewer} fragment A on TestQuery{...A ...A}".into(),
        ),
        ("a chain of fragments", chain("{...F0}", 1_500)),
        ("a chain that nobody spreads", chain("{viewer}", 1_500)),
        ("aliases", aliases(5_000)),
        (
            "type names",
            format!("{{ {} }}", "__typename ".repeat(5_000)),
        ),
        ("brackets", "{".repeat(60_000)),
        (
            "nested fields",
            format!("{}{}", "{this".repeat(10_000), "}".repeat(10_000)),
        ),
        (
            "nested lists",
            format!("{{order(order:{}", "[".repeat(60_000)),
        ),
        (
            "nested objects",
            format!("{{order(order:{}", "{a:".repeat(20_000)),
        ),
        ("a nested type", format!("query($a:{}", "[".repeat(60_000))),
        // Few enough tokens to be parsed, which takes the stack of a thread for 1,500 levels.
        (
            "nested lists that are closed",
            format!(
                "{{order(order:{}{}){{id}}}}",
                "[".repeat(2_000),
                "]".repeat(2_000)
            ),
        ),
        (
            "nested objects that are closed",
            format!(
                "{{order(order:{}1{}){{id}}}}",
                "{a:".repeat(1_000),
                "}".repeat(1_000)
            ),
        ),
        (
            "a nested default",
            format!(
                "query($a:Int={}{}){{viewer}}",
                "[".repeat(2_000),
                "]".repeat(2_000)
            ),
        ),
        (
            "a nested argument of a directive",
            format!(
                "query($a:Int @x(a:{}{})){{viewer}}",
                "[".repeat(2_000),
                "]".repeat(2_000)
            ),
        ),
        ("nested parentheses", "(".repeat(60_000)),
        (
            "a long document",
            format!("{{ {} }}", " ".repeat(1_000_000)),
        ),
    ] {
        let start = Instant::now();
        let operation = operation(&query, json!({}));
        let answer = api.execute(operation, None, Allowed::Queries).await;
        assert_eq!(answer.outcome, Outcome::Refused, "{what}");
        assert!(
            answer.body.len() < 10_000,
            "{what}: {} bytes",
            answer.body.len()
        );
        let took = start.elapsed();
        // On an idle machine a tenth of a second; unguarded, minutes.
        assert!(took < Duration::from_secs(20), "{what} took {took:?}");
    }
}

/// Values of Correct Type, Input Object Field Names, All Variable Usages Are Allowed.
#[tokio::test]
async fn what_does_not_fit_an_argument_is_refused_before_anything_is_executed() {
    for query in [
        "{ double(number: null) }",
        "{ double(number: 1.5) }",
        "{ double(number: \"1\") }",
        "{ double(number: 2147483648) }",
        "{ sum(numbers: [1, null]) }",
        "{ sum(numbers: 1.5) }",
        "{ byId(id: 1.5) }",
        "{ byId(id: \"1\", key: \"no UUID\") }",
        "{ order(order: 1) }",
        "{ order(order: {size: \"SMALL\"}) }",
        "{ order(order: {size: MEDIUM}) }",
        "{ order(order: {count: 1}) }",
        "{ order(order: {size: SMALL, colour: RED}) }",
        "{ order(order: {size: SMALL, tags: [1]}) }",
        "{ either(choice: {}) }",
        "{ either(choice: {number: 1, text: \"one\"}) }",
        "{ either(choice: {number: null}) }",
        "{ viewer @skip(if: 1) }",
        // Also where nobody selects it.
        "query One { viewer } query Other { double(number: \"1\") }",
        "{ ... on TestQuery { this { double(number: \"1\") } } }",
        "{ ...F } fragment F on TestQuery { double(number: \"1\") }",
        "query ($number: Int) { double(number: $number) }",
        "query ($number: Int = null) { double(number: $number) }",
        "query ($number: Float!) { double(number: $number) }",
        "query ($numbers: [Int!]!) { double(number: $numbers) }",
        "query ($numbers: [Int]) { sum(numbers: $numbers) }",
        "query ($number: Int!) { sum(numbers: $number) }",
        "query ($number: Int) { sum(numbers: [$number]) }",
        "query ($id: String!) { byId(id: $id) }",
        "query ($size: String!) { order(order: {size: $size}) }",
        "query ($size: Size) { order(order: {size: $size}) }",
        "query ($number: Int) { either(choice: {number: $number}) }",
        "query ($if: Boolean) { viewer @skip(if: $if) }",
        "query ($if: Boolean!) { viewer @skip(if: [$if]) }",
        "query ($number: Int!) { double(number: [$number]) }",
        "query ($id: ID!) { byId(id: {a: $id}) }",
        "query ($number: Int = 3000000000) { sum(with: $number) }",
        "query ($key: UUID = \"today\") { byId(id: 1, key: $key) }",
        "query ($order: Order! = 5) { order(order: $order) }",
        "query ($size: Size! = \"SMALL\") { order(order: {size: $size}) }",
        "query ($number: Int) { ...F } fragment F on TestQuery { ...G } fragment G on TestQuery { double(number: $number) }",
    ] {
        let (outcome, answer) = execute(query, json!({})).await;
        assert_eq!(outcome, Outcome::Refused, "{query}: {answer}");
        let error = &answer["errors"][0];
        assert_eq!(
            error["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED",
            "{query}"
        );
        assert!(
            error["locations"][0]["line"].is_number(),
            "{query}: {error}"
        );
    }
    let (_, answer) = execute("{ double(number: 3000000000) }", json!({})).await;
    let message = &answer["errors"][0]["message"];
    assert_eq!(message, "number: 3000000000 is no Int");
}

#[tokio::test]
async fn what_fits_an_argument_is_taken() {
    let given = json!({ "number": 2, "numbers": [1, 2], "if": false, "size": "LARGE" });
    for (query, answer) in [
        ("{ sum(numbers: 1) }", json!({ "sum": 1 })),
        ("{ sum(numbers: null) }", json!({ "sum": 0 })),
        ("{ byId(id: 1) }", json!({ "byId": "1 None" })),
        (
            "query ($number: Int!) { double(number: $number) }",
            json!({ "double": 4 }),
        ),
        // What has a default needs no value.
        (
            "query ($number: Int = 3) { double(number: $number) }",
            json!({ "double": 4 }),
        ),
        (
            "query ($number: Int) { sum(with: $number) }",
            json!({ "sum": 2 }),
        ),
        (
            "query ($number: Int!) { sum(numbers: [$number, 1]) }",
            json!({ "sum": 3 }),
        ),
        (
            "query ($numbers: [Int!]!) { sum(numbers: $numbers) }",
            json!({ "sum": 3 }),
        ),
        (
            "query ($number: Int!) { either(choice: {number: $number}) }",
            json!({ "either": "2" }),
        ),
        (
            "query ($size: Size!) { order(order: {size: $size, tags: \"a\"}) }",
            json!({ "order": "1 Large a" }),
        ),
        (
            "query ($if: Boolean!) { ... @skip(if: $if) { sum } }",
            json!({ "sum": 0 }),
        ),
    ] {
        assert_eq!(data(query, given.clone()).await, answer, "{query}");
    }
}

#[tokio::test]
async fn a_mistake_that_many_operations_share_is_told_once_in_each() {
    let usages = "$a ".repeat(600);
    let operations: String = (0..100)
        .map(|n| format!("query Q{n}($a: Int) {{ ...F }} "))
        .collect();
    let query = format!("{operations} fragment F on TestQuery {{ sum(numbers: [{usages}]) }}");
    let (outcome, answer) = execute(&query, json!({})).await;
    assert_eq!(outcome, Outcome::Refused);
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors[10]["message"], "and 90 more errors");
}
