//! What holds for every keyring, in a file or on PostgreSQL.

use std::path::Path;
use std::sync::Arc;

use plaudit_domain::personal::Part;
use plaudit_domain::{AccountId, Fact, NewEvent};
use plaudit_journal::keys::{FILE_NAME, Keyring, KeysError, KeysLocation, MasterKey};
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_journal::{Expected, Journal};
use plaudit_testing::postgres::{Database, database};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::given::{account, all, append, asked, facts, registered, withheld};

/// Where a keyring is, and a folder for journals that use it.
struct Place {
    keys: KeysLocation,
    folder: TempDir,
    /// Goes with it.
    _database: Option<Database>,
}

impl Place {
    fn file() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        Some(Self {
            keys: KeysLocation::File(folder.path().join(FILE_NAME)),
            folder,
            _database: None,
        })
    }

    fn postgres() -> Option<Self> {
        let database = database()?;
        Some(Self {
            keys: KeysLocation::parse(&database.url).unwrap().unwrap(),
            folder: tempfile::tempdir().unwrap(),
            _database: Some(database),
        })
    }

    async fn try_keys(&self, master: &str) -> Result<Keyring, KeysError> {
        self.keys.open(&MasterKey::parse(master).unwrap()).await
    }

    /// Opened anew each time, as another process would.
    async fn keys(&self) -> Arc<Keyring> {
        Arc::new(self.try_keys(&"5a".repeat(32)).await.unwrap())
    }

    fn journal(&self, keys: &Arc<Keyring>) -> SqliteJournal {
        journal(self.folder.path(), keys)
    }
}

fn journal(folder: &Path, keys: &Arc<Keyring>) -> SqliteJournal {
    SqliteJournal::open(&folder.join("journal.db"), Arc::clone(keys)).unwrap()
}

fn question(number: u128, author: AccountId) -> NewEvent {
    asked(number, Some(author), "Baking", "A cake?")
}

async fn read(journal: &SqliteJournal) -> Vec<Fact> {
    facts(all(journal).await)
}

async fn another_master_key_is_told(place: &Place) {
    drop(place.keys().await);
    let error = place.try_keys(&"5b".repeat(32)).await.err().unwrap();
    assert!(matches!(error, KeysError::WrongMasterKey { .. }), "{error}");
    place.keys().await;
}

async fn two_agree_on_keys(place: &Place) {
    let keys = [place.keys().await, place.keys().await];
    let [one, other] = keys.each_ref().map(|keys| place.journal(keys));
    let events = [1, 2, 3].map(|number| question(number, account(1)));
    for (journal, event) in [&one, &other, &one].into_iter().zip(&events) {
        append(journal, Expected::NoStream, std::slice::from_ref(event))
            .await
            .unwrap();
    }
    let written = events.map(|event| event.fact);
    assert_eq!(read(&one).await, written);
    assert_eq!(read(&other).await, written);
}

async fn what_one_destroys_no_other_reads_any_more(place: &Place) {
    let keys = [place.keys().await, place.keys().await];
    let [one, other] = keys.each_ref().map(|keys| place.journal(keys));
    let events: Vec<_> = (0..20).map(|n| registered(account(n), "Ada")).collect();
    one.append_many(events.clone()).await.unwrap();
    for gone in 0..20 {
        // Both remember all keys by now.
        for journal in [&one, &other] {
            let expected = events
                .iter()
                .zip(0..)
                .map(|(event, number)| match number < gone {
                    true => withheld(event),
                    false => event.fact.clone(),
                });
            assert_eq!(read(journal).await, expected.collect::<Vec<_>>());
        }
        let account = account(u128::try_from(gone).unwrap());
        let keyring = &keys[usize::try_from(gone % 2).unwrap()];
        assert!(keyring.destroy(account, &[Part::Identity]).await.unwrap());
        assert!(!keyring.destroy(account, &[Part::Identity]).await.unwrap());
    }
}

async fn a_destroyed_key_is_not_made_again(place: &Place) {
    place
        .keys()
        .await
        .destroy(account(1), &[Part::Identity])
        .await
        .unwrap();
    for _ in 0..2 {
        let journal = place.journal(&place.keys().await);
        let event = registered(account(1), "Ada");
        append(&journal, Expected::Any, std::slice::from_ref(&event))
            .await
            .unwrap();
        let last = read(&journal).await.pop().unwrap();
        assert_eq!(last, withheld(&event));
    }
}

