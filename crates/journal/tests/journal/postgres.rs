//! The journal in a PostgreSQL database.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plaudit_domain::erasure::Content;
use plaudit_journal::keys::{Keyring, MasterKey};
use plaudit_journal::location::Location;
use plaudit_journal::postgres::PostgresJournal;
use plaudit_journal::{
    AppendError, Appended, Expected, Follow, Journal, JournalError, SharedJournal,
};
use plaudit_postgres::{Address, Connection, PATIENCE};
use plaudit_testing::postgres::{Database, Server, database, execute, server};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::contract::{Place, keeps_the_contract};
use crate::given::{
    account, all, append, asked, edited, erased, facts, ids, inspected, liked, recorded,
    registered, stream, withheld,
};
use crate::proxy::Proxy;

keeps_the_contract!(Databases::new());

/// Longer than anything takes that isn't stuck.
const LONG: Duration = Duration::from_secs(40);

/// A database with a journal in it, and one with its keys.
pub struct Databases {
    journal: Database,
    keys: Database,
}

impl Databases {
    pub fn new() -> Option<Self> {
        Some(Self {
            journal: database()?,
            keys: database()?,
        })
    }

    /// On a server that a test has for itself.
    fn on(server: &Server) -> Self {
        Self {
            journal: server.database(),
            keys: server.database(),
        }
    }

    fn address(&self) -> Address {
        Address::parse(&self.journal.url).unwrap()
    }

    /// Opened anew each time, as another process would.
    pub async fn keys(&self) -> Arc<Keyring> {
        let address = Address::parse(&self.keys.url).unwrap();
        let master = MasterKey::parse(&"5a".repeat(32)).unwrap();
        Arc::new(Keyring::open_postgres(address, &master).await.unwrap())
    }

    async fn journal(&self) -> SharedJournal {
        Arc::new(self.try_journal().await.unwrap())
    }

    async fn try_journal(&self) -> Result<PostgresJournal, JournalError> {
        PostgresJournal::open(self.address(), self.keys().await).await
    }

    async fn read_only(&self) -> Result<PostgresJournal, JournalError> {
        PostgresJournal::open_read_only(self.address(), self.keys().await).await
    }

    /// Does something that no journal would do.
    fn tamper(&self, sql: &str) {
        execute(&self.journal.url, sql).unwrap();
    }

    async fn connection(&self) -> Connection {
        self.address().connect().await.unwrap()
    }
}

impl Place for Databases {
    async fn open(&self) -> SharedJournal {
        self.journal().await
    }
}

