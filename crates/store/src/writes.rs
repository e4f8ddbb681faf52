//! What is written, and in which order: once, for all engines.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use plaudit_domain::Position;
use plaudit_projection::{
    Attendance, Certification, Change, Course, FigureOfMonth, GroupWatch, Key, Keyed, Leader, Like,
    Membership, Notification, Optional, Pair, PostBody, PostTag, Profile, ReadMark, Report, Row,
    Rows, Rsvp, Sponsor, TagChanges, Watch,
};
use rustc_hash::FxHashSet;

use crate::Result;
use crate::engine::{Loader, Writer};
use crate::statement::{Param, Statement, statement};

/// Moves the fold's position from the first parameter to the second, if it is there; notes the last event and
/// what was erased.
pub fn advance() -> &'static Statement {
    statement!(
        "UPDATE progress SET position = ?2, event = coalesce(?3, event), erased = erased OR ?4,
         people = coalesce(?5, people) WHERE position = ?1"
    )
}

/// The parameters of that.
pub fn advanced(rows: &Rows, from: Position, to: Position) -> [Param<'static>; 5] {
    [
        Param::Integer(from.cast_signed()),
        Param::Integer(to.cast_signed()),
        rows.last.map_or(Param::Null, Param::Uuid),
        Param::Truth(rows.erased),
        rows.people
            .map_or(Param::Null, |people| Param::Integer(people.cast_signed())),
    ]
}

/// Notes where the fold stands for the first time.
pub fn start() -> &'static Statement {
    statement!(
        "INSERT INTO progress (one, position, event, erased, people, shape)
         VALUES (1, ?1, ?2, ?3, ?4, ?5)"
    )
}

/// The parameters of that.
pub fn started<'a>(rows: &Rows, position: Position, shape: &'a str) -> [Param<'a>; 5] {
    [
        Param::Integer(position.cast_signed()),
        rows.last.map_or(Param::Null, Param::Uuid),
        Param::Truth(rows.erased),
        Param::Integer(rows.people.unwrap_or_default().cast_signed()),
        Param::Text(shape),
    ]
}

/// Writes the changed rows of a batch.
pub fn write(writer: &mut impl Writer, rows: &Rows) -> Result<()> {
    writer.insert(rows.accounts.added().iter())?;
    writer.update(rows.accounts.changed())?;
    writer.insert(rows.posts.added().iter())?;
    writer.update(rows.posts.changed())?;
    writer.put(last_of_each(&rows.bodies).into_values())?;
    writer.put(rows.profiles.iter())?;
    let former: Vec<_> = rows
        .former_profiles
        .iter()
        .map(|key| [(*key).into()])
        .collect();
    writer.remove::<Profile, 1>(&former)?;
    change_optional(writer, &rows.reviews, |post| [(*post).into()])?;
    change::<Report>(writer, rows.reports.changes())?;
    writer.insert(rows.groups.added().iter())?;
    writer.update(rows.groups.changed())?;
    change::<GroupWatch>(writer, rows.group_watches.changes())?;
    writer.insert(rows.timeline.iter())?;
    writer.insert(rows.notifications.iter())?;
    writer.put(rows.read_marks.iter())?;
    add_figures(writer, rows)?;
    change::<Membership>(writer, rows.memberships.changes())?;
    change::<Leader>(writer, rows.leaders.changes())?;
    writer.put(rows.applications.changed())?;
    writer.insert(rows.meetings.added().iter())?;
    writer.update(rows.meetings.changed())?;
    change::<Rsvp>(writer, rows.rsvps.changes())?;
    change::<Attendance>(writer, rows.attendance.changes())?;
    writer.insert(rows.presentations.added().iter())?;
    writer.update(rows.presentations.changed())?;
    change::<Sponsor>(writer, rows.sponsors.changes())?;
    writer.insert(rows.benefits.added().iter())?;
    writer.update(rows.benefits.changed())?;
    change_optional(writer, &rows.about, |account| [(*account).into()])?;
    writer.insert(rows.ledger.added().iter())?;
    change_optional(writer, &rows.tallies, |(account, what, since)| {
        [account.0, *what, since.as_micros()].map(Param::Integer)
    })?;
    change_optional(writer, &rows.badges, |(account, badge, cause)| {
        [account.0, *badge, *cause].map(Param::Integer)
    })?;
    change_optional(writer, &rows.post_milestones, |(post, milestone)| {
        [post.0, *milestone].map(Param::Integer)
    })?;
    writer.insert(rows.granted_badges.iter())?;
    change_optional(writer, &rows.lozenges, of_lozenge)?;
    change_optional(writer, &rows.lozenge_requests, of_lozenge)?;
    change_optional(writer, &rows.acceptances, |(account, of, version)| {
        [(*account).into(), Param::Text(of), Param::Text(version)]
    })?;
    change_optional(writer, &rows.waiting, |account| [(*account).into()])?;
    writer.insert(rows.gifts.iter())?;
    writer.insert(rows.feedback.iter())?;
    writer.put(rows.interactions.changed())?;
    erase(writer, rows)?;
    writer.insert::<Course>(rows.courses.added().iter())?;
    writer.insert::<Certification>(rows.certifications.iter())?;
    change::<Like>(writer, rows.likes.changes())?;
    change::<Watch>(writer, rows.watches.changes())?;
    change_tags(writer, &rows.tags)
}

