//! What leaders ask for: swag, and to be reimbursed (DOMAIN G10).

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use plaudit_domain::BenefitId;
use plaudit_projection::rules::BenefitKind as RuleKind;
use plaudit_projection::{Benefit as Row, benefit};
use plaudit_store::Cursor;

use crate::account::Account;
use crate::connection::{PageInfo, page_info};
use crate::group::Group;
use crate::id::NodeId;
use crate::leading::active_groups_led;
use crate::loader::{AccountBy, BenefitById, GroupBy, MeetingBy};
use crate::meeting::Meeting;
use crate::paging::{Opaque, Part, Slice};
use crate::reading::{reading, referred};
use crate::scalar::{DateTime, Url, int};

/// What leaders can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "benefit::Kind")]
pub enum BenefitKind {
    /// Things to give away.
    Swag,
    /// Money that a meeting cost.
    Reimbursement,
}

/// What became of a leader's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "benefit::State")]
pub enum BenefitState {
    /// It waits for staff.
    Requested,
    /// Who asked gets it.
    Approved,
    /// Who asked doesn't get it.
    Declined,
}

/// What a leader asked for, as the row that it is read from.
#[derive(Debug, Clone)]
pub struct BenefitRequest(pub Arc<Row>);

impl BenefitRequest {
    /// The request that an id names, for staff and for who asked.
    pub async fn by_id(context: &Context<'_>, id: BenefitId) -> Result<Option<Self>> {
        let reading = reading(context);
        let Some(row) = reading.loader().load_one(BenefitById(id)).await? else {
            return Ok(None);
        };
        let request = Self(row);
        let is_seen =
            reading.is_staff() || request.account(context).await?.is_viewers(context).await?;
        Ok(is_seen.then_some(request))
    }

    async fn account(&self, context: &Context<'_>) -> Result<Account> {
        let loader = reading(context).loader();
        let account = loader.load_one(AccountBy(self.0.account)).await?;
        Ok(Account(referred(account)?))
    }
}

/// What a leader asked for. Staff see it, and who asked.
#[Object(crate = "crate::engine")]
impl BenefitRequest {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        NodeId::Benefit(self.0.id).into()
    }

    /// What is asked for.
    async fn kind(&self) -> BenefitKind {
        self.0.kind.into()
    }

    /// For which group.
    async fn group(&self, context: &Context<'_>) -> Result<Group> {
        let loader = reading(context).loader();
        let group = loader.load_one(GroupBy(self.0.group_key)).await?;
        Ok(Group(referred(group)?))
    }

    /// For which meeting, if for one.
    async fn meeting(&self, context: &Context<'_>) -> Result<Option<Meeting>> {
        let Some(meeting) = self.0.meeting else {
            return Ok(None);
        };
        let meeting = reading(context).loader().load_one(MeetingBy(meeting));
        Ok(meeting.await?.map(Meeting))
    }

    /// The account that asked.
    #[graphql(name = "account")]
    async fn asked_by(&self, context: &Context<'_>) -> Result<Account> {
        self.account(context).await
    }

    /// What, or what for. Null where it was withheld or erased.
    async fn what(&self) -> Option<&str> {
        self.0.what.as_deref()
    }

    /// Where swag is to be sent.
    async fn address(&self) -> Option<&str> {
        self.0.address.as_deref()
    }

    /// How much money, in hundredths of the currency.
    async fn amount(&self) -> Option<i32> {
        self.0.amount.map(int)
    }

    /// Of which currency, by its ISO 4217 code.
    async fn currency(&self) -> Option<&str> {
        self.0.currency.as_deref()
    }

    /// When it was asked for.
    async fn requested_at(&self) -> DateTime {
        DateTime(self.0.requested_at)
    }

    /// What became of it.
    async fn state(&self) -> BenefitState {
        self.0.state.into()
    }

    /// When that was decided.
    async fn decided_at(&self) -> Option<DateTime> {
        self.0.decided_at.map(DateTime)
    }

    /// Why.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }
}

/// A page of what leaders asked for.
pub struct BenefitRequestConnection {
    slice: Slice<BenefitRequestEdge>,
    /// Where these are all in a state.
    state: Option<benefit::State>,
}

/// Which requests of leaders.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct BenefitRequestFilter {
    /// Those that this became of.
    #[graphql(default_with = "BenefitState::Requested")]
    pub state: BenefitState,
}

/// A leader's request in a list.
#[derive(Debug, Clone)]
pub struct BenefitRequestEdge(BenefitRequest);

impl BenefitRequestConnection {
    /// What was read of a part of a list of requests: of somebody's, or of all in a state.
    pub fn new(part: Part, requests: Vec<Row>, state: Option<benefit::State>) -> Self {
        let edges = requests.into_iter();
        let edges = edges.map(|row| BenefitRequestEdge(BenefitRequest(row.into())));
        Self {
            slice: part.slice(edges.collect()),
            state,
        }
    }
}

impl BenefitRequestEdge {
    fn place(&self) -> Cursor {
        Cursor {
            at: self.0.0.requested_at.as_micros(),
            key: self.0.0.key,
        }
    }
}

/// A page of what leaders asked for.
#[Object(crate = "crate::engine")]
impl BenefitRequestConnection {
    /// The requests, with their cursors.
    async fn edges(&self) -> &[BenefitRequestEdge] {
        &self.slice.rows
    }

    /// The requests.
    async fn nodes(&self) -> Vec<&BenefitRequest> {
        self.slice.rows.iter().map(|edge| &edge.0).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.slice, BenefitRequestEdge::place)
    }

    /// How many requests there are on all pages; null for those of one member.
    async fn total_count(&self, context: &Context<'_>) -> Result<Option<i32>> {
        let Some(state) = self.state else {
            return Ok(None);
        };
        let count = reading(context).store().benefit_count(state).await?;
        Ok(Some(int(count)))
    }
}

/// A leader's request in a list.
#[Object(crate = "crate::engine")]
impl BenefitRequestEdge {
    /// Its cursor. It stays valid when requests come and go.
    async fn cursor(&self) -> String {
        Opaque(self.place()).encode()
    }

    /// The request.
    async fn node(&self) -> &BenefitRequest {
        &self.0
    }
}

/// Something for leaders to read.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct LeaderResource {
    /// Its title.
    title: String,
    /// Its address.
    url: Url,
    /// What it is for.
    description: String,
}

impl LeaderResource {
    /// The leaders' resources, for active leaders and staff; none for everybody else.
    pub async fn all(context: &Context<'_>) -> Result<Option<Vec<Self>>> {
        let reading = reading(context);
        let rules = &reading.rules().groups;
        let is_leaders = async || -> Result<bool> {
            let accounts = reading.viewer_keys().await?;
            let led = active_groups_led(reading, &accounts, reading.now()).await?;
            Ok(rules.gives(RuleKind::Resources) && !led.is_empty())
        };
        if !reading.is_staff() && !is_leaders().await? {
            return Ok(None);
        }
        let resources = rules.resources.iter().map(|resource| Self {
            title: resource.title.clone(),
            url: Url::in_rules(&resource.url),
            description: resource.description.clone(),
        });
        Ok(Some(resources.collect()))
    }
}
