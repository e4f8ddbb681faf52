//! What is read of posts, and of likes.

use std::collections::BTreeSet;

use plaudit_domain::post::Kind;
use plaudit_projection::{Key, Like, Post, PostTag, Row};
use rusqlite::{Connection, params_from_iter};
use sea_query::{
    Expr, ExprTrait, Func, IntoColumnRef, Query, SelectStatement, SqliteQueryBuilder, UnionType,
};

use super::read::{SQL, integers, related, start};
use super::statements::{beyond, sql_order};
use super::{Failure, bind};
use crate::sql::{self, column};
use crate::{Page, PostFilter};

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
pub fn post_count(connection: &Connection, filter: &PostFilter) -> Result<i64, Failure> {
    let (sql, values) = count_of_posts(filter).build(SqliteQueryBuilder);
    let params = params_from_iter(bind::values(values)?);
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row(params, |row| row.get(0))?)
}

pub fn count_of_posts(filter: &PostFilter) -> SelectStatement {
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
