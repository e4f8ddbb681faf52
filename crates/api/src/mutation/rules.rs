//! Bringing rules into force, and folding anew.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use plaudit_domain::Refusal;
use plaudit_domain::rules::Activate;
use plaudit_replay::activation::activated;
use uuid::Uuid;

use crate::projection::Projection;
use crate::reading::reading;
use crate::rules::Rules;

use super::rule_files::{RuleFileInput, RulesMistake, checked};
use super::{UserError, perform};

/// What can be done with rules, and with what follows from them.
#[derive(Debug, Default)]
pub struct RulesMutation;

/// Rules to activate.
#[derive(Debug, InputObject)]
pub struct RulesActivateInput {
    /// All files of the set, one at least. What isn't among them has no rules any more.
    files: Vec<RuleFileInput>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// A rebuild to begin.
#[derive(Debug, InputObject)]
pub struct ProjectionRebuildInput {
    /// A key of your choice. While one is under way another isn't begun, with a key or without.
    idempotency_key: Option<Uuid>,
}

/// What activating rules answers.
#[derive(SimpleObject)]
pub struct RulesActivatePayload {
    /// The rules; null if there are errors.
    rules: Option<Rules>,
    /// What is wrong with the rules: every mistake, or every test beside them that fails; null if nothing is.
    mistakes: Option<Vec<RulesMistake>>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

/// What asking for a rebuild answers.
#[derive(Debug, SimpleObject)]
pub struct ProjectionRebuildPayload {
    /// Whether it begins now; false if a generation is being made already. Null if there are errors.
    started: Option<bool>,
    /// How the read models stand; null if there are errors.
    projection: Option<Projection>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

#[Object]
impl RulesMutation {
    /// Brings rules into force, for all history. Admins may. They are checked before, with the tests beside
    /// them. Everybody goes on reading by those before, until all is folded by these.
    async fn rules_activate(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "All files of the set.")] input: RulesActivateInput,
    ) -> Result<Option<RulesActivatePayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let refused = |error| RulesActivatePayload {
            rules: None,
            mistakes: None,
            user_errors: vec![error],
        };
        if let Err(refusal) = Activate::permitted(&request.actor) {
            return Ok(Some(refused(UserError::refused(&refusal, &[]))));
        }
        let rules = match checked(input.files) {
            Ok(rules) => rules,
            Err(wrong) => {
                return Ok(Some(RulesActivatePayload {
                    mistakes: Some(wrong.mistakes),
                    ..refused(wrong.error)
                }));
            }
        };
        let activate = Activate {
            rules: activated(&rules),
        };
        if let Err(error) = perform(reading, &request, &activate, &[]).await? {
            return Ok(Some(refused(error)));
        }
        Ok(Some(RulesActivatePayload {
            rules: Some(Rules::of(context).await?),
            mistakes: None,
            user_errors: vec![],
        }))
    }

    /// Folds all that ever happened anew, beside what people read, and lets them read from that once it is as
    /// far. Admins may. It comes to the same, unless something is wrong: `plaudit verify` tells.
    async fn projection_rebuild(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "How it is asked for.")] input: ProjectionRebuildInput,
    ) -> Result<Option<ProjectionRebuildPayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        if !request.actor.roles.admin {
            let refusal = Refusal::NotPermitted { who: "admins" };
            return Ok(Some(ProjectionRebuildPayload {
                started: None,
                projection: None,
                user_errors: vec![UserError::refused(&refusal, &[])],
            }));
        }
        let community: &Arc<_> = &reading.community;
        let started = community.renewal().is_some_and(|renewal| renewal.rebuild());
        Ok(Some(ProjectionRebuildPayload {
            started: Some(started),
            projection: Some(Projection::of(community).await?),
            user_errors: vec![],
        }))
    }
}
