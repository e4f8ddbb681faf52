//! Real sites, imported once for all tests.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use super::community::{Community, TABLES, text};

/// A site that was imported, without anything that could disturb.
pub struct Site {
    pub folder: PathBuf,
    pub oracle: PathBuf,
    /// What its accounts and posts are known by.
    pub source: &'static str,
    pub summary: Value,
    pub exports: [String; TABLES.len()],
    /// The files of its community. They are in memory, because statics are never dropped.
    files: Vec<(PathBuf, Vec<u8>)>,
}

/// A small site; none where there are no real histories.
pub fn conlang() -> Option<&'static Site> {
    static SITE: OnceLock<Option<Site>> = OnceLock::new();
    let site = || Site::import("se-conlang-meta", "stack-exchange:conlang-meta");
    SITE.get_or_init(site).as_ref()
}

/// A larger one.
pub fn beer() -> Option<&'static Site> {
    static SITE: OnceLock<Option<Site>> = OnceLock::new();
    let site = || Site::import("se-beer-2016-09", "stack-exchange:beer");
    SITE.get_or_init(site).as_ref()
}

impl Site {
    fn import(name: &str, source: &'static str) -> Option<Self> {
        let datasets = datasets()?;
        let community = Community::new();
        let mut site = Self {
            folder: datasets.join(name),
            oracle: datasets.join("oracle").join(name),
            source,
            summary: Value::Null,
            exports: Default::default(),
            files: Vec::new(),
        };
        site.summary = site.import_into(&community);
        site.exports = community.exports();
        site.read(community.path(), Path::new(""));
        Some(site)
    }

    /// Imports the site; the summary.
    pub fn import_into(&self, community: &Community) -> Value {
        let voters = self.voters();
        let folder = text(&self.folder);
        community.imports(["stack-exchange", folder, "--voters", text(&voters)])
    }

    pub fn voters(&self) -> PathBuf {
        self.folder.join("imputed_voters.csv")
    }

    fn read(&mut self, folder: &Path, within: &Path) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = within.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                self.read(&entry.path(), &name);
            } else {
                self.files
                    .push((name, std::fs::read(entry.path()).unwrap()));
            }
        }
    }

    /// A community that has imported the site, to do anything with.
    pub fn community(&self) -> Community {
        let community = Community::new();
        for (name, content) in &self.files {
            let path = community.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        community
    }
}

/// The folder of real histories. Where there is none, this says so.
pub fn datasets() -> Option<PathBuf> {
    let folder = match std::env::var_os("PLAUDIT_DATASETS") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/datasets"),
    };
    if !folder.is_dir() {
        eprintln!(
            "skipped: there are no real histories in {} (set PLAUDIT_DATASETS)",
            folder.display()
        );
        return None;
    }
    Some(folder)
}
