//! Filling a generation from nothing: no indexes until the end, no protection against a crash
//! until it is whole. A file that was not finished is thrown away.

use std::borrow::Borrow;
use std::fs::{File, TryLockError};
use std::iter::empty;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use plaudit_domain::Position;
use plaudit_projection::{LedgerEntry, Needs, PostTag, Profile, Row, Rows, TimelineEntry, Touched};
use rusqlite::{Connection, Transaction};
use sea_query::SqliteQueryBuilder;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::engine::{Loader, Writer};
use crate::load::{BUDGET, Load, Told, overtaken};
use crate::progress::{Counts, Telling, Work};
use crate::reads::fetch;
use crate::{Commit, Result, SharedStore, StoreError, sql, writes};

use super::connection::{Reader, cache};
use super::runs::Runs;
use super::schema::Index;
use super::write::Direct;
use super::{Failure, SqliteStore, bind, configure, schema, write};

/// So many bytes of memory a cache of pages takes at least while rows are looked for all over the file.
const CACHE: usize = 1 << 26;

/// Which part of the budget of memory a cache of pages takes, from when on rows are fetched.
const CACHED: usize = 5;

/// A generation that is being filled.
pub struct BulkLoad {
    path: Arc<Path>,
    rules: String,
    budget: usize,
    reader: Arc<Reader>,
    /// Rows that are being written, while others are folded.
    settling: Option<JoinHandle<Result<()>>>,
    timeline: Runs,
    /// How many rows were written.
    counts: Counts,
    stage: Stage,
    /// As long as it is held nobody removes the file.
    in_use: File,
}

/// How far it is.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// No round is written yet.
    Empty,
    /// Without indexes.
    Written,
    /// With the indexes that folding finds rows by.
    Foldable,
}

impl BulkLoad {
    /// Begins a generation in a new file, for what is folded by the rules of a hash; what was there is
    /// removed.
    pub fn begin(path: &Path, rules: &str) -> Result<Self> {
        let failed = |error: Failure| error.at(path);
        remove(path)?;
        let in_use = in_use(path)?;
        in_use.lock_shared().map_err(|error| storage(path, error))?;
        let connection = Connection::open(path).map_err(|error| failed(error.into()))?;
        prepare(&connection).map_err(|error| failed(error.into()))?;
        Ok(Self {
            path: path.into(),
            rules: rules.to_owned(),
            budget: BUDGET,
            reader: Arc::new(Reader::new(connection, path.into())),
            settling: None,
            timeline: runs(path, BUDGET),
            counts: Counts::default(),
            stage: Stage::Empty,
            in_use,
        })
    }

    /// The same, with another budget of memory, in bytes.
    pub fn within(self, budget: usize) -> Self {
        let timeline = runs(&self.path, budget);
        Self {
            budget,
            timeline,
            ..self
        }
    }

    /// Makes the file durable and opens it as a store.
    pub fn finish(self) -> Result<SqliteStore> {
        let Self {
            path,
            rules,
            reader,
            in_use: _in_use,
            ..
        } = self;
        drop(reader);
        File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(|error| storage(&path, error))?;
        SqliteStore::open(&path, &rules)
    }

    /// Waits until what was settled is written.
    async fn settled(&mut self) -> Result<()> {
        match self.settling.take() {
            Some(settling) => {
                let settled = settling.await;
                settled.unwrap_or_else(|error| Err(storage(&self.path, error.into())))
            }
            None => Ok(()),
        }
    }

    async fn write_first(&mut self, rows: &Rows, to: Position, told: Told<'_>) -> Result<()> {
        let mut work = Work::of(rows, empty(), told).await?;
        let mut tables = Telling {
            loader: Tables(&self.reader),
            work: &mut work,
        };
        writes::load(&mut tables, rows).await?;
        self.stage = Stage::Written;
        self.reader.run(|connection| {
            let transaction = connection.transaction()?;
            schema::start(&transaction, &self.rules, to, rows)?;
            Ok(transaction.commit()?)
        })
    }

