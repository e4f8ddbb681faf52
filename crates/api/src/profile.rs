//! A profile: what people see of a member.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use plaudit_domain::AccountId;
use plaudit_projection::{About, Counts, Key, Post as PostRow, Profile as Row};
use plaudit_store::Order;

use crate::account::{Account, Visibility};
use crate::badge::{AllBadgesOf, Badge};
use crate::connection::{PostConnection, Total};
use crate::event::EventConnection;
use crate::event_filter::{EventOrder, TimelineFilter, accounts_of};
use crate::group::Group;
use crate::id::NodeId;
use crate::kudos::Kudos;
use crate::learned::{Certification, Course};
use crate::list::{Beginning, List};
use crate::loader::{
    AboutOf, AccountBy, AccountById, AccountsOf, GroupBy, LozengeRequestsOf, MembershipsOf,
    PostsOf, ProfileBy, ProfileById,
};
use crate::lozenge::{HeldLozenge, Perk};
use crate::lozenge_request::LozengeRequest;
use crate::paging::{Paging, merged};
use crate::participation::{ProfileLeading, ProfileMeetings};
use crate::reading::{reading, referred};
use crate::revoked::RevokedLozenge;
use crate::scalar::{DateTime, Url};
use crate::search::Page;
use crate::totals::Totals;

/// A profile, as far as who asks may see it (DOMAIN P6): all of what is shown comes from its row, so
/// what has none can't show it.
#[derive(Debug, Clone)]
pub enum Profile {
    /// It is public, or their own.
    Shown(Arc<Row>),
    /// It is private: all there is to see is this account's name and picture.
    Private(Account),
}

/// What a page about a member needs, for people and for search engines.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct ProfilePage {
    /// Where the page is, below the address of the site. It stays when the name changes.
    path: String,
    /// Its title: the member's name.
    title: Option<String>,
    /// What it is about, in a sentence or two.
    description: String,
    /// The address of the member's picture; null where there is none.
    picture: Option<Url>,
}

impl Profile {
    /// The profile that an id names: by its primary account, or by another of its accounts.
    pub async fn by_id(context: &Context<'_>, id: AccountId) -> Result<Option<Self>> {
        let loader = reading(context).loader();
        // Mostly it is public, and named by its primary account: then this is all there is to read.
        if let Some(row) = loader.load_one(ProfileById(id)).await?
            && row.visibility == plaudit_domain::Visibility::Public
        {
            return Ok(Some(Self::Shown(row)));
        }
        match loader.load_one(AccountById(id)).await? {
            Some(account) => Ok(Some(Account(account).profile(context).await?)),
            None => Ok(None),
        }
    }

    /// The profile that a key names, or that the account of the key belongs to by now.
    pub async fn by_key(context: &Context<'_>, key: Key) -> Result<Self> {
        let loader = reading(context).loader();
        if let Some(row) = loader.load_one(ProfileBy(key)).await?
            && row.visibility == plaudit_domain::Visibility::Public
        {
            return Ok(Self::Shown(row));
        }
        let account = referred(loader.load_one(AccountBy(key)).await?)?;
        Account(account).profile(context).await
    }

    /// Its row, where it may be seen.
    pub fn shown(&self) -> Option<&Row> {
        match self {
            Self::Shown(row) => Some(row),
            Self::Private(_) => None,
        }
    }

    /// What it tells: its primary account does.
    async fn about(&self, context: &Context<'_>) -> Result<Option<Arc<About>>> {
        let Some(row) = self.shown() else {
            return Ok(None);
        };
        Ok(reading(context).loader().load_one(AboutOf(row.key)).await?)
    }

    /// The keys of all its accounts.
    pub async fn account_keys(context: &Context<'_>, row: &Row) -> Result<Vec<Key>> {
        reading(context)
            .account_keys(row.key, row.accounts > 1)
            .await
    }

    /// What it holds of lozenges.
    async fn held(&self, context: &Context<'_>) -> Result<Option<Vec<HeldLozenge>>> {
        match self.shown() {
            Some(row) => HeldLozenge::of(reading(context), row).await.map(Some),
            None => Ok(None),
        }
    }
}

