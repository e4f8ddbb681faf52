//! The rows that people read, as tables.
//!
//! [`Store`] is what folding and reading need of an engine. Tables, keys and indexes follow from
//! the rows of `plaudit_projection`: nothing is declared twice.

use std::sync::Arc;

use async_trait::async_trait;
use plaudit_domain::post::Kind;
use plaudit_domain::{
    AccountId, BenefitId, GiftId, GroupId, MeetingId, Origin, Position, PostId, PresentationId,
    Time, Visibility,
};
use plaudit_projection::row::Malformed;
use plaudit_projection::standings::Member;
use plaudit_projection::tally::TallyKey;
use plaudit_projection::{
    About, Acceptance, Account, Application, Attendance, Badge, Benefit, Certification, Course,
    Feedback, FigureOfMonth, Gift, GrantedBadge, Group, Interaction, Key, Leader, LedgerEntry,
    Like, LozengeGrant, LozengeRequest, Meeting, Membership, Needs, Notification, Post, PostBody,
    PostMilestone, Presentation, Profile, ReadMark, Report, Review, Rows, Rsvp, Sponsor, Tally,
    TimelineEntry, Touched, Waiting, benefit, group, rsvp,
};
use uuid::Uuid;

mod as_of;
pub mod checks;
pub mod compare;
mod engine;
mod lease;
mod load;
pub mod postgres;
mod progress;
mod reads;
pub mod snapshot;
mod sql;
pub mod sqlite;
pub mod standing;
mod statement;
mod store;
mod tables;
mod writes;

