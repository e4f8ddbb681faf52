//! Posts: questions, discussions, articles, answers and comments (DOMAIN F1, F4).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::acceptance::AcceptedAnswer;
use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, PostFact, Visit};
use crate::group::Group;
use crate::id::{AccountId, GroupId, Origin, PostId};
use crate::links::Links;
use crate::membership;
use crate::personal::{About, Personal, present};
use crate::refusal::Refusal;
use crate::report::Reports;
use crate::stream::StreamName;
use crate::text;

// Facts

/// The kinds of post (DOMAIN F1). The names are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Asks for answers, one of which can be accepted.
    Question,
    /// Opens a conversation.
    Discussion,
    /// Tells something at length.
    Article,
    /// Answers a question.
    Answer,
    /// Says something on any other post.
    Comment,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Question,
        Self::Discussion,
        Self::Article,
        Self::Answer,
        Self::Comment,
    ];

    /// The stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Discussion => "discussion",
            Self::Article => "article",
            Self::Answer => "answer",
            Self::Comment => "comment",
        }
    }

    /// Whether it stands by itself, with a title and tags.
    pub fn is_top_level(self) -> bool {
        match self {
            Self::Question | Self::Discussion | Self::Article => true,
            Self::Answer | Self::Comment => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("{text:?} is not a kind of post"))
    }
}

/// A post was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Created {
    /// The post.
    pub post: PostId,
    /// What kind it is; it stays.
    pub kind: Kind,
    /// Who wrote it; unknown for some imported posts.
    pub author: Option<AccountId>,
    /// What an answer answers, or a comment is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<PostId>,
    /// The group that it was posted in; a reply's is that of what it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// The title of a top-level post.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub title: Option<Personal<String>>,
    /// The text.
    pub body: Personal<String>,
    /// The tags of a top-level post.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Where an imported post was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

impl Body for Created {
    fn stream(&self) -> StreamName {
        StreamName::post(self.post)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            post: _,
            kind: _,
            author,
            parent: _,
            group: _,
            title,
            body,
            tags: _,
            origin: _,
        } = self;
        for value in title.iter_mut().chain([body]) {
            visit(author.map(About::content), value);
        }
    }
}

/// A post's title, text or tags were changed; what is absent stayed as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edited {
    /// The post.
    pub post: PostId,
    /// Who wrote it; unknown for some imported posts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<AccountId>,
    /// The new title.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub title: Option<Personal<String>>,
    /// The new text.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub body: Option<Personal<String>>,
    /// All tags from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
}

impl Body for Edited {
    fn stream(&self) -> StreamName {
        StreamName::post(self.post)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            post: _,
            author,
            title,
            body,
            tags: _,
        } = self;
        for value in [title, body].into_iter().flatten() {
            visit(author.map(About::content), value);
        }
    }
}

/// Everything that deleting or restoring a post changes a count of, besides its likers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Affected {
    /// The post.
    pub post: PostId,
    /// Who wrote it.
    pub author: Option<AccountId>,
    /// What it answers or is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<PostId>,
    /// The accepted answer of a question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<AcceptedAnswer>,
}

impl Body for Affected {
    fn stream(&self) -> StreamName {
        StreamName::post(self.post)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            post: _,
            author: _,
            parent: _,
            accepted: _,
        } = self;
    }
}

// Fold

/// What a post is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Post {
    written: Option<Created>,
    deleted: bool,
    /// Whether staff deleted it: only they put it back.
    removed: bool,
    edits: u32,
    review: Option<Review>,
    /// Why staff rejected it, as long as it is rejected.
    reason: Option<Personal<String>>,
    accepted: Option<AcceptedAnswer>,
}

/// Why an article isn't published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Review {
    /// It waits for staff.
    Pending,
    /// Staff don't want it as it is.
    Rejected,
}

impl Post {
    /// Why it isn't published, if it isn't.
    pub fn review(&self) -> Option<Review> {
        self.review
    }

    /// Why staff rejected it, as long as it is rejected.
    pub fn reason(&self) -> Option<&Personal<String>> {
        self.reason.as_ref()
    }

    /// Which text it has: 1 as it was written, and one more for each edit.
    pub fn revision(&self) -> u32 {
        self.edits.saturating_add(1)
    }

    /// Whether staff took it out of sight.
    pub fn is_removed(&self) -> bool {
        self.removed
    }

