//! What kudos rules come to, worked out anew from all facts, without a fold (DOMAIN K2 to K6).

use std::collections::{BTreeMap, BTreeSet};

use plaudit_domain::fact::{
    AccountFact, KudosFact, LearningFact, LikeFact, MembershipFact, PostFact,
};
use plaudit_domain::kudos::Policy;
use plaudit_domain::post::{Created, Kind};
use plaudit_domain::{AccountId, Fact, GroupId, NewEvent, PostId, Time};
use plaudit_projection::Rules;
use plaudit_projection::deed::Action;
use plaudit_projection::rules::{Counted, Deeds};

/// What something was done to: as long as that is there, it counts.
#[derive(Debug, Clone, PartialEq)]
enum Cause {
    Post(PostId),
    Like(PostId, AccountId),
    Acceptance(PostId, PostId),
    Course(AccountId, String),
    Member(GroupId, AccountId),
    ForGood,
}

struct Done {
    cause: Cause,
    account: AccountId,
    action: Action,
    kind: Option<Kind>,
    at: Time,
    enrolled: bool,
    /// The points of each rule that credits it.
    worth: BTreeMap<usize, i64>,
}

/// What everybody has after some events.
pub struct NaiveKudos<'a> {
    rules: &'a Rules,
    accounts: BTreeSet<AccountId>,
    enrolled: BTreeMap<AccountId, Time>,
    posts: BTreeMap<PostId, Created>,
    deleted: BTreeSet<PostId>,
    in_review: BTreeSet<PostId>,
    /// What was done, and wasn't taken back for good.
    done: Vec<Done>,
}

impl<'a> NaiveKudos<'a> {
    pub fn after(events: &[NewEvent], rules: &'a Rules) -> Self {
        let mut naive = Self {
            rules,
            accounts: BTreeSet::new(),
            enrolled: BTreeMap::new(),
            posts: BTreeMap::new(),
            deleted: BTreeSet::new(),
            in_review: BTreeSet::new(),
            done: Vec::new(),
        };
        events.iter().for_each(|event| naive.note(event));
        naive
    }

    fn note(&mut self, event: &NewEvent) {
        let at = event.occurred_at;
        match &event.fact {
            Fact::Account(AccountFact::Registered(registered)) => {
                self.accounts.insert(registered.account);
            }
            Fact::Kudos(KudosFact::Enrolled(enrolled)) => {
                for account in &enrolled.accounts {
                    self.enrolled.entry(*account).or_insert(at);
                }
            }
            Fact::Kudos(KudosFact::Given(given)) if given.giver != given.receiver => {
                self.done(
                    Cause::ForGood,
                    Some(given.receiver),
                    Action::KudosReceived,
                    None,
                    at,
                );
                self.done(
                    Cause::ForGood,
                    Some(given.giver),
                    Action::KudosGiven,
                    None,
                    at,
                );
            }
            Fact::Post(PostFact::Created(post)) if !self.posts.contains_key(&post.post) => {
                self.posts.insert(post.post, post.clone());
                let cause = Cause::Post(post.post);
                self.done(cause, post.author, Action::Posted, Some(post.kind), at);
            }
            Fact::Post(PostFact::Submitted(post)) if !self.posts.contains_key(&post.post) => {
                self.posts.insert(post.post, post.clone());
                self.in_review.insert(post.post);
            }
            Fact::Post(PostFact::Published(published)) => {
                if self.in_review.remove(&published.post) {
                    let post = &self.posts[&published.post];
                    let (author, kind) = (post.author, post.kind);
                    let cause = Cause::Post(published.post);
                    self.done(cause, author, Action::Posted, Some(kind), at);
                }
            }
            Fact::Post(PostFact::Deleted(post) | PostFact::Removed(post)) => {
                self.deleted.insert(post.post);
            }
            Fact::Post(PostFact::Restored(post)) => {
                self.deleted.remove(&post.post);
            }
            Fact::Post(PostFact::AnswerAccepted(fact)) => {
                let (question, answer) = (fact.question, fact.accepted.answer);
                let cause = Cause::Acceptance(question, answer);
                let [asker, author] = [question, answer].map(|post| self.posts[&post].author);
                let is_known = self.done.iter().any(|done| done.cause == cause);
                let is_answer = self.posts[&answer].kind == Kind::Answer;
                if self.posts[&answer].parent == Some(question) && is_answer && !is_known {
                    self.undo_acceptance(question);
                    // Nobody earns by accepting an answer of their own. It replaces the other one still.
                    if asker != author {
                        self.done(cause.clone(), author, Action::SolutionGiven, None, at);
                        self.done(cause, asker, Action::SolutionFound, None, at);
                    }
                }
            }
            Fact::Post(PostFact::AcceptanceWithdrawn(fact)) => self.undo_acceptance(fact.question),
            Fact::Like(LikeFact::Liked(like)) => {
                let cause = Cause::Like(like.post, like.account);
                if !self.done.iter().any(|done| done.cause == cause) {
                    let post = &self.posts[&like.post];
                    let (author, kind) = (post.author, Some(post.kind));
                    self.done(cause.clone(), author, Action::LikeReceived, kind, at);
                    self.done(cause, Some(like.account), Action::LikeGiven, kind, at);
                }
            }
            Fact::Like(LikeFact::Withdrawn(like)) => {
                let cause = Cause::Like(like.post, like.account);
                self.done.retain(|done| done.cause != cause);
            }
            Fact::Learning(LearningFact::CourseCompleted(course)) => {
                let cause = Cause::Course(course.account, course.course.clone());
                if !self.done.iter().any(|done| done.cause == cause) {
                    self.done(
                        cause,
                        Some(course.account),
                        Action::CourseCompleted,
                        None,
                        at,
                    );
                }
            }
            Fact::Learning(LearningFact::CertificationAwarded(awarded)) => {
                let account = Some(awarded.account);
                self.done(
                    Cause::ForGood,
                    account,
                    Action::CertificationAwarded,
                    None,
                    at,
                );
            }
            Fact::Membership(MembershipFact::Joined(member)) => {
                let cause = Cause::Member(member.group, member.account);
                if !self.done.iter().any(|done| done.cause == cause) {
                    self.done(cause, Some(member.account), Action::GroupJoined, None, at);
                }
            }
            Fact::Membership(MembershipFact::Left(member)) => {
                let cause = Cause::Member(member.group, member.account);
                self.done.retain(|done| done.cause != cause);
            }
            Fact::Account(_)
            | Fact::Link(_)
            | Fact::LinkCode(_)
            | Fact::Rules(_)
            | Fact::Kudos(KudosFact::EnrolmentRequested(_) | KudosFact::Given(_))
            | Fact::Badge(_)
            | Fact::Feedback(_)
            | Fact::Group(_)
            | Fact::Lozenge(_)
            | Fact::Meeting(_)
            | Fact::Rsvp(_)
            | Fact::Benefit(_)
            | Fact::Report(_)
            | Fact::Notification(_)
            | Fact::Post(
                PostFact::Created(_)
                | PostFact::Edited(_)
                | PostFact::Submitted(_)
                | PostFact::Rejected(_)
                | PostFact::Resubmitted(_),
            )
            | Fact::Watch(_) => {}
        }
    }

