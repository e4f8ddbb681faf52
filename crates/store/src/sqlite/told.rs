//! What is read of reviews and reports, of what members are told, and of the community's figures.

use plaudit_domain::Time;
use plaudit_projection::{Key, Notification, ReadMark, Report, Review, TimelineEntry};
use rusqlite::types::Value;
use rusqlite::vtab::array::Array;
use rusqlite::{Connection, Params};
use std::rc::Rc;
use uuid::Uuid;

use crate::{Cursor, Order, Page, Reported};

use super::read::{SQL, integers, related, related_of, start};
use super::{Failure, bind};

/// A page of the articles that wait for review.
pub fn review_page(connection: &Connection, page: Page) -> Result<Vec<Review>, Failure> {
    super::read::page(connection, &SQL.review_page, page)
}

/// How many articles wait for review.
pub fn review_count(connection: &Connection) -> Result<i64, Failure> {
    let sql = "SELECT count(*) FROM review WHERE waiting = 1 AND deleted = 0";
    Ok(connection
        .prepare_cached(sql)?
        .query_row((), |row| row.get(0))?)
}

/// Of articles that wait for review, how many do so as long, or longer.
pub fn review_places(connection: &Connection, posts: &[Key]) -> Result<Vec<(Key, i64)>, Failure> {
    let sql = "SELECT own.post, (SELECT count(*) FROM review AS before
                   WHERE before.waiting = 1 AND before.deleted = 0
                   AND (before.since, before.post) <= (own.since, own.post))
               FROM review AS own
               WHERE own.post IN rarray(?1) AND own.waiting = 1 AND own.deleted = 0";
    collect(connection, sql, [integers(posts)], |row| {
        Ok((bind::read(row, 0)?, bind::read(row, 1)?))
    })
}

/// A page of the posts of which reports are open.
pub fn reported_page(connection: &Connection, page: Page) -> Result<Vec<Reported>, Failure> {
    let (beyond, direction) = match page.order {
        Order::Ascending => (">", "ASC"),
        Order::Descending => ("<", "DESC"),
    };
    // Few are open at a time, so the index of what is open is short.
    let sql = format!(
        "SELECT post, since, reports FROM (
             SELECT post, min(at) AS since, count(*) AS reports FROM report
             WHERE open = 1 GROUP BY post)
         WHERE (since, post) {beyond} (?1, ?2)
         ORDER BY since {direction}, post {direction} LIMIT ?3"
    );
    let [at, key] = start(page);
    collect(connection, &sql, (at, key, page.limit), |row| {
        Ok(Reported {
            post: bind::read(row, 0)?,
            since: bind::read(row, 1)?,
            reports: bind::read(row, 2)?,
        })
    })
}

/// Of how many posts reports are open.
pub fn reported_count(connection: &Connection) -> Result<i64, Failure> {
    let sql = "SELECT count(DISTINCT post) FROM report WHERE open = 1";
    Ok(connection
        .prepare_cached(sql)?
        .query_row((), |row| row.get(0))?)
}

/// The open reports of posts, oldest first.
pub fn open_reports_of(connection: &Connection, posts: &[Key]) -> Result<Vec<Report>, Failure> {
    let mut reports: Vec<Report> =
        bind::query(connection, &SQL.open_reports_of, [integers(posts)])?;
    reports.sort_unstable_by_key(|report| (report.at, report.account));
    Ok(reports)
}

/// For each account, a page of what it was told.
pub fn notifications_of(
    connection: &Connection,
    accounts: &[Key],
    unread_after: Option<Time>,
    page: Page,
) -> Result<Vec<Notification>, Failure> {
    match unread_after {
        None => related(connection, &SQL.notifications_of, accounts, page),
        Some(after) => related_of(
            connection,
            &SQL.unread_of,
            accounts,
            after.as_micros(),
            page,
        ),
    }
}

/// How much accounts were told: what several of them were, once.
pub fn notification_count(connection: &Connection, accounts: &[Key]) -> Result<i64, Failure> {
    let sql = "SELECT count(DISTINCT position) FROM notification WHERE account IN rarray(?1)";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([integers(accounts)], |row| row.get(0))?)
}

/// How much of what accounts were told after a moment none of them has read.
pub fn unread_count(
    connection: &Connection,
    accounts: &[Key],
    after: Time,
) -> Result<i64, Failure> {
    let sql = format!(
        "SELECT count(DISTINCT position) FROM notification
         WHERE account IN rarray(?1) AND at > ?2 AND {UNREAD}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row((integers(accounts), after.as_micros()), |row| row.get(0))?)
}

/// None of the accounts of the first parameter has read it.
pub const UNREAD: &str = "NOT EXISTS (SELECT 1 FROM \"read_mark\" AS \"mark\" \
     WHERE \"mark\".\"account\" IN rarray(?1) \
     AND \"mark\".\"notification\" = \"notification\".\"id\")";

/// What of these any of the accounts has read.
pub fn read_marks(
    connection: &Connection,
    accounts: &[Key],
    notifications: &[Uuid],
) -> Result<Vec<ReadMark>, Failure> {
    let sql = "SELECT account, notification FROM read_mark
               WHERE account IN rarray(?1) AND notification IN rarray(?2)";
    bind::query(connection, sql, (integers(accounts), blobs(notifications)))
}

/// The first of what accounts were told by later events, in the order of these.
pub fn notifications_after(
    connection: &Connection,
    accounts: &[Key],
    position: i64,
    limit: u32,
) -> Result<Vec<Notification>, Failure> {
    bind::query(
        connection,
        &SQL.notifications_after,
        (integers(accounts), position, limit),
    )
}

/// For each subject, a page of the events that concern it.
pub fn timeline(
    connection: &Connection,
    subjects: &[Key],
    page: Page,
) -> Result<Vec<TimelineEntry>, Failure> {
    let after = page
        .after
        .map(|Cursor { key, .. }| Cursor { at: key.0, key });
    let page = Page { after, ..page };
    related(connection, &SQL.timeline, subjects, page)
}

fn blobs(ids: &[Uuid]) -> Array {
    let blob = |id: &Uuid| Value::Blob(id.into_bytes().to_vec());
    Rc::new(ids.iter().map(blob).collect())
}

fn collect<T>(
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
