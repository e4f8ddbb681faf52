//! `plaudit import`

use std::path::Path;

use plaudit_exchange::{Summary, events, polis, stack_exchange};
use serde_json::json;

use crate::cli::{Import, Report};
use crate::data::Data;
use crate::progress::{Folding, Shown, line};

use super::{Failure, say};

/// Records a history and folds it.
pub async fn run(directory: &Path, import: Import) -> Result<(), Failure> {
    let data = Data::open(directory)?;
    let scratch = directory.to_owned();
    let (summary, report) = match import {
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
            let mut shown = Shown::new(report);
            let summary = stack_exchange::import(data.journal(), options, &mut shown).await;
            shown.finish();
            (summary?, report)
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
            let mut shown = Shown::new(report);
            let summary = polis::import(data.journal(), options, &mut shown).await;
            shown.finish();
            (summary?, report)
        }
        Import::Events { file, report } => {
            let mut shown = Shown::new(report);
            let source = events::Source::open(&file)?;
            let summary = events::import(data.journal(), source, &mut shown).await;
            shown.finish();
            (summary?, report)
        }
    };
    tell(&summary, report)?;
    data.store(&mut Folding::new(report)).await?;
    Ok(())
}

fn tell(summary: &Summary, report: Report) -> Result<(), Failure> {
    if report.json {
        line(&json!({ "summary": summary }));
        Ok(())
    } else {
        say(format_args!("{summary}"))
    }
}
