//! Where a keyring is.

use std::fmt;
use std::path::PathBuf;

use plaudit_postgres::{Address, AddressError};

use super::{Keyring, KeysError, MasterKey};

/// Where a keyring is. What it shows has no password.
#[derive(Debug, Clone)]
pub enum KeysLocation {
    /// In a file.
    File(PathBuf),
    /// In a PostgreSQL database.
    Postgres(Address),
}

impl KeysLocation {
    /// Reads `sqlite:PATH` or a `postgres://…` URL; nothing, if it is neither.
    ///
    /// # Errors
    /// If it is meant to be such a URL, and isn't one.
    pub fn parse(text: &str) -> Result<Option<Self>, AddressError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return Ok(Some(Self::File(path.into())));
        }
        match Address::is_meant(text) {
            true => Address::parse(text).map(Self::Postgres).map(Some),
            false => Ok(None),
        }
    }

    /// Opens it; a new one is made where there is none.
    ///
    /// # Errors
    /// If it can't be opened, or was made with another master key.
    pub async fn open(&self, master: &MasterKey) -> Result<Keyring, KeysError> {
        match self {
            Self::File(path) => Keyring::open(path, master),
            Self::Postgres(address) => Keyring::open_postgres(address.clone(), master).await,
        }
    }
}

impl fmt::Display for KeysLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Postgres(address) => address.fmt(f),
        }
    }
}
