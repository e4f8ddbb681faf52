//! Names of streams. They are stored, so they never change, and they hold no personal data.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, BenefitId, GroupId, MeetingId, PostId};
use crate::link_code::CodeHash;
use crate::time::Time;

/// The name of a stream: its category, a hyphen, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StreamName(String);

impl StreamName {
    /// `account-{id}`: what an account is.
    pub fn account(account: AccountId) -> Self {
        Self(format!("account-{account}"))
    }

    /// `post-{id}`: a post's life, and for a question which answer is accepted.
    pub fn post(post: PostId) -> Self {
        Self(format!("post-{post}"))
    }

    /// `like-{post}-{account}`: a stream a pair, so that a popular post is no point of contention.
    pub fn like(post: PostId, account: AccountId) -> Self {
        Self(format!("like-{post}-{account}"))
    }

    /// `watch-{post}-{account}`.
    pub fn watch(post: PostId, account: AccountId) -> Self {
        Self(format!("watch-{post}-{account}"))
    }

    /// `links`: all links of accounts, for the rules of linking span accounts.
    pub fn links() -> Self {
        Self("links".to_owned())
    }

    /// `rules`: which rules are in force.
    pub fn rules() -> Self {
        Self("rules".to_owned())
    }

    /// `link-code-{hash}`: what became of a one-time code.
    pub fn link_code(code: CodeHash) -> Self {
        Self(format!("link-code-{code}"))
    }

    /// `learning-{account}`: what an account learned.
    pub fn learning(account: AccountId) -> Self {
        Self(format!("learning-{account}"))
    }

    /// `kudos-{account}`: enrolment and gifts of the profile that an account anchors.
    pub fn kudos(account: AccountId) -> Self {
        Self(format!("kudos-{account}"))
    }

    /// `badges-{account}`: badges that were granted elsewhere.
    pub fn badges(account: AccountId) -> Self {
        Self(format!("badges-{account}"))
    }

    /// `feedback-{account}`: what an account thinks of the programme.
    pub fn feedback(account: AccountId) -> Self {
        Self(format!("feedback-{account}"))
    }

    /// `interactions-{account}-{day}`: what an account looked at on a day, as whole days since 1970.
    pub fn interactions(account: AccountId, day: Time) -> Self {
        Self(format!("interactions-{account}-{}", day.day()))
    }

    /// `group-{id}`: what a group is.
    pub fn group(group: GroupId) -> Self {
        Self(format!("group-{group}"))
    }

    /// `member-{group}-{account}`.
    pub fn member(group: GroupId, account: AccountId) -> Self {
        Self(format!("member-{group}-{account}"))
    }

    /// `watch-group-{group}-{account}`.
    pub fn watch_group(group: GroupId, account: AccountId) -> Self {
        Self(format!("watch-group-{group}-{account}"))
    }

    /// `reports-{post}`: what members find wrong with a post.
    pub fn reports(post: PostId) -> Self {
        Self(format!("reports-{post}"))
    }

    /// `notifications-{account}`: what an account read, and what it wants to be told.
    pub fn notifications(account: AccountId) -> Self {
        Self(format!("notifications-{account}"))
    }

    /// `lozenge-{account}`: status labels that the profile which an account anchors asked for and was
    /// granted.
    pub fn lozenge(account: AccountId) -> Self {
        Self(format!("lozenge-{account}"))
    }

    /// `meeting-{id}`: what a meeting is, and who was there.
    pub fn meeting(meeting: MeetingId) -> Self {
        Self(format!("meeting-{meeting}"))
    }

    /// `rsvp-{meeting}-{account}`: what the profile that an account anchors answered to a meeting. A stream
    /// a pair, so that a popular meeting is no point of contention.
    pub fn rsvp(meeting: MeetingId, account: AccountId) -> Self {
        Self(format!("rsvp-{meeting}-{account}"))
    }

    /// `benefit-{id}`: a leader's request, and what became of it.
    pub fn benefit(request: BenefitId) -> Self {
        Self(format!("benefit-{request}"))
    }

    /// Every category: what a name begins with, and what kind of stream it is.
    pub const CATEGORIES: [&'static str; 21] = [
        "account",
        "badges",
        "benefit",
        "feedback",
        "group",
        "interactions",
        "kudos",
        "learning",
        "like",
        "link-code",
        "links",
        "lozenge",
        "meeting",
        "member",
        "notifications",
        "post",
        "reports",
        "rsvp",
        "rules",
        "watch",
        "watch-group",
    ];

    /// The category of a name; none where there is no such.
    pub fn category_of(name: &str) -> Option<&'static str> {
        let begins = |category: &&str| {
            let rest = name.strip_prefix(*category);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        // Of `watch` and `watch-group` the longer one.
        let of = Self::CATEGORIES.into_iter().filter(begins);
        of.max_by_key(|category| category.len())
    }

    /// A name as a journal kept it.
    pub fn stored(name: String) -> Self {
        Self(name)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
