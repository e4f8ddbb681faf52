//! Meetings of user groups (DOMAIN G3 to G6, G9).

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use plaudit_domain::{MeetingId, Time};
use plaudit_projection::meeting::State;
use plaudit_projection::{Meeting as Row, Sponsor as SponsorRow, rsvp};
use plaudit_store::{Cursor, Guests, Order, Span};

use crate::account::{Account, Origin};
use crate::connection::{PageInfo, page_info};
use crate::group::Group;
use crate::id::NodeId;
use crate::leading::{leads, manages};
use crate::loader::{
    AccountBy, AttendanceOf, GroupBy, GuestsOf, MeetingById, MeetingCountOf, RsvpBy, RsvpsOf,
    SponsorsOf,
};
use crate::paging::{Opaque, Paging, Part, Slice};
use crate::presentation::Presentation;
use crate::profile::Profile;
use crate::reading::{reading, referred};
use crate::rsvp::{GuestConnection, Rsvp, RsvpState};
use crate::scalar::{DateTime, Url, int};

/// What became of a meeting. That it is over, and nobody confirmed it, is no state: time says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "State")]
pub enum MeetingState {
    /// It takes place, or took.
    Scheduled,
    /// It doesn't take place.
    Cancelled,
    /// A leader confirmed that it was held: it counts.
    Held,
}

/// Which meetings, by when they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum MeetingWhen {
    /// Those to come, the next one first.
    Upcoming,
    /// Those that have begun, the latest first.
    Past,
}

/// Which meetings.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct MeetingFilter {
    /// By when they begin.
    #[graphql(default_with = "MeetingWhen::Upcoming")]
    pub when: MeetingWhen,
}

/// Which answers to a meeting.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct RsvpFilter {
    /// Those that said this.
    #[graphql(default_with = "RsvpState::Going")]
    state: RsvpState,
}

impl MeetingFilter {
    /// When these begin, and in which order they come; without a filter, those to come.
    pub fn span(filter: Option<Self>, now: Time) -> (Span, Order) {
        let when = filter.map_or(MeetingWhen::Upcoming, |filter| filter.when);
        when.span(now)
    }
}

impl MeetingWhen {
    fn span(self, now: Time) -> (Span, Order) {
        match self {
            Self::Upcoming => (Span::since(now), Order::Ascending),
            Self::Past => (Span::before(now), Order::Descending),
        }
    }
}

/// A meeting, as the row that it is read from.
#[derive(Debug, Clone)]
pub struct Meeting(pub Arc<Row>);

impl Meeting {
    /// The meeting that an id names.
    pub async fn by_id(context: &Context<'_>, id: MeetingId) -> Result<Option<Self>> {
        let meeting = reading(context).loader().load_one(MeetingById(id)).await?;
        Ok(meeting.map(Self))
    }

    /// How many members come, and were there. Where nobody answered, nobody does.
    async fn guests(&self, context: &Context<'_>) -> Result<Guests> {
        let guests = reading(context).loader().load_one(GuestsOf(self.0.key));
        Ok(guests.await?.unwrap_or_default())
    }

    /// What who asks answered: of several answers of their accounts, the one with which they come.
    async fn answered(&self, context: &Context<'_>) -> Result<Option<Rsvp>> {
        let reading = reading(context);
        let meeting = self.0.key;
        let accounts = reading.viewer_keys().await?.into_iter();
        let answers = accounts.map(|account| RsvpBy { meeting, account });
        let answers = reading.loader().load_many(answers).await?;
        let place = |answer: &plaudit_projection::Rsvp| {
            let state = match answer.state {
                rsvp::State::Going => 0,
                rsvp::State::Waiting => 1,
                rsvp::State::NotGoing => 2,
            };
            (state, answer.position)
        };
        Ok(answers.into_values().min_by_key(place).map(Rsvp))
    }
}

