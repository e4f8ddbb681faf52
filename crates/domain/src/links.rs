//! Linked accounts: which accounts make up one profile (DOMAIN L).
//!
//! All links are in one stream. The rules of linking span accounts, so a stream an account couldn't
//! keep them: of two links at once, one has to lose.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountKind};
use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, LinkFact, Visit};
use crate::id::AccountId;
use crate::link_code::{CodeHash, LinkCode};
use crate::refusal::Refusal;
use crate::stream::StreamName;

// Facts

/// An account became part of a primary's profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linked {
    /// The account that anchors the profile.
    pub primary: AccountId,
    /// The account that was linked to it.
    pub account: AccountId,
    /// The hash of the code that proved it: a code works once (DOMAIN L3).
    pub code: CodeHash,
}

impl Body for Linked {
    fn stream(&self) -> StreamName {
        StreamName::links()
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            primary: _,
            account: _,
            code: _,
        } = self;
    }
}

/// An account became a profile of its own again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unlinked {
    /// The account that anchors the profile that it leaves.
    pub primary: AccountId,
    /// The account that leaves.
    pub account: AccountId,
}

impl Body for Unlinked {
    fn stream(&self) -> StreamName {
        StreamName::links()
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            primary: _,
            account: _,
        } = self;
    }
}

/// Another of the linked accounts became the primary (DOMAIN L8).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrimaryChanged {
    /// The primary until now.
    pub from: AccountId,
    /// The primary from now on.
    pub to: AccountId,
    /// All accounts of the profile, these two among them.
    pub accounts: BTreeSet<AccountId>,
}

impl Body for PrimaryChanged {
    fn stream(&self) -> StreamName {
        StreamName::links()
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            from: _,
            to: _,
            accounts: _,
        } = self;
    }
}

/// An account left all others for good: it is about to be erased, and is never linked again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawn {
    /// The account.
    pub account: AccountId,
    /// Itself, and those that its leaving changes something for: its primary, or where it was the
    /// primary, all that were linked to it, which become profiles of their own.
    pub accounts: BTreeSet<AccountId>,
}

impl Body for Withdrawn {
    fn stream(&self) -> StreamName {
        StreamName::links()
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            account: _,
            accounts: _,
        } = self;
    }
}

// Fold

/// Who is linked with whom, now and before.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Links {
    /// The primary of each account that is linked to one.
    primary_of: HashMap<AccountId, AccountId>,
    /// The accounts that are linked to each primary.
    linked_to: HashMap<AccountId, BTreeSet<AccountId>>,
    /// Accounts that were ever linked, with each other or by way of others: which of [`Self::families`].
    family_of: HashMap<AccountId, usize>,
    families: Vec<Vec<AccountId>>,
    used: HashSet<CodeHash>,
    withdrawn: HashSet<AccountId>,
}

impl Links {
    /// The primary of an account: itself, unless it is linked to another.
    pub fn primary_of(&self, account: AccountId) -> AccountId {
        self.primary_of.get(&account).copied().unwrap_or(account)
    }

    /// Whether accounts are linked to it.
    pub fn is_primary(&self, account: AccountId) -> bool {
        self.linked_to.contains_key(&account)
    }

    /// Whether it is linked to another account.
    pub fn is_linked(&self, account: AccountId) -> bool {
        self.primary_of.contains_key(&account)
    }

    /// Whether it is never linked again.
    pub fn is_withdrawn(&self, account: AccountId) -> bool {
        self.withdrawn.contains(&account)
    }

    /// All accounts of the profile that an account belongs to, itself among them.
    pub fn accounts_with(&self, account: AccountId) -> BTreeSet<AccountId> {
        let primary = self.primary_of(account);
        let linked = self.linked_to.get(&primary).into_iter().flatten().copied();
        linked.chain([primary]).collect()
    }

    /// All accounts that were ever part of a profile with this one, itself among them, and perhaps some
    /// more: what was written to it may stand in their streams.
    pub fn ever_with(&self, account: AccountId) -> Vec<AccountId> {
        match self.family_of.get(&account) {
            Some(&family) => self.families[family].clone(),
            None => vec![account],
        }
    }

    /// Notes that two accounts were part of one profile.
    fn unite(&mut self, one: AccountId, other: AccountId) {
        let [one, other] = [one, other].map(|account| {
            *self.family_of.entry(account).or_insert_with(|| {
                self.families.push(vec![account]);
                self.families.len() - 1
            })
        });
        if one == other {
            return;
        }
        // The smaller one moves, so that no account moves often.
        let (to, from) = match self.families[one].len() < self.families[other].len() {
            true => (other, one),
            false => (one, other),
        };
        for account in std::mem::take(&mut self.families[from]) {
            self.family_of.insert(account, to);
            self.families[to].push(account);
        }
    }

