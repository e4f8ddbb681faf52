//! What members think of the programme, and how often they looked at what (DOMAIN K10).

use plaudit_domain::fact::FeedbackFact;
use plaudit_domain::{Event, Period, Time};

use crate::fold::FoldError;
use crate::row::{Key, row};
use crate::rows::{Keyed, Optional, Rows};
use crate::touched::Touched;

row! {
    table "feedback", primary (key), index (account);
    /// What somebody thinks.
    pub struct Feedback {
        /// The position of its recording.
        pub key: Key,
        /// Who.
        pub account: Key,
        /// Of what.
        pub subject: String,
        /// How good it is, from 1 to 5.
        pub rating: Option<i64>,
        /// In their words, unless these are withheld.
        pub text: Option<String>,
        /// When.
        pub at: Time,
    }
}

row! {
    table "interaction", primary (day, kind, subject);
    /// How often members did something on one day.
    pub struct Interaction {
        /// The beginning of the day, in UTC.
        pub day: Time,
        /// What they did.
        pub kind: String,
        /// With what; empty where it was with nothing in particular.
        pub subject: String,
        /// How often.
        pub count: i64,
    }
}

/// What tells counts of interactions apart: day, kind and subject.
pub type InteractionKey = (Time, String, String);

/// The counts of interactions that a batch changes.
pub type Interactions = Optional<Interaction>;

impl Keyed for Interaction {
    type Key = InteractionKey;

    fn key(&self) -> InteractionKey {
        (self.day, self.kind.clone(), self.subject.clone())
    }
}

pub(crate) fn touch(fact: &FeedbackFact, touched: &mut Touched) {
    match fact {
        FeedbackFact::Given(given) => touched.account(given.account),
        FeedbackFact::Interacted(interacted) => {
            touched.account(interacted.account);
            let keys = interacted.interactions.iter().map(key);
            touched.interactions.extend(keys);
        }
    }
}

pub(crate) fn fold(fact: &FeedbackFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    match fact {
        FeedbackFact::Given(given) => {
            let account = rows.account(given.account)?;
            let is_erased = account.content_erased;
            let account = account.key;
            let text = given.text.as_ref().and_then(|text| text.get());
            rows.feedback.push(Feedback {
                key: Key(event.position.cast_signed()),
                account,
                subject: given.subject.clone(),
                rating: given.rating.map(i64::from),
                text: text.filter(|_| !is_erased).cloned(),
                at: event.occurred_at,
            });
        }
        FeedbackFact::Interacted(interacted) => {
            for interaction in &interacted.interactions {
                let key = key(interaction);
                let before = rows.interactions.get(&key).map_or(0, |row| row.count);
                let (day, kind, subject) = key;
                rows.interactions.put(Interaction {
                    day,
                    kind,
                    subject,
                    count: before + 1,
                });
            }
        }
    }
    Ok(())
}

fn key(interaction: &plaudit_domain::feedback::Interaction) -> InteractionKey {
    let subject = interaction.subject.clone().unwrap_or_default();
    let day = Period::Day.start(interaction.at);
    (day, interaction.kind.clone(), subject)
}
