//! Accepting agreements.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use plaudit_domain::agreement::Accept;
use uuid::Uuid;

use crate::agreement::Agreement;
use crate::reading::reading;

use super::{UserError, perform};

/// What can be done with agreements.
#[derive(Debug, Default)]
pub struct AgreementMutation;

/// An agreement to accept.
#[derive(Debug, InputObject)]
pub struct AgreementAcceptInput {
    /// What programs know it by.
    agreement_key: String,
    /// The version that was read: it has to be the current one.
    version: String,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What accepting an agreement answers.
#[derive(Debug, SimpleObject)]
pub struct AgreementAcceptPayload {
    /// The agreement, with since when it is accepted; null if there are errors.
    agreement: Option<Agreement>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

#[Object]
impl AgreementMutation {
    /// Accepts an agreement in its current version, for all linked accounts. Any member may.
    async fn agreement_accept(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which one, in which version.")] input: AgreementAcceptInput,
    ) -> Result<Option<AgreementAcceptPayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let mut rules = reading.rules().lozenges.agreements.iter();
        let rule = rules.find(|rule| rule.agreement.agreement == input.agreement_key);
        let accept = Accept {
            current: rule.map(|rule| rule.agreement.version.clone()),
            agreement: input.agreement_key,
            version: input.version,
        };
        if let Err(error) = perform(reading, &request, &accept, &[]).await? {
            return Ok(Some(AgreementAcceptPayload {
                agreement: None,
                user_errors: vec![error],
            }));
        }
        let mut agreements = Agreement::all(context).await?.into_iter();
        Ok(Some(AgreementAcceptPayload {
            agreement: agreements.find(|it| it.key == accept.agreement),
            user_errors: vec![],
        }))
    }
}
