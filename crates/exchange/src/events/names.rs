//! Which accounts, posts and groups a fact names: they have to exist before it.
//!
//! Every field is written out, so that a new one can't be forgotten.

use plaudit_domain::acceptance::{Accepted, AcceptedAnswer, Withdrawn};
use plaudit_domain::account::{Identified, Registered, Renamed, VisibilityChanged};
use plaudit_domain::erasure::Erased;
use plaudit_domain::fact::{
    AccountFact, BadgeFact, FeedbackFact, GroupFact, KudosFact, LearningFact, LikeFact,
    LinkCodeFact, LinkFact, MembershipFact, PostFact, WatchFact,
};
use plaudit_domain::feedback::Interacted;
use plaudit_domain::kudos::{Enrolled, EnrolmentRequested};
use plaudit_domain::learning::{CertificationAwarded, CourseCompleted};
use plaudit_domain::like::Like;
use plaudit_domain::links::{Linked, PrimaryChanged, Unlinked};
use plaudit_domain::membership::Membership;
use plaudit_domain::post::{Affected, Created, Edited};
use plaudit_domain::watch::Watch;
use plaudit_domain::{
    AccountId, Fact, GroupId, PostId, badge, feedback, group, kudos, link_code, links, profile,
};

/// An account, a post or a group that a fact names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Name {
    Account(AccountId),
    Post(PostId),
    Group(GroupId),
}

impl From<GroupId> for Name {
    fn from(group: GroupId) -> Self {
        Self::Group(group)
    }
}

impl From<AccountId> for Name {
    fn from(account: AccountId) -> Self {
        Self::Account(account)
    }
}

impl From<PostId> for Name {
    fn from(post: PostId) -> Self {
        Self::Post(post)
    }
}

/// What a fact names.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// What it makes; that needn't exist.
    pub(super) made: Option<Name>,
    /// What has to exist before it.
    pub(super) needed: Vec<Name>,
}

impl Names {
    /// What a fact names.
    pub(super) fn of(fact: &Fact) -> Self {
        let mut names = Self::default();
        match fact {
            Fact::Account(fact) => names.account(fact),
            Fact::Link(fact) => names.link(fact),
            Fact::LinkCode(LinkCodeFact::Made(link_code::Made {
                code: _,
                account,
                expires_at: _,
            })) => names.need([*account]),
            Fact::Kudos(fact) => names.kudos(fact),
            Fact::Badge(BadgeFact::Granted(badge::Granted {
                account,
                badge: _,
                title: _,
                origin: _,
            })) => names.need([*account]),
            Fact::Feedback(fact) => names.feedback(fact),
            Fact::Learning(fact) => names.learning(fact),
            Fact::Group(GroupFact::Created(group::Created {
                group,
                name: _,
                description: _,
            })) => names.made = Some((*group).into()),
            Fact::Membership(MembershipFact::Joined(member) | MembershipFact::Left(member)) => {
                let Membership { group, account } = *member;
                names.need([group]);
                names.need([account]);
            }
            Fact::Post(fact) => names.post(fact),
            Fact::Like(LikeFact::Liked(like) | LikeFact::Withdrawn(like)) => {
                let Like {
                    post,
                    account,
                    author,
                } = *like;
                names.need([post]);
                names.need([account]);
                names.need(author);
            }
            Fact::Watch(WatchFact::Watched(watch) | WatchFact::Unwatched(watch)) => {
                let Watch { post, account } = *watch;
                names.need([post]);
                names.need([account]);
            }
        }
        names
    }

    fn kudos(&mut self, fact: &KudosFact) {
        match fact {
            KudosFact::EnrolmentRequested(EnrolmentRequested { profile, accounts })
            | KudosFact::Enrolled(Enrolled { profile, accounts }) => {
                self.need([*profile]);
                self.need(accounts.iter().copied());
            }
            KudosFact::Given(kudos::Given {
                gift: _,
                profile,
                giver,
                receiver,
                at: _,
                message: _,
                post,
            }) => {
                self.need([*profile, *giver, *receiver]);
                self.need(*post);
            }
        }
    }

