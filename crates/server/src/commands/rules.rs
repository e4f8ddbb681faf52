//! `plaudit rules`

use std::path::Path;

use plaudit_projection::Rules;
use plaudit_projection::rules::Counted;
use serde_json::json;

use crate::cli;
use crate::data::Place;
use crate::progress::line;
use crate::rules::{self, Unusable};

use super::{Failure, say};

/// Runs a command about rules. None takes a community.
pub fn run(place: &Place, command: cli::Rules) -> Result<(), Failure> {
    match command {
        cli::Rules::Check { directory, json } => {
            let directory = directory.or_else(|| place.rules.clone());
            let directory = directory.filter(|it| it != Path::new(rules::STANDARD));
            match check(directory.as_deref()) {
                Ok((rules, tests)) => tell(&rules, tests, json),
                Err(failure) => Err(told(failure, json)),
            }
        }
    }
}

/// The rules in a directory, and how many tests passed.
fn check(directory: Option<&Path>) -> Result<(Rules, usize), Failure> {
    let rules = rules::read(directory)?;
    let tests = rules::test(&rules, directory)?;
    Ok((rules, tests))
}

/// Says what was checked.
fn tell(rules: &Rules, tests: usize, json: bool) -> Result<(), Failure> {
    let files: Vec<&str> = rules
        .files()
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let kudos = &rules.kudos;
    let of_deeds = |counts: &Counted| matches!(counts, Counted::Each { .. });
    let all = kudos.reasons.len();
    let each = kudos
        .reasons
        .iter()
        .filter(|it| of_deeds(&it.counts))
        .count();
    let (challenges, badges) = (all - each, kudos.badges.len());
    let (levels, ladders) = (kudos.levels.len(), rules.milestones.ladders().count());
    let lozenges = rules.lozenges.all.len();
    if json {
        line(&json!({ "checked": {
            "files": files, "hash": rules.hash(), "rules": each, "challenges": challenges,
            "badges": badges, "levels": levels, "ladders": ladders, "lozenges": lozenges,
            "tests": tests,
        }}));
        return Ok(());
    }
    let files = files.join(", ");
    say(format_args!(
        "{files}: {each} rules, {challenges} challenges, {badges} badges, {levels} levels, {ladders} ladders, {lozenges} lozenges; {tests} tests passed"
    ))
}

/// With `--json` mistakes are an outcome, too.
fn told(failure: Failure, json: bool) -> Failure {
    if json && let Some(Unusable { mistakes, .. }) = failure.downcast_ref() {
        line(&json!({ "mistakes": mistakes }));
    }
    failure
}
