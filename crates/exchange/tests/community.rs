//! A journal to import into, and the histories of real communities where they are at hand.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use plaudit_domain::Event;
use plaudit_exchange::{ImportError, Summary, Unwatched, stack_exchange};
use plaudit_journal::SharedJournal;
use plaudit_journal::keys::Keyring;
use plaudit_journal::sqlite::SqliteJournal;
use tempfile::TempDir;

/// A journal of its own for a test.
pub struct Community {
    pub journal: SharedJournal,
    pub folder: TempDir,
}

impl Community {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = Arc::new(Keyring::in_memory().unwrap());
        let journal = SqliteJournal::open(&folder.path().join("journal.db"), keys).unwrap();
        Self {
            journal: Arc::new(journal),
            folder,
        }
    }

    /// A folder for temporary files; each test sees whether something stays behind.
    pub fn scratch(&self) -> PathBuf {
        let scratch = self.folder.path().join("scratch");
        std::fs::create_dir_all(&scratch).unwrap();
        scratch
    }

    pub async fn import_site(
        &self,
        options: stack_exchange::Options,
    ) -> Result<Summary, ImportError> {
        let scratch = options.scratch.clone();
        let summary = stack_exchange::import(&self.journal, options, &mut Unwatched).await;
        let left = std::fs::read_dir(scratch).unwrap().count();
        assert_eq!(left, 0, "the temporary file is gone, however it ended");
        if let Ok(summary) = &summary {
            assert_accounted_for(summary);
        }
        summary
    }

    pub async fn events(&self) -> Vec<Event> {
        self.journal.read_all(0, usize::MAX).await.unwrap()
    }
}

/// Every row of every file became something, or is counted as skipped.
#[track_caller]
pub fn assert_accounted_for(summary: &Summary) {
    for file in &summary.files {
        assert!(file.add_up(), "{file:?}");
    }
    let skipped: u64 = summary.files.iter().map(|file| file.skipped).sum();
    assert_eq!(skipped, summary.total_skipped());
}

/// What an event names was made by an earlier one. Looked up in the JSON, and so independent of
/// how the importers see it.
#[track_caller]
pub fn assert_references_resolve_backwards(events: &[Event]) {
    const MADE: [(&str, &str); 2] = [("AccountRegistered", "account"), ("PostCreated", "post")];
    const NAMES: [&str; 8] = [
        "account", "post", "author", "parent", "question", "asker", "answer", "actor",
    ];
    fn names(value: &serde_json::Value, found: &mut Vec<String>) {
        for (key, value) in value.as_object().into_iter().flatten() {
            match value {
                serde_json::Value::String(text) if NAMES.contains(&key.as_str()) => {
                    found.push(text.clone());
                }
                value => names(value, found),
            }
        }
    }
    let mut made = HashSet::new();
    for event in events {
        let name = event.fact.stored_type().0;
        let body: serde_json::Value = serde_json::from_str(&event.fact.encode().unwrap()).unwrap();
        if let Some((_, key)) = MADE.iter().find(|(made, _)| *made == name) {
            let new = body[key].as_str().unwrap().to_owned();
            assert!(made.insert(new), "made twice: {event:?}");
        }
        let mut found = Vec::new();
        names(&body, &mut found);
        assert!(!found.is_empty());
        for name in found {
            assert!(made.contains(&name), "{name} isn't there yet: {event:?}");
        }
    }
}

/// The demo community, an event a line.
pub fn demo() -> String {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/demo/events.ndjson"
    );
    std::fs::read_to_string(path).unwrap()
}

/// The folder with real histories, if there is one.
pub fn datasets() -> Option<PathBuf> {
    let folder = match std::env::var_os("PLAUDIT_DATASETS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/datasets"),
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
