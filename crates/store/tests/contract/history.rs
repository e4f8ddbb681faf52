//! Histories to read: real facts, folded and committed as they are live.

use std::collections::HashMap;

use plaudit_domain::acceptance::{Accepted, AcceptedAnswer, Withdrawn};
use plaudit_domain::account::{Registered, Renamed};
use plaudit_domain::fact::{AccountFact, LikeFact, PostFact, WatchFact};
use plaudit_domain::post::{Affected, Created, Edited, Kind};
use plaudit_domain::{
    AccountId, Event, Fact, Origin, Personal, Position, PostId, Time, like, watch,
};
use plaudit_projection::{Key, Rows, Touched, fold};
use plaudit_store::{Commit, SharedStore};
use uuid::Uuid;

use crate::Place;

/// What happened, and when: the second.
pub type Happened = (i64, Fact);

/// A store, and all that happened in it.
pub struct History {
    pub store: SharedStore,
    position: Position,
    keys: HashMap<Uuid, Key>,
}

impl History {
    pub async fn begin(place: &dyn Place) -> Self {
        Self {
            store: place.open().await.unwrap(),
            position: 0,
            keys: HashMap::new(),
        }
    }

    /// The position of the last of all events.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The key of an account that was registered.
    pub fn account(&self, number: u128) -> Key {
        self.keys[&account(number).0]
    }

    /// The key of a post that was created.
    pub fn post(&self, number: u128) -> Key {
        self.keys[&post(number).0]
    }

    /// The keys of some posts.
    pub fn posts(&self, numbers: impl IntoIterator<Item = u128>) -> Vec<Key> {
        numbers.into_iter().map(|n| self.post(n)).collect()
    }

    /// Folds a batch in.
    pub async fn add(&mut self, facts: impl IntoIterator<Item = Happened>) {
        let events = self.events(facts);
        let rows = folded(&self.store, &events).await;
        let to = self.position + events.len() as Position;
        let commit = self.store.commit(&rows, self.position, to).await.unwrap();
        assert_eq!(commit, Commit::Done);
        self.position = to;
    }

    /// What comes next, as the journal would have it.
    pub fn events(&mut self, facts: impl IntoIterator<Item = Happened>) -> Vec<Event> {
        let positions = self.position + 1..;
        let event = |((second, fact), position): (Happened, Position)| {
            self.note(&fact, position);
            Event {
                position,
                id: Uuid::from_u128(position.into()),
                stream: fact.stream(),
                revision: 0,
                occurred_at: at(second),
                recorded_at: at(1_000_000),
                actor: None,
                correlation: None,
                causation: None,
                fact,
            }
        };
        facts.into_iter().zip(positions).map(event).collect()
    }

    fn note(&mut self, fact: &Fact, position: Position) {
        let id = match fact {
            Fact::Account(AccountFact::Registered(registered)) => registered.account.0,
            Fact::Post(PostFact::Created(created)) => created.post.0,
            Fact::Account(_) | Fact::Post(_) | Fact::Like(_) | Fact::Watch(_) => return,
        };
        self.keys.insert(id, Key(position.cast_signed()));
    }
}

/// The rows that some events touch, with the events folded in.
pub async fn folded(store: &SharedStore, events: &[Event]) -> Rows {
    let mut rows = store.fetch(&Touched::by(events)).await.unwrap();
    for event in events {
        fold(event, &mut rows).unwrap();
    }
    rows.finish();
    rows
}

pub fn at(second: i64) -> Time {
    Time::from_micros(second * 1_000_000)
}

pub fn account(number: u128) -> AccountId {
    AccountId(Uuid::from_u128(0xacc0_0000 + number))
}

pub fn post(number: u128) -> PostId {
    PostId(Uuid::from_u128(0x9057_0000 + number))
}

/// Where an imported thing was before.
pub fn origin(id: &str) -> Origin {
    Origin {
        source: "elsewhere".into(),
        id: id.into(),
    }
}

pub fn registered(number: u128) -> Fact {
    AccountFact::Registered(Registered {
        account: account(number),
        name: format!("Member {number}").into(),
        origin: None,
    })
    .into()
}

pub fn renamed(number: u128, name: &str) -> Fact {
    AccountFact::Renamed(Renamed {
        account: account(number),
        name: name.to_owned().into(),
    })
    .into()
}

