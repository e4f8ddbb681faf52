//! Accounts: login identities (DOMAIN P2).

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, State, Streams};
use crate::fact::{AccountFact, Body, Fact};
use crate::id::{AccountId, Origin};
use crate::personal::Personal;
use crate::refusal::Refusal;
use crate::stream::StreamName;

// Facts

/// An account came to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registered {
    /// The account.
    pub account: AccountId,
    /// The name that everybody sees.
    pub name: Personal<String>,
    /// Where an imported account was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

impl Body for Registered {
    fn stream(&self) -> StreamName {
        StreamName::account(self.account)
    }

    fn withhold_personal(&mut self) {
        let Self {
            account: _,
            name,
            origin: _,
        } = self;
        name.withhold();
    }
}

/// An account got another name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renamed {
    /// The account.
    pub account: AccountId,
    /// Its name from now on.
    pub name: Personal<String>,
}

impl Body for Renamed {
    fn stream(&self) -> StreamName {
        StreamName::account(self.account)
    }

    fn withhold_personal(&mut self) {
        let Self { account: _, name } = self;
        name.withhold();
    }
}

// Fold

/// What an account is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Account {
    name: Option<Personal<String>>,
}

impl Account {
    /// Whether it came to be.
    pub fn is_registered(&self) -> bool {
        self.name.is_some()
    }
}

impl State for Account {
    type Fact = AccountFact;

    fn apply(&mut self, fact: &AccountFact) {
        match fact {
            AccountFact::Registered(Registered { name, .. })
            | AccountFact::Renamed(Renamed { name, .. }) => self.name = Some(name.clone()),
        }
    }
}

// Decisions

/// The most characters of a name.
pub const NAME_MAX: usize = 100;

/// Registers the actor's own account. Registering again changes nothing.
#[derive(Debug, Clone)]
pub struct Register {
    /// The name that everybody will see.
    pub name: String,
}

impl Command for Register {
    fn writes(&self, actor: &Actor) -> StreamName {
        StreamName::account(actor.account)
    }

    fn decide(&self, actor: &Actor, streams: &Streams) -> Result<Vec<Fact>, Refusal> {
        let account: Account = streams.state(&self.writes(actor));
        if account.is_registered() {
            return Ok(vec![]);
        }
        let registered = Registered {
            account: actor.account,
            name: valid_name(&self.name)?,
            origin: None,
        };
        Ok(vec![AccountFact::Registered(registered).into()])
    }

    fn registers_its_actor(&self) -> bool {
        true
    }
}

/// Gives the actor's own account another name.
#[derive(Debug, Clone)]
pub struct Rename {
    /// The new name.
    pub name: String,
}

impl Command for Rename {
    fn writes(&self, actor: &Actor) -> StreamName {
        StreamName::account(actor.account)
    }

    fn decide(&self, actor: &Actor, streams: &Streams) -> Result<Vec<Fact>, Refusal> {
        let account: Account = streams.state(&self.writes(actor));
        let name = valid_name(&self.name)?;
        if account.name.as_ref() == Some(&name) {
            return Ok(vec![]);
        }
        let renamed = Renamed {
            account: actor.account,
            name,
        };
        Ok(vec![AccountFact::Renamed(renamed).into()])
    }
}

fn valid_name(name: &str) -> Result<Personal<String>, Refusal> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > NAME_MAX || name.chars().any(char::is_control) {
        return Err(Refusal::NameInvalid { max: NAME_MAX });
    }
    Ok(Personal::known(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{ada, given, registered, renamed};

    #[test]
    fn somebody_new_registers() {
        given([])
            .when(
                ada(),
                Register {
                    name: " Ada ".into(),
                },
            )
            .then([registered(ada(), "Ada")]);
    }

    #[test]
    fn registering_again_records_nothing() {
        given([registered(ada(), "Ada")])
            .when(ada(), Register { name: "Eve".into() })
            .then([]);
    }

    #[test]
    fn a_rename_is_recorded() {
        given([registered(ada(), "Ada")])
            .when(
                ada(),
                Rename {
                    name: "Ada L.".into(),
                },
            )
            .then([renamed(ada(), "Ada L.")]);
    }

    #[test]
    fn a_rename_to_the_same_name_records_nothing() {
        given([registered(ada(), "Ada")])
            .when(
                ada(),
                Rename {
                    name: "Ada ".into(),
                },
            )
            .then([]);
    }

    #[test]
    fn nobody_renames_an_account_that_is_not_registered() {
        given([])
            .when(ada(), Rename { name: "Ada".into() })
            .then_refused(Refusal::ActorNotRegistered);
    }

    #[test]
    fn names_are_neither_empty_nor_endless_nor_of_several_lines() {
        for name in ["", "  ", "a\nb", &"x".repeat(NAME_MAX + 1)] {
            given([])
                .when(ada(), Register { name: name.into() })
                .then_refused(Refusal::NameInvalid { max: NAME_MAX });
        }
    }
}
