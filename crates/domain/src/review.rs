//! Review of articles in moderated groups (DOMAIN F6, F7). An article that waits for it was
//! [submitted](crate::fact::PostFact::Submitted), which tells all that creating one does.

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::decide::{Actor, Command, History};
use crate::erasure::Content;
use crate::fact::{Body, Fact, PostFact, Visit};
use crate::id::{AccountId, GroupId, PostId};
use crate::links::Links;
use crate::personal::{About, Personal};
use crate::post::{Created, Post, Review, by_its_author};
use crate::refusal::Refusal;
use crate::stream::StreamName;
use crate::text;

// Facts

/// Staff let an article out: from now on it is a post like any other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The article.
    pub post: PostId,
    /// Who wrote it.
    pub author: Option<AccountId>,
    /// The group that it is in, whose watchers are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
}

impl Body for Published {
    fn stream(&self) -> StreamName {
        StreamName::post(self.post)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            post: _,
            author: _,
            group: _,
        } = self;
    }
}

/// Staff didn't.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejected {
    /// The article.
    pub post: PostId,
    /// Who wrote it.
    pub author: Option<AccountId>,
    /// Why; kept under the author's key.
    pub reason: Personal<String>,
}

impl Body for Rejected {
    fn stream(&self) -> StreamName {
        StreamName::post(self.post)
    }

    fn personal(&mut self, visit: Visit<'_>) {
        let Self {
            post: _,
            author,
            reason,
        } = self;
        visit(author.map(About::content), reason);
    }
}

/// The author of a rejected article asked for another review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resubmitted {
    /// The article.
    pub post: PostId,
    /// Who wrote it.
    pub author: Option<AccountId>,
}

impl Body for Resubmitted {
    fn stream(&self) -> StreamName {
        StreamName::post(self.post)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self { post: _, author: _ } = self;
    }
}

// Decisions. The state is the post's: see `post`.

/// The most characters of a reason.
pub const REASON_MAX: usize = 2_000;

/// Publishes an article that waits for review, or was rejected, as staff: the text that they read, so one
/// that its author changed meanwhile is refused. What is published already is published no second time.
/// What its author changes from then on is public at once: it is reviewed before it is published, once.
#[derive(Debug, Clone)]
pub struct Publish {
    /// The article.
    pub post: PostId,
    /// The revision of it that was read.
    pub revision: u32,
}

impl Command for Publish {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::post(self.post)
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        author_of(self.post, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        by_staff(actor)?;
        let post: Post = history.state(&StreamName::post(self.post));
        let written = post.live(self.post, actor, history)?;
        if post.review().is_none() {
            return Ok(vec![]);
        }
        still_written(written, history)?;
        if post.revision() != self.revision {
            return Err(Refusal::ArticleChanged {
                post: self.post,
                revision: post.revision(),
            });
        }
        let published = Published {
            post: self.post,
            author: written.author,
            group: written.group,
        };
        Ok(vec![PostFact::Published(published).into()])
    }
}

/// Rejects an article that waits for review, as staff. Rejecting it for the same reason again records
/// nothing.
#[derive(Debug, Clone)]
pub struct Reject {
    /// The article.
    pub post: PostId,
    /// Why: its author reads this.
    pub reason: String,
}

impl Command for Reject {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::post(self.post)
    }

    fn reads(&self, _: &Actor, history: &History) -> Vec<StreamName> {
        author_of(self.post, history)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        by_staff(actor)?;
        let post: Post = history.state(&StreamName::post(self.post));
        let written = post.live(self.post, actor, history)?;
        let reason = text::lines("reason", &self.reason, REASON_MAX).map(Personal::known)?;
        still_written(written, history)?;
        match post.review() {
            Some(Review::Pending) => {}
            Some(Review::Rejected) if post.reason() == Some(&reason) => return Ok(vec![]),
            Some(Review::Rejected) | None => {
                return Err(Refusal::NotInReview { post: self.post });
            }
        }
        let rejected = Rejected {
            post: self.post,
            author: written.author,
            reason,
        };
        Ok(vec![PostFact::Rejected(rejected).into()])
    }
}

/// Asks for another review of a rejected article of the actor's own. While it waits, asking again records
/// nothing.
#[derive(Debug, Clone)]
pub struct Resubmit {
    /// The article.
    pub post: PostId,
}

