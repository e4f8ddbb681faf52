//! What other rules would change (DOMAIN K11): who would gain and lose what.
//!
//! The rows in use are compared, profile by profile, with those that a replay of the same history makes by
//! the proposed rules, in a generation that is never put in use. Where these differ only in what is read,
//! and not in what is folded, the same rows are read by both, and no event is.

use plaudit_domain::kudos::Allowance;
use plaudit_domain::{Position, Time};
use plaudit_journal::SharedJournal;
use plaudit_projection::row::Malformed;
use plaudit_projection::{Key, Rules};
use plaudit_store::standing::{Earnings, LedGroup};
use plaudit_store::{ProfileRecord, Snapshot, Store, StoreError};
use tokio::task::yield_now;

use crate::rebuild::replay;
use crate::{FoldingError, Generations, Work, stand};

pub mod effect;
pub mod previews;
mod standing;
pub mod summary;
pub mod thing;

use effect::{BeforeAfter, Effect};
use standing::Side;
use summary::{Bucket, GroupChange, LevelMove, Summary, ThingChange, Totals};
use thing::{Thing, Things};

/// So many profiles are compared at once.
const PAGE: u32 = 500;

/// What proposed rules would change.
#[derive(Debug)]
pub struct Preview {
    /// Up to where the history goes that it is about.
    pub position: Position,
    /// The moment: which groups are active depends on the clock.
    pub at: Time,
    /// Whether events were folded by the proposed rules: else rows were only read by them.
    pub replayed: bool,
    /// How much it is altogether.
    pub totals: Totals,
    /// How many profiles would gain and lose how many points, from the most that is lost on.
    pub distribution: Vec<Bucket>,
    /// From which level to which other profiles would come.
    pub levels: Vec<LevelMove>,
    /// What profiles would have more or less of, kind by kind, what concerns the most profiles first.
    pub changes: Vec<ThingChange>,
    /// The user groups that would be active, at risk or inactive otherwise, oldest first.
    pub groups: Vec<GroupChange>,
    /// How often kudos could be given to peers.
    pub allowance: BeforeAfter<Option<Allowance>>,
    /// The profiles that would have something else, oldest first.
    pub effects: Vec<Effect>,
    things: Vec<Thing>,
    movers: Vec<u32>,
}

impl Preview {
    /// What is known by a number here.
    pub fn thing(&self, number: u32) -> &Thing {
        // Numbers come from here alone.
        &self.things[number as usize]
    }

    /// The profiles that would gain or lose points, the most first.
    pub fn movers(&self) -> impl Iterator<Item = &Effect> {
        self.movers.iter().map(|&at| &self.effects[at as usize])
    }
}

/// How far a preview is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How many events or profiles are done,
    pub done: u64,
    /// and of how many, where that is known.
    pub total: Option<u64>,
}

/// What is being done for a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Events are folded by the proposed rules.
    Replaying,
    /// What comes of it is written aside.
    Writing,
    /// Profiles are compared.
    Comparing,
}

/// Why there is no preview.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The history can't be folded, or the rows can't be read.
    #[error(transparent)]
    Folding(#[from] FoldingError),
    /// The rows in use aren't those of the history.
    #[error(
        "the read models don't have the same profiles as a replay of the history: `plaudit verify` tells how they differ"
    )]
    Apart,
    /// It was given up before it was finished.
    #[error("it was given up before it was finished")]
    GivenUp,
}

impl From<StoreError> for PreviewError {
    fn from(error: StoreError) -> Self {
        Self::Folding(error.into())
    }
}

impl From<Malformed> for PreviewError {
    fn from(error: Malformed) -> Self {
        StoreError::from(error).into()
    }
}

/// Compares what people have, by the rules that some rows follow from, with what they would have by others:
/// those of the generations, at a moment. Nothing that people see is changed by it. Whoever folds on, goes
/// on: all is compared as of the position that the rows have now.
///
/// # Errors
/// If the history or the rows can't be read, or there is no room for others.
pub async fn preview(
    journal: &SharedJournal,
    (store, rules): (&dyn Store, &Rules),
    proposed: &Generations,
    now: Time,
    watch: &mut (dyn FnMut(Progress) + Send),
) -> Result<Preview, PreviewError> {
    let mut kept = store.snapshot().await?;
    let sides = [rules, proposed.rules()];
    if rules.folding_hash() == proposed.rules().folding_hash() {
        return compare(&mut *kept, None, sides, now, watch).await;
    }
    stand(journal, store).await?;
    let until = kept.position();
    // Dropped after the store that is opened there.
    let (_beside, mut load) = proposed.beside().await?;
    let mut told = |folded: crate::Progress| {
        watch(Progress {
            stage: match folded.work {
                Work::Rebuilding | Work::CatchingUp => Stage::Replaying,
                Work::Writing { .. } => Stage::Writing,
            },
            done: folded.done(),
            total: Some(folded.all()),
        });
    };
    let reached = replay(journal, proposed.rules(), &mut *load, until, &mut told).await?;
    if reached != until {
        return Err(PreviewError::GivenUp);
    }
    let replayed = load.finish().await?;
    let mut other = replayed.snapshot().await?;
    compare(&mut *kept, Some(&mut *other), sides, now, watch).await
}

