//! Everything that can happen, and the name under which it is stored.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::personal::{About, Protected};
use crate::stream::StreamName;
use crate::{
    acceptance, account, affiliation, agreement, attendance, badge, benefit, calendar, erasure,
    feedback, group, kudos, leadership, learning, like, link_code, links, lozenge, meeting,
    membership, notification, post, presentation, profile, report, review, rsvp, rules, sponsor,
    watch,
};

/// What a stored fact has to tell about itself.
pub trait Body: Serialize + DeserializeOwned {
    /// The stream that it belongs to. It follows from the fact alone.
    fn stream(&self) -> StreamName;

    /// Visits every [`Personal`](crate::Personal) value, with whom it is about, where that is known.
    /// Implementations name all their fields, so that a new one can't be forgotten, and visit a new
    /// one last: stored values are sealed for their place in this order.
    fn personal(&mut self, visit: Visit<'_>);
}

/// What is done with each personal value of a fact.
pub type Visit<'a> = &'a mut dyn FnMut(Option<About>, &mut dyn Protected);

/// The facts of one concept: what a stream's state is folded from.
pub trait Concept: Sized {
    /// The fact, where it is one of this concept.
    fn of(fact: &Fact) -> Option<&Self>;
}

/// Why stored text is not a fact.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Nothing of this name and version is known.
    #[error(
        "unknown event type {name} in version {version}: it was recorded by a newer Plaudit, or isn't Plaudit's"
    )]
    UnknownType {
        /// The stored name.
        name: String,
        /// The stored version.
        version: u16,
    },
    /// The body doesn't have the shape that its type promises.
    #[error("the body of a {name} is malformed: {source}")]
    Malformed {
        /// The stored name.
        name: String,
        /// What was wrong, and at which column.
        source: serde_json::Error,
    },
}

