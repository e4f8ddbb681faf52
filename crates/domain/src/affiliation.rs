//! For whom the owner of an account works, as far as the community has to know (DOMAIN G2).

use serde::{Deserialize, Serialize};

use crate::account::{self, Account};
use crate::decide::{Actor, Command, History};
use crate::fact::{AccountFact, Body, Fact, Visit};
use crate::id::AccountId;
use crate::links::Links;
use crate::refusal::Refusal;
use crate::stream::StreamName;

/// What keeps somebody from leading a user group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Affiliation {
    /// An employee of whoever runs the community.
    Employee,
    /// Of a solution partner.
    SolutionPartner,
    /// Of an organisation under contract.
    Contractor,
}

impl Affiliation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Employee, Self::SolutionPartner, Self::Contractor];

    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Employee => "employee",
            Self::SolutionPartner => "solution_partner",
            Self::Contractor => "contractor",
        }
    }

    /// What has a stored name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|affiliation| affiliation.as_str() == name)
    }
}

// Facts

/// What is known of an account's affiliation changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// The account.
    pub account: AccountId,
    /// What it is from now on; nothing, if it is none of these.
    pub affiliation: Option<Affiliation>,
}

impl Body for Changed {
    fn stream(&self) -> StreamName {
        StreamName::account(self.account)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            account: _,
            affiliation: _,
        } = self;
    }
}

// Decisions

/// Notes for whom the owner of an account works. Staff may.
#[derive(Debug, Clone)]
pub struct Change {
    /// The account.
    pub account: AccountId,
    /// What it is; nothing, if it is none of these.
    pub affiliation: Option<Affiliation>,
}

impl Command for Change {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::account(self.account)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        if !actor.roles.is_staff() {
            return Err(Refusal::NotPermitted { who: "staff" });
        }
        account::is_here(self.account, history)?;
        let account: Account = history.state(&StreamName::account(self.account));
        if account.affiliation() == self.affiliation {
            return Ok(vec![]);
        }
        let changed = Changed {
            account: self.account,
            affiliation: self.affiliation,
        };
        Ok(vec![AccountFact::AffiliationChanged(changed).into()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::meetings::affiliated;
    use crate::given::{ada, bob, community, staff};

    #[test]
    fn g2_staff_note_for_whom_somebody_works() {
        let change = |affiliation| Change {
            account: bob(),
            affiliation,
        };
        let employee = Some(Affiliation::Employee);
        community([])
            .when(staff(ada()), change(employee))
            .then([affiliated(bob(), employee)]);
        community([affiliated(bob(), employee)])
            .when(staff(ada()), change(employee))
            .then([]);
        community([affiliated(bob(), employee)])
            .when(staff(ada()), change(None))
            .then([affiliated(bob(), None)]);
        community([])
            .when(bob(), change(employee))
            .then_refused(Refusal::NotPermitted { who: "staff" });
    }
}
