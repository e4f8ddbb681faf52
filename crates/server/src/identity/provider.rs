//! Tokens of the site's identity provider.

use std::time::Duration;

use jsonwebtoken::{Algorithm, Validation, decode, decode_header, get_current_timestamp};
use plaudit_domain::account::{AccountKind, Claims};
use plaudit_domain::id::derive;
use plaudit_domain::{AccountId, Actor, Roles};
use quick_cache::sync::Cache;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::jwks::{Keys, KeysError};
use super::{Caller, IdentityError, Unauthenticated, roles_named};

/// So far its clock may be from ours, in seconds.
const LEEWAY: u64 = 30;

/// So long a token that was verified isn't verified again: roles and keys are withdrawn, too.
const VERIFIED_FOR: Duration = Duration::from_secs(60);

/// Of so many tokens is known that they are good.
const VERIFIED_MAX: usize = 10_000;

/// The most characters of a subject (OpenID Connect has the same).
const SUBJECT_MAX: usize = 255;

/// Which tokens are taken, and what they say under which names.
#[derive(Debug, Clone)]
pub struct ProviderOptions {
    /// Where the provider's keys are: a file, or an https URL.
    pub jwks: String,
    /// The provider, as tokens name it.
    pub issuer: String,
    /// This server, as tokens name it.
    pub audience: String,
    /// The algorithms that tokens may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// The claim with roles: its name, or the way to it, like `realm_access.roles`.
    pub roles_claim: String,
    /// The claim with the kind of account, in the same way.
    pub kind_claim: String,
    /// Where it is absent, accounts with a mail address of these domains are personal, and others
    /// managed. Without any domain nothing follows from an address.
    pub personal_domains: Vec<String>,
}

/// The site's identity provider.
pub struct Provider {
    options: ProviderOptions,
    keys: Keys,
    validation: Validation,
    verified: Cache<[u8; 32], Verified>,
}

/// What came of a token.
#[derive(Clone)]
struct Verified {
    caller: Caller,
    /// The last second in which it isn't looked at again.
    until: u64,
}

impl Provider {
    /// Gets the provider's keys.
    ///
    /// # Errors
    /// If it can't be known where they are. That they aren't there yet is none.
    pub async fn open(mut options: ProviderOptions) -> Result<Self, KeysError> {
        for domain in &mut options.personal_domains {
            *domain = domain.trim().to_ascii_lowercase();
        }
        Ok(Self {
            keys: Keys::open(&options.jwks).await?,
            validation: validation(&options),
            verified: Cache::new(VERIFIED_MAX),
            options,
        })
    }

    /// Who makes a request with this token.
    pub(super) async fn caller(&self, token: &str) -> Result<Caller, IdentityError> {
        let hash = Sha256::digest(token).into();
        let now = get_current_timestamp();
        if let Some(verified) = self.verified.get(&hash)
            && now <= verified.until
        {
            return Ok(verified.caller);
        }
        let payload = self.verify(token).await?;
        let caller = self.caller_of(&payload)?;
        let verified = Verified {
            caller: caller.clone(),
            until: caller.good_until.min(now + VERIFIED_FOR.as_secs()),
        };
        self.verified.insert(hash, verified);
        Ok(caller)
    }

    /// What a token says, if the provider says it, of now, and to us.
    async fn verify(&self, token: &str) -> Result<Map<String, Value>, IdentityError> {
        let header = decode_header(token).map_err(|error| Unauthenticated::of(error.kind()))?;
        // Before its key is looked for: what we don't take is no reason to look for keys.
        if !self.options.algorithms.contains(&header.alg) {
            return Err(Unauthenticated::Algorithm.into());
        }
        // What it calls critical has to be understood, and we understand no extension.
        if header.crit.is_some() {
            return Err(Unauthenticated::Unreadable.into());
        }
        let key = self.keys.find(header.kid.as_deref(), header.alg).await?;
        // The key fits this algorithm, so it is the only one.
        let mut validation = self.validation.clone();
        validation.algorithms = vec![header.alg];
        let decoded = decode(token, &key, &validation);
        Ok(decoded
            .map_err(|error| Unauthenticated::of(error.kind()))?
            .claims)
    }

