//! Scenarios: `fixtures/scenarios/*.graphql`, each a story, with the answers beside it.
//!
//! A scenario is a GraphQL document. Its operations are executed one after the other; comments
//! right above one say as whom (`# as ada`, `# as nobody`), with which roles and in which kind of
//! account (`# as ada, admin, managed`), and which values of its answer later operations get as
//! variables (`# let question = /data/questionCreate/post/id`). `# old code by ada` gives them a
//! code as `$old` that ada's account made too long ago. `# later 91 days` lets time go by before one,
//! `# time soon = in 2 hours` gives it a moment as `$soon`, `# until /data/rulesPreview/state = DONE` asks again
//! until this is the answer, and `# moderated group` moderates the group
//! `$group` first. A file that begins with `# under waitlist` is
//! told under the rules of `fixtures/rules/waitlist/`, others under those that come with Plaudit.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Selection, SelectionSet, TypeKind,
};
use async_graphql::{Name, Positioned, Value};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaudit_domain::account::{AccountKind, Claims, LogIn};
use plaudit_domain::fact::{GroupFact, LinkCodeFact};
use plaudit_domain::group::Changed;
use plaudit_domain::link_code::{CODE_BYTES, Code, Made};
use plaudit_domain::{Actor, GroupId, Roles, Time};
use plaudit_projection::Rules;
use plaudit_testing::postgres::database;
use uuid::Uuid;

use crate::community::{Asked, actor, rules as rules_of};
use crate::schema::{objects, types};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/scenarios");

#[tokio::test]
async fn every_scenario_is_answered_as_it_was() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(FOLDER);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut all = String::new();
    for path in files("graphql") {
        let text = fs::read_to_string(&path).unwrap();
        let answers = told(&text, community_of(&text).await).await;
        all.push_str(&answers);
        settings.bind(|| insta::assert_snapshot!(stem(&path), answers));
    }

    let stems = |extension| -> Vec<_> {
        let files = files(extension);
        files.iter().map(|path| stem(path).to_owned()).collect()
    };
    assert_eq!(
        stems("snap"),
        stems("graphql"),
        "no answers without a scenario"
    );

    let TypeKind::Enum(codes) = &types()["UserErrorCode"].kind else {
        panic!("an enum");
    };
    for Positioned { node: code, .. } in &codes.values {
        let code = format!("\"code\": \"{}\"", code.value.node);
        assert!(all.contains(&code), "{code} comes up in some scenario");
    }
}

/// What keeps the read models makes no difference: the answers are the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_scenario_is_answered_the_same_from_postgres() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(FOLDER);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for path in files("graphql") {
        let Some(database) = database() else { return };
        let text = fs::read_to_string(&path).unwrap();
        let asked = Asked::in_database(database, under(&text)).await;
        let answers = told(&text, asked).await;
        settings.bind(|| insta::assert_snapshot!(stem(&path), answers));
    }
}

#[test]
fn every_field_is_asked_for_in_some_scenario() {
    let mut asked = BTreeSet::new();
    for path in files("graphql") {
        let document = parse_query(fs::read_to_string(path).unwrap()).unwrap();
        let operations = document.operations.iter();
        for (_, operation) in operations {
            fields(&operation.node.selection_set.node, &mut asked);
        }
        for fragment in document.fragments.values() {
            fields(&fragment.node.selection_set.node, &mut asked);
        }
    }
    for (of, object) in objects() {
        // What comes as it happens is no story of requests and answers.
        if of == "Subscription" {
            continue;
        }
        for field in object.fields {
            let name = field.node.name.node.as_str();
            assert!(asked.contains(name), "{of}.{name}");
        }
    }
}

/// The files of the folder, sorted.
pub fn files(extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(FOLDER).unwrap();
    let mut files: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|is| is == extension))
        .collect();
    files.sort();
    files
}

pub fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

fn fields(selections: &SelectionSet, names: &mut BTreeSet<String>) {
    for selection in &selections.items {
        match &selection.node {
            Selection::Field(field) => {
                names.insert(field.node.name.node.to_string());
                fields(&field.node.selection_set.node, names);
            }
            Selection::InlineFragment(inline) => fields(&inline.node.selection_set.node, names),
            Selection::FragmentSpread(_) => {}
        }
    }
}

/// One operation of a scenario.
pub struct Step {
    line: usize,
    pub operation: String,
    variables: Vec<String>,
    who: String,
    /// Roles, and a kind of account.
    words: Vec<String>,
    /// Whose code of long ago it is about.
    old_code_by: Option<String>,
    /// The group that is moderated from then on.
    moderated: Option<String>,
    /// Name and JSON pointer of each value to keep.
    kept: Vec<(String, String)>,
    /// How long after the one before it is, in microseconds.
    later: i64,
    /// Name of each moment that it is given, and in how many microseconds that is.
    times: Vec<(String, i64)>,
    /// What is waited for: a JSON pointer, and the value there.
    until: Option<(String, String)>,
}

