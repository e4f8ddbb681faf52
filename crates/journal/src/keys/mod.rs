//! The keys of accounts, kept outside the journal: destroying one takes what is sealed with it out
//! of every copy of the journal at once.

mod copy;
mod file;
mod key;
mod location;
mod master;
mod postgres;

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use plaudit_domain::AccountId;
use plaudit_domain::personal::Part;
use plaudit_postgres::Address;
use quick_cache::sync::Cache;
use zeroize::Zeroizing;

pub use self::copy::CopiedKeys;
use self::file::File;
pub(crate) use self::key::Key;
use self::key::{KEY, OVERHEAD, SealError};
pub use self::location::KeysLocation;
pub use self::master::MasterKey;
use self::postgres::Database;
pub(crate) use self::postgres::NAME as SCHEMA_NAME;

/// The name that a keyring's file has, where nobody names another.
pub const FILE_NAME: &str = "keys.sqlite";

/// Of how many accounts the keys are kept in memory: some 30 MB.
const REMEMBERED: usize = 131_072;

/// Bytes of a key as it is stored: sealed with the master key.
const WRAPPED: usize = KEY + OVERHEAD;

/// What a destroyed key is overwritten with.
const DESTROYED: [u8; WRAPPED] = [0; WRAPPED];

/// What the master key seals to show that all was made with it, and where.
const PROOF: &[u8] = b"plaudit keyring";

/// The keys of all accounts: one for who somebody is, one for what they wrote.
///
/// Each is made when it is first needed. A destroyed one is never made again. Several processes may
/// hold the same keyring at once, and agree on its keys.
pub struct Keyring {
    store: Store,
    master: Key,
    /// Keys go into it, and out of it, by what was [`seen`](Self::seen): else one that was just read could
    /// come in after it was destroyed.
    remembered: Cache<AccountId, Arc<Keys>>,
    /// How often keys were destroyed, as far as is known. All that is remembered was read when it was so.
    seen: Mutex<i64>,
}

/// Nothing was seen, so whatever is there is news.
const UNSEEN: i64 = -1;

/// Where keys are kept.
enum Store {
    File(File),
    Postgres(Database),
}

/// The keys of an account as they are stored.
#[derive(Clone, Copy)]
struct Wrapped {
    account: AccountId,
    identity: [u8; WRAPPED],
    content: [u8; WRAPPED],
}

/// What was read, all of one moment.
struct Read {
    /// How often keys had been destroyed.
    destroyed: i64,
    keys: Vec<Wrapped>,
}

impl Store {
    fn name(&self) -> String {
        match self {
            Self::File(file) => file.name(),
            Self::Postgres(database) => database.name(),
        }
    }

    /// The keys of those of some accounts that ever got some.
    async fn read(&self, accounts: &[AccountId]) -> Result<Read, KeysError> {
        match self {
            Self::File(file) => file.read(accounts),
            Self::Postgres(database) => database.read(accounts).await,
        }
    }

    /// Keeps keys, durably, of those accounts that never got any.
    async fn insert(&self, keys: Vec<Wrapped>) -> Result<(), KeysError> {
        match self {
            Self::File(file) => file.insert(keys).await,
            Self::Postgres(database) => database.insert(&keys).await,
        }
    }

    /// Destroys keys of an account, durably; how often that was done by now, if it was now. One that never
    /// got any gets these first, so that there is something to mark.
    async fn destroy(&self, keys: Wrapped, parts: &[Part]) -> Result<Option<i64>, KeysError> {
        match self {
            Self::File(file) => file.destroy(keys, parts).await,
            Self::Postgres(database) => database.destroy(&keys, parts).await,
        }
    }

    /// The next keys after those of an account, in any order that stays, at most so many.
    async fn all(&self, after: Option<AccountId>, limit: usize) -> Result<Vec<Wrapped>, KeysError> {
        match self {
            Self::File(file) => file.all(after, limit),
            Self::Postgres(database) => database.all(after, limit).await,
        }
    }
}

