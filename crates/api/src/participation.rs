//! What a member does at meetings, and in leading user groups (DOMAIN P1, G1, G10).

use std::sync::Arc;

use async_graphql::{Context, Object, Result};
use plaudit_projection::{Benefit, Key, Profile as Row};
use plaudit_store::Order;

use crate::application::LeadershipApplication;
use crate::benefit::BenefitRequestConnection;
use crate::group::Group;
use crate::leading::{GroupLeader, active_groups_led};
use crate::loader::{ApplicationsOf, BenefitsOf};
use crate::meeting::{MeetingConnection, MeetingFilter, MeetingTotal};
use crate::paging::{Paging, merged};
use crate::reading::{Reading, reading};
use crate::scalar::int;

/// A member's meetings, by the row of a profile that may be seen.
pub struct ProfileMeetings(pub Arc<Row>);

/// What a member leads, by the row of a profile that may be seen.
pub struct ProfileLeading(pub Arc<Row>);

async fn accounts(reading: &Reading, row: &Row) -> Result<Vec<Key>> {
    reading.account_keys(row.key, row.accounts > 1).await
}

/// A member's meetings, over all accounts.
#[Object(crate = "crate::engine")]
impl ProfileMeetings {
    /// At how many meetings the member was seen.
    async fn attended_count(&self, context: &Context<'_>) -> Result<i32> {
        let reading = reading(context);
        let accounts = accounts(reading, &self.0).await?;
        let count = reading.store().meetings_attended_count(&accounts).await?;
        Ok(int(count))
    }

    /// Those at which the member was seen, the latest first. The member sees them, and staff; null for
    /// everybody else.
    async fn attended(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<Option<MeetingConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Descending)?;
        let reading = reading(context);
        if !reading.is_for_owner_and_staff(self.0.key).await? {
            return Ok(None);
        }
        let accounts = accounts(reading, &self.0).await?;
        let store = reading.store();
        let meetings = store.meetings_attended(&accounts, part.page).await?;
        let meetings = meetings.into_iter().map(Arc::new).collect();
        let total = MeetingTotal::Known(store.meetings_attended_count(&accounts).await?);
        Ok(Some(MeetingConnection::new(part, meetings, Some(total))))
    }

    /// Those that the member goes to, or waits for a place at. The member sees them; null for everybody
    /// else.
    async fn going(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which; by default those to come.")] filter: Option<MeetingFilter>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<Option<MeetingConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let reading = reading(context);
        let (span, order) = MeetingFilter::span(filter, reading.now());
        let part = paging.part(order)?;
        if !reading.is_profile_of_viewer(self.0.key).await? {
            return Ok(None);
        }
        let accounts = accounts(reading, &self.0).await?;
        let store = reading.store();
        let meetings = store.meetings_with(&accounts, span, part.page).await?;
        let meetings = meetings.into_iter().map(Arc::new).collect();
        Ok(Some(MeetingConnection::new(part, meetings, None)))
    }
}

/// What a member leads, over all accounts, and what they asked for.
#[Object(crate = "crate::engine")]
impl ProfileLeading {
    /// The user groups that the member leads.
    async fn groups(&self, context: &Context<'_>) -> Result<Vec<GroupLeader>> {
        let accounts = accounts(reading(context), &self.0).await?;
        GroupLeader::led_by(context, &accounts).await
    }

    /// The user groups that the member leads and that are active: whoever leads one is an active leader.
    async fn active_groups(&self, context: &Context<'_>) -> Result<Vec<Group>> {
        let reading = reading(context);
        let accounts = accounts(reading, &self.0).await?;
        let groups = active_groups_led(reading, &accounts, reading.now()).await?;
        Ok(groups.into_iter().map(Group).collect())
    }

    /// The member's applications to lead, the latest first. The member sees them, and staff; null for
    /// everybody else.
    async fn applications(
        &self,
        context: &Context<'_>,
    ) -> Result<Option<Vec<LeadershipApplication>>> {
        let reading = reading(context);
        if !reading.is_for_owner_and_staff(self.0.key).await? {
            return Ok(None);
        }
        let accounts = accounts(reading, &self.0).await?.into_iter();
        let applications = reading.loader().load_many(accounts.map(ApplicationsOf));
        let mut applications: Vec<_> = applications.await?.into_values().flatten().collect();
        applications.sort_unstable_by_key(|it| std::cmp::Reverse(it.position));
        let applications = applications.into_iter().map(LeadershipApplication);
        Ok(Some(applications.collect()))
    }

    /// What the member asked for as a leader, the latest first. The member sees it, and staff; null for
    /// everybody else.
    async fn benefit_requests(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<Option<BenefitRequestConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Descending)?;
        let reading = reading(context);
        if !reading.is_for_owner_and_staff(self.0.key).await? {
            return Ok(None);
        }
        let page = part.page;
        let accounts = accounts(reading, &self.0).await?.into_iter();
        let pages = accounts.map(|account| BenefitsOf { account, page });
        let pages = reading.loader().load_many(pages).await?;
        let requests = pages.into_values().flatten().collect();
        let place = |request: &Benefit| (request.requested_at, request.key);
        let requests = merged(requests, page, place);
        Ok(Some(BenefitRequestConnection::new(part, requests, None)))
    }
}
