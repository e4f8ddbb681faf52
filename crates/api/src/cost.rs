//! What an operation costs: told before it is executed, from its document and its variables alone.
//!
//! A field costs 1, and what is selected of a list as many times as it may have entries: `first` or `last` of a
//! connection, of a list by ids as many as there are, of others as of a page. A mutation costs more, for it writes, and so
//! does what is reckoned from the whole history. Else a cost is about the number of fields of the largest answer.
//!
//! A document is priced once, with each of its fragments; how long lists are that variables tell is put in for each
//! request.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use async_graphql::parser::types::{Field, OperationDefinition, OperationType, SelectionSet};
use async_graphql::parser::types::{Selection, TypeCondition};
use async_graphql::registry::{MetaField, MetaType, MetaTypeName, Registry};
use async_graphql::{Name, Positioned, Value, Variables};

use crate::introspection::{Introspection, Part};
use crate::order::Fragments;
use crate::paging::PAGE_DEFAULT;

/// What a mutation costs besides its answer.
const WRITING: u64 = 9;

/// What reckoning something from everything that ever happened costs besides its answer.
const READING_ALL: u64 = 1_000;

/// How many entries a list has of which nobody says: a page.
const LENGTH_ASSUMED: u64 = PAGE_DEFAULT.unsigned_abs() as u64;

/// What it costs to look which types there are, each time that somebody asks for the schema.
const SCHEMA: u64 = 50;

/// So many fields of the schema cost 1: they are in memory, and tools ask for all of them at once.
const SCHEMA_FIELDS: u64 = 3;

/// What an operation costs, but for the lengths of lists that variables tell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Price {
    fixed: u64,
    lists: Vec<(Length, Arc<Price>)>,
}

/// How many entries a list has at most.
#[derive(Debug, Clone)]
enum Length {
    Known(u64),
    /// As many as one of these variables says, or is said besides; where nobody says anything, so many.
    Told {
        by: Vec<Name>,
        besides: Option<u64>,
        otherwise: u64,
    },
    /// One, if a variable says anything.
    Given(Name),
}

impl Length {
    fn with(&self, variables: &Variables) -> u64 {
        match self {
            Self::Known(length) => *length,
            Self::Told {
                by,
                besides,
                otherwise,
            } => {
                let told = by.iter().filter_map(|name| length_of(variables.get(name)?));
                told.chain(*besides).max().unwrap_or(*otherwise)
            }
            Self::Given(name) => match variables.get(name) {
                None | Some(Value::Null) => 0,
                Some(_) => 1,
            },
        }
    }
}

impl Price {
    /// The cost with these variables.
    pub fn with(&self, variables: &Variables) -> u64 {
        let lists = self
            .lists
            .iter()
            .map(|(length, each)| length.with(variables).saturating_mul(each.with(variables)));
        lists.fold(self.fixed, u64::saturating_add)
    }

    fn add(&mut self, other: Self) {
        self.fixed = self.fixed.saturating_add(other.fixed);
        self.lists.extend(other.lists);
    }

    /// The price of so many.
    fn times(self, length: Length) -> Self {
        match length {
            Length::Known(length) if self.lists.is_empty() => Self {
                fixed: self.fixed.saturating_mul(length),
                lists: Vec::new(),
            },
            length @ (Length::Known(_) | Length::Told { .. } | Length::Given(_)) => Self {
                fixed: 0,
                lists: vec![(length, Arc::new(self))],
            },
        }
    }
}

/// The length that a value says: a number, or a list's own.
fn length_of(value: &Value) -> Option<u64> {
    match value {
        // What is less than nothing is refused when it is executed.
        Value::Number(number) => Some(number.as_u64().unwrap_or(0)),
        Value::List(elements) => Some(elements.len() as u64),
        Value::Null
        | Value::String(_)
        | Value::Boolean(_)
        | Value::Binary(_)
        | Value::Enum(_)
        | Value::Object(_) => None,
    }
}