/// A profile: what people see of a member. It is made of one account, or of several that are
/// linked under a primary one.
///
/// It can be private. Then everybody but its owner, staff too, gets its id, `visibility: PRIVATE`,
/// and its name and picture as the account allows; everything else is null.
#[Object(crate = "crate::engine")]
impl Profile {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        NodeId::Profile(match self {
            Self::Shown(row) => row.id,
            Self::Private(account) => account.0.id,
        })
        .into()
    }

    /// Who may see it.
    async fn visibility(&self) -> Visibility {
        match self {
            Self::Shown(row) => row.visibility.into(),
            Self::Private(_) => Visibility::Private,
        }
    }

    /// The name that everybody sees: its primary account's. Null where it was withheld or erased, and
    /// on a private profile whose account doesn't show it.
    async fn name(&self) -> Option<&str> {
        match self {
            Self::Shown(row) => row.name.as_deref(),
            Self::Private(account) => account.name_and_picture()?.0,
        }
    }

    /// The address of its picture: its primary account's. Null where there is none, and on a private
    /// profile whose account doesn't show it.
    async fn picture(&self) -> Option<Url> {
        match self {
            Self::Shown(row) => row.picture.as_deref(),
            Self::Private(account) => account.name_and_picture()?.1,
        }
        .and_then(Url::of)
    }

    /// Whether it is that of who asks.
    async fn viewer_is_owner(&self, context: &Context<'_>) -> Result<bool> {
        let Some(row) = self.shown() else {
            return Ok(false);
        };
        let viewer = reading(context).viewer_account().await?;
        Ok(viewer.is_some_and(|viewer| viewer.profile == row.key))
    }

    /// The account that it goes by.
    async fn primary_account(&self, context: &Context<'_>) -> Result<Option<Account>> {
        let Some(row) = self.shown() else {
            return Ok(None);
        };
        let loader = reading(context).loader();
        let account = loader.load_one(AccountBy(row.key)).await?;
        Ok(Some(Account(referred(account)?)))
    }

    /// All accounts that it is made of, the primary one first. Its owner sees them; null for
    /// everybody else.
    async fn accounts(&self, context: &Context<'_>) -> Result<Option<Vec<Account>>> {
        let Some(row) = self.shown() else {
            return Ok(None);
        };
        if !self.viewer_is_owner(context).await? {
            return Ok(None);
        }
        let loader = reading(context).loader();
        let accounts = loader.load_one(AccountsOf(row.key)).await?;
        let mut accounts = accounts.unwrap_or_default();
        accounts.sort_unstable_by_key(|account| (account.key != row.key, account.key));
        let accounts = accounts.into_iter().map(|account| Account(account.into()));
        Ok(Some(accounts.collect()))
    }

    /// Since when its primary account exists.
    async fn member_since(&self) -> Option<DateTime> {
        Some(DateTime(self.shown()?.member_since))
    }

    /// When the member last wrote, liked, joined or learned something.
    async fn last_active_at(&self) -> Option<DateTime> {
        self.shown()?.last_active_at.map(DateTime)
    }

    /// Who the member works for.
    async fn company(&self, context: &Context<'_>) -> Result<Option<String>> {
        let about = self.about(context).await?;
        Ok(about.and_then(|about| about.company.clone()))
    }

    /// What the member does where they work.
    async fn position(&self, context: &Context<'_>) -> Result<Option<String>> {
        let about = self.about(context).await?;
        Ok(about.and_then(|about| about.position.clone()))
    }

    /// Where the member is.
    async fn location(&self, context: &Context<'_>) -> Result<Option<String>> {
        let about = self.about(context).await?;
        Ok(about.and_then(|about| about.location.clone()))
    }

    /// What the member says about themselves.
    async fn bio(&self, context: &Context<'_>) -> Result<Option<String>> {
        let about = self.about(context).await?;
        Ok(about.and_then(|about| about.bio.clone()))
    }

    /// Where else the member can be found: addresses of websites and social media.
    async fn links(&self, context: &Context<'_>) -> Result<Option<Vec<Url>>> {
        let urls = |about: &About| {
            let links = about.links.to_vec();
            links.iter().filter_map(|it| Url::of(it)).collect()
        };
        self.list(context, urls).await
    }

    /// The products that the member uses.
    async fn products(&self, context: &Context<'_>) -> Result<Option<Vec<String>>> {
        self.list(context, |about| about.products.to_vec()).await
    }

    /// What the member did and received, over all accounts.
    async fn totals(&self) -> Option<Totals> {
        Some(Totals::from(&self.shown()?.counts))
    }

    /// The member's posts of every kind, over all accounts, newest first.
    async fn posts(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<Option<PostConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Descending)?;
        let Some(row) = self.shown() else {
            return Ok(None);
        };
        let page = part.page;
        let keys = Self::account_keys(context, row).await?;
        let pages = keys.into_iter().map(|author| PostsOf { author, page });
        let pages = reading(context).loader().load_many(pages).await?;
        let posts = pages.into_values().flatten().collect();
        let posts = merged(posts, page, |post: &Arc<PostRow>| {
            (post.created_at, post.key)
        });
        let total = Total::Known(row.counts.total_posts());
        Ok(Some(PostConnection::new(part, posts, total)))
    }

    /// The groups that the member joined, with any account, the latest first.
    async fn groups(&self, context: &Context<'_>) -> Result<Option<Vec<Group>>> {
        let Some(row) = self.shown() else {
            return Ok(None);
        };
        let keys = Self::account_keys(context, row).await?;
        let loader = reading(context).loader();
        let memberships = loader
            .load_many(keys.into_iter().map(MembershipsOf))
            .await?;
        let mut memberships: Vec<_> = memberships.into_values().flatten().collect();
        memberships.sort_by_key(|membership| Reverse(membership.position));
        let mut seen = HashSet::new();
        memberships.retain(|membership| seen.insert(membership.group_key));
        let keys: Vec<_> = memberships.iter().map(|member| member.group_key).collect();
        let mut groups = loader.load_many(keys.iter().copied().map(GroupBy)).await?;
        let group = |key| Ok(Group(referred(groups.remove(&GroupBy(key)))?));
        keys.into_iter().map(group).collect::<Result<_>>().map(Some)
    }

    /// The meetings that the member was at, and those that they go to.
    async fn meetings(&self) -> Option<ProfileMeetings> {
        match self {
            Self::Shown(row) => Some(ProfileMeetings(row.clone())),
            Self::Private(_) => None,
        }
    }

    /// The user groups that the member leads, and what they asked for as a leader.
    async fn leading(&self) -> Option<ProfileLeading> {
        match self {
            Self::Shown(row) => Some(ProfileLeading(row.clone())),
            Self::Private(_) => None,
        }
    }

    /// The courses that the member completed, with any account, the latest first.
    async fn courses(&self, context: &Context<'_>) -> Result<Option<Vec<Course>>> {
        let courses = self.completed(context).await?;
        Ok(courses.map(Course::all))
    }

    /// The certifications that the member was awarded, with any account, the latest first; of each
    /// the latest award. Certified Designations are listed apart.
    async fn certifications(&self, context: &Context<'_>) -> Result<Option<Vec<Certification>>> {
        self.certified(context, false).await
    }

    /// The Certified Designations that the member was awarded, the latest first.
    async fn designations(&self, context: &Context<'_>) -> Result<Option<Vec<Certification>>> {
        self.certified(context, true).await
    }

    /// What the member has of the kudos programme: points, level, badges, and why.
    async fn kudos(&self) -> Option<Kudos> {
        match self {
            Self::Shown(row) => Some(Kudos(row.clone())),
            Self::Private(_) => None,
        }
    }

    /// The member's badges, each once: first those for milestones of the profile, then those for
    /// milestones of posts, kudos badges, those of courses, and those that were granted elsewhere.
    async fn badges(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default all.")] first: Option<i32>,
    ) -> Result<Option<List<Beginning<Badge>>>> {
        let first = first.map(Paging::first).transpose()?;
        let Some(row) = self.shown() else {
            return Ok(None);
        };
        let badges = async || {
            let badges = Badge::all(context, row, self.completed(context));
            badges.await.map(Arc::from)
        };
        let loader = reading(context).loader();
        let badges: Arc<[Badge]> = loader.derived(AllBadgesOf(row.key), badges).await?;
        let first = first.unwrap_or(badges.len());
        Ok(Some(List(Beginning::of(badges, first))))
    }

    /// The lozenge to show with the member's name: the highest that they hold, with any account. Null
    /// where they hold none.
    async fn lozenge(&self, context: &Context<'_>) -> Result<Option<HeldLozenge>> {
        let held = self.held(context).await?;
        Ok(held.and_then(|held| held.into_iter().next()))
    }

    /// All lozenges that the member holds, with any account, the highest first.
    async fn lozenges(&self, context: &Context<'_>) -> Result<Option<Vec<HeldLozenge>>> {
        self.held(context).await
    }

    /// What comes with all these lozenges, whether they are shown or not.
    async fn perks(&self, context: &Context<'_>) -> Result<Option<Vec<Perk>>> {
        let held = self.held(context).await?;
        Ok(held.map(|held| HeldLozenge::perks(&held)))
    }

    /// What concerns the member, event by event, with any of their accounts: what they did, and what was done
    /// to them and to what they wrote. It is what `events(filter: { subject })` finds of the profile, also where
    /// that is private. For analysts; null for everybody else.
    #[allow(
        clippy::too_many_arguments,
        reason = "they are the arguments of a field"
    )]
    async fn timeline(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which events; by default all.")] filter: Option<TimelineFilter>,
        #[graphql(desc = "In which order.", default_with = "EventOrder::NewestFirst")]
        order: EventOrder,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor, or position.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor, or position.")] before: Option<String>,
    ) -> Result<Option<EventConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let reading = reading(context);
        if !reading.is_analyst() {
            return Ok(None);
        }
        let accounts = match self {
            Self::Shown(row) => Self::account_keys(context, row).await?,
            Self::Private(account) => {
                let accounts = accounts_of(reading, account.0.id).await?;
                accounts.iter().map(|account| account.key).collect()
            }
        };
        let sought = filter.unwrap_or_default().sought(accounts)?;
        let page = Page::of(reading, &sought, order, &paging).await?;
        Ok(Some(EventConnection::new(page)))
    }

    /// The lozenges that staff revoked, and didn't grant anew, with any account, the latest first. Its owner sees
    /// them, and staff; null for everybody else.
    async fn revoked_lozenges(&self, context: &Context<'_>) -> Result<Option<Vec<RevokedLozenge>>> {
        let Some(row) = self.shown() else {
            return Ok(None);
        };
        if !self.viewer_is_owner(context).await? && !reading(context).is_staff() {
            return Ok(None);
        }
        let keys = Self::account_keys(context, row).await?;
        RevokedLozenge::all_of(context, &keys).await.map(Some)
    }

    /// What the member asked for last of each lozenge, the latest first. Its owner sees it, and staff; null
    /// for everybody else.
    async fn lozenge_requests(&self, context: &Context<'_>) -> Result<Option<Vec<LozengeRequest>>> {
        let Some(row) = self.shown() else {
            return Ok(None);
        };
        if !self.viewer_is_owner(context).await? && !reading(context).is_staff() {
            return Ok(None);
        }
        let keys = Self::account_keys(context, row).await?;
        let requests = keys.into_iter().map(LozengeRequestsOf);
        let requests = reading(context).loader().load_many(requests).await?;
        let mut requests: Vec<_> = requests.into_values().flatten().collect();
        requests.sort_by_key(|request| Reverse((request.since, request.position)));
        Ok(Some(requests.into_iter().map(LozengeRequest).collect()))
    }

    /// What a page about the member needs. Null where the profile is private: its page isn't for
    /// search engines.
    async fn page(&self, context: &Context<'_>) -> Result<Option<ProfilePage>> {
        let Some(row) = self.shown() else {
            return Ok(None);
        };
        if row.visibility == plaudit_domain::Visibility::Private {
            return Ok(None);
        }
        let about = self.about(context).await?;
        let bio = about.and_then(|about| about.bio.clone());
        let figures = || {
            let Counts {
                answers,
                accepted_solutions,
                articles,
                ..
            } = row.counts;
            format!(
                "{answers} answers, {accepted_solutions} accepted solutions, {articles} articles"
            )
        };
        Ok(Some(ProfilePage {
            path: format!("/profiles/{}", ID::from(NodeId::Profile(row.id)).as_str()),
            title: row.name.clone(),
            description: bio.unwrap_or_else(figures),
            picture: row.picture.as_deref().and_then(Url::of),
        }))
    }
}

impl Profile {
    /// One of the lists of what it tells; an empty one where it tells nothing.
    async fn list<T>(
        &self,
        context: &Context<'_>,
        list: impl Fn(&About) -> Vec<T>,
    ) -> Result<Option<Vec<T>>> {
        if self.shown().is_none() {
            return Ok(None);
        }
        let about = self.about(context).await?;
        Ok(Some(about.map(|about| list(&about)).unwrap_or_default()))
    }
}
