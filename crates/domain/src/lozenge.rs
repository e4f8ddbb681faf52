//! Lozenges, the status labels of members: those that are granted (DOMAIN Z). Derived ones are no facts:
//! rules make them of what happened.

use std::collections::{BTreeMap, BTreeSet};

use crate::account::{self, Account};
use crate::agreement;
use crate::decide::{Actor, Command, History, State};
use crate::fact::{Fact, LozengeFact};
use crate::id::AccountId;
use crate::links::Links;
use crate::personal::Personal;
use crate::refusal::Refusal;
use crate::requirement::{Answer, Applicant, Requirement, Standing};
use crate::stream::StreamName;
use crate::text;

mod facts;
mod terms;

use self::terms::Names;

pub use self::facts::{Denied, Granted, Requested, Revoked};
pub use self::terms::{COMPANY_MAX, Terms};

// Fold

/// What an account was granted, and what it asked for and waits to be decided.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lozenges {
    /// What it has, by what that is known by.
    held: BTreeMap<String, Granted>,
    asked: BTreeMap<String, Requested>,
    /// What it asked for last, and didn't get.
    denied: BTreeSet<String>,
    /// What it had, and has no more.
    revoked: BTreeSet<String>,
}

/// The same of all accounts that some streams tell of. What happened stands in the stream of whoever was
/// the primary then: so of two linked accounts that ask at once, one does.
#[derive(Debug, Clone, Default, PartialEq)]
struct LozengesOfAll(BTreeMap<AccountId, Lozenges>);

impl State for LozengesOfAll {
    type Fact = LozengeFact;

    fn apply(&mut self, fact: &LozengeFact) {
        let (LozengeFact::Requested(Requested { account, .. })
        | LozengeFact::Granted(Granted { account, .. })
        | LozengeFact::Denied(Denied { account, .. })
        | LozengeFact::Revoked(Revoked { account, .. })) = fact;
        self.0.entry(*account).or_default().apply(fact);
    }
}

impl Lozenges {
    fn apply(&mut self, fact: &LozengeFact) {
        match fact {
            LozengeFact::Requested(requested) => {
                let lozenge = requested.lozenge.clone();
                self.denied.remove(&lozenge);
                self.asked.insert(lozenge, requested.clone());
            }
            LozengeFact::Granted(granted) => {
                self.asked.remove(&granted.lozenge);
                self.denied.remove(&granted.lozenge);
                self.revoked.remove(&granted.lozenge);
                self.held.insert(granted.lozenge.clone(), granted.clone());
            }
            LozengeFact::Denied(denied) => {
                self.asked.remove(&denied.lozenge);
                self.denied.insert(denied.lozenge.clone());
            }
            LozengeFact::Revoked(revoked) => {
                self.held.remove(&revoked.lozenge);
                self.revoked.insert(revoked.lozenge.clone());
            }
        }
    }

    /// What is known of one account.
    pub fn of(account: AccountId, history: &History) -> Self {
        let mut all: LozengesOfAll = history.state_of_all(&Self::streams(account, history));
        all.0.remove(&account).unwrap_or_default()
    }

    /// The streams that tell of an account, and of all that it is linked with.
    pub fn streams(account: AccountId, history: &History) -> Vec<StreamName> {
        let sources = history.links().ever_with(account).into_iter();
        sources.map(StreamName::lozenge).collect()
    }

    /// How it has a lozenge, if it does.
    pub fn held(&self, lozenge: &str) -> Option<&Granted> {
        self.held.get(lozenge)
    }

    /// All that it has.
    pub fn all_held(&self) -> impl Iterator<Item = &Granted> {
        self.held.values()
    }

    /// How it asked for a lozenge, if that waits to be decided.
    pub fn asked(&self, lozenge: &str) -> Option<&Requested> {
        self.asked.get(lozenge)
    }
}

// Decisions

/// The most characters of a reason.
pub const REASON_MAX: usize = 1_000;

/// Asks for a lozenge: who would have it does, or staff for somebody who can't (DOMAIN Z5, Z6). What all
/// accounts of the profile are and did counts together.
///
/// Only rows know what somebody did: whoever asks brings it along.
#[derive(Debug, Clone)]
pub struct Request {
    /// The account that would have it.
    pub account: AccountId,
    /// What the lozenge is known by.
    pub lozenge: String,
    /// What the rules say of it.
    pub terms: Terms,
    /// The company that it would stand for.
    pub company: Option<String>,
    /// The company's app or service.
    pub product: Option<String>,
    /// Whether it is acknowledged to be a privilege.
    pub acknowledged: bool,
    /// Why staff ask for it although not all is met that is required: nobody else may.
    pub despite_unmet: Option<String>,
    /// What the profile did.
    pub standing: Standing,
}

