//! What is made of the protocol's definitions in `protos/`: `tests/generated.rs` says how, and that it is
//! current. It is kept here because making it takes longer to build than all of this crate.

#![allow(
    dead_code,
    missing_docs,
    unused_qualifications,
    clippy::all,
    rustdoc::all,
    reason = "it is made"
)]

mod event_store {
    pub mod client {
        include!("generated/event_store.client.rs");

        pub mod gossip {
            include!("generated/event_store.client.gossip.rs");
        }
        pub mod persistent_subscriptions {
            include!("generated/event_store.client.persistent_subscriptions.rs");
        }
        pub mod server_features {
            include!("generated/event_store.client.server_features.rs");
        }
        pub mod streams {
            include!("generated/event_store.client.streams.rs");
        }
    }
}

mod google {
    pub mod rpc {
        include!("generated/google.rpc.rs");
    }
}

pub use self::event_store::client;
pub use self::event_store::client::{gossip, persistent_subscriptions, server_features, streams};
