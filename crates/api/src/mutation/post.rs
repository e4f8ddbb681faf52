//! Writing, editing, deleting and restoring posts.

use async_graphql::{Context, ID, InputObject, Object, Result};
use plaudit_domain::PostId;
use plaudit_domain::post::{Answer, Changes, Comment, Delete, Edit, Open, Restore, Topic};
use plaudit_replay::Request;
use uuid::Uuid;

use crate::id::NodeId;
use crate::perk::publishes_without_review;
use crate::post::Post;
use crate::reading::reading;

use super::{UserError, perform_on_post, post_input, post_payload};

/// What can be done with posts.
#[derive(Debug, Default)]
pub struct PostMutation;

/// Declares what a mutation that opens a topic is given.
macro_rules! topic_input {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, InputObject)]
        pub struct $name {
            /// The group to post it in; only its members may. Null: in none.
            group_id: Option<ID>,
            /// The title: 1 to 300 characters.
            title: String,
            /// The text: 1 to 100,000 characters.
            body: String,
            /// At most 10 tags, each of up to 35 lower-case letters, digits and + - . # _
            tags: Option<Vec<String>>,
            /// A key of your choice: a repeat of the request with it writes no second post.
            idempotency_key: Option<Uuid>,
        }

        impl From<$name> for TopicInput {
            fn from(input: $name) -> Self {
                let $name { group_id, title, body, tags, idempotency_key: _ } = input;
                let tags = tags.unwrap_or_default();
                Self { group_id, title, body, tags }
            }
        }
    };
}

/// What any topic is opened with.
struct TopicInput {
    group_id: Option<ID>,
    title: String,
    body: String,
    tags: Vec<String>,
}

topic_input! {
    /// A question to ask.
    QuestionCreateInput
}
topic_input! {
    /// A discussion to open.
    DiscussionCreateInput
}
topic_input! {
    /// An article to publish.
    ArticleCreateInput
}

/// An answer to give.
#[derive(Debug, InputObject)]
pub struct AnswerCreateInput {
    /// The id of the question.
    question_id: ID,
    /// The text: 1 to 100,000 characters.
    body: String,
    /// A key of your choice: a repeat of the request with it writes no second post.
    idempotency_key: Option<Uuid>,
}

/// A comment to make.
#[derive(Debug, InputObject)]
pub struct CommentCreateInput {
    /// The id of the post that it is on: one of any kind.
    post_id: ID,
    /// The text: 1 to 100,000 characters.
    body: String,
    /// A key of your choice: a repeat of the request with it writes no second post.
    idempotency_key: Option<Uuid>,
}

/// What changes of a post; what is absent or null stays.
#[derive(Debug, InputObject)]
pub struct PostEditInput {
    /// The post's id.
    post_id: ID,
    /// The new title of a question, discussion or article.
    title: Option<String>,
    /// The new text.
    body: Option<String>,
    /// All tags of a question, discussion or article from now on.
    tags: Option<Vec<String>>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

post_input! {
    /// The post to delete.
    PostDeleteInput
}
post_input! {
    /// The post to restore.
    PostRestoreInput
}

post_payload! {
    /// What asking a question answers.
    QuestionCreatePayload
}
post_payload! {
    /// What opening a discussion answers.
    DiscussionCreatePayload
}
post_payload! {
    /// What publishing an article answers.
    ArticleCreatePayload
}
post_payload! {
    /// What answering answers.
    AnswerCreatePayload
}
post_payload! {
    /// What commenting answers.
    CommentCreatePayload
}
post_payload! {
    /// What editing answers.
    PostEditPayload
}
post_payload! {
    /// What deleting answers.
    PostDeletePayload
}
post_payload! {
    /// What restoring answers.
    PostRestorePayload
}

#[Object]
impl PostMutation {
    /// Asks a question. Any member may; in a group, its members.
    async fn question_create(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The question.")] input: QuestionCreateInput,
    ) -> Result<Option<QuestionCreatePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        open(context, &request, Topic::Question, input.into()).await
    }

    /// Opens a discussion. Any member may; in a group, its members.
    async fn discussion_create(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The discussion.")] input: DiscussionCreateInput,
    ) -> Result<Option<DiscussionCreatePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        open(context, &request, Topic::Discussion, input.into()).await
    }

    /// Publishes an article. Any member may; in a group, its members. In a moderated group it goes to
    /// review first, unless its author publishes there without.
    async fn article_create(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The article.")] input: ArticleCreateInput,
    ) -> Result<Option<ArticleCreatePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        open(context, &request, Topic::Article, input.into()).await
    }

    /// Answers a question. Any member may; in a group, its members.
    async fn answer_create(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The answer.")] input: AnswerCreateInput,
    ) -> Result<Option<AnswerCreatePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let answer = Answer {
            post: PostId(request.new_id("answer")),
            question: NodeId::post(&input.question_id)?,
            body: input.body,
        };
        let given = [(answer.question, "questionId")];
        perform_on_post(context, &request, &answer, answer.post, &given).await
    }

    /// Comments on a post of any kind. Any member may; in a group, its members.
    async fn comment_create(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The comment.")] input: CommentCreateInput,
    ) -> Result<Option<CommentCreatePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let comment = Comment {
            post: PostId(request.new_id("comment")),
            on: NodeId::post(&input.post_id)?,
            body: input.body,
        };
        let given = [(comment.on, "postId")];
        perform_on_post(context, &request, &comment, comment.post, &given).await
    }

    /// Edits a post. Its author may.
    async fn post_edit(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What changes.")] input: PostEditInput,
    ) -> Result<Option<PostEditPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let post = NodeId::post(&input.post_id)?;
        let changes = Changes {
            title: input.title,
            body: input.body,
            tags: input.tags,
        };
        let edit = Edit { post, changes };
        perform_on_post(context, &request, &edit, post, &[(post, "postId")]).await
    }

    /// Deletes a post: it goes out of sight, and with its likes and its acceptance out of every
    /// count. Its author may, and may restore it.
    async fn post_delete(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The post.")] input: PostDeleteInput,
    ) -> Result<Option<PostDeletePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let post = NodeId::post(&input.post_id)?;
        let delete = Delete { post };
        perform_on_post(context, &request, &delete, post, &[(post, "postId")]).await
    }

    /// Restores a deleted post, with all that it had. Its author may; where staff removed it, staff.
    async fn post_restore(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The post.")] input: PostRestoreInput,
    ) -> Result<Option<PostRestorePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let post = NodeId::post(&input.post_id)?;
        let restore = Restore { post };
        perform_on_post(context, &request, &restore, post, &[(post, "postId")]).await
    }
}

async fn open<Payload: From<(Option<Post>, Vec<UserError>)>>(
    context: &Context<'_>,
    request: &Request,
    topic: Topic,
    input: TopicInput,
) -> Result<Option<Payload>> {
    let TopicInput {
        group_id,
        title,
        body,
        tags,
    } = input;
    let kind = match topic {
        Topic::Question => "question",
        Topic::Discussion => "discussion",
        Topic::Article => "article",
    };
    let group = group_id.as_ref().map(NodeId::group).transpose()?;
    let without_review = match (topic, group) {
        (Topic::Article, Some(group)) => publishes_without_review(reading(context), group).await?,
        (Topic::Article | Topic::Question | Topic::Discussion, _) => false,
    };
    let open = Open {
        post: PostId(request.new_id(kind)),
        topic,
        group,
        title,
        body,
        tags,
        without_review,
    };
    perform_on_post(context, request, &open, open.post, &[]).await
}
