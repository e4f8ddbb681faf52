//! Meetings of user groups (DOMAIN G3, G4, G6, G9).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, MeetingFact, Visit};
use crate::group::Group;
use crate::id::{AccountId, GroupId, MeetingId, Origin, PresentationId};
use crate::links::Links;
use crate::personal::Personal;
use crate::presentation::{self, Presentation};
use crate::refusal::Refusal;
use crate::stream::StreamName;

mod details;

use details::optional;
pub use details::{
    ANNOUNCEMENTS_MAX, CAPACITY_MAX, DAYS_MAX, DESCRIPTION_MAX, Details, LINE_MAX, Terms,
};

// Facts

/// A meeting was scheduled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduled {
    /// The meeting.
    pub meeting: MeetingId,
    /// Whose it is.
    pub group: GroupId,
    /// What it is.
    pub details: Details,
    /// Where an imported meeting was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

impl Body for Scheduled {
    fn stream(&self) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            meeting: _,
            group: _,
            details: _,
            origin: _,
        } = self;
    }
}

/// It is something else from now on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// The meeting.
    pub meeting: MeetingId,
    /// Whose it is.
    pub group: GroupId,
    /// All that it is now.
    pub details: Details,
}

impl Body for Changed {
    fn stream(&self) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            meeting: _,
            group: _,
            details: _,
        } = self;
    }
}

/// It won't be held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancelled {
    /// The meeting.
    pub meeting: MeetingId,
    /// Whose it was.
    pub group: GroupId,
    /// Why, for those who would have come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Body for Cancelled {
    fn stream(&self) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            meeting: _,
            group: _,
            reason: _,
        } = self;
    }
}

/// A leader confirmed that it was held: from now on it counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The meeting.
    pub meeting: MeetingId,
    /// Whose it was.
    pub group: GroupId,
}

impl Body for Held {
    fn stream(&self) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            meeting: _,
            group: _,
        } = self;
    }
}

// Fold

/// What a meeting is, who was there, and what is presented.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Meeting {
    scheduled: Option<(GroupId, Details)>,
    cancelled: bool,
    held: bool,
    pub(crate) attended: BTreeSet<AccountId>,
    pub(crate) sponsors: BTreeMap<AccountId, Option<Personal<String>>>,
    pub(crate) presentations: BTreeMap<PresentationId, Presentation>,
}

impl State for Meeting {
    type Fact = MeetingFact;

    fn apply(&mut self, fact: &MeetingFact) {
        match fact {
            MeetingFact::Scheduled(scheduled) => {
                let details = scheduled.details.clone();
                self.scheduled.get_or_insert((scheduled.group, details));
            }
            MeetingFact::Changed(changed) => {
                if let Some((_, details)) = &mut self.scheduled {
                    details.clone_from(&changed.details);
                }
            }
            MeetingFact::Cancelled(_) => self.cancelled = true,
            MeetingFact::Held(_) => self.held = true,
            MeetingFact::Attended(attended) => self.attended.extend(&attended.accounts),
            MeetingFact::AttendanceWithdrawn(withdrawn) => {
                let were_there = |account: &AccountId| !withdrawn.accounts.contains(account);
                self.attended.retain(were_there);
            }
            MeetingFact::Sponsored(sponsored) => {
                let company = sponsored.company.clone();
                self.sponsors.insert(sponsored.account, company);
            }
            MeetingFact::SponsorRemoved(removed) => {
                self.sponsors.remove(&removed.account);
            }
            MeetingFact::PresentationSubmitted(submitted) => {
                let presentation = Presentation::submitted(submitted);
                let presentations = &mut self.presentations;
                presentations.insert(submitted.presentation, presentation);
            }
            MeetingFact::PresentationApproved(presentation::Approved { presentation, .. })
            | MeetingFact::PresentationRejected(presentation::Rejected { presentation, .. }) => {
                if let Some(presentation) = self.presentations.get_mut(presentation) {
                    presentation.review(fact);
                }
            }
        }
    }
}

impl Meeting {
    /// Whose it is and what, if there is such a meeting.
    pub fn scheduled(&self) -> Option<(GroupId, &Details)> {
        self.scheduled
            .as_ref()
            .map(|(group, details)| (*group, details))
    }

    /// Whether a leader confirmed that it was held.
    pub fn was_held(&self) -> bool {
        self.held
    }

    /// Who was seen there.
    pub fn attended(&self) -> &BTreeSet<AccountId> {
        &self.attended
    }

    /// A meeting that is there, with its group.
    pub(crate) fn there(id: MeetingId, history: &History) -> Result<Found, Refusal> {
        let meeting: Self = history.state(&StreamName::meeting(id));
        let Some((group, details)) = meeting.scheduled.clone() else {
            return Err(Refusal::MeetingNotFound { meeting: id });
        };
        Ok(Found {
            group,
            details,
            meeting,
        })
    }
}

/// A meeting that is there.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) group: GroupId,
    pub(crate) details: Details,
    pub(crate) meeting: Meeting,
}

impl Found {
    /// Refuses what is about a meeting that is cancelled, or has begun.
    pub(crate) fn to_come(&self, history: &History) -> Result<(), Refusal> {
        self.not_cancelled()?;
        if history.now() >= self.details.starts_at {
            return Err(Refusal::MeetingBegun);
        }
        Ok(())
    }

