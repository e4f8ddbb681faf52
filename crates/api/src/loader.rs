//! Loading rows in batches: everything that the resolvers of one level ask for comes in one read.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use plaudit_domain::post::Kind;
use plaudit_domain::{AccountId, GiftId, GroupId, Position, PostId, Time};
use plaudit_journal::{JournalError, SharedJournal};
use plaudit_projection::tally::TallyKey;
use plaudit_projection::{
    About, Acceptance, Account, Badge, Certification, Course, Gift, GrantedBadge, Group, Key,
    LedgerEntry, Like, LozengeGrant, LozengeRequest, Membership, Post, PostMilestone, Profile,
    Report, Review, Waiting,
};
use plaudit_store::{Earned, Page, PointsAt, PostFilter, SharedStore, StoreError};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::loading::{Found, Keepable, Load};

mod meetings;

pub use meetings::*;

/// Loads rows from a store.
pub struct Loader {
    store: SharedStore,
    journal: SharedJournal,
    batches: Arc<AtomicUsize>,
}

/// An account by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountBy(pub Key);

/// An account by its public id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountById(pub AccountId);

/// A profile by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProfileBy(pub Key);

/// A profile by the public id of its primary account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProfileById(pub AccountId);

/// A post by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PostBy(pub Key);

/// A post by its public id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PostById(pub PostId);

/// A group by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupBy(pub Key);

/// A group by its public id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupById(pub GroupId);

/// What an account tells about its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AboutOf(pub Key);

/// All accounts of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountsOf(pub Key);

/// The courses that an account completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CoursesOf(pub Key);

/// The certifications that an account was awarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CertificationsOf(pub Key);

/// The memberships of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MembershipsOf(pub Key);

/// A page of the memberships of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MembersOf {
    /// The group.
    pub group: Key,
    /// Which page.
    pub page: Page,
}

/// The text of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BodyOf(pub Key);

/// Whether an account likes a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LikedBy {
    /// The account.
    pub account: Key,
    /// The post.
    pub post: Key,
}

/// Whether an account watches a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WatchedBy {
    /// The account.
    pub account: Key,
    /// The post.
    pub post: Key,
}

/// Whether an account watches a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupWatchedBy {
    /// The account.
    pub account: Key,
    /// The group.
    pub group: Key,
}

/// The review of an article that isn't published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReviewBy(pub Key);

/// The reviews of an account's articles that aren't published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReviewsOf(pub Key);

/// The place of an article among those that wait for review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PlaceInQueue(pub Key);

/// The open reports of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpenReportsOf(pub Key);

/// A page of the replies to a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RepliesTo {
    /// The post.
    pub post: Key,
    /// Answers or comments.
    pub kind: Kind,
    /// Which page.
    pub page: Page,
}

/// A page of the posts of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PostsOf {
    /// The account.
    pub author: Key,
    /// Which page.
    pub page: Page,
}

/// A page of all posts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PostsListed {
    /// Which posts.
    pub filter: PostFilter,
    /// Which page.
    pub page: Page,
}

/// A page of the posts in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PostsIn {
    /// The group.
    pub group: Key,
    /// Which page.
    pub page: Page,
}

/// A page of the likes of a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LikesOf {
    /// The post.
    pub post: Key,
    /// Which page.
    pub page: Page,
}

/// Kudos that a peer gave, by their public id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GiftById(pub GiftId);

/// A page of the kudos that peers gave to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GiftsTo {
    /// The account.
    pub account: Key,
    /// Which page.
    pub page: Page,
}

/// How often the accounts of a profile gave kudos since a moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GivenSince {
    /// The accounts.
    pub accounts: Vec<Key>,
    /// The moment.
    pub since: Time,
}

/// A page of the kudos that an account gave to peers, as far as who asks may see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GiftsBy {
    /// The account.
    pub account: Key,
    /// The profile of who asks.
    pub viewer: Option<Key>,
    /// Which page.
    pub page: Page,
}

/// How many kudos an account gave to peers, as far as who asks may see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GiftCountBy {
    /// The account.
    pub account: Key,
    /// The profile of who asks.
    pub viewer: Option<Key>,
}

/// Whether an account waits to take part in the kudos programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WaitingOf(pub Key);

/// All points that an account got and lost, in the order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PointsOf(pub Key);

/// A page of the entries of an account in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LedgerOf {
    /// The account.
    pub account: Key,
    /// Which page.
    pub page: Page,
}

