//! Accepted answers: one a question, in the question's stream (DOMAIN F3).

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, History};
use crate::fact::{Body, Fact, PostFact, Visit};
use crate::id::{AccountId, PostId};
use crate::links::Links;
use crate::post::{Created, Kind, Post};
use crate::refusal::Refusal;
use crate::stream::StreamName;

// Facts. The state is the question's: see `post`.

/// An answer that is accepted, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedAnswer {
    /// The answer.
    pub answer: PostId,
    /// Who wrote it; unknown for some imported posts.
    pub author: Option<AccountId>,
}

/// An answer was accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The question.
    pub question: PostId,
    /// Who asked it.
    pub asker: Option<AccountId>,
    /// The answer, and whose it is.
    pub accepted: AcceptedAnswer,
    /// The answer that was accepted until now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<AcceptedAnswer>,
}

impl Body for Accepted {
    fn stream(&self) -> StreamName {
        StreamName::post(self.question)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            question: _,
            asker: _,
            accepted: _,
            replaced: _,
        } = self;
    }
}

/// An acceptance was taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawn {
    /// The question.
    pub question: PostId,
    /// Who asked it.
    pub asker: Option<AccountId>,
    /// The answer that was accepted until now.
    pub withdrawn: AcceptedAnswer,
}

impl Body for Withdrawn {
    fn stream(&self) -> StreamName {
        StreamName::post(self.question)
    }

    fn personal(&mut self, _: Visit<'_>) {
        let Self {
            question: _,
            asker: _,
            withdrawn: _,
        } = self;
    }
}

// Decisions

/// Accepts an answer to a question of the actor's own, or as staff, in place of another where there
/// is one.
#[derive(Debug, Clone)]
pub struct Accept {
    /// The question.
    pub question: PostId,
    /// The answer to it.
    pub answer: PostId,
}

impl Command for Accept {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::post(self.question)
    }

    fn reads(&self, _: &Actor, _: &History) -> Vec<StreamName> {
        vec![StreamName::post(self.answer)]
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let question: Post = history.state(&StreamName::post(self.question));
        let asker = may_accept(
            question.live(self.question, actor, history)?,
            actor,
            history,
        )?;
        let answer: Post = history.state(&StreamName::post(self.answer));
        let answered = answer.live(self.answer, actor, history)?;
        if answered.kind != Kind::Answer || answered.parent != Some(self.question) {
            return Err(Refusal::NotAnAnswer {
                post: self.answer,
                question: self.question,
            });
        }
        // DOMAIN L14: nobody accepts an answer of their own as a favour to themselves.
        let links = history.links();
        if answered
            .author
            .is_some_and(|author| links.is_same_person(author, actor.account))
        {
            return Err(Refusal::OwnAnswer);
        }
        let accepted = AcceptedAnswer {
            answer: self.answer,
            author: answered.author,
        };
        if question.accepted() == Some(accepted) {
            return Ok(vec![]);
        }
        Ok(vec![
            PostFact::AnswerAccepted(Accepted {
                question: self.question,
                asker,
                accepted,
                replaced: question.accepted(),
            })
            .into(),
        ])
    }
}

/// Takes back the acceptance on a question of the actor's own, or as staff.
#[derive(Debug, Clone)]
pub struct Withdraw {
    /// The question.
    pub question: PostId,
}

impl Command for Withdraw {
    fn writes(&self, _: &Actor, _: &Links) -> StreamName {
        StreamName::post(self.question)
    }

    fn decide(&self, actor: &Actor, history: &History) -> Result<Vec<Fact>, Refusal> {
        let question: Post = history.state(&StreamName::post(self.question));
        let asker = may_accept(
            question.live(self.question, actor, history)?,
            actor,
            history,
        )?;
        Ok(match question.accepted() {
            None => vec![],
            Some(withdrawn) => vec![
                PostFact::AcceptanceWithdrawn(Withdrawn {
                    question: self.question,
                    asker,
                    withdrawn,
                })
                .into(),
            ],
        })
    }
}

