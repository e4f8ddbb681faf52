//! Linking: which profile an account belongs to (DOMAIN L).
//!
//! A link changes nothing but that. Profiles are computed from their accounts at the end of a batch,
//! which is why unlinking exactly reverses linking.

use plaudit_domain::fact::LinkFact;
use plaudit_domain::links::{Linked, PrimaryChanged, Unlinked, Withdrawn};

use crate::fold::FoldError;
use crate::row::Key;
use crate::rows::Rows;
use crate::touched::Touched;

pub(crate) fn touch(fact: &LinkFact, touched: &mut Touched) {
    match fact {
        LinkFact::Linked(Linked {
            primary,
            account,
            code: _,
        })
        | LinkFact::Unlinked(Unlinked { primary, account }) => {
            touched.accounts([*primary, *account]);
            touched.linked.extend([*primary, *account]);
        }
        LinkFact::Withdrawn(Withdrawn { account, accounts }) => {
            touched.account(*account);
            touched.accounts(accounts.iter().copied());
        }
        LinkFact::PrimaryChanged(PrimaryChanged { from, to, accounts }) => {
            touched.accounts([*from, *to]);
            touched.accounts(accounts.iter().copied());
        }
    }
}

/// Histories from elsewhere may link what can't be linked: that changes nothing.
pub(crate) fn fold(fact: &LinkFact, rows: &mut Rows) -> Result<(), FoldError> {
    match fact {
        LinkFact::Linked(Linked {
            primary,
            account,
            code: _,
        }) => {
            let (primary, account) = (rows.account(*primary)?.key, rows.account(*account)?.key);
            let anchor = rows.accounts.by_key(primary)?;
            let can_anchor = anchor.profile == primary && !anchor.withdrawn;
            let other = rows.accounts.by_key(account)?;
            if primary != account && can_anchor && !other.is_linked() && !other.withdrawn {
                join(account, primary, rows)?;
            }
        }
        LinkFact::Unlinked(Unlinked { primary, account }) => {
            let (primary, account) = (rows.account(*primary)?.key, rows.account(*account)?.key);
            if primary != account && rows.accounts.by_key(account)?.profile == primary {
                leave(account, primary, rows)?;
            }
        }
        LinkFact::Withdrawn(withdrawn) => withdraw(withdrawn, rows)?,
        LinkFact::PrimaryChanged(PrimaryChanged { from, to, accounts }) => {
            let (from, to) = (rows.account(*from)?.key, rows.account(*to)?.key);
            if from == to || rows.accounts.by_key(to)?.profile != from {
                return Ok(());
            }
            let mut members = vec![from];
            for account in accounts {
                let account = rows.account(*account)?;
                if account.profile == from && account.key != from {
                    members.push(account.key);
                }
            }
            // One that isn't named would be left with a primary that is none any more.
            let linked = i64::try_from(members.len() - 1).unwrap_or(i64::MAX);
            if rows.accounts.by_key(from)?.linked != linked {
                return Ok(());
            }
            for &member in &members[1..] {
                leave(member, from, rows)?;
            }
            for &member in members.iter().filter(|&&member| member != to) {
                join(member, to, rows)?;
            }
        }
    }
    Ok(())
}

fn withdraw(withdrawn: &Withdrawn, rows: &mut Rows) -> Result<(), FoldError> {
    let account = rows.account(withdrawn.account)?;
    account.withdrawn = true;
    let (key, profile) = (account.key, account.profile);
    if profile != key {
        return leave(key, profile, rows);
    }
    for account in &withdrawn.accounts {
        let account = rows.account(*account)?;
        if account.profile == key && account.key != key {
            let linked = account.key;
            leave(linked, key, rows)?;
        }
    }
    Ok(())
}

fn join(account: Key, primary: Key, rows: &mut Rows) -> Result<(), FoldError> {
    rows.accounts.by_key(account)?.profile = primary;
    rows.accounts.by_key(primary)?.linked += 1;
    Ok(())
}

fn leave(account: Key, primary: Key, rows: &mut Rows) -> Result<(), FoldError> {
    rows.accounts.by_key(account)?.profile = account;
    rows.accounts.by_key(primary)?.linked -= 1;
    Ok(())
}
