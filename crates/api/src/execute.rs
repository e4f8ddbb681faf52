//! Executing an operation: from what a client asks to the bytes that it gets.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::parser::types::{OperationDefinition, OperationType, Selection};
use async_graphql::{
    ErrorExtensionValues, ObjectType, Positioned, Request, Response, Schema, SchemaBuilder,
    ServerError, SubscriptionType, ValidationMode, Value, Variables,
};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use plaudit_domain::Actor;
use serde::Serialize;
use uuid::Uuid;

use crate::batches::Batches;
use crate::document::{Document, Documents};
use crate::mutation::Mutation;
use crate::nulls;
use crate::operation::Operation;
use crate::order::{Fields, Ordered};
use crate::place::Place;
use crate::schema::Query;
use crate::subscription::Root as Subscription;
use crate::variables;

/// The API, ready to execute operations.
pub struct Api<Q = Query, M = Mutation, S = Subscription> {
    documents: Documents<Q, M, S>,
    schema: Schema<Q, M, S>,
    for_resolvers: ForResolvers,
    batches: Arc<AtomicUsize>,
    is_read_only: bool,
}

/// Gives a request what its resolvers find in their context: what has to be new for each request.
type ForResolvers =
    Box<dyn Fn(Request, Kind, Option<Actor>, Uuid, &Batches, &Place) -> Request + Send + Sync>;

/// What a request may do, by the way it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// Only read: a GET request, which links, caches and prefetching browsers send unasked.
    Queries,
    /// Read and write.
    QueriesAndMutations,
    /// The same, and follow what happens: over a connection on which answer comes after answer.
    Everything,
}

/// What a client gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What became of the operation.
    pub outcome: Outcome,
    /// A GraphQL response, in JSON.
    pub body: Vec<u8>,
    /// Whether it reads, writes or goes on; none where that wasn't understood.
    pub kind: Option<Kind>,
    /// The name that the client gave the operation.
    pub name: Option<String>,
    /// Its id, if it is one of several: who sends it with the same operation gets what comes after it.
    pub id: Option<String>,
    /// The codes of its errors.
    pub codes: Vec<String>,
}

/// What a client gets that follows an operation.
pub struct Followed {
    /// Whether it reads, writes or goes on.
    pub kind: Kind,
    /// The name that the client gave the operation.
    pub name: Option<String>,
    /// Its answers, as they come.
    pub answers: BoxStream<'static, Answer>,
}

/// The kinds of operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It reads.
    Query,
    /// It writes.
    Mutation,
    /// It follows what happens.
    Subscription,
}

impl From<OperationType> for Kind {
    fn from(kind: OperationType) -> Self {
        match kind {
            OperationType::Query => Self::Query,
            OperationType::Mutation => Self::Mutation,
            OperationType::Subscription => Self::Subscription,
        }
    }
}

/// What became of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was executed, perhaps with errors: there is `data`, if only null.
    Executed,
    /// It was refused before it was executed: there is no `data`.
    Refused,
    /// It would write, and the request may only read: there is no `data`.
    NotAllowed,
}

