//! Every journal keeps one contract: [`contract`] is what it says, and a module for each journal
//! runs it there.
#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod contract;
#[cfg(any(feature = "eventstore", feature = "kurrentdb"))]
mod eventstore;
mod given;
mod keyrings;
mod keys;
mod meddling;
mod postgres;
mod proxy;
mod sqlite;
