//! The one task that writes, of each journal that is open.
//!
//! It takes all appends that are waiting, records them in one transaction, and answers them after the commit.
//! While the server is busy with one group, the next one gathers.
//!
//! Only one transaction at a time records anything, whichever process it is of: it holds a lock from before it
//! looks for the last position until it is committed. So positions have no gaps, whoever sees an event sees
//! all before it, and no reader passes one that is committed late.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use futures_util::future::{try_join3, try_join5};
use plaudit_domain::{Position, Time};
use plaudit_postgres::tokio_postgres::types::ToSql;
use plaudit_postgres::tokio_postgres::{Row as Found, Statement};
use plaudit_postgres::{Connection, PATIENCE, PostgresError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::batch::{Batch, Known, Planned};
use super::tables::{Database, signed, unsigned};
use crate::row::{Append, KeptRow, Row, Stream};
use crate::{AppendError, Appended};

/// A group takes no further append once it has so many events, so that none waits long for those
/// that came after it.
const GROUP_EVENTS: usize = 1024;

/// So long an exchange with the server may take before it counts as lost.
const EXCHANGE: Duration = Duration::from_secs(30);

/// How long to wait before a server that failed is tried again.
const PAUSE: Duration = Duration::from_millis(50);

/// Who waits too long for others tries again, and a process that is stopped in the middle of a transaction
/// keeps nobody waiting for ever: it is the transaction that ends then. What was committed is on the disk.
const SESSION: &str = "
    SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '10s';
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'";

/// Each statement sees what was committed before it, and so those after the lock what whoever had it before has
/// recorded: whatever the database otherwise does.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// Whom writers wait for: any number that nobody else takes ("PlauJour").
const LOCK: &str = "SELECT pg_advisory_xact_lock(5795113976906872178)";

/// A statement of its own, after the one that waits for the lock: it sees what was committed meanwhile.
const LAST: &str =
    "SELECT position, recorded_at FROM plaudit_journal.event ORDER BY position DESC LIMIT 1";

const FIND: &str = "
    SELECT id, position, revision, stream_key, type FROM plaudit_journal.event WHERE id = ANY($1)";

const LAST_REVISIONS: &str = "
    SELECT stream_key, revision FROM unnest($1::uuid[]) stream(stream_key)
    CROSS JOIN LATERAL (
        SELECT revision FROM plaudit_journal.event WHERE event.stream_key = stream.stream_key
        ORDER BY revision DESC LIMIT 1
    ) last";

const INSERT: &str = "
    INSERT INTO plaudit_journal.event (position, id, stream, stream_key, revision, type, version,
        occurred_at, recorded_at, actor, correlation, causation, data, imported)
    SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[], $6::text[],
        $7::integer[], $8::bigint[], $9::bigint[], $10::uuid[], $11::uuid[], $12::uuid[], $13::text[],
        $14::boolean[])";

/// Wakes those who follow, once it is committed.
const NOTIFY: &str = "SELECT pg_notify('plaudit_journal', '')";

/// Writes a journal, from any task.
pub(super) struct Writer {
    database: Database,
    queue: mpsc::UnboundedSender<Job>,
}

impl Writer {
    /// Starts the task. The clock tells when events are recorded; those who follow are told of commits.
    pub fn start(
        database: Database,
        committed: watch::Sender<()>,
        clock: impl Fn() -> Time + Send + 'static,
    ) -> Self {
        let (queue, jobs) = mpsc::unbounded_channel();
        let writing = Writing {
            database: database.clone(),
            session: None,
            clock,
            committed,
        };
        // It ends once the queue is closed and empty.
        tokio::spawn(writing.run(jobs));
        Self { database, queue }
    }

