//! Reading.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::{MaybeDone, maybe_done};
use futures_util::{TryStreamExt, pin_mut};
use plaudit_postgres::tokio_postgres::{Error, Row};
use plaudit_postgres::{Object, PostgresError, patiently};
use plaudit_projection::row::Field;

use super::{Place, bind, schema};
use crate::engine::{Moment, Session};
use crate::snapshot::Record;
use crate::statement::{Dialect, Param};
use crate::{Each, Result, StoreError};

/// So many statements are on their way at once.
const PIPELINED: usize = 256;

/// Whoever reads may take their time with what they have read.
const BEGIN: &str = "
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL idle_in_transaction_session_timeout = 0";

type Asked<T> = std::result::Result<T, PostgresError>;

/// Reads with any connection, each time as of then.
pub struct Pooled(Arc<Place>);

impl Pooled {
    pub(super) fn new(at: Arc<Place>) -> Self {
        Self(at)
    }
}

impl Session for Pooled {
    const DIALECT: Dialect = Dialect::Postgres;

    async fn query<T: Field + Send>(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<T>> {
        let found =
            patiently(|| async { query(&self.0, &self.0.connection().await?, sql, params).await });
        read(&found.await.map_err(|error| self.0.failed(error))?)
    }

    async fn query_each<T: Field + Send, const N: usize>(
        &self,
        sql: &str,
        keys: &[[Param<'_>; N]],
    ) -> Result<Vec<T>> {
        if keys.is_empty() {
            return Ok(vec![]);
        }
        let found = patiently(|| async {
            query_each(&self.0, &self.0.connection().await?, sql, keys).await
        });
        read(&found.await.map_err(|error| self.0.failed(error))?)
    }

    async fn scan<T: Field + Send>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: Each<'_, T>,
    ) -> Result<()> {
        let connection = patiently(|| self.0.connection()).await;
        let connection = connection.map_err(|error| self.0.failed(error))?;
        scan(&self.0, &connection, sql, params, each).await
    }

    async fn records(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Record>> {
        let found =
            patiently(|| async { query(&self.0, &self.0.connection().await?, sql, params).await });
        let found = found.await.map_err(|error| self.0.failed(error))?;
        Ok(found.iter().map(bind::record).collect())
    }

    async fn damages(&self) -> Result<Vec<String>> {
        let connection = patiently(|| self.0.connection()).await;
        let connection = connection.map_err(|error| self.0.failed(error))?;
        let found = schema::damages(&self.0, &connection).await;
        found.map_err(|error| self.0.failed(error))
    }
}

/// Reads within a transaction of a connection's own.
pub struct PostgresMoment {
    at: Arc<Place>,
    /// None once it has ended.
    connection: Option<Object>,
}

impl PostgresMoment {
    pub(super) async fn begin(at: Arc<Place>) -> Result<Self> {
        let begun = patiently(|| async {
            let connection = at.connection().await?;
            let begun = connection.batch_execute(BEGIN).await;
            begun.map_err(|error| at.error(error))?;
            Ok(connection)
        });
        let connection = begun.await.map_err(|error| at.failed(error))?;
        Ok(Self {
            at,
            connection: Some(connection),
        })
    }

    fn connection(&self) -> Result<&Object> {
        self.connection.as_ref().ok_or_else(|| StoreError::Storage {
            place: self.at.schema.clone(),
            source: "it was let go of".into(),
        })
    }
}

impl Session for PostgresMoment {
    const DIALECT: Dialect = Dialect::Postgres;

    async fn query<T: Field + Send>(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<T>> {
        let found = query(&self.at, self.connection()?, sql, params).await;
        read(&found.map_err(|error| self.at.failed(error))?)
    }

    async fn query_each<T: Field + Send, const N: usize>(
        &self,
        sql: &str,
        keys: &[[Param<'_>; N]],
    ) -> Result<Vec<T>> {
        if keys.is_empty() {
            return Ok(vec![]);
        }
        let found = query_each(&self.at, self.connection()?, sql, keys).await;
        read(&found.map_err(|error| self.at.failed(error))?)
    }

    async fn scan<T: Field + Send>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: Each<'_, T>,
    ) -> Result<()> {
        scan(&self.at, self.connection()?, sql, params, each).await
    }

    async fn records(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Record>> {
        let found = query(&self.at, self.connection()?, sql, params).await;
        let found = found.map_err(|error| self.at.failed(error))?;
        Ok(found.iter().map(bind::record).collect())
    }

    async fn damages(&self) -> Result<Vec<String>> {
        let found = schema::damages(&self.at, self.connection()?).await;
        found.map_err(|error| self.at.failed(error))
    }
}

impl Moment for PostgresMoment {
    async fn end(mut self) -> Result<()> {
        if let Some(connection) = self.connection.take() {
            let ended = connection.batch_execute("COMMIT").await;
            ended.map_err(|error| self.at.failed(self.at.error(error)))?;
        }
        Ok(())
    }
}

impl Drop for PostgresMoment {
    fn drop(&mut self) {
        // It is within a transaction that nobody ends: so it is closed, and no other gets it.
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

async fn query(
    at: &Place,
    connection: &Object,
    sql: &str,
    params: &[Param<'_>],
) -> Asked<Vec<Row>> {
    let found = async {
        let statement = connection.prepare_cached(sql).await?;
        let rows = connection.query_raw(&statement, params.iter().copied());
        rows.await?.try_collect().await
    };
    found.await.map_err(|error: Error| at.error(error))
}

async fn query_each<const N: usize>(
    at: &Place,
    connection: &Object,
    sql: &str,
    keys: &[[Param<'_>; N]],
) -> Asked<Vec<Row>> {
    let found = async {
        let statement = &connection.prepare_cached(sql).await?;
        let mut found = Vec::new();
        for keys in keys.chunks(PIPELINED) {
            let asked = keys.iter().map(async |key| {
                let rows = connection.query_raw(statement, key.iter().copied());
                rows.await?.try_collect::<Vec<Row>>().await
            });
            for rows in pipelined(asked).await? {
                found.extend(rows);
            }
        }
        Ok(found)
    };
    found.await.map_err(|error: Error| at.error(error))
}

async fn scan<T: Field + Send>(
    at: &Place,
    connection: &Object,
    sql: &str,
    params: &[Param<'_>],
    each: Each<'_, T>,
) -> Result<()> {
    let failed = |error| at.failed(at.error(error));
    let statement = connection.prepare_cached(sql).await.map_err(failed)?;
    let rows = connection.query_raw(&statement, params.iter().copied());
    let rows = rows.await.map_err(failed)?;
    pin_mut!(rows);
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        each(bind::read(&row)?)?;
    }
    Ok(())
}

fn read<T: Field>(rows: &[Row]) -> Result<Vec<T>> {
    rows.iter().map(|row| Ok(bind::read(row)?)).collect()
}

/// Sends all, in their order, and then waits for the answers.
pub(super) async fn pipelined<T, E, F: Future<Output = std::result::Result<T, E>>>(
    asked: impl Iterator<Item = F>,
) -> std::result::Result<Vec<T>, E> {
    let mut asked: Vec<Pin<Box<MaybeDone<F>>>> =
        asked.map(|future| Box::pin(maybe_done(future))).collect();
    // They are answered in this order, too: what is done isn't looked at again.
    let mut done = 0;
    let mut first = true;
    poll_fn(|context| {
        let polled = if first { asked.len() } else { done };
        for (at, future) in asked.iter_mut().enumerate() {
            if at < done {
                continue;
            }
            let is_done = future.as_mut().poll(context).is_ready();
            if is_done && at == done {
                done += 1;
            } else if !is_done && at >= polled {
                break;
            }
        }
        first = false;
        match done == asked.len() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    let answers = asked
        .iter_mut()
        .filter_map(|future| future.as_mut().take_output());
    answers.collect()
}
