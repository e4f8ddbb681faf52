//! Whichever way a history is folded, the same rows come of it, and the right ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use plaudit_domain::notification::Kind as Notified;
use plaudit_domain::{AccountId, Fact, NewEvent};
use plaudit_journal::SharedJournal;
use plaudit_projection::{Counts, Key, Post, Profile};
use plaudit_replay::live::catch_up;
use plaudit_store::{AccountRecord, Earned, LedgerRecord, Order, Page, PostRecord, SharedStore};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tokio::runtime::Runtime;

use crate::folder::{Folder, rebuilt, rebuilt_within, rules, target};
use crate::histories::{any_steps, events};
use crate::kudos::NaiveKudos;
use crate::naive::{Naive, PostFigures};
use crate::tables::differences;
use crate::timelines;
use crate::told::{KINDS, NaiveTold};

async fn follow(journal: &SharedJournal, store: &SharedStore) {
    catch_up(journal, &target(store), &mut |_| ())
        .await
        .unwrap();
}

/// Cuts events into batches, as long as there are sizes to cut by; what is left comes one by one.
fn batches(mut events: Vec<NewEvent>, sizes: &[usize]) -> Vec<Vec<NewEvent>> {
    let mut sizes = sizes.iter();
    let mut batches = Vec::new();
    while !events.is_empty() {
        let size = sizes.next().map_or(1, |&size| size.min(events.len()));
        batches.push(events.drain(..size).collect());
    }
    batches
}

/// Where the rows don't say what they have to.
async fn errors(store: &SharedStore, events: &[NewEvent]) -> Vec<String> {
    let naive = Naive::after(events);
    let (mut accounts, mut profiles) = (BTreeMap::new(), BTreeMap::new());
    let mut note = |record: AccountRecord| {
        accounts.insert(record.account.id, record.account.counts);
        Ok(())
    };
    let mut snapshot = store.snapshot().await.unwrap();
    snapshot.each_account(&mut note).await.unwrap();
    let mut note = |profile: Profile| {
        profiles.insert(profile.id, profile.counts);
        Ok(())
    };
    let mut snapshot = store.snapshot().await.unwrap();
    snapshot.each_profile(&mut note).await.unwrap();

    let (mut ids, mut rows) = (BTreeMap::new(), Vec::new());
    let mut note = |record: PostRecord| {
        ids.insert(record.post.key, record.post.id);
        rows.push(record.post);
        Ok(())
    };
    let mut snapshot = store.snapshot().await.unwrap();
    snapshot.each_post(&mut note).await.unwrap();
    let figures = |post: &Post| PostFigures {
        likes: post.likes as usize,
        watchers: post.watchers as usize,
        answers: post.answers as usize,
        comments: post.comments as usize,
        accepted_answer: post.accepted_answer().map(|key| ids[&key]),
        accepted: post.accepted,
        deleted: post.deleted,
    };
    let posts = rows.iter().map(|post| (post.id, figures(post))).collect();

    let mut errors = kudos_errors(store, events).await;
    errors.extend(told_errors(store, events).await);
    errors.extend(timelines::errors(store, events).await);
    errors.extend(unequal(&accounts, &naive.accounts()));
    errors.extend(unequal(&profiles, &naive.profiles()));
    errors.extend(unequal(&posts, &naive.posts()));
    errors
}

/// Where members weren't told what they have to be, or figures are wrong.
async fn told_errors(store: &SharedStore, events: &[NewEvent]) -> Vec<String> {
    let naive = NaiveTold::after(events);
    let mut ids = BTreeMap::new();
    let mut note = |record: AccountRecord| {
        ids.insert(record.account.key, record.account.id);
        Ok(())
    };
    let mut snapshot = store.snapshot().await.unwrap();
    snapshot.each_account(&mut note).await.unwrap();
    let keys: Vec<Key> = ids.keys().copied().collect();
    let all = Page {
        order: Order::Ascending,
        after: None,
        limit: 100_000,
    };
    let told = store.notifications_of(&keys, None, all).await.unwrap();
    let told = told
        .iter()
        .filter(|told| KINDS.contains(&told.kind))
        .map(|told| ((told.position, ids[&told.account]), told.kind));
    let figures = store.figures().await.unwrap();
    let figures = figures.iter().map(|it| ((it.figure, it.month), it.count));
    let mut errors = unequal(&told.collect(), naive.told());
    errors.extend(unequal(&figures.collect(), &naive.figures()));
    errors
}

