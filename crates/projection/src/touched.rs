//! Which rows a batch of events touches: it follows from the events alone.

use plaudit_domain::acceptance::AcceptedAnswer;
use plaudit_domain::{
    AccountId, BenefitId, Event, Fact, GroupId, MeetingId, PostId, PresentationId,
};
use rustc_hash::FxHashSet;

use crate::feedback::InteractionKey;
use crate::{
    account, badge, benefit, feedback, group, kudos, learning, like, link, lozenge, meeting,
    membership, notification, post, report, rsvp, watch,
};

/// The rows that a batch touches. An account that is linked brings all accounts of its profile along,
/// with the courses that they completed: the profile is made of them.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    /// Accounts.
    pub accounts: FxHashSet<AccountId>,
    /// Posts.
    pub posts: FxHashSet<PostId>,
    /// Likes, as (post, account).
    pub likes: FxHashSet<(PostId, AccountId)>,
    /// Posts with all their likes and the accounts that gave them: what a deletion takes out of
    /// the counts can't be named by the event.
    pub likes_of: FxHashSet<PostId>,
    /// Watches, as (post, account).
    pub watches: FxHashSet<(PostId, AccountId)>,
    /// Posts with their authors and all who watch them, whom an event about them is told.
    pub watchers_of: FxHashSet<PostId>,
    /// Posts with their reviews, as far as they aren't published.
    pub reviews: FxHashSet<PostId>,
    /// Reports, as (post, reporter).
    pub reports: FxHashSet<(PostId, AccountId)>,
    /// Watches of groups, as (group, account).
    pub group_watches: FxHashSet<(GroupId, AccountId)>,
    /// Groups with all who watch them, whom an event about them is told.
    pub watchers_of_groups: FxHashSet<GroupId>,
    /// Groups.
    pub groups: FxHashSet<GroupId>,
    /// Memberships, as (group, account).
    pub memberships: FxHashSet<(GroupId, AccountId)>,
    /// Who leads what, as (group, account).
    pub leaders: FxHashSet<(GroupId, AccountId)>,
    /// Who would like to lead what, as (group, account). There may be no such group yet.
    pub applications: FxHashSet<(GroupId, AccountId)>,
    /// Meetings.
    pub meetings: FxHashSet<MeetingId>,
    /// Answers to whether somebody comes, as (meeting, account).
    pub rsvps: FxHashSet<(MeetingId, AccountId)>,
    /// Meetings with all answers that would come, and the accounts that gave them: who moves up, and
    /// who is told, can't be named by the event.
    pub rsvps_of: FxHashSet<MeetingId>,
    /// Accounts with their answers to meetings that nothing became of yet, and these with their answers as
    /// above: places that are free once an account is erased can't be named by the event.
    pub places_of: FxHashSet<AccountId>,
    /// Who was seen at what, as (meeting, account).
    pub attendance: FxHashSet<(MeetingId, AccountId)>,
    /// Presentations.
    pub presentations: FxHashSet<PresentationId>,
    /// Who sponsors what, as (meeting, account).
    pub sponsors: FxHashSet<(MeetingId, AccountId)>,
    /// What leaders asked for.
    pub benefits: FxHashSet<BenefitId>,
    /// Accounts with what they tell about their owners.
    pub about: FxHashSet<AccountId>,
    /// Accounts with the courses that they completed.
    pub courses_of: FxHashSet<AccountId>,
    /// Accounts that are linked or unlinked: their courses are united, or no more.
    pub linked: FxHashSet<AccountId>,
    /// Accounts with all their posts: what is erased with an account can't be named by the event.
    pub posts_of: FxHashSet<AccountId>,
    /// Accounts with what they were granted and asked for of lozenges.
    pub lozenges_of: FxHashSet<AccountId>,
    /// Accounts with the agreements that they accepted.
    pub acceptances_of: FxHashSet<AccountId>,
    /// Accounts with their waiting to take part in the programme.
    pub waiting: FxHashSet<AccountId>,
    /// Counts of interactions.
    pub interactions: FxHashSet<InteractionKey>,
    /// If there are any, the authors of all posts are touched, too, and everything that these posts refer to:
    /// what they are on, accepted answers and the authors of those. Events name what they touch of it, but for
    /// some from elsewhere ([`FoldError::Unnamed`](crate::FoldError::Unnamed)).
    pub references: Option<FxHashSet<PostId>>,
}

impl Touched {
    /// The rows that some events touch.
    pub fn by(events: &[Event]) -> Self {
        let mut touched = Self::default();
        for event in events {
            touched.add(event);
        }
        touched
    }

