//! Leaderboards, whenever somebody asks, are what the ledger says (DOMAIN K9).

use std::collections::BTreeMap;

use plaudit_domain::{Period, Time, Visibility};
use plaudit_projection::{Key, LedgerEntry};
use plaudit_replay::live::catch_up;
use plaudit_replay::standings::{Scope, Standings};
use plaudit_store::{AccountRecord, SharedStore};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::folder::{Folder, rules, target};
use crate::histories::{any_steps, events};

/// Profiles with their points and ranks.
type Ranks = BTreeMap<Key, (i64, usize)>;

/// Added up anew: entries by account, accounts by profile.
async fn added_up(store: &SharedStore, scope: Scope, from: Time, until: Time) -> Ranks {
    let mut entries: Vec<LedgerEntry> = Vec::new();
    let mut note = |entry| {
        entries.push(entry);
        Ok(())
    };
    store.each_entry(Key(0), &mut note).await.unwrap();
    let mut accounts = BTreeMap::new();
    let mut note = |record: AccountRecord| {
        accounts.insert(record.account.key, record);
        Ok(())
    };
    let mut snapshot = store.snapshot().await.unwrap();
    snapshot.each_account(&mut note).await.unwrap();

    let mut points: BTreeMap<Key, i64> = BTreeMap::new();
    for entry in entries {
        let AccountRecord {
            account,
            visibility,
            ..
        } = &accounts[&entry.account];
        let is_shown =
            *visibility == Visibility::Public && !accounts[&account.profile].account.erased;
        let is_meant = scope
            .group
            .is_none_or(|group| entry.group_key == Some(group))
            && (scope.period.is_none() || (from <= entry.at && entry.at < until));
        if is_shown && is_meant && account.enrolled_at.is_some() {
            *points.entry(account.profile).or_default() += entry.points;
        }
    }
    points.retain(|_, points| *points > 0);
    let rank = |points: i64, all: &BTreeMap<Key, i64>| {
        1 + all.values().filter(|other| **other > points).count()
    };
    let ranked = points
        .iter()
        .map(|(key, own)| (*key, (*own, rank(*own, &points))));
    ranked.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn k9_leaderboards_are_never_stale(steps in any_steps(300), sizes in vec(1..60usize, 8)) {
        Runtime::new().unwrap().block_on(async {
            let folder = Folder::new();
            let (journal, store) = (folder.journal(), folder.store("live"));
            let standings = Standings::new(store.clone(), &rules().kudos);
            let days = [3, 10, 17, 24].map(|day: i64| Time::from_micros(day * 86_400_000_000));
            let periods = [None, Some(Period::Week), Some(Period::Month), Some(Period::Quarter)];
            let mut events = events(&steps);
            for size in sizes {
                let batch = events.drain(..size.min(events.len())).collect();
                journal.append_many(batch).await.unwrap();
                catch_up(&journal, &target(&store), &mut |_| ()).await.unwrap();
                let groups = store.group_page(None, plaudit_store::Page {
                    order: plaudit_store::Order::Ascending,
                    after: None,
                    limit: 2,
                });
                let groups = groups.await.unwrap().into_iter().map(|group| Some(group.key));
                for group in groups.chain([None]) {
                    for (now, period) in days.into_iter().flat_map(|now| periods.map(|it| (now, it))) {
                        let scope = Scope { period, group };
                        let (from, until) = match period {
                            Some(period) => (period.start(now), period.end(now)),
                            None => (now, now),
                        };
                        let ranking = standings.now(scope, now).await.unwrap();
                        let found: Ranks = ranking
                            .standings()
                            .iter()
                            .map(|it| (it.profile, (it.points.0, ranking.rank(it.points.0))))
                            .collect();
                        prop_assert_eq!(found, added_up(&store, scope, from, until).await);
                        // At the end of the period it is what it is.
                        let last = Time::from_micros(match period {
                            Some(_) => until.as_micros() - 1,
                            None => i64::MAX,
                        });
                        let then = standings.as_of(scope, last).await.unwrap();
                        prop_assert_eq!(then, ranking);
                    }
                }
            }
            Ok(())
        })?;
    }
}
