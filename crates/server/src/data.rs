//! The directory that holds a community.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plaudit_journal::SharedJournal;
use plaudit_journal::keys::{FILE_NAME, Keyring, KeysLocation, MasterKey};
use plaudit_journal::location::Location;
use plaudit_projection::Rules;
use plaudit_replay::activation::{self, activate};
use plaudit_replay::live::{self, Target};
use plaudit_replay::{FoldingError, Generation, Generations};
use plaudit_store::postgres::Address;
use plaudit_store::{SharedStore, StoreError};

use crate::commands::Failure;
use crate::progress::Folding;
use crate::replayed::Replayed;
use crate::rules;

/// Where a community is kept, and under which key.
#[derive(Clone)]
pub struct Place {
    /// The directory.
    pub directory: PathBuf,
    /// Where its journal is, if it isn't there.
    pub journal: Option<Location>,
    /// Where the keys of personal data are, if they aren't there.
    pub keys: Option<KeysLocation>,
    /// Where the master key is.
    pub master: Master,
    /// Which database its read models are in, if they aren't there.
    pub read_models: Option<Address>,
    /// Where its rules are, if they aren't those that come with Plaudit.
    pub rules: Option<PathBuf>,
}

impl Place {
    /// Where its journal is.
    pub fn journal(&self) -> Location {
        match &self.journal {
            Some(location) => location.clone().beside(&self.directory),
            None => Location::Sqlite(self.directory.join(JOURNAL)),
        }
    }

    /// Where its keys are.
    fn keys(&self) -> KeysLocation {
        let own = || KeysLocation::File(self.directory.join(FILE_NAME));
        self.keys.clone().unwrap_or_else(own)
    }
}

/// Where the key is that the keys of personal data are kept under.
#[derive(Clone)]
pub enum Master {
    /// Here it is.
    Key(String),
    /// In a file.
    File(PathBuf),
    /// In the community's own directory: good to try things, but whoever gets the directory gets all.
    Beside,
}

/// The directory that holds a community: `journal.sqlite`, the history, and
/// `keys.sqlite`, without which nothing personal in it can be read: these must not be lost; and
/// `read-models/`, what is folded from them.
pub struct Data {
    directory: PathBuf,
    journal: SharedJournal,
    read_models: Option<Address>,
    rules: Arc<Rules>,
}

impl Data {
    /// Opens a directory; where there is nothing, a community begins.
    pub async fn open(place: &Place) -> Result<Self, Failure> {
        let Place {
            directory, rules, ..
        } = place;
        Replayed::refuse(directory)?;
        // Before anything is made: they may be wrong.
        let said = rules::said(directory, rules.as_deref())?;
        make(directory).map_err(|error| {
            let directory = directory.display();
            format!(
                "{directory}: nothing can be kept there: {error}; name another directory with --data"
            )
        })?;
        let journal = place.journal().open(keys(place).await?).await?;
        Ok(Self {
            rules: rules::in_force(directory, &journal, said).await?,
            directory: directory.to_owned(),
            read_models: place.read_models.clone(),
            journal,
        })
    }

    /// Opens a directory that holds a community.
    pub async fn existing(place: &Place) -> Result<Self, Failure> {
        Replayed::refuse(&place.directory)?;
        check_there(place).await?;
        Self::open(place).await
    }

    /// Opens a directory that holds a community to read it as it is: its history, the rows in use, and the
    /// rules in force. Nothing is made, recorded or folded.
    pub async fn to_read(
        place: &Place,
    ) -> Result<(SharedJournal, SharedStore, Arc<Rules>), Failure> {
        let Place {
            directory, rules, ..
        } = place;
        check_there(place).await?;
        let keys = keys_to_read(place).await?;
        let journal = place.journal().open_read_only(keys).await?;
        let rules = match activation::in_force(&journal).await? {
            Some(last) => last.rules?,
            None => rules::to_read(directory, rules.as_deref())?,
        };
        let own = directory.join(READ_MODELS);
        let active = match &place.read_models {
            Some(address) => Generations::existing_in_database(address, &own, rules).await?,
            None => Generations::existing(&own, rules),
        };
        let generations = active.clone().as_made(&journal).await?;
        if generations.rules().hash() != active.rules().hash() {
            tracing::warn!(
                "other rules are in force by now: these read models are by those before, until `plaudit serve` \
                 or `plaudit rebuild` makes others"
            );
        }
        let Some(store) = generations.to_read().await? else {
            let directory = directory.display();
            let what = format!(
                "{directory}: there are no read models yet: `plaudit rebuild` makes them, and so does \
                 `plaudit serve` without --read-only"
            );
            return Err(what.into());
        };
        Ok((journal, store, generations.rules().clone()))
    }

    /// Brings rules into force; whether they weren't already.
    pub async fn activate(&mut self, rules: Arc<Rules>) -> Result<bool, Failure> {
        let is_new = activate(&self.journal, &rules).await?;
        self.rules = rules;
        Ok(is_new)
    }

