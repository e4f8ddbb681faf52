//! What went wrong, as far as clients are concerned: whether it helps to try again.

use std::any::Any;
use std::sync::Arc;

use plaudit_journal::JournalError;
use plaudit_replay::{CommandError, FoldingError};
use plaudit_store::StoreError;

/// Whether what a resolver came back with is that something couldn't be reached just now.
pub(crate) fn is_passing(source: &(dyn Any + Send + Sync)) -> bool {
    let own = |error: &dyn Any| -> bool {
        let journal = error.downcast_ref().is_some_and(JournalError::is_passing);
        let store = error.downcast_ref().is_some_and(StoreError::is_passing);
        let folding = error.downcast_ref().is_some_and(FoldingError::is_passing);
        let command = match error.downcast_ref() {
            Some(CommandError::Journal(error)) => error.is_passing(),
            Some(_) | None => false,
        };
        journal || store || folding || command
    };
    own(source) || shared::<JournalError>(source, &own) || shared::<StoreError>(source, &own)
}

/// The same of what several wait for.
fn shared<T: Any>(source: &(dyn Any + Send + Sync), own: &dyn Fn(&dyn Any) -> bool) -> bool {
    let shared = source.downcast_ref::<Arc<T>>();
    shared.is_some_and(|error| own(&**error))
}
