//! The kudos programme as data: what the rules say, so that an app needs no copy of them.

#![allow(
    clippy::duplicated_attributes,
    reason = "fields of an interface may have the same type"
)]

use std::collections::HashSet;
use std::sync::Arc;

use async_graphql::{Enum, Interface, Object, SimpleObject};
use plaudit_domain::kudos::Allowance;
use plaudit_domain::post::Kind;
use plaudit_domain::{Period, Time};
use plaudit_projection::deed::Action;
use plaudit_projection::rules::{Counted, Deeds, Kudos, Milestone as Reached, Reason};
use plaudit_projection::{Counts, Milestones, Rules};

use crate::post::PostKind;
use crate::scalar::{DateTime, int};
use crate::words;

/// The kudos programme.
pub struct KudosProgramme(pub Arc<Rules>);

/// Who takes part in the programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "plaudit_domain::kudos::Policy")]
pub enum KudosPolicy {
    /// Everybody, from the beginning.
    Automatic,
    /// Whom staff enrol from a waiting list.
    Waitlist,
}

/// A period of the calendar, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Period")]
pub enum CalendarPeriod {
    /// From midnight to midnight.
    Day,
    /// From Monday, 00:00.
    Week,
    /// From the first of a month, 00:00.
    Month,
    /// From the first of January, April, July or October, 00:00.
    Quarter,
}

/// A span of time.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct TimeSpan {
    /// Its first moment.
    start: DateTime,
    /// The first moment after it.
    end: DateTime,
}

/// How often kudos can be given. All accounts of a profile have one allowance together.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct KudosAllowance {
    /// How often in each period.
    gifts: i32,
    /// The period: the next one brings a new allowance.
    per: CalendarPeriod,
}

impl From<Allowance> for KudosAllowance {
    fn from(allowance: Allowance) -> Self {
        Self {
            gifts: int(allowance.gifts.into()),
            per: allowance.per.into(),
        }
    }
}

/// A level of the programme.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct KudosLevel {
    /// Its number, from 1.
    number: i32,
    /// Its name.
    name: String,
    /// From how many points on it is reached.
    points: i32,
}

/// A limit of points in a period. Rules that share one are limited together.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct KudosLimit {
    /// What programs know it by.
    key: String,
    /// The most points that there are in each period.
    points: i32,
    /// The period: the next one brings all of them again.
    per: CalendarPeriod,
}

/// A badge that rules and challenges give.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct KudosBadgeDefinition {
    /// What programs know it by, among kudos badges.
    key: String,
    /// Its title.
    title: String,
    /// What it is for.
    description: String,
    /// Whether it can be had many times.
    is_repeatable: bool,
}

/// What earns points: a rule or a challenge. No two of them have the same key.
#[derive(Debug, Clone, Interface)]
#[graphql(
    field(
        name = "key",
        ty = "&String",
        desc = "What programs know it by, among rules and challenges."
    ),
    field(name = "title", ty = "&String", desc = "Its title."),
    field(name = "description", ty = "&String", desc = "What it is for."),
    field(
        name = "earns",
        ty = "&String",
        desc = "What it gives for what, in words."
    ),
    field(name = "points", ty = "&i32", desc = "How many points it gives.")
)]
pub enum KudosReason {
    /// A rule.
    Rule(KudosRule),
    /// A challenge.
    Challenge(KudosChallenge),
}

/// A rule: something that earns points, or a badge, every time that it is done.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct KudosRule {
    /// What programs know it by, among rules and challenges.
    key: String,
    /// Its title.
    title: String,
    /// What it is for.
    description: String,
    /// What it gives for what, in words.
    earns: String,
    /// How many points it gives; it may take some.
    points: i32,
    /// The badge that it gives, too.
    badge: Option<KudosBadgeDefinition>,
    /// The stored name of the event that it is about.
    event: String,
    /// The part that a member has in that event: like `author`.
    part: String,
    /// The kinds of post that it is about; any, if there are none.
    kinds: Vec<PostKind>,
    /// From when on what is done counts; from the beginning, if it is null.
    from: Option<DateTime>,
    /// What is done from this moment on doesn't count any more.
    until: Option<DateTime>,
    /// Whether it counts whatever was done before it was made.
    is_retroactive: bool,
    /// The share of its points that is credited for what was done before enrolment, from 0 to 1.
    before_enrolment: f64,
    /// The limits that hold for its points, all of them.
    limits: Vec<KudosLimit>,
}

