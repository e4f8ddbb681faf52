//! Which accounts, posts, groups, meetings and requests a fact names: they have to exist before it.
//!
//! Every field is written out, so that a new one can't be forgotten.

use crate::acceptance::{Accepted, AcceptedAnswer, Withdrawn};
use crate::account::{Identified, Registered, Renamed, VisibilityChanged};
use crate::erasure::Erased;
use crate::fact::{
    AccountFact, BadgeFact, BenefitFact, FeedbackFact, GroupFact, KudosFact, LearningFact,
    LikeFact, LinkCodeFact, LinkFact, LozengeFact, MeetingFact, MembershipFact, NotificationFact,
    PostFact, ReportFact, RsvpFact, RulesFact, WatchFact,
};
use crate::feedback::Interacted;
use crate::kudos::{Enrolled, EnrolmentRequested};
use crate::learning::{CertificationAwarded, CourseCompleted};
use crate::like::Like;
use crate::links::{Linked, PrimaryChanged, Unlinked};
use crate::membership::Membership;
use crate::post::{Affected, Created, Edited};
use crate::review::{Published, Rejected, Resubmitted};
use crate::watch::{GroupWatch, Watch};
use crate::{
    AccountId, BenefitId, Fact, GroupId, MeetingId, PostId, affiliation, agreement, attendance,
    badge, benefit, calendar, feedback, group, kudos, leadership, link_code, links, lozenge,
    meeting, notification, presentation, profile, report, rsvp, rules, sponsor,
};

/// An account, a post, a group, a meeting or a leader's request that a fact names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Name {
    /// An account.
    Account(AccountId),
    /// A post.
    Post(PostId),
    /// A group.
    Group(GroupId),
    /// A meeting.
    Meeting(MeetingId),
    /// A leader's request.
    Benefit(BenefitId),
}

impl From<BenefitId> for Name {
    fn from(request: BenefitId) -> Self {
        Self::Benefit(request)
    }
}

