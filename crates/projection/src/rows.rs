//! The rows that a batch works on, in memory, and what became of them.

use std::hash::Hash;

use plaudit_domain::{AccountId, PostId};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::account::Account;
use crate::fold::FoldError;
use crate::like::Like;
use crate::post::{Post, PostBody, PostTag};
use crate::profile::Profile;
use crate::row::Key;
use crate::watch::Watch;

/// The rows that a batch touches.
#[derive(Debug, Default)]
pub struct Rows {
    /// Accounts.
    pub accounts: Entities<Account>,
    /// Posts.
    pub posts: Entities<Post>,
    /// Who likes what.
    pub likes: Pairs<Like>,
    /// Who watches what.
    pub watches: Pairs<Watch>,
    /// Texts that were written, in order: the last one of a post holds. They are never read by a
    /// fold, so a rebuild may take them out at any time.
    pub bodies: Vec<PostBody>,
    /// Tags that came and went.
    pub tags: TagChanges,
    /// The profiles of changed accounts, once the batch is [finished](Rows::finish).
    pub profiles: Vec<Profile>,
}

impl Rows {
    pub(crate) fn account(&mut self, id: AccountId) -> Result<&mut Account, FoldError> {
        self.accounts.get_mut(id)
    }

    pub(crate) fn post(&mut self, id: PostId) -> Result<&mut Post, FoldError> {
        self.posts.get_mut(id)
    }

    /// The second stage: computes the profiles of all changed accounts.
    pub fn finish(&mut self) {
        self.profiles = self
            .accounts
            .changed()
            .map(|account| Profile::unite(account, [account]))
            .collect();
    }
}

/// A row that has a public id and a key.
pub trait Entity {
    /// Its kind of public id.
    type Id: Copy + Eq + Hash;

    /// Its public id.
    fn id(&self) -> Self::Id;

    /// Its key.
    fn key(&self) -> Key;
}

/// How to say that an id names nothing.
pub trait Missing: Copy + Eq + Hash {
    /// The error.
    fn missing(self) -> FoldError;
}

impl Missing for AccountId {
    fn missing(self) -> FoldError {
        FoldError::UnknownAccount(self)
    }
}

impl Missing for PostId {
    fn missing(self) -> FoldError {
        FoldError::UnknownPost(self)
    }
}

/// Rows of one table that has public ids. They are changed, and never removed.
#[derive(Debug)]
pub struct Entities<R: Entity> {
    rows: Vec<(R, bool)>,
    by_id: FxHashMap<R::Id, u32>,
    by_key: FxHashMap<Key, u32>,
}

impl<R: Entity> Default for Entities<R> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            by_id: FxHashMap::default(),
            by_key: FxHashMap::default(),
        }
    }
}

impl<R: Entity<Id: Missing>> Entities<R> {
    /// Adds a row as the store has it; one that is here already stays.
    pub fn load(&mut self, row: R) {
        if !self.by_key.contains_key(&row.key()) {
            self.add(row, false);
        }
    }

    /// A row that is here, without changing it.
    pub fn find(&self, id: R::Id) -> Option<&R> {
        self.by_id.get(&id).map(|&at| &self.rows[at as usize].0)
    }

    /// Whether a row is here.
    pub fn has(&self, key: Key) -> bool {
        self.by_key.contains_key(&key)
    }

    /// All rows that were changed or added, in the order in which they came here.
    pub fn changed(&self) -> impl Iterator<Item = &R> {
        self.rows
            .iter()
            .filter_map(|(row, changed)| changed.then_some(row))
    }

    pub(crate) fn insert(&mut self, row: R) {
        self.add(row, true);
    }

    pub(crate) fn find_mut(&mut self, id: R::Id) -> Option<&mut R> {
        let at = *self.by_id.get(&id)?;
        Some(self.change(at))
    }

    pub(crate) fn get_mut(&mut self, id: R::Id) -> Result<&mut R, FoldError> {
        match self.by_id.get(&id) {
            Some(&at) => Ok(self.change(at)),
            None => Err(id.missing()),
        }
    }

