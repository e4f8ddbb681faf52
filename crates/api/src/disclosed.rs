//! What of somebody's doings others may notice.

use plaudit_domain::Fact;
use plaudit_domain::fact::{
    AccountFact, GroupFact, KudosFact, LozengeFact, MeetingFact, PostFact, RulesFact,
};

/// Whether others see anything on somebody's profile that follows from a fact. What doesn't show there doesn't tell
/// them either when it was done: who reads what they were told, asks for something, or reports a post does so unseen.
pub fn is_disclosed(fact: &Fact) -> bool {
    match fact {
        Fact::Account(fact) => match fact {
            AccountFact::Registered(_)
            | AccountFact::Renamed(_)
            | AccountFact::Identified(_)
            | AccountFact::VisibilityChanged(_)
            | AccountFact::ProfileEdited(_)
            | AccountFact::ProfileVisibilityChanged(_)
            | AccountFact::AffiliationChanged(_)
            | AccountFact::Erased(_) => true,
            AccountFact::AgreementAccepted(_) | AccountFact::CalendarOpened(_) => false,
        },
        Fact::Kudos(fact) => match fact {
            KudosFact::Enrolled(_) | KudosFact::Given(_) => true,
            KudosFact::EnrolmentRequested(_) => false,
        },
        Fact::Lozenge(fact) => match fact {
            LozengeFact::Granted(_) | LozengeFact::Revoked(_) => true,
            LozengeFact::Requested(_) | LozengeFact::Denied(_) => false,
        },
        Fact::Group(fact) => match fact {
            GroupFact::Created(_)
            | GroupFact::UserGroupCreated(_)
            | GroupFact::Changed(_)
            | GroupFact::LeaderAppointed(_)
            | GroupFact::LeadershipEnded(_) => true,
            GroupFact::Proposed(_)
            | GroupFact::LeadershipRequested(_)
            | GroupFact::LeadershipDeclined(_) => false,
        },
        Fact::Meeting(fact) => match fact {
            MeetingFact::Scheduled(_)
            | MeetingFact::Changed(_)
            | MeetingFact::Cancelled(_)
            | MeetingFact::Held(_)
            | MeetingFact::Attended(_)
            | MeetingFact::AttendanceWithdrawn(_)
            | MeetingFact::Sponsored(_)
            | MeetingFact::SponsorRemoved(_)
            | MeetingFact::PresentationApproved(_) => true,
            MeetingFact::PresentationSubmitted(_) | MeetingFact::PresentationRejected(_) => false,
        },
        Fact::Post(fact) => match fact {
            PostFact::Created(_)
            | PostFact::Edited(_)
            | PostFact::Deleted(_)
            | PostFact::Restored(_)
            | PostFact::Removed(_)
            | PostFact::Published(_)
            | PostFact::AnswerAccepted(_)
            | PostFact::AcceptanceWithdrawn(_) => true,
            PostFact::Submitted(_) | PostFact::Rejected(_) | PostFact::Resubmitted(_) => false,
        },
        Fact::Rules(RulesFact::Activated(_)) => false,
        Fact::Link(_)
        | Fact::Learning(_)
        | Fact::Badge(_)
        | Fact::Rsvp(_)
        | Fact::Membership(_)
        | Fact::Like(_) => true,
        Fact::LinkCode(_)
        | Fact::Feedback(_)
        | Fact::Benefit(_)
        | Fact::Report(_)
        | Fact::Notification(_)
        | Fact::Watch(_) => false,
    }
}

/// Whether somebody who may see a post sees anything there that follows from a fact which isn't disclosed: its
/// review, and how many watch it. That it was reported is staff's.
pub fn is_of_post(fact: &Fact) -> bool {
    matches!(fact, Fact::Post(_) | Fact::Watch(_))
}
