//! The journal in an SQLite file.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plaudit_journal::sqlite::SqliteJournal;
use plaudit_journal::{AppendError, Expected, Journal, JournalError, SharedJournal};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::contract::{Place, keeps_the_contract};
use crate::given::{all, append, edited, liked, recorded};

keeps_the_contract!(Folder::new());

/// A folder with a journal in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("journal.db")
    }

    fn journal(&self) -> Result<SqliteJournal, JournalError> {
        SqliteJournal::open(&self.path())
    }

    /// Does something to the file that no journal would do.
    fn tamper(&self, sql: &str) {
        let connection = Connection::open(self.path()).unwrap();
        connection.execute_batch(sql).unwrap();
    }
}

impl Place for Folder {
    async fn open(&self) -> SharedJournal {
        Arc::new(self.journal().unwrap())
    }
}

#[tokio::test]
async fn a_file_of_something_else_is_refused_and_stays_as_it_is() {
    let folder = Folder::new();
    folder.tamper("CREATE TABLE cake (name TEXT)");
    let before = fs::read(folder.path()).unwrap();
    for _ in 0..2 {
        let error = folder.journal().err().unwrap().to_string();
        assert!(error.contains("not a Plaudit journal"), "{error}");
        assert!(error.contains("journal.db"), "{error}");
        SqliteJournal::open_read_only(&folder.path()).err().unwrap();
    }
    assert_eq!(fs::read(folder.path()).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_stays_as_it_is() {
    let folder = Folder::new();
    let text = "Dear diary, ".repeat(1_000);
    fs::write(folder.path(), &text).unwrap();
    folder.journal().err().unwrap();
    assert_eq!(fs::read(folder.path()).unwrap(), text.as_bytes());
}

#[tokio::test]
async fn a_journal_of_a_newer_schema_is_refused() {
    let folder = Folder::new();
    drop(folder.journal().unwrap());
    folder.tamper("PRAGMA user_version = 2");
    for error in [
        folder.journal().err().unwrap(),
        SqliteJournal::open_read_only(&folder.path()).err().unwrap(),
    ] {
        assert!(error.to_string().contains("newer Plaudit"), "{error}");
    }
}

#[tokio::test]
async fn a_journal_in_no_folder_is_an_error() {
    let folder = Folder::new();
    let path = folder.0.path().join("nowhere").join("journal.db");
    let error = SqliteJournal::open(&path).err().unwrap().to_string();
    assert!(error.contains("nowhere"), "{error}");
}

#[tokio::test]
async fn many_may_make_the_same_journal_at_the_same_time() {
    let folder = Folder::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| folder.journal().unwrap());
        }
    });
    assert_eq!(folder.journal().unwrap().head().await.unwrap(), 0);
}

#[tokio::test]
async fn a_journal_opened_to_be_read_sees_everything_and_records_nothing() {
    let folder = Folder::new();
    SqliteJournal::open_read_only(&folder.path()).err().unwrap();
    assert!(!folder.path().exists());

    let journal = folder.journal().unwrap();
    append(&journal, Expected::Any, &[liked()]).await.unwrap();
    let reading = SqliteJournal::open_read_only(&folder.path()).unwrap();
    append(&journal, Expected::Any, &[liked()]).await.unwrap();
    reading.wait_past(1).await.unwrap();
    assert_eq!(all(&reading).await, all(&journal).await);

    let error = append(&reading, Expected::Any, &[liked()])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("read only"), "{error}");
    reading.append_many(vec![liked()]).await.unwrap_err();
    assert_eq!(all(&reading).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_is_woken_by_the_commit() {
    let folder = Folder::new();
    let journal: SharedJournal = Arc::new(folder.journal().unwrap());
    let started = Instant::now();
    for position in 0..40 {
        let waiting = Arc::clone(&journal);
        let waiting = tokio::spawn(async move { waiting.wait_past(position).await });
        tokio::time::sleep(Duration::from_millis(5)).await;
        append(&*journal, Expected::Any, &[liked()]).await.unwrap();
        waiting.await.unwrap().unwrap();
    }
    // Looking now and then would take 250 ms each.
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn when_writing_fails_nothing_of_the_group_is_there() {
    let folder = Folder::new();
    let journal = Arc::new(folder.journal().unwrap());
    append(&*journal, Expected::Any, &[edited(1, "before")])
        .await
        .unwrap();
    // The disk is full as soon as there are ten events more.
    folder.tamper(
        "CREATE TRIGGER full BEFORE INSERT ON event WHEN NEW.position > 11
         BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
    );
    let error = journal
        .append_many((0..20).map(|_| liked()).collect())
        .await;
    let error = error.unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert_eq!(all(&*journal).await.len(), 1);

    folder.tamper("DROP TRIGGER full");
    let appended = append(&*journal, Expected::Revision(0), &[edited(1, "after")]).await;
    assert_eq!(appended.unwrap(), recorded(1, 2));
}

#[tokio::test]
async fn when_the_commit_fails_nothing_of_the_group_is_there() {
    let folder = Folder::new();
    let journal: SharedJournal = Arc::new(folder.journal().unwrap());
    append(&*journal, Expected::Any, &[edited(1, "before")])
        .await
        .unwrap();
    // A constraint that only the commit checks.
    folder.tamper(
        "CREATE TABLE room (id INTEGER PRIMARY KEY);
         CREATE TABLE need (room INTEGER REFERENCES room DEFERRABLE INITIALLY DEFERRED);
         CREATE TRIGGER full AFTER INSERT ON event BEGIN INSERT INTO need VALUES (1); END",
    );
    let mut appends = tokio::task::JoinSet::new();
    for number in 2..50 {
        let journal = Arc::clone(&journal);
        appends.spawn(async move {
            append(&*journal, Expected::NoStream, &[edited(number, "lost")]).await
        });
    }
    for appended in appends.join_all().await {
        assert!(matches!(appended, Err(AppendError::Journal(_))));
    }
    assert_eq!(all(&*journal).await.len(), 1);

    folder.tamper("DROP TRIGGER full");
    let appended = append(&*journal, Expected::NoStream, &[edited(2, "after")]).await;
    assert_eq!(appended.unwrap(), recorded(1, 2));
}

#[tokio::test]
async fn recorded_events_can_not_be_changed_or_removed() {
    let folder = Folder::new();
    append(&folder.journal().unwrap(), Expected::Any, &[liked()])
        .await
        .unwrap();
    let connection = Connection::open(folder.path()).unwrap();
    for sql in ["UPDATE event SET data = '{}'", "DELETE FROM event"] {
        let error = connection.execute_batch(sql).unwrap_err();
        assert!(
            error.to_string().contains("a recorded event never"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_event_that_can_not_be_read_is_named() {
    let folder = Folder::new();
    let journal = folder.journal().unwrap();
    journal
        .append_many(vec![liked(), edited(1, "a"), liked()])
        .await
        .unwrap();
    folder.tamper(
        "DROP TRIGGER event_never_changes;
         UPDATE event SET type = 'PostVaporised' WHERE position = 2",
    );
    for read in [
        journal.read_all(0, 10).await,
        journal.read_stream(&edited(1, "a").fact.stream()).await,
    ] {
        let error = read.unwrap_err();
        assert!(
            matches!(error, JournalError::Undecodable { position: 2, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("PostVaporised"), "{error}");
    }
    assert_eq!(journal.read_all(2, 10).await.unwrap().len(), 1);
}
