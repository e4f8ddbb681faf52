//! Documents: parsed and checked once, then known by their text.
//!
//! An application sends the same few dozen documents all day, and parsing and validating one costs
//! as much as executing it.

use std::sync::{Arc, OnceLock};

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, FragmentDefinition, OperationDefinition,
};
use async_graphql::parser::{self, parse_query};
use async_graphql::{
    Name, ObjectType, Positioned, Request, Response, SchemaBuilder, SchemaEnv, ServerError,
    SubscriptionType, Variables,
};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::cost::{self, Price};
use crate::execute::Refusal;
use crate::executor::Executor;
use crate::limits::{Exceeded, Limits};
use crate::order::Fragments;
use crate::size::NESTING_MAX;
use crate::tokens::{self, Tokens};
use crate::{arguments, overlap, size};

/// How much text the known documents may have together. Parsed it takes some thirty times that.
const KNOWN_MAX: u64 = 2 * 1024 * 1024;

/// Every document that was checked, as far as there is room.
pub(crate) struct Documents {
    known: Cache<Box<str>, Arc<Document>, TextLength>,
    checker: Box<dyn Executor>,
    pub(crate) limits: Limits,
    types: Arc<OnceLock<SchemaEnv>>,
}

/// A document that fits the schema.
pub(crate) struct Document {
    prices: Vec<(Option<Name>, Price)>,
    operations: DocumentOperations,
    /// Its fragments.
    pub(crate) fragments: Fragments,
    /// The types that it was checked against.
    pub(crate) types: SchemaEnv,
}

impl Documents {
    pub(crate) fn new<Q, M, S>(schema: SchemaBuilder<Q, M, S>, limits: Limits) -> Self
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        let types = Arc::default();
        let check_only = CheckOnly {
            types: Arc::clone(&types),
        };
        Self {
            known: Cache::with_weighter(1_000, KNOWN_MAX, TextLength),
            checker: Box::new(schema.extension(check_only).finish()),
            limits,
            types,
        }
    }

    /// The document of a text.
    pub(crate) async fn get(&self, text: &str) -> Result<Arc<Document>, Refusal> {
        if let Some(document) = self.known.get(text) {
            return Ok(document);
        }
        let document = Arc::new(self.check(text).await?);
        self.known.insert(text.into(), Arc::clone(&document));
        Ok(document)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    async fn check(&self, text: &str) -> Result<Document, Refusal> {
        self.check_text(text)?;
        let document = parse_query(text).map_err(|error| Refusal::syntax(brief(error)))?;
        size::check(&document, &self.limits)?;

        let ExecutableDocument {
            operations,
            fragments,
        } = document.clone();
        let mut request = Request::new(String::new());
        // Without a name, a document of several operations would be refused, right or wrong.
        request.operation_name = operations
            .iter()
            .find_map(|(name, _)| name.map(Name::to_string));
        request.set_parsed_query(document);
        let mut errors = self.checker.execute(request).await.errors;
        let types = match self.types.get() {
            Some(types) if errors.is_empty() => types.clone(),
            _ => {
                if !self.limits.introspection {
                    errors.iter_mut().for_each(without_suggestion);
                }
                return Err(Refusal::validation(errors).at_most(self.limits.errors));
            }
        };
        let document = Document::new(operations, fragments, types, self.limits.cost);
        for errors in [overlap::conflicts(&document), arguments::misfits(&document)] {
            if !errors.is_empty() {
                return Err(Refusal::validation(errors).at_most(self.limits.errors));
            }
        }
        Ok(document)
    }

    /// What a text may be is looked at before anything is made of it.
    fn check_text(&self, text: &str) -> Result<(), Refusal> {
        let Limits { bytes, tokens, .. } = self.limits;
        let exceeded = |code, what, requested, limit| Exceeded {
            code,
            what,
            requested,
            limit,
            at: None,
        };
        let length = text.len() as u64;
        exceeded("TOO_LARGE", "the bytes of the document are", length, bytes).check()?;
        let Tokens { count, nesting } = tokens::count(text, tokens);
        let what = "the tokens of the document are at least";
        exceeded("TOO_MANY_TOKENS", what, count, tokens).check()?;
        let what = "the brackets that are open at once in the document are";
        exceeded("TOO_DEEP", what, nesting, NESTING_MAX as u64).check()
    }
}

