//! Tokens of an identity provider: which are taken, for whom, and which are not.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm::{ES256, EdDSA, HS256, PS256, RS256, RS512};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
use plaudit_domain::account::AccountKind;
use plaudit_domain::id::derive;
use plaudit_domain::{AccountId, Roles};
use plaudit_server::identity::Unauthenticated::*;
use plaudit_server::identity::{IdentityError, Provider, signing_algorithm};
use serde_json::{Value, json};

use crate::tokens::{
    ISSUER, Place, RSA_PUBLIC, Signer, caller, key_set, options, payload, provider, provider_in,
    published, with,
};

/// The keys of a provider with one of each kind, and some that aren't for tokens.
fn published_keys() -> Vec<Jwk> {
    let mut encryption = Signer::ec("encryption", 9).jwk();
    encryption.common.public_key_use = Some(PublicKeyUse::Encryption);
    let secret = Signer {
        id: "secret",
        algorithm: HS256,
        key: EncodingKey::from_secret(SECRET),
    };
    vec![
        Signer::rsa().jwk(),
        Signer::ec("ec", 1).jwk(),
        Signer::ed("ed", 2).jwk(),
        encryption,
        secret.jwk(),
    ]
}

const SECRET: &[u8] = b"known to the provider and its clients";

fn base64(text: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

/// A token with a header of one's own making, and the rest of another.
fn with_header(header: &Value, token: &str) -> String {
    let (_, rest) = token.split_once('.').unwrap();
    format!("{}.{rest}", base64(header.to_string()))
}

#[tokio::test]
async fn tokens_of_each_kind_of_key_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let identity = provider_in(folder.path(), published_keys()).await;
    let account = AccountId(derive(&["subject", ISSUER, "ada"]));
    for signer in [Signer::rsa(), Signer::ec("ec", 1), Signer::ed("ed", 2)] {
        // Twice: the second one isn't verified again.
        let token = signer.sign(&payload("ada"));
        for _ in 0..2 {
            let caller = caller(&identity, &token).await.unwrap();
            assert_eq!(caller.actor.account, account);
        }
        // There is one key only that it can be.
        let nameless = encode(&Header::new(signer.algorithm), &payload("ada"), &signer.key);
        let caller = caller(&identity, &nameless.unwrap()).await.unwrap();
        assert_eq!(caller.actor.account, account);
    }
}

