//! Looking for events.

use std::sync::Arc;

use async_trait::async_trait;
use plaudit_domain::erasure::Content;
use plaudit_domain::{AccountId, Event, NewEvent, Position, StreamName, Time};
use plaudit_journal::inspection::Extent;
use plaudit_journal::search::{Direction, Filter, LOOKED_AT, Search, Span, Streams, Stretch};
use plaudit_journal::{
    AppendError, Appended, Expected, Journal, JournalError, Part, SharedJournal, Tell,
};
use plaudit_testing::random::Random;

use super::Place;
use crate::given::{account, all, asked, edited, liked, registered, stream};

const BOTH: [Direction; 2] = [Direction::Forward, Direction::Backward];

/// A journal that looks at one event after the other, as one does that has no indexes.
struct Scanned(SharedJournal);

#[async_trait]
impl Journal for Scanned {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        self.0.append(stream, expected, events).await
    }

    async fn append_many(&self, events: Vec<NewEvent>) -> Result<Appended, AppendError> {
        self.0.append_many(events).await
    }

    async fn read_stream_from(
        &self,
        stream: &StreamName,
        revision: u64,
    ) -> Result<Vec<Event>, JournalError> {
        self.0.read_stream_from(stream, revision).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.0.read_all(after, limit).await
    }

    async fn read_kept(&self, part: Part<'_>, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.0.read_kept(part, limit).await
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Event>, JournalError> {
        self.0.read_at(positions).await
    }

    async fn head(&self) -> Result<Position, JournalError> {
        self.0.head().await
    }

    async fn wait_past(&self, position: Position) -> Result<(), JournalError> {
        self.0.wait_past(position).await
    }

    async fn forget(&self, account: AccountId, content: Content) -> Result<bool, JournalError> {
        self.0.forget(account, content).await
    }

    async fn inspect(&self, extent: Extent, tell: Tell<'_>) -> Result<(), JournalError> {
        self.0.inspect(extent, tell).await
    }
}

/// What is drawn, the same each time.
struct Dice(Random);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0.below(end)
    }

    fn is(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    fn actor(&mut self) -> Option<AccountId> {
        Some(self.below(4))
            .filter(|it| *it > 0)
            .map(|it| account(it.into()))
    }

    fn event(&mut self) -> NewEvent {
        let number = u128::from(self.below(5));
        let mut event = match self.below(4) {
            0 => edited(number, "text"),
            1 => asked(number, Some(account(number)), "title", "text"),
            2 => liked(),
            _ => registered(account(number), "Ada"),
        };
        event.actor = self.actor();
        event.occurred_at = Time::from_micros(self.below(100).cast_signed());
        event
    }

    fn span(&mut self, times: impl Fn(u64) -> Time) -> Span {
        let mut time = || self.is(2).then(|| times(self.below(101)));
        Span {
            from: time(),
            to: time(),
        }
    }

    fn filter(&mut self, events: &[Event]) -> Filter {
        let types = ["PostEdited", "PostCreated", "PostLiked", "AccountErased"];
        let types = types.into_iter().filter(|_| self.is(4));
        let types = types.map(str::to_owned).collect();
        let mut streams = Vec::new();
        if self.is(3) {
            streams.push(Streams::Named(stream(self.below(6).into())));
        }
        if self.is(3) {
            streams.push(Streams::Of(
                ["post", "like", "account"][self.below(3) as usize],
            ));
        }
        let recorded = |number| {
            let at = number as usize * (events.len() - 1) / 100;
            events[at].recorded_at
        };
        Filter {
            types,
            streams,
            actors: (0..self.below(3)).filter_map(|_| self.actor()).collect(),
            occurred: self.span(|number| Time::from_micros(number.cast_signed())),
            recorded: self.span(recorded),
        }
    }

    fn stretch(&mut self, end: u64) -> Stretch {
        if self.is(2) {
            return Stretch::until(Position::MAX);
        }
        Stretch {
            after: self.below(end + 2),
            until: self.below(end + 2),
        }
    }
}

