//! Whose tokens a server takes, as the command line says it.

use serde_json::json;

use super::community::{Community, Ran};
use super::running::Server;
use crate::tokens::{AUDIENCE, ISSUER, Signer, payload, published, with};

const VIEWER: &str = "{ viewer { name kind } }";
const GROUP: &str = "mutation { groupCreate(input: { name: \"Rust\" }) { userErrors { code } } }";

#[test]
fn tokens_of_a_provider_are_taken_and_register_their_subjects() {
    let community = Community::new();
    let folder = tempfile::tempdir().unwrap();
    let signer = Signer::rsa();
    let jwks = published(folder.path(), [signer.jwk()]);
    let options = [
        "--jwks",
        &jwks,
        "--issuer",
        ISSUER,
        "--audience",
        AUDIENCE,
        "--roles-claim",
        "realm_access.roles",
        "--personal-domains",
        "mail.example,post.example",
    ];
    let server = Server::without_tokens(&community, options);
    let said = with(payload("ada"), "name", json!("Ada"));
    let said = with(said, "email", json!("ada@post.example"));
    let said = with(said, "realm_access", json!({ "roles": ["admin"] }));
    let ada = server.client().with_token(&signer.sign(&said));
    assert_eq!(
        ada.graphql(VIEWER, json!({})),
        json!({ "viewer": { "name": "Ada", "kind": "PERSONAL" } })
    );
    let created = ada.graphql(GROUP, json!({}));
    assert_eq!(created["groupCreate"]["userErrors"], json!([]));

    // One that isn't listed by default.
    let other = Signer {
        algorithm: jsonwebtoken::Algorithm::RS384,
        ..Signer::rsa()
    };
    let eve = server.client().with_token(&other.sign(&payload("eve")));
    let refused = eve.try_graphql(VIEWER, json!({})).unwrap();
    assert_eq!(
        refused["errors"][0]["extensions"]["code"],
        "UNAUTHENTICATED"
    );
    assert_eq!(server.stop().code(), Some(0));
    assert!(!community.files().contains(&"dev.key".to_owned()));
}

#[test]
fn a_token_of_this_machine_says_who_it_is() {
    let community = Community::new();
    let server = Server::start(&community, []);
    let account = "0190a1b2-0000-7000-8000-00000000ada0";
    let token = |options: &[&str]| {
        let arguments = ["token", "--account", account].into_iter();
        let token = community.does(arguments.chain(options.iter().copied()));
        server.client().with_token(token.trim())
    };
    let nobody = token(&["--role", "community_manager"]);
    assert_eq!(nobody.graphql(VIEWER, json!({})), json!({ "viewer": null }));
    let named = token(&["--name", "Ada", "--kind", "managed"]);
    let viewer = json!({ "viewer": { "name": "Ada", "kind": "MANAGED" } });
    assert_eq!(named.graphql(VIEWER, json!({})), viewer);
    let refused = named.graphql(GROUP, json!({}));
    assert_eq!(
        refused["groupCreate"]["userErrors"],
        json!([{ "code": "FORBIDDEN" }])
    );
    assert_eq!(nobody.graphql(VIEWER, json!({})), viewer);
    let created = token(&["--role", "analyst", "--role", "community_manager"]);
    let created = created.graphql(GROUP, json!({}));
    assert_eq!(created["groupCreate"]["userErrors"], json!([]));
}

#[test]
fn a_provider_that_can_not_be_is_told_before_anything_is_done() {
    let community = Community::new();
    let folder = tempfile::tempdir().unwrap();
    let jwks = published(folder.path(), [Signer::rsa().jwk()]);
    let jwks = jwks.as_str();
    let whole = ["--jwks", jwks, "--issuer", ISSUER, "--audience", AUDIENCE];
    let but = |more: &[&'static str]| [&whole[..], more].concat();
    for (options, words) in [
        (vec!["--jwks", jwks], &["--issuer", "--audience"][..]),
        (vec!["--jwks", jwks, "--issuer", ISSUER], &["--audience"]),
        (vec!["--issuer", ISSUER], &["--jwks"]),
        (vec!["--algorithms", "RS256"], &["--jwks"]),
        (but(&["--dev"]), &["--dev", "--jwks", "choose one"]),
        (
            but(&["--algorithms", "RS256,HS256"]),
            &["HS256", "can make one", "ES256"],
        ),
        (but(&["--algorithms", "none"]), &["none", "anybody's"]),
        (but(&["--algorithms", "RS1"]), &["RS1", "choose of RS256"]),
        (
            vec![
                "--jwks",
                "http://id.example.com/",
                "--issuer",
                "x",
                "--audience",
                "x",
            ],
            &["http://id.example.com/", "it has to be https"],
        ),
        (
            vec!["--jwks", jwks, "--issuer", "", "--audience", "x"],
            &["--issuer"],
        ),
    ] {
        let complaint = community.misused(["serve"].into_iter().chain(options.iter().copied()));
        for word in words {
            assert!(complaint.contains(word), "{word} is not in: {complaint}");
        }
    }
    let missing = [
        "serve",
        "--jwks",
        "/nowhere",
        "--issuer",
        "x",
        "--audience",
        "x",
    ];
    let complaint = community.fails(missing.into_iter().chain(["--listen", "127.0.0.1:0"]));
    assert!(
        complaint.contains("/nowhere: the identity provider's keys"),
        "{complaint}"
    );

    // The environment can say it too.
    let mut serve = community.plaudit(["serve", "--dev"]);
    serve
        .env("PLAUDIT_JWKS", jwks)
        .env("PLAUDIT_ISSUER", ISSUER)
        .env("PLAUDIT_AUDIENCE", AUDIENCE);
    assert!(Ran::of(&mut serve).complaint(2).contains("choose one"));
    let mut serve = community.plaudit(["serve"]);
    serve.env("PLAUDIT_ALGORITHMS", "HS256");
    assert!(Ran::of(&mut serve).complaint(2).contains("can make one"));
    assert!(community.files().is_empty(), "{:?}", community.files());
}
