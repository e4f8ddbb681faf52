//! Parts of lists as clients get them: Relay's connections.

use std::sync::Arc;

use async_graphql::{Context, Object, Result, SimpleObject};
use plaudit_projection::group::Kind;
use plaudit_projection::{Group as GroupRow, Post as PostRow};
use plaudit_store::{Cursor, PostFilter};

use crate::account::Account;
use crate::group::Group;
use crate::list::List;
use crate::paging::{Opaque, Part, Slice};
use crate::post::Post;
use crate::reading::reading;
use crate::scalar::{DateTime, int};

/// Where a page lies in its list.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct PageInfo {
    /// Whether there are more after the last one. Paging backward, this is only known to be so
    /// where `before` was given.
    pub has_next_page: bool,
    /// Whether there are more before the first one. Paging forward, this is only known to be so
    /// where `after` was given.
    pub has_previous_page: bool,
    /// The cursor of the first one.
    pub start_cursor: Option<String>,
    /// The cursor of the last one.
    pub end_cursor: Option<String>,
}

/// How many there are.
#[derive(Debug, Clone)]
pub enum Total {
    /// It is known.
    Known(i64),
    /// It is counted if somebody asks.
    Counted(PostFilter),
    /// It is a figure of somebody's private profile.
    Private,
}

/// A page of posts.
pub struct PostConnection {
    slice: Slice<PostEdge>,
    total: Total,
}

/// A post in a list.
#[derive(Debug, Clone)]
pub struct PostEdge {
    node: Post,
}

/// A page of the accounts that like a post.
pub struct LikerConnection {
    slice: Slice<LikerEdge>,
    total: i64,
}

/// An account that likes a post.
#[derive(Debug, Clone)]
pub struct LikerEdge {
    /// Where it stands among the likers.
    pub cursor: Cursor,
    /// When it liked the post.
    pub liked_at: DateTime,
    /// The account.
    pub node: Account,
}

impl PostConnection {
    /// What was read of a part of a list of posts.
    pub fn new(part: Part, posts: Vec<Arc<PostRow>>, total: Total) -> Self {
        let edges = posts.into_iter().map(|post| PostEdge { node: Post(post) });
        Self {
            slice: part.slice(edges.collect()),
            total,
        }
    }
}

impl LikerConnection {
    /// What was read of a part of a list of likers.
    pub fn new(slice: Slice<LikerEdge>, total: i64) -> Self {
        Self { slice, total }
    }
}

/// A page of posts.
#[Object(crate = "crate::engine")]
impl PostConnection {
    /// The posts, with their cursors.
    async fn edges(&self) -> List<&[PostEdge]> {
        List(&self.slice.rows)
    }

    /// The posts.
    async fn nodes(&self) -> List<Vec<&Post>> {
        List(self.slice.rows.iter().map(|edge| &edge.node).collect())
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.slice, PostEdge::place)
    }

    /// How many posts there are on all pages. Null where they are those of somebody whose profile is
    /// private.
    async fn total_count(&self, context: &Context<'_>) -> Result<Option<i32>> {
        let count = match &self.total {
            Total::Known(count) => *count,
            Total::Counted(filter) => reading(context).store().post_count(filter).await?,
            Total::Private => return Ok(None),
        };
        Ok(Some(int(count)))
    }
}

impl PostEdge {
    fn place(&self) -> Cursor {
        Cursor {
            at: self.node.0.created_at.as_micros(),
            key: self.node.0.key,
        }
    }
}

/// A post in a list.
#[Object(crate = "crate::engine")]
impl PostEdge {
    /// Its cursor. It stays valid when posts come and go.
    async fn cursor(&self) -> String {
        Opaque(self.place()).encode()
    }

    /// The post.
    async fn node(&self) -> &Post {
        &self.node
    }
}

/// A page of the accounts that like a post.
#[Object(crate = "crate::engine")]
impl LikerConnection {
    /// The accounts, with when they liked the post.
    async fn edges(&self) -> &[LikerEdge] {
        &self.slice.rows
    }

    /// The accounts.
    async fn nodes(&self) -> Vec<&Account> {
        self.slice.rows.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.slice, |edge| edge.cursor)
    }

    /// How many accounts like the post.
    async fn total_count(&self) -> i32 {
        int(self.total)
    }
}

