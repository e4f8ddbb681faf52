//! What a profile has by some rules.

use std::collections::{BTreeMap, HashMap};

use plaudit_domain::Time;
use plaudit_projection::activity::{Status, activity};
use plaudit_projection::row::Malformed;
use plaudit_projection::rules::{Measured, Perk, PublishesIn};
use plaudit_projection::{Key, Rules, lozenge};
use plaudit_store::standing::{Earnings, LedGroup};
use plaudit_store::{BadgeOf, BadgeRecord, ProfileRecord};

use super::thing::{Kind, Things};

/// What a profile has.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) points: i64,
    pub(super) level: usize,
    /// The lozenge that is shown.
    pub(super) lozenge: Option<u32>,
    /// How often it has what.
    pub(super) things: BTreeMap<u32, i64>,
    /// How many points it has of which rule.
    pub(super) rules: BTreeMap<u32, i64>,
}

/// Some rules, and what follows from them for user groups.
pub(super) struct Side<'a> {
    rules: &'a Rules,
    /// How user groups are, in their order.
    pub(super) statuses: Vec<Status>,
    /// The active groups that profiles lead.
    led: HashMap<Key, Vec<u32>>,
    /// What active leaders have.
    benefits: Vec<u32>,
}

impl<'a> Side<'a> {
    pub(super) fn new(
        rules: &'a Rules,
        groups: &[LedGroup],
        now: Time,
        things: &mut Things,
    ) -> Self {
        learn(rules, things);
        let benefits = rules.groups.benefits.iter();
        let benefits = benefits.map(|it| things.number(Kind::Benefit, &it.id, || it.title.clone()));
        let mut side = Self {
            rules,
            statuses: Vec::with_capacity(groups.len()),
            benefits: benefits.collect(),
            led: HashMap::new(),
        };
        for LedGroup { record, leaders } in groups {
            let (group, expected) = (&record.group, &rules.groups.activity);
            let activity = activity(group.created_at, None, &record.held, now, expected);
            side.statuses.push(activity.status);
            if activity.is_active() {
                let id = group.id.to_string();
                let led = things.number(Kind::Leadership, &id, || group.name.clone());
                for leader in leaders {
                    side.led.entry(*leader).or_default().push(led);
                }
            }
        }
        side
    }

    /// What a profile has.
    pub(super) fn standing(
        &self,
        record: &ProfileRecord,
        earnings: &[Earnings],
        things: &mut Things,
    ) -> Result<Standing, Malformed> {
        let profile = &record.profile;
        let mut standing = Standing {
            points: profile.points,
            level: self.rules.kudos.level(profile.points),
            ..Standing::default()
        };
        if profile.enrolled {
            let takes_part = || "Takes part in the kudos programme".to_owned();
            standing.has(things.number(Kind::Participation, "kudos", takes_part));
        }
        self.add_rules(&mut standing, earnings, things)?;
        for badge in &record.badges {
            self.add_badge(&mut standing, badge, things)?;
        }
        for milestone in self.rules.milestones.reached(&profile.counts) {
            let key = milestone.key();
            standing.has(things.number(Kind::Milestone, key, || milestone.title().to_string()));
        }
        let led = self.led.get(&profile.key).map(Vec::as_slice);
        let led = led.unwrap_or_default();
        led.iter().for_each(|&group| standing.has(group));
        if !led.is_empty() {
            self.benefits.iter().for_each(|&it| standing.has(it));
        }
        self.add_lozenges(&mut standing, record, led.len(), things);
        Ok(standing)
    }

    fn add_rules(
        &self,
        standing: &mut Standing,
        earnings: &[Earnings],
        things: &mut Things,
    ) -> Result<(), Malformed> {
        let kudos = &self.rules.kudos;
        for earned in earnings {
            let reason = numbered(&kudos.reasons, earned.reason, "reason")?;
            if kudos.takes_part(earned.enrolled) {
                let number = things.number(Kind::Rule, &reason.id, || reason.title.clone());
                *standing.rules.entry(number).or_default() += earned.points;
            }
        }
        Ok(())
    }

