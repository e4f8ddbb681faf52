//! HTTP: the only part that knows poem.
//!
//! | path | serves |
//! | --- | --- |
//! | `/graphql` | the API, by GraphQL over HTTP: [`graphql`], over SSE: [`events`], over [`websocket`]s |
//! | `/` | GraphiQL, or how to get it, where it isn't switched off: [`graphiql`] |
//! | `/groups/{id}.ics`, `/calendars/{secret}.ics` | calendars to subscribe to: [`calendar`] |
//! | `/health/live` | that the process is alive |
//! | `/health/ready` | whether it should be asked: [`health`] |
//! | `/metrics` | what it counts, for Prometheus |

mod accept;
mod calendar;
mod events;
mod following;
mod graphiql;
mod graphql;
mod health;
mod listen;
mod observe;
mod open_files;
mod opening;
mod origins;
mod patient;
mod rates;
mod rejection;
mod subscriptions;
mod websocket;

use std::sync::{Arc, OnceLock};

use plaudit_api::{Api, Calendars};
use plaudit_replay::Community;
use poem::{Endpoint, EndpointExt, Response, Route, get};

use crate::health::Health;
use crate::identity::{Identity, LogIns};
use crate::metrics::Metrics;

pub use graphql::{Limits, Settings};
pub(crate) use listen::accept;
pub use listen::{CONNECTIONS, serve, serve_at_most, stop_signal};
pub use open_files::raise_open_files;
pub use origins::Origin;
pub use poem::http::HeaderName;
pub use rates::{Rate, Rates};
pub use subscriptions::SubscriptionLimits;

/// Everything that the server serves. It answers from its first moment on: for the community once it is
/// open, and before that when that may be.
pub struct Site(Arc<Shared>);

/// What requests share.
struct Shared {
    open: OnceLock<Open>,
    health: Health,
    metrics: Arc<Metrics>,
    /// The pages elsewhere that may ask.
    origins: origins::Origins,
    /// Whether there is a page to try the API out.
    has_graphiql: bool,
}

/// What browsers may do here.
#[derive(Debug, Clone)]
pub struct Browsers {
    /// The pages elsewhere that may send requests.
    pub origins: Vec<Origin>,
    /// Whether there is a page to try the API out.
    pub graphiql: bool,
}

/// What answers for a community.
struct Open {
    graphql: Arc<graphql::GraphQl>,
    calendars: Calendars,
}

impl Site {
    /// It isn't open yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        let browsers = Browsers {
            origins: Vec::new(),
            graphiql: true,
        };
        Self::for_browsers(metrics, browsers)
    }

    /// The same, and browsers may do this.
    pub fn for_browsers(metrics: Arc<Metrics>, browsers: Browsers) -> Self {
        Self(Arc::new(Shared {
            origins: origins::Origins(browsers.origins),
            has_graphiql: browsers.graphiql,
            open: OnceLock::new(),
            health: Health::opening(),
            metrics,
        }))
    }

    /// What is told of how the server stands.
    pub fn health(&self) -> &Health {
        &self.0.health
    }

    /// From now on it serves the API of a community, to whom the identity knows, and its calendars. It stays
    /// with the first one.
    pub fn open(
        &self,
        api: Arc<Api>,
        community: Arc<Community>,
        identity: impl Into<Arc<Identity>>,
        settings: impl Into<Settings>,
    ) {
        let Settings {
            limits,
            rates,
            subscriptions,
            newer_statuses,
        } = settings.into();
        let graphql = Arc::new(graphql::GraphQl {
            api,
            community: community.clone(),
            identity: identity.into(),
            log_ins: LogIns::new(community.clone()),
            limits,
            budgets: rates::Budgets::new(rates),
            subscriptions: subscriptions::Subscriptions::new(subscriptions),
            newer_statuses,
            metrics: self.0.metrics.clone(),
        });
        let calendars = Calendars::of(community.clone());
        if self.0.open.set(Open { graphql, calendars }).is_ok() {
            self.0.health.serving(community);
        }
    }

    /// All of it.
    pub fn app(&self) -> impl Endpoint<Output = Response> + use<> {
        self.observed(with_metrics(self.public()))
    }

    /// All of it but the metrics.
    pub fn app_without_metrics(&self) -> impl Endpoint<Output = Response> + use<> {
        self.observed(self.public())
    }

    /// The metrics, with how it stands.
    pub fn metrics(&self) -> impl Endpoint<Output = Response> + use<> {
        self.observed(with_metrics(watched()))
    }

    fn public(&self) -> Route {
        let routes = watched()
            .at("/graphql", graphql::Opening(self.0.clone()))
            .at("/groups/:file", get(calendar::group))
            .at("/calendars/:file", get(calendar::member));
        match self.0.has_graphiql {
            true => routes.at("/", get(graphiql::page)),
            false => routes,
        }
    }

    fn observed(&self, routes: Route) -> impl Endpoint<Output = Response> + use<> {
        // Where there is no such path or method, poem says so.
        observe::Observed {
            inner: routes.data(self.0.clone()).map_to_response(),
            metrics: self.0.metrics.clone(),
        }
    }
}

fn watched() -> Route {
    Route::new()
        .at("/health/live", get(health::live))
        .at("/health/ready", get(health::ready))
}

fn with_metrics(routes: Route) -> Route {
    routes.at("/metrics", get(health::metrics))
}
