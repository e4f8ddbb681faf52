//! What members want to be told, and what of it they have read (DOMAIN F5). That they are told is no
//! fact of its own: it follows from what happens.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, NotificationFact, Visit};
use crate::id::AccountId;
use crate::links::Links;
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::time::Time;

/// What somebody can be told. The names are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
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

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Answer,
        Self::Comment,
        Self::Acceptance,
        Self::Post,
        Self::ArticleUpdate,
        Self::ArticleReview,
        Self::Report,
        Self::Lozenge,
        Self::Meeting,
        Self::Presentation,
        Self::Leadership,
        Self::GroupWarning,
    ];

    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Comment => "comment",
            Self::Acceptance => "acceptance",
            Self::Post => "post",
            Self::ArticleUpdate => "article_update",
            Self::ArticleReview => "article_review",
            Self::Report => "report",
            Self::Lozenge => "lozenge",
            Self::Meeting => "meeting",
            Self::Presentation => "presentation",
            Self::Leadership => "leadership",
            Self::GroupWarning => "group_warning",
        }
    }

    /// The kind of a stored name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

// Facts

/// An account read some of what it was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// The account.
    pub account: AccountId,
    /// What it read, by the ids of notifications.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub notifications: BTreeSet<Uuid>,
    /// Or all that it was told up to then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

impl Body for Read {
    fn stream(&self) -> StreamName {
        StreamName::notifications(self.account)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            account: _,
            notifications: _,
            until: _,
        } = self;
    }
}

/// An account wants to be told of other things than before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreferencesChanged {
    /// The account.
    pub account: AccountId,
    /// The account that asked for it: this one, or one that is linked with it.
    pub by: AccountId,
    /// What it doesn't want to be told from now on; all else it does.
    pub muted: BTreeSet<Kind>,
}

impl Body for PreferencesChanged {
    fn stream(&self) -> StreamName {
        StreamName::notifications(self.by)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            account: _,
            by: _,
            muted: _,
        } = self;
    }
}

// Fold

/// What one account has read.
#[derive(Debug, Clone, Default, PartialEq)]
struct Reader {
    read: BTreeSet<Uuid>,
    until: Option<Time>,
}

impl State for Reader {
    type Fact = NotificationFact;

    fn apply(&mut self, fact: &NotificationFact) {
        match fact {
            NotificationFact::Read(read) => {
                self.read.extend(&read.notifications);
                self.until = self.until.max(read.until);
            }
            NotificationFact::PreferencesChanged(_) => {}
        }
    }
}

/// What accounts don't want to be told.
#[derive(Debug, Clone, Default, PartialEq)]
struct Preferences(BTreeMap<AccountId, BTreeSet<Kind>>);

impl State for Preferences {
    type Fact = NotificationFact;

    fn apply(&mut self, fact: &NotificationFact) {
        match fact {
            NotificationFact::PreferencesChanged(changed) => {
                self.0.insert(changed.account, changed.muted.clone());
            }
            NotificationFact::Read(_) => {}
        }
    }
}

// Decisions

/// The most notifications that are marked at once.
pub const READ_MAX: usize = 100;

/// Marks notifications as read. Which there are is known from rows alone: who asks names only such as the
/// actor was told. What is marked already is marked no second time.
#[derive(Debug, Clone)]
pub struct MarkRead {
    /// These,
    pub notifications: BTreeSet<Uuid>,
    /// and all up to a moment.
    pub until: Option<Time>,
}

impl Command for MarkRead {
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::notifications(actor.account)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        if self.notifications.len() > READ_MAX {
            return Err(Refusal::TooManyEntries {
                field: "notificationIds",
                max: READ_MAX,
            });
        }
        if self.until > Some(history.now()) {
            return Err(Refusal::InFuture { field: "until" });
        }
        let reader: Reader = history.state(&self.writes(actor, history.links()));
        let read = Read {
            account: actor.account,
            notifications: &self.notifications - &reader.read,
            until: self.until.filter(|until| Some(*until) > reader.until),
        };
        if read.notifications.is_empty() && read.until.is_none() {
            return Ok(vec![]);
        }
        Ok(vec![NotificationFact::Read(read).into()])
    }
}

