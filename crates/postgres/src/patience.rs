//! Trying again, for a while.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::PostgresError;

/// So long something is tried again that [may succeed](PostgresError::is_passing) the next time: longer than a
/// server takes to start again, and shorter than people wait.
pub const PATIENCE: Duration = Duration::from_secs(10);

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Tries something until it succeeds, as long as it may.
///
/// # Errors
/// The last one.
pub async fn patiently<T, F: Future<Output = Result<T, PostgresError>>>(
    mut attempt: impl FnMut() -> F,
) -> Result<T, PostgresError> {
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt().await {
            Err(error) if error.is_passing() && began.elapsed() + pause < PATIENCE => {
                tracing::debug!("tried again: {error}");
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            outcome => return outcome,
        }
    }
}