pub use lease::{Lease, Moved};
pub use load::Load;
pub use snapshot::Snapshot;

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

    /// Adds the rows that the deeds of a batch need to be reckoned, as far as they are there.
    async fn fetch_for(&self, needs: &Needs, rows: &mut Rows) -> Result<()>;

    /// Writes the changed rows of a finished batch and its position, all or none. Where the
    /// position isn't `from` any more, somebody else folded: nothing is written.
    ///
    /// What such a batch erased stays somewhere in the files until the next [`Store::purge`].
    async fn commit(&self, rows: &Rows, from: Position, to: Position) -> Result<Commit>;

    /// Waits for the right to fold into it, which one process has at a time. While others have it, it is told
    /// up to where they have folded, whenever that may have changed.
    async fn lease(&self, moved: Moved<'_>) -> Result<Lease>;

    /// Whether something was erased since it was last purged.
    async fn has_erased(&self) -> Result<bool>;

    /// Takes what was erased out of all files. Where nothing was, since the last time, it does
    /// nothing; otherwise it takes as long as writing all rows once, and no batch is committed
    /// meanwhile. Fails while somebody reads what was there before.
    async fn purge(&self) -> Result<()>;

    /// All rows of this moment. While somebody has it, nothing can be [purged](Store::purge).
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>>;

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

    /// A page of the groups of a kind, or of all, in the page's order of creation.
    async fn group_page(&self, kind: Option<group::Kind>, page: Page) -> Result<Vec<Group>>;

    /// How many groups of a kind there are, or of all.
    async fn group_count(&self, kind: Option<group::Kind>) -> Result<i64>;

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

    /// A page of posts that are in sight, in the page's order of writing.
    async fn post_page(&self, filter: &PostFilter, page: Page) -> Result<Vec<Post>>;

    /// How many posts that are in sight there are.
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

    // User groups

    /// Who leads groups.
    async fn leaders_of(&self, groups: &[Key]) -> Result<Vec<Leader>>;

    /// What accounts lead.
    async fn led_by(&self, accounts: &[Key]) -> Result<Vec<Leader>>;

    /// The applications of accounts for groups.
    async fn applications(&self, keys: &[(GroupId, Key)]) -> Result<Vec<Application>>;

    /// All applications of accounts, also those that were decided.
    async fn applications_of(&self, accounts: &[Key]) -> Result<Vec<Application>>;

    /// A page of the applications that wait for staff, in the page's order of time; its keys are the
    /// positions of the askings.
    async fn application_page(&self, page: Page) -> Result<Vec<Application>>;

    /// How many applications wait for staff.
    async fn application_count(&self) -> Result<i64>;

    /// Meetings by key.
    async fn meetings(&self, keys: &[Key]) -> Result<Vec<Meeting>>;

    /// Meetings by public id.
    async fn meetings_by_id(&self, ids: &[MeetingId]) -> Result<Vec<Meeting>>;

    /// A page of all meetings that begin within a span, in the page's order of beginning.
    async fn meeting_page(&self, span: Span, page: Page) -> Result<Vec<Meeting>>;

    /// For each group, a page of its meetings that begin within a span, in the page's order of beginning.
    async fn meetings_of(&self, groups: &[Key], span: Span, page: Page) -> Result<Vec<Meeting>>;

    /// How many meetings of groups begin within a span; those that have any.
    async fn meeting_count(&self, groups: &[Key], span: Span) -> Result<Vec<(Key, i64)>>;

    /// A page of the meetings that begin within a span and that any of some accounts comes to, or waits for a
    /// place in, together in the page's order of beginning.
    async fn meetings_with(&self, accounts: &[Key], span: Span, page: Page)
    -> Result<Vec<Meeting>>;

    /// A page of the meetings at which any of some accounts was seen, in the page's order of beginning.
    async fn meetings_attended(&self, accounts: &[Key], page: Page) -> Result<Vec<Meeting>>;

    /// At how many meetings any of some accounts was seen.
    async fn meetings_attended_count(&self, accounts: &[Key]) -> Result<i64>;

    /// How many wait longer for a place at a meeting than somebody who answered at a position.
    async fn waiting_before(&self, meeting: Key, position: i64) -> Result<i64>;

    /// When meetings of groups began that were held, of those that began within a span, of each group in
    /// order.
    async fn held_of(&self, groups: &[Key], span: Span) -> Result<Vec<(Key, Time)>>;

    /// When the latest held meeting of groups began that began before a moment; those that had any.
    async fn last_held(&self, groups: &[Key], before: Time) -> Result<Vec<(Key, Time)>>;

    /// For each meeting, a page of the answers of one kind, in the page's order of answering.
    async fn rsvps(&self, meetings: &[Key], state: rsvp::State, page: Page) -> Result<Vec<Rsvp>>;

    /// How many members gave which answer to meetings, and were seen there; of those that anybody answered to,
    /// or was seen at.
    async fn guests(&self, meetings: &[Key]) -> Result<Vec<(Key, Guests)>>;

    /// The answers of accounts to meetings.
    async fn rsvps_of(&self, accounts: &[Key], meetings: &[Key]) -> Result<Vec<Rsvp>>;

    /// For each meeting, a page of who was seen there, in the page's order of recording.
    async fn attendance_of(&self, meetings: &[Key], page: Page) -> Result<Vec<Attendance>>;

    /// Which of these accounts were seen at which of these meetings.
    async fn attended(&self, accounts: &[Key], meetings: &[Key]) -> Result<Vec<Attendance>>;

    /// Presentations by key.
    async fn presentations(&self, keys: &[Key]) -> Result<Vec<Presentation>>;

    /// Presentations by public id.
    async fn presentations_by_id(&self, ids: &[PresentationId]) -> Result<Vec<Presentation>>;

    /// A page of the presentations that wait for review, as of a moment, in the page's order of submission:
    /// their meetings are still to come.
    async fn presentations_to_review(&self, now: Time, page: Page) -> Result<Vec<Presentation>>;

    /// How many presentations wait for review, as of a moment.
    async fn presentations_to_review_count(&self, now: Time) -> Result<i64>;

    /// The presentations at meetings.
    async fn presentations_of(&self, meetings: &[Key]) -> Result<Vec<Presentation>>;

    /// The presentations of speakers.
    async fn presentations_by(&self, speakers: &[Key]) -> Result<Vec<Presentation>>;

    /// Who sponsors meetings.
    async fn sponsors_of(&self, meetings: &[Key]) -> Result<Vec<Sponsor>>;

    /// What leaders asked for, by key.
    async fn benefits(&self, keys: &[Key]) -> Result<Vec<Benefit>>;

    /// What leaders asked for, by public id.
    async fn benefits_by_id(&self, ids: &[BenefitId]) -> Result<Vec<Benefit>>;

    /// For each account, a page of what it asked for as a leader, in the page's order of time.
    async fn benefits_of(&self, accounts: &[Key], page: Page) -> Result<Vec<Benefit>>;

    /// What leaders asked for, for these meetings.
    async fn benefits_for(&self, meetings: &[Key]) -> Result<Vec<Benefit>>;

    /// A page of what leaders asked for that is in a state, in the page's order of time.
    async fn benefit_page(&self, state: benefit::State, page: Page) -> Result<Vec<Benefit>>;

    /// How much of what leaders asked for is in a state.
    async fn benefit_count(&self, state: benefit::State) -> Result<i64>;

    /// The account whose calendar's address has a secret of this hash.
    async fn account_by_calendar(&self, hash: &str) -> Result<Option<Account>>;

    /// Which of these groups the account watches.
    async fn watched_groups(&self, account: Key, groups: &[Key]) -> Result<Vec<Key>>;

    // Review and reports

    /// The reviews of articles that aren't published.
    async fn reviews(&self, posts: &[Key]) -> Result<Vec<Review>>;

    /// The reviews of accounts' articles that aren't published.
    async fn reviews_of(&self, authors: &[Key]) -> Result<Vec<Review>>;

    /// A page of the reviews of articles that wait for one and aren't deleted, in the page's order of time.
    async fn review_page(&self, page: Page) -> Result<Vec<Review>>;

    /// How many articles wait for review.
    async fn review_count(&self) -> Result<i64>;

    /// The places of articles among those that wait for review, the first of which is 1.
    async fn review_places(&self, posts: &[Key]) -> Result<Vec<(Key, i64)>>;

    /// A page of the posts of which reports are open, in the page's order of the oldest of these.
    async fn reported_page(&self, page: Page) -> Result<Vec<Reported>>;

    /// Of how many posts reports are open.
    async fn reported_count(&self) -> Result<i64>;

    /// The open reports of posts, oldest first.
    async fn open_reports_of(&self, posts: &[Key]) -> Result<Vec<Report>>;

    // Notifications

    /// Notifications by public id: of each, one for everybody who got it.
    async fn notifications_by_id(&self, ids: &[Uuid]) -> Result<Vec<Notification>>;

    /// For each account, a page of what it was told, in the page's order of time; if a moment is given, of
    /// what it was told after that and none of these accounts has read.
    async fn notifications_of(
        &self,
        accounts: &[Key],
        unread_after: Option<Time>,
        page: Page,
    ) -> Result<Vec<Notification>>;

    /// How much accounts were told, together: what several of them were, once.
    async fn notification_count(&self, accounts: &[Key]) -> Result<i64>;

    /// How much of what accounts were told after a moment none of them has read, counted in the same way.
    async fn unread_count(&self, accounts: &[Key], after: Time) -> Result<i64>;

    /// What of these notifications accounts have read.
    async fn read_marks(&self, accounts: &[Key], notifications: &[Uuid]) -> Result<Vec<ReadMark>>;

    /// The first of what accounts were told by events after a position, in the order of these.
    async fn notifications_after(
        &self,
        accounts: &[Key],
        position: Position,
        limit: u32,
    ) -> Result<Vec<Notification>>;

    /// Which of these accounts were told anything by events after a position.
    async fn told_after(&self, accounts: &[Key], position: Position) -> Result<Vec<Key>>;

    // History

    /// For each account, post, group or meeting, a page of the events that concern it, in the page's order
    /// of their positions; these are the keys of cursors.
    async fn timeline(&self, subjects: &[Key], page: Page) -> Result<Vec<TimelineEntry>>;

    // Figures

    /// The community's figures of every month, in their order.
    async fn figures(&self) -> Result<Vec<FigureOfMonth>>;

    // Kudos

    /// For each account, a page of its entries in the ledger, in the page's order of time.
    async fn ledger_of(&self, accounts: &[Key], page: Page) -> Result<Vec<LedgerEntry>>;

    /// How many entries accounts have in the ledger; those that have any.
    async fn ledger_count(&self, accounts: &[Key]) -> Result<Vec<(Key, i64)>>;

    /// All points that accounts got and lost, together in the order of time.
    async fn points_of(&self, accounts: &[Key]) -> Result<Vec<PointsAt>>;

    /// The tallies that are known by these.
    async fn tallies(&self, keys: &[TallyKey]) -> Result<Vec<Tally>>;

    /// How often accounts deserved which kudos badges.
    async fn badges_of(&self, accounts: &[Key]) -> Result<Vec<Earned>>;

    /// How often posts of accounts that aren't deleted reached which milestones.
    async fn post_milestones_of(&self, accounts: &[Key]) -> Result<Vec<Earned>>;

    /// For each account and each kudos badge, by its number, a page of what deserved it, in the page's
    /// order of time.
    async fn badge_awards(
        &self,
        accounts: &[Key],
        badges: &[i64],
        page: Page,
    ) -> Result<Vec<Badge>>;

    /// For each account and each milestone, by its number, a page of the account's posts that aren't
    /// deleted and reached it, in the page's order of time.
    async fn post_milestone_awards(
        &self,
        accounts: &[Key],
        milestones: &[i64],
        page: Page,
    ) -> Result<Vec<PostMilestone>>;

    /// The badges that accounts were granted elsewhere.
    async fn granted_badges_of(&self, accounts: &[Key]) -> Result<Vec<GrantedBadge>>;

    // Lozenges

    /// The lozenges that accounts were granted, also those that they have no more.
    async fn lozenges_of(&self, accounts: &[Key]) -> Result<Vec<LozengeGrant>>;

    /// What accounts asked for last of each lozenge, whatever became of it.
    async fn lozenge_requests_of(&self, accounts: &[Key]) -> Result<Vec<LozengeRequest>>;

    /// A page of all requests for lozenges that wait, in the page's order of time.
    async fn lozenge_request_page(&self, page: Page) -> Result<Vec<LozengeRequest>>;

    /// How many requests for lozenges wait.
    async fn lozenge_request_count(&self) -> Result<i64>;

    /// A page of the accounts that hold a lozenge which was granted, in the page's order of time.
    async fn lozenge_holders(&self, lozenge: &str, page: Page) -> Result<Vec<LozengeGrant>>;

    /// How many accounts hold a lozenge which was granted.
    async fn lozenge_holder_count(&self, lozenge: &str) -> Result<i64>;

    /// The agreements that accounts accepted.
    async fn acceptances_of(&self, accounts: &[Key]) -> Result<Vec<Acceptance>>;

    // Peers

    /// Peer kudos by public id.
    async fn gifts_by_id(&self, ids: &[GiftId]) -> Result<Vec<Gift>>;

    /// For each account, a page of the peer kudos that it got, in the page's order of time.
    async fn gifts_received(&self, accounts: &[Key], page: Page) -> Result<Vec<Gift>>;

    /// For each account, a page of the peer kudos that it gave, in the page's order of time. Only
    /// those come that who asks may see, which is a profile by its key, or a stranger: what they gave or
    /// got, and what was given to a public profile.
    async fn gifts_given(
        &self,
        accounts: &[Key],
        viewer: Option<Key>,
        page: Page,
    ) -> Result<Vec<Gift>>;

    /// How many peer kudos accounts gave that who asks may see; those that gave any.
    async fn gifts_given_count(
        &self,
        accounts: &[Key],
        viewer: Option<Key>,
    ) -> Result<Vec<(Key, i64)>>;

    /// How many peer kudos accounts gave together since a moment.
    async fn gifts_given_since(&self, accounts: &[Key], since: Time) -> Result<i64>;

    /// Which of these accounts wait to take part in the programme.
    async fn waiting(&self, accounts: &[Key]) -> Result<Vec<Waiting>>;

    /// A page of all accounts that wait to take part, in the page's order of time.
    async fn waiting_page(&self, page: Page) -> Result<Vec<Waiting>>;

    /// How many accounts wait to take part.
    async fn waiting_count(&self) -> Result<i64>;

    /// A page of all feedback, in the page's order of time.
    async fn feedback_page(&self, page: Page) -> Result<Vec<Feedback>>;

    /// How many times feedback was given.
    async fn feedback_count(&self) -> Result<i64>;

    /// How often members did what on the days that begin from a moment on and before another, by day,
    /// kind and subject; at most so many.
    async fn interactions(&self, from: Time, until: Time, limit: u32) -> Result<Vec<Interaction>>;

    /// Of every account, to which profile its points count, and whether that is shown to everybody.
    async fn members_of_all(&self) -> Result<Vec<Member>>;

    /// The same of some accounts.
    async fn members_of(&self, accounts: &[Key]) -> Result<Vec<Member>>;

    /// The position up to which events are folded in, and the one of the last batch that changed what
    /// [`Store::members_of_all`] tells of an account.
    async fn standing(&self) -> Result<(Position, Position)>;

    // Taking along

    /// Every entry of the ledger after a key, in their order, all as of one position.
    async fn each_entry(&self, after: Key, each: Each<'_, LedgerEntry>) -> Result<Position>;
}

/// A post of which reports are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// The post.
    pub post: Key,
    /// Since when the oldest waits.
    pub since: Time,
    /// How many there are.
    pub reports: i64,
}

