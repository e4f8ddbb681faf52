//! How user groups are, for staff.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, Result};
use plaudit_projection::activity::{Activity, Status};
use plaudit_projection::group;
use plaudit_store::{Cursor, Order, Page};

use crate::application::{
    LeadershipApplication, LeadershipApplicationConnection, LeadershipApplicationEdge,
};
use crate::benefit::{BenefitRequestConnection, BenefitRequestFilter, BenefitState};
use crate::connection::{PageInfo, page_info};
use crate::group::Group;
use crate::leading::{GroupActivity, GroupLeader, GroupStatus, activities};
use crate::loader::LeadersOf;
use crate::paging::{Opaque, Paging, Slice, is_beyond, merged};
use crate::presentation::Presentation;
use crate::reading::{Reading, reading};
use crate::scalar::{DateTime, int};

/// How user groups are at a moment, and what waits for staff.
pub struct GroupOverview {
    at: DateTime,
    groups: Vec<(Group, Activity)>,
}

/// How a user group is.
pub struct GroupStanding {
    group: Group,
    activity: Activity,
    at: DateTime,
}

/// Which user groups.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct GroupStandingFilter {
    /// Those with this status.
    pub status: GroupStatus,
}

/// A page of how user groups are.
pub struct GroupStandingConnection {
    slice: Slice<GroupStanding>,
    total: i32,
}

/// So many presentations that nobody reviewed come at once.
const PRESENTATIONS_MAX: u32 = 100;

impl GroupOverview {
    /// All user groups at a moment, those with the fewest days left first.
    pub async fn of(reading: &Reading, at: DateTime) -> Result<Self> {
        let all = Page {
            order: Order::Ascending,
            after: None,
            limit: u32::MAX,
        };
        let groups = reading.store().group_page(Some(group::Kind::User), all);
        let groups: Vec<_> = groups.await?.into_iter().map(Arc::new).collect();
        // One that wasn't there yet isn't counted.
        let groups: Vec<_> = groups
            .into_iter()
            .filter(|it| it.created_at <= at.0)
            .collect();
        let activities = activities(reading, &groups, at.0).await?;
        let mut groups: Vec<_> = groups.into_iter().map(Group).zip(activities).collect();
        groups.sort_by_key(|(group, activity)| (activity.active_until, group.0.key));
        Ok(Self { at, groups })
    }

    fn count(&self, status: Status) -> i32 {
        let groups = self.groups.iter();
        let of = groups.filter(|(_, activity)| activity.status == status);
        int(i64::try_from(of.count()).unwrap_or(i64::MAX))
    }
}

/// How user groups are at a moment, and what waits for staff now.
#[Object(crate = "crate::engine")]
impl GroupOverview {
    /// How many groups are active, and not at risk.
    async fn active_count(&self) -> i32 {
        self.count(Status::Active)
    }

    /// How many are at risk.
    async fn at_risk_count(&self) -> i32 {
        self.count(Status::AtRisk)
    }

    /// How many are inactive.
    async fn inactive_count(&self) -> i32 {
        self.count(Status::Inactive)
    }

    /// How each group is, those with the fewest days left first.
    async fn groups(
        &self,
        #[graphql(desc = "Which; by default all.")] filter: Option<GroupStandingFilter>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<GroupStandingConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Ascending)?;
        let groups = self.groups.iter();
        let is_asked = |it: &&(Group, Activity)| {
            filter.is_none_or(|filter| GroupStatus::from(it.1.status) == filter.status)
        };
        let standing = |(group, activity): &(Group, Activity)| GroupStanding {
            group: group.clone(),
            activity: activity.clone(),
            at: self.at,
        };
        let groups: Vec<_> = groups.filter(is_asked).collect();
        let total = int(i64::try_from(groups.len()).unwrap_or(i64::MAX));
        let beyond = groups.into_iter().map(standing);
        let beyond = beyond.filter(|it| is_beyond(part.page, it.place()));
        let page = merged(beyond.collect(), part.page, GroupStanding::place);
        let slice = part.slice(page);
        Ok(GroupStandingConnection { slice, total })
    }

