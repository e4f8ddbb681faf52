//! Connections to a file: how SQLite is told to work, how they are read from, and how nothing is left behind of
//! what was erased.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use plaudit_projection::row::Field;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::engine::{Moment, Session};
use crate::snapshot::Record;
use crate::statement::{Dialect, Param};
use crate::{Each, Result, StoreError};

use super::{Failure, bind, schema};

/// A connection that is read from, one query after the other.
pub struct Reader {
    connection: Mutex<Connection>,
    path: Arc<Path>,
    /// A connection whose query failed is not used again.
    failed: AtomicBool,
}

impl Reader {
    /// Reads from a file.
    pub fn new(connection: Connection, path: Arc<Path>) -> Self {
        Self {
            connection: Mutex::new(connection),
            path,
            failed: AtomicBool::new(false),
        }
    }

    /// Runs something on it.
    pub fn run<T>(
        &self,
        run: impl FnOnce(&mut Connection) -> std::result::Result<T, Failure>,
    ) -> Result<T> {
        run(&mut self.connection.lock()).map_err(|failure| {
            self.failed.store(true, Ordering::Relaxed);
            failure.at(&self.path)
        })
    }
}

// Everything is done on the calling task, and at once: a point read costs less than handing it to another thread.
impl Session for Reader {
    const DIALECT: Dialect = Dialect::Sqlite;

    async fn query<T: Field + Send>(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<T>> {
        self.run(|connection| {
            let mut found = Vec::new();
            bind::query(connection, sql, params, |row| {
                found.push(row);
                Ok(())
            })?;
            Ok(found)
        })
    }

    async fn query_each<T: Field + Send, const N: usize>(
        &self,
        sql: &str,
        keys: &[[Param<'_>; N]],
    ) -> Result<Vec<T>> {
        if keys.is_empty() {
            return Ok(vec![]);
        }
        self.run(|connection| {
            let mut found = Vec::new();
            let mut statement = connection.prepare_cached(sql)?;
            for key in keys {
                bind::each(&mut statement, key, |row| {
                    found.push(row);
                    Ok(())
                })?;
            }
            Ok(found)
        })
    }

    async fn scan<T: Field + Send>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: Each<'_, T>,
    ) -> Result<()> {
        self.run(|connection| {
            bind::query(connection, sql, params, |row| {
                Ok(each(row).map_err(StoreError::from)?)
            })
        })
    }

    async fn records(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Record>> {
        self.run(|connection| bind::records(connection, sql, params))
    }

    async fn damages(&self) -> Result<Vec<String>> {
        self.run(|connection| Ok(schema::damages(connection)?))
    }
}

/// Connections that nobody reads from just now.
pub type Free = Arc<Mutex<Vec<Arc<Reader>>>>;

/// A connection that others read from afterwards.
pub struct Borrowed {
    reader: Arc<Reader>,
    free: Free,
}

impl Borrowed {
    /// One that is given back to these.
    pub fn new(reader: Arc<Reader>, free: Free) -> Self {
        Self { reader, free }
    }

    fn reader(&self) -> &Reader {
        &self.reader
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if !self.reader.failed.load(Ordering::Relaxed) {
            self.free.lock().push(self.reader.clone());
        }
    }
}

/// Reads by what is within.
macro_rules! session_within {
    ($type:ty) => {
        impl Session for $type {
            const DIALECT: Dialect = Dialect::Sqlite;

            async fn query<T: Field + Send>(
                &self,
                sql: &str,
                params: &[Param<'_>],
            ) -> Result<Vec<T>> {
                self.reader().query(sql, params).await
            }

            async fn query_each<T: Field + Send, const N: usize>(
                &self,
                sql: &str,
                keys: &[[Param<'_>; N]],
            ) -> Result<Vec<T>> {
                self.reader().query_each(sql, keys).await
            }

            async fn scan<T: Field + Send>(
                &self,
                sql: &str,
                params: &[Param<'_>],
                each: Each<'_, T>,
            ) -> Result<()> {
                self.reader().scan(sql, params, each).await
            }

            async fn records(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Record>> {
                self.reader().records(sql, params).await
            }

            async fn damages(&self) -> Result<Vec<String>> {
                self.reader().damages().await
            }
        }
    };
}

session_within!(Borrowed);
session_within!(Transaction);

/// A connection within a transaction, which ends as this is dropped.
pub struct Transaction(Borrowed);

impl Transaction {
    fn reader(&self) -> &Reader {
        self.0.reader()
    }

    /// Begins one.
    pub fn begin(reader: Borrowed) -> Result<Self> {
        reader
            .reader()
            .run(|connection| Ok(connection.execute_batch("BEGIN")?))?;
        Ok(Self(reader))
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        // Where that fails the connection is given up.
        let _ = self
            .reader()
            .run(|connection| Ok(connection.execute_batch("ROLLBACK")?));
    }
}

impl Moment for Transaction {
    async fn end(self) -> Result<()> {
        Ok(())
    }
}

/// So many bytes of memory a connection has for pages, unless it is said otherwise: as many as the log has before it
/// goes into the file. What is in the file is mapped.
const CACHE: usize = 1 << 24;

/// Gives a connection so many bytes of memory for pages.
pub fn cache(connection: &Connection, bytes: usize) -> rusqlite::Result<()> {
    // Negative, they are KiB.
    let kib = i64::try_from(bytes / 1024).unwrap_or(i64::MAX);
    connection.pragma_update(None, "cache_size", -kib)
}

/// Durability is the journal's: what a crash takes from here is folded again, and rows and their
/// position are lost together or not at all.
pub fn configure(connection: &Connection, mode: &str, synchronous: &str) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", mode)?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    cache(connection, CACHE)?;
    // In pages: those that are written again and again go to the file once.
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    configure_reads(connection)
}

/// Writes the file anew and empties the log, which still holds pages as they were. A `secure_delete`
/// wouldn't do: a page that is split or merged keeps copies of rows that are elsewhere by now. What
/// reads just now is waited for, because it may need the old pages.
pub fn purge(connection: &Connection) -> std::result::Result<(), Failure> {
    if !schema::is_erased(connection)? {
        return Ok(());
    }
    // Before all is written anew: while somebody reads, that would be for nothing.
    empty_log(connection)?;
    connection.execute_batch("VACUUM")?;
    empty_log(connection)?;
    Ok(schema::purged(connection)?)
}

fn empty_log(connection: &Connection) -> std::result::Result<(), Failure> {
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))?;
    if busy != 0 {
        return Err(Failure::Sqlite(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
            Some("somebody is still reading what was erased".into()),
        )));
    }
    Ok(())
}

/// What reading needs, too.
pub fn configure_reads(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.pragma_update(None, "mmap_size", 1_i64 << 30)?;
    connection.set_prepared_statement_cache_capacity(256);
    // Plans don't depend on the values that are bound: else SQLite prepares again for each of them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    rusqlite::vtab::array::load_module(connection)
}
