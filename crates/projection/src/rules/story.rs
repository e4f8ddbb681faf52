//! The story of a test: its events, made into those of a journal, with what they name looked up.

use std::collections::BTreeMap;

use plaudit_domain::acceptance::{Accepted, AcceptedAnswer, Withdrawn};
use plaudit_domain::account::Registered;
use plaudit_domain::fact::{
    AccountFact, GroupFact, KudosFact, LearningFact, LikeFact, MembershipFact, PostFact,
};
use plaudit_domain::id::derive;
use plaudit_domain::learning::{CertificationAwarded, CourseCompleted};
use plaudit_domain::like::Like;
use plaudit_domain::membership::Membership;
use plaudit_domain::post::{Affected, Created, Kind};
use plaudit_domain::{
    AccountId, Event, Fact, GiftId, GroupId, Personal, PostId, Time, group, kudos,
};

use super::source::{At, Source, Table, Value, hint};

/// When a test begins that doesn't say when, in microseconds: 2026-01-01T00:00:00Z.
const BEGINNING: i64 = 1_767_225_600_000_000;
/// How long after the one before something happens, in microseconds, where nothing is said.
const MINUTE: i64 = 60_000_000;
/// What can happen in a test.
#[derive(Debug, Clone, Copy)]
enum Happening {
    PostCreated,
    PostDeleted,
    PostRestored,
    PostLiked,
    LikeWithdrawn,
    AnswerAccepted,
    AcceptanceWithdrawn,
    CourseCompleted,
    CertificationAwarded,
    GroupJoined,
    GroupLeft,
    KudosGiven,
    KudosEnrolled,
}

const HAPPENINGS: [(&str, Happening); 13] = [
    ("PostCreated", Happening::PostCreated),
    ("PostDeleted", Happening::PostDeleted),
    ("PostRestored", Happening::PostRestored),
    ("PostLiked", Happening::PostLiked),
    ("LikeWithdrawn", Happening::LikeWithdrawn),
    ("AnswerAccepted", Happening::AnswerAccepted),
    ("AcceptanceWithdrawn", Happening::AcceptanceWithdrawn),
    ("CourseCompleted", Happening::CourseCompleted),
    ("CertificationAwarded", Happening::CertificationAwarded),
    ("GroupJoined", Happening::GroupJoined),
    ("GroupLeft", Happening::GroupLeft),
    ("KudosGiven", Happening::KudosGiven),
    ("KudosEnrolled", Happening::KudosEnrolled),
];

/// What happened in a test so far.
pub(super) struct Story<'s> {
    source: &'s Source<'s>,
    /// Everybody who was named.
    pub(super) accounts: BTreeMap<String, AccountId>,
    posts: BTreeMap<String, Written>,
    groups: BTreeMap<String, GroupId>,
    /// The events, with all that had to come before them.
    pub(super) events: Vec<Event>,
    now: Option<Time>,
}

/// A post, as later events have to know it.
#[derive(Debug, Clone)]
struct Written {
    id: PostId,
    author: AccountId,
    kind: Kind,
    /// The name of what it is on.
    on: Option<String>,
    /// Of a question: its accepted answer.
    accepted: Option<AcceptedAnswer>,
}

impl<'s> Story<'s> {
    pub(super) fn new(source: &'s Source<'s>) -> Self {
        Self {
            source,
            accounts: BTreeMap::new(),
            posts: BTreeMap::new(),
            groups: BTreeMap::new(),
            events: Vec::new(),
            now: None,
        }
    }

    /// Reads the next event, and makes it happen.
    pub(super) fn event(&mut self, mut table: Table<'s>) {
        let event = table.need("event");
        let event = event.and_then(|it| it.choice("event that tests know", &HAPPENINGS));
        let next = self
            .now
            .map(|now| Time::from_micros(now.as_micros() + MINUTE));
        let at = table.take("at").and_then(Value::time).map(|at| at.value);
        let at = at.or(next).unwrap_or(Time::from_micros(BEGINNING));
        self.now = Some(at);
        let by = table.need("by").and_then(Value::text);
        // What else it has to have depends on what it is.
        let (Some(event), Some(by)) = (event, by) else {
            return;
        };
        let by = self.account(&by.value, at);
        if let Some(fact) = self.fact(event, &mut table, by, at) {
            self.happen(at, Some(by), fact);
        }
        table.end();
    }

