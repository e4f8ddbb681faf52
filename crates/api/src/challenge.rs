//! How far a member is with the challenges (DOMAIN K5).

use async_graphql::{Context, Result, SimpleObject};
use plaudit_domain::{Period, Time};
use plaudit_projection::rules::{Counted, Kudos, Reason, Step};
use plaudit_projection::tally::TallyKey;
use plaudit_projection::{Key, Profile as Row};

use crate::kudos::enrolled;
use crate::loader::TallyBy;
use crate::programme::{KudosChallenge, TimeSpan};
use crate::reading::reading;
use crate::scalar::int;

/// How far a member is with a challenge: the account that is furthest.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct KudosChallengeProgress {
    /// The challenge.
    challenge: KudosChallenge,
    /// Whether it is completed: of one that can be completed in every period anew, in this period.
    is_completed: bool,
    /// How often the member got what it gives, with all accounts.
    completed_times: i32,
    /// The period that it has to be done in and that is now; null if it can be done at any time.
    period: Option<TimeSpan>,
    /// The steps, in their order.
    steps: Vec<KudosStepProgress>,
    /// Whether it counts what is done now.
    #[graphql(skip)]
    is_on: bool,
    /// Whether it can be completed in every period anew.
    #[graphql(skip)]
    repeats: bool,
}

/// How far a member is with a step of a challenge.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct KudosStepProgress {
    /// What has to be done, in words.
    title: String,
    /// How often it has to be done.
    count: i32,
    /// How often it is done, up to that.
    done: i32,
}

/// A challenge, as it is read.
struct Challenge<'a> {
    number: usize,
    reason: &'a Reason,
    steps: &'a [Step],
    within: Option<Period>,
    repeats: bool,
}

impl<'a> Challenge<'a> {
    fn all(kudos: &'a Kudos) -> impl Iterator<Item = Self> {
        let reasons = kudos.reasons.iter().enumerate();
        reasons.filter_map(|(number, reason)| match &reason.counts {
            Counted::Each { .. } => None,
            Counted::Steps {
                steps,
                within,
                repeats,
            } => Some(Self {
                number,
                reason,
                steps,
                within: *within,
                repeats: *repeats,
            }),
        })
    }

    /// What is remembered of it for an account: how often it was completed, and then each step.
    fn tallies(&self, kudos: &Kudos, account: Key, at: Time) -> Vec<TallyKey> {
        let steps = self.steps.iter();
        let steps = steps.map(|step| step.tally(account, self.within, at));
        let completed = kudos.completed_tally(account, self.number);
        std::iter::once(completed).chain(steps).collect()
    }
}

impl KudosChallengeProgress {
    /// All challenges, in their order: how far a member is.
    pub async fn of(context: &Context<'_>, row: &Row) -> Result<Vec<Self>> {
        let reading = reading(context);
        let now = reading.now();
        let kudos = &reading.rules().kudos;
        let accounts = enrolled(context, row).await?;
        let tallies = Challenge::all(kudos).flat_map(|challenge| {
            let accounts = accounts.iter();
            let tallies = accounts.map(move |account| challenge.tallies(kudos, *account, now));
            tallies.flatten().map(TallyBy).collect::<Vec<_>>()
        });
        let counts = reading.loader().load_many(tallies).await?;
        let count = |key: &TallyKey| counts.get(&TallyBy(*key)).copied().unwrap_or_default();
        let progress = |challenge: Challenge<'_>| {
            let accounts = accounts.iter();
            // Nobody counts for who doesn't take part.
            let accounts = accounts.map(|account| {
                let tallies = challenge.tallies(kudos, *account, now);
                tallies.iter().map(count).collect::<Vec<i64>>()
            });
            Self::by(kudos, &challenge, accounts.collect(), now)
        };
        Ok(Challenge::all(kudos).filter_map(progress).collect())
    }

    /// How far a member is whose accounts have these tallies, each completions first and then steps.
    fn by(
        kudos: &Kudos,
        challenge: &Challenge<'_>,
        accounts: Vec<Vec<i64>>,
        now: Time,
    ) -> Option<Self> {
        let completed_times = accounts.iter().filter_map(|tallies| tallies.first());
        let completed_times: i64 = completed_times
            .map(|times| match challenge.repeats {
                true => *times,
                false => (*times).min(1),
            })
            .sum();
        let done = |tallies: &Vec<i64>| -> Vec<i64> {
            let steps = challenge.steps.iter().zip(tallies.iter().skip(1));
            steps.map(|(step, count)| *count.min(&step.count)).collect()
        };
        let furthest = accounts.iter().map(done);
        let furthest = furthest.max_by_key(|done| done.iter().sum::<i64>());
        let furthest = furthest.unwrap_or_else(|| vec![0; challenge.steps.len()]);
        let mut steps = challenge.steps.iter().zip(&furthest);
        let is_completed = match challenge.repeats {
            true => steps.all(|(step, done)| step.count <= *done),
            false => completed_times > 0,
        };
        let steps = challenge.steps.iter().zip(&furthest);
        let steps = steps.map(|(step, done)| KudosStepProgress {
            title: step.title.clone(),
            count: int(step.count),
            done: int(*done),
        });
        Some(Self {
            challenge: KudosChallenge::of(kudos, challenge.number)?,
            is_completed,
            completed_times: int(completed_times),
            period: challenge.within.map(|period| TimeSpan::around(now, period)),
            steps: steps.collect(),
            is_on: challenge.reason.counts_at(now),
            repeats: challenge.repeats,
        })
    }

    /// Whether it is on, or the member completed it at some time.
    pub fn is_shown(&self) -> bool {
        self.is_on || self.completed_times > 0
    }

    /// Whether the member can still complete it.
    pub fn is_available(&self) -> bool {
        self.is_on && (self.repeats || self.completed_times == 0)
    }
}