/// Points that an account got, or lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PointsAt {
    /// The account.
    pub account: Key,
    /// When.
    pub at: Time,
    /// How many.
    pub points: i64,
}

/// How often an account earned something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earned {
    /// The account.
    pub account: Key,
    /// The number of what it earned, among the rules.
    pub number: i64,
    /// How often.
    pub times: i64,
    /// When it did for the first time,
    pub first_at: Time,
    /// and for the last time.
    pub last_at: Time,
}

/// A user group and a profile that leads it by any of its accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedBy {
    /// The group.
    pub group: Key,
    /// The profile.
    pub profile: Key,
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

/// The moments from one on and before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first,
    pub from: Option<Time>,
    /// and where it ends.
    pub until: Option<Time>,
}

impl Span {
    /// All moments.
    pub const EVER: Self = Self {
        from: None,
        until: None,
    };

    /// A moment, and all after it.
    pub fn since(from: Time) -> Self {
        Self {
            from: Some(from),
            ..Self::EVER
        }
    }

    /// All before a moment.
    pub fn before(until: Time) -> Self {
        Self {
            until: Some(until),
            ..Self::EVER
        }
    }

    pub(crate) fn micros(self) -> [i64; 2] {
        [
            self.from.map_or(i64::MIN, Time::as_micros),
            self.until.map_or(i64::MAX, Time::as_micros),
        ]
    }
}

