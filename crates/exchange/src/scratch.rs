//! A temporary SQLite file in which an import sorts what doesn't fit into memory.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempPath;

use crate::error::ImportError;

/// How much of the file is kept in memory, in KiB. This and a batch of events is all that an
/// import needs, however large its files are.
const CACHE_KIB: i32 = 32 * 1024;

/// A temporary SQLite file. It is deleted when this is dropped.
pub(crate) struct Scratch {
    // Before the path: it is closed first.
    db: Connection,
    _file: TempPath,
}

impl Scratch {
    /// Makes one in a folder, with these tables.
    pub(crate) fn create(folder: &Path, tables: &str) -> Result<Self, ImportError> {
        // Readable by nobody else: names and texts are in it.
        let file = tempfile::Builder::new()
            .prefix("plaudit-import-")
            .tempfile_in(folder)
            .map_err(|source| ImportError::NoScratch {
                folder: folder.to_owned(),
                source,
            })?
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
        Ok(Self { db, _file: file })
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
        scratch
            .db()
            .execute("INSERT INTO t VALUES (1)", [])
            .unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        drop(scratch);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = Scratch::create(Path::new("/nowhere/at/all"), "")
            .err()
            .unwrap();
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    }
}
