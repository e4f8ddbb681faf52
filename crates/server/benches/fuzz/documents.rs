//! Documents by chance: valid ones of any shape that a schema allows, nearly valid ones, and hostile ones.

use std::collections::HashMap;
use std::fmt::Write as _;

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
};
use plaudit_testing::random::Random;

/// The longest document that isn't meant to be large, in bytes.
pub const LONGEST: usize = 1024;

/// How often something is repeated in a large one.
const LARGE: usize = 3_000;

/// What a schema offers.
pub struct Schema {
    types: HashMap<String, Kind>,
    /// Things that there are.
    pub ids: Vec<String>,
}

enum Kind {
    Scalar,
    Enum(Vec<String>),
    Input(Vec<Argument>),
    /// Fields, and the objects that it may be.
    Composite(Vec<Field>, Vec<String>),
}

struct Field {
    name: String,
    arguments: Vec<Argument>,
    of: String,
}

struct Argument {
    name: String,
    of: Type,
    is_required: bool,
}

impl Schema {
    /// What is offered by a schema, as it is printed.
    pub fn read(printed: &str) -> Self {
        let mut types = HashMap::new();
        let mut implementing: HashMap<String, Vec<String>> = HashMap::new();
        for definition in parse_schema(printed).unwrap().definitions {
            let TypeSystemDefinition::Type(definition) = definition else {
                continue;
            };
            let definition = definition.node;
            let name = definition.name.node.to_string();
            let fields = |fields: Vec<_>| fields.into_iter().map(field).collect();
            let kind = match definition.kind {
                TypeKind::Scalar => Kind::Scalar,
                TypeKind::Enum(it) => {
                    let values = it.values.iter();
                    Kind::Enum(values.map(|it| it.node.value.node.to_string()).collect())
                }
                TypeKind::InputObject(it) => {
                    Kind::Input(it.fields.into_iter().map(argument).collect())
                }
                TypeKind::Object(it) => {
                    for interface in &it.implements {
                        let of = implementing.entry(interface.node.to_string());
                        of.or_default().push(name.clone());
                    }
                    Kind::Composite(fields(it.fields), vec![])
                }
                TypeKind::Interface(it) => Kind::Composite(fields(it.fields), vec![]),
                TypeKind::Union(it) => {
                    let members = it.members.iter();
                    Kind::Composite(vec![], members.map(|it| it.node.to_string()).collect())
                }
            };
            types.insert(name, kind);
        }
        for (interface, objects) in implementing {
            if let Some(Kind::Composite(_, possible)) = types.get_mut(&interface) {
                *possible = objects;
            }
        }
        Self { types, ids: vec![] }
    }

    /// A document, and what kind it is of.
    pub fn document(&self, random: &mut Random) -> (&'static str, String) {
        match random.place(20) {
            0..9 => ("valid", self.valid(random)),
            9..15 => ("nearly valid", nearly(&self.valid(random), random)),
            15 => ("of the schema", introspection(random)),
            16 => ("large", hostile(random, LARGE)),
            _ => ("hostile", short(&hostile(random, LONGEST / 8))),
        }
    }

    fn valid(&self, random: &mut Random) -> String {
        let (operation, root) = match random.place(10) {
            0..6 => ("query", "Query"),
            6..9 => ("mutation", "Mutation"),
            _ => ("subscription", "Subscription"),
        };
        for depth in (1..6).rev() {
            let mut document = operation.to_owned();
            self.select(root, depth, random, &mut document);
            if document.len() <= LONGEST {
                return document;
            }
        }
        "{ __typename }".to_owned()
    }

    fn select(&self, of: &str, depth: usize, random: &mut Random, document: &mut String) {
        document.push_str(" { ");
        let Kind::Composite(fields, possible) = &self.types[of] else {
            unreachable!("only what has fields is selected from");
        };
        let many = if of == "Subscription" {
            1
        } else {
            1 + random.place(3)
        };
        for number in 0..many {
            if !possible.is_empty() && (fields.is_empty() || random.place(2) == 0) {
                let object = &possible[random.place(possible.len())];
                let _ = write!(document, "... on {object}");
                self.select(object, depth, random, document);
                continue;
            }
            let field = &fields[random.place(fields.len())];
            let has_fields = matches!(self.types.get(&field.of), Some(Kind::Composite(..)));
            if has_fields && depth == 0 {
                document.push_str("__typename ");
                continue;
            }
            // Arguments differ, and so would what one key stands for.
            let _ = write!(
                document,
                "a{number}_{depth}_{}: {}",
                random.place(1 << 30),
                field.name
            );
            self.arguments(&field.arguments, ["(", ")"], random, document);
            match has_fields {
                true => self.select(&field.of, depth - 1, random, document),
                false => document.push(' '),
            }
        }
        document.push_str("} ");
    }

