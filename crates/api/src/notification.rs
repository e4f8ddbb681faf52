//! What members are told (DOMAIN F5).

mod list;
mod message;
mod reached;
mod reader;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use plaudit_domain::notification;
use plaudit_domain::post::Kind as PostKind;
use plaudit_projection::{Account as AccountRow, Notification as Row, Outcome, benefit};
use plaudit_store::Cursor;
use uuid::Uuid;

use self::list::place;
use self::message::Names;
use crate::account::Account;
use crate::benefit::BenefitRequest;
use crate::group::Group;
use crate::id::NodeId;
use crate::loader::{AccountBy, BenefitBy, GroupBy, MeetingBy, PostBy, PresentationBy};
use crate::lozenge::Lozenge;
use crate::meeting::Meeting;
use crate::post::Post;
use crate::presentation::Presentation;
use crate::reading::{reading, referred};
use crate::scalar::DateTime;

pub use self::list::{NotificationConnection, NotificationEdge, each_once};
pub use self::reached::Reached;
pub use self::reader::Reader;

/// What somebody can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "notification::Kind")]
pub enum NotificationKind {
    /// A question was answered.
    Answer,
    /// Somebody commented on a post.
    Comment,
    /// An answer was accepted.
    Acceptance,
    /// Something was posted in a group.
    Post,
    /// An article was changed.
    ArticleUpdate,
    /// An article of theirs was published or rejected.
    ArticleReview,
    /// A report of a post of theirs was upheld.
    Report,
    /// A lozenge was granted, denied or revoked.
    Lozenge,
    /// A meeting was scheduled in a group that they watch; or one that they go to, or wait for a place at, was
    /// changed or cancelled, or a place became free for them.
    Meeting,
    /// A presentation of theirs was approved or rejected.
    Presentation,
    /// They were made a leader, or are one no more; or what they asked for as one was decided.
    Leadership,
    /// A group that they lead is about to be inactive, or is.
    GroupWarning,
}

/// What became of what somebody is told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Outcome")]
pub enum NotificationOutcome {
    /// An article of theirs was published.
    ArticlePublished,
    /// An article of theirs was rejected.
    ArticleRejected,
    /// A report of a post of theirs was upheld, with a warning.
    Warned,
    /// A post of theirs was removed, since a report of it was upheld.
    PostRemoved,
    /// They were granted a lozenge.
    LozengeGranted,
    /// Their request for a lozenge was denied.
    LozengeDenied,
    /// A lozenge of theirs was revoked.
    LozengeRevoked,
    /// A meeting was scheduled.
    MeetingScheduled,
    /// A meeting was changed.
    MeetingChanged,
    /// A meeting was cancelled.
    MeetingCancelled,
    /// They waited for a place at a meeting, and have one now.
    MovedUp,
    /// A presentation of theirs was approved.
    PresentationApproved,
    /// A presentation of theirs was rejected.
    PresentationRejected,
    /// They were made a leader of a group, or a co-leader.
    LeaderAppointed,
    /// They lead a group no more.
    LeadershipEnded,
    /// They asked to lead a group, or proposed one; that was declined.
    LeadershipDeclined,
    /// They get what they asked for as a leader.
    BenefitApproved,
    /// They don't get what they asked for as a leader.
    BenefitDeclined,
    /// A group that they lead is about to be inactive.
    GroupAtRisk,
    /// A group that they lead is inactive.
    GroupInactive,
}

/// What somebody was told, as the row that it is read from.
#[derive(Debug, Clone)]
pub struct Notification {
    row: Row,
    is_read: bool,
}

/// Which notifications a list holds.
#[derive(Debug, Clone, Copy, Default, InputObject)]
pub struct NotificationFilter {
    /// Only those that aren't read.
    pub unread_only: Option<bool>,
}

/// What somebody wants to be told.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct NotificationPreference {
    /// What it is about.
    kind: NotificationKind,
    /// Whether they don't want to be told.
    is_muted: bool,
}

/// Of each kind of notification, whether the owner of an account wants it. The primary account of a
/// profile says so for all.
pub async fn preferences(
    context: &Context<'_>,
    account: &AccountRow,
) -> Result<Vec<NotificationPreference>> {
    let loader = reading(context).loader();
    let primary = referred(loader.load_one(AccountBy(account.profile)).await?)?;
    let muted = primary.muted.to_vec();
    let kinds = notification::Kind::ALL.into_iter();
    let preferences = kinds.map(|kind| NotificationPreference {
        kind: kind.into(),
        is_muted: muted.iter().any(|name| name == kind.as_str()),
    });
    Ok(preferences.collect())
}

