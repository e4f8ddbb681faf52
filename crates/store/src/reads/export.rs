//! Whole tables, row by row, as of one moment.

use plaudit_domain::{AccountId, GroupId, Position, PostId, Time, Visibility};
use plaudit_projection::row::Field;
use plaudit_projection::{Account, Group, Key, LedgerEntry, LozengeGrant, Post, Profile, Row};
use rustc_hash::FxHashMap;
use sea_query::{Expr, ExprTrait, IntoIden, JoinType, Order, SelectStatement};

use super::{SQL, fetch};
use crate::engine::{Session, rows, text};
use crate::sql::{self, column};
use crate::statement::{Param, Statement, statement};
use crate::{
    AccountRecord, BadgeOf, BadgeRecord, Each, LedgerRecord, PostRecord, ProfileRecord, Result,
};

/// So many profiles are read at once with their badges.
const PAGE: u32 = 500;

/// Every account, with its profile's public id.
pub async fn accounts(session: &impl Session, each: Each<'_, AccountRecord>) -> Result<()> {
    let sql = statement!({
        let mut select = sql::select::<Account>();
        join::<Account>(&mut select, "primary", (Account::TABLE, "profile"));
        select
            .expr(column("primary", "id"))
            .expr(column("seen", "visibility"));
        join::<Profile>(&mut select, "seen", (Account::TABLE, "profile"));
        in_order::<Account>(select)
    });
    type Read = (Account, AccountId, Visibility);
    let record = |(account, profile, visibility): Read| AccountRecord {
        account,
        profile,
        visibility,
    };
    scan(session, sql, &mut |read| each(record(read))).await
}

/// Every profile.
pub async fn profiles(session: &impl Session, each: Each<'_, Profile>) -> Result<()> {
    let sql = statement!(in_order::<Profile>(sql::select::<Profile>()));
    scan(session, sql, each).await
}

/// Every post, with the public ids of what it refers to.
pub async fn posts(session: &impl Session, each: Each<'_, PostRecord>) -> Result<()> {
    let sql = statement!({
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
        in_order::<Post>(select)
    });
    type Solution = (Option<PostId>, Option<String>, Option<bool>);
    type Read = (
        Post,
        Option<AccountId>,
        Option<PostId>,
        Solution,
        Option<GroupId>,
    );
    let record = |(post, author, parent, (solution, source_id, is_hidden), group): Read| {
        let counts = !post.hidden && is_hidden == Some(false);
        PostRecord {
            author,
            parent,
            accepted_answer: solution.filter(|_| counts),
            accepted_answer_source_id: source_id.filter(|_| counts),
            group,
            post,
        }
    };
    scan(session, sql, &mut |read| each(record(read))).await
}

/// Every entry of the ledger after a key, and the position that they are as of.
pub async fn entries(
    session: &impl Session,
    after: Key,
    each: Each<'_, LedgerEntry>,
) -> Result<Position> {
    let position = fetch::position(session).await?;
    let sql = statement!({
        let mut select = sql::select::<LedgerEntry>();
        select.and_where(column(LedgerEntry::TABLE, "key").gt(Expr::cust("?1")));
        in_order::<LedgerEntry>(select)
    });
    let sql = text(session, sql);
    session.scan(sql, &[after.into()], each).await?;
    Ok(position)
}

/// Every entry of the ledger, with the public ids of what it refers to.
pub async fn entry_records(session: &impl Session, each: Each<'_, LedgerRecord>) -> Result<()> {
    let sql = statement!({
        let mut select = sql::select::<LedgerEntry>();
        join::<Account>(&mut select, "owner", (LedgerEntry::TABLE, "account"));
        join::<Profile>(&mut select, "seen", ("owner", "profile"));
        join::<Post>(&mut select, "about", (LedgerEntry::TABLE, "post"));
        select
            .expr(column("owner", "id"))
            .expr(column("seen", "visibility"))
            .expr(column("owner", "enrolled_at"))
            .expr(column("about", "id"));
        in_order::<LedgerEntry>(select)
    });
    type Read = (
        LedgerEntry,
        AccountId,
        Visibility,
        Option<Time>,
        Option<PostId>,
    );
    let record = |(entry, account, visibility, enrolled_at, post): Read| LedgerRecord {
        entry,
        account,
        visibility,
        enrolled: enrolled_at.is_some(),
        post,
    };
    scan(session, sql, &mut |read| each(record(read))).await
}

