//! How things stand at the moment: the journal's head, and each projection.

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{CounterVec, GaugeVec, Opts};

use super::Now;
use crate::health::{PROJECTION, Phase, Standing};

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
    if let Some(progress) = standing.progress() {
        now.of_projection(
            "plaudit_projection_progress_ratio",
            "How far a projection is that is rebuilt or caught up; 1 for one that is live.",
            progress,
        )?;
    }
    now.of_projection(
        "plaudit_projection_error",
        "1 while something keeps a projection from going on; the log says what.",
        f64::from(standing.phase.is_in_trouble()),
    )?;
    now.counted(
        "plaudit_projection_batches_total",
        "Batches that were folded since the projection serves.",
        standing.batches,
    )?;
    now.counted(
        "plaudit_projection_events_total",
        "Events that were folded since the projection serves.",
        standing.events,
    )?;
    now.phases(standing.phase)?;
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

    fn phases(&mut self, current: Phase) -> prometheus::Result<()> {
        let help = "1 for the phase that a projection is in, 0 for the others.";
        let options = Opts::new("plaudit_projection_phase", help);
        let gauges = GaugeVec::new(options, &["projection", "phase"])?;
        for phase in Phase::ALL {
            let gauge = gauges.with_label_values(&[PROJECTION, phase.as_str()]);
            gauge.set(f64::from(phase == current));
        }
        self.0.extend(gauges.collect());
        Ok(())
    }
}
