//! The API, from the text of an operation to the bytes of its answer.

#![allow(
    clippy::unwrap_used,
    reason = "what doesn't work in a test fails the test"
)]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the enums of GraphQL are as good as closed"
)]

mod as_of;
mod batches;
mod community;
mod events;
mod following;
mod following_changes;
mod following_notifications;
mod history;
mod limits;
mod lozenges;
mod meetings;
mod people;
mod privacy;
mod renewing;
mod repeated;
mod scenarios;
mod schema;
