//! What comes as it happens.
//!
//! Nothing is kept for whoever follows: whenever rows have changed that concern them, what is new after the last
//! position is read from them. So a slow reader misses nothing, and costs no memory.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, Error, ID, Result, Subscription};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use plaudit_domain::Position;
use plaudit_projection::{Key, Notification as Row};
use plaudit_store::Cursor;
use uuid::Uuid;

use crate::changes::{LeaderboardChange, PostChange, ProfileChange};
use crate::dispatch::{Dispatcher, Subscriber, Topic};
use crate::event::EventEdge;
use crate::event_filter::EventFilter;
use crate::id::NodeId;
use crate::leaderboard::LeaderboardPeriod;
use crate::notification::{NotificationEdge, Reached, Reader, each_once};
use crate::projection::{self, Projection};
use crate::reading::{Asking, ReadFrom, Reading, forbidden};
use crate::recorded::Following as Events;

/// What comes as it happens.
#[derive(Debug, Default)]
pub struct Root;

/// What comes as it happens: over a WebSocket, by graphql-transport-ws, or over a connection of its own, `POST` with
/// `Accept: text/event-stream`, by GraphQL over SSE. An answer has an id, `extensions.eventId`: who sends the last one
/// that they got as `extensions.lastEventId`, or `Last-Event-ID`, with the same operation, goes on behind it.
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
        let dispatcher = context.data_unchecked::<Dispatcher>();
        let following = Following {
            subscriber: dispatcher.subscribe(vec![]),
            asking,
            reached,
            looked: None,
            may_be_warned: false,
            warned_of: None,
            ready: VecDeque::new(),
        };
        let edges = stream::try_unfold(following, |mut following| async {
            let edge = following.next().await?;
            if let Some(edge) = &edge {
                following.asking.place.reach(edge.value().place());
            }
            Ok(edge.map(|edge| (edge, following)))
        });
        Ok(edges.boxed())
    }

    /// That a profile has changed, as soon as it is read otherwise: whatever its accounts do, and what is done to
    /// them and to what they wrote. It may be told where nothing is different that was asked for; what changes close
    /// together is told once. Others aren't told of what they don't see: of a private profile nothing but that it
    /// becomes public, or private.
    async fn profile_changed(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
        #[graphql(
            desc = "From behind this position, so that nothing is missed; by default from now on."
        )]
        after: Option<String>,
    ) -> Result<BoxStream<'static, Result<ReadFrom<ProfileChange>>>> {
        ProfileChange::follow(context, NodeId::profile(&id)?, after).await
    }

    /// That a post has changed, or what was written on it: its text, its likes, its answers and comments, and
    /// theirs. What changes close together is told once.
    async fn post_changed(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
        #[graphql(
            desc = "From behind this position, so that nothing is missed; by default from now on."
        )]
        after: Option<String>,
    ) -> Result<BoxStream<'static, Result<ReadFrom<PostChange>>>> {
        PostChange::follow(context, NodeId::post(&id)?, after).await
    }

    /// That somebody has other points on a leaderboard, or comes or goes. That its period ends is told by the
    /// clock, not here.
    async fn leaderboard_changed(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "Of which points.", default_with = "LeaderboardPeriod::AllTime")]
        period: LeaderboardPeriod,
        #[graphql(desc = "Only points for posts in this group.")] group_id: Option<ID>,
        #[graphql(
            desc = "From behind this position, so that nothing is missed; by default from now on."
        )]
        after: Option<String>,
    ) -> Result<BoxStream<'static, Result<ReadFrom<LeaderboardChange>>>> {
        LeaderboardChange::follow(context, period, group_id, after).await
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
    subscriber: Subscriber,
    /// How far they have all.
    reached: Reached,
    /// Up to where what they are told was looked at; none, where it is to be looked at anyway.
    looked: Option<Position>,
    /// Whether the clock may bring something.
    may_be_warned: bool,
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
            Box::pin(self.read()).await?;
            let Some(looked) = self.looked.filter(|_| self.ready.is_empty()) else {
                continue;
            };
            let tick = async {
                match self.may_be_warned {
                    true => tokio::time::sleep(TICK).await,
                    false => std::future::pending().await,
                }
            };
            tokio::select! {
                goes_on = self.subscriber.changed(looked) => {
                    if !goes_on {
                        return Ok(None);
                    }
                }
                () = tick => {}
            }
        }
    }

    /// Reads what is new, from what is in use now. Who is linked with whom may have changed since the last
    /// time.
    async fn read(&mut self) -> Result<(), Error> {
        let reading = Arc::new(Reading::new(self.asking.clone()));
        let Some(account) = reading.viewer_account().await? else {
            // It may be registered yet.
            let viewer = reading.viewer.map(|viewer| Topic::Account(viewer.account));
            self.listen(&reading, viewer.into_iter().collect());
            return Ok(());
        };
        let now = reading.now();
        let reader = Reader::of(&reading, &account, now).await?;
        let told = reader.accounts.iter().map(|account| Topic::Told(*account));
        // Others may be linked with them, and they may come to lead a group, or not want to be warned of it.
        let own = reader.ids.iter().map(|account| Topic::Account(*account));
        self.listen(&reading, told.chain(own).collect());
        self.may_be_warned = reader.may_be_warned(&reading).await?;
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

    /// From now on this wakes them. What happened to it before they listened, and after what is read was folded, is
    /// looked at once more.
    fn listen(&mut self, reading: &Reading, topics: Vec<Topic>) {
        let is_other = self.subscriber.follow(topics);
        let position = reading.position();
        let is_all = !is_other || reading.community.folded().position == position;
        self.looked = is_all.then_some(position);
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
