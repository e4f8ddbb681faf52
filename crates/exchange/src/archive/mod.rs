//! A directory with everything, all as of one position, for analysts:
//!
//! ```text
//! DIR/manifest.json                                    what is there, with counts and checksums
//! DIR/accounts.parquet, DIR/profiles.parquet …         a file a table
//! DIR/events/month=2026-11/part-….parquet              events, by the month in which they happened
//! ```
//!
//! What is being written stands aside, in `DIR/.partial`, until all of it is there. So whoever reads sees one
//! export or the next one, and an export that was interrupted goes on where it was: see [`staging`]. Which
//! files of events stay for ever is said in [`parts`].

use std::io;
use std::path::{Path, PathBuf};

use plaudit_domain::{Position, Time};
use plaudit_journal::{JournalError, SharedJournal};
use plaudit_store::StoreError;
use uuid::Uuid;

use crate::events::{self, ExportError, Wanted};
use crate::progress::Progress;
use crate::tables::{Table, Tables};

mod manifest;
mod parts;
mod staging;

pub use manifest::{Asked, ColumnEntry, FileEntry, Manifest, TableEntry};
pub use parts::PART_EVENTS;

use parts::Parts;
use staging::Staging;

/// Why a directory wasn't filled.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The directory can't be used for this.
    #[error("{}: {problem}", directory.display())]
    Unusable {
        /// The directory.
        directory: PathBuf,
        /// Why, and what to do.
        problem: String,
    },
    /// Something in it can't be read or written.
    #[error("{}: can't be written: {source}", path.display())]
    Write {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The events can't be exported.
    #[error(transparent)]
    Events(#[from] ExportError),
    /// The tables can't be exported.
    #[error(transparent)]
    Tables(#[from] StoreError),
}

impl From<JournalError> for ArchiveError {
    fn from(error: JournalError) -> Self {
        ExportError::from(error).into()
    }
}

/// What is exported.
pub struct Source<'a> {
    /// The history.
    pub journal: &'a SharedJournal,
    /// The tables, if any of them are asked for.
    pub tables: Option<Tables<'a>>,
    /// The position that everything is as of.
    pub position: Position,
    /// When it is exported.
    pub now: Time,
}

/// What there is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archived {
    /// As of which position.
    pub position: Position,
    /// How many rows all files have together.
    pub rows: u64,
    /// How many files there are,
    pub files: usize,
    /// and how many of them were there before, and stayed.
    pub kept: usize,
}

/// Fills a directory, or brings one up to date that was filled with the same things before.
pub async fn export(
    source: Source<'_>,
    asked: Asked,
    directory: &Path,
    progress: &mut dyn Progress,
) -> Result<Archived, ArchiveError> {
    let Source {
        journal,
        tables,
        position,
        now,
    } = source;
    let events = asked.events();
    events.check()?;
    let staging = Staging::open(directory)?;
    let begun = match begun(&staging, journal, &asked).await {
        Ok(begun) => begun,
        Err(error) => {
            staging.leave();
            return Err(error);
        }
    };
    let mut manifest = Manifest {
        position,
        last_event: event_at(journal, position).await?,
        rules: tables.as_ref().map(|it| it.rules.hash().to_string()),
        ..Manifest::new(asked, now)
    };
    let kept = begun.map_or(0, |begun| manifest.go_on_from(begun));
    staging.begin(&manifest)?;

    // First, so that their snapshot isn't held while the events go: as long as it is, nothing can be purged.
    if let Some(mut tables) = tables {
        for table in Table::ALL {
            if manifest.asked.has(table.name()) {
                write_table(&mut tables, table, &staging, &mut manifest, progress).await?;
            }
        }
    }
    if manifest.asked.has(events::TABLE) {
        let after = manifest.final_up_to();
        let wanted = Wanted::new(journal, &events, after, position);
        Parts::new(&staging, &mut manifest)
            .write(wanted, progress)
            .await?;
    }
    let archived = Archived {
        position,
        rows: manifest.tables.values().map(|table| table.rows).sum(),
        files: manifest.files().count(),
        kept,
    };
    staging.commit(&manifest)?;
    Ok(archived)
}

async fn write_table(
    tables: &mut Tables<'_>,
    table: Table,
    staging: &Staging,
    manifest: &mut Manifest,
    progress: &mut dyn Progress,
) -> Result<(), ArchiveError> {
    let format = manifest.asked.format;
    let mut file = staging.create(format!("{}.{format}", table.name()))?;
    let rows = tables.write(table, format, &mut file, progress).await?;
    let entry = file.finish(rows)?;
    let mut described = TableEntry::of(table.shape());
    described.add(entry);
    manifest.tables.insert(table.name().to_owned(), described);
    Ok(())
}

/// What there is already that was asked for in the same way, of the same history, and still holds.
async fn begun(
    staging: &Staging,
    journal: &SharedJournal,
    asked: &Asked,
) -> Result<Option<Manifest>, ArchiveError> {
    let in_use = staging.in_use()?;
    if let Some(manifest) = &in_use {
        if let Some(difference) = manifest.asked.differs_from(asked) {
            let problem = format!(
                "it holds an export {difference}; name another directory, or remove this one"
            );
            return Err(staging.unusable(problem));
        }
        if event_at(journal, manifest.position).await? != manifest.last_event {
            let problem = format!(
                "it holds an export of another history, or of a later state of this one: event {} isn't \
                 the same; name another directory, or remove this one",
                manifest.position
            );
            return Err(staging.unusable(problem));
        }
    }
    let interrupted = staging.interrupted().filter(|it| it.asked == *asked);
    let Some(manifest) = interrupted.or(in_use) else {
        return Ok(None);
    };
    let holds = manifest.is_current()
        && manifest.files().all(|file| staging.has(file))
        && event_at(journal, manifest.position).await? == manifest.last_event
        && !(asked.personal && anybody_erased_after(journal, manifest.position).await?);
    Ok(holds.then_some(manifest))
}

/// The id of the event at a position; none before the first one, and beyond the last one.
async fn event_at(
    journal: &SharedJournal,
    position: Position,
) -> Result<Option<Uuid>, JournalError> {
    let events = journal.read_at(&[position]).await?;
    Ok(events.first().map(|event| event.id))
}

/// Whether somebody was erased after a position: then files with personal data tell what is to be forgotten.
async fn anybody_erased_after(
    journal: &SharedJournal,
    position: Position,
) -> Result<bool, JournalError> {
    let erased = events::Options {
        types: vec!["AccountErased".to_owned()],
        ..events::Options::default()
    };
    let head = journal.head().await?;
    let mut wanted = Wanted::new(journal, &erased, position, head);
    while let Some(events) = wanted.next().await? {
        if !events.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
