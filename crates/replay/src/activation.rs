//! Which rules are in force, by what the journal says of them.

use std::sync::Arc;
use std::time::SystemTime;

use plaudit_domain::decide::State;
use plaudit_domain::fact::{Concept, RulesFact};
use plaudit_domain::rules::{Activated, InForce};
use plaudit_domain::{AccountId, Event, NewEvent, Position, StreamName, Time};
use plaudit_journal::{AppendError, Expected, JournalError, SharedJournal};
use plaudit_projection::Rules;
use plaudit_projection::rules::RulesError;
use uuid::Uuid;

/// Rules that came into force.
#[derive(Debug, Clone)]
pub struct Activation {
    /// The event that says so.
    pub position: Position,
    /// When it was.
    pub at: Time,
    /// Who did it; whoever has the machine, if it is nobody.
    pub by: Option<AccountId>,
    /// What tells the rules from others.
    pub hash: String,
    /// What they are; or what keeps this version from using them.
    pub rules: Result<Arc<Rules>, RulesError>,
}

/// All activations of a community, oldest first.
///
/// # Errors
/// If the journal can't be read.
pub async fn activations(journal: &SharedJournal) -> Result<Vec<Activation>, JournalError> {
    let events = journal.read_stream(&StreamName::rules()).await?;
    Ok(events.iter().filter_map(Activation::of).collect())
}

/// The last activation of rules that this version can use. Without one the rules that come with Plaudit are
/// in force.
///
/// # Errors
/// The same.
pub async fn in_force(journal: &SharedJournal) -> Result<Option<Activation>, JournalError> {
    Ok(last_usable(activations(journal).await?))
}

/// The rules that were in force at a moment: by which activations there had been by then.
///
/// # Errors
/// The same.
pub async fn rules_in_force_at(
    journal: &SharedJournal,
    moment: Time,
) -> Result<Arc<Rules>, JournalError> {
    let mut activations = activations(journal).await?;
    activations.retain(|activation| activation.at <= moment);
    Ok(rules_of(last_usable(activations)))
}

fn last_usable(activations: Vec<Activation>) -> Option<Activation> {
    let mut last = None;
    for activation in activations {
        match &activation.rules {
            Ok(_) => last = Some(activation),
            Err(error) => tracing::warn!(
                "the rules of event {} can't be used, so those before stay in force: {error}",
                activation.position
            ),
        }
    }
    last
}

/// The rules that are in force.
///
/// # Errors
/// If the journal can't be read.
pub async fn rules_in_force(journal: &SharedJournal) -> Result<Arc<Rules>, JournalError> {
    Ok(rules_of(in_force(journal).await?))
}

fn rules_of(last: Option<Activation>) -> Arc<Rules> {
    match last.map(|last| last.rules) {
        Some(Ok(rules)) => rules,
        // The standard ones have no mistakes.
        Some(Err(_)) | None => Arc::new(Rules::standard().unwrap_or_default()),
    }
}

/// Records that rules came into force, as whoever has the machine; whether they weren't already.
///
/// # Errors
/// If the journal can't be read or written.
pub async fn activate(journal: &SharedJournal, rules: &Rules) -> Result<bool, AppendError> {
    let stream = StreamName::rules();
    loop {
        let events = journal.read_stream(&stream).await?;
        let mut state = InForce::default();
        events
            .iter()
            .filter_map(|event| RulesFact::of(&event.fact))
            .for_each(|fact| state.apply(fact));
        let facts = state.activate(&activated(rules));
        if facts.is_empty() {
            return Ok(false);
        }
        let expected = match events.last() {
            Some(last) => Expected::Revision(last.revision),
            None => Expected::NoStream,
        };
        let event = |fact| NewEvent {
            id: Uuid::now_v7(),
            occurred_at: SystemTime::now().into(),
            actor: None,
            correlation: None,
            causation: None,
            fact,
        };
        let events = facts.into_iter().map(event).collect();
        match journal.append(&stream, expected, events).await {
            Ok(_) => return Ok(true),
            // Others were faster: what they did may be just this.
            Err(AppendError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Rules as the journal keeps them.
pub fn activated(rules: &Rules) -> Activated {
    Activated {
        hash: rules.hash().to_owned(),
        files: rules.files().iter().cloned().collect(),
    }
}

impl Activation {
    fn of(event: &Event) -> Option<Self> {
        let RulesFact::Activated(activated) = RulesFact::of(&event.fact)?;
        let files: Vec<_> = activated.files.clone().into_iter().collect();
        Some(Self {
            position: event.position,
            at: event.occurred_at,
            by: event.actor,
            hash: activated.hash.clone(),
            rules: Rules::parse(&files).map(Arc::new),
        })
    }
}
