//! A profile: what people see of a member.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use plaudit_projection::{Counts, Profile as Row};
use plaudit_store::Order;

use crate::account::Account;
use crate::connection::{PostConnection, Total};
use crate::id::NodeId;
use crate::loader::{AccountBy, PostsOf};
use crate::paging::Paging;
use crate::reading::{reading, referred};
use crate::scalar::{DateTime, int};

/// A profile, as the row that it is read from.
#[derive(Debug, Clone)]
pub struct Profile(pub Arc<Row>);

/// What a member did and received. What is deleted isn't counted.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct Totals {
    /// Questions, discussions, answers, articles and comments together.
    total_posts: i32,
    /// Questions asked.
    questions: i32,
    /// Discussions opened.
    discussions: i32,
    /// Answers given.
    answers: i32,
    /// Articles published.
    articles: i32,
    /// Comments made.
    comments: i32,
    /// Answers that the askers accepted.
    accepted_solutions: i32,
    /// Likes of posts of any kind.
    likes_received: i32,
    /// Likes of others' posts.
    likes_given: i32,
    /// When the first post other than a comment was written, whatever became of it.
    first_post_at: Option<DateTime>,
    /// When the latest post other than a comment was written, whatever became of it.
    last_post_at: Option<DateTime>,
}

impl From<&Counts> for Totals {
    fn from(counts: &Counts) -> Self {
        Self {
            total_posts: int(counts.total_posts()),
            questions: int(counts.questions),
            discussions: int(counts.discussions),
            answers: int(counts.answers),
            articles: int(counts.articles),
            comments: int(counts.comments),
            accepted_solutions: int(counts.accepted_solutions),
            likes_received: int(counts.likes_received),
            likes_given: int(counts.likes_given),
            first_post_at: counts.first_post_at.map(DateTime),
            last_post_at: counts.last_post_at.map(DateTime),
        }
    }
}

/// A profile: what people see of a member. It is made of one account, or of several that are
/// linked under a primary one.
#[Object(crate = "crate::engine")]
impl Profile {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        NodeId::Profile(self.0.id).into()
    }

    /// The name that everybody sees: its primary account's. Null where it was withheld or erased.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The account that it goes by.
    async fn primary_account(&self, context: &Context<'_>) -> Result<Account> {
        let loader = reading(context).loader();
        let account = loader.load_one(AccountBy(self.0.key)).await?;
        Ok(Account(referred(account)?))
    }

    /// Since when its primary account exists.
    async fn member_since(&self) -> DateTime {
        DateTime(self.0.member_since)
    }

    /// What the member did and received, over all accounts.
    async fn totals(&self) -> Totals {
        Totals::from(&self.0.counts)
    }

    /// The member's posts of every kind, newest first.
    async fn posts(
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
        let part = paging.part(Order::Descending)?;
        let posts = PostsOf {
            author: self.0.key,
            page: part.page,
        };
        let posts = reading(context).loader().load_one(posts).await?;
        let total = Total::Known(self.0.counts.total_posts());
        Ok(PostConnection::new(part, posts.unwrap_or_default(), total))
    }
}
