//! The GraphQL API: the schema, and how operations on it are executed.
//!
//! This is the only crate that knows async-graphql, and it knows nothing of HTTP: an [`Operation`]
//! comes in, an [`Answer`] with its bytes goes out.

mod account;
mod agreement;
mod application;
mod arguments;
mod as_of;
mod available;
mod award;
mod badge;
mod batches;
mod benefit;
mod calendar;
mod challenge;
mod changes;
mod community;
mod connection;
mod container;
mod cost;
mod disclosed;
mod dispatch;
mod document;
mod event;
mod event_filter;
mod execute;
mod executor;
mod failure;
mod feedback;
mod gift;
mod group;
mod holder;
mod id;
mod introspection;
mod kept;
mod kudos;
mod leaderboard;
mod leading;
mod learned;
mod limits;
mod list;
mod loader;
mod loading;
mod lozenge;
mod lozenge_request;
mod meeting;
mod mutation;
mod notification;
mod nulls;
mod operation;
mod order;
mod overlap;
mod overview;
mod paging;
mod participation;
mod perk;
mod persisted;
mod place;
mod post;
mod presentation;
mod profile;
mod programme;
mod projection;
mod reading;
mod recorded;
mod report;
mod requirement;
mod review;
mod revoked;
mod role;
mod rsvp;
mod rules;
mod rules_preview;
mod scalar;
mod schema;
mod search;
mod side_by_side;
mod size;
mod statement;
mod subscription;
mod tokens;
mod totals;
mod variables;
mod waiting;
mod warning;
mod words;

/// The engine as the macros on our object types find it: with a container of our own.
mod engine {
    pub use async_graphql::*;

    pub mod resolver_utils {
        pub use async_graphql::resolver_utils::*;

        pub use crate::container::resolve_container;
    }
}

pub use calendar::Calendars;
pub use execute::{Allowed, Answer, Api, Followed, Kind, Outcome, Prepared};
pub use kept::KEPT_BYTES;
pub use limits::Limits;
pub use operation::{MalformedRequest, Operation};
pub use persisted::{BadDocument, GivenDocument};
pub use schema::sdl;
