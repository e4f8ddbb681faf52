//! Looking for events by the indexes that there are.

use plaudit_domain::{AccountId, Position, Time};
use rusqlite::{Connection, OptionalExtension, Row, ToSql};
use uuid::Uuid;

use super::reader::{Reader, signed, unsigned};
use crate::JournalError;
use crate::row::key;
use crate::search::{Direction, Filter, Found, LOOKED_AT, Outline, Search, Streams, Stretch};

/// A statement for either way.
struct BothWays {
    forward: &'static str,
    backward: &'static str,
}

macro_rules! both_ways {
    ($select:literal, $order:literal) => {
        BothWays {
            forward: concat!($select, " ORDER BY ", $order, " LIMIT ?4"),
            backward: concat!($select, " ORDER BY ", $order, " DESC LIMIT ?4"),
        }
    };
}

impl BothWays {
    fn to(&self, direction: Direction) -> &'static str {
        match direction {
            Direction::Forward => self.forward,
            Direction::Backward => self.backward,
        }
    }
}

const OF_STREAM: BothWays = both_ways!(
    "SELECT position FROM event WHERE stream_key = ?1 AND position > ?2 AND position <= ?3",
    "revision"
);

const OF_ACTOR: BothWays = both_ways!(
    "SELECT position FROM event WHERE actor = ?1 AND position > ?2 AND position <= ?3",
    "position"
);

const OF_TYPE: BothWays = both_ways!(
    "SELECT position FROM event WHERE type = ?1 AND position > ?2 AND position <= ?3",
    "position"
);

const WITHIN: BothWays = both_ways!(
    "SELECT position, id, stream, revision, type, version, occurred_at, recorded_at,
            actor, correlation, causation, data, imported
     FROM event WHERE ?1 IS NULL AND position > ?2 AND position <= ?3",
    "position"
);

/// Of a list of positions, as JSON.
const AMONG: BothWays = both_ways!(
    "SELECT position, id, stream, revision, type, version, occurred_at, recorded_at,
            actor, correlation, causation, data, imported
     FROM event
     WHERE position IN (SELECT value FROM json_each(?1)) AND position > ?2 AND position <= ?3",
    "position"
);

const RECORDED_AFTER: &str =
    "SELECT recorded_at FROM event WHERE position > ?1 ORDER BY position LIMIT 1";

impl Reader {
    /// Looks for events.
    pub fn search(&self, search: &Search<'_>) -> Result<Found, JournalError> {
        let head = self.head()?;
        self.with(|connection| {
            let storage = |error| self.file().error(error);
            let Some(within) = search.until(head) else {
                return Ok(Found::nothing());
            };
            let within = recorded(connection, search.filter, within).map_err(storage)?;
            let Some(within) = within.non_empty() else {
                return Ok(Found::nothing());
            };
            let looked_at = candidates(connection, search, within).map_err(storage)?;
            self.among(connection, search, within, &looked_at)
        })
    }

    /// Those of the candidates that are looked for.
    fn among(
        &self,
        connection: &Connection,
        search: &Search<'_>,
        within: Stretch,
        candidates: &Candidates,
    ) -> Result<Found, JournalError> {
        let storage = |error| self.file().error(error);
        let direction = search.direction;
        let (sql, positions) = match &candidates.positions {
            Some(positions) => {
                let positions: Vec<_> = positions.iter().map(Position::to_string).collect();
                (AMONG, Some(format!("[{}]", positions.join(","))))
            }
            None => (WITHIN, None),
        };
        let mut statement = connection
            .prepare_cached(sql.to(direction))
            .map_err(storage)?;
        let Stretch { after, until } = candidates.within;
        let mut rows = statement
            .query((positions, signed(after), signed(until), -1))
            .map_err(storage)?;
        let mut events = Vec::new();
        while let Some(row) = rows.next().map_err(storage)? {
            if !admits(search.filter, row).map_err(storage)? {
                continue;
            }
            let event = self.event(row)?;
            let position = event.position;
            events.push(event);
            if events.len() == search.limit {
                let rest = within.behind(position, direction).non_empty();
                return Ok(Found { events, rest });
            }
        }
        let end = candidates.within.end(direction);
        let rest = within.behind(end, direction).non_empty();
        Ok(Found { events, rest })
    }
}

