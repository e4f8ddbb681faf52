//! An account: a login identity.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use plaudit_projection::{Account as Row, Profile as ProfileRow};

use crate::id::NodeId;
use crate::loader::{PostBy, ProfileBy, ReviewsOf};
use crate::notification::{
    self, NotificationConnection, NotificationFilter, NotificationPreference,
};
use crate::paging::Paging;
use crate::post::Post;
use crate::profile::Profile;
use crate::reading::{reading, referred};
use crate::scalar::{DateTime, Url};

/// An account, as the row that it is read from.
#[derive(Debug, Clone)]
pub struct Account(pub Arc<Row>);

/// Where an imported thing was before.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct Origin {
    /// The kind of place and its name, like `stack-exchange:beer`.
    source: String,
    /// The id that it had there.
    id: String,
}

impl Origin {
    /// Where something was before, if it was imported.
    pub fn of(origin: Option<&plaudit_projection::Origin>) -> Option<Self> {
        let (source, id) = origin?.clone().into_texts();
        Some(Self { source, id })
    }
}

/// The kinds of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "plaudit_domain::account::AccountKind")]
pub enum AccountKind {
    /// Its address is its owner's.
    Personal,
    /// Its address is managed by an organisation. It can be linked to a personal account, and never
    /// anchors a profile of several.
    Managed,
}

/// Who may see something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "plaudit_domain::Visibility")]
pub enum Visibility {
    /// Everybody.
    Public,
    /// Its owner, logged in as any of their linked accounts.
    Private,
}

impl Account {
    /// Whether it is the account of who asks, or linked with it.
    pub async fn is_viewers(&self, context: &Context<'_>) -> Result<bool> {
        let viewer = reading(context).viewer_account().await?;
        Ok(viewer.is_some_and(|viewer| viewer.profile == self.0.profile))
    }

    /// Whether who asks sees more of its owner than a name: the profile is public, or their own.
    pub async fn is_shown(&self, context: &Context<'_>) -> Result<bool> {
        let visibility = if self.0.is_linked() {
            self.profile_row(context).await?.visibility
        } else {
            self.0.profile_visibility
        };
        match visibility {
            plaudit_domain::Visibility::Public => Ok(true),
            plaudit_domain::Visibility::Private => self.is_viewers(context).await,
        }
    }

    /// Whether who asks sees where it was before it was imported: there its owner may be known.
    pub async fn shows_origin(&self, context: &Context<'_>) -> Result<bool> {
        Ok(!self.0.erased && self.is_shown(context).await?)
    }

    /// Its name and picture, where its profile isn't shown (DOMAIN P7).
    pub fn name_and_picture(&self) -> Option<(Option<&str>, Option<&str>)> {
        match self.0.visibility {
            plaudit_domain::Visibility::Public => {
                Some((self.0.name.as_deref(), self.0.picture.as_deref()))
            }
            plaudit_domain::Visibility::Private => None,
        }
    }

    async fn profile_row(&self, context: &Context<'_>) -> Result<Arc<ProfileRow>> {
        let loader = reading(context).loader();
        referred(loader.load_one(ProfileBy(self.0.profile)).await?)
    }
}

