//! Who folds, where several could.

use std::future::pending;

use plaudit_domain::Position;

use crate::postgres::Lock;

/// Who is told up to where others have folded.
pub type Moved<'a> = &'a mut (dyn FnMut(Position) + Send);

/// The right to fold into a generation, until it is [lost](Self::lost).
///
/// It only spares others the work: where two fold by accident, each batch is written once all the same.
pub struct Lease(Option<Lock>);

impl Lease {
    /// One that nobody else asks for.
    pub(crate) fn undisputed() -> Self {
        Self(None)
    }

    pub(crate) fn of(lock: Lock) -> Self {
        Self(Some(lock))
    }

    /// Waits until it isn't held: what was lost with a connection somebody else may have.
    pub async fn lost(&self) {
        match &self.0 {
            Some(lock) => lock.lost().await,
            None => pending().await,
        }
    }
}
