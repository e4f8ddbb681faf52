//! A generation of read models as an SQLite file.
//!
//! Reads run in process on the calling task, with prepared statements: a point read costs less
//! than handing it to another thread. One connection writes; as many as are needed read.

use std::any::Any;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};
use plaudit_domain::post::Kind;
use plaudit_domain::{
    AccountId, BenefitId, GiftId, GroupId, MeetingId, Origin, Position, PostId, PresentationId,
    Time,
};
use plaudit_projection::standings::Member;
use plaudit_projection::tally::TallyKey;
use plaudit_projection::{
    About, Acceptance, Account, Application, Attendance, Badge, Benefit, Certification, Course,
    Feedback, FigureOfMonth, Gift, GrantedBadge, Group, Interaction, Key, Leader, LedgerEntry,
    Like, LozengeGrant, LozengeRequest, Meeting, Membership, Needs, Notification, Post, PostBody,
    PostMilestone, Presentation, Profile, ReadMark, Report, Review, Rows, Rsvp, Sponsor, Tally,
    TimelineEntry, Touched, Waiting, benefit, group, rsvp,
};
use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use self::connection::{configure, configure_reads, purge};
use self::failure::Failure;
pub(crate) use self::failure::is_full;
use self::snapshot::SqliteSnapshot;
use crate::snapshot::Snapshot;
use crate::{
    Commit, Each, Earned, Guests, Page, PointsAt, PostFilter, Reported, Result, Span, Store,
    StoreError,
};

mod bind;
mod bulk;
mod connection;
mod export;
mod failure;
mod fold;
mod kudos;
mod load;
mod lozenge;
mod meetings;
mod posts;
mod read;
mod schema;
mod snapshot;
mod standing;
mod statements;
mod told;

pub use bulk::{BulkLoad, remove};

/// A generation of read models in a file.
pub struct SqliteStore {
    path: PathBuf,
    /// None where it was opened to be read only.
    writer: Option<Mutex<Connection>>,
    readers: Mutex<Vec<Connection>>,
    /// Where nothing may be written it is taken for granted that nobody else writes: SQLite can't make
    /// there what it would notice that by.
    is_still: bool,
    /// As long as it is held nobody removes the file, which readers open again and again. Where no such
    /// file can be made nothing can be removed, either.
    _in_use: Option<std::fs::File>,
    /// What is to go once all of the above is closed.
    _guard: Option<Box<dyn Any + Send + Sync>>,
}

