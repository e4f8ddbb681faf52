//! Registering and renaming.

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use plaudit_domain::Command;
use plaudit_domain::account::{ChangeVisibility, Register, Rename};
use plaudit_domain::erasure::Erase;
use plaudit_domain::links::Withdraw;
use plaudit_replay::Request;
use uuid::Uuid;

use crate::account::{Account, Visibility};
use crate::id::NodeId;
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

/// Who may see an account's name and picture.
#[derive(Debug, InputObject)]
pub struct AccountVisibilityChangeInput {
    /// Who may see them from now on, while the profile is private.
    visibility: Visibility,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What changing who may see an account's name and picture answers.
#[derive(Debug, SimpleObject)]
pub struct AccountVisibilityChangePayload {
    /// The account as it is now; null if there are errors.
    account: Option<Account>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

/// What becomes of what an erased account wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "plaudit_domain::erasure::Content")]
pub enum ErasedContent {
    /// Its titles and texts stay, by a deleted member.
    Keep,
    /// Its titles and texts are erased, too. The posts stay without them, for what others wrote
    /// there.
    Remove,
}

/// Which account is erased.
#[derive(Debug, InputObject)]
pub struct AccountEraseInput {
    /// The account's id; by default that of who asks.
    account_id: Option<ID>,
    /// What becomes of what it wrote.
    content: ErasedContent,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// What erasing answers.
#[derive(Debug, SimpleObject)]
pub struct AccountErasePayload {
    /// The account, without a name; null if there are errors.
    account: Option<Account>,
    /// What has to be put right first.
    user_errors: Vec<UserError>,
}

#[Object]
impl AccountMutation {
    /// Registers the account that the token is for. Where it is registered already, as by the name
    /// that a token gives, this changes nothing. Anybody with a token may.
    async fn account_register(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "What it is registered with.")] input: AccountRegisterInput,
    ) -> Result<Option<AccountRegisterPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let register = Register { name: input.name };
        let (account, user_errors) = change(context, &request, &register).await?;
        Ok(Some(AccountRegisterPayload {
            account,
            user_errors,
        }))
    }

    /// Renames the account of who asks. The new name shows everywhere at once, until the identity
    /// provider tells another. Any member may.
    async fn account_rename(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The new name.")] input: AccountRenameInput,
    ) -> Result<Option<AccountRenamePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let rename = Rename { name: input.name };
        let (account, user_errors) = change(context, &request, &rename).await?;
        Ok(Some(AccountRenamePayload {
            account,
            user_errors,
        }))
    }

    /// Says whether a private profile shows this account's name and picture. Any member may, of the
    /// account that they ask as.
    async fn account_visibility_change(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Who may see them from now on.")] input: AccountVisibilityChangeInput,
    ) -> Result<Option<AccountVisibilityChangePayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let visibility = input.visibility.into();
        let (account, user_errors) =
            change(context, &request, &ChangeVisibility { visibility }).await?;
        Ok(Some(AccountVisibilityChangePayload {
            account,
            user_errors,
        }))
    }

    /// Erases an account's personal data for good: its name, its picture, what it tells about its
    /// owner, and with `REMOVE` what it wrote. It can't be undone. A linked account is unlinked first;
    /// where it is the primary, all others become profiles of their own. Its owner may, and admins.
    async fn account_erase(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which account, and what becomes of what it wrote.")]
        input: AccountEraseInput,
    ) -> Result<Option<AccountErasePayload>> {
        let reading = reading(context);
        let request = reading.request(&input, input.idempotency_key)?;
        let account = match &input.account_id {
            Some(id) => NodeId::account(id)?,
            None => request.actor.account,
        };
        let erase = Erase {
            account,
            content: input.content.into(),
        };
        let commands: [(_, &dyn Command); 2] =
            [("withdraw", &Withdraw { account }), ("erase", &erase)];
        for (part, command) in commands {
            if let Err(error) = perform(reading, &request.part(part), command, &[]).await? {
                return Ok(Some(AccountErasePayload {
                    account: None,
                    user_errors: vec![error],
                }));
            }
        }
        let account = reading.loader().load_one(AccountById(account)).await?;
        Ok(Some(AccountErasePayload {
            account: account.map(Account),
            user_errors: vec![],
        }))
    }
}

/// Changes the account of who asks and reads it as it is then.
async fn change(
    context: &Context<'_>,
    request: &Request,
    command: &dyn Command,
) -> Result<(Option<Account>, Vec<UserError>)> {
    let reading = reading(context);
    if let Err(error) = perform(reading, request, command, &[]).await? {
        return Ok((None, vec![error]));
    }
    let id = AccountById(request.actor.account);
    let account = reading.loader().load_one(id).await?;
    Ok((account.map(Account), vec![]))
}
