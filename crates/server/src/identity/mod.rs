//! Identity: as whom a request is made.
//!
//! Credentials are bearer tokens. Who sends none is anonymous; who sends one that isn't good is
//! told so, and is never taken for anonymous: a client would not notice that it is logged out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::errors::ErrorKind;
use plaudit_domain::account::Claims;
use plaudit_domain::{Actor, Roles};

mod dev;
mod jwks;
mod login;
mod provider;

pub use dev::{DevKey, DevKeyError};
pub use jwks::{KeysError, keys_location};
pub use login::LogIns;
pub use provider::{Provider, ProviderOptions, signing_algorithm};

/// How requests are known.
pub enum Identity {
    /// By tokens that this machine makes for itself (`--dev`).
    Dev(Box<DevKey>),
    /// By tokens of the site's identity provider (`--jwks`).
    Provider(Box<Provider>),
    /// Not at all: every token is refused.
    None,
}

/// Who makes a request, as their token has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account and its roles.
    pub actor: Actor,
    /// What the token says of the person.
    pub claims: Claims,
    /// When it says so, in seconds: of two tokens, the later one is right. 0 where it doesn't tell.
    pub issued_at: u64,
    /// The last second in which the token is good.
    pub good_until: u64,
}

impl Caller {
    /// For how long their token is good yet.
    pub fn time_left(&self) -> Duration {
        let over = Duration::from_secs(self.good_until.min(FAR).saturating_add(1));
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        over.saturating_sub(now.unwrap_or_default())
    }
}

/// Nobody waits for a moment that is further away: the year 9999.
const FAR: u64 = 253_370_764_800;

impl Identity {
    /// Who makes a request, by its `Authorization` header; nobody without one.
    ///
    /// # Errors
    /// If there are credentials that aren't good, or that can't be verified for now.
    pub async fn caller(
        &self,
        authorization: Option<&[u8]>,
    ) -> Result<Option<Caller>, IdentityError> {
        let Some(authorization) = authorization else {
            return Ok(None);
        };
        let token = bearer(authorization).ok_or(Unauthenticated::Scheme)?;
        // Nothing of a token is parsed that is larger than any that is meant.
        if token.len() > TOKEN_MAX {
            return Err(Unauthenticated::TooLarge.into());
        }
        match self {
            Identity::Dev(key) => Ok(Some(key.caller(token)?)),
            Identity::Provider(provider) => provider.caller(token).await.map(Some),
            Identity::None => Err(Unauthenticated::NoTokens.into()),
        }
    }
}

/// The most bytes of a token.
const TOKEN_MAX: usize = 16 * 1024;

fn bearer(authorization: &[u8]) -> Option<&str> {
    let (scheme, token) = str::from_utf8(authorization).ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The roles of these names. What others there are is none of ours: providers name them for many
/// programs.
fn roles_named<'a>(names: impl IntoIterator<Item = &'a str>) -> Roles {
    let mut roles = Roles::default();
    for name in names {
        match name {
            "admin" => roles.admin = true,
            "community_manager" => roles.community_manager = true,
            "analyst" => roles.analyst = true,
            "service" => roles.service = true,
            _ => {}
        }
    }
    roles
}

/// Why it isn't known who makes a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The credentials aren't good.
    #[error(transparent)]
    Unauthenticated(#[from] Unauthenticated),
    /// They may be good: what they are verified with isn't there yet.
    #[error("the identity provider's keys can't be had for now: try again soon")]
    NoKeys,
}

/// Why credentials aren't good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// It isn't `Bearer TOKEN`.
    #[error("the Authorization header is not `Bearer TOKEN`")]
    Scheme,
    /// This server knows no tokens.
    #[error("this server takes no tokens: it was started without --dev and without --jwks")]
    NoTokens,
    /// It is larger than tokens are.
    #[error("the token is larger than {TOKEN_MAX} bytes")]
    TooLarge,
    /// It isn't a JSON Web Token, or not one that is understood.
    #[error("the token can't be read")]
    Unreadable,
    /// It lacks a claim that each has to have.
    #[error("the token lacks one of the claims iss, aud, sub and exp")]
    Incomplete,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time is still to come.
    #[error("the token is not valid yet")]
    TooEarly,
    /// Another key signed it, or somebody changed it.
    #[error("the token's signature is not right")]
    Signature,
    /// It names an algorithm that isn't taken.
    #[error("the token's algorithm is not taken here")]
    Algorithm,
    /// It names a key that isn't among the provider's.
    #[error("the token was signed with a key that is not known here")]
    Key,
    /// It names a key that is meant for another algorithm.
    #[error("the token's algorithm is not that of its key")]
    KeyAlgorithm,
    /// It names no key, and several may be meant.
    #[error("the token does not say which key it was signed with")]
    NoKeyId,
    /// It comes from elsewhere.
    #[error("the token's issuer is not known here")]
    Issuer,
    /// It is meant for another server.
    #[error("the token is meant for another audience")]
    Audience,
    /// It doesn't say for which account it is.
    #[error("the token's subject is not the UUID of an account")]
    NotAnAccount,
    /// It doesn't say for whom it is.
    #[error("the token's subject is empty or longer than is taken")]
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
            ErrorKind::MissingRequiredClaim(_) => Self::Incomplete,
            _ => Self::Unreadable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_without_tokens_refuses_every_one() {
        assert_eq!(
            Identity::None.caller(Some(b"Bearer x")).await,
            Err(Unauthenticated::NoTokens.into())
        );
        assert_eq!(Identity::None.caller(None).await, Ok(None));
    }

    #[test]
    fn roles_of_others_are_none_of_ours() {
        let roles = roles_named([
            "analyst",
            "Admin",
            "offline_access",
            "community_manager",
            "",
        ]);
        let expected = Roles {
            analyst: true,
            community_manager: true,
            ..Roles::default()
        };
        assert_eq!(roles, expected);
    }
}
