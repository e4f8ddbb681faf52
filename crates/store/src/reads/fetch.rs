//! What folding needs: the rows that a batch touches. What doesn't depend on one another is asked for together,
//! for engines that are far away.

use std::collections::BTreeSet;

use futures_util::try_join;
use plaudit_domain::{AccountId, Position, PostId};
use plaudit_projection::tally::TallyKey;
use plaudit_projection::{
    About, Acceptance, Account, Course, Entities, Entity, GroupWatch, Interaction, Key,
    LedgerEntry, Like, LozengeGrant, LozengeRequest, Meeting, Missing, Needs, Pair, Pairs, Post,
    PostMilestone, Review, Rows, Rsvp, Touched, Waiting, Watch, meeting,
};
use rustc_hash::FxHashSet;
use uuid::Uuid;

use super::meetings::{self, SQL as MEETINGS};
use super::{SQL, by_id, by_key, by_pairs};
use crate::Result;
use crate::engine::{Session, one, text};
use crate::statement::{Param, statement};

/// The position up to which events are folded in.
pub async fn position(session: &impl Session) -> Result<Position> {
    let position: i64 = one(session, statement!("SELECT position FROM progress"), &[]).await?;
    Ok(position.cast_unsigned())
}

/// Position and id of the last event that is folded in.
pub async fn last_event(session: &impl Session) -> Result<Option<(Position, Uuid)>> {
    let sql = statement!("SELECT position, event FROM progress");
    let (position, event): (i64, Option<Uuid>) = one(session, sql, &[]).await?;
    Ok(event.map(|event| (position.cast_unsigned(), event)))
}

/// Whether something was erased since it was last noted that nothing of that is left.
pub async fn has_erased(session: &impl Session) -> Result<bool> {
    one(session, statement!("SELECT erased FROM progress"), &[]).await
}

/// Adds the rows that a batch touches to those of batches before it that aren't written yet. What is here, or
/// went from here, is newer than what the store has.
pub async fn touched(session: &impl Session, touched: &Touched, rows: &mut Rows) -> Result<()> {
    let known = rows.accounts.loaded().len();
    fetch_named(session, touched, rows).await?;
    fetch_related(session, touched, rows).await?;
    fetch_watchers(session, touched, rows).await?;
    fetch_owned(session, touched, rows).await?;
    fetch_linked(session, touched, known, rows).await
}

/// What has public ids.
async fn fetch_named(session: &impl Session, touched: &Touched, rows: &mut Rows) -> Result<()> {
    let accounts = unknown(&rows.accounts, &touched.accounts, |id| id.0);
    let posts = unknown(&rows.posts, &touched.posts, |id| id.0);
    let groups = unknown(&rows.groups, &touched.groups, |id| id.0);
    let meetings = unknown(&rows.meetings, &touched.meetings, |id| id.0);
    let presentations = unknown(&rows.presentations, &touched.presentations, |id| id.0);
    let benefits = unknown(&rows.benefits, &touched.benefits, |id| id.0);
    let (accounts, posts, groups, meetings, presentations, benefits) = try_join!(
        by_id(session, &SQL.accounts_by_id, accounts),
        by_id(session, &SQL.posts_by_id, posts),
        by_id(session, &SQL.groups_by_id, groups),
        by_id(session, &MEETINGS.meetings_by_id, meetings),
        by_id(session, &MEETINGS.presentations_by_id, presentations),
        by_id(session, &MEETINGS.benefits_by_id, benefits),
    )?;
    load(&mut rows.accounts, accounts);
    load(&mut rows.posts, posts);
    load(&mut rows.groups, groups);
    load(&mut rows.meetings, meetings);
    load(&mut rows.presentations, presentations);
    load(&mut rows.benefits, benefits);
    if let Some(referring) = &touched.references {
        fetch_references(session, touched, referring, rows).await?;
    }
    Ok(())
}

/// Who wrote posts, and what some of them refer to.
async fn fetch_references(
    session: &impl Session,
    touched: &Touched,
    referring: &FxHashSet<PostId>,
    rows: &mut Rows,
) -> Result<()> {
    let referring = referring.iter().filter_map(|id| rows.posts.find(*id));
    let referred = referring.flat_map(|post| [post.parent, post.accepted_answer()]);
    let referred: Vec<Key> = referred.flatten().collect();
    let posts = not_here(&rows.posts, referred.iter().copied());
    load(&mut rows.posts, by_key(session, &SQL.posts, &posts).await?);
    let named = touched.posts.iter().filter_map(|id| rows.posts.find(*id));
    let referred = referred.iter().filter_map(|key| rows.posts.find_key(*key));
    let authors = named.chain(referred).filter_map(|post| post.author);
    let authors: BTreeSet<Key> = authors.collect();
    let authors = not_here(&rows.accounts, authors);
    let authors = by_key(session, &SQL.accounts, &authors).await?;
    load(&mut rows.accounts, authors);
    Ok(())
}

