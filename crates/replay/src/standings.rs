//! Leaderboards that are never stale (DOMAIN K9): each takes what is new in the ledger when somebody
//! asks.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use plaudit_domain::{Period, Position, Time};
use plaudit_projection::rules::Kudos;
use plaudit_projection::standings::{Board, Ranking};
use plaudit_projection::{Key, LedgerEntry};
use plaudit_store::{Result, SharedStore};

/// Which points count for a leaderboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scope {
    /// Those of the current one of these; of all time, if there is none.
    pub period: Option<Period>,
    /// Those about posts in this group; of the whole community, if there is none.
    pub group: Option<Key>,
}

/// So many leaderboards of groups are kept, besides those that somebody reads or follows. What isn't kept is read from
/// the ledger when somebody asks.
const KEPT: usize = 64;

/// The leaderboards of a community.
pub struct Standings {
    store: SharedStore,
    everybody: bool,
    kept: Mutex<Shelf>,
    /// Held by who reads all of the ledger: one at a time, however many ask.
    whole: tokio::sync::Mutex<()>,
}

/// Leaderboards, with when they were asked for last.
#[derive(Default)]
struct Shelf {
    boards: HashMap<Scope, (u64, Arc<Place>)>,
    asked: u64,
}

/// Where a leaderboard is.
#[derive(Default)]
struct Place {
    kept: tokio::sync::Mutex<Kept>,
    /// What it came to last: whoever asks for that needn't wait for who adds to it.
    told: Mutex<Option<Told>>,
}

