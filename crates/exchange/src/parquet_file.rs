//! A Parquet file: a row group at a time is in memory.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types;

use crate::cells::{Cell, Column, Type};
use crate::lines::Line;

/// The most rows of a row group. Readers work on several groups at once, so these shouldn't be too large;
/// this is what DuckDB writes.
const ROWS: usize = 122_880;

/// The most that the cells of a row group take in memory, roughly.
const BYTES: usize = 64 << 20;

/// Writes rows as a Parquet file.
pub struct ParquetFile<W: Write + Send> {
    file: SerializedFileWriter<W>,
    /// What is to be the next row group.
    columns: Vec<Cells>,
    rows: usize,
    bytes: usize,
}

impl<W: Write + Send> ParquetFile<W> {
    /// Begins a file with these columns.
    pub fn begin(columns: &[Column], out: W) -> io::Result<Self> {
        let level = ZstdLevel::try_new(3).map_err(failed)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .build();
        let schema = schema(columns).map_err(failed)?;
        let file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties));
        Ok(Self {
            file: file.map_err(failed)?,
            columns: columns.iter().map(Cells::of).collect(),
            rows: 0,
            bytes: 0,
        })
    }

    /// Writes a row.
    pub fn write(&mut self, line: &impl Line) -> io::Result<()> {
        let mut columns = self.columns.iter_mut();
        let mut bytes = 0;
        line.cells(&mut |cell| {
            if let Some(column) = columns.next() {
                bytes += column.push(cell);
            }
        });
        self.rows += 1;
        self.bytes += bytes;
        if self.rows == ROWS || self.bytes >= BYTES {
            self.write_group()?;
        }
        Ok(())
    }

    /// Ends the file: without its end it can't be read.
    pub fn finish(mut self) -> io::Result<()> {
        if self.rows > 0 {
            self.write_group()?;
        }
        self.file.finish().map_err(failed)?;
        self.file.inner_mut().flush()
    }

    fn write_group(&mut self) -> io::Result<()> {
        self.write_columns().map_err(failed)?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    fn write_columns(&mut self) -> Result<(), ParquetError> {
        let mut group = self.file.next_row_group()?;
        for cells in &mut self.columns {
            let Some(mut column) = group.next_column()? else {
                break;
            };
            cells.write(column.untyped())?;
            column.close()?;
            cells.clear();
        }
        group.close()?;
        Ok(())
    }
}

fn schema(columns: &[Column]) -> Result<types::Type, ParquetError> {
    let field = |column: &Column| {
        let (physical, logical) = match column.r#type {
            // JSON, too: as such not every reader takes it for text.
            Type::String | Type::Json => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Type::Int64 => (Physical::INT64, None),
            Type::Boolean => (Physical::BOOLEAN, None),
            Type::Timestamp => (
                Physical::INT64,
                Some(LogicalType::timestamp(true, TimeUnit::MICROS)),
            ),
        };
        let repetition = match column.nullable {
            true => Repetition::OPTIONAL,
            false => Repetition::REQUIRED,
        };
        let field = types::Type::primitive_type_builder(column.name, physical)
            .with_logical_type(logical)
            .with_repetition(repetition);
        field.build().map(Arc::new)
    };
    let fields = columns.iter().map(field).collect::<Result<_, _>>()?;
    types::Type::group_type_builder("row")
        .with_fields(fields)
        .build()
}

/// The cells of a column that aren't written yet.
struct Cells {
    values: Values,
    /// For each cell whether there is a value, if there needn't be one.
    present: Option<Vec<i16>>,
}

enum Values {
    Text(Vec<ByteArray>),
    Integer(Vec<i64>),
    Boolean(Vec<bool>),
}

impl Cells {
    fn of(column: &Column) -> Self {
        Self {
            values: match column.r#type {
                Type::String | Type::Json => Values::Text(Vec::new()),
                Type::Int64 | Type::Timestamp => Values::Integer(Vec::new()),
                Type::Boolean => Values::Boolean(Vec::new()),
            },
            present: column.nullable.then(Vec::new),
        }
    }

    /// Adds a cell; how much memory it takes.
    fn push(&mut self, cell: Cell<'_>) -> usize {
        if let Some(present) = &mut self.present {
            present.push((cell != Cell::Null).into());
        }
        match (&mut self.values, cell) {
            (Values::Text(values), Cell::Text(text)) => {
                let bytes = size_of::<ByteArray>() + text.len();
                values.push(match text {
                    Cow::Borrowed(text) => text.into(),
                    Cow::Owned(text) => text.into_bytes().into(),
                });
                bytes
            }
            (Values::Integer(values), Cell::Integer(number)) => {
                values.push(number);
                size_of::<i64>()
            }
            (Values::Boolean(values), Cell::Boolean(is)) => {
                values.push(is);
                size_of::<bool>()
            }
            // Nothing; for what a field gives is what its column holds.
            _ => size_of::<i16>(),
        }
    }

    fn write(&self, column: &mut ColumnWriter<'_>) -> Result<(), ParquetError> {
        let present = self.present.as_deref();
        match (&self.values, column) {
            (Values::Text(values), ColumnWriter::ByteArrayColumnWriter(column)) => {
                column.write_batch(values, present, None)?;
            }
            (Values::Integer(values), ColumnWriter::Int64ColumnWriter(column)) => {
                column.write_batch(values, present, None)?;
            }
            (Values::Boolean(values), ColumnWriter::BoolColumnWriter(column)) => {
                column.write_batch(values, present, None)?;
            }
            _ => return Err(ParquetError::General("a column of another type".into())),
        }
        Ok(())
    }

    fn clear(&mut self) {
        match &mut self.values {
            Values::Text(values) => values.clear(),
            Values::Integer(values) => values.clear(),
            Values::Boolean(values) => values.clear(),
        }
        if let Some(present) = &mut self.present {
            present.clear();
        }
    }
}

/// A failure to write stays one: whoever sees a closed pipe or a full disk has to know.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "whatever isn't a failure to write is a fault of the rows"
)]
fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error),
    }
}