/// What is between those.
async fn fetch_related(session: &impl Session, touched: &Touched, rows: &mut Rows) -> Result<()> {
    let likes = pairs(&rows.likes, &rows.posts, &rows.accounts, &touched.likes);
    let watches = pairs(&rows.watches, &rows.posts, &rows.accounts, &touched.watches);
    let memberships = pairs(
        &rows.memberships,
        &rows.groups,
        &rows.accounts,
        &touched.memberships,
    );
    let leaders = pairs(
        &rows.leaders,
        &rows.groups,
        &rows.accounts,
        &touched.leaders,
    );
    let rsvps = pairs(&rows.rsvps, &rows.meetings, &rows.accounts, &touched.rsvps);
    let attendance = pairs(
        &rows.attendance,
        &rows.meetings,
        &rows.accounts,
        &touched.attendance,
    );
    let sponsors = pairs(
        &rows.sponsors,
        &rows.meetings,
        &rows.accounts,
        &touched.sponsors,
    );
    let reports = pairs(&rows.reports, &rows.posts, &rows.accounts, &touched.reports);
    let group_watches = pairs(
        &rows.group_watches,
        &rows.groups,
        &rows.accounts,
        &touched.group_watches,
    );
    let asked = touched.applications.iter().filter_map(|&(group, account)| {
        let account = rows.accounts.find(account)?;
        Some((group, account.key))
    });
    let asked: Vec<_> = asked.collect();
    let (likes, watches, memberships, leaders, rsvps) = try_join!(
        by_pairs(session, &SQL.like, &likes),
        by_pairs(session, &SQL.watch, &watches),
        by_pairs(session, &SQL.membership, &memberships),
        by_pairs(session, &MEETINGS.leader, &leaders),
        by_pairs(session, &MEETINGS.rsvp, &rsvps),
    )?;
    let (attendance, sponsors, reports, group_watches, applications) = try_join!(
        by_pairs(session, &MEETINGS.attendance, &attendance),
        by_pairs(session, &MEETINGS.sponsor, &sponsors),
        by_pairs(session, &SQL.report, &reports),
        by_pairs(session, &SQL.group_watch, &group_watches),
        meetings::applications(session, &asked),
    )?;
    load_pairs(&mut rows.likes, likes);
    load_pairs(&mut rows.watches, watches);
    load_pairs(&mut rows.memberships, memberships);
    load_pairs(&mut rows.leaders, leaders);
    load_pairs(&mut rows.rsvps, rsvps);
    load_pairs(&mut rows.attendance, attendance);
    load_pairs(&mut rows.sponsors, sponsors);
    load_pairs(&mut rows.reports, reports);
    load_pairs(&mut rows.group_watches, group_watches);
    for application in applications {
        rows.applications.load(application);
    }
    Ok(())
}

/// Those whom the events are told to.
async fn fetch_watchers(session: &impl Session, touched: &Touched, rows: &mut Rows) -> Result<()> {
    let posts = keys(&rows.posts, &touched.watchers_of);
    let groups = keys(&rows.groups, &touched.watchers_of_groups);
    let mut meetings = keys(&rows.meetings, &touched.rsvps_of);
    meetings.extend(fetch_left(session, touched, rows).await?);
    let liked = keys(&rows.posts, &touched.likes_of);
    let (watches, group_watches, coming, likes) = try_join!(
        by_key::<Watch>(session, &SQL.watches_of, &posts),
        by_key::<GroupWatch>(session, &SQL.group_watches_of, &groups),
        by_key::<Rsvp>(session, &MEETINGS.coming_to, &meetings),
        by_key::<Like>(session, &SQL.likes_of, &liked),
    )?;
    let mut accounts: BTreeSet<Key> = watches.iter().map(|watch| watch.account).collect();
    accounts.extend(group_watches.iter().map(|watch| watch.account));
    accounts.extend(coming.iter().map(|rsvp| rsvp.account));
    accounts.extend(likes.iter().map(|like| like.account));
    let posts = posts.iter().filter_map(|post| rows.posts.find_key(*post));
    accounts.extend(posts.filter_map(|post| post.author));
    let accounts = not_here(&rows.accounts, accounts);
    let accounts = by_key(session, &SQL.accounts, &accounts).await?;
    load(&mut rows.accounts, accounts);
    load_pairs(&mut rows.watches, watches);
    load_pairs(&mut rows.group_watches, group_watches);
    load_pairs(&mut rows.rsvps, coming);
    load_pairs(&mut rows.likes, likes);
    Ok(())
}

