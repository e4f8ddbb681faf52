//! Looking for events: by the journal alone, or by the timelines that rows keep.
//!
//! Only what is folded is found. So rows that are read together with it, or after it, show its effect; and
//! who follows the history needs no more than to look again when rows have changed.

use async_graphql::Error;
use plaudit_domain::{Event, Position};
use plaudit_journal::search::{Direction, Filter, Found, LOOKED_AT, Search, Stretch};
use plaudit_projection::Key;
use plaudit_store::{Cursor, Order, Page as Rows};

use crate::connection::PageInfo;
use crate::event::position;
use crate::event_filter::{EventOrder, Sought};
use crate::paging::Paging;
use crate::reading::Reading;

/// So much of a timeline is read at once where not all of it is wanted.
const BATCH: usize = 500;

/// A page of what was found.
#[derive(Debug)]
pub struct Page<T> {
    /// What there is to show, in the order of the list.
    pub rows: Vec<T>,
    start: Option<Position>,
    end: Option<Position>,
    has_next: bool,
    has_previous: bool,
}

impl Page<Event> {
    /// A page of what is looked for.
    pub async fn of(
        reading: &Reading,
        sought: &Sought,
        order: EventOrder,
        paging: &Paging,
    ) -> Result<Self, Error> {
        reading.searches()?;
        let part = paging.asked()?;
        let direction = match (order, part.backward) {
            (EventOrder::OldestFirst, false) | (EventOrder::NewestFirst, true) => {
                Direction::Forward
            }
            (EventOrder::NewestFirst, false) | (EventOrder::OldestFirst, true) => {
                Direction::Backward
            }
        };
        let mut within = Stretch::until(reading.store().position().await?);
        if let Some(cursor) = part.cursor {
            within = within.behind(position(cursor)?, direction);
        }
        let found = find(reading, sought, within, direction, part.size + 1).await?;
        Ok(Self::cut(
            found,
            direction,
            part.size,
            part.backward,
            part.cursor.is_some(),
        ))
    }

    fn cut(
        Found { mut events, rest }: Found,
        direction: Direction,
        size: usize,
        backward: bool,
        behind: bool,
    ) -> Self {
        let more = events.len() > size || rest.is_some();
        // Where it goes on: behind what is shown, or behind what was looked at.
        let looked_to = rest
            .filter(|_| events.len() <= size)
            .map(|rest| match direction {
                Direction::Forward => rest.after,
                Direction::Backward => rest.until + 1,
            });
        events.truncate(size);
        let last = events.last().map(|event| event.position);
        let first = events.first().map(|event| event.position);
        let last = looked_to.or(last);
        if backward {
            events.reverse();
            return Self {
                rows: events,
                start: last,
                end: first,
                has_next: behind,
                has_previous: more,
            };
        }
        Self {
            rows: events,
            start: first,
            end: last,
            has_next: more,
            has_previous: behind,
        }
    }
}

impl<T> Page<T> {
    /// The same page of something else.
    pub fn map<U>(self, map: impl FnMut(T) -> U) -> Page<U> {
        Page {
            rows: self.rows.into_iter().map(map).collect(),
            start: self.start,
            end: self.end,
            has_next: self.has_next,
            has_previous: self.has_previous,
        }
    }

    /// Where it lies in the list.
    pub fn info(&self) -> PageInfo {
        let cursor = |position: Position| position.to_string();
        PageInfo {
            has_next_page: self.has_next,
            has_previous_page: self.has_previous,
            start_cursor: self.start.map(cursor),
            end_cursor: self.end.map(cursor),
        }
    }
}

/// Looks for events in a stretch of the history that is folded. Like the journal, it looks at a bounded
/// number of them and says where to go on.
pub async fn find(
    reading: &Reading,
    Sought { filter, subjects }: &Sought,
    within: Stretch,
    direction: Direction,
    limit: usize,
) -> Result<Found, Error> {
    match subjects {
        Some(subjects) => of_subjects(reading, subjects, filter, within, direction, limit).await,
        None => {
            let search = Search {
                filter,
                within,
                direction,
                limit,
            };
            Ok(reading.community.journal().search(&search).await?)
        }
    }
}

