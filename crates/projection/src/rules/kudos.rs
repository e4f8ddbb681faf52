//! Kudos: what is worth how many points, and what these come to (DOMAIN K).

use plaudit_domain::kudos::{Allowance, Policy};
use plaudit_domain::post::Kind;
use plaudit_domain::{Period, Time};

use crate::account::Account;
use crate::deed::{Action, Deed};
use crate::row::Key;
use crate::tally::{EVER, TallyKey};

/// The rules of the kudos programme. What they are made of is known by its number, its place here.
/// By default there are none at all.
#[derive(Debug, Clone, Default)]
pub struct Kudos {
    /// Who takes part.
    pub policy: Policy,
    /// How often kudos can be given to peers; never, if there is none.
    pub allowance: Option<Allowance>,
    /// The levels, from the first; at least one, unless there are no rules at all.
    pub levels: Vec<Level>,
    /// What limits points in a period.
    pub limits: Vec<Limit>,
    /// The badges.
    pub badges: Vec<BadgeRule>,
    /// What earns points or badges: first rules, then challenges. The ledger has their numbers.
    pub reasons: Vec<Reason>,
    /// For each action, the numbers of the rules that count it. Every deed of a rebuild asks.
    rules_of: [Vec<usize>; Action::ALL.len()],
    /// For each action, the steps that count it: the numbers of challenges, and the steps' in these.
    steps_of: [Vec<(usize, usize)>; Action::ALL.len()],
}

/// A level of the programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Its name.
    pub name: String,
    /// From how many points on.
    pub points: i64,
}

/// A limit of points in a period. Rules that share one are limited together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// What programs know it by.
    pub id: String,
    /// How many points
    pub points: i64,
    /// in each of these.
    pub per: Period,
}

/// A badge that rules and challenges give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadgeRule {
    /// What programs know it by.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Whether it can be earned many times.
    pub repeatable: bool,
}

/// Something that earns points or a badge.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// What programs know it by.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// From when it counts what was done; from the beginning, if it is retroactive.
    pub from: Option<Time>,
    /// Until when, but not with.
    pub until: Option<Time>,
    /// The share of it that is credited for what was done before enrolment.
    pub before_enrolment: f64,
    /// How many points.
    pub points: i64,
    /// The number of the badge.
    pub badge: Option<usize>,
    /// For what.
    pub counts: Counted,
}

/// What a reason counts.
#[derive(Debug, Clone, PartialEq)]
pub enum Counted {
    /// Each deed: a rule.
    Each {
        /// Which deeds.
        deeds: Deeds,
        /// The numbers of the limits that hold.
        limits: Vec<usize>,
    },
    /// All steps done: a challenge.
    Steps {
        /// What has to be done.
        steps: Vec<Step>,
        /// The period of the calendar in which it has to be; any time, if there is none.
        within: Option<Period>,
        /// Whether it can be completed in every period anew.
        repeats: bool,
    },
}

/// Some deeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deeds {
    /// What is done.
    pub action: Action,
    /// To or with which kinds of post; any, if it is empty.
    pub kinds: Vec<Kind>,
}

/// A step of a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What has to be done, for people.
    pub title: String,
    /// Which deeds.
    pub deeds: Deeds,
    /// How often.
    pub count: i64,
    /// What its tallies are known by: [`Kudos::indexed`] gives it.
    pub(super) what: i64,
}

impl Deeds {
    fn has(&self, deed: &Deed) -> bool {
        self.action == deed.action
            && (self.kinds.is_empty() || deed.kind.is_some_and(|kind| self.kinds.contains(&kind)))
    }
}

impl Reason {
    /// Whether it counts what is done at a time.
    pub fn counts_at(&self, at: Time) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }

    /// The share of it that a deed is credited with, if it counts that at all.
    fn share(&self, deed: &Deed, policy: Policy) -> Option<f64> {
        let share = match policy {
            Policy::Automatic => 1.0,
            Policy::Waitlist if deed.enrolled => 1.0,
            Policy::Waitlist => self.before_enrolment,
        };
        (self.counts_at(deed.at) && share > 0.0).then_some(share)
    }
}

impl Kudos {
    /// Whether an account takes part.
    pub fn is_enrolled(&self, account: &Account) -> bool {
        self.takes_part(account.enrolled_at.is_some())
    }

