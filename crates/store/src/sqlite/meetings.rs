//! User groups: who leads them, their meetings, and who comes. What folding needs of it, and what is read.

use std::sync::LazyLock;

use plaudit_domain::{GroupId, Time};
use plaudit_projection::{
    Account, Application, Attendance, Benefit, Group, Key, Leader, Meeting, Presentation, Row,
    Rows, Rsvp, Sponsor, Touched, benefit, group, leadership, meeting, rsvp,
};
use rusqlite::Connection;
use sea_query::{Expr, ExprTrait, SelectStatement};

use crate::sql::{self, column};
use crate::{Each, GroupRecord, Guests, LedBy, MeetingRecord, Page, Span};

use super::fold::{keys, load, load_pairs, pairs};
use super::kudos::{collect, counted};
use super::read::{self, Among, BothWays, by_key, integers};
use super::statements::{equal, page_among, page_of_those, pages};
use super::{Failure, bind, export};

/// The rows of user groups that a batch touches. Accounts and groups are there already.
pub fn fetch(connection: &Connection, touched: &Touched, rows: &mut Rows) -> Result<(), Failure> {
    let meetings = touched.meetings.iter().map(|id| id.0);
    load(
        &mut rows.meetings,
        read::by_id(connection, &SQL.meetings_by_id, meetings)?,
    );
    let presentations = touched.presentations.iter().map(|id| id.0);
    load(
        &mut rows.presentations,
        read::by_id(connection, &SQL.presentations_by_id, presentations)?,
    );
    let benefits = touched.benefits.iter().map(|id| id.0);
    load(
        &mut rows.benefits,
        read::by_id(connection, &SQL.benefits_by_id, benefits)?,
    );

    let leaders = pairs(&rows.groups, &rows.accounts, &touched.leaders);
    load_pairs(connection, &SQL.leader, &leaders, &mut rows.leaders)?;
    let rsvps = pairs(&rows.meetings, &rows.accounts, &touched.rsvps);
    load_pairs(connection, &SQL.rsvp, &rsvps, &mut rows.rsvps)?;
    let attendance = pairs(&rows.meetings, &rows.accounts, &touched.attendance);
    load_pairs(
        connection,
        &SQL.attendance,
        &attendance,
        &mut rows.attendance,
    )?;
    let sponsors = pairs(&rows.meetings, &rows.accounts, &touched.sponsors);
    load_pairs(connection, &SQL.sponsor, &sponsors, &mut rows.sponsors)?;
    let asked = touched.applications.iter().filter_map(|&(group, account)| {
        let account = rows.accounts.find(account)?;
        Some((group, account.key))
    });
    for application in applications(connection, &asked.collect::<Vec<_>>())? {
        let key = (application.group_id, application.account);
        rows.applications.load(key, application);
    }

    let mut meetings = keys(&rows.meetings, &touched.rsvps_of);
    meetings.extend(fetch_left(connection, touched, rows)?);
    if !meetings.is_empty() {
        let coming: Vec<Rsvp> = by_key(connection, &SQL.coming_to, &meetings)?;
        let accounts: Vec<Key> = coming.iter().map(|rsvp| rsvp.account).collect();
        for rsvp in coming {
            rows.rsvps.load(rsvp);
        }
        load(
            &mut rows.accounts,
            by_key(connection, &read::SQL.accounts, &accounts)?,
        );
    }
    Ok(())
}

