//! Articles that aren't published yet (DOMAIN F6, F7).

use plaudit_domain::post::Created;
use plaudit_domain::review::{Published, Rejected};
use plaudit_domain::{Event, PostId, Time, notification};

use crate::deed::Change;
use crate::fold::FoldError;
use crate::notification::{Outcome, Subject};
use crate::post;
use crate::row::{Key, row};
use crate::rows::{Keyed, Rows};

row! {
    table "review", primary (post), index (waiting, deleted, since), index (author, since);
    /// An article that isn't published. Once it is, there is none.
    pub struct Review {
        /// The article.
        pub post: Key,
        /// Who wrote it; unknown for some imported ones.
        pub author: Option<Key>,
        /// Whether it waits for staff; else they rejected it.
        pub waiting: bool,
        /// Since when.
        pub since: Time,
        /// Why it was rejected, unless that is withheld.
        pub reason: Option<String>,
        /// Whether the article is deleted, or its author erased it: then it waits for nothing.
        pub deleted: bool,
    }
}

impl Keyed for Review {
    type Key = Key;

    fn key(&self) -> Key {
        self.post
    }
}

/// An article was written, and waits.
pub(crate) fn submit(created: &Created, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    if rows.posts.find(created.post).is_some() {
        return Ok(());
    }
    post::create(created, true, event, rows)?;
    let post = rows.post(created.post)?;
    let (post, author) = (post.key, post.author);
    let deleted = is_erased(author, rows)?;
    let review = Review {
        post,
        author,
        waiting: true,
        since: event.occurred_at,
        reason: None,
        deleted,
    };
    rows.reviews.put(review);
    Ok(())
}

/// The article was deleted, or restored.
pub(crate) fn set_deleted(article: Key, deleted: bool, rows: &mut Rows) -> Result<(), FoldError> {
    if let Some(review) = rows.reviews.get(&article).cloned() {
        let deleted = deleted || is_erased(review.author, rows)?;
        rows.reviews.put(Review { deleted, ..review });
    }
    Ok(())
}

/// Whether an author erased what they wrote.
fn is_erased(author: Option<Key>, rows: &mut Rows) -> Result<bool, FoldError> {
    match author {
        Some(author) => Ok(rows.accounts.by_key(author)?.content_erased),
        None => Ok(false),
    }
}

/// It is published: counts from now on, and stands in lists as if it was written now.
pub(crate) fn publish(
    published: &Published,
    event: &Event,
    rows: &mut Rows,
) -> Result<(), FoldError> {
    let id = published.post;
    let named = match published.group {
        Some(group) => Some(rows.groups.get_mut(group)?.key),
        None => None,
    };
    let post = rows.posts.get_mut(id)?;
    // Histories from elsewhere may publish what is published.
    if !post.in_review {
        return Ok(());
    }
    let tags = post.tags.to_vec();
    for tag in &tags {
        rows.tags.remove(post.tag(tag.clone()));
    }
    post.in_review = false;
    post.created_at = event.occurred_at;
    post.posted_by = event.position.cast_signed();
    for tag in &tags {
        rows.tags.insert(post.tag(tag.clone()));
    }
    let (key, deleted, group) = (post.key, post.deleted, post.group_key);
    let (author, kind) = (post.author, post.kind);
    rows.reviews.remove(key);
    if let Some(author) = author {
        let author = rows.accounts.by_key(author)?;
        author.counts.posted(kind, event.occurred_at);
        author.active(event.occurred_at);
    }
    // What was deleted meanwhile counts once it is restored.
    if deleted {
        return post::posted(key, Change::DoneUnseen, event, rows);
    }
    post::set_hidden(id, false, Change::Done, event, rows)?;
    let about = Subject {
        post: Some(key),
        group,
        ..Subject::default()
    };
    let to_author = Subject {
        outcome: Some(Outcome::ArticlePublished),
        ..about.clone()
    };
    let kind = notification::Kind::ArticleReview;
    rows.tell(kind, author, to_author, event);
    // The watchers of a group that the event doesn't name aren't here.
    if named == group {
        rows.tell_watchers_of_group(notification::Kind::Post, about, event);
    }
    Ok(())
}

/// It was rejected.
pub(crate) fn reject(rejected: &Rejected, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let post = rows.post(rejected.post)?;
    let (key, in_review, group) = (post.key, post.in_review, post.group_key);
    let author = match post.author {
        Some(author) => Some(rows.accounts.by_key(author)?),
        None => None,
    };
    // Histories from elsewhere may name another author, or one where there is none, whose key the reason is
    // kept under.
    let is_known = author.as_ref().map(|author| author.id) == rejected.author
        && author.is_none_or(|author| !author.content_erased);
    let reason = rejected.reason.get().filter(|_| is_known).cloned();
    let Some(review) = rows.reviews.get(&key).filter(|_| in_review) else {
        return Ok(());
    };
    let author = review.author;
    let review = Review {
        waiting: false,
        since: event.occurred_at,
        reason: reason.clone(),
        ..review.clone()
    };
    rows.reviews.put(review);
    let about = Subject {
        post: Some(key),
        group,
        outcome: Some(Outcome::ArticleRejected),
        note: reason,
        ..Subject::default()
    };
    rows.tell(notification::Kind::ArticleReview, author, about, event);
    Ok(())
}

/// It waits for another review.
pub(crate) fn resubmit(id: PostId, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let key = rows.post(id)?.key;
    if let Some(review) = rows.reviews.get(&key).filter(|review| !review.waiting) {
        let review = Review {
            waiting: true,
            since: event.occurred_at,
            reason: None,
            ..review.clone()
        };
        rows.reviews.put(review);
    }
    Ok(())
}
