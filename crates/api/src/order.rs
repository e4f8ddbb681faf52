//! The order of a response: fields come as they were asked for.
//!
//! The engine puts fields where they stand when they are done. The specification wants them in the
//! order of the selection (Executing Selection Sets), and people who read answers do too. It is
//! made right while the answer is written, which costs nothing but a look-up a field.

use std::cell::OnceCell;
use std::collections::HashMap;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{FragmentDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Value};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

/// The fragments of a document.
pub(crate) type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// A value in the order of the selections that asked for it.
pub(crate) struct Ordered<'v, 'a> {
    value: &'v Value,
    fields: &'v [Field<'a>],
    fragments: &'a Fragments,
}

/// What was asked for under one key; several selections of one key are merged.
struct Field<'a> {
    key: &'a Name,
    selections: Vec<&'a SelectionSet>,
    /// What these ask for: the same of every entry of a list.
    below: OnceCell<Fields<'a>>,
}

/// What a selection asks for, in order.
pub(crate) struct Fields<'a>(Vec<Field<'a>>);

impl<'a> Fields<'a> {
    /// What an operation asks for.
    pub(crate) fn of(selections: &'a SelectionSet, fragments: &'a Fragments) -> Self {
        Self::merged(&[selections], fragments)
    }

    fn merged(selections: &[&'a SelectionSet], fragments: &'a Fragments) -> Self {
        let mut fields = Self(Vec::new());
        let mut spread = Vec::new();
        for selections in selections {
            fields.add(selections, fragments, &mut spread);
        }
        fields
    }

    /// Adds selections. A fragment that was spread here already adds nothing new.
    fn add(
        &mut self,
        selections: &'a SelectionSet,
        fragments: &'a Fragments,
        spread: &mut Vec<&'a Name>,
    ) {
        for selection in &selections.items {
            match &selection.node {
                Selection::Field(field) => {
                    let key = &field.node.response_key().node;
                    let inner = &field.node.selection_set.node;
                    match self.0.iter_mut().find(|field| field.key == key) {
                        Some(field) => field.selections.push(inner),
                        None => self.0.push(Field {
                            key,
                            selections: vec![inner],
                            below: OnceCell::new(),
                        }),
                    }
                }
                Selection::InlineFragment(fragment) => {
                    self.add(&fragment.node.selection_set.node, fragments, spread);
                }
                Selection::FragmentSpread(fragment) => {
                    let name = &fragment.node.fragment_name.node;
                    if !spread.contains(&name)
                        && let Some(fragment) = fragments.get(name)
                    {
                        spread.push(name);
                        self.add(&fragment.node.selection_set.node, fragments, spread);
                    }
                }
            }
        }
    }

    /// A value in this order.
    pub(crate) fn order<'v>(
        &'v self,
        value: &'v Value,
        fragments: &'a Fragments,
    ) -> Ordered<'v, 'a> {
        Ordered {
            value,
            fields: &self.0,
            fragments,
        }
    }
}

/// The value of a key, which mostly stands at the place where it was asked for.
fn find<'v>(values: &'v IndexMap<Name, Value>, place: usize, key: &Name) -> Option<&'v Value> {
    match values.get_index(place) {
        Some((found, value)) if found == key => Some(value),
        _ => values.get(key),
    }
}

impl Serialize for Ordered<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            value,
            fields,
            fragments,
        } = *self;
        match value {
            Value::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(&Ordered {
                        value,
                        fields,
                        fragments,
                    })?;
                }
                list.end()
            }
            Value::Object(values) if !fields.is_empty() => {
                let mut object = serializer.serialize_map(Some(values.len()))?;
                for (place, field) in fields.iter().enumerate() {
                    let Field {
                        key,
                        selections,
                        below,
                    } = field;
                    // A selection for another type, or one that was skipped, gave nothing.
                    if let Some(value) = find(values, place, key) {
                        object.serialize_key(key.as_str())?;
                        match value {
                            Value::Object(_) | Value::List(_) => {
                                let merged = || Fields::merged(selections, fragments);
                                let fields = below.get_or_init(merged);
                                object.serialize_value(&fields.order(value, fragments))?;
                            }
                            Value::Null
                            | Value::Number(_)
                            | Value::String(_)
                            | Value::Boolean(_)
                            | Value::Binary(_)
                            | Value::Enum(_) => object.serialize_value(value)?,
                        }
                    }
                }
                object.end()
            }
            // A scalar, also one that is an object inside.
            Value::Object(_)
            | Value::Null
            | Value::Number(_)
            | Value::String(_)
            | Value::Boolean(_)
            | Value::Binary(_)
            | Value::Enum(_) => value.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql::value;

    use super::*;

    fn ordered(document: &str, value: &Value) -> String {
        let document = parse_query(document).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let fields = Fields::of(&operation.node.selection_set.node, &document.fragments);
        serde_json::to_string(&fields.order(value, &document.fragments)).unwrap()
    }

    #[test]
    fn fields_come_in_the_order_in_which_they_were_asked_for() {
        let answer = value!({ "c": 3, "a": 1, "b": [{ "y": 2, "x": 1 }, null] });
        assert_eq!(
            ordered("{ a b { x y } c }", &answer),
            r#"{"a":1,"b":[{"x":1,"y":2},null],"c":3}"#
        );
    }

    #[test]
    fn fragments_and_repeated_fields_are_merged_where_they_first_stand() {
        let answer = value!({ "c": 3, "a": { "z": 3, "y": 2, "x": 1 } });
        let document = "{ a { x } ...rest ... { a { z } } } fragment rest on Q { c a { y } }";
        assert_eq!(
            ordered(document, &answer),
            r#"{"a":{"x":1,"y":2,"z":3},"c":3}"#
        );
    }

    #[test]
    fn a_scalar_that_is_an_object_stays_as_it_is() {
        let answer = value!({ "a": { "z": 1, "b": 2 } });
        assert_eq!(ordered("{ a }", &answer), r#"{"a":{"z":1,"b":2}}"#);
    }
}
