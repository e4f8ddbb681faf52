//! The schema as its users read it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    FieldDefinition, InputObjectType, InputValueDefinition, ObjectType, TypeDefinition, TypeKind,
    TypeSystemDefinition,
};
use async_graphql::{Positioned, value};

use crate::community::Asked;

/// Every type that the schema defines, by its name.
pub fn types() -> BTreeMap<String, TypeDefinition> {
    let document = parse_schema(plaudit_api::sdl()).unwrap();
    let definitions = document.definitions.into_iter();
    definitions
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(of) => Some((of.node.name.node.to_string(), of.node)),
            TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
        })
        .collect()
}

/// The object types, by their names.
pub fn objects() -> BTreeMap<String, ObjectType> {
    let types = types().into_iter();
    types
        .filter_map(|(name, definition)| match definition.kind {
            TypeKind::Object(object) => Some((name, object)),
            _ => None,
        })
        .collect()
}

fn inputs() -> BTreeMap<String, InputObjectType> {
    let types = types().into_iter();
    types
        .filter_map(|(name, definition)| match definition.kind {
            TypeKind::InputObject(input) => Some((name, input)),
            _ => None,
        })
        .collect()
}

#[test]
fn the_printed_schema_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema.graphql");
    let printed = fs::read_to_string(path).unwrap();
    assert!(
        printed.trim_end() == plaudit_api::sdl().trim_end(),
        "schema.graphql isn't what the types say: run `make bless` and look at the difference"
    );
}

#[test]
fn everything_is_described() {
    let mut silent = Vec::new();
    let mut check = |what: String, description: &Option<Positioned<String>>| {
        let described = description.as_ref().is_some_and(|text| {
            let text = text.node.trim();
            text.len() > 10 || text.ends_with('.')
        });
        if !described {
            silent.push(what);
        }
    };
    for (name, definition) in types() {
        check(name.clone(), &definition.description);
        match definition.kind {
            TypeKind::Object(ObjectType { fields, .. }) => {
                describe_fields(&name, &fields, &mut check)
            }
            TypeKind::Interface(of) => describe_fields(&name, &of.fields, &mut check),
            TypeKind::InputObject(InputObjectType { fields }) => {
                describe_inputs(&name, &fields, &mut check);
            }
            TypeKind::Enum(of) => {
                for value in of.values {
                    let what = format!("{name}.{}", value.node.value.node);
                    check(what, &value.node.description);
                }
            }
            TypeKind::Scalar | TypeKind::Union(_) => {}
        }
    }
    assert_eq!(silent, Vec::<String>::new());
}

fn describe_fields(
    of: &str,
    fields: &[Positioned<FieldDefinition>],
    check: &mut impl FnMut(String, &Option<Positioned<String>>),
) {
    for Positioned { node: field, .. } in fields {
        let what = format!("{of}.{}", field.name.node);
        describe_inputs(&what, &field.arguments, check);
        check(what, &field.description);
    }
}

fn describe_inputs(
    of: &str,
    inputs: &[Positioned<InputValueDefinition>],
    check: &mut impl FnMut(String, &Option<Positioned<String>>),
) {
    for Positioned { node: input, .. } in inputs {
        check(format!("{of}({})", input.name.node), &input.description);
    }
}

