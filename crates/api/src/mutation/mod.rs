//! Everything that can be done: one action a mutation, named by what it acts on.
//!
//! What a user can put right comes as `userErrors`; what is our fault as an error of the field.

use async_graphql::{Context, Enum, Error, ErrorExtensions, MergedObject, Result, SimpleObject};
use plaudit_domain::{Command, PostId, Refusal};
use plaudit_replay::{CommandError, Outcome, Request};

use crate::account::Account;
use crate::loader::PostById;
use crate::post::Post;
use crate::profile::Profile;
use crate::reading::{Reading, reading};

mod acceptance;
mod account;
mod agreement;
mod badge;
mod benefit;
mod bulk;
mod calendar;
mod feedback;
mod group;
mod kudos;
mod leadership;
mod learning;
mod like;
mod link;
mod lozenge;
mod meeting;
mod notification;
mod payload;
mod post;
mod presentation;
mod profile;
mod report;
mod review;
mod rule_files;
mod rules;
mod rules_preview;
mod watch;

/// Everything that can be done. All of it needs a token: it is done as the token's account.
// In parts, for each field goes through all that stand before it: a long chain is more than the compiler
// looks into.
#[derive(Default, MergedObject)]
pub struct Mutation(People, Forum, Groups, Programme);

/// What concerns accounts and profiles.
#[derive(Default, MergedObject)]
struct People(
    account::AccountMutation,
    link::LinkMutation,
    profile::ProfileMutation,
    learning::LearningMutation,
    notification::NotificationMutation,
);

/// What concerns posts.
#[derive(Default, MergedObject)]
struct Forum(
    post::PostMutation,
    review::ReviewMutation,
    report::ReportMutation,
    acceptance::AcceptanceMutation,
    like::LikeMutation,
    watch::WatchMutation,
);

/// What concerns groups and meetings.
#[derive(Default, MergedObject)]
struct Groups(
    group::GroupMutation,
    leadership::LeadershipMutation,
    meeting::MeetingMutation,
    presentation::PresentationMutation,
    benefit::BenefitMutation,
    calendar::CalendarMutation,
);

/// What concerns kudos and lozenges.
#[derive(Default, MergedObject)]
struct Programme(
    kudos::KudosMutation,
    rules::RulesMutation,
    badge::BadgeMutation,
    agreement::AgreementMutation,
    lozenge::LozengeMutation,
    feedback::FeedbackMutation,
    rules_preview::RulesPreviewMutation,
);

