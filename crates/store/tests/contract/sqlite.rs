//! SQLite: a file in a folder of its own.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use plaudit_store::sqlite::SqliteStore;
use plaudit_store::{Result, SharedStore};
use tempfile::TempDir;

use crate::Place;
use crate::history::rules;

pub struct File {
    folder: TempDir,
}

impl File {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("1.sqlite")
    }
}

#[async_trait]
impl Place for File {
    async fn open(&self) -> Result<SharedStore> {
        Ok(Arc::new(SqliteStore::open(
            &self.path(),
            &rules().folding_hash(),
        )?))
    }

    fn bytes(&self) -> Vec<u8> {
        let files = fs::read_dir(self.folder.path()).unwrap();
        files
            .flat_map(|file| fs::read(file.unwrap().path()).unwrap())
            .collect()
    }

    async fn outdate(&self) {
        let file = rusqlite::Connection::open(self.path()).unwrap();
        file.execute("UPDATE progress SET shape = 'another'", ())
            .unwrap();
    }
}
