//! Which events are looked for, as clients say it.

use async_graphql::{Enum, Error, ErrorExtensions, ID, InputObject};
use plaudit_domain::{AccountId, Fact, StreamName};
use plaudit_journal::search::{Filter, Span, Streams};
use plaudit_projection::{Account, Key};

use crate::id::NodeId;
use crate::reading::Reading;
use crate::scalar::DateTime;

/// Which events. All that is said has to hold.
#[derive(Debug, Clone, Default, InputObject)]
pub struct EventFilter {
    /// Only of these types, like `PostLiked`.
    types: Option<Vec<String>>,
    /// Only of these streams: a stream by its name, or all of a category, like `post`.
    streams: Option<Vec<String>>,
    /// Only those that were requested as this account, or any account of this profile.
    actor: Option<ID>,
    /// Only those that concern this account, profile, post, group or meeting: what they did, and what was
    /// done to them and to what they wrote. A user group has events since it has a leader.
    subject: Option<ID>,
    /// Only what happened from this moment on.
    occurred_from: Option<DateTime>,
    /// Only what happened before this moment.
    occurred_to: Option<DateTime>,
    /// Only what was recorded from this moment on.
    recorded_from: Option<DateTime>,
    /// Only what was recorded before this moment.
    recorded_to: Option<DateTime>,
}

/// Which events of a timeline. All that is said has to hold.
#[derive(Debug, Clone, Default, InputObject)]
pub struct TimelineFilter {
    /// Only of these types, like `PostLiked`.
    types: Option<Vec<String>>,
    /// Only what happened from this moment on.
    occurred_from: Option<DateTime>,
    /// Only what happened before this moment.
    occurred_to: Option<DateTime>,
}

/// In which order events come: by position, which is the order in which they were recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum EventOrder {
    /// The latest first.
    NewestFirst,
    /// The first first.
    OldestFirst,
}

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// Which events.
    pub filter: Filter,
    /// Only those that concern any of these.
    pub subjects: Option<Vec<Key>>,
}

impl EventFilter {
    /// What is looked for. Of a profile it is all accounts that belong to it by now.
    pub async fn sought(&self, reading: &Reading) -> Result<Sought, Error> {
        let actors = match &self.actor {
            Some(actor) => actors(reading, actor).await?,
            None => Vec::new(),
        };
        let subjects = match &self.subject {
            Some(subject) => Some(subjects(reading, subject).await?),
            None => None,
        };
        let filter = Filter {
            types: types(self.types.as_deref().unwrap_or_default())?,
            streams: streams(self.streams.as_deref().unwrap_or_default())?,
            actors,
            occurred: span("occurred", self.occurred_from, self.occurred_to)?,
            recorded: span("recorded", self.recorded_from, self.recorded_to)?,
        };
        Ok(Sought { filter, subjects })
    }
}

impl TimelineFilter {
    /// What is looked for of what concerns some accounts.
    pub fn sought(&self, accounts: Vec<Key>) -> Result<Sought, Error> {
        let filter = Filter {
            types: types(self.types.as_deref().unwrap_or_default())?,
            occurred: span("occurred", self.occurred_from, self.occurred_to)?,
            ..Filter::default()
        };
        let subjects = Some(accounts);
        Ok(Sought { filter, subjects })
    }
}

fn types(names: &[String]) -> Result<Vec<String>, Error> {
    let known = || Fact::TYPES.iter().map(|(name, _)| *name);
    match names
        .iter()
        .find(|name| known().all(|known| known != **name))
    {
        None => Ok(names.to_vec()),
        Some(name) => Err(invalid(&format!(
            "there is no event type {name:?}: {}",
            plaudit_projection::rules::hint(name, known(), '"')
        ))),
    }
}

