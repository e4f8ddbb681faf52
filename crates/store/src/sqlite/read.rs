//! What resolvers read. Statements of a fixed shape are built once.

use std::rc::Rc;
use std::sync::LazyLock;

use plaudit_domain::{AccountId, Origin, PostId, Visibility};
use plaudit_projection::{
    About, Acceptance, Account, Badge, Certification, Course, Feedback, FigureOfMonth, Gift,
    GrantedBadge, Group, GroupWatch, Interaction, Key, LedgerEntry, Like, LozengeGrant,
    LozengeRequest, Membership, Notification, Post, PostBody, PostMilestone, Profile, Report,
    Review, Row, Tally, TimelineEntry, Waiting, Watch,
};
use rusqlite::types::Value;
use rusqlite::vtab::array::Array;
use rusqlite::{Connection, ToSql};
use sea_query::{Expr, ExprTrait, Order as SqlOrder, Query, SelectStatement, SqliteQueryBuilder};
use uuid::Uuid;

use crate::sql::{self, column};
use crate::{Cursor, Order, Page};

use super::statements::{
    between_keys, equal, in_array, page_among, page_of, page_of_those, pages, pages_of_each,
    pairs_of_account,
};
use super::told::UNREAD;
use super::{Failure, bind};

/// Rows by key.
pub fn by_key<R: Row>(
    connection: &Connection,
    sql: &Among,
    keys: &[Key],
) -> Result<Vec<R>, Failure> {
    sql.query(connection, keys.iter().map(|key| Value::Integer(key.0)))
}

/// Rows by the public id of an account.
pub fn by_account_id<R: Row>(
    connection: &Connection,
    sql: &Among,
    ids: &[AccountId],
) -> Result<Vec<R>, Failure> {
    by_id(connection, sql, ids.iter().map(|id| id.0))
}

/// Rows by the public id of a post.
pub fn by_post_id<R: Row>(
    connection: &Connection,
    sql: &Among,
    ids: &[PostId],
) -> Result<Vec<R>, Failure> {
    by_id(connection, sql, ids.iter().map(|id| id.0))
}

/// Rows by public id.
pub fn by_id<R: Row>(
    connection: &Connection,
    sql: &Among,
    ids: impl ExactSizeIterator<Item = Uuid>,
) -> Result<Vec<R>, Failure> {
    sql.query(connection, ids.map(blob))
}

/// The row that was imported from there.
pub fn by_origin<R: Row>(
    connection: &Connection,
    sql: &str,
    origin: &Origin,
) -> Result<Option<R>, Failure> {
    let found = bind::query(connection, sql, (&origin.source, &origin.id))?;
    Ok(found.into_iter().next())
}

/// For each group, a page of its memberships.
pub fn members(
    connection: &Connection,
    groups: &[Key],
    page: Page,
) -> Result<Vec<Membership>, Failure> {
    related(connection, &SQL.members, groups, page)
}

/// A page of all rows of a table.
pub fn page<R: Row>(
    connection: &Connection,
    sql: &BothWays,
    page: Page,
) -> Result<Vec<R>, Failure> {
    let [at, key] = start(page);
    bind::query(connection, sql.get(page.order), (at, key, page.limit))
}

/// A page of those rows of a table that one more parameter picks.
pub fn page_of_which<R: Row>(
    connection: &Connection,
    sql: &BothWays,
    which: impl ToSql,
    page: Page,
) -> Result<Vec<R>, Failure> {
    let [at, key] = start(page);
    bind::query(
        connection,
        sql.get(page.order),
        (at, key, page.limit, which),
    )
}

/// How many rows a table has.
pub fn count<R: Row>(connection: &Connection) -> Result<i64, Failure> {
    let sql = format!("SELECT count(*) FROM \"{}\"", R::TABLE);
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row((), |row| row.get(0))?)
}

/// For each parent, a page of its rows.
pub fn related<R: Row>(
    connection: &Connection,
    sql: &BothWays,
    parents: &[Key],
    page: Page,
) -> Result<Vec<R>, Failure> {
    let [at, key] = start(page);
    bind::query(
        connection,
        sql.get(page.order),
        (integers(parents), at, key, page.limit),
    )
}

/// For each parent, a page of those of its rows that one more parameter picks.
pub fn related_of<R: Row>(
    connection: &Connection,
    sql: &BothWays,
    parents: &[Key],
    which: impl ToSql,
    page: Page,
) -> Result<Vec<R>, Failure> {
    let [at, key] = start(page);
    bind::query(
        connection,
        sql.get(page.order),
        (integers(parents), at, key, page.limit, which),
    )
}

