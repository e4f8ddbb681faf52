//! Watching: who wants to hear of a post (DOMAIN F5).

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, State, Streams};
use crate::fact::{Body, Fact, WatchFact};
use crate::id::{AccountId, PostId};
use crate::post::Post;
use crate::refusal::Refusal;
use crate::stream::StreamName;

// Facts

/// Who watches, or no longer watches, what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// The post.
    pub post: PostId,
    /// Who wants to hear of it.
    pub account: AccountId,
}

impl Body for Watch {
    fn stream(&self) -> StreamName {
        StreamName::watch(self.post, self.account)
    }

    fn withhold_personal(&mut self) {
        let Self {
            post: _,
            account: _,
        } = self;
    }
}

// Fold

/// Whether one account watches one post.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Watching {
    watching: bool,
}

impl State for Watching {
    type Fact = WatchFact;

    fn apply(&mut self, fact: &WatchFact) {
        self.watching = match fact {
            WatchFact::Watched(_) => true,
            WatchFact::Unwatched(_) => false,
        };
    }
}

// Decisions

/// Watches a post. Watching twice records nothing.
#[derive(Debug, Clone)]
pub struct WatchPost {
    /// The post.
    pub post: PostId,
}

impl Command for WatchPost {
    fn writes(&self, actor: &Actor) -> StreamName {
        StreamName::watch(self.post, actor.account)
    }

    fn reads(&self, _: &Actor) -> Vec<StreamName> {
        vec![StreamName::post(self.post)]
    }

    fn decide(&self, actor: &Actor, streams: &Streams) -> Result<Vec<Fact>, Refusal> {
        let watching: Watching = streams.state(&self.writes(actor));
        if watching.watching {
            return Ok(vec![]);
        }
        let post: Post = streams.state(&StreamName::post(self.post));
        post.live(self.post)?;
        let watch = Watch {
            post: self.post,
            account: actor.account,
        };
        Ok(vec![WatchFact::Watched(watch).into()])
    }
}

/// Stops watching a post. Where nothing is watched, nothing is recorded.
#[derive(Debug, Clone)]
pub struct UnwatchPost {
    /// The post.
    pub post: PostId,
}

impl Command for UnwatchPost {
    fn writes(&self, actor: &Actor) -> StreamName {
        StreamName::watch(self.post, actor.account)
    }

    fn reads(&self, _: &Actor) -> Vec<StreamName> {
        vec![StreamName::post(self.post)]
    }

    fn decide(&self, actor: &Actor, streams: &Streams) -> Result<Vec<Fact>, Refusal> {
        let post: Post = streams.state(&StreamName::post(self.post));
        post.existing(self.post)?;
        let watching: Watching = streams.state(&self.writes(actor));
        if !watching.watching {
            return Ok(vec![]);
        }
        let watch = Watch {
            post: self.post,
            account: actor.account,
        };
        Ok(vec![WatchFact::Unwatched(watch).into()])
    }
}
