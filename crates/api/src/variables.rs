//! Variables: whether their values fit, and what stands for those that are missing.
//!
//! The engine checks a value where it is used, with the whole document, on every request, and takes
//! a missing one for null. Documents are checked once here, so values are checked by themselves,
//! as the specification has it (CoerceVariableValues): a value that doesn't fit is the client's
//! mistake, found before anything is executed.

use std::fmt;

use async_graphql::parser::types::VariableDefinition;
use async_graphql::registry::{MetaType, MetaTypeName, Registry};
use async_graphql::{InputType, Positioned, ScalarType, ServerError, Value, Variables};
use uuid::Uuid;

/// Checks the values of an operation's variables, and puts in the defaults.
pub(crate) fn coerce(
    registry: &Registry,
    definitions: &[Positioned<VariableDefinition>],
    variables: &mut Variables,
) -> Result<(), ServerError> {
    for definition in definitions {
        let VariableDefinition {
            name,
            var_type,
            default_value,
            ..
        } = &definition.node;
        let problem = match variables.get(&name.node) {
            Some(value) => {
                let path = Path::Variable(&name.node);
                misfit(registry, &var_type.node.to_string(), value, &path)
            }
            None => match default_value {
                Some(default) => {
                    variables.insert(name.node.clone(), default.node.clone());
                    None
                }
                None if var_type.node.nullable => None,
                None => Some(format!("${}: a {} is missing", name.node, var_type.node)),
            },
        };
        if let Some(problem) = problem {
            return Err(ServerError::new(problem, Some(definition.pos)));
        }
    }
    Ok(())
}

/// What is wrong with a value of a type, if anything.
fn misfit(registry: &Registry, ty: &str, value: &Value, path: &Path<'_>) -> Option<String> {
    match MetaTypeName::create(ty) {
        MetaTypeName::NonNull(_) if *value == Value::Null => {
            Some(format!("{path}: null is no {ty}"))
        }
        MetaTypeName::NonNull(ty) => misfit(registry, ty, value, path),
        _ if *value == Value::Null => None,
        MetaTypeName::List(element) => {
            let Value::List(values) = value else {
                // One value stands for a list of it.
                return misfit(registry, element, value, path);
            };
            let mut values = values.iter().enumerate();
            values.find_map(|(index, value)| {
                misfit(registry, element, value, &Path::Element(path, index))
            })
        }
        MetaTypeName::Named(name) => misfit_named(registry, name, value, path),
    }
}

fn misfit_named(registry: &Registry, ty: &str, value: &Value, path: &Path<'_>) -> Option<String> {
    let no = || Some(format!("{path}: {} is no {ty}", Brief(value)));
    match registry.types.get(ty) {
        Some(MetaType::Scalar { .. }) => {
            let valid = is_of_scalar(registry, ty, value);
            if valid { None } else { no() }
        }
        Some(MetaType::Enum { enum_values, .. }) => {
            let known = |name: &String| enum_values.contains_key(name.as_str());
            let valid = matches!(value, Value::String(name) if known(name));
            if valid { None } else { no() }
        }
        Some(MetaType::InputObject {
            input_fields,
            oneof,
            ..
        }) => {
            let Value::Object(values) = value else {
                return no();
            };
            if *oneof && (values.len() != 1 || values.values().any(|value| *value == Value::Null)) {
                return Some(format!("{path}: a {ty} has exactly one field"));
            }
            if let Some(name) = values
                .keys()
                .find(|name| !input_fields.contains_key(name.as_str()))
            {
                return Some(format!("{path}: a {ty} has no field {name}"));
            }
            input_fields
                .values()
                .find_map(|field| match values.get(field.name.as_str()) {
                    Some(value) => {
                        misfit(registry, &field.ty, value, &Path::Field(path, &field.name))
                    }
                    None if field.ty.ends_with('!') && field.default_value.is_none() => {
                        Some(format!("{path}.{}: a {} is missing", field.name, field.ty))
                    }
                    None => None,
                })
        }
        // Validation lets no variable have such a type.
        Some(MetaType::Object { .. } | MetaType::Interface { .. } | MetaType::Union { .. })
        | None => no(),
    }
}

/// Whether a value is one of a scalar.
pub(crate) fn is_of_scalar(registry: &Registry, ty: &str, value: &Value) -> bool {
    let Some(MetaType::Scalar { is_valid, .. }) = registry.types.get(ty) else {
        return false;
    };
    // The engine's own take more, until they are read.
    let is_read = if ty == i32::type_name() {
        <i32 as ScalarType>::parse(value.clone()).is_ok()
    } else if ty == Uuid::type_name() {
        <Uuid as ScalarType>::parse(value.clone()).is_ok()
    } else {
        true
    };
    is_read && is_valid.as_ref().is_none_or(|is_valid| is_valid(value))
}

/// Where in a variable a value stands: `$input.tags[2]`.
enum Path<'a> {
    Variable(&'a str),
    Field(&'a Path<'a>, &'a str),
    Element(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Variable(name) => write!(f, "${name}"),
            Path::Field(path, name) => write!(f, "{path}.{name}"),
            Path::Element(path, index) => write!(f, "{path}[{index}]"),
        }
    }
}

/// A value as an error shows it: never a page of it.
pub(crate) struct Brief<'a>(pub(crate) &'a Value);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::String(text) if text.len() > 40 => f.write_str("this string"),
            Value::Null
            | Value::Number(_)
            | Value::String(_)
            | Value::Boolean(_)
            | Value::Binary(_)
            | Value::Enum(_) => self.0.fmt(f),
            Value::List(_) => f.write_str("a list"),
            Value::Object(_) => f.write_str("an object"),
        }
    }
}
