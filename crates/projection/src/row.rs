//! Rows: a struct is a table, declared once, for every engine.

use plaudit_domain::account::AccountKind;
use plaudit_domain::affiliation::Affiliation;
use plaudit_domain::leadership::Role;
use plaudit_domain::post::Kind;
use plaudit_domain::report::Measure;
use plaudit_domain::{
    AccountId, BenefitId, GiftId, GroupId, MeetingId, PostId, PresentationId, Time, Visibility,
    notification, presentation as talk, report,
};
use uuid::Uuid;

use crate::figure::Figure;
use crate::lozenge::{Answers, RequestState};
use crate::notification::Outcome;
use crate::{benefit, group, leadership, meeting, presentation, rsvp, weight};

/// The identity of a thing inside the read models: the position of the event that created it.
///
/// Dense, ordered by age, and the same after every rebuild; public ids are looked up at the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub i64);

/// A table row.
pub trait Row: Field + Clone + PartialEq + Send + Sync + 'static {
    /// The table's name.
    const TABLE: &'static str;
    /// The columns of the primary key. A single integer column becomes the row's own number.
    const PRIMARY: &'static [&'static str];
    /// Columns, or groups of them, in which no two rows are alike.
    const UNIQUE: &'static [&'static [&'static str]];
    /// The further indexes that reads need.
    const INDEXES: &'static [&'static [&'static str]];

    /// The table's columns, in the order in which rows are written and read.
    fn table_columns() -> Vec<Column> {
        let mut columns = Vec::new();
        Self::columns("", &mut columns);
        columns
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
    /// Whether it may be empty.
    pub nullable: bool,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// A 64-bit integer; also times, in microseconds since 1970.
    Integer,
    /// True or false.
    Boolean,
    /// Text.
    Text,
    /// A UUID, in its 16 bytes.
    Uuid,
}

/// The value of one column of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Null,
    /// An integer, a time or a truth.
    Integer(i64),
    /// A text.
    Text(&'a str),
    /// A UUID's bytes.
    Bytes(&'a [u8]),
}

/// Where the cells of a row come from, in the order of its columns.
pub trait Cells {
    /// The next cell.
    fn next(&mut self) -> Cell<'_>;
}

/// A row that doesn't have the shape that its table promises: the read models were changed by
/// something else, or belong to another version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column} of the read models holds something unexpected: rebuild them")]
pub struct Malformed {
    /// The column's name, as far as it is known.
    pub column: &'static str,
}

/// A part of a row: one column, or several.
pub trait Field: Sized {
    /// Adds its columns; a field of several columns has names of its own.
    fn columns(name: &'static str, columns: &mut Vec<Column>);

    /// Writes its cells.
    fn write<'a>(&'a self, write: &mut impl FnMut(Cell<'a>));

    /// Reads its cells.
    fn read(name: &'static str, cells: &mut impl Cells) -> Result<Self, Malformed>;
}

/// A field that is one column.
pub(crate) trait Single: Sized {
    /// What it holds.
    const KIND: ColumnKind;

    /// Its cell.
    fn cell(&self) -> Cell<'_>;

    /// What a cell holds, if it is what it should be.
    fn from_cell(cell: Cell<'_>) -> Option<Self>;
}

macro_rules! single {
    ($($type:ty: $kind:ident, |$value:ident| $cell:expr, $pattern:pat => $read:expr;)+) => {
        $(
            impl Single for $type {
                const KIND: ColumnKind = ColumnKind::$kind;

                fn cell(&self) -> Cell<'_> {
                    let $value = self;
                    $cell
                }

                #[allow(clippy::wildcard_enum_match_arm, reason = "all else is malformed")]
                fn from_cell(cell: Cell<'_>) -> Option<Self> {
                    match cell {
                        $pattern => $read,
                        _ => None,
                    }
                }
            }

            impl Field for $type {
                fn columns(name: &'static str, columns: &mut Vec<Column>) {
                    columns.push(Column { name, kind: <$type>::KIND, nullable: false });
                }

                fn write<'a>(&'a self, write: &mut impl FnMut(Cell<'a>)) {
                    write(self.cell());
                }

                fn read(name: &'static str, cells: &mut impl Cells) -> Result<Self, Malformed> {
                    Self::from_cell(cells.next()).ok_or(Malformed { column: name })
                }
            }

            impl Field for Option<$type> {
                fn columns(name: &'static str, columns: &mut Vec<Column>) {
                    columns.push(Column { name, kind: <$type>::KIND, nullable: true });
                }

                fn write<'a>(&'a self, write: &mut impl FnMut(Cell<'a>)) {
                    write(self.as_ref().map_or(Cell::Null, Single::cell));
                }

                fn read(name: &'static str, cells: &mut impl Cells) -> Result<Self, Malformed> {
                    match cells.next() {
                        Cell::Null => Ok(None),
                        cell => <$type>::from_cell(cell)
                            .map(Some)
                            .ok_or(Malformed { column: name }),
                    }
                }
            }
        )+
    };
}

single! {
    i64: Integer, |value| Cell::Integer(*value), Cell::Integer(value) => Some(value);
    Key: Integer, |key| Cell::Integer(key.0), Cell::Integer(key) => Some(Key(key));
    Time: Integer, |time| Cell::Integer(time.as_micros()),
        Cell::Integer(micros) => Some(Time::from_micros(micros));
    bool: Boolean, |truth| Cell::Integer(i64::from(*truth)), Cell::Integer(truth) => Some(truth != 0);
    String: Text, |text| Cell::Text(text), Cell::Text(text) => Some(text.to_owned());
    Box<str>: Text, |text| Cell::Text(text), Cell::Text(text) => Some(text.into());
    Kind: Text, |kind| Cell::Text(kind.as_str()), Cell::Text(kind) => kind.parse().ok();
    Figure: Text, |figure| Cell::Text(figure.as_str()), Cell::Text(name) => Figure::named(name);
    notification::Kind: Text, |kind| Cell::Text(kind.as_str()),
        Cell::Text(kind) => notification::Kind::named(kind);
    Outcome: Text, |outcome| Cell::Text(outcome.as_str()),
        Cell::Text(name) => Outcome::named(name);
    report::Reason: Text, |reason| Cell::Text(reason.as_str()), Cell::Text(name) => report::Reason::named(name);
    Measure: Text, |measure| Cell::Text(measure.as_str()), Cell::Text(name) => Measure::named(name);
    AccountKind: Text, |kind| Cell::Text(kind.as_str()), Cell::Text(kind) => AccountKind::named(kind);
    Visibility: Text, |to| Cell::Text(to.as_str()), Cell::Text(to) => Visibility::named(to);
    Uuid: Uuid, |id| Cell::Bytes(id.as_bytes()), Cell::Bytes(bytes) => Uuid::from_slice(bytes).ok();
    AccountId: Uuid, |id| Cell::Bytes(id.0.as_bytes()),
        Cell::Bytes(bytes) => Uuid::from_slice(bytes).ok().map(AccountId);
    PostId: Uuid, |id| Cell::Bytes(id.0.as_bytes()),
        Cell::Bytes(bytes) => Uuid::from_slice(bytes).ok().map(PostId);
    GiftId: Uuid, |id| Cell::Bytes(id.0.as_bytes()),
        Cell::Bytes(bytes) => Uuid::from_slice(bytes).ok().map(GiftId);
    GroupId: Uuid, |id| Cell::Bytes(id.0.as_bytes()),
        Cell::Bytes(bytes) => Uuid::from_slice(bytes).ok().map(GroupId);
    MeetingId: Uuid, |id| Cell::Bytes(id.0.as_bytes()),
        Cell::Bytes(bytes) => Uuid::from_slice(bytes).ok().map(MeetingId);
    PresentationId: Uuid, |id| Cell::Bytes(id.0.as_bytes()),
        Cell::Bytes(bytes) => Uuid::from_slice(bytes).ok().map(PresentationId);
    BenefitId: Uuid, |id| Cell::Bytes(id.0.as_bytes()),
        Cell::Bytes(bytes) => Uuid::from_slice(bytes).ok().map(BenefitId);
    Affiliation: Text, |it| Cell::Text(it.as_str()), Cell::Text(name) => Affiliation::named(name);
    Role: Text, |role| Cell::Text(role.as_str()), Cell::Text(role) => Role::named(role);
    talk::Reason: Text, |reason| Cell::Text(reason.as_str()),
        Cell::Text(name) => talk::Reason::named(name);
    group::Kind: Text, |kind| Cell::Text(kind.as_str()), Cell::Text(name) => group::Kind::named(name);
    leadership::State: Text, |state| Cell::Text(state.as_str()),
        Cell::Text(name) => leadership::State::named(name);
    meeting::State: Text, |state| Cell::Text(state.as_str()),
        Cell::Text(name) => meeting::State::named(name);
    rsvp::State: Text, |state| Cell::Text(state.as_str()),
        Cell::Text(name) => rsvp::State::named(name);
    presentation::State: Text, |state| Cell::Text(state.as_str()),
        Cell::Text(name) => presentation::State::named(name);
    benefit::Kind: Text, |kind| Cell::Text(kind.as_str()),
        Cell::Text(name) => benefit::Kind::named(name);
    benefit::State: Text, |state| Cell::Text(state.as_str()),
        Cell::Text(name) => benefit::State::named(name);
    RequestState: Text, |state| Cell::Text(state.as_str()), Cell::Text(state) => RequestState::named(state);
    Answers: Text, |answers| Cell::Text(&answers.0), Cell::Text(answers) => Some(Answers(answers.to_owned()));
    List: Text, |list| Cell::Text(list.as_str()), Cell::Text(list) => Some(List::stored(list));
}

/// Several fields one after the other, as a query gives them.
macro_rules! tuple {
    ($($part:ident $at:tt),+) => {
        impl<$($part: Field),+> Field for ($($part,)+) {
            fn columns(name: &'static str, columns: &mut Vec<Column>) {
                $($part::columns(name, columns);)+
            }

            fn write<'a>(&'a self, write: &mut impl FnMut(Cell<'a>)) {
                $(self.$at.write(write);)+
            }

            fn read(name: &'static str, cells: &mut impl Cells) -> Result<Self, Malformed> {
                Ok(($($part::read(name, cells)?,)+))
            }
        }
    };
}

tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);

/// A few texts in one column, kept as a JSON array; most have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List(Option<Box<str>>);

impl List {
    const EMPTY: &str = "[]";

    /// Keeps texts, in their order.
    pub fn new(texts: &[String]) -> Self {
        Self::stored(&serde_json::to_string(texts).unwrap_or_default())
    }

    /// The texts.
    pub fn to_vec(&self) -> Vec<String> {
        serde_json::from_str(self.as_str()).unwrap_or_default()
    }

    /// How many bytes they take, about, where they stand.
    pub(crate) fn weight(&self) -> usize {
        weight::text(self.0.as_deref())
    }

    fn stored(array: &str) -> Self {
        Self((array != Self::EMPTY).then(|| array.into()))
    }

    fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or(Self::EMPTY)
    }
}

/// Declares a struct whose fields are columns, here or within another.
macro_rules! fields {
    (
        $(#[$doc:meta])*
        pub struct $name:ident {
            $($(#[$field_doc:meta])* pub $field:ident: $type:ty,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)+
        }

        impl $crate::row::Field for $name {
            fn columns(_: &'static str, columns: &mut Vec<$crate::row::Column>) {
                $(<$type as $crate::row::Field>::columns(stringify!($field), columns);)+
            }

            fn write<'a>(&'a self, write: &mut impl FnMut($crate::row::Cell<'a>)) {
                $($crate::row::Field::write(&self.$field, write);)+
            }

            fn read(
                _: &'static str,
                cells: &mut impl $crate::row::Cells,
            ) -> Result<Self, $crate::row::Malformed> {
                Ok(Self {
                    $($field: $crate::row::Field::read(stringify!($field), cells)?,)+
                })
            }
        }
    };
}

/// Declares a part of rows that few of them have: a pointer in memory, whose columns are empty in all others.
macro_rules! rare {
    (
        $(#[$doc:meta])*
        pub struct $name:ident {
            $($(#[$field_doc:meta])* pub $field:ident: $type:ty,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)+
        }

        impl $crate::row::Field for Option<Box<$name>> {
            fn columns(_: &'static str, columns: &mut Vec<$crate::row::Column>) {
                $(<Option<$type> as $crate::row::Field>::columns(stringify!($field), columns);)+
            }

            fn write<'a>(&'a self, write: &mut impl FnMut($crate::row::Cell<'a>)) {
                let part = self.as_deref();
                $(write(part.map_or($crate::row::Cell::Null, |part| {
                    $crate::row::Single::cell(&part.$field)
                }));)+
            }

            fn read(
                _: &'static str,
                cells: &mut impl $crate::row::Cells,
            ) -> Result<Self, $crate::row::Malformed> {
                $(let $field: Option<$type> =
                    $crate::row::Field::read(stringify!($field), cells)?;)+
                if [$($field.is_none()),+].into_iter().all(|is_none| is_none) {
                    return Ok(None);
                }
                Ok(Some(Box::new($name {
                    $($field: $field.ok_or($crate::row::Malformed {
                        column: stringify!($field),
                    })?,)+
                })))
            }
        }
    };
}

rare! {
    /// Where something that was imported was before.
    pub struct Origin {
        /// The source.
        pub source: Box<str>,
        /// Its id there.
        pub source_id: Box<str>,
    }
}

impl Origin {
    /// The same as events tell it.
    pub(crate) fn of(origin: Option<&plaudit_domain::Origin>) -> Option<Box<Self>> {
        origin.map(|origin| {
            Box::new(Self {
                source: origin.source.as_str().into(),
                source_id: origin.id.as_str().into(),
            })
        })
    }

    /// How many bytes one takes, about, if there is one.
    pub(crate) fn weight(origin: Option<&Self>) -> usize {
        origin.map_or(0, |it| {
            let texts = weight::text(Some(&it.source)) + weight::text(Some(&it.source_id));
            weight::boxed::<Self>() + texts
        })
    }

    /// The source, and the id there.
    pub fn into_texts(self) -> (String, String) {
        (self.source.into(), self.source_id.into())
    }
}

/// Declares a row: [`fields!`] with the table that they stand in.
macro_rules! row {
    (
        table $table:literal, primary $primary:tt
        $(, unique $unique:tt)* $(, index $index:tt)*;
        $(#[$doc:meta])*
        pub struct $name:ident $fields:tt
    ) => {
        $crate::row::fields! {
            $(#[$doc])*
            pub struct $name $fields
        }

        impl $crate::row::Row for $name {
            const TABLE: &'static str = $table;
            const PRIMARY: &'static [&'static str] = &$crate::row::names!($primary);
            const UNIQUE: &'static [&'static [&'static str]] =
                &[$(&$crate::row::names!($unique)),*];
            const INDEXES: &'static [&'static [&'static str]] =
                &[$(&$crate::row::names!($index)),*];
        }
    };
}

/// Declares what a column may say, each with the name under which it is stored.
macro_rules! stored_names {
    (
        $(#[$doc:meta])*
        pub enum $type:ident {
            $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $type {
            /// The stored name.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What has a stored name.
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

macro_rules! names {
    (($($name:ident),+)) => { [$(stringify!($name)),+] };
}

pub(crate) use {fields, names, rare, row, stored_names};
