//! Where a journal is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plaudit_postgres::{Address, AddressError};

#[cfg(any(feature = "eventstore", feature = "kurrentdb"))]
use crate::eventstore::{ConnectionString, ConnectionStringError, EventStoreJournal, FILE_NAME};
use crate::keys::Keyring;
use crate::postgres::PostgresJournal;
use crate::sqlite::SqliteJournal;
use crate::{JournalError, SharedJournal};

/// Where a journal is. What it shows has no password.
#[derive(Debug, Clone)]
pub enum Location {
    /// In an SQLite file.
    Sqlite(PathBuf),
    /// In a PostgreSQL database.
    Postgres(Address),
    /// In an EventStoreDB or KurrentDB, with the file of the positions that were counted there; without one they
    /// are counted anew each time.
    #[cfg(any(feature = "eventstore", feature = "kurrentdb"))]
    EventStore(ConnectionString, Option<PathBuf>),
}

/// Why a text says of no journal where it is.
#[derive(Debug, thiserror::Error)]
pub enum LocationError {
    /// It isn't the URL of a database.
    #[error(transparent)]
    Postgres(#[from] AddressError),
    /// It isn't a connection string.
    #[cfg(any(feature = "eventstore", feature = "kurrentdb"))]
    #[error(transparent)]
    EventStore(#[from] ConnectionStringError),
    /// Nothing here talks to such a server.
    #[cfg(not(any(feature = "eventstore", feature = "kurrentdb")))]
    #[error(
        "this Plaudit was built without EventStoreDB's client: build it with the feature eventstore"
    )]
    NoClient,
}

impl Location {
    /// Reads `sqlite:PATH`, a `postgres://…` URL, or a connection string, `esdb://…`; nothing, if it is none of
    /// them.
    ///
    /// # Errors
    /// If it is meant to be one of these, and isn't.
    pub fn parse(text: &str) -> Result<Option<Self>, LocationError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return Ok(Some(Self::Sqlite(path.into())));
        }
        if Address::is_meant(text) {
            return Ok(Some(Self::Postgres(Address::parse(text)?)));
        }
        Self::event_store(text)
    }

    #[cfg(any(feature = "eventstore", feature = "kurrentdb"))]
    fn event_store(text: &str) -> Result<Option<Self>, LocationError> {
        match ConnectionString::is_meant(text) {
            true => {
                let parsed = ConnectionString::parse(text)?;
                Ok(Some(Self::EventStore(parsed, None)))
            }
            false => Ok(None),
        }
    }

    #[cfg(not(any(feature = "eventstore", feature = "kurrentdb")))]
    fn event_store(text: &str) -> Result<Option<Self>, LocationError> {
        match of_event_store(text).is_some() {
            true => Err(LocationError::NoClient),
            false => Ok(None),
        }
    }

    /// The same, with a directory for what is known here of a journal elsewhere.
    #[cfg_attr(
        not(any(feature = "eventstore", feature = "kurrentdb")),
        expect(
            unused_variables,
            reason = "only what is kept of an EventStoreDB is here"
        )
    )]
    pub fn beside(self, directory: &Path) -> Self {
        match self {
            Self::Sqlite(_) | Self::Postgres(_) => self,
            #[cfg(any(feature = "eventstore", feature = "kurrentdb"))]
            Self::EventStore(address, _) => {
                Self::EventStore(address, Some(directory.join(FILE_NAME)))
            }
        }
    }

    /// Whether there is a journal.
    ///
    /// # Errors
    /// If nobody can tell.
    pub async fn is_there(&self) -> Result<bool, JournalError> {
        match self {
            Self::Sqlite(path) => Ok(path.exists()),
            Self::Postgres(address) => PostgresJournal::is_there(address).await,
            #[cfg(any(feature = "eventstore", feature = "kurrentdb"))]
            Self::EventStore(address, _) => EventStoreJournal::is_there(address.clone()).await,
        }
    }

    /// Opens it; a new one is made where there is none.
    ///
    /// # Errors
    /// If it can't be opened.
    pub async fn open(&self, keys: Arc<Keyring>) -> Result<SharedJournal, JournalError> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(SqliteJournal::open(path, keys)?),
            Self::Postgres(address) => {
                Arc::new(PostgresJournal::open(address.clone(), keys).await?)
            }
            #[cfg(any(feature = "eventstore", feature = "kurrentdb"))]
            Self::EventStore(address, positions) => Arc::new(
                EventStoreJournal::open(address.clone(), positions.as_deref(), keys).await?,
            ),
        })
    }

    /// Opens one that is there, to read it; appends to it fail.
    ///
    /// # Errors
    /// If it can't be opened, or there is none.
    pub async fn open_read_only(&self, keys: Arc<Keyring>) -> Result<SharedJournal, JournalError> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(SqliteJournal::open_read_only(path, keys)?),
            Self::Postgres(address) => {
                Arc::new(PostgresJournal::open_read_only(address.clone(), keys).await?)
            }
            #[cfg(any(feature = "eventstore", feature = "kurrentdb"))]
            Self::EventStore(address, positions) => {
                let opening = EventStoreJournal::open(address.clone(), positions.as_deref(), keys);
                Arc::new(opening.await?.read_only())
            }
        })
    }
}

/// The scheme of EventStoreDB that every client of it and of KurrentDB knows, and what follows it in a text that
/// begins with any of theirs, which mean the same.
pub(crate) fn of_event_store(text: &str) -> Option<(&'static str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    let (plain, known) = match scheme.strip_suffix("+discover") {
        Some(plain) => (plain, "esdb+discover"),
        None => (&*scheme, "esdb"),
    };
    let is_theirs = ["esdb", "kurrentdb", "kurrent", "kdb"].contains(&plain);
    is_theirs.then_some((known, rest))
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(address) => address.fmt(f),
            #[cfg(any(feature = "eventstore", feature = "kurrentdb"))]
            Self::EventStore(address, _) => address.fmt(f),
        }
    }
}
