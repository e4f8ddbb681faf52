//! Leading user groups: who does, who may, and whether the group is active (DOMAIN G1, G2, G7).

use std::collections::BTreeSet;
use std::sync::Arc;

use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use plaudit_domain::Time;
use plaudit_domain::affiliation::Affiliation;
use plaudit_domain::leadership::{Obstacle, Role};
use plaudit_projection::activity::{self, Activity, DAYS_SHOWN, activity};
use plaudit_projection::{Account as AccountRow, Group as GroupRow, Key, Leader as Row, group};
use plaudit_store::Span;

use crate::account::Account;
use crate::group::Group;
use crate::loader::{
    AccountBy, AccountsOf, GroupBy, HeldOf, LastHeldOf, LeadersOf, LedBy, LozengesOf,
};
use crate::profile::Profile;
use crate::reading::{Reading, reading, referred};
use crate::scalar::{DateTime, int};

const DAY: i64 = 86_400_000_000;

/// The user groups that any of some accounts leads, as they are active at a moment: whoever leads one is
/// an active leader, unless their account is erased.
pub async fn active_groups_led(
    reading: &Reading,
    accounts: &[Key],
    now: Time,
) -> Result<Vec<Arc<GroupRow>>> {
    let led = accounts.iter().copied().map(LedBy);
    let led = reading.loader().load_many(led).await?;
    let leaders = led.keys().map(|LedBy(account)| AccountBy(*account));
    let leaders = reading.loader().load_many(leaders).await?;
    let is_here = |account: Key| {
        leaders
            .get(&AccountBy(account))
            .is_some_and(|it| !it.erased)
    };
    let led = led.into_values().flatten();
    let led: BTreeSet<Key> = led
        .filter(|leader| is_here(leader.account))
        .map(|leader| leader.group_key)
        .collect();
    let groups = reading.loader().load_many(led.into_iter().map(GroupBy));
    let mut groups: Vec<Arc<GroupRow>> = groups.await?.into_values().collect();
    groups.sort_unstable_by_key(|group| group.key);
    let activities = activities(reading, &groups, now).await?;
    let mut activities = activities.into_iter();
    groups.retain(|_| activities.next().is_some_and(|it| it.is_active()));
    Ok(groups)
}

/// How active groups are at a moment, in their order.
pub async fn activities(
    reading: &Reading,
    groups: &[Arc<GroupRow>],
    now: Time,
) -> Result<Vec<Activity>> {
    // What begins at this very moment counts, too.
    let until = Time::from_micros(now.as_micros().saturating_add(1));
    let shown = Span {
        from: Some(Time::from_micros(now.as_micros() - DAYS_SHOWN * DAY)),
        until: Some(until),
    };
    let of_group = |group: &Arc<GroupRow>| HeldOf {
        group: group.key,
        span: shown,
    };
    let last_of = |group: &Arc<GroupRow>| LastHeldOf {
        group: group.key,
        before: until,
    };
    let loader = reading.loader();
    let held = loader.load_many(groups.iter().map(of_group)).await?;
    let last = loader.load_many(groups.iter().map(last_of)).await?;
    let expected = &reading.rules().groups.activity;
    let of = |group: &Arc<GroupRow>| {
        let held = held.get(&of_group(group)).map(Vec::as_slice);
        let held = held.unwrap_or_default();
        let last = last.get(&last_of(group)).copied();
        activity(group.created_at, last, held, now, expected)
    };
    Ok(groups.iter().map(of).collect())
}

/// Whether who asks leads a group, with any of their accounts.
pub async fn leads(context: &Context<'_>, group: Key) -> Result<bool> {
    let reading = reading(context);
    let keys = reading.viewer_keys().await?;
    if keys.is_empty() {
        return Ok(false);
    }
    let leaders = reading.loader().load_one(LeadersOf(group)).await?;
    let mut leaders = leaders.into_iter().flatten();
    Ok(leaders.any(|leader| keys.contains(&leader.account)))
}