    /// Makes the indexes that folding finds rows by, if they aren't there yet.
    fn index(&mut self) -> Result<()> {
        if self.stage != Stage::Written {
            return Ok(());
        }
        // From now on rows are looked for all over the file.
        let bytes = CACHE.max(self.budget / CACHED);
        self.reader
            .run(|connection| Ok(cache(connection, bytes)?))?;
        for index in schema::indexes().filter(|index| index.is_for_folding) {
            self.make(&index)?;
        }
        self.stage = Stage::Foldable;
        Ok(())
    }

    fn make(&self, index: &Index) -> Result<()> {
        self.reader
            .run(|connection| Ok(connection.execute(&index.sql, ()).map(drop)?))
    }

    fn write_timeline(&mut self) -> Result<()> {
        const SOME: usize = 4_096;
        self.reader.run(|connection| {
            let transaction = connection.transaction()?;
            let mut some = Vec::new();
            self.timeline.merge(|entry| {
                some.push(entry);
                if some.len() < SOME {
                    return Ok(());
                }
                insert(&transaction, &mem::take(&mut some))
            })?;
            insert(&transaction, &some)?;
            Ok(transaction.commit()?)
        })
    }
}

#[async_trait]
impl Load for BulkLoad {
    fn budget(&self) -> usize {
        match self.stage {
            Stage::Empty => self.budget,
            Stage::Written | Stage::Foldable => self.budget - self.budget / CACHED,
        }
    }

    async fn settle(&mut self, rows: &mut Rows) -> Result<()> {
        let bodies = mem::take(&mut rows.bodies);
        let entries = rows.ledger.take();
        let timeline = mem::take(&mut rows.timeline);
        let tags = mem::take(&mut rows.tags);
        let profiles = mem::take(&mut rows.profiles);
        self.counts.add_to::<LedgerEntry>(entries.len());
        self.counts.add_to::<PostTag>(tags.added().count());
        self.counts.add_to::<Profile>(profiles.len());
        self.counts.add_to::<TimelineEntry>(timeline.len());
        self.timeline
            .add(timeline)
            .map_err(|error| storage(&self.path, error))?;
        self.settled().await?;
        let reader = self.reader.clone();
        let path = self.path.clone();
        let settle = move |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            insert(&transaction, &entries)?;
            let mut direct = Direct {
                connection: &transaction,
                path: &path,
            };
            // Of some posts there was one before, and of profiles in rounds.
            direct.put(bodies.iter())?;
            direct.put(profiles.iter())?;
            writes::change_tags(&mut direct, &tags)?;
            Ok(transaction.commit()?)
        };
        let settling = move || reader.run(settle);
        self.settling = Some(spawn_blocking(settling));
        Ok(())
    }

    async fn fetch(&mut self, touched: &Touched, rows: &mut Rows) -> Result<()> {
        if self.stage == Stage::Empty {
            return Ok(());
        }
        self.settled().await?;
        self.index()?;
        fetch::touched(&*self.reader, touched, rows).await
    }

    async fn fetch_for(&mut self, needs: &Needs, rows: &mut Rows) -> Result<()> {
        self.settled().await?;
        fetch::needed(&*self.reader, needs, rows).await
    }

    async fn write(
        &mut self,
        rows: &Rows,
        from: Position,
        to: Position,
        told: Told<'_>,
    ) -> Result<()> {
        self.counts.add(rows).await?;
        self.settled().await?;
        if self.stage == Stage::Empty {
            return self.write_first(rows, to, told).await;
        }
        self.index()?;
        let path = &self.path;
        let commit = |connection: &mut Connection| write::commit(connection, path, rows, from, to);
        match self.reader.run(commit)? {
            Commit::Done => Ok(()),
            Commit::Overtaken { at } => Err(storage(path, overtaken(from, at))),
        }
    }

    async fn complete(&mut self, told: Told<'_>) -> Result<()> {
        let is_there = self.stage == Stage::Foldable;
        let missing = schema::indexes().filter(|index| !(is_there && index.is_for_folding));
        let missing: Vec<Index> = missing.collect();
        let tables = missing.iter().map(|index| index.table);
        let tables = tables.chain([TimelineEntry::TABLE]);
        let mut work = Work::left(mem::take(&mut self.counts), tables, told);
        self.settled().await?;
        self.write_timeline()?;
        work.indexed(TimelineEntry::TABLE);
        for index in missing {
            self.make(&index)?;
            work.indexed(index.table);
        }
        Ok(())
    }

    async fn finish(self: Box<Self>) -> Result<SharedStore> {
        Ok(Arc::new(Self::finish(*self)?))
    }
}

