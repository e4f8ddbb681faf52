//! Executing an operation: from what a client asks to the bytes that it gets.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{OperationDefinition, OperationType, Selection, SelectionSet};
use async_graphql::{
    ErrorExtensionValues, ObjectType, Positioned, Request, Response, SchemaBuilder, ServerError,
    SubscriptionType, ValidationMode, Value, Variables,
};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use plaudit_domain::Actor;
use serde::Serialize;
use uuid::Uuid;

use crate::batches::Batches;
use crate::document::{Document, Documents};
use crate::executor::Executor;
use crate::failure::is_passing;
use crate::kept::Kept;
use crate::limits::{Exceeded, Limits};
use crate::nulls;
use crate::operation::Operation;
use crate::order::{Fields, Ordered};
use crate::persisted::{BadDocument, GivenDocument, Persisted};
use crate::place::Place;
use crate::size::NESTING_MAX;
use crate::variables;

/// The API, ready to execute operations.
pub struct Api {
    documents: Documents,
    executor: Box<dyn Executor>,
    for_resolvers: ForResolvers,
    batches: Arc<AtomicUsize>,
    is_read_only: bool,
    limits: Limits,
    persisted: Persisted,
    kept: Arc<Kept>,
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
    /// Whether there are both data and errors.
    pub is_partial: bool,
}

impl Answer {
    /// Whether its document can't even be read, so that nobody knows whether it would fit the schema.
    pub fn is_unreadable(&self) -> bool {
        let codes = ["GRAPHQL_PARSE_FAILED", "TOO_LARGE", "TOO_MANY_TOKENS"];
        self.codes.iter().any(|code| codes.contains(&code.as_str()))
    }
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

impl Api {
    /// An API on a schema, which is built twice: once to check documents, once to execute them.
    pub(crate) fn new<Q, M, S>(
        schema: impl Fn() -> SchemaBuilder<Q, M, S>,
        for_resolvers: impl Fn(Request, Kind, Option<Actor>, Uuid, &Batches, &Place) -> Request
        + Send
        + Sync
        + 'static,
    ) -> Self
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        // How deep a document may be is counted before: the engine's own bound is to be beyond that.
        let schema = || schema().limit_recursive_depth(2 * NESTING_MAX);
        Self {
            documents: Documents::new(schema(), Limits::default()),
            // What it gets has passed every rule already.
            executor: Box::new(schema().validation_mode(ValidationMode::Fast).finish()),
            for_resolvers: Box::new(for_resolvers),
            batches: Arc::default(),
            is_read_only: false,
            limits: Limits::default(),
            persisted: Persisted::default(),
            kept: Arc::default(),
        }
    }

    /// The same, whose resolvers keep here what they read.
    pub(crate) fn keeping(self, kept: Arc<Kept>) -> Self {
        Self { kept, ..self }
    }

    /// From now on what was read takes so many bytes of memory, about, for who asks for the same next; with none
    /// everything is read each time.
    pub fn keep_at_most(&self, bytes: u64) {
        self.kept.set_room(bytes);
    }

    /// The same, with documents that clients needn't send; whether they may send no others.
    ///
    /// # Errors
    /// If one of them doesn't fit the schema, or the limits.
    pub async fn with_documents(
        self,
        given: Vec<GivenDocument>,
        only: bool,
    ) -> Result<Self, BadDocument> {
        for GivenDocument { text, from, .. } in &given {
            let checked = self.documents.get(text).await;
            checked.map_err(|refusal| refusal.of_document(from))?;
        }
        let persisted = Persisted::new(given, only);
        Ok(Self { persisted, ..self })
    }