/// Why nobody can open a journal there.
async fn refusal(url: &str) -> String {
    let keys = Arc::new(Keyring::in_memory().unwrap());
    let location = Location::parse(url).unwrap().unwrap();
    let error = location.open(keys).await.err().unwrap();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    error.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_reader_passes_an_event_that_is_committed_late() {
    let Some(place) = Databases::new() else {
        return;
    };
    let journal = place.journal().await;
    append(&*journal, Expected::Any, &[liked()]).await.unwrap();
    // Somebody inserts event 2, as a writer would, and is slow to commit it.
    let slow = place.connection().await;
    let lock = "SELECT pg_advisory_xact_lock(5795113976906872178)";
    slow.batch_execute(&format!(
        "BEGIN; {lock};
         INSERT INTO plaudit_journal.event
         SELECT 2, gen_random_uuid(), stream || '-2', gen_random_uuid(), 0, type, version, occurred_at,
                recorded_at, actor, correlation, causation, imported, data
         FROM plaudit_journal.event"
    ))
    .await
    .unwrap();

    // Others record meanwhile, and somebody follows.
    let mut writers = JoinSet::new();
    for _ in 0..20 {
        let journal = Arc::clone(&journal);
        writers.spawn(async move { append(&*journal, Expected::NoStream, &[liked()]).await });
    }
    let mut follow = Follow::new(place.journal().await, 0, 100);
    let mut seen: Vec<u64> = follow
        .next()
        .await
        .unwrap()
        .iter()
        .map(|it| it.position)
        .collect();
    assert_eq!(seen, [1]);
    for _ in 0..20 {
        assert!(
            timeout(Duration::from_millis(50), follow.next())
                .await
                .is_err()
        );
        assert_eq!(journal.head().await.unwrap(), 1);
        assert!(writers.try_join_next().is_none());
    }
    slow.batch_execute("COMMIT").await.unwrap();
    while seen.len() < 22 {
        let events = timeout(LONG, follow.next()).await.unwrap().unwrap();
        seen.extend(events.iter().map(|event| event.position));
    }
    assert!(seen.iter().copied().eq(1..=22), "{seen:?}");
    for appended in writers.join_all().await {
        assert!(appended.unwrap().position > 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_is_stuck_in_a_transaction_keeps_others_waiting_no_longer_than_they_can() {
    let Some(place) = Databases::new() else {
        return;
    };
    let journal = place.journal().await;
    let slow = place.connection().await;
    let lock = "BEGIN; SELECT pg_advisory_xact_lock(5795113976906872178)";
    slow.batch_execute(lock).await.unwrap();
    let began = Instant::now();
    let error = append(&*journal, Expected::Any, &[liked()])
        .await
        .unwrap_err();
    assert!(
        matches!(&error, AppendError::Journal(error) if error.is_passing()),
        "{error}"
    );
    assert!(began.elapsed() < PATIENCE * 2);
    // Reading goes on, and so does writing once they are through.
    assert_eq!(journal.head().await.unwrap(), 0);
    slow.batch_execute("ROLLBACK").await.unwrap();
    let appended = append(&*journal, Expected::Any, &[liked()]).await;
    assert_eq!(appended.unwrap(), recorded(1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_follower_is_woken_by_the_commit() {
    let Some(place) = Databases::new() else {
        return;
    };
    let (journal, other) = (place.journal().await, place.journal().await);
    // Until it listens it looks now and then.
    append(&*journal, Expected::Any, &[liked()]).await.unwrap();
    let waiting = timeout(Duration::from_secs(2), other.wait_past(1)).await;
    assert!(waiting.is_err());
    let started = Instant::now();
    for position in 1..=40 {
        let waiting = Arc::clone(&other);
        let waiting = tokio::spawn(async move { waiting.wait_past(position).await });
        sleep(Duration::from_millis(5)).await;
        append(&*journal, Expected::Any, &[liked()]).await.unwrap();
        waiting.await.unwrap().unwrap();
    }
    // Looking now and then would take 250 ms each.
    assert!(
        started.elapsed() < Duration::from_secs(6),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_follower_whose_connection_is_lost_looks_by_itself_and_listens_again() {
    let Some(place) = Databases::new() else {
        return;
    };
    let (journal, other) = (place.journal().await, place.journal().await);
    let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    let connection = place.connection().await;
    for position in 0..4 {
        let waiting = Arc::clone(&other);
        let waiting = tokio::spawn(async move { waiting.wait_past(position).await });
        // Until it listens.
        let began = Instant::now();
        while connection.query(terminate, &[]).await.unwrap().is_empty() {
            assert!(began.elapsed() < LONG);
            sleep(Duration::from_millis(20)).await;
        }
        // While it doesn't.
        append(&*journal, Expected::Any, &[liked()]).await.unwrap();
        timeout(Duration::from_secs(3), waiting)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn how_the_database_is_set_changes_nothing() {
    let Some(place) = Databases::new() else {
        return;
    };
    let name = place.journal.url.rsplit_once('/').unwrap().1;
    for setting in [
        "default_transaction_isolation = 'serializable'",
        "synchronous_commit = off",
        "search_path = nowhere",
    ] {
        place.tamper(&format!("ALTER DATABASE {name} SET {setting}"));
    }
    let journals = [place.journal().await, place.journal().await];
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let journal = Arc::clone(&journals[writer % 2]);
        writers.spawn(async move {
            for _ in 0..25 {
                let appended = append(&*journal, Expected::Any, &[edited(1, "a")]).await;
                assert_eq!(appended.unwrap().recorded, 1);
            }
        });
    }
    writers.join_all().await;
    assert_eq!(all(&*journals[0]).await.len(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_refusal_leaves_the_others_of_its_transaction_alone() {
    let Some(place) = Databases::new() else {
        return;
    };
    let journal = place.journal().await;
    append(&*journal, Expected::NoStream, &[edited(1, "a")])
        .await
        .unwrap();
    // All of these wait for the same transaction.
    let slow = place.connection().await;
    let lock = "BEGIN; SELECT pg_advisory_xact_lock(5795113976906872178)";
    slow.batch_execute(lock).await.unwrap();
    let mut appends = JoinSet::new();
    for number in 0..60 {
        let journal = Arc::clone(&journal);
        appends.spawn(async move {
            let number = if number % 3 == 0 { 1 } else { 100 + number };
            let appended = append(&*journal, Expected::NoStream, &[edited(number, "b")]).await;
            (number, appended)
        });
    }
    sleep(Duration::from_millis(100)).await;
    slow.batch_execute("ROLLBACK").await.unwrap();
    for (number, appended) in appends.join_all().await {
        match number {
            1 => assert!(matches!(
                appended.unwrap_err(),
                AppendError::Conflict { .. }
            )),
            _ => assert_eq!(appended.unwrap().recorded, 1),
        }
    }
    assert_eq!(all(&*journal).await.len(), 41);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_append_whose_answer_is_lost_is_recorded_once() {
    let Some(place) = Databases::new() else {
        return;
    };
    let proxy = Proxy::to(&place.journal.url);
    let journal = PostgresJournal::open(Address::parse(&proxy.url).unwrap(), place.keys().await);
    let journal = journal.await.unwrap();
    append(&journal, Expected::NoStream, &[edited(1, "a")])
        .await
        .unwrap();
    let mut position = 1;
    for (number, cut) in [true, false, true, true, false].into_iter().enumerate() {
        // What is sent last arrives, or doesn't; its answer never does.
        proxy.cut_at("COMMIT", cut);
        let expected = Expected::Revision(number as u64 * 2);
        let two = [edited(1, "b"), edited(1, "c")];
        let appended = append(&journal, expected, &two).await.unwrap();
        position += 2;
        // Whether it was recorded at once or later: who asked is told of the first time.
        assert_eq!(appended, recorded(2, position));
        assert_eq!(proxy.cuts(), number + 1);
    }
    assert_eq!(all(&journal).await.len(), 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_another_one_records_of_a_group_in_doubt_does_not_pass_for_the_group() {
    let Some(place) = Databases::new() else {
        return;
    };
    let (journal, other) = (place.journal().await, place.journal().await);
    // Whoever commits while there is a row in `slow` hangs in the middle of it.
    place.tamper(
        "CREATE TABLE public.slow AS SELECT true;
         CREATE FUNCTION public.hang() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF EXISTS (SELECT FROM public.slow) THEN PERFORM pg_sleep(60); END IF;
             RETURN NULL;
         END $$;
         CREATE CONSTRAINT TRIGGER hang AFTER INSERT ON plaudit_journal.event
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.hang()",
    );
    let (first, second) = (edited(1, "a"), edited(2, "b"));
    let both = vec![first.clone(), second.clone()];
    let recording = tokio::spawn(async move { journal.append_many(both).await });
    let observer = place.connection().await;
    let hangs = "SELECT FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event = 'PgSleep'";
    let began = Instant::now();
    while observer.query(hangs, &[]).await.unwrap().is_empty() {
        assert!(began.elapsed() < LONG);
        sleep(Duration::from_millis(10)).await;
    }
    place.tamper("DELETE FROM public.slow");

    // Who got no answer asks somebody else, who waits for the first: and that one is gone.
    let again = tokio::spawn(async move { append(&*other, Expected::Any, &[first]).await });
    sleep(Duration::from_millis(300)).await;
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event = 'PgSleep'";
    assert_eq!(observer.query(kill, &[]).await.unwrap().len(), 1);
    assert_eq!(again.await.unwrap().unwrap(), recorded(1, 1));
    assert_eq!(recording.await.unwrap().unwrap(), recorded(1, 2));
    let there = all(&*place.journal().await).await;
    assert_eq!(there[1].id, second.id);
    assert_eq!(there.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn restarts_lose_and_repeat_nothing() {
    let Some(server) = server() else { return };
    let place = Databases::on(&server);
    let journals = [place.journal().await, place.journal().await];
    let mut writers = JoinSet::new();
    let stop = Arc::new(tokio::sync::Notify::new());
    let until = Instant::now() + Duration::from_secs(12);
    for writer in 0..8 {
        let journal = Arc::clone(&journals[writer % 2]);
        writers.spawn(async move {
            let mut acknowledged = Vec::new();
            while Instant::now() < until {
                let event = edited(writer as u128, "a");
                let began = Instant::now();
                let appended = append(&*journal, Expected::Any, std::slice::from_ref(&event)).await;
                assert!(began.elapsed() < PATIENCE * 2);
                match appended {
                    Ok(Appended { recorded, .. }) => {
                        assert_eq!(recorded, 1);
                        acknowledged.push(event.id);
                    }
                    Err(error) => {
                        let passing = matches!(&error, AppendError::Journal(it) if it.is_passing());
                        assert!(passing, "{error}");
                    }
                }
            }
            acknowledged
        });
    }
    let mut follow = Follow::new(place.journal().await, 0, 100);
    let (seen, stopped) = (Arc::new(parking_lot::Mutex::new(Vec::new())), stop.clone());
    let following = {
        let seen = seen.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = stopped.notified() => return,
                    events = follow.next() => if let Ok(events) = events {
                        seen.lock().extend(events.iter().map(|event| event.position));
                    },
                }
            }
        })
    };
    let server = Arc::new(server);
    for _ in 0..4 {
        sleep(Duration::from_secs(2)).await;
        let server = server.clone();
        tokio::task::spawn_blocking(move || server.restart())
            .await
            .unwrap();
    }
    let acknowledged: Vec<_> = writers.join_all().await.into_iter().flatten().collect();
    assert!(acknowledged.len() > 100, "{}", acknowledged.len());
    let there = all(&*journals[0]).await;
    let there_ids: std::collections::HashSet<_> = ids(&there).into_iter().collect();
    assert_eq!(there_ids.len(), there.len());
    assert!(acknowledged.iter().all(|id| there_ids.contains(id)));
    let began = Instant::now();
    while seen.lock().len() < there.len() && began.elapsed() < LONG {
        sleep(Duration::from_millis(50)).await;
    }
    stop.notify_one();
    following.await.unwrap();
    assert!(seen.lock().iter().copied().eq(1..=there.len() as u64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_the_server_is_away_all_is_told_to_try_again_and_recovers() {
    let Some(server) = server() else { return };
    let place = Databases::on(&server);
    let journal = place.journal().await;
    let event = edited(1, "a");
    append(&*journal, Expected::NoStream, &[event])
        .await
        .unwrap();
    server.stop();
    let began = Instant::now();
    let one = [liked()];
    let (appended, read) = tokio::join!(
        append(&*journal, Expected::Any, &one),
        journal.read_all(0, 10),
    );
    let (appended, read) = (appended.unwrap_err(), read.unwrap_err());
    assert!(
        matches!(&appended, AppendError::Journal(it) if it.is_passing()),
        "{appended}"
    );
    assert!(read.is_passing(), "{read}");
    for error in [appended.to_string(), read.to_string()] {
        assert!(
            error.contains("isn't available just now, try again"),
            "{error}"
        );
    }
    let away = began.elapsed();
    assert!(away > PATIENCE / 2 && away < PATIENCE * 2, "{away:?}");
    // What is opened now is told at once.
    let error = place.read_only_without_keys().await;
    assert!(error.contains("is PostgreSQL running there?"), "{error}");

    server.start();
    assert_eq!(journal.read_all(0, 10).await.unwrap().len(), 1);
    let appended = append(&*journal, Expected::Revision(0), &[edited(1, "b")]).await;
    assert_eq!(appended.unwrap(), recorded(1, 2));
}

impl Databases {
    async fn read_only_without_keys(&self) -> String {
        let keys = Arc::new(Keyring::in_memory().unwrap());
        let opened = PostgresJournal::open_read_only(self.address(), keys).await;
        opened.err().unwrap().to_string()
    }
}

#[tokio::test]
async fn what_cannot_be_opened_is_told_with_what_to_do() {
    let Some(place) = Databases::new() else {
        return;
    };
    let url = &place.journal.url;
    let (start, end) = url.split_once('@').unwrap();
    let scheme = start.split("://").next().unwrap();
    let (server, name) = end.rsplit_once('/').unwrap();
    let with = |user: &str, database: &str| format!("{scheme}://{user}@{server}/{database}");
    let said = refusal(&with("plaudit:hunter2", name)).await;
    assert!(said.contains("check user and password"), "{said}");
    let said = refusal(&format!("{url}?sslmode=require")).await;
    assert!(said.contains("sslmode=disable"), "{said}");
    let own = &start[scheme.len() + 3..];
    let said = refusal(&with(own, "nowhere")).await;
    assert!(said.contains("\"nowhere\" does not exist"), "{said}");
    assert!(said.contains("CREATE DATABASE"), "{said}");
    let said = refusal("postgres://ada:hunter2@127.0.0.1:1/plaudit").await;
    assert!(said.contains("is PostgreSQL running there?"), "{said}");
    assert!(said.contains("ada@127.0.0.1:1/plaudit"), "{said}");

    let user = format!("reader_{name}");
    place.tamper(&format!("CREATE ROLE {user} LOGIN PASSWORD 'hunter2'"));
    let said = refusal(&with(&format!("{user}:hunter2"), name)).await;
    place.tamper(&format!("DROP ROLE {user}"));
    assert!(
        said.contains("permission denied") && said.contains("GRANT CREATE"),
        "{said}"
    );
}

#[tokio::test]
async fn a_database_in_another_encoding_is_refused() {
    let Some(place) = Databases::new() else {
        return;
    };
    let (server, name) = place.journal.url.rsplit_once('/').unwrap();
    let latin = format!("{name}_latin");
    place.tamper(&format!(
        "CREATE DATABASE {latin} ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
    ));
    let said = refusal(&format!("{server}/{latin}")).await;
    place.tamper(&format!("DROP DATABASE {latin} WITH (FORCE)"));
    assert!(said.contains("encoding is LATIN1"), "{said}");
    assert!(said.contains("ENCODING 'UTF8'"), "{said}");
}

#[tokio::test]
async fn a_journal_of_a_newer_schema_is_refused() {
    let Some(place) = Databases::new() else {
        return;
    };
    drop(place.journal().await);
    place.tamper("INSERT INTO plaudit_journal.migration VALUES (99, 'more', '', '')");
    for error in [
        place.try_journal().await.err().unwrap(),
        place.read_only().await.err().unwrap(),
    ] {
        assert!(error.to_string().contains("newer Plaudit"), "{error}");
    }
}

#[tokio::test]
async fn what_is_somebody_elses_is_refused_and_stays() {
    let Some(place) = Databases::new() else {
        return;
    };
    place.tamper("CREATE SCHEMA plaudit_journal; CREATE TABLE plaudit_journal.cake (name text)");
    let error = place.try_journal().await.err().unwrap().to_string();
    assert!(error.contains("not a journal of Plaudit"), "{error}");
    place.tamper("DROP TABLE plaudit_journal.cake");
    place.try_journal().await.unwrap();
}

#[tokio::test]
async fn a_journal_and_its_keys_are_not_in_the_same_database() {
    let Some(place) = Databases::new() else {
        return;
    };
    drop(place.journal().await);
    let master = MasterKey::parse(&"5a".repeat(32)).unwrap();
    let keys = Keyring::open_postgres(place.address(), &master).await;
    let error = keys.err().unwrap().to_string();
    assert!(error.contains("has to be in another one"), "{error}");
    let address = Address::parse(&place.keys.url).unwrap();
    let journal = PostgresJournal::open(address, place.keys().await).await;
    let error = journal.err().unwrap().to_string();
    assert!(error.contains("has to be in another one"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_may_make_the_same_journal_at_the_same_time() {
    let Some(place) = Databases::new() else {
        return;
    };
    let place = Arc::new(place);
    let mut opening = JoinSet::new();
    for _ in 0..8 {
        let place = place.clone();
        opening.spawn(async move { place.try_journal().await.map(drop) });
    }
    for opened in opening.join_all().await {
        opened.unwrap();
    }
}

#[tokio::test]
async fn who_may_only_write_events_needs_no_more_rights() {
    let Some(place) = Databases::new() else {
        return;
    };
    drop(place.journal().await);
    let (start, end) = place.journal.url.split_once('@').unwrap();
    let scheme = start.split("://").next().unwrap();
    let name = end.rsplit_once('/').unwrap().1;
    let user = format!("writer_{name}");
    place.tamper(&format!(
        "CREATE ROLE {user} LOGIN PASSWORD 'hunter2'; GRANT USAGE ON SCHEMA plaudit_journal TO {user};
         GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA plaudit_journal TO {user}"
    ));
    let address = Address::parse(&format!("{scheme}://{user}:hunter2@{end}")).unwrap();
    let journal = PostgresJournal::open(address, place.keys().await)
        .await
        .unwrap();
    append(&journal, Expected::Any, &[liked()]).await.unwrap();
    assert_eq!(all(&journal).await.len(), 1);
    drop(journal);
    place.tamper(&format!("DROP OWNED BY {user}; DROP ROLE {user}"));
}

#[tokio::test]
async fn a_journal_opened_to_be_read_sees_everything_and_records_nothing() {
    let Some(place) = Databases::new() else {
        return;
    };
    let error = place.read_only().await.err().unwrap().to_string();
    assert!(
        error.contains("there is no journal of this version here"),
        "{error}"
    );
    let journal = place.journal().await;
    append(&*journal, Expected::Any, &[liked()]).await.unwrap();
    let reading = place.read_only().await.unwrap();
    append(&*journal, Expected::Any, &[liked()]).await.unwrap();
    reading.wait_past(1).await.unwrap();
    assert_eq!(all(&reading).await, all(&*journal).await);
    for error in [
        append(&reading, Expected::Any, &[liked()])
            .await
            .unwrap_err()
            .to_string(),
        reading
            .forget(account(1), Content::Keep)
            .await
            .unwrap_err()
            .to_string(),
    ] {
        assert!(error.contains("read only"), "{error}");
    }
}

#[tokio::test]
async fn recorded_events_can_not_be_changed_or_removed() {
    let Some(place) = Databases::new() else {
        return;
    };
    append(&*place.journal().await, Expected::Any, &[liked()])
        .await
        .unwrap();
    let connection = place.connection().await;
    for sql in [
        "UPDATE plaudit_journal.event SET data = '{}'",
        "DELETE FROM plaudit_journal.event",
        "TRUNCATE plaudit_journal.event",
    ] {
        let error = connection.batch_execute(sql).await.unwrap_err();
        let error = error.as_db_error().unwrap().message();
        assert!(error.contains("a recorded event never changes"), "{error}");
    }
}

#[tokio::test]
async fn personal_data_is_in_no_row() {
    let Some(place) = Databases::new() else {
        return;
    };
    let journal = place.journal().await;
    let events = [
        registered(account(1), "Ada Lovelace"),
        asked(1, Some(account(1)), "Baking", "How do I bake a cake?"),
    ];
    journal.append_many(events.to_vec()).await.unwrap();
    let rows = "SELECT string_agg(event::text, ' ') FROM plaudit_journal.event";
    let row = place.connection().await.query_one(rows, &[]).await.unwrap();
    let rows: &str = row.get(0);
    assert!(
        rows.contains("sealed") && rows.contains("\"cake\""),
        "{rows}"
    );
    for text in ["Lovelace", "Baking", "bake a cake"] {
        assert!(!rows.contains(text), "{rows}");
    }
    // Without its keys everything personal reads as withheld.
    let keys = Arc::new(Keyring::in_memory().unwrap());
    let journal = PostgresJournal::open_read_only(place.address(), keys)
        .await
        .unwrap();
    let withheld: Vec<_> = events.iter().map(withheld).collect();
    assert_eq!(facts(all(&journal).await), withheld);
}

/// What is found once something was done to the rows.
async fn flaws_after(sql: &str) -> Option<Vec<String>> {
    let place = Databases::new()?;
    let journal = place.journal().await;
    let history = vec![
        registered(account(1), "Ada"),
        asked(1, Some(account(1)), "Baking", "How do I bake a cake?"),
        edited(1, "How?"),
        liked(),
        registered(account(2), "Berta"),
        edited(2, "So?"),
    ];
    journal.append_many(history).await.unwrap();
    place.tamper(
        "ALTER TABLE plaudit_journal.event DISABLE TRIGGER ALL;
         ALTER TABLE plaudit_journal.event DROP CONSTRAINT event_id_key",
    );
    place.tamper(sql);
    let (at, flaws) = inspected(&*journal, 6).await;
    assert_eq!(at, 6);
    Some(flaws)
}

#[tokio::test]
async fn what_somebody_meddled_with_is_found_and_named() {
    for (change, expected) in [
        ("SET data = data", &[][..]),
        (
            "SET revision = 5 WHERE position = 3",
            &["event 3 has revision 5 in stream post-"],
        ),
        (
            "SET data = '{}' WHERE position = 3",
            &["event 3 can't be read: the body of a PostEdited"],
        ),
        (
            "SET type = 'PostBaked' WHERE position = 3",
            &["unknown event type PostBaked"],
        ),
        (
            "SET version = 77777 WHERE position = 3",
            &["77777 is no version"],
        ),
        (
            "SET version = 77 WHERE position = 3",
            &["PostEdited in version 77"],
        ),
        (
            "SET recorded_at = 5 WHERE position = 3",
            &["event 3 was recorded at 1970"],
        ),
        (
            "SET position = -7 WHERE position = 1",
            &["event -7 stands before", "event 1 is missing"],
        ),
        (
            "SET position = 9 WHERE position = 6",
            &["event 6 is missing"],
        ),
        (
            "SET id = (SELECT id FROM plaudit_journal.event WHERE position = 1) WHERE position = 4",
            &["event 4 has the id "],
        ),
        (
            "SET stream = 'post-of-another' WHERE position = 6",
            &[
                "event 6 stands in stream post-of",
                "event 6 isn't found in its stream",
            ],
        ),
        (
            "SET data = replace(data, substr(data, 70, 8), '________') WHERE position = 1",
            &["event 1 has something personal that doesn't open: it was changed"],
        ),
    ] {
        let flaws = flaws_after(&format!("UPDATE plaudit_journal.event {change}")).await;
        let Some(flaws) = flaws else { return };
        assert_eq!(flaws.len(), expected.len(), "{change}: {flaws:?}");
        for (flaw, expected) in flaws.iter().zip(expected) {
            assert!(flaw.contains(expected), "{change}: {flaw} isn't {expected}");
        }
    }
}

#[tokio::test]
async fn bodies_are_the_same_bytes_as_in_a_file() {
    let Some(place) = Databases::new() else {
        return;
    };
    let folder = crate::sqlite::Folder::new();
    let file = folder.journal().unwrap();
    let events = vec![
        registered(account(1), "Ada"),
        asked(
            1,
            Some(account(1)),
            "Baking",
            "\u{0}\u{7f}\u{1f370} \"cake\"\\",
        ),
        erased(account(1), Content::Keep),
        liked(),
    ];
    file.append_many(events).await.unwrap();
    let journal = place.journal().await;
    let kept = file
        .read_kept(plaudit_journal::Part::After(0), 10)
        .await
        .unwrap();
    journal.append_kept(kept).await.unwrap();
    let rows = "SELECT type, version, data FROM plaudit_journal.event ORDER BY position";
    let rows = place.connection().await.query(rows, &[]).await.unwrap();
    let copied = rows
        .iter()
        .map(|row| (row.get(0), row.get::<_, i32>(1), row.get(2)));
    assert_eq!(
        copied.collect::<Vec<(String, i32, String)>>(),
        folder.bodies()
    );
    assert_eq!(journal.read_stream(&stream(1)).await.unwrap().len(), 1);
}
