//! Exports of tables: accounts, profiles, posts, each as of one position.
//!
//! Columns whose part of Plaudit isn't built yet are there and empty, so that what reads them goes
//! on working when it is.

use std::io::Write;

use plaudit_domain::post::Kind;
use plaudit_domain::{AccountId, GroupId, Position, PostId, Time, Visibility};
use plaudit_projection::{Counts, Post, Profile};
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

/// What of private profiles goes out (DOMAIN P6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Private {
    /// Nothing: profiles are left out, and of accounts all but the id.
    Withheld,
    /// All of it.
    Included,
}

impl Private {
    fn shows(self, visibility: Visibility) -> bool {
        match (self, visibility) {
            (Self::Included, _) | (_, Visibility::Public) => true,
            (Self::Withheld, Visibility::Private) => false,
        }
    }
}

/// Exports the accounts, oldest first.
pub async fn accounts(
    store: &dyn Store,
    private: Private,
    format: Format,
    out: impl Write + Send,
) -> Result<Exported, StoreError> {
    let mut lines = Lines::begin::<AccountLine>(format, out)?;
    let mut each = |record| lines.write(&AccountLine::of(record, private));
    let position = store.each_account(&mut each).await?;
    finish(lines, position)
}

/// Exports the profiles, oldest first.
pub async fn profiles(
    store: &dyn Store,
    private: Private,
    format: Format,
    out: impl Write + Send,
) -> Result<Exported, StoreError> {
    let mut lines = Lines::begin::<ProfileLine>(format, out)?;
    let mut each = |profile: Profile| match private.shows(profile.visibility) {
        true => lines.write(&ProfileLine::from(profile)),
        false => Ok(()),
    };
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
        profile: Option<AccountId>,
        registered_at: Option<Time>,
        questions: Option<i64>,
        discussions: Option<i64>,
        answers: Option<i64>,
        articles: Option<i64>,
        comments: Option<i64>,
        total_posts: Option<i64>,
        accepted_solutions: Option<i64>,
        likes_received: Option<i64>,
        likes_given: Option<i64>,
        courses_completed: Option<i64>,
        points: Option<i64>,
        level: Option<i64>,
        first_post_at: Option<Time>,
        last_post_at: Option<Time>,
    }
}

impl AccountLine {
    fn of(record: AccountRecord, private: Private) -> Self {
        let AccountRecord {
            account,
            profile,
            visibility,
        } = record;
        let shows = private.shows(visibility);
        // There its owner may be known.
        let shows_origin = shows && (!account.erased || private == Private::Included);
        let Figures {
            questions,
            discussions,
            answers,
            articles,
            comments,
            total_posts,
            accepted_solutions,
            likes_received,
            likes_given,
            courses_completed,
            first_post_at,
            last_post_at,
        } = Figures::of(&account.counts, shows);
        Self {
            account: account.id,
            source: account.source.filter(|_| shows_origin),
            source_id: account.source_id.filter(|_| shows_origin),
            // Which accounts are one person's is theirs to show, too.
            profile: shows.then_some(profile),
            registered_at: shows.then_some(account.registered_at),
            questions,
            discussions,
            answers,
            articles,
            comments,
            total_posts,
            accepted_solutions,
            likes_received,
            likes_given,
            courses_completed,
            points: None,
            level: None,
            first_post_at,
            last_post_at,
        }
    }
}

/// What is counted, as far as it is shown.
struct Figures {
    questions: Option<i64>,
    discussions: Option<i64>,
    answers: Option<i64>,
    articles: Option<i64>,
    comments: Option<i64>,
    total_posts: Option<i64>,
    accepted_solutions: Option<i64>,
    likes_received: Option<i64>,
    likes_given: Option<i64>,
    courses_completed: Option<i64>,
    first_post_at: Option<Time>,
    last_post_at: Option<Time>,
}

impl Figures {
    fn of(counts: &Counts, shows: bool) -> Self {
        let shown = |count| shows.then_some(count);
        Self {
            questions: shown(counts.questions),
            discussions: shown(counts.discussions),
            answers: shown(counts.answers),
            articles: shown(counts.articles),
            comments: shown(counts.comments),
            total_posts: shown(counts.total_posts()),
            accepted_solutions: shown(counts.accepted_solutions),
            likes_received: shown(counts.likes_received),
            likes_given: shown(counts.likes_given),
            courses_completed: shown(counts.courses_completed),
            first_post_at: counts.first_post_at.filter(|_| shows),
            last_post_at: counts.last_post_at.filter(|_| shows),
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
        courses_completed: i64,
        points: Option<i64>,
        level: Option<i64>,
        lozenge: Option<String>,
        badges: Option<i64>,
        peer_kudos_received: Option<i64>,
        visibility: &'static str,
    }
}

impl From<Profile> for ProfileLine {
    fn from(profile: Profile) -> Self {
        let total_posts = profile.counts.total_posts();
        let Counts {
            questions,
            discussions,
            answers,
            articles,
            comments,
            accepted_solutions,
            likes_received,
            likes_given,
            courses_completed,
            first_post_at: _,
            last_post_at: _,
        } = profile.counts;
        Self {
            profile: profile.id,
            primary_account: profile.id,
            accounts: profile.accounts,
            questions,
            discussions,
            answers,
            articles,
            comments,
            total_posts,
            accepted_solutions,
            likes_received,
            likes_given,
            courses_completed,
            points: None,
            level: None,
            lozenge: None,
            badges: None,
            peer_kudos_received: None,
            visibility: profile.visibility.as_str(),
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
        group: Option<GroupId>,
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
            group,
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
            group,
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