/// What is looked at: everything there, or some positions.
struct Candidates {
    within: Stretch,
    positions: Option<Vec<Position>>,
}

/// Looks at no more of an event than the filter does.
fn admits(filter: &Filter, row: &Row<'_>) -> rusqlite::Result<bool> {
    Ok(filter.admits_outline(Outline {
        stream: row.get_ref(2)?.as_str()?,
        name: row.get_ref(4)?.as_str()?,
        occurred_at: Time::from_micros(row.get(6)?),
        recorded_at: Time::from_micros(row.get(7)?),
        actor: row.get::<_, Option<Uuid>>(8)?.map(AccountId),
    }))
}

/// The part that was recorded when it should be: times of recording never go back.
fn recorded(
    connection: &Connection,
    filter: &Filter,
    within: Stretch,
) -> rusqlite::Result<Stretch> {
    let mut recorded = connection.prepare_cached(RECORDED_AFTER)?;
    // The last position that was recorded before a time, or the one before all.
    let mut last_before = |time: Time| {
        let (mut known, mut end) = (within.after, within.until);
        while known < end {
            let middle = known + (end - known) / 2;
            let at: Option<i64> = recorded
                .query_row([signed(middle)], |row| row.get(0))
                .optional()?;
            if at.is_some_and(|at| at < time.as_micros()) {
                known = middle + 1;
            } else {
                end = middle;
            }
        }
        Ok::<_, rusqlite::Error>(known)
    };
    Ok(Stretch {
        after: match filter.recorded.from {
            Some(from) => last_before(from)?,
            None => within.after,
        },
        until: match filter.recorded.to {
            Some(to) => last_before(to)?,
            None => within.until,
        },
    })
}

/// What has to be looked at, by the index that leaves the least.
fn candidates(
    connection: &Connection,
    search: &Search<'_>,
    within: Stretch,
) -> rusqlite::Result<Candidates> {
    let filter = search.filter;
    let streams: Option<Vec<_>> = filter.streams.iter().map(named).collect();
    let streams = streams.filter(|streams| !streams.is_empty());
    let (sql, keys): (_, Vec<&dyn ToSql>) = if let Some(streams) = &streams {
        (OF_STREAM, streams.iter().map(|key| key as _).collect())
    } else if !filter.actors.is_empty() {
        (
            OF_ACTOR,
            filter.actors.iter().map(|it| &it.0 as _).collect(),
        )
    } else if !filter.types.is_empty() {
        (OF_TYPE, filter.types.iter().map(|name| name as _).collect())
    } else {
        return Ok(Candidates {
            within: within.first(LOOKED_AT, search.direction),
            positions: None,
        });
    };
    let each = match filter.conditions() {
        1 => search.limit,
        _ => (LOOKED_AT / keys.len()).max(1),
    };
    let mut statement = connection.prepare_cached(sql.to(search.direction))?;
    let mut positions = Vec::new();
    let mut looked_at = within;
    for key in keys {
        let arguments: [&dyn ToSql; 4] = [
            key,
            &signed(within.after),
            &signed(within.until),
            &i64::try_from(each).unwrap_or(i64::MAX),
        ];
        let before = positions.len();
        let found = statement.query_map(arguments, |row| unsigned(row, 0))?;
        for position in found {
            positions.push(position?);
        }
        // Behind the last of as many as were asked for there may be more.
        if positions.len() - before == each
            && let Some(last) = positions.last()
        {
            looked_at = looked_at.up_to(*last, search.direction);
        }
    }
    positions.retain(|position| looked_at.contains(*position));
    Ok(Candidates {
        within: looked_at,
        positions: Some(positions),
    })
}

fn named(streams: &Streams) -> Option<Uuid> {
    match streams {
        Streams::Named(name) => Some(key(name)),
        Streams::Of(_) => None,
    }
}
