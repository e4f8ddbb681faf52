//! Creating, joining and leaving groups.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use plaudit_domain::group::Create;
use plaudit_domain::membership::{Join, Leave};
use plaudit_domain::watch::{UnwatchGroup, WatchGroup};
use plaudit_domain::{Command, GroupId};
use plaudit_replay::Request;
use uuid::Uuid;

use crate::group::Group;
use crate::id::NodeId;
use crate::loader::GroupById;
use crate::reading::reading;

use super::{UserError, perform};

/// What can be done with groups.
#[derive(Debug, Default)]
pub struct GroupMutation;

/// What a group is created with.
#[derive(Debug, InputObject)]
pub struct GroupCreateInput {
    /// Its name: 1 to 100 characters.
    name: String,
    /// What it is about: up to 2,000 characters.
    description: Option<String>,
    /// A key of your choice: a repeat of the request with it creates no second group.
    idempotency_key: Option<Uuid>,
}

/// What creating a group answers.
#[derive(Debug, SimpleObject)]
pub struct GroupCreatePayload {
    /// The group; null if there are errors.
    group: Option<Group>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

/// The group to join.
#[derive(Debug, InputObject)]
pub struct GroupJoinInput {
    /// The group's id.
    group_id: ID,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What joining answers.
#[derive(Debug, SimpleObject)]
pub struct GroupJoinPayload {
    /// The group as it is now; null if there are errors.
    group: Option<Group>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

/// The group to watch.
#[derive(Debug, InputObject)]
pub struct GroupWatchInput {
    /// The group's id.
    group_id: ID,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What watching a group answers.
#[derive(Debug, SimpleObject)]
pub struct GroupWatchPayload {
    /// The group as it is now; null if there are errors.
    group: Option<Group>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

/// The group to watch no longer.
#[derive(Debug, InputObject)]
pub struct GroupUnwatchInput {
    /// The group's id.
    group_id: ID,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What watching a group no longer answers.
#[derive(Debug, SimpleObject)]
pub struct GroupUnwatchPayload {
    /// The group as it is now; null if there are errors.
    group: Option<Group>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

/// The group to leave.
#[derive(Debug, InputObject)]
pub struct GroupLeaveInput {
    /// The group's id.
    group_id: ID,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What leaving answers.
#[derive(Debug, SimpleObject)]
pub struct GroupLeavePayload {
    /// The group as it is now; null if there are errors.
    group: Option<Group>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

#[Object]
impl GroupMutation {
    /// Creates a group. Staff may.
    async fn group_create(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What it is created with.")] input: GroupCreateInput,
    ) -> Result<Option<GroupCreatePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let create = Create {
            group: GroupId(request.new_id("group")),
            name: input.name,
            description: input.description.unwrap_or_default(),
        };
        let (group, user_errors) = change(context, &request, create.group, &create).await?;
        Ok(Some(GroupCreatePayload { group, user_errors }))
    }

    /// Joins a group. Joining twice is no error and changes nothing. Any member may.
    async fn group_join(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The group.")] input: GroupJoinInput,
    ) -> Result<Option<GroupJoinPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let group = NodeId::group(&input.group_id)?;
        let (group, user_errors) = change(context, &request, group, &Join { group }).await?;
        Ok(Some(GroupJoinPayload { group, user_errors }))
    }

    /// Watches a group: whoever does is told of what is posted in it. Any member may, also who isn't in the
    /// group.
    async fn group_watch(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The group.")] input: GroupWatchInput,
    ) -> Result<Option<GroupWatchPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let group = NodeId::group(&input.group_id)?;
        let (group, user_errors) = change(context, &request, group, &WatchGroup { group }).await?;
        Ok(Some(GroupWatchPayload { group, user_errors }))
    }

    /// Stops watching a group. Where it isn't watched, this changes nothing. Any member may.
    async fn group_unwatch(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The group.")] input: GroupUnwatchInput,
    ) -> Result<Option<GroupUnwatchPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let group = NodeId::group(&input.group_id)?;
        let unwatch = UnwatchGroup { group };
        let (group, user_errors) = change(context, &request, group, &unwatch).await?;
        Ok(Some(GroupUnwatchPayload { group, user_errors }))
    }

    /// Leaves a group. Who is no member leaves nothing. Any member may.
    async fn group_leave(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The group.")] input: GroupLeaveInput,
    ) -> Result<Option<GroupLeavePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let group = NodeId::group(&input.group_id)?;
        let (group, user_errors) = change(context, &request, group, &Leave { group }).await?;
        Ok(Some(GroupLeavePayload { group, user_errors }))
    }
}

/// Does something with a group and reads it as it is then.
async fn change(
    context: &Context<'_>,
    request: &Request,
    group: GroupId,
    command: &dyn Command,
) -> Result<(Option<Group>, Vec<UserError>)> {
    let reading = reading(context);
    if let Err(error) = perform(reading, request, command, &[]).await? {
        return Ok((None, vec![error]));
    }
    let group = reading.loader().load_one(GroupById(group)).await?;
    Ok((group.map(Group), vec![]))
}