    /// How the post was written, with its current title, text and tags.
    pub fn written(&self) -> Option<&Created> {
        self.written.as_ref()
    }

    /// Whether it is out of sight.
    pub fn is_deleted(&self) -> bool {
        self.deleted
    }

    /// The accepted answer of a question.
    pub fn accepted(&self) -> Option<AcceptedAnswer> {
        self.accepted
    }

    /// The post, if there is one that the actor may know of. Of an article that isn't published nobody learns
    /// that there is one but who wrote it and staff (DOMAIN F7).
    pub fn existing(
        &self,
        post: PostId,
        actor: &Actor,
        history: &History,
    ) -> Result<&Created, Refusal> {
        let written = self.written().ok_or(Refusal::PostNotFound { post })?;
        let is_theirs = |author| history.links().is_same_person(author, actor.account);
        let is_known = self.review.is_none()
            || actor.roles.is_staff()
            || written.author.is_some_and(is_theirs);
        if is_known {
            Ok(written)
        } else {
            Err(Refusal::PostNotFound { post })
        }
    }

    /// The post, if there is one that isn't deleted and that everybody sees.
    pub fn published(
        &self,
        post: PostId,
        actor: &Actor,
        history: &History,
    ) -> Result<&Created, Refusal> {
        self.existing(post, actor, history)?;
        if self.review.is_some() {
            return Err(Refusal::PostNotPublished { post });
        }
        self.live(post, actor, history)
    }

    /// The post, if there is one that the actor may know of and that isn't deleted.
    pub fn live(
        &self,
        post: PostId,
        actor: &Actor,
        history: &History,
    ) -> Result<&Created, Refusal> {
        let written = self.existing(post, actor, history)?;
        if self.deleted {
            return Err(Refusal::PostDeleted { post });
        }
        Ok(written)
    }
}

impl State for Post {
    type Fact = PostFact;

    fn apply(&mut self, fact: &PostFact) {
        match fact {
            PostFact::Created(created) => self.written = Some(created.clone()),
            PostFact::Submitted(created) => {
                self.written = Some(created.clone());
                self.review = Some(Review::Pending);
            }
            PostFact::Published(_) => (self.review, self.reason) = (None, None),
            PostFact::Rejected(rejected) => {
                self.review = Some(Review::Rejected);
                self.reason = Some(rejected.reason.clone());
            }
            PostFact::Resubmitted(_) => (self.review, self.reason) = (Some(Review::Pending), None),
            PostFact::Edited(edited) => {
                if let Some(written) = &mut self.written
                    // What a history from elsewhere tells under the key of another author is no edit.
                    && (edited.author.is_none() || edited.author == written.author)
                {
                    self.edits = self.edits.saturating_add(1);
                    if edited.title.is_some() {
                        written.title.clone_from(&edited.title);
                    }
                    if let Some(body) = &edited.body {
                        written.body.clone_from(body);
                    }
                    if let Some(tags) = &edited.tags {
                        written.tags.clone_from(tags);
                    }
                }
            }
            PostFact::Deleted(_) => self.deleted = true,
            PostFact::Removed(_) => (self.deleted, self.removed) = (true, true),
            PostFact::Restored(_) => (self.deleted, self.removed) = (false, false),
            PostFact::AnswerAccepted(accepted) => self.accepted = Some(accepted.accepted),
            PostFact::AcceptanceWithdrawn(_) => self.accepted = None,
        }
    }
}

// Decisions

/// The most characters of a title.
pub const TITLE_MAX: usize = 300;
/// The most characters of a text.
pub const BODY_MAX: usize = 100_000;
/// The most characters of a tag.
pub const TAG_MAX: usize = 35;
/// The most tags of a post.
pub const TAGS_MAX: usize = 10;

/// The kinds of post that stand by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// A question.
    Question,
    /// A discussion.
    Discussion,
    /// An article.
    Article,
}

impl From<Topic> for Kind {
    fn from(topic: Topic) -> Self {
        match topic {
            Topic::Question => Self::Question,
            Topic::Discussion => Self::Discussion,
            Topic::Article => Self::Article,
        }
    }
}

/// Writes a question, a discussion or an article.
#[derive(Debug, Clone)]
pub struct Open {
    /// The id it will have: chosen by the caller, so that a retry writes no second post.
    pub post: PostId,
    /// What it is.
    pub topic: Topic,
    /// The group that it is posted in; only its members may.
    pub group: Option<GroupId>,
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether its author publishes articles in this group without review: the lozenges that they
    /// hold and the rules say so, and whoever asks has looked it up (DOMAIN Z8).
    pub without_review: bool,
}

