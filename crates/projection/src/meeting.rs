//! Meetings of user groups (DOMAIN G3, G6).

use plaudit_domain::attendance::{AttendanceWithdrawn, Attended};
use plaudit_domain::fact::MeetingFact;
use plaudit_domain::meeting::{Cancelled, Changed, Details, Held, Scheduled};
use plaudit_domain::notification::Kind;
use plaudit_domain::presentation::{Approved, Rejected, Submitted};
use plaudit_domain::sponsor::{SponsorRemoved, Sponsored};
use plaudit_domain::{Event, GroupId, MeetingId, Time};

use crate::figure::Figure;
use crate::fold::FoldError;
use crate::notification::{Outcome, Subject};
use crate::row::{Key, List, Origin, row, stored_names};
use crate::rows::{Entity, Rows};
use crate::touched::Touched;
use crate::{attendance, presentation, rsvp, sponsor};

stored_names! {
    /// What became of a meeting. That it is over, and nobody confirmed it, is no state: time says so.
    pub enum State {
        /// It takes place, or took.
        Scheduled = "scheduled",
        /// It doesn't.
        Cancelled = "cancelled",
        /// A leader confirmed that it was held: it counts.
        Held = "held",
    }
}

row! {
    table "meeting", primary (key), unique (id), index (starts_at), index (group_key, starts_at),
        index (group_key, state, starts_at);
    /// A meeting.
    pub struct Meeting {
        /// The position of its scheduling.
        pub key: Key,
        /// Its public id.
        pub id: MeetingId,
        /// Whose it is.
        pub group_key: Key,
        /// Its title.
        pub title: String,
        /// What it is about.
        pub description: String,
        /// When it begins.
        pub starts_at: Time,
        /// When it ends.
        pub ends_at: Time,
        /// In which time zone it is, by its name in the IANA's database.
        pub zone: String,
        /// Where it is.
        pub place: Option<String>,
        /// Its address online.
        pub online: Option<String>,
        /// For how many there is room, if that is limited.
        pub capacity: Option<i64>,
        /// Where else it is announced.
        pub announcements: List,
        /// What became of it.
        pub state: State,
        /// Why it was cancelled, if somebody said so.
        pub reason: Option<String>,
        /// How many have a place.
        pub going: i64,
        /// How many wait for one.
        pub waiting: i64,
        /// How many said that they don't come.
        pub not_going: i64,
        /// How many were seen there.
        pub attended: i64,
        /// How often it was changed or cancelled: what calendars go by.
        pub revision: i64,
        /// When it was last changed or cancelled; at first, when it was scheduled.
        pub changed_at: Time,
        /// When it was scheduled.
        pub scheduled_at: Time,
        /// Where an imported meeting was before.
        pub origin: Option<Box<Origin>>,
    }
}

impl Entity for Meeting {
    type Id = MeetingId;

    fn id(&self) -> MeetingId {
        self.id
    }

    fn key(&self) -> Key {
        self.key
    }
}

impl Meeting {
    /// How many more have room, if that is limited. After a meeting was moved somewhere smaller it is
    /// none, and not fewer: nobody loses a place.
    pub fn free(&self) -> Option<i64> {
        self.capacity.map(|capacity| (capacity - self.going).max(0))
    }

    fn detail(&mut self, details: &Details) {
        let Details {
            title,
            description,
            starts_at,
            ends_at,
            zone,
            place,
            online,
            capacity,
            announcements,
        } = details;
        self.title.clone_from(title);
        self.description.clone_from(description);
        self.starts_at = *starts_at;
        self.ends_at = *ends_at;
        self.zone.clone_from(zone);
        self.place.clone_from(place);
        self.online.clone_from(online);
        self.capacity = capacity.map(i64::from);
        self.announcements = List::new(announcements);
    }
}

pub(crate) fn touch(fact: &MeetingFact, touched: &mut Touched) {
    match fact {
        MeetingFact::Scheduled(Scheduled { meeting, group, .. })
        | MeetingFact::Held(Held { meeting, group }) => touched.meeting(*meeting, *group),
        MeetingFact::Changed(Changed { meeting, group, .. })
        | MeetingFact::Cancelled(Cancelled { meeting, group, .. }) => {
            touched.meeting(*meeting, *group);
            touched.rsvps_of.insert(*meeting);
        }
        MeetingFact::Attended(Attended {
            meeting,
            group,
            accounts,
        })
        | MeetingFact::AttendanceWithdrawn(AttendanceWithdrawn {
            meeting,
            group,
            accounts,
        }) => attendance::touch((*meeting, *group), accounts, touched),
        MeetingFact::Sponsored(Sponsored {
            meeting,
            group,
            account,
            company: _,
        })
        | MeetingFact::SponsorRemoved(SponsorRemoved {
            meeting,
            group,
            account,
        }) => sponsor::touch((*meeting, *group), *account, touched),
        MeetingFact::PresentationSubmitted(Submitted {
            meeting,
            group,
            presentation,
            speaker,
            ..
        })
        | MeetingFact::PresentationApproved(Approved {
            meeting,
            group,
            presentation,
            speaker,
        })
        | MeetingFact::PresentationRejected(Rejected {
            meeting,
            group,
            presentation,
            speaker,
            ..
        }) => presentation::touch((*meeting, *group), *presentation, *speaker, touched),
    }
}

