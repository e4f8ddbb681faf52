//! Read models as of a moment, on random histories, in which times are in no order.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use plaudit_domain::fact::AccountFact;
use plaudit_domain::names::Names;
use plaudit_domain::{Event, Fact, Time};
use plaudit_journal::SharedJournal;
use plaudit_projection::{FoldError, Needs, Stopped, Touched, fold};
use plaudit_replay::as_of::{Past, as_of};
use plaudit_store::sqlite::{BulkLoad, SqliteStore};
use plaudit_store::{SharedStore, Store};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rusqlite::Connection;
use tokio::runtime::Runtime;

use crate::folder::{Folder, rebuilt, rules};
use crate::histories::{any_steps, events};
use crate::tables::differences;

const NONE: Vec<String> = Vec::new();

async fn past(journal: &SharedJournal, moment: Time, path: &Path) -> (SharedStore, Past) {
    past_within(usize::MAX, journal, moment, path).await
}

/// The same, in so many bytes of memory.
async fn past_within(
    budget: usize,
    journal: &SharedJournal,
    moment: Time,
    path: &Path,
) -> (SharedStore, Past) {
    let rules = rules();
    let load = BulkLoad::begin(path, &rules.folding_hash()).unwrap();
    let mut load = load.within(budget);
    let until = journal.head().await.unwrap();
    let past = as_of(journal, &rules, &mut load, moment, until, &mut |_| ())
        .await
        .unwrap();
    (Arc::new(load.finish().unwrap()), past)
}

/// The same, event after event, each into a store that has all before it; what names anything that none
/// of these made is left out.
async fn naive(journal: &SharedJournal, moment: Time, path: &Path) -> Past {
    let store = SqliteStore::open(path, &rules().folding_hash()).unwrap();
    let mut past = Past {
        position: 0,
        events: 0,
        left_out: 0,
    };
    let mut made = HashSet::new();
    for event in journal.read_all(0, 10_000).await.unwrap() {
        let is_erasure = matches!(&event.fact, Fact::Account(AccountFact::Erased(_)));
        if event.occurred_at > moment && !is_erasure {
            continue;
        }
        let names = Names::of(&event.fact);
        if names.needed.iter().all(|name| made.contains(name)) {
            // An erasure that is still to come ends nothing that was to come at the moment.
            let mut told = event.clone();
            if told.occurred_at > moment {
                told.occurred_at = Time::from_micros(i64::MAX);
            }
            fold_one(&store, &told, past.position).await;
            made.extend(names.made);
            past.position = event.position;
            past.events += 1;
        } else if event.occurred_at <= moment {
            past.left_out += 1;
        }
    }
    store.purge().await.unwrap();
    past
}

/// Takes away what isn't to be seen by the rows of today.
fn withhold(path: &Path, today: &Path) {
    let past = Connection::open(path).unwrap();
    let today = today.display().to_string();
    past.execute("ATTACH ?1 AS today", [today]).unwrap();
    past.execute_batch(WITHHOLD).unwrap();
}

/// By ids: what was made twice has the key of another event, where the first one is later.
const WITHHOLD: &str = "
    UPDATE account SET profile_visibility = 'private' WHERE id IN (
        SELECT account.id FROM today.account JOIN today.profile ON account.profile = profile.key
        WHERE profile.visibility = 'private');
    UPDATE account SET visibility = 'private' WHERE id IN (
        SELECT id FROM today.account WHERE visibility = 'private');
    UPDATE profile SET visibility = 'private' WHERE key IN (
        SELECT profile FROM main.account WHERE profile_visibility = 'private');
    UPDATE post SET title = NULL WHERE id IN (SELECT id FROM today.post WHERE deleted);
    UPDATE post_body SET body = NULL WHERE post IN (
        SELECT key FROM main.post WHERE id IN (SELECT id FROM today.post WHERE deleted));
";