#[tokio::test]
async fn what_an_attacker_sends_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let identity = provider_in(folder.path(), published_keys()).await;
    let (rsa, ec) = (Signer::rsa(), Signer::ec("ec", 1));
    let good = ec.sign(&payload("ada"));
    let now = get_current_timestamp();
    let but = |name: &str, value: Value| ec.sign(&with(payload("ada"), name, value));
    let without = |name: &str| {
        let mut payload = payload("ada");
        payload.as_object_mut().unwrap().remove(name);
        ec.sign(&payload)
    };
    let part = |n| good.split('.').nth(n).unwrap().to_owned();
    let by_secret = |kid: &str, secret: &[u8]| {
        let mut header = Header::new(HS256);
        header.kid = Some(kid.into());
        encode(&header, &payload("ada"), &EncodingKey::from_secret(secret)).unwrap()
    };
    let rsa_jwk = serde_json::to_value(rsa.jwk()).unwrap();
    let modulus = rsa_jwk["n"].as_str().unwrap();
    let modulus = BASE64_URL_SAFE_NO_PAD.decode(modulus).unwrap();
    let signed_as = |id: &'static str, algorithm, key: &EncodingKey| {
        let key = key.clone();
        Signer { id, algorithm, key }.sign(&payload("ada"))
    };
    let attacker = Signer::ec("ec", 66);
    let own_key_inside = {
        let mut header = attacker.header();
        header.jwk = Some(attacker.jwk());
        header.jku = Some("https://attacker.example/jwks.json".into());
        encode(&header, &payload("ada"), &attacker.key).unwrap()
    };
    let critical = {
        let mut header = ec.header();
        header.crit = Some(vec!["b64".into()]);
        encode(&header, &payload("ada"), &ec.key).unwrap()
    };
    let changed = {
        let other = base64(with(payload("ada"), "roles", json!(["admin"])).to_string());
        format!("{}.{other}.{}", part(0), part(2))
    };
    let none = |name: &str| json!({ "alg": name, "typ": "JWT" });

    for (what, token, why) in [
        ("expired", but("exp", json!(now - 31)), Expired),
        ("expired long ago", but("exp", json!(0)), Expired),
        ("no expiry", without("exp"), Incomplete),
        (
            "an expiry of words",
            but("exp", json!("tomorrow")),
            Incomplete,
        ),
        ("not yet valid", but("nbf", json!(now + 40)), TooEarly),
        ("valid from words on", but("nbf", json!("now")), Unreadable),
        (
            "another issuer",
            but("iss", json!("https://id.example.org")),
            Issuer,
        ),
        (
            "almost the issuer",
            but("iss", json!(format!("{ISSUER}/"))),
            Issuer,
        ),
        ("no issuer", without("iss"), Incomplete),
        ("for others", but("aud", json!("other")), Audience),
        (
            "for several others",
            but("aud", json!(["a", "b"])),
            Audience,
        ),
        ("for nobody", but("aud", json!([])), Audience),
        ("no audience", without("aud"), Incomplete),
        ("no subject", without("sub"), Incomplete),
        ("an empty subject", but("sub", json!("")), Subject),
        ("a blank subject", but("sub", json!(" ")), Subject),
        (
            "a subject of 256",
            but("sub", json!("x".repeat(256))),
            Subject,
        ),
        (
            "a subject of 10 KB",
            but("sub", json!("x".repeat(10_000))),
            Subject,
        ),
        ("a number as subject", but("sub", json!(1)), Incomplete),
        (
            "none",
            with_header(&none("none"), &format!("x.{}.", part(1))),
            Unreadable,
        ),
        (
            "none, signed",
            with_header(&none("none"), &good),
            Unreadable,
        ),
        ("nOnE", with_header(&none("nOnE"), &good), Unreadable),
        (
            "no algorithm",
            with_header(&json!({ "kid": "ec" }), &good),
            Unreadable,
        ),
        (
            "the public key as secret",
            by_secret("rsa", RSA_PUBLIC),
            Algorithm,
        ),
        (
            "the modulus as secret",
            by_secret("rsa", &modulus),
            Algorithm,
        ),
        (
            "the JWK as secret",
            by_secret("rsa", rsa_jwk.to_string().as_bytes()),
            Algorithm,
        ),
        ("the shared secret", by_secret("secret", SECRET), Algorithm),
        (
            "an algorithm that isn't listed",
            signed_as("rsa", RS512, &rsa.key),
            Algorithm,
        ),
        (
            "RS256 with the id of an EC key",
            signed_as("ec", RS256, &rsa.key),
            KeyAlgorithm,
        ),
        (
            "ES256 with the id of an RSA key",
            signed_as("rsa", ES256, &ec.key),
            KeyAlgorithm,
        ),
        (
            "EdDSA with the id of an EC key",
            signed_as("ec", EdDSA, &Signer::ed("", 2).key),
            KeyAlgorithm,
        ),
        ("an unknown key", signed_as("new", ES256, &ec.key), Key),
        (
            "a key in a path",
            signed_as("../../dev.key", ES256, &ec.key),
            Key,
        ),
        (
            "the id of a secret",
            signed_as("secret", ES256, &ec.key),
            Key,
        ),
        (
            "a key for encryption",
            Signer::ec("encryption", 9).sign(&payload("ada")),
            Key,
        ),
        (
            "another key of the same id",
            attacker.sign(&payload("ada")),
            Signature,
        ),
        ("a key that it brings along", own_key_inside, Signature),
        ("a critical extension", critical, Unreadable),
        ("a changed payload", changed, Signature),
        ("cut", good[..good.len() - 2].to_owned(), Signature),
        (
            "cut within a byte",
            good[..good.len() - 1].to_owned(),
            Unreadable,
        ),
        (
            "without a signature",
            format!("{}.{}.", part(0), part(1)),
            Signature,
        ),
        ("two parts", format!("{}.{}", part(0), part(1)), Unreadable),
        ("four parts", format!("{good}.x"), Unreadable),
        ("huge", but("name", json!("x".repeat(13_000))), TooLarge),
        ("huge garbage", "x".repeat(16 * 1024 + 1), TooLarge),
        ("garbage", "garbage".to_owned(), Unreadable),
        ("nothing", String::new(), Unreadable),
    ] {
        let refused = Err(IdentityError::Unauthenticated(why));
        assert_eq!(caller(&identity, &token).await, refused, "{what}");
    }
    // None of them has done harm to the good one.
    assert!(caller(&identity, &good).await.is_ok());
}

#[tokio::test]
async fn clocks_may_differ_by_half_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let identity = provider_in(folder.path(), published_keys()).await;
    let now = get_current_timestamp();
    for (claim, time) in [
        ("exp", json!(now - 20)),
        ("nbf", json!(now + 20)),
        ("exp", json!(now as f64 + 0.5)),
    ] {
        let token = Signer::ec("ec", 1).sign(&with(payload("ada"), claim, time));
        assert!(caller(&identity, &token).await.is_ok(), "{claim}");
    }
}

