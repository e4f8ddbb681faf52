//! The second pass: who was there, which groups, which meetings, who came; by time.

use plaudit_domain::account::Registered;
use plaudit_domain::fact::{AccountFact, GroupFact, MeetingFact, MembershipFact, RsvpFact};
use plaudit_domain::group::UserGroupCreated;
use plaudit_domain::id::derive;
use plaudit_domain::leadership::{Appointed, Role};
use plaudit_domain::meeting::{Cancelled, Changed, Details, Held, Scheduled};
use plaudit_domain::membership::Membership;
use plaudit_domain::rsvp::Answered;
use plaudit_domain::{AccountId, Fact, GroupId, MeetingId, NewEvent, Origin, Time};
use rusqlite::Connection;

use super::order;
use super::recorded::Recorded;
use super::stage::{EVENTS, GROUPS, MEMBERS, RSVPS};
use crate::error::ImportError;
use crate::feed::{Feed, File};

const SOURCE: &str = "meetup";

/// Tells the whole history.
pub(super) fn tell(
    db: &Connection,
    recorded: &Recorded,
    feed: &mut Feed,
) -> Result<(), ImportError> {
    let rows: i64 = db.query_row("SELECT count(*) FROM story", [], |row| row.get(0))?;
    feed.expect(rows.unsigned_abs());
    let mut story =
        db.prepare("SELECT kind, id, member FROM story ORDER BY placed, kind, id, member")?;
    let mut story = story.query([])?;
    while let Some(row) = story.next()? {
        feed.handled();
        let kind: i64 = row.get(0)?;
        let (id, member): (String, Option<String>) = (row.get(1)?, row.get(2)?);
        let member = member.unwrap_or_default();
        match kind {
            order::MEMBER => registered(db, feed, &id)?,
            order::GROUP => created(db, feed, &id)?,
            order::LEADER => appointed(db, feed, &id, &member)?,
            order::JOIN => joined(db, feed, &id, &member)?,
            order::EVENT => {
                scheduled(db, feed, &id)?;
                changed(db, recorded, feed, &id)?;
            }
            order::ANSWER => answered(db, feed, &id, &member)?,
            order::WAITING_BEFORE | order::WAITING => waited(db, feed, &id, &member)?,
            order::CANCELLED => cancelled(db, feed, &id)?,
            order::HELD_BEFORE | order::HELD => held(db, feed, &id)?,
            // The table has no others.
            _ => {}
        }
    }
    Ok(())
}

fn origin(id: &str) -> Origin {
    Origin {
        source: SOURCE.to_owned(),
        id: id.to_owned(),
    }
}

pub(super) fn account(member: &str) -> AccountId {
    AccountId(origin(member).derive("account"))
}

fn group(id: &str) -> GroupId {
    GroupId(origin(id).derive("group"))
}

pub(super) fn meeting(event: &str) -> MeetingId {
    MeetingId(origin(event).derive("meeting"))
}

/// What is recorded of one line, or besides.
struct Told<'a> {
    kind: &'static str,
    key: &'a str,
    at: i64,
    row: Option<File>,
    bytes: usize,
}

fn record(feed: &mut Feed, told: Told<'_>, fact: impl Into<Fact>) -> Result<(), ImportError> {
    let event = NewEvent {
        id: derive(&[SOURCE, "event", told.kind, told.key]),
        occurred_at: Time::from_micros(told.at),
        actor: None,
        correlation: None,
        causation: None,
        imported: true,
        fact: fact.into(),
    };
    feed.record(event, told.row, told.bytes)
}

fn registered(db: &Connection, feed: &mut Feed, id: &str) -> Result<(), ImportError> {
    let (at, name, is_row): (i64, Option<String>, bool) = db
        .prepare_cached("SELECT at, name, is_row FROM members WHERE id = ?1")?
        .query_row([id], |row| row.try_into())?;
    let told = Told {
        kind: "member",
        key: id,
        at,
        row: is_row.then_some(MEMBERS),
        bytes: 0,
    };
    let registered = Registered {
        account: account(id),
        name: name.unwrap_or_else(|| format!("member {id}")).into(),
        origin: Some(origin(id)),
    };
    record(feed, told, AccountFact::Registered(registered))
}

