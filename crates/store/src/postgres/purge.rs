//! Taking out of the tables' files what was erased.
//!
//! PostgreSQL keeps what was there before until it is vacuumed, and pages keep it even then: so all tables are
//! written anew. Its log and its backups are its operator's (README says so).

use std::time::{Duration, Instant};

use plaudit_postgres::tokio_postgres::error::SqlState;
use plaudit_postgres::{Object, PostgresError};
use tokio::time::sleep;

use super::Place;
use crate::{Result, StoreError, tables};

/// So long it is waited for who still reads what was there before.
const PATIENCE: Duration = Duration::from_secs(10);

const PAUSE: Duration = Duration::from_millis(50);

/// Whoever wants to read waits behind who waits for a table: so nobody waits for long for one that somebody else
/// holds, like a session that was left in the middle of a transaction.
const BRIEFLY: &str = "SET lock_timeout = '200ms'";

/// Writes all tables anew, if something was erased.
pub async fn purge(at: &Place) -> Result<()> {
    let connection = at.connection().await.map_err(|error| at.failed(error))?;
    let erased = connection
        .query_one("SELECT erased FROM progress", &[])
        .await;
    if !erased
        .map_err(|error| at.failed(at.error(error)))?
        .get::<_, bool>(0)
    {
        return Ok(());
    }
    let is_free = readers_go(at, &connection)
        .await
        .map_err(|error| at.failed(error))?;
    if !is_free {
        return Err(StoreError::Storage {
            place: at.schema.clone(),
            source: "a transaction that began earlier is still open, here or in another database of the server".into(),
        });
    }
    write_anew(at, &connection)
        .await
        .map_err(|error| at.failed(error))
}

/// Waits until nobody sees any more what was there before; whether that came about.
async fn readers_go(at: &Place, connection: &Object) -> std::result::Result<bool, PostgresError> {
    let failed = |error| at.error(error);
    let now = "SELECT pg_current_xact_id()::text";
    let now: String = connection.query_one(now, &[]).await.map_err(failed)?.get(0);
    // Of other databases only what is shared by all is seen, and of that there is nothing here. But while one of
    // any database still writes that began before, those who begin to read now keep what it would see, and the
    // VACUUM is one of them.
    let sees = format!(
        "SELECT pg_snapshot_xmin(pg_current_snapshot()) <= xid8 '{now}' OR EXISTS (
             SELECT FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()
               AND backend_xmin IS NOT NULL
               AND age(backend_xmin) >= age(xid '{}'))",
        now.parse::<u64>().map_or(0, |now| now & 0xffff_ffff)
    );
    let began = Instant::now();
    loop {
        let sees = connection.query_one(&sees, &[]).await.map_err(failed)?;
        if !sees.get::<_, bool>(0) {
            return Ok(true);
        }
        if began.elapsed() > PATIENCE {
            return Ok(false);
        }
        sleep(PAUSE).await;
    }
}

/// So long it is tried to have tables for oneself, and so long others have them in between.
const TURNS: Duration = Duration::from_secs(3);

const TURN: Duration = Duration::from_millis(300);

async fn write_anew(at: &Place, connection: &Object) -> std::result::Result<(), PostgresError> {
    let run = |sql: String| async move {
        let done = connection.batch_execute(&sql).await;
        done.map_err(|error| at.error(error))
    };
    run(BRIEFLY.to_owned()).await?;
    let began = Instant::now();
    let written = async {
        for table in tables::declared() {
            let vacuum = format!("VACUUM (FULL, ANALYZE) \"{}\"", table.name);
            // Who reads takes turns with who wants to read alone.
            while let Err(error) = run(vacuum.clone()).await {
                if !error.has_code(&SqlState::LOCK_NOT_AVAILABLE) || began.elapsed() > TURNS {
                    return Err(error);
                }
                sleep(TURN).await;
            }
        }
        run("UPDATE progress SET erased = FALSE".to_owned()).await
    };
    let written = written.await;
    run("RESET lock_timeout".to_owned()).await?;
    written
}
