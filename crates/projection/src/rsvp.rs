//! Who comes to which meeting, and who waits for a place (DOMAIN G4).
//!
//! Who has a place follows from the order of the answers: as many as there is room for, the others wait.
//! When somebody leaves, or there is more room, the next ones move up. Nobody loses a place.
//!
//! Of a meeting that was held, answers are history, as a later export brings them: who says yes was there,
//! however much room there was said to be, and nobody moves up any more.
//!
//! Whoever is erased gives up their places at what was still to come then; at meetings that had begun they
//! stay, as a number.
//!
//! Linking gives up no place: unlinking couldn't give it back.

use std::collections::BTreeSet;

use plaudit_domain::fact::RsvpFact;
use plaudit_domain::notification::Kind;
use plaudit_domain::rsvp::Answered;
use plaudit_domain::{Event, Time};

use crate::fold::FoldError;
use crate::meeting::{self, Meeting};
use crate::notification::{Outcome, Subject};
use crate::row::{Key, row, stored_names};
use crate::rows::{Pair, Rows};
use crate::touched::Touched;

stored_names! {
    /// Whether somebody comes.
    pub enum State {
        /// They have a place.
        Going = "going",
        /// They wait for one.
        Waiting = "waiting",
        /// They don't come.
        NotGoing = "not_going",
    }
}

row! {
    table "rsvp", primary (meeting, account), index (meeting, state, position), index (account);
    /// An account's answer to whether it comes to a meeting.
    pub struct Rsvp {
        /// The meeting.
        pub meeting: Key,
        /// Who answered.
        pub account: Key,
        /// Whether they come.
        pub state: State,
        /// The position of the answer: who waits moves up in this order.
        pub position: i64,
        /// When they answered.
        pub at: Time,
        /// How often it became another state since the first answer: what calendars go by.
        pub revision: i64,
        /// When it last became what it is: also when who waited moved up.
        pub changed_at: Time,
    }
}

impl Pair for Rsvp {
    fn pair(&self) -> (Key, Key) {
        (self.meeting, self.account)
    }
}

pub(crate) fn touch(fact: &RsvpFact, touched: &mut Touched) {
    let RsvpFact::Answered(Answered {
        meeting,
        group,
        account,
        profile: _,
        going,
    }) = fact;
    touched.meeting(*meeting, *group);
    touched.account(*account);
    touched.rsvps.insert((*meeting, *account));
    if !going {
        touched.rsvps_of.insert(*meeting);
    }
}

pub(crate) fn fold(fact: &RsvpFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let RsvpFact::Answered(answered) = fact;
    let account = rows.account(answered.account)?.key;
    let Some(meeting) = meeting::of_group(answered.meeting, answered.group, rows)? else {
        return Ok(());
    };
    let known = rows.rsvps.get(meeting, account);
    let revision = known.map_or(0, |rsvp| rsvp.revision + 1);
    let before = known.map(|rsvp| rsvp.state);
    let row = rows.meetings.by_key(meeting)?;
    let is_full = row.free() == Some(0) && row.state != meeting::State::Held;
    let state = match (answered.going, before) {
        (false, _) => State::NotGoing,
        // Answering the same again keeps the place.
        (true, Some(State::Going)) => State::Going,
        (true, Some(State::Waiting | State::NotGoing) | None) if is_full => State::Waiting,
        (true, Some(State::Waiting | State::NotGoing) | None) => State::Going,
    };
    if before == Some(state) {
        return Ok(());
    }
    if let Some(before) = before {
        *row.count(before) -= 1;
    }
    *row.count(state) += 1;
    rows.rsvps.put(Rsvp {
        meeting,
        account,
        state,
        position: event.position.cast_signed(),
        at: event.occurred_at,
        revision,
        changed_at: event.occurred_at,
    });
    let moved = move_up(meeting, event, rows)?;
    tell(moved, meeting, Outcome::MovedUp, event, rows)
}

