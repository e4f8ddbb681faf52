//! A `[[test]]` of lozenges.toml: what a profile is and was granted, and which lozenges it holds.

use std::collections::BTreeMap;

use super::labels::measure;
use super::lozenges::{Lozenges, Measure, Way};
use super::programme::COUNT_MAX;
use super::source::{Place, Table, Value, hint};

/// A test.
#[derive(Debug, Clone)]
pub(super) struct LozengeTest {
    pub(super) name: String,
    pub(super) place: Place,
    given: BTreeMap<Measure, i64>,
    granted: Vec<String>,
    /// All that are held, the one that is shown first.
    holds: Vec<String>,
}

impl LozengeTest {
    /// Reads one; what it names has to be there.
    pub(super) fn read(mut table: Table<'_>, lozenges: &Lozenges) -> Self {
        let test = Self {
            name: table.title("name"),
            place: table.source.place(table.offset),
            given: given(&mut table),
            granted: granted(&mut table, lozenges),
            holds: holds(&mut table, lozenges),
        };
        table.end();
        test
    }

    /// What is otherwise than it expects.
    pub(super) fn run(&self, lozenges: &Lozenges) -> Result<(), String> {
        let given = |measure| self.given.get(&measure).copied().unwrap_or_default();
        let is_granted = |id: &str| self.granted.iter().any(|granted| granted == id);
        let held = lozenges.held_by(given, is_granted);
        let held: Vec<&str> = held.map(|lozenge| lozenge.id.as_str()).collect();
        match held == self.holds {
            true => Ok(()),
            false => Err(format!("it holds {held:?}, not {:?}", self.holds)),
        }
    }
}

fn given(table: &mut Table<'_>) -> BTreeMap<Measure, i64> {
    let source = table.source;
    let given = table.take("given").and_then(|it| it.table("`given`"));
    let mut measures = BTreeMap::new();
    for (name, count) in given.into_iter().flat_map(|mut given| given.rest()) {
        let measure = measure(source, &name);
        let count = count.integer(0..=COUNT_MAX);
        measures.extend(measure.zip(count.map(|count| count.value)));
    }
    measures
}

fn granted(table: &mut Table<'_>, lozenges: &Lozenges) -> Vec<String> {
    let is_granted = |way: &Way| matches!(way, Way::Granted { .. });
    let granted = table.take("granted").map(Value::texts).unwrap_or_default();
    let ids = lozenges.all.iter().filter(|it| is_granted(&it.way));
    let ids = ids.map(|it| it.id.as_str());
    for name in &granted {
        if !ids.clone().any(|id| id == name.value) {
            let hint = hint(&name.value, ids.clone(), '"');
            let mistake = format!("nobody is granted a lozenge {:?}: {hint}", name.value);
            table.source.mistake(name.offset, mistake);
        }
    }
    granted.into_iter().map(|name| name.value).collect()
}

fn holds(table: &mut Table<'_>, lozenges: &Lozenges) -> Vec<String> {
    let holds = table.need("holds").map(Value::texts).unwrap_or_default();
    let ids = lozenges.all.iter().map(|it| it.id.as_str());
    for name in &holds {
        if !ids.clone().any(|id| id == name.value) {
            let hint = hint(&name.value, ids.clone(), '"');
            let mistake = format!("there is no lozenge {:?}: {hint}", name.value);
            table.source.mistake(name.offset, mistake);
        }
    }
    holds.into_iter().map(|name| name.value).collect()
}
