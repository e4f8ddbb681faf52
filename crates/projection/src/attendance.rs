//! Who was seen at which meeting (DOMAIN G4). It is not the RSVP.

use std::collections::BTreeSet;

use plaudit_domain::{AccountId, Event, GroupId, MeetingId, Time};

use crate::fold::FoldError;
use crate::meeting;
use crate::row::{Key, row};
use crate::rows::{Pair, Rows};
use crate::touched::Touched;

row! {
    table "attendance", primary (meeting, account), index (meeting, position), index (account);
    /// An account's owner was seen at a meeting.
    pub struct Attendance {
        /// The meeting.
        pub meeting: Key,
        /// Who was there.
        pub account: Key,
        /// The position of what recorded it.
        pub position: i64,
        /// When that was recorded.
        pub at: Time,
    }
}

impl Pair for Attendance {
    fn pair(&self) -> (Key, Key) {
        (self.meeting, self.account)
    }
}

pub(crate) fn touch(
    (meeting, group): (MeetingId, GroupId),
    accounts: &BTreeSet<AccountId>,
    touched: &mut Touched,
) {
    touched.meeting(meeting, group);
    touched.accounts(accounts.iter().copied());
    let pairs = accounts.iter().map(|account| (meeting, *account));
    touched.attendance.extend(pairs);
}

/// Notes that some were there, or weren't.
pub(crate) fn fold(
    (meeting, group): (MeetingId, GroupId),
    accounts: &BTreeSet<AccountId>,
    were_there: bool,
    event: &Event,
    rows: &mut Rows,
) -> Result<(), FoldError> {
    let Some(meeting) = meeting::of_group(meeting, group, rows)? else {
        return Ok(());
    };
    for account in accounts {
        let account = rows.account(*account)?.key;
        let change = if were_there {
            let attendance = Attendance {
                meeting,
                account,
                position: event.position.cast_signed(),
                at: event.occurred_at,
            };
            i64::from(rows.attendance.insert(attendance))
        } else {
            -i64::from(rows.attendance.remove(meeting, account).is_some())
        };
        rows.meetings.by_key(meeting)?.attended += change;
    }
    Ok(())
}
