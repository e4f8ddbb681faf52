//! The fold that goes on by itself.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use plaudit_domain::account::Registered;
use plaudit_domain::fact::{AccountFact, LikeFact};
use plaudit_domain::like::Like;
use plaudit_domain::{Fact, NewEvent, Time};
use plaudit_replay::FoldingError;
use plaudit_replay::ReadModels;
use plaudit_replay::live::{Folded, catch_up};
use plaudit_replay::rebuild::rebuild;
use plaudit_store::sqlite::BulkLoad;
use uuid::Uuid;

use crate::folder::{Folder, rules, target};
use crate::histories::{account, post};
use crate::meddling::Broken;

pub fn new(fact: impl Into<Fact>) -> NewEvent {
    NewEvent {
        id: Uuid::now_v7(),
        occurred_at: Time::from_micros(0),
        actor: None,
        correlation: None,
        causation: None,
        imported: false,
        fact: fact.into(),
    }
}

pub fn registered(number: u8) -> NewEvent {
    new(AccountFact::Registered(Registered {
        account: account(number),
        name: "Member".to_owned().into(),
        origin: None,
    }))
}

/// Somebody likes a post that nobody wrote.
fn impossible() -> NewEvent {
    new(LikeFact::Liked(Like {
        post: post(77),
        account: account(1),
        author: None,
    }))
}

/// Waits until the fold stands so.
async fn until(live: &ReadModels, stands: impl Fn(&Folded) -> bool) {
    let patience = Instant::now() + Duration::from_secs(10);
    while !stands(&live.folded()) {
        assert!(Instant::now() < patience, "{:?}", live.folded());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_that_of_the_rows_whoever_folds_them() {
    let folder = Folder::new();
    let store = folder.store("live");
    let live = ReadModels::live(folder.journal(), target(&store))
        .await
        .unwrap();
    let before = live.version().await.unwrap();
    assert_eq!(before.position, 0);
    // Who has them open elsewhere is told of nothing, and notices events sooner or later.
    let (journal, elsewhere) = (folder.journal(), folder.store("live"));
    for number in 0..20 {
        journal.append_many(vec![registered(number)]).await.unwrap();
        catch_up(&journal, &target(&elsewhere), &mut |_| ())
            .await
            .unwrap();
        let position = elsewhere.position().await.unwrap();
        assert_eq!(position, u64::from(number) + 1);
        assert_eq!(live.version().await.unwrap().position, position);
    }
    let at_rest = ReadModels::at_rest(store, rules()).await.unwrap();
    assert!(at_rest.version().await.is_none());
}

#[tokio::test]
async fn an_event_that_cannot_be_folded_stops_it_and_is_named() {
    let folder = Folder::new();
    let (journal, store) = (folder.journal(), folder.store("live"));
    let live = ReadModels::live(journal.clone(), target(&store))
        .await
        .unwrap();
    journal.append_many(vec![registered(1)]).await.unwrap();
    until(&live, |folded| folded.position == 1).await;

    let events = vec![registered(2), impossible(), registered(3)];
    journal.append_many(events).await.unwrap();
    until(&live, |folded| folded.trouble.is_some()).await;
    let trouble = live.folded().trouble.unwrap();
    assert!(trouble.contains("event 3"), "{trouble}");
    assert!(trouble.contains("PostLiked"), "{trouble}");
    assert!(trouble.contains(&post(77).to_string()), "{trouble}");

    // It doesn't go on behind it, then or ever.
    journal.append_many(vec![registered(4)]).await.unwrap();
    assert!(!live.reached(3, Duration::from_secs(2)).await);
    assert_eq!(store.position().await.unwrap(), 1);
    assert_eq!(store.accounts_by_id(&[account(3)]).await.unwrap(), []);
    assert!(live.folded().trouble.is_some());

    // Nor does any other way of folding.
    let caught_up = catch_up(&journal, &target(&store), &mut |_| ()).await;
    assert!(matches!(caught_up, Err(FoldingError::Stopped(stopped)) if stopped.position == 3));
    let rules = rules();
    let mut load = BulkLoad::begin(&folder.path("rebuilt"), &rules.folding_hash()).unwrap();
    let rebuilt = rebuild(&journal, &rules, &mut load, &mut |_| ()).await;
    assert!(matches!(rebuilt, Err(FoldingError::Stopped(stopped)) if stopped.position == 3));
}

#[tokio::test]
async fn a_journal_that_fails_for_a_while_is_trouble_for_a_while() {
    let folder = Folder::new();
    let (journal, store) = (folder.journal(), folder.store("live"));
    journal.append_many(vec![registered(1)]).await.unwrap();
    let broken = Broken::new(journal.clone(), 1);
    let live = ReadModels::live(broken.clone(), target(&store))
        .await
        .unwrap();
    until(&live, |folded| folded.trouble.is_some()).await;
    assert_eq!(live.folded().position, 1);
    let trouble = live.folded().trouble.unwrap();
    assert!(trouble.contains("the disk is gone"), "{trouble}");

    // It is over, though nothing new shows that.
    broken.repair();
    until(&live, |folded| folded.trouble.is_none()).await;

    broken.is_broken.store(true, Ordering::Relaxed);
    journal.append_many(vec![registered(2)]).await.unwrap();
    until(&live, |folded| folded.trouble.is_some()).await;
    broken.repair();
    assert!(live.reached(2, Duration::from_secs(10)).await);
    assert!(live.folded().trouble.is_none());
}

#[tokio::test]
async fn read_models_that_are_ahead_of_the_journal_are_not_folded_into() {
    let folder = Folder::new();
    let (journal, store) = (folder.journal(), folder.store("live"));
    journal
        .append_many(vec![registered(1), registered(2)])
        .await
        .unwrap();
    catch_up(&journal, &target(&store), &mut |_| ())
        .await
        .unwrap();

    // As if an earlier state of the journal had been put back.
    let earlier = Folder::new();
    let journal = earlier.journal();
    journal.append_many(vec![registered(1)]).await.unwrap();
    let started = ReadModels::live(journal.clone(), target(&store)).await;
    let started = started.map(drop);
    assert!(
        matches!(
            started,
            Err(FoldingError::Ahead {
                position: 2,
                head: 1
            })
        ),
        "{started:?}"
    );
    let caught_up = catch_up(&journal, &target(&store), &mut |_| ()).await;
    assert!(matches!(caught_up, Err(FoldingError::Ahead { .. })));
}

#[tokio::test]
async fn dropping_it_ends_it_however_much_is_left() {
    let folder = Folder::new();
    let (journal, store) = (folder.journal(), folder.store("live"));
    let registrations = (0..20_000).map(|_| registered(1));
    journal.append_many(registrations.collect()).await.unwrap();
    let live = ReadModels::live(journal.clone(), target(&store))
        .await
        .unwrap();
    drop(live);
    assert_eq!(Arc::strong_count(&journal), 1);
    assert_eq!(Arc::strong_count(&store), 1);
    assert!(store.position().await.unwrap() < 20_000);
}