/// Whether who asks manages a group: they lead it, or are staff.
pub async fn manages(context: &Context<'_>, group: Key) -> Result<bool> {
    Ok(reading(context).is_staff() || leads(context, group).await?)
}

/// What keeps the owners of some accounts from leading a group, with all their accounts; in their order.
async fn obstacles(context: &Context<'_>, accounts: &[&Account]) -> Result<Vec<Vec<Obstacle>>> {
    let reading = reading(context);
    let loader = reading.loader();
    let linked = accounts.iter().filter(|account| account.0.is_linked());
    let linked = linked.map(|account| AccountsOf(account.0.profile));
    let linked = loader.load_many(linked).await?;
    // Those of a profile that is made of a single account are that.
    let mut everybody: Vec<Vec<&AccountRow>> = Vec::with_capacity(accounts.len());
    for account in accounts {
        everybody.push(match linked.get(&AccountsOf(account.0.profile)) {
            Some(accounts) => accounts.iter().collect(),
            None => vec![&account.0],
        });
    }
    let keys = everybody.iter().flatten().map(|it| LozengesOf(it.key));
    let grants = loader.load_many(keys).await?;
    let conditions = &reading.rules().groups.leaders;
    let of = |(account, all): (&&Account, &Vec<&AccountRow>)| {
        let affiliations = all.iter().filter_map(|it| it.affiliation);
        let grants = all.iter().filter_map(|it| grants.get(&LozengesOf(it.key)));
        let held = grants.flatten().filter(|grant| grant.held);
        let lozenges = held.map(|grant| grant.lozenge.as_str());
        let mut obstacles = conditions.obstacles(affiliations, lozenges);
        if account.0.erased {
            obstacles.push(Obstacle::Erased);
        }
        obstacles
    };
    Ok(accounts.iter().zip(&everybody).map(of).collect())
}

/// As what somebody leads a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Role")]
pub enum LeaderRole {
    /// As a leader.
    Leader,
    /// Beside a leader, and with the same rights.
    CoLeader,
}

/// Whether a user group is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "activity::Status")]
pub enum GroupStatus {
    /// It met not long ago.
    Active,
    /// It is still active, and won't be for long.
    AtRisk,
    /// It isn't any more: its leaders are no active leaders, until it meets again.
    Inactive,
}

/// How active a user group is at a moment.
pub struct GroupActivity {
    pub activity: Activity,
    pub at: Time,
}

/// How active a user group is at a moment. Meetings count from when they began, once a leader confirmed
/// that they were held; a new group counts as if it had met when it was created.
#[Object(crate = "crate::engine")]
impl GroupActivity {
    /// The moment.
    async fn at(&self) -> DateTime {
        DateTime(self.at)
    }

    /// Whether it is active.
    async fn status(&self) -> GroupStatus {
        self.activity.status.into()
    }

    /// Since when it has this status.
    async fn since(&self) -> DateTime {
        DateTime(self.activity.since)
    }

    /// When the last of its meetings began that were held; null if there was none.
    async fn last_held_at(&self) -> Option<DateTime> {
        self.activity.last_held_at.map(DateTime)
    }

    /// From when on it is at risk, if it doesn't meet.
    async fn at_risk_at(&self) -> DateTime {
        DateTime(self.activity.at_risk_at)
    }

    /// The last moment at which it is active, if it doesn't meet.
    async fn active_until(&self) -> DateTime {
        DateTime(self.activity.active_until)
    }

    /// How many days it is still active, if it doesn't meet; one that has begun counts.
    async fn days_left(&self) -> i32 {
        int(self.activity.days_left)
    }

    /// How many meetings it held in the last 365 days.
    async fn held_last365_days(&self) -> i32 {
        int(self.activity.held_last_year.into())
    }

