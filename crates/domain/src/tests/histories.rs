//! What holds on every history, however it came about.

use std::collections::BTreeSet;
use std::fmt::Debug;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::acceptance::{Accept, Withdraw};
use crate::account::{AccountKind, Claims, LogIn, Register, Rename};
use crate::badge::Grant;
use crate::decide::{Actor, Command, History, Roles, decide};
use crate::erasure::{Content, Erase};
use crate::fact::Fact;
use crate::feedback::{GiveFeedback, Interaction, RecordInteractions};
use crate::given::{ada, after, bob, code, eve, gift, group, now, post, registered, seen};
use crate::group::Create;
use crate::id::{AccountId, Origin, PostId};
use crate::kudos::{Allowance, Enrol, Give, Policy, RequestEnrolment};
use crate::learning::{Achievement, Record};
use crate::like::{LikePost, UnlikePost};
use crate::link_code::MakeLinkCode;
use crate::links::{Link, Links, MakePrimary, Primary, Unlink, Withdraw as WithdrawLinks};
use crate::membership::{Join, Leave};
use crate::period::Period;
use crate::post::{Answer, Changes, Comment, Delete, Edit, Open, Restore, Topic};
use crate::profile;
use crate::refusal::Refusal;
use crate::visibility::Visibility;
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
    fn decide(&self, history: &History) -> Result<Vec<Fact>, Refusal> {
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

fn any_account() -> impl Strategy<Value = AccountId> {
    prop::sample::select(vec![ada(), bob(), eve()])
}

fn any_visibility() -> impl Strategy<Value = Visibility> {
    prop::sample::select(vec![Visibility::Public, Visibility::Private])
}

fn any_code() -> impl Strategy<Value = crate::link_code::CodeHash> {
    (0..20u8).prop_map(|number| code(number).hash())
}

/// What concerns who somebody is, and with whom.
fn any_personal_command() -> impl Strategy<Value = Box<dyn Wanted>> {
    let kind = prop::sample::select(vec![
        None,
        Some(AccountKind::Personal),
        Some(AccountKind::Managed),
    ]);
    let log_in =
        (prop::option::of(any_text()), prop::bool::ANY, kind).prop_map(|(name, picture, kind)| {
            let picture = picture.then(|| "https://example.org/a.png".to_owned());
            wanted(LogIn {
                claims: Claims {
                    name,
                    picture,
                    kind,
                },
            })
        });
    let edit = (prop::option::of(any_text()), prop::option::of(any_tags())).prop_map(
        |(company, products)| {
            wanted(profile::Edit {
                company,
                products,
                ..profile::Edit::default()
            })
        },
    );
    let account_visibility = any_visibility()
        .prop_map(|visibility| wanted(crate::account::ChangeVisibility { visibility }));
    let profile_visibility =
        any_visibility().prop_map(|visibility| wanted(profile::ChangeVisibility { visibility }));
    let link = (any_code(), prop::bool::ANY).prop_map(|(code, actor)| {
        let primary = if actor {
            Primary::Actor
        } else {
            Primary::Other
        };
        wanted(Link { code, primary })
    });
    let course = (any_account(), any_text()).prop_map(|(account, course)| {
        let badge = None;
        let title = course.clone();
        let achievement = Achievement::Course {
            course,
            title,
            badge,
        };
        let at = now();
        wanted(Record {
            account,
            at,
            achievement,
        })
    });
    let certification =
        (any_account(), any_text(), prop::bool::ANY).prop_map(|(account, title, designation)| {
            let achievement = Achievement::Certification {
                certification: title.clone(),
                title,
                designation,
                expires_at: None,
            };
            let at = now();
            wanted(Record {
                account,
                at,
                achievement,
            })
        });
    let create = (1..=2u128, any_text()).prop_map(|(number, name)| {
        wanted(Create {
            group: group(number),
            name,
            description: String::new(),
        })
    });
    let erase = any_account().prop_map(|account| {
        let content = Content::Remove;
        wanted(Erase { account, content })
    });
    prop_oneof![
        12 => log_in,
        12 => edit,
        3 => account_visibility,
        6 => profile_visibility,
        24 => any_code().prop_map(|code| wanted(MakeLinkCode { code })),
        36 => link,
        6 => any_account().prop_map(|account| wanted(Unlink { account })),
        12 => any_account().prop_map(|account| wanted(MakePrimary { account })),
        3 => any_account().prop_map(|account| wanted(WithdrawLinks { account })),
        3 => course,
        3 => certification,
        6 => create,
        6 => (1..=2u128).prop_map(|number| wanted(Join { group: group(number) })),
        6 => (1..=2u128).prop_map(|number| wanted(Leave { group: group(number) })),
        4 => erase,
    ]
}

/// What concerns kudos, badges and what members think of them.
fn any_kudos_command() -> impl Strategy<Value = Box<dyn Wanted>> {
    let request = prop::sample::select(vec![Policy::Waitlist, Policy::Automatic])
        .prop_map(|policy| wanted(RequestEnrolment { policy }));
    let about = prop::option::weighted(0.2, any_post());
    let give = (1..=6u128, any_account(), any_text(), about).prop_map(
        |(number, receiver, message, post)| {
            wanted(Give {
                gift: gift(number),
                receiver,
                message,
                post,
                allowance: Allowance {
                    gifts: 2,
                    per: Period::Week,
                },
            })
        },
    );
    let grant = (any_account(), any_text(), 1..=3u8).prop_map(|(account, badge, id)| {
        wanted(Grant {
            account,
            title: badge.clone(),
            badge,
            at: now(),
            origin: Origin {
                source: "guild".into(),
                id: id.to_string(),
            },
        })
    });
    let feedback = (
        any_text(),
        prop::option::of(0..=5u8),
        prop::option::of(any_text()),
    )
        .prop_map(|(subject, rating, text)| {
            wanted(GiveFeedback {
                subject,
                rating,
                text,
            })
        });
    let interaction = (any_text(), prop::option::of(any_text()), -3..1i64).prop_map(
        |(kind, subject, seconds)| {
            let at = after(seconds);
            Interaction { kind, subject, at }
        },
    );
    let interactions = prop::collection::vec(interaction, 1..4)
        .prop_map(|interactions| wanted(RecordInteractions::of_days(interactions).remove(0)));
    prop_oneof![
        3 => request,
        3 => any_account().prop_map(|account| wanted(Enrol { account })),
        6 => give,
        2 => grant,
        2 => feedback,
        2 => interactions,
    ]
}

fn any_command() -> impl Strategy<Value = Box<dyn Wanted>> {
    let register = any_text().prop_map(|name| wanted(Register { name }));
    let rename = any_text().prop_map(|name| wanted(Rename { name }));
    let in_group = prop::option::weighted(0.2, (1..=2u128).prop_map(group));
    let open = (
        any_parent(),
        any_topic(),
        in_group,
        any_text(),
        any_text(),
        any_tags(),
    )
        .prop_map(|(post, topic, group, title, body, tags)| {
            wanted(Open {
                post,
                topic,
                group,
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
        16 => any_personal_command(),
        4 => any_kudos_command(),
        2 => register,
        1 => rename,
        2 => open,
        4 => answer,
        1 => comment,
        1 => edit,
        2 => any_post().prop_map(|post| wanted(Delete { post })),
        2 => any_post().prop_map(|post| wanted(Restore { post })),
        6 => accept,
        1 => any_parent().prop_map(|question| wanted(Withdraw { question })),
        1 => any_post().prop_map(|post| wanted(LikePost { post })),
        1 => any_post().prop_map(|post| wanted(UnlikePost { post })),
        1 => any_post().prop_map(|post| wanted(WatchPost { post })),
        1 => any_post().prop_map(|post| wanted(UnwatchPost { post })),
    ]
}

fn any_wish() -> impl Strategy<Value = Wish> {
    let roles = (any::<bool>(), any::<bool>()).prop_map(|(community_manager, service)| Roles {
        admin: community_manager && service,
        community_manager,
        analyst: false,
        service,
    });
    (any_account(), roles, any_command()).prop_map(|(account, roles, command)| Wish {
        actor: Actor { account, roles },
        command,
    })
}

/// A history that begins with some facts.
fn history(facts: impl IntoIterator<Item = Fact>) -> History {
    let mut history = History::new(now(), Links::default().into());
    for fact in facts {
        history.push(fact);
    }
    history
}

fn any_wishes() -> impl Strategy<Value = Vec<Wish>> {
    prop::collection::vec(any_wish(), 0..250)
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
        let mut history = history(beginning());
        for wish in &wishes {
            if let Ok(facts) = wish.decide(&history) {
                facts.into_iter().for_each(|fact| history.push(fact));
                prop_assert_eq!(wish.decide(&history), Ok(vec![]), "{:?}", wish);
            }
        }
    }

    #[test]
    fn facts_belong_to_the_stream_that_the_command_writes(wishes in any_wishes()) {
        let mut history = history(beginning());
        for wish in &wishes {
            let facts = wish.decide(&history).unwrap_or_default();
            for fact in &facts {
                prop_assert_eq!(fact.stream(), wish.command.writes(&wish.actor, history.links()), "{:?}", wish);
            }
            facts.into_iter().for_each(|fact| history.push(fact));
        }
    }

    /// What decides for real loads nothing else.
    #[test]
    fn a_command_is_decided_the_same_on_nothing_but_what_it_needs(wishes in any_wishes()) {
        let mut facts = Vec::from(beginning());
        let mut history = history(beginning());
        for wish in &wishes {
            let loaded = seen(&facts, now(), &*wish.command, &wish.actor);
            let decided = wish.decide(&history);
            prop_assert_eq!(&wish.decide(&loaded), &decided, "{:?}", wish);
            let decided = decided.unwrap_or_default();
            facts.extend(decided.iter().cloned());
            decided.into_iter().for_each(|fact| history.push(fact));
        }
    }
}

/// The properties above would hold on histories in which nothing happens, too.
#[test]
fn random_histories_come_to_everything_that_can_happen() {
    let mut runner = TestRunner::deterministic();
    let mut happened = BTreeSet::new();
    for _ in 0..HISTORIES {
        let mut history = history(beginning());
        for wish in any_wishes().new_tree(&mut runner).unwrap().current() {
            let facts = wish.decide(&history).unwrap_or_default();
            happened.extend(facts.iter().map(Fact::stored_type));
            facts.into_iter().for_each(|fact| history.push(fact));
        }
    }
    assert_eq!(happened, Fact::TYPES.iter().copied().collect());
}