impl SqliteStore {
    /// Opens the read models in a file, folded by the rules of a
    /// [hash](plaudit_projection::Rules::folding_hash);
    /// where there is none, makes empty ones.
    ///
    /// # Errors
    /// [`StoreError::Outdated`] if the file's tables aren't those of this version's rows, or were folded
    /// by other rules.
    pub fn open(path: &Path, rules: &str) -> Result<Self> {
        let failed = |failure: Failure| failure.at(path);
        let in_use = bulk::in_use(path)?;
        in_use.lock_shared()?;
        let mut writer = Connection::open(path).map_err(|error| failed(error.into()))?;
        configure(&writer, "WAL", "NORMAL").map_err(|error| failed(error.into()))?;
        schema::open(&mut writer, rules).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Some(Mutex::new(writer)),
            readers: Mutex::default(),
            is_still: false,
            _in_use: Some(in_use),
            _guard: None,
        })
    }

    /// Opens the read models in a file, folded by the rules of a hash, to read them: nothing is written to
    /// it, and it need not be writable. Another process may fold into it meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Outdated`] if the file's tables aren't those of this version's rows, or were folded
    /// by other rules; if there is no such file.
    pub fn open_read_only(path: &Path, rules: &str) -> Result<Self> {
        let in_use = bulk::in_use(path).ok();
        if let Some(in_use) = &in_use {
            in_use.lock_shared()?;
        }
        let mut store = Self {
            path: path.to_owned(),
            writer: None,
            readers: Mutex::default(),
            is_still: false,
            _in_use: in_use,
            _guard: None,
        };
        let check = |connection: &Connection| schema::check(connection, rules);
        match store.read(check) {
            Err(StoreError::Storage { .. }) if path.exists() => {
                store.is_still = true;
                store.read(check)?;
            }
            checked => checked?,
        }
        Ok(store)
    }

    /// The same, with something that is dropped once it is closed.
    pub fn guarded_by(self, guard: impl Any + Send + Sync) -> Self {
        Self {
            _guard: Some(Box::new(guard)),
            ..self
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs something on a connection that only reads.
    fn read<T>(
        &self,
        run: impl FnOnce(&Connection) -> std::result::Result<T, Failure>,
    ) -> Result<T> {
        let free = self.readers.lock().pop();
        let connection = match free {
            Some(connection) => connection,
            None => self.connect().map_err(|error| self.failed(error))?,
        };
        // A connection whose query failed is not used again.
        let result = run(&connection).map_err(|error| self.failed(error))?;
        self.readers.lock().push(connection);
        Ok(result)
    }

    fn connect(&self) -> std::result::Result<Connection, Failure> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match self.is_still {
            false => Connection::open_with_flags(&self.path, flags)?,
            true => {
                let uri = still(&self.path);
                Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
            }
        };
        configure_reads(&connection)?;
        Ok(connection)
    }

    fn writer(&self) -> Result<MutexGuard<'_, Connection>> {
        let writer = self.writer.as_ref().ok_or_else(|| StoreError::Storage {
            path: self.path.clone(),
            source: "it was opened to be read only".into(),
        })?;
        Ok(writer.lock())
    }

    fn failed(&self, failure: impl Into<Failure>) -> StoreError {
        failure.into().at(&self.path)
    }
}

