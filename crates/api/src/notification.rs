//! What members are told (DOMAIN F5).

use std::collections::HashSet;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use plaudit_domain::{Time, notification};
use plaudit_projection::{Account as AccountRow, Key, Notification as Row};
use plaudit_store::{Cursor, Order};
use uuid::Uuid;

use crate::account::Account;
use crate::connection::{PageInfo, page_info};
use crate::group::Group;
use crate::id::NodeId;
use crate::loader::{AccountBy, AccountsOf, GroupBy, MeetingBy, PostBy, RulingBy};
use crate::lozenge::Lozenge;
use crate::meeting::Meeting;
use crate::paging::{Opaque, Paging, Slice, merged};
use crate::post::Post;
use crate::reading::{Reading, reading, referred};
use crate::report::ReportMeasure;
use crate::scalar::{DateTime, int};
use crate::warning::warnings;

/// What somebody can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "notification::Kind")]
pub enum NotificationKind {
    /// A question was answered.
    Answer,
    /// Somebody commented on a post.
    Comment,
    /// An answer was accepted.
    Acceptance,
    /// Something was posted in a group.
    Post,
    /// An article was changed.
    ArticleUpdate,
    /// An article of theirs was published or rejected.
    ArticleReview,
    /// A report of a post of theirs was upheld.
    Report,
    /// A lozenge was granted, denied or revoked.
    Lozenge,
    /// A meeting was changed or cancelled, or a place in it became free for them.
    Meeting,
    /// A presentation of theirs was approved or rejected.
    Presentation,
    /// They were made a leader, or are one no more; or what they asked for as one was decided.
    Leadership,
    /// A group that they lead is about to be inactive, or is.
    GroupWarning,
}

/// What somebody was told, as the row that it is read from.
#[derive(Debug, Clone)]
pub struct Notification {
    row: Row,
    is_read: bool,
}

/// Which notifications a list holds.
#[derive(Debug, Clone, Copy, Default, InputObject)]
pub struct NotificationFilter {
    /// Only those that aren't read.
    pub unread_only: Option<bool>,
}

/// What somebody wants to be told.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct NotificationPreference {
    /// What it is about.
    kind: NotificationKind,
    /// Whether they want to be told.
    is_muted: bool,
}

/// Of each kind of notification, whether the owner of an account wants it. The primary account of a
/// profile says so for all.
pub async fn preferences(
    context: &Context<'_>,
    account: &AccountRow,
) -> Result<Vec<NotificationPreference>> {
    let loader = reading(context).loader();
    let primary = referred(loader.load_one(AccountBy(account.profile)).await?)?;
    let muted = primary.muted.to_vec();
    let kinds = notification::Kind::ALL.into_iter();
    let preferences = kinds.map(|kind| NotificationPreference {
        kind: kind.into(),
        is_muted: muted.iter().any(|name| name == kind.as_str()),
    });
    Ok(preferences.collect())
}

