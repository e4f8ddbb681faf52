//! Resolving the fields of an object, in less than half the time that the engine takes.
//!
//! The engine puts a future for each field on the heap and runs them all as tasks, though nearly
//! every field is a value that is there already. Here a field is tried at once, in the order of the
//! selection; one place on the heap serves field after field, and only those that have to wait keep
//! theirs.
//!
//! A type takes part by `#[Object(crate = "crate::engine")]`: what the macro writes finds
//! [`resolve_container`] there instead of the engine's. Interfaces and the roots stay with the
//! engine: their fields come from several types, or one after the other.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_graphql::indexmap::IndexMap;
use async_graphql::indexmap::map::Entry;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::{
    ContainerType, ContextSelectionSet, Name, Positioned, ServerError, ServerResult, Value,
};
use futures_util::future::BoxFuture;

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

    let field_of = |field: &'a Positioned<Field>| async move {
        let context = context.with_field(field);
        object.resolve_field(&context).await
    };
    let mut values = Vec::with_capacity(fields.len());
    let mut waiting = Vec::new();
    poll_fn(|task: &mut Context<'_>| {
        let mut free: Option<Pin<Box<_>>> = None;
        for field in &fields {
            if field.node.name.node == "__typename" {
                values.push(Value::String(T::type_name().into_owned()));
                continue;
            }
            let mut resolving = match free.take() {
                Some(mut place) => {
                    Pin::set(&mut place, field_of(field));
                    place
                }
                None => Box::pin(field_of(field)),
            };
            match resolving.as_mut().poll(task) {
                Poll::Ready(result) => {
                    values.push(value(context, result));
                    free = Some(resolving);
                }
                Poll::Pending => {
                    waiting.push((values.len(), resolving));
                    values.push(Value::Null);
                }
            }
        }
        Poll::Ready(())
    })
    .await;
    poll_fn(|task| {
        waiting.retain_mut(|(place, resolving)| match resolving.as_mut().poll(task) {
            Poll::Ready(result) => {
                values[*place] = value(context, result);
                false
            }
            Poll::Pending => true,
        });
        if waiting.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;

    let mut object = IndexMap::with_capacity(fields.len());
    for (field, value) in fields.into_iter().zip(values) {
        merge(&mut object, &field.node.response_key().node, value);
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
