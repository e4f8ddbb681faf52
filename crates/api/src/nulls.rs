//! What a response holds where a field failed: null, or, where null isn't allowed, null further up.
//!
//! The engine (since 7.1) leaves a failed field out of its object, and an object without a field
//! that came through becomes null. Clients rely on the specification instead (Handling Execution
//! Errors): what was asked for is there, and what can't be null never is. So a response with errors
//! is mended here; one without costs nothing.

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{OperationDefinition, OperationType, Selection, SelectionSet};
use async_graphql::registry::{MetaTypeName, Registry};
use async_graphql::{PathSegment, Response, Value};

use crate::document::Document;

/// Mends the response to an operation of a document.
pub(crate) fn mend(document: &Document, of: &OperationDefinition, response: &mut Response) {
    let Response { data, errors, .. } = response;
    let paths = || {
        errors
            .iter()
            .map(|error| error.path.as_slice())
            .filter(|path| !path.is_empty())
    };
    if paths().next().is_none() {
        return;
    }
    // First every null goes where it belongs, then those that can't stay move up: the other way
    // round, a field that may be null would bring an object back that may not be.
    paths().for_each(|path| put_null(data, path));
    let mending = Mending {
        registry: &document.types.registry,
        document,
    };
    let registry = mending.registry;
    let root = match of.ty {
        OperationType::Query => Some(&registry.query_type),
        OperationType::Mutation => registry.mutation_type.as_ref(),
        OperationType::Subscription => registry.subscription_type.as_ref(),
    };
    let Some(root) = root else { return };
    for path in paths() {
        mending.move_up(data, root, &[(root.as_str(), &of.selection_set.node)], path);
    }
}

/// Puts null at the end of a path, and the objects on the way there.
fn put_null(value: &mut Value, path: &[PathSegment]) {
    match (path, value) {
        ([], value) => *value = Value::Null,
        ([PathSegment::Field(key), rest @ ..], value) => {
            if *value == Value::Null {
                *value = Value::Object(IndexMap::new());
            }
            if let Value::Object(fields) = value {
                let field = fields
                    .entry(async_graphql::Name::new(key))
                    .or_insert(Value::Null);
                // A list that failed as a whole has no elements to go to.
                if !(*field == Value::Null && matches!(rest, [PathSegment::Index(_), ..])) {
                    put_null(field, rest);
                }
            }
        }
        ([PathSegment::Index(index), rest @ ..], Value::List(elements)) => {
            if let Some(element) = elements.get_mut(*index) {
                put_null(element, rest);
            }
        }
        ([PathSegment::Index(_), ..], _) => {}
    }
}

/// Selections of an object, each with the type that it selects from.
type Selected<'a> = [(&'a str, &'a SelectionSet)];

struct Mending<'a> {
    registry: &'a Registry,
    document: &'a Document,
}

impl<'a> Mending<'a> {
    /// Moves a null at or below the end of a path up to where it may be. True if that is above
    /// this value.
    fn move_up(
        &self,
        value: &mut Value,
        ty: &str,
        selected: &Selected<'a>,
        path: &[PathSegment],
    ) -> bool {
        if let MetaTypeName::NonNull(ty) = MetaTypeName::create(ty) {
            self.move_up(value, ty, selected, path);
            return *value == Value::Null;
        }
        let is_null = match (path, &mut *value) {
            ([PathSegment::Field(key), rest @ ..], Value::Object(fields)) => {
                let mut below = Vec::new();
                let ty = self.field(selected, key, &mut below);
                match (fields.get_mut(key.as_str()), ty) {
                    (Some(field), Some(ty)) => self.move_up(field, ty, &below, rest),
                    _ => false,
                }
            }
            ([PathSegment::Index(index), rest @ ..], Value::List(elements)) => {
                match (elements.get_mut(*index), MetaTypeName::create(ty)) {
                    (Some(element), MetaTypeName::List(ty)) => {
                        self.move_up(element, ty, selected, rest)
                    }
                    _ => false,
                }
            }
            _ => false,
        };
        if is_null {
            *value = Value::Null;
        }
        false
    }

    /// The type of the field with a response key; what is selected below it goes to `below`.
    fn field(
        &self,
        selected: &Selected<'a>,
        key: &str,
        below: &mut Vec<(&'a str, &'a SelectionSet)>,
    ) -> Option<&'a str> {
        let mut found = None;
        for (of, selections) in selected {
            for selection in &selections.items {
                let ty = match &selection.node {
                    Selection::Field(field) if field.node.response_key().node == key => {
                        let ty = self
                            .registry
                            .types
                            .get(*of)
                            .and_then(|of| of.field_by_name(&field.node.name.node))
                            .map(|field| field.ty.as_str());
                        if let Some(ty) = ty {
                            let named = MetaTypeName::concrete_typename(ty);
                            below.push((named, &field.node.selection_set.node));
                        }
                        ty
                    }
                    Selection::Field(_) => None,
                    Selection::InlineFragment(inline) => {
                        let condition = inline.node.type_condition.as_ref();
                        let of = condition.map_or(*of, |on| on.node.on.node.as_str());
                        self.field(&[(of, &inline.node.selection_set.node)], key, below)
                    }
                    Selection::FragmentSpread(spread) => {
                        let fragment = self.document.fragment(&spread.node.fragment_name.node);
                        fragment.and_then(|fragment| {
                            let of = fragment.type_condition.node.on.node.as_str();
                            self.field(&[(of, &fragment.selection_set.node)], key, below)
                        })
                    }
                };
                found = found.or(ty);
            }
        }
        found
    }
}
