//! Linking accounts to one profile.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use plaudit_domain::Time;
use plaudit_domain::link_code::{CODE_BYTES, Code, LIFETIME_MICROS, MakeLinkCode};
use plaudit_domain::links::{Link, MakePrimary, Primary, Unlink};
use uuid::Uuid;

use crate::id::NodeId;
use crate::profile::Profile;
use crate::reading::reading;
use crate::scalar::DateTime;

use super::{UserError, perform, perform_on_profile};

/// What can be done with links.
#[derive(Debug, Default)]
pub struct LinkMutation;

/// What making a code answers.
#[derive(Debug, SimpleObject)]
pub struct LinkCodeCreatePayload {
    /// The code, in four groups of four characters; null if there are errors. It is shown this once:
    /// Plaudit keeps no more than its hash.
    code: Option<String>,
    /// From this moment on it is good for nothing.
    expires_at: Option<DateTime>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

/// Which of two accounts becomes the primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum PrimaryChoice {
    /// The one that redeems the code.
    Actor,
    /// The one that made the code.
    Other,
}

/// What two accounts are linked by.
#[derive(Debug, InputObject)]
pub struct AccountLinkInput {
    /// The code that the other account made. Small letters and missing hyphens do no harm.
    code: String,
    /// Which becomes the primary, where both are personal and neither is linked yet. By default the
    /// account of who asks. Otherwise there is no choice: a primary stays one, and a managed account
    /// never becomes one.
    primary: Option<PrimaryChoice>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What linking answers.
#[derive(Debug, SimpleObject)]
pub struct AccountLinkPayload {
    /// The profile of both accounts; null if there are errors.
    profile: Option<Profile>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

/// Which account is unlinked.
#[derive(Debug, InputObject)]
pub struct AccountUnlinkInput {
    /// The id of an account that is linked to that of who asks.
    account_id: ID,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What unlinking answers.
#[derive(Debug, SimpleObject)]
pub struct AccountUnlinkPayload {
    /// The profile of who asks, without the account; null if there are errors.
    profile: Option<Profile>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

/// Which account becomes the primary.
#[derive(Debug, InputObject)]
pub struct AccountMakePrimaryInput {
    /// The id of a personal account that is linked to that of who asks.
    account_id: ID,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What changing the primary answers.
#[derive(Debug, SimpleObject)]
pub struct AccountMakePrimaryPayload {
    /// The profile, which goes by the new primary; null if there are errors.
    profile: Option<Profile>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

#[Object]
impl LinkMutation {
    /// Makes a one-time code for linking. Whoever has it and another account can link the two within
    /// ten minutes, so its owner gives it to nobody but themselves: log in as the other account, and
    /// redeem it with accountLink. Any member may.
    async fn link_code_create(
        &self,
        context: &Context<'_>,
    ) -> Result<Option<LinkCodeCreatePayload>> {
        let reading = reading(context);
        let request = reading.request_without_key()?;
        let mut random = [0; CODE_BYTES];
        getrandom::fill(&mut random)?;
        let code = Code::of(random);
        let before = reading.now();
        let make = MakeLinkCode { code: code.hash() };
        let payload = match perform(reading, &request, &make, &[]).await? {
            Ok(_) => LinkCodeCreatePayload {
                code: Some(code.to_string()),
                expires_at: Some(DateTime(Time::from_micros(
                    before.as_micros() + LIFETIME_MICROS,
                ))),
                user_errors: vec![],
            },
            Err(error) => LinkCodeCreatePayload {
                code: None,
                expires_at: None,
                user_errors: vec![error],
            },
        };
        Ok(Some(payload))
    }

    /// Links the account of who asks and the one that made a code: from now on they have one profile,
    /// with what both did. It can be undone at any time. Any member may.
    async fn account_link(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The code, and which becomes the primary.")] input: AccountLinkInput,
    ) -> Result<Option<AccountLinkPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let (profile, user_errors) = match input.code.parse::<Code>() {
            Ok(code) => {
                let link = Link {
                    code: code.hash(),
                    primary: match input.primary {
                        Some(PrimaryChoice::Other) => Primary::Other,
                        Some(PrimaryChoice::Actor) | None => Primary::Actor,
                    },
                };
                perform_on_profile(context, &request, &link).await?
            }
            Err(refusal) => (None, vec![UserError::refused(&refusal, &[])]),
        };
        Ok(Some(AccountLinkPayload {
            profile,
            user_errors,
        }))
    }

    /// Makes a linked account a profile of its own again, with all that it did. The primary account
    /// may.
    async fn account_unlink(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The account.")] input: AccountUnlinkInput,
    ) -> Result<Option<AccountUnlinkPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let account = NodeId::account(&input.account_id)?;
        let (profile, user_errors) =
            perform_on_profile(context, &request, &Unlink { account }).await?;
        Ok(Some(AccountUnlinkPayload {
            profile,
            user_errors,
        }))
    }

    /// Makes a linked personal account the primary of the profile, which goes by its name, picture,
    /// content and settings from now on. The primary account may.
    async fn account_make_primary(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The account.")] input: AccountMakePrimaryInput,
    ) -> Result<Option<AccountMakePrimaryPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let account = NodeId::account(&input.account_id)?;
        let (profile, user_errors) =
            perform_on_profile(context, &request, &MakePrimary { account }).await?;
        Ok(Some(AccountMakePrimaryPayload {
            profile,
            user_errors,
        }))
    }
}
