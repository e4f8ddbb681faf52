//! Personal data, and forgetting it.

use std::sync::Arc;

use plaudit_domain::erasure::Content;
use plaudit_domain::{AccountId, Event, NewEvent};
use plaudit_journal::{Expected, Journal, Part};
use tokio::task::JoinSet;

use super::Place;
use crate::given::{
    account, all, append, asked, edited, facts, ids, liked, new_ids, recorded, registered, stream,
    withheld,
};

/// Somebody who tells their name and asks a question.
fn ada() -> [NewEvent; 2] {
    [
        registered(account(1), "Ada Lovelace"),
        asked(1, Some(account(1)), "Baking", "How do I bake a cake?"),
    ]
}

/// The events are there, with nothing withheld but what is.
async fn assert_reads(journal: &dyn Journal, events: &[NewEvent], withheld_ones: &[usize]) {
    let expected: Vec<_> = (0..)
        .zip(events)
        .map(|(index, event)| match withheld_ones.contains(&index) {
            true => withheld(event),
            false => event.fact.clone(),
        })
        .collect();
    assert_eq!(facts(all(journal).await), expected);
    for (event, expected) in events.iter().zip(expected) {
        let stream = journal.read_stream(&event.fact.stream()).await.unwrap();
        let read = stream.into_iter().find(|read| read.id == event.id);
        assert_eq!(read.map(|event: Event| event.fact), Some(expected));
    }
}

pub async fn personal_data_reads_back_as_it_was_written(place: &impl Place) {
    let journal = &*place.open().await;
    let [name, question] = ada();
    append(journal, Expected::NoStream, std::slice::from_ref(&name))
        .await
        .unwrap();
    journal.append_many(vec![question.clone()]).await.unwrap();
    assert_reads(journal, &[name.clone(), question.clone()], &[]).await;
    assert_reads(&*place.open().await, &[name, question], &[]).await;
}

pub async fn what_is_read_as_it_is_kept_stays_sealed(place: &impl Place) {
    let journal = &*place.open().await;
    let events = [
        registered(account(1), "Ada"),
        asked(1, Some(account(1)), "Baking", "How?"),
        edited(1, "How, please?"),
        liked(),
    ];
    journal.append_many(events.to_vec()).await.unwrap();
    let opened = all(journal).await;
    let kept = journal.read_kept(Part::After(0), 10).await.unwrap();
    assert_eq!(ids(&kept), ids(&opened));
    let is_sealed: Vec<bool> = kept
        .iter()
        .map(|event| event.fact.encode().unwrap().contains("sealed"))
        .collect();
    assert_eq!(is_sealed, [true, true, true, false]);
    // All but the bodies is the same, however it is read.
    for (kept, opened) in kept.iter().zip(&opened) {
        let fact = opened.fact.clone();
        assert_eq!(
            Event {
                fact,
                ..kept.clone()
            },
            *opened
        );
    }
    for (part, limit, expected) in [
        (Part::After(1), 2, &kept[1..3]),
        (Part::After(4), 2, &kept[4..]),
        (Part::Stream(&stream(1), 0), 10, &kept[1..3]),
        (Part::Stream(&stream(1), 0), 1, &kept[1..2]),
        (Part::Stream(&stream(1), 1), 10, &kept[2..3]),
        (Part::Stream(&stream(1), 2), 10, &kept[3..3]),
        (Part::Stream(&stream(2), 0), 10, &kept[3..3]),
    ] {
        let read = journal.read_kept(part, limit).await.unwrap();
        assert_eq!(read, expected, "{part:?}");
    }
}

pub async fn a_retry_of_personal_data_records_it_once(place: &impl Place) {
    let journal = &*place.open().await;
    let [name, question] = ada();
    for appended in [recorded(1, 1), recorded(0, 1)] {
        let events = std::slice::from_ref(&name);
        let again = append(journal, Expected::NoStream, events).await;
        assert_eq!(again.unwrap(), appended);
    }
    for appended in [recorded(1, 2), recorded(0, 2)] {
        let again = journal.append_many(vec![question.clone()]).await;
        assert_eq!(again.unwrap(), appended);
    }
    assert_reads(journal, &[name, question], &[]).await;
}

pub async fn what_somebody_wrote_stays_when_who_they_are_is_forgotten(place: &impl Place) {
    let journal = &*place.open().await;
    journal.append_many(ada().to_vec()).await.unwrap();
    let events = ada();
    journal.forget(account(1), Content::Keep).await.unwrap();
    let read = facts(all(journal).await);
    assert_eq!(read, [withheld(&events[0]), events[1].fact.clone()]);
}

pub async fn what_somebody_wrote_can_be_forgotten_too(place: &impl Place) {
    let journal = &*place.open().await;
    let events = ada();
    journal.append_many(events.to_vec()).await.unwrap();
    journal.forget(account(1), Content::Remove).await.unwrap();
    assert_reads(journal, &events, &[0, 1]).await;
    assert_reads(&*place.open().await, &events, &[0, 1]).await;
}

