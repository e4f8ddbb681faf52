//! Documents that are named in place of being sent, over HTTP.

use std::sync::Arc;

use plaudit_api::GivenDocument;
use plaudit_server::identity::Identity;
use poem::http::StatusCode;
use serde_json::{Value, json};

use crate::served::{Served, get, post, send};

const TEXT: &str = "{ __typename }";
/// Of that text.
const HASH: &str = "7f56e67dd21ab3f30d1ff8b7bed08893f0a0db86449836189b361dd1e56ddb4b";

fn given(id: Option<&str>, text: &str) -> GivenDocument {
    GivenDocument {
        id: id.map(str::to_owned),
        text: text.to_owned(),
        from: "apps/a.graphql".to_owned(),
    }
}

fn hashed(query: Option<&str>, hash: &str) -> Value {
    let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    match query {
        Some(query) => json!({ "query": query, "extensions": extensions }),
        None => json!({ "extensions": extensions }),
    }
}

/// The code of what came of it; none where it was executed.
async fn asked(app: &impl poem::Endpoint<Output = poem::Response>, body: &Value) -> Option<String> {
    let answered = send(app, post(body.to_string())).await;
    assert!(answered.status == StatusCode::OK, "{}", answered.body);
    let body: Value = serde_json::from_str(&answered.body).unwrap();
    let code = body["errors"][0]["extensions"]["code"].as_str();
    assert_eq!(body["data"].is_object(), code.is_none(), "{body}");
    code.map(str::to_owned)
}

#[tokio::test]
async fn a_client_names_a_document_once_it_has_sent_it() {
    let app = Served::new().await.app();
    let known = |code: Option<&str>| code.map(str::to_owned);
    let not_found = known(Some("PERSISTED_QUERY_NOT_FOUND"));
    assert_eq!(asked(&app, &hashed(None, HASH)).await, not_found);
    let wrong = hashed(Some("{ a: __typename }"), HASH);
    assert_eq!(
        asked(&app, &wrong).await,
        known(Some("PERSISTED_QUERY_MISMATCH"))
    );
    assert_eq!(asked(&app, &hashed(None, HASH)).await, not_found);
    assert_eq!(asked(&app, &hashed(Some(TEXT), HASH)).await, None);
    assert_eq!(asked(&app, &hashed(None, HASH)).await, None);
    assert_eq!(asked(&app, &hashed(None, &HASH.to_uppercase())).await, None);
    let by_id = json!({ "documentId": format!("sha256:{HASH}") });
    assert_eq!(asked(&app, &by_id).await, None);
    let other = json!({ "documentId": "sha256:00" });
    assert_eq!(asked(&app, &other).await, known(Some("DOCUMENT_NOT_FOUND")));

    // Also by GET, as its clients like to, and whoever reads it knows this message.
    let extensions =
        format!("%7B%22persistedQuery%22:%7B%22version%22:1,%22sha256Hash%22:%22{HASH}%22%7D%7D");
    let answered = send(&app, get(&format!("/graphql?extensions={extensions}"))).await;
    assert!(
        answered
            .body
            .starts_with(r#"{"data":{"__typename":"Query"}"#),
        "{}",
        answered.body
    );
    let fresh = Served::new().await.app();
    let answered = send(&fresh, post(hashed(None, HASH).to_string())).await;
    assert!(
        answered
            .body
            .contains(r#""message":"PersistedQueryNotFound""#),
        "{}",
        answered.body
    );
}

/// What nobody could execute isn't kept, however often it comes.
#[tokio::test]
async fn what_does_not_fit_the_schema_is_not_kept() {
    let app = Served::new().await.app();
    let text = "{ nothing }";
    let hash = "919c0b7aa452b0b2fb42688461501bb8b0c3ef3b9d05ce7b9afd4f28bbe96ceb";
    assert_eq!(
        asked(&app, &hashed(Some(text), hash)).await.as_deref(),
        Some("GRAPHQL_VALIDATION_FAILED")
    );
    assert_eq!(
        asked(&app, &hashed(None, hash)).await.as_deref(),
        Some("PERSISTED_QUERY_NOT_FOUND")
    );
}

#[tokio::test]
async fn where_only_given_documents_are_allowed_nothing_else_is_executed() {
    let served = Served::new().await;
    let documents = vec![
        given(Some("Name"), TEXT),
        given(None, "query A { __typename } mutation B { __typename }"),
    ];
    let api = served
        .new_api()
        .with_documents(documents, true)
        .await
        .unwrap();
    let app = served.app_of(Arc::new(api), Identity::None);
    let refused = Some("DOCUMENT_NOT_ALLOWED".to_owned());
    for (body, code) in [
        (json!({ "documentId": "Name" }), None),
        (json!({ "documentId": format!("sha256:{HASH}") }), None),
        (hashed(None, HASH), None),
        (hashed(Some(TEXT), HASH), None),
        (json!({ "query": TEXT }), None),
        (
            json!({ "query": "query A { __typename } mutation B { __typename }", "operationName": "B" }),
            None,
        ),
        (json!({ "query": "{  __typename }" }), refused.clone()),
        (json!({ "query": "{" }), refused.clone()),
        (
            json!({ "query": "{ __schema { queryType { name } } }" }),
            refused.clone(),
        ),
        (json!({ "documentId": "Other" }), refused.clone()),
        (hashed(None, "00"), refused.clone()),
    ] {
        assert_eq!(asked(&app, &body).await, code, "{body}");
    }
    // A mutation that is named is one all the same.
    let answered = send(&app, get("/graphql?documentId=Name&operationName=")).await;
    assert_eq!(answered.status, StatusCode::OK);
    let write =
        "/graphql?query=query+A+%7B+__typename+%7D+mutation+B+%7B+__typename+%7D&operationName=B";
    assert_eq!(
        send(&app, get(write)).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn a_document_that_does_not_fit_is_told_of_before_anything_is_served() {
    let served = Served::new().await;
    for (text, why) in [
        ("{ nothing }", "Unknown field \"nothing\" on type \"Query\""),
        ("{", "apps/a.graphql: syntax error"),
        ("{ ...F }", "apps/a.graphql: "),
    ] {
        let documents = vec![given(None, TEXT), given(None, text)];
        let bad = served.new_api().with_documents(documents, true).await;
        let bad = bad.err().unwrap().to_string();
        assert!(bad.contains(why) && bad.contains("line 1"), "{bad}");
    }
}