/// Says what the actor doesn't want to be told from now on, whichever of their linked accounts it concerns.
#[derive(Debug, Clone)]
pub struct ChangePreferences {
    /// All that they don't want to be told.
    pub muted: BTreeSet<Kind>,
}

impl Command for ChangePreferences {
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::notifications(actor.account)
    }

    fn reads(&self, actor: &Actor, history: &History) -> Vec<StreamName> {
        sources(actor, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let Preferences(muted) = history.state_of_all(&sources(actor, history));
        let nothing = BTreeSet::new();
        let accounts = history.links().accounts_with(actor.account);
        let is_so = |account| muted.get(account).unwrap_or(&nothing) == &self.muted;
        if accounts.iter().all(is_so) {
            return Ok(vec![]);
        }
        let changed = accounts.into_iter().map(|account| {
            let changed = PreferencesChanged {
                account,
                by: actor.account,
                muted: self.muted.clone(),
            };
            NotificationFact::PreferencesChanged(changed).into()
        });
        Ok(changed.collect())
    }
}

/// The streams that tell what the accounts of the actor's profile want to be told.
fn sources(actor: &Actor, history: &History) -> Vec<StreamName> {
    let links = history.links();
    let accounts = links.accounts_with(actor.account).into_iter();
    let sources: BTreeSet<AccountId> = accounts
        .flat_map(|account| links.ever_with(account))
        .collect();
    sources.into_iter().map(StreamName::notifications).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{ada, after, bob, community, linked, muted, now, read, unlinked};

    fn mark(notifications: &[u128], until: Option<Time>) -> MarkRead {
        let notifications = notifications.iter().copied().map(Uuid::from_u128);
        MarkRead {
            notifications: notifications.collect(),
            until,
        }
    }

    fn mute(kinds: impl IntoIterator<Item = Kind>) -> ChangePreferences {
        ChangePreferences {
            muted: kinds.into_iter().collect(),
        }
    }

    #[test]
    fn f5_stored_names_are_those_of_events() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(Kind::named(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn f5_notifications_are_marked_as_read_once() {
        community([])
            .when(ada(), mark(&[1, 2], None))
            .then([read(ada(), &[1, 2], None)]);
        community([read(ada(), &[1, 2], None)])
            .when(ada(), mark(&[2, 3], None))
            .then([read(ada(), &[3], None)]);
        community([read(ada(), &[1, 2], None)])
            .when(ada(), mark(&[1], None))
            .then([]);
    }

    #[test]
    fn f5_all_up_to_a_moment_are_marked_as_read() {
        community([])
            .when(ada(), mark(&[], Some(now())))
            .then([read(ada(), &[], Some(now()))]);
        community([read(ada(), &[], Some(now()))])
            .when(ada(), mark(&[], Some(after(-5))))
            .then([]);
        community([])
            .when(ada(), mark(&[], Some(after(5))))
            .then_refused(Refusal::InFuture { field: "until" });
    }

    #[test]
    fn f5_so_many_are_marked_at_once_and_no_more() {
        let many: Vec<u128> = (0..=READ_MAX as u128).collect();
        community([])
            .when(ada(), mark(&many, None))
            .then_refused(Refusal::TooManyEntries {
                field: "notificationIds",
                max: READ_MAX,
            });
    }

    #[test]
    fn f5_what_is_muted_is_so_for_all_linked_accounts() {
        let kinds = [Kind::Comment];
        community([linked(ada(), bob(), 1)])
            .when(bob(), mute(kinds))
            .then([muted(bob(), ada(), kinds), muted(bob(), bob(), kinds)]);
        let told = [
            linked(ada(), bob(), 1),
            muted(bob(), ada(), kinds),
            muted(bob(), bob(), kinds),
        ];
        community(told.clone()).when(ada(), mute(kinds)).then([]);
        let alone = told.into_iter().chain([unlinked(ada(), bob())]);
        community(alone.clone()).when(ada(), mute(kinds)).then([]);
        community(alone)
            .when(ada(), mute([]))
            .then([muted(ada(), ada(), [])]);
    }

    #[test]
    fn f5_muting_nothing_where_nothing_is_muted_records_nothing() {
        community([]).when(ada(), mute([])).then([]);
    }
}
