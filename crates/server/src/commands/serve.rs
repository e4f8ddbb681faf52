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
use plaudit_journal::SharedJournal;
use plaudit_projection::Key;
use plaudit_replay::Community;
use plaudit_store::SharedStore;
use serde_json::json;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cli::{self, Report, Serve};
use crate::data::{Data, Place};
use crate::eventstore::{self, EventStore, Tls, TlsError};
use crate::http::{self, Site};
use crate::identity::{DevKey, Identity, Provider, ProviderOptions};
use crate::metrics::{Measured, Metrics};
use crate::progress::Folding;
use crate::to_read::ToRead;

use super::{BadUsage, Failure, documents, say};

/// The demo community, as events.
const DEMO: &[u8] = include_bytes!("../../../../fixtures/demo/events.ndjson");

/// Serves a community until it is told to stop.
pub async fn run(place: &Place, serve: Serve) -> Result<(), Failure> {
    let provider = options_of(serve.provider);
    if serve.dev && provider.is_some() {
        let what = "--dev takes tokens of this machine, and --jwks those of an identity provider: choose one of them";
        return Err(BadUsage(what.to_owned()).into());
    }
    if serve.dev && !serve.listen.ip().is_loopback() {
        let listen = serve.listen;
        let what = format!(
            "--dev takes tokens that anybody on this machine can make, so it listens on loopback only, not on {listen}"
        );
        return Err(BadUsage(what).into());
    }
    if serve.dev
        && let Some(listen) = serve.eventstore_listen
        && !listen.ip().is_loopback()
    {
        let what =
            format!("with --dev, --eventstore-listen is an address of loopback, not {listen}");
        return Err(BadUsage(what).into());
    }
    if serve.eventstore_certificate.is_some() && !serve.dev && provider.is_none() {
        let what = "with --eventstore-certificate a token is needed to read, and none is taken: name --jwks, or \
                    --dev on loopback";
        return Err(BadUsage(what.to_owned()).into());
    }
    let eventstore = serve.eventstore_listen.map(|listen| EventStore {
        listen,
        certificate: serve.eventstore_certificate.zip(serve.eventstore_key),
    });
    let tls = eventstore.as_ref().map(EventStore::tls).transpose();
    let tls = tls.map_err(|error| match error {
        TlsError::Needed { .. } => BadUsage(error.to_string()).into(),
        TlsError::Unreadable { .. } | TlsError::Malformed { .. } => Failure::from(error),
    })?;
    let eventstore_socket = eventstore.map(|it| reserve(it.listen)).transpose()?;
    let protection = serve.protection;
    let settings = protection.settings().map_err(BadUsage)?;
    let named = protection
        .documents
        .as_ref()
        .or(protection.allow_only.as_ref());
    let given = named.map(|path| documents::read(path)).transpose()?;
    // Before anything is done: the addresses may be taken. Nobody is let in before there is a community
    // to tell of.
    let socket = reserve(serve.listen)?;
    let metrics_socket = serve.metrics_listen.map(reserve).transpose()?;
    // A key set may be somewhere else than was said.
    let tokens = provider
        .as_ref()
        .map(|options| format!("of {}, for {}", options.issuer, options.audience));
    let provider = match provider {
        Some(options) => Some(Provider::open(options).await?),
        None => None,
    };
    let opened = Opened::by(place, serve.read_only).await?;
    if serve.eventstore_listen.is_some() && !opened.has_history() {
        let directory = place.directory.display();
        let what = format!(
            "{directory} holds what was replayed, and no history that --eventstore-listen could serve: leave it \
             out, or name the community's own directory"
        );
        return Err(BadUsage(what).into());
    }

    let metrics = Arc::new(Metrics::new()?);
    let site = Arc::new(Site::for_browsers(metrics.clone(), protection.browsers()));
    let address = socket.local_addr()?;
    let connections = protection.max_connections;
    if let Some(files) = http::raise_open_files()
        && files < connections
    {
        tracing::warn!(
            "this process may have {files} files open, and --max-connections is {connections}: raise the one \
             (ulimit -n, LimitNOFILE), or lower the other"
        );
    }
    let mut listening = Listening::start(socket, metrics_socket, &site, connections as usize)?;

    let community = match opened {
        Opened::Data(data) => {
            let (demo, report) = (serve.demo, serve.report);
            folded(&data, demo, report, &site, metrics).await?
        }
        Opened::ToRead(to_read) => Arc::new(to_read.community().await?),
    };
    let key = match serve.dev {
        true => Some(DevKey::open(&place.directory)?),
        false => None,
    };
    let member = match &key {
        Some(key) => first_member(key, community.read_models().store()).await?,
        None => None,
    };
    // Before anybody is answered: whoever is has to be told of the end, too.
    let stop = http::stop_signal()
        .map_err(|error| format!("can't listen to signals, and so couldn't stop: {error}"))?;
    let identity = Arc::new(match (key, provider) {
        (Some(key), _) => Identity::Dev(Box::new(key)),
        (None, Some(provider)) => Identity::Provider(Box::new(provider)),
        (None, None) => Identity::None,
    });
    let eventstore = match eventstore_socket {
        Some(socket) => {
            let journal = community.journal().clone();
            let (tls, identity) = (tls.flatten(), identity.clone());
            Some(listening.serve_eventstore(socket, tls, journal, identity)?)
        }
        None => None,
    };
    let greeting = Greeting {
        directory: place.directory.display().to_string(),
        journal: place.journal.as_ref().map(ToString::to_string),
        address,
        metrics: listening.metrics,
        eventstore,
        is_dev: serve.dev,
        has_graphiql: !protection.no_introspection,
        member,
        tokens,
    };

    let mut api = Api::of(community.clone()).with_limits(protection.limits());
    api.keep_at_most(serve.kept * 1024 * 1024);
    if let Some(given) = given {
        let only = protection.allow_only.is_some();
        let checked = api.with_documents(given, only).await;
        api = checked.map_err(|bad| BadUsage(bad.to_string()))?;
    }
    site.open(Arc::new(api), community, identity, settings);
    // Whoever asks is served, also where nobody listens to what is said of it.
    if let Err(error) = greeting.say(serve.report) {
        tracing::warn!("can't say on standard output where it serves: {error}");
    }
    stop.await;
    listening.stop().await
}

