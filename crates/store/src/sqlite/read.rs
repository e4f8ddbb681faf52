//! What resolvers read. Statements of a fixed shape are built once.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::LazyLock;

use plaudit_domain::post::Kind;
use plaudit_domain::{AccountId, Origin, PostId, Visibility};
use plaudit_projection::{
    About, Acceptance, Account, Badge, Certification, Course, Feedback, FigureOfMonth, Gift,
    GrantedBadge, Group, GroupWatch, Interaction, Key, LedgerEntry, Like, LozengeGrant,
    LozengeRequest, Membership, Notification, Post, PostBody, PostMilestone, PostTag, Profile,
    Report, Review, Row, Tally, TimelineEntry, Waiting, Watch,
};
use rusqlite::types::Value;
use rusqlite::vtab::array::Array;
use rusqlite::{Connection, ToSql, params_from_iter};
use sea_query::{
    Expr, ExprTrait, Func, IntoColumnRef, Order as SqlOrder, Query, SelectStatement,
    SqliteQueryBuilder, UnionType,
};

use uuid::Uuid;

use crate::sql::{self, column};
use crate::{Cursor, Order, Page, PostFilter};

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

/// A page of posts.
pub fn post_page(
    connection: &Connection,
    filter: &PostFilter,
    page: Page,
) -> Result<Vec<Post>, Failure> {
    let (sql, values) = page_of_posts(filter, page).build(SqliteQueryBuilder);
    let params = params_from_iter(bind::values(values)?);
    bind::query(connection, &sql, params)
}

fn page_of_posts(filter: &PostFilter, page: Page) -> SelectStatement {
    let place = match filter.tag {
        Some(_) => ["created_at", "post"].map(|name| (PostTag::TABLE, name).into_column_ref()),
        None => ["created_at", "key"].map(IntoColumnRef::into_column_ref),
    };
    let part = |filter: &PostFilter| {
        let mut part = filtered(sql::select::<Post>(), filter);
        part.and_where(beyond(
            page.order,
            place.clone().map(Expr::col),
            start(page).map(Expr::value),
        ));
        part
    };
    // An index has the posts of one kind in order, but not those of several: they are merged.
    let kinds: BTreeSet<Kind> = filter.kinds.iter().copied().collect();
    let parts = kinds.into_iter().map(|kind| {
        part(&PostFilter {
            kinds: vec![kind],
            ..filter.clone()
        })
    });
    let merged = parts.reduce(|mut merged, part| {
        merged.union(UnionType::All, part);
        merged
    });
    let mut select = match (merged, filter) {
        (
            Some(merged),
            PostFilter {
                tag: None,
                author: None,
                group: None,
                ..
            },
        ) => merged,
        (_, filter) => part(filter),
    };
    for column in place {
        select.order_by(column, sql_order(page.order));
    }
    select.limit(page.limit.into());
    select
}

/// How many posts there are.
pub fn post_count(connection: &Connection, filter: &PostFilter) -> Result<i64, Failure> {
    let (sql, values) = count_of_posts(filter).build(SqliteQueryBuilder);
    let params = params_from_iter(bind::values(values)?);
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row(params, |row| row.get(0))?)
}

fn count_of_posts(filter: &PostFilter) -> SelectStatement {
    let mut count = Query::select();
    count.expr(Func::count(Expr::cust("*"))).from(Post::TABLE);
    filtered(count, filter)
}

/// For each post, a page of its replies.
pub fn replies(
    connection: &Connection,
    parents: &[Key],
    kind: Kind,
    page: Page,
) -> Result<Vec<Post>, Failure> {
    let sql = SQL.replies.get(page.order);
    let [at, key] = start(page);
    bind::query(
        connection,
        sql,
        (integers(parents), at, key, page.limit, kind.as_str()),
    )
}