/// The meetings where erased accounts may leave places: which of those that nothing became of yet they
/// answered to, and which they answer to in the same batch.
fn fetch_left(
    connection: &Connection,
    touched: &Touched,
    rows: &mut Rows,
) -> Result<Vec<Key>, Failure> {
    if touched.places_of.is_empty() {
        return Ok(vec![]);
    }
    let accounts = keys(&rows.accounts, &touched.places_of);
    let places: Vec<Rsvp> = by_key(connection, &SQL.places_of, &accounts)?;
    let left: Vec<Key> = places.iter().map(|rsvp| rsvp.meeting).collect();
    let mut left: Vec<Meeting> = by_key(connection, &SQL.meetings, &left)?;
    left.retain(|meeting| meeting.state == meeting::State::Scheduled);
    let answered = touched.rsvps.iter().filter_map(|(meeting, account)| {
        let is_left = touched.places_of.contains(account);
        is_left.then(|| rows.meetings.find(*meeting).map(|meeting| meeting.key))?
    });
    let mut meetings: Vec<Key> = answered.collect();
    meetings.extend(left.iter().map(|meeting| meeting.key));
    load(&mut rows.meetings, left);
    Ok(meetings)
}

/// The applications of some accounts for some groups.
pub fn applications(
    connection: &Connection,
    keys: &[(GroupId, Key)],
) -> Result<Vec<Application>, Failure> {
    let mut statement = connection.prepare_cached(&SQL.application)?;
    let mut found = Vec::new();
    for (group, account) in keys {
        let key = (group.0.as_bytes().as_slice(), account.0);
        found.extend(bind::rows(&mut statement, key)?);
    }
    Ok(found)
}

/// A page of the applications that wait.
pub fn application_page(connection: &Connection, page: Page) -> Result<Vec<Application>, Failure> {
    let waiting = leadership::State::Waiting.as_str();
    read::page_of_which(connection, &SQL.application_page, waiting, page)
}

/// How many applications wait.
pub fn application_count(connection: &Connection) -> Result<i64, Failure> {
    let waiting = leadership::State::Waiting.as_str();
    count_of::<Application>(connection, "state", waiting)
}

/// A page of groups of a kind, or of all.
pub fn group_page(
    connection: &Connection,
    kind: Option<group::Kind>,
    page: Page,
) -> Result<Vec<Group>, Failure> {
    match kind {
        Some(kind) => {
            let sql = &read::SQL.groups_of_kind;
            read::page_of_which(connection, sql, kind.as_str(), page)
        }
        None => read::page(connection, &read::SQL.group_page, page),
    }
}

/// How many groups of a kind there are, or of all.
pub fn group_count(connection: &Connection, kind: Option<group::Kind>) -> Result<i64, Failure> {
    match kind {
        Some(kind) => count_of::<Group>(connection, "kind", kind.as_str()),
        None => read::count::<Group>(connection),
    }
}

fn count_of<R: Row>(connection: &Connection, column: &str, is: &str) -> Result<i64, Failure> {
    let sql = format!("SELECT count(*) FROM \"{}\" WHERE {column} = ?1", R::TABLE);
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row([is], |row| row.get(0))?)
}

/// A page of all meetings that begin within a span.
pub fn meeting_page(
    connection: &Connection,
    span: Span,
    page: Page,
) -> Result<Vec<Meeting>, Failure> {
    let [at, key] = read::start(page);
    let [from, until] = span.micros();
    let sql = SQL.meeting_page.get(page.order);
    bind::query(connection, sql, (at, key, page.limit, from, until))
}

/// For each group, a page of its meetings that begin within a span.
pub fn meetings_of(
    connection: &Connection,
    groups: &[Key],
    span: Span,
    page: Page,
) -> Result<Vec<Meeting>, Failure> {
    let [at, key] = read::start(page);
    let [from, until] = span.micros();
    let sql = SQL.meetings_of.get(page.order);
    let params = (integers(groups), at, key, page.limit, from, until);
    bind::query(connection, sql, params)
}

/// A page of the meetings that any of some accounts comes to, or waits for a place in.
pub fn meetings_with(
    connection: &Connection,
    accounts: &[Key],
    span: Span,
    page: Page,
) -> Result<Vec<Meeting>, Failure> {
    let [at, key] = read::start(page);
    let [from, until] = span.micros();
    let sql = SQL.meetings_with.get(page.order);
    let params = (at, key, page.limit, from, until, integers(accounts));
    bind::query(connection, sql, params)
}

