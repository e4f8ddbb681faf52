//! What members think of the programme, and what they looked at (DOMAIN K10).

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, FeedbackFact, Visit};
use crate::id::AccountId;
use crate::links::Links;
use crate::period::Period;
use crate::personal::{About, Personal, present};
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::text;
use crate::time::Time;

// Facts

/// Somebody said what they think.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Who.
    pub account: AccountId,
    /// Of what: a word that programs know it by, like `challenges`.
    pub subject: String,
    /// How good it is, from 1 to 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<u8>,
    /// In their words.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub text: Option<Personal<String>>,
}

impl Body for Given {
    fn stream(&self) -> StreamName {
        StreamName::feedback(self.account)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            account,
            subject: _,
            rating: _,
            text,
        } = self;
        if let Some(text) = text {
            visit(Some(About::content(*account)), text);
        }
    }
}

/// Somebody looked at some things: all that an app gathered since it last told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interacted {
    /// Who.
    pub account: AccountId,
    /// The beginning of the day, in UTC, of the first of what the app told. A day has a stream.
    pub day: Time,
    /// At what, in order.
    pub interactions: Vec<Interaction>,
}

/// Somebody looked at something.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interaction {
    /// What they did: a word that programs know it by, like `panel_opened`.
    pub kind: String,
    /// With what: like the id of a badge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When.
    pub at: Time,
}

impl Body for Interacted {
    fn stream(&self) -> StreamName {
        StreamName::interactions(self.account, self.day)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            account: _,
            day: _,
            interactions: _,
        } = self;
    }
}

// Fold

/// What an account said last of each subject, and what it looked at on a day.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Feedback {
    latest: HashMap<String, Given>,
    interactions: HashSet<Interaction>,
}

impl State for Feedback {
    type Fact = FeedbackFact;

    fn apply(&mut self, fact: &FeedbackFact) {
        match fact {
            FeedbackFact::Given(given) => {
                self.latest.insert(given.subject.clone(), given.clone());
            }
            FeedbackFact::Interacted(interacted) => {
                self.interactions
                    .extend(interacted.interactions.iter().cloned());
            }
        }
    }
}

// Decisions

/// The most characters of a subject, and of a kind of interaction.
pub const KEY_MAX: usize = 100;
/// The best rating; the worst is 1.
pub const RATING_MAX: u8 = 5;
/// The most characters of what somebody says.
pub const TEXT_MAX: usize = 1_000;
/// The most interactions that are recorded at once.
pub const INTERACTIONS_MAX: usize = 100;
/// The most interactions that are recorded of one account and day.
pub const INTERACTIONS_A_DAY: usize = 1_000;
/// How many days after it happened an interaction can be recorded.
pub const INTERACTION_DAYS: i64 = 30;
/// How far a member's clock may be ahead: five minutes.
const CLOCK_MICROS: i64 = 5 * 60 * 1_000_000;
const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// Says what the actor thinks. What they said last of the subject is not said again.
#[derive(Debug, Clone)]
pub struct GiveFeedback {
    /// Of what: a word that programs know it by.
    pub subject: String,
    /// How good it is, from 1 to 5.
    pub rating: Option<u8>,
    /// In their words.
    pub text: Option<String>,
}

impl Command for GiveFeedback {
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::feedback(actor.account)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let given = Given {
            account: actor.account,
            subject: text::key("subject", &self.subject, KEY_MAX)?,
            rating: self.rating.map(valid_rating).transpose()?,
            text: self.text.as_deref().map(valid_text).transpose()?,
        };
        if given.rating.is_none() && given.text.is_none() {
            return Err(Refusal::FeedbackEmpty);
        }
        let feedback: Feedback = history.state(&self.writes(actor, history.links()));
        if feedback.latest.get(&given.subject) == Some(&given) {
            return Ok(vec![]);
        }
        Ok(vec![FeedbackFact::Given(given).into()])
    }
}

/// Records what the actor looked at on one day; what is recorded already is left out.
#[derive(Debug, Clone)]
pub struct RecordInteractions {
    /// The beginning of the day, in UTC.
    day: Time,
    /// At what, in order.
    interactions: Vec<Interaction>,
}

