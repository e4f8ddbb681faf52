//! Whichever way a history is folded, the same rows come of it, and the right ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use plaudit_domain::{Fact, NewEvent};
use plaudit_journal::SharedJournal;
use plaudit_projection::{Counts, Post, Profile};
use plaudit_replay::live::catch_up;
use plaudit_store::{AccountRecord, PostRecord, SharedStore};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tokio::runtime::Runtime;

use crate::folder::{Folder, rebuilt};
use crate::histories::{any_steps, events};
use crate::naive::{Naive, PostFigures};
use crate::tables::differences;

async fn follow(journal: &SharedJournal, store: &SharedStore) {
    let target = store.clone().into();
    catch_up(journal, &target, &mut |_| ()).await.unwrap();
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
    store.each_account(&mut note).await.unwrap();
    let mut note = |profile: Profile| {
        profiles.insert(profile.id, profile.counts);
        Ok(())
    };
    store.each_profile(&mut note).await.unwrap();

    let (mut ids, mut rows) = (BTreeMap::new(), Vec::new());
    let mut note = |record: PostRecord| {
        ids.insert(record.post.key, record.post.id);
        rows.push(record.post);
        Ok(())
    };
    store.each_post(&mut note).await.unwrap();
    let figures = |post: &Post| PostFigures {
        likes: post.likes as usize,
        watchers: post.watchers as usize,
        answers: post.answers as usize,
        comments: post.comments as usize,
        accepted_answer: post.accepted_answer.map(|key| ids[&key]),
        accepted: post.accepted,
        deleted: post.deleted,
    };
    let posts = rows.iter().map(|post| (post.id, figures(post))).collect();

    let mut errors = unequal(&accounts, &naive.accounts());
    errors.extend(unequal(&profiles, &naive.profiles()));
    errors.extend(unequal(&posts, &naive.posts()));
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
    for _ in 0..CASES {
        let steps = any_steps(STEPS).new_tree(&mut runner).unwrap().current();
        let events = events(&steps);
        happened.extend(events.iter().map(|event| event.fact.stored_type()));
        let naive = Naive::after(&events);
        let accounts = naive.accounts();
        accounts.values().for_each(|counts| counted.add(counts));
        profiles_of_several += i64::from(naive.profiles().len() < accounts.len());
        let posts = naive.posts();
        let accepted = posts.values().filter(|post| post.accepted);
        solutions_of_deleted += accepted.filter(|post| post.deleted).count();
    }
    assert_eq!(happened, Fact::TYPES.iter().copied().collect());
    assert!(
        solutions_of_deleted > 5,
        "{solutions_of_deleted} {counted:?}"
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
        profiles_of_several,
    ];
    assert!(often.into_iter().all(|count| count > 10), "{counted:?}");
}

/// So many random histories are tried.
const CASES: u32 = 48;
/// So many steps each may have.
const STEPS: usize = 400;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn folded_live_in_any_batches_is_rebuilt_and_is_right(
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