impl Command for Open {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::post(self.post)
    }

    fn reads(&self, actor: &Actor, history: &History) -> Vec<StreamName> {
        membership::streams(self.group, actor, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let kind = self.topic.into();
        if is_retry(self.post, kind, None, actor, history)? {
            return Ok(vec![]);
        }
        membership::required(self.group, actor, history)?;
        let created = Created {
            post: self.post,
            kind,
            author: Some(actor.account),
            parent: None,
            group: self.group,
            title: Some(valid_title(&self.title)?),
            body: valid_body(&self.body)?,
            tags: valid_tags(&self.tags)?,
            origin: None,
        };
        let fact = if self.is_reviewed(history) {
            PostFact::Submitted(created)
        } else {
            PostFact::Created(created)
        };
        Ok(vec![fact.into()])
    }
}

impl Open {
    /// Whether staff look at it before anybody else sees it (DOMAIN F6).
    fn is_reviewed(&self, history: &History) -> bool {
        let is_moderated = |group| {
            let group: Group = history.state(&StreamName::group(group));
            group.is_moderated()
        };
        self.topic == Topic::Article && !self.without_review && self.group.is_some_and(is_moderated)
    }
}

/// Answers a question.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The id it will have.
    pub post: PostId,
    /// The question.
    pub question: PostId,
    /// The answer's text.
    pub body: String,
}

impl Command for Answer {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::post(self.post)
    }

    fn reads(&self, actor: &Actor, history: &History) -> Vec<StreamName> {
        reply_needs(self.question, actor, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        if is_retry(self.post, Kind::Answer, Some(self.question), actor, history)? {
            return Ok(vec![]);
        }
        let question: Post = history.state(&StreamName::post(self.question));
        let question = question.published(self.question, actor, history)?;
        if question.kind != Kind::Question {
            return Err(Refusal::NotAQuestion {
                post: self.question,
            });
        }
        reply(
            self.post,
            Kind::Answer,
            question,
            &self.body,
            actor,
            history,
        )
    }
}

/// Comments on a post of any kind.
#[derive(Debug, Clone)]
pub struct Comment {
    /// The id it will have.
    pub post: PostId,
    /// What it is on.
    pub on: PostId,
    /// The comment's text.
    pub body: String,
}

impl Command for Comment {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::post(self.post)
    }

    fn reads(&self, actor: &Actor, history: &History) -> Vec<StreamName> {
        reply_needs(self.on, actor, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        if is_retry(self.post, Kind::Comment, Some(self.on), actor, history)? {
            return Ok(vec![]);
        }
        let parent: Post = history.state(&StreamName::post(self.on));
        let parent = parent.published(self.on, actor, history)?;
        reply(self.post, Kind::Comment, parent, &self.body, actor, history)
    }
}

/// Changes a post's title, text or tags; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The new title.
    pub title: Option<String>,
    /// The new text.
    pub body: Option<String>,
    /// All tags from now on.
    pub tags: Option<Vec<String>>,
}

/// Edits a post of the actor's own.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The post.
    pub post: PostId,
    /// What changes.
    pub changes: Changes,
}

impl Command for Edit {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::post(self.post)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let post: Post = history.state(&StreamName::post(self.post));
        let written = post.live(self.post, actor, history)?;
        by_its_author(written, actor)?;
        let Changes { title, body, tags } = &self.changes;
        if !written.kind.is_top_level() {
            if title.is_some() {
                return Err(Refusal::TitleNotAllowed);
            }
            if tags.is_some() {
                return Err(Refusal::TagsNotAllowed);
            }
        }
        let title = title.as_deref().map(valid_title).transpose()?;
        let body = body.as_deref().map(valid_body).transpose()?;
        let tags = tags.as_deref().map(valid_tags).transpose()?;
        let edited = Edited {
            post: self.post,
            author: written.author,
            title: title.filter(|title| written.title.as_ref() != Some(title)),
            body: body.filter(|body| written.body != *body),
            tags: tags.filter(|tags| written.tags != *tags),
        };
        if edited.title.is_none() && edited.body.is_none() && edited.tags.is_none() {
            return Ok(vec![]);
        }
        Ok(vec![PostFact::Edited(edited).into()])
    }
}

