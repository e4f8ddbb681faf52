//! Catch-up subscriptions: the events after a place, and then every new one as it comes.

use std::collections::VecDeque;

use plaudit_domain::{Event, Position, StreamName};
use plaudit_journal::Part;
use tokio::sync::watch;
use tonic::Status;
use uuid::Uuid;

use crate::filter::Filter;
use crate::generated::streams::read_resp::{
    CaughtUp, Checkpoint, Content, SubscriptionConfirmation,
};
use crate::read::{BATCH, Serving, failed};

/// What a subscription follows, and from where.
pub enum After {
    /// All events after a position.
    All(Position),
    /// The events of a stream that have this revision or a later one.
    Stream(StreamName, u64),
}

/// A subscription as it goes on. It reads as fast as its client takes, and no more than a batch ahead.
pub struct Subscription {
    serving: Serving,
    after: After,
    filter: Option<Filter>,
    /// Positions up to here, as they are told, were told already.
    told: u64,
    /// So many events were looked at since the last checkpoint.
    unmarked: u64,
    /// The last position that was looked at.
    seen: Position,
    ready: VecDeque<Content>,
    batch: VecDeque<Event>,
    is_live: bool,
    /// Closed when the server stops.
    stopping: watch::Receiver<()>,
    is_over: bool,
}

impl Subscription {
    /// Follows what comes after a place; `told` is that place as the client said it.
    pub fn new(
        serving: Serving,
        after: After,
        told: u64,
        filter: Option<Filter>,
        stopping: watch::Receiver<()>,
    ) -> Self {
        let confirmation = SubscriptionConfirmation {
            subscription_id: Uuid::new_v4().to_string(),
        };
        let seen = match after {
            After::All(position) => position,
            After::Stream(..) => 0,
        };
        Self {
            serving,
            after,
            filter,
            told,
            unmarked: 0,
            seen,
            ready: [Content::Confirmation(confirmation)].into(),
            batch: VecDeque::new(),
            is_live: false,
            stopping,
            is_over: false,
        }
    }

    /// What goes out next. It ends with an error only: a client that is told of a good end may go on
    /// asking for ever.
    pub async fn next(&mut self) -> Option<Result<Content, Status>> {
        if self.is_over {
            return None;
        }
        let next = self.next_content().await;
        self.is_over = next.is_err();
        Some(next)
    }

    async fn next_content(&mut self) -> Result<Content, Status> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Ok(ready);
            }
            if let Some(event) = self.batch.pop_front() {
                self.look_at(&event)?;
                continue;
            }
            if self.stopping.has_changed().is_err() {
                return Err(stopped());
            }
            let head = match self.after {
                After::All(position) => position,
                After::Stream(..) => self.serving.journal.head().await.map_err(failed)?,
            };
            if self.read().await? {
                continue;
            }
            if !self.is_live {
                self.is_live = true;
                self.mark();
                self.ready.push_back(Content::CaughtUp(CaughtUp::default()));
                continue;
            }
            let journal = self.serving.journal.clone();
            tokio::select! {
                waited = journal.wait_past(head) => waited.map_err(failed)?,
                _ = self.stopping.changed() => return Err(stopped()),
            }
        }
    }

    /// Reads the next batch; whether there is one.
    async fn read(&mut self) -> Result<bool, Status> {
        // As for a reading.
        tokio::task::yield_now().await;
        let part = match &self.after {
            After::All(position) => Part::After(*position),
            After::Stream(stream, revision) => Part::Stream(stream, *revision),
        };
        let events = self.serving.journal.read_kept(part, BATCH).await;
        let events = events.map_err(failed)?;
        let Some(last) = events.last() else {
            return Ok(false);
        };
        match &mut self.after {
            After::All(position) => *position = last.position,
            After::Stream(_, revision) => *revision = last.revision + 1,
        }
        self.batch = events.into();
        Ok(true)
    }

    fn look_at(&mut self, event: &Event) -> Result<(), Status> {
        self.seen = event.position;
        self.unmarked += 1;
        if self.is_wanted(event)? {
            self.tell_own_event_before(event);
            let content = self.serving.event(event)?;
            self.ready.push_back(content);
        }
        let is_due = |filter: &Filter| self.unmarked >= filter.checkpoint_every;
        if self.filter.as_ref().is_some_and(is_due) {
            self.mark();
        }
        Ok(())
    }

    fn is_wanted(&self, event: &Event) -> Result<bool, Status> {
        match &self.filter {
            Some(filter) => filter.admits(event),
            None => Ok(true),
        }
    }

    fn tell_own_event_before(&mut self, event: &Event) {
        if matches!(self.after, After::All(_))
            && self.filter.is_none()
            && let Some((position, own)) = self.serving.system_event_before(event.position)
            && position > self.told
        {
            self.ready.push_back(own);
        }
    }

    /// Tells a client that filters how far was looked: so it goes on from there another time.
    fn mark(&mut self) {
        if self.filter.is_none() || self.unmarked == 0 {
            return;
        }
        self.unmarked = 0;
        let position = self.serving.positions.outside(self.seen);
        self.ready.push_back(Content::Checkpoint(Checkpoint {
            commit_position: position,
            prepare_position: position,
        }));
    }
}

fn stopped() -> Status {
    Status::unavailable("the server stops: subscribe again from the last event that you have")
}
