//! A calendar as iCalendar text (RFC 5545, and RFC 7986 for how often to ask again).
//!
//! Escaping and folding are the library's. The frame and time zones are put together here: it has no
//! time zones, and gives everything a stamp of the present, with which no answer would be like the last.

use std::collections::BTreeMap;

use icalendar::{Component, Event, EventLike, EventStatus, Property};
use plaudit_domain::Time;
use plaudit_domain::zone::{Clock, Zone};
use plaudit_projection::meeting::State;

use super::{Entry, Place};

/// The text of a calendar.
pub(super) fn calendar(name: &str, entries: Vec<Entry>) -> String {
    let mut text = String::from("BEGIN:VCALENDAR\r\n");
    for (key, value) in [
        ("VERSION", "2.0"),
        ("PRODID", "-//Plaudit//Plaudit//EN"),
        ("CALSCALE", "GREGORIAN"),
        ("X-WR-CALNAME", &clean(name)),
    ] {
        push(&mut text, Property::new(key, value));
    }
    let mut hourly = Property::new("REFRESH-INTERVAL", "PT1H");
    push(&mut text, hourly.add_parameter("VALUE", "DURATION").done());
    push(&mut text, Property::new("X-PUBLISHED-TTL", "PT1H"));
    for (name, clocks) in zones(&entries) {
        push_zone(&mut text, &name, &clocks);
    }
    if entries.is_empty() {
        push_nothing(&mut text);
    }
    for entry in &entries {
        // Writing to a string can't fail.
        text += &event(entry).try_into_string().unwrap_or_default();
    }
    text += "END:VCALENDAR\r\n";
    text
}

fn push(text: &mut String, property: Property) {
    // Writing to a string can't fail.
    let line: Result<String, _> = property.try_into();
    *text += &line.unwrap_or_default();
}

/// The zone of a meeting. One that is in UTC, or in a zone that nobody knows, needs none.
fn zone(entry: &Entry) -> Option<Zone> {
    Zone::named(&entry.meeting.zone).filter(|zone| zone.name() != "UTC")
}

/// What clocks show around the meetings, in each zone that any is in.
fn zones(entries: &[Entry]) -> BTreeMap<String, BTreeMap<Time, Clock>> {
    let mut zones: BTreeMap<String, BTreeMap<Time, Clock>> = BTreeMap::new();
    for entry in entries {
        if let Some(zone) = zone(entry) {
            let clocks = zone.clocks(entry.meeting.starts_at, entry.meeting.ends_at);
            let clocks = clocks.into_iter().map(|clock| (clock.from, clock));
            let known = zones.entry(zone.name().to_owned()).or_default();
            known.extend(clocks);
        }
    }
    zones
}

fn push_zone(text: &mut String, name: &str, clocks: &BTreeMap<Time, Clock>) {
    *text += "BEGIN:VTIMEZONE\r\n";
    push(text, Property::new("TZID", name));
    for clock in clocks.values() {
        let kind = if clock.is_daylight {
            "DAYLIGHT"
        } else {
            "STANDARD"
        };
        *text += &format!("BEGIN:{kind}\r\n");
        // It begins at what clocks showed until then.
        let before = i64::from(clock.offset_before) * 1_000_000;
        let begins = Time::from_micros(clock.from.as_micros() + before);
        for (key, value) in [
            ("DTSTART", compact(&seconds(begins))),
            ("TZOFFSETFROM", offset(clock.offset_before)),
            ("TZOFFSETTO", offset(clock.offset)),
            ("TZNAME", clock.name.clone()),
        ] {
            push(text, Property::new(key, value));
        }
        *text += &format!("END:{kind}\r\n");
    }
    *text += "END:VTIMEZONE\r\n";
}

/// A calendar has at least one component: where there is no meeting, the zone that none is in.
fn push_nothing(text: &mut String) {
    let utc = Clock {
        from: Time::from_micros(0),
        offset: 0,
        offset_before: 0,
        name: "UTC".to_owned(),
        is_daylight: false,
    };
    push_zone(text, "UTC", &BTreeMap::from([(utc.from, utc)]));
}

