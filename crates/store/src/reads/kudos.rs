//! What is read of points, badges and what peers gave.

use plaudit_domain::{Time, Visibility};
use plaudit_projection::standings::Member;
use plaudit_projection::tally::TallyKey;
use plaudit_projection::{Badge, Gift, Interaction, Key, PostMilestone, Row, Tally};
use sea_query::{Expr, ExprTrait, Order};

use super::{SQL, related_of, seen_by};
use crate::engine::{Session, one, rows, text};
use crate::sql::{self, column};
use crate::statement::{Param, Statement, statement};
use crate::{Earned, Page, PointsAt, Result};

/// For each account, a page of the peer kudos that it gave and that who asks may see.
pub async fn gifts_given(
    session: &impl Session,
    accounts: &[Key],
    viewer: Option<Key>,
    page: Page,
) -> Result<Vec<Gift>> {
    let viewer = Param::optional(viewer);
    related_of(session, &SQL.gifts_given, accounts, viewer, page).await
}

/// How many peer kudos accounts gave that who asks may see.
pub async fn gifts_given_count(
    session: &impl Session,
    accounts: &[Key],
    viewer: Option<Key>,
) -> Result<Vec<(Key, i64)>> {
    let sql = statement!(format!(
        "SELECT giver, count(*) FROM gift WHERE giver IN rarray(?1) AND ({}) GROUP BY giver",
        seen_by("?2")
    ));
    let params = [Param::Keys(accounts), Param::optional(viewer)];
    rows(session, sql, &params).await
}

/// How many entries accounts have in the ledger.
pub async fn ledger_count(session: &impl Session, accounts: &[Key]) -> Result<Vec<(Key, i64)>> {
    let sql = statement!(
        "SELECT account, count(*) FROM ledger WHERE account IN rarray(?1) GROUP BY account"
    );
    rows(session, sql, &[Param::Keys(accounts)]).await
}

/// For each account and badge, a page of what deserved it.
pub async fn badge_awards(
    session: &impl Session,
    accounts: &[Key],
    badges: &[i64],
    page: Page,
) -> Result<Vec<Badge>> {
    let badges = Param::Integers(badges);
    related_of(session, &SQL.badge_awards, accounts, badges, page).await
}

/// For each account and milestone, a page of its posts that reached it.
pub async fn milestone_awards(
    session: &impl Session,
    accounts: &[Key],
    milestones: &[i64],
    page: Page,
) -> Result<Vec<PostMilestone>> {
    let milestones = Param::Integers(milestones);
    related_of(session, &SQL.milestone_awards, accounts, milestones, page).await
}

/// All points that accounts got and lost.
pub async fn points_of(session: &impl Session, accounts: &[Key]) -> Result<Vec<PointsAt>> {
    let sql = statement!(
        "SELECT account, at, points FROM ledger WHERE account IN rarray(?1) ORDER BY at, key"
    );
    let points = rows(session, sql, &[Param::Keys(accounts)]).await?;
    let point = |(account, at, points)| PointsAt {
        account,
        at,
        points,
    };
    Ok(points.into_iter().map(point).collect())
}

/// The tallies that are known by these.
pub async fn tallies(session: &impl Session, keys: &[TallyKey]) -> Result<Vec<Tally>> {
    let key = |&(account, what, since): &TallyKey| {
        [account.0, what, since.as_micros()].map(Param::Integer)
    };
    let keys: Vec<_> = keys.iter().map(key).collect();
    session.query_each(text(session, &SQL.tally), &keys).await
}

/// How often accounts deserved which badges.
pub async fn badges_of(session: &impl Session, accounts: &[Key]) -> Result<Vec<Earned>> {
    let sql = statement!(
        "SELECT account, badge, count(*), min(at), max(at) FROM badge
         WHERE account IN rarray(?1) GROUP BY account, badge"
    );
    earned(session, sql, accounts).await
}

/// How often posts of accounts reached which milestones.
pub async fn post_milestones_of(session: &impl Session, accounts: &[Key]) -> Result<Vec<Earned>> {
    let sql = statement!(
        "SELECT account, milestone, count(*), min(at), max(at) FROM post_milestone
         WHERE account IN rarray(?1) AND counts GROUP BY account, milestone"
    );
    earned(session, sql, accounts).await
}

async fn earned(session: &impl Session, sql: &Statement, accounts: &[Key]) -> Result<Vec<Earned>> {
    let found = rows(session, sql, &[Param::Keys(accounts)]).await?;
    let earned = |(account, number, times, first_at, last_at)| Earned {
        account,
        number,
        times,
        first_at,
        last_at,
    };
    Ok(found.into_iter().map(earned).collect())
}

/// How many peer kudos accounts gave since a moment.
pub async fn gifts_given_since(
    session: &impl Session,
    accounts: &[Key],
    since: Time,
) -> Result<i64> {
    let sql = statement!("SELECT count(*) FROM gift WHERE giver IN rarray(?1) AND at >= ?2");
    let params = [Param::Keys(accounts), Param::Integer(since.as_micros())];
    one(session, sql, &params).await
}

/// How often members did what, on some days.
pub async fn interactions(
    session: &impl Session,
    from: Time,
    until: Time,
    limit: u32,
) -> Result<Vec<Interaction>> {
    let sql = statement!({
        let day = || column(Interaction::TABLE, "day");
        let mut select = sql::select::<Interaction>();
        select
            .and_where(day().gte(Expr::cust("?1")))
            .and_where(day().lt(Expr::cust("?2")));
        for name in Interaction::PRIMARY {
            select.order_by((Interaction::TABLE, *name), Order::Asc);
        }
        format!("{} LIMIT ?3", sql::said(&select))
    });
    let params = [from.as_micros(), until.as_micros(), limit.into()].map(Param::Integer);
    rows(session, sql, &params).await
}

const MEMBERS: &str = "SELECT account.key, account.profile, account.enrolled_at IS NOT NULL,
           profile.visibility, primary_account.erased
    FROM account JOIN profile ON profile.key = account.profile
                 JOIN account AS primary_account ON primary_account.key = account.profile";

/// Whose the points of every account are.
pub async fn members_of_all(session: &impl Session) -> Result<Vec<Member>> {
    members(session, statement!(MEMBERS), &[]).await
}

/// Whose the points of some accounts are.
pub async fn members_of(session: &impl Session, accounts: &[Key]) -> Result<Vec<Member>> {
    let sql = statement!(format!("{MEMBERS} WHERE account.key IN rarray(?1)"));
    members(session, sql, &[Param::Keys(accounts)]).await
}

async fn members(
    session: &impl Session,
    sql: &Statement,
    params: &[Param<'_>],
) -> Result<Vec<Member>> {
    type Read = (Key, Key, bool, Visibility, bool);
    let found = rows(session, sql, params).await?;
    let member = |(account, profile, enrolled, visibility, is_erased): Read| Member {
        account,
        profile,
        enrolled,
        shown: visibility == Visibility::Public && !is_erased,
    };
    Ok(found.into_iter().map(member).collect())
}
