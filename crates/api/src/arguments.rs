//! Whether what is said for arguments fits their types: what is written, and the variables in it (Values of Correct
//! Type, All Variable Usages Are Allowed).
//!
//! The engine takes text for an enum, and any variable anywhere: what doesn't fit is found in the midst of executing
//! then, or never. Here each selection is looked at once; which variables a fragment uses is compared with those of
//! each operation that spreads it.

use std::collections::{HashMap, HashSet};

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{
    Directive, Field, OperationDefinition, OperationType, Selection, SelectionSet,
    VariableDefinition,
};
use async_graphql::registry::{MetaInputValue, MetaType, MetaTypeName, Registry};
use async_graphql::{Name, Pos, Positioned, ServerError};
use async_graphql_value::Value;

use crate::document::Document;
use crate::variables::{Brief, is_of_scalar};

/// What doesn't fit in a document that fits the schema otherwise.
pub(crate) fn misfits(document: &Document) -> Vec<ServerError> {
    let registry = &document.types.registry;
    let mut fragments = HashMap::new();
    let mut errors = Vec::new();
    let operations = || document.operations().iter().map(|(_, it)| &it.node);
    let variables = operations().flat_map(|operation| &operation.variable_definitions);
    let defaults = variables.filter_map(|Positioned { node: variable, .. }| {
        let default = variable.default_value.as_ref()?;
        let value = default.node.clone().into_value();
        Some((
            variable,
            variable.var_type.node.to_string(),
            value,
            default.pos,
        ))
    });
    let defaults: Vec<_> = defaults.collect();
    for (variable, ty, value, at) in &defaults {
        let misfit = Looking::at(registry).misfit(Expected::plain(ty), value, *at);
        errors.extend(misfit.map(|problem| {
            ServerError::new(format!("${}: {problem}", variable.name.node), Some(*at))
        }));
    }
    for (name, fragment) in &document.fragments {
        let condition = fragment.node.type_condition.node.on.node.as_str();
        let mut looking = Looking::at(registry);
        looking.directives(&fragment.node.directives);
        looking.selections(
            registry.types.get(condition),
            &fragment.node.selection_set.node,
        );
        errors.append(&mut looking.errors);
        fragments.insert(name.as_str(), looking.used);
    }
    for operation in operations() {
        let mut looking = Looking::at(registry);
        looking.directives(&operation.directives);
        let root = root(registry, operation);
        looking.selections(root, &operation.selection_set.node);
        errors.append(&mut looking.errors);
        let used = looking.used.with_all(&fragments);
        let definitions = operation.variable_definitions.iter();
        let definitions: HashMap<&Name, &VariableDefinition> = definitions
            .map(|it| (&it.node.name.node, &it.node))
            .collect();
        let not_allowed = used.filter_map(|(usage, at)| {
            let misfit = usage.misfit(definitions.get(usage.variable)?)?;
            Some(ServerError::new(misfit, Some(at)))
        });
        errors.extend(not_allowed);
    }
    errors.sort_by_key(|error| {
        let at = error.locations.first();
        at.map(|at| (at.line, at.column))
    });
    errors
}

fn root<'a>(registry: &'a Registry, operation: &OperationDefinition) -> Option<&'a MetaType> {
    let root = match operation.ty {
        OperationType::Query => Some(&registry.query_type),
        OperationType::Mutation => registry.mutation_type.as_ref(),
        OperationType::Subscription => registry.subscription_type.as_ref(),
    };
    registry.types.get(root?)
}

/// What a fragment or an operation uses.
#[derive(Default)]
struct Used<'a> {
    /// Each once, with where it stands first: a document of some kilobytes may use one a thousand times, in hundreds of
    /// operations.
    variables: IndexMap<Usage<'a>, Pos>,
    fragments: HashSet<&'a str>,
}

/// A variable where a value is expected.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Usage<'a> {
    variable: &'a Name,
    expected: Expected<'a>,
}

