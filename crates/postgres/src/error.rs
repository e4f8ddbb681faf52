//! What can go wrong, and what to do.

use std::error::Error;
use std::io;

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use crate::Address;

/// Why something couldn't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// Nobody answers just now: trying again may help.
    #[error("{address} isn't available: {reason}")]
    Unavailable {
        /// Which database.
        address: String,
        /// What it came to.
        reason: String,
    },
    /// Somebody has to do something about it.
    #[error("{address}: {reason}")]
    Refused {
        /// Which database.
        address: String,
        /// What it is, and what to do.
        reason: String,
    },
    /// A statement failed.
    #[error("{address}: {reason}")]
    Failed {
        /// Which database.
        address: String,
        /// What it says.
        reason: String,
        /// By which code, if it is one of the server's.
        code: Option<SqlState>,
    },
}

impl PostgresError {
    /// Whether trying again may help.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::Refused { .. } | Self::Failed { .. } => false,
        }
    }

    /// Whether it is by a code of the server's.
    pub fn has_code(&self, code: &SqlState) -> bool {
        match self {
            Self::Failed {
                code: Some(own), ..
            } => own == code,
            Self::Failed { code: None, .. } | Self::Unavailable { .. } | Self::Refused { .. } => {
                false
            }
        }
    }
}

impl Address {
    /// What failed, and what to do about it.
    pub fn error(&self, error: tokio_postgres::Error) -> PostgresError {
        let address = self.name().to_owned();
        let reason = said(&error);
        if let Some(code) = error.code() {
            return self.by_code(code, reason);
        }
        if reason.contains("TLS") {
            let reason = format!(
                "{reason}; other machines are talked to by TLS: give the server a certificate that this \
                 machine trusts (SSL_CERT_FILE may name whose), or say ?sslmode=disable in the URL"
            );
            return PostgresError::Refused { address, reason };
        }
        if error.is_closed() || is_of_the_connection(&error) {
            let reason = format!("{reason}; is PostgreSQL running there?");
            return PostgresError::Unavailable { address, reason };
        }
        PostgresError::Failed {
            address,
            reason,
            code: None,
        }
    }

    /// The same of a pool.
    pub fn pool_error(&self, error: PoolError) -> PostgresError {
        let unavailable = |reason: &str| PostgresError::Unavailable {
            address: self.name().to_owned(),
            reason: reason.to_owned(),
        };
        match error {
            PoolError::Backend(error) => self.error(error),
            PoolError::Timeout(_) => unavailable("no connection was free in time"),
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                unavailable("the connections were closed")
            }
        }
    }

    fn by_code(&self, code: &SqlState, reason: String) -> PostgresError {
        let address = self.name().to_owned();
        if is_passing(code) {
            return PostgresError::Unavailable { address, reason };
        }
        let user = self.config().get_user().unwrap_or("this user");
        let advice = if *code == SqlState::INVALID_PASSWORD
            || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
        {
            format!("check user and password in the URL, and what pg_hba.conf allows {user}")
        } else if *code == SqlState::INVALID_CATALOG_NAME {
            "make it first: CREATE DATABASE … ENCODING 'UTF8'".to_owned()
        } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
            format!(
                "let {user} do so: GRANT CREATE ON DATABASE … TO {user}, or make them the owner of what is \
                 there"
            )
        } else {
            return PostgresError::Failed {
                address,
                reason,
                code: Some(code.clone()),
            };
        };
        let reason = format!("{reason}; {advice}");
        PostgresError::Refused { address, reason }
    }
}

/// What an error and those behind it say. Of the server's only its message: details may show rows.
fn said(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return error.message().to_owned();
    }
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let what = error.to_string();
        if !said.contains(&what) {
            said = format!("{said}: {what}");
        }
        cause = error.source();
    }
    said
}

/// Whether it is the connection that failed, and not what was sent.
fn is_of_the_connection(error: &tokio_postgres::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            // A certificate that isn't trusted is an error of this kind, too.
            return error.kind() != io::ErrorKind::InvalidData;
        }
        cause = error.source();
    }
    // Said of a time-out, which has no cause.
    error.to_string().contains("timed out") || error.to_string().contains("connecting")
}

/// Whether the server may do it the next time.
fn is_passing(code: &SqlState) -> bool {
    // Connections, resources, somebody's intervention: of restarts and of too much at once.
    let class = &code.code()[..2];
    let is_of_class =
        ["08", "53", "57", "58"].contains(&class) && *code != SqlState::QUERY_CANCELED;
    is_of_class
        || [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            // A server that became another one's standby.
            SqlState::READ_ONLY_SQL_TRANSACTION,
        ]
        .contains(code)
}
