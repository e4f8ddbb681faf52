//! What the rows have to say, worked out anew from all facts, without a fold (DOMAIN F4).

use std::collections::{BTreeMap, BTreeSet};

use plaudit_domain::fact::{
    AccountFact, KudosFact, LearningFact, LikeFact, LinkFact, MembershipFact, PostFact, WatchFact,
};
use plaudit_domain::post::{Created, Kind};
use plaudit_domain::{AccountId, Fact, NewEvent, PostId, Time};
use plaudit_projection::Counts;

/// Everything that is so after some events.
#[derive(Clone, Default)]
pub struct Naive {
    pub accounts: BTreeSet<AccountId>,
    /// With when they were published, if they were.
    pub posts: BTreeMap<PostId, (Created, Option<Time>)>,
    pub deleted: BTreeSet<PostId>,
    likes: BTreeSet<(PostId, AccountId)>,
    pub watches: BTreeSet<(PostId, AccountId)>,
    pub accepted: BTreeMap<PostId, PostId>,
    /// The accounts that are linked to another, each with that.
    primaries: BTreeMap<AccountId, AccountId>,
    withdrawn: BTreeSet<AccountId>,
    courses: BTreeSet<(AccountId, String)>,
    gifts: Vec<(AccountId, AccountId)>,
}

/// What a post's row has to say.
#[derive(Debug, PartialEq)]
pub struct PostFigures {
    pub likes: usize,
    pub watchers: usize,
    pub answers: usize,
    pub comments: usize,
    pub accepted_answer: Option<PostId>,
    pub accepted: bool,
    pub deleted: bool,
}

impl Naive {
    pub fn after(events: &[NewEvent]) -> Self {
        let mut naive = Self::default();
        for event in events {
            naive.note(event);
        }
        naive
    }

    pub fn note(&mut self, event: &NewEvent) {
        match &event.fact {
            Fact::Account(AccountFact::Registered(registered)) => {
                self.accounts.insert(registered.account);
            }
            // They change nothing that is counted.
            Fact::Account(
                AccountFact::Renamed(_)
                | AccountFact::Identified(_)
                | AccountFact::VisibilityChanged(_)
                | AccountFact::ProfileEdited(_)
                | AccountFact::ProfileVisibilityChanged(_)
                | AccountFact::AgreementAccepted(_)
                | AccountFact::AffiliationChanged(_)
                | AccountFact::CalendarOpened(_)
                | AccountFact::Erased(_),
            )
            | Fact::Post(PostFact::Edited(_) | PostFact::Rejected(_) | PostFact::Resubmitted(_))
            | Fact::Lozenge(_)
            | Fact::Meeting(_)
            | Fact::Rsvp(_)
            | Fact::Benefit(_)
            | Fact::Report(_)
            | Fact::Notification(_)
            | Fact::Watch(WatchFact::GroupWatched(_) | WatchFact::GroupUnwatched(_))
            | Fact::LinkCode(_)
            | Fact::Rules(_)
            | Fact::Kudos(KudosFact::EnrolmentRequested(_) | KudosFact::Enrolled(_))
            | Fact::Badge(_)
            | Fact::Feedback(_)
            | Fact::Group(_)
            | Fact::Membership(MembershipFact::Joined(_) | MembershipFact::Left(_))
            | Fact::Learning(LearningFact::CertificationAwarded(_)) => {}
            Fact::Kudos(KudosFact::Given(given)) => self.gifts.push((given.giver, given.receiver)),
            Fact::Learning(LearningFact::CourseCompleted(course)) => {
                self.courses.insert((course.account, course.course.clone()));
            }
            Fact::Link(LinkFact::Withdrawn(link)) => {
                self.withdrawn.insert(link.account);
                self.primaries.remove(&link.account);
                self.primaries.retain(|account, primary| {
                    *primary != link.account || !link.accounts.contains(account)
                });
            }
            Fact::Link(LinkFact::Linked(link)) => {
                let anchors = self.primaries.values().any(|other| *other == link.account);
                let is_linked = |account| self.primaries.contains_key(account);
                let is_gone = |account| self.withdrawn.contains(account);
                if link.primary != link.account
                    && !is_gone(&link.primary)
                    && !is_gone(&link.account)
                    && !anchors
                    && !is_linked(&link.primary)
                    && !is_linked(&link.account)
                {
                    self.primaries.insert(link.account, link.primary);
                }
            }
            Fact::Link(LinkFact::Unlinked(link)) => {
                if self.primaries.get(&link.account) == Some(&link.primary) {
                    self.primaries.remove(&link.account);
                }
            }
            Fact::Link(LinkFact::PrimaryChanged(change)) => {
                if self.primaries.get(&change.to) == Some(&change.from) {
                    self.primaries.remove(&change.to);
                    for primary in self.primaries.values_mut() {
                        if *primary == change.from {
                            *primary = change.to;
                        }
                    }
                    self.primaries.insert(change.from, change.to);
                }
            }
            Fact::Post(PostFact::Created(created)) => {
                let post = (created.clone(), Some(event.occurred_at));
                self.posts.entry(created.post).or_insert(post);
            }
            Fact::Post(PostFact::Submitted(created)) => {
                let post = (created.clone(), None);
                self.posts.entry(created.post).or_insert(post);
            }
            Fact::Post(PostFact::Published(published)) => {
                if let Some((_, at)) = self.posts.get_mut(&published.post) {
                    *at = at.or(Some(event.occurred_at));
                }
            }
            Fact::Post(PostFact::Deleted(post) | PostFact::Removed(post)) => {
                self.deleted.insert(post.post);
            }
            Fact::Post(PostFact::Restored(post)) => {
                self.deleted.remove(&post.post);
            }
            Fact::Post(PostFact::AnswerAccepted(fact)) => {
                let answer = fact.accepted.answer;
                let (post, _) = &self.posts[&answer];
                if post.parent == Some(fact.question) && post.kind == Kind::Answer {
                    self.accepted.insert(fact.question, answer);
                }
            }
            Fact::Post(PostFact::AcceptanceWithdrawn(fact)) => {
                self.accepted.remove(&fact.question);
            }
            Fact::Like(LikeFact::Liked(like)) => {
                self.likes.insert((like.post, like.account));
            }
            Fact::Like(LikeFact::Withdrawn(like)) => {
                self.likes.remove(&(like.post, like.account));
            }
            Fact::Watch(WatchFact::Watched(watch)) => {
                self.watches.insert((watch.post, watch.account));
            }
            Fact::Watch(WatchFact::Unwatched(watch)) => {
                self.watches.remove(&(watch.post, watch.account));
            }
        }
    }

