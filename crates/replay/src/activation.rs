//! Which rules are in force, by what the journal says of them.

use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;
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

/// The rules that were in force at a moment: by which activations there had been by then. Those that a community
/// began with were in force before, too: what it imports happened before it began.
///
/// # Errors
/// The same.
pub async fn rules_in_force_at(
    journal: &SharedJournal,
    moment: Time,
) -> Result<Arc<Rules>, JournalError> {
    Ok(at(activations(journal).await?, moment))
}

fn at(mut activations: Vec<Activation>, moment: Time) -> Arc<Rules> {
    activations.retain(|it| it.at <= moment || it.position == FIRST);
    rules_of(last_usable(activations))
}

/// The position of the first event that there is.
const FIRST: Position = 1;

/// All activations of a community, remembered: only what came since is read.
pub struct Activations {
    journal: SharedJournal,
    stream: StreamName,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    activations: Vec<Activation>,
    /// The revision of the next event.
    next: u64,
}

impl Activations {
    /// Nothing is known yet.
    pub(crate) fn new(journal: SharedJournal) -> Self {
        Self {
            journal,
            stream: StreamName::rules(),
            known: Mutex::default(),
        }
    }

    /// All of them, oldest first.
    ///
    /// # Errors
    /// If the journal can't be read.
    pub async fn all(&self) -> Result<Vec<Activation>, JournalError> {
        let next = self.known.lock().next;
        let news = self.journal.read_stream_from(&self.stream, next).await?;
        let mut known = self.known.lock();
        for event in news {
            // Somebody else may have read further meanwhile.
            if event.revision == known.next {
                known.next += 1;
                known.activations.extend(Activation::of(&event));
            }
        }
        Ok(known.activations.clone())
    }

    /// The rules that were in force at a moment, as [`rules_in_force_at`] says.
    ///
    /// # Errors
    /// The same.
    pub async fn rules_at(&self, moment: Time) -> Result<Arc<Rules>, JournalError> {
        Ok(at(self.all().await?, moment))
    }

    /// The rules that are in force.
    ///
    /// # Errors
    /// The same.
    pub async fn rules(&self) -> Result<Arc<Rules>, JournalError> {
        Ok(rules_of(last_usable(self.all().await?)))
    }
}

fn last_usable(activations: Vec<Activation>) -> Option<Activation> {
    let mut usable = activations.into_iter().filter(|it| it.rules.is_ok());
    usable.next_back()
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
            imported: false,
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
        let rules = Rules::parse(&files).map(Arc::new);
        if let Err(error) = &rules {
            let position = event.position;
            tracing::warn!(
                "the rules of event {position} can't be used, so those before stay in force: {error}"
            );
        }
        Some(Self {
            position: event.position,
            at: event.occurred_at,
            by: event.actor,
            hash: activated.hash.clone(),
            rules,
        })
    }
}
