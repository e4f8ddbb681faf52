//! A journal and read models in a folder that goes when the test ends.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use plaudit_journal::SharedJournal;
use plaudit_journal::keys::{Keyring, MasterKey};
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_projection::Rules;
use plaudit_replay::Generations;
use plaudit_replay::live::Target;
use plaudit_replay::rebuild::rebuild;
use plaudit_store::SharedStore;
use plaudit_store::sqlite::{BulkLoad, SqliteStore};
use tempfile::TempDir;

pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn journal(&self) -> SharedJournal {
        let keys = Keyring::open(&self.path("keys"), &master()).unwrap();
        Arc::new(SqliteJournal::open(&self.path("journal"), Arc::new(keys)).unwrap())
    }

    pub fn store(&self, name: &str) -> SharedStore {
        Arc::new(SqliteStore::open(&self.path(name), &rules().folding_hash()).unwrap())
    }

    pub fn generations(&self) -> Generations {
        Generations::open(&self.path("generations"), rules()).unwrap()
    }
}

/// Rules that random histories come up against.
pub fn rules() -> Arc<Rules> {
    static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| {
        let files = [
            ("kudos.toml", include_str!("rules/kudos.toml")),
            ("challenges.toml", include_str!("rules/challenges.toml")),
            ("milestones.toml", include_str!("rules/milestones.toml")),
        ];
        let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
        Arc::new(Rules::parse(&files).unwrap())
    });
    RULES.clone()
}

/// Rows that have no others beside them.
pub fn target(store: &SharedStore) -> Target {
    Target::alone(store.clone(), rules())
}

fn master() -> MasterKey {
    MasterKey::parse(&"07".repeat(32)).unwrap()
}

/// A new store, folded from a whole journal.
pub async fn rebuilt(journal: &SharedJournal, path: &Path) -> SharedStore {
    rebuilt_within(usize::MAX, journal, path).await
}

/// The same, in so many bytes of memory.
pub async fn rebuilt_within(budget: usize, journal: &SharedJournal, path: &Path) -> SharedStore {
    let rules = rules();
    let load = BulkLoad::begin(path, &rules.folding_hash()).unwrap();
    let mut load = load.within(budget);
    rebuild(journal, &rules, &mut load, &mut |_| ())
        .await
        .unwrap();
    Arc::new(load.finish().unwrap())
}
