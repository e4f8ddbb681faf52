//! Connections to PostgreSQL, for whatever is kept there.
//!
//! [`Address`] says where, and makes connections and pools; [`PostgresError`] says whether it helps to try
//! again, and what to do otherwise; [`Schema`] brings tables to the shape that this version needs.
//! No password is in any message.

mod address;
mod connection;
mod error;
mod home;
mod listener;
mod patience;
mod schema;

pub use address::{Address, AddressError};
pub use connection::Connection;
pub use deadpool_postgres::{Client, Object, Pool, Transaction};
pub use error::PostgresError;
pub use listener::Listener;
pub use patience::{PATIENCE, patiently};
pub use schema::{Migration, Schema};
pub use tokio_postgres;
