//! Who is told what, and the community's figures, worked out anew from all facts, without a fold
//! (DOMAIN F5, F10).

use std::collections::{BTreeMap, BTreeSet};

use plaudit_domain::acceptance::Accepted;
use plaudit_domain::fact::{
    AccountFact, GroupFact, MeetingFact, NotificationFact, PostFact, ReportFact, WatchFact,
};
use plaudit_domain::notification::Kind;
use plaudit_domain::post::Created;
use plaudit_domain::review::Published;
use plaudit_domain::{
    AccountId, Fact, GroupId, MeetingId, NewEvent, Period, PostId, Time, group, meeting, post,
};
use plaudit_projection::Figure;

use crate::histories::YET_TO_COME;
use crate::naive::Naive;

/// What was told by the event of which position, to which account.
pub type Told = BTreeMap<(i64, AccountId), Kind>;

/// What is worked out here of all that members are told.
pub const KINDS: [Kind; 7] = [
    Kind::Answer,
    Kind::Comment,
    Kind::Acceptance,
    Kind::Post,
    Kind::ArticleUpdate,
    Kind::ArticleReview,
    Kind::Report,
];

/// What the community counts, by month.
pub type Counted = BTreeMap<(Figure, Time), i64>;

#[derive(Default)]
pub struct NaiveTold {
    naive: Naive,
    /// In the order of their registration.
    registered: Vec<(AccountId, Time)>,
    erased: BTreeSet<AccountId>,
    muted: BTreeMap<AccountId, BTreeSet<Kind>>,
    groups: BTreeMap<GroupId, Time>,
    /// Whose they are, when they begin, and whether they were held: of cancelled ones nothing.
    meetings: BTreeMap<MeetingId, (GroupId, Time, Option<bool>)>,
    group_watches: BTreeSet<(GroupId, AccountId)>,
    accepted_at: BTreeMap<PostId, Time>,
    told: Told,
}

impl NaiveTold {
    pub fn after(events: &[NewEvent]) -> Self {
        let mut told = Self::default();
        for (position, event) in (1..).zip(events) {
            let people = told.people(event);
            let before = told.naive.accepted.clone();
            told.naive.note(event);
            told.note(event, &before);
            if event.occurred_at >= Time::from_micros(YET_TO_COME) {
                told.tell(position, event.actor, people);
            }
        }
        told
    }

    pub fn told(&self) -> &Told {
        &self.told
    }

    /// Whom an event concerns, by kind: who comes first isn't told the rest.
    fn people(&self, event: &NewEvent) -> Vec<(Kind, BTreeSet<AccountId>)> {
        let Fact::Post(fact) = &event.fact else {
            return match &event.fact {
                Fact::Report(ReportFact::Upheld(upheld)) => {
                    vec![(Kind::Report, upheld.author.into_iter().collect())]
                }
                Fact::Account(_)
                | Fact::Link(_)
                | Fact::LinkCode(_)
                | Fact::Rules(_)
                | Fact::Learning(_)
                | Fact::Kudos(_)
                | Fact::Badge(_)
                | Fact::Lozenge(_)
                | Fact::Feedback(_)
                | Fact::Group(_)
                | Fact::Meeting(_)
                | Fact::Rsvp(_)
                | Fact::Benefit(_)
                | Fact::Membership(_)
                | Fact::Post(_)
                | Fact::Like(_)
                | Fact::Report(_)
                | Fact::Notification(_)
                | Fact::Watch(_) => vec![],
            };
        };
        match fact {
            PostFact::Created(created) if !self.naive.posts.contains_key(&created.post) => {
                self.of_creation(created)
            }
            PostFact::Published(published) => self.of_publication(published),
            PostFact::Rejected(rejected) => {
                let (created, at) = &self.naive.posts[&rejected.post];
                let author = created.author.filter(|_| at.is_none());
                vec![(Kind::ArticleReview, author.into_iter().collect())]
            }
            PostFact::Edited(edited) => {
                let (created, _) = &self.naive.posts[&edited.post];
                // An edit that names another author changes nothing.
                let is_told = created.kind == post::Kind::Article
                    && self.naive.is_live(edited.post)
                    && (edited.author.is_none() || edited.author == created.author);
                let watchers = self.watchers(edited.post);
                vec![(Kind::ArticleUpdate, watchers)]
                    .into_iter()
                    .filter(|_| is_told)
                    .collect()
            }
            PostFact::AnswerAccepted(accepted) => self.of_acceptance(accepted),
            PostFact::Created(_)
            | PostFact::Deleted(_)
            | PostFact::Restored(_)
            | PostFact::Removed(_)
            | PostFact::Submitted(_)
            | PostFact::Resubmitted(_)
            | PostFact::AcceptanceWithdrawn(_) => vec![],
        }
    }