impl<Q, M, S> Api<Q, M, S>
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    /// An API on a schema, which is built twice: once to check documents, once to execute them.
    pub(crate) fn new(
        schema: impl Fn() -> SchemaBuilder<Q, M, S>,
        for_resolvers: impl Fn(Request, Kind, Option<Actor>, Uuid, &Batches, &Place) -> Request
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            documents: Documents::new(schema()),
            // What it gets has passed every rule already.
            schema: schema().validation_mode(ValidationMode::Fast).finish(),
            for_resolvers: Box::new(for_resolvers),
            batches: Arc::default(),
            is_read_only: false,
        }
    }

    /// The same, for queries alone.
    pub(crate) fn read_only(self) -> Self {
        Self {
            is_read_only: true,
            ..self
        }
    }

    /// How many batches of rows were read so far, for all operations together.
    pub fn batches(&self) -> usize {
        self.batches.load(Ordering::Relaxed)
    }

    /// Executes an operation as somebody.
    pub async fn execute(
        &self,
        operation: Operation,
        viewer: Option<Actor>,
        allowed: Allowed,
    ) -> Answer {
        match self.prepare(operation, allowed).await {
            Ok(prepared) => self.run(prepared, viewer).await,
            Err(refusal) => refusal.into_answer(),
        }
    }

    /// Everything that can be refused before anything is executed.
    async fn prepare(&self, operation: Operation, allowed: Allowed) -> Result<Prepared, Refusal> {
        let Operation {
            query,
            operation_name,
            request,
            last_answer,
            mut variables,
        } = operation;
        let document = self.documents.get(&query).await?;
        let definition = document.operation(operation_name.as_deref())?;
        if self.is_read_only && definition.node.ty != OperationType::Query {
            return Err(Refusal::read_only());
        }
        match (definition.node.ty, allowed) {
            (OperationType::Query, _)
            | (OperationType::Mutation, Allowed::QueriesAndMutations)
            | (_, Allowed::Everything) => {}
            (OperationType::Mutation, Allowed::Queries) => return Err(Refusal::not_allowed()),
            (OperationType::Subscription, Allowed::Queries | Allowed::QueriesAndMutations) => {
                return Err(Refusal::operation(ServerError::new(
                    "a subscription has to be sent by POST, accepting text/event-stream",
                    Some(definition.pos),
                )));
            }
        }
        one_field(&definition.node).map_err(|error| Refusal::validation(vec![error]))?;
        variables::coerce(
            &document.types.registry,
            &definition.node.variable_definitions,
            &mut variables,
        )
        .map_err(Refusal::variables)?;
        Ok(Prepared {
            document,
            operation_name,
            request: request.unwrap_or_else(Uuid::now_v7),
            place: Place::behind(last_answer),
            variables,
        })
    }

    /// Executes an operation as somebody, whose answers come one after the other: of a subscription for as
    /// long as it is followed, of others one.
    ///
    /// # Errors
    /// Where it is refused before it is executed.
    pub async fn follow(
        &self,
        operation: Operation,
        viewer: Option<Actor>,
    ) -> Result<Followed, Answer> {
        let prepared = self.prepare(operation, Allowed::Everything).await;
        let prepared = prepared.map_err(Refusal::into_answer)?;
        let definition = prepared.definition().map_err(Refusal::into_answer)?;
        let (kind, name) = (definition.node.ty.into(), prepared.name());
        let (request, batches) = self
            .request(&prepared, viewer)
            .map_err(Refusal::into_answer)?;
        let responses = self.schema.execute_stream(request);
        let followed = Some((responses, batches, prepared));
        let answers = stream::unfold(followed, |followed| async {
            let (mut responses, batches, prepared) = followed?;
            let next = batches.read_for(responses.next());
            let next = AssertUnwindSafe(next).catch_unwind().await;
            let (response, goes_on) = match next {
                Ok(response) => (response?, true),
                Err(panic) => (failed(&*panic), false),
            };
            let mut answer = prepared.answer(response);
            answer.id = prepared.place.reached();
            let rest = goes_on.then_some((responses, batches, prepared));
            Some((answer, rest))
        });
        Ok(Followed {
            kind,
            name,
            answers: answers.boxed(),
        })
    }

    /// A request as the engine takes it, with the batches that its resolvers read.
    fn request(
        &self,
        prepared: &Prepared,
        viewer: Option<Actor>,
    ) -> Result<(Request, Batches), Refusal> {
        let definition = prepared.definition()?;
        let mut request = Request::new(String::new()).variables(prepared.variables.clone());
        request.set_parsed_query(prepared.document.with_only(definition));
        let batches = Batches::counted_by(&self.batches);
        let kind = definition.node.ty.into();
        let (id, place) = (prepared.request, &prepared.place);
        let request = (self.for_resolvers)(request, kind, viewer, id, &batches, place);
        Ok((request, batches))
    }

    async fn run(&self, prepared: Prepared, viewer: Option<Actor>) -> Answer {
        let (request, batches) = match self.request(&prepared, viewer) {
            Ok(request) => request,
            Err(refusal) => return refusal.into_answer(),
        };
        // A panic takes this one operation down, and nothing else: everything that it could leave
        // half done goes with it.
        let executing = batches.read_for(self.schema.execute(request));
        let response = AssertUnwindSafe(executing).catch_unwind().await;
        let response = response.unwrap_or_else(|panic| failed(&*panic));
        prepared.answer(response)
    }
}

