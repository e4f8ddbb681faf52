//! How the read models stand.

use std::sync::Arc;
use std::time::SystemTime;

use async_graphql::{Enum, ID, Result, SimpleObject};
use futures_util::stream::{self, BoxStream, StreamExt};
use plaudit_domain::{Position, Time};
use plaudit_replay::live::Folded;
use plaudit_replay::renewal::{Renewing, Underway};
use plaudit_replay::{Community, ReadModels, Work};
use tokio::time::{Duration, sleep};

use crate::id::NodeId;
use crate::scalar::{DateTime, int};

/// How the read models stand: what people read, and what is made to take its place.
#[derive(Debug, Clone, PartialEq, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct Projection {
    /// Its opaque id: always the same, for there is one.
    #[graphql(owned)]
    pub id: ID,
    /// Up to which event people read what follows from it; a text, like all positions: it may be more than an
    /// Int holds.
    position: String,
    /// The last event that is recorded.
    head: String,
    /// How many events are recorded that can't be read yet.
    lag_events: i32,
    /// How many seconds ago the first of them was recorded; 0 if there are none.
    lag_seconds: f64,
    /// What is done.
    phase: ProjectionPhase,
    /// Up to which event the next generation is folded; null while none is made.
    next_position: Option<String>,
    /// How much of the phase is done, from 0 to 1; null while no generation is made.
    progress: Option<f64>,
    /// How many events a second are folded into the next generation, or how many rows a second are written;
    /// null while none is made, or it isn't known yet.
    rate: Option<f64>,
    /// How many seconds it takes until the end of the phase, at this rate.
    time_left: Option<f64>,
    /// The number of the generation that people read from; null where there is just one.
    generation: Option<i32>,
    /// What kept the last generation from being used, if anything did.
    last_failure: Option<ProjectionFailure>,
}

/// Why a generation isn't used.
#[derive(Debug, Clone, PartialEq, SimpleObject)]
#[graphql(crate = "crate::engine")]
pub struct ProjectionFailure {
    /// When it was.
    at: DateTime,
    /// What failed.
    message: String,
}

/// What is done with the read models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub enum ProjectionPhase {
    /// What is recorded is folded as it comes.
    Live,
    /// The next generation is folded from all that ever happened; people read from the one before meanwhile.
    Rebuilding,
    /// All that was folded is written into the next generation.
    Writing,
    /// The next generation is folded on, up to the last event; then it is used.
    CatchingUp,
    /// Something keeps what is recorded from being folded; it is tried again.
    Interrupted,
    /// Something keeps what is recorded from being folded, for good: the log says what.
    Stopped,
}

impl Projection {
    /// How those of a community stand that are read now.
    pub async fn of(community: &Community) -> Result<Self> {
        let models = community.read_models();
        // Before the position, so that what is recorded in between isn't a lag.
        let head = community.journal().head().await?;
        let folded = models.folded();
        let late = late(community, folded.position, head).await?;
        let renewing = community.renewal().map(|renewal| renewal.state());
        Ok(Self::new(&models, &folded, head, late, renewing))
    }

    fn new(
        models: &ReadModels,
        folded: &Folded,
        head: Position,
        lag_seconds: f64,
        renewing: Option<Renewing>,
    ) -> Self {
        let Renewing { work, failure, .. } = renewing.unwrap_or_default();
        let number = |position: Position| int(position.cast_signed());
        Self {
            id: NodeId::Projection.into(),
            position: folded.position.to_string(),
            head: head.to_string(),
            lag_events: number(head.saturating_sub(folded.position)),
            lag_seconds,
            phase: phase(folded, work.as_ref()),
            next_position: work.map(|work| work.progress.position.to_string()),
            progress: work.map(|work| work.progress.ratio()),
            rate: work.and_then(|work| work.per_second()).map(f64::round),
            time_left: work.and_then(|work| work.left()).map(|it| it.as_secs_f64()),
            generation: models.generation().map(number),
            last_failure: failure.map(|failure| ProjectionFailure {
                at: DateTime(failure.at),
                message: failure.message.to_string(),
            }),
        }
    }
}

fn phase(folded: &Folded, work: Option<&Underway>) -> ProjectionPhase {
    match (work, &folded.trouble) {
        (_, Some(_)) if folded.stopped => ProjectionPhase::Stopped,
        (_, Some(_)) => ProjectionPhase::Interrupted,
        (Some(work), None) => match work.progress.work {
            Work::Rebuilding => ProjectionPhase::Rebuilding,
            Work::Writing { .. } => ProjectionPhase::Writing,
            Work::CatchingUp => ProjectionPhase::CatchingUp,
        },
        (None, None) => ProjectionPhase::Live,
    }
}

/// How many seconds ago the first event was recorded that isn't folded yet.
async fn late(community: &Community, position: Position, head: Position) -> Result<f64> {
    if position >= head {
        return Ok(0.0);
    }
    let next = community.journal().read_all(position, 1).await?;
    let Some(next) = next.first() else {
        return Ok(0.0);
    };
    let now = Time::from(SystemTime::now()).as_micros();
    let micros = u64::try_from(now - next.recorded_at.as_micros()).unwrap_or(0);
    Ok(Duration::from_micros(micros).as_secs_f64())
}

/// So often it is told how they stand, at most.
const EVERY: Duration = Duration::from_millis(250);

/// How they stand now, and whenever that has changed.
pub fn followed(community: Arc<Community>) -> BoxStream<'static, Result<Projection>> {
    let told = stream::unfold((community, None), |(community, last)| async move {
        let mut follower = community.follow();
        let mut renewing = community.renewal().map(|renewal| renewal.follow());
        loop {
            follower.caught_up();
            if let Some(renewing) = &mut renewing {
                renewing.borrow_and_update();
            }
            let now = match Projection::of(&community).await {
                Ok(now) => now,
                Err(error) => return Some((Err(error), (community, last))),
            };
            if last.as_ref() != Some(&now) {
                return Some((Ok(now.clone()), (community, Some(now))));
            }
            let renewed = async {
                match &mut renewing {
                    Some(renewing) => drop(renewing.changed().await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                goes_on = follower.changed() => {
                    if !goes_on {
                        return None;
                    }
                }
                () = renewed => {}
            }
            sleep(EVERY).await;
        }
    });
    told.boxed()
}
