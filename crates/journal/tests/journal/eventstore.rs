//! The journal in an EventStoreDB: over a real connection, against a server of ours that behaves like one
//! of a cluster: positions are places in a log, and events of its own stand between ours.
//!
//! `PLAUDIT_TEST_EVENTSTORE` names a real server instead, by its connection string: then the contract is
//! checked there. What is done to servers here can't be done to that one.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::unfold;
use parking_lot::Mutex;
use plaudit_domain::{Event, StreamName};
use plaudit_journal::eventstore::{ConnectionString, EventStoreJournal};
use plaudit_journal::keys::{FILE_NAME, Keyring, MasterKey};
use plaudit_journal::location::Location;
use plaudit_journal::search::{Direction, Filter, Search, Streams, Stretch};
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_journal::{AppendError, Expected, Follow, Journal, JournalError, Part, SharedJournal};
use plaudit_protocol::{Cluster, Positions, Protocol, Quick};
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use uuid::Uuid;

use crate::contract::{Place, keeps_the_contract};
use crate::given::{all, append, edited, ids, liked, new_ids, recorded, stream};

keeps_the_contract!(Some(Servers::named_or_new()));

/// Servers of one history, and where nodes keep what is theirs.
struct Servers {
    folder: TempDir,
    cluster: Cluster,
    servers: Mutex<Vec<Option<Runtime>>>,
    addresses: Vec<SocketAddr>,
    /// Of streams in a server that isn't ours.
    real: Option<(String, String)>,
}

impl Drop for Servers {
    fn drop(&mut self) {
        for server in self.servers.lock().drain(..).flatten() {
            server.shutdown_background();
        }
    }
}

impl Servers {
    /// The one that is named, with streams of its own; one of ours, where none is.
    fn named_or_new() -> Self {
        match std::env::var("PLAUDIT_TEST_EVENTSTORE") {
            Ok(url) if !url.is_empty() => {
                let mut servers = Self::not_started(0);
                servers.real = Some((url, format!("test-{}.", Uuid::new_v4())));
                servers
            }
            Ok(_) | Err(_) => Self::new(1),
        }
    }

    /// So many servers; the first of them leads.
    fn new(number: usize) -> Self {
        let servers = Self::not_started(number);
        for number in 0..number {
            servers.start(number);
        }
        servers
    }

    fn not_started(number: usize) -> Self {
        let addresses: Vec<_> = (0..number).map(|_| unused()).collect();
        Self {
            folder: quick_folder(),
            cluster: Cluster::of(addresses.clone()),
            servers: Mutex::new((0..number).map(|_| None).collect()),
            addresses,
            real: None,
        }
    }

    /// Starts one of them, on a runtime of its own, so that it can be stopped as a power failure does.
    fn start(&self, number: usize) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let journal = SqliteJournal::open(&self.history(), Arc::new(Keyring::in_memory().unwrap()));
        let standing = self.cluster.member(self.addresses[number]);
        let protocol = Protocol::imitating(Arc::new(journal.unwrap()), standing, Positions::Log);
        let address = self.addresses[number];
        runtime.block_on_elsewhere(async move {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseaddr(true).unwrap();
            socket.bind(address).unwrap();
            let listener = socket.listen(64).unwrap();
            tokio::spawn(async move {
                let incoming = unfold(listener, async |listener| {
                    let (stream, _) = listener.accept().await.unwrap();
                    Some((Quick::new(stream), listener))
                });
                protocol.serve(incoming, std::future::pending()).await;
            });
        });
        self.servers.lock()[number] = Some(runtime);
    }

    /// Stops one of them in the middle of whatever it does.
    fn kill(&self, number: usize) {
        let server = self.servers.lock()[number].take();
        server.unwrap().shutdown_background();
    }

    fn history(&self) -> PathBuf {
        self.folder.path().join("history.db")
    }

    fn address(&self) -> ConnectionString {
        ConnectionString::parse(&self.url()).unwrap()
    }

    fn url(&self) -> String {
        if let Some((url, prefix)) = &self.real {
            let joint = if url.contains('?') { '&' } else { '?' };
            return format!("{url}{joint}streamPrefix={prefix}");
        }
        let addresses: Vec<_> = self.addresses.iter().map(SocketAddr::to_string).collect();
        format!("esdb://{}?tls=false", addresses.join(","))
    }

    fn keys(&self) -> Arc<Keyring> {
        let master = MasterKey::parse(&"5a".repeat(32)).unwrap();
        Arc::new(Keyring::open(&self.folder.path().join(FILE_NAME), &master).unwrap())
    }

    /// A file for what a node counts.
    fn catalogue(&self) -> PathBuf {
        self.folder.path().join(Uuid::new_v4().to_string())
    }

    /// Opens the journal as a node does, which has such a file already or doesn't.
    async fn journal(&self, catalogue: &Path) -> Result<EventStoreJournal, JournalError> {
        let patience = Duration::from_secs(5);
        EventStoreJournal::open_with(self.address(), Some(catalogue), self.keys(), patience).await
    }

    async fn node(&self) -> EventStoreJournal {
        self.journal(&self.catalogue()).await.unwrap()
    }
}

