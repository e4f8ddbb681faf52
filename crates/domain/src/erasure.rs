//! Erasing somebody's personal data (DOMAIN H4).

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::decide::{Actor, Command, History};
use crate::fact::{AccountFact, Body, Fact, Visit};
use crate::id::AccountId;
use crate::links::Links;
use crate::refusal::Refusal;
use crate::stream::StreamName;

// Facts

/// An account's personal data was erased. The account stays, without anything that says whose it
/// was, so that what it was part of stays whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erased {
    /// The account.
    pub account: AccountId,
    /// What became of what it wrote.
    pub content: Content,
}

/// What becomes of what an erased account wrote. The names are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// Its titles and texts stay, by nobody in particular.
    Keep,
    /// They are erased, too; the posts stay as places that others replied to.
    Remove,
}

impl Body for Erased {
    fn stream(&self) -> StreamName {
        StreamName::account(self.account)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            account: _,
            content: _,
        } = self;
    }
}

// Decisions

/// Erases an account: its owner may, and admins. What it wrote can be removed later, too. First it has
/// to be withdrawn from all links: see [`links::Withdraw`](crate::links::Withdraw).
#[derive(Debug, Clone)]
pub struct Erase {
    /// The account.
    pub account: AccountId,
    /// What becomes of what it wrote.
    pub content: Content,
}

impl Command for Erase {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::account(self.account)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        allowed(actor, self.account)?;
        let account: Account = history.state(&StreamName::account(self.account));
        if !account.is_registered() {
            return Err(Refusal::AccountNotFound {
                account: self.account,
            });
        }
        match (account.erased(), self.content) {
            (Some(Content::Remove), _) | (Some(Content::Keep), Content::Keep) => {
                return Ok(vec![]);
            }
            (Some(Content::Keep), Content::Remove) | (None, _) => {}
        }
        // From then on nobody can link it, whoever asks for that at the same time.
        if !history.links().is_withdrawn(self.account) {
            return Err(Refusal::StillLinked);
        }
        let erased = Erased {
            account: self.account,
            content: self.content,
        };
        Ok(vec![AccountFact::Erased(erased).into()])
    }

    fn outlives(&self, actor: &Actor) -> bool {
        self.account == actor.account
    }
}

/// Who may erase an account.
pub(crate) fn allowed(actor: &Actor, account: AccountId) -> Result<(), Refusal> {
    if account == actor.account || actor.roles.admin {
        Ok(())
    } else {
        Err(Refusal::NotPermitted {
            who: "the account's owner and admins",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Rename;
    use crate::decide::Roles;
    use crate::given::{
        ada, admin, bob, community, erased, eve, given, linked, registered, role, withdrawn,
    };

    fn erase(account: AccountId) -> Erase {
        Erase {
            account,
            content: Content::Keep,
        }
    }

    #[test]
    fn owners_erase_their_own_accounts() {
        for content in [Content::Keep, Content::Remove] {
            let account = ada();
            community([withdrawn(ada(), [ada()])])
                .when(ada(), Erase { account, content })
                .then([erased(ada(), content)]);
        }
    }

    #[test]
    fn admins_erase_accounts_of_others_and_nobody_else_does() {
        community([withdrawn(ada(), [ada()])])
            .when(admin(bob()), erase(ada()))
            .then([erased(ada(), Content::Keep)]);
        let others = [
            Roles::default(),
            Roles {
                community_manager: true,
                analyst: true,
                service: true,
                admin: false,
            },
        ];
        for roles in others {
            community([])
                .when(role(bob(), roles), erase(ada()))
                .then_refused(Refusal::NotPermitted {
                    who: "the account's owner and admins",
                });
        }
    }

    #[test]
    fn erasing_again_records_nothing() {
        community([erased(ada(), Content::Keep)])
            .when(admin(bob()), erase(ada()))
            .then([]);
    }

    #[test]
    fn nothing_else_is_done_as_an_erased_account() {
        let gone = || community([erased(ada(), Content::Keep)]);
        gone().when(ada(), erase(ada())).then([]);
        gone()
            .when(admin(ada()), erase(bob()))
            .then_refused(Refusal::ActorErased);
        let rename = Rename { name: "Ada".into() };
        gone()
            .when(ada(), rename)
            .then_refused(Refusal::ActorErased);
    }

    #[test]
    fn an_account_that_is_not_there_is_not_erased() {
        given([registered(bob(), "Bob")])
            .when(admin(bob()), erase(ada()))
            .then_refused(Refusal::AccountNotFound { account: ada() });
    }

    #[test]
    fn what_was_kept_can_be_removed_later_and_not_the_other_way_round() {
        let gone = |content| community([withdrawn(ada(), [ada()]), erased(ada(), content)]);
        let remove = Erase {
            content: Content::Remove,
            ..erase(ada())
        };
        gone(Content::Keep)
            .when(admin(bob()), remove.clone())
            .then([erased(ada(), Content::Remove)]);
        gone(Content::Remove).when(admin(bob()), remove).then([]);
        gone(Content::Remove)
            .when(admin(bob()), erase(ada()))
            .then([]);
    }

    #[test]
    fn an_account_is_withdrawn_from_all_links_first() {
        for account in [ada(), bob(), eve()] {
            community([linked(ada(), bob(), 1)])
                .when(account, erase(account))
                .then_refused(Refusal::StillLinked);
        }
    }
}
