//! What a member can still earn (DOMAIN K8).

use std::sync::Arc;

use async_graphql::{Context, Object, Result, SimpleObject};
use plaudit_projection::rules::{Counted, Reason};
use plaudit_projection::{Key, Profile as Row};

use crate::challenge::KudosChallengeProgress;
use crate::kudos::{badges, enrolled};
use crate::loader::TallyBy;
use crate::programme::{KudosBadgeDefinition, KudosLimit, KudosRule, Milestone};
use crate::reading::reading;
use crate::scalar::{DateTime, int};

/// What a member can still earn, by the row of a profile that may be seen.
pub struct KudosAvailable(pub Arc<Row>);

/// A rule that counts what is done now.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct KudosAvailableRule {
    /// The rule.
    rule: KudosRule,
    /// How many points it can still give now, within all its limits; with several accounts, to the one
    /// that can get most. Null where it has no limits.
    points_left: Option<i32>,
    /// How much each of its limits leaves.
    limits: Vec<KudosLimitLeft>,
}

/// How much a limit leaves in the period that is now.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct KudosLimitLeft {
    /// The limit.
    limit: KudosLimit,
    /// How many points; with several accounts, of the one that has most left.
    points_left: i32,
    /// From when on it is all there again.
    resets_at: DateTime,
}

/// What a member can still earn.
#[Object(crate = "crate::engine")]
impl KudosAvailable {
    /// The rules that count what is done now and give something for it.
    async fn rules(&self, context: &Context<'_>) -> Result<Vec<KudosAvailableRule>> {
        let reading = reading(context);
        let now = reading.now();
        let kudos = &reading.rules().kudos;
        let accounts = enrolled(context, &self.0).await?;
        let mut tallies = Vec::new();
        for limit in 0..kudos.limits.len() {
            let tally = |account: &Key| TallyBy(kudos.limit_tally(*account, limit, now));
            tallies.extend(accounts.iter().map(tally));
        }
        let used = reading.loader().load_many(tallies).await?;
        let left_of = |account: Key, number: usize| -> Option<i64> {
            let limit = kudos.limits.get(number)?;
            let tally = kudos.limit_tally(account, number, now);
            let used = used.get(&TallyBy(tally)).copied().unwrap_or_default();
            Some((limit.points - used).max(0))
        };
        let left = |number: usize| -> Option<KudosLimitLeft> {
            let limit = kudos.limits.get(number)?;
            let accounts = accounts.iter();
            let left = accounts.filter_map(|account| left_of(*account, number));
            Some(KudosLimitLeft {
                limit: KudosLimit::of(kudos, number)?,
                points_left: int(left.max().unwrap_or(limit.points)),
                resets_at: DateTime(limit.per.end(now)),
            })
        };
        // Each account has limits of its own, and what it does is within all of them.
        let left_within = |limits: &[usize]| -> Option<i64> {
            let left = |account: &Key| {
                let left = limits.iter();
                let left = left.filter_map(|limit| left_of(*account, *limit));
                left.collect()
            };
            let all = limits.iter().filter_map(|limit| kudos.limits.get(*limit));
            let unused = || all.map(|limit| limit.points).min();
            most_within_all(accounts.iter().map(left)).or_else(unused)
        };
        let gives = |reason: &Reason| reason.points > 0 || reason.badge.is_some();
        let reasons = kudos.reasons.iter().enumerate();
        let available = reasons.filter(|(_, reason)| reason.counts_at(now) && gives(reason));
        let rules = available.filter_map(|(number, reason)| {
            let Counted::Each { limits, .. } = &reason.counts else {
                return None;
            };
            Some(KudosAvailableRule {
                rule: KudosRule::of(kudos, number)?,
                points_left: left_within(limits).map(int),
                limits: limits.iter().filter_map(|limit| left(*limit)).collect(),
            })
        });
        Ok(rules.collect())
    }

    /// The challenges that are on and that the member hasn't completed, or can complete again.
    async fn challenges(&self, context: &Context<'_>) -> Result<Vec<KudosChallengeProgress>> {
        let all = KudosChallengeProgress::of(context, &self.0).await?;
        let available = all.into_iter().filter(KudosChallengeProgress::is_available);
        Ok(available.collect())
    }

    /// The badges that the member never had, and that something gives now.
    async fn badges(&self, context: &Context<'_>) -> Result<Vec<KudosBadgeDefinition>> {
        let now = reading(context).now();
        let had = badges(context, &self.0).await?;
        let kudos = &reading(context).rules().kudos;
        let is_given = |badge: usize| {
            let mut reasons = kudos.reasons.iter();
            reasons.any(|reason| reason.badge == Some(badge) && reason.counts_at(now))
        };
        let badges = 0..kudos.badges.len();
        let badges = badges.filter(|badge| !had.contains_key(badge) && is_given(*badge));
        let badges = badges.filter_map(|badge| KudosBadgeDefinition::of(kudos, badge));
        Ok(badges.collect())
    }

    /// The next milestone of each ladder for figures of a profile. They come with no points.
    async fn milestones(&self, context: &Context<'_>) -> Vec<Milestone> {
        Milestone::next(&reading(context).rules().milestones, &self.0.counts)
    }
}

/// What the account that can get most can get, by what all limits leave each.
fn most_within_all(accounts: impl Iterator<Item = Vec<i64>>) -> Option<i64> {
    accounts.filter_map(|left| left.into_iter().min()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_leave_much_to_different_accounts_do_not_add_up() {
        let left =
            |accounts: &[[i64; 2]]| most_within_all(accounts.iter().map(|limits| limits.to_vec()));
        assert_eq!(left(&[[10, 0], [0, 10]]), Some(0));
        assert_eq!(left(&[[10, 2], [3, 10]]), Some(3));
        assert_eq!(left(&[]), None);
        assert_eq!(most_within_all([vec![], vec![]].into_iter()), None);
    }
}
