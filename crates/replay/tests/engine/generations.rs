//! Generations: whatever happens to one that is being built, the one in use stays.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use plaudit_domain::erasure::{Content, Erased};
use plaudit_domain::fact::AccountFact;
use plaudit_journal::SharedJournal;
use plaudit_replay::live::{Live, Target};
use plaudit_replay::{FoldingError, Generation, Generations, Progress, Work};
use plaudit_store::sqlite::BulkLoad;
use tokio::time::sleep;

use crate::folder::{Folder, rebuilt, rules};
use crate::histories::account;
use crate::live::{new, registered};
use crate::meddling::Broken;
use crate::tables::differences;

fn path(folder: &Folder, name: &str) -> PathBuf {
    folder.path("generations").join(name)
}

fn in_use(folder: &Folder) -> String {
    fs::read_to_string(path(folder, "current")).unwrap()
}

/// The generation in use, and how often something was folded to have it.
async fn current(generations: &Generations, journal: &SharedJournal) -> (Generation, usize) {
    let mut folded = 0;
    let mut note = |progress: Progress| folded += usize::from(progress.work == Work::Rebuilding);
    let store = generations.current(journal, &mut note).await.unwrap();
    (store, folded)
}

/// A journal of some registrations.
async fn journal(folder: &Folder, events: usize) -> SharedJournal {
    let journal = folder.journal();
    let events = (0..events).map(|n| registered((n % 250) as u8));
    journal.append_many(events.collect()).await.unwrap();
    journal
}

#[tokio::test]
async fn it_is_told_how_much_is_folded_and_then_how_much_is_written() {
    let folder = Folder::new();
    let journal = journal(&folder, 3).await;
    let mut told = Vec::new();
    let mut note = |progress: Progress| told.push(progress);
    drop(
        folder
            .generations()
            .rebuild(&journal, &mut note)
            .await
            .unwrap(),
    );
    let first = told[0];
    assert_eq!(first.work, Work::Rebuilding);
    assert_eq!((first.done(), first.all()), (3, 3));
    let last = told[told.len() - 1];
    assert!(!last.continues(&first));
    assert!(matches!(last.work, Work::Writing { done, all } if done == all && all > 3));
    assert_eq!((last.position, last.ratio()), (3, 1.0));
}

#[tokio::test]
async fn the_first_time_one_is_built_and_from_then_on_it_is_in_use() {
    let folder = Folder::new();
    let (journal, generations) = (journal(&folder, 3).await, folder.generations());
    let (store, folded) = current(&generations, &journal).await;
    assert_eq!((store.position().await.unwrap(), folded), (3, 1));
    assert_eq!(in_use(&folder), "1\n");
    drop(store);

    // It is a little behind: who opens it catches up.
    journal.append_many(vec![registered(9)]).await.unwrap();
    let (store, folded) = current(&folder.generations(), &journal).await;
    assert_eq!((store.position().await.unwrap(), folded), (3, 0));
}

#[tokio::test]
async fn of_an_empty_journal_an_empty_one_is_built() {
    let folder = Folder::new();
    let (store, _) = current(&folder.generations(), &folder.journal()).await;
    assert_eq!(store.position().await.unwrap(), 0);
}