/// A page of the meetings at which any of some accounts was seen.
pub fn meetings_attended(
    connection: &Connection,
    accounts: &[Key],
    page: Page,
) -> Result<Vec<Meeting>, Failure> {
    let [at, key] = read::start(page);
    let sql = SQL.meetings_attended.get(page.order);
    bind::query(connection, sql, (at, key, page.limit, integers(accounts)))
}

/// At how many meetings any of some accounts was seen.
pub fn meetings_attended_count(connection: &Connection, accounts: &[Key]) -> Result<i64, Failure> {
    let sql = "SELECT count(DISTINCT meeting) FROM attendance WHERE account IN rarray(?1)";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([integers(accounts)], |row| row.get(0))?)
}

/// How many wait longer for a place than who answered at a position.
pub fn waiting_before(
    connection: &Connection,
    meeting: Key,
    position: i64,
) -> Result<i64, Failure> {
    let sql = "SELECT count(*) FROM rsvp WHERE meeting = ?1 AND state = ?2 AND position < ?3";
    let waiting = rsvp::State::Waiting.as_str();
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row((meeting.0, waiting, position), |row| row.get(0))?)
}

/// A page of the presentations that wait for review.
pub fn presentations_to_review(
    connection: &Connection,
    now: Time,
    page: Page,
) -> Result<Vec<Presentation>, Failure> {
    let sql = &SQL.presentations_to_review;
    read::page_of_which(connection, sql, now.as_micros(), page)
}

/// How many presentations wait for review.
pub fn presentations_to_review_count(connection: &Connection, now: Time) -> Result<i64, Failure> {
    let sql = "SELECT count(*) FROM presentation JOIN meeting ON meeting.key = presentation.meeting \
               WHERE presentation.state = 'submitted' AND meeting.state = 'scheduled' \
               AND meeting.starts_at > ?1";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([now.as_micros()], |row| row.get(0))?)
}

/// How many meetings of groups begin within a span.
pub fn meeting_count(
    connection: &Connection,
    groups: &[Key],
    span: Span,
) -> Result<Vec<(Key, i64)>, Failure> {
    let sql = "SELECT group_key, count(*) FROM meeting
               WHERE group_key IN rarray(?1) AND starts_at >= ?2 AND starts_at < ?3
               GROUP BY group_key";
    let [from, until] = span.micros();
    collect(connection, sql, (integers(groups), from, until), counted)
}

/// When meetings of groups began that were held, of those that began within a span.
pub fn held_of(
    connection: &Connection,
    groups: &[Key],
    span: Span,
) -> Result<Vec<(Key, Time)>, Failure> {
    let sql = "SELECT group_key, starts_at FROM meeting
               WHERE group_key IN rarray(?1) AND state = ?2 AND starts_at >= ?3 AND starts_at < ?4
               ORDER BY group_key, starts_at";
    let [from, until] = span.micros();
    let held = meeting::State::Held.as_str();
    let params = (integers(groups), held, from, until);
    collect(connection, sql, params, |row| {
        Ok((bind::read(row, 0)?, bind::read(row, 1)?))
    })
}

/// When the latest of their held meetings began that began before a moment, of groups that had any.
pub fn last_held(
    connection: &Connection,
    groups: &[Key],
    before: Time,
) -> Result<Vec<(Key, Time)>, Failure> {
    let sql = "SELECT group_key, max(starts_at) FROM meeting
               WHERE group_key IN rarray(?1) AND state = ?2 AND starts_at < ?3
               GROUP BY group_key";
    let held = meeting::State::Held.as_str();
    let params = (integers(groups), held, before.as_micros());
    collect(connection, sql, params, |row| {
        Ok((bind::read(row, 0)?, bind::read(row, 1)?))
    })
}

/// For each meeting, a page of the answers of one kind.
pub fn rsvps(
    connection: &Connection,
    meetings: &[Key],
    state: rsvp::State,
    page: Page,
) -> Result<Vec<Rsvp>, Failure> {
    read::related_of(connection, &SQL.rsvps, meetings, state.as_str(), page)
}

