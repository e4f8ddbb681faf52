//! The crate `kurrentdb`, which is what `eventstore` is called since, as a program.
#![allow(clippy::wildcard_enum_match_arm, reason = "the enum is the client's")]

use kurrentdb as client;

fn stream_of(event: &RecordedEvent) -> &str {
    event.stream_id()
}

include!("follow.rs");
