//! How long work tells how far it is: a bar on a terminal, or JSON lines.

use std::fmt;
use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use plaudit_exchange::{Phase, Progress};
use plaudit_replay::verify::Stage;
use plaudit_replay::{Work, preview};
use serde_json::json;

use crate::cli::Report;

/// So often JSON lines come.
const EVERY: Duration = Duration::from_millis(500);

/// Shows one stretch of work after another.
pub struct Shown {
    to: To,
    phase: &'static str,
    /// What it is done to.
    table: Option<&'static str>,
    began: Instant,
}

enum To {
    Nobody,
    Bar(ProgressBar),
    Json { last: Instant },
}

impl Shown {
    /// Shows progress the way that was asked for. A bar only shows on a terminal.
    pub fn new(report: Report) -> Self {
        let now = Instant::now();
        Self {
            to: if report.json {
                To::Json { last: now }
            } else {
                To::Bar(ProgressBar::hidden())
            },
            phase: "",
            table: None,
            began: now,
        }
    }

    /// Shows nothing.
    pub fn to_nobody() -> Self {
        Self {
            to: To::Nobody,
            phase: "",
            table: None,
            began: Instant::now(),
        }
    }

    fn at(&mut self, phase: &'static str, style: &str, done: u64, total: Option<u64>) {
        self.at_table(phase, None, style, done, total);
    }

    fn at_table(
        &mut self,
        phase: &'static str,
        table: Option<&'static str>,
        style: &str,
        done: u64,
        total: Option<u64>,
    ) {
        if (self.phase, self.table) != (phase, table) {
            self.begin(phase, table, style, total);
        }
        match &mut self.to {
            To::Nobody => {}
            To::Bar(bar) => {
                if let Some(total) = total {
                    bar.set_length(total);
                }
                bar.set_position(done);
            }
            To::Json { last } => {
                if last.elapsed() >= EVERY || Some(done) == total {
                    *last = Instant::now();
                    let seconds = self.began.elapsed().as_secs_f64().max(0.001);
                    let rate = done as f64 / seconds;
                    let left = total.map(|total| total.saturating_sub(done) as f64 / rate.max(1.0));
                    let mut told = json!({
                        "phase": phase,
                        "done": done,
                        "total": total,
                        "per_second": rate.round(),
                        "seconds_left": left.map(f64::round),
                    });
                    if let Some(table) = table {
                        told["table"] = table.into();
                    }
                    line(&told);
                }
            }
        }
    }

    fn begin(
        &mut self,
        phase: &'static str,
        table: Option<&'static str>,
        style: &str,
        total: Option<u64>,
    ) {
        self.finish();
        (self.phase, self.table) = (phase, table);
        self.began = Instant::now();
        if let To::Bar(bar) = &mut self.to {
            let template = format!("{{msg:10}} {{bar:30}} {style}");
            let style = ProgressStyle::with_template(&template);
            *bar = ProgressBar::new(total.unwrap_or(0))
                .with_message(table.unwrap_or(phase))
                .with_style(
                    style
                        .unwrap_or_else(|_| ProgressStyle::default_bar())
                        .with_key(
                            "rate",
                            |state: &ProgressState, text: &mut dyn fmt::Write| {
                                // What can't be shown isn't missed.
                                let _ = write!(text, "{}/s", HumanCount(state.per_sec() as u64));
                            },
                        ),
                );
        }
    }

    /// Does something that writes to the terminal, too.
    fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.to {
            To::Bar(bar) => bar.suspend(write),
            To::Nobody | To::Json { .. } => write(),
        }
    }

    /// Ends what is shown.
    pub fn finish(&mut self) {
        if let To::Bar(bar) = &self.to {
            bar.finish_and_clear();
        }
        self.phase = "";
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        // What fails is told after it, and not beside a bar.
        self.finish();
    }
}

