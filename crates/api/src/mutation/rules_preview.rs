//! Asking what other rules would change.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use plaudit_domain::Refusal;
use plaudit_replay::preview::previews::NotBegun;
use uuid::Uuid;

use crate::id::NodeId;
use crate::reading::reading;
use crate::rules_preview::RulesPreview;

use super::rule_files::{RuleFileInput, RulesMistake, checked};
use super::{UserError, UserErrorCode};

/// What can be done with previews of rules.
#[derive(Debug, Default)]
pub struct RulesPreviewMutation;

/// Rules that may be asked about.
#[derive(Debug, InputObject)]
pub struct RulesPreviewStartInput {
    /// All files of the set, one at least. What isn't among them has no rules then.
    files: Vec<RuleFileInput>,
    /// A key of your choice: a repeat of the request with it gets the same preview, as long as that is kept.
    idempotency_key: Option<Uuid>,
}

/// What asking for a preview answers.
#[derive(Debug, SimpleObject)]
pub struct RulesPreviewStartPayload {
    /// The preview, which is being made; null if there are errors.
    preview: Option<RulesPreview>,
    /// What is wrong with the rules: every mistake, or every test beside them that fails; null if nothing is.
    mistakes: Option<Vec<RulesMistake>>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

/// Which preview is given up.
#[derive(Debug, InputObject)]
pub struct RulesPreviewCancelInput {
    /// Its id.
    preview_id: ID,
    /// A key of your choice, as everywhere. A repeat does nothing again here also without it.
    idempotency_key: Option<Uuid>,
}

/// What giving a preview up answers.
#[derive(Debug, SimpleObject)]
pub struct RulesPreviewCancelPayload {
    /// The preview as it is now; null if there are errors.
    preview: Option<RulesPreview>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

#[Object]
impl RulesPreviewMutation {
    /// Asks who would gain and lose what by other rules. It takes from a moment to minutes: `rulesPreview` tells
    /// how far it is, and what it came to. It changes nothing that anybody sees. Only admins may.
    async fn rules_preview_start(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which rules.")] input: RulesPreviewStartInput,
    ) -> Result<Option<RulesPreviewStartPayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        if !request.actor.roles.admin {
            return Ok(Some(RulesPreviewStartPayload::refused(for_admins())));
        }
        let rules = match checked(input.files) {
            Ok(rules) => Arc::new(rules),
            Err(wrong) => {
                return Ok(Some(RulesPreviewStartPayload {
                    mistakes: Some(wrong.mistakes),
                    ..RulesPreviewStartPayload::refused(wrong.error)
                }));
            }
        };
        let payload = match reading.community.preview(&request, rules) {
            Ok(asked) => RulesPreviewStartPayload {
                preview: Some(RulesPreview(asked)),
                mistakes: None,
                user_errors: vec![],
            },
            Err(busy @ NotBegun::Busy) => {
                let code = UserErrorCode::RulesPreviewRunning;
                RulesPreviewStartPayload::refused(UserError::new(code, None, &busy))
            }
            Err(error @ NotBegun::Nowhere) => return Err(error.into()),
        };
        Ok(Some(payload))
    }

    /// Gives up a preview that is being made. One that isn't any more stays as it is. Only admins may.
    async fn rules_preview_cancel(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which one.")] input: RulesPreviewCancelInput,
    ) -> Result<Option<RulesPreviewCancelPayload>> {
        let reading = reading(context);
        let refused = |error| RulesPreviewCancelPayload {
            preview: None,
            user_errors: vec![error],
        };
        let request = reading.request(&input, input.idempotency_key)?;
        if !request.actor.roles.admin {
            return Ok(Some(refused(for_admins())));
        }
        let community = &reading.community;
        let preview = NodeId::rules_preview(&input.preview_id)?;
        let asked = community.previews().cancel(preview, reading.now());
        Ok(Some(match asked {
            Some(asked) => RulesPreviewCancelPayload {
                preview: Some(RulesPreview(asked)),
                user_errors: vec![],
            },
            None => refused(not_found()),
        }))
    }
}

impl RulesPreviewStartPayload {
    fn refused(error: UserError) -> Self {
        Self {
            preview: None,
            mistakes: None,
            user_errors: vec![error],
        }
    }
}

fn for_admins() -> UserError {
    UserError::refused(&Refusal::NotPermitted { who: "admins" }, &[])
}

fn not_found() -> UserError {
    let message = "there is no such preview: the last five are kept, until the server ends";
    let code = UserErrorCode::RulesPreviewNotFound;
    UserError::saying(code, Some("previewId"), message.into())
}