/// The meetings where erased accounts may leave places: which of those that nothing became of yet they
/// answered to, and which they answer to in the same batch, or in one that isn't written yet.
async fn fetch_left(
    session: &impl Session,
    touched: &Touched,
    rows: &mut Rows,
) -> Result<Vec<Key>> {
    if touched.places_of.is_empty() {
        return Ok(vec![]);
    }
    let accounts = touched.places_of.iter();
    let accounts = accounts.filter_map(|id| Some(rows.accounts.find(*id)?.key));
    let accounts: Vec<Key> = accounts.collect();
    let places: Vec<Rsvp> = by_key(session, &MEETINGS.places_of, &accounts).await?;
    let left: Vec<Key> = places.iter().map(|rsvp| rsvp.meeting).collect();
    let mut left: Vec<Meeting> = by_key(session, &MEETINGS.meetings, &left).await?;
    left.retain(|meeting| {
        let now = rows.meetings.find_key(meeting.key).unwrap_or(meeting);
        now.state == meeting::State::Scheduled
    });
    let answered = touched.rsvps.iter().filter_map(|(meeting, account)| {
        let is_left = touched.places_of.contains(account);
        is_left.then(|| rows.meetings.find(*meeting).map(|meeting| meeting.key))?
    });
    let mut meetings: Vec<Key> = answered.collect();
    let here = rows.rsvps.iter();
    let here = here.filter(|rsvp| accounts.contains(&rsvp.account));
    meetings.extend(here.map(|rsvp| rsvp.meeting));
    meetings.extend(left.iter().map(|meeting| meeting.key));
    load(&mut rows.meetings, left);
    Ok(meetings)
}

/// What belongs to accounts and posts.
async fn fetch_owned(session: &impl Session, touched: &Touched, rows: &mut Rows) -> Result<()> {
    let reviewed = keys(&rows.posts, &touched.reviews);
    let authors = keys(&rows.accounts, &touched.posts_of);
    let tellers = keys(&rows.accounts, &touched.about);
    let holders = keys(&rows.accounts, &touched.lozenges_of);
    let accepting = keys(&rows.accounts, &touched.acceptances_of);
    let waiting = keys(&rows.accounts, &touched.waiting);
    let interactions = touched.interactions.iter();
    let interactions: Vec<_> = interactions
        .map(|(day, kind, subject)| {
            let day = Param::Integer(day.as_micros());
            [day, Param::Text(kind), Param::Text(subject)]
        })
        .collect();
    let (reviews, posts, about, waiting) = try_join!(
        by_key::<Review>(session, &SQL.reviews, &reviewed),
        by_key::<Post>(session, &SQL.all_posts_of, &authors),
        by_key::<About>(session, &SQL.about, &tellers),
        by_key::<Waiting>(session, &SQL.waiting, &waiting),
    )?;
    let (grants, requests, acceptances, interactions) = try_join!(
        by_key::<LozengeGrant>(session, &SQL.lozenges_of, &holders),
        by_key::<LozengeRequest>(session, &SQL.lozenge_requests_of, &holders),
        by_key::<Acceptance>(session, &SQL.acceptances_of, &accepting),
        session.query_each::<Interaction, 3>(text(session, &SQL.interaction), &interactions),
    )?;
    load(&mut rows.posts, posts);
    for review in reviews {
        rows.reviews.load(review);
    }
    for about in about {
        rows.about.load(about);
    }
    for grant in grants {
        rows.lozenges.load(grant);
    }
    for request in requests {
        rows.lozenge_requests.load(request);
    }
    for it in acceptances {
        rows.acceptances.load(it);
    }
    for waiting in waiting {
        rows.waiting.load(waiting);
    }
    for row in interactions {
        rows.interactions.load(row);
    }
    Ok(())
}