/// Where a page starts: after its cursor, or before everything.
pub(super) fn start(page: Page) -> [i64; 2] {
    match (page.after, page.order) {
        (Some(Cursor { at, key }), _) => [at, key.0],
        (None, Order::Ascending) => [i64::MIN; 2],
        (None, Order::Descending) => [i64::MAX; 2],
    }
}

pub fn integers(keys: &[Key]) -> Array {
    Rc::new(keys.iter().map(|key| Value::Integer(key.0)).collect())
}

pub fn numbers(numbers: &[i64]) -> Array {
    Rc::new(numbers.iter().copied().map(Value::Integer).collect())
}

pub(super) fn blob(id: Uuid) -> Value {
    Value::Blob(id.into_bytes().to_vec())
}

/// The statements of a fixed shape.
pub static SQL: LazyLock<Sql> = LazyLock::new(Sql::build);

pub struct Sql {
    pub accounts: Among,
    pub accounts_by_id: Among,
    pub account_by_origin: String,
    pub accounts_of: Among,
    pub about: Among,
    pub courses_of: Among,
    pub certifications_of: Among,
    pub memberships_of: Among,
    pub membership: String,
    pub groups: Among,
    pub groups_by_id: Among,
    pub all_posts_of: Among,
    pub profiles: Among,
    pub profiles_by_id: Among,
    pub posts: Among,
    pub posts_by_id: Among,
    pub post_by_origin: String,
    pub bodies: Among,
    pub like: String,
    pub likes_of: Among,
    pub watch: String,
    pub watches_of: Among,
    pub group_watch: String,
    pub group_watches_of: Among,
    pub group_watchers: String,
    pub reviews: Among,
    pub reviews_of: Among,
    pub report: String,
    pub open_reports_of: String,
    pub review_page: BothWays,
    pub notifications_of: BothWays,
    pub unread_of: BothWays,
    pub notifications_after: String,
    pub figures: String,
    pub notifications_by_id: Among,
    pub liked: String,
    pub watched: String,
    pub waiting: Among,
    pub interaction: String,
    pub entries_between: String,
    pub tally: String,
    pub milestones_of_posts: Among,
    pub granted_badges_of: Among,
    pub lozenges_of: Among,
    pub lozenge_requests_of: Among,
    pub lozenges_of_profile: String,
    pub lozenge_request_page: BothWays,
    pub lozenge_holders: BothWays,
    pub acceptances_of: Among,
    pub gifts_by_id: Among,
    pub timeline: BothWays,
    pub ledger_of: BothWays,
    pub gifts_received: BothWays,
    pub gifts_given: BothWays,
    pub badge_awards: BothWays,
    pub milestone_awards: BothWays,
    pub waiting_page: BothWays,
    pub feedback_page: BothWays,
    pub replies: BothWays,
    pub posts_of: BothWays,
    pub posts_in: BothWays,
    pub likes: BothWays,
    members: BothWays,
    pub group_page: BothWays,
    pub groups_of_kind: BothWays,
}

/// Rows by the values of a column.
pub struct Among {
    /// A single value is looked up at once, without a table of values: half the time.
    one: String,
    many: String,
}

impl Among {
    pub(super) fn build<R: Row>(name: &'static str) -> Self {
        Self::build_of::<R>(name, |_| ())
    }

    /// Of some of a table's rows.
    pub(super) fn build_of<R: Row>(
        name: &'static str,
        restrict: impl Fn(&mut SelectStatement),
    ) -> Self {
        let rows = |wanted: Expr| {
            let mut select = sql::select::<R>();
            select.and_where(wanted);
            restrict(&mut select);
            select.to_string(SqliteQueryBuilder)
        };
        Self {
            one: rows(column(R::TABLE, name).eq(Expr::cust("?1"))),
            many: rows(in_array(column(R::TABLE, name))),
        }
    }

    pub(super) fn query<R: Row>(
        &self,
        connection: &Connection,
        mut values: impl ExactSizeIterator<Item = Value>,
    ) -> Result<Vec<R>, Failure> {
        match (values.len(), values.next()) {
            (_, None) => Ok(vec![]),
            (1, Some(value)) => bind::query(connection, &self.one, [value]),
            (_, first) => {
                let values: Array = Rc::new(first.into_iter().chain(values).collect());
                bind::query(connection, &self.many, [values])
            }
        }
    }
}

pub struct BothWays {
    ascending: String,
    descending: String,
}

