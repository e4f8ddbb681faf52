//! The tables of a generation, and up to where it is folded.

use plaudit_domain::Position;
use plaudit_projection::row::ColumnKind;
use plaudit_projection::{
    About, Acceptance, Account, Application, Attendance, Badge, Benefit, Certification, Course,
    Feedback, FigureOfMonth, Gift, GrantedBadge, Group, GroupWatch, Interaction, Leader,
    LedgerEntry, Like, LozengeGrant, LozengeRequest, Meeting, Membership, Notification, Post,
    PostBody, PostMilestone, PostTag, Presentation, Profile, ReadMark, Report, Review, Row, Rows,
    Rsvp, Sponsor, Tally, TimelineEntry, Waiting, Watch,
};
use rusqlite::{Connection, ErrorCode, Transaction};
use sea_query::SqliteQueryBuilder;
use uuid::Uuid;

use crate::snapshot::Table;
use crate::sql;

use super::Failure;

/// Runs something for every row type that has a table.
macro_rules! for_every_row {
    ($run:ident) => {
        [
            $run::<Account>(),
            $run::<Post>(),
            $run::<PostBody>(),
            $run::<PostTag>(),
            $run::<Like>(),
            $run::<Watch>(),
            $run::<Review>(),
            $run::<Report>(),
            $run::<Profile>(),
            $run::<About>(),
            $run::<Course>(),
            $run::<Certification>(),
            $run::<Group>(),
            $run::<GroupWatch>(),
            $run::<Notification>(),
            $run::<ReadMark>(),
            $run::<TimelineEntry>(),
            $run::<FigureOfMonth>(),
            $run::<Membership>(),
            $run::<Leader>(),
            $run::<Application>(),
            $run::<Meeting>(),
            $run::<Rsvp>(),
            $run::<Attendance>(),
            $run::<Presentation>(),
            $run::<Sponsor>(),
            $run::<Benefit>(),
            $run::<LedgerEntry>(),
            $run::<Tally>(),
            $run::<Badge>(),
            $run::<PostMilestone>(),
            $run::<GrantedBadge>(),
            $run::<LozengeGrant>(),
            $run::<LozengeRequest>(),
            $run::<Acceptance>(),
            $run::<Waiting>(),
            $run::<Gift>(),
            $run::<Feedback>(),
            $run::<Interaction>(),
        ]
    };
}

pub(super) use for_every_row;

/// The tables, without their indexes.
pub fn tables() -> impl Iterator<Item = String> {
    for_every_row!(table).into_iter()
}

/// The tables, as their rows declare them.
pub fn declared() -> Vec<Table> {
    fn of<R: Row>() -> Table {
        Table::of::<R>()
    }
    for_every_row!(of).into()
}

/// The indexes, each with the name of its table.
pub fn indexes() -> impl Iterator<Item = (&'static str, String)> {
    for_every_row!(indexes_of).into_iter().flatten()
}

/// Where the fold stands: position and id of the last event, whether something was erased that is still
/// somewhere in the file, and up to where the last batch came that changed whose points accounts' are.
/// One row.
const PROGRESS: &str = "CREATE TABLE progress (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL,
    event BLOB,
    erased INTEGER NOT NULL,
    people INTEGER NOT NULL,
    shape TEXT NOT NULL
) STRICT";

/// Makes the tables if there are none; refuses those of another shape, or folded by other rules.
pub fn open(connection: &mut Connection, rules: &str) -> Result<(), Failure> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    if is_empty(&transaction)? {
        create_tables(&transaction)?;
        create_indexes(&transaction)?;
        start(&transaction, rules, 0, &Rows::default())?;
    } else {
        check(&transaction, rules)?;
    }
    Ok(transaction.commit()?)
}

/// Refuses tables of another shape, or folded by other rules.
pub fn check(connection: &Connection, rules: &str) -> Result<(), Failure> {
    match shape(connection) {
        Ok(shape) if shape == expected_shape(rules) => Ok(()),
        Err(error) if is_out_of_reach(&error) => Err(error.into()),
        Ok(_) | Err(_) => Err(Failure::Outdated),
    }
}

/// Whether it tells nothing of what is in the file.
fn is_out_of_reach(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)
    )
}

/// Makes the tables, without indexes.
pub fn create_tables(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    for table in tables() {
        transaction.execute(&table, ())?;
    }
    transaction.execute(PROGRESS, ()).map(drop)
}

