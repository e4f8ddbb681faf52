//! What the columns of exported tables hold: formats with types go by it.

use std::borrow::Cow;

use plaudit_domain::post::Kind;
use plaudit_domain::{AccountId, GroupId, MeetingId, PostId, Time};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A column of an exported table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name, in every format.
    pub name: &'static str,
    /// What it holds.
    pub r#type: Type,
    /// Whether it may hold nothing.
    pub nullable: bool,
}

impl Column {
    /// The column of a field of some type.
    pub const fn of<F: Field + ?Sized>(name: &'static str) -> Self {
        Self {
            name,
            r#type: F::TYPE,
            nullable: F::NULLABLE,
        }
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// Text; ids are text, too.
    String,
    /// An object of JSON, as text.
    Json,
    /// A whole number of 64 bits.
    Int64,
    /// True or false.
    Boolean,
    /// A moment in UTC, in microseconds.
    Timestamp,
}

impl Type {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Json => "json",
            Self::Int64 => "int64",
            Self::Boolean => "boolean",
            Self::Timestamp => "timestamp",
        }
    }
}

/// A cell of a row that goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing.
    Null,
    /// A text, or JSON as text.
    Text(Cow<'a, str>),
    /// A number, or a moment in microseconds.
    Integer(i64),
    /// True or false.
    Boolean(bool),
}

/// Something that is in a column.
pub trait Field {
    /// What its column holds.
    const TYPE: Type;
    /// Whether it may be nothing.
    const NULLABLE: bool = false;

    /// It, as a cell.
    fn cell(&self) -> Cell<'_>;
}

impl<F: Field> Field for Option<F> {
    const TYPE: Type = F::TYPE;
    const NULLABLE: bool = true;

    fn cell(&self) -> Cell<'_> {
        self.as_ref().map_or(Cell::Null, Field::cell)
    }
}

// Before its uses.
/// Says of types what their columns hold.
macro_rules! fields {
    ($($of:ty: $type:ident, |$it:ident| $cell:expr;)+) => {
        $(impl Field for $of {
            const TYPE: Type = Type::$type;

            fn cell(&self) -> Cell<'_> {
                let $it = self;
                $cell
            }
        })+
    };
}

fields! {
    String: String, |it| text(it);
    str: String, |it| text(it);
    Cow<'_, str>: String, |it| text(it);
    Kind: String, |it| text(it.as_str());
    Uuid: String, |it| Cell::Text(it.to_string().into());
    AccountId: String, |it| Cell::Text(it.to_string().into());
    GroupId: String, |it| Cell::Text(it.to_string().into());
    MeetingId: String, |it| Cell::Text(it.to_string().into());
    PostId: String, |it| Cell::Text(it.to_string().into());
    serde_json::value::RawValue: Json, |it| text(it.get());
    i64: Int64, |it| Cell::Integer(*it);
    // Positions and revisions: those of any journal are far below the limit.
    u64: Int64, |it| Cell::Integer(it.cast_signed());
    u32: Int64, |it| Cell::Integer((*it).into());
    u16: Int64, |it| Cell::Integer((*it).into());
    bool: Boolean, |it| Cell::Boolean(*it);
    Time: Timestamp, |it| Cell::Integer(it.as_micros());
}

impl<F: Field + ?Sized> Field for &F {
    const TYPE: Type = F::TYPE;
    const NULLABLE: bool = F::NULLABLE;

    fn cell(&self) -> Cell<'_> {
        F::cell(self)
    }
}

fn text(text: &str) -> Cell<'_> {
    Cell::Text(text.into())
}
