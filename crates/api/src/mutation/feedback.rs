//! Saying what one thinks of the programme, and recording what was looked at.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use plaudit_domain::Command;
use plaudit_domain::feedback::{GiveFeedback, Interaction, RecordInteractions};
use uuid::Uuid;

use crate::reading::reading;
use crate::scalar::DateTime;

use super::{UserError, failed, perform};

/// What can be done with feedback.
#[derive(Debug, Default)]
pub struct FeedbackMutation;

/// What a member thinks.
#[derive(Debug, InputObject)]
pub struct FeedbackGiveInput {
    /// Of what: a word that programs agreed on, like `challenges`. 1 to 100 letters, digits and - _ . :
    subject: String,
    /// How good it is: 1 to 5.
    rating: Option<i32>,
    /// In their words: 1 to 1,000 characters.
    text: Option<String>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What giving feedback answers.
#[derive(Debug, SimpleObject)]
pub struct FeedbackGivePayload {
    /// What has to be put right first; none, if it is recorded.
    user_errors: Vec<UserError>,
}

/// What a member looked at.
#[derive(Debug, InputObject)]
pub struct InteractionsRecordInput {
    /// 1 to 100 interactions, in order. All of them are recorded, or none.
    interactions: Vec<InteractionInput>,
    /// A key of your choice, as everywhere. A repeat does nothing again here also without it.
    idempotency_key: Option<Uuid>,
}

/// Something that a member looked at.
#[derive(Debug, InputObject)]
pub struct InteractionInput {
    /// What they did: a word that programs agreed on, like `panel_opened`. 1 to 100 letters, digits and
    /// - _ . :
    kind: String,
    /// With what, like the key of a badge: 1 to 100 letters, digits and - _ . :
    subject: Option<String>,
    /// When: at most 30 days ago.
    at: DateTime,
}

/// What recording interactions answers.
#[derive(Debug, SimpleObject)]
pub struct InteractionsRecordPayload {
    /// What has to be put right first; none, if they are recorded. Where it is about one of them, `field`
    /// has its number.
    user_errors: Vec<UserError>,
}

#[Object]
impl FeedbackMutation {
    /// Says what the member thinks of something. Saying the same twice records it once. Any member may.
    async fn feedback_give(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What they think.")] input: FeedbackGiveInput,
    ) -> Result<Option<FeedbackGivePayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let give = GiveFeedback {
            subject: input.subject,
            // What no rating can be is refused as one that is too low.
            rating: input.rating.map(|it| u8::try_from(it).unwrap_or(0)),
            text: input.text,
        };
        let given = perform(reading, &request, &give, &[]).await?;
        Ok(Some(FeedbackGivePayload {
            user_errors: given.err().into_iter().collect(),
        }))
    }

    /// Records what the member looked at: all that an app gathered since it last told. What is recorded
    /// already changes nothing, so it can be sent again, however it is gathered. All of it is recorded, or
    /// nothing. Any member may.
    async fn interactions_record(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What they looked at.")] input: InteractionsRecordInput,
    ) -> Result<Option<InteractionsRecordPayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let interactions = input.interactions.into_iter();
        let interactions = interactions.map(|it| Interaction {
            kind: it.kind,
            subject: it.subject,
            at: it.at.0,
        });
        let user_errors = match RecordInteractions::by_day(interactions.collect(), reading.now()) {
            Err((number, refusal)) => {
                let error = UserError::refused(&refusal, &[]);
                vec![match number {
                    Some(number) => error.in_list(&["interactions"], number),
                    None => error,
                }]
            }
            Ok(days) => {
                let days = days
                    .into_iter()
                    .map(|day| Box::new(day) as Box<dyn Command>);
                let days: Vec<_> = days.collect();
                match reading.execute_all(&request, &days).await {
                    Ok(Ok(_)) => vec![],
                    Ok(Err(refusals)) => {
                        let refusals = refusals.iter();
                        let errors = refusals.map(|(_, refusal)| UserError::refused(refusal, &[]));
                        errors.collect()
                    }
                    Err(error) => vec![failed(error)?],
                }
            }
        };
        Ok(Some(InteractionsRecordPayload { user_errors }))
    }
}
