//! The API, from the text of an operation to the bytes of its answer.

#![allow(
    clippy::unwrap_used,
    reason = "what doesn't work in a test fails the test"
)]

mod batches;
mod community;
mod scenarios;
mod schema;
