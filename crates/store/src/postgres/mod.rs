//! A generation of read models as a schema of a PostgreSQL database.
//!
//! Each statement takes a connection of a pool for itself; what reads of one moment has one for as long. What
//! doesn't depend on one another is sent at once. A server that is gone for a moment is waited for.

use std::sync::Arc;

use plaudit_domain::Position;
use plaudit_postgres::{Connection, Object, Pool, PostgresError};
use plaudit_projection::Rows;

use self::session::{Pooled, PostgresMoment};
use crate::engine::Engine;
use crate::lease::{Lease, Moved};
use crate::{Commit, Result, StoreError};

mod bind;
mod bulk;
mod generations;
mod lease;
mod lock;
mod purge;
mod schema;
mod session;
mod write;

pub use bulk::PostgresLoad;
pub use generations::Schemas;
pub use lock::{Lock, Mode};
pub use plaudit_postgres::{Address, AddressError};

/// So many connections read and write a generation at most.
const CONNECTIONS: usize = 16;

/// A generation of read models in a schema.
pub struct PostgresStore {
    at: Arc<Place>,
    /// As long as it is held nobody removes the schema.
    _in_use: Lock,
}

/// Where a generation is.
struct Place {
    address: Address,
    schema: String,
    pool: Pool,
}

impl Place {
    fn new(address: &Address, schema: &str) -> Result<Self> {
        let there = address.clone().with_setting("search_path", schema);
        // To compile a plan takes longer than most of what is asked here.
        let there = there.with_setting("jit", "off");
        // A process that hangs in the middle of writing keeps nobody else waiting for ever.
        let there = there.with_setting("idle_in_transaction_session_timeout", "10s");
        let pool = there
            .pool(CONNECTIONS)
            .map_err(|error| failed(schema, error))?;
        Ok(Self {
            address: address.clone(),
            schema: schema.to_owned(),
            pool,
        })
    }

    /// A connection, whose statements are about this schema.
    async fn connection(&self) -> std::result::Result<Object, PostgresError> {
        let connection = self.pool.get().await;
        connection.map_err(|error| self.address.pool_error(error))
    }

    fn error(&self, error: plaudit_postgres::tokio_postgres::Error) -> PostgresError {
        self.address.error(error)
    }

    fn failed(&self, error: PostgresError) -> StoreError {
        failed(&self.schema, error)
    }
}

/// What becomes of an error, which says itself which database it is about.
fn failed(schema: &str, error: PostgresError) -> StoreError {
    let place = format!("in schema {schema}");
    match error {
        PostgresError::Unavailable { .. } => StoreError::Unavailable {
            place,
            source: Box::new(error),
        },
        PostgresError::Refused { .. } => StoreError::Refused {
            place,
            source: Box::new(error),
        },
        PostgresError::Failed { .. } => StoreError::Storage {
            place,
            source: Box::new(error),
        },
    }
}

impl PostgresStore {
    /// Opens the read models in a schema, folded by the rules of a
    /// [hash](plaudit_projection::Rules::folding_hash); where there is none, makes empty ones.
    ///
    /// # Errors
    /// [`StoreError::Outdated`] if the tables aren't those of this version's rows, or were folded by other
    /// rules; if the database can't be reached.
    pub async fn open(address: &Address, schema: &str, rules: &str) -> Result<Self> {
        let store = Self::take(address, schema).await?;
        schema::open(&store.at, rules).await?;
        Ok(store)
    }

    /// Opens the read models in a schema, folded by the rules of a hash, to read them: nothing is made.
    ///
    /// # Errors
    /// The same, and if there is no such schema.
    pub async fn open_to_read(address: &Address, schema: &str, rules: &str) -> Result<Self> {
        let store = Self::take(address, schema).await?;
        schema::check(&store.at, rules).await?;
        Ok(store)
    }

    async fn take(address: &Address, schema: &str) -> Result<Self> {
        let in_use = Lock::hold(address, &schema::in_use(schema), Mode::Shared)
            .await
            .map_err(|error| failed(schema, error))?;
        Ok(Self {
            at: Arc::new(Place::new(address, schema)?),
            _in_use: in_use,
        })
    }

    /// Its schema.
    pub fn schema(&self) -> &str {
        &self.at.schema
    }
}

impl Engine for PostgresStore {
    type Session = Pooled;
    type Moment = PostgresMoment;

    fn session(&self) -> Result<Pooled> {
        Ok(Pooled::new(self.at.clone()))
    }

    async fn moment(&self) -> Result<PostgresMoment> {
        PostgresMoment::begin(self.at.clone()).await
    }

    async fn commit(&self, rows: &Rows, from: Position, to: Position) -> Result<Commit> {
        write::commit(&self.at, rows, from, to).await
    }

    async fn lease(&self, moved: Moved<'_>) -> Result<Lease> {
        self.leased(moved).await
    }

    async fn purge(&self) -> Result<()> {
        purge::purge(&self.at).await
    }
}

/// A connection of one's own to a generation's schema.
async fn connect(address: &Address, schema: &str) -> Result<Connection> {
    let there = address.clone().with_setting("search_path", schema);
    let connected = there.connect().await;
    connected.map_err(|error| failed(schema, error))
}
