//! Random histories: commands of members, and facts as imports bring them.

use std::collections::HashMap;

use plaudit_domain::acceptance::{Accept, Accepted, AcceptedAnswer, Withdraw, Withdrawn};
use plaudit_domain::account::{
    AccountKind, ChangeVisibility, Claims, LogIn, Register, Registered, Rename,
};
use plaudit_domain::badge::{Grant, Granted};
use plaudit_domain::erasure::{Content, Erase};
use plaudit_domain::fact::{
    AccountFact, BadgeFact, GroupFact, KudosFact, LearningFact, LikeFact, LinkFact, MembershipFact,
    NotificationFact, PostFact, ReportFact, RulesFact, WatchFact,
};
use plaudit_domain::feedback::{GiveFeedback, Interaction, RecordInteractions};
use plaudit_domain::group::{Changed as Moderated, Create};
use plaudit_domain::kudos::{Allowance, Enrol, Enrolled, Give, Given, Policy, RequestEnrolment};
use plaudit_domain::learning::{Achievement, CourseCompleted, Record};
use plaudit_domain::like::{Like, LikePost, UnlikePost};
use plaudit_domain::link_code::{CODE_BYTES, Code, MakeLinkCode};
use plaudit_domain::links::{
    Link, Linked, Links, MakePrimary, Primary, PrimaryChanged, Unlink, Unlinked,
    Withdraw as WithdrawLinks,
};
use plaudit_domain::membership::{Join, Leave, Membership};
use plaudit_domain::notification::{ChangePreferences, MarkRead};
use plaudit_domain::post::{
    Affected, Answer, Changes, Comment, Created, Delete, Edit, Kind, Open, Post, Remove, Restore,
    Topic,
};
use plaudit_domain::report::{Dismiss, Measure, Report, Uphold};
use plaudit_domain::review::{Publish, Reject, Resubmit};
use plaudit_domain::rules::Activated;
use plaudit_domain::watch::{GroupWatch, UnwatchGroup, UnwatchPost, Watch, WatchGroup, WatchPost};
use plaudit_domain::{
    AccountId, Actor, Command, Fact, GiftId, GroupId, History as Decided, NewEvent, Origin, Period,
    PostId, Roles, StreamName, Time, Visibility, decide, notification, profile, report, review,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use uuid::Uuid;

use crate::labels::{Label, any_label};
use crate::meetings::{self, Happening, Known, any_happening};

/// How many accounts there can be.
const ACCOUNTS: u8 = 5;
/// How many posts there can be: few enough that steps often meet on the same one.
const POSTS: u8 = 9;
/// How many groups there can be.
const GROUPS: u8 = 2;
/// How many codes there can be.
const CODES: u8 = 30;
/// The first so many of them are mostly topics, the rest mostly replies.
const TOPICS: u8 = 3;
/// Half a day in microseconds: what happens fills several weeks, which rules go by.
const HALF_DAY: i64 = 12 * 3_600 * 1_000_000;
/// In the year 2096: what happens then isn't history when it is recorded.
pub const YET_TO_COME: i64 = 4_000_000_000_000_000;
/// How many gifts and badges there can be.
const GIFTS: u8 = 10;

pub fn account(number: u8) -> AccountId {
    AccountId(Uuid::from_u128(0xacc0_0000 + u128::from(number)))
}

pub fn post(number: u8) -> PostId {
    PostId(Uuid::from_u128(0x9057_0000 + u128::from(number)))
}

pub fn group(number: u8) -> GroupId {
    GroupId(Uuid::from_u128(0x6009_0000 + u128::from(number)))
}

/// An account that was imported.
pub fn registered(number: u8) -> Fact {
    AccountFact::Registered(Registered {
        account: account(number),
        name: "imported".to_owned().into(),
        origin: Some(origin(number)),
    })
    .into()
}

fn gift(number: u8) -> GiftId {
    GiftId(Uuid::from_u128(0x91f7_0000 + u128::from(number)))
}

/// Something that may happen; what can't, doesn't.
#[derive(Debug, Clone)]
pub struct Step {
    /// In no order: imports bring old times late.
    second: u16,
    /// Whether it is recorded as it happens, so that members are told; else it is history.
    news: bool,
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
    Open(u8, Topic, Option<u8>, Vec<String>),
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
    WatchGroup(u8),
    UnwatchGroup(u8),
    Submit(u8, Vec<String>),
    Publish(u8),
    Reject(u8, String),
    Resubmit(u8),
    Report(u8, String),
    Remove(u8),
    Uphold(u8, Measure, String),
    Dismiss(u8),
    Mute(Vec<notification::Kind>),
    MarkRead(u8, bool),
    LogIn(String, bool),
    EditProfile(String),
    ShowProfile(Visibility),
    ShowAccount(Visibility),
    MakeCode(u8),
    Link(u8),
    Unlink(u8),
    MakePrimary(u8),
    WithdrawLinks(u8),
    Erase(u8, Content),
    Complete(u8, String),
    Certify(u8, String),
    CreateGroup(u8),
    Join(u8),
    Leave(u8),
    AskToTakePart,
    Enrol(u8),
    Give(u8, u8, Option<u8>),
    Grant(u8, u8),
    GiveFeedback(String),
    LookAt(String),
    Label(u8, Label),
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
        group: Option<u8>,
        tags: Vec<String>,
    },
    Linked(u8, u8),
    Unlinked(u8, u8),
    PrimaryChanged(u8, u8),
    Completed(u8, String),
    Joined(u8, u8),
    Left(u8, u8),
    Enrolled(u8, u8),
    Gave {
        gift: u8,
        profile: u8,
        giver: u8,
        receiver: u8,
        about: Option<u8>,
    },
    Granted(u8, String),
    Label(u8, Label),
    Rules(u8),
    Deleted(u8, Naming),
    Restored(u8, Naming),
    Accepted(u8, u8, Naming),
    AcceptanceWithdrawn(u8, u8),
    Liked(u8, u8, Naming),
    LikeWithdrawn(u8, u8, Naming),
    Watched(u8, u8),
    Unwatched(u8, u8),
    InGroups(Happening),
    Moderated(u8),
    Submitted {
        post: u8,
        kind: Kind,
        author: Option<u8>,
        parent: Option<u8>,
        group: Option<u8>,
    },
    Published(u8, Naming),
    Rejected(u8, u8),
    Resubmitted(u8),
    Removed(u8, Naming),
    Reported(u8, u8),
    Upheld(u8, u8, u8),
    Dismissed(u8, u8),
    GroupWatched(u8, u8),
    GroupUnwatched(u8, u8),
    Read(u8, u8),
    Muted(u8, u8),
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
    (0..50u16, proptest::bool::weighted(0.5), what).prop_map(|(second, news, what)| Step {
        second,
        news,
        what,
    })
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
        2 => Just(Topic::Discussion),
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
        3 => (any_topic(), topic, option::weighted(0.3, 0..GROUPS), any_tags())
            .prop_map(|(p, topic, group, tags)| Wish::Open(p, topic, group, tags)),
        4 => (any_reply(), any_topic()).prop_map(|(p, on)| Wish::Answer(p, on)),
        2 => (any_reply(), any_post()).prop_map(|(p, on)| Wish::Comment(p, on)),
        5 => (any_post(), changes).prop_map(|(p, changes)| Wish::Edit(p, changes)),
        2 => any_post().prop_map(Wish::Delete),
        3 => any_post().prop_map(Wish::Restore),
        14 => (any_topic(), any_reply()).prop_map(|(q, a)| Wish::Accept(q, a)),
        1 => any_topic().prop_map(Wish::Withdraw),
        5 => any_post().prop_map(Wish::Like),
        2 => any_post().prop_map(Wish::Unlike),
        4 => any_post().prop_map(Wish::Watch),
        1 => any_post().prop_map(Wish::Unwatch),
        9 => any_personal_wish(),
        5 => any_kudos_wish(),
        4 => (0..ACCOUNTS, any_label()).prop_map(|(account, label)| Wish::Label(account, label)),
        10 => any_moderating_wish(),
    ]
}

