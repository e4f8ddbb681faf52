//! What folding needs: the rows that a batch touches, and writing them back.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::LazyLock;

use plaudit_domain::{AccountId, Position, PostId};
use plaudit_projection::{
    About, Acceptance, Account, Application, Attendance, Badge, Benefit, Certification, Change,
    Course, Entities, Entity, Feedback, FigureOfMonth, Gift, GrantedBadge, Group, GroupWatch,
    Interaction, Key, Leader, LedgerEntry, Like, LozengeGrant, LozengeRequest, Meeting, Membership,
    Missing, Needs, Notification, Optional, Pair, Pairs, Post, PostBody, PostMilestone, PostTag,
    Presentation, Profile, ReadMark, Report, Review, Row, Rows, Rsvp, Sponsor, Tally,
    TimelineEntry, Touched, Waiting, Watch,
};
use rusqlite::{Connection, Params, Transaction, TransactionBehavior};
use rustc_hash::FxHashSet;
use sea_query::SqliteQueryBuilder;

use crate::{Commit, sql};

use super::read::{SQL, by_key};
use super::{Failure, bind, meetings, read, schema};

/// The rows that a batch touches.
pub fn fetch(connection: &Connection, touched: &Touched) -> Result<Rows, Failure> {
    let transaction = connection.unchecked_transaction()?;
    let mut rows = Rows::default();
    let accounts: Vec<AccountId> = touched.accounts.iter().copied().collect();
    let posts: Vec<PostId> = touched.posts.iter().copied().collect();
    load(
        &mut rows.accounts,
        read::by_account_id(&transaction, &SQL.accounts_by_id, &accounts)?,
    );
    load(
        &mut rows.posts,
        read::by_post_id(&transaction, &SQL.posts_by_id, &posts)?,
    );
    if touched.references {
        let references = |post: &Post| [post.parent, post.accepted_answer];
        let keys: Vec<Key> = rows.posts.iter().flat_map(references).flatten().collect();
        load(&mut rows.posts, by_key(&transaction, &SQL.posts, &keys)?);
        let authors: Vec<Key> = rows.posts.iter().filter_map(|post| post.author).collect();
        load(
            &mut rows.accounts,
            by_key(&transaction, &SQL.accounts, &authors)?,
        );
    }

    let groups = touched.groups.iter().map(|id| id.0);
    load(
        &mut rows.groups,
        read::by_id(&transaction, &SQL.groups_by_id, groups)?,
    );

    let likes = pairs(&rows.posts, &rows.accounts, &touched.likes);
    load_pairs(&transaction, &SQL.like, &likes, &mut rows.likes)?;
    let watches = pairs(&rows.posts, &rows.accounts, &touched.watches);
    load_pairs(&transaction, &SQL.watch, &watches, &mut rows.watches)?;
    let memberships = pairs(&rows.groups, &rows.accounts, &touched.memberships);
    load_pairs(
        &transaction,
        &SQL.membership,
        &memberships,
        &mut rows.memberships,
    )?;

    meetings::fetch(&transaction, touched, &mut rows)?;
    let reports = pairs(&rows.posts, &rows.accounts, &touched.reports);
    load_pairs(&transaction, &SQL.report, &reports, &mut rows.reports)?;
    let watches = pairs(&rows.groups, &rows.accounts, &touched.group_watches);
    load_pairs(
        &transaction,
        &SQL.group_watch,
        &watches,
        &mut rows.group_watches,
    )?;
    let reviewed = keys(&rows.posts, &touched.reviews);
    for review in by_key::<Review>(&transaction, &SQL.reviews, &reviewed)? {
        rows.reviews.load(review.post, review);
    }
    fetch_watchers(&transaction, touched, &mut rows)?;

    let posts = keys(&rows.posts, &touched.likes_of);
    if !posts.is_empty() {
        let likes: Vec<Like> = by_key(&transaction, &SQL.likes_of, &posts)?;
        let likers: Vec<Key> = likes.iter().map(|like| like.account).collect();
        for like in likes {
            rows.likes.load(like);
        }
        load(
            &mut rows.accounts,
            by_key(&transaction, &SQL.accounts, &likers)?,
        );
    }
    let authors = keys(&rows.accounts, &touched.posts_of);
    load(
        &mut rows.posts,
        by_key(&transaction, &SQL.all_posts_of, &authors)?,
    );
    let tellers = keys(&rows.accounts, &touched.about);
    for about in by_key::<About>(&transaction, &SQL.about, &tellers)? {
        rows.about.load(about.account, about);
    }

    let holders = keys(&rows.accounts, &touched.lozenges_of);
    for grant in by_key::<LozengeGrant>(&transaction, &SQL.lozenges_of, &holders)? {
        let key = (grant.account, grant.lozenge.clone());
        rows.lozenges.load(key, grant);
    }
    for request in by_key::<LozengeRequest>(&transaction, &SQL.lozenge_requests_of, &holders)? {
        let key = (request.account, request.lozenge.clone());
        rows.lozenge_requests.load(key, request);
    }
    let accepting = keys(&rows.accounts, &touched.acceptances_of);
    for it in by_key::<Acceptance>(&transaction, &SQL.acceptances_of, &accepting)? {
        let key = (it.account, it.agreement.clone(), it.version.clone());
        rows.acceptances.load(key, it);
    }

    let waiting = keys(&rows.accounts, &touched.waiting);
    for waiting in by_key::<Waiting>(&transaction, &SQL.waiting, &waiting)? {
        rows.waiting.load(waiting.account, waiting);
    }
    let mut interaction = transaction.prepare_cached(&SQL.interaction)?;
    for (day, kind, subject) in &touched.interactions {
        for row in bind::rows(&mut interaction, (day.as_micros(), kind, subject))? {
            let key = (*day, kind.clone(), subject.clone());
            rows.interactions.load(key, row);
        }
    }

    // Last of all, for any account may be linked.
    let linked = rows.accounts.iter().filter(|account| account.is_linked());
    let profiles: BTreeSet<Key> = linked.map(|account| account.profile).collect();
    let profiles: Vec<Key> = profiles.into_iter().collect();
    let together: Vec<Account> = by_key(&transaction, &SQL.accounts_of, &profiles)?;
    let mut learners: BTreeSet<Key> = together.iter().map(|account| account.key).collect();
    load(&mut rows.accounts, together);
    learners.extend(keys(&rows.accounts, &touched.courses_of));
    // Accounts that are linked within the batch come together only now.
    learners.extend(keys(&rows.accounts, &touched.linked));
    let learners: Vec<Key> = learners.into_iter().collect();
    for course in by_key::<Course>(&transaction, &SQL.courses_of, &learners)? {
        rows.courses.load(course);
    }
    Ok(rows)
}

