//! Calendars over HTTP.

use plaudit_domain::account::Claims;
use plaudit_domain::{AccountId, Actor, Roles};
use poem::http::StatusCode;
use poem::{Endpoint, Request};
use serde_json::Value;
use uuid::Uuid;

use crate::served::{Served, get, post, send};

/// What a mutation of a member of staff answers.
async fn done(served: &Served, app: &impl Endpoint, mutation: &str) -> Value {
    let actor = Actor {
        roles: Roles {
            community_manager: true,
            ..Roles::default()
        },
        ..Actor::member(AccountId(Uuid::from_u128(7)))
    };
    let claims = Claims {
        name: Some("Ada".into()),
        ..Claims::default()
    };
    let token = served.token_of(&actor, &claims);
    let body = serde_json::json!({ "query": format!("mutation {{ {mutation} }}") });
    let mut request = post(body.to_string());
    let bearer = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    let answered = send(app, request).await;
    serde_json::from_str::<Value>(&answered.body).unwrap()["data"].clone()
}

fn knowing(path: &str, tag: &str) -> Request {
    let mut request = get(path);
    request
        .headers_mut()
        .insert("if-none-match", tag.parse().unwrap());
    request
}

#[tokio::test]
async fn who_has_a_calendar_already_is_sent_none() {
    let served = Served::new().await;
    let app = served.app();
    let create = "userGroupCreate(input: { name: \"Bakers\", location: \"Lyon\" }) { group { calendarPath } }";
    let data = done(&served, &app, create).await;
    let group = data["userGroupCreate"]["group"]["calendarPath"].clone();
    let data = done(&served, &app, "calendarOpen { path }").await;
    let member = data["calendarOpen"]["path"].clone();
    for (path, cache) in [(group, "public, no-cache"), (member, "private, no-cache")] {
        let path = path.as_str().unwrap();
        let answered = send(&app, get(path)).await;
        assert_eq!(answered.status, StatusCode::OK, "{path}");
        assert_eq!(
            answered.header("content-type"),
            "text/calendar; charset=utf-8"
        );
        assert_eq!(answered.header("cache-control"), cache);
        assert!(answered.body.starts_with("BEGIN:VCALENDAR\r\n"));
        let tag = answered.header("etag");
        for known in [tag, &format!("\"x\", W/{tag}"), "*"] {
            let answered = send(&app, knowing(path, known)).await;
            assert_eq!(answered.status, StatusCode::NOT_MODIFIED);
            assert_eq!((answered.header("etag"), answered.body.as_str()), (tag, ""));
        }
        let answered = send(&app, knowing(path, "\"x\"")).await;
        assert_eq!(answered.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn where_there_is_no_calendar_nothing_is_found() {
    let app = Served::new().await.app();
    for path in [
        "/groups/nonsense.ics",
        "/groups/nonsense",
        "/calendars/AAAA-AAAA-AAAA-AAAA.ics",
        "/calendars/.ics",
    ] {
        assert_eq!(
            send(&app, get(path)).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}
