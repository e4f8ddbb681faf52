//! Who waits to take part in the kudos programme (DOMAIN K1).

use async_graphql::{Context, Object, Result};
use plaudit_store::Cursor;

use crate::account::Account;
use crate::connection::{PageInfo, page_info};
use crate::paging::{Opaque, Slice};
use crate::reading::reading;
use crate::scalar::{DateTime, int};

/// A page of the accounts that wait.
pub struct KudosWaitingConnection(pub Slice<KudosWaitingEdge>);

/// An account that waits.
#[derive(Debug, Clone)]
pub struct KudosWaitingEdge {
    /// Where it stands on the list.
    pub cursor: Cursor,
    /// Since when it waits.
    pub since: DateTime,
    /// The account.
    pub node: Account,
}

/// A page of the accounts that wait to take part in the kudos programme.
#[Object(crate = "crate::engine")]
impl KudosWaitingConnection {
    /// The accounts, with since when they wait.
    async fn edges(&self) -> &[KudosWaitingEdge] {
        &self.0.rows
    }

    /// The accounts.
    async fn nodes(&self) -> Vec<&Account> {
        self.0.rows.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.0, |edge| edge.cursor)
    }

    /// How many accounts wait.
    async fn total_count(&self, context: &Context<'_>) -> Result<i32> {
        Ok(int(reading(context).store().waiting_count().await?))
    }
}

/// An account that waits to take part in the kudos programme.
#[Object(crate = "crate::engine")]
impl KudosWaitingEdge {
    /// Its cursor. It stays valid when accounts come and go.
    async fn cursor(&self) -> String {
        Opaque(self.cursor).encode()
    }

    /// Since when it waits.
    async fn since(&self) -> DateTime {
        self.since
    }

    /// The account.
    async fn node(&self) -> &Account {
        &self.node
    }
}