/// A subscription follows one thing: the specification says so (Single Root Field), and the engine doesn't.
fn one_field(operation: &OperationDefinition) -> Result<(), ServerError> {
    let fields = &operation.selection_set.node.items;
    match (operation.ty, fields.as_slice()) {
        (OperationType::Query | OperationType::Mutation, _)
        | (
            OperationType::Subscription,
            [
                Positioned {
                    node: Selection::Field(_),
                    ..
                },
            ],
        ) => Ok(()),
        (OperationType::Subscription, _) => Err(ServerError::new(
            "a subscription has one field, and no fragment in its place",
            Some(operation.selection_set.pos),
        )),
    }
}

/// What comes of a panic.
fn failed(panic: &(dyn Any + Send)) -> Response {
    let error = internal(ServerError::new("", None), &panicked(panic));
    Response::from_errors(vec![error])
}

/// An operation that nothing speaks against.
struct Prepared {
    document: Arc<Document>,
    operation_name: Option<String>,
    request: Uuid,
    place: Place,
    variables: Variables,
}

impl Prepared {
    /// The operation that is meant.
    fn definition(&self) -> Result<&Positioned<OperationDefinition>, Refusal> {
        self.document.operation(self.operation_name.as_deref())
    }

    /// The name that the client gave it.
    fn name(&self) -> Option<String> {
        let name = self.document.name_of(self.operation_name.as_deref());
        name.map(str::to_owned)
    }

    /// What a client gets of what the engine made of it.
    fn answer(&self, response: Response) -> Answer {
        let definition = match self.definition() {
            Ok(definition) => definition,
            Err(refusal) => return refusal.into_answer(),
        };
        let mut answer = executed(response, &self.document, &definition.node);
        answer.kind = Some(definition.node.ty.into());
        answer.name = self.name();
        answer
    }
}

/// Why an operation isn't executed.
#[derive(Debug)]
pub(crate) struct Refusal {
    outcome: Outcome,
    errors: Vec<ServerError>,
}

impl Refusal {
    pub(crate) fn syntax(error: ServerError) -> Self {
        Self::new(Outcome::Refused, "GRAPHQL_PARSE_FAILED", vec![error])
    }

    pub(crate) fn validation(errors: Vec<ServerError>) -> Self {
        Self::new(Outcome::Refused, "GRAPHQL_VALIDATION_FAILED", errors)
    }

    pub(crate) fn operation(error: ServerError) -> Self {
        Self::new(
            Outcome::Refused,
            "OPERATION_RESOLUTION_FAILURE",
            vec![error],
        )
    }

    fn variables(error: ServerError) -> Self {
        Self::new(Outcome::Refused, "BAD_USER_INPUT", vec![error])
    }

    fn not_allowed() -> Self {
        let error = ServerError::new("a mutation has to be sent by POST", None);
        Self::new(Outcome::NotAllowed, "METHOD_NOT_ALLOWED", vec![error])
    }

    fn read_only() -> Self {
        let message =
            "nothing can be changed or followed here, where nothing happens: it is only read";
        let error = ServerError::new(message, None);
        Self::new(Outcome::Refused, "READ_ONLY", vec![error])
    }

    fn new(outcome: Outcome, code: &str, mut errors: Vec<ServerError>) -> Self {
        for error in &mut errors {
            extensions(error).set("code", code);
        }
        Self { outcome, errors }
    }

