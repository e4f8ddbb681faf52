//! Asking for something as it was at an earlier moment (DOMAIN H2).
//!
//! It is read from read models of that moment, with all its fields; so what depends on the clock is of
//! then, too.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, Data, Enum, Error, ErrorExtensions, Result};
use plaudit_domain::Time;
use plaudit_replay::MomentError;

use crate::reading::{ReadFrom, Reading, data, forbidden, reading};
use crate::scalar::DateTime;

/// So long an answer waits until what was then is worked out.
const PATIENCE: Duration = Duration::from_secs(10);

/// By which rules something was, at an earlier moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum RulesAt {
    /// By the rules of today: what would have been, had they been in force then.
    Now,
    /// By the rules that were in force then.
    Then,
}

/// A moment, and by which rules.
#[derive(Debug, Clone, Copy)]
pub struct AsOf {
    /// The moment.
    pub moment: Time,
    /// By which rules.
    pub rules_at: RulesAt,
}

impl AsOf {
    /// What was asked for, if any moment was; by the rules of today, unless others were asked for.
    ///
    /// # Errors
    /// For rules without a moment.
    pub fn asked(moment: Option<DateTime>, rules_at: Option<RulesAt>) -> Result<Option<Self>> {
        let Some(DateTime(moment)) = moment else {
            let message = "rulesAt goes with asOf: name a moment, too";
            return match rules_at {
                Some(_) => Err(coded(message.to_owned(), "BAD_USER_INPUT")),
                None => Ok(None),
            };
        };
        let rules_at = rules_at.unwrap_or(RulesAt::Now);
        Ok(Some(Self { moment, rules_at }))
    }

    /// What is read at this moment. What it shows is of then, who may see it of today; it takes a replay of
    /// the whole history, and what was taken back since stands in it. So it is for staff and analysts.
    ///
    /// # Errors
    /// For others, for what is still to come, and where it isn't worked out yet.
    pub async fn reading(self, reading: &Reading) -> Result<Arc<Reading>> {
        let Self { moment, rules_at } = self;
        if !reading.is_staff_or_analyst() {
            return Err(forbidden("staff and analysts"));
        }
        check_past(moment, reading)?;
        reading.looks_back()?;
        let Some(moments) = reading.community.moments() else {
            let message = "earlier moments can't be worked out here: ask the community itself";
            return Err(coded(message.to_owned(), "NO_JOURNAL"));
        };
        let rules = match rules_at {
            RulesAt::Now => reading.rules().clone(),
            RulesAt::Then => reading.community.activations().rules_at(moment).await?,
        };
        let until = reading.models().folded().position;
        let models = moments.at(moment, &rules, until, PATIENCE).await;
        let models = models.map_err(|error| match error {
            MomentError::Making { .. } => coded(error.to_string(), "BUILDING"),
            MomentError::Busy => coded(error.to_string(), "BUSY"),
            MomentError::Failed(_) | MomentError::Journal(_) | MomentError::Store(_) => {
                error.into()
            }
        })?;
        Ok(Arc::new(reading.as_it_was(models, moment)))
    }
}

/// Refuses what is still to come.
///
/// # Errors
/// For that.
pub fn check_past(moment: Time, reading: &Reading) -> Result<()> {
    if moment <= reading.now() {
        return Ok(());
    }
    let message = format!("asOf is still to come: {moment}");
    Err(coded(message, "IN_FUTURE"))
}

/// An error with a code.
pub fn coded(message: String, code: &'static str) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code))
}

/// A part of an operation: read from the same as the rest of it, or as it was.
pub struct Part(Option<(Arc<Reading>, Data)>);

impl Part {
    /// A part that is read as it was, if that was asked for.
    ///
    /// # Errors
    /// The same as of reading it.
    pub async fn of(context: &Context<'_>, as_of: Option<AsOf>) -> Result<Self> {
        let Some(as_of) = as_of else {
            return Ok(Self(None));
        };
        let past = as_of.reading(reading(context)).await?;
        Ok(Self(Some((past.clone(), data(past)))))
    }

    /// The context in which something of it is read.
    pub fn within<'a>(&'a self, context: &Context<'a>) -> Context<'a> {
        let mut within = context.clone();
        if let Some((_, data)) = &self.0 {
            within.execute_data = Some(data);
        }
        within
    }

    /// Something of it, whose fields are read from the same.
    pub fn with<T>(self, value: T) -> ReadFrom<T> {
        match self.0 {
            Some((past, _)) => ReadFrom::new(value, past),
            None => ReadFrom::same(value),
        }
    }
}
