//! What holds on every history, however it came about.

use std::collections::BTreeSet;
use std::fmt::Debug;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::acceptance::{Accept, Withdraw};
use crate::account::{Register, Rename};
use crate::decide::{Actor, Command, Streams, decide, needs};
use crate::fact::Fact;
use crate::given::{ada, bob, eve, post, registered};
use crate::id::PostId;
use crate::like::{LikePost, UnlikePost};
use crate::post::{Answer, Changes, Comment, Delete, Edit, Open, Restore, Topic};
use crate::refusal::Refusal;
use crate::watch::{UnwatchPost, WatchPost};

/// Somebody who wants something.
#[derive(Debug)]
struct Wish {
    actor: Actor,
    command: Box<dyn Wanted>,
}

/// A command that a failing test can print.
trait Wanted: Command + Debug {}

impl<C: Command + Debug> Wanted for C {}

impl Wish {
    fn decide(&self, history: &Streams) -> Result<Vec<Fact>, Refusal> {
        decide(&*self.command, &self.actor, history)
    }
}

/// Few enough that commands often meet on the same one.
fn any_post() -> impl Strategy<Value = PostId> {
    (1..=5u128).prop_map(post)
}

/// Mostly one of two, so that answers find questions and acceptances find both.
fn any_parent() -> impl Strategy<Value = PostId> {
    prop_oneof![4 => (1..=2u128).prop_map(post), 1 => any_post()]
}

/// Mostly one of the others; now and then an id that is taken.
fn any_reply() -> impl Strategy<Value = PostId> {
    prop_oneof![4 => (3..=5u128).prop_map(post), 1 => any_post()]
}

/// Few enough that texts often stay as they were; now and then one that is refused.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![9 => Just("one"), 9 => Just("two"), 1 => Just("")].prop_map(str::to_owned)
}

fn any_tags() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(any_text(), 0..3)
}

fn any_changes() -> impl Strategy<Value = Changes> {
    let (title, body) = (any_text(), any_text());
    (
        prop::option::of(title),
        prop::option::of(body),
        prop::option::of(any_tags()),
    )
        .prop_map(|(title, body, tags)| Changes { title, body, tags })
}

fn any_topic() -> impl Strategy<Value = Topic> {
    prop_oneof![
        4 => Just(Topic::Question),
        1 => Just(Topic::Discussion),
        1 => Just(Topic::Article),
    ]
}

fn wanted<C: Command + Debug + 'static>(command: C) -> Box<dyn Wanted> {
    Box::new(command)
}

fn any_command() -> impl Strategy<Value = Box<dyn Wanted>> {
    let register = any_text().prop_map(|name| wanted(Register { name }));
    let rename = any_text().prop_map(|name| wanted(Rename { name }));
    let open = (
        any_parent(),
        any_topic(),
        any_text(),
        any_text(),
        any_tags(),
    )
        .prop_map(|(post, topic, title, body, tags)| {
            wanted(Open {
                post,
                topic,
                title,
                body,
                tags,
            })
        });
    let answer = (any_reply(), any_parent(), any_text()).prop_map(|(post, question, body)| {
        wanted(Answer {
            post,
            question,
            body,
        })
    });
    let comment = (any_reply(), any_post(), any_text())
        .prop_map(|(post, on, body)| wanted(Comment { post, on, body }));
    let edit =
        (any_post(), any_changes()).prop_map(|(post, changes)| wanted(Edit { post, changes }));
    let accept = (any_parent(), any_reply())
        .prop_map(|(question, answer)| wanted(Accept { question, answer }));
    prop_oneof![
        2 => register,
        1 => rename,
        2 => open,
        4 => answer,
        1 => comment,
        1 => edit,
        1 => any_post().prop_map(|post| wanted(Delete { post })),
        1 => any_post().prop_map(|post| wanted(Restore { post })),
        6 => accept,
        1 => any_parent().prop_map(|question| wanted(Withdraw { question })),
        1 => any_post().prop_map(|post| wanted(LikePost { post })),
        1 => any_post().prop_map(|post| wanted(UnlikePost { post })),
        1 => any_post().prop_map(|post| wanted(WatchPost { post })),
        1 => any_post().prop_map(|post| wanted(UnwatchPost { post })),
    ]
}

fn any_wish() -> impl Strategy<Value = Wish> {
    (
        prop::sample::select(vec![ada(), bob(), eve()]),
        any_command(),
    )
        .prop_map(|(account, command)| Wish {
            actor: Actor { account },
            command,
        })
}

fn any_wishes() -> impl Strategy<Value = Vec<Wish>> {
    prop::collection::vec(any_wish(), 0..200)
}

/// Ada and Bob are there from the start, so that not all has to wait until they register.
fn beginning() -> [Fact; 2] {
    [registered(ada(), "one"), registered(bob(), "two")]
}

/// How many histories a run tries. They are long, so a hundred of them meet most of what can be.
const HISTORIES: u32 = 100;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(HISTORIES))]

    #[test]
    fn a_command_decided_twice_records_nothing_the_second_time(wishes in any_wishes()) {
        let mut history = Streams::from_iter(beginning());
        for wish in &wishes {
            if let Ok(facts) = wish.decide(&history) {
                history.extend(facts);
                prop_assert_eq!(wish.decide(&history), Ok(vec![]), "{:?}", wish);
            }
        }
    }

    #[test]
    fn facts_belong_to_the_stream_that_the_command_writes(wishes in any_wishes()) {
        let mut history = Streams::from_iter(beginning());
        for wish in &wishes {
            let facts = wish.decide(&history).unwrap_or_default();
            for fact in &facts {
                prop_assert_eq!(fact.stream(), wish.command.writes(&wish.actor), "{:?}", wish);
            }
            history.extend(facts);
        }
    }

    /// What decides for real loads nothing else.
    #[test]
    fn a_command_is_decided_the_same_on_nothing_but_what_it_needs(wishes in any_wishes()) {
        let mut facts = Vec::from(beginning());
        let mut history = Streams::from_iter(beginning());
        for wish in &wishes {
            let needed = needs(&*wish.command, &wish.actor);
            let loaded = facts.iter().filter(|fact| needed.contains(&fact.stream())).cloned().collect();
            let decided = wish.decide(&history);
            prop_assert_eq!(&wish.decide(&loaded), &decided, "{:?}", wish);
            let decided = decided.unwrap_or_default();
            facts.extend(decided.iter().cloned());
            history.extend(decided);
        }
    }
}

/// The properties above would hold on histories in which nothing happens, too.
#[test]
fn random_histories_come_to_everything_that_can_happen() {
    let mut runner = TestRunner::deterministic();
    let mut happened = BTreeSet::new();
    for _ in 0..HISTORIES {
        let mut history = Streams::from_iter(beginning());
        for wish in any_wishes().new_tree(&mut runner).unwrap().current() {
            let facts = wish.decide(&history).unwrap_or_default();
            happened.extend(facts.iter().map(Fact::stored_type));
            history.extend(facts);
        }
    }
    assert_eq!(happened, Fact::TYPES.iter().copied().collect());
}
