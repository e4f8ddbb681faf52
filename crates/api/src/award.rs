//! What badges were awarded for (DOMAIN K6, K8).

use std::sync::Arc;

use async_graphql::{Context, Object, Result};
use plaudit_domain::Time;
use plaudit_projection::{Badge, Course, GrantedBadge, Key, PostMilestone};
use plaudit_store::{Cursor, Order, Page};

use crate::account::Account;
use crate::connection::{PageInfo, page_info};
use crate::loader::{AccountBy, BadgeAwardsOf, MilestoneAwardsOf, PostBy};
use crate::paging::{Opaque, Paging, Part, Slice, merged};
use crate::post::Post;
use crate::reading::{reading, referred};
use crate::scalar::DateTime;
use crate::statement::KudosEvent;

/// Where the awards of a badge are.
#[derive(Debug, Clone)]
pub enum AwardsIn {
    /// These are all.
    These(Vec<BadgeAward>),
    /// With what deserved a kudos badge: its number, and whether it can be had more than once.
    Badges {
        accounts: Arc<[Key]>,
        badge: i64,
        is_repeatable: bool,
    },
    /// With the posts that reached a milestone: its number.
    Posts {
        accounts: Arc<[Key]>,
        milestone: i64,
    },
}

/// One time that a badge was awarded.
#[derive(Debug, Clone)]
pub struct BadgeAward {
    account: Key,
    at: Time,
    /// Tells it from others of the same badge, account and time.
    key: Key,
    position: i64,
    post: Option<Key>,
}

/// A page of the awards of a badge.
pub struct BadgeAwardConnection {
    slice: Slice<BadgeAwardEdge>,
    total: i32,
}

/// An award in a list.
#[derive(Debug, Clone)]
pub struct BadgeAwardEdge {
    node: BadgeAward,
}

impl From<Badge> for BadgeAward {
    fn from(badge: Badge) -> Self {
        Self {
            account: badge.account,
            at: badge.at,
            key: Key(badge.cause),
            position: badge.position,
            post: badge.post,
        }
    }
}

impl From<PostMilestone> for BadgeAward {
    fn from(reached: PostMilestone) -> Self {
        Self {
            account: reached.account,
            at: reached.at,
            key: reached.post,
            position: reached.position,
            post: Some(reached.post),
        }
    }
}

impl From<&Course> for BadgeAward {
    fn from(course: &Course) -> Self {
        Self {
            account: course.account,
            at: course.at,
            key: Key(course.position),
            position: course.position,
            post: None,
        }
    }
}

impl From<&GrantedBadge> for BadgeAward {
    fn from(granted: &GrantedBadge) -> Self {
        Self {
            account: granted.account,
            at: granted.at,
            key: granted.key,
            position: granted.key.0,
            post: None,
        }
    }
}

impl AwardsIn {
    /// A page of them, of so many in all.
    pub async fn page(
        &self,
        context: &Context<'_>,
        paging: Paging,
        total: i32,
    ) -> Result<BadgeAwardConnection> {
        let part = paging.part(Order::Descending)?;
        let awards = match self {
            Self::These(awards) => awards.clone(),
            Self::Badges {
                accounts,
                badge,
                is_repeatable: true,
            } => of_badge(context, accounts, *badge, part.page).await?,
            Self::Badges {
                accounts,
                badge,
                is_repeatable: false,
            } => {
                let earliest = Page {
                    order: Order::Ascending,
                    after: None,
                    limit: 1,
                };
                let awards = of_badge(context, accounts, *badge, earliest).await?;
                cut(awards, earliest)
            }
            Self::Posts {
                accounts,
                milestone,
            } => of_posts(context, accounts, *milestone, part.page).await?,
        };
        Ok(BadgeAwardConnection::new(
            part,
            cut(awards, part.page),
            total,
        ))
    }
}

async fn of_badge(
    context: &Context<'_>,
    accounts: &[Key],
    badge: i64,
    page: Page,
) -> Result<Vec<BadgeAward>> {
    let pages = accounts.iter().map(|&account| BadgeAwardsOf {
        account,
        badge,
        page,
    });
    let pages = reading(context).loader().load_many(pages).await?;
    Ok(pages.into_values().flatten().map(Into::into).collect())
}

async fn of_posts(
    context: &Context<'_>,
    accounts: &[Key],
    milestone: i64,
    page: Page,
) -> Result<Vec<BadgeAward>> {
    let pages = accounts.iter().map(|&account| MilestoneAwardsOf {
        account,
        milestone,
        page,
    });
    let pages = reading(context).loader().load_many(pages).await?;
    Ok(pages.into_values().flatten().map(Into::into).collect())
}

/// A page of awards that hold it, in its order.
fn cut(mut awards: Vec<BadgeAward>, page: Page) -> Vec<BadgeAward> {
    if let Some(after) = page.after {
        awards.retain(|award| match page.order {
            Order::Ascending => award.place() > after,
            Order::Descending => award.place() < after,
        });
    }
    merged(awards, page, |award| (award.place(), award.account))
}

impl BadgeAward {
    fn place(&self) -> Cursor {
        Cursor {
            at: self.at.as_micros(),
            key: self.key,
        }
    }
}

/// One time that a member was awarded a badge: when, and for what.
#[Object(crate = "crate::engine")]
impl BadgeAward {
    /// When it was awarded.
    async fn awarded_at(&self) -> DateTime {
        DateTime(self.at)
    }

    /// The post that it is about, if it is about one; also while that is deleted.
    async fn post(&self, context: &Context<'_>) -> Result<Option<Post>> {
        let Some(post) = self.post else {
            return Ok(None);
        };
        let post = reading(context).loader().load_one(PostBy(post)).await?;
        Ok(post.map(Post))
    }

    /// The account, of those that the member has linked. The member sees it, staff and analysts; null
    /// for everybody else.
    async fn account(&self, context: &Context<'_>) -> Result<Option<Account>> {
        let reading = reading(context);
        let account = reading.loader().load_one(AccountBy(self.account)).await?;
        let account = Account(referred(account)?);
        let is_shown = account.is_viewers(context).await? || reading.is_staff_or_analyst();
        Ok(is_shown.then_some(account))
    }

    /// The event that it is by.
    async fn event(&self, context: &Context<'_>) -> Result<KudosEvent> {
        KudosEvent::at(context, self.position).await
    }
}

impl BadgeAwardConnection {
    fn new(part: Part, awards: Vec<BadgeAward>, total: i32) -> Self {
        let edges = awards.into_iter().map(|node| BadgeAwardEdge { node });
        Self {
            slice: part.slice(edges.collect()),
            total,
        }
    }
}

/// A page of the awards of a badge.
#[Object(crate = "crate::engine")]
impl BadgeAwardConnection {
    /// The awards, with their cursors.
    async fn edges(&self) -> &[BadgeAwardEdge] {
        &self.slice.rows
    }

    /// The awards.
    async fn nodes(&self) -> Vec<&BadgeAward> {
        self.slice.rows.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.slice, |edge| edge.node.place())
    }

    /// How many awards there are on all pages.
    async fn total_count(&self) -> i32 {
        self.total
    }
}

/// An award in a list.
#[Object(crate = "crate::engine")]
impl BadgeAwardEdge {
    /// Its cursor. It stays valid when awards come and go.
    async fn cursor(&self) -> String {
        Opaque(self.node.place()).encode()
    }

    /// The award.
    async fn node(&self) -> &BadgeAward {
        &self.node
    }
}
