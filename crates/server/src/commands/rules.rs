//! `plaudit rules`

use std::path::Path;
use std::sync::Arc;

use plaudit_projection::Rules;
use plaudit_projection::rules::{Changes, Counted};
use serde_json::json;

use crate::cli::{self, Report};
use crate::data::{Data, Place};
use crate::progress::{Folding, line};
use crate::rules::{self, Unusable};

use super::{Failure, preview, say};

/// Runs a command about rules.
pub async fn run(place: &Place, command: cli::Rules) -> Result<(), Failure> {
    match command {
        cli::Rules::Preview(command) => preview::run(place, command).await,
        cli::Rules::Check { directory, json } => {
            let directory = directory.or_else(|| place.rules.clone());
            let directory = directory.filter(|it| it != Path::new(rules::STANDARD));
            match check(directory.as_deref()) {
                Ok((rules, tests)) => tell(&rules, tests, json),
                Err(failure) => Err(told(failure, json)),
            }
        }
        cli::Rules::Activate { directory, report } => activate(place, &directory, report).await,
    }
}

/// Brings rules into force, and folds by them.
async fn activate(place: &Place, directory: &Path, report: Report) -> Result<(), Failure> {
    let directory = (directory != Path::new(rules::STANDARD)).then_some(directory);
    let (rules, _) = check(directory).map_err(|failure| told(failure, report.json))?;
    // What is said besides is of no concern: these come into force.
    let place = Place {
        rules: None,
        ..place.clone()
    };
    let mut data = Data::existing(&place).await?;
    let changes = Changes::between(data.rules(), &rules);
    let hash = rules.hash().to_owned();
    let is_new = data.activate(Arc::new(rules)).await?;
    let folded = data.rows(&mut Folding::new(report)).await;
    folded.map_err(|failure| {
        format!(
            "these rules are in force, but nothing is folded by them yet: {failure}. Until then a server \
             goes on with what it serves"
        )
    })?;
    if report.json {
        line(&json!({ "activated": {
            "hash": hash, "recorded": is_new, "summary": changes.summary, "diff": changes.diff,
        }}));
        return Ok(());
    }
    match is_new {
        true => say(format_args!("in force: {}", changes.summary.join("; "))),
        false => say(format_args!("these rules are in force already")),
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
pub(super) fn told(failure: Failure, json: bool) -> Failure {
    if json && let Some(Unusable { mistakes, .. }) = failure.downcast_ref() {
        line(&json!({ "mistakes": mistakes }));
    }
    failure
}
