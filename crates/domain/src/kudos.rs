//! Kudos: who takes part in the programme, and what members give each other (DOMAIN K1, K7).
//!
//! What is earned by activity is no fact of its own: rules make it of what happened.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::account;
use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, KudosFact, Visit};
use crate::id::{AccountId, GiftId, PostId};
use crate::links::Links;
use crate::period::Period;
use crate::personal::{About, Personal};
use crate::post::Post;
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::text;
use crate::time::Time;

/// Who takes part in the programme (DOMAIN K1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Everybody, from the beginning.
    #[default]
    Automatic,
    /// Whom staff enrol from a waiting list.
    Waitlist,
}

/// How often kudos can be given (DOMAIN K7). All accounts of a profile have one together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many gifts
    pub gifts: u32,
    /// in each of these.
    pub per: Period,
}

// Facts

/// Somebody wants to take part, and waits for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentRequested {
    /// The primary account of their profile.
    pub profile: AccountId,
    /// All accounts of it, this one among them.
    pub accounts: BTreeSet<AccountId>,
}

impl Body for EnrolmentRequested {
    fn stream(&self) -> StreamName {
        StreamName::kudos(self.profile)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            profile: _,
            accounts: _,
        } = self;
    }
}

/// They take part from now on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolled {
    /// The primary account of their profile.
    pub profile: AccountId,
    /// All accounts of it, this one among them.
    pub accounts: BTreeSet<AccountId>,
}

impl Body for Enrolled {
    fn stream(&self) -> StreamName {
        StreamName::kudos(self.profile)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            profile: _,
            accounts: _,
        } = self;
    }
}

/// Somebody gave kudos to somebody else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// The gift.
    pub gift: GiftId,
    /// The primary account of the giver's profile. Its stream keeps their allowance.
    pub profile: AccountId,
    /// The account that gave it.
    pub giver: AccountId,
    /// The account that got it.
    pub receiver: AccountId,
    /// When it was given: which allowance it took from.
    pub at: Time,
    /// What it is for.
    pub message: Personal<String>,
    /// The post that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<PostId>,
}

impl Body for Given {
    fn stream(&self) -> StreamName {
        StreamName::kudos(self.profile)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            gift: _,
            profile: _,
            giver,
            receiver: _,
            at: _,
            message,
            post: _,
        } = self;
        visit(Some(About::content(*giver)), message);
    }
}

// Fold

/// Who takes part and who asked to, and what was given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kudos {
    /// The primaries of the profiles that did: each has one place on the list.
    asked: BTreeSet<AccountId>,
    enrolled: BTreeSet<AccountId>,
    gifts: Vec<Given>,
}

impl State for Kudos {
    type Fact = KudosFact;

    fn apply(&mut self, fact: &KudosFact) {
        match fact {
            KudosFact::EnrolmentRequested(requested) => {
                self.asked.insert(requested.profile);
            }
            KudosFact::Enrolled(enrolled) => self.enrolled.extend(&enrolled.accounts),
            KudosFact::Given(given) => self.gifts.push(given.clone()),
        }
    }
}

impl Kudos {
    /// What is known of a profile that an account belongs to.
    fn of(account: AccountId, history: &History) -> Self {
        history.state_of_all(&streams(account, history))
    }
}

/// The streams that tell of a profile. What happened stands in the stream of whoever was the primary
/// then: any account that one of these was ever linked with.
fn streams(account: AccountId, history: &History) -> Vec<StreamName> {
    let sources = history.links().ever_with(account).into_iter();
    sources.map(StreamName::kudos).collect()
}

// Decisions

/// The most characters of a gift's message.
pub const MESSAGE_MAX: usize = 500;

/// Asks that the actor's profile takes part, with all its accounts (DOMAIN K1).
#[derive(Debug, Clone)]
pub struct RequestEnrolment {
    /// Who takes part.
    pub policy: Policy,
}

impl Command for RequestEnrolment {
    fn writes(&self, actor: &Actor, links: &Links) -> StreamName {
        StreamName::kudos(links.primary_of(actor.account))
    }

