//! Whatever isn't as it should be is found, and nothing else (DOMAIN F8).

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use plaudit_domain::NewEvent;
use plaudit_journal::SharedJournal;
use plaudit_projection::row::{Column, ColumnKind};
use plaudit_replay::live::catch_up;
use plaudit_replay::verify::{Finding, Stage, Verified, Watch, inspect, rows};
use plaudit_store::checks::{Check, checks};
use plaudit_store::compare::{Cell, Comparison, Difference, How};
use plaudit_store::snapshot::{Table, Value};
use plaudit_store::{SharedStore, Snapshot};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rusqlite::Connection;
use tokio::runtime::Runtime;

use crate::folder::{Folder, rebuilt, rules, target};
use crate::histories::{any_steps, events};
use crate::live::registered;

/// What was found, in words.
#[derive(Default)]
struct Found(Vec<String>);

impl Watch for Found {
    fn at(&mut self, _: Stage, _: u64, _: Option<u64>) {}

    fn found(&mut self, finding: Finding) {
        self.0.push(match finding {
            Finding::Journal(flaw) => flaw.to_string(),
            Finding::Unfoldable(stopped) => stopped.to_string(),
            Finding::Foreign(error) => error.to_string(),
            Finding::Damaged(damage) => damage,
            Finding::Row(difference) => format!("{difference:?}"),
            Finding::Figure { check, miscount } => format!("{}: {miscount:?}", name(&check)),
        });
    }
}

const NONE: [String; 0] = [];

/// What is wrong with a journal, and with what was folded from it.
async fn verify(folder: &Folder, journal: &SharedJournal) -> (Option<Verified>, Vec<String>) {
    let mut found = Found::default();
    let generations = folder.generations();
    inspect(journal, &generations, &mut found).await.unwrap();
    let verified = rows(journal, &generations, &mut found).await;
    (verified.unwrap(), found.0)
}

/// Folds what a journal has into the generation in use.
async fn fold(folder: &Folder, journal: &SharedJournal) -> PathBuf {
    let current = folder
        .generations()
        .current(journal, &mut |_| ())
        .await
        .unwrap();
    catch_up(journal, &target(&current.store), &mut |_| ())
        .await
        .unwrap();
    folder
        .path("generations")
        .join(format!("{}.sqlite", current.number))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn f8_nothing_is_found_where_nobody_meddled(steps in any_steps(400), part in 0.0..1.0) {
        Runtime::new().unwrap().block_on(async {
            let mut events = events(&steps);
            let all = events.len() as u64;
            let folder = Folder::new();
            let journal = folder.journal();
            let rest = events.split_off((events.len() as f64 * part) as usize);
            for events in [events, rest] {
                journal.append_many(events).await.unwrap();
                fold(&folder, &journal).await;
            }
            let (verified, found) = verify(&folder, &journal).await;
            prop_assert_eq!(found, NONE);
            prop_assert_eq!(verified.unwrap().position, Some(all));
            Ok(())
        })?;
    }
}

#[test]
fn f8_whatever_is_changed_in_any_table_is_found_and_named() {
    let mut runner = TestRunner::deterministic();
    let mut left: Option<BTreeSet<&str>> = None;
    let runtime = Runtime::new().unwrap();
    // One history doesn't fill every table.
    for _ in 0..100 {
        let steps = any_steps(400).new_tree(&mut runner).unwrap().current();
        let meddled = runtime.block_on(meddle_with_every_table(&events(&steps), left.as_ref()));
        let (tables, done) = meddled;
        let left = left.get_or_insert(tables);
        left.retain(|table| !done.contains(table));
        if left.is_empty() {
            return;
        }
    }
    panic!("no history has a row of {left:?}: let something happen that makes one");
}

