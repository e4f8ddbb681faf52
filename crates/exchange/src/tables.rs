//! Exports of tables: accounts, profiles, posts, each as of one position.
//!
//! Columns whose part of Plaudit isn't built yet are there and empty, so that what reads them goes
//! on working when it is.

use std::io::Write;

use plaudit_domain::post::Kind;
use plaudit_domain::{AccountId, Position, PostId, Time};
use plaudit_projection::{Account, Counts, Post, Profile};
use plaudit_store::{AccountRecord, PostRecord, Store, StoreError};
use serde::Serialize;

use crate::lines::{Format, Line, Lines};

/// What an export wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exported {
    /// How many rows.
    pub rows: u64,
    /// As of which position.
    pub position: Position,
}

/// Exports the accounts, oldest first.
pub async fn accounts(
    store: &dyn Store,
    format: Format,
    out: impl Write + Send,
) -> Result<Exported, StoreError> {
    let mut lines = Lines::begin::<AccountLine>(format, out)?;
    let mut each = |record| lines.write(&AccountLine::from(record));
    let position = store.each_account(&mut each).await?;
    finish(lines, position)
}

/// Exports the profiles, oldest first.
pub async fn profiles(
    store: &dyn Store,
    format: Format,
    out: impl Write + Send,
) -> Result<Exported, StoreError> {
    let mut lines = Lines::begin::<ProfileLine>(format, out)?;
    let mut each = |profile| lines.write(&ProfileLine::from(profile));
    let position = store.each_profile(&mut each).await?;
    finish(lines, position)
}

/// Exports the posts, oldest first, deleted ones too.
pub async fn posts(
    store: &dyn Store,
    format: Format,
    out: impl Write + Send,
) -> Result<Exported, StoreError> {
    let mut lines = Lines::begin::<PostLine>(format, out)?;
    let mut each = |record| lines.write(&PostLine::from(record));
    let position = store.each_post(&mut each).await?;
    finish(lines, position)
}

fn finish<W: Write>(lines: Lines<W>, position: Position) -> Result<Exported, StoreError> {
    let rows = lines.finish()?;
    Ok(Exported { rows, position })
}

/// Declares a row that goes out: its fields are its header.
macro_rules! line {
    ($(#[$doc:meta])* struct $name:ident { $($field:ident: $type:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Serialize)]
        struct $name {
            $($field: $type,)+
        }

        impl Line for $name {
            const FIELDS: &'static [&'static str] = &[$(stringify!($field)),+];
        }
    };
}

line! {
    /// A row of `accounts`.
    struct AccountLine {
        account: AccountId,
        source: Option<String>,
        source_id: Option<String>,
        profile: AccountId,
        registered_at: Time,
        questions: i64,
        discussions: i64,
        answers: i64,
        articles: i64,
        comments: i64,
        total_posts: i64,
        accepted_solutions: i64,
        likes_received: i64,
        likes_given: i64,
        courses_completed: Option<i64>,
        points: Option<i64>,
        level: Option<i64>,
        first_post_at: Option<Time>,
        last_post_at: Option<Time>,
    }
}

impl From<AccountRecord> for AccountLine {
    fn from(AccountRecord { account, profile }: AccountRecord) -> Self {
        let Account {
            key: _,
            id,
            profile: _,
            name: _,
            source,
            source_id,
            registered_at,
            counts,
        } = account;
        Self {
            account: id,
            source,
            source_id,
            profile,
            registered_at,
            questions: counts.questions,
            discussions: counts.discussions,
            answers: counts.answers,
            articles: counts.articles,
            comments: counts.comments,
            total_posts: counts.total_posts(),
            accepted_solutions: counts.accepted_solutions,
            likes_received: counts.likes_received,
            likes_given: counts.likes_given,
            courses_completed: None,
            points: None,
            level: None,
            first_post_at: counts.first_post_at,
            last_post_at: counts.last_post_at,
        }
    }
}

line! {
    /// A row of `profiles`.
    struct ProfileLine {
        profile: AccountId,
        primary_account: AccountId,
        accounts: i64,
        questions: i64,
        discussions: i64,
        answers: i64,
        articles: i64,
        comments: i64,
        total_posts: i64,
        accepted_solutions: i64,
        likes_received: i64,
        likes_given: i64,
        courses_completed: Option<i64>,
        points: Option<i64>,
        level: Option<i64>,
        lozenge: Option<String>,
        badges: Option<i64>,
        peer_kudos_received: Option<i64>,
        visibility: Option<String>,
    }
}

impl From<Profile> for ProfileLine {
    fn from(profile: Profile) -> Self {
        let Profile {
            key: _,
            id,
            name: _,
            member_since: _,
            accounts,
            counts,
        } = profile;
        let total_posts = counts.total_posts();
        let Counts {
            questions,
            discussions,
            answers,
            articles,
            comments,
            accepted_solutions,
            likes_received,
            likes_given,
            first_post_at: _,
            last_post_at: _,
        } = counts;
        Self {
            profile: id,
            primary_account: id,
            accounts,
            questions,
            discussions,
            answers,
            articles,
            comments,
            total_posts,
            accepted_solutions,
            likes_received,
            likes_given,
            courses_completed: None,
            points: None,
            level: None,
            lozenge: None,
            badges: None,
            peer_kudos_received: None,
            visibility: None,
        }
    }
}

line! {
    /// A row of `posts`.
    struct PostLine {
        post: PostId,
        source: Option<String>,
        source_id: Option<String>,
        kind: Kind,
        author: Option<AccountId>,
        parent: Option<PostId>,
        group: Option<String>,
        created_at: Time,
        likes: i64,
        answers: i64,
        comments: i64,
        accepted_answer: Option<PostId>,
        accepted_answer_source_id: Option<String>,
        deleted: bool,
    }
}

impl From<PostRecord> for PostLine {
    fn from(record: PostRecord) -> Self {
        let PostRecord {
            post,
            author,
            parent,
            accepted_answer,
            accepted_answer_source_id,
        } = record;
        let Post {
            id,
            kind,
            source,
            source_id,
            created_at,
            likes,
            answers,
            comments,
            deleted,
            ..
        } = post;
        Self {
            post: id,
            source,
            source_id,
            kind,
            author,
            parent,
            group: None,
            created_at,
            likes,
            answers,
            comments,
            accepted_answer,
            accepted_answer_source_id,
            deleted,
        }
    }
}