/// Whether an event is what is looked for, as the words say.
fn is_wanted(event: &Event, filter: &Filter, within: Stretch) -> bool {
    let (name, _) = event.fact.stored_type();
    let stream = event.stream.as_str();
    let is_of = |streams: &Streams| match streams {
        Streams::Named(name) => stream == name.as_str(),
        Streams::Of(category) => stream.split('-').next() == Some(category),
    };
    let is_in = |span: Span, at: Time| {
        let early = span.from.is_some_and(|from| at < from);
        let late = span.to.is_some_and(|to| at >= to);
        !early && !late
    };
    let by = |actor: &AccountId| event.actor == Some(*actor);
    [
        filter.types.is_empty() || filter.types.contains(&name.to_owned()),
        filter.streams.is_empty() || filter.streams.iter().any(is_of),
        filter.actors.is_empty() || filter.actors.iter().any(by),
        is_in(filter.occurred, event.occurred_at),
        is_in(filter.recorded, event.recorded_at),
        event.position > within.after,
        event.position <= within.until,
    ]
    .into_iter()
    .all(|so| so)
}

/// The positions of all that is found, and in how many searches.
async fn found(journal: &dyn Journal, search: Search<'_>) -> (Vec<Position>, usize) {
    let (mut positions, mut searches) = (Vec::new(), 0);
    let mut within = Some(search.within);
    while let Some(rest) = within {
        let search = Search {
            within: rest,
            ..search
        };
        let found = journal.search(&search).await.unwrap();
        assert!(found.events.len() <= search.limit);
        positions.extend(found.events.iter().map(|event| event.position));
        assert_ne!(found.rest, within, "it comes forward");
        within = found.rest;
        searches += 1;
    }
    (positions, searches)
}

pub async fn what_is_found_is_what_is_looked_for(place: &impl Place) {
    let journal = place.open().await;
    let scanned = Scanned(Arc::clone(&journal));
    let mut dice = Dice(Random(7));
    for _ in 0..40 {
        let events = (0..8).map(|_| dice.event()).collect();
        journal.append_many(events).await.unwrap();
    }
    let events = all(&*journal).await;
    let mut hits = 0;
    for _ in 0..400 {
        let filter = dice.filter(&events);
        let within = dice.stretch(events.len() as u64);
        let limit = 1 + dice.below(20) as usize;
        let wanted = events.iter().filter(|it| is_wanted(it, &filter, within));
        let mut wanted: Vec<_> = wanted.map(|event| event.position).collect();
        hits += usize::from(!wanted.is_empty());
        for direction in BOTH {
            let search = Search {
                filter: &filter,
                within,
                direction,
                limit,
            };
            for journal in [&*journal, &scanned] {
                let (found, _) = found(journal, search).await;
                assert_eq!(found, wanted, "{search:?}");
            }
            wanted.reverse();
        }
    }
    assert!(hits > 50, "{hits} searches found something");
}

pub async fn what_is_found_reads_as_it_was_written(place: &impl Place) {
    let journal = place.open().await;
    let event = asked(1, Some(account(1)), "How long?", "In the oven.");
    journal
        .append_many(vec![liked(), event, liked()])
        .await
        .unwrap();
    let filter = Filter {
        types: vec!["PostCreated".into()],
        ..Filter::default()
    };
    for direction in BOTH {
        let search = Search {
            filter: &filter,
            within: Stretch::until(Position::MAX),
            direction,
            limit: 5,
        };
        let found = journal.search(&search).await.unwrap();
        assert_eq!(found.events, journal.read_at(&[2]).await.unwrap());
        assert_eq!(found.rest, None);
    }
}

pub async fn a_search_looks_at_a_bounded_number_of_events(place: &impl Place) {
    let journal = place.open().await;
    let likes = LOOKED_AT * 2 + LOOKED_AT / 2;
    journal
        .append_many((0..likes).map(|_| liked()).collect())
        .await
        .unwrap();
    let filter = Filter {
        streams: vec![Streams::Of("post")],
        ..Filter::default()
    };
    for direction in BOTH {
        let search = Search {
            filter: &filter,
            within: Stretch::until(Position::MAX),
            direction,
            limit: 5,
        };
        assert_eq!(found(&*journal, search).await, (vec![], 3));
        let scanned = Scanned(Arc::clone(&journal));
        assert_eq!(found(&scanned, search).await, (vec![], 3));
    }
}
