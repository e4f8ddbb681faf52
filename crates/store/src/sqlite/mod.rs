//! A generation of read models as an SQLite file.
//!
//! Reads run in process on the calling task, with prepared statements: a point read costs less
//! than handing it to another thread. One connection writes; as many as are needed read.

use std::any::Any;
use std::path::Path;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use plaudit_domain::Position;
use plaudit_projection::Rows;
use rusqlite::{Connection, OpenFlags};

use self::connection::{Borrowed, Free, Reader, Transaction, configure, configure_reads, purge};
use self::failure::Failure;
pub(crate) use self::failure::is_full;
use crate::engine::Engine;
use crate::lease::{Lease, Moved};
use crate::{Commit, Result, StoreError};

mod bind;
mod bulk;
mod connection;
mod failure;
#[cfg(test)]
mod plans;
mod runs;
mod schema;
mod write;

pub use bulk::{BulkLoad, remove};

/// A generation of read models in a file.
pub struct SqliteStore {
    path: Arc<Path>,
    /// None where it was opened to be read only.
    writer: Option<Mutex<Connection>>,
    readers: Free,
    /// Where nothing may be written it is taken for granted that nobody else writes: SQLite can't make
    /// there what it would notice that by.
    is_still: bool,
    /// As long as it is held nobody removes the file, which readers open again and again. Where no such
    /// file can be made nothing can be removed, either.
    _in_use: Option<std::fs::File>,
    /// What is to go once all of the above is closed.
    _guard: Option<Box<dyn Any + Send + Sync>>,
}

impl SqliteStore {
    /// Opens the read models in a file, folded by the rules of a
    /// [hash](plaudit_projection::Rules::folding_hash);
    /// where there is none, makes empty ones.
    ///
    /// # Errors
    /// [`StoreError::Outdated`] if the file's tables aren't those of this version's rows, or were folded
    /// by other rules.
    pub fn open(path: &Path, rules: &str) -> Result<Self> {
        let failed = |failure: Failure| failure.at(path);
        let in_use = bulk::in_use(path)?;
        in_use.lock_shared()?;
        let mut writer = Connection::open(path).map_err(|error| failed(error.into()))?;
        configure(&writer, "WAL", "NORMAL").map_err(|error| failed(error.into()))?;
        schema::open(&mut writer, rules).map_err(failed)?;
        Ok(Self {
            path: path.into(),
            writer: Some(Mutex::new(writer)),
            readers: Free::default(),
            is_still: false,
            _in_use: Some(in_use),
            _guard: None,
        })
    }

    /// Opens the read models in a file, folded by the rules of a hash, to read them: nothing is written to
    /// it, and it need not be writable. Another process may fold into it meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Outdated`] if the file's tables aren't those of this version's rows, or were folded
    /// by other rules; if there is no such file.
    pub fn open_read_only(path: &Path, rules: &str) -> Result<Self> {
        let in_use = bulk::in_use(path).ok();
        if let Some(in_use) = &in_use {
            in_use.lock_shared()?;
        }
        let mut store = Self {
            path: path.into(),
            writer: None,
            readers: Free::default(),
            is_still: false,
            _in_use: in_use,
            _guard: None,
        };
        let check = |store: &Self| {
            let connection = store.connect()?;
            schema::check(&connection, rules)
        };
        match check(&store).map_err(|failure| failure.at(path)) {
            Err(StoreError::Storage { .. }) if path.exists() => {
                store.is_still = true;
                check(&store).map_err(|failure| failure.at(path))?;
            }
            checked => checked?,
        }
        Ok(store)
    }

    /// The same, with something that is dropped once it is closed.
    pub fn guarded_by(self, guard: impl Any + Send + Sync) -> Self {
        Self {
            _guard: Some(Box::new(guard)),
            ..self
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn connect(&self) -> std::result::Result<Connection, Failure> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match self.is_still {
            false => Connection::open_with_flags(&self.path, flags)?,
            true => {
                let uri = still(&self.path);
                Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
            }
        };
        configure_reads(&connection)?;
        Ok(connection)
    }

    fn writer(&self) -> Result<MutexGuard<'_, Connection>> {
        let writer = self.writer.as_ref().ok_or_else(|| StoreError::Storage {
            place: self.path.display().to_string(),
            source: "it was opened to be read only".into(),
        })?;
        Ok(writer.lock())
    }

    fn failed(&self, failure: impl Into<Failure>) -> StoreError {
        failure.into().at(&self.path)
    }
}

/// What SQLite calls a file that nobody writes to.
fn still(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for character in path.to_string_lossy().chars() {
        match character {
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            '%' => uri.push_str("%25"),
            other => uri.push(other),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

impl Engine for SqliteStore {
    type Session = Borrowed;
    type Moment = Transaction;

    fn session(&self) -> Result<Borrowed> {
        let free = self.readers.lock().pop();
        let reader = match free {
            Some(reader) => reader,
            None => {
                let connection = self.connect().map_err(|error| self.failed(error))?;
                Arc::new(Reader::new(connection, self.path.clone()))
            }
        };
        Ok(Borrowed::new(reader, self.readers.clone()))
    }

    async fn moment(&self) -> Result<Transaction> {
        Transaction::begin(self.session()?)
    }

    async fn commit(&self, rows: &Rows, from: Position, to: Position) -> Result<Commit> {
        write::commit(&mut *self.writer()?, &self.path, rows, from, to)
            .map_err(|error| self.failed(error))
    }

    /// Whoever shares the machine may fold, too: nobody has to wait for them.
    async fn lease(&self, _: Moved<'_>) -> Result<Lease> {
        Ok(Lease::undisputed())
    }

    async fn purge(&self) -> Result<()> {
        purge(&*self.writer()?).map_err(|error| self.failed(error))
    }
}