    /// How many meetings it should have held in the last 365 days at least.
    async fn minimum(&self) -> i32 {
        int(self.activity.minimum.into())
    }

    /// Whether it held as many in the last 365 days as it should have.
    async fn meets_minimum(&self) -> bool {
        self.activity.meets_minimum()
    }

    /// How many meetings it held in each of the last twelve calendar months, in UTC. The last one is the
    /// month of the moment.
    async fn months(&self) -> Vec<i32> {
        let months = self.activity.months.iter();
        months.map(|&held| int(held.into())).collect()
    }

    /// In how many of the last twelve calendar months it held as many meetings as it ideally does.
    async fn ideal_months(&self) -> i32 {
        int(self.activity.ideal_months.into())
    }

    /// How many meetings it ideally holds in a month.
    async fn ideal_per_month(&self, context: &Context<'_>) -> i32 {
        let expected = &reading(context).rules().groups.activity;
        int(expected.ideal_per_month.into())
    }
}

/// Whether somebody may lead user groups. Employees, solution partners and organisations under contract
/// may attend, sponsor and speak.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct LeaderEligibility {
    /// Whether they may.
    is_eligible: bool,
    /// What keeps them from it; nothing, if they may.
    obstacles: Vec<LeaderObstacle>,
}

/// What keeps somebody from leading user groups.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct LeaderObstacle {
    /// What it is.
    kind: LeaderObstacleKind,
    /// What programs know the lozenge by, if it is one.
    lozenge_key: Option<String>,
    /// The same for people: they are somebody who may not lead, like "an employee".
    why: String,
}

/// What can keep somebody from leading user groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum LeaderObstacleKind {
    /// They work for whoever runs the community.
    Employee,
    /// They work for a solution partner.
    SolutionPartner,
    /// They work for an organisation under contract.
    Contractor,
    /// They have a lozenge that leaders may not have.
    Lozenge,
    /// Their account is erased.
    Erased,
}

impl From<Obstacle> for LeaderObstacle {
    fn from(obstacle: Obstacle) -> Self {
        let why = obstacle.to_string();
        let (kind, lozenge_key) = match obstacle {
            Obstacle::Affiliation(Affiliation::Employee) => (LeaderObstacleKind::Employee, None),
            Obstacle::Affiliation(Affiliation::SolutionPartner) => {
                (LeaderObstacleKind::SolutionPartner, None)
            }
            Obstacle::Affiliation(Affiliation::Contractor) => {
                (LeaderObstacleKind::Contractor, None)
            }
            Obstacle::Lozenge(lozenge) => (LeaderObstacleKind::Lozenge, Some(lozenge)),
            Obstacle::Erased => (LeaderObstacleKind::Erased, None),
        };
        Self {
            kind,
            lozenge_key,
            why,
        }
    }
}

impl LeaderEligibility {
    /// That of the owner of an account.
    pub async fn of(context: &Context<'_>, account: &Account) -> Result<Self> {
        let obstacles = obstacles(context, &[account]).await?;
        let obstacles = obstacles.into_iter().flatten().collect::<Vec<_>>();
        Ok(Self {
            is_eligible: obstacles.is_empty(),
            obstacles: obstacles.into_iter().map(LeaderObstacle::from).collect(),
        })
    }
}

/// An account that leads a user group.
pub struct GroupLeader {
    pub row: Row,
    pub account: Account,
}

impl GroupLeader {
    /// Who leads a group, leaders before co-leaders, and in the order of their appointment.
    pub async fn all_of(context: &Context<'_>, group: Key) -> Result<Vec<Self>> {
        let leaders = reading(context).loader().load_one(LeadersOf(group)).await?;
        let mut leaders = leaders.unwrap_or_default();
        leaders.sort_unstable_by_key(|leader| (leader.role != Role::Leader, leader.position));
        Self::with_accounts(context, leaders).await
    }

