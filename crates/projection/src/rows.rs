//! The rows that a batch works on, in memory, and what became of them.

use std::fmt::Debug;
use std::hash::Hash;

use plaudit_domain::{AccountId, BenefitId, GroupId, MeetingId, Position, PostId, PresentationId};
use rustc_hash::{FxHashMap, FxHashSet};
use uuid::Uuid;

use crate::about::About;
use crate::account::Account;
use crate::agreement::Acceptances;
use crate::attendance::Attendance;
use crate::badge::{Badges, GrantedBadge, PostMilestones};
use crate::benefit::Benefit;
use crate::deed::Deed;
use crate::feedback::{Feedback, Interactions};
use crate::figure::Figures;
use crate::fold::FoldError;
use crate::group::Group;
use crate::kudos::{Gift, Waiting};
use crate::leadership::{Application, Leader};
use crate::learning::{Certification, Courses};
use crate::ledger::Ledger;
use crate::like::Like;
use crate::lozenge::{LozengeGrants, LozengeRequests};
use crate::meeting::Meeting;
use crate::membership::Membership;
use crate::notification::{Notification, ReadMark};
use crate::places::{Place, Places, place};
use crate::post::{Post, PostBody, PostTag};
use crate::presentation::Presentation;
use crate::profile::Profile;
use crate::report::Report;
use crate::review::Review;
use crate::row::Key;
use crate::rsvp::Rsvp;
use crate::rules::Rules;
use crate::sponsor::Sponsor;
use crate::tally::Tallies;
use crate::timeline::TimelineEntry;
use crate::touched::Touched;
use crate::watch::{GroupWatch, Watch};
use crate::weight::{TEXT, TEXTS, set, vector};

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
    /// Articles that aren't published.
    pub reviews: Optional<Review>,
    /// Who reported what.
    pub reports: Pairs<Report>,
    /// Groups.
    pub groups: Entities<Group>,
    /// Who watches which groups.
    pub group_watches: Pairs<GroupWatch>,
    /// What members were told: all is new.
    pub notifications: Vec<Notification>,
    /// What of it they read.
    pub read_marks: FxHashSet<ReadMark>,
    /// Whom and what events concern: all is new.
    pub timeline: Vec<TimelineEntry>,
    /// What the last event touched.
    pub(crate) touched: Touched,
    /// By how much the community's figures change.
    pub figures: Figures,
    /// Who is a member of what.
    pub memberships: Pairs<Membership>,
    /// Who leads which user group.
    pub leaders: Pairs<Leader>,
    /// Who would like to lead what, by the group and the account.
    pub applications: Optional<Application>,
    /// Meetings.
    pub meetings: Entities<Meeting>,
    /// Who comes to which meeting.
    pub rsvps: Pairs<Rsvp>,
    /// Who was seen at which meeting.
    pub attendance: Pairs<Attendance>,
    /// Presentations at meetings.
    pub presentations: Entities<Presentation>,
    /// Who sponsors which meeting.
    pub sponsors: Pairs<Sponsor>,
    /// What leaders asked for.
    pub benefits: Entities<Benefit>,
    /// What accounts tell about their owners.
    pub about: Optional<About>,
    /// Courses that accounts completed.
    pub courses: Courses,
    /// Certifications that were awarded: all are new.
    pub certifications: Vec<Certification>,
    /// What was done and undone, in order: rules may count it.
    pub deeds: Vec<Deed>,
    /// Points, with their reasons.
    pub ledger: Ledger,
    /// What limits and challenges remember.
    pub tallies: Tallies,
    /// Kudos badges.
    pub badges: Badges,
    /// Milestones that posts reached.
    pub post_milestones: PostMilestones,
    /// Badges that were granted elsewhere: all are new.
    pub granted_badges: Vec<GrantedBadge>,
    /// Lozenges that were granted, whether they are still held or not.
    pub lozenges: LozengeGrants,
    /// Requests for lozenges.
    pub lozenge_requests: LozengeRequests,
    /// Agreements that accounts accepted.
    pub acceptances: Acceptances,
    /// Who waits to take part in the programme.
    pub waiting: Optional<Waiting>,
    /// Kudos that peers gave: all are new.
    pub gifts: Vec<Gift>,
    /// What members think: all is new.
    pub feedback: Vec<Feedback>,
    /// How often members looked at what.
    pub interactions: Interactions,
    /// Texts that were written, in order: the last one of a post holds. They are never read by a
    /// fold, so a rebuild may take them out at any time.
    pub bodies: Vec<PostBody>,
    /// Tags that came and went. They are never read by a fold, either.
    pub tags: TagChanges,
    /// The profiles of changed accounts, in the order of their keys, once the batch is [finished](Rows::finish).
    pub profiles: Vec<Profile>,
    /// The profiles that are none any more, because their primary account was linked to another.
    pub former_profiles: Vec<Key>,
    /// The last event that was folded in.
    pub last: Option<Uuid>,
    /// The position of the last event that changed whose points an account's are, or who sees them.
    pub people: Option<Position>,
    /// Whether something was erased, which has to go from all files, too.
    pub erased: bool,
    /// Accounts of which all texts go, also those that aren't here: messages of kudos, and feedback.
    pub erased_authors: FxHashSet<Key>,
    /// Accounts of which all that says whose they are goes, also from rows that aren't here: what they
    /// asked for as leaders, the companies that they stand for, and their lozenges.
    pub erased_owners: FxHashSet<Key>,
}

