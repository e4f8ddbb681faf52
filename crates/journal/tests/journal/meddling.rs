//! A file that somebody meddled with: whatever they did is found, and named.

use plaudit_domain::NewEvent;
use plaudit_journal::Journal;

use crate::given::{account, asked, edited, inspected, registered};
use crate::sqlite::Folder;

/// Six events: two members, each with a question that they edited.
fn history() -> Vec<NewEvent> {
    let author = |number| Some(account(number));
    vec![
        registered(account(1), "Ada"),
        asked(1, author(1), "Baking", "How do I bake a cake?"),
        edited(1, "How?"),
        registered(account(2), "Berta"),
        asked(2, author(2), "Cooking", "How do I cook an egg?"),
        edited(2, "How so?"),
    ]
}

/// A journal of six events that can be changed.
async fn folder() -> Folder {
    let folder = Folder::new();
    let journal = folder.journal().unwrap();
    journal.append_many(history()).await.unwrap();
    drop(journal);
    folder.tamper("DROP TRIGGER event_never_changes; DROP TRIGGER event_never_goes");
    folder
}

async fn flaws(folder: &Folder) -> Vec<String> {
    let journal = folder.journal().unwrap();
    let (_, flaws) = inspected(&journal, 6).await;
    flaws
}

/// What is found once something was done to the file.
async fn after(sql: &str) -> Vec<String> {
    let folder = folder().await;
    folder.tamper(sql);
    flaws(&folder).await
}

/// It is all that is found, but for the names of streams.
async fn assert_finds(sql: &str, expected: &[&str]) {
    let flaws = after(sql).await;
    assert_eq!(flaws.len(), expected.len(), "{sql}: {flaws:?}");
    for (flaw, expected) in flaws.iter().zip(expected) {
        assert!(flaw.contains(expected), "{sql}: {flaw} isn't {expected}");
    }
}

#[tokio::test]
async fn a_journal_that_only_could_be_changed_has_no_flaws() {
    assert_finds("", &[]).await;
}

#[tokio::test]
async fn an_event_that_is_missing_is_found() {
    assert_finds(
        "DELETE FROM event WHERE position = 4",
        &["event 4 is missing"],
    )
    .await;
    assert_finds(
        "DELETE FROM event WHERE position = 6",
        &["event 6 is missing"],
    )
    .await;
    let sql = "DELETE FROM event WHERE position IN (2, 3)";
    assert_finds(sql, &["events 2 to 3 are missing"]).await;
    let sql = "DELETE FROM event WHERE position = 2";
    let flaws = &[
        "event 3 has revision 1 in stream post-",
        "event 2 is missing",
    ];
    assert_finds(sql, flaws).await;
}

#[tokio::test]
async fn an_event_before_the_first_is_found() {
    let sql = "UPDATE event SET position = -7 WHERE position = 1";
    let flaws = &["event -7 stands before the first", "event 1 is missing"];
    assert_finds(sql, flaws).await;
}

#[tokio::test]
async fn a_wrong_revision_is_found() {
    let sql = "UPDATE event SET revision = 5 WHERE position = 3";
    assert_finds(sql, &["event 3 has revision 5 in stream post-"]).await;
    let sql = "UPDATE event SET revision = 9 WHERE position = 2;
               UPDATE event SET revision = 0 WHERE position = 3;
               UPDATE event SET revision = 1 WHERE position = 2";
    assert_finds(sql, &["than event 3, which comes after it"]).await;
}

#[tokio::test]
async fn a_body_that_is_not_what_its_type_says_is_found() {
    let sql = "UPDATE event SET data = '{}' WHERE position = 3";
    assert_finds(
        sql,
        &["event 3 can't be read: the body of a PostEdited is malformed"],
    )
    .await;
    let sql = "UPDATE event SET type = 'PostLiked' WHERE position = 3";
    assert_finds(
        sql,
        &["event 3 can't be read: the body of a PostLiked is malformed"],
    )
    .await;
    let sql = "UPDATE event SET type = 'PostBaked' WHERE position = 3";
    assert_finds(
        sql,
        &["event 3 can't be read: unknown event type PostBaked"],
    )
    .await;
    let sql = "UPDATE event SET version = 77 WHERE position = 3";
    assert_finds(sql, &["unknown event type PostEdited in version 77"]).await;
}

