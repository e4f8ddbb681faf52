//! The keys of an identity provider: a JSON Web Key Set, from a URL or a file.
//!
//! Providers change their keys, and say so by nothing but a new key id in a token. So an id that
//! isn't known makes us look again; but whoever sends tokens with made-up ids must not make us send
//! as many requests. However many there are, we look once in [`BETWEEN`].

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse, RSAKeyParameters,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use parking_lot::RwLock;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::{IdentityError, Unauthenticated};

/// So much time passes between two looks at the source that requests cause.
const BETWEEN: Duration = Duration::from_secs(10);

/// After so long the source is looked at in any case: keys are withdrawn, too.
const AGE: Duration = Duration::from_secs(3600);

/// So soon it is looked at again where that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// So long a look may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most bytes of a key set.
const SIZE_MAX: u64 = 1024 * 1024;

/// The shortest modulus of an RSA key that is taken, in base64: 2048 bits.
const MODULUS_MIN: usize = 342;

/// The keys of an identity provider, as they are now.
pub(super) struct Keys(Arc<Shared>);

struct Shared {
    source: Source,
    set: RwLock<Option<Arc<KeySet>>>,
    /// When a request last made us look. It is locked while we do, so that others wait for what
    /// comes of it.
    looked: Arc<Mutex<Option<Instant>>>,
}

impl Keys {
    /// Takes the keys from a file, or an https URL. A URL that doesn't answer yet is asked again
    /// later, for the provider may start after us.
    ///
    /// # Errors
    /// If it is neither, or a file that holds no key set.
    pub async fn open(location: &str) -> Result<Self, KeysError> {
        Self::of(Source::new(location, PATIENCE)?).await
    }

    async fn of(source: Source) -> Result<Self, KeysError> {
        let keys = Self(Arc::new(Shared {
            source,
            set: RwLock::new(None),
            looked: Arc::default(),
        }));
        *keys.0.looked.lock().await = Some(Instant::now());
        match (keys.0.look().await, &keys.0.source) {
            (Err(error), Source::File(_)) => return Err(error),
            (Err(error), Source::Url { .. }) => {
                tracing::warn!("no token can be taken yet: {error}");
            }
            (Ok(()), _) => {}
        }
        tokio::spawn(look_again(Arc::downgrade(&keys.0)));
        Ok(keys)
    }

    /// The key with which a token says that it was signed.
    pub async fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<DecodingKey, IdentityError> {
        match self.find_known(id, algorithm) {
            Err(IdentityError::NoKeys | IdentityError::Unauthenticated(Unauthenticated::Key)) => {
                self.0.look_for_new_ones().await;
                self.find_known(id, algorithm)
            }
            found => found,
        }
    }

    fn find_known(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<DecodingKey, IdentityError> {
        let set = self.0.set.read().clone().ok_or(IdentityError::NoKeys)?;
        Ok(set.find(id, algorithm)?.clone())
    }
}

impl Shared {
    /// Looks whether there are new keys, unless somebody just did; who comes meanwhile waits.
    async fn look_for_new_ones(self: &Arc<Self>) {
        let mut looked = self.looked.clone().lock_owned().await;
        if looked.is_some_and(|looked| looked.elapsed() < BETWEEN) {
            return;
        }
        *looked = Some(Instant::now());
        let shared = self.clone();
        // Whoever asked may go away. The look is counted, so it has to come to something.
        let looking = tokio::spawn(async move {
            if let Err(error) = shared.look().await {
                tracing::warn!("no new keys: {error}");
            }
            drop(looked);
        });
        if let Err(error) = looking.await {
            tracing::error!("looking for keys failed: {error}");
        }
    }