    /// The same, with all that some events could touch without naming it.
    pub fn wholly_by(events: &[Event]) -> Self {
        // Of what a post refers to, these touch its author only.
        let of_post = |event: &&Event| matches!(event.fact, Fact::Like(_) | Fact::Watch(_));
        let (of_post, others): (Vec<_>, Vec<_>) = events.iter().partition(of_post);
        let mut touched = Self::default();
        others.into_iter().for_each(|event| touched.add(event));
        touched.refer_wholly();
        of_post.into_iter().for_each(|event| touched.add(event));
        touched
    }

    /// Brings along what all posts that are touched so far refer to, too.
    pub fn refer_wholly(&mut self) {
        self.references = Some(self.posts.clone());
    }

    /// Adds the rows that an event touches.
    pub(crate) fn add(&mut self, event: &Event) {
        self.accounts(event.actor);
        notification::touch_told(event, self);
        match &event.fact {
            Fact::Account(fact) => account::touch(fact, self),
            Fact::Link(fact) => link::touch(fact, self),
            // A code is nothing that anybody reads.
            Fact::LinkCode(_) => {}
            // They are for whoever folds.
            Fact::Rules(_) => {}
            Fact::Kudos(fact) => kudos::touch(fact, self),
            Fact::Badge(fact) => badge::touch(fact, self),
            Fact::Lozenge(fact) => lozenge::touch(fact, self),
            Fact::Feedback(fact) => feedback::touch(fact, self),
            Fact::Learning(fact) => learning::touch(fact, self),
            Fact::Group(fact) => group::touch(fact, self),
            Fact::Meeting(fact) => meeting::touch(fact, self),
            Fact::Rsvp(fact) => rsvp::touch(fact, self),
            Fact::Benefit(fact) => benefit::touch(fact, self),
            Fact::Membership(fact) => membership::touch(fact, self),
            Fact::Post(fact) => post::touch(fact, self),
            Fact::Like(fact) => like::touch(fact, self),
            Fact::Report(fact) => report::touch(fact, self),
            Fact::Notification(fact) => notification::touch(fact, self),
            Fact::Watch(fact) => watch::touch(fact, self),
        }
    }

    /// Forgets everything, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        let Self {
            accounts,
            posts,
            likes,
            likes_of,
            watches,
            watchers_of,
            reviews,
            reports,
            group_watches,
            watchers_of_groups,
            groups,
            memberships,
            leaders,
            applications,
            meetings,
            rsvps,
            rsvps_of,
            places_of,
            attendance,
            presentations,
            sponsors,
            benefits,
            about,
            courses_of,
            linked,
            posts_of,
            lozenges_of,
            acceptances_of,
            waiting,
            interactions,
            references,
        } = self;
        accounts.clear();
        posts.clear();
        likes.clear();
        likes_of.clear();
        watches.clear();
        watchers_of.clear();
        reviews.clear();
        reports.clear();
        group_watches.clear();
        watchers_of_groups.clear();
        groups.clear();
        memberships.clear();
        leaders.clear();
        applications.clear();
        meetings.clear();
        rsvps.clear();
        rsvps_of.clear();
        places_of.clear();
        attendance.clear();
        presentations.clear();
        sponsors.clear();
        benefits.clear();
        about.clear();
        courses_of.clear();
        linked.clear();
        posts_of.clear();
        lozenges_of.clear();
        acceptances_of.clear();
        waiting.clear();
        interactions.clear();
        *references = None;
    }

    pub(crate) fn account(&mut self, account: AccountId) {
        self.accounts.insert(account);
    }

    pub(crate) fn accounts(&mut self, accounts: impl IntoIterator<Item = AccountId>) {
        self.accounts.extend(accounts);
    }

    pub(crate) fn post(&mut self, post: PostId) {
        self.posts.insert(post);
    }

    pub(crate) fn posts(&mut self, posts: impl IntoIterator<Item = PostId>) {
        self.posts.extend(posts);
    }

    pub(crate) fn meeting(&mut self, meeting: MeetingId, group: GroupId) {
        self.groups.insert(group);
        self.meetings.insert(meeting);
    }

    pub(crate) fn answers(&mut self, answers: impl IntoIterator<Item = AcceptedAnswer>) {
        for AcceptedAnswer { answer, author } in answers {
            self.post(answer);
            self.accounts(author);
        }
    }

    pub(crate) fn like(&mut self, post: PostId, account: AccountId) {
        self.post(post);
        self.account(account);
        self.likes.insert((post, account));
    }

    pub(crate) fn likes_of(&mut self, post: PostId) {
        self.likes_of.insert(post);
    }

    pub(crate) fn watch(&mut self, post: PostId, account: AccountId) {
        self.post(post);
        self.account(account);
        self.watches.insert((post, account));
    }
}