    /// Whether two accounts belong to one person, as far as is known.
    pub fn is_same_person(&self, one: AccountId, other: AccountId) -> bool {
        self.primary_of(one) == self.primary_of(other)
    }

    fn link(&mut self, primary: AccountId, account: AccountId) {
        self.unite(primary, account);
        self.primary_of.insert(account, primary);
        self.linked_to.entry(primary).or_default().insert(account);
    }

    fn unlink(&mut self, primary: AccountId, account: AccountId) {
        self.primary_of.remove(&account);
        if let Some(linked) = self.linked_to.get_mut(&primary) {
            linked.remove(&account);
            // DOMAIN L7: then the primary is no longer one.
            if linked.is_empty() {
                self.linked_to.remove(&primary);
            }
        }
    }
}

/// Histories from elsewhere may link what can't be linked: that changes nothing.
impl State for Links {
    type Fact = LinkFact;

    fn apply(&mut self, fact: &LinkFact) {
        match fact {
            LinkFact::Linked(Linked {
                primary,
                account,
                code,
            }) => {
                self.used.insert(*code);
                if primary != account
                    && !self.is_withdrawn(*primary)
                    && !self.is_withdrawn(*account)
                    && !self.is_linked(*primary)
                    && !self.is_linked(*account)
                    && !self.is_primary(*account)
                {
                    self.link(*primary, *account);
                }
            }
            LinkFact::Unlinked(Unlinked { primary, account }) => {
                if self.primary_of.get(account) == Some(primary) {
                    self.unlink(*primary, *account);
                }
            }
            LinkFact::Withdrawn(Withdrawn { account, accounts }) => {
                self.withdrawn.insert(*account);
                if let Some(primary) = self.primary_of.get(account).copied() {
                    self.unlink(primary, *account);
                }
                for linked in accounts {
                    if self.primary_of.get(linked) == Some(account) {
                        self.unlink(*account, *linked);
                    }
                }
            }
            LinkFact::PrimaryChanged(PrimaryChanged { from, to, accounts }) => {
                let members = self.accounts_with(*from);
                if self.primary_of.get(to) == Some(from) && members.is_subset(accounts) {
                    for account in members.iter().filter(|account| *account != from) {
                        self.unlink(*from, *account);
                    }
                    for account in members.iter().filter(|account| *account != to) {
                        self.link(*to, *account);
                    }
                }
            }
        }
    }
}

// Decisions

/// Which of two unlinked personal accounts becomes the primary (DOMAIN L4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Primary {
    /// The one that redeems the code.
    #[default]
    Actor,
    /// The one that made the code.
    Other,
}

/// Links the actor's account and the one that made a code (DOMAIN L2 to L6).
#[derive(Debug, Clone)]
pub struct Link {
    /// The code's hash.
    pub code: CodeHash,
    /// Which becomes the primary, where there is a choice.
    pub primary: Primary,
}

impl Link {
    fn code(&self, history: &History) -> LinkCode {
        history.state(&StreamName::link_code(self.code))
    }

    /// Who made the code, if it can be redeemed.
    fn other(&self, history: &History) -> Result<AccountId, Refusal> {
        let code = self.code(history);
        let made = code.made().ok_or(Refusal::LinkCodeInvalid)?;
        if history.links().used.contains(&self.code) {
            return Err(Refusal::LinkCodeInvalid);
        }
        if made.expires_at <= history.now() {
            return Err(Refusal::LinkCodeExpired);
        }
        Ok(made.account)
    }

    /// Whether this very code made a link that still holds: then it is a retry.
    fn is_done(&self, actor: &Actor, history: &History) -> bool {
        let code = self.code(history);
        let links = history.links();
        links.used.contains(&self.code)
            && code.made().is_some_and(|made| {
                made.account != actor.account && links.is_same_person(made.account, actor.account)
            })
    }
}

