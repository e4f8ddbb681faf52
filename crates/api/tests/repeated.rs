//! Whatever is asked is asked again at the end of each scenario, with the key that came with it: it is done once,
//! whatever else became of it, and whatever is found out about it by then.

use std::fs;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{OperationType, Selection, TypeDefinition, TypeKind};
use async_graphql::{Pos, Positioned, Value};
use plaudit_domain::Position;
use uuid::Uuid;

use crate::community::Asked;
use crate::scenarios::{Known, Step, community_of, files, stem};
use crate::schema::types;

#[tokio::test]
async fn a_repeat_of_any_mutation_with_its_key_is_no_other_request_and_records_nothing() {
    let mut wrong = Vec::new();
    let mut repeated = 0;
    for path in files("graphql") {
        let text = with_keys(&fs::read_to_string(&path).unwrap());
        let asked = community_of(&text).await;
        let mut known = Known::default();
        let mut done = Vec::new();
        for step in Step::all(&text) {
            let before = head(&asked).await;
            let (variables, answer) = known.learned(&asked, &text, &step).await;
            let has_key = asked_with_keys(&text, &step.operation);
            if has_key > 0 && head(&asked).await > before && !is_refused(&answer) {
                done.push((step, variables, has_key == 1));
            }
        }
        for (step, variables, is_one) in done {
            let before = head(&asked).await;
            let operation = Some(step.operation.as_str());
            let answer = asked.answer(step.viewer(), &text, operation, variables);
            let answer = answer.await;
            repeated += 1;
            // Of several there may be one that had nothing to do the first time: that is decided anew.
            let is_wrong = match is_one {
                true => head(&asked).await > before || is_refused(&answer),
                false => answer.to_string().contains("IDEMPOTENCY_KEY_REUSED"),
            };
            if is_wrong && !is_another(&step) {
                wrong.push(format!("{} {}: {answer}", stem(&path), step.operation));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(repeated > 100, "{repeated} of them");
}

/// Whether a repeat is said to be another request: the next ones of a waiting list are others by then.
fn is_another(step: &Step) -> bool {
    step.operation == "TheNextOne"
}

/// How many things are asked in an operation, each with a key; none, where one has no key.
fn asked_with_keys(text: &str, operation: &str) -> usize {
    let document = parse_query(text).unwrap();
    let mut operations = document.operations.iter();
    let (_, found) = operations
        .find(|(name, _)| name.is_some_and(|name| name == operation))
        .unwrap();
    let fields = &found.node.selection_set.node.items;
    let has_key = |selection: &Positioned<Selection>| match &selection.node {
        Selection::Field(Positioned { node: field, .. }) => {
            let mut words = field
                .arguments
                .iter()
                .map(|(_, value)| value.node.to_string());
            words.any(|words| words.contains("idempotencyKey"))
        }
        Selection::FragmentSpread(_) | Selection::InlineFragment(_) => false,
    };
    match found.node.ty == OperationType::Mutation && fields.iter().all(has_key) {
        true => fields.len(),
        false => 0,
    }
}

async fn head(asked: &Asked) -> Position {
    asked.community.journal().head().await.unwrap()
}

/// Whether some part of what was asked is refused.
fn is_refused(answer: &Value) -> bool {
    let Value::Object(answer) = answer else {
        return true;
    };
    let Some(Value::Object(data)) = answer.get("data") else {
        return true;
    };
    let errors = |payload: &Value| match payload {
        Value::Object(payload) => payload.get("refused") != Some(&Value::List(vec![])),
        _ => true,
    };
    answer.contains_key("errors") || data.values().any(errors)
}

/// A scenario in which every mutation has a key where it can have one, and tells as `refused` why it is.
fn with_keys(text: &str) -> String {
    let types = types();
    let document = parse_query(text).unwrap();
    let mut added = Vec::new();
    for (_, operation) in document.operations.iter() {
        if operation.node.ty != OperationType::Mutation {
            continue;
        }
        for selection in &operation.node.selection_set.node.items {
            let Selection::Field(Positioned { node: field, .. }) = &selection.node else {
                panic!("mutations are no fragments");
            };
            added.push((
                field.selection_set.pos,
                " refused: userErrors { code } ".to_owned(),
            ));
            let name = field.name.node.as_str();
            let input = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
            let has_key = types.get(&input).is_some_and(has_key);
            for (_, value) in &field.arguments {
                let words = value.node.to_string();
                if has_key && words.starts_with('{') && !words.contains("idempotencyKey") {
                    let key = Uuid::now_v7();
                    added.push((value.pos, format!(" idempotencyKey: \"{key}\" ")));
                }
            }
        }
    }
    added.sort_by_key(|(pos, _)| std::cmp::Reverse((pos.line, pos.column)));
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (Pos { line, column }, words) in added {
        let line = &mut lines[line - 1];
        let (at, brace) = line.char_indices().nth(column - 1).unwrap();
        assert_eq!(brace, '{', "{line}");
        line.insert_str(at + 1, &words);
    }
    lines.join("\n")
}

fn has_key(of: &TypeDefinition) -> bool {
    match &of.kind {
        TypeKind::InputObject(input) => {
            let mut fields = input.fields.iter();
            fields.any(|field| field.node.name.node == "idempotencyKey")
        }
        _ => false,
    }
}
