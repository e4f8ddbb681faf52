//! Following what one is told, by GraphQL over SSE, over TCP.

use std::net::SocketAddr;
use std::time::Duration;

use plaudit_domain::account::Claims;
use plaudit_domain::{AccountId, Actor, Roles};
use plaudit_server::http::serve;
use poem::Request;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;
use uuid::Uuid;

use crate::served::{Answered, Served, post, send};
use crate::watching::metrics;

const ADA: AccountId = AccountId(Uuid::from_u128(0xada));
const BEN: AccountId = AccountId(Uuid::from_u128(0xbe4));

/// A stream of events.
struct Events {
    stream: TcpStream,
    read: String,
}

impl Events {
    /// Follows what somebody is told, from behind a cursor.
    async fn follow(address: SocketAddr, token: Option<&str>, after: Option<&str>) -> Self {
        let query = "subscription ($after: String) {
            notificationReceived(after: $after) { cursor node { kind post { body } isRead } } }";
        let variables = json!({ "after": after });
        Self::of(address, token, query, &variables, None).await
    }

    /// Follows something, from behind the last event of a connection before.
    async fn of(
        address: SocketAddr,
        token: Option<&str>,
        query: &str,
        variables: &Value,
        last: Option<&str>,
    ) -> Self {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let token = token.map(|token| format!("authorization: Bearer {token}\r\n"));
        let last = last.map(|last| format!("last-event-id: {last}\r\n"));
        let request = format!(
            "POST /graphql HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\
             content-type: application/json\r\n{}{}content-length: {}\r\n\r\n{body}",
            token.unwrap_or_default(),
            last.unwrap_or_default(),
            body.len(),
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut events = Self {
            stream,
            read: String::new(),
        };
        let head = events.until("\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("content-type: text/event-stream"), "{head}");
        events
    }

    /// What comes up to and with something.
    async fn until(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.read.find(end) {
                let rest = self.read.split_off(at + end.len());
                return std::mem::replace(&mut self.read, rest);
            }
            let mut bytes = [0; 4096];
            let reading = timeout(Duration::from_secs(5), self.stream.read(&mut bytes));
            let read = reading.await.expect("something comes").unwrap();
            assert!(read > 0, "the stream ended after {:?}", self.read);
            self.read
                .push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        }
    }

    /// The next answer.
    async fn next(&mut self) -> Value {
        self.next_with_id().await.1
    }

    /// The next answer, with its id.
    async fn next_with_id(&mut self) -> (Option<String>, Value) {
        self.until("event: next\n").await;
        let event = self.until("\n\n").await;
        let (id, answer) = event.split_once("data: ").unwrap();
        let id = id.strip_prefix("id: ").map(|id| id.trim_end().to_owned());
        (id, serde_json::from_str(answer).unwrap())
    }

    /// The text of what somebody was told next, and its cursor.
    async fn told(&mut self) -> (String, String) {
        let answer = self.next().await;
        let told = &answer["data"]["notificationReceived"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        assert_eq!(told["node"]["kind"], "ANSWER", "{answer}");
        (text(&told["node"]["post"]["body"]), text(&told["cursor"]))
    }
}

fn with_token(mut request: Request, token: &str) -> Request {
    let token = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", token);
    request
}

async fn ask(served: &Served, who: AccountId, query: &str, variables: Value) -> Answered {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let request = with_token(post(body), &served.token(who));
    send(&served.app(), request).await
}

/// Ada's question, by its id. Ada and Ben are registered.
async fn question(served: &Served) -> Value {
    for (who, name) in [(ADA, "Ada"), (BEN, "Ben")] {
        let query = "mutation ($name: String!) {
            accountRegister(input: { name: $name }) { userErrors { code } } }";
        let registered = ask(served, who, query, json!({ "name": name })).await;
        assert!(
            registered.body.contains("\"userErrors\":[]"),
            "{}",
            registered.body
        );
    }
    let query = r#"mutation { questionCreate(input: { title: "How hot?", body: "My oven." }) {
        post { id } } }"#;
    let asked = ask(served, ADA, query, json!({})).await;
    let asked: Value = serde_json::from_str(&asked.body).unwrap();
    asked["data"]["questionCreate"]["post"]["id"].clone()
}

