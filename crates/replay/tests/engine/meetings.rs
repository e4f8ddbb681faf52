//! What happens in user groups, as imports may bring it: twice, contradicting, of another group.

use std::collections::{BTreeMap, BTreeSet};

use plaudit_domain::affiliation::{self, Affiliation};
use plaudit_domain::attendance::{AttendanceWithdrawn, Attended};
use plaudit_domain::benefit::{Decided, ReimbursementRequested, SwagRequested};
use plaudit_domain::fact::{AccountFact, BenefitFact, GroupFact, MeetingFact, RsvpFact};
use plaudit_domain::group::{self, UserGroupCreated};
use plaudit_domain::leadership::{Appointed, Declined, Ended, Proposed, Requested, Role};
use plaudit_domain::meeting::{Cancelled, Changed, Details, Held, Scheduled};
use plaudit_domain::presentation::{Approved, Reason, Rejected, Submitted};
use plaudit_domain::rsvp::Answered;
use plaudit_domain::sponsor::{SponsorRemoved, Sponsored};
use plaudit_domain::{
    AccountId, BenefitId, Event, Fact, GroupId, MeetingId, PresentationId, StreamName, Time,
    calendar,
};
use plaudit_projection::{Change, Key, Rows, fold, rsvp};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

use crate::histories::{account, code, group, registered};

/// How many meetings there can be.
const MEETINGS: u8 = 3;
/// How many presentations and requests there can be.
const OTHERS: u8 = 4;

pub fn meeting(number: u8) -> MeetingId {
    MeetingId(Uuid::from_u128(0x3ee7_0000 + u128::from(number)))
}

fn presentation(number: u8) -> PresentationId {
    PresentationId(Uuid::from_u128(0x51de_0000 + u128::from(number)))
}

fn request(number: u8) -> BenefitId {
    BenefitId(Uuid::from_u128(0xbe4e_0000 + u128::from(number)))
}

/// What can be named.
#[derive(Default)]
pub struct Known {
    pub accounts: Vec<AccountId>,
    pub groups: Vec<GroupId>,
    meetings: Vec<(MeetingId, GroupId)>,
    requests: Vec<BenefitId>,
}

impl Known {
    /// Notes what a fact makes.
    pub fn note(&mut self, fact: &Fact) {
        match fact {
            Fact::Account(AccountFact::Registered(registered)) => {
                self.accounts.push(registered.account);
            }
            Fact::Group(GroupFact::Created(created)) => self.groups.push(created.group),
            Fact::Group(GroupFact::UserGroupCreated(created)) => self.groups.push(created.group),
            Fact::Meeting(MeetingFact::Scheduled(scheduled)) => {
                self.meetings.push((scheduled.meeting, scheduled.group));
            }
            Fact::Benefit(BenefitFact::SwagRequested(asked)) => self.requests.push(asked.request),
            Fact::Benefit(BenefitFact::ReimbursementRequested(asked)) => {
                self.requests.push(asked.request);
            }
            Fact::Account(_)
            | Fact::Post(_)
            | Fact::Like(_)
            | Fact::Watch(_)
            | Fact::Link(_)
            | Fact::LinkCode(_)
            | Fact::Rules(_)
            | Fact::Learning(_)
            | Fact::Kudos(_)
            | Fact::Badge(_)
            | Fact::Feedback(_)
            | Fact::Lozenge(_)
            | Fact::Group(_)
            | Fact::Meeting(_)
            | Fact::Rsvp(_)
            | Fact::Benefit(BenefitFact::Decided(_))
            | Fact::Report(_)
            | Fact::Notification(_)
            | Fact::Membership(_) => {}
        }
    }
}

/// Something that happens with these, as far as they are there.
#[derive(Debug, Clone)]
pub struct Happening {
    what: What,
    group: u8,
    meeting: u8,
    account: u8,
    other: u8,
    yes: bool,
    capacity: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Affiliated,
    CalendarOpened,
    Created,
    GroupChanged,
    Proposed,
    Requested,
    Declined,
    Appointed,
    Ended,
    Scheduled,
    Changed,
    Cancelled,
    Held,
    Attended,
    AttendanceWithdrawn,
    Sponsored,
    SponsorRemoved,
    Submitted,
    Approved,
    Rejected,
    Answered,
    SwagRequested,
    ReimbursementRequested,
    Decided,
}

