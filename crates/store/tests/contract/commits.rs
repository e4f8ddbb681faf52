//! Batches: whole or not at all, in order, and once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use plaudit_domain::post::Kind;
use plaudit_projection::{Key, Rows, Touched, fold};
use plaudit_store::{Commit, Order as PageOrder, Page, PostFilter, SharedStore, StoreError};

use crate::Place;
use crate::history::{
    History, accepted, account, answer, deleted, edited, folded, liked, post, question, registered,
    renamed, rules, tagged, topic, watched,
};

pub async fn a_new_store_is_empty_and_at_position_0(place: &dyn Place) {
    let history = History::begin(place).await;
    assert_eq!(history.store.position().await.unwrap(), 0);
    let everything = PostFilter::default();
    assert_eq!(history.store.post_count(&everything).await.unwrap(), 0);
    let page = Page {
        order: PageOrder::Descending,
        after: None,
        limit: 10,
    };
    let posts = history.store.post_page(&everything, page).await.unwrap();
    assert!(posts.is_empty());
    let mut snapshot = history.store.snapshot().await.unwrap();
    snapshot.each_post(&mut |_| Ok(())).await.unwrap();
    let position = snapshot.position();
    assert_eq!(position, 0);
}

pub async fn a_batch_is_there_with_its_position_after_opening_again(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history.add([(1, registered(1)), (2, question(1, 1))]).await;
    history.add([(3, liked((1, 1), 1))]).await;
    let before = history.store.posts_by_id(&[post(1)]).await.unwrap();
    drop(history);

    let store = place.open().await.unwrap();
    assert_eq!(store.position().await.unwrap(), 3);
    assert_eq!(store.posts_by_id(&[post(1)]).await.unwrap(), before);
    let member = store.accounts_by_id(&[account(1)]).await.unwrap();
    assert_eq!(member[0].counts.likes_received, 1);
}

pub async fn a_batch_that_was_overtaken_writes_nothing(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history.add([(1, registered(1)), (2, question(1, 1))]).await;
    let events = history.events([
        (3, renamed(1, "Overtaken")),
        (4, question(2, 1)),
        (5, deleted(topic(1, 1))),
    ]);
    let late = folded(&history.store, &events).await;
    history.add([(3, renamed(1, "First"))]).await;

    for (from, to) in [(2, 5), (0, 5), (4, 5), (2, 3)] {
        let commit = history.store.commit(&late, from, to).await.unwrap();
        assert_eq!(commit, Commit::Overtaken { at: 3 });
    }
    let store = &history.store;
    assert_eq!(store.position().await.unwrap(), 3);
    let member = store.accounts_by_id(&[account(1)]).await.unwrap();
    assert_eq!(member[0].name.as_deref(), Some("First"));
    let posts = store.posts_by_id(&[post(1), post(2)]).await.unwrap();
    assert_eq!(posts.len(), 1);
    assert!(!posts[0].deleted);
    assert!(store.bodies(&[posts[0].key]).await.unwrap().len() == 1);
}

/// Something goes wrong after a part of the rows was written.
pub async fn a_batch_that_fails_writes_nothing(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history
        .add([
            (1, registered(1)),
            (2, tagged(1, Kind::Question, 1, &["a"])),
        ])
        .await;
    // Nothing was fetched, so this makes a second post of an id that is there.
    let events = history.events([
        (3, registered(7)),
        (4, registered(1)),
        (5, question(8, 7)),
        (
            6,
            edited((8, 7), Some("Text".to_owned().into()), Some(&["b"])),
        ),
        (7, question(1, 7)),
    ]);
    let mut rows = Rows::default();
    for event in &events {
        fold(event, &mut rows).unwrap();
    }
    rows.finish(&rules());

    let failed = history.store.commit(&rows, 2, 7).await;
    assert!(
        matches!(failed, Err(StoreError::Storage { .. })),
        "{failed:?}"
    );
    let store = &history.store;
    assert_eq!(store.position().await.unwrap(), 2);
    assert!(
        store
            .accounts_by_id(&[account(7)])
            .await
            .unwrap()
            .is_empty()
    );
    let everything = PostFilter::default();
    assert_eq!(store.post_count(&everything).await.unwrap(), 1);
    let tagged = PostFilter {
        tag: Some("b".into()),
        ..PostFilter::default()
    };
    assert_eq!(store.post_count(&tagged).await.unwrap(), 0);
    // What comes next is folded as if nothing had been.
    history.add([(3, renamed(1, "Next"))]).await;
}

pub async fn of_two_stores_at_one_place_only_one_folds_a_batch(place: &dyn Place) {
    let mut history = History::begin(place).await;
    let other = place.open().await.unwrap();
    history.add([(1, registered(1)), (2, question(1, 1))]).await;
    assert_eq!(other.position().await.unwrap(), 2);

    let events = history.events([(3, liked((1, 1), 1))]);
    let both = [
        (&history.store, folded(&history.store, &events).await),
        (&other, folded(&other, &events).await),
    ];
    let mut done = 0;
    for (store, rows) in both {
        match store.commit(&rows, 2, 3).await.unwrap() {
            Commit::Done => done += 1,
            Commit::Overtaken { at } => assert_eq!(at, 3),
        }
    }
    assert_eq!(done, 1);
    let member = other.accounts_by_id(&[account(1)]).await.unwrap();
    assert_eq!(member[0].counts.likes_received, 1);
}

