//! Operations that are followed.

use std::sync::Arc;

use plaudit_api::{Answer, Kind};

use super::{Metrics, kind, outcome};

/// A subscription. It is counted as one operation once it is over, whoever ends it, by what became of its
/// latest answer; until then, as one that is open. For how long somebody follows says nothing of the server: so
/// it isn't timed.
pub struct Subscribed {
    metrics: Arc<Metrics>,
    outcome: &'static str,
}

impl Subscribed {
    /// It begins.
    pub fn begin(metrics: Arc<Metrics>) -> Self {
        metrics.subscriptions.inc();
        Self {
            metrics,
            outcome: "ok",
        }
    }

    /// An answer came.
    pub fn answered(&mut self, answer: &Answer) {
        self.outcome = outcome(answer);
        self.metrics.errors_of(answer);
    }
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        self.metrics.subscriptions.dec();
        let labels = [kind(Some(Kind::Subscription)), self.outcome];
        self.metrics.operations.with_label_values(&labels).inc();
    }
}
