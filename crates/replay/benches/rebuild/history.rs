//! A made-up history, the same whenever it is made: a community that grows, in which a few posts
//! get most of the likes.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use plaudit_domain::acceptance::{Accepted, AcceptedAnswer};
use plaudit_domain::account::Registered;
use plaudit_domain::fact::{AccountFact, LikeFact, PostFact, WatchFact};
use plaudit_domain::like::Like;
use plaudit_domain::post::{Affected, Created, Edited, Kind};
use plaudit_domain::watch::Watch;
use plaudit_domain::{AccountId, Fact, NewEvent, PostId, Time};
use plaudit_journal::Journal;
use plaudit_journal::keys::{Keyring, MasterKey};
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_testing::random::Random;
use serde_json::Value;
use uuid::Uuid;

use crate::Result;

/// So many events are recorded at once.
const BATCH: usize = 20_000;

/// A journal of so many events, made where there is none: of a history that is repeated, if one is given, or
/// else made up.
pub async fn journal(path: &Path, events: usize, repeated: Option<&Path>) -> Result<SqliteJournal> {
    // Kept beside it, to be used again with it.
    let master = MasterKey::file(&path.with_extension("master"))?;
    let keys = Keyring::open(&path.with_extension("keys"), &master)?;
    let journal = SqliteJournal::open(path, Arc::new(keys))?;
    let head = journal.head().await? as usize;
    if head == events {
        return Ok(journal);
    }
    if head > 0 {
        let path = path.display();
        return Err(format!("{path} holds {head} events: it was cut off; remove it").into());
    }
    println!("making a history of {events} events in {}", path.display());
    let mut all: Box<dyn Iterator<Item = NewEvent>> = match repeated {
        Some(file) => Box::new(repeat(file)?),
        None => {
            let mut history = History::default();
            Box::new(std::iter::repeat_with(move || history.next()))
        }
    };
    let mut left = events;
    while left > 0 {
        let batch: Vec<NewEvent> = all.by_ref().take(left.min(BATCH)).collect();
        left -= batch.len();
        journal.append_many(batch).await?;
    }
    Ok(journal)
}

/// The events of a file, as `plaudit export events --personal` writes them, again and again, each time of
/// other accounts, posts and the like.
fn repeat(file: &Path) -> Result<impl Iterator<Item = NewEvent> + use<>> {
    let text = std::fs::read_to_string(file)?;
    let lines = text.lines().map(serde_json::from_str);
    let lines = lines.collect::<serde_json::Result<Vec<Value>>>()?;
    let text_of = |line: &Value, field: &str| line[field].as_str().unwrap_or_default().to_owned();
    let first = lines
        .iter()
        .map(|line| event(line, 0, &text_of))
        .collect::<Result<Vec<_>>>()?;
    println!("{} of them from {}", first.len(), file.display());
    Ok((0_u128..).flat_map(move |copy| {
        let of_copy = |line| event(line, copy, &text_of).ok();
        lines.iter().filter_map(of_copy).collect::<Vec<_>>()
    }))
}

fn event(line: &Value, copy: u128, text: &impl Fn(&Value, &str) -> String) -> Result<NewEvent> {
    let mut line = line.clone();
    other_ids(&mut line, copy);
    let version = line["version"].as_u64().unwrap_or_default();
    let body = line["data"].to_string();
    Ok(NewEvent {
        id: text(&line, "id").parse()?,
        occurred_at: text(&line, "occurred_at").parse()?,
        actor: text(&line, "actor").parse().ok(),
        correlation: None,
        causation: None,
        imported: false,
        fact: Fact::decode(&text(&line, "type"), u16::try_from(version)?, &body)?,
    })
}