/// Something that the user can put right.
#[derive(Debug, Clone, SimpleObject)]
pub struct UserError {
    /// What is wrong, for programs.
    code: UserErrorCode,
    /// The field of the input that it is about, from the outside in; null if it is about none.
    field: Option<Vec<String>>,
    /// What is wrong and what to do, for people.
    message: String,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum UserErrorCode {
    /// The account isn't registered yet: register it first.
    ActorNotRegistered,
    /// The account was erased: nothing can be done as it any more.
    AccountErased,
    /// It takes a role that the token doesn't give.
    Forbidden,
    /// There is no such account.
    AccountNotFound,
    /// A name is empty, too long or of several lines.
    NameInvalid,
    /// There is no such post.
    PostNotFound,
    /// The post is deleted.
    PostDeleted,
    /// The article isn't published yet.
    PostNotPublished,
    /// The article isn't waiting for review.
    NotInReview,
    /// The article was changed since it was read: it is published as what was read, or not.
    ArticleChanged,
    /// Staff removed the post: only they restore it.
    RemovedByStaff,
    /// Nobody reports a post of their own, nor of a linked account.
    OwnPostReported,
    /// What is wrong with a post for another reason has to be said.
    ReportCommentMissing,
    /// No report of the post is open.
    NoOpenReports,
    /// Only the author may do this.
    NotTheAuthor,
    /// Only who asked the question may do this, and staff.
    NotTheAsker,
    /// The post is not a question.
    NotAQuestion,
    /// The post is not an answer to this question.
    NotAnAnswer,
    /// Nobody likes a post of their own, nor of a linked account.
    OwnPost,
    /// Nobody accepts an answer of their own, nor of a linked account.
    OwnAnswer,
    /// A title is empty or too long.
    TitleInvalid,
    /// Answers and comments have no title.
    TitleNotAllowed,
    /// A text is empty or too long.
    BodyInvalid,
    /// Something isn't a tag.
    TagInvalid,
    /// There are too many tags.
    TooManyTags,
    /// Answers and comments have no tags.
    TagsNotAllowed,
    /// Both accounts are managed by an organisation: create a personal account first, then link both
    /// to it.
    TwoManagedAccounts,
    /// Both accounts are primaries: unlink the accounts of one, so that it is no longer primary.
    TwoPrimaries,
    /// The account is linked to another primary: unlink it there first.
    LinkedToAnotherPrimary,
    /// Only the primary account may do this: log in as the primary.
    NotThePrimary,
    /// The accounts are linked already: there is nothing to do.
    AlreadyLinked,
    /// It is one and the same account.
    SameAccount,
    /// The account isn't linked to the actor's.
    NotLinked,
    /// Only a personal account can be a primary.
    PrimaryMustBePersonal,
    /// There is no such code, or it was used: make a new one as the other account.
    LinkCodeInvalid,
    /// The code is older than ten minutes: make a new one as the other account.
    LinkCodeExpired,
    /// A text is too long, or holds what it can't.
    FieldInvalid,
    /// A list has too many entries.
    TooManyEntries,
    /// Something isn't the address of a website.
    LinkInvalid,
    /// A time is still to come.
    InFuture,
    /// There is no such group.
    GroupNotFound,
    /// Only members of the group may do this: join it first.
    NotAMember,
    /// The group is no user group: only those have leaders, meetings and a location.
    NotAUserGroup,
    /// Only leaders and co-leaders of the group may do this.
    NotALeader,
    /// Who works for whom, or has which lozenge, can't lead a user group. The message says which.
    Ineligible,
    /// They lead the group already.
    LeadsAlready,
    /// Nobody asked to lead the group with this account, or it is decided.
    ApplicationNotFound,
    /// There is no such meeting, or not of this group.
    MeetingNotFound,
    /// The meeting is cancelled: schedule another.
    MeetingCancelled,
    /// The meeting was held: what was is not changed.
    MeetingHeld,
    /// The meeting has begun.
    MeetingBegun,
    /// The meeting is still to come.
    MeetingNotBegun,
    /// A meeting ends after it begins, and not long after.
    MeetingTimesInvalid,
    /// A meeting begins in the future.
    MeetingInPast,
    /// There is no time zone of this name.
    TimeZoneInvalid,
    /// A meeting has a place, an address online, or both.
    NowhereToMeet,
    /// A capacity is at least 1.
    CapacityInvalid,
    /// Meetings of user groups are free: there is no price.
    NotFree,
    /// Members register here: other places may announce a meeting, and not take registrations.
    ExternalRegistration,
    /// There is no such presentation at the meeting.
    PresentationNotFound,
    /// The account has no lozenge that names a company.
    NoCompany,
    /// Only leaders of an active group may ask for this: hold a meeting, and confirm it.
    GroupInactive,
    /// A meeting is reimbursed once it was held, and who attended is recorded.
    NotReimbursable,
    /// A meeting is reimbursed once: a request for it waits, or was approved.
    MeetingReimbursed,
    /// An amount is more than nothing.
    AmountInvalid,
    /// Something isn't the code of a currency.
    CurrencyInvalid,
    /// There is no such request.
    BenefitNotFound,
    /// The request is decided already.
    BenefitDecided,
    /// Leaders have no such benefit in this community.
    BenefitNotGiven,
    /// Something isn't what a course or certification can be known by.
    KeyInvalid,
    /// Nobody gives kudos to themselves, nor to a linked account.
    KudosToOneself,
    /// All the kudos that can be given in this period are given. The message says from when on there
    /// are more.
    AllowanceUsedUp,
    /// The programme has no kudos that members give each other.
    NoPeerKudos,
    /// There is no such agreement.
    AgreementNotFound,
    /// The agreement has another version by now: read it, and accept that.
    AgreementOutdated,
    /// There is no such lozenge.
    LozengeNotFound,
    /// Nobody grants the lozenge: it comes by itself.
    LozengeDerived,
    /// Nobody can ask for the lozenge: staff grant it by their own choice.
    LozengeNotRequestable,
    /// The profile has the lozenge already.
    LozengeHeld,
    /// The account doesn't have the lozenge.
    LozengeNotHeld,
    /// The profile asked for the lozenge already, and waits for staff.
    LozengeRequestWaiting,
    /// Nothing was asked for, or that is decided already.
    NoLozengeRequest,
    /// The lozenge names a company, and its app or service: give both.
    CompanyMissing,
    /// The lozenge names no company.
    CompanyNotNamed,
    /// Not all is met that the lozenge requires: `requirements` says what.
    RequirementsNotMet,
    /// It takes a reason, for not all is met that the lozenge requires.
    ReasonMissing,
    /// Rules have a mistake, or a test beside them fails.
    RulesInvalid,
    /// Another preview of rules is being made: wait for it, or cancel it.
    RulesPreviewRunning,
    /// There is no such preview of rules, or it isn't kept any more.
    RulesPreviewNotFound,
    /// A rating is a number from 1 to 5.
    RatingInvalid,
    /// Feedback has a rating, a text, or both.
    FeedbackEmpty,
    /// A list has no entries.
    NoEntries,
    /// It is too long ago to be recorded.
    TooLongAgo,
    /// The idempotency key was used for another request.
    IdempotencyKeyReused,
}

impl UserError {
    fn new(code: UserErrorCode, field: Option<&str>, error: &dyn std::error::Error) -> Self {
        Self::saying(code, field, error.to_string())
    }

