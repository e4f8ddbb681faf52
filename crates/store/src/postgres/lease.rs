//! Waiting for the lease of a generation, while somebody else folds into it.

use std::time::Duration;

use plaudit_postgres::Listener;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::lock::{Asked, Candidate};
use super::{Mode, PostgresStore};
use crate::Result;
use crate::engine::Engine;
use crate::lease::{Lease, Moved};
use crate::reads::fetch;

/// So often it is asked for; a batch that nothing was heard of goes unnoticed for as long.
const AGAIN: Duration = Duration::from_millis(250);

/// Where it is told that a batch was written, in a statement of its transaction.
pub const NOTIFY: &str = "SELECT pg_notify('plaudit_folded', '')";

/// Its name.
const CHANNEL: &str = "plaudit_folded";

impl PostgresStore {
    /// See [`Store::lease`](crate::Store::lease).
    pub(super) async fn leased(&self, moved: Moved<'_>) -> Result<Lease> {
        let failed = |error| self.at.failed(error);
        let name = format!("plaudit: {} is folded", self.at.schema);
        let candidate = Candidate::new(&self.at.address, &name, Mode::Alone).await;
        let mut candidate = match Box::new(candidate.map_err(failed)?)
            .ask()
            .await
            .map_err(failed)?
        {
            Asked::Held(lock) => return Ok(Lease::of(lock)),
            Asked::NotYet(candidate) => candidate,
        };
        let (told, mut heard) = watch::channel(());
        let _listener = Listener::start(self.at.address.clone(), CHANNEL, told);
        loop {
            let again = Instant::now() + AGAIN;
            loop {
                moved(fetch::position(&self.session()?).await?);
                // Nobody drops what tells of it before this ends.
                if timeout_at(again, heard.changed()).await.is_err() {
                    break;
                }
            }
            candidate = match candidate.ask().await.map_err(failed)? {
                Asked::Held(lock) => return Ok(Lease::of(lock)),
                Asked::NotYet(candidate) => candidate,
            };
        }
    }
}