/// What concerns who somebody is, and with whom.
fn any_personal_wish() -> impl Strategy<Value = Wish> {
    let visibility = || prop_oneof![Just(Visibility::Public), Just(Visibility::Private)];
    let content = prop_oneof![Just(Content::Keep), Just(Content::Remove)];
    prop_oneof![
        4 => (any_text(), any::<bool>()).prop_map(|(name, managed)| Wish::LogIn(name, managed)),
        4 => any_text().prop_map(Wish::EditProfile),
        2 => visibility().prop_map(Wish::ShowProfile),
        1 => visibility().prop_map(Wish::ShowAccount),
        12 => (0..CODES).prop_map(Wish::MakeCode),
        20 => (0..CODES).prop_map(Wish::Link),
        4 => (0..ACCOUNTS).prop_map(Wish::Unlink),
        6 => (0..ACCOUNTS).prop_map(Wish::MakePrimary),
        2 => (0..ACCOUNTS).prop_map(Wish::WithdrawLinks),
        9 => (0..ACCOUNTS, content).prop_map(|(account, content)| Wish::Erase(account, content)),
        8 => (0..ACCOUNTS, any_text()).prop_map(|(account, course)| Wish::Complete(account, course)),
        3 => (0..ACCOUNTS, any_text()).prop_map(|(account, title)| Wish::Certify(account, title)),
        3 => (0..GROUPS).prop_map(Wish::CreateGroup),
        6 => (0..GROUPS).prop_map(Wish::Join),
        2 => (0..GROUPS).prop_map(Wish::Leave),
    ]
}