async fn answer(served: &Served, question: &Value, body: &str) {
    let query = "mutation ($question: ID!, $body: String!) {
        answerCreate(input: { questionId: $question, body: $body }) { userErrors { code } } }";
    let variables = json!({ "question": question, "body": body });
    let answered = ask(served, BEN, query, variables).await;
    assert!(
        answered.body.contains("\"userErrors\":[]"),
        "{}",
        answered.body
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f5_who_follows_again_from_a_cursor_misses_nothing_and_gets_nothing_twice() {
    let served = Served::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, served.app(), async {
        let _ = stopped.await;
    }));
    let question = question(&served).await;
    let token = served.token(ADA);

    answer(&served, &question, "Before").await;
    let mut events = Events::follow(address, Some(&token), None).await;
    answer(&served, &question, "Live").await;
    let (text, cursor) = events.told().await;
    assert_eq!(text, "Live", "what came before was told before");

    drop(events);
    answer(&served, &question, "Missed").await;
    answer(&served, &question, "Missed, too").await;
    let mut events = Events::follow(address, Some(&token), Some(&cursor)).await;
    assert_eq!(events.told().await.0, "Missed");
    assert_eq!(events.told().await.0, "Missed, too");
    answer(&served, &question, "Live again").await;
    assert_eq!(events.told().await.0, "Live again");

    // It has no end of its own, and doesn't hold up a server that stops.
    stop.send(()).unwrap();
    let rest = events.until("event: complete\ndata:\n\n").await;
    assert!(!rest.contains("event: next"), "{rest}");
    timeout(Duration::from_secs(5), server)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

/// What a browser's reconnecting does: the same request again, with the id of the last event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_connects_again_goes_on_behind_the_last_event_that_they_got() {
    let served = Served::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, served.app(), std::future::pending()));
    let question = question(&served).await;
    for body in ["One", "Two", "Three"] {
        answer(&served, &question, body).await;
    }
    let analyst = Actor {
        roles: Roles {
            analyst: true,
            ..Roles::default()
        },
        ..Actor::member(AccountId(Uuid::from_u128(0xc1e0)))
    };
    let token = served.token_of(&analyst, &Claims::default());
    let query = r#"subscription ($after: String) { eventRecorded(after: $after, filter: {
        types: ["PostCreated"] }) { node { body(personal: true) } } }"#;
    let from_the_first = json!({ "after": "0" });
    let texts = async |last: Option<&str>, count| {
        let mut events = Events::of(address, Some(&token), query, &from_the_first, last).await;
        let (mut texts, mut last) = (Vec::new(), None);
        for _ in 0..count {
            let (id, answer) = events.next_with_id().await;
            let body = &answer["data"]["eventRecorded"]["node"]["body"]["body"];
            texts.push(body.as_str().unwrap().to_owned());
            last = id;
        }
        (texts, last.unwrap())
    };
    let (first, last) = texts(None, 2).await;
    assert_eq!(first, ["My oven.", "One"]);
    let (second, last) = texts(Some(&last), 1).await;
    assert_eq!(second, ["Two"]);
    answer(&served, &question, "Four").await;
    assert_eq!(texts(Some(&last), 2).await.0, ["Three", "Four"]);

    // Notifications go by an id, too.
    let token = served.token(ADA);
    let mut events = Events::follow(address, Some(&token), None).await;
    answer(&served, &question, "Five").await;
    let (last, _) = events.next_with_id().await;
    answer(&served, &question, "Six").await;
    let query = "subscription { notificationReceived { cursor node { kind post { body } } } }";
    let last = last.as_deref();
    let mut events = Events::of(address, Some(&token), query, &json!({}), last).await;
    assert_eq!(events.told().await.0, "Six");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f5_who_follows_without_a_token_gets_one_error() {
    let served = Served::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, served.app(), std::future::pending()));
    let mut events = Events::follow(address, None, None).await;
    let answer = events.next().await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    let rest = events.until("event: complete").await;
    assert!(!rest.contains("event: next"), "{rest}");
}

