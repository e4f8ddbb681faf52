//! Fields that stand for the same key of an answer, and aren't the same (Field Selection Merging).
//!
//! The engine looks at the fields of one selection only: of `{ user { a: id } user { a: name } }` it drops one and
//! says nothing. Here selections that are merged are looked at together, at any depth. Fields of one key are
//! compared with the first of them, and selections that were looked at together are known: so it takes time in
//! the fields of the document, not in their pairs.

use std::collections::{HashMap, HashSet};
use std::ptr;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, OperationType, Selection, SelectionSet};
use async_graphql::registry::{MetaField, MetaType, MetaTypeName, Registry};
use async_graphql::{Name, Positioned, ServerError};

use crate::document::Document;
use crate::order::Fragments;

/// The conflicts of a document that fits the schema otherwise.
pub(crate) fn conflicts(document: &Document) -> Vec<ServerError> {
    let registry = &document.types.registry;
    let mut overlaps = Overlaps {
        registry,
        fragments: &document.fragments,
        known: HashSet::new(),
        conflicts: Vec::new(),
    };
    for (_, operation) in document.operations().iter() {
        let root = match operation.node.ty {
            OperationType::Query => Some(&registry.query_type),
            OperationType::Mutation => registry.mutation_type.as_ref(),
            OperationType::Subscription => registry.subscription_type.as_ref(),
        };
        if let Some(root) = root.and_then(|root| registry.types.get(root)) {
            let selections = &operation.node.selection_set.node;
            overlaps.check(Rule::SameField, vec![(root, selections)]);
            // What aren't the same fields mostly don't look alike, too: once is enough.
            if overlaps.conflicts.is_empty() {
                overlaps.check(Rule::SameShape, vec![(root, selections)]);
            }
        }
    }
    overlaps.conflicts
}

/// What fields of one key have to have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Rule {
    /// Whatever they are fields of: lists of lists are no numbers.
    SameShape,
    /// Where they may be fields of the same object: everything.
    SameField,
}

/// Selections that are merged, each with the type that it selects from.
type Merged<'a> = Vec<(&'a MetaType, &'a SelectionSet)>;

/// A field, and what it is a field of.
#[derive(Clone, Copy)]
struct Found<'a> {
    of: &'a MetaType,
    field: &'a Positioned<Field>,
    /// None of `__typename`.
    meta: Option<&'a MetaField>,
}

struct Overlaps<'a> {
    registry: &'a Registry,
    fragments: &'a Fragments,
    /// What was looked at together, by address.
    known: HashSet<(Rule, Vec<(*const MetaType, *const SelectionSet)>)>,
    conflicts: Vec<ServerError>,
}

impl<'a> Overlaps<'a> {
    fn check(&mut self, rule: Rule, merged: Merged<'a>) {
        let addresses = merged.iter().map(|(of, selections)| {
            let (of, selections): (*const MetaType, *const SelectionSet) = (*of, *selections);
            (of, selections)
        });
        let mut addresses: Vec<_> = addresses.collect();
        addresses.sort_unstable();
        addresses.dedup();
        if !self.known.insert((rule, addresses)) {
            return;
        }
        for (key, fields) in self.fields(merged) {
            match rule {
                Rule::SameShape => self.compare(rule, key, &fields),
                Rule::SameField => {
                    for fields in of_one_object(fields) {
                        self.compare(rule, key, &fields);
                    }
                }
            }
        }
    }

