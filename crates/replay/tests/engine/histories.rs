//! Random histories: commands of members, and facts as imports bring them.

use std::collections::HashMap;

use plaudit_domain::acceptance::{Accept, Accepted, AcceptedAnswer, Withdraw, Withdrawn};
use plaudit_domain::account::{Register, Registered, Rename};
use plaudit_domain::fact::{AccountFact, LikeFact, PostFact, WatchFact};
use plaudit_domain::like::{Like, LikePost, UnlikePost};
use plaudit_domain::post::{
    Affected, Answer, Changes, Comment, Created, Delete, Edit, Kind, Open, Post, Restore, Topic,
};
use plaudit_domain::watch::{UnwatchPost, Watch, WatchPost};
use plaudit_domain::{
    AccountId, Actor, Command, Fact, NewEvent, Origin, PostId, StreamName, Streams, Time, decide,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

/// How many accounts there can be.
const ACCOUNTS: u8 = 4;
/// How many posts there can be: few enough that steps often meet on the same one.
const POSTS: u8 = 9;
/// The first so many of them are mostly topics, the rest mostly replies.
const TOPICS: u8 = 3;

pub fn account(number: u8) -> AccountId {
    AccountId(Uuid::from_u128(0xacc0_0000 + u128::from(number)))
}

pub fn post(number: u8) -> PostId {
    PostId(Uuid::from_u128(0x9057_0000 + u128::from(number)))
}

/// Something that may happen; what can't, doesn't.
#[derive(Debug, Clone)]
pub struct Step {
    /// In no order: imports bring old times late.
    second: u16,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Wish(u8, Wish),
    Import(Import),
}

/// Every command.
#[derive(Debug, Clone)]
enum Wish {
    Register,
    Rename(String),
    Open(u8, Topic, Vec<String>),
    Answer(u8, u8),
    Comment(u8, u8),
    Edit(u8, Changes),
    Delete(u8),
    Restore(u8),
    Accept(u8, u8),
    Withdraw(u8),
    Like(u8),
    Unlike(u8),
    Watch(u8),
    Unwatch(u8),
}

/// Facts that no command makes, or not now: without an owner, twice, of one's own, on what is
/// deleted. Some don't name all that they touch.
#[derive(Debug, Clone)]
enum Import {
    Registered(u8),
    Created {
        post: u8,
        kind: Kind,
        author: Option<u8>,
        parent: Option<u8>,
        tags: Vec<String>,
    },
    Deleted(u8, Naming),
    Restored(u8, Naming),
    Accepted(u8, u8, Naming),
    AcceptanceWithdrawn(u8, u8),
    Liked(u8, u8, Naming),
    LikeWithdrawn(u8, u8, Naming),
    Watched(u8, u8),
    Unwatched(u8, u8),
}

/// Whether a fact names all that it touches.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Naming {
    All,
    TheLeast,
}

pub fn any_steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    vec(any_step(), 1..most)
}

fn any_step() -> impl Strategy<Value = Step> {
    let wish = (0..ACCOUNTS, any_wish()).prop_map(|(actor, wish)| What::Wish(actor, wish));
    let what = prop_oneof![3 => wish, 1 => any_import().prop_map(What::Import)];
    (0..50u16, what).prop_map(|(second, what)| Step { second, what })
}

fn any_topic() -> impl Strategy<Value = u8> {
    prop_oneof![4 => 0..TOPICS, 1 => 0..POSTS]
}

fn any_reply() -> impl Strategy<Value = u8> {
    prop_oneof![4 => TOPICS..POSTS, 1 => 0..POSTS]
}

fn any_post() -> impl Strategy<Value = u8> {
    0..POSTS
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![Just("one"), Just("two"), Just("three")].prop_map(str::to_owned)
}

fn any_tags() -> impl Strategy<Value = Vec<String>> {
    vec(any_text(), 0..3)
}

fn any_wish() -> impl Strategy<Value = Wish> {
    let topic = prop_oneof![
        2 => Just(Topic::Question),
        1 => Just(Topic::Discussion),
        1 => Just(Topic::Article),
    ];
    let changes = (
        option::of(any_text()),
        option::of(any_text()),
        option::of(any_tags()),
    )
        .prop_map(|(title, body, tags)| Changes { title, body, tags });
    prop_oneof![
        1 => Just(Wish::Register),
        1 => any_text().prop_map(Wish::Rename),
        3 => (any_topic(), topic, any_tags()).prop_map(|(p, topic, tags)| Wish::Open(p, topic, tags)),
        4 => (any_reply(), any_topic()).prop_map(|(p, on)| Wish::Answer(p, on)),
        2 => (any_reply(), any_post()).prop_map(|(p, on)| Wish::Comment(p, on)),
        2 => (any_post(), changes).prop_map(|(p, changes)| Wish::Edit(p, changes)),
        2 => any_post().prop_map(Wish::Delete),
        3 => any_post().prop_map(Wish::Restore),
        8 => (any_topic(), any_reply()).prop_map(|(q, a)| Wish::Accept(q, a)),
        1 => any_topic().prop_map(Wish::Withdraw),
        5 => any_post().prop_map(Wish::Like),
        2 => any_post().prop_map(Wish::Unlike),
        2 => any_post().prop_map(Wish::Watch),
        1 => any_post().prop_map(Wish::Unwatch),
    ]
}

