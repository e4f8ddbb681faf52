//! Who leads a user group (DOMAIN G1, G2). All of it stands in the group's stream.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::account::{self, Account};
use crate::affiliation::Affiliation;
use crate::decide::{Actor, Command, History};
use crate::fact::{Body, Fact, GroupFact, Visit};
use crate::group::{self, Group, UserGroupCreated};
use crate::id::{AccountId, GroupId};
use crate::links::Links;
use crate::lozenge::Lozenges;
use crate::personal::{About, Personal};
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::text;

/// As what somebody leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// As a leader.
    Leader,
    /// Beside a leader, and with the same rights.
    CoLeader,
}

impl Role {
    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::CoLeader => "co_leader",
        }
    }

    /// What has a stored name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Leader, Self::CoLeader]
            .into_iter()
            .find(|role| role.as_str() == name)
    }
}

/// What keeps people from leading (DOMAIN G2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// For whom a leader doesn't work.
    pub affiliations: BTreeSet<Affiliation>,
    /// The lozenges that a leader doesn't have, by what they are known by.
    pub lozenges: BTreeSet<String>,
}

impl Conditions {
    /// All that keeps somebody from leading who works for these and has these lozenges, with all their
    /// accounts.
    pub fn obstacles<'a>(
        &self,
        affiliations: impl IntoIterator<Item = Affiliation>,
        lozenges: impl IntoIterator<Item = &'a str>,
    ) -> Vec<Obstacle> {
        let affiliations: BTreeSet<_> = affiliations.into_iter().collect();
        let lozenges: BTreeSet<_> = lozenges.into_iter().collect();
        let works = affiliations.intersection(&self.affiliations);
        let works = works.copied().map(Obstacle::Affiliation);
        let has = lozenges
            .into_iter()
            .filter(|it| self.lozenges.contains(*it));
        let has = has.map(|lozenge| Obstacle::Lozenge(lozenge.to_owned()));
        works.chain(has).collect()
    }
}

/// Something that keeps somebody from leading.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// For whom they work.
    Affiliation(Affiliation),
    /// A lozenge that they have, by what it is known by.
    Lozenge(String),
    /// Nobody is there any more: the account is erased.
    Erased,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Affiliation(Affiliation::Employee) => f.write_str("an employee"),
            Self::Affiliation(Affiliation::SolutionPartner) => f.write_str("a solution partner"),
            Self::Affiliation(Affiliation::Contractor) => {
                f.write_str("who works for an organisation under contract")
            }
            Self::Lozenge(lozenge) => write!(f, "who has the lozenge `{lozenge}`"),
            Self::Erased => f.write_str("whose account is erased"),
        }
    }
}

// Facts

/// Somebody proposed a user group that isn't there yet, and would lead it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposed {
    /// The group that it would be.
    pub group: GroupId,
    /// Who would lead it.
    pub account: AccountId,
    /// Its name. This and what follows is theirs until staff approve: then it is public.
    pub name: Personal<String>,
    /// What it would be about.
    pub description: Personal<String>,
    /// Where it would meet.
    pub location: Personal<String>,
    /// Why they, in their words.
    pub message: Personal<String>,
}

impl Body for Proposed {
    fn stream(&self) -> StreamName {
        StreamName::group(self.group)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            group: _,
            account,
            name,
            description,
            location,
            message,
        } = self;
        for value in [name, description, location, message] {
            visit(Some(About::content(*account)), value);
        }
    }
}

/// Somebody would like to lead a user group that is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requested {
    /// The group.
    pub group: GroupId,
    /// Who would lead it.
    pub account: AccountId,
    /// Why they, in their words.
    pub message: Personal<String>,
}

impl Body for Requested {
    fn stream(&self) -> StreamName {
        StreamName::group(self.group)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            group: _,
            account,
            message,
        } = self;
        visit(Some(About::content(*account)), message);
    }
}

/// Staff declined a proposal or a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declined {
    /// The group.
    pub group: GroupId,
    /// Who asked.
    pub account: AccountId,
    /// Why; kept under the key of who asked.
    pub reason: Personal<String>,
}

impl Body for Declined {
    fn stream(&self) -> StreamName {
        StreamName::group(self.group)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            group: _,
            account,
            reason,
        } = self;
        visit(Some(About::content(*account)), reason);
    }
}

/// Staff made somebody a leader, whether they had asked or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appointed {
    /// The group.
    pub group: GroupId,
    /// Who leads it from now on.
    pub account: AccountId,
    /// As what.
    pub role: Role,
}

impl Body for Appointed {
    fn stream(&self) -> StreamName {
        StreamName::group(self.group)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            group: _,
            account: _,
            role: _,
        } = self;
    }
}

