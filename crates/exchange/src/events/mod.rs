//! Recorded events out and in again: NDJSON, an event a line, or CSV and Parquet to look at.
//!
//! ```json
//! {"position":1,"id":"…","stream":"account-…","revision":0,"type":"AccountRegistered","version":1,
//!  "occurred_at":"2026-01-31T12:00:00Z","recorded_at":"2026-01-31T12:00:00Z","data":{…}}
//! ```
//!
//! Coming in, position, revision and recorded_at are the other journal's, and not looked at; they
//! may be absent, as may actor, correlation_id and causation_id. A key that isn't one of these is
//! refused: a mistyped one would be lost silently.

mod export;
mod import;
mod known;
mod line;

pub(crate) use export::Wanted;
pub use export::{ExportError, Options, TABLE, export, shape};
pub use import::{Source, import};
pub(crate) use line::{EventLine, Recorded};
