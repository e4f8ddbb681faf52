//! What a server is asked by whoever wants to knock it over, and what its settings change, over HTTP.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use plaudit_domain::account::Claims;
use plaudit_domain::{AccountId, Actor};
use plaudit_server::http::{Browsers, Limits, Origin, Rate, Rates, Settings, Site, serve};
use plaudit_server::identity::Identity;
use plaudit_server::metrics::Metrics;
use poem::http::{Method, StatusCode};
use poem::{Endpoint, Request, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use crate::served::{Answered, Served, get, post, send};

const NEW: &str = "application/graphql-response+json";

fn ask(query: &str) -> Request {
    post(json!({ "query": query }).to_string())
}

fn with(mut request: Request, name: &'static str, value: &str) -> Request {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

fn json_of(answered: &Answered) -> Value {
    serde_json::from_str(&answered.body).unwrap()
}

/// The table of what servers were brought down with.
#[tokio::test]
async fn what_knocked_other_servers_over_is_refused_at_once() {
    let app = Served::new().await.app();
    let bomb: String = (0..18)
        .map(|n| format!("fragment F{n} on Query{{...F{0} ...F{0}}}", n + 1))
        .collect();
    let bomb = format!("{{...F0}}{bomb}fragment F18 on Query{{__typename}}");
    assert!(bomb.len() < 900, "{} bytes", bomb.len());
    let batch: Vec<Value> = vec![json!({ "query": "{ __typename }" }); 500];
    let aliases: String = (0..5_000).map(|n| format!("a{n}:__typename ")).collect();
    for (what, body, status, code) in [
        ("a bomb", json!({ "query": bomb }), 400, "TOO_COMPLEX"),
        (
            "a conflict",
            json!({ "query": "{ posts { nodes { a: id } } posts { nodes { a: body } } }" }),
            400,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        ("a batch", Value::Array(batch), 400, "BAD_REQUEST"),
        (
            "unknown fields",
            json!({ "query": format!("{{ {} }}", "nothing ".repeat(1_500)) }),
            400,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            "more unknown fields",
            json!({ "query": format!("{{ {} }}", "nothing ".repeat(5_000)) }),
            400,
            "TOO_MANY_TOKENS",
        ),
        (
            "a long page",
            json!({ "query": "{ posts(first: 100000) { nodes { id } } }" }),
            400,
            "TOO_COMPLEX",
        ),
        (
            "aliases",
            json!({ "query": format!("{{ {aliases} }}") }),
            400,
            "TOO_LARGE",
        ),
        (
            "type names",
            json!({ "query": format!("{{ {} }}", "__typename ".repeat(4_000)) }),
            400,
            "TOO_COMPLEX",
        ),
        (
            "brackets",
            json!({ "query": "{".repeat(4_000) }),
            400,
            "TOO_DEEP",
        ),
        (
            "brackets that are closed",
            json!({ "query": format!("{{node(id:{}{}){{id}}}}", "[".repeat(2_000), "]".repeat(2_000)) }),
            400,
            "TOO_DEEP",
        ),
        (
            "more brackets",
            json!({ "query": "{".repeat(100_000) }),
            400,
            "TOO_LARGE",
        ),
        (
            "a body",
            json!({ "query": " ".repeat(2_000_000) }),
            413,
            "PAYLOAD_TOO_LARGE",
        ),
    ] {
        let began = Instant::now();
        let answered = send(&app, with(post(body.to_string()), "accept", NEW)).await;
        assert_eq!(
            answered.status.as_u16(),
            status,
            "{what}: {}",
            answered.body
        );
        assert_eq!(answered.code(), code, "{what}");
        assert!(
            answered.body.len() < 5_000,
            "{what}: {} bytes",
            answered.body.len()
        );
        // On an idle machine some milliseconds.
        assert!(
            began.elapsed() < Duration::from_secs(3),
            "{what}: {:?}",
            began.elapsed()
        );
    }
}

fn rate(per_second: u32, burst: u32) -> Option<Rate> {
    Some(Rate {
        per_second: NonZeroU32::new(per_second).unwrap(),
        burst: NonZeroU32::new(burst).unwrap(),
    })
}

fn rates(account: Option<Rate>, address: Option<Rate>) -> Settings {
    Settings {
        rates: Rates {
            account,
            address,
            address_header: Some("x-real-ip".parse().unwrap()),
        },
        ..Settings::default()
    }
}

#[tokio::test]
async fn who_has_spent_what_they_may_is_told_when_to_come_again() {
    let served = Served::new().await;
    let app = served.app_with(Identity::None, rates(None, rate(1, 30)));
    let from = |address: &str| with(ask("{ a: __typename b: __typename }"), "x-real-ip", address);

    let answered = send(&app, from("192.0.2.1")).await;
    let cost = &json_of(&answered)["extensions"]["cost"];
    // One for the request, and two for its fields.
    assert_eq!(
        cost,
        &json!({ "requested": 2, "limit": 10_000, "remaining": 27 })
    );
    for _ in 0..9 {
        assert_eq!(send(&app, from("192.0.2.1")).await.status, StatusCode::OK);
    }
    let refused = send(&app, from("192.0.2.1")).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.code(), "RATE_LIMITED");
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=3).contains(&seconds), "{seconds}");
    assert!(refused.body.contains("1 a second"), "{}", refused.body);

    assert_eq!(send(&app, from("192.0.2.2")).await.status, StatusCode::OK);
    tokio::time::sleep(Duration::from_secs(seconds + 2)).await;
    assert_eq!(send(&app, from("192.0.2.1")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn calendars_are_paid_for_as_well() {
    let served = Served::new().await;
    let app = served.app_with(Identity::None, rates(None, rate(1, 150)));
    let calendar = || with(get("/groups/none.ics"), "x-real-ip", "192.0.2.1");
    assert_eq!(send(&app, calendar()).await.status, StatusCode::NOT_FOUND);
    let refused = send(&app, calendar()).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((45..=50).contains(&seconds), "{seconds}");
    assert!(refused.body.contains("150 at once"), "{}", refused.body);
}

#[tokio::test]
async fn an_account_pays_from_wherever_it_asks_and_for_what_is_refused() {
    let served = Served::new().await;
    let token = |number| {
        let actor = Actor::member(AccountId(Uuid::from_u128(number)));
        let claims = Claims {
            name: Some("Ada".into()),
            ..Claims::default()
        };
        served.token_of(&actor, &claims)
    };
    let site = Site::new(Arc::new(Metrics::new().unwrap()));
    let app = site.app();
    served.open_on(&site, rates(rate(1, 20), rate(1, 1_000)));
    let from = |number: u128, address: &str, query: &str| {
        let request = with(ask(query), "x-real-ip", address);
        with(
            request,
            "authorization",
            &format!("Bearer {}", token(number)),
        )
    };
    for address in ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"] {
        let answered = send(
            &app,
            from(1, address, "{ a: __typename b: __typename c: __typename }"),
        )
        .await;
        assert_eq!(answered.status, StatusCode::OK, "{}", answered.body);
    }
    let answered = send(&app, from(1, "192.0.2.5", "{ posts { nodes { id } } }")).await;
    assert_eq!(answered.status, StatusCode::TOO_MANY_REQUESTS);
    let answered = send(&app, from(2, "192.0.2.1", "{ __typename }")).await;
    assert_eq!(answered.status, StatusCode::OK);

    // What is refused, or unreadable, is paid for, too: with what it takes to look at it.
    let long = format!("{{ nothing }} # {}", "x".repeat(100));
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(send(&app, from(3, "192.0.2.1", &long)).await.status);
    }
    let (ok, spent) = (StatusCode::OK, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(statuses, [ok, ok, spent]);
}

/// Over TCP, where the address is that of whoever connects, whatever they say.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_is_that_of_the_connection_where_no_header_is_named() {
    let served = Served::new().await;
    let mut settings = rates(None, rate(1, 10));
    settings.rates.address_header = None;
    let app = served.app_with(Identity::None, settings);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, app, std::future::pending()));
    let body = r#"{"query":"{ __typename }"}"#;
    let mut statuses = Vec::new();
    for number in 0..7 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-real-ip: 192.0.2.{number}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        statuses.push(answer[9..12].to_owned());
    }
    assert_eq!(statuses[..5], ["200"; 5]);
    assert_eq!(statuses[6], "429");
}

