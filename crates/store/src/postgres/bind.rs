//! Between rows and PostgreSQL's statements.
//!
//! A text of PostgreSQL's can't hold the character of code 0, which histories from elsewhere may have. It is
//! kept as another one, of those that mean nothing to anybody, so that every text comes back as it was.

use std::borrow::Cow;
use std::error::Error;

use bytes::{BufMut, BytesMut};
use plaudit_postgres::tokio_postgres::Row;
use plaudit_postgres::tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use plaudit_projection::row::{Cell, Cells, ColumnKind, Field, Malformed};
use uuid::Uuid;

use crate::snapshot::{Record, Value};
use crate::statement::Param;

type Bound = Result<IsNull, Box<dyn Error + Sync + Send>>;

/// Stands for a character of code 0 when `0` follows it, and for itself when it follows itself.
const ESCAPE: char = '\u{10FFFD}';

/// How a text is kept.
pub fn kept(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len() + 4);
    for character in text.chars() {
        match character {
            '\0' => kept.extend([ESCAPE, '0']),
            ESCAPE => kept.extend([ESCAPE, ESCAPE]),
            other => kept.push(other),
        }
    }
    Cow::Owned(kept)
}

/// What a text was that is kept so.
pub fn restored(kept: &str) -> Cow<'_, str> {
    if !kept.contains(ESCAPE) {
        return Cow::Borrowed(kept);
    }
    let mut text = String::with_capacity(kept.len());
    let mut characters = kept.chars();
    while let Some(character) = characters.next() {
        match character {
            ESCAPE => match characters.next() {
                Some('0') => text.push('\0'),
                other => text.extend(other),
            },
            other => text.push(other),
        }
    }
    Cow::Owned(text)
}

impl ToSql for Param<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Bound {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) if *of == Type::BOOL => (*number != 0).to_sql(of, out),
            Self::Integer(number) => number.to_sql(of, out),
            Self::Truth(truth) => truth.to_sql(of, out),
            Self::Text(text) => kept(text).to_sql(of, out),
            Self::Uuid(id) => Id(*id).to_sql(of, out),
            Self::Keys(keys) => {
                let keys: Vec<i64> = keys.iter().map(|key| key.0).collect();
                keys.to_sql(of, out)
            }
            Self::Integers(numbers) => numbers.to_sql(of, out),
            Self::Uuids(ids) => {
                let ids: Vec<Id> = ids.iter().copied().map(Id).collect();
                ids.to_sql(of, out)
            }
        }
    }

    // What statements are given is what their columns hold: the server says so where it isn't.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A UUID's bytes.
#[derive(Debug, Clone, Copy)]
pub struct Id(pub Uuid);

impl ToSql for Id {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Bound {
        out.put_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::UUID
    }

    to_sql_checked!();
}

/// What statements hold on to until they are sent.
#[derive(Debug)]
pub enum Owned {
    Null,
    Integer(i64),
    Truth(bool),
    Text(String),
    Uuid(Uuid),
    Integers(Vec<Option<i64>>),
    Truths(Vec<Option<bool>>),
    Texts(Vec<Option<String>>),
    Uuids(Vec<Option<Id>>),
}

impl Owned {
    /// An empty list of what a column holds.
    pub fn list(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Integer => Self::Integers(vec![]),
            ColumnKind::Boolean => Self::Truths(vec![]),
            ColumnKind::Text => Self::Texts(vec![]),
            ColumnKind::Uuid => Self::Uuids(vec![]),
        }
    }

    /// Adds to a list what a cell of such a column holds.
    pub fn push(&mut self, param: Param<'_>) {
        match (self, param) {
            (Self::Integers(list), Param::Integer(number)) => list.push(Some(number)),
            (Self::Integers(list), _) => list.push(None),
            (Self::Truths(list), Param::Integer(number)) => list.push(Some(number != 0)),
            (Self::Truths(list), Param::Truth(truth)) => list.push(Some(truth)),
            (Self::Truths(list), _) => list.push(None),
            (Self::Texts(list), Param::Text(text)) => list.push(Some(kept(text).into_owned())),
            (Self::Texts(list), _) => list.push(None),
            (Self::Uuids(list), Param::Uuid(id)) => list.push(Some(Id(id))),
            (Self::Uuids(list), _) => list.push(None),
            (Self::Null | Self::Integer(_) | Self::Truth(_) | Self::Text(_) | Self::Uuid(_), _) => {
            }
        }
    }
}

