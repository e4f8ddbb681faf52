//! A journal that is served, and a client that reads it.

use std::net::SocketAddr;
use std::sync::Arc;

use eventstore::{Client, ReadStream, RecordedEvent};
use futures_util::stream::unfold;
use plaudit_domain::account::Registered;
use plaudit_domain::fact::{AccountFact, LikeFact};
use plaudit_domain::like::Like;
use plaudit_domain::{AccountId, Event, Fact, NewEvent, Personal, PostId, StreamName, Time};
use plaudit_journal::keys::Keyring;
use plaudit_journal::metadata::Metadata;
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_journal::{Part, SharedJournal};
use plaudit_protocol::{Access, Everybody, Protocol, Quick};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// A journal that is served until this is dropped.
pub struct Served {
    pub journal: SharedJournal,
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
    _folder: TempDir,
}

impl Served {
    /// A new journal.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = Arc::new(Keyring::in_memory().unwrap());
        let journal = SqliteJournal::open(&folder.path().join("journal.db"), keys).unwrap();
        Self::of(Arc::new(journal), folder).await
    }

    /// Some journal.
    pub async fn of(journal: SharedJournal, folder: TempDir) -> Self {
        Self::to(Arc::new(Everybody), journal, folder).await
    }

    /// Some journal, to whom access is given.
    pub async fn to(access: Arc<dyn Access>, journal: SharedJournal, folder: TempDir) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let protocol = Protocol::new(journal.clone(), access);
        let incoming = unfold(listener, async |listener| {
            let (stream, _) = listener.accept().await.unwrap();
            Some((Quick::new(stream), listener))
        });
        let serving = protocol.serve(incoming, async { drop(stopped.await) });
        Self {
            journal,
            address,
            stop: Some(stop),
            serving: tokio::spawn(serving),
            _folder: folder,
        }
    }

    pub fn client(&self) -> Client {
        let url = format!("esdb://{}?tls=false", self.address);
        Client::new(url.parse().unwrap()).unwrap()
    }

    pub async fn record(&self, events: &[NewEvent]) {
        self.journal.append_many(events.to_vec()).await.unwrap();
    }

    /// What it has, as it is kept.
    pub async fn kept(&self) -> Vec<Event> {
        self.journal
            .read_kept(Part::After(0), usize::MAX)
            .await
            .unwrap()
    }

    /// Stops as a server does that is told to.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        (&mut self.serving).await.unwrap();
    }
}

/// An account that came to be.
pub fn registered(number: u128) -> NewEvent {
    let registered = Registered {
        account: AccountId(Uuid::from_u128(number)),
        name: Personal::known("Ada Lovelace".to_owned()),
        origin: None,
    };
    new(AccountFact::Registered(registered).into())
}

/// A like, in a stream of its own.
pub fn liked() -> NewEvent {
    let like = Like {
        post: PostId(Uuid::new_v4()),
        account: AccountId(Uuid::new_v4()),
        author: None,
    };
    new(LikeFact::Liked(like).into())
}

/// A post is liked, and no longer, so often.
pub fn changing(number: u128, times: usize) -> Vec<NewEvent> {
    let like = Like {
        post: PostId(Uuid::from_u128(number)),
        account: AccountId(Uuid::from_u128(number)),
        author: None,
    };
    let liked = [LikeFact::Liked(like.clone()), LikeFact::Withdrawn(like)];
    let facts = liked.into_iter().cycle().take(times);
    facts.map(|fact| new(fact.into())).collect()
}

/// The stream of those.
pub fn stream(number: u128) -> StreamName {
    StreamName::like(
        PostId(Uuid::from_u128(number)),
        AccountId(Uuid::from_u128(number)),
    )
}

fn new(fact: Fact) -> NewEvent {
    NewEvent {
        id: Uuid::new_v4(),
        occurred_at: Time::from_micros(1_500_000),
        actor: Some(AccountId(Uuid::from_u128(7))),
        correlation: Some(Uuid::from_u128(8)),
        causation: None,
        imported: false,
        fact,
    }
}

/// All that is read.
pub async fn all(mut read: ReadStream) -> Vec<RecordedEvent> {
    let mut events = Vec::new();
    while let Some(event) = read.next().await.unwrap() {
        events.push(event.event.unwrap());
    }
    events
}

/// Whether what is read is what is kept, to the last byte.
pub fn assert_same(read: &[RecordedEvent], kept: &[Event]) {
    assert_eq!(read.len(), kept.len());
    for (read, kept) in read.iter().zip(kept) {
        assert_eq!(read.id, kept.id);
        assert_eq!(read.stream_id, kept.stream.as_str());
        assert_eq!(read.revision, kept.revision);
        assert_eq!(read.event_type, kept.fact.stored_type().0);
        assert_eq!(read.position.commit, kept.position);
        assert_eq!(read.position.prepare, kept.position);
        // The client takes no more of it than whole seconds.
        let seconds = kept.recorded_at.as_micros().div_euclid(1_000_000);
        assert_eq!(read.created.timestamp(), seconds);
        assert!(read.is_json);
        assert_eq!(read.data, kept.fact.encode().unwrap());
        let metadata = Metadata::decode(&read.custom_metadata).unwrap();
        assert_eq!(metadata, Metadata::of_copied(kept));
    }
}
