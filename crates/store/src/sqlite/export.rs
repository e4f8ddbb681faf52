//! Whole tables, row by row, within a transaction of whoever asks.

use plaudit_domain::{AccountId, GroupId, Position, PostId, Time, Visibility};
use plaudit_projection::row::Field;
use plaudit_projection::{Account, Group, Key, LedgerEntry, Post, Profile, Row};
use rusqlite::Connection;
use sea_query::{Expr, ExprTrait, IntoIden, JoinType, SelectStatement, SqliteQueryBuilder};

use crate::sql::{self, column};
use crate::{
    AccountRecord, BadgeOf, BadgeRecord, Each, LedgerRecord, PostRecord, ProfileRecord, StoreError,
};

use super::read::SQL;
use super::{Failure, bind, schema};

/// Every account, with its profile's public id.
pub fn accounts(connection: &Connection, each: Each<'_, AccountRecord>) -> Result<(), Failure> {
    let mut select = sql::select::<Account>();
    join::<Account>(&mut select, "primary", (Account::TABLE, "profile"));
    select
        .expr(column("primary", "id"))
        .expr(column("seen", "visibility"));
    join::<Profile>(&mut select, "seen", (Account::TABLE, "profile"));
    let own = Account::table_columns().len();
    scan::<Account>(connection, select, &mut |row| {
        each(AccountRecord {
            account: bind::read(row, 0)?,
            profile: bind::read::<AccountId>(row, own)?,
            visibility: bind::read::<Visibility>(row, own + 1)?,
        })
        .map_err(passed_on)
    })
}

/// Every profile.
pub fn profiles(connection: &Connection, each: Each<'_, Profile>) -> Result<(), Failure> {
    scan::<Profile>(connection, sql::select::<Profile>(), &mut |row| {
        each(bind::read(row, 0)?).map_err(passed_on)
    })
}

/// Every post, with the public ids of what it refers to.
pub fn posts(connection: &Connection, each: Each<'_, PostRecord>) -> Result<(), Failure> {
    let mut select = sql::select::<Post>();
    join::<Account>(&mut select, "writer", (Post::TABLE, "author"));
    join::<Post>(&mut select, "above", (Post::TABLE, "parent"));
    join::<Post>(&mut select, "solution", (Post::TABLE, "accepted_answer"));
    join::<Group>(&mut select, "community", (Post::TABLE, "group_key"));
    select
        .expr(column("writer", "id"))
        .expr(column("above", "id"))
        .expr(column("solution", "id"))
        .expr(column("solution", "source_id"))
        .expr(column("solution", "hidden"))
        .expr(column("community", "id"));
    let own = Post::table_columns().len();
    scan::<Post>(connection, select, &mut |row| {
        let post: Post = bind::read(row, 0)?;
        let solution_hidden: Option<bool> = row.get(own + 4)?;
        let counts = !post.hidden && solution_hidden == Some(false);
        let record = PostRecord {
            author: bind::read::<Option<AccountId>>(row, own)?,
            parent: bind::read::<Option<PostId>>(row, own + 1)?,
            accepted_answer: bind::read::<Option<PostId>>(row, own + 2)?.filter(|_| counts),
            accepted_answer_source_id: bind::read::<Option<String>>(row, own + 3)?
                .filter(|_| counts),
            group: bind::read::<Option<GroupId>>(row, own + 5)?,
            post,
        };
        each(record).map_err(passed_on)
    })
}

/// Every entry of the ledger after a key, and the position that they are as of.
pub fn entries(
    connection: &Connection,
    after: Key,
    each: Each<'_, LedgerEntry>,
) -> Result<Position, Failure> {
    // One transaction, one moment: the position belongs to the rows.
    let transaction = connection.unchecked_transaction()?;
    let position = schema::position(&transaction)?;
    let mut select = sql::select::<LedgerEntry>();
    select.and_where(column(LedgerEntry::TABLE, "key").gt(after.0));
    scan::<LedgerEntry>(&transaction, select, &mut |row| {
        each(bind::read(row, 0)?).map_err(passed_on)
    })?;
    Ok(position)
}