#[tokio::test]
async fn other_operations_are_answered_once_over_events_and_so_are_refused_ones() {
    let served = Served::new().await;
    let app = served.app();
    let answered = send(&app, for_events(r#"{"query":"{ __typename }"}"#)).await;
    assert_eq!(
        answered.body,
        "event: next\ndata: {\"data\":{\"__typename\":\"Query\"},\"extensions\":{\"cost\":\
         {\"requested\":1,\"limit\":10000}}}\n\nevent: complete\ndata:\n\n"
    );
    let answered = send(&app, for_events(r#"{"query":"{ nothing }"}"#)).await;
    // What doesn't fit comes as everything else does: so the protocol has it.
    assert_eq!(answered.status.as_u16(), 200);
    let told = answered.body.strip_prefix("event: next\ndata: ").unwrap();
    let (told, rest) = told.split_once("\n\n").unwrap();
    let told: Value = serde_json::from_str(told).unwrap();
    let code = &told["errors"][0]["extensions"]["code"];
    assert_eq!(code, "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(rest, "event: complete\ndata:\n\n");
    // Where a single answer is expected, nothing is followed.
    let answered = send(
        &app,
        post(r#"{"query":"subscription { notificationReceived { cursor } }"}"#),
    );
    assert_eq!(answered.await.code(), "OPERATION_RESOLUTION_FAILURE");
}

/// A request for events.
fn for_events(body: &'static str) -> Request {
    let mut request = post(body);
    let events = "text/event-stream".parse().unwrap();
    request.headers_mut().insert("accept", events);
    request
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_is_counted_once_it_is_over_however_much_came() {
    let served = Served::new().await;
    let app = served.app();
    let counted = async |kind, outcome| {
        let labels = [("type", kind), ("outcome", outcome)];
        let page = metrics(&app).await;
        let count = page.get("plaudit_graphql_operations_total", &labels);
        count.unwrap_or(0.0)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, served.app(), std::future::pending()));
    let question = question(&served).await;
    let mut events = Events::follow(address, Some(&served.token(ADA)), None).await;
    for body in ["One", "Another"] {
        answer(&served, &question, body).await;
        assert_eq!(events.told().await.0, body);
    }
    assert_eq!(counted("subscription", "ok").await, 0.0);
    let open = async || {
        let page = metrics(&app).await;
        page.get("plaudit_graphql_subscriptions_open", &[])
    };
    assert_eq!(open().await, Some(1.0));
    drop(events);
    let over = async {
        while counted("subscription", "ok").await < 1.0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(5), over).await.unwrap();
    assert_eq!(open().await, Some(0.0));

    // Who isn't known, what can't be followed, and what is no subscription.
    let mut events = Events::follow(address, None, None).await;
    events.until("event: complete").await;
    send(&app, for_events(r#"{"query":"{ nothing }"}"#)).await;
    send(&app, for_events(r#"{"query":"{ __typename }"}"#)).await;
    assert_eq!(counted("subscription", "ok").await, 1.0);
    assert_eq!(counted("subscription", "errors").await, 1.0);
    assert_eq!(counted("unknown", "refused").await, 1.0);
    assert_eq!(counted("query", "ok").await, 1.0);
    let page = metrics(&app).await;
    let errors = |code| page.get("plaudit_graphql_errors_total", &[("code", code)]);
    assert_eq!(errors("UNAUTHENTICATED"), Some(1.0));
    assert_eq!(errors("GRAPHQL_VALIDATION_FAILED"), Some(1.0));
}

#[tokio::test]
async fn what_is_done_over_events_is_correlated_by_the_id_of_the_request() {
    let served = Served::new().await;
    let id = "0190b5c0-5c3e-7b3f-8d3c-3f1e5d2a9b10";
    let register = r#"{"query":"mutation { accountRegister(input: { name: \"Ada\" }) { userErrors { code } } }"}"#;
    let mut request = with_token(for_events(register), &served.token(ADA));
    let headers = request.headers_mut();
    headers.insert("x-request-id", id.parse().unwrap());
    let answered = send(&served.app(), request).await;
    assert!(answered.body.contains("\"userErrors\":[]"), "{answered:?}");
    assert_eq!(answered.header("x-request-id"), id);
    let events = served.journal().read_all(0, 10).await.unwrap();
    assert!(!events.is_empty());
    let id = Some(id.parse().unwrap());
    assert!(events.iter().all(|event| event.correlation == id));
}