    /// Whether an account takes part, by whether it was enrolled by itself. The points of one that doesn't may
    /// be there, and count once it does.
    pub fn takes_part(&self, enrolled: bool) -> bool {
        match self.policy {
            Policy::Automatic => true,
            Policy::Waitlist => enrolled,
        }
    }

    /// The number of the level, from 1, that some points come to.
    pub fn level(&self, points: i64) -> usize {
        let reached = self.levels.partition_point(|level| level.points <= points);
        // Points can be less than none, where rules take some.
        reached.max(1)
    }

    /// The rule or challenge with an id, and its number.
    pub fn reason_by_id(&self, id: &str) -> Option<(usize, &Reason)> {
        let mut reasons = self.reasons.iter().enumerate();
        reasons.find(|(_, reason)| reason.id == id)
    }

    /// The badge with an id, and its number.
    pub fn badge_by_id(&self, id: &str) -> Option<(usize, &BadgeRule)> {
        let mut badges = self.badges.iter().enumerate();
        badges.find(|(_, badge)| badge.id == id)
    }

    /// The rules that count a deed: their numbers, how many points each credits, before limits, and
    /// the limits.
    pub(crate) fn rules_for<'a>(
        &'a self,
        deed: &'a Deed,
    ) -> impl Iterator<Item = (usize, i64, &'a [usize])> {
        let rules = self.rules_of[deed.action as usize].iter();
        rules.filter_map(|&number| {
            let reason = &self.reasons[number];
            match &reason.counts {
                Counted::Each { deeds, limits } if deeds.has(deed) => {
                    let share = reason.share(deed, self.policy)?;
                    Some((number, credited(reason.points, share), limits.as_slice()))
                }
                Counted::Each { .. } | Counted::Steps { .. } => None,
            }
        })
    }

    /// The steps of challenges that a deed is part of: the challenges' numbers, and the steps.
    pub(crate) fn steps_for<'a>(
        &'a self,
        deed: &'a Deed,
    ) -> impl Iterator<Item = (usize, &'a Step)> {
        let steps = self.steps_of[deed.action as usize].iter();
        steps.filter_map(|&(number, step)| {
            let reason = &self.reasons[number];
            let Counted::Steps { steps, .. } = &reason.counts else {
                return None;
            };
            let step = &steps[step];
            let counts = step.deeds.has(deed) && reason.share(deed, self.policy).is_some();
            counts.then_some((number, step))
        })
    }

    /// The same, once all that it is made of is there: with what finds rules and steps by action, and
    /// with what steps are known by.
    pub(super) fn indexed(mut self) -> Self {
        let mut what = self.first_step();
        for (number, reason) in self.reasons.iter_mut().enumerate() {
            match &mut reason.counts {
                Counted::Each { deeds, .. } => self.rules_of[deeds.action as usize].push(number),
                Counted::Steps { steps, .. } => {
                    for (place, step) in steps.iter_mut().enumerate() {
                        self.steps_of[step.deeds.action as usize].push((number, place));
                        step.what = index(what);
                        what += 1;
                    }
                }
            }
        }
        self
    }

    /// What remembers how much of a limit is used around a moment.
    pub fn limit_tally(&self, account: Key, limit: usize, at: Time) -> TallyKey {
        (account, index(limit), self.limits[limit].per.start(at))
    }

    /// What remembers in how many periods a challenge is completed.
    pub fn completed_tally(&self, account: Key, challenge: usize) -> TallyKey {
        (account, index(self.limits.len() + challenge), EVER)
    }

    /// What the first step of a challenge is known by.
    fn first_step(&self) -> usize {
        self.limits.len() + self.reasons.len()
    }
}

impl Step {
    /// What remembers how often it was done, in the period around a moment.
    pub fn tally(&self, account: Key, within: Option<Period>, at: Time) -> TallyKey {
        (
            account,
            self.what,
            within.map_or(EVER, |period| period.start(at)),
        )
    }
}

/// A number among the rules, as rows have it.
pub(crate) fn index(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A share of some points, rounded to whole ones.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "points are small"
)]
fn credited(points: i64, share: f64) -> i64 {
    (points as f64 * share).round() as i64
}
