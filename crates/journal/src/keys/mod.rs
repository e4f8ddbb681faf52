//! The keys of accounts, kept outside the journal: destroying one takes what is sealed with it out
//! of every copy of the journal at once.

mod file;
mod key;
mod master;

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use plaudit_domain::AccountId;
use plaudit_domain::personal::Part;
use quick_cache::sync::Cache;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use self::file::{File, WRAPPED};
pub(crate) use self::key::Key;
use self::key::SealError;
pub use self::master::MasterKey;

/// The name that a keyring's file has, where nobody names another.
pub const FILE_NAME: &str = "keys.sqlite";

/// Of how many accounts the keys are kept in memory: some 30 MB.
const REMEMBERED: usize = 131_072;

const FIND: &str = "SELECT identity, content FROM account WHERE id = ?1";

const INSERT: &str = "INSERT OR IGNORE INTO account (id, identity, content) VALUES (?1, ?2, ?3)";

/// The keys of all accounts: one for who somebody is, one for what they wrote.
///
/// Each is made when it is first needed. A destroyed one is never made again. Several processes may
/// hold the same file at once, and agree on its keys.
pub struct Keyring {
    file: File,
    master: Key,
    /// Keys go into it, and out of it, while the connection is locked: else one that was just read
    /// could come in after it was destroyed.
    remembered: Cache<AccountId, Arc<Keys>>,
    stored: Mutex<Stored>,
}

/// What the file has, and how much of that was seen.
struct Stored {
    connection: Connection,
    /// SQLite's number for what other connections committed.
    version: i64,
    /// How often keys were destroyed.
    destroyed: i64,
}

/// The keys of an account that got some; those that are still there.
pub(crate) struct Keys {
    identity: Option<Key>,
    content: Option<Key>,
}

/// Keys by whose they are.
pub(crate) type KeysOf = HashMap<AccountId, Arc<Keys>>;

impl Keys {
    pub fn of(&self, part: Part) -> Option<&Key> {
        match part {
            Part::Identity => self.identity.as_ref(),
            Part::Content => self.content.as_ref(),
        }
    }
}

/// Why there are no keys to work with. A key that was destroyed, or never made, is no error.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file can't be opened, read or written.
    #[error("keys {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What failed.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The keyring was made with another master key.
    #[error(
        "keys {}: they were made with another master key; give that one, or name another file",
        path.display()
    )]
    WrongMasterKey {
        /// The file.
        path: PathBuf,
    },
    /// The master key is malformed.
    #[error(
        "a master key is 64 hexadecimal digits, or 32 bytes in base64: {place} is something else"
    )]
    NotAMasterKey {
        /// Where it was looked for.
        place: String,
    },
    /// What is stored for an account isn't what was written there.
    #[error(
        "keys {}: the keys of account {account} are damaged; put a copy of the file in its place",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Whose keys they are.
        account: AccountId,
    },
}

impl Keyring {
    /// Opens a keyring, and makes a new one where there is no file.
    ///
    /// # Errors
    /// If the file can't be opened, isn't a keyring, was written by a newer Plaudit, or was made with
    /// another master key.
    pub fn open(path: &Path, master: &MasterKey) -> Result<Self, KeysError> {
        let file = File::new(path);
        let connection = file.open(&master.0)?;
        Ok(Self::new(file, connection, master.0.clone()))
    }

    /// A keyring of its own that goes as it is dropped, and what was sealed with it, too.
    ///
    /// # Errors
    /// If the system gives no random bytes or no memory.
    pub fn in_memory() -> Result<Self, KeysError> {
        let file = File::new(Path::new(":memory:"));
        let master = Key::random().map_err(|error| file.error(error))?;
        let connection = file.in_memory(&master)?;
        Ok(Self::new(file, connection, master))
    }

    fn new(file: File, connection: Connection, master: Key) -> Self {
        let stored = Stored {
            connection,
            // Nothing was seen yet, so whatever is there is news.
            version: -1,
            destroyed: -1,
        };
        Self {
            file,
            master,
            remembered: Cache::new(REMEMBERED),
            stored: Mutex::new(stored),
        }
    }

    /// Destroys keys of an account, durably and for good. None are made in their place: nothing about
    /// it is recorded any more. Doing it again changes nothing; whether there was something to destroy
    /// is returned.
    ///
    /// Other processes notice with the next thing that they read.
    ///
    /// # Errors
    /// If the file can't be written; then try again.
    pub fn destroy(&self, account: AccountId, parts: &[Part]) -> Result<bool, KeysError> {
        let mut stored = self.stored.lock();
        let destroyed = self.overwrite(&mut stored.connection, account, parts);
        // Whether it succeeded or not: after a failed commit they may be gone all the same.
        self.remembered.remove(&account);
        destroyed.map_err(|error| self.file.error(error))
    }