/// What concerns review, reports, and what members are told.
fn any_moderating_wish() -> impl Strategy<Value = Wish> {
    let measure = prop_oneof![Just(Measure::Warning), Just(Measure::Removal)];
    let muted = vec(
        proptest::sample::select(notification::Kind::ALL[..7].to_vec()),
        0..3,
    );
    prop_oneof![
        8 => (0..GROUPS).prop_map(Wish::WatchGroup),
        1 => (0..GROUPS).prop_map(Wish::UnwatchGroup),
        6 => (any_post(), any_tags()).prop_map(|(p, tags)| Wish::Submit(p, tags)),
        6 => any_post().prop_map(Wish::Publish),
        6 => (any_post(), any_text()).prop_map(|(p, reason)| Wish::Reject(p, reason)),
        6 => any_post().prop_map(Wish::Resubmit),
        6 => (any_post(), any_text()).prop_map(|(p, comment)| Wish::Report(p, comment)),
        2 => any_post().prop_map(Wish::Remove),
        4 => (any_post(), measure, any_text()).prop_map(|(p, it, note)| Wish::Uphold(p, it, note)),
        1 => any_post().prop_map(Wish::Dismiss),
        1 => muted.prop_map(Wish::Mute),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(id, until)| Wish::MarkRead(id, until)),
    ]
}

/// What concerns kudos, badges and what members think of them.
fn any_kudos_wish() -> impl Strategy<Value = Wish> {
    let about = option::weighted(0.3, any_post());
    prop_oneof![
        1 => Just(Wish::AskToTakePart),
        1 => (0..ACCOUNTS).prop_map(Wish::Enrol),
        6 => (0..GIFTS, 0..ACCOUNTS, about).prop_map(|(g, to, about)| Wish::Give(g, to, about)),
        2 => (0..ACCOUNTS, 0..GIFTS).prop_map(|(account, id)| Wish::Grant(account, id)),
        1 => any_text().prop_map(Wish::GiveFeedback),
        1 => any_text().prop_map(Wish::LookAt),
    ]
}

