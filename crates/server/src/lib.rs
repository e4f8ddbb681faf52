//! The `plaudit` binary: its commands, HTTP and identity.

pub mod cli;
pub mod commands;
mod data;
mod eventstore;
pub mod health;
pub mod http;
pub mod identity;
mod log;
pub mod metrics;
mod progress;
mod replayed;
mod rules;
mod to_read;