/// How many entries an account has in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntriesOf(pub Key);

/// A running number of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TallyBy(pub TallyKey);

/// How often an account deserved which kudos badges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BadgesOf(pub Key);

/// How often posts of an account reached which milestones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PostMilestonesOf(pub Key);

/// A page of what deserved a kudos badge, of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BadgeAwardsOf {
    /// The account.
    pub account: Key,
    /// The number of the badge, among the rules.
    pub badge: i64,
    /// Which page.
    pub page: Page,
}

/// A page of the posts of an account that reached a milestone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MilestoneAwardsOf {
    /// The account.
    pub account: Key,
    /// The number of the milestone, among the rules.
    pub milestone: i64,
    /// Which page.
    pub page: Page,
}

/// The badges that an account was granted elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GrantedBadgesOf(pub Key);

/// The lozenges that an account was granted, also those that it has no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LozengesOf(pub Key);

/// What an account asked for last of each lozenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LozengeRequestsOf(pub Key);

/// The agreements that an account accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AcceptancesOf(pub Key);

/// An event in the journal, by its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventAt(pub Position);

/// What is told of an event: nothing of what it holds.
#[derive(Debug, Clone, Copy)]
pub struct ToldEvent {
    /// The stored name of its type.
    pub kind: &'static str,
    /// When it happened.
    pub occurred_at: Time,
}

impl Keepable for ToldEvent {}

/// What a batch comes to: the error is shared by all who asked.
type Loaded<K, V> = Result<Found<K, V>, Arc<StoreError>>;

impl Loader {
    /// A loader of the rows of a store, and of the events behind them; `batches` counts what it reads.
    pub fn new(store: SharedStore, journal: SharedJournal, batches: Arc<AtomicUsize>) -> Self {
        Self {
            store,
            journal,
            batches,
        }
    }

    /// The store, for one more batch.
    pub fn batch(&self) -> &SharedStore {
        self.batches.fetch_add(1, Ordering::Relaxed);
        &self.store
    }
}

/// Loads rows by a key that they hold themselves.
macro_rules! by_key {
    ($($key:ident => $row:ty: $read:ident, |$found:ident| $of:expr;)+) => {
        $(
            impl Load<$key> for Loader {
                type Value = Arc<$row>;
                type Error = Arc<StoreError>;

                async fn load(&self, keys: &[$key]) -> Loaded<$key, Arc<$row>> {
                    let keys: Vec<_> = keys.iter().map(|key| key.0).collect();
                    let rows = self.batch().$read(&keys).await?;
                    let by_key = rows.into_iter().map(|$found| ($key($of), Arc::new($found)));
                    Ok(by_key.collect())
                }
            }
        )+
    };
}

by_key! {
    AccountBy => Account: accounts, |account| account.key;
    AccountById => Account: accounts_by_id, |account| account.id;
    ProfileBy => Profile: profiles, |profile| profile.key;
    ProfileById => Profile: profiles_by_id, |profile| profile.id;
    PostBy => Post: posts, |post| post.key;
    PostById => Post: posts_by_id, |post| post.id;
    GroupBy => Group: groups, |group| group.key;
    GroupById => Group: groups_by_id, |group| group.id;
    AboutOf => About: about, |about| about.account;
    GiftById => Gift: gifts_by_id, |gift| gift.id;
    ReviewBy => Review: reviews, |review| review.post;
    WaitingOf => Waiting: waiting, |waiting| waiting.account;
}

/// Loads all rows that belong to a key.
macro_rules! all_of {
    ($($key:ident => $row:ty: $read:ident, |$found:ident| $of:expr;)+) => {
        $(
            impl Load<$key> for Loader {
                type Value = Vec<$row>;
                type Error = Arc<StoreError>;

                async fn load(&self, keys: &[$key]) -> Loaded<$key, Vec<$row>> {
                    let keys: Vec<_> = keys.iter().map(|key| key.0).collect();
                    let mut all = FxHashMap::default();
                    for $found in self.batch().$read(&keys).await? {
                        all.entry($key($of)).or_insert_with(Vec::new).push($found);
                    }
                    Ok(all)
                }
            }
        )+
    };
}

