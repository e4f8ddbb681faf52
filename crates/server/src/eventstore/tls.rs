//! Connections that nobody can listen to.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::unfold;
use plaudit_protocol::Quick;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{TlsError, accept};

/// How long a client may take until it can be talked to.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// So many that can be talked to may wait.
const WAITING: usize = 64;

/// A certificate, and its key.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl Tls {
    /// Reads them from files, in PEM.
    pub(super) fn open(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let malformed = |path: &Path, what: String| TlsError::Malformed {
            path: path.to_owned(),
            what,
        };
        let unreadable = |path: &Path, error: pem::Error| {
            if let pem::Error::Io(source) = error {
                let path = path.to_owned();
                return TlsError::Unreadable { path, source };
            }
            malformed(path, format!("expected PEM: {error}"))
        };
        let chain: Result<Vec<_>, _> = match CertificateDer::pem_file_iter(certificate) {
            Ok(chain) => chain.collect(),
            Err(error) => Err(error),
        };
        let chain = chain.map_err(|error| unreadable(certificate, error))?;
        if chain.is_empty() {
            return Err(malformed(
                certificate,
                "there is no certificate in it".to_owned(),
            ));
        }
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error))?;
        // Named, and not the process's: the client that the journal may use installs one of its own.
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config
                    .with_no_client_auth()
                    .with_single_cert(chain, private)
            });
        let mut config = config.map_err(|error| malformed(key, error.to_string()))?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Whoever comes, once they can be talked to. Who is slow with that holds nobody up.
    pub(super) fn incoming(self, listener: TcpListener) -> impl Stream<Item = TlsStream<Quick>> {
        let (ready, waiting) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            loop {
                let stream = tokio::select! {
                    stream = accept(&listener) => stream,
                    // Nobody serves any more.
                    () = ready.closed() => return,
                };
                let Ok(place) = ready.clone().try_reserve_owned() else {
                    tracing::warn!("too many connections at once: one is closed");
                    continue;
                };
                let acceptor = self.0.clone();
                tokio::spawn(async move {
                    match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        Ok(Ok(stream)) => drop(place.send(stream)),
                        Ok(Err(error)) => tracing::debug!("a connection broke off: {error}"),
                        Err(_) => tracing::debug!("a connection took too long to begin"),
                    }
                });
            }
        });
        unfold(waiting, async |mut waiting| {
            let stream = waiting.recv().await?;
            Some((stream, waiting))
        })
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}
