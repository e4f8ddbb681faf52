//! Histories to read: real facts, folded and committed as they are live.

use std::collections::HashMap;

use plaudit_domain::acceptance::{Accepted, AcceptedAnswer, Withdrawn};
use plaudit_domain::account::{AccountKind, Identified, Registered, Renamed};
use plaudit_domain::erasure::{Content, Erased};
use plaudit_domain::fact::{
    AccountFact, BadgeFact, FeedbackFact, GroupFact, KudosFact, LearningFact, LikeFact, LinkFact,
    LozengeFact, MembershipFact, NotificationFact, PostFact, ReportFact, WatchFact,
};
use plaudit_domain::learning::{CertificationAwarded, CourseCompleted};
use plaudit_domain::link_code::Code;
use plaudit_domain::links::{Linked, PrimaryChanged, Unlinked};
use plaudit_domain::membership::Membership;
use plaudit_domain::post::{Affected, Created, Edited, Kind};
use plaudit_domain::requirement::{Answer, Requirement};
use plaudit_domain::{
    AccountId, Event, Fact, GiftId, GroupId, Origin, Personal, Position, PostId, Time, Visibility,
    account, agreement, badge, feedback, group, kudos, like, lozenge, notification, profile,
    report, review, watch,
};
use std::sync::{Arc, LazyLock};

use plaudit_projection::{
    Account, FoldError, Key, Needs, Post, Profile, Rows, Rules, Stopped, Touched, fold,
};
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
    folded_in: Vec<Event>,
}

impl History {
    pub async fn begin(place: &dyn Place) -> Self {
        Self {
            store: place.open().await.unwrap(),
            position: 0,
            keys: HashMap::new(),
            folded_in: Vec::new(),
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

    /// The key of a group that was created.
    pub fn group(&self, number: u128) -> Key {
        self.keys[&group(number).0]
    }

    /// The keys of some accounts.
    pub fn accounts(&self, numbers: impl IntoIterator<Item = u128>) -> Vec<Key> {
        numbers.into_iter().map(|n| self.account(n)).collect()
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
        self.folded_in.extend(events);
    }

    /// All that was folded in, folded from nothing in one go.
    pub fn anew(&self) -> Rows {
        let mut rows = Rows::default();
        for event in &self.folded_in {
            fold(event, &mut rows).unwrap();
        }
        rows.reckon(&rules());
        rows.finish(&rules());
        rows
    }

    /// Every account, oldest first.
    pub async fn every_account(&self) -> Vec<Account> {
        let mut accounts = Vec::new();
        let mut each = |record: plaudit_store::AccountRecord| {
            accounts.push(record.account);
            Ok(())
        };
        let mut snapshot = self.store.snapshot().await.unwrap();
        snapshot.each_account(&mut each).await.unwrap();
        accounts
    }

    /// Every profile, oldest first.
    pub async fn every_profile(&self) -> Vec<Profile> {
        let mut profiles = Vec::new();
        let mut each = |profile| {
            profiles.push(profile);
            Ok(())
        };
        let mut snapshot = self.store.snapshot().await.unwrap();
        snapshot.each_profile(&mut each).await.unwrap();
        profiles
    }

    /// Every post, oldest first, deleted ones too.
    pub async fn every_post(&self) -> Vec<Post> {
        let mut posts = Vec::new();
        let mut each = |record: plaudit_store::PostRecord| {
            posts.push(record.post);
            Ok(())
        };
        let mut snapshot = self.store.snapshot().await.unwrap();
        snapshot.each_post(&mut each).await.unwrap();
        posts
    }

    /// Batch by batch comes to the same as all at once.
    pub async fn is_as_folded_anew(&self) {
        let rows = self.anew();
        assert_eq!(self.every_account().await, rows.accounts.added());
        assert_eq!(self.every_post().await, rows.posts.added());
        let mut profiles = rows.profiles;
        profiles.sort_unstable_by_key(|profile| profile.key);
        assert_eq!(self.every_profile().await, profiles);
        let groups: Vec<Key> = rows.groups.added().iter().map(|group| group.key).collect();
        let mut stored = self.store.groups(&groups).await.unwrap();
        stored.sort_unstable_by_key(|group| group.key);
        assert_eq!(stored, rows.groups.added());
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
                imported: false,
                fact,
            }
        };
        facts.into_iter().zip(positions).map(event).collect()
    }

