//! What a profile tells, and to whom.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use plaudit_domain::profile;
use uuid::Uuid;

use crate::account::Visibility;
use crate::profile::Profile;

use crate::reading::reading;

use super::{UserError, perform_on_profile};

/// What can be done with profiles.
#[derive(Debug, Default)]
pub struct ProfileMutation;

/// What a profile tells from now on. What is absent or null stays as it is; an empty text or list
/// takes away what was told.
#[derive(Debug, InputObject)]
pub struct ProfileEditInput {
    /// Who the member works for: up to 100 characters.
    company: Option<String>,
    /// What the member does where they work: up to 100 characters.
    position: Option<String>,
    /// Where the member is: up to 100 characters.
    location: Option<String>,
    /// What the member says about themselves: up to 1,000 characters.
    bio: Option<String>,
    /// Up to 10 addresses of websites and social media, all of them, each beginning with `https://`
    /// or `http://`.
    links: Option<Vec<String>>,
    /// Up to 30 products that the member uses, all of them.
    products: Option<Vec<String>>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What editing a profile answers.
#[derive(Debug, SimpleObject)]
pub struct ProfileEditPayload {
    /// The profile as it is now; null if there are errors.
    profile: Option<Profile>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

/// Who may see a profile.
#[derive(Debug, InputObject)]
pub struct ProfileVisibilityChangeInput {
    /// Who may see it from now on.
    visibility: Visibility,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What changing who may see a profile answers.
#[derive(Debug, SimpleObject)]
pub struct ProfileVisibilityChangePayload {
    /// The profile as it is now; null if there are errors.
    profile: Option<Profile>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

#[Object]
impl ProfileMutation {
    /// Changes what the profile of who asks tells. It is written to all linked accounts, so each
    /// keeps it when it is unlinked. Any member may.
    async fn profile_edit(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What it tells from now on.")] input: ProfileEditInput,
    ) -> Result<Option<ProfileEditPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let ProfileEditInput {
            company,
            position,
            location,
            bio,
            links,
            products,
            idempotency_key: _,
        } = input;
        let edit = profile::Edit {
            company,
            position,
            location,
            bio,
            links,
            products,
        };
        let (profile, user_errors) = perform_on_profile(context, &request, &edit).await?;
        Ok(Some(ProfileEditPayload {
            profile,
            user_errors,
        }))
    }

    /// Makes the profile of who asks private, or public again, for all linked accounts. What it wrote
    /// stays public, with the account's name. Any member may.
    async fn profile_visibility_change(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who may see it from now on.")] input: ProfileVisibilityChangeInput,
    ) -> Result<Option<ProfileVisibilityChangePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let visibility = input.visibility.into();
        let change_visibility = profile::ChangeVisibility { visibility };
        let (profile, user_errors) =
            perform_on_profile(context, &request, &change_visibility).await?;
        Ok(Some(ProfileVisibilityChangePayload {
            profile,
            user_errors,
        }))
    }
}
