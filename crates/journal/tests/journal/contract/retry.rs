//! Doing it again: ids of events make that safe.

use std::sync::Arc;

use plaudit_domain::fact::LikeFact;
use plaudit_domain::{Fact, NewEvent};
use plaudit_journal::{AppendError, Expected};
use tokio::task::JoinSet;

use super::Place;
use crate::given::{all, append, edited, ids, liked, new_ids, recorded};

pub async fn a_retry_returns_the_first_result(place: &impl Place) {
    let journal = &*place.open().await;
    append(journal, Expected::Any, &[liked()]).await.unwrap();
    let events = [edited(1, "a"), edited(1, "b")];
    let appended = append(journal, Expected::NoStream, &events).await.unwrap();
    assert_eq!(appended, recorded(2, 3));
    for expected in [Expected::NoStream, Expected::Revision(1), Expected::Any] {
        let again = append(journal, expected, &events).await.unwrap();
        assert_eq!(again, recorded(0, 3));
    }
    assert_eq!(all(journal).await.len(), 3);
}

pub async fn a_retry_returns_the_first_result_after_others_appended(place: &impl Place) {
    let journal = &*place.open().await;
    let events = [edited(1, "a"), edited(1, "b"), edited(1, "c")];
    append(journal, Expected::NoStream, &events).await.unwrap();
    append(journal, Expected::Revision(2), &[edited(1, "d")])
        .await
        .unwrap();
    journal
        .append_many(vec![liked(), edited(1, "e")])
        .await
        .unwrap();
    // The first events of an append were an append, too, for all that anybody can tell.
    for (part, position) in [(&events[..], 3), (&events[..2], 2), (&events[1..], 3)] {
        let again = append(journal, Expected::NoStream, part).await.unwrap();
        assert_eq!(again, recorded(0, position));
    }
    assert_eq!(all(journal).await.len(), 6);
}

pub async fn an_id_of_another_stream_is_in_use(place: &impl Place) {
    let journal = &*place.open().await;
    let known = edited(1, "a");
    append(journal, Expected::Any, std::slice::from_ref(&known))
        .await
        .unwrap();
    let other = NewEvent {
        id: known.id,
        ..edited(2, "a")
    };
    for events in [vec![other.clone()], vec![edited(2, "b"), other]] {
        let refused = append(journal, Expected::NoStream, &events).await;
        assert_in_use(refused.unwrap_err(), &known);
    }
    assert_eq!(all(journal).await.len(), 1);
}

pub async fn an_id_of_another_type_is_in_use(place: &impl Place) {
    let journal = &*place.open().await;
    let known = liked();
    append(journal, Expected::Any, std::slice::from_ref(&known))
        .await
        .unwrap();
    let Fact::Like(LikeFact::Liked(like)) = known.fact.clone() else {
        unreachable!("a like is a like");
    };
    let other = NewEvent {
        fact: LikeFact::Withdrawn(like).into(),
        ..known.clone()
    };
    let refused = append(journal, Expected::Any, &[other]).await;
    assert_in_use(refused.unwrap_err(), &known);
    assert_eq!(all(journal).await.len(), 1);
}

pub async fn a_retry_that_adds_an_event_is_refused(place: &impl Place) {
    let journal = &*place.open().await;
    let known = edited(1, "b");
    append(journal, Expected::Any, std::slice::from_ref(&known))
        .await
        .unwrap();
    for events in [
        [known.clone(), edited(1, "c")],
        [edited(1, "a"), known.clone()],
    ] {
        let refused = append(journal, Expected::Revision(0), &events).await;
        assert_in_use(refused.unwrap_err(), &known);
    }
    assert_eq!(all(journal).await.len(), 1);
}

pub async fn a_retry_in_another_order_is_refused(place: &impl Place) {
    let journal = &*place.open().await;
    let [a, b, c] = [edited(1, "a"), edited(1, "b"), edited(1, "c")];
    let events = [a.clone(), b.clone(), c.clone()];
    append(journal, Expected::NoStream, &events).await.unwrap();
    let refused = append(journal, Expected::Any, &[b, a.clone()]).await;
    assert_in_use(refused.unwrap_err(), &a);
    let refused = append(journal, Expected::Any, &[a, c.clone()]).await;
    assert_in_use(refused.unwrap_err(), &c);
    assert_eq!(ids(&all(journal).await), new_ids(&events));
}