/// Every entry of the ledger, with the public ids of what it refers to.
pub fn entry_records(connection: &Connection, each: Each<'_, LedgerRecord>) -> Result<(), Failure> {
    let mut select = sql::select::<LedgerEntry>();
    join::<Account>(&mut select, "owner", (LedgerEntry::TABLE, "account"));
    join::<Profile>(&mut select, "seen", ("owner", "profile"));
    join::<Post>(&mut select, "about", (LedgerEntry::TABLE, "post"));
    select
        .expr(column("owner", "id"))
        .expr(column("seen", "visibility"))
        .expr(column("owner", "enrolled_at"))
        .expr(column("about", "id"));
    let own = LedgerEntry::table_columns().len();
    scan::<LedgerEntry>(connection, select, &mut |row| {
        each(LedgerRecord {
            entry: bind::read(row, 0)?,
            account: bind::read(row, own)?,
            visibility: bind::read(row, own + 1)?,
            enrolled: bind::read::<Option<Time>>(row, own + 2)?.is_some(),
            post: bind::read(row, own + 3)?,
        })
        .map_err(passed_on)
    })
}

/// What says which badge it is, in the first column of a row.
type ReadBadge = fn(&rusqlite::Row<'_>) -> Result<BadgeOf, Failure>;

/// The badges of a profile, kind by kind.
const BADGES: [(&str, ReadBadge); 4] = [
    (
        "SELECT milestone, id, enrolled_at, at, position FROM post_milestone
         JOIN account ON key = account
         WHERE profile = ?1 AND counts ORDER BY at, position, key, milestone",
        |row| Ok(BadgeOf::PostMilestone(bind::read(row, 0)?)),
    ),
    (
        "SELECT badge, id, enrolled_at, at, position FROM badge JOIN account ON key = account
         WHERE profile = ?1 ORDER BY at, position, key, badge",
        |row| Ok(BadgeOf::Kudos(bind::read(row, 0)?)),
    ),
    (
        "SELECT course, id, enrolled_at, at, position FROM course JOIN account ON key = account
         WHERE profile = ?1 AND badge IS NOT NULL ORDER BY at, position, key",
        |row| Ok(BadgeOf::Course(bind::read(row, 0)?)),
    ),
    (
        "SELECT badge, id, enrolled_at, at, granted_badge.key FROM granted_badge
         JOIN account ON account.key = account
         WHERE profile = ?1 ORDER BY at, granted_badge.key",
        |row| Ok(BadgeOf::Granted(bind::read(row, 0)?)),
    ),
];

/// Every profile, with its badges.
pub fn profile_records(
    connection: &Connection,
    each: Each<'_, ProfileRecord>,
) -> Result<(), Failure> {
    scan::<Profile>(connection, sql::select::<Profile>(), &mut |row| {
        // Within the transaction of the scan, for it is the same connection.
        let record = profile_record(connection, bind::read(row, 0)?)?;
        each(record).map_err(passed_on)
    })
}

/// A profile, with its badges.
pub(super) fn profile_record(
    connection: &Connection,
    profile: Profile,
) -> Result<ProfileRecord, Failure> {
    let mut badges = Vec::new();
    for (sql, badge) in BADGES {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([profile.key.0])?;
        while let Some(row) = rows.next()? {
            badges.push(BadgeRecord {
                badge: badge(row)?,
                account: bind::read(row, 1)?,
                enrolled: bind::read::<Option<Time>>(row, 2)?.is_some(),
                at: bind::read(row, 3)?,
                position: bind::read::<i64>(row, 4)?.cast_unsigned(),
            });
        }
    }
    let mut statement = connection.prepare_cached(&SQL.lozenges_of_profile)?;
    let lozenges = bind::rows(&mut statement, [profile.key.0])?;
    Ok(ProfileRecord {
        profile,
        lozenges,
        badges,
    })
}

/// Joins the row of a table that a key refers to, under another name.
pub(super) fn join<R: Row>(
    select: &mut SelectStatement,
    name: &'static str,
    (table, key): (&'static str, &'static str),
) {
    select.join_as(
        JoinType::LeftJoin,
        R::TABLE,
        name.into_iden(),
        Expr::col((name, "key")).equals((table, key)),
    );
}

pub(super) fn scan<R: Row + Field>(
    connection: &Connection,
    mut select: SelectStatement,
    each: &mut dyn FnMut(&rusqlite::Row<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let sql = select
        .order_by((R::TABLE, "key"), sea_query::Order::Asc)
        .to_string(SqliteQueryBuilder);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        each(row)?;
    }
    Ok(())
}

pub(super) fn passed_on(error: std::io::Error) -> Failure {
    StoreError::from(error).into()
}
