//! Accepting answers.

use async_graphql::{Context, ID, InputObject, Object, Result};
use plaudit_domain::acceptance::{Accept, Withdraw};
use uuid::Uuid;

use crate::id::NodeId;
use crate::reading::reading;

use super::{perform_on_post, post_payload};

/// What can be done with acceptances.
#[derive(Debug, Default)]
pub struct AcceptanceMutation;

/// Which answer to accept.
#[derive(Debug, InputObject)]
pub struct AnswerAcceptInput {
    /// The id of the question.
    question_id: ID,
    /// The id of the answer to it.
    answer_id: ID,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

/// On which question to take the acceptance back.
#[derive(Debug, InputObject)]
pub struct AnswerUnacceptInput {
    /// The id of the question.
    question_id: ID,
    /// A key of your choice: a repeat of the request with it does nothing again.
    idempotency_key: Option<Uuid>,
}

post_payload! {
    /// What accepting answers.
    AnswerAcceptPayload {
        /// The question as it is now; null if there are errors.
        question
    }
}
post_payload! {
    /// What taking an acceptance back answers.
    AnswerUnacceptPayload {
        /// The question as it is now; null if there are errors.
        question
    }
}

#[Object]
impl AcceptanceMutation {
    /// Accepts an answer, in place of another where one was accepted. Who asked the question may, with
    /// any of their accounts, and staff.
    async fn answer_accept(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The question and the answer.")] input: AnswerAcceptInput,
    ) -> Result<Option<AnswerAcceptPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let question = NodeId::post(&input.question_id)?;
        let answer = NodeId::post(&input.answer_id)?;
        let accept = Accept { question, answer };
        let given = [(question, "questionId"), (answer, "answerId")];
        perform_on_post(context, &request, &accept, question, &given).await
    }

    /// Takes an acceptance back. Who asked the question may, with any of their accounts, and staff.
    async fn answer_unaccept(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The question.")] input: AnswerUnacceptInput,
    ) -> Result<Option<AnswerUnacceptPayload>> {
        let request = reading(context).request(&input, input.idempotency_key)?;
        let question = NodeId::post(&input.question_id)?;
        let withdraw = Withdraw { question };
        let given = [(question, "questionId")];
        perform_on_post(context, &request, &withdraw, question, &given).await
    }
}