#[tokio::test]
async fn a_token_that_was_good_is_not_after_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let identity = provider_in(folder.path(), published_keys()).await;
    let exp = get_current_timestamp() - 29;
    let token = Signer::ed("ed", 2).sign(&with(payload("ada"), "exp", json!(exp)));
    assert!(caller(&identity, &token).await.is_ok());
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(caller(&identity, &token).await, Err(Expired.into()));
}

#[tokio::test]
async fn a_token_without_a_key_id_is_taken_only_where_one_key_can_be_meant() {
    let folder = tempfile::tempdir().unwrap();
    let signers = [Signer::ec("a", 1), Signer::ec("b", 2)];
    let identity = provider_in(folder.path(), signers.each_ref().map(Signer::jwk)).await;
    let nameless = encode(&Header::new(ES256), &payload("ada"), &signers[0].key);
    assert_eq!(
        caller(&identity, &nameless.unwrap()).await,
        Err(NoKeyId.into())
    );
}

#[tokio::test]
async fn a_key_is_used_only_with_its_own_algorithm() {
    let folder = tempfile::tempdir().unwrap();
    let rsa = Signer::rsa();
    let pss = Signer {
        algorithm: PS256,
        ..Signer::rsa()
    }
    .sign(&payload("ada"));
    let mut anything = rsa.jwk();
    anything.common.key_algorithm = None;
    for (key, taken) in [(rsa.jwk(), false), (anything, true)] {
        let mut options = options(published(folder.path(), [key]));
        options.algorithms.push(PS256);
        let refused = caller(&provider(options).await, &pss).await.err();
        assert_eq!(refused, (!taken).then_some(KeyAlgorithm.into()));
    }
}

#[test]
fn algorithms_that_do_not_tell_who_signed_can_not_be_configured() {
    for name in [
        "HS256", "HS384", "HS512", "none", "None", "", "RS1", "es256",
    ] {
        assert!(signing_algorithm(name).is_err(), "{name}");
    }
    for name in [
        "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA",
    ] {
        assert!(signing_algorithm(name).is_ok(), "{name}");
    }
}

#[tokio::test]
async fn claims_become_a_name_a_picture_a_kind_and_roles() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(published(folder.path(), published_keys()));
    options.personal_domains = vec!["Mail.example".into()];
    let by_default = provider(options.clone()).await;
    options.personal_domains = Vec::new();
    options.roles_claim = "realm_access.roles".into();
    options.kind_claim = "https://example.com/kind".into();
    let otherwise = provider(options).await;

    let said = |more: Value| {
        let mut payload = payload("ada");
        payload
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        Signer::ec("ec", 1).sign(&payload)
    };
    for (more, name) in [
        (
            json!({ "name": "Ada", "preferred_username": "ada", "nickname": "a" }),
            Some("Ada"),
        ),
        (
            json!({ "name": " ", "preferred_username": "ada", "nickname": "a" }),
            Some("ada"),
        ),
        (json!({ "name": 1, "nickname": "a" }), Some("a")),
        (json!({}), None),
    ] {
        let caller = caller(&by_default, &said(more)).await.unwrap();
        assert_eq!(caller.claims.name.as_deref(), name);
    }
    let pictured = json!({ "picture": "https://example.com/ada.png" });
    let pictured = caller(&by_default, &said(pictured)).await.unwrap();
    assert_eq!(
        pictured.claims.picture.as_deref(),
        Some("https://example.com/ada.png")
    );

    use AccountKind::{Managed, Personal};
    for (more, kind) in [
        (json!({ "email": "ada@mail.example" }), Some(Personal)),
        (
            json!({ "email": "ada@MAIL.example", "email_verified": true }),
            Some(Personal),
        ),
        (
            json!({ "email": "ada@mail.example@work.example" }),
            Some(Managed),
        ),
        (json!({ "email": "ada@sub.mail.example" }), Some(Managed)),
        (
            json!({ "email": "ada@mail.example", "email_verified": false }),
            Some(Managed),
        ),
        (
            json!({ "email": "ada@mail.example", "email_verified": "false" }),
            Some(Managed),
        ),
        (json!({ "email": "ada" }), Some(Managed)),
        (json!({}), Some(Managed)),
        (
            json!({ "email": "ada@work.example", "account_kind": "Personal" }),
            Some(Personal),
        ),
        (
            json!({ "email": "ada@mail.example", "account_kind": 1 }),
            Some(Managed),
        ),
        (
            json!({ "email": "ada@mail.example", "account_kind": "managed" }),
            Some(Managed),
        ),
        (
            json!({ "email": "ada@mail.example", "account_kind": "other" }),
            Some(Managed),
        ),
    ] {
        let caller = caller(&by_default, &said(more.clone())).await.unwrap();
        assert_eq!(caller.claims.kind, kind, "{more}");
    }
    for (more, kind) in [
        (json!({ "email": "ada@mail.example" }), None),
        (json!({ "account_kind": "managed" }), None),
        (
            json!({ "https://example.com/kind": "managed" }),
            Some(Managed),
        ),
    ] {
        let caller = caller(&otherwise, &said(more.clone())).await.unwrap();
        assert_eq!(caller.claims.kind, kind, "{more}");
    }

    let (none, analyst) = (
        Roles::default(),
        Roles {
            analyst: true,
            ..Roles::default()
        },
    );
    let all = Roles {
        admin: true,
        community_manager: true,
        analyst: true,
        service: true,
    };
    for (more, default, other) in [
        (json!({ "roles": ["analyst", "reader", 1] }), analyst, none),
        (json!({ "roles": "reader analyst" }), analyst, none),
        (
            json!({ "roles": "admin community_manager analyst service" }),
            all,
            none,
        ),
        (json!({ "roles": { "analyst": true } }), none, none),
        (json!({ "roles": null }), none, none),
        (
            json!({ "realm_access": { "roles": ["analyst"] } }),
            none,
            analyst,
        ),
        (json!({ "realm_access.roles": ["analyst"] }), none, analyst),
        (json!({ "realm_access": ["roles", "analyst"] }), none, none),
    ] {
        let token = said(more.clone());
        assert_eq!(
            caller(&by_default, &token).await.unwrap().actor.roles,
            default,
            "{more}"
        );
        assert_eq!(
            caller(&otherwise, &token).await.unwrap().actor.roles,
            other,
            "{more}"
        );
    }
}