impl From<MeetingId> for Name {
    fn from(meeting: MeetingId) -> Self {
        Self::Meeting(meeting)
    }
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
pub struct Names {
    /// What it makes; that needn't exist.
    pub made: Option<Name>,
    /// What has to exist before it.
    pub needed: Vec<Name>,
}

impl Names {
    /// What a fact names.
    pub fn of(fact: &Fact) -> Self {
        let mut names = Self::default();
        match fact {
            Fact::Account(fact) => names.account(fact),
            Fact::Link(fact) => names.link(fact),
            Fact::LinkCode(LinkCodeFact::Made(link_code::Made {
                code: _,
                account,
                expires_at: _,
            })) => names.need([*account]),
            // Of rules that this version can't use, those before stay in force.
            Fact::Rules(RulesFact::Activated(rules::Activated { hash: _, files: _ })) => {}
            Fact::Kudos(fact) => names.kudos(fact),
            Fact::Badge(BadgeFact::Granted(badge::Granted {
                account,
                badge: _,
                title: _,
                origin: _,
            })) => names.need([*account]),
            Fact::Lozenge(fact) => names.lozenge(fact),
            Fact::Feedback(fact) => names.feedback(fact),
            Fact::Learning(fact) => names.learning(fact),
            Fact::Group(fact) => names.group(fact),
            Fact::Meeting(fact) => names.meeting(fact),
            Fact::Rsvp(RsvpFact::Answered(rsvp::Answered {
                meeting,
                group,
                account,
                profile,
                going: _,
            })) => {
                names.need([*meeting]);
                names.need([*group]);
                names.need([*account]);
                names.need(*profile);
            }
            Fact::Benefit(fact) => names.benefit(fact),
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
            Fact::Report(fact) => names.report(fact),
            Fact::Notification(fact) => names.notification(fact),
            Fact::Watch(WatchFact::Watched(watch) | WatchFact::Unwatched(watch)) => {
                let Watch { post, account } = *watch;
                names.need([post]);
                names.need([account]);
            }
            Fact::Watch(WatchFact::GroupWatched(watch) | WatchFact::GroupUnwatched(watch)) => {
                let GroupWatch { group, account } = *watch;
                names.need([group]);
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

    fn lozenge(&mut self, fact: &LozengeFact) {
        match fact {
            LozengeFact::Requested(lozenge::Requested {
                account,
                profile,
                lozenge: _,
                company: _,
                product: _,
                answers: _,
                reason: _,
            })
            | LozengeFact::Granted(lozenge::Granted {
                account,
                profile,
                lozenge: _,
                company: _,
                product: _,
                reason: _,
                answers: _,
            })
            | LozengeFact::Denied(lozenge::Denied {
                account,
                profile,
                lozenge: _,
                reason: _,
                answers: _,
            })
            | LozengeFact::Revoked(lozenge::Revoked {
                account,
                profile,
                lozenge: _,
                reason: _,
            }) => {
                self.need([*account]);
                self.need(*profile);
            }
        }
    }

    fn group(&mut self, fact: &GroupFact) {
        match fact {
            GroupFact::Created(group::Created {
                group,
                name: _,
                description: _,
            })
            | GroupFact::UserGroupCreated(group::UserGroupCreated {
                group,
                name: _,
                description: _,
                location: _,
                origin: _,
            }) => self.made = Some((*group).into()),
            GroupFact::Changed(group::Changed {
                group,
                name: _,
                description: _,
                location: _,
                moderated: _,
            }) => self.need([*group]),
            // The group isn't there yet.
            GroupFact::Proposed(leadership::Proposed {
                group: _,
                account,
                name: _,
                description: _,
                location: _,
                message: _,
            }) => self.need([*account]),
            // Nor may it ever be.
            GroupFact::LeadershipDeclined(leadership::Declined {
                group: _,
                account,
                reason: _,
            }) => self.need([*account]),
            GroupFact::LeadershipRequested(leadership::Requested {
                group,
                account,
                message: _,
            })
            | GroupFact::LeaderAppointed(leadership::Appointed {
                group,
                account,
                role: _,
            })
            | GroupFact::LeadershipEnded(leadership::Ended { group, account }) => {
                self.need([*group]);
                self.need([*account]);
            }
        }
    }

    fn meeting(&mut self, fact: &MeetingFact) {
        match fact {
            MeetingFact::Scheduled(meeting::Scheduled {
                meeting,
                group,
                details: _,
                origin: _,
            }) => {
                self.made = Some((*meeting).into());
                self.need([*group]);
            }
            MeetingFact::Changed(meeting::Changed {
                meeting,
                group,
                details: _,
            })
            | MeetingFact::Cancelled(meeting::Cancelled {
                meeting,
                group,
                reason: _,
            })
            | MeetingFact::Held(meeting::Held { meeting, group }) => {
                self.need([*meeting]);
                self.need([*group]);
            }
            MeetingFact::Attended(attendance::Attended {
                meeting,
                group,
                accounts,
            })
            | MeetingFact::AttendanceWithdrawn(attendance::AttendanceWithdrawn {
                meeting,
                group,
                accounts,
            }) => {
                self.need([*meeting]);
                self.need([*group]);
                self.need(accounts.iter().copied());
            }
            MeetingFact::Sponsored(sponsor::Sponsored {
                meeting,
                group,
                account,
                company: _,
            })
            | MeetingFact::SponsorRemoved(sponsor::SponsorRemoved {
                meeting,
                group,
                account,
            })
            | MeetingFact::PresentationSubmitted(presentation::Submitted {
                meeting,
                group,
                presentation: _,
                speaker: account,
                title: _,
                r#abstract: _,
            })
            | MeetingFact::PresentationApproved(presentation::Approved {
                meeting,
                group,
                presentation: _,
                speaker: account,
            })
            | MeetingFact::PresentationRejected(presentation::Rejected {
                meeting,
                group,
                presentation: _,
                speaker: account,
                reason: _,
                note: _,
            }) => {
                self.need([*meeting]);
                self.need([*group]);
                self.need([*account]);
            }
        }
    }

    fn benefit(&mut self, fact: &BenefitFact) {
        match fact {
            BenefitFact::SwagRequested(benefit::SwagRequested {
                request,
                group,
                account,
                meeting,
                what: _,
                address: _,
            }) => {
                self.made = Some((*request).into());
                self.need([*group]);
                self.need([*account]);
                self.need(*meeting);
            }
            BenefitFact::ReimbursementRequested(benefit::ReimbursementRequested {
                request,
                group,
                account,
                meeting,
                amount: _,
                currency: _,
                what: _,
            }) => {
                self.made = Some((*request).into());
                self.need([*group]);
                self.need([*account]);
                self.need([*meeting]);
            }
            BenefitFact::Decided(benefit::Decided {
                request,
                group,
                account,
                approved: _,
                reason: _,
            }) => {
                self.need([*request]);
                self.need([*group]);
                self.need([*account]);
            }
        }
    }

    fn report(&mut self, fact: &ReportFact) {
        match fact {
            ReportFact::Reported(report::Reported {
                post,
                author,
                reporter,
                reason: _,
                comment: _,
            }) => {
                self.need([*post]);
                self.need(*author);
                self.need([*reporter]);
            }
            ReportFact::Upheld(report::Upheld {
                post,
                author,
                reporters,
                measure: _,
                note: _,
            }) => {
                self.need([*post]);
                self.need(*author);
                self.need(reporters.iter().copied());
            }
            ReportFact::Dismissed(report::Dismissed { post, reporters }) => {
                self.need([*post]);
                self.need(reporters.iter().copied());
            }
        }
    }

    fn notification(&mut self, fact: &NotificationFact) {
        match fact {
            NotificationFact::Read(notification::Read {
                account,
                notifications: _,
                until: _,
            }) => self.need([*account]),
            NotificationFact::PreferencesChanged(notification::PreferencesChanged {
                account,
                by,
                muted: _,
            }) => self.need([*account, *by]),
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
            | AccountFact::AgreementAccepted(agreement::Accepted {
                account,
                agreement: _,
                version: _,
            })
            | AccountFact::AffiliationChanged(affiliation::Changed {
                account,
                affiliation: _,
            })
            | AccountFact::CalendarOpened(calendar::Opened { account, code: _ })
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
            PostFact::Created(created) | PostFact::Submitted(created) => {
                let Created {
                    post,
                    kind: _,
                    author,
                    parent,
                    group,
                    title: _,
                    body: _,
                    tags: _,
                    origin: _,
                } = created;
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
            PostFact::Published(Published {
                post,
                author,
                group,
            }) => {
                self.need([*post]);
                self.need(*author);
                self.need(*group);
            }
            PostFact::Rejected(Rejected {
                post,
                author,
                reason: _,
            })
            | PostFact::Resubmitted(Resubmitted { post, author }) => {
                self.need([*post]);
                self.need(*author);
            }
            PostFact::Deleted(affected)
            | PostFact::Removed(affected)
            | PostFact::Restored(affected) => {
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
