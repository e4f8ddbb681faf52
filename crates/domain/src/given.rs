//! Given what happened, when somebody wants something, then this happens.

use uuid::Uuid;

use crate::acceptance::{Accepted, AcceptedAnswer, Withdrawn};
use crate::account::{AccountKind, Identified, Registered, Renamed};
use crate::agreement;
use crate::badge;
use crate::decide::{Actor, Command, History, Roles, State, decide, needs};
use crate::erasure::{Content, Erased};
use crate::fact::{
    AccountFact, BadgeFact, Concept, Fact, FeedbackFact, GroupFact, KudosFact, LearningFact,
    LikeFact, LinkCodeFact, LinkFact, MembershipFact, NotificationFact, PostFact, ReportFact,
    RulesFact, WatchFact,
};
use crate::feedback::{self, Interacted, Interaction};
use crate::id::{AccountId, GiftId, GroupId, Origin, PostId};
use crate::kudos::{self, Enrolled, EnrolmentRequested};
use crate::learning::{CertificationAwarded, CourseCompleted};
use crate::like::Like;
use crate::link_code::{self, Code};
use crate::links::{self, Linked, Links, PrimaryChanged, Unlinked};
use crate::membership::Membership;
use crate::period::Period;
use crate::post::{Affected, Created, Edited, Kind};
use crate::refusal::Refusal;
use crate::time::Time;
use crate::watch::{GroupWatch, Watch};
use crate::{notification, report, review, rules};

pub mod meetings;

pub fn given(facts: impl IntoIterator<Item = Fact>) -> Given {
    Given {
        facts: facts.into_iter().collect(),
        now: now(),
    }
}

/// The moment at which commands are decided, unless a test says otherwise.
pub fn now() -> Time {
    after(0)
}

pub struct Given {
    facts: Vec<Fact>,
    now: Time,
}

impl Given {
    /// Decides at another moment, in seconds from [`now`].
    pub fn later(self, seconds: i64) -> Self {
        self.at(after(seconds))
    }

    /// Decides at another moment.
    pub fn at(mut self, moment: Time) -> Self {
        self.now = moment;
        self
    }

    /// The command sees the streams that it says it needs, and no other.
    pub fn when(self, who: impl Into<Actor>, command: impl Command) -> Decided {
        Decided(self.decided(who, command))
    }

    /// What comes of it.
    pub fn decided(
        self,
        who: impl Into<Actor>,
        command: impl Command,
    ) -> Result<Vec<Fact>, Refusal> {
        let actor = who.into();
        let history = seen(&self.facts, self.now, &command, &actor);
        decide(&command, &actor, &history)
    }
}

/// So many seconds from [`now`].
pub fn after(seconds: i64) -> Time {
    Time::from_micros((1_000_000_000 + seconds) * 1_000_000)
}

/// As much of some facts as a command needs.
pub fn seen(facts: &[Fact], now: Time, command: &dyn Command, actor: &Actor) -> History {
    let mut links = Links::default();
    for link in facts.iter().filter_map(LinkFact::of) {
        links.apply(link);
    }
    let mut history = History::new(now, links.into());
    loop {
        let needed = needs(command, actor, &history);
        if needed.is_empty() {
            return history;
        }
        for stream in needed {
            let numbered = (1..).zip(facts).filter(|(_, fact)| fact.stream() == stream);
            let facts = numbered.map(|(at, fact)| (at, fact.clone())).collect();
            history.add(stream, facts);
        }
    }
}

impl From<AccountId> for Actor {
    fn from(account: AccountId) -> Self {
        Self::member(account)
    }
}

pub fn role(account: AccountId, roles: Roles) -> Actor {
    Actor { account, roles }
}

pub fn admin(account: AccountId) -> Actor {
    let admin = true;
    let roles = Roles {
        admin,
        ..Roles::default()
    };
    role(account, roles)
}

/// A community manager.
pub fn staff(account: AccountId) -> Actor {
    let community_manager = true;
    let roles = Roles {
        community_manager,
        ..Roles::default()
    };
    role(account, roles)
}

pub fn service(account: AccountId) -> Actor {
    let service = true;
    let roles = Roles {
        service,
        ..Roles::default()
    };
    role(account, roles)
}

pub struct Decided(Result<Vec<Fact>, Refusal>);

impl Decided {
    #[track_caller]
    pub fn then(self, facts: impl IntoIterator<Item = Fact>) {
        assert_eq!(self.0, Ok(facts.into_iter().collect()));
    }

    #[track_caller]
    pub fn then_refused(self, refusal: Refusal) {
        assert_eq!(self.0, Err(refusal));
    }
}