    fn fact(
        &mut self,
        event: Happening,
        table: &mut Table<'s>,
        by: AccountId,
        at: Time,
    ) -> Option<Fact> {
        Some(match event {
            Happening::PostCreated => PostFact::Created(self.created(table, by, at)?).into(),
            Happening::PostDeleted => PostFact::Deleted(self.affected(table)?).into(),
            Happening::PostRestored => PostFact::Restored(self.affected(table)?).into(),
            Happening::PostLiked => LikeFact::Liked(self.like(table, by)?).into(),
            Happening::LikeWithdrawn => LikeFact::Withdrawn(self.like(table, by)?).into(),
            Happening::AnswerAccepted => PostFact::AnswerAccepted(self.accept(table)?).into(),
            Happening::AcceptanceWithdrawn => {
                PostFact::AcceptanceWithdrawn(self.withdraw(table)?).into()
            }
            Happening::CourseCompleted => course(table, by)?.into(),
            Happening::CertificationAwarded => certification(table, by)?.into(),
            Happening::GroupJoined => MembershipFact::Joined(Membership {
                group: self.group(table.need("group")?.text()?.value, at),
                account: by,
            })
            .into(),
            Happening::GroupLeft => MembershipFact::Left(Membership {
                group: self.group(table.need("group")?.text()?.value, at),
                account: by,
            })
            .into(),
            Happening::KudosGiven => self.given(table, by, at)?.into(),
            Happening::KudosEnrolled => KudosFact::Enrolled(kudos::Enrolled {
                profile: by,
                accounts: [by].into(),
            })
            .into(),
        })
    }

    /// Records a fact as a journal does.
    fn happen(&mut self, at: Time, actor: Option<AccountId>, fact: Fact) {
        let position = self.events.len() as u64 + 1;
        self.events.push(Event {
            position,
            id: derive(&["test", "event", &position.to_string()]),
            stream: fact.stream(),
            // Nothing is decided here, so nobody looks at revisions.
            revision: 0,
            occurred_at: at,
            recorded_at: at,
            actor,
            correlation: None,
            causation: None,
            imported: false,
            fact,
        });
    }

    /// An account, which is registered when it is first named.
    fn account(&mut self, name: &str, at: Time) -> AccountId {
        let account = AccountId(derive(&["test", "account", name]));
        if self.accounts.insert(name.to_owned(), account).is_none() {
            let registered = Registered {
                account,
                name: Personal::known(name.to_owned()),
                origin: None,
            };
            self.happen(at, None, AccountFact::Registered(registered).into());
        }
        account
    }

    /// A group, which is created when it is first named.
    fn group(&mut self, name: String, at: Time) -> GroupId {
        let group = GroupId(derive(&["test", "group", &name]));
        if self.groups.insert(name.clone(), group).is_none() {
            let created = group::Created {
                group,
                name,
                description: String::new(),
            };
            self.happen(at, None, GroupFact::Created(created).into());
        }
        group
    }

    /// The post that a key names. It has to be written.
    fn post(&self, value: Value<'s>) -> Option<(At<String>, Written)> {
        let name = value.text()?;
        let Some(post) = self.posts.get(&name.value) else {
            let hint = hint(&name.value, self.posts.keys().map(String::as_str), '"');
            let mistake = format!("no post {:?} was created so far: {hint}", name.value);
            self.source.mistake(name.offset, mistake);
            return None;
        };
        Some((name, post.clone()))
    }

    fn created(&mut self, table: &mut Table<'s>, by: AccountId, at: Time) -> Option<Created> {
        let name = table.need("post").and_then(Value::text);
        let kinds = Kind::ALL.map(|kind| (kind.as_str(), kind));
        let kind = table.need("kind");
        let kind = kind.and_then(|kind| kind.choice("kind of post", &kinds));
        let on = self.on(table, kind);
        let group = table.take("group").and_then(Value::text);
        let group = group.map(|group| self.group(group.value, at));
        let (name, kind, on) = (name?, kind?, on?);
        let post = PostId(derive(&["test", "post", &name.value]));
        let written = Written {
            id: post,
            author: by,
            kind,
            on: on.as_ref().map(|(name, _)| name.clone()),
            accepted: None,
        };
        if self.posts.insert(name.value.clone(), written).is_some() {
            let mistake = format!(
                "there is a post {:?} already: give this one another name",
                name.value
            );
            self.source.mistake(name.offset, mistake);
        }
        Some(Created {
            post,
            kind,
            author: Some(by),
            parent: on.map(|(_, id)| id),
            group,
            title: None,
            body: Personal::known(String::new()),
            tags: Vec::new(),
            origin: None,
        })
    }