/// Those whom the events are told to.
fn fetch_watchers(
    connection: &Connection,
    touched: &Touched,
    rows: &mut Rows,
) -> Result<(), Failure> {
    let posts = keys(&rows.posts, &touched.watchers_of);
    let watches: Vec<Watch> = by_key(connection, &SQL.watches_of, &posts)?;
    let groups = keys(&rows.groups, &touched.watchers_of_groups);
    let group_watches: Vec<GroupWatch> = by_key(connection, &SQL.group_watches_of, &groups)?;
    let mut accounts: BTreeSet<Key> = watches.iter().map(|watch| watch.account).collect();
    accounts.extend(group_watches.iter().map(|watch| watch.account));
    let posts = posts.iter().filter_map(|post| rows.posts.find_key(*post));
    accounts.extend(posts.filter_map(|post| post.author));
    let accounts: Vec<Key> = accounts.into_iter().collect();
    load(
        &mut rows.accounts,
        by_key(connection, &SQL.accounts, &accounts)?,
    );
    for watch in watches {
        rows.watches.load(watch);
    }
    for watch in group_watches {
        rows.group_watches.load(watch);
    }
    Ok(())
}

/// The rows that deeds need to be reckoned.
pub fn fetch_for(connection: &Connection, needs: &Needs, rows: &mut Rows) -> Result<(), Failure> {
    let transaction = connection.unchecked_transaction()?;
    let mut of_event = transaction.prepare_cached(&SQL.entries_between)?;
    let mut entries = Vec::new();
    for &position in &needs.entries {
        let (first, end) = LedgerEntry::keys_of(position);
        entries.extend(bind::rows(&mut of_event, (first.0, end.0))?);
    }
    rows.ledger.load(entries);
    let mut tally = transaction.prepare_cached(&SQL.tally)?;
    for &(account, what, since) in &needs.tallies {
        for row in bind::rows(&mut tally, (account.0, what, since.as_micros()))? {
            rows.tallies.load((account, what, since), row);
        }
    }
    let posts: Vec<Key> = needs.milestones.iter().copied().collect();
    for row in by_key::<PostMilestone>(&transaction, &SQL.milestones_of_posts, &posts)? {
        rows.post_milestones.load((row.post, row.milestone), row);
    }
    Ok(())
}

