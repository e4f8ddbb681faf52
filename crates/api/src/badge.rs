//! Badges: for milestones, from the kudos programme, of courses, and from elsewhere (DOMAIN K6).

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::{Context, Enum, Object, Result};
use futures_util::try_join;
use plaudit_domain::Time;
use plaudit_projection::rules::Milestone;
use plaudit_projection::{Course, Key, Profile as Row};
use plaudit_store::Earned;

use crate::award::{AwardsIn, BadgeAward, BadgeAwardConnection};
use crate::kudos;
use crate::loader::{GrantedBadgesOf, PostMilestonesOf};
use crate::paging::Paging;
use crate::reading::reading;
use crate::scalar::{DateTime, int};

/// Why a badge is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum BadgeKind {
    /// For reaching a number of something.
    Milestone,
    /// For completing a course.
    Course,
    /// By a rule or a challenge of the kudos programme.
    Kudos,
    /// It was granted elsewhere.
    Granted,
}

/// A badge.
#[derive(Debug, Clone)]
pub struct Badge {
    kind: BadgeKind,
    key: Arc<str>,
    title: Arc<str>,
    description: Arc<str>,
    /// None for a milestone of the whole profile.
    awarded: Option<(Awards, AwardsIn)>,
}

/// A badge.
#[Object(crate = "crate::engine")]
impl Badge {
    /// Why it is there.
    async fn kind(&self) -> BadgeKind {
        self.kind
    }

    /// What programs know it by, among those of its kind.
    async fn key(&self) -> &str {
        &self.key
    }

    /// Its title.
    async fn title(&self) -> &str {
        &self.title
    }

    /// What it is for.
    async fn description(&self) -> &str {
        &self.description
    }

    /// How often the member had it.
    async fn times(&self) -> i32 {
        self.awards_or(1, |awards| int(awards.times))
    }

    /// When it was awarded, for the first time. Null for a milestone of the whole profile: it is there
    /// as long as the figure is.
    async fn first_awarded_at(&self) -> Option<DateTime> {
        self.awards_or(None, |awards| Some(DateTime(awards.first_at)))
    }

    /// When it was awarded, for the last time. Null for a milestone of the whole profile.
    async fn latest_awarded_at(&self) -> Option<DateTime> {
        self.awards_or(None, |awards| Some(DateTime(awards.latest_at)))
    }

    /// Each time that it was awarded, with the event behind it, newest first. There is none for a
    /// milestone of the whole profile: it follows from the figure, and no single event gave it.
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
        match &self.awarded {
            Some((awards, awards_in)) => awards_in.page(context, paging, int(awards.times)).await,
            None => AwardsIn::These(vec![]).page(context, paging, 0).await,
        }
    }
}

/// All badges of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AllBadgesOf(pub Key);

/// How often something was awarded, since when, and when last.
#[derive(Debug, Clone, Copy)]
pub struct Awards {
    /// How often.
    pub times: i64,
    /// When for the first time.
    pub first_at: Time,
    /// When for the last time.
    pub latest_at: Time,
}

impl Awards {
    /// Once, at some time.
    pub fn once(at: Time) -> Self {
        Self {
            times: 1,
            first_at: at,
            latest_at: at,
        }
    }

    /// These and others.
    pub fn and(self, other: Self) -> Self {
        Self {
            times: self.times + other.times,
            first_at: self.first_at.min(other.first_at),
            latest_at: self.latest_at.max(other.latest_at),
        }
    }
}

impl From<Earned> for Awards {
    fn from(earned: Earned) -> Self {
        Self {
            times: earned.times,
            first_at: earned.first_at,
            latest_at: earned.last_at,
        }
    }
}

impl Awards {
    /// All that was earned, by the number of what it is among the rules.
    pub fn by_number(earned: impl Iterator<Item = Earned>) -> Result<BTreeMap<usize, Self>> {
        let mut all = BTreeMap::new();
        for earned in earned {
            let awards = Self::from(earned);
            let known = all.entry(usize::try_from(earned.number)?);
            known
                .and_modify(|known: &mut Self| *known = known.and(awards))
                .or_insert(awards);
        }
        Ok(all)
    }
}

impl Badge {
    /// All badges of a profile, which completed some courses.
    pub async fn all(
        context: &Context<'_>,
        row: &Row,
        completed: impl Future<Output = Result<Option<Vec<Course>>>>,
    ) -> Result<Vec<Self>> {
        let milestones = reading(context).rules().milestones.reached(&row.counts);
        let mut badges: Vec<Self> = milestones.map(|it| Self::of_milestone(&it)).collect();
        // Together, so that what they read is read at once.
        let (of_posts, kudos, courses, granted) = try_join!(
            of_posts(context, row),
            of_kudos(context, row),
            completed,
            granted(context, row),
        )?;
        badges.extend(of_posts);
        badges.extend(kudos);
        badges.extend(courses.into_iter().flatten().filter_map(of_course));
        badges.extend(granted);
        Ok(badges)
    }