/// A post as it is written, for tests to change.
pub fn written(number: u128, kind: Kind, author: u128) -> Created {
    Created {
        post: post(number),
        kind,
        author: Some(account(author)),
        parent: None,
        title: kind
            .is_top_level()
            .then(|| format!("Title {number}").into()),
        body: format!("Text {number}").into(),
        tags: Vec::new(),
        origin: None,
    }
}

pub fn created(created: Created) -> Fact {
    PostFact::Created(created).into()
}

pub fn question(number: u128, author: u128) -> Fact {
    created(written(number, Kind::Question, author))
}

pub fn tagged(number: u128, kind: Kind, author: u128, tags: &[&str]) -> Fact {
    created(Created {
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        ..written(number, kind, author)
    })
}

fn replied(number: u128, kind: Kind, author: u128, parent: u128) -> Fact {
    created(Created {
        parent: Some(post(parent)),
        ..written(number, kind, author)
    })
}

pub fn answer(number: u128, author: u128, question: u128) -> Fact {
    replied(number, Kind::Answer, author, question)
}

pub fn comment(number: u128, author: u128, on: u128) -> Fact {
    replied(number, Kind::Comment, author, on)
}

pub fn edited(number: u128, body: Option<Personal<String>>, tags: Option<&[&str]>) -> Fact {
    PostFact::Edited(Edited {
        post: post(number),
        title: None,
        body,
        tags: tags.map(|tags| tags.iter().map(|&tag| tag.to_owned()).collect()),
    })
    .into()
}

/// A post without a parent or an accepted answer, to be deleted or restored.
pub fn topic(number: u128, author: u128) -> Affected {
    Affected {
        post: post(number),
        author: Some(account(author)),
        parent: None,
        accepted: None,
    }
}

/// An answer or a comment, to be deleted or restored.
pub fn reply(number: u128, author: u128, parent: u128) -> Affected {
    Affected {
        parent: Some(post(parent)),
        ..topic(number, author)
    }
}

/// A question with its accepted answer and the author of that, to be deleted or restored.
pub fn solved(number: u128, author: u128, answer: (u128, u128)) -> Affected {
    Affected {
        accepted: Some(accepted_answer(answer)),
        ..topic(number, author)
    }
}

pub fn deleted(affected: Affected) -> Fact {
    PostFact::Deleted(affected).into()
}

pub fn restored(affected: Affected) -> Fact {
    PostFact::Restored(affected).into()
}

fn accepted_answer((answer, author): (u128, u128)) -> AcceptedAnswer {
    AcceptedAnswer {
        answer: post(answer),
        author: Some(account(author)),
    }
}

/// An answer, given with its author, is accepted.
pub fn accepted(question: u128, asker: u128, answer: (u128, u128)) -> Fact {
    PostFact::AnswerAccepted(Accepted {
        question: post(question),
        asker: Some(account(asker)),
        accepted: accepted_answer(answer),
        replaced: None,
    })
    .into()
}

pub fn acceptance_withdrawn(question: u128, asker: u128, answer: (u128, u128)) -> Fact {
    PostFact::AcceptanceWithdrawn(Withdrawn {
        question: post(question),
        asker: Some(account(asker)),
        withdrawn: accepted_answer(answer),
    })
    .into()
}

fn like((number, author): (u128, u128), by: u128) -> like::Like {
    like::Like {
        post: post(number),
        account: account(by),
        author: Some(account(author)),
    }
}

/// A post, given with its author, is liked.
pub fn liked(post: (u128, u128), by: u128) -> Fact {
    LikeFact::Liked(like(post, by)).into()
}

pub fn like_withdrawn(post: (u128, u128), by: u128) -> Fact {
    LikeFact::Withdrawn(like(post, by)).into()
}

fn watch(number: u128, by: u128) -> watch::Watch {
    watch::Watch {
        post: post(number),
        account: account(by),
    }
}

pub fn watched(number: u128, by: u128) -> Fact {
    WatchFact::Watched(watch(number, by)).into()
}

pub fn unwatched(number: u128, by: u128) -> Fact {
    WatchFact::Unwatched(watch(number, by)).into()
}
