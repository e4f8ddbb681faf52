//! History in and out.
//!
//! What other communities kept comes in as the events that would have been recorded had it
//! happened here: [`stack_exchange`], [`polis`], [`meetup`]. What was recorded here goes out, and comes in
//! again elsewhere: [`events`].
//!
//! Every importer is a plain function on a thread of its own. It reads its files, and gives
//! events in the order in which they are to be recorded to a [`feed`]; that takes them to the
//! journal in batches and counts what became of every row. Whatever is too large to keep in
//! memory is in a [`scratch`] file meanwhile.
//!
//! Importing again records nothing: ids are derived from those that things had where they were.

pub mod archive;
pub mod cells;
pub mod copy;
mod csv_file;
pub mod error;
pub mod events;
mod feed;
pub mod lines;
pub mod meetup;
mod parquet_file;
pub mod polis;
pub mod progress;
mod scratch;
pub mod stack_exchange;
pub mod summary;
pub mod tables;

pub use error::{ImportError, Malformed};
pub use progress::{Phase, Progress, Unwatched};
pub use summary::Summary;