    fn caller_of(&self, payload: &Map<String, Value>) -> Result<Caller, Unauthenticated> {
        let subject = text(payload, "sub").ok_or(Unauthenticated::Subject)?;
        if subject.chars().count() > SUBJECT_MAX {
            return Err(Unauthenticated::Subject);
        }
        let account = AccountId(derive(&["subject", &self.options.issuer, subject]));
        let names = ["name", "preferred_username", "nickname"];
        let name = names.into_iter().find_map(|name| text(payload, name));
        Ok(Caller {
            actor: Actor {
                account,
                roles: self.roles(payload),
            },
            claims: Claims {
                name: name.map(str::to_owned),
                picture: text(payload, "picture").map(str::to_owned),
                kind: self.kind(payload),
            },
            issued_at: number(payload, "iat"),
            good_until: number(payload, "exp").saturating_add(LEEWAY),
        })
    }

    fn roles(&self, payload: &Map<String, Value>) -> Roles {
        match at(payload, &self.options.roles_claim) {
            Some(Value::Array(names)) => roles_named(names.iter().filter_map(Value::as_str)),
            Some(Value::String(names)) => roles_named(names.split_whitespace()),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => {
                Roles::default()
            }
        }
    }

    /// What can't be read as personal is managed: only a personal account anchors others.
    fn kind(&self, payload: &Map<String, Value>) -> Option<AccountKind> {
        match at(payload, &self.options.kind_claim) {
            Some(Value::String(told)) => {
                Some(AccountKind::named(&told.to_ascii_lowercase()).unwrap_or(AccountKind::Managed))
            }
            Some(Value::Null) | None => self.kind_by_address(payload),
            Some(_) => Some(AccountKind::Managed),
        }
    }

    /// An address that nobody has verified may be anybody's, so it doesn't count as its owner's.
    fn kind_by_address(&self, payload: &Map<String, Value>) -> Option<AccountKind> {
        let personal = &self.options.personal_domains;
        if personal.is_empty() {
            return None;
        }
        // Some providers have texts for truth.
        let unverified = match payload.get("email_verified") {
            Some(Value::Bool(verified)) => !verified,
            Some(verified) => verified == "false",
            None => false,
        };
        let domain = text(payload, "email").and_then(|email| Some(email.rsplit_once('@')?.1));
        let is_personal =
            domain.is_some_and(|domain| personal.contains(&domain.to_ascii_lowercase()));
        Some(if is_personal && !unverified {
            AccountKind::Personal
        } else {
            AccountKind::Managed
        })
    }
}

fn validation(options: &ProviderOptions) -> Validation {
    let mut validation = Validation::default();
    validation.algorithms.clone_from(&options.algorithms);
    validation.set_issuer(&[&options.issuer]);
    validation.set_audience(&[&options.audience]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY;
    validation
}

/// A claim by its name, which may have dots as a URL has, or by the way to it.
fn at<'a>(payload: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    payload.get(path).or_else(|| {
        let mut steps = path.split('.');
        let first = payload.get(steps.next()?)?;
        steps.try_fold(first, |value, step| value.get(step))
    })
}

/// A text that says something.
fn text<'a>(payload: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    let text = payload.get(name)?.as_str()?;
    (!text.trim().is_empty()).then_some(text)
}

/// A number of seconds; 0 where there is none.
fn number(payload: &Map<String, Value>, name: &str) -> u64 {
    let Some(value) = payload.get(name) else {
        return 0;
    };
    // Seconds may have a fraction.
    value
        .as_u64()
        .or_else(|| value.as_f64().map(|seconds| seconds as u64))
        .unwrap_or(0)
}

/// An algorithm that tokens of a provider may be signed with, by its name.
///
/// # Errors
/// If there is none of the name, or it wouldn't tell who signed.
pub fn signing_algorithm(name: &str) -> Result<Algorithm, String> {
    use Algorithm::{
        ES256, ES384, EdDSA, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512,
    };

    let known = "choose of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA";
    match name.parse() {
        Ok(algorithm @ (RS256 | RS384 | RS512 | PS256 | PS384 | PS512 | ES256 | ES384 | EdDSA)) => {
            Ok(algorithm)
        }
        Ok(HS256 | HS384 | HS512) => Err(format!(
            "with {name}, whoever can verify a token can make one: {known}"
        )),
        Err(_) if name.eq_ignore_ascii_case("none") => {
            Err(format!("a token that isn't signed is anybody's: {known}"))
        }
        Ok(_) | Err(_) => Err(format!("it is not an algorithm for signatures: {known}")),
    }
}
