//! What members are told (DOMAIN F5).
//!
//! It follows from what happens, and is a row of its own for everybody who is told. History never
//! notifies: what was imported tells nobody, however young it is, nor does what was recorded long after it
//! happened. Since an event keeps both, a rebuild makes the same rows again.

use std::collections::BTreeMap;

use plaudit_domain::fact::{Fact, MeetingFact, NotificationFact, PostFact};
use plaudit_domain::notification::Kind;
use plaudit_domain::{Event, Time};
use rustc_hash::FxHashSet;
use uuid::Uuid;

use crate::fold::FoldError;
use crate::row::{Key, List, row, stored_names};
use crate::rows::Rows;
use crate::touched::Touched;

row! {
    table "notification", primary (account, at, position), index (account, position), index (id);
    /// Somebody was told something.
    pub struct Notification {
        /// Which of their accounts it concerns.
        pub account: Key,
        /// When they were told.
        pub at: Time,
        /// The position of the event that it is about.
        pub position: i64,
        /// The id of that event: of one person's notifications no two have the same.
        pub id: Uuid,
        /// What it is.
        pub kind: Kind,
        /// What became of what it is about, where different things can.
        pub outcome: Option<Outcome>,
        /// What staff or leaders said of it, if anything, and unless that is withheld.
        pub note: Option<String>,
        /// As which account that was done, where that is known.
        pub actor: Option<Key>,
        /// The post that it is about.
        pub post: Option<Key>,
        /// The group that it is about.
        pub group_key: Option<Key>,
        /// The meeting that it is about.
        pub meeting: Option<Key>,
        /// The presentation that it is about.
        pub presentation: Option<Key>,
        /// What a leader asked for that it is about.
        pub benefit: Option<Key>,
        /// The lozenge that it is about.
        pub lozenge: Option<String>,
    }
}

stored_names! {
    /// What became of what somebody is told about.
    pub enum Outcome {
        /// An article of theirs was published.
        ArticlePublished = "article_published",
        /// An article of theirs was rejected.
        ArticleRejected = "article_rejected",
        /// A report of a post of theirs was upheld, and that is all.
        Warned = "warned",
        /// A post of theirs was removed, since a report of it was upheld.
        PostRemoved = "post_removed",
        /// They were granted a lozenge.
        LozengeGranted = "lozenge_granted",
        /// Their request for a lozenge was denied.
        LozengeDenied = "lozenge_denied",
        /// A lozenge of theirs was revoked.
        LozengeRevoked = "lozenge_revoked",
        /// A meeting was scheduled.
        MeetingScheduled = "meeting_scheduled",
        /// A meeting was changed.
        MeetingChanged = "meeting_changed",
        /// A meeting was cancelled.
        MeetingCancelled = "meeting_cancelled",
        /// They waited for a place at a meeting, and have one.
        MovedUp = "moved_up",
        /// A presentation of theirs was approved.
        PresentationApproved = "presentation_approved",
        /// A presentation of theirs was rejected.
        PresentationRejected = "presentation_rejected",
        /// They were made a leader of a group.
        LeaderAppointed = "leader_appointed",
        /// They lead a group no more.
        LeadershipEnded = "leadership_ended",
        /// They asked to lead a group; that was declined.
        LeadershipDeclined = "leadership_declined",
        /// They get what they asked for as a leader.
        BenefitApproved = "benefit_approved",
        /// They don't get what they asked for as a leader.
        BenefitDeclined = "benefit_declined",
        /// A group that they lead is about to be inactive.
        GroupAtRisk = "group_at_risk",
        /// A group that they lead is inactive.
        GroupInactive = "group_inactive",
    }
}

row! {
    table "read_mark", primary (account, notification);
    /// An account has read a notification.
    #[derive(Eq, Hash, PartialOrd, Ord)]
    pub struct ReadMark {
        /// The account.
        pub account: Key,
        /// The notification.
        pub notification: Uuid,
    }
}

/// What somebody is told about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subject {
    pub(crate) post: Option<Key>,
    pub(crate) group: Option<Key>,
    pub(crate) meeting: Option<Key>,
    pub(crate) presentation: Option<Key>,
    pub(crate) benefit: Option<Key>,
    pub(crate) lozenge: Option<String>,
    pub(crate) outcome: Option<Outcome>,
    /// Where it is personal data, it is about who is told, and nobody else is.
    pub(crate) note: Option<String>,
}

/// In microseconds: what was recorded later than this after it happened is history.
const NEWS: i64 = 5 * 60 * 1_000_000;

/// Whether an event is told to anybody.
fn is_news(event: &Event) -> bool {
    !event.imported && event.recorded_at.as_micros() - event.occurred_at.as_micros() <= NEWS
}

pub(crate) fn touch(fact: &NotificationFact, touched: &mut Touched) {
    match fact {
        NotificationFact::Read(read) => touched.account(read.account),
        NotificationFact::PreferencesChanged(changed) => touched.account(changed.account),
    }
}