impl RecordInteractions {
    /// Records what an app gathered: each day by itself, for each has a stream.
    ///
    /// # Errors
    /// If that can't be recorded at this moment: what is wrong, and with which of them, if with one.
    pub fn by_day(
        interactions: Vec<Interaction>,
        now: Time,
    ) -> Result<Vec<Self>, (Option<usize>, Refusal)> {
        let field = "interactions";
        if interactions.is_empty() {
            return Err((None, Refusal::NoEntries { field }));
        }
        if interactions.len() > INTERACTIONS_MAX {
            let max = INTERACTIONS_MAX;
            return Err((None, Refusal::TooManyEntries { field, max }));
        }
        for (number, interaction) in interactions.iter().enumerate() {
            interaction
                .check(now)
                .map_err(|refusal| (Some(number), refusal))?;
        }
        Ok(Self::of_days(interactions))
    }

    pub(crate) fn of_days(interactions: Vec<Interaction>) -> Vec<Self> {
        let mut days: BTreeMap<Time, Vec<Interaction>> = BTreeMap::new();
        for interaction in interactions {
            let day = Period::Day.start(interaction.at);
            days.entry(day).or_default().push(interaction);
        }
        let of_day = |(day, interactions)| Self { day, interactions };
        days.into_iter().map(of_day).collect()
    }
}

impl Command for RecordInteractions {
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::interactions(actor.account, self.day)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        for interaction in &self.interactions {
            interaction.check(history.now())?;
        }
        let feedback: Feedback = history.state(&self.writes(actor, history.links()));
        let mut known = feedback.interactions;
        let new = self.interactions.iter().cloned();
        // One that is listed twice is known the second time.
        let new: Vec<_> = new.filter(|new| known.insert(new.clone())).collect();
        if new.is_empty() {
            return Ok(vec![]);
        }
        // What is known of a day is read to record more of it.
        if known.len() > INTERACTIONS_A_DAY {
            let max = INTERACTIONS_A_DAY;
            return Err(Refusal::TooManyInteractions { max });
        }
        let interacted = Interacted {
            account: actor.account,
            day: self.day,
            interactions: new,
        };
        Ok(vec![FeedbackFact::Interacted(interacted).into()])
    }

    fn happened_at(&self) -> Option<Time> {
        self.interactions
            .iter()
            .map(|interaction| interaction.at)
            .max()
    }
}

fn valid_rating(rating: u8) -> Result<u8, Refusal> {
    if !(1..=RATING_MAX).contains(&rating) {
        return Err(Refusal::RatingInvalid { max: RATING_MAX });
    }
    Ok(rating)
}

fn valid_text(text: &str) -> Result<Personal<String>, Refusal> {
    text::lines("text", text, TEXT_MAX).map(Personal::known)
}