fn any_import() -> impl Strategy<Value = Import> {
    let naming = || prop_oneof![3 => Just(Naming::All), 1 => Just(Naming::TheLeast)];
    let created = (
        any_post(),
        proptest::sample::select(Kind::ALL.to_vec()),
        option::of(0..ACCOUNTS),
        option::of(any_topic()),
        option::weighted(0.2, 0..GROUPS),
        any_tags(),
    )
        .prop_map(
            |(post, kind, author, parent, group, tags)| Import::Created {
                post,
                kind,
                author,
                parent,
                group,
                tags,
            },
        );
    let about = option::weighted(0.3, any_post());
    let gave = (0..GIFTS, 0..ACCOUNTS, 0..ACCOUNTS, 0..ACCOUNTS, about).prop_map(
        |(gift, profile, giver, receiver, about)| Import::Gave {
            gift,
            profile,
            giver,
            receiver,
            about,
        },
    );
    let accounts = || (0..ACCOUNTS, 0..ACCOUNTS);
    let member = || (0..GROUPS, 0..ACCOUNTS);
    let pair = || (any_post(), 0..ACCOUNTS);
    prop_oneof![
        2 => (0..ACCOUNTS).prop_map(Import::Registered),
        4 => created,
        2 => (any_post(), naming()).prop_map(|(p, n)| Import::Deleted(p, n)),
        2 => (any_post(), naming()).prop_map(|(p, n)| Import::Restored(p, n)),
        14 => (any_topic(), any_reply(), naming()).prop_map(|(q, a, n)| Import::Accepted(q, a, n)),
        1 => (any_topic(), any_reply()).prop_map(|(q, a)| Import::AcceptanceWithdrawn(q, a)),
        4 => (pair(), naming()).prop_map(|((p, by), n)| Import::Liked(p, by, n)),
        1 => (pair(), naming()).prop_map(|((p, by), n)| Import::LikeWithdrawn(p, by, n)),
        1 => pair().prop_map(|(p, by)| Import::Watched(p, by)),
        1 => pair().prop_map(|(p, by)| Import::Unwatched(p, by)),
        2 => accounts().prop_map(|(a, b)| Import::Linked(a, b)),
        1 => accounts().prop_map(|(a, b)| Import::Unlinked(a, b)),
        1 => accounts().prop_map(|(a, b)| Import::PrimaryChanged(a, b)),
        2 => (0..ACCOUNTS, any_text()).prop_map(|(a, course)| Import::Completed(a, course)),
        1 => member().prop_map(|(group, a)| Import::Joined(group, a)),
        1 => member().prop_map(|(group, a)| Import::Left(group, a)),
        1 => accounts().prop_map(|(a, b)| Import::Enrolled(a, b)),
        2 => gave,
        2 => (0..ACCOUNTS, any_text()).prop_map(|(a, badge)| Import::Granted(a, badge)),
        24 => any_happening(GROUPS, ACCOUNTS).prop_map(Import::InGroups),
        4 => (0..ACCOUNTS, any_label()).prop_map(|(a, label)| Import::Label(a, label)),
        1 => any::<u8>().prop_map(Import::Rules),
        8 => any_moderating_import(),
    ]
}

fn any_moderating_import() -> impl Strategy<Value = Import> {
    let naming = || prop_oneof![3 => Just(Naming::All), 1 => Just(Naming::TheLeast)];
    let submitted = (
        any_post(),
        proptest::sample::select(Kind::ALL.to_vec()),
        option::of(0..ACCOUNTS),
        option::of(any_topic()),
        option::of(0..GROUPS),
    )
        .prop_map(|(post, kind, author, parent, group)| Import::Submitted {
            post,
            kind,
            author,
            parent,
            group,
        });
    let pair = || (any_post(), 0..ACCOUNTS);
    let member = || (0..GROUPS, 0..ACCOUNTS);
    prop_oneof![
        3 => (0..GROUPS).prop_map(Import::Moderated),
        4 => submitted,
        5 => (any_post(), naming()).prop_map(|(p, n)| Import::Published(p, n)),
        1 => pair().prop_map(|(p, by)| Import::Rejected(p, by)),
        1 => any_post().prop_map(Import::Resubmitted),
        1 => (any_post(), naming()).prop_map(|(p, n)| Import::Removed(p, n)),
        1 => pair().prop_map(|(p, by)| Import::Reported(p, by)),
        1 => (any_post(), 0..ACCOUNTS, 0..ACCOUNTS).prop_map(|(p, a, b)| Import::Upheld(p, a, b)),
        1 => pair().prop_map(|(p, by)| Import::Dismissed(p, by)),
        1 => member().prop_map(|(group, a)| Import::GroupWatched(group, a)),
        1 => member().prop_map(|(group, a)| Import::GroupUnwatched(group, a)),
        1 => (0..ACCOUNTS, any::<u8>()).prop_map(|(a, id)| Import::Read(a, id)),
        1 => (0..ACCOUNTS, 0..ACCOUNTS).prop_map(|(a, by)| Import::Muted(a, by)),
    ]
}

