//! Appending, and reading it back.

use plaudit_domain::{AccountId, Time};
use plaudit_journal::{AppendError, Expected};
use uuid::Uuid;

use super::Place;
use crate::given::{all, append, edited, ids, liked, new_ids, recorded, stream};

pub async fn a_new_journal_is_empty(place: &impl Place) {
    let journal = place.open().await;
    assert_eq!(journal.head().await.unwrap(), 0);
    assert_eq!(journal.read_all(0, 10).await.unwrap(), []);
    assert_eq!(journal.read_stream(&stream(1)).await.unwrap(), []);
}

pub async fn positions_count_from_1_without_gaps(place: &impl Place) {
    let journal = &*place.open().await;
    let first = [edited(1, "a"), edited(1, "b")];
    let appended = append(journal, Expected::NoStream, &first).await.unwrap();
    assert_eq!(appended, recorded(2, 2));
    // What isn't recorded takes no position.
    append(journal, Expected::NoStream, &[edited(1, "c")])
        .await
        .unwrap_err();
    append(journal, Expected::Any, &first).await.unwrap();
    let appended = journal
        .append_many(vec![liked(), first[0].clone(), liked()])
        .await;
    assert_eq!(appended.unwrap(), recorded(2, 4));
    let appended = append(journal, Expected::Any, &[edited(2, "d")]).await;
    assert_eq!(appended.unwrap(), recorded(1, 5));
    assert_eq!(all(journal).await.len(), 5);
}

pub async fn revisions_count_from_0_in_each_stream(place: &impl Place) {
    let journal = &*place.open().await;
    for number in [1, 2, 1, 2, 1] {
        let two = [edited(number, "a"), edited(number, "b")];
        append(journal, Expected::Any, &two).await.unwrap();
    }
    for (number, expected) in [(1, 6), (2, 4)] {
        let events = journal.read_stream(&stream(number)).await.unwrap();
        let revisions: Vec<_> = events.iter().map(|event| event.revision).collect();
        assert_eq!(revisions, (0..expected).collect::<Vec<_>>());
        assert!(events.iter().all(|event| event.stream == stream(number)));
    }
}

pub async fn an_event_reads_back_as_it_was_written(place: &impl Place) {
    let journal = &*place.open().await;
    let mut event = liked();
    event.actor = Some(AccountId(Uuid::new_v4()));
    event.correlation = Some(Uuid::new_v4());
    event.causation = Some(Uuid::new_v4());
    event.imported = true;
    for event in [event, liked()] {
        append(journal, Expected::NoStream, std::slice::from_ref(&event))
            .await
            .unwrap();
        let stream = event.fact.stream();
        let read = journal.read_stream(&stream).await.unwrap().remove(0);
        assert_eq!(all(journal).await.last(), Some(&read));
        assert_eq!(read.stream, stream);
        assert_eq!(read.id, event.id);
        assert_eq!(read.occurred_at, event.occurred_at);
        assert_eq!(read.actor, event.actor);
        assert_eq!(read.correlation, event.correlation);
        assert_eq!(read.causation, event.causation);
        assert_eq!(read.imported, event.imported);
        assert_eq!(read.fact, event.fact);
    }
}

pub async fn any_text_survives(place: &impl Place) {
    let journal = &*place.open().await;
    let long = "long ".repeat(20_000);
    let texts = [
        "",
        "Grüße, 🦀 \u{202e}",
        r#"it's "quoted" \n"#,
        "nul \0 nul",
        "a\r\n\tb",
        &long,
    ];
    let events = texts.map(|text| edited(1, text));
    append(journal, Expected::NoStream, &events[..3])
        .await
        .unwrap();
    journal.append_many(events[3..].to_vec()).await.unwrap();
    for (read, event) in all(journal).await.iter().zip(&events) {
        assert_eq!(read.fact, event.fact);
    }
}

pub async fn times_are_kept_in_microseconds(place: &impl Place) {
    let journal = &*place.open().await;
    let times = [1, -1, 1_390_335_965_383_001, i64::MIN, i64::MAX].map(Time::from_micros);
    let events = times.map(|occurred_at| plaudit_domain::NewEvent {
        occurred_at,
        ..liked()
    });
    journal.append_many(events.to_vec()).await.unwrap();
    let read: Vec<_> = all(journal)
        .await
        .iter()
        .map(|event| event.occurred_at)
        .collect();
    assert_eq!(read, times);
}

pub async fn recording_times_never_go_back(place: &impl Place) {
    let journal = &*place.open().await;
    for _ in 0..100 {
        append(journal, Expected::NoStream, &[liked()])
            .await
            .unwrap();
    }
    assert!(
        all(journal)
            .await
            .is_sorted_by_key(|event| event.recorded_at)
    );
}

pub async fn a_new_stream_is_expected_only_where_there_is_none(place: &impl Place) {
    let journal = &*place.open().await;
    append(journal, Expected::NoStream, &[edited(1, "a")])
        .await
        .unwrap();
    let refused = append(journal, Expected::NoStream, &[edited(1, "b")]).await;
    assert_conflict(refused.unwrap_err(), Expected::NoStream, Some(0));
    append(journal, Expected::NoStream, &[edited(2, "c")])
        .await
        .unwrap();
}

