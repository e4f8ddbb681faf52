//! Whether a journal is whole: what each event has to be like, and what may be wrong with it.

use std::ops::RangeInclusive;

use plaudit_domain::fact::{AccountFact, DecodeError};
use plaudit_domain::{AccountId, Event, Fact, Position, StreamName, Time};
use uuid::Uuid;

use crate::keys::{Keyring, KeysError};
use crate::{Tell, sealing};

/// How much of a journal is inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Up to here.
    pub until: Position,
    /// Up to here whatever is recorded as erased has to be gone: whoever folds that sees to it.
    pub folded: Position,
}

/// What somebody is told who [inspects](crate::Journal::inspect) a journal.
#[derive(Debug)]
pub enum Inspected {
    /// All events up to here were looked at.
    UpTo(Position),
    /// Something is wrong.
    Flaw(Flaw),
}

/// Something that is wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    /// What keeps it says that it is damaged.
    #[error("the journal's file is damaged: {0}")]
    Damaged(String),
    /// There are no events at some positions before the last one.
    #[error("{} missing", places(.0))]
    Missing(RangeInclusive<i64>),
    /// An event isn't what it should be.
    #[error("event {position} {fault}")]
    Event {
        /// Its position.
        position: i64,
        /// What is wrong with it.
        fault: Fault,
    },
}

impl Flaw {
    /// The first position that it is about, if it is about one.
    pub fn position(&self) -> Option<i64> {
        match self {
            Self::Damaged(_) => None,
            Self::Missing(positions) => Some(*positions.start()),
            Self::Event { position, .. } => Some(*position),
        }
    }
}

fn places(positions: &RangeInclusive<i64>) -> String {
    match (positions.start(), positions.end()) {
        (start, end) if start == end => format!("event {start} is"),
        (start, end) => format!("events {start} to {end} are"),
    }
}

/// What is wrong with an event. It reads on from "event 17".
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Positions begin with 1.
    #[error("stands before the first")]
    BeforeFirst,
    /// Its envelope isn't one.
    #[error("can't be read: {0}")]
    Unreadable(String),
    /// Its body isn't what its type and version say.
    #[error("can't be read: {0}")]
    Undecodable(#[from] DecodeError),
    /// What happened belongs elsewhere.
    #[error("stands in stream {kept}, but belongs to {own}")]
    OtherStream {
        /// The stream that it is in.
        kept: StreamName,
        /// The stream that its body says.
        own: StreamName,
    },
    /// Whoever looks for its stream doesn't find it.
    #[error("isn't found in its stream {0}: the stream's key is another")]
    Unfindable(StreamName),
    /// Revisions of a stream are 0, 1, 2 … in the order of positions.
    #[error("has revision {found} in stream {stream}, where {expected} comes next")]
    Revision {
        /// Its stream.
        stream: String,
        /// What would be right.
        expected: i64,
        /// What it has.
        found: i64,
    },
    /// Positions of a stream ascend with its revisions.
    #[error("has a later revision in stream {stream} than event {later}, which comes after it")]
    Order {
        /// Its stream.
        stream: String,
        /// The event with the revision before.
        later: i64,
    },
    /// Ids are unique.
    #[error("has the id {id} of event {first}")]
    RepeatedId {
        /// The id.
        id: String,
        /// The other event.
        first: i64,
    },
    /// What was recorded up to a moment is all events up to some position.
    #[error("was recorded at {at}, before the event before it")]
    RecordedEarlier {
        /// When it was.
        at: Time,
    },
    /// Somebody was erased, and what is personal about them can still be read.
    #[error(
        "erases account {0}, whose keys are there all the same: older keys seem to have been put \
         back, and `plaudit rebuild` destroys them again"
    )]
    NotErased(AccountId),
    /// Something personal in it can't be read, and should be.
    #[error("has something personal that doesn't open: {0}")]
    Personal(#[from] Unopened),
}

/// Why a personal value doesn't open though its key wasn't destroyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// It is about nobody, so there never was a key.
    #[error("it is sealed, but about nobody")]
    Nobodys,
    /// There is no key, and never was one here.
    #[error("there is no key of its account, and none was destroyed: are these the right keys?")]
    NoKey,
    /// The key isn't one.
    #[error("the key of its account is damaged")]
    DamagedKey,
    /// The key isn't its key, or it was sealed elsewhere, or was changed.
    #[error("it was changed, or sealed for another place or with another key")]
    Changed,
    /// What was sealed isn't what its type says.
    #[error("what was sealed is malformed")]
    Malformed,
}

/// An event as it is kept, before anything about it is known.
pub(crate) struct Kept {
    pub position: Position,
    pub id: Uuid,
    pub stream: StreamName,
    pub revision: u64,
    pub occurred_at: Time,
    pub recorded_at: Time,
}