/// Members, a question and two answers, and a moderated group, so that most of what comes next has something to be about.
fn beginning() -> Vec<Step> {
    let open = Wish::Open(0, Topic::Question, None, vec!["one".into()]);
    let wishes = [
        (0, Wish::Register),
        (1, Wish::Register),
        (2, Wish::Register),
        (0, open),
        (1, Wish::Answer(TOPICS, 0)),
        (2, Wish::Answer(TOPICS + 1, 0)),
        (0, Wish::CreateGroup(0)),
        (0, Wish::Join(0)),
        (1, Wish::Join(0)),
        (2, Wish::Join(0)),
        (1, Wish::WatchGroup(0)),
        (2, Wish::WatchGroup(0)),
        (2, Wish::Submit(1, vec!["two".into()])),
        (1, Wish::Publish(1)),
        (0, Wish::Watch(1)),
        (1, Wish::Watch(1)),
        (1, Wish::Watch(0)),
        (2, Wish::Watch(0)),
    ];
    let step = |(actor, wish)| Step {
        second: 25,
        news: false,
        what: What::Wish(actor, wish),
    };
    let in_groups = meetings::beginning().map(|happening| Step {
        second: 25,
        news: false,
        what: What::Import(Import::InGroups(happening)),
    });
    let moderated = Step {
        second: 25,
        news: false,
        what: What::Import(Import::Moderated(0)),
    };
    let mut steps: Vec<Step> = wishes.map(step).into();
    // The group is there by then.
    steps.insert(7, moderated);
    steps.into_iter().chain(in_groups).collect()
}

/// What comes of some steps, after a beginning.
pub fn events(steps: &[Step]) -> Vec<NewEvent> {
    let mut history = History::default();
    for step in beginning().iter().chain(steps) {
        history.take(step);
    }
    history.events
}

struct History {
    events: Vec<NewEvent>,
    decided: Decided,
    known: Known,
    posts: HashMap<PostId, Created>,
}

impl Default for History {
    fn default() -> Self {
        Self {
            events: Vec::new(),
            decided: Decided::new(Time::from_micros(0), Links::default().into()),
            known: Known::default(),
            posts: HashMap::new(),
        }
    }
}

impl Step {
    fn occurred_at(&self) -> Time {
        let begin = if self.news { YET_TO_COME } else { 0 };
        Time::from_micros(begin + i64::from(self.second) * HALF_DAY)
    }
}

impl History {
    fn take(&mut self, step: &Step) {
        let (facts, actor) = match &step.what {
            What::Wish(actor, wish) => {
                let actor = account(*actor);
                (self.decide(actor, wish), Some(actor))
            }
            What::Import(import) => (self.import(import).into_iter().collect(), None),
        };
        for fact in facts {
            self.add(step, actor, fact);
        }
    }

    fn add(&mut self, step: &Step, actor: Option<AccountId>, fact: Fact) {
        self.known.note(&fact);
        if let Fact::Post(PostFact::Created(created) | PostFact::Submitted(created)) = &fact {
            self.posts.insert(created.post, created.clone());
        }
        self.decided.push(fact.clone());
        self.events.push(NewEvent {
            id: Uuid::from_u128(self.events.len() as u128),
            occurred_at: step.occurred_at(),
            actor,
            correlation: None,
            causation: None,
            imported: false,
            fact,
        });
    }

    fn decide(&self, actor: AccountId, wish: &Wish) -> Vec<Fact> {
        let roles = Roles {
            admin: true,
            service: true,
            ..Roles::default()
        };
        let actor = Actor {
            account: actor,
            // Only where it takes a role: staff accepts any answer.
            roles: if wish.takes_a_role() {
                roles
            } else {
                Roles::default()
            },
        };
        let command = wish.command();
        // Mostly refused, because the posts aren't there, or are somebody else's.
        decide(&*command, &actor, &self.decided).unwrap_or_default()
    }

