//! Exports of tables: accounts, profiles, posts, the ledger, badges, groups and meetings, all as of one
//! position.

use std::io::{self, Write};

use plaudit_domain::post::Kind;
use plaudit_domain::{AccountId, GroupId, Position, PostId, Time, Visibility};
use plaudit_projection::rules::Measured;
use plaudit_projection::{Counts, Post, Profile, Rules, lozenge};
use plaudit_store::{
    AccountRecord, GroupRecord, LedgerRecord, MeetingRecord, PostRecord, ProfileRecord, Snapshot,
    StoreError,
};

use crate::cells::{Cell, Column, Field};
use crate::lines::{Format, Line, Lines};
use crate::progress::{Phase, Progress};

use groups::{GroupLine, MeetingLine};
use kudos::{BadgeLine, LedgerLine};

pub use preview::preview;

// Before the module that uses it.
/// Declares a row that goes out: its fields are its columns, in every format.
macro_rules! line {
    (version $version:literal; $(#[$doc:meta])* $vis:vis struct $name:ident {
        $($field:ident: $type:ty,)+
    }) => {
        $(#[$doc])*
        #[derive(Debug, serde::Serialize)]
        $vis struct $name {
            $($field: $type,)+
        }

        impl Line for $name {
            const VERSION: u32 = $version;
            const COLUMNS: &'static [Column] = &[$(Column::of::<$type>(stringify!($field))),+];

            fn cells(&self, each: &mut dyn FnMut(Cell<'_>)) {
                $(each(self.$field.cell());)+
            }
        }
    };
}

mod groups;
mod kudos;
mod preview;

/// A table that can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Accounts, oldest first.
    Accounts,
    /// Profiles, oldest first.
    Profiles,
    /// Posts, oldest first, deleted ones too; articles once they are published.
    Posts,
    /// The ledger, in the order of the events: why accounts have the points that they have.
    Ledger,
    /// The badges of all profiles, those of the oldest first.
    Badges,
    /// Groups, oldest first, as active as user groups are at a moment.
    Groups,
    /// Meetings, in the order of scheduling.
    Meetings,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 7] = [
        Self::Accounts,
        Self::Profiles,
        Self::Posts,
        Self::Ledger,
        Self::Badges,
        Self::Groups,
        Self::Meetings,
    ];

    /// Its name, which is that of its file, too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Profiles => "profiles",
            Self::Posts => "posts",
            Self::Ledger => "ledger",
            Self::Badges => "badges",
            Self::Groups => "groups",
            Self::Meetings => "meetings",
        }
    }

    /// Which shape its rows have, and its columns.
    pub fn shape(self) -> (u32, &'static [Column]) {
        fn of<L: Line>() -> (u32, &'static [Column]) {
            (L::VERSION, L::COLUMNS)
        }
        match self {
            Self::Accounts => of::<AccountLine>(),
            Self::Profiles => of::<ProfileLine>(),
            Self::Posts => of::<PostLine>(),
            Self::Ledger => of::<LedgerLine>(),
            Self::Badges => of::<BadgeLine>(),
            Self::Groups => of::<GroupLine>(),
            Self::Meetings => of::<MeetingLine>(),
        }
    }
}

/// What of private profiles goes out (DOMAIN P6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Private {
    /// Nothing: profiles are left out, with what they have and why, and of accounts all but the id.
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

/// The tables of one moment.
pub struct Tables<'a> {
    /// Their rows.
    pub snapshot: Box<dyn Snapshot>,
    /// The rules that these were folded by.
    pub rules: &'a Rules,
    /// What depends on the clock is as of this moment.
    pub now: Time,
    /// What of private profiles goes out.
    pub private: Private,
}

