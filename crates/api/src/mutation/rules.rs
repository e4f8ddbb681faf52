//! Bringing rules into force, and folding anew.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use plaudit_domain::Refusal;
use plaudit_domain::rules::Activate;
use plaudit_projection::Rules as Set;
use plaudit_replay::activation::activated;
use uuid::Uuid;

use crate::projection::Projection;
use crate::reading::reading;
use crate::rules::Rules;

use super::{UserError, UserErrorCode, perform};

/// What can be done with rules, and with what follows from them.
#[derive(Debug, Default)]
pub struct RulesMutation;

/// Rules to activate.
#[derive(Debug, InputObject)]
pub struct RulesActivateInput {
    /// All files of the set. What isn't among them has no rules any more.
    files: Vec<RuleFileInput>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// A rule file.
#[derive(Debug, InputObject)]
pub struct RuleFileInput {
    /// Its name: kudos.toml, challenges.toml, milestones.toml, lozenges.toml or groups.toml.
    pub(super) name: String,
    /// What it says.
    pub(super) text: String,
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
    /// What has to be put right first: of wrong rules every mistake, with its place.
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
        let request = reading.request(input.idempotency_key)?;
        let refused = |user_errors| RulesActivatePayload {
            rules: None,
            user_errors,
        };
        if let Err(refusal) = Activate::permitted(&request.actor) {
            return Ok(Some(refused(vec![UserError::refused(&refusal, &[])])));
        }
        let files: Vec<_> = input
            .files
            .into_iter()
            .map(|file| (file.name, file.text))
            .collect();
        let rules = match checked(&files) {
            Ok(rules) => rules,
            Err(mistakes) => return Ok(Some(refused(mistakes))),
        };
        let activate = Activate {
            rules: activated(&rules),
        };
        if let Err(error) = perform(reading, &request, &activate, &[]).await? {
            return Ok(Some(refused(vec![error])));
        }
        Ok(Some(RulesActivatePayload {
            rules: Some(Rules::of(context).await?),
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
        let request = reading.request(input.idempotency_key)?;
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

/// Rules without mistakes, whose tests passed; or every mistake.
fn checked(files: &[(String, String)]) -> std::result::Result<Set, Vec<UserError>> {
    let checked = Set::parse(files).and_then(|rules| rules.check().map(|_| rules));
    checked.map_err(|error| {
        let mistakes = error.mistakes().iter();
        mistakes.map(|mistake| invalid(files, mistake)).collect()
    })
}

/// A mistake in one of the files; it begins with the name.
fn invalid(files: &[(String, String)], mistake: &str) -> UserError {
    let is_in = |(name, _): &(String, String)| {
        let rest = mistake.strip_prefix(name.as_str());
        rest.is_some_and(|rest| rest.starts_with(':'))
    };
    let mut field = vec!["input".to_owned(), "files".to_owned()];
    field.extend(
        files
            .iter()
            .position(is_in)
            .map(|number| number.to_string()),
    );
    UserError {
        code: UserErrorCode::RulesInvalid,
        field: Some(field),
        message: mistake.to_owned(),
    }
}
