//! Events to record, and what to ask of a journal.

use plaudit_domain::account::Registered;
use plaudit_domain::erasure::{Content, Erased};
use plaudit_domain::fact::{AccountFact, LikeFact, PostFact};
use plaudit_domain::like::Like;
use plaudit_domain::post::{Created, Edited, Kind};
use plaudit_domain::{AccountId, Event, Fact, NewEvent, Personal, PostId, StreamName, Time};
use plaudit_journal::inspection::{Extent, Inspected};
use plaudit_journal::{AppendError, Appended, Expected, Journal};
use uuid::Uuid;

/// A post, the same for the same number.
pub fn post(number: u128) -> PostId {
    PostId(Uuid::from_u128(number))
}

/// The stream of a post.
pub fn stream(number: u128) -> StreamName {
    StreamName::post(post(number))
}

/// An account, the same for the same number.
pub fn account(number: u128) -> AccountId {
    AccountId(Uuid::from_u128(number << 64))
}

/// An account that came to be, under a name.
pub fn registered(account: AccountId, name: &str) -> NewEvent {
    let registered = Registered {
        account,
        name: Personal::known(name.to_owned()),
        origin: None,
    };
    new(AccountFact::Registered(registered).into())
}

/// A question that somebody wrote, in the stream of a post.
pub fn asked(number: u128, author: Option<AccountId>, title: &str, body: &str) -> NewEvent {
    let created = Created {
        post: post(number),
        kind: Kind::Question,
        author,
        parent: None,
        group: None,
        title: Some(Personal::known(title.to_owned())),
        body: Personal::known(body.to_owned()),
        tags: vec!["cake".into()],
        origin: None,
    };
    new(PostFact::Created(created).into())
}

/// The event with everything personal in it withheld.
pub fn withheld(event: &NewEvent) -> Fact {
    let mut fact = event.fact.clone();
    fact.withhold_personal();
    fact
}

/// What happened, in order.
pub fn facts(events: Vec<Event>) -> Vec<Fact> {
    events.into_iter().map(|event| event.fact).collect()
}

/// An event in the stream of a post, with an id of its own each time.
pub fn edited(number: u128, body: &str) -> NewEvent {
    let edited = Edited {
        post: post(number),
        author: Some(account(number)),
        title: None,
        body: Some(Personal::known(body.to_owned())),
        tags: None,
    };
    new(PostFact::Edited(edited).into())
}

/// An event in a stream of its own each time.
pub fn liked() -> NewEvent {
    let like = Like {
        post: PostId(Uuid::new_v4()),
        account: AccountId(Uuid::new_v4()),
        author: None,
    };
    new(LikeFact::Liked(like).into())
}

fn new(fact: Fact) -> NewEvent {
    NewEvent {
        id: Uuid::new_v4(),
        occurred_at: Time::from_micros(0),
        actor: None,
        correlation: None,
        causation: None,
        imported: false,
        fact,
    }
}

/// Appends to the stream that the first of the events belongs to.
pub async fn append(
    journal: &dyn Journal,
    expected: Expected,
    events: &[NewEvent],
) -> Result<Appended, AppendError> {
    let stream = events[0].fact.stream();
    journal.append(&stream, expected, events.to_vec()).await
}

/// Somebody is forgotten, as it is recorded.
pub fn erased(account: AccountId, content: Content) -> NewEvent {
    new(AccountFact::Erased(Erased { account, content }).into())
}

/// Everything that is recorded. Checks that positions have no gap.
pub async fn all(journal: &dyn Journal) -> Vec<Event> {
    let events = journal.read_all(0, usize::MAX).await.unwrap();
    for (event, position) in events.iter().zip(1..) {
        assert_eq!(event.position, position);
    }
    assert_eq!(journal.head().await.unwrap(), events.len() as u64);
    events
}

/// Up to where a journal was inspected, and what is wrong with it.
pub async fn inspected(journal: &dyn Journal, until: u64) -> (u64, Vec<String>) {
    let (mut at, mut flaws) = (0, Vec::new());
    let mut tell = |inspected| match inspected {
        Inspected::UpTo(position) => at = position,
        Inspected::Flaw(flaw) => flaws.push(flaw.to_string()),
    };
    let extent = Extent {
        until,
        folded: until,
    };
    journal.inspect(extent, &mut tell).await.unwrap();
    (at, flaws)
}

/// The ids of recorded events.
pub fn ids(events: &[Event]) -> Vec<Uuid> {
    events.iter().map(|event| event.id).collect()
}

/// The ids of new events.
pub fn new_ids(events: &[NewEvent]) -> Vec<Uuid> {
    events.iter().map(|event| event.id).collect()
}

/// What an append answers that recorded something.
pub fn recorded(recorded: usize, position: u64) -> Appended {
    Appended { recorded, position }
}