/// All tables, and those that had a row to meddle with.
async fn meddle_with_every_table(
    events: &[NewEvent],
    left: Option<&BTreeSet<&str>>,
) -> (BTreeSet<&'static str>, BTreeSet<&'static str>) {
    let folder = Folder::new();
    let journal = folder.journal();
    journal.append_many(events.to_vec()).await.unwrap();
    let (kept, right) = (folder.path("kept"), folder.path("right"));
    let store = rebuilt(&journal, &kept).await;
    let right = rebuilt(&journal, &right).await;
    let meddler = Connection::open(&kept).unwrap();
    let mut right = right.snapshot().await.unwrap();

    let tables = right.tables();
    assert_no_table_is_forgotten(&meddler, &tables);
    let mut done = BTreeSet::new();
    let is_left = |table: &&Table| left.is_none_or(|left| left.contains(table.name));
    for table in tables.iter().filter(is_left) {
        let Some(first) = right.rows(table, None, 1).await.unwrap().pop() else {
            continue;
        };
        let key: Vec<(&str, Value)> = table
            .primary
            .iter()
            .map(|&at| (table.columns[at].name, first.0[at].clone()))
            .collect();
        let name = table.name;
        let copy = format!("CREATE TEMP TABLE copy_of_{name} AS SELECT * FROM {name}");
        meddler.execute_batch(&copy).unwrap();
        for (at, column) in table.columns.iter().enumerate() {
            if table.primary.contains(&at) {
                continue;
            }
            change(&meddler, table, column);
            let found = found(&store, &mut *right, table).await;
            let [difference] = &found[..] else {
                panic!("{table:?} {column:?}: {found:?}");
            };
            assert_eq!(difference.key, key);
            let How::Cells(cells) = &difference.how else {
                panic!("{difference:?}");
            };
            let names: Vec<&str> = cells.iter().map(|cell| cell.column).collect();
            assert_eq!(names, [column.name]);
            assert_tells_values_of_what_is_no_text(cells, column, &first.0[at]);
            meddler.execute_batch(&restore(table)).unwrap();
        }
        add(&meddler, table);
        assert_is(&found(&store, &mut *right, table).await, &How::Surplus);
        meddler.execute_batch(&restore(table)).unwrap();
        delete(&meddler, table);
        let missing = found(&store, &mut *right, table).await;
        assert_is(&missing, &How::Missing);
        assert_eq!(missing[0].key, key);
        meddler.execute_batch(&restore(table)).unwrap();
        assert_eq!(found(&store, &mut *right, table).await, []);
        done.insert(table.name);
    }
    (tables.iter().map(|table| table.name).collect(), done)
}

/// Every table that the file has, but for the one that says where the fold stands.
fn assert_no_table_is_forgotten(file: &Connection, tables: &[Table]) {
    let mut names = file
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'progress'")
        .unwrap();
    let names = names.query_map((), |row| row.get(0)).unwrap();
    let names: BTreeSet<String> = names.map(Result::unwrap).collect();
    let compared = tables.iter().map(|table| table.name.to_owned());
    assert_eq!(compared.collect::<BTreeSet<_>>(), names);
}

async fn found(store: &SharedStore, right: &mut dyn Snapshot, table: &Table) -> Vec<Difference> {
    let mut kept = store.snapshot().await.unwrap();
    let mut comparison = Comparison::of(table, &mut *kept, right);
    let mut found = Vec::new();
    let mut note = |difference| found.push(difference);
    while comparison.step(&mut note).await.unwrap().is_some() {}
    found
}

fn assert_is(found: &[Difference], how: &How) {
    let [difference] = found else {
        panic!("{found:?}");
    };
    assert_eq!(&difference.how, how);
}

fn assert_tells_values_of_what_is_no_text(cells: &[Cell], column: &Column, right: &Value) {
    let values = cells[0].values.as_ref();
    match column.kind {
        ColumnKind::Text => assert_eq!(values, None),
        ColumnKind::Integer | ColumnKind::Boolean | ColumnKind::Uuid => {
            assert_eq!(values.map(|(_, right)| right), Some(right));
        }
    }
}

/// Something else than what a column holds.
fn other(column: &Column) -> String {
    let name = column.name;
    match column.kind {
        ColumnKind::Integer | ColumnKind::Boolean => format!("coalesce({name}, 0) + 1000000"),
        ColumnKind::Text => format!("coalesce({name}, '') || 'x'"),
        ColumnKind::Uuid => "randomblob(16)".to_owned(),
    }
}

/// The first row, by its key.
fn first(table: &Table) -> String {
    let key: Vec<&str> = table
        .primary
        .iter()
        .map(|&at| table.columns[at].name)
        .collect();
    let (key, name) = (key.join(", "), table.name);
    format!("({key}) = (SELECT {key} FROM {name} ORDER BY {key} LIMIT 1)")
}

fn change(file: &Connection, table: &Table, column: &Column) {
    let (name, set, first) = (table.name, other(column), first(table));
    let sql = format!("UPDATE {name} SET {} = {set} WHERE {first}", column.name);
    assert_eq!(file.execute(&sql, ()).unwrap(), 1);
}

fn add(file: &Connection, table: &Table) {
    let others: Vec<String> = table.columns.iter().map(other).collect();
    let (name, others, first) = (table.name, others.join(", "), first(table));
    let sql = format!("INSERT INTO {name} SELECT {others} FROM {name} WHERE {first}");
    assert_eq!(file.execute(&sql, ()).unwrap(), 1);
}

