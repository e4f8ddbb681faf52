//! Looking for events by the indexes that there are.

use futures_util::future::try_join_all;
use plaudit_domain::{AccountId, Position, Time};
use plaudit_postgres::tokio_postgres::Row;
use uuid::Uuid;

use super::reader::{Arguments, Reader, limited};
use super::tables::{signed, unsigned};
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
            forward: concat!($select, " ORDER BY ", $order, " LIMIT $4"),
            backward: concat!($select, " ORDER BY ", $order, " DESC LIMIT $4"),
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
    "SELECT position FROM plaudit_journal.event
     WHERE stream_key = $1 AND position > $2 AND position <= $3",
    "revision"
);

const OF_ACTOR: BothWays = both_ways!(
    "SELECT position FROM plaudit_journal.event
     WHERE actor = $1 AND position > $2 AND position <= $3",
    "position"
);

const OF_TYPE: BothWays = both_ways!(
    "SELECT position FROM plaudit_journal.event
     WHERE type = $1 AND position > $2 AND position <= $3",
    "position"
);

/// No more of each event than a filter looks at.
const OUTLINES: &str = "
    SELECT position, type, stream, actor, occurred_at, recorded_at FROM plaudit_journal.event
    WHERE position > $1 AND position <= $2 ORDER BY position";

const OUTLINES_AT: &str = "
    SELECT position, type, stream, actor, occurred_at, recorded_at FROM plaudit_journal.event
    WHERE position = ANY($1) ORDER BY position";

/// The last position of a stretch that was recorded before a time, by halving: positions have no gaps, and
/// times of recording never go back.
const RECORDED_BEFORE: &str = "
    WITH RECURSIVE half(known, last) AS (
        SELECT $1::bigint, $2::bigint
        UNION ALL
        SELECT CASE WHEN event.recorded_at < $3 THEN middle + 1 ELSE known END,
               CASE WHEN event.recorded_at < $3 THEN last ELSE middle END
        FROM (SELECT known, last, known + (last - known) / 2 AS middle FROM half WHERE known < last) half
        JOIN plaudit_journal.event ON event.position = middle + 1
    )
    SELECT max(known) FROM half";

impl Reader {
    /// Looks for events.
    pub async fn search(&self, search: &Search<'_>) -> Result<Found, JournalError> {
        let Some(within) = search.until(self.head().await?) else {
            return Ok(Found::nothing());
        };
        let within = self.recorded(search.filter, within).await?;
        let Some(within) = within.non_empty() else {
            return Ok(Found::nothing());
        };
        let candidates = self.candidates(search, within).await?;
        self.among(search, within, candidates).await
    }

    /// Those of the candidates that are looked for.
    async fn among(
        &self,
        search: &Search<'_>,
        within: Stretch,
        candidates: Candidates,
    ) -> Result<Found, JournalError> {
        let direction = search.direction;
        let end = candidates.within.end(direction);
        let Stretch { after, until } = candidates.within;
        let mut outlines = match candidates.positions {
            Some(positions) => {
                let positions: Vec<_> = positions.into_iter().map(signed).collect();
                self.rows(OUTLINES_AT, &[&positions]).await?
            }
            None => {
                self.rows(OUTLINES, &[&signed(after), &signed(until)])
                    .await?
            }
        };
        if direction == Direction::Backward {
            outlines.reverse();
        }
        let found = outlines.iter().filter(|row| admits(search.filter, row));
        let found: Vec<Position> = found
            .map(|row| unsigned(row.get(0)))
            .take(search.limit)
            .collect();
        let behind = match found.last() {
            Some(last) if found.len() == search.limit => *last,
            Some(_) | None => end,
        };
        let mut events = self.at(&found).await?;
        if direction == Direction::Backward {
            events.reverse();
        }
        let rest = within.behind(behind, direction).non_empty();
        Ok(Found { events, rest })
    }

