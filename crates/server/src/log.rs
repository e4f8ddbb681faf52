//! The log: lines on standard error, for people or for programs.

use std::io::{self, IsTerminal};
use std::panic;

use tracing_subscriber::EnvFilter;

use crate::cli::LogFormat;

/// What is logged where nothing is said: EventStoreDB's client says much, of which what matters is an error of ours.
const USUAL: &str = "info,eventstore=off,kurrentdb=off";

/// Logs from now on, as much as `PLAUDIT_LOG` says.
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_env("PLAUDIT_LOG").unwrap_or_else(|_| EnvFilter::new(USUAL));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        // It would say by `eprintln!`, which panics, that standard error was closed.
        .log_internal_errors(false);
    match format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => {
            log.json().flatten_event(true).with_span_list(false).init();
            // By itself it would write lines that aren't JSON.
            panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
        }
    }
}