/// For each account, a page of its posts.
pub fn posts_of(
    connection: &Connection,
    authors: &[Key],
    page: Page,
) -> Result<Vec<Post>, Failure> {
    related(connection, &SQL.posts_of, authors, page)
}

/// For each group, a page of the posts in it.
pub fn posts_in(connection: &Connection, groups: &[Key], page: Page) -> Result<Vec<Post>, Failure> {
    related(connection, &SQL.posts_in, groups, page)
}

/// For each post, a page of its likes.
pub fn likes(connection: &Connection, posts: &[Key], page: Page) -> Result<Vec<Like>, Failure> {
    related(connection, &SQL.likes, posts, page)
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

/// Which of these posts an account is paired with.
pub fn paired(
    connection: &Connection,
    sql: &str,
    account: Key,
    posts: &[Key],
) -> Result<Vec<Key>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let keys = statement.query_map((integers(posts), account.0), |row| row.get(0).map(Key))?;
    Ok(keys.collect::<rusqlite::Result<_>>()?)
}

fn filtered(mut select: SelectStatement, filter: &PostFilter) -> SelectStatement {
    if let Some(tag) = &filter.tag {
        select
            .inner_join(
                PostTag::TABLE,
                column(PostTag::TABLE, "post").equals((Post::TABLE, "key")),
            )
            .and_where(column(PostTag::TABLE, "tag").eq(tag.as_str()));
    }
    if !filter.kinds.is_empty() {
        let kinds = filter.kinds.iter().map(|kind| kind.as_str());
        select.and_where(column(Post::TABLE, "kind").is_in(kinds));
    }
    if let Some(author) = filter.author {
        select.and_where(column(Post::TABLE, "author").eq(author.0));
    }
    if let Some(group) = filter.group {
        select.and_where(column(Post::TABLE, "group_key").eq(group.0));
    }
    select.and_where(column(Post::TABLE, "hidden").eq(0_i64));
    select
}

/// Where a page starts: after its cursor, or before everything.
pub(super) fn start(page: Page) -> [i64; 2] {
    match (page.after, page.order) {
        (Some(Cursor { at, key }), _) => [at, key.0],
        (None, Order::Ascending) => [i64::MIN; 2],
        (None, Order::Descending) => [i64::MAX; 2],
    }
}

pub(super) fn beyond(order: Order, columns: [Expr; 2], place: [Expr; 2]) -> Expr {
    let (columns, place) = (Expr::tuple(columns), Expr::tuple(place));
    match order {
        Order::Ascending => columns.gt(place),
        Order::Descending => columns.lt(place),
    }
}

