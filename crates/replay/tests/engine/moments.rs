//! Read models of earlier moments, for several who ask for them at once.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use plaudit_domain::Time;
use plaudit_replay::{MomentError, Moments};

use crate::folder::Folder;
use crate::meddling::Counted;
use crate::preview::{generations, history, rules};

const AT_LEAST: Duration = Duration::from_millis(20);
const AT_MOST: Duration = Duration::from_secs(60);

struct Asked {
    folder: Folder,
    journal: Arc<Counted>,
    moments: Moments,
    until: u64,
}

impl Asked {
    async fn new() -> Self {
        let folder = Folder::new();
        let (journal, _) = history(&folder).await;
        let until = journal.journal.head().await.unwrap();
        let moments = Moments::new(journal.clone(), generations(&folder, rules(&[])));
        Self {
            folder,
            journal,
            moments,
            until,
        }
    }

    /// Asks for a moment, without waiting.
    async fn at(&self, moment: i64) -> Result<(), MomentError> {
        let moment = Time::from_micros(4_000_000_000_000_000 - moment);
        let rules = rules(&[]);
        let found = self.moments.at(moment, &rules, self.until, Duration::ZERO);
        found.await.map(|_| ())
    }

    /// Their files.
    fn files(&self) -> BTreeSet<String> {
        let files = fs::read_dir(self.folder.path("generations").join("as-of"));
        let files = files.into_iter().flatten();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter(|it| it.ends_with(".sqlite")).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h2_everybody_gets_an_answer_who_goes_on_asking_however_many_others_ask() {
    let asked = Asked::new().await;
    let mut waiting: Vec<i64> = (0..7).collect();
    let began = Instant::now();
    while !waiting.is_empty() {
        let mut left = Vec::new();
        for moment in waiting {
            match asked.at(moment).await {
                Ok(()) => {}
                Err(MomentError::Making { .. }) => left.push(moment),
                Err(error) => panic!("{error}"),
            }
        }
        waiting = left;
        assert!(began.elapsed() < AT_MOST, "{waiting:?} are left");
        tokio::time::sleep(AT_LEAST).await;
    }
    // Those that were read last are kept.
    let kept = asked.files().len();
    assert!((4..=5).contains(&kept), "{kept}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h2_who_asks_for_one_too_many_is_told_so_and_gets_it_later() {
    let asked = Asked::new().await;
    asked.journal.is_held.store(true, Ordering::Relaxed);
    for moment in 0..8 {
        let error = asked.at(moment).await.unwrap_err();
        assert!(matches!(error, MomentError::Making { .. }), "{error}");
    }
    let error = asked.at(8).await.unwrap_err();
    assert!(matches!(error, MomentError::Busy), "{error}");
    // Who has asked already is none too many.
    let error = asked.at(3).await.unwrap_err();
    assert!(matches!(error, MomentError::Making { .. }), "{error}");
    asked.journal.is_held.store(false, Ordering::Relaxed);
    let began = Instant::now();
    while let Err(error) = asked.at(0).await {
        assert!(matches!(error, MomentError::Making { .. }), "{error}");
        assert!(began.elapsed() < AT_MOST);
        tokio::time::sleep(AT_LEAST).await;
    }
    let error = asked.at(8).await.unwrap_err();
    assert!(matches!(error, MomentError::Making { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h2_what_nobody_asks_for_any_more_is_given_up() {
    let asked = Asked::new().await;
    let asked = Asked {
        moments: asked.moments.with_grace(Duration::from_millis(10)),
        ..asked
    };
    asked.journal.is_held.store(true, Ordering::Relaxed);
    for moment in 0..8 {
        asked.at(moment).await.unwrap_err();
    }
    let began = Instant::now();
    while asked.files().is_empty() {
        assert!(began.elapsed() < AT_MOST);
        tokio::time::sleep(AT_LEAST).await;
    }
    // The first one can't get on; its place is free again all the same.
    while !asked.files().is_empty() {
        assert!(began.elapsed() < AT_MOST);
        tokio::time::sleep(AT_LEAST).await;
    }
    asked.journal.is_held.store(false, Ordering::Relaxed);
    let read = asked.journal.read.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(asked.journal.read.load(Ordering::Relaxed), read);
    assert!(asked.files().is_empty());
}
