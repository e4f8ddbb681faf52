//! The history for EventStoreDB's clients: who may connect where, and read.
//!
//! On loopback in plain text, to whoever is on this machine, for clients send nothing that tells who they are
//! where others could listen. Elsewhere by TLS, to whoever has an analyst's token. On loopback by TLS, too,
//! where there is a certificate: on a machine with people on it who may not read the journal's file.

mod access;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::stream::unfold;
use plaudit_journal::SharedJournal;
use plaudit_protocol::{Protocol, Quick};
use tokio::net::TcpListener;

use self::access::Analysts;
pub use self::tls::Tls;
use crate::identity::Identity;

/// Where it is served, and with which certificate.
#[derive(Debug, Clone)]
pub struct EventStore {
    /// The address.
    pub listen: SocketAddr,
    /// The files of the certificate and of its key; none where it is served in plain text.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

impl EventStore {
    /// Reads the certificate, if there is one.
    ///
    /// # Errors
    /// If there has to be one and isn't, or it can't be read.
    pub fn tls(&self) -> Result<Option<Tls>, TlsError> {
        match &self.certificate {
            Some((certificate, key)) => Tls::open(certificate, key).map(Some),
            None if self.listen.ip().is_loopback() => Ok(None),
            None => Err(TlsError::Needed {
                listen: self.listen,
            }),
        }
    }
}

/// Why it can't be served like that.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Others than this machine's could listen.
    #[error(
        "--eventstore-listen {listen} is open to others, so it takes TLS: name a certificate and its key with \
         --eventstore-certificate and --eventstore-key, or listen on loopback"
    )]
    Needed {
        /// The address.
        listen: SocketAddr,
    },
    /// A file can't be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What failed.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{}: {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        what: String,
    },
}

/// Serves a journal until `stop` comes.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    journal: SharedJournal,
    identity: Arc<Identity>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let access = match tls {
        Some(_) => Analysts::only(identity),
        None => Analysts::and_whoever_is_here(identity),
    };
    let protocol = Protocol::new(journal, Arc::new(access));
    match tls {
        None => {
            let incoming = unfold(listener, async |listener| {
                let stream = accept(&listener).await;
                Some((stream, listener))
            });
            protocol.serve(incoming, stop).await;
        }
        Some(tls) => protocol.serve(tls.incoming(listener), stop).await,
    }
    Ok(())
}

/// The next connection.
async fn accept(listener: &TcpListener) -> Quick {
    Quick::new(crate::http::accept(listener).await.0)
}
