//! A keyring in a PostgreSQL database, which any number of nodes share.
//!
//! PostgreSQL never overwrites a row where it stands: what was destroyed is out of the table's file once that is
//! vacuumed, which is begun at once; out of its log and of backups once those are gone. It is wrapped by the
//! master key in all of them.

use futures_util::future::try_join;
use plaudit_domain::AccountId;
use plaudit_domain::personal::Part;
use plaudit_postgres::tokio_postgres::Row;
use plaudit_postgres::{Address, Migration, Pool, PostgresError, Schema, patiently};

use super::key::Key;
use super::{DESTROYED, KeysError, Read, WRAPPED, Wrapped, is_proved, proof};

/// The schema that keys are in.
pub(crate) const NAME: &str = "plaudit_keys";

const SCHEMA: Schema = Schema {
    name: NAME,
    holds: "keyring",
    // Who has a copy of both could read everything with the master key, and a copy that is put back would bring
    // destroyed keys back. Names and texts are in read models as they are.
    never_beside: &[
        (crate::postgres::NAME, "journal"),
        ("plaudit", "set of read models"),
    ],
    migrations: &[Migration {
        name: "V1__keys",
        sql: "
            CREATE TABLE plaudit_keys.keyring (
                one       boolean PRIMARY KEY CHECK (one),
                proof     bytea   NOT NULL, -- opens with the master key that all rows were made with
                destroyed bigint  NOT NULL  -- how often keys were destroyed
            );
            CREATE TABLE plaudit_keys.account (
                id        uuid    PRIMARY KEY,
                identity  bytea   NOT NULL CHECK (length(identity) = 72),
                content   bytea   NOT NULL CHECK (length(content) = 72)
            );
            -- Keys are as random as anything: squeezing them gains nothing.
            ALTER TABLE plaudit_keys.account
                ALTER identity SET STORAGE PLAIN, ALTER content SET STORAGE PLAIN;",
    }],
};

const PROVE: &str = "
    INSERT INTO plaudit_keys.keyring VALUES (true, $1, 0) ON CONFLICT (one) DO NOTHING";

const PROOF: &str = "SELECT proof FROM plaudit_keys.keyring";

const TIMES: &str = "SELECT destroyed FROM plaudit_keys.keyring";

const FIND: &str = "SELECT id, identity, content FROM plaudit_keys.account WHERE id = ANY($1)";

/// In the order of ids, so that two who insert the same ones don't wait for each other crosswise.
const INSERT: &str = "
    INSERT INTO plaudit_keys.account (id, identity, content)
    SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) fresh(id, identity, content) ORDER BY id
    ON CONFLICT (id) DO NOTHING";

const DESTROY: &str = "
    WITH gone AS (
        UPDATE plaudit_keys.account
        SET identity = CASE WHEN $2 THEN $4 ELSE identity END,
            content = CASE WHEN $3 THEN $4 ELSE content END
        WHERE id = $1 AND ($2 AND identity <> $4 OR $3 AND content <> $4)
        RETURNING id
    )
    UPDATE plaudit_keys.keyring SET destroyed = destroyed + 1
    WHERE EXISTS (SELECT FROM gone) RETURNING destroyed";

const ALL: &str = "
    SELECT id, identity, content FROM plaudit_keys.account
    WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2";

/// How many connections a node needs at most for keys.
const CONNECTIONS: usize = 8;

/// A keyring in a database.
pub(super) struct Database {
    address: Address,
    pool: Pool,
}

impl Database {
    /// The keyring in a database, which is made where there is none.
    pub async fn open(address: Address, master: &Key) -> Result<Self, KeysError> {
        // A key is on the disk before what needs it, whatever the database otherwise does.
        let address = address.with_setting("synchronous_commit", "on");
        let failed = |error| failed(&address, error);
        let mut connection = address.connect().await.map_err(failed)?;
        SCHEMA
            .set_up(&address, &mut connection)
            .await
            .map_err(failed)?;
        let proof = proof(master).map_err(|error| KeysError::Storage {
            keys: address.name().to_owned(),
            source: error.into(),
        })?;
        let proof = async {
            connection.execute(PROVE, &[&proof]).await?;
            connection.query_one(PROOF, &[]).await
        };
        let proof = proof.await.map_err(|error| failed(address.error(error)))?;
        if !is_proved(master, proof.get(0)) {
            let keys = address.name().to_owned();
            return Err(KeysError::WrongMasterKey { keys });
        }
        let pool = address.pool(CONNECTIONS).map_err(failed)?;
        Ok(Self { address, pool })
    }

    /// What to call it in messages.
    pub fn name(&self) -> String {
        self.address.name().to_owned()
    }