/// The keys of those that are there.
pub(super) fn keys<R: Entity<Id: Missing>>(
    entities: &Entities<R>,
    ids: &FxHashSet<R::Id>,
) -> Vec<Key> {
    let there = ids.iter().filter_map(|id| entities.find(*id));
    there.map(Entity::key).collect()
}

pub(super) fn load<R: Entity<Id: Missing>>(entities: &mut Entities<R>, rows: Vec<R>) {
    for row in rows {
        entities.load(row);
    }
}

/// The keys of pairs; a pair of something that isn't there yet can't be there either.
pub(super) fn pairs<R: Entity<Id: Missing>>(
    entities: &Entities<R>,
    accounts: &Entities<Account>,
    pairs: &FxHashSet<(R::Id, AccountId)>,
) -> Vec<(Key, Key)> {
    pairs
        .iter()
        .filter_map(|&(with, account)| {
            let with = entities.find(with)?;
            let account = accounts.find(account)?;
            Some((with.key(), account.key))
        })
        .collect()
}

pub(super) fn load_pairs<R: Row + Pair>(
    connection: &Connection,
    sql: &str,
    keys: &[(Key, Key)],
    pairs: &mut Pairs<R>,
) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    for (with, account) in keys {
        for row in bind::rows(&mut statement, (with.0, account.0))? {
            pairs.load(row);
        }
    }
    Ok(())
}

/// Writes the changed rows of a batch and moves the position, all or none.
pub fn commit(
    connection: &mut Connection,
    rows: &Rows,
    from: Position,
    to: Position,
) -> Result<Commit, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if !schema::advance(&transaction, from, to, rows)? {
        let at = schema::position(&transaction)?;
        return Ok(Commit::Overtaken { at });
    }
    insert(&transaction, rows.accounts.added())?;
    update(&transaction, rows.accounts.changed())?;
    insert(&transaction, rows.posts.added())?;
    update(&transaction, rows.posts.changed())?;
    put::<PostBody>(&transaction, rows.bodies.iter())?;
    put::<Profile>(&transaction, rows.profiles.iter())?;
    for key in &rows.former_profiles {
        delete::<Profile>(&transaction, *key)?;
    }
    change_optional(&transaction, &rows.reviews, |post| [post.0])?;
    change::<Report>(&transaction, rows.reports.changes())?;
    insert(&transaction, rows.groups.added())?;
    update(&transaction, rows.groups.changed())?;
    change::<GroupWatch>(&transaction, rows.group_watches.changes())?;
    insert(&transaction, &rows.timeline)?;
    insert(&transaction, &rows.notifications)?;
    put(&transaction, rows.read_marks.iter())?;
    add_figures(&transaction, rows)?;
    change::<Membership>(&transaction, rows.memberships.changes())?;
    change::<Leader>(&transaction, rows.leaders.changes())?;
    put(
        &transaction,
        rows.applications.changes().filter_map(|(_, row)| row),
    )?;
    insert(&transaction, rows.meetings.added())?;
    update(&transaction, rows.meetings.changed())?;
    change::<Rsvp>(&transaction, rows.rsvps.changes())?;
    change::<Attendance>(&transaction, rows.attendance.changes())?;
    insert(&transaction, rows.presentations.added())?;
    update(&transaction, rows.presentations.changed())?;
    change::<Sponsor>(&transaction, rows.sponsors.changes())?;
    insert(&transaction, rows.benefits.added())?;
    update(&transaction, rows.benefits.changed())?;
    change_optional(&transaction, &rows.about, |account| [account.0])?;
    insert(&transaction, rows.ledger.added())?;
    change_optional(&transaction, &rows.tallies, |(account, what, since)| {
        [account.0, what, since.as_micros()]
    })?;
    change_optional(&transaction, &rows.badges, |(account, badge, cause)| {
        [account.0, badge, cause]
    })?;
    change_optional(&transaction, &rows.post_milestones, |(post, milestone)| {
        [post.0, milestone]
    })?;
    insert(&transaction, &rows.granted_badges)?;
    let of_lozenge = |(account, lozenge): (Key, String)| (account.0, lozenge);
    change_optional(&transaction, &rows.lozenges, of_lozenge)?;
    change_optional(&transaction, &rows.lozenge_requests, of_lozenge)?;
    change_optional(&transaction, &rows.acceptances, |(account, of, version)| {
        (account.0, of, version)
    })?;
    change_optional(&transaction, &rows.waiting, |account| [account.0])?;
    insert(&transaction, &rows.gifts)?;
    insert(&transaction, &rows.feedback)?;
    put(
        &transaction,
        rows.interactions.changes().filter_map(|(_, row)| row),
    )?;
    erase_content(&transaction, &rows.erased_authors)?;
    erase_identities(&transaction, &rows.erased_owners)?;
    erase_notes(&transaction, &rows.erased_owners)?;
    insert::<Course>(&transaction, rows.courses.added())?;
    insert::<Certification>(&transaction, &rows.certifications)?;
    change::<Like>(&transaction, rows.likes.changes())?;
    change::<Watch>(&transaction, rows.watches.changes())?;
    remove(&transaction, rows.tags.removed())?;
    put(&transaction, rows.tags.added())?;
    transaction.commit()?;
    Ok(Commit::Done)
}

