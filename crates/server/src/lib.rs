//! The `plaudit` binary: its commands, HTTP and identity.

pub mod cli;
pub mod commands;
mod data;
pub mod http;
pub mod identity;
mod progress;
mod rules;
