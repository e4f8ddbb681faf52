//! The history as it goes on, for who follows it.
//!
//! What is folded is what they get: so what they read then shows it. Positions have no gaps, and nothing is
//! kept for them but how far they are: so they miss nothing and get nothing twice, on the way from what was
//! to what is, too.

use std::collections::VecDeque;
use std::sync::Arc;

use async_graphql::{Error, Result};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use plaudit_domain::Position;
use plaudit_journal::search::{Direction, Stretch};
use plaudit_replay::Follower;

use crate::event::{EventEdge, position};
use crate::event_filter::EventFilter;
use crate::reading::{Asking, ReadFrom, Reading};
use crate::search::find;

/// So many are read at once.
const BATCH: usize = 20;

/// Somebody who follows the history.
pub struct Following {
    asking: Asking,
    follower: Follower,
    filter: EventFilter,
    /// Up to here they have all that they look for, or it is ready.
    after: Position,
    /// What they get next.
    ready: VecDeque<ReadFrom<EventEdge>>,
}

impl Following {
    /// From behind a cursor, or from now on.
    ///
    /// # Errors
    /// If that is no cursor, or the filter can't be read, or who asks is no analyst.
    pub async fn begin(asking: Asking, after: Option<String>, filter: EventFilter) -> Result<Self> {
        let reading = Reading::new(asking.clone());
        reading.analyst()?;
        // What is wrong with it is said at once.
        filter.sought(&reading).await?;
        let after = match reading.place.or(after) {
            Some(cursor) => position(&cursor)?,
            None => reading.store().position().await?,
        };
        Ok(Self {
            follower: asking.community.follow(),
            asking,
            filter,
            after,
            ready: VecDeque::new(),
        })
    }

    /// What they get, one after the other.
    pub fn edges(self) -> BoxStream<'static, Result<ReadFrom<EventEdge>>> {
        let edges = stream::try_unfold(self, |mut following| async {
            let edge = following.next().await?;
            if let Some(edge) = &edge {
                let cursor = edge.value().position().to_string();
                following.asking.place.reach(cursor);
            }
            Ok(edge.map(|edge| (edge, following)))
        });
        edges.boxed()
    }

    /// What comes next; nothing, once the community is closed.
    async fn next(&mut self) -> Result<Option<ReadFrom<EventEdge>>, Error> {
        loop {
            if let Some(edge) = self.ready.pop_front() {
                return Ok(Some(edge));
            }
            // What is folded while this reads wakes it again.
            self.follower.caught_up();
            let is_all = self.read().await?;
            if is_all && self.ready.is_empty() && !self.follower.changed().await {
                return Ok(None);
            }
        }
    }

    /// Reads what is new; whether that was all. Who is linked with whom may have changed since the last time.
    async fn read(&mut self) -> Result<bool, Error> {
        // What is in use now: others may have been swapped in since the last time.
        let reading = Arc::new(Reading::new(self.asking.clone()));
        let until = reading.store().position().await?;
        let Some(within) = (Stretch {
            after: self.after,
            until,
        })
        .non_empty() else {
            return Ok(true);
        };
        let sought = self.filter.sought(&reading).await?;
        let found = find(&reading, &sought, within, Direction::Forward, BATCH).await?;
        let edges = found.events.into_iter().map(EventEdge::new);
        self.ready
            .extend(edges.map(|edge| ReadFrom::new(edge, reading.clone())));
        self.after = found.rest.map_or(until, |rest| rest.after);
        // Where much has to be looked at, others go first now and then.
        tokio::task::yield_now().await;
        Ok(found.rest.is_none())
    }
}
