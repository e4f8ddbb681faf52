//! Kudos: what a member has of the programme, and why (DOMAIN K8).

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use plaudit_domain::Time;
use plaudit_domain::kudos::Policy;
use plaudit_projection::rules::Level;
use plaudit_projection::standings::Standing;
use plaudit_projection::{Account as AccountRow, Key, LedgerEntry, Profile as Row};
use plaudit_replay::standings::Scope;
use plaudit_store::{Order, PointsAt};

use crate::available::KudosAvailable;
use crate::award::{AwardsIn, BadgeAwardConnection};
use crate::badge::Awards;
use crate::challenge::KudosChallengeProgress;
use crate::gift::PeerKudos;
use crate::loader::{AccountBy, AccountsOf, BadgesOf, LedgerOf, PointsOf, WaitingOf};
use crate::paging::{Paging, merged};
use crate::programme::KudosBadgeDefinition;
use crate::reading::{reading, referred};
use crate::scalar::{DateTime, int};
use crate::statement::KudosStatementConnection;

/// What a member has of the kudos programme, by the row of a profile that may be seen.
#[derive(Debug, Clone)]
pub struct Kudos(pub Arc<Row>);

/// Whether a member takes part in the programme.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct KudosEnrolment {
    /// Whether they do.
    status: KudosEnrolmentStatus,
    /// Since when it is so; null for who never asked to take part.
    since: Option<DateTime>,
    /// Whether the member takes part with some linked accounts only: those that were linked later. Asking to
    /// take part again brings the others along at once; only from then on what they do counts in full.
    is_partial: bool,
}

/// How far somebody is on the way into the programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum KudosEnrolmentStatus {
    /// They take part.
    Enrolled,
    /// They asked to take part, and wait for staff to enrol them.
    Waiting,
    /// They don't take part, and didn't ask to.
    NotEnrolled,
}

/// A level that a member reached.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct KudosLevelReached {
    /// Its number, from 1.
    number: i32,
    /// Its name.
    name: String,
    /// From how many points on it is reached.
    points: i32,
    /// When the member's points last rose to that; of the first level, when they registered.
    reached_at: DateTime,
}

/// The level after the one that a member reached.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct KudosNextLevel {
    /// Its number.
    number: i32,
    /// Its name.
    name: String,
    /// From how many points on it is reached.
    points: i32,
    /// How many points the member still needs for it.
    points_left: i32,
}

/// A kudos badge that a member has.
#[derive(Debug, Clone)]
pub struct KudosBadge {
    badge: KudosBadgeDefinition,
    awards: Awards,
    awards_in: AwardsIn,
}

/// A kudos badge that a member has.
#[Object(crate = "crate::engine")]
impl KudosBadge {
    /// What it is.
    async fn badge(&self) -> &KudosBadgeDefinition {
        &self.badge
    }

    /// How often the member had it; once, if it can't be had many times.
    async fn times(&self) -> i32 {
        int(self.awards.times)
    }

    /// When it was awarded, for the first time.
    async fn first_awarded_at(&self) -> DateTime {
        DateTime(self.awards.first_at)
    }

    /// When it was awarded, for the last time.
    async fn latest_awarded_at(&self) -> DateTime {
        DateTime(self.awards.latest_at)
    }

    /// Each time that it was awarded, with the event behind it, newest first. Of a badge that can't be
    /// had many times, the first one.
    async fn awards(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<BadgeAwardConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let total = int(self.awards.times);
        self.awards_in.page(context, paging, total).await
    }
}

/// The rows of all accounts of a profile.
async fn accounts(context: &Context<'_>, row: &Row) -> Result<Vec<Arc<AccountRow>>> {
    let loader = reading(context).loader();
    if row.accounts > 1 {
        let accounts = loader.load_one(AccountsOf(row.key)).await?;
        return Ok(accounts.into_iter().flatten().map(Arc::new).collect());
    }
    Ok(vec![referred(loader.load_one(AccountBy(row.key)).await?)?])
}

/// The keys of those accounts of a profile that take part in the programme: only what these have
/// counts.
pub async fn enrolled(context: &Context<'_>, row: &Row) -> Result<Vec<Key>> {
    let reading = reading(context);
    let kudos = &reading.rules().kudos;
    match kudos.policy {
        Policy::Automatic => reading.account_keys(row.key, row.accounts > 1).await,
        Policy::Waitlist if !row.enrolled => Ok(vec![]),
        Policy::Waitlist => {
            let accounts = accounts(context, row).await?.into_iter();
            let enrolled = accounts.filter(|account| kudos.is_enrolled(account));
            Ok(enrolled.map(|account| account.key).collect())
        }
    }
}