fn created(db: &Connection, feed: &mut Feed, id: &str) -> Result<(), ImportError> {
    let (at, name, description, location): (i64, Option<String>, String, String) = db
        .prepare_cached("SELECT at, name, description, location FROM groups WHERE id = ?1")?
        .query_row([id], |row| row.try_into())?;
    let told = Told {
        kind: "group",
        key: id,
        at,
        row: Some(GROUPS),
        bytes: description.len(),
    };
    let created = UserGroupCreated {
        group: group(id),
        name: name.unwrap_or_else(|| format!("group {id}")),
        description,
        location,
        origin: Some(origin(id)),
    };
    record(feed, told, GroupFact::UserGroupCreated(created))
}

fn appointed(db: &Connection, feed: &mut Feed, id: &str, member: &str) -> Result<(), ImportError> {
    let at = db
        .prepare_cached("SELECT at FROM groups WHERE id = ?1")?
        .query_row([id], |row| row.get(0))?;
    let told = Told {
        kind: "leader",
        key: &format!("{id}-{member}"),
        at,
        row: None,
        bytes: 0,
    };
    let appointed = Appointed {
        group: group(id),
        account: account(member),
        role: Role::Leader,
    };
    record(feed, told, GroupFact::LeaderAppointed(appointed))
}

fn joined(db: &Connection, feed: &mut Feed, id: &str, member: &str) -> Result<(), ImportError> {
    let at = db
        .prepare_cached("SELECT at FROM joins WHERE in_group = ?1 AND member = ?2")?
        .query_row([id, member], |row| row.get(0))?;
    let told = Told {
        kind: "join",
        key: &format!("{id}-{member}"),
        at,
        row: Some(MEMBERS),
        bytes: 0,
    };
    let membership = Membership {
        group: group(id),
        account: account(member),
    };
    record(feed, told, MembershipFact::Joined(membership))
}

/// A meeting as far as other facts tell of it.
struct Event {
    group: GroupId,
    at: i64,
    ends: i64,
    updated: Option<i64>,
    status: String,
    known: Option<String>,
}

fn event(db: &Connection, id: &str) -> Result<Event, ImportError> {
    let event = db
        .prepare_cached(
            "SELECT in_group, at, ends, updated, status, known FROM events WHERE id = ?1",
        )?
        .query_row([id], |row| {
            Ok(Event {
                group: group(&row.get::<_, String>(0)?),
                at: row.get(1)?,
                ends: row.get(2)?,
                updated: row.get(3)?,
                status: row.get(4)?,
                known: row.get(5)?,
            })
        })?;
    Ok(event)
}

impl Event {
    /// Why an export can't say any more what became of it.
    fn contradicted(&self) -> Option<&'static str> {
        match (self.status.as_str(), self.known.as_deref()) {
            ("past", Some("cancelled")) => Some("it is recorded as cancelled, and stays so"),
            ("cancelled", Some("held")) => Some("it is recorded as held, and stays so"),
            _ => None,
        }
    }
}

fn scheduled(db: &Connection, feed: &mut Feed, id: &str) -> Result<(), ImportError> {
    let event = event(db, id)?;
    let details = details(db, id)?;
    let contradicted = event.contradicted();
    if let Some(reason) = contradicted {
        feed.skip(EVENTS, format!("{} event", event.status), reason);
    }
    let told = Told {
        kind: "event",
        key: id,
        at: event.at,
        row: contradicted.is_none().then_some(EVENTS),
        bytes: details.description.len(),
    };
    let scheduled = Scheduled {
        meeting: meeting(id),
        group: event.group,
        details,
        origin: Some(origin(id)),
    };
    record(feed, told, MeetingFact::Scheduled(scheduled))
}

/// A meeting that is recorded may be something else by now.
fn changed(
    db: &Connection,
    recorded: &Recorded,
    feed: &mut Feed,
    id: &str,
) -> Result<(), ImportError> {
    let Event { known, updated, .. } = event(db, id)?;
    if known.as_deref() != Some("scheduled") {
        return Ok(());
    }
    let Some(known) = recorded.meeting(meeting(id))? else {
        return Ok(());
    };
    let Some((details, since)) = known.changed(details(db, id)?, updated) else {
        return Ok(());
    };
    let told = Told {
        kind: "changed",
        // One that is changed to what it was before is changed twice.
        key: &format!("{id}-{}", known.facts),
        at: since.as_micros(),
        row: None,
        bytes: details.description.len(),
    };
    let changed = Changed {
        meeting: meeting(id),
        group: known.group,
        details,
    };
    record(feed, told, MeetingFact::Changed(changed))
}