/// Deletes a post of the actor's own (DOMAIN F4).
#[derive(Debug, Clone)]
pub struct Delete {
    /// The post.
    pub post: PostId,
}

impl Command for Delete {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::post(self.post)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let post: Post = history.state(&StreamName::post(self.post));
        let written = post.existing(self.post, actor, history)?;
        by_its_author(written, actor)?;
        let affected = affected(&post, written);
        Ok(if post.deleted {
            vec![]
        } else {
            vec![PostFact::Deleted(affected).into()]
        })
    }
}

/// Takes a post that was reported out of sight, as staff (DOMAIN F9). Its author doesn't put it back.
#[derive(Debug, Clone)]
pub struct Remove {
    /// The post.
    pub post: PostId,
}

impl Command for Remove {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::post(self.post)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::reports(self.post)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        if !actor.roles.is_staff() {
            return Err(Refusal::NotPermitted { who: "staff" });
        }
        let post: Post = history.state(&StreamName::post(self.post));
        let affected = affected(&post, post.existing(self.post, actor, history)?);
        if post.removed {
            return Ok(vec![]);
        }
        let reports: Reports = history.state(&StreamName::reports(self.post));
        if !reports.are_open() {
            return Err(Refusal::NoOpenReports { post: self.post });
        }
        Ok(vec![PostFact::Removed(affected).into()])
    }
}

/// Puts a deleted post back, with all that it had (DOMAIN F4): its author does, or, where staff removed
/// it, staff.
#[derive(Debug, Clone)]
pub struct Restore {
    /// The post.
    pub post: PostId,
}

impl Command for Restore {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::post(self.post)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let post: Post = history.state(&StreamName::post(self.post));
        let written = post.existing(self.post, actor, history)?;
        let is_staff = actor.roles.is_staff();
        // Staff restore what they removed; what they have restored there is nothing left to do about.
        if !(is_staff && (post.removed || !post.deleted)) {
            by_its_author(written, actor)?;
        }
        if post.removed && !is_staff {
            return Err(Refusal::RemovedByStaff { post: self.post });
        }
        let affected = affected(&post, written);
        Ok(if post.deleted {
            vec![PostFact::Restored(affected).into()]
        } else {
            vec![]
        })
    }
}

/// Whether the actor wrote this very post already: then there is nothing left to do.
///
/// A text may have been edited since, so a retry is known by what never changes.
fn is_retry(
    post: PostId,
    kind: Kind,
    parent: Option<PostId>,
    actor: &Actor,
    history: &History,
) -> Result<bool, Refusal> {
    let existing: Post = history.state(&StreamName::post(post));
    match existing.written() {
        None => Ok(false),
        Some(written)
            if (written.author, written.kind, written.parent)
                == (Some(actor.account), kind, parent) =>
        {
            Ok(true)
        }
        Some(_) => Err(Refusal::PostExists { post }),
    }
}

/// What a reply is on, and whether its author may write in the group of that.
fn reply_needs(on: PostId, actor: &Actor, history: &History) -> Vec<StreamName> {
    let on = StreamName::post(on);
    let parent: Post = history.state(&on);
    let group = parent.written().and_then(|written| written.group);
    let mut streams = membership::streams(group, actor, history);
    streams.push(on);
    streams
}

fn reply(
    post: PostId,
    kind: Kind,
    parent: &Created,
    body: &str,
    actor: &Actor,
    history: &History,
) -> Result<Vec<Fact>, Refusal> {
    membership::required(parent.group, actor, history)?;
    let created = Created {
        post,
        kind,
        author: Some(actor.account),
        parent: Some(parent.post),
        group: parent.group,
        title: None,
        body: valid_body(body)?,
        tags: vec![],
        origin: None,
    };
    Ok(vec![PostFact::Created(created).into()])
}

fn affected(post: &Post, written: &Created) -> Affected {
    Affected {
        post: written.post,
        author: written.author,
        parent: written.parent,
        accepted: post.accepted,
    }
}

pub(crate) fn by_its_author(written: &Created, actor: &Actor) -> Result<(), Refusal> {
    if written.author == Some(actor.account) {
        Ok(())
    } else {
        Err(Refusal::NotTheAuthor { post: written.post })
    }
}

fn valid_title(title: &str) -> Result<Personal<String>, Refusal> {
    let title = text::line(title, TITLE_MAX).ok_or(Refusal::TitleInvalid { max: TITLE_MAX })?;
    Ok(Personal::known(title))
}