async fn fold_one(store: &SqliteStore, event: &Event, from: u64) {
    let mut touched = Touched::by(std::slice::from_ref(event));
    let mut rows = loop {
        let mut rows = store.fetch(&touched).await.unwrap();
        match fold(event, &mut rows) {
            Ok(()) => break rows,
            Err(Stopped {
                cause: FoldError::Unnamed(_),
                ..
            }) if touched.references.is_none() => {
                touched.refer_wholly();
            }
            Err(stopped) => panic!("{stopped}"),
        }
    };
    let needs = Needs::of(&rows, &rules());
    store.fetch_for(&needs, &mut rows).await.unwrap();
    rows.reckon(&rules());
    rows.finish(&rules());
    store.commit(&rows, from, event.position).await.unwrap();
}

/// A moment that is somewhere in a history, or after all of it.
fn moment_in(events: &[Event], part: f64) -> Time {
    let mut times: Vec<Time> = events.iter().map(|event| event.occurred_at).collect();
    times.sort_unstable();
    let at = (times.len() as f64 * part) as usize;
    times.get(at).copied().unwrap_or(Time::EPOCH)
}

#[tokio::test]
async fn h2_random_histories_have_what_is_left_out_and_what_is_later() {
    let mut runner = TestRunner::deterministic();
    let (mut left_out, mut later, mut erased) = (0, 0, 0);
    for _ in 0..40 {
        let steps = any_steps(600).new_tree(&mut runner).unwrap().current();
        let folder = Folder::new();
        let journal = folder.journal();
        journal.append_many(events(&steps)).await.unwrap();
        let all = journal.read_all(0, 10_000).await.unwrap();
        let moment = moment_in(&all, 0.5);
        let (_, past) = past(&journal, moment, &folder.path("past")).await;
        let is_erasure =
            |event: &&Event| matches!(&event.fact, Fact::Account(AccountFact::Erased(_)));
        let after = all.iter().filter(|event| event.occurred_at > moment);
        later += after.clone().count();
        erased += after.filter(is_erasure).count();
        left_out += past.left_out;
    }
    assert!(
        left_out > 50 && later > 500 && erased > 0,
        "{left_out} {later} {erased}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn h2_as_of_a_moment_is_what_folding_event_after_event_comes_to(
        steps in any_steps(600),
        part in 0.0..1.1,
        budget in prop_oneof![Just(usize::MAX), 0..500_000usize],
    ) {
        Runtime::new().unwrap().block_on(async {
            let folder = Folder::new();
            let journal = folder.journal();
            journal.append_many(events(&steps)).await.unwrap();
            let all = journal.read_all(0, 10_000).await.unwrap();
            let moment = moment_in(&all, part);
            let path = folder.path("past");
            let (_store, past) = past_within(budget, &journal, moment, &path).await;
            let naive = naive(&journal, moment, &folder.path("naive")).await;
            let _today = rebuilt(&journal, &folder.path("today")).await;
            withhold(&folder.path("naive"), &folder.path("today"));
            prop_assert_eq!(differences(&folder.path("past"), &folder.path("naive")), NONE);
            prop_assert_eq!(past, naive);
            Ok(())
        })?;
    }

    #[test]
    fn h2_as_of_the_end_is_a_rebuild(steps in any_steps(600)) {
        Runtime::new().unwrap().block_on(async {
            let folder = Folder::new();
            let journal = folder.journal();
            journal.append_many(events(&steps)).await.unwrap();
            let head = journal.head().await.unwrap();
            // It destroys the keys of erased accounts, as whoever serves them has.
            let _today = rebuilt(&journal, &folder.path("today")).await;
            let _rebuilt = rebuilt(&journal, &folder.path("rebuilt")).await;
            withhold(&folder.path("rebuilt"), &folder.path("today"));
            let end = Time::from_micros(i64::MAX);
            let (_store, past) = past(&journal, end, &folder.path("past")).await;
            prop_assert_eq!(past, Past { position: head, events: head, left_out: 0 });
            prop_assert_eq!(differences(&folder.path("past"), &folder.path("rebuilt")), NONE);
            Ok(())
        })?;
    }
}
