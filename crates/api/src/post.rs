//! A post of any kind.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use plaudit_domain::post::Kind;
use plaudit_projection::{Account as AccountRow, Key, Post as Row};
use plaudit_store::{Cursor, Order};

use crate::account::{Account, Origin};
use crate::connection::{LikerConnection, LikerEdge, PostConnection, Total};
use crate::group::Group;
use crate::id::NodeId;
use crate::loader::{AccountBy, BodyOf, GroupBy, LikedBy, LikesOf, PostBy, RepliesTo, WatchedBy};
use crate::paging::Paging;
use crate::reading::{Reading, reading, referred};
use crate::review::ArticleReview;
use crate::scalar::{DateTime, int};

/// A post, as the row that it is read from.
#[derive(Debug, Clone)]
pub struct Post(pub Arc<Row>);

/// The kinds of post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Kind")]
pub enum PostKind {
    /// Asks for answers, one of which can be accepted.
    Question,
    /// Opens a conversation.
    Discussion,
    /// Tells something at length.
    Article,
    /// Answers a question.
    Answer,
    /// Says something on any other post.
    Comment,
}

/// Which posts a list holds.
#[derive(Debug, Clone, Default, InputObject)]
pub struct PostFilter {
    /// Only of these kinds; where none are named, questions, discussions and articles.
    pub kinds: Option<Vec<PostKind>>,
    /// Only with this tag. Answers and comments have none.
    pub tag: Option<String>,
    /// Only by the account with this id.
    pub author_id: Option<ID>,
    /// Only in the group with this id.
    pub group_id: Option<ID>,
}

impl Post {
    async fn replies(
        &self,
        context: &Context<'_>,
        kind: Kind,
        total: i64,
        paging: Paging,
    ) -> Result<PostConnection> {
        let part = paging.part(Order::Ascending)?;
        let replies = RepliesTo {
            post: self.0.key,
            kind,
            page: part.page,
        };
        let posts = reading(context).loader().load_one(replies).await?;
        Ok(PostConnection::new(
            part,
            posts.unwrap_or_default(),
            Total::Known(total),
        ))
    }

    /// Whether an account, or one that is linked with it, wrote it.
    pub async fn is_by(&self, reading: &Reading, account: &AccountRow) -> Result<bool> {
        let Some(author) = self.0.author else {
            return Ok(false);
        };
        if author == account.key || !account.is_linked() {
            return Ok(author == account.key);
        }
        let author = reading.loader().load_one(AccountBy(author)).await?;
        Ok(referred(author)?.profile == account.profile)
    }

    /// Whether who asks wrote it, with the very account that they ask as.
    async fn is_by_viewer(&self, reading: &Reading) -> Result<bool> {
        let viewer = reading.viewer_key().await?;
        Ok(viewer.is_some() && viewer == self.0.author)
    }

    async fn other(context: &Context<'_>, key: Option<Key>) -> Result<Option<Self>> {
        let Some(key) = key else { return Ok(None) };
        let post = reading(context).loader().load_one(PostBy(key)).await?;
        Self(referred(post)?).seen(context).await
    }

    /// What it is a reply to, if who asks may know of that.
    pub async fn parent_post(&self, context: &Context<'_>) -> Result<Option<Self>> {
        Self::other(context, self.0.parent).await
    }

    /// The post, if who asks may know of it: an article that isn't published is its author's and staff's.
    pub async fn seen(self, context: &Context<'_>) -> Result<Option<Self>> {
        let is_seen = self.is_seen(reading(context)).await?;
        Ok(Some(self).filter(|_| is_seen))
    }

    /// Whether who asks may know of it.
    pub async fn is_seen(&self, reading: &Reading) -> Result<bool> {
        Ok(!self.0.in_review || self.is_reviewed_for(reading).await?)
    }

    /// Whether its title and text are shown to who asks.
    pub async fn is_readable(&self, context: &Context<'_>) -> Result<bool> {
        if self.0.deleted {
            return Ok(false);
        }
        self.is_seen(reading(context)).await
    }

