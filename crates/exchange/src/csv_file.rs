//! CSV files with a header: columns go by name, so that others may stand between them.

use std::path::Path;

use csv::{ErrorKind, StringRecord};

use crate::error::{ImportError, Malformed, shown};

/// Reads a file record by record. After each, `each` gets the record and how many bytes were read.
pub(crate) fn read(
    path: &Path,
    columns: &[&'static str],
    each: impl FnMut(&Record<'_>, u64) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let columns: Vec<_> = columns.iter().map(|&name| Column::needed(name)).collect();
    read_columns(path, &columns, each)
}

/// A column that is read.
pub(crate) struct Column {
    name: &'static str,
    /// What it is called elsewhere.
    other_names: &'static [&'static str],
    is_needed: bool,
}

impl Column {
    /// One without which there is nothing to read.
    pub(crate) const fn needed(name: &'static str) -> Self {
        Self {
            name,
            other_names: &[],
            is_needed: true,
        }
    }

    /// One that may be missing: then its values are empty.
    pub(crate) const fn optional(name: &'static str) -> Self {
        Self {
            name,
            other_names: &[],
            is_needed: false,
        }
    }

    /// The same, by whichever of its names a file has.
    pub(crate) const fn or(self, other_names: &'static [&'static str]) -> Self {
        Self {
            other_names,
            ..self
        }
    }

    fn place(&self, header: &StringRecord) -> Option<usize> {
        let place = |name| header.iter().position(|found| found.trim() == name);
        place(self.name).or_else(|| self.other_names.iter().find_map(|name| place(name)))
    }
}

/// Like [`read`], with columns that may be missing, or be called something else.
pub(crate) fn read_columns(
    path: &Path,
    columns: &[Column],
    mut each: impl FnMut(&Record<'_>, u64) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let file = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let broken = |error: csv::Error| broken(path, &file, error);
    let mut reader = csv::Reader::from_path(path).map_err(broken)?;
    let header = reader.headers().map_err(broken)?;
    let mut places = Vec::with_capacity(columns.len());
    for column in columns {
        match column.place(header) {
            Some(place) => places.push((column.name, place)),
            None if !column.is_needed => {}
            None => {
                let needed = columns.iter().filter(|column| column.is_needed);
                let needed: Vec<_> = needed.map(|column| column.name).collect();
                return Err(Malformed {
                    file,
                    line: Some(1),
                    row: None,
                    found: format!("there is no column {}", column.name),
                    expected: format!("a header with {}", needed.join(", ")),
                }
                .into());
            }
        }
    }
    let mut fields = StringRecord::new();
    while reader.read_record(&mut fields).map_err(broken)? {
        let record = Record {
            file: &file,
            places: &places,
            fields: &fields,
        };
        each(&record, reader.position().byte())?;
    }
    Ok(())
}

/// One record: named values.
pub(crate) struct Record<'a> {
    file: &'a str,
    places: &'a [(&'static str, usize)],
    fields: &'a StringRecord,
}

impl Record<'_> {
    /// A mistake in this record.
    pub(crate) fn malformed(&self, found: String, expected: &str) -> Malformed {
        Malformed {
            file: self.file.to_owned(),
            line: self.fields.position().map(csv::Position::line),
            row: None,
            found,
            expected: expected.to_owned(),
        }
    }

    /// The text in a column.
    pub(crate) fn text(&self, column: &str) -> &str {
        self.places
            .iter()
            .find(|(name, _)| *name == column)
            .and_then(|&(_, place)| self.fields.get(place))
            .unwrap_or_default()
    }

    /// The whole number in a column.
    pub(crate) fn number(&self, column: &str) -> Result<i64, Malformed> {
        let text = self.text(column);
        text.trim()
            .parse()
            .map_err(|_| self.malformed(format!("{column} is {}", shown(text)), "a whole number"))
    }
}

fn broken(path: &Path, file: &str, error: csv::Error) -> ImportError {
    let line = error.position().map(csv::Position::line);
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "a reader of records makes no others"
    )]
    let (found, expected) = match error.into_kind() {
        ErrorKind::Io(source) => {
            return ImportError::Unreadable {
                path: path.to_owned(),
                source,
            };
        }
        ErrorKind::Utf8 { err, .. } => (
            format!("bytes that are no text ({err})"),
            "UTF-8".to_owned(),
        ),
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => (
            format!("{len} values"),
            format!("{expected_len}, as many as the header has"),
        ),
        other => (format!("{other:?}"), "CSV".to_owned()),
    };
    Malformed {
        file: file.to_owned(),
        line,
        row: None,
        found,
        expected,
    }
    .into()
}