async fn of_subjects(
    reading: &Reading,
    subjects: &[Key],
    filter: &Filter,
    within: Stretch,
    direction: Direction,
    limit: usize,
) -> Result<Found, Error> {
    let batch = match *filter == Filter::default() {
        true => limit,
        false => BATCH,
    };
    let mut rest = within;
    let mut events = Vec::new();
    for _ in 0..LOOKED_AT.div_ceil(batch) {
        let positions = concerned(reading, subjects, rest, direction, batch).await?;
        let is_all = positions.len() < batch;
        let mut read = reading.community.journal().read_at(&positions).await?;
        if direction == Direction::Backward {
            read.reverse();
        }
        for event in read {
            rest = rest.behind(event.position, direction);
            if filter.admits(&event) {
                events.push(event);
            }
            if events.len() == limit {
                let rest = rest.non_empty();
                return Ok(Found { events, rest });
            }
        }
        if is_all {
            return Ok(Found { events, rest: None });
        }
    }
    let rest = rest.non_empty();
    Ok(Found { events, rest })
}

/// The first positions within a stretch of what concerns any of some subjects.
async fn concerned(
    reading: &Reading,
    subjects: &[Key],
    within: Stretch,
    direction: Direction,
    limit: usize,
) -> Result<Vec<Position>, Error> {
    let (order, beyond) = match direction {
        Direction::Forward => (Order::Ascending, within.after),
        Direction::Backward => (Order::Descending, within.until.saturating_add(1)),
    };
    let page = Rows {
        order,
        after: Some(Cursor {
            at: 0,
            key: Key(i64::try_from(beyond).unwrap_or(i64::MAX)),
        }),
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
    };
    let entries = reading.store().timeline(subjects, page).await?;
    let positions = entries.iter().map(|entry| entry.position.cast_unsigned());
    let mut positions: Vec<_> = positions.filter(|it| within.contains(*it)).collect();
    positions.sort_unstable();
    positions.dedup();
    match direction {
        Direction::Forward => positions.truncate(limit),
        Direction::Backward => drop(positions.drain(..positions.len().saturating_sub(limit))),
    }
    Ok(positions)
}

#[cfg(test)]
mod tests {
    use plaudit_domain::fact::LikeFact;
    use plaudit_domain::like::Like;
    use plaudit_domain::{AccountId, Fact, PostId, StreamName, Time};
    use uuid::Uuid;

    use super::*;

    fn event(position: Position) -> Event {
        let like = Like {
            post: PostId(Uuid::nil()),
            account: AccountId(Uuid::nil()),
            author: None,
        };
        Event {
            position,
            id: Uuid::nil(),
            stream: StreamName::links(),
            revision: 0,
            occurred_at: Time::from_micros(0),
            recorded_at: Time::from_micros(0),
            actor: None,
            correlation: None,
            causation: None,
            imported: false,
            fact: Fact::from(LikeFact::Liked(like)),
        }
    }

    fn found(positions: &[Position], rest: Option<(Position, Position)>) -> Found {
        Found {
            events: positions.iter().copied().map(event).collect(),
            rest: rest.map(|(after, until)| Stretch { after, until }),
        }
    }

    fn shown(page: &Page<Event>) -> (Vec<Position>, Option<Position>, Option<Position>) {
        let positions = page.rows.iter().map(|event| event.position);
        (positions.collect(), page.start, page.end)
    }

    #[test]
    fn a_page_goes_on_behind_what_it_shows() {
        let found = found(&[3, 5, 8], Some((8, 9)));
        let page = Page::cut(found, Direction::Forward, 2, false, false);
        assert_eq!(shown(&page), (vec![3, 5], Some(3), Some(5)));
        assert!(page.has_next && !page.has_previous);
    }

    #[test]
    fn a_page_with_too_few_goes_on_behind_what_was_looked_at() {
        let page = Page::cut(
            found(&[3], Some((7, 9))),
            Direction::Forward,
            2,
            false,
            true,
        );
        assert_eq!(shown(&page), (vec![3], Some(3), Some(7)));
        let page = Page::cut(
            found(&[], Some((0, 6))),
            Direction::Backward,
            2,
            false,
            false,
        );
        assert_eq!(shown(&page), (vec![], None, Some(7)));
        assert!(page.has_next);
        let page = Page::cut(
            found(&[9, 8], Some((0, 6))),
            Direction::Backward,
            2,
            true,
            false,
        );
        assert_eq!(shown(&page), (vec![8, 9], Some(7), Some(9)));
        assert!(page.has_previous && !page.has_next);
    }

    #[test]
    fn the_last_page_has_nothing_behind_it() {
        let page = Page::cut(found(&[3, 5], None), Direction::Forward, 2, false, false);
        assert_eq!(shown(&page), (vec![3, 5], Some(3), Some(5)));
        assert!(!page.has_next);
    }
}