/// The prices of the operations of a document that fits the schema. What costs more than the most need not be reckoned
/// to its end.
pub(crate) fn prices<'a>(
    registry: &'a Registry,
    fragments: &'a Fragments,
    operations: impl Iterator<Item = &'a OperationDefinition>,
    most: u64,
) -> Vec<Price> {
    let fields_max = most.saturating_mul(SCHEMA_FIELDS);
    let mut pricing = Pricing {
        registry,
        fragments,
        known: HashMap::new(),
        introspection: Introspection::new(registry, fragments, fields_max),
    };
    operations.map(|it| pricing.of_operation(it)).collect()
}

/// What selections cost: once, and for each entry, if they are of a connection.
#[derive(Debug, Clone, Default)]
struct Parts {
    once: Price,
    each: Price,
}

impl Parts {
    fn whole(mut self) -> Price {
        self.once.add(self.each);
        self.once
    }
}

struct Pricing<'a> {
    registry: &'a Registry,
    fragments: &'a Fragments,
    /// What each fragment costs.
    known: HashMap<&'a str, Parts>,
    introspection: Introspection<'a>,
}

impl<'a> Pricing<'a> {
    fn of_operation(&mut self, operation: &'a OperationDefinition) -> Price {
        let registry = self.registry;
        let root = match operation.ty {
            OperationType::Query => Some(&registry.query_type),
            OperationType::Mutation => registry.mutation_type.as_ref(),
            OperationType::Subscription => registry.subscription_type.as_ref(),
        };
        let Some(root) = root.and_then(|root| registry.types.get(root)) else {
            return Price::default();
        };
        let mut price = self.of(root, &operation.selection_set.node).whole();
        // Also what asks for nothing is read.
        price.fixed = price.fixed.max(1);
        price
    }

    fn of(&mut self, ty: &'a MetaType, selections: &'a SelectionSet) -> Parts {
        let mut parts = Parts::default();
        for selection in &selections.items {
            let below = match &selection.node {
                Selection::Field(field) => self.of_field(ty, &field.node),
                Selection::InlineFragment(inline) => {
                    let on = self.narrowed(ty, inline.node.type_condition.as_ref());
                    self.of(on, &inline.node.selection_set.node)
                }
                Selection::FragmentSpread(spread) => {
                    self.of_fragment(ty, &spread.node.fragment_name.node)
                }
            };
            parts.once.add(below.once);
            parts.each.add(below.each);
        }
        parts
    }

