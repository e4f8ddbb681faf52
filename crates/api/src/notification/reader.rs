//! Whoever reads what they were told.

use std::collections::HashSet;

use async_graphql::Result;
use plaudit_domain::{AccountId, Time, notification};
use plaudit_projection::{Account as AccountRow, Key, Notification as Row};
use uuid::Uuid;

use super::Notification;
use crate::loader::AccountsOf;
use crate::reading::Reading;
use crate::warning::{lead_any, warnings};

/// The accounts of somebody who reads what they were told.
pub struct Reader {
    /// Their keys.
    pub accounts: Vec<Key>,
    /// Their ids.
    pub ids: Vec<AccountId>,
    /// Up to when they have read everything.
    pub(super) read_until: Time,
    /// Whether they want to be warned of their groups.
    warned: bool,
    now: Time,
}

impl Reader {
    /// Who has an account, as of a moment.
    pub async fn of(reading: &Reading, account: &AccountRow, now: Time) -> Result<Self> {
        let accounts = reading
            .loader()
            .load_one(AccountsOf(account.profile))
            .await?;
        let accounts = accounts.unwrap_or_default();
        let read_until = accounts.iter().filter_map(|account| account.read_until);
        let primary = accounts.iter().find(|it| it.key == account.profile);
        let warned = primary.is_none_or(|it| !it.mutes(notification::Kind::GroupWarning));
        Ok(Self {
            warned,
            read_until: read_until.max().unwrap_or(Time::from_micros(i64::MIN)),
            ids: accounts.iter().map(|account| account.id).collect(),
            accounts: accounts.into_iter().map(|account| account.key).collect(),
            now,
        })
    }

    /// Rows, with whether they are read.
    pub async fn read(&self, reading: &Reading, rows: Vec<Row>) -> Result<Vec<Notification>> {
        let read = self.marked(reading, &rows).await?;
        let notifications = rows.into_iter().map(|row| Notification {
            is_read: row.at <= self.read_until || read.contains(&row.id),
            row,
        });
        Ok(notifications.collect())
    }

    async fn marked(&self, reading: &Reading, rows: &[Row]) -> Result<HashSet<Uuid>> {
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        if ids.is_empty() {
            return Ok(HashSet::new());
        }
        let marks = reading.store().read_marks(&self.accounts, &ids).await?;
        Ok(marks.into_iter().map(|mark| mark.notification).collect())
    }

    /// The warnings that they got, or only those of them that aren't read.
    pub async fn warnings(&self, reading: &Reading, unread_only: bool) -> Result<Vec<Row>> {
        if !self.warned {
            return Ok(vec![]);
        }
        let mut rows = warnings(reading, &self.accounts, self.now).await?;
        if unread_only {
            let read = self.marked(reading, &rows).await?;
            rows.retain(|row| row.at > self.read_until && !read.contains(&row.id));
        }
        Ok(rows)
    }

    /// Whether they lead a group, and want to be warned of it.
    pub async fn may_be_warned(&self, reading: &Reading) -> Result<bool> {
        Ok(self.warned && lead_any(reading, &self.accounts).await?)
    }

    /// Those of some ids that they were told.
    pub async fn told(&self, reading: &Reading, ids: &[Uuid]) -> Result<Vec<Uuid>> {
        let rows = reading.store().notifications_by_id(ids).await?;
        let own = rows
            .into_iter()
            .filter(|row| self.accounts.contains(&row.account));
        let warnings = self.warnings(reading, false).await?;
        let warnings = warnings.into_iter().filter(|row| ids.contains(&row.id));
        Ok(own.chain(warnings).map(|row| row.id).collect())
    }
}
