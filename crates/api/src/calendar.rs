//! Calendars that other programs subscribe to: of a group for everybody, of a member by a secret address.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_graphql::ID;
use plaudit_domain::Time;
use plaudit_domain::link_code::Code;
use plaudit_projection::{Group, Key, Meeting, group, rsvp};
use plaudit_replay::Community;
use plaudit_store::{Order, Page, SharedStore, Span, StoreError};

use crate::id::NodeId;

mod text;

#[cfg(test)]
mod tests;

/// So many meetings a calendar has at most: the next ones to come and the latest that were.
const MEETINGS_MAX: u32 = 500;
/// For so long it keeps what is over, in microseconds: a year.
const KEPT: i64 = 365 * 86_400 * 1_000_000;

/// The calendars of a community.
#[derive(Clone)]
pub struct Calendars {
    community: Arc<Community>,
}

/// What a calendar says of a meeting.
#[derive(Debug, Clone)]
struct Entry {
    meeting: Meeting,
    /// Whose it is.
    group: String,
    place: Place,
    /// How often and when that last changed, where it is somebody's.
    changed: Option<(i64, Time)>,
}

/// Whether a calendar is that of somebody who goes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is everybody's.
    Anybodys,
    /// Its owner has a place, and so sees where the meeting is online.
    Taken,
    /// Its owner waits for one.
    WaitedFor,
}

impl Calendars {
    /// The calendars of a community.
    pub fn of(community: Arc<Community>) -> Self {
        Self { community }
    }

    /// The calendar of a group, as iCalendar text; none if no user group has this id.
    ///
    /// # Errors
    /// If the rows can't be read.
    pub async fn group(&self, id: &str) -> Result<Option<String>, StoreError> {
        let Ok(id) = NodeId::group(&ID::from(id)) else {
            return Ok(None);
        };
        let models = self.community.read_models();
        let store = models.store();
        let groups = store.groups_by_id(&[id]).await?;
        let Some(group) = groups.into_iter().find(is_user_group) else {
            return Ok(None);
        };
        let meetings = both_ways(self.community.now(), |span, page| {
            let key = group.key;
            async move { store.meetings_of(&[key], span, page).await }
        });
        let entries = meetings.await?.into_iter().map(|meeting| Entry {
            meeting,
            group: group.name.clone(),
            place: Place::Anybodys,
            changed: None,
        });
        Ok(Some(text::calendar(&group.name, entries.collect())))
    }

    /// The calendar of the member whose secret this is, as iCalendar text: the meetings that they go to,
    /// or wait for a place in. None if it is nobody's, or no more.
    ///
    /// # Errors
    /// If the rows can't be read.
    pub async fn member(&self, secret: &str) -> Result<Option<String>, StoreError> {
        let Ok(secret) = secret.parse::<Code>() else {
            return Ok(None);
        };
        let models = self.community.read_models();
        let store = models.store();
        let hash = secret.hash().to_string();
        let Some(account) = store.account_by_calendar(&hash).await? else {
            return Ok(None);
        };
        let accounts: Vec<Key> = match account.is_linked() {
            true => keys(&store.accounts_of(&[account.profile]).await?, |account| {
                account.key
            }),
            false => vec![account.key],
        };
        let meetings = both_ways(self.community.now(), |span, page| {
            let accounts = &accounts;
            async move { store.meetings_with(accounts, span, page).await }
        });
        let meetings = meetings.await?;
        let entries = entries(store, &accounts, meetings).await?;
        Ok(Some(text::calendar("My meetings", entries)))
    }
}

fn is_user_group(group: &Group) -> bool {
    group.kind == group::Kind::User
}

fn keys<T>(rows: &[T], key: impl Fn(&T) -> Key) -> Vec<Key> {
    rows.iter().map(key).collect()
}

/// The meetings of the last year, and those to come.
async fn both_ways<R: Future<Output = Result<Vec<Meeting>, StoreError>>>(
    now: Time,
    read: impl Fn(Span, Page) -> R,
) -> Result<Vec<Meeting>, StoreError> {
    let page = |order| Page {
        order,
        after: None,
        limit: MEETINGS_MAX,
    };
    let over = Span {
        from: Some(Time::from_micros(now.as_micros() - KEPT)),
        until: Some(now),
    };
    let mut meetings = read(over, page(Order::Descending)).await?;
    meetings.reverse();
    meetings.extend(read(Span::since(now), page(Order::Ascending)).await?);
    Ok(meetings)
}

/// What a member's calendar says of meetings.
async fn entries(
    store: &SharedStore,
    accounts: &[Key],
    meetings: Vec<Meeting>,
) -> Result<Vec<Entry>, StoreError> {
    let keys_of_all = keys(&meetings, |meeting| meeting.key);
    let answers = store.rsvps_of(accounts, &keys_of_all).await?;
    let mut taken: HashSet<Key> = HashSet::new();
    // Of several accounts all changes count: so there are never fewer than before.
    let mut changed: HashMap<Key, (i64, Time)> = HashMap::new();
    for answer in answers {
        if answer.state == rsvp::State::Going {
            taken.insert(answer.meeting);
        }
        let known = changed.entry(answer.meeting);
        let (revision, at) = known.or_insert((0, answer.changed_at));
        *revision += answer.revision;
        *at = answer.changed_at.max(*at);
    }
    let groups = keys(&meetings, |meeting| meeting.group_key);
    let groups = store.groups(&groups).await?.into_iter();
    let names: HashMap<Key, String> = groups.map(|group| (group.key, group.name)).collect();
    let entry = |meeting: Meeting| Entry {
        group: names.get(&meeting.group_key).cloned().unwrap_or_default(),
        place: match taken.contains(&meeting.key) {
            true => Place::Taken,
            false => Place::WaitedFor,
        },
        changed: changed.get(&meeting.key).copied(),
        meeting,
    };
    Ok(meetings.into_iter().map(entry).collect())
}
