//! Generations of read models in a directory: `1.sqlite`, `2.sqlite` …, and `current`, which names
//! the one in use.
//!
//! A generation is named only once it is whole and durable, by renaming a file over `current`:
//! whatever interrupts a rebuild, the one before stays in use.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use plaudit_domain::Position;
use plaudit_journal::SharedJournal;
use plaudit_projection::Rules;
use plaudit_store::StoreError;
use plaudit_store::sqlite::{BulkLoad, SqliteStore, remove};
use tokio::time::sleep;

use crate::rebuild::rebuild;
use crate::{FoldingError, Progress, stand};

/// A store that is further behind than this is rebuilt instead of caught up: it is faster.
const FAR_BEHIND: Position = 50_000;

/// So often is looked whether another process has finished to rebuild.
const PATIENCE: Duration = Duration::from_millis(100);

/// A directory of generations.
#[derive(Debug, Clone)]
pub struct Generations {
    directory: PathBuf,
    rules: Arc<Rules>,
}

impl Generations {
    /// The generations in a directory, which is made if it isn't there; those that are built are built by
    /// these rules.
    pub fn open(directory: &Path, rules: Arc<Rules>) -> Result<Self, FoldingError> {
        fs::create_dir_all(directory).map_err(|source| failed(directory, source))?;
        Ok(Self {
            directory: directory.to_owned(),
            rules,
        })
    }