async fn parts_are_destroyed_each_by_itself_or_together(place: &Place) {
    let keys = place.keys().await;
    let journal = place.journal(&keys);
    for (number, (parts, gone)) in [
        (&[][..], [false, false]),
        (&[Part::Identity], [true, false]),
        (&[Part::Content], [false, true]),
        (&[Part::Identity, Part::Content], [true, true]),
    ]
    .into_iter()
    .enumerate()
    {
        let number = number as u128;
        let events = [
            registered(account(number), "Ada"),
            question(number, account(number)),
        ];
        journal.append_many(events.to_vec()).await.unwrap();
        for keys in [&keys, &place.keys().await] {
            keys.destroy(account(number), parts).await.unwrap();
            let expected = events.iter().zip(gone).map(|(event, gone)| match gone {
                true => withheld(event),
                false => event.fact.clone(),
            });
            let read = read(&journal).await;
            assert_eq!(read[read.len() - 2..], expected.collect::<Vec<_>>());
        }
    }
}

async fn many_make_the_same_keys_at_once(place: &Place) {
    let mut writers = JoinSet::new();
    let mut journals = Vec::new();
    for _ in 0..4 {
        journals.push(Arc::new(place.journal(&place.keys().await)));
    }
    for (number, journal) in journals.iter().enumerate() {
        let journal = Arc::clone(journal);
        let number = number as u128;
        let events =
            (0..300).map(|n| question(number * 1_000 + n, account((n * 7 + number) % 300)));
        let events: Vec<_> = events.collect();
        writers.spawn(async move { journal.append_many(events).await.unwrap() });
    }
    writers.join_all().await;
    let read = read(&place.journal(&place.keys().await)).await;
    assert_eq!(read.len(), 1_200);
    for mut fact in read {
        fact.personal(&mut |_, value| assert!(value.is_known()));
    }
}

async fn copied_keys_open_what_they_opened(place: &Place) {
    let source = place.keys().await;
    let journal = place.journal(&source);
    let events: Vec<_> = (0..1_200).map(|n| registered(account(n), "Ada")).collect();
    journal.append_many(events.clone()).await.unwrap();
    let gone = |number: u128| number.is_multiple_of(100);
    for number in (0..1_200).filter(|number| gone(*number)) {
        source
            .destroy(account(number), &[Part::Identity])
            .await
            .unwrap();
    }
    // Under another master key.
    let folder = tempfile::tempdir().unwrap();
    let master = MasterKey::parse(&"77".repeat(32)).unwrap();
    let target = Arc::new(Keyring::open(&folder.path().join(FILE_NAME), &master).unwrap());
    let copied = source.copy_to(&target).await.unwrap();
    assert_eq!(
        (copied.accounts, copied.copied, copied.destroyed),
        (1_200, 1_200, 0)
    );
    let copy = place.journal(&target);
    let expected = |is_gone: &dyn Fn(u128) -> bool| -> Vec<Fact> {
        let fact = |(number, event): (u128, &NewEvent)| match is_gone(number) {
            true => withheld(event),
            false => event.fact.clone(),
        };
        (0..).zip(&events).map(fact).collect()
    };
    assert_eq!(read(&copy).await, expected(&gone));
    // What is destroyed in either is destroyed in both.
    source.destroy(account(1), &[Part::Identity]).await.unwrap();
    target.destroy(account(2), &[Part::Identity]).await.unwrap();
    let copied = source.copy_to(&target).await.unwrap();
    assert_eq!(
        (copied.accounts, copied.copied, copied.destroyed),
        (1_200, 0, 1)
    );
    let copied = target.copy_to(&source).await.unwrap();
    assert_eq!(
        (copied.accounts, copied.copied, copied.destroyed),
        (1_200, 0, 1)
    );
    let gone = |number| gone(number) || number == 1 || number == 2;
    assert_eq!(read(&copy).await, expected(&gone));
    assert_eq!(read(&journal).await, expected(&gone));
    // Somebody else's are never taken for them.
    let other = Keyring::in_memory().unwrap();
    other.destroy(account(7), &[Part::Content]).await.unwrap();
    let error = other.copy_to(&target).await.unwrap_err();
    assert!(matches!(error, KeysError::Others { .. }), "{error}");
    assert_eq!(read(&copy).await, expected(&gone));
}

macro_rules! hold {
    ($($case:ident),+ $(,)?) => {
        mod file {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                let Some(place) = super::Place::file() else { return };
                super::$case(&place).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                let Some(place) = super::Place::postgres() else { return };
                super::$case(&place).await;
            })+
        }
    };
}

hold!(
    another_master_key_is_told,
    two_agree_on_keys,
    what_one_destroys_no_other_reads_any_more,
    a_destroyed_key_is_not_made_again,
    parts_are_destroyed_each_by_itself_or_together,
    many_make_the_same_keys_at_once,
    copied_keys_open_what_they_opened,
);
