//! Companies that sponsor a meeting (DOMAIN G9).

use serde::{Deserialize, Serialize};

use crate::account;
use crate::decide::{Actor, Command, History};
use crate::fact::{Body, Fact, MeetingFact, Visit};
use crate::id::{AccountId, GroupId, MeetingId};
use crate::links::Links;
use crate::lozenge::Lozenges;
use crate::meeting::{Meeting, streams};
use crate::personal::{About, Personal, present};
use crate::refusal::Refusal;
use crate::stream::StreamName;

// Facts

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

// Decisions

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
        needed.push(StreamName::account(self.account));
        needed.extend(Lozenges::streams(self.account, history));
        needed
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let found = Meeting::there(self.meeting, history)?;
        found.run_by(actor, history)?;
        found.not_cancelled()?;
        account::is_here(self.account, history)?;
        let lozenges = Lozenges::of(self.account, history);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::meetings::{granted, led, meeting, scheduled, sponsored};
    use crate::given::{ada, bob, group};

    #[test]
    fn g9_companies_sponsor_by_a_lozenge_that_names_them() {
        let add = || AddSponsor {
            meeting: meeting(1),
            account: ada(),
        };
        let partner = || granted(ada(), "partner", Some("Flour Ltd"));
        led([scheduled(), partner()])
            .when(bob(), add())
            .then([sponsored(ada(), "Flour Ltd")]);
        led([scheduled(), partner(), sponsored(ada(), "Flour Ltd")])
            .when(bob(), add())
            .then([]);
        led([scheduled(), granted(ada(), "rising-star", None)])
            .when(bob(), add())
            .then_refused(Refusal::NoCompany { account: ada() });
        led([scheduled(), partner()])
            .when(ada(), add())
            .then_refused(Refusal::NotALeader { group: group(1) });
    }

    #[test]
    fn g9_a_sponsor_is_removed() {
        let remove = || RemoveSponsor {
            meeting: meeting(1),
            account: ada(),
        };
        let removed = SponsorRemoved {
            meeting: meeting(1),
            group: group(1),
            account: ada(),
        };
        led([scheduled(), sponsored(ada(), "Flour Ltd")])
            .when(bob(), remove())
            .then([MeetingFact::SponsorRemoved(removed).into()]);
        led([scheduled()]).when(bob(), remove()).then([]);
    }
}