    /// Takes the keys that there are. Without an answer the old ones stay.
    async fn look(&self) -> Result<(), KeysError> {
        let source = self.source.clone();
        let read = tokio::task::spawn_blocking(move || source.read()).await;
        let failed = |why| KeysError::new(self.source.name(), why);
        let text = read
            .unwrap_or_else(|error| Err(error.to_string()))
            .map_err(failed)?;
        let set = KeySet::of(&text).map_err(failed)?;
        if set.0.is_empty() {
            // Rather old keys than none: an empty set is more often a mistake than meant.
            if self.set.read().is_some() {
                return Err(failed("it holds no key that can be used any more".into()));
            }
            tracing::warn!("{} holds no key that can be used", self.source.name());
        }
        *self.set.write() = Some(Arc::new(set));
        Ok(())
    }
}

/// Looks now and then, as long as anybody needs the keys.
async fn look_again(keys: Weak<Shared>) {
    let has_keys = |keys: &Weak<Shared>| {
        let keys = keys.upgrade();
        keys.is_some_and(|keys| keys.set.read().is_some())
    };
    let mut pause = if has_keys(&keys) { AGE } else { AFTER_FAILURE };
    loop {
        sleep(pause).await;
        let Some(keys) = keys.upgrade() else { return };
        pause = match keys.look().await {
            Ok(()) => AGE,
            Err(error) => {
                tracing::warn!("the keys could not be refreshed: {error}");
                AFTER_FAILURE
            }
        };
    }
}

/// Where keys come from.
#[derive(Clone)]
enum Source {
    File(PathBuf),
    Url { url: String, agent: ureq::Agent },
}

impl Source {
    fn new(location: &str, patience: Duration) -> Result<Self, KeysError> {
        let refused = |why: String| KeysError::new(location.to_owned(), why);
        let secure = match location_of(location).map_err(|why| refused(why.to_owned()))? {
            Location::File => return Ok(Self::File(location.into())),
            Location::Https => true,
            Location::Loopback => false,
        };
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(patience))
            // A key set stands where it is said to stand.
            .max_redirects(0)
            .https_only(secure)
            .max_idle_connections(0)
            .user_agent(concat!("plaudit/", env!("CARGO_PKG_VERSION")));
        let config = if secure {
            let tls = TlsConfig::builder()
                .root_certs(RootCerts::Specific(Arc::new(
                    authorities().map_err(refused)?,
                )))
                .unversioned_rustls_crypto_provider(Arc::new(
                    rustls::crypto::ring::default_provider(),
                ))
                .build();
            config.tls_config(tls)
        } else {
            // No proxy gets to this machine.
            config.proxy(None)
        };
        Ok(Self::Url {
            url: location.to_owned(),
            agent: config.build().into(),
        })
    }

    fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Url { url, .. } => url.clone(),
        }
    }

    /// Reads what is there now. It blocks.
    fn read(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::File(path) => read_file(path).map_err(|error| error.to_string()),
            Self::Url { url, agent } => {
                let mut response = agent.get(url).call().map_err(|error| error.to_string())?;
                let status = response.status();
                if status != ureq::http::StatusCode::OK {
                    return Err(format!("it answers with status {status}"));
                }
                let body = response.body_mut().with_config().limit(SIZE_MAX);
                body.read_to_vec().map_err(|error| error.to_string())
            }
        }
    }
}

fn read_file(path: &PathBuf) -> io::Result<Vec<u8>> {
    use std::io::Read;

    let mut text = Vec::new();
    let mut file = std::fs::File::open(path)?.take(SIZE_MAX + 1);
    file.read_to_end(&mut text)?;
    if text.len() as u64 > SIZE_MAX {
        return Err(io::Error::other(format!(
            "it is larger than {SIZE_MAX} bytes"
        )));
    }
    Ok(text)
}

/// Where keys may come from.
enum Location {
    File,
    Https,
    /// Without encryption, from this machine.
    Loopback,
}

fn location_of(location: &str) -> Result<Location, &'static str> {
    if !location.contains("://") {
        return Ok(Location::File);
    }
    const EXPECTED: &str = "it has to be a file or an https URL";
    let uri: Uri = location.parse().map_err(|_| EXPECTED)?;
    match uri.scheme_str() {
        Some("https") => Ok(Location::Https),
        Some("http") if is_loopback(&uri) => Ok(Location::Loopback),
        Some("http") => Err("keys that come over http can be anybody's: it has to be https"),
        Some(_) | None => Err(EXPECTED),
    }
}

/// A place where keys may come from; whether they do is another question.
///
/// # Errors
/// If they would come from anybody.
pub fn keys_location(text: &str) -> Result<String, &'static str> {
    location_of(text).map(|_| text.to_owned())
}

fn is_loopback(uri: &Uri) -> bool {
    let Some(host) = uri.host() else {
        return false;
    };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || IpAddr::from_str(address).is_ok_and(|address| address.is_loopback())
}

/// The authorities that this machine trusts.
fn authorities() -> Result<Vec<Certificate<'static>>, String> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!("some certificates of authorities can't be read: {error}");
    }
    if found.certs.is_empty() {
        return Err(
            "this machine trusts no certificate authority (install ca-certificates)".into(),
        );
    }
    let certificates = found.certs.iter();
    Ok(certificates
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect())
}

/// The keys that tokens can be verified with.
struct KeySet(Vec<Key>);

struct Key {
    id: Option<String>,
    /// The algorithms that it may be used with.
    algorithms: Vec<Algorithm>,
    verifying: DecodingKey,
}

impl KeySet {
    /// Reads a key set. A key that we don't know how to use is left out: a provider may have more
    /// of them than those for tokens.
    fn of(text: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let document: Document = serde_json::from_slice(text)
            .map_err(|error| format!("it is not a JSON Web Key Set: {error}"))?;
        let keys = document.keys.into_iter();
        Ok(Self(
            keys.filter_map(|key| Key::of(&serde_json::from_value(key).ok()?))
                .collect(),
        ))
    }

    fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<&DecodingKey, Unauthenticated> {
        let named = self
            .0
            .iter()
            .filter(|key| id.is_none() || key.id.as_deref() == id);
        let mut named = named.peekable();
        if named.peek().is_none() {
            return Err(Unauthenticated::Key);
        }
        let mut fitting = named.filter(|key| key.algorithms.contains(&algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(&key.verifying),
            (None, _) => Err(Unauthenticated::KeyAlgorithm),
            (Some(_), Some(_)) => Err(Unauthenticated::NoKeyId),
        }
    }
}

impl Key {
    /// A key for signatures of a kind that we know. Symmetric keys are none: whoever can verify with
    /// one can sign with it.
    fn of(jwk: &Jwk) -> Option<Self> {
        let common = &jwk.common;
        let signs = common
            .public_key_use
            .as_ref()
            .is_none_or(|purpose| *purpose == PublicKeyUse::Signature)
            && common
                .key_operations
                .as_ref()
                .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        let mut algorithms = algorithms_of(&jwk.algorithm);
        if let Some(only) = common.key_algorithm {
            algorithms.retain(|algorithm| only == (*algorithm).into());
        }
        if !signs || algorithms.is_empty() {
            return None;
        }
        Some(Self {
            id: common.key_id.clone(),
            algorithms,
            verifying: DecodingKey::from_jwk(jwk).ok()?,
        })
    }
}

// The enum is open: a kind of key that we don't know fits no algorithm.
#[expect(clippy::wildcard_enum_match_arm)]
fn algorithms_of(parameters: &AlgorithmParameters) -> Vec<Algorithm> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};

    match parameters {
        AlgorithmParameters::RSA(RSAKeyParameters { n, .. }) if n.len() >= MODULUS_MIN => {
            vec![RS256, RS384, RS512, PS256, PS384, PS512]
        }
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => vec![ES256],
            EllipticCurve::P384 => vec![ES384],
            _ => vec![],
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            vec![EdDSA]
        }
        _ => vec![],
    }
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
#[error("{source_name}: the identity provider's keys can't be read: {why}")]
pub struct KeysError {
    source_name: String,
    why: String,
}

impl KeysError {
    fn new(source_name: String, why: String) -> Self {
        Self { source_name, why }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;

    /// A place on this machine that does something with whoever comes.
    fn place(answer: fn(TcpStream)) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let _ = stream.read(&mut [0; 4096]);
                answer(stream);
            }
        });
        url
    }

    fn send(stream: &mut TcpStream, text: &str) {
        let _ = stream.write_all(text.as_bytes());
    }

    fn read(answer: fn(TcpStream)) -> Result<Vec<u8>, String> {
        let source = Source::new(&place(answer), Duration::from_millis(300)).unwrap();
        source.read()
    }

    #[test]
    fn a_place_that_answers_otherwise_than_it_should_is_not_waited_for_nor_followed() {
        let hanging = |_| thread::sleep(Duration::from_secs(3));
        assert!(read(hanging).unwrap_err().contains("timeout"));

        let dripping = |mut stream: TcpStream| {
            send(
                &mut stream,
                "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n",
            );
            for _ in 0..30 {
                send(&mut stream, " ");
                thread::sleep(Duration::from_millis(100));
            }
        };
        assert!(read(dripping).unwrap_err().contains("timeout"));

        let announcing = |mut stream: TcpStream| {
            send(
                &mut stream,
                "HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n",
            );
            send(&mut stream, &" ".repeat(9_999_999));
        };
        assert!(read(announcing).unwrap_err().contains("limit"));

        let endless = |mut stream: TcpStream| {
            send(
                &mut stream,
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            );
            let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
            while stream.write_all(chunk.as_bytes()).is_ok() {}
        };
        assert!(read(endless).unwrap_err().contains("limit"));

        let elsewhere = |mut stream: TcpStream| {
            let header = "location: https://example.com/\r\ncontent-length: 0";
            send(
                &mut stream,
                &format!("HTTP/1.1 302 Found\r\n{header}\r\n\r\n"),
            );
        };
        assert_eq!(
            read(elsewhere).unwrap_err(),
            "it answers with status 302 Found"
        );

        let missing = |mut stream: TcpStream| {
            send(&mut stream, "HTTP/1.1 404 no\r\ncontent-length: 0\r\n\r\n");
        };
        assert!(read(missing).unwrap_err().contains("404"));
    }

    /// No key is expected of it, but that certificates are asked for before.
    #[test]
    fn over_https_somebody_who_can_not_prove_who_they_are_is_not_asked() {
        let url = place(|mut stream| send(&mut stream, "HTTP/1.1 200 OK\r\n\r\n{}"));
        let url = url.replace("http:", "https:");
        // Not every machine that tests run on trusts somebody.
        if let Ok(source) = Source::new(&url, Duration::from_secs(1)) {
            assert!(source.read().is_err());
        }
    }
}