impl From<Param<'_>> for Owned {
    fn from(param: Param<'_>) -> Self {
        match param {
            Param::Null => Self::Null,
            Param::Integer(number) => Self::Integer(number),
            Param::Truth(truth) => Self::Truth(truth),
            Param::Text(text) => Self::Text(text.to_owned()),
            Param::Uuid(id) => Self::Uuid(id),
            Param::Keys(keys) => Self::Integers(keys.iter().map(|key| Some(key.0)).collect()),
            Param::Integers(numbers) => Self::Integers(numbers.iter().copied().map(Some).collect()),
            Param::Uuids(ids) => Self::Uuids(ids.iter().map(|id| Some(Id(*id))).collect()),
        }
    }
}

impl ToSql for Owned {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Bound {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) => Param::Integer(*number).to_sql(of, out),
            Self::Truth(truth) => truth.to_sql(of, out),
            Self::Text(text) => Param::Text(text).to_sql(of, out),
            Self::Uuid(id) => Id(*id).to_sql(of, out),
            Self::Integers(list) => list.to_sql(of, out),
            Self::Truths(list) => list.to_sql(of, out),
            Self::Texts(list) => list.to_sql(of, out),
            Self::Uuids(list) => list.to_sql(of, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// What a query gave in one place.
struct Got<'a>(Cell<'a>);

impl<'a> FromSql<'a> for Got<'a> {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *of {
            Type::INT8 => Cell::Integer(i64::from_sql(of, raw)?),
            Type::INT4 => Cell::Integer(i32::from_sql(of, raw)?.into()),
            Type::BOOL => Cell::Integer(bool::from_sql(of, raw)?.into()),
            Type::UUID => Cell::Bytes(raw),
            _ => Cell::Text(<&str>::from_sql(of, raw)?),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Cell::Null))
    }

    fn accepts(of: &Type) -> bool {
        let known = [Type::INT8, Type::INT4, Type::BOOL, Type::UUID, Type::TEXT];
        known.contains(of) || *of == Type::VARCHAR || *of == Type::NAME
    }
}

struct RowCells<'r> {
    row: &'r Row,
    next: usize,
    text: String,
}

impl Cells for RowCells<'_> {
    fn next(&mut self) -> Cell<'_> {
        let at = self.next;
        self.next += 1;
        // What can't be read is missing, and whoever needs it says so.
        let Ok(Got(cell)) = self.row.try_get(at) else {
            return Cell::Null;
        };
        if let Cell::Text(kept) = cell
            && let Cow::Owned(text) = restored(kept)
        {
            self.text = text;
            return Cell::Text(&self.text);
        }
        cell
    }
}

/// Reads what a query gave.
pub fn read<T: Field>(row: &Row) -> Result<T, Malformed> {
    let text = String::new();
    T::read("", &mut RowCells { row, next: 0, text })
}

/// The same, as it is kept.
pub fn record(row: &Row) -> Record {
    let text = String::new();
    let mut cells = RowCells { row, next: 0, text };
    let cell = |_| match cells.next() {
        Cell::Null => Value::Null,
        Cell::Integer(number) => Value::Integer(number),
        Cell::Text(text) => Value::Text(text.to_owned()),
        Cell::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
    };
    Record((0..row.len()).map(cell).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_as_it_was() {
        for text in [
            "",
            "plain",
            "a\0b",
            "\0",
            "\u{10FFFD}",
            "\u{10FFFD}0\0\u{10FFFD}\u{10FFFD}",
        ] {
            let kept = kept(text);
            assert!(!kept.contains('\0'));
            assert_eq!(restored(&kept), text);
        }
        assert_ne!(kept("\0"), kept("\u{10FFFD}0"));
    }
}
