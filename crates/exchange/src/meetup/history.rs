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
                had_room(db, recorded, feed, &id)?;
            }
            order::ANSWER => answered(db, feed, &id, &member)?,
            order::WAITING => waited(db, recorded, feed, &id, &member)?,
            order::CANCELLED => cancelled(db, feed, &id)?,
            order::HELD => held(db, feed, &id)?,
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

fn account(member: &str) -> AccountId {
    AccountId(origin(member).derive("account"))
}

fn group(id: &str) -> GroupId {
    GroupId(origin(id).derive("group"))
}

fn meeting(event: &str) -> MeetingId {
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
    ended: Option<i64>,
    was_held: bool,
}

fn event(db: &Connection, id: &str) -> Result<Event, ImportError> {
    let event = db
        .prepare_cached("SELECT in_group, at, ends, ended, status = 'past' AND has_yes FROM events WHERE id = ?1")?
        .query_row([id], |row| {
            Ok(Event {
                group: group(&row.get::<_, String>(0)?),
                at: row.get(1)?,
                ends: row.get(2)?,
                ended: row.get(3)?,
                was_held: row.get(4)?,
            })
        })?;
    Ok(event)
}

fn scheduled(db: &Connection, feed: &mut Feed, id: &str) -> Result<(), ImportError> {
    let Event { group, at, .. } = event(db, id)?;
    let details = details(db, id)?;
    let told = Told {
        kind: "event",
        key: id,
        at,
        row: Some(EVENTS),
        bytes: details.description.len(),
    };
    let scheduled = Scheduled {
        meeting: meeting(id),
        group,
        details,
        origin: Some(origin(id)),
    };
    record(feed, told, MeetingFact::Scheduled(scheduled))
}

/// A past meeting had room for all who were going, also where it was recorded before as one with less.
fn had_room(
    db: &Connection,
    recorded: &Recorded,
    feed: &mut Feed,
    id: &str,
) -> Result<(), ImportError> {
    let Event { at, was_held, .. } = event(db, id)?;
    if !was_held {
        return Ok(());
    }
    let known = recorded.meeting(meeting(id))?;
    let room = details(db, id)?.capacity;
    let Some((group, details)) = known.scheduled().filter(|_| !known.was_held()) else {
        return Ok(());
    };
    let had_less = |had: u32| room.is_none_or(|room| room > had);
    if !details.capacity.is_some_and(had_less) {
        return Ok(());
    }
    let room_for = room.map_or_else(|| "all".to_owned(), |room| room.to_string());
    let told = Told {
        kind: "room",
        key: &format!("{id}-{room_for}"),
        at,
        row: None,
        bytes: details.description.len(),
    };
    let changed = Changed {
        meeting: meeting(id),
        group,
        details: Details {
            capacity: room,
            ..details.clone()
        },
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
    let (at, answer): (i64, String) = db
        .prepare_cached("SELECT at, answer FROM answers WHERE event = ?1 AND member = ?2")?
        .query_row([id, member], |row| row.try_into())?;
    // A later export may have another answer of the same member: that is something new.
    let told = Told {
        kind: "rsvp",
        key: &format!("{id}-{member}-{answer}-{at}"),
        at,
        row: Some(RSVPS),
        bytes: 0,
    };
    let answered = Answered {
        meeting: meeting(id),
        group,
        account: account(member),
        profile: None,
        going: answer != "no",
    };
    record(feed, told, RsvpFact::Answered(answered))
}

/// Who waited for a meeting that was held, and told nothing of it before, wasn't there.
fn waited(
    db: &Connection,
    recorded: &Recorded,
    feed: &mut Feed,
    id: &str,
    member: &str,
) -> Result<(), ImportError> {
    let (meeting, account) = (meeting(id), account(member));
    if !recorded.meeting(meeting)?.was_held() || recorded.has_answered(meeting, account)? {
        return answered(db, feed, id, member);
    }
    feed.skip(
        RSVPS,
        "waitlist",
        "its event was recorded as held already, and who waited wasn't there",
    );
    Ok(())
}

fn cancelled(db: &Connection, feed: &mut Feed, id: &str) -> Result<(), ImportError> {
    let Event {
        group, at, ended, ..
    } = event(db, id)?;
    let told = Told {
        kind: "cancelled",
        key: id,
        at: ended.unwrap_or(at).max(at),
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
