//! The server as its clients see it, and the binary as whoever runs it does.

#![allow(
    clippy::unwrap_used,
    reason = "what doesn't work in a test fails the test"
)]

mod audit;
mod calendars;
mod cli;
mod exposition;
mod following;
mod graphql;
mod listening;
mod login;
mod pages;
mod persisted;
mod protection;
mod provider;
mod served;
mod tidy;
mod tokens;
mod watching;
mod websockets;