/// Makes the indexes.
pub fn create_indexes(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    for (_, index) in indexes() {
        transaction.execute(&index, ())?;
    }
    Ok(())
}

/// Notes where the fold stands for the first time.
pub fn start(
    transaction: &Transaction<'_>,
    rules: &str,
    position: Position,
    rows: &Rows,
) -> rusqlite::Result<()> {
    transaction
        .execute(
            "INSERT INTO progress (one, position, event, erased, people, shape)
             VALUES (1, ?1, ?2, ?3, ?4, ?5)",
            (
                position.cast_signed(),
                rows.last,
                rows.erased,
                rows.people.unwrap_or_default().cast_signed(),
                expected_shape(rules),
            ),
        )
        .map(drop)
}

/// Where the fold stands.
pub fn position(connection: &Connection) -> Result<Position, Failure> {
    let position: i64 = connection
        .prepare_cached("SELECT position FROM progress")?
        .query_row((), |row| row.get(0))?;
    Ok(position.cast_unsigned())
}

/// Moves the fold's position, if it is where it is expected to be; notes if something is erased.
pub fn advance(
    transaction: &Transaction<'_>,
    from: Position,
    to: Position,
    rows: &Rows,
) -> rusqlite::Result<bool> {
    let moved = transaction
        .prepare_cached(
            "UPDATE progress SET position = ?2, event = coalesce(?3, event), erased = erased OR ?4,
             people = coalesce(?5, people) WHERE position = ?1",
        )?
        .execute((
            from.cast_signed(),
            to.cast_signed(),
            rows.last,
            rows.erased,
            rows.people.map(u64::cast_signed),
        ))?;
    Ok(moved == 1)
}

/// Position and id of the last event that is folded in, of one moment.
pub fn last_event(connection: &Connection) -> Result<Option<(Position, Uuid)>, Failure> {
    let last = connection.query_row("SELECT position, event FROM progress", (), |row| {
        let position: i64 = row.get(0)?;
        let event: Option<Uuid> = row.get(1)?;
        Ok(event.map(|event| (position.cast_unsigned(), event)))
    });
    Ok(last?)
}

/// Where the fold stands, and up to where the last batch came that changed whose points accounts' are.
pub fn standing(connection: &Connection) -> Result<(Position, Position), Failure> {
    let mut statement = connection.prepare_cached("SELECT position, people FROM progress")?;
    let standing = statement.query_row((), |row| {
        let (position, people): (i64, i64) = (row.get(0)?, row.get(1)?);
        Ok((position.cast_unsigned(), people.cast_unsigned()))
    });
    Ok(standing?)
}

/// Whether something was erased since it was last [noted](purged) that nothing of that is left.
pub fn is_erased(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT erased FROM progress", (), |row| row.get(0))
}

/// Notes that nothing of what was erased is left.
pub fn purged(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE progress SET erased = 0", ())
        .map(drop)
}

fn table<R: Row>() -> String {
    // A table with a key of several columns is one B-tree, not a table and an index.
    let options = if R::PRIMARY.len() > 1 {
        "STRICT, WITHOUT ROWID"
    } else {
        "STRICT"
    };
    let mut table = sql::create_table::<R>(type_name);
    format!("{} {options}", table.take().to_string(SqliteQueryBuilder))
}

fn indexes_of<R: Row>() -> Vec<(&'static str, String)> {
    sql::create_indexes::<R>()
        .iter()
        .map(|index| (R::TABLE, index.to_string(SqliteQueryBuilder)))
        .collect()
}

fn type_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Integer | ColumnKind::Boolean => "INTEGER",
        ColumnKind::Text => "TEXT",
        ColumnKind::Uuid => "BLOB",
    }
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", (), |row| {
        row.get(0)
    })
}

fn shape(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("SELECT shape FROM progress", (), |row| row.get(0))
}

/// What the tables look like, what is folded into them, and by which rules: read models of another shape are
/// rebuilt, never patched.
fn expected_shape(rules: &str) -> String {
    /// Counted up when a fold changes what it makes of old events.
    const FOLDS: u32 = 6;
    let tables: Vec<String> = tables().chain(indexes().map(|(_, index)| index)).collect();
    format!("{FOLDS};{rules};{}", tables.join(";"))
}