    fn arguments(
        &self,
        arguments: &[Argument],
        [open, close]: [&str; 2],
        random: &mut Random,
        document: &mut String,
    ) {
        let given = arguments.iter();
        let given = given.filter(|it| it.is_required || random.place(3) == 0);
        let given: Vec<&Argument> = given.collect();
        if given.is_empty() && open == "(" {
            return;
        }
        document.push_str(open);
        for argument in given {
            let _ = write!(document, "{}: ", argument.name);
            self.value(&argument.of, random, document);
            document.push(' ');
        }
        document.push_str(close);
    }

    fn value(&self, of: &Type, random: &mut Random, document: &mut String) {
        if of.nullable && random.place(10) == 0 {
            document.push_str("null");
            return;
        }
        let name = match &of.base {
            BaseType::List(of) => {
                document.push('[');
                for _ in 0..random.place(4) {
                    self.value(of, random, document);
                    document.push(' ');
                }
                document.push(']');
                return;
            }
            BaseType::Named(name) => name.as_str(),
        };
        match self.types.get(name) {
            Some(Kind::Enum(values)) => document.push_str(&values[random.place(values.len())]),
            Some(Kind::Input(fields)) => self.arguments(fields, ["{", "}"], random, document),
            Some(Kind::Scalar | Kind::Composite(..)) | None => self.scalar(name, random, document),
        }
    }

    fn scalar(&self, name: &str, random: &mut Random, document: &mut String) {
        let texts = [
            "",
            "x",
            "Grüße",
            "a b",
            "\\u0000",
            "2026-01-01T00:00:00Z",
            "2026-02-31",
        ];
        let text = texts[random.place(texts.len())];
        let _ = match name {
            "Int" => {
                let numbers = [0, 1, 2, 5, 50, 100, 101, -1, 2_147_483_647, -2_147_483_648];
                write!(document, "{}", numbers[random.place(numbers.len())])
            }
            "Float" => write!(document, "{}", random.place(1000) as f64 / 7.0),
            "Boolean" => write!(document, "{}", random.place(2) == 0),
            "ID" if random.place(8) > 0 && !self.ids.is_empty() => {
                write!(document, "\"{}\"", self.ids[random.place(self.ids.len())])
            }
            "DateTime" => write!(
                document,
                "\"20{:02}-0{}-11T10:00:00Z\"",
                random.place(100),
                1 + random.place(9)
            ),
            _ => write!(document, "\"{text}\""),
        };
    }
}

fn field(field: async_graphql::Positioned<FieldDefinition>) -> Field {
    let field = field.node;
    Field {
        name: field.name.node.to_string(),
        arguments: field.arguments.into_iter().map(argument).collect(),
        of: named(&field.ty.node),
    }
}

fn argument(argument: async_graphql::Positioned<InputValueDefinition>) -> Argument {
    let argument = argument.node;
    Argument {
        name: argument.name.node.to_string(),
        is_required: !argument.ty.node.nullable && argument.default_value.is_none(),
        of: argument.ty.node,
    }
}

fn named(of: &Type) -> String {
    match &of.base {
        BaseType::Named(name) => name.to_string(),
        BaseType::List(of) => named(of),
    }
}

/// The same with a few mistakes.
fn nearly(document: &str, random: &mut Random) -> String {
    const STRANGE: [&str; 16] = [
        "{", "}", "(", ")", "[", "]", ":", "!", "$", "@", "\"", "#", "\\", "...", "\u{0}",
        "\u{202e}",
    ];
    let mut letters: Vec<String> = document.chars().map(String::from).collect();
    for _ in 0..=random.place(3) {
        let at = random.place(letters.len());
        match random.place(5) {
            0 => letters.truncate(at.max(1)),
            1 => drop(letters.remove(at)),
            2 => letters.insert(at, STRANGE[random.place(STRANGE.len())].to_owned()),
            3 => letters[at] = STRANGE[random.place(STRANGE.len())].to_owned(),
            _ => {
                let end = (at + 1 + random.place(20)).min(letters.len());
                let again = letters[at..end].to_vec();
                letters.splice(at..at, again);
            }
        }
        if letters.is_empty() {
            break;
        }
    }
    short(&letters.concat())
}

