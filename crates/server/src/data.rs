//! The directory that holds a community.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plaudit_journal::SharedJournal;
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_replay::{Generations, live};
use plaudit_store::SharedStore;

use crate::commands::Failure;
use crate::progress::Folding;

/// The directory that holds a community: `journal.sqlite`, the history, which is all that must
/// not be lost; and `read-models/`, what is folded from it.
pub struct Data {
    directory: PathBuf,
    journal: SharedJournal,
}

impl Data {
    /// Opens a directory; where there is nothing, a community begins.
    pub fn open(directory: &Path) -> Result<Self, Failure> {
        std::fs::create_dir_all(directory)
            .map_err(|error| format!("{}: {error}", directory.display()))?;
        Ok(Self {
            directory: directory.to_owned(),
            journal: Arc::new(SqliteJournal::open(&directory.join(JOURNAL))?),
        })
    }

    /// Opens a directory that holds a community.
    pub fn existing(directory: &Path) -> Result<Self, Failure> {
        if !directory.join(JOURNAL).exists() {
            let directory = directory.display();
            let what = format!(
                "{directory}: there is no community here (no {JOURNAL}); name its directory with --data, or begin one with `plaudit import` or `plaudit serve`"
            );
            return Err(what.into());
        }
        Self::open(directory)
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The history.
    pub fn journal(&self) -> &SharedJournal {
        &self.journal
    }

    /// The read models' directory.
    pub fn generations(&self) -> Result<Generations, Failure> {
        Ok(Generations::open(&self.directory.join("read-models"))?)
    }

    /// What is folded from the history, up to its end.
    pub async fn store(&self, folding: &mut Folding) -> Result<SharedStore, Failure> {
        let generations = self.generations()?;
        let store = generations
            .current(&self.journal, &mut |progress| folding.at(progress))
            .await?;
        let store: SharedStore = Arc::new(store);
        live::catch_up(&self.journal, &store, &mut |progress| folding.at(progress)).await?;
        folding.finish();
        Ok(store)
    }
}

const JOURNAL: &str = "journal.sqlite";
