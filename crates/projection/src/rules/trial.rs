//! A `[[test]]` of kudos.toml or challenges.toml: what happens, and what everybody has then.
//!
//! It is made into events like those of a journal, and they go through the code that runs for real.

use std::collections::BTreeMap;

use plaudit_domain::{AccountId, Event};

use super::Rules;
use super::kudos::Kudos;
use super::source::{Place, Table, Value, hint};
use super::story::Story;
use crate::fold;
use crate::profile::Profile;
use crate::rows::Rows;

/// The most points that somebody is expected to have.
const POINTS_MAX: i64 = 1_000_000_000;

/// A test.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    pub(super) name: String,
    pub(super) place: Place,
    events: Vec<Event>,
    /// Everybody in it.
    accounts: BTreeMap<String, AccountId>,
    /// Who isn't here has none.
    points: BTreeMap<String, i64>,
    /// Who isn't here may be on any.
    levels: BTreeMap<String, i64>,
    /// Who isn't here has none.
    badges: BTreeMap<String, Vec<String>>,
}

impl Trial {
    /// Reads a test; what it names has to be there.
    pub(super) fn read(mut table: Table<'_>, rules: &Kudos) -> Self {
        let mut story = Story::new(table.source);
        let name = table.title("name");
        let events = table.need("events").map(Value::list).unwrap_or_default();
        for event in events.into_iter().filter_map(|it| it.table("an event")) {
            story.event(event);
        }
        let Story {
            accounts, events, ..
        } = story;
        let highest = i64::try_from(rules.levels.len()).unwrap_or(i64::MAX);
        let points = expected(table.need("points"), &accounts, |value| {
            let points = value.integer(-POINTS_MAX..=POINTS_MAX);
            points.map(|points| points.value)
        });
        let levels = expected(table.take("levels"), &accounts, |value| {
            let level = value.integer(1..=highest);
            level.map(|level| level.value)
        });
        let badges = expected(table.take("badges"), &accounts, |value| {
            Some(badges(value, rules))
        });
        let trial = Self {
            name,
            place: table.source.place(table.offset),
            events,
            accounts,
            points,
            levels,
            badges,
        };
        table.end();
        trial
    }

    /// What is otherwise than it expects.
    pub(super) fn run(&self, rules: &Rules) -> Result<(), String> {
        let mut rows = Rows::default();
        for event in &self.events {
            fold(event, &mut rows).map_err(|stopped| stopped.to_string())?;
        }
        rows.reckon(rules);
        rows.finish(rules);
        let mut found = Vec::new();
        for (name, id) in &self.accounts {
            let profile = rows.profiles.iter().find(|profile| profile.id == *id);
            // Everybody was registered, so has a profile.
            if let Some(profile) = profile {
                found.extend(self.compare(name, profile, &rows, &rules.kudos));
            }
        }
        match found.is_empty() {
            true => Ok(()),
            false => Err(found.join("; ")),
        }
    }

    /// What somebody has that isn't expected.
    fn compare(&self, name: &str, profile: &Profile, rows: &Rows, rules: &Kudos) -> Vec<String> {
        let mut found = Vec::new();
        let expected = self.points.get(name).copied().unwrap_or_default();
        if profile.points != expected {
            let (points, why) = (profile.points, reasons(profile, rows, rules));
            found.push(format!("{name} has {points} points{why}, not {expected}"));
        }
        let level = rules.level(profile.points);
        if let Some(expected) = self.levels.get(name)
            && usize::try_from(*expected) != Ok(level)
        {
            found.push(format!("{name} is on level {level}, not {expected}"));
        }
        let had = badges_of(profile, rows, rules);
        let mut expected = self.badges.get(name).cloned().unwrap_or_default();
        expected.sort();
        if had != expected {
            found.push(format!("{name} has the badges {had:?}, not {expected:?}"));
        }
        found
    }
}

/// Where somebody's points come from.
fn reasons(profile: &Profile, rows: &Rows, rules: &Kudos) -> String {
    let mut of: BTreeMap<&str, i64> = BTreeMap::new();
    for entry in rows.ledger.added() {
        let reason = usize::try_from(entry.reason).ok();
        let reason = reason.and_then(|number| rules.reasons.get(number));
        if let Some(reason) = reason.filter(|_| profile.enrolled && entry.account == profile.key) {
            *of.entry(&reason.id).or_default() += entry.points;
        }
    }
    of.retain(|_, points| *points != 0);
    let of: Vec<String> = of
        .iter()
        .map(|(id, points)| format!("{id} {points}"))
        .collect();
    match of.is_empty() {
        true => String::new(),
        false => format!(" ({})", of.join(", ")),
    }
}

/// The badges that somebody has: as with points, only those who take part have any.
fn badges_of(profile: &Profile, rows: &Rows, rules: &Kudos) -> Vec<String> {
    let theirs = rows.badges.changed();
    let theirs = theirs.filter(|badge| profile.enrolled && badge.account == profile.key);
    let mut badges: Vec<String> = Vec::new();
    for badge in theirs {
        let number = usize::try_from(badge.badge).ok();
        let Some(badge) = number.and_then(|number| rules.badges.get(number)) else {
            continue;
        };
        if badge.repeatable || !badges.contains(&badge.id) {
            badges.push(badge.id.clone());
        }
    }
    badges.sort();
    badges
}

// Reading

/// What everybody is expected to have. They have to be in the test.
fn expected<'s, T>(
    table: Option<Value<'s>>,
    accounts: &BTreeMap<String, AccountId>,
    read: impl Fn(Value<'s>) -> Option<T>,
) -> BTreeMap<String, T> {
    let mut expected = BTreeMap::new();
    let table = table.and_then(|table| table.table("the table"));
    for (name, value) in table.into_iter().flat_map(|mut table| table.rest()) {
        let source = value.source;
        if !accounts.contains_key(&name.value) {
            let hint = hint(&name.value, accounts.keys().map(String::as_str), '"');
            let mistake = format!("nobody in this test is called {:?}: {hint}", name.value);
            source.mistake(name.offset, mistake);
        }
        expected.extend(read(value).map(|value| (name.value, value)));
    }
    expected
}

fn badges(value: Value<'_>, rules: &Kudos) -> Vec<String> {
    let source = value.source;
    let badges = value.texts();
    for badge in &badges {
        if rules.badge_by_id(&badge.value).is_none() {
            let known = rules.badges.iter().map(|badge| badge.id.as_str());
            let hint = hint(&badge.value, known, '"');
            let mistake = format!("there is no badge {:?}: {hint}", badge.value);
            source.mistake(badge.offset, mistake);
        }
    }
    badges.into_iter().map(|badge| badge.value).collect()
}
