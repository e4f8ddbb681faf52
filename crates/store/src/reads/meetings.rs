//! User groups: who leads them, their meetings, and who comes.

use std::sync::LazyLock;

use plaudit_domain::{GroupId, Time};
use plaudit_projection::{
    Account, Application, Attendance, Benefit, Group, Key, Leader, Meeting, Presentation, Row,
    Rsvp, Sponsor, benefit, group, leadership, meeting, rsvp,
};
use rustc_hash::FxHashMap;
use sea_query::{Expr, ExprTrait, SelectStatement};

use crate::engine::{Session, first, one, rows, text};
use crate::sql::{self, column};
use crate::statement::{Param, Statement, statement};
use crate::{Each, GroupRecord, Guests, LedBy, MeetingRecord, Page, Result, Span};

use super::statements::{among, equal, in_array, page_among, page_of_those, pages};
use super::{Among, BothWays, export, page_of_which, parameters, related_of};

/// The applications of some accounts for some groups.
pub async fn applications(
    session: &impl Session,
    keys: &[(GroupId, Key)],
) -> Result<Vec<Application>> {
    let key = |&(group, account): &(GroupId, Key)| [Param::Uuid(group.0), account.into()];
    let keys: Vec<_> = keys.iter().map(key).collect();
    let sql = text(session, &SQL.application);
    session.query_each(sql, &keys).await
}

/// A page of the applications that wait.
pub async fn application_page(session: &impl Session, page: Page) -> Result<Vec<Application>> {
    let waiting = Param::Text(leadership::State::Waiting.as_str());
    page_of_which(session, &SQL.application_page, waiting, page).await
}

/// How many applications wait.
pub async fn application_count(session: &impl Session) -> Result<i64> {
    let waiting = leadership::State::Waiting.as_str();
    count_of::<Application>(session, "state", waiting).await
}

/// A page of groups of a kind, or of all.
pub async fn group_page(
    session: &impl Session,
    kind: Option<group::Kind>,
    page: Page,
) -> Result<Vec<Group>> {
    match kind {
        Some(kind) => {
            let kind = Param::Text(kind.as_str());
            page_of_which(session, &super::SQL.groups_of_kind, kind, page).await
        }
        None => super::page(session, &super::SQL.group_page, page).await,
    }
}

/// How many groups of a kind there are, or of all.
pub async fn group_count(session: &impl Session, kind: Option<group::Kind>) -> Result<i64> {
    match kind {
        Some(kind) => count_of::<Group>(session, "kind", kind.as_str()).await,
        None => super::count::<Group>(session).await,
    }
}

async fn count_of<R: Row>(session: &impl Session, column: &str, is: &str) -> Result<i64> {
    let sql = format!("SELECT count(*) FROM \"{}\" WHERE {column} = ?1", R::TABLE);
    one(session, &Statement::new(sql), &[Param::Text(is)]).await
}

/// A page of all meetings that begin within a span.
pub async fn meeting_page(session: &impl Session, span: Span, page: Page) -> Result<Vec<Meeting>> {
    let [at, key, limit] = parameters(page);
    let [from, until] = span.micros().map(Param::Integer);
    let sql = SQL.meeting_page.get(page.order);
    rows(session, sql, &[at, key, limit, from, until]).await
}

/// For each group, a page of its meetings that begin within a span.
pub async fn meetings_of(
    session: &impl Session,
    groups: &[Key],
    span: Span,
    page: Page,
) -> Result<Vec<Meeting>> {
    let [at, key, limit] = parameters(page);
    let [from, until] = span.micros().map(Param::Integer);
    let params = [Param::Keys(groups), at, key, limit, from, until];
    rows(session, SQL.meetings_of.get(page.order), &params).await
}

/// A page of the meetings that any of some accounts comes to, or waits for a place in.
pub async fn meetings_with(
    session: &impl Session,
    accounts: &[Key],
    span: Span,
    page: Page,
) -> Result<Vec<Meeting>> {
    let [at, key, limit] = parameters(page);
    let [from, until] = span.micros().map(Param::Integer);
    let params = [at, key, limit, from, until, Param::Keys(accounts)];
    rows(session, SQL.meetings_with.get(page.order), &params).await
}

/// A page of the meetings at which any of some accounts was seen.
pub async fn meetings_attended(
    session: &impl Session,
    accounts: &[Key],
    page: Page,
) -> Result<Vec<Meeting>> {
    page_of_which(session, &SQL.meetings_attended, Param::Keys(accounts), page).await
}

/// At how many meetings any of some accounts was seen.
pub async fn meetings_attended_count(session: &impl Session, accounts: &[Key]) -> Result<i64> {
    let sql =
        statement!("SELECT count(DISTINCT meeting) FROM attendance WHERE account IN rarray(?1)");
    one(session, sql, &[Param::Keys(accounts)]).await
}

