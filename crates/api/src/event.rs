//! The history itself: what happened, event by event (DOMAIN H1).

use std::sync::Arc;

use async_graphql::{
    Context, Error, ID, InputValueResult, Object, Result, Scalar, ScalarType, Value,
};
use futures_util::future::try_join_all;
use plaudit_domain::{Event as Recorded, Position};
use plaudit_projection::Touched;
use uuid::Uuid;

use crate::account::Account;
use crate::connection::PageInfo;
use crate::id::NodeId;
use crate::loader::AccountById;
use crate::reading::reading;
use crate::scalar::{DateTime, int};
use crate::schema::{Node, node};
use crate::search::Page;

/// An event, as it was recorded.
#[derive(Debug, Clone)]
pub struct Event(Arc<Recorded>);

/// An event in a list.
#[derive(Debug, Clone)]
pub struct EventEdge {
    node: Event,
}

/// A page of events.
pub struct EventConnection(Page<EventEdge>);

/// Any JSON value.
#[derive(Debug, Clone)]
pub struct Json(Value);

/// Any JSON value.
#[Scalar(
    name = "JSON",
    specified_by_url = "https://www.rfc-editor.org/rfc/rfc8259"
)]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Self(value))
    }

    fn to_value(&self) -> Value {
        self.0.clone()
    }
}

impl Event {
    /// An event that was read.
    pub fn new(event: Recorded) -> Self {
        Self(Arc::new(event))
    }

    /// The event at a position, if it is folded already.
    pub async fn at(context: &Context<'_>, position: Position) -> Result<Option<Self>> {
        let reading = reading(context);
        if position > reading.store().position().await? {
            return Ok(None);
        }
        let found = reading.community.journal().read_at(&[position]).await?;
        Ok(found.into_iter().next().map(Self::new))
    }

    /// Whom and what it concerns, as far as it names them.
    fn named(&self) -> Vec<NodeId> {
        let touched = Touched::by(std::slice::from_ref(&*self.0));
        let accounts = touched.accounts.into_iter().map(NodeId::Account);
        let posts = touched.posts.into_iter().map(NodeId::Post);
        let groups = touched.groups.into_iter().map(NodeId::Group);
        let meetings = touched.meetings.into_iter().map(NodeId::Meeting);
        let named = accounts.chain(posts).chain(groups).chain(meetings);
        // In an order that is the same each time.
        let mut named: Vec<ID> = named.map(ID::from).collect();
        named.sort();
        named
            .iter()
            .filter_map(|id| NodeId::parse(id).ok())
            .collect()
    }
}

/// Something that happened, with who, when and by which request: it never changes.
#[Object(crate = "crate::engine")]
impl Event {
    /// Its place in the history, from 1 on without gaps, as text: it may be more than an `Int` holds.
    async fn position(&self) -> String {
        self.0.position.to_string()
    }

    /// Its identity: the same in exports, and wherever it is imported.
    async fn uuid(&self) -> Uuid {
        self.0.id
    }

    /// The stored name of its type, like `PostLiked`.
    #[graphql(name = "type")]
    async fn kind(&self) -> &'static str {
        self.0.fact.stored_type().0
    }

    /// The version of its type: which shape its body has.
    async fn version(&self) -> i32 {
        self.0.fact.stored_type().1.into()
    }

    /// The stream that it belongs to: what was decided together.
    async fn stream(&self) -> &str {
        self.0.stream.as_str()
    }

    /// Its place in its stream, from 0 on.
    async fn revision(&self) -> i32 {
        int(i64::try_from(self.0.revision).unwrap_or(i64::MAX))
    }

    /// When it happened.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.0.occurred_at)
    }

    /// When it was written down: for what was imported, later.
    async fn recorded_at(&self) -> DateTime {
        DateTime(self.0.recorded_at)
    }

    /// The account that it was requested as. Null where it was imported, and for services that have no
    /// account.
    async fn actor(&self, context: &Context<'_>) -> Result<Option<Account>> {
        let Some(actor) = self.0.actor else {
            return Ok(None);
        };
        let account = reading(context)
            .loader()
            .load_one(AccountById(actor))
            .await?;
        Ok(account.map(Account))
    }

    /// The id of that account, also where it isn't registered.
    async fn actor_id(&self) -> Option<ID> {
        Some(NodeId::Account(self.0.actor?).into())
    }

    /// The request that it came from: the `x-request-id` that was sent, where it was a UUID.
    async fn correlation_id(&self) -> Option<Uuid> {
        self.0.correlation
    }

    /// What caused it: of a request with an idempotency key, what it asked for.
    async fn causation_id(&self) -> Option<Uuid> {
        self.0.causation
    }

    /// What happened, as its type and version say. Ids in it are the UUIDs that exports have.
    async fn body(
        &self,
        #[graphql(
            desc = "Whether names, titles and texts are told, too; by default there is null in their place, \
                    as in exports.",
            default = false
        )]
        personal: bool,
    ) -> Result<Json> {
        let mut fact = self.0.fact.clone();
        if !personal {
            fact.withhold_personal();
        }
        let body: serde_json::Value = serde_json::from_str(&fact.encode()?)?;
        Ok(Json(Value::from_json(body)?))
    }

    /// Whether something in its body is null for good, whoever asks: it was erased, or came without it.
    async fn is_withheld(&self) -> bool {
        let mut is_withheld = false;
        let mut fact = self.0.fact.clone();
        fact.personal(&mut |_, value| is_withheld |= !value.is_known());
        is_withheld
    }

    /// The accounts, posts, groups and meetings that it is about, or changes something for, and the account
    /// that did it. An article that isn't published is there for staff alone.
    async fn subjects(&self, context: &Context<'_>) -> Result<Vec<Node>> {
        let named = self.named().into_iter().map(|id| node(context, id));
        Ok(try_join_all(named).await?.into_iter().flatten().collect())
    }
}

impl EventEdge {
    /// An event in a list.
    pub fn new(event: Recorded) -> Self {
        let node = Event::new(event);
        Self { node }
    }

    /// Where it stands.
    pub fn position(&self) -> Position {
        self.node.0.position
    }
}

/// An event in a list.
#[Object(crate = "crate::engine")]
impl EventEdge {
    /// Its cursor: its position. It stays valid for ever.
    async fn cursor(&self) -> String {
        self.position().to_string()
    }

    /// The event.
    async fn node(&self) -> &Event {
        &self.node
    }
}

impl EventConnection {
    /// A page of what was found.
    pub fn new(page: Page<Recorded>) -> Self {
        Self(page.map(EventEdge::new))
    }
}

/// A page of events. At most 10,000 events are looked at for one: so a page may have fewer than were asked
/// for, or none, and still others come after it. Ask for these as `pageInfo` says.
#[Object(crate = "crate::engine")]
impl EventConnection {
    /// The events, with their cursors.
    async fn edges(&self) -> &[EventEdge] {
        &self.0.rows
    }

    /// The events.
    async fn nodes(&self) -> Vec<&Event> {
        self.0.rows.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page lies in the list. Its cursors say up to where was looked: go on from there.
    async fn page_info(&self) -> PageInfo {
        self.0.info()
    }
}

/// The position that a cursor of an event is.
pub fn position(text: &str) -> Result<Position, Error> {
    text.parse().map_err(|_| {
        crate::paging::invalid("the cursor of an event is its position: a number like 42")
    })
}