pub async fn an_append_can_not_repeat_an_id(place: &impl Place) {
    let journal = &*place.open().await;
    let event = edited(1, "a");
    for _ in 0..2 {
        let twice = [event.clone(), event.clone()];
        let refused = append(journal, Expected::Any, &twice).await;
        assert_in_use(refused.unwrap_err(), &event);
        assert_eq!(all(journal).await.len(), 0);
    }
}

fn assert_in_use(error: AppendError, event: &NewEvent) {
    let in_use = matches!(error, AppendError::IdInUse { id } if id == event.id);
    assert!(in_use, "{error}");
}

pub async fn append_many_with_an_id_of_another_event_records_nothing(place: &impl Place) {
    let journal = &*place.open().await;
    let known = liked();
    append(journal, Expected::Any, std::slice::from_ref(&known))
        .await
        .unwrap();
    let mut other = edited(1, "a");
    other.id = known.id;
    let refused = journal.append_many(vec![liked(), known.clone(), other]);
    assert_in_use(refused.await.unwrap_err(), &known);
    assert_eq!(ids(&all(journal).await), [known.id]);

    let (new, mut twin) = (liked(), edited(1, "b"));
    twin.id = new.id;
    let refused = journal.append_many(vec![liked(), new.clone(), twin]);
    assert_in_use(refused.await.unwrap_err(), &new);
    assert_eq!(ids(&all(journal).await), [known.id]);

    // What comes next goes on without a gap.
    let appended = journal.append_many(vec![new]).await.unwrap();
    assert_eq!(appended, recorded(1, 2));
}

pub async fn append_many_leaves_out_what_is_recorded(place: &impl Place) {
    let journal = &*place.open().await;
    let known = [edited(1, "a"), edited(1, "b")];
    append(journal, Expected::Any, &known).await.unwrap();
    let new = [edited(1, "c"), liked(), edited(1, "d")];
    let [a, b] = known.clone();
    let [c, d, e] = new.clone();
    let events = vec![c, a, d, b, e];
    let appended = journal.append_many(events.clone()).await.unwrap();
    assert_eq!(appended, recorded(3, 5));
    assert_eq!(
        ids(&all(journal).await),
        new_ids(&[&known[..], &new].concat())
    );

    let before = all(journal).await;
    let appended = journal.append_many(events).await.unwrap();
    assert_eq!(appended, recorded(0, 5));
    // The last of the events, not of the journal.
    let appended = journal.append_many(known.to_vec()).await.unwrap();
    assert_eq!(appended, recorded(0, 2));
    assert_eq!(all(journal).await, before);
    // The last in the history, not in the list.
    let [known, _] = known;
    let appended = journal.append_many(vec![liked(), known]).await.unwrap();
    assert_eq!(appended, recorded(1, 6));
}

pub async fn append_many_leaves_out_what_it_repeats(place: &impl Place) {
    let journal = &*place.open().await;
    let [a, b] = [edited(1, "a"), edited(1, "b")];
    let events = vec![a.clone(), b.clone(), a.clone(), b.clone()];
    let appended = journal.append_many(events).await.unwrap();
    assert_eq!(appended, recorded(2, 2));
    assert_eq!(ids(&all(journal).await), [a.id, b.id]);
}

pub async fn retries_at_the_same_time_record_it_once(place: &impl Place) {
    let journal = place.open().await;
    for round in 0..20 {
        let events = [edited(round, "a"), edited(round, "b")];
        let mut tries = JoinSet::new();
        for _ in 0..16 {
            let (journal, events) = (Arc::clone(&journal), events.clone());
            tries.spawn(async move { append(&*journal, Expected::NoStream, &events).await });
        }
        let tries = tries.join_all().await;
        let tries: Vec<_> = tries.into_iter().map(Result::unwrap).collect();
        assert_eq!(
            tries
                .iter()
                .map(|appended| appended.recorded)
                .sum::<usize>(),
            2
        );
        let head = journal.head().await.unwrap();
        assert!(tries.iter().all(|appended| appended.position == head));
    }
    assert_eq!(all(&*journal).await.len(), 40);
}
