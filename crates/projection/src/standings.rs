//! Leaderboards: whose points add up to how many, and where they stand (DOMAIN K9).
//!
//! A board is folded from the ledger, like everything else, but kept in memory: it takes new entries as
//! they come, so it is never stale and never read anew.

use std::cmp::Reverse;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::row::Key;

/// Whose the points of an account are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The account.
    pub account: Key,
    /// The profile that it belongs to.
    pub profile: Key,
    /// Whether it takes part in the programme by itself.
    pub enrolled: bool,
    /// Whether everybody sees the profile, and it isn't erased.
    pub shown: bool,
}

/// Profiles with their points, the most first; of as many, the oldest first. Who has none isn't there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranking(Vec<Standing>);

/// A profile with its points, in the order of a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// How many points it has.
    pub points: Reverse<i64>,
    /// Which profile.
    pub profile: Key,
}

impl Ranking {
    /// All of them, in order.
    pub fn standings(&self) -> &[Standing] {
        &self.0
    }

    /// The rank that some points have: one more than there are profiles with more. Ties share a rank.
    pub fn rank(&self, points: i64) -> usize {
        self.0.partition_point(|other| other.points.0 > points) + 1
    }

    /// The place of a profile with its points, from 0, if it is there.
    pub fn place(&self, standing: &Standing) -> Option<usize> {
        self.0.binary_search(standing).ok()
    }

    /// How many come up to a place in the order, with whoever is there.
    pub fn through(&self, standing: &Standing) -> usize {
        self.0.partition_point(|other| other <= standing)
    }

    /// How many come before a place in the order, which needn't be there any more.
    pub fn before(&self, standing: &Standing) -> usize {
        self.0.partition_point(|other| other < standing)
    }
}

/// A leaderboard that goes on.
#[derive(Debug, Default)]
pub struct Board {
    /// Whether the points of accounts that don't take part count, too.
    everybody: bool,
    /// The points of each account.
    points: FxHashMap<Key, i64>,
    /// What isn't settled yet.
    unsettled: FxHashMap<Key, i64>,
    members: FxHashMap<Key, Member>,
    /// The points of each profile that is shown.
    totals: FxHashMap<Key, i64>,
    ranking: Arc<Ranking>,
}

/// If more profiles than this change at once, all are sorted anew.
const FEW: usize = 64;

impl Board {
    /// A board without points.
    pub fn new(everybody: bool) -> Self {
        Self {
            everybody,
            ..Self::default()
        }
    }

    /// Adds points of an account. They count once they are [settled](Self::settle).
    pub fn add(&mut self, account: Key, points: i64) {
        *self.unsettled.entry(account).or_default() += points;
    }

    /// The accounts of which it isn't known yet whose their points are.
    pub fn strangers(&self) -> Vec<Key> {
        let accounts = self.unsettled.keys().copied();
        accounts
            .filter(|account| !self.members.contains_key(account))
            .collect()
    }

    /// Learns whose the points of accounts are.
    pub fn meet(&mut self, members: impl IntoIterator<Item = Member>) {
        let members = members.into_iter();
        self.members
            .extend(members.map(|member| (member.account, member)));
    }

    /// Learns anew whose the points of all accounts are: profiles were linked, or hidden.
    pub fn meet_all(&mut self, members: impl IntoIterator<Item = Member>) {
        self.members.clear();
        self.meet(members);
        self.totals.clear();
        for (account, points) in self.points.drain() {
            *self.unsettled.entry(account).or_default() += points;
        }
        self.ranking = Arc::default();
    }

    /// Counts what was added, and ranks.
    pub fn settle(&mut self) -> Arc<Ranking> {
        let mut before: FxHashMap<Key, i64> = FxHashMap::default();
        for (account, points) in self.unsettled.drain() {
            *self.points.entry(account).or_default() += points;
            let Some(member) = self.members.get(&account) else {
                continue;
            };
            if member.shown && (member.enrolled || self.everybody) {
                let total = self.totals.entry(member.profile).or_default();
                before.entry(member.profile).or_insert(*total);
                *total += points;
            }
        }
        if before.len() > FEW {
            self.sort();
        } else if !before.is_empty() {
            self.shift(before);
        }
        self.ranking.clone()
    }