pub async fn others_are_not_forgotten(place: &impl Place) {
    let journal = &*place.open().await;
    let [name, question] = ada();
    let other = registered(account(2), "Charles Babbage");
    let answer = asked(2, Some(account(2)), "Cogs", "With an engine.");
    let events = [name, other, question, answer];
    journal.append_many(events.to_vec()).await.unwrap();
    journal.forget(account(1), Content::Remove).await.unwrap();
    assert_reads(journal, &events, &[0, 2]).await;
}

pub async fn what_is_about_nobody_known_is_not_forgotten(place: &impl Place) {
    let journal = &*place.open().await;
    let events = [asked(1, None, "Baking", "How do I bake a cake?")];
    journal.append_many(events.to_vec()).await.unwrap();
    journal.forget(account(1), Content::Remove).await.unwrap();
    assert_reads(journal, &events, &[]).await;
}

pub async fn forgetting_twice_is_fine(place: &impl Place) {
    let journal = &*place.open().await;
    let events = ada();
    journal.append_many(events.to_vec()).await.unwrap();
    for _ in 0..2 {
        journal.forget(account(1), Content::Keep).await.unwrap();
        assert_reads(journal, &events, &[0]).await;
    }
    // What was kept at first may be forgotten later, and doesn't come back after that.
    for content in [Content::Remove, Content::Keep] {
        journal.forget(account(1), content).await.unwrap();
        assert_reads(journal, &events, &[0, 1]).await;
    }
}

pub async fn what_is_recorded_of_somebody_forgotten_is_withheld(place: &impl Place) {
    let journal = &*place.open().await;
    let [name, question] = ada();
    append(journal, Expected::NoStream, std::slice::from_ref(&name))
        .await
        .unwrap();
    journal.forget(account(1), Content::Remove).await.unwrap();
    let late = append(journal, Expected::NoStream, std::slice::from_ref(&question));
    late.await.unwrap();
    let edit = edited(1, "Never mind");
    let many = journal.append_many(vec![edit.clone()]).await;
    assert_eq!(many.unwrap(), recorded(1, 3));
    assert_reads(journal, &[name, question, edit], &[0, 1, 2]).await;
}

pub async fn who_was_never_known_can_be_forgotten(place: &impl Place) {
    let journal = &*place.open().await;
    journal.forget(account(1), Content::Keep).await.unwrap();
    let events = ada();
    journal.append_many(events.to_vec()).await.unwrap();
    assert_reads(journal, &events, &[0]).await;
}

pub async fn who_is_forgotten_is_forgotten_in_every_journal_at_the_place(place: &impl Place) {
    let [one, other] = [place.open().await, place.open().await];
    let events = ada();
    one.append_many(events.to_vec()).await.unwrap();
    assert_reads(&*other, &events, &[]).await;
    one.forget(account(1), Content::Keep).await.unwrap();
    assert_reads(&*other, &events, &[0]).await;
    other.forget(account(1), Content::Remove).await.unwrap();
    assert_reads(&*one, &events, &[0, 1]).await;
    // Also one that recorded something before, and so has had the keys.
    let edit = edited(1, "Never mind");
    append(&*one, Expected::Revision(0), std::slice::from_ref(&edit))
        .await
        .unwrap();
    let [name, question] = events;
    assert_reads(&*other, &[name, question, edit], &[0, 1, 2]).await;
}

pub async fn new_people_are_recorded_by_many_journals_at_once(place: &impl Place) {
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        let journal = place.open().await;
        writers.spawn(async move {
            for number in 0..30 {
                // The same people each time, and the keys have to be the same, too.
                let event = asked(100 * writer + number, Some(account(number)), "?", "A cake?");
                append(&*journal, Expected::NoStream, &[event])
                    .await
                    .unwrap();
            }
        });
    }
    writers.join_all().await;
    let read = facts(all(&*place.open().await).await);
    assert_eq!(read.len(), 120);
    for fact in read {
        let mut without = fact.clone();
        without.withhold_personal();
        assert_ne!(fact, without);
    }
}

pub async fn many_new_people_are_recorded_at_once(place: &impl Place) {
    let journal = place.open().await;
    let batch = |from: u128| -> Vec<NewEvent> {
        let account = |number| AccountId(uuid::Uuid::from_u128((number * 7_919) << 32));
        let name = |number: u128| registered(account(number), &format!("Nr. {number}"));
        (from..from + 1_000).map(name).collect()
    };
    let batches = [batch(0), batch(1_000), batch(2_000)];
    let mut imports = JoinSet::new();
    for batch in batches.clone() {
        let journal = Arc::clone(&journal);
        imports.spawn(async move { journal.append_many(batch).await.unwrap() });
    }
    imports.join_all().await;
    let events = all(&*place.open().await).await;
    let mut expected = batches.concat();
    assert_eq!(events.len(), expected.len());
    // The batches came in any order.
    let order = ids(&events);
    expected.sort_by_key(|event| order.iter().position(|id| *id == event.id));
    assert_eq!(new_ids(&expected), order);
    let expected: Vec<_> = expected.into_iter().map(|event| event.fact).collect();
    assert_eq!(facts(events), expected);
}
