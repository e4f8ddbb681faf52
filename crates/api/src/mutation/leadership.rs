//! User groups, and who leads them (DOMAIN G1, G2).

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use plaudit_domain::group::{Change, CreateUserGroup};
use plaudit_domain::leadership::{Appoint, Decline, Propose, Remove, Request as Ask, StandDown};
use plaudit_domain::{AccountId, Command, GroupId, affiliation};
use plaudit_replay::Request;
use uuid::Uuid;

use crate::account::Account;
use crate::application::LeadershipApplication;
use crate::group::Group;
use crate::id::NodeId;
use crate::leading::{LeaderEligibility, LeaderRole};
use crate::loader::{AccountById, ApplicationBy, GroupById};
use crate::reading::{Reading, reading};

use super::payload::payload;
use super::{UserError, perform};

/// What can be done with user groups and their leaders.
#[derive(Debug, Default)]
pub struct LeadershipMutation;

/// For whom somebody works, as far as it keeps them from leading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "affiliation::Affiliation")]
pub enum Affiliation {
    /// For whoever runs the community.
    Employee,
    /// For a solution partner.
    SolutionPartner,
    /// For an organisation under contract.
    Contractor,
}

/// What a user group is created with.
#[derive(Debug, InputObject)]
pub struct UserGroupCreateInput {
    /// Its name: 1 to 100 characters.
    name: String,
    /// What it is about: up to 2,000 characters.
    description: Option<String>,
    /// Where it meets: 1 to 100 characters.
    location: String,
    /// A key of your choice: a repeat of the request with it creates no second group.
    idempotency_key: Option<Uuid>,
}

/// What is proposed.
#[derive(Debug, InputObject)]
pub struct UserGroupProposeInput {
    /// The group's name: 1 to 100 characters.
    name: String,
    /// What it would be about: up to 2,000 characters.
    description: Option<String>,
    /// Where it would meet: 1 to 100 characters.
    location: String,
    /// Why you: 1 to 2,000 characters.
    message: String,
    /// A key of your choice: a repeat of the request with it proposes nothing again.
    idempotency_key: Option<Uuid>,
}

/// What a group is from now on; what is absent stays as it is.
#[derive(Debug, InputObject)]
pub struct GroupChangeInput {
    /// The group's id.
    group_id: ID,
    /// Its name: 1 to 100 characters.
    name: Option<String>,
    /// What it is about: up to 2,000 characters.
    description: Option<String>,
    /// Where a user group meets: 1 to 100 characters.
    location: Option<String>,
    /// Whether articles in it are reviewed before they are published. Staff may change it.
    is_moderated: Option<bool>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What is asked for.
#[derive(Debug, InputObject)]
pub struct LeadershipRequestInput {
    /// The group's id.
    group_id: ID,
    /// Why you: 1 to 2,000 characters.
    message: String,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What is declined.
#[derive(Debug, InputObject)]
pub struct LeadershipDeclineInput {
    /// The id of the group, also of one that is only proposed.
    group_id: ID,
    /// The id of the account that asked.
    account_id: ID,
    /// Why, for who asked: 1 to 2,000 characters.
    reason: String,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// Who leads what.
#[derive(Debug, InputObject)]
pub struct LeaderAppointInput {
    /// The id of the group, also of one that is only proposed: then it comes to be.
    group_id: ID,
    /// The id of the account that will lead it.
    account_id: ID,
    /// As what.
    #[graphql(default_with = "LeaderRole::Leader")]
    role: LeaderRole,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// Who leads what no more.
#[derive(Debug, InputObject)]
pub struct LeadershipEndInput {
    /// The group's id.
    group_id: ID,
    /// The id of the account that leads it, for staff. Without it, you give it up yourself.
    account_id: Option<ID>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// For whom somebody works.
#[derive(Debug, InputObject)]
pub struct AffiliationChangeInput {
    /// The id of the account.
    account_id: ID,
    /// For whom its owner works; null for none of these.
    affiliation: Option<Affiliation>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

payload! {
    /// What creating a user group answers.
    UserGroupCreatePayload {
        /// The group; null if there are errors.
        group: Group
    }
}
payload! {
    /// What proposing a user group answers.
    UserGroupProposePayload {
        /// The proposal, which waits for staff; null if there are errors.
        application: LeadershipApplication
    }
}
payload! {
    /// What changing a group answers.
    GroupChangePayload {
        /// The group as it is now; null if there are errors.
        group: Group
    }
}
payload! {
    /// What asking to lead answers.
    LeadershipRequestPayload {
        /// The application, which waits for staff; null if there are errors.
        application: LeadershipApplication
    }
}
payload! {
    /// What declining answers.
    LeadershipDeclinePayload {
        /// The application as it is now; null if there are errors.
        application: LeadershipApplication
    }
}
payload! {
    /// What appointing a leader answers.
    LeaderAppointPayload {
        /// The group as it is now; null if there are errors.
        group: Group
    }
}
payload! {
    /// What ending leadership answers.
    LeadershipEndPayload {
        /// The group as it is now; null if there are errors.
        group: Group
    }
}
payload! {
    /// What noting for whom somebody works answers.
    AffiliationChangePayload {
        /// Whether they may lead user groups now; null if there are errors.
        eligibility: LeaderEligibility
    }
}

#[Object]
impl LeadershipMutation {
    /// Creates a user group. Staff may; others propose one.
    async fn user_group_create(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What it is created with.")] input: UserGroupCreateInput,
    ) -> Result<Option<UserGroupCreatePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let group = GroupId(request.new_id("group"));
        let create = CreateUserGroup {
            group,
            name: input.name,
            description: input.description.unwrap_or_default(),
            location: input.location,
        };
        let done = change(context, &request, group, &create).await?;
        Ok(Some(done.into()))
    }

