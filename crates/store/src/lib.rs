//! The rows that people read, as tables.
//!
//! [`Store`] is what folding and reading need of an engine. Tables, keys and indexes follow from
//! the rows of `plaudit_projection`: nothing is declared twice.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use plaudit_domain::post::Kind;
use plaudit_domain::{AccountId, GroupId, Origin, Position, PostId, Visibility};
use plaudit_projection::row::Malformed;
use plaudit_projection::{
    About, Account, Certification, Course, Group, Key, Like, Membership, Post, PostBody, Profile,
    Rows, Touched,
};
use uuid::Uuid;

mod sql;
pub mod sqlite;

/// A store that anybody can hold.
pub type SharedStore = Arc<dyn Store>;

/// A result of a store.
pub type Result<T> = std::result::Result<T, StoreError>;

/// One generation of read models.
///
/// Reads are in batches, for data loaders: rows come in no order unless an order is promised, and
/// for what isn't there none comes. A single read sees a single moment.
#[async_trait]
pub trait Store: Send + Sync {
    // Folding

    /// The position up to which events are folded in.
    async fn position(&self) -> Result<Position>;

    /// Position and id of the last event that is folded in; none before the first. The id tells of
    /// which history the rows are.
    async fn last_event(&self) -> Result<Option<(Position, Uuid)>>;

    /// The rows that a batch touches, as far as they are there.
    async fn fetch(&self, touched: &Touched) -> Result<Rows>;

    /// Writes the changed rows of a finished batch and its position, all or none. Where the
    /// position isn't `from` any more, somebody else folded: nothing is written.
    ///
    /// What such a batch erased stays somewhere in the files until the next [`Store::purge`].
    async fn commit(&self, rows: &Rows, from: Position, to: Position) -> Result<Commit>;

    /// Whether something was erased since it was last purged.
    async fn has_erased(&self) -> Result<bool>;

    /// Takes what was erased out of all files. Where nothing was, since the last time, it does
    /// nothing; otherwise it takes as long as writing all rows once, and no batch is committed
    /// meanwhile. Fails while somebody reads what was there before.
    async fn purge(&self) -> Result<()>;

    // Reading

    /// Accounts by key.
    async fn accounts(&self, keys: &[Key]) -> Result<Vec<Account>>;

    /// Accounts by public id.
    async fn accounts_by_id(&self, ids: &[AccountId]) -> Result<Vec<Account>>;

    /// The account that was imported from there.
    async fn account_by_origin(&self, origin: &Origin) -> Result<Option<Account>>;

    /// All accounts of profiles, which are given by their keys.
    async fn accounts_of(&self, profiles: &[Key]) -> Result<Vec<Account>>;

    /// What accounts tell about their owners.
    async fn about(&self, accounts: &[Key]) -> Result<Vec<About>>;

    /// The courses that accounts completed.
    async fn courses_of(&self, accounts: &[Key]) -> Result<Vec<Course>>;

    /// The certifications that accounts were awarded.
    async fn certifications_of(&self, accounts: &[Key]) -> Result<Vec<Certification>>;

    /// The memberships of accounts.
    async fn memberships_of(&self, accounts: &[Key]) -> Result<Vec<Membership>>;

    /// Groups by key.
    async fn groups(&self, keys: &[Key]) -> Result<Vec<Group>>;

    /// Groups by public id.
    async fn groups_by_id(&self, ids: &[GroupId]) -> Result<Vec<Group>>;

    /// A page of all groups, in the page's order of creation.
    async fn group_page(&self, page: Page) -> Result<Vec<Group>>;

    /// How many groups there are.
    async fn group_count(&self) -> Result<i64>;

    /// For each group, a page of its memberships, in the page's order of joining.
    async fn members(&self, groups: &[Key], page: Page) -> Result<Vec<Membership>>;

    /// Profiles by key.
    async fn profiles(&self, keys: &[Key]) -> Result<Vec<Profile>>;

    /// Profiles by public id.
    async fn profiles_by_id(&self, ids: &[AccountId]) -> Result<Vec<Profile>>;

    /// Posts by key, deleted ones too.
    async fn posts(&self, keys: &[Key]) -> Result<Vec<Post>>;

    /// Posts by public id, deleted ones too.
    async fn posts_by_id(&self, ids: &[PostId]) -> Result<Vec<Post>>;