    /// Whether who asks may see its review: its author may, and staff.
    async fn is_reviewed_for(&self, reading: &Reading) -> Result<bool> {
        if reading.is_staff() {
            return Ok(true);
        }
        match reading.viewer_account().await? {
            Some(viewer) => self.is_by(reading, &viewer).await,
            None => Ok(false),
        }
    }
}

/// A question, discussion, article, answer or comment.
#[Object(crate = "crate::engine")]
impl Post {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        NodeId::Post(self.0.id).into()
    }

    /// What it is.
    async fn kind(&self) -> PostKind {
        self.0.kind.into()
    }

    /// The title of a question, discussion or article. Null while it is deleted, and where it was
    /// withheld or erased.
    async fn title(&self, context: &Context<'_>) -> Result<Option<&str>> {
        let is_readable = self.is_readable(context).await?;
        Ok(self.0.title.as_deref().filter(|_| is_readable))
    }

    /// Its text. Null while it is deleted, and where it was withheld or erased.
    async fn body(&self, context: &Context<'_>) -> Result<Option<String>> {
        if !self.is_readable(context).await? {
            return Ok(None);
        }
        Ok(reading(context)
            .loader()
            .load_one(BodyOf(self.0.key))
            .await?)
    }

    /// The tags of a question, discussion or article. None while it is deleted.
    async fn tags(&self, context: &Context<'_>) -> Result<Vec<String>> {
        if !self.is_readable(context).await? {
            return Ok(vec![]);
        }
        Ok(self.0.tags.to_vec())
    }

    /// Who wrote it; null for imported posts whose author isn't known.
    async fn author(&self, context: &Context<'_>) -> Result<Option<Account>> {
        let Some(author) = self.0.author else {
            return Ok(None);
        };
        let account = reading(context)
            .loader()
            .load_one(AccountBy(author))
            .await?;
        Ok(Some(Account(referred(account)?)))
    }

    /// The question that an answer is to, or the post that a comment is on, also while that is
    /// deleted.
    async fn parent(&self, context: &Context<'_>) -> Result<Option<Self>> {
        self.parent_post(context).await
    }

    /// The group that it was posted in, if it was in one.
    async fn group(&self, context: &Context<'_>) -> Result<Option<Group>> {
        let Some(key) = self.0.group_key else {
            return Ok(None);
        };
        let group = reading(context).loader().load_one(GroupBy(key)).await?;
        Ok(Some(Group(referred(group)?)))
    }

    /// When it was written; of an article that was reviewed, when it was published.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// When it was last edited, if it ever was.
    async fn edited_at(&self) -> Option<DateTime> {
        self.0.edited_at.map(DateTime)
    }

    /// Whether it is deleted: it is in no list and in no count, and its author can restore it, or, where
    /// staff removed it, staff.
    async fn is_deleted(&self) -> bool {
        self.0.deleted
    }

    /// The review of an article that is, or was, reviewed. Its author sees this, and staff; null for
    /// everybody else.
    async fn review(&self, context: &Context<'_>) -> Result<Option<ArticleReview>> {
        if self.0.submitted_at.is_none() || !self.is_reviewed_for(reading(context)).await? {
            return Ok(None);
        }
        ArticleReview::of(context, self).await
    }

    /// Where it was before, if it was imported.
    async fn origin(&self) -> Option<Origin> {
        Origin::of(self.0.origin.as_deref())
    }

    /// How many accounts like it.
    async fn like_count(&self) -> i32 {
        int(self.0.likes)
    }

    /// How many answers it has.
    async fn answer_count(&self) -> i32 {
        int(self.0.answers)
    }

    /// How many comments are on it.
    async fn comment_count(&self) -> i32 {
        int(self.0.comments)
    }

    /// How many accounts watch it.
    async fn watcher_count(&self) -> i32 {
        int(self.0.watchers)
    }

    /// The accepted answer of a question. Null while either of them is deleted.
    async fn accepted_answer(&self, context: &Context<'_>) -> Result<Option<Self>> {
        if self.0.deleted {
            return Ok(None);
        }
        let answer = Self::other(context, self.0.accepted_answer()).await?;
        Ok(answer.filter(|answer| !answer.0.deleted))
    }

    /// Whether it is the accepted answer of its question. It isn't while either is deleted.
    async fn is_accepted(&self, context: &Context<'_>) -> Result<bool> {
        if !self.0.accepted || self.0.deleted {
            return Ok(false);
        }
        let question = Self::other(context, self.0.parent).await?;
        Ok(question.is_some_and(|question| !question.0.deleted))
    }

    /// The answers to a question, oldest first.
    async fn answers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<PostConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        self.replies(context, Kind::Answer, self.0.answers, paging)
            .await
    }

    /// The comments on it, oldest first.
    async fn comments(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<PostConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        self.replies(context, Kind::Comment, self.0.comments, paging)
            .await
    }

    /// The accounts that like it, the latest first.
    async fn likers(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<LikerConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Descending)?;
        let likes = LikesOf {
            post: self.0.key,
            page: part.page,
        };
        let loader = reading(context).loader();
        let slice = part.slice(loader.load_one(likes).await?.unwrap_or_default());
        let likers = slice.rows.iter().map(|like| AccountBy(like.account));
        let mut likers = loader.load_many(likers).await?;
        let slice = slice.try_map(|like| {
            let account = referred(likers.remove(&AccountBy(like.account)))?;
            Ok::<_, async_graphql::Error>(LikerEdge {
                cursor: Cursor {
                    at: like.position,
                    key: like.account,
                },
                liked_at: DateTime(like.at),
                node: Account(account),
            })
        })?;
        Ok(LikerConnection::new(slice, self.0.likes))
    }

    /// Whether who asks likes it.
    async fn viewer_has_liked(&self, context: &Context<'_>) -> Result<bool> {
        let reading = reading(context);
        let Some(account) = reading.viewer_key().await? else {
            return Ok(false);
        };
        let post = self.0.key;
        let liked = reading.loader().load_one(LikedBy { account, post }).await?;
        Ok(liked.is_some())
    }

    /// Whether who asks watches it.
    async fn viewer_is_watching(&self, context: &Context<'_>) -> Result<bool> {
        let reading = reading(context);
        let Some(account) = reading.viewer_key().await? else {
            return Ok(false);
        };
        let post = self.0.key;
        let watched = reading
            .loader()
            .load_one(WatchedBy { account, post })
            .await?;
        Ok(watched.is_some())
    }

    /// Whether who asks may edit it, and delete it: its author may, until it is deleted.
    async fn viewer_can_edit(&self, context: &Context<'_>) -> Result<bool> {
        Ok(!self.0.deleted && self.is_by_viewer(reading(context)).await?)
    }

    /// Whether who asks may restore it: who deleted it may, its author or staff.
    async fn viewer_can_restore(&self, context: &Context<'_>) -> Result<bool> {
        let reading = reading(context);
        match (self.0.deleted, self.0.removed) {
            (false, _) => Ok(false),
            (true, true) => Ok(reading.is_staff()),
            (true, false) => self.is_by_viewer(reading).await,
        }
    }

    /// Whether who asks may accept this answer: who asked the question may, logged in as any of
    /// their accounts, and staff; not if the answer is their own.
    async fn viewer_can_accept(&self, context: &Context<'_>) -> Result<bool> {
        if self.0.kind != Kind::Answer || self.0.deleted {
            return Ok(false);
        }
        let reading = reading(context);
        let Some(viewer) = reading.viewer_account().await? else {
            return Ok(false);
        };
        let Some(question) = Self::other(context, self.0.parent).await? else {
            return Ok(false);
        };
        let is_asker = question.is_by(reading, &viewer).await?;
        let is_own = self.is_by(reading, &viewer).await?;
        let may = is_asker || reading.is_staff();
        Ok(may && !is_own && !question.0.deleted)
    }
}