/// Compares all profiles: of the same rows, or of two snapshots.
async fn compare(
    kept: &mut dyn Snapshot,
    mut replayed: Option<&mut dyn Snapshot>,
    sides: [&Rules; 2],
    now: Time,
    watch: &mut (dyn FnMut(Progress) + Send),
) -> Result<Preview, PreviewError> {
    let groups = kept.groups().await?;
    let mut comparison = Comparison::new(sides, &groups, now);
    // The same entries under other names are to be told, too.
    let [ids, other_ids] = sides.map(|rules| rules.kudos.reasons.iter().map(|it| &it.id));
    let reads_ledger = replayed.is_some() || !ids.eq(other_ids);
    let mut last = Key(0);
    loop {
        let one = Page::read(kept, last, reads_ledger).await?;
        let Some(end) = one.last() else {
            break;
        };
        let other = match &mut replayed {
            Some(replayed) => Some(Page::read(&mut **replayed, last, true).await?),
            None => None,
        };
        comparison.add(&one, other.as_ref().unwrap_or(&one))?;
        last = end;
        watch(Progress {
            stage: Stage::Comparing,
            done: comparison.summary.totals.profiles,
            total: None,
        });
        // Whoever wants to end it is heard.
        yield_now().await;
    }
    let of = (kept.position(), now, replayed.is_some());
    Ok(comparison.end(of, sides, &groups))
}

/// What is compared so far.
struct Comparison<'a> {
    before: Side<'a>,
    after: Side<'a>,
    things: Things,
    summary: Summary,
    effects: Vec<Effect>,
}

impl<'a> Comparison<'a> {
    fn new([rules, proposed]: [&'a Rules; 2], groups: &[LedGroup], now: Time) -> Self {
        let mut things = Things::default();
        // First, so that things go by the titles that they would have.
        let after = Side::new(proposed, groups, now, &mut things);
        Self {
            before: Side::new(rules, groups, now, &mut things),
            after,
            things,
            summary: Summary::default(),
            effects: Vec::new(),
        }
    }

    /// Adds profiles, as they are and as they would be.
    fn add(&mut self, one: &Page, other: &Page) -> Result<(), PreviewError> {
        if !one.keys().eq(other.keys()) {
            return Err(PreviewError::Apart);
        }
        let Self {
            before,
            after,
            things,
            ..
        } = self;
        for (record, anew) in one.profiles.iter().zip(&other.profiles) {
            let key = record.profile.key;
            let has = before.standing(record, one.earnings_of(key), things)?;
            let would_have = after.standing(anew, other.earnings_of(key), things)?;
            let effect = Effect::between(&record.profile, &has, &would_have);
            self.summary.add(&has, &would_have, &effect);
            self.effects.extend(effect.is_one().then_some(effect));
        }
        Ok(())
    }

    /// All that it comes to: up to which position, at which moment, and whether events were folded for it.
    fn end(
        self,
        (position, at, replayed): (Position, Time, bool),
        [rules, proposed]: [&Rules; 2],
        groups: &[LedGroup],
    ) -> Preview {
        let Self {
            before,
            after,
            things,
            summary,
            effects,
        } = self;
        let things = things.all();
        Preview {
            position,
            at,
            replayed,
            totals: summary.totals,
            distribution: summary.distribution(),
            levels: summary.levels(),
            changes: summary.changes(&things),
            groups: GroupChange::all(groups, &before, &after),
            allowance: BeforeAfter {
                before: rules.kudos.allowance,
                after: proposed.kudos.allowance,
            },
            movers: movers(&effects),
            effects,
            things,
        }
    }
}

/// The places of those that gain or lose points, the most first, of as many the oldest.
fn movers(effects: &[Effect]) -> Vec<u32> {
    let places = (0_u32..).zip(effects);
    let moving = places.filter(|(_, effect)| effect.points.difference() != 0);
    let mut movers: Vec<u32> = moving.map(|(place, _)| place).collect();
    movers.sort_by_key(|&place| {
        let points = effects[place as usize].points.difference();
        std::cmp::Reverse(points.unsigned_abs())
    });
    movers
}

/// Some profiles, with what they have of each rule.
struct Page {
    profiles: Vec<ProfileRecord>,
    earnings: Vec<Earnings>,
}

impl Page {
    async fn read(
        snapshot: &mut dyn Snapshot,
        after: Key,
        reads_ledger: bool,
    ) -> Result<Self, StoreError> {
        let mut page = Self {
            profiles: snapshot.profiles(after, PAGE).await?,
            earnings: Vec::new(),
        };
        if reads_ledger && let Some(last) = page.last() {
            page.earnings = snapshot.earnings(after, last).await?;
        }
        Ok(page)
    }

    fn last(&self) -> Option<Key> {
        self.profiles.last().map(|record| record.profile.key)
    }

    fn keys(&self) -> impl Iterator<Item = Key> {
        self.profiles.iter().map(|record| record.profile.key)
    }

    fn earnings_of(&self, profile: Key) -> &[Earnings] {
        let from = self.earnings.partition_point(|it| it.profile < profile);
        let to = self.earnings.partition_point(|it| it.profile <= profile);
        &self.earnings[from..to]
    }
}
