//! Histories in and out, through the importers' public faces and a real journal.

#![allow(
    clippy::unwrap_used,
    reason = "what doesn't work in a test fails the test"
)]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at the events that it is about"
)]

mod archive;
mod community;
mod dump;
mod events;
mod groups;
mod later_exports;
mod malformed;
mod meetup;
mod polis;
mod repeated;
mod sites;
mod story;
mod tables;
mod traps;
