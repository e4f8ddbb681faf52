//! Operations that are answered one after the other, over SSE or a WebSocket.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, BoxStream, StreamExt};
use plaudit_api::{Answer, Followed, Kind};
use plaudit_replay::Community;
use tokio::time::timeout;
use tracing::{Instrument, Span};

use super::graphql::{Admitted, GraphQl};
use super::rejection::Rejection;
use super::subscriptions::Held;
use crate::metrics::{Metrics, Subscribed, kind};

/// An answer.
#[derive(Debug)]
pub(super) struct Next {
    /// Who tells this when they ask again goes on behind it.
    pub(super) id: Option<String>,
    /// The answer itself.
    pub(super) answer: Vec<u8>,
}

/// An operation that was begun.
pub(super) struct Begun {
    /// What it is, for the log.
    pub(super) kind: &'static str,
    /// The name that the client gave it.
    pub(super) name: Option<String>,
    /// Its answers, as they come.
    pub(super) answers: BoxStream<'static, Next>,
}

/// Why an operation isn't begun.
pub(super) enum NotBegun {
    /// It isn't taken.
    Rejected(Rejection),
    /// It can't be executed.
    Refused(Answer),
}

impl From<Rejection> for NotBegun {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl GraphQl {
    /// Begins an operation, which counts once it is over, or when it isn't begun.
    pub(super) async fn begin(&self, admitted: Admitted) -> Result<Begun, NotBegun> {
        let began = Instant::now();
        let begun = self.try_to_begin(admitted, began).await;
        match &begun {
            Ok(_) => {}
            Err(NotBegun::Rejected(rejection)) => self.metrics.error(rejection.code),
            Err(NotBegun::Refused(answer)) => self.metrics.operated(answer, began.elapsed()),
        }
        begun
    }

    async fn try_to_begin(&self, admitted: Admitted, began: Instant) -> Result<Begun, NotBegun> {
        let payer = admitted.payer;
        let (prepared, actor) = self.prepare(admitted).await?.map_err(NotBegun::Refused)?;
        let (bytes, cost) = (prepared.bytes(), prepared.cost());
        let followed = self.api.start(prepared, actor).map_err(NotBegun::Refused)?;
        let Followed {
            kind: of,
            name,
            answers,
        } = followed;
        let answers = match of {
            Kind::Subscription => {
                let held = self
                    .subscriptions
                    .begin(payer, bytes, cost)
                    .map_err(Rejection::from)?;
                self.told(answers, held)
            }
            Kind::Query | Kind::Mutation => self.answered_once(answers, began),
        };
        Ok(Begun {
            kind: kind(Some(of)),
            name,
            answers,
        })
    }

    /// The answers of a subscription, counted as they come, and made as part of this request: what is logged
    /// meanwhile has its id, though it is answered by then.
    fn told(&self, answers: BoxStream<'static, Answer>, held: Held) -> BoxStream<'static, Next> {
        let subscribed = Subscribed::begin(self.metrics.clone());
        let request = Span::current();
        let following = (answers, subscribed, held);
        let told = stream::unfold(following, move |(mut answers, mut subscribed, held)| {
            let request = request.clone();
            async move {
                let answer = answers.next().instrument(request).await?;
                subscribed.answered(&answer);
                Some((Next::from(answer), (answers, subscribed, held)))
            }
        });
        told.boxed()
    }

    /// The answer of an operation that has one, as it would be over a connection of its own.
    fn answered_once(
        &self,
        answers: BoxStream<'static, Answer>,
        began: Instant,
    ) -> BoxStream<'static, Next> {
        let (community, metrics) = (self.community.clone(), self.metrics.clone());
        let within = self.limits.request_time;
        let answering = answer_within(within, community, metrics, answers, began);
        stream::once(answering.instrument(Span::current()))
            .filter_map(std::future::ready)
            .boxed()
    }
}

async fn answer_within(
    within: Duration,
    community: Arc<Community>,
    metrics: Arc<Metrics>,
    mut answers: BoxStream<'static, Answer>,
    began: Instant,
) -> Option<Next> {
    let answering = async {
        community.abreast().await;
        answers.next().await
    };
    let Ok(answer) = timeout(within, answering).await else {
        let rejection = Rejection::timed_out(within);
        metrics.error(rejection.code);
        return Some(Next {
            id: None,
            answer: rejection.body(),
        });
    };
    let answer = answer?;
    metrics.operated(&answer, began.elapsed());
    Some(Next::from(answer))
}

impl From<Answer> for Next {
    fn from(answer: Answer) -> Self {
        Self {
            id: answer.id,
            answer: answer.body,
        }
    }
}
