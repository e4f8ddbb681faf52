//! What members think of the programme, and how often they looked at what (DOMAIN K10).

use async_graphql::{Context, Object, Result, SimpleObject};
use plaudit_projection::{Feedback as Row, Interaction};
use plaudit_store::Cursor;

use crate::account::Account;
use crate::connection::{PageInfo, page_info};
use crate::loader::AccountBy;
use crate::paging::{Opaque, Part, Slice};
use crate::reading::{reading, referred};
use crate::scalar::{DateTime, int};

/// What a member thinks, as the row that it is read from.
#[derive(Debug, Clone)]
pub struct Feedback(Row);

/// A page of feedback.
pub struct FeedbackConnection(Slice<FeedbackEdge>);

/// Feedback in a list.
#[derive(Debug, Clone)]
pub struct FeedbackEdge {
    node: Feedback,
}

/// How often members did something on one day.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct InteractionCount {
    /// The beginning of the day, in UTC.
    day: DateTime,
    /// What they did: a word that programs agreed on, like `panel_opened`.
    kind: String,
    /// With what, like the key of a badge; null where it was with nothing in particular.
    subject: Option<String>,
    /// How often.
    count: i32,
}

impl From<Interaction> for InteractionCount {
    fn from(interaction: Interaction) -> Self {
        Self {
            day: DateTime(interaction.day),
            kind: interaction.kind,
            subject: Some(interaction.subject).filter(|subject| !subject.is_empty()),
            count: int(interaction.count),
        }
    }
}

/// What a member thinks of something.
#[Object(crate = "crate::engine")]
impl Feedback {
    /// Who says it.
    async fn account(&self, context: &Context<'_>) -> Result<Account> {
        let loader = reading(context).loader();
        let account = loader.load_one(AccountBy(self.0.account)).await?;
        Ok(Account(referred(account)?))
    }

    /// Of what: a word that programs agreed on, like `challenges`.
    async fn subject(&self) -> &str {
        &self.0.subject
    }

    /// How good it is, from 1 to 5, if they said so.
    async fn rating(&self) -> Option<i32> {
        self.0.rating.map(int)
    }

    /// What they said, if they did. Null where it was withheld or erased.
    async fn text(&self) -> Option<&str> {
        self.0.text.as_deref()
    }

    /// When they said it.
    async fn given_at(&self) -> DateTime {
        DateTime(self.0.at)
    }
}

impl FeedbackConnection {
    /// What was read of a part of all feedback.
    pub fn new(part: Part, feedback: Vec<Row>) -> Self {
        let edges = feedback.into_iter().map(|row| FeedbackEdge {
            node: Feedback(row),
        });
        Self(part.slice(edges.collect()))
    }
}

/// A page of feedback.
#[Object(crate = "crate::engine")]
impl FeedbackConnection {
    /// The feedback, with cursors.
    async fn edges(&self) -> &[FeedbackEdge] {
        &self.0.rows
    }

    /// The feedback.
    async fn nodes(&self) -> Vec<&Feedback> {
        self.0.rows.iter().map(|edge| &edge.node).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.0, FeedbackEdge::place)
    }

    /// How many times feedback was given.
    async fn total_count(&self, context: &Context<'_>) -> Result<i32> {
        Ok(int(reading(context).store().feedback_count().await?))
    }
}

impl FeedbackEdge {
    fn place(&self) -> Cursor {
        Cursor {
            at: self.node.0.at.as_micros(),
            key: self.node.0.key,
        }
    }
}

/// Feedback in a list.
#[Object(crate = "crate::engine")]
impl FeedbackEdge {
    /// Its cursor. It stays valid when feedback comes.
    async fn cursor(&self) -> String {
        Opaque(self.place()).encode()
    }

    /// The feedback.
    async fn node(&self) -> &Feedback {
        &self.node
    }
}