pub(crate) fn fold(fact: &MeetingFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    match fact {
        MeetingFact::Scheduled(scheduled) => schedule(scheduled, event, rows),
        MeetingFact::Changed(changed) => change(changed, event, rows),
        MeetingFact::Cancelled(cancelled) => cancel(cancelled, event, rows),
        MeetingFact::Held(held) => hold(held, rows),
        MeetingFact::Attended(Attended {
            meeting,
            group,
            accounts,
        }) => attendance::fold((*meeting, *group), accounts, true, event, rows),
        MeetingFact::AttendanceWithdrawn(AttendanceWithdrawn {
            meeting,
            group,
            accounts,
        }) => attendance::fold((*meeting, *group), accounts, false, event, rows),
        MeetingFact::Sponsored(sponsored) => sponsor::add(sponsored, event, rows),
        MeetingFact::SponsorRemoved(removed) => sponsor::remove(removed, rows),
        MeetingFact::PresentationSubmitted(submitted) => {
            presentation::submit(submitted, event, rows)
        }
        MeetingFact::PresentationApproved(approved) => presentation::approve(approved, event, rows),
        MeetingFact::PresentationRejected(rejected) => presentation::reject(rejected, event, rows),
    }
}

/// The key of a meeting of a group. Histories from elsewhere may name another group than its own: what
/// they tell then changes nothing.
pub(crate) fn of_group(
    meeting: MeetingId,
    group: GroupId,
    rows: &mut Rows,
) -> Result<Option<Key>, FoldError> {
    let group = rows.groups.get_mut(group)?.key;
    let meeting = rows.meetings.get_mut(meeting)?;
    Ok((meeting.group_key == group).then_some(meeting.key))
}

/// Histories from elsewhere may schedule twice: the first one made the meeting.
fn schedule(scheduled: &Scheduled, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let group_key = rows.groups.get_mut(scheduled.group)?.key;
    if rows.meetings.find(scheduled.meeting).is_some() {
        return Ok(());
    }
    let origin = scheduled.origin.as_ref();
    let mut meeting = Meeting {
        key: Key(event.position.cast_signed()),
        id: scheduled.meeting,
        group_key,
        title: String::new(),
        description: String::new(),
        starts_at: scheduled.details.starts_at,
        ends_at: scheduled.details.ends_at,
        zone: String::new(),
        place: None,
        online: None,
        capacity: None,
        announcements: List::new(&[]),
        state: State::Scheduled,
        reason: None,
        going: 0,
        waiting: 0,
        not_going: 0,
        attended: 0,
        revision: 0,
        changed_at: event.occurred_at,
        scheduled_at: event.occurred_at,
        origin: Origin::of(origin),
    };
    meeting.detail(&scheduled.details);
    let about = Subject {
        meeting: Some(meeting.key),
        group: Some(group_key),
        outcome: Some(Outcome::MeetingScheduled),
        ..Subject::default()
    };
    rows.meetings.insert(meeting);
    rows.tell_watchers_of_group(Kind::Meeting, about, event);
    Ok(())
}

/// The meeting, while it is still to come: what was held or cancelled stays as it was.
fn scheduled(
    meeting: MeetingId,
    group: GroupId,
    rows: &mut Rows,
) -> Result<Option<&mut Meeting>, FoldError> {
    let Some(meeting) = of_group(meeting, group, rows)? else {
        return Ok(None);
    };
    let meeting = rows.meetings.by_key(meeting)?;
    Ok(Some(meeting).filter(|meeting| meeting.state == State::Scheduled))
}

fn change(changed: &Changed, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let Some(meeting) = scheduled(changed.meeting, changed.group, rows)? else {
        return Ok(());
    };
    let before = meeting.clone();
    meeting.detail(&changed.details);
    meeting.revision += 1;
    meeting.changed_at = event.occurred_at;
    let key = meeting.key;
    let is_only_its_size = Meeting {
        capacity: before.capacity,
        revision: before.revision,
        changed_at: before.changed_at,
        ..meeting.clone()
    } == before;
    let moved = rsvp::move_up(key, event, rows)?;
    // Who moved up is told that, once, and looks at the meeting anyhow.
    rsvp::tell(moved, key, Outcome::MovedUp, event, rows)?;
    if is_only_its_size {
        return Ok(());
    }
    let coming = rsvp::coming(key, rows);
    rsvp::tell(coming, key, Outcome::MeetingChanged, event, rows)
}

fn cancel(cancelled: &Cancelled, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let Some(meeting) = scheduled(cancelled.meeting, cancelled.group, rows)? else {
        return Ok(());
    };
    meeting.state = State::Cancelled;
    meeting.reason.clone_from(&cancelled.reason);
    meeting.revision += 1;
    meeting.changed_at = event.occurred_at;
    let key = meeting.key;
    let coming = rsvp::coming(key, rows);
    rsvp::tell(coming, key, Outcome::MeetingCancelled, event, rows)
}

fn hold(held: &Held, rows: &mut Rows) -> Result<(), FoldError> {
    let Some(meeting) = scheduled(held.meeting, held.group, rows)? else {
        return Ok(());
    };
    meeting.state = State::Held;
    let (group, starts_at) = (meeting.group_key, meeting.starts_at);
    let group = rows.groups.by_key(group)?;
    group.last_held_at = group.last_held_at.max(Some(starts_at));
    rows.figures.add(Figure::Meetings, starts_at, 1);
    Ok(())
}