/// What SQLite calls a file that nobody writes to.
fn still(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for character in path.to_string_lossy().chars() {
        match character {
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            '%' => uri.push_str("%25"),
            other => uri.push(other),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

#[async_trait]
impl Store for SqliteStore {
    async fn position(&self) -> Result<Position> {
        self.read(schema::position)
    }

    async fn last_event(&self) -> Result<Option<(Position, Uuid)>> {
        self.read(schema::last_event)
    }

    async fn fetch(&self, touched: &Touched) -> Result<Rows> {
        self.read(|connection| fold::fetch(connection, touched))
    }

    async fn fetch_for(&self, needs: &Needs, rows: &mut Rows) -> Result<()> {
        self.read(|connection| fold::fetch_for(connection, needs, rows))
    }

    async fn commit(&self, rows: &Rows, from: Position, to: Position) -> Result<Commit> {
        fold::commit(&mut *self.writer()?, rows, from, to).map_err(|error| self.failed(error))
    }

    async fn has_erased(&self) -> Result<bool> {
        self.read(|connection| Ok(schema::is_erased(connection)?))
    }

    async fn purge(&self) -> Result<()> {
        purge(&*self.writer()?).map_err(|error| self.failed(error))
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let snapshot = self
            .connect()
            .and_then(|connection| SqliteSnapshot::begin(&self.path, connection));
        Ok(Box::new(snapshot.map_err(|error| self.failed(error))?))
    }

    async fn accounts(&self, keys: &[Key]) -> Result<Vec<Account>> {
        self.read(|connection| read::by_key(connection, &read::SQL.accounts, keys))
    }

    async fn accounts_by_id(&self, ids: &[AccountId]) -> Result<Vec<Account>> {
        self.read(|connection| read::by_account_id(connection, &read::SQL.accounts_by_id, ids))
    }

    async fn account_by_origin(&self, origin: &Origin) -> Result<Option<Account>> {
        self.read(|connection| read::by_origin(connection, &read::SQL.account_by_origin, origin))
    }

    async fn accounts_of(&self, profiles: &[Key]) -> Result<Vec<Account>> {
        self.read(|connection| read::by_key(connection, &read::SQL.accounts_of, profiles))
    }

    async fn about(&self, accounts: &[Key]) -> Result<Vec<About>> {
        self.read(|connection| read::by_key(connection, &read::SQL.about, accounts))
    }

    async fn courses_of(&self, accounts: &[Key]) -> Result<Vec<Course>> {
        self.read(|connection| read::by_key(connection, &read::SQL.courses_of, accounts))
    }

    async fn certifications_of(&self, accounts: &[Key]) -> Result<Vec<Certification>> {
        self.read(|connection| read::by_key(connection, &read::SQL.certifications_of, accounts))
    }

    async fn memberships_of(&self, accounts: &[Key]) -> Result<Vec<Membership>> {
        self.read(|connection| read::by_key(connection, &read::SQL.memberships_of, accounts))
    }

    async fn groups(&self, keys: &[Key]) -> Result<Vec<Group>> {
        self.read(|connection| read::by_key(connection, &read::SQL.groups, keys))
    }

    async fn groups_by_id(&self, ids: &[GroupId]) -> Result<Vec<Group>> {
        let ids = || ids.iter().map(|id| id.0);
        self.read(|connection| read::by_id(connection, &read::SQL.groups_by_id, ids()))
    }

    async fn group_page(&self, kind: Option<group::Kind>, page: Page) -> Result<Vec<Group>> {
        self.read(|connection| meetings::group_page(connection, kind, page))
    }

    async fn group_count(&self, kind: Option<group::Kind>) -> Result<i64> {
        self.read(|connection| meetings::group_count(connection, kind))
    }

    async fn members(&self, groups: &[Key], page: Page) -> Result<Vec<Membership>> {
        self.read(|connection| read::members(connection, groups, page))
    }

    async fn profiles(&self, keys: &[Key]) -> Result<Vec<Profile>> {
        self.read(|connection| read::by_key(connection, &read::SQL.profiles, keys))
    }

    async fn profiles_by_id(&self, ids: &[AccountId]) -> Result<Vec<Profile>> {
        self.read(|connection| read::by_account_id(connection, &read::SQL.profiles_by_id, ids))
    }

    async fn posts(&self, keys: &[Key]) -> Result<Vec<Post>> {
        self.read(|connection| read::by_key(connection, &read::SQL.posts, keys))
    }

    async fn posts_by_id(&self, ids: &[PostId]) -> Result<Vec<Post>> {
        self.read(|connection| read::by_post_id(connection, &read::SQL.posts_by_id, ids))
    }

    async fn post_by_origin(&self, origin: &Origin) -> Result<Option<Post>> {
        self.read(|connection| read::by_origin(connection, &read::SQL.post_by_origin, origin))
    }

    async fn bodies(&self, posts: &[Key]) -> Result<Vec<PostBody>> {
        self.read(|connection| read::by_key(connection, &read::SQL.bodies, posts))
    }

    async fn post_page(&self, filter: &PostFilter, page: Page) -> Result<Vec<Post>> {
        self.read(|connection| posts::post_page(connection, filter, page))
    }

    async fn post_count(&self, filter: &PostFilter) -> Result<i64> {
        self.read(|connection| posts::post_count(connection, filter))
    }

    async fn replies(&self, parents: &[Key], kind: Kind, page: Page) -> Result<Vec<Post>> {
        self.read(|connection| posts::replies(connection, parents, kind, page))
    }

    async fn posts_of(&self, authors: &[Key], page: Page) -> Result<Vec<Post>> {
        self.read(|connection| posts::posts_of(connection, authors, page))
    }

    async fn posts_in(&self, groups: &[Key], page: Page) -> Result<Vec<Post>> {
        self.read(|connection| posts::posts_in(connection, groups, page))
    }

    async fn likes(&self, posts: &[Key], page: Page) -> Result<Vec<Like>> {
        self.read(|connection| posts::likes(connection, posts, page))
    }

    async fn liked(&self, account: Key, posts: &[Key]) -> Result<Vec<Key>> {
        self.read(|connection| posts::paired(connection, &read::SQL.liked, account, posts))
    }

    async fn watched(&self, account: Key, posts: &[Key]) -> Result<Vec<Key>> {
        self.read(|connection| posts::paired(connection, &read::SQL.watched, account, posts))
    }

    async fn leaders_of(&self, groups: &[Key]) -> Result<Vec<Leader>> {
        self.read(|connection| read::by_key(connection, &meetings::SQL.leaders_of, groups))
    }

    async fn led_by(&self, accounts: &[Key]) -> Result<Vec<Leader>> {
        self.read(|connection| read::by_key(connection, &meetings::SQL.led_by, accounts))
    }

    async fn applications(&self, keys: &[(GroupId, Key)]) -> Result<Vec<Application>> {
        self.read(|connection| meetings::applications(connection, keys))
    }

    async fn applications_of(&self, accounts: &[Key]) -> Result<Vec<Application>> {
        self.read(|connection| read::by_key(connection, &meetings::SQL.applications_of, accounts))
    }

    async fn application_page(&self, page: Page) -> Result<Vec<Application>> {
        self.read(|connection| meetings::application_page(connection, page))
    }

    async fn application_count(&self) -> Result<i64> {
        self.read(meetings::application_count)
    }

    async fn meetings(&self, keys: &[Key]) -> Result<Vec<Meeting>> {
        self.read(|connection| read::by_key(connection, &meetings::SQL.meetings, keys))
    }

    async fn meetings_by_id(&self, ids: &[MeetingId]) -> Result<Vec<Meeting>> {
        let ids = || ids.iter().map(|id| id.0);
        self.read(|connection| read::by_id(connection, &meetings::SQL.meetings_by_id, ids()))
    }

    async fn meeting_page(&self, span: Span, page: Page) -> Result<Vec<Meeting>> {
        self.read(|connection| meetings::meeting_page(connection, span, page))
    }

    async fn meetings_of(&self, groups: &[Key], span: Span, page: Page) -> Result<Vec<Meeting>> {
        self.read(|connection| meetings::meetings_of(connection, groups, span, page))
    }

    async fn meeting_count(&self, groups: &[Key], span: Span) -> Result<Vec<(Key, i64)>> {
        self.read(|connection| meetings::meeting_count(connection, groups, span))
    }

    async fn meetings_with(
        &self,
        accounts: &[Key],
        span: Span,
        page: Page,
    ) -> Result<Vec<Meeting>> {
        self.read(|connection| meetings::meetings_with(connection, accounts, span, page))
    }

    async fn meetings_attended(&self, accounts: &[Key], page: Page) -> Result<Vec<Meeting>> {
        self.read(|connection| meetings::meetings_attended(connection, accounts, page))
    }

    async fn meetings_attended_count(&self, accounts: &[Key]) -> Result<i64> {
        self.read(|connection| meetings::meetings_attended_count(connection, accounts))
    }

    async fn waiting_before(&self, meeting: Key, position: i64) -> Result<i64> {
        self.read(|connection| meetings::waiting_before(connection, meeting, position))
    }

    async fn presentations_to_review(&self, now: Time, page: Page) -> Result<Vec<Presentation>> {
        self.read(|connection| meetings::presentations_to_review(connection, now, page))
    }

    async fn presentations_to_review_count(&self, now: Time) -> Result<i64> {
        self.read(|connection| meetings::presentations_to_review_count(connection, now))
    }

    async fn held_of(&self, groups: &[Key], span: Span) -> Result<Vec<(Key, Time)>> {
        self.read(|connection| meetings::held_of(connection, groups, span))
    }

    async fn last_held(&self, groups: &[Key], before: Time) -> Result<Vec<(Key, Time)>> {
        self.read(|connection| meetings::last_held(connection, groups, before))
    }

    async fn rsvps(&self, meetings: &[Key], state: rsvp::State, page: Page) -> Result<Vec<Rsvp>> {
        self.read(|connection| meetings::rsvps(connection, meetings, state, page))
    }

    async fn guests(&self, keys: &[Key]) -> Result<Vec<(Key, Guests)>> {
        self.read(|connection| meetings::guests(connection, keys))
    }

    async fn rsvps_of(&self, accounts: &[Key], meetings: &[Key]) -> Result<Vec<Rsvp>> {
        self.read(|connection| meetings::rsvps_of(connection, accounts, meetings))
    }

    async fn attendance_of(&self, meetings: &[Key], page: Page) -> Result<Vec<Attendance>> {
        self.read(|connection| {
            read::related(connection, &meetings::SQL.attendance_of, meetings, page)
        })
    }

    async fn attended(&self, accounts: &[Key], meetings: &[Key]) -> Result<Vec<Attendance>> {
        self.read(|connection| meetings::attended(connection, accounts, meetings))
    }

    async fn presentations(&self, keys: &[Key]) -> Result<Vec<Presentation>> {
        self.read(|connection| read::by_key(connection, &meetings::SQL.presentations, keys))
    }

    async fn presentations_by_id(&self, ids: &[PresentationId]) -> Result<Vec<Presentation>> {
        let ids = || ids.iter().map(|id| id.0);
        self.read(|connection| read::by_id(connection, &meetings::SQL.presentations_by_id, ids()))
    }

    async fn presentations_of(&self, meetings: &[Key]) -> Result<Vec<Presentation>> {
        self.read(|connection| read::by_key(connection, &meetings::SQL.presentations_of, meetings))
    }

    async fn presentations_by(&self, speakers: &[Key]) -> Result<Vec<Presentation>> {
        self.read(|connection| read::by_key(connection, &meetings::SQL.presentations_by, speakers))
    }

    async fn sponsors_of(&self, meetings: &[Key]) -> Result<Vec<Sponsor>> {
        self.read(|connection| read::by_key(connection, &meetings::SQL.sponsors_of, meetings))
    }

    async fn benefits(&self, keys: &[Key]) -> Result<Vec<Benefit>> {
        self.read(|connection| read::by_key(connection, &meetings::SQL.benefits, keys))
    }

    async fn benefits_by_id(&self, ids: &[BenefitId]) -> Result<Vec<Benefit>> {
        let ids = || ids.iter().map(|id| id.0);
        self.read(|connection| read::by_id(connection, &meetings::SQL.benefits_by_id, ids()))
    }

    async fn benefits_for(&self, meetings: &[Key]) -> Result<Vec<Benefit>> {
        self.read(|connection| read::by_key(connection, &meetings::SQL.benefits_for, meetings))
    }

    async fn benefits_of(&self, accounts: &[Key], page: Page) -> Result<Vec<Benefit>> {
        self.read(|connection| {
            read::related(connection, &meetings::SQL.benefits_of, accounts, page)
        })
    }

    async fn benefit_page(&self, state: benefit::State, page: Page) -> Result<Vec<Benefit>> {
        self.read(|connection| meetings::benefit_page(connection, state, page))
    }

    async fn benefit_count(&self, state: benefit::State) -> Result<i64> {
        self.read(|connection| meetings::benefit_count(connection, state))
    }

    async fn account_by_calendar(&self, hash: &str) -> Result<Option<Account>> {
        self.read(|connection| meetings::account_by_calendar(connection, hash))
    }

    async fn watched_groups(&self, account: Key, groups: &[Key]) -> Result<Vec<Key>> {
        self.read(|connection| {
            posts::paired(connection, &read::SQL.group_watchers, account, groups)
        })
    }

    async fn reviews(&self, posts: &[Key]) -> Result<Vec<Review>> {
        self.read(|connection| read::by_key(connection, &read::SQL.reviews, posts))
    }

    async fn reviews_of(&self, authors: &[Key]) -> Result<Vec<Review>> {
        self.read(|connection| read::by_key(connection, &read::SQL.reviews_of, authors))
    }

    async fn review_page(&self, page: Page) -> Result<Vec<Review>> {
        self.read(|connection| told::review_page(connection, page))
    }

    async fn review_count(&self) -> Result<i64> {
        self.read(told::review_count)
    }

    async fn review_places(&self, posts: &[Key]) -> Result<Vec<(Key, i64)>> {
        self.read(|connection| told::review_places(connection, posts))
    }

    async fn reported_page(&self, page: Page) -> Result<Vec<Reported>> {
        self.read(|connection| told::reported_page(connection, page))
    }

    async fn reported_count(&self) -> Result<i64> {
        self.read(told::reported_count)
    }

    async fn open_reports_of(&self, posts: &[Key]) -> Result<Vec<Report>> {
        self.read(|connection| told::open_reports_of(connection, posts))
    }

    async fn notifications_by_id(&self, ids: &[Uuid]) -> Result<Vec<Notification>> {
        let ids = || ids.iter().copied();
        self.read(|connection| read::by_id(connection, &read::SQL.notifications_by_id, ids()))
    }

    async fn notifications_of(
        &self,
        accounts: &[Key],
        unread_after: Option<Time>,
        page: Page,
    ) -> Result<Vec<Notification>> {
        self.read(|connection| told::notifications_of(connection, accounts, unread_after, page))
    }

    async fn notification_count(&self, accounts: &[Key]) -> Result<i64> {
        self.read(|connection| told::notification_count(connection, accounts))
    }

    async fn unread_count(&self, accounts: &[Key], after: Time) -> Result<i64> {
        self.read(|connection| told::unread_count(connection, accounts, after))
    }

    async fn read_marks(&self, accounts: &[Key], notifications: &[Uuid]) -> Result<Vec<ReadMark>> {
        self.read(|connection| told::read_marks(connection, accounts, notifications))
    }

    async fn notifications_after(
        &self,
        accounts: &[Key],
        position: Position,
        limit: u32,
    ) -> Result<Vec<Notification>> {
        let position = position.cast_signed();
        self.read(|connection| told::notifications_after(connection, accounts, position, limit))
    }

    async fn timeline(&self, subjects: &[Key], page: Page) -> Result<Vec<TimelineEntry>> {
        self.read(|connection| told::timeline(connection, subjects, page))
    }

    async fn figures(&self) -> Result<Vec<FigureOfMonth>> {
        self.read(|connection| bind::query(connection, &read::SQL.figures, ()))
    }

    async fn ledger_of(&self, accounts: &[Key], page: Page) -> Result<Vec<LedgerEntry>> {
        self.read(|connection| kudos::ledger_of(connection, accounts, page))
    }

    async fn ledger_count(&self, accounts: &[Key]) -> Result<Vec<(Key, i64)>> {
        self.read(|connection| kudos::ledger_count(connection, accounts))
    }

    async fn points_of(&self, accounts: &[Key]) -> Result<Vec<PointsAt>> {
        self.read(|connection| kudos::points_of(connection, accounts))
    }

    async fn tallies(&self, keys: &[TallyKey]) -> Result<Vec<Tally>> {
        self.read(|connection| kudos::tallies(connection, keys))
    }

    async fn badges_of(&self, accounts: &[Key]) -> Result<Vec<Earned>> {
        self.read(|connection| kudos::badges_of(connection, accounts))
    }

    async fn post_milestones_of(&self, accounts: &[Key]) -> Result<Vec<Earned>> {
        self.read(|connection| kudos::post_milestones_of(connection, accounts))
    }

    async fn badge_awards(
        &self,
        accounts: &[Key],
        badges: &[i64],
        page: Page,
    ) -> Result<Vec<Badge>> {
        self.read(|connection| kudos::badge_awards(connection, accounts, badges, page))
    }

    async fn post_milestone_awards(
        &self,
        accounts: &[Key],
        milestones: &[i64],
        page: Page,
    ) -> Result<Vec<PostMilestone>> {
        self.read(|connection| kudos::milestone_awards(connection, accounts, milestones, page))
    }

    async fn granted_badges_of(&self, accounts: &[Key]) -> Result<Vec<GrantedBadge>> {
        self.read(|connection| read::by_key(connection, &read::SQL.granted_badges_of, accounts))
    }

    async fn lozenges_of(&self, accounts: &[Key]) -> Result<Vec<LozengeGrant>> {
        self.read(|connection| read::by_key(connection, &read::SQL.lozenges_of, accounts))
    }

    async fn lozenge_requests_of(&self, accounts: &[Key]) -> Result<Vec<LozengeRequest>> {
        self.read(|connection| read::by_key(connection, &read::SQL.lozenge_requests_of, accounts))
    }

    async fn lozenge_request_page(&self, page: Page) -> Result<Vec<LozengeRequest>> {
        self.read(|connection| read::page(connection, &read::SQL.lozenge_request_page, page))
    }

    async fn lozenge_request_count(&self) -> Result<i64> {
        self.read(lozenge::waiting_count)
    }

    async fn lozenge_holders(&self, lozenge: &str, page: Page) -> Result<Vec<LozengeGrant>> {
        self.read(|connection| lozenge::holders(connection, lozenge, page))
    }

    async fn lozenge_holder_count(&self, lozenge: &str) -> Result<i64> {
        self.read(|connection| lozenge::holder_count(connection, lozenge))
    }

    async fn acceptances_of(&self, accounts: &[Key]) -> Result<Vec<Acceptance>> {
        self.read(|connection| read::by_key(connection, &read::SQL.acceptances_of, accounts))
    }

    async fn gifts_by_id(&self, ids: &[GiftId]) -> Result<Vec<Gift>> {
        let ids = || ids.iter().map(|id| id.0);
        self.read(|connection| read::by_id(connection, &read::SQL.gifts_by_id, ids()))
    }

    async fn gifts_received(&self, accounts: &[Key], page: Page) -> Result<Vec<Gift>> {
        self.read(|connection| kudos::gifts_received(connection, accounts, page))
    }

    async fn gifts_given(
        &self,
        accounts: &[Key],
        viewer: Option<Key>,
        page: Page,
    ) -> Result<Vec<Gift>> {
        self.read(|connection| kudos::gifts_given(connection, accounts, viewer, page))
    }

    async fn gifts_given_count(
        &self,
        accounts: &[Key],
        viewer: Option<Key>,
    ) -> Result<Vec<(Key, i64)>> {
        self.read(|connection| kudos::gifts_given_count(connection, accounts, viewer))
    }

    async fn gifts_given_since(&self, accounts: &[Key], since: Time) -> Result<i64> {
        self.read(|connection| kudos::gifts_given_since(connection, accounts, since))
    }

    async fn waiting(&self, accounts: &[Key]) -> Result<Vec<Waiting>> {
        self.read(|connection| read::by_key(connection, &read::SQL.waiting, accounts))
    }

    async fn waiting_page(&self, page: Page) -> Result<Vec<Waiting>> {
        self.read(|connection| read::page(connection, &read::SQL.waiting_page, page))
    }

    async fn waiting_count(&self) -> Result<i64> {
        self.read(read::count::<Waiting>)
    }

    async fn feedback_page(&self, page: Page) -> Result<Vec<Feedback>> {
        self.read(|connection| read::page(connection, &read::SQL.feedback_page, page))
    }

    async fn feedback_count(&self) -> Result<i64> {
        self.read(read::count::<Feedback>)
    }

    async fn interactions(&self, from: Time, until: Time, limit: u32) -> Result<Vec<Interaction>> {
        self.read(|connection| kudos::interactions(connection, from, until, limit))
    }

    async fn members_of_all(&self) -> Result<Vec<Member>> {
        self.read(kudos::members_of_all)
    }

    async fn members_of(&self, accounts: &[Key]) -> Result<Vec<Member>> {
        self.read(|connection| kudos::members_of(connection, accounts))
    }

    async fn standing(&self) -> Result<(Position, Position)> {
        self.read(schema::standing)
    }

    async fn each_entry(&self, after: Key, each: Each<'_, LedgerEntry>) -> Result<Position> {
        self.read(|connection| export::entries(connection, after, each))
    }
}
