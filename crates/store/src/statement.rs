//! Statements, said once for all engines, and what they are given.

use plaudit_projection::Key;
use plaudit_projection::row::Cell;
use uuid::Uuid;

use crate::snapshot::Value;

/// What an engine understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite's.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
}

/// A statement in every dialect.
#[derive(Debug, Clone)]
pub struct Statement {
    sqlite: String,
    postgres: String,
}

impl Statement {
    /// A statement that is said as for SQLite: its parameters are `?1`, `?2` …, and `IN rarray(?1)` says that
    /// something is among those of a list. Truths are compared with `TRUE` and `FALSE`.
    pub fn new(text: impl Into<String>) -> Self {
        let sqlite = text.into();
        Self {
            postgres: postgres(&sqlite),
            sqlite,
        }
    }

    /// A statement that has to be said in another way for PostgreSQL, with parameters as for SQLite.
    pub fn differing(sqlite: String, postgres_too: &str) -> Self {
        Self {
            sqlite,
            postgres: postgres(postgres_too),
        }
    }

    /// How a dialect says it.
    pub fn text(&self, dialect: Dialect) -> &str {
        match dialect {
            Dialect::Sqlite => &self.sqlite,
            Dialect::Postgres => &self.postgres,
        }
    }
}

impl From<String> for Statement {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// Says for PostgreSQL what is said for SQLite.
fn postgres(sqlite: &str) -> String {
    const AMONG: &str = "IN rarray(?";
    let mut text = String::with_capacity(sqlite.len());
    let mut rest = sqlite;
    while let Some(at) = rest.find('?') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let digits = after.len()
            - after
                .trim_start_matches(|it: char| it.is_ascii_digit())
                .len();
        let (number, after) = after.split_at(digits);
        match before.strip_suffix(&AMONG[..AMONG.len() - 1]) {
            Some(before) => {
                text.push_str(&format!("{before}= ANY(${number}"));
            }
            None => text.push_str(&format!("{before}${number}")),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// A statement of this place that always says the same.
macro_rules! statement {
    ($text:expr) => {{
        static STATEMENT: std::sync::LazyLock<$crate::statement::Statement> =
            std::sync::LazyLock::new(|| $crate::statement::Statement::new($text));
        &*STATEMENT
    }};
}

pub(crate) use statement;

/// What a statement is given.
#[derive(Debug, Clone, Copy)]
pub enum Param<'a> {
    /// Nothing.
    Null,
    /// An integer, a key or a time.
    Integer(i64),
    /// True or false.
    Truth(bool),
    /// A text.
    Text(&'a str),
    /// A UUID.
    Uuid(Uuid),
    /// A list of keys.
    Keys(&'a [Key]),
    /// A list of numbers.
    Integers(&'a [i64]),
    /// A list of UUIDs.
    Uuids(&'a [Uuid]),
}

impl<'a> Param<'a> {
    /// A key that may be none.
    pub fn optional(key: Option<Key>) -> Self {
        key.map_or(Self::Null, Self::from)
    }

    /// What a cell holds.
    pub fn of(cell: Cell<'a>) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Integer(value) => Self::Integer(value),
            Cell::Text(text) => Self::Text(text),
            // Bytes are those of UUIDs only.
            Cell::Bytes(bytes) => Uuid::from_slice(bytes).map_or(Self::Null, Self::Uuid),
        }
    }
}

impl From<Key> for Param<'_> {
    fn from(key: Key) -> Self {
        Self::Integer(key.0)
    }
}

impl<'a> From<&'a Value> for Param<'a> {
    fn from(value: &'a Value) -> Self {
        Self::of(match value {
            Value::Null => Cell::Null,
            Value::Integer(number) => Cell::Integer(*number),
            Value::Text(text) => Cell::Text(text),
            Value::Bytes(bytes) => Cell::Bytes(bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_for_one_engine_is_said_for_the_other() {
        let said = Statement::new("SELECT a FROM b WHERE c IN rarray(?1) AND d = ?12 LIMIT ?3");
        assert_eq!(
            said.text(Dialect::Postgres),
            "SELECT a FROM b WHERE c = ANY($1) AND d = $12 LIMIT $3"
        );
        assert_eq!(
            said.text(Dialect::Sqlite),
            "SELECT a FROM b WHERE c IN rarray(?1) AND d = ?12 LIMIT ?3"
        );
    }
}
