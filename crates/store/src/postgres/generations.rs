//! Which generations a database has, which of them is in use, and which was before: what is kept of all of them.

use plaudit_postgres::{Address, Migration, Pool, PostgresError, Schema, patiently};

use uuid::Uuid;

use super::{Lock, Mode, PostgresLoad, PostgresStore, failed, schema};
use crate::{Result, StoreError};

/// So many connections ask for it at most.
const CONNECTIONS: usize = 2;

/// What is kept of all generations. It isn't made anew with them: so it is migrated.
const KEPT: Schema = Schema {
    name: "plaudit",
    holds: "set of read models",
    never_beside: &[("plaudit_keys", "keyring")],
    migrations: &[Migration {
        name: "V1__generations",
        sql: "CREATE TABLE plaudit.generations (
                  one boolean PRIMARY KEY DEFAULT TRUE CHECK (one),
                  current bigint,
                  before bigint,
                  erased boolean NOT NULL DEFAULT FALSE,
                  community uuid -- the first event of its history
              );
              INSERT INTO plaudit.generations DEFAULT VALUES",
    }],
};

/// The generations of a database: schemas `plaudit_1`, `plaudit_2` …
#[derive(Clone)]
pub struct Schemas {
    address: Address,
    pool: Pool,
}

impl Schemas {
    /// Those of a database; what is kept of all of them is made, if it isn't there.
    ///
    /// # Errors
    /// If the database can't be reached, or holds something else.
    pub async fn open(address: &Address) -> Result<Self> {
        let made = async {
            let mut connection = patiently(|| address.connect()).await?;
            KEPT.set_up(address, &mut connection).await
        };
        made.await.map_err(|error| failed(KEPT.name, error))?;
        Self::of(address)
    }

    /// The same, to read what is there.
    ///
    /// # Errors
    /// Also if there is nothing.
    pub async fn existing(address: &Address) -> Result<Self> {
        let checked = async {
            let connection = patiently(|| address.connect()).await?;
            KEPT.check(address, &connection).await
        };
        checked.await.map_err(|error| failed(KEPT.name, error))?;
        Self::of(address)
    }

    fn of(address: &Address) -> Result<Self> {
        let pool = address.pool(CONNECTIONS);
        Ok(Self {
            pool: pool.map_err(|error| failed(KEPT.name, error))?,
            address: address.clone(),
        })
    }

    /// The database.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The numbers of all generations, in no order.
    ///
    /// # Errors
    /// If the database can't be asked.
    pub async fn numbers(&self) -> Result<Vec<u64>> {
        let sql = "SELECT substr(nspname, 9)::bigint FROM pg_namespace
                   WHERE nspname ~ '^plaudit_[0-9]{1,18}$'";
        let rows = self.ask(sql).await?;
        Ok(rows
            .iter()
            .map(|row| row.get::<_, i64>(0).cast_unsigned())
            .collect())
    }

    /// The number of the generation in use, and of the one before it.
    ///
    /// # Errors
    /// If the database can't be asked.
    pub async fn kept(&self) -> Result<[Option<u64>; 2]> {
        let rows = self
            .ask("SELECT current, before FROM plaudit.generations")
            .await?;
        let number = |at| {
            let row = rows.first()?;
            row.get::<_, Option<i64>>(at).map(i64::cast_unsigned)
        };
        Ok([number(0), number(1)])
    }

    /// Puts a generation in use; the one in use so far is the one before.
    ///
    /// # Errors
    /// If the database can't be asked.
    pub async fn put_in_use(&self, number: u64) -> Result<()> {
        let sql = format!(
            "UPDATE plaudit.generations SET current = {number}, before = coalesce(current, before)
             WHERE current IS DISTINCT FROM {number}"
        );
        self.ask(&sql).await.map(drop)
    }