/// How many members gave which answer to meetings, and were seen there. Accounts that are linked are one
/// member, which gave the best of their answers; but nobody is to know which share a private profile.
pub fn guests(connection: &Connection, meetings: &[Key]) -> Result<Vec<(Key, Guests)>, Failure> {
    let sql = "
        WITH member AS (
            SELECT meeting, rank, seen,
                CASE profile.visibility WHEN 'public' THEN profile.key ELSE account.key END AS member
            FROM (
                SELECT meeting, account AS guest, 0 AS seen,
                    CASE state WHEN 'going' THEN 1 WHEN 'waiting' THEN 2 ELSE 3 END AS rank
                FROM rsvp WHERE meeting IN rarray(?1)
                UNION ALL
                SELECT meeting, account, 1, NULL FROM attendance WHERE meeting IN rarray(?1))
            JOIN account ON account.key = guest JOIN profile ON profile.key = account.profile),
        answer AS (
            SELECT meeting, min(rank) AS rank, max(seen) AS seen
            FROM member GROUP BY meeting, member)
        SELECT meeting, sum(rank IS 1), sum(rank IS 2), sum(rank IS 3), sum(seen)
        FROM answer GROUP BY meeting";
    collect(connection, sql, [integers(meetings)], |row| {
        let guests = Guests {
            going: bind::read(row, 1)?,
            waiting: bind::read(row, 2)?,
            not_going: bind::read(row, 3)?,
            attended: bind::read(row, 4)?,
        };
        Ok((bind::read(row, 0)?, guests))
    })
}

/// The answers of some accounts to some meetings.
pub fn rsvps_of(
    connection: &Connection,
    accounts: &[Key],
    meetings: &[Key],
) -> Result<Vec<Rsvp>, Failure> {
    bind::query(
        connection,
        &SQL.rsvps_of,
        (integers(meetings), integers(accounts)),
    )
}

/// Which of some accounts were at which of some meetings.
pub fn attended(
    connection: &Connection,
    accounts: &[Key],
    meetings: &[Key],
) -> Result<Vec<Attendance>, Failure> {
    bind::query(
        connection,
        &SQL.attended,
        (integers(meetings), integers(accounts)),
    )
}

/// A page of the requests in a state.
pub fn benefit_page(
    connection: &Connection,
    state: benefit::State,
    page: Page,
) -> Result<Vec<Benefit>, Failure> {
    read::page_of_which(connection, &SQL.benefit_page, state.as_str(), page)
}

/// How many requests are in a state.
pub fn benefit_count(connection: &Connection, state: benefit::State) -> Result<i64, Failure> {
    count_of::<Benefit>(connection, "state", state.as_str())
}

/// The account whose calendar's address has a secret of this hash.
pub fn account_by_calendar(
    connection: &Connection,
    hash: &str,
) -> Result<Option<Account>, Failure> {
    let found = bind::query(connection, &SQL.account_by_calendar, [hash])?;
    Ok(found.into_iter().next())
}

/// Every group, with its held meetings.
pub fn each_group(connection: &Connection, each: Each<'_, GroupRecord>) -> Result<(), Failure> {
    export::scan::<Group>(connection, sql::select::<Group>(), &mut |row| {
        let record = with_meetings(connection, bind::read(row, 0)?)?;
        each(record).map_err(export::passed_on)
    })
}

/// Every user group with each profile that leads it. Whose account is erased is no leader.
pub fn each_led(connection: &Connection, each: Each<'_, LedBy>) -> Result<(), Failure> {
    let mut statement = connection.prepare(
        "SELECT DISTINCT group_key, profile FROM leader JOIN account ON account.key = account
         WHERE NOT erased",
    )?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let led = LedBy {
            group: bind::read(row, 0)?,
            profile: bind::read(row, 1)?,
        };
        each(led).map_err(export::passed_on)?;
    }
    Ok(())
}

