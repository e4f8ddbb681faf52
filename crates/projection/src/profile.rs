//! Profiles: what people see of a member, made of the accounts that are linked (DOMAIN P1, L11).

use plaudit_domain::{AccountId, Time, Visibility};

use crate::account::{Account, Counts};
use crate::learning::Courses;
use crate::row::{Key, row};
use crate::rules::Rules;

row! {
    table "profile", primary (key), unique (id), index (points);
    /// A profile. It goes by its primary account: its key, its public id, its name.
    pub struct Profile {
        /// The key of the primary account.
        pub key: Key,
        /// The public id of the primary account.
        pub id: AccountId,
        /// Its name: the primary account's (DOMAIN P2).
        pub name: Option<String>,
        /// The address of its picture: the primary account's.
        pub picture: Option<String>,
        /// Who sees it (DOMAIN P6): nobody else, if any of its accounts says so.
        pub visibility: Visibility,
        /// Since when the primary account exists.
        pub member_since: Time,
        /// How many accounts it is made of.
        pub accounts: i64,
        /// When any of them last did something that others can see.
        pub last_active_at: Option<Time>,
        /// When a report of a post of any of them was upheld for the last time.
        pub upheld_at: Option<Time>,
        /// Whether any of them takes part in the kudos programme.
        pub enrolled: bool,
        /// Kudos points of those that do: the level is that of the sum (DOMAIN L11).
        pub points: i64,
        /// What all of them did and received.
        pub counts: Counts,
    }
}

impl Profile {
    /// The profile of some accounts, one of them the primary. In which order they come makes no
    /// difference.
    pub fn unite<'a>(
        primary: &Account,
        accounts: impl IntoIterator<Item = &'a Account> + Clone,
        courses: &Courses,
        rules: &Rules,
    ) -> Self {
        let mut profile = Self {
            key: primary.key,
            id: primary.id,
            name: primary.name.clone(),
            picture: primary.picture.clone(),
            visibility: Visibility::Public,
            member_since: primary.registered_at,
            accounts: 0,
            last_active_at: None,
            upheld_at: None,
            enrolled: false,
            points: 0,
            counts: Counts::default(),
        };
        for account in accounts.clone() {
            profile.accounts += 1;
            // Linking, or another primary, never shows what was private: that takes somebody to say so.
            if account.profile_visibility == Visibility::Private {
                profile.visibility = Visibility::Private;
            }
            profile.last_active_at = profile.last_active_at.max(account.last_active_at);
            profile.upheld_at = profile.upheld_at.max(account.upheld_at);
            profile.counts.add(&account.counts);
            if rules.kudos.is_enrolled(account) {
                profile.enrolled = true;
                profile.points += account.points;
            }
        }
        // DOMAIN L12: united without repeats, where there is something to unite.
        if profile.accounts > 1 {
            let accounts = accounts.into_iter().map(|account| account.key);
            profile.counts.courses_completed = courses.different(accounts);
        }
        profile
    }
}
