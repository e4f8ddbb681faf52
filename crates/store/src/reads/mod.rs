//! What is read, and how that is said: once, for all engines. Statements of a fixed shape are built once.

use std::sync::LazyLock;

use plaudit_domain::{Origin, Visibility};
use plaudit_projection::row::Field;
use plaudit_projection::{
    About, Acceptance, Account, Badge, Certification, Course, Feedback, FigureOfMonth, Gift,
    GrantedBadge, Group, GroupWatch, Interaction, Key, LedgerEntry, Like, LozengeGrant,
    LozengeRequest, Membership, Notification, Post, PostBody, PostMilestone, Profile, Report,
    Review, Row, Tally, TimelineEntry, Waiting, Watch,
};
use sea_query::{Expr, ExprTrait, Order as SqlOrder, Query, SelectStatement};
use uuid::Uuid;

use crate::engine::{Session, first, one, rows, text};
use crate::sql::{self, column};
use crate::statement::{Param, Statement};
use crate::{Cursor, Order, Page, Result};

use self::statements::{
    between_keys, equal, in_array, page_among, page_of, page_of_those, pages, pages_of_each,
    pairs_of_account, with_account,
};
use self::told::UNREAD;

pub mod export;
pub mod fetch;
pub mod kudos;
pub mod lozenge;
pub mod meetings;
pub mod posts;
pub mod standing;
pub mod statements;
pub mod told;

/// Rows by key.
pub async fn by_key<R: Row>(session: &impl Session, sql: &Among, keys: &[Key]) -> Result<Vec<R>> {
    match keys {
        [] => Ok(vec![]),
        [key] => rows(session, &sql.one, &[(*key).into()]).await,
        keys => rows(session, &sql.many, &[Param::Keys(keys)]).await,
    }
}

/// Rows by public id.
pub async fn by_id<R: Row>(session: &impl Session, sql: &Among, ids: Vec<Uuid>) -> Result<Vec<R>> {
    match &ids[..] {
        [] => Ok(vec![]),
        [id] => rows(session, &sql.one, &[Param::Uuid(*id)]).await,
        ids => rows(session, &sql.many, &[Param::Uuids(ids)]).await,
    }
}

/// The row that was imported from there.
pub async fn by_origin<R: Row>(
    session: &impl Session,
    sql: &Statement,
    origin: &Origin,
) -> Result<Option<R>> {
    let params = [Param::Text(&origin.source), Param::Text(&origin.id)];
    first(session, sql, &params).await
}

/// A page of all rows of a table.
pub async fn page<R: Row>(session: &impl Session, sql: &BothWays, page: Page) -> Result<Vec<R>> {
    let [at, key] = start(page);
    let params = [at, key, page.limit.into()].map(Param::Integer);
    rows(session, sql.get(page.order), &params).await
}

/// A page of those rows of a table that one more parameter picks.
pub async fn page_of_which<R: Row>(
    session: &impl Session,
    sql: &BothWays,
    which: Param<'_>,
    page: Page,
) -> Result<Vec<R>> {
    let [at, key, limit] = parameters(page);
    rows(session, sql.get(page.order), &[at, key, limit, which]).await
}

/// How many rows a table has.
pub async fn count<R: Row>(session: &impl Session) -> Result<i64> {
    let sql = Statement::new(format!("SELECT count(*) FROM \"{}\"", R::TABLE));
    one(session, &sql, &[]).await
}

/// For each parent, a page of its rows.
pub async fn related<R: Row>(
    session: &impl Session,
    sql: &BothWays,
    parents: &[Key],
    page: Page,
) -> Result<Vec<R>> {
    let [at, key, limit] = parameters(page);
    let params = [Param::Keys(parents), at, key, limit];
    rows(session, sql.get(page.order), &params).await
}

/// For each parent, a page of those of its rows that one more parameter picks.
pub async fn related_of<R: Row>(
    session: &impl Session,
    sql: &BothWays,
    parents: &[Key],
    which: Param<'_>,
    page: Page,
) -> Result<Vec<R>> {
    let [at, key, limit] = parameters(page);
    let params = [Param::Keys(parents), at, key, limit, which];
    rows(session, sql.get(page.order), &params).await
}

/// Rows that are asked for by pairs.
pub async fn by_pairs<R: Field + Send>(
    session: &impl Session,
    sql: &Statement,
    pairs: &[(Key, Key)],
) -> Result<Vec<R>> {
    let pair = |&(with, account): &(Key, Key)| [with.into(), account.into()];
    let pairs: Vec<_> = pairs.iter().map(pair).collect();
    session.query_each(text(session, sql), &pairs).await
}

/// Where a page starts, and how long it is.
fn parameters(page: Page) -> [Param<'static>; 3] {
    let [at, key] = start(page);
    [at, key, page.limit.into()].map(Param::Integer)
}

/// Where a page starts: after its cursor, or before everything.
fn start(page: Page) -> [i64; 2] {
    match (page.after, page.order) {
        (Some(Cursor { at, key }), _) => [at, key.0],
        (None, Order::Ascending) => [i64::MIN; 2],
        (None, Order::Descending) => [i64::MAX; 2],
    }
}

/// The statements of a fixed shape.
pub static SQL: LazyLock<Sql> = LazyLock::new(Sql::build);