/// The kudos badges of a profile, by their numbers, and where their awards are.
pub async fn badges(
    context: &Context<'_>,
    row: &Row,
) -> Result<BTreeMap<usize, (Awards, AwardsIn)>> {
    let keys: Arc<[Key]> = enrolled(context, row).await?.into();
    let loader = reading(context).loader();
    let earned = loader.load_many(keys.iter().copied().map(BadgesOf)).await?;
    let badges = Awards::by_number(earned.into_values().flatten())?;
    let definitions = &reading(context).rules().kudos.badges;
    let badge = |(number, awards): (usize, Awards)| {
        let is_repeatable = definitions.get(number).is_none_or(|it| it.repeatable);
        let awards_in = AwardsIn::Badges {
            accounts: keys.clone(),
            badge: i64::try_from(number)?,
            is_repeatable,
        };
        // Of one that can be had once, the first one counts.
        let awards = match is_repeatable {
            true => awards,
            false => Awards::once(awards.first_at),
        };
        Ok((number, (awards, awards_in)))
    };
    badges.into_iter().map(badge).collect()
}

/// What a member has of the kudos programme. All linked accounts that take part are added up.
#[Object(crate = "crate::engine")]
impl Kudos {
    /// Whether the member takes part: with any account.
    async fn enrolment(&self, context: &Context<'_>) -> Result<KudosEnrolment> {
        let reading = reading(context);
        if reading.rules().kudos.policy == Policy::Automatic {
            return Ok(KudosEnrolment {
                status: KudosEnrolmentStatus::Enrolled,
                since: Some(DateTime(self.0.member_since)),
                is_partial: false,
            });
        }
        let accounts = accounts(context, &self.0).await?;
        let enrolled = accounts.iter().filter_map(|account| account.enrolled_at);
        if let Some(since) = enrolled.min() {
            return Ok(KudosEnrolment {
                status: KudosEnrolmentStatus::Enrolled,
                since: Some(DateTime(since)),
                is_partial: accounts.iter().any(|account| account.enrolled_at.is_none()),
            });
        }
        let keys = accounts.iter().map(|account| WaitingOf(account.key));
        let waiting = reading.loader().load_many(keys).await?;
        let since = waiting.values().map(|waiting| waiting.since).min();
        let status = match since {
            Some(_) => KudosEnrolmentStatus::Waiting,
            None => KudosEnrolmentStatus::NotEnrolled,
        };
        let since = since.map(DateTime);
        Ok(KudosEnrolment {
            status,
            since,
            is_partial: false,
        })
    }

    /// The member's points; none, if they don't take part.
    async fn points(&self) -> i32 {
        int(self.0.points)
    }

    /// The level that the points come to. Null where the programme has no levels.
    async fn level(&self, context: &Context<'_>) -> Result<Option<KudosLevelReached>> {
        let Some((number, level)) = self.level_after(context, 0) else {
            return Ok(None);
        };
        let first = DateTime(self.0.member_since);
        let reached_at = match number {
            1 => first,
            _ => {
                let keys = enrolled(context, &self.0).await?;
                let points = reading(context).loader();
                let points = points.load_many(keys.into_iter().map(PointsOf)).await?;
                let points = points.into_values().flatten().collect();
                last_rise(points, level.points).map_or(first, DateTime)
            }
        };
        Ok(Some(KudosLevelReached {
            number,
            name: level.name.clone(),
            points: int(level.points),
            reached_at,
        }))
    }

    /// The next level; null at the highest.
    async fn next_level(&self, context: &Context<'_>) -> Option<KudosNextLevel> {
        let (number, level) = self.level_after(context, 1)?;
        Some(KudosNextLevel {
            number,
            name: level.name.clone(),
            points: int(level.points),
            points_left: int(level.points - self.0.points),
        })
    }

