//! What is read of posts, and of likes.

use std::collections::BTreeSet;

use plaudit_domain::post::Kind;
use plaudit_projection::row::Field;
use plaudit_projection::{Key, Post, PostTag, Row};
use sea_query::{
    Expr, ExprTrait, Func, IntoColumnRef, PostgresQueryBuilder, Query, SelectStatement,
    SqliteQueryBuilder, UnionType,
};

use super::statements::{beyond, sql_order};
use super::{SQL, related_of, start};
use crate::engine::{Session, rows};
use crate::snapshot::Value;
use crate::sql::{self, column};
use crate::statement::{Dialect, Param, Statement};
use crate::{Page, PostFilter, Result};

/// A page of posts.
pub async fn post_page(
    session: &impl Session,
    filter: &PostFilter,
    page: Page,
) -> Result<Vec<Post>> {
    let built = build(session, page_of_posts(filter, page));
    run(session, built).await
}

pub fn page_of_posts(filter: &PostFilter, page: Page) -> SelectStatement {
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
pub async fn post_count(session: &impl Session, filter: &PostFilter) -> Result<i64> {
    let built = build(session, count_of_posts(filter));
    let counts: Vec<i64> = run(session, built).await?;
    Ok(counts.into_iter().sum())
}

pub fn count_of_posts(filter: &PostFilter) -> SelectStatement {
    let mut count = Query::select();
    count.expr(Func::count(Expr::cust("*"))).from(Post::TABLE);
    filtered(count, filter)
}

/// For each post, a page of its replies.
pub async fn replies(
    session: &impl Session,
    parents: &[Key],
    kind: Kind,
    page: Page,
) -> Result<Vec<Post>> {
    let kind = Param::Text(kind.as_str());
    related_of(session, &SQL.replies, parents, kind, page).await
}

/// Which of these posts an account is paired with.
pub async fn paired(
    session: &impl Session,
    sql: &Statement,
    account: Key,
    posts: &[Key],
) -> Result<Vec<Key>> {
    rows(session, sql, &[Param::Keys(posts), account.into()]).await
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
    select.and_where(column(Post::TABLE, "hidden").eq(false));
    select
}

/// A query that is made for one time, with its values.
fn build<S: Session>(_: &S, select: SelectStatement) -> (String, Vec<Value>) {
    let (sql, values) = match S::DIALECT {
        Dialect::Sqlite => select.build(SqliteQueryBuilder),
        Dialect::Postgres => select.build(PostgresQueryBuilder),
    };
    (sql, values.0.into_iter().map(value).collect())
}

/// All rows of such a query.
async fn run<T: Field + Send>(
    session: &impl Session,
    (sql, values): (String, Vec<Value>),
) -> Result<Vec<T>> {
    let params: Vec<Param<'_>> = values.iter().map(Param::from).collect();
    session.query(&sql, &params).await
}

#[allow(clippy::wildcard_enum_match_arm, reason = "queries bind nothing else")]
fn value(value: sea_query::Value) -> Value {
    match value {
        sea_query::Value::Bool(Some(truth)) => Value::Integer(truth.into()),
        sea_query::Value::BigInt(Some(number)) => Value::Integer(number),
        sea_query::Value::BigUnsigned(Some(number)) => Value::Integer(number.cast_signed()),
        sea_query::Value::String(Some(text)) => Value::Text(text),
        _ => Value::Null,
    }
}