    /// Records something, and waits until it is on the disk.
    pub async fn record(&self, work: Work) -> Result<Appended, AppendError> {
        let (answer, answered) = oneshot::channel();
        let job = Job {
            work,
            since: Instant::now(),
            answer,
        };
        let closed = || AppendError::from(self.database.closed());
        self.queue.send(job).map_err(|_| closed())?;
        // The task drops it without an answer only if it panics, or ends with its runtime.
        answered.await.unwrap_or_else(|_| Err(closed()))
    }
}

/// Something to record.
pub(super) enum Work {
    Append(Append),
    AppendMany(Vec<(Stream, Row)>),
    AppendKept(Vec<KeptRow>),
}

impl Work {
    fn rows(&self) -> Box<dyn Iterator<Item = (&Stream, &Row)> + '_> {
        match self {
            Self::Append(append) => Box::new(append.rows.iter().map(|row| (&append.stream, row))),
            Self::AppendMany(rows) => Box::new(rows.iter().map(|(stream, row)| (stream, row))),
            Self::AppendKept(rows) => Box::new(rows.iter().map(|it| (&it.stream, &it.row))),
        }
    }

    fn events(&self) -> usize {
        match self {
            Self::Append(append) => append.rows.len(),
            Self::AppendMany(rows) => rows.len(),
            Self::AppendKept(rows) => rows.len(),
        }
    }

    fn plan<'r>(
        &'r self,
        batch: &mut Batch<'r>,
        database: &Database,
    ) -> Result<Appended, AppendError> {
        match self {
            Self::Append(append) => batch.append(append),
            Self::AppendMany(rows) => batch.append_many(rows),
            Self::AppendKept(rows) => batch
                .append_kept(rows)
                .map_err(|error| database.failed(error).into()),
        }
    }
}

/// Something to record, and whom to tell.
struct Job {
    work: Work,
    since: Instant,
    answer: oneshot::Sender<Result<Appended, AppendError>>,
}

/// What appends came to, in their order. It is true once it is committed.
type Outcomes = Vec<Result<Appended, AppendError>>;

/// A transaction of which it isn't known whether it was committed.
struct InDoubt {
    /// Its events, and where they stand if it was. One of them may stand there otherwise: who got no answer may
    /// have asked somebody else.
    rows: Vec<(Uuid, Position)>,
    outcomes: Outcomes,
}

impl InDoubt {
    fn was_committed(&self, batch: &Batch<'_>) -> bool {
        let stands = |(id, position): &(Uuid, Position)| {
            let known = batch.known(*id);
            known.is_some_and(|known| known.position == *position)
        };
        self.rows.iter().all(stands)
    }
}

/// What the task owns.
struct Writing<C> {
    database: Database,
    session: Option<Session>,
    clock: C,
    committed: watch::Sender<()>,
}

