//! Tokens that a developer's machine makes for itself: `--dev`, and `plaudit token`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, get_current_timestamp,
};
use plaudit_domain::account::{AccountKind, Claims};
use plaudit_domain::{AccountId, Actor, Roles};
use serde::{Deserialize, Serialize};

use super::{Caller, Unauthenticated, roles_named};

/// The key with which a developer's machine makes its own tokens, for `plaudit token`.
pub struct DevKey {
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
}

/// What a token says, under the names that an identity provider's have by default.
#[derive(Serialize, Deserialize)]
struct Payload {
    iss: String,
    aud: String,
    sub: String,
    iat: u64,
    exp: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    picture: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account_kind: Option<AccountKind>,
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

    /// A token with which requests are made as an account, for some time from now. It says of the
    /// person what the claims say: with a name, it registers the account.
    ///
    /// # Errors
    /// If it can't be signed, which is a fault of ours.
    pub fn issue(
        &self,
        actor: &Actor,
        claims: &Claims,
        lifetime: Duration,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let now = get_current_timestamp();
        let payload = Payload {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: actor.account.to_string(),
            iat: now,
            exp: now.saturating_add(lifetime.as_secs()),
            roles: names_of(actor.roles),
            name: claims.name.clone(),
            picture: claims.picture.clone(),
            account_kind: claims.kind,
        };
        encode(&Header::new(Algorithm::HS256), &payload, &self.signing)
    }

    pub(super) fn caller(&self, token: &str) -> Result<Caller, Unauthenticated> {
        let payload = decode::<Payload>(token, &self.verifying, &self.validation)
            .map_err(|error| Unauthenticated::of(error.kind()))?
            .claims;
        let account: AccountId = payload
            .sub
            .parse()
            .map_err(|_| Unauthenticated::NotAnAccount)?;
        Ok(Caller {
            actor: Actor {
                account,
                roles: roles_named(payload.roles.iter().map(String::as_str)),
            },
            claims: Claims {
                name: payload.name,
                picture: payload.picture,
                kind: payload.account_kind,
            },
            issued_at: payload.iat,
            good_until: payload.exp,
        })
    }
}

fn names_of(roles: Roles) -> Vec<String> {
    let Roles {
        admin,
        community_manager,
        analyst,
        service,
    } = roles;
    [
        ("admin", admin),
        ("community_manager", community_manager),
        ("analyst", analyst),
        ("service", service),
    ]
    .into_iter()
    .filter(|(_, has)| *has)
    .map(|(name, _)| name.to_owned())
    .collect()
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
    use super::super::{Identity, IdentityError};
    use super::*;

    const ADA: &str = "0190a1b2-0000-7000-8000-00000000ada0";

    fn key() -> DevKey {
        DevKey::new(&[7; KEY_BYTES])
    }

    fn payload() -> Payload {
        let now = get_current_timestamp();
        Payload {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: ADA.into(),
            iat: now,
            exp: now + 60,
            roles: Vec::new(),
            name: None,
            picture: None,
            account_kind: None,
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

    fn identity() -> Identity {
        Identity::Dev(Box::new(key()))
    }

    fn issued(key: &DevKey) -> String {
        let ada = Actor::member(ADA.parse().unwrap());
        key.issue(&ada, &Claims::default(), Duration::from_secs(60))
            .unwrap()
    }

    #[tokio::test]
    async fn a_token_that_was_issued_is_taken_with_all_that_it_says() {
        let actor = Actor {
            account: ADA.parse().unwrap(),
            roles: Roles {
                analyst: true,
                community_manager: true,
                ..Roles::default()
            },
        };
        let claims = Claims {
            name: Some("Ada".into()),
            picture: Some("https://example.com/ada.png".into()),
            kind: Some(AccountKind::Managed),
        };
        let lifetime = Duration::from_secs(60);
        let token = key().issue(&actor, &claims, lifetime).unwrap();
        for authorization in [format!("Bearer {token}"), format!("bearer  {token} ")] {
            let caller = identity().caller(Some(authorization.as_bytes())).await;
            let caller = caller.unwrap().unwrap();
            assert_eq!((caller.actor, caller.claims), (actor, claims.clone()));
        }
    }

    #[test]
    fn a_token_of_before_there_were_roles_is_taken() {
        let old = serde_json::json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": ADA, "iat": 0,
            "exp": get_current_timestamp() + 60,
        });
        let caller = key().caller(&signed(HS256, &old, &[7; 32])).unwrap();
        assert_eq!(caller.actor, Actor::member(ADA.parse().unwrap()));
        assert_eq!(caller.claims, Claims::default());
    }

    #[tokio::test]
    async fn without_a_header_nobody_asks() {
        assert_eq!(identity().caller(None).await, Ok(None));
    }

    #[test]
    fn a_token_that_is_not_good_is_refused_with_the_reason() {
        let good = signed(HS256, &payload(), &[7; 32]);
        let with = |change: fn(&mut Payload)| {
            let mut payload = payload();
            change(&mut payload);
            signed(HS256, &payload, &[7; 32])
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
            let other = with(|payload| payload.sub = "0190a1b2-0000-7000-8000-0000000000e0".into());
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
                with(|payload| payload.exp = payload.iat - 1),
                Expired,
            ),
            ("expired now", with(|payload| payload.exp = 0), Expired),
            ("not yet", signed(HS256, &later, &[7; 32]), TooEarly),
            (
                "for others",
                with(|payload| payload.aud = "others".into()),
                Audience,
            ),
            (
                "by others",
                with(|payload| payload.iss = "others".into()),
                Issuer,
            ),
            (
                "no UUID",
                with(|payload| payload.sub = "ada".into()),
                NotAnAccount,
            ),
            (
                "no subject",
                with(|payload| payload.sub = String::new()),
                NotAnAccount,
            ),
            (
                "no expiry",
                signed(HS256, &without_exp, &[7; 32]),
                Unreadable,
            ),
            (
                "another key",
                signed(HS256, &payload(), &[8; 32]),
                Signature,
            ),
            ("an empty key", signed(HS256, &payload(), &[]), Signature),
            (
                "another algorithm",
                signed(HS512, &payload(), &[7; 32]),
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
            assert_eq!(key().caller(&token), Err(why), "{what}");
        }
    }

    #[tokio::test]
    async fn other_schemes_are_refused() {
        for authorization in [
            &b"Basic YTpi"[..],
            b"Bearer",
            b"",
            b"Bearer\xff x",
            b"token",
        ] {
            assert_eq!(
                identity().caller(Some(authorization)).await,
                Err(IdentityError::Unauthenticated(Unauthenticated::Scheme))
            );
        }
    }

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let token = issued(&DevKey::open(&data).unwrap());
        let again = DevKey::open(&data).unwrap();
        let caller = again.caller(&token).unwrap();
        assert_eq!(caller.actor.account, ADA.parse().unwrap());

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
        let token = issued(&DevKey::open(a.path()).unwrap());
        assert_eq!(
            DevKey::open(b.path()).unwrap().caller(&token),
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
