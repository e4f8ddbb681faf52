//! Registering and renaming.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};
use plaudit_domain::Command;
use plaudit_domain::account::{Register, Rename};
use uuid::Uuid;

use crate::account::Account;
use crate::loader::AccountById;
use crate::reading::reading;

use super::{UserError, perform};

/// What can be done with the account of who asks.
#[derive(Debug, Default)]
pub struct AccountMutation;

/// What an account is registered with.
#[derive(Debug, InputObject)]
pub struct AccountRegisterInput {
    /// The name that everybody will see: 1 to 100 characters.
    name: String,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What registering answers.
#[derive(Debug, SimpleObject)]
pub struct AccountRegisterPayload {
    /// The account; null if there are errors.
    account: Option<Account>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

/// What an account is renamed to.
#[derive(Debug, InputObject)]
pub struct AccountRenameInput {
    /// The new name: 1 to 100 characters.
    name: String,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What renaming answers.
#[derive(Debug, SimpleObject)]
pub struct AccountRenamePayload {
    /// The account as it is now; null if there are errors.
    account: Option<Account>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

#[Object]
impl AccountMutation {
    /// Registers the account that the token is for. Where it is registered already, this changes
    /// nothing.
    async fn account_register(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What it is registered with.")] input: AccountRegisterInput,
    ) -> Result<Option<AccountRegisterPayload>> {
        let register = Register { name: input.name };
        let (account, user_errors) = change(context, input.idempotency_key, &register).await?;
        Ok(Some(AccountRegisterPayload {
            account,
            user_errors,
        }))
    }

    /// Renames the account of who asks. The new name shows everywhere at once.
    async fn account_rename(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The new name.")] input: AccountRenameInput,
    ) -> Result<Option<AccountRenamePayload>> {
        let rename = Rename { name: input.name };
        let (account, user_errors) = change(context, input.idempotency_key, &rename).await?;
        Ok(Some(AccountRenamePayload {
            account,
            user_errors,
        }))
    }
}

/// Changes the account of who asks and reads it as it is then.
async fn change(
    context: &Context<'_>,
    idempotency_key: Option<Uuid>,
    command: &dyn Command,
) -> Result<(Option<Account>, Vec<UserError>)> {
    let reading = reading(context);
    let request = reading.request(idempotency_key)?;
    if let Err(error) = perform(reading, &request, command, &[]).await? {
        return Ok((None, vec![error]));
    }
    let id = AccountById(request.actor.account);
    let account = reading.loader().load_one(id).await?;
    Ok((account.map(Account), vec![]))
}