/// Writes tags that came, and removes those that went.
pub fn change_tags(writer: &mut impl Writer, tags: &TagChanges) -> Result<()> {
    let gone = tags.removed().map(|tag| {
        let at = Param::Integer(tag.created_at.as_micros());
        [Param::Text(&tag.tag), at, tag.post.into()]
    });
    writer.remove::<PostTag, 3>(&gone.collect::<Vec<_>>())?;
    let mut added: Vec<&PostTag> = tags.added().collect();
    added.sort_unstable();
    writer.put(added.into_iter())
}

/// A later text of the same post holds.
fn last_of_each(bodies: &[PostBody]) -> BTreeMap<Key, &PostBody> {
    bodies.iter().map(|body| (body.post, body)).collect()
}

fn of_lozenge((account, lozenge): &(Key, String)) -> [Param<'_>; 2] {
    [(*account).into(), Param::Text(lozenge)]
}

// In the order of their keys, so that what stands together is written together.
fn change<'a, R: Row + Pair>(
    writer: &mut impl Writer,
    changes: impl Iterator<Item = Change<&'a R>>,
) -> Result<()> {
    let (mut put, mut gone) = (Vec::new(), Vec::new());
    for change in changes {
        match change {
            Change::Put(row) => put.push(row),
            Change::Remove { with, account } => gone.push([with.into(), account.into()]),
        }
    }
    put.sort_unstable_by_key(|row| row.pair());
    writer.put(put.into_iter())?;
    writer.remove::<R, 2>(&gone)
}

