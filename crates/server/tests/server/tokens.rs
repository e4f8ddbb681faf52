//! An identity provider, as far as tests need one: keys, a place where they are published, tokens.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use parking_lot::Mutex;
use plaudit_server::identity::{Caller, Identity, IdentityError, Provider, ProviderOptions};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

pub const ISSUER: &str = "https://id.example.com/realms/site";
pub const AUDIENCE: &str = "plaudit";

/// The key of an RSA pair that signs for tests only.
pub const RSA: &[u8] = include_bytes!("keys/rsa.der");
/// The public one, as anybody may know it.
pub const RSA_PUBLIC: &[u8] = include_bytes!("keys/rsa.public.pem");

/// A key that signs.
pub struct Signer {
    pub id: &'static str,
    pub algorithm: Algorithm,
    pub key: EncodingKey,
}

impl Signer {
    pub fn rsa() -> Self {
        Self {
            id: "rsa",
            algorithm: Algorithm::RS256,
            key: EncodingKey::from_rsa_der(RSA),
        }
    }

    /// A key on P-256, out of a number.
    pub fn ec(id: &'static str, number: u8) -> Self {
        // PKCS #8 around a key of 32 bytes.
        let mut der = b"\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
            \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x27\x30\x25\x02\x01\x01\x04\x20"
            .to_vec();
        der.extend([number; 32]);
        Self {
            id,
            algorithm: Algorithm::ES256,
            key: EncodingKey::from_ec_der(&der),
        }
    }

    /// An Ed25519 key, out of a number.
    pub fn ed(id: &'static str, number: u8) -> Self {
        let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
        der.extend([number; 32]);
        Self {
            id,
            algorithm: Algorithm::EdDSA,
            key: EncodingKey::from_ed_der(&der),
        }
    }

    /// The public key, as a provider publishes it.
    pub fn jwk(&self) -> Jwk {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.id.into());
        jwk.common.key_algorithm = Some(KeyAlgorithm::from(self.algorithm));
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        jwk
    }

    /// A token that says this.
    pub fn sign(&self, payload: &Value) -> String {
        encode(&self.header(), payload, &self.key).unwrap()
    }

    pub fn header(&self) -> Header {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.id.into());
        header
    }
}

/// What a good token says of somebody.
pub fn payload(subject: &str) -> Value {
    let now = get_current_timestamp();
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 300 })
}

/// With something else, too.
pub fn with(mut payload: Value, name: &str, value: Value) -> Value {
    payload[name] = value;
    payload
}

/// The set of these keys.
pub fn key_set(keys: impl IntoIterator<Item = Jwk>) -> String {
    json!({ "keys": keys.into_iter().collect::<Vec<_>>() }).to_string()
}

/// A provider with these keys in a file, of which nothing else is special.
pub fn options(jwks: impl Into<String>) -> ProviderOptions {
    ProviderOptions {
        jwks: jwks.into(),
        issuer: ISSUER.into(),
        audience: AUDIENCE.into(),
        algorithms: vec![Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA],
        roles_claim: "roles".into(),
        kind_claim: "account_kind".into(),
        personal_domains: Vec::new(),
    }
}

pub async fn provider(options: ProviderOptions) -> Identity {
    Identity::Provider(Box::new(Provider::open(options).await.unwrap()))
}

/// With the keys in a file of this folder.
pub async fn provider_in(folder: &Path, keys: impl IntoIterator<Item = Jwk>) -> Identity {
    provider(options(published(folder, keys))).await
}

/// A file of this folder with the keys.
pub fn published(folder: &Path, keys: impl IntoIterator<Item = Jwk>) -> String {
    let file = folder.join("jwks.json");
    std::fs::write(&file, key_set(keys)).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Whom a token is taken for.
pub async fn caller(identity: &Identity, token: &str) -> Result<Caller, IdentityError> {
    let authorization = format!("Bearer {token}");
    let caller = identity.caller(Some(authorization.as_bytes())).await;
    caller.map(Option::unwrap)
}

/// A place on this machine that publishes something over HTTP.
pub struct Place {
    pub url: String,
    published: Arc<Mutex<String>>,
    fetched: Arc<AtomicUsize>,
}

impl Place {
    pub async fn of(keys: impl IntoIterator<Item = Jwk>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let published = Arc::new(Mutex::new(ok(&key_set(keys))));
        let fetched = Arc::new(AtomicUsize::new(0));
        let (answer, count) = (published.clone(), fetched.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let answer = answer.lock().clone();
                tokio::spawn(async move {
                    let _ = stream.read(&mut [0; 4096]).await;
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self {
            url,
            published,
            fetched,
        }
    }

    /// Publishes other keys from now on.
    pub fn publishes(&self, keys: impl IntoIterator<Item = Jwk>) {
        *self.published.lock() = ok(&key_set(keys));
    }

    /// Answers something else from now on.
    pub fn answers(&self, answer: &str) {
        *self.published.lock() = answer.to_owned();
    }

    /// How often somebody looked.
    pub fn fetched(&self) -> usize {
        self.fetched.load(Ordering::SeqCst)
    }
}

fn ok(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}
