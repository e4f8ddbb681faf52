//! Which agreements accounts accepted, in which versions (DOMAIN Z10).

use plaudit_domain::agreement::Accepted;
use plaudit_domain::{Event, Time};

use crate::fold::FoldError;
use crate::row::{Key, row};
use crate::rows::{Optional, Rows};

row! {
    table "acceptance", primary (account, agreement, version);
    /// An account accepted an agreement in a version.
    pub struct Acceptance {
        /// The account.
        pub account: Key,
        /// What the agreement is known by.
        pub agreement: String,
        /// Its version.
        pub version: String,
        /// When, for the first time.
        pub at: Time,
    }
}

/// What tells an acceptance from others: account, agreement and version.
pub type AcceptanceKey = (Key, String, String);

/// The acceptances that a batch changes.
pub type Acceptances = Optional<Acceptance, AcceptanceKey>;

pub(crate) fn fold(accepted: &Accepted, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let account = rows.account(accepted.account)?.key;
    let (agreement, version) = (accepted.agreement.clone(), accepted.version.clone());
    let key = (account, agreement.clone(), version.clone());
    // Histories from elsewhere may accept twice.
    if rows.acceptances.get(&key).is_none() {
        let acceptance = Acceptance {
            account,
            agreement,
            version,
            at: event.occurred_at,
        };
        rows.acceptances.set(key, Some(acceptance));
    }
    Ok(())
}