impl Rows {
    pub(crate) fn account(&mut self, id: AccountId) -> Result<&mut Account, FoldError> {
        self.accounts.get_mut(id)
    }

    pub(crate) fn post(&mut self, id: PostId) -> Result<&mut Post, FoldError> {
        self.posts.get_mut(id)
    }

    /// The last stage: closes the batch, and computes the profiles of all changed accounts.
    pub fn finish(&mut self, rules: &Rules) {
        let changed = self.close();
        self.unite(changed.keys(), &changed, rules);
    }

    /// The last stage but for the profiles; which are to be computed.
    pub fn close(&mut self) -> ChangedProfiles {
        self.erase();
        self.count_figures();
        self.timeline.sort_unstable();
        let mut keys = Vec::new();
        for (before, after) in self.accounts.changed() {
            keys.extend([after.profile, before.profile]);
            // Linked to another now: what it was by itself is no profile any more.
            if after.profile != after.key && before.profile == before.key {
                keys.push(after.key);
            }
        }
        keys.extend(self.accounts.added().iter().map(|account| account.profile));
        keys.sort_unstable();
        keys.dedup();
        keys.retain(|key| match self.accounts.find_key(*key) {
            Some(primary) if primary.profile == *key => true,
            Some(_) => {
                self.former_profiles.push(*key);
                false
            }
            None => {
                debug_assert!(false, "account {key:?} is missing");
                false
            }
        });
        let mut linked: FxHashMap<Key, Vec<Key>> = FxHashMap::default();
        for account in self.accounts.iter().filter(|account| account.is_linked()) {
            linked.entry(account.profile).or_default().push(account.key);
        }
        ChangedProfiles { keys, linked }
    }

    /// Computes some of the profiles that are to be, each from all its accounts.
    pub fn unite(&mut self, keys: &[Key], changed: &ChangedProfiles, rules: &Rules) {
        let profiles = keys.iter().filter_map(|key| {
            // All accounts of a linked one's profile are here: see `Touched`.
            let linked = changed.linked.get(key);
            let keys = linked.map_or(std::slice::from_ref(key), Vec::as_slice);
            let accounts = keys.iter().filter_map(|key| self.accounts.find_key(*key));
            let primary = self.accounts.find_key(*key)?;
            Some(Profile::unite(primary, accounts, &self.courses, rules))
        });
        self.profiles.extend(profiles);
    }
}

/// The profiles that a batch changes.
#[derive(Debug)]
pub struct ChangedProfiles {
    keys: Vec<Key>,
    /// The accounts of those that are made of several.
    linked: FxHashMap<Key, Vec<Key>>,
}

impl ChangedProfiles {
    /// Their keys, in order.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }
}

/// A row that has a public id and a key.
pub trait Entity: Clone + PartialEq {
    /// Its kind of public id.
    type Id: Copy + Eq + Hash;

