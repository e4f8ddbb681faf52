//! How things stand at the moment: the journal's head, and each projection.

use plaudit_replay::renewal::Underway;
use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{CounterVec, GaugeVec, Opts};

use super::Now;
use crate::health::{Next, PROJECTION, Phase, Standing};

/// What is done to make the next generation.
const NEXT: [Phase; 3] = [Phase::Rebuilding, Phase::Writing, Phase::CatchingUp];

/// How the journal and the projections stand, and what is running.
pub(super) fn families(standing: &Standing) -> prometheus::Result<Vec<MetricFamily>> {
    let mut now = Now(Vec::new());
    now.build()?;
    if let Some(head) = standing.head {
        let help = "The position of the journal's last event.";
        now.gauge("plaudit_journal_head", help, head as f64)?;
    }
    now.of_projection(
        "plaudit_projection_position",
        "Up to which event a projection is folded.",
        standing.position as f64,
    )?;
    if let Some(lag) = standing.lag() {
        now.of_projection(
            "plaudit_projection_lag_events",
            "How many events are recorded and not folded yet.",
            lag as f64,
        )?;
    }
    if let Some(late) = standing.late {
        now.of_projection(
            "plaudit_projection_lag_seconds",
            "How long ago the first event was recorded that isn't folded yet; 0 where all are.",
            late.as_secs_f64(),
        )?;
    }
    now.of_projection(
        "plaudit_projection_progress_ratio",
        "How much of a phase is done before a projection serves; 1 for one that is live.",
        standing.progress(),
    )?;
    now.of_projection(
        "plaudit_projection_error",
        "1 while something keeps a projection from going on; the log says what.",
        f64::from(standing.phase.is_in_trouble()),
    )?;
    now.counted(
        "plaudit_projection_batches_total",
        "Batches that were folded since the projection serves, into all its generations.",
        standing.batches,
    )?;
    now.counted(
        "plaudit_projection_events_total",
        "Events that were folded since the projection serves, into all its generations.",
        standing.events,
    )?;
    let help = "1 for the phase that a projection is in, 0 for the others.";
    let phase = Some(standing.phase);
    now.phases("plaudit_projection_phase", help, phase, &Phase::ALL)?;
    if let Some(next) = &standing.next {
        now.next(next)?;
    }
    Ok(now.0)
}

impl Now {
    fn build(&mut self) -> prometheus::Result<()> {
        let options = Opts::new("plaudit_build_info", "1, with the version that is running.");
        let info = GaugeVec::new(options, &["version"])?;
        info.with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1.0);
        self.0.extend(info.collect());
        Ok(())
    }

    fn of_projection(&mut self, name: &str, help: &str, value: f64) -> prometheus::Result<()> {
        let gauges = GaugeVec::new(Opts::new(name, help), &["projection"])?;
        gauges.with_label_values(&[PROJECTION]).set(value);
        self.0.extend(gauges.collect());
        Ok(())
    }

    fn counted(&mut self, name: &str, help: &str, value: u64) -> prometheus::Result<()> {
        let counters = CounterVec::new(Opts::new(name, help), &["projection"])?;
        let counter = counters.with_label_values(&[PROJECTION]);
        counter.inc_by(value as f64);
        self.0.extend(counters.collect());
        Ok(())
    }

    /// What is to take the place of what people read.
    fn next(&mut self, next: &Next) -> prometheus::Result<()> {
        if let Some(underway) = next.underway {
            self.underway(underway)?;
        }
        let help = "1 for what is done to make the next generation, 0 for all else.";
        let phase = next.underway.map(|it| it.progress.work.into());
        self.phases("plaudit_projection_next_phase", help, phase, &NEXT)?;
        self.of_projection(
            "plaudit_projection_next_error",
            "1 while the last generation that was made couldn't be used; the log says why.",
            f64::from(next.has_failed),
        )?;
        if let Some(is_pending) = next.rules_pending {
            self.of_projection(
                "plaudit_projection_rules_pending",
                "1 while other rules are in force than those that people read by.",
                f64::from(is_pending),
            )?;
        }
        self.counted(
            "plaudit_projection_swaps_total",
            "How many times another generation was put in use, or the same one by other rules.",
            next.swaps,
        )?;
        self.counted(
            "plaudit_projection_renewal_failures_total",
            "How many times that failed.",
            next.failures,
        )
    }

    /// The generation that is being made.
    fn underway(&mut self, underway: Underway) -> prometheus::Result<()> {
        self.of_projection(
            "plaudit_projection_next_position",
            "Up to which event the next generation is folded.",
            underway.progress.position as f64,
        )?;
        self.of_projection(
            "plaudit_projection_next_progress_ratio",
            "How much of its phase is done.",
            underway.progress.ratio(),
        )?;
        self.of_projection(
            "plaudit_projection_next_per_second",
            "How many events are folded into it a second, or how many rows are written.",
            underway.per_second().unwrap_or(0.0),
        )
    }

    fn phases(
        &mut self,
        name: &str,
        help: &str,
        current: Option<Phase>,
        all: &[Phase],
    ) -> prometheus::Result<()> {
        let gauges = GaugeVec::new(Opts::new(name, help), &["projection", "phase"])?;
        for phase in all {
            let gauge = gauges.with_label_values(&[PROJECTION, phase.as_str()]);
            gauge.set(f64::from(Some(*phase) == current));
        }
        self.0.extend(gauges.collect());
        Ok(())
    }
}
