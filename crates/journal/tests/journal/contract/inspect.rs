//! Whether everything is as it was recorded.

use plaudit_domain::erasure::Content;
use plaudit_journal::Expected;

use super::Place;
use crate::given::{account, append, asked, edited, erased, inspected, liked, registered};

pub async fn a_journal_that_nobody_meddled_with_has_no_flaws(place: &impl Place) {
    let journal = &*place.open().await;
    assert_eq!(inspected(journal, 0).await, (0, vec![]));
    let asked = asked(1, None, "Baking", "How do I bake a cake?");
    append(journal, Expected::NoStream, &[asked, edited(1, "How?")])
        .await
        .unwrap();
    let many = vec![registered(account(1), "Ada"), liked(), edited(1, "How so?")];
    journal.append_many(many).await.unwrap();
    assert_eq!(inspected(journal, 5).await, (5, vec![]));
}

pub async fn what_was_forgotten_is_no_flaw(place: &impl Place) {
    let journal = &*place.open().await;
    let question = asked(1, Some(account(1)), "Baking", "How do I bake a cake?");
    let before = vec![registered(account(1), "Ada"), question];
    journal.append_many(before).await.unwrap();
    journal.forget(account(1), Content::Remove).await.unwrap();
    let after = vec![
        erased(account(1), Content::Remove),
        registered(account(1), "Ada"),
    ];
    journal.append_many(after).await.unwrap();
    assert_eq!(inspected(journal, 4).await, (4, vec![]));
}

pub async fn what_was_erased_and_can_still_be_read_is_a_flaw(place: &impl Place) {
    let journal = &*place.open().await;
    let events = vec![
        registered(account(1), "Ada"),
        asked(1, Some(account(1)), "Baking", "How do I bake a cake?"),
        erased(account(1), Content::Remove),
    ];
    journal.append_many(events).await.unwrap();
    let is_left = async || {
        let (_, flaws) = inspected(journal, 3).await;
        let erases = format!(
            "event 3 erases account {}, whose keys are there",
            account(1)
        );
        assert!(
            flaws.iter().all(|flaw| flaw.starts_with(&erases)),
            "{flaws:?}"
        );
        flaws.len() == 1
    };
    assert!(is_left().await);
    // What they wrote is there, yet.
    journal.forget(account(1), Content::Keep).await.unwrap();
    assert!(is_left().await);
    journal.forget(account(1), Content::Remove).await.unwrap();
    assert!(!is_left().await);
}

pub async fn what_comes_after_the_end_is_not_looked_at(place: &impl Place) {
    let journal = &*place.open().await;
    journal.append_many(vec![liked(), liked()]).await.unwrap();
    assert_eq!(inspected(journal, 1).await, (1, vec![]));
    let missing = vec!["events 3 to 4 are missing".to_owned()];
    assert_eq!(inspected(journal, 4).await, (4, missing));
}
