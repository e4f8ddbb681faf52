//! The client's crate, by whichever name it goes: the only file that names `kurrentdb` and `eventstore`.
//!
//! `kurrentdb` is what `eventstore` is called since.

#[cfg(not(feature = "eventstore"))]
mod client {
    pub use kurrentdb::*;

    use crate::eventstore::client::After;

    /// Appends where the stream is like that.
    pub fn expecting(after: After) -> AppendToStreamOptions {
        AppendToStreamOptions::default().stream_state(match after {
            After::Nothing => StreamState::NoStream,
            After::Revision(revision) => StreamState::StreamRevision(revision),
        })
    }

    /// The name of an event's stream.
    pub fn stream_of(event: &RecordedEvent) -> &str {
        event.stream_id()
    }
}

#[cfg(feature = "eventstore")]
mod client {
    pub use eventstore::*;

    use crate::eventstore::client::After;

    /// Appends where the stream is like that.
    pub fn expecting(after: After) -> AppendToStreamOptions {
        AppendToStreamOptions::default().expected_revision(match after {
            After::Nothing => ExpectedRevision::NoStream,
            After::Revision(revision) => ExpectedRevision::Exact(revision),
        })
    }

    /// The name of an event's stream.
    pub fn stream_of(event: &RecordedEvent) -> &str {
        &event.stream_id
    }
}

pub use self::client::{
    Client, ClientSettings, CurrentRevision, Error, EventData, Position, ReadAllOptions,
    ReadStreamOptions, RecordedEvent, Result, StreamPosition, expecting, stream_of,
};