    fn undo_acceptance(&mut self, of: PostId) {
        let is_of =
            |cause: &Cause| matches!(cause, Cause::Acceptance(question, _) if *question == of);
        self.done.retain(|done| !is_of(&done.cause));
    }

    fn done(
        &mut self,
        cause: Cause,
        account: Option<AccountId>,
        action: Action,
        kind: Option<Kind>,
        at: Time,
    ) {
        let Some(account) = account else { return };
        let enrolled = self
            .enrolled
            .get(&account)
            .is_some_and(|since| *since <= at);
        let mut done = Done {
            cause,
            account,
            action,
            kind,
            at,
            enrolled,
            worth: BTreeMap::new(),
        };
        for (number, reason) in self.rules.kudos.reasons.iter().enumerate() {
            if let Counted::Each { deeds, limits } = &reason.counts
                && let Some(share) = self.share(&done, number, deeds)
            {
                let points = (reason.points as f64 * share).round() as i64;
                let room = limits.iter().map(|limit| self.room(*limit, &done));
                let worth = match points {
                    ..=0 => points,
                    1.. => room.fold(points, |points, room| points.min(room)),
                };
                done.worth.insert(number, worth);
            }
        }
        self.done.push(done);
    }

    /// The share that a rule, or challenge, credits of something that was done, if it counts it.
    fn share(&self, done: &Done, number: usize, deeds: &Deeds) -> Option<f64> {
        let reason = &self.rules.kudos.reasons[number];
        let is_meant = deeds.action == done.action
            && (deeds.kinds.is_empty()
                || done.kind.is_some_and(|kind| deeds.kinds.contains(&kind)))
            && reason.from.is_none_or(|from| done.at >= from)
            && reason.until.is_none_or(|until| done.at < until);
        let is_full = self.rules.kudos.policy == Policy::Automatic || done.enrolled;
        let share = if is_full {
            1.0
        } else {
            reason.before_enrolment
        };
        (is_meant && share > 0.0).then_some(share)
    }

    /// What a limit leaves, on top of what was credited before and by rules before.
    fn room(&self, limit: usize, new: &Done) -> i64 {
        let rule = &self.rules.kudos.limits[limit];
        let is_limited = |number: &usize| matches!(&self.rules.kudos.reasons[*number].counts, Counted::Each { limits, .. } if limits.contains(&limit));
        let same = |done: &&Done| {
            done.account == new.account && rule.per.start(done.at) == rule.per.start(new.at)
        };
        let before = self.done.iter().filter(same).chain([new]);
        let worth = before.flat_map(|done| &done.worth);
        let used = worth.filter(|(number, worth)| is_limited(number) && **worth > 0);
        (rule.points - used.map(|(_, worth)| worth).sum::<i64>()).max(0)
    }