pub fn any_happening(groups: u8, accounts: u8) -> impl Strategy<Value = Happening> {
    use What::*;
    let people = prop_oneof![
        1 => Just(Affiliated), 1 => Just(CalendarOpened), 4 => Just(Created),
        1 => Just(GroupChanged), 2 => Just(Proposed), 2 => Just(Requested), 2 => Just(Declined),
        3 => Just(Appointed), 1 => Just(Ended),
    ];
    let meetings = prop_oneof![
        6 => Just(Scheduled), 3 => Just(Changed), 1 => Just(Cancelled), 1 => Just(Held),
        3 => Just(Attended), 1 => Just(AttendanceWithdrawn), 2 => Just(Sponsored),
        2 => Just(SponsorRemoved), 3 => Just(Submitted), 2 => Just(Approved), 2 => Just(Rejected),
        20 => Just(Answered),
    ];
    let requests = prop_oneof![
        2 => Just(SwagRequested), 2 => Just(ReimbursementRequested), 2 => Just(Decided),
    ];
    let what = prop_oneof![3 => people, 8 => meetings, 1 => requests];
    (
        what,
        0..groups,
        0..MEETINGS,
        0..accounts,
        0..OTHERS,
        any::<bool>(),
        option::weighted(0.8, 0..4u32),
    )
        .prop_map(
            |(what, group, meeting, account, other, yes, capacity)| Happening {
                what,
                group,
                meeting,
                account,
                other,
                yes,
                capacity,
            },
        )
}

/// A user group with a meeting, so that most of what comes next has something to be about.
pub fn beginning() -> [Happening; 2] {
    [What::Created, What::Scheduled].map(|what| Happening {
        what,
        group: 0,
        meeting: 0,
        account: 0,
        other: 0,
        yes: true,
        capacity: Some(2),
    })
}

impl Happening {
    /// The group of the meeting, mostly.
    fn group(&self, known: &Known) -> Option<GroupId> {
        let of_meeting = known
            .meetings
            .iter()
            .find(|(it, _)| *it == meeting(self.meeting));
        match of_meeting {
            Some((_, group)) if self.other > 0 => Some(*group),
            Some(_) | None => Some(group(self.group)).filter(|it| known.groups.contains(it)),
        }
    }

    /// The fact, if all that it has to name is there.
    pub fn fact(&self, known: &Known) -> Option<Fact> {
        let account = Some(account(self.account)).filter(|it| known.accounts.contains(it))?;
        let new_group = group(self.group);
        let group = || self.group(known);
        let at = || {
            let scheduled = known.meetings.iter().map(|(meeting, _)| *meeting);
            scheduled
                .into_iter()
                .find(|it| *it == meeting(self.meeting))
        };
        let asked = || Some(request(self.other)).filter(|it| known.requests.contains(it));
        let text = || "said".to_owned();
        let accounts = BTreeSet::from([account]);
        Some(match self.what {
            What::Affiliated => AccountFact::AffiliationChanged(affiliation::Changed {
                account,
                affiliation: self.yes.then_some(Affiliation::Employee),
            })
            .into(),
            What::CalendarOpened => AccountFact::CalendarOpened(calendar::Opened {
                account,
                code: code(self.other).hash(),
            })
            .into(),
            What::Created => GroupFact::UserGroupCreated(UserGroupCreated {
                group: new_group,
                name: text(),
                description: text(),
                location: text(),
                origin: None,
            })
            .into(),
            What::GroupChanged => GroupFact::Changed(group::Changed {
                group: group()?,
                name: None,
                description: None,
                location: Some("elsewhere".into()),
                moderated: Some(self.yes),
            })
            .into(),
            What::Proposed => GroupFact::Proposed(Proposed {
                group: new_group,
                account,
                name: text().into(),
                description: text().into(),
                location: text().into(),
                message: text().into(),
            })
            .into(),
            What::Requested => GroupFact::LeadershipRequested(Requested {
                group: group()?,
                account,
                message: text().into(),
            })
            .into(),
            What::Declined => GroupFact::LeadershipDeclined(Declined {
                group: new_group,
                account,
                reason: text().into(),
            })
            .into(),
            What::Appointed => GroupFact::LeaderAppointed(Appointed {
                group: group()?,
                account,
                role: if self.yes {
                    Role::Leader
                } else {
                    Role::CoLeader
                },
            })
            .into(),
            What::Ended => GroupFact::LeadershipEnded(Ended {
                group: group()?,
                account,
            })
            .into(),
            What::Scheduled => MeetingFact::Scheduled(Scheduled {
                meeting: meeting(self.meeting),
                group: group()?,
                details: self.details(),
                origin: None,
            })
            .into(),
            What::Changed => MeetingFact::Changed(Changed {
                meeting: at()?,
                group: group()?,
                details: self.details(),
            })
            .into(),
            What::Cancelled => MeetingFact::Cancelled(Cancelled {
                meeting: at()?,
                group: group()?,
                reason: self.yes.then(text),
            })
            .into(),
            What::Held => MeetingFact::Held(Held {
                meeting: at()?,
                group: group()?,
            })
            .into(),
            What::Attended => MeetingFact::Attended(Attended {
                meeting: at()?,
                group: group()?,
                accounts,
            })
            .into(),
            What::AttendanceWithdrawn => MeetingFact::AttendanceWithdrawn(AttendanceWithdrawn {
                meeting: at()?,
                group: group()?,
                accounts,
            })
            .into(),
            What::Sponsored => MeetingFact::Sponsored(Sponsored {
                meeting: at()?,
                group: group()?,
                account,
                company: self.yes.then(|| text().into()),
            })
            .into(),
            What::SponsorRemoved => MeetingFact::SponsorRemoved(SponsorRemoved {
                meeting: at()?,
                group: group()?,
                account,
            })
            .into(),
            What::Submitted => MeetingFact::PresentationSubmitted(Submitted {
                meeting: at()?,
                group: group()?,
                presentation: presentation(self.other),
                speaker: account,
                title: text().into(),
                r#abstract: text().into(),
            })
            .into(),
            What::Approved => MeetingFact::PresentationApproved(Approved {
                meeting: at()?,
                group: group()?,
                presentation: presentation(self.other),
                speaker: account,
            })
            .into(),
            What::Rejected => MeetingFact::PresentationRejected(Rejected {
                meeting: at()?,
                group: group()?,
                presentation: presentation(self.other),
                speaker: account,
                reason: Reason::SalesPitch,
                note: self.yes.then(|| text().into()),
            })
            .into(),
            What::Answered => RsvpFact::Answered(Answered {
                meeting: at()?,
                group: group()?,
                account,
                profile: None,
                going: self.yes,
            })
            .into(),
            What::SwagRequested => BenefitFact::SwagRequested(SwagRequested {
                request: request(self.other),
                group: group()?,
                account,
                meeting: at(),
                what: text().into(),
                address: text().into(),
            })
            .into(),
            What::ReimbursementRequested => {
                BenefitFact::ReimbursementRequested(ReimbursementRequested {
                    request: request(self.other),
                    group: group()?,
                    account,
                    meeting: at()?,
                    amount: 100,
                    currency: "EUR".into(),
                    what: text().into(),
                })
                .into()
            }
            What::Decided => BenefitFact::Decided(Decided {
                request: asked()?,
                group: group()?,
                account,
                approved: self.yes,
                reason: Some(text().into()),
            })
            .into(),
        })
    }

