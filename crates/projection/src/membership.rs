//! Who is a member of which group (DOMAIN F6).

use plaudit_domain::fact::MembershipFact;
use plaudit_domain::{Event, Time, membership};

use crate::deed::{Action, Change, Deed};
use crate::fold::FoldError;
use crate::row::{Key, row};
use crate::rows::{Pair, Rows};
use crate::touched::Touched;

row! {
    table "membership", primary (group_key, account), index (group_key, position), index (account);
    /// An account is a member of a group.
    pub struct Membership {
        /// The group.
        pub group_key: Key,
        /// The member.
        pub account: Key,
        /// The position of the joining: members are listed by it.
        pub position: i64,
        /// When it joined.
        pub at: Time,
    }
}

impl Pair for Membership {
    fn pair(&self) -> (Key, Key) {
        (self.group_key, self.account)
    }
}

pub(crate) fn touch(fact: &MembershipFact, touched: &mut Touched) {
    match fact {
        MembershipFact::Joined(member) | MembershipFact::Left(member) => {
            touched.groups.insert(member.group);
            touched.account(member.account);
            touched.memberships.insert((member.group, member.account));
        }
    }
}

pub(crate) fn fold(fact: &MembershipFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let (MembershipFact::Joined(membership::Membership { group, account })
    | MembershipFact::Left(membership::Membership { group, account })) = fact;
    let member = rows.account(*account)?;
    member.active(event.occurred_at);
    let account = member.key;
    let group_key = rows.groups.get_mut(*group)?.key;
    let (membership, sign, change) = match fact {
        MembershipFact::Joined(_) => {
            let membership = Membership {
                group_key,
                account,
                position: event.position.cast_signed(),
                at: event.occurred_at,
            };
            let is_new = rows.memberships.insert(membership.clone());
            (Some(membership).filter(|_| is_new), 1, Change::Done)
        }
        MembershipFact::Left(_) => {
            let left = rows.memberships.remove(group_key, account);
            (left, -1, Change::Undone)
        }
    };
    // Joining twice changes nothing.
    if let Some(Membership { position, at, .. }) = membership {
        rows.groups.get_mut(*group)?.members += sign;
        let member = rows.accounts.by_key(account)?;
        let deed = Deed {
            group: Some(group_key),
            ..Deed::of(Action::GroupJoined, member, position, at)
        };
        rows.deeds.push(deed.became(change, event));
    }
    Ok(())
}