    fn sort(&mut self) {
        let standings = self
            .totals
            .iter()
            .filter_map(|(profile, points)| standing(*profile, *points));
        let mut standings: Vec<Standing> = standings.collect();
        standings.sort_unstable();
        self.ranking = Arc::new(Ranking(standings));
    }

    fn shift(&mut self, changed: FxHashMap<Key, i64>) {
        // Copied where somebody still reads it.
        let Ranking(standings) = Arc::make_mut(&mut self.ranking);
        for (profile, points) in changed {
            if let Some(Ok(at)) = standing(profile, points).map(|it| standings.binary_search(&it)) {
                standings.remove(at);
            }
            let points = self.totals.get(&profile).copied().unwrap_or_default();
            if let Some(standing) = standing(profile, points)
                && let Err(at) = standings.binary_search(&standing)
            {
                standings.insert(at, standing);
            }
        }
    }
}

fn standing(profile: Key, points: i64) -> Option<Standing> {
    let points = Reverse(points);
    (points.0 > 0).then_some(Standing { points, profile })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(account: i64, profile: i64) -> Member {
        Member {
            account: Key(account),
            profile: Key(profile),
            enrolled: true,
            shown: true,
        }
    }

    fn ranked(ranking: &Ranking) -> Vec<(i64, i64, usize)> {
        let standings = ranking.standings().iter();
        standings
            .map(|it| (it.profile.0, it.points.0, ranking.rank(it.points.0)))
            .collect()
    }

    /// DOMAIN K9.
    #[test]
    fn k9_ties_share_a_rank_and_the_next_one_counts_them() {
        let mut board = Board::new(false);
        board.meet((1..=4).map(|number| member(number, number)));
        for (account, points) in [(1, 5), (2, 9), (3, 5), (4, 1)] {
            board.add(Key(account), points);
        }
        assert_eq!(
            ranked(&board.settle()),
            [(2, 9, 1), (1, 5, 2), (3, 5, 2), (4, 1, 4)]
        );
    }

    #[test]
    fn points_of_linked_accounts_add_up_and_come_apart_again() {
        let mut board = Board::new(false);
        board.meet([member(1, 1), member(2, 2), member(3, 3)]);
        board.add(Key(1), 5);
        board.add(Key(2), 4);
        board.add(Key(3), 7);
        let apart = board.settle();
        board.meet_all([member(1, 1), member(2, 1), member(3, 3)]);
        assert_eq!(ranked(&board.settle()), [(1, 9, 1), (3, 7, 2)]);
        board.meet_all([member(1, 1), member(2, 2), member(3, 3)]);
        assert_eq!(board.settle(), apart);
    }

    #[test]
    fn who_is_hidden_or_takes_no_part_or_has_nothing_left_is_not_there() {
        let mut board = Board::new(false);
        let hidden = Member {
            shown: false,
            ..member(1, 1)
        };
        let aside = Member {
            enrolled: false,
            ..member(2, 2)
        };
        board.meet([hidden, aside, member(3, 3)]);
        for account in 1..=3 {
            board.add(Key(account), 5);
        }
        assert_eq!(ranked(&board.settle()), [(3, 5, 1)]);
        board.add(Key(3), -5);
        assert_eq!(ranked(&board.settle()), []);
        // Where everybody takes part, so does who never asked to.
        let mut board = Board::new(true);
        board.meet([aside]);
        board.add(Key(2), 5);
        assert_eq!(ranked(&board.settle()), [(2, 5, 1)]);
    }

    #[test]
    fn however_points_come_the_ranking_is_that_of_their_sums() {
        let mut step = Board::new(true);
        let mut whole = Board::new(true);
        let members = || (0..200).map(|account| member(account, account / 2 * 2));
        step.meet(members());
        whole.meet(members());
        let mut seed = 7_i64;
        let mut last = Arc::default();
        for _ in 0..500 {
            seed = (seed * 48_271) % 2_147_483_647;
            let (account, points) = (Key(seed % 200), seed % 19 - 6);
            step.add(account, points);
            whole.add(account, points);
            last = step.settle();
        }
        assert_eq!(last, whole.settle());
        assert!(last.standings().is_sorted());
        for standing in last.standings() {
            let place = last.place(standing).unwrap();
            assert_eq!(last.before(standing), place);
            assert!(last.rank(standing.points.0) <= place + 1);
        }
    }
}
