//! Given what happened, when somebody wants something, then this happens.

use uuid::Uuid;

use crate::acceptance::{Accepted, AcceptedAnswer, Withdrawn};
use crate::account::{Registered, Renamed};
use crate::decide::{Actor, Command, decide, needs};
use crate::fact::{AccountFact, Fact, LikeFact, PostFact, WatchFact};
use crate::id::{AccountId, PostId};
use crate::like::Like;
use crate::post::{Affected, Created, Edited, Kind};
use crate::refusal::Refusal;
use crate::watch::Watch;

pub fn given(facts: impl IntoIterator<Item = Fact>) -> Given {
    Given(facts.into_iter().collect())
}

pub struct Given(Vec<Fact>);

impl Given {
    /// The command sees the streams that it says it needs, and no other.
    pub fn when(self, who: AccountId, command: impl Command) -> Decided {
        let actor = Actor { account: who };
        let needed = needs(&command, &actor);
        let streams = self
            .0
            .into_iter()
            .filter(|fact| needed.contains(&fact.stream()))
            .collect();
        Decided(decide(&command, &actor, &streams))
    }
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
        title: None,
        body: "Body".to_owned().into(),
        tags: vec![],
        origin: None,
    })
    .into()
}

pub fn edited(id: PostId, title: Option<&str>, body: Option<&str>, tags: Option<&[&str]>) -> Fact {
    PostFact::Edited(Edited {
        post: id,
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

pub fn unwatched(post: PostId, account: AccountId) -> Fact {
    WatchFact::Unwatched(Watch { post, account }).into()
}
