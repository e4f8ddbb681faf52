//! The keyring's file: its schema, and what makes it a keyring.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use super::KeysError;
use super::key::{KEY, Key, OVERHEAD, SealError};

/// Bytes of a key as the file has it: sealed with the master key.
pub(super) const WRAPPED: usize = KEY + OVERHEAD;

/// A destroyed key is overwritten with zeros where it stands, and not with NULL: a row that gets
/// shorter is moved, and may leave a copy of what it was behind. For the same reason rows are kept in
/// the order in which they were made, which moves none of them when more come.
const SCHEMA: &str = "
    CREATE TABLE keyring (
        one       INTEGER PRIMARY KEY CHECK (one = 1),
        proof     BLOB    NOT NULL, -- opens with the master key that all rows were made with
        destroyed INTEGER NOT NULL  -- how often keys were destroyed
    ) STRICT;
    CREATE TABLE account (
        made      INTEGER PRIMARY KEY,
        id        BLOB    NOT NULL UNIQUE,
        identity  BLOB    NOT NULL CHECK (length(identity) = 72),
        content   BLOB    NOT NULL CHECK (length(content) = 72)
    ) STRICT;
";

/// The version of [`SCHEMA`], kept as the file's `user_version`.
const SCHEMA_VERSION: i32 = 1;

/// Marks the file as a keyring of Plaudit ("PlKe"), kept as its `application_id`.
const APPLICATION_ID: i32 = 0x506c_4b65;

/// How long to wait for another process that is making or destroying keys.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// What the master key seals into [`SCHEMA`]'s proof, and where.
const PROOF: &[u8] = b"plaudit keyring";

/// Where a keyring is.
pub(super) struct File {
    path: PathBuf,
}

impl File {
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// What failed, and where.
    pub fn error(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> KeysError {
        KeysError::File {
            path: self.path.clone(),
            source: source.into(),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A connection to it. The keyring is made where there is none.
    pub fn open(&self, master: &Key) -> Result<Connection, KeysError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags);
        self.set_up(connection.map_err(|error| self.error(error))?, master)
    }

    /// One that goes with its connection.
    pub fn in_memory(&self, master: &Key) -> Result<Connection, KeysError> {
        let connection = Connection::open_in_memory().map_err(|error| self.error(error))?;
        self.set_up(connection, master)
    }

    fn set_up(&self, mut connection: Connection, master: &Key) -> Result<Connection, KeysError> {
        match set_up(&mut connection, master) {
            Ok(true) => Ok(connection),
            Ok(false) => Err(KeysError::WrongMasterKey {
                path: self.path.clone(),
            }),
            Err(error) => Err(self.error(error)),
        }
    }
}

/// Why a file can't be opened as a keyring.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error("the file is not a Plaudit keyring; name another path")]
    Foreign,
    #[error(
        "it was written by a newer Plaudit (its schema is {found}, this Plaudit knows {SCHEMA_VERSION}); use that one"
    )]
    Newer { found: i32 },
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Whether the master key is the one that it was made with.
fn set_up(connection: &mut Connection, master: &Key) -> Result<bool, OpenError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Before anything else, so that nothing is done to a file of somebody else's.
    let content = identify(&connection.unchecked_transaction()?)?;
    // Not a write-ahead log, which keeps pages as they were before a key was destroyed. What makes a
    // commit final is then that its rollback journal is gone: "extra" makes sure of that, too. Else
    // a power cut could bring a destroyed key back, or take a key that is in use away.
    connection.pragma_update(None, "journal_mode", "delete")?;
    connection.pragma_update(None, "synchronous", "extra")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    match content {
        Content::Nothing => make(connection, master)?,
        Content::Keyring => {}
    }
    let proof: Vec<u8> = connection.query_row("SELECT proof FROM keyring", [], |row| row.get(0))?;
    Ok(master.open(PROOF, &proof).is_some())
}

fn make(connection: &mut Connection, master: &Key) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have made it in the meantime.
    if let Content::Nothing = identify(&transaction)? {
        transaction.execute_batch(SCHEMA)?;
        let proof = master.seal(PROOF, PROOF)?;
        transaction.execute("INSERT INTO keyring VALUES (1, ?1, 0)", [proof])?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    Ok(transaction.commit()?)
}

enum Content {
    Nothing,
    Keyring,
}

/// Takes a transaction, so that all that it looks at is of one moment: another process may be making
/// the keyring.
fn identify(transaction: &Transaction<'_>) -> Result<Content, OpenError> {
    let number = |pragma| transaction.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    match (number("application_id")?, number("user_version")?) {
        (APPLICATION_ID, SCHEMA_VERSION) => Ok(Content::Keyring),
        (APPLICATION_ID, found) => Err(OpenError::Newer { found }),
        (0, 0) if is_empty(transaction)? => Ok(Content::Nothing),
        (_, _) => Err(OpenError::Foreign),
    }
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    let first = connection.query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(()));
    Ok(first.optional()?.is_none())
}
