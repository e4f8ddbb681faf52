//! Where connections live: on the runtime on which their address was made.
//!
//! A socket belongs to a runtime, and ends with it. Long work runs on others, which end with it: so what they
//! connect is connected here, and may be handed on.

use std::future::{Future, pending};

use deadpool_postgres::Connect;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A runtime; where there was none, whichever asks.
#[derive(Clone)]
pub struct Home(Option<Handle>);

impl Home {
    /// The one that this runs on.
    pub fn here() -> Self {
        Self(Handle::try_current().ok())
    }

    /// Runs something there.
    pub fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        match &self.0 {
            Some(home) => home.spawn(task),
            None => tokio::spawn(task),
        }
    }
}

/// How a pool connects.
pub struct Connecting {
    /// How the server is known.
    pub tls: MakeRustlsConnect,
    /// Where its connections live.
    pub home: Home,
}

impl Connect for Connecting {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        let (config, tls) = (config.clone(), self.tls.clone());
        let connecting = self.home.spawn(async move {
            let (client, connection) = config.connect(tls).await?;
            // An error ends it, and is told to whoever uses the client.
            let driver = tokio::spawn(connection.map(drop));
            Ok((client, driver))
        });
        async move {
            match connecting.await {
                Ok(connected) => connected,
                // The runtime ends, and so does whoever waits for this.
                Err(_) => pending().await,
            }
        }
        .boxed()
    }
}
