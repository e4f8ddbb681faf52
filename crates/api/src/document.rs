//! Documents: parsed and checked once, then known by their text.
//!
//! An application sends the same few dozen documents all day, and parsing and validating one costs
//! as much as executing it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, FragmentDefinition, OperationDefinition, Selection,
    SelectionSet,
};
use async_graphql::parser::{self, parse_query};
use async_graphql::{
    Name, ObjectType, Positioned, Request, Response, Schema, SchemaBuilder, SchemaEnv, ServerError,
    SubscriptionType,
};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::execute::Refusal;
use crate::order::Fragments;

/// The most bytes of a document's text. Variables, which carry what people write, don't count.
const TEXT_MAX: usize = 64 * 1024;

/// The most fields and fragments that a document comes to when all its fragments are spread. What
/// the engine does before it executes is linear in this number, and exponential in the text.
const SELECTIONS_MAX: usize = 2_000;

/// How deep selections and fragments may be nested when they are counted: this keeps the counting
/// itself within its stack. The engine's own limit, 32, is exact.
const NESTING_MAX: usize = 100;

/// The most errors that are told about one document.
const ERRORS_MAX: usize = 5;

/// How much text the known documents may have together. Parsed it takes some thirty times that.
const KNOWN_MAX: u64 = 2 * 1024 * 1024;

/// Every document that was checked, as far as there is room.
pub(crate) struct Documents<Q, M, S> {
    known: Cache<Box<str>, Arc<Document>, TextLength>,
    checker: Schema<Q, M, S>,
    types: Arc<OnceLock<SchemaEnv>>,
}

/// A document that fits the schema.
pub(crate) struct Document {
    operations: DocumentOperations,
    /// Its fragments.
    pub(crate) fragments: Fragments,
    /// The types that it was checked against.
    pub(crate) types: SchemaEnv,
}

impl<Q, M, S> Documents<Q, M, S>
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    pub(crate) fn new(schema: SchemaBuilder<Q, M, S>) -> Self {
        let types = Arc::default();
        let check_only = CheckOnly {
            types: Arc::clone(&types),
        };
        Self {
            known: Cache::with_weighter(1_000, KNOWN_MAX, TextLength),
            checker: schema.extension(check_only).finish(),
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
        if text.len() > TEXT_MAX {
            return Err(Refusal::syntax(ServerError::new(
                format!("the document is larger than {TEXT_MAX} bytes"),
                None,
            )));
        }
        let document = parse_query(text).map_err(|error| Refusal::syntax(brief(error)))?;
        check_size(&document).map_err(|error| Refusal::validation(vec![error]))?;

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
        match self.types.get() {
            Some(types) if errors.is_empty() => Ok(Document {
                operations,
                fragments,
                types: types.clone(),
            }),
            _ => {
                let more = errors.len().saturating_sub(ERRORS_MAX);
                errors.truncate(ERRORS_MAX);
                if more > 0 {
                    errors.push(ServerError::new(format!("and {more} more errors"), None));
                }
                Err(Refusal::validation(errors))
            }
        }
    }
}

impl Document {
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

/// Refuses a document that is small only to look at: 900 bytes of fragments that spread each other
/// twice kept the engine, with its limits on, busy for 15 seconds.
fn check_size(document: &ExecutableDocument) -> Result<(), ServerError> {
    let mut sizes = Sizes {
        fragments: &document.fragments,
        known: HashMap::new(),
        nesting: 0,
    };
    // Also those that nobody spreads: validation goes through them too.
    for (name, fragment) in &document.fragments {
        sizes.of_fragment(name, fragment)?;
    }
    let mut total = 0_usize;
    for (_, operation) in document.operations.iter() {
        total = total.saturating_add(sizes.of(&operation.node.selection_set.node)?);
    }
    if total > SELECTIONS_MAX {
        return Err(ServerError::new(
            format!("the document selects more than {SELECTIONS_MAX} fields"),
            None,
        ));
    }
    Ok(())
}

/// How many selections each fragment comes to, each counted once.
struct Sizes<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// `None` while a fragment is being counted.
    known: HashMap<&'a str, Option<usize>>,
    nesting: usize,
}

impl<'a> Sizes<'a> {
    fn of(&mut self, selections: &'a SelectionSet) -> Result<usize, ServerError> {
        self.nesting += 1;
        if self.nesting > NESTING_MAX {
            let position = selections.items.first().map(|selection| selection.pos);
            return Err(ServerError::new(
                "the document is nested too deep",
                position,
            ));
        }
        let mut total = selections.items.len();
        for selection in &selections.items {
            let below = match &selection.node {
                Selection::Field(field) => self.of(&field.node.selection_set.node)?,
                Selection::InlineFragment(inline) => self.of(&inline.node.selection_set.node)?,
                Selection::FragmentSpread(spread) => {
                    match self
                        .fragments
                        .get_key_value(&spread.node.fragment_name.node)
                    {
                        Some((name, fragment)) => self.of_fragment(name, fragment)?,
                        // Validation says that it is unknown.
                        None => 0,
                    }
                }
            };
            total = total.saturating_add(below);
        }
        self.nesting -= 1;
        Ok(total)
    }

    fn of_fragment(
        &mut self,
        name: &'a Name,
        fragment: &'a Positioned<FragmentDefinition>,
    ) -> Result<usize, ServerError> {
        match self.known.get(name.as_str()) {
            Some(Some(size)) => Ok(*size),
            Some(None) => Err(ServerError::new(
                format!("the fragment {name} spreads itself"),
                Some(fragment.pos),
            )),
            None => {
                self.known.insert(name, None);
                let size = self.of(&fragment.node.selection_set.node)?;
                self.known.insert(name, Some(size));
                Ok(size)
            }
        }
    }
}