/// Every profile, with its badges.
pub async fn profile_records(session: &impl Session, each: Each<'_, ProfileRecord>) -> Result<()> {
    let mut last = Key(i64::MIN);
    loop {
        let page = super::standing::profiles(session, last, PAGE).await?;
        match page.last() {
            Some(record) => last = record.profile.key,
            None => return Ok(()),
        }
        for record in page {
            each(record)?;
        }
    }
}

/// Profiles, with their badges.
pub(super) async fn with_badges(
    session: &impl Session,
    profiles: Vec<Profile>,
) -> Result<Vec<ProfileRecord>> {
    let keys: Vec<Key> = profiles.iter().map(|profile| profile.key).collect();
    let mut badges = Badges::default();
    badges
        .read(
            session,
            statement!(
                "SELECT profile, milestone, id, enrolled_at, at, position FROM post_milestone
                 JOIN account ON key = account
                 WHERE profile IN rarray(?1) AND counts ORDER BY at, position, key, milestone"
            ),
            &keys,
            BadgeOf::PostMilestone,
        )
        .await?;
    badges
        .read(
            session,
            statement!(
                "SELECT profile, badge, id, enrolled_at, at, position FROM badge
                 JOIN account ON key = account
                 WHERE profile IN rarray(?1) ORDER BY at, position, key, badge"
            ),
            &keys,
            BadgeOf::Kudos,
        )
        .await?;
    badges
        .read(
            session,
            statement!(
                "SELECT profile, course, id, enrolled_at, at, position FROM course
                 JOIN account ON key = account
                 WHERE profile IN rarray(?1) AND badge IS NOT NULL ORDER BY at, position, key"
            ),
            &keys,
            BadgeOf::Course,
        )
        .await?;
    badges
        .read(
            session,
            statement!(
                "SELECT profile, badge, id, enrolled_at, at, granted_badge.key FROM granted_badge
                 JOIN account ON account.key = account
                 WHERE profile IN rarray(?1) ORDER BY at, granted_badge.key"
            ),
            &keys,
            BadgeOf::Granted,
        )
        .await?;
    let granted: Vec<(Key, LozengeGrant)> =
        rows(session, &SQL.lozenges_of_profiles, &[Param::Keys(&keys)]).await?;
    let mut lozenges: FxHashMap<Key, Vec<LozengeGrant>> = FxHashMap::default();
    for (profile, grant) in granted {
        lozenges.entry(profile).or_default().push(grant);
    }
    let record = |profile: Profile| ProfileRecord {
        lozenges: lozenges.remove(&profile.key).unwrap_or_default(),
        badges: badges.0.remove(&profile.key).unwrap_or_default(),
        profile,
    };
    Ok(profiles.into_iter().map(record).collect())
}

/// The badges of profiles.
#[derive(Default)]
struct Badges(FxHashMap<Key, Vec<BadgeRecord>>);

impl Badges {
    /// Adds those of one kind: profile, which badge, account, since when that takes part, when, and the position.
    async fn read<T: Field + Send>(
        &mut self,
        session: &impl Session,
        sql: &Statement,
        profiles: &[Key],
        badge: fn(T) -> BadgeOf,
    ) -> Result<()> {
        type Read<T> = (Key, T, AccountId, Option<Time>, Time, i64);
        let found: Vec<Read<T>> = rows(session, sql, &[Param::Keys(profiles)]).await?;
        for (profile, which, account, enrolled_at, at, position) in found {
            self.0.entry(profile).or_default().push(BadgeRecord {
                badge: badge(which),
                account,
                enrolled: enrolled_at.is_some(),
                at,
                position: position.cast_unsigned(),
            });
        }
        Ok(())
    }
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

/// What is selected, in the order of a table's keys.
pub(super) fn in_order<R: Row>(mut select: SelectStatement) -> String {
    sql::said(select.order_by((R::TABLE, "key"), Order::Asc))
}

pub(super) async fn scan<T: Field + Send>(
    session: &impl Session,
    sql: &Statement,
    each: Each<'_, T>,
) -> Result<()> {
    session.scan(text(session, sql), &[], each).await
}