impl BothWays {
    pub(super) fn build(statement: impl Fn(Order) -> String) -> Self {
        Self {
            ascending: statement(Order::Ascending),
            descending: statement(Order::Descending),
        }
    }

    pub(super) fn get(&self, order: Order) -> &str {
        match order {
            Order::Ascending => &self.ascending,
            Order::Descending => &self.descending,
        }
    }
}

impl Sql {
    fn build() -> Self {
        let in_created_order = ["created_at", "key"];
        Self {
            accounts: Among::build::<Account>("key"),
            accounts_by_id: Among::build::<Account>("id"),
            accounts_of: Among::build::<Account>("profile"),
            about: Among::build::<About>("account"),
            courses_of: Among::build::<Course>("account"),
            certifications_of: Among::build::<Certification>("account"),
            memberships_of: Among::build::<Membership>("account"),
            membership: equal::<Membership>(["group_key", "account"]),
            groups: Among::build::<Group>("key"),
            groups_by_id: Among::build::<Group>("id"),
            all_posts_of: Among::build::<Post>("author"),
            account_by_origin: equal::<Account>(["source", "source_id"]),
            profiles: Among::build::<Profile>("key"),
            profiles_by_id: Among::build::<Profile>("id"),
            posts: Among::build::<Post>("key"),
            posts_by_id: Among::build::<Post>("id"),
            post_by_origin: equal::<Post>(["source", "source_id"]),
            bodies: Among::build::<PostBody>("post"),
            like: equal::<Like>(["post", "account"]),
            likes_of: Among::build::<Like>("post"),
            watch: equal::<Watch>(["post", "account"]),
            watches_of: Among::build::<Watch>("post"),
            group_watch: equal::<GroupWatch>(["group_key", "account"]),
            group_watches_of: Among::build::<GroupWatch>("group_key"),
            group_watchers: Query::select()
                .column("group_key")
                .from(GroupWatch::TABLE)
                .and_where(in_array(column(GroupWatch::TABLE, "group_key")))
                .and_where(column(GroupWatch::TABLE, "account").eq(Expr::cust("?2")))
                .to_string(SqliteQueryBuilder),
            reviews: Among::build::<Review>("post"),
            reviews_of: Among::build::<Review>("author"),
            report: equal::<Report>(["post", "account"]),
            open_reports_of: sql::select::<Report>()
                .and_where(column(Report::TABLE, "open").eq(Expr::cust("1")))
                .and_where(in_array(column(Report::TABLE, "post")))
                .to_string(SqliteQueryBuilder),
            notifications_of: BothWays::build(|order| {
                pages::<Notification>("account", ["at", "position"], order, |_| ())
            }),
            unread_of: BothWays::build(|order| {
                pages::<Notification>("account", ["at", "position"], order, |part| {
                    part.and_where(column(Notification::TABLE, "at").gt(Expr::cust("?5")))
                        .and_where(Expr::cust(UNREAD));
                })
            }),
            notifications_after: format!(
                "{} LIMIT ?3",
                sql::select::<Notification>()
                    .and_where(in_array(column(Notification::TABLE, "account")))
                    .and_where(column(Notification::TABLE, "position").gt(Expr::cust("?2")))
                    .order_by((Notification::TABLE, "position"), SqlOrder::Asc)
                    .to_string(SqliteQueryBuilder)
            ),
            figures: sql::select::<FigureOfMonth>()
                .order_by("month", SqlOrder::Asc)
                .order_by("figure", SqlOrder::Asc)
                .to_string(SqliteQueryBuilder),
            review_page: BothWays::build(|order| {
                let mut select = sql::select::<Review>();
                select.and_where(Expr::cust("\"waiting\" = 1 AND \"deleted\" = 0"));
                page_among(select, Review::TABLE, ["since", "post"], order)
            }),
            notifications_by_id: Among::build::<Notification>("id"),
            liked: pairs_of_account::<Like>(),
            watched: pairs_of_account::<Watch>(),
            waiting: Among::build::<Waiting>("account"),
            interaction: equal::<Interaction>(["day", "kind", "subject"]),
            entries_between: between_keys::<LedgerEntry>(),
            tally: equal::<Tally>(["account", "what", "since"]),
            milestones_of_posts: Among::build::<PostMilestone>("post"),
            granted_badges_of: Among::build::<GrantedBadge>("account"),
            lozenges_of: Among::build::<LozengeGrant>("account"),
            lozenge_requests_of: Among::build::<LozengeRequest>("account"),
            lozenges_of_profile: lozenges_of_profile(),
            lozenge_request_page: BothWays::build(|order| {
                let mut select = sql::select::<LozengeRequest>();
                select
                    .and_where(column(LozengeRequest::TABLE, "state").eq(Expr::cust("'waiting'")));
                page_among(select, LozengeRequest::TABLE, ["since", "position"], order)
            }),
            lozenge_holders: BothWays::build(|order| {
                let of = |name| column(LozengeGrant::TABLE, name);
                let mut select = sql::select::<LozengeGrant>();
                select
                    .and_where(of("lozenge").eq(Expr::cust("?4")))
                    .and_where(of("held").eq(Expr::cust("1")));
                page_among(
                    select,
                    LozengeGrant::TABLE,
                    ["granted_at", "position"],
                    order,
                )
            }),
            acceptances_of: Among::build::<Acceptance>("account"),
            gifts_by_id: Among::build::<Gift>("id"),
            timeline: BothWays::build(|order| {
                let place = ["position", "position"];
                pages::<TimelineEntry>("subject", place, order, |_| ())
            }),
            ledger_of: BothWays::build(|order| {
                pages::<LedgerEntry>("account", ["at", "key"], order, |_| ())
            }),
            gifts_received: BothWays::build(|order| {
                pages::<Gift>("receiver", ["at", "key"], order, |_| ())
            }),
            gifts_given: BothWays::build(|order| {
                pages::<Gift>("giver", ["at", "key"], order, |part| {
                    part.and_where(Expr::cust(seen_by("?5")));
                })
            }),
            badge_awards: BothWays::build(|order| {
                pages_of_each::<Badge>(["account", "badge"], ["at", "cause"], order, |_| ())
            }),
            milestone_awards: BothWays::build(|order| {
                let counts = column(PostMilestone::TABLE, "counts").eq(Expr::cust("1"));
                let of = ["account", "milestone"];
                pages_of_each::<PostMilestone>(of, ["at", "post"], order, |part| {
                    part.and_where(counts.clone());
                })
            }),
            waiting_page: BothWays::build(|order| page_of::<Waiting>(["since", "account"], order)),
            feedback_page: BothWays::build(|order| page_of::<Feedback>(["at", "key"], order)),
            replies: BothWays::build(|order| {
                let of_kind = column(Post::TABLE, "kind").eq(Expr::cust("?5"));
                pages::<Post>("parent", in_created_order, order, |part| {
                    part.and_where(of_kind.clone()).and_where(in_sight());
                })
            }),
            posts_of: BothWays::build(|order| {
                pages::<Post>("author", in_created_order, order, |part| {
                    part.and_where(in_sight());
                })
            }),
            posts_in: BothWays::build(|order| {
                pages::<Post>("group_key", in_created_order, order, |part| {
                    part.and_where(in_sight());
                })
            }),
            likes: BothWays::build(|order| {
                pages::<Like>("post", ["position", "account"], order, |_| ())
            }),
            members: BothWays::build(|order| {
                pages::<Membership>("group_key", ["position", "account"], order, |_| ())
            }),
            group_page: BothWays::build(|order| page_of::<Group>(in_created_order, order)),
            groups_of_kind: BothWays::build(|order| {
                page_of_those::<Group>("kind", in_created_order, order)
            }),
        }
    }
}

