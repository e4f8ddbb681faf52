//! Rows going out: a line each, as NDJSON or CSV.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use serde::Serialize;

/// How exported rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A JSON object a line.
    Ndjson,
    /// Comma-separated values, with a header.
    Csv,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ndjson" => Ok(Self::Ndjson),
            "csv" => Ok(Self::Csv),
            _ => Err(format!("{text:?} is not a format: use ndjson or csv")),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        })
    }
}

/// A row that can go out.
pub trait Line: Serialize {
    /// Its fields, in order: the header of a CSV.
    const FIELDS: &'static [&'static str];
}

/// Writes rows of one kind.
pub struct Lines<W: Write> {
    to: To<W>,
    written: u64,
}

enum To<W: Write> {
    Ndjson(W),
    Csv(Box<csv::Writer<W>>),
}

impl<W: Write> Lines<W> {
    /// Begins to write rows. A CSV has its header also when no row follows.
    pub fn begin<L: Line>(format: Format, out: W) -> io::Result<Self> {
        let to = match format {
            Format::Ndjson => To::Ndjson(out),
            Format::Csv => {
                let mut csv = csv::WriterBuilder::new()
                    .has_headers(false)
                    .from_writer(out);
                csv.write_record(L::FIELDS)?;
                To::Csv(Box::new(csv))
            }
        };
        Ok(Self { to, written: 0 })
    }

    /// Writes a row.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "whatever isn't a failure to write is a fault of the row"
    )]
    pub fn write(&mut self, line: &impl Line) -> io::Result<()> {
        self.written += 1;
        match &mut self.to {
            To::Ndjson(out) => {
                serde_json::to_writer(&mut *out, line)?;
                out.write_all(b"\n")
            }
            To::Csv(csv) => csv
                .serialize(line)
                .map_err(|error| match error.into_kind() {
                    csv::ErrorKind::Io(error) => error,
                    kind => io::Error::other(format!("{kind:?}")),
                }),
        }
    }

    /// Ends, with everything written out; how many rows there were.
    pub fn finish(self) -> io::Result<u64> {
        match self.to {
            To::Ndjson(mut out) => out.flush()?,
            To::Csv(mut csv) => csv.flush()?,
        }
        Ok(self.written)
    }
}