    fn is_hidden(&self, post: &PostId) -> bool {
        self.deleted.contains(post) || self.in_review.contains(post)
    }

    fn is_seen(&self, done: &Done) -> bool {
        match &done.cause {
            Cause::Post(post) | Cause::Like(post, _) => !self.is_hidden(post),
            Cause::Acceptance(question, answer) => {
                !self.is_hidden(question) && !self.is_hidden(answer)
            }
            Cause::Course(..) | Cause::Member(..) | Cause::ForGood => true,
        }
    }

    fn seen(&self) -> impl Iterator<Item = &Done> {
        self.done.iter().filter(|done| self.is_seen(done))
    }

    /// In how many periods an account has completed a challenge; at most one, unless that repeats.
    fn completed(&self, account: AccountId, challenge: usize) -> i64 {
        let Counted::Steps {
            steps,
            within,
            repeats,
        } = &self.rules.kudos.reasons[challenge].counts
        else {
            return 0;
        };
        let mut periods: BTreeMap<Option<Time>, Vec<i64>> = BTreeMap::new();
        for done in self.seen().filter(|done| done.account == account) {
            let period = within.map(|period| period.start(done.at));
            let counts = periods
                .entry(period)
                .or_insert_with(|| vec![0; steps.len()]);
            for (count, step) in counts.iter_mut().zip(steps) {
                *count += i64::from(self.share(done, challenge, &step.deeds).is_some());
            }
        }
        let is_complete = |counts: &&Vec<i64>| {
            counts
                .iter()
                .zip(steps)
                .all(|(count, step)| *count >= step.count)
        };
        let times = periods.values().filter(is_complete).count() as i64;
        if *repeats { times } else { times.min(1) }
    }

    /// The points of every account, also of those that take no part yet.
    pub fn points(&self) -> BTreeMap<AccountId, i64> {
        let of = |account: &AccountId| {
            let own = self.seen().filter(|done| done.account == *account);
            let earned: i64 = own.flat_map(|done| done.worth.values()).sum();
            let challenges = self.rules.kudos.reasons.iter().enumerate();
            let completed =
                challenges.map(|(number, it)| it.points * self.completed(*account, number));
            (*account, earned + completed.sum::<i64>())
        };
        self.accounts.iter().map(of).collect()
    }

    /// How often every account earned each badge, by rules and challenges. A challenge that doesn't repeat
    /// earns its badge in every period that it was completed in: of one that is had once only the
    /// first counts.
    pub fn badges(&self) -> BTreeSet<(AccountId, usize)> {
        let mut badges = BTreeSet::new();
        for done in self.seen() {
            for number in done.worth.keys() {
                let badge = self.rules.kudos.reasons[*number].badge;
                badges.extend(badge.map(|badge| (done.account, badge)));
            }
        }
        for account in &self.accounts {
            for (number, reason) in self.rules.kudos.reasons.iter().enumerate() {
                if let Some(badge) = reason.badge
                    && self.completed(*account, number) > 0
                {
                    badges.insert((*account, badge));
                }
            }
        }
        badges
    }

    /// How often a limit cut what a rule gives, and how often a challenge was completed.
    pub fn limited_and_completed(&self) -> (usize, i64) {
        let cut = |done: &Done| {
            let rules = done.worth.iter().filter(|(number, worth)| {
                let full = self.rules.kudos.reasons[**number].points;
                done.enrolled && full > **worth
            });
            rules.count()
        };
        let challenges = 0..self.rules.kudos.reasons.len();
        let completed = challenges.flat_map(|number| {
            let accounts = self.accounts.iter();
            accounts.map(move |account| self.completed(*account, number))
        });
        (self.done.iter().map(cut).sum(), completed.sum())
    }

    /// How many posts of every account reached each milestone.
    pub fn post_milestones(&self) -> BTreeMap<(AccountId, usize), i64> {
        let mut reached = BTreeMap::new();
        for (id, post) in self.posts.iter().filter(|(id, _)| !self.is_hidden(id)) {
            let is_liked = |done: &&Done| {
                done.action == Action::LikeGiven
                    && matches!(done.cause, Cause::Like(post, _) if post == *id)
            };
            let likes = self.done.iter().filter(is_liked).count() as i64;
            for (number, threshold) in self.rules.milestones.of_posts(post.kind) {
                if let Some(author) = post.author
                    && likes >= threshold
                {
                    *reached.entry((author, number)).or_default() += 1;
                }
            }
        }
        reached
    }
}