    /// Compares fields of one key, and all that is selected below them.
    fn compare(&mut self, rule: Rule, key: &str, fields: &[Found<'a>]) {
        let Some((first, others)) = fields.split_first() else {
            return;
        };
        let conflict = others.iter().find_map(|other| {
            let why = match rule {
                Rule::SameShape => self.other_shape(first, other),
                Rule::SameField => other_field(first, other),
            };
            why.map(|why| (other, why))
        });
        if let Some((other, why)) = conflict {
            let message = format!(
                "the fields of \"{key}\" conflict: {why}. Give them different aliases to get both"
            );
            let mut error = ServerError::new(message, Some(first.field.pos));
            error.locations.push(other.field.pos);
            self.conflicts.push(error);
            return;
        }
        let below = fields.iter().filter_map(|found| {
            let of = self.registry.concrete_type_by_name(&found.meta?.ty)?;
            let selections = &found.field.node.selection_set.node;
            (!selections.items.is_empty()).then_some((of, selections))
        });
        let below: Merged<'a> = below.collect();
        if !below.is_empty() {
            self.check(rule, below);
        }
    }

    /// The fields of selections by key, with those of fragments, each of which is looked at once.
    fn fields(&self, merged: Merged<'a>) -> IndexMap<&'a str, Vec<Found<'a>>> {
        let mut fields = IndexMap::new();
        let mut spread = HashSet::new();
        for (of, selections) in merged {
            self.add(of, selections, &mut spread, &mut fields);
        }
        fields
    }

    fn add(
        &self,
        of: &'a MetaType,
        selections: &'a SelectionSet,
        spread: &mut HashSet<&'a Name>,
        fields: &mut IndexMap<&'a str, Vec<Found<'a>>>,
    ) {
        let named = |name: &str| self.registry.types.get(name).unwrap_or(of);
        for selection in &selections.items {
            match &selection.node {
                Selection::Field(field) => {
                    let found = Found {
                        of,
                        field,
                        meta: of.field_by_name(&field.node.name.node),
                    };
                    let key = field.node.response_key().node.as_str();
                    fields.entry(key).or_default().push(found);
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    let of = condition.map_or(of, |on| named(&on.node.on.node));
                    self.add(of, &inline.node.selection_set.node, spread, fields);
                }
                Selection::FragmentSpread(fragment) => {
                    let name = &fragment.node.fragment_name.node;
                    if let Some(fragment) = self.fragments.get(name)
                        && spread.insert(name)
                    {
                        let of = named(&fragment.node.type_condition.node.on.node);
                        self.add(of, &fragment.node.selection_set.node, spread, fields);
                    }
                }
            }
        }
    }

    fn other_shape(&self, one: &Found<'_>, other: &Found<'_>) -> Option<String> {
        let ty = |found: &Found<'_>| {
            found
                .meta
                .map_or("String!", |meta| meta.ty.as_str())
                .to_owned()
        };
        let (one, other) = (ty(one), ty(other));
        let is_same = self.is_same_shape(&one, &other);
        (!is_same).then(|| format!("one is a {one}, and another a {other}"))
    }

    fn is_same_shape(&self, one: &str, other: &str) -> bool {
        match (MetaTypeName::create(one), MetaTypeName::create(other)) {
            (MetaTypeName::NonNull(one), MetaTypeName::NonNull(other))
            | (MetaTypeName::List(one), MetaTypeName::List(other)) => {
                self.is_same_shape(one, other)
            }
            (MetaTypeName::Named(one), MetaTypeName::Named(other)) => {
                let is_object = |name| {
                    self.registry
                        .types
                        .get(name)
                        .is_some_and(MetaType::is_composite)
                };
                one == other || is_object(one) && is_object(other)
            }
            (MetaTypeName::NonNull(_) | MetaTypeName::List(_) | MetaTypeName::Named(_), _) => false,
        }
    }
}

/// Fields that may be of the same object: those of each type of object, with those of interfaces.
fn of_one_object(fields: Vec<Found<'_>>) -> Vec<Vec<Found<'_>>> {
    let (objects, others): (Vec<_>, Vec<_>) = fields
        .into_iter()
        .partition(|found| matches!(found.of, MetaType::Object { .. }));
    let mut by_type: HashMap<&str, Vec<Found<'_>>> = HashMap::new();
    for found in objects {
        by_type.entry(found.of.name()).or_default().push(found);
    }
    if by_type.is_empty() {
        return vec![others];
    }
    let with_others = by_type.into_values().map(|mut fields| {
        fields.extend(&others);
        fields
    });
    with_others.collect()
}

fn other_field(one: &Found<'_>, other: &Found<'_>) -> Option<String> {
    let (one, other) = (&one.field.node, &other.field.node);
    if ptr::eq(one, other) {
        return None;
    }
    let (name, other_name) = (&one.name.node, &other.name.node);
    if name != other_name {
        return Some(format!(
            "\"{name}\" and \"{other_name}\" are different fields"
        ));
    }
    let same_arguments = one.arguments.len() == other.arguments.len()
        && one.arguments.iter().all(|(name, value)| {
            let other = other.get_argument(&name.node);
            other.is_some_and(|other| other.node == value.node)
        });
    (!same_arguments).then(|| "they have different arguments".to_owned())
}