impl Command for Link {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::links()
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        let code = self.code(history);
        let other = code.made().map(|made| StreamName::account(made.account));
        let code = StreamName::link_code(self.code);
        other.into_iter().chain([code]).collect()
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        if self.is_done(actor, history) {
            return Ok(vec![]);
        }
        let me = actor.account;
        let other = self.other(history)?;
        if other == me {
            return Err(Refusal::SameAccount);
        }
        let links = history.links();
        if links.is_same_person(me, other) {
            return Err(Refusal::AlreadyLinked);
        }
        let account = |account| history.state::<Account>(&StreamName::account(account));
        if !account(other).is_here() || links.is_withdrawn(other) {
            return Err(Refusal::LinkCodeInvalid);
        }
        if links.is_withdrawn(me) {
            return Err(Refusal::ActorErased);
        }
        if links.is_linked(other) {
            return Err(Refusal::LinkedToAnotherPrimary { account: other });
        }
        if links.is_linked(me) {
            // An account links itself, and does everything else as the primary (DOMAIN L5).
            return Err(if links.is_primary(other) {
                Refusal::LinkedToAnotherPrimary { account: me }
            } else {
                Refusal::NotThePrimary
            });
        }
        let is_personal = |id| account(id).kind() == AccountKind::Personal;
        let (primary, account) = match (links.is_primary(me), links.is_primary(other)) {
            (true, true) => return Err(Refusal::TwoPrimaries),
            (true, false) => (me, other),
            (false, true) => (other, me),
            (false, false) => match (is_personal(me), is_personal(other), self.primary) {
                (false, false, _) => return Err(Refusal::TwoManagedAccounts),
                (true, false, _) | (true, true, Primary::Actor) => (me, other),
                (false, true, _) | (true, true, Primary::Other) => (other, me),
            },
        };
        let linked = Linked {
            primary,
            account,
            code: self.code,
        };
        Ok(vec![LinkFact::Linked(linked).into()])
    }
}

/// Ends the link of an account to the actor's, which is the primary (DOMAIN L7).
#[derive(Debug, Clone)]
pub struct Unlink {
    /// The account that becomes a profile of its own again.
    pub account: AccountId,
}

impl Command for Unlink {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::links()
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let links = history.links();
        let primary = actor.account;
        if links.is_linked(primary) {
            return Err(Refusal::NotThePrimary);
        }
        if self.account == primary && links.is_primary(primary) {
            return Err(Refusal::SameAccount);
        }
        if links.is_linked(self.account) && links.primary_of(self.account) == primary {
            return Ok(vec![unlinked(primary, self.account)]);
        }
        // It is done, if there was ever something to do.
        if links.ever_with(primary).contains(&self.account) {
            return Ok(vec![]);
        }
        Err(Refusal::NotLinked)
    }
}

/// Makes another account of the profile its primary (DOMAIN L8).
#[derive(Debug, Clone)]
pub struct MakePrimary {
    /// A personal account that is linked to the actor's.
    pub account: AccountId,
}

impl Command for MakePrimary {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::links()
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::account(self.account)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let links = history.links();
        let from = actor.account;
        if !links.is_same_person(from, self.account) {
            return Err(Refusal::NotLinked);
        }
        if !links.is_linked(self.account) {
            return Ok(vec![]);
        }
        if links.is_linked(from) {
            return Err(Refusal::NotThePrimary);
        }
        let to: Account = history.state(&StreamName::account(self.account));
        if to.kind() != AccountKind::Personal {
            return Err(Refusal::PrimaryMustBePersonal);
        }
        let changed = PrimaryChanged {
            from,
            to: self.account,
            accounts: links.accounts_with(from),
        };
        Ok(vec![LinkFact::PrimaryChanged(changed).into()])
    }
}

/// Takes an account that is about to be erased out of all links, for good. Where it is the primary,
/// all others become profiles of their own.
#[derive(Debug, Clone)]
pub struct Withdraw {
    /// The account.
    pub account: AccountId,
}

impl Command for Withdraw {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::links()
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::account(self.account)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        crate::erasure::allowed(actor, self.account)?;
        let links = history.links();
        let account: Account = history.state(&StreamName::account(self.account));
        if links.is_withdrawn(self.account) {
            return Ok(vec![]);
        }
        if !account.is_registered() {
            return Err(Refusal::AccountNotFound {
                account: self.account,
            });
        }
        let primary = links.primary_of(self.account);
        let accounts = if primary == self.account {
            links.accounts_with(self.account)
        } else {
            [primary, self.account].into()
        };
        let withdrawn = Withdrawn {
            account: self.account,
            accounts,
        };
        Ok(vec![LinkFact::Withdrawn(withdrawn).into()])
    }

    fn outlives(&self, actor: &Actor) -> bool {
        self.account == actor.account
    }
}

fn unlinked(primary: AccountId, account: AccountId) -> Fact {
    LinkFact::Unlinked(Unlinked { primary, account }).into()
}

#[cfg(test)]
mod tests;
