//! Who comes to a meeting, who waits for a place, and who was seen at the door (DOMAIN G4).

use async_graphql::{Context, Enum, Object, Result};
use plaudit_projection::rsvp::State;
use plaudit_projection::{Attendance, Key, Rsvp as Row};
use plaudit_store::Cursor;

use crate::account::Account;
use crate::connection::{PageInfo, page_info};
use crate::loader::AccountBy;
use crate::paging::{Opaque, Slice};
use crate::reading::{reading, referred};
use crate::scalar::{DateTime, int};

/// Whether somebody comes to a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "State")]
pub enum RsvpState {
    /// They have a place.
    Going,
    /// They wait for one. Who waits moves up in order.
    Waiting,
    /// They don't come.
    NotGoing,
}

/// An answer to whether somebody comes to a meeting.
#[derive(Debug, Clone)]
pub struct Rsvp(pub Row);

/// What a member answered to whether they come to a meeting.
#[Object(crate = "crate::engine")]
impl Rsvp {
    /// Whether they come.
    async fn state(&self) -> RsvpState {
        self.0.state.into()
    }

    /// The account that they answered with.
    async fn account(&self, context: &Context<'_>) -> Result<Account> {
        let loader = reading(context).loader();
        let account = loader.load_one(AccountBy(self.0.account)).await?;
        Ok(Account(referred(account)?))
    }

    /// When they answered.
    async fn answered_at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// Their place on the waiting list, from 1; null for who doesn't wait.
    async fn waitlist_position(&self, context: &Context<'_>) -> Result<Option<i32>> {
        if self.0.state != State::Waiting {
            return Ok(None);
        }
        let store = reading(context).store();
        let before = store.waiting_before(self.0.meeting, self.0.position);
        Ok(Some(int(before.await? + 1)))
    }
}

/// A page of those who gave one answer, or were at a meeting.
pub struct GuestConnection {
    pub slice: Slice<GuestEdge>,
    pub total: i64,
}

/// Somebody who gave an answer, or was at a meeting.
#[derive(Debug, Clone)]
pub struct GuestEdge {
    place: Cursor,
    at: DateTime,
    account: Account,
    /// Whether who asks sees who it is.
    is_shown: bool,
}

/// What a list of guests is made of.
pub trait Guest {
    /// The account, where it stands in the list, and when that was.
    fn guest(&self) -> (Key, Cursor, DateTime);
}

impl Guest for Row {
    /// The cursor tells nothing of the account: its profile may be private.
    fn guest(&self) -> (Key, Cursor, DateTime) {
        let place = Cursor {
            at: self.position,
            key: Key(self.position),
        };
        (self.account, place, DateTime(self.at))
    }
}

impl Guest for Attendance {
    fn guest(&self) -> (Key, Cursor, DateTime) {
        let place = Cursor {
            at: self.position,
            key: self.account,
        };
        (self.account, place, DateTime(self.at))
    }
}

impl GuestConnection {
    /// What was read of a part of a list. Who manages the group sees who all of them are; others don't
    /// see those whose profiles are private.
    pub async fn new(
        context: &Context<'_>,
        slice: Slice<impl Guest>,
        total: i64,
        manages: bool,
    ) -> Result<Self> {
        let accounts = slice.rows.iter().map(|row| AccountBy(row.guest().0));
        let accounts = reading(context).loader().load_many(accounts).await?;
        let mut edges = Vec::with_capacity(slice.rows.len());
        for row in &slice.rows {
            let (key, place, at) = row.guest();
            let account = Account(referred(accounts.get(&AccountBy(key)).cloned())?);
            edges.push(GuestEdge {
                place,
                at,
                is_shown: manages || account.is_shown(context).await?,
                account,
            });
        }
        Ok(Self {
            slice: Slice {
                rows: edges,
                has_next: slice.has_next,
                has_previous: slice.has_previous,
            },
            total,
        })
    }
}

/// A page of those who gave an answer to a meeting, or were there.
#[Object(crate = "crate::engine")]
impl GuestConnection {
    /// Those, with when they answered, or were seen.
    async fn edges(&self) -> &[GuestEdge] {
        &self.slice.rows
    }

    /// Their accounts, without those whose profiles are private.
    async fn nodes(&self) -> Vec<&Account> {
        let shown = self.slice.rows.iter().filter(|edge| edge.is_shown);
        shown.map(|edge| &edge.account).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.slice, |edge| edge.place)
    }

    /// How many they are, with those whose profiles are private.
    async fn total_count(&self) -> i32 {
        int(self.total)
    }
}

/// Somebody who gave an answer to a meeting, or was there.
#[Object(crate = "crate::engine")]
impl GuestEdge {
    /// Its cursor. It stays valid when others come and go.
    async fn cursor(&self) -> String {
        Opaque(self.place).encode()
    }

    /// When they answered, or when it was recorded that they were there. Null where their profile is
    /// private.
    async fn at(&self) -> Option<DateTime> {
        self.is_shown.then_some(self.at)
    }

    /// The account. Null where its profile is private: then leaders and staff see it.
    async fn node(&self) -> Option<&Account> {
        self.is_shown.then_some(&self.account)
    }
}