fn streams(names: &[String]) -> Result<Vec<Streams>, Error> {
    let stream = |name: &String| match StreamName::category_of(name) {
        Some(category) if category == name && category != StreamName::links().as_str() => {
            Ok(Streams::Of(category))
        }
        Some(_) => Ok(Streams::Named(StreamName::stored(name.clone()))),
        None => Err(invalid(&format!(
            "there is no stream {name:?}, nor such a category: {}",
            plaudit_projection::rules::hint(name, StreamName::CATEGORIES.into_iter(), '"')
        ))),
    };
    names.iter().map(stream).collect()
}

fn span(what: &str, from: Option<DateTime>, to: Option<DateTime>) -> Result<Span, Error> {
    let (from, to) = (from.map(|from| from.0), to.map(|to| to.0));
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        let message = format!("{what}From, {from}, is after {what}To, {to}: swap them");
        return Err(invalid(&message));
    }
    Ok(Span { from, to })
}

/// The accounts that an id of an account or a profile means; of one that there isn't, itself.
async fn actors(reading: &Reading, id: &ID) -> Result<Vec<AccountId>, Error> {
    match NodeId::parse(id)? {
        NodeId::Account(account) => Ok(vec![account]),
        NodeId::Profile(profile) => {
            let accounts = accounts_of(reading, profile).await?;
            let ids: Vec<_> = accounts.iter().map(|account| account.id).collect();
            Ok(if ids.is_empty() { vec![profile] } else { ids })
        }
        NodeId::Post(_)
        | NodeId::Group(_)
        | NodeId::Gift(_)
        | NodeId::Notification(_)
        | NodeId::Meeting(_)
        | NodeId::Presentation(_)
        | NodeId::Benefit(_)
        | NodeId::LeadershipApplication(..)
        | NodeId::LozengeRequest(..)
        | NodeId::Agreement(_)
        | NodeId::RulesPreview(_)
        | NodeId::Rules
        | NodeId::Projection => Err(crate::id::invalid(id, "an account or a profile")),
    }
}

/// The keys of what an id means; none, where there is no such thing.
async fn subjects(reading: &Reading, id: &ID) -> Result<Vec<Key>, Error> {
    let store = reading.store();
    Ok(match NodeId::parse(id)? {
        NodeId::Account(account) => {
            let accounts = store.accounts_by_id(&[account]).await?;
            accounts.iter().map(|account| account.key).collect()
        }
        NodeId::Profile(profile) => {
            let accounts = accounts_of(reading, profile).await?;
            accounts.iter().map(|account| account.key).collect()
        }
        NodeId::Post(post) => {
            let posts = store.posts_by_id(&[post]).await?;
            posts.iter().map(|post| post.key).collect()
        }
        NodeId::Group(group) => {
            let groups = store.groups_by_id(&[group]).await?;
            groups.iter().map(|group| group.key).collect()
        }
        NodeId::Meeting(meeting) => {
            let meetings = store.meetings_by_id(&[meeting]).await?;
            meetings.iter().map(|meeting| meeting.key).collect()
        }
        NodeId::Gift(_)
        | NodeId::Notification(_)
        | NodeId::Presentation(_)
        | NodeId::Benefit(_)
        | NodeId::LeadershipApplication(..)
        | NodeId::LozengeRequest(..)
        | NodeId::Agreement(_)
        | NodeId::RulesPreview(_)
        | NodeId::Rules
        | NodeId::Projection => {
            let what = "an account, a profile, a post, a group or a meeting";
            return Err(crate::id::invalid(id, what));
        }
    })
}

/// All accounts of the profile that an account belongs to by now.
///
/// # Errors
/// If the rows can't be read.
pub async fn accounts_of(reading: &Reading, profile: AccountId) -> Result<Vec<Account>, Error> {
    let store = reading.store();
    let account = store.accounts_by_id(&[profile]).await?.pop();
    Ok(match account {
        Some(account) if account.is_linked() => store.accounts_of(&[account.profile]).await?,
        account => account.into_iter().collect(),
    })
}

fn invalid(message: &str) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", "INVALID_FILTER"))
}
