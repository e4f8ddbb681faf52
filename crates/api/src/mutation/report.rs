//! Reporting posts, and deciding on that.

use async_graphql::{Context, ID, InputObject, Object, Result};
use plaudit_domain::post::Remove;
use plaudit_domain::report::{Dismiss, Measure, Report, Uphold};
use uuid::Uuid;

use crate::id::NodeId;
use crate::reading::reading;
use crate::report::{ReportMeasure, ReportReason};

use super::{UserError, perform, perform_on_post, post_input, post_payload};

/// What can be done about posts that something is wrong with.
#[derive(Debug, Default)]
pub struct ReportMutation;

/// The post to report.
#[derive(Debug, InputObject)]
pub struct PostReportInput {
    /// The post's id.
    post_id: ID,
    /// What is wrong with it.
    reason: ReportReason,
    /// What is wrong with it in your words: up to 2,000 characters. It is needed for `OTHER`.
    comment: Option<String>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// The post whose reports are upheld.
#[derive(Debug, InputObject)]
pub struct PostReportsUpholdInput {
    /// The post's id.
    post_id: ID,
    /// What that comes to.
    measure: ReportMeasure,
    /// What its author is told, if anything else: up to 2,000 characters.
    note: Option<String>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

post_input! {
    /// The post whose reports are dismissed.
    PostReportsDismissInput
}

post_payload! {
    /// What reporting answers.
    PostReportPayload
}
post_payload! {
    /// What upholding reports answers.
    PostReportsUpholdPayload
}
post_payload! {
    /// What dismissing reports answers.
    PostReportsDismissPayload
}

#[Object]
impl ReportMutation {
    /// Reports a post to staff. Who reported it is seen by them alone. As long as a report of yours is
    /// open, another changes nothing. Any member may, but not a post of their own.
    async fn post_report(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The post.")] input: PostReportInput,
    ) -> Result<Option<PostReportPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let post = NodeId::post(&input.post_id)?;
        let report = Report {
            post,
            reason: input.reason.into(),
            comment: input.comment,
        };
        perform_on_post(context, &request, &report, post, &[(post, "postId")]).await
    }

    /// Agrees with all open reports of a post, and warns its author or removes it. Staff may.
    async fn post_reports_uphold(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The post, and what it comes to.")] input: PostReportsUpholdInput,
    ) -> Result<Option<PostReportsUpholdPayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let post = NodeId::post(&input.post_id)?;
        let given = [(post, "postId")];
        let uphold = Uphold {
            post,
            measure: input.measure.into(),
            note: input.note,
        };
        if let Err(refusal) = uphold.valid_note() {
            return Ok(Some(
                (None, vec![UserError::refused(&refusal, &given)]).into(),
            ));
        }
        if uphold.measure == Measure::Removal {
            // In the post's own stream. If only this gets done, whoever repeats it does the rest. With a key
            // it is a request of its own, so that a late repeat removes nothing that was restored since.
            let request = request.part("removal");
            let remove = Remove { post };
            if let Err(error) = perform(reading, &request, &remove, &given).await? {
                return Ok(Some((None, vec![error]).into()));
            }
        }
        perform_on_post(context, &request, &uphold, post, &given).await
    }

    /// Disagrees with all open reports of a post. Staff may.
    async fn post_reports_dismiss(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The post.")] input: PostReportsDismissInput,
    ) -> Result<Option<PostReportsDismissPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let post = NodeId::post(&input.post_id)?;
        let dismiss = Dismiss { post };
        perform_on_post(context, &request, &dismiss, post, &[(post, "postId")]).await
    }
}