/// Gives up the places of an account that is erased, at what is still to come then, and its waiting for some.
pub(crate) fn give_up_places(
    account: Key,
    event: &Event,
    rows: &mut Rows,
) -> Result<(), FoldError> {
    // All of them are here: see `Touched`.
    let mut meetings = BTreeSet::new();
    rows.rsvps.each_mut(|rsvp| {
        if rsvp.account == account && rsvp.state != State::NotGoing {
            meetings.insert(rsvp.meeting);
        }
        false
    });
    for meeting in meetings {
        let row = rows.meetings.by_key(meeting)?;
        let Some(rsvp) = rows.rsvps.get(meeting, account) else {
            continue;
        };
        if row.state != meeting::State::Scheduled || row.starts_at <= event.occurred_at {
            continue;
        }
        *row.count(rsvp.state) -= 1;
        *row.count(State::NotGoing) += 1;
        let rsvp = Rsvp {
            state: State::NotGoing,
            revision: rsvp.revision + 1,
            changed_at: event.occurred_at,
            ..rsvp.clone()
        };
        rows.rsvps.put(rsvp);
        let moved = move_up(meeting, event, rows)?;
        tell(moved, meeting, Outcome::MovedUp, event, rows)?;
    }
    Ok(())
}

impl Meeting {
    fn count(&mut self, state: State) -> &mut i64 {
        match state {
            State::Going => &mut self.going,
            State::Waiting => &mut self.waiting,
            State::NotGoing => &mut self.not_going,
        }
    }
}

/// Gives free places to those who wait, in order; who they are.
pub(crate) fn move_up(meeting: Key, event: &Event, rows: &mut Rows) -> Result<Vec<Key>, FoldError> {
    let row = rows.meetings.by_key(meeting)?;
    let free = row.free().unwrap_or(i64::MAX);
    if free == 0 || row.waiting == 0 || row.state == meeting::State::Held {
        return Ok(vec![]);
    }
    // A history from elsewhere may tell that whoever is gone waits: no place is given to nobody.
    let accounts = &rows.accounts;
    let is_erased = |account| accounts.find_key(account).is_some_and(|it| it.erased);
    let rsvps = rows.rsvps.of(meeting).into_iter();
    let mut waiting: Vec<Rsvp> = rsvps
        .filter(|rsvp| rsvp.state == State::Waiting && !is_erased(rsvp.account))
        .cloned()
        .collect();
    waiting.sort_unstable_by_key(|rsvp| rsvp.position);
    waiting.truncate(usize::try_from(free).unwrap_or(usize::MAX));
    let moved = waiting.iter().map(|rsvp| rsvp.account).collect();
    for rsvp in waiting {
        rows.rsvps.put(Rsvp {
            state: State::Going,
            revision: rsvp.revision + 1,
            changed_at: event.occurred_at,
            ..rsvp
        });
        let row = rows.meetings.by_key(meeting)?;
        row.waiting -= 1;
        row.going += 1;
    }
    Ok(moved)
}

/// Who has a place or waits for one, in the order of their answers.
pub(crate) fn coming(meeting: Key, rows: &Rows) -> Vec<Key> {
    let mut coming = rows.rsvps.of(meeting);
    coming.retain(|rsvp| match rsvp.state {
        State::Going | State::Waiting => true,
        State::NotGoing => false,
    });
    coming.sort_unstable_by_key(|rsvp| rsvp.position);
    coming.into_iter().map(|rsvp| rsvp.account).collect()
}

/// Tells some that something about a meeting is new to them.
pub(crate) fn tell(
    accounts: Vec<Key>,
    meeting: Key,
    outcome: Outcome,
    event: &Event,
    rows: &mut Rows,
) -> Result<(), FoldError> {
    if !accounts.is_empty() {
        let row = rows.meetings.by_key(meeting)?;
        let about = Subject {
            meeting: Some(meeting),
            group: Some(row.group_key),
            outcome: Some(outcome),
            note: row.reason.clone(),
            ..Subject::default()
        };
        rows.tell(Kind::Meeting, accounts, about, event);
    }
    Ok(())
}
