//! How SQLite is told to work, and to leave nothing behind of what was erased.

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::{Failure, schema};

/// Durability is the journal's: what a crash takes from here is folded again, and rows and their
/// position are lost together or not at all.
pub fn configure(connection: &Connection, mode: &str, synchronous: &str) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", mode)?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    // In pages: those that are written again and again go to the file once.
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    configure_reads(connection)
}

/// Writes the file anew and empties the log, which still holds pages as they were. A `secure_delete`
/// wouldn't do: a page that is split or merged keeps copies of rows that are elsewhere by now. What
/// reads just now is waited for, because it may need the old pages.
pub fn purge(connection: &Connection) -> Result<(), Failure> {
    if !schema::is_erased(connection)? {
        return Ok(());
    }
    // Before all is written anew: while somebody reads, that would be for nothing.
    empty_log(connection)?;
    connection.execute_batch("VACUUM")?;
    empty_log(connection)?;
    Ok(schema::purged(connection)?)
}

fn empty_log(connection: &Connection) -> Result<(), Failure> {
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