fn event(entry: &Entry) -> Event {
    let meeting = &entry.meeting;
    let (revision, changed_at) = match entry.changed {
        Some((revision, at)) => (meeting.revision + revision, meeting.changed_at.max(at)),
        None => (meeting.revision, meeting.changed_at),
    };
    let changed = format!("{}Z", compact(&seconds(changed_at)));
    let mut event = Event::with_uid(&meeting.id.to_string());
    event
        .add_property("DTSTAMP", &changed)
        .add_property("LAST-MODIFIED", &changed)
        .add_property("SEQUENCE", revision.to_string())
        .summary(&clean(&format!("{} ({})", meeting.title, entry.group)))
        .append_property(moment("DTSTART", meeting.starts_at, entry))
        .append_property(moment("DTEND", meeting.ends_at, entry));
    event.status(match (meeting.state, entry.place) {
        (State::Cancelled, _) => EventStatus::Cancelled,
        (State::Scheduled | State::Held, Place::WaitedFor) => EventStatus::Tentative,
        (State::Scheduled | State::Held, Place::Taken | Place::Anybodys) => EventStatus::Confirmed,
    });
    let online = online(entry);
    let location = meeting.place.as_deref().or(online.as_deref());
    if let Some(location) = location.or(meeting.online.as_ref().map(|_| "Online")) {
        event.location(&clean(location));
    }
    let description = description(entry, online.as_deref());
    if !description.is_empty() {
        event.description(&clean(&description));
    }
    if let Some(page) = meeting
        .announcements
        .to_vec()
        .iter()
        .find(|it| is_address(it))
    {
        event.url(&encoded(page));
    }
    event.done()
}

/// Where it is online: for those who have a place.
fn online(entry: &Entry) -> Option<String> {
    match entry.place {
        Place::Taken => entry.meeting.online.clone(),
        Place::WaitedFor | Place::Anybodys => None,
    }
}

fn description(entry: &Entry, online: Option<&str>) -> String {
    let waits = match entry.place {
        Place::WaitedFor => Some("You are on the waiting list.".to_owned()),
        Place::Taken | Place::Anybodys => None,
    };
    let reason = entry.meeting.reason.as_ref();
    let parts = [
        reason.map(|reason| format!("Cancelled: {reason}")),
        waits,
        Some(entry.meeting.description.clone()).filter(|text| !text.is_empty()),
        online.map(|address| format!("Online: {address}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

/// A moment in the zone of the meeting, or in UTC.
fn moment(key: &str, time: Time, entry: &Entry) -> Property {
    match zone(entry) {
        Some(zone) => Property::new(key, compact(&zone.local(time)))
            .add_parameter("TZID", zone.name())
            .done(),
        None => Property::new(key, format!("{}Z", compact(&seconds(time)))),
    }
}

/// A moment in UTC, as in `2026-01-31T19:00:00`.
fn seconds(time: Time) -> String {
    let text = time.to_string();
    let end = text.find(['.', 'Z']).unwrap_or(text.len());
    text[..end].to_owned()
}

/// `2026-01-31T19:00:00` as `20260131T190000`.
fn compact(time: &str) -> String {
    time.replace(['-', ':'], "")
}

/// `+0130`, and `-001730` where there are seconds.
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let ahead = seconds.unsigned_abs();
    let (hours, minutes, seconds) = (ahead / 3600, ahead / 60 % 60, ahead % 60);
    match seconds {
        0 => format!("{sign}{hours:02}{minutes:02}"),
        _ => format!("{sign}{hours:02}{minutes:02}{seconds:02}"),
    }
}

/// A text can't hold what would end a line of the calendar, other than as the library writes it.
fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.chars()
        .filter(|char| *char == '\n' || !char.is_control())
        .collect()
}

/// An address as RFC 3986 has it: what it has no sign for is percent-encoded. What is encoded already stays.
fn encoded(address: &str) -> String {
    let mut encoded = String::with_capacity(address.len());
    for byte in address.bytes() {
        let is_sign = byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
        match is_sign {
            true => encoded.push(char::from(byte)),
            false => encoded += &format!("%{byte:02X}"),
        }
    }
    encoded
}

/// An address isn't escaped: it has to be one.
fn is_address(text: &str) -> bool {
    let is_web = ["https://", "http://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    is_web
        && !text
            .chars()
            .any(|char| char.is_control() || char.is_whitespace())
}
