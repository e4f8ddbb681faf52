//! Exported tables, read by the names of their columns.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::community::lines;

/// A row of a table, by the names of its columns.
pub type Row = HashMap<String, String>;

/// The rows of a CSV.
pub fn csv(text: impl AsRef<[u8]>) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(text.as_ref());
    reader.deserialize().map(Result::unwrap).collect()
}

/// The rows of an NDJSON, as they would stand in a CSV.
pub fn ndjson(text: &str) -> Vec<Row> {
    let row = |line: Value| -> Row {
        let fields: Map<String, Value> = serde_json::from_value(line).unwrap();
        let fields = fields.into_iter();
        fields.map(|(name, value)| (name, cell(value))).collect()
    };
    lines(text).into_iter().map(row).collect()
}

fn cell(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
