//! The previews of a running server: one at a time, and the last few are kept. They are in memory only.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use plaudit_domain::{AccountId, Time};
use plaudit_journal::SharedJournal;
use plaudit_projection::Rules;
use plaudit_store::SharedStore;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{Preview, PreviewError, Progress, preview};
use crate::community::Clock;
use crate::{Generations, background};

/// So many previews are kept.
const KEPT: usize = 5;

/// The previews that were asked for. Dropping it gives up the one that is being made.
#[derive(Default)]
pub struct Previews(Arc<Mutex<Shelf>>);

/// What a preview is made of.
pub struct Ground {
    /// The history.
    pub journal: SharedJournal,
    /// The rows in use,
    pub store: SharedStore,
    /// and the rules that they follow from.
    pub rules: Arc<Rules>,
    /// Where others are made, by the proposed rules.
    pub proposed: Generations,
    /// What tells the time.
    pub clock: Clock,
}

/// A preview that was asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What it is known by.
    pub id: Uuid,
    /// Who asked for it,
    pub by: AccountId,
    /// and when.
    pub at: Time,
    /// What became of it.
    pub state: State,
}

/// What became of a preview.
#[derive(Debug, Clone)]
pub enum State {
    /// It is being made, and that far.
    Running(Option<Progress>),
    /// Here it is.
    Done {
        /// What it came to.
        preview: Arc<Preview>,
        /// When it was finished.
        at: Time,
    },
    /// It couldn't be made; the log says why.
    Failed {
        /// When that was known.
        at: Time,
    },
    /// It was given up before it was finished.
    Cancelled {
        /// When.
        at: Time,
    },
}

/// Why a preview wasn't begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotBegun {
    /// There is one at a time.
    #[error("another preview is being made: wait for it, or cancel it")]
    Busy,
    /// Rows have to be made somewhere.
    #[error("these read models have no directory in which others could be made")]
    Nowhere,
}

#[derive(Default)]
struct Shelf {
    /// The latest first.
    asked: VecDeque<Asked>,
    /// Dropped to give up the one that is being made. As long as it is, there is no other.
    making: Option<Making>,
}

struct Making {
    id: Uuid,
    /// It ends as soon as this is gone.
    go_on: Option<oneshot::Sender<()>>,
}

impl Previews {
    /// Begins a preview that is known by an id, unless there is one.
    ///
    /// # Errors
    /// If another one is being made.
    pub fn begin(&self, ground: Ground, id: Uuid, by: AccountId) -> Result<Asked, NotBegun> {
        let mut shelf = self.0.lock();
        if let Some(asked) = shelf.asked(id) {
            return Ok(asked.clone());
        }
        if shelf.making.is_some() {
            return Err(NotBegun::Busy);
        }
        let asked = Asked {
            id,
            by,
            at: (ground.clock)(),
            state: State::Running(None),
        };
        let (go_on, given_up) = oneshot::channel();
        shelf.making = Some(Making {
            id: asked.id,
            go_on: Some(go_on),
        });
        shelf.asked.push_front(asked.clone());
        shelf.asked.truncate(KEPT);
        tokio::spawn(make(
            asked.clone(),
            ground,
            given_up,
            Arc::downgrade(&self.0),
        ));
        Ok(asked)
    }

    /// The previews that are kept, the latest first.
    pub fn all(&self) -> Vec<Asked> {
        self.0.lock().asked.iter().cloned().collect()
    }

    /// The preview that is known by an id, if it is kept.
    pub fn find(&self, id: Uuid) -> Option<Asked> {
        self.0.lock().asked(id).map(|asked| asked.clone())
    }

    /// Gives up a preview, if it is being made.
    pub fn cancel(&self, id: Uuid, at: Time) -> Option<Asked> {
        let mut shelf = self.0.lock();
        if let Some(making) = &mut shelf.making
            && making.id == id
        {
            making.go_on = None;
        }
        let asked = shelf.asked(id)?;
        if let State::Running(_) = asked.state {
            asked.state = State::Cancelled { at };
        }
        Some(asked.clone())
    }
}

impl Shelf {
    fn asked(&mut self, id: Uuid) -> Option<&mut Asked> {
        self.asked.iter_mut().find(|asked| asked.id == id)
    }
}

/// Makes a preview, and puts it where it is looked for.
async fn make(
    asked: Asked,
    ground: Ground,
    given_up: oneshot::Receiver<()>,
    shelf: Weak<Mutex<Shelf>>,
) {
    let Asked { id, at: now, .. } = asked;
    let clock = ground.clock.clone();
    let told = shelf.clone();
    let making = background::run("preview", move || async move {
        let mut watch = |progress| {
            if let Some(shelf) = told.upgrade()
                && let Some(asked) = shelf.lock().asked(id)
                && let State::Running(so_far) = &mut asked.state
            {
                *so_far = Some(progress);
            }
        };
        let sides = (&*ground.store, &*ground.rules);
        preview(&ground.journal, sides, &ground.proposed, now, &mut watch).await
    });
    let made = tokio::select! {
        made = making => made.unwrap_or_else(|error| Err(error.into())),
        _ = given_up => Err(PreviewError::GivenUp),
    };
    let at = clock();
    let state = match made {
        Ok(preview) => State::Done {
            preview: Arc::new(preview),
            at,
        },
        Err(PreviewError::GivenUp) => State::Cancelled { at },
        Err(error) => failed(id, &error, at),
    };
    if let Some(shelf) = shelf.upgrade() {
        let mut shelf = shelf.lock();
        shelf.making = None;
        if let Some(asked) = shelf.asked(id)
            && let State::Running(_) = asked.state
        {
            asked.state = state;
        }
    }
}

fn failed(id: Uuid, error: &PreviewError, at: Time) -> State {
    tracing::error!("the preview of rules {id} failed: {error}");
    State::Failed { at }
}
