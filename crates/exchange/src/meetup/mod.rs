//! Groups of Meetup, from CSV files as its API gave them.
//!
//! A folder has up to four files. Columns go by their names, in any order, and others are ignored;
//! where two names stand here, either will do. A value that is empty, `not_found`, `null` or `NA` is
//! none. A time is in milliseconds since 1970, or written as `2017-10-31 02:00:00` or in RFC 3339; one
//! without an offset is in UTC.
//!
//! `groups.csv`:
//! - `group_id` (or `id`), `group_name` (or `name`), `created`: needed.
//! - `description`; `city`, `state` and `country`, which make up where it meets; `timezone`, in which
//!   its meetings are, by default UTC; `organizer.member_id` and `organizer.name`, who leads it.
//!
//! `events.csv`:
//! - `event_id` (or `id`), `group_id` (or `group.id`), `event_time` (or `time`), `event_status` (or
//!   `status`: past, upcoming or cancelled; whatever else was never scheduled): needed.
//! - `event_name` (or `name`), `description`, `created`, `updated`; `duration` in milliseconds, by
//!   default three hours; `rsvp_limit`, if there is one; `venue.name`, `venue.address_1` and
//!   `venue.city`, which make up its place; `event_url` (or `link`), where it is announced;
//!   `yes_rsvp_count`. A `waitlist_count` isn't read: who waits follows from the answers.
//!
//! `members.csv`, if there is one, a line for each member and group:
//! - `member_id` (or `id`): needed.
//! - `member_name` (or `name`), `joined`, `group_id` (or `group.id`), which they join.
//!
//! `rsvps.csv`, if there is one:
//! - `member_id` (or `member.member_id`), `event_id` (or `event.id`), `response` (yes, no or waitlist):
//!   needed.
//! - `mtime` (when they last changed it) or else `created`; `member_name` (or `member.name`).
//!
//! A past meeting counts as held where anybody said yes, or `yes_rsvp_count` says so. Of a member's
//! answers to a meeting the last one counts, in whatever order exports are imported. Who said yes has a
//! place: a meeting has room for at least as many, also where its limit is less. Who was on a waiting list
//! waits here; for this a past meeting had room for those who were going, and no more. Who isn't in
//! `members.csv` begins to be with their first answer.
//!
//! A later export may say something else of an event: that changes its meeting, as long as that is still to
//! come, and unless somebody changed it here since its `updated`. Who said yes to one that is over was there,
//! whoever waited for it before. Who only that export knows as waiting is skipped where it would give
//! them a place. What was cancelled or held stays so.
//!
//! As with other histories, nothing is recorded while a file could still turn out to be malformed:
//! [`stage`] reads all into a [scratch](crate::scratch) file, [`compare`] notes what is recorded of it already,
//! [`order`] puts what is referred to first, and [`history`] tells what is in it by time. Ids follow from
//! Meetup's, which are the same in every export: so of two that overlap everything is recorded once.

use std::path::PathBuf;

use plaudit_journal::SharedJournal;

use crate::error::ImportError;
use crate::feed;
use crate::progress::Progress;
use crate::scratch::Scratch;
use crate::summary::Summary;

use self::recorded::Recorded;

mod compare;
mod history;
mod order;
mod recorded;
mod stage;
mod values;

/// What to import.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder with `groups.csv`, `events.csv` and the others.
    pub folder: PathBuf,
    /// Where the import may make a temporary file. It becomes about as large as the export.
    pub scratch: PathBuf,
}

impl Options {
    /// Looks whether everything that is needed is there.
    pub fn check(&self) -> Result<(), ImportError> {
        stage::Files::open(&self.folder).map(drop)
    }
}

/// Imports groups. Importing them again, or a later export of them, records only what is new.
pub async fn import(
    journal: &SharedJournal,
    options: Options,
    progress: &mut dyn Progress,
) -> Result<Summary, ImportError> {
    let files = stage::Files::open(&options.folder)?;
    let not_read = files.not_read();
    let recorded = Recorded::of(journal.clone());
    let mut summary = feed::run(journal, progress, move |feed| {
        let scratch = Scratch::create(&options.scratch, stage::TABLES)?;
        stage::stage(&files, scratch.db(), feed)?;
        compare::compare(scratch.db(), &recorded, feed)?;
        order::order(scratch.db())?;
        history::tell(scratch.db(), &recorded, feed)
    })
    .await?;
    summary.not_read = not_read;
    Ok(summary)
}
