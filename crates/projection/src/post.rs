//! Posts, with what they received (DOMAIN F1 to F5).

use plaudit_domain::acceptance::{Accepted, Withdrawn};
use plaudit_domain::fact::PostFact;
use plaudit_domain::post::{Affected, Created, Edited, Kind};
use plaudit_domain::review::{Rejected, Resubmitted};
use plaudit_domain::{Event, Personal, PostId, Time, notification as told};

use crate::deed::{Action, Change, Deed, Subject};
use crate::figure::Figure;
use crate::fold::FoldError;
use crate::like::{self, Like};
use crate::notification;
use crate::review;
use crate::row::{Key, List, Origin, rare, row};
use crate::rows::{Entity, Rows};
use crate::touched::Touched;
use crate::weight;

row! {
    table "post", primary (key), unique (id),
        index (hidden, created_at), index (kind, hidden, created_at),
        index (author, hidden, created_at), index (group_key, hidden, created_at), index (parent, kind, hidden, created_at),
        index (source, source_id);
    /// A post of any kind. Its text stands apart, in [`PostBody`]: lists don't need it.
    pub struct Post {
        /// The position of its creation.
        pub key: Key,
        /// Its public id.
        pub id: PostId,
        /// What it is.
        pub kind: Kind,
        /// Where an imported post was before.
        pub origin: Option<Box<Origin>>,
        /// Who wrote it; unknown for some imported posts.
        pub author: Option<Key>,
        /// What it answers or is on.
        pub parent: Option<Key>,
        /// The group that it was posted in.
        pub group_key: Option<Key>,
        /// When it was written; of an article that was reviewed, when it was published.
        pub created_at: Time,
        /// The position of the event since which it counts: its creation, or its publication.
        pub posted_by: i64,
        /// When an article was submitted for review, if it was.
        pub submitted_at: Option<Time>,
        /// When it was last changed.
        pub edited_at: Option<Time>,
        /// How often it was.
        pub edits: i64,
        /// Its title, if it has one and it isn't withheld.
        pub title: Option<Box<str>>,
        /// Its tags.
        pub tags: List,
        /// How many accounts like it.
        pub likes: i64,
        /// Answers that aren't deleted.
        pub answers: i64,
        /// Comments that aren't deleted.
        pub comments: i64,
        /// How many accounts watch it.
        pub watchers: i64,
        /// The accepted answer of a question, if it has one.
        pub acceptance: Option<Box<Acceptance>>,
        /// Whether it is the accepted answer of its question.
        pub accepted: bool,
        /// Whether it is deleted.
        pub deleted: bool,
        /// Whether staff removed it, so that they alone restore it.
        pub removed: bool,
        /// Whether it is an article that isn't published.
        pub in_review: bool,
        /// Whether it is either: out of sight and out of every count.
        pub hidden: bool,
    }
}

rare! {
    /// That a question has an accepted answer.
    pub struct Acceptance {
        /// The answer, deleted or not.
        pub accepted_answer: Key,
        /// The position of the event that accepted it.
        pub accepted_by: i64,
        /// When it was accepted.
        pub accepted_at: Time,
    }
}

row! {
    table "post_body", primary (post);
    /// The text of a post.
    pub struct PostBody {
        /// The post.
        pub post: Key,
        /// Its text, unless it is withheld.
        pub body: Option<String>,
    }
}

row! {
    table "post_tag", primary (tag, created_at, post);
    /// A tag of a post, in the order in which lists by tag are read.
    #[derive(Eq, Hash, PartialOrd, Ord)]
    pub struct PostTag {
        /// The tag.
        pub tag: String,
        /// When the post was written.
        pub created_at: Time,
        /// The post.
        pub post: Key,
    }
}

impl Entity for Post {
    type Id = PostId;

    fn id(&self) -> PostId {
        self.id
    }

    fn key(&self) -> Key {
        self.key
    }

    fn texts(&self) -> usize {
        let title = weight::text(self.title.as_deref());
        title + self.tags.weight() + Origin::weight(self.origin.as_deref())
    }
}