fn delete(file: &Connection, table: &Table) {
    let sql = format!("DELETE FROM {} WHERE {}", table.name, first(table));
    assert_eq!(file.execute(&sql, ()).unwrap(), 1);
}

fn restore(table: &Table) -> String {
    let name = table.name;
    format!("BEGIN; DELETE FROM {name}; INSERT INTO {name} SELECT * FROM copy_of_{name}; COMMIT")
}

/// A community of some members, folded; and the file of its rows.
async fn members(folder: &Folder) -> (SharedJournal, PathBuf) {
    let journal = folder.journal();
    journal
        .append_many((0..9).map(registered).collect())
        .await
        .unwrap();
    let path = fold(folder, &journal).await;
    (journal, path)
}

/// The files of generations that are there.
fn generations(folder: &Folder) -> BTreeSet<String> {
    let files = fs::read_dir(folder.path("generations")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".sqlite")).collect()
}

#[tokio::test]
async fn nothing_is_left_behind() {
    let folder = Folder::new();
    let (journal, _) = members(&folder).await;
    assert_eq!(verify(&folder, &journal).await.1, NONE);
    assert_eq!(
        generations(&folder),
        BTreeSet::from(["1.sqlite".to_owned()])
    );
}

#[tokio::test]
async fn where_nothing_was_folded_yet_there_is_nothing_to_compare() {
    let folder = Folder::new();
    let journal = folder.journal();
    journal.append_many(vec![registered(1)]).await.unwrap();
    assert_eq!(verify(&folder, &journal).await, (None, NONE.to_vec()));
}

#[tokio::test]
async fn rows_that_are_behind_are_compared_as_of_where_they_are() {
    let folder = Folder::new();
    let (journal, _) = members(&folder).await;
    journal
        .append_many((20..30).map(registered).collect())
        .await
        .unwrap();
    let (verified, found) = verify(&folder, &journal).await;
    assert_eq!(found, NONE);
    assert_eq!(verified.unwrap().position, Some(9));
}

#[tokio::test]
async fn rows_of_another_history_are_found() {
    let (folder, other) = (Folder::new(), Folder::new());
    let (_, path) = members(&folder).await;
    let (journal, _) = members(&other).await;
    fs::copy(&path, other.path("generations").join("1.sqlite")).unwrap();
    let (_, found) = verify(&other, &journal).await;
    let [found] = &found[..] else {
        panic!("{found:?}");
    };
    assert!(found.contains("of another history"), "{found}");
}

#[tokio::test]
async fn an_index_that_is_missing_is_found() {
    let folder = Folder::new();
    let (journal, path) = members(&folder).await;
    let file = Connection::open(&path).unwrap();
    file.execute_batch("DROP INDEX account_by_profile").unwrap();
    let (_, found) = verify(&folder, &journal).await;
    let [found] = &found[..] else {
        panic!("{found:?}");
    };
    assert!(found.contains("account_by_profile"), "{found}");
}

/// Folds are the same for the rows and for their replay: only counting shows that both are wrong.
#[test]
fn f8_every_figure_is_counted_anew() {
    let mut runner = TestRunner::deterministic();
    let mut left: BTreeSet<String> = figures().iter().map(name).collect();
    let runtime = Runtime::new().unwrap();
    for _ in 0..100 {
        let steps = any_steps(400).new_tree(&mut runner).unwrap().current();
        runtime.block_on(async {
            let folder = Folder::new();
            let journal = folder.journal();
            journal.append_many(events(&steps)).await.unwrap();
            let path = folder.path("kept");
            let store = rebuilt(&journal, &path).await;
            let file = Connection::open(&path).unwrap();
            for check in figures() {
                let (table, column) = (check.table, check.column);
                let first = format!("key = (SELECT min(key) FROM {table})");
                let add = |by: i64| {
                    let sql =
                        format!("UPDATE {table} SET {column} = {column} + {by} WHERE {first}");
                    file.execute(&sql, ()).unwrap()
                };
                if add(1) == 1 {
                    let mut kept = store.snapshot().await.unwrap();
                    let [miscount] = &kept.miscounts(&check).await.unwrap()[..] else {
                        panic!("{check:?}");
                    };
                    assert_eq!(miscount.kept, miscount.counted + 1, "{check:?}");
                    left.remove(&name(&check));
                    add(-1);
                }
            }
        });
        if left.is_empty() {
            return;
        }
    }
    panic!("no history has {left:?}: let something happen that makes one");
}

fn figures() -> Vec<Check> {
    checks(rules().kudos.policy)
}

fn name(check: &Check) -> String {
    format!("{}.{}", check.table, check.column)
}
