//! Kudos that peers give each other (DOMAIN K7).

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use plaudit_domain::{GiftId, Time};
use plaudit_projection::{Gift as Row, Key, Profile as ProfileRow};
use plaudit_store::{Cursor, Order};

use crate::account::Account;
use crate::connection::{PageInfo, page_info};
use crate::id::NodeId;
use crate::loader::{AccountBy, GiftById, GiftCountBy, GiftsBy, GiftsTo, GivenSince, PostBy};
use crate::paging::{Opaque, Paging, Part, Slice, merged};
use crate::post::Post;
use crate::profile::Profile;
use crate::reading::{reading, referred};
use crate::scalar::{DateTime, int};

/// Kudos that a peer gave, as the row that it is read from.
#[derive(Debug, Clone)]
pub struct Gift(pub Arc<Row>);

/// Peer kudos of a member, by the row of a profile that may be seen.
pub struct PeerKudos(pub Arc<ProfileRow>);

/// A page of gifts.
pub struct GiftConnection {
    slice: Slice<GiftEdge>,
    total: Total,
}

/// How many gifts there are.
enum Total {
    /// It is known.
    Known(i64),
    /// It is counted if somebody asks: what these accounts gave.
    Counted(Vec<GiftCountBy>),
}

/// A gift in a list.
#[derive(Debug, Clone)]
pub struct GiftEdge {
    node: Gift,
}

impl Gift {
    /// The gift that an id names, where who asks may see it: on the profile of who got it, or because
    /// they gave it.
    pub async fn by_id(context: &Context<'_>, id: GiftId) -> Result<Option<Self>> {
        let Some(gift) = Self::given(context, id).await? else {
            return Ok(None);
        };
        let receiver = Self::account(context, gift.0.receiver).await?;
        let is_shown = receiver.is_shown(context).await?
            || Self::account(context, gift.0.giver)
                .await?
                .is_viewers(context)
                .await?;
        Ok(is_shown.then_some(gift))
    }

    /// The gift that an id names, for who gave it.
    pub async fn given(context: &Context<'_>, id: GiftId) -> Result<Option<Self>> {
        let gift = reading(context).loader().load_one(GiftById(id)).await?;
        Ok(gift.map(Self))
    }

    async fn account(context: &Context<'_>, key: Key) -> Result<Account> {
        let account = reading(context).loader().load_one(AccountBy(key)).await?;
        Ok(Account(referred(account)?))
    }
}

/// Kudos that a member gave to another.
#[Object(crate = "crate::engine")]
impl Gift {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        NodeId::Gift(self.0.id).into()
    }

    /// Who gave it.
    async fn giver(&self, context: &Context<'_>) -> Result<Profile> {
        let giver = Self::account(context, self.0.giver).await?;
        giver.profile(context).await
    }

    /// Who got it.
    async fn receiver(&self, context: &Context<'_>) -> Result<Profile> {
        let receiver = Self::account(context, self.0.receiver).await?;
        receiver.profile(context).await
    }

    /// What it is for, in the giver's words. Null where these were withheld or erased.
    async fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// The post that it is about, if it is about one; also while that is deleted.
    async fn post(&self, context: &Context<'_>) -> Result<Option<Post>> {
        let Some(post) = self.0.post else {
            return Ok(None);
        };
        let post = reading(context).loader().load_one(PostBy(post)).await?;
        Ok(post.map(Post))
    }

    /// When it was given.
    async fn given_at(&self) -> DateTime {
        DateTime(self.0.at)
    }
}

/// Kudos between a member and their peers, over all accounts.
#[Object(crate = "crate::engine")]
impl PeerKudos {
    /// How often peers gave kudos to the member.
    async fn received(&self) -> i32 {
        int(self.0.counts.peer_kudos_received)
    }

    /// How often the member gave kudos to peers.
    async fn given(&self) -> i32 {
        int(self.0.counts.peer_kudos_given)
    }

