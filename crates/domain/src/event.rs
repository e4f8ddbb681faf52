//! A fact with its envelope: who, when, where in the history, and by which request.

use uuid::Uuid;

use crate::fact::Fact;
use crate::id::AccountId;
use crate::stream::StreamName;
use crate::time::Time;

/// The place of an event in the whole history: 1, 2, 3 … without gaps. 0 is before the first.
pub type Position = u64;

/// A recorded event. Immutable from here on.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its place in the whole history.
    pub position: Position,
    /// Its identity: recording the same id again records nothing.
    pub id: Uuid,
    /// The stream it belongs to.
    pub stream: StreamName,
    /// Its place in its stream: 0, 1, 2 …
    pub revision: u64,
    /// When it happened. Rules and windows go by this.
    pub occurred_at: Time,
    /// When it was written down.
    pub recorded_at: Time,
    /// The account that the request was made as; none for imports.
    pub actor: Option<AccountId>,
    /// The request that it came from.
    pub correlation: Option<Uuid>,
    /// The event or command that caused it.
    pub causation: Option<Uuid>,
    /// Whether it came with a history from elsewhere: to nobody here it is news.
    pub imported: bool,
    /// What happened.
    pub fact: Fact,
}

/// An event before it is recorded: its position, revision and time of recording are the journal's.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Its identity: recording the same id again records nothing.
    pub id: Uuid,
    /// When it happened.
    pub occurred_at: Time,
    /// The account that the request was made as; none for imports.
    pub actor: Option<AccountId>,
    /// The request that it came from.
    pub correlation: Option<Uuid>,
    /// The event or command that caused it.
    pub causation: Option<Uuid>,
    /// Whether it came with a history from elsewhere: to nobody here it is news.
    pub imported: bool,
    /// What happened.
    pub fact: Fact,
}
