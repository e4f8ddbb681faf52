//! Taking away from the rows of an earlier moment what isn't to be seen any more: what may be seen doesn't
//! depend on the moment that is looked at (DOMAIN P6).

use plaudit_domain::{AccountId, PostId, Visibility};
use rustc_hash::FxHashSet;

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
        for account in self.accounts.iter_mut() {
            if unseen.private.contains(&account.id) {
                account.profile_visibility = Visibility::Private;
            }
            if unseen.nameless.contains(&account.id) {
                account.visibility = Visibility::Private;
            }
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
