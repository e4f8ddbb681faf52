//! Which companies sponsor which meeting (DOMAIN G9).

use plaudit_domain::sponsor::{SponsorRemoved, Sponsored};
use plaudit_domain::{AccountId, Event, GroupId, MeetingId, Time};

use crate::fold::FoldError;
use crate::meeting;
use crate::row::{Key, row};
use crate::rows::{Pair, Rows};
use crate::touched::Touched;

row! {
    table "sponsor", primary (meeting, account), index (account);
    /// A company sponsors a meeting.
    pub struct Sponsor {
        /// The meeting.
        pub meeting: Key,
        /// Who stands for the company.
        pub account: Key,
        /// The company, unless that is withheld.
        pub company: Option<String>,
        /// The position of what recorded it.
        pub position: i64,
        /// Since when.
        pub at: Time,
    }
}

impl Pair for Sponsor {
    fn pair(&self) -> (Key, Key) {
        (self.meeting, self.account)
    }
}

pub(crate) fn touch(
    (meeting, group): (MeetingId, GroupId),
    account: AccountId,
    touched: &mut Touched,
) {
    touched.meeting(meeting, group);
    touched.account(account);
    touched.sponsors.insert((meeting, account));
}

pub(crate) fn add(sponsored: &Sponsored, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let account = rows.account(sponsored.account)?;
    let (account, is_erased) = (account.key, account.erased);
    if let Some(meeting) = meeting::of_group(sponsored.meeting, sponsored.group, rows)? {
        let company = sponsored.company.as_ref().and_then(|company| company.get());
        rows.sponsors.put(Sponsor {
            meeting,
            account,
            company: company.filter(|_| !is_erased).cloned(),
            position: event.position.cast_signed(),
            at: event.occurred_at,
        });
    }
    Ok(())
}

pub(crate) fn remove(removed: &SponsorRemoved, rows: &mut Rows) -> Result<(), FoldError> {
    let account = rows.account(removed.account)?.key;
    if let Some(meeting) = meeting::of_group(removed.meeting, removed.group, rows)? {
        rows.sponsors.remove(meeting, account);
    }
    Ok(())
}
