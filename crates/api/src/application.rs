//! Applications to lead user groups: to staff, and to who asked.

use async_graphql::{Context, Enum, ID, Object, Result};
use plaudit_domain::{AccountId, GroupId};
use plaudit_projection::Application as Row;
use plaudit_store::Cursor;

use crate::account::Account;
use crate::connection::{PageInfo, page_info};
use crate::group::Group;
use crate::id::NodeId;
use crate::leading::LeaderEligibility;
use crate::loader::{AccountBy, AccountById, ApplicationBy, GroupById};
use crate::paging::{Opaque, Slice};
use crate::profile::Profile;
use crate::reading::{reading, referred};
use crate::scalar::{DateTime, int};

/// What became of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "plaudit_projection::leadership::State")]
pub enum LeadershipApplicationState {
    /// It waits for staff.
    Waiting,
    /// Who asked was made a leader.
    Appointed,
    /// It was declined.
    Declined,
}

/// Somebody would like to lead a user group: one that is there, or one that they propose.
#[derive(Debug, Clone)]
pub struct LeadershipApplication(pub Row);

impl LeadershipApplication {
    /// That of an account for a group, if who asks sees it.
    pub async fn by_id(
        context: &Context<'_>,
        group: GroupId,
        account: AccountId,
    ) -> Result<Option<Self>> {
        let reading = reading(context);
        let Some(account) = reading.loader().load_one(AccountById(account)).await? else {
            return Ok(None);
        };
        if !reading.is_for_owner_and_staff(account.profile).await? {
            return Ok(None);
        }
        let application = ApplicationBy(group, account.key);
        let application = reading.loader().load_one(application).await?;
        Ok(application.map(Self))
    }
}

/// Somebody would like to lead a user group: one that is there, or one that they propose. Staff see it, and
/// who asked.
#[Object(crate = "crate::engine")]
impl LeadershipApplication {
    /// Its opaque id. Somebody has one application for a group: asking again brings it back.
    pub async fn id(&self, context: &Context<'_>) -> Result<ID> {
        let account = self.account(context).await?;
        Ok(NodeId::LeadershipApplication(self.0.group_id, account.0.id).into())
    }

    /// The opaque id of the group: of the one that would be led, or will be there once it is appointed.
    async fn group_id(&self) -> ID {
        NodeId::Group(self.0.group_id).into()
    }

    /// The group; null as long as it is only proposed.
    async fn group(&self, context: &Context<'_>) -> Result<Option<Group>> {
        let loader = reading(context).loader();
        let group = loader.load_one(GroupById(self.0.group_id)).await?;
        Ok(group.map(Group))
    }

    /// The account that asked.
    async fn account(&self, context: &Context<'_>) -> Result<Account> {
        let loader = reading(context).loader();
        let account = loader.load_one(AccountBy(self.0.account)).await?;
        Ok(Account(referred(account)?))
    }

    /// Who that is.
    async fn profile(&self, context: &Context<'_>) -> Result<Profile> {
        self.account(context).await?.profile(context).await
    }

    /// Whether it proposes a group that wasn't there.
    async fn is_proposal(&self) -> bool {
        self.0.is_proposal
    }

    /// Of a proposal, the name that the group would have. Null where it was withheld or erased.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// Of a proposal, what the group would be about. Null where it was withheld or erased.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Of a proposal, where the group would meet. Null where it was withheld or erased.
    async fn location(&self) -> Option<&str> {
        self.0.location.as_deref()
    }

    /// Why they, in their words. Null where these were withheld or erased.
    async fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// Since when it is asked for.
    async fn since(&self) -> DateTime {
        DateTime(self.0.since)
    }

    /// What became of it.
    async fn state(&self) -> LeadershipApplicationState {
        self.0.state.into()
    }

    /// When that was decided.
    async fn decided_at(&self) -> Option<DateTime> {
        self.0.decided_at.map(DateTime)
    }

    /// Why it was declined.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// Whether who asked may lead, as it is now.
    async fn eligibility(&self, context: &Context<'_>) -> Result<LeaderEligibility> {
        LeaderEligibility::of(context, &self.account(context).await?).await
    }
}

/// A page of applications that wait for staff.
pub struct LeadershipApplicationConnection(pub Slice<LeadershipApplicationEdge>);

/// An application in a list.
#[derive(Debug, Clone)]
pub struct LeadershipApplicationEdge(pub LeadershipApplication);

impl LeadershipApplicationEdge {
    fn place(&self) -> Cursor {
        Cursor {
            at: self.0.0.since.as_micros(),
            key: plaudit_projection::Key(self.0.0.position),
        }
    }
}

/// A page of applications that wait for staff.
#[Object(crate = "crate::engine")]
impl LeadershipApplicationConnection {
    /// The applications, with their cursors.
    async fn edges(&self) -> &[LeadershipApplicationEdge] {
        &self.0.rows
    }

    /// The applications.
    async fn nodes(&self) -> Vec<&LeadershipApplication> {
        self.0.rows.iter().map(|edge| &edge.0).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.0, LeadershipApplicationEdge::place)
    }

    /// How many applications wait.
    async fn total_count(&self, context: &Context<'_>) -> Result<i32> {
        Ok(int(reading(context).store().application_count().await?))
    }
}

/// An application in a list.
#[Object(crate = "crate::engine")]
impl LeadershipApplicationEdge {
    /// Its cursor. It stays valid when applications come and go.
    async fn cursor(&self) -> String {
        Opaque(self.place()).encode()
    }

    /// The application.
    async fn node(&self) -> &LeadershipApplication {
        &self.0
    }
}
