//! A group that members post in, or that meets.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use plaudit_projection::Group as Row;
use plaudit_store::{Cursor, Order, PostFilter};

use crate::account::{Account, Origin};
use crate::application::LeadershipApplication;
use crate::connection::{MemberConnection, MemberEdge, PostConnection, Total};
use crate::id::NodeId;
use crate::leading::{GroupActivity, GroupLeader, activities, is_user_group, leads, manages};
use crate::loader::{
    AccountBy, ApplicationBy, GroupWatchedBy, MeetingCountOf, MeetingsOf, MembersOf, MembershipsOf,
    PostsIn,
};
use crate::meeting::{MeetingConnection, MeetingFilter, MeetingTotal};
use crate::paging::Paging;
use crate::reading::{reading, referred};
use crate::scalar::{DateTime, int};

/// A group, as the row that it is read from.
#[derive(Debug, Clone)]
pub struct Group(pub Arc<Row>);

/// The kinds of group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "plaudit_projection::group::Kind")]
pub enum GroupKind {
    /// Members post in it.
    Forum,
    /// It has leaders, and meets; members may post in it, too.
    User,
}

/// Which groups.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct GroupFilter {
    /// Only those of this kind.
    pub kind: Option<GroupKind>,
}

/// A group that members post in, or one that meets, too. Anybody may read it; posting in it takes a
/// membership.
#[Object(crate = "crate::engine")]
impl Group {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        NodeId::Group(self.0.id).into()
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it is about.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// Its kind.
    async fn kind(&self) -> GroupKind {
        self.0.kind.into()
    }

    /// Where a user group meets; null for a forum group.
    async fn location(&self) -> Option<&str> {
        self.0.location.as_deref()
    }

    /// Whether articles in it are reviewed before they are published.
    async fn is_moderated(&self) -> bool {
        self.0.moderated
    }

    /// Where it was before, if it was imported.
    async fn origin(&self) -> Option<Origin> {
        Origin::of(self.0.origin.as_deref())
    }

    /// When it was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// How many accounts are members.
    async fn member_count(&self) -> i32 {
        int(self.0.members)
    }

    /// How many accounts watch it: they are told of what is posted in it.
    async fn watcher_count(&self) -> i32 {
        int(self.0.watchers)
    }

    /// Whether who asks watches it.
    async fn viewer_is_watching(&self, context: &Context<'_>) -> Result<bool> {
        let reading = reading(context);
        let Some(account) = reading.viewer_key().await? else {
            return Ok(false);
        };
        let group = self.0.key;
        let watched = reading
            .loader()
            .load_one(GroupWatchedBy { account, group })
            .await?;
        Ok(watched.is_some())
    }

    /// Whether who asks is a member, with any of their accounts: then they may post in it. They leave
    /// it as the account that joined.
    async fn viewer_is_member(&self, context: &Context<'_>) -> Result<bool> {
        let reading = reading(context);
        let Some(viewer) = reading.viewer_account().await? else {
            return Ok(false);
        };
        let keys = reading
            .account_keys(viewer.profile, viewer.is_linked())
            .await?;
        let keys = keys.into_iter().map(MembershipsOf);
        let memberships = reading.loader().load_many(keys).await?;
        let mut memberships = memberships.into_values().flatten();
        Ok(memberships.any(|membership| membership.group_key == self.0.key))
    }

    /// Its members, the latest first.
    async fn members(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<MemberConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Descending)?;
        let members = MembersOf {
            group: self.0.key,
            page: part.page,
        };
        let loader = reading(context).loader();
        let slice = part.slice(loader.load_one(members).await?.unwrap_or_default());
        let accounts = slice.rows.iter().map(|member| AccountBy(member.account));
        let mut accounts = loader.load_many(accounts).await?;
        let slice = slice.try_map(|member| {
            let account = referred(accounts.remove(&AccountBy(member.account)))?;
            Ok::<_, async_graphql::Error>(MemberEdge {
                cursor: Cursor {
                    at: member.position,
                    key: member.account,
                },
                joined_at: DateTime(member.at),
                node: Account(account),
            })
        })?;
        Ok(MemberConnection::new(slice, self.0.members))
    }

    /// How active it is, now or at another moment: of an earlier one, by the meetings held until then; of
    /// a later one, if it doesn't meet until then. Null for a forum group, and before it was created.
    async fn activity(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The moment; by default now.")] at: Option<DateTime>,
    ) -> Result<Option<GroupActivity>> {
        let reading = reading(context);
        // One that was created by this very operation is there, too.
        let now = reading.now().max(self.0.created_at);
        let at = at.map_or(now, |DateTime(at)| at);
        if !is_user_group(&self.0) || at < self.0.created_at {
            return Ok(None);
        }
        let activities = activities(reading, std::slice::from_ref(&self.0), at).await?;
        let activity = activities.into_iter().next();
        Ok(activity.map(|activity| GroupActivity { activity, at }))
    }

    /// Who leads it, leaders before co-leaders, in the order of their appointment.
    async fn leaders(&self, context: &Context<'_>) -> Result<Vec<GroupLeader>> {
        GroupLeader::all_of(context, self.0.key).await
    }

    /// Its meetings.
    async fn meetings(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which; by default those to come.")] filter: Option<MeetingFilter>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<MeetingConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let reading = reading(context);
        let (span, order) = MeetingFilter::span(filter, reading.now());
        let part = paging.part(order)?;
        let group = self.0.key;
        let page = part.page;
        let meetings = MeetingsOf { group, span, page };
        let meetings = reading.loader().load_one(meetings).await?;
        let total = MeetingTotal::Counted(MeetingCountOf { group, span });
        Ok(MeetingConnection::new(
            part,
            meetings.unwrap_or_default(),
            Some(total),
        ))
    }

    /// Where its calendar is, below the address of the server: for programs that subscribe to it. Null
    /// for a forum group.
    async fn calendar_path(&self) -> Option<String> {
        let id: ID = NodeId::Group(self.0.id).into();
        is_user_group(&self.0).then(|| format!("/groups/{}.ics", *id))
    }

    /// Whether who asks leads it, with any of their accounts.
    async fn viewer_leads(&self, context: &Context<'_>) -> Result<bool> {
        leads(context, self.0.key).await
    }

    /// Whether who asks may change it and schedule its meetings: its leaders, and staff.
    async fn viewer_can_manage(&self, context: &Context<'_>) -> Result<bool> {
        manages(context, self.0.key).await
    }

    /// The application of who asks to lead it, the latest of all their accounts; null if there is none.
    async fn viewer_application(
        &self,
        context: &Context<'_>,
    ) -> Result<Option<LeadershipApplication>> {
        let reading = reading(context);
        let accounts = reading.viewer_keys().await?.into_iter();
        let applications = accounts.map(|account| ApplicationBy(self.0.id, account));
        let applications = reading.loader().load_many(applications).await?;
        let latest = applications.into_values().max_by_key(|it| it.position);
        Ok(latest.map(LeadershipApplication))
    }

    /// What was posted in it, of every kind, newest first.
    async fn posts(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<PostConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Descending)?;
        let posts = PostsIn {
            group: self.0.key,
            page: part.page,
        };
        let posts = reading(context).loader().load_one(posts).await?;
        let total = Total::Counted(PostFilter {
            group: Some(self.0.key),
            ..PostFilter::default()
        });
        Ok(PostConnection::new(part, posts.unwrap_or_default(), total))
    }
}
