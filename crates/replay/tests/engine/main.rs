//! The engine on real journals and stores.

#![allow(
    clippy::unwrap_used,
    reason = "what doesn't work in a test fails the test"
)]

mod activating;
mod as_of;
mod at_once;
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
mod moments;
mod naive;
mod naive_preview;
mod postgres;
mod preview;
mod previews;
mod renewing;
mod standings;
mod swapping;
mod tables;
mod timelines;
mod told;
mod verifying;
