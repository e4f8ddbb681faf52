//! The demo community is one that could have happened: every event of it is decided again.

use std::collections::HashSet;
use std::fs;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::fixture;
use crate::acceptance::{Accept, Withdraw};
use crate::account::{Register, Rename};
use crate::decide::{Actor, Command, Streams, decide};
use crate::fact::{AccountFact, Fact, LikeFact, PostFact, WatchFact};
use crate::id::AccountId;
use crate::like::{LikePost, UnlikePost};
use crate::personal::Personal;
use crate::post::{Answer, Changes, Comment, Created, Delete, Edit, Kind, Open, Restore, Topic};
use crate::time::Time;
use crate::watch::{UnwatchPost, WatchPost};

/// An event as `plaudit import events` reads it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: Uuid,
    stream: String,
    r#type: String,
    version: u16,
    occurred_at: Time,
    actor: AccountId,
    data: Value,
}

impl Line {
    /// All of them, each with its number.
    fn all() -> Vec<(usize, Self)> {
        let text = fs::read_to_string(fixture("demo/events.ndjson")).unwrap();
        (1..)
            .zip(text.lines())
            .map(|(number, line)| match serde_json::from_str(line) {
                Ok(line) => (number, line),
                Err(error) => panic!("line {number}: {error}"),
            })
            .collect()
    }

    fn fact(&self) -> Fact {
        Fact::decode(&self.r#type, self.version, &self.data.to_string()).unwrap()
    }
}

#[test]
fn every_id_is_used_once_and_time_never_runs_backwards() {
    let mut ids = HashSet::new();
    let mut last = None;
    for (number, line) in Line::all() {
        assert!(ids.insert(line.id), "line {number} repeats an id");
        assert!(Some(line.occurred_at) >= last, "line {number} is too early");
        last = Some(line.occurred_at);
    }
}

#[test]
fn every_line_is_written_as_an_export_would_write_it() {
    for (number, line) in Line::all() {
        let fact = line.fact();
        let data: Value = serde_json::from_str(&fact.encode().unwrap()).unwrap();
        assert_eq!(data, line.data, "line {number}");
        assert_eq!(fact.stream().as_str(), line.stream, "line {number}");
    }
}

/// So whatever a fact names came earlier, authors and accepted answers are who and what they are,
/// and nothing is liked, deleted or watched twice: a command that breaks a rule is refused, and one
/// that changes nothing records nothing.
#[test]
fn every_event_is_what_its_actor_would_get_by_asking_for_it() {
    let mut history = Streams::default();
    for (number, line) in Line::all() {
        let fact = line.fact();
        let actor = Actor {
            account: line.actor,
        };
        let decided = decide(&*command_for(&fact), &actor, &history);
        assert_eq!(decided, Ok(vec![fact.clone()]), "line {number}");
        history.push(fact);
    }
}

#[test]
fn everything_that_can_happen_happens() {
    let happened: HashSet<_> = Line::all()
        .iter()
        .map(|(_, line)| line.fact().stored_type())
        .collect();
    assert_eq!(happened, Fact::TYPES.iter().copied().collect());
}

/// The command that asks for just this fact.
fn command_for(fact: &Fact) -> Box<dyn Command> {
    match fact {
        Fact::Account(AccountFact::Registered(registered)) => Box::new(Register {
            name: text(&registered.name),
        }),
        Fact::Account(AccountFact::Renamed(renamed)) => Box::new(Rename {
            name: text(&renamed.name),
        }),
        Fact::Post(PostFact::Created(created)) => command_to_write(created),
        Fact::Post(PostFact::Edited(edited)) => Box::new(Edit {
            post: edited.post,
            changes: Changes {
                title: edited.title.as_ref().map(text),
                body: edited.body.as_ref().map(text),
                tags: edited.tags.clone(),
            },
        }),
        Fact::Post(PostFact::Deleted(affected)) => Box::new(Delete {
            post: affected.post,
        }),
        Fact::Post(PostFact::Restored(affected)) => Box::new(Restore {
            post: affected.post,
        }),
        Fact::Post(PostFact::AnswerAccepted(accepted)) => Box::new(Accept {
            question: accepted.question,
            answer: accepted.accepted.answer,
        }),
        Fact::Post(PostFact::AcceptanceWithdrawn(withdrawn)) => Box::new(Withdraw {
            question: withdrawn.question,
        }),
        Fact::Like(LikeFact::Liked(like)) => Box::new(LikePost { post: like.post }),
        Fact::Like(LikeFact::Withdrawn(like)) => Box::new(UnlikePost { post: like.post }),
        Fact::Watch(WatchFact::Watched(watch)) => Box::new(WatchPost { post: watch.post }),
        Fact::Watch(WatchFact::Unwatched(watch)) => Box::new(UnwatchPost { post: watch.post }),
    }
}

fn command_to_write(created: &Created) -> Box<dyn Command> {
    let &Created {
        post, kind, parent, ..
    } = created;
    let body = text(&created.body);
    let open = |topic| {
        Box::new(Open {
            post,
            topic,
            title: created.title.as_ref().map(text).unwrap(),
            body: body.clone(),
            tags: created.tags.clone(),
        })
    };
    match kind {
        Kind::Question => open(Topic::Question),
        Kind::Discussion => open(Topic::Discussion),
        Kind::Article => open(Topic::Article),
        Kind::Answer => Box::new(Answer {
            post,
            question: parent.unwrap(),
            body,
        }),
        Kind::Comment => Box::new(Comment {
            post,
            on: parent.unwrap(),
            body,
        }),
    }
}

fn text(personal: &Personal<String>) -> String {
    personal.get().unwrap().clone()
}
