//! Resolving the fields of an object, in less than half the time that the engine takes.
//!
//! The engine puts a future for each field on the heap and runs them all as tasks, though nearly
//! every field is a value that is there already. Here each is tried at once ([`side_by_side`]).
//!
//! A type takes part by `#[Object(crate = "crate::engine")]`: what the macro writes finds
//! [`resolve_container`] there instead of the engine's. Interfaces and the roots stay with the
//! engine: their fields come from several types, or one after the other.

use async_graphql::indexmap::IndexMap;
use async_graphql::indexmap::map::Entry;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::{
    ContainerType, ContextSelectionSet, Name, Positioned, ServerError, ServerResult, Value,
};
use futures_util::future::BoxFuture;

use crate::side_by_side;

/// The fields of an object, in the order in which they were selected.
///
/// A field that fails is null, whether it may be or not; that is for [`crate::nulls`] to mend, with
/// the whole response at hand.
pub fn resolve_container<'r, 'a: 'r, T: ContainerType + ?Sized>(
    context: &'r ContextSelectionSet<'a>,
    object: &'a T,
) -> BoxFuture<'r, ServerResult<Value>> {
    // Types refer to each other in circles: somewhere a future must not know what is in it.
    Box::pin(resolve(context, object))
}

async fn resolve<'a, T: ContainerType + ?Sized>(
    context: &ContextSelectionSet<'a>,
    object: &'a T,
) -> ServerResult<Value> {
    let selections = &context.item.node;
    let mut fields = Vec::with_capacity(selections.items.len());
    select(context, &T::type_name(), selections, &mut fields);

    let values = side_by_side::all(&fields, |_, field| async move {
        if field.node.name.node == "__typename" {
            return Value::String(T::type_name().into_owned());
        }
        let of_field = context.with_field(field);
        value(context, object.resolve_field(&of_field).await)
    });
    let values = values.await;

    let mut object = IndexMap::with_capacity(fields.len());
    for (place, value) in values {
        merge(&mut object, &fields[place].node.response_key().node, value);
    }
    Ok(Value::Object(object))
}

/// The fields that a selection asks of a type, fragments and all.
fn select<'a>(
    context: &ContextSelectionSet<'a>,
    of: &str,
    selections: &'a SelectionSet,
    fields: &mut Vec<&'a Positioned<Field>>,
) {
    let applies = |to: &str| {
        let types = &context.schema_env.registry.types;
        to == of || types.get(to).is_some_and(|to| to.is_possible_type(of))
    };
    for selection in &selections.items {
        let (to, below) = match &selection.node {
            Selection::Field(field) => {
                fields.push(field);
                continue;
            }
            Selection::InlineFragment(inline) => (
                inline.node.type_condition.as_ref(),
                &inline.node.selection_set,
            ),
            Selection::FragmentSpread(spread) => {
                let fragments = &context.query_env.fragments;
                match fragments.get(&spread.node.fragment_name.node) {
                    Some(fragment) => (
                        Some(&fragment.node.type_condition),
                        &fragment.node.selection_set,
                    ),
                    // Validation lets none pass that isn't there.
                    None => continue,
                }
            }
        };
        if to.is_none_or(|to| applies(&to.node.on.node)) {
            select(context, of, &below.node, fields);
        }
    }
}

fn value(context: &ContextSelectionSet<'_>, result: Result<Option<Value>, ServerError>) -> Value {
    match result {
        Ok(value) => value.unwrap_or_default(),
        Err(error) => {
            context.add_error(error);
            Value::Null
        }
    }
}

/// Adds a field. One that was selected twice has what either selected.
fn merge(object: &mut IndexMap<Name, Value>, key: &Name, value: Value) {
    match object.entry(key.clone()) {
        Entry::Occupied(mut before) => merge_values(before.get_mut(), value),
        Entry::Vacant(place) => {
            place.insert(value);
        }
    }
}

fn merge_values(before: &mut Value, value: Value) {
    match (before, value) {
        (Value::Object(before), Value::Object(value)) => {
            for (key, value) in value {
                merge(before, &key, value);
            }
        }
        (Value::List(before), Value::List(values)) => {
            for (before, value) in before.iter_mut().zip(values) {
                merge_values(before, value);
            }
        }
        // Validation has seen to it that anything else is the same, or null by failing.
        _ => {}
    }
}