/// A group with its held meetings.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupRecord {
    /// The group.
    pub group: Group,
    /// When those began, in order.
    pub held: Vec<Time>,
}

/// How many members come to a meeting, or don't: each once, with however many linked accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Guests {
    /// How many have a place.
    pub going: i64,
    /// How many have none, and wait for one.
    pub waiting: i64,
    /// How many said only that they don't come.
    pub not_going: i64,
    /// How many were seen there.
    pub attended: i64,
}

/// A meeting with the public id of its group.
#[derive(Debug, Clone, PartialEq)]
pub struct MeetingRecord {
    /// The meeting.
    pub meeting: Meeting,
    /// Its group.
    pub group: GroupId,
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

/// An entry of the ledger with the public ids of what it refers to.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerRecord {
    /// The entry.
    pub entry: LedgerEntry,
    /// Whose it is.
    pub account: AccountId,
    /// Who sees its profile.
    pub visibility: Visibility,
    /// Whether it takes part in the programme by itself.
    pub enrolled: bool,
    /// The post that it is about.
    pub post: Option<PostId>,
}

/// A profile with the badges that its accounts have.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileRecord {
    /// The profile.
    pub profile: Profile,
    /// The lozenges that its accounts were granted, also those that they have no more.
    pub lozenges: Vec<LozengeGrant>,
    /// Its badges, kind by kind, of each kind the oldest first. There is one for each time that an account
    /// deserved it, also of those that can be had once. What its counts reached is no row.
    pub badges: Vec<BadgeRecord>,
}

