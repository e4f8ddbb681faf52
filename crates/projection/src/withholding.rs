//! Taking away from the rows of an earlier moment what isn't to be seen any more: what may be seen doesn't
//! depend on the moment that is looked at (DOMAIN P6).

use plaudit_domain::{AccountId, PostId, Visibility};
use rustc_hash::FxHashSet;

use crate::account::Account;
use crate::post::PostBody;
use crate::rows::Rows;
use crate::touched::Touched;

/// What isn't to be seen.
#[derive(Debug, Default)]
pub struct Unseen {
    /// Accounts whose profiles are private.
    pub private: FxHashSet<AccountId>,
    /// Accounts that don't show their name on a private profile.
    pub nameless: FxHashSet<AccountId>,
    /// Posts that are deleted.
    pub deleted: FxHashSet<PostId>,
}

impl Unseen {
    /// The rows that it is about.
    pub fn touched(&self) -> Touched {
        Touched {
            accounts: self.private.union(&self.nameless).copied().collect(),
            posts: self.deleted.clone(),
            ..Touched::default()
        }
    }
}

impl Rows {
    /// Takes away what isn't to be seen, before the rows are [finished](Rows::finish). No figure changes.
    pub fn withhold(&mut self, unseen: &Unseen) {
        let is_private = |account: &Account| unseen.private.contains(&account.id);
        for account in self.accounts.those(is_private) {
            account.profile_visibility = Visibility::Private;
        }
        let is_nameless = |account: &Account| unseen.nameless.contains(&account.id);
        for account in self.accounts.those(is_nameless) {
            account.visibility = Visibility::Private;
        }
        for post in &unseen.deleted {
            if let Some(post) = self.posts.find_mut(*post) {
                post.title = None;
                self.bodies.push(PostBody {
                    post: post.key,
                    body: None,
                });
            }
        }
    }
}
