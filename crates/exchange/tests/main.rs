//! Histories in and out, through the importers' public faces and a real journal.

mod community;
mod dump;
mod events;
mod malformed;
mod polis;
mod repeated;
mod sites;
mod story;
mod traps;