#[tokio::test]
async fn an_operation_that_takes_too_long_is_given_up() {
    let served = Served::new().await;
    let site = Site::new(Arc::new(Metrics::new().unwrap()));
    let limits = Limits {
        request_time: Duration::ZERO,
        ..Limits::default()
    };
    served.open_on(&site, limits);
    let claims = Claims {
        name: Some("Ada".into()),
        ..Claims::default()
    };
    let token = served.token_of(&Actor::member(AccountId(Uuid::from_u128(1))), &claims);
    let app = site.app();
    let rename = async |number: u32| {
        let query = format!(
            "mutation {{ accountRename(input: {{ name: \"Ada {number}\" }}) {{ userErrors {{ code }} }} }}"
        );
        let authorization = format!("Bearer {token}");
        send(&app, with(ask(&query), "authorization", &authorization)).await
    };
    // All write to one stream, and sync: somebody waits for longer than no time at all.
    let answered = join_all((0..50).map(rename)).await;
    let given_up = answered
        .iter()
        .filter(|answered| answered.status != StatusCode::OK);
    let given_up: Vec<_> = given_up.collect();
    assert!(!given_up.is_empty());
    for answered in given_up {
        assert_eq!(answered.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answered.code(), "TIMED_OUT");
        assert!(answered.body.contains("longer than 0 seconds"));
    }
}

