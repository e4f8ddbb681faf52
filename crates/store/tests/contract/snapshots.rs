//! All rows of one moment, to be compared.

use std::collections::{BTreeMap, BTreeSet};

use plaudit_domain::kudos::Policy;
use plaudit_domain::post::Kind;
use plaudit_projection::{Account, Key, LedgerEntry, Post, PostTag, Row};
use plaudit_store::checks::checks;
use plaudit_store::compare::{Comparison, Difference, How};
use plaudit_store::snapshot::{Record, Table, Value};
use plaudit_store::{LedgerRecord, ProfileRecord, Snapshot};

use crate::Place;
use crate::history::{
    History, accepted, answer, deleted, liked, question, registered, renamed, tagged, topic,
    watched,
};

/// All rows of a table, read so many at once.
async fn rows(snapshot: &mut dyn Snapshot, table: &Table, limit: u32) -> Vec<Record> {
    let mut all: Vec<Record> = Vec::new();
    loop {
        let page = snapshot.rows(table, all.last(), limit).await.unwrap();
        assert!(page.len() <= limit as usize);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Where snapshots differ.
async fn differences(kept: &mut dyn Snapshot, right: &mut dyn Snapshot) -> Vec<Difference> {
    let mut differences = Vec::new();
    for table in kept.tables() {
        let mut comparison = Comparison::of(&table, kept, right);
        let mut found = |difference| differences.push(difference);
        while comparison.step(&mut found).await.unwrap().is_some() {}
    }
    differences
}

/// Members, posts, tags, likes, watches and points.
async fn some(place: &dyn Place) -> History {
    let mut history = History::begin(place).await;
    let members = (1..=3).map(|number| (1, registered(number)));
    history.add(members).await;
    history
        .add([
            (2, question(1, 1)),
            (
                3,
                tagged(2, Kind::Article, 1, &["rye", "crust", "\u{e9}clair"]),
            ),
            (3, tagged(3, Kind::Question, 2, &["crust", "Crust"])),
            (4, answer(4, 2, 1)),
            (5, accepted(1, 1, (4, 2))),
            (6, liked((1, 1), 2)),
            (7, liked((1, 1), 3)),
            (8, liked((4, 2), 1)),
            (9, watched(1, 3)),
        ])
        .await;
    history
}

pub async fn a_snapshot_stays_as_of_its_moment(place: &dyn Place) {
    let mut history = some(place).await;
    let mut before = history.store.snapshot().await.unwrap();
    let position = history.position();
    assert_eq!(before.position(), position);
    history.add([(10, renamed(1, "Later"))]).await;
    let after = history.store.snapshot().await.unwrap();
    assert_eq!(
        (before.position(), after.position()),
        (position, position + 1)
    );
    let accounts = rows(&mut *before, &Table::of::<Account>(), 10).await;
    assert_eq!(accounts.len(), 3);
    let later = Value::Text("Later".to_owned());
    assert!(accounts.iter().all(|account| !account.0.contains(&later)));
}

pub async fn a_snapshot_has_every_row_once_in_the_order_of_keys(place: &dyn Place) {
    let history = some(place).await;
    let mut snapshot = history.store.snapshot().await.unwrap();
    let tables = snapshot.tables();
    let names: BTreeSet<&str> = tables.iter().map(|table| table.name).collect();
    assert_eq!(names.len(), tables.len());
    for name in [
        Account::TABLE,
        Post::TABLE,
        PostTag::TABLE,
        LedgerEntry::TABLE,
    ] {
        assert!(names.contains(name), "{name}");
    }
    for table in &tables {
        let all = rows(&mut *snapshot, table, 1_000).await;
        let mut sorted = all.clone();
        sorted.sort_by(|one, other| table.key(one).cmp(&table.key(other)));
        assert_eq!(all, sorted);
        for limit in 1..4 {
            assert_eq!(
                rows(&mut *snapshot, table, limit).await,
                all,
                "{}",
                table.name
            );
        }
    }
    let tags = rows(&mut *snapshot, &Table::of::<PostTag>(), 10).await;
    assert_eq!(tags.len(), 5);
}

pub async fn what_a_batch_changed_is_the_difference_between_two_snapshots(place: &dyn Place) {
    let mut history = some(place).await;
    let mut before = history.store.snapshot().await.unwrap();
    let mut same = history.store.snapshot().await.unwrap();
    assert_eq!(differences(&mut *before, &mut *same).await, []);

    history
        .add([(10, renamed(1, "Later")), (11, deleted(topic(2, 1)))])
        .await;
    let mut after = history.store.snapshot().await.unwrap();
    let found = differences(&mut *before, &mut *after).await;
    let account = found.iter().find(|it| it.table == "account").unwrap();
    assert_eq!(account.key, [("key", Value::Integer(history.account(1).0))]);
    assert!(matches!(&account.id, Some(Value::Bytes(id)) if id.len() == 16));
    let How::Cells(cells) = &account.how else {
        panic!("{account:?}");
    };
    // What a text was, is nobody's business.
    let name = cells.iter().find(|cell| cell.column == "name").unwrap();
    assert_eq!(name.values, None);
    let articles = cells.iter().find(|cell| cell.column == "articles").unwrap();
    assert_eq!(
        articles.values,
        Some((Value::Integer(1), Value::Integer(0)))
    );

    history.add([(12, registered(4))]).await;
    let mut last = history.store.snapshot().await.unwrap();
    let of_accounts = |found: Vec<Difference>| {
        let accounts = found.into_iter().filter(|it| it.table == "account");
        accounts.map(|it| it.how).collect::<Vec<_>>()
    };
    let missing = of_accounts(differences(&mut *after, &mut *last).await);
    assert_eq!(missing, [How::Missing]);
    let surplus = of_accounts(differences(&mut *last, &mut *after).await);
    assert_eq!(surplus, [How::Surplus]);
}

pub async fn what_profiles_have_comes_page_by_page_and_as_of_a_moment(place: &dyn Place) {
    let mut history = some(place).await;
    let mut snapshot = history.store.snapshot().await.unwrap();
    let mut all = Vec::new();
    let mut note = |record: ProfileRecord| {
        all.push(record);
        Ok(())
    };
    snapshot.each_profile_record(&mut note).await.unwrap();
    let mut ledger: BTreeMap<(Key, i64), i64> = BTreeMap::new();
    let mut note = |record: LedgerRecord| {
        let entry = record.entry;
        *ledger.entry((entry.account, entry.reason)).or_default() += entry.points;
        Ok(())
    };
    snapshot.each_entry_record(&mut note).await.unwrap();
    assert!(all.len() == 3 && ledger.len() > 2);
    // What comes later makes no difference.
    history
        .add([(10, liked((1, 1), 1)), (11, registered(4))])
        .await;
    for limit in 1..4 {
        let (mut profiles, mut earned, mut last) = (Vec::new(), BTreeMap::new(), Key(0));
        loop {
            let page = snapshot.profiles(last, limit).await.unwrap();
            assert!(page.len() <= limit as usize);
            let Some(end) = page.last().map(|record| record.profile.key) else {
                break;
            };
            let earnings = snapshot.earnings(last, end).await.unwrap();
            assert!(earnings.is_sorted_by_key(|it| (it.profile, it.reason)));
            // Here everybody is a profile of their own.
            earned.extend(
                earnings
                    .iter()
                    .map(|it| ((it.profile, it.reason), it.points)),
            );
            profiles.extend(page);
            last = end;
        }
        assert_eq!(profiles, all);
        assert_eq!(earned, ledger);
    }
}

pub async fn figures_of_what_was_folded_agree_with_what_they_are_counted_from(place: &dyn Place) {
    let mut history = some(place).await;
    history.add([(10, deleted(topic(2, 1)))]).await;
    let mut snapshot = history.store.snapshot().await.unwrap();
    for policy in [Policy::Automatic, Policy::Waitlist] {
        for check in checks(policy) {
            let miscounts = snapshot.miscounts(&check).await.unwrap();
            // Whose points count is up to the rules.
            let is_theirs = policy == Policy::Automatic || check.column != "points";
            assert!(
                !is_theirs || miscounts.is_empty(),
                "{check:?}: {miscounts:?}"
            );
        }
    }
}

pub async fn a_store_that_nobody_meddled_with_is_not_damaged(place: &dyn Place) {
    let history = some(place).await;
    let mut snapshot = history.store.snapshot().await.unwrap();
    assert_eq!(snapshot.damages().await.unwrap(), Vec::<String>::new());
}
