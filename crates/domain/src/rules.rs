//! Which rules are in force. What they say is of no concern here: they are files, known by their hash.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, RulesFact, Visit};
use crate::links::Links;
use crate::refusal::Refusal;
use crate::stream::StreamName;

// Facts. When they came into force is when the event occurred.

/// Other rules came into force, for all history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activated {
    /// What tells them from others: a SHA-256 of the files, in hexadecimal digits.
    pub hash: String,
    /// The files, each by its name, with its text.
    pub files: BTreeMap<String, String>,
}

impl Body for Activated {
    fn stream(&self) -> StreamName {
        StreamName::rules()
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self { hash: _, files: _ } = self;
    }
}

// Fold

/// The rules that are in force: none, as long as nobody activated any.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InForce {
    hash: Option<String>,
}

impl State for InForce {
    type Fact = RulesFact;

    fn apply(&mut self, fact: &RulesFact) {
        match fact {
            RulesFact::Activated(activated) => self.hash = Some(activated.hash.clone()),
        }
    }
}

impl InForce {
    /// What activating others comes to: nothing, where they are in force already.
    pub fn activate(&self, others: &Activated) -> Vec<Fact> {
        if self.hash.as_ref() == Some(&others.hash) {
            return vec![];
        }
        vec![RulesFact::Activated(others.clone()).into()]
    }
}

// Decisions

/// Activates rules that were checked. Admins may.
#[derive(Debug, Clone)]
pub struct Activate {
    /// Which.
    pub rules: Activated,
}

impl Activate {
    /// Whether somebody may.
    ///
    /// # Errors
    /// If they aren't an admin.
    pub fn permitted(actor: &Actor) -> Result<(), Refusal> {
        match actor.roles.admin {
            true => Ok(()),
            false => Err(Refusal::NotPermitted { who: "admins" }),
        }
    }
}

impl Command for Activate {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::rules()
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        Self::permitted(actor)?;
        let in_force: InForce = history.state(&StreamName::rules());
        Ok(in_force.activate(&self.rules))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Roles;
    use crate::given::{activated, ada, admin, community, role, rules_of};

    fn activate(number: u8) -> Activate {
        let rules = rules_of(number);
        Activate { rules }
    }

    #[test]
    fn an_admin_activates_rules_and_others_after_them_and_those_of_before_again() {
        community([])
            .when(admin(ada()), activate(1))
            .then([activated(1)]);
        community([activated(1)])
            .when(admin(ada()), activate(2))
            .then([activated(2)]);
        community([activated(1), activated(2)])
            .when(admin(ada()), activate(1))
            .then([activated(1)]);
    }

    #[test]
    fn what_is_in_force_is_not_activated_again() {
        community([activated(1)])
            .when(admin(ada()), activate(1))
            .then([]);
    }

    #[test]
    fn nobody_else_activates_rules() {
        let others = Roles {
            community_manager: true,
            analyst: true,
            service: true,
            admin: false,
        };
        for roles in [Roles::default(), others] {
            community([])
                .when(role(ada(), roles), activate(1))
                .then_refused(Refusal::NotPermitted { who: "admins" });
        }
    }
}