impl Command for Resubmit {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::post(self.post)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let post: Post = history.state(&StreamName::post(self.post));
        let written = post.live(self.post, actor, history)?;
        by_its_author(written, actor)?;
        match post.review() {
            Some(Review::Pending) => Ok(vec![]),
            Some(Review::Rejected) => {
                let resubmitted = Resubmitted {
                    post: self.post,
                    author: written.author,
                };
                Ok(vec![PostFact::Resubmitted(resubmitted).into()])
            }
            None => Err(Refusal::NotInReview { post: self.post }),
        }
    }
}

/// The account of who wrote an article.
fn author_of(post: PostId, history: &History) -> Vec<StreamName> {
    let post: Post = history.state(&StreamName::post(post));
    let author = post.written().and_then(|written| written.author);
    author.map(StreamName::account).into_iter().collect()
}

/// What its author erased waits for nothing: there is nothing left to publish.
fn still_written(written: &Created, history: &History) -> Result<(), Refusal> {
    let erased = written.author.and_then(|author| {
        let author: Account = history.state(&StreamName::account(author));
        author.erased()
    });
    match erased {
        Some(Content::Remove) => Err(Refusal::NotInReview { post: written.post }),
        Some(Content::Keep) | None => Ok(()),
    }
}

fn by_staff(actor: &Actor) -> Result<(), Refusal> {
    if actor.roles.is_staff() {
        Ok(())
    } else {
        Err(Refusal::NotPermitted { who: "staff" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acceptance::Accept;
    use crate::given::{
        Given, ada, affected, bob, comment, community, deleted, erased, eve, gave, group,
        group_created, in_group, joined, linked, moderated, post, published, rejected, resubmitted,
        staff, submitted, topic,
    };
    use crate::kudos::{Allowance, Give};
    use crate::like::{LikePost, UnlikePost};
    use crate::period::Period;
    use crate::post::{Changes, Comment, Delete, Edit, Kind, Open, Restore, Topic};
    use crate::watch::{UnwatchPost, WatchPost};

    fn article() -> Fact {
        in_group(topic(ada(), post(1), Kind::Article), group(1))
    }

    /// Ada is a member of a moderated group, and what else happened.
    fn in_moderated_group(facts: impl IntoIterator<Item = Fact>) -> Given {
        let group = [
            group_created(group(1), "Bread"),
            moderated(group(1), true),
            joined(group(1), ada()),
        ];
        community(group.into_iter().chain(facts))
    }

    fn open(topic: Topic) -> Open {
        Open {
            post: post(1),
            topic,
            group: Some(group(1)),
            title: "Title".into(),
            body: "Body".into(),
            tags: vec!["tag".into()],
            without_review: false,
        }
    }

    fn publish() -> Publish {
        publish_revision(1)
    }

    fn publish_revision(revision: u32) -> Publish {
        Publish {
            post: post(1),
            revision,
        }
    }

    fn reject(reason: &str) -> Reject {
        Reject {
            post: post(1),
            reason: reason.into(),
        }
    }

    fn resubmit() -> Resubmit {
        Resubmit { post: post(1) }
    }

    #[test]
    fn f6_an_article_in_a_moderated_group_goes_to_review() {
        in_moderated_group([])
            .when(ada(), open(Topic::Article))
            .then([submitted(article())]);
    }

    #[test]
    fn f6_only_articles_are_reviewed_and_only_while_the_group_is_moderated() {
        for (kind, topic_kind) in [
            (Topic::Question, Kind::Question),
            (Topic::Discussion, Kind::Discussion),
        ] {
            let created = in_group(topic(ada(), post(1), topic_kind), group(1));
            in_moderated_group([])
                .when(ada(), open(kind))
                .then([created]);
        }
        in_moderated_group([moderated(group(1), false)])
            .when(ada(), open(Topic::Article))
            .then([article()]);
    }

    #[test]
    fn f6_who_may_publish_by_themselves_does() {
        let open = Open {
            without_review: true,
            ..open(Topic::Article)
        };
        in_moderated_group([]).when(ada(), open).then([article()]);
    }

    #[test]
    fn f7_a_late_retry_submits_nothing_again() {
        for after in [vec![], vec![published(post(1), ada(), group(1))]] {
            let facts = [submitted(article())].into_iter().chain(after);
            in_moderated_group(facts)
                .when(ada(), open(Topic::Article))
                .then([]);
        }
    }

    #[test]
    fn f7_staff_publish_once() {
        in_moderated_group([submitted(article())])
            .when(staff(eve()), publish())
            .then([published(post(1), ada(), group(1))]);
        let facts = [submitted(article()), published(post(1), ada(), group(1))];
        in_moderated_group(facts)
            .when(staff(eve()), publish())
            .then([]);
    }

    #[test]
    fn f7_staff_publish_what_they_read() {
        let less = crate::given::edited(post(1), None, Some("Less"), None);
        let changed = || [submitted(article()), less.clone()];
        in_moderated_group(changed())
            .when(staff(eve()), publish())
            .then_refused(Refusal::ArticleChanged {
                post: post(1),
                revision: 2,
            });
        in_moderated_group(changed())
            .when(staff(eve()), publish_revision(2))
            .then([published(post(1), ada(), group(1))]);
        in_moderated_group([submitted(article())])
            .when(staff(eve()), publish_revision(2))
            .then_refused(Refusal::ArticleChanged {
                post: post(1),
                revision: 1,
            });
        // A retry of what was done is no mistake, whatever the article has become since.
        let after = changed()
            .into_iter()
            .chain([published(post(1), ada(), group(1))]);
        in_moderated_group(after)
            .when(staff(eve()), publish())
            .then([]);
    }

    #[test]
    fn f6_what_is_published_is_edited_without_another_review() {
        let changes = Changes {
            title: Some("Less salt".into()),
            ..Changes::default()
        };
        let edit = Edit {
            post: post(1),
            changes,
        };
        let title = crate::given::edited(post(1), Some("Less salt"), None, None);
        let facts = [submitted(article()), published(post(1), ada(), group(1))];
        in_moderated_group(facts).when(ada(), edit).then([title]);
    }

    #[test]
    fn f7_staff_reject_with_a_reason() {
        in_moderated_group([submitted(article())])
            .when(staff(eve()), reject("Too salty"))
            .then([rejected(post(1), ada(), "Too salty")]);
        in_moderated_group([submitted(article())])
            .when(staff(eve()), reject(" "))
            .then_refused(Refusal::TextInvalid {
                field: "reason",
                max: REASON_MAX,
            });
    }

    #[test]
    fn f7_rejecting_again_needs_another_submission() {
        let facts = [submitted(article()), rejected(post(1), ada(), "Too salty")];
        in_moderated_group(facts.clone())
            .when(staff(eve()), reject("Too salty"))
            .then([]);
        in_moderated_group(facts)
            .when(staff(bob()), reject("Too sweet"))
            .then_refused(Refusal::NotInReview { post: post(1) });
    }

    #[test]
    fn f7_nobody_else_decides_on_an_article() {
        let refusal = || Refusal::NotPermitted { who: "staff" };
        in_moderated_group([submitted(article())])
            .when(ada(), publish())
            .then_refused(refusal());
        in_moderated_group([submitted(article())])
            .when(bob(), reject("Mine is better"))
            .then_refused(refusal());
    }

    #[test]
    fn f7_a_rejected_article_can_be_resubmitted_by_its_author() {
        let facts = [submitted(article()), rejected(post(1), ada(), "Too salty")];
        in_moderated_group(facts.clone())
            .when(ada(), resubmit())
            .then([resubmitted(post(1), ada())]);
        in_moderated_group(facts.clone())
            .when(staff(eve()), resubmit())
            .then_refused(Refusal::NotTheAuthor { post: post(1) });
        let again = facts.into_iter().chain([resubmitted(post(1), ada())]);
        in_moderated_group(again.clone())
            .when(ada(), resubmit())
            .then([]);
        in_moderated_group(again)
            .when(staff(eve()), reject("Too salty"))
            .then([rejected(post(1), ada(), "Too salty")]);
    }

    #[test]
    fn f7_what_is_published_is_not_resubmitted() {
        in_moderated_group([article()])
            .when(ada(), resubmit())
            .then_refused(Refusal::NotInReview { post: post(1) });
    }

    #[test]
    fn f7_an_article_in_review_is_edited_deleted_and_restored_as_any_other() {
        let changes = Changes {
            title: Some("Less salt".into()),
            ..Changes::default()
        };
        let edit = Edit {
            post: post(1),
            changes,
        };
        let title = crate::given::edited(post(1), Some("Less salt"), None, None);
        in_moderated_group([submitted(article())])
            .when(ada(), edit)
            .then([title]);
        in_moderated_group([submitted(article())])
            .when(ada(), Delete { post: post(1) })
            .then([deleted(affected(post(1), ada()))]);
        let facts = [submitted(article()), deleted(affected(post(1), ada()))];
        in_moderated_group(facts.clone())
            .when(staff(eve()), publish())
            .then_refused(Refusal::PostDeleted { post: post(1) });
        in_moderated_group(facts)
            .when(ada(), Restore { post: post(1) })
            .then([crate::given::restored(affected(post(1), ada()))]);
    }

    #[test]
    fn f7_of_an_article_in_review_others_do_not_learn_that_there_is_one() {
        let refusal = || Refusal::PostNotFound { post: post(1) };
        let given = || in_moderated_group([submitted(article()), joined(group(1), bob())]);
        let on = post(1);
        let (post_id, body) = (post(2), "Nice".to_owned());
        given()
            .when(bob(), LikePost { post: on })
            .then_refused(refusal());
        given()
            .when(bob(), WatchPost { post: on })
            .then_refused(refusal());
        let comment = Comment {
            post: post_id,
            on,
            body,
        };
        given().when(bob(), comment).then_refused(refusal());
        let kudos = gave(1, bob(), ada());
        let give = Give {
            gift: kudos.gift,
            receiver: ada(),
            message: "Good bread".into(),
            post: Some(on),
            allowance: Allowance {
                gifts: 10,
                per: Period::Week,
            },
        };
        given().when(bob(), give).then_refused(refusal());
    }

    #[test]
    fn f7_nor_by_taking_back_changing_or_submitting_what_is_not_theirs() {
        let refusal = || Refusal::PostNotFound { post: post(1) };
        for facts in [
            vec![submitted(article())],
            vec![submitted(article()), rejected(post(1), ada(), "Too salty")],
            vec![submitted(article()), deleted(affected(post(1), ada()))],
        ] {
            let given = || in_moderated_group(facts.clone());
            let edit = Edit {
                post: post(1),
                changes: Changes::default(),
            };
            given().when(bob(), edit).then_refused(refusal());
            given()
                .when(bob(), Delete { post: post(1) })
                .then_refused(refusal());
            given()
                .when(bob(), Restore { post: post(1) })
                .then_refused(refusal());
            given().when(bob(), resubmit()).then_refused(refusal());
            given()
                .when(bob(), UnlikePost { post: post(1) })
                .then_refused(refusal());
            given()
                .when(bob(), UnwatchPost { post: post(1) })
                .then_refused(refusal());
            let accept = Accept {
                question: post(1),
                answer: post(2),
            };
            given().when(bob(), accept).then_refused(refusal());
        }
    }

    #[test]
    fn f7_what_its_author_erased_is_not_published_nor_rejected() {
        let facts = [submitted(article()), erased(ada(), Content::Remove)];
        in_moderated_group(facts.clone())
            .when(staff(eve()), publish())
            .then_refused(Refusal::NotInReview { post: post(1) });
        in_moderated_group(facts)
            .when(staff(eve()), reject("Empty"))
            .then_refused(Refusal::NotInReview { post: post(1) });
        in_moderated_group([submitted(article()), erased(ada(), Content::Keep)])
            .when(staff(eve()), publish())
            .then([published(post(1), ada(), group(1))]);
    }

    #[test]
    fn f7_its_author_and_staff_are_told_that_it_is_not_published_yet() {
        let refusal = || Refusal::PostNotPublished { post: post(1) };
        let watch = || WatchPost { post: post(1) };
        in_moderated_group([submitted(article())])
            .when(ada(), watch())
            .then_refused(refusal());
        in_moderated_group([submitted(article()), linked(bob(), ada(), 1)])
            .when(bob(), watch())
            .then_refused(refusal());
        in_moderated_group([submitted(article())])
            .when(staff(eve()), watch())
            .then_refused(refusal());
    }

    #[test]
    fn f7_a_published_article_can_be_commented_on() {
        let facts = [
            submitted(article()),
            published(post(1), ada(), group(1)),
            joined(group(1), bob()),
        ];
        let body = "Body".to_owned();
        let reply = Comment {
            post: post(2),
            on: post(1),
            body,
        };
        in_moderated_group(facts)
            .when(bob(), reply)
            .then([in_group(comment(bob(), post(2), post(1)), group(1))]);
    }
}