#[tokio::test]
async fn the_newer_statuses_are_there_for_who_wants_them() {
    let served = Served::new().await;
    let old = served.app();
    let new = served.app_with(
        Identity::None,
        Settings {
            newer_statuses: true,
            ..Settings::default()
        },
    );
    for (query, before, newer) in [
        ("{ __typename }", 200, 200),
        ("{", 400, 400),
        ("{ nothing }", 400, 422),
        (
            "query ($n: Int!) { posts(first: $n) { totalCount } }",
            400,
            422,
        ),
        (
            "{ __typename ...F } fragment F on Query { posts(first: 99999) { nodes { id } } }",
            400,
            422,
        ),
        // For analysts only: an error, and data beside it.
        (
            "{ __typename event(position: \"1\") { position } }",
            200,
            294,
        ),
        ("mutation { __typename }", 200, 200),
    ] {
        let status =
            async |app: &dyn Ask, accept| app.status(with(ask(query), "accept", accept)).await;
        assert_eq!(status(&old, NEW).await, before, "{query}");
        assert_eq!(status(&new, NEW).await, newer, "{query}");
        assert_eq!(status(&new, "application/json").await, 200, "{query}");
    }
}

/// Something to ask, whichever app it is.
trait Ask {
    fn status(&self, request: Request) -> std::pin::Pin<Box<dyn Future<Output = u16> + '_>>;
}

impl<E: Endpoint<Output = Response>> Ask for E {
    fn status(&self, request: Request) -> std::pin::Pin<Box<dyn Future<Output = u16> + '_>> {
        Box::pin(async { send(self, request).await.status.as_u16() })
    }
}

fn browsers(origins: &[&str], graphiql: bool) -> Site {
    let origins = origins.iter().map(|origin| Origin::parse(origin).unwrap());
    let browsers = Browsers {
        origins: origins.collect(),
        graphiql,
    };
    Site::for_browsers(Arc::new(Metrics::new().unwrap()), browsers)
}

fn preflight(origin: &str) -> Request {
    let mut request = get("/graphql");
    request.set_method(Method::OPTIONS);
    let request = with(request, "origin", origin);
    with(request, "access-control-request-method", "POST")
}

#[tokio::test]
async fn only_pages_that_are_listed_may_ask_from_elsewhere() {
    let served = Served::new().await;
    let none = served.app();
    let refused = send(&none, preflight("https://app.example.com")).await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    let answered = send(
        &none,
        with(ask("{ __typename }"), "origin", "https://app.example.com"),
    )
    .await;
    assert_eq!(answered.header("access-control-allow-origin"), "");
    assert_eq!(answered.header("vary"), "");

    let site = browsers(&["https://app.example.com", "http://localhost:5173"], true);
    let app = site.app();
    // Also before it is open: a page has to be able to read that it isn't.
    let early = send(
        &app,
        with(ask("{ __typename }"), "origin", "http://localhost:5173"),
    )
    .await;
    assert_eq!(early.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        early.header("access-control-allow-origin"),
        "http://localhost:5173"
    );
    served.open(&site);
    for (origin, allowed) in [
        ("https://app.example.com", true),
        ("http://localhost:5173", true),
        ("https://app.example.com:8443", false),
        ("https://evil.example.com", false),
        ("https://app.example.com.evil.com", false),
        ("null", false),
    ] {
        let expected = if allowed { origin } else { "" };
        let asked = send(&app, preflight(origin)).await;
        assert_eq!(asked.status, StatusCode::NO_CONTENT);
        assert_eq!(asked.header("access-control-allow-origin"), expected);
        let headers = asked.header("access-control-allow-headers");
        assert_eq!(headers.contains("authorization"), allowed);
        let answered = send(&app, with(ask("{ __typename }"), "origin", origin)).await;
        assert_eq!(answered.status, StatusCode::OK);
        assert_eq!(answered.header("access-control-allow-origin"), expected);
        assert_eq!(answered.header("access-control-allow-credentials"), "");
        assert_eq!(answered.header("vary"), "origin");
    }
}

#[tokio::test]
async fn graphiql_can_be_switched_off() {
    let served = Served::new().await;
    for (graphiql, status) in [(true, 200), (false, 404)] {
        let site = browsers(&[], graphiql);
        served.open(&site);
        assert_eq!(send(&site.app(), get("/")).await.status.as_u16(), status);
    }
}