    /// The rules that are in force.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
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
        let own_names = [
            JOURNAL,
            FILE_NAME,
            MASTER_KEY,
            "dev.key",
            "eventstore-positions",
            rules::IN_USE,
        ];
        let is_own = own_names.iter().any(|own| name.starts_with(own));
        folder.starts_with(own.join(READ_MODELS)) || (folder == own && is_own)
    }

    /// The history.
    pub fn journal(&self) -> &SharedJournal {
        &self.journal
    }

    /// The read models, in the directory or in a database.
    pub async fn generations(&self) -> Result<Generations, Failure> {
        let (own, rules) = (self.directory.join(READ_MODELS), self.rules.clone());
        Ok(match &self.read_models {
            Some(address) => Generations::open_in_database(address, &own, rules).await?,
            None => Generations::open(&own, rules)?,
        })
    }

    /// What is folded from the history, up to its end, by the rules in force.
    pub async fn rows(&self, folding: &mut Folding) -> Result<Target, Failure> {
        let generations = self.generations().await?;
        let mut tell = |progress| folding.at(progress);
        let current = generations.current(&self.journal, &mut tell).await;
        let opened = current.map(|current| (generations, current));
        self.folded(opened, folding).await
    }

    /// The same by the rules that the rows in use were made by, where there are some: nobody waits until
    /// all is folded by others.
    pub async fn rows_as_made(&self, folding: &mut Folding) -> Result<Target, Failure> {
        let generations = self.generations().await?;
        let mut tell = |progress| folding.at(progress);
        let opened = generations.current_as_made(&self.journal, &mut tell).await;
        self.folded(opened, folding).await
    }

    async fn folded(
        &self,
        opened: Result<(Generations, Generation), FoldingError>,
        folding: &mut Folding,
    ) -> Result<Target, Failure> {
        let target = match opened {
            Ok((generations, current)) => self.catch_up(generations, current, folding).await,
            Err(error) => Err(error),
        };
        folding.finish();
        target.map_err(|error| {
            let FoldingError::Store(store) = &error else {
                return error.into();
            };
            let advice = match store {
                store if store.is_full() => "Make room there, and try again",
                StoreError::Storage { .. }
                | StoreError::Outdated { .. }
                | StoreError::Malformed(_)
                | StoreError::Io(_) => "`plaudit rebuild` makes all read models anew",
                StoreError::Unavailable { .. } | StoreError::Refused { .. } => return error.into(),
            };
            format!("{error}. {advice}").into()
        })
    }

    async fn catch_up(
        &self,
        generations: Generations,
        current: Generation,
        folding: &mut Folding,
    ) -> Result<Target, FoldingError> {
        let target = Target {
            rules: generations.rules().clone(),
            generations: Some((generations, current.number)),
            store: current.store,
        };
        live::catch_up(&self.journal, &target, &mut |progress| folding.at(progress)).await?;
        Ok(target)
    }
}

async fn check_there(place: &Place) -> Result<(), Failure> {
    let journal = place.journal();
    if journal.is_there().await? {
        return Ok(());
    }
    let what = match &place.journal {
        None => {
            let directory = place.directory.display();
            format!(
                "{directory}: there is no community here (no {JOURNAL}); name its directory with --data, or begin one with `plaudit import` or `plaudit serve`"
            )
        }
        Some(_) => format!(
            "{journal}: there is no journal here; name another one with --journal, or begin one with `plaudit import`, `plaudit copy` or `plaudit serve`"
        ),
    };
    Err(what.into())
}

/// The keys of personal data, as far as they are there; none are made.
async fn keys_to_read(place: &Place) -> Result<Arc<Keyring>, Failure> {
    let is_master_there = match &place.master {
        Master::Key(_) => true,
        Master::File(path) => path.exists(),
        Master::Beside => place.directory.join(MASTER_KEY).exists(),
    };
    let is_there = match place.keys() {
        KeysLocation::File(path) => path.exists(),
        KeysLocation::Postgres(_) => true,
    };
    match is_master_there && is_there {
        true => keys(place).await,
        false => Ok(Arc::new(Keyring::in_memory()?)),
    }
}

/// The keys of personal data. They stand outside the journal, so that destroying one takes what it
/// is about out of every copy of the journal.
async fn keys(place: &Place) -> Result<Arc<Keyring>, Failure> {
    let master = master_key(&place.directory, &place.master)?;
    let keys = place.keys();
    if let KeysLocation::File(path) = &keys
        && !path.exists()
        && place.journal().is_there().await?
    {
        tracing::warn!(
            "{} is not there: all names, titles and texts recorded so far stay unreadable unless it \
             is put back",
            path.display()
        );
    }
    Ok(Arc::new(keys.open(&master).await?))
}

/// The master key: as it was said, or in a directory, where it is made if there is none.
pub fn master_key(directory: &Path, master: &Master) -> Result<MasterKey, Failure> {
    Ok(match master {
        Master::Key(text) => MasterKey::parse(text)?,
        Master::File(path) => MasterKey::file(path)?,
        Master::Beside => MasterKey::file(&directory.join(MASTER_KEY))?,
    })
}

/// Makes a directory in which files can be made. SQLite wouldn't say why they can't.
pub fn make(directory: &Path) -> io::Result<()> {
    match std::fs::create_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(io::Error::other("it is not a directory"));
        }
        made => made?,
    }
    tempfile::tempfile_in(directory).map(drop)
}

/// The journal of a community whose directory has it.
pub const JOURNAL: &str = "journal.sqlite";
const MASTER_KEY: &str = "master.key";
const READ_MODELS: &str = "read-models";