/// What is expected somewhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Expected<'a> {
    ty: &'a str,
    /// Whether something stands for it where nothing is said.
    has_default: bool,
    /// Whether it is the only field of an input object, which can't be null.
    is_only: bool,
}

impl<'a> Used<'a> {
    /// All variables that are used, in fragments, too.
    fn with_all(self, of: &HashMap<&'a str, Self>) -> impl Iterator<Item = (Usage<'a>, Pos)> {
        let mut all = self.variables;
        let mut next: Vec<&str> = self.fragments.into_iter().collect();
        let mut known = HashSet::new();
        while let Some(fragment) = next.pop() {
            if let (true, Some(used)) = (known.insert(fragment), of.get(fragment)) {
                for (usage, at) in &used.variables {
                    all.entry(*usage).or_insert(*at);
                }
                next.extend(&used.fragments);
            }
        }
        all.into_iter()
    }
}

impl Usage<'_> {
    /// Why a variable can't be used here, if it can't.
    fn misfit(&self, definition: &VariableDefinition) -> Option<String> {
        let Expected {
            ty,
            has_default,
            is_only,
        } = self.expected;
        let given = definition.var_type.node.to_string();
        let has_value = has_default
            || definition
                .default_value
                .as_ref()
                .is_some_and(|it| it.node != async_graphql::Value::Null);
        let fits = match MetaTypeName::create(ty) {
            // What is missing, or null, is seen when it is executed.
            MetaTypeName::NonNull(inner) if has_value => is_for(&given, inner),
            MetaTypeName::NonNull(_) | MetaTypeName::List(_) | MetaTypeName::Named(_) => {
                is_for(&given, ty) && !(is_only && definition.var_type.node.nullable)
            }
        };
        if fits {
            return None;
        }
        let variable = self.variable;
        Some(format!(
            "${variable} has the type {given}, and {ty} is expected here"
        ))
    }
}

/// Whether each value of a type is one of another.
fn is_for(given: &str, expected: &str) -> bool {
    match (MetaTypeName::create(given), MetaTypeName::create(expected)) {
        (MetaTypeName::NonNull(given), MetaTypeName::NonNull(expected))
        | (MetaTypeName::List(given), MetaTypeName::List(expected)) => is_for(given, expected),
        (_, MetaTypeName::NonNull(_)) => false,
        (MetaTypeName::NonNull(given), _) => is_for(given, expected),
        (MetaTypeName::Named(given), MetaTypeName::Named(expected)) => given == expected,
        (MetaTypeName::List(_), MetaTypeName::Named(_))
        | (MetaTypeName::Named(_), MetaTypeName::List(_)) => false,
    }
}

struct Looking<'a> {
    registry: &'a Registry,
    used: Used<'a>,
    errors: Vec<ServerError>,
}

impl<'a> Looking<'a> {
    fn at(registry: &'a Registry) -> Self {
        Self {
            registry,
            used: Used::default(),
            errors: Vec::new(),
        }
    }

    fn selections(&mut self, of: Option<&'a MetaType>, selections: &'a SelectionSet) {
        for selection in &selections.items {
            self.directives(selection.node.directives());
            match &selection.node {
                Selection::Field(field) => self.field(of, &field.node),
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref();
                    let on = on.and_then(|on| self.registry.types.get(on.node.on.node.as_str()));
                    self.selections(on.or(of), &inline.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    self.used.fragments.insert(&spread.node.fragment_name.node);
                }
            }
        }
    }

    fn field(&mut self, of: Option<&'a MetaType>, field: &'a Field) {
        // `__typename` has no arguments, and nothing below it.
        let Some(meta) = of.and_then(|of| of.field_by_name(&field.name.node)) else {
            return;
        };
        self.arguments(&meta.args, &field.arguments);
        let below = self.registry.concrete_type_by_name(&meta.ty);
        self.selections(below, &field.selection_set.node);
    }

