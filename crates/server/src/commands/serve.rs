//! `plaudit serve`

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use plaudit_api::Api;
use plaudit_domain::Actor;
use plaudit_domain::account::Claims;
use plaudit_exchange::Unwatched;
use plaudit_exchange::events::{self, Source};
use plaudit_projection::Key;
use plaudit_replay::Community;
use plaudit_store::SharedStore;
use tokio::net::TcpSocket;

use crate::cli::{self, Report, Serve};
use crate::data::{Data, Place};
use crate::http::{self, Limits};
use crate::identity::{DevKey, Identity, Provider, ProviderOptions};
use crate::progress::Folding;

use super::{BadUsage, Failure, say};

/// The demo community, as events.
const DEMO: &[u8] = include_bytes!("../../../../fixtures/demo/events.ndjson");

/// Serves a community until it is told to stop.
pub async fn run(place: &Place, serve: Serve) -> Result<(), Failure> {
    let Serve {
        listen,
        dev,
        demo,
        provider,
    } = serve;
    let provider = options_of(provider);
    if dev && provider.is_some() {
        let what = "--dev takes tokens of this machine, and --jwks those of an identity provider: choose one of them";
        return Err(BadUsage(what.to_owned()).into());
    }
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
    // A key set may be somewhere else than was said.
    let tokens = provider
        .as_ref()
        .map(|options| format!("of {}, for {}", options.issuer, options.audience));
    let provider = match provider {
        Some(options) => Some(Provider::open(options).await?),
        None => None,
    };
    let data = Data::open(place)?;
    if demo && data.journal().head().await? == 0 {
        let source = Source::reader("the demo community", DEMO);
        events::import(data.journal(), source, &mut Unwatched).await?;
    }
    let target = data.rows(&mut Folding::new(Report { json: false })).await?;
    let store = target.store.clone();
    let key = dev.then(|| DevKey::open(&place.directory)).transpose()?;
    let community = Community::start(data.journal().clone(), target).await?;
    // Before anybody is answered: whoever is has to be told of the end, too.
    let stop = http::stop_signal()
        .map_err(|error| format!("can't listen to signals, and so couldn't stop: {error}"))?;
    let listener = socket.listen(BACKLOG).map_err(unavailable)?;
    let listen = listener.local_addr()?;

    say(format_args!("Plaudit serves {}", place.directory.display()))?;
    say(format_args!("  GraphQL   http://{listen}/graphql"))?;
    say(format_args!("  GraphiQL  http://{listen}/"))?;
    if let Some(key) = &key {
        greet(key, &store).await?;
    }
    if let Some(tokens) = tokens {
        say(format_args!("  Tokens    {tokens}"))?;
    }

    let identity = match (key, provider) {
        (Some(key), _) => Identity::Dev(Box::new(key)),
        (None, Some(provider)) => Identity::Provider(Box::new(provider)),
        (None, None) => Identity::None,
    };
    let community = Arc::new(community);
    let api = Arc::new(Api::of(community.clone()));
    let app = http::app(api, community, identity, Limits::default());
    http::serve(listener, app, stop).await?;
    Ok(())
}

/// The identity provider, if there is one. Of its keys, name and audience, none comes alone.
fn options_of(provider: cli::Provider) -> Option<ProviderOptions> {
    Some(ProviderOptions {
        jwks: provider.jwks?,
        issuer: provider.issuer?,
        audience: provider.audience?,
        algorithms: provider.algorithms,
        roles_claim: provider.roles_claim,
        kind_claim: provider.kind_claim,
        personal_domains: provider.personal_domains,
    })
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
            "  Tokens    plaudit token --account UUID --name NAME; its first request registers the account"
        ));
    };
    let name = account.name.as_deref().unwrap_or("the first member");
    // It doesn't say who that is: so they stay what they are.
    let actor = Actor::member(account.id);
    let token = key.issue(&actor, &Claims::default(), Duration::from_secs(12 * 3600))?;
    say(format_args!("  As {name}, for 12 hours, send this header:"))?;
    say(format_args!("  Authorization: Bearer {token}"))
}
