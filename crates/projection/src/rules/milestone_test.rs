//! A `[[test]]` of milestones.toml: what a profile or a post has, and what it reaches.

use std::collections::BTreeMap;

use plaudit_domain::post::Kind;

use super::milestones::{FIGURES, Figure, LIKES, Milestone, Milestones};
use super::programme::COUNT_MAX;
use super::source::{Place, Table, choose, hint};

/// A test.
#[derive(Debug, Clone)]
pub(super) struct MilestoneTest {
    pub(super) name: String,
    pub(super) place: Place,
    given: Given,
    /// Of each ladder, the thresholds that are reached.
    reaches: BTreeMap<String, Vec<i64>>,
}

#[derive(Debug, Clone)]
enum Given {
    Profile(BTreeMap<Figure, i64>),
    Post { kind: Kind, likes: i64 },
}

impl MilestoneTest {
    /// Reads one; what it names has to be there.
    pub(super) fn read(mut table: Table<'_>, milestones: &Milestones) -> Self {
        let test = Self {
            name: table.title("name"),
            place: table.source.place(table.offset),
            given: given(&mut table),
            reaches: reaches(&mut table, milestones),
        };
        table.end();
        test
    }

    /// What is otherwise than it expects.
    pub(super) fn run(&self, milestones: &Milestones) -> Result<(), String> {
        let mut reached: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        let mut reach = |milestone: Milestone<'_>| {
            let of_ladder = reached.entry(milestone.ladder().to_owned()).or_default();
            of_ladder.push(milestone.threshold());
        };
        match &self.given {
            Given::Profile(given) => {
                let given = |figure| given.get(&figure).copied().unwrap_or_default();
                milestones.reached_by(given).for_each(&mut reach);
            }
            Given::Post { kind, likes } => {
                let reached = milestones.reached_by_post(*kind, *likes);
                reached.for_each(&mut reach);
            }
        }
        if reached == self.reaches {
            return Ok(());
        }
        Err(format!(
            "it reaches {}, not {}",
            listed(&reached),
            listed(&self.reaches)
        ))
    }
}

/// Milestones as a test writes them.
fn listed(reached: &BTreeMap<String, Vec<i64>>) -> String {
    let reached: Vec<String> = reached
        .iter()
        .map(|(ladder, thresholds)| format!("{ladder} {thresholds:?}"))
        .collect();
    match reached.is_empty() {
        true => "nothing".to_owned(),
        false => reached.join(", "),
    }
}

fn given(table: &mut Table<'_>) -> Given {
    let source = table.source;
    let kinds = Kind::ALL.map(|kind| (kind.as_str(), kind));
    let kind = table.take("kind");
    if let Some(likes) = table.take(LIKES) {
        if let Some(given) = table.take("given") {
            let mistake = "`given` is for profiles, and `likes` for a post: remove one of them";
            source.mistake(given.offset, mistake);
        }
        if kind.is_none() {
            table.mistake("`likes` are those of a post: add `kind`, like `kind = \"answer\"`");
        }
        let kind = kind.and_then(|kind| kind.choice("kind of post", &kinds));
        let likes = likes.integer(0..=COUNT_MAX);
        return Given::Post {
            kind: kind.unwrap_or(Kind::Answer),
            likes: likes.map_or(0, |likes| likes.value),
        };
    }
    if let Some(kind) = kind {
        let mistake = "`kind` goes with the likes of a post: add `likes`, or remove it";
        source.mistake(kind.offset, mistake);
    }
    let mut figures = BTreeMap::new();
    let given = table.need("given").and_then(|given| given.table("`given`"));
    for (name, count) in given.into_iter().flat_map(|mut given| given.rest()) {
        let figure = choose(source, &name, "figure of a profile", &FIGURES);
        let count = count.integer(0..=COUNT_MAX);
        figures.extend(figure.zip(count.map(|count| count.value)));
    }
    Given::Profile(figures)
}

fn reaches(table: &mut Table<'_>, milestones: &Milestones) -> BTreeMap<String, Vec<i64>> {
    let source = table.source;
    let reaches = table.need("reaches").and_then(|it| it.table("`reaches`"));
    let mut expected = BTreeMap::new();
    for (ladder, thresholds) in reaches.into_iter().flat_map(|mut reaches| reaches.rest()) {
        let known = milestones.ladders();
        if !known.clone().any(|known| known == ladder.value) {
            let hint = hint(&ladder.value, known, '"');
            let mistake = format!("there is no ladder {:?}: {hint}", ladder.value);
            source.mistake(ladder.offset, mistake);
        }
        let thresholds = thresholds.list().into_iter();
        let thresholds = thresholds.filter_map(|it| it.integer(1..=COUNT_MAX));
        let thresholds: Vec<i64> = thresholds.map(|threshold| threshold.value).collect();
        // None of a ladder may be written down, too.
        if !thresholds.is_empty() {
            expected.insert(ladder.value, thresholds);
        }
    }
    expected
}