impl Notification {
    /// Where it stands among others.
    pub fn place(&self) -> Cursor {
        place(&self.row)
    }

    /// What the owner of an account was told, by its id.
    pub async fn by_id(context: &Context<'_>, id: Uuid) -> Result<Option<Self>> {
        let reading = reading(context);
        let Some(account) = reading.viewer_account().await? else {
            return Ok(None);
        };
        let reader = Reader::of(reading, &account, reading.now()).await?;
        let mut rows = reading.store().notifications_by_id(&[id]).await?;
        rows.extend(reader.warnings(reading, false).await?);
        rows.retain(|row| row.id == id && reader.accounts.contains(&row.account));
        rows.truncate(1);
        Ok(reader.read(reading, rows).await?.pop())
    }

    /// The post that it is about, as long as that is in sight. Which of theirs was removed its author is told.
    async fn shown_post(&self, context: &Context<'_>) -> Result<Option<Post>> {
        let Some(post) = self.row.post else {
            return Ok(None);
        };
        let post = reading(context).loader().load_one(PostBy(post)).await?;
        let post = Post(referred(post)?);
        let is_shown = self.is_ruling() || post.is_readable(context).await?;
        Ok(Some(post).filter(|_| is_shown))
    }

    /// Whether it tells somebody what was decided of a post of theirs.
    fn is_ruling(&self) -> bool {
        match self.row.kind {
            notification::Kind::Report => true,
            notification::Kind::Answer
            | notification::Kind::Comment
            | notification::Kind::Acceptance
            | notification::Kind::Post
            | notification::Kind::ArticleUpdate
            | notification::Kind::ArticleReview
            | notification::Kind::Lozenge
            | notification::Kind::Meeting
            | notification::Kind::Presentation
            | notification::Kind::Leadership
            | notification::Kind::GroupWarning => false,
        }
    }

    /// Whether who did it is shown. What staff decide they don't decide as themselves.
    async fn is_by_a_member(&self, context: &Context<'_>, actor: &Account) -> Result<bool> {
        match self.row.kind {
            notification::Kind::Answer
            | notification::Kind::Comment
            | notification::Kind::ArticleUpdate => Ok(true),
            notification::Kind::Acceptance => self.is_by_the_asker(context, actor).await,
            // An article may be published by staff: its author stands in the post.
            notification::Kind::Post
            | notification::Kind::ArticleReview
            | notification::Kind::Report
            | notification::Kind::Lozenge
            | notification::Kind::Meeting
            | notification::Kind::Presentation
            | notification::Kind::Leadership
            | notification::Kind::GroupWarning => Ok(false),
        }
    }

    /// Whether who accepted an answer asked the question: else staff did.
    async fn is_by_the_asker(&self, context: &Context<'_>, actor: &Account) -> Result<bool> {
        let loader = reading(context).loader();
        let Some(answer) = self.row.post else {
            return Ok(false);
        };
        let answer = referred(loader.load_one(PostBy(answer)).await?)?;
        let Some(question) = answer.parent else {
            return Ok(false);
        };
        let question = referred(loader.load_one(PostBy(question)).await?)?;
        Post(question).is_by(reading(context), &actor.0).await
    }

    async fn in_group(&self, context: &Context<'_>) -> Result<Option<Group>> {
        let Some(group) = self.row.group_key else {
            return Ok(None);
        };
        let group = reading(context).loader().load_one(GroupBy(group)).await?;
        Ok(Some(Group(referred(group)?)))
    }

    async fn at_meeting(&self, context: &Context<'_>) -> Result<Option<Meeting>> {
        let Some(meeting) = self.row.meeting else {
            return Ok(None);
        };
        let loader = reading(context).loader();
        let meeting = loader.load_one(MeetingBy(meeting)).await?;
        Ok(Some(Meeting(referred(meeting)?)))
    }

    async fn of_presentation(&self, context: &Context<'_>) -> Result<Option<Presentation>> {
        let Some(presentation) = self.row.presentation else {
            return Ok(None);
        };
        let loader = reading(context).loader();
        let presentation = loader.load_one(PresentationBy(presentation)).await?;
        Ok(Some(Presentation(referred(presentation)?)))
    }

    async fn of_benefit(&self, context: &Context<'_>) -> Result<Option<BenefitRequest>> {
        let Some(benefit) = self.row.benefit else {
            return Ok(None);
        };
        let loader = reading(context).loader();
        let benefit = loader.load_one(BenefitBy(benefit)).await?;
        Ok(Some(BenefitRequest(referred(benefit)?)))
    }