/// The look at the start, and one more each ten seconds: so much a flood costs.
#[tokio::test]
async fn a_flood_of_unknown_keys_makes_few_fetches_and_shuts_nobody_out() {
    let ec = Signer::ec("ec", 1);
    let place = Place::of([ec.jwk()]).await;
    let identity = std::sync::Arc::new(provider(options(place.url.clone())).await);
    let good = ec.sign(&payload("ada"));
    for fetched in [1, 2] {
        let flood = (0..1000).map(|_| {
            let kid = uuid::Uuid::new_v4().to_string();
            let token = with_header(&json!({ "alg": "ES256", "kid": kid }), &good);
            let identity = identity.clone();
            tokio::spawn(async move { caller(&identity, &token).await })
        });
        let flood: Vec<_> = flood.collect();
        assert!(caller(&identity, &good).await.is_ok());
        for token in flood {
            assert_eq!(token.await.unwrap(), Err(Key.into()));
        }
        assert_eq!(place.fetched(), fetched);
        let_time_pass(Duration::from_secs(11)).await;
    }
}

#[tokio::test]
async fn a_new_key_is_taken_without_a_restart_and_an_old_one_until_it_is_gone() {
    let (old, new) = (Signer::ec("old", 1), Signer::ed("new", 2));
    let place = Place::of([old.jwk()]).await;
    let identity = provider(options(place.url.clone())).await;
    let by_new = |subject| new.sign(&payload(subject));
    place.publishes([old.jwk(), new.jwk()]);
    let_time_pass(Duration::from_secs(11)).await;
    // All at once: who comes while the keys are fetched waits for them.
    let tokens = ["ada", "eve", "joe"].map(by_new);
    let callers = tokens.each_ref().map(|token| caller(&identity, token));
    for caller in futures_util::future::join_all(callers).await {
        assert!(caller.is_ok(), "{caller:?}");
    }
    assert_eq!(place.fetched(), 2);

    // Where the keys can't be had, those that there are stay.
    let unknown = Signer::ec("unknown", 3).sign(&payload("ada"));
    for answer in [
        "HTTP/1.1 500 no\r\ncontent-length: 0\r\n\r\n",
        "nonsense",
        "",
    ] {
        place.answers(answer);
        let_time_pass(Duration::from_secs(11)).await;
        assert_eq!(caller(&identity, &unknown).await, Err(Key.into()));
        assert!(caller(&identity, &old.sign(&payload("joe"))).await.is_ok());
    }
    assert_eq!(place.fetched(), 5);

    place.publishes([new.jwk()]);
    let_time_pass(Duration::from_secs(11)).await;
    assert_eq!(caller(&identity, &unknown).await, Err(Key.into()));
    let late = old.sign(&payload("somebody else"));
    assert_eq!(caller(&identity, &late).await, Err(Key.into()));
}

