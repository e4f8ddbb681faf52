//! The engine on real journals and stores.

#![allow(
    clippy::unwrap_used,
    reason = "what doesn't work in a test fails the test"
)]

mod community;
mod equality;
mod folder;
mod generations;
mod histories;
mod kudos;
mod labels;
mod linking;
mod live;
mod meddling;
mod meetings;
mod naive;
mod standings;
mod tables;
mod told;
mod verifying;
