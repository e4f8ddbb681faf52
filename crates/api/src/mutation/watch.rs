//! Watching posts.

use async_graphql::{Context, Object, Result};
use plaudit_domain::watch::{UnwatchPost, WatchPost};

use crate::id::NodeId;
use crate::reading::reading;

use super::{perform_on_post, post_input, post_payload};

/// What can be done with watches.
#[derive(Debug, Default)]
pub struct WatchMutation;

post_input! {
    /// The post to watch.
    PostWatchInput
}
post_input! {
    /// The post to watch no longer.
    PostUnwatchInput
}

post_payload! {
    /// What watching answers.
    PostWatchPayload
}
post_payload! {
    /// What unwatching answers.
    PostUnwatchPayload
}

#[Object]
impl WatchMutation {
    /// Watches a post. Watching twice changes nothing. Any member may.
    async fn post_watch(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The post.")] input: PostWatchInput,
    ) -> Result<Option<PostWatchPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let post = NodeId::post(&input.post_id)?;
        let watch = WatchPost { post };
        perform_on_post(context, &request, &watch, post, &[(post, "postId")]).await
    }

    /// Stops watching a post. Where it isn't watched, this changes nothing. Any member may.
    async fn post_unwatch(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The post.")] input: PostUnwatchInput,
    ) -> Result<Option<PostUnwatchPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let post = NodeId::post(&input.post_id)?;
        let unwatch = UnwatchPost { post };
        perform_on_post(context, &request, &unwatch, post, &[(post, "postId")]).await
    }
}
