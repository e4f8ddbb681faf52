//! Likes: one an account and post (DOMAIN F2).

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, State, Streams};
use crate::fact::{Body, Fact, LikeFact};
use crate::id::{AccountId, PostId};
use crate::post::Post;
use crate::refusal::Refusal;
use crate::stream::StreamName;

// Facts

/// Who likes, or no longer likes, what, and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Like {
    /// The post.
    pub post: PostId,
    /// Who likes it.
    pub account: AccountId,
    /// Who wrote it.
    pub author: Option<AccountId>,
}

impl Body for Like {
    fn stream(&self) -> StreamName {
        StreamName::like(self.post, self.account)
    }

    fn withhold_personal(&mut self) {
        let Self {
            post: _,
            account: _,
            author: _,
        } = self;
    }
}

// Fold

/// Whether one account likes one post.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Liking {
    liked: bool,
}

impl State for Liking {
    type Fact = LikeFact;

    fn apply(&mut self, fact: &LikeFact) {
        self.liked = match fact {
            LikeFact::Liked(_) => true,
            LikeFact::Withdrawn(_) => false,
        };
    }
}

// Decisions

/// Likes a post. Liking twice records nothing.
#[derive(Debug, Clone)]
pub struct LikePost {
    /// The post.
    pub post: PostId,
}

impl Command for LikePost {
    fn writes(&self, actor: &Actor) -> StreamName {
        StreamName::like(self.post, actor.account)
    }

    fn reads(&self, _: &Actor) -> Vec<StreamName> {
        vec![StreamName::post(self.post)]
    }

    fn decide(&self, actor: &Actor, streams: &Streams) -> Result<Vec<Fact>, Refusal> {
        let liking: Liking = streams.state(&self.writes(actor));
        if liking.liked {
            return Ok(vec![]);
        }
        let post: Post = streams.state(&StreamName::post(self.post));
        let written = post.live(self.post)?;
        // DOMAIN L14.
        if written.author == Some(actor.account) {
            return Err(Refusal::OwnPost);
        }
        let like = Like {
            post: self.post,
            account: actor.account,
            author: written.author,
        };
        Ok(vec![LikeFact::Liked(like).into()])
    }
}

/// Takes a like back. Where there is none, nothing is recorded.
#[derive(Debug, Clone)]
pub struct UnlikePost {
    /// The post.
    pub post: PostId,
}

impl Command for UnlikePost {
    fn writes(&self, actor: &Actor) -> StreamName {
        StreamName::like(self.post, actor.account)
    }

    fn reads(&self, _: &Actor) -> Vec<StreamName> {
        vec![StreamName::post(self.post)]
    }

    fn decide(&self, actor: &Actor, streams: &Streams) -> Result<Vec<Fact>, Refusal> {
        let post: Post = streams.state(&StreamName::post(self.post));
        let author = post.existing(self.post)?.author;
        let liking: Liking = streams.state(&self.writes(actor));
        if !liking.liked {
            return Ok(vec![]);
        }
        let like = Like {
            post: self.post,
            account: actor.account,
            author,
        };
        Ok(vec![LikeFact::Withdrawn(like).into()])
    }
}