impl Step {
    pub fn viewer(&self) -> Option<Actor> {
        (self.who != "nobody").then(|| self.actor())
    }

    fn actor(&self) -> Actor {
        let has = |role: &str| self.words.iter().any(|word| word == role);
        Actor {
            roles: Roles {
                admin: has("admin"),
                community_manager: has("community_manager"),
                analyst: has("analyst"),
                service: has("service"),
            },
            ..actor(&self.who)
        }
    }

    fn kind(&self) -> Option<AccountKind> {
        self.words.iter().find_map(|word| AccountKind::named(word))
    }

    /// The operations of a document, in its order.
    pub fn all(text: &str) -> Vec<Self> {
        let ExecutableDocument { operations, .. } = parse_query(text).unwrap();
        let DocumentOperations::Multiple(operations) = operations else {
            panic!("every operation has a name");
        };
        let lines: Vec<_> = text.lines().collect();
        let mut steps: Vec<_> = operations
            .into_iter()
            .map(|(name, operation)| {
                let line = operation.pos.line - 1;
                let comments = lines[..line].iter().rev();
                let comments: Vec<_> = comments.map_while(|line| line.strip_prefix("# ")).collect();
                let who = comments.iter().find_map(|line| line.strip_prefix("as "));
                let kept = comments.iter().filter_map(|line| {
                    let (name, pointer) = line.strip_prefix("let ")?.split_once(" = ")?;
                    Some((name.to_owned(), pointer.to_owned()))
                });
                let later = comments.iter().find_map(|line| line.strip_prefix("later "));
                let times = comments.iter().filter_map(|line| {
                    let (name, time) = line.strip_prefix("time ")?.split_once(" = in ")?;
                    Some((name.to_owned(), micros(time)))
                });
                let until = comments.iter().find_map(|line| {
                    let (pointer, value) = line.strip_prefix("until ")?.split_once(" = ")?;
                    Some((pointer.to_owned(), value.to_owned()))
                });
                let variables = operation.node.variable_definitions.iter();
                let who = who.unwrap_or_else(|| panic!("{name}: as whom?"));
                let mut words = who.split(", ").map(str::to_owned);
                let old = comments
                    .iter()
                    .find_map(|it| it.strip_prefix("old code by "));
                let moderated = comments.iter().find_map(|it| it.strip_prefix("moderated "));
                Self {
                    line,
                    operation: name.to_string(),
                    variables: variables.map(|of| of.node.name.node.to_string()).collect(),
                    who: words.next().unwrap(),
                    words: words.collect(),
                    old_code_by: old.map(str::to_owned),
                    moderated: moderated.map(str::to_owned),
                    kept: kept.collect(),
                    later: later.map_or(0, micros),
                    times: times.collect(),
                    until,
                }
            })
            .collect();
        steps.sort_by_key(|step| step.line);
        steps
    }
}

/// The rules that a scenario is told under.
fn under(text: &str) -> Rules {
    let first = text.lines().next();
    match first.and_then(|line| line.strip_prefix("# under ")) {
        Some(name) => rules_of(name),
        None => Rules::standard().unwrap(),
    }
}

/// What a scenario's operations are answered, one after the other.
async fn told(text: &str, asked: Asked) -> String {
    let mut known = Known::default();
    let mut told = String::new();
    for step in Step::all(text) {
        let (_, answer) = known.learned(&asked, text, &step).await;
        let shown = json(&known.shown("", answer), 0);
        let who = [vec![step.who], step.words].concat().join(", ");
        writeln!(told, "{who}: {}\n{shown}\n", step.operation).unwrap();
    }
    told
}

/// The community that a scenario is told of, where nothing happened yet.
pub async fn community_of(text: &str) -> Asked {
    Asked::under(under(text)).await
}

impl Known {
    /// What a step is answered, with the variables that it was given; what is to be kept of that is known
    /// from then on.
    pub async fn learned(&mut self, asked: &Asked, text: &str, step: &Step) -> (Value, Value) {
        let known = self;
        asked.later(step.later);
        for (name, from_now) in &step.times {
            let moment = asked.community.now().as_micros() + from_now;
            let moment = Time::from_micros(moment).to_string();
            known.values.insert(name.clone(), moment);
        }
        if let Some(kind) = step.kind() {
            let claims = Claims {
                kind: Some(kind),
                ..Claims::default()
            };
            let position = asked.record(step.actor(), LogIn { claims }).await;
            let patience = Duration::from_secs(5);
            assert!(asked.community.readable(position, patience).await);
        }
        if let Some(maker) = &step.old_code_by {
            let code = Code::of([7; CODE_BYTES]);
            let made = Made {
                code: code.hash(),
                account: actor(maker).account,
                expires_at: Time::from_micros(0),
            };
            asked.happened(LinkCodeFact::Made(made)).await;
            known.values.insert("old".into(), code.to_string());
        }
        if let Some(group) = &step.moderated {
            let group = uuid_of(&known.values[group]).unwrap();
            let changed = Changed {
                group: GroupId(group),
                name: None,
                description: None,
                location: None,
                moderated: Some(true),
            };
            asked.happened(GroupFact::Changed(changed)).await;
        }
        let variables = step.variables.iter().map(|name| {
            let value = known.values.get(name).unwrap_or_else(|| panic!("{name}?"));
            (Name::new(name), value.as_str().into())
        });
        let variables = Value::Object(variables.collect());
        let answer = answered(asked, text, step, variables.clone()).await;
        for (name, pointer) in &step.kept {
            let Some(Value::String(value)) = at(&answer, pointer) else {
                panic!("{pointer} of {answer}");
            };
            known.values.insert(name.clone(), value.clone());
        }
        (variables, answer)
    }
}

