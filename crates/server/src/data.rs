//! The directory that holds a community.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plaudit_journal::SharedJournal;
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_replay::{FoldingError, Generations, live};
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
        make(directory).map_err(|error| {
            let directory = directory.display();
            format!(
                "{directory}: nothing can be kept there: {error}; name another directory with --data"
            )
        })?;
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

    /// Whether a file is, or would be, one that the community itself needs.
    pub fn owns(&self, file: &Path) -> bool {
        let folder = match file.parent() {
            Some(folder) if folder != Path::new("") => folder,
            Some(_) | None => Path::new("."),
        };
        let (Ok(folder), Ok(own)) = (folder.canonicalize(), self.directory.canonicalize()) else {
            return false;
        };
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let is_own = name.starts_with(JOURNAL) || name.starts_with("dev.key");
        folder.starts_with(own.join(READ_MODELS)) || (folder == own && is_own)
    }

    /// The history.
    pub fn journal(&self) -> &SharedJournal {
        &self.journal
    }

    /// The read models' directory.
    pub fn generations(&self) -> Result<Generations, Failure> {
        Ok(Generations::open(&self.directory.join(READ_MODELS))?)
    }

    /// What is folded from the history, up to its end.
    pub async fn store(&self, folding: &mut Folding) -> Result<SharedStore, Failure> {
        let generations = self.generations()?;
        let store = self.fold(&generations, folding).await;
        folding.finish();
        store.map_err(|error| {
            if matches!(error, FoldingError::Store(_)) {
                format!("{error}. `plaudit rebuild` makes all read models anew").into()
            } else {
                error.into()
            }
        })
    }

    async fn fold(
        &self,
        generations: &Generations,
        folding: &mut Folding,
    ) -> Result<SharedStore, FoldingError> {
        let store = generations
            .current(&self.journal, &mut |progress| folding.at(progress))
            .await?;
        let store: SharedStore = Arc::new(store);
        live::catch_up(&self.journal, &store, &mut |progress| folding.at(progress)).await?;
        Ok(store)
    }
}

/// Makes a directory in which files can be made. SQLite wouldn't say why they can't.
fn make(directory: &Path) -> io::Result<()> {
    match std::fs::create_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(io::Error::other("it is not a directory"));
        }
        made => made?,
    }
    tempfile::tempfile_in(directory).map(drop)
}

const JOURNAL: &str = "journal.sqlite";
const READ_MODELS: &str = "read-models";