impl Post {
    /// The accepted answer of a question, deleted or not.
    pub fn accepted_answer(&self) -> Option<Key> {
        let acceptance = self.acceptance.as_deref()?;
        Some(acceptance.accepted_answer)
    }

    /// A tag of this post as a row.
    pub(crate) fn tag(&self, tag: String) -> PostTag {
        PostTag {
            tag,
            created_at: self.created_at,
            post: self.key,
        }
    }

    /// What deeds have to know of it.
    pub(crate) fn subject(&self) -> Subject {
        Subject {
            post: self.key,
            author: self.author,
            kind: self.kind,
            group: self.group_key,
            likes: self.likes,
        }
    }

    /// The count of a parent that a reply of this kind belongs to.
    fn replies(&mut self, kind: Kind) -> Option<&mut i64> {
        match kind {
            Kind::Answer => Some(&mut self.answers),
            Kind::Comment => Some(&mut self.comments),
            Kind::Question | Kind::Discussion | Kind::Article => None,
        }
    }
}

pub(crate) fn touch(fact: &PostFact, touched: &mut Touched) {
    match fact {
        PostFact::Created(created) | PostFact::Submitted(created) => {
            let Created {
                post,
                author,
                parent,
                group,
                ..
            } = created;
            touched.post(*post);
            touched.accounts(*author);
            touched.posts(*parent);
            touched.groups.extend(*group);
        }
        PostFact::Published(published) => {
            touched.post(published.post);
            touched.likes_of(published.post);
            touched.accounts(published.author);
            touched.groups.extend(published.group);
        }
        PostFact::Rejected(Rejected { post, author, .. })
        | PostFact::Resubmitted(Resubmitted { post, author }) => {
            touched.post(*post);
            touched.accounts(*author);
            touched.reviews.insert(*post);
        }
        PostFact::Edited(Edited { post, author, .. }) => {
            touched.post(*post);
            touched.accounts(*author);
        }
        PostFact::Deleted(affected)
        | PostFact::Removed(affected)
        | PostFact::Restored(affected) => {
            let Affected {
                post,
                author,
                parent,
                accepted,
            } = affected;
            touched.post(*post);
            touched.likes_of(*post);
            touched.reviews.insert(*post);
            touched.accounts(*author);
            touched.posts(*parent);
            touched.answers(*accepted);
        }
        PostFact::AnswerAccepted(Accepted {
            question,
            asker,
            accepted,
            replaced,
        }) => {
            touched.post(*question);
            touched.accounts(*asker);
            touched.answers(Some(*accepted));
            touched.answers(*replaced);
        }
        PostFact::AcceptanceWithdrawn(Withdrawn {
            question,
            asker,
            withdrawn,
        }) => {
            touched.post(*question);
            touched.accounts(*asker);
            touched.answers(Some(*withdrawn));
        }
    }
}

pub(crate) fn fold(fact: &PostFact, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    match fact {
        PostFact::Created(created) => write(created, event, rows),
        PostFact::Edited(edited) => edit(edited, event, rows),
        PostFact::Submitted(created) => review::submit(created, event, rows),
        PostFact::Published(published) => review::publish(published, event, rows),
        PostFact::Rejected(rejected) => review::reject(rejected, event, rows),
        PostFact::Resubmitted(resubmitted) => review::resubmit(resubmitted.post, event, rows),
        PostFact::Deleted(affected) => set_deleted(affected.post, true, event, rows),
        PostFact::Removed(affected) => {
            rows.post(affected.post)?.removed = true;
            set_deleted(affected.post, true, event, rows)
        }
        PostFact::Restored(affected) => {
            rows.post(affected.post)?.removed = false;
            set_deleted(affected.post, false, event, rows)
        }
        PostFact::AnswerAccepted(fact) => {
            accept(fact.question, Some(fact.accepted.answer), event, rows)
        }
        PostFact::AcceptanceWithdrawn(fact) => accept(fact.question, None, event, rows),
    }
}

