//! What leaders ask for, and what staff decide (DOMAIN G10).

use async_graphql::{Context, ID, InputObject, Object, Result};
use plaudit_domain::benefit::{Decide, RequestReimbursement, RequestSwag};
use plaudit_domain::fact::BenefitFact;
use plaudit_domain::{BenefitId, Command, Fact, GroupId, Position};
use plaudit_projection::benefit::{Kind, State};
use plaudit_projection::rules::BenefitKind as RuleKind;
use plaudit_projection::{Benefit, Key};
use plaudit_replay::Request;
use uuid::Uuid;

use crate::benefit::BenefitRequest;
use crate::id::NodeId;
use crate::leading::activities;
use crate::loader::{BenefitById, BenefitsFor, GroupById, MeetingById};
use crate::reading::{Reading, reading};

use super::payload::payload;
use super::{UserError, UserErrorCode, perform};

/// What can be done with leaders' requests.
#[derive(Debug, Default)]
pub struct BenefitMutation;

/// Things to give away.
#[derive(Debug, InputObject)]
pub struct SwagRequestInput {
    /// The id of the group.
    group_id: ID,
    /// The id of the meeting that it is for, if for one.
    meeting_id: Option<ID>,
    /// What, and how much of it: 1 to 1,000 characters.
    what: String,
    /// Where it is to be sent: 1 to 1,000 characters.
    address: String,
    /// A key of your choice: a repeat of the request with it asks for nothing again.
    idempotency_key: Option<Uuid>,
}

/// What a meeting cost.
#[derive(Debug, InputObject)]
pub struct ReimbursementRequestInput {
    /// The id of the group.
    group_id: ID,
    /// The id of the meeting: it was held, and who attended is recorded.
    meeting_id: ID,
    /// How much, in hundredths of the currency.
    amount: i32,
    /// Of which currency, by its ISO 4217 code, like `EUR`.
    currency: String,
    /// What for: 1 to 1,000 characters.
    what: String,
    /// A key of your choice: a repeat of the request with it asks for nothing again.
    idempotency_key: Option<Uuid>,
}

/// What is decided.
#[derive(Debug, InputObject)]
pub struct BenefitDecideInput {
    /// The id of the request.
    request_id: ID,
    /// Whether who asked gets it.
    approved: bool,
    /// Why, or why not: up to 1,000 characters. Who doesn't get it is told.
    reason: Option<String>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

payload! {
    /// What asking for swag answers.
    SwagRequestPayload {
        /// The request, which waits for staff; null if there are errors.
        request: BenefitRequest
    }
}
payload! {
    /// What asking for a reimbursement answers.
    ReimbursementRequestPayload {
        /// The request, which waits for staff; null if there are errors.
        request: BenefitRequest
    }
}
payload! {
    /// What deciding answers.
    BenefitDecidePayload {
        /// The request as it is now; null if there are errors.
        request: BenefitRequest
    }
}

#[Object]
impl BenefitMutation {
    /// Asks for things to give away. Leaders of an active group may.
    async fn swag_request(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What, and for whom.")] input: SwagRequestInput,
    ) -> Result<Option<SwagRequestPayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let group = NodeId::group(&input.group_id)?;
        if !reading.rules().groups.gives(RuleKind::Swag) {
            return Ok(Some((None, vec![not_given()]).into()));
        }
        let swag = RequestSwag {
            request: BenefitId(request.new_id("benefit")),
            group,
            meeting: input.meeting_id.as_ref().map(NodeId::meeting).transpose()?,
            what: input.what,
            address: input.address,
            is_active: is_active(reading, group).await?,
        };
        let done = change(reading, &request, swag.request, &swag).await?;
        Ok(Some(done.into()))
    }