fn any_import() -> impl Strategy<Value = Import> {
    let naming = || prop_oneof![3 => Just(Naming::All), 1 => Just(Naming::TheLeast)];
    let created = (
        any_post(),
        proptest::sample::select(Kind::ALL.to_vec()),
        option::of(0..ACCOUNTS),
        option::of(any_topic()),
        any_tags(),
    )
        .prop_map(|(post, kind, author, parent, tags)| Import::Created {
            post,
            kind,
            author,
            parent,
            tags,
        });
    let pair = || (any_post(), 0..ACCOUNTS);
    prop_oneof![
        2 => (0..ACCOUNTS).prop_map(Import::Registered),
        4 => created,
        1 => (any_post(), naming()).prop_map(|(p, n)| Import::Deleted(p, n)),
        2 => (any_post(), naming()).prop_map(|(p, n)| Import::Restored(p, n)),
        8 => (any_topic(), any_reply(), naming()).prop_map(|(q, a, n)| Import::Accepted(q, a, n)),
        1 => (any_topic(), any_reply()).prop_map(|(q, a)| Import::AcceptanceWithdrawn(q, a)),
        4 => (pair(), naming()).prop_map(|((p, by), n)| Import::Liked(p, by, n)),
        1 => (pair(), naming()).prop_map(|((p, by), n)| Import::LikeWithdrawn(p, by, n)),
        1 => pair().prop_map(|(p, by)| Import::Watched(p, by)),
        1 => pair().prop_map(|(p, by)| Import::Unwatched(p, by)),
    ]
}

/// Members, a question and two answers, so that most of what comes next has something to be about.
fn beginning() -> Vec<Step> {
    let open = Wish::Open(0, Topic::Question, vec!["one".into()]);
    let wishes = [
        (0, Wish::Register),
        (1, Wish::Register),
        (2, Wish::Register),
        (0, open),
        (1, Wish::Answer(TOPICS, 0)),
        (2, Wish::Answer(TOPICS + 1, 0)),
    ];
    let step = |(actor, wish)| Step {
        second: 25,
        what: What::Wish(actor, wish),
    };
    wishes.map(step).into()
}

/// What comes of some steps, after a beginning.
pub fn events(steps: &[Step]) -> Vec<NewEvent> {
    let mut history = History::default();
    for step in beginning().iter().chain(steps) {
        history.take(step);
    }
    history.events
}

#[derive(Default)]
struct History {
    events: Vec<NewEvent>,
    streams: Streams,
    accounts: Vec<AccountId>,
    posts: HashMap<PostId, Created>,
}

impl History {
    fn take(&mut self, step: &Step) {
        let facts = match &step.what {
            What::Wish(actor, wish) => self.decide(account(*actor), wish),
            What::Import(import) => self.import(import).into_iter().collect(),
        };
        for fact in facts {
            self.add(step.second, fact);
        }
    }

    fn add(&mut self, second: u16, fact: Fact) {
        match &fact {
            Fact::Account(AccountFact::Registered(registered)) => {
                self.accounts.push(registered.account);
            }
            Fact::Post(PostFact::Created(created)) => {
                self.posts.insert(created.post, created.clone());
            }
            Fact::Account(_) | Fact::Post(_) | Fact::Like(_) | Fact::Watch(_) => {}
        }
        self.streams.push(fact.clone());
        self.events.push(NewEvent {
            id: Uuid::from_u128(self.events.len() as u128),
            occurred_at: Time::from_micros(i64::from(second) * 1_000_000),
            actor: None,
            correlation: None,
            causation: None,
            fact,
        });
    }

    fn decide(&self, actor: AccountId, wish: &Wish) -> Vec<Fact> {
        let actor = Actor { account: actor };
        let command = wish.command();
        // Mostly refused, because the posts aren't there, or are somebody else's.
        decide(&*command, &actor, &self.streams).unwrap_or_default()
    }