    /// Leaders who may not lead any more.
    async fn ineligible_leaders(&self, context: &Context<'_>) -> Result<Vec<GroupLeader>> {
        let groups = self.groups.iter().map(|(group, _)| LeadersOf(group.0.key));
        let leaders = reading(context).loader().load_many(groups).await?;
        let mut leaders: Vec<_> = leaders.into_values().flatten().collect();
        leaders.sort_unstable_by_key(|leader| leader.position);
        let leaders = GroupLeader::with_accounts(context, leaders).await?;
        GroupLeader::ineligible(context, leaders).await
    }

    /// Applications that wait, the longest first.
    async fn applications(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<LeadershipApplicationConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Ascending)?;
        let store = reading(context).store();
        let slice = part.slice(store.application_page(part.page).await?);
        let edge = |row| {
            let application = LeadershipApplication(row);
            Ok::<_, async_graphql::Error>(LeadershipApplicationEdge(application))
        };
        Ok(LeadershipApplicationConnection(slice.try_map(edge)?))
    }

    /// What leaders asked for, the oldest first.
    async fn benefit_requests(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which; by default those that wait.")] filter: Option<
            BenefitRequestFilter,
        >,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<BenefitRequestConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Ascending)?;
        let state = filter.map_or(BenefitState::Requested, |filter| filter.state);
        let store = reading(context).store();
        let requests = store.benefit_page(state.into(), part.page).await?;
        Ok(BenefitRequestConnection::new(
            part,
            requests,
            Some(state.into()),
        ))
    }

    /// Presentations that no leader has looked at, the oldest first: at most 100.
    async fn unreviewed_presentations(&self, context: &Context<'_>) -> Result<Vec<Presentation>> {
        let oldest = Page {
            order: Order::Ascending,
            after: None,
            limit: PRESENTATIONS_MAX,
        };
        let reading = reading(context);
        let rows = reading
            .store()
            .presentations_to_review(reading.now(), oldest);
        let rows = rows.await?.into_iter();
        Ok(rows.map(|row| Presentation(Arc::new(row))).collect())
    }

    /// How many presentations no leader has looked at.
    async fn unreviewed_presentation_count(&self, context: &Context<'_>) -> Result<i32> {
        let reading = reading(context);
        let count = reading.store().presentations_to_review_count(reading.now());
        Ok(int(count.await?))
    }
}

impl GroupStanding {
    /// Where it stands among others: those with the fewest days left come first.
    fn place(&self) -> Cursor {
        Cursor {
            at: self.activity.active_until.as_micros(),
            key: self.group.0.key,
        }
    }
}

/// A page of how user groups are at a moment.
#[Object(crate = "crate::engine")]
impl GroupStandingConnection {
    /// How each is, with its cursor.
    async fn edges(&self) -> Vec<GroupStandingEdge<'_>> {
        self.slice.rows.iter().map(GroupStandingEdge).collect()
    }

    /// How each is.
    async fn nodes(&self) -> &[GroupStanding] {
        &self.slice.rows
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.slice, GroupStanding::place)
    }

    /// How many there are on all pages.
    async fn total_count(&self) -> i32 {
        self.total
    }
}

/// How a user group is, in a list.
pub struct GroupStandingEdge<'a>(&'a GroupStanding);

/// How a user group is, in a list.
#[Object(crate = "crate::engine")]
impl GroupStandingEdge<'_> {
    /// Its cursor. It stays valid until the group meets.
    async fn cursor(&self) -> String {
        Opaque(self.0.place()).encode()
    }

    /// How it is.
    async fn node(&self) -> &GroupStanding {
        self.0
    }
}

/// How a user group is at a moment.
#[Object(crate = "crate::engine")]
impl GroupStanding {
    /// The group.
    async fn group(&self) -> &Group {
        &self.group
    }

    /// How active it is.
    async fn activity(&self) -> GroupActivity {
        GroupActivity {
            activity: self.activity.clone(),
            at: self.at.0,
        }
    }
}
