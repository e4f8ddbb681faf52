//! A directory with read models as they were at a moment: what `plaudit replay` makes.
//!
//! `as-of.json` says of which community, moment and rules they are; `rules/` has these, and
//! `read-models.sqlite` the rows. There is no journal and no key in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plaudit_domain::{Position, Time};
use plaudit_projection::Rules;
use plaudit_store::StoreError;
use plaudit_store::sqlite::{BulkLoad, SqliteStore};
use serde::{Deserialize, Serialize};

use crate::commands::Failure;
use crate::rules;

/// Of what the read models are.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The directory of the community.
    pub community: PathBuf,
    /// The moment.
    pub as_of: Time,
    /// The hash of the rules.
    pub rules: String,
    /// The last event that is in them.
    pub position: Position,
    /// Up to which event was looked.
    pub head: Position,
    /// How many events are in them.
    pub events: u64,
    /// How many had happened by then, and are left out: they name what wasn't there yet.
    pub left_out: u64,
}

/// A directory with read models of a moment.
#[derive(Debug)]
pub struct Replayed {
    directory: PathBuf,
    /// Of what they are.
    pub about: About,
}

impl Replayed {
    /// What a directory has, if it is such a one.
    pub fn in_directory(directory: &Path) -> Result<Option<Self>, Failure> {
        let path = directory.join(ABOUT);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(None),
            read => read.map_err(|error| format!("{}: {error}", path.display()))?,
        };
        let about = serde_json::from_str(&text).map_err(|error| {
            let path = path.display();
            format!("{path}: this isn't what `plaudit replay` writes ({error}): make it anew")
        })?;
        let directory = directory.to_owned();
        Ok(Some(Self { directory, about }))
    }

    /// Refuses such a directory where a community is needed.
    pub fn refuse(directory: &Path) -> Result<(), Failure> {
        let Some(Self { about, .. }) = Self::in_directory(directory)? else {
            return Ok(());
        };
        let (directory, community) = (directory.display(), about.community.display());
        let what = format!(
            "{directory}: here are read models as of {}, and no community: `plaudit serve --read-only` serves \
             them, `plaudit export` writes their tables; for all else name the community, {community}",
            about.as_of
        );
        Err(what.into())
    }

    /// The rules that the rows follow from.
    pub fn rules(&self) -> Result<Arc<Rules>, Failure> {
        Ok(Arc::new(rules::read(Some(&self.directory.join(RULES)))?))
    }

    /// The rows.
    pub fn store(&self, rules: &Rules) -> Result<SqliteStore, Failure> {
        let path = self.directory.join(READ_MODELS);
        match SqliteStore::open_read_only(&path, &rules.folding_hash()) {
            Err(StoreError::Outdated { place }) => {
                let what = format!(
                    "{place}: these read models are of another version: make them anew with `plaudit replay`"
                );
                Err(what.into())
            }
            opened => Ok(opened?),
        }
    }

    /// Whether a file is, or would be, in it.
    pub fn owns(&self, file: &Path) -> bool {
        let folder = file.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new(".")).canonicalize();
        match (folder, self.directory.canonicalize()) {
            (Ok(folder), Ok(own)) => folder.starts_with(own),
            (Err(_), _) | (_, Err(_)) => false,
        }
    }
}

/// A directory that is being filled. As long as it isn't whole it is none, and can be filled anew.
pub struct Filling {
    directory: PathBuf,
}

impl Filling {
    /// Begins in a new or empty directory, or in one that wasn't finished.
    pub fn begin(directory: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            let directory = directory.display();
            format!(
                "{directory}: nothing can be kept there: {error}; name another directory with --into"
            )
        };
        fs::create_dir_all(directory).map_err(failed)?;
        let unfinished = directory.join(UNFINISHED);
        let is_empty = fs::read_dir(directory).map_err(failed)?.next().is_none();
        if !is_empty && !unfinished.exists() {
            let directory = directory.display();
            let what = format!(
                "{directory}: there is something here already: name a new or empty directory with --into"
            );
            return Err(what.into());
        }
        fs::write(&unfinished, "").map_err(failed)?;
        let directory = directory.to_owned();
        Ok(Self { directory })
    }

    /// What the rows are loaded with.
    pub fn load(&self, rules: &Rules) -> Result<BulkLoad, Failure> {
        let path = self.directory.join(READ_MODELS);
        Ok(BulkLoad::begin(&path, &rules.folding_hash())?)
    }

    /// Ends, once the rows are there.
    pub fn finish(self, rules: &Rules, about: &About) -> Result<(), Failure> {
        let Self { directory } = self;
        let folder = directory.join(RULES);
        fs::create_dir_all(&folder)?;
        for (name, text) in rules.files() {
            fs::write(folder.join(name), text)?;
        }
        let unfinished = directory.join(UNFINISHED);
        fs::write(&unfinished, serde_json::to_string_pretty(about)? + "\n")?;
        fs::File::open(&unfinished)?.sync_all()?;
        fs::rename(unfinished, directory.join(ABOUT))?;
        Ok(fs::File::open(&directory)?.sync_all()?)
    }
}

const ABOUT: &str = "as-of.json";
const UNFINISHED: &str = "as-of.json.unfinished";
const RULES: &str = "rules";
const READ_MODELS: &str = "read-models.sqlite";
