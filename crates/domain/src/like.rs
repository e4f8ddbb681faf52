//! Likes: one an account and post (DOMAIN F2).

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, History, State};
use crate::fact::{Body, Fact, LikeFact, Visit};
use crate::id::{AccountId, PostId};
use crate::links::Links;
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

    fn personal(&mut self, _: Visit<'_>) {
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
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::like(self.post, actor.account)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::post(self.post)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let liking: Liking = history.state(&self.writes(actor, history.links()));
        if liking.liked {
            return Ok(vec![]);
        }
        let post: Post = history.state(&StreamName::post(self.post));
        let written = post.published(self.post, actor, history)?;
        // DOMAIN L14.
        let is_own = |author| history.links().is_same_person(author, actor.account);
        if written.author.is_some_and(is_own) {
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
    fn writes(&self, actor: &Actor, _: &Links) -> StreamName {
        StreamName::like(self.post, actor.account)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::post(self.post)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let post: Post = history.state(&StreamName::post(self.post));
        let author = post.existing(self.post, actor, history)?.author;
        let liking: Liking = history.state(&self.writes(actor, history.links()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{
        ada, affected, answer, bob, comment, community, deleted, eve, given, like_withdrawn, liked,
        post, question, topic,
    };
    use crate::post::Kind;

    fn like() -> LikePost {
        LikePost { post: post(1) }
    }

    fn unlike() -> UnlikePost {
        UnlikePost { post: post(1) }
    }

    #[test]
    fn a_like_names_the_author_of_the_post() {
        community([question(ada(), post(1))])
            .when(bob(), like())
            .then([liked(post(1), bob(), ada())]);
    }

    #[test]
    fn posts_of_every_kind_can_be_liked() {
        let discussion = post(10);
        for fact in [
            topic(ada(), post(1), Kind::Question),
            topic(ada(), post(1), Kind::Discussion),
            topic(ada(), post(1), Kind::Article),
            answer(ada(), post(1), discussion),
            comment(ada(), post(1), discussion),
        ] {
            community([fact])
                .when(bob(), like())
                .then([liked(post(1), bob(), ada())]);
        }
    }

    #[test]
    fn everybody_likes_for_themselves() {
        community([question(ada(), post(1)), liked(post(1), bob(), ada())])
            .when(eve(), like())
            .then([liked(post(1), eve(), ada())]);
    }

    #[test]
    fn f2_liking_twice_records_nothing() {
        community([question(ada(), post(1)), liked(post(1), bob(), ada())])
            .when(bob(), like())
            .then([]);
    }

    #[test]
    fn a_like_that_was_taken_back_can_be_given_again() {
        community([
            question(ada(), post(1)),
            liked(post(1), bob(), ada()),
            like_withdrawn(post(1), bob(), ada()),
        ])
        .when(bob(), like())
        .then([liked(post(1), bob(), ada())]);
    }

    #[test]
    fn nobody_likes_a_post_of_their_own() {
        community([question(ada(), post(1))])
            .when(ada(), like())
            .then_refused(Refusal::OwnPost);
    }

    #[test]
    fn nobody_likes_a_post_that_is_not_there() {
        community([])
            .when(bob(), like())
            .then_refused(Refusal::PostNotFound { post: post(1) });
    }

    #[test]
    fn nobody_likes_a_deleted_post() {
        community([question(ada(), post(1)), deleted(affected(post(1), ada()))])
            .when(bob(), like())
            .then_refused(Refusal::PostDeleted { post: post(1) });
    }

    #[test]
    fn nobody_likes_before_registering() {
        given([question(ada(), post(1))])
            .when(bob(), like())
            .then_refused(Refusal::ActorNotRegistered);
    }

    #[test]
    fn a_like_can_be_taken_back() {
        community([question(ada(), post(1)), liked(post(1), bob(), ada())])
            .when(bob(), unlike())
            .then([like_withdrawn(post(1), bob(), ada())]);
    }

    #[test]
    fn a_like_of_a_deleted_post_can_be_taken_back() {
        community([
            question(ada(), post(1)),
            liked(post(1), bob(), ada()),
            deleted(affected(post(1), ada())),
        ])
        .when(bob(), unlike())
        .then([like_withdrawn(post(1), bob(), ada())]);
    }

    #[test]
    fn taking_back_a_like_that_was_never_given_records_nothing() {
        community([question(ada(), post(1))])
            .when(bob(), unlike())
            .then([]);
    }

    #[test]
    fn taking_a_like_back_twice_records_nothing() {
        community([
            question(ada(), post(1)),
            liked(post(1), bob(), ada()),
            like_withdrawn(post(1), bob(), ada()),
        ])
        .when(bob(), unlike())
        .then([]);
    }

    #[test]
    fn no_like_is_taken_back_from_a_post_that_is_not_there() {
        community([])
            .when(bob(), unlike())
            .then_refused(Refusal::PostNotFound { post: post(1) });
    }
}
