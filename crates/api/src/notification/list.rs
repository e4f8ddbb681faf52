//! Lists of what somebody was told.

use std::collections::HashSet;

use async_graphql::{Context, Object, Result};
use plaudit_projection::{Account as AccountRow, Key, Notification as Row};
use plaudit_store::{Cursor, Order};

use super::{Notification, Reached, Reader};
use crate::connection::{PageInfo, page_info};
use crate::paging::{Opaque, Paging, Slice, is_beyond, merged};
use crate::reading::{Reading, reading};
use crate::scalar::int;

/// A page of what somebody was told.
pub struct NotificationConnection {
    slice: Slice<NotificationEdge>,
    reader: Reader,
    unread_only: bool,
}

/// Something that somebody was told, in a list.
#[derive(Debug, Clone)]
pub struct NotificationEdge {
    /// The notification.
    pub node: Notification,
    /// How far who follows has them all, with this one.
    pub reached: Option<Reached>,
}

impl NotificationConnection {
    /// A page of what the owner of an account was told.
    pub async fn read(
        context: &Context<'_>,
        account: &AccountRow,
        unread_only: bool,
        paging: Paging,
    ) -> Result<Self> {
        let part = paging.part(Order::Descending)?;
        let reading = reading(context);
        let reader = Reader::of(reading, account, reading.now()).await?;
        let unread_after = unread_only.then_some(reader.read_until);
        let store = reading.store();
        let mut rows = store
            .notifications_of(&reader.accounts, unread_after, part.page)
            .await?;
        let warnings = reader.warnings(reading, unread_only).await?;
        let warnings = warnings.into_iter();
        rows.extend(warnings.filter(|row| is_beyond(part.page, place(row))));
        each_once(&mut rows);
        let rows = merged(rows, part.page, place);
        let slice = part.slice(reader.read(reading, rows).await?);
        let slice = slice.try_map(|node| {
            let reached = None;
            Ok::<_, async_graphql::Error>(NotificationEdge { node, reached })
        })?;
        Ok(Self {
            slice,
            reader,
            unread_only,
        })
    }

    async fn count(&self, reading: &Reading, unread_only: bool) -> Result<i32> {
        let Reader {
            accounts,
            read_until,
            ..
        } = &self.reader;
        let store = reading.store();
        let told = if unread_only {
            store.unread_count(accounts, *read_until).await?
        } else {
            store.notification_count(accounts).await?
        };
        let warnings = self.reader.warnings(reading, unread_only).await?;
        Ok(int(told).saturating_add(int(i64::try_from(warnings.len()).unwrap_or(i64::MAX))))
    }
}

pub(super) fn place(row: &Row) -> Cursor {
    Cursor {
        at: row.at.as_micros(),
        key: Key(row.position),
    }
}

/// Of what several accounts of one person were told, each thing once: they were no person yet, and each was told.
pub fn each_once(rows: &mut Vec<Row>) {
    let mut seen = HashSet::new();
    rows.retain(|row| seen.insert(row.id));
}

impl NotificationEdge {
    /// Its cursor: behind it nothing is missed, and comes nothing again.
    pub fn place(&self) -> String {
        let place = self.node.place();
        match self.reached {
            Some(reached) => reached.with(place),
            None => Opaque(place).encode(),
        }
    }
}

/// A page of what a member was told.
#[Object(crate = "crate::engine")]
impl NotificationConnection {
    /// The notifications, with their cursors.
    async fn edges(&self) -> &[NotificationEdge] {
        &self.slice.rows
    }

    /// The notifications.
    async fn nodes(&self) -> Vec<&Notification> {
        self.slice.rows.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.slice, |edge| edge.node.place())
    }

    /// How many there are on all pages.
    async fn total_count(&self, context: &Context<'_>) -> Result<i32> {
        self.count(reading(context), self.unread_only).await
    }

    /// How many of all there are aren't read.
    async fn unread_count(&self, context: &Context<'_>) -> Result<i32> {
        self.count(reading(context), true).await
    }
}

/// A notification in a list.
#[Object(crate = "crate::engine")]
impl NotificationEdge {
    /// Its cursor. It stays valid when notifications come.
    async fn cursor(&self) -> String {
        self.place()
    }

    /// The notification.
    async fn node(&self) -> &Notification {
        &self.node
    }
}
