//! Lozenges that were revoked (DOMAIN Z7).

use std::cmp::Reverse;

use async_graphql::{Context, Object, Result};
use plaudit_projection::{Key, LozengeGrant};

use crate::account::Account;
use crate::loader::{AccountBy, AccountById};
use crate::lozenge::{Lozenge, grants};
use crate::reading::{reading, referred};
use crate::scalar::DateTime;

/// A lozenge that was revoked, as the row that it is read from: who had it sees it, and staff.
#[derive(Debug, Clone)]
pub struct RevokedLozenge(LozengeGrant);

impl RevokedLozenge {
    /// All that were revoked from some accounts, and not granted anew since; the latest first.
    pub async fn all_of(context: &Context<'_>, accounts: &[Key]) -> Result<Vec<Self>> {
        let mut grants = grants(reading(context), accounts).await?;
        grants.retain(|grant| !grant.held);
        grants.sort_by_key(|grant| Reverse((grant.revoked_at, grant.position)));
        Ok(grants.into_iter().map(Self).collect())
    }
}

/// A lozenge that a member had, until staff revoked it.
#[Object(crate = "crate::engine")]
impl RevokedLozenge {
    /// The account that had it.
    async fn account(&self, context: &Context<'_>) -> Result<Account> {
        let loader = reading(context).loader();
        let account = loader.load_one(AccountBy(self.0.account)).await?;
        Ok(Account(referred(account)?))
    }

    /// What programs know the lozenge by.
    async fn lozenge_key(&self) -> &str {
        &self.0.lozenge
    }

    /// The lozenge; null if there is none of this key any more.
    async fn lozenge(&self, context: &Context<'_>) -> Option<Lozenge> {
        Lozenge::find(reading(context).rules(), &self.0.lozenge)
    }

    /// When it was granted, the last time.
    async fn granted_at(&self) -> DateTime {
        DateTime(self.0.granted_at)
    }

    /// When it was revoked.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(DateTime)
    }

    /// Who revoked it. Staff see it; null for everybody else.
    async fn revoked_by(&self, context: &Context<'_>) -> Result<Option<Account>> {
        let Some(by) = self.0.revoked_by.filter(|_| reading(context).is_staff()) else {
            return Ok(None);
        };
        let account = reading(context).loader().load_one(AccountById(by)).await?;
        Ok(account.map(Account))
    }

    /// Why it was revoked.
    async fn reason(&self) -> Option<&str> {
        self.0.revoked_because.as_deref()
    }
}