impl<C: Fn() -> Time> Writing<C> {
    /// Writes until the queue is closed and empty.
    async fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        while let Some(first) = jobs.recv().await {
            let group = gather(first, &mut jobs);
            match self.commit(&group).await {
                Ok(outcomes) => {
                    self.committed.send_replace(());
                    for (job, outcome) in group.into_iter().zip(outcomes) {
                        // Whoever no longer waits for the answer doesn't miss it.
                        let _ = job.answer.send(outcome);
                    }
                }
                Err(error) => {
                    tracing::error!(appends = group.len(), "nothing was recorded: {error}");
                    for job in group {
                        let error = self.database.error(again(&error));
                        let _ = job.answer.send(Err(error.into()));
                    }
                }
            }
        }
    }

    /// Records all of it, or on an error nothing, as far as anybody can tell. What may help is tried again,
    /// with the same ids, for a while.
    async fn commit(&mut self, group: &[Job]) -> Result<Outcomes, PostgresError> {
        let since = group.iter().map(|job| job.since).min();
        let since = since.unwrap_or_else(Instant::now);
        let mut in_doubt = None;
        loop {
            match self.attempt(group, &mut in_doubt).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(error) => {
                    // Whatever it was in the middle of, the next one begins anew.
                    self.session = None;
                    if !error.is_passing() || since.elapsed() > PATIENCE {
                        return Err(error);
                    }
                    tracing::warn!("recording is tried again: {error}");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    async fn attempt(
        &mut self,
        group: &[Job],
        in_doubt: &mut Option<InDoubt>,
    ) -> Result<Outcomes, PostgresError> {
        let session = match &mut self.session {
            Some(session) => session,
            none => none.insert(Session::begin(&self.database).await?),
        };
        let exchange = session.look(group);
        let there = in_time(&self.database, exchange).await?;
        let mut batch = there.batch((self.clock)());
        if let Some(InDoubt { outcomes, .. }) =
            in_doubt.take_if(|in_doubt| in_doubt.was_committed(&batch))
        {
            in_time(&self.database, session.end()).await?;
            return Ok(outcomes);
        }
        let outcomes = group
            .iter()
            .map(|job| job.work.plan(&mut batch, &self.database));
        let outcomes: Outcomes = outcomes.collect();
        let rows = batch.rows();
        if rows.is_empty() {
            in_time(&self.database, session.end()).await?;
            return Ok(outcomes);
        }
        // From here on an error leaves open whether it was committed.
        let written = in_time(&self.database, session.write(&rows)).await;
        if let Err(error) = written {
            let rows = rows.iter().map(|it| (it.row.id, it.position)).collect();
            *in_doubt = Some(InDoubt { rows, outcomes });
            return Err(error);
        }
        Ok(outcomes)
    }
}

/// A connection, with what is said again and again prepared.
struct Session {
    database: Database,
    connection: Connection,
    lock: Statement,
    last: Statement,
    find: Statement,
    last_revisions: Statement,
    insert: Statement,
    notify: Statement,
}

impl Session {
    async fn begin(database: &Database) -> Result<Self, PostgresError> {
        let address = database.address();
        let failed = |error| address.error(error);
        let connection = address.connect().await?;
        connection.batch_execute(SESSION).await.map_err(failed)?;
        let prepare = |sql| connection.prepare(sql);
        Ok(Self {
            lock: prepare(LOCK).await.map_err(failed)?,
            last: prepare(LAST).await.map_err(failed)?,
            find: prepare(FIND).await.map_err(failed)?,
            last_revisions: prepare(LAST_REVISIONS).await.map_err(failed)?,
            insert: prepare(INSERT).await.map_err(failed)?,
            notify: prepare(NOTIFY).await.map_err(failed)?,
            database: database.clone(),
            connection,
        })
    }

    /// Begins a transaction, waits until nobody else writes, and looks what is there: in one exchange.
    async fn look(&self, group: &[Job]) -> Result<There, PostgresError> {
        let rows = || group.iter().flat_map(|job| job.work.rows());
        let ids: Vec<Uuid> = rows().map(|(_, row)| row.id).collect();
        let streams: HashSet<Uuid> = rows().map(|(stream, _)| stream.key).collect();
        let streams: Vec<Uuid> = streams.into_iter().collect();
        let arguments = (&[&ids as _], &[&streams as _]);
        let answers = try_join5(
            self.connection.batch_execute(BEGIN),
            self.connection.execute(&self.lock, &[]),
            self.connection.query_opt(&self.last, &[]),
            self.connection.query(&self.find, arguments.0),
            self.connection.query(&self.last_revisions, arguments.1),
        );
        let address = self.database.address();
        let ((), _, last, known, revisions) =
            answers.await.map_err(|error| address.error(error))?;
        Ok(There {
            last,
            known,
            revisions,
        })
    }

    /// Inserts rows and commits, in one exchange: should inserting fail, there is nothing to commit.
    async fn write(&self, rows: &[Planned<'_>]) -> Result<(), PostgresError> {
        fn column<T>(rows: &[Planned<'_>], value: impl Fn(&Planned<'_>) -> T) -> Vec<T> {
            rows.iter().map(value).collect()
        }
        let positions = column(rows, |it| signed(it.position));
        let ids = column(rows, |it| it.row.id);
        let streams: Vec<&str> = rows.iter().map(|it| it.stream.as_str()).collect();
        let stream_keys = column(rows, |it| it.stream_key);
        let revisions = column(rows, |it| signed(it.revision));
        let names = column(rows, |it| it.row.name);
        let versions = column(rows, |it| i32::from(it.row.version));
        let occurred = column(rows, |it| it.row.occurred_at.as_micros());
        let recorded = column(rows, |it| it.recorded_at.as_micros());
        let actors = column(rows, |it| it.row.actor);
        let correlations = column(rows, |it| it.row.correlation);
        let causations = column(rows, |it| it.row.causation);
        let data: Vec<&str> = rows.iter().map(|it| it.row.data.as_str()).collect();
        let imported = column(rows, |it| it.row.imported);
        let arguments: [&(dyn ToSql + Sync); 14] = [
            &positions,
            &ids,
            &streams,
            &stream_keys,
            &revisions,
            &names,
            &versions,
            &occurred,
            &recorded,
            &actors,
            &correlations,
            &causations,
            &data,
            &imported,
        ];
        let written = try_join3(
            self.connection.execute(&self.insert, &arguments),
            self.connection.execute(&self.notify, &[]),
            self.connection.batch_execute("COMMIT"),
        );
        let address = self.database.address();
        written
            .await
            .map(drop)
            .map_err(|error| address.error(error))
    }

    /// Ends a transaction in which nothing was written.
    async fn end(&self) -> Result<(), PostgresError> {
        let ended = self.connection.batch_execute("ROLLBACK").await;
        ended.map_err(|error| self.database.address().error(error))
    }
}

/// What was found that matters to what is to be recorded.
struct There {
    last: Option<Found>,
    known: Vec<Found>,
    revisions: Vec<Found>,
}

impl There {
    fn batch<'r>(&self, now: Time) -> Batch<'r> {
        let last = self.last.as_ref();
        let last = last.map(|row| (unsigned(row.get(0)), Time::from_micros(row.get(1))));
        let known = self.known.iter().map(|row| {
            let known = Known {
                position: unsigned(row.get(1)),
                revision: unsigned(row.get(2)),
                stream: row.get(3),
                name: row.get(4),
            };
            (row.get::<_, Uuid>(0), known)
        });
        let revisions = self.revisions.iter();
        let revisions = revisions.map(|row| (row.get::<_, Uuid>(0), unsigned(row.get(1))));
        let (known, revisions): (HashMap<_, _>, HashMap<_, _>) =
            (known.collect(), revisions.collect());
        Batch::begin(last, known, revisions, now)
    }
}

async fn in_time<T>(
    database: &Database,
    exchange: impl Future<Output = Result<T, PostgresError>>,
) -> Result<T, PostgresError> {
    match timeout(EXCHANGE, exchange).await {
        Ok(answer) => answer,
        Err(_) => Err(PostgresError::Unavailable {
            address: database.address().name().to_owned(),
            reason: format!("it didn't answer within {} s", EXCHANGE.as_secs()),
        }),
    }
}

/// The same error, for one more who has to be told.
fn again(error: &PostgresError) -> PostgresError {
    match error {
        PostgresError::Unavailable { address, reason } => PostgresError::Unavailable {
            address: address.clone(),
            reason: reason.clone(),
        },
        PostgresError::Refused { address, reason }
        | PostgresError::Failed {
            address, reason, ..
        } => PostgresError::Refused {
            address: address.clone(),
            reason: reason.clone(),
        },
    }
}

/// What is waiting, in order, up to a limit.
fn gather(first: Job, jobs: &mut mpsc::UnboundedReceiver<Job>) -> Vec<Job> {
    let mut events = first.work.events();
    let mut group = vec![first];
    while events < GROUP_EVENTS
        && let Ok(job) = jobs.try_recv()
    {
        events += job.work.events();
        group.push(job);
    }
    group
}