/// A table at a time.
struct Tables<'a>(&'a Reader);

impl Loader for Tables<'_> {
    async fn load<R: Row, B: Borrow<R> + Sync>(&mut self, rows: &[B]) -> Result<()> {
        self.0.run(|connection| {
            let transaction = connection.unchecked_transaction()?;
            insert::<R, B>(&transaction, rows)?;
            Ok(transaction.commit()?)
        })
    }
}

/// Inserts rows, many in a statement: to run one costs more than a row of it.
fn insert<R: Row, B: Borrow<R>>(
    transaction: &Transaction<'_>,
    rows: &[B],
) -> std::result::Result<(), Failure> {
    /// So many parameters a statement has, about.
    const PARAMETERS: usize = 512;
    let at_once = (PARAMETERS / R::table_columns().len()).max(1);
    let (many, rest) = rows.split_at(rows.len() - rows.len() % at_once);
    insert_by(transaction, many, at_once)?;
    insert_by(transaction, rest, 1)
}

/// Inserts rows, each time so many.
fn insert_by<R: Row, B: Borrow<R>>(
    transaction: &Transaction<'_>,
    rows: &[B],
    at_once: usize,
) -> std::result::Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql = sql::insert_many::<R>(at_once).to_string(SqliteQueryBuilder);
    let mut statement = transaction.prepare_cached(&sql)?;
    for rows in rows.chunks(at_once) {
        bind::execute_many(&mut statement, rows)?;
    }
    Ok(())
}

/// Where entries of the timeline are until the end: a part of a budget of memory is for them.
fn runs(path: &Path, budget: usize) -> Runs {
    /// The least and the most, in bytes.
    const MEMORY: (usize, usize) = (1 << 14, 1 << 24);
    let memory = (budget / 16).clamp(MEMORY.0, MEMORY.1);
    Runs::new(beside(path, TIMELINE), memory)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    configure(connection, "OFF", "OFF")?;
    // Counted to the process, however much of it there is: the cache does as well.
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let transaction = connection.unchecked_transaction()?;
    schema::create_tables(&transaction)?;
    transaction.commit()
}

/// Removes a generation's files, unless a process has it open; whether they are gone.
pub fn remove(path: &Path) -> Result<bool> {
    let in_use = in_use(path)?;
    match in_use.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(false),
        Err(TryLockError::Error(error)) => return Err(storage(path, error)),
    }
    for suffix in ["", "-wal", "-shm", TIMELINE, IN_USE] {
        match std::fs::remove_file(beside(path, suffix)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(storage(path, error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(true)
}

const IN_USE: &str = "-in-use";

const TIMELINE: &str = "-timeline";

/// A file that is locked by whoever has the one beside it open. SQLite's own locks come and go.
pub(super) fn in_use(path: &Path) -> Result<File> {
    File::create(beside(path, IN_USE)).map_err(|error| storage(path, error))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut file = path.as_os_str().to_owned();
    file.push(suffix);
    file.into()
}

fn storage(path: &Path, error: std::io::Error) -> StoreError {
    StoreError::Storage {
        place: path.display().to_string(),
        source: error.into(),
    }
}