    fn note(&mut self, fact: &Fact, position: Position) {
        let id = match fact {
            Fact::Account(AccountFact::Registered(registered)) => registered.account.0,
            Fact::Post(PostFact::Created(created) | PostFact::Submitted(created)) => created.post.0,
            Fact::Group(GroupFact::Created(created)) => created.group.0,
            Fact::Group(GroupFact::UserGroupCreated(created)) => created.group.0,
            Fact::Account(_)
            | Fact::Link(_)
            | Fact::LinkCode(_)
            | Fact::Rules(_)
            | Fact::Learning(_)
            | Fact::Membership(_)
            | Fact::Post(_)
            | Fact::Like(_)
            | Fact::Kudos(_)
            | Fact::Badge(_)
            | Fact::Feedback(_)
            | Fact::Group(_)
            | Fact::Lozenge(_)
            | Fact::Meeting(_)
            | Fact::Rsvp(_)
            | Fact::Benefit(_)
            | Fact::Report(_)
            | Fact::Notification(_)
            | Fact::Watch(_) => return,
        };
        self.keys.insert(id, Key(position.cast_signed()));
    }
}

/// The rows that some events touch, with the events folded in.
pub async fn folded(store: &SharedStore, events: &[Event]) -> Rows {
    let mut touched = Touched::by(events);
    let mut rows = loop {
        let mut rows = store.fetch(&touched).await.unwrap();
        match events.iter().try_for_each(|event| fold(event, &mut rows)) {
            Ok(()) => break rows,
            Err(Stopped {
                cause: FoldError::Unnamed(_),
                ..
            }) if touched.references.is_none() => {
                touched.refer_wholly();
            }
            Err(stopped) => panic!("{stopped}"),
        }
    };
    let needs = Needs::of(&rows, &rules());
    store.fetch_for(&needs, &mut rows).await.unwrap();
    rows.reckon(&rules());
    rows.finish(&rules());
    rows
}

/// The rules that come with Plaudit, and a milestone that every post reaches by its first like.
pub fn rules() -> Arc<Rules> {
    static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| {
        let mut files = Rules::standard().unwrap().files().to_vec();
        let (_, milestones) = files
            .iter_mut()
            .find(|(name, _)| name == "milestones.toml")
            .unwrap();
        milestones.push_str(
            r#"
            [[ladder]]
            id = "liked"
            retroactive = true
            per = "post"
            counts = "likes"
            title = "Liked"
            description = "Somebody likes it"
            thresholds = [1]
            "#,
        );
        Arc::new(Rules::parse(&files).unwrap())
    });
    RULES.clone()
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