    fn of_milestone(milestone: &Milestone<'_>) -> Self {
        Self::new(
            BadgeKind::Milestone,
            milestone.key().clone(),
            milestone.title().clone(),
            milestone.description().clone(),
        )
    }

    fn new(
        kind: BadgeKind,
        key: impl Into<Arc<str>>,
        title: impl Into<Arc<str>>,
        description: impl Into<Arc<str>>,
    ) -> Self {
        Self {
            kind,
            key: key.into(),
            title: title.into(),
            description: description.into(),
            awarded: None,
        }
    }

    fn awarded(self, awards: Awards, awards_in: AwardsIn) -> Self {
        Self {
            awarded: Some((awards, awards_in)),
            ..self
        }
    }

    fn awards_or<T>(&self, none: T, of: impl FnOnce(&Awards) -> T) -> T {
        let awards = self.awarded.as_ref().map(|(awards, _)| awards);
        awards.map_or(none, of)
    }
}

async fn accounts(context: &Context<'_>, row: &Row) -> Result<Vec<Key>> {
    reading(context)
        .account_keys(row.key, row.accounts > 1)
        .await
}

/// Badges for milestones that posts of a profile reached, with all its accounts.
async fn of_posts(context: &Context<'_>, row: &Row) -> Result<Vec<Badge>> {
    let keys: Arc<[Key]> = accounts(context, row).await?.into();
    let loader = reading(context).loader();
    let earned = loader.load_many(keys.iter().copied().map(PostMilestonesOf));
    let reached = Awards::by_number(earned.await?.into_values().flatten())?;
    let milestones = &reading(context).rules().milestones;
    let badge = |(number, awards)| {
        let milestone = milestones.post_milestone(number)?;
        let awards_in = AwardsIn::Posts {
            accounts: keys.clone(),
            milestone: i64::try_from(number).ok()?,
        };
        Some(Badge::of_milestone(&milestone).awarded(awards, awards_in))
    };
    Ok(reached.into_iter().filter_map(badge).collect())
}

/// Badges that kudos rules and challenges gave.
async fn of_kudos(context: &Context<'_>, row: &Row) -> Result<Vec<Badge>> {
    let definitions = &reading(context).rules().kudos.badges;
    let badge = |(number, (awards, awards_in)): (usize, _)| {
        let rule = definitions.get(number)?;
        let (key, title) = (rule.id.as_str(), rule.title.as_str());
        let badge = Badge::new(BadgeKind::Kudos, key, title, rule.description.as_str());
        Some(badge.awarded(awards, awards_in))
    };
    let badges = kudos::badges(context, row).await?.into_iter();
    Ok(badges.filter_map(badge).collect())
}

fn of_course(course: Course) -> Option<Badge> {
    let description = format!("Completed the course {}", course.title);
    let award = BadgeAward::from(&course);
    let badge = Badge::new(BadgeKind::Course, course.course, course.badge?, description);
    Some(badge.awarded(Awards::once(course.at), AwardsIn::These(vec![award])))
}

/// Badges that the accounts of a profile were granted elsewhere, each with its latest title.
async fn granted(context: &Context<'_>, row: &Row) -> Result<Vec<Badge>> {
    let keys = accounts(context, row).await?.into_iter();
    let loader = reading(context).loader();
    let granted = loader.load_many(keys.map(GrantedBadgesOf));
    let mut granted: Vec<_> = granted.await?.into_values().flatten().collect();
    granted.sort_unstable_by_key(|badge| (badge.at, badge.key));
    let mut badges: BTreeMap<String, (Badge, Awards, Vec<BadgeAward>)> = BTreeMap::new();
    for granted in granted {
        let award = BadgeAward::from(&granted);
        let once = Awards::once(granted.at);
        let known = badges.remove(&granted.badge);
        let (awards, mut each) =
            known.map_or((once, vec![]), |(_, awards, each)| (awards.and(once), each));
        each.push(award);
        let (key, title) = (granted.badge.clone(), granted.title);
        let description = format!("Granted by {}", granted.source);
        let badge = Badge::new(BadgeKind::Granted, key, title, description);
        badges.insert(granted.badge, (badge, awards, each));
    }
    let badges = badges.into_values();
    Ok(badges
        .map(|(badge, awards, each)| badge.awarded(awards, AwardsIn::These(each)))
        .collect())
}
