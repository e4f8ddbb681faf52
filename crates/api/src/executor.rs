//! The engine, whatever schema it executes.
//!
//! What it does is generic in a schema's roots, and all that they lead to is a part of it. As a trait's object it is
//! compiled here, once, instead of with everybody who executes something.

use async_graphql::{ObjectType, Request, Response, Schema, SubscriptionType};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

/// Executes what fits a schema.
pub(crate) trait Executor: Send + Sync {
    /// Executes a query or a mutation.
    fn execute(&self, request: Request) -> BoxFuture<'_, Response>;

    /// Executes whatever it is, answer after answer.
    fn execute_stream(&self, request: Request) -> BoxStream<'static, Response>;
}

impl<Q, M, S> Executor for Schema<Q, M, S>
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    fn execute(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(Self::execute(self, request))
    }

    fn execute_stream(&self, request: Request) -> BoxStream<'static, Response> {
        Self::execute_stream(self, request).boxed()
    }
}