/// What is served.
enum Opened {
    Data(Data),
    ToRead(ToRead),
}

impl Opened {
    async fn by(place: &Place, read_only: bool) -> Result<Self, Failure> {
        Ok(match read_only {
            true => Self::ToRead(ToRead::open(place).await?),
            false => Self::Data(Data::open(place).await?),
        })
    }

    fn has_history(&self) -> bool {
        match self {
            Self::Data(_) => true,
            Self::ToRead(to_read) => !to_read.is_replayed(),
        }
    }
}

/// A community with all that it has recorded folded in; a new one may be filled with the demo.
async fn folded(
    data: &Data,
    demo: bool,
    report: Report,
    site: &Arc<Site>,
    metrics: Arc<Metrics>,
) -> Result<Arc<Community>, Failure> {
    if demo && data.journal().head().await? == 0 {
        let source = Source::reader("the demo community", DEMO);
        events::import(data.journal(), source, &mut Unwatched).await?;
    }
    let mut folding = {
        let (site, journal) = (site.clone(), data.journal().clone());
        Folding::telling(report, move |it| site.health().folding(&journal, it))
    };
    let target = data.rows_as_made(&mut folding).await?;
    let journal = Measured::journal(data.journal().clone(), metrics);
    let community = Arc::new(Community::start(journal, target).await?);
    community.renew_in(data.generations().await?)?;
    Ok(community)
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
fn reserve(address: SocketAddr) -> Result<TcpSocket, Failure> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let reserved = socket.and_then(|socket| {
        // A server that was just stopped doesn't keep the next one from its address.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(socket)
    });
    reserved.map_err(|error| unavailable(address, &error))
}

fn unavailable(address: SocketAddr, error: &io::Error) -> Failure {
    format!("can't listen on {address}: {error}").into()
}

/// Listens on an address that was taken.
fn listen(socket: TcpSocket) -> Result<TcpListener, Failure> {
    let address = socket.local_addr()?;
    let listener = socket.listen(BACKLOG);
    listener.map_err(|error| unavailable(address, &error))
}

/// Whoever connects is answered, from now on and until this is told to stop.
struct Listening {
    /// Where the metrics are, if they have an address of their own.
    metrics: Option<SocketAddr>,
    stop: watch::Sender<()>,
    stopped: watch::Receiver<()>,
    tasks: Vec<JoinHandle<io::Result<()>>>,
}

