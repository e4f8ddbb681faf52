//! Why a command is refused: a user's mistake, never our fault.

use crate::id::{AccountId, GiftId, GroupId, PostId};
use crate::period::Period;
use crate::time::Time;

/// A refusal, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each is its documentation")]
pub enum Refusal {
    #[error("your account isn't registered yet: register it first")]
    ActorNotRegistered,
    #[error("your account was erased: nothing can be done as it any more")]
    ActorErased,
    #[error("only {who} may do this")]
    NotPermitted { who: &'static str },
    #[error("there is no such account")]
    AccountNotFound { account: AccountId },
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
    #[error("only who asked the question, or staff, accepts an answer to it")]
    NotTheAsker { question: PostId },
    #[error("the post is not a question")]
    NotAQuestion { post: PostId },
    #[error("the post is not an answer to this question")]
    NotAnAnswer { post: PostId, question: PostId },
    #[error("you can't like a post of your own, nor of an account that is linked with yours")]
    OwnPost,
    #[error("you can't accept an answer of your own, nor of an account that is linked with yours")]
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
    #[error("both accounts are managed: create a personal account first, then link both to it")]
    TwoManagedAccounts,
    #[error(
        "both accounts are primaries: unlink what is linked to one of them, so that it is no longer primary"
    )]
    TwoPrimaries,
    #[error("the account is linked to another primary: unlink it there first")]
    LinkedToAnotherPrimary { account: AccountId },
    #[error("your account is not the primary of its profile: log in as the primary")]
    NotThePrimary,
    #[error("these accounts are linked already: there is nothing to do")]
    AlreadyLinked,
    #[error("this is one and the same account: name, or log in as, another")]
    SameAccount,
    #[error("the account is linked: unlink it first")]
    StillLinked,
    #[error("the account is not linked to yours")]
    NotLinked,
    #[error("a primary is a personal account: this one is managed by an organisation")]
    PrimaryMustBePersonal,
    #[error("there is no such code, or it was used: make a new one as the other account")]
    LinkCodeInvalid,
    #[error("the code has expired: make a new one as the other account")]
    LinkCodeExpired,
    #[error("`{field}` has at most {max} characters and no control characters")]
    FieldInvalid { field: &'static str, max: usize },
    #[error("at most {max} interactions of one day are recorded")]
    TooManyInteractions { max: usize },
    #[error("`{field}` has at most {max} entries")]
    TooManyEntries { field: &'static str, max: usize },
    #[error(
        "{link:?} is not a link: it begins with https:// or http:// and has at most {max} characters"
    )]
    LinkInvalid { link: String, max: usize },
    #[error("`{field}` is still to come: what is recorded has happened")]
    InFuture { field: &'static str },
    #[error("there is no such group")]
    GroupNotFound { group: GroupId },
    #[error("there is another group with this id already: choose another")]
    GroupExists,
    #[error("only members of the group may do this: join it first")]
    NotAMember { group: GroupId },
    #[error("`{field}` has 1 to {max} characters: letters, digits and the characters - _ . :")]
    KeyInvalid { field: &'static str, max: usize },
    #[error("`{field}` has 1 to {max} characters and no control characters but line breaks")]
    TextInvalid { field: &'static str, max: usize },
    #[error("`{field}` has at least one entry")]
    NoEntries { field: &'static str },
    #[error("`{field}` is more than {days} days ago: it is too late to record it")]
    TooLongAgo { field: &'static str, days: i64 },
    #[error("you can't give kudos to yourself, nor to an account that is linked with yours")]
    KudosToOneself,
    #[error("there is another gift {gift} already: choose another id")]
    GiftExists { gift: GiftId },
    #[error(
        "you have given all the kudos that you have for this {per}: there are more from {resets_at}"
    )]
    AllowanceUsedUp { per: Period, resets_at: Time },
    #[error("a rating is a number from 1 to {max}")]
    RatingInvalid { max: u8 },
    #[error("feedback has a rating, a text, or both: give at least one")]
    FeedbackEmpty,
}