/// Somebody leads a group no more: they gave it up, or staff decided so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// The group.
    pub group: GroupId,
    /// Who led it.
    pub account: AccountId,
}

impl Body for Ended {
    fn stream(&self) -> StreamName {
        StreamName::group(self.group)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            group: _,
            account: _,
        } = self;
    }
}

// Fold: a part of what a group is.

/// Who leads a group, and who would like to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Leadership {
    /// Leaders and co-leaders.
    pub leaders: BTreeMap<AccountId, Role>,
    /// Whose proposal or request waits for staff.
    pub asked: BTreeSet<AccountId>,
    /// Whose was declined, and who didn't ask again.
    pub declined: BTreeSet<AccountId>,
}

impl Leadership {
    pub(crate) fn ask(&mut self, account: AccountId) {
        self.declined.remove(&account);
        self.asked.insert(account);
    }

    /// Whether any of some accounts leads it: a person's linked accounts are one leader.
    pub fn is_led_by(&self, accounts: &BTreeSet<AccountId>) -> bool {
        self.leaders.keys().any(|leader| accounts.contains(leader))
    }
}

// Decisions

/// The most characters of what somebody says for themselves, and of a reason.
pub const MESSAGE_MAX: usize = 2_000;

/// Proposes a user group that the actor would lead (DOMAIN G1).
#[derive(Debug, Clone)]
pub struct Propose {
    /// The id it would have.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// What it would be about; may be empty.
    pub description: String,
    /// Where it would meet.
    pub location: String,
    /// Why they.
    pub message: String,
    /// What keeps people from leading.
    pub conditions: Conditions,
}

impl Command for Propose {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::group(self.group)
    }

    fn reads(&self, actor: &Actor, history: &History) -> Vec<StreamName> {
        standing(actor.account, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let group: Group = history.state(&self.writes(actor, history.links()));
        let proposed = Proposed {
            group: self.group,
            account: actor.account,
            name: Personal::known(group::valid_name(&self.name)?),
            description: Personal::known(group::valid_description(&self.description)?),
            location: Personal::known(group::valid_location(&self.location)?),
            message: message(&self.message)?,
        };
        if group.proposed() == Some(&proposed) {
            return Ok(vec![]);
        }
        if group.exists() || group.proposed().is_some() {
            return Err(Refusal::GroupExists);
        }
        eligible(actor.account, &self.conditions, history)?;
        Ok(vec![GroupFact::Proposed(proposed).into()])
    }
}

/// Asks to lead a user group that is there (DOMAIN G1). Who asked already waits.
#[derive(Debug, Clone)]
pub struct Request {
    /// The group.
    pub group: GroupId,
    /// Why they.
    pub message: String,
    /// What keeps people from leading.
    pub conditions: Conditions,
}

impl Command for Request {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::group(self.group)
    }

    fn reads(&self, actor: &Actor, history: &History) -> Vec<StreamName> {
        standing(actor.account, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let group = Group::user_group(self.group, history)?;
        let accounts = history.links().accounts_with(actor.account);
        if group.leadership().is_led_by(&accounts) {
            return Err(Refusal::LeadsAlready { group: self.group });
        }
        let requested = Requested {
            group: self.group,
            account: actor.account,
            message: message(&self.message)?,
        };
        if !group.leadership().asked.is_disjoint(&accounts) {
            return Ok(vec![]);
        }
        eligible(actor.account, &self.conditions, history)?;
        Ok(vec![GroupFact::LeadershipRequested(requested).into()])
    }
}

/// Makes somebody a leader, or another kind of leader (DOMAIN G1). Staff may, whether it was asked for or
/// not; what was proposed comes to be by it.
#[derive(Debug, Clone)]
pub struct Appoint {
    /// The group.
    pub group: GroupId,
    /// Who will lead it.
    pub account: AccountId,
    /// As what.
    pub role: Role,
    /// What keeps people from leading.
    pub conditions: Conditions,
}

impl Command for Appoint {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::group(self.group)
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        standing(self.account, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        if !actor.roles.is_staff() {
            return Err(Refusal::NotPermitted { who: "staff" });
        }
        account::is_here(self.account, history)?;
        let group: Group = history.state(&StreamName::group(self.group));
        let founded = match group.proposed() {
            Some(proposed) if proposed.account == self.account => Some(founded(proposed)?),
            Some(_) | None => None,
        };
        let mut facts: Vec<Fact> = Vec::new();
        match founded {
            Some(founded) => facts.push(GroupFact::UserGroupCreated(founded).into()),
            None => drop(Group::user_group(self.group, history)?),
        }
        let leaders = &group.leadership().leaders;
        if leaders.get(&self.account) == Some(&self.role) {
            return Ok(vec![]);
        }
        // A person's accounts are one leader.
        let mut others = history.links().accounts_with(self.account);
        others.remove(&self.account);
        if group.leadership().is_led_by(&others) {
            return Err(Refusal::LeadsAlready { group: self.group });
        }
        eligible(self.account, &self.conditions, history)?;
        let appointed = Appointed {
            group: self.group,
            account: self.account,
            role: self.role,
        };
        facts.push(GroupFact::LeaderAppointed(appointed).into());
        Ok(facts)
    }
}

