//! Locks that whoever holds them takes along when they go, even if they are killed: they are held by a connection.

use std::sync::Arc;

use plaudit_postgres::tokio_postgres::Client;
use plaudit_postgres::{Address, Connection, PostgresError};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// So often it is tried to get one back that was lost with its connection.
const AGAIN: std::time::Duration = std::time::Duration::from_millis(250);

/// So often whoever holds one says that they still go on.
const ALIVE: std::time::Duration = std::time::Duration::from_secs(5);

/// After twenty seconds the server notices that a machine is gone, or that a process hangs which should have said
/// that it [goes on](ALIVE), and lets go of its locks. By itself it takes hours, or never does.
const LOST: [(&str, &str); 4] = [
    ("tcp_keepalives_idle", "5"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
    ("idle_session_timeout", "20s"),
];

/// Who may hold it besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Others who share it.
    Shared,
    /// Nobody.
    Alone,
}

impl Mode {
    fn function(self) -> &'static str {
        match self {
            Self::Shared => "pg_try_advisory_lock_shared",
            Self::Alone => "pg_try_advisory_lock",
        }
    }
}

/// A lock of a database. It goes with this, or with the process.
pub struct Lock {
    holder: JoinHandle<()>,
    held: watch::Receiver<bool>,
}

impl Lock {
    /// Waits for a lock of some name.
    ///
    /// # Errors
    /// If the database can't be asked.
    pub async fn hold(address: &Address, name: &str, mode: Mode) -> Result<Self, PostgresError> {
        let mut candidate = Box::new(Candidate::new(address, name, mode).await?);
        loop {
            candidate = match candidate.ask().await? {
                Asked::Held(lock) => return Ok(lock),
                Asked::NotYet(again) => again,
            };
            sleep(AGAIN).await;
        }
    }

    /// Takes a lock of some name, if nobody else has it.
    ///
    /// # Errors
    /// If the database can't be asked.
    pub async fn try_hold(
        address: &Address,
        name: &str,
        mode: Mode,
    ) -> Result<Option<Self>, PostgresError> {
        let candidate = Box::new(Candidate::new(address, name, mode).await?);
        match candidate.ask().await? {
            Asked::Held(lock) => Ok(Some(lock)),
            Asked::NotYet(_) => Ok(None),
        }
    }

    /// Waits until it isn't held: it is lost with its connection, and taken again as soon as it can be.
    pub async fn lost(&self) {
        // Nobody is left to hold it where there is nobody to tell.
        let _ = self.held.clone().wait_for(|held| !held).await;
    }
}

/// Who would hold a lock, and is connected for it.
pub struct Candidate {
    address: Address,
    connection: Connection,
    name: Arc<str>,
    mode: Mode,
}

/// What becomes of a candidate.
pub enum Asked {
    /// It holds the lock.
    Held(Lock),
    /// Somebody else does.
    NotYet(Box<Candidate>),
}

impl Candidate {
    /// Connects.
    ///
    /// # Errors
    /// If the database can't be asked.
    pub async fn new(address: &Address, name: &str, mode: Mode) -> Result<Self, PostgresError> {
        let mut address = address.clone();
        for (name, value) in LOST {
            address = address.with_setting(name, value);
        }
        Ok(Self {
            connection: plaudit_postgres::patiently(|| address.connect()).await?,
            address,
            name: name.into(),
            mode,
        })
    }

    /// Takes the lock, if nobody else has it.
    ///
    /// # Errors
    /// If the database can't be asked.
    pub async fn ask(self: Box<Self>) -> Result<Asked, PostgresError> {
        let Self {
            address,
            connection,
            name,
            mode,
        } = *self;
        if !lock(&address, &connection, &name, mode).await? {
            return Ok(Asked::NotYet(Box::new(Self {
                address,
                connection,
                name,
                mode,
            })));
        }
        let (report, held) = watch::channel(true);
        let home = address.clone();
        let holder = home.spawn(keep(address, connection, name, mode, report));
        Ok(Asked::Held(Lock { holder, held }))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.holder.abort();
    }
}

async fn lock(
    address: &Address,
    client: &Client,
    name: &str,
    mode: Mode,
) -> Result<bool, PostgresError> {
    let sql = format!("SELECT {}(hashtextextended($1, 0))", mode.function());
    let locked = client.query_one(&sql, &[&name]).await;
    Ok(locked.map_err(|error| address.error(error))?.get(0))
}

/// Keeps it for as long as this runs.
async fn keep(
    address: Address,
    mut connection: Connection,
    name: Arc<str>,
    mode: Mode,
    report: watch::Sender<bool>,
) {
    loop {
        // An error shows as a loss.
        while timeout(ALIVE, connection.lost()).await.is_err() {
            let _ = timeout(ALIVE, connection.batch_execute("")).await;
        }
        report.send_replace(false);
        tracing::debug!("the connection that holds a lock was lost: {name}");
        loop {
            sleep(AGAIN).await;
            if let Ok(again) = address.connect().await
                && let Ok(true) = lock(&address, &again, &name, mode).await
            {
                connection = again;
                report.send_replace(true);
                break;
            }
        }
    }
}