/// Writes a post that everybody sees at once.
fn write(created: &Created, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    // Histories from elsewhere may create twice: the first one made the post.
    if rows.posts.find(created.post).is_some() {
        return Ok(());
    }
    create(created, false, event, rows)?;
    let post = rows.post(created.post)?;
    let about = notification::Subject {
        post: Some(post.key),
        group: post.group_key,
        ..notification::Subject::default()
    };
    let (kind, parent) = (post.kind, post.parent);
    match (kind, parent) {
        (Kind::Answer, Some(question)) => {
            rows.tell_author_and_watchers(told::Kind::Answer, question, about, event)
        }
        (Kind::Comment, Some(on)) => {
            rows.tell_author_and_watchers(told::Kind::Comment, on, about, event)
        }
        (Kind::Answer | Kind::Comment, None) => Ok(()),
        (Kind::Question | Kind::Discussion | Kind::Article, _) => {
            rows.tell_watchers_of_group(told::Kind::Post, about, event);
            Ok(())
        }
    }
}

/// Makes the row of a post. One that is in review counts nowhere yet.
pub(crate) fn create(
    created: &Created,
    in_review: bool,
    event: &Event,
    rows: &mut Rows,
) -> Result<(), FoldError> {
    let (author, deed, is_erased) = match created.author {
        Some(author) => {
            let author = rows.account(author)?;
            let deed = Deed::done(Action::Posted, author, event);
            if !in_review {
                *author.counts.of_kind(created.kind) += 1;
                author.counts.posted(created.kind, event.occurred_at);
                author.active(event.occurred_at);
            }
            (Some(author.key), Some(deed), author.content_erased)
        }
        None => (None, None, false),
    };
    let text = |text: &Personal<String>| text.get().filter(|_| !is_erased).cloned();
    let tags = if is_erased { &[][..] } else { &created.tags };
    let parent = match created.parent {
        Some(parent) => {
            let parent = rows.post(parent)?;
            if let Some(replies) = parent.replies(created.kind).filter(|_| !in_review) {
                *replies += 1;
            }
            Some(parent.key)
        }
        None => None,
    };
    let group_key = match created.group {
        Some(group) => Some(rows.groups.get_mut(group)?.key),
        None => None,
    };
    let post = Post {
        key: Key(event.position.cast_signed()),
        id: created.post,
        kind: created.kind,
        origin: Origin::of(created.origin.as_ref()),
        author,
        parent,
        group_key,
        created_at: event.occurred_at,
        posted_by: event.position.cast_signed(),
        submitted_at: in_review.then_some(event.occurred_at),
        edited_at: None,
        edits: 0,
        title: created.title.as_ref().and_then(text).map(Into::into),
        tags: List::new(tags),
        likes: 0,
        answers: 0,
        comments: 0,
        watchers: 0,
        acceptance: None,
        accepted: false,
        deleted: false,
        removed: false,
        in_review,
        hidden: in_review,
    };
    for tag in tags {
        rows.tags.insert(post.tag(tag.clone()));
    }
    rows.bodies.push(PostBody {
        post: post.key,
        body: text(&created.body),
    });
    let deed = deed.filter(|_| !in_review);
    let deed = deed.map(|deed| deed.about(post.subject()));
    rows.deeds.extend(deed);
    rows.posts.insert(post);
    Ok(())
}