fn valid_body(body: &str) -> Result<Personal<String>, Refusal> {
    // PostgreSQL keeps no NUL: recorded, it would stop every projection there.
    if !body.chars().any(text::is_visible) || body.chars().count() > BODY_MAX || body.contains('\0')
    {
        return Err(Refusal::BodyInvalid { max: BODY_MAX });
    }
    Ok(Personal::known(body.to_owned()))
}

/// Tags in the order given, each once.
fn valid_tags(tags: &[String]) -> Result<Vec<String>, Refusal> {
    let mut valid: Vec<String> = Vec::with_capacity(tags.len());
    for tag in tags {
        let allowed = |c: char| {
            (c.is_alphanumeric() && !c.is_uppercase()) || matches!(c, '+' | '-' | '.' | '#' | '_')
        };
        let length = tag.chars().count();
        if length == 0 || length > TAG_MAX || !tag.chars().all(allowed) {
            return Err(Refusal::TagInvalid {
                tag: tag.clone(),
                max: TAG_MAX,
            });
        }
        if !valid.contains(tag) {
            valid.push(tag.clone());
        }
    }
    if valid.len() > TAGS_MAX {
        return Err(Refusal::TooManyTags { max: TAGS_MAX });
    }
    Ok(valid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{
        accepted, accepted_answer, ada, affected, answer, bob, comment, community, deleted, edited,
        eve, given, post, question, restored, topic,
    };

    const TOPICS: [Topic; 3] = [Topic::Question, Topic::Discussion, Topic::Article];

    /// Opens what [`topic`] says was opened.
    fn open(topic: Topic) -> Open {
        Open {
            post: post(1),
            topic,
            group: None,
            title: "Title".into(),
            body: "Body".into(),
            tags: vec!["tag".into()],
            without_review: false,
        }
    }

    fn give_answer(id: u128, question: u128) -> Answer {
        Answer {
            post: post(id),
            question: post(question),
            body: "Body".into(),
        }
    }

    fn give_comment(id: u128, on: u128) -> Comment {
        Comment {
            post: post(id),
            on: post(on),
            body: "Body".into(),
        }
    }

    fn edit(changes: Changes) -> Edit {
        Edit {
            post: post(1),
            changes,
        }
    }

    fn title(title: &str) -> Changes {
        Changes {
            title: Some(title.into()),
            ..Changes::default()
        }
    }

    fn body(body: &str) -> Changes {
        Changes {
            body: Some(body.into()),
            ..Changes::default()
        }
    }

    fn tags(tags: &[&str]) -> Changes {
        Changes {
            tags: Some(owned(tags)),
            ..Changes::default()
        }
    }

    fn owned(tags: &[&str]) -> Vec<String> {
        tags.iter().map(|&tag| tag.to_owned()).collect()
    }

    fn delete() -> Delete {
        Delete { post: post(1) }
    }

    fn restore() -> Restore {
        Restore { post: post(1) }
    }

    /// A post of each kind by Ada with the number 1. What the replies are on has the number 9.
    fn one_of_each_kind() -> [Fact; 5] {
        [
            topic(ada(), post(1), Kind::Question),
            topic(ada(), post(1), Kind::Discussion),
            topic(ada(), post(1), Kind::Article),
            answer(ada(), post(1), post(9)),
            comment(ada(), post(1), post(9)),
        ]
    }

    // Writing

    #[test]
    fn f1_questions_discussions_and_articles_stand_by_themselves() {
        for of in TOPICS {
            community([])
                .when(ada(), open(of))
                .then([topic(ada(), post(1), of.into())]);
        }
    }

    #[test]
    fn a_question_can_be_answered() {
        community([question(ada(), post(1))])
            .when(bob(), give_answer(2, 1))
            .then([answer(bob(), post(2), post(1))]);
    }

    #[test]
    fn askers_may_answer_themselves() {
        community([question(ada(), post(1))])
            .when(ada(), give_answer(2, 1))
            .then([answer(ada(), post(2), post(1))]);
    }

    #[test]
    fn only_questions_can_be_answered() {
        for other in one_of_each_kind().into_iter().skip(1) {
            community([other])
                .when(bob(), give_answer(2, 1))
                .then_refused(Refusal::NotAQuestion { post: post(1) });
        }
    }

    #[test]
    fn a_post_of_any_kind_can_be_commented_on() {
        for any in one_of_each_kind() {
            community([any])
                .when(bob(), give_comment(2, 1))
                .then([comment(bob(), post(2), post(1))]);
        }
    }

    #[test]
    fn nobody_replies_to_a_post_that_is_not_there() {
        let refusal = Refusal::PostNotFound { post: post(1) };
        community([])
            .when(bob(), give_answer(2, 1))
            .then_refused(refusal.clone());
        community([])
            .when(bob(), give_comment(2, 1))
            .then_refused(refusal);
    }

    #[test]
    fn nobody_replies_to_a_deleted_post() {
        let facts = [question(ada(), post(1)), deleted(affected(post(1), ada()))];
        let refusal = Refusal::PostDeleted { post: post(1) };
        community(facts.clone())
            .when(bob(), give_answer(2, 1))
            .then_refused(refusal.clone());
        community(facts)
            .when(bob(), give_comment(2, 1))
            .then_refused(refusal);
    }

    #[test]
    fn nobody_writes_before_registering() {
        given([])
            .when(ada(), open(Topic::Question))
            .then_refused(Refusal::ActorNotRegistered);
    }

    #[test]
    fn a_retry_writes_no_second_post() {
        for of in TOPICS {
            community([topic(ada(), post(1), of.into())])
                .when(ada(), open(of))
                .then([]);
        }
        community([question(ada(), post(1)), answer(bob(), post(2), post(1))])
            .when(bob(), give_answer(2, 1))
            .then([]);
        community([question(ada(), post(1)), comment(bob(), post(2), post(1))])
            .when(bob(), give_comment(2, 1))
            .then([]);
    }

    #[test]
    fn a_late_retry_undoes_neither_an_edit_nor_a_deletion() {
        community([
            question(ada(), post(1)),
            edited(post(1), Some("Another title"), None, None),
            deleted(affected(post(1), ada())),
        ])
        .when(ada(), open(Topic::Question))
        .then([]);
    }

    #[test]
    fn a_retry_does_not_mind_that_the_parent_was_deleted_meanwhile() {
        community([
            question(ada(), post(1)),
            answer(bob(), post(2), post(1)),
            deleted(affected(post(1), ada())),
        ])
        .when(bob(), give_answer(2, 1))
        .then([]);
    }

    #[test]
    fn nobody_writes_over_the_post_of_another() {
        community([question(ada(), post(1))])
            .when(bob(), open(Topic::Question))
            .then_refused(Refusal::PostExists { post: post(1) });
        community([question(ada(), post(1)), answer(ada(), post(2), post(1))])
            .when(bob(), give_answer(2, 1))
            .then_refused(Refusal::PostExists { post: post(2) });
        community([question(ada(), post(1)), comment(ada(), post(2), post(1))])
            .when(bob(), give_comment(2, 1))
            .then_refused(Refusal::PostExists { post: post(2) });
    }

    #[test]
    fn nobody_uses_the_id_of_another_post_of_their_own() {
        let of_another_kind = community([question(ada(), post(1))]);
        of_another_kind
            .when(ada(), open(Topic::Article))
            .then_refused(Refusal::PostExists { post: post(1) });

        let on_another_post = community([
            question(ada(), post(1)),
            question(ada(), post(2)),
            comment(bob(), post(3), post(1)),
        ]);
        on_another_post
            .when(bob(), give_comment(3, 2))
            .then_refused(Refusal::PostExists { post: post(3) });

        let on_itself = community([question(ada(), post(1))]);
        on_itself
            .when(ada(), give_comment(1, 1))
            .then_refused(Refusal::PostExists { post: post(1) });
    }

    // What a post may say

    #[test]
    fn a_title_is_kept_without_the_spaces_around_it() {
        let command = Open {
            title: " Title\n".into(),
            ..open(Topic::Question)
        };
        community([])
            .when(ada(), command)
            .then([question(ada(), post(1))]);
    }

    #[test]
    fn a_title_is_one_line_that_is_neither_empty_nor_endless() {
        for text in ["", " \t", "two\nlines", &"x".repeat(TITLE_MAX + 1)] {
            let refusal = Refusal::TitleInvalid { max: TITLE_MAX };
            let command = Open {
                title: text.into(),
                ..open(Topic::Question)
            };
            community([])
                .when(ada(), command)
                .then_refused(refusal.clone());
            community([question(ada(), post(1))])
                .when(ada(), edit(title(text)))
                .then_refused(refusal);
        }
    }

    #[test]
    fn a_text_is_neither_empty_nor_endless_and_has_no_nul() {
        for text in ["", " \n", "a\0b", &"x".repeat(BODY_MAX + 1)] {
            let refusal = || Refusal::BodyInvalid { max: BODY_MAX };
            let asked = || community([question(ada(), post(1))]);
            let opened = Open {
                body: text.into(),
                ..open(Topic::Question)
            };
            let answered = Answer {
                body: text.into(),
                ..give_answer(2, 1)
            };
            let commented = Comment {
                body: text.into(),
                ..give_comment(2, 1)
            };
            community([]).when(ada(), opened).then_refused(refusal());
            asked().when(ada(), answered).then_refused(refusal());
            asked().when(ada(), commented).then_refused(refusal());
            asked()
                .when(ada(), edit(body(text)))
                .then_refused(refusal());
        }
    }

    #[test]
    fn limits_count_characters_and_not_bytes() {
        let long_title = "ü".repeat(TITLE_MAX);
        let long_body = "ü".repeat(BODY_MAX);
        let long_tag = "ü".repeat(TAG_MAX);
        let changes = Changes {
            title: Some(long_title.clone()),
            body: Some(long_body.clone()),
            tags: Some(vec![long_tag.clone()]),
        };
        community([question(ada(), post(1))])
            .when(ada(), edit(changes))
            .then([edited(
                post(1),
                Some(&long_title),
                Some(&long_body),
                Some(&[&long_tag]),
            )]);
    }

    #[test]
    fn tags_are_kept_in_their_order_and_each_once() {
        community([question(ada(), post(1))])
            .when(ada(), edit(tags(&["c++", ".net", "日本", "c++"])))
            .then([edited(post(1), None, None, Some(&["c++", ".net", "日本"]))]);
    }

    #[test]
    fn a_tag_is_a_short_word_in_lower_case() {
        for tag in ["", "Tag", "two words", "a/b", &"x".repeat(TAG_MAX + 1)] {
            let refusal = Refusal::TagInvalid {
                tag: tag.into(),
                max: TAG_MAX,
            };
            let command = Open {
                tags: owned(&["fine", tag]),
                ..open(Topic::Question)
            };
            community([])
                .when(ada(), command)
                .then_refused(refusal.clone());
            community([question(ada(), post(1))])
                .when(ada(), edit(tags(&["fine", tag])))
                .then_refused(refusal);
        }
    }

    #[test]
    fn a_post_has_so_many_tags_and_no_more() {
        let numbered = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
        let mut with_a_repeat = numbered(TAGS_MAX);
        with_a_repeat.push("0".into());
        let kept = numbered(TAGS_MAX);
        let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
        let change = |tags| {
            edit(Changes {
                tags: Some(tags),
                ..Changes::default()
            })
        };
        community([question(ada(), post(1))])
            .when(ada(), change(with_a_repeat))
            .then([edited(post(1), None, None, Some(&kept))]);
        community([question(ada(), post(1))])
            .when(ada(), change(numbered(TAGS_MAX + 1)))
            .then_refused(Refusal::TooManyTags { max: TAGS_MAX });
    }

    // Editing

    #[test]
    fn an_edit_records_only_what_changed() {
        let changes = Changes {
            title: Some("Title".into()),
            body: Some("Another body".into()),
            tags: Some(owned(&["tag"])),
        };
        community([question(ada(), post(1))])
            .when(ada(), edit(changes))
            .then([edited(post(1), None, Some("Another body"), None)]);
    }

    #[test]
    fn an_edit_is_compared_with_the_latest_edit() {
        community([
            question(ada(), post(1)),
            edited(post(1), Some("Another title"), None, Some(&["other"])),
        ])
        .when(ada(), edit(title("Title")))
        .then([edited(post(1), Some("Title"), None, None)]);
    }

    #[test]
    fn an_edit_that_changes_nothing_records_nothing() {
        let same = Changes {
            title: Some("Title ".into()),
            body: Some("Body".into()),
            tags: Some(owned(&["tag"])),
        };
        for changes in [same, Changes::default()] {
            community([question(ada(), post(1))])
                .when(ada(), edit(changes))
                .then([]);
        }
    }

    #[test]
    fn all_tags_can_be_taken_away() {
        community([question(ada(), post(1))])
            .when(ada(), edit(tags(&[])))
            .then([edited(post(1), None, None, Some(&[]))]);
    }

    #[test]
    fn the_text_of_a_post_of_any_kind_can_be_edited() {
        for any in one_of_each_kind() {
            community([any])
                .when(ada(), edit(body("Another body")))
                .then([edited(post(1), None, Some("Another body"), None)]);
        }
    }

    #[test]
    fn answers_and_comments_get_neither_a_title_nor_tags() {
        for reply in one_of_each_kind().into_iter().skip(3) {
            community([reply.clone()])
                .when(ada(), edit(title("Title")))
                .then_refused(Refusal::TitleNotAllowed);
            community([reply])
                .when(ada(), edit(tags(&["tag"])))
                .then_refused(Refusal::TagsNotAllowed);
        }
    }

    #[test]
    fn nobody_edits_the_post_of_another() {
        community([question(ada(), post(1))])
            .when(bob(), edit(body("Another body")))
            .then_refused(Refusal::NotTheAuthor { post: post(1) });
    }

    #[test]
    fn nobody_edits_a_deleted_post() {
        community([question(ada(), post(1)), deleted(affected(post(1), ada()))])
            .when(ada(), edit(body("Another body")))
            .then_refused(Refusal::PostDeleted { post: post(1) });
    }

    #[test]
    fn nobody_edits_a_post_that_is_not_there() {
        community([])
            .when(ada(), edit(body("Another body")))
            .then_refused(Refusal::PostNotFound { post: post(1) });
    }

    // Deleting and restoring

    #[test]
    fn f4_authors_delete_their_posts() {
        community([question(ada(), post(1))])
            .when(ada(), delete())
            .then([deleted(affected(post(1), ada()))]);
    }

    #[test]
    fn a_deleted_or_restored_reply_names_what_it_is_on() {
        let affected = Affected {
            parent: Some(post(9)),
            ..affected(post(1), ada())
        };
        for reply in one_of_each_kind().into_iter().skip(3) {
            community([reply.clone()])
                .when(ada(), delete())
                .then([deleted(affected.clone())]);
            community([reply, deleted(affected.clone())])
                .when(ada(), restore())
                .then([restored(affected.clone())]);
        }
    }

    #[test]
    fn a_deleted_or_restored_question_names_its_accepted_answer() {
        let bobs = accepted_answer(post(2), bob());
        let affected = Affected {
            accepted: Some(bobs),
            ..affected(post(1), ada())
        };
        let solved = [
            question(ada(), post(1)),
            answer(bob(), post(2), post(1)),
            accepted(post(1), ada(), bobs, None),
        ];
        community(solved.clone())
            .when(ada(), delete())
            .then([deleted(affected.clone())]);
        community(solved.into_iter().chain([deleted(affected.clone())]))
            .when(ada(), restore())
            .then([restored(affected)]);
    }

    #[test]
    fn deleting_twice_records_nothing() {
        community([question(ada(), post(1)), deleted(affected(post(1), ada()))])
            .when(ada(), delete())
            .then([]);
    }

    #[test]
    fn authors_restore_their_deleted_posts() {
        community([question(ada(), post(1)), deleted(affected(post(1), ada()))])
            .when(ada(), restore())
            .then([restored(affected(post(1), ada()))]);
    }

    #[test]
    fn a_restored_post_can_be_deleted_again() {
        community([
            question(ada(), post(1)),
            deleted(affected(post(1), ada())),
            restored(affected(post(1), ada())),
        ])
        .when(ada(), delete())
        .then([deleted(affected(post(1), ada()))]);
    }

    #[test]
    fn restoring_what_is_not_deleted_records_nothing() {
        community([question(ada(), post(1))])
            .when(ada(), restore())
            .then([]);
    }

    #[test]
    fn nobody_deletes_or_restores_the_post_of_another() {
        let refusal = Refusal::NotTheAuthor { post: post(1) };
        community([question(ada(), post(1))])
            .when(eve(), delete())
            .then_refused(refusal.clone());
        community([question(ada(), post(1)), deleted(affected(post(1), ada()))])
            .when(eve(), restore())
            .then_refused(refusal);
    }

    #[test]
    fn nobody_deletes_or_restores_a_post_that_is_not_there() {
        let refusal = Refusal::PostNotFound { post: post(1) };
        community([])
            .when(ada(), delete())
            .then_refused(refusal.clone());
        community([]).when(ada(), restore()).then_refused(refusal);
    }
}
