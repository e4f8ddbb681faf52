//! The one thread that writes.
//!
//! It takes all appends that are waiting, writes them in one transaction, and answers them after
//! the commit. While the disk is busy with one group, the next one gathers.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use plaudit_domain::{Event, NewEvent, StreamName, Time};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{oneshot, watch};

use super::batch::Batch;
use super::file::File;
use crate::row::{Append, KeptRow, Row, Stream, repeated_id};
use crate::{AppendError, Appended, Expected, JournalError};

/// A group takes no further append once it has so many events, so that none waits long for those
/// that came after it.
const GROUP_EVENTS: usize = 1024;

/// Writes a journal, from any thread.
pub(super) struct Writer {
    file: File,
    commits: watch::Receiver<()>,
    // Dropped in this order: without a queue the thread ends, and only then is it waited for.
    queue: Sender<Job>,
    _thread: JoinOnDrop,
}

impl Writer {
    /// Starts the thread. The clock tells when events are recorded.
    pub fn start(
        file: File,
        connection: Connection,
        clock: impl Fn() -> Time + Send + 'static,
    ) -> Result<Self, JournalError> {
        let (queue, jobs) = mpsc::channel();
        let (committed, commits) = watch::channel(());
        let writing = Writing {
            file: file.clone(),
            connection,
            clock,
            committed,
        };
        let thread = thread::Builder::new()
            .name("journal-writer".into())
            .spawn(move || writing.run(&jobs))
            .map_err(|error| file.error(error))?;
        Ok(Self {
            file,
            commits,
            queue,
            _thread: JoinOnDrop(Some(thread)),
        })
    }

    pub async fn append(
        &self,
        stream: StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        if let Some(id) = repeated_id(&events) {
            return Err(AppendError::IdInUse { id });
        }
        // Encoded here, on the caller's thread, because the writer's is the one that all share.
        let rows = events
            .iter()
            .map(Row::of)
            .collect::<Result<_, _>>()
            .map_err(|error| self.file.error(error))?;
        let append = Append {
            stream: Stream::of(stream),
            expected,
            rows,
        };
        self.send(|answer| Job::Append(append, answer)).await
    }

    pub async fn append_many(&self, events: Vec<NewEvent>) -> Result<Appended, AppendError> {
        let rows = events
            .iter()
            .map(|event| Ok((Stream::of(event.fact.stream()), Row::of(event)?)))
            .collect::<serde_json::Result<_>>()
            .map_err(|error| self.file.error(error))?;
        self.send(|answer| Job::AppendMany(rows, answer)).await
    }

    pub async fn append_kept(&self, events: Vec<Event>) -> Result<Appended, AppendError> {
        let rows = events
            .into_iter()
            .map(KeptRow::of)
            .collect::<serde_json::Result<_>>()
            .map_err(|error| self.file.error(error))?;
        let name = self.file.name();
        self.send(|answer| Job::AppendKept(rows, name, answer))
            .await
    }

    /// Changes with every commit from now on.
    pub fn commits(&self) -> watch::Receiver<()> {
        let mut commits = self.commits.clone();
        commits.mark_unchanged();
        commits
    }

    async fn send<E: From<JournalError>>(
        &self,
        job: impl FnOnce(Answer<E>) -> Job,
    ) -> Result<Appended, E> {
        let (sender, receiver) = oneshot::channel();
        let answer = Answer {
            sender,
            outcome: None,
        };
        if self.queue.send(job(answer)).is_err() {
            return Err(self.file.closed().into());
        }
        // The thread drops the sender without an answer only if it panics.
        receiver
            .await
            .unwrap_or_else(|_| Err(self.file.closed().into()))
    }
}

struct JoinOnDrop(Option<JoinHandle<()>>);

impl Drop for JoinOnDrop {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            // An error is a panic of the thread, which has been reported, and felt by its callers.
            let _ = thread.join();
        }
    }
}

/// Something to write, and whom to tell.
enum Job {
    Append(Append, Answer<AppendError>),
    AppendMany(Vec<(Stream, Row)>, Answer<AppendError>),
    AppendKept(Vec<KeptRow>, String, Answer<AppendError>),
}

impl Job {
    fn events(&self) -> usize {
        match self {
            Self::Append(append, _) => append.rows.len(),
            Self::AppendMany(rows, _) => rows.len(),
            Self::AppendKept(rows, ..) => rows.len(),
        }
    }

    fn write(&mut self, batch: &mut Batch<'_>) -> rusqlite::Result<()> {
        match self {
            Self::Append(append, answer) => answer.outcome = Some(batch.append(append)?),
            Self::AppendMany(rows, answer) => answer.outcome = Some(batch.append_many(rows)?),
            Self::AppendKept(rows, name, answer) => {
                answer.outcome = Some(batch.append_kept(rows, name)?);
            }
        }
        Ok(())
    }

    fn answer(self) {
        match self {
            Self::Append(_, answer) => answer.send(),
            Self::AppendMany(_, answer) => answer.send(),
            Self::AppendKept(_, _, answer) => answer.send(),
        }
    }

    fn fail(self, error: JournalError) {
        match self {
            Self::Append(_, answer) => answer.fail(error),
            Self::AppendMany(_, answer) => answer.fail(error),
            Self::AppendKept(_, _, answer) => answer.fail(error),
        }
    }
}