    /// The post that was imported from there, deleted or not.
    async fn post_by_origin(&self, origin: &Origin) -> Result<Option<Post>>;

    /// Texts by post.
    async fn bodies(&self, posts: &[Key]) -> Result<Vec<PostBody>>;

    /// A page of posts that aren't deleted, in the page's order of writing.
    async fn post_page(&self, filter: &PostFilter, page: Page) -> Result<Vec<Post>>;

    /// How many posts that aren't deleted there are.
    async fn post_count(&self, filter: &PostFilter) -> Result<i64>;

    /// For each post, a page of the answers to it or the comments on it that aren't deleted, in
    /// the page's order of writing.
    async fn replies(&self, parents: &[Key], kind: Kind, page: Page) -> Result<Vec<Post>>;

    /// For each account, a page of its posts that aren't deleted, in the page's order of writing.
    async fn posts_of(&self, authors: &[Key], page: Page) -> Result<Vec<Post>>;

    /// For each group, a page of the posts in it that aren't deleted, in the page's order of writing.
    async fn posts_in(&self, groups: &[Key], page: Page) -> Result<Vec<Post>>;

    /// For each post, a page of its likes, in the page's order of liking.
    async fn likes(&self, posts: &[Key], page: Page) -> Result<Vec<Like>>;

    /// Which of these posts the account likes.
    async fn liked(&self, account: Key, posts: &[Key]) -> Result<Vec<Key>>;

    /// Which of these posts the account watches.
    async fn watched(&self, account: Key, posts: &[Key]) -> Result<Vec<Key>>;

    // Taking along

    /// Every account, oldest first, all as of one position, which is returned. An error of `each`
    /// ends it.
    async fn each_account(&self, each: Each<'_, AccountRecord>) -> Result<Position>;

    /// Every profile, oldest first, all as of one position.
    async fn each_profile(&self, each: Each<'_, Profile>) -> Result<Position>;

    /// Every post, oldest first, deleted ones too, all as of one position.
    async fn each_post(&self, each: Each<'_, PostRecord>) -> Result<Position>;
}

/// What is done with every row of a table.
pub type Each<'a, T> = &'a mut (dyn FnMut(T) -> std::io::Result<()> + Send);

/// What became of a [commit](Store::commit).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// It is written.
    Done,
    /// Somebody else has folded up to another position: nothing was written.
    Overtaken {
        /// That position.
        at: Position,
    },
}

/// Which posts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PostFilter {
    /// Only of these kinds; of any, if it is empty.
    pub kinds: Vec<Kind>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only by this account.
    pub author: Option<Key>,
    /// Only in this group.
    pub group: Option<Key>,
}

/// A part of an ordered list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Page {
    /// In which order it is read.
    pub order: Order,
    /// Only what comes after this, in that order.
    pub after: Option<Cursor>,
    /// At most so many, for each parent.
    pub limit: u32,
}

/// An order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
}

/// A place in an ordered list. It stays valid when rows come and go, and across rebuilds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// What is ordered by: a time in microseconds, or a position.
    pub at: i64,
    /// What decides between equals: a key.
    pub key: Key,
}

/// An account with the public ids of what it refers to.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountRecord {
    /// The account.
    pub account: Account,
    /// Its profile's public id.
    pub profile: AccountId,
    /// Who sees its profile.
    pub visibility: Visibility,
}

/// A post with the public ids of what it refers to.
#[derive(Debug, Clone, PartialEq)]
pub struct PostRecord {
    /// The post.
    pub post: Post,
    /// Who wrote it.
    pub author: Option<AccountId>,
    /// What it answers or is on.
    pub parent: Option<PostId>,
    /// The group that it was posted in.
    pub group: Option<GroupId>,
    /// The accepted answer, if neither is deleted.
    pub accepted_answer: Option<PostId>,
    /// The id that the accepted answer had where it was imported from.
    pub accepted_answer_source_id: Option<String>,
}

/// A store that can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What keeps it failed.
    #[error("read models {path}: {source}")]
    Storage {
        /// Where they are.
        path: PathBuf,
        /// What failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The tables were made by another version: rebuild them from the journal.
    #[error("read models {path} are of another version: rebuild them")]
    Outdated {
        /// Where they are.
        path: PathBuf,
    },
    /// A row is not of the shape that its table promises.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The rows could not be passed on.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}