/// How many wait longer for a place than who answered at a position.
pub async fn waiting_before(session: &impl Session, meeting: Key, position: i64) -> Result<i64> {
    let sql =
        statement!("SELECT count(*) FROM rsvp WHERE meeting = ?1 AND state = ?2 AND position < ?3");
    let waiting = Param::Text(rsvp::State::Waiting.as_str());
    let params = [meeting.into(), waiting, Param::Integer(position)];
    one(session, sql, &params).await
}

/// A page of the presentations that wait for review.
pub async fn presentations_to_review(
    session: &impl Session,
    now: Time,
    page: Page,
) -> Result<Vec<Presentation>> {
    let now = Param::Integer(now.as_micros());
    page_of_which(session, &SQL.presentations_to_review, now, page).await
}

/// How many presentations wait for review.
pub async fn presentations_to_review_count(session: &impl Session, now: Time) -> Result<i64> {
    let sql = statement!(
        "SELECT count(*) FROM presentation JOIN meeting ON meeting.key = presentation.meeting
         WHERE presentation.state = 'submitted' AND meeting.state = 'scheduled'
         AND meeting.starts_at > ?1"
    );
    one(session, sql, &[Param::Integer(now.as_micros())]).await
}

/// How many meetings of groups begin within a span.
pub async fn meeting_count(
    session: &impl Session,
    groups: &[Key],
    span: Span,
) -> Result<Vec<(Key, i64)>> {
    let sql = statement!(
        "SELECT group_key, count(*) FROM meeting
         WHERE group_key IN rarray(?1) AND starts_at >= ?2 AND starts_at < ?3
         GROUP BY group_key"
    );
    let [from, until] = span.micros().map(Param::Integer);
    rows(session, sql, &[Param::Keys(groups), from, until]).await
}

/// When meetings of groups began that were held, of those that began within a span.
pub async fn held_of(
    session: &impl Session,
    groups: &[Key],
    span: Span,
) -> Result<Vec<(Key, Time)>> {
    let sql = statement!(
        "SELECT group_key, starts_at FROM meeting
         WHERE group_key IN rarray(?1) AND state = ?2 AND starts_at >= ?3 AND starts_at < ?4
         ORDER BY group_key, starts_at"
    );
    let [from, until] = span.micros().map(Param::Integer);
    let held = Param::Text(meeting::State::Held.as_str());
    rows(session, sql, &[Param::Keys(groups), held, from, until]).await
}

/// When the latest of their held meetings began that began before a moment, of groups that had any.
pub async fn last_held(
    session: &impl Session,
    groups: &[Key],
    before: Time,
) -> Result<Vec<(Key, Time)>> {
    let sql = statement!(
        "SELECT group_key, max(starts_at) FROM meeting
         WHERE group_key IN rarray(?1) AND state = ?2 AND starts_at < ?3
         GROUP BY group_key"
    );
    let held = Param::Text(meeting::State::Held.as_str());
    let before = Param::Integer(before.as_micros());
    rows(session, sql, &[Param::Keys(groups), held, before]).await
}

/// For each meeting, a page of the answers of one kind.
pub async fn rsvps(
    session: &impl Session,
    meetings: &[Key],
    state: rsvp::State,
    page: Page,
) -> Result<Vec<Rsvp>> {
    let state = Param::Text(state.as_str());
    related_of(session, &SQL.rsvps, meetings, state, page).await
}

/// How many members gave which answer to meetings, and were seen there. Accounts that are linked are one
/// member, which gave the best of their answers; but nobody is to know which share a private profile.
pub async fn guests(session: &impl Session, meetings: &[Key]) -> Result<Vec<(Key, Guests)>> {
    let sql = statement!(
        "WITH member AS (
            SELECT meeting, rank, seen,
                CASE profile.visibility WHEN 'public' THEN profile.key ELSE account.key END AS member
            FROM (
                SELECT meeting, account AS guest, 0 AS seen,
                    CASE state WHEN 'going' THEN 1 WHEN 'waiting' THEN 2 ELSE 3 END AS rank
                FROM rsvp WHERE meeting IN rarray(?1)
                UNION ALL
                SELECT meeting, account, 1, NULL FROM attendance WHERE meeting IN rarray(?1)) answer
            JOIN account ON account.key = guest JOIN profile ON profile.key = account.profile),
        best AS (
            SELECT meeting, min(rank) AS rank, max(seen) AS seen
            FROM member GROUP BY meeting, member)
        SELECT meeting, count(CASE rank WHEN 1 THEN 1 END), count(CASE rank WHEN 2 THEN 1 END),
            count(CASE rank WHEN 3 THEN 1 END), count(CASE seen WHEN 1 THEN 1 END)
        FROM best GROUP BY meeting"
    );
    let counted = |(meeting, going, waiting, not_going, attended)| {
        let guests = Guests {
            going,
            waiting,
            not_going,
            attended,
        };
        (meeting, guests)
    };
    let found = rows(session, sql, &[Param::Keys(meetings)]).await?;
    Ok(found.into_iter().map(counted).collect())
}

