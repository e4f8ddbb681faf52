//! How the server stands: what it does before it can serve, and how far its read models are.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;
use plaudit_domain::{Position, Time};
use plaudit_journal::SharedJournal;
use plaudit_replay::renewal::Underway;
use plaudit_replay::{Community, Progress, Work};
use tokio::time::timeout;

/// What the read models are called where each projection is told of: so far they are folded together.
pub const PROJECTION: &str = "read_models";

/// Read models that are further behind than this are not caught up. Less is the time that an event
/// takes to be folded, or a burst of them.
const LATE: Duration = Duration::from_secs(5);

/// Whoever asks how it stands isn't kept waiting for a journal that can't be reached just now.
const SOON: Duration = Duration::from_secs(1);

/// How the server stands, from its first moment on.
pub struct Health(Mutex<At>);

#[derive(Clone)]
enum At {
    Opening,
    Folding(Folding),
    Serving(Arc<Community>),
}

/// A fold on the way to its end, before anybody is served.
#[derive(Clone)]
struct Folding {
    journal: SharedJournal,
    underway: Underway,
}

/// How a projection stands at a moment.
#[derive(Debug, Clone)]
pub struct Standing {
    /// What it does.
    pub phase: Phase,
    /// Up to where it is folded.
    pub position: Position,
    /// Where the journal ends, if that can be told.
    pub head: Option<Position>,
    /// How long ago the first event was recorded that isn't folded yet; nothing where all are. Not
    /// known where the journal can't be read.
    pub late: Option<Duration>,
    /// How far it is on its way to the end, before anybody is served.
    pub underway: Option<Underway>,
    /// How many batches it folded since it serves.
    pub batches: u64,
    /// How many events those had.
    pub events: u64,
    /// What is to take the place of what people read, where that is renewed.
    pub next: Option<Next>,
}

/// How those stand that are to take the place of what people read.
#[derive(Debug, Clone)]
pub struct Next {
    /// The generation that is made, if one is.
    pub underway: Option<Underway>,
    /// Whether other rules are in force than those that people read by; not known where the journal can't be
    /// read.
    pub rules_pending: Option<bool>,
    /// How many times people were given others to read.
    pub swaps: u64,
    /// How many times that failed,
    pub failures: u64,
    /// and whether it did the last time.
    pub has_failed: bool,
}

/// What a projection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// What is needed to begin is being opened.
    Opening,
    /// All of it is made anew.
    Rebuilding,
    /// All that was made is written.
    Writing,
    /// It folds what it has missed.
    CatchingUp,
    /// It folds what comes.
    Live,
    /// Another process folds what comes, and it shows that.
    Following,
    /// It is read as it is, and not folded here.
    ReadOnly,
    /// Something is in its way, and it tries again.
    Interrupted,
    /// Something is in its way for good.
    Stopped,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Opening,
        Self::Rebuilding,
        Self::Writing,
        Self::CatchingUp,
        Self::Live,
        Self::Following,
        Self::ReadOnly,
        Self::Interrupted,
        Self::Stopped,
    ];

    /// What programs call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Rebuilding => "rebuilding",
            Self::Writing => "writing",
            Self::CatchingUp => "catching_up",
            Self::Live => "live",
            Self::Following => "following",
            Self::ReadOnly => "read_only",
            Self::Interrupted => "interrupted",
            Self::Stopped => "stopped",
        }
    }

    /// Whether something is in its way.
    pub fn is_in_trouble(self) -> bool {
        match self {
            Self::Interrupted | Self::Stopped => true,
            Self::Opening
            | Self::Rebuilding
            | Self::Writing
            | Self::CatchingUp
            | Self::Live
            | Self::Following
            | Self::ReadOnly => false,
        }
    }
}

impl From<Work> for Phase {
    fn from(work: Work) -> Self {
        match work {
            Work::Rebuilding => Self::Rebuilding,
            Work::Writing { .. } => Self::Writing,
            Work::CatchingUp => Self::CatchingUp,
        }
    }
}

impl Health {
    /// The server has just started.
    pub fn opening() -> Self {
        Self(Mutex::new(At::Opening))
    }

    /// Folding what a journal has is so far.
    pub fn folding(&self, journal: &SharedJournal, now: Progress) {
        let mut at = self.0.lock();
        if let At::Folding(folding) = &mut *at
            && now.continues(&folding.underway.progress)
        {
            folding.underway.progress = now;
            return;
        }
        *at = At::Folding(Folding {
            journal: journal.clone(),
            underway: Underway {
                progress: now,
                since: Instant::now(),
                first: now.done(),
            },
        });
    }