    /// Its public id.
    fn id(&self) -> Self::Id;

    /// Its key.
    fn key(&self) -> Key;

    /// How many bytes its texts take, about, where they stand.
    fn texts(&self) -> usize {
        TEXTS
    }
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

impl Missing for GroupId {
    fn missing(self) -> FoldError {
        FoldError::UnknownGroup(self)
    }
}

impl Missing for MeetingId {
    fn missing(self) -> FoldError {
        FoldError::UnknownMeeting(self)
    }
}

impl Missing for PresentationId {
    fn missing(self) -> FoldError {
        FoldError::UnknownPresentation(self)
    }
}

impl Missing for BenefitId {
    fn missing(self) -> FoldError {
        FoldError::UnknownBenefit(self)
    }
}

/// Rows of one table that has public ids. They are changed, and never removed.
#[derive(Debug)]
pub struct Entities<R: Entity> {
    /// Those that the store has, and new ones.
    rows: Held<R>,
    by_id: Places,
    by_key: Places,
    /// As the store has them, those that may be others now.
    stored: Vec<R>,
    stored_by_key: Places,
    /// How many bytes the texts of all of them take.
    texts: usize,
}

/// Rows that the store has, and those that it doesn't.
#[derive(Debug)]
struct Held<R> {
    /// Those that the store has, as they are now.
    current: Vec<R>,
    /// New ones.
    added: Vec<R>,
}

/// Marks places of new rows.
const NEW: Place = 1 << 31;

impl<R> Held<R> {
    fn at(&self, at: Place) -> &R {
        match at & NEW {
            0 => &self.current[at as usize],
            _ => &self.added[(at & !NEW) as usize],
        }
    }
}

impl<R: Entity> Default for Entities<R> {
    fn default() -> Self {
        Self {
            rows: Held {
                current: Vec::new(),
                added: Vec::new(),
            },
            by_id: Places::default(),
            by_key: Places::default(),
            stored: Vec::new(),
            stored_by_key: Places::default(),
            texts: 0,
        }
    }
}

impl<R: Entity<Id: Missing>> Entities<R> {
    /// Adds a row as the store has it; one that is here already stays.
    pub fn load(&mut self, row: R) {
        if self.place_of(row.key()).is_none() {
            let at = place(self.rows.current.len());
            self.rows.current.push(row);
            self.note(at);
        }
    }

    /// A row that is here.
    pub fn find(&self, id: R::Id) -> Option<&R> {
        self.place_by(id).map(|at| self.rows.at(at))
    }

    /// A row that is here, by its key.
    pub fn find_key(&self, key: Key) -> Option<&R> {
        self.place_of(key).map(|at| self.rows.at(at))
    }

    /// The rows that the store has, in the order in which they were loaded.
    pub fn loaded(&self) -> &[R] {
        &self.rows.current
    }

    /// Whether a row is here that the store doesn't have.
    pub fn is_added(&self, key: Key) -> bool {
        self.place_of(key).is_some_and(|at| at & NEW != 0)
    }

    /// Those of which something holds, to be changed.
    pub(crate) fn those(&mut self, holds: impl Fn(&R) -> bool) -> impl Iterator<Item = &mut R> {
        for at in 0..self.rows.current.len() {
            if holds(&self.rows.current[at]) {
                self.keep(place(at));
            }
        }
        let all = self.rows.current.iter_mut().chain(&mut self.rows.added);
        all.filter(move |row| holds(row))
    }

    /// All rows that are here.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.rows.current.iter().chain(&self.rows.added)
    }

    /// The rows that the store doesn't have, in the order of their keys.
    pub fn added(&self) -> &[R] {
        &self.rows.added
    }

    /// The rows that changed, each as the store has it and as it is now.
    pub fn changed(&self) -> impl Iterator<Item = (&R, &R)> {
        let before = |after: &R| self.stored_at(after.key()).map(|at| &self.stored[at]);
        let loaded = self.rows.current.iter();
        let both = loaded.filter_map(move |after| Some((before(after)?, after)));
        both.filter(|(before, after)| before != after)
    }