fn details(db: &Connection, id: &str) -> Result<Details, ImportError> {
    let details = db
        .prepare_cached(
            "SELECT title, description, starts, ends, zone, place, url, capacity
             FROM events WHERE id = ?1",
        )?
        .query_row([id], |row| {
            let (title, zone): (Option<String>, Option<String>) = (row.get(0)?, row.get(4)?);
            let url: Option<String> = row.get(6)?;
            Ok(Details {
                title: title.unwrap_or_else(|| format!("event {id}")),
                description: row.get(1)?,
                starts_at: Time::from_micros(row.get(2)?),
                ends_at: Time::from_micros(row.get(3)?),
                zone: zone.unwrap_or_else(|| "UTC".to_owned()),
                place: row.get(5)?,
                online: None,
                capacity: row.get(7)?,
                announcements: url.filter(|url| is_web(url)).into_iter().collect(),
            })
        })?;
    Ok(details)
}

fn is_web(url: &str) -> bool {
    ["https://", "http://"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
}

fn answered(db: &Connection, feed: &mut Feed, id: &str, member: &str) -> Result<(), ImportError> {
    let Event { group, .. } = event(db, id)?;
    let (at, answer, has_place): (i64, String, bool) = db
        .prepare_cached(
            "SELECT answers.at, answer, answer = 'yes' AND held_first AND ifnull(answers.known, 0)
             FROM answers JOIN events ON events.id = event WHERE event = ?1 AND member = ?2",
        )?
        .query_row([id, member], |row| row.try_into())?;
    let answered = Answered {
        meeting: meeting(id),
        group,
        account: account(member),
        profile: None,
        going: answer != "no",
    };
    // A later export may have another answer of the same member: that is something new.
    let told = Told {
        kind: "rsvp",
        key: &format!("{id}-{member}-{answer}-{at}"),
        at,
        row: Some(RSVPS),
        bytes: 0,
    };
    record(feed, told, RsvpFact::Answered(answered.clone()))?;
    if has_place {
        // They may have waited here until now: once it was held, the same answer gives them a place.
        let told = Told {
            kind: "place",
            key: &format!("{id}-{member}"),
            at,
            row: None,
            bytes: 0,
        };
        record(feed, told, RsvpFact::Answered(answered))?;
    }
    Ok(())
}

/// Who waited for a meeting wasn't there. Where it is told by now that it was held, or that there was room,
/// they would get a place.
fn waited(db: &Connection, feed: &mut Feed, id: &str, member: &str) -> Result<(), ImportError> {
    let was_there: bool = db
        .prepare_cached(
            "SELECT ifnull(answers.known, 0) OR (ifnull(events.known, '') <> 'held'
                AND NOT (held_first AND known_going < ifnull(capacity, known_going + 1)))
             FROM answers JOIN events ON events.id = event WHERE event = ?1 AND member = ?2",
        )?
        .query_row([id, member], |row| row.get(0))?;
    if was_there {
        return answered(db, feed, id, member);
    }
    feed.skip(
        RSVPS,
        "waitlist",
        "its event is recorded without them, and who waited wasn't there",
    );
    Ok(())
}

fn cancelled(db: &Connection, feed: &mut Feed, id: &str) -> Result<(), ImportError> {
    let Event {
        group, at, updated, ..
    } = event(db, id)?;
    let told = Told {
        kind: "cancelled",
        key: id,
        at: updated.unwrap_or(at).max(at),
        row: None,
        bytes: 0,
    };
    let cancelled = Cancelled {
        meeting: meeting(id),
        group,
        reason: None,
    };
    record(feed, told, MeetingFact::Cancelled(cancelled))
}

fn held(db: &Connection, feed: &mut Feed, id: &str) -> Result<(), ImportError> {
    let Event { group, ends, .. } = event(db, id)?;
    let told = Told {
        kind: "held",
        key: id,
        at: ends,
        row: None,
        bytes: 0,
    };
    let held = Held {
        meeting: meeting(id),
        group,
    };
    record(feed, told, MeetingFact::Held(held))
}