pub fn group(number: u128) -> GroupId {
    GroupId(Uuid::from_u128(0x6209_0000 + number))
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
        group: None,
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

/// A post, given with its author, is changed.
pub fn edited(
    (number, author): (u128, u128),
    body: Option<Personal<String>>,
    tags: Option<&[&str]>,
) -> Fact {
    PostFact::Edited(Edited {
        post: post(number),
        author: Some(account(author)),
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

pub fn group_created(number: u128) -> Fact {
    GroupFact::Created(group::Created {
        group: group(number),
        name: format!("Group {number}"),
        description: format!("About {number}"),
    })
    .into()
}

fn membership(group_number: u128, member: u128) -> Membership {
    Membership {
        group: group(group_number),
        account: account(member),
    }
}

pub fn joined(group: u128, member: u128) -> Fact {
    MembershipFact::Joined(membership(group, member)).into()
}

pub fn left(group: u128, member: u128) -> Fact {
    MembershipFact::Left(membership(group, member)).into()
}

/// A top-level post in a group.
pub fn posted_in(group_number: u128, number: u128, kind: Kind, author: u128) -> Fact {
    created(Created {
        group: Some(group(group_number)),
        ..written(number, kind, author)
    })
}

pub fn linked(primary: u128, number: u128) -> Fact {
    LinkFact::Linked(Linked {
        primary: account(primary),
        account: account(number),
        code: Code::of([7; 10]).hash(),
    })
    .into()
}

pub fn unlinked(primary: u128, number: u128) -> Fact {
    LinkFact::Unlinked(Unlinked {
        primary: account(primary),
        account: account(number),
    })
    .into()
}

pub fn primary_changed(from: u128, to: u128, accounts: &[u128]) -> Fact {
    LinkFact::PrimaryChanged(PrimaryChanged {
        from: account(from),
        to: account(to),
        accounts: accounts.iter().map(|&n| account(n)).collect(),
    })
    .into()
}

pub fn identified(number: u128, picture: Option<&str>, kind: Option<AccountKind>) -> Fact {
    AccountFact::Identified(Identified {
        account: account(number),
        name: None,
        picture: picture.map(|picture| picture.to_owned().into()),
        kind,
    })
    .into()
}

pub fn account_shown_to(number: u128, visibility: Visibility) -> Fact {
    AccountFact::VisibilityChanged(account::VisibilityChanged {
        account: account(number),
        visibility,
    })
    .into()
}

pub fn profile_shown_to(number: u128, visibility: Visibility) -> Fact {
    AccountFact::ProfileVisibilityChanged(profile::VisibilityChanged {
        account: account(number),
        by: account(number),
        visibility,
    })
    .into()
}

/// An edit of what an account tells that changes nothing, for tests to change.
pub fn told(number: u128) -> profile::Edited {
    profile::Edited {
        account: account(number),
        by: account(number),
        company: None,
        position: None,
        location: None,
        bio: None,
        links: None,
        products: None,
    }
}

pub fn profile_edited(edited: profile::Edited) -> Fact {
    AccountFact::ProfileEdited(edited).into()
}

pub fn erased(number: u128, content: Content) -> Fact {
    AccountFact::Erased(Erased {
        account: account(number),
        content,
    })
    .into()
}

pub fn course(number: u128, course: &str, badge: Option<&str>) -> Fact {
    LearningFact::CourseCompleted(CourseCompleted {
        account: account(number),
        course: course.to_owned(),
        title: format!("All about {course}"),
        badge: badge.map(str::to_owned),
    })
    .into()
}

pub fn certification(number: u128, certification: &str, expires: Option<i64>) -> Fact {
    LearningFact::CertificationAwarded(CertificationAwarded {
        account: account(number),
        certification: certification.to_owned(),
        title: format!("Certified {certification}"),
        designation: expires.is_none(),
        expires_at: expires.map(at),
    })
    .into()
}

pub fn waits(number: u128) -> Fact {
    KudosFact::EnrolmentRequested(kudos::EnrolmentRequested {
        profile: account(number),
        accounts: [account(number)].into(),
    })
    .into()
}

pub fn enrolled(number: u128) -> Fact {
    KudosFact::Enrolled(kudos::Enrolled {
        profile: account(number),
        accounts: [account(number)].into(),
    })
    .into()
}

pub fn kudos_given(number: u128, by: u128, to: u128) -> Fact {
    KudosFact::Given(kudos::Given {
        gift: GiftId(Uuid::from_u128(number)),
        profile: account(by),
        giver: account(by),
        receiver: account(to),
        at: at(0),
        message: "Thank you".to_owned().into(),
        post: None,
    })
    .into()
}

pub fn badge_granted(number: u128, badge: &str, id: &str) -> Fact {
    BadgeFact::Granted(badge::Granted {
        account: account(number),
        badge: badge.to_owned(),
        title: badge.to_owned(),
        origin: origin(id),
    })
    .into()
}

pub fn agreement_accepted(number: u128, agreement: &str, version: &str) -> Fact {
    AccountFact::AgreementAccepted(agreement::Accepted {
        account: account(number),
        agreement: agreement.to_owned(),
        version: version.to_owned(),
    })
    .into()
}

fn met() -> Vec<Answer> {
    vec![Answer {
        requirement: Requirement::Contributions,
        met: true,
        why: "5 contributions; 5 are required".into(),
    }]
}

pub fn lozenge_requested(number: u128, lozenge: &str) -> Fact {
    LozengeFact::Requested(lozenge::Requested {
        account: account(number),
        profile: None,
        lozenge: lozenge.to_owned(),
        company: Some(Personal::known("Steam".into())),
        product: Some(Personal::known("Crumbcam".into())),
        answers: met(),
        reason: None,
    })
    .into()
}

pub fn lozenge_granted(number: u128, lozenge: &str) -> Fact {
    LozengeFact::Granted(lozenge::Granted {
        account: account(number),
        profile: None,
        lozenge: lozenge.to_owned(),
        company: Some(Personal::known("Steam".into())),
        product: Some(Personal::known("Crumbcam".into())),
        reason: Some(Personal::known("Welcome".into())),
        answers: met(),
    })
    .into()
}

pub fn lozenge_denied(number: u128, lozenge: &str) -> Fact {
    LozengeFact::Denied(lozenge::Denied {
        account: account(number),
        profile: None,
        lozenge: lozenge.to_owned(),
        reason: Personal::known("Not yet".into()),
        answers: met(),
    })
    .into()
}

pub fn lozenge_revoked(number: u128, lozenge: &str) -> Fact {
    LozengeFact::Revoked(lozenge::Revoked {
        account: account(number),
        profile: None,
        lozenge: lozenge.to_owned(),
        reason: Personal::known("Enough".into()),
    })
    .into()
}

pub fn feedback_given(number: u128) -> Fact {
    FeedbackFact::Given(feedback::Given {
        account: account(number),
        subject: "levels".to_owned(),
        rating: Some(4),
        text: None,
    })
    .into()
}

pub fn interacted(number: u128) -> Fact {
    FeedbackFact::Interacted(feedback::Interacted {
        account: account(number),
        day: at(0),
        interactions: vec![feedback::Interaction {
            kind: "panel_opened".to_owned(),
            subject: None,
            at: at(1),
        }],
    })
    .into()
}

/// A moment that isn't history when everything is recorded: what happens then is told.
pub const NEWS: i64 = 999_900;

pub fn group_watched(group_number: u128, by: u128) -> Fact {
    let (group, account) = (group(group_number), account(by));
    WatchFact::GroupWatched(watch::GroupWatch { group, account }).into()
}

pub fn group_unwatched(group_number: u128, by: u128) -> Fact {
    let (group, account) = (group(group_number), account(by));
    WatchFact::GroupUnwatched(watch::GroupWatch { group, account }).into()
}

/// An article in a group that waits for review.
pub fn submitted(group_number: u128, number: u128, author: u128) -> Fact {
    PostFact::Submitted(Created {
        group: Some(group(group_number)),
        ..written(number, Kind::Article, author)
    })
    .into()
}

pub fn published(group_number: u128, number: u128, author: u128) -> Fact {
    PostFact::Published(review::Published {
        post: post(number),
        author: Some(account(author)),
        group: Some(group(group_number)),
    })
    .into()
}

pub fn rejected(number: u128, author: u128) -> Fact {
    PostFact::Rejected(review::Rejected {
        post: post(number),
        author: Some(account(author)),
        reason: "Too salty".to_owned().into(),
    })
    .into()
}

pub fn resubmitted(number: u128, author: u128) -> Fact {
    PostFact::Resubmitted(review::Resubmitted {
        post: post(number),
        author: Some(account(author)),
    })
    .into()
}

pub fn reported(number: u128, by: u128) -> Fact {
    ReportFact::Reported(report::Reported {
        post: post(number),
        author: None,
        reporter: account(by),
        reason: report::Reason::Other,
        comment: Some("Look".to_owned().into()),
    })
    .into()
}

pub fn upheld(number: u128, author: u128, reporters: &[u128]) -> Fact {
    ReportFact::Upheld(report::Upheld {
        post: post(number),
        author: Some(account(author)),
        reporters: reporters.iter().map(|by| account(*by)).collect(),
        measure: report::Measure::Warning,
        note: Some("Careful".to_owned().into()),
    })
    .into()
}

pub fn read(number: u128, notification: Uuid, until: Option<i64>) -> Fact {
    NotificationFact::Read(notification::Read {
        account: account(number),
        notifications: [notification].into(),
        until: until.map(at),
    })
    .into()
}