#[tokio::test]
async fn keys_are_fetched_again_after_an_hour_without_being_asked_for() {
    let place = Place::of([Signer::ec("ec", 1).jwk()]).await;
    let identity = provider(options(place.url.clone())).await;
    place.publishes([]);
    // Whoever waits for the hour begins to.
    tokio::task::yield_now().await;
    // The clock stands still while it is fetched, so it takes a while of the real one.
    let_time_pass(Duration::from_secs(3601)).await;
    for _ in 0..500 {
        if place.fetched() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(place.fetched(), 2);
    drop(identity);
}

#[tokio::test]
async fn a_provider_that_comes_up_late_is_waited_for() {
    let ec = Signer::ec("ec", 1);
    let place = Place::of([ec.jwk()]).await;
    place.answers("HTTP/1.1 503 not yet\r\ncontent-length: 0\r\n\r\n");
    let identity = provider(options(place.url.clone())).await;
    let token = ec.sign(&payload("ada"));
    assert_eq!(caller(&identity, &token).await, Err(IdentityError::NoKeys));
    place.publishes([ec.jwk()]);
    assert_eq!(caller(&identity, &token).await, Err(IdentityError::NoKeys));
    let_time_pass(Duration::from_secs(11)).await;
    assert!(caller(&identity, &token).await.is_ok());
}

#[tokio::test]
async fn a_file_is_read_again_for_a_new_key() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (Signer::ec("old", 1), Signer::ed("new", 2));
    let identity = provider_in(folder.path(), [old.jwk()]).await;
    published(folder.path(), [new.jwk()]);
    let token = new.sign(&payload("ada"));
    assert_eq!(caller(&identity, &token).await, Err(Key.into()));
    let_time_pass(Duration::from_secs(11)).await;
    assert!(caller(&identity, &token).await.is_ok());
}

#[tokio::test]
async fn keys_come_from_a_file_that_is_one_or_over_https() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let nowhere = folder.path().join("nowhere.json");
    for (location, why) in [
        (nowhere.to_str().unwrap().to_owned(), "No such file"),
        (file("garbage", "garbage"), "not a JSON Web Key Set"),
        (file("other", r#"{"keys":1}"#), "not a JSON Web Key Set"),
        (
            file("large", &" ".repeat(1024 * 1024 + 1)),
            "larger than 1048576 bytes",
        ),
        (
            "http://id.example.com/jwks.json".to_owned(),
            "it has to be https",
        ),
        (
            "http://127.0.0.1.example.com/".to_owned(),
            "it has to be https",
        ),
        (
            "http://localhost@id.example.com/".to_owned(),
            "it has to be https",
        ),
        (
            "ftp://localhost/jwks.json".to_owned(),
            "a file or an https URL",
        ),
        ("file:///etc/jwks.json".to_owned(), "a file or an https URL"),
        ("https://".to_owned(), "a file or an https URL"),
    ] {
        let error = Provider::open(options(location.clone()))
            .await
            .err()
            .unwrap();
        let error = error.to_string();
        assert!(error.contains(&location) && error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn keys_that_are_not_understood_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let ec = Signer::ec("ec", 1);
    let mut keys: Value = serde_json::from_str(&key_set([ec.jwk()])).unwrap();
    let keys_among = json!([
        { "kty": "LMS", "kid": "a", "alg": "NEW", "pub": "x" },
        { "kty": "EC", "crv": "secp256k1", "kid": "b", "x": "x", "y": "y" },
        { "kty": "RSA", "kid": "short", "n": "AQAB", "e": "AQAB" },
        "nonsense",
    ]);
    keys["keys"]
        .as_array_mut()
        .unwrap()
        .extend(keys_among.as_array().unwrap().clone());
    let file = folder.path().join("jwks.json");
    std::fs::write(&file, keys.to_string()).unwrap();
    let identity = provider(options(file.to_str().unwrap())).await;
    assert!(caller(&identity, &ec.sign(&payload("ada"))).await.is_ok());
    for id in ["a", "b", "short"] {
        let rsa = Signer {
            id,
            ..Signer::rsa()
        };
        assert_eq!(
            caller(&identity, &rsa.sign(&payload("ada"))).await,
            Err(Key.into())
        );
    }
}

/// Lets the time of timers pass at once. What is done meanwhile goes by the real one.
async fn let_time_pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