/// What a mutation is like, so that one is used as any other.
#[test]
fn mutations_are_all_alike() {
    let (objects, inputs) = (objects(), inputs());
    for Positioned { node: mutation, .. } in &objects["Mutation"].fields {
        let name = mutation.name.node.as_str();
        let type_name = format!("{}{}", name[..1].to_uppercase(), &name[1..]);

        // They draw a secret that they tell once.
        if !["linkCodeCreate", "calendarOpen"].contains(&name) {
            let [input] = &mutation.arguments[..] else {
                panic!("{name} has one argument");
            };
            assert_eq!(input.node.name.node, "input", "{name}");
            assert_eq!(input.node.ty.node.to_string(), format!("{type_name}Input!"));
            let input = &inputs[&format!("{type_name}Input")].fields;
            let mut keys = input
                .iter()
                .filter(|field| field.node.name.node == "idempotencyKey");
            match keys.next() {
                Some(key) => assert_eq!(key.node.ty.node.to_string(), "UUID", "{name}"),
                None => panic!("{name} can be repeated"),
            }
        }

        let description = mutation.description.as_ref().unwrap();
        let mut words = description.node.split_whitespace();
        let says = words.any(|word| word.trim_end_matches(['.', ',', ';']) == "may");
        assert!(says, "{name} says who may");

        // Of several mutations in an operation one may fail, and the others still tell.
        assert_eq!(mutation.ty.node.to_string(), format!("{type_name}Payload"));
        let payload = &objects[&format!("{type_name}Payload")].fields;
        for field in payload {
            let ty = field.node.ty.node.to_string();
            match field.node.name.node.as_str() {
                "userErrors" => assert_eq!(ty, "[UserError!]!", "{name}"),
                other => assert!(!ty.ends_with('!'), "{name}: {other} may be null"),
            }
        }
        let tells = |field: &Positioned<FieldDefinition>| field.node.name.node == "userErrors";
        assert!(payload.iter().any(tells), "{name} has userErrors");
    }
}

#[test]
fn connections_are_all_alike() {
    let objects = objects();
    let mut connections = 0;
    for (of, object) in &objects {
        for Positioned { node: field, .. } in &object.fields {
            let ty = field.ty.node.to_string();
            if !ty.trim_end_matches('!').ends_with("Connection") {
                continue;
            }
            connections += 1;
            let mut arguments: Vec<_> = field
                .arguments
                .iter()
                .map(|of| format!("{}: {}", of.node.name.node, of.node.ty.node))
                // The history can be read either way, so it has an order.
                .filter(|argument| {
                    !argument.starts_with("filter: ") && argument != "order: EventOrder!"
                })
                .collect();
            arguments.sort();
            assert_eq!(
                arguments,
                ["after: String", "before: String", "first: Int", "last: Int"],
                "{of}.{}",
                field.name.node
            );
        }
    }
    assert!(connections >= 5);
    for (name, object) in objects {
        // A total would be counted over the whole history.
        if name == "EventConnection" {
            continue;
        }
        let has = |wanted: &[&str]| {
            for wanted in wanted {
                let mut fields = object.fields.iter();
                assert!(
                    fields.any(|field| {
                        format!("{}: {}", field.node.name.node, field.node.ty.node)
                            .starts_with(wanted)
                    }),
                    "{name} has {wanted}"
                );
            }
        };
        if name.ends_with("Connection") {
            has(&[
                "edges: [",
                "nodes: [",
                "pageInfo: PageInfo!",
                "totalCount: Int",
            ]);
        } else if name.ends_with("Edge") {
            has(&["cursor: String!", "node: "]);
        }
    }
}

/// Whatever has an opaque id of its own can be fetched by it.
#[test]
fn what_has_an_id_is_a_node() {
    for (name, object) in objects() {
        let mut fields = object.fields.iter();
        let has_id = fields
            .any(|field| field.node.name.node == "id" && field.node.ty.node.to_string() == "ID!");
        let is_node = object.implements.iter().any(|of| of.node == "Node");
        assert_eq!(has_id, is_node, "{name}");
    }
}

/// GraphiQL and code generators ask the API itself.
#[tokio::test]
async fn introspection_tells_the_same_types() {
    let asked = Asked::new().await;
    let query = "{ __schema { types { kind name description specifiedByURL
        fields(includeDeprecated: true) { name description args { name type { ...Type } } type { ...Type } }
        inputFields { name description type { ...Type } defaultValue }
        interfaces { name } possibleTypes { name } enumValues { name description }
    } } }
    fragment Type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";
    let data = asked.data(None, query, value!({})).await;
    let data = serde_json::to_value(data).unwrap();
    let told: BTreeSet<_> = data["__schema"]["types"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| of["name"].as_str().unwrap().to_owned())
        .filter(|name| !name.starts_with("__"))
        .filter(|name| !["Boolean", "Float", "ID", "Int", "String"].contains(&name.as_str()))
        .collect();
    assert_eq!(told, types().into_keys().collect());
}