pub fn ada() -> AccountId {
    AccountId(Uuid::from_u128(0xada))
}

pub fn bob() -> AccountId {
    AccountId(Uuid::from_u128(0xb0b))
}

pub fn eve() -> AccountId {
    AccountId(Uuid::from_u128(0xe7e))
}

pub fn group(number: u128) -> GroupId {
    GroupId(Uuid::from_u128(number))
}

pub fn gift(number: u128) -> GiftId {
    GiftId(Uuid::from_u128(number))
}

pub fn post(number: u128) -> PostId {
    PostId(Uuid::from_u128(number))
}

pub fn registered(account: AccountId, name: &str) -> Fact {
    AccountFact::Registered(Registered {
        account,
        name: name.to_owned().into(),
        origin: None,
    })
    .into()
}

pub fn renamed(account: AccountId, name: &str) -> Fact {
    AccountFact::Renamed(Renamed {
        account,
        name: name.to_owned().into(),
    })
    .into()
}

/// Ada and Bob and Eve are registered, and what else happened.
pub fn community(facts: impl IntoIterator<Item = Fact>) -> Given {
    let members = [(ada(), "Ada"), (bob(), "Bob"), (eve(), "Eve")];
    given(
        members
            .map(|(account, name)| registered(account, name))
            .into_iter()
            .chain(facts),
    )
}

pub fn topic(author: AccountId, id: PostId, kind: Kind) -> Fact {
    PostFact::Created(Created {
        post: id,
        kind,
        author: Some(author),
        parent: None,
        group: None,
        title: Some("Title".to_owned().into()),
        body: "Body".to_owned().into(),
        tags: vec!["tag".into()],
        origin: None,
    })
    .into()
}

pub fn question(author: AccountId, id: PostId) -> Fact {
    topic(author, id, Kind::Question)
}

pub fn answer(author: AccountId, id: PostId, question: PostId) -> Fact {
    reply(author, id, Kind::Answer, question)
}

pub fn comment(author: AccountId, id: PostId, on: PostId) -> Fact {
    reply(author, id, Kind::Comment, on)
}

fn reply(author: AccountId, id: PostId, kind: Kind, parent: PostId) -> Fact {
    PostFact::Created(Created {
        post: id,
        kind,
        author: Some(author),
        parent: Some(parent),
        group: None,
        title: None,
        body: "Body".to_owned().into(),
        tags: vec![],
        origin: None,
    })
    .into()
}

/// Ada's post was edited.
pub fn edited(id: PostId, title: Option<&str>, body: Option<&str>, tags: Option<&[&str]>) -> Fact {
    PostFact::Edited(Edited {
        post: id,
        author: Some(ada()),
        title: title.map(|title| title.to_owned().into()),
        body: body.map(|body| body.to_owned().into()),
        tags: tags.map(|tags| tags.iter().map(|&tag| tag.to_owned()).collect()),
    })
    .into()
}

/// A post without a parent or an accepted answer, for [`deleted`] and [`restored`].
pub fn affected(post: PostId, author: AccountId) -> Affected {
    Affected {
        post,
        author: Some(author),
        parent: None,
        accepted: None,
    }
}

pub fn deleted(affected: Affected) -> Fact {
    PostFact::Deleted(affected).into()
}

pub fn restored(affected: Affected) -> Fact {
    PostFact::Restored(affected).into()
}

pub fn accepted_answer(answer: PostId, author: AccountId) -> AcceptedAnswer {
    AcceptedAnswer {
        answer,
        author: Some(author),
    }
}

pub fn accepted(
    question: PostId,
    asker: AccountId,
    accepted: AcceptedAnswer,
    replaced: Option<AcceptedAnswer>,
) -> Fact {
    PostFact::AnswerAccepted(Accepted {
        question,
        asker: Some(asker),
        accepted,
        replaced,
    })
    .into()
}

pub fn acceptance_withdrawn(question: PostId, asker: AccountId, withdrawn: AcceptedAnswer) -> Fact {
    PostFact::AcceptanceWithdrawn(Withdrawn {
        question,
        asker: Some(asker),
        withdrawn,
    })
    .into()
}

fn like(post: PostId, account: AccountId, author: AccountId) -> Like {
    Like {
        post,
        account,
        author: Some(author),
    }
}

pub fn liked(post: PostId, account: AccountId, author: AccountId) -> Fact {
    LikeFact::Liked(like(post, account, author)).into()
}

pub fn like_withdrawn(post: PostId, account: AccountId, author: AccountId) -> Fact {
    LikeFact::Withdrawn(like(post, account, author)).into()
}

pub fn watched(post: PostId, account: AccountId) -> Fact {
    WatchFact::Watched(Watch { post, account }).into()
}

