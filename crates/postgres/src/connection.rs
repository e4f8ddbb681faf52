//! A connection of one's own, beside those of a pool.

use std::future::poll_fn;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::{AsyncMessage, Client};

use crate::{Address, PostgresError};

/// So long a server may take for all of letting somebody in.
const LET_IN: Duration = Duration::from_secs(10);

/// A connection that ends as it is dropped.
pub struct Connection {
    client: Client,
    driver: JoinHandle<()>,
}

impl Address {
    /// Connects.
    ///
    /// # Errors
    /// If nobody answers, or lets one in.
    pub async fn connect(&self) -> Result<Connection, PostgresError> {
        self.connect_hearing(|| ()).await
    }

    /// Connects, and tells of each notification that comes.
    ///
    /// # Errors
    /// If nobody answers, or lets one in.
    pub async fn connect_hearing(
        &self,
        heard: impl Fn() + Send + 'static,
    ) -> Result<Connection, PostgresError> {
        let (config, tls) = (self.config().clone(), self.tls()?);
        let connecting = self.spawn(timeout(LET_IN, async move {
            let (client, mut connection) = config.connect(tls).await?;
            let driver = tokio::spawn(async move {
                // An error ends it, and is told to whoever uses the client.
                while let Some(Ok(message)) =
                    poll_fn(|context| connection.poll_message(context)).await
                {
                    if let AsyncMessage::Notification(_) = message {
                        heard();
                    }
                }
            });
            Ok(Connection { client, driver })
        }));
        match connecting.await {
            Ok(Ok(connected)) => connected.map_err(|error| self.error(error)),
            // It took too long, or the runtime ends.
            Ok(Err(_)) | Err(_) => Err(PostgresError::Unavailable {
                address: self.name().to_owned(),
                reason: format!("nobody answered within {} s", LET_IN.as_secs()),
            }),
        }
    }
}

impl Connection {
    /// Waits until it is lost.
    pub async fn lost(&mut self) {
        // Whether it ended well or by a panic: it is lost.
        let _ = (&mut self.driver).await;
    }
}

impl Deref for Connection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Its socket closes at once, whatever was still to come from it.
        self.driver.abort();
    }
}