/// The keys of an account that got some; those that are still there.
#[derive(PartialEq, Eq)]
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
    /// They can't be opened, read or written.
    #[error("keys {keys}: {source}")]
    Storage {
        /// Where they are.
        keys: String,
        /// What failed.
        source: Box<dyn Error + Send + Sync>,
    },
    /// They can't be reached just now: trying again may help.
    #[error("keys {keys} aren't available just now, try again: {reason}")]
    Unavailable {
        /// Where they are.
        keys: String,
        /// What it came to.
        reason: String,
    },
    /// The keyring was made with another master key.
    #[error(
        "keys {keys}: they were made with another master key; give that one, or name other keys"
    )]
    WrongMasterKey {
        /// Where they are.
        keys: String,
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
        "keys {keys}: the keys of account {account} are damaged; put a copy of them in their place"
    )]
    Damaged {
        /// Where they are.
        keys: String,
        /// Whose keys they are.
        account: AccountId,
    },
    /// Somebody has other keys in another keyring, so what one opens the other doesn't.
    #[error(
        "keys {keys}: those of account {account} are others: these are of another community, or made anew; \
         name a keyring that has none yet"
    )]
    Others {
        /// Where they are.
        keys: String,
        /// Whose keys they are.
        account: AccountId,
    },
}

impl Keyring {
    /// Opens a keyring in a file, and makes a new one where there is none.
    ///
    /// # Errors
    /// If the file can't be opened, isn't a keyring, was written by a newer Plaudit, or was made with
    /// another master key.
    pub fn open(path: &Path, master: &MasterKey) -> Result<Self, KeysError> {
        let file = File::open(path, &master.0)?;
        Ok(Self::new(Store::File(file), master.0.clone()))
    }

    /// Opens a keyring in a PostgreSQL database, and makes a new one where there is none.
    ///
    /// # Errors
    /// If the server lets nobody in, the database holds a journal, or a keyring of a newer Plaudit, or one that
    /// was made with another master key.
    pub async fn open_postgres(address: Address, master: &MasterKey) -> Result<Self, KeysError> {
        let database = Database::open(address, &master.0).await?;
        Ok(Self::new(Store::Postgres(database), master.0.clone()))
    }

    /// A keyring of its own that goes as it is dropped, and what was sealed with it, too.
    ///
    /// # Errors
    /// If the system gives no random bytes or no memory.
    pub fn in_memory() -> Result<Self, KeysError> {
        let master = Key::random().map_err(|error| KeysError::Storage {
            keys: file::IN_MEMORY.to_owned(),
            source: error.into(),
        })?;
        let file = File::in_memory(&master)?;
        Ok(Self::new(Store::File(file), master))
    }

    fn new(store: Store, master: Key) -> Self {
        Self {
            store,
            master,
            remembered: Cache::new(REMEMBERED),
            seen: Mutex::new(UNSEEN),
        }
    }

    /// Where its keys are.
    pub fn name(&self) -> String {
        self.store.name()
    }

    /// Destroys keys of an account, durably and for good. None are made in their place: nothing about
    /// it is recorded any more. Doing it again changes nothing; whether there was something to destroy
    /// is returned.
    ///
    /// Other processes notice with the next thing that they read.
    ///
    /// # Errors
    /// If the keys can't be written; then try again.
    pub async fn destroy(&self, account: AccountId, parts: &[Part]) -> Result<bool, KeysError> {
        let fresh = self.fresh(account)?;
        let destroyed = self.store.destroy(fresh, parts).await;
        let mut seen = self.seen.lock();
        match destroyed {
            Ok(None) => {}
            Ok(Some(destroyed)) if destroyed == *seen + 1 => {
                *seen = destroyed;
                self.remembered.remove(&account);
            }
            // Others were destroyed, too; or after a failed commit these may be gone all the same.
            Ok(Some(_)) | Err(_) => {
                *seen = UNSEEN;
                self.remembered.clear();
            }
        }
        destroyed.map(|destroyed| destroyed.is_some())
    }

    /// The keys of accounts that ever got some. It knows of every key that was destroyed before it was
    /// called, by whichever process.
    pub(crate) async fn find(&self, accounts: &HashSet<AccountId>) -> Result<KeysOf, KeysError> {
        loop {
            let seen = *self.seen.lock();
            let mut keys = self.remembered(accounts);
            let missing = accounts
                .iter()
                .filter(|account| !keys.contains_key(account));
            let missing: Vec<_> = missing.copied().collect();
            let read = self.store.read(&missing).await?;
            let found = read.keys.iter().map(|wrapped| self.unwrap(wrapped));
            let found = found.collect::<Result<Vec<_>, _>>()?;
            if self.remember(seen, read.destroyed, &found) {
                keys.extend(found);
                return Ok(keys);
            }
        }
    }