    /// How often the member can still give kudos in this period. The member sees it; null for
    /// everybody else, and where the programme has no peer kudos.
    async fn left(&self, context: &Context<'_>) -> Result<Option<i32>> {
        let reading = reading(context);
        let Some(allowance) = reading.rules().kudos.allowance else {
            return Ok(None);
        };
        if !reading.is_profile_of_viewer(self.0.key).await? {
            return Ok(None);
        }
        let accounts = reading.account_keys(self.0.key, self.0.accounts > 1);
        let given = GivenSince {
            accounts: accounts.await?,
            since: allowance.per.start(reading.now()),
        };
        let given = reading.loader().load_one(given).await?.unwrap_or_default();
        Ok(Some(int((i64::from(allowance.gifts) - given).max(0))))
    }

    /// When the next period begins, and with it a new allowance. The member sees it; null for
    /// everybody else, and where the programme has no peer kudos.
    async fn resets_at(&self, context: &Context<'_>) -> Result<Option<DateTime>> {
        let reading = reading(context);
        let Some(allowance) = reading.rules().kudos.allowance else {
            return Ok(None);
        };
        let is_own = reading.is_profile_of_viewer(self.0.key).await?;
        Ok(is_own.then(|| DateTime(allowance.per.end(reading.now()))))
    }

    /// What peers gave to the member, newest first.
    async fn gifts(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<GiftConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Descending)?;
        let page = part.page;
        let reading = reading(context);
        let accounts = reading.account_keys(self.0.key, self.0.accounts > 1);
        let pages = accounts.await?.into_iter();
        let pages = pages.map(|account| GiftsTo { account, page });
        let pages = reading.loader().load_many(pages).await?;
        let gifts = merged(pages.into_values().flatten().collect(), page, place);
        let total = Total::Known(self.0.counts.peer_kudos_received);
        Ok(GiftConnection::new(part, gifts, total))
    }

    /// What the member gave to peers, newest first. Of what was given to somebody whose profile is
    /// private, who gave it and who got it know.
    async fn gifts_given(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<GiftConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Descending)?;
        let page = part.page;
        let reading = reading(context);
        let viewer = reading.viewer_account().await?;
        let viewer = viewer.map(|viewer| viewer.profile);
        let accounts = reading.account_keys(self.0.key, self.0.accounts > 1);
        let accounts = accounts.await?;
        let pages = accounts.iter().map(|&account| GiftsBy {
            account,
            viewer,
            page,
        });
        let pages = reading.loader().load_many(pages).await?;
        let gifts = pages.into_values().flatten().collect();
        let by = accounts.into_iter();
        let by = by.map(|account| GiftCountBy { account, viewer });
        let total = Total::Counted(by.collect());
        Ok(GiftConnection::new(part, merged(gifts, page, place), total))
    }
}

fn place(gift: &Row) -> (Time, Key) {
    (gift.at, gift.key)
}

impl GiftConnection {
    fn new(part: Part, gifts: Vec<Row>, total: Total) -> Self {
        let edges = gifts.into_iter().map(|gift| GiftEdge {
            node: Gift(Arc::new(gift)),
        });
        Self {
            slice: part.slice(edges.collect()),
            total,
        }
    }
}

/// A page of gifts.
#[Object(crate = "crate::engine")]
impl GiftConnection {
    /// The gifts, with their cursors.
    async fn edges(&self) -> &[GiftEdge] {
        &self.slice.rows
    }

    /// The gifts.
    async fn nodes(&self) -> Vec<&Gift> {
        self.slice.rows.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.slice, GiftEdge::place)
    }

    /// How many gifts there are on all pages.
    async fn total_count(&self, context: &Context<'_>) -> Result<i32> {
        let count = match &self.total {
            Total::Known(count) => *count,
            Total::Counted(by) => {
                let loader = reading(context).loader();
                let counts = loader.load_many(by.iter().copied()).await?;
                counts.into_values().sum()
            }
        };
        Ok(int(count))
    }
}

impl GiftEdge {
    fn place(&self) -> Cursor {
        Cursor {
            at: self.node.0.at.as_micros(),
            key: self.node.0.key,
        }
    }
}

/// A gift in a list.
#[Object(crate = "crate::engine")]
impl GiftEdge {
    /// Its cursor. It stays valid when gifts come.
    async fn cursor(&self) -> String {
        Opaque(self.place()).encode()
    }

    /// The gift.
    async fn node(&self) -> &Gift {
        &self.node
    }
}
