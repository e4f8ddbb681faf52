//! Reading what one was told, and saying what one wants to be told.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use plaudit_domain::Command;
use plaudit_domain::notification::{ChangePreferences, MarkRead, READ_MAX};
use plaudit_replay::Request;
use uuid::Uuid;

use crate::account::Account;
use crate::id::NodeId;
use crate::notification::{NotificationKind, Reader};
use crate::reading::reading;
use crate::scalar::DateTime;

use super::{UserError, perform};

/// What can be done with notifications.
#[derive(Debug, Default)]
pub struct NotificationMutation;

/// What is read.
#[derive(Debug, InputObject)]
pub struct NotificationsReadInput {
    /// The ids of notifications: at most 100. What isn't yours is left out.
    notification_ids: Option<Vec<ID>>,
    /// All up to this moment.
    until: Option<DateTime>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What reading answers.
#[derive(Debug, SimpleObject)]
pub struct NotificationsReadPayload {
    /// The account that read them, with what it was told; null if there are errors.
    account: Option<Account>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

/// What somebody wants to be told.
#[derive(Debug, InputObject)]
pub struct NotificationPreferencesUpdateInput {
    /// All that you don't want to be told from now on.
    muted: Vec<NotificationKind>,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What saying what one wants to be told answers.
#[derive(Debug, SimpleObject)]
pub struct NotificationPreferencesUpdatePayload {
    /// The account that said so, with its preferences; null if there are errors.
    account: Option<Account>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

#[Object]
impl NotificationMutation {
    /// Marks notifications as read: some, or all up to a moment. Reading twice changes nothing.
    /// Any member may.
    async fn notifications_read(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which.")] input: NotificationsReadInput,
    ) -> Result<Option<NotificationsReadPayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let ids = input.notification_ids.iter().flatten();
        let mut ids = ids.map(NodeId::notification).collect::<Result<Vec<_>>>()?;
        // Too many are refused as such, whosever they are.
        if ids.len() <= READ_MAX
            && let Some(account) = reading.viewer_account().await?
        {
            ids = Reader::of(reading, &account, reading.now())
                .await?
                .told(reading, &ids)
                .await?;
        }
        let read = MarkRead {
            notifications: ids.into_iter().collect(),
            until: input.until.map(|DateTime(until)| until),
        };
        let (account, user_errors) = change(context, &request, &read).await?;
        Ok(Some(NotificationsReadPayload {
            account,
            user_errors,
        }))
    }

    /// Says what one doesn't want to be told from now on, with any of one's accounts. Any
    /// member may.
    async fn notification_preferences_update(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What one wants.")] input: NotificationPreferencesUpdateInput,
    ) -> Result<Option<NotificationPreferencesUpdatePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let muted = input.muted.into_iter().map(NotificationKind::into);
        let preferences = ChangePreferences {
            muted: muted.collect(),
        };
        let (account, user_errors) = change(context, &request, &preferences).await?;
        Ok(Some(NotificationPreferencesUpdatePayload {
            account,
            user_errors,
        }))
    }
}

/// Changes something of who asks, and reads their account as it is then.
async fn change(
    context: &Context<'_>,
    request: &Request,
    command: &dyn Command,
) -> Result<(Option<Account>, Vec<UserError>)> {
    let reading = reading(context);
    if let Err(error) = perform(reading, request, command, &[]).await? {
        return Ok((None, vec![error]));
    }
    let account = reading.viewer_account().await?;
    Ok((account.map(Account), vec![]))
}