/// A meeting of a user group. It is free, and members register here. Anybody may read it, but for its
/// address online and for who attended.
#[Object(crate = "crate::engine")]
impl Meeting {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        NodeId::Meeting(self.0.id).into()
    }

    /// Whose it is.
    async fn group(&self, context: &Context<'_>) -> Result<Group> {
        let loader = reading(context).loader();
        let group = loader.load_one(GroupBy(self.0.group_key)).await?;
        Ok(Group(referred(group)?))
    }

    /// Its title.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What it is about.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// When it begins.
    async fn starts_at(&self) -> DateTime {
        DateTime(self.0.starts_at)
    }

    /// When it ends.
    async fn ends_at(&self) -> DateTime {
        DateTime(self.0.ends_at)
    }

    /// In which time zone it is, by its name in the IANA's database, like `Europe/Berlin`.
    async fn time_zone(&self) -> &str {
        &self.0.zone
    }

    /// Where it is, if somewhere.
    async fn place(&self) -> Option<&str> {
        self.0.place.as_deref()
    }

    /// Whether it has an address online.
    async fn is_online(&self) -> bool {
        self.0.online.is_some()
    }

    /// Its address online. Those see it who have a place, leaders of the group and staff; null for
    /// everybody else.
    async fn online(&self, context: &Context<'_>) -> Result<Option<Url>> {
        let Some(online) = self.0.online.as_deref() else {
            return Ok(None);
        };
        let answer = self.answered(context).await?;
        let is_going = answer.is_some_and(|answer| answer.0.state == rsvp::State::Going);
        let is_seen = is_going || manages(context, self.0.group_key).await?;
        Ok(Url::of(online).filter(|_| is_seen))
    }

    /// For how many there is room; null if that isn't limited.
    async fn capacity(&self) -> Option<i32> {
        self.0.capacity.map(int)
    }

    /// For how many more there is room; null if that isn't limited.
    async fn free_places(&self) -> Option<i32> {
        self.0.free().map(int)
    }

    /// Where else it is announced.
    async fn announcements(&self) -> Vec<Url> {
        let announcements = self.0.announcements.to_vec();
        announcements.iter().filter_map(|it| Url::of(it)).collect()
    }

    /// What became of it.
    async fn state(&self) -> MeetingState {
        self.0.state.into()
    }

    /// Why it was cancelled, if somebody said so.
    async fn cancelled_because(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// Whether it is over, and waits for a leader to confirm that it was held.
    async fn is_unconfirmed(&self, context: &Context<'_>) -> bool {
        self.0.state == State::Scheduled && self.0.ends_at <= reading(context).now()
    }

    /// When it was scheduled.
    async fn scheduled_at(&self) -> DateTime {
        DateTime(self.0.scheduled_at)
    }

    /// When it was last changed or cancelled; at first, when it was scheduled.
    async fn changed_at(&self) -> DateTime {
        DateTime(self.0.changed_at)
    }

    /// Where it was before, if it was imported.
    async fn origin(&self) -> Option<Origin> {
        Origin::of(self.0.origin.as_deref())
    }

    /// How many have a place; who has several, since linked accounts of theirs had answered before, counts
    /// once.
    async fn going_count(&self, context: &Context<'_>) -> Result<i32> {
        Ok(int(self.guests(context).await?.going))
    }

    /// How many wait for one.
    async fn waiting_count(&self, context: &Context<'_>) -> Result<i32> {
        Ok(int(self.guests(context).await?.waiting))
    }

    /// How many said that they don't come.
    async fn not_going_count(&self, context: &Context<'_>) -> Result<i32> {
        Ok(int(self.guests(context).await?.not_going))
    }

    /// How many were seen there.
    async fn attended_count(&self, context: &Context<'_>) -> Result<i32> {
        Ok(int(self.guests(context).await?.attended))
    }

    /// Those who gave one answer, in the order of their answers.
    async fn rsvps(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Which; by default of those who have a place.")] filter: Option<
            RsvpFilter,
        >,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<GuestConnection> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Ascending)?;
        let state = filter.map_or(RsvpState::Going, |filter| filter.state);
        let answers = RsvpsOf {
            meeting: self.0.key,
            state: state.into(),
            page: part.page,
        };
        let answers = reading(context).loader().load_one(answers).await?;
        let slice = part.slice(answers.unwrap_or_default());
        let total = match state {
            RsvpState::Going => self.0.going,
            RsvpState::Waiting => self.0.waiting,
            RsvpState::NotGoing => self.0.not_going,
        };
        let manages = manages(context, self.0.group_key).await?;
        GuestConnection::new(context, slice, total, manages).await
    }

    /// What who asks answered, with any of their accounts; null if they didn't.
    async fn viewer_rsvp(&self, context: &Context<'_>) -> Result<Option<Rsvp>> {
        self.answered(context).await
    }

    /// Whether who asks may change and cancel it: leaders of the group, and staff.
    async fn viewer_can_manage(&self, context: &Context<'_>) -> Result<bool> {
        manages(context, self.0.group_key).await
    }

    /// Whether who asks may confirm that it was held, record who was there, and review presentations:
    /// leaders of the group.
    async fn viewer_leads(&self, context: &Context<'_>) -> Result<bool> {
        leads(context, self.0.group_key).await
    }

    /// Its presentations, in the order of submission. Everybody sees those that are approved; all others
    /// their speakers, the group's leaders and staff do.
    async fn presentations(&self, context: &Context<'_>) -> Result<Vec<Presentation>> {
        Presentation::all_at(context, self.0.key).await
    }

    /// The companies that sponsor it; those of private profiles for leaders of the group and staff only.
    async fn sponsors(&self, context: &Context<'_>) -> Result<Vec<Sponsor>> {
        let loader = reading(context).loader();
        let sponsors = loader.load_one(SponsorsOf(self.0.key)).await?;
        let mut sponsors = sponsors.unwrap_or_default();
        sponsors.sort_unstable_by_key(|sponsor| sponsor.position);
        let manages = manages(context, self.0.group_key).await?;
        let mut shown = Vec::with_capacity(sponsors.len());
        for sponsor in sponsors {
            let account = loader.load_one(AccountBy(sponsor.account)).await?;
            if manages || Account(referred(account)?).is_shown(context).await? {
                shown.push(Sponsor(sponsor));
            }
        }
        Ok(shown)
    }

    /// Who was seen there, in the order of recording. For leaders of the group and staff; null for
    /// everybody else.
    async fn attendance(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "So many from the front: 1 to 100, by default 20.")] first: Option<i32>,
        #[graphql(desc = "From behind this cursor.")] after: Option<String>,
        #[graphql(desc = "So many from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "From before this cursor.")] before: Option<String>,
    ) -> Result<Option<GuestConnection>> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let part = paging.part(Order::Ascending)?;
        if !manages(context, self.0.group_key).await? {
            return Ok(None);
        }
        let seen = AttendanceOf {
            meeting: self.0.key,
            page: part.page,
        };
        let seen = reading(context).loader().load_one(seen).await?;
        let slice = part.slice(seen.unwrap_or_default());
        let guests = GuestConnection::new(context, slice, self.0.attended, true);
        Ok(Some(guests.await?))
    }
}

