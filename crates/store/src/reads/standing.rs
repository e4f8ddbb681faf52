//! What profiles have, page by page, as of one moment.

use plaudit_domain::Position;
use plaudit_projection::group::Kind;
use plaudit_projection::{Group, Key, Profile, Row};
use sea_query::{Expr, ExprTrait, Order};

use super::{export, meetings};
use crate::engine::{Session, one, rows};
use crate::sql::{self, column};
use crate::standing::{Earnings, LedGroup};
use crate::statement::{Param, statement};
use crate::{ProfileRecord, Result};

/// Where the fold stands, and up to where the last batch came that changed whose points accounts' are.
pub async fn standing(session: &impl Session) -> Result<(Position, Position)> {
    let sql = statement!("SELECT position, people FROM progress");
    let (position, people): (i64, i64) = one(session, sql, &[]).await?;
    Ok((position.cast_unsigned(), people.cast_unsigned()))
}

/// The next profiles after one, with their badges.
pub async fn profiles(
    session: &impl Session,
    after: Key,
    limit: u32,
) -> Result<Vec<ProfileRecord>> {
    let sql = statement!({
        let mut select = sql::select::<Profile>();
        select
            .and_where(column(Profile::TABLE, "key").gt(Expr::cust("?1")))
            .order_by((Profile::TABLE, "key"), Order::Asc);
        format!("{} LIMIT ?2", sql::said(&select))
    });
    let params = [after.0, limit.into()].map(Param::Integer);
    let profiles = rows(session, sql, &params).await?;
    export::with_badges(session, profiles).await
}

/// What profiles have of which rule, of those after one and up to another, in their order.
pub async fn earnings(session: &impl Session, after: Key, until: Key) -> Result<Vec<Earnings>> {
    let sql = statement!(
        "SELECT profile, reason, enrolled_at IS NOT NULL, CAST(sum(ledger.points) AS bigint)
         FROM account JOIN ledger ON ledger.account = account.key
         WHERE profile > ?1 AND profile <= ?2 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    );
    let found = rows(session, sql, &[after.into(), until.into()]).await?;
    let earned = |(profile, reason, enrolled, points)| Earnings {
        profile,
        reason,
        enrolled,
        points,
    };
    Ok(found.into_iter().map(earned).collect())
}

/// All user groups, with who leads them, oldest first.
pub async fn groups(session: &impl Session) -> Result<Vec<LedGroup>> {
    let sql = statement!({
        let mut select = sql::select::<Group>();
        select
            .and_where(column(Group::TABLE, "kind").eq(Expr::cust("?1")))
            .order_by((Group::TABLE, "key"), Order::Asc);
        sql::said(&select)
    });
    let groups: Vec<Group> = rows(session, sql, &[Param::Text(Kind::User.as_str())]).await?;
    let keys: Vec<Key> = groups.iter().map(|group| group.key).collect();
    let sql = statement!(
        "SELECT DISTINCT group_key, profile FROM leader JOIN account ON account.key = account
         WHERE group_key IN rarray(?1) ORDER BY group_key, profile"
    );
    let led: Vec<(Key, Key)> = rows(session, sql, &[Param::Keys(&keys)]).await?;
    let mut led = led.into_iter().peekable();
    let mut with_leaders = Vec::new();
    for record in meetings::with_meetings(session, groups).await? {
        let mut leaders = Vec::new();
        while let Some((_, leader)) = led.next_if(|(group, _)| *group == record.group.key) {
            leaders.push(leader);
        }
        with_leaders.push(LedGroup { record, leaders });
    }
    Ok(with_leaders)
}
