//! Loading what user groups are about: who leads them, their meetings, and who comes.

use std::sync::Arc;

use plaudit_domain::{BenefitId, GroupId, MeetingId, PresentationId, Time};
use plaudit_projection::{
    Application, Attendance, Benefit, Key, Leader, Meeting, Presentation, Rsvp, Sponsor, rsvp,
};
use plaudit_store::{Guests, Page, Span, StoreError};
use rustc_hash::FxHashMap;

use super::{Loaded, Loader, all_of, by_key, grouped};
use crate::loading::{Keepable, Load};

/// A meeting by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MeetingBy(pub Key);

/// A meeting by its public id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MeetingById(pub MeetingId);

/// A presentation by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PresentationBy(pub Key);

/// A presentation by its public id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PresentationById(pub PresentationId);

/// A leader's request by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BenefitBy(pub Key);

/// A leader's request by its public id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BenefitById(pub BenefitId);

/// What leaders asked for, for a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BenefitsFor(pub Key);

/// Who leads a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeadersOf(pub Key);

/// What an account leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LedBy(pub Key);

/// What an account would like to lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApplicationsOf(pub Key);

/// The application of an account for a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApplicationBy(pub GroupId, pub Key);

/// The presentations at a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PresentationsOf(pub Key);

/// Who sponsors a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SponsorsOf(pub Key);

/// A page of the meetings of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MeetingsOf {
    /// The group.
    pub group: Key,
    /// When they begin.
    pub span: Span,
    /// Which page.
    pub page: Page,
}

/// How many meetings of a group there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MeetingCountOf {
    /// The group.
    pub group: Key,
    /// When they begin.
    pub span: Span,
}

/// When held meetings of a group began, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HeldOf {
    /// The group.
    pub group: Key,
    /// Of those that began within this.
    pub span: Span,
}

/// When the latest held meeting of a group began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LastHeldOf {
    /// The group.
    pub group: Key,
    /// Of those that began before this.
    pub before: Time,
}

/// A page of the answers to a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RsvpsOf {
    /// The meeting.
    pub meeting: Key,
    /// Which answers.
    pub state: rsvp::State,
    /// Which page.
    pub page: Page,
}

/// How many members come to a meeting, and were seen there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GuestsOf(pub Key);

/// The answer of an account to a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RsvpBy {
    /// The meeting.
    pub meeting: Key,
    /// The account.
    pub account: Key,
}

/// A page of who was seen at a meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttendanceOf {
    /// The meeting.
    pub meeting: Key,
    /// Which page.
    pub page: Page,
}

/// A page of what an account asked for as a leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BenefitsOf {
    /// The account.
    pub account: Key,
    /// Which page.
    pub page: Page,
}

by_key! {
    MeetingBy => Meeting: meetings, |meeting| meeting.key;
    MeetingById => Meeting: meetings_by_id, |meeting| meeting.id;
    PresentationBy => Presentation: presentations, |presentation| presentation.key;
    PresentationById => Presentation: presentations_by_id, |presentation| presentation.id;
    BenefitBy => Benefit: benefits, |benefit| benefit.key;
    BenefitById => Benefit: benefits_by_id, |benefit| benefit.id;
}

all_of! {
    LeadersOf => Leader: leaders_of, |leader| leader.group_key;
    LedBy => Leader: led_by, |leader| leader.account;
    ApplicationsOf => Application: applications_of, |application| application.account;
    BenefitsFor => Benefit: benefits_for, |benefit| benefit.meeting.unwrap_or(Key(0));
    PresentationsOf => Presentation: presentations_of, |presentation| presentation.meeting;
    SponsorsOf => Sponsor: sponsors_of, |sponsor| sponsor.meeting;
}

impl Keepable for Application {}
impl Keepable for Guests {}
impl Keepable for Rsvp {}

impl Load<ApplicationBy> for Loader {
    type Value = Application;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[ApplicationBy]) -> Loaded<ApplicationBy, Application> {
        let keys: Vec<_> = keys.iter().map(|key| (key.0, key.1)).collect();
        let found = self.batch().applications(&keys).await?.into_iter();
        let found = found.map(|it| (ApplicationBy(it.group_id, it.account), it));
        Ok(found.collect())
    }
}

impl Load<MeetingsOf> for Loader {
    type Value = Vec<Arc<Meeting>>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[MeetingsOf]) -> Loaded<MeetingsOf, Vec<Arc<Meeting>>> {
        let mut meetings = FxHashMap::default();
        for ((span, page), groups) in grouped(keys, |key| ((key.span, key.page), key.group)) {
            for meeting in self.batch().meetings_of(&groups, span, page).await? {
                let group = meeting.group_key;
                let key = MeetingsOf { group, span, page };
                let meetings = meetings.entry(key).or_insert_with(Vec::new);
                meetings.push(Arc::new(meeting));
            }
        }
        Ok(meetings)
    }
}

