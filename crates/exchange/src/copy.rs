//! A journal, copied into another: ids, order, times and bodies as they are.
//!
//! What is there already is compared, not copied again: so a copy that was interrupted is completed by making
//! it again, and one that was completed takes what came since. What is personal stays sealed: whoever has the
//! keys reads the copy as they read the first.

use std::fmt::Write;
use std::time::Instant;

use plaudit_domain::{Event, Position};
use plaudit_journal::{AppendError, JournalError, Part, SharedJournal};
use sha2::{Digest as _, Sha256};

use crate::progress::{Phase, Progress};

/// How many events are read and recorded at once.
const BATCH: usize = 5_000;

/// What copying came to.
#[derive(Debug, Clone)]
pub struct Copied {
    /// How many events were copied now.
    pub copied: u64,
    /// How many were there already.
    pub before: u64,
    /// Where both ended as they were compared.
    pub head: Position,
    /// The digest of all events of both.
    pub digest: String,
    /// How long it took.
    pub seconds: f64,
}

/// Why a journal couldn't be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// What is there isn't what is to be copied.
    #[error("the target has another history: they part at event {0}; name an empty one")]
    Parted(Position),
    /// It has more than there is to copy.
    #[error(
        "the target has {there} events, and there are only {head} to copy: it went on by itself, or is of \
         another history"
    )]
    Ahead {
        /// Where the target ends.
        there: Position,
        /// Where the source ends.
        head: Position,
    },
    /// They differ after all was copied.
    #[error(
        "both were compared and differ: {from} is the digest of {events} events of the source, and {to} that \
         of the target's"
    )]
    Different {
        /// How many events were compared.
        events: u64,
        /// The source's digest.
        from: String,
        /// The target's.
        to: String,
    },
    /// The source, or the target, can't be read.
    #[error(transparent)]
    Read(#[from] JournalError),
    /// The target can't be written.
    #[error(transparent)]
    Write(#[from] AppendError),
}

impl CopyError {
    /// Whether it is that they differ, and not that something failed.
    pub fn is_difference(&self) -> bool {
        match self {
            Self::Parted(_) | Self::Ahead { .. } | Self::Different { .. } => true,
            Self::Read(_) | Self::Write(_) => false,
        }
    }
}

/// Two journals of one history, as far as the second one goes.
pub struct Compared<'a> {
    from: &'a SharedJournal,
    to: &'a SharedJournal,
    began: Instant,
    head: Position,
    before: Position,
}

impl<'a> Compared<'a> {
    /// Compares what is there with what is to be copied: what a journal has as this begins.
    ///
    /// # Errors
    /// If the target has another history, or one of them fails.
    pub async fn compare(
        from: &'a SharedJournal,
        to: &'a SharedJournal,
        progress: &mut dyn Progress,
    ) -> Result<Self, CopyError> {
        let began = Instant::now();
        let (head, before) = (from.head().await?, to.head().await?);
        if before > head {
            return Err(CopyError::Ahead {
                there: before,
                head,
            });
        }
        compare(from, to, before, progress).await?;
        Ok(Self {
            from,
            to,
            began,
            head,
            before,
        })
    }

    /// Copies the rest, and compares both.
    ///
    /// # Errors
    /// If they differ then, or one of them fails.
    pub async fn copy(self, progress: &mut dyn Progress) -> Result<Copied, CopyError> {
        let Self {
            from,
            to,
            began,
            head,
            before,
        } = self;
        record(from, to, before, head, progress).await?;
        let digest = same_digest(from, to, head, progress).await?;
        Ok(Copied {
            copied: head - before,
            before,
            head,
            digest,
            seconds: began.elapsed().as_secs_f64(),
        })
    }
}

/// Whether what is there is what would be copied.
async fn compare(
    from: &SharedJournal,
    to: &SharedJournal,
    until: Position,
    progress: &mut dyn Progress,
) -> Result<(), CopyError> {
    let mut position = 0;
    while position < until {
        let (source, target) =
            tokio::try_join!(next(from, position, until), next(to, position, until))?;
        for (number, event) in (position + 1..=until).zip(&source) {
            if target.get(index(number - position - 1)) != Some(event) {
                return Err(CopyError::Parted(number));
            }
        }
        position = end(&source, position)?;
        progress.at(Phase::Checking, position, Some(until));
    }
    Ok(())
}

/// Records what isn't there; the next events are read meanwhile.
async fn record(
    from: &SharedJournal,
    to: &SharedJournal,
    after: Position,
    until: Position,
    progress: &mut dyn Progress,
) -> Result<(), CopyError> {
    let mut events = next(from, after, until).await?;
    let mut position = after;
    while position < until {
        position = end(&events, position)?;
        let reading = async { Ok::<_, CopyError>(next(from, position, until).await?) };
        let recording = async { Ok(to.append_kept(events).await?) };
        let ((), following) = tokio::try_join!(recording, reading)?;
        events = following;
        progress.at(Phase::Copying, position - after, Some(until - after));
    }
    Ok(())
}

/// The digest of both, if it is one.
async fn same_digest(
    from: &SharedJournal,
    to: &SharedJournal,
    until: Position,
    progress: &mut dyn Progress,
) -> Result<String, CopyError> {
    let (mut source, mut target) = (Sha256::new(), Sha256::new());
    let mut position = 0;
    while position < until {
        let (one, other) =
            tokio::try_join!(next(from, position, until), next(to, position, until))?;
        one.iter().for_each(|event| digest(&mut source, event));
        other.iter().for_each(|event| digest(&mut target, event));
        position = end(&one, position)?;
        progress.at(Phase::Comparing, position, Some(until));
    }
    let (source, target) = (hex(&source.finalize()), hex(&target.finalize()));
    // What the target has more of came from somebody else.
    let head = to.head().await?;
    if source != target || head != until {
        return Err(CopyError::Different {
            events: until,
            from: source,
            to: target,
        });
    }
    Ok(source)
}

async fn next(
    journal: &SharedJournal,
    after: Position,
    until: Position,
) -> Result<Vec<Event>, JournalError> {
    let limit = index(until - after).min(BATCH);
    journal.read_kept(Part::After(after), limit).await
}

/// The position of the last of some events. There have to be some.
fn end(events: &[Event], after: Position) -> Result<Position, CopyError> {
    match events.last() {
        Some(last) => Ok(last.position),
        None => Err(CopyError::Parted(after + 1)),
    }
}

/// All that is kept of an event.
fn digest(digest: &mut Sha256, event: &Event) {
    let Event {
        position,
        id,
        stream,
        revision,
        occurred_at,
        recorded_at,
        actor,
        correlation,
        causation,
        imported,
        fact,
    } = event;
    let (name, version) = fact.stored_type();
    let envelope = format!(
        "{position} {id} {stream} {revision} {name} {version} {} {} {actor:?} {correlation:?} {causation:?} \
         {imported}\n",
        occurred_at.as_micros(),
        recorded_at.as_micros(),
        stream = stream.as_str(),
    );
    digest.update(envelope);
    // Facts are plain data, which can always be written.
    digest.update(fact.encode().unwrap_or_default());
    digest.update("\n");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text doesn't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
