//! Who may read: analysts, by their tokens.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use plaudit_protocol::{Access, NoAccess};

use crate::identity::{Identity, IdentityError};

/// Lets analysts read.
pub struct Analysts {
    identity: Arc<Identity>,
    /// Whether somebody may, too, who doesn't say who they are.
    anybody: bool,
}

impl Analysts {
    /// Lets analysts read, and nobody else.
    pub fn only(identity: Arc<Identity>) -> Self {
        Self {
            identity,
            anybody: false,
        }
    }

    /// Lets analysts read, and whoever doesn't say who they are: for those on the same machine.
    pub fn and_whoever_is_here(identity: Arc<Identity>) -> Self {
        Self {
            identity,
            anybody: true,
        }
    }
}

#[async_trait]
impl Access for Analysts {
    async fn admit(&self, authorization: Option<&[u8]>) -> Result<Option<Duration>, NoAccess> {
        let Some(authorization) = authorization else {
            return match self.anybody {
                true => Ok(None),
                false => Err(NoAccess::Unauthenticated(
                    "this history is read with an analyst's token: send it as Bearer, or as the password of \
                     any user"
                        .to_owned(),
                )),
            };
        };
        let authorization = as_bearer(authorization);
        // One that isn't good is refused, never taken for none.
        let caller = self.identity.caller(Some(&authorization)).await;
        let caller = caller.map_err(|error| match error {
            IdentityError::Unauthenticated(why) => NoAccess::Unauthenticated(why.to_string()),
            IdentityError::NoKeys => NoAccess::NotNow(error.to_string()),
        })?;
        match caller {
            Some(caller) if caller.actor.roles.analyst => Ok(Some(caller.time_left())),
            Some(_) | None => Err(NoAccess::Forbidden(
                "the history is for analysts: the token lacks the role analyst".to_owned(),
            )),
        }
    }
}

/// Clients of EventStoreDB know users and passwords only: then the password is the token.
fn as_bearer(authorization: &[u8]) -> Vec<u8> {
    let token = str::from_utf8(authorization).ok().and_then(|text| {
        let (scheme, credentials) = text.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let credentials = BASE64_STANDARD.decode(credentials.trim()).ok()?;
        let credentials = String::from_utf8(credentials).ok()?;
        let (_, password) = credentials.split_once(':')?;
        Some(format!("Bearer {password}"))
    });
    token.map_or_else(|| authorization.to_vec(), String::into_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_a_token() {
        let basic = BASE64_STANDARD.encode("ada:a.b-c_d");
        for (sent, read) in [
            (format!("Basic {basic}"), "Bearer a.b-c_d"),
            (format!("basic {basic}"), "Bearer a.b-c_d"),
            ("Bearer a.b-c_d".to_owned(), "Bearer a.b-c_d"),
            ("Basic ?".to_owned(), "Basic ?"),
            ("Basic".to_owned(), "Basic"),
        ] {
            assert_eq!(as_bearer(sent.as_bytes()), read.as_bytes(), "{sent}");
        }
    }

    #[tokio::test]
    async fn a_token_that_is_not_good_is_never_taken_for_none() {
        let here = Analysts::and_whoever_is_here(Arc::new(Identity::None));
        assert_eq!(here.admit(None).await, Ok(None));
        for sent in [&b"Bearer x"[..], b"Basic x", b"", b"\xff"] {
            let admitted = here.admit(Some(sent)).await;
            assert!(matches!(admitted, Err(NoAccess::Unauthenticated(_))));
        }
        let only = Analysts::only(Arc::new(Identity::None));
        let admitted = only.admit(None).await;
        assert!(matches!(admitted, Err(NoAccess::Unauthenticated(_))));
    }
}