/// The accounts of somebody who reads what they were told.
pub struct Reader {
    /// Their keys.
    pub accounts: Vec<Key>,
    /// Up to when they have read everything.
    read_until: Time,
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

/// A page of what somebody was told.
pub struct NotificationConnection {
    slice: Slice<NotificationEdge>,
    reader: Reader,
    unread_only: bool,
}

/// Something that somebody was told, in a list.
#[derive(Debug, Clone)]
pub struct NotificationEdge {
    /// Where it stands in the list.
    pub cursor: Cursor,
    /// The notification.
    pub node: Notification,
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
        let is_beyond = |row: &Row| {
            let place = place(row);
            part.page.after.is_none_or(|after| match part.page.order {
                Order::Ascending => place > after,
                Order::Descending => place < after,
            })
        };
        rows.extend(warnings.into_iter().filter(is_beyond));
        let rows = merged(rows, part.page, place);
        let slice = part.slice(reader.read(reading, rows).await?);
        let slice = slice.try_map(|node| {
            let cursor = node.place();
            Ok::<_, async_graphql::Error>(NotificationEdge { cursor, node })
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

fn place(row: &Row) -> Cursor {
    Cursor {
        at: row.at.as_micros(),
        key: Key(row.position),
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
        page_info(&self.slice, |edge| edge.cursor)
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
        Opaque(self.cursor).encode()
    }

    /// The notification.
    async fn node(&self) -> &Notification {
        &self.node
    }
}

impl Notification {
    /// Where it stands among others.
    pub fn place(&self) -> Cursor {
        place(&self.row)
    }

    /// What the owner of an account was told, by its id.
    pub async fn by_id(context: &Context<'_>, id: Uuid) -> Result<Option<Self>> {
        let reading = reading(context);
        let Some(account) = reading.viewer_account().await? else {
            return Ok(None);
        };
        let reader = Reader::of(reading, &account, reading.now()).await?;
        let mut rows = reading.store().notifications_by_id(&[id]).await?;
        rows.extend(reader.warnings(reading, false).await?);
        rows.retain(|row| row.id == id && reader.accounts.contains(&row.account));
        rows.truncate(1);
        Ok(reader.read(reading, rows).await?.pop())
    }

    /// The post that it is about, as long as that is in sight.
    async fn shown_post(&self, context: &Context<'_>) -> Result<Option<Post>> {
        let Some(post) = self.row.post else {
            return Ok(None);
        };
        let post = reading(context).loader().load_one(PostBy(post)).await?;
        let post = Post(referred(post)?);
        let is_shown = post.is_readable(context).await?;
        Ok(Some(post).filter(|_| is_shown))
    }
}

/// Something that a member was told.
#[Object(crate = "crate::engine")]
impl Notification {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        NodeId::Notification(self.row.id).into()
    }

    /// What it is about.
    async fn kind(&self) -> NotificationKind {
        self.row.kind.into()
    }

    /// When they were told.
    async fn at(&self) -> DateTime {
        DateTime(self.row.at)
    }

    /// Whether they have read it.
    async fn is_read(&self) -> bool {
        self.is_read
    }

    /// Who did it. Null where that isn't known, and where staff decided something.
    async fn actor(&self, context: &Context<'_>) -> Result<Option<Account>> {
        let Some(actor) = self.row.actor.filter(|_| is_by_a_member(self.row.kind)) else {
            return Ok(None);
        };
        let account = reading(context).loader().load_one(AccountBy(actor)).await?;
        Ok(Some(Account(referred(account)?)))
    }

    /// The post that it is about: the answer that was given or accepted, the comment, the article. Null
    /// where it is about none, and while that is gone.
    async fn post(&self, context: &Context<'_>) -> Result<Option<Post>> {
        self.shown_post(context).await
    }

    /// The group that it is about, or that the post is in.
    async fn group(&self, context: &Context<'_>) -> Result<Option<Group>> {
        let Some(group) = self.row.group_key else {
            return Ok(None);
        };
        let group = reading(context).loader().load_one(GroupBy(group)).await?;
        Ok(Some(Group(referred(group)?)))
    }

    /// The meeting that it is about.
    async fn meeting(&self, context: &Context<'_>) -> Result<Option<Meeting>> {
        let Some(meeting) = self.row.meeting else {
            return Ok(None);
        };
        let meeting = reading(context)
            .loader()
            .load_one(MeetingBy(meeting))
            .await?;
        Ok(Some(Meeting(referred(meeting)?)))
    }

    /// The lozenge that it is about. Null where it is about none, and where the rules don't have it any more.
    async fn lozenge(&self, context: &Context<'_>) -> Option<Lozenge> {
        let key = self.row.lozenge.as_deref()?;
        Lozenge::find(reading(context).community.rules(), key)
    }

    /// What upholding the report came to; null where it is about none.
    async fn measure(&self, context: &Context<'_>) -> Result<Option<ReportMeasure>> {
        let loader = reading(context).loader();
        let ruling = loader.load_one(RulingBy(Key(self.row.position))).await?;
        Ok(ruling.map(|ruling| ruling.measure.into()))
    }

    /// What staff say about it; null where they say nothing.
    async fn note(&self, context: &Context<'_>) -> Result<Option<String>> {
        let loader = reading(context).loader();
        let ruling = loader.load_one(RulingBy(Key(self.row.position))).await?;
        Ok(ruling.and_then(|ruling| ruling.note.clone()))
    }
}

/// Whether who did what is told is shown. What staff decide they don't decide as themselves.
fn is_by_a_member(kind: notification::Kind) -> bool {
    match kind {
        notification::Kind::Answer
        | notification::Kind::Comment
        | notification::Kind::Acceptance
        | notification::Kind::ArticleUpdate => true,
        // An article may be published by staff: its author stands in the post.
        notification::Kind::Post
        | notification::Kind::ArticleReview
        | notification::Kind::Report
        | notification::Kind::Lozenge
        | notification::Kind::Meeting
        | notification::Kind::Presentation
        | notification::Kind::Leadership
        | notification::Kind::GroupWarning => false,
    }
}