impl Interaction {
    /// Whether it can be recorded at a moment.
    ///
    /// # Errors
    /// What has to be put right first.
    pub fn check(&self, now: Time) -> Result<(), Refusal> {
        let Self { kind, subject, at } = self;
        text::key("kind", kind, KEY_MAX)?;
        if let Some(subject) = subject {
            text::key("subject", subject, KEY_MAX)?;
        }
        let age = now.as_micros().saturating_sub(at.as_micros());
        if age < -CLOCK_MICROS {
            return Err(Refusal::InFuture { field: "at" });
        }
        if age > INTERACTION_DAYS * DAY_MICROS {
            return Err(Refusal::TooLongAgo {
                field: "at",
                days: INTERACTION_DAYS,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{
        ada, after, bob, community, eve, feedback_given, given, interacted, now, registered,
    };

    fn say(subject: &str, rating: Option<u8>, text: Option<&str>) -> GiveFeedback {
        GiveFeedback {
            subject: subject.into(),
            rating,
            text: text.map(str::to_owned),
        }
    }

    #[test]
    fn k10_members_say_what_they_think_by_a_number_or_in_words_or_both() {
        for (rating, text) in [
            (Some(1), None),
            (None, Some("Nice")),
            (Some(5), Some("Nice")),
        ] {
            community([])
                .when(ada(), say("challenges", rating, text))
                .then([feedback_given(ada(), "challenges", rating, text)]);
        }
        community([])
            .when(ada(), say("challenges", None, Some(" First\nSecond\n")))
            .then([feedback_given(
                ada(),
                "challenges",
                None,
                Some("First\nSecond"),
            )]);
    }

    #[test]
    fn saying_nothing_is_no_feedback() {
        community([])
            .when(ada(), say("challenges", None, None))
            .then_refused(Refusal::FeedbackEmpty);
    }

    #[test]
    fn what_was_said_last_is_not_said_again() {
        let said = |rating| feedback_given(ada(), "challenges", Some(rating), Some("Nice"));
        let say = |rating| say("challenges", Some(rating), Some("Nice"));
        community([said(4)]).when(ada(), say(4)).then([]);
        community([said(4)]).when(ada(), say(3)).then([said(3)]);
        // Back to what it was before is a change, too.
        community([said(4), said(3)])
            .when(ada(), say(4))
            .then([said(4)]);
    }

    #[test]
    fn of_another_subject_or_by_another_member_it_is_said_for_the_first_time() {
        let said = || community([feedback_given(ada(), "challenges", Some(4), None)]);
        said()
            .when(ada(), say("badges", Some(4), None))
            .then([feedback_given(ada(), "badges", Some(4), None)]);
        said()
            .when(bob(), say("challenges", Some(4), None))
            .then([feedback_given(bob(), "challenges", Some(4), None)]);
    }

    #[test]
    fn what_was_said_before_on_another_subject_does_not_hide_what_was_said_last_on_this_one() {
        community([
            feedback_given(ada(), "challenges", Some(4), None),
            feedback_given(ada(), "badges", Some(2), None),
        ])
        .when(ada(), say("challenges", Some(4), None))
        .then([]);
    }

    #[test]
    fn a_rating_is_from_1_to_5() {
        for rating in [0, 6, 255] {
            community([])
                .when(ada(), say("challenges", Some(rating), None))
                .then_refused(Refusal::RatingInvalid { max: 5 });
        }
    }

    #[test]
    fn words_can_be_seen_and_are_not_too_many() {
        for text in ["", " ", "a\0b", &"x".repeat(TEXT_MAX + 1)] {
            community([])
                .when(ada(), say("challenges", Some(3), Some(text)))
                .then_refused(Refusal::TextInvalid {
                    field: "text",
                    max: TEXT_MAX,
                });
        }
    }

    const BAD_KEYS: [&str; 3] = ["", "a b", "a/b"];

    #[test]
    fn a_subject_is_a_key_that_programs_can_agree_on() {
        let long = "x".repeat(KEY_MAX + 1);
        for key in BAD_KEYS.into_iter().chain([&*long]) {
            community([])
                .when(ada(), say(key, Some(3), None))
                .then_refused(Refusal::KeyInvalid {
                    field: "subject",
                    max: KEY_MAX,
                });
        }
    }

    #[test]
    fn only_members_say_anything() {
        let past = || given([registered(ada(), "Ada")]);
        past()
            .when(eve(), say("challenges", Some(3), None))
            .then_refused(Refusal::ActorNotRegistered);
        past()
            .when(eve(), record([opened(0)]))
            .then_refused(Refusal::ActorNotRegistered);
    }

    /// A panel was opened so many seconds from [`now`].
    fn opened(seconds: i64) -> Interaction {
        Interaction {
            kind: "panel_opened".into(),
            subject: Some("challenges".into()),
            at: after(seconds),
        }
    }

    /// All of them of one day.
    fn record(interactions: impl IntoIterator<Item = Interaction>) -> RecordInteractions {
        let mut days = RecordInteractions::of_days(interactions.into_iter().collect());
        assert_eq!(days.len(), 1);
        days.remove(0)
    }

    fn gather(
        interactions: impl IntoIterator<Item = Interaction>,
    ) -> Result<Vec<RecordInteractions>, (Option<usize>, Refusal)> {
        RecordInteractions::by_day(interactions.into_iter().collect(), now())
    }

    #[test]
    fn k10_what_a_member_looked_at_is_recorded_in_the_order_that_it_came_in() {
        let clicked = Interaction {
            kind: "badge_clicked".into(),
            subject: None,
            at: now(),
        };
        let looked = || [opened(-5), clicked.clone(), opened(-9)];
        community([])
            .when(ada(), record(looked()))
            .then([interacted(ada(), looked())]);
    }

    #[test]
    fn what_is_recorded_already_is_left_out() {
        let known = || community([interacted(ada(), [opened(-9), opened(-8)])]);
        known()
            .when(ada(), record([opened(-9), opened(-7), opened(-8)]))
            .then([interacted(ada(), [opened(-7)])]);
        known()
            .when(ada(), record([opened(-8), opened(-9)]))
            .then([]);
        known()
            .when(bob(), record([opened(-8)]))
            .then([interacted(bob(), [opened(-8)])]);
    }

    #[test]
    fn what_is_listed_twice_is_recorded_once() {
        community([])
            .when(ada(), record([opened(-9), opened(-8), opened(-9)]))
            .then([interacted(ada(), [opened(-9), opened(-8)])]);
    }

    #[test]
    fn one_to_a_hundred_interactions_are_recorded_at_once() {
        let field = "interactions";
        let refused = |looked| gather(looked).unwrap_err();
        assert_eq!(refused(vec![]), (None, Refusal::NoEntries { field }));
        let looked = |count: i64| -> Vec<_> { (0..count).map(|second| opened(-second)).collect() };
        assert_eq!(gather(looked(100)).unwrap().len(), 1);
        let too_many = Refusal::TooManyEntries { field, max: 100 };
        assert_eq!(refused(looked(101)), (None, too_many));
        let wrong = Interaction {
            kind: "a b".into(),
            ..opened(0)
        };
        assert_eq!(refused(vec![opened(0), wrong]).0, Some(1));
    }

    #[test]
    fn each_day_is_recorded_by_itself_so_it_makes_no_difference_how_an_app_gathers() {
        const DAY: i64 = 86_400;
        let known = || {
            community([
                interacted(ada(), [opened(-DAY)]),
                interacted(ada(), [opened(0)]),
            ])
        };
        for gathered in [vec![-DAY, 0], vec![0], vec![0, -DAY], vec![-DAY]] {
            let days = gathered.len();
            let commands = gather(gathered.into_iter().map(opened)).unwrap();
            assert_eq!(commands.len(), days);
            for command in commands {
                known().when(ada(), command).then([]);
            }
        }
    }

    #[test]
    fn a_thousand_of_a_day_are_recorded_and_no_more() {
        let many = |count| (0..count).map(|second| opened(-second));
        community([interacted(ada(), many(999))])
            .when(ada(), record([opened(7)]))
            .then([interacted(ada(), [opened(7)])]);
        community([interacted(ada(), many(1_000))])
            .when(ada(), record([opened(7)]))
            .then_refused(Refusal::TooManyInteractions { max: 1_000 });
    }

    #[test]
    fn a_clock_may_be_five_minutes_ahead_but_no_more() {
        community([])
            .when(ada(), record([opened(300)]))
            .then([interacted(ada(), [opened(300)])]);
        let later = Interaction {
            at: Time::from_micros(after(300).as_micros() + 1),
            ..opened(0)
        };
        community([])
            .when(ada(), record([opened(0), later]))
            .then_refused(Refusal::InFuture { field: "at" });
    }

    #[test]
    fn what_is_more_than_thirty_days_ago_comes_too_late() {
        const DAYS: i64 = 30 * 86_400;
        community([])
            .when(ada(), record([opened(-DAYS)]))
            .then([interacted(ada(), [opened(-DAYS)])]);
        let earlier = Interaction {
            at: Time::from_micros(after(-DAYS).as_micros() - 1),
            ..opened(0)
        };
        community([])
            .when(ada(), record([earlier]))
            .then_refused(Refusal::TooLongAgo {
                field: "at",
                days: 30,
            });
        let first = Interaction {
            at: Time::from_micros(i64::MIN),
            ..opened(0)
        };
        community([])
            .when(ada(), record([first]))
            .then_refused(Refusal::TooLongAgo {
                field: "at",
                days: 30,
            });
    }

    #[test]
    fn kinds_and_subjects_are_keys_that_programs_can_agree_on() {
        let long = "x".repeat(KEY_MAX + 1);
        let max = KEY_MAX;
        for key in BAD_KEYS.into_iter().chain([&*long]) {
            let kind = Interaction {
                kind: key.into(),
                ..opened(0)
            };
            let field = "kind";
            community([])
                .when(ada(), record([opened(0), kind]))
                .then_refused(Refusal::KeyInvalid { field, max });
            let subject = Interaction {
                subject: Some(key.into()),
                ..opened(0)
            };
            let field = "subject";
            community([])
                .when(ada(), record([subject]))
                .then_refused(Refusal::KeyInvalid { field, max });
        }
    }
}