/// The answer to a step, once it is the one that is waited for.
async fn answered(asked: &Asked, text: &str, step: &Step, variables: Value) -> Value {
    for _ in 0..2_000 {
        let answer = asked.answer(
            step.viewer(),
            text,
            Some(&step.operation),
            variables.clone(),
        );
        let answer = answer.await;
        let Some((pointer, awaited)) = &step.until else {
            return answer;
        };
        if at(&answer, pointer) == Some(&Value::Enum(Name::new(awaited)))
            || at(&answer, pointer) == Some(&Value::String(awaited.clone()))
        {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} never comes", step.operation);
}

/// `91 days` in microseconds.
fn micros(text: &str) -> i64 {
    let (number, unit) = text.split_once(' ').unwrap();
    let unit = match unit {
        "days" => 86_400,
        "hours" => 3_600,
        "minutes" => 60,
        "seconds" => 1,
        _ => panic!("{unit}?"),
    };
    number.parse::<i64>().unwrap() * unit * 1_000_000
}

pub fn at<'a>(value: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut keys = pointer.split('/').skip(1);
    keys.try_fold(value, |value, key| match value {
        Value::Object(fields) => fields.get(key),
        Value::List(elements) => elements.get(key.parse::<usize>().ok()?),
        _ => None,
    })
}

/// The values that were kept, by name.
#[derive(Default)]
pub struct Known {
    values: BTreeMap<String, String>,
}

impl Known {
    /// An answer with names in place of what is never the same twice.
    fn shown(&self, key: &str, value: Value) -> Value {
        match value {
            Value::String(text) => self.shown_text(key, text).into(),
            Value::List(elements) => {
                let elements = elements.into_iter();
                elements.map(|element| self.shown(key, element)).collect()
            }
            Value::Object(fields) => {
                // Where in its file an operation stands is no matter.
                let fields = fields.into_iter().filter(|(key, _)| key != "locations");
                let fields = fields.map(|(key, value)| {
                    let value = self.shown(&key, value);
                    (key, value)
                });
                Value::Object(fields.collect())
            }
            other => other,
        }
    }

    fn shown_text(&self, key: &str, mut text: String) -> String {
        for (name, value) in &self.values {
            text = text.replace(value, &format!("<{name}>"));
            if let Some(uuid) = uuid_of(value) {
                text = text.replace(&uuid.to_string(), &format!("<{name}>"));
            }
        }
        // A message may tell a time, too.
        let word = |word: &str| match word.parse::<Time>() {
            Ok(_) => "<time>".to_owned(),
            Err(_) => word.to_owned(),
        };
        let words: Vec<_> = text.split(' ').map(word).collect();
        text = words.join(" ");
        let is_cursor = matches!(key, "cursor" | "startCursor" | "endCursor");
        if is_cursor && !text.starts_with('<') {
            "<cursor>".to_owned()
        } else {
            text
        }
    }
}

/// What messages call the thing with an id.
fn uuid_of(id: &str) -> Option<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(id).ok()?;
    Uuid::from_slice(bytes.get(1..)?).ok()
}

/// JSON that takes a line for whatever fits in one.
fn json(value: &Value, depth: usize) -> String {
    let (open, close, parts): (_, _, Vec<_>) = match value {
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(key, value)| (format!("\"{key}\": "), value));
            ('{', '}', fields.collect())
        }
        Value::List(elements) => {
            let elements = elements.iter();
            let elements = elements.map(|element| (String::new(), element));
            ('[', ']', elements.collect())
        }
        scalar => return serde_json::to_string(scalar).unwrap(),
    };
    let parts: Vec<_> = parts
        .into_iter()
        .map(|(key, value)| key + &json(value, depth + 1))
        .collect();
    let line = format!("{open}{}{close}", parts.join(", "));
    let indent = "  ".repeat(depth);
    if indent.len() + line.len() <= 100 && !line.contains('\n') {
        return line;
    }
    let lines = parts.join(&format!(",\n{indent}  "));
    format!("{open}\n{indent}  {lines}\n{indent}{close}")
}
