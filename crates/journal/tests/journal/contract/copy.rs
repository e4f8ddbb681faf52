//! Events as another journal keeps them.

use std::sync::Arc;

use plaudit_domain::erasure::Content;
use plaudit_domain::{Event, NewEvent, Time};
use plaudit_journal::keys::Keyring;
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_journal::{Expected, Journal, Part};
use uuid::Uuid;

use super::Place;
use crate::given::{
    account, all, append, asked, edited, ids, inspected, liked, recorded, registered, stream,
};

/// What a journal elsewhere keeps: all that an envelope may have, and what is personal.
async fn kept() -> Vec<Event> {
    let folder = tempfile::tempdir().unwrap();
    let keys = Arc::new(Keyring::in_memory().unwrap());
    let journal = SqliteJournal::open(&folder.path().join("journal.db"), keys).unwrap();
    let full = NewEvent {
        occurred_at: Time::from_micros(-7),
        actor: Some(account(3)),
        correlation: Some(Uuid::from_u128(5)),
        causation: Some(Uuid::from_u128(6)),
        imported: true,
        ..liked()
    };
    let mut events = vec![
        registered(account(1), "Ada"),
        asked(1, Some(account(1)), "Baking", "A \"cake\"\u{0}, \u{1f370}?"),
        full,
    ];
    events.extend((0..20).map(|number| edited(number % 3, "So?")));
    journal.append_many(events).await.unwrap();
    journal.forget(account(2), Content::Keep).await.unwrap();
    let event = registered(account(2), "Berta");
    append(&journal, Expected::NoStream, &[event])
        .await
        .unwrap();
    journal.read_kept(Part::After(0), 1_000).await.unwrap()
}

pub async fn a_copy_has_everything_as_it_was(place: &impl Place) {
    let journal = &*place.open().await;
    let kept = kept().await;
    for part in kept.chunks(10) {
        journal.append_kept(part.to_vec()).await.unwrap();
    }
    journal.append_kept(vec![]).await.unwrap();
    assert_eq!(
        journal.read_kept(Part::After(0), 1_000).await.unwrap(),
        kept
    );
    assert!(
        kept.iter()
            .any(|event| event.fact.encode().unwrap().contains("sealed"))
    );
    assert_eq!(journal.head().await.unwrap(), kept.len() as u64);
    // But for the keys, which are elsewhere.
    let (_, flaws) = inspected(journal, kept.len() as u64).await;
    assert!(
        flaws.iter().all(|flaw| flaw.contains("no key")),
        "{flaws:?}"
    );
}

pub async fn a_copy_goes_on_only_where_it_ends(place: &impl Place) {
    let journal = &*place.open().await;
    let kept = kept().await;
    for wrong in [
        &kept[1..],
        &[kept[0].clone(), kept[2].clone()],
        &[kept[0].clone(), kept[0].clone()],
    ] {
        let error = journal.append_kept(wrong.to_vec()).await.unwrap_err();
        assert!(error.to_string().contains("can't come after"), "{error}");
        assert_eq!(journal.head().await.unwrap(), 0);
    }
    journal.append_kept(kept[..5].to_vec()).await.unwrap();
    for wrong in [&kept[..5], &kept[4..], &kept[6..]] {
        journal.append_kept(wrong.to_vec()).await.unwrap_err();
    }
    // What is there already doesn't come again.
    let mut twice = kept[0].clone();
    twice.position = 6;
    journal
        .append_kept(vec![kept[5].clone(), twice])
        .await
        .unwrap_err();
    assert_eq!(all(journal).await.len(), 5);
    journal.append_kept(kept[5..].to_vec()).await.unwrap();
    assert_eq!(ids(&all(journal).await), ids(&kept));
}

pub async fn a_copy_is_gone_on_with_like_any_other(place: &impl Place) {
    let journal = &*place.open().await;
    let mut kept = kept().await;
    let later = Time::from_micros(i64::MAX / 2);
    kept.last_mut().unwrap().recorded_at = later;
    let end = kept.len() as u64;
    journal.append_kept(kept).await.unwrap();
    let appended = append(journal, Expected::Revision(7), &[edited(1, "Well?")]).await;
    assert_eq!(appended.unwrap(), recorded(1, end + 1));
    let read = journal.read_stream(&stream(1)).await.unwrap();
    assert_eq!(read.len(), 9);
    // Times of recording never go back.
    assert_eq!(read.last().unwrap().recorded_at, later);
}
