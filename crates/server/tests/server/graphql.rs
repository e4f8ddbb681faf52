//! GraphQL over HTTP: media types, methods, statuses, credentials, limits.

use std::time::Duration;

use plaudit_server::http::Limits;
use plaudit_server::identity::Identity;
use poem::Body;
use poem::http::{Method, StatusCode};

use crate::served::{Served, get, post, send};

const TYPE_NAME: &str = r#"{"query":"{ __typename }"}"#;
const NEW: &str = "application/graphql-response+json";
const OLD: &str = "application/json";

#[tokio::test]
async fn the_status_tells_what_became_of_a_request_in_the_way_of_its_media_type() {
    let app = Served::new().await.app();
    for (body, new, old) in [
        (TYPE_NAME, 200, 200),
        (r#"{"query":"mutation { __typename }"}"#, 200, 200),
        // Not executed.
        (r#"{"query":"{"}"#, 400, 200),
        (r#"{"query":"{ nothing }"}"#, 400, 200),
        (
            r#"{"query":"{ __typename }","operationName":"A"}"#,
            400,
            200,
        ),
        (
            r#"{"query":"query ($n: String!) { __type(name: $n) { name } }"}"#,
            400,
            200,
        ),
        // No GraphQL requests.
        ("", 400, 400),
        ("{", 400, 400),
        ("nonsense", 400, 400),
        (r#"{"query":1}"#, 400, 400),
        (r#"{"id":1}"#, 400, 400),
        (r#"[{"query":"{ __typename }"}]"#, 400, 400),
    ] {
        for (accept, status) in [(NEW, new), (OLD, old)] {
            let mut request = post(body);
            request
                .headers_mut()
                .insert("accept", accept.parse().unwrap());
            let answered = send(&app, request).await;
            assert_eq!(answered.status.as_u16(), status, "{accept} {body}");
            assert_eq!(
                answered.header("content-type"),
                format!("{accept}; charset=utf-8")
            );
            if body == TYPE_NAME {
                let cost = r#""extensions":{"cost":{"requested":1,"limit":10000}}"#;
                let expected = format!(r#"{{"data":{{"__typename":"Query"}},{cost}}}"#);
                assert_eq!(answered.body, expected);
            } else if status != 200 {
                answered.code();
            }
        }
    }
}

#[tokio::test]
async fn who_accepts_nothing_of_ours_is_told_what_there_is() {
    let app = Served::new().await.app();
    let mut request = post(TYPE_NAME);
    request
        .headers_mut()
        .insert("accept", "text/html".parse().unwrap());
    let answered = send(&app, request).await;
    assert_eq!(answered.status, StatusCode::NOT_ACCEPTABLE);
    assert_eq!(answered.code(), "NOT_ACCEPTABLE");
    assert_eq!(
        answered.header("content-type"),
        "application/json; charset=utf-8"
    );
}

/// What a browser sends for a page elsewhere without asking us must not get through.
#[tokio::test]
async fn a_body_has_to_say_that_it_is_json() {
    let app = Served::new().await.app();
    for (content_type, status) in [
        (Some("application/json"), 200),
        (Some("Application/JSON; charset=UTF-8"), 200),
        (Some(r#"application/json;charset="utf-8""#), 200),
        (Some("application/json; charset=utf-16"), 415),
        (Some("application/jsonp"), 415),
        (Some("application/graphql"), 415),
        (Some("text/plain"), 415),
        (Some("text/plain; application/json"), 415),
        (Some("application/x-www-form-urlencoded"), 415),
        (Some("multipart/form-data; boundary=x"), 415),
        (None, 415),
    ] {
        let mut request = post(TYPE_NAME);
        request.headers_mut().remove("content-type");
        if let Some(content_type) = content_type {
            request
                .headers_mut()
                .insert("content-type", content_type.parse().unwrap());
        }
        let answered = send(&app, request).await;
        assert_eq!(answered.status.as_u16(), status, "{content_type:?}");
    }

    let mut request = post(TYPE_NAME);
    request
        .headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    let answered = send(&app, request).await;
    assert_eq!(answered.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn get_reads_and_never_writes() {
    let app = Served::new().await.app();
    for (parameters, status) in [
        ("query=%7B__typename%7D", 200),
        (
            "query=query+Q($n:String!)%7B__type(name:$n)%7Bname%7D%7D&variables=%7B%22n%22:%22A%22%7D&operationName=Q",
            200,
        ),
        (
            "query=%7B__typename%7D&operationName=&variables=&extensions=%7B%7D",
            200,
        ),
        ("query=mutation%7B__typename%7D", 405),
        (
            "query=query+R%7B__typename%7Dmutation+W%7B__typename%7D&operationName=W",
            405,
        ),
        (
            "query=query+R%7B__typename%7Dmutation+W%7B__typename%7D&operationName=R",
            200,
        ),
        ("", 400),
        ("query=%7B__typename%7D&variables=%5B%5D", 400),
        ("query=%7B__typename%7D&query=%7B__typename%7D", 400),
    ] {
        let answered = send(&app, get(&format!("/graphql?{parameters}"))).await;
        assert_eq!(
            answered.status.as_u16(),
            status,
            "{parameters}: {}",
            answered.body
        );
        assert_eq!(answered.header("cache-control"), "no-store");
        if status == 405 {
            assert_eq!(answered.header("allow"), "POST");
            assert_eq!(answered.code(), "METHOD_NOT_ALLOWED");
        }
    }
}

#[tokio::test]
async fn other_methods_are_not_known() {
    let app = Served::new().await.app();
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::HEAD] {
        let mut request = post(TYPE_NAME);
        request.set_method(method.clone());
        let answered = send(&app, request).await;
        assert_eq!(answered.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answered.header("allow"), "GET, POST");
    }
}

#[tokio::test]
async fn a_token_is_taken_or_refused_with_the_reason() {
    let served = Served::new().await;
    let token = served.token("0190a1b2-0000-7000-8000-00000000ada0".parse().unwrap());
    let with = |authorization: &str| {
        let mut request = post(TYPE_NAME);
        request
            .headers_mut()
            .insert("authorization", authorization.parse().unwrap());
        request
    };
    let app = served.app();
    let answered = send(&app, with(&format!("Bearer {token}"))).await;
    assert_eq!(answered.status, StatusCode::OK);

    for (authorization, why) in [
        ("Bearer nonsense", "the token can't be read"),
        (
            "Basic YTpi",
            "the Authorization header is not `Bearer TOKEN`",
        ),
    ] {
        let answered = send(&app, with(authorization)).await;
        assert_eq!(answered.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answered.code(), "UNAUTHENTICATED");
        assert!(answered.body.contains(why), "{}", answered.body);
        assert_eq!(
            answered.header("www-authenticate"),
            format!(r#"Bearer realm="plaudit", error="invalid_token", error_description="{why}""#)
        );
    }

    let without = served.app_with(Identity::None, Limits::default());
    let answered = send(&without, with(&format!("Bearer {token}"))).await;
    assert_eq!(answered.status, StatusCode::UNAUTHORIZED);
    assert!(answered.body.contains("without --dev"), "{}", answered.body);
    assert_eq!(send(&without, post(TYPE_NAME)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_body_is_limited_in_size() {
    let limits = Limits {
        body_bytes: 100,
        ..Limits::default()
    };
    let app = Served::new().await.app_with(Identity::None, limits);
    let padded = |bytes: usize| format!("{TYPE_NAME}{}", " ".repeat(bytes - TYPE_NAME.len()));
    for (bytes, status) in [(100, 200), (101, 413), (100_000, 413)] {
        let announced = {
            let mut request = post(padded(bytes));
            request.headers_mut().insert("content-length", bytes.into());
            request
        };
        let in_chunks = post(padded(bytes));
        for request in [announced, in_chunks] {
            let answered = send(&app, request).await;
            assert_eq!(answered.status.as_u16(), status, "{bytes} bytes");
            if status == 413 {
                assert_eq!(answered.code(), "PAYLOAD_TOO_LARGE");
                assert!(answered.body.contains("larger than 100 bytes"));
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let limits = Limits {
        body_time: Duration::from_millis(20),
        ..Limits::default()
    };
    let app = Served::new().await.app_with(Identity::None, limits);
    let (_never_written, read) = tokio::io::duplex(16);
    let answered = send(&app, post(Body::from_async_read(read))).await;
    assert_eq!(answered.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(answered.code(), "REQUEST_TIMEOUT");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let app = Served::new().await.app();
    let (written, read) = tokio::io::duplex(16);
    drop(written);
    let answered = send(&app, post(Body::from_async_read(read))).await;
    assert_eq!(answered.status, StatusCode::BAD_REQUEST);
}
