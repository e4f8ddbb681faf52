//! HTTP: the only part that knows poem.
//!
//! | path | serves |
//! | --- | --- |
//! | `/graphql` | the API, by GraphQL over HTTP: [`graphql`], and over SSE: [`events`] |
//! | `/` | GraphiQL, or how to get it: [`graphiql`] |
//! | `/groups/{id}.ics`, `/calendars/{secret}.ics` | calendars to subscribe to: [`calendar`] |
//! | `/health/live` | that the process is alive |
//! | `/health/ready` | whether it should be asked: [`health`] |
//! | `/metrics` | what it counts, for Prometheus |

mod accept;
mod calendar;
mod events;
mod graphiql;
mod graphql;
mod health;
mod listen;
mod observe;
mod opening;

use std::sync::{Arc, OnceLock};

use plaudit_api::{Api, Calendars};
use plaudit_replay::Community;
use poem::{Endpoint, EndpointExt, Response, Route, get};

use crate::health::Health;
use crate::identity::{Identity, LogIns};
use crate::metrics::Metrics;

pub use graphql::Limits;
pub use listen::{serve, stop_signal};

/// Everything that the server serves. It answers from its first moment on: for the community once it is
/// open, and before that when that may be.
pub struct Site(Arc<Shared>);

/// What requests share.
struct Shared {
    open: OnceLock<Open>,
    health: Health,
    metrics: Arc<Metrics>,
}

/// What answers for a community.
struct Open {
    graphql: graphql::GraphQl,
    calendars: Calendars,
}

impl Site {
    /// It isn't open yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self(Arc::new(Shared {
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
        identity: Identity,
        limits: Limits,
    ) {
        let graphql = graphql::GraphQl {
            api,
            identity,
            log_ins: LogIns::new(community.clone()),
            limits,
            metrics: self.0.metrics.clone(),
        };
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
        watched()
            .at("/graphql", graphql::Opening(self.0.clone()))
            .at("/", get(graphiql::page))
            .at("/groups/:file", get(calendar::group))
            .at("/calendars/:file", get(calendar::member))
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