    fn directives(&mut self, directives: &'a [Positioned<Directive>]) {
        for directive in directives {
            let name = directive.node.name.node.as_str();
            if let Some(meta) = self.registry.directives.get(name) {
                self.arguments(&meta.args, &directive.node.arguments);
            }
        }
    }

    fn arguments(
        &mut self,
        arguments: &'a IndexMap<String, MetaInputValue>,
        said: &'a [(Positioned<Name>, Positioned<Value>)],
    ) {
        for (name, value) in said {
            let Some(argument) = arguments.get(name.node.as_str()) else {
                continue;
            };
            let expected = Expected::of(argument);
            if let Some(problem) = self.misfit(expected, &value.node, value.pos) {
                let message = format!("{}: {problem}", name.node);
                self.errors.push(ServerError::new(message, Some(value.pos)));
            }
        }
    }

    /// What is wrong with what is written, if anything. What variables there are is noted.
    fn misfit(&mut self, expected: Expected<'a>, value: &'a Value, at: Pos) -> Option<String> {
        let ty = expected.ty;
        if let Value::Variable(variable) = value {
            let usage = Usage { variable, expected };
            self.used.variables.entry(usage).or_insert(at);
            return None;
        }
        match MetaTypeName::create(ty) {
            MetaTypeName::NonNull(_) if *value == Value::Null => Some(format!("null is no {ty}")),
            MetaTypeName::NonNull(ty) => self.misfit(Expected::plain(ty), value, at),
            _ if *value == Value::Null => None,
            MetaTypeName::List(element) => {
                let expected = Expected::plain(element);
                let Value::List(values) = value else {
                    // One value stands for a list of it.
                    return self.misfit(expected, value, at);
                };
                let mut values = values.iter();
                values.find_map(|value| self.misfit(expected, value, at))
            }
            MetaTypeName::Named(name) => self.misfit_named(name, value, at),
        }
    }

    fn misfit_named(&mut self, ty: &'a str, value: &'a Value, at: Pos) -> Option<String> {
        let misfit = || match value.clone().into_const() {
            Some(value) => Some(format!("{} is no {ty}", Brief(&value))),
            None => Some(format!("what is given is no {ty}")),
        };
        match (self.registry.types.get(ty), value) {
            (Some(MetaType::Scalar { .. }), value) => match value.clone().into_const() {
                Some(value) if is_of_scalar(self.registry, ty, &value) => None,
                // None of them takes lists or objects, which might have variables in them.
                Some(_) | None => misfit(),
            },
            (Some(MetaType::Enum { enum_values, .. }), Value::Enum(name))
                if enum_values.contains_key(name.as_str()) =>
            {
                None
            }
            (
                Some(MetaType::InputObject {
                    input_fields,
                    oneof,
                    ..
                }),
                Value::Object(values),
            ) => {
                if *oneof && (values.len() != 1 || values.values().any(|it| *it == Value::Null)) {
                    return Some(format!("a {ty} has exactly one field"));
                }
                let mut names = values.keys();
                if let Some(name) = names.find(|name| !input_fields.contains_key(name.as_str())) {
                    return Some(format!("a {ty} has no field {name}"));
                }
                let mut fields = input_fields.values();
                fields.find_map(|field| match values.get(field.name.as_str()) {
                    Some(value) => {
                        let expected = Expected {
                            is_only: *oneof,
                            ..Expected::of(field)
                        };
                        let problem = self.misfit(expected, value, at)?;
                        Some(format!("{}: {problem}", field.name))
                    }
                    None if field.ty.ends_with('!') && field.default_value.is_none() => {
                        Some(format!("{}: a {} is missing", field.name, field.ty))
                    }
                    None => None,
                })
            }
            _ => misfit(),
        }
    }
}

impl<'a> Expected<'a> {
    fn plain(ty: &'a str) -> Self {
        Self {
            ty,
            has_default: false,
            is_only: false,
        }
    }

    fn of(argument: &'a MetaInputValue) -> Self {
        Self {
            has_default: argument.default_value.is_some(),
            ..Self::plain(&argument.ty)
        }
    }
}