pub async fn a_revision_is_expected_only_where_it_is_the_last(place: &impl Place) {
    let journal = &*place.open().await;
    let expected = Expected::Revision(0);
    let refused = append(journal, expected, &[edited(1, "a")]).await;
    assert_conflict(refused.unwrap_err(), expected, None);
    let three = [edited(1, "a"), edited(1, "b"), edited(1, "c")];
    append(journal, Expected::NoStream, &three).await.unwrap();
    for wrong in [0, 1, 3, u64::MAX] {
        let expected = Expected::Revision(wrong);
        let refused = append(journal, expected, &[edited(1, "d")]).await;
        assert_conflict(refused.unwrap_err(), expected, Some(2));
    }
    append(journal, Expected::Revision(2), &[edited(1, "d")])
        .await
        .unwrap();
    assert_eq!(all(journal).await.len(), 4);
}

fn assert_conflict(error: AppendError, as_expected: Expected, last: Option<u64>) {
    assert!(
        matches!(
            &error,
            AppendError::Conflict { stream: on, expected, actual }
                if *on == stream(1) && *expected == as_expected && *actual == last
        ),
        "{error}"
    );
}

pub async fn an_append_that_expects_anything_is_always_recorded(place: &impl Place) {
    let journal = &*place.open().await;
    for position in 1..=3 {
        let appended = append(journal, Expected::Any, &[edited(1, "a")]).await;
        assert_eq!(appended.unwrap(), recorded(1, position));
    }
}

pub async fn a_refused_append_records_nothing(place: &impl Place) {
    let journal = &*place.open().await;
    let known = edited(1, "a");
    append(journal, Expected::NoStream, std::slice::from_ref(&known))
        .await
        .unwrap();
    let before = all(journal).await;
    let new = || vec![edited(1, "b"), edited(1, "c")];
    append(journal, Expected::NoStream, &new())
        .await
        .unwrap_err();
    append(journal, Expected::Revision(1), &new())
        .await
        .unwrap_err();
    append(journal, Expected::Any, &[new(), vec![known]].concat())
        .await
        .unwrap_err();
    assert_eq!(all(journal).await, before);
}

pub async fn an_empty_append_records_nothing(place: &impl Place) {
    let journal = &*place.open().await;
    for head in 0..3 {
        let appended = journal
            .append(&stream(1), Expected::Revision(9), vec![])
            .await;
        assert_eq!(appended.unwrap(), recorded(0, head));
        let appended = journal.append_many(vec![]).await;
        assert_eq!(appended.unwrap(), recorded(0, head));
        append(journal, Expected::Any, &[liked()]).await.unwrap();
    }
}

pub async fn append_many_records_in_the_order_given(place: &impl Place) {
    let journal = &*place.open().await;
    append(journal, Expected::Any, &[edited(1, "a")])
        .await
        .unwrap();
    let events: Vec<_> = (0..3_000).map(|n| edited(n % 7, "b")).collect();
    let appended = journal.append_many(events.clone()).await.unwrap();
    assert_eq!(appended, recorded(3_000, 3_001));
    assert_eq!(ids(&all(journal).await)[1..], new_ids(&events));
    let stream = journal.read_stream(&stream(1)).await.unwrap();
    assert!(stream.iter().map(|event| event.revision).eq(0..430));
}

pub async fn a_stream_is_read_from_a_revision_on(place: &impl Place) {
    let journal = &*place.open().await;
    for number in [1, 2, 1, 2, 1] {
        append(journal, Expected::Any, &[edited(number, "a")])
            .await
            .unwrap();
    }
    let whole = journal.read_stream(&stream(1)).await.unwrap();
    assert_eq!(whole.len(), 3);
    for from in 0..5 {
        let read = journal.read_stream_from(&stream(1), from).await.unwrap();
        let from = usize::try_from(from).unwrap().min(3);
        assert_eq!(read, whole[from..]);
    }
    for (number, from) in [(1, u64::MAX), (3, 0), (3, 1)] {
        let read = journal.read_stream_from(&stream(number), from).await;
        assert_eq!(read.unwrap(), []);
    }
}

pub async fn reading_all_stops_at_the_limit(place: &impl Place) {
    let journal = &*place.open().await;
    journal
        .append_many((0..10).map(|_| liked()).collect())
        .await
        .unwrap();
    let all = all(journal).await;
    for (after, limit) in [
        (0, 0),
        (0, 3),
        (3, 3),
        (8, 3),
        (10, 3),
        (99, 3),
        (u64::MAX, 3),
    ] {
        let from = all.len().min(usize::try_from(after).unwrap());
        let to = all.len().min(from + limit);
        let read = journal.read_all(after, limit).await.unwrap();
        assert_eq!(read, all[from..to], "after {after}");
    }
}

pub async fn events_are_read_at_their_positions(place: &impl Place) {
    let journal = &*place.open().await;
    journal
        .append_many((0..10).map(|_| liked()).collect())
        .await
        .unwrap();
    let all = all(journal).await;
    assert_eq!(journal.read_at(&[]).await.unwrap(), []);
    let read = journal.read_at(&[7, 99, 3, 0, 7, u64::MAX]).await.unwrap();
    assert_eq!(read, [all[2].clone(), all[6].clone()]);
}

pub async fn reopening_keeps_everything(place: &impl Place) {
    let journal = place.open().await;
    let event = edited(1, "a");
    append(&*journal, Expected::NoStream, std::slice::from_ref(&event))
        .await
        .unwrap();
    journal
        .append_many((0..100).map(|_| liked()).collect())
        .await
        .unwrap();
    let before = all(&*journal).await;
    drop(journal);

    let journal = &*place.open().await;
    assert_eq!(all(journal).await, before);
    let appended = append(journal, Expected::NoStream, &[event]).await;
    assert_eq!(appended.unwrap(), recorded(0, 1));
    let appended = append(journal, Expected::Revision(0), &[edited(1, "b")]).await;
    assert_eq!(appended.unwrap(), recorded(1, 102));
}
