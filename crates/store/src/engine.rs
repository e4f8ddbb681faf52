//! What an engine has to do for a store: run statements. What these say stands elsewhere, once for all engines.

use std::borrow::Borrow;
use std::future::Future;

use plaudit_domain::Position;
use plaudit_projection::row::{Field, Malformed};
use plaudit_projection::{Row, Rows};

use crate::lease::{Lease, Moved};
use crate::snapshot::Record;
use crate::statement::{Dialect, Param, Statement};
use crate::{Commit, Each, Result};

/// An engine that keeps read models.
pub trait Engine: Send + Sync + 'static {
    /// What reads; each read sees a moment of its own.
    type Session: Session;
    /// What reads of one moment only.
    type Moment: Moment;

    /// Something that reads.
    fn session(&self) -> Result<Self::Session>;

    /// Something that reads as of now.
    fn moment(&self) -> impl Future<Output = Result<Self::Moment>> + Send;

    /// See [`Store::commit`](crate::Store::commit).
    fn commit(
        &self,
        rows: &Rows,
        from: Position,
        to: Position,
    ) -> impl Future<Output = Result<Commit>> + Send;

    /// See [`Store::lease`](crate::Store::lease).
    fn lease(&self, moved: Moved<'_>) -> impl Future<Output = Result<Lease>> + Send;

    /// See [`Store::purge`](crate::Store::purge).
    fn purge(&self) -> impl Future<Output = Result<()>> + Send;
}

/// What reads.
pub trait Session: Send + Sync {
    /// How it is spoken to.
    const DIALECT: Dialect;

    /// All rows of a query.
    fn query<T: Field + Send>(
        &self,
        sql: &str,
        params: &[Param<'_>],
    ) -> impl Future<Output = Result<Vec<T>>> + Send;

    /// All rows of a query that is asked for each of some keys.
    fn query_each<T: Field + Send, const N: usize>(
        &self,
        sql: &str,
        keys: &[[Param<'_>; N]],
    ) -> impl Future<Output = Result<Vec<T>>> + Send;

    /// Each row of a query, one after the other; an error of `each` ends it.
    fn scan<T: Field + Send>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: Each<'_, T>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// All rows of a query, as they are kept.
    fn records(
        &self,
        sql: &str,
        params: &[Param<'_>],
    ) -> impl Future<Output = Result<Vec<Record>>> + Send;

    /// What the engine itself finds wrong with what it keeps the rows in.
    fn damages(&self) -> impl Future<Output = Result<Vec<String>>> + Send;
}

/// What reads of one moment.
pub trait Moment: Session + 'static {
    /// Lets go of it. Who doesn't call it lets go of it, too, but it may be more work.
    fn end(self) -> impl Future<Output = Result<()>> + Send;
}

/// What writes within one transaction.
pub trait Writer {
    /// Writes new rows.
    fn insert<'a, R: Row>(&mut self, rows: impl Iterator<Item = &'a R>) -> Result<()>;

    /// Writes rows in place of what they were before.
    fn update<'a, R: Row>(&mut self, rows: impl Iterator<Item = (&'a R, &'a R)>) -> Result<()>;

    /// Writes rows, new or not. No two have the same key.
    fn put<'a, R: Row>(&mut self, rows: impl Iterator<Item = &'a R>) -> Result<()>;

    /// Removes the rows of some keys.
    fn remove<R: Row, const N: usize>(&mut self, keys: &[[Param<'_>; N]]) -> Result<()>;

    /// Runs a statement for each of some keys.
    fn run<const N: usize>(&mut self, statement: &Statement, keys: &[[Param<'_>; N]])
    -> Result<()>;
}

/// What fills empty tables.
pub trait Loader: Send {
    /// Whether rows have to come in the order of the primary key.
    const IN_ORDER: bool = true;

    /// Writes rows of a table, which come in that order.
    fn load<R: Row, B: Borrow<R> + Sync>(
        &mut self,
        rows: &[B],
    ) -> impl Future<Output = Result<()>> + Send;
}

/// All rows of a query.
pub async fn rows<T: Field + Send>(
    session: &impl Session,
    statement: &Statement,
    params: &[Param<'_>],
) -> Result<Vec<T>> {
    session.query(text(session, statement), params).await
}

/// The first row of a query, if there is one.
pub async fn first<T: Field + Send>(
    session: &impl Session,
    statement: &Statement,
    params: &[Param<'_>],
) -> Result<Option<T>> {
    let found = rows(session, statement, params).await?;
    Ok(found.into_iter().next())
}

/// The only row of a query.
pub async fn one<T: Field + Send>(
    session: &impl Session,
    statement: &Statement,
    params: &[Param<'_>],
) -> Result<T> {
    let found = first(session, statement, params).await?;
    Ok(found.ok_or(Malformed { column: "" })?)
}

/// How a session's engine says a statement.
pub fn text<'a, S: Session>(_: &S, statement: &'a Statement) -> &'a str {
    statement.text(S::DIALECT)
}
