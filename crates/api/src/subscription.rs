//! What comes as it happens.
//!
//! Nothing is kept for whoever follows: whenever rows have changed, what is new after the last position
//! is read from them. So a slow reader misses nothing, and costs no memory.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, Error, Result, Subscription};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use plaudit_domain::Time;
use plaudit_projection::Key;
use plaudit_replay::live::Folded;
use plaudit_store::Cursor;
use tokio::sync::watch;

use crate::notification::{NotificationEdge, Reader};
use crate::paging::Opaque;
use crate::reading::Reading;

/// What comes as it happens.
#[derive(Debug, Default)]
pub struct Root;

/// What comes as it happens, over a connection of its own: `POST` with `Accept: text/event-stream`, by
/// GraphQL over SSE.
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
    ) -> Result<BoxStream<'static, Result<NotificationEdge>>> {
        let reading = context.data_unchecked::<Arc<Reading>>().clone();
        // Who isn't known is told nothing.
        reading.request(None)?;
        let place = match after.as_deref().map(Opaque::decode).transpose()? {
            Some(Opaque(place)) => place,
            None => Cursor {
                at: reading.now().as_micros(),
                key: Key(reading.store().position().await?.cast_signed()),
            },
        };
        let following = Following {
            folded: reading.community.follow(),
            reading,
            place,
            ready: VecDeque::new(),
        };
        let edges = stream::unfold(Some(following), |following| async {
            let mut following = following?;
            match following.next().await {
                Ok(edge) => Some((Ok(edge?), Some(following))),
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(edges.boxed())
    }
}

/// So much is read at once.
const BATCH: u32 = 20;

/// So often is looked for what follows from the clock.
const TICK: Duration = Duration::from_secs(60);

/// Somebody who follows what they are told.
struct Following {
    reading: Arc<Reading>,
    folded: watch::Receiver<Folded>,
    /// The last that they got: its time, and the position up to which they have all.
    place: Cursor,
    /// What they get next.
    ready: VecDeque<NotificationEdge>,
}

impl Following {
    /// What comes next; nothing, once the community is closed.
    async fn next(&mut self) -> Result<Option<NotificationEdge>, Error> {
        loop {
            if let Some(edge) = self.ready.pop_front() {
                return Ok(Some(edge));
            }
            // What comes while this reads wakes it again.
            self.folded.borrow_and_update();
            self.read().await?;
            if self.ready.is_empty() {
                tokio::select! {
                    changed = self.folded.changed() => {
                        if changed.is_err() {
                            return Ok(None);
                        }
                    }
                    () = tokio::time::sleep(TICK) => {}
                }
            }
        }
    }

    /// Reads what is new. Who is linked with whom may have changed since the last time.
    async fn read(&mut self) -> Result<(), Error> {
        self.reading.forget_viewer().await;
        let Some(account) = self.reading.viewer_account().await? else {
            return Ok(());
        };
        let now = self.reading.community.now();
        let reader = Reader::of(&self.reading, &account, now).await?;
        let position = self.place.key.0.cast_unsigned();
        let store = self.reading.store();
        let mut rows = store
            .notifications_after(&reader.accounts, position, BATCH)
            .await?;
        let warnings = reader.warnings(&self.reading, false).await?.into_iter();
        let since = Time::from_micros(self.place.at);
        rows.extend(warnings.filter(|row| row.at > since && row.at <= now));
        rows.sort_by_key(|row| row.at);
        for node in reader.read(&self.reading, rows).await? {
            let place = node.place();
            // Warnings have no position of their own.
            self.place.at = self.place.at.max(place.at);
            self.place.key = self.place.key.max(place.key);
            let cursor = self.place;
            self.ready.push_back(NotificationEdge { cursor, node });
        }
        Ok(())
    }
}