/// What is asked for of the schema itself, however deep.
fn introspection(random: &mut Random) -> String {
    const OF_TYPE: [(&str, &str); 6] = [
        ("fields", "field"),
        ("inputFields", "input"),
        ("ofType", "type"),
        ("interfaces", "type"),
        ("possibleTypes", "type"),
        ("enumValues", "value"),
    ];
    const OF_FIELD: [(&str, &str); 2] = [("type", "type"), ("args", "input")];
    fn below(of: &str, depth: usize, random: &mut Random, document: &mut String) {
        let fields = match of {
            "type" => &OF_TYPE[..],
            "field" => &OF_FIELD,
            "input" => &OF_FIELD[..1],
            _ => &[],
        };
        document.push_str("{name ");
        for _ in 0..=random.place(2) {
            if depth > 0 && !fields.is_empty() {
                let (field, leads_to) = fields[random.place(fields.len())];
                let _ = write!(document, "a{}:{field}", random.place(1 << 30));
                below(leads_to, depth - 1, random, document);
            }
        }
        document.push('}');
    }
    loop {
        let mut document = match random.place(2) {
            0 => "{__schema{types".to_owned(),
            _ => "{a:__type(name:\"Node\"){possibleTypes".to_owned(),
        };
        let depth = random.place(12);
        below("type", depth, random, &mut document);
        document.push_str("}}");
        if document.len() <= LONGEST {
            return document;
        }
    }
}

/// What is meant to take a server's time, memory or stack.
fn hostile(random: &mut Random, times: usize) -> String {
    let times = 1 + random.place(times);
    let again = |text: &str| text.repeat(times);
    let numbered = |text: &dyn Fn(usize) -> String| (0..times).map(text).collect::<String>();
    match random.place(20) {
        0 => again("{"),
        1 => format!("{}{}", again("{a"), again("}")),
        2 => format!("{{{}}}", numbered(&|it| format!("a{it}:__typename "))),
        3 => format!("{{__typename {}}}", again("@skip(if:false)")),
        4 => format!("{{{} __typename {}}}", again("...{"), again("}")),
        5 => format!("{{{} __typename {}}}", again("... on Query{"), again("}")),
        6 => format!("query($a:{}Int{}){{__typename}}", again("["), again("]")),
        7 => format!("{{node(id:{}1{}){{id}}}}", again("["), again("]")),
        8 => format!("{{node(id:{}1{}){{id}}}}", again("{a:"), again("}")),
        9 => format!(
            "{{__schema{{types{{{}name{}}}}}}}",
            again("fields{type{"),
            again("}}")
        ),
        10 => {
            // Each fragment twice the one before.
            let last = times.min(22);
            let each = |it| format!("fragment F{it} on Query{{...F{0} ...F{0}}}", it + 1);
            let all: String = (0..last).map(each).collect();
            format!("{{...F0}}{all}fragment F{last} on Query{{__typename}}")
        }
        11 => "{...A}fragment A on Query{...B}fragment B on Query{...A}".to_owned(),
        12 => format!("{{posts(first:{}){{totalCount}}}}", again("9")),
        13 => format!("{{node(id:\"{}\"){{id}}}}", again("\\uD800")),
        14 => numbered(&|it| format!("query Q{it}{{__typename}}")),
        15 => {
            let list = "posts(first:100){nodes{answers(first:100){nodes{comments(first:100){nodes{author{posts(first:100){nodes{";
            format!("{{{list}id{}}}", "}".repeat(list.matches('{').count()))
        }
        16 => format!(
            "{{{}}}",
            again("posts(first:1){nodes{id author{id name}}} ")
        ),
        17 => format!("{{{}}}", numbered(&|it| format!("u{it} "))),
        18 => format!(
            "query($a:ID={}1{}){{node(id:$a){{id}}}}",
            again("[{a:"),
            again("}]")
        ),
        _ => {
            let mut noise = || char::from_u32(random.place(0x3000) as u32).unwrap_or('?');
            (0..times).map(|_| noise()).collect()
        }
    }
}

fn short(document: &str) -> String {
    document[..document.floor_char_boundary(LONGEST)].to_owned()
}
