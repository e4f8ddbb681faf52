//! A server that behaves like one of a cluster of EventStoreDB, on which a journal is tried. Only tests have one: the
//! binary serves its history to be read.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::unfold;
use plaudit_journal::keys::Keyring;
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_protocol::{Cluster, Positions, Protocol, Quick};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Runtime;

/// Such a server, empty at first. It ends with this.
pub struct Imitation {
    address: SocketAddr,
    url: String,
    cluster: Cluster,
    runtime: Option<Runtime>,
    folder: TempDir,
}

impl Imitation {
    pub fn start() -> Self {
        // In memory, where there is such a thing: a disk would take most of the time.
        let folder = tempfile::tempdir_in("/dev/shm");
        let folder = folder.unwrap_or_else(|_| tempfile::tempdir().unwrap());
        let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = unused.local_addr().unwrap();
        drop(unused);
        let mut imitation = Self {
            address,
            url: format!("esdb://{address}?tls=false"),
            cluster: Cluster::of(vec![address]),
            runtime: None,
            folder,
        };
        imitation.start_again();
        imitation
    }

    /// Its connection string.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops it, as a power failure does.
    pub fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Starts it with what it had.
    pub fn start_again(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(async { listen(self.address) });
        // It keeps what it gets as it gets it.
        let keys = Arc::new(Keyring::in_memory().unwrap());
        let log = self.folder.path().join("log.sqlite");
        let journal = SqliteJournal::open(&log, keys).unwrap();
        let standing = self.cluster.member(self.address);
        let protocol = Protocol::imitating(Arc::new(journal), standing, Positions::Log);
        let incoming = unfold(listener, async |listener| {
            let (stream, _) = listener.accept().await.unwrap();
            Some((Quick::new(stream), listener))
        });
        runtime.spawn(protocol.serve(incoming, std::future::pending()));
        self.runtime = Some(runtime);
    }
}

impl Drop for Imitation {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Listens, as soon as the one before has let the address go.
fn listen(address: SocketAddr) -> TcpListener {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        let listening = socket.bind(address).and_then(|()| socket.listen(64));
        match listening {
            Ok(listener) => return listener,
            Err(error) if Instant::now() > end => panic!("{address}: {error}"),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}