    pub(crate) fn weight(&self) -> usize {
        let rows = [&self.rows.current, &self.rows.added, &self.stored];
        let rows: usize = rows.into_iter().map(|rows| vector(rows)).sum();
        let places = [&self.by_id, &self.by_key, &self.stored_by_key];
        let places: usize = places.into_iter().map(Places::weight).sum();
        rows + places + self.texts
    }

    pub(crate) fn insert(&mut self, row: R) {
        let at = NEW | place(self.rows.added.len());
        self.rows.added.push(row);
        self.note(at);
    }

    pub(crate) fn find_mut(&mut self, id: R::Id) -> Option<&mut R> {
        let at = self.place_by(id)?;
        Some(self.at_mut(at))
    }

    pub(crate) fn get_mut(&mut self, id: R::Id) -> Result<&mut R, FoldError> {
        self.find_mut(id).ok_or_else(|| id.missing())
    }

    pub(crate) fn by_key(&mut self, key: Key) -> Result<&mut R, FoldError> {
        match self.place_of(key) {
            Some(at) => Ok(self.at_mut(at)),
            None => Err(FoldError::Unnamed(key)),
        }
    }

    fn place_by(&self, id: R::Id) -> Option<Place> {
        self.by_id.find(&id, |at| self.rows.at(at).id())
    }

    fn place_of(&self, key: Key) -> Option<Place> {
        self.by_key.find(&key, |at| self.rows.at(at).key())
    }

    fn note(&mut self, at: Place) {
        let rows = &self.rows;
        let row = rows.at(at);
        self.texts += row.texts();
        self.by_id.note(&row.id(), at, |at| rows.at(at).id());
        self.by_key.note(&row.key(), at, |at| rows.at(at).key());
    }

    fn at_mut(&mut self, at: Place) -> &mut R {
        match at & NEW {
            0 => {
                self.keep(at);
                &mut self.rows.current[at as usize]
            }
            _ => &mut self.rows.added[(at & !NEW) as usize],
        }
    }

    /// Keeps a row that the store has as it is, before it is another for the first time.
    fn keep(&mut self, at: Place) {
        let row = &self.rows.current[at as usize];
        let key = row.key();
        if self.stored_at(key).is_none() {
            let at = place(self.stored.len());
            self.texts += row.texts();
            self.stored.push(row.clone());
            let stored = &self.stored;
            self.stored_by_key
                .note(&key, at, |at| stored[at as usize].key());
        }
    }

    fn stored_at(&self, key: Key) -> Option<usize> {
        let key_at = |at: Place| self.stored[at as usize].key();
        self.stored_by_key.find(&key, key_at).map(|at| at as usize)
    }
}

/// A row of a post and an account, or of a group and an account.
pub trait Pair {
    /// The post, or group, and the account.
    fn pair(&self) -> (Key, Key);
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change<R> {
    /// It is written.
    Put(R),
    /// It goes.
    Remove {
        /// The post, or group.
        with: Key,
        /// The account.
        account: Key,
    },
}

/// Rows of one table of pairs. They come and go. A pair that isn't here doesn't exist.
#[derive(Debug)]
pub struct Pairs<R> {
    slots: Vec<Slot<R>>,
    by_pair: Places,
    /// The last slot of each post. The others of it follow from there.
    last_of: Places,
}

#[derive(Debug)]
struct Slot<R> {
    /// The row as it is, or as it was before it went.
    row: R,
    is_there: bool,
    changed: bool,
    /// The slot of the same post before this one, or [`NONE`].
    before: Place,
}

/// The place of nothing.
const NONE: Place = Place::MAX;

impl<R> Default for Pairs<R> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            by_pair: Places::default(),
            last_of: Places::default(),
        }
    }
}

impl<R: Pair> Pairs<R> {
    /// Adds a row as the store has it; one that is here already stays, and one that went from here is gone.
    pub fn load(&mut self, row: R) {
        if !self.knows(row.pair())
            && self.insert(row)
            && let Some(slot) = self.slots.last_mut()
        {
            slot.changed = false;
        }
    }

    pub(crate) fn weight(&self) -> usize {
        vector(&self.slots) + self.by_pair.weight() + self.last_of.weight()
    }