    /// Notes which community's they are, by the first event of its history.
    ///
    /// # Errors
    /// If they are another's; if the database can't be asked.
    pub async fn claim(&self, first: Uuid) -> Result<()> {
        let sql = format!(
            "UPDATE plaudit.generations SET community = coalesce(community, '{first}')
             RETURNING community"
        );
        let rows = self.ask(&sql).await?;
        match rows.first().map(|row| row.get::<_, Uuid>(0)) {
            Some(own) if own == first => Ok(()),
            Some(_) | None => Err(StoreError::Refused {
                place: format!("in {}", self.address),
                source: "they are another community's: name another database, or drop the schema plaudit and \
                         all plaudit_N there"
                    .into(),
            }),
        }
    }

    /// Whether generations may hold what was erased.
    ///
    /// # Errors
    /// If the database can't be asked.
    pub async fn has_erased(&self) -> Result<bool> {
        let rows = self.ask("SELECT erased FROM plaudit.generations").await?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    /// Notes whether they may.
    ///
    /// # Errors
    /// If the database can't be asked.
    pub async fn note_erased(&self, erased: bool) -> Result<()> {
        let sql = format!("UPDATE plaudit.generations SET erased = {erased}");
        self.ask(&sql).await.map(drop)
    }

    /// Whether there is a generation.
    ///
    /// # Errors
    /// If the database can't be asked.
    pub async fn exists(&self, number: u64) -> Result<bool> {
        schema::exists(&self.address, &name(number)).await
    }

    /// Opens a generation that is there.
    ///
    /// # Errors
    /// The same as [`PostgresStore::open_to_read`].
    pub async fn generation(&self, number: u64, rules: &str) -> Result<PostgresStore> {
        PostgresStore::open_to_read(&self.address, &name(number), rules).await
    }

    /// Whether nobody has another generation open than that.
    ///
    /// # Errors
    /// If the database can't be asked.
    pub async fn is_only_one_open(&self, number: u64) -> Result<bool> {
        // A lock's number is in two halves there.
        let sql = format!(
            "SELECT NOT EXISTS (
                 SELECT FROM pg_namespace JOIN pg_locks
                 ON ((classid::bigint << 32) | objid::bigint)
                     = hashtextextended('plaudit: ' || nspname || ' is in use', 0)
                 WHERE nspname ~ '^plaudit_[0-9]{{1,18}}$' AND nspname <> '{}'
                   -- Nobody reads from one that is still being made.
                   AND substr(nspname, 9)::bigint
                     <= (SELECT greatest(current, before) FROM plaudit.generations)
                   AND locktype = 'advisory' AND objsubid = 1 AND granted
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
            name(number)
        );
        let rows = self.ask(&sql).await?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    /// Begins to fill a generation.
    ///
    /// # Errors
    /// The same as [`PostgresLoad::begin`].
    pub async fn load(&self, number: u64, rules: &str) -> Result<PostgresLoad> {
        PostgresLoad::begin(&self.address, &name(number), rules).await
    }

    /// Removes a generation, unless somebody has it open; whether it is gone.
    ///
    /// # Errors
    /// If the database can't be asked.
    pub async fn remove(&self, number: u64) -> Result<bool> {
        schema::remove(&self.address, &name(number)).await
    }

    /// Keeps others from building a generation, if nobody does.
    ///
    /// # Errors
    /// If the database can't be asked.
    pub async fn lock(&self) -> Result<Option<Lock>> {
        let lock = Lock::try_hold(&self.address, "plaudit: a generation is built", Mode::Alone);
        lock.await.map_err(|error| failed(KEPT.name, error))
    }

    async fn ask(&self, sql: &str) -> Result<Vec<plaudit_postgres::tokio_postgres::Row>> {
        let asked = patiently(|| async {
            let connection = self.pool.get().await;
            let connection = connection.map_err(|error| self.address.pool_error(error))?;
            let rows = connection.query(sql, &[]).await;
            rows.map_err(|error| self.address.error(error))
        });
        let asked: std::result::Result<_, PostgresError> = asked.await;
        asked.map_err(|error| failed(KEPT.name, error))
    }
}

fn name(number: u64) -> String {
    format!("plaudit_{number}")
}