    /// What a profile leads, in the order of appointment; a group that several of its accounts lead once.
    pub async fn led_by(context: &Context<'_>, accounts: &[Key]) -> Result<Vec<Self>> {
        let led = accounts.iter().copied().map(LedBy);
        let led = reading(context).loader().load_many(led).await?;
        let mut led: Vec<Row> = led.into_values().flatten().collect();
        led.sort_unstable_by_key(|leader| (leader.role != Role::Leader, leader.position));
        let mut seen = BTreeSet::new();
        led.retain(|leader| seen.insert(leader.group_key));
        Self::with_accounts(context, led).await
    }

    /// Leaders with their accounts.
    pub async fn with_accounts(context: &Context<'_>, leaders: Vec<Row>) -> Result<Vec<Self>> {
        let accounts = leaders.iter().map(|leader| AccountBy(leader.account));
        let accounts = reading(context).loader().load_many(accounts).await?;
        let with_account = |row: Row| {
            let account = referred(accounts.get(&AccountBy(row.account)).cloned())?;
            Ok(Self {
                row,
                account: Account(account),
            })
        };
        leaders.into_iter().map(with_account).collect()
    }

    /// Those of some leaders whom something keeps from leading.
    pub async fn ineligible(context: &Context<'_>, leaders: Vec<Self>) -> Result<Vec<Self>> {
        let accounts: Vec<_> = leaders.iter().map(|leader| &leader.account).collect();
        let obstacles = obstacles(context, &accounts).await?;
        let both = leaders.into_iter().zip(obstacles);
        let ineligible = both.filter(|(_, obstacles)| !obstacles.is_empty());
        Ok(ineligible.map(|(leader, _)| leader).collect())
    }

    /// Whether who asks sees more than that they lead: staff, and everybody where the profile is public.
    async fn shows(&self, context: &Context<'_>) -> Result<bool> {
        Ok(reading(context).is_staff() || self.account.is_shown(context).await?)
    }
}

/// Somebody leads a user group.
#[Object(crate = "crate::engine")]
impl GroupLeader {
    /// The group.
    async fn group(&self, context: &Context<'_>) -> Result<Group> {
        let loader = reading(context).loader();
        let group = loader.load_one(GroupBy(self.row.group_key)).await?;
        Ok(Group(referred(group)?))
    }

    /// The account that leads it.
    async fn account(&self) -> &Account {
        &self.account
    }

    /// Who that is.
    async fn profile(&self, context: &Context<'_>) -> Result<Profile> {
        self.account.profile(context).await
    }

    /// As what.
    async fn role(&self) -> LeaderRole {
        self.row.role.into()
    }

    /// Since when. Null for others while the profile is private.
    async fn since(&self, context: &Context<'_>) -> Result<Option<DateTime>> {
        let shows = self.shows(context).await?;
        Ok(shows.then_some(DateTime(self.row.since)))
    }

    /// Whether they still may. Who becomes ineligible leads on, until staff decide. Null for others
    /// while the profile is private.
    async fn eligibility(&self, context: &Context<'_>) -> Result<Option<LeaderEligibility>> {
        if !self.shows(context).await? {
            return Ok(None);
        }
        Ok(Some(LeaderEligibility::of(context, &self.account).await?))
    }

    /// Whether they are an active leader: their group is active, and their account isn't erased. It
    /// brings the benefits of leaders.
    async fn is_active(&self, context: &Context<'_>) -> Result<bool> {
        if self.account.0.erased {
            return Ok(false);
        }
        let reading = reading(context);
        let group = reading.loader().load_one(GroupBy(self.row.group_key));
        let group = [referred(group.await?)?];
        let activities = activities(reading, &group, reading.now()).await?;
        Ok(activities.iter().all(Activity::is_active))
    }
}

/// Whether a group has leaders and meetings.
pub fn is_user_group(group: &GroupRow) -> bool {
    group.kind == group::Kind::User
}