impl Tables<'_> {
    /// The position that they are as of.
    pub fn position(&self) -> Position {
        self.snapshot.position()
    }

    /// Writes a table; how many rows it has.
    pub async fn write<W: Write + Send>(
        &mut self,
        table: Table,
        format: Format,
        out: W,
        progress: &mut dyn Progress,
    ) -> Result<u64, StoreError> {
        let told = Told {
            progress,
            table: table.name(),
            head: self.position(),
            rows: 0,
        };
        match table {
            Table::Accounts => {
                let lines = Lines::begin::<AccountLine>(format, out)?;
                self.accounts(lines, told).await
            }
            Table::Profiles => {
                let lines = Lines::begin::<ProfileLine>(format, out)?;
                self.profiles(lines, told).await
            }
            Table::Posts => {
                let lines = Lines::begin::<PostLine>(format, out)?;
                self.posts(lines, told).await
            }
            Table::Ledger => {
                let lines = Lines::begin::<LedgerLine>(format, out)?;
                self.ledger(lines, told).await
            }
            Table::Badges => {
                let lines = Lines::begin::<BadgeLine>(format, out)?;
                self.badges(lines, told).await
            }
            Table::Groups => {
                let lines = Lines::begin::<GroupLine>(format, out)?;
                self.groups(lines, told).await
            }
            Table::Meetings => {
                let lines = Lines::begin::<MeetingLine>(format, out)?;
                self.meetings(lines, told).await
            }
        }
    }

    async fn accounts<W: Write + Send>(
        &mut self,
        mut lines: Lines<W>,
        mut told: Told<'_>,
    ) -> Result<u64, StoreError> {
        let mut each = |record: AccountRecord| {
            told.at(record.account.key.0);
            lines.write(&AccountLine::of(record, self.rules, self.private))
        };
        self.snapshot.each_account(&mut each).await?;
        told.end(lines)
    }

    async fn profiles<W: Write + Send>(
        &mut self,
        mut lines: Lines<W>,
        mut told: Told<'_>,
    ) -> Result<u64, StoreError> {
        let led = groups::active_groups_led(&mut *self.snapshot, self.rules, self.now).await?;
        let mut each = |record: ProfileRecord| {
            told.at(record.profile.key.0);
            if !self.private.shows(record.profile.visibility) {
                return Ok(());
            }
            let led = led.get(&record.profile.key).copied();
            let led = led.unwrap_or_default();
            lines.write(&ProfileLine::of(record, self.rules, led)?)
        };
        self.snapshot.each_profile_record(&mut each).await?;
        told.end(lines)
    }

    async fn posts<W: Write + Send>(
        &mut self,
        mut lines: Lines<W>,
        mut told: Told<'_>,
    ) -> Result<u64, StoreError> {
        let mut each = |record: PostRecord| {
            told.at(record.post.key.0);
            if record.post.in_review {
                return Ok(());
            }
            lines.write(&PostLine::from(record))
        };
        self.snapshot.each_post(&mut each).await?;
        told.end(lines)
    }

    async fn ledger<W: Write + Send>(
        &mut self,
        mut lines: Lines<W>,
        mut told: Told<'_>,
    ) -> Result<u64, StoreError> {
        let mut each = |record: LedgerRecord| {
            told.at(record.entry.position());
            let counts = self.rules.kudos.takes_part(record.enrolled);
            match counts && self.private.shows(record.visibility) {
                true => lines.write(&LedgerLine::of(record, self.rules)?),
                false => Ok(()),
            }
        };
        self.snapshot.each_entry_record(&mut each).await?;
        told.end(lines)
    }

    async fn badges<W: Write + Send>(
        &mut self,
        mut lines: Lines<W>,
        mut told: Told<'_>,
    ) -> Result<u64, StoreError> {
        let mut each = |record: ProfileRecord| {
            told.at(record.profile.key.0);
            if !self.private.shows(record.profile.visibility) {
                return Ok(());
            }
            let badges = kudos::badges(&record, self.rules)?;
            badges.iter().try_for_each(|badge| lines.write(badge))
        };
        self.snapshot.each_profile_record(&mut each).await?;
        told.end(lines)
    }

    async fn groups<W: Write + Send>(
        &mut self,
        mut lines: Lines<W>,
        mut told: Told<'_>,
    ) -> Result<u64, StoreError> {
        let mut each = |record: GroupRecord| {
            told.at(record.group.key.0);
            lines.write(&GroupLine::of(&record, self.rules, self.now))
        };
        self.snapshot.each_group_record(&mut each).await?;
        told.end(lines)
    }

    async fn meetings<W: Write + Send>(
        &mut self,
        mut lines: Lines<W>,
        mut told: Told<'_>,
    ) -> Result<u64, StoreError> {
        let mut each = |record: MeetingRecord| {
            told.at(record.meeting.key.0);
            lines.write(&MeetingLine::from(record))
        };
        self.snapshot.each_meeting_record(&mut each).await?;
        told.end(lines)
    }
}

