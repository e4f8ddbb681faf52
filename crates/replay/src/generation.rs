//! Generations of read models: which one is in use, which was before, to go back to, and how others are built.
//!
//! A generation is named only once it is whole and durable: whatever interrupts a rebuild, the one before stays
//! in use.

use std::fs;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use plaudit_domain::Position;
use plaudit_journal::{Part, SharedJournal};
use plaudit_projection::Rules;
use plaudit_store::postgres::{Address, Schemas};
use plaudit_store::sqlite::BulkLoad;
use plaudit_store::{Load, SharedStore, StoreError};
use tokio::time::sleep;

use self::folder::{Folder, failed};
use self::shelf::Shelf;
use crate::activation::activations;
use crate::rebuild::rebuild_beside;
use crate::{FoldingError, Progress, moments, stand};

mod folder;
mod schemas;
mod shelf;

pub(crate) use folder::Beside;
pub(crate) use shelf::Guard;

/// A store that is further behind than this is rebuilt instead of caught up: it is faster.
const FAR_BEHIND: Position = 50_000;

/// So often is looked whether another process has finished to rebuild.
const PATIENCE: Duration = Duration::from_millis(100);

/// The generations of a community.
#[derive(Clone)]
pub struct Generations {
    shelf: Arc<dyn Shelf>,
    /// What is made for a while is here.
    directory: PathBuf,
    rules: Arc<Rules>,
    budget: Option<usize>,
}

/// A generation that is open.
#[derive(Clone)]
pub struct Generation {
    /// Its number.
    pub number: u64,
    /// Its rows.
    pub store: SharedStore,
}

/// A generation that another one is to take the place of.
#[derive(Clone, Copy)]
pub(crate) struct Replaced {
    /// Its number.
    pub(crate) number: Option<u64>,
    /// Up to here it has carried out what was erased.
    pub(crate) carried_out: Position,
    /// Whether all is to be folded anew, whatever else there is.
    pub(crate) anew: bool,
}

impl Deref for Generation {
    type Target = SharedStore;

    fn deref(&self) -> &SharedStore {
        &self.store
    }
}

impl Generations {
    /// The generations in a directory, which is made if it isn't there; those that are built are built by
    /// these rules.
    pub fn open(directory: &Path, rules: Arc<Rules>) -> Result<Self, FoldingError> {
        fs::create_dir_all(directory).map_err(|source| failed(directory, source))?;
        Ok(Self::existing(directory, rules))
    }

    /// The generations in a directory, to read the one in use.
    pub fn existing(directory: &Path, rules: Arc<Rules>) -> Self {
        Self {
            shelf: Arc::new(Folder(directory.to_owned())),
            directory: directory.to_owned(),
            rules,
            budget: None,
        }
    }

    /// The generations in a PostgreSQL database. What is made for a while is made in a directory.
    pub async fn open_in_database(
        address: &Address,
        directory: &Path,
        rules: Arc<Rules>,
    ) -> Result<Self, FoldingError> {
        fs::create_dir_all(directory).map_err(|source| failed(directory, source))?;
        let shelf = Schemas::open(address).await?;
        Ok(Self::of_database(shelf, directory, rules))
    }

    /// The generations in a PostgreSQL database, to read the one in use.
    pub async fn existing_in_database(
        address: &Address,
        directory: &Path,
        rules: Arc<Rules>,
    ) -> Result<Self, FoldingError> {
        let shelf = Schemas::existing(address).await?;
        Ok(Self::of_database(shelf, directory, rules))
    }

    fn of_database(schemas: Schemas, directory: &Path, rules: Arc<Rules>) -> Self {
        Self {
            shelf: Arc::new(schemas),
            directory: directory.to_owned(),
            rules,
            budget: None,
        }
    }

