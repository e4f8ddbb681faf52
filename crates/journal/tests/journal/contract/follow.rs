//! Following what is recorded.

use std::sync::Arc;
use std::time::Duration;

use plaudit_journal::{Expected, Follow, SharedJournal};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Place;
use crate::given::{all, append, ids, liked};

/// Longer than anything takes that isn't stuck.
const LONG: Duration = Duration::from_secs(30);

pub async fn follow_begins_after_its_position(place: &impl Place) {
    let journal = place.open().await;
    journal
        .append_many((0..10).map(|_| liked()).collect())
        .await
        .unwrap();
    let mut follow = Follow::new(Arc::clone(&journal), 4, 4);
    let mut positions = Vec::new();
    for _ in 0..2 {
        let events = follow.next().await.unwrap();
        positions.push(
            events
                .iter()
                .map(|event| event.position)
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(positions, [vec![5, 6, 7, 8], vec![9, 10]]);
}

pub async fn follow_waits_for_the_next_event(place: &impl Place) {
    let journal = place.open().await;
    wait_for(&journal, &journal).await;
}

pub async fn follow_sees_what_another_journal_at_the_same_place_records(place: &impl Place) {
    wait_for(&place.open().await, &place.open().await).await;
}

async fn wait_for(following: &SharedJournal, writing: &SharedJournal) {
    let mut follow = Follow::new(Arc::clone(following), 0, 100);
    for _ in 0..3 {
        let following = tokio::spawn(async move {
            let events = timeout(LONG, follow.next()).await.unwrap().unwrap();
            (follow, events)
        });
        // Long enough that it waits by now, most of the time.
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!following.is_finished());
        let event = liked();
        append(&**writing, Expected::Any, std::slice::from_ref(&event))
            .await
            .unwrap();
        let events;
        (follow, events) = following.await.unwrap();
        assert_eq!(ids(&events), [event.id]);
    }
}

pub async fn follow_misses_and_repeats_nothing_while_others_write(place: &impl Place) {
    let journal = place.open().await;
    let writers = write(&journal);
    for batch in [1, 7, 1_000] {
        let mut follow = Follow::new(Arc::clone(&journal), 0, batch);
        let mut seen = 0;
        while seen < EVENTS {
            let events = timeout(LONG, follow.next()).await.unwrap().unwrap();
            assert!(!events.is_empty() && events.len() <= batch);
            for event in events {
                seen += 1;
                assert_eq!(event.position, seen);
            }
        }
    }
    writers.join_all().await;
}

pub async fn cancelling_follow_loses_nothing(place: &impl Place) {
    let journal = place.open().await;
    let writers = write(&journal);
    let mut follow = Follow::new(Arc::clone(&journal), 0, 10);
    let mut seen = Vec::new();
    // Often too little to read anything, sometimes enough, however far away and busy the journal is.
    let mut patience = (0..40)
        .map(|it| Duration::from_micros(100 * it * it))
        .cycle();
    while seen.len() < usize::try_from(EVENTS).unwrap() {
        let patience = patience.next().unwrap();
        if let Ok(events) = timeout(patience, follow.next()).await {
            seen.extend(events.unwrap());
        }
    }
    writers.join_all().await;
    assert_eq!(seen, all(&*journal).await);
}

const EVENTS: u64 = 8 * 100;

fn write(journal: &SharedJournal) -> JoinSet<()> {
    let mut writers = JoinSet::new();
    for _ in 0..8 {
        let journal = Arc::clone(journal);
        writers.spawn(async move {
            for _ in 0..100 {
                append(&*journal, Expected::NoStream, &[liked()])
                    .await
                    .unwrap();
            }
        });
    }
    writers
}
