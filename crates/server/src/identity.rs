//! Identity: as whom a request is made.
//!
//! Credentials are bearer tokens. Who sends none is anonymous; who sends one that isn't good is
//! told so, and is never taken for anonymous: a client would not notice that it is logged out.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, get_current_timestamp,
};
use plaudit_domain::{AccountId, Actor};
use serde::{Deserialize, Serialize};

/// How requests are known.
pub enum Identity {
    /// By tokens that this machine makes for itself (`--dev`).
    Dev(Box<DevKey>),
    /// Not at all yet: every token is refused.
    None,
}

impl Identity {
    /// As whom a request is made, by its `Authorization` header; nobody without one.
    ///
    /// # Errors
    /// If there are credentials that aren't good.
    pub fn actor(&self, authorization: Option<&[u8]>) -> Result<Option<Actor>, Unauthenticated> {
        let Some(authorization) = authorization else {
            return Ok(None);
        };
        let token = bearer(authorization).ok_or(Unauthenticated::Scheme)?;
        match self {
            Identity::Dev(key) => key.actor(token).map(Some),
            Identity::None => Err(Unauthenticated::NoTokens),
        }
    }
}

fn bearer(authorization: &[u8]) -> Option<&str> {
    let (scheme, token) = str::from_utf8(authorization).ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The key with which a developer's machine makes its own tokens, for `plaudit token`.
pub struct DevKey {
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
}

/// What a token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: u64,
    exp: u64,
}

const ISSUER: &str = "plaudit-dev";
const AUDIENCE: &str = "plaudit";
const KEY_BYTES: usize = 32;

impl DevKey {
    /// Opens the key of a data directory (`dev.key`), and makes one if there is none.
    ///
    /// # Errors
    /// If the file can't be read or made, or holds something else.
    pub fn open(data: &Path) -> Result<Self, DevKeyError> {
        let path = data.join("dev.key");
        let secret = match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(data, &path),
            read => read,
        };
        match secret {
            Ok(secret) if secret.len() == KEY_BYTES => Ok(Self::new(&secret)),
            Ok(_) => Err(DevKeyError::NotAKey { path }),
            Err(source) => Err(DevKeyError::Io { path, source }),
        }
    }

    fn new(secret: &[u8]) -> Self {
        // The algorithm is ours to choose: what a token's header names is only compared with it.
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        validation.validate_nbf = true;
        // Issued and verified by the same clock.
        validation.leeway = 0;
        Self {
            signing: EncodingKey::from_secret(secret),
            verifying: DecodingKey::from_secret(secret),
            validation,
        }
    }

    /// A token with which requests are made as an account, for some time from now.
    ///
    /// # Errors
    /// If it can't be signed, which is a fault of ours.
    pub fn issue(
        &self,
        account: AccountId,
        lifetime: Duration,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let now = get_current_timestamp();
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: account.to_string(),
            iat: now,
            exp: now.saturating_add(lifetime.as_secs()),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
    }

    fn actor(&self, token: &str) -> Result<Actor, Unauthenticated> {
        let claims = decode::<Claims>(token, &self.verifying, &self.validation)
            .map_err(|error| Unauthenticated::of(error.kind()))?
            .claims;
        let account = claims.sub.parse().map_err(|_| Unauthenticated::Subject)?;
        Ok(Actor { account })
    }
}

/// Makes a key file whole or not at all, for its owner only. If another process is making one too,
/// one of the two stays, and both read it.
fn make(data: &Path, path: &Path) -> io::Result<Vec<u8>> {
    let mut secret = [0; KEY_BYTES];
    getrandom::fill(&mut secret)?;
    std::fs::create_dir_all(data)?;
    // A temporary file has mode 0600 from the start.
    let mut file = tempfile::NamedTempFile::new_in(data)?;
    io::Write::write_all(&mut file, &secret)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.error),
    }
    std::fs::read(path)
}

