use std::str::FromStr;

use icalendar::{Calendar, Component, Event};
use plaudit_domain::{MeetingId, Time};
use plaudit_projection::meeting::State;
use plaudit_projection::row::List;
use plaudit_projection::{Key, Meeting};

use super::text::calendar;
use super::{Entry, Place};

fn at(time: &str) -> Time {
    time.parse().unwrap()
}

fn entry(change: impl FnOnce(&mut Meeting), place: Place) -> Entry {
    let mut meeting = Meeting {
        key: Key(1),
        id: MeetingId("00000000-0000-4000-8000-000000000001".parse().unwrap()),
        group_key: Key(2),
        title: "Rye, spelt; wheat\\barley".into(),
        description: "First line\nBring: flour, water".into(),
        starts_at: at("2026-10-24T16:00:00Z"),
        ends_at: at("2026-10-24T18:30:00Z"),
        zone: "Europe/Berlin".into(),
        place: Some("Mill, Street 1".into()),
        online: Some("https://meet.example/secret".into()),
        capacity: None,
        announcements: List::new(&["https://example.org/rye".into()]),
        state: State::Scheduled,
        reason: None,
        going: 0,
        waiting: 0,
        not_going: 0,
        attended: 0,
        revision: 2,
        changed_at: at("2026-09-01T10:00:00.5Z"),
        scheduled_at: at("2026-08-01T10:00:00Z"),
        origin: None,
    };
    change(&mut meeting);
    Entry {
        meeting,
        group: "Bakers".into(),
        place,
        changed: None,
    }
}

fn read(text: &str) -> Vec<Event> {
    let calendar = Calendar::from_str(text).unwrap();
    calendar.events().cloned().collect()
}

#[test]
fn g3_a_calendar_is_exactly_this_text() {
    let text = calendar("Bakers", vec![entry(|_| (), Place::Anybodys)]);
    let lines = text.strip_suffix("\r\n").unwrap().split("\r\n");
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Plaudit//Plaudit//EN",
            "CALSCALE:GREGORIAN",
            "X-WR-CALNAME:Bakers",
            "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
            "X-PUBLISHED-TTL:PT1H",
            "BEGIN:VTIMEZONE",
            "TZID:Europe/Berlin",
            "BEGIN:DAYLIGHT",
            "DTSTART:20260329T020000",
            "TZOFFSETFROM:+0100",
            "TZOFFSETTO:+0200",
            "TZNAME:CEST",
            "END:DAYLIGHT",
            "END:VTIMEZONE",
            "BEGIN:VEVENT",
            r"DESCRIPTION:First line\nBring: flour\, water",
            "DTEND;TZID=Europe/Berlin:20261024T203000",
            "DTSTAMP:20260901T100000Z",
            "DTSTART;TZID=Europe/Berlin:20261024T180000",
            "LAST-MODIFIED:20260901T100000Z",
            r"LOCATION:Mill\, Street 1",
            "SEQUENCE:2",
            "STATUS:CONFIRMED",
            r"SUMMARY:Rye\, spelt\; wheat\\barley (Bakers)",
            "UID:00000000-0000-4000-8000-000000000001",
            "URL:https://example.org/rye",
            "END:VEVENT",
            "END:VCALENDAR",
        ]
    );
}

#[test]
fn what_is_written_reads_back() {
    let text = calendar("Bakers", vec![entry(|_| (), Place::Anybodys)]);
    let events = read(&text);
    let value = |key| events[0].property_value(key).unwrap();
    assert_eq!(value("SUMMARY"), "Rye, spelt; wheat\\barley (Bakers)");
    assert_eq!(value("DESCRIPTION"), "First line\nBring: flour, water");
    assert_eq!(value("LOCATION"), "Mill, Street 1");
    assert_eq!(value("DTSTART"), "20261024T180000");
    assert_eq!(
        events[0].properties()["DTSTART"].params()["TZID"].value(),
        "Europe/Berlin"
    );
}

/// A line has at most 75 bytes, also where characters have several, and no text makes a line of its own.
#[test]
fn lines_are_folded_and_texts_stay_within_theirs() {
    let long = "Käse und Brot 🥖 ".repeat(40);
    let text = calendar(
        "A\r\nBEGIN:VEVENT",
        vec![entry(
            |meeting| {
                meeting.description.clone_from(&long);
                meeting.title = "Rye\r\nEND:VEVENT\rATTENDEE:x".into();
                meeting.announcements = List::new(&[
                    "https://example.org/\r\nATTACH:x".into(),
                    "javascript:alert()".into(),
                ]);
            },
            Place::Anybodys,
        )],
    );
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
    assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    let events = read(&text);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].property_value("DESCRIPTION").unwrap(), long);
    assert_eq!(
        events[0].property_value("SUMMARY").unwrap(),
        "Rye\nEND:VEVENTATTENDEE:x (Bakers)"
    );
    for key in ["ATTENDEE", "ATTACH", "URL"] {
        assert_eq!(events[0].property_value(key), None, "{key}");
    }
}

#[test]
fn what_was_cancelled_stays_and_says_so() {
    let cancel = |meeting: &mut Meeting| {
        meeting.state = State::Cancelled;
        meeting.reason = Some("No oven".into());
    };
    let text = calendar("Bakers", vec![entry(cancel, Place::Taken)]);
    let events = read(&text);
    let value = |key| events[0].property_value(key).unwrap();
    assert_eq!(value("STATUS"), "CANCELLED");
    assert_eq!(value("SEQUENCE"), "2");
    assert!(value("DESCRIPTION").starts_with("Cancelled: No oven"));
}

