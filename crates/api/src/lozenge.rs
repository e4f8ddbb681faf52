//! Lozenges: the status labels that there are, and those that members hold (DOMAIN Z).

use std::sync::Arc;

use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use plaudit_projection::lozenge::{self, Held};
use plaudit_projection::rules::{self, Bound, Measured, PublishesIn, Way};
use plaudit_projection::{Key, LozengeGrant, Profile as ProfileRow, Rules};

use crate::agreement::Agreement;
use crate::group::Group;
use crate::leading::active_groups_led;
use crate::loader::{GroupById, LozengesOf};
use crate::reading::{Reading, reading};
use crate::scalar::{DateTime, int};

/// A lozenge, by its number among the rules.
#[derive(Debug, Clone)]
pub struct Lozenge {
    rules: Arc<Rules>,
    number: usize,
}

/// What comes with a lozenge, by its number among the rules.
#[derive(Debug, Clone)]
pub struct Perk {
    rules: Arc<Rules>,
    number: usize,
}

/// What has to hold of a member for a lozenge to come by itself.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct LozengeCondition {
    /// What is looked at, by the name that the rules have for it: like `total_posts`.
    figure: &'static str,
    /// There has to be so much of it, or more.
    at_least: Option<i32>,
    /// There has to be less of it than that.
    below: Option<i32>,
}

/// What is required of who asks for a lozenge. What is null isn't required.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct LozengeRequestTerms {
    /// The latest contribution, a post that isn't deleted, is at most so many days ago.
    contributed_within_days: Option<i32>,
    /// There are at least so many contributions.
    contributions: Option<i32>,
    /// No report of a post of theirs was upheld in the last so many days.
    no_upheld_report_days: Option<i32>,
    /// The public name is an individual's and carries the company, like `Charlie A _Company_`.
    company_in_name: bool,
    /// What has to be accepted in its current version.
    agreements: Vec<Agreement>,
    /// What has to be acknowledged.
    acknowledgement: Option<String>,
}

/// A lozenge that a member holds.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct HeldLozenge {
    /// What it is.
    lozenge: Lozenge,
    /// Whether it is the one to show.
    state: LozengeState,
    /// Since when they were granted it; null where it comes by itself.
    since: Option<DateTime>,
    /// The company that it stands for; null where it names none.
    company: Option<String>,
    /// The company's app or service.
    product: Option<String>,
}

/// Whether a lozenge is the one to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum LozengeState {
    /// It is the highest that the member holds.
    Shown,
    /// The member holds a higher one. It is kept, with its perks, and comes back when that one goes.
    Superseded,
}

impl Lozenge {
    /// All of them, the highest first.
    pub fn all(rules: &Arc<Rules>) -> Vec<Self> {
        let of = |number| Self {
            rules: rules.clone(),
            number,
        };
        (0..rules.lozenges.all.len()).map(of).collect()
    }

    /// The one that programs know by a key.
    pub fn find(rules: &Arc<Rules>, key: &str) -> Option<Self> {
        let number = rules.lozenges.all.iter().position(|it| it.id == key)?;
        Some(Self {
            rules: rules.clone(),
            number,
        })
    }

    fn rule(&self) -> &rules::Lozenge {
        &self.rules.lozenges.all[self.number]
    }

    fn perk_numbers(&self) -> &[usize] {
        &self.rule().perks
    }
}

/// A status label of members. They hold all that they are granted and deserve; the highest is shown.
#[Object(crate = "crate::engine")]
impl Lozenge {
    /// What programs know it by.
    async fn key(&self) -> &str {
        &self.rule().id
    }

    /// Its title.
    async fn title(&self) -> &str {
        &self.rule().title
    }

    /// What it says of somebody.
    async fn description(&self) -> &str {
        &self.rule().description
    }

    /// The higher this number is, the earlier it is shown.
    async fn precedence(&self) -> i32 {
        int(self.rule().precedence)
    }

    /// What comes with it, whether it is shown or not.
    async fn perks(&self) -> Vec<Perk> {
        Perk::numbered(&self.rules, self.perk_numbers())
    }

    /// Whether staff grant it; else it comes by itself.
    async fn is_granted(&self) -> bool {
        self.rule().terms().is_some()
    }

    /// Whether it names a company, and that company's app or service.
    async fn names_company(&self) -> bool {
        let terms = self.rule().terms();
        terms.is_some_and(|terms| terms.names_company)
    }

    /// What is required of who asks for it; null where nobody can.
    async fn request(&self, context: &Context<'_>) -> Result<Option<LozengeRequestTerms>> {
        let rule = self.rule();
        let Some((terms, ask)) = rule.terms().zip(rule.request()) else {
            return Ok(None);
        };
        let requirements = &terms.requirements;
        let mut agreements = Agreement::all(context).await?;
        let is_required = |key: &str| {
            let mut required = requirements.agreements.iter();
            required.any(|it| it.agreement == key)
        };
        agreements.retain(|agreement| is_required(&agreement.key));
        let number = |number: Option<u32>| number.map(|it| int(i64::from(it)));
        Ok(Some(LozengeRequestTerms {
            contributed_within_days: number(requirements.contributed_within_days),
            contributions: number(requirements.contributions),
            no_upheld_report_days: number(requirements.no_upheld_report_days),
            company_in_name: requirements.company_in_name,
            agreements,
            acknowledgement: ask.acknowledgement.clone(),
        }))
    }