    pub(crate) fn not_cancelled(&self) -> Result<(), Refusal> {
        match self.meeting.cancelled {
            true => Err(Refusal::MeetingCancelled),
            false => Ok(()),
        }
    }

    fn not_held(&self) -> Result<(), Refusal> {
        match self.meeting.held {
            true => Err(Refusal::MeetingHeld),
            false => Ok(()),
        }
    }

    /// Refuses whoever doesn't lead its group.
    pub(crate) fn led_by(&self, actor: &Actor, history: &History) -> Result<(), Refusal> {
        let group: Group = history.state(&StreamName::group(self.group));
        match group.is_led_by(actor, history) {
            true => Ok(()),
            false => Err(Refusal::NotALeader { group: self.group }),
        }
    }

    /// Refuses whoever neither leads its group nor is staff.
    pub(crate) fn run_by(&self, actor: &Actor, history: &History) -> Result<(), Refusal> {
        match actor.roles.is_staff() {
            true => Ok(()),
            false => self.led_by(actor, history),
        }
    }
}

/// What tells of a meeting, and who leads its group.
pub(crate) fn streams(meeting: MeetingId, history: &History) -> Vec<StreamName> {
    let stream = StreamName::meeting(meeting);
    let meeting: Meeting = history.state(&stream);
    let group = meeting.scheduled.map(|(group, _)| StreamName::group(group));
    group.into_iter().chain([stream]).collect()
}

// Decisions

/// Schedules a meeting (DOMAIN G3). Leaders of the group and staff may.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The id it will have.
    pub meeting: MeetingId,
    /// Whose it is.
    pub group: GroupId,
    /// What it is.
    pub details: Details,
    /// What is refused.
    pub terms: Terms,
}

impl Command for Schedule {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::group(self.group)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let group = Group::user_group(self.group, history)?;
        if !actor.roles.is_staff() && !group.is_led_by(actor, history) {
            return Err(Refusal::NotALeader { group: self.group });
        }
        self.terms.refuse()?;
        let scheduled = Scheduled {
            meeting: self.meeting,
            group: self.group,
            details: self.details.valid()?,
            origin: None,
        };
        let known: Meeting = history.state(&StreamName::meeting(self.meeting));
        match known.scheduled() {
            Some(known) if known == (self.group, &scheduled.details) => return Ok(vec![]),
            Some(_) => return Err(Refusal::MeetingExists),
            None => in_future(&scheduled.details, history)?,
        }
        Ok(vec![MeetingFact::Scheduled(scheduled).into()])
    }
}

/// Changes a meeting that is still to come: all that it is.
#[derive(Debug, Clone)]
pub struct Change {
    /// The meeting.
    pub meeting: MeetingId,
    /// What it is from now on.
    pub details: Details,
    /// What is refused.
    pub terms: Terms,
}

impl Command for Change {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        streams(self.meeting, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let found = Meeting::there(self.meeting, history)?;
        found.run_by(actor, history)?;
        self.terms.refuse()?;
        let details = self.details.valid()?;
        if found.details == details {
            return Ok(vec![]);
        }
        found.not_held()?;
        found.to_come(history)?;
        in_future(&details, history)?;
        let changed = Changed {
            meeting: self.meeting,
            group: found.group,
            details,
        };
        Ok(vec![MeetingFact::Changed(changed).into()])
    }
}

/// Cancels a meeting. One that was held is cancelled no more; one that nobody confirmed is, also when its
/// time is over.
#[derive(Debug, Clone)]
pub struct Cancel {
    /// The meeting.
    pub meeting: MeetingId,
    /// Why, for those who would have come.
    pub reason: Option<String>,
}

impl Command for Cancel {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        streams(self.meeting, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let found = Meeting::there(self.meeting, history)?;
        found.run_by(actor, history)?;
        if found.meeting.cancelled {
            return Ok(vec![]);
        }
        found.not_held()?;
        let cancelled = Cancelled {
            meeting: self.meeting,
            group: found.group,
            reason: optional("reason", self.reason.as_deref())?,
        };
        Ok(vec![MeetingFact::Cancelled(cancelled).into()])
    }
}

/// Confirms that a meeting was held, once it has begun (DOMAIN G6). Only leaders of the group may: they
/// were there.
#[derive(Debug, Clone)]
pub struct Confirm {
    /// The meeting.
    pub meeting: MeetingId,
}

impl Command for Confirm {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        streams(self.meeting, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let found = Meeting::there(self.meeting, history)?;
        found.led_by(actor, history)?;
        if found.meeting.held {
            return Ok(vec![]);
        }
        found.not_cancelled()?;
        let begins = found.details.starts_at;
        if history.now() < begins {
            return Err(Refusal::MeetingNotBegun { begins });
        }
        let held = Held {
            meeting: self.meeting,
            group: found.group,
        };
        Ok(vec![MeetingFact::Held(held).into()])
    }
}

fn in_future(details: &Details, history: &History) -> Result<(), Refusal> {
    match details.starts_at > history.now() {
        true => Ok(()),
        false => Err(Refusal::MeetingInPast),
    }
}

#[cfg(test)]
mod tests;