/// Why credentials aren't good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// It isn't `Bearer TOKEN`.
    #[error("the Authorization header is not `Bearer TOKEN`")]
    Scheme,
    /// This server knows no tokens.
    #[error("this server takes no tokens: it was started without --dev")]
    NoTokens,
    /// It isn't a JSON Web Token, or has not the claims of one of ours.
    #[error("the token can't be read")]
    Unreadable,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time is still to come.
    #[error("the token is not valid yet")]
    TooEarly,
    /// Another key signed it, or somebody changed it.
    #[error("the token's signature is not right")]
    Signature,
    /// It names another algorithm than ours.
    #[error("the token's algorithm is not HS256")]
    Algorithm,
    /// It comes from elsewhere.
    #[error("the token's issuer is not known here")]
    Issuer,
    /// It is meant for another server.
    #[error("the token is meant for another audience")]
    Audience,
    /// It doesn't say for which account it is.
    #[error("the token's subject is not the UUID of an account")]
    Subject,
}

impl Unauthenticated {
    // The enum is open: what it may say in the future makes a token unreadable.
    #[expect(clippy::wildcard_enum_match_arm)]
    fn of(kind: &ErrorKind) -> Self {
        match kind {
            ErrorKind::ExpiredSignature => Self::Expired,
            ErrorKind::ImmatureSignature => Self::TooEarly,
            ErrorKind::InvalidSignature => Self::Signature,
            ErrorKind::InvalidAlgorithm => Self::Algorithm,
            ErrorKind::InvalidIssuer => Self::Issuer,
            ErrorKind::InvalidAudience => Self::Audience,
            _ => Self::Unreadable,
        }
    }
}

/// Why there is no key to make and verify tokens with.
#[derive(Debug, thiserror::Error)]
pub enum DevKeyError {
    /// The file can't be read or made.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What failed.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{} is not a key of {KEY_BYTES} bytes: delete it, and a new one is made", path.display())]
    NotAKey {
        /// Which file.
        path: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &str = "0190a1b2-0000-7000-8000-00000000ada0";

    fn key() -> DevKey {
        DevKey::new(&[7; KEY_BYTES])
    }

    fn claims() -> Claims {
        let now = get_current_timestamp();
        Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: ADA.into(),
            iat: now,
            exp: now + 60,
        }
    }

    const HS256: Algorithm = Algorithm::HS256;
    const HS512: Algorithm = Algorithm::HS512;

    fn signed(algorithm: Algorithm, claims: &impl Serialize, secret: &[u8]) -> String {
        encode(
            &Header::new(algorithm),
            claims,
            &EncodingKey::from_secret(secret),
        )
        .unwrap()
    }

    fn actor(token: &str) -> Result<Option<Actor>, Unauthenticated> {
        Identity::Dev(Box::new(key())).actor(Some(format!("Bearer {token}").as_bytes()))
    }

    #[test]
    fn a_token_that_was_issued_is_taken() {
        let account = ADA.parse().unwrap();
        let token = key().issue(account, Duration::from_secs(60)).unwrap();
        assert_eq!(actor(&token), Ok(Some(Actor { account })));
        let identity = Identity::Dev(Box::new(key()));
        let authorization = format!("bearer  {token} ");
        assert_eq!(
            identity.actor(Some(authorization.as_bytes())),
            Ok(Some(Actor { account }))
        );
    }

    #[test]
    fn without_a_header_nobody_asks() {
        assert_eq!(Identity::Dev(Box::new(key())).actor(None), Ok(None));
        assert_eq!(Identity::None.actor(None), Ok(None));
    }

    #[test]
    fn a_server_without_tokens_refuses_every_one() {
        assert_eq!(
            Identity::None.actor(Some(b"Bearer x")),
            Err(Unauthenticated::NoTokens)
        );
    }