#[test]
fn who_has_a_place_sees_where_it_is_online_and_nobody_else_does() {
    let secret = "https://meet.example/secret";
    let without_place = |meeting: &mut Meeting| meeting.place = None;
    for (place, status, location) in [
        (Place::Anybodys, "CONFIRMED", "Online"),
        (Place::WaitedFor, "TENTATIVE", "Online"),
        (Place::Taken, "CONFIRMED", secret),
    ] {
        let text = calendar("Bakers", vec![entry(without_place, place)]);
        let events = read(&text);
        let value = |key| events[0].property_value(key).unwrap();
        assert_eq!((value("STATUS"), value("LOCATION")), (status, location));
        let shows = value("DESCRIPTION").contains(secret);
        assert_eq!(shows, place == Place::Taken, "{place:?}");
    }
}

/// Clocks changed in the night after the first one; between are two more changes that nobody needs.
#[test]
fn a_zone_tells_the_clocks_around_its_meetings() {
    let move_to = |starts: &'static str, ends: &'static str, zone: &'static str| {
        move |meeting: &mut Meeting| {
            (meeting.starts_at, meeting.ends_at) = (at(starts), at(ends));
            meeting.zone = zone.into();
        }
    };
    let berlin = "Europe/Berlin";
    let meetings = [
        move_to("2026-10-24T16:00:00Z", "2026-10-24T18:00:00Z", berlin),
        move_to("2026-10-24T23:30:00Z", "2026-10-25T03:00:00Z", berlin),
        move_to("2028-01-24T16:00:00Z", "2028-01-24T18:00:00Z", berlin),
        move_to(
            "2036-01-24T16:00:00Z",
            "2036-01-24T18:00:00Z",
            "Asia/Kathmandu",
        ),
        move_to("2036-01-24T16:00:00Z", "2036-01-24T18:00:00Z", "UTC"),
    ];
    let meetings = meetings.map(|change| entry(change, Place::Anybodys));
    let text = calendar("Bakers", meetings.to_vec());
    let begin: Vec<_> = text
        .split("\r\n")
        .skip_while(|line| *line != "BEGIN:VTIMEZONE")
        .take_while(|line| *line != "BEGIN:VEVENT")
        .filter(|line| !line.starts_with("END:") && !line.starts_with("BEGIN:VT"))
        .collect();
    assert_eq!(
        begin,
        [
            "TZID:Asia/Kathmandu",
            "BEGIN:STANDARD",
            "DTSTART:19860101T000000",
            "TZOFFSETFROM:+0530",
            "TZOFFSETTO:+0545",
            "TZNAME:+0545",
            "TZID:Europe/Berlin",
            "BEGIN:DAYLIGHT",
            "DTSTART:20260329T020000",
            "TZOFFSETFROM:+0100",
            "TZOFFSETTO:+0200",
            "TZNAME:CEST",
            "BEGIN:STANDARD",
            "DTSTART:20261025T030000",
            "TZOFFSETFROM:+0200",
            "TZOFFSETTO:+0100",
            "TZNAME:CET",
            "BEGIN:STANDARD",
            "DTSTART:20271031T030000",
            "TZOFFSETFROM:+0200",
            "TZOFFSETTO:+0100",
            "TZNAME:CET",
        ]
    );
    assert!(text.contains("DTSTART:20360124T160000Z"), "{text}");
}

/// A program takes the event for the one that it has, unless it is a later revision.
#[test]
fn g4_who_moves_up_gets_a_later_revision_of_the_event() {
    let mut entry = entry(|_| (), Place::Taken);
    entry.changed = Some((1, at("2026-09-03T08:00:00Z")));
    let text = calendar("My meetings", vec![entry.clone()]);
    for line in [
        "SEQUENCE:3",
        "DTSTAMP:20260903T080000Z",
        "LAST-MODIFIED:20260903T080000Z",
    ] {
        assert!(text.contains(&format!("\r\n{line}\r\n")), "{line}: {text}");
    }
    entry.changed = Some((1, at("2026-08-30T08:00:00Z")));
    let text = calendar("My meetings", vec![entry]);
    assert!(text.contains("SEQUENCE:3\r\n"));
    assert!(text.contains("LAST-MODIFIED:20260901T100000Z\r\n"));
}

/// RFC 5545, 3.6: an iCalendar object has at least one component.
#[test]
fn a_calendar_without_meetings_has_a_component() {
    let text = calendar("Bakers", vec![]);
    let begin = text.find("BEGIN:VTIMEZONE\r\nTZID:UTC\r\nBEGIN:STANDARD\r\n");
    assert!(begin.is_some(), "{text}");
    assert!(text.contains("DTSTART:19700101T000000\r\nTZOFFSETFROM:+0000\r\n"));
    assert!(read(&text).is_empty());
    let full = calendar("Bakers", vec![entry(|_| (), Place::Anybodys)]);
    assert!(!full.contains("TZID:UTC"));
}

#[test]
fn addresses_are_encoded_as_rfc_3986_has_them() {
    for (address, encoded) in [
        (
            "https://example.org/bäckerei?q=\u{1F956}&r=a%20b#é",
            "https://example.org/b%C3%A4ckerei?q=%F0%9F%A5%96&r=a%20b#%C3%A9",
        ),
        ("http://[::1]:80/a|b\"c", "http://[::1]:80/a%7Cb%22c"),
    ] {
        let announce = |meeting: &mut Meeting| {
            meeting.announcements = List::new(&[address.into()]);
        };
        let text = calendar("Bakers", vec![entry(announce, Place::Anybodys)]);
        let events = read(&text);
        assert_eq!(events[0].property_value("URL"), Some(encoded));
    }
}

#[test]
fn the_same_meetings_are_the_same_text() {
    let text = || calendar("Bakers", vec![entry(|_| (), Place::Taken)]);
    assert_eq!(text(), text());
}