pub struct Sql {
    pub accounts: Among,
    pub accounts_by_id: Among,
    pub account_by_origin: Statement,
    pub accounts_of: Among,
    pub about: Among,
    pub courses_of: Among,
    pub certifications_of: Among,
    pub memberships_of: Among,
    pub membership: Statement,
    pub groups: Among,
    pub groups_by_id: Among,
    pub all_posts_of: Among,
    pub profiles: Among,
    pub profiles_by_id: Among,
    pub posts: Among,
    pub posts_by_id: Among,
    pub post_by_origin: Statement,
    pub bodies: Among,
    pub like: Statement,
    pub likes_of: Among,
    pub watch: Statement,
    pub watches_of: Among,
    pub group_watch: Statement,
    pub group_watches_of: Among,
    pub group_watchers: Statement,
    pub reviews: Among,
    pub reviews_of: Among,
    pub report: Statement,
    pub open_reports_of: Statement,
    pub review_page: BothWays,
    pub reported_page: BothWays,
    pub notifications_of: BothWays,
    pub unread_of: BothWays,
    pub notifications_after: Statement,
    pub figures: Statement,
    pub notifications_by_id: Among,
    pub liked: Statement,
    pub watched: Statement,
    pub waiting: Among,
    pub interaction: Statement,
    pub entries_between: Statement,
    pub tally: Statement,
    pub milestones_of_posts: Among,
    pub granted_badges_of: Among,
    pub lozenges_of: Among,
    pub lozenge_requests_of: Among,
    pub lozenges_of_profiles: Statement,
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
    pub members: BothWays,
    pub group_page: BothWays,
    pub groups_of_kind: BothWays,
}

/// Rows by the values of a column.
pub struct Among {
    /// A single value is looked up at once, without a table of values: half the time.
    pub one: Statement,
    pub many: Statement,
}

impl Among {
    fn build<R: Row>(name: &'static str) -> Self {
        Self::build_of::<R>(name, |_| ())
    }

    /// Of some of a table's rows.
    fn build_of<R: Row>(name: &'static str, restrict: impl Fn(&mut SelectStatement)) -> Self {
        let rows = |wanted: Expr| {
            let mut select = sql::select::<R>();
            select.and_where(wanted);
            restrict(&mut select);
            Statement::new(sql::said(&select))
        };
        Self {
            one: rows(column(R::TABLE, name).eq(Expr::cust("?1"))),
            many: rows(in_array(column(R::TABLE, name))),
        }
    }
}

/// A statement for each order.
pub struct BothWays {
    ascending: Statement,
    descending: Statement,
}

impl BothWays {
    fn build<S: Into<Statement>>(statement: impl Fn(Order) -> S) -> Self {
        Self {
            ascending: statement(Order::Ascending).into(),
            descending: statement(Order::Descending).into(),
        }
    }

    pub fn get(&self, order: Order) -> &Statement {
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
            group_watchers: with_account::<GroupWatch>("group_key"),
            reviews: Among::build::<Review>("post"),
            reviews_of: Among::build::<Review>("author"),
            report: equal::<Report>(["post", "account"]),
            open_reports_of: Statement::new(sql::said(
                sql::select::<Report>()
                    .and_where(column(Report::TABLE, "open").eq(Expr::cust("TRUE")))
                    .and_where(in_array(column(Report::TABLE, "post"))),
            )),
            notifications_of: BothWays::build(|order| {
                pages::<Notification>("account", ["at", "position"], order, |_| ())
            }),
            unread_of: BothWays::build(|order| {
                pages::<Notification>("account", ["at", "position"], order, |part| {
                    part.and_where(column(Notification::TABLE, "at").gt(Expr::cust("?5")))
                        .and_where(Expr::cust(UNREAD));
                })
            }),
            notifications_after: Statement::new(format!(
                "{} LIMIT ?3",
                sql::said(
                    sql::select::<Notification>()
                        .and_where(in_array(column(Notification::TABLE, "account")))
                        .and_where(column(Notification::TABLE, "position").gt(Expr::cust("?2")))
                        .order_by((Notification::TABLE, "position"), SqlOrder::Asc)
                )
            )),
            figures: Statement::new(sql::said(
                sql::select::<FigureOfMonth>()
                    .order_by("month", SqlOrder::Asc)
                    .order_by("figure", SqlOrder::Asc),
            )),
            review_page: BothWays::build(|order| {
                let mut select = sql::select::<Review>();
                select.and_where(Expr::cust("\"waiting\" = TRUE AND \"deleted\" = FALSE"));
                page_among(select, Review::TABLE, ["since", "post"], order)
            }),
            reported_page: told::reported(),
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
            lozenges_of_profiles: lozenges_of_profiles(),
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
                    .and_where(of("held").eq(Expr::cust("TRUE")));
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
                let counts = column(PostMilestone::TABLE, "counts").eq(Expr::cust("TRUE"));
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

/// What the accounts of profiles were granted, each with the profile.
fn lozenges_of_profiles() -> Statement {
    let mut select = Query::select();
    select
        .column((Account::TABLE, "profile"))
        .columns(sql::names::<LozengeGrant>().map(|name| (LozengeGrant::TABLE, name)))
        .from(LozengeGrant::TABLE)
        .inner_join(
            Account::TABLE,
            column(Account::TABLE, "key").equals((LozengeGrant::TABLE, "account")),
        )
        .and_where(in_array(column(Account::TABLE, "profile")))
        .order_by((LozengeGrant::TABLE, "account"), SqlOrder::Asc)
        .order_by((LozengeGrant::TABLE, "lozenge"), SqlOrder::Asc);
    Statement::new(sql::said(&select))
}

fn in_sight() -> Expr {
    column(Post::TABLE, "hidden").eq(Expr::cust("FALSE"))
}
