//! Posts that members reported: for staff (DOMAIN F9).

use async_graphql::{Context, Enum, Object, Result};
use plaudit_domain::report::{Measure, Reason};
use plaudit_projection::Report as Row;
use plaudit_store::{Cursor, Order, Reported};

use crate::account::Account;
use crate::connection::{PageInfo, page_info};
use crate::loader::{AccountBy, OpenReportsOf, PostBy};
use crate::paging::{Opaque, Paging, Slice};
use crate::post::Post;
use crate::reading::{reading, referred};
use crate::scalar::{DateTime, int};

/// What can be wrong with a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Reason")]
pub enum ReportReason {
    /// It doesn't answer what was asked.
    IrrelevantAnswer,
    /// It is there for the sake of a link.
    LinkSpam,
    /// Its author doesn't say that they work for whom they write about.
    UndisclosedAffiliation,
    /// It is there to sell something.
    SolelyPromotional,
    /// Something else, which the comment says.
    Other,
}

/// What upholding reports comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Measure")]
pub enum ReportMeasure {
    /// The author is warned.
    Warning,
    /// The post is removed. Only staff can restore it.
    Removal,
}

/// A report of a post.
#[derive(Debug, Clone)]
pub struct PostReport(Row);

/// A report of a post, which waits for staff.
#[Object(crate = "crate::engine")]
impl PostReport {
    /// Who reported it.
    async fn reporter(&self, context: &Context<'_>) -> Result<Account> {
        let loader = reading(context).loader();
        let account = loader.load_one(AccountBy(self.0.account)).await?;
        Ok(Account(referred(account)?))
    }

    /// What is wrong with it.
    async fn reason(&self) -> ReportReason {
        self.0.reason.into()
    }

    /// What is wrong with it in the reporter's words. Null where there are none, and where they were erased.
    async fn comment(&self) -> Option<&str> {
        self.0.comment.as_deref()
    }

    /// When it was reported.
    async fn reported_at(&self) -> DateTime {
        DateTime(self.0.at)
    }
}

/// A page of the posts of which reports are open.
pub struct ReportedPostConnection(Slice<ReportedPostEdge>);

/// A post of which reports are open.
#[derive(Debug, Clone)]
pub struct ReportedPostEdge {
    reported: Reported,
    node: Post,
}

impl ReportedPostConnection {
    /// A page of the queue, the longest first.
    pub async fn read(context: &Context<'_>, paging: Paging) -> Result<Self> {
        let part = paging.part(Order::Ascending)?;
        let reading = reading(context);
        let slice = part.slice(reading.store().reported_page(part.page).await?);
        let posts = slice.rows.iter().map(|reported| PostBy(reported.post));
        let mut posts = reading.loader().load_many(posts).await?;
        let slice = slice.try_map(|reported| {
            let post = referred(posts.remove(&PostBy(reported.post)))?;
            let node = Post(post);
            Ok::<_, async_graphql::Error>(ReportedPostEdge { reported, node })
        })?;
        Ok(Self(slice))
    }
}

impl ReportedPostEdge {
    fn place(&self) -> Cursor {
        Cursor {
            at: self.reported.since.as_micros(),
            key: self.reported.post,
        }
    }
}

/// A page of the posts of which reports are open.
#[Object(crate = "crate::engine")]
impl ReportedPostConnection {
    /// The posts, with their reports.
    async fn edges(&self) -> &[ReportedPostEdge] {
        &self.0.rows
    }

    /// The posts.
    async fn nodes(&self) -> Vec<&Post> {
        self.0.rows.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.0, ReportedPostEdge::place)
    }

    /// Of how many posts reports are open.
    async fn total_count(&self, context: &Context<'_>) -> Result<i32> {
        Ok(int(reading(context).store().reported_count().await?))
    }
}

/// A post of which reports are open.
#[Object(crate = "crate::engine")]
impl ReportedPostEdge {
    /// Its cursor. It stays valid when posts come and go.
    async fn cursor(&self) -> String {
        Opaque(self.place()).encode()
    }

    /// Since when the oldest report waits.
    async fn since(&self) -> DateTime {
        DateTime(self.reported.since)
    }

    /// How many reports are open.
    async fn report_count(&self) -> i32 {
        int(self.reported.reports)
    }

    /// The open reports, oldest first.
    async fn reports(&self, context: &Context<'_>) -> Result<Vec<PostReport>> {
        let loader = reading(context).loader();
        let reports = loader.load_one(OpenReportsOf(self.reported.post)).await?;
        let reports = reports.into_iter().flatten();
        Ok(reports.map(PostReport).collect())
    }

    /// The post.
    async fn node(&self) -> &Post {
        &self.node
    }
}