    /// Proposes a user group that you would lead. It comes to be when staff appoint you. Any member may
    /// who is eligible.
    async fn user_group_propose(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What it would be.")] input: UserGroupProposeInput,
    ) -> Result<Option<UserGroupProposePayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let group = GroupId(request.new_id("group"));
        let propose = Propose {
            group,
            name: input.name,
            description: input.description.unwrap_or_default(),
            location: input.location,
            message: input.message,
            conditions: reading.rules().groups.leaders.clone(),
        };
        let of = (group, request.actor.account);
        let done = apply(reading, &request, of, &propose).await?;
        Ok(Some(done.into()))
    }

    /// Changes a group. Staff may, and leaders of a user group.
    async fn group_change(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What it is from now on.")] input: GroupChangeInput,
    ) -> Result<Option<GroupChangePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let group = NodeId::group(&input.group_id)?;
        let command = Change {
            group,
            name: input.name,
            description: input.description,
            location: input.location,
            moderated: input.is_moderated,
        };
        let done = change(context, &request, group, &command).await?;
        Ok(Some(done.into()))
    }

    /// Asks to lead a user group that is there. Any member may who is eligible.
    async fn leadership_request(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which group, and why you.")] input: LeadershipRequestInput,
    ) -> Result<Option<LeadershipRequestPayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let group = NodeId::group(&input.group_id)?;
        let ask = Ask {
            group,
            message: input.message,
            conditions: reading.rules().groups.leaders.clone(),
        };
        let of = (group, request.actor.account);
        let done = apply(reading, &request, of, &ask).await?;
        Ok(Some(done.into()))
    }

    /// Declines a proposal, or that somebody leads a group. Who asked sees why. Staff may.
    async fn leadership_decline(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Whose, and why.")] input: LeadershipDeclineInput,
    ) -> Result<Option<LeadershipDeclinePayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let decline = Decline {
            group: NodeId::group(&input.group_id)?,
            account: NodeId::account(&input.account_id)?,
            reason: input.reason,
        };
        let of = (decline.group, decline.account);
        let done = apply(reading, &request, of, &decline).await?;
        Ok(Some(done.into()))
    }

    /// Makes somebody a leader or co-leader, whether they asked or not. A group that they proposed comes to
    /// be by it. Staff may.
    async fn leader_appoint(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who leads what.")] input: LeaderAppointInput,
    ) -> Result<Option<LeaderAppointPayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let appoint = Appoint {
            group: NodeId::group(&input.group_id)?,
            account: NodeId::account(&input.account_id)?,
            role: input.role.into(),
            conditions: reading.rules().groups.leaders.clone(),
        };
        let done = change(context, &request, appoint.group, &appoint).await?;
        Ok(Some(done.into()))
    }

    /// Gives up leading a group; of somebody else staff may decide so.
    async fn leadership_end(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of what.")] input: LeadershipEndInput,
    ) -> Result<Option<LeadershipEndPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let group = NodeId::group(&input.group_id)?;
        let command: Box<dyn Command> = match &input.account_id {
            Some(account) => Box::new(Remove {
                group,
                account: NodeId::account(account)?,
            }),
            None => Box::new(StandDown { group }),
        };
        let done = change(context, &request, group, &*command).await?;
        Ok(Some(done.into()))
    }

    /// Notes for whom somebody works, as far as it keeps them from leading. Staff may.
    async fn affiliation_change(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who, and for whom.")] input: AffiliationChangeInput,
    ) -> Result<Option<AffiliationChangePayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let command = affiliation::Change {
            account: NodeId::account(&input.account_id)?,
            affiliation: input.affiliation.map(Into::into),
        };
        if let Err(error) = perform(reading, &request, &command, &[]).await? {
            return Ok(Some((None, vec![error]).into()));
        }
        let account = reading.loader().load_one(AccountById(command.account));
        let eligibility = match account.await? {
            Some(account) => Some(LeaderEligibility::of(context, &Account(account)).await?),
            None => None,
        };
        Ok(Some((eligibility, vec![]).into()))
    }
}

/// Does something with a group and reads it as it is then.
pub(super) async fn change(
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

/// Does something with an application and reads it as it is then.
async fn apply(
    reading: &Reading,
    request: &Request,
    (group, account): (GroupId, AccountId),
    command: &dyn Command,
) -> Result<(Option<LeadershipApplication>, Vec<UserError>)> {
    if let Err(error) = perform(reading, request, command, &[]).await? {
        return Ok((None, vec![error]));
    }
    let Some(account) = reading.loader().load_one(AccountById(account)).await? else {
        return Ok((None, vec![]));
    };
    let application = ApplicationBy(group, account.key);
    let application = reading.loader().load_one(application).await?;
    Ok((application.map(LeadershipApplication), vec![]))
}
