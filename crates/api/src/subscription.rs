//! What comes as it happens.
//!
//! Nothing is kept for whoever follows: whenever rows have changed, what is new after the last position
//! is read from them. So a slow reader misses nothing, and costs no memory.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, Error, Result, Subscription};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use plaudit_projection::{Key, Notification as Row};
use plaudit_replay::Follower;
use plaudit_store::Cursor;
use uuid::Uuid;

use crate::event::EventEdge;
use crate::event_filter::EventFilter;
use crate::notification::{NotificationEdge, Reached, Reader, each_once};
use crate::projection::{self, Projection};
use crate::reading::{Asking, ReadFrom, Reading, forbidden};
use crate::recorded::Following as Events;

/// What comes as it happens.
#[derive(Debug, Default)]
pub struct Root;

/// What comes as it happens, over a connection of its own: `POST` with `Accept: text/event-stream`, by
/// GraphQL over SSE. Every answer has an id: who sends the last one that they got as `Last-Event-ID`, with the
/// same operation, goes on behind it.
#[Subscription(name = "Subscription")]
impl Root {
    /// What who asks is told, whichever of their accounts it concerns. It needs a token.
    async fn notification_received(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "From behind this cursor, so that nothing is missed; by default from now on."
        )]
        after: Option<String>,
    ) -> Result<BoxStream<'static, Result<ReadFrom<NotificationEdge>>>> {
        let asking = context.data_unchecked::<Asking>().clone();
        let reading = Reading::new(asking.clone());
        // Who isn't known is told nothing.
        reading.request_without_key()?;
        let after = reading.place.or(after);
        let reached = match after {
            Some(cursor) => Reached::behind(&reading, &cursor).await?,
            None => {
                let position = reading.store().position().await?.cast_signed();
                let warned = Cursor {
                    at: reading.now().as_micros(),
                    key: Key(position),
                };
                Reached { warned, position }
            }
        };
        let following = Following {
            follower: reading.community.follow(),
            asking,
            reached,
            warned_of: None,
            ready: VecDeque::new(),
        };
        let edges = stream::unfold(Some(following), |following| async {
            let mut following = following?;
            match following.next().await {
                Ok(edge) => {
                    let edge = edge?;
                    let cursor = edge.value().place();
                    following.asking.place.reach(cursor);
                    Some((Ok(edge), Some(following)))
                }
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(edges.boxed())
    }

    /// How the read models stand: now, and whenever that changes. For staff; an error for everybody else.
    async fn projection_progress(
        &self,
        context: &Context<'_>,
    ) -> Result<BoxStream<'static, Result<Projection>>> {
        let asking = context.data_unchecked::<Asking>();
        if !asking.viewer.is_some_and(|viewer| viewer.roles.is_staff()) {
            return Err(forbidden("staff"));
        }
        Ok(projection::followed(asking.community.clone()))
    }

    /// What happens, event by event, as soon as it is folded: what is read then shows it. For analysts; an
    /// error for everybody else.
    async fn event_recorded(
        &self,
        context: &Context<'_>,
        #[graphql(
            desc = "From behind this cursor, or position, so that nothing is missed; by default from now on."
        )]
        after: Option<String>,
        #[graphql(desc = "Which; by default all.")] filter: Option<EventFilter>,
    ) -> Result<BoxStream<'static, Result<ReadFrom<EventEdge>>>> {
        let asking = context.data_unchecked::<Asking>().clone();
        let filter = filter.unwrap_or_default();
        Ok(Events::begin(asking, after, filter).await?.edges())
    }
}

/// So much is read at once.
const BATCH: u32 = 20;

/// So often is looked for what follows from the clock.
const TICK: Duration = Duration::from_secs(60);

/// Somebody who follows what they are told.
struct Following {
    asking: Asking,
    follower: Follower,
    /// How far they have all.
    reached: Reached,
    /// The warnings that they got, or that had come before; none, until they are read for the first time.
    warned_of: Option<HashSet<Uuid>>,
    /// What they get next.
    ready: VecDeque<ReadFrom<NotificationEdge>>,
}

impl Following {
    /// What comes next; nothing, once the community is closed.
    async fn next(&mut self) -> Result<Option<ReadFrom<NotificationEdge>>, Error> {
        loop {
            if let Some(edge) = self.ready.pop_front() {
                return Ok(Some(edge));
            }
            // What comes while this reads wakes it again.
            self.follower.caught_up();
            self.read().await?;
            if self.ready.is_empty() {
                tokio::select! {
                    goes_on = self.follower.changed() => {
                        if !goes_on {
                            return Ok(None);
                        }
                    }
                    () = tokio::time::sleep(TICK) => {}
                }
            }
        }
    }

    /// Reads what is new, from what is in use now. Who is linked with whom may have changed since the last
    /// time.
    async fn read(&mut self) -> Result<(), Error> {
        let reading = Arc::new(Reading::new(self.asking.clone()));
        let Some(account) = reading.viewer_account().await? else {
            return Ok(());
        };
        let now = reading.now();
        let reader = Reader::of(&reading, &account, now).await?;
        let position = self.reached.position.cast_unsigned();
        let mut rows = self.new_warnings(&reading, &reader).await?;
        let told = reading
            .store()
            .notifications_after(&reader.accounts, position, BATCH);
        rows.extend(told.await?);
        each_once(&mut rows);
        for node in reader.read(&reading, rows).await? {
            self.reached = self.reached.further(node.place());
            let reached = Some(self.reached);
            let edge = NotificationEdge { node, reached };
            self.ready.push_back(ReadFrom::new(edge, reading.clone()));
        }
        Ok(())
    }

    /// The warnings that they didn't get yet, oldest first. What a warning is about may be long ago, like
    /// where somebody is made a leader of a group that is at risk: so they are told apart by what they
    /// are, and by their places only at first.
    async fn new_warnings(
        &mut self,
        reading: &Reading,
        reader: &Reader,
    ) -> Result<Vec<Row>, Error> {
        let mut warnings = reader.warnings(reading, false).await?;
        let Cursor { at, key } = self.reached.warned;
        let warned_of = self.warned_of.get_or_insert_with(|| {
            let before = warnings
                .iter()
                .filter(|row| (row.at.as_micros(), row.position) <= (at, key.0));
            before.map(|row| row.id).collect()
        });
        warnings.retain(|row| warned_of.insert(row.id));
        warnings.sort_unstable_by_key(|row| (row.at, row.position));
        Ok(warnings)
    }
}