/// An account: an identity that somebody logs in with. What people see of a member is the profile
/// that it belongs to.
#[Object(crate = "crate::engine")]
impl Account {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        NodeId::Account(self.0.id).into()
    }

    /// Its name, with which it writes: everybody sees it, also where the profile is private. Null
    /// where it was withheld or erased.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// The address of its picture. Null where it has none, and for others where the profile is
    /// private and the account doesn't show its picture.
    async fn picture(&self, context: &Context<'_>) -> Result<Option<Url>> {
        let picture = self.0.picture.as_deref();
        if picture.is_none() || self.is_shown(context).await? {
            return Ok(picture.and_then(Url::of));
        }
        let shown = self.name_and_picture().and_then(|(_, picture)| picture);
        Ok(shown.and_then(Url::of))
    }

    /// Whether its owner had their personal data erased: show it as a deleted member.
    async fn is_erased(&self) -> bool {
        self.0.erased
    }

    /// Its kind. Its owner sees it; null for everybody else.
    async fn kind(&self, context: &Context<'_>) -> Result<Option<AccountKind>> {
        let own = self.is_viewers(context).await?;
        Ok(own.then_some(self.0.kind.into()))
    }

    /// Who sees its name and picture on its profile while that is private. Its owner sees this; null
    /// for everybody else.
    async fn visibility(&self, context: &Context<'_>) -> Result<Option<Visibility>> {
        let own = self.is_viewers(context).await?;
        Ok(own.then_some(self.0.visibility.into()))
    }

    /// When it was registered. Null for others while its profile is private.
    async fn registered_at(&self, context: &Context<'_>) -> Result<Option<DateTime>> {
        let shown = self.is_shown(context).await?;
        Ok(shown.then_some(DateTime(self.0.registered_at)))
    }

    /// Where it was before, if it was imported. Null once it is erased, and for others while its
    /// profile is private.
    async fn origin(&self, context: &Context<'_>) -> Result<Option<Origin>> {
        let origin = Origin::of(self.0.origin.as_deref());
        if origin.is_some() && self.shows_origin(context).await? {
            return Ok(origin);
        }
        Ok(None)
    }

    /// What its owner was told, whichever of their accounts it concerns, the latest first. Its owner sees
    /// this; null for everybody else.
    async fn notifications(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which; by default all.")] filter: Option<NotificationFilter>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<Option<NotificationConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        if !self.is_viewers(context).await? {
            return Ok(None);
        }
        let filter = filter.unwrap_or_default();
        let unread_only = filter.unread_only.unwrap_or_default();
        let page = NotificationConnection::read(context, &self.0, unread_only, paging).await?;
        Ok(Some(page))
    }

    /// Of each kind of notification, whether its owner wants it. Its owner sees this; null for everybody
    /// else.
    async fn notification_preferences(
        &self,
        context: &Context<'_>,
    ) -> Result<Option<Vec<NotificationPreference>>> {
        if !self.is_viewers(context).await? {
            return Ok(None);
        }
        Ok(Some(notification::preferences(context, &self.0).await?))
    }

    /// The articles of its owner that aren't published, the latest first: they wait for review, or were
    /// rejected. Its owner sees this; null for everybody else.
    async fn articles_in_review(&self, context: &Context<'_>) -> Result<Option<Vec<Post>>> {
        if !self.is_viewers(context).await? {
            return Ok(None);
        }
        let reading = reading(context);
        let is_linked = self.0.is_linked();
        let keys = reading.account_keys(self.0.profile, is_linked).await?;
        let reviews = reading.loader().load_many(keys.into_iter().map(ReviewsOf));
        let reviews = reviews.await?.into_values().flatten();
        let mut reviews: Vec<_> = reviews.filter(|review| !review.deleted).collect();
        reviews.sort_unstable_by_key(|review| std::cmp::Reverse((review.since, review.post)));
        let posts = reviews.iter().map(|review| PostBy(review.post));
        let mut posts = reading.loader().load_many(posts).await?;
        let posts = reviews
            .iter()
            .map(|review| Ok(Post(referred(posts.remove(&PostBy(review.post)))?)));
        posts.collect::<Result<_>>().map(Some)
    }

    /// What people see of its owner. Of a private profile others see next to nothing, and not which
    /// accounts it is made of: for them, each of these has a profile of its own.
    pub async fn profile(&self, context: &Context<'_>) -> Result<Profile> {
        let row = self.profile_row(context).await?;
        if row.visibility == plaudit_domain::Visibility::Private
            && !self.is_viewers(context).await?
        {
            return Ok(Profile::Private(self.clone()));
        }
        Ok(Profile::Shown(row))
    }
}