/// The answers of some accounts to some meetings.
pub async fn rsvps_of(
    session: &impl Session,
    accounts: &[Key],
    meetings: &[Key],
) -> Result<Vec<Rsvp>> {
    let params = [Param::Keys(meetings), Param::Keys(accounts)];
    rows(session, &SQL.rsvps_of, &params).await
}

/// Which of some accounts were at which of some meetings.
pub async fn attended(
    session: &impl Session,
    accounts: &[Key],
    meetings: &[Key],
) -> Result<Vec<Attendance>> {
    let params = [Param::Keys(meetings), Param::Keys(accounts)];
    rows(session, &SQL.attended, &params).await
}

/// A page of the requests in a state.
pub async fn benefit_page(
    session: &impl Session,
    state: benefit::State,
    page: Page,
) -> Result<Vec<Benefit>> {
    let state = Param::Text(state.as_str());
    page_of_which(session, &SQL.benefit_page, state, page).await
}

/// How many requests are in a state.
pub async fn benefit_count(session: &impl Session, state: benefit::State) -> Result<i64> {
    count_of::<Benefit>(session, "state", state.as_str()).await
}

/// The account whose calendar's address has a secret of this hash.
pub async fn account_by_calendar(session: &impl Session, hash: &str) -> Result<Option<Account>> {
    first(session, &SQL.account_by_calendar, &[Param::Text(hash)]).await
}

/// Every group, with its held meetings.
pub async fn each_group(session: &impl Session, each: Each<'_, GroupRecord>) -> Result<()> {
    let sql = statement!(export::in_order::<Group>(sql::select::<Group>()));
    // There are few enough of them for the memory.
    let groups = rows(session, sql, &[]).await?;
    for record in with_meetings(session, groups).await? {
        each(record)?;
    }
    Ok(())
}

/// Every user group with each profile that leads it. Whose account is erased is no leader.
pub async fn each_led(session: &impl Session, each: Each<'_, LedBy>) -> Result<()> {
    let sql = statement!(
        "SELECT DISTINCT group_key, profile FROM leader JOIN account ON account.key = account
         WHERE NOT erased"
    );
    let led = |(group, profile): (Key, Key)| LedBy { group, profile };
    export::scan(session, sql, &mut |read| each(led(read))).await
}

/// Groups, with their held meetings.
pub async fn with_meetings(session: &impl Session, groups: Vec<Group>) -> Result<Vec<GroupRecord>> {
    let keys: Vec<Key> = groups.iter().map(|group| group.key).collect();
    let mut held: FxHashMap<Key, Vec<Time>> = FxHashMap::default();
    for (group, at) in held_of(session, &keys, Span::EVER).await? {
        held.entry(group).or_default().push(at);
    }
    let record = |group: Group| GroupRecord {
        held: held.remove(&group.key).unwrap_or_default(),
        group,
    };
    Ok(groups.into_iter().map(record).collect())
}

/// Every meeting, with the public id of its group.
pub async fn each_meeting(session: &impl Session, each: Each<'_, MeetingRecord>) -> Result<()> {
    let sql = statement!({
        let mut select = sql::select::<Meeting>();
        export::join::<Group>(&mut select, "host", (Meeting::TABLE, "group_key"));
        select.expr(column("host", "id"));
        export::in_order::<Meeting>(select)
    });
    let record = |(meeting, group): (Meeting, GroupId)| MeetingRecord { meeting, group };
    export::scan(session, sql, &mut |read| each(record(read))).await
}

/// The statements of a fixed shape.
pub static SQL: LazyLock<Sql> = LazyLock::new(Sql::build);

pub struct Sql {
    pub leader: Statement,
    pub application: Statement,
    pub rsvp: Statement,
    pub attendance: Statement,
    pub sponsor: Statement,
    pub coming_to: Among,
    /// The answers of some that would come.
    pub places_of: Among,
    account_by_calendar: Statement,
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
    rsvps_of: Statement,
    attended: Statement,
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
fn of_both<R: Row>() -> Statement {
    let mut select = sql::select::<R>();
    select
        .and_where(in_array(column(R::TABLE, "meeting")))
        .and_where(among(column(R::TABLE, "account"), 2));
    Statement::new(sql::said(&select))
}
