//! Watching: who wants to hear of a post, or of a group (DOMAIN F5).

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, Visit, WatchFact};
use crate::group::Group;
use crate::id::{AccountId, GroupId, PostId};
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

/// Who watches, or no longer watches, which group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupWatch {
    /// The group.
    pub group: GroupId,
    /// Who wants to hear of it.
    pub account: AccountId,
}

impl Body for GroupWatch {
    fn stream(&self) -> StreamName {
        StreamName::watch_group(self.group, self.account)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            group: _,
            account: _,
        } = self;
    }
}

// Fold

/// Whether one account watches one post, or one group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Watching {
    watching: bool,
}

impl State for Watching {
    type Fact = WatchFact;

    fn apply(&mut self, fact: &WatchFact) {
        self.watching = match fact {
            WatchFact::Watched(_) | WatchFact::GroupWatched(_) => true,
            WatchFact::Unwatched(_) | WatchFact::GroupUnwatched(_) => false,
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
        post.published(self.post, actor, history)?;
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
        post.existing(self.post, actor, history)?;
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

/// Watches a group. Watching twice records nothing; it takes no membership.
#[derive(Debug, Clone)]
pub struct WatchGroup {
    /// The group.
    pub group: GroupId,
}

impl Command for WatchGroup {
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::watch_group(self.group, actor.account)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::group(self.group)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        existing(self.group, history)?;
        let watching: Watching = history.state(&self.writes(actor, history.links()));
        if watching.watching {
            return Ok(vec![]);
        }
        let watch = GroupWatch {
            group: self.group,
            account: actor.account,
        };
        Ok(vec![WatchFact::GroupWatched(watch).into()])
    }
}

/// Stops watching a group. Where nothing is watched, nothing is recorded.
#[derive(Debug, Clone)]
pub struct UnwatchGroup {
    /// The group.
    pub group: GroupId,
}

impl Command for UnwatchGroup {
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::watch_group(self.group, actor.account)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::group(self.group)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        existing(self.group, history)?;
        let watching: Watching = history.state(&self.writes(actor, history.links()));
        if !watching.watching {
            return Ok(vec![]);
        }
        let watch = GroupWatch {
            group: self.group,
            account: actor.account,
        };
        Ok(vec![WatchFact::GroupUnwatched(watch).into()])
    }
}

fn existing(group: GroupId, history: &History) -> Result<(), Refusal> {
    let state: Group = history.state(&StreamName::group(group));
    if state.exists() {
        Ok(())
    } else {
        Err(Refusal::GroupNotFound { group })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{
        ada, affected, bob, community, deleted, eve, given, group, group_created, group_unwatched,
        group_watched, post, question, unwatched, watched,
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

    fn watch_group() -> WatchGroup {
        WatchGroup { group: group(1) }
    }

    fn unwatch_group() -> UnwatchGroup {
        UnwatchGroup { group: group(1) }
    }

    #[test]
    fn f5_a_group_can_be_watched_by_whoever_is_no_member() {
        community([group_created(group(1), "Bread")])
            .when(bob(), watch_group())
            .then([group_watched(group(1), bob())]);
    }

    #[test]
    fn f5_watching_a_group_twice_records_nothing() {
        community([
            group_created(group(1), "Bread"),
            group_watched(group(1), bob()),
        ])
        .when(bob(), watch_group())
        .then([]);
    }

    #[test]
    fn f5_watching_a_group_can_be_ended_and_begun_again() {
        let watched = [
            group_created(group(1), "Bread"),
            group_watched(group(1), bob()),
        ];
        let unwatched = group_unwatched(group(1), bob());
        community(watched.clone())
            .when(bob(), unwatch_group())
            .then([unwatched.clone()]);
        let ended = watched.into_iter().chain([unwatched]);
        community(ended.clone())
            .when(bob(), unwatch_group())
            .then([]);
        community(ended)
            .when(bob(), watch_group())
            .then([group_watched(group(1), bob())]);
    }

    #[test]
    fn f5_nobody_watches_a_group_that_is_not_there() {
        let refusal = || Refusal::GroupNotFound { group: group(1) };
        community([])
            .when(bob(), watch_group())
            .then_refused(refusal());
        community([])
            .when(bob(), unwatch_group())
            .then_refused(refusal());
    }
}