/// A company that sponsors a meeting.
#[derive(Debug, Clone)]
pub struct Sponsor(SponsorRow);

/// A company that sponsors a meeting. Somebody stands for it, by a lozenge that names it.
#[Object(crate = "crate::engine")]
impl Sponsor {
    /// The company. Null where its name was withheld or erased.
    async fn company(&self) -> Option<&str> {
        self.0.company.as_deref()
    }

    /// The account that stands for it.
    async fn account(&self, context: &Context<'_>) -> Result<Account> {
        let loader = reading(context).loader();
        let account = loader.load_one(AccountBy(self.0.account)).await?;
        Ok(Account(referred(account)?))
    }

    /// Who that is.
    async fn profile(&self, context: &Context<'_>) -> Result<Profile> {
        self.account(context).await?.profile(context).await
    }

    /// Since when it is named.
    async fn since(&self) -> DateTime {
        DateTime(self.0.at)
    }
}

/// A page of meetings.
pub struct MeetingConnection {
    slice: Slice<MeetingEdge>,
    total: Option<MeetingTotal>,
}

/// How many meetings there are.
pub enum MeetingTotal {
    /// It is known.
    Known(i64),
    /// It is counted if somebody asks: of a group.
    Counted(MeetingCountOf),
}

/// A meeting in a list.
#[derive(Debug, Clone)]
pub struct MeetingEdge(Meeting);

impl MeetingConnection {
    /// What was read of a part of a list of meetings.
    pub fn new(part: Part, meetings: Vec<Arc<Row>>, total: Option<MeetingTotal>) -> Self {
        let edges = meetings.into_iter().map(|row| MeetingEdge(Meeting(row)));
        Self {
            slice: part.slice(edges.collect()),
            total,
        }
    }
}

impl MeetingEdge {
    fn place(&self) -> Cursor {
        Cursor {
            at: self.0.0.starts_at.as_micros(),
            key: self.0.0.key,
        }
    }
}

/// A page of meetings.
#[Object(crate = "crate::engine")]
impl MeetingConnection {
    /// The meetings, with their cursors.
    async fn edges(&self) -> &[MeetingEdge] {
        &self.slice.rows
    }

    /// The meetings.
    async fn nodes(&self) -> Vec<&Meeting> {
        self.slice.rows.iter().map(|edge| &edge.0).collect()
    }

    /// Where the page lies in the list.
    async fn page_info(&self) -> PageInfo {
        page_info(&self.slice, MeetingEdge::place)
    }

    /// How many meetings there are on all pages: of those of a group, and of those that a member was at.
    /// Null for other lists.
    async fn total_count(&self, context: &Context<'_>) -> Result<Option<i32>> {
        Ok(match self.total {
            Some(MeetingTotal::Known(count)) => Some(int(count)),
            Some(MeetingTotal::Counted(of)) => {
                let count = reading(context).loader().load_one(of).await?;
                Some(int(count.unwrap_or_default()))
            }
            None => None,
        })
    }
}

/// A meeting in a list.
#[Object(crate = "crate::engine")]
impl MeetingEdge {
    /// Its cursor. It stays valid when meetings come and go.
    async fn cursor(&self) -> String {
        Opaque(self.place()).encode()
    }

    /// The meeting.
    async fn node(&self) -> &Meeting {
        &self.0
    }
}
