//! Liking posts.

use async_graphql::{Context, Object, Result};
use plaudit_domain::like::{LikePost, UnlikePost};

use crate::id::NodeId;
use crate::reading::reading;

use super::{perform_on_post, post_input, post_payload};

/// What can be done with likes.
#[derive(Debug, Default)]
pub struct LikeMutation;

post_input! {
    /// The post to like.
    PostLikeInput
}
post_input! {
    /// The post to like no longer.
    PostUnlikeInput
}

post_payload! {
    /// What liking answers.
    PostLikePayload
}
post_payload! {
    /// What unliking answers.
    PostUnlikePayload
}

#[Object]
impl LikeMutation {
    /// Likes a post of somebody else's. Liking twice is no error and changes nothing. Any member may.
    async fn post_like(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The post.")] input: PostLikeInput,
    ) -> Result<Option<PostLikePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let post = NodeId::post(&input.post_id)?;
        let like = LikePost { post };
        perform_on_post(context, &request, &like, post, &[(post, "postId")]).await
    }

    /// Takes a like back. Where there is none, this changes nothing. Any member may.
    async fn post_unlike(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The post.")] input: PostUnlikeInput,
    ) -> Result<Option<PostUnlikePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let post = NodeId::post(&input.post_id)?;
        let unlike = UnlikePost { post };
        perform_on_post(context, &request, &unlike, post, &[(post, "postId")]).await
    }
}
