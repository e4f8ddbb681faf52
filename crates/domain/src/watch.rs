//! Watching: who wants to hear of a post (DOMAIN F5).

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, Visit, WatchFact};
use crate::id::{AccountId, PostId};
use crate::links::Links;
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

    fn personal(&mut self, _: Visit<'_>) {
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
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::watch(self.post, actor.account)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::post(self.post)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let watching: Watching = history.state(&self.writes(actor, history.links()));
        if watching.watching {
            return Ok(vec![]);
        }
        let post: Post = history.state(&StreamName::post(self.post));
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
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::watch(self.post, actor.account)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::post(self.post)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let post: Post = history.state(&StreamName::post(self.post));
        post.existing(self.post)?;
        let watching: Watching = history.state(&self.writes(actor, history.links()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{
        ada, affected, bob, community, deleted, eve, given, post, question, unwatched, watched,
    };

    fn watch() -> WatchPost {
        WatchPost { post: post(1) }
    }

    fn unwatch() -> UnwatchPost {
        UnwatchPost { post: post(1) }
    }

    #[test]
    fn a_post_can_be_watched() {
        community([question(ada(), post(1))])
            .when(bob(), watch())
            .then([watched(post(1), bob())]);
    }

    #[test]
    fn authors_may_watch_their_own_posts() {
        community([question(ada(), post(1))])
            .when(ada(), watch())
            .then([watched(post(1), ada())]);
    }

    #[test]
    fn everybody_watches_for_themselves() {
        community([question(ada(), post(1)), watched(post(1), bob())])
            .when(eve(), watch())
            .then([watched(post(1), eve())]);
    }

    #[test]
    fn watching_twice_records_nothing() {
        community([question(ada(), post(1)), watched(post(1), bob())])
            .when(bob(), watch())
            .then([]);
    }

    #[test]
    fn a_post_can_be_watched_again() {
        community([
            question(ada(), post(1)),
            watched(post(1), bob()),
            unwatched(post(1), bob()),
        ])
        .when(bob(), watch())
        .then([watched(post(1), bob())]);
    }

    #[test]
    fn nobody_watches_a_post_that_is_not_there() {
        community([])
            .when(bob(), watch())
            .then_refused(Refusal::PostNotFound { post: post(1) });
    }

    #[test]
    fn nobody_watches_a_deleted_post() {
        community([question(ada(), post(1)), deleted(affected(post(1), ada()))])
            .when(bob(), watch())
            .then_refused(Refusal::PostDeleted { post: post(1) });
    }

    #[test]
    fn nobody_watches_before_registering() {
        given([question(ada(), post(1))])
            .when(bob(), watch())
            .then_refused(Refusal::ActorNotRegistered);
    }

    #[test]
    fn watching_can_be_ended() {
        community([question(ada(), post(1)), watched(post(1), bob())])
            .when(bob(), unwatch())
            .then([unwatched(post(1), bob())]);
    }

    #[test]
    fn watching_a_deleted_post_can_be_ended() {
        community([
            question(ada(), post(1)),
            watched(post(1), bob()),
            deleted(affected(post(1), ada())),
        ])
        .when(bob(), unwatch())
        .then([unwatched(post(1), bob())]);
    }

    #[test]
    fn ending_what_was_never_watched_records_nothing() {
        community([question(ada(), post(1))])
            .when(bob(), unwatch())
            .then([]);
    }

    #[test]
    fn ending_it_twice_records_nothing() {
        community([
            question(ada(), post(1)),
            watched(post(1), bob()),
            unwatched(post(1), bob()),
        ])
        .when(bob(), unwatch())
        .then([]);
    }

    #[test]
    fn nobody_stops_watching_a_post_that_is_not_there() {
        community([])
            .when(bob(), unwatch())
            .then_refused(Refusal::PostNotFound { post: post(1) });
    }
}