/// Who asked the question, logged in as any of their linked accounts, and staff (DOMAIN F3); the
/// account that asked it, where that is known.
fn may_accept(
    question: &Created,
    actor: &Actor,
    history: &History,
) -> Result<Option<AccountId>, Refusal> {
    if question.kind != Kind::Question {
        return Err(Refusal::NotAQuestion {
            post: question.post,
        });
    }
    let is_asker = |asker| history.links().is_same_person(asker, actor.account);
    if !question.author.is_some_and(is_asker) && !actor.roles.is_staff() {
        return Err(Refusal::NotTheAsker {
            question: question.post,
        });
    }
    Ok(question.author)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::{
        acceptance_withdrawn, accepted, accepted_answer, ada, affected, answer, bob, comment,
        community, deleted, eve, given, post, question, restored, topic,
    };

    /// Ada asks 1, Bob answers 2, Eve answers 3; and what else happened.
    fn answered(facts: impl IntoIterator<Item = Fact>) -> Vec<Fact> {
        [
            question(ada(), post(1)),
            answer(bob(), post(2), post(1)),
            answer(eve(), post(3), post(1)),
        ]
        .into_iter()
        .chain(facts)
        .collect()
    }

    fn accept(number: u128) -> Accept {
        Accept {
            question: post(1),
            answer: post(number),
        }
    }

    fn withdraw() -> Withdraw {
        Withdraw { question: post(1) }
    }

    fn bobs() -> AcceptedAnswer {
        accepted_answer(post(2), bob())
    }

    fn eves() -> AcceptedAnswer {
        accepted_answer(post(3), eve())
    }

    fn bobs_is_accepted() -> Fact {
        accepted(post(1), ada(), bobs(), None)
    }

    #[test]
    fn the_asker_accepts_an_answer() {
        community(answered([]))
            .when(ada(), accept(2))
            .then([accepted(post(1), ada(), bobs(), None)]);
    }

    #[test]
    fn f3_accepting_another_answer_names_the_one_that_it_replaces() {
        community(answered([bobs_is_accepted()]))
            .when(ada(), accept(3))
            .then([accepted(post(1), ada(), eves(), Some(bobs()))]);
    }

    #[test]
    fn accepting_the_accepted_answer_records_nothing() {
        community(answered([bobs_is_accepted()]))
            .when(ada(), accept(2))
            .then([]);
    }

    #[test]
    fn an_accepted_answer_that_was_deleted_can_be_replaced() {
        community(answered([
            bobs_is_accepted(),
            deleted(affected(post(2), bob())),
        ]))
        .when(ada(), accept(3))
        .then([accepted(post(1), ada(), eves(), Some(bobs()))]);
    }

    #[test]
    fn a_restored_answer_can_be_accepted() {
        community(answered([
            deleted(affected(post(2), bob())),
            restored(affected(post(2), bob())),
        ]))
        .when(ada(), accept(2))
        .then([accepted(post(1), ada(), bobs(), None)]);
    }

    #[test]
    fn nobody_accepts_an_answer_of_their_own() {
        community([question(ada(), post(1)), answer(ada(), post(2), post(1))])
            .when(ada(), accept(2))
            .then_refused(Refusal::OwnAnswer);
    }

    #[test]
    fn nobody_but_the_asker_accepts() {
        for other in [bob(), eve()] {
            community(answered([]))
                .when(other, accept(2))
                .then_refused(Refusal::NotTheAsker { question: post(1) });
        }
    }

    #[test]
    fn nobody_accepts_before_registering() {
        given(answered([]))
            .when(ada(), accept(2))
            .then_refused(Refusal::ActorNotRegistered);
    }

    #[test]
    fn only_questions_have_an_accepted_answer() {
        for kind in [Kind::Discussion, Kind::Article] {
            community([
                topic(ada(), post(1), kind),
                comment(bob(), post(2), post(1)),
            ])
            .when(ada(), accept(2))
            .then_refused(Refusal::NotAQuestion { post: post(1) });
        }
    }

    #[test]
    fn an_answer_to_another_question_is_refused() {
        community([
            question(ada(), post(1)),
            question(ada(), post(2)),
            answer(bob(), post(3), post(2)),
        ])
        .when(ada(), accept(3))
        .then_refused(Refusal::NotAnAnswer {
            post: post(3),
            question: post(1),
        });
    }

    #[test]
    fn a_comment_is_no_answer_and_neither_is_the_question() {
        for number in [1, 4] {
            community(answered([comment(bob(), post(4), post(1))]))
                .when(ada(), accept(number))
                .then_refused(Refusal::NotAnAnswer {
                    post: post(number),
                    question: post(1),
                });
        }
    }

    #[test]
    fn an_answer_that_is_not_there_is_refused() {
        community(answered([]))
            .when(ada(), accept(4))
            .then_refused(Refusal::PostNotFound { post: post(4) });
    }

    #[test]
    fn a_deleted_answer_is_refused() {
        community(answered([deleted(affected(post(2), bob()))]))
            .when(ada(), accept(2))
            .then_refused(Refusal::PostDeleted { post: post(2) });
    }

    #[test]
    fn nothing_is_accepted_on_a_question_that_is_not_there() {
        community([])
            .when(ada(), accept(2))
            .then_refused(Refusal::PostNotFound { post: post(1) });
    }

    #[test]
    fn nothing_is_accepted_on_a_deleted_question() {
        community(answered([deleted(affected(post(1), ada()))]))
            .when(ada(), accept(2))
            .then_refused(Refusal::PostDeleted { post: post(1) });
    }

    #[test]
    fn the_asker_takes_an_acceptance_back() {
        community(answered([bobs_is_accepted()]))
            .when(ada(), withdraw())
            .then([acceptance_withdrawn(post(1), ada(), bobs())]);
    }

    #[test]
    fn the_acceptance_of_a_deleted_answer_can_be_taken_back() {
        community(answered([
            bobs_is_accepted(),
            deleted(affected(post(2), bob())),
        ]))
        .when(ada(), withdraw())
        .then([acceptance_withdrawn(post(1), ada(), bobs())]);
    }

    #[test]
    fn taking_back_where_nothing_is_accepted_records_nothing() {
        community(answered([])).when(ada(), withdraw()).then([]);
    }

    #[test]
    fn taking_back_twice_records_nothing() {
        community(answered([
            bobs_is_accepted(),
            acceptance_withdrawn(post(1), ada(), bobs()),
        ]))
        .when(ada(), withdraw())
        .then([]);
    }

    #[test]
    fn nobody_but_the_asker_takes_an_acceptance_back() {
        community(answered([bobs_is_accepted()]))
            .when(bob(), withdraw())
            .then_refused(Refusal::NotTheAsker { question: post(1) });
    }

    #[test]
    fn no_acceptance_is_taken_back_from_what_is_no_question() {
        community([topic(ada(), post(1), Kind::Discussion)])
            .when(ada(), withdraw())
            .then_refused(Refusal::NotAQuestion { post: post(1) });
    }

    #[test]
    fn no_acceptance_is_taken_back_from_a_deleted_question() {
        community(answered([
            bobs_is_accepted(),
            deleted(affected(post(1), ada())),
        ]))
        .when(ada(), withdraw())
        .then_refused(Refusal::PostDeleted { post: post(1) });
    }

    #[test]
    fn no_acceptance_is_taken_back_from_a_question_that_is_not_there() {
        community([])
            .when(ada(), withdraw())
            .then_refused(Refusal::PostNotFound { post: post(1) });
    }
}