impl Command for Request {
    fn writes(&self, _: &Actor, links: &Links) -> StreamName {
        StreamName::lozenge(links.primary_of(self.account))
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        streams(self.account, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let is_own = history.links().is_same_person(actor.account, self.account);
        if !is_own && !actor.roles.is_staff() {
            let who = "the account's owner and staff";
            return Err(Refusal::NotPermitted { who });
        }
        account::is_here(self.account, history)?;
        let (company, product) = self.terms.names(&self.company, &self.product)?;
        if let Some(waiting) = Lozenges::of(self.account, history).asked(&self.lozenge)
            && (&waiting.company, &waiting.product) == (&company, &product)
        {
            return Ok(vec![]);
        }
        self.is_free(history)?;
        let answers = Decision {
            account: self.account,
            terms: &self.terms,
            standing: self.standing,
            company: company.as_ref(),
            acknowledged: self.acknowledged,
        }
        .answers(history);
        let reason = match &self.despite_unmet {
            Some(reason) if !is_own => Some(valid_reason(reason)?),
            Some(_) | None => None,
        };
        let requested = Requested {
            account: self.account,
            profile: profile(self.account, history),
            lozenge: self.lozenge.clone(),
            company,
            product,
            answers: met(answers, reason.is_some())?,
            reason,
        };
        Ok(vec![LozengeFact::Requested(requested).into()])
    }
}

impl Request {
    /// Refuses what the profile has already, or asked for with whatever account.
    fn is_free(&self, history: &History) -> Result<(), Refusal> {
        for account in history.links().accounts_with(self.account) {
            let lozenges = Lozenges::of(account, history);
            if lozenges.held(&self.lozenge).is_some() {
                return Err(Refusal::LozengeHeld);
            }
            if lozenges.asked(&self.lozenge).is_some() {
                return Err(Refusal::LozengeRequestWaiting);
            }
        }
        Ok(())
    }
}

/// Grants a lozenge: what was asked for, or by staff's own choice (DOMAIN Z6). What is required is checked
/// again.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The account: where something was asked for, the one that did.
    pub account: AccountId,
    /// What the lozenge is known by.
    pub lozenge: String,
    /// What the rules say of it.
    pub terms: Terms,
    /// The company that it stands for; by default the one that was asked with, or that it has.
    pub company: Option<String>,
    /// The company's app or service; by default as of the company.
    pub product: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Whether it is granted although not all is met that is required: then there is a reason.
    pub despite_unmet: bool,
    /// What the profile did.
    pub standing: Standing,
}

impl Command for Grant {
    fn writes(&self, _: &Actor, links: &Links) -> StreamName {
        StreamName::lozenge(links.primary_of(self.account))
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        streams(self.account, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        is_staff(actor)?;
        account::is_here(self.account, history)?;
        let lozenges = Lozenges::of(self.account, history);
        let asked = lozenges.asked(&self.lozenge);
        let (company, product) = self.names(&lozenges)?;
        match lozenges.held(&self.lozenge) {
            // Who stands for another company by now is granted it anew.
            Some(held) if asked.is_none() => {
                if (&held.company, &held.product) == (&company, &product) {
                    return Ok(vec![]);
                }
            }
            Some(_) | None => self.is_free(history)?,
        }
        let answers = Decision {
            account: self.account,
            terms: &self.terms,
            standing: self.standing,
            company: company.as_ref(),
            acknowledged: asked.is_some_and(is_acknowledged),
        }
        .answers(history);
        let reason = self.reason.as_deref().map(valid_reason).transpose()?;
        let answers = met(answers, self.despite_unmet)?;
        if reason.is_none() && answers.iter().any(|answer| !answer.met) {
            return Err(Refusal::ReasonMissing);
        }
        let granted = Granted {
            account: self.account,
            profile: profile(self.account, history),
            lozenge: self.lozenge.clone(),
            company,
            product,
            reason,
            answers,
        };
        Ok(vec![LozengeFact::Granted(granted).into()])
    }
}

impl Grant {
    /// What isn't said is as it was asked for, or as it is already.
    fn names(&self, lozenges: &Lozenges) -> Result<Names, Refusal> {
        let asked = lozenges.asked(&self.lozenge);
        let asked = asked.map(|it| (&it.company, &it.product));
        let held = lozenges.held(&self.lozenge);
        let held = held.map(|it| (&it.company, &it.product));
        let (company, product) = asked.or(held).unwrap_or((&None, &None));
        let or = |said: &Option<String>, known: &Option<Personal<String>>| {
            let known = known.as_ref().and_then(Personal::get);
            said.clone().or_else(|| known.cloned())
        };
        let (company, product) = (or(&self.company, company), or(&self.product, product));
        self.terms.names(&company, &product)
    }

