//! Profiles: what people see of a member, made of the accounts that are linked (DOMAIN P1, L11).

use plaudit_domain::{AccountId, Time};

use crate::account::{Account, Counts};
use crate::row::{Key, row};

row! {
    table "profile", primary (key), unique (id);
    /// A profile. It goes by its primary account: its key, its public id, its name.
    pub struct Profile {
        /// The key of the primary account.
        pub key: Key,
        /// The public id of the primary account.
        pub id: AccountId,
        /// Its name: the primary account's (DOMAIN P2).
        pub name: Option<String>,
        /// Since when the primary account exists.
        pub member_since: Time,
        /// How many accounts it is made of.
        pub accounts: i64,
        /// What all of them did and received.
        pub counts: Counts,
    }
}

impl Profile {
    /// The profile of some accounts, one of them the primary.
    pub fn unite<'a>(primary: &Account, accounts: impl IntoIterator<Item = &'a Account>) -> Self {
        let mut profile = Self {
            key: primary.key,
            id: primary.id,
            name: primary.name.clone(),
            member_since: primary.registered_at,
            accounts: 0,
            counts: Counts::default(),
        };
        for account in accounts {
            profile.accounts += 1;
            profile.counts.add(&account.counts);
        }
        profile
    }
}
