//! What is read of reviews and reports, of what members are told, and of the community's figures.

use plaudit_domain::Time;
use plaudit_projection::{Key, Notification, ReadMark, Report, TimelineEntry};
use uuid::Uuid;

use super::{BothWays, SQL, related, related_of, start};
use crate::engine::{Session, one, rows};
use crate::statement::{Param, statement};
use crate::{Cursor, Order, Page, Reported, Result};

/// How many articles wait for review.
pub async fn review_count(session: &impl Session) -> Result<i64> {
    let sql = statement!("SELECT count(*) FROM review WHERE waiting = TRUE AND deleted = FALSE");
    one(session, sql, &[]).await
}

/// Of articles that wait for review, how many do so as long, or longer.
pub async fn review_places(session: &impl Session, posts: &[Key]) -> Result<Vec<(Key, i64)>> {
    let sql = statement!(
        "SELECT own.post, (SELECT count(*) FROM review AS before
             WHERE before.waiting = TRUE AND before.deleted = FALSE
             AND (before.since, before.post) <= (own.since, own.post))
         FROM review AS own
         WHERE own.post IN rarray(?1) AND own.waiting = TRUE AND own.deleted = FALSE"
    );
    rows(session, sql, &[Param::Keys(posts)]).await
}

/// The posts of which reports are open.
pub fn reported() -> BothWays {
    BothWays::build(|order| {
        let (beyond, direction) = match order {
            Order::Ascending => (">", "ASC"),
            Order::Descending => ("<", "DESC"),
        };
        // Few are open at a time, so the index of what is open is short.
        format!(
            "SELECT post, since, reports FROM (
                 SELECT post, min(at) AS since, count(*) AS reports FROM report
                 WHERE open = TRUE GROUP BY post) AS reported
             WHERE (since, post) {beyond} (?1, ?2)
             ORDER BY since {direction}, post {direction} LIMIT ?3"
        )
    })
}

/// A page of the posts of which reports are open.
pub async fn reported_page(session: &impl Session, page: Page) -> Result<Vec<Reported>> {
    let [at, key] = start(page);
    let params = [at, key, page.limit.into()].map(Param::Integer);
    let found = rows(session, SQL.reported_page.get(page.order), &params).await?;
    let reported = |(post, since, reports)| Reported {
        post,
        since,
        reports,
    };
    Ok(found.into_iter().map(reported).collect())
}

/// Of how many posts reports are open.
pub async fn reported_count(session: &impl Session) -> Result<i64> {
    let sql = statement!("SELECT count(DISTINCT post) FROM report WHERE open = TRUE");
    one(session, sql, &[]).await
}

/// The open reports of posts, oldest first.
pub async fn open_reports_of(session: &impl Session, posts: &[Key]) -> Result<Vec<Report>> {
    let params = [Param::Keys(posts)];
    let mut reports: Vec<Report> = rows(session, &SQL.open_reports_of, &params).await?;
    reports.sort_unstable_by_key(|report| (report.at, report.account));
    Ok(reports)
}

/// For each account, a page of what it was told.
pub async fn notifications_of(
    session: &impl Session,
    accounts: &[Key],
    unread_after: Option<Time>,
    page: Page,
) -> Result<Vec<Notification>> {
    match unread_after {
        None => related(session, &SQL.notifications_of, accounts, page).await,
        Some(after) => {
            let after = Param::Integer(after.as_micros());
            related_of(session, &SQL.unread_of, accounts, after, page).await
        }
    }
}

/// How much accounts were told.
pub async fn notification_count(session: &impl Session, accounts: &[Key]) -> Result<i64> {
    let sql =
        statement!("SELECT count(DISTINCT position) FROM notification WHERE account IN rarray(?1)");
    one(session, sql, &[Param::Keys(accounts)]).await
}

/// How much of what accounts were told after a moment none of them has read.
pub async fn unread_count(session: &impl Session, accounts: &[Key], after: Time) -> Result<i64> {
    let sql = statement!(format!(
        "SELECT count(DISTINCT position) FROM notification
         WHERE account IN rarray(?1) AND at > ?2 AND {UNREAD}"
    ));
    let params = [Param::Keys(accounts), Param::Integer(after.as_micros())];
    one(session, sql, &params).await
}

/// None of the accounts of the first parameter has read it.
pub const UNREAD: &str = "NOT EXISTS (SELECT 1 FROM \"read_mark\" AS \"mark\" \
     WHERE \"mark\".\"account\" IN rarray(?1) \
     AND \"mark\".\"notification\" = \"notification\".\"id\")";

/// What of these any of the accounts has read.
pub async fn read_marks(
    session: &impl Session,
    accounts: &[Key],
    notifications: &[Uuid],
) -> Result<Vec<ReadMark>> {
    let sql = statement!(
        "SELECT account, notification FROM read_mark
         WHERE account IN rarray(?1) AND notification IN rarray(?2)"
    );
    let params = [Param::Keys(accounts), Param::Uuids(notifications)];
    rows(session, sql, &params).await
}

/// The first of what accounts were told by later events, in the order of these.
pub async fn notifications_after(
    session: &impl Session,
    accounts: &[Key],
    position: i64,
    limit: u32,
) -> Result<Vec<Notification>> {
    let [position, limit] = [position, limit.into()].map(Param::Integer);
    let params = [Param::Keys(accounts), position, limit];
    rows(session, &SQL.notifications_after, &params).await
}

/// Which accounts were told anything by later events.
pub async fn told_after(
    session: &impl Session,
    accounts: &[Key],
    position: i64,
) -> Result<Vec<Key>> {
    let sql = statement!(
        "SELECT DISTINCT account FROM notification WHERE account IN rarray(?1) AND position > ?2"
    );
    let params = [Param::Keys(accounts), Param::Integer(position)];
    rows(session, sql, &params).await
}

/// For each subject, a page of the events that concern it.
pub async fn timeline(
    session: &impl Session,
    subjects: &[Key],
    page: Page,
) -> Result<Vec<TimelineEntry>> {
    let after = page
        .after
        .map(|Cursor { key, .. }| Cursor { at: key.0, key });
    let page = Page { after, ..page };
    related(session, &SQL.timeline, subjects, page).await
}