    fn saying(code: UserErrorCode, field: Option<&str>, message: String) -> Self {
        Self {
            code,
            field: field.map(|field| vec!["input".to_owned(), field.to_owned()]),
            message,
        }
    }

    /// A refusal of a command that was given these posts.
    fn refused(refusal: &Refusal, given: Given<'_>) -> Self {
        use UserErrorCode as Code;
        let naming = |post: &PostId| {
            let named = given.iter().find(|(id, _)| id == post);
            named.map(|&(_, field)| field)
        };
        let (code, field) = match refusal {
            Refusal::ActorNotRegistered => (Code::ActorNotRegistered, None),
            Refusal::NameInvalid { .. } => (Code::NameInvalid, Some("name")),
            Refusal::PostNotFound { post } => (Code::PostNotFound, naming(post)),
            Refusal::PostDeleted { post } => (Code::PostDeleted, naming(post)),
            // New ids are drawn, or follow from the key.
            Refusal::PostExists { .. }
            | Refusal::GroupExists
            | Refusal::GiftExists { .. }
            | Refusal::MeetingExists
            | Refusal::PresentationExists
            | Refusal::BenefitExists => return Self::key_reused(),
            Refusal::ActorErased => (Code::AccountErased, None),
            Refusal::NotPermitted { .. } => (Code::Forbidden, None),
            Refusal::AccountNotFound { .. } => (Code::AccountNotFound, Some("accountId")),
            Refusal::TwoManagedAccounts => (Code::TwoManagedAccounts, None),
            Refusal::TwoPrimaries => (Code::TwoPrimaries, None),
            Refusal::LinkedToAnotherPrimary { .. } => (Code::LinkedToAnotherPrimary, None),
            Refusal::NotThePrimary => (Code::NotThePrimary, None),
            // Only if somebody links it while it is being erased.
            Refusal::AlreadyLinked | Refusal::StillLinked => (Code::AlreadyLinked, None),
            Refusal::SameAccount => (Code::SameAccount, None),
            Refusal::NotLinked => (Code::NotLinked, Some("accountId")),
            Refusal::PrimaryMustBePersonal => (Code::PrimaryMustBePersonal, Some("accountId")),
            Refusal::LinkCodeInvalid => (Code::LinkCodeInvalid, Some("code")),
            Refusal::LinkCodeExpired => (Code::LinkCodeExpired, Some("code")),
            Refusal::FieldInvalid { field, .. } => (Code::FieldInvalid, Some(*field)),
            Refusal::TooManyEntries { field, .. } => (Code::TooManyEntries, Some(*field)),
            Refusal::TooManyInteractions { .. } => (Code::TooManyEntries, Some("interactions")),
            Refusal::LinkInvalid { field, .. } => (Code::LinkInvalid, Some(*field)),
            Refusal::InFuture { field } => (Code::InFuture, Some(*field)),
            Refusal::GroupNotFound { .. } => (Code::GroupNotFound, Some("groupId")),
            Refusal::NotAMember { .. } => (Code::NotAMember, None),
            Refusal::NotAUserGroup { .. } => (Code::NotAUserGroup, Some("groupId")),
            Refusal::NotALeader { .. } => (Code::NotALeader, None),
            Refusal::Ineligible { .. } => (Code::Ineligible, None),
            Refusal::LeadsAlready { .. } => (Code::LeadsAlready, None),
            Refusal::ApplicationNotFound { .. } => (Code::ApplicationNotFound, None),
            Refusal::ProposalWithheld { .. } => (Code::AccountErased, None),
            Refusal::MeetingNotFound { .. } => (Code::MeetingNotFound, Some("meetingId")),
            Refusal::MeetingCancelled => (Code::MeetingCancelled, None),
            Refusal::MeetingHeld => (Code::MeetingHeld, None),
            Refusal::MeetingBegun => (Code::MeetingBegun, None),
            Refusal::MeetingNotBegun { .. } => (Code::MeetingNotBegun, None),
            Refusal::MeetingTimesInvalid { .. } => (Code::MeetingTimesInvalid, Some("endsAt")),
            Refusal::MeetingInPast => (Code::MeetingInPast, Some("startsAt")),
            Refusal::ZoneInvalid { .. } => (Code::TimeZoneInvalid, Some("timeZone")),
            Refusal::NowhereToMeet => (Code::NowhereToMeet, Some("place")),
            Refusal::CapacityInvalid { .. } => (Code::CapacityInvalid, Some("capacity")),
            Refusal::NotFree => (Code::NotFree, Some("price")),
            Refusal::ExternalRegistration => (Code::ExternalRegistration, Some("registrationUrl")),
            Refusal::PresentationNotFound { .. } => {
                (Code::PresentationNotFound, Some("presentationId"))
            }
            Refusal::NoCompany { .. } => (Code::NoCompany, Some("accountId")),
            Refusal::GroupInactive { .. } => (Code::GroupInactive, Some("groupId")),
            Refusal::MeetingOfAnotherGroup { .. } => (Code::MeetingNotFound, Some("meetingId")),
            Refusal::NotReimbursable { .. } => (Code::NotReimbursable, Some("meetingId")),
            Refusal::NoLongerReimbursable { .. } => (Code::NotReimbursable, Some("approved")),
            Refusal::MeetingReimbursed { .. } => (Code::MeetingReimbursed, Some("meetingId")),
            Refusal::ReimbursedByAnother { .. } => (Code::MeetingReimbursed, Some("approved")),
            Refusal::AmountInvalid { .. } => (Code::AmountInvalid, Some("amount")),
            Refusal::CurrencyInvalid { .. } => (Code::CurrencyInvalid, Some("currency")),
            Refusal::BenefitNotFound { .. } => (Code::BenefitNotFound, Some("requestId")),
            Refusal::BenefitDecided { .. } => (Code::BenefitDecided, None),
            Refusal::KeyInvalid { field, .. } => (Code::KeyInvalid, Some(*field)),
            Refusal::TextInvalid { field, .. } => (Code::FieldInvalid, Some(*field)),
            Refusal::KudosToOneself => (Code::KudosToOneself, Some("profileId")),
            Refusal::AllowanceUsedUp { .. } => (Code::AllowanceUsedUp, None),
            Refusal::AgreementNotFound { .. } => (Code::AgreementNotFound, Some("agreementKey")),
            Refusal::AgreementOutdated { .. } => (Code::AgreementOutdated, Some("version")),
            Refusal::LozengeNotFound { .. } => (Code::LozengeNotFound, Some("lozengeKey")),
            Refusal::LozengeDerived => (Code::LozengeDerived, Some("lozengeKey")),
            Refusal::LozengeNotRequestable => (Code::LozengeNotRequestable, Some("lozengeKey")),
            Refusal::LozengeHeld => (Code::LozengeHeld, Some("lozengeKey")),
            Refusal::LozengeNotHeld => (Code::LozengeNotHeld, Some("lozengeKey")),
            Refusal::LozengeRequestWaiting => (Code::LozengeRequestWaiting, Some("lozengeKey")),
            Refusal::NoLozengeRequest => (Code::NoLozengeRequest, Some("lozengeKey")),
            Refusal::CompanyMissing => (Code::CompanyMissing, Some("company")),
            Refusal::CompanyNotNamed => (Code::CompanyNotNamed, Some("company")),
            Refusal::RequirementsNotMet { .. } => (Code::RequirementsNotMet, None),
            Refusal::ReasonMissing => (Code::ReasonMissing, Some("reason")),
            Refusal::RatingInvalid { .. } => (Code::RatingInvalid, Some("rating")),
            Refusal::FeedbackEmpty => (Code::FeedbackEmpty, None),
            Refusal::NoEntries { field } => (Code::NoEntries, Some(*field)),
            Refusal::TooLongAgo { field, .. } => (Code::TooLongAgo, Some(*field)),
            Refusal::PostNotPublished { post } => (Code::PostNotPublished, naming(post)),
            Refusal::NotInReview { post } => (Code::NotInReview, naming(post)),
            Refusal::ArticleChanged { .. } => (Code::ArticleChanged, Some("revision")),
            Refusal::RemovedByStaff { post } => (Code::RemovedByStaff, naming(post)),
            Refusal::OwnPostReported { post } => (Code::OwnPostReported, naming(post)),
            Refusal::ReportCommentMissing => (Code::ReportCommentMissing, Some("comment")),
            // It is removed first: only if somebody restores it meanwhile.
            Refusal::NoOpenReports { post } | Refusal::NotRemoved { post } => {
                (Code::NoOpenReports, naming(post))
            }
            Refusal::NotTheAuthor { post } => (Code::NotTheAuthor, naming(post)),
            Refusal::NotTheAsker { question } => (Code::NotTheAsker, naming(question)),
            Refusal::NotAQuestion { post } => (Code::NotAQuestion, naming(post)),
            Refusal::NotAnAnswer { .. } => (Code::NotAnAnswer, Some("answerId")),
            Refusal::OwnPost => (Code::OwnPost, Some("postId")),
            Refusal::OwnAnswer => (Code::OwnAnswer, Some("answerId")),
            Refusal::TitleInvalid { .. } => (Code::TitleInvalid, Some("title")),
            Refusal::TitleNotAllowed => (Code::TitleNotAllowed, Some("title")),
            Refusal::BodyInvalid { .. } => (Code::BodyInvalid, Some("body")),
            Refusal::TagInvalid { .. } => (Code::TagInvalid, Some("tags")),
            Refusal::TooManyTags { .. } => (Code::TooManyTags, Some("tags")),
            Refusal::TagsNotAllowed => (Code::TagsNotAllowed, Some("tags")),
        };
        Self::new(code, field, refusal)
    }