/// Where points, badges and milestones aren't what the rules say.
async fn kudos_errors(store: &SharedStore, events: &[NewEvent]) -> Vec<String> {
    let rules = rules();
    let naive = NaiveKudos::after(events, &rules);
    let (mut ids, mut points) = (BTreeMap::new(), BTreeMap::new());
    let mut note = |record: AccountRecord| {
        ids.insert(record.account.key, record.account.id);
        points.insert(record.account.id, record.account.points);
        Ok(())
    };
    let mut snapshot = store.snapshot().await.unwrap();
    snapshot.each_account(&mut note).await.unwrap();
    let mut ledger: BTreeMap<AccountId, i64> = ids.values().map(|id| (*id, 0)).collect();
    let mut note = |record: LedgerRecord| {
        *ledger.entry(record.account).or_default() += record.entry.points;
        Ok(())
    };
    let mut snapshot = store.snapshot().await.unwrap();
    snapshot.each_entry_record(&mut note).await.unwrap();
    let keys: Vec<Key> = ids.keys().copied().collect();
    let number = |earned: &Earned| (ids[&earned.account], earned.number as usize);
    let badges = store.badges_of(&keys).await.unwrap();
    let badges = badges.iter().map(|earned| (number(earned), ())).collect();
    let reached = store.post_milestones_of(&keys).await.unwrap();
    let reached = reached.iter().map(|it| (number(it), it.times)).collect();

    let mut errors = unequal(&points, &naive.points());
    errors.extend(unequal(&ledger, &naive.points()));
    let naive_badges = naive.badges().into_iter().map(|badge| (badge, ()));
    errors.extend(unequal(&badges, &naive_badges.collect()));
    errors.extend(unequal(&reached, &naive.post_milestones()));
    errors
}

fn unequal<K: Ord + Debug, V: PartialEq + Debug>(
    found: &BTreeMap<K, V>,
    expected: &BTreeMap<K, V>,
) -> Vec<String> {
    let keys: BTreeSet<&K> = found.keys().chain(expected.keys()).collect();
    keys.into_iter()
        .map(|key| (key, found.get(key), expected.get(key)))
        .filter(|(_, found, expected)| found != expected)
        .map(|(key, found, expected)| format!("{key:?} is {found:?}, but {expected:?} is right"))
        .collect()
}

const NONE: [String; 0] = [];