    /// The pairs of a post, as far as they are here, in no order.
    pub fn of(&self, post: Key) -> Vec<&R> {
        let mut rows = Vec::new();
        let mut next = self.last_of(post);
        while next != NONE {
            let slot = &self.slots[next as usize];
            if slot.is_there {
                rows.push(&slot.row);
            }
            next = slot.before;
        }
        rows
    }

    /// Whether it is known what there is of a post, or group, and an account.
    pub fn knows(&self, pair: (Key, Key)) -> bool {
        self.place_of(pair).is_some()
    }

    /// All pairs that are here, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        let there = self.slots.iter().filter(|slot| slot.is_there);
        there.map(|slot| &slot.row)
    }

    /// The accounts of a post's pairs, as far as they are here, in no order.
    pub(crate) fn accounts_of(&self, post: Key) -> Vec<Key> {
        let pairs = self.of(post).into_iter();
        pairs.map(|row| row.pair().1).collect()
    }

    /// Does something with every pair that is here and there, and notes which of them that changed.
    pub(crate) fn each_mut(&mut self, mut change: impl FnMut(&mut R) -> bool) {
        for slot in self.slots.iter_mut().filter(|slot| slot.is_there) {
            slot.changed |= change(&mut slot.row);
        }
    }

    /// What became of the pairs, in no order.
    pub fn changes(&self) -> impl Iterator<Item = Change<&R>> {
        let changed = self.slots.iter().filter(|slot| slot.changed);
        changed.map(|slot| match (slot.is_there, slot.row.pair()) {
            (true, _) => Change::Put(&slot.row),
            (false, (with, account)) => Change::Remove { with, account },
        })
    }

    /// Adds a pair; whether that changed something.
    pub(crate) fn insert(&mut self, row: R) -> bool {
        let pair = row.pair();
        let mut slot = Slot {
            row,
            is_there: true,
            changed: true,
            before: NONE,
        };
        if let Some(at) = self.place_of(pair) {
            let known = &mut self.slots[at];
            let is_new = !known.is_there;
            if is_new {
                slot.before = known.before;
                *known = slot;
            }
            return is_new;
        }
        let at = place(self.slots.len());
        slot.before = self.last_of(pair.0);
        self.slots.push(slot);
        let slots = &self.slots;
        let pair_at = |at: Place| slots[at as usize].row.pair();
        self.by_pair.note(&pair, at, pair_at);
        self.last_of.note(&pair.0, at, |at| pair_at(at).0);
        true
    }

    /// The last slot of a post, or [`NONE`].
    fn last_of(&self, post: Key) -> Place {
        let post_at = |at: Place| self.slots[at as usize].row.pair().0;
        self.last_of.find(&post, post_at).unwrap_or(NONE)
    }

    fn place_of(&self, pair: (Key, Key)) -> Option<usize> {
        let pair_at = |at: Place| self.slots[at as usize].row.pair();
        self.by_pair.find(&pair, pair_at).map(|at| at as usize)
    }

    /// A pair, if it is there.
    pub(crate) fn get(&self, with: Key, account: Key) -> Option<&R> {
        let slot = &self.slots[self.place_of((with, account))?];
        slot.is_there.then_some(&slot.row)
    }

    /// Adds a pair, or puts it in the place of what it was.
    pub(crate) fn put(&mut self, row: R)
    where
        R: PartialEq + Clone,
    {
        if self.insert(row.clone()) {
            return;
        }
        if let Some(at) = self.place_of(row.pair()) {
            let slot = &mut self.slots[at];
            slot.changed |= slot.row != row;
            slot.row = row;
        }
    }

    /// Removes a pair; what it was, if it was there.
    pub(crate) fn remove(&mut self, post: Key, account: Key) -> Option<R>
    where
        R: Clone,
    {
        let at = self.place_of((post, account))?;
        let slot = &mut self.slots[at];
        if !slot.is_there {
            return None;
        }
        slot.is_there = false;
        slot.changed = true;
        Some(slot.row.clone())
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

    pub(crate) fn weight(&self) -> usize {
        set(&self.added) + set(&self.removed) + (self.added.len() + self.removed.len()) * TEXT
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

/// A row that its key tells from all others of its table.
pub trait Keyed {
    /// The key, in the order of the table's own.
    type Key: Clone + Debug + Ord + Hash;

    /// The row's.
    fn key(&self) -> Self::Key;
}

/// Rows of one table of which there is one or none of each key. They come and go.
#[derive(Debug)]
pub struct Optional<R: Keyed> {
    cells: Vec<Cell<R>>,
    by_key: Places,
}

// What there is most of in memory: a key stands in its row, and by itself only without one.
#[derive(Debug)]
enum Cell<R: Keyed> {
    There { row: R, changed: bool },
    Gone(R::Key),
}

impl<R: Keyed> Cell<R> {
    fn key(&self) -> R::Key {
        match self {
            Self::There { row, .. } => row.key(),
            Self::Gone(key) => key.clone(),
        }
    }

    fn row(&self) -> Option<&R> {
        match self {
            Self::There { row, .. } => Some(row),
            Self::Gone(_) => None,
        }
    }
}

impl<R: Keyed> Default for Optional<R> {
    fn default() -> Self {
        Self {
            cells: Vec::new(),
            by_key: Places::default(),
        }
    }
}

impl<R: Keyed> Optional<R> {
    /// Adds a row as the store has it; one that is here already stays, and one that went from here is gone.
    pub fn load(&mut self, row: R) {
        let key = row.key();
        if !self.knows(&key) {
            let changed = false;
            self.push(&key, Cell::There { row, changed });
        }
    }

    /// Whether it is known what there is of a key.
    pub fn knows(&self, key: &R::Key) -> bool {
        self.place_of(key).is_some()
    }

    /// The rows that are new or changed, in no order.
    pub fn changed(&self) -> impl Iterator<Item = &R> {
        self.cells.iter().filter_map(|cell| match cell {
            Cell::There { row, changed } => changed.then_some(row),
            Cell::Gone(_) => None,
        })
    }

    /// The keys of rows that went, whether the store has them or not, in no order.
    pub fn gone(&self) -> impl Iterator<Item = &R::Key> {
        self.cells.iter().filter_map(|cell| match cell {
            Cell::There { .. } => None,
            Cell::Gone(key) => Some(key),
        })
    }

    pub(crate) fn weight(&self) -> usize {
        vector(&self.cells) + self.by_key.weight()
    }

    /// Does something with every row that is here, and notes which of them that changed.
    pub(crate) fn each_mut(&mut self, mut change: impl FnMut(&mut R) -> bool) {
        for cell in &mut self.cells {
            if let Cell::There { row, changed } = cell {
                *changed |= change(row);
            }
        }
    }

    pub(crate) fn get(&self, key: &R::Key) -> Option<&R> {
        self.cells[self.place_of(key)?].row()
    }

    /// Removes all rows of which something holds.
    pub(crate) fn remove_all(&mut self, is_removed: impl Fn(&R) -> bool) {
        for cell in &mut self.cells {
            if cell.row().is_some_and(&is_removed) {
                *cell = Cell::Gone(cell.key());
            }
        }
    }

    /// Adds a row, or puts it in the place of what it was.
    pub(crate) fn put(&mut self, row: R) {
        let key = row.key();
        let changed = true;
        self.set(&key, Cell::There { row, changed });
    }

    /// Removes the row of a key, also if it isn't here.
    pub(crate) fn remove(&mut self, key: R::Key) {
        self.set(&key.clone(), Cell::Gone(key));
    }

    fn set(&mut self, key: &R::Key, cell: Cell<R>) {
        match self.place_of(key) {
            Some(at) => self.cells[at] = cell,
            None => self.push(key, cell),
        }
    }

    fn push(&mut self, key: &R::Key, cell: Cell<R>) {
        let at = place(self.cells.len());
        self.cells.push(cell);
        let cells = &self.cells;
        self.by_key.note(key, at, |at| cells[at as usize].key());
    }

    fn place_of(&self, key: &R::Key) -> Option<usize> {
        let key_at = |at: Place| self.cells[at as usize].key();
        self.by_key.find(key, key_at).map(|at| at as usize)
    }
}