#[tokio::test]
async fn an_envelope_that_is_none_is_found() {
    let sql = "UPDATE event SET id = x'07' WHERE position = 3";
    assert_finds(sql, &["event 3 can't be read: "]).await;
    let sql = "UPDATE event SET actor = x'07' WHERE position = 3";
    assert_finds(sql, &["event 3 can't be read: "]).await;
    let sql = "UPDATE event SET recorded_at = 5 WHERE position = 3";
    assert_finds(
        sql,
        &["event 3 was recorded at 1970-01-01T00:00:00.000005Z, before"],
    )
    .await;
}

#[tokio::test]
async fn an_event_in_the_wrong_stream_is_found() {
    let sql = "UPDATE event SET stream = 'post-of-another' WHERE position = 3";
    let flaws = &[
        "event 3 stands in stream post-of-another, but belongs to post-",
        "event 3 isn't found in its stream post-of-another",
    ];
    assert_finds(sql, flaws).await;
    let sql = "UPDATE event SET stream_key = randomblob(16), revision = 0 WHERE position = 3";
    assert_finds(sql, &["event 3 isn't found in its stream post-"]).await;
}

#[tokio::test]
async fn an_id_that_is_there_twice_is_found() {
    // As the constraint forbids it, it goes first.
    let sql = "CREATE TABLE copy AS SELECT * FROM event; DROP TABLE event;
               ALTER TABLE copy RENAME TO event;
               UPDATE event SET id = (SELECT id FROM event WHERE position = 1) WHERE position = 4";
    let flaws = after(sql).await;
    let flaw = flaws
        .iter()
        .find(|flaw| flaw.starts_with("event 4 has the id "));
    assert!(
        flaw.is_some_and(|flaw| flaw.ends_with("of event 1")),
        "{flaws:?}"
    );
}

#[tokio::test]
async fn an_index_that_is_not_like_its_table_is_found() {
    let folder = folder().await;
    // Of SQLite's own making: an index of the constraint of another table.
    folder.tamper(
        "CREATE TABLE other (position INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE) STRICT;
         PRAGMA writable_schema = on;
         UPDATE sqlite_schema SET rootpage =
             (SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_other_1')
         WHERE name = 'sqlite_autoindex_event_1'",
    );
    let flaws = flaws(&folder).await;
    assert!(!flaws.is_empty());
    for flaw in &flaws {
        assert!(
            flaw.starts_with("the journal's file is damaged: "),
            "{flaw}"
        );
    }
}

#[tokio::test]
async fn something_personal_that_should_open_and_does_not_is_found() {
    let sealed = "json_extract(data, '$.name.sealed')";
    let changed = "event 1 has something personal that doesn't open: it was changed, or sealed for";
    for other in [
        // Another's name.
        &format!("(SELECT {sealed} FROM event WHERE position = 4)"),
        &format!("replace({sealed}, substr({sealed}, 40, 1), '_')"),
        &format!("substr({sealed}, 1, 30)"),
    ] {
        let sql = format!(
            "UPDATE event SET data = json_set(data, '$.name.sealed', {other}) WHERE position = 1"
        );
        assert_finds(&sql, &[changed]).await;
    }
}

#[tokio::test]
async fn a_keyring_that_is_not_the_journals_is_found() {
    let folder = folder().await;
    std::fs::remove_file(folder.keys_path()).unwrap();
    let flaws = flaws(&folder).await;
    assert_eq!(flaws.len(), 8, "{flaws:?}");
    for flaw in &flaws {
        assert!(flaw.contains("there is no key of its account"), "{flaw}");
    }
}

#[tokio::test]
async fn keys_that_are_damaged_are_found() {
    let folder = folder().await;
    let keys = rusqlite::Connection::open(folder.keys_path()).unwrap();
    keys.execute_batch("UPDATE account SET identity = randomblob(length(identity))")
        .unwrap();
    let flaws = flaws(&folder).await;
    assert_eq!(flaws.len(), 8, "{flaws:?}");
    for flaw in &flaws {
        assert!(
            flaw.ends_with("the key of its account is damaged"),
            "{flaw}"
        );
    }
}