/// Whom to tell what came of it. The outcome waits here until it is committed.
struct Answer<E> {
    sender: oneshot::Sender<Result<Appended, E>>,
    outcome: Option<Result<Appended, E>>,
}

impl<E: From<JournalError>> Answer<E> {
    fn send(self) {
        if let Some(outcome) = self.outcome {
            // Whoever no longer waits for the answer doesn't miss it.
            let _ = self.sender.send(outcome);
        }
    }

    fn fail(self, error: JournalError) {
        let _ = self.sender.send(Err(error.into()));
    }
}

/// What the thread owns.
struct Writing<C> {
    file: File,
    connection: Connection,
    clock: C,
    committed: watch::Sender<()>,
}

impl<C: Fn() -> Time> Writing<C> {
    /// Writes until the queue is closed and empty.
    fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut group = gather(first, jobs);
            match self.commit(&mut group) {
                Ok(()) => {
                    self.committed.send_replace(());
                    group.into_iter().for_each(Job::answer);
                }
                Err(error) => {
                    let journal = self.file.name();
                    tracing::error!(journal, %error, appends = group.len(), "nothing was recorded");
                    let error = Arc::new(error);
                    for job in group {
                        job.fail(self.file.error(Arc::clone(&error)));
                    }
                    if !self.connection.is_autocommit() {
                        // It couldn't even be rolled back. What follows must not become part of it.
                        tracing::error!(journal, "the journal is closed");
                        return;
                    }
                }
            }
        }
    }

    /// Records all of it, or on an error nothing: a transaction that isn't committed is rolled
    /// back as it goes out of scope.
    ///
    /// After a failed commit the group may still be there when the file is opened again, if the
    /// disk wrote it and failed to say so. Then all of it is there, and who tries again with the
    /// same ids is told so.
    fn commit(&mut self, group: &mut [Job]) -> rusqlite::Result<()> {
        // From here on no other process writes, so the last position stays the last.
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut batch = Batch::begin(&transaction, (self.clock)())?;
        for job in group {
            job.write(&mut batch)?;
        }
        drop(batch);
        transaction.commit()
    }
}

/// What is waiting, in order, up to a limit.
fn gather(first: Job, jobs: &Receiver<Job>) -> Vec<Job> {
    let mut events = first.events();
    let mut group = vec![first];
    while events < GROUP_EVENTS
        && let Ok(job) = jobs.try_recv()
    {
        events += job.events();
        group.push(job);
    }
    group
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use plaudit_domain::fact::LikeFact;
    use plaudit_domain::like::Like;
    use plaudit_domain::{AccountId, PostId};
    use uuid::Uuid;

    use super::*;
    use crate::sqlite::reader::Reader;

    fn liked() -> NewEvent {
        let like = Like {
            post: PostId(Uuid::new_v4()),
            account: AccountId(Uuid::new_v4()),
            author: None,
        };
        NewEvent {
            id: Uuid::new_v4(),
            occurred_at: Time::from_micros(0),
            actor: None,
            correlation: None,
            causation: None,
            imported: false,
            fact: LikeFact::Liked(like).into(),
        }
    }

    #[tokio::test]
    async fn a_clock_that_is_put_back_puts_no_event_before_another() {
        let folder = tempfile::tempdir().unwrap();
        let (file, connection) = File::create(&folder.path().join("journal.db")).unwrap();
        let ticks = AtomicI64::new(5);
        let clock = move || Time::from_micros(ticks.fetch_sub(1, Ordering::Relaxed));
        let writer = Writer::start(file.clone(), connection, clock).unwrap();
        for _ in 0..3 {
            writer.append_many(vec![liked()]).await.unwrap();
        }
        let events = Reader::new(file).all(0, 10).unwrap();
        let times: Vec<_> = events.iter().map(|e| e.recorded_at.as_micros()).collect();
        assert_eq!(times, [5, 5, 5]);
    }

    #[tokio::test]
    async fn a_writer_that_panics_is_closed_and_leaves_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let (file, connection) = File::create(&folder.path().join("journal.db")).unwrap();
        let writer = Writer::start(file.clone(), connection, || panic!("no clock")).unwrap();
        let mut commits = writer.commits();
        for _ in 0..3 {
            let error = writer.append_many(vec![liked()]).await.unwrap_err();
            assert!(
                matches!(error, AppendError::Journal(JournalError::Closed { .. })),
                "{error}"
            );
        }
        assert!(commits.changed().await.is_err());
        assert_eq!(Reader::new(file).head().unwrap(), 0);
    }

    #[tokio::test]
    async fn dropping_it_writes_what_is_waiting_first() {
        let folder = tempfile::tempdir().unwrap();
        let (file, connection) = File::create(&folder.path().join("journal.db")).unwrap();
        let writer = Writer::start(file.clone(), connection, || Time::from_micros(0)).unwrap();
        for _ in 0..50 {
            let (sender, _) = oneshot::channel();
            let event = liked();
            let rows = vec![(Stream::of(event.fact.stream()), Row::of(&event).unwrap())];
            let answer = Answer {
                sender,
                outcome: None,
            };
            assert!(writer.queue.send(Job::AppendMany(rows, answer)).is_ok());
        }
        drop(writer);
        assert_eq!(Reader::new(file).head().unwrap(), 50);
    }
}
