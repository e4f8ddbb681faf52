//! What an export says, compared with what is recorded already: of earlier exports, of later ones, and of
//! what members did here since.
//!
//! Here a meeting gives its places in the order of the answers. So where somebody may be waiting for one
//! that is over by now, this is told first, and then who else was there: nobody moves up any more.

use plaudit_domain::Time;
use plaudit_domain::meeting::Details;
use rusqlite::Connection;

use super::history::{account, meeting};
use super::recorded::{Ended, Known, Recorded};
use super::stage::RSVPS;
use crate::error::ImportError;
use crate::feed::Feed;

/// Notes what is recorded of meetings, and of the answers to them. An answer that is older than what is
/// recorded of the same member is none: the last one counts, in whatever order exports come.
pub(super) fn compare(
    db: &Connection,
    recorded: &Recorded,
    feed: &mut Feed,
) -> Result<(), ImportError> {
    let links = recorded.links()?;
    for event in texts(db, "SELECT id FROM events", &[])? {
        let id = meeting(&event);
        let Some(known) = recorded.meeting(id)? else {
            continue;
        };
        let mut going = 0;
        for member in texts(db, "SELECT member FROM answers WHERE event = ?1", &[&event])? {
            let Some(last) = recorded.answer(id, account(&member), &links)? else {
                continue;
            };
            going += i64::from(last.going);
            let is_older = db
                .prepare_cached("DELETE FROM answers WHERE event = ?1 AND member = ?2 AND at < ?3")?
                .execute((&event, &member, last.at.as_micros()))?;
            if is_older > 0 {
                let reason = "a later one of the same member is recorded";
                feed.skip(RSVPS, "earlier answer", reason);
            }
            db.prepare_cached("UPDATE answers SET known = ?3 WHERE event = ?1 AND member = ?2")?
                .execute((&event, &member, last.going))?;
        }
        let known_as = match known.end {
            None => "scheduled",
            Some(Ended::Cancelled) => "cancelled",
            Some(Ended::Held) => "held",
        };
        let updated = db
            .prepare_cached("SELECT updated FROM events WHERE id = ?1")?
            .query_row([&event], |row| row.get(0))?;
        db.prepare_cached(
            "UPDATE events SET known = ?2, known_room = ?3, known_going = ?4, known_stays = ?5
             WHERE id = ?1",
        )?
        .execute((
            &event,
            known_as,
            known.details.capacity,
            going,
            known.stays(updated),
        ))?;
    }
    Ok(())
}

fn texts(
    db: &Connection,
    query: &str,
    arguments: &[&dyn rusqlite::ToSql],
) -> Result<Vec<String>, ImportError> {
    let mut statement = db.prepare_cached(query)?;
    let texts = statement.query_map(arguments, |row| row.get(0))?;
    Ok(texts.collect::<Result<_, _>>()?)
}

impl Known {
    /// Whether what an export says that was changed at a time changes nothing: what is over stays as it was,
    /// and so does what was changed here, or by a later export, as far as they say when.
    fn stays(&self, updated: Option<i64>) -> bool {
        let is_older = match updated {
            Some(updated) => updated < self.changed_at.as_micros(),
            None => self.was_changed_here,
        };
        is_older || self.end.is_some()
    }

    /// What it is from now on, and since when, if an export says something else.
    pub(super) fn changed(
        &self,
        details: Details,
        updated: Option<i64>,
    ) -> Option<(Details, Time)> {
        let is_news = !self.stays(updated) && self.details != details;
        let since = updated.map_or(self.changed_at, Time::from_micros);
        is_news.then_some((details, since))
    }
}