    /// The same of one of several that a list holds.
    fn in_list(mut self, list: &[&str], number: usize) -> Self {
        let mut place = vec!["input".to_owned()];
        place.extend(list.iter().map(|&name| name.to_owned()));
        place.push(number.to_string());
        place.extend(self.field.into_iter().flatten().skip(1));
        self.field = Some(place);
        self
    }

    fn key_reused() -> Self {
        let code = UserErrorCode::IdempotencyKeyReused;
        Self::new(code, Some("idempotencyKey"), &CommandError::KeyReused)
    }
}

/// The posts that an input names, each by the field that does.
type Given<'a> = &'a [(PostId, &'a str)];

/// Does something; what the user can put right comes back as a user error.
async fn perform(
    reading: &Reading,
    request: &Request,
    command: &dyn Command,
    given: Given<'_>,
) -> Result<std::result::Result<Outcome, UserError>> {
    let result = reading.execute(request, command).await;
    reading.forget_viewer().await;
    match result {
        Ok(outcome) => Ok(Ok(outcome)),
        Err(CommandError::Refused(refusal)) => Ok(Err(UserError::refused(&refusal, given))),
        Err(error) => failed(error).map(Err),
    }
}

/// What keeps a command from being carried out that isn't a refusal: the user can put right some of
/// it.
fn failed(error: CommandError) -> Result<UserError> {
    match error {
        CommandError::Refused(refusal) => Ok(UserError::refused(&refusal, &[])),
        CommandError::KeyReused => Ok(UserError::key_reused()),
        error @ CommandError::Contended { .. } => Err(with_code(&error, "CONTENDED")),
        error @ CommandError::ReadOnly => Err(with_code(&error, "READ_ONLY")),
        error @ CommandError::NotReadableYet { .. } => Err(with_code(&error, "NOT_READABLE_YET")),
        error @ CommandError::Journal(_) => Err(error.into()),
    }
}

/// Does something with a post and reads the post as it is then.
///
/// Every mutation's answer is nullable: when one of several in an operation fails, the answers of
/// the others still come.
async fn perform_on_post<Payload: From<(Option<Post>, Vec<UserError>)>>(
    context: &Context<'_>,
    request: &Request,
    command: &dyn Command,
    post: PostId,
    given: Given<'_>,
) -> Result<Option<Payload>> {
    let reading = reading(context);
    let done = match perform(reading, request, command, given).await? {
        Ok(_) => {
            let post = reading.loader().load_one(PostById(post)).await?;
            (post.map(Post), vec![])
        }
        Err(error) => (None, vec![error]),
    };
    Ok(Some(done.into()))
}

/// Changes the profile of who asks, and reads it as it is then.
async fn perform_on_profile(
    context: &Context<'_>,
    request: &Request,
    command: &dyn Command,
) -> Result<(Option<Profile>, Vec<UserError>)> {
    let reading = reading(context);
    if let Err(error) = perform(reading, request, command, &[]).await? {
        return Ok((None, vec![error]));
    }
    let profile = match reading.viewer_account().await? {
        Some(account) => Some(Account(account).profile(context).await?),
        None => None,
    };
    Ok((profile, vec![]))
}

fn with_code(error: &CommandError, code: &'static str) -> Error {
    Error::new(error.to_string()).extend_with(|_, extensions| extensions.set("code", code))
}

/// Declares what a mutation of a post answers, and under which name the post.
macro_rules! post_payload {
    ($(#[$doc:meta])* $name:ident) => {
        $crate::mutation::post_payload! {
            $(#[$doc])*
            $name {
                /// The post as it is now; null if there are errors.
                post
            }
        }
    };
    ($(#[$doc:meta])* $name:ident { $(#[$post_doc:meta])* $post:ident }) => {
        $(#[$doc])*
        #[derive(Debug, async_graphql::SimpleObject)]
        pub struct $name {
            $(#[$post_doc])*
            $post: Option<$crate::post::Post>,
            /// What has to be put right first.
            user_errors: Vec<$crate::mutation::UserError>,
        }

        impl From<(Option<$crate::post::Post>, Vec<$crate::mutation::UserError>)> for $name {
            fn from(
                ($post, user_errors): (
                    Option<$crate::post::Post>,
                    Vec<$crate::mutation::UserError>,
                ),
            ) -> Self {
                Self { $post, user_errors }
            }
        }
    };
}

/// Declares what a mutation that acts on a post is given.
macro_rules! post_input {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, async_graphql::InputObject)]
        pub struct $name {
            /// The post's id.
            post_id: async_graphql::ID,
            /// A key of your choice: a repeat of the request with it does nothing again.
            idempotency_key: Option<uuid::Uuid>,
        }
    };
}

use {post_input, post_payload};
