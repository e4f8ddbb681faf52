//! Who was seen at the door of a meeting (DOMAIN G4). That is not who said that they would come.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::account;
use crate::decide::{Actor, Command, History};
use crate::fact::{Body, Fact, MeetingFact, Visit};
use crate::id::{AccountId, GroupId, MeetingId};
use crate::links::Links;
use crate::meeting::{Meeting, streams};
use crate::refusal::Refusal;
use crate::stream::StreamName;

// Facts

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

// Decisions

/// The most accounts that are recorded at once.
pub const ATTENDED_MAX: usize = 1_000;

const HOUR: i64 = 3_600_000_000;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::meetings::{DAY, HOUR, attended, cancelled, led, meeting, scheduled};
    use crate::given::{ada, after, bob, eve, group, linked};

    fn record(accounts: impl IntoIterator<Item = AccountId>) -> RecordAttendance {
        RecordAttendance {
            meeting: meeting(1),
            accounts: accounts.into_iter().collect(),
        }
    }

    #[test]
    fn g4_leaders_record_who_was_there_from_an_hour_before_on() {
        led([scheduled()])
            .later(DAY - HOUR)
            .when(bob(), record([ada(), eve()]))
            .then([attended([ada(), eve()])]);
        led([scheduled()])
            .later(DAY - HOUR - 1)
            .when(bob(), record([ada()]))
            .then_refused(Refusal::MeetingNotBegun { begins: after(DAY) });
        led([scheduled()])
            .later(DAY)
            .when(ada(), record([ada()]))
            .then_refused(Refusal::NotALeader { group: group(1) });
        led([scheduled(), cancelled(None)])
            .later(DAY)
            .when(bob(), record([ada()]))
            .then_refused(Refusal::MeetingCancelled);
        led([scheduled()])
            .later(DAY)
            .when(bob(), record([]))
            .then_refused(Refusal::NoEntries { field: "accounts" });
        let stranger = AccountId(uuid::Uuid::from_u128(99));
        led([scheduled()])
            .later(DAY)
            .when(bob(), record([stranger]))
            .then_refused(Refusal::AccountNotFound { account: stranger });
    }

    #[test]
    fn g4_a_person_is_seen_once_with_whichever_account() {
        led([scheduled(), attended([ada()])])
            .later(DAY)
            .when(bob(), record([ada(), eve()]))
            .then([attended([eve()])]);
        led([scheduled(), attended([ada()]), linked(ada(), eve(), 1)])
            .later(DAY)
            .when(bob(), record([ada(), eve()]))
            .then([]);
    }

    #[test]
    fn g4_attendance_is_withdrawn() {
        let withdraw = |account| WithdrawAttendance {
            meeting: meeting(1),
            accounts: BTreeSet::from([account]),
        };
        let withdrawn = AttendanceWithdrawn {
            meeting: meeting(1),
            group: group(1),
            accounts: BTreeSet::from([ada()]),
        };
        led([scheduled(), attended([ada(), eve()])])
            .when(bob(), withdraw(ada()))
            .then([MeetingFact::AttendanceWithdrawn(withdrawn).into()]);
        led([scheduled()]).when(bob(), withdraw(ada())).then([]);
        led([scheduled(), attended([ada()])])
            .when(ada(), withdraw(ada()))
            .then_refused(Refusal::NotALeader { group: group(1) });
    }
}