    /// The type that a fragment is on.
    fn narrowed(&self, ty: &'a MetaType, to: Option<&Positioned<TypeCondition>>) -> &'a MetaType {
        let to = to.and_then(|to| self.registry.types.get(to.node.on.node.as_str()));
        to.unwrap_or(ty)
    }

    fn of_fragment(&mut self, ty: &'a MetaType, name: &'a Name) -> Parts {
        if let Some(known) = self.known.get(name.as_str()) {
            return known.clone();
        }
        let Some(Positioned { node: fragment, .. }) = self.fragments.get(name) else {
            return Parts::default();
        };
        let on = self.narrowed(ty, Some(&fragment.type_condition));
        let parts = self.of(on, &fragment.selection_set.node);
        self.known.insert(name, parts.clone());
        parts
    }

    fn of_field(&mut self, ty: &'a MetaType, field: &'a Field) -> Parts {
        let mut parts = Parts::default();
        let mutations = self.registry.mutation_type.as_deref();
        parts.once.fixed = match mutations == Some(ty.name()) {
            true => 1 + WRITING,
            false => 1,
        };
        let Some(meta) = ty.field_by_name(&field.name.node) else {
            return parts;
        };
        let Some(of) = self.registry.concrete_type_by_name(&meta.ty) else {
            return parts;
        };
        parts.once.add(reading_all(field));
        if of.name().starts_with("__") {
            let fields = self.of_schema(field).div_ceil(SCHEMA_FIELDS);
            parts.once.fixed = fields.saturating_add(SCHEMA);
            return parts;
        }
        let below = self.of(of, &field.selection_set.node);
        let is_connection = |ty: &MetaType| ty.name().ends_with("Connection");
        if is_connection(ty) && is_list(meta) {
            parts.each.add(below.whole());
        } else if is_connection(of) {
            parts.once.add(below.once);
            parts.once.add(below.each.times(length(meta, field)));
        } else if is_list(meta) {
            parts.once.add(below.whole().times(length(meta, field)));
        } else {
            parts.once.add(below.whole());
        }
        parts
    }

    /// How many fields `__schema` or `__type` have below them.
    fn of_schema(&mut self, field: &'a Field) -> u64 {
        let selections = &field.selection_set.node;
        if field.name.node == "__schema" {
            return self.introspection.count(Part::Schema, selections);
        }
        match said(field, "name") {
            Some(Said::Value(Value::String(name))) => {
                let ty = self.registry.types.get_key_value(&name);
                ty.map_or(0, |(name, _)| {
                    self.introspection.count(Part::Type(name), selections)
                })
            }
            Some(_) | None => self.introspection.of_any_type(selections),
        }
    }
}

fn is_list(field: &MetaField) -> bool {
    let mut ty = MetaTypeName::create(&field.ty);
    if let MetaTypeName::NonNull(inner) = ty {
        ty = MetaTypeName::create(inner);
    }
    matches!(ty, MetaTypeName::List(_))
}

/// How many entries the list of a field has at most.
fn length(meta: &MetaField, field: &Field) -> Length {
    let (mut by, mut besides, mut otherwise) = (Vec::new(), None, LENGTH_ASSUMED);
    for name in ["first", "last", "ids"] {
        let Some(argument) = meta.args.get(name) else {
            continue;
        };
        let default = argument.default_value.as_deref();
        otherwise = default
            .and_then(|default| default.parse().ok())
            .unwrap_or(otherwise);
        match said(field, name) {
            Some(Said::Value(value)) => besides = besides.max(length_of(&value)),
            Some(Said::By(variable)) => by.push(variable),
            None => {}
        }
    }
    match by.is_empty() {
        true => Length::Known(besides.unwrap_or(otherwise)),
        // Which of them counts is seen when it is executed: the others may be null.
        false => Length::Told {
            by,
            besides,
            otherwise,
        },
    }
}

/// What it costs besides that a field reckons what it answers from the whole history: as of a moment, or of a group.
fn reading_all(field: &Field) -> Price {
    let is_of_group = matches!(
        field.name.node.as_str(),
        "leaderboard" | "leaderboardChanged"
    );
    let arguments = ["asOf"].into_iter().chain(is_of_group.then_some("groupId"));
    let mut price = Price::default();
    for argument in arguments {
        let given = match said(field, argument) {
            None | Some(Said::Value(Value::Null)) => continue,
            Some(Said::Value(_)) => Length::Known(1),
            Some(Said::By(variable)) => Length::Given(variable),
        };
        let once = Price {
            fixed: READING_ALL,
            lists: Vec::new(),
        };
        price.add(once.times(given));
    }
    price
}

/// What somebody says for an argument.
enum Said {
    Value(Value),
    /// Whatever a variable is.
    By(Name),
}

fn said(field: &Field, argument: &str) -> Option<Said> {
    let value = field.get_argument(argument)?;
    let mut variable = None;
    let value = value.node.clone().into_const_with(|name| {
        variable = Some(name);
        Ok::<_, Infallible>(Value::Null)
    });
    let Ok(value) = value;
    // A list by ids may have a variable in it: then it is as long as it is.
    match (variable, value) {
        (Some(variable), Value::Null) => Some(Said::By(variable)),
        (_, value) => Some(Said::Value(value)),
    }
}
