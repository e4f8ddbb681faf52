//! Servers that answer for one cluster, to try what a client makes of it: who leads can change, and
//! answers can be lost.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tonic::Status;
use tonic::metadata::MetadataValue;
use uuid::Uuid;

/// Servers of one history, one of which leads: only that takes appends.
#[derive(Clone)]
pub struct Cluster(Arc<State>);

struct State {
    members: Vec<SocketAddr>,
    leader: AtomicUsize,
    to_lose: AtomicU32,
    /// By the id of their event.
    metadata: Mutex<HashMap<Uuid, Bytes>>,
}

/// One server of a cluster.
#[derive(Clone)]
pub struct Standing {
    cluster: Cluster,
    own: SocketAddr,
}

impl Cluster {
    /// Servers at these addresses; the first one leads.
    pub fn of(members: Vec<SocketAddr>) -> Self {
        Self(Arc::new(State {
            members,
            leader: AtomicUsize::new(0),
            to_lose: AtomicU32::new(0),
            metadata: Mutex::default(),
        }))
    }

    /// How the server at an address stands in it.
    pub fn member(&self, own: SocketAddr) -> Standing {
        Standing {
            cluster: self.clone(),
            own,
        }
    }

    /// From now on another one leads, by its number.
    pub fn lead(&self, number: usize) {
        self.0.leader.store(number, Ordering::SeqCst);
    }

    /// So many of the next appends are recorded, and nobody is told.
    pub fn lose_answers(&self, number: u32) {
        self.0.to_lose.store(number, Ordering::SeqCst);
    }

    /// Where its servers are, and whether each leads.
    pub(crate) fn members(&self) -> impl Iterator<Item = (SocketAddr, bool)> {
        let leader = self.leader();
        self.0
            .members
            .iter()
            .map(move |address| (*address, Some(*address) == leader))
    }

    /// The metadata of an event, if it was written by the protocol.
    pub(crate) fn metadata(&self, id: Uuid) -> Option<Bytes> {
        self.0.metadata.lock().get(&id).cloned()
    }

    /// Keeps the metadata of an event as they came: the journal behind it keeps only what it knows.
    pub(crate) fn keep_metadata(&self, id: Uuid, metadata: Bytes) {
        self.0.metadata.lock().entry(id).or_insert(metadata);
    }

    fn leader(&self) -> Option<SocketAddr> {
        let number = self.0.leader.load(Ordering::SeqCst);
        self.0.members.get(number).copied()
    }
}

impl Standing {
    /// The servers of its cluster.
    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Whether it leads; otherwise it says who does.
    pub(crate) fn check_leads(&self) -> Result<(), Status> {
        let leader = self.cluster.leader();
        if leader == Some(self.own) {
            return Ok(());
        }
        let mut status = Status::not_found("this server doesn't lead");
        let metadata = status.metadata_mut();
        metadata.insert("exception", MetadataValue::from_static("not-leader"));
        if let Some(leader) = leader
            && let Ok(host) = leader.ip().to_string().parse()
        {
            metadata.insert("leader-endpoint-host", host);
            metadata.insert("leader-endpoint-port", leader.port().into());
        }
        Err(status)
    }

    /// Whether its client gets to know what was done.
    pub(crate) fn check_answers(&self) -> Result<(), Status> {
        let lost = &self.cluster.0.to_lose;
        let one_less = lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(1)
        });
        match one_less {
            Ok(_) => Err(Status::unavailable("the answer is lost")),
            Err(_) => Ok(()),
        }
    }
}
