//! The GraphQL API: the schema, and how operations on it are executed.
//!
//! This is the only crate that knows async-graphql, and it knows nothing of HTTP: an [`Operation`]
//! comes in, an [`Answer`] with its bytes goes out.

mod account;
mod available;
mod award;
mod badge;
mod batches;
mod challenge;
mod connection;
mod container;
mod document;
mod execute;
mod feedback;
mod gift;
mod group;
mod id;
mod kudos;
mod leaderboard;
mod loader;
mod mutation;
mod nulls;
mod operation;
mod order;
mod paging;
mod post;
mod profile;
mod programme;
mod reading;
mod scalar;
mod schema;
mod statement;
mod variables;
mod waiting;
mod words;

/// The engine as the macros on our object types find it: with a container of our own.
mod engine {
    pub use async_graphql::*;

    pub mod resolver_utils {
        pub use async_graphql::resolver_utils::*;

        pub use crate::container::resolve_container;
    }
}

pub use execute::{Allowed, Answer, Api, Outcome};
pub use operation::{MalformedRequest, Operation};
pub use schema::sdl;