    /// It serves a community.
    pub fn serving(&self, community: Arc<Community>) {
        *self.0.lock() = At::Serving(community);
    }

    /// How it stands.
    pub async fn look(&self) -> Standing {
        let at = self.0.lock().clone();
        match at {
            At::Opening => Standing::new(Phase::Opening),
            At::Folding(folding) => folding.standing().await,
            At::Serving(community) => serving(&community).await,
        }
    }
}

impl Folding {
    async fn standing(&self) -> Standing {
        let Progress {
            work,
            position,
            head,
        } = self.underway.progress;
        Standing {
            position,
            head: Some(head),
            late: late(&self.journal, position, head).await,
            underway: Some(self.underway),
            ..Standing::new(work.into())
        }
    }
}

async fn serving(community: &Community) -> Standing {
    if community.is_read_only() {
        let position = community.folded().position;
        return Standing {
            position,
            head: Some(position),
            late: Some(Duration::ZERO),
            ..Standing::new(Phase::ReadOnly)
        };
    }
    let journal = community.journal();
    // Before the position, so that what is recorded in between doesn't look like a lag.
    let head = timeout(SOON, journal.head()).await;
    let head = head.ok().and_then(Result::ok);
    let folded = community.folded();
    let late = match head {
        Some(head) => late(journal, folded.position, head).await,
        None => None,
    };
    let phase = match &folded.trouble {
        Some(_) if folded.stopped => Phase::Stopped,
        Some(_) => Phase::Interrupted,
        None if late.is_some_and(|late| late >= LATE) => Phase::CatchingUp,
        None if folded.follows => Phase::Following,
        None => Phase::Live,
    };
    Standing {
        position: folded.position,
        head,
        late,
        batches: folded.batches,
        events: folded.events,
        next: next(community).await,
        ..Standing::new(phase)
    }
}

/// What is to take the place of what people read, where that is renewed.
async fn next(community: &Community) -> Option<Next> {
    let renewing = community.renewal()?.state();
    let in_force = community.activations().rules().await.ok();
    let read_by = community.read_models().rules().clone();
    Some(Next {
        underway: renewing.work,
        rules_pending: in_force.map(|rules| rules.hash() != read_by.hash()),
        swaps: renewing.swaps,
        failures: renewing.failures,
        has_failed: renewing.failure.is_some(),
    })
}

/// How long ago the first event was recorded that isn't folded yet.
async fn late(journal: &SharedJournal, position: Position, head: Position) -> Option<Duration> {
    if position >= head {
        return Some(Duration::ZERO);
    }
    let next = journal.read_all(position, 1).await.ok()?;
    let recorded = next.first()?.recorded_at.as_micros();
    let now = Time::from(SystemTime::now()).as_micros();
    let micros = u64::try_from(now.saturating_sub(recorded));
    Some(Duration::from_micros(micros.unwrap_or(0)))
}

impl Standing {
    fn new(phase: Phase) -> Self {
        Self {
            phase,
            position: 0,
            head: None,
            late: None,
            underway: None,
            batches: 0,
            events: 0,
            next: None,
        }
    }

    /// How many events are recorded and not folded yet.
    pub fn lag(&self) -> Option<u64> {
        Some(self.head?.saturating_sub(self.position))
    }

    /// How much of what it does is done, from 0 to 1, on its way to the end.
    pub fn progress(&self) -> f64 {
        match (&self.underway, self.phase) {
            (Some(underway), _) => underway.progress.ratio(),
            (None, Phase::Opening) => 0.0,
            (None, Phase::CatchingUp) => {
                let head = self.head.unwrap_or(self.position) as f64;
                self.position as f64 / head.max(1.0)
            }
            (
                None,
                Phase::Rebuilding
                | Phase::Writing
                | Phase::Live
                | Phase::Following
                | Phase::ReadOnly
                | Phase::Interrupted
                | Phase::Stopped,
            ) => 1.0,
        }
    }

    /// Why the server shouldn't be asked now; nothing if it may. What exactly is wrong is for the log: it
    /// may name files and accounts.
    pub fn unready(&self) -> Option<&'static str> {
        match self.phase {
            Phase::Opening => Some("the community is being opened"),
            Phase::Rebuilding => Some("the read models are being rebuilt"),
            Phase::Writing => Some("the read models are being written"),
            Phase::CatchingUp => Some("the read models are being caught up"),
            Phase::Interrupted => Some("folding is interrupted, and tried again: see the log"),
            Phase::Stopped => Some("folding stopped for good: see the log"),
            Phase::Live | Phase::Following if self.late.is_none() => {
                Some("the journal can't be read: see the log")
            }
            Phase::Live | Phase::Following | Phase::ReadOnly => None,
        }
    }
}