    fn overwrite(
        &self,
        connection: &mut Connection,
        account: AccountId,
        parts: &[Part],
    ) -> Result<bool, WriteError> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // An account that has no keys gets them first, so that there is something to mark.
        self.insert(&transaction, account)?;
        let mut destroyed = 0;
        for part in parts {
            let sql = match part {
                Part::Identity => {
                    "UPDATE account SET identity = ?2 WHERE id = ?1 AND identity <> ?2"
                }
                Part::Content => "UPDATE account SET content = ?2 WHERE id = ?1 AND content <> ?2",
            };
            destroyed += transaction.execute(sql, (account.0, [0; WRAPPED]))?;
        }
        if destroyed > 0 {
            transaction.execute("UPDATE keyring SET destroyed = destroyed + 1", [])?;
            transaction.commit()?;
        }
        Ok(destroyed > 0)
    }

    /// The keys of accounts that ever got some. It knows of every key that was destroyed before it was
    /// called, by whichever process.
    pub(crate) fn find(&self, accounts: &HashSet<AccountId>) -> Result<KeysOf, KeysError> {
        let mut stored = self.stored.lock();
        self.look(&mut stored)
            .map_err(|error| self.file.error(error))?;
        self.known(&stored.connection, accounts)
    }

    /// Forgets what it remembers if another process destroyed keys since it last looked.
    fn look(&self, stored: &mut Stored) -> rusqlite::Result<()> {
        let number = |sql| {
            let mut statement = stored.connection.prepare_cached(sql)?;
            statement.query_row([], |row| row.get::<_, i64>(0))
        };
        let version = number("PRAGMA data_version")?;
        if version != stored.version {
            let destroyed = number("SELECT destroyed FROM keyring")?;
            if destroyed != stored.destroyed {
                self.remembered.clear();
            }
            stored.destroyed = destroyed;
            stored.version = version;
        }
        Ok(())
    }

    /// The keys of accounts, as far as they are remembered: without looking at the disk.
    pub(crate) fn remembered(&self, accounts: &HashSet<AccountId>) -> KeysOf {
        let keys = |account: &AccountId| Some((*account, self.remembered.get(account)?));
        accounts.iter().filter_map(keys).collect()
    }

    /// The keys of accounts. Those that have none yet get them, durably, in one transaction.
    pub(crate) fn make(&self, accounts: &HashSet<AccountId>) -> Result<KeysOf, KeysError> {
        let mut stored = self.stored.lock();
        let mut keys = self.known(&stored.connection, accounts)?;
        if keys.len() < accounts.len() {
            let missing = accounts.iter().copied();
            let missing = missing.filter(|account| !keys.contains_key(account));
            let missing: HashSet<_> = missing.collect();
            self.insert_all(&mut stored.connection, &missing)
                .map_err(|error| self.file.error(error))?;
            // Read back, because another process may have been first with some of them.
            keys.extend(self.known(&stored.connection, &missing)?);
        }
        Ok(keys)
    }

    fn insert_all(
        &self,
        connection: &mut Connection,
        accounts: &HashSet<AccountId>,
    ) -> Result<(), WriteError> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for account in accounts {
            self.insert(&transaction, *account)?;
        }
        Ok(transaction.commit()?)
    }

    /// Gives an account keys, unless it has got some before.
    fn insert(&self, connection: &Connection, account: AccountId) -> Result<(), WriteError> {
        let wrapped = |part| -> Result<_, WriteError> {
            let key = Key::random().map_err(SealError::from)?;
            Ok(self.master.seal(&place(account, part), key.bytes())?)
        };
        let (identity, content) = (wrapped(Part::Identity)?, wrapped(Part::Content)?);
        let mut insert = connection.prepare_cached(INSERT)?;
        insert.execute((account.0, identity, content))?;
        Ok(())
    }

    /// The keys of accounts that got some. Whoever calls it has the connection locked.
    fn known(
        &self,
        connection: &Connection,
        accounts: &HashSet<AccountId>,
    ) -> Result<KeysOf, KeysError> {
        let mut keys = self.remembered(accounts);
        if keys.len() == accounts.len() {
            return Ok(keys);
        }
        // One transaction for all of them: locking the file takes longer than reading a row.
        let storage = |error| self.file.error(error);
        let _transaction = connection.unchecked_transaction().map_err(storage)?;
        let mut find = connection.prepare_cached(FIND).map_err(storage)?;
        for account in accounts {
            if keys.contains_key(account) {
                continue;
            }
            let row = find.query_row([account.0], |row| Ok((row.get(0)?, row.get(1)?)));
            if let Some((identity, content)) = row.optional().map_err(storage)? {
                let read = Arc::new(Keys {
                    identity: self.unwrap(*account, Part::Identity, identity)?,
                    content: self.unwrap(*account, Part::Content, content)?,
                });
                self.remembered.insert(*account, Arc::clone(&read));
                keys.insert(*account, read);
            }
        }
        Ok(keys)
    }

    /// A key as it is stored; none where it was destroyed.
    fn unwrap(
        &self,
        account: AccountId,
        part: Part,
        wrapped: [u8; WRAPPED],
    ) -> Result<Option<Key>, KeysError> {
        if wrapped == [0; WRAPPED] {
            return Ok(None);
        }
        let key = self.master.open(&place(account, part), &wrapped);
        let key = key.map(zeroize::Zeroizing::new);
        match key.and_then(|key| Key::of(&key)) {
            Some(key) => Ok(Some(key)),
            None => Err(self.damaged(account)),
        }
    }

    fn damaged(&self, account: AccountId) -> KeysError {
        KeysError::Damaged {
            path: self.file.path().to_owned(),
            account,
        }
    }

    /// Something else failed as these keys were used.
    pub(crate) fn failed(&self, source: impl Into<Box<dyn Error + Send + Sync>>) -> KeysError {
        self.file.error(source)
    }
}

/// Why keys can't be written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// Where a key belongs, so that nobody is given the key of another. The numbers are stored.
fn place(account: AccountId, part: Part) -> [u8; 17] {
    let mut place = [0; 17];
    place[..16].copy_from_slice(account.0.as_bytes());
    place[16] = match part {
        Part::Identity => 0,
        Part::Content => 1,
    };
    place
}
