//! Reading: some events, and then no more.

use std::collections::VecDeque;

use plaudit_domain::{Event, Position, StreamName};
use plaudit_journal::search::{self, Direction, Search, Streams, Stretch};
use plaudit_journal::{JournalError, Part, SharedJournal};
use tonic::Status;

use crate::filter::Filter;
use crate::generated::client::AllStreamPosition;
use crate::generated::streams::read_resp::{Content, StreamNotFound};
use crate::positions::Positions;
use crate::served::{self, Ids};
use crate::write::Writing;

/// So many events are read at once: what a reader who doesn't go on keeps in memory.
pub const BATCH: usize = 128;

/// How a client wants to have events, and of which journal.
#[derive(Clone)]
pub struct Serving {
    /// Where they are.
    pub journal: SharedJournal,
    /// How their ids are written.
    pub ids: Ids,
    /// How their positions are told.
    pub positions: Positions,
    /// What was written here, where it may be.
    pub writing: Option<Writing>,
}

impl Serving {
    /// An event, as it goes out.
    pub fn event(&self, event: &Event) -> Result<Content, Status> {
        let written = self.writing.as_ref().and_then(|it| it.metadata(event.id));
        served::event(event, written, self.ids, self.positions)
    }

    /// The event of the server itself that stands before another one, if one does.
    pub fn system_event_before(&self, position: Position) -> Option<(u64, Content)> {
        // Not before each, so that neither is the rule.
        let is_there = self.positions == Positions::Log && position % 3 == 1;
        is_there.then(|| {
            let content = served::system_event(position, self.ids, self.positions);
            (self.positions.before(position), content)
        })
    }

    /// The revision of the last event of a stream, if it has any.
    pub async fn last_revision(&self, stream: &StreamName) -> Result<Option<u64>, Status> {
        let filter = search::Filter {
            streams: vec![Streams::Named(stream.clone())],
            ..search::Filter::default()
        };
        let head = self.journal.head().await.map_err(failed)?;
        let mut within = Some(Stretch::until(head));
        while let Some(stretch) = within {
            let search = Search {
                filter: &filter,
                within: stretch,
                direction: Direction::Backward,
                limit: 1,
            };
            let found = self.journal.search(&search).await.map_err(failed)?;
            if let Some(event) = found.events.first() {
                return Ok(Some(event.revision));
            }
            within = found.rest;
        }
        Ok(None)
    }

    /// Whether a stream has events.
    pub async fn is_there(&self, stream: &StreamName) -> Result<bool, Status> {
        let first = self.journal.read_kept(Part::Stream(stream, 0), 1).await;
        first.map(|events| !events.is_empty()).map_err(failed)
    }
}

/// Why the history can't be read: what exactly is for the log, not for whoever asks.
pub fn failed(error: JournalError) -> Status {
    tracing::error!("a client of EventStoreDB's protocol can't be answered: {error}");
    match error {
        JournalError::Undecodable { position, .. } => {
            Status::data_loss(format!("event {position} can't be read"))
        }
        JournalError::Storage { .. }
        | JournalError::Unavailable { .. }
        | JournalError::Keys(_)
        | JournalError::NoCopies
        | JournalError::Absent
        | JournalError::Closed { .. } => {
            Status::unavailable("the history can't be read for now: try again")
        }
    }
}

/// Where reading goes on, and which way.
pub enum From {
    /// All events that have this position or a later one.
    Forward(Position),
    /// All events before this position.
    Backward(Position),
    /// The events of a stream that have this revision or a later one.
    StreamForward(StreamName, u64),
    /// The events of a stream before this revision.
    StreamBackward(StreamName, u64),
}

/// A read as it goes on. What the client takes is read, and no more than a batch ahead.
pub struct Reading {
    serving: Serving,
    from: From,
    filter: Option<Filter>,
    /// So many events are still wanted.
    left: u64,
    /// Told before the events.
    first: VecDeque<Content>,
    batch: VecDeque<Event>,
    waiting: Option<Content>,
    /// The first told position of the whole history that is wanted, going forward.
    told_from: u64,
    is_over: bool,
}

impl Reading {
    /// Reads all events from a position on, or those before it.
    pub fn all(
        serving: Serving,
        from: From,
        told_from: u64,
        filter: Option<Filter>,
        count: u64,
    ) -> Self {
        Self {
            serving,
            from,
            filter,
            left: count,
            first: VecDeque::new(),
            batch: VecDeque::new(),
            waiting: None,
            told_from,
            is_over: false,
        }
    }

    /// Tells how far the whole history is, too.
    pub async fn tell_head(&mut self) -> Result<(), Status> {
        let head = self.serving.journal.head().await.map_err(failed)?;
        let position = self.serving.positions.outside(head);
        self.first
            .push_back(Content::LastAllStreamPosition(AllStreamPosition {
                commit_position: position,
                prepare_position: position,
            }));
        Ok(())
    }

