//! Presentations at meetings, and their review before (DOMAIN G5).

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result};
use plaudit_domain::PresentationId;
use plaudit_projection::presentation::State;
use plaudit_projection::{Key, Presentation as Row};

use crate::account::Account;
use crate::id::NodeId;
use crate::leading::manages;
use crate::loader::{AccountBy, MeetingBy, PresentationById, PresentationsOf};
use crate::meeting::Meeting;
use crate::reading::{reading, referred};
use crate::scalar::DateTime;

/// What became of a presentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "State")]
pub enum PresentationState {
    /// No leader has looked at it.
    Submitted,
    /// A leader wants it.
    Approved,
    /// A leader doesn't want it.
    Rejected,
}

/// Why a presentation isn't wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "plaudit_domain::presentation::Reason")]
pub enum PresentationReason {
    /// It is there to sell something.
    SalesPitch,
    /// It isn't about what the group is about.
    OffTopic,
    /// The programme is full.
    NoRoom,
    /// Something else, which the note says.
    Other,
}

/// A presentation, as the row that it is read from.
#[derive(Debug, Clone)]
pub struct Presentation(pub Arc<Row>);

impl Presentation {
    /// The presentation that an id names, if who asks may see it.
    pub async fn by_id(context: &Context<'_>, id: PresentationId) -> Result<Option<Self>> {
        let loader = reading(context).loader();
        let Some(row) = loader.load_one(PresentationById(id)).await? else {
            return Ok(None);
        };
        let presentation = Self(row);
        let shown = presentation.is_seen(context).await?;
        Ok(shown.then_some(presentation))
    }

    /// The presentations at a meeting that who asks may see, in the order of submission.
    pub async fn all_at(context: &Context<'_>, meeting: Key) -> Result<Vec<Self>> {
        let loader = reading(context).loader();
        let rows = loader.load_one(PresentationsOf(meeting)).await?;
        let mut rows = rows.unwrap_or_default();
        rows.sort_unstable_by_key(|row| row.key);
        let mut seen = Vec::new();
        for row in rows {
            let presentation = Self(Arc::new(row));
            if presentation.is_seen(context).await? {
                seen.push(presentation);
            }
        }
        Ok(seen)
    }

    /// What was approved everybody sees; all else its speaker, and who manages the group.
    async fn is_seen(&self, context: &Context<'_>) -> Result<bool> {
        if self.0.state == State::Approved {
            return Ok(true);
        }
        if self.account(context).await?.is_viewers(context).await? {
            return Ok(true);
        }
        manages(context, self.at(context).await?.0.group_key).await
    }

    async fn account(&self, context: &Context<'_>) -> Result<Account> {
        let loader = reading(context).loader();
        let account = loader.load_one(AccountBy(self.0.speaker)).await?;
        Ok(Account(referred(account)?))
    }

    async fn at(&self, context: &Context<'_>) -> Result<Meeting> {
        let loader = reading(context).loader();
        let meeting = loader.load_one(MeetingBy(self.0.meeting)).await?;
        Ok(Meeting(referred(meeting)?))
    }
}

/// A presentation at a meeting. Everybody sees it once it is approved; before that, and where it is
/// rejected, its speaker, the group's leaders and staff do.
#[Object(crate = "crate::engine")]
impl Presentation {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        NodeId::Presentation(self.0.id).into()
    }

    /// The meeting.
    async fn meeting(&self, context: &Context<'_>) -> Result<Meeting> {
        self.at(context).await
    }

    /// Who presents it.
    async fn speaker(&self, context: &Context<'_>) -> Result<Account> {
        self.account(context).await
    }

    /// Its title. Null where it was withheld or erased.
    async fn title(&self) -> Option<&str> {
        self.0.title.as_deref()
    }

    /// What it is about. Null where it was withheld or erased.
    #[graphql(name = "abstract")]
    async fn summary(&self) -> Option<&str> {
        self.0.summary.as_deref()
    }

    /// What became of it.
    async fn state(&self) -> PresentationState {
        self.0.state.into()
    }

    /// Whether no leader has looked at it yet: flag it.
    async fn is_unreviewed(&self) -> bool {
        self.0.state == State::Submitted
    }

    /// Why it was rejected.
    async fn reason(&self) -> Option<PresentationReason> {
        self.0.reason.map(Into::into)
    }

    /// Why it was rejected, in words.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// When it was submitted.
    async fn submitted_at(&self) -> DateTime {
        DateTime(self.0.submitted_at)
    }

    /// When it was last reviewed.
    async fn reviewed_at(&self) -> Option<DateTime> {
        self.0.reviewed_at.map(DateTime)
    }
}