    /// Asks to be reimbursed for a meeting that was held, and of which is recorded who attended. Leaders of
    /// an active group may.
    async fn reimbursement_request(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How much, and for what.")] input: ReimbursementRequestInput,
    ) -> Result<Option<ReimbursementRequestPayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let group = NodeId::group(&input.group_id)?;
        if !reading.rules().groups.gives(RuleKind::Reimbursement) {
            return Ok(Some((None, vec![not_given()]).into()));
        }
        let meeting = NodeId::meeting(&input.meeting_id)?;
        let found = reading.loader().load_one(MeetingById(meeting)).await?;
        let others = asked_for(reading, found.map(|meeting| meeting.key)).await?;
        let declined = others.iter().filter(|it| it.state == State::Declined);
        let next = RequestReimbursement::next(meeting, declined.count());
        let reimburse = RequestReimbursement {
            request: next,
            group,
            meeting,
            amount: input.amount.into(),
            currency: input.currency,
            what: input.what,
            is_active: is_active(reading, group).await?,
            others: but_for(next, &others),
        };
        let outcome = match perform(reading, &request, &reimburse, &[]).await? {
            Ok(outcome) => outcome,
            Err(error) => return Ok(Some((None, vec![error]).into())),
        };
        let asked = match outcome.is_repeat {
            true => recorded(reading, outcome.position).await?.unwrap_or(next),
            false => next,
        };
        let asked = reading.loader().load_one(BenefitById(asked)).await?;
        Ok(Some((asked.map(BenefitRequest), vec![]).into()))
    }

    /// Approves or declines what a leader asked for. It is decided once. Staff may.
    async fn benefit_decide(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What, and why.")] input: BenefitDecideInput,
    ) -> Result<Option<BenefitDecidePayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let benefit = NodeId::benefit(&input.request_id)?;
        let found = reading.loader().load_one(BenefitById(benefit)).await?;
        let others = asked_for(reading, found.and_then(|found| found.meeting)).await?;
        let decide = Decide {
            request: benefit,
            approved: input.approved,
            reason: input.reason,
            others: but_for(benefit, &others),
        };
        let done = change(reading, &request, decide.request, &decide).await?;
        Ok(Some(done.into()))
    }
}

/// Which reimbursement an event asked for: a repeat finds out another id than the first time, once that one
/// was declined.
async fn recorded(reading: &Reading, position: Position) -> Result<Option<BenefitId>> {
    let journal = reading.community.journal();
    let event = journal.read_at(&[position]).await?.pop();
    let fact = event.map(|event| event.fact);
    Ok(
        if let Some(Fact::Benefit(BenefitFact::ReimbursementRequested(asked))) = fact {
            Some(asked.request)
        } else {
            None
        },
    )
}

/// Whether a group is active now: the evidence that commands get.
async fn is_active(reading: &Reading, group: GroupId) -> Result<bool> {
    let group = reading.loader().load_one(GroupById(group)).await?;
    let groups: Vec<_> = group.into_iter().collect();
    let activities = activities(reading, &groups, reading.now()).await?;
    Ok(activities.iter().any(|activity| activity.is_active()))
}

/// All reimbursements that were asked for a meeting, if it is there.
async fn asked_for(reading: &Reading, meeting: Option<Key>) -> Result<Vec<Benefit>> {
    let Some(meeting) = meeting else {
        return Ok(vec![]);
    };
    let asked = reading.loader().load_one(BenefitsFor(meeting)).await?;
    let mut asked = asked.unwrap_or_default();
    asked.retain(|benefit| benefit.kind == Kind::Reimbursement);
    Ok(asked)
}

/// The ids of all but one, always in the same order.
fn but_for(request: BenefitId, all: &[Benefit]) -> Vec<BenefitId> {
    let ids = all.iter().map(|benefit| benefit.id);
    let mut others: Vec<_> = ids.filter(|id| *id != request).collect();
    others.sort_unstable();
    others
}

fn not_given() -> UserError {
    UserError {
        code: UserErrorCode::BenefitNotGiven,
        field: None,
        message: "leaders have no such benefit in this community".to_owned(),
    }
}

/// Does something with a request and reads it as it is then.
async fn change(
    reading: &Reading,
    request: &Request,
    benefit: BenefitId,
    command: &dyn Command,
) -> Result<(Option<BenefitRequest>, Vec<UserError>)> {
    if let Err(error) = perform(reading, request, command, &[]).await? {
        return Ok((None, vec![error]));
    }
    let benefit = reading.loader().load_one(BenefitById(benefit)).await?;
    Ok((benefit.map(BenefitRequest), vec![]))
}
