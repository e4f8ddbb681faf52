//! A directory that is read, and nothing else: a community's, or one with read models of a moment.

use std::sync::Arc;

use plaudit_domain::Time;
use plaudit_journal::SharedJournal;
use plaudit_journal::absent::AbsentJournal;
use plaudit_projection::Rules;
use plaudit_replay::{Community, ReadModels};
use plaudit_store::SharedStore;

use crate::commands::Failure;
use crate::data::{Data, Place};
use crate::replayed::Replayed;

/// What is read.
pub struct ToRead {
    journal: SharedJournal,
    store: SharedStore,
    rules: Arc<Rules>,
    /// The moment that it is of, if it isn't the present.
    as_of: Option<Time>,
}

impl ToRead {
    /// Opens a directory. Nothing in it is changed, and another process may write there meanwhile.
    pub async fn open(place: &Place) -> Result<Self, Failure> {
        let Some(replayed) = Replayed::in_directory(&place.directory)? else {
            let (journal, store, rules) = Data::to_read(place).await?;
            return Ok(Self {
                journal,
                store,
                rules,
                as_of: None,
            });
        };
        let rules = replayed.rules()?;
        Ok(Self {
            journal: Arc::new(AbsentJournal::read_up_to(replayed.about.position)),
            store: Arc::new(replayed.store(&rules)?),
            rules,
            as_of: Some(replayed.about.as_of),
        })
    }

    /// Whether it is of a moment, with no journal.
    pub fn is_replayed(&self) -> bool {
        self.as_of.is_some()
    }

    /// The community, as it is read. Where it is of a moment, that is what time it is.
    pub async fn community(self) -> Result<Community, Failure> {
        let Self {
            journal,
            store,
            rules,
            as_of,
        } = self;
        let models = ReadModels::at_rest(store, rules).await?;
        let community = Community::to_read(journal, models);
        Ok(match as_of {
            Some(moment) => community.with_clock(Arc::new(move || moment)),
            None => community,
        })
    }
}