impl Load<MeetingCountOf> for Loader {
    type Value = i64;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[MeetingCountOf]) -> Loaded<MeetingCountOf, i64> {
        let mut counts = FxHashMap::default();
        for (span, groups) in grouped(keys, |key| (key.span, key.group)) {
            for (group, count) in self.batch().meeting_count(&groups, span).await? {
                counts.insert(MeetingCountOf { group, span }, count);
            }
        }
        Ok(counts)
    }
}

impl Load<HeldOf> for Loader {
    type Value = Vec<Time>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[HeldOf]) -> Loaded<HeldOf, Vec<Time>> {
        let mut held = FxHashMap::default();
        for (span, groups) in grouped(keys, |key| (key.span, key.group)) {
            for (group, at) in self.batch().held_of(&groups, span).await? {
                let key = HeldOf { group, span };
                held.entry(key).or_insert_with(Vec::new).push(at);
            }
        }
        Ok(held)
    }
}

impl Load<LastHeldOf> for Loader {
    type Value = Time;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[LastHeldOf]) -> Loaded<LastHeldOf, Time> {
        let mut last = FxHashMap::default();
        for (before, groups) in grouped(keys, |key| (key.before, key.group)) {
            for (group, at) in self.batch().last_held(&groups, before).await? {
                last.insert(LastHeldOf { group, before }, at);
            }
        }
        Ok(last)
    }
}

impl Load<RsvpsOf> for Loader {
    type Value = Vec<Rsvp>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[RsvpsOf]) -> Loaded<RsvpsOf, Vec<Rsvp>> {
        let mut rsvps = FxHashMap::default();
        for ((state, page), meetings) in grouped(keys, |key| ((key.state, key.page), key.meeting)) {
            for rsvp in self.batch().rsvps(&meetings, state, page).await? {
                let meeting = rsvp.meeting;
                let key = RsvpsOf {
                    meeting,
                    state,
                    page,
                };
                rsvps.entry(key).or_insert_with(Vec::new).push(rsvp);
            }
        }
        Ok(rsvps)
    }
}

impl Load<GuestsOf> for Loader {
    type Value = Guests;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[GuestsOf]) -> Loaded<GuestsOf, Guests> {
        let meetings: Vec<_> = keys.iter().map(|key| key.0).collect();
        let guests = self.batch().guests(&meetings).await?.into_iter();
        Ok(guests
            .map(|(key, guests)| (GuestsOf(key), guests))
            .collect())
    }
}

impl Load<RsvpBy> for Loader {
    type Value = Rsvp;
    type Error = Arc<StoreError>;

    /// Only members themselves ask, so these are hardly ever more than one's accounts.
    async fn load(&self, keys: &[RsvpBy]) -> Loaded<RsvpBy, Rsvp> {
        let meetings: Vec<_> = keys.iter().map(|key| key.meeting).collect();
        let accounts: Vec<_> = keys.iter().map(|key| key.account).collect();
        let rsvps = self.batch().rsvps_of(&accounts, &meetings).await?;
        let by = |rsvp: Rsvp| {
            let (meeting, account) = (rsvp.meeting, rsvp.account);
            (RsvpBy { meeting, account }, rsvp)
        };
        Ok(rsvps.into_iter().map(by).collect())
    }
}

impl Load<AttendanceOf> for Loader {
    type Value = Vec<Attendance>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[AttendanceOf]) -> Loaded<AttendanceOf, Vec<Attendance>> {
        let mut attendance = FxHashMap::default();
        for (page, meetings) in grouped(keys, |key| (key.page, key.meeting)) {
            for seen in self.batch().attendance_of(&meetings, page).await? {
                let meeting = seen.meeting;
                let key = AttendanceOf { meeting, page };
                attendance.entry(key).or_insert_with(Vec::new).push(seen);
            }
        }
        Ok(attendance)
    }
}

impl Load<BenefitsOf> for Loader {
    type Value = Vec<Benefit>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[BenefitsOf]) -> Loaded<BenefitsOf, Vec<Benefit>> {
        let mut benefits = FxHashMap::default();
        for (page, accounts) in grouped(keys, |key| (key.page, key.account)) {
            for benefit in self.batch().benefits_of(&accounts, page).await? {
                let account = benefit.account;
                let key = BenefitsOf { account, page };
                benefits.entry(key).or_insert_with(Vec::new).push(benefit);
            }
        }
        Ok(benefits)
    }
}
