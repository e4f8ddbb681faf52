//! Badges: those that kudos rules give, those of posts, and those that were granted elsewhere (DOMAIN K6).

use plaudit_domain::fact::BadgeFact;
use plaudit_domain::{Event, Time};

use crate::fold::FoldError;
use crate::row::{Key, row};
use crate::rows::{Keyed, Optional, Rows};
use crate::touched::Touched;

row! {
    table "badge", primary (account, badge, cause), index (account, badge, at, cause);
    /// A kudos badge that an account has, by a rule or a challenge: one for each time that it was
    /// deserved. Of a badge that can be had once, the first one counts.
    pub struct Badge {
        /// The account.
        pub account: Key,
        /// The number of the badge, among those of the rules that it was reckoned by.
        pub badge: i64,
        /// What it was earned by: the position of a deed, or a number that says which challenge, in which
        /// period.
        pub cause: i64,
        /// When it was earned.
        pub at: Time,
        /// The position of the event that earned it.
        pub position: i64,
        /// The post that it is about.
        pub post: Option<Key>,
    }
}

/// What tells a badge from others: account, badge and cause.
pub type BadgeKey = (Key, i64, i64);

/// The kudos badges that a batch changes.
pub type Badges = Optional<Badge>;

impl Keyed for Badge {
    type Key = BadgeKey;

    fn key(&self) -> BadgeKey {
        (self.account, self.badge, self.cause)
    }
}

row! {
    table "post_milestone", primary (post, milestone), index (account, milestone, at, post);
    /// A milestone that a post reached, for its author.
    pub struct PostMilestone {
        /// The post.
        pub post: Key,
        /// The number of the milestone, among those of the rules that it was reckoned by.
        pub milestone: i64,
        /// The post's author.
        pub account: Key,
        /// When it was reached.
        pub at: Time,
        /// The position of the event that reached it.
        pub position: i64,
        /// Whether it counts: the post isn't deleted.
        pub counts: bool,
    }
}

/// The milestones of posts that a batch changes, by post and milestone.
pub type PostMilestones = Optional<PostMilestone>;

impl Keyed for PostMilestone {
    type Key = (Key, i64);

    fn key(&self) -> (Key, i64) {
        (self.post, self.milestone)
    }
}

row! {
    table "granted_badge", primary (key), index (account);
    /// A badge that was granted elsewhere.
    pub struct GrantedBadge {
        /// The position of its recording.
        pub key: Key,
        /// The account.
        pub account: Key,
        /// What it is known by there.
        pub badge: String,
        /// Its title.
        pub title: String,
        /// Where it was granted.
        pub source: String,
        /// Under which id.
        pub source_id: String,
        /// When it was granted.
        pub at: Time,
    }
}

pub(crate) fn touch(fact: &BadgeFact, touched: &mut Touched) {
    let BadgeFact::Granted(granted) = fact;
    touched.account(granted.account);
}

pub(crate) fn fold(fact: &BadgeFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let BadgeFact::Granted(granted) = fact;
    let account = rows.account(granted.account)?.key;
    rows.granted_badges.push(GrantedBadge {
        key: Key(event.position.cast_signed()),
        account,
        badge: granted.badge.clone(),
        title: granted.title.clone(),
        source: granted.origin.source.clone(),
        source_id: granted.origin.id.clone(),
        at: event.occurred_at,
    });
    Ok(())
}
