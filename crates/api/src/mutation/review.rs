//! Reviewing articles.

use async_graphql::{Context, ID, InputObject, Object, Result};
use plaudit_domain::review::{Publish, Reject, Resubmit};
use uuid::Uuid;

use crate::id::NodeId;
use crate::reading::reading;

use super::{perform_on_post, post_input, post_payload};

/// What can be done with articles that aren't published.
#[derive(Debug, Default)]
pub struct ReviewMutation;

/// The article to publish.
#[derive(Debug, InputObject)]
pub struct ArticlePublishInput {
    /// The post's id.
    post_id: ID,
    /// The `review { revision }` that came with the text that you read. If its author changed the article
    /// since, nothing is published: ARTICLE_CHANGED.
    revision: i32,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}
post_input! {
    /// The article to submit again.
    ArticleResubmitInput
}

/// The article to reject.
#[derive(Debug, InputObject)]
pub struct ArticleRejectInput {
    /// The post's id.
    post_id: ID,
    /// Why, for its author: 1 to 2,000 characters.
    reason: String,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

post_payload! {
    /// What publishing a reviewed article answers.
    ArticlePublishPayload
}
post_payload! {
    /// What rejecting answers.
    ArticleRejectPayload
}
post_payload! {
    /// What submitting again answers.
    ArticleResubmitPayload
}

#[Object]
impl ReviewMutation {
    /// Publishes an article that waits for review, or was rejected, as you read it. Staff may. What its author
    /// changes from then on is public at once.
    async fn article_publish(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The article.")] input: ArticlePublishInput,
    ) -> Result<Option<ArticlePublishPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let post = NodeId::post(&input.post_id)?;
        // There is no revision below 1, so such a one is none that was read.
        let revision = u32::try_from(input.revision).unwrap_or_default();
        let publish = Publish { post, revision };
        perform_on_post(context, &request, &publish, post, &[(post, "postId")]).await
    }

    /// Rejects an article that waits for review. Its author reads why, and may submit it again. Staff may.
    async fn article_reject(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The article.")] input: ArticleRejectInput,
    ) -> Result<Option<ArticleRejectPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let post = NodeId::post(&input.post_id)?;
        let reason = input.reason;
        let reject = Reject { post, reason };
        perform_on_post(context, &request, &reject, post, &[(post, "postId")]).await
    }

    /// Submits a rejected article again. Its author may.
    async fn article_resubmit(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The article.")] input: ArticleResubmitInput,
    ) -> Result<Option<ArticleResubmitPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let post = NodeId::post(&input.post_id)?;
        let resubmit = Resubmit { post };
        perform_on_post(context, &request, &resubmit, post, &[(post, "postId")]).await
    }
}