impl Document {
    fn new(
        operations: DocumentOperations,
        fragments: Fragments,
        types: SchemaEnv,
        cost_max: u64,
    ) -> Self {
        let definitions = operations.iter().map(|(_, operation)| &operation.node);
        let prices = cost::prices(&types.registry, &fragments, definitions, cost_max);
        let names = operations.iter().map(|(name, _)| name.cloned());
        Self {
            prices: names.zip(prices).collect(),
            operations,
            fragments,
            types,
        }
    }

    /// Its operations.
    pub(crate) fn operations(&self) -> &DocumentOperations {
        &self.operations
    }

    /// What the operation of a name costs with these variables; without a name, the only one.
    pub(crate) fn cost(&self, name: Option<&str>, variables: &Variables) -> u64 {
        let mut prices = self.prices.iter();
        let of_name = |of: &Option<Name>| of.as_deref() == name;
        let price = prices
            .clone()
            .find(|(of, _)| name.is_some() && of_name(of))
            .or_else(|| prices.next());
        price.map_or(0, |(_, price)| price.with(variables))
    }

    /// The operation of a name; without a name, the only one.
    pub(crate) fn operation(
        &self,
        name: Option<&str>,
    ) -> Result<&Positioned<OperationDefinition>, Refusal> {
        let mut operations = self.operations.iter();
        match name {
            Some(name) => operations
                .find(|(of, _)| of.is_some_and(|of| of == name))
                .ok_or_else(|| format!("the document has no operation {name}")),
            None if operations.len() > 1 => {
                Err("the document has several operations: say which by `operationName`".into())
            }
            // The parser takes no document without an operation.
            None => operations.next().ok_or_else(String::new),
        }
        .map(|(_, operation)| operation)
        .map_err(|message| Refusal::operation(ServerError::new(message, None)))
    }

    /// The name of the operation that is meant, if it has one.
    pub(crate) fn name_of<'a>(&'a self, name: Option<&'a str>) -> Option<&'a str> {
        let only = || self.operations.iter().next()?.0.map(Name::as_str);
        name.or_else(only)
    }

    /// The fragment of a name.
    pub(crate) fn fragment(&self, name: &Name) -> Option<&FragmentDefinition> {
        self.fragments.get(name).map(|fragment| &fragment.node)
    }

    /// The document with one operation only, for the engine to take apart.
    pub(crate) fn with_only(
        &self,
        operation: &Positioned<OperationDefinition>,
    ) -> ExecutableDocument {
        ExecutableDocument {
            operations: DocumentOperations::Single(operation.clone()),
            fragments: self.fragments.clone(),
        }
    }
}

/// A syntax error without the drawing of the line that it is in, which may be the whole document.
fn brief(error: parser::Error) -> ServerError {
    let mut error = ServerError::from(error);
    if let Some((_, expectation)) = error.message.rsplit_once("\n  = ") {
        error.message = format!("syntax error: {expectation}");
    }
    error
}

/// What may have been meant tells what there is.
fn without_suggestion(error: &mut ServerError) {
    if let Some(at) = error.message.find(" Did you mean") {
        error.message.truncate(at);
    }
}

#[derive(Clone)]
struct TextLength;

impl Weighter<Box<str>, Arc<Document>> for TextLength {
    fn weight(&self, text: &Box<str>, _: &Arc<Document>) -> u64 {
        // Also a short text takes its place.
        text.len() as u64 + 200
    }
}

/// Stops the engine after validation. The schema that executes has no extension at all: one would
/// cost a boxed future and a look-up for every field.
struct CheckOnly {
    types: Arc<OnceLock<SchemaEnv>>,
}

impl ExtensionFactory for CheckOnly {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self {
            types: Arc::clone(&self.types),
        })
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for CheckOnly {
    async fn execute(
        &self,
        context: &ExtensionContext<'_>,
        _: Option<&str>,
        _: NextExecute<'_>,
    ) -> Response {
        self.types.get_or_init(|| context.schema_env.clone());
        Response::default()
    }
}
