//! How much somebody asks for of the schema itself: counted field by field, for all of it is there.
//!
//! An estimate would do for what tools ask, and for nothing else: a type leads to its interfaces, an interface to
//! dozens of types, and each of these to its interfaces again.

use std::collections::HashMap;
use std::ptr;

use async_graphql::Name;
use async_graphql::parser::types::{Selection, SelectionSet};
use async_graphql::registry::{
    MetaDirective, MetaField, MetaInputValue, MetaType, MetaTypeName, Registry,
};

use crate::order::Fragments;

/// Something that the schema tells of.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a> {
    /// The schema.
    Schema,
    /// A type as it is written: `[Post!]!`.
    Type(&'a str),
    Field(&'a MetaField),
    /// An argument, or a field of an input object.
    Input(&'a MetaInputValue),
    Directive(&'a MetaDirective),
    /// A value of an enum, of which nothing follows.
    EnumValue,
}

/// What tells selections of one part from those of another.
type Key<'a> = (*const SelectionSet, &'a str, *const ());

/// Counts the fields of answers.
pub(crate) struct Introspection<'a> {
    registry: &'a Registry,
    fragments: &'a Fragments,
    known: HashMap<Key<'a>, u64>,
    /// So many fields may still be looked at. Each stands in an answer, so that one with more is larger than it may be.
    left: u64,
}

impl<'a> Introspection<'a> {
    /// For documents whose answers may have so many fields.
    pub(crate) fn new(registry: &'a Registry, fragments: &'a Fragments, most: u64) -> Self {
        Self {
            registry,
            fragments,
            known: HashMap::new(),
            left: most,
        }
    }

    /// How many fields an answer has of the type that has the most of them.
    pub(crate) fn of_any_type(&mut self, selections: &'a SelectionSet) -> u64 {
        let types = self.registry.types.keys();
        let counts = types.map(|name| self.count(Part::Type(name), selections));
        counts.max().unwrap_or(0)
    }

    /// How many fields an answer has of a part.
    pub(crate) fn count(&mut self, part: Part<'a>, selections: &'a SelectionSet) -> u64 {
        let (ty, address) = part.identity();
        let key = (ptr::from_ref(selections), ty, address);
        if let Some(count) = self.known.get(&key) {
            return *count;
        }
        let mut count: u64 = 0;
        for selection in &selections.items {
            let Some(left) = self.left.checked_sub(1) else {
                return u64::MAX;
            };
            self.left = left;
            let more = match &selection.node {
                Selection::Field(field) => {
                    let below = &field.node.selection_set.node;
                    let parts = match below.items.is_empty() {
                        true => Vec::new(),
                        false => self.below(part, &field.node.name.node),
                    };
                    let counts = parts.into_iter().map(|part| self.count(part, below));
                    counts.fold(1, u64::saturating_add)
                }
                Selection::InlineFragment(inline) => {
                    self.count(part, &inline.node.selection_set.node)
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.fragments.get(&spread.node.fragment_name.node);
                    fragment.map_or(0, |it| self.count(part, &it.node.selection_set.node))
                }
            };
            count = count.saturating_add(more);
        }
        self.known.insert(key, count);
        count
    }

    /// What a field of a part leads to.
    fn below(&self, part: Part<'a>, field: &Name) -> Vec<Part<'a>> {
        let registry = self.registry;
        let inputs = |inputs: &'a async_graphql::indexmap::IndexMap<String, MetaInputValue>| {
            inputs.values().map(Part::Input).collect()
        };
        let root = |name: &'a Option<String>| name.iter().map(|name| Part::Type(name)).collect();
        match (part, field.as_str()) {
            (Part::Schema, "types") => registry.types.keys().map(|it| Part::Type(it)).collect(),
            (Part::Schema, "directives") => {
                registry.directives.values().map(Part::Directive).collect()
            }
            (Part::Schema, "queryType") => vec![Part::Type(&registry.query_type)],
            (Part::Schema, "mutationType") => root(&registry.mutation_type),
            (Part::Schema, "subscriptionType") => root(&registry.subscription_type),
            (Part::Type(ty), field) => match MetaTypeName::create(ty) {
                MetaTypeName::NonNull(inner) | MetaTypeName::List(inner) if field == "ofType" => {
                    vec![Part::Type(inner)]
                }
                MetaTypeName::NonNull(_) | MetaTypeName::List(_) => Vec::new(),
                MetaTypeName::Named(name) => {
                    let ty = registry.types.get(name);
                    ty.map_or_else(Vec::new, |ty| self.below_type(ty, field))
                }
            },
            (
                Part::Field(MetaField { ty, .. }) | Part::Input(MetaInputValue { ty, .. }),
                "type",
            ) => {
                vec![Part::Type(ty)]
            }
            (
                Part::Field(MetaField { args, .. }) | Part::Directive(MetaDirective { args, .. }),
                "args",
            ) => inputs(args),
            _ => Vec::new(),
        }
    }

    fn below_type(&self, ty: &'a MetaType, field: &str) -> Vec<Part<'a>> {
        fn types<'a>(names: impl IntoIterator<Item = &'a String>) -> Vec<Part<'a>> {
            names.into_iter().map(|name| Part::Type(name)).collect()
        }
        match (field, ty) {
            ("fields", ty) => {
                let fields = ty.fields().into_iter().flat_map(|fields| fields.values());
                let shown = fields.filter(|field| !field.name.starts_with("__"));
                shown.map(Part::Field).collect()
            }
            ("inputFields", MetaType::InputObject { input_fields, .. }) => {
                input_fields.values().map(Part::Input).collect()
            }
            ("enumValues", MetaType::Enum { enum_values, .. }) => {
                vec![Part::EnumValue; enum_values.len()]
            }
            ("interfaces", ty) => {
                let of = self.registry.implements.get(ty.name());
                of.map_or_else(Vec::new, types)
            }
            (
                "possibleTypes",
                MetaType::Interface { possible_types, .. } | MetaType::Union { possible_types, .. },
            ) => types(possible_types),
            _ => Vec::new(),
        }
    }
}

impl<'a> Part<'a> {
    /// A type is known by its name, everything else by where it is.
    fn identity(self) -> (&'a str, *const ()) {
        match self {
            Self::Type(ty) => (ty, ptr::null()),
            Self::Field(field) => ("", ptr::from_ref(field).cast()),
            Self::Input(input) => ("", ptr::from_ref(input).cast()),
            Self::Directive(directive) => ("", ptr::from_ref(directive).cast()),
            Self::Schema | Self::EnumValue => ("", ptr::null()),
        }
    }
}