#[tokio::test]
async fn a_rebuild_that_was_cut_off_leaves_the_one_in_use_and_can_be_repeated() {
    let folder = Folder::new();
    let (journal, generations) = (journal(&folder, 300).await, folder.generations());
    drop(current(&generations, &journal).await);

    // The process died while it filled the next one, or between naming it and putting it in use.
    drop(BulkLoad::begin(&path(&folder, "2.sqlite"), &rules().folding_hash()).unwrap());
    fs::write(path(&folder, "2.sqlite-wal"), "half of something").unwrap();
    fs::write(path(&folder, "current.new"), "2").unwrap();
    let (store, folded) = current(&generations, &journal).await;
    assert_eq!((store.position().await.unwrap(), folded), (300, 0));
    assert_eq!(in_use(&folder), "1\n");

    let half = fs::read(path(&folder, "1.sqlite")).unwrap();
    fs::write(path(&folder, "2.sqlite"), &half[..half.len() / 2]).unwrap();
    let store = generations.rebuild(&journal, &mut |_| ()).await.unwrap();
    assert_eq!(in_use(&folder), "2\n");
    assert_eq!(store.position().await.unwrap(), 300);
    rebuilt(&journal, &folder.path("rebuilt")).await;
    let differences = differences(&path(&folder, "2.sqlite"), &folder.path("rebuilt"));
    assert!(differences.is_empty(), "{differences:#?}");
}

#[tokio::test]
async fn a_rebuild_that_fails_leaves_the_one_in_use() {
    let folder = Folder::new();
    let (journal, generations) = (journal(&folder, 12_000).await, folder.generations());
    drop(current(&generations, &journal).await);
    let broken: SharedJournal = Broken::new(journal.clone(), 10_000);
    let failed = generations.rebuild(&broken, &mut |_| ()).await.err();
    assert!(
        matches!(failed, Some(FoldingError::Journal(_))),
        "{failed:?}"
    );
    assert_eq!(in_use(&folder), "1\n");
    let (store, folded) = current(&generations, &journal).await;
    assert_eq!((store.position().await.unwrap(), folded), (12_000, 0));
    generations.rebuild(&journal, &mut |_| ()).await.unwrap();
    assert_eq!(in_use(&folder), "2\n");
}

#[tokio::test]
async fn one_of_another_version_is_rebuilt() {
    let folder = Folder::new();
    let (journal, generations) = (journal(&folder, 3).await, folder.generations());
    drop(current(&generations, &journal).await);
    let file = rusqlite::Connection::open(path(&folder, "1.sqlite")).unwrap();
    file.execute("UPDATE progress SET shape = 'another'", ())
        .unwrap();
    drop(file);
    let (store, folded) = current(&generations, &journal).await;
    assert_eq!((store.position().await.unwrap(), folded), (3, 1));
    assert_eq!(in_use(&folder), "2\n");
}

#[tokio::test]
async fn one_that_is_far_behind_is_rebuilt() {
    let folder = Folder::new();
    let generations = folder.generations();
    drop(current(&generations, &journal(&folder, 0).await).await);
    let journal = journal(&folder, 50_001).await;
    let (store, _) = current(&generations, &journal).await;
    assert_eq!(store.position().await.unwrap(), 50_001);
    assert_eq!(in_use(&folder), "2\n");
}

#[tokio::test]
async fn one_that_is_ahead_of_the_journal_is_rebuilt() {
    let folder = Folder::new();
    let generations = folder.generations();
    drop(current(&generations, &journal(&folder, 3).await).await);
    let earlier = Folder::new();
    let (store, _) = current(&generations, &journal(&earlier, 2).await).await;
    assert_eq!(store.position().await.unwrap(), 2);
    assert_eq!(in_use(&folder), "2\n");
}

/// An older state of the journal was put back, and went on otherwise: its positions say nothing of it.
#[tokio::test]
async fn one_of_another_history_is_rebuilt() {
    let folder = Folder::new();
    let generations = folder.generations();
    drop(current(&generations, &journal(&folder, 3).await).await);
    let other = Folder::new();
    let other_journal = journal(&other, 2).await;
    other_journal
        .append_many(vec![registered(77)])
        .await
        .unwrap();
    let (store, _) = current(&generations, &other_journal).await;
    assert_eq!(store.accounts_by_id(&[account(77)]).await.unwrap().len(), 1);
    assert_eq!(in_use(&folder), "2\n");
}

