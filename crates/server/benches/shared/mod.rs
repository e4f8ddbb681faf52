//! What benchmarks of a server share.

#![allow(dead_code, reason = "not every benchmark uses all of it")]

pub mod client;
pub mod follower;
pub mod load;
pub mod process;
pub mod run;
