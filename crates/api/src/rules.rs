//! Which rules are in force, and which were.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use plaudit_projection::{Key, Rules as Set, rules::Changes};
use plaudit_replay::activation::Activation;
use plaudit_store::{Cursor, Order};

use crate::account::Account;
use crate::connection::{PageInfo, page_info};
use crate::id::NodeId;
use crate::loader::AccountById;
use crate::paging::{Opaque, Paging, Slice};
use crate::reading::reading;
use crate::scalar::{DateTime, int};

/// The rules of the community.
pub struct Rules {
    /// Oldest first.
    history: Vec<Arc<RulesActivation>>,
    active: RuleSet,
    pending: Option<Arc<RulesActivation>>,
}

/// Rules that came into force.
pub struct RulesActivation {
    activation: Activation,
    /// Those before.
    before: Arc<Set>,
}

/// A set of rules, and how it came into force.
#[derive(Clone)]
pub struct RuleSet {
    rules: Arc<Set>,
    activation: Option<Arc<RulesActivation>>,
}

/// A rule file.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct RuleFile {
    /// Its name, like `kudos.toml`.
    name: String,
    /// What it says.
    text: String,
}

impl Rules {
    /// The rules as the journal has them, and as they are used here.
    pub async fn of(context: &Context<'_>) -> Result<Self> {
        let reading = reading(context);
        let mut before = Arc::new(Set::standard()?);
        let mut history = Vec::new();
        for activation in reading.community.activations().all().await? {
            let next = match &activation.rules {
                Ok(rules) => rules.clone(),
                // They never were used.
                Err(_) => before.clone(),
            };
            let before = std::mem::replace(&mut before, next);
            history.push(Arc::new(RulesActivation { activation, before }));
        }
        let rules = reading.rules().clone();
        let usable = || {
            history
                .iter()
                .rev()
                .filter(|it| it.activation.rules.is_ok())
        };
        let active = usable().find(|it| it.activation.hash == rules.hash());
        let last = usable().next();
        Ok(Self {
            pending: last
                .filter(|it| it.activation.hash != rules.hash())
                .cloned(),
            active: RuleSet {
                activation: active.cloned(),
                rules,
            },
            history,
        })
    }
}

/// The rules of the community: what is worth points, which badges, levels and lozenges there are.
#[Object(crate = "crate::engine")]
impl Rules {
    /// Its opaque id: always the same, for there is one.
    pub async fn id(&self) -> ID {
        NodeId::Rules.into()
    }

    /// Those that everything here follows from.
    async fn active(&self) -> &RuleSet {
        &self.active
    }

    /// Those that are in force, while rows are still made by them: until then everything follows from those
    /// before. Null once it follows from these.
    async fn pending(&self) -> Option<&RulesActivation> {
        self.pending.as_deref()
    }

    /// All that ever came into force, newest first.
    async fn history(
        &self,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<RulesActivationConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Descending)?;
        let page = part.page;
        let mut rows: Vec<_> = self.history.iter().map(|it| Edge(it.clone())).collect();
        if page.order == Order::Descending {
            rows.reverse();
        }
        let comes = |edge: &Edge| match (page.after, page.order) {
            (None, _) => true,
            (Some(after), Order::Ascending) => edge.place().key > after.key,
            (Some(after), Order::Descending) => edge.place().key < after.key,
        };
        rows.retain(comes);
        rows.truncate(page.limit as usize);
        Ok(RulesActivationConnection {
            slice: part.slice(rows),
            total: self.history.len(),
        })
    }
}

/// A set of rules.
#[Object(crate = "crate::engine")]
impl RuleSet {
    /// What tells it from others: a SHA-256 of its files, in hexadecimal digits.
    async fn hash(&self) -> &str {
        self.rules.hash()
    }

    /// When it came into force; null for the rules that come with Plaudit, as long as nobody activated any.
    async fn activated_at(&self) -> Option<DateTime> {
        let activation = self.activation.as_ref()?;
        Some(DateTime(activation.activation.at))
    }

    /// Who activated it; null if it was done where the community runs.
    async fn by(&self, context: &Context<'_>) -> Result<Option<Account>> {
        match &self.activation {
            Some(activation) => activation.actor(context).await,
            None => Ok(None),
        }
    }

    /// Its files, in the order of their names.
    async fn files(&self) -> Vec<RuleFile> {
        let files = self.rules.files().iter();
        files
            .map(|(name, text)| RuleFile {
                name: name.clone(),
                text: text.clone(),
            })
            .collect()
    }
}

impl RulesActivation {
    async fn actor(&self, context: &Context<'_>) -> Result<Option<Account>> {
        let Some(by) = self.activation.by else {
            return Ok(None);
        };
        let found = reading(context).loader().load_one(AccountById(by)).await?;
        Ok(found.map(Account))
    }

    fn changes(&self) -> Option<Changes> {
        let after = self.activation.rules.as_ref().ok()?;
        Some(Changes::between(&self.before, after))
    }
}

/// Rules that came into force.
#[Object(crate = "crate::engine")]
impl RulesActivation {
    /// What tells them from others.
    async fn hash(&self) -> &str {
        &self.activation.hash
    }

    /// When they came into force.
    async fn activated_at(&self) -> DateTime {
        DateTime(self.activation.at)
    }

    /// Who activated them; null if it was done where the community runs.
    async fn by(&self, context: &Context<'_>) -> Result<Option<Account>> {
        self.actor(context).await
    }

    /// What they changed, in words, a line each. Where this version can't use them, what is wrong with them:
    /// those before stay in force.
    async fn summary(&self) -> Vec<String> {
        match &self.activation.rules {
            Ok(_) => self.changes().map_or_else(Vec::new, |it| it.summary),
            Err(error) => error.mistakes().to_vec(),
        }
    }

    /// How their files differ from those of the rules before, as a unified diff. Null where this version can't
    /// use them.
    async fn diff(&self) -> Option<String> {
        self.changes().map(|changes| changes.diff)
    }
}

/// A page of the rules that ever came into force.
pub struct RulesActivationConnection {
    slice: Slice<Edge>,
    total: usize,
}

/// Rules in the list of all that ever came into force.
#[derive(Clone)]
pub struct Edge(Arc<RulesActivation>);

impl Edge {
    fn place(&self) -> Cursor {
        let position = self.0.activation.position.cast_signed();
        Cursor {
            at: position,
            key: Key(position),
        }
    }
}

/// A page of the rules that ever came into force.
#[Object(crate = "crate::engine")]
impl RulesActivationConnection {
    /// The rules, with their cursors.
    async fn edges(&self) -> &[Edge] {
        &self.slice.rows
    }

    /// The rules.
    async fn nodes(&self) -> Vec<&RulesActivation> {
        self.slice.rows.iter().map(|edge| &*edge.0).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.slice, Edge::place)
    }

    /// How often rules came into force.
    async fn total_count(&self) -> i32 {
        int(i64::try_from(self.total).unwrap_or(i64::MAX))
    }
}

/// Rules in the list of all that ever came into force.
#[Object(crate = "crate::engine", name = "RulesActivationEdge")]
impl Edge {
    /// Its cursor. It stays valid.
    async fn cursor(&self) -> String {
        Opaque(self.place()).encode()
    }

    /// The rules.
    async fn node(&self) -> &RulesActivation {
        &self.0
    }
}
