//! Submitting presentations, and reviewing them (DOMAIN G5).

use async_graphql::{Context, ID, InputObject, Object, Result};
use plaudit_domain::presentation::{Approve, Reject, Submit};
use plaudit_domain::{Command, MeetingId, PresentationId};
use plaudit_replay::Request;
use uuid::Uuid;

use crate::id::NodeId;
use crate::loader::{MeetingBy, PresentationById};
use crate::presentation::{Presentation, PresentationReason};
use crate::reading::{Reading, reading};

use super::payload::payload;
use super::{UserError, UserErrorCode, perform};

/// What can be done with presentations.
#[derive(Debug, Default)]
pub struct PresentationMutation;

/// What somebody would present.
#[derive(Debug, InputObject)]
pub struct PresentationSubmitInput {
    /// The id of the meeting.
    meeting_id: ID,
    /// Its title: 1 to 200 characters.
    title: String,
    /// What it is about: 1 to 5,000 characters.
    r#abstract: String,
    /// A key of your choice: a repeat of the request with it submits nothing again.
    idempotency_key: Option<Uuid>,
}

/// A presentation that is wanted.
#[derive(Debug, InputObject)]
pub struct PresentationApproveInput {
    /// The presentation's id.
    presentation_id: ID,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// A presentation that isn't wanted.
#[derive(Debug, InputObject)]
pub struct PresentationRejectInput {
    /// The presentation's id.
    presentation_id: ID,
    /// Why.
    reason: PresentationReason,
    /// Why in words, for the speaker. It is needed for `OTHER`.
    note: Option<String>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

payload! {
    /// What submitting a presentation answers.
    PresentationSubmitPayload {
        /// The presentation, which waits for a leader; null if there are errors.
        presentation: Presentation
    }
}
payload! {
    /// What approving a presentation answers.
    PresentationApprovePayload {
        /// The presentation as it is now; null if there are errors.
        presentation: Presentation
    }
}
payload! {
    /// What rejecting a presentation answers.
    PresentationRejectPayload {
        /// The presentation as it is now; null if there are errors.
        presentation: Presentation
    }
}

#[Object]
impl PresentationMutation {
    /// Submits a presentation for a meeting that is still to come. Any member may.
    async fn presentation_submit(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What, and where.")] input: PresentationSubmitInput,
    ) -> Result<Option<PresentationSubmitPayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let submit = Submit {
            presentation: PresentationId(request.new_id("presentation")),
            meeting: NodeId::meeting(&input.meeting_id)?,
            title: input.title,
            r#abstract: input.r#abstract,
        };
        let done = change(reading, &request, submit.presentation, &submit).await?;
        Ok(Some(done.into()))
    }

    /// Approves a presentation, before the meeting begins: from then on everybody sees it. Leaders of the
    /// group may.
    async fn presentation_approve(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: PresentationApproveInput,
    ) -> Result<Option<PresentationApprovePayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let presentation = NodeId::presentation(&input.presentation_id)?;
        let Some(meeting) = meeting_of(reading, presentation).await? else {
            return Ok(Some((None, vec![not_found()]).into()));
        };
        let approve = Approve {
            meeting,
            presentation,
        };
        let done = change(reading, &request, presentation, &approve).await?;
        Ok(Some(done.into()))
    }

    /// Rejects a presentation, before the meeting begins, e.g. as a sales pitch. Leaders of the group may.
    async fn presentation_reject(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which, and why.")] input: PresentationRejectInput,
    ) -> Result<Option<PresentationRejectPayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let presentation = NodeId::presentation(&input.presentation_id)?;
        let Some(meeting) = meeting_of(reading, presentation).await? else {
            return Ok(Some((None, vec![not_found()]).into()));
        };
        let reject = Reject {
            meeting,
            presentation,
            reason: input.reason.into(),
            note: input.note,
        };
        let done = change(reading, &request, presentation, &reject).await?;
        Ok(Some(done.into()))
    }
}

/// At which meeting a presentation is: its stream is the meeting's. That never changes.
async fn meeting_of(reading: &Reading, presentation: PresentationId) -> Result<Option<MeetingId>> {
    let loader = reading.loader();
    let Some(row) = loader.load_one(PresentationById(presentation)).await? else {
        return Ok(None);
    };
    let meeting = loader.load_one(MeetingBy(row.meeting)).await?;
    Ok(meeting.map(|meeting| meeting.id))
}

fn not_found() -> UserError {
    UserError {
        code: UserErrorCode::PresentationNotFound,
        field: Some(vec!["input".into(), "presentationId".into()]),
        message: "there is no such presentation".to_owned(),
    }
}

/// Does something with a presentation and reads it as it is then.
async fn change(
    reading: &Reading,
    request: &Request,
    presentation: PresentationId,
    command: &dyn Command,
) -> Result<(Option<Presentation>, Vec<UserError>)> {
    if let Err(error) = perform(reading, request, command, &[]).await? {
        return Ok((None, vec![error]));
    }
    let presentation = PresentationById(presentation);
    let presentation = reading.loader().load_one(presentation).await?;
    Ok((presentation.map(Presentation), vec![]))
}
