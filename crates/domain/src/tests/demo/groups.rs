//! The commands of what happens in groups.

use super::{Line, text};
use crate::affiliation::Affiliation;
use crate::attendance::{RecordAttendance, WithdrawAttendance};
use crate::benefit::{Decide, RequestReimbursement, RequestSwag};
use crate::decide::Command;
use crate::fact::{BenefitFact, Concept, GroupFact, MeetingFact};
use crate::group::{self, Create, CreateUserGroup};
use crate::leadership::{self, Conditions};
use crate::meeting::{self, Terms};
use crate::presentation::{Approve, Reject, Submit};
use crate::sponsor::{AddSponsor, RemoveSponsor};

fn conditions() -> Conditions {
    let lozenges = ["partner", "staff", "community-manager"];
    Conditions {
        affiliations: Affiliation::ALL.into(),
        lozenges: lozenges.map(str::to_owned).into(),
    }
}

pub fn command_of_group(fact: &GroupFact, line: &Line) -> Box<dyn Command> {
    match fact {
        GroupFact::Created(created) => Box::new(Create {
            group: created.group,
            name: created.name.clone(),
            description: created.description.clone(),
        }),
        GroupFact::UserGroupCreated(created) => command_that_founds(created),
        GroupFact::Changed(changed) => Box::new(group::Change {
            group: changed.group,
            name: changed.name.clone(),
            description: changed.description.clone(),
            location: changed.location.clone(),
            moderated: changed.moderated,
        }),
        GroupFact::Proposed(proposed) => Box::new(leadership::Propose {
            group: proposed.group,
            name: text(&proposed.name),
            description: text(&proposed.description),
            location: text(&proposed.location),
            message: text(&proposed.message),
            conditions: conditions(),
        }),
        GroupFact::LeadershipRequested(requested) => Box::new(leadership::Request {
            group: requested.group,
            message: text(&requested.message),
            conditions: conditions(),
        }),
        GroupFact::LeadershipDeclined(declined) => Box::new(leadership::Decline {
            group: declined.group,
            account: declined.account,
            reason: text(&declined.reason),
        }),
        GroupFact::LeaderAppointed(appointed) => Box::new(leadership::Appoint {
            group: appointed.group,
            account: appointed.account,
            role: appointed.role,
            conditions: conditions(),
        }),
        GroupFact::LeadershipEnded(ended) if ended.account == line.actor => {
            Box::new(leadership::StandDown { group: ended.group })
        }
        GroupFact::LeadershipEnded(ended) => Box::new(leadership::Remove {
            group: ended.group,
            account: ended.account,
        }),
    }
}

/// What was proposed comes to be when who would lead it is appointed.
fn command_that_founds(created: &group::UserGroupCreated) -> Box<dyn Command> {
    let proposed = Line::all().into_iter().find_map(|(_, line)| {
        let fact = line.fact();
        match GroupFact::of(&fact) {
            Some(GroupFact::Proposed(proposed)) if proposed.group == created.group => {
                Some(proposed.clone())
            }
            Some(_) | None => None,
        }
    });
    match proposed {
        Some(proposed) => Box::new(leadership::Appoint {
            group: created.group,
            account: proposed.account,
            role: leadership::Role::Leader,
            conditions: conditions(),
        }),
        None => Box::new(CreateUserGroup {
            group: created.group,
            name: created.name.clone(),
            description: created.description.clone(),
            location: created.location.clone(),
        }),
    }
}

pub fn command_of_meeting(fact: &MeetingFact) -> Box<dyn Command> {
    match fact {
        MeetingFact::Scheduled(scheduled) => Box::new(meeting::Schedule {
            meeting: scheduled.meeting,
            group: scheduled.group,
            details: scheduled.details.clone(),
            terms: Terms::default(),
        }),
        MeetingFact::Changed(changed) => Box::new(meeting::Change {
            meeting: changed.meeting,
            details: changed.details.clone(),
            terms: Terms::default(),
        }),
        MeetingFact::Cancelled(cancelled) => Box::new(meeting::Cancel {
            meeting: cancelled.meeting,
            reason: cancelled.reason.clone(),
        }),
        MeetingFact::Held(held) => Box::new(meeting::Confirm {
            meeting: held.meeting,
        }),
        MeetingFact::Attended(attended) => Box::new(RecordAttendance {
            meeting: attended.meeting,
            accounts: attended.accounts.clone(),
        }),
        MeetingFact::AttendanceWithdrawn(withdrawn) => Box::new(WithdrawAttendance {
            meeting: withdrawn.meeting,
            accounts: withdrawn.accounts.clone(),
        }),
        MeetingFact::Sponsored(sponsored) => Box::new(AddSponsor {
            meeting: sponsored.meeting,
            account: sponsored.account,
        }),
        MeetingFact::SponsorRemoved(removed) => Box::new(RemoveSponsor {
            meeting: removed.meeting,
            account: removed.account,
        }),
        MeetingFact::PresentationSubmitted(submitted) => Box::new(Submit {
            presentation: submitted.presentation,
            meeting: submitted.meeting,
            title: text(&submitted.title),
            r#abstract: text(&submitted.r#abstract),
        }),
        MeetingFact::PresentationApproved(approved) => Box::new(Approve {
            meeting: approved.meeting,
            presentation: approved.presentation,
        }),
        MeetingFact::PresentationRejected(rejected) => Box::new(Reject {
            meeting: rejected.meeting,
            presentation: rejected.presentation,
            reason: rejected.reason,
            note: rejected.note.as_ref().map(text),
        }),
    }
}

/// The groups are active when their leaders ask.
pub fn command_of_benefit(fact: &BenefitFact) -> Box<dyn Command> {
    match fact {
        BenefitFact::SwagRequested(swag) => Box::new(RequestSwag {
            request: swag.request,
            group: swag.group,
            meeting: swag.meeting,
            what: text(&swag.what),
            address: text(&swag.address),
            is_active: true,
        }),
        BenefitFact::ReimbursementRequested(asked) => Box::new(RequestReimbursement {
            request: asked.request,
            group: asked.group,
            meeting: asked.meeting,
            amount: asked.amount,
            currency: asked.currency.clone(),
            what: text(&asked.what),
            is_active: true,
            others: vec![],
        }),
        BenefitFact::Decided(decided) => Box::new(Decide {
            request: decided.request,
            approved: decided.approved,
            reason: decided.reason.as_ref().map(text),
            others: vec![],
        }),
    }
}
