//! Which rows a batch of events touches: it follows from the events alone.

use plaudit_domain::acceptance::AcceptedAnswer;
use plaudit_domain::{AccountId, Event, Fact, GroupId, PostId};
use rustc_hash::FxHashSet;

use crate::feedback::InteractionKey;
use crate::{
    account, badge, feedback, group, kudos, learning, like, link, membership, post, watch,
};

/// The rows that a batch touches. An account that is linked brings all accounts of its profile along,
/// with the courses that they completed: the profile is made of them.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    /// Accounts.
    pub accounts: FxHashSet<AccountId>,
    /// Posts.
    pub posts: FxHashSet<PostId>,
    /// Likes, as (post, account).
    pub likes: FxHashSet<(PostId, AccountId)>,
    /// Posts with all their likes and the accounts that gave them: what a deletion takes out of
    /// the counts can't be named by the event.
    pub likes_of: FxHashSet<PostId>,
    /// Watches, as (post, account).
    pub watches: FxHashSet<(PostId, AccountId)>,
    /// Groups.
    pub groups: FxHashSet<GroupId>,
    /// Memberships, as (group, account).
    pub memberships: FxHashSet<(GroupId, AccountId)>,
    /// Accounts with what they tell about their owners.
    pub about: FxHashSet<AccountId>,
    /// Accounts with the courses that they completed.
    pub courses_of: FxHashSet<AccountId>,
    /// Accounts that are linked or unlinked: their courses are united, or no more.
    pub linked: FxHashSet<AccountId>,
    /// Accounts with all their posts: what is erased with an account can't be named by the event.
    pub posts_of: FxHashSet<AccountId>,
    /// Accounts with their waiting to take part in the programme.
    pub waiting: FxHashSet<AccountId>,
    /// Counts of interactions.
    pub interactions: FxHashSet<InteractionKey>,
    /// Whether everything that the posts refer to is touched, too: their authors, what they are on,
    /// accepted answers and the authors of those. Events name what they touch of it, but for some
    /// from elsewhere ([`FoldError::Unnamed`](crate::FoldError::Unnamed)).
    pub references: bool,
}

impl Touched {
    /// The rows that some events touch.
    pub fn by(events: &[Event]) -> Self {
        let mut touched = Self::default();
        for event in events {
            match &event.fact {
                Fact::Account(fact) => account::touch(fact, &mut touched),
                Fact::Link(fact) => link::touch(fact, &mut touched),
                // A code is nothing that anybody reads.
                Fact::LinkCode(_) => {}
                Fact::Kudos(fact) => kudos::touch(fact, &mut touched),
                Fact::Badge(fact) => badge::touch(fact, &mut touched),
                Fact::Feedback(fact) => feedback::touch(fact, &mut touched),
                Fact::Learning(fact) => learning::touch(fact, &mut touched),
                Fact::Group(fact) => group::touch(fact, &mut touched),
                Fact::Membership(fact) => membership::touch(fact, &mut touched),
                Fact::Post(fact) => post::touch(fact, &mut touched),
                Fact::Like(fact) => like::touch(fact, &mut touched),
                Fact::Watch(fact) => watch::touch(fact, &mut touched),
            }
        }
        touched
    }

    pub(crate) fn account(&mut self, account: AccountId) {
        self.accounts.insert(account);
    }

    pub(crate) fn accounts(&mut self, accounts: impl IntoIterator<Item = AccountId>) {
        self.accounts.extend(accounts);
    }

    pub(crate) fn post(&mut self, post: PostId) {
        self.posts.insert(post);
    }

    pub(crate) fn posts(&mut self, posts: impl IntoIterator<Item = PostId>) {
        self.posts.extend(posts);
    }

    pub(crate) fn answers(&mut self, answers: impl IntoIterator<Item = AcceptedAnswer>) {
        for AcceptedAnswer { answer, author } in answers {
            self.post(answer);
            self.accounts(author);
        }
    }

    pub(crate) fn like(&mut self, post: PostId, account: AccountId) {
        self.post(post);
        self.account(account);
        self.likes.insert((post, account));
    }

    pub(crate) fn likes_of(&mut self, post: PostId) {
        self.likes_of.insert(post);
    }

    pub(crate) fn watch(&mut self, post: PostId, account: AccountId) {
        self.post(post);
        self.account(account);
        self.watches.insert((post, account));
    }
}