/// Accounts of the same profiles, and their courses. Last of all, for any account may be linked.
/// Of those that were here before, all are here.
async fn fetch_linked(
    session: &impl Session,
    touched: &Touched,
    known: usize,
    rows: &mut Rows,
) -> Result<()> {
    let linked = rows.accounts.loaded().iter().skip(known);
    let linked = linked.filter(|account| account.is_linked());
    let profiles: BTreeSet<Key> = linked.map(|account| account.profile).collect();
    let profiles: Vec<Key> = profiles.into_iter().collect();
    let together: Vec<Account> = by_key(session, &SQL.accounts_of, &profiles).await?;
    let mut learners: BTreeSet<Key> = together.iter().map(|account| account.key).collect();
    load(&mut rows.accounts, together);
    learners.extend(keys(&rows.accounts, &touched.courses_of));
    // Accounts that are linked within the batch come together only now.
    learners.extend(keys(&rows.accounts, &touched.linked));
    let learners: Vec<Key> = learners.into_iter().collect();
    for course in by_key::<Course>(session, &SQL.courses_of, &learners).await? {
        rows.courses.load(course);
    }
    Ok(())
}

/// The rows that deeds need to be reckoned.
pub async fn needed(session: &impl Session, needs: &Needs, rows: &mut Rows) -> Result<()> {
    let between = |&position: &i64| {
        let (first, end) = LedgerEntry::keys_of(position);
        [first.into(), end.into()]
    };
    let entries: Vec<_> = needs.entries.iter().map(between).collect();
    let tallies = needs.tallies.iter().copied();
    let is_stored = |key: &TallyKey| !rows.tallies.knows(key) && !rows.accounts.is_added(key.0);
    let mut tallies: Vec<TallyKey> = tallies.filter(is_stored).collect();
    tallies.sort_unstable();
    let posts = needs.milestones.iter().copied();
    let posts: Vec<Key> = posts.filter(|post| !rows.posts.is_added(*post)).collect();
    let (entries, tallies, milestones) = try_join!(
        session.query_each(text(session, &SQL.entries_between), &entries),
        super::kudos::tallies(session, &tallies),
        by_key::<PostMilestone>(session, &SQL.milestones_of_posts, &posts),
    )?;
    rows.ledger.load(entries);
    for tally in tallies {
        rows.tallies.load(tally);
    }
    for row in milestones {
        rows.post_milestones.load(row);
    }
    Ok(())
}

/// The ids of those that aren't here.
fn unknown<R: Entity<Id: Missing>>(
    entities: &Entities<R>,
    ids: &FxHashSet<R::Id>,
    id: impl Fn(&R::Id) -> Uuid,
) -> Vec<Uuid> {
    let unknown = ids.iter().filter(|id| entities.find(**id).is_none());
    unknown.map(id).collect()
}

/// The keys of those that aren't here.
fn not_here<R: Entity<Id: Missing>>(
    entities: &Entities<R>,
    keys: impl IntoIterator<Item = Key>,
) -> Vec<Key> {
    let keys = keys.into_iter();
    keys.filter(|key| entities.find_key(*key).is_none())
        .collect()
}

/// The keys of those that the store has: it has nothing of others.
fn keys<R: Entity<Id: Missing>>(entities: &Entities<R>, ids: &FxHashSet<R::Id>) -> Vec<Key> {
    let there = ids.iter().filter_map(|id| entities.find(*id));
    let keys = there.map(Entity::key);
    keys.filter(|key| !entities.is_added(*key)).collect()
}

fn load<R: Entity<Id: Missing>>(entities: &mut Entities<R>, rows: Vec<R>) {
    for row in rows {
        entities.load(row);
    }
}

fn load_pairs<R: Pair>(pairs: &mut Pairs<R>, rows: Vec<R>) {
    for row in rows {
        pairs.load(row);
    }
}

/// The keys of pairs that aren't here; of something that the store doesn't have it has no pair either.
fn pairs<P: Pair, R: Entity<Id: Missing>>(
    here: &Pairs<P>,
    entities: &Entities<R>,
    accounts: &Entities<Account>,
    pairs: &FxHashSet<(R::Id, AccountId)>,
) -> Vec<(Key, Key)> {
    let stored = pairs.iter().filter_map(|&(with, account)| {
        let pair = (entities.find(with)?.key(), accounts.find(account)?.key);
        let is_new = entities.is_added(pair.0) || accounts.is_added(pair.1);
        (!is_new && !here.knows(pair)).then_some(pair)
    });
    let mut stored: Vec<_> = stored.collect();
    // As they are kept, so that those that stand together are read together.
    stored.sort_unstable();
    stored
}