impl Progress for Shown {
    fn at(&mut self, phase: Phase, done: u64, total: Option<u64>) {
        match phase {
            Phase::Reading => Self::at(self, "reading", BYTES, done, total),
            Phase::Recording => Self::at(self, "recording", EVENTS, done, total),
            Phase::Checking => Self::at(self, "checking", EVENTS, done, total),
            Phase::Copying => Self::at(self, "copying", EVENTS, done, total),
            Phase::Comparing => Self::at(self, "comparing", EVENTS, done, total),
            Phase::Writing(table) => {
                self.at_table("writing", Some(table), EVENTS, done, total);
            }
        }
    }
}

const BYTES: &str = "{bytes}/{total_bytes} {bytes_per_sec}, {eta} left";
const ROWS: &str = "{human_pos}/{human_len} rows {rate}, {eta} left";
const EVENTS: &str = "{human_pos}/{human_len} {rate}, {eta} left";

/// Shows how far a fold is.
pub struct Folding {
    shown: Shown,
    told: Box<dyn FnMut(plaudit_replay::Progress) + Send>,
}

impl Folding {
    /// Shows it the way that was asked for.
    pub fn new(report: Report) -> Self {
        Self::telling(report, |_| ())
    }

    /// The same, and tells somebody else.
    pub fn telling(
        report: Report,
        told: impl FnMut(plaudit_replay::Progress) + Send + 'static,
    ) -> Self {
        Self {
            shown: Shown::new(report),
            told: Box::new(told),
        }
    }

    /// It is so far.
    pub fn at(&mut self, progress: plaudit_replay::Progress) {
        let (phase, style) = match progress.work {
            Work::Rebuilding | Work::CatchingUp => ("folding", EVENTS),
            Work::Writing { .. } => ("writing", ROWS),
        };
        let (done, all) = (progress.done(), progress.all());
        self.shown.at(phase, style, done, Some(all));
        (self.told)(progress);
    }

    /// Ends what is shown.
    pub fn finish(&mut self) {
        self.shown.finish();
    }
}

/// Shows how far verifying is.
pub struct Verifying(Shown);

impl Verifying {
    /// Shows it the way that was asked for.
    pub fn new(report: Report) -> Self {
        Self(Shown::new(report))
    }

    /// A stage is so far.
    pub fn at(&mut self, stage: Stage, done: u64, total: Option<u64>) {
        let (phase, style) = match stage {
            Stage::Inspecting => ("inspecting", EVENTS),
            Stage::Replaying => ("replaying", EVENTS),
            Stage::Writing => ("writing", ROWS),
            Stage::Comparing => ("comparing", "{human_pos} rows {rate}"),
            Stage::Counting => ("counting", "{human_pos}/{human_len} figures"),
        };
        self.0.at(phase, style, done, total);
    }

    /// Does something that writes to the terminal, too.
    pub fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.0.aside(write)
    }

    /// Ends what is shown.
    pub fn finish(&mut self) {
        self.0.finish();
    }
}

/// Shows how far a preview of rules is.
pub struct Previewing(Shown);

impl Previewing {
    /// Shows it the way that was asked for.
    pub fn new(report: Report) -> Self {
        Self(Shown::new(report))
    }

    /// It is so far.
    pub fn at(&mut self, progress: preview::Progress) {
        let preview::Progress { stage, done, total } = progress;
        let (phase, style) = match stage {
            preview::Stage::Replaying => ("replaying", EVENTS),
            preview::Stage::Writing => ("writing", ROWS),
            preview::Stage::Comparing => ("comparing", "{human_pos} profiles {rate}"),
        };
        self.0.at(phase, style, done, total);
    }

    /// Ends what is shown.
    pub fn finish(&mut self) {
        self.0.finish();
    }
}

/// Prints a line of JSON. Who doesn't read it doesn't want it.
pub fn line(value: &serde_json::Value) {
    let _ = writeln!(std::io::stdout(), "{value}");
}