    /// The rules that generations are built by.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// The generation in use; rebuilt first where there is none, where it is of another version or
    /// made by other rules, and where it is far behind the journal or ahead of it.
    pub async fn current(
        &self,
        journal: &SharedJournal,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<SqliteStore, FoldingError> {
        if let Ok(store) = self.usable(journal).await? {
            return Ok(store);
        }
        let _lock = self.locked().await?;
        // Who was rebuilding may have done just what is needed.
        match self.usable(journal).await? {
            Ok(store) => return Ok(store),
            Err(Some(why)) => tracing::warn!("{why}: rebuilding"),
            Err(None) => {}
        }
        self.build(journal, progress).await
    }

    /// The generation in use, if it is worth going on with; or why it isn't, if there is one.
    async fn usable(
        &self,
        journal: &SharedJournal,
    ) -> Result<Result<SqliteStore, Option<String>>, FoldingError> {
        let Some(number) = self.number()? else {
            return Ok(Err(None));
        };
        match SqliteStore::open(&self.path(number), self.rules.hash()) {
            Ok(store) => match stand(journal, &store).await {
                Ok((position, head)) if head - position <= FAR_BEHIND => Ok(Ok(store)),
                Ok((position, head)) => Ok(Err(Some(format!(
                    "the read models are {} events behind",
                    head - position
                )))),
                Err(error @ (FoldingError::Ahead { .. } | FoldingError::Foreign { .. })) => {
                    Ok(Err(Some(format!(
                        "{error}. Another journal seems to have been put here"
                    ))))
                }
                Err(error) => Err(error),
            },
            Err(StoreError::Outdated { path }) => Ok(Err(Some(format!(
                "{} was made by another version, or by other rules",
                path.display()
            )))),
            Err(error) => Err(error.into()),
        }
    }

    /// Builds the next generation from the journal and puts it in use. A process that has an older
    /// one open keeps it until it opens anew; those that nobody has open are removed, but for the
    /// one before.
    ///
    /// # Errors
    /// Also if another process is doing just this.
    pub async fn rebuild(
        &self,
        journal: &SharedJournal,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<SqliteStore, FoldingError> {
        let Some(_lock) = self.lock()? else {
            let busy =
                "another process is rebuilding the read models: try again when it has finished";
            return Err(failed(&self.directory, io::Error::other(busy)));
        };
        self.build(journal, progress).await
    }

    async fn build(
        &self,
        journal: &SharedJournal,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<SqliteStore, FoldingError> {
        let before = self.number()?;
        let next = self.next()?;
        let mut load = BulkLoad::begin(&self.path(next), self.rules.hash())?;
        rebuild(journal, &self.rules, &mut load, progress).await?;
        let store = load.finish()?;
        self.put_in_use(next)
            .map_err(|source| failed(&self.directory.join(CURRENT), source))?;
        for old in 1..before.unwrap_or(0) {
            remove(&self.path(old))?;
        }
        Ok(store)
    }

    /// The generation in use as it is, if there is one.
    pub(crate) fn as_it_is(&self) -> Result<Option<SqliteStore>, FoldingError> {
        let path = self.number()?.map(|number| self.path(number));
        match path.filter(|path| path.exists()) {
            Some(path) => Ok(Some(SqliteStore::open(&path, self.rules.hash())?)),
            None => Ok(None),
        }
    }

    /// Begins a generation that is never put in use, and where it is. Whoever is interrupted leaves it
    /// behind like one that was being built.
    pub(crate) async fn beside(&self) -> Result<(Beside, BulkLoad), FoldingError> {
        let _lock = self.locked().await?;
        let path = self.path(self.next()?);
        let load = BulkLoad::begin(&path, self.rules.hash())?;
        Ok((Beside(path), load))
    }

    /// The number of the next generation; what is left of one that wasn't finished is removed.
    fn next(&self) -> Result<u64, FoldingError> {
        let mut next = self.number()?.map_or(1, |number| number + 1);
        while !remove(&self.path(next))? {
            next += 1;
        }
        Ok(next)
    }

    /// Notes that something was erased, which other generations still hold.
    pub(crate) fn note_erased(&self) -> Result<(), FoldingError> {
        let path = self.directory.join(ERASED);
        let note = File::create(&path).and_then(|file| file.sync_all());
        note.map_err(|source| failed(&path, source))
    }

    /// Whether other generations may hold what was erased.
    pub(crate) fn has_erased(&self) -> bool {
        self.directory.join(ERASED).exists()
    }

    /// If they hold what was erased, removes all generations but one; whether none is left. Those that
    /// another process has open stay as long. Where the one to be used next is removed, this one takes
    /// its place.
    pub(crate) fn remove_others(&self, own: &Path) -> Result<bool, FoldingError> {
        if !self.has_erased() {
            return Ok(true);
        }
        let failed = |source| failed(&self.directory, source);
        let mut all = true;
        for entry in fs::read_dir(&self.directory).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if let Some(number) = number_of(Path::new(&name))
                && self.path(number) != own
            {
                all &= remove(&self.path(number))?;
            }
        }
        let current = self.number()?.map(|number| self.path(number));
        if let Some(own) = number_of(own)
            && current.is_none_or(|current| !current.exists())
        {
            self.put_in_use(own).map_err(failed)?;
        }
        if all {
            fs::remove_file(self.directory.join(ERASED)).map_err(failed)?;
        }
        Ok(all)
    }

    /// Waits for whoever is rebuilding, and keeps others from it.
    async fn locked(&self) -> Result<File, FoldingError> {
        loop {
            match self.lock()? {
                Some(lock) => return Ok(lock),
                None => sleep(PATIENCE).await,
            }
        }
    }

    /// Two that rebuild would write the same file. The lock goes with the process, if not before;
    /// there is none while another process holds it.
    fn lock(&self) -> Result<Option<File>, FoldingError> {
        let path = self.directory.join("rebuilding");
        let lock = || {
            let file = File::create(&path)?;
            match file.try_lock() {
                Ok(()) => Ok(Some(file)),
                Err(TryLockError::Error(error)) => Err(error),
                Err(TryLockError::WouldBlock) => Ok(None),
            }
        };
        lock().map_err(|error| failed(&path, error))
    }

    fn number(&self) -> Result<Option<u64>, FoldingError> {
        let path = self.directory.join(CURRENT);
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

    fn put_in_use(&self, number: u64) -> io::Result<()> {
        let new = self.directory.join("current.new");
        let mut file = File::create(&new)?;
        writeln!(file, "{number}")?;
        file.sync_all()?;
        fs::rename(&new, self.directory.join(CURRENT))?;
        File::open(&self.directory)?.sync_all()
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{number}.sqlite"))
    }
}

/// The file of a generation that is never put in use. It goes with this; whoever opened it closes it
/// before.
pub(crate) struct Beside(PathBuf);

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

const CURRENT: &str = "current";
const ERASED: &str = "erased";

fn failed(path: &Path, source: io::Error) -> FoldingError {
    FoldingError::Files {
        path: path.to_owned(),
        source,
    }
}