all_of! {
    AccountsOf => Account: accounts_of, |account| account.profile;
    CoursesOf => Course: courses_of, |course| course.account;
    CertificationsOf => Certification: certifications_of, |awarded| awarded.account;
    OpenReportsOf => Report: open_reports_of, |report| report.post;
    MembershipsOf => Membership: memberships_of, |membership| membership.account;
    PointsOf => PointsAt: points_of, |points| points.account;
    BadgesOf => Earned: badges_of, |earned| earned.account;
    PostMilestonesOf => Earned: post_milestones_of, |earned| earned.account;
    GrantedBadgesOf => GrantedBadge: granted_badges_of, |badge| badge.account;
    LozengesOf => LozengeGrant: lozenges_of, |grant| grant.account;
    LozengeRequestsOf => LozengeRequest: lozenge_requests_of, |request| request.account;
    AcceptancesOf => Acceptance: acceptances_of, |acceptance| acceptance.account;
}

use {all_of, by_key};

impl Load<MembersOf> for Loader {
    type Value = Vec<Membership>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[MembersOf]) -> Loaded<MembersOf, Vec<Membership>> {
        let mut members = FxHashMap::default();
        for (page, groups) in grouped(keys, |key| (key.page, key.group)) {
            for member in self.batch().members(&groups, page).await? {
                let key = MembersOf {
                    group: member.group_key,
                    page,
                };
                members.entry(key).or_insert_with(Vec::new).push(member);
            }
        }
        Ok(members)
    }
}

impl Load<BodyOf> for Loader {
    type Value = String;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[BodyOf]) -> Loaded<BodyOf, String> {
        let keys: Vec<_> = keys.iter().map(|key| key.0).collect();
        let bodies = self.batch().bodies(&keys).await?;
        let known = bodies
            .into_iter()
            .filter_map(|body| Some((BodyOf(body.post), body.body?)));
        Ok(known.collect())
    }
}

impl Load<LikedBy> for Loader {
    type Value = ();
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[LikedBy]) -> Loaded<LikedBy, ()> {
        let mut liked = FxHashMap::default();
        for (account, posts) in grouped(keys, |key| (key.account, key.post)) {
            let posts = self.batch().liked(account, &posts).await?;
            liked.extend(
                posts
                    .into_iter()
                    .map(|post| (LikedBy { account, post }, ())),
            );
        }
        Ok(liked)
    }
}

impl Load<WatchedBy> for Loader {
    type Value = ();
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[WatchedBy]) -> Loaded<WatchedBy, ()> {
        let mut watched = FxHashMap::default();
        for (account, posts) in grouped(keys, |key| (key.account, key.post)) {
            let posts = self.batch().watched(account, &posts).await?;
            watched.extend(
                posts
                    .into_iter()
                    .map(|post| (WatchedBy { account, post }, ())),
            );
        }
        Ok(watched)
    }
}

impl Load<GroupWatchedBy> for Loader {
    type Value = ();
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[GroupWatchedBy]) -> Loaded<GroupWatchedBy, ()> {
        let mut watched = FxHashMap::default();
        for (account, groups) in grouped(keys, |key| (key.account, key.group)) {
            let groups = self.batch().watched_groups(account, &groups).await?;
            let groups = groups.into_iter();
            watched.extend(groups.map(|group| (GroupWatchedBy { account, group }, ())));
        }
        Ok(watched)
    }
}

impl Load<ReviewsOf> for Loader {
    type Value = Vec<Review>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[ReviewsOf]) -> Loaded<ReviewsOf, Vec<Review>> {
        let keys: Vec<_> = keys.iter().map(|key| key.0).collect();
        let mut all = FxHashMap::default();
        for review in self.batch().reviews_of(&keys).await? {
            if let Some(author) = review.author {
                all.entry(ReviewsOf(author))
                    .or_insert_with(Vec::new)
                    .push(review);
            }
        }
        Ok(all)
    }
}

impl Load<PlaceInQueue> for Loader {
    type Value = i64;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[PlaceInQueue]) -> Loaded<PlaceInQueue, i64> {
        let keys: Vec<_> = keys.iter().map(|key| key.0).collect();
        let places = self.batch().review_places(&keys).await?.into_iter();
        Ok(places
            .map(|(post, place)| (PlaceInQueue(post), place))
            .collect())
    }
}

