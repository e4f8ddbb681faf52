//! How far somebody is who follows: so that they go on there, once their connection broke.

use std::sync::{Arc, Mutex, PoisonError};

/// How far somebody is who follows.
#[derive(Debug, Clone, Default)]
pub struct Place {
    last: Option<String>,
    reached: Arc<Mutex<Option<String>>>,
}

impl Place {
    /// Behind the last that they got over an earlier connection, if there was one.
    pub fn behind(last: Option<String>) -> Self {
        Self {
            last,
            reached: Arc::default(),
        }
    }

    /// The cursor from behind which they go on: that of the last that they got, or else what they asked for.
    pub fn or(&self, asked: Option<String>) -> Option<String> {
        self.last.clone().or(asked)
    }

    /// What they get next has this cursor.
    pub fn reach(&self, cursor: String) {
        *self.lock() = Some(cursor);
    }

    /// The cursor of what they got last.
    pub fn reached(&self) -> Option<String> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