fn change_optional<R: Row + Keyed, const N: usize>(
    writer: &mut impl Writer,
    rows: &Optional<R>,
    key: impl Fn(&R::Key) -> [Param<'_>; N],
) -> Result<()> {
    let mut put: Vec<&R> = rows.changed().collect();
    put.sort_unstable_by_key(|row| row.key());
    writer.put(put.into_iter())?;
    let gone: Vec<_> = rows.gone().map(key).collect();
    writer.remove::<R, N>(&gone)
}

/// Adds to figures, whatever they were; what comes to nothing goes.
fn add_figures(writer: &mut impl Writer, rows: &Rows) -> Result<()> {
    let changes: Vec<_> = rows.figures.changes().collect();
    let key = |change: &FigureOfMonth| {
        let month = Param::Integer(change.month.as_micros());
        [Param::Text(change.figure.as_str()), month]
    };
    let added = changes.iter().map(|change| {
        let [figure, month] = key(change);
        [figure, month, Param::Integer(change.count)]
    });
    writer.run(
        statement!(
            "INSERT INTO figure (figure, month, count) VALUES (?1, ?2, ?3)
             ON CONFLICT (figure, month) DO UPDATE SET count = figure.count + excluded.count"
        ),
        &added.collect::<Vec<_>>(),
    )?;
    writer.run(
        statement!("DELETE FROM figure WHERE figure = ?1 AND month = ?2 AND count = 0"),
        &changes.iter().map(key).collect::<Vec<_>>(),
    )
}

/// Takes away what accounts wrote besides posts and what was said of that, what says whose they are besides
/// what stands in their own rows, and what they were told about themselves.
fn erase(writer: &mut impl Writer, rows: &Rows) -> Result<()> {
    let authors = of_each(&rows.erased_authors);
    for statement in erasing_authors() {
        writer.run(statement, &authors)?;
    }
    let owners = of_each(&rows.erased_owners);
    for statement in erasing_owners() {
        writer.run(statement, &owners)?;
    }
    Ok(())
}

/// What takes away what an account wrote.
pub fn erasing_authors() -> [&'static Statement; 6] {
    [
        statement!("UPDATE gift SET message = NULL WHERE giver = ?1"),
        statement!("UPDATE report SET comment = NULL WHERE account = ?1"),
        statement!("UPDATE review SET reason = NULL, deleted = TRUE WHERE author = ?1"),
        statement!("UPDATE feedback SET text = NULL WHERE account = ?1"),
        statement!(
            "UPDATE application SET message = NULL, reason = NULL, name = NULL,
             description = NULL, location = NULL WHERE account = ?1"
        ),
        statement!(
            "UPDATE presentation SET title = NULL, summary = NULL, note = NULL WHERE speaker = ?1"
        ),
    ]
}

/// What takes away what says whose an account is.
pub fn erasing_owners() -> [&'static Statement; 3] {
    [
        statement!(
            "UPDATE benefit SET what = NULL, address = NULL, reason = NULL WHERE account = ?1"
        ),
        statement!("UPDATE sponsor SET company = NULL WHERE account = ?1"),
        statement!("UPDATE notification SET note = NULL WHERE account = ?1 AND note IS NOT NULL"),
    ]
}

fn of_each(keys: &FxHashSet<Key>) -> Vec<[Param<'static>; 1]> {
    keys.iter().map(|key| [(*key).into()]).collect()
}

/// Fills empty tables with rows of a history, but those that were taken out of them to be written before.
pub async fn load(loader: &mut impl Loader, rows: &Rows) -> Result<()> {
    loader.load(rows.accounts.added()).await?;
    loader.load(&rows.profiles).await?;
    loader.load(rows.posts.added()).await?;
    load_pairs::<Like>(loader, rows.likes.changes()).await?;
    load_pairs::<Watch>(loader, rows.watches.changes()).await?;
    load_optional(loader, &rows.reviews).await?;
    load_pairs::<Report>(loader, rows.reports.changes()).await?;
    let mut tags: Vec<&PostTag> = rows.tags.added().collect();
    sort(loader, &mut tags, Ord::cmp);
    loader.load::<PostTag, _>(&tags).await?;
    load_optional(loader, &rows.about).await?;
    loader.load(rows.courses.added()).await?;
    loader.load(&rows.certifications).await?;
    loader.load(rows.groups.added()).await?;
    load_pairs::<GroupWatch>(loader, rows.group_watches.changes()).await?;
    load_told(loader, rows).await?;
    load_pairs::<Membership>(loader, rows.memberships.changes()).await?;
    load_pairs::<Leader>(loader, rows.leaders.changes()).await?;
    load_optional(loader, &rows.applications).await?;
    loader.load(rows.meetings.added()).await?;
    load_pairs::<Rsvp>(loader, rows.rsvps.changes()).await?;
    load_pairs::<Attendance>(loader, rows.attendance.changes()).await?;
    loader.load(rows.presentations.added()).await?;
    load_pairs::<Sponsor>(loader, rows.sponsors.changes()).await?;
    loader.load(rows.benefits.added()).await?;
    loader.load(rows.ledger.added()).await?;
    load_optional(loader, &rows.tallies).await?;
    load_optional(loader, &rows.badges).await?;
    load_optional(loader, &rows.post_milestones).await?;
    loader.load(&rows.granted_badges).await?;
    load_optional(loader, &rows.lozenges).await?;
    load_optional(loader, &rows.lozenge_requests).await?;
    load_optional(loader, &rows.acceptances).await?;
    load_optional(loader, &rows.waiting).await?;
    loader.load(&rows.gifts).await?;
    loader.load(&rows.feedback).await?;
    load_optional(loader, &rows.interactions).await
}

async fn load_told(loader: &mut impl Loader, rows: &Rows) -> Result<()> {
    let mut notifications: Vec<_> = rows.notifications.iter().collect();
    let place = |told: &Notification| (told.account, told.at, told.position);
    sort(loader, &mut notifications, |one, other| {
        place(one).cmp(&place(other))
    });
    loader.load::<Notification, _>(&notifications).await?;
    let mut marks: Vec<_> = rows.read_marks.iter().collect();
    sort(loader, &mut marks, Ord::cmp);
    loader.load::<ReadMark, _>(&marks).await?;
    let mut figures: Vec<_> = rows.figures.changes().collect();
    let place = |it: &FigureOfMonth| (it.figure, it.month);
    sort(loader, &mut figures, |one, other| {
        place(one).cmp(&place(other))
    });
    loader.load(&figures).await
}

async fn load_pairs<R: Row + Pair>(
    loader: &mut impl Loader,
    changes: impl Iterator<Item = Change<&R>>,
) -> Result<()> {
    let there = changes.filter_map(|change| match change {
        Change::Put(row) => Some(row),
        Change::Remove { .. } => None,
    });
    let mut there: Vec<&R> = there.collect();
    sort(loader, &mut there, |one, other| {
        one.pair().cmp(&other.pair())
    });
    loader.load::<R, _>(&there).await
}

async fn load_optional<R: Row + Keyed>(loader: &mut impl Loader, rows: &Optional<R>) -> Result<()> {
    let mut there: Vec<&R> = rows.changed().collect();
    sort(loader, &mut there, |one, other| one.key().cmp(&other.key()));
    loader.load::<R, _>(&there).await
}

/// Brings rows into the order of their keys, for who needs it.
fn sort<L: Loader, T>(_: &L, rows: &mut [T], order: impl FnMut(&T, &T) -> Ordering) {
    if L::IN_ORDER {
        rows.sort_unstable_by(order);
    }
}
