//! The keyring's file: its schema, and what makes it a keyring.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use plaudit_domain::AccountId;
use plaudit_domain::personal::Part;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};
use tokio::task::spawn_blocking;

use super::key::{Key, SealError};
use super::{DESTROYED, KeysError, Read, Wrapped, is_proved, proof};

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

/// What to call a keyring that is in no file.
pub(super) const IN_MEMORY: &str = ":memory:";

const FIND: &str = "SELECT identity, content FROM account WHERE id = ?1";

const INSERT: &str = "INSERT OR IGNORE INTO account (id, identity, content) VALUES (?1, ?2, ?3)";

const ALL: &str = "
    SELECT id, identity, content FROM account
    WHERE made > coalesce((SELECT made FROM account WHERE id = ?1), -1) ORDER BY made LIMIT ?2";

/// A keyring in a file.
pub(super) struct File {
    path: PathBuf,
    stored: Arc<Mutex<Stored>>,
}

/// What the file has, and how much of that was seen.
struct Stored {
    connection: Connection,
    /// SQLite's number for what other connections committed.
    version: i64,
    /// How often keys were destroyed.
    destroyed: i64,
}

impl File {
    /// A keyring in a file, which is made where there is none.
    pub fn open(path: &Path, master: &Key) -> Result<Self, KeysError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags);
        Self::of(path, connection, master)
    }

    /// One that goes with its connection.
    pub fn in_memory(master: &Key) -> Result<Self, KeysError> {
        Self::of(Path::new(IN_MEMORY), Connection::open_in_memory(), master)
    }

    fn of(
        path: &Path,
        connection: rusqlite::Result<Connection>,
        master: &Key,
    ) -> Result<Self, KeysError> {
        let keys = || path.display().to_string();
        let failed = |source: OpenError| KeysError::Storage {
            keys: keys(),
            source: source.into(),
        };
        let mut connection = connection.map_err(|error| failed(error.into()))?;
        match set_up(&mut connection, master).map_err(failed)? {
            true => Ok(Self {
                path: path.to_owned(),
                stored: Arc::new(Mutex::new(Stored {
                    connection,
                    version: -1,
                    destroyed: 0,
                })),
            }),
            false => Err(KeysError::WrongMasterKey { keys: keys() }),
        }
    }

    /// What to call it in messages.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Reading takes microseconds, so it is done at once.
    pub fn read(&self, accounts: &[AccountId]) -> Result<Read, KeysError> {
        let read = self.stored.lock().read(accounts);
        read.map_err(|error| self.error(error))
    }

    pub async fn insert(&self, keys: Vec<Wrapped>) -> Result<(), KeysError> {
        self.write(move |stored| stored.insert(&keys)).await
    }

    pub async fn destroy(&self, keys: Wrapped, parts: &[Part]) -> Result<Option<i64>, KeysError> {
        let parts = parts.to_vec();
        self.write(move |stored| stored.destroy(&keys, &parts))
            .await
    }

    pub fn all(&self, after: Option<AccountId>, limit: usize) -> Result<Vec<Wrapped>, KeysError> {
        let all = self.stored.lock().all(after, limit);
        all.map_err(|error| self.error(error))
    }

    /// Writing waits for the disk, and for others who do so: on a thread that may.
    async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Stored) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, KeysError> {
        let stored = Arc::clone(&self.stored);
        match spawn_blocking(move || write(&mut stored.lock())).await {
            Ok(written) => written.map_err(|error| self.error(error)),
            Err(error) => Err(self.error(error)),
        }
    }

    fn error(&self, source: impl Into<Box<dyn Error + Send + Sync>>) -> KeysError {
        KeysError::Storage {
            keys: self.name(),
            source: source.into(),
        }
    }
}

impl Stored {
    fn read(&mut self, accounts: &[AccountId]) -> rusqlite::Result<Read> {
        let number = |sql| {
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.query_row([], |row| row.get::<_, i64>(0))
        };
        // Whether others committed something costs less than what it was.
        let version = number("PRAGMA data_version")?;
        if version != self.version {
            self.destroyed = number("SELECT destroyed FROM keyring")?;
            self.version = version;
        }
        let mut keys = Vec::with_capacity(accounts.len());
        if !accounts.is_empty() {
            // One transaction for all of them: locking the file takes longer than reading a row.
            let _transaction = self.connection.unchecked_transaction()?;
            let mut find = self.connection.prepare_cached(FIND)?;
            for account in accounts {
                let wrapped = find.query_row([account.0], |row| {
                    Ok(Wrapped {
                        account: *account,
                        identity: row.get(0)?,
                        content: row.get(1)?,
                    })
                });
                keys.extend(wrapped.optional()?);
            }
        }
        Ok(Read {
            // What was destroyed between the two looks is noticed by the next one.
            destroyed: self.destroyed,
            keys,
        })
    }

    fn insert(&mut self, keys: &[Wrapped]) -> rusqlite::Result<()> {
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior)?;
        for wrapped in keys {
            insert(&transaction, wrapped)?;
        }
        transaction.commit()
    }

    fn destroy(&mut self, keys: &Wrapped, parts: &[Part]) -> rusqlite::Result<Option<i64>> {
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior)?;
        insert(&transaction, keys)?;
        let mut destroyed = 0;
        for part in parts {
            let sql = match part {
                Part::Identity => {
                    "UPDATE account SET identity = ?2 WHERE id = ?1 AND identity <> ?2"
                }
                Part::Content => "UPDATE account SET content = ?2 WHERE id = ?1 AND content <> ?2",
            };
            destroyed += transaction.execute(sql, (keys.account.0, DESTROYED))?;
        }
        if destroyed == 0 {
            return Ok(None);
        }
        transaction.execute("UPDATE keyring SET destroyed = destroyed + 1", [])?;
        let times = "SELECT destroyed FROM keyring";
        let times = transaction.query_row(times, [], |row| row.get(0))?;
        transaction.commit()?;
        // One's own commits don't show in the version.
        self.destroyed = times;
        Ok(Some(times))
    }

    fn all(&self, after: Option<AccountId>, limit: usize) -> rusqlite::Result<Vec<Wrapped>> {
        let mut all = self.connection.prepare_cached(ALL)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = all.query_map((after.map(|account| account.0), limit), |row| {
            Ok(Wrapped {
                account: AccountId(row.get(0)?),
                identity: row.get(1)?,
                content: row.get(2)?,
            })
        })?;
        rows.collect()
    }
}

/// Gives an account keys, unless it has got some before.
fn insert(connection: &Connection, keys: &Wrapped) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(INSERT)?;
    insert.execute((keys.account.0, keys.identity, keys.content))?;
    Ok(())
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
    Ok(is_proved(master, &proof))
}

fn make(connection: &mut Connection, master: &Key) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have made it in the meantime.
    if let Content::Nothing = identify(&transaction)? {
        transaction.execute_batch(SCHEMA)?;
        let proof = proof(master)?;
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