/// A gift is seen by whose profile gave or got it, and by everybody if the profile that got it is public.
pub fn seen_by(viewer: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM \"account\" AS \"got\" \
             JOIN \"profile\" AS \"of\" ON \"of\".\"key\" = \"got\".\"profile\" \
             WHERE \"got\".\"key\" = \"gift\".\"receiver\" \
             AND (\"of\".\"visibility\" = '{public}' OR \"of\".\"key\" = {viewer})) \
         OR EXISTS (SELECT 1 FROM \"account\" AS \"gave\" \
             WHERE \"gave\".\"key\" = \"gift\".\"giver\" AND \"gave\".\"profile\" = {viewer})",
        public = Visibility::Public.as_str(),
    )
}

/// What the accounts of a profile were granted.
fn lozenges_of_profile() -> String {
    let mut select = sql::select::<LozengeGrant>();
    select
        .inner_join(
            Account::TABLE,
            column(Account::TABLE, "key").equals((LozengeGrant::TABLE, "account")),
        )
        .and_where(column(Account::TABLE, "profile").eq(Expr::cust("?1")));
    select.to_string(SqliteQueryBuilder)
}

fn in_sight() -> Expr {
    column(Post::TABLE, "hidden").eq(Expr::cust("0"))
}

#[cfg(test)]
mod tests;
