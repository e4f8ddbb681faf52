//! Why a command is refused: a user's mistake, never our fault.

use crate::id::PostId;

/// A refusal, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each is its documentation")]
pub enum Refusal {
    #[error("your account isn't registered yet: register it first")]
    ActorNotRegistered,
    #[error("a name has 1 to {max} characters and no control characters")]
    NameInvalid { max: usize },
    #[error("there is no such post")]
    PostNotFound { post: PostId },
    #[error("the post is deleted: restore it first")]
    PostDeleted { post: PostId },
    #[error("there is another post {post} already: choose another id")]
    PostExists { post: PostId },
    #[error("only its author may do this")]
    NotTheAuthor { post: PostId },
    #[error("only who asked the question accepts an answer to it")]
    NotTheAsker { question: PostId },
    #[error("the post is not a question")]
    NotAQuestion { post: PostId },
    #[error("the post is not an answer to this question")]
    NotAnAnswer { post: PostId, question: PostId },
    #[error("you can't like a post of your own")]
    OwnPost,
    #[error("you can't accept an answer of your own")]
    OwnAnswer,
    #[error("a title has 1 to {max} characters and no control characters")]
    TitleInvalid { max: usize },
    #[error("answers and comments have no title")]
    TitleNotAllowed,
    #[error("a text has 1 to {max} characters, not only spaces, and no NUL")]
    BodyInvalid { max: usize },
    #[error(
        "“{tag}” is not a tag: 1 to {max} lower-case letters, digits and the characters + - . # _"
    )]
    TagInvalid { tag: String, max: usize },
    #[error("a post has at most {max} tags")]
    TooManyTags { max: usize },
    #[error("answers and comments have no tags: tag what they are about")]
    TagsNotAllowed,
}
