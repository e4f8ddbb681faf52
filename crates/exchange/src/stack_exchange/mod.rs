//! A Stack Exchange site, from its public data dump.
//!
//! Two passes, because a dump isn't in the order in which things happened, and its files can be
//! larger than memory. The first reads every file into a [scratch](crate::scratch) file, so that
//! nothing is recorded while a file could still turn out to be malformed: [`rows`], [`stage`].
//! In between, everything gets its place: [`order`]. The second tells the history day by day:
//! [`history`], [`votes`], [`facts`].
//!
//! | rows | become |
//! | --- | --- |
//! | users | `AccountRegistered` |
//! | posts of type 1 and 2 | `PostCreated`: a question, an answer |
//! | comments | `PostCreated`: a comment |
//! | post history 1 to 3 | the first title, text and tags of `PostCreated`, in Markdown; without a history they are what Posts.xml says, in HTML |
//! | post history 4 to 9 | `PostEdited` |
//! | votes 2 | `PostLiked` |
//! | votes 1 | `AnswerAccepted` |
//! | votes 5 | `PostWatched` |
//! | votes 10 and 11 | `PostDeleted`, `PostRestored`, where they change anything |
//! | badges | `BadgeGranted`; many of one name to one user are right |
//!
//! Everything else is skipped, and counted by what it is and why.
//!
//! Users, posts and badges of a site have the origin `stack-exchange:{site}`, comments, which are numbered
//! apart from posts, `stack-exchange:{site}:comments`.
//!
//! A dump doesn't tell who voted. A file of voters (`vote_id,user_id_imputed`) can name them;
//! otherwise every like comes from a pseudonymous account of its own.

use std::path::PathBuf;

use plaudit_journal::SharedJournal;

use crate::error::ImportError;
use crate::feed;
use crate::progress::Progress;
use crate::scratch::Scratch;
use crate::summary::Summary;

mod dump;
mod facts;
mod history;
mod kinds;
mod order;
mod rows;
mod site;
mod stage;
mod tables;
mod votes;

pub use site::site_name;

/// What to import.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder with the dump's files.
    pub folder: PathBuf,
    /// A CSV file that names who cast which vote.
    pub voters: Option<PathBuf>,
    /// The site's name; by default the [folder's](site_name).
    pub site: Option<String>,
    /// Where the import may make a temporary file. It becomes about as large as the dump.
    pub scratch: PathBuf,
}

impl Options {
    /// Looks whether everything that is needed is there.
    pub fn check(&self) -> Result<(), ImportError> {
        dump::Dump::open(self.folder.clone(), self.voters.clone()).map(drop)
    }
}

/// Imports a site. Importing it again, or a later dump of it, records only what is new.
pub async fn import(
    journal: &SharedJournal,
    options: Options,
    progress: &mut dyn Progress,
) -> Result<Summary, ImportError> {
    let dump = dump::Dump::open(options.folder, options.voters)?;
    let site = match options.site {
        Some(site) => site,
        None => site_name(dump.folder())?,
    };
    let not_read = dump.not_read();
    let mut summary = feed::run(journal, progress, move |feed| {
        let scratch = Scratch::create(&options.scratch, tables::TABLES)?;
        stage::stage(&dump, scratch.db(), feed)?;
        order::order(scratch.db())?;
        history::tell(&facts::Site::new(&site), scratch.db(), feed)
    })
    .await?;
    summary.not_read = not_read;
    Ok(summary)
}
