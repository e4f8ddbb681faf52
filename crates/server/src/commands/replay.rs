//! `plaudit replay`

use std::time::SystemTime;

use plaudit_domain::Time;
use plaudit_replay::activation::rules_in_force_at;
use plaudit_replay::as_of::as_of;
use serde_json::json;

use crate::cli::{Replay, RulesAt};
use crate::data::{Data, Place};
use crate::progress::{Folding, line};
use crate::replayed::{About, Filling};

use super::{BadUsage, Failure, say};

/// Makes read models as they were at a moment, in a directory of their own.
pub async fn run(place: &Place, replay: Replay) -> Result<(), Failure> {
    let Replay {
        as_of: moment,
        into,
        rules_at,
        report,
    } = replay;
    if moment > Time::from(SystemTime::now()) {
        let what = format!("--as-of {moment}: that is still to come: name a moment in the past");
        return Err(BadUsage(what).into());
    }
    let data = Data::existing(place).await?;
    let filling = Filling::begin(&into)?;
    // What was erased has to be carried out before.
    let mut folding = Folding::new(report);
    let until = data.rows(&mut folding).await?.store.position().await?;
    let rules = match rules_at {
        RulesAt::Now => data.rules().clone(),
        RulesAt::Then => rules_in_force_at(data.journal(), moment).await?,
    };
    let mut load = filling.load(&rules)?;
    let mut progress = |progress| folding.at(progress);
    let journal = data.journal();
    let past = as_of(journal, &rules, &mut load, moment, until, &mut progress).await?;
    folding.finish();
    drop(load.finish()?);
    let about = About {
        community: data.directory().canonicalize()?,
        as_of: moment,
        rules: rules.hash().to_owned(),
        position: past.position,
        head: until,
        events: past.events,
        left_out: past.left_out,
    };
    filling.finish(&rules, &about)?;
    let into = into.display().to_string();
    if report.json {
        line(&json!({ "replayed": { "into": into, "about": about } }));
        return Ok(());
    }
    let About {
        events, left_out, ..
    } = about;
    say(format_args!(
        "{events} of {until} events had happened by {moment}: what came of them is in {into}"
    ))?;
    if events == 0 {
        say(format_args!(
            "The community hadn't begun by then: it is empty there"
        ))?;
    }
    if left_out > 0 {
        say(format_args!(
            "{left_out} more had, and are left out: they name what was made only later"
        ))?;
    }
    say(format_args!(
        "  plaudit serve --data {into} --read-only    plaudit export posts --data {into}"
    ))
}
