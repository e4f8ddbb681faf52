//! `plaudit serve`

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use plaudit_api::Api;
use plaudit_exchange::Unwatched;
use plaudit_exchange::events::{self, Source};
use plaudit_projection::Key;
use plaudit_replay::Community;
use plaudit_store::SharedStore;
use tokio::net::TcpSocket;

use crate::cli::{Report, Serve};
use crate::data::Data;
use crate::http::{self, Limits};
use crate::identity::{DevKey, Identity};
use crate::progress::Folding;

use super::{BadUsage, Failure, say};

/// The demo community, as events.
const DEMO: &[u8] = include_bytes!("../../../../fixtures/demo/events.ndjson");

/// Serves a community until it is told to stop.
pub async fn run(directory: &Path, serve: Serve) -> Result<(), Failure> {
    let Serve { listen, dev, demo } = serve;
    if dev && !listen.ip().is_loopback() {
        let what = format!(
            "--dev takes tokens that anybody on this machine can make, so it listens on loopback only, not on {listen}"
        );
        return Err(BadUsage(what).into());
    }
    // Before anything is done: the address may be taken. Nobody is let in before there is something
    // to serve.
    let unavailable = |error: io::Error| format!("can't listen on {listen}: {error}");
    let socket = reserve(listen).map_err(unavailable)?;
    let data = Data::open(directory)?;
    if demo && data.journal().head().await? == 0 {
        let source = Source::reader("the demo community", DEMO);
        events::import(data.journal(), source, &mut Unwatched).await?;
    }
    let store = data
        .store(&mut Folding::new(Report { json: false }))
        .await?;
    let key = dev.then(|| DevKey::open(directory)).transpose()?;
    let community = Community::start(data.journal().clone(), store.clone()).await?;
    // Before anybody is answered: whoever is has to be told of the end, too.
    let stop = http::stop_signal()
        .map_err(|error| format!("can't listen to signals, and so couldn't stop: {error}"))?;
    let listener = socket.listen(BACKLOG).map_err(unavailable)?;
    let listen = listener.local_addr()?;

    say(format_args!("Plaudit serves {}", directory.display()))?;
    say(format_args!("  GraphQL   http://{listen}/graphql"))?;
    say(format_args!("  GraphiQL  http://{listen}/"))?;
    if let Some(key) = &key {
        greet(key, &store).await?;
    }

    let identity = key.map_or(Identity::None, |key| Identity::Dev(Box::new(key)));
    let api = Arc::new(Api::of(Arc::new(community)));
    let app = http::app(api, identity, Limits::default());
    http::serve(listener, app, stop).await?;
    Ok(())
}

/// So many clients may wait until they are let in.
const BACKLOG: u32 = 1024;

/// Takes an address, without listening on it yet.
fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A server that was just stopped doesn't keep the next one from its address.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Shows how to make requests as the first member.
async fn greet(key: &DevKey, store: &SharedStore) -> Result<(), Failure> {
    let first = store.accounts(&[Key(1)]).await?;
    let Some(account) = first.into_iter().next() else {
        return say(format_args!(
            "  Tokens    plaudit token --account UUID; then register the account with accountRegister"
        ));
    };
    let name = account.name.as_deref().unwrap_or("the first member");
    let token = key.issue(account.id, Duration::from_secs(12 * 3600))?;
    say(format_args!("  As {name}, for 12 hours, send this header:"))?;
    say(format_args!("  Authorization: Bearer {token}"))
}
