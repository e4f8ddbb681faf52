//! What is said while there is nothing to answer from yet. Nothing is wrong: it takes a while.

use crate::health::Standing;

/// After so many seconds one may try again, where nothing is known of how long it takes,
const RETRY: u64 = 5;

/// and after so many in any case.
const RETRY_MAX: u64 = 60;

/// When to come again, and why not now.
pub(super) struct ComeAgain {
    pub(super) seconds: u64,
    pub(super) message: String,
}

impl From<&Standing> for ComeAgain {
    fn from(standing: &Standing) -> Self {
        let why = standing
            .unready()
            .unwrap_or("the community is being opened");
        let seconds = standing
            .underway
            .and_then(|it| it.left())
            .map_or(RETRY, |left| left.as_secs());
        let seconds = seconds.clamp(1, RETRY_MAX);
        Self {
            seconds,
            message: format!("{why}: try again in {seconds} seconds"),
        }
    }
}