/// A badge that an account has.
#[derive(Debug, Clone, PartialEq)]
pub struct BadgeRecord {
    /// What it is.
    pub badge: BadgeOf,
    /// The account.
    pub account: AccountId,
    /// Whether that takes part in the programme by itself.
    pub enrolled: bool,
    /// When it was awarded.
    pub at: Time,
    /// The position of the event that awarded it.
    pub position: Position,
}

/// What a badge is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadgeOf {
    /// A kudos badge, by its number among the rules.
    Kudos(i64),
    /// A milestone that a post reached, by its number among the rules.
    PostMilestone(i64),
    /// The badge of a course, by what the learning platform knows the course by.
    Course(String),
    /// A badge that was granted elsewhere, by what it is known by there.
    Granted(String),
}

/// A store that can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What keeps it failed.
    #[error("read models {place}: {source}")]
    Storage {
        /// Where they are.
        place: String,
        /// What failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What keeps it can't be reached just now: trying again may help.
    #[error("read models {place}: {source}")]
    Unavailable {
        /// Where they are.
        place: String,
        /// What failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What keeps it lets nobody in, or not do what has to be done: somebody has to see to that.
    #[error("read models {place}: {source}")]
    Refused {
        /// Where they are.
        place: String,
        /// What to do about it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The tables were made by another version, or by other rules: rebuild them from the journal.
    #[error(
        "read models {place} are of another version, or were made by other rules: rebuild them"
    )]
    Outdated {
        /// Where they are.
        place: String,
    },
    /// A row is not of the shape that its table promises.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The rows could not be passed on.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl StoreError {
    /// Whether trying again may help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whether there is no room left where they are.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Storage { source, .. } => sqlite::is_full(&**source),
            Self::Unavailable { .. }
            | Self::Refused { .. }
            | Self::Outdated { .. }
            | Self::Malformed(_)
            | Self::Io(_) => false,
        }
    }
}
