//! Why a command is refused: a user's mistake, never our fault.

use crate::id::{AccountId, BenefitId, GiftId, GroupId, MeetingId, PostId, PresentationId};
use crate::leadership::Obstacle;
use crate::period::Period;
use crate::requirement::Answer;
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
    #[error("the article isn't published yet: wait for its review")]
    PostNotPublished { post: PostId },
    #[error("the article isn't waiting for review")]
    NotInReview { post: PostId },
    #[error(
        "the article isn't what it was when you read it: read it again, and publish revision {revision}"
    )]
    ArticleChanged { post: PostId, revision: u32 },
    #[error("staff removed the post: only they restore it")]
    RemovedByStaff { post: PostId },
    #[error("you can't report a post of your own, nor of an account that is linked with yours")]
    OwnPostReported { post: PostId },
    #[error("say in a comment what is wrong with it")]
    ReportCommentMissing,
    #[error("no report of the post is open")]
    NoOpenReports { post: PostId },
    #[error("the post has to be removed first")]
    NotRemoved { post: PostId },
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
    LinkInvalid {
        field: &'static str,
        link: String,
        max: usize,
    },
    #[error("`{field}` is still to come: what is recorded has happened")]
    InFuture { field: &'static str },
    #[error("there is no such group")]
    GroupNotFound { group: GroupId },
    #[error("there is another group with this id already: choose another")]
    GroupExists,
    #[error("only members of the group may do this: join it first")]
    NotAMember { group: GroupId },
    #[error("the group is no user group: only those have leaders, meetings and a location")]
    NotAUserGroup { group: GroupId },
    #[error("only leaders and co-leaders of the group may do this")]
    NotALeader { group: GroupId },
    #[error("{obstacle} can't lead a user group, but attend, sponsor and speak")]
    Ineligible { obstacle: Obstacle },
    #[error("they lead the group already")]
    LeadsAlready { group: GroupId },
    #[error("nobody asked to lead the group with this account, or it is decided")]
    ApplicationNotFound { account: AccountId },
    #[error("what was proposed is withheld or erased: decline it, and create the group anew")]
    ProposalWithheld { group: GroupId },
    #[error("there is no such meeting")]
    MeetingNotFound { meeting: MeetingId },
    #[error("there is another meeting with this id already: choose another")]
    MeetingExists,
    #[error("the meeting is cancelled: schedule another")]
    MeetingCancelled,
    #[error("the meeting was held: what was is not changed")]
    MeetingHeld,
    #[error("the meeting has begun")]
    MeetingBegun,
    #[error("the meeting begins at {begins}: it is too early for this")]
    MeetingNotBegun { begins: Time },
    #[error("a meeting ends after it begins, and within {days} days")]
    MeetingTimesInvalid { days: i64 },
    #[error("a meeting begins in the future")]
    MeetingInPast,
    #[error("{zone:?} is not the name of a time zone, like Europe/Berlin")]
    ZoneInvalid { zone: String },
    #[error("a meeting has a place, an address online, or both")]
    NowhereToMeet,
    #[error("the capacity is a number from 1 to {max}; without one there is room for everybody")]
    CapacityInvalid { max: u32 },
    #[error("meetings of user groups are free: there is no price")]
    NotFree,
    #[error(
        "members register here: other places may announce a meeting, and not take registrations"
    )]
    ExternalRegistration,
    #[error("there is no such presentation at the meeting")]
    PresentationNotFound { presentation: PresentationId },
    #[error("there is another presentation with this id already: choose another")]
    PresentationExists,
    #[error("the account has no lozenge that names a company")]
    NoCompany { account: AccountId },
    #[error("only leaders of an active group may ask for this: hold a meeting, and confirm it")]
    GroupInactive { group: GroupId },
    #[error("the meeting isn't one of the group")]
    MeetingOfAnotherGroup { meeting: MeetingId },
    #[error("a meeting is reimbursed once it was held, and who attended is recorded")]
    NotReimbursable { meeting: MeetingId },
    #[error("the meeting isn't held, or nobody's attendance is recorded any more: decline it")]
    NoLongerReimbursable { meeting: MeetingId },
    #[error(
        "a request for this meeting waits or was approved already: a meeting is reimbursed once"
    )]
    MeetingReimbursed { meeting: MeetingId },
    #[error("another request for this meeting was approved already: decline this one")]
    ReimbursedByAnother { meeting: MeetingId },
    #[error("an amount is more than nothing, and at most {max}")]
    AmountInvalid { max: i64 },
    #[error("{currency:?} is not the code of a currency, like EUR")]
    CurrencyInvalid { currency: String },
    #[error("there is no such request")]
    BenefitNotFound { request: BenefitId },
    #[error("there is another request with this id already: choose another")]
    BenefitExists,
    #[error("the request is decided already")]
    BenefitDecided { request: BenefitId },
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
    #[error("there is no agreement {agreement:?}")]
    AgreementNotFound { agreement: String },
    #[error("the agreement has another version by now: read it, and accept version {current:?}")]
    AgreementOutdated { current: String },
    #[error("there is no lozenge {lozenge:?}")]
    LozengeNotFound { lozenge: String },
    #[error("nobody grants this lozenge: it comes by itself once it is deserved")]
    LozengeDerived,
    #[error("nobody can ask for this lozenge: staff grant it by their own choice")]
    LozengeNotRequestable,
    #[error("the profile has this lozenge already")]
    LozengeHeld,
    #[error("the account doesn't have this lozenge")]
    LozengeNotHeld,
    #[error("the profile asked for this lozenge already, and waits for staff to decide on that")]
    LozengeRequestWaiting,
    #[error("the account didn't ask for this lozenge, or staff decided on that already")]
    NoLozengeRequest,
    #[error("the lozenge names a company, and its app or service: give both")]
    CompanyMissing,
    #[error("the lozenge names no company: leave `company` and `product` out")]
    CompanyNotNamed,
    #[error("not all is met that the lozenge requires: {}", unmet(answers))]
    RequirementsNotMet { answers: Vec<Answer> },
    #[error("say why, for not all is met that the lozenge requires: give a `reason`")]
    ReasonMissing,
    #[error("a rating is a number from 1 to {max}")]
    RatingInvalid { max: u8 },
    #[error("feedback has a rating, a text, or both: give at least one")]
    FeedbackEmpty,
}

/// What isn't met, in one sentence.
fn unmet(answers: &[Answer]) -> String {
    let unmet = answers.iter().filter(|answer| !answer.met);
    let unmet: Vec<&str> = unmet.map(|answer| answer.why.as_str()).collect();
    unmet.join("; ")
}
