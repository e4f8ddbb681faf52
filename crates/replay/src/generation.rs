//! Generations of read models in a directory: `1.sqlite`, `2.sqlite` …, `current`, which names the one in
//! use, and `before`, which names the one that was, to go back to.
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

use crate::activation::activations;
use crate::rebuild::rebuild_beside;
use crate::{FoldingError, Progress, moments, stand};

/// A store that is further behind than this is rebuilt instead of caught up: it is faster.
const FAR_BEHIND: Position = 50_000;

/// So often is looked whether another process has finished to rebuild.
const PATIENCE: Duration = Duration::from_millis(100);

/// A directory of generations.
#[derive(Debug, Clone)]
pub struct Generations {
    directory: PathBuf,
    rules: Arc<Rules>,
    budget: Option<usize>,
}

impl Generations {
    /// The generations in a directory, which is made if it isn't there; those that are built are built by
    /// these rules.
    pub fn open(directory: &Path, rules: Arc<Rules>) -> Result<Self, FoldingError> {
        fs::create_dir_all(directory).map_err(|source| failed(directory, source))?;
        Ok(Self {
            directory: directory.to_owned(),
            rules,
            budget: None,
        })
    }

    /// The same, that are built in so many bytes of memory, about, instead of [a gigabyte](BulkLoad::begin).
    pub fn within(self, budget: usize) -> Self {
        let budget = Some(budget);
        Self { budget, ..self }
    }

