//! What is read of points, badges and what peers gave.

use plaudit_domain::{Time, Visibility};
use plaudit_projection::standings::Member;
use plaudit_projection::tally::TallyKey;
use plaudit_projection::{Badge, Gift, Interaction, Key, LedgerEntry, PostMilestone, Row, Tally};
use rusqlite::{Connection, Params};
use sea_query::{Expr, ExprTrait, Order, SqliteQueryBuilder};

use crate::sql::{self, column};
use crate::{Earned, Page, PointsAt};

use super::read::{SQL, integers, numbers, related, related_of, seen_by};
use super::{Failure, bind};

/// For each account, a page of its entries in the ledger.
pub fn ledger_of(
    connection: &Connection,
    accounts: &[Key],
    page: Page,
) -> Result<Vec<LedgerEntry>, Failure> {
    related(connection, &SQL.ledger_of, accounts, page)
}

/// For each account, a page of the peer kudos that it got.
pub fn gifts_received(
    connection: &Connection,
    accounts: &[Key],
    page: Page,
) -> Result<Vec<Gift>, Failure> {
    related(connection, &SQL.gifts_received, accounts, page)
}

/// For each account, a page of the peer kudos that it gave and that who asks may see.
pub fn gifts_given(
    connection: &Connection,
    accounts: &[Key],
    viewer: Option<Key>,
    page: Page,
) -> Result<Vec<Gift>, Failure> {
    let viewer = viewer.map(|viewer| viewer.0);
    related_of(connection, &SQL.gifts_given, accounts, viewer, page)
}

/// How many peer kudos accounts gave that who asks may see.
pub fn gifts_given_count(
    connection: &Connection,
    accounts: &[Key],
    viewer: Option<Key>,
) -> Result<Vec<(Key, i64)>, Failure> {
    let sql = format!(
        "SELECT giver, count(*) FROM gift WHERE giver IN rarray(?1) AND ({}) GROUP BY giver",
        seen_by("?2")
    );
    let viewer = viewer.map(|viewer| viewer.0);
    collect(connection, &sql, (integers(accounts), viewer), counted)
}

/// How many entries accounts have in the ledger.
pub fn ledger_count(connection: &Connection, accounts: &[Key]) -> Result<Vec<(Key, i64)>, Failure> {
    let sql = "SELECT account, count(*) FROM ledger
               WHERE account IN rarray(?1) GROUP BY account";
    collect(connection, sql, [integers(accounts)], counted)
}

pub(super) fn counted(row: &rusqlite::Row<'_>) -> Result<(Key, i64), Failure> {
    Ok((bind::read(row, 0)?, bind::read(row, 1)?))
}

/// For each account and badge, a page of what deserved it.
pub fn badge_awards(
    connection: &Connection,
    accounts: &[Key],
    badges: &[i64],
    page: Page,
) -> Result<Vec<Badge>, Failure> {
    let badges = numbers(badges);
    related_of(connection, &SQL.badge_awards, accounts, badges, page)
}

/// For each account and milestone, a page of its posts that reached it.
pub fn milestone_awards(
    connection: &Connection,
    accounts: &[Key],
    milestones: &[i64],
    page: Page,
) -> Result<Vec<PostMilestone>, Failure> {
    let milestones = numbers(milestones);
    related_of(
        connection,
        &SQL.milestone_awards,
        accounts,
        milestones,
        page,
    )
}

/// All points that accounts got and lost.
pub fn points_of(connection: &Connection, accounts: &[Key]) -> Result<Vec<PointsAt>, Failure> {
    let sql = "SELECT account, at, points FROM ledger
               WHERE account IN rarray(?1) ORDER BY at, key";
    collect(connection, sql, [integers(accounts)], |row| {
        Ok(PointsAt {
            account: bind::read(row, 0)?,
            at: bind::read(row, 1)?,
            points: bind::read(row, 2)?,
        })
    })
}

