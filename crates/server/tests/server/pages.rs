//! What isn't GraphQL.

use poem::http::StatusCode;

use crate::served::{Served, get, post, send};

#[tokio::test]
async fn the_process_says_that_it_lives() {
    let answered = send(&Served::new().await.app(), get("/health/live")).await;
    assert_eq!(
        (answered.status, answered.body.as_str()),
        (StatusCode::OK, "{\"status\":\"live\"}\n")
    );
}

/// Either GraphiQL or how to get it; in both cases the browser is told to load nothing from
/// elsewhere.
#[tokio::test]
async fn there_is_a_page_that_loads_nothing_from_elsewhere() {
    let answered = send(&Served::new().await.app(), get("/")).await;
    assert_eq!(answered.status, StatusCode::OK);
    assert_eq!(answered.header("content-type"), "text/html; charset=utf-8");
    let policy = answered.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert!(!policy.contains("http"), "{policy}");
    if answered.header("content-encoding").is_empty() {
        assert!(answered.body.contains("make graphiql"), "{}", answered.body);
    }
}

#[tokio::test]
async fn nothing_else_is_there() {
    let app = Served::new().await.app();
    assert_eq!(
        send(&app, get("/nothing")).await.status,
        StatusCode::NOT_FOUND
    );
    let mut request = post("{}");
    *request.uri_mut() = poem::http::Uri::from_static("/health/live");
    assert_eq!(
        send(&app, request).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}