pub fn group_watched(group: GroupId, account: AccountId) -> Fact {
    WatchFact::GroupWatched(GroupWatch { group, account }).into()
}

pub fn group_unwatched(group: GroupId, account: AccountId) -> Fact {
    WatchFact::GroupUnwatched(GroupWatch { group, account }).into()
}

pub fn unwatched(post: PostId, account: AccountId) -> Fact {
    WatchFact::Unwatched(Watch { post, account }).into()
}

/// What a provider told about an account's kind.
pub fn of_kind(account: AccountId, kind: AccountKind) -> Fact {
    AccountFact::Identified(Identified {
        account,
        name: None,
        picture: None,
        kind: Some(kind),
    })
    .into()
}

pub fn erased(account: AccountId, content: Content) -> Fact {
    AccountFact::Erased(Erased { account, content }).into()
}

/// One of a few codes.
pub fn code(number: u8) -> Code {
    Code::of([number; link_code::CODE_BYTES])
}

/// Some rules came into force.
pub fn activated(number: u8) -> Fact {
    RulesFact::Activated(rules_of(number)).into()
}

/// Rules that can be told from others by their number.
pub fn rules_of(number: u8) -> rules::Activated {
    rules::Activated {
        hash: format!("{number:064x}"),
        files: [("kudos.toml".to_owned(), format!("# {number}"))].into(),
    }
}

/// The account made a code, seconds from [`now`].
pub fn code_made(account: AccountId, number: u8, seconds: i64) -> Fact {
    let expires = after(seconds).as_micros() + link_code::LIFETIME_MICROS;
    LinkCodeFact::Made(link_code::Made {
        code: code(number).hash(),
        account,
        expires_at: Time::from_micros(expires),
    })
    .into()
}

/// A code linked two accounts.
pub fn linked(primary: AccountId, account: AccountId, number: u8) -> Fact {
    LinkFact::Linked(Linked {
        primary,
        account,
        code: code(number).hash(),
    })
    .into()
}

pub fn unlinked(primary: AccountId, account: AccountId) -> Fact {
    LinkFact::Unlinked(Unlinked { primary, account }).into()
}

/// The account left these, to be erased.
pub fn withdrawn(account: AccountId, accounts: impl IntoIterator<Item = AccountId>) -> Fact {
    LinkFact::Withdrawn(links::Withdrawn {
        account,
        accounts: accounts.into_iter().collect(),
    })
    .into()
}

pub fn primary_changed(
    from: AccountId,
    to: AccountId,
    accounts: impl IntoIterator<Item = AccountId>,
) -> Fact {
    LinkFact::PrimaryChanged(PrimaryChanged {
        from,
        to,
        accounts: accounts.into_iter().collect(),
    })
    .into()
}

pub fn completed(account: AccountId, course: &str) -> Fact {
    LearningFact::CourseCompleted(CourseCompleted {
        account,
        course: course.to_owned(),
        title: "Sourdough".into(),
        badge: Some("Baker".into()),
    })
    .into()
}

pub fn certified(account: AccountId, certification: &str, expires: i64) -> Fact {
    LearningFact::CertificationAwarded(CertificationAwarded {
        account,
        certification: certification.to_owned(),
        title: "Master".into(),
        designation: true,
        expires_at: Some(Time::from_micros(expires)),
    })
    .into()
}

pub fn enrolment_requested(
    profile: AccountId,
    accounts: impl IntoIterator<Item = AccountId>,
) -> Fact {
    let accounts = accounts.into_iter().collect();
    KudosFact::EnrolmentRequested(EnrolmentRequested { profile, accounts }).into()
}

pub fn enrolled(profile: AccountId, accounts: impl IntoIterator<Item = AccountId>) -> Fact {
    let accounts = accounts.into_iter().collect();
    KudosFact::Enrolled(Enrolled { profile, accounts }).into()
}

/// A gift by somebody with one account, now.
pub fn gave(number: u128, giver: AccountId, receiver: AccountId) -> kudos::Given {
    kudos::Given {
        gift: gift(number),
        profile: giver,
        giver,
        receiver,
        at: now(),
        message: "Good bread".to_owned().into(),
        post: None,
    }
}

impl From<kudos::Given> for Fact {
    fn from(given: kudos::Given) -> Self {
        KudosFact::Given(given).into()
    }
}

pub fn badge_granted(account: AccountId, id: &str) -> Fact {
    BadgeFact::Granted(badge::Granted {
        account,
        badge: "judge".into(),
        title: "Judge at the Fair".into(),
        origin: Origin {
            source: "bakers-guild".into(),
            id: id.to_owned(),
        },
    })
    .into()
}

