//! What is counted and timed, for Prometheus.
//!
//! No label has a value that a client chose: so there are never more series than stand here.

use std::time::{Duration, Instant};

use plaudit_api::{Answer, Kind, Outcome};
use poem::http::StatusCode;
use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

use crate::health::Standing;

mod journal;
mod moment;
mod process;
mod subscribed;

pub use journal::Measured;
pub use subscribed::Subscribed;

/// The upper bounds of what requests take, in seconds.
const REQUEST_SECONDS: [f64; 13] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// The upper bounds of what recording takes, in seconds: from a sync of a fast disk on.
const APPEND_SECONDS: [f64; 11] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5,
];

/// What this process counted and timed since it started.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    operations: IntCounterVec,
    operation_seconds: HistogramVec,
    errors: IntCounterVec,
    subscriptions: IntGauge,
    log_ins: IntCounterVec,
    appends: IntCounterVec,
    append_seconds: Histogram,
    appended: IntCounter,
}

/// What became of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogIn {
    /// It is good, and said nothing new.
    Known,
    /// It is good, and registered or changed an account.
    Recorded,
    /// It isn't good.
    Refused,
    /// It may be good: nobody can tell for now.
    Unverified,
    /// It is good, and the account couldn't be registered or changed.
    Failed,
}

impl LogIn {
    fn as_str(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Recorded => "recorded",
            Self::Refused => "refused",
            Self::Unverified => "unverified",
            Self::Failed => "failed",
        }
    }
}

impl Metrics {
    /// Nothing is counted yet.
    ///
    /// # Errors
    /// If two of them have the same name.
    pub fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let counters = |name: &str, help: &str, labels: &[&str]| {
            let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
            registered(&registry, counters)
        };
        let timed = |name: &str, help: &str, labels: &[&str]| {
            let buckets = REQUEST_SECONDS.to_vec();
            let options = HistogramOpts::new(name, help).buckets(buckets);
            registered(&registry, HistogramVec::new(options, labels)?)
        };
        Ok(Self {
            requests: counters(
                "plaudit_http_requests_total",
                "Requests that were answered.",
                &["endpoint", "status"],
            )?,
            request_seconds: timed(
                "plaudit_http_request_duration_seconds",
                "What it took to answer requests.",
                &["endpoint"],
            )?,
            operations: counters(
                "plaudit_graphql_operations_total",
                "GraphQL operations, by type and what became of them.",
                &["type", "outcome"],
            )?,
            operation_seconds: timed(
                "plaudit_graphql_operation_duration_seconds",
                "What GraphQL operations took.",
                &["type"],
            )?,
            errors: counters(
                "plaudit_graphql_errors_total",
                "Errors in GraphQL answers, by code; user errors are none.",
                &["code"],
            )?,
            subscriptions: registered(
                &registry,
                IntGauge::new(
                    "plaudit_graphql_subscriptions_open",
                    "Subscriptions that are followed now.",
                )?,
            )?,
            log_ins: counters(
                "plaudit_log_ins_total",
                "Requests with a token, by what became of it.",
                &["outcome"],
            )?,
            appends: counters(
                "plaudit_journal_appends_total",
                "Appends to the journal by this process, by what became of them.",
                &["outcome"],
            )?,
            append_seconds: {
                let (name, help) = (
                    "plaudit_journal_append_duration_seconds",
                    "What appends to the journal took.",
                );
                let options = HistogramOpts::new(name, help).buckets(APPEND_SECONDS.to_vec());
                registered(&registry, Histogram::with_opts(options)?)?
            },
            appended: registered(
                &registry,
                IntCounter::new(
                    "plaudit_journal_events_appended_total",
                    "Events that this process recorded.",
                )?,
            )?,
            registry,
        })
    }

    /// A request was answered.
    pub fn answered(&self, endpoint: &str, status: StatusCode, took: Duration) {
        let labels = [endpoint, status.as_str()];
        self.requests.with_label_values(&labels).inc();
        let seconds = self.request_seconds.with_label_values(&[endpoint]);
        seconds.observe(took.as_secs_f64());
    }

    /// An operation was executed or refused.
    pub fn operated(&self, answer: &Answer, took: Duration) {
        let kind = kind(answer.kind);
        let labels = [kind, outcome(answer)];
        self.operations.with_label_values(&labels).inc();
        let seconds = self.operation_seconds.with_label_values(&[kind]);
        seconds.observe(took.as_secs_f64());
        self.errors_of(answer);
    }

    fn errors_of(&self, answer: &Answer) {
        for code in &answer.codes {
            self.error(code);
        }
    }

    /// An answer has an error.
    pub fn error(&self, code: &str) {
        self.errors.with_label_values(&[code]).inc();
    }

    /// A request came with a token.
    pub fn logged_in(&self, outcome: LogIn) {
        self.log_ins.with_label_values(&[outcome.as_str()]).inc();
    }

    /// So many events were recorded, or none, by an append that began then.
    fn appended(&self, outcome: &str, recorded: usize, began: Instant) {
        self.appends.with_label_values(&[outcome]).inc();
        self.append_seconds.observe(began.elapsed().as_secs_f64());
        self.appended.inc_by(recorded as u64);
    }

    /// All of it, with how things stand now, in Prometheus' text format.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn text(&self, standing: &Standing) -> prometheus::Result<String> {
        let mut families = self.registry.gather();
        families.extend(moment::families(standing)?);
        families.extend(process::families()?);
        TextEncoder::new().encode_to_string(&families)
    }
}

/// What logs and metrics call a kind of operation.
pub fn kind(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Query) => "query",
        Some(Kind::Mutation) => "mutation",
        Some(Kind::Subscription) => "subscription",
        None => "unknown",
    }
}

fn outcome(answer: &Answer) -> &'static str {
    match answer.outcome {
        Outcome::Executed if answer.codes.is_empty() => "ok",
        // Our fault, which somebody has to look at.
        Outcome::Executed if answer.codes.iter().any(|code| code == "INTERNAL") => "failed",
        Outcome::Executed => "errors",
        Outcome::Refused => "refused",
        Outcome::NotAllowed => "not_allowed",
    }
}

fn registered<C: Collector + Clone + 'static>(
    registry: &Registry,
    collector: C,
) -> prometheus::Result<C> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

/// What is known only when somebody asks, as if it had been counted.
struct Now(Vec<MetricFamily>);

impl Now {
    fn gauge(&mut self, name: &str, help: &str, value: f64) -> prometheus::Result<()> {
        let gauge = prometheus::Gauge::new(name, help)?;
        gauge.set(value);
        self.0.extend(gauge.collect());
        Ok(())
    }

    fn counter(&mut self, name: &str, help: &str, value: f64) -> prometheus::Result<()> {
        let counter = prometheus::Counter::new(name, help)?;
        counter.inc_by(value);
        self.0.extend(counter.collect());
        Ok(())
    }
}