fn insert<R: Row>(transaction: &Transaction<'_>, rows: &[R]) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(&WRITES[R::TABLE].insert)?;
    rows.iter()
        .try_for_each(|row| bind::execute(&mut statement, row))
}

/// Writes rows in place of what they were before.
fn update<'a, R: Row>(
    transaction: &Transaction<'_>,
    rows: impl Iterator<Item = (&'a R, &'a R)>,
) -> rusqlite::Result<()> {
    let Writes {
        update, reindex, ..
    } = &WRITES[R::TABLE];
    let mut statement = transaction.prepare_cached(&update.sql)?;
    for (before, after) in rows {
        let (before, after) = (bind::cells(before), bind::cells(after));
        let is_reindexed = update.left_out.iter().any(|&at| before[at] != after[at]);
        if is_reindexed {
            let mut statement = transaction.prepare_cached(&reindex.sql)?;
            bind::execute_with(&mut statement, reindex.cells.iter().map(|&at| after[at]))?;
        } else {
            bind::execute_with(&mut statement, update.cells.iter().map(|&at| after[at]))?;
        }
    }
    Ok(())
}

/// Writes rows, new or not.
fn put<'a, R: Row>(
    transaction: &Transaction<'_>,
    rows: impl Iterator<Item = &'a R>,
) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(&WRITES[R::TABLE].upsert)?;
    for row in rows {
        bind::execute(&mut statement, row)?;
    }
    Ok(())
}

/// Removes rows that are nothing but their key.
fn remove<'a, R: Row>(
    transaction: &Transaction<'_>,
    rows: impl Iterator<Item = &'a R>,
) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(&WRITES[R::TABLE].delete)?;
    for row in rows {
        bind::execute(&mut statement, row)?;
    }
    Ok(())
}

/// Removes the row of a key.
fn delete<R: Row>(transaction: &Transaction<'_>, key: Key) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(&WRITES[R::TABLE].delete)?;
    statement.execute([key.0]).map(drop)
}

fn change<'a, R: Row>(
    transaction: &Transaction<'_>,
    changes: impl Iterator<Item = Change<&'a R>>,
) -> rusqlite::Result<()> {
    let mut upsert = transaction.prepare_cached(&WRITES[R::TABLE].upsert)?;
    let mut delete = transaction.prepare_cached(&WRITES[R::TABLE].delete)?;
    for change in changes {
        match change {
            Change::Put(row) => bind::execute(&mut upsert, row)?,
            Change::Remove { with, account } => {
                delete.execute((with.0, account.0))?;
            }
        }
    }
    Ok(())
}

fn change_optional<R: Row, K: Clone + Eq + Hash, P: Params>(
    transaction: &Transaction<'_>,
    rows: &Optional<R, K>,
    key: impl Fn(K) -> P,
) -> rusqlite::Result<()> {
    let mut upsert = transaction.prepare_cached(&WRITES[R::TABLE].upsert)?;
    let mut delete = transaction.prepare_cached(&WRITES[R::TABLE].delete)?;
    for (changed, row) in rows.changes() {
        match row {
            Some(row) => bind::execute(&mut upsert, row)?,
            None => {
                delete.execute(key(changed))?;
            }
        }
    }
    Ok(())
}

