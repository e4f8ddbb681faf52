//! Accepted answers: one a question, in the question's stream (DOMAIN F3).

use serde::{Deserialize, Serialize};

use crate::decide::{Actor, Command, Streams};
use crate::fact::{Body, Fact, PostFact};
use crate::id::{AccountId, PostId};
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

    fn withhold_personal(&mut self) {
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

    fn withhold_personal(&mut self) {
        let Self {
            question: _,
            asker: _,
            withdrawn: _,
        } = self;
    }
}

// Decisions

/// Accepts an answer to a question of the actor's own, in place of another where there is one.
#[derive(Debug, Clone)]
pub struct Accept {
    /// The question.
    pub question: PostId,
    /// The answer to it.
    pub answer: PostId,
}

impl Command for Accept {
    fn writes(&self, _: &Actor) -> StreamName {
        StreamName::post(self.question)
    }

    fn reads(&self, _: &Actor) -> Vec<StreamName> {
        vec![StreamName::post(self.answer)]
    }

    fn decide(&self, actor: &Actor, streams: &Streams) -> Result<Vec<Fact>, Refusal> {
        let question: Post = streams.state(&StreamName::post(self.question));
        asked_by(question.live(self.question)?, actor)?;
        let answer: Post = streams.state(&StreamName::post(self.answer));
        let answered = answer.live(self.answer)?;
        if answered.kind != Kind::Answer || answered.parent != Some(self.question) {
            return Err(Refusal::NotAnAnswer {
                post: self.answer,
                question: self.question,
            });
        }
        // DOMAIN L14: nobody accepts an answer of their own as a favour to themselves.
        if answered.author == Some(actor.account) {
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
                asker: Some(actor.account),
                accepted,
                replaced: question.accepted(),
            })
            .into(),
        ])
    }
}

/// Takes back the acceptance on a question of the actor's own.
#[derive(Debug, Clone)]
pub struct Withdraw {
    /// The question.
    pub question: PostId,
}

impl Command for Withdraw {
    fn writes(&self, _: &Actor) -> StreamName {
        StreamName::post(self.question)
    }

    fn decide(&self, actor: &Actor, streams: &Streams) -> Result<Vec<Fact>, Refusal> {
        let question: Post = streams.state(&StreamName::post(self.question));
        asked_by(question.live(self.question)?, actor)?;
        Ok(match question.accepted() {
            None => vec![],
            Some(withdrawn) => vec![
                PostFact::AcceptanceWithdrawn(Withdrawn {
                    question: self.question,
                    asker: Some(actor.account),
                    withdrawn,
                })
                .into(),
            ],
        })
    }
}

fn asked_by(question: &Created, actor: &Actor) -> Result<(), Refusal> {
    if question.kind != Kind::Question {
        return Err(Refusal::NotAQuestion {
            post: question.post,
        });
    }
    if question.author != Some(actor.account) {
        return Err(Refusal::NotTheAsker {
            question: question.post,
        });
    }
    Ok(())
}
