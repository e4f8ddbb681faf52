//! Requests for lozenges, and those that wait for staff (DOMAIN Z6).

use async_graphql::{Context, Enum, ID, Object, Result};
use plaudit_domain::AccountId;
use plaudit_projection::LozengeRequest as Row;
use plaudit_projection::lozenge::RequestState;
use plaudit_store::{Cursor, Order};

use crate::account::Account;
use crate::connection::{PageInfo, page_info};
use crate::id::NodeId;
use crate::loader::{AccountBy, AccountById, LozengeRequestsOf};
use crate::lozenge::Lozenge;
use crate::paging::{Opaque, Paging, Slice};
use crate::reading::{reading, referred};
use crate::requirement::LozengeRequirement;
use crate::scalar::{DateTime, int};

/// A request for a lozenge, as the row that it is read from: its owner sees it, and staff.
#[derive(Debug, Clone)]
pub struct LozengeRequest(pub Row);

/// A page of requests.
pub struct LozengeRequestConnection(Slice<LozengeRequestEdge>);

/// A request in a list.
#[derive(Debug, Clone)]
pub struct LozengeRequestEdge {
    node: LozengeRequest,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "RequestState")]
pub enum LozengeRequestState {
    /// It waits for staff.
    Waiting,
    /// It was granted.
    Granted,
    /// It was denied.
    Denied,
}

impl LozengeRequest {
    /// That of an account for a lozenge, if who asks sees it.
    pub async fn by_id(
        context: &Context<'_>,
        account: AccountId,
        lozenge: &str,
    ) -> Result<Option<Self>> {
        let reading = reading(context);
        let Some(account) = reading.loader().load_one(AccountById(account)).await? else {
            return Ok(None);
        };
        if !reading.is_for_owner_and_staff(account.profile).await? {
            return Ok(None);
        }
        let requests = LozengeRequestsOf(account.key);
        let requests = reading.loader().load_one(requests).await?;
        let mut requests = requests.into_iter().flatten();
        Ok(requests.find(|it| it.lozenge == lozenge).map(Self))
    }
}

/// What somebody asked for last, of one lozenge.
#[Object(crate = "crate::engine")]
impl LozengeRequest {
    /// Its opaque id. An account has one request for a lozenge: asking again makes it another.
    pub async fn id(&self, context: &Context<'_>) -> Result<ID> {
        let account = self.account(context).await?;
        Ok(NodeId::LozengeRequest(account.0.id, self.0.lozenge.clone()).into())
    }

    /// Who would have the lozenge.
    async fn account(&self, context: &Context<'_>) -> Result<Account> {
        let loader = reading(context).loader();
        let account = loader.load_one(AccountBy(self.0.account)).await?;
        Ok(Account(referred(account)?))
    }

    /// What programs know the lozenge by.
    async fn lozenge_key(&self) -> &str {
        &self.0.lozenge
    }

    /// The lozenge; null if there is none of this key any more.
    async fn lozenge(&self, context: &Context<'_>) -> Option<Lozenge> {
        Lozenge::find(reading(context).rules(), &self.0.lozenge)
    }

    /// What became of it.
    async fn state(&self) -> LozengeRequestState {
        self.0.state.into()
    }

    /// When it was made.
    async fn requested_at(&self) -> DateTime {
        DateTime(self.0.since)
    }

    /// Who made it: who would have the lozenge, or staff. Null where that isn't known.
    async fn requested_by(&self, context: &Context<'_>) -> Result<Option<Account>> {
        account(context, self.0.asked_by).await
    }

    /// For how many days it waits, or waited until it was decided.
    async fn days_waiting(&self, context: &Context<'_>) -> i32 {
        let until = self.0.decided_at.unwrap_or(reading(context).now());
        int(until.day() - self.0.since.day())
    }

    /// The company that the lozenge would stand for.
    async fn company(&self) -> Option<&str> {
        self.0.company.as_deref()
    }

    /// The company's app or service.
    async fn product(&self) -> Option<&str> {
        self.0.product.as_deref()
    }

    /// Why staff made it although not all was met that is required.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// What was required then, and how it was met.
    async fn requirements(&self) -> Vec<LozengeRequirement> {
        LozengeRequirement::all(self.0.answers.to_vec())
    }

    /// When staff decided on it.
    async fn decided_at(&self) -> Option<DateTime> {
        self.0.decided_at.map(DateTime)
    }

    /// Who decided on it. Staff see it; null for everybody else.
    async fn decided_by(&self, context: &Context<'_>) -> Result<Option<Account>> {
        match reading(context).is_staff() {
            true => account(context, self.0.decided_by).await,
            false => Ok(None),
        }
    }

    /// Why it was decided so, if somebody said so.
    async fn decision_reason(&self) -> Option<&str> {
        self.0.decided_because.as_deref()
    }

    /// What was required at the decision, and how it was met.
    async fn decision_requirements(&self) -> Vec<LozengeRequirement> {
        LozengeRequirement::all(self.0.decided_answers.to_vec())
    }
}

async fn account(context: &Context<'_>, id: Option<AccountId>) -> Result<Option<Account>> {
    let Some(id) = id else {
        return Ok(None);
    };
    let account = reading(context).loader().load_one(AccountById(id)).await?;
    Ok(account.map(Account))
}

impl LozengeRequestConnection {
    /// A page of those that wait, the longest first.
    pub async fn waiting(context: &Context<'_>, paging: Paging) -> Result<Self> {
        let part = paging.part(Order::Ascending)?;
        let requests = reading(context).store().lozenge_request_page(part.page);
        let edges = requests.await?.into_iter().map(|row| LozengeRequestEdge {
            node: LozengeRequest(row),
        });
        Ok(Self(part.slice(edges.collect())))
    }
}

/// A page of the requests for lozenges that wait.
#[Object(crate = "crate::engine")]
impl LozengeRequestConnection {
    /// The requests, with cursors.
    async fn edges(&self) -> &[LozengeRequestEdge] {
        &self.0.rows
    }

    /// The requests.
    async fn nodes(&self) -> Vec<&LozengeRequest> {
        self.0.rows.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.0, LozengeRequestEdge::place)
    }

    /// How many requests wait.
    async fn total_count(&self, context: &Context<'_>) -> Result<i32> {
        let store = reading(context).store();
        Ok(int(store.lozenge_request_count().await?))
    }
}

impl LozengeRequestEdge {
    fn place(&self) -> Cursor {
        Cursor {
            at: self.node.0.since.as_micros(),
            key: self.node.0.position,
        }
    }
}

/// A request in a list.
#[Object(crate = "crate::engine")]
impl LozengeRequestEdge {
    /// Its cursor. It stays valid when requests come and go.
    async fn cursor(&self) -> String {
        Opaque(self.place()).encode()
    }

    /// The request.
    async fn node(&self) -> &LozengeRequest {
        &self.node
    }
}