/// A challenge: some steps that earn points, or a badge, once all of them are done.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct KudosChallenge {
    /// What programs know it by, among rules and challenges.
    key: String,
    /// Its title.
    title: String,
    /// What it is for.
    description: String,
    /// What it gives for what, in words.
    earns: String,
    /// How many points it gives.
    points: i32,
    /// The badge that it gives.
    badge: Option<KudosBadgeDefinition>,
    /// What has to be done.
    steps: Vec<KudosStep>,
    /// The period in which all of it has to be done; any time, if it is null.
    within: Option<CalendarPeriod>,
    /// Whether it can be completed in every period anew.
    is_repeatable: bool,
    /// From when on what is done counts; from the beginning, if it is null.
    from: Option<DateTime>,
    /// What is done from this moment on doesn't count any more.
    until: Option<DateTime>,
    /// Whether it counts whatever was done before it was made.
    is_retroactive: bool,
    /// What was done before enrolment counts if this is more than 0.
    before_enrolment: f64,
}

/// A step of a challenge.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct KudosStep {
    /// What has to be done, in words.
    title: String,
    /// How often.
    count: i32,
    /// The stored name of the event that counts.
    event: String,
    /// The part that a member has in that event: like `author`.
    part: String,
    /// The kinds of post that count; any, if there are none.
    kinds: Vec<PostKind>,
}

/// Milestones of one kind, one after the other.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct MilestoneLadder {
    /// What programs know it by.
    key: String,
    /// Whether it is for the likes of each single post, and can be had many times; if not, it is for
    /// figures of the whole profile.
    is_of_posts: bool,
    /// Its milestones, from the first.
    milestones: Vec<Milestone>,
}

/// A milestone: a badge for reaching a number of something.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct Milestone {
    /// What programs know it by, like `answers:75`.
    key: String,
    /// Its title.
    title: String,
    /// What it is for.
    description: String,
    /// How many of it reach it.
    threshold: i32,
}

/// The kudos programme: everything that can be earned, and how.
#[Object(crate = "crate::engine")]
impl KudosProgramme {
    /// Who takes part.
    async fn enrolment_policy(&self) -> KudosPolicy {
        self.0.kudos.policy.into()
    }

    /// How often kudos can be given to peers; null where they can't be given at all.
    async fn peer_kudos(&self) -> Option<KudosAllowance> {
        self.0.kudos.allowance.map(Allowance::into)
    }

    /// The levels, from the first.
    async fn levels(&self) -> Vec<KudosLevel> {
        let levels = self.0.kudos.levels.iter().zip(1..);
        let level = |(level, number): (&plaudit_projection::rules::Level, i32)| KudosLevel {
            number,
            name: level.name.clone(),
            points: int(level.points),
        };
        levels.map(level).collect()
    }

    /// The rules, also those that don't count any more, or not yet.
    async fn rules(&self) -> Vec<KudosRule> {
        let kudos = &self.0.kudos;
        let rules = (0..kudos.reasons.len()).filter_map(|number| KudosRule::of(kudos, number));
        rules.collect()
    }

    /// The limits of points.
    async fn limits(&self) -> Vec<KudosLimit> {
        let kudos = &self.0.kudos;
        let limits = (0..kudos.limits.len()).filter_map(|number| KudosLimit::of(kudos, number));
        limits.collect()
    }

    /// The challenges, also those that are over, or not yet begun.
    async fn challenges(&self) -> Vec<KudosChallenge> {
        let kudos = &self.0.kudos;
        let numbers = 0..kudos.reasons.len();
        let challenges = numbers.filter_map(|number| KudosChallenge::of(kudos, number));
        challenges.collect()
    }

    /// The badges that rules and challenges give.
    async fn badges(&self) -> Vec<KudosBadgeDefinition> {
        let kudos = &self.0.kudos;
        let numbers = 0..kudos.badges.len();
        let badges = numbers.filter_map(|number| KudosBadgeDefinition::of(kudos, number));
        badges.collect()
    }

    /// The milestones. They are no part of the points, nor of what gives them.
    async fn milestones(&self) -> Vec<MilestoneLadder> {
        let milestones = &self.0.milestones;
        let of_posts = (0..).map_while(|number| milestones.post_milestone(number));
        let mut ladders = MilestoneLadder::each(milestones.of_profiles(), false);
        ladders.extend(MilestoneLadder::each(of_posts, true));
        ladders
    }
}

impl TimeSpan {
    /// The period of the calendar around a moment.
    pub fn around(at: Time, period: Period) -> Self {
        Self {
            start: DateTime(period.start(at)),
            end: DateTime(period.end(at)),
        }
    }
}

impl KudosLimit {
    /// The limit with a number.
    pub fn of(kudos: &Kudos, number: usize) -> Option<Self> {
        let limit = kudos.limits.get(number)?;
        Some(Self {
            key: limit.id.clone(),
            points: int(limit.points),
            per: limit.per.into(),
        })
    }
}