    /// Remembers what was found, if no key was destroyed since that is known of; whether none was. Otherwise
    /// it forgets all.
    fn remember(&self, seen: i64, destroyed: i64, found: &[(AccountId, Arc<Keys>)]) -> bool {
        let mut now = self.seen.lock();
        if *now != seen {
            return false;
        }
        if destroyed != seen {
            self.remembered.clear();
            *now = destroyed;
            return false;
        }
        for (account, keys) in found {
            self.remembered.insert(*account, Arc::clone(keys));
        }
        true
    }

    /// The keys of accounts, as far as they are remembered: without looking at what is stored.
    pub(crate) fn remembered(&self, accounts: &HashSet<AccountId>) -> KeysOf {
        let keys = |account: &AccountId| Some((*account, self.remembered.get(account)?));
        accounts.iter().filter_map(keys).collect()
    }

    /// The keys of accounts. Those that have none yet get them, durably, in one transaction.
    pub(crate) async fn make(&self, accounts: &HashSet<AccountId>) -> Result<KeysOf, KeysError> {
        let mut keys = self.find(accounts).await?;
        if keys.len() < accounts.len() {
            let missing = accounts.iter().copied();
            let missing = missing.filter(|account| !keys.contains_key(account));
            let missing: HashSet<_> = missing.collect();
            let fresh = missing.iter().map(|account| self.fresh(*account));
            self.store.insert(fresh.collect::<Result<_, _>>()?).await?;
            // Read back, because another process may have been first with some of them.
            keys.extend(self.find(&missing).await?);
        }
        Ok(keys)
    }

    /// New keys for an account.
    fn fresh(&self, account: AccountId) -> Result<Wrapped, KeysError> {
        let key = || Key::random().map_err(|error| self.failed(error));
        self.wrap(account, Some(&key()?), Some(&key()?))
    }

    /// Keys as they are stored; those that were destroyed as such.
    fn wrap(
        &self,
        account: AccountId,
        identity: Option<&Key>,
        content: Option<&Key>,
    ) -> Result<Wrapped, KeysError> {
        let wrapped = |key: Option<&Key>, part| -> Result<[u8; WRAPPED], KeysError> {
            let Some(key) = key else {
                return Ok(DESTROYED);
            };
            let sealed = self.master.seal(&place(account, part), key.bytes());
            let sealed = sealed.map_err(|error| self.failed(error))?;
            // All keys are of one length.
            let sealed = sealed.as_slice().try_into();
            sealed.map_err(|error| self.failed(error))
        };
        Ok(Wrapped {
            account,
            identity: wrapped(identity, Part::Identity)?,
            content: wrapped(content, Part::Content)?,
        })
    }

    fn unwrap(&self, wrapped: &Wrapped) -> Result<(AccountId, Arc<Keys>), KeysError> {
        let Wrapped {
            account,
            identity,
            content,
        } = wrapped;
        let keys = Keys {
            identity: self.unwrap_one(*account, Part::Identity, identity)?,
            content: self.unwrap_one(*account, Part::Content, content)?,
        };
        Ok((*account, Arc::new(keys)))
    }

    /// A key as it is stored; none where it was destroyed.
    fn unwrap_one(
        &self,
        account: AccountId,
        part: Part,
        wrapped: &[u8; WRAPPED],
    ) -> Result<Option<Key>, KeysError> {
        if *wrapped == DESTROYED {
            return Ok(None);
        }
        let key = self.master.open(&place(account, part), wrapped);
        let key = key.map(Zeroizing::new);
        match key.and_then(|key| Key::of(&key)) {
            Some(key) => Ok(Some(key)),
            None => Err(KeysError::Damaged {
                keys: self.name(),
                account,
            }),
        }
    }

    /// Something else failed as these keys were used.
    pub(crate) fn failed(&self, source: impl Into<Box<dyn Error + Send + Sync>>) -> KeysError {
        KeysError::Storage {
            keys: self.name(),
            source: source.into(),
        }
    }
}

/// What shows that a keyring was made with a master key.
fn proof(master: &Key) -> Result<Vec<u8>, SealError> {
    master.seal(PROOF, PROOF)
}

/// Whether a keyring was made with a master key.
fn is_proved(master: &Key, proof: &[u8]) -> bool {
    master.open(PROOF, proof).is_some()
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
