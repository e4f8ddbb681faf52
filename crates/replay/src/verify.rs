//! Whether everything is as it should be (DOMAIN F8): the journal is whole, the rows in use are what a
//! replay makes of it, and each figure agrees with what it is counted from.

use plaudit_domain::Position;
use plaudit_journal::inspection::{Extent, Flaw, Inspected};
use plaudit_journal::{JournalError, SharedJournal};
use plaudit_projection::{Rules, Stopped};
use plaudit_store::Snapshot;
use plaudit_store::checks::{Check, Miscount, checks};
use plaudit_store::compare::{Comparison, Difference};
use tokio::task::yield_now;

use crate::rebuild::replay;
use crate::{FoldingError, Generations, Work, stand};

/// Who is told what verifying comes to.
pub trait Watch: Send {
    /// How far a stage is, in events or rows, and how far it goes, where that is known.
    fn at(&mut self, stage: Stage, done: u64, total: Option<u64>);

    /// Something isn't as it should be.
    fn found(&mut self, finding: Finding);
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The journal is inspected.
    Inspecting,
    /// It is folded anew.
    Replaying,
    /// What was folded is written.
    Writing,
    /// What comes of it is compared with the rows in use.
    Comparing,
    /// Figures are counted anew.
    Counting,
}

/// Something that isn't as it should be.
#[derive(Debug)]
pub enum Finding {
    /// The journal isn't whole.
    Journal(Flaw),
    /// An event can't be folded.
    Unfoldable(Stopped),
    /// The rows aren't of this journal.
    Foreign(FoldingError),
    /// What keeps the rows is damaged.
    Damaged(String),
    /// A row isn't what a replay makes of it.
    Row(Difference),
    /// A figure isn't what is counted.
    Figure {
        /// Which figure.
        check: Check,
        /// Where.
        miscount: Miscount,
    },
}

/// What was found to be as it should be, or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// The position up to which rows are folded, and were compared, if they could be.
    pub position: Option<Position>,
    /// How many tables were compared,
    pub tables: usize,
    /// and rows in them.
    pub rows: u64,
    /// How many kinds of figures were counted anew.
    pub figures: usize,
}

/// Inspects a journal up to its end, which is returned.
///
/// # Errors
/// If it can't be read.
pub async fn inspect(
    journal: &SharedJournal,
    generations: &Generations,
    watch: &mut dyn Watch,
) -> Result<Position, JournalError> {
    // Before its end: what is recorded from now on may not be carried out yet.
    let folded = match generations.as_it_is().await {
        Ok(Some(store)) => store.position().await.unwrap_or_default(),
        // What is wrong with them, comparing them tells.
        Ok(None) | Err(_) => 0,
    };
    let head = journal.head().await?;
    let extent = Extent {
        until: head,
        folded,
    };
    let mut tell = |inspected| match inspected {
        Inspected::UpTo(position) => watch.at(Stage::Inspecting, position, Some(head)),
        Inspected::Flaw(flaw) => watch.found(Finding::Journal(flaw)),
    };
    journal.inspect(extent, &mut tell).await?;
    Ok(head)
}

/// Compares the rows in use with what a replay of the journal makes of it; nothing, where there are no
/// rows yet. Whoever folds on, goes on: all is compared as of the position that the rows have now.
///
/// # Errors
/// If the rows are of another version or were made by other rules, or they or the journal can't be read,
/// or there is no room for others.
pub async fn rows(
    journal: &SharedJournal,
    generations: &Generations,
    watch: &mut dyn Watch,
) -> Result<Option<Verified>, FoldingError> {
    let Some(store) = generations.as_it_is().await? else {
        return Ok(None);
    };
    let mut kept = store.snapshot().await?;
    let mut verified = Verified::default();
    let compared = match stand(journal, &**store).await {
        Ok(_) => compare_all(journal, generations, &mut *kept, &mut verified, watch).await,
        Err(error @ (FoldingError::Ahead { .. } | FoldingError::Foreign { .. })) => {
            watch.found(Finding::Foreign(error));
            Ok(())
        }
        Err(error) => Err(error),
    };
    // For these it makes no difference whether there was something to compare with.
    verified.figures = count_all(&mut *kept, generations.rules(), watch).await?;
    for damage in kept.damages().await? {
        watch.found(Finding::Damaged(damage));
    }
    compared?;
    Ok(Some(verified))
}

async fn compare_all(
    journal: &SharedJournal,
    generations: &Generations,
    kept: &mut dyn Snapshot,
    verified: &mut Verified,
    watch: &mut dyn Watch,
) -> Result<(), FoldingError> {
    let until = kept.position();
    // Dropped after the store that is opened there.
    let (_beside, mut load) = generations.beside().await?;
    let rules = generations.rules();
    let mut progress = |folded: crate::Progress| {
        let stage = match folded.work {
            Work::Rebuilding | Work::CatchingUp => Stage::Replaying,
            Work::Writing { .. } => Stage::Writing,
        };
        watch.at(stage, folded.done(), Some(folded.all()));
    };
    match replay(journal, rules, &mut *load, until, &mut progress).await {
        Ok(_) => {}
        Err(FoldingError::Stopped(stopped)) => {
            watch.found(Finding::Unfoldable(stopped));
            return Ok(());
        }
        Err(error) => return Err(error),
    }
    let replayed = load.finish().await?;
    let mut right = replayed.snapshot().await?;
    for table in kept.tables() {
        let mut comparison = Comparison::of(&table, kept, &mut *right);
        let mut found = Vec::new();
        while let Some(rows) = comparison
            .step(&mut |difference| found.push(difference))
            .await?
        {
            verified.rows += rows;
            for difference in found.drain(..) {
                watch.found(Finding::Row(difference));
            }
            watch.at(Stage::Comparing, verified.rows, None);
            // Whoever wants to end it is heard.
            yield_now().await;
        }
        verified.tables += 1;
    }
    verified.position = Some(until);
    Ok(())
}

/// Counts every figure anew; how many there are is returned.
async fn count_all(
    kept: &mut dyn Snapshot,
    rules: &Rules,
    watch: &mut dyn Watch,
) -> Result<usize, FoldingError> {
    let checks = checks(rules.kudos.policy);
    let figures = checks.len();
    for (check, done) in checks.into_iter().zip(1..) {
        for miscount in kept.miscounts(&check).await? {
            let check = check.clone();
            watch.found(Finding::Figure { check, miscount });
        }
        watch.at(Stage::Counting, done, Some(figures as u64));
        yield_now().await;
    }
    Ok(figures)
}
