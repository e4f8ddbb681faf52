//! `plaudit import`

use plaudit_exchange::{Summary, events, meetup, polis, stack_exchange};
use serde_json::json;

use crate::cli::{Import, Report};
use crate::data::{Data, Place};
use crate::progress::{Folding, Shown, line};

use super::{Failure, say};

/// Records a history and folds it. What is to be imported is looked at first: where it isn't there,
/// no community begins.
pub async fn run(place: &Place, import: Import) -> Result<(), Failure> {
    let scratch = place.directory.clone();
    let (data, summary, report) = match import {
        Import::StackExchange {
            folder,
            voters,
            site,
            report,
        } => {
            let options = stack_exchange::Options {
                folder,
                voters,
                site,
                scratch,
            };
            options.check()?;
            let data = Data::open(place).await?;
            let mut shown = Shown::new(report);
            let summary = stack_exchange::import(data.journal(), options, &mut shown).await;
            shown.finish();
            (data, summary?, report)
        }
        Import::Polis {
            folder,
            name,
            report,
        } => {
            let options = polis::Options {
                folder,
                name,
                scratch,
            };
            options.check()?;
            let data = Data::open(place).await?;
            let mut shown = Shown::new(report);
            let summary = polis::import(data.journal(), options, &mut shown).await;
            shown.finish();
            (data, summary?, report)
        }
        Import::Meetup { folder, report } => {
            let options = meetup::Options { folder, scratch };
            options.check()?;
            let data = Data::open(place).await?;
            let mut shown = Shown::new(report);
            let summary = meetup::import(data.journal(), options, &mut shown).await;
            shown.finish();
            (data, summary?, report)
        }
        Import::Events { file, report } => {
            let source = events::Source::open(&file)?;
            let data = Data::open(place).await?;
            let mut shown = Shown::new(report);
            let summary = events::import(data.journal(), source, &mut shown).await;
            shown.finish();
            (data, summary?, report)
        }
    };
    let told = tell(&summary, report);
    data.rows(&mut Folding::new(report)).await?;
    told
}

fn tell(summary: &Summary, report: Report) -> Result<(), Failure> {
    if report.json {
        line(&json!({ "summary": summary }));
        Ok(())
    } else {
        say(format_args!("{summary}"))
    }
}
