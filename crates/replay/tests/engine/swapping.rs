//! Others are read from, while people read.

use std::sync::Arc;
use std::time::Duration;

use plaudit_domain::Actor;
use plaudit_domain::account::{Register, Rename};
use plaudit_replay::{Community, ReadModels, Request};
use tokio::time::timeout;
use uuid::Uuid;

use crate::folder::{Folder, target};
use crate::histories::account;

const PATIENCE: Duration = Duration::from_secs(10);

fn request(number: u8) -> Request {
    Request {
        actor: Actor::member(account(number)),
        id: Uuid::now_v7(),
        idempotency: None,
    }
}

async fn register(community: &Community, number: u8) {
    let register = Register {
        name: "Before".into(),
    };
    let registered = community.execute(&request(number), &register).await;
    registered.unwrap();
}

async fn rename(community: &Community, number: u8) -> u64 {
    let rename = Rename {
        name: "After".into(),
    };
    let renamed = community.execute(&request(number), &rename).await;
    renamed.unwrap().position
}

async fn name(models: &ReadModels, number: u8) -> Option<String> {
    let found = models.store().accounts_by_id(&[account(number)]).await;
    found.unwrap().swap_remove(0).name
}

async fn begin(folder: &Folder) -> Community {
    let store = folder.store("first");
    let community = Community::start(folder.journal(), target(&store)).await;
    let community = community.unwrap();
    register(&community, 1).await;
    community
}

/// Others of the same journal, as far as it goes.
async fn next(folder: &Folder, community: &Community, name: &str) -> Arc<ReadModels> {
    let store = folder.store(name);
    let journal = community.journal();
    let next = ReadModels::live(journal.clone(), target(&store)).await;
    let next = next.unwrap();
    let head = journal.head().await.unwrap();
    assert!(next.reached(head, PATIENCE).await);
    Arc::new(next)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_goes_on_with_what_they_had_and_sees_what_they_write() {
    let folder = Folder::new();
    let community = begin(&folder).await;
    let pinned = community.read_models();
    let next = next(&folder, &community, "next").await;
    assert!(community.swap(next.clone()).is_ok());
    assert!(Arc::ptr_eq(&community.read_models(), &next));

    let written = rename(&community, 1).await;
    assert_eq!(name(&next, 1).await.as_deref(), Some("After"));
    assert!(pinned.reached(written, PATIENCE).await);
    assert_eq!(name(&pinned, 1).await.as_deref(), Some("After"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_folded_is_counted_on_after_a_swap() {
    let folder = Folder::new();
    let community = begin(&folder).await;
    let mut before = community.folded();
    assert_eq!(before.events, 1);
    for name in ["next", "the one after"] {
        let next = next(&folder, &community, name).await;
        assert!(community.swap(next).is_ok());
        let after = community.folded();
        assert!(after.events >= before.events, "{after:?} {before:?}");
        assert!(after.batches >= before.batches, "{after:?} {before:?}");
        rename(&community, 1).await;
        assert!(community.folded().events > before.events);
        before = community.folded();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_as_far_does_not_take_its_place() {
    let folder = Folder::new();
    let community = begin(&folder).await;
    let empty = folder.store("empty");
    let behind = ReadModels::at_rest(empty.clone(), target(&empty).rules).await;
    assert!(community.swap(Arc::new(behind.unwrap())).is_err());
    assert_eq!(
        name(&community.read_models(), 1).await.as_deref(),
        Some("Before")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_is_told_of_a_swap_and_of_what_comes_after_it() {
    let folder = Folder::new();
    let community = begin(&folder).await;
    let mut follower = community.follow();
    let next = next(&folder, &community, "next").await;
    drop(community.swap(next));
    assert!(timeout(PATIENCE, follower.changed()).await.unwrap());
    follower.caught_up();
    rename(&community, 1).await;
    assert!(timeout(PATIENCE, follower.changed()).await.unwrap());
    drop(community);
    while timeout(PATIENCE, follower.changed()).await.unwrap() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_reads_from_any_more_is_folded_no_further() {
    let folder = Folder::new();
    let community = begin(&folder).await;
    let before = folder.store("first");
    let next = next(&folder, &community, "next").await;
    drop(community.swap(next));
    let position = before.position().await.unwrap();
    rename(&community, 1).await;
    assert_eq!(before.position().await.unwrap(), position);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_often_others_take_their_place_everybody_reads_what_they_wrote() {
    let folder = Folder::new();
    let community = Arc::new(begin(&folder).await);
    let writing = {
        let community = community.clone();
        tokio::spawn(async move {
            for number in 10..110 {
                register(&community, number).await;
                let models = community.read_models();
                assert_eq!(name(&models, number).await.as_deref(), Some("Before"));
            }
        })
    };
    let mut swaps = 0;
    while !writing.is_finished() {
        let next = next(&folder, &community, &format!("{swaps}")).await;
        if community.swap(next).is_ok() {
            swaps += 1;
        }
    }
    writing.await.unwrap();
    assert!(swaps > 2, "{swaps}");
}
