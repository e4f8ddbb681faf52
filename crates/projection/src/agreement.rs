//! Which agreements accounts accepted, in which versions (DOMAIN Z10).

use plaudit_domain::agreement::Accepted;
use plaudit_domain::{Event, Time};

use crate::fold::FoldError;
use crate::row::{Key, row};
use crate::rows::{Keyed, Optional, Rows};

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
pub type Acceptances = Optional<Acceptance>;

impl Keyed for Acceptance {
    type Key = AcceptanceKey;

    fn key(&self) -> AcceptanceKey {
        let (agreement, version) = (self.agreement.clone(), self.version.clone());
        (self.account, agreement, version)
    }
}

pub(crate) fn fold(accepted: &Accepted, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let account = rows.account(accepted.account)?.key;
    let acceptance = Acceptance {
        account,
        agreement: accepted.agreement.clone(),
        version: accepted.version.clone(),
        at: event.occurred_at,
    };
    // Histories from elsewhere may accept twice.
    if rows.acceptances.get(&acceptance.key()).is_none() {
        rows.acceptances.put(acceptance);
    }
    Ok(())
}
