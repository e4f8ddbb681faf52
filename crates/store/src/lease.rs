//! Who folds, where several could.

use plaudit_domain::Position;

use crate::postgres::Lock;

/// Who is told up to where others have folded.
pub type Moved<'a> = &'a mut (dyn FnMut(Position) + Send);

/// The right to fold into a generation, for as long as it is [held](Self::is_held).
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

    /// Whether it is held just now. What was lost with a connection somebody else may have.
    pub fn is_held(&self) -> bool {
        self.0.as_ref().is_none_or(Lock::is_held)
    }
}