    /// The member's rank among all members by all their points; null for who isn't on the leaderboard.
    async fn rank(&self, context: &Context<'_>) -> Result<Option<i32>> {
        let all = Scope {
            period: None,
            group: None,
        };
        let reading = reading(context);
        let standings = reading.models().standings();
        let ranking = standings.now(all, reading.now()).await?;
        let profile = self.0.key;
        let standing = Standing {
            points: Reverse(self.0.points),
            profile,
        };
        let own = match ranking.place(&standing) {
            Some(_) => Some(&standing),
            // What was read of the member may be of another moment than the ranking.
            None => ranking.standings().iter().find(|it| it.profile == profile),
        };
        Ok(own.and_then(|own| i32::try_from(ranking.rank(own.points.0)).ok()))
    }

    /// Every point with its reason and the event behind it, newest first: they add up to the points.
    /// The member sees it, staff and analysts; null for everybody else.
    async fn statement(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<Option<KudosStatementConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Descending)?;
        let reading = reading(context);
        let is_own = reading.is_profile_of_viewer(self.0.key).await?;
        if !is_own && !reading.is_staff_or_analyst() {
            return Ok(None);
        }
        let page = part.page;
        let accounts = enrolled(context, &self.0).await?;
        let pages = accounts.iter().map(|&account| LedgerOf { account, page });
        let pages = reading.loader().load_many(pages).await?;
        let entries = pages.into_values().flatten().collect();
        let entries = merged(entries, page, |entry: &LedgerEntry| (entry.at, entry.key));
        let entries = KudosStatementConnection::new(part, entries, accounts);
        Ok(Some(entries))
    }

    /// The badges that rules and challenges gave the member, each once.
    async fn badges(&self, context: &Context<'_>) -> Result<Vec<KudosBadge>> {
        let badges = badges(context, &self.0).await?.into_iter();
        let kudos = &reading(context).rules().kudos;
        let badge = |(number, (awards, awards_in))| {
            Some(KudosBadge {
                badge: KudosBadgeDefinition::of(kudos, number)?,
                awards,
                awards_in,
            })
        };
        Ok(badges.filter_map(badge).collect())
    }

    /// The challenges that are on, and those that the member completed: how far they are.
    async fn challenges(&self, context: &Context<'_>) -> Result<Vec<KudosChallengeProgress>> {
        let all = KudosChallengeProgress::of(context, &self.0).await?;
        let shown = all.into_iter().filter(KudosChallengeProgress::is_shown);
        Ok(shown.collect())
    }

    /// What the member can still earn.
    async fn available(&self) -> KudosAvailable {
        KudosAvailable(self.0.clone())
    }

    /// Kudos that peers gave the member, and that the member gave.
    async fn peer_kudos(&self) -> PeerKudos {
        PeerKudos(self.0.clone())
    }
}

impl Kudos {
    /// The level that was reached, or one that comes so many after it, with its number.
    fn level_after<'a>(&self, context: &Context<'a>, levels: usize) -> Option<(i32, &'a Level)> {
        let kudos = &reading(context).rules().kudos;
        let number = kudos.level(self.0.points) + levels;
        let level = kudos.levels.get(number.checked_sub(1)?)?;
        Some((i32::try_from(number).ok()?, level))
    }
}

/// When the sum of points last rose to a threshold. What comes at the same time counts together.
fn last_rise(mut points: Vec<PointsAt>, threshold: i64) -> Option<Time> {
    points.sort_unstable_by_key(|points| points.at);
    let (mut sum, mut risen) = (0, None);
    for together in points.chunk_by(|one, other| one.at == other.at) {
        let before = sum;
        sum += together.iter().map(|points| points.points).sum::<i64>();
        if before < threshold && threshold <= sum {
            risen = together.first().map(|points| points.at);
        }
    }
    risen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rise(points: &[(i64, i64)], threshold: i64) -> Option<i64> {
        let points = points.iter().map(|&(at, points)| PointsAt {
            account: Key(1),
            at: Time::from_micros(at),
            points,
        });
        last_rise(points.collect(), threshold).map(Time::as_micros)
    }

    #[test]
    fn a_level_is_reached_when_the_points_last_rose_to_it() {
        assert_eq!(rise(&[(1, 5), (2, 5), (3, 5)], 10), Some(2));
        // They fell below, and rose again.
        assert_eq!(rise(&[(1, 10), (2, -1), (3, 1), (4, 7)], 10), Some(3));
        // In whatever order entries of one moment, or of two accounts, come.
        assert_eq!(rise(&[(3, 9), (2, -1), (2, 10), (1, 1)], 10), Some(2));
        assert_eq!(rise(&[(1, 9)], 10), None);
    }
}
