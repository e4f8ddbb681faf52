//! A Polis conversation, from its public export.
//!
//! Comments become discussions, and agreeing with one becomes a like; disagreeing or passing
//! afterwards takes it back. So the last vote of a voter on a comment is the one that counts,
//! however often it was repeated. Comments that the conversation's moderators hid come in like all
//! others: what they were voted is part of what happened.
//!
//! As with other histories, nothing is recorded while a file could still turn out to be
//! malformed: [`stage`] reads both files into a [scratch](crate::scratch) file, [`history`] tells
//! what is in it by time.

use std::path::{Path, PathBuf};

use plaudit_journal::SharedJournal;

use crate::error::ImportError;
use crate::feed;
use crate::progress::Progress;
use crate::scratch::Scratch;
use crate::summary::Summary;

mod history;
mod stage;
mod title;

/// What to import.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder with `comments.csv` and `votes.csv`.
    pub folder: PathBuf,
    /// The conversation's name; by default the folder's.
    pub name: Option<String>,
    /// Where the import may make a temporary file. It becomes about as large as the export.
    pub scratch: PathBuf,
}

impl Options {
    /// Looks whether everything that is needed is there.
    pub fn check(&self) -> Result<(), ImportError> {
        stage::Files::open(&self.folder).map(drop)
    }
}

/// Imports a conversation. Importing it again records only what is new.
pub async fn import(
    journal: &SharedJournal,
    options: Options,
    progress: &mut dyn Progress,
) -> Result<Summary, ImportError> {
    let Options {
        folder,
        name,
        scratch,
    } = options;
    let name = match name {
        Some(name) => name,
        None => folder_name(&folder)?,
    };
    let files = stage::Files::open(&folder)?;
    feed::run(journal, progress, move |feed| {
        let scratch = Scratch::create(&scratch, stage::TABLES)?;
        stage::stage(&files, scratch.db(), feed)?;
        history::tell(&history::Conversation::new(&name), scratch.db(), feed)
    })
    .await
}

fn folder_name(folder: &Path) -> Result<String, ImportError> {
    let whole = folder
        .canonicalize()
        .map_err(|source| ImportError::Unreadable {
            path: folder.to_owned(),
            source,
        })?;
    match whole.file_name().and_then(|name| name.to_str()) {
        Some(name) => Ok(name.to_owned()),
        None => Err(ImportError::Folder {
            folder: folder.to_owned(),
            problem: "its name doesn't tell the conversation's: say which it is".into(),
        }),
    }
}