/// A leaderboard that is kept for as long as this is held.
pub struct Held(#[expect(dead_code, reason = "it counts who holds it")] Arc<Place>);

/// Who stood where as of a position.
struct Told {
    window: Window,
    position: Position,
    ranking: Arc<Ranking>,
}

/// A leaderboard as of a position.
#[derive(Default)]
struct Kept {
    board: Board,
    /// What it is of.
    window: Window,
    /// Up to where the ledger is in it.
    position: Position,
    /// The position of the last batch, as far as is known, that changed whose points are whose.
    people: Position,
    ranking: Arc<Ranking>,
}

impl Standings {
    /// The leaderboards of a community; by its rules, who is on them.
    pub fn new(store: SharedStore, kudos: &Kudos) -> Self {
        Self {
            store,
            everybody: kudos.takes_part(false),
            kept: Mutex::default(),
            whole: tokio::sync::Mutex::default(),
        }
    }

    /// Keeps a leaderboard, which is asked for again and again, whatever others ask for.
    pub fn hold(&self, scope: Scope) -> Held {
        Held(self.kept.lock().take(scope))
    }

    /// A leaderboard as it is now: the same one for as long as nothing of it has changed.
    pub async fn now(&self, scope: Scope, now: Time) -> Result<Arc<Ranking>> {
        let place = self.kept.lock().take(scope);
        let window = Window::of(scope, now);
        let (position, _) = self.store.standing().await?;
        if let Some(told) = &*place.told.lock()
            && told.window == window
            && told.position >= position
        {
            return Ok(told.ranking.clone());
        }
        let mut kept = place.kept.lock().await;
        // Who had it before may have added all that was missing.
        if kept.window != window || kept.position < position {
            // Nothing is left of it if this fails, or who asks goes: what was added by then would be added again.
            let mut board = std::mem::take(&mut *kept);
            if board.window != window || board.position == 0 {
                board = Kept {
                    board: Board::new(self.everybody),
                    window,
                    ..Kept::default()
                };
            }
            self.go_on(&mut board).await?;
            *kept = board;
        }
        *place.told.lock() = Some(Told {
            window: kept.window.clone(),
            position: kept.position,
            ranking: kept.ranking.clone(),
        });
        Ok(kept.ranking.clone())
    }

    /// A leaderboard as it was at a moment, of the profiles that there are now.
    pub async fn as_of(&self, scope: Scope, moment: Time) -> Result<Arc<Ranking>> {
        let mut board = Board::new(self.everybody);
        let _whole = self.whole.lock().await;
        let window = Window::of(scope, moment);
        let mut add = |entry: LedgerEntry| {
            if entry.at <= moment && window.has(&entry) {
                board.add(entry.account, entry.points);
            }
            Ok(())
        };
        self.store.each_entry(Key(0), &mut add).await?;
        board.meet(self.store.members_of_all().await?);
        Ok(board.settle())
    }

    async fn go_on(&self, kept: &mut Kept) -> Result<()> {
        let _whole = match kept.position {
            0 => Some(self.whole.lock().await),
            _ => None,
        };
        let Kept { board, window, .. } = kept;
        let mut add = |entry: LedgerEntry| {
            if window.has(&entry) {
                board.add(entry.account, entry.points);
            }
            Ok(())
        };
        let (next, _) = LedgerEntry::keys_of(kept.position.cast_signed() + 1);
        let position = self.store.each_entry(Key(next.0 - 1), &mut add).await?;
        // After the entries were read, so that it covers their position: else nobody would look again.
        let (_, people) = self.store.standing().await?;
        if kept.position == 0 || people > kept.people {
            board.meet_all(self.store.members_of_all().await?);
        }
        let strangers = board.strangers();
        if !strangers.is_empty() {
            board.meet(self.store.members_of(&strangers).await?);
        }
        let ranking = board.settle();
        // Who follows a leaderboard sees by that whether it is another one.
        if ranking != kept.ranking {
            kept.ranking = ranking;
        }
        kept.position = position;
        kept.people = people;
        Ok(())
    }
}

/// What of the ledger counts for a leaderboard.
#[derive(Debug, Clone, Default, PartialEq)]
struct Window {
    /// From when on, and until when, but not with; always, if it is of all time.
    time: Option<Range<Time>>,
    group: Option<Key>,
}

impl Window {
    fn of(Scope { period, group }: Scope, moment: Time) -> Self {
        Self {
            time: period.map(|period| period.start(moment)..period.end(moment)),
            group,
        }
    }

    fn has(&self, entry: &LedgerEntry) -> bool {
        self.time
            .as_ref()
            .is_none_or(|time| time.contains(&entry.at))
            && self
                .group
                .is_none_or(|group| entry.group_key == Some(group))
    }
}

impl Shelf {
    /// A leaderboard; one of a group may take the place of the one that nobody has asked for the longest.
    fn take(&mut self, scope: Scope) -> Arc<Place> {
        self.asked += 1;
        if !self.boards.contains_key(&scope) {
            let of_groups = self.boards.iter().filter(|(scope, (_, place))| {
                scope.group.is_some() && Arc::strong_count(place) == 1
            });
            let oldest = of_groups.clone().min_by_key(|(_, (asked, _))| *asked);
            if let Some(oldest) = oldest.map(|(scope, _)| *scope)
                && of_groups.count() >= KEPT
            {
                self.boards.remove(&oldest);
            }
        }
        let (asked, place) = self.boards.entry(scope).or_default();
        *asked = self.asked;
        place.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_group(key: i64) -> Scope {
        Scope {
            period: None,
            group: Some(Key(key)),
        }
    }

    #[test]
    fn a_leaderboard_that_somebody_holds_is_kept_whatever_others_ask_for() {
        let mut shelf = Shelf::default();
        let (whole, held) = (shelf.take(Scope::default()), shelf.take(of_group(1)));
        for key in 2..200 {
            shelf.take(of_group(key));
        }
        assert!(Arc::ptr_eq(&whole, &shelf.take(Scope::default())));
        assert!(Arc::ptr_eq(&held, &shelf.take(of_group(1))));
        assert_eq!(shelf.boards.len(), KEPT + 2);
        drop(held);
        for key in 200..300 {
            shelf.take(of_group(key));
        }
        assert!(!shelf.boards.contains_key(&of_group(1)));
    }
}