    fn details(&self) -> Details {
        details(self.capacity)
    }
}

fn details(capacity: Option<u32>) -> Details {
    Details {
        title: "title".into(),
        description: String::new(),
        starts_at: Time::from_micros(1_000_000),
        ends_at: Time::from_micros(2_000_000),
        zone: "UTC".into(),
        place: None,
        online: None,
        capacity,
        announcements: vec![],
    }
}

/// What may happen to the places at a meeting.
#[derive(Debug, Clone)]
enum Move {
    Answer(u8, bool),
    Resize(Option<u32>),
}

const GUESTS: u8 = 8;

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        5 => (0..GUESTS, any::<bool>()).prop_map(|(guest, going)| Move::Answer(guest, going)),
        1 => option::weighted(0.9, 1..6u32).prop_map(Move::Resize),
    ]
}

/// A meeting whose rows are folded event by event.
struct Door {
    rows: Rows,
    position: u64,
}

impl Door {
    fn open(capacity: Option<u32>) -> Self {
        let rows = Rows::default();
        let mut door = Self { rows, position: 0 };
        for guest in 0..GUESTS {
            door.happens(registered(guest));
        }
        let created = UserGroupCreated {
            group: group(0),
            name: "group".into(),
            description: String::new(),
            location: "here".into(),
            origin: None,
        };
        door.happens(GroupFact::UserGroupCreated(created).into());
        let scheduled = Scheduled {
            meeting: meeting(0),
            group: group(0),
            details: details(capacity),
            origin: None,
        };
        door.happens(MeetingFact::Scheduled(scheduled).into());
        door
    }

    fn happens(&mut self, fact: Fact) {
        self.position += 1;
        let event = Event {
            id: Uuid::from_u128(self.position.into()),
            stream: StreamName::stored("any".into()),
            revision: 0,
            position: self.position,
            occurred_at: Time::from_micros(0),
            recorded_at: Time::from_micros(0),
            actor: None,
            correlation: None,
            causation: None,
            imported: false,
            fact,
        };
        fold(&event, &mut self.rows).unwrap();
    }

