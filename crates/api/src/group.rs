//! A group that members post in.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use plaudit_projection::Group as Row;
use plaudit_store::{Cursor, Order, PostFilter};

use crate::account::Account;
use crate::connection::{MemberConnection, MemberEdge, PostConnection, Total};
use crate::id::NodeId;
use crate::loader::{AccountBy, MembersOf, MembershipsOf, PostsIn};
use crate::paging::Paging;
use crate::reading::{reading, referred};
use crate::scalar::{DateTime, int};

/// A group, as the row that it is read from.
#[derive(Debug, Clone)]
pub struct Group(pub Arc<Row>);

/// A group that members post in. Anybody may read it; posting in it takes a membership.
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

    /// When it was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// How many accounts are members.
    async fn member_count(&self) -> i32 {
        int(self.0.members)
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