/// A group, with its held meetings.
pub(super) fn with_meetings(connection: &Connection, group: Group) -> Result<GroupRecord, Failure> {
    let held = held_of(connection, &[group.key], Span::EVER)?;
    let held = held.into_iter().map(|(_, at)| at).collect();
    Ok(GroupRecord { group, held })
}

/// Every meeting, with the public id of its group.
pub fn each_meeting(connection: &Connection, each: Each<'_, MeetingRecord>) -> Result<(), Failure> {
    let mut select = sql::select::<Meeting>();
    export::join::<Group>(&mut select, "host", (Meeting::TABLE, "group_key"));
    select.expr(column("host", "id"));
    let own = Meeting::table_columns().len();
    export::scan::<Meeting>(connection, select, &mut |row| {
        each(MeetingRecord {
            meeting: bind::read(row, 0)?,
            group: bind::read(row, own)?,
        })
        .map_err(export::passed_on)
    })
}

/// The statements of a fixed shape.
pub static SQL: LazyLock<Sql> = LazyLock::new(Sql::build);

pub struct Sql {
    leader: String,
    application: String,
    rsvp: String,
    attendance: String,
    sponsor: String,
    coming_to: Among,
    /// The answers of some that would come.
    places_of: Among,
    account_by_calendar: String,
    pub leaders_of: Among,
    pub led_by: Among,
    pub applications_of: Among,
    pub meetings: Among,
    pub meetings_by_id: Among,
    pub presentations: Among,
    pub presentations_by_id: Among,
    pub presentations_of: Among,
    pub presentations_by: Among,
    pub sponsors_of: Among,
    pub benefits: Among,
    pub benefits_by_id: Among,
    pub benefits_for: Among,
    pub attendance_of: BothWays,
    pub benefits_of: BothWays,
    rsvps_of: String,
    attended: String,
    application_page: BothWays,
    benefit_page: BothWays,
    meeting_page: BothWays,
    meetings_of: BothWays,
    meetings_with: BothWays,
    meetings_attended: BothWays,
    presentations_to_review: BothWays,
    rsvps: BothWays,
}

impl Sql {
    /// All that are read in pages.
    #[cfg(test)]
    pub fn pages(&self) -> [&BothWays; 8] {
        [
            &self.attendance_of,
            &self.benefits_of,
            &self.application_page,
            &self.benefit_page,
            &self.meeting_page,
            &self.meetings_of,
            &self.meetings_with,
            &self.rsvps,
        ]
    }