    /// The part that was recorded when it should be.
    async fn recorded(&self, filter: &Filter, within: Stretch) -> Result<Stretch, JournalError> {
        let last_before = async |time: Option<Time>, otherwise| {
            let Some(time) = time else {
                return Ok::<_, JournalError>(otherwise);
            };
            let Stretch { after, until } = within;
            let arguments: Arguments<'_> = &[&signed(after), &signed(until), &time.as_micros()];
            let rows = self.rows(RECORDED_BEFORE, arguments).await?;
            Ok(rows.first().map_or(otherwise, |row| unsigned(row.get(0))))
        };
        Ok(Stretch {
            after: last_before(filter.recorded.from, within.after).await?,
            until: last_before(filter.recorded.to, within.until).await?,
        })
    }

    /// What has to be looked at, by the index that leaves the least.
    async fn candidates(
        &self,
        search: &Search<'_>,
        within: Stretch,
    ) -> Result<Candidates, JournalError> {
        let Filter {
            streams,
            actors,
            types,
            ..
        } = search.filter;
        let direction = search.direction;
        let named: Option<Vec<Uuid>> = streams.iter().map(named).collect();
        let named = named.filter(|streams| !streams.is_empty());
        let each = |count: usize| match search.filter.conditions() {
            1 => search.limit,
            _ => (LOOKED_AT / count).max(1),
        };
        let (each, found) = if let Some(streams) = named {
            let each = each(streams.len());
            let sql = OF_STREAM.to(direction);
            let found = streams
                .iter()
                .map(|key| self.positions(sql, key, within, each));
            (each, try_join_all(found).await?)
        } else if !actors.is_empty() {
            let each = each(actors.len());
            let sql = OF_ACTOR.to(direction);
            let found = actors
                .iter()
                .map(|it| self.positions(sql, &it.0, within, each));
            (each, try_join_all(found).await?)
        } else if !types.is_empty() {
            let each = each(types.len());
            let sql = OF_TYPE.to(direction);
            let found = types
                .iter()
                .map(|name| self.positions(sql, name, within, each));
            (each, try_join_all(found).await?)
        } else {
            return Ok(Candidates {
                within: within.first(LOOKED_AT, direction),
                positions: None,
            });
        };
        let mut looked_at = within;
        for positions in &found {
            // Behind the last of as many as were asked for there may be more.
            if positions.len() == each
                && let Some(last) = positions.last()
            {
                looked_at = looked_at.up_to(*last, direction);
            }
        }
        let positions = found.into_iter().flatten();
        let positions = positions.filter(|position| looked_at.contains(*position));
        Ok(Candidates {
            within: looked_at,
            positions: Some(positions.collect()),
        })
    }

    /// Positions by an index, at most so many.
    async fn positions(
        &self,
        sql: &str,
        key: &(dyn plaudit_postgres::tokio_postgres::types::ToSql + Sync),
        within: Stretch,
        most: usize,
    ) -> Result<Vec<Position>, JournalError> {
        let Stretch { after, until } = within;
        let arguments: Arguments<'_> = &[key, &signed(after), &signed(until), &limited(most)];
        let rows = self.rows(sql, arguments).await?;
        Ok(rows.iter().map(|row| unsigned(row.get(0))).collect())
    }
}

/// What is looked at: everything there, or some positions.
struct Candidates {
    within: Stretch,
    positions: Option<Vec<Position>>,
}

fn admits(filter: &Filter, row: &Row) -> bool {
    filter.admits_outline(Outline {
        name: row.get(1),
        stream: row.get(2),
        actor: row.get::<_, Option<Uuid>>(3).map(AccountId),
        occurred_at: Time::from_micros(row.get(4)),
        recorded_at: Time::from_micros(row.get(5)),
    })
}

fn named(streams: &Streams) -> Option<Uuid> {
    match streams {
        Streams::Named(name) => Some(key(name)),
        Streams::Of(_) => None,
    }
}
