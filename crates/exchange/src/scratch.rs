//! A temporary SQLite file in which an import sorts what doesn't fit into memory.
//!
//! Names and texts are in it, so nobody else may read it, and nothing of it may stay.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempPath;

use crate::error::ImportError;

/// How much of the file is kept in memory, in KiB. This and a batch of events is all that an
/// import needs, however large its files are.
const CACHE_KIB: i32 = 32 * 1024;

/// A temporary SQLite file. It goes when this is dropped; on Unix also when the process is killed.
pub(crate) struct Scratch {
    // Before the path: it is closed first.
    db: Connection,
    _path: Option<TempPath>,
}

impl Scratch {
    /// Makes one in a folder, with these tables.
    pub(crate) fn create(folder: &Path, tables: &str) -> Result<Self, ImportError> {
        // A temporary file has mode 0600 from the start.
        let failed = |source| ImportError::NoScratch {
            folder: folder.to_owned(),
            source,
        };
        let file = tempfile::Builder::new()
            .prefix("plaudit-import-")
            .tempfile_in(folder)
            .map_err(failed)?
            .into_temp_path();
        let db = Connection::open(&file)?;
        db.set_prepared_statement_cache_capacity(64);
        // Nothing in it outlives the import, so nothing has to survive a crash. One transaction
        // from beginning to end keeps pages in the cache.
        db.execute_batch(&format!(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; \
             PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -{CACHE_KIB}; BEGIN;"
        ))?;
        db.execute_batch(tables)?;
        // An open file lives on there without a name.
        #[cfg(unix)]
        std::fs::remove_file(&file).map_err(failed)?;
        // Where an open file can be deleted it is, and so it is gone also if the import is killed.
        let path = match std::fs::remove_file(&file) {
            Ok(()) => {
                drop(file.keep());
                None
            }
            Err(_) => Some(file),
        };
        Ok(Self { db, _path: path })
    }

    /// The file as a database.
    pub(crate) fn db(&self) -> &Connection {
        &self.db
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::create(folder.path(), "CREATE TABLE t(n)").unwrap();
        let files = || std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files(), usize::from(cfg!(not(unix))));
        // Far more than is kept in memory.
        scratch
            .db()
            .execute_batch(
                "WITH RECURSIVE n(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n LIMIT 100)
                 INSERT INTO t SELECT randomblob(1000000) FROM n",
            )
            .unwrap();
        let bytes = "SELECT sum(length(n)) FROM t";
        let bytes: i64 = scratch.db().query_row(bytes, [], |row| row.get(0)).unwrap();
        assert_eq!(bytes, 100_000_000);
        drop(scratch);
        assert_eq!(files(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = Scratch::create(Path::new("/nowhere/at/all"), "")
            .err()
            .unwrap();
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    }
}