/// The tallies that are known by these.
pub fn tallies(connection: &Connection, keys: &[TallyKey]) -> Result<Vec<Tally>, Failure> {
    let mut statement = connection.prepare_cached(&SQL.tally)?;
    let mut found = Vec::new();
    for (account, what, since) in keys {
        let key = (account.0, what, since.as_micros());
        found.extend(bind::rows(&mut statement, key)?);
    }
    Ok(found)
}

/// How often accounts deserved which badges.
pub fn badges_of(connection: &Connection, accounts: &[Key]) -> Result<Vec<Earned>, Failure> {
    let sql = "SELECT account, badge, count(*), min(at), max(at) FROM badge
               WHERE account IN rarray(?1) GROUP BY account, badge";
    collect(connection, sql, [integers(accounts)], earned)
}

/// How often posts of accounts reached which milestones.
pub fn post_milestones_of(
    connection: &Connection,
    accounts: &[Key],
) -> Result<Vec<Earned>, Failure> {
    let sql = "SELECT account, milestone, count(*), min(at), max(at) FROM post_milestone
               WHERE account IN rarray(?1) AND counts GROUP BY account, milestone";
    collect(connection, sql, [integers(accounts)], earned)
}

fn earned(row: &rusqlite::Row<'_>) -> Result<Earned, Failure> {
    Ok(Earned {
        account: bind::read(row, 0)?,
        number: bind::read(row, 1)?,
        times: bind::read(row, 2)?,
        first_at: bind::read(row, 3)?,
        last_at: bind::read(row, 4)?,
    })
}

/// How many peer kudos accounts gave since a moment.
pub fn gifts_given_since(
    connection: &Connection,
    accounts: &[Key],
    since: Time,
) -> Result<i64, Failure> {
    let sql = "SELECT count(*) FROM gift WHERE giver IN rarray(?1) AND at >= ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let params = (integers(accounts), since.as_micros());
    Ok(statement.query_row(params, |row| row.get(0))?)
}

/// How often members did what, on some days.
pub fn interactions(
    connection: &Connection,
    from: Time,
    until: Time,
    limit: u32,
) -> Result<Vec<Interaction>, Failure> {
    let day = || column(Interaction::TABLE, "day");
    let mut select = sql::select::<Interaction>();
    select
        .and_where(day().gte(Expr::cust("?1")))
        .and_where(day().lt(Expr::cust("?2")));
    for name in Interaction::PRIMARY {
        select.order_by((Interaction::TABLE, *name), Order::Asc);
    }
    let sql = format!("{} LIMIT ?3", select.to_string(SqliteQueryBuilder));
    let params = (from.as_micros(), until.as_micros(), limit);
    bind::query(connection, &sql, params)
}

const MEMBERS: &str = "SELECT account.key, account.profile, account.enrolled_at IS NOT NULL,
           profile.visibility, primary_account.erased
    FROM account JOIN profile ON profile.key = account.profile
                 JOIN account AS primary_account ON primary_account.key = account.profile";

/// Whose the points of every account are.
pub fn members_of_all(connection: &Connection) -> Result<Vec<Member>, Failure> {
    collect(connection, MEMBERS, (), member)
}

/// Whose the points of some accounts are.
pub fn members_of(connection: &Connection, accounts: &[Key]) -> Result<Vec<Member>, Failure> {
    let sql = format!("{MEMBERS} WHERE account.key IN rarray(?1)");
    collect(connection, &sql, [integers(accounts)], member)
}

fn member(row: &rusqlite::Row<'_>) -> Result<Member, Failure> {
    let visibility: Visibility = bind::read(row, 3)?;
    let is_erased: bool = bind::read(row, 4)?;
    Ok(Member {
        account: bind::read(row, 0)?,
        profile: bind::read(row, 1)?,
        enrolled: bind::read(row, 2)?,
        shown: visibility == Visibility::Public && !is_erased,
    })
}

pub(super) fn collect<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl Fn(&rusqlite::Row<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}
