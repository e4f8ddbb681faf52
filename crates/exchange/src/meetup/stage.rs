//! The first pass: all files into the scratch file.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use super::values::{count, needed, needed_time, room, text, time, zone};
use crate::csv_file::{Column, Record, read_columns};
use crate::error::{ImportError, shown};
use crate::feed::{Feed, File};

pub(super) const GROUPS: File = 0;
pub(super) const EVENTS: File = 1;
pub(super) const MEMBERS: File = 2;
pub(super) const RSVPS: File = 3;
const NAMES: [&str; 4] = ["groups.csv", "events.csv", "members.csv", "rsvps.csv"];

/// Meetings as long as nobody says how long: what Meetup takes them for.
const HOURS_3: i64 = 3 * 3_600_000;

/// `at` is when something happened, in microseconds; `placed` is when it is told. What is `known` is recorded
/// already: what became of a meeting, with how much room, to how many who said that they come, and whether it
/// stays as it is; of an answer, whether it was to come.
pub(super) const TABLES: &str = "
CREATE TABLE groups (
    id TEXT PRIMARY KEY, at INT, placed INT, name TEXT, description TEXT, location TEXT,
    zone TEXT, organizer TEXT
) WITHOUT ROWID;
CREATE TABLE events (
    id TEXT PRIMARY KEY, in_group TEXT, at INT, placed INT, starts INT, ends INT, updated INT,
    status TEXT, title TEXT, description TEXT, zone TEXT, place TEXT, url TEXT, capacity INT,
    has_yes INT, known TEXT, known_room INT, known_going INT, known_stays INT,
    held_first INT NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE members (
    id TEXT PRIMARY KEY, at INT, placed INT, name TEXT, is_row INT
) WITHOUT ROWID;
CREATE TABLE joins (
    in_group TEXT, member TEXT, at INT, PRIMARY KEY (in_group, member)
) WITHOUT ROWID;
CREATE TABLE answers (
    event TEXT, member TEXT, at INT, placed INT, answer TEXT, known INT,
    PRIMARY KEY (event, member)
) WITHOUT ROWID;
CREATE TABLE story (placed INT, kind INT, id TEXT, member TEXT);
";

/// Who is known: since when, under which name, and whether it is a line that says so.
const MEMBER: &str = "
INSERT INTO members VALUES (?1, ?2, ?2, ?3, ?4)
ON CONFLICT (id) DO UPDATE SET
    at = min(at, excluded.at), placed = min(placed, excluded.placed),
    name = ifnull(name, excluded.name), is_row = max(is_row, excluded.is_row)
";

const GROUP_COLUMNS: [Column; 10] = [
    Column::needed("group_id").or(&["id"]),
    Column::needed("group_name").or(&["name"]),
    Column::needed("created"),
    Column::optional("description"),
    Column::optional("city"),
    Column::optional("state"),
    Column::optional("country"),
    Column::optional("timezone"),
    Column::optional("organizer.member_id"),
    Column::optional("organizer.name"),
];
const EVENT_COLUMNS: [Column; 15] = [
    Column::needed("event_id").or(&["id"]),
    Column::needed("group_id").or(&["group.id"]),
    Column::needed("event_time").or(&["time"]),
    Column::needed("event_status").or(&["status"]),
    Column::optional("event_name").or(&["name"]),
    Column::optional("description"),
    Column::optional("created"),
    Column::optional("updated"),
    Column::optional("duration"),
    Column::optional("rsvp_limit"),
    Column::optional("venue.name"),
    Column::optional("venue.address_1"),
    Column::optional("venue.city"),
    Column::optional("event_url").or(&["link"]),
    Column::optional("yes_rsvp_count"),
];
const MEMBER_COLUMNS: [Column; 4] = [
    Column::needed("member_id").or(&["id"]),
    Column::optional("member_name").or(&["name"]),
    Column::optional("joined"),
    Column::optional("group_id").or(&["group.id"]),
];
const RSVP_COLUMNS: [Column; 6] = [
    Column::needed("member_id").or(&["member.member_id"]),
    Column::needed("event_id").or(&["event.id"]),
    Column::needed("response"),
    Column::optional("mtime"),
    Column::optional("created"),
    Column::optional("member_name").or(&["member.name"]),
];

/// The files of an export.
pub(super) struct Files {
    folder: PathBuf,
}

impl Files {
    /// Looks whether they are there.
    pub(super) fn open(folder: &Path) -> Result<Self, ImportError> {
        for name in &NAMES[..2] {
            if !folder.join(name).is_file() {
                return Err(ImportError::Folder {
                    folder: folder.to_owned(),
                    problem: format!(
                        "there is no {name}. Groups of Meetup are a folder with groups.csv and \
                         events.csv, and members.csv and rsvps.csv if there are such"
                    ),
                });
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// Other CSV files that lie beside.
    pub(super) fn not_read(&self) -> Vec<String> {
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = files.filter_map(|file| file.file_name().into_string().ok());
        let mut others: Vec<_> = names
            .filter(|name| name.ends_with(".csv") && !NAMES.contains(&name.as_str()))
            .collect();
        others.sort_unstable();
        others
    }

    fn path(&self, file: File) -> PathBuf {
        self.folder.join(NAMES[file])
    }
}

/// How far the files are read.
struct Reading {
    before: u64,
    total: Option<u64>,
    rows: u64,
}

impl Reading {
    fn row(&mut self, file: File, feed: &mut Feed, read: u64) -> Result<(), ImportError> {
        feed.row(file);
        self.rows += 1;
        if self.rows.is_multiple_of(1024) {
            feed.read(self.before + read, self.total)?;
        }
        Ok(())
    }
}

/// Reads all files. Nothing is recorded yet.
pub(super) fn stage(files: &Files, db: &Connection, feed: &mut Feed) -> Result<(), ImportError> {
    feed.files(NAMES.map(str::to_owned));
    let size = |file| files.path(file).metadata().map_or(0, |file| file.len());
    let mut reading = Reading {
        before: 0,
        total: Some([GROUPS, EVENTS, MEMBERS, RSVPS].into_iter().map(size).sum()),
        rows: 0,
    };
    // In this order: events are of groups, answers are to events.
    type Row = fn(&Record<'_>, &Connection, &mut Feed) -> Result<(), ImportError>;
    let rows: [(File, &[Column], Row); 4] = [
        (GROUPS, &GROUP_COLUMNS, group),
        (EVENTS, &EVENT_COLUMNS, event),
        (MEMBERS, &MEMBER_COLUMNS, member),
        (RSVPS, &RSVP_COLUMNS, answer),
    ];
    for (file, columns, row) in rows {
        let path = files.path(file);
        if !path.is_file() {
            continue;
        }
        read_columns(&path, columns, |record, read| {
            reading.row(file, feed, read)?;
            row(record, db, feed)
        })?;
        reading.before += size(file);
        feed.read(reading.before, reading.total)?;
    }
    Ok(())
}

fn group(record: &Record<'_>, db: &Connection, _: &mut Feed) -> Result<(), ImportError> {
    let id = needed(record, "group_id")?;
    let at = needed_time(record, "created")?;
    let location = joined(record, &["city", "state", "country"]).unwrap_or_default();
    let organizer = text(record, "organizer.member_id");
    let new = db
        .prepare_cached("INSERT OR IGNORE INTO groups VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            id,
            at,
            text(record, "group_name"),
            text(record, "description").unwrap_or_default(),
            location,
            zone(record, "timezone")?.map(|zone| zone.name().to_owned()),
            organizer,
        ])?;
    if new == 0 {
        let found = format!("group_id {id} stands in an earlier line too");
        return Err(record.malformed(found, "every group once").into());
    }
    if let Some(organizer) = organizer {
        let name = text(record, "organizer.name");
        db.prepare_cached(MEMBER)?
            .execute(params![organizer, at, name, false])?;
    }
    Ok(())
}

fn event(record: &Record<'_>, db: &Connection, feed: &mut Feed) -> Result<(), ImportError> {
    let (id, group) = (needed(record, "event_id")?, needed(record, "group_id")?);
    let starts = needed_time(record, "event_time")?;
    let status = needed(record, "event_status")?.to_lowercase();
    if !["past", "upcoming", "cancelled"].contains(&status.as_str()) {
        feed.skip(EVENTS, format!("{status} event"), "it was never scheduled");
        return Ok(());
    }
    let zone: Option<Option<String>> = db
        .prepare_cached("SELECT zone FROM groups WHERE id = ?1")?
        .query_row([group], |row| row.get(0))
        .optional()?;
    let Some(zone) = zone else {
        feed.skip(EVENTS, "event", "its group is not in groups.csv");
        return Ok(());
    };
    let duration = count(record, "duration")?.unwrap_or(HOURS_3);
    let at = time(record, "created")?.map_or(starts, |created| created.min(starts));
    let new = db
        .prepare_cached(
            "INSERT OR IGNORE INTO events
             (id, in_group, at, placed, starts, ends, updated, status, title, description, zone,
              place, url, capacity, has_yes)
             VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            id,
            group,
            at,
            starts,
            starts.saturating_add(duration.saturating_mul(1000)),
            time(record, "updated")?,
            status,
            text(record, "event_name"),
            text(record, "description").unwrap_or_default(),
            zone,
            joined(record, &["venue.name", "venue.address_1", "venue.city"]),
            text(record, "event_url"),
            room(record)?,
            count(record, "yes_rsvp_count")?.is_some(),
        ])?;
    if new == 0 {
        let found = format!("event_id {id} stands in an earlier line too");
        return Err(record.malformed(found, "every event once").into());
    }
    Ok(())
}

fn member(record: &Record<'_>, db: &Connection, feed: &mut Feed) -> Result<(), ImportError> {
    let id = needed(record, "member_id")?;
    let (name, group) = (text(record, "member_name"), text(record, "group_id"));
    let since = match group {
        None => None,
        Some(group) => {
            let since: Option<i64> = db
                .prepare_cached("SELECT at FROM groups WHERE id = ?1")?
                .query_row([group], |row| row.get(0))
                .optional()?;
            if since.is_none() {
                feed.skip(MEMBERS, "member", "their group is not in groups.csv");
                return Ok(());
            }
            since
        }
    };
    let Some(at) = time(record, "joined")?.or(since) else {
        let found = "neither joined nor group_id says since when they are there".to_owned();
        return Err(record.malformed(found, "one of both").into());
    };
    match group {
        None if is_row(db, id)? => feed.skip(MEMBERS, "member", "they stand in an earlier line"),
        None => {}
        Some(group) => {
            let new = db
                .prepare_cached("INSERT OR IGNORE INTO joins VALUES (?1, ?2, ?3)")?
                .execute(params![group, id, at])?;
            if new == 0 {
                feed.skip(MEMBERS, "member", "they stand in an earlier line");
            }
        }
    }
    db.prepare_cached(MEMBER)?
        .execute(params![id, at, name, group.is_none()])?;
    Ok(())
}

fn is_row(db: &Connection, member: &str) -> Result<bool, ImportError> {
    let found = db
        .prepare_cached("SELECT 1 FROM members WHERE id = ?1 AND is_row")?
        .exists([member])?;
    Ok(found)
}

/// The last answer of a member to an event counts; of several at the same time, the one that comes last.
const ANSWER: &str = "
INSERT INTO answers (event, member, at, placed, answer) VALUES (?1, ?2, ?3, ?3, ?4)
ON CONFLICT (event, member) DO UPDATE SET
    at = excluded.at, placed = excluded.placed, answer = excluded.answer WHERE excluded.at >= at
";

fn answer(record: &Record<'_>, db: &Connection, feed: &mut Feed) -> Result<(), ImportError> {
    let (member, event) = (needed(record, "member_id")?, needed(record, "event_id")?);
    let response = needed(record, "response")?;
    let answer = response.to_lowercase();
    if !["yes", "no", "waitlist"].contains(&answer.as_str()) {
        let found = format!("response is {}", shown(response));
        return Err(record.malformed(found, "yes, no or waitlist").into());
    }
    let at = match time(record, "mtime")? {
        Some(at) => Some(at),
        None => time(record, "created")?,
    };
    let starts: Option<i64> = db
        .prepare_cached("SELECT starts FROM events WHERE id = ?1")?
        .query_row([event], |row| row.get(0))
        .optional()?;
    let Some(starts) = starts else {
        feed.skip(RSVPS, answer, "its event is not in events.csv");
        return Ok(());
    };
    let at = at.unwrap_or(starts);
    let was_there = db
        .prepare_cached("SELECT 1 FROM answers WHERE event = ?1 AND member = ?2")?
        .exists([event, member])?;
    if was_there {
        feed.skip(
            RSVPS,
            "earlier answer",
            "a later one of the same member counts",
        );
    }
    db.prepare_cached(ANSWER)?
        .execute(params![event, member, at, answer])?;
    db.prepare_cached(MEMBER)?
        .execute(params![member, at, text(record, "member_name"), false])?;
    Ok(())
}

/// What several columns say, one after the other, each once.
fn joined(record: &Record<'_>, columns: &[&str]) -> Option<String> {
    let mut words: Vec<&str> = Vec::new();
    for column in columns {
        words.extend(text(record, column).filter(|word| !words.contains(word)));
    }
    (!words.is_empty()).then(|| words.join(", "))
}
