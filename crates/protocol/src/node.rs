//! What a server says of itself: what it can, and which others there are.

use http::uri::Authority;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::Served;
use crate::generated::client;
use crate::generated::gossip::member_info::VNodeState;
use crate::generated::gossip::{ClusterInfo, EndPoint, MemberInfo, gossip_server};
use crate::generated::server_features::{
    SupportedMethod, SupportedMethods, server_features_server,
};

/// The version of EventStoreDB whose protocol is served: clients decide by it what they may ask for.
const VERSION: &str = "23.10.0";

/// Where a server is, if its clients don't say.
const PORT: u16 = 2113;

/// What clients ask of it: nothing of the history, so anybody may.
#[derive(Clone)]
pub struct Node {
    served: Served,
}

impl Node {
    /// Of a server.
    pub fn new(served: Served) -> Self {
        Self { served }
    }
}

#[tonic::async_trait]
impl server_features_server::ServerFeatures for Node {
    async fn get_supported_methods(
        &self,
        _: Request<client::Empty>,
    ) -> Result<Response<SupportedMethods>, Status> {
        let streams = "event_store.client.streams.streams";
        let mut methods = vec![
            method(streams, "read", &["position", "events"]),
            method("event_store.client.gossip.gossip", "read", &[]),
        ];
        // There are none; but clients who don't find these look elsewhere for them.
        let persistent = "event_store.client.persistent_subscriptions.persistentsubscriptions";
        for name in ["list", "getinfo", "replayparked", "restartsubsystem"] {
            methods.push(method(persistent, name, &[]));
        }
        if self.served.writing.is_some() {
            methods.push(method(streams, "append", &[]));
        }
        Ok(Response::new(SupportedMethods {
            methods,
            event_store_server_version: VERSION.to_owned(),
        }))
    }
}

fn method(service: &str, name: &str, features: &[&str]) -> SupportedMethod {
    SupportedMethod {
        method_name: name.to_owned(),
        service_name: service.to_owned(),
        features: features.iter().map(|&feature| feature.to_owned()).collect(),
    }
}

#[tonic::async_trait]
impl gossip_server::Gossip for Node {
    async fn read(&self, request: Request<client::Empty>) -> Result<Response<ClusterInfo>, Status> {
        let members = match &self.served.writing {
            Some(writing) => {
                let members = writing.standing.cluster().members();
                members
                    .map(|(address, leads)| member(address.ip().to_string(), address.port(), leads))
                    .collect()
            }
            // There is one, and it is where its client found it.
            None => {
                let found = request.extensions().get::<Authority>();
                let host = found.map_or("localhost", Authority::host);
                let port = found.and_then(Authority::port_u16).unwrap_or(PORT);
                vec![member(host.to_owned(), port, true)]
            }
        };
        Ok(Response::new(ClusterInfo { members }))
    }
}

fn member(address: String, port: u16, leads: bool) -> MemberInfo {
    let state = match leads {
        true => VNodeState::Leader,
        false => VNodeState::Follower,
    };
    MemberInfo {
        instance_id: Some(client::Uuid {
            value: Some(client::uuid::Value::String(
                Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{address}:{port}").as_bytes())
                    .to_string(),
            )),
        }),
        time_stamp: 0,
        state: state.into(),
        is_alive: true,
        http_end_point: Some(EndPoint {
            address,
            port: port.into(),
        }),
    }
}