macro_rules! facts {
    ($(
        $(#[$concept_doc:meta])*
        $concept:ident = $facts:ident {
            $($(#[$doc:meta])* $variant:ident($body:ty) = $name:literal, version $version:literal;)+
        }
    )+) => {
        /// A fact: something that happened, in the past tense, and only what happened.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Fact {
            $($(#[$concept_doc])* $concept($facts),)+
        }

        $(
            $(#[$concept_doc])*
            #[derive(Debug, Clone, PartialEq)]
            pub enum $facts {
                $($(#[$doc])* $variant($body),)+
            }

            impl Concept for $facts {
                #[allow(clippy::wildcard_enum_match_arm, reason = "picking one concept")]
                fn of(fact: &Fact) -> Option<&Self> {
                    match fact {
                        Fact::$concept(fact) => Some(fact),
                        #[allow(unreachable_patterns)]
                        _ => None,
                    }
                }
            }

            impl From<$facts> for Fact {
                fn from(fact: $facts) -> Self {
                    Self::$concept(fact)
                }
            }
        )+

        impl Fact {
            /// Name and current version of every fact that can be stored. **Stored names never
            /// change**; a new shape is a new version.
            pub const TYPES: &[(&str, u16)] = &[$($(($name, $version),)+)+];

            /// The name and version under which it is stored.
            pub fn stored_type(&self) -> (&'static str, u16) {
                match self {
                    $($(Self::$concept($facts::$variant(_)) => ($name, $version),)+)+
                }
            }

            /// The stream that it belongs to.
            pub fn stream(&self) -> StreamName {
                match self {
                    $($(Self::$concept($facts::$variant(body)) => body.stream(),)+)+
                }
            }

            /// Its body as JSON.
            pub fn encode(&self) -> serde_json::Result<String> {
                match self {
                    $($(Self::$concept($facts::$variant(body)) => serde_json::to_string(body),)+)+
                }
            }

            /// A body as it was stored. The type decides what is read, so nothing is guessed.
            pub fn decode(name: &str, version: u16, json: &str) -> Result<Self, DecodeError> {
                let malformed = |source| DecodeError::Malformed { name: name.to_owned(), source };
                match (name, version) {
                    $($(($name, $version) => serde_json::from_str(json)
                        .map(|body| Self::$concept($facts::$variant(body)))
                        .map_err(malformed),)+)+
                    (_, _) => Err(DecodeError::UnknownType { name: name.to_owned(), version }),
                }
            }

            /// Visits every personal value, always in the same order.
            pub fn personal(&mut self, visit: Visit<'_>) {
                match self {
                    $($(Self::$concept($facts::$variant(body)) => body.personal(visit),)+)+
                }
            }

            /// Takes every personal value out.
            pub fn withhold_personal(&mut self) {
                self.personal(&mut |_, value| value.withhold());
            }
        }
    };
}

facts! {
    /// What an account is.
    Account = AccountFact {
        /// An account came to be.
        Registered(account::Registered) = "AccountRegistered", version 1;
        /// It got another name.
        Renamed(account::Renamed) = "AccountRenamed", version 1;
        /// The identity provider told something new about it.
        Identified(account::Identified) = "AccountIdentified", version 1;
        /// Its name and picture are shown to others than before.
        VisibilityChanged(account::VisibilityChanged) = "AccountVisibilityChanged", version 1;
        /// What it tells about its owner was changed.
        ProfileEdited(profile::Edited) = "ProfileEdited", version 1;
        /// What it tells is shown to others than before.
        ProfileVisibilityChanged(profile::VisibilityChanged) = "ProfileVisibilityChanged", version 1;
        /// It accepted an agreement.
        AgreementAccepted(agreement::Accepted) = "AgreementAccepted", version 1;
        /// What is known of whom its owner works for changed.
        AffiliationChanged(affiliation::Changed) = "AffiliationChanged", version 1;
        /// Its owner asked for the address of their calendar.
        CalendarOpened(calendar::Opened) = "CalendarOpened", version 1;
        /// Its personal data was erased.
        Erased(erasure::Erased) = "AccountErased", version 1;
    }
    /// Which accounts make up one profile.
    Link = LinkFact {
        /// An account became part of a primary's profile.
        Linked(links::Linked) = "AccountLinked", version 1;
        /// It became a profile of its own again.
        Unlinked(links::Unlinked) = "AccountUnlinked", version 1;
        /// Another of the linked accounts became the primary.
        PrimaryChanged(links::PrimaryChanged) = "PrimaryChanged", version 1;
        /// An account left all others for good, to be erased.
        Withdrawn(links::Withdrawn) = "AccountWithdrawn", version 1;
    }
    /// One-time codes for linking.
    LinkCode = LinkCodeFact {
        /// An account asked for one.
        Made(link_code::Made) = "LinkCodeMade", version 1;
    }
    /// What an account learned.
    Learning = LearningFact {
        /// A course was completed.
        CourseCompleted(learning::CourseCompleted) = "CourseCompleted", version 1;
        /// A certification was awarded.
        CertificationAwarded(learning::CertificationAwarded) = "CertificationAwarded", version 1;
    }
    /// Enrolment in the kudos programme, and kudos that members give each other.
    Kudos = KudosFact {
        /// Somebody wants to take part.
        EnrolmentRequested(kudos::EnrolmentRequested) = "KudosEnrolmentRequested", version 1;
        /// They take part.
        Enrolled(kudos::Enrolled) = "KudosEnrolled", version 1;
        /// Somebody gave kudos to somebody else.
        Given(kudos::Given) = "KudosGiven", version 1;
    }
    /// Which rules are in force.
    Rules = RulesFact {
        /// Others came into force.
        Activated(rules::Activated) = "RulesActivated", version 1;
    }
    /// Badges that were granted elsewhere.
    Badge = BadgeFact {
        /// One was granted.
        Granted(badge::Granted) = "BadgeGranted", version 1;
    }
    /// Status labels that an account is granted.
    Lozenge = LozengeFact {
        /// Somebody asked for one.
        Requested(lozenge::Requested) = "LozengeRequested", version 1;
        /// They have it.
        Granted(lozenge::Granted) = "LozengeGranted", version 1;
        /// They don't get it.
        Denied(lozenge::Denied) = "LozengeDenied", version 1;
        /// They have it no more.
        Revoked(lozenge::Revoked) = "LozengeRevoked", version 1;
    }
    /// What members think of the programme, and what they looked at.
    Feedback = FeedbackFact {
        /// Somebody said what they think.
        Given(feedback::Given) = "FeedbackGiven", version 1;
        /// Somebody looked at some things.
        Interacted(feedback::Interacted) = "InteractionsRecorded", version 1;
    }
    /// What a group is.
    Group = GroupFact {
        /// It came to be.
        Created(group::Created) = "GroupCreated", version 1;
        /// A user group came to be.
        UserGroupCreated(group::UserGroupCreated) = "UserGroupCreated", version 1;
        /// It is something else than before.
        Changed(group::Changed) = "GroupChanged", version 1;
        /// Somebody proposed a user group, and would lead it.
        Proposed(leadership::Proposed) = "UserGroupProposed", version 1;
        /// Somebody would like to lead it.
        LeadershipRequested(leadership::Requested) = "LeadershipRequested", version 1;
        /// They won't.
        LeadershipDeclined(leadership::Declined) = "LeadershipDeclined", version 1;
        /// Somebody leads it.
        LeaderAppointed(leadership::Appointed) = "LeaderAppointed", version 1;
        /// They lead it no more.
        LeadershipEnded(leadership::Ended) = "LeadershipEnded", version 1;
    }
    /// The life of a meeting.
    Meeting = MeetingFact {
        /// It was scheduled.
        Scheduled(meeting::Scheduled) = "MeetingScheduled", version 1;
        /// It is something else than before.
        Changed(meeting::Changed) = "MeetingChanged", version 1;
        /// It won't be held.
        Cancelled(meeting::Cancelled) = "MeetingCancelled", version 1;
        /// It was held.
        Held(meeting::Held) = "MeetingHeld", version 1;
        /// Some were there.
        Attended(attendance::Attended) = "MeetingAttended", version 1;
        /// They weren't, after all.
        AttendanceWithdrawn(attendance::AttendanceWithdrawn) = "AttendanceWithdrawn", version 1;
        /// A company sponsors it.
        Sponsored(sponsor::Sponsored) = "MeetingSponsored", version 1;
        /// It doesn't, after all.
        SponsorRemoved(sponsor::SponsorRemoved) = "SponsorRemoved", version 1;
        /// Somebody would like to present something.
        PresentationSubmitted(presentation::Submitted) = "PresentationSubmitted", version 1;
        /// They will.
        PresentationApproved(presentation::Approved) = "PresentationApproved", version 1;
        /// They won't.
        PresentationRejected(presentation::Rejected) = "PresentationRejected", version 1;
    }
    /// One account's answer to one meeting.
    Rsvp = RsvpFact {
        /// It would come, or comes no more.
        Answered(rsvp::Answered) = "RsvpAnswered", version 1;
    }
    /// What leaders of user groups ask for.
    Benefit = BenefitFact {
        /// Things to give away.
        SwagRequested(benefit::SwagRequested) = "SwagRequested", version 1;
        /// To be reimbursed.
        ReimbursementRequested(benefit::ReimbursementRequested) = "ReimbursementRequested", version 1;
        /// Staff decided on it.
        Decided(benefit::Decided) = "BenefitDecided", version 1;
    }
    /// One account's membership of one group.
    Membership = MembershipFact {
        /// The account is a member.
        Joined(membership::Membership) = "GroupJoined", version 1;
        /// It is no longer one.
        Left(membership::Membership) = "GroupLeft", version 1;
    }
    /// The life of a post.
    Post = PostFact {
        /// It was written.
        Created(post::Created) = "PostCreated", version 1;
        /// Its title, text or tags were changed.
        Edited(post::Edited) = "PostEdited", version 1;
        /// It was taken out of sight and out of every count.
        Deleted(post::Affected) = "PostDeleted", version 1;
        /// It was put back.
        Restored(post::Affected) = "PostRestored", version 1;
        /// Staff took it out of sight and out of every count.
        Removed(post::Affected) = "PostRemoved", version 1;
        /// It is an article, was written, and waits for review: out of sight and out of every count.
        Submitted(post::Created) = "ArticleSubmitted", version 1;
        /// It is published.
        Published(review::Published) = "ArticlePublished", version 1;
        /// It isn't.
        Rejected(review::Rejected) = "ArticleRejected", version 1;
        /// It waits for another review.
        Resubmitted(review::Resubmitted) = "ArticleResubmitted", version 1;
        /// A question's answer was accepted.
        AnswerAccepted(acceptance::Accepted) = "AnswerAccepted", version 1;
        /// The acceptance was taken back.
        AcceptanceWithdrawn(acceptance::Withdrawn) = "AcceptanceWithdrawn", version 1;
    }
    /// One account's liking of one post.
    Like = LikeFact {
        /// The account likes the post.
        Liked(like::Like) = "PostLiked", version 1;
        /// It took that back.
        Withdrawn(like::Like) = "LikeWithdrawn", version 1;
    }
    /// What members find wrong with a post.
    Report = ReportFact {
        /// A member reported it.
        Reported(report::Reported) = "PostReported", version 1;
        /// Staff agreed.
        Upheld(report::Upheld) = "ReportsUpheld", version 1;
        /// Staff disagreed.
        Dismissed(report::Dismissed) = "ReportsDismissed", version 1;
    }
    /// What an account read of what it was told, and what it wants to be told.
    Notification = NotificationFact {
        /// It read some.
        Read(notification::Read) = "NotificationsRead", version 1;
        /// It wants to be told of other things.
        PreferencesChanged(notification::PreferencesChanged) = "NotificationPreferencesChanged", version 1;
    }
    /// One account's watching of one post, or one group.
    Watch = WatchFact {
        /// The account wants to hear of the post.
        Watched(watch::Watch) = "PostWatched", version 1;
        /// It no longer does.
        Unwatched(watch::Watch) = "PostUnwatched", version 1;
        /// The account wants to hear of the group.
        GroupWatched(watch::GroupWatch) = "GroupWatched", version 1;
        /// It no longer does.
        GroupUnwatched(watch::GroupWatch) = "GroupUnwatched", version 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_facts_share_a_stored_type() {
        let mut types = Fact::TYPES.to_vec();
        types.sort_unstable();
        types.dedup();
        assert_eq!(types.len(), Fact::TYPES.len());
    }

    #[test]
    fn an_unknown_type_is_an_error_that_names_it() {
        let error = Fact::decode("PostVaporised", 1, "{}").unwrap_err();
        assert!(error.to_string().contains("PostVaporised"), "{error}");
    }

    #[test]
    fn a_body_of_another_shape_is_an_error_that_names_the_type() {
        let error = Fact::decode("PostLiked", 1, r#"{"post":7}"#).unwrap_err();
        assert!(error.to_string().contains("PostLiked"), "{error}");
    }
}
