//! The journal in an SQLite file.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plaudit_domain::NewEvent;
use plaudit_domain::erasure::Content;
use plaudit_journal::keys::{FILE_NAME, Keyring, MasterKey};
use plaudit_journal::search::{Direction, Filter, LOOKED_AT, Search, Streams, Stretch};
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_journal::{AppendError, Expected, Journal, JournalError, SharedJournal};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::contract::{Place, keeps_the_contract};
use crate::given::{
    account, all, append, asked, edited, facts, liked, recorded, registered, stream, withheld,
};

keeps_the_contract!(Some(Folder::new()));

/// A folder with a journal in it.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("journal.db")
    }

    pub fn keys_path(&self) -> PathBuf {
        self.0.path().join(FILE_NAME)
    }

    /// Opened anew each time, as another process would.
    fn keys(&self) -> Arc<Keyring> {
        let master = MasterKey::parse(&"5a".repeat(32)).unwrap();
        Arc::new(Keyring::open(&self.keys_path(), &master).unwrap())
    }

    fn read_only(&self) -> Result<SqliteJournal, JournalError> {
        SqliteJournal::open_read_only(&self.path(), self.keys())
    }

    pub fn journal(&self) -> Result<SqliteJournal, JournalError> {
        SqliteJournal::open(&self.path(), self.keys())
    }

    /// Types, versions and bodies as they stand in the file.
    pub fn bodies(&self) -> Vec<(String, i32, String)> {
        let connection = Connection::open(self.path()).unwrap();
        let sql = "SELECT type, version, data FROM event ORDER BY position";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// Does something to the file that no journal would do.
    pub fn tamper(&self, sql: &str) {
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
        folder.read_only().err().unwrap();
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

/// It didn't note yet what was imported.
#[tokio::test]
async fn a_journal_of_before_is_read_and_written() {
    let folder = Folder::new();
    let journal = folder.journal().unwrap();
    let first = liked();
    append(&journal, Expected::NoStream, std::slice::from_ref(&first))
        .await
        .unwrap();
    let before = all(&journal).await;
    drop(journal);
    folder.tamper("ALTER TABLE event DROP COLUMN imported; PRAGMA user_version = 1");

    let reading = folder.read_only().unwrap();
    assert_eq!(all(&reading).await, before);
    let found = reading
        .search(&Search {
            filter: &Filter::default(),
            within: Stretch::until(1),
            direction: Direction::Forward,
            limit: 1,
        })
        .await
        .unwrap();
    assert_eq!(found.events, before);

    for _ in 0..2 {
        let journal = folder.journal().unwrap();
        let imported = NewEvent {
            imported: true,
            ..liked()
        };
        journal.append_many(vec![imported]).await.unwrap();
    }
    let events = all(&folder.journal().unwrap()).await;
    assert_eq!(events[..1], before);
    let imported: Vec<_> = events.iter().map(|event| event.imported).collect();
    assert_eq!(imported, [false, true, true]);
}

#[tokio::test]
async fn a_journal_of_a_newer_schema_is_refused() {
    let folder = Folder::new();
    drop(folder.journal().unwrap());
    folder.tamper("PRAGMA user_version = 3");
    for error in [
        folder.journal().err().unwrap(),
        folder.read_only().err().unwrap(),
    ] {
        assert!(error.to_string().contains("newer Plaudit"), "{error}");
    }
}

#[tokio::test]
async fn a_journal_in_no_folder_is_an_error() {
    let folder = Folder::new();
    let path = folder.0.path().join("nowhere").join("journal.db");
    let error = SqliteJournal::open(&path, folder.keys())
        .err()
        .unwrap()
        .to_string();
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
    folder.read_only().err().unwrap();
    assert!(!folder.path().exists());

    let journal = folder.journal().unwrap();
    append(&journal, Expected::Any, &[liked()]).await.unwrap();
    let reading = folder.read_only().unwrap();
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

/// Whether a text stands in any file of the folder, the journal's log and the keys included.
fn is_in_a_file(folder: &Folder, text: &[u8]) -> bool {
    fs::read_dir(folder.0.path()).unwrap().any(|file| {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        bytes.windows(text.len()).any(|window| window == text)
    })
}

/// Somebody's name, title and text.
fn personal() -> [NewEvent; 2] {
    [
        registered(account(1), "Ada Lovelace"),
        asked(1, Some(account(1)), "Baking", "How do I bake a cake?"),
    ]
}

#[tokio::test]
async fn personal_data_is_in_no_file() {
    let folder = Folder::new();
    let journal = folder.journal().unwrap();
    let [name, question] = personal();
    append(&journal, Expected::NoStream, &[name]).await.unwrap();
    journal.append_many(vec![question]).await.unwrap();
    let texts = ["Lovelace", "Baking", "bake a cake"];
    let look = || texts.map(|text| is_in_a_file(&folder, text.as_bytes()));
    assert_eq!(look(), [false; 3]);
    // What isn't personal is there, so it was looked for in the right place.
    assert!(is_in_a_file(&folder, b"sealed") && is_in_a_file(&folder, b"\"cake\""));
    journal.forget(account(1), Content::Remove).await.unwrap();
    assert_eq!(look(), [false; 3]);
    drop(journal);
    assert_eq!(look(), [false; 3]);
}

#[tokio::test]
async fn what_is_forgotten_is_gone_from_a_copy_that_was_made_before() {
    let folder = Folder::new();
    let journal = folder.journal().unwrap();
    let events = personal();
    journal.append_many(events.to_vec()).await.unwrap();
    let copy = folder.0.path().join("copy.db");
    let connection = Connection::open(folder.path()).unwrap();
    connection
        .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
        .unwrap();
    let read = async || {
        let journal = SqliteJournal::open(&copy, folder.keys()).unwrap();
        facts(all(&journal).await)
    };
    assert_eq!(read().await, events.clone().map(|event| event.fact));
    journal.forget(account(1), Content::Remove).await.unwrap();
    assert_eq!(read().await, events.map(|event| withheld(&event)));
}

#[tokio::test]
async fn without_its_keys_everything_personal_reads_as_withheld() {
    let folder = Folder::new();
    let journal = folder.journal().unwrap();
    let [name, question] = personal();
    journal
        .append_many(vec![name.clone(), question.clone()])
        .await
        .unwrap();
    drop(journal);
    fs::remove_file(folder.keys_path()).unwrap();

    let journal = folder.journal().unwrap();
    let lost = [withheld(&name), withheld(&question)];
    assert_eq!(facts(all(&journal).await), lost);
    // New keys are made for what is recorded from now on; what was lost doesn't open with them.
    let edit = edited(1, "Never mind");
    append(&journal, Expected::Any, std::slice::from_ref(&edit))
        .await
        .unwrap();
    assert_eq!(facts(all(&journal).await)[..2], lost);
    assert_eq!(facts(all(&journal).await)[2], edit.fact);
}

#[tokio::test]
async fn a_sealed_value_in_the_place_of_another_reads_as_withheld() {
    let folder = Folder::new();
    let journal = folder.journal().unwrap();
    let events = ["yes", "no", "untouched"].map(|body| edited(1, body));
    journal.append_many(events.to_vec()).await.unwrap();
    let question = asked(2, Some(account(1)), "Title", "Text");
    journal.append_many(vec![question.clone()]).await.unwrap();
    // Between two events of the same account and key, and between two values of one event.
    folder.tamper(
        "DROP TRIGGER event_never_changes;
         CREATE TABLE was AS SELECT position, data FROM event;
         UPDATE event SET data = (SELECT data FROM was WHERE was.position = 3 - event.position)
         WHERE position < 3;
         UPDATE event SET data = json_set(data,
             '$.title', json_extract(data, '$.body'), '$.body', json_extract(data, '$.title'))
         WHERE position = 4",
    );
    let [yes, no, untouched] = events;
    assert_eq!(
        facts(all(&journal).await),
        [
            withheld(&yes),
            withheld(&no),
            untouched.fact,
            withheld(&question)
        ]
    );
}

#[tokio::test]
async fn values_that_were_never_sealed_read_as_they_are() {
    let folder = Folder::new();
    let journal = folder.journal().unwrap();
    let event = edited(1, "from before there were keys");
    append(&journal, Expected::Any, std::slice::from_ref(&event))
        .await
        .unwrap();
    folder.tamper(&format!(
        "DROP TRIGGER event_never_changes; UPDATE event SET data = '{}'",
        event.fact.encode().unwrap()
    ));
    assert_eq!(facts(all(&journal).await), [event.fact]);
}

#[tokio::test]
async fn what_is_no_seal_reads_as_withheld() {
    let folder = Folder::new();
    let journal = folder.journal().unwrap();
    let event = edited(1, "a");
    append(&journal, Expected::Any, std::slice::from_ref(&event))
        .await
        .unwrap();
    folder.tamper("DROP TRIGGER event_never_changes");
    for sealed in ["", "AAAA", "not base64!", &"A".repeat(200)] {
        folder.tamper(&format!(
            "UPDATE event SET data = json_set(data, '$.body.sealed', '{sealed}')"
        ));
        assert_eq!(facts(all(&journal).await), [withheld(&event)]);
    }
}

#[tokio::test]
async fn a_journal_opened_to_be_read_forgets_nobody() {
    let folder = Folder::new();
    let journal = folder.journal().unwrap();
    let events = personal();
    journal.append_many(events.to_vec()).await.unwrap();
    let reading = folder.read_only().unwrap();
    let error = reading.forget(account(1), Content::Remove).await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("read only"), "{error}");
    assert_eq!(facts(all(&reading).await), events.map(|event| event.fact));
}

#[tokio::test]
async fn an_append_whose_keys_can_not_be_kept_records_nothing() {
    let folder = Folder::new();
    let journal = folder.journal().unwrap();
    let connection = Connection::open(folder.keys_path()).unwrap();
    connection
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON account
             BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
        )
        .unwrap();
    let event = edited(1, "a");
    let refused = append(&journal, Expected::Any, std::slice::from_ref(&event)).await;
    let error = refused.unwrap_err();
    assert!(matches!(error, AppendError::Journal(JournalError::Keys(_))));
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert_eq!(all(&journal).await, []);

    connection.execute_batch("DROP TRIGGER full").unwrap();
    append(&journal, Expected::Any, std::slice::from_ref(&event))
        .await
        .unwrap();
    assert_eq!(facts(all(&journal).await), [event.fact]);
}

/// What a search finds of a type, an actor or a stream, starting at the end, and what it didn't look at.
async fn searched(journal: &SqliteJournal, filter: Filter) -> (Vec<u64>, Option<Stretch>) {
    let search = Search {
        filter: &filter,
        within: Stretch::until(u64::MAX),
        direction: Direction::Backward,
        limit: 5,
    };
    let found = journal.search(&search).await.unwrap();
    let positions = found.events.iter().map(|event| event.position);
    (positions.collect(), found.rest)
}

fn rare() -> [Filter; 3] {
    [
        Filter {
            types: vec!["PostEdited".into()],
            ..Filter::default()
        },
        Filter {
            actors: vec![account(7)],
            ..Filter::default()
        },
        Filter {
            streams: vec![Streams::Named(stream(7))],
            ..Filter::default()
        },
    ]
}

/// A rare event, with more before and after it than a search looks at.
async fn with_a_rare_event(folder: &Folder) -> SqliteJournal {
    let journal = folder.journal().unwrap();
    let mut rare = edited(7, "a");
    rare.actor = Some(account(7));
    let likes = || (0..=LOOKED_AT).map(|_| liked());
    let events = likes().chain([rare]).chain(likes());
    journal.append_many(events.collect()).await.unwrap();
    journal
}

#[tokio::test]
async fn what_is_rare_is_found_without_looking_at_all_else() {
    let folder = Folder::new();
    let journal = with_a_rare_event(&folder).await;
    for filter in rare() {
        let (found, rest) = searched(&journal, filter).await;
        assert_eq!((found, rest), (vec![LOOKED_AT as u64 + 2], None));
    }
}

#[tokio::test]
async fn a_journal_of_before_is_searched_too_and_gets_indexes_once_it_is_opened_to_be_written() {
    let folder = Folder::new();
    drop(with_a_rare_event(&folder).await);
    folder.tamper("DROP INDEX event_by_type; DROP INDEX event_by_actor");
    let read_only = folder.read_only().unwrap();
    for filter in rare() {
        assert_eq!(searched(&read_only, filter).await.0.len(), 1);
    }
    drop(folder.journal().unwrap());
    let connection = Connection::open(folder.path()).unwrap();
    let indexes = "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'event_by_%'";
    let indexes: i64 = connection.query_row(indexes, [], |row| row.get(0)).unwrap();
    assert_eq!(indexes, 2);
}
