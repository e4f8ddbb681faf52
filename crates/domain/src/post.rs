//! Posts: questions, discussions, articles, answers and comments (DOMAIN F1, F4).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::acceptance::AcceptedAnswer;
use crate::decide::{Actor, Command, State, Streams};
use crate::fact::{Body, Fact, PostFact};
use crate::id::{AccountId, Origin, PostId};
use crate::personal::Personal;
use crate::refusal::Refusal;
use crate::stream::StreamName;

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
    /// The title of a top-level post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

    fn withhold_personal(&mut self) {
        let Self {
            post: _,
            kind: _,
            author: _,
            parent: _,
            title,
            body,
            tags: _,
            origin: _,
        } = self;
        title.iter_mut().for_each(Personal::withhold);
        body.withhold();
    }
}

/// A post's title, text or tags were changed; what is absent stayed as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edited {
    /// The post.
    pub post: PostId,
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

/// A value that is there but withheld (`null`) is not the same as one that is absent.
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Personal<String>>, D::Error> {
    Personal::deserialize(deserializer).map(Some)
}

impl Body for Edited {
    fn stream(&self) -> StreamName {
        StreamName::post(self.post)
    }

    fn withhold_personal(&mut self) {
        let Self {
            post: _,
            title,
            body,
            tags: _,
        } = self;
        title.iter_mut().for_each(Personal::withhold);
        body.iter_mut().for_each(Personal::withhold);
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

    fn withhold_personal(&mut self) {
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
    accepted: Option<AcceptedAnswer>,
}

impl Post {
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

    /// The post, if there is one.
    pub fn existing(&self, post: PostId) -> Result<&Created, Refusal> {
        self.written().ok_or(Refusal::PostNotFound { post })
    }

    /// The post, if there is one and it isn't deleted.
    pub fn live(&self, post: PostId) -> Result<&Created, Refusal> {
        let written = self.existing(post)?;
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
            PostFact::Edited(edited) => {
                if let Some(written) = &mut self.written {
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
            PostFact::Restored(_) => self.deleted = false,
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
    /// Its title.
    pub title: String,
    /// Its text.
    pub body: String,
    /// Its tags.
    pub tags: Vec<String>,
}

impl Command for Open {
    fn writes(&self, _: &Actor) -> StreamName {
        StreamName::post(self.post)
    }

    fn decide(&self, actor: &Actor, streams: &Streams) -> Result<Vec<Fact>, Refusal> {
        create(
            actor,
            streams,
            || {
                Ok(Created {
                    post: self.post,
                    kind: self.topic.into(),
                    author: Some(actor.account),
                    parent: None,
                    title: Some(valid_title(&self.title)?),
                    body: valid_body(&self.body)?,
                    tags: valid_tags(&self.tags)?,
                    origin: None,
                })
            },
            self.post,
        )
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
    fn writes(&self, _: &Actor) -> StreamName {
        StreamName::post(self.post)
    }

    fn reads(&self, _: &Actor) -> Vec<StreamName> {
        vec![StreamName::post(self.question)]
    }

    fn decide(&self, actor: &Actor, streams: &Streams) -> Result<Vec<Fact>, Refusal> {
        create(
            actor,
            streams,
            || {
                let question: Post = streams.state(&StreamName::post(self.question));
                if question.live(self.question)?.kind != Kind::Question {
                    return Err(Refusal::NotAQuestion {
                        post: self.question,
                    });
                }
                reply(actor, Kind::Answer, self.post, self.question, &self.body)
            },
            self.post,
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
    fn writes(&self, _: &Actor) -> StreamName {
        StreamName::post(self.post)
    }

    fn reads(&self, _: &Actor) -> Vec<StreamName> {
        vec![StreamName::post(self.on)]
    }

    fn decide(&self, actor: &Actor, streams: &Streams) -> Result<Vec<Fact>, Refusal> {
        create(
            actor,
            streams,
            || {
                let parent: Post = streams.state(&StreamName::post(self.on));
                parent.live(self.on)?;
                reply(actor, Kind::Comment, self.post, self.on, &self.body)
            },
            self.post,
        )
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
    fn writes(&self, _: &Actor) -> StreamName {
        StreamName::post(self.post)
    }

    fn decide(&self, actor: &Actor, streams: &Streams) -> Result<Vec<Fact>, Refusal> {
        let post: Post = streams.state(&StreamName::post(self.post));
        let written = post.live(self.post)?;
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
    fn writes(&self, _: &Actor) -> StreamName {
        StreamName::post(self.post)
    }

    fn decide(&self, actor: &Actor, streams: &Streams) -> Result<Vec<Fact>, Refusal> {
        let post: Post = streams.state(&StreamName::post(self.post));
        let affected = affected(&post, self.post, actor)?;
        Ok(if post.deleted {
            vec![]
        } else {
            vec![PostFact::Deleted(affected).into()]
        })
    }
}

/// Puts a deleted post of the actor's own back, with all that it had (DOMAIN F4).
#[derive(Debug, Clone)]
pub struct Restore {
    /// The post.
    pub post: PostId,
}

impl Command for Restore {
    fn writes(&self, _: &Actor) -> StreamName {
        StreamName::post(self.post)
    }

    fn decide(&self, actor: &Actor, streams: &Streams) -> Result<Vec<Fact>, Refusal> {
        let post: Post = streams.state(&StreamName::post(self.post));
        let affected = affected(&post, self.post, actor)?;
        Ok(if post.deleted {
            vec![PostFact::Restored(affected).into()]
        } else {
            vec![]
        })
    }
}

/// A new post, unless a retry already wrote it.
fn create(
    actor: &Actor,
    streams: &Streams,
    write: impl FnOnce() -> Result<Created, Refusal>,
    post: PostId,
) -> Result<Vec<Fact>, Refusal> {
    let existing: Post = streams.state(&StreamName::post(post));
    match existing.written() {
        None => Ok(vec![PostFact::Created(write()?).into()]),
        Some(written) if written.author == Some(actor.account) => Ok(vec![]),
        Some(_) => Err(Refusal::PostExists { post }),
    }
}

fn reply(
    actor: &Actor,
    kind: Kind,
    post: PostId,
    parent: PostId,
    body: &str,
) -> Result<Created, Refusal> {
    Ok(Created {
        post,
        kind,
        author: Some(actor.account),
        parent: Some(parent),
        title: None,
        body: valid_body(body)?,
        tags: vec![],
        origin: None,
    })
}

fn affected(post: &Post, id: PostId, actor: &Actor) -> Result<Affected, Refusal> {
    let written = post.existing(id)?;
    by_its_author(written, actor)?;
    Ok(Affected {
        post: id,
        author: written.author,
        parent: written.parent,
        accepted: post.accepted,
    })
}

fn by_its_author(written: &Created, actor: &Actor) -> Result<(), Refusal> {
    if written.author == Some(actor.account) {
        Ok(())
    } else {
        Err(Refusal::NotTheAuthor { post: written.post })
    }
}

fn valid_title(title: &str) -> Result<Personal<String>, Refusal> {
    let title = title.trim();
    let length = title.chars().count();
    if length == 0 || length > TITLE_MAX {
        return Err(Refusal::TitleInvalid { max: TITLE_MAX });
    }
    Ok(Personal::known(title.to_owned()))
}

fn valid_body(body: &str) -> Result<Personal<String>, Refusal> {
    if body.trim().is_empty() || body.chars().count() > BODY_MAX {
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
