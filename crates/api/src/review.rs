//! Articles that staff review before they are published (DOMAIN F6, F7).

use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use plaudit_projection::Review;
use plaudit_store::{Cursor, Order};

use crate::connection::{PageInfo, page_info};
use crate::loader::{PlaceInQueue, PostBy, ReviewBy};
use crate::paging::{Opaque, Paging, Slice};
use crate::post::Post;
use crate::reading::{reading, referred};
use crate::scalar::{DateTime, int};

/// How far the review of an article is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ArticleReviewState {
    /// It waits for staff.
    Waiting,
    /// Staff rejected it; its author can change it and submit it again.
    Rejected,
    /// It is published.
    Published,
}

/// The review of an article.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct ArticleReview {
    /// How far it is.
    state: ArticleReviewState,
    /// Since when.
    since: DateTime,
    /// When the article was submitted for the first time.
    submitted_at: DateTime,
    /// Which text the article has: 1 as it was submitted, and one more for each time that its author changed
    /// title, text or tags. `articlePublish` takes it, so that nobody publishes what they haven't read.
    revision: i32,
    /// Its place in the queue, the first of which is 1; null while it doesn't wait.
    queue_position: Option<i32>,
    /// Why staff rejected it; null while it isn't rejected, and where that was erased.
    reason: Option<String>,
}

impl ArticleReview {
    /// The review of a post, if it is or was reviewed. Whoever may not see it doesn't ask.
    pub async fn of(context: &Context<'_>, post: &Post) -> Result<Option<Self>> {
        let Some(submitted_at) = post.0.submitted_at.map(DateTime) else {
            return Ok(None);
        };
        if !post.0.in_review {
            return Ok(Some(Self {
                state: ArticleReviewState::Published,
                since: DateTime(post.0.created_at),
                submitted_at,
                revision: revision(post),
                queue_position: None,
                reason: None,
            }));
        }
        let loader = reading(context).loader();
        let review = referred(loader.load_one(ReviewBy(post.0.key)).await?)?;
        let place = loader.load_one(PlaceInQueue(post.0.key)).await?;
        Ok(Some(Self {
            state: match review.waiting {
                true => ArticleReviewState::Waiting,
                false => ArticleReviewState::Rejected,
            },
            since: DateTime(review.since),
            submitted_at,
            revision: revision(post),
            queue_position: place.map(int),
            reason: review.reason.clone(),
        }))
    }
}

fn revision(post: &Post) -> i32 {
    int(post.0.edits.saturating_add(1))
}

/// A page of the articles that wait for review.
pub struct ArticleReviewConnection(Slice<ArticleReviewEdge>);

/// An article that waits for review.
#[derive(Debug, Clone)]
pub struct ArticleReviewEdge {
    cursor: Cursor,
    since: DateTime,
    node: Post,
}

impl ArticleReviewConnection {
    /// A page of the queue, the longest first.
    pub async fn read(context: &Context<'_>, paging: Paging) -> Result<Self> {
        let part = paging.part(Order::Ascending)?;
        let reading = reading(context);
        let slice = part.slice(reading.store().review_page(part.page).await?);
        let posts = slice.rows.iter().map(|review| PostBy(review.post));
        let mut posts = reading.loader().load_many(posts).await?;
        let slice = slice.try_map(|review: Review| {
            let post = referred(posts.remove(&PostBy(review.post)))?;
            Ok::<_, async_graphql::Error>(ArticleReviewEdge {
                cursor: Cursor {
                    at: review.since.as_micros(),
                    key: review.post,
                },
                since: DateTime(review.since),
                node: Post(post),
            })
        })?;
        Ok(Self(slice))
    }
}

/// A page of the articles that wait for review.
#[Object(crate = "crate::engine")]
impl ArticleReviewConnection {
    /// The articles, with since when they wait.
    async fn edges(&self) -> &[ArticleReviewEdge] {
        &self.0.rows
    }

    /// The articles.
    async fn nodes(&self) -> Vec<&Post> {
        self.0.rows.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.0, |edge| edge.cursor)
    }

    /// How many articles wait.
    async fn total_count(&self, context: &Context<'_>) -> Result<i32> {
        Ok(int(reading(context).store().review_count().await?))
    }
}

/// An article that waits for review.
#[Object(crate = "crate::engine")]
impl ArticleReviewEdge {
    /// Its cursor. It stays valid when articles come and go.
    async fn cursor(&self) -> String {
        Opaque(self.cursor).encode()
    }

    /// Since when it waits: when it was last submitted.
    async fn since(&self) -> DateTime {
        self.since
    }

    /// The article.
    async fn node(&self) -> &Post {
        &self.node
    }
}