    fn into_answer(self) -> Answer {
        let body = Body {
            errors: &self.errors,
            data: None,
            extensions: &BTreeMap::new(),
        };
        body.into_answer(self.outcome)
    }
}

/// The answer to an operation that was executed.
fn executed(mut response: Response, document: &Document, of: &OperationDefinition) -> Answer {
    nulls::mend(document, of, &mut response);
    for error in &mut response.errors {
        if error.extensions.is_some() {
            continue;
        }
        match error.source.take() {
            // It came out of a resolver by `?`, and isn't something that a user did.
            Some(_) => {
                let message = std::mem::take(&mut error.message);
                *error = internal(error.clone(), &message);
            }
            // No resolver fails without either: the engine couldn't read a value, such as a UUID.
            None => extensions(error).set("code", "BAD_USER_INPUT"),
        }
    }
    let fields = Fields::of(&of.selection_set.node, &document.fragments);
    let body = Body {
        errors: &response.errors,
        data: Some(fields.order(&response.data, &document.fragments)),
        extensions: &response.extensions,
    };
    body.into_answer(Outcome::Executed)
}

/// Our own fault: the log says what happened, the client gets the number under which it does.
fn internal(mut error: ServerError, what: &str) -> ServerError {
    let id = Uuid::new_v4();
    tracing::error!(%id, path = ?error.path, "an operation failed: {what}");
    error.message = format!("this is our fault; the log has it as {id}");
    let extensions = extensions(&mut error);
    extensions.set("code", "INTERNAL");
    extensions.set("id", id.to_string());
    error
}

fn panicked(panic: &(dyn Any + Send)) -> String {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a panic: {}", message.unwrap_or("without a message"))
}

fn extensions(error: &mut ServerError) -> &mut ErrorExtensionValues {
    error.extensions.get_or_insert_default()
}

/// The code of an error.
fn code(error: &ServerError) -> Option<String> {
    let Value::String(code) = error.extensions.as_ref()?.get("code")? else {
        return None;
    };
    Some(code.clone())
}

/// A GraphQL response. Errors come first, as the specification recommends; `data` is there just
/// when the operation was executed.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Ordered<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extensions: &'a BTreeMap<String, Value>,
}

impl Body<'_> {
    fn into_answer(self, outcome: Outcome) -> Answer {
        let mut body = Vec::with_capacity(1024);
        // Its keys are strings, and memory takes what is written: nothing can go wrong.
        let _ = serde_json::to_writer(&mut body, &self);
        Answer {
            outcome,
            body,
            kind: None,
            name: None,
            id: None,
            codes: self.errors.iter().filter_map(code).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use async_graphql::{Context, EmptySubscription, Enum, InputObject, Object, SimpleObject};
    use plaudit_domain::AccountId;
    use serde_json::json;

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

        async fn panics(&self) -> Option<i32> {
            None.or_else(|| panic!("the roof is on fire"))
        }

        async fn fails(&self) -> async_graphql::Result<Option<i32>> {
            Err(std::io::Error::other("disk /dev/secret is full"))?
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

    fn api() -> Api<TestQuery, TestMutation, EmptySubscription> {
        Api::new(
            || Schema::build(TestQuery, TestMutation, EmptySubscription),
            |request, _, viewer, _, _, _| request.data(Viewer(viewer)),
        )
    }

    fn operation(query: &str, variables: serde_json::Value) -> Operation {
        let body = json!({ "query": query, "variables": variables });
        Operation::from_json(body.to_string().as_bytes()).unwrap()
    }

    fn json(answer: &Answer) -> serde_json::Value {
        serde_json::from_slice(&answer.body).unwrap()
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
            r#"{"data":{"b":8,"user":{"name":"Ada","id":1}}}"#
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
        assert_eq!(errors.len(), 6);
        assert_eq!(errors[5]["message"], "and 995 more errors");
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
                "{...A} fragment A on TestQuery{...B ...B} fragment B on TestQuery{...A ...A}"
                    .into(),
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
}