impl Load<RepliesTo> for Loader {
    type Value = Vec<Arc<Post>>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[RepliesTo]) -> Loaded<RepliesTo, Vec<Arc<Post>>> {
        let mut replies = FxHashMap::default();
        for ((kind, page), posts) in grouped(keys, |key| ((key.kind, key.page), key.post)) {
            for reply in self.batch().replies(&posts, kind, page).await? {
                if let Some(post) = reply.parent {
                    let key = RepliesTo { post, kind, page };
                    replies
                        .entry(key)
                        .or_insert_with(Vec::new)
                        .push(Arc::new(reply));
                }
            }
        }
        Ok(replies)
    }
}

impl Load<PostsOf> for Loader {
    type Value = Vec<Arc<Post>>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[PostsOf]) -> Loaded<PostsOf, Vec<Arc<Post>>> {
        let mut posts = FxHashMap::default();
        for (page, authors) in grouped(keys, |key| (key.page, key.author)) {
            for post in self.batch().posts_of(&authors, page).await? {
                if let Some(author) = post.author {
                    let key = PostsOf { author, page };
                    posts
                        .entry(key)
                        .or_insert_with(Vec::new)
                        .push(Arc::new(post));
                }
            }
        }
        Ok(posts)
    }
}

impl Load<PostsListed> for Loader {
    type Value = Vec<Arc<Post>>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[PostsListed]) -> Loaded<PostsListed, Vec<Arc<Post>>> {
        let mut posts = FxHashMap::default();
        for key in keys {
            let page = self.batch().post_page(&key.filter, key.page).await?;
            posts.insert(key.clone(), page.into_iter().map(Into::into).collect());
        }
        Ok(posts)
    }
}

impl Load<PostsIn> for Loader {
    type Value = Vec<Arc<Post>>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[PostsIn]) -> Loaded<PostsIn, Vec<Arc<Post>>> {
        let mut posts = FxHashMap::default();
        for (page, groups) in grouped(keys, |key| (key.page, key.group)) {
            for post in self.batch().posts_in(&groups, page).await? {
                if let Some(group) = post.group_key {
                    let key = PostsIn { group, page };
                    posts
                        .entry(key)
                        .or_insert_with(Vec::new)
                        .push(Arc::new(post));
                }
            }
        }
        Ok(posts)
    }
}

impl Load<LikesOf> for Loader {
    type Value = Vec<Like>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[LikesOf]) -> Loaded<LikesOf, Vec<Like>> {
        let mut likes = FxHashMap::default();
        for (page, posts) in grouped(keys, |key| (key.page, key.post)) {
            for like in self.batch().likes(&posts, page).await? {
                let key = LikesOf {
                    post: like.post,
                    page,
                };
                likes.entry(key).or_insert_with(Vec::new).push(like);
            }
        }
        Ok(likes)
    }
}

impl Load<LedgerOf> for Loader {
    type Value = Vec<LedgerEntry>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[LedgerOf]) -> Loaded<LedgerOf, Vec<LedgerEntry>> {
        let mut entries = FxHashMap::default();
        for (page, accounts) in grouped(keys, |key| (key.page, key.account)) {
            for entry in self.batch().ledger_of(&accounts, page).await? {
                let account = entry.account;
                let key = LedgerOf { account, page };
                entries.entry(key).or_insert_with(Vec::new).push(entry);
            }
        }
        Ok(entries)
    }
}

impl Load<GiftsTo> for Loader {
    type Value = Vec<Gift>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[GiftsTo]) -> Loaded<GiftsTo, Vec<Gift>> {
        let mut gifts = FxHashMap::default();
        for (page, accounts) in grouped(keys, |key| (key.page, key.account)) {
            for gift in self.batch().gifts_received(&accounts, page).await? {
                let account = gift.receiver;
                let key = GiftsTo { account, page };
                gifts.entry(key).or_insert_with(Vec::new).push(gift);
            }
        }
        Ok(gifts)
    }
}

impl Load<GiftsBy> for Loader {
    type Value = Vec<Gift>;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[GiftsBy]) -> Loaded<GiftsBy, Vec<Gift>> {
        let mut gifts = FxHashMap::default();
        let groups = grouped(keys, |key| ((key.viewer, key.page), key.account));
        for ((viewer, page), accounts) in groups {
            for gift in self.batch().gifts_given(&accounts, viewer, page).await? {
                let key = GiftsBy {
                    account: gift.giver,
                    viewer,
                    page,
                };
                gifts.entry(key).or_insert_with(Vec::new).push(gift);
            }
        }
        Ok(gifts)
    }
}