    fn build() -> Self {
        let by_start = ["starts_at", "key"];
        Self {
            leader: equal::<Leader>(["group_key", "account"]),
            application: equal::<Application>(["group_id", "account"]),
            rsvp: equal::<Rsvp>(["meeting", "account"]),
            attendance: equal::<Attendance>(["meeting", "account"]),
            sponsor: equal::<Sponsor>(["meeting", "account"]),
            coming_to: Among::build_of::<Rsvp>("meeting", |select| {
                select.and_where(is_coming());
            }),
            places_of: Among::build_of::<Rsvp>("account", |select| {
                select.and_where(is_coming());
            }),
            account_by_calendar: equal::<Account>(["calendar"]),
            leaders_of: Among::build::<Leader>("group_key"),
            led_by: Among::build::<Leader>("account"),
            applications_of: Among::build::<Application>("account"),
            meetings: Among::build::<Meeting>("key"),
            meetings_by_id: Among::build::<Meeting>("id"),
            presentations: Among::build::<Presentation>("key"),
            presentations_by_id: Among::build::<Presentation>("id"),
            presentations_of: Among::build::<Presentation>("meeting"),
            presentations_by: Among::build::<Presentation>("speaker"),
            sponsors_of: Among::build::<Sponsor>("meeting"),
            benefits: Among::build::<Benefit>("key"),
            benefits_by_id: Among::build::<Benefit>("id"),
            benefits_for: Among::build::<Benefit>("meeting"),
            attendance_of: BothWays::build(|order| {
                pages::<Attendance>("meeting", ["position", "account"], order, |_| ())
            }),
            benefits_of: BothWays::build(|order| {
                pages::<Benefit>("account", ["requested_at", "key"], order, |_| ())
            }),
            rsvps_of: of_both::<Rsvp>(),
            attended: of_both::<Attendance>(),
            application_page: BothWays::build(|order| {
                page_of_those::<Application>("state", ["since", "position"], order)
            }),
            benefit_page: BothWays::build(|order| {
                page_of_those::<Benefit>("state", ["requested_at", "key"], order)
            }),
            meeting_page: BothWays::build(|order| {
                let mut select = sql::select::<Meeting>();
                within(&mut select, "?4", "?5");
                page_among(select, Meeting::TABLE, by_start, order)
            }),
            meetings_of: BothWays::build(|order| {
                pages::<Meeting>("group_key", by_start, order, |part| {
                    within(part, "?5", "?6");
                })
            }),
            meetings_with: BothWays::build(|order| {
                let mut select = sql::select::<Meeting>();
                within(&mut select, "?4", "?5");
                select.and_where(Expr::cust(COMING_TO_IT));
                page_among(select, Meeting::TABLE, by_start, order)
            }),
            meetings_attended: BothWays::build(|order| {
                let mut select = sql::select::<Meeting>();
                select.and_where(Expr::cust(SEEN_THERE));
                page_among(select, Meeting::TABLE, by_start, order)
            }),
            presentations_to_review: BothWays::build(|order| {
                let meeting = |name| column(Meeting::TABLE, name);
                let mut select = sql::select::<Presentation>();
                select
                    .inner_join(
                        Meeting::TABLE,
                        meeting("key").equals((Presentation::TABLE, "meeting")),
                    )
                    .and_where(column(Presentation::TABLE, "state").eq(Expr::cust("'submitted'")))
                    .and_where(meeting("state").eq(Expr::cust("'scheduled'")))
                    .and_where(meeting("starts_at").gt(Expr::cust("?4")));
                page_among(select, Presentation::TABLE, ["submitted_at", "key"], order)
            }),
            rsvps: BothWays::build(|order| {
                pages::<Rsvp>("meeting", ["position", "position"], order, |part| {
                    part.and_where(column(Rsvp::TABLE, "state").eq(Expr::cust("?5")));
                })
            }),
        }
    }
}

/// Meetings that any of the accounts in ?6 has a place in, or waits for one.
const COMING_TO_IT: &str = "\"meeting\".\"key\" IN (SELECT rsvp.meeting FROM rsvp
    WHERE rsvp.account IN rarray(?6) AND rsvp.state IN ('going', 'waiting'))";

/// Meetings at which any of the accounts in ?4 was seen.
const SEEN_THERE: &str = "\"meeting\".\"key\" IN (SELECT attendance.meeting FROM attendance
    WHERE attendance.account IN rarray(?4))";

fn is_coming() -> Expr {
    let coming = [rsvp::State::Going, rsvp::State::Waiting];
    column(Rsvp::TABLE, "state").is_in(coming.map(rsvp::State::as_str))
}

fn within(select: &mut SelectStatement, from: &'static str, until: &'static str) {
    let starts_at = || column(Meeting::TABLE, "starts_at");
    select
        .and_where(starts_at().gte(Expr::cust(from)))
        .and_where(starts_at().lt(Expr::cust(until)));
}

/// Pairs of the meetings among the first parameter and the accounts among the second.
fn of_both<R: Row>() -> String {
    sql::select::<R>()
        .and_where(Expr::cust_with_expr(
            "? IN rarray(??1)",
            column(R::TABLE, "meeting"),
        ))
        .and_where(Expr::cust_with_expr(
            "? IN rarray(??2)",
            column(R::TABLE, "account"),
        ))
        .to_string(sea_query::SqliteQueryBuilder)
}
