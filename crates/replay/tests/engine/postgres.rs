//! Read models in PostgreSQL: the same rows as elsewhere, generations that several nodes share, and a server
//! that is gone for a moment.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use plaudit_domain::Time;
use plaudit_domain::erasure::{Content, Erased};
use plaudit_domain::fact::AccountFact;
use plaudit_journal::SharedJournal;
use plaudit_replay::live::{Live, Target, catch_up};
use plaudit_replay::rebuild::rebuild;
use plaudit_replay::standings::{Scope, Standings};
use plaudit_replay::{FoldingError, Generation, Generations};
use plaudit_store::compare::Comparison;
use plaudit_store::postgres::{Address, PostgresLoad, PostgresStore, Schemas};
use plaudit_store::{Load, SharedStore, StoreError};
use plaudit_testing::postgres::{PASSWORD, Server, database, query, server};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use crate::folder::{Folder, rebuilt, rules, target};
use crate::histories::{account, any_steps, events};
use crate::live::{new, registered};

async fn generations(folder: &Folder, url: &str) -> Generations {
    let address = Address::parse(url).unwrap();
    let opened = Generations::open_in_database(&address, &folder.path("beside"), rules()).await;
    opened.unwrap()
}

async fn current(generations: &Generations, journal: &SharedJournal) -> Generation {
    generations.current(journal, &mut |_| ()).await.unwrap()
}

async fn journal(folder: &Folder, events: usize) -> SharedJournal {
    let journal = folder.journal();
    let events = (0..events).map(|n| registered((n % 250) as u8));
    journal.append_many(events.collect()).await.unwrap();
    journal
}

fn kept(url: &str) -> Vec<String> {
    let sql = "SELECT current || ' ' || coalesce(before::text, '-') FROM plaudit.generations";
    query(url, sql).unwrap()
}

fn schemas(url: &str) -> Vec<String> {
    let sql = "SELECT nspname FROM pg_namespace WHERE nspname ~ '^plaudit_[0-9]' ORDER BY 1";
    query(url, sql).unwrap()
}