/// Declines a proposal or a request. Staff may.
#[derive(Debug, Clone)]
pub struct Decline {
    /// The group.
    pub group: GroupId,
    /// Who asked.
    pub account: AccountId,
    /// Why.
    pub reason: String,
}

impl Command for Decline {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::group(self.group)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        if !actor.roles.is_staff() {
            return Err(Refusal::NotPermitted { who: "staff" });
        }
        let group: Group = history.state(&StreamName::group(self.group));
        let reason = text::lines("reason", &self.reason, MESSAGE_MAX)?;
        if group.leadership().declined.contains(&self.account) {
            return Ok(vec![]);
        }
        if !group.leadership().asked.contains(&self.account) {
            return Err(Refusal::ApplicationNotFound {
                account: self.account,
            });
        }
        let declined = Declined {
            group: self.group,
            account: self.account,
            reason: Personal::known(reason),
        };
        Ok(vec![GroupFact::LeadershipDeclined(declined).into()])
    }
}

/// Gives up leading a group, with whichever of the actor's accounts leads it.
#[derive(Debug, Clone)]
pub struct StandDown {
    /// The group.
    pub group: GroupId,
}

impl Command for StandDown {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::group(self.group)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let group = Group::user_group(self.group, history)?;
        let accounts = history.links().accounts_with(actor.account);
        let leads = |account: &AccountId| group.leadership().leaders.contains_key(account);
        let ended = accounts.into_iter().filter(leads).map(|account| {
            let group = self.group;
            GroupFact::LeadershipEnded(Ended { group, account }).into()
        });
        Ok(ended.collect())
    }
}

/// Lets somebody lead a group no more. Staff may.
#[derive(Debug, Clone)]
pub struct Remove {
    /// The group.
    pub group: GroupId,
    /// Who leads it.
    pub account: AccountId,
}

impl Command for Remove {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::group(self.group)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        if !actor.roles.is_staff() {
            return Err(Refusal::NotPermitted { who: "staff" });
        }
        let group = Group::user_group(self.group, history)?;
        if !group.leadership().leaders.contains_key(&self.account) {
            return Ok(vec![]);
        }
        let ended = Ended {
            group: self.group,
            account: self.account,
        };
        Ok(vec![GroupFact::LeadershipEnded(ended).into()])
    }
}

/// What was proposed, as it is public from now on.
fn founded(proposed: &Proposed) -> Result<UserGroupCreated, Refusal> {
    let group = proposed.group;
    let public = |text: &Personal<String>| {
        let text = text.get().cloned();
        text.ok_or(Refusal::ProposalWithheld { group })
    };
    Ok(UserGroupCreated {
        group,
        name: public(&proposed.name)?,
        description: public(&proposed.description)?,
        location: public(&proposed.location)?,
        origin: None,
    })
}

/// What tells whether somebody may lead: all that is known of all their accounts.
fn standing(account: AccountId, history: &History) -> Vec<StreamName> {
    let accounts = history.links().accounts_with(account).into_iter();
    let accounts = accounts.map(StreamName::account);
    let lozenges = Lozenges::streams(account, history);
    accounts.chain(lozenges).collect()
}

/// Refuses whoever can't lead.
fn eligible(account: AccountId, conditions: &Conditions, history: &History) -> Result<(), Refusal> {
    let accounts = history.links().accounts_with(account);
    let affiliations = accounts.iter().filter_map(|account| {
        let account: Account = history.state(&StreamName::account(*account));
        account.affiliation()
    });
    let lozenges: Vec<Lozenges> = accounts
        .iter()
        .map(|account| Lozenges::of(*account, history))
        .collect();
    let held = lozenges.iter().flat_map(Lozenges::all_held);
    let obstacles = conditions.obstacles(affiliations, held.map(|held| held.lozenge.as_str()));
    match obstacles.into_iter().next() {
        None => Ok(()),
        Some(obstacle) => Err(Refusal::Ineligible { obstacle }),
    }
}

fn message(text: &str) -> Result<Personal<String>, Refusal> {
    text::lines("message", text, MESSAGE_MAX).map(Personal::known)
}

#[cfg(test)]
mod tests;
