//! Which accounts and posts a fact names: they have to exist before it.
//!
//! Every field is written out, so that a new one can't be forgotten.

use plaudit_domain::acceptance::{Accepted, AcceptedAnswer, Withdrawn};
use plaudit_domain::account::{Registered, Renamed};
use plaudit_domain::fact::{AccountFact, LikeFact, PostFact, WatchFact};
use plaudit_domain::like::Like;
use plaudit_domain::post::{Affected, Created, Edited};
use plaudit_domain::watch::Watch;
use plaudit_domain::{AccountId, Fact, PostId};

/// An account or a post that a fact names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Name {
    Account(AccountId),
    Post(PostId),
}

impl From<AccountId> for Name {
    fn from(account: AccountId) -> Self {
        Self::Account(account)
    }
}

impl From<PostId> for Name {
    fn from(post: PostId) -> Self {
        Self::Post(post)
    }
}

/// What a fact names.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// What it makes; that needn't exist.
    pub(super) made: Option<Name>,
    /// What has to exist before it.
    pub(super) needed: Vec<Name>,
}

impl Names {
    /// What a fact names.
    pub(super) fn of(fact: &Fact) -> Self {
        let mut names = Self::default();
        match fact {
            Fact::Account(fact) => names.account(fact),
            Fact::Post(fact) => names.post(fact),
            Fact::Like(LikeFact::Liked(like) | LikeFact::Withdrawn(like)) => {
                let Like {
                    post,
                    account,
                    author,
                } = *like;
                names.need([post]);
                names.need([account]);
                names.need(author);
            }
            Fact::Watch(WatchFact::Watched(watch) | WatchFact::Unwatched(watch)) => {
                let Watch { post, account } = *watch;
                names.need([post]);
                names.need([account]);
            }
        }
        names
    }

    fn account(&mut self, fact: &AccountFact) {
        match fact {
            AccountFact::Registered(Registered {
                account,
                name: _,
                origin: _,
            }) => self.made = Some((*account).into()),
            AccountFact::Renamed(Renamed { account, name: _ }) => self.need([*account]),
        }
    }

    fn post(&mut self, fact: &PostFact) {
        match fact {
            PostFact::Created(Created {
                post,
                kind: _,
                author,
                parent,
                title: _,
                body: _,
                tags: _,
                origin: _,
            }) => {
                self.made = Some((*post).into());
                self.need(*author);
                self.need(*parent);
            }
            PostFact::Edited(Edited {
                post,
                title: _,
                body: _,
                tags: _,
            }) => self.need([*post]),
            PostFact::Deleted(affected) | PostFact::Restored(affected) => {
                let Affected {
                    post,
                    author,
                    parent,
                    accepted,
                } = *affected;
                self.need([post]);
                self.need(author);
                self.need(parent);
                self.answers(accepted);
            }
            PostFact::AnswerAccepted(Accepted {
                question,
                asker,
                accepted,
                replaced,
            }) => {
                self.need([*question]);
                self.need(*asker);
                self.answers([*accepted]);
                self.answers(*replaced);
            }
            PostFact::AcceptanceWithdrawn(Withdrawn {
                question,
                asker,
                withdrawn,
            }) => {
                self.need([*question]);
                self.need(*asker);
                self.answers([*withdrawn]);
            }
        }
    }

    fn answers(&mut self, answers: impl IntoIterator<Item = AcceptedAnswer>) {
        for AcceptedAnswer { answer, author } in answers {
            self.need([answer]);
            self.need(author);
        }
    }

    fn need<N: Into<Name>>(&mut self, names: impl IntoIterator<Item = N>) {
        self.needed.extend(names.into_iter().map(Into::into));
    }
}
