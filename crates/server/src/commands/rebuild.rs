//! `plaudit rebuild`

use std::time::Instant;

use serde_json::json;

use crate::cli::Rebuild;
use crate::data::{Data, Place};
use crate::progress::{Folding, line};

use super::Failure;

/// Folds the whole history into a new generation and puts it in use.
pub async fn run(place: &Place, Rebuild { memory, report }: Rebuild) -> Result<(), Failure> {
    let data = Data::existing(place).await?;
    let began = Instant::now();
    let mut folding = Folding::new(report);
    let store = data
        .generations()
        .await?
        .within(memory.saturating_mul(1 << 20))
        .rebuild(data.journal(), &mut |progress| folding.at(progress))
        .await?;
    folding.finish();
    let events = store.position().await?;
    let seconds = began.elapsed().as_secs_f64();
    let rate = events as f64 / seconds.max(0.001);
    if report.json {
        line(&json!({ "rebuilt": events, "seconds": seconds, "per_second": rate.round() }));
    } else {
        super::say(format_args!(
            "rebuilt from {events} events in {seconds:.1} s ({rate:.0} a second)"
        ))?;
    }
    Ok(())
}
