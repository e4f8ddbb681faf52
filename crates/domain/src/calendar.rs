//! A member's own calendar: programs that show it send no token, so its address holds a secret.

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::decide::{Actor, Command, History};
use crate::fact::{AccountFact, Body, Fact, Visit};
use crate::id::AccountId;
use crate::link_code::CodeHash;
use crate::links::Links;
use crate::refusal::Refusal;
use crate::stream::StreamName;

// Facts

/// A member asked for the address of their calendar. The one before, if there was one, is good no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// The account.
    pub account: AccountId,
    /// A hash of the secret in the address.
    pub code: CodeHash,
}

impl Body for Opened {
    fn stream(&self) -> StreamName {
        StreamName::account(self.account)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            account: _,
            code: _,
        } = self;
    }
}

// Decisions

/// Opens the actor's calendar under another secret address.
#[derive(Debug, Clone)]
pub struct Open {
    /// A hash of the secret, which the caller draws.
    pub code: CodeHash,
}

impl Command for Open {
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::account(actor.account)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let account: Account = history.state(&StreamName::account(actor.account));
        if account.calendar() == Some(self.code) {
            return Ok(vec![]);
        }
        let opened = Opened {
            account: actor.account,
            code: self.code,
        };
        Ok(vec![AccountFact::CalendarOpened(opened).into()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{ada, code, community};

    #[test]
    fn a_calendar_is_opened_under_another_address_each_time() {
        let open = |number| Open {
            code: code(number).hash(),
        };
        let opened = |number| -> Fact {
            AccountFact::CalendarOpened(Opened {
                account: ada(),
                code: code(number).hash(),
            })
            .into()
        };
        community([]).when(ada(), open(1)).then([opened(1)]);
        community([opened(1)]).when(ada(), open(1)).then([]);
        community([opened(1)])
            .when(ada(), open(2))
            .then([opened(2)]);
    }
}
