//! From an event to the rows that it touches.

use plaudit_domain::fact::{AccountFact, KudosFact};
use plaudit_domain::{
    AccountId, BenefitId, Event, Fact, GroupId, MeetingId, Position, PostId, PresentationId,
};

use crate::row::Key;
use crate::rows::Rows;
use crate::{
    account, badge, benefit, feedback, group, kudos, learning, like, link, lozenge, meeting,
    membership, notification, post, report, rsvp, timeline, watch,
};

/// Folds an event into the rows that it touches, but for what follows by rules: that is
/// [reckoned](crate::reckon) from what was done.
///
/// # Errors
/// Where the event names something that no earlier event created. Nothing may be skipped, so
/// whoever folds has to stop there.
pub fn fold(event: &Event, rows: &mut Rows) -> Result<(), Stopped> {
    rows.last = Some(event.id);
    if changes_people(&event.fact) {
        rows.people = Some(event.position);
    }
    match &event.fact {
        Fact::Account(fact) => account::fold(fact, event, rows),
        Fact::Link(fact) => link::fold(fact, rows),
        // A code is nothing that anybody reads.
        Fact::LinkCode(_) => Ok(()),
        // Rows follow from the rules that are in force now, whatever was before.
        Fact::Rules(_) => Ok(()),
        Fact::Kudos(fact) => kudos::fold(fact, event, rows),
        Fact::Badge(fact) => badge::fold(fact, event, rows),
        Fact::Lozenge(fact) => lozenge::fold(fact, event, rows),
        Fact::Feedback(fact) => feedback::fold(fact, event, rows),
        Fact::Learning(fact) => learning::fold(fact, event, rows),
        Fact::Group(fact) => group::fold(fact, event, rows),
        Fact::Meeting(fact) => meeting::fold(fact, event, rows),
        Fact::Rsvp(fact) => rsvp::fold(fact, event, rows),
        Fact::Benefit(fact) => benefit::fold(fact, event, rows),
        Fact::Membership(fact) => membership::fold(fact, event, rows),
        Fact::Post(fact) => post::fold(fact, event, rows),
        Fact::Like(fact) => like::fold(fact, event, rows),
        Fact::Report(fact) => report::fold(fact, event, rows),
        Fact::Notification(fact) => notification::fold(fact, rows),
        Fact::Watch(fact) => watch::fold(fact, event, rows),
    }
    .map_err(|cause| Stopped {
        position: event.position,
        event_type: event.fact.stored_type().0,
        cause,
    })?;
    timeline::note(event, rows);
    Ok(())
}

/// Whether a fact may change whose points an account's are, or who sees them: see
/// [`Member`](crate::standings::Member).
fn changes_people(fact: &Fact) -> bool {
    match fact {
        Fact::Link(_) | Fact::Kudos(KudosFact::Enrolled(_)) => true,
        Fact::Account(fact) => match fact {
            AccountFact::ProfileVisibilityChanged(_) | AccountFact::Erased(_) => true,
            AccountFact::Registered(_)
            | AccountFact::Renamed(_)
            | AccountFact::Identified(_)
            | AccountFact::VisibilityChanged(_)
            | AccountFact::ProfileEdited(_)
            | AccountFact::AgreementAccepted(_)
            | AccountFact::AffiliationChanged(_)
            | AccountFact::CalendarOpened(_) => false,
        },
        Fact::Kudos(KudosFact::EnrolmentRequested(_) | KudosFact::Given(_))
        | Fact::LinkCode(_)
        | Fact::Rules(_)
        | Fact::Badge(_)
        | Fact::Lozenge(_)
        | Fact::Feedback(_)
        | Fact::Learning(_)
        | Fact::Group(_)
        | Fact::Meeting(_)
        | Fact::Rsvp(_)
        | Fact::Benefit(_)
        | Fact::Membership(_)
        | Fact::Post(_)
        | Fact::Like(_)
        | Fact::Report(_)
        | Fact::Notification(_)
        | Fact::Watch(_) => false,
    }
}

/// An event that can't be folded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {position} ({event_type}) can't be folded: {cause}")]
pub struct Stopped {
    /// Its position.
    pub position: Position,
    /// Its stored type.
    pub event_type: &'static str,
    /// Why.
    pub cause: FoldError,
}

/// What an event names and nothing created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// An account.
    #[error("it names account {0}, which no earlier event registered")]
    UnknownAccount(AccountId),
    /// A post.
    #[error("it names post {0}, which no earlier event created")]
    UnknownPost(PostId),
    /// A group.
    #[error("it names group {0}, which no earlier event created")]
    UnknownGroup(GroupId),
    /// A meeting.
    #[error("it names meeting {0}, which no earlier event scheduled")]
    UnknownMeeting(MeetingId),
    /// A presentation.
    #[error("it names presentation {0}, which no earlier event submitted")]
    UnknownPresentation(PresentationId),
    /// A leader's request.
    #[error("it names request {0}, which no earlier event made")]
    UnknownBenefit(BenefitId),
    /// A row that isn't here, because the event touches it without naming it, as events from
    /// elsewhere may: what the posts refer to has to be [fetched](crate::Touched::references).
    #[error("it touches the row of {0:?} without naming what it is, and there is no such row")]
    Unnamed(Key),
}
