//! Filling a generation from nothing: no indexes until the end, no protection against a crash
//! until it is whole. A file that was not finished is thrown away.

use std::borrow::Borrow;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use plaudit_domain::Position;
use plaudit_projection::{Needs, PostBody, Row, Rows, Touched};
use rusqlite::Connection;
use sea_query::SqliteQueryBuilder;

use crate::engine::Loader;
use crate::load::{Load, Told, overtaken};
use crate::progress::{Telling, Work};
use crate::reads::fetch;
use crate::{Commit, Result, SharedStore, StoreError, sql, writes};

use super::connection::Reader;
use super::{Failure, SqliteStore, bind, configure, schema, write};

/// So many bytes of memory rows may take that are not written yet, unless it is said otherwise.
const BUDGET: usize = 1 << 30;

/// A generation that is being filled.
pub struct BulkLoad {
    path: Arc<Path>,
    rules: String,
    budget: usize,
    reader: Reader,
    /// As long as it is held nobody removes the file.
    in_use: File,
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
            reader: Reader::new(connection, path.into()),
            in_use,
        })
    }

    /// The same, with another budget of memory, in bytes.
    pub fn within(self, budget: usize) -> Self {
        Self { budget, ..self }
    }

    /// Makes the file durable and opens it as a store.
    pub fn finish(self) -> Result<SqliteStore> {
        let Self {
            path,
            rules,
            budget: _,
            reader,
            in_use: _in_use,
        } = self;
        let connection = reader.into_connection();
        connection
            .close()
            .map_err(|(_, error)| Failure::from(error).at(&path))?;
        File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(|error| storage(&path, error))?;
        SqliteStore::open(&path, &rules)
    }

    fn write_bodies(&mut self, bodies: &[PostBody]) -> std::result::Result<(), Failure> {
        let sql = sql::upsert::<PostBody>().to_string(SqliteQueryBuilder);
        let transaction = self.reader.connection().transaction()?;
        let mut statement = transaction.prepare_cached(&sql)?;
        for body in bodies {
            bind::execute(&mut statement, body)?;
        }
        drop(statement);
        Ok(transaction.commit()?)
    }

    fn write_end(
        &mut self,
        rows: &Rows,
        position: Position,
        work: &mut Work<'_>,
    ) -> std::result::Result<(), Failure> {
        let transaction = self.reader.connection().transaction()?;
        for (table, index) in schema::indexes() {
            transaction.execute(&index, ())?;
            work.indexed(table);
        }
        schema::start(&transaction, &self.rules, position, rows)?;
        Ok(transaction.commit()?)
    }
}

#[async_trait]
impl Load for BulkLoad {
    fn budget(&self) -> usize {
        self.budget
    }

    async fn bodies(&mut self, bodies: &[PostBody]) -> Result<()> {
        self.write_bodies(bodies)
            .map_err(|error| error.at(&self.path))
    }

    async fn rows(&mut self, rows: &Rows, position: Position, told: Told<'_>) -> Result<()> {
        let mut work = Work::of(rows, schema::indexes().map(|(table, _)| table), told).await?;
        let mut tables = Telling {
            loader: Tables(&mut self.reader),
            work: &mut work,
        };
        writes::load(&mut tables, rows).await?;
        self.write_end(rows, position, &mut work)
            .map_err(|error| error.at(&self.path))
    }

    async fn fetch(&self, touched: &Touched) -> Result<Rows> {
        fetch::touched(&self.reader, touched).await
    }

    async fn fetch_for(&self, needs: &Needs, rows: &mut Rows) -> Result<()> {
        fetch::needed(&self.reader, needs, rows).await
    }

    async fn commit(&mut self, rows: &Rows, from: Position, to: Position) -> Result<()> {
        match write::commit(self.reader.connection(), &self.path, rows, from, to) {
            Ok(Commit::Done) => Ok(()),
            Ok(Commit::Overtaken { at }) => Err(storage(&self.path, overtaken(from, at))),
            Err(error) => Err(error.at(&self.path)),
        }
    }

    async fn finish(self: Box<Self>) -> Result<SharedStore> {
        Ok(Arc::new(Self::finish(*self)?))
    }
}

/// A table at a time.
struct Tables<'a>(&'a mut Reader);

impl Loader for Tables<'_> {
    async fn load<R: Row, B: Borrow<R> + Sync>(&mut self, rows: &[B]) -> Result<()> {
        let sql = sql::insert::<R>().to_string(SqliteQueryBuilder);
        self.0.run(|connection| {
            let transaction = connection.unchecked_transaction()?;
            let mut statement = transaction.prepare(&sql)?;
            for row in rows {
                bind::execute(&mut statement, row.borrow())?;
            }
            drop(statement);
            Ok(transaction.commit()?)
        })
    }
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
    for suffix in ["", "-wal", "-shm", IN_USE] {
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
