//! Deeds: what somebody did, or was given, that rules may count.
//!
//! The folds of posts, likes and the like say what was done and what was undone, and know nothing of
//! rules. What it is worth is [reckoned](crate::reckon) afterwards.

use plaudit_domain::post::Kind;
use plaudit_domain::{Event, Time};

use crate::account::Account;
use crate::row::Key;

/// A kind of deed: an event, as it concerns one of the accounts that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Wrote a post.
    Posted,
    /// Got a like for a post.
    LikeReceived,
    /// Liked a post.
    LikeGiven,
    /// Wrote an answer that was accepted.
    SolutionGiven,
    /// Asked a question of which an answer was accepted.
    SolutionFound,
    /// Completed a course.
    CourseCompleted,
    /// Was awarded a certification.
    CertificationAwarded,
    /// Joined a group.
    GroupJoined,
    /// Got kudos from a peer.
    KudosReceived,
    /// Gave kudos to a peer.
    KudosGiven,
}

impl Action {
    /// All of them, each with the event and the part in it by which rules name it.
    pub const ALL: [(Self, &'static str, &'static str); 10] = [
        (Self::Posted, "PostCreated", "author"),
        (Self::LikeReceived, "PostLiked", "author"),
        (Self::LikeGiven, "PostLiked", "liker"),
        (Self::SolutionGiven, "AnswerAccepted", "author"),
        (Self::SolutionFound, "AnswerAccepted", "asker"),
        (Self::CourseCompleted, "CourseCompleted", "member"),
        (Self::CertificationAwarded, "CertificationAwarded", "member"),
        (Self::GroupJoined, "GroupJoined", "member"),
        (Self::KudosReceived, "KudosGiven", "receiver"),
        (Self::KudosGiven, "KudosGiven", "giver"),
    ];

    /// Whether it is about a post of some kind.
    pub fn has_kind(self) -> bool {
        match self {
            Self::Posted | Self::LikeReceived | Self::LikeGiven => true,
            Self::SolutionGiven
            | Self::SolutionFound
            | Self::CourseCompleted
            | Self::CertificationAwarded
            | Self::GroupJoined
            | Self::KudosReceived
            | Self::KudosGiven => false,
        }
    }
}

/// What became of a deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was done, and counts.
    Done,
    /// It was done to something that is deleted: it will count once that is restored.
    DoneUnseen,
    /// It was taken back for good.
    Undone,
    /// It was taken back for good, and didn't count at that time.
    UndoneUnseen,
    /// It doesn't count any more: what it was done to is deleted.
    Suspended,
    /// It counts again.
    Resumed,
}

impl Change {
    /// Whether it was done just now.
    pub(crate) fn is_new(self) -> bool {
        match self {
            Self::Done | Self::DoneUnseen => true,
            Self::Undone | Self::UndoneUnseen | Self::Suspended | Self::Resumed => false,
        }
    }

    /// Whether it was taken back, and never comes back.
    pub(crate) fn is_for_good(self) -> bool {
        match self {
            Self::Undone | Self::UndoneUnseen => true,
            Self::Done | Self::DoneUnseen | Self::Suspended | Self::Resumed => false,
        }
    }

    /// What it adds to counts of what counts.
    pub(crate) fn sign(self) -> i64 {
        match self {
            Self::Done | Self::Resumed => 1,
            Self::Undone | Self::Suspended => -1,
            Self::DoneUnseen | Self::UndoneUnseen => 0,
        }
    }
}

/// What a deed has to know of the post that it is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    pub(crate) post: Key,
    pub(crate) author: Option<Key>,
    pub(crate) kind: Kind,
    pub(crate) group: Option<Key>,
    pub(crate) likes: i64,
}

/// A deed, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    /// What became of it.
    pub change: Change,
    /// By which event, at which position,
    pub by: i64,
    /// and when.
    pub by_at: Time,
    /// What was done.
    pub action: Action,
    /// Whose deed it is.
    pub account: Key,
    /// The position of the event by which it was done.
    pub cause: i64,
    /// When it was done.
    pub at: Time,
    /// The post that it is about,
    pub post: Option<Key>,
    /// what that is,
    pub kind: Option<Kind>,
    /// and in which group.
    pub group: Option<Key>,
    /// Whether its account took part in the programme by itself when it was done.
    pub enrolled: bool,
    /// Of a like that was received: how many the post has now.
    pub likes: i64,
}

impl Deed {
    /// What an account just did, about nothing in particular.
    pub(crate) fn done(action: Action, account: &Account, event: &Event) -> Self {
        Self::of(
            action,
            account,
            event.position.cast_signed(),
            event.occurred_at,
        )
        .became(Change::Done, event)
    }

    /// What an account did at some time, before it is said what became of it.
    pub(crate) fn of(action: Action, account: &Account, cause: i64, at: Time) -> Self {
        let enrolled = account
            .enrolled_at
            .zip(account.enrolled_by)
            .is_some_and(|(since, by)| since <= at && by < cause);
        Self {
            change: Change::Done,
            by: cause,
            by_at: at,
            action,
            account: account.key,
            cause,
            at,
            post: None,
            kind: None,
            group: None,
            enrolled,
            likes: 0,
        }
    }

    /// The same, about a post.
    pub(crate) fn about(self, subject: Subject) -> Self {
        Self {
            post: Some(subject.post),
            kind: Some(subject.kind),
            group: subject.group,
            likes: subject.likes,
            ..self
        }
    }

    /// The same, after an event.
    pub(crate) fn became(self, change: Change, event: &Event) -> Self {
        Self {
            change,
            by: event.position.cast_signed(),
            by_at: event.occurred_at,
            ..self
        }
    }
}