    #[test]
    fn a_token_that_is_not_good_is_refused_with_the_reason() {
        let good = signed(HS256, &claims(), &[7; 32]);
        let with = |change: fn(&mut Claims)| {
            let mut claims = claims();
            change(&mut claims);
            signed(HS256, &claims, &[7; 32])
        };
        let part = |n| good.split('.').nth(n).unwrap();
        // {"alg":"none"} and {"alg":"none","typ":"JWT"}
        let none = format!("eyJhbGciOiJub25lIn0.{}.", part(1));
        let none_signed = format!(
            "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.{}",
            part(1),
            part(2)
        );
        let changed = {
            let other = with(|claims| claims.sub = "0190a1b2-0000-7000-8000-0000000000e0".into());
            let body = other.split('.').nth(1).unwrap().to_owned();
            format!("{}.{body}.{}", part(0), part(2))
        };
        let without_exp =
            serde_json::json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": ADA, "iat": 0 });
        let later = serde_json::json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": ADA, "iat": 0,
            "exp": get_current_timestamp() + 60, "nbf": get_current_timestamp() + 30,
        });
        use Unauthenticated::*;
        for (what, token, why) in [
            (
                "expired",
                with(|claims| claims.exp = claims.iat - 1),
                Expired,
            ),
            ("expired now", with(|claims| claims.exp = 0), Expired),
            ("not yet", signed(HS256, &later, &[7; 32]), TooEarly),
            (
                "for others",
                with(|claims| claims.aud = "others".into()),
                Audience,
            ),
            (
                "by others",
                with(|claims| claims.iss = "others".into()),
                Issuer,
            ),
            ("no UUID", with(|claims| claims.sub = "ada".into()), Subject),
            (
                "no subject",
                with(|claims| claims.sub = String::new()),
                Subject,
            ),
            (
                "no expiry",
                signed(HS256, &without_exp, &[7; 32]),
                Unreadable,
            ),
            ("another key", signed(HS256, &claims(), &[8; 32]), Signature),
            ("an empty key", signed(HS256, &claims(), &[]), Signature),
            (
                "another algorithm",
                signed(HS512, &claims(), &[7; 32]),
                Algorithm,
            ),
            ("no algorithm", none, Unreadable),
            ("no algorithm, but signed", none_signed, Unreadable),
            ("changed", changed, Signature),
            ("cut", good[..good.len() - 2].to_owned(), Unreadable),
            (
                "without a signature",
                format!("{}.{}.", part(0), part(1)),
                Signature,
            ),
            ("two parts", format!("{}.{}", part(0), part(1)), Unreadable),
            ("garbage", "garbage".to_owned(), Unreadable),
            ("nothing", String::new(), Unreadable),
        ] {
            assert_eq!(actor(&token), Err(why), "{what}");
        }
    }

    #[test]
    fn other_schemes_are_refused() {
        for authorization in [
            &b"Basic YTpi"[..],
            b"Bearer",
            b"",
            b"Bearer\xff x",
            b"token",
        ] {
            assert_eq!(
                Identity::Dev(Box::new(key())).actor(Some(authorization)),
                Err(Unauthenticated::Scheme)
            );
        }
    }

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let account: AccountId = ADA.parse().unwrap();
        let token = DevKey::open(&data)
            .unwrap()
            .issue(account, Duration::from_secs(60))
            .unwrap();
        let again = Identity::Dev(Box::new(DevKey::open(&data).unwrap()));
        let authorization = format!("Bearer {token}");
        assert_eq!(
            again.actor(Some(authorization.as_bytes())),
            Ok(Some(Actor { account }))
        );

        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(data.join("dev.key"))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        // Nothing else stays.
        assert_eq!(std::fs::read_dir(&data).unwrap().count(), 1);
    }

    #[test]
    fn keys_of_different_folders_differ() {
        let [a, b] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let token = DevKey::open(a.path())
            .unwrap()
            .issue(ADA.parse().unwrap(), Duration::from_secs(60))
            .unwrap();
        assert_eq!(
            DevKey::open(b.path()).unwrap().actor(&token),
            Err(Unauthenticated::Signature)
        );
    }

    #[test]
    fn a_file_that_is_no_key_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("dev.key"), "short").unwrap();
        let error = DevKey::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("is not a key of 32 bytes"), "{error}");
    }
}
