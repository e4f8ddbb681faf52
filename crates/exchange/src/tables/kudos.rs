//! The tables of the kudos programme: the ledger, and badges.

use std::collections::HashSet;
use std::io;

use plaudit_domain::{AccountId, Position, PostId, Time};
use plaudit_projection::Rules;
use plaudit_projection::row::Malformed;
use plaudit_store::{BadgeOf, BadgeRecord, LedgerRecord, ProfileRecord};

use crate::cells::{Cell, Column, Field};
use crate::lines::Line;

line! {
    version 1;
    /// A row of `ledger`.
    pub(super) struct LedgerLine {
        account: AccountId,
        rule: String,
        cause: Option<PostId>,
        position: i64,
        at: Time,
        points: i64,
    }
}

impl LedgerLine {
    pub(super) fn of(record: LedgerRecord, rules: &Rules) -> io::Result<Self> {
        let LedgerRecord {
            entry,
            account,
            visibility: _,
            enrolled: _,
            post,
        } = record;
        let reason = numbered(&rules.kudos.reasons, entry.reason, "reason")?;
        Ok(Self {
            account,
            rule: reason.id.clone(),
            cause: post,
            position: entry.position(),
            at: entry.at,
            points: entry.points,
        })
    }
}

line! {
    version 1;
    /// A row of `badges`.
    pub(super) struct BadgeLine {
        profile: AccountId,
        account: Option<AccountId>,
        badge: String,
        kind: &'static str,
        awarded_at: Option<Time>,
        position: Option<Position>,
    }
}

/// The badges that a profile has, in the order in which apps see them: milestones of what it counts, then
/// those that are rows. What can be had once is there once, the earliest.
pub(super) fn badges(record: &ProfileRecord, rules: &Rules) -> io::Result<Vec<BadgeLine>> {
    let profile = record.profile.id;
    let reached = rules.milestones.reached(&record.profile.counts);
    // They are computed from sums, so no account and no event has them.
    let mut badges: Vec<BadgeLine> = reached
        .map(|milestone| BadgeLine {
            profile,
            account: None,
            badge: milestone.key().to_string(),
            kind: MILESTONE,
            awarded_at: None,
            position: None,
        })
        .collect();
    let mut had = HashSet::new();
    for record in &record.badges {
        if let BadgeOf::Kudos(_) = record.badge
            && !rules.kudos.takes_part(record.enrolled)
        {
            continue;
        }
        let (badge, kind, repeats) = named(record, rules)?;
        if repeats || had.insert((kind, badge.clone())) {
            badges.push(BadgeLine {
                profile,
                account: Some(record.account),
                badge,
                kind,
                awarded_at: Some(record.at),
                position: Some(record.position),
            });
        }
    }
    Ok(badges)
}

const MILESTONE: &str = "milestone";

/// What programs know a badge by, of which kind it is, and whether it can be had many times.
fn named(record: &BadgeRecord, rules: &Rules) -> io::Result<(String, &'static str, bool)> {
    match &record.badge {
        BadgeOf::Kudos(number) => {
            let badge = numbered(&rules.kudos.badges, *number, "badge")?;
            Ok((badge.id.clone(), "kudos", badge.repeatable))
        }
        BadgeOf::PostMilestone(number) => {
            let milestone = usize::try_from(*number).ok();
            let milestone = milestone.and_then(|it| rules.milestones.post_milestone(it));
            let milestone = milestone.ok_or_else(|| malformed("milestone"))?;
            Ok((milestone.key().to_string(), MILESTONE, true))
        }
        // DOMAIN L12: united, by course.
        BadgeOf::Course(course) => Ok((course.clone(), "course", false)),
        BadgeOf::Granted(badge) => Ok((badge.clone(), "granted", true)),
    }
}

/// What a row means by a number, among the rules that it was reckoned by.
fn numbered<'a, T>(rules: &'a [T], number: i64, column: &'static str) -> io::Result<&'a T> {
    let number = usize::try_from(number).ok();
    let rule = number.and_then(|number| rules.get(number));
    rule.ok_or_else(|| malformed(column))
}

fn malformed(column: &'static str) -> io::Error {
    io::Error::other(Malformed { column })
}
