//! Agreements that members accept, each version anew (DOMAIN Z10). Which there are, and in which
//! version, is for the rules.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::decide::{Actor, Command, History};
use crate::fact::{AccountFact, Body, Fact, Visit};
use crate::id::AccountId;
use crate::links::Links;
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::time::Time;

/// An agreement in a version, as the rules have it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Agreement {
    /// What it is known by in the rules.
    pub agreement: String,
    /// Its title.
    pub title: String,
    /// Its version.
    pub version: String,
    /// Since when that is in force, if the rules say so.
    pub since: Option<Time>,
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (version {})", self.title, self.version)
    }
}

// Facts

/// An account accepted an agreement as it was then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The account.
    pub account: AccountId,
    /// What the agreement is known by in the rules.
    pub agreement: String,
    /// Its version.
    pub version: String,
}

impl Body for Accepted {
    fn stream(&self) -> StreamName {
        StreamName::account(self.account)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            account: _,
            agreement: _,
            version: _,
        } = self;
    }
}

// Decisions

/// Accepts an agreement, for all accounts of the actor's profile: what one of them accepted isn't accepted
/// again.
#[derive(Debug, Clone)]
pub struct Accept {
    /// What the agreement is known by.
    pub agreement: String,
    /// The version that was read.
    pub version: String,
    /// The version that the rules have now; none, if they know no such agreement.
    pub current: Option<String>,
}

impl Command for Accept {
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::account(actor.account)
    }

    fn reads(&self, actor: &Actor, history: &History) -> Vec<StreamName> {
        let accounts = history.links().accounts_with(actor.account).into_iter();
        accounts.map(StreamName::account).collect()
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let Self {
            agreement,
            version,
            current,
        } = self;
        match current {
            None => {
                let agreement = agreement.clone();
                return Err(Refusal::AgreementNotFound { agreement });
            }
            Some(current) if current != version => {
                let current = current.clone();
                return Err(Refusal::AgreementOutdated { current });
            }
            Some(_) => {}
        }
        if has_accepted(actor.account, agreement, version, history) {
            return Ok(vec![]);
        }
        let accepted = Accepted {
            account: actor.account,
            agreement: agreement.clone(),
            version: version.clone(),
        };
        Ok(vec![AccountFact::AgreementAccepted(accepted).into()])
    }
}

/// Whether any account of somebody accepted an agreement in a version.
pub(crate) fn has_accepted(
    account: AccountId,
    agreement: &str,
    version: &str,
    history: &History,
) -> bool {
    let accounts = history.links().accounts_with(account);
    accounts.into_iter().any(|account| {
        let account: Account = history.state(&StreamName::account(account));
        account.has_accepted(agreement, version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{ada, agreement_accepted, bob, community, linked, unlinked};

    fn accept(version: &str) -> Accept {
        Accept {
            agreement: "terms".into(),
            version: version.into(),
            current: Some("2".into()),
        }
    }

    #[test]
    fn z10_a_member_accepts_an_agreement_in_its_current_version() {
        community([])
            .when(ada(), accept("2"))
            .then([agreement_accepted(ada(), "terms", "2")]);
        community([agreement_accepted(ada(), "terms", "2")])
            .when(ada(), accept("2"))
            .then([]);
    }

    #[test]
    fn z10_a_new_version_needs_a_new_acceptance() {
        community([agreement_accepted(ada(), "terms", "1")])
            .when(ada(), accept("2"))
            .then([agreement_accepted(ada(), "terms", "2")]);
    }

    #[test]
    fn z10_what_was_read_has_to_be_the_current_version() {
        for version in ["1", "3", ""] {
            let current = "2".into();
            community([])
                .when(ada(), accept(version))
                .then_refused(Refusal::AgreementOutdated { current });
        }
        let unknown = Accept {
            current: None,
            ..accept("2")
        };
        community([])
            .when(ada(), unknown)
            .then_refused(Refusal::AgreementNotFound {
                agreement: "terms".into(),
            });
    }

    #[test]
    fn z10_linked_accounts_accept_for_each_other_as_long_as_they_are_linked() {
        let together = [
            agreement_accepted(bob(), "terms", "2"),
            linked(ada(), bob(), 1),
        ];
        community(together.clone())
            .when(ada(), accept("2"))
            .then([]);
        community(together.into_iter().chain([unlinked(ada(), bob())]))
            .when(ada(), accept("2"))
            .then([agreement_accepted(ada(), "terms", "2")]);
    }
}
