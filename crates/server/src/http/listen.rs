//! Listening, and stopping without cutting anybody off.
//!
//! Connections are served by hyper, which is what poem's own server does too. But that one lets a
//! client that sends half a header keep its connection for good: enough of those, and nobody else
//! gets one.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Endpoint, Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::events::Stopping;
use super::patient::Patient;

/// How long a connection may stay open before it has sent a whole header, the first or the next.
/// Longer than the minute for which proxies keep theirs: who closes first loses no request.
const IDLE: Duration = Duration::from_secs(75);

/// How long answers may take after the server was told to stop.
const FAREWELL: Duration = Duration::from_secs(10);

/// So many connections may be open at once, where nothing else is said.
pub const CONNECTIONS: usize = 20_000;

/// So many who come beyond that are told so at once; others are left without a word.
const TURNED_AWAY: usize = 64;

/// How long it may take to turn somebody away.
const TURNING_AWAY: Duration = Duration::from_secs(1);

/// What who comes beyond that is told.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n\
    retry-after: 5\r\nconnection: close\r\ncontent-length: 110\r\n\r\n\
    {\"errors\":[{\"message\":\"there are too many connections: try again soon\",\
    \"extensions\":{\"code\":\"UNAVAILABLE\"}}]}\n";

/// Serves until `stop` comes: then it takes no new connection, and ends when the requests that it
/// has are answered.
///
/// # Errors
/// If it doesn't know where it listens.
pub async fn serve(
    listener: TcpListener,
    app: impl Endpoint<Output = Response> + 'static,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    serve_at_most(CONNECTIONS, listener, app, stop).await
}

/// The same, and no more connections are open at once.
///
/// # Errors
/// The same.
pub async fn serve_at_most(
    connections: usize,
    listener: TcpListener,
    app: impl Endpoint<Output = Response> + 'static,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let app = Arc::new(app);
    let local = listener.local_addr()?;
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(IDLE);
    let places = Arc::new(Semaphore::new(connections));
    let door = Arc::new(Semaphore::new(TURNED_AWAY));
    // As long as anybody has a receiver, it is waited for.
    let (stops, stopping) = watch::channel(false);

    let mut stop = pin!(stop);
    loop {
        let (stream, remote) = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener) => accepted,
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            tracing::debug!(%remote, "{connections} connections are open already");
            turn_away(stream, &door);
            continue;
        };
        let app = app.clone();
        let mut until = Stopping(stopping.clone());
        let stopping = until.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let app = app.clone();
            let stopping = stopping.clone();
            let from = (LocalAddr(local.into()), RemoteAddr(remote.into()));
            async move {
                let mut request: Request = (request, from.0, from.1, Scheme::HTTP).into();
                request.extensions_mut().insert(stopping);
                let response = app.get_response(request).await;
                Ok::<hyper::Response<_>, Infallible>(response.into())
            }
        });
        let stream = TokioIo::new(Patient::new(stream, place));
        let connection = http.serve_connection(stream, service).with_upgrades();
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = until.wait() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%remote, "a connection broke off: {error}");
            }
        });
    }
    drop((listener, stopping));
    // What has no end of its own ends now.
    stops.send_replace(true);
    if tokio::time::timeout(FAREWELL, stops.closed())
        .await
        .is_err()
    {
        tracing::warn!("some requests were not answered in {FAREWELL:?}");
    }
    Ok(())
}

/// Tells somebody to come again, without waiting for what they want.
fn turn_away(mut stream: TcpStream, door: &Arc<Semaphore>) {
    let Ok(place) = door.clone().try_acquire_owned() else {
        return;
    };
    tokio::spawn(async move {
        let telling = async {
            stream.write_all(FULL).await?;
            stream.shutdown().await?;
            // What they send meanwhile would else take the answer from them.
            let mut rest = [0; 1024];
            while stream.read(&mut rest).await? > 0 {}
            io::Result::Ok(())
        };
        let _ = tokio::time::timeout(TURNING_AWAY, telling).await;
        drop(place);
    });
}

/// The next connection.
pub async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                // An answer is written in one go, and has to leave at once.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%remote, "answers may be delayed: {error}");
                }
                return (stream, remote);
            }
            // Out of file descriptors, most likely. Trying again at once would take the time that
            // those need who have one.
            Err(error) => {
                tracing::warn!("no connection can be taken: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Listens to whoever wants this process to stop, by SIGTERM or SIGINT (Ctrl-C). From now on that
/// no longer ends the process, but what is returned.
///
/// # Errors
/// If the system lets us listen to no signals.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(windows)]
    {
        let mut interrupt = tokio::signal::windows::ctrl_c()?;
        Ok(async move {
            interrupt.recv().await;
        })
    }
}