/// The properties below would hold on histories in which nothing happens, too.
#[test]
fn random_histories_come_to_everything_that_is_counted() {
    let mut runner = TestRunner::deterministic();
    let mut happened = BTreeSet::new();
    let mut counted = Counts::default();
    let mut solutions_of_deleted = 0;
    let mut profiles_of_several = 0_i64;
    let (mut limited, mut completed) = (0, 0);
    let (mut with_points, mut badges, mut milestones) = (0, 0, 0);
    let mut told: BTreeMap<Notified, usize> = BTreeMap::new();
    let rules = rules();
    for _ in 0..CASES {
        let steps = any_steps(STEPS).new_tree(&mut runner).unwrap().current();
        let events = events(&steps);
        happened.extend(events.iter().map(|event| event.fact.stored_type()));
        let naive = Naive::after(&events);
        let accounts = naive.accounts();
        accounts.values().for_each(|counts| counted.add(counts));
        profiles_of_several += i64::from(naive.profiles().len() < accounts.len());
        let kudos = NaiveKudos::after(&events, &rules);
        let (cut, done) = kudos.limited_and_completed();
        limited += cut;
        completed += done;
        with_points += kudos
            .points()
            .values()
            .filter(|points| **points != 0)
            .count();
        for kind in NaiveTold::after(&events).told().values() {
            *told.entry(*kind).or_default() += 1;
        }
        badges += kudos.badges().len();
        milestones += kudos.post_milestones().len();
        let posts = naive.posts();
        let accepted = posts.values().filter(|post| post.accepted);
        solutions_of_deleted += accepted.filter(|post| post.deleted).count();
    }
    // All that what is decided here tells.
    assert_eq!(told.len(), KINDS.len(), "{told:?}");
    assert_eq!(happened, Fact::TYPES.iter().copied().collect());
    assert!(
        solutions_of_deleted > 5,
        "{solutions_of_deleted} {counted:?}"
    );
    assert!(
        limited > 5 && completed > 5 && with_points > 50 && badges > 20 && milestones > 20,
        "{limited} {completed} {with_points} {badges} {milestones}"
    );
    let often = [
        counted.questions,
        counted.discussions,
        counted.answers,
        counted.articles,
        counted.comments,
        counted.accepted_solutions,
        counted.likes_received,
        counted.likes_given,
        counted.courses_completed,
        counted.peer_kudos_given,
        counted.peer_kudos_received,
        profiles_of_several,
    ];
    assert!(often.into_iter().all(|count| count > 10), "{counted:?}");
}

/// So many random histories are tried.
const CASES: u32 = 48;
/// So many steps each may have.
const STEPS: usize = 1_200;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn f8_folded_live_in_any_batches_is_rebuilt_and_is_right(
        steps in any_steps(STEPS),
        sizes in vec(1..40usize, 0..40),
    ) {
        Runtime::new().unwrap().block_on(async {
            let events = events(&steps);
            let folder = Folder::new();
            let (journal, live) = (folder.journal(), folder.store("live"));
            for batch in batches(events.clone(), &sizes) {
                journal.append_many(batch).await.unwrap();
                follow(&journal, &live).await;
            }
            let rebuilt = rebuilt(&journal, &folder.path("rebuilt")).await;
            prop_assert_eq!(errors(&rebuilt, &events).await, NONE);
            prop_assert_eq!(errors(&live, &events).await, NONE);
            prop_assert_eq!(differences(&folder.path("live"), &folder.path("rebuilt")), NONE);
            Ok(())
        })?;
    }

    #[test]
    fn a_rebuild_in_little_memory_comes_to_the_same(
        steps in any_steps(STEPS),
        budget in 0..1_000_000usize,
    ) {
        Runtime::new().unwrap().block_on(async {
            let folder = Folder::new();
            let journal = folder.journal();
            journal.append_many(events(&steps)).await.unwrap();
            // The first one takes the keys away of who is erased, and has more to purge than those after it.
            rebuilt(&journal, &folder.path("first")).await;
            rebuilt(&journal, &folder.path("rebuilt")).await;
            rebuilt_within(budget, &journal, &folder.path("in little")).await;
            prop_assert_eq!(differences(&folder.path("in little"), &folder.path("rebuilt")), NONE);
            Ok(())
        })?;
    }

    #[test]
    fn a_rebuilt_store_is_folded_on_like_any_other(
        steps in any_steps(STEPS),
        part in 0.0..1.0,
    ) {
        Runtime::new().unwrap().block_on(async {
            let mut events = events(&steps);
            let folder = Folder::new();
            let journal = folder.journal();
            let rest = events.split_off((events.len() as f64 * part) as usize);
            journal.append_many(events).await.unwrap();
            let continued = rebuilt(&journal, &folder.path("continued")).await;
            journal.append_many(rest).await.unwrap();
            follow(&journal, &continued).await;
            rebuilt(&journal, &folder.path("rebuilt")).await;
            prop_assert_eq!(differences(&folder.path("continued"), &folder.path("rebuilt")), NONE);
            Ok(())
        })?;
    }
}