impl Listening {
    fn start(
        public: TcpSocket,
        metrics: Option<TcpSocket>,
        site: &Site,
        connections: usize,
    ) -> Result<Self, Failure> {
        let public = listen(public)?;
        tracing::info!("listening on {}", public.local_addr()?);
        let (stop, stopped) = watch::channel(());
        let Some(own) = metrics.map(listen).transpose()? else {
            return Ok(Self {
                metrics: None,
                stop,
                stopped: stopped.clone(),
                tasks: vec![tokio::spawn(http::serve_at_most(
                    connections,
                    public,
                    site.app(),
                    end(stopped),
                ))],
            });
        };
        let address = own.local_addr()?;
        let app = site.app_without_metrics();
        Ok(Self {
            metrics: Some(address),
            stop,
            stopped: stopped.clone(),
            tasks: vec![
                tokio::spawn(http::serve_at_most(
                    connections,
                    public,
                    app,
                    end(stopped.clone()),
                )),
                tokio::spawn(http::serve(own, site.metrics(), end(stopped))),
            ],
        })
    }

    /// Serves EventStoreDB's clients, too; where that is.
    fn serve_eventstore(
        &mut self,
        socket: TcpSocket,
        tls: Option<Tls>,
        journal: SharedJournal,
        identity: Arc<Identity>,
    ) -> Result<String, Failure> {
        let listener = listen(socket)?;
        let address = listener.local_addr()?;
        let url = format!("esdb://{address}?tls={}", tls.is_some());
        let stopped = end(self.stopped.clone());
        let serving = eventstore::serve(listener, tls, journal, identity, stopped);
        self.tasks.push(tokio::spawn(serving));
        Ok(url)
    }

    /// Takes nothing new, and waits until all are answered.
    async fn stop(self) -> Result<(), Failure> {
        drop((self.stop, self.stopped));
        for task in self.tasks {
            task.await??;
        }
        Ok(())
    }
}

/// Waits until whoever could send is gone.
async fn end(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}

/// What is said once it serves.
struct Greeting {
    directory: String,
    /// Where the journal is, if it isn't there.
    journal: Option<String>,
    address: SocketAddr,
    metrics: Option<SocketAddr>,
    eventstore: Option<String>,
    is_dev: bool,
    has_graphiql: bool,
    member: Option<Member>,
    tokens: Option<String>,
}

/// Somebody to make requests as.
struct Member {
    name: String,
    token: String,
}

impl Greeting {
    fn say(&self, report: Report) -> Result<(), Failure> {
        let Self {
            directory,
            journal,
            address,
            metrics,
            eventstore,
            is_dev,
            has_graphiql,
            member,
            tokens,
        } = self;
        let metrics = metrics.map(|address| format!("http://{address}/metrics"));
        if report.json {
            let authorization = member.as_ref().map(|it| format!("Bearer {}", it.token));
            let serving = json!({ "serving": {
                "data": directory,
                "journal": journal,
                "graphql": format!("http://{address}/graphql"),
                "metrics": metrics.unwrap_or_else(|| format!("http://{address}/metrics")),
                "eventstore": eventstore,
                "authorization": authorization,
            }});
            return say(format_args!("{serving}"));
        }
        say(format_args!("Plaudit serves {directory}"))?;
        if let Some(journal) = journal {
            say(format_args!("  Journal   {journal}"))?;
        }
        say(format_args!("  GraphQL   http://{address}/graphql"))?;
        if *has_graphiql {
            say(format_args!("  GraphiQL  http://{address}/"))?;
        }
        if let Some(metrics) = metrics {
            say(format_args!("  Metrics   {metrics}"))?;
        }
        if let Some(url) = eventstore {
            say(format_args!("  Events    {url}"))?;
        }
        match member {
            Some(Member { name, token }) => {
                say(format_args!("  As {name}, for 12 hours, send this header:"))?;
                say(format_args!("  Authorization: Bearer {token}"))?;
            }
            None if *is_dev => say(format_args!(
                "  Tokens    plaudit token --account UUID --name NAME; its first request registers the account"
            ))?,
            None => {}
        }
        match tokens {
            Some(tokens) => say(format_args!("  Tokens    {tokens}")),
            None => Ok(()),
        }
    }
}

/// The first member, with a token to make requests as them.
async fn first_member(key: &DevKey, store: &SharedStore) -> Result<Option<Member>, Failure> {
    let first = store.accounts(&[Key(1)]).await?;
    let Some(account) = first.into_iter().next() else {
        return Ok(None);
    };
    // It doesn't say who that is: so they stay what they are.
    let actor = Actor::member(account.id);
    Ok(Some(Member {
        token: key.issue(&actor, &Claims::default(), Duration::from_secs(12 * 3600))?,
        name: account.name.unwrap_or_else(|| "the first member".into()),
    }))
}