    /// The generations in a directory, to read the one in use.
    pub fn existing(directory: &Path, rules: Arc<Rules>) -> Self {
        Self {
            directory: directory.to_owned(),
            rules,
            budget: None,
        }
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
            Err(why) => {
                // Rules of before may be in force again.
                if let Some((number, store)) = self.other(journal, None).await? {
                    self.put_in_use(number)?;
                    return Ok(store);
                }
                if let Some(why) = why {
                    tracing::warn!("{why}: rebuilding");
                }
            }
        }
        self.build(journal, progress).await
    }

    /// The generation in use, and these by the rules that it was made by; the same as
    /// [`current`](Self::current) where it isn't worth going on with. Who serves it makes another one
    /// meanwhile, where other rules came into force since.
    ///
    /// # Errors
    /// If the journal, the rows or the files can't be read, or what is rebuilt can't be written.
    pub async fn current_as_made(
        &self,
        journal: &SharedJournal,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(Self, SqliteStore), FoldingError> {
        let made = self.clone().as_made(journal).await?;
        if let Ok(store) = made.usable(journal).await? {
            return Ok((made, store));
        }
        Ok((self.clone(), self.current(journal, progress).await?))
    }

    /// The generation in use, if it is worth going on with; or why it isn't, if there is one.
    async fn usable(
        &self,
        journal: &SharedJournal,
    ) -> Result<Result<SqliteStore, Option<String>>, FoldingError> {
        let Some(number) = self.number()? else {
            return Ok(Err(None));
        };
        match SqliteStore::open(&self.path(number), &self.rules.folding_hash()) {
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

    /// Builds the next generation from the journal and puts it in use. A server that has an older one open
    /// takes it up; those that nobody has open are removed, but for the one before.
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
        // Whoever serves others knows nothing of it: what is erased meanwhile they remove with these.
        let (number, store) = self.built(journal, Position::MAX, progress).await?;
        self.put_in_use(number)?;
        Ok(store)
    }

    /// Builds the next generation, without putting it in use, while those who serve one have carried out what
    /// was erased up to a position. What isn't finished is removed.
    async fn built(
        &self,
        journal: &SharedJournal,
        carried_out: Position,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(u64, SqliteStore), FoldingError> {
        let number = self.next()?;
        let path = self.path(number);
        let discard = Beside(path.clone());
        let mut load = self.load(&path)?;
        rebuild_beside(journal, &self.rules, &mut load, carried_out, progress).await?;
        let store = load.finish()?;
        discard.keep();
        Ok((number, store))
    }

    /// The same directory, for generations that are built by other rules.
    pub fn under(&self, rules: Arc<Rules>) -> Self {
        Self {
            directory: self.directory.clone(),
            rules,
            budget: self.budget,
        }
    }

    /// A generation that can be used instead of that with a number: the one in use by now, or the one that
    /// was before it, if it was made by these rules and is not far behind.
    pub(crate) async fn other(
        &self,
        journal: &SharedJournal,
        own: Option<u64>,
    ) -> Result<Option<(u64, SqliteStore)>, FoldingError> {
        if self.has_erased() {
            // They are about to be removed.
            return Ok(None);
        }
        for number in self.kept()?.into_iter().flatten() {
            let path = self.path(number);
            if Some(number) != own
                && path.exists()
                && let Ok(store) = SqliteStore::open(&path, &self.rules.folding_hash())
                && let Ok((position, head)) = stand(journal, &store).await
                && head - position <= FAR_BEHIND
            {
                return Ok(Some((number, store)));
            }
        }
        Ok(None)
    }

    /// Begins to build the next generation; nothing, as long as another process does.
    pub(crate) async fn begin(
        &self,
        journal: &SharedJournal,
        carried_out: Position,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Option<(File, u64, SqliteStore)>, FoldingError> {
        let Some(lock) = self.lock()? else {
            return Ok(None);
        };
        let (number, store) = self.built(journal, carried_out, progress).await?;
        Ok(Some((lock, number, store)))
    }

    /// The generation that is named as the one in use.
    pub(crate) fn in_use(&self) -> Result<Option<u64>, FoldingError> {
        self.number()
    }

    /// The numbers of all generations, in no order.
    fn numbers(&self) -> Result<Vec<u64>, FoldingError> {
        let failed = |source| failed(&self.directory, source);
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.directory).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            numbers.extend(number_of(Path::new(&name)));
        }
        Ok(numbers)
    }

    /// The same directory, by the rules that the generation in use was made by: others may have come into
    /// force since.
    ///
    /// # Errors
    /// If the journal or the rows can't be read.
    pub async fn as_made(self, journal: &SharedJournal) -> Result<Self, FoldingError> {
        let is_outdated = |generations: &Self| {
            let opened = generations.to_read();
            matches!(
                opened,
                Err(FoldingError::Store(StoreError::Outdated { .. }))
            )
        };
        if !is_outdated(&self) {
            return Ok(self);
        }
        let before = activations(journal).await?.into_iter().rev();
        let before = before.filter_map(|activation| activation.rules.ok());
        let standard = Rules::standard().ok().map(Arc::new);
        let mut others = before.chain(standard).map(|rules| self.under(rules));
        let made = others.find(|other| !is_outdated(other));
        Ok(made.unwrap_or_else(|| self.clone()))
    }

    /// The generation in use as it is, if there is one.
    pub(crate) fn as_it_is(&self) -> Result<Option<SqliteStore>, FoldingError> {
        let path = self.number()?.map(|number| self.path(number));
        match path.filter(|path| path.exists()) {
            Some(path) => Ok(Some(SqliteStore::open(&path, &self.rules.folding_hash())?)),
            None => Ok(None),
        }
    }

    /// Their directory.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Opens the generation in use as it is, to read it: nothing is made, folded or written.
    ///
    /// # Errors
    /// Also if it is of another version or was made by other rules.
    pub fn to_read(&self) -> Result<Option<SqliteStore>, FoldingError> {
        let path = self.number()?.map(|number| self.path(number));
        match path.filter(|path| path.exists()) {
            Some(path) => Ok(Some(SqliteStore::open_read_only(
                &path,
                &self.rules.folding_hash(),
            )?)),
            None => Ok(None),
        }
    }

    /// Begins a generation that is never put in use, and where it is. Whoever is interrupted leaves it
    /// behind like one that was being built.
    pub(crate) async fn beside(&self) -> Result<(Beside, BulkLoad), FoldingError> {
        let _lock = self.locked().await?;
        let path = self.path(self.next()?);
        let load = self.load(&path)?;
        Ok((Beside(path), load))
    }

    /// Begins to fill one in a file.
    pub(crate) fn load(&self, path: &Path) -> Result<BulkLoad, StoreError> {
        let load = BulkLoad::begin(path, &self.rules.folding_hash())?;
        Ok(match self.budget {
            Some(budget) => load.within(budget),
            None => load,
        })
    }

    /// The number of the next generation; what is left of one that wasn't finished is removed.
    fn next(&self) -> Result<u64, FoldingError> {
        self.tidy()?;
        let kept = self.kept()?.into_iter().flatten();
        let last = kept.chain(self.numbers()?).max();
        Ok(last.unwrap_or(0) + 1)
    }

    /// The generation in use, and the one before it.
    fn kept(&self) -> Result<[Option<u64>; 2], FoldingError> {
        Ok([self.number()?, self.number_in(BEFORE)?])
    }

    /// Removes all others. What somebody has open stays until the next time.
    pub(crate) fn tidy(&self) -> Result<(), FoldingError> {
        let kept = self.kept()?;
        for number in self.numbers()? {
            if !kept.contains(&Some(number)) {
                remove(&self.path(number))?;
            }
        }
        Ok(())
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
    /// somebody has open stay as long. Where the one to be used next is removed, this one takes its place.
    pub(crate) fn remove_others(&self, own: &Path) -> Result<bool, FoldingError> {
        if !self.has_erased() {
            return Ok(true);
        }
        let mut all = true;
        for number in self.numbers()? {
            if self.path(number) != own {
                all &= remove(&self.path(number))?;
            }
        }
        all &= moments::remove_left(&self.directory)?;
        let current = self.number()?.map(|number| self.path(number));
        if let Some(own) = number_of(own)
            && current.is_none_or(|current| !current.exists())
        {
            self.name(CURRENT, own)?;
        }
        if all {
            fs::remove_file(self.directory.join(ERASED))
                .map_err(|source| failed(&self.directory, source))?;
        }
        Ok(all)
    }

    /// Waits for whoever is rebuilding, and keeps others from it.
    async fn locked(&self) -> Result<File, FoldingError> {
        let mut is_told = false;
        loop {
            if let Some(lock) = self.lock()? {
                return Ok(lock);
            }
            if !is_told {
                is_told = true;
                let directory = self.directory.display();
                tracing::warn!(
                    "{directory}: others are making read models here: this goes on when they have finished"
                );
            }
            sleep(PATIENCE).await;
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
        self.number_in(CURRENT)
    }

    /// The number that a file names, if there is one.
    fn number_in(&self, name: &str) -> Result<Option<u64>, FoldingError> {
        let path = self.directory.join(name);
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

    /// Names a generation as the one in use. Of all others the one before is kept, to go back to.
    pub(crate) fn put_in_use(&self, number: u64) -> Result<(), FoldingError> {
        let before = self.number()?;
        if before == Some(number) {
            return Ok(());
        }
        if let Some(before) = before {
            self.name(BEFORE, before)?;
        }
        self.name(CURRENT, number)?;
        self.tidy()
    }

    fn name(&self, file: &str, number: u64) -> Result<(), FoldingError> {
        let path = self.directory.join(file);
        let name = || {
            let new = self.directory.join(format!("{file}.new"));
            let mut file = File::create(&new)?;
            writeln!(file, "{number}")?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            File::open(&self.directory)?.sync_all()
        };
        name().map_err(|source| failed(&path, source))
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{number}.sqlite"))
    }
}

/// The file of a generation that is never put in use. It goes with this; whoever opened it closes it
/// before.
pub(crate) struct Beside(pub(crate) PathBuf);

impl Beside {
    /// It is of use, after all.
    fn keep(mut self) {
        self.0 = PathBuf::new();
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if self.0.as_os_str().is_empty() {
            return;
        }
        if let Err(error) = remove(&self.0) {
            tracing::warn!(
                "{} is of no use any more, and stays: {error}",
                self.0.display()
            );
        }
    }
}

/// The number of a generation, by its file.
pub(crate) fn number_of(file: &Path) -> Option<u64> {
    let name = file.file_name()?.to_str()?;
    name.strip_suffix(".sqlite")?.parse().ok()
}

const CURRENT: &str = "current";
const BEFORE: &str = "before";
const ERASED: &str = "erased";

fn failed(path: &Path, source: io::Error) -> FoldingError {
    FoldingError::Files {
        path: path.to_owned(),
        source,
    }
}
