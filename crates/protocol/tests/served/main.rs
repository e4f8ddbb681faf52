//! EventStoreDB's protocol, as its clients see it: those that were not written here.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![allow(clippy::wildcard_enum_match_arm, reason = "the enums are the client's")]

mod following;
mod given;
mod reading;
mod refusing;
mod slow;