    /// The same, with other limits.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.documents.limits = limits.clone();
        Self { limits, ..self }
    }

    /// What documents and operations may come to.
    pub fn limits(&self) -> &Limits {
        &self.limits
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
            Err(refused) => refused,
        }
    }

    /// Looks whether an operation can be executed, and what it costs, and executes nothing yet.
    ///
    /// # Errors
    /// Where it is refused.
    pub async fn prepare(
        &self,
        operation: Operation,
        allowed: Allowed,
    ) -> Result<Prepared, Answer> {
        let prepared = self.checked(operation, allowed).await;
        prepared.map_err(Refusal::into_answer)
    }

    /// Everything that can be refused before anything is executed.
    async fn checked(&self, operation: Operation, allowed: Allowed) -> Result<Prepared, Refusal> {
        let Operation {
            query,
            operation_name,
            request,
            last_answer,
            mut variables,
            named,
            bytes,
        } = operation;
        let text = self.persisted.text(&query, named.as_ref())?;
        let document = self.documents.get(&text).await?;
        self.persisted.register(&text, named.as_ref());
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
                    "a subscription has to be sent by POST, accepting text/event-stream, or over a WebSocket",
                    Some(definition.pos),
                )));
            }
        }
        one_field(&document, definition).map_err(|error| Refusal::validation(vec![error]))?;
        variables::coerce(
            &document.types.registry,
            &definition.node.variable_definitions,
            &mut variables,
        )
        .map_err(Refusal::variables)?;
        let cost = document.cost(operation_name.as_deref(), &variables);
        let limit = self.limits.cost;
        Exceeded {
            code: "TOO_COMPLEX",
            what: "the cost of the operation is",
            requested: cost,
            limit,
            at: Some(definition.pos),
        }
        .check()?;
        Ok(Prepared {
            cost: Cost {
                requested: cost,
                limit,
                remaining: None,
            },
            errors_max: self.limits.errors,
            bytes: bytes.max(text.len()),
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
        let prepared = self.prepare(operation, Allowed::Everything).await?;
        self.start(prepared, viewer)
    }

    /// Executes what was prepared, as somebody, answer after answer.
    ///
    /// # Errors
    /// Where it is refused before it is executed.
    pub fn start(&self, prepared: Prepared, viewer: Option<Actor>) -> Result<Followed, Answer> {
        let definition = prepared.definition().map_err(Refusal::into_answer)?;
        let (kind, name) = (definition.node.ty.into(), prepared.name());
        let (request, batches) = self
            .request(&prepared, viewer)
            .map_err(Refusal::into_answer)?;
        let responses = self.executor.execute_stream(request);
        let followed = Some((responses, batches, prepared));
        let answers = stream::unfold(followed, |followed| async {
            let (mut responses, batches, prepared) = followed?;
            let next = batches.read_for(responses.next());
            let next = AssertUnwindSafe(next).catch_unwind().await;
            let (response, goes_on) = match next {
                Ok(response) => (response?, true),
                Err(panic) => (failed(&*panic), false),
            };
            let answer = prepared.answer(response);
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

    /// Executes what was prepared, as somebody.
    pub async fn run(&self, prepared: Prepared, viewer: Option<Actor>) -> Answer {
        let (request, batches) = match self.request(&prepared, viewer) {
            Ok(request) => request,
            Err(refusal) => return refusal.into_answer(),
        };
        // A panic takes this one operation down, and nothing else: everything that it could leave
        // half done goes with it.
        let executing = batches.read_for(self.executor.execute(request));
        let response = AssertUnwindSafe(executing).catch_unwind().await;
        let response = response.unwrap_or_else(|panic| failed(&*panic));
        prepared.answer(response)
    }
}

/// A subscription follows one thing: the specification says so (Single Root Field), and the engine doesn't.
fn one_field(
    document: &Document,
    operation: &Positioned<OperationDefinition>,
) -> Result<(), ServerError> {
    let is_one = || fields(document, &operation.node.selection_set.node) == 1;
    match operation.node.ty {
        OperationType::Query | OperationType::Mutation => Ok(()),
        OperationType::Subscription if is_one() => Ok(()),
        OperationType::Subscription => Err(ServerError::new(
            "a subscription has one field",
            Some(operation.node.selection_set.pos),
        )),
    }
}

/// How many fields are selected, in fragments, too. Fragments don't go in circles by then, and are few.
fn fields(document: &Document, selections: &SelectionSet) -> usize {
    let fields = selections
        .items
        .iter()
        .map(|selection| match &selection.node {
            Selection::Field(_) => 1,
            Selection::InlineFragment(inline) => fields(document, &inline.node.selection_set.node),
            Selection::FragmentSpread(spread) => document
                .fragment(&spread.node.fragment_name.node)
                .map_or(0, |fragment| fields(document, &fragment.selection_set.node)),
        });
    fields.sum()
}

/// What comes of a panic.
fn failed(panic: &(dyn Any + Send)) -> Response {
    let error = internal(ServerError::new("", None), &panicked(panic));
    Response::from_errors(vec![error])
}

/// An operation that nothing speaks against.
pub struct Prepared {
    cost: Cost,
    errors_max: usize,
    bytes: usize,
    document: Arc<Document>,
    operation_name: Option<String>,
    request: Uuid,
    place: Place,
    variables: Variables,
}

/// What an operation costs, as its answer tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Cost {
    requested: u64,
    /// The most that one may cost.
    limit: u64,
    /// How much who asks may spend now.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<u64>,
}

impl Prepared {
    /// What it costs: about the number of fields of its largest answer.
    pub fn cost(&self) -> u64 {
        self.cost.requested
    }

    /// How many bytes its document and its variables are: what goes on for long keeps them.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The same, with what is left to who asks once it is paid: its answer tells.
    pub fn leaving(mut self, remaining: u64) -> Self {
        self.cost.remaining = Some(remaining);
        self
    }

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
        let mut answer = self.executed(response, &definition.node);
        answer.kind = Some(definition.node.ty.into());
        answer.name = self.name();
        answer
    }

    /// The answer to an operation that was executed.
    fn executed(&self, mut response: Response, of: &OperationDefinition) -> Answer {
        nulls::mend(&self.document, of, &mut response);
        if response.errors.is_empty() && response.data == Value::Null {
            // All of it was left out by directives.
            response.data = Value::Object(IndexMap::new());
        }
        at_most(&mut response.errors, self.errors_max, "MORE_ERRORS");
        for error in &mut response.errors {
            tell(error);
            shorten(error);
        }
        let fragments = &self.document.fragments;
        let fields = Fields::of(&of.selection_set.node, fragments);
        let id = self.place.reached();
        let extensions = Extensions {
            // Who follows something pays once, and is told so by no answer in particular.
            cost: (of.ty != OperationType::Subscription).then_some(self.cost),
            event_id: id.as_deref(),
        };
        let body = Body {
            errors: &response.errors,
            data: Some(fields.order(&response.data, fragments)),
            extensions: extensions.non_empty(),
        };
        let mut answer = body.into_answer(Outcome::Executed);
        answer.id = id;
        answer.is_partial = !response.errors.is_empty() && response.data != Value::Null;
        answer
    }
}

/// Why an operation isn't executed.
#[derive(Debug)]
pub(crate) struct Refusal {
    outcome: Outcome,
    code: &'static str,
    errors: Vec<ServerError>,
}

impl Refusal {
    /// What isn't executed, for another reason.
    pub(crate) fn refused(code: &'static str, errors: Vec<ServerError>) -> Self {
        Self::new(Outcome::Refused, code, errors)
    }

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

    fn new(outcome: Outcome, code: &'static str, mut errors: Vec<ServerError>) -> Self {
        for error in &mut errors {
            extensions(error).set("code", code);
            shorten(error);
        }
        Self {
            outcome,
            code,
            errors,
        }
    }

    /// What is wrong with a document that a server was given.
    fn of_document(self, from: &str) -> BadDocument {
        let first = self.errors.into_iter().next();
        let why = first.map_or_else(String::new, |error| {
            let at = error.locations.first();
            let at = at.map_or_else(String::new, |at| {
                format!(" (line {}, column {})", at.line, at.column)
            });
            error.message + &at
        });
        BadDocument {
            from: from.to_owned(),
            why,
        }
    }

    /// The same, with so many of its errors.
    pub(crate) fn at_most(mut self, most: usize) -> Self {
        at_most(&mut self.errors, most, self.code);
        self
    }

    fn into_answer(self) -> Answer {
        let body = Body {
            errors: &self.errors,
            data: None,
            extensions: None,
        };
        body.into_answer(self.outcome)
    }
}

/// What is told of an error of a resolver.
fn tell(error: &mut ServerError) {
    if error.extensions.is_some() {
        return;
    }
    match error.source.take() {
        Some(source) if is_passing(&*source) => {
            let message = std::mem::take(&mut error.message);
            *error = unavailable(error.clone(), &message);
        }
        // It came out of a resolver by `?`, and isn't something that a user did.
        Some(_) => {
            let message = std::mem::take(&mut error.message);
            *error = internal(error.clone(), &message);
        }
        // No resolver fails without either: the engine couldn't read a value, such as a UUID.
        None => extensions(error).set("code", "BAD_USER_INPUT"),
    }
}

/// So many bytes of an error are told: what somebody sent, which it may show, they know.
const MESSAGE_MAX: usize = 500;

fn shorten(error: &mut ServerError) {
    if error.message.len() > MESSAGE_MAX {
        let end = error.message.floor_char_boundary(MESSAGE_MAX);
        error.message.truncate(end);
        error.message.push('…');
    }
}

/// A few errors say as much as many of them: so many, and how many there are besides.
fn at_most(errors: &mut Vec<ServerError>, most: usize, code: &str) {
    let more = errors.len().saturating_sub(most);
    errors.truncate(most);
    if more > 0 {
        let mut error = ServerError::new(format!("and {more} more errors"), None);
        extensions(&mut error).set("code", code);
        errors.push(error);
    }
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

/// Something that is needed can't be reached for now: whoever tries again may have more luck.
fn unavailable(mut error: ServerError, what: &str) -> ServerError {
    tracing::warn!(path = ?error.path, "an operation came to nothing for now: {what}");
    error.message =
        "what this needs can't be reached just now: try again soon. A change may have been made \
                     all the same: with the same idempotencyKey it is made once"
            .to_owned();
    extensions(&mut error).set("code", "UNAVAILABLE");
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
struct Body<'v, 'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'v [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Ordered<'v, 'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<Extensions<'v>>,
}

/// What is told besides.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Extensions<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Cost>,
    /// Where who follows is with this answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
}

impl Extensions<'_> {
    fn non_empty(self) -> Option<Self> {
        let is_empty = self.cost.is_none() && self.event_id.is_none();
        (!is_empty).then_some(self)
    }
}

impl Body<'_, '_> {
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
            is_partial: false,
        }
    }
}

#[cfg(test)]
mod tests;
