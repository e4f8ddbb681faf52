//! Leaderboards: who has the most points (DOMAIN K9).

use std::cmp::Reverse;
use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result};
use futures_util::future::try_join_all;
use plaudit_domain::{Period, Time};
use plaudit_projection::Group as GroupRow;
use plaudit_projection::standings::{Ranking, Standing};
use plaudit_replay::standings::Scope;
use plaudit_store::{Cursor, Order, Page};

use crate::as_of::check_past;
use crate::connection::{PageInfo, page_info};
use crate::group::Group;
use crate::id::NodeId;
use crate::list::List;
use crate::loader::GroupById;
use crate::paging::{Opaque, Paging, Slice};
use crate::profile::Profile;
use crate::reading::{Reading, reading};
use crate::scalar::{DateTime, int};

/// Of which points a leaderboard is. Weeks begin on Monday; all of them at 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum LeaderboardPeriod {
    /// Of all that there ever were.
    AllTime,
    /// Of those of one quarter of a year.
    Quarter,
    /// Of those of one month.
    Month,
    /// Of those of one week.
    Week,
}

impl LeaderboardPeriod {
    fn period(self) -> Option<Period> {
        match self {
            Self::AllTime => None,
            Self::Quarter => Some(Period::Quarter),
            Self::Month => Some(Period::Month),
            Self::Week => Some(Period::Week),
        }
    }
}

/// Profiles with the most points first.
#[derive(Debug, Clone)]
pub struct Leaderboard {
    ranking: Arc<Ranking>,
    period: LeaderboardPeriod,
    group: Option<Arc<GroupRow>>,
    moment: Time,
}

/// A page of a leaderboard.
pub struct LeaderboardConnection {
    slice: Slice<LeaderboardEntry>,
    total: usize,
}

/// A profile on a leaderboard.
#[derive(Debug, Clone)]
pub struct LeaderboardEntry {
    standing: Standing,
    rank: usize,
}

impl Leaderboard {
    /// A leaderboard of a group, or of the whole community, now or as it was; none of what is no group.
    pub async fn of(
        reading: &Reading,
        period: LeaderboardPeriod,
        group: Option<ID>,
        as_of: Option<DateTime>,
    ) -> Result<Option<Self>> {
        let group = match group {
            Some(id) => {
                let id = NodeId::group(&id)?;
                let Some(group) = reading.loader().load_one(GroupById(id)).await? else {
                    return Ok(None);
                };
                Some(group)
            }
            None => None,
        };
        let scope = scope(period, group.as_deref());
        let standings = reading.models().standings();
        let now = reading.now();
        let (moment, ranking) = match as_of {
            None => (now, standings.now(scope, now).await?),
            Some(DateTime(moment)) => {
                check_past(moment, reading)?;
                reading.looks_back()?;
                (moment, standings.as_of(scope, moment).await?)
            }
        };
        Ok(Some(Self {
            ranking,
            period,
            group,
            moment,
        }))
    }

    /// Which points it is of.
    pub fn scope(&self) -> Scope {
        scope(self.period, self.group.as_deref())
    }

    /// Who stands where on it.
    pub fn ranking(&self) -> &Arc<Ranking> {
        &self.ranking
    }

    /// At most so many standings from a place on, or up to it.
    fn page(&self, page: Page) -> Vec<Standing> {
        let standings = self.ranking.standings();
        let limit = page.limit as usize;
        let place = page.after.map(|Cursor { at, key }| Standing {
            points: Reverse(at),
            profile: key,
        });
        match page.order {
            Order::Ascending => {
                let from = place.map_or(0, |place| self.ranking.through(&place));
                standings[from..].iter().take(limit).copied().collect()
            }
            Order::Descending => {
                let to = place.map_or(standings.len(), |place| self.ranking.before(&place));
                standings[..to].iter().rev().take(limit).copied().collect()
            }
        }
    }

    fn entry(&self, standing: Standing) -> LeaderboardEntry {
        LeaderboardEntry {
            rank: self.ranking.rank(standing.points.0),
            standing,
        }
    }
}

fn scope(period: LeaderboardPeriod, group: Option<&GroupRow>) -> Scope {
    Scope {
        period: period.period(),
        group: group.map(|group| group.key),
    }
}

/// Profiles with the most points first; as many points share a rank. It is always current. Private
/// profiles are left out, and who has no points.
#[Object(crate = "crate::engine")]
impl Leaderboard {
    /// Of which points it is.
    async fn period(&self) -> LeaderboardPeriod {
        self.period
    }

    /// When the period began; null of all time.
    async fn starts_at(&self) -> Option<DateTime> {
        let period = self.period.period()?;
        Some(DateTime(period.start(self.moment)))
    }

    /// When the period ends; null of all time.
    async fn ends_at(&self) -> Option<DateTime> {
        let period = self.period.period()?;
        Some(DateTime(period.end(self.moment)))
    }

    /// The group in which the points were earned; null for the whole community.
    async fn group(&self) -> Option<Group> {
        self.group.clone().map(Group)
    }

    /// The profiles, with their ranks.
    async fn entries(
        &self,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<LeaderboardConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Ascending)?;
        let entries = self.page(part.page).into_iter();
        Ok(LeaderboardConnection {
            slice: part.slice(entries.map(|standing| self.entry(standing)).collect()),
            total: self.ranking.standings().len(),
        })
    }

    /// The viewer's own place; null for who isn't on it.
    async fn viewer_entry(&self, context: &Context<'_>) -> Result<Option<LeaderboardEntry>> {
        let viewer = reading(context).viewer_account().await?;
        let profile = viewer.map(|account| account.profile);
        let standings = self.ranking.standings().iter();
        let own = standings.copied().find(|it| Some(it.profile) == profile);
        Ok(own.map(|standing| self.entry(standing)))
    }
}

/// A page of a leaderboard.
#[Object(crate = "crate::engine")]
impl LeaderboardConnection {
    /// The entries, each its own edge.
    async fn edges(&self) -> List<&[LeaderboardEntry]> {
        List(&self.slice.rows)
    }

    /// The profiles.
    async fn nodes(&self, context: &Context<'_>) -> Result<Vec<Profile>> {
        let keys = self.slice.rows.iter().map(|entry| entry.standing.profile);
        try_join_all(keys.map(|key| Profile::by_key(context, key))).await
    }

    /// Where the page lies.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.slice, LeaderboardEntry::place)
    }

    /// How many profiles are on the leaderboard.
    async fn total_count(&self) -> i32 {
        i32::try_from(self.total).unwrap_or(i32::MAX)
    }
}

impl LeaderboardEntry {
    fn place(&self) -> Cursor {
        Cursor {
            at: self.standing.points.0,
            key: self.standing.profile,
        }
    }
}

/// A profile on a leaderboard.
#[Object(crate = "crate::engine")]
impl LeaderboardEntry {
    /// Its cursor: its points and whose they are. Where they change, it stays a place among the others.
    async fn cursor(&self) -> String {
        Opaque(self.place()).encode()
    }

    /// Its rank, from 1: one more than there are profiles with more points.
    async fn rank(&self) -> i32 {
        i32::try_from(self.rank).unwrap_or(i32::MAX)
    }

    /// Its points that count here.
    async fn points(&self) -> i32 {
        int(self.standing.points.0)
    }

    /// The profile.
    async fn node(&self, context: &Context<'_>) -> Result<Profile> {
        Profile::by_key(context, self.standing.profile).await
    }
}