    pub fn is_live(&self, post: PostId) -> bool {
        !self.deleted.contains(&post) && self.posts[&post].1.is_some()
    }

    pub fn author(&self, post: PostId) -> Option<AccountId> {
        self.posts[&post].0.author
    }

    pub fn accounts(&self) -> BTreeMap<AccountId, Counts> {
        let counts = |&account: &AccountId| (account, self.counts(account));
        self.accounts.iter().map(counts).collect()
    }

    /// The primary of an account's profile.
    pub fn primary(&self, account: &AccountId) -> AccountId {
        self.primaries.get(account).copied().unwrap_or(*account)
    }

    /// What the profiles count, by their primaries.
    pub fn profiles(&self) -> BTreeMap<AccountId, Counts> {
        let primary = |account| self.primary(account);
        let mut profiles: BTreeMap<AccountId, Counts> = BTreeMap::new();
        let mut courses: BTreeSet<(AccountId, &str)> = BTreeSet::new();
        for account in &self.accounts {
            let profile = profiles.entry(primary(account)).or_default();
            profile.add(&self.counts(*account));
        }
        for (account, course) in &self.courses {
            courses.insert((primary(account), course));
        }
        for (account, profile) in &mut profiles {
            let completed = courses.iter().filter(|(by, _)| by == account);
            profile.courses_completed = completed.count() as i64;
        }
        profiles
    }

    fn counts(&self, account: AccountId) -> Counts {
        let own = || {
            self.posts
                .values()
                .filter(move |(post, _)| post.author == Some(account))
        };
        let live = |kind| {
            own()
                .filter(|(post, _)| post.kind == kind && self.is_live(post.post))
                .count() as i64
        };
        let times = || {
            own()
                .filter(|(post, _)| post.kind != Kind::Comment)
                .filter_map(|&(_, at)| at)
        };
        let likes = || self.likes.iter().filter(|(post, _)| self.is_live(*post));
        let solutions = self.accepted.iter().filter(|&(&question, &answer)| {
            self.is_live(question) && self.is_live(answer) && self.author(answer) == Some(account)
        });
        Counts {
            questions: live(Kind::Question),
            discussions: live(Kind::Discussion),
            answers: live(Kind::Answer),
            articles: live(Kind::Article),
            comments: live(Kind::Comment),
            accepted_solutions: solutions.count() as i64,
            likes_received: likes()
                .filter(|(post, _)| self.author(*post) == Some(account))
                .count() as i64,
            likes_given: likes().filter(|(_, by)| *by == account).count() as i64,
            courses_completed: self.courses.iter().filter(|(by, _)| *by == account).count() as i64,
            peer_kudos_received: self.gifts.iter().filter(|(_, to)| *to == account).count() as i64,
            peer_kudos_given: self.gifts.iter().filter(|(by, _)| *by == account).count() as i64,
            first_post_at: times().min(),
            last_post_at: times().max(),
        }
    }

    pub fn posts(&self) -> BTreeMap<PostId, PostFigures> {
        let figures = |&post: &PostId| (post, self.figures(post));
        self.posts.keys().map(figures).collect()
    }

    fn figures(&self, post: PostId) -> PostFigures {
        let replies = |kind| {
            let replies = self.posts.values().filter(|(reply, _)| {
                reply.parent == Some(post) && reply.kind == kind && self.is_live(reply.post)
            });
            replies.count()
        };
        PostFigures {
            likes: self
                .likes
                .iter()
                .filter(|(liked, _)| *liked == post)
                .count(),
            watchers: self
                .watches
                .iter()
                .filter(|(watched, _)| *watched == post)
                .count(),
            answers: replies(Kind::Answer),
            comments: replies(Kind::Comment),
            accepted_answer: self.accepted.get(&post).copied(),
            accepted: self.accepted.values().any(|&answer| answer == post),
            deleted: self.deleted.contains(&post),
        }
    }
}