/// Makes other ids of all that stand in a value; the same of the same.
fn other_ids(value: &mut Value, copy: u128) {
    match value {
        Value::String(text) => {
            if let Ok(id) = text.parse::<Uuid>() {
                *text = Uuid::from_u128(id.as_u128() ^ copy).to_string();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| other_ids(value, copy)),
        Value::Object(fields) => fields.values_mut().for_each(|value| other_ids(value, copy)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[derive(Default)]
struct History {
    random: Random,
    happened: i64,
    accounts: Vec<AccountId>,
    posts: Vec<Written>,
    /// Accepted answers by their questions.
    accepted: HashMap<PostId, AcceptedAnswer>,
    /// Places of questions and of answers among the posts.
    questions: Vec<usize>,
    answers: Vec<usize>,
}

#[derive(Clone)]
struct Written {
    post: PostId,
    author: AccountId,
    parent: Option<PostId>,
}

impl History {
    fn next(&mut self) -> NewEvent {
        self.happened += 1;
        let fact = self.fact();
        NewEvent {
            id: self.random.uuid(),
            // One every twenty seconds, from 2020 on.
            occurred_at: Time::from_micros(1_577_836_800_000_000 + self.happened * 20_000_000),
            actor: self.accounts.last().copied(),
            correlation: Some(self.random.uuid()),
            causation: None,
            imported: false,
            fact,
        }
    }

    /// In a thousand: 50 registrations, 150 posts with long texts, 650 likes, 150 other things.
    fn fact(&mut self) -> Fact {
        if self.accounts.len() < 10 {
            return self.registered();
        }
        if self.answers.is_empty() {
            return match self.questions.is_empty() {
                true => self.created(Kind::Question, None, 500),
                false => self.replied(Kind::Answer, 500),
            };
        }
        match self.random.place(1_000) {
            0..50 => self.registered(),
            50..90 => self.created(Kind::Question, None, 500),
            90..105 => self.created(Kind::Discussion, None, 500),
            105..110 => self.created(Kind::Article, None, 2_000),
            110..200 => self.replied(Kind::Answer, 500),
            200..840 => self.liked(false),
            840..850 => self.liked(true),
            850..930 => self.replied(Kind::Comment, 150),
            930..950 => self.accepted(),
            950..990 => self.watched(),
            990..997 => self.edited(),
            _ => self.deleted(),
        }
    }

    fn registered(&mut self) -> Fact {
        let account = AccountId(self.random.uuid());
        self.accounts.push(account);
        AccountFact::Registered(Registered {
            account,
            name: format!("Member {}", self.accounts.len()).into(),
            origin: None,
        })
        .into()
    }

    fn created(&mut self, kind: Kind, parent: Option<PostId>, length: usize) -> Fact {
        let (post, author) = (PostId(self.random.uuid()), self.account());
        let place = self.posts.len();
        self.posts.push(Written {
            post,
            author,
            parent,
        });
        match kind {
            Kind::Question => self.questions.push(place),
            Kind::Answer => self.answers.push(place),
            Kind::Discussion | Kind::Article | Kind::Comment => {}
        }
        let is_topic = kind.is_top_level();
        PostFact::Created(Created {
            post,
            kind,
            author: Some(author),
            parent,
            group: None,
            title: is_topic.then(|| self.random.text(60).into()),
            body: self.random.text(length).into(),
            tags: match is_topic {
                true => (0..3)
                    .map(|_| format!("tag-{}", self.random.few(300)))
                    .collect(),
                false => Vec::new(),
            },
            origin: None,
        })
        .into()
    }

    fn replied(&mut self, kind: Kind, length: usize) -> Fact {
        let place = match kind {
            Kind::Comment => self.random.late(self.posts.len()),
            Kind::Question | Kind::Discussion | Kind::Article | Kind::Answer => {
                self.questions[self.random.late(self.questions.len())]
            }
        };
        self.created(kind, Some(self.posts[place].post), length)
    }

    fn liked(&mut self, withdrawn: bool) -> Fact {
        let place = self.random.few(self.posts.len());
        let Written { post, author, .. } = self.posts[place];
        let like = Like {
            post,
            account: self.account(),
            author: Some(author),
        };
        match withdrawn {
            false => LikeFact::Liked(like).into(),
            true => LikeFact::Withdrawn(like).into(),
        }
    }

    fn accepted(&mut self) -> Fact {
        let place = self.answers[self.random.late(self.answers.len())];
        let Written {
            post,
            author,
            parent,
        } = self.posts[place];
        let question = parent.unwrap_or(post);
        let accepted = AcceptedAnswer {
            answer: post,
            author: Some(author),
        };
        PostFact::AnswerAccepted(Accepted {
            question,
            asker: None,
            accepted,
            replaced: self.accepted.insert(question, accepted),
        })
        .into()
    }

    fn watched(&mut self) -> Fact {
        let watch = Watch {
            post: self.posts[self.random.late(self.posts.len())].post,
            account: self.account(),
        };
        WatchFact::Watched(watch).into()
    }

    fn edited(&mut self) -> Fact {
        let place = self.random.late(self.posts.len());
        let Written { post, author, .. } = self.posts[place];
        PostFact::Edited(Edited {
            post,
            author: Some(author),
            title: None,
            body: Some(self.random.text(500).into()),
            tags: None,
        })
        .into()
    }

    fn deleted(&mut self) -> Fact {
        let place = self.random.late(self.posts.len());
        let Written {
            post,
            author,
            parent,
        } = self.posts[place];
        PostFact::Deleted(Affected {
            post,
            author: Some(author),
            parent,
            accepted: self.accepted.get(&post).copied(),
        })
        .into()
    }

    fn account(&mut self) -> AccountId {
        self.accounts[self.random.few(self.accounts.len())]
    }
}