    fn feedback(&mut self, fact: &FeedbackFact) {
        match fact {
            FeedbackFact::Given(feedback::Given {
                account,
                subject: _,
                rating: _,
                text: _,
            })
            | FeedbackFact::Interacted(Interacted {
                account,
                day: _,
                interactions: _,
            }) => self.need([*account]),
        }
    }

    fn account(&mut self, fact: &AccountFact) {
        match fact {
            AccountFact::Registered(Registered {
                account,
                name: _,
                origin: _,
            }) => self.made = Some((*account).into()),
            AccountFact::Renamed(Renamed { account, name: _ })
            | AccountFact::Identified(Identified {
                account,
                name: _,
                picture: _,
                kind: _,
            })
            | AccountFact::VisibilityChanged(VisibilityChanged {
                account,
                visibility: _,
            })
            | AccountFact::Erased(Erased {
                account,
                content: _,
            }) => self.need([*account]),
            AccountFact::ProfileEdited(profile::Edited {
                account,
                by,
                company: _,
                position: _,
                location: _,
                bio: _,
                links: _,
                products: _,
            })
            | AccountFact::ProfileVisibilityChanged(profile::VisibilityChanged {
                account,
                by,
                visibility: _,
            }) => self.need([*account, *by]),
        }
    }

    fn link(&mut self, fact: &LinkFact) {
        match fact {
            LinkFact::Linked(Linked {
                primary,
                account,
                code: _,
            })
            | LinkFact::Unlinked(Unlinked { primary, account }) => self.need([*primary, *account]),
            LinkFact::Withdrawn(links::Withdrawn { account, accounts }) => {
                self.need([*account]);
                self.need(accounts.iter().copied());
            }
            LinkFact::PrimaryChanged(PrimaryChanged { from, to, accounts }) => {
                self.need([*from, *to]);
                self.need(accounts.iter().copied());
            }
        }
    }

    fn learning(&mut self, fact: &LearningFact) {
        match fact {
            LearningFact::CourseCompleted(CourseCompleted {
                account,
                course: _,
                title: _,
                badge: _,
            })
            | LearningFact::CertificationAwarded(CertificationAwarded {
                account,
                certification: _,
                title: _,
                designation: _,
                expires_at: _,
            }) => self.need([*account]),
        }
    }

    fn post(&mut self, fact: &PostFact) {
        match fact {
            PostFact::Created(Created {
                post,
                kind: _,
                author,
                parent,
                group,
                title: _,
                body: _,
                tags: _,
                origin: _,
            }) => {
                self.made = Some((*post).into());
                self.need(*author);
                self.need(*parent);
                self.need(*group);
            }
            PostFact::Edited(Edited {
                post,
                author,
                title: _,
                body: _,
                tags: _,
            }) => {
                self.need([*post]);
                self.need(*author);
            }
            PostFact::Deleted(affected) | PostFact::Restored(affected) => {
                let Affected {
                    post,
                    author,
                    parent,
                    accepted,
                } = *affected;
                self.need([post]);
                self.need(author);
                self.need(parent);
                self.answers(accepted);
            }
            PostFact::AnswerAccepted(Accepted {
                question,
                asker,
                accepted,
                replaced,
            }) => {
                self.need([*question]);
                self.need(*asker);
                self.answers([*accepted]);
                self.answers(*replaced);
            }
            PostFact::AcceptanceWithdrawn(Withdrawn {
                question,
                asker,
                withdrawn,
            }) => {
                self.need([*question]);
                self.need(*asker);
                self.answers([*withdrawn]);
            }
        }
    }

    fn answers(&mut self, answers: impl IntoIterator<Item = AcceptedAnswer>) {
        for AcceptedAnswer { answer, author } in answers {
            self.need([answer]);
            self.need(author);
        }
    }

    fn need<N: Into<Name>>(&mut self, names: impl IntoIterator<Item = N>) {
        self.needed.extend(names.into_iter().map(Into::into));
    }
}