    /// Reads the events of a stream, if there is one.
    pub async fn stream(
        serving: Serving,
        stream: StreamName,
        direction: Direction,
        revision: Option<u64>,
        count: u64,
        tell_ends: bool,
    ) -> Result<Self, Status> {
        let last = match (direction, revision, tell_ends) {
            (Direction::Forward, _, false) => serving.is_there(&stream).await?.then_some(0),
            _ => serving.last_revision(&stream).await?,
        };
        let mut first = VecDeque::new();
        match last {
            None => {
                let stream_identifier = Some(served::stream(stream.as_str()));
                first.push_back(Content::StreamNotFound(StreamNotFound {
                    stream_identifier,
                }));
            }
            Some(last) if tell_ends => {
                first.push_back(Content::FirstStreamPosition(0));
                first.push_back(Content::LastStreamPosition(last));
            }
            Some(_) => {}
        }
        let from = match (direction, revision) {
            (Direction::Forward, revision) => From::StreamForward(stream, revision.unwrap_or(0)),
            (Direction::Backward, revision) => {
                // Nothing comes after the last one, however far behind it is asked to begin.
                let end = last.map_or(0, |last| last + 1);
                let wanted = revision.map_or(end, |revision| revision.saturating_add(1));
                From::StreamBackward(stream, wanted.min(end))
            }
        };
        let mut reading = Self::all(serving, from, 0, None, count);
        reading.first = first;
        reading.is_over = last.is_none();
        Ok(reading)
    }

    /// What goes out next; nothing at the end.
    pub async fn next(&mut self) -> Option<Result<Content, Status>> {
        if let Some(first) = self.first.pop_front() {
            return Some(Ok(first));
        }
        match self.next_event().await {
            Ok(next) => next.map(Ok),
            Err(status) => {
                self.left = 0;
                Some(Err(status))
            }
        }
    }

    async fn next_event(&mut self) -> Result<Option<Content>, Status> {
        loop {
            if self.left == 0 {
                return Ok(None);
            }
            if let Some(waiting) = self.waiting.take() {
                self.left -= 1;
                return Ok(Some(waiting));
            }
            let Some(event) = self.batch.pop_front() else {
                if self.is_over {
                    return Ok(None);
                }
                self.read().await?;
                continue;
            };
            if let Some(filter) = &self.filter
                && !filter.admits(&event)?
            {
                continue;
            }
            let content = self.serving.event(&event)?;
            let own = self.own_event_beside(&event);
            self.left -= 1;
            return Ok(Some(match (own, &self.from) {
                (None, _) => content,
                (Some(own), From::Backward(_)) => {
                    self.waiting = Some(own);
                    content
                }
                (Some(own), _) => {
                    self.waiting = Some(content);
                    own
                }
            }));
        }
    }

    /// The event of the server itself that is told beside one of ours.
    fn own_event_beside(&self, event: &Event) -> Option<Content> {
        let is_all = matches!(self.from, From::Forward(_) | From::Backward(_));
        let (position, own) = self.serving.system_event_before(event.position)?;
        (is_all && self.filter.is_none() && position >= self.told_from).then_some(own)
    }

    /// Reads the next batch.
    async fn read(&mut self) -> Result<(), Status> {
        // What reads a file is never pending, and others have to get their turn where a filter admits little.
        tokio::task::yield_now().await;
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX);
        let size = match self.filter {
            Some(_) => BATCH,
            None => BATCH.min(wanted),
        };
        let journal = &self.serving.journal;
        let batch = match &mut self.from {
            From::Forward(position) => {
                let after = Part::After(position.saturating_sub(1));
                let events = journal.read_kept(after, size).await.map_err(failed)?;
                self.is_over = events.len() < size;
                *position = events.last().map_or(*position, |last| last.position + 1);
                events
            }
            From::StreamForward(stream, revision) => {
                let part = Part::Stream(stream, *revision);
                let events = journal.read_kept(part, size).await.map_err(failed)?;
                self.is_over = events.len() < size;
                *revision = events.last().map_or(*revision, |last| last.revision + 1);
                events
            }
            From::Backward(before) => {
                *before = (*before).min(journal.head().await.map_err(failed)? + 1);
                let start = before.saturating_sub(size as u64).max(1);
                let part = Part::After(start - 1);
                let mut events = journal.read_kept(part, size).await.map_err(failed)?;
                events.retain(|event| event.position < *before);
                events.reverse();
                *before = start;
                self.is_over = start == 1;
                events
            }
            From::StreamBackward(stream, before) => {
                let start = before.saturating_sub(size as u64);
                let part = Part::Stream(stream, start);
                let mut events = journal.read_kept(part, size).await.map_err(failed)?;
                events.retain(|event| event.revision < *before);
                events.reverse();
                *before = start;
                self.is_over = start == 0;
                events
            }
        };
        self.batch = batch.into();
        Ok(())
    }
}
