//! Hearing what others tell, by whichever process.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::{Address, PostgresError};

/// How long to wait before a connection that was lost is made again.
const PAUSE: Duration = Duration::from_millis(500);

/// Listens to a channel, on a connection of its own, until it is dropped. While that is lost nothing is heard: so
/// whoever waits also looks now and then.
pub struct Listener {
    is_listening: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Starts to listen. What is heard is told as a change of `heard`.
    pub fn start(address: Address, channel: &'static str, heard: watch::Sender<()>) -> Self {
        let (state, is_listening) = watch::channel(false);
        let home = address.clone();
        let task = home.spawn(async move {
            loop {
                let lost = listen(&address, channel, &heard, &state).await;
                state.send_replace(false);
                if let Err(error) = lost {
                    tracing::debug!("nothing is heard of {channel}: {error}");
                }
                sleep(PAUSE).await;
            }
        });
        Self { is_listening, task }
    }

    /// Whether it hears of everything just now.
    pub fn is_listening(&self) -> bool {
        *self.is_listening.borrow()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Listens until the connection is lost.
async fn listen(
    address: &Address,
    channel: &str,
    heard: &watch::Sender<()>,
    state: &watch::Sender<bool>,
) -> Result<(), PostgresError> {
    let tell = heard.clone();
    let mut connection = address
        .connect_hearing(move || {
            tell.send_replace(());
        })
        .await?;
    connection
        .batch_execute(&format!("LISTEN {channel}"))
        .await
        .map_err(|error| address.error(error))?;
    state.send_replace(true);
    // Something may have been told before it listened.
    heard.send_replace(());
    connection.lost().await;
    Ok(())
}