fn edit(edited: &Edited, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let author = rows.post(edited.post)?.author;
    // Histories from elsewhere may name another author. Its key is what the text is kept under, and who
    // erases the post's author wouldn't reach it.
    if let Some(named) = edited.author
        && Some(rows.account(named)?.key) != author
    {
        return Ok(());
    }
    let is_erased = match author {
        Some(author) => rows.accounts.by_key(author)?.content_erased,
        None => false,
    };
    let text = |text: &Personal<String>| text.get().filter(|_| !is_erased).cloned();
    let post = rows.posts.get_mut(edited.post)?;
    post.edited_at = post.edited_at.max(Some(event.occurred_at));
    post.edits += 1;
    if let Some(title) = &edited.title {
        post.title = text(title).map(Into::into);
    }
    if let Some(tags) = edited.tags.as_ref().filter(|_| !is_erased) {
        for tag in post.tags.to_vec() {
            rows.tags.remove(post.tag(tag));
        }
        for tag in tags {
            rows.tags.insert(post.tag(tag.clone()));
        }
        post.tags = List::new(tags);
    }
    if let Some(body) = &edited.body {
        rows.bodies.push(PostBody {
            post: post.key,
            body: text(body),
        });
    }
    // DOMAIN F5: every time an article is updated.
    if post.kind == Kind::Article && !post.hidden {
        let about = notification::Subject {
            post: Some(post.key),
            group: post.group_key,
            ..notification::Subject::default()
        };
        let watchers = rows.watches.accounts_of(post.key);
        rows.tell(told::Kind::ArticleUpdate, watchers, about, event);
    }
    Ok(())
}

/// Deletes a post, or restores it. One in review is out of sight anyhow.
fn set_deleted(id: PostId, deleted: bool, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
    let post = rows.post(id)?;
    if post.deleted == deleted {
        return Ok(());
    }
    post.deleted = deleted;
    let (key, in_review) = (post.key, post.in_review);
    if in_review {
        return review::set_deleted(key, deleted, rows);
    }
    let change = match deleted {
        true => Change::Suspended,
        false => Change::Resumed,
    };
    set_hidden(id, deleted, change, event, rows)
}

/// Takes a post, its likes and its acceptance out of every count, or puts exactly them back
/// (DOMAIN F4). What is on it stays: its replies were written, whatever became of it.
pub(crate) fn set_hidden(
    id: PostId,
    hidden: bool,
    posting: Change,
    event: &Event,
    rows: &mut Rows,
) -> Result<(), FoldError> {
    let post = rows.post(id)?;
    let (subject, parent) = (post.subject(), post.parent);
    let key = subject.post;
    // Histories from elsewhere may accept a post that has an accepted answer itself.
    let questions = [Some(key), parent.filter(|_| post.accepted)];
    let (change, sign) = match hidden {
        true => (Change::Suspended, -1),
        false => (Change::Resumed, 1),
    };

    for question in questions {
        rows.post(id)?.hidden = !hidden;
        let before = Solution::of(question, rows)?;
        rows.post(id)?.hidden = hidden;
        let after = Solution::of(question, rows)?;
        if let (Some(before), Some(after)) = (before, after)
            && before.counts != after.counts
        {
            after.became(change, event, rows)?;
        }
    }
    if let Some(author) = subject.author {
        let author = rows.accounts.by_key(author)?;
        *author.counts.of_kind(subject.kind) += sign;
        author.counts.likes_received += sign * subject.likes;
    }
    posted(key, posting, event, rows)?;
    if let Some(parent) = parent
        && let Some(replies) = rows.posts.by_key(parent)?.replies(subject.kind)
    {
        *replies += sign;
    }
    let mut likes: Vec<Like> = rows.likes.of(key).into_iter().cloned().collect();
    // What is reckoned is the same in a rebuild, where they come in another order.
    likes.sort_unstable_by_key(|like| like.position);
    for like in likes {
        let (got, gave) = like::deeds(&like, subject, rows)?;
        let deeds = got.into_iter().chain([gave]);
        rows.deeds
            .extend(deeds.map(|deed| deed.became(change, event)));
        rows.accounts.by_key(like.account)?.counts.likes_given += sign;
    }
    Ok(())
}

/// Notes what became of its author's having posted it.
pub(crate) fn posted(
    post: Key,
    change: Change,
    event: &Event,
    rows: &mut Rows,
) -> Result<(), FoldError> {
    let post = rows.posts.by_key(post)?;
    let (subject, cause, at) = (post.subject(), post.posted_by, post.created_at);
    if let Some(author) = subject.author {
        let author = rows.accounts.by_key(author)?;
        let deed = Deed::of(Action::Posted, author, cause, at).about(subject);
        rows.deeds.push(deed.became(change, event));
    }
    Ok(())
}

