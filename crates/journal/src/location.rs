//! Where a journal is.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use plaudit_postgres::{Address, AddressError};

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
}

impl Location {
    /// Reads `sqlite:PATH` or a `postgres://…` URL; nothing, if it is neither.
    ///
    /// # Errors
    /// If it is meant to be such a URL, and isn't one.
    pub fn parse(text: &str) -> Result<Option<Self>, AddressError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return Ok(Some(Self::Sqlite(path.into())));
        }
        match Address::is_meant(text) {
            true => Address::parse(text).map(Self::Postgres).map(Some),
            false => Ok(None),
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
        })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(address) => address.fmt(f),
        }
    }
}