    fn of_creation(&self, created: &Created) -> Vec<(Kind, BTreeSet<AccountId>)> {
        let kind = match created.kind {
            post::Kind::Answer => Kind::Answer,
            post::Kind::Comment => Kind::Comment,
            post::Kind::Question | post::Kind::Discussion | post::Kind::Article => {
                return vec![(Kind::Post, self.group_watchers(created.group))];
            }
        };
        let Some(parent) = created.parent else {
            return vec![];
        };
        let mut people = self.watchers(parent);
        people.extend(self.naive.author(parent));
        vec![(kind, people)]
    }

    fn of_publication(&self, published: &Published) -> Vec<(Kind, BTreeSet<AccountId>)> {
        let (created, at) = &self.naive.posts[&published.post];
        if at.is_some() || self.naive.deleted.contains(&published.post) {
            return vec![];
        }
        let group = created
            .group
            .filter(|group| Some(*group) == published.group);
        vec![
            (Kind::ArticleReview, created.author.into_iter().collect()),
            (Kind::Post, self.group_watchers(group)),
        ]
    }

    fn of_acceptance(&self, accepted: &Accepted) -> Vec<(Kind, BTreeSet<AccountId>)> {
        let (question, answer) = (accepted.question, accepted.accepted.answer);
        let (created, _) = &self.naive.posts[&answer];
        let is_answer = created.parent == Some(question) && created.kind == post::Kind::Answer;
        let is_new = self.naive.accepted.get(&question) != Some(&answer);
        if !is_answer || !is_new || !self.naive.is_live(question) || !self.naive.is_live(answer) {
            return vec![];
        }
        let mut people = self.watchers(question);
        people.extend(created.author);
        vec![(Kind::Acceptance, people)]
    }

    fn watchers(&self, post: PostId) -> BTreeSet<AccountId> {
        let watches = self.naive.watches.iter();
        let of_post = watches.filter(|(watched, _)| *watched == post);
        of_post.map(|(_, account)| *account).collect()
    }

    fn group_watchers(&self, group: Option<GroupId>) -> BTreeSet<AccountId> {
        let watches = self.group_watches.iter();
        let of_group = watches.filter(|(watched, _)| Some(*watched) == group);
        of_group.map(|(_, account)| *account).collect()
    }

    fn tell(
        &mut self,
        position: i64,
        actor: Option<AccountId>,
        people: Vec<(Kind, BTreeSet<AccountId>)>,
    ) {
        let actor = actor.filter(|actor| self.naive.accounts.contains(actor));
        let mut done: BTreeSet<AccountId> = BTreeSet::new();
        done.extend(actor.map(|actor| self.naive.primary(&actor)));
        for (kind, accounts) in people {
            let oldest_first = self.registered.iter().map(|(account, _)| *account);
            for account in oldest_first.filter(|account| accounts.contains(account)) {
                let profile = self.naive.primary(&account);
                let mutes = self.muted.get(&profile);
                let is_muted = mutes.is_some_and(|kinds| kinds.contains(&kind));
                if !self.erased.contains(&account) && !is_muted && done.insert(profile) {
                    self.told.insert((position, account), kind);
                }
            }
        }
    }

