//! What is read of lozenges.

use plaudit_projection::LozengeGrant;

use super::{SQL, page_of_which};
use crate::engine::{Session, one};
use crate::statement::{Param, statement};
use crate::{Page, Result};

/// How many requests wait.
pub async fn waiting_count(session: &impl Session) -> Result<i64> {
    let sql = statement!("SELECT count(*) FROM lozenge_request WHERE state = 'waiting'");
    one(session, sql, &[]).await
}

/// A page of the accounts that hold a lozenge.
pub async fn holders(
    session: &impl Session,
    lozenge: &str,
    page: Page,
) -> Result<Vec<LozengeGrant>> {
    page_of_which(session, &SQL.lozenge_holders, Param::Text(lozenge), page).await
}

/// How many accounts hold a lozenge.
pub async fn holder_count(session: &impl Session, lozenge: &str) -> Result<i64> {
    let sql = statement!("SELECT count(*) FROM lozenge WHERE lozenge = ?1 AND held = TRUE");
    one(session, sql, &[Param::Text(lozenge)]).await
}
