//! Meetings of user groups (DOMAIN G3, G4, G6, G9).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::account;
use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, MeetingFact, Visit};
use crate::group::Group;
use crate::id::{AccountId, GroupId, MeetingId, Origin, PresentationId};
use crate::links::Links;
use crate::lozenge::Lozenges;
use crate::personal::{About, Personal, present};
use crate::presentation::{self, Presentation};
use crate::profile;
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::text;
use crate::time::Time;

/// What a meeting is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Details {
    /// Its title.
    pub title: String,
    /// What it is about; may be empty.
    pub description: String,
    /// When it begins.
    pub starts_at: Time,
    /// When it ends.
    pub ends_at: Time,
    /// In which time zone it is, by its name in the IANA's database, like `Europe/Berlin`.
    pub zone: String,
    /// Where it is, if somewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Its address online, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<String>,
    /// For how many there is room, if that is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// Where else it is announced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub announcements: Vec<String>,
}

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

/// Some were seen at the door (DOMAIN G4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attended {
    /// The meeting.
    pub meeting: MeetingId,
    /// Whose it is.
    pub group: GroupId,
    /// Who was seen.
    pub accounts: BTreeSet<AccountId>,
}

impl Body for Attended {
    fn stream(&self) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            meeting: _,
            group: _,
            accounts: _,
        } = self;
    }
}

/// They weren't, after all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttendanceWithdrawn {
    /// The meeting.
    pub meeting: MeetingId,
    /// Whose it is.
    pub group: GroupId,
    /// Who wasn't there.
    pub accounts: BTreeSet<AccountId>,
}

impl Body for AttendanceWithdrawn {
    fn stream(&self) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            meeting: _,
            group: _,
            accounts: _,
        } = self;
    }
}

/// A company sponsors it (DOMAIN G9).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sponsored {
    /// The meeting.
    pub meeting: MeetingId,
    /// Whose it is.
    pub group: GroupId,
    /// Who stands for the company, by a lozenge.
    pub account: AccountId,
    /// The company, as the lozenge names it.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub company: Option<Personal<String>>,
}

impl Body for Sponsored {
    fn stream(&self) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            meeting: _,
            group: _,
            account,
            company,
        } = self;
        if let Some(company) = company {
            visit(Some(About::identity(*account)), company);
        }
    }
}

/// It doesn't, after all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SponsorRemoved {
    /// The meeting.
    pub meeting: MeetingId,
    /// Whose it is.
    pub group: GroupId,
    /// Who stood for the company.
    pub account: AccountId,
}

impl Body for SponsorRemoved {
    fn stream(&self) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            meeting: _,
            group: _,
            account: _,
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
    attended: BTreeSet<AccountId>,
    sponsors: BTreeMap<AccountId, Option<Personal<String>>>,
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

    fn not_cancelled(&self) -> Result<(), Refusal> {
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
    fn run_by(&self, actor: &Actor, history: &History) -> Result<(), Refusal> {
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

/// The most characters of a title, a place, an address online, or a reason.
pub const LINE_MAX: usize = 200;
/// The most characters of a description.
pub const DESCRIPTION_MAX: usize = 10_000;
/// The most places that announce a meeting.
pub const ANNOUNCEMENTS_MAX: usize = 10;
/// The highest capacity.
pub const CAPACITY_MAX: u32 = 100_000;
/// The most days that a meeting lasts.
pub const DAYS_MAX: i64 = 14;
/// The most accounts that are recorded at once.
pub const ATTENDED_MAX: usize = 1_000;

const HOUR: i64 = 3_600_000_000;

/// What some would ask of who comes, and nobody may (DOMAIN G3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// A price.
    pub price: Option<String>,
    /// Where else to register.
    pub registration_url: Option<String>,
}

impl Terms {
    fn refuse(&self) -> Result<(), Refusal> {
        if self.price.is_some() {
            return Err(Refusal::NotFree);
        }
        if self.registration_url.is_some() {
            return Err(Refusal::ExternalRegistration);
        }
        Ok(())
    }
}

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
            details: valid(&self.details)?,
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
        let details = valid(&self.details)?;
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

/// Records who was seen at the door, from an hour before the beginning on (DOMAIN G4). Leaders of the
/// group may.
#[derive(Debug, Clone)]
pub struct RecordAttendance {
    /// The meeting.
    pub meeting: MeetingId,
    /// Who was there.
    pub accounts: BTreeSet<AccountId>,
}

impl Command for RecordAttendance {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        let mut needed = streams(self.meeting, history);
        needed.extend(self.accounts.iter().copied().map(StreamName::account));
        needed
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let found = Meeting::there(self.meeting, history)?;
        found.led_by(actor, history)?;
        found.not_cancelled()?;
        few(&self.accounts)?;
        let begins = found.details.starts_at;
        if history.now().as_micros() < begins.as_micros() - HOUR {
            return Err(Refusal::MeetingNotBegun { begins });
        }
        for account in &self.accounts {
            account::is_here(*account, history)?;
        }
        // A person's accounts were there once.
        let links = history.links();
        let mut there = found.meeting.attended.clone();
        let mut accounts = BTreeSet::new();
        for &account in &self.accounts {
            if there.is_disjoint(&links.accounts_with(account)) {
                there.insert(account);
                accounts.insert(account);
            }
        }
        if accounts.is_empty() {
            return Ok(vec![]);
        }
        let attended = Attended {
            meeting: self.meeting,
            group: found.group,
            accounts,
        };
        Ok(vec![MeetingFact::Attended(attended).into()])
    }
}

/// Takes back who was seen. Leaders of the group may.
#[derive(Debug, Clone)]
pub struct WithdrawAttendance {
    /// The meeting.
    pub meeting: MeetingId,
    /// Who wasn't there.
    pub accounts: BTreeSet<AccountId>,
}

impl Command for WithdrawAttendance {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        streams(self.meeting, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let found = Meeting::there(self.meeting, history)?;
        found.led_by(actor, history)?;
        few(&self.accounts)?;
        let there = self.accounts.intersection(&found.meeting.attended);
        let accounts: BTreeSet<AccountId> = there.copied().collect();
        if accounts.is_empty() {
            return Ok(vec![]);
        }
        let withdrawn = AttendanceWithdrawn {
            meeting: self.meeting,
            group: found.group,
            accounts,
        };
        Ok(vec![MeetingFact::AttendanceWithdrawn(withdrawn).into()])
    }
}

/// Names a company that sponsors a meeting, by an account whose lozenge names it (DOMAIN G9). Leaders of
/// the group and staff may.
#[derive(Debug, Clone)]
pub struct AddSponsor {
    /// The meeting.
    pub meeting: MeetingId,
    /// Who stands for the company.
    pub account: AccountId,
}

impl Command for AddSponsor {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        let mut needed = streams(self.meeting, history);
        needed.extend([
            StreamName::account(self.account),
            StreamName::lozenge(self.account),
        ]);
        needed
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let found = Meeting::there(self.meeting, history)?;
        found.run_by(actor, history)?;
        found.not_cancelled()?;
        account::is_here(self.account, history)?;
        let lozenges: Lozenges = history.state(&StreamName::lozenge(self.account));
        let company = lozenges.all_held().find_map(|held| held.company.clone());
        let Some(company) = company else {
            let account = self.account;
            return Err(Refusal::NoCompany { account });
        };
        if found.meeting.sponsors.get(&self.account) == Some(&Some(company.clone())) {
            return Ok(vec![]);
        }
        let sponsored = Sponsored {
            meeting: self.meeting,
            group: found.group,
            account: self.account,
            company: Some(company),
        };
        Ok(vec![MeetingFact::Sponsored(sponsored).into()])
    }
}

