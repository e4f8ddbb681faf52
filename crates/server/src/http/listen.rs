//! Listening, and stopping without cutting anybody off.

use std::io;
use std::time::Duration;

use poem::http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{IntoEndpoint, Server};
use tokio::net::{TcpListener, TcpStream};

/// A connection on which nothing moved for so long is closed.
const IDLE: Duration = Duration::from_secs(75);

/// How long answers may take after the server was told to stop.
const FAREWELL: Duration = Duration::from_secs(10);

/// Serves until `stop` comes: then it takes no new connection, and ends when the requests that it
/// has are answered.
///
/// # Errors
/// If it can't listen.
pub async fn serve<E>(
    listener: TcpListener,
    app: E,
    stop: impl Future<Output = ()>,
) -> io::Result<()>
where
    E: IntoEndpoint,
    E::Endpoint: 'static,
{
    Server::new_with_acceptor(Accepting(listener))
        .idle_timeout(IDLE)
        .run_with_graceful_shutdown(app, stop, Some(FAREWELL))
        .await
}

/// Waits until somebody wants this process to stop: SIGTERM, or SIGINT (Ctrl-C).
///
/// # Errors
/// If the system lets us listen to no signals.
pub async fn stop_signal() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            interrupted = tokio::signal::ctrl_c() => interrupted,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

struct Accepting(TcpListener);

impl Acceptor for Accepting {
    type Io = TcpStream;

    fn local_addr(&self) -> Vec<LocalAddr> {
        let address = self.0.local_addr().map(|address| LocalAddr(address.into()));
        address.into_iter().collect()
    }

    async fn accept(&mut self) -> io::Result<(TcpStream, LocalAddr, RemoteAddr, Scheme)> {
        loop {
            match self.0.accept().await {
                Ok((stream, remote)) => {
                    // An answer is written at once, and has to leave at once.
                    stream.set_nodelay(true)?;
                    let local = LocalAddr(stream.local_addr()?.into());
                    return Ok((stream, local, RemoteAddr(remote.into()), Scheme::HTTP));
                }
                // Out of file descriptors, most likely: the server would try again at once, and
                // have no time for those that it has.
                Err(error) => {
                    tracing::warn!("no connection can be taken: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}