/// Touches all whom an event is told to.
pub(crate) fn touch_told(event: &Event, touched: &mut Touched) {
    if !is_news(event) {
        return;
    }
    match &event.fact {
        Fact::Post(fact) => touch_told_of_post(fact, touched),
        Fact::Meeting(MeetingFact::Scheduled(scheduled)) => {
            touched.watchers_of_groups.insert(scheduled.group);
        }
        // These tell only whom they touch anyhow.
        Fact::Meeting(_)
        | Fact::Account(_)
        | Fact::Link(_)
        | Fact::LinkCode(_)
        | Fact::Kudos(_)
        | Fact::Badge(_)
        | Fact::Lozenge(_)
        | Fact::Feedback(_)
        | Fact::Learning(_)
        | Fact::Group(_)
        | Fact::Rsvp(_)
        | Fact::Benefit(_)
        | Fact::Membership(_)
        | Fact::Like(_)
        | Fact::Report(_)
        | Fact::Rules(_)
        | Fact::Notification(_)
        | Fact::Watch(_) => {}
    }
}

fn touch_told_of_post(fact: &PostFact, touched: &mut Touched) {
    match fact {
        PostFact::Created(created) => {
            touched.watchers_of.extend(created.parent);
            touched.watchers_of_groups.extend(created.group);
        }
        PostFact::Published(published) => {
            touched.watchers_of_groups.extend(published.group);
        }
        PostFact::Edited(edited) => {
            touched.watchers_of.insert(edited.post);
        }
        PostFact::AnswerAccepted(accepted) => {
            touched.watchers_of.insert(accepted.question);
        }
        PostFact::Submitted(_)
        | PostFact::Rejected(_)
        | PostFact::Resubmitted(_)
        | PostFact::Deleted(_)
        | PostFact::Removed(_)
        | PostFact::Restored(_)
        | PostFact::AcceptanceWithdrawn(_) => {}
    }
}

pub(crate) fn fold(fact: &NotificationFact, rows: &mut Rows) -> Result<(), FoldError> {
    match fact {
        NotificationFact::Read(read) => {
            let reader = rows.account(read.account)?;
            reader.read_until = reader.read_until.max(read.until);
            let account = reader.key;
            let marks = read.notifications.iter().map(|&notification| ReadMark {
                account,
                notification,
            });
            rows.read_marks.extend(marks);
        }
        NotificationFact::PreferencesChanged(changed) => {
            let muted = changed.muted.iter().map(|kind| kind.as_str().to_owned());
            let muted: Vec<String> = muted.collect();
            rows.account(changed.account)?.muted = List::new(&muted);
        }
    }
    Ok(())
}

impl Rows {
    /// Tells the owners of some accounts, whose rows are here, what just happened: each person once, and not
    /// who did it.
    pub(crate) fn tell(
        &mut self,
        kind: Kind,
        accounts: impl IntoIterator<Item = Key>,
        about: Subject,
        event: &Event,
    ) {
        if !is_news(event) {
            return;
        }
        let actor = event.actor.and_then(|actor| self.accounts.find(actor));
        let position = event.position.cast_signed();
        let mut done: FxHashSet<Key> = actor.iter().map(|actor| actor.profile).collect();
        let just_told = self.notifications.iter().rev();
        let just_told = just_told.take_while(|told| told.position == position);
        let profile_of = |account| Some(self.accounts.find_key(account)?.profile);
        done.extend(just_told.filter_map(|told| profile_of(told.account)));

        // Of several accounts of one person it concerns the oldest.
        let mut people: BTreeMap<Key, Key> = BTreeMap::new();
        for account in accounts {
            let Some(account) = self.accounts.find_key(account) else {
                debug_assert!(false, "account {account:?} is missing");
                continue;
            };
            if !account.erased && !done.contains(&account.profile) {
                let told = people.entry(account.profile).or_insert(account.key);
                *told = account.key.min(*told);
            }
        }
        // Settings are the primary account's (DOMAIN L8).
        let is_muted = |profile: &Key| {
            let primary = self.accounts.find_key(*profile);
            primary.is_some_and(|primary| primary.mutes(kind))
        };
        people.retain(|profile, _| !is_muted(profile));
        let actor = actor.map(|actor| actor.key);
        let told = people.into_values().map(|account| Notification {
            account,
            at: event.recorded_at,
            position,
            id: event.id,
            kind,
            actor,
            post: about.post,
            group_key: about.group,
            meeting: about.meeting,
            presentation: about.presentation,
            benefit: about.benefit,
            lozenge: about.lozenge.clone(),
            outcome: about.outcome,
            note: about.note.clone(),
        });
        self.notifications.extend(told);
    }

    /// Tells who wrote a post, and who watches it.
    pub(crate) fn tell_author_and_watchers(
        &mut self,
        kind: Kind,
        post: Key,
        about: Subject,
        event: &Event,
    ) -> Result<(), FoldError> {
        let mut accounts = self.watches.accounts_of(post);
        accounts.extend(self.posts.by_key(post)?.author);
        self.tell(kind, accounts, about, event);
        Ok(())
    }

    /// Tells who watches a group of something new in it, where the event names that group.
    pub(crate) fn tell_watchers_of_group(&mut self, kind: Kind, about: Subject, event: &Event) {
        let Some(group) = about.group else { return };
        let watchers = self.group_watches.accounts_of(group);
        self.tell(kind, watchers, about, event);
    }
}