    /// The fact, if all that it has to name is there.
    fn import(&self, import: &Import) -> Option<Fact> {
        Some(match *import {
            Import::Registered(number) => AccountFact::Registered(Registered {
                account: account(number),
                name: "imported".to_owned().into(),
                origin: Some(origin(number)),
            })
            .into(),
            Import::Created {
                post: number,
                kind,
                author,
                parent,
                ref tags,
            } => PostFact::Created(Created {
                post: post(number),
                kind,
                author: match author {
                    Some(author) => Some(self.account(author)?),
                    None => None,
                },
                parent: match parent {
                    Some(parent) => Some(self.post(parent)?.post),
                    None => None,
                },
                title: None,
                body: "imported".to_owned().into(),
                tags: tags.clone(),
                origin: Some(origin(number)),
            })
            .into(),
            Import::Deleted(number, naming) => {
                PostFact::Deleted(self.affected(number, naming)?).into()
            }
            Import::Restored(number, naming) => {
                PostFact::Restored(self.affected(number, naming)?).into()
            }
            Import::Accepted(question, answer, naming) => {
                let question = self.post(question)?;
                let replaced = self.state(question.post).accepted();
                PostFact::AnswerAccepted(Accepted {
                    question: question.post,
                    asker: question.author,
                    accepted: self.answer(answer, naming)?,
                    replaced: replaced.filter(|_| naming == Naming::All),
                })
                .into()
            }
            Import::AcceptanceWithdrawn(question, answer) => {
                let question = self.post(question)?;
                PostFact::AcceptanceWithdrawn(Withdrawn {
                    question: question.post,
                    asker: question.author,
                    withdrawn: self.answer(answer, Naming::TheLeast)?,
                })
                .into()
            }
            Import::Liked(number, by, naming) => {
                LikeFact::Liked(self.like(number, by, naming)?).into()
            }
            Import::LikeWithdrawn(number, by, naming) => {
                LikeFact::Withdrawn(self.like(number, by, naming)?).into()
            }
            Import::Watched(number, by) => WatchFact::Watched(self.watch(number, by)?).into(),
            Import::Unwatched(number, by) => WatchFact::Unwatched(self.watch(number, by)?).into(),
        })
    }

    fn account(&self, number: u8) -> Option<AccountId> {
        Some(account(number)).filter(|account| self.accounts.contains(account))
    }

    fn post(&self, number: u8) -> Option<&Created> {
        self.posts.get(&post(number))
    }

    fn state(&self, post: PostId) -> Post {
        self.streams.state(&StreamName::post(post))
    }

    fn affected(&self, number: u8, naming: Naming) -> Option<Affected> {
        let post = self.post(number)?;
        let affected = Affected {
            post: post.post,
            author: None,
            parent: None,
            accepted: None,
        };
        Some(match naming {
            Naming::TheLeast => affected,
            Naming::All => Affected {
                author: post.author,
                parent: post.parent,
                accepted: self.state(post.post).accepted(),
                ..affected
            },
        })
    }

    fn answer(&self, number: u8, naming: Naming) -> Option<AcceptedAnswer> {
        let post = self.post(number)?;
        Some(AcceptedAnswer {
            answer: post.post,
            author: post.author.filter(|_| naming == Naming::All),
        })
    }

    fn like(&self, number: u8, by: u8, naming: Naming) -> Option<Like> {
        let post = self.post(number)?;
        Some(Like {
            post: post.post,
            account: self.account(by)?,
            author: post.author.filter(|_| naming == Naming::All),
        })
    }

    fn watch(&self, number: u8, by: u8) -> Option<Watch> {
        Some(Watch {
            post: self.post(number)?.post,
            account: self.account(by)?,
        })
    }
}

fn origin(number: u8) -> Origin {
    Origin {
        source: "elsewhere".into(),
        id: number.to_string(),
    }
}

impl Wish {
    fn command(&self) -> Box<dyn Command> {
        match self.clone() {
            Self::Register => Box::new(Register { name: "new".into() }),
            Self::Rename(name) => Box::new(Rename { name }),
            Self::Open(number, topic, tags) => Box::new(Open {
                post: post(number),
                topic,
                title: "title".into(),
                body: "body".into(),
                tags,
            }),
            Self::Answer(number, question) => Box::new(Answer {
                post: post(number),
                question: post(question),
                body: "body".into(),
            }),
            Self::Comment(number, on) => Box::new(Comment {
                post: post(number),
                on: post(on),
                body: "body".into(),
            }),
            Self::Edit(number, changes) => Box::new(Edit {
                post: post(number),
                changes,
            }),
            Self::Delete(number) => Box::new(Delete { post: post(number) }),
            Self::Restore(number) => Box::new(Restore { post: post(number) }),
            Self::Accept(question, answer) => Box::new(Accept {
                question: post(question),
                answer: post(answer),
            }),
            Self::Withdraw(question) => Box::new(Withdraw {
                question: post(question),
            }),
            Self::Like(number) => Box::new(LikePost { post: post(number) }),
            Self::Unlike(number) => Box::new(UnlikePost { post: post(number) }),
            Self::Watch(number) => Box::new(WatchPost { post: post(number) }),
            Self::Unwatch(number) => Box::new(UnwatchPost { post: post(number) }),
        }
    }
}
