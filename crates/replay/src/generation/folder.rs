//! Generations in a directory: `1.sqlite`, `2.sqlite` …, `current`, which names the one in use, and `before`,
//! which names the one that was, to go back to.
//!
//! A generation is named only once it is whole and durable, by renaming a file over `current`:
//! whatever interrupts a rebuild, the one before stays in use.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use plaudit_store::sqlite::{BulkLoad, SqliteStore, remove};
use plaudit_store::{Load, SharedStore};
use uuid::Uuid;

use super::shelf::{Guard, Shelf};
use crate::FoldingError;

type Result<T> = std::result::Result<T, FoldingError>;

/// A directory of generations.
pub(crate) struct Folder(pub(crate) PathBuf);

const CURRENT: &str = "current";
const BEFORE: &str = "before";
const ERASED: &str = "erased";

#[async_trait]
impl Shelf for Folder {
    async fn numbers(&self) -> Result<Vec<u64>> {
        let failed = |source| failed(&self.0, source);
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            numbers.extend(number_of(Path::new(&name)));
        }
        Ok(numbers)
    }

    async fn kept(&self) -> Result<[Option<u64>; 2]> {
        Ok([self.number_in(CURRENT)?, self.number_in(BEFORE)?])
    }

    async fn put_in_use(&self, number: u64) -> Result<()> {
        if let Some(before) = self.number_in(CURRENT)? {
            self.name(BEFORE, before)?;
        }
        self.name(CURRENT, number)
    }

    async fn exists(&self, number: u64) -> Result<bool> {
        Ok(self.path(number).exists())
    }

    /// A directory is its community's own: another journal that was put there has it folded anew.
    async fn claim(&self, _: Uuid) -> Result<()> {
        Ok(())
    }

    async fn open(&self, number: u64, rules: &str) -> Result<SharedStore> {
        Ok(Arc::new(SqliteStore::open(&self.path(number), rules)?))
    }

    async fn open_to_read(&self, number: u64, rules: &str) -> Result<SharedStore> {
        let store = SqliteStore::open_read_only(&self.path(number), rules)?;
        Ok(Arc::new(store))
    }

    fn is_shared(&self) -> bool {
        false
    }

    async fn is_only_one_open(&self, _: u64) -> Result<bool> {
        Ok(true)
    }

    async fn load(&self, number: u64, rules: &str, budget: Option<usize>) -> Result<Box<dyn Load>> {
        let load = BulkLoad::begin(&self.path(number), rules)?;
        Ok(Box::new(match budget {
            Some(budget) => load.within(budget),
            None => load,
        }))
    }

    async fn remove(&self, number: u64) -> Result<bool> {
        Ok(remove(&self.path(number))?)
    }

    /// Two that rebuild would write the same file. The lock goes with the process, if not before.
    async fn lock(&self) -> Result<Option<Guard>> {
        let path = self.0.join("rebuilding");
        let lock = || {
            let file = File::create(&path)?;
            match file.try_lock() {
                Ok(()) => Ok(Some(file)),
                Err(TryLockError::Error(error)) => Err(error),
                Err(TryLockError::WouldBlock) => Ok(None),
            }
        };
        let lock = lock().map_err(|error| failed(&path, error))?;
        Ok(lock.map(|file| Box::new(file) as Guard))
    }

    async fn has_erased(&self) -> Result<bool> {
        Ok(self.0.join(ERASED).exists())
    }

    async fn note_erased(&self, erased: bool) -> Result<()> {
        let path = self.0.join(ERASED);
        let noted = match erased {
            true => File::create(&path).and_then(|file| file.sync_all()),
            false => fs::remove_file(&path),
        };
        noted.map_err(|source| failed(&path, source))
    }

    fn discard(&self, number: u64) -> Guard {
        Box::new(Beside(self.path(number)))
    }
}

impl Folder {
    /// The number that a file names, if there is one.
    fn number_in(&self, name: &str) -> Result<Option<u64>> {
        let path = self.0.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => match text.trim().parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => {
                    let what = format!(
                        "{text:?} is not the number of a generation: remove it, and they are rebuilt"
                    );
                    Err(failed(&path, io::Error::other(what)))
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&path, error)),
        }
    }

    fn name(&self, file: &str, number: u64) -> Result<()> {
        let path = self.0.join(file);
        let name = || {
            let new = self.0.join(format!("{file}.new"));
            let mut file = File::create(&new)?;
            writeln!(file, "{number}")?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            File::open(&self.0)?.sync_all()
        };
        name().map_err(|source| failed(&path, source))
    }

    fn path(&self, number: u64) -> PathBuf {
        self.0.join(format!("{number}.sqlite"))
    }
}

/// The file of a generation that is never put in use. It goes with this; whoever opened it closes it
/// before.
pub(crate) struct Beside(pub(crate) PathBuf);

impl Drop for Beside {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            tracing::warn!(
                "{} is of no use any more, and stays: {error}",
                self.0.display()
            );
        }
    }
}

/// The number of a generation, by its file.
fn number_of(file: &Path) -> Option<u64> {
    let name = file.file_name()?.to_str()?;
    name.strip_suffix(".sqlite")?.parse().ok()
}

pub(crate) fn failed(path: &Path, source: io::Error) -> FoldingError {
    FoldingError::Files {
        path: path.to_owned(),
        source,
    }
}
