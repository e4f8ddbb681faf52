//! The previews of a server: one at a time, and the last few are kept.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use plaudit_domain::{AccountId, Time};
use plaudit_replay::preview::previews::{Ground, NotBegun, Previews, State};
use plaudit_store::SharedStore;
use uuid::Uuid;

use crate::folder::Folder;
use crate::meddling::Counted;
use crate::preview::{CHANGES, files, generations, history, rules};

/// What a server makes previews of.
fn ground(folder: &Folder, journal: &Arc<Counted>, store: &SharedStore, to: usize) -> Ground {
    Ground {
        journal: journal.clone(),
        store: store.clone(),
        rules: rules(&[]),
        proposed: generations(folder, rules(&CHANGES[..to])),
        clock: Arc::new(|| SystemTime::now().into()),
    }
}

/// What became of a preview, once it isn't being made any more.
async fn settled(previews: &Previews, id: Uuid) -> State {
    for _ in 0..2_000 {
        let state = previews.find(id).unwrap().state;
        if !matches!(state, State::Running(_)) {
            return state;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it takes too long");
}

/// Begins a preview as soon as no other one is being made.
async fn begun(previews: &Previews, ground: impl Fn() -> Ground, by: AccountId) -> Uuid {
    for _ in 0..2_000 {
        match previews.begin(ground(), Uuid::now_v7(), by) {
            Ok(asked) => return asked.id,
            Err(NotBegun::Busy) => tokio::time::sleep(Duration::from_millis(10)).await,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("it takes too long");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_makes_one_at_a_time_and_keeps_the_last_few() {
    let folder = Folder::new();
    let (journal, store) = history(&folder).await;
    let (previews, by) = (Previews::default(), crate::histories::account(1));
    let begin = |id| previews.begin(ground(&folder, &journal, &store, 4), id, by);

    journal.is_held.store(true, Ordering::Relaxed);
    let first = begin(Uuid::now_v7()).unwrap();
    assert!(matches!(first.state, State::Running(None)));
    assert_eq!(begin(Uuid::now_v7()).unwrap_err(), NotBegun::Busy);
    // Who asks again for what they asked for, gets it.
    assert_eq!(begin(first.id).unwrap().at, first.at);
    journal.is_held.store(false, Ordering::Relaxed);
    let State::Done { preview, .. } = settled(&previews, first.id).await else {
        panic!("it can be made");
    };
    assert!(preview.totals.affected > 0);

    // One that is given up is over at once, and leaves nothing behind.
    journal.is_held.store(true, Ordering::Relaxed);
    let second = begun(&previews, || ground(&folder, &journal, &store, 4), by).await;
    let cancelled = previews.cancel(second, Time::from_micros(7)).unwrap();
    assert!(matches!(cancelled.state, State::Cancelled { .. }));
    let is_done = previews.cancel(first.id, Time::from_micros(7)).unwrap();
    assert!(matches!(is_done.state, State::Done { .. }));
    journal.is_held.store(false, Ordering::Relaxed);
    let third = begun(&previews, || ground(&folder, &journal, &store, 0), by).await;
    let State::Done { preview, .. } = settled(&previews, third).await else {
        panic!("it can be made");
    };
    assert_eq!(preview.totals.affected, 0);
    let State::Cancelled { at } = previews.find(second).unwrap().state else {
        panic!("it stays so");
    };
    assert_eq!(at, Time::from_micros(7));

    // One that fails is told so, and the next one isn't kept from it.
    journal.is_broken.store(true, Ordering::Relaxed);
    let fourth = begun(&previews, || ground(&folder, &journal, &store, 4), by).await;
    let failed = settled(&previews, fourth).await;
    assert!(matches!(failed, State::Failed { .. }), "{failed:?}");
    journal.is_broken.store(false, Ordering::Relaxed);

    let mut ids = vec![fourth, third, second, first.id];
    for _ in 0..2 {
        let next = begun(&previews, || ground(&folder, &journal, &store, 0), by).await;
        settled(&previews, next).await;
        ids.insert(0, next);
    }
    let kept: Vec<Uuid> = previews.all().iter().map(|asked| asked.id).collect();
    assert_eq!(kept, ids[..5]);
    assert!(previews.find(first.id).is_none());
    assert_eq!(
        files(&folder),
        ["1.sqlite", "current"].map(str::to_owned).into()
    );
}