impl Kept {
    /// What is wrong with it, as far as it tells itself.
    async fn faults(
        self,
        fact: Result<Fact, DecodeError>,
        extent: Extent,
        keyring: &Keyring,
    ) -> Result<Vec<Fault>, KeysError> {
        let fact = match fact {
            Ok(fact) => fact,
            Err(error) => return Ok(vec![error.into()]),
        };
        let mut faults = Vec::new();
        let own = fact.stream();
        if own != self.stream {
            let kept = self.stream.clone();
            faults.push(Fault::OtherStream { kept, own });
        }
        if let Fact::Account(AccountFact::Erased(erased)) = &fact
            && self.position <= extent.folded
            && sealing::has_keys(keyring, erased).await?
        {
            faults.push(Fault::NotErased(erased.account));
        }
        let mut event = Event {
            position: self.position,
            id: self.id,
            stream: self.stream,
            revision: self.revision,
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            actor: None,
            correlation: None,
            causation: None,
            imported: false,
            fact,
        };
        let unopened = sealing::inspect(keyring, &mut event).await?;
        faults.extend(unopened.into_iter().map(Fault::from));
        Ok(faults)
    }
}

/// An event that was looked at: what it says of itself, and what was found wrong as it was read.
pub(crate) struct Looked {
    pub position: i64,
    pub recorded_at: Time,
    /// It, what its body says, and what else is wrong; or why it isn't even that.
    pub read: Result<Read, String>,
}

/// An event, what its body says, and what else was found wrong with it.
pub(crate) type Read = (Kept, Result<Fact, DecodeError>, Option<Fault>);

/// Looks at each event by itself, and at the one before it.
pub(crate) struct Bodies<'k> {
    extent: Extent,
    keyring: &'k Keyring,
    positions: Positions,
}

impl<'k> Bodies<'k> {
    pub fn new(extent: Extent, keyring: &'k Keyring) -> Self {
        Self {
            extent,
            keyring,
            positions: Positions::new(),
        }
    }

    /// The next one, in the order of positions.
    pub async fn look_at(&mut self, looked: Looked, tell: Tell<'_>) -> Result<(), KeysError> {
        let Looked {
            position,
            recorded_at,
            read,
        } = looked;
        if let Some(missing) = self.positions.missing_before(position) {
            tell(Inspected::Flaw(Flaw::Missing(missing)));
        }
        let before_first = (position < 1).then_some(Fault::BeforeFirst);
        let earlier = self.positions.is_earlier(recorded_at);
        let earlier = earlier.then_some(Fault::RecordedEarlier { at: recorded_at });
        let own = match read {
            Ok((event, fact, fault)) => {
                let mut faults = event.faults(fact, self.extent, self.keyring).await?;
                faults.extend(fault);
                faults
            }
            Err(error) => vec![Fault::Unreadable(error)],
        };
        for fault in before_first.into_iter().chain(earlier).chain(own) {
            tell(Inspected::Flaw(Flaw::Event { position, fault }));
        }
        if position % OFTEN == 0 {
            tell(Inspected::UpTo(position.cast_unsigned()));
        }
        Ok(())
    }

    /// There are no more.
    pub fn finish(mut self, tell: Tell<'_>) {
        let until = self.extent.until;
        let end = i64::try_from(until).unwrap_or(i64::MAX).saturating_add(1);
        if let Some(missing) = self.positions.missing_before(end) {
            tell(Inspected::Flaw(Flaw::Missing(missing)));
        }
        tell(Inspected::UpTo(until));
    }
}

/// How far it is, is told after so many events.
const OFTEN: i64 = 5_000;

/// Positions, one after the other: they are 1, 2, 3 …, and recorded in this order.
struct Positions {
    next: i64,
    recorded_at: Time,
}

impl Positions {
    fn new() -> Self {
        Self {
            next: 1,
            recorded_at: Time::from_micros(i64::MIN),
        }
    }

    /// The positions that are missing before this one.
    fn missing_before(&mut self, position: i64) -> Option<RangeInclusive<i64>> {
        let missing = self.next..=position.saturating_sub(1);
        self.next = self.next.max(position.saturating_add(1));
        (!missing.is_empty()).then_some(missing)
    }

    /// Whether an event was recorded before the last one; the next is measured against the later.
    fn is_earlier(&mut self, recorded_at: Time) -> bool {
        let is_earlier = recorded_at < self.recorded_at;
        self.recorded_at = self.recorded_at.max(recorded_at);
        is_earlier
    }
}

/// Events stream by stream, each in the order of revisions: these are 0, 1, 2 …
pub(crate) struct Revisions {
    last: Option<(Vec<u8>, i64, i64)>,
}

/// What is wrong with a revision, but for the stream's name.
pub(crate) enum WrongRevision {
    Expected(i64),
    Later(i64),
}

impl Revisions {
    pub fn new() -> Self {
        Self { last: None }
    }

    /// What is wrong with the next one.
    pub fn next(&mut self, stream: &[u8], revision: i64, position: i64) -> Option<WrongRevision> {
        let before = self.last.take().filter(|(last, ..)| last == stream);
        let (name, wrong) = match before {
            Some((name, last, _)) if revision != last.saturating_add(1) => {
                (name, Some(WrongRevision::Expected(last.saturating_add(1))))
            }
            Some((name, _, at)) if at > position => (name, Some(WrongRevision::Later(at))),
            Some((name, ..)) => (name, None),
            None => {
                let wrong = (revision != 0).then_some(WrongRevision::Expected(0));
                (stream.to_vec(), wrong)
            }
        };
        self.last = Some((name, revision, position));
        wrong
    }
}
