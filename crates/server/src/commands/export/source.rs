//! What is exported: a community, now or as of a moment; or read models as they were.

use std::path::Path;
use std::sync::Arc;

use plaudit_domain::{Position, Time};
use plaudit_exchange::tables::{Private, Tables};
use plaudit_journal::SharedJournal;
use plaudit_projection::Rules;
use plaudit_replay::as_of::{Models, beside};
use plaudit_replay::live::Target;
use plaudit_store::SharedStore;

use crate::cli::{Export, Report};
use crate::commands::{BadUsage, Failure};
use crate::data::{Data, Place};
use crate::progress::Folding;
use crate::replayed::Replayed;

/// A directory that is exported from.
pub(super) enum Source {
    Community(Box<Data>),
    Replayed(Replayed),
}

impl Source {
    pub(super) async fn open(place: &Place) -> Result<Self, Failure> {
        Ok(match Replayed::in_directory(&place.directory)? {
            Some(replayed) => Self::Replayed(replayed),
            None => Self::Community(Box::new(Data::existing(place).await?)),
        })
    }

    /// Whether a file is, or would be, one that is needed there.
    pub(super) fn owns(&self, file: &Path) -> bool {
        match self {
            Self::Community(data) => data.owns(file),
            Self::Replayed(replayed) => replayed.owns(file),
        }
    }

    /// The history.
    ///
    /// # Errors
    /// If there is none.
    pub(super) fn journal(&self) -> Result<&SharedJournal, Failure> {
        let about = match self {
            Self::Community(data) => return Ok(data.journal()),
            Self::Replayed(replayed) => &replayed.about,
        };
        let (community, moment) = (about.community.display(), about.as_of);
        let what = format!(
            "there is no journal here, and so no events and nothing to fill a directory from: export them \
             from the community, {community}, with --as-of {moment}"
        );
        Err(what.into())
    }
}

/// The read models that tables come from: those in use, or those of a moment in the past.
pub(super) struct Moment {
    store: SharedStore,
    rules: Arc<Rules>,
    /// What time it is there.
    now: Time,
    past: Option<Models>,
    /// Up to where everything was looked at for those of the past.
    pub(super) position: Option<Position>,
}

impl Moment {
    pub(super) async fn of(
        source: &Source,
        export: &Export,
        now: Time,
        report: Report,
    ) -> Result<Self, Failure> {
        match source {
            Source::Community(data) => Self::of_community(data, export, now, report).await,
            Source::Replayed(replayed) => Self::of_replayed(replayed, export),
        }
    }

    async fn of_community(
        data: &Data,
        export: &Export,
        now: Time,
        report: Report,
    ) -> Result<Self, Failure> {
        let mut folding = Folding::new(report);
        let Target { store, rules, .. } = data.rows(&mut folding).await?;
        let mut models = Self {
            store,
            rules,
            now,
            past: None,
            position: None,
        };
        let Some(moment) = export.as_of else {
            return Ok(models);
        };
        let until = models.store.position().await?;
        let generations = data.generations().await?;
        let mut at = |progress| folding.at(progress);
        let past = beside(data.journal(), &generations, moment, until, &mut at).await?;
        folding.finish();
        if past.past.left_out > 0 {
            tracing::warn!(
                "{} events had happened by {moment} and name what wasn't there yet: the tables are \
                 without them",
                past.past.left_out
            );
        }
        models.now = moment;
        models.past = Some(past);
        models.position = Some(until);
        Ok(models)
    }

    fn of_replayed(replayed: &Replayed, export: &Export) -> Result<Self, Failure> {
        let moment = replayed.about.as_of;
        if export.as_of.is_some() {
            let what = format!("--as-of goes with a community: all here is as of {moment} already");
            return Err(BadUsage(what).into());
        }
        let rules = replayed.rules()?;
        Ok(Self {
            store: Arc::new(replayed.store(&rules)?),
            rules,
            now: moment,
            past: None,
            position: None,
        })
    }

    /// The tables, all of one moment.
    pub(super) async fn tables(&self, export: &Export) -> Result<Tables<'_>, Failure> {
        let snapshot = match &self.past {
            Some(models) => models.store.snapshot().await?,
            None => self.store.snapshot().await?,
        };
        Ok(Tables {
            snapshot,
            rules: &self.rules,
            now: self.now,
            private: match export.personal {
                true => Private::Included,
                false => Private::Withheld,
            },
        })
    }
}