    pub(crate) fn by_key(&mut self, key: Key) -> Result<&mut R, FoldError> {
        match self.by_key.get(&key) {
            Some(&at) => Ok(self.change(at)),
            None => Err(FoldError::Unnamed(key)),
        }
    }

    fn change(&mut self, at: u32) -> &mut R {
        let (row, changed) = &mut self.rows[at as usize];
        *changed = true;
        row
    }

    fn add(&mut self, row: R, changed: bool) {
        // 4 thousand million rows in memory are out of reach before this is.
        let at = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.by_id.insert(row.id(), at);
        self.by_key.insert(row.key(), at);
        self.rows.push((row, changed));
    }
}

/// A row of a post and an account.
pub trait Pair {
    /// The post and the account.
    fn pair(&self) -> (Key, Key);
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<R> {
    /// It is written.
    Put(R),
    /// It goes.
    Remove {
        /// The post.
        post: Key,
        /// The account.
        account: Key,
    },
}

/// Rows of one table of pairs. They come and go. A pair that isn't here doesn't exist.
#[derive(Debug)]
pub struct Pairs<R> {
    by_post: FxHashMap<Key, FxHashMap<Key, Slot<R>>>,
}

#[derive(Debug)]
struct Slot<R> {
    row: Option<R>,
    changed: bool,
}

impl<R> Default for Pairs<R> {
    fn default() -> Self {
        Self {
            by_post: FxHashMap::default(),
        }
    }
}

impl<R: Pair> Pairs<R> {
    /// Adds a row as the store has it.
    pub fn load(&mut self, row: R) {
        let (post, account) = row.pair();
        let slot = Slot {
            row: Some(row),
            changed: false,
        };
        self.by_post.entry(post).or_default().insert(account, slot);
    }

    /// The accounts that are paired with a post, as far as they are here.
    pub fn accounts_of(&self, post: Key) -> Vec<Key> {
        self.by_post
            .get(&post)
            .into_iter()
            .flatten()
            .filter(|(_, slot)| slot.row.is_some())
            .map(|(&account, _)| account)
            .collect()
    }

    /// What became of the pairs, in no order.
    pub fn changes(&self) -> impl Iterator<Item = Change<&R>> {
        self.by_post.iter().flat_map(|(&post, accounts)| {
            accounts.iter().filter(|(_, slot)| slot.changed).map(
                move |(&account, slot)| match &slot.row {
                    Some(row) => Change::Put(row),
                    None => Change::Remove { post, account },
                },
            )
        })
    }

    /// Adds a pair; whether that changed something.
    pub(crate) fn insert(&mut self, row: R) -> bool {
        let (post, account) = row.pair();
        let slot = self.slot(post, account);
        if slot.row.is_some() {
            return false;
        }
        slot.row = Some(row);
        slot.changed = true;
        true
    }

    /// Removes a pair; whether that changed something.
    pub(crate) fn remove(&mut self, post: Key, account: Key) -> bool {
        let slot = self.slot(post, account);
        let removed = slot.row.take().is_some();
        slot.changed |= removed;
        removed
    }

    fn slot(&mut self, post: Key, account: Key) -> &mut Slot<R> {
        self.by_post
            .entry(post)
            .or_default()
            .entry(account)
            .or_insert(Slot {
                row: None,
                changed: false,
            })
    }
}

/// Tags that came and went. What came and went again did nothing.
#[derive(Debug, Default)]
pub struct TagChanges {
    added: FxHashSet<PostTag>,
    removed: FxHashSet<PostTag>,
}

impl TagChanges {
    /// The tags that came.
    pub fn added(&self) -> impl Iterator<Item = &PostTag> {
        self.added.iter()
    }

    /// The tags that went.
    pub fn removed(&self) -> impl Iterator<Item = &PostTag> {
        self.removed.iter()
    }

    pub(crate) fn insert(&mut self, tag: PostTag) {
        self.removed.remove(&tag);
        self.added.insert(tag);
    }

    pub(crate) fn remove(&mut self, tag: PostTag) {
        self.added.remove(&tag);
        self.removed.insert(tag);
    }
}