#[tokio::test]
async fn what_names_no_generation_is_an_error_that_says_what_to_do() {
    for garbage in ["", "two", "-1", "\0\0\0"] {
        let folder = Folder::new();
        let (journal, generations) = (journal(&folder, 3).await, folder.generations());
        drop(current(&generations, &journal).await);
        fs::write(path(&folder, "current"), garbage).unwrap();
        let refused = generations.current(&journal, &mut |_| ()).await.err();
        let error = refused.unwrap().to_string();
        let file = path(&folder, "current").display().to_string();
        assert!(error.contains(&file), "{error}");
        assert!(error.contains("remove it"), "{error}");
        fs::remove_file(path(&folder, "current")).unwrap();
        assert_eq!(current(&generations, &journal).await.1, 1);
    }
}

#[tokio::test]
async fn only_one_process_rebuilds_at_a_time() {
    let folder = Folder::new();
    let (journal, generations) = (journal(&folder, 3).await, folder.generations());
    let other = File::create(path(&folder, "rebuilding")).unwrap();
    other.lock().unwrap();
    let refused = generations.rebuild(&journal, &mut |_| ()).await.err();
    let error = refused.unwrap().to_string();
    assert!(error.contains("another process"), "{error}");
    drop(other);
    generations.rebuild(&journal, &mut |_| ()).await.unwrap();
}

#[tokio::test]
async fn whoever_reads_the_one_before_goes_on_reading_it() {
    let folder = Folder::new();
    let (journal, generations) = (journal(&folder, 3).await, folder.generations());
    let (first, _) = current(&generations, &journal).await;
    journal.append_many(vec![registered(251)]).await.unwrap();
    let second = generations.rebuild(&journal, &mut |_| ()).await.unwrap();
    let new = [account(251)];
    assert_eq!(first.accounts_by_id(&new).await.unwrap().len(), 0);
    assert_eq!(second.accounts_by_id(&new).await.unwrap().len(), 1);
    // However often.
    generations.rebuild(&journal, &mut |_| ()).await.unwrap();
    generations.rebuild(&journal, &mut |_| ()).await.unwrap();
    assert!(path(&folder, "1.sqlite").exists());
    drop(first);

    // What nobody reads any more goes, but for the one before.
    drop(second);
    generations.rebuild(&journal, &mut |_| ()).await.unwrap();
    assert!(!path(&folder, "1.sqlite").exists());
    assert!(path(&folder, "4.sqlite").exists());
    assert_eq!(in_use(&folder), "5\n");
}

/// It holds what was erased, and is removed once nobody reads it.
#[tokio::test]
async fn one_that_somebody_has_open_during_an_erasure_is_removed_later() {
    let folder = Folder::new();
    let (journal, generations) = (journal(&folder, 3).await, folder.generations());
    let (own, _) = current(&generations, &journal).await;
    let read_by_others = generations.rebuild(&journal, &mut |_| ()).await.unwrap();
    assert_eq!(in_use(&folder), "2\n");
    let target = Target {
        generations: Some((generations, own.number)),
        store: own.store.clone(),
        rules: rules(),
    };
    let store = target.store.clone();
    let _live = Live::start(journal.clone(), target).await.unwrap();
    let erased = Erased {
        account: account(1),
        content: Content::Keep,
    };
    let erased = new(AccountFact::Erased(erased));
    journal.append_many(vec![erased]).await.unwrap();

    let soon = Instant::now() + Duration::from_secs(20);
    while store.position().await.unwrap() < 4 || store.has_erased().await.unwrap() {
        assert!(Instant::now() < soon, "its own file is written anew");
        sleep(Duration::from_millis(20)).await;
    }
    assert!(path(&folder, "2.sqlite").exists());
    drop(read_by_others);
    while path(&folder, "erased").exists() {
        assert!(Instant::now() < soon, "the other is removed");
        sleep(Duration::from_millis(20)).await;
    }
    assert!(!path(&folder, "2.sqlite").exists());
    // Which is served is what is opened next.
    assert_eq!(in_use(&folder), "1\n");
}