impl Load<GiftCountBy> for Loader {
    type Value = i64;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[GiftCountBy]) -> Loaded<GiftCountBy, i64> {
        let mut counts = FxHashMap::default();
        for (viewer, accounts) in grouped(keys, |key| (key.viewer, key.account)) {
            for (account, count) in self.batch().gifts_given_count(&accounts, viewer).await? {
                counts.insert(GiftCountBy { account, viewer }, count);
            }
        }
        Ok(counts)
    }
}

impl Load<EntriesOf> for Loader {
    type Value = i64;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[EntriesOf]) -> Loaded<EntriesOf, i64> {
        let keys: Vec<_> = keys.iter().map(|key| key.0).collect();
        let counts = self.batch().ledger_count(&keys).await?.into_iter();
        Ok(counts.map(|(key, count)| (EntriesOf(key), count)).collect())
    }
}

/// Pages of an account's rows of some number, in one read for all accounts and numbers.
macro_rules! numbered_pages {
    ($($key:ident => $row:ident: $read:ident, $number:ident;)+) => {
        $(
            impl Load<$key> for Loader {
                type Value = Vec<$row>;
                type Error = Arc<StoreError>;

                async fn load(&self, keys: &[$key]) -> Loaded<$key, Vec<$row>> {
                    let mut pages: FxHashMap<Page, (FxHashSet<Key>, FxHashSet<i64>)> = FxHashMap::default();
                    for key in keys {
                        let (accounts, numbers) = pages.entry(key.page).or_default();
                        accounts.insert(key.account);
                        numbers.insert(key.$number);
                    }
                    let mut rows = FxHashMap::default();
                    for (page, (accounts, numbers)) in pages {
                        let accounts: Vec<_> = accounts.into_iter().collect();
                        let numbers: Vec<_> = numbers.into_iter().collect();
                        for row in self.batch().$read(&accounts, &numbers, page).await? {
                            let (account, $number) = (row.account, row.$number);
                            let key = $key { account, $number, page };
                            rows.entry(key).or_insert_with(Vec::new).push(row);
                        }
                    }
                    Ok(rows)
                }
            }
        )+
    };
}

numbered_pages! {
    BadgeAwardsOf => Badge: badge_awards, badge;
    MilestoneAwardsOf => PostMilestone: post_milestone_awards, milestone;
}

impl Load<GivenSince> for Loader {
    type Value = i64;
    type Error = Arc<StoreError>;

    /// Only a member themself asks, so there is hardly ever more than one key.
    async fn load(&self, keys: &[GivenSince]) -> Loaded<GivenSince, i64> {
        let mut given = FxHashMap::default();
        for key in keys {
            let store = self.batch();
            let count = store.gifts_given_since(&key.accounts, key.since).await?;
            given.insert(key.clone(), count);
        }
        Ok(given)
    }
}

impl Load<TallyBy> for Loader {
    type Value = i64;
    type Error = Arc<StoreError>;

    async fn load(&self, keys: &[TallyBy]) -> Loaded<TallyBy, i64> {
        let keys: Vec<_> = keys.iter().map(|key| key.0).collect();
        let tallies = self.batch().tallies(&keys).await?;
        let count = |tally: plaudit_projection::Tally| {
            let key = (tally.account, tally.what, tally.since);
            (TallyBy(key), tally.count)
        };
        Ok(tallies.into_iter().map(count).collect())
    }
}

impl Load<EventAt> for Loader {
    type Value = ToldEvent;
    type Error = Arc<JournalError>;

    async fn load(&self, keys: &[EventAt]) -> Result<Found<EventAt, ToldEvent>, Self::Error> {
        self.batches.fetch_add(1, Ordering::Relaxed);
        let positions: Vec<Position> = keys.iter().map(|key| key.0).collect();
        let events = self.journal.read_at(&positions).await?.into_iter();
        let told = events.map(|event| {
            let (kind, _) = event.fact.stored_type();
            let occurred_at = event.occurred_at;
            (EventAt(event.position), ToldEvent { kind, occurred_at })
        });
        Ok(told.collect())
    }
}

/// What is asked for in one way goes into one read; an operation asks in few ways.
fn grouped<K, G: Eq + Hash>(keys: &[K], part: impl Fn(&K) -> (G, Key)) -> FxHashMap<G, Vec<Key>> {
    let mut groups: FxHashMap<G, Vec<Key>> = FxHashMap::default();
    for key in keys {
        let (group, key) = part(key);
        groups.entry(group).or_default().push(key);
    }
    groups
}