/// An account that likes a post.
#[Object(crate = "crate::engine")]
impl LikerEdge {
    /// Its cursor. It stays valid when likes come and go.
    async fn cursor(&self) -> String {
        Opaque(self.cursor).encode()
    }

    /// When it liked the post.
    async fn liked_at(&self) -> DateTime {
        self.liked_at
    }

    /// The account.
    async fn node(&self) -> &Account {
        &self.node
    }
}

/// A page of the members of a group.
pub struct MemberConnection {
    slice: Slice<MemberEdge>,
    total: i64,
}

/// An account that is a member of a group.
#[derive(Debug, Clone)]
pub struct MemberEdge {
    /// Where it stands among the members.
    pub cursor: Cursor,
    /// When it joined.
    pub joined_at: DateTime,
    /// The account.
    pub node: Account,
}

impl MemberConnection {
    /// What was read of a part of a list of members.
    pub fn new(slice: Slice<MemberEdge>, total: i64) -> Self {
        Self { slice, total }
    }
}

/// A page of the members of a group.
#[Object(crate = "crate::engine")]
impl MemberConnection {
    /// The members, with when they joined.
    async fn edges(&self) -> &[MemberEdge] {
        &self.slice.rows
    }

    /// The members' accounts.
    async fn nodes(&self) -> Vec<&Account> {
        self.slice.rows.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.slice, |edge| edge.cursor)
    }

    /// How many members the group has.
    async fn total_count(&self) -> i32 {
        int(self.total)
    }
}

/// A member of a group.
#[Object(crate = "crate::engine")]
impl MemberEdge {
    /// Its cursor. It stays valid when members come and go.
    async fn cursor(&self) -> String {
        Opaque(self.cursor).encode()
    }

    /// When the account joined. Null for others while its profile is private.
    async fn joined_at(&self, context: &Context<'_>) -> Result<Option<DateTime>> {
        let shown = self.node.is_shown(context).await?;
        Ok(shown.then_some(self.joined_at))
    }

    /// The account.
    async fn node(&self) -> &Account {
        &self.node
    }
}

/// A page of groups.
pub struct GroupConnection {
    slice: Slice<GroupEdge>,
    kind: Option<Kind>,
}

/// A group in a list.
#[derive(Debug, Clone)]
pub struct GroupEdge {
    node: Group,
}

impl GroupConnection {
    /// What was read of a part of the list of groups of a kind, or of all.
    pub fn new(part: Part, groups: Vec<GroupRow>, kind: Option<Kind>) -> Self {
        let edges = groups.into_iter().map(|group| GroupEdge {
            node: Group(Arc::new(group)),
        });
        Self {
            slice: part.slice(edges.collect()),
            kind,
        }
    }
}

impl GroupEdge {
    fn place(&self) -> Cursor {
        Cursor {
            at: self.node.0.created_at.as_micros(),
            key: self.node.0.key,
        }
    }
}

/// A page of groups.
#[Object(crate = "crate::engine")]
impl GroupConnection {
    /// The groups, with their cursors.
    async fn edges(&self) -> &[GroupEdge] {
        &self.slice.rows
    }

    /// The groups.
    async fn nodes(&self) -> Vec<&Group> {
        self.slice.rows.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.slice, GroupEdge::place)
    }

    /// How many groups there are.
    async fn total_count(&self, context: &Context<'_>) -> Result<i32> {
        Ok(int(reading(context).store().group_count(self.kind).await?))
    }
}

/// A group in a list.
#[Object(crate = "crate::engine")]
impl GroupEdge {
    /// Its cursor. It stays valid when groups come.
    async fn cursor(&self) -> String {
        Opaque(self.place()).encode()
    }

    /// The group.
    async fn node(&self) -> &Group {
        &self.node
    }
}

/// Where a slice lies in its list.
pub fn page_info<T>(slice: &Slice<T>, place: impl Fn(&T) -> Cursor) -> PageInfo {
    let cursor = |edge: &T| Opaque(place(edge)).encode();
    PageInfo {
        has_next_page: slice.has_next,
        has_previous_page: slice.has_previous,
        start_cursor: slice.rows.first().map(cursor),
        end_cursor: slice.rows.last().map(cursor),
    }
}
