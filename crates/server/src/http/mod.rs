//! HTTP: the only part that knows poem.
//!
//! | path | serves |
//! | --- | --- |
//! | `/graphql` | the API, by GraphQL over HTTP: [`graphql`], and over SSE: [`events`] |
//! | `/` | GraphiQL, or how to get it: [`graphiql`] |
//! | `/groups/{id}.ics`, `/calendars/{secret}.ics` | calendars to subscribe to: [`calendar`] |
//! | `/health/live` | that the process is alive |

mod accept;
mod calendar;
mod events;
mod graphiql;
mod graphql;
mod listen;

use std::sync::Arc;

use plaudit_api::{Api, Calendars};
use plaudit_replay::Community;
use poem::{Endpoint, EndpointExt, Response, Route, get, handler};

use crate::identity::{Identity, LogIns};

pub use graphql::Limits;
pub use listen::{serve, stop_signal};

/// Everything that the server serves: the API of a community, to whom the identity knows.
pub fn app(
    api: Arc<Api>,
    community: Arc<Community>,
    identity: Identity,
    limits: Limits,
) -> impl Endpoint<Output = Response> {
    let calendars = Calendars::of(community.clone());
    let graphql = graphql::GraphQl {
        api,
        identity,
        log_ins: LogIns::new(community),
        limits,
    };
    Route::new()
        .at("/graphql", graphql)
        .at("/", get(graphiql::page))
        .at(
            "/groups/:file",
            get(calendar::group.data(calendars.clone())),
        )
        .at("/calendars/:file", get(calendar::member.data(calendars)))
        .at("/health/live", get(live))
        // Where there is no such path or method, poem says so.
        .map_to_response()
}

/// The process answers: whoever watches it needn't start it again.
#[handler]
fn live() -> &'static str {
    "alive\n"
}