    fn note(&mut self, event: &NewEvent, accepted_before: &BTreeMap<PostId, PostId>) {
        match &event.fact {
            Fact::Account(AccountFact::Registered(registered)) => {
                let known = self
                    .registered
                    .iter()
                    .any(|(it, _)| *it == registered.account);
                if !known {
                    self.registered
                        .push((registered.account, event.occurred_at));
                }
            }
            Fact::Account(AccountFact::Erased(erased)) => {
                self.erased.insert(erased.account);
            }
            Fact::Group(
                GroupFact::Created(group::Created { group, .. })
                | GroupFact::UserGroupCreated(group::UserGroupCreated { group, .. }),
            ) => {
                self.groups.entry(*group).or_insert(event.occurred_at);
            }
            Fact::Meeting(fact) => self.note_meeting(fact),
            Fact::Watch(WatchFact::GroupWatched(watch)) => {
                self.group_watches.insert((watch.group, watch.account));
            }
            Fact::Watch(WatchFact::GroupUnwatched(watch)) => {
                self.group_watches.remove(&(watch.group, watch.account));
            }
            Fact::Notification(NotificationFact::PreferencesChanged(changed)) => {
                self.muted.insert(changed.account, changed.muted.clone());
            }
            Fact::Post(PostFact::AnswerAccepted(accepted)) => {
                let question = accepted.question;
                if self.naive.accepted.get(&question) != accepted_before.get(&question) {
                    self.accepted_at.insert(question, event.occurred_at);
                }
            }
            Fact::Account(_)
            | Fact::Link(_)
            | Fact::LinkCode(_)
            | Fact::Rules(_)
            | Fact::Learning(_)
            | Fact::Kudos(_)
            | Fact::Badge(_)
            | Fact::Lozenge(_)
            | Fact::Feedback(_)
            | Fact::Group(_)
            | Fact::Rsvp(_)
            | Fact::Benefit(_)
            | Fact::Membership(_)
            | Fact::Post(_)
            | Fact::Like(_)
            | Fact::Report(_)
            | Fact::Notification(_)
            | Fact::Watch(_) => {}
        }
    }

    fn note_meeting(&mut self, fact: &MeetingFact) {
        let (meeting, group) = match fact {
            MeetingFact::Scheduled(meeting::Scheduled {
                meeting,
                group,
                details,
                ..
            }) => {
                let scheduled = (*group, details.starts_at, Some(false));
                self.meetings.entry(*meeting).or_insert(scheduled);
                return;
            }
            MeetingFact::Changed(meeting::Changed { meeting, group, .. })
            | MeetingFact::Cancelled(meeting::Cancelled { meeting, group, .. })
            | MeetingFact::Held(meeting::Held { meeting, group }) => (meeting, group),
            MeetingFact::Attended(_)
            | MeetingFact::AttendanceWithdrawn(_)
            | MeetingFact::Sponsored(_)
            | MeetingFact::SponsorRemoved(_)
            | MeetingFact::PresentationSubmitted(_)
            | MeetingFact::PresentationApproved(_)
            | MeetingFact::PresentationRejected(_) => return,
        };
        let Some((of, starts_at, held)) = self.meetings.get_mut(meeting) else {
            return;
        };
        // What was held or cancelled stays so.
        if of != group || *held != Some(false) {
            return;
        }
        match fact {
            MeetingFact::Changed(changed) => *starts_at = changed.details.starts_at,
            MeetingFact::Held(_) => *held = Some(true),
            MeetingFact::Cancelled(_) => *held = None,
            MeetingFact::Scheduled(_)
            | MeetingFact::Attended(_)
            | MeetingFact::AttendanceWithdrawn(_)
            | MeetingFact::Sponsored(_)
            | MeetingFact::SponsorRemoved(_)
            | MeetingFact::PresentationSubmitted(_)
            | MeetingFact::PresentationApproved(_)
            | MeetingFact::PresentationRejected(_) => {}
        }
    }

    pub fn figures(&self) -> Counted {
        let mut figures = Counted::new();
        let mut count = |figure, at| {
            *figures
                .entry((figure, Period::Month.start(at)))
                .or_default() += 1;
        };
        for (account, at) in &self.registered {
            if self.naive.primary(account) == *account && !self.erased.contains(account) {
                count(Figure::Members, *at);
            }
        }
        for at in self.groups.values() {
            count(Figure::Groups, *at);
        }
        for (_, starts_at, held) in self.meetings.values() {
            if *held == Some(true) {
                count(Figure::Meetings, *starts_at);
            }
        }
        for (created, at) in self.naive.posts.values() {
            if let Some(at) = at.filter(|_| self.naive.is_live(created.post)) {
                count(created.kind.into(), at);
            }
        }
        for (question, answer) in &self.naive.accepted {
            if self.naive.is_live(*question) && self.naive.is_live(*answer) {
                count(Figure::Solutions, self.accepted_at[question]);
            }
        }
        figures
    }
}
