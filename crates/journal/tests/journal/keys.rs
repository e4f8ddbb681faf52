//! The keyring.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use plaudit_domain::personal::Part;
use plaudit_domain::{AccountId, NewEvent};
use plaudit_journal::keys::{FILE_NAME, Keyring, KeysError, MasterKey};
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_journal::{Expected, Journal};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::given::{account, append, asked, registered};

/// A folder with a keyring in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join(FILE_NAME)
    }

    fn keys(&self) -> Result<Keyring, KeysError> {
        self.keys_with(&"5a".repeat(32))
    }

    fn keys_with(&self, master: &str) -> Result<Keyring, KeysError> {
        Keyring::open(&self.path(), &MasterKey::parse(master).unwrap())
    }

    fn journal(&self, keys: &Arc<Keyring>) -> SqliteJournal {
        let path = self.0.path().join("journal.db");
        SqliteJournal::open(&path, Arc::clone(keys)).unwrap()
    }

    fn connection(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    /// How many transactions were written to the file: SQLite counts them in its header.
    fn transactions(&self) -> u32 {
        let file = fs::read(self.path()).unwrap();
        u32::from_be_bytes(file[24..28].try_into().unwrap())
    }
}

#[test]
fn another_master_key_is_told_at_once() {
    let folder = Folder::new();
    drop(folder.keys().unwrap());
    let before = fs::read(folder.path()).unwrap();
    let error = folder.keys_with(&"5b".repeat(32)).err().unwrap();
    assert!(matches!(error, KeysError::WrongMasterKey { .. }), "{error}");
    let error = error.to_string();
    assert!(error.contains("another master key"), "{error}");
    assert!(error.contains(FILE_NAME), "{error}");
    assert_eq!(fs::read(folder.path()).unwrap(), before);
    folder.keys().unwrap();
}

#[test]
fn a_file_of_something_else_is_refused_and_stays_as_it_is() {
    let folder = Folder::new();
    let cake = "CREATE TABLE cake (name TEXT)";
    folder.connection().execute_batch(cake).unwrap();
    let before = fs::read(folder.path()).unwrap();
    let error = folder.keys().err().unwrap().to_string();
    assert!(error.contains("not a Plaudit keyring"), "{error}");
    assert!(error.contains(FILE_NAME), "{error}");
    assert_eq!(fs::read(folder.path()).unwrap(), before);
}

#[test]
fn a_keyring_of_a_newer_schema_is_refused() {
    let folder = Folder::new();
    drop(folder.keys().unwrap());
    let newer = "PRAGMA user_version = 2";
    folder.connection().execute_batch(newer).unwrap();
    let error = folder.keys().err().unwrap().to_string();
    assert!(error.contains("newer Plaudit"), "{error}");
}

#[test]
fn many_may_make_the_same_keyring_at_the_same_time() {
    let folder = Folder::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| folder.keys().unwrap());
        }
    });
    folder.keys().unwrap();
}

#[tokio::test]
async fn the_keys_that_a_batch_needs_are_made_in_one_transaction() {
    let folder = Folder::new();
    let keys = Arc::new(folder.keys().unwrap());
    let journal = folder.journal(&keys);
    let before = folder.transactions();
    let batch = |from: u128| -> Vec<NewEvent> {
        let name = |number| registered(account(number), "Ada");
        (from..from + 5_000).map(name).collect()
    };
    journal.append_many(batch(0)).await.unwrap();
    assert_eq!(folder.transactions(), before + 1);
    // Those that are there already are neither made nor written again.
    journal.append_many(batch(2_500)).await.unwrap();
    assert_eq!(folder.transactions(), before + 2);
    let again = batch(0)[..1_000].to_vec();
    journal.append_many(again).await.unwrap();
    assert_eq!(folder.transactions(), before + 2);
    let count = "SELECT count(*) FROM account";
    let count: i64 = folder
        .connection()
        .query_row(count, [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 7_500);
}

#[tokio::test]
async fn what_says_nothing_about_anybody_needs_no_keys() {
    let folder = Folder::new();
    let keys = Arc::new(folder.keys().unwrap());
    let journal = folder.journal(&keys);
    let before = folder.transactions();
    let event = asked(1, None, "Baking", "A cake?");
    append(&journal, Expected::NoStream, &[event])
        .await
        .unwrap();
    assert_eq!(folder.transactions(), before);
}

#[tokio::test]
async fn a_destroyed_key_is_in_no_file() {
    let folder = Folder::new();
    let keys = Arc::new(folder.keys().unwrap());
    let journal = folder.journal(&keys);
    let events = (0..3_000).map(|number| registered(account(number), "Ada"));
    journal.append_many(events.collect()).await.unwrap();
    let stored = || -> Vec<[Vec<u8>; 2]> {
        let connection = folder.connection();
        let sql = "SELECT identity, content FROM account ORDER BY id";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok([row.get(0)?, row.get(1)?]));
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    };
    let before = stored();
    let is_gone = |number: u128| number.is_multiple_of(10);
    for number in (0..3_000).filter(|number| is_gone(*number)) {
        keys.destroy(account(number), &[Part::Identity])
            .await
            .unwrap();
    }
    let times = |key: &[u8]| -> usize {
        fs::read_dir(folder.0.path())
            .unwrap()
            .map(|file| fs::read(file.unwrap().path()).unwrap())
            .map(|file| file.windows(key.len()).filter(|part| part == &key).count())
            .sum()
    };
    // A few of them, because looking takes its time; pieces of a key are as bad as all of it.
    for (number, [identity, content]) in (0..).zip(&before).step_by(150) {
        let expected = usize::from(!is_gone(number));
        assert_eq!(times(&identity[..16]), expected);
        assert_eq!(times(&identity[56..]), expected);
        assert_eq!(times(content), 1);
    }
    let zeros = stored()
        .iter()
        .filter(|[identity, _]| identity.iter().all(|byte| *byte == 0))
        .count();
    assert_eq!(zeros, 300);
}

#[tokio::test]
async fn damaged_keys_are_told_and_taken_for_nothing_else() {
    let folder = Folder::new();
    let journal = folder.journal(&Arc::new(folder.keys().unwrap()));
    let names = [1, 2].map(|number| registered(account(number), "Ada"));
    journal.append_many(names.to_vec()).await.unwrap();
    // The keys of one account in the place of another's.
    let sql = "UPDATE account SET identity =
                   (SELECT identity FROM account other WHERE other.made <> account.made)
               WHERE made = 1";
    folder.connection().execute_batch(sql).unwrap();
    let journal = folder.journal(&Arc::new(folder.keys().unwrap()));
    let error = journal.read_all(0, 10).await.unwrap_err().to_string();
    assert!(error.contains("damaged"), "{error}");
    let named = |account: AccountId| error.contains(&account.to_string());
    assert!(named(account(1)) || named(account(2)), "{error}");
}