/// Each time another node.
impl Place for Servers {
    async fn open(&self) -> SharedJournal {
        Arc::new(self.node().await)
    }
}

/// Runs something on a runtime from within another one.
trait BlockOnElsewhere {
    fn block_on_elsewhere(&self, future: impl Future<Output = ()> + Send);
}

impl BlockOnElsewhere for Runtime {
    fn block_on_elsewhere(&self, future: impl Future<Output = ()> + Send) {
        std::thread::scope(|scope| scope.spawn(|| self.block_on(future)).join().unwrap());
    }
}

/// A folder in memory, where there is such a thing: servers are stopped here, the machine isn't, and a disk would
/// take most of the time.
fn quick_folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// An address of this machine that nobody uses.
fn unused() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// What the server has, as its own journal reads it.
async fn kept(servers: &Servers) -> Vec<Event> {
    let keys = Arc::new(Keyring::in_memory().unwrap());
    let journal = SqliteJournal::open(&servers.history(), keys).unwrap();
    journal.read_all(0, usize::MAX).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_an_error_after_a_bounded_time() {
    let servers = Servers::not_started(1);
    let began = Instant::now();
    let patience = Duration::from_secs(1);
    let url = format!("esdb://ada:lovelace@{}?tls=false", servers.addresses[0]);
    let address = ConnectionString::parse(&url).unwrap();
    let opened = EventStoreJournal::open_with(address, None, servers.keys(), patience);
    let error = opened.await.err().unwrap();
    assert!(error.is_passing(), "{error}");
    let error = error.to_string();
    assert!(error.contains("can't be reached"), "{error}");
    assert!(error.contains(&servers.addresses[0].to_string()), "{error}");
    assert!(!error.contains("lovelace"), "{error}");
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_late_is_waited_for() {
    let servers = Arc::new(Servers::not_started(1));
    let late = Arc::clone(&servers);
    let starting = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(700));
        late.start(0);
    });
    let journal = servers.node().await;
    starting.await.unwrap();
    let event = liked();
    let appended = append(&journal, Expected::Any, std::slice::from_ref(&event)).await;
    assert_eq!(appended.unwrap(), recorded(1, 1));
    assert_eq!(ids(&all(&journal).await), [event.id]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_is_gone_in_the_middle_loses_and_repeats_nothing() {
    let servers = Arc::new(Servers::new(1));
    let journal: SharedJournal = Arc::new(servers.node().await);
    let reader: SharedJournal = Arc::new(servers.node().await);
    let writing: Vec<_> = (0..4)
        .map(|writer| {
            let journal = Arc::clone(&journal);
            tokio::spawn(async move {
                let mut written = Vec::new();
                for number in 0..60 {
                    let two = [edited(writer, "a"), edited(writer, "b")];
                    let expected = match number {
                        0 => Expected::NoStream,
                        number => Expected::Revision(2 * number - 1),
                    };
                    let appended = append(&*journal, expected, &two).await.unwrap();
                    assert_eq!(appended.recorded, 2);
                    written.extend(two.map(|event| event.id));
                }
                written
            })
        })
        .collect();
    // Who follows it notices nothing of it.
    let following = tokio::spawn(async move {
        let mut follow = Follow::new(reader, 0, 50);
        let mut seen = Vec::new();
        while seen.len() < 480 {
            match follow.next().await {
                Ok(events) => seen.extend(events),
                Err(error) => panic!("{error}"),
            }
        }
        seen
    });
    let meddling = Arc::clone(&servers);
    tokio::task::spawn_blocking(move || {
        for _ in 0..5 {
            std::thread::sleep(Duration::from_millis(120));
            meddling.kill(0);
            std::thread::sleep(Duration::from_millis(60));
            meddling.start(0);
        }
    })
    .await
    .unwrap();
    let mut written = Vec::new();
    for writing in writing {
        written.push(writing.await.unwrap());
    }
    let events = all(&*journal).await;
    assert_eq!(events.len(), 480);
    for (writer, written) in (0..).zip(&written) {
        let own: Vec<_> = events
            .iter()
            .filter(|event| event.stream == stream(writer))
            .collect();
        assert!(own.iter().map(|event| event.revision).eq(0..120));
        assert!(own.iter().map(|event| event.id).eq(written.iter().copied()));
    }
    let seen = timeout(Duration::from_secs(20), following).await.unwrap();
    assert_eq!(seen.unwrap(), events);
    assert_eq!(ids(&kept(&servers).await), ids(&events));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_whose_answer_is_lost_is_recorded_once() {
    let servers = Servers::new(1);
    let journal = servers.node().await;
    let mut expected = Vec::new();
    for (number, wanted) in [(1, Expected::NoStream), (2, Expected::Any)] {
        servers.cluster.lose_answers(2);
        let two = [edited(number, "a"), edited(number, "b")];
        let appended = append(&journal, wanted, &two).await.unwrap();
        expected.extend(two.map(|event| event.id));
        assert_eq!(appended, recorded(2, expected.len() as u64));
    }
    servers.cluster.lose_answers(3);
    let many: Vec<_> = (0..6).map(|number| edited(number % 3, "c")).collect();
    let appended = journal.append_many(many.clone()).await.unwrap();
    assert_eq!(appended, recorded(6, 10));
    expected.extend(new_ids(&many));
    assert_eq!(ids(&all(&journal).await), expected);
    assert_eq!(ids(&kept(&servers).await), expected);
}

/// The client waits with the second part of an append until the first has arrived, which a system tells after 40 ms
/// if it isn't told to do so at once.
#[tokio::test(flavor = "multi_thread")]
async fn an_append_does_not_wait_for_what_nobody_tells() {
    let servers = Servers::new(1);
    let journal = servers.node().await;
    let mut took = Vec::new();
    for _ in 0..60 {
        let began = Instant::now();
        append(&journal, Expected::NoStream, &[liked()])
            .await
            .unwrap();
        took.push(began.elapsed());
    }
    took.sort_unstable();
    let median = took[took.len() / 2];
    eprintln!("an append takes {median:?}");
    assert!(median < Duration::from_millis(38), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_comes_is_an_error_and_trying_again_records_it_once() {
    let servers = Servers::new(1);
    let journal = servers.node().await;
    servers.cluster.lose_answers(u32::MAX);
    let event = liked();
    let appended = append(&journal, Expected::NoStream, std::slice::from_ref(&event)).await;
    assert!(matches!(appended, Err(AppendError::Journal(_))));
    servers.cluster.lose_answers(0);
    // It was recorded all the same, which whoever tries again is told.
    let appended = append(&journal, Expected::NoStream, std::slice::from_ref(&event)).await;
    assert_eq!(appended.unwrap().position, 1);
    assert_eq!(ids(&all(&journal).await), [event.id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_leader_takes_what_the_old_one_does_not() {
    let servers = Servers::new(2);
    let journal = servers.node().await;
    let mut events = Vec::new();
    for leader in [0, 1, 0, 1] {
        servers.cluster.lead(leader);
        for _ in 0..3 {
            let event = liked();
            let appended = append(&journal, Expected::NoStream, std::slice::from_ref(&event)).await;
            events.push(event.id);
            assert_eq!(appended.unwrap(), recorded(1, events.len() as u64));
        }
    }
    // The leader is gone, and another one takes its place.
    servers.kill(1);
    servers.cluster.lead(0);
    let event = liked();
    let appended = append(&journal, Expected::NoStream, std::slice::from_ref(&event)).await;
    events.push(event.id);
    assert_eq!(appended.unwrap(), recorded(1, 13));
    assert_eq!(ids(&all(&journal).await), events);
    // It comes again and leads, which shows in nothing.
    servers.start(1);
    servers.cluster.lead(1);
    let appended = append(&journal, Expected::NoStream, &[liked()]).await;
    assert_eq!(appended.unwrap(), recorded(1, 14));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_whose_answers_are_lost_is_recorded_once_and_in_order() {
    let (source, servers) = (Servers::new(1), Servers::new(1));
    let original = source.node().await;
    let mut events: Vec<_> = (0..40).map(|number| edited(number % 7 / 2, "a")).collect();
    events[3].imported = true;
    original.append_many(events).await.unwrap();
    let kept_there = original.read_kept(Part::After(0), 100).await.unwrap();
    let journal = servers.node().await;
    for part in kept_there.chunks(15) {
        servers.cluster.lose_answers(3);
        journal.append_kept(part.to_vec()).await.unwrap();
    }
    // Whoever reads it anew has the same, times and all.
    for journal in [&journal, &servers.node().await] {
        let read = journal.read_kept(Part::After(0), 100).await.unwrap();
        assert_eq!(read, kept_there);
    }
    assert_eq!(ids(&kept(&servers).await), ids(&kept_there));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_opened_to_be_read_is_not_written() {
    let servers = Servers::new(1);
    let journal = servers.node().await;
    append(&journal, Expected::NoStream, &[liked()])
        .await
        .unwrap();
    let location = Location::parse(&servers.url()).unwrap().unwrap();
    assert!(location.is_there().await.unwrap());
    let reader = location.open_read_only(servers.keys()).await.unwrap();
    assert_eq!(all(&*reader).await, all(&journal).await);
    let copy = all(&journal).await;
    for error in [
        append(&*reader, Expected::Any, &[liked()])
            .await
            .unwrap_err(),
        reader.append_many(vec![liked()]).await.unwrap_err(),
        reader.append_kept(copy).await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("read only"), "{error}");
    }
    let empty = Servers::new(1);
    let location = Location::parse(&empty.url()).unwrap().unwrap();
    assert!(!location.is_there().await.unwrap());
}

/// Rebuilds run on a runtime of their own, which ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_journal_goes_on_after_a_runtime_that_used_it_ended() {
    let servers = Servers::new(1);
    let journal = Arc::new(servers.node().await);
    for number in 1..=5 {
        let journal = Arc::clone(&journal);
        let appended = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            runtime.block_on(async { append(&*journal, Expected::NoStream, &[liked()]).await })
        });
        assert_eq!(appended.join().unwrap().unwrap(), recorded(1, number));
    }
    assert_eq!(all(&*journal).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_are_the_same_for_every_node_and_events_of_the_server_are_none() {
    let servers = Servers::new(1);
    let one = servers.catalogue();
    let journal = servers.journal(&one).await.unwrap();
    let events: Vec<_> = (0..40).map(|_| liked()).collect();
    journal.append_many(events[..20].to_vec()).await.unwrap();
    drop(journal);
    // Another node counts all of it, one that was there before only the rest.
    let other = servers.node().await;
    other.append_many(events[20..].to_vec()).await.unwrap();
    let journal = servers.journal(&one).await.unwrap();
    for journal in [&other, &journal] {
        assert_eq!(ids(&all(journal).await), new_ids(&events));
        let read = journal.read_at(&[3, 40, 41, 0, 4]).await.unwrap();
        let positions: Vec<_> = read.iter().map(|event| event.position).collect();
        assert_eq!(positions, [3, 4, 40]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_counted_of_another_server_is_counted_anew() {
    let (one, other) = (Servers::new(1), Servers::new(1));
    let catalogue = one.catalogue();
    let journal = one.journal(&catalogue).await.unwrap();
    journal
        .append_many(vec![liked(), liked(), liked()])
        .await
        .unwrap();
    drop(journal);
    let events = [liked(), liked(), liked(), liked()];
    other
        .node()
        .await
        .append_many(events.to_vec())
        .await
        .unwrap();
    let journal = other.journal(&catalogue).await.unwrap();
    assert_eq!(ids(&all(&journal).await), new_ids(&events));
}

#[tokio::test(flavor = "multi_thread")]
async fn communities_share_a_server_by_their_prefixes() {
    let servers = Servers::new(1);
    let mut journals = Vec::new();
    for prefix in ["beer.", "coffee."] {
        let url = format!("{}&streamPrefix={prefix}", servers.url());
        let address = ConnectionString::parse(&url).unwrap();
        let journal = EventStoreJournal::open(address, None, servers.keys()).await;
        journals.push(journal.unwrap());
    }
    let mut events = [Vec::new(), Vec::new()];
    for number in 0..10 {
        for (journal, events) in journals.iter().zip(&mut events) {
            let event = edited(1, &number.to_string());
            events.push(event.id);
            let appended = append(journal, Expected::Any, &[event]).await.unwrap();
            assert_eq!(appended, recorded(1, events.len() as u64));
        }
    }
    for (journal, events) in journals.iter().zip(&events) {
        let read = all(journal).await;
        assert_eq!(ids(&read), *events);
        assert!(read.iter().all(|event| event.stream == stream(1)));
        assert_eq!(journal.read_stream(&stream(1)).await.unwrap(), read);
    }
    let names: Vec<StreamName> = kept(&servers)
        .await
        .into_iter()
        .map(|it| it.stream)
        .collect();
    assert_eq!(names[0].as_str(), format!("beer.{}", stream(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_a_server_would_not_take_is_refused_and_many_events_are_several_appends() {
    let servers = Servers::new(1);
    let journal = servers.node().await;
    let text = "x".repeat(100_000);
    let events: Vec<_> = (0..30).map(|_| edited(1, &text)).collect();
    let error = append(&journal, Expected::Any, &events).await.unwrap_err();
    assert!(error.to_string().contains("at most"), "{error}");
    assert!(all(&journal).await.is_empty());
    let appended = journal.append_many(events.clone()).await.unwrap();
    assert_eq!(appended, recorded(30, 30));
    assert_eq!(ids(&all(&journal).await), new_ids(&events));
    let huge = edited(1, &"x".repeat(2 << 20));
    let error = journal.append_many(vec![huge]).await.unwrap_err();
    assert!(error.to_string().contains("at most"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_broke_off_goes_on_where_it_was() {
    let servers = Servers::new(1);
    let journal = servers.node().await;
    let events: Vec<_> = (0..300).map(|number| edited(number % 7, "a")).collect();
    {
        let importing = journal.append_many(events.clone());
        let _ = timeout(Duration::from_millis(40), importing).await;
    }
    let before = kept(&servers).await.len();
    let appended = journal.append_many(events.clone()).await.unwrap();
    assert_eq!(appended.position, 300);
    assert!(appended.recorded <= 300 - before, "{before} were there");
    assert_eq!(ids(&all(&journal).await), new_ids(&events));
}

/// One that answers nothing looks as if it were there.
#[tokio::test(flavor = "multi_thread")]
async fn while_a_server_hangs_another_one_is_asked() {
    let servers = Servers::new(1);
    let mut hanging = Vec::new();
    let mut addresses = vec![servers.addresses[0].to_string()];
    for _ in 0..2 {
        // Connections are taken by the machine, and by nobody else.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        addresses.insert(0, listener.local_addr().unwrap().to_string());
        hanging.push(listener);
    }
    for _ in 0..3 {
        let url = format!("esdb://{}?tls=false", addresses.join(","));
        let address = ConnectionString::parse(&url).unwrap();
        let journal = EventStoreJournal::open(address, None, servers.keys())
            .await
            .unwrap();
        assert_eq!(journal.head().await.unwrap(), 0);
        addresses.rotate_left(1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_tried_more_than_once() {
    let servers = Servers::not_started(0);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("esdb://{}?tls=false", listener.local_addr().unwrap());
    let came = Arc::new(Mutex::new(Vec::new()));
    let hanging = Arc::clone(&came);
    let listening = tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            hanging.lock().push(connection);
        }
    });
    let address = ConnectionString::parse(&url).unwrap();
    let opened = EventStoreJournal::open(address, None, servers.keys()).await;
    let error = opened.err().unwrap().to_string();
    assert!(
        error.contains("is an EventStoreDB or KurrentDB there"),
        "{error}"
    );
    assert!(came.lock().len() > 1);
    listening.abort();
}

/// Where each event stands is known. So nothing of the rest is looked at: it isn't where it was counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_searched_without_looking_at_others() {
    let servers = Servers::new(1);
    let catalogue = servers.catalogue();
    let journal = servers.journal(&catalogue).await.unwrap();
    append(&journal, Expected::Any, &[liked()]).await.unwrap();
    let two = [edited(1, "a"), edited(1, "b")];
    append(&journal, Expected::Any, &two).await.unwrap();
    rusqlite::Connection::open(&catalogue)
        .unwrap()
        .execute("UPDATE event SET place = place + 1 WHERE position = 1", [])
        .unwrap();
    journal.read_all(0, 10).await.unwrap_err();
    let filter = Filter {
        streams: vec![Streams::Named(stream(1))],
        ..Filter::default()
    };
    for (direction, limit, expected) in [
        (Direction::Backward, 1, &two[1..]),
        (Direction::Forward, 1, &two[..1]),
        (Direction::Forward, 10, &two[..]),
    ] {
        let search = Search {
            filter: &filter,
            within: Stretch::until(3),
            direction,
            limit,
        };
        let found = journal.search(&search).await.unwrap();
        assert_eq!(ids(&found.events), new_ids(expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_not_as_it_was_counted_is_an_error() {
    let servers = Servers::new(1);
    let catalogue = servers.catalogue();
    let journal = servers.journal(&catalogue).await.unwrap();
    let three = [edited(1, "a"), edited(1, "b"), edited(1, "c")];
    append(&journal, Expected::Any, &three).await.unwrap();
    rusqlite::Connection::open(&catalogue)
        .unwrap()
        .execute("DELETE FROM event WHERE revision = 0", [])
        .unwrap();
    let error = journal
        .read_stream(&stream(1))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("it was truncated there"), "{error}");
}