    fn reads(&self, actor: &Actor, history: &History) -> Vec<StreamName> {
        streams(actor.account, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        match self.policy {
            Policy::Automatic => return Ok(vec![]),
            Policy::Waitlist => {}
        }
        let kudos = Kudos::of(actor.account, history);
        let links = history.links();
        let profile = links.primary_of(actor.account);
        let accounts = links.accounts_with(actor.account);
        // Who takes part doesn't wait again because of another account.
        if !accounts.is_disjoint(&kudos.enrolled) {
            return Ok(enrol(profile, accounts, &kudos));
        }
        if !accounts.is_disjoint(&kudos.asked) {
            return Ok(vec![]);
        }
        let requested = EnrolmentRequested { profile, accounts };
        Ok(vec![KudosFact::EnrolmentRequested(requested).into()])
    }
}

/// Lets somebody take part, with all accounts of their profile (DOMAIN K1). Staff may, also where
/// nobody asked for it.
#[derive(Debug, Clone)]
pub struct Enrol {
    /// One of their accounts.
    pub account: AccountId,
}

impl Command for Enrol {
    fn writes(&self, _: &Actor, links: &Links) -> StreamName {
        StreamName::kudos(links.primary_of(self.account))
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        let mut needed = streams(self.account, history);
        needed.push(StreamName::account(self.account));
        needed
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        if !actor.roles.is_staff() {
            return Err(Refusal::NotPermitted { who: "staff" });
        }
        account::is_here(self.account, history)?;
        let kudos = Kudos::of(self.account, history);
        let links = history.links();
        let profile = links.primary_of(self.account);
        Ok(enrol(profile, links.accounts_with(self.account), &kudos))
    }
}

/// Gives kudos to somebody else (DOMAIN K7, L14).
#[derive(Debug, Clone)]
pub struct Give {
    /// The id that the gift will have: chosen by the caller, so that a retry gives no second one.
    pub gift: GiftId,
    /// Who gets it.
    pub receiver: AccountId,
    /// What it is for.
    pub message: String,
    /// The post that it is about.
    pub post: Option<PostId>,
    /// How often kudos can be given.
    pub allowance: Allowance,
}

impl Command for Give {
    fn writes(&self, actor: &Actor, links: &Links) -> StreamName {
        StreamName::kudos(links.primary_of(actor.account))
    }

    fn reads(&self, actor: &Actor, history: &History) -> Vec<StreamName> {
        let mut needed = streams(actor.account, history);
        needed.push(StreamName::account(self.receiver));
        needed.extend(self.post.map(StreamName::post));
        needed
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let links = history.links();
        let given = Given {
            gift: self.gift,
            profile: links.primary_of(actor.account),
            giver: actor.account,
            receiver: self.receiver,
            at: history.now(),
            message: valid_message(&self.message)?,
            post: self.post,
        };
        let kudos = Kudos::of(actor.account, history);
        if is_retry(&given, &kudos)? {
            return Ok(vec![]);
        }
        if links.is_same_person(actor.account, self.receiver) {
            return Err(Refusal::KudosToOneself);
        }
        account::is_here(self.receiver, history)?;
        if let Some(post) = self.post {
            let about: Post = history.state(&StreamName::post(post));
            about.published(post, actor, history)?;
        }
        self.allowance.allows(&given, &kudos, links)?;
        Ok(vec![KudosFact::Given(given).into()])
    }
}

impl Allowance {
    /// Refuses a gift if none is left. All gifts count that came from accounts which make up
    /// the giver's profile now: those of an account count where the account is.
    fn allows(self, next: &Given, kudos: &Kudos, links: &Links) -> Result<(), Refusal> {
        let Self { gifts, per } = self;
        let counts = |gift: &&Given| {
            links.is_same_person(gift.giver, next.giver) && per.start(gift.at) == per.start(next.at)
        };
        let given = kudos.gifts.iter().filter(counts).count();
        if u32::try_from(given).is_ok_and(|given| given < gifts) {
            return Ok(());
        }
        let resets_at = per.end(next.at);
        Err(Refusal::AllowanceUsedUp { per, resets_at })
    }
}

fn enrol(profile: AccountId, accounts: BTreeSet<AccountId>, kudos: &Kudos) -> Vec<Fact> {
    if accounts.is_subset(&kudos.enrolled) {
        return vec![];
    }
    vec![KudosFact::Enrolled(Enrolled { profile, accounts }).into()]
}

/// Whether this very gift was given already: then there is nothing left to do.
fn is_retry(given: &Given, kudos: &Kudos) -> Result<bool, Refusal> {
    let content = |gift: &Given| {
        (
            gift.giver,
            gift.receiver,
            gift.post,
            gift.message.get().cloned(),
        )
    };
    match kudos.gifts.iter().find(|known| known.gift == given.gift) {
        None => Ok(false),
        Some(known) if content(known) == content(given) => Ok(true),
        Some(_) => Err(Refusal::GiftExists { gift: given.gift }),
    }
}

fn valid_message(message: &str) -> Result<Personal<String>, Refusal> {
    text::lines("message", message, MESSAGE_MAX).map(Personal::known)
}

#[cfg(test)]
mod tests;