    /// Refuses what another account of the profile has, or asked for: that is for that account.
    fn is_free(&self, history: &History) -> Result<(), Refusal> {
        let mut others = history.links().accounts_with(self.account);
        others.remove(&self.account);
        for account in others {
            let lozenges = Lozenges::of(account, history);
            if lozenges.held(&self.lozenge).is_some() {
                return Err(Refusal::LozengeHeld);
            }
            if lozenges.asked(&self.lozenge).is_some() {
                return Err(Refusal::LozengeRequestWaiting);
            }
        }
        Ok(())
    }
}

/// Denies what was asked for (DOMAIN Z6). Denying twice records nothing.
#[derive(Debug, Clone)]
pub struct Deny {
    /// The account that asked.
    pub account: AccountId,
    /// What the lozenge is known by.
    pub lozenge: String,
    /// What the rules say of it.
    pub terms: Terms,
    /// Why.
    pub reason: String,
    /// What the profile did.
    pub standing: Standing,
}

impl Command for Deny {
    fn writes(&self, _: &Actor, links: &Links) -> StreamName {
        StreamName::lozenge(links.primary_of(self.account))
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        streams(self.account, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        is_staff(actor)?;
        account::is_here(self.account, history)?;
        let reason = valid_reason(&self.reason)?;
        let lozenges = Lozenges::of(self.account, history);
        let Some(asked) = lozenges.asked(&self.lozenge) else {
            return match lozenges.denied.contains(&self.lozenge) {
                true => Ok(vec![]),
                false => Err(Refusal::NoLozengeRequest),
            };
        };
        let answers = Decision {
            account: self.account,
            terms: &self.terms,
            standing: self.standing,
            company: asked.company.as_ref(),
            acknowledged: is_acknowledged(asked),
        }
        .answers(history);
        let denied = Denied {
            account: self.account,
            profile: profile(self.account, history),
            lozenge: self.lozenge.clone(),
            reason,
            answers,
        };
        Ok(vec![LozengeFact::Denied(denied).into()])
    }
}

/// Takes a lozenge away, and its perks with it (DOMAIN Z7). Revoking twice records nothing.
#[derive(Debug, Clone)]
pub struct Revoke {
    /// The account that has it.
    pub account: AccountId,
    /// What the lozenge is known by.
    pub lozenge: String,
    /// Why.
    pub reason: String,
}

impl Command for Revoke {
    fn writes(&self, _: &Actor, links: &Links) -> StreamName {
        StreamName::lozenge(links.primary_of(self.account))
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        let mut needed = Lozenges::streams(self.account, history);
        needed.push(StreamName::account(self.account));
        needed
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        is_staff(actor)?;
        account::is_here(self.account, history)?;
        let reason = valid_reason(&self.reason)?;
        let lozenges = Lozenges::of(self.account, history);
        if lozenges.held(&self.lozenge).is_none() {
            return match lozenges.revoked.contains(&self.lozenge) {
                true => Ok(vec![]),
                false => Err(Refusal::LozengeNotHeld),
            };
        }
        let revoked = Revoked {
            account: self.account,
            profile: profile(self.account, history),
            lozenge: self.lozenge.clone(),
            reason,
        };
        Ok(vec![LozengeFact::Revoked(revoked).into()])
    }
}

/// What is decided on.
struct Decision<'a> {
    account: AccountId,
    terms: &'a Terms,
    standing: Standing,
    company: Option<&'a Personal<String>>,
    acknowledged: bool,
}

impl Decision<'_> {
    /// How the profile meets what is required. Its public name is the primary account's (DOMAIN P2).
    fn answers(&self, history: &History) -> Vec<Answer> {
        let primary = history.links().primary_of(self.account);
        let primary: Account = history.state(&StreamName::account(primary));
        let requirements = &self.terms.requirements;
        let mut accepted = requirements.agreements.clone();
        accepted.retain(|it| {
            agreement::has_accepted(self.account, &it.agreement, &it.version, history)
        });
        let applicant = Applicant {
            standing: self.standing,
            name: primary.name(),
            named_at: None,
            names_before: &[],
            company: self.company.and_then(Personal::get).map(String::as_str),
            accepted: &accepted,
            acknowledged: self.acknowledged,
        };
        requirements.answers(&applicant, history.now())
    }
}

/// What tells of a profile: what its accounts are, and what each of them has and asked for.
fn streams(account: AccountId, history: &History) -> Vec<StreamName> {
    let accounts = history.links().accounts_with(account).into_iter();
    let accounts = accounts.map(StreamName::account);
    accounts
        .chain(Lozenges::streams(account, history))
        .collect()
}

/// The primary account of an account's profile, where that is another one.
fn profile(account: AccountId, history: &History) -> Option<AccountId> {
    let primary = history.links().primary_of(account);
    (primary != account).then_some(primary)
}

fn is_staff(actor: &Actor) -> Result<(), Refusal> {
    match actor.roles.is_staff() {
        true => Ok(()),
        false => Err(Refusal::NotPermitted { who: "staff" }),
    }
}

fn is_acknowledged(asked: &Requested) -> bool {
    let mut answers = asked.answers.iter();
    answers.any(|it| it.requirement == Requirement::Acknowledgement && it.met)
}

/// Refuses what isn't met, unless that makes no difference.
fn met(answers: Vec<Answer>, despite_unmet: bool) -> Result<Vec<Answer>, Refusal> {
    match despite_unmet || answers.iter().all(|answer| answer.met) {
        true => Ok(answers),
        false => Err(Refusal::RequirementsNotMet { answers }),
    }
}

fn valid_reason(reason: &str) -> Result<Personal<String>, Refusal> {
    text::lines("reason", reason, REASON_MAX).map(Personal::known)
}

#[cfg(test)]
mod tests;