    fn moves(&mut self, step: &Move) {
        let (meeting, group) = (meeting(0), group(0));
        let fact = match *step {
            Move::Answer(guest, going) => RsvpFact::Answered(Answered {
                meeting,
                group,
                account: account(guest),
                profile: None,
                going,
            })
            .into(),
            Move::Resize(capacity) => MeetingFact::Changed(Changed {
                meeting,
                group,
                details: details(capacity),
            })
            .into(),
        };
        self.happens(fact);
    }

    /// Who goes and who waits, each in the order of their answers, with the positions of these.
    fn states(&self) -> [Vec<(i64, Key)>; 2] {
        let mut states = BTreeMap::from([("going", vec![]), ("waiting", vec![])]);
        for change in self.rows.rsvps.changes() {
            let Change::Put(row) = change else { continue };
            if row.state != rsvp::State::NotGoing {
                let of = states.get_mut(row.state.as_str()).unwrap();
                of.push((row.position, row.account));
            }
        }
        ["going", "waiting"].map(|name| {
            let mut of = states.remove(name).unwrap();
            of.sort_unstable();
            of
        })
    }
}

/// DOMAIN G4. A later export brings answers to what was held: who said yes was there, and nobody moves up.
#[test]
fn g4_who_said_yes_to_what_was_held_was_there() {
    let mut door = Door::open(Some(1));
    let key = |door: &Door, guest| door.rows.accounts.find(account(guest)).unwrap().key;
    let of = |states: [Vec<(i64, Key)>; 2]| -> [Vec<Key>; 2] {
        states.map(|of| of.into_iter().map(|(_, account)| account).collect())
    };
    door.moves(&Move::Answer(0, true));
    door.moves(&Move::Answer(1, true));
    door.moves(&Move::Answer(2, true));
    let held = Held {
        meeting: meeting(0),
        group: group(0),
    };
    door.happens(MeetingFact::Held(held).into());
    door.moves(&Move::Answer(3, true));
    let [zero, one, two, three] = [0, 1, 2, 3].map(|guest| key(&door, guest));
    let expected: [Vec<Key>; 2] = [vec![zero, three], vec![one, two]];
    assert_eq!(of(door.states()), expected);
    // Who waited, by what was known, was there after all; and whose place it was wasn't.
    door.moves(&Move::Answer(2, true));
    door.moves(&Move::Answer(0, false));
    let expected: [Vec<Key>; 2] = [vec![three, two], vec![one]];
    assert_eq!(of(door.states()), expected);
    let row = door.rows.meetings.find(meeting(0)).unwrap();
    assert_eq!((row.going, row.waiting, row.not_going), (2, 1, 1));
}

proptest! {
    /// DOMAIN G4. Nobody who has a place loses it, whoever waits moves up in order and at once, and places
    /// are given as long as there are any.
    #[test]
    fn g4_places_go_to_the_first_and_to_the_next_when_one_is_free(
        capacity in option::weighted(0.9, 1..5u32),
        steps in vec(any_move(), 1..60),
    ) {
        let mut door = Door::open(capacity);
        let mut capacity = capacity;
        for step in &steps {
            let [going_before, waiting_before] = door.states();
            door.moves(step);
            let [going, waiting] = door.states();
            let row = door.rows.meetings.find(meeting(0)).unwrap();
            prop_assert_eq!((row.going, row.waiting), (going.len() as i64, waiting.len() as i64));
            if let Move::Resize(to) = step {
                capacity = *to;
            }
            let room = capacity.map_or(usize::MAX, |capacity| capacity as usize);
            // No place is free while somebody waits, and none is given that isn't there.
            prop_assert!(waiting.is_empty() || going.len() >= room);
            prop_assert!(going.len() <= room || going.len() <= going_before.len());
            // Only who left has no place any more.
            let left = match step {
                Move::Answer(guest, false) => door.rows.accounts.find(account(*guest)),
                Move::Answer(_, true) | Move::Resize(_) => None,
            };
            let left = left.map(|account| account.key);
            let stays = |of: &&(i64, Key)| Some(of.1) != left;
            prop_assert!(going_before.iter().filter(stays).all(|of| going.contains(of)));
            // Those who moved up were the first that waited.
            let moved = waiting_before.iter().filter(stays).filter(|of| going.contains(of));
            let moved: Vec<_> = moved.collect();
            let first = waiting_before.iter().filter(stays).take(moved.len());
            prop_assert_eq!(moved.clone(), first.collect::<Vec<_>>());
            // Who answers the same again keeps their place in the order.
            let keeps = |of: &(i64, Key)| going.contains(of) || waiting.contains(of);
            prop_assert!(waiting_before.iter().filter(stays).all(keeps));
        }
    }
}
