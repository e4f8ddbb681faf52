//! Warnings of groups that are about to be inactive, to who leads them (DOMAIN G7). They are no events, but
//! follow from the clock: 60 and 90 days after the last meeting that was held.

use std::collections::BTreeMap;

use async_graphql::Result;
use plaudit_domain::id::derive;
use plaudit_domain::{Time, notification};
use plaudit_projection::activity::Status;
use plaudit_projection::{Key, Notification, Outcome};

use crate::leading::activities;
use crate::loader::{GroupBy, LedBy};
use crate::reading::Reading;

/// Where a warning of a group stands among others of the same time: no other has the same, and no event, whose
/// positions are more than nothing.
fn place(group: Key, level: i64) -> i64 {
    level.saturating_sub(group.0.saturating_mul(2))
}

/// Whether any of some accounts leads a group.
pub async fn lead_any(reading: &Reading, accounts: &[Key]) -> Result<bool> {
    let led = accounts.iter().copied().map(LedBy);
    let led = reading.loader().load_many(led).await?;
    Ok(led.into_values().any(|led| !led.is_empty()))
}

/// What somebody is warned of, as of a moment, as what they were told: of each group that any of their
/// accounts leads and that is at risk, or inactive. The id of each follows from what it is about.
pub async fn warnings(reading: &Reading, accounts: &[Key], now: Time) -> Result<Vec<Notification>> {
    let loader = reading.loader();
    let led = loader
        .load_many(accounts.iter().copied().map(LedBy))
        .await?;
    let led: BTreeMap<Key, (Key, Time)> = led
        .into_values()
        .flatten()
        .map(|leader| (leader.group_key, (leader.account, leader.since)))
        .collect();
    if led.is_empty() {
        return Ok(vec![]);
    }
    let groups = loader.load_many(led.keys().copied().map(GroupBy)).await?;
    let groups: Vec<_> = groups.into_values().collect();
    let activities = activities(reading, &groups, now).await?;
    let mut told = Vec::new();
    for (group, activity) in groups.iter().zip(activities) {
        let levels = match activity.status {
            Status::Active => &[][..],
            Status::AtRisk => &[(activity.at_risk_at, "at risk", Outcome::GroupAtRisk)],
            Status::Inactive => &[
                (activity.at_risk_at, "at risk", Outcome::GroupAtRisk),
                (activity.since, "inactive", Outcome::GroupInactive),
            ],
        };
        let (account, led_since) = led[&group.key];
        for (number, &(at, level, outcome)) in (0..).zip(levels) {
            let words = [
                "group-warning",
                &group.id.to_string(),
                level,
                &at.to_string(),
            ];
            told.push(Notification {
                account,
                // Who comes to lead it later is warned then.
                at: at.max(led_since),
                position: place(group.key, number),
                id: derive(&words),
                kind: notification::Kind::GroupWarning,
                outcome: Some(outcome),
                note: None,
                actor: None,
                post: None,
                group_key: Some(group.key),
                meeting: None,
                presentation: None,
                benefit: None,
                lozenge: None,
            });
        }
    }
    Ok(told)
}
