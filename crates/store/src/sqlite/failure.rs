//! What can fail.

use std::error::Error;
use std::io;
use std::path::Path;

use plaudit_projection::row::Malformed;
use rusqlite::ErrorCode;

use crate::StoreError;

/// What can fail within a store, before it is known which store it is.
#[derive(Debug)]
pub enum Failure {
    Sqlite(rusqlite::Error),
    Malformed(Malformed),
    Outdated,
    Store(StoreError),
    /// Of a file that isn't SQLite's.
    File(io::Error),
}

impl Failure {
    pub fn at(self, path: &Path) -> StoreError {
        let place = path.display().to_string();
        match self {
            Self::Sqlite(error) => StoreError::Storage {
                place,
                source: error.into(),
            },
            Self::Outdated => StoreError::Outdated { place },
            Self::Malformed(malformed) => malformed.into(),
            Self::Store(error) => error,
            Self::File(error) => StoreError::Storage {
                place,
                source: error.into(),
            },
        }
    }
}

/// Whether what failed is that there is no room left.
pub fn is_full(error: &(dyn Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return error.kind() == io::ErrorKind::StorageFull;
    }
    let error = error.downcast_ref::<rusqlite::Error>();
    error.and_then(rusqlite::Error::sqlite_error_code) == Some(ErrorCode::DiskFull)
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<Malformed> for Failure {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