/// Makes an answer, or none, the accepted one of a question.
fn accept(
    question: PostId,
    answer: Option<PostId>,
    event: &Event,
    rows: &mut Rows,
) -> Result<(), FoldError> {
    let question = rows.post(question)?;
    let (before, question) = (question.accepted_answer(), question.key);
    let answer = match answer {
        Some(answer) => {
            let answer = rows.post(answer)?;
            // Histories from elsewhere may accept what is no answer to this question: that is none.
            if answer.parent != Some(question) || answer.kind != Kind::Answer {
                return Ok(());
            }
            Some(answer.key)
        }
        None => None,
    };
    if before == answer {
        return Ok(());
    }
    if let Some(solution) = Solution::of(Some(question), rows)? {
        let change = match solution.counts {
            true => Change::Undone,
            false => Change::UndoneUnseen,
        };
        solution.became(change, event, rows)?;
        rows.posts.by_key(solution.answer.post)?.accepted = false;
    }
    let post = rows.posts.by_key(question)?;
    post.acceptance = answer.map(|answer| {
        Box::new(Acceptance {
            accepted_answer: answer,
            accepted_by: event.position.cast_signed(),
            accepted_at: event.occurred_at,
        })
    });
    if let Some(solution) = Solution::of(Some(question), rows)? {
        let change = match solution.counts {
            true => Change::Done,
            false => Change::DoneUnseen,
        };
        rows.posts.by_key(solution.answer.post)?.accepted = true;
        solution.became(change, event, rows)?;
        if solution.counts {
            tell_of(solution, question, event, rows);
        }
    }
    Ok(())
}

/// Tells who gave an answer that it was accepted, and who watches the question.
fn tell_of(solution: Solution, question: Key, event: &Event, rows: &mut Rows) {
    let about = notification::Subject {
        post: Some(solution.answer.post),
        group: solution.answer.group,
        ..notification::Subject::default()
    };
    let mut accounts = rows.watches.accounts_of(question);
    accounts.extend(solution.answer.author);
    rows.tell(told::Kind::Acceptance, accounts, about, event);
}

/// An accepted answer.
#[derive(Clone, Copy)]
struct Solution {
    asker: Option<Key>,
    answer: Subject,
    /// The position of the event that accepted it.
    accepted_by: i64,
    accepted_at: Time,
    /// Whether both it and its question are in sight.
    counts: bool,
}

impl Solution {
    /// The accepted answer of a question, if it has one.
    fn of(question: Option<Key>, rows: &mut Rows) -> Result<Option<Self>, FoldError> {
        let Some(question) = question else {
            return Ok(None);
        };
        let question = rows.posts.by_key(question)?;
        let (asker, is_hidden) = (question.author, question.hidden);
        let Some(acceptance) = question.acceptance.as_deref() else {
            return Ok(None);
        };
        let &Acceptance {
            accepted_answer,
            accepted_by,
            accepted_at,
        } = acceptance;
        let answer = rows.posts.by_key(accepted_answer)?;
        Ok(Some(Self {
            asker,
            answer: answer.subject(),
            accepted_by,
            accepted_at,
            counts: !is_hidden && !answer.hidden,
        }))
    }

    /// Counts it for who gave it, or no more. Nobody earns by accepting an answer of their own.
    fn became(self, change: Change, event: &Event, rows: &mut Rows) -> Result<(), FoldError> {
        let author = self.answer.author;
        if let Some(author) = author {
            rows.accounts.by_key(author)?.counts.accepted_solutions += change.sign();
        }
        rows.figures
            .add(Figure::Solutions, self.accepted_at, change.sign());
        if author == self.asker {
            return Ok(());
        }
        for (action, account) in [
            (Action::SolutionGiven, author),
            (Action::SolutionFound, self.asker),
        ] {
            if let Some(account) = account {
                let account = rows.accounts.by_key(account)?;
                let deed = Deed::of(action, account, self.accepted_by, self.accepted_at)
                    .about(self.answer)
                    .became(change, event);
                rows.deeds.push(deed);
            }
        }
        Ok(())
    }
}