pub fn agreement_accepted(account: AccountId, agreement: &str, version: &str) -> Fact {
    AccountFact::AgreementAccepted(agreement::Accepted {
        account,
        agreement: agreement.into(),
        version: version.into(),
    })
    .into()
}

pub fn feedback_given(
    account: AccountId,
    subject: &str,
    rating: Option<u8>,
    text: Option<&str>,
) -> Fact {
    FeedbackFact::Given(feedback::Given {
        account,
        subject: subject.to_owned(),
        rating,
        text: text.map(|text| text.to_owned().into()),
    })
    .into()
}

pub fn interacted(account: AccountId, interactions: impl IntoIterator<Item = Interaction>) -> Fact {
    let interactions: Vec<Interaction> = interactions.into_iter().collect();
    FeedbackFact::Interacted(Interacted {
        account,
        day: Period::Day.start(interactions[0].at),
        interactions,
    })
    .into()
}

pub fn group_created(group: GroupId, name: &str) -> Fact {
    GroupFact::Created(crate::group::Created {
        group,
        name: name.to_owned(),
        description: "About bread".into(),
    })
    .into()
}

pub fn joined(group: GroupId, account: AccountId) -> Fact {
    MembershipFact::Joined(Membership { group, account }).into()
}

pub fn left(group: GroupId, account: AccountId) -> Fact {
    MembershipFact::Left(Membership { group, account }).into()
}

/// The same post, in a group.
pub fn in_group(post: Fact, group: GroupId) -> Fact {
    let Fact::Post(PostFact::Created(created)) = post else {
        panic!("{post:?} is no new post");
    };
    let group = Some(group);
    PostFact::Created(Created { group, ..created }).into()
}

/// Articles in the group are reviewed from now on, or no more.
pub fn moderated(group: GroupId, moderated: bool) -> Fact {
    GroupFact::Changed(crate::group::Changed {
        group,
        name: None,
        description: None,
        location: None,
        moderated: Some(moderated),
    })
    .into()
}

/// The same article, waiting for review.
pub fn submitted(article: Fact) -> Fact {
    let Fact::Post(PostFact::Created(created)) = article else {
        panic!("{article:?} is no new post");
    };
    PostFact::Submitted(created).into()
}

pub fn rejected(post: PostId, author: AccountId, reason: &str) -> Fact {
    PostFact::Rejected(review::Rejected {
        post,
        author: Some(author),
        reason: reason.to_owned().into(),
    })
    .into()
}

pub fn resubmitted(post: PostId, author: AccountId) -> Fact {
    let author = Some(author);
    PostFact::Resubmitted(review::Resubmitted { post, author }).into()
}

pub fn published(post: PostId, author: AccountId, group: GroupId) -> Fact {
    PostFact::Published(review::Published {
        post,
        author: Some(author),
        group: Some(group),
    })
    .into()
}

/// Ada's post was reported.
pub fn reported(post: PostId, reporter: AccountId, comment: Option<&str>) -> Fact {
    ReportFact::Reported(report::Reported {
        post,
        author: Some(ada()),
        reporter,
        reason: report::Reason::LinkSpam,
        comment: comment.map(|comment| comment.to_owned().into()),
    })
    .into()
}

/// Reports of Ada's post were upheld.
pub fn upheld(
    post: PostId,
    reporters: impl IntoIterator<Item = AccountId>,
    measure: report::Measure,
    note: Option<&str>,
) -> Fact {
    ReportFact::Upheld(report::Upheld {
        post,
        author: Some(ada()),
        reporters: reporters.into_iter().collect(),
        measure,
        note: note.map(|note| note.to_owned().into()),
    })
    .into()
}

pub fn dismissed(post: PostId, reporters: impl IntoIterator<Item = AccountId>) -> Fact {
    let reporters = reporters.into_iter().collect();
    ReportFact::Dismissed(report::Dismissed { post, reporters }).into()
}

pub fn removed(affected: Affected) -> Fact {
    PostFact::Removed(affected).into()
}

/// The account doesn't want to be told these, and says so itself.
pub fn muted(
    by: AccountId,
    account: AccountId,
    muted: impl IntoIterator<Item = notification::Kind>,
) -> Fact {
    NotificationFact::PreferencesChanged(notification::PreferencesChanged {
        account,
        by,
        muted: muted.into_iter().collect(),
    })
    .into()
}

pub fn read(account: AccountId, notifications: &[u128], until: Option<Time>) -> Fact {
    let notifications = notifications.iter().copied().map(Uuid::from_u128);
    NotificationFact::Read(notification::Read {
        account,
        notifications: notifications.collect(),
        until,
    })
    .into()
}
