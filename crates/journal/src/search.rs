//! Looking for events: by type, stream, actor and time, from any position on, forward or backward.

use plaudit_domain::{AccountId, Event, Position, StreamName, Time};

use crate::{Journal, JournalError};

/// The most events that one [search](Journal::search) looks at: then it says where to go on.
pub const LOOKED_AT: usize = 10_000;

/// So many are read at once where there is nothing to find them by.
const BATCH: usize = 1_000;

/// Which events are looked for. All that is said has to hold; an empty list says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The stored name of its type is one of these.
    pub types: Vec<String>,
    /// Its stream is one of these.
    pub streams: Vec<Streams>,
    /// It was requested as one of these accounts.
    pub actors: Vec<AccountId>,
    /// When it happened.
    pub occurred: Span,
    /// When it was recorded.
    pub recorded: Span,
}

/// Some streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Streams {
    /// The one of this name.
    Named(StreamName),
    /// All of a [category](StreamName::category_of).
    Of(&'static str),
}

/// Times from one on and before another, as far as they are said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// From then on.
    pub from: Option<Time>,
    /// Before then.
    pub to: Option<Time>,
}

/// What a filter looks at of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outline<'a> {
    pub(crate) name: &'a str,
    pub(crate) stream: &'a str,
    pub(crate) actor: Option<AccountId>,
    pub(crate) occurred_at: Time,
    pub(crate) recorded_at: Time,
}

/// A part of the history: what comes after a position, up to and with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The position before the first.
    pub after: Position,
    /// The last position.
    pub until: Position,
}

/// Which way the history is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The oldest first.
    Forward,
    /// The newest first.
    Backward,
}

/// What is looked for, and where.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// Which events.
    pub filter: &'a Filter,
    /// Only there.
    pub within: Stretch,
    /// Which of them first.
    pub direction: Direction,
    /// So many at most.
    pub limit: usize,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The events, in the direction of the search.
    pub events: Vec<Event>,
    /// What wasn't looked at: to go on, look there. None where there is nothing more.
    pub rest: Option<Stretch>,
}

impl Filter {
    /// Whether an event is one of those that are looked for.
    pub fn admits(&self, event: &Event) -> bool {
        self.admits_outline(Outline {
            name: event.fact.stored_type().0,
            stream: event.stream.as_str(),
            actor: event.actor,
            occurred_at: event.occurred_at,
            recorded_at: event.recorded_at,
        })
    }

    pub(crate) fn admits_outline(&self, event: Outline<'_>) -> bool {
        let Self {
            types,
            streams,
            actors,
            occurred,
            recorded,
        } = self;
        let is_by = |actor| actors.contains(&actor);
        (types.is_empty() || types.iter().any(|name| name == event.name))
            && (streams.is_empty() || streams.iter().any(|streams| streams.has(event.stream)))
            && (actors.is_empty() || event.actor.is_some_and(is_by))
            && occurred.contains(event.occurred_at)
            && recorded.contains(event.recorded_at)
    }
}

impl Filter {
    /// How much of an event has to be looked at, besides when it was recorded.
    pub(crate) fn conditions(&self) -> usize {
        let said = [
            !self.types.is_empty(),
            !self.streams.is_empty(),
            !self.actors.is_empty(),
            self.occurred != Span::default(),
        ];
        said.into_iter().filter(|said| *said).count()
    }
}

impl Streams {
    fn has(&self, stream: &str) -> bool {
        match self {
            Self::Named(name) => name.as_str() == stream,
            Self::Of(category) => StreamName::category_of(stream) == Some(category),
        }
    }
}

impl Span {
    /// Whether a moment is within it.
    pub fn contains(&self, at: Time) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }
}

impl Stretch {
    /// Everything up to and with a position.
    pub fn until(until: Position) -> Self {
        Self { after: 0, until }
    }

    /// Whether it has no position.
    pub fn is_empty(self) -> bool {
        self.after >= self.until
    }

    /// The same, if there is anything in it.
    pub fn non_empty(self) -> Option<Self> {
        (!self.is_empty()).then_some(self)
    }

    /// What is left of it behind a position, going that way.
    pub fn behind(self, position: Position, direction: Direction) -> Self {
        match direction {
            Direction::Forward => Self {
                after: position.max(self.after),
                ..self
            },
            Direction::Backward => Self {
                until: position.saturating_sub(1).min(self.until),
                ..self
            },
        }
    }

    /// Whether a position is in it.
    pub fn contains(self, position: Position) -> bool {
        self.after < position && position <= self.until
    }

    /// What is left of it up to and with a position, going that way.
    pub(crate) fn up_to(self, position: Position, direction: Direction) -> Self {
        match direction {
            Direction::Forward => Self {
                until: position.min(self.until),
                ..self
            },
            Direction::Backward => Self {
                after: position.saturating_sub(1).max(self.after),
                ..self
            },
        }
    }

    /// Its first positions, going that way; at most so many.
    pub(crate) fn first(self, count: usize, direction: Direction) -> Self {
        let count = Position::try_from(count).unwrap_or(Position::MAX);
        match direction {
            Direction::Forward => Self {
                until: self.after.saturating_add(count).min(self.until),
                ..self
            },
            Direction::Backward => Self {
                after: self.until.saturating_sub(count).max(self.after),
                ..self
            },
        }
    }

    /// The last of its positions, going that way.
    pub(crate) fn end(self, direction: Direction) -> Position {
        match direction {
            Direction::Forward => self.until,
            Direction::Backward => self.after + 1,
        }
    }
}

impl Search<'_> {
    /// What is to be looked at, of what there is.
    pub(crate) fn until(&self, head: Position) -> Option<Stretch> {
        let within = Stretch {
            until: self.within.until.min(head),
            ..self.within
        };
        within.non_empty().filter(|_| self.limit > 0)
    }
}

impl Found {
    pub(crate) fn nothing() -> Self {
        Self {
            events: Vec::new(),
            rest: None,
        }
    }
}

/// Looks at one event after the other.
pub(crate) async fn scan<J: Journal + ?Sized>(
    journal: &J,
    search: &Search<'_>,
) -> Result<Found, JournalError> {
    let direction = search.direction;
    let Some(mut rest) = search.until(journal.head().await?) else {
        return Ok(Found::nothing());
    };
    let mut events = Vec::new();
    for _ in 0..LOOKED_AT / BATCH {
        let next = rest.first(BATCH, direction);
        let mut read = journal.read_all(next.after, BATCH).await?;
        read.retain(|event| event.position <= next.until);
        if direction == Direction::Backward {
            read.reverse();
        }
        for event in read.into_iter().filter(|event| search.filter.admits(event)) {
            rest = rest.behind(event.position, direction);
            events.push(event);
            if events.len() == search.limit {
                let rest = rest.non_empty();
                return Ok(Found { events, rest });
            }
        }
        rest = rest.behind(next.end(direction), direction);
        if rest.is_empty() {
            break;
        }
    }
    let rest = rest.non_empty();
    Ok(Found { events, rest })
}
