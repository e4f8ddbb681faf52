//! From an importer to the journal, in batches.
//!
//! The importer is a plain function on a thread of its own: reading files and sorting blocks, and
//! so the next batch is made while the last one is written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use plaudit_domain::fact::PostFact;
use plaudit_domain::post::Kind;
use plaudit_domain::{Event, Fact, NewEvent, Position};
use plaudit_journal::{Journal, JournalError, SharedJournal};
use rustc_hash::FxHashSet;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::error::ImportError;
use crate::progress::{Phase, Progress};
use crate::summary::{FileRows, Skipped, Summary};

/// The most events of a batch.
const BATCH_EVENTS: usize = 4_096;
/// The most text of a batch, in bytes: bodies of posts are up to 30 KB, and memory stays bounded.
const BATCH_BYTES: usize = 4 << 20;
/// How many batches wait while one is written. With one, the two threads overlap already.
const WAITING: usize = 1;

/// One of the files that an importer reads: its place in [`Feed::files`].
pub(crate) type File = usize;

/// Where an importer puts what it makes: events, and what became of every row.
pub(crate) struct Feed {
    out: mpsc::Sender<Message>,
    batch: Batch,
    bytes: usize,
    handled: u64,
    expected: Option<u64>,
    files: Vec<FileRows>,
    skipped: BTreeMap<Skipped, u64>,
}

enum Message {
    At(Phase, u64, Option<u64>),
    Batch(Batch),
    /// Answered when everything before it is in the journal.
    Flush(oneshot::Sender<()>),
}

#[derive(Default)]
struct Batch {
    events: Vec<NewEvent>,
    /// Whose row each event is.
    rows: Vec<Option<File>>,
    /// How many rows were handled up to here, of how many.
    handled: (u64, Option<u64>),
}

impl Feed {
    /// Names the files that will be read.
    pub(crate) fn files(&mut self, names: impl IntoIterator<Item = String>) {
        self.files = names
            .into_iter()
            .map(|file| FileRows {
                file,
                ..FileRows::default()
            })
            .collect();
    }

    /// A row was read.
    pub(crate) fn row(&mut self, file: File) {
        self.files[file].read += 1;
    }

    /// A row becomes no event of its own.
    pub(crate) fn skip(
        &mut self,
        file: File,
        kind: impl Into<Cow<'static, str>>,
        reason: &'static str,
    ) {
        self.skip_all(file, kind, reason, 1);
    }

    /// So many rows become no events of their own.
    pub(crate) fn skip_all(
        &mut self,
        file: File,
        kind: impl Into<Cow<'static, str>>,
        reason: &'static str,
        count: u64,
    ) {
        if count == 0 {
            return;
        }
        self.files[file].skipped += count;
        let skipped = Skipped {
            kind: kind.into(),
            reason: reason.into(),
        };
        *self.skipped.entry(skipped).or_default() += count;
    }

    /// So many bytes of all files are read.
    pub(crate) fn read(&mut self, done: u64, total: Option<u64>) -> Result<(), ImportError> {
        self.send(Message::At(Phase::Reading, done, total))
    }

    /// From here on so many rows are handled.
    pub(crate) fn expect(&mut self, rows: u64) {
        self.expected = Some(rows);
    }

    /// A row was handled, whatever became of it.
    pub(crate) fn handled(&mut self) {
        self.handled += 1;
    }

    /// An event to record after all those before it: that of a row, or one besides. `bytes` is
    /// about how large it is.
    pub(crate) fn record(
        &mut self,
        event: NewEvent,
        row: Option<File>,
        bytes: usize,
    ) -> Result<(), ImportError> {
        self.batch.events.push(event);
        self.batch.rows.push(row);
        self.bytes += bytes;
        if self.batch.events.len() >= BATCH_EVENTS || self.bytes >= BATCH_BYTES {
            self.send_batch()?;
        }
        Ok(())
    }

    /// Waits until everything is in the journal.
    pub(crate) fn flush(&mut self) -> Result<(), ImportError> {
        self.send_batch()?;
        let (written, wait) = oneshot::channel();
        self.send(Message::Flush(written))?;
        wait.blocking_recv().map_err(|_| ImportError::Stopped)
    }

    fn send_batch(&mut self) -> Result<(), ImportError> {
        let mut batch = std::mem::take(&mut self.batch);
        batch.handled = (self.handled, self.expected);
        self.bytes = 0;
        self.send(Message::Batch(batch))
    }

    fn send(&mut self, message: Message) -> Result<(), ImportError> {
        self.out
            .blocking_send(message)
            .map_err(|_| ImportError::Stopped)
    }
}

