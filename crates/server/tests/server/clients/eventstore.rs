//! The crate `eventstore`, as a program.
#![allow(clippy::wildcard_enum_match_arm, reason = "the enum is the client's")]

use eventstore as client;

fn stream_of(event: &RecordedEvent) -> &str {
    &event.stream_id
}

include!("follow.rs");
