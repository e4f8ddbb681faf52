//! What is read of lozenges.

use plaudit_projection::LozengeGrant;
use rusqlite::Connection;

use crate::Page;

use super::read::{SQL, start};
use super::{Failure, bind};

/// How many requests wait.
pub fn waiting_count(connection: &Connection) -> Result<i64, Failure> {
    let sql = "SELECT count(*) FROM lozenge_request WHERE state = 'waiting'";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row((), |row| row.get(0))?)
}

/// A page of the accounts that hold a lozenge.
pub fn holders(
    connection: &Connection,
    lozenge: &str,
    page: Page,
) -> Result<Vec<LozengeGrant>, Failure> {
    let [at, key] = start(page);
    let sql = SQL.lozenge_holders.get(page.order);
    bind::query(connection, sql, (at, key, page.limit, lozenge))
}

/// How many accounts hold a lozenge.
pub fn holder_count(connection: &Connection, lozenge: &str) -> Result<i64, Failure> {
    let sql = "SELECT count(*) FROM lozenge WHERE lozenge = ?1 AND held = 1";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([lozenge], |row| row.get(0))?)
}