/// Waits until something holds.
async fn soon(what: &str, holds: impl AsyncFn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < end, "{what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Where the rows of two stores differ, whatever keeps them.
async fn differences(one: &SharedStore, other: &SharedStore) -> Vec<String> {
    let (mut one, mut other) = (
        one.snapshot().await.unwrap(),
        other.snapshot().await.unwrap(),
    );
    let mut found = Vec::new();
    for table in one.tables() {
        let mut comparison = Comparison::of(&table, &mut *one, &mut *other);
        let mut note = |difference| found.push(format!("{difference:?}"));
        while comparison.step(&mut note).await.unwrap().is_some() {}
    }
    found
}

#[test]
fn whichever_engine_keeps_them_and_whichever_way_they_are_folded_rows_are_the_same() {
    let Some(database) = database() else { return };
    let address = Address::parse(&database.url).unwrap();
    let config = ProptestConfig::with_cases(8);
    let budgets = prop_oneof![Just(1), 0..300_000_usize];
    let histories = (any_steps(300), 1..60_usize, budgets);
    let checked = TestRunner::new(config).run(&histories, |(steps, size, budget)| {
        Runtime::new().unwrap().block_on(async {
            let folder = Folder::new();
            let journal = folder.journal();
            let hash = rules().folding_hash();
            let mut loads = [usize::MAX, budget]
                .into_iter()
                .zip(["plaudit_1", "plaudit_2"]);
            let live = PostgresStore::open(&address, "plaudit_3", &hash)
                .await
                .unwrap();
            let live: SharedStore = Arc::new(live);
            let mut events = events(&steps);
            while !events.is_empty() {
                let batch = events.drain(..size.min(events.len()));
                journal.append_many(batch.collect()).await.unwrap();
                catch_up(&journal, &target(&live), &mut |_| ())
                    .await
                    .unwrap();
            }
            let expected = rebuilt(&journal, &folder.path("rebuilt")).await;
            let mut found = differences(&live, &expected).await;
            drop(live);
            for (budget, schema) in &mut loads {
                let load = PostgresLoad::begin(&address, schema, &hash).await.unwrap();
                let mut load = load.within(budget);
                rebuild(&journal, &rules(), &mut load, &mut |_| ())
                    .await
                    .unwrap();
                let store = Box::new(load).finish().await.unwrap();
                found.extend(differences(&store, &expected).await);
            }
            prop_assert_eq!(found, Vec::<String>::new());
            for schema in ["plaudit_1", "plaudit_2", "plaudit_3"] {
                let drop = format!("DROP SCHEMA {schema} CASCADE");
                query(&database.url, &drop).unwrap();
            }
            Ok(())
        })
    });
    checked.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn generations_are_built_put_in_use_and_removed_once_nobody_has_them() {
    let Some(database) = database() else { return };
    let folder = Folder::new();
    let journal = journal(&folder, 300).await;
    let one = generations(&folder, &database.url).await;
    let first = current(&one, &journal).await;
    assert_eq!((first.number, kept(&database.url)), (1, vec!["1 -".into()]));
    assert_eq!(first.position().await.unwrap(), 300);

    // Another node finds it, and one that was cut off leaves nothing that matters.
    let other = generations(&folder, &database.url).await;
    assert_eq!(current(&other, &journal).await.number, 1);
    let address = Address::parse(&database.url).unwrap();
    let cut_off = PostgresLoad::begin(&address, "plaudit_2", "")
        .await
        .unwrap();
    drop(cut_off);
    soon("its schema was never there", async || {
        schemas(&database.url) == ["plaudit_1"]
    })
    .await;

    let second = other.rebuild(&journal, &mut |_| ()).await.unwrap();
    assert_eq!(
        (second.number, kept(&database.url)),
        (2, vec!["2 1".into()])
    );
    let third = other.rebuild(&journal, &mut |_| ()).await.unwrap();
    assert_eq!((third.number, kept(&database.url)), (3, vec!["3 2".into()]));
    // Somebody still reads it.
    assert_eq!(first.position().await.unwrap(), 300);
    assert_eq!(
        schemas(&database.url),
        ["plaudit_1", "plaudit_2", "plaudit_3"]
    );
    drop((first, second));
    sleep(Duration::from_millis(300)).await;
    drop(other.rebuild(&journal, &mut |_| ()).await.unwrap());
    assert_eq!(schemas(&database.url), ["plaudit_3", "plaudit_4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_builds_at_a_time_and_a_failure_leaves_the_one_in_use() {
    let Some(database) = database() else { return };
    let folder = Folder::new();
    let journal = journal(&folder, 3).await;
    let all = generations(&folder, &database.url).await;
    drop(current(&all, &journal).await);
    let address = Address::parse(&database.url).unwrap();
    let lock = Schemas::open(&address).await.unwrap().lock().await.unwrap();
    let busy = all.rebuild(&journal, &mut |_| ()).await.err().unwrap();
    assert!(
        busy.to_string().contains("another process is rebuilding"),
        "{busy}"
    );
    drop(lock);
    let broken: SharedJournal = crate::meddling::Broken::new(journal.clone(), 1);
    soon("the lock is gone", async || {
        let failed = all.rebuild(&broken, &mut |_| ()).await.err();
        matches!(failed, Some(FoldingError::Journal(_)))
    })
    .await;
    assert_eq!(kept(&database.url), ["1 -"]);
    soon("nothing is left of it", async || {
        schemas(&database.url) == ["plaudit_1"]
    })
    .await;
    // Of another version, or by other rules.
    query(&database.url, "UPDATE plaudit_1.progress SET shape = ''").unwrap();
    assert_eq!(current(&all, &journal).await.number, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_goes_from_all_generations() {
    let Some(database) = database() else { return };
    let folder = Folder::new();
    let journal = journal(&folder, 3).await;
    let all = generations(&folder, &database.url).await;
    drop(current(&all, &journal).await);
    let own = all.rebuild(&journal, &mut |_| ()).await.unwrap();
    assert_eq!(schemas(&database.url), ["plaudit_1", "plaudit_2"]);
    let target = Target {
        generations: Some((all, own.number)),
        store: own.store,
        rules: rules(),
    };
    let _live = Live::start(journal.clone(), target).await.unwrap();
    let erased = new(AccountFact::Erased(Erased {
        account: account(1),
        content: Content::Keep,
    }));
    journal.append_many(vec![erased]).await.unwrap();
    soon("the other is removed", async || {
        schemas(&database.url) == ["plaudit_2"]
    })
    .await;
    let noted = "SELECT erased::text FROM plaudit.generations";
    soon("it is noted", async || {
        query(&database.url, noted).unwrap() == ["false"]
    })
    .await;
}

async fn served(server: &Server) -> (Folder, SharedJournal, Generations, Generation) {
    let folder = Folder::new();
    let journal = journal(&folder, 3).await;
    let database = server.database();
    let all = generations(&folder, &database.url).await;
    // It goes with its server.
    std::mem::forget(database);
    let generation = current(&all, &journal).await;
    (folder, journal, all, generation)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_for_a_moment_is_waited_for() {
    let Some(server) = server() else { return };
    let (_folder, journal, all, own) = served(&server).await;
    let target = Target {
        generations: Some((all.clone(), own.number)),
        store: own.store.clone(),
        rules: rules(),
    };
    let live = Live::start(journal.clone(), target).await.unwrap();
    for round in 0..3_u64 {
        let reading = {
            let store = own.store.clone();
            tokio::spawn(async move {
                for _ in 0..200 {
                    store.accounts_by_id(&[account(1)]).await?;
                }
                Ok::<_, StoreError>(())
            })
        };
        server.restart();
        journal
            .append_many(vec![registered(200 + round as u8)])
            .await
            .unwrap();
        reading.await.unwrap().unwrap();
        let mut folded = live.follow();
        let reached = folded.wait_for(|folded| folded.position == 4 + round);
        timeout(Duration::from_secs(30), reached)
            .await
            .unwrap()
            .unwrap();
    }
    let expected = rebuilt(&journal, &_folder.path("rebuilt")).await;
    assert_eq!(
        differences(&own.store, &expected).await,
        Vec::<String>::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_one_out_is_told_with_what_to_do_and_without_the_password() {
    let Some(server) = server() else { return };
    let folder = Folder::new();
    let database = server.database();
    let (before, name) = database.url.rsplit_once('/').unwrap();
    let wrong = database.url.replace(&format!(":{PASSWORD}@"), ":sesame@");
    for (url, expected) in [
        (wrong, "check user and password"),
        (format!("{before}/nowhere"), "make it first"),
    ] {
        let address = Address::parse(&url).unwrap();
        let opened = Generations::open_in_database(&address, &folder.path("beside"), rules()).await;
        let told = opened.err().unwrap().to_string();
        assert!(told.contains(expected), "{told}");
        assert!(
            !told.contains("sesame") && !told.contains(&format!(":{PASSWORD}@")),
            "{told}"
        );
    }
    server.stop();
    let address = Address::parse(&database.url).unwrap();
    let began = Instant::now();
    let opened = Generations::open_in_database(&address, &folder.path("beside"), rules()).await;
    let error = opened.err().unwrap();
    assert!(
        matches!(error, FoldingError::Store(StoreError::Unavailable { .. })),
        "{error}"
    );
    assert!(error.to_string().contains(name), "{error}");
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[tokio::test(flavor = "multi_thread")]
async fn k9_a_leaderboard_that_somebody_gave_up_waiting_for_is_still_right() {
    let Some(database) = database() else { return };
    let address = Address::parse(&database.url).unwrap();
    let folder = Folder::new();
    let journal = folder.journal();
    let mut runner = TestRunner::deterministic();
    let mut any = || any_steps(1_000).new_tree(&mut runner).unwrap().current();
    let steps = std::iter::repeat_with(&mut any).find(|steps| steps.len() > 900);
    let mut first = events(&steps.unwrap());
    let then = first.split_off(first.len() / 2);
    let hash = rules().folding_hash();
    let store = PostgresStore::open(&address, "plaudit_1", &hash).await;
    let store: SharedStore = Arc::new(store.unwrap());
    let (scope, now) = (Scope::default(), Time::from_micros(0));
    let [standings, expected] = [(); 2].map(|()| Standings::new(store.clone(), &rules().kudos));
    for events in [first, then] {
        // What is new comes to a leaderboard that is there already.
        standings.now(scope, now).await.unwrap();
        journal.append_many(events).await.unwrap();
        catch_up(&journal, &target(&store), &mut |_| ())
            .await
            .unwrap();
    }
    let expected = expected.now(scope, now).await.unwrap();
    assert!(!expected.standings().is_empty());
    for times in 1..50 {
        if let Some(found) = polled(times, standings.now(scope, now)).await {
            assert_eq!(found.unwrap(), expected, "after {times}");
        }
    }
    assert_eq!(standings.now(scope, now).await.unwrap(), expected);
}

/// What comes of something that is given up where it isn't done by so many times.
async fn polled<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let (mut future, mut left) = (pin!(future), times);
    poll_fn(|task| match left {
        0 => Poll::Ready(None),
        _ => {
            left -= 1;
            future.as_mut().poll(task).map(Some)
        }
    })
    .await
}