impl KudosBadgeDefinition {
    /// The badge with a number.
    pub fn of(kudos: &Kudos, number: usize) -> Option<Self> {
        let badge = kudos.badges.get(number)?;
        Some(Self {
            key: badge.id.clone(),
            title: badge.title.clone(),
            description: badge.description.clone(),
            is_repeatable: badge.repeatable,
        })
    }
}

impl KudosReason {
    /// What earns points under a number.
    pub fn of(kudos: &Kudos, number: usize) -> Option<Self> {
        let rule = KudosRule::of(kudos, number).map(Self::Rule);
        rule.or_else(|| KudosChallenge::of(kudos, number).map(Self::Challenge))
    }
}

impl KudosRule {
    /// The rule with a number; none if that is a challenge.
    pub fn of(kudos: &Kudos, number: usize) -> Option<Self> {
        let reason = kudos.reasons.get(number)?;
        let Counted::Each { deeds, limits } = &reason.counts else {
            return None;
        };
        let (event, part) = named(deeds.action);
        let limits = limits.iter().copied();
        Some(Self {
            key: reason.id.clone(),
            title: reason.title.clone(),
            description: reason.description.clone(),
            earns: words::earns(kudos, reason),
            points: int(reason.points),
            badge: badge(kudos, reason),
            event,
            part,
            kinds: kinds(deeds),
            from: reason.from.map(DateTime),
            until: reason.until.map(DateTime),
            is_retroactive: reason.from.is_none(),
            before_enrolment: reason.before_enrolment,
            limits: limits.filter_map(|it| KudosLimit::of(kudos, it)).collect(),
        })
    }
}

impl KudosChallenge {
    /// The challenge with a number; none if that is a rule.
    pub fn of(kudos: &Kudos, number: usize) -> Option<Self> {
        let reason = kudos.reasons.get(number)?;
        let Counted::Steps {
            steps,
            within,
            repeats,
        } = &reason.counts
        else {
            return None;
        };
        let steps = steps.iter().map(|step| {
            let (event, part) = named(step.deeds.action);
            KudosStep {
                title: step.title.clone(),
                count: int(step.count),
                event,
                part,
                kinds: kinds(&step.deeds),
            }
        });
        Some(Self {
            key: reason.id.clone(),
            title: reason.title.clone(),
            description: reason.description.clone(),
            earns: words::earns(kudos, reason),
            points: int(reason.points),
            badge: badge(kudos, reason),
            steps: steps.collect(),
            within: within.map(CalendarPeriod::from),
            is_repeatable: *repeats,
            from: reason.from.map(DateTime),
            until: reason.until.map(DateTime),
            is_retroactive: reason.from.is_none(),
            before_enrolment: reason.before_enrolment,
        })
    }
}

fn badge(kudos: &Kudos, reason: &Reason) -> Option<KudosBadgeDefinition> {
    KudosBadgeDefinition::of(kudos, reason.badge?)
}

fn kinds(deeds: &Deeds) -> Vec<PostKind> {
    deeds
        .kinds
        .iter()
        .map(|kind: &Kind| (*kind).into())
        .collect()
}

/// The event and the part in it by which rules name an action.
fn named(action: Action) -> (String, String) {
    let mut all = Action::ALL.into_iter();
    let found = all.find(|(known, ..)| *known == action);
    found
        .map(|(_, event, part)| (event.to_owned(), part.to_owned()))
        .unwrap_or_default()
}

impl MilestoneLadder {
    /// Milestones, those of a ladder together: they come one after the other.
    fn each<'a>(milestones: impl Iterator<Item = Reached<'a>>, is_of_posts: bool) -> Vec<Self> {
        let mut ladders: Vec<Self> = Vec::new();
        for milestone in milestones {
            let key = milestone.ladder();
            let milestone = Milestone::of(&milestone);
            match ladders.last_mut() {
                Some(ladder) if ladder.key == key => ladder.milestones.push(milestone),
                Some(_) | None => ladders.push(Self {
                    key: key.to_owned(),
                    is_of_posts,
                    milestones: vec![milestone],
                }),
            }
        }
        ladders
    }
}

impl Milestone {
    fn of(milestone: &Reached<'_>) -> Self {
        Self {
            key: milestone.key().to_string(),
            title: milestone.title().to_string(),
            description: milestone.description().to_string(),
            threshold: int(milestone.threshold()),
        }
    }

    /// The next one of each ladder that isn't reached with some counts.
    pub fn next(milestones: &Milestones, counts: &Counts) -> Vec<Self> {
        let reached: HashSet<_> = milestones
            .reached(counts)
            .map(|it| it.key().clone())
            .collect();
        let mut ladders = HashSet::new();
        let left = milestones
            .of_profiles()
            .filter(|it| !reached.contains(it.key()));
        let next = left.filter(|it| ladders.insert(it.ladder().to_owned()));
        next.map(|it| Self::of(&it)).collect()
    }
}
