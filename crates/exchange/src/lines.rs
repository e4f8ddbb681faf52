//! Rows going out: as NDJSON, CSV or Parquet.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::cells::{Cell, Column};
use crate::parquet_file::ParquetFile;

/// How exported rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A JSON object a line.
    Ndjson,
    /// Comma-separated values, with a header.
    Csv,
    /// Apache Parquet: columns with types, compressed with zstd.
    Parquet,
}

impl Format {
    /// Its name, which is how its files end, too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ndjson" => Ok(Self::Ndjson),
            "csv" => Ok(Self::Csv),
            "parquet" => Ok(Self::Parquet),
            _ => Err(format!(
                "{text:?} is not a format: use ndjson, csv or parquet"
            )),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A row that can go out: all formats have the same columns.
pub trait Line: Serialize {
    /// Which shape this is. It grows whenever a column comes, goes, or means something else.
    const VERSION: u32;

    /// Its columns, in order.
    const COLUMNS: &'static [Column];

    /// Gives its cells, in the order of the columns.
    fn cells(&self, each: &mut dyn FnMut(Cell<'_>));
}

/// Writes rows of one kind.
pub struct Lines<W: Write + Send> {
    to: To<W>,
    written: u64,
}

enum To<W: Write + Send> {
    Ndjson(W),
    Csv(Box<csv::Writer<W>>),
    Parquet(Box<ParquetFile<W>>),
}

impl<W: Write + Send> Lines<W> {
    /// Begins to write rows. A CSV has its header also when no row follows.
    pub fn begin<L: Line>(format: Format, out: W) -> io::Result<Self> {
        let to = match format {
            Format::Ndjson => To::Ndjson(out),
            Format::Csv => {
                let mut csv = csv::WriterBuilder::new()
                    .has_headers(false)
                    .from_writer(out);
                csv.write_record(L::COLUMNS.iter().map(|column| column.name))?;
                To::Csv(Box::new(csv))
            }
            Format::Parquet => To::Parquet(Box::new(ParquetFile::begin(L::COLUMNS, out)?)),
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
            To::Parquet(file) => file.write(line),
        }
    }

    /// Ends, with everything written out; how many rows there were.
    pub fn finish(self) -> io::Result<u64> {
        match self.to {
            To::Ndjson(mut out) => out.flush()?,
            To::Csv(mut csv) => csv.flush()?,
            To::Parquet(file) => (*file).finish()?,
        }
        Ok(self.written)
    }
}
