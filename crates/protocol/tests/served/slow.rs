//! A client that asks for much and takes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use eventstore::{ReadAllOptions, StreamPosition, SubscribeToAllOptions, SubscriptionFilter};
use plaudit_domain::account::Registered;
use plaudit_domain::erasure::Content;
use plaudit_domain::fact::AccountFact;
use plaudit_domain::{AccountId, Event, NewEvent, Personal, Position, StreamName, Time};
use plaudit_journal::inspection::Extent;
use plaudit_journal::{AppendError, Appended, Expected, Journal, JournalError, Part, Tell};
use tokio::task::yield_now;
use tokio::time::sleep;
use uuid::Uuid;

use crate::given::{Served, all};

const EVENTS: u64 = 100_000;

/// So many events, each of which is made as it is read, and counted.
struct Long {
    events: u64,
    read: AtomicU64,
}

impl Long {
    fn of(events: u64) -> Arc<Self> {
        let read = AtomicU64::new(0);
        Arc::new(Self { events, read })
    }
}

fn event(position: Position) -> Event {
    let account = AccountId(Uuid::from_u128(position.into()));
    let registered = Registered {
        account,
        name: Personal::known("x".repeat(500)),
        origin: None,
    };
    Event {
        position,
        id: account.0,
        stream: StreamName::account(account),
        revision: 0,
        occurred_at: Time::from_micros(0),
        recorded_at: Time::from_micros(0),
        actor: None,
        correlation: None,
        causation: None,
        imported: false,
        fact: AccountFact::Registered(registered).into(),
    }
}

#[async_trait]
impl Journal for Long {
    async fn append(
        &self,
        _: &StreamName,
        _: Expected,
        _: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        Err(JournalError::Absent.into())
    }

    async fn append_many(&self, _: Vec<NewEvent>) -> Result<Appended, AppendError> {
        Err(JournalError::Absent.into())
    }

    async fn read_stream_from(&self, _: &StreamName, _: u64) -> Result<Vec<Event>, JournalError> {
        Err(JournalError::Absent)
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Event>, JournalError> {
        let limit = u64::try_from(limit).unwrap();
        let last = after.saturating_add(limit).min(self.events);
        self.read
            .fetch_add(last.saturating_sub(after), Ordering::SeqCst);
        Ok((after + 1..=last).map(event).collect())
    }

    async fn read_kept(&self, part: Part<'_>, limit: usize) -> Result<Vec<Event>, JournalError> {
        match part {
            Part::After(after) => self.read_all(after, limit).await,
            Part::Stream(..) => Err(JournalError::Absent),
        }
    }

    async fn read_at(&self, _: &[Position]) -> Result<Vec<Event>, JournalError> {
        Err(JournalError::Absent)
    }

    async fn head(&self) -> Result<Position, JournalError> {
        Ok(self.events)
    }

    async fn wait_past(&self, _: Position) -> Result<(), JournalError> {
        Err(JournalError::Absent)
    }

    async fn forget(&self, _: AccountId, _: Content) -> Result<bool, JournalError> {
        Err(JournalError::Absent)
    }

    async fn inspect(&self, _: Extent, _: Tell<'_>) -> Result<(), JournalError> {
        Err(JournalError::Absent)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_nothing_costs_bounded_memory_and_holds_nobody_up() {
    let journal = Long::of(EVENTS);
    let served = Served::of(journal.clone(), tempfile::tempdir().unwrap()).await;
    let client = served.client();
    let waiting = client.read_all(&ReadAllOptions::default()).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    let read = journal.read.load(Ordering::SeqCst);
    // What the client's own window holds, some 2 MiB, and little more.
    assert!(
        read < 6_000,
        "{read} events were read for somebody who takes none"
    );
    sleep(Duration::from_secs(1)).await;
    assert_eq!(journal.read.load(Ordering::SeqCst), read);

    let options = ReadAllOptions::default().max_count(1_000);
    let others = all(served.client().read_all(&options).await.unwrap()).await;
    assert_eq!(others.len(), 1_000);
    // Once they take, they get all of it.
    let events = all(waiting).await;
    assert!(
        events
            .iter()
            .map(|event| event.position.commit)
            .eq(1..=EVENTS)
    );
}

/// On one thread, where whoever takes no breath lets nobody else in.
#[tokio::test]
async fn who_looks_for_what_there_is_not_holds_nobody_up_and_is_noticed_to_be_gone() {
    let journal = Long::of(u64::MAX);
    let served = Served::of(journal.clone(), tempfile::tempdir().unwrap()).await;
    let client = served.client();
    let nobody = SubscriptionFilter::on_stream_name().add_prefix("nobody-");
    let options = SubscribeToAllOptions::default()
        .position(StreamPosition::Start)
        .filter(nobody.max(u32::MAX));
    let mut looking = client.subscribe_to_all(&options).await;
    looking.next_subscription_event().await.unwrap();
    while journal.read.load(Ordering::SeqCst) < 10_000 {
        sleep(Duration::from_millis(1)).await;
    }
    let others = ReadAllOptions::default().max_count(10);
    let others = all(served.client().read_all(&others).await.unwrap()).await;
    assert_eq!(others.len(), 10);
    drop((looking, client));
    // Each time whoever reads would get a turn, too.
    let mut read = 0;
    while read < journal.read.load(Ordering::SeqCst) {
        read = journal.read.load(Ordering::SeqCst);
        sleep(Duration::from_millis(10)).await;
        for _ in 0..1_000 {
            yield_now().await;
        }
    }
}
