//! The file: its schema, what makes it a journal, and connections to it.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::JournalError;

/// Events are never changed: that is worth a trigger, which costs nothing as long as nobody tries.
/// Whoever has to, has to take the trigger away, and knows what they do.
const SCHEMA: &str = "
    CREATE TABLE event (
        position    INTEGER PRIMARY KEY,
        id          BLOB    NOT NULL UNIQUE,
        stream      TEXT    NOT NULL,
        stream_key  BLOB    NOT NULL, -- UUIDv5 of stream
        revision    INTEGER NOT NULL,
        type        TEXT    NOT NULL,
        version     INTEGER NOT NULL,
        occurred_at INTEGER NOT NULL, -- microseconds since 1970, UTC
        recorded_at INTEGER NOT NULL,
        actor       BLOB,
        correlation BLOB,
        causation   BLOB,
        data        TEXT    NOT NULL, -- JSON, as the type and version say
        imported    INTEGER NOT NULL DEFAULT 0, -- whether it came with a history from elsewhere
        UNIQUE (stream_key, revision)
    ) STRICT;
    CREATE TRIGGER event_never_changes BEFORE UPDATE ON event
        BEGIN SELECT RAISE(ABORT, 'a recorded event never changes'); END;
    CREATE TRIGGER event_never_goes BEFORE DELETE ON event
        BEGIN SELECT RAISE(ABORT, 'a recorded event never goes'); END;
";

/// What [searches](super::search) go by. They are no part of the schema: without them searches come to the
/// same, so a journal of before gets them when it is opened to be written, and one that is only read needs
/// none. Each entry ends with the position, so what they find comes in order.
const INDEXES: &str = "
    CREATE INDEX IF NOT EXISTS event_by_type ON event (type);
    CREATE INDEX IF NOT EXISTS event_by_actor ON event (actor) WHERE actor IS NOT NULL;
";

/// The version of [`SCHEMA`], kept as the file's `user_version`.
const SCHEMA_VERSION: i32 = 2;

/// The version before: nothing was noted of where events came from.
const BEFORE: i32 = 1;

/// Makes a journal of [before](BEFORE) one of now. Its events stay as they are.
const RENEW: &str = "ALTER TABLE event ADD COLUMN imported INTEGER NOT NULL DEFAULT 0";

/// A journal of [before](BEFORE) that is only read, as one of now.
const AS_NOW: &str = "
    CREATE TEMP VIEW event AS
    SELECT position, id, stream, stream_key, revision, type, version, occurred_at, recorded_at,
           actor, correlation, causation, data, 0 AS imported
    FROM main.event";

/// Marks the file as a journal of Plaudit ("Plau"), kept as its `application_id`.
const APPLICATION_ID: i32 = 0x506c_6175;

/// Ids and streams are found all over their indexes. With SQLite's default of 2 MiB the writer reads
/// those pages again and again: batches of 5,000 took a quarter longer.
const CACHE_KIB: i32 = 16 << 10;

/// After so many pages (16 MiB) what is in the log is brought to the file. Pages that changed more
/// than once in the meantime are written once.
const CHECKPOINT_PAGES: i32 = 4_000;

/// How long to wait for another process that is writing: an import writes large transactions.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Where a journal is.
#[derive(Clone)]
pub(super) struct File {
    path: Arc<PathBuf>,
}

impl File {
    /// The journal at the path, made where there is none, and a connection that writes to it.
    pub fn create(path: &Path) -> Result<(Self, Connection), JournalError> {
        let file = Self::existing(path);
        let connection = create(path).map_err(|error| file.error(error))?;
        Ok((file, connection))
    }

    /// The journal at the path. Whether it is one shows when it's read.
    pub fn existing(path: &Path) -> Self {
        Self {
            path: Arc::new(path.to_owned()),
        }
    }

    /// A connection that only reads.
    pub fn reading(&self) -> Result<Connection, JournalError> {
        let connect = || {
            let connection = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            let content = identify(&connection.unchecked_transaction()?)?;
            match content {
                Content::Journal => Ok(connection),
                Content::Before => {
                    connection.execute_batch(AS_NOW)?;
                    Ok(connection)
                }
                Content::Nothing => Err(OpenError::Foreign),
            }
        };
        connect().map_err(|error| self.error(error))
    }

    /// What failed, and where.
    pub fn error(&self, source: impl Into<Box<dyn Error + Send + Sync>>) -> JournalError {
        JournalError::Storage {
            journal: self.name(),
            source: source.into(),
        }
    }

    /// Nobody writes to it any more.
    pub fn closed(&self) -> JournalError {
        JournalError::Closed {
            journal: self.name(),
        }
    }

    /// What to call it in messages.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }
}

/// Why a file can't be opened as a journal.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error("the file is not a Plaudit journal; name another path")]
    Foreign,
    #[error(
        "it was written by a newer Plaudit (its schema is {found}, this Plaudit knows {SCHEMA_VERSION}); use that one"
    )]
    Newer { found: i32 },
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

fn create(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = connect(path, flags)?;
    // Before anything else, so that nothing is done to a file of somebody else's.
    let content = identify(&connection.unchecked_transaction()?)?;
    log_ahead(&connection)?;
    // Every commit is on the disk before it is acknowledged; on macOS, too.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;

    match content {
        Content::Nothing => make(&mut connection)?,
        Content::Before => renew(&mut connection)?,
        Content::Journal => {}
    }
    connection.execute_batch(INDEXES)?;
    Ok(connection)
}

/// Turns the write-ahead log on, which stays on for good.
///
/// While others do the same, SQLite says at once that it's busy, however long it was told to wait.
fn log_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let started = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error) if is_busy(&error) && started.elapsed() < BUSY_TIMEOUT => {
                thread::sleep(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

fn make(connection: &mut Connection) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have made it in the meantime.
    if let Content::Nothing = identify(&transaction)? {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    Ok(transaction.commit()?)
}

fn renew(connection: &mut Connection) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have done it in the meantime.
    if let Content::Before = identify(&transaction)? {
        transaction.execute_batch(RENEW)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    Ok(transaction.commit()?)
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    // Each connection has one user at a time, so SQLite need not guard it.
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

enum Content {
    Nothing,
    Before,
    Journal,
}

/// Takes a transaction, so that all that it looks at is of one moment: another process may be making
/// the journal.
fn identify(transaction: &Transaction<'_>) -> Result<Content, OpenError> {
    let number = |pragma| transaction.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    match (number("application_id")?, number("user_version")?) {
        (APPLICATION_ID, SCHEMA_VERSION) => Ok(Content::Journal),
        (APPLICATION_ID, BEFORE) => Ok(Content::Before),
        (APPLICATION_ID, found) => Err(OpenError::Newer { found }),
        (0, 0) if is_empty(transaction)? => Ok(Content::Nothing),
        (_, _) => Err(OpenError::Foreign),
    }
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)",
        [],
        |row| row.get(0),
    )
}