    /// How often keys were destroyed is read before the keys: so these are no older.
    pub async fn read(&self, accounts: &[AccountId]) -> Result<Read, KeysError> {
        let ids: Vec<_> = accounts.iter().map(|account| account.0).collect();
        let read = patiently(|| async {
            let client = self.client().await?;
            let read = async {
                let times = client.prepare_cached(TIMES).await?;
                if ids.is_empty() {
                    return Ok((client.query_one(&times, &[]).await?, Vec::new()));
                }
                let find = client.prepare_cached(FIND).await?;
                try_join(client.query_one(&times, &[]), client.query(&find, &[&ids])).await
            };
            read.await.map_err(|error| self.address.error(error))
        });
        let (times, keys) = read.await.map_err(|error| self.failed(error))?;
        let keys = keys.iter().map(|row| self.wrapped(row));
        Ok(Read {
            destroyed: times.get(0),
            keys: keys.collect::<Result<_, _>>()?,
        })
    }

    pub async fn insert(&self, keys: &[Wrapped]) -> Result<(), KeysError> {
        let inserted = patiently(|| async {
            let client = self.client().await?;
            let ids: Vec<_> = keys.iter().map(|it| it.account.0).collect();
            let identities: Vec<&[u8]> = keys.iter().map(|it| &it.identity[..]).collect();
            let contents: Vec<&[u8]> = keys.iter().map(|it| &it.content[..]).collect();
            let inserted = async {
                let insert = client.prepare_cached(INSERT).await?;
                client
                    .execute(&insert, &[&ids, &identities, &contents])
                    .await
            };
            inserted.await.map_err(|error| self.address.error(error))
        });
        inserted.await.map(drop).map_err(|error| self.failed(error))
    }

    pub async fn destroy(&self, keys: &Wrapped, parts: &[Part]) -> Result<Option<i64>, KeysError> {
        // An account that has no keys gets them first, so that there is something to mark.
        self.insert(&[*keys]).await?;
        let id = keys.account.0;
        let [identity, content] = [Part::Identity, Part::Content].map(|part| parts.contains(&part));
        let mut tries = 0;
        let destroyed = patiently(|| {
            tries += 1;
            let is_first = tries == 1;
            async move {
                let client = self.client().await?;
                let gone = &DESTROYED[..];
                let row = client
                    .query_opt(DESTROY, &[&id, &identity, &content, &gone])
                    .await;
                let row = row.map_err(|error| self.address.error(error))?;
                match row {
                    Some(row) => Ok(Some(row.get(0))),
                    None if is_first => Ok(None),
                    // The one before may have done it, and not come to say so.
                    None => {
                        let row = client.query_one(TIMES, &[]).await;
                        let row = row.map_err(|error| self.address.error(error))?;
                        Ok(Some(row.get(0)))
                    }
                }
            }
        });
        let destroyed = destroyed.await.map_err(|error| self.failed(error))?;
        if destroyed.is_some() {
            self.vacuum().await;
        }
        Ok(destroyed)
    }

    /// Takes what was overwritten out of the table's file, as far as PostgreSQL does.
    async fn vacuum(&self) {
        let vacuumed = async {
            let client = self.client().await?;
            let vacuumed = client.batch_execute("VACUUM plaudit_keys.account").await;
            vacuumed.map_err(|error| self.address.error(error))
        };
        if let Err(error) = vacuumed.await {
            tracing::warn!(
                "a destroyed key stays in its table's file until that is vacuumed: {error}"
            );
        }
    }

    pub async fn all(
        &self,
        after: Option<AccountId>,
        limit: usize,
    ) -> Result<Vec<Wrapped>, KeysError> {
        let after = after.map(|account| account.0);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = patiently(|| async {
            let client = self.client().await?;
            let rows = client.query(ALL, &[&after, &limit]).await;
            rows.map_err(|error| self.address.error(error))
        });
        let rows = rows.await.map_err(|error| self.failed(error))?;
        rows.iter().map(|row| self.wrapped(row)).collect()
    }

    fn wrapped(&self, row: &Row) -> Result<Wrapped, KeysError> {
        let account = AccountId(row.get(0));
        let key = |column| -> Result<[u8; WRAPPED], KeysError> {
            let bytes: &[u8] = row.get(column);
            bytes.try_into().map_err(|_| KeysError::Damaged {
                keys: self.name(),
                account,
            })
        };
        Ok(Wrapped {
            account,
            identity: key(1)?,
            content: key(2)?,
        })
    }

    async fn client(&self) -> Result<plaudit_postgres::Client, PostgresError> {
        let client = self.pool.get().await;
        client.map_err(|error| self.address.pool_error(error))
    }

    fn failed(&self, error: PostgresError) -> KeysError {
        failed(&self.address, error)
    }
}

fn failed(address: &Address, error: PostgresError) -> KeysError {
    let keys = address.name().to_owned();
    match error {
        PostgresError::Unavailable { reason, .. } => KeysError::Unavailable { keys, reason },
        PostgresError::Refused { reason, .. } | PostgresError::Failed { reason, .. } => {
            KeysError::Storage {
                keys,
                source: reason.into(),
            }
        }
    }
}
