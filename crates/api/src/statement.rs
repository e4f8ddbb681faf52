//! The statement: every point of a member with its reason and the event behind it (DOMAIN K8).

use async_graphql::{Context, Enum, Error, Object, Result, SimpleObject};
use plaudit_domain::Position;
use plaudit_journal::JournalError;
use plaudit_projection::rules::{Counted, Reason};
use plaudit_projection::{Key, LedgerEntry};
use plaudit_store::Cursor;

use crate::account::Account;
use crate::as_of::coded;
use crate::connection::{PageInfo, page_info};
use crate::loader::{AccountBy, EntriesOf, EventAt, PostBy};
use crate::paging::{Opaque, Part, Slice};
use crate::post::Post;
use crate::programme::KudosReason;
use crate::reading::{reading, referred};
use crate::scalar::{DateTime, int};

/// A page of a statement.
pub struct KudosStatementConnection {
    slice: Slice<KudosStatementEdge>,
    accounts: Vec<Key>,
}

/// An entry in a statement.
#[derive(Debug, Clone)]
pub struct KudosStatementEdge {
    node: KudosEntry,
}

/// Points that a member got or lost.
#[derive(Debug, Clone)]
pub struct KudosEntry(LedgerEntry);

/// What became of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum KudosChange {
    /// The member did something, or was given it, that a rule is about.
    Earned,
    /// That was undone, or doesn't count any more: its points are taken back, exactly.
    TakenBack,
    /// It counts again: its points are put back, exactly.
    PutBack,
    /// The member completed a challenge.
    Completed,
}

/// The event behind points or a badge.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct KudosEvent {
    /// Its place in the history, as text: it may be more than an `Int` holds.
    position: String,
    /// The stored name of its type, like `PostLiked`.
    #[graphql(name = "type")]
    kind: String,
    /// When it happened.
    occurred_at: DateTime,
}

impl KudosEvent {
    /// The event at a position.
    pub async fn at(context: &Context<'_>, position: i64) -> Result<Self> {
        let position = Position::try_from(position)?;
        let loader = reading(context).loader();
        let event = loader.load_one(EventAt(position)).await;
        let event = event.map_err(|error| match &*error {
            JournalError::Absent => coded(error.to_string(), "NO_JOURNAL"),
            JournalError::Storage { .. }
            | JournalError::Unavailable { .. }
            | JournalError::NoCopies
            | JournalError::Undecodable { .. }
            | JournalError::Keys(_)
            | JournalError::Closed { .. } => error.into(),
        })?;
        let event = event.ok_or_else(|| Error::new_with_source("there is no such event"))?;
        Ok(Self {
            position: position.to_string(),
            kind: event.kind.to_owned(),
            occurred_at: DateTime(event.occurred_at),
        })
    }
}

impl KudosStatementConnection {
    /// What was read of a part of the statement of some accounts.
    pub fn new(part: Part, entries: Vec<LedgerEntry>, accounts: Vec<Key>) -> Self {
        let edges = entries.into_iter().map(|entry| KudosStatementEdge {
            node: KudosEntry(entry),
        });
        Self {
            slice: part.slice(edges.collect()),
            accounts,
        }
    }
}

/// A page of a statement.
#[Object(crate = "crate::engine")]
impl KudosStatementConnection {
    /// The entries, with their cursors.
    async fn edges(&self) -> &[KudosStatementEdge] {
        &self.slice.rows
    }

    /// The entries.
    async fn nodes(&self) -> Vec<&KudosEntry> {
        self.slice.rows.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page lies in the statement.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.slice, KudosStatementEdge::place)
    }

    /// How many entries there are on all pages.
    async fn total_count(&self, context: &Context<'_>) -> Result<i32> {
        let accounts = self.accounts.iter().copied().map(EntriesOf);
        let counts = reading(context).loader().load_many(accounts).await?;
        Ok(int(counts.into_values().sum()))
    }
}

impl KudosStatementEdge {
    fn place(&self) -> Cursor {
        Cursor {
            at: self.node.0.at.as_micros(),
            key: self.node.0.key,
        }
    }
}

/// An entry in a statement.
#[Object(crate = "crate::engine")]
impl KudosStatementEdge {
    /// Its cursor. It stays valid when entries come.
    async fn cursor(&self) -> String {
        Opaque(self.place()).encode()
    }

    /// The entry.
    async fn node(&self) -> &KudosEntry {
        &self.node
    }
}

impl KudosEntry {
    fn number(&self) -> Result<usize> {
        Ok(usize::try_from(self.0.reason)?)
    }

    fn change_by(&self, reason: &Reason) -> KudosChange {
        if self.0.worth.is_some() {
            return KudosChange::Earned;
        }
        // A rule may take points: undoing such a deed gives them back.
        let is_more = (self.0.points < 0) == (reason.points < 0);
        match reason.counts {
            Counted::Each { .. } if is_more => KudosChange::PutBack,
            Counted::Steps { .. } if is_more => KudosChange::Completed,
            Counted::Each { .. } | Counted::Steps { .. } => KudosChange::TakenBack,
        }
    }
}

/// Points that a member got or lost by one event for one reason. There may be none: where a limit was
/// used up and the event gave a badge, and where something was done to what is deleted and doesn't
/// count.
#[Object(crate = "crate::engine")]
impl KudosEntry {
    /// How many; negative where the member lost them.
    async fn points(&self) -> i32 {
        int(self.0.points)
    }

    /// When it was.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// The rule, or the challenge.
    async fn reason(&self, context: &Context<'_>) -> Result<KudosReason> {
        let kudos = &reading(context).rules().kudos;
        let reason = KudosReason::of(kudos, self.number()?);
        reason.ok_or_else(|| unknown(&self.0))
    }

    /// What became of the points.
    async fn change(&self, context: &Context<'_>) -> Result<KudosChange> {
        let reasons = &reading(context).rules().kudos.reasons;
        let reason = reasons.get(self.number()?);
        Ok(self.change_by(reason.ok_or_else(|| unknown(&self.0))?))
    }

    /// The post that it is about, if it is about one; also while that is deleted.
    async fn post(&self, context: &Context<'_>) -> Result<Option<Post>> {
        let Some(post) = self.0.post else {
            return Ok(None);
        };
        let post = reading(context).loader().load_one(PostBy(post)).await?;
        Ok(post.map(Post))
    }

    /// The account, of those that the member has linked.
    async fn account(&self, context: &Context<'_>) -> Result<Account> {
        let loader = reading(context).loader();
        let account = loader.load_one(AccountBy(self.0.account)).await?;
        Ok(Account(referred(account)?))
    }

    /// The event that it is by.
    async fn event(&self, context: &Context<'_>) -> Result<KudosEvent> {
        KudosEvent::at(context, self.0.position()).await
    }
}

/// The rows are made by other rules than those that are in force: that would be our fault.
fn unknown(entry: &LedgerEntry) -> Error {
    let reason = entry.reason;
    Error::new_with_source(format!(
        "an entry of the ledger has an unknown reason {reason}"
    ))
}