    /// The fact, if all that it has to name is there.
    fn import(&self, import: &Import) -> Option<Fact> {
        Some(match *import {
            Import::Registered(number) => registered(number),
            Import::Created {
                post: number,
                kind,
                author,
                parent,
                group,
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
                group: match group {
                    Some(group) => Some(self.group(group)?),
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
            Import::Linked(primary, account) => LinkFact::Linked(Linked {
                primary: self.account(primary)?,
                account: self.account(account)?,
                code: code(u8::MAX).hash(),
            })
            .into(),
            Import::Unlinked(primary, account) => LinkFact::Unlinked(Unlinked {
                primary: self.account(primary)?,
                account: self.account(account)?,
            })
            .into(),
            Import::PrimaryChanged(from, to) => LinkFact::PrimaryChanged(PrimaryChanged {
                from: self.account(from)?,
                to: self.account(to)?,
                accounts: self.known.accounts.iter().copied().collect(),
            })
            .into(),
            Import::Completed(number, ref course) => {
                LearningFact::CourseCompleted(CourseCompleted {
                    account: self.account(number)?,
                    course: course.clone(),
                    title: "imported".into(),
                    badge: None,
                })
                .into()
            }
            Import::Joined(group, by) => MembershipFact::Joined(self.member(group, by)?).into(),
            Import::Left(group, by) => MembershipFact::Left(self.member(group, by)?).into(),
            Import::Enrolled(profile, account) => KudosFact::Enrolled(Enrolled {
                profile: self.account(profile)?,
                accounts: [self.account(profile)?, self.account(account)?].into(),
            })
            .into(),
            Import::Gave {
                gift: number,
                profile,
                giver,
                receiver,
                about,
            } => KudosFact::Given(Given {
                gift: gift(number),
                profile: self.account(profile)?,
                giver: self.account(giver)?,
                receiver: self.account(receiver)?,
                at: Time::from_micros(0),
                message: "imported".to_owned().into(),
                post: match about {
                    Some(about) => Some(self.post(about)?.post),
                    None => None,
                },
            })
            .into(),
            Import::Moderated(number) => GroupFact::Changed(Moderated {
                group: self.group(number)?,
                name: None,
                description: None,
                location: None,
                moderated: Some(true),
            })
            .into(),
            Import::Submitted {
                post: number,
                kind,
                author,
                parent,
                group,
            } => PostFact::Submitted(Created {
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
                group: match group {
                    Some(group) => Some(self.group(group)?),
                    None => None,
                },
                title: None,
                body: "imported".to_owned().into(),
                tags: vec!["one".into()],
                origin: Some(origin(number)),
            })
            .into(),
            Import::Published(number, naming) => {
                let post = self.post(number)?;
                let names_all = naming == Naming::All;
                PostFact::Published(review::Published {
                    post: post.post,
                    author: post.author.filter(|_| names_all),
                    group: post.group.filter(|_| names_all),
                })
                .into()
            }
            Import::Rejected(number, by) => PostFact::Rejected(review::Rejected {
                post: self.post(number)?.post,
                author: Some(self.account(by)?),
                reason: "imported".to_owned().into(),
            })
            .into(),
            Import::Resubmitted(number) => PostFact::Resubmitted(review::Resubmitted {
                post: self.post(number)?.post,
                author: None,
            })
            .into(),
            Import::Removed(number, naming) => {
                PostFact::Removed(self.affected(number, naming)?).into()
            }
            Import::Reported(number, by) => ReportFact::Reported(report::Reported {
                post: self.post(number)?.post,
                author: None,
                reporter: self.account(by)?,
                reason: report::Reason::Other,
                comment: Some("imported".to_owned().into()),
            })
            .into(),
            Import::Upheld(number, author, by) => ReportFact::Upheld(report::Upheld {
                post: self.post(number)?.post,
                author: Some(self.account(author)?),
                reporters: [self.account(by)?].into(),
                measure: Measure::Warning,
                note: Some("imported".to_owned().into()),
            })
            .into(),
            Import::Dismissed(number, by) => ReportFact::Dismissed(report::Dismissed {
                post: self.post(number)?.post,
                reporters: [self.account(by)?].into(),
            })
            .into(),
            Import::GroupWatched(group, by) => {
                WatchFact::GroupWatched(self.group_watch(group, by)?).into()
            }
            Import::GroupUnwatched(group, by) => {
                WatchFact::GroupUnwatched(self.group_watch(group, by)?).into()
            }
            Import::Read(number, id) => NotificationFact::Read(notification::Read {
                account: self.account(number)?,
                notifications: [Uuid::from_u128(id.into())].into(),
                until: (id < 20).then(|| Time::from_micros(i64::from(id) * HALF_DAY)),
            })
            .into(),
            Import::Muted(number, by) => {
                NotificationFact::PreferencesChanged(notification::PreferencesChanged {
                    account: self.account(number)?,
                    by: self.account(by)?,
                    muted: [notification::Kind::Comment].into(),
                })
                .into()
            }
            Import::Granted(number, ref badge) => BadgeFact::Granted(Granted {
                account: self.account(number)?,
                badge: badge.clone(),
                title: "imported".into(),
                origin: origin(number),
            })
            .into(),
            Import::InGroups(ref happening) => happening.fact(&self.known)?,
            Import::Rules(number) => RulesFact::Activated(Activated {
                hash: format!("{number:064x}"),
                files: [("kudos.toml".to_owned(), format!("# {number}"))].into(),
            })
            .into(),
            Import::Label(number, ref label) => label.fact(self.account(number)?),
        })
    }

    fn group(&self, number: u8) -> Option<GroupId> {
        Some(group(number)).filter(|group| self.known.groups.contains(group))
    }

    fn member(&self, group: u8, by: u8) -> Option<Membership> {
        Some(Membership {
            group: self.group(group)?,
            account: self.account(by)?,
        })
    }

    fn group_watch(&self, group: u8, by: u8) -> Option<GroupWatch> {
        Some(GroupWatch {
            group: self.group(group)?,
            account: self.account(by)?,
        })
    }

    fn account(&self, number: u8) -> Option<AccountId> {
        Some(account(number)).filter(|account| self.known.accounts.contains(account))
    }

    fn post(&self, number: u8) -> Option<&Created> {
        self.posts.get(&post(number))
    }

    fn state(&self, post: PostId) -> Post {
        self.decided.state(&StreamName::post(post))
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

pub fn code(number: u8) -> Code {
    Code::of([number; CODE_BYTES])
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
            Self::Open(number, topic, in_group, tags) => Box::new(Open {
                post: post(number),
                topic,
                group: in_group.map(group),
                title: "title".into(),
                body: "body".into(),
                tags,
                without_review: false,
            }),
            Self::Submit(number, tags) => Box::new(Open {
                post: post(number),
                topic: Topic::Article,
                group: Some(group(0)),
                title: "title".into(),
                body: "body".into(),
                tags,
                without_review: false,
            }),
            Self::WatchGroup(number) => Box::new(WatchGroup {
                group: group(number),
            }),
            Self::UnwatchGroup(number) => Box::new(UnwatchGroup {
                group: group(number),
            }),
            Self::Publish(number) => Box::new(Publish {
                post: post(number),
                revision: 1,
            }),
            Self::Reject(number, reason) => Box::new(Reject {
                post: post(number),
                reason,
            }),
            Self::Resubmit(number) => Box::new(Resubmit { post: post(number) }),
            Self::Report(number, comment) => Box::new(Report {
                post: post(number),
                reason: report::Reason::Other,
                comment: Some(comment),
            }),
            Self::Remove(number) => Box::new(Remove { post: post(number) }),
            Self::Uphold(number, measure, note) => Box::new(Uphold {
                post: post(number),
                measure,
                note: Some(note),
            }),
            Self::Dismiss(number) => Box::new(Dismiss { post: post(number) }),
            Self::Mute(kinds) => Box::new(ChangePreferences {
                muted: kinds.into_iter().collect(),
            }),
            Self::MarkRead(number, until) => Box::new(MarkRead {
                notifications: [Uuid::from_u128(number.into())].into(),
                until: until.then(|| Time::from_micros(0)),
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
            Self::LogIn(name, managed) => Box::new(LogIn {
                claims: Claims {
                    picture: Some(format!("https://example.org/{name}.png")),
                    name: Some(name),
                    kind: Some(if managed {
                        AccountKind::Managed
                    } else {
                        AccountKind::Personal
                    }),
                },
            }),
            Self::EditProfile(company) => Box::new(profile::Edit {
                products: Some(vec![company.clone()]),
                company: Some(company),
                ..profile::Edit::default()
            }),
            Self::ShowProfile(visibility) => Box::new(profile::ChangeVisibility { visibility }),
            Self::ShowAccount(visibility) => Box::new(ChangeVisibility { visibility }),
            Self::MakeCode(number) => Box::new(MakeLinkCode {
                code: code(number).hash(),
            }),
            Self::Link(number) => Box::new(Link {
                code: code(number).hash(),
                primary: Primary::Actor,
            }),
            Self::Unlink(number) => Box::new(Unlink {
                account: account(number),
            }),
            Self::MakePrimary(number) => Box::new(MakePrimary {
                account: account(number),
            }),
            Self::WithdrawLinks(number) => Box::new(WithdrawLinks {
                account: account(number),
            }),
            Self::Erase(number, content) => Box::new(Erase {
                account: account(number),
                content,
            }),
            Self::Complete(number, course) => Box::new(Record {
                account: account(number),
                at: Time::from_micros(0),
                achievement: Achievement::Course {
                    title: course.clone(),
                    course,
                    badge: None,
                },
            }),
            Self::Certify(number, title) => Box::new(Record {
                account: account(number),
                at: Time::from_micros(0),
                achievement: Achievement::Certification {
                    certification: title.clone(),
                    title,
                    designation: false,
                    expires_at: None,
                },
            }),
            Self::CreateGroup(number) => Box::new(Create {
                group: group(number),
                name: "group".into(),
                description: String::new(),
            }),
            Self::Join(number) => Box::new(Join {
                group: group(number),
            }),
            Self::Leave(number) => Box::new(Leave {
                group: group(number),
            }),
            Self::AskToTakePart => Box::new(RequestEnrolment {
                policy: Policy::Waitlist,
            }),
            Self::Enrol(number) => Box::new(Enrol {
                account: account(number),
            }),
            Self::Give(number, receiver, about) => Box::new(Give {
                gift: gift(number),
                receiver: account(receiver),
                message: "message".into(),
                post: about.map(post),
                allowance: Allowance {
                    gifts: 3,
                    per: Period::Week,
                },
            }),
            Self::Grant(number, id) => Box::new(Grant {
                account: account(number),
                badge: "badge".into(),
                title: "title".into(),
                at: Time::from_micros(0),
                origin: origin(id),
            }),
            Self::GiveFeedback(subject) => Box::new(GiveFeedback {
                text: Some(subject.clone()),
                subject,
                rating: None,
            }),
            Self::LookAt(subject) => {
                let opened = Interaction {
                    kind: "opened".into(),
                    subject: Some(subject),
                    at: Time::from_micros(0),
                };
                let days = RecordInteractions::by_day(vec![opened], Time::from_micros(0));
                Box::new(days.unwrap().remove(0))
            }
            Self::Label(number, label) => label.command(account(number)),
        }
    }

    fn takes_a_role(&self) -> bool {
        matches!(
            self,
            Self::WithdrawLinks(_)
                | Self::Erase(..)
                | Self::Complete(..)
                | Self::Certify(..)
                | Self::CreateGroup(_)
                | Self::Enrol(_)
                | Self::Publish(_)
                | Self::Reject(..)
                | Self::Remove(_)
                | Self::Uphold(..)
                | Self::Dismiss(_)
                | Self::Grant(..)
                | Self::Label(..)
        )
    }
}
