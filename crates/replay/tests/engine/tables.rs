//! What is in the tables of a store, as text, to be compared.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;

/// All rows. Every table has a key, so no two are alike.
type Tables = BTreeSet<String>;

/// The rows that only one of two stores has.
pub fn differences(left: &Path, right: &Path) -> Vec<String> {
    let (left, right) = (dump(left), dump(right));
    let only = |side: &'static str, one: &Tables, other: &Tables| {
        let rows = one.difference(other);
        rows.map(|row| format!("{side}: {row}")).collect::<Vec<_>>()
    };
    let mut differences = only("left", &left, &right);
    differences.extend(only("right", &right, &left));
    differences
}

fn dump(path: &Path) -> Tables {
    let store = Connection::open(path).unwrap();
    let mut names = store
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .unwrap();
    let names = names.query_map((), |row| row.get(0)).unwrap();
    let names: Vec<String> = names.map(Result::unwrap).collect();
    assert!(names.len() > 5, "there are the tables");
    names.iter().flat_map(|name| rows(&store, name)).collect()
}

fn rows(store: &Connection, table: &str) -> Vec<String> {
    let mut all = store
        .prepare(&format!("SELECT * FROM \"{table}\""))
        .unwrap();
    let columns: Vec<String> = all.column_names().map(String::from).collect();
    let rows = all.query_map((), |row| {
        let cells = columns.iter().map(|name| {
            let value: Value = row.get_unwrap(name.as_str());
            format!("{name}: {value:?}")
        });
        let cells: Vec<String> = cells.collect();
        Ok(format!("{table} {}", cells.join(", ")))
    });
    rows.unwrap().map(Result::unwrap).collect()
}