/// Tells how far an export is: rows go out in the order of their keys, which are positions in the history.
struct Told<'a> {
    progress: &'a mut dyn Progress,
    table: &'static str,
    head: Position,
    rows: u64,
}

impl Told<'_> {
    /// After so many rows it is told.
    const EVERY: u64 = 1_000;

    /// A row with this key goes out, or is left out.
    fn at(&mut self, key: i64) {
        self.rows += 1;
        if self.rows.is_multiple_of(Self::EVERY) {
            let done = u64::try_from(key).unwrap_or(0).min(self.head);
            self.tell(done);
        }
    }

    /// All rows went; how many were written.
    fn end(mut self, lines: Lines<impl Write + Send>) -> Result<u64, StoreError> {
        let rows = lines.finish()?;
        self.tell(self.head);
        Ok(rows)
    }

    fn tell(&mut self, done: Position) {
        let phase = Phase::Writing(self.table);
        self.progress.at(phase, done, Some(self.head));
    }
}

line! {
    version 1;
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
    fn of(record: AccountRecord, rules: &Rules, private: Private) -> Self {
        let AccountRecord {
            account,
            profile,
            visibility,
        } = record;
        let shows = private.shows(visibility);
        // Its own: what a profile has, linked accounts have together.
        let points = match rules.kudos.is_enrolled(&account) {
            true => account.points,
            false => 0,
        };
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
        let origin = account.origin.filter(|_| shows_origin);
        let (source, source_id) = origin.map(|origin| origin.into_texts()).unzip();
        Self {
            account: account.id,
            source,
            source_id,
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
            points: shows.then_some(points),
            level: shows.then(|| level(points, rules)),
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
    version 1;
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
        points: i64,
        level: i64,
        lozenge: Option<String>,
        badges: i64,
        peer_kudos_received: i64,
        visibility: &'static str,
    }
}

impl ProfileLine {
    fn of(record: ProfileRecord, rules: &Rules, active_groups_led: i64) -> io::Result<Self> {
        let badges = count(kudos::badges(&record, rules)?.len());
        let lozenge = shown_lozenge(&record, rules, active_groups_led);
        let profile: Profile = record.profile;
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
            peer_kudos_received,
            peer_kudos_given: _,
            first_post_at: _,
            last_post_at: _,
        } = profile.counts;
        Ok(Self {
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
            points: profile.points,
            level: level(profile.points, rules),
            lozenge,
            badges,
            peer_kudos_received,
            visibility: profile.visibility.as_str(),
        })
    }
}

/// The lozenge that a profile shows: the highest that it holds.
fn shown_lozenge(record: &ProfileRecord, rules: &Rules, active_groups_led: i64) -> Option<String> {
    let measured = Measured {
        counts: &record.profile.counts,
        level: level(record.profile.points, rules),
        active_groups_led,
    };
    let held = lozenge::held(&measured, &record.lozenges, &rules.lozenges);
    held.first().map(|held| held.lozenge.id.clone())
}

/// The number of the level that some points come to.
fn level(points: i64, rules: &Rules) -> i64 {
    count(rules.kudos.level(points))
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

line! {
    version 1;
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
            origin,
            created_at,
            likes,
            answers,
            comments,
            deleted,
            ..
        } = post;
        let (source, source_id) = origin.map(|origin| origin.into_texts()).unzip();
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