pub async fn what_a_batch_touches_is_fetched_and_nothing_else(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history.add((1..=4).map(|n| (1, registered(n)))).await;
    history
        .add([
            (2, question(1, 1)),
            (3, answer(2, 2, 1)),
            (4, question(3, 3)),
            (5, liked((1, 1), 4)),
            (6, liked((3, 3), 4)),
            (7, watched(1, 2)),
        ])
        .await;
    let accounts = |rows: &Rows| {
        (1..=4)
            .filter(|&n| rows.accounts.find(account(n)).is_some())
            .collect::<Vec<_>>()
    };
    let posts = |rows: &Rows| {
        (1..=3)
            .filter(|&n| rows.posts.find(post(n)).is_some())
            .collect::<Vec<_>>()
    };

    // A like touches its post, that one's author, and who likes.
    let events = history.events([(8, liked((1, 1), 2))]);
    let rows = history.store.fetch(&Touched::by(&events)).await.unwrap();
    assert_eq!((accounts(&rows), posts(&rows)), (vec![1, 2], vec![1]));
    assert!(rows.likes.of(history.post(1)).is_empty());

    // A deletion touches whoever likes the post, too, which the event can't name.
    let events = history.events([(8, deleted(topic(1, 1)))]);
    let rows = history.store.fetch(&Touched::by(&events)).await.unwrap();
    assert_eq!((accounts(&rows), posts(&rows)), (vec![1, 4], vec![1]));
    let likes = rows.likes.of(history.post(1)).into_iter();
    let likers: Vec<Key> = likes.map(|like| like.account).collect();
    assert_eq!(likers, [history.account(4)]);

    // An acceptance touches no more than it names, but may replace what it doesn't name.
    history.add([(8, accepted(1, 1, (2, 2)))]).await;
    let events = history.events([(9, deleted(topic(1, 1)))]);
    let mut touched = Touched::by(&events);
    let rows = history.store.fetch(&touched).await.unwrap();
    assert_eq!((accounts(&rows), posts(&rows)), (vec![1, 4], vec![1]));
    touched.refer_wholly();
    let rows = history.store.fetch(&touched).await.unwrap();
    assert_eq!((accounts(&rows), posts(&rows)), (vec![1, 2, 4], vec![1, 2]));

    // What isn't there yet isn't fetched.
    let events = history.events([(8, registered(9)), (9, question(9, 9))]);
    let rows = history.store.fetch(&Touched::by(&events)).await.unwrap();
    assert!(rows.accounts.find(account(9)).is_none());
    assert!(rows.posts.find(post(9)).is_none());

    // Nothing that was only fetched is written.
    assert_eq!(rows.accounts.changed().count(), 0);
    assert_eq!(rows.posts.changed().count(), 0);
    assert!(rows.accounts.added().is_empty() && rows.posts.added().is_empty());
}

/// Every batch gives all members one name, its number: who sees two names sees half a batch.
pub async fn readers_beside_a_writer_see_whole_batches_only(place: &dyn Place) {
    const MEMBERS: u128 = 40;
    let mut history = History::begin(place).await;
    let named = |batch: u128| (0..MEMBERS).map(move |n| (1, renamed(n, &batch.to_string())));
    history
        .add((0..MEMBERS).map(|n| (1, registered(n))).chain(named(1)))
        .await;
    let keys: Vec<Key> = (0..MEMBERS).map(|n| history.account(n)).collect();

    let written = Arc::new(AtomicBool::new(false));
    let readers = [(); 3].map(|()| {
        tokio::spawn(read_names(
            history.store.clone(),
            keys.clone(),
            written.clone(),
        ))
    });
    for batch in 2..=60 {
        history.add(named(batch)).await;
    }
    written.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
}

async fn read_names(store: SharedStore, keys: Vec<Key>, written: Arc<AtomicBool>) {
    let mut last_time = false;
    while !last_time {
        last_time = written.load(Ordering::Relaxed);
        let accounts = store.accounts(&keys).await.unwrap();
        assert_eq!(accounts.len(), keys.len());
        assert!(accounts.iter().all(|read| read.name == accounts[0].name));

        let mut names = Vec::new();
        let mut snapshot = store.snapshot().await.unwrap();
        snapshot
            .each_account(&mut |record| {
                names.push(record.account.name);
                Ok(())
            })
            .await
            .unwrap();
        let position = snapshot.position();
        let batch = (position / keys.len() as u64 - 1).to_string();
        assert!(names.iter().all(|name| name.as_ref() == Some(&batch)));
    }
}

pub async fn read_models_of_another_version_are_refused(place: &dyn Place) {
    let mut history = History::begin(place).await;
    history.add([(1, registered(1))]).await;
    drop(history);
    place.outdate().await;
    let refused = place.open().await.err();
    assert!(
        matches!(refused, Some(StoreError::Outdated { .. })),
        "{refused:?}"
    );
}
