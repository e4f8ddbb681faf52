//! What profiles have, page by page, within a transaction that is open already.

use plaudit_projection::group::Kind;
use plaudit_projection::{Group, Key, Profile, Row};
use rusqlite::Connection;
use sea_query::{Expr, ExprTrait, Order, SqliteQueryBuilder};

use crate::ProfileRecord;
use crate::sql::{self, column};
use crate::standing::{Earnings, LedGroup};

use super::{Failure, bind, export, kudos, meetings};

/// The next profiles after one, with their badges.
pub fn profiles(
    connection: &Connection,
    after: Key,
    limit: u32,
) -> Result<Vec<ProfileRecord>, Failure> {
    let key = || column(Profile::TABLE, "key");
    let mut select = sql::select::<Profile>();
    select
        .and_where(key().gt(Expr::cust("?1")))
        .order_by((Profile::TABLE, "key"), Order::Asc);
    let sql = format!("{} LIMIT ?2", select.to_string(SqliteQueryBuilder));
    let profiles: Vec<Profile> = bind::query(connection, &sql, (after.0, limit))?;
    let profiles = profiles.into_iter();
    profiles
        .map(|profile| export::profile_record(connection, profile))
        .collect()
}

/// What profiles have of which rule, of those after one and up to another, in their order.
pub fn earnings(connection: &Connection, after: Key, until: Key) -> Result<Vec<Earnings>, Failure> {
    let sql = "SELECT profile, reason, enrolled_at IS NOT NULL, sum(ledger.points)
               FROM account JOIN ledger ON ledger.account = account.key
               WHERE profile > ?1 AND profile <= ?2 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
    kudos::collect(connection, sql, (after.0, until.0), |row| {
        Ok(Earnings {
            profile: bind::read(row, 0)?,
            reason: bind::read(row, 1)?,
            enrolled: bind::read(row, 2)?,
            points: bind::read(row, 3)?,
        })
    })
}

/// All user groups, with who leads them, oldest first.
pub fn groups(connection: &Connection) -> Result<Vec<LedGroup>, Failure> {
    let mut select = sql::select::<Group>();
    select
        .and_where(column(Group::TABLE, "kind").eq(Expr::cust("?1")))
        .order_by((Group::TABLE, "key"), Order::Asc);
    let sql = select.to_string(SqliteQueryBuilder);
    let groups: Vec<Group> = bind::query(connection, &sql, [Kind::User.as_str()])?;
    let leaders = "SELECT DISTINCT profile FROM leader JOIN account ON account.key = account
                   WHERE group_key = ?1 ORDER BY profile";
    let led = |group: Group| {
        let leaders = kudos::collect(connection, leaders, [group.key.0], |row| bind::read(row, 0))?;
        let record = meetings::with_meetings(connection, group)?;
        Ok(LedGroup { record, leaders })
    };
    groups.into_iter().map(led).collect()
}