/// Adds to figures, whatever they were; what comes to nothing goes.
fn add_figures(transaction: &Transaction<'_>, rows: &Rows) -> rusqlite::Result<()> {
    let mut add = transaction.prepare_cached(
        "INSERT INTO figure (figure, month, count) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET count = count + excluded.count",
    )?;
    let mut tidy = transaction
        .prepare_cached("DELETE FROM figure WHERE figure = ?1 AND month = ?2 AND count = 0")?;
    for change in rows.figures.changes() {
        let (figure, month) = (change.figure.as_str(), change.month.as_micros());
        add.execute((figure, month, change.count))?;
        tidy.execute((figure, month))?;
    }
    Ok(())
}

/// Takes away what accounts were told about themselves.
fn erase_notes(transaction: &Transaction<'_>, accounts: &FxHashSet<Key>) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(
        "UPDATE notification SET note = NULL WHERE account = ?1 AND note IS NOT NULL",
    )?;
    for account in accounts {
        statement.execute([account.0])?;
    }
    Ok(())
}

/// Takes away what accounts wrote besides posts, and what was said of that.
fn erase_content(transaction: &Transaction<'_>, authors: &FxHashSet<Key>) -> rusqlite::Result<()> {
    for author in authors {
        transaction.execute(
            "UPDATE gift SET message = NULL WHERE giver = ?1",
            [author.0],
        )?;
        transaction.execute(
            "UPDATE report SET comment = NULL WHERE account = ?1",
            [author.0],
        )?;
        transaction.execute(
            "UPDATE review SET reason = NULL, deleted = 1 WHERE author = ?1",
            [author.0],
        )?;
        transaction.execute(
            "UPDATE feedback SET text = NULL WHERE account = ?1",
            [author.0],
        )?;
        transaction.execute(
            "UPDATE application SET message = NULL, reason = NULL, name = NULL, \
             description = NULL, location = NULL WHERE account = ?1",
            [author.0],
        )?;
        transaction.execute(
            "UPDATE presentation SET title = NULL, summary = NULL, note = NULL WHERE speaker = ?1",
            [author.0],
        )?;
    }
    Ok(())
}

/// Takes away what says whose accounts are, besides what stands in their own rows.
fn erase_identities(
    transaction: &Transaction<'_>,
    accounts: &FxHashSet<Key>,
) -> rusqlite::Result<()> {
    for account in accounts {
        transaction.execute(
            "UPDATE benefit SET what = NULL, address = NULL, reason = NULL WHERE account = ?1",
            [account.0],
        )?;
        transaction.execute(
            "UPDATE sponsor SET company = NULL WHERE account = ?1",
            [account.0],
        )?;
    }
    Ok(())
}

/// The statements that write a table, by its name.
static WRITES: LazyLock<HashMap<&'static str, Writes>> = LazyLock::new(|| {
    fn writes<R: Row>() -> (&'static str, Writes) {
        (R::TABLE, Writes::of::<R>())
    }
    schema::for_every_row!(writes).into_iter().collect()
});

struct Writes {
    insert: String,
    upsert: String,
    /// Leaves what is indexed as it is: setting it would write every index anew, even to the same.
    update: Update,
    /// Leaves out nothing.
    reindex: Update,
    delete: String,
}

/// A statement that changes a row; its parameters are cells of the row.
struct Update {
    sql: String,
    cells: Vec<usize>,
    left_out: Vec<usize>,
}

impl Writes {
    fn of<R: Row>() -> Self {
        let indexed = R::UNIQUE.iter().chain(R::INDEXES).copied().flatten();
        let indexed: Vec<&str> = indexed.copied().collect();
        Self {
            insert: sql::insert::<R>().to_string(SqliteQueryBuilder),
            upsert: sql::upsert::<R>().to_string(SqliteQueryBuilder),
            update: Update::of::<R>(&indexed),
            reindex: Update::of::<R>(&[]),
            delete: sql::delete::<R>().to_string(SqliteQueryBuilder),
        }
    }
}

impl Update {
    fn of<R: Row>(left_out: &[&str]) -> Self {
        let names: Vec<&'static str> = sql::names::<R>().collect();
        let changed = |name: &&str| !R::PRIMARY.contains(name) && !left_out.contains(name);
        let changed = names.iter().copied().filter(changed);
        let place = |name: &str| names.iter().position(|other| *other == name);
        let parameters = changed.clone().chain(R::PRIMARY.iter().copied());
        Self {
            sql: sql::update::<R>(changed).to_string(SqliteQueryBuilder),
            cells: parameters.filter_map(place).collect(),
            left_out: left_out.iter().copied().filter_map(place).collect(),
        }
    }
}
