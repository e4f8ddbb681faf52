//! Persistent subscriptions: there are none. A reader keeps its own place, as catch-up subscriptions do.

use std::pin::Pin;

use futures_util::Stream;
use tonic::{Request, Response, Status, Streaming};

use crate::Served;
use crate::generated::client::Empty;
use crate::generated::persistent_subscriptions::persistent_subscriptions_server::PersistentSubscriptions;
use crate::generated::persistent_subscriptions::{
    CreateReq, CreateResp, DeleteReq, DeleteResp, GetInfoReq, GetInfoResp, ListReq, ListResp,
    ReadReq, ReadResp, ReplayParkedReq, ReplayParkedResp, UpdateReq, UpdateResp,
};

/// Says that there are none, and makes none.
#[derive(Clone)]
pub struct NoSubscriptions {
    served: Served,
}

impl NoSubscriptions {
    /// Of a server.
    pub fn new(served: Served) -> Self {
        Self { served }
    }
}

fn none() -> Status {
    Status::unimplemented(
        "there are no persistent subscriptions here: subscribe from the place that you know",
    )
}

#[tonic::async_trait]
impl PersistentSubscriptions for NoSubscriptions {
    async fn list(&self, request: Request<ListReq>) -> Result<Response<ListResp>, Status> {
        self.served.admit(request.metadata()).await?;
        Ok(Response::new(ListResp::default()))
    }

    async fn create(&self, _: Request<CreateReq>) -> Result<Response<CreateResp>, Status> {
        Err(none())
    }

    async fn update(&self, _: Request<UpdateReq>) -> Result<Response<UpdateResp>, Status> {
        Err(none())
    }

    async fn delete(&self, _: Request<DeleteReq>) -> Result<Response<DeleteResp>, Status> {
        Err(none())
    }

    type ReadStream = Pin<Box<dyn Stream<Item = Result<ReadResp, Status>> + Send>>;

    async fn read(
        &self,
        _: Request<Streaming<ReadReq>>,
    ) -> Result<Response<Self::ReadStream>, Status> {
        Err(none())
    }

    async fn get_info(&self, _: Request<GetInfoReq>) -> Result<Response<GetInfoResp>, Status> {
        Err(none())
    }

    async fn replay_parked(
        &self,
        _: Request<ReplayParkedReq>,
    ) -> Result<Response<ReplayParkedResp>, Status> {
        Err(none())
    }

    async fn restart_subsystem(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Err(none())
    }
}