pub(super) fn sql_order(order: Order) -> SqlOrder {
    match order {
        Order::Ascending => SqlOrder::Asc,
        Order::Descending => SqlOrder::Desc,
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
    replies: BothWays,
    posts_of: BothWays,
    posts_in: BothWays,
    likes: BothWays,
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

/// At most ?3 rows beyond (?1, ?2).
pub(super) fn page_of<R: Row>(columns: [&'static str; 2], order: Order) -> String {
    page_among(sql::select::<R>(), R::TABLE, columns, order)
}

/// The same of those rows whose column is what ?4 says.
pub(super) fn page_of_those<R: Row>(
    which: &'static str,
    columns: [&'static str; 2],
    order: Order,
) -> String {
    let mut select = sql::select::<R>();
    select.and_where(column(R::TABLE, which).eq(Expr::cust("?4")));
    page_among(select, R::TABLE, columns, order)
}

/// Of what is selected, at most ?3 rows beyond (?1, ?2).
pub(super) fn page_among(
    mut select: SelectStatement,
    table: &'static str,
    columns: [&'static str; 2],
    order: Order,
) -> String {
    select.and_where(beyond(
        order,
        columns.map(|name| column(table, name)),
        [Expr::cust("?1"), Expr::cust("?2")],
    ));
    for name in columns {
        select.order_by((table, name), sql_order(order));
    }
    format!("{} LIMIT ?3", select.to_string(SqliteQueryBuilder))
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

/// Rows whose columns equal the parameters.
pub(super) fn equal<R: Row>(names: impl IntoIterator<Item = &'static str>) -> String {
    let mut select = sql::select::<R>();
    for name in names {
        select.and_where(column(R::TABLE, name).eq(Expr::cust("?")));
    }
    select.to_string(SqliteQueryBuilder)
}

/// Rows from the key of the first parameter up to, but not with, that of the second.
fn between_keys<R: Row>() -> String {
    let key = || column(R::TABLE, "key");
    sql::select::<R>()
        .and_where(key().gte(Expr::cust("?1")))
        .and_where(key().lt(Expr::cust("?2")))
        .order_by((R::TABLE, "key"), SqlOrder::Asc)
        .to_string(SqliteQueryBuilder)
}

/// The posts among the first parameter that the account of the second is paired with.
fn pairs_of_account<R: Row>() -> String {
    Query::select()
        .column("post")
        .from(R::TABLE)
        .and_where(in_array(column(R::TABLE, "post")))
        .and_where(column(R::TABLE, "account").eq(Expr::cust("?2")))
        .to_string(SqliteQueryBuilder)
}

fn in_array(column: Expr) -> Expr {
    Expr::cust_with_expr("? IN rarray(??1)", column)
}

/// For each parent among the first parameter, at most ?4 rows beyond (?2, ?3): one statement for
/// all parents, which reads no more of each than its page.
pub(super) fn pages<R: Row>(
    parent: &'static str,
    place: [&'static str; 2],
    order: Order,
    restrict: impl FnOnce(&mut SelectStatement),
) -> String {
    pages_of::<R>(&[(parent, "parent", 1)], place, order, restrict)
}

/// The same for each parent among the first parameter and each of what the fifth has.
fn pages_of_each<R: Row>(
    [parent, other]: [&'static str; 2],
    place: [&'static str; 2],
    order: Order,
    restrict: impl FnOnce(&mut SelectStatement),
) -> String {
    let parents = [(parent, "parent", 1), (other, "other", 5)];
    pages_of::<R>(&parents, place, order, restrict)
}

/// The parents are columns, each with a name and the parameter that it is among.
fn pages_of<R: Row>(
    parents: &[(&'static str, &str, u32)],
    [at, key]: [&'static str; 2],
    order: Order,
    restrict: impl FnOnce(&mut SelectStatement),
) -> String {
    let mut part = Query::select();
    for (parent, name, _) in parents {
        part.and_where(column(R::TABLE, parent).eq(Expr::cust(format!("{name}.value"))));
    }
    part.columns(R::PRIMARY.iter().copied())
        .from(R::TABLE)
        .and_where(beyond(
            order,
            [column(R::TABLE, at), column(R::TABLE, key)],
            [Expr::cust("?2"), Expr::cust("?3")],
        ));
    restrict(&mut part);
    let direction = match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    };
    let part = part
        .order_by(at, sql_order(order))
        .order_by(key, sql_order(order))
        .to_string(SqliteQueryBuilder);
    let primary = R::PRIMARY
        .iter()
        .map(|name| format!("page.\"{name}\""))
        .collect::<Vec<_>>()
        .join(", ");
    let columns = R::table_columns()
        .iter()
        .map(|column| format!("page.\"{}\"", column.name))
        .collect::<Vec<_>>()
        .join(", ");
    let from = parents
        .iter()
        .map(|(_, name, parameter)| format!("rarray(?{parameter}) AS {name}"))
        .collect::<Vec<_>>()
        .join(" CROSS JOIN ");
    let order = parents
        .iter()
        .map(|(parent, ..)| format!("page.\"{parent}\""))
        .collect::<Vec<_>>()
        .join(", ");
    // sea-query knows no correlated join with a limit of its own.
    format!(
        "SELECT {columns} FROM {from} \
         CROSS JOIN \"{table}\" AS page ON ({primary}) IN ({part} LIMIT ?4) \
         ORDER BY {order}, page.\"{at}\" {direction}, page.\"{key}\" {direction}",
        table = R::TABLE,
    )
}

/// How SQLite goes about it: so that no read grows with the community, where a page does not.
#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::super::SqliteStore;
    use super::*;

    const BOTH: [Order; 2] = [Order::Ascending, Order::Descending];

    fn connection() -> (TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("1.sqlite"), "").unwrap();
        let connection = store.connect().unwrap();
        (folder, connection)
    }

    fn plan(connection: &Connection, sql: &str) -> Vec<String> {
        let mut statement = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let mut steps = Vec::new();
        let mut rows = statement.raw_query();
        while let Some(step) = rows.next().unwrap() {
            steps.push(step.get("detail").unwrap());
        }
        steps
    }

    fn some_filters() -> Vec<PostFilter> {
        let mut filters = Vec::new();
        for kinds in [
            vec![],
            vec![Kind::Article],
            vec![Kind::Article, Kind::Question],
            Kind::ALL.to_vec(),
        ] {
            for tag in [None, Some("tag".to_owned())] {
                for author in [None, Some(Key(1))] {
                    for group in [None, Some(Key(2))] {
                        filters.push(PostFilter {
                            kinds: kinds.clone(),
                            tag: tag.clone(),
                            author,
                            group,
                        });
                    }
                }
            }
        }
        filters
    }

    #[test]
    fn a_page_of_posts_is_read_in_the_order_of_an_index_and_never_sorted() {
        let (_folder, connection) = connection();
        for filter in some_filters() {
            for order in BOTH {
                let page = Page {
                    order,
                    after: None,
                    limit: 20,
                };
                let sql = page_of_posts(&filter, page).to_string(SqliteQueryBuilder);
                let plan = plan(&connection, &sql);
                assert!(
                    plan.iter()
                        .all(|step| !step.starts_with("SCAN") && !step.contains("TEMP B-TREE")),
                    "{filter:?} {order:?}: {plan:#?}"
                );
            }
        }
    }

    #[test]
    fn pages_of_many_parents_are_read_in_the_order_of_an_index_and_sorted_once_cut() {
        let (_folder, connection) = connection();
        for statement in [
            &SQL.replies,
            &SQL.posts_of,
            &SQL.posts_in,
            &SQL.likes,
            &SQL.members,
        ] {
            for order in BOTH {
                let plan = plan(&connection, statement.get(order));
                let [parents, rows, list, page, sort] = &plan[..] else {
                    panic!("{plan:#?}");
                };
                assert!(
                    parents.starts_with("SCAN parent VIRTUAL TABLE"),
                    "{plan:#?}"
                );
                assert!(rows.starts_with("SEARCH page USING"), "{plan:#?}");
                assert!(rows.contains("PRIMARY KEY"), "{plan:#?}");
                assert!(list.starts_with("CORRELATED LIST SUBQUERY"), "{plan:#?}");
                assert!(page.starts_with("SEARCH "), "{plan:#?}");
                assert!(page.contains('>') || page.contains('<'), "{plan:#?}");
                assert_eq!(sort, "USE TEMP B-TREE FOR ORDER BY", "{plan:#?}");
            }
        }
    }

    #[test]
    fn what_is_read_of_kudos_is_searched_and_a_page_of_it_never_sorted_before_it_is_cut() {
        let (_folder, connection) = connection();
        for statement in [
            &SQL.timeline,
            &SQL.ledger_of,
            &SQL.gifts_received,
            &SQL.gifts_given,
            &SQL.badge_awards,
            &SQL.milestone_awards,
        ] {
            for order in BOTH {
                let plan = plan(&connection, statement.get(order));
                let (sort, steps) = plan.split_last().unwrap();
                assert_eq!(sort, "USE TEMP B-TREE FOR ORDER BY", "{plan:#?}");
                for step in steps {
                    let is_scan = step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE");
                    assert!(!is_scan, "{plan:#?}");
                    // Entries of one moment are few.
                    let is_sort = step.contains("TEMP B-TREE") && !step.contains("LAST TERM");
                    assert!(!is_sort, "{plan:#?}");
                }
            }
        }
    }

    #[test]
    fn what_is_read_of_meetings_is_searched_and_a_page_of_it_never_sorted_before_it_is_cut() {
        let (_folder, connection) = connection();
        for statement in super::super::meetings::SQL.pages() {
            for order in BOTH {
                let plan = plan(&connection, statement.get(order));
                for step in &plan[..plan.len() - 1] {
                    let is_scan = step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE");
                    assert!(!is_scan, "{plan:#?}");
                    let is_sort = step.contains("TEMP B-TREE") && !step.contains("LAST TERM");
                    assert!(!is_sort, "{plan:#?}");
                }
            }
        }
    }

    #[test]
    fn what_is_read_of_lozenges_is_searched_in_the_order_of_an_index() {
        let (_folder, connection) = connection();
        for statement in [&SQL.lozenge_request_page, &SQL.lozenge_holders] {
            for order in BOTH {
                let plan = plan(&connection, statement.get(order));
                let [step] = &plan[..] else {
                    panic!("{plan:#?}");
                };
                assert!(step.starts_with("SEARCH"), "{plan:#?}");
                assert!(step.contains('>') || step.contains('<'), "{plan:#?}");
            }
        }
    }

    #[test]
    fn a_count_of_posts_reads_no_row_of_them() {
        let (_folder, connection) = connection();
        for filter in some_filters().into_iter().filter(|filter| {
            // With both, the rows of the shorter list have to be looked at.
            let lists = [
                filter.tag.is_some(),
                !filter.kinds.is_empty(),
                filter.author.is_some(),
                filter.group.is_some(),
            ];
            !lists[0] && lists.into_iter().filter(|is_given| *is_given).count() < 2
        }) {
            let sql = count_of_posts(&filter).to_string(SqliteQueryBuilder);
            let plan = plan(&connection, &sql);
            assert!(
                plan.iter()
                    .all(|step| step.contains("USING COVERING INDEX")),
                "{filter:?}: {plan:#?}"
            );
        }
    }

    #[test]
    fn what_has_a_key_is_searched_by_it() {
        let (_folder, connection) = connection();
        let among = [
            &SQL.accounts,
            &SQL.accounts_by_id,
            &SQL.profiles,
            &SQL.profiles_by_id,
            &SQL.posts,
            &SQL.posts_by_id,
            &SQL.bodies,
            &SQL.likes_of,
            &SQL.accounts_of,
            &SQL.about,
            &SQL.courses_of,
            &SQL.certifications_of,
            &SQL.memberships_of,
            &SQL.lozenges_of,
            &SQL.lozenge_requests_of,
            &SQL.acceptances_of,
            &SQL.groups,
            &SQL.groups_by_id,
            &SQL.all_posts_of,
        ];
        let by_two = [
            &SQL.account_by_origin,
            &SQL.post_by_origin,
            &SQL.like,
            &SQL.watch,
            &SQL.liked,
            &SQL.watched,
            &SQL.membership,
        ];
        let among = among.into_iter().flat_map(|sql| [&sql.one, &sql.many]);
        for sql in among.chain(by_two) {
            let plan = plan(&connection, sql);
            assert!(plan[0].starts_with("SEARCH"), "{sql}: {plan:#?}");
            assert!(
                plan[1..]
                    .iter()
                    .all(|step| step.starts_with("LIST SUBQUERY")
                        || step.starts_with("SCAN rarray VIRTUAL TABLE")),
                "{sql}: {plan:#?}"
            );
        }
    }
}
