//! `manifest.json`: what is in an exported directory.

use std::collections::BTreeMap;

use plaudit_domain::{Fact, Position, Time};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::cells::{Column, Type};
use crate::events;
use crate::lines::Format;

/// What is in an exported directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Which shape this has.
    pub manifest_version: u32,
    /// The version of Plaudit that wrote it.
    pub plaudit: String,
    /// The position in the history that everything is as of.
    pub position: Position,
    /// The id of the event there: it tells of which history this is.
    pub last_event: Option<Uuid>,
    /// When it was exported. What depends on the clock is as of this moment, or as of the one asked for.
    pub exported_at: Time,
    /// The hash of the rules that points, levels and badges follow from.
    pub rules: Option<String>,
    /// What was asked for.
    pub asked: Asked,
    /// The version of the data of each type of event.
    pub event_types: BTreeMap<String, u16>,
    /// What there is, by name.
    pub tables: BTreeMap<String, TableEntry>,
}

/// What was asked for. A directory holds what was asked for in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// How files are written.
    pub format: Format,
    /// Whether what is personal is there, too.
    pub personal: bool,
    /// The tables, with `events`.
    pub tables: Vec<String>,
    /// Only events from this time on.
    pub from: Option<Time>,
    /// Only events before this time.
    pub to: Option<Time>,
    /// Only events of these types; of all where there are none.
    pub types: Vec<String>,
    /// All as it was at this time.
    pub as_of: Option<Time>,
    /// With how many events a stretch of the history is full, so that its files stay as they are.
    pub part_events: u32,
}

/// A table, as it was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEntry {
    /// Which shape its rows have. It grows whenever a column comes, goes, or means something else.
    pub version: u32,
    /// How many rows its files have together.
    pub rows: u64,
    /// Of events: files with nothing after this position stay as they are for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_up_to: Option<Position>,
    /// Its columns, in order.
    pub columns: Vec<ColumnEntry>,
    /// Its files.
    pub files: Vec<FileEntry>,
}

/// A column, as it was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnEntry {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub r#type: Type,
    /// Whether it may hold nothing.
    pub nullable: bool,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Where it is in the directory; with `/` on every system.
    pub path: String,
    /// How many rows it has.
    pub rows: u64,
    /// How long it is.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// Of events: the position of the last one in it, or in another month's file of the same range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Position>,
}

/// The shape that is written.
pub(super) const VERSION: u32 = 1;

impl Manifest {
    /// Of a directory without files.
    pub(super) fn new(asked: Asked, exported_at: Time) -> Self {
        Self {
            manifest_version: VERSION,
            plaudit: env!("CARGO_PKG_VERSION").to_owned(),
            position: 0,
            last_event: None,
            exported_at,
            rules: None,
            asked,
            event_types: event_types(),
            tables: BTreeMap::new(),
        }
    }

    /// Every file.
    pub fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.tables.values().flat_map(|table| &table.files)
    }

    /// Whether what is written today has the same shape.
    pub(super) fn is_current(&self) -> bool {
        let shape = self.tables.get(events::TABLE);
        let same = shape.is_none_or(|table| table.version == events::shape().0);
        self.manifest_version == VERSION && same && self.event_types == event_types()
    }

    /// Takes over the files of events that stay as they are; how many.
    pub(super) fn go_on_from(&mut self, begun: Self) -> usize {
        let mut tables = begun.tables;
        let Some(mut events) = tables.remove(events::TABLE) else {
            return 0;
        };
        let final_up_to = events.final_up_to.unwrap_or(0);
        events
            .files
            .retain(|file| file.up_to.is_some_and(|up_to| up_to <= final_up_to));
        events.rows = events.files.iter().map(|file| file.rows).sum();
        let kept = events.files.len();
        self.tables.insert(events::TABLE.to_owned(), events);
        kept
    }

    /// Up to which position files of events stay as they are.
    pub(super) fn final_up_to(&self) -> Position {
        let events = self.tables.get(events::TABLE);
        events.and_then(|it| it.final_up_to).unwrap_or(0)
    }

    /// What it says of the events.
    pub(super) fn events(&mut self) -> &mut TableEntry {
        let described = || TableEntry::of(events::shape());
        let name = events::TABLE.to_owned();
        self.tables.entry(name).or_insert_with(described)
    }
}

/// Another version may write the same event otherwise.
fn event_types() -> BTreeMap<String, u16> {
    let types = Fact::TYPES.iter();
    types
        .map(|(name, version)| ((*name).to_owned(), *version))
        .collect()
}

impl Asked {
    /// Whether a table is asked for.
    pub(super) fn has(&self, table: &str) -> bool {
        self.tables.iter().any(|it| it == table)
    }

    /// Which events are asked for.
    pub fn events(&self) -> events::Options {
        events::Options {
            from: self.from,
            to: self.to,
            as_of: self.as_of,
            types: self.types.clone(),
            personal: self.personal,
        }
    }

    /// In what it isn't the same as was asked for now, in words.
    pub(super) fn differs_from(&self, now: &Self) -> Option<String> {
        let Self {
            format,
            personal,
            tables,
            from,
            to,
            types,
            as_of,
            part_events,
        } = self;
        if *format != now.format {
            return Some(format!("as {format}"));
        }
        if *personal != now.personal {
            let with = if *personal { "with" } else { "without" };
            return Some(format!("{with} --personal"));
        }
        if *tables != now.tables {
            return Some(format!("of {}", tables.join(", ")));
        }
        if *as_of != now.as_of {
            return Some(option("--as-of", *as_of));
        }
        if *from != now.from {
            return Some(option("--from", *from));
        }
        if *to != now.to {
            return Some(option("--to", *to));
        }
        if *part_events != now.part_events {
            return Some(format!("with --part-events {part_events}"));
        }
        match types.as_slice() {
            it if it == now.types => None,
            [] => Some("without --type".to_owned()),
            some => Some(format!("with --type {}", some.join(" --type "))),
        }
    }
}

fn option(name: &str, value: Option<Time>) -> String {
    match value {
        Some(value) => format!("with {name} {value}"),
        None => format!("without {name}"),
    }
}

impl TableEntry {
    /// A table without files.
    pub(super) fn of((version, columns): (u32, &[Column])) -> Self {
        let columns = columns.iter().map(|column| ColumnEntry {
            name: column.name.to_owned(),
            r#type: column.r#type,
            nullable: column.nullable,
        });
        Self {
            version,
            rows: 0,
            final_up_to: None,
            columns: columns.collect(),
            files: Vec::new(),
        }
    }

    /// It has this file, too.
    pub(super) fn add(&mut self, file: FileEntry) {
        self.rows += file.rows;
        self.files.push(file);
    }
}