    /// Of what can be had once, one counts. Badges of courses, and those that were granted elsewhere, are
    /// the same by all rules.
    fn add_badge(
        &self,
        standing: &mut Standing,
        record: &BadgeRecord,
        things: &mut Things,
    ) -> Result<(), Malformed> {
        let Rules {
            kudos, milestones, ..
        } = self.rules;
        match record.badge {
            BadgeOf::Kudos(number) => {
                let badge = numbered(&kudos.badges, number, "badge")?;
                if !kudos.takes_part(record.enrolled) {
                    return Ok(());
                }
                let number = things.number(Kind::Badge, &badge.id, || badge.title.clone());
                let had = standing.things.entry(number).or_default();
                *had = if badge.repeatable { *had + 1 } else { 1 };
            }
            BadgeOf::PostMilestone(number) => {
                let milestone = usize::try_from(number).ok();
                let milestone = milestone.and_then(|it| milestones.post_milestone(it));
                let milestone = milestone.ok_or(Malformed {
                    column: "milestone",
                })?;
                let key = milestone.key();
                standing.has(things.number(Kind::Milestone, key, || milestone.title().to_string()));
            }
            BadgeOf::Course(_) | BadgeOf::Granted(_) => {}
        }
        Ok(())
    }

    fn add_lozenges(
        &self,
        standing: &mut Standing,
        record: &ProfileRecord,
        active_groups_led: usize,
        things: &mut Things,
    ) {
        let measured = Measured {
            counts: &record.profile.counts,
            level: count(standing.level),
            active_groups_led: count(active_groups_led),
        };
        let lozenges = &self.rules.lozenges;
        for held in lozenge::held(&measured, &record.lozenges, lozenges) {
            let it = held.lozenge;
            let number = things.number(Kind::Lozenge, &it.id, || it.title.clone());
            standing.has(number);
            standing.lozenge = standing.lozenge.or(held.is_shown.then_some(number));
            for perk in lozenges.perks_of(it) {
                standing.may(perk, things);
            }
        }
    }
}

impl Standing {
    fn has(&mut self, thing: u32) {
        *self.things.entry(thing).or_default() += 1;
    }

    /// Of several lozenges with the same perk, one is enough.
    fn may(&mut self, perk: &Perk, things: &mut Things) {
        let mut may = |kind, id: &str, title: &str| {
            let number = things.number(kind, id, || title.to_owned());
            self.things.insert(number, 1);
        };
        may(Kind::Perk, &perk.id, &perk.title);
        match &perk.publishes_in {
            PublishesIn::All => may(Kind::Publishing, "all", &perk.title),
            PublishesIn::Groups(groups) => {
                for group in groups {
                    may(Kind::Publishing, &group.to_string(), &perk.title);
                }
            }
        }
    }
}

/// Takes the titles of all that rules name, in their order.
fn learn(rules: &Rules, things: &mut Things) {
    let mut learn = |kind, id: &str, title: String| {
        things.number(kind, id, || title);
    };
    for reason in &rules.kudos.reasons {
        learn(Kind::Rule, &reason.id, reason.title.clone());
    }
    for badge in &rules.kudos.badges {
        learn(Kind::Badge, &badge.id, badge.title.clone());
    }
    let milestones = &rules.milestones;
    let of_posts = (0..).map_while(|number| milestones.post_milestone(number));
    for milestone in milestones.of_profiles().chain(of_posts) {
        learn(
            Kind::Milestone,
            milestone.key(),
            milestone.title().to_string(),
        );
    }
    for lozenge in &rules.lozenges.all {
        learn(Kind::Lozenge, &lozenge.id, lozenge.title.clone());
    }
    for perk in &rules.lozenges.perks {
        learn(Kind::Perk, &perk.id, perk.title.clone());
    }
}

/// What a row means by a number, among the rules that it was reckoned by.
fn numbered<'a, T>(rules: &'a [T], number: i64, column: &'static str) -> Result<&'a T, Malformed> {
    let number = usize::try_from(number).ok();
    let rule = number.and_then(|number| rules.get(number));
    rule.ok_or(Malformed { column })
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