/// Names it no more.
#[derive(Debug, Clone)]
pub struct RemoveSponsor {
    /// The meeting.
    pub meeting: MeetingId,
    /// Who stands for the company.
    pub account: AccountId,
}

impl Command for RemoveSponsor {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::meeting(self.meeting)
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        streams(self.meeting, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let found = Meeting::there(self.meeting, history)?;
        found.run_by(actor, history)?;
        if !found.meeting.sponsors.contains_key(&self.account) {
            return Ok(vec![]);
        }
        let removed = SponsorRemoved {
            meeting: self.meeting,
            group: found.group,
            account: self.account,
        };
        Ok(vec![MeetingFact::SponsorRemoved(removed).into()])
    }
}

fn few(accounts: &BTreeSet<AccountId>) -> Result<(), Refusal> {
    let (field, max) = ("accounts", ATTENDED_MAX);
    if accounts.is_empty() {
        return Err(Refusal::NoEntries { field });
    }
    match accounts.len() > max {
        true => Err(Refusal::TooManyEntries { field, max }),
        false => Ok(()),
    }
}

fn in_future(details: &Details, history: &History) -> Result<(), Refusal> {
    match details.starts_at > history.now() {
        true => Ok(()),
        false => Err(Refusal::MeetingInPast),
    }
}

/// What a meeting can be, with its texts trimmed.
fn valid(details: &Details) -> Result<Details, Refusal> {
    let lasts = details.ends_at.as_micros() - details.starts_at.as_micros();
    if lasts <= 0 || lasts > DAYS_MAX * 24 * HOUR {
        return Err(Refusal::MeetingTimesInvalid { days: DAYS_MAX });
    }
    if jiff::tz::TimeZone::get(&details.zone).is_err() {
        let zone = details.zone.chars().take(LINE_MAX).collect();
        return Err(Refusal::ZoneInvalid { zone });
    }
    if details
        .capacity
        .is_some_and(|capacity| !(1..=CAPACITY_MAX).contains(&capacity))
    {
        return Err(Refusal::CapacityInvalid { max: CAPACITY_MAX });
    }
    if details.announcements.len() > ANNOUNCEMENTS_MAX {
        return Err(Refusal::TooManyEntries {
            field: "announcements",
            max: ANNOUNCEMENTS_MAX,
        });
    }
    let mut links = details.announcements.iter().chain(&details.online);
    links.try_for_each(|link| profile::valid_link(link))?;
    let place = optional("place", details.place.as_deref())?;
    if place.is_none() && details.online.is_none() {
        return Err(Refusal::NowhereToMeet);
    }
    let title = text::line(&details.title, LINE_MAX);
    let description = match details.description.trim() {
        "" => String::new(),
        text => text::lines("description", text, DESCRIPTION_MAX)?,
    };
    Ok(Details {
        title: title.ok_or(Refusal::TitleInvalid { max: LINE_MAX })?,
        description,
        place,
        ..details.clone()
    })
}

/// A line, if there is anything on it.
fn optional(field: &'static str, line: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(line) = line.map(str::trim).filter(|line| !line.is_empty()) else {
        return Ok(None);
    };
    let max = LINE_MAX;
    text::line(line, max)
        .map(Some)
        .ok_or(Refusal::FieldInvalid { field, max })
}

#[cfg(test)]
mod tests;