    /// What a new post is on, if its kind is on something.
    fn on(&self, table: &mut Table<'s>, kind: Option<Kind>) -> Option<Option<(String, PostId)>> {
        let on = table.take("on");
        let kind = kind?;
        let Some(on) = on else {
            if !kind.is_top_level() {
                table.mistake(format!(
                    "the {kind} isn't on anything: add `on`, the name of a post"
                ));
            }
            return Some(None);
        };
        let offset = on.offset;
        let (name, post) = self.post(on)?;
        let mistake = match kind {
            Kind::Question | Kind::Discussion | Kind::Article => {
                format!("{kind}s are on nothing: remove `on`")
            }
            Kind::Answer if post.kind != Kind::Question => {
                format!("{:?} is no question: answer one", name.value)
            }
            Kind::Answer | Kind::Comment => return Some(Some((name.value, post.id))),
        };
        self.source.mistake(offset, mistake);
        None
    }

    fn affected(&self, table: &mut Table<'s>) -> Option<Affected> {
        let (_, post) = self.post(table.need("post")?)?;
        let on = post.on.and_then(|on| self.posts.get(&on));
        Some(Affected {
            post: post.id,
            author: Some(post.author),
            parent: on.map(|on| on.id),
            accepted: post.accepted,
        })
    }

    fn like(&self, table: &mut Table<'s>, by: AccountId) -> Option<Like> {
        let (_, post) = self.post(table.need("post")?)?;
        Some(Like {
            post: post.id,
            account: by,
            author: Some(post.author),
        })
    }

    /// An answer, with the name of its question, and that.
    fn answer(&self, table: &mut Table<'s>) -> Option<(At<String>, Written, String, Written)> {
        let (name, answer) = self.post(table.need("post")?)?;
        let question = answer.on.clone().filter(|_| answer.kind == Kind::Answer);
        let Some(question) = question else {
            let mistake = format!("{:?} is no answer: name one", name.value);
            self.source.mistake(name.offset, mistake);
            return None;
        };
        let written = self.posts.get(&question)?.clone();
        Some((name, answer, question, written))
    }

    fn accept(&mut self, table: &mut Table<'s>) -> Option<Accepted> {
        let (_, answer, name, question) = self.answer(table)?;
        let accepted = AcceptedAnswer {
            answer: answer.id,
            author: Some(answer.author),
        };
        let written = self.posts.get_mut(&name)?;
        let replaced = written.accepted.replace(accepted);
        Some(Accepted {
            question: question.id,
            asker: Some(question.author),
            accepted,
            replaced: replaced.filter(|replaced| *replaced != accepted),
        })
    }

    fn withdraw(&mut self, table: &mut Table<'s>) -> Option<Withdrawn> {
        let (name, answer, on, question) = self.answer(table)?;
        let withdrawn = question.accepted.filter(|it| it.answer == answer.id);
        let Some(withdrawn) = withdrawn else {
            let mistake = format!("{:?} isn't accepted: accept it before", name.value);
            self.source.mistake(name.offset, mistake);
            return None;
        };
        self.posts.get_mut(&on)?.accepted = None;
        Some(Withdrawn {
            question: question.id,
            asker: Some(question.author),
            withdrawn,
        })
    }

    fn given(&mut self, table: &mut Table<'s>, by: AccountId, at: Time) -> Option<KudosFact> {
        let (to, post) = (table.need("to"), table.take("post"));
        let to = to?.text()?;
        let receiver = self.account(&to.value, at);
        if receiver == by {
            let mistake = "nobody gives kudos to themselves: name somebody else";
            self.source.mistake(to.offset, mistake);
        }
        let post = match post {
            Some(post) => Some(self.post(post)?.1.id),
            None => None,
        };
        Some(KudosFact::Given(kudos::Given {
            gift: GiftId(derive(&["test", "gift", &self.events.len().to_string()])),
            profile: by,
            giver: by,
            receiver,
            at,
            message: Personal::known(String::new()),
            post,
        }))
    }
}

fn course(table: &mut Table<'_>, account: AccountId) -> Option<LearningFact> {
    let course = table.need("course")?.text()?.value;
    Some(LearningFact::CourseCompleted(CourseCompleted {
        account,
        title: course.clone(),
        course,
        badge: None,
    }))
}

fn certification(table: &mut Table<'_>, account: AccountId) -> Option<LearningFact> {
    let certification = table.need("certification")?.text()?.value;
    Some(LearningFact::CertificationAwarded(CertificationAwarded {
        account,
        title: certification.clone(),
        certification,
        designation: false,
        expires_at: None,
    }))
}
