//! Recording much at once, as services do: all of it, or nothing.

use async_graphql::{Error, ErrorExtensions, Result};
use plaudit_domain::{AccountId, Command, Refusal};
use plaudit_replay::Request;

use crate::account::Account;
use crate::loader::AccountById;
use crate::reading::Reading;

use super::{UserError, failed};

/// The most that one input holds.
const MAX: usize = 500;

/// A command, and the account that it changes something for.
pub(super) type Wanted = (AccountId, Box<dyn Command>);

/// What was recorded.
pub(super) struct Recorded {
    /// How much of it was new.
    pub(super) recorded: i32,
    /// The accounts, each once, as they are now.
    pub(super) accounts: Vec<Account>,
}

/// A list of an input, by its name.
pub(super) struct Bulk {
    pub(super) list: &'static str,
    /// The code of the error where it is too long, or empty.
    pub(super) too_many: &'static str,
}

impl Bulk {
    /// Records all entries of the list, or tells what has to be put right first. Services may.
    ///
    /// # Errors
    /// If there are too many entries or none, or what one says can't be meant.
    pub(super) async fn record<I>(
        self,
        reading: &Reading,
        request: &Request,
        entries: Vec<I>,
        wanted: impl Fn(I) -> Result<Wanted>,
        named: impl Fn(UserError) -> UserError,
    ) -> Result<std::result::Result<Recorded, Vec<UserError>>> {
        let Self { list, too_many } = self;
        // Once, and not for each entry.
        if !request.actor.roles.service {
            let refusal = Refusal::NotPermitted { who: "services" };
            return Ok(Err(vec![UserError::refused(&refusal, &[])]));
        }
        let count = entries.len();
        if !(1..=MAX).contains(&count) {
            let error = Error::new(format!("{count} {list}: send 1 to {MAX} at a time"));
            return Err(error.extend_with(|_, extensions| extensions.set("code", too_many)));
        }
        let wanted = entries.into_iter().map(wanted);
        let wanted = wanted.collect::<Result<Vec<Wanted>>>()?;
        let (mut accounts, commands): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
        match reading.execute_all(request, &commands).await {
            Ok(Ok(outcome)) => {
                accounts.sort_unstable();
                accounts.dedup();
                let keys = accounts.iter().copied().map(AccountById);
                let mut found = reading.loader().load_many(keys).await?;
                let accounts = accounts.into_iter();
                let accounts = accounts.filter_map(|id| found.remove(&AccountById(id)));
                Ok(Ok(Recorded {
                    recorded: i32::try_from(outcome.recorded).unwrap_or(i32::MAX),
                    accounts: accounts.map(Account).collect(),
                }))
            }
            Ok(Err(refusals)) => {
                let error = |(number, refusal): &(usize, Refusal)| {
                    named(UserError::refused(refusal, &[])).in_list(&[list], *number)
                };
                Ok(Err(refusals.iter().map(error).collect()))
            }
            Err(error) => Ok(Err(vec![failed(error)?])),
        }
    }
}
