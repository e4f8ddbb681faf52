//! Bringing tables to the shape that this version needs.

use refinery::{Runner, error::Kind};
use tokio_postgres::Client;

use crate::{Address, PostgresError};

/// The tables of one purpose, in a schema of their own, and how they came to be what they are.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// Its name in the database. Statements name tables with it, so that no search path matters.
    pub name: &'static str,
    /// What is in it, for messages, like "journal".
    pub holds: &'static str,
    /// Schemas that are never in one database with it, and what they hold: else every copy would have both.
    pub never_beside: &'static [(&'static str, &'static str)],
    /// All steps to the present shape, in order. None ever changes.
    pub migrations: &'static [Migration],
}

/// One step.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// `V1__what_it_does`: versions are 1, 2, 3 …
    pub name: &'static str,
    /// What is done.
    pub sql: &'static str,
}

/// Whom all who migrate wait for: any number that nobody else takes ("Plaudit").
const LOCK: i64 = 0x50_6c61_7564_6974;

impl Schema {
    /// Makes the tables, or brings those that are there to the present shape. Others who do so at the same
    /// time wait for each other.
    ///
    /// # Errors
    /// If the database isn't in UTF-8, somebody else's tables are there, or those of a newer version, or one
    /// isn't allowed to.
    pub async fn set_up(
        &self,
        address: &Address,
        client: &mut Client,
    ) -> Result<(), PostgresError> {
        let failed = |error| address.error(error);
        check_encoding(address, client).await?;
        self.refuse_beside(address, client).await?;
        if self.is_current(address, client).await? {
            return Ok(());
        }
        client
            .execute("SELECT pg_advisory_lock($1)", &[&LOCK])
            .await
            .map_err(failed)?;
        let migrated = self.migrate(address, client).await;
        let unlocked = client.execute("SELECT pg_advisory_unlock($1)", &[&LOCK]);
        let unlocked = unlocked.await.map_err(failed);
        migrated?;
        unlocked.map(drop)
    }

    async fn refuse_beside(&self, address: &Address, client: &Client) -> Result<(), PostgresError> {
        for (schema, holds) in self.never_beside {
            let sql = "SELECT to_regnamespace($1) IS NOT NULL";
            let there = client.query_one(sql, &[schema]).await;
            if there.map_err(|error| address.error(error))?.get(0) {
                let own = self.holds;
                let reason = format!(
                    "a {holds} is in this database, and a {own} has to be in another one: else every copy of \
                     it would have both"
                );
                let address = address.name().to_owned();
                return Err(PostgresError::Refused { address, reason });
            }
        }
        Ok(())
    }

    /// Looks whether the tables are there, and of this version.
    ///
    /// # Errors
    /// If they aren't.
    pub async fn check(&self, address: &Address, client: &Client) -> Result<(), PostgresError> {
        match self.is_current(address, client).await? {
            true => Ok(()),
            false => {
                let holds = self.holds;
                let reason = format!(
                    "there is no {holds} of this version here, and to read it none is made: \
                     `plaudit serve` or `plaudit import` make it"
                );
                Err(self.refused(address, reason))
            }
        }
    }

    /// Whether everything is as this version needs it.
    async fn is_current(&self, address: &Address, client: &Client) -> Result<bool, PostgresError> {
        let failed = |error| address.error(error);
        let Self { name, holds, .. } = self;
        let known = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1),
                            EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                                    WHERE nspname = $1 AND relname = 'migration'),
                            EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                                    WHERE nspname = $1)";
        let row = client.query_one(known, &[name]).await.map_err(failed)?;
        let (is_there, is_ours, is_used): (bool, bool, bool) = (row.get(0), row.get(1), row.get(2));
        if is_there && is_used && !is_ours {
            let reason =
                format!("its schema {name} is not a {holds} of Plaudit; name another database");
            return Err(self.refused(address, reason));
        }
        if !is_ours {
            return Ok(false);
        }
        let last = format!("SELECT coalesce(max(version), 0)::bigint FROM {name}.migration");
        let row = client.query_one(&last, &[]).await.map_err(failed)?;
        let (found, latest): (i64, i64) = (row.get(0), self.latest());
        if found > latest {
            let reason = format!(
                "the {holds} was written by a newer Plaudit (its schema is {found}, this Plaudit knows \
                 {latest}); use that one"
            );
            return Err(self.refused(address, reason));
        }
        Ok(found == latest)
    }

    fn latest(&self) -> i64 {
        i64::try_from(self.migrations.len()).unwrap_or(i64::MAX)
    }

    async fn migrate(&self, address: &Address, client: &mut Client) -> Result<(), PostgresError> {
        // Somebody else may have done it meanwhile.
        if self.is_current(address, client).await? {
            return Ok(());
        }
        let name = self.name;
        let there = client
            .query_opt("SELECT FROM pg_namespace WHERE nspname = $1", &[&name])
            .await
            .map_err(|error| address.error(error))?;
        // Asking for what is there takes the right to make it.
        if there.is_none() {
            client
                .batch_execute(&format!("CREATE SCHEMA {name}"))
                .await
                .map_err(|error| address.error(error))?;
        }
        let steps: Result<Vec<_>, _> = self
            .migrations
            .iter()
            .map(|step| refinery::Migration::unapplied(step.name, step.sql))
            .collect();
        let steps = steps.map_err(|error| self.refused(address, error.to_string()))?;
        let mut runner = Runner::new(&steps);
        runner.set_migration_table_name(format!("{name}.migration"));
        match runner.run_async(client).await {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.kind() {
                Kind::Connection(what, source) => match source.downcast_ref() {
                    Some(source) => self.failed(address, what, source),
                    None => self.refused(address, error.to_string()),
                },
                Kind::InvalidName
                | Kind::InvalidVersion
                | Kind::RepeatedVersion(_)
                | Kind::DivergentVersion(..)
                | Kind::MissingVersion(_)
                | Kind::InvalidMigrationPath(..)
                | Kind::ConfigError(_)
                | Kind::InvalidMigrationFile(..) => self.refused(address, error.to_string()),
            }),
        }
    }

    fn failed(
        &self,
        address: &Address,
        what: &str,
        source: &tokio_postgres::Error,
    ) -> PostgresError {
        let why = source
            .as_db_error()
            .map_or_else(|| source.to_string(), |it| it.message().to_owned());
        self.refused(address, format!("{what}: {why}"))
    }

    fn refused(&self, address: &Address, reason: String) -> PostgresError {
        PostgresError::Refused {
            address: address.name().to_owned(),
            reason,
        }
    }
}

/// Everything is text in UTF-8, which another encoding may not hold.
async fn check_encoding(address: &Address, client: &Client) -> Result<(), PostgresError> {
    let row = client
        .query_one("SELECT current_setting('server_encoding')", &[])
        .await
        .map_err(|error| address.error(error))?;
    match row.get(0) {
        "UTF8" => Ok(()),
        other => Err(PostgresError::Refused {
            address: address.name().to_owned(),
            reason: format!(
                "the database's encoding is {other}, which can't hold every text; name one that was made \
                 with ENCODING 'UTF8'"
            ),
        }),
    }
}