    /// The same, that are built in so many bytes of memory, about, instead of a gigabyte.
    pub fn within(self, budget: usize) -> Self {
        let budget = Some(budget);
        Self { budget, ..self }
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
    ) -> Result<Generation, FoldingError> {
        self.claim(journal).await?;
        if let Ok(store) = self.usable(journal).await? {
            return Ok(store);
        }
        let _lock = self.locked().await?;
        // Who was rebuilding may have done just what is needed.
        match self.usable(journal).await? {
            Ok(store) => return Ok(store),
            Err(why) => {
                // Rules of before may be in force again.
                if let Some(other) = self.other(journal, None).await? {
                    self.put_in_use(other.number).await?;
                    return Ok(other);
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
    ) -> Result<(Self, Generation), FoldingError> {
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
    ) -> Result<Result<Generation, Option<String>>, FoldingError> {
        let Some(number) = self.in_use().await? else {
            return Ok(Err(None));
        };
        match self.opened(number).await {
            Ok(current) => match stand(journal, &**current).await {
                Ok((position, head)) if head - position <= FAR_BEHIND => Ok(Ok(current)),
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
            Err(FoldingError::Store(StoreError::Outdated { place })) => Ok(Err(Some(format!(
                "{place} was made by another version, or by other rules"
            )))),
            Err(error) => Err(error),
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
    ) -> Result<Generation, FoldingError> {
        let Some(_lock) = self.shelf.lock().await? else {
            let busy =
                "another process is rebuilding the read models: try again when it has finished";
            return Err(failed(&self.directory, io::Error::other(busy)));
        };
        self.build(journal, progress).await
    }

    /// Makes sure that they are of this journal's community, which is told by its first event.
    async fn claim(&self, journal: &SharedJournal) -> Result<(), FoldingError> {
        match journal.read_kept(Part::After(0), 1).await?.first() {
            Some(first) => self.shelf.claim(first.id).await,
            None => Ok(()),
        }
    }

    async fn build(
        &self,
        journal: &SharedJournal,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Generation, FoldingError> {
        self.claim(journal).await?;
        // Whoever serves others knows nothing of it: what is erased meanwhile they remove with these.
        let built = self.built(journal, Position::MAX, progress).await?;
        self.put_in_use(built.number).await?;
        Ok(built)
    }

    /// Builds the next generation, without putting it in use, while those who serve one have carried out what
    /// was erased up to a position. What isn't finished is removed.
    async fn built(
        &self,
        journal: &SharedJournal,
        carried_out: Position,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Generation, FoldingError> {
        let number = self.next().await?;
        let mut load = self.load(number).await?;
        let rebuilt = rebuild_beside(journal, &self.rules, &mut *load, carried_out, progress).await;
        if let Err(error) = rebuilt {
            drop(load);
            drop(self.shelf.discard(number));
            return Err(error);
        }
        let store = load.finish().await?;
        Ok(Generation { number, store })
    }

    /// The same directory, for generations that are built by other rules.
    pub fn under(&self, rules: Arc<Rules>) -> Self {
        Self {
            rules,
            ..self.clone()
        }
    }

    /// A generation that can be used instead of that with a number: the one in use by now, or the one that
    /// was before it, if it was made by these rules and is not far behind.
    pub(crate) async fn other(
        &self,
        journal: &SharedJournal,
        own: Option<u64>,
    ) -> Result<Option<Generation>, FoldingError> {
        let [current, before] = self.shelf.kept().await?;
        // One that isn't in use may hold what was erased, and is about to be removed then.
        let before = match self.has_erased().await? {
            true => None,
            false => before,
        };
        for number in current.into_iter().chain(before) {
            if Some(number) != own
                && self.shelf.exists(number).await?
                && let Ok(other) = self.opened(number).await
                && let Ok((position, head)) = stand(journal, &**other).await
                && head - position <= FAR_BEHIND
            {
                return Ok(Some(other));
            }
        }
        Ok(None)
    }

    /// Opens a generation.
    async fn opened(&self, number: u64) -> Result<Generation, FoldingError> {
        let store = self.shelf.open(number, &self.rules.folding_hash()).await?;
        Ok(Generation { number, store })
    }

    /// Whether several nodes may use them.
    pub(crate) fn are_shared(&self) -> bool {
        self.shelf.is_shared()
    }

    /// Whether a generation is the one in use, and nobody has another one open.
    pub(crate) async fn is_alone(&self, own: Option<u64>) -> Result<bool, FoldingError> {
        let Some(own) = own else { return Ok(true) };
        Ok(self.in_use().await? == Some(own) && self.shelf.is_only_one_open(own).await?)
    }

    /// A generation to be used instead of another, and what keeps others from making one if it is made here;
    /// nothing, as long as another process makes one.
    pub(crate) async fn instead(
        &self,
        of: Replaced,
        journal: &SharedJournal,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Option<(Option<Guard>, Generation)>, FoldingError> {
        let Some(lock) = self.shelf.lock().await? else {
            return Ok(None);
        };
        // Who had it before may have made just what is needed.
        if !of.anew
            && let Some(other) = self.other(journal, of.number).await?
        {
            return Ok(Some((None, other)));
        }
        let built = self.built(journal, of.carried_out, progress).await?;
        Ok(Some((Some(lock), built)))
    }

    /// The generation that is named as the one in use.
    pub(crate) async fn in_use(&self) -> Result<Option<u64>, FoldingError> {
        let [current, _] = self.shelf.kept().await?;
        Ok(current)
    }

    /// The same directory, by the rules that the generation in use was made by: others may have come into
    /// force since.
    ///
    /// # Errors
    /// If the journal or the rows can't be read.
    pub async fn as_made(self, journal: &SharedJournal) -> Result<Self, FoldingError> {
        if !self.is_outdated().await {
            return Ok(self);
        }
        let before = activations(journal).await?.into_iter().rev();
        let before = before.filter_map(|activation| activation.rules.ok());
        let standard = Rules::standard().ok().map(Arc::new);
        for rules in before.chain(standard) {
            let other = self.under(rules);
            if !other.is_outdated().await {
                return Ok(other);
            }
        }
        Ok(self)
    }

    async fn is_outdated(&self) -> bool {
        let opened = self.to_read().await;
        matches!(
            opened,
            Err(FoldingError::Store(StoreError::Outdated { .. }))
        )
    }

    /// The generation in use as it is, if there is one.
    pub(crate) async fn as_it_is(&self) -> Result<Option<Generation>, FoldingError> {
        match self.there().await? {
            Some(number) => Ok(Some(self.opened(number).await?)),
            None => Ok(None),
        }
    }

    /// Where what is made for a while is made.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Opens the generation in use as it is, to read it: nothing is made, folded or written.
    ///
    /// # Errors
    /// Also if it is of another version or was made by other rules.
    pub async fn to_read(&self) -> Result<Option<SharedStore>, FoldingError> {
        let Some(number) = self.there().await? else {
            return Ok(None);
        };
        let rules = self.rules.folding_hash();
        Ok(Some(self.shelf.open_to_read(number, &rules).await?))
    }

    /// The number of the generation in use, if that is there.
    async fn there(&self) -> Result<Option<u64>, FoldingError> {
        match self.in_use().await? {
            Some(number) if self.shelf.exists(number).await? => Ok(Some(number)),
            Some(_) | None => Ok(None),
        }
    }

    /// Begins a generation that is never put in use, and what removes it. Whoever is interrupted leaves it
    /// behind like one that was being built.
    pub(crate) async fn beside(&self) -> Result<(Guard, Box<dyn Load>), FoldingError> {
        let _lock = self.locked().await?;
        let number = self.next().await?;
        let load = self.load(number).await?;
        Ok((self.shelf.discard(number), load))
    }

    /// Begins to fill one in a file of its own.
    pub(crate) fn load_in_file(&self, path: &Path) -> Result<BulkLoad, StoreError> {
        let load = BulkLoad::begin(path, &self.rules.folding_hash())?;
        Ok(match self.budget {
            Some(budget) => load.within(budget),
            None => load,
        })
    }

    /// Begins to fill one.
    async fn load(&self, number: u64) -> Result<Box<dyn Load>, FoldingError> {
        let rules = self.rules.folding_hash();
        self.shelf.load(number, &rules, self.budget).await
    }

    /// The number of the next generation; what is left of one that wasn't finished is removed.
    async fn next(&self) -> Result<u64, FoldingError> {
        self.tidy().await?;
        let kept = self.shelf.kept().await?.into_iter().flatten();
        let last = kept.chain(self.shelf.numbers().await?).max();
        Ok(last.unwrap_or(0) + 1)
    }

    /// Removes all but the generation in use, and the one before it. What somebody has open stays until the
    /// next time.
    pub(crate) async fn tidy(&self) -> Result<(), FoldingError> {
        let kept = self.shelf.kept().await?;
        for number in self.shelf.numbers().await? {
            if !kept.contains(&Some(number)) {
                self.shelf.remove(number).await?;
            }
        }
        Ok(())
    }

    /// Notes that something was erased, which other generations still hold.
    pub(crate) async fn note_erased(&self) -> Result<(), FoldingError> {
        self.shelf.note_erased(true).await
    }

    /// Whether other generations may hold what was erased.
    pub(crate) async fn has_erased(&self) -> Result<bool, FoldingError> {
        self.shelf.has_erased().await
    }

    /// If they hold what was erased, removes all generations but one; whether none is left. Those that
    /// somebody has open stay as long. Where the one to be used next is removed, this one takes its place.
    pub(crate) async fn remove_others(&self, own: u64) -> Result<bool, FoldingError> {
        if !self.has_erased().await? {
            return Ok(true);
        }
        let mut all = true;
        for number in self.shelf.numbers().await? {
            if number != own {
                all &= self.shelf.remove(number).await?;
            }
        }
        all &= moments::remove_left(&self.directory)?;
        if self.there().await?.is_none() {
            self.shelf.put_in_use(own).await?;
        }
        if all {
            self.shelf.note_erased(false).await?;
        }
        Ok(all)
    }

    /// Waits for whoever is rebuilding, and keeps others from it.
    async fn locked(&self) -> Result<Guard, FoldingError> {
        let mut is_told = false;
        loop {
            if let Some(lock) = self.shelf.lock().await? {
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

    /// Names a generation as the one in use. Of all others the one before is kept, to go back to.
    pub(crate) async fn put_in_use(&self, number: u64) -> Result<(), FoldingError> {
        if self.in_use().await? == Some(number) {
            return Ok(());
        }
        self.shelf.put_in_use(number).await?;
        self.tidy().await
    }
}

#[cfg(test)]
mod tests {
    use plaudit_journal::keys::{Keyring, MasterKey};
    use plaudit_journal::sqlite::SqliteJournal;
    use tempfile::tempdir;

    use super::*;

    /// Whoever looked in vain and then waits for the lock finds what was made meanwhile.
    #[tokio::test]
    async fn what_others_made_just_before_is_used_instead_of_made_again() {
        let folder = tempdir().unwrap();
        let master = MasterKey::parse(&"07".repeat(32)).unwrap();
        let keys = Keyring::open(&folder.path().join("keys"), &master).unwrap();
        let journal = SqliteJournal::open(&folder.path().join("journal"), Arc::new(keys)).unwrap();
        let journal: SharedJournal = Arc::new(journal);
        let rules = Arc::new(Rules::standard().unwrap());
        let [ours, theirs] =
            [(); 2].map(|()| Generations::open(folder.path(), rules.clone()).unwrap());
        let first = ours.current(&journal, &mut |_| ()).await.unwrap();
        assert!(
            ours.other(&journal, Some(first.number))
                .await
                .unwrap()
                .is_none()
        );
        drop(theirs.rebuild(&journal, &mut |_| ()).await.unwrap());

        let of = |anew| Replaced {
            number: Some(first.number),
            carried_out: 0,
            anew,
        };
        let (lock, other) = ours
            .instead(of(false), &journal, &mut |_| ())
            .await
            .unwrap()
            .unwrap();
        assert_eq!((lock.is_some(), other.number), (false, 2));
        let (lock, made) = ours
            .instead(of(true), &journal, &mut |_| ())
            .await
            .unwrap()
            .unwrap();
        assert_eq!((lock.is_some(), made.number), (true, 3));
    }
}
