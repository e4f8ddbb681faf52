//! Reading the ladders of `milestones.toml`. README.md in `projections/` says what their keys mean.

use super::milestones::{Counted, FIGURES, Figure, LIKES, Ladder, Step, filled};
use super::programme::{COUNT_MAX, Names, kinds};
use super::source::{At, Table, Value, choose};

/// Reads a ladder.
pub(super) fn ladder(mut table: Table<'_>, names: &mut Names) -> Ladder {
    let id = names.add(&mut table, "ladder");
    retroactive(&mut table);
    let counts = counts(&mut table);
    let thresholds = thresholds(&mut table);
    let titles = titles(&mut table, &thresholds);
    let description = table.description();
    table.end();
    let steps = thresholds.into_iter().zip(titles);
    let step = |(threshold, title): (_, String)| Step::new(&id, threshold, &title, &description);
    let steps = steps.map(step).collect();
    Ladder { id, counts, steps }
}

/// A ladder counts all that there is (DOMAIN K3), and has to say so.
fn retroactive(table: &mut Table<'_>) {
    let retroactive = table.take("retroactive");
    match (table.take("from"), retroactive) {
        (Some(from), _) => {
            let mistake = "a ladder counts all that a profile has, so it can't begin at some time: write `retroactive = true` instead";
            table.source.mistake(from.offset, mistake);
        }
        (None, Some(retroactive)) => {
            let source = table.source;
            if let Some(At {
                value: false,
                offset,
            }) = retroactive.truth()
            {
                let mistake = "a ladder counts all that a profile has: write `retroactive = true`, or remove the ladder";
                source.mistake(offset, mistake);
            }
        }
        (None, None) => {
            table.mistake("a ladder counts all that a profile has, and has to say so: add `retroactive = true`");
        }
    }
}

fn counts(table: &mut Table<'_>) -> Counted {
    let source = table.source;
    let counts = table.need("counts").and_then(Value::text);
    let per = table.take("per");
    let per_post = per.and_then(|per| per.choice("thing to count by", &[("post", ())]));
    let kinds = kinds(table);
    if per_post.is_some() {
        let only = [(LIKES, ())];
        counts.and_then(|it| choose(source, &it, "figure of a post", &only));
        return Counted::Post(kinds.map(|kinds| kinds.value).unwrap_or_default());
    }
    if let Some(kinds) = kinds {
        let mistake = "`kinds` is for ladders of posts: add `per = \"post\"`, or remove it";
        source.mistake(kinds.offset, mistake);
    }
    let figure = counts.and_then(|counts| {
        if counts.value == LIKES {
            let mistake = "\"likes\" is the figure of a post: add `per = \"post\"`, or write \"likes_received\"";
            source.mistake(counts.offset, mistake);
            return None;
        }
        choose(source, &counts, "figure of a profile", &FIGURES)
    });
    Counted::Profile(figure.unwrap_or(Figure::TotalPosts))
}

fn thresholds(table: &mut Table<'_>) -> Vec<i64> {
    let source = table.source;
    let Some(list) = table.need("thresholds") else {
        return Vec::new();
    };
    let (offset, before) = (list.offset, source.mistakes());
    let values = list.list();
    if values.is_empty() && source.mistakes() == before {
        source.mistake(offset, "`thresholds` is empty: write one at least");
    }
    let mut thresholds: Vec<i64> = Vec::new();
    for value in values {
        let Some(At { value, offset }) = value.integer(1..=COUNT_MAX) else {
            continue;
        };
        if let Some(last) = thresholds.last().filter(|last| **last >= value) {
            let mistake = format!("the threshold {value} comes after {last}: let them rise");
            source.mistake(offset, mistake);
        }
        thresholds.push(value);
    }
    thresholds
}

/// The title of the milestone of each threshold.
fn titles(table: &mut Table<'_>, thresholds: &[i64]) -> Vec<String> {
    let source = table.source;
    let Some(list) = table.take("titles") else {
        let title = table.title("title");
        let thresholds = thresholds.iter();
        return thresholds
            .map(|threshold| filled(&title, *threshold))
            .collect();
    };
    let offset = list.offset;
    if let Some(title) = table.take("title") {
        let mistake = "`title` and `titles` contradict each other: remove one of them";
        source.mistake(title.offset, mistake);
    }
    let titles: Vec<_> = list.list().into_iter().filter_map(Value::title).collect();
    if titles.len() != thresholds.len() {
        let (found, thresholds) = (titles.len(), thresholds.len());
        source.mistake(
            offset,
            format!("there are {found} titles for {thresholds} thresholds: write one for each"),
        );
    }
    titles.into_iter().map(|title| title.value).collect()
}