    /// The title of the post, or of the first that has one of those that it is a reply to.
    async fn title(&self, context: &Context<'_>, post: Post) -> Result<Option<String>> {
        // Their own is named also where it was removed.
        if self.is_ruling() && post.0.title.is_some() {
            return Ok(post.0.title.as_deref().map(str::to_owned));
        }
        let mut next = Some(post);
        while let Some(post) = next {
            if let Some(title) = &post.0.title {
                let is_shown = post.is_readable(context).await?;
                return Ok(is_shown.then(|| title.to_string()));
            }
            next = post.parent_post(context).await?;
        }
        Ok(None)
    }

    async fn names(&self, context: &Context<'_>) -> Result<Names> {
        let post = self.shown_post(context).await?;
        let post_kind = post.as_ref().map(|post| PostKind::as_str(post.0.kind));
        let title = match post {
            Some(post) => self.title(context, post).await?,
            None => None,
        };
        let group = self.in_group(context).await?;
        let meeting = self.at_meeting(context).await?;
        let presentation = self.of_presentation(context).await?;
        let benefit = self.of_benefit(context).await?;
        let lozenges = &reading(context).rules().lozenges;
        let lozenge = self.row.lozenge.as_deref();
        Ok(Names {
            post_kind,
            title,
            group: group.map(|group| group.0.name.clone()),
            meeting: meeting.map(|meeting| meeting.0.title.clone()),
            presentation: presentation.and_then(|presentation| presentation.0.title.clone()),
            benefit: benefit.map(|benefit| match benefit.0.kind {
                benefit::Kind::Swag => "swag",
                benefit::Kind::Reimbursement => "reimbursement",
            }),
            lozenge: lozenge.map(|key| {
                let known = lozenges.find(key);
                known.map_or_else(|| key.to_owned(), |lozenge| lozenge.title.clone())
            }),
        })
    }
}

/// Something that a member was told.
#[Object(crate = "crate::engine")]
impl Notification {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        NodeId::Notification(self.row.id).into()
    }

    /// What it is about.
    async fn kind(&self) -> NotificationKind {
        self.row.kind.into()
    }

    /// What became of it, where that can be this or that; null for what just happened, like a comment.
    async fn outcome(&self) -> Option<NotificationOutcome> {
        self.row.outcome.map(Into::into)
    }

    /// What it says, in a sentence to show.
    async fn message(&self, context: &Context<'_>) -> Result<String> {
        let names = self.names(context).await?;
        Ok(message::sentence(self.row.kind, self.row.outcome, &names))
    }

    /// When they were told.
    async fn at(&self) -> DateTime {
        DateTime(self.row.at)
    }

    /// Whether they have read it.
    async fn is_read(&self) -> bool {
        self.is_read
    }

    /// Who did it. Null where that isn't known, and where staff decided something.
    async fn actor(&self, context: &Context<'_>) -> Result<Option<Account>> {
        let Some(actor) = self.row.actor else {
            return Ok(None);
        };
        let account = reading(context).loader().load_one(AccountBy(actor)).await?;
        let actor = Account(referred(account)?);
        let is_shown = self.is_by_a_member(context, &actor).await?;
        Ok(Some(actor).filter(|_| is_shown))
    }

    /// The post that it is about: the answer that was given or accepted, the comment, the article. Null
    /// where it is about none, and while that is gone; but its author is told which of theirs was removed.
    async fn post(&self, context: &Context<'_>) -> Result<Option<Post>> {
        self.shown_post(context).await
    }

    /// The group that it is about, or that the post is in.
    async fn group(&self, context: &Context<'_>) -> Result<Option<Group>> {
        self.in_group(context).await
    }

    /// The meeting that it is about.
    async fn meeting(&self, context: &Context<'_>) -> Result<Option<Meeting>> {
        self.at_meeting(context).await
    }

    /// The presentation that it is about, which is their own.
    async fn presentation(&self, context: &Context<'_>) -> Result<Option<Presentation>> {
        self.of_presentation(context).await
    }

    /// What they asked for as a leader that it is about.
    async fn benefit_request(&self, context: &Context<'_>) -> Result<Option<BenefitRequest>> {
        self.of_benefit(context).await
    }

    /// The lozenge that it is about. Null where it is about none, and where the rules don't have it any more.
    async fn lozenge(&self, context: &Context<'_>) -> Option<Lozenge> {
        let key = self.row.lozenge.as_deref()?;
        Lozenge::find(reading(context).rules(), key)
    }

    /// What staff, or the leaders of a group, say about it: why something was granted, denied, revoked,
    /// rejected, declined, removed or cancelled. Null where they say nothing.
    async fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }
}
