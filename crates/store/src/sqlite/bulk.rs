//! Filling a generation from nothing: no indexes until the end, no protection against a crash
//! until it is whole. A file that was not finished is thrown away.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use plaudit_domain::Position;
use plaudit_projection::{Needs, PostBody, Rows, Touched};
use rusqlite::{Connection, Transaction};
use sea_query::SqliteQueryBuilder;

use crate::{Commit, Result, StoreError, sql};

use super::load::write;
use super::{Failure, SqliteStore, bind, configure, fold, schema};

/// So many bytes of memory rows may take that are not written yet, unless it is said otherwise.
const BUDGET: usize = 1 << 30;

/// A generation that is being filled.
pub struct BulkLoad {
    path: PathBuf,
    rules: String,
    budget: usize,
    connection: Connection,
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
        let load = Self {
            path: path.to_owned(),
            rules: rules.to_owned(),
            budget: BUDGET,
            connection,
            in_use,
        };
        load.prepare().map_err(|error| failed(error.into()))?;
        Ok(load)
    }

    fn prepare(&self) -> rusqlite::Result<()> {
        configure(&self.connection, "OFF", "OFF")?;
        // Counted to the process, however much of it there is: the cache does as well.
        self.connection.pragma_update(None, "mmap_size", 0)?;
        self.connection
            .pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        let transaction = self.connection.unchecked_transaction()?;
        schema::create_tables(&transaction)?;
        transaction.commit()
    }

    /// The same, with another budget of memory, in bytes.
    pub fn within(self, budget: usize) -> Self {
        Self { budget, ..self }
    }

    /// How many bytes of memory the rows may take that are not written yet.
    pub fn budget(&self) -> usize {
        self.budget
    }

    /// Writes texts; a later one of the same post holds.
    pub fn bodies(&mut self, bodies: &[PostBody]) -> Result<()> {
        let sql = sql::upsert::<PostBody>().to_string(SqliteQueryBuilder);
        self.in_transaction(|transaction| {
            let mut statement = transaction.prepare_cached(&sql)?;
            bodies
                .iter()
                .try_for_each(|body| bind::execute(&mut statement, body))
        })
    }

    /// Writes all rows of a history so far but the texts, which it has [taken](Self::bodies) before, and
    /// makes the indexes; it is told how many are done, and of how many. What comes after is
    /// [folded into](Self::fetch) them.
    pub fn rows(
        &mut self,
        rows: &Rows,
        position: Position,
        told: &mut dyn FnMut(u64, u64),
    ) -> Result<()> {
        let rules = self.rules.clone();
        self.in_transaction(|transaction| {
            write(transaction, rows, told)?;
            schema::start(transaction, &rules, position, rows)
        })
    }

    /// The rows that a batch touches, once there are [some](Self::rows).
    pub fn fetch(&self, touched: &Touched) -> Result<Rows> {
        fold::fetch(&self.connection, touched).map_err(|error| error.at(&self.path))
    }

    /// The rows that its deeds need to be reckoned.
    pub fn fetch_for(&self, needs: &Needs, rows: &mut Rows) -> Result<()> {
        fold::fetch_for(&self.connection, needs, rows).map_err(|error| error.at(&self.path))
    }

    /// Writes what a batch changed, from one position to another.
    pub fn commit(&mut self, rows: &Rows, from: Position, to: Position) -> Result<()> {
        match fold::commit(&mut self.connection, rows, from, to) {
            Ok(Commit::Done) => Ok(()),
            Ok(Commit::Overtaken { at }) => {
                let what = format!("the rows are folded up to event {at}, not to {from}");
                Err(storage(&self.path, std::io::Error::other(what)))
            }
            Err(error) => Err(error.at(&self.path)),
        }
    }

    /// Makes the file durable and opens it as a store.
    pub fn finish(self) -> Result<SqliteStore> {
        let Self {
            path,
            rules,
            budget: _,
            connection,
            in_use: _in_use,
        } = self;
        connection
            .close()
            .map_err(|(_, error)| Failure::from(error).at(&path))?;
        File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(|error| storage(&path, error))?;
        SqliteStore::open(&path, &rules)
    }

    fn in_transaction(
        &mut self,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<()> {
        let result = self.connection.transaction().and_then(|transaction| {
            write(&transaction)?;
            transaction.commit()
        });
        result.map_err(|error| Failure::from(error).at(&self.path))
    }
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
        path: path.to_owned(),
        source: error.into(),
    }
}
