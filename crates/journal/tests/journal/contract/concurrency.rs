//! Many at once.

use std::sync::Arc;

use plaudit_domain::StreamName;
use plaudit_journal::{AppendError, Expected, Journal, SharedJournal};
use tokio::task::JoinSet;

use super::Place;
use crate::given::{all, append, edited, liked, stream};

pub async fn optimistic_writers_of_one_stream_lose_nothing(place: &impl Place) {
    let journal = place.open().await;
    let mut writers = JoinSet::new();
    for writer in 0..16 {
        let journal = Arc::clone(&journal);
        writers.spawn(async move {
            for n in 0..12 {
                append_at_the_end(&*journal, &format!("{writer} {n}")).await;
            }
        });
    }
    writers.join_all().await;

    let events = journal.read_stream(&stream(1)).await.unwrap();
    assert!(events.iter().map(|event| event.revision).eq(0..192));
    assert_eq!(all(&*journal).await, events);
}

/// As a command does: reads the stream, decides, and on a conflict begins again.
async fn append_at_the_end(journal: &dyn Journal, body: &str) {
    let event = edited(1, body);
    loop {
        let events = journal.read_stream(&stream(1)).await.unwrap();
        let expected = match events.last() {
            Some(last) => Expected::Revision(last.revision),
            None => Expected::NoStream,
        };
        match append(journal, expected, std::slice::from_ref(&event)).await {
            Ok(appended) => {
                assert_eq!(appended.recorded, 1);
                return;
            }
            Err(AppendError::Conflict { actual, .. }) => {
                assert!(actual > events.last().map(|last| last.revision));
            }
            Err(error @ (AppendError::IdInUse { .. } | AppendError::Journal(_))) => {
                panic!("{error}");
            }
        }
    }
}

pub async fn writers_of_many_streams_lose_nothing(place: &impl Place) {
    let journal = place.open().await;
    write_with(&vec![journal.clone(); 16]).await;
    assert_eq!(all(&*journal).await.len(), 16 * 60);
}

pub async fn writers_with_journals_of_their_own_lose_nothing(place: &impl Place) {
    let journals = [place.open().await, place.open().await, place.open().await];
    write_with(&journals).await;
    for journal in journals {
        assert_eq!(all(&*journal).await.len(), 3 * 60);
    }
}

/// A task for each journal, each of which records 60 events, and checks them as it goes.
async fn write_with(journals: &[SharedJournal]) {
    let mut writers = JoinSet::new();
    for (journal, writer) in journals.iter().zip(1..) {
        let journal = Arc::clone(journal);
        writers.spawn(async move {
            let mut last = 0;
            for n in 0..20 {
                let two = [edited(writer, "a"), edited(writer, "b")];
                let appended = append(&*journal, Expected::Any, &two).await.unwrap();
                assert_eq!(appended.recorded, 2);
                assert!(appended.position > last);
                // What was acknowledged is there to be read, and the two stand together.
                let read = journal.read_all(appended.position - 2, 2).await.unwrap();
                assert!(
                    read.iter()
                        .map(|event| event.id)
                        .eq(two.map(|event| event.id))
                );
                assert!(
                    read.iter()
                        .map(|event| event.revision)
                        .eq([2 * n, 2 * n + 1])
                );
                let one = journal.append_many(vec![liked()]).await.unwrap();
                assert!(one.position > appended.position);
                last = one.position;
            }
        });
    }
    writers.join_all().await;
}

pub async fn readers_never_see_a_gap(place: &impl Place) {
    let journal = place.open().await;
    let other = place.open().await;
    let writing = tokio::spawn(async move { write_with(&vec![other; 8]).await });
    let mut reads = 0;
    let mut seen = 0;
    while seen < 8 * 60 {
        let head = journal.head().await.unwrap();
        let events = journal.read_all(0, usize::MAX).await.unwrap();
        assert!(
            events
                .iter()
                .map(|event| event.position)
                .eq(1..=events.len() as u64)
        );
        assert!(events.len() >= seen.max(usize::try_from(head).unwrap()));
        seen = events.len();
        reads += 1;
        assert!(reads < 1_000_000, "{seen} events, and no more to come");
        tokio::task::yield_now().await;
    }
    writing.await.unwrap();
}

pub async fn an_append_that_nobody_waits_for_is_recorded_whole_or_not_at_all(place: &impl Place) {
    let journal = place.open().await;
    let mut appends = JoinSet::new();
    for number in 0..200 {
        let journal = Arc::clone(&journal);
        appends.spawn(async move {
            let two = [edited(number, "a"), edited(number, "b")];
            append(&*journal, Expected::NoStream, &two).await.unwrap();
        });
        if number % 5 == 0 {
            appends.join_next().await;
        }
    }
    appends.shutdown().await;

    append(&*journal, Expected::Any, &[edited(200, "c")])
        .await
        .unwrap();
    let streams: Vec<StreamName> = all(&*journal).await.into_iter().map(|e| e.stream).collect();
    // Where the journal is far away, one of them may arrive only after it.
    let (later, pairs): (Vec<_>, Vec<_>) = streams.into_iter().partition(|it| *it == stream(200));
    assert_eq!(later.len(), 1);
    for pair in pairs.chunks(2) {
        assert_eq!(pair[0], pair[1]);
    }
}