    /// What has to hold for it to come by itself, all of it; nothing of one that is granted.
    async fn conditions(&self) -> Vec<LozengeCondition> {
        let condition = |it: &rules::Condition| {
            let (at_least, below) = match it.bound {
                Bound::AtLeast(least) => (Some(int(least)), None),
                Bound::Below(most) => (None, Some(int(most))),
            };
            LozengeCondition {
                figure: it.measure.name(),
                at_least,
                below,
            }
        };
        match &self.rule().way {
            Way::Granted { .. } => vec![],
            Way::Derived(conditions) => conditions.iter().map(condition).collect(),
        }
    }
}

impl Perk {
    fn numbered(rules: &Arc<Rules>, numbers: &[usize]) -> Vec<Self> {
        let known = numbers.iter().copied();
        let known = known.filter(|number| *number < rules.lozenges.perks.len());
        let of = |number| Self {
            rules: rules.clone(),
            number,
        };
        known.map(of).collect()
    }

    fn rule(&self) -> &rules::Perk {
        &self.rules.lozenges.perks[self.number]
    }

    /// Where articles are published without review.
    pub fn publishes_in(&self) -> &PublishesIn {
        &self.rule().publishes_in
    }
}

/// What comes with a lozenge.
#[Object(crate = "crate::engine")]
impl Perk {
    /// What programs know it by.
    async fn key(&self) -> &str {
        &self.rule().id
    }

    /// Its title.
    async fn title(&self) -> &str {
        &self.rule().title
    }

    /// What it is.
    async fn description(&self) -> &str {
        &self.rule().description
    }

    /// Whether articles are published without review in all groups.
    async fn publishes_everywhere(&self) -> bool {
        *self.publishes_in() == PublishesIn::All
    }

    /// The groups that it names, in which articles are published without review.
    async fn publishes_in_groups(&self, context: &Context<'_>) -> Result<Vec<Group>> {
        let PublishesIn::Groups(ids) = self.publishes_in() else {
            return Ok(vec![]);
        };
        let keys = ids.iter().copied().map(GroupById);
        let mut found = reading(context).loader().load_many(keys.clone()).await?;
        Ok(keys
            .filter_map(|key| found.remove(&key))
            .map(Group)
            .collect())
    }
}

impl HeldLozenge {
    /// All that a profile holds now, the one that is shown first.
    pub async fn of(reading: &Reading, profile: &ProfileRow) -> Result<Vec<Self>> {
        let accounts = reading.account_keys(profile.key, profile.accounts > 1);
        let accounts = accounts.await?;
        let grants = grants(reading, &accounts).await?;
        let rules = reading.rules();
        let active_groups_led = match rules.lozenges.depend_on_groups() {
            true => active_groups_led(reading, &accounts, reading.now())
                .await?
                .len(),
            false => 0,
        };
        let level = rules.kudos.level(profile.points);
        let measured = Measured {
            counts: &profile.counts,
            level: i64::try_from(level).unwrap_or(i64::MAX),
            active_groups_led: i64::try_from(active_groups_led).unwrap_or(i64::MAX),
        };
        let held = lozenge::held(&measured, &grants, &rules.lozenges).into_iter();
        Ok(held.filter_map(|held| Self::new(rules, held)).collect())
    }

    fn new(rules: &Arc<Rules>, held: Held<'_>) -> Option<Self> {
        let state = match held.is_shown {
            true => LozengeState::Shown,
            false => LozengeState::Superseded,
        };
        Some(Self {
            lozenge: Lozenge::find(rules, &held.lozenge.id)?,
            state,
            since: held.grant.map(|grant| DateTime(grant.granted_at)),
            company: held.grant.and_then(|grant| grant.company.clone()),
            product: held.grant.and_then(|grant| grant.product.clone()),
        })
    }

    /// The perks of some, each once.
    pub fn perks(held: &[Self]) -> Vec<Perk> {
        let mut perks: Vec<Perk> = Vec::new();
        for Self { lozenge, .. } in held {
            for perk in Perk::numbered(&lozenge.rules, lozenge.perk_numbers()) {
                if perks.iter().all(|known| known.number != perk.number) {
                    perks.push(perk);
                }
            }
        }
        perks
    }
}

/// What some accounts were granted, held or not.
pub async fn grants(reading: &Reading, accounts: &[Key]) -> Result<Vec<LozengeGrant>> {
    let keys = accounts.iter().copied().map(LozengesOf);
    let found = reading.loader().load_many(keys).await?;
    Ok(found.into_values().flatten().collect())
}