/// Runs an importer, and records what it makes.
pub(crate) async fn run(
    journal: &SharedJournal,
    progress: &mut dyn Progress,
    import: impl FnOnce(&mut Feed) -> Result<(), ImportError> + Send + 'static,
) -> Result<Summary, ImportError> {
    let (out, mut incoming) = mpsc::channel(WAITING);
    let importer = tokio::task::spawn_blocking(move || {
        let mut feed = Feed {
            out,
            batch: Batch::default(),
            bytes: 0,
            handled: 0,
            expected: None,
            files: Vec::new(),
            skipped: BTreeMap::new(),
        };
        // What precedes a mistake is recorded: so importing again goes on from there.
        let outcome = import(&mut feed);
        feed.send_batch()?;
        outcome.map(|()| (feed.files, feed.skipped))
    });
    let mut summary = Summary::default();
    let mut rows = Vec::new();
    let written: Result<(), ImportError> = async {
        while let Some(message) = incoming.recv().await {
            match message {
                Message::At(phase, done, total) => progress.at(phase, done, total),
                Message::Batch(batch) => {
                    let (handled, expected) = batch.handled;
                    if !batch.events.is_empty() {
                        append(journal.as_ref(), batch, &mut summary, &mut rows).await?;
                    }
                    if expected.is_some() {
                        progress.at(Phase::Recording, handled, expected);
                    }
                }
                // Nobody waits for it any more if this fails.
                Message::Flush(waiting) => drop(waiting.send(())),
            }
        }
        Ok(())
    }
    .await;
    // Closed, so that the importer stops; then waited for, so that its temporary file is gone.
    drop(incoming);
    let imported = match importer.await {
        Ok(imported) => imported,
        Err(stopped) if stopped.is_panic() => std::panic::resume_unwind(stopped.into_panic()),
        Err(_) => Err(ImportError::Stopped),
    };
    written?;
    let (files, skipped) = imported?;
    summary.files = files;
    summary.skipped = skipped;
    for (file, Rows { recorded, already }) in summary.files.iter_mut().zip(rows) {
        file.recorded = recorded;
        file.already_recorded = already;
    }
    Ok(summary)
}

/// What became of a file's rows that are events.
#[derive(Debug, Clone, Copy, Default)]
struct Rows {
    recorded: u64,
    already: u64,
}

/// Records a batch, and counts what was new in it.
async fn append(
    journal: &dyn Journal,
    batch: Batch,
    summary: &mut Summary,
    rows: &mut Vec<Rows>,
) -> Result<(), ImportError> {
    let told: Vec<_> = batch.events.iter().map(Told::of).collect();
    let before = journal.head().await?;
    let appended = journal.append_many(batch.events).await?;
    let mut new = if appended.recorded == 0 {
        New::Nothing
    } else if appended.recorded == told.len() {
        New::Everything
    } else {
        New::These(recorded_after(journal, before, &told).await?)
    };
    for (told, row) in told.into_iter().zip(batch.rows) {
        let is_new = new.take(told.id);
        let by_type = if is_new {
            &mut summary.recorded
        } else {
            &mut summary.already_recorded
        };
        *by_type.entry(told.name).or_default() += 1;
        if is_new && let Some(kind) = told.without_author {
            *summary.without_author.entry(kind.as_str()).or_default() += 1;
        }
        if let Some(file) = row {
            if rows.len() <= file {
                rows.resize(file + 1, Rows::default());
            }
            if is_new {
                rows[file].recorded += 1;
            } else {
                rows[file].already += 1;
            }
        }
    }
    Ok(())
}

/// What the summary tells of an event.
struct Told {
    id: Uuid,
    name: &'static str,
    /// The kind of a post that nobody is known to have written.
    without_author: Option<Kind>,
}

impl Told {
    fn of(event: &NewEvent) -> Self {
        let mut without_author = None;
        if let Fact::Post(PostFact::Created(post)) = &event.fact
            && post.author.is_none()
        {
            without_author = Some(post.kind);
        }
        Self {
            id: event.id,
            name: event.fact.stored_type().0,
            without_author,
        }
    }
}

/// Which events of a batch were recorded now.
enum New {
    Nothing,
    Everything,
    These(FxHashSet<Uuid>),
}

impl New {
    /// Whether an event was recorded now; of several with the same id, the first one was.
    fn take(&mut self, id: Uuid) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::These(ids) => ids.remove(&id),
        }
    }
}

/// Which of these events are in the journal after a position. Others may have recorded theirs in
/// between, so it is the ids that tell.
async fn recorded_after(
    journal: &dyn Journal,
    mut position: Position,
    told: &[Told],
) -> Result<FxHashSet<Uuid>, JournalError> {
    let ours: FxHashSet<Uuid> = told.iter().map(|told| told.id).collect();
    let mut found = FxHashSet::default();
    loop {
        let events = journal.read_all(position, BATCH_EVENTS).await?;
        let Some(Event { position: last, .. }) = events.last() else {
            return Ok(found);
        };
        position = *last;
        found.extend(
            events
                .iter()
                .map(|event| event.id)
                .filter(|id| ours.contains(id)),
        );
    }
}
