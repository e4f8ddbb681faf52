//! The API over WebSockets, by graphql-transport-ws, over TCP and with a client that we did not write.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use plaudit_domain::account::Claims;
use plaudit_domain::{AccountId, Actor, Roles};
use plaudit_server::http::{
    Browsers, Limits, Origin, Settings, Site, SubscriptionLimits, serve, serve_at_most,
};
use plaudit_server::metrics::Metrics;
use poem::Endpoint;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use uuid::Uuid;

use crate::served::{Served, post, send};
use crate::watching::metrics;

const ADA: AccountId = AccountId(Uuid::from_u128(0xada));
const BEN: AccountId = AccountId(Uuid::from_u128(0xbe4));

/// What comes comes soon.
const SOON: Duration = Duration::from_secs(5);

/// A connection.
struct Client(WebSocketStream<TcpStream>);

impl Client {
    /// Connects, with some headers.
    async fn connect(address: SocketAddr, headers: &[(&str, &str)]) -> Result<Self, Error> {
        let mut request = format!("ws://{address}/graphql").into_client_request()?;
        for (name, value) in headers {
            let name: poem::http::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        let (socket, _) = client_async(request, stream).await?;
        Ok(Self(socket))
    }

    /// Connects by the protocol, without a word yet.
    async fn silent(address: SocketAddr) -> Self {
        let protocol = [("sec-websocket-protocol", "graphql-transport-ws")];
        Self::connect(address, &protocol).await.unwrap()
    }

    /// Connects, and says who it is.
    async fn acknowledged(address: SocketAddr, token: Option<&str>) -> Self {
        let mut client = Self::silent(address).await;
        let payload = token.map(|token| json!({ "authorization": format!("Bearer {token}") }));
        client
            .say(json!({ "type": "connection_init", "payload": payload }))
            .await;
        assert_eq!(client.next().await, json!({ "type": "connection_ack" }));
        client
    }

    async fn say(&mut self, message: Value) {
        let text = Message::text(message.to_string());
        self.0.send(text).await.unwrap();
    }

    async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.say(json!({ "type": "subscribe", "id": id, "payload": payload }))
            .await;
    }

    /// The next message.
    async fn next(&mut self) -> Value {
        loop {
            let message = timeout(SOON, self.0.next()).await.expect("something comes");
            match message.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other @ (Message::Binary(_) | Message::Close(_) | Message::Frame(_)) => {
                    panic!("{other:?}")
                }
            }
        }
    }

    /// The payload of the next answer of an operation.
    async fn answer(&mut self, id: &str) -> Value {
        let mut message = self.next().await;
        assert_eq!(message["type"], "next", "{message}");
        assert_eq!(message["id"], id, "{message}");
        message["payload"].take()
    }

    /// The one answer of an operation that has one.
    async fn ask(&mut self, query: &str, variables: Value) -> Value {
        self.subscribe("ask", query, variables).await;
        let answer = self.answer("ask").await;
        let complete = json!({ "type": "complete", "id": "ask" });
        assert_eq!(self.next().await, complete, "{answer}");
        answer
    }

    /// The code with which the server closes, and why.
    async fn closed(&mut self) -> (u16, String) {
        loop {
            let message = timeout(SOON, self.0.next()).await.expect("it is closed");
            match message {
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Serves something, and no end to it.
async fn listening(app: impl Endpoint<Output = poem::Response> + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, app, std::future::pending()));
    address
}

fn limited(subscriptions: SubscriptionLimits) -> Settings {
    Settings {
        subscriptions,
        ..Settings::default()
    }
}

/// Everything over HTTP, with tokens and other settings.
fn app(served: &Served, settings: Settings) -> impl Endpoint<Output = poem::Response> + use<> {
    let site = Site::new(Arc::new(Metrics::new().unwrap()));
    served.open_on(&site, settings);
    site.app()
}

const REGISTER: &str =
    "mutation ($name: String!) { accountRegister(input: { name: $name }) { userErrors { code } } }";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_mutations_and_subscriptions_share_a_connection() {
    let served = Served::new().await;
    let address = listening(served.app()).await;
    let mut ada = Client::acknowledged(address, Some(&served.token(ADA))).await;
    let mut ben = Client::acknowledged(address, Some(&served.token(BEN))).await;
    for (client, name) in [(&mut ada, "Ada"), (&mut ben, "Ben")] {
        let answer = client.ask(REGISTER, json!({ "name": name })).await;
        assert_eq!(answer["data"]["accountRegister"]["userErrors"], json!([]));
        assert_eq!(answer["extensions"]["cost"]["limit"], 10_000);
    }
    let asked = ada
        .ask(
            r#"mutation { questionCreate(input: { title: "How hot?", body: "My oven." }) { post { id } } }"#,
            json!({}),
        )
        .await;
    let question = &asked["data"]["questionCreate"]["post"]["id"];
    let follow = "subscription ($after: String) {
        notificationReceived(after: $after) { cursor node { post { body } } } }";
    ada.subscribe("told", follow, json!({})).await;
    // Once it is answered, what was asked before it has begun.
    let viewer = ada.ask("{ viewer { name } }", json!({})).await;
    assert_eq!(viewer["data"], json!({ "viewer": { "name": "Ada" } }));

    let answer = "mutation ($question: ID!, $body: String!) {
        answerCreate(input: { questionId: $question, body: $body }) { userErrors { code } } }";
    let body = |body: &str| json!({ "question": question, "body": body });
    ben.ask(answer, body("One")).await;
    let told = ada.answer("told").await;
    let edge = &told["data"]["notificationReceived"];
    assert_eq!(edge["node"]["post"]["body"], "One");
    assert_eq!(told["extensions"]["eventId"], edge["cursor"]);

    // What isn't wanted any more doesn't come, and its name is free.
    ada.say(json!({ "type": "complete", "id": "told" })).await;
    ben.ask(answer, body("Two")).await;
    ben.ask(answer, body("Three")).await;
    let last = &told["extensions"]["eventId"];
    let payload = json!({ "query": follow, "extensions": { "lastEventId": last } });
    ada.say(json!({ "type": "subscribe", "id": "told", "payload": payload }))
        .await;
    for body in ["Two", "Three"] {
        let told = ada.answer("told").await;
        let edge = &told["data"]["notificationReceived"];
        assert_eq!(edge["node"]["post"]["body"], body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_executed_is_an_error_and_the_connection_goes_on() {
    let served = Served::new().await;
    let address = listening(served.app()).await;
    let mut client = Client::acknowledged(address, None).await;
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        (
            "query A { __typename } query B { __typename }",
            "OPERATION_RESOLUTION_FAILURE",
        ),
    ] {
        client.subscribe("1", query, json!({})).await;
        let error = client.next().await;
        assert_eq!(
            (&error["type"], &error["id"]),
            (&json!("error"), &json!("1"))
        );
        assert_eq!(error["payload"][0]["extensions"]["code"], code);
    }
    // Who isn't known is told nothing: that is an answer.
    let query = "subscription { notificationReceived { cursor } }";
    let answer = client.ask(query, json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    // A document by its hash, once it is known.
    let hash = "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38";
    let persisted = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let named = json!({ "extensions": persisted });
    let both = json!({ "query": "{__typename}", "extensions": persisted });
    for (payload, kind) in [(&named, "error"), (&both, "next"), (&named, "next")] {
        client
            .say(json!({ "type": "subscribe", "id": "1", "payload": payload }))
            .await;
        let message = client.next().await;
        assert_eq!(message["type"], kind, "{message}");
        if kind == "next" {
            assert_eq!(client.next().await["type"], "complete");
        }
    }
    // Both sides may ask whether the other is there, at any time.
    client.say(json!({ "type": "pong" })).await;
    client
        .say(json!({ "type": "ping", "payload": { "at": 7 } }))
        .await;
    let pong = json!({ "type": "pong", "payload": { "at": 7 } });
    assert_eq!(client.next().await, pong);
    client.0.send(Message::Ping(vec![7].into())).await.unwrap();
    let pong = timeout(SOON, client.0.next()).await.unwrap();
    assert_eq!(pong.unwrap().unwrap(), Message::Pong(vec![7].into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_keep_to_the_protocol_is_closed_with_its_codes() {
    let served = Served::new().await;
    let limits = SubscriptionLimits {
        init_time: Duration::from_millis(300),
        ..SubscriptionLimits::default()
    };
    let settings = Settings {
        limits: Limits {
            body_bytes: 10_000,
            ..Limits::default()
        },
        ..limited(limits)
    };
    let address = listening(app(&served, settings)).await;
    let init = json!({ "type": "connection_init" });
    let subscribe = |id: &str, query: &str| {
        let payload = json!({ "query": query });
        json!({ "type": "subscribe", "id": id, "payload": payload }).to_string()
    };
    let forever = subscribe("1", "subscription { notificationReceived { cursor } }");
    let init_with = |token: &str| {
        json!({ "type": "connection_init", "payload": { "Authorization": token } }).to_string()
    };
    let pending = json!({ "type": "subscribe", "id": "1", "payload": {
        "query": "subscription { projectionProgress { phase } }" } });
    for (what, messages, code) in [
        ("no JSON", vec!["hello".to_owned()], 4400),
        ("an array", vec!["[]".to_owned()], 4400),
        (
            "another protocol",
            vec![json!({ "type": "start" }).to_string()],
            4400,
        ),
        (
            "no query",
            vec![
                init.to_string(),
                json!({ "type": "subscribe", "id": "1", "payload": {} }).to_string(),
            ],
            4400,
        ),
        (
            "too much",
            vec![init.to_string(), subscribe("1", &"x".repeat(20_000))],
            4400,
        ),
        ("too early", vec![forever.clone()], 4401),
        ("no bearer", vec![init_with("nonsense")], 4403),
        ("a bad token", vec![init_with("Bearer nonsense")], 4403),
        ("nothing", vec![], 4408),
        ("two inits", vec![init.to_string(), init.to_string()], 4429),
        (
            "two of a name",
            vec![
                init_with(&format!("Bearer {}", staff(&served))),
                pending.to_string(),
                pending.to_string(),
            ],
            4409,
        ),
    ] {
        let mut client = Client::silent(address).await;
        for message in messages {
            client.0.send(Message::text(message)).await.unwrap();
        }
        let (closed, why) = client.closed().await;
        assert_eq!(closed, code, "{what}: {why}");
        assert!(!why.is_empty(), "{what}");
    }
    let mut client = Client::silent(address).await;
    client
        .0
        .send(Message::Binary(vec![1].into()))
        .await
        .unwrap();
    assert_eq!(client.closed().await.0, 4400);
    for headers in [&[][..], &[("sec-websocket-protocol", "graphql-ws")]] {
        // A client that asks for another protocol may itself refuse to go on without it.
        if let Ok(mut client) = Client::connect(address, headers).await {
            assert_eq!(client.closed().await.0, 4406);
        }
    }
}

fn staff(served: &Served) -> String {
    let actor = Actor {
        roles: Roles {
            admin: true,
            ..Roles::default()
        },
        ..Actor::member(AccountId(Uuid::from_u128(0xad)))
    };
    served.token_of(&actor, &Claims::default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_may_come_with_the_handshake() {
    let served = Served::new().await;
    let address = listening(served.app()).await;
    let token = format!("Bearer {}", staff(&served));
    let headers = [
        ("sec-websocket-protocol", "other, graphql-transport-ws"),
        ("authorization", &*token),
    ];
    let mut client = Client::connect(address, &headers).await.unwrap();
    client.say(json!({ "type": "connection_init" })).await;
    assert_eq!(client.next().await["type"], "connection_ack");
    let query = "subscription { projectionProgress { phase } }";
    client.subscribe("1", query, json!({})).await;
    let answer = client.answer("1").await;
    assert_eq!(answer["data"]["projectionProgress"]["phase"], "LIVE");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_elsewhere_do_not_connect() {
    let served = Served::new().await;
    let browsers = Browsers {
        origins: vec![Origin::parse("https://app.example.com").unwrap()],
        graphiql: false,
    };
    let site = Site::for_browsers(Arc::new(Metrics::new().unwrap()), browsers);
    served.open(&site);
    let address = listening(site.app()).await;
    let from = async |origin: &str| {
        let protocol = ("sec-websocket-protocol", "graphql-transport-ws");
        match Client::connect(address, &[protocol, ("origin", origin)]).await {
            Ok(_) => 101,
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(from("https://app.example.com").await, 101);
    assert_eq!(from(&format!("http://{address}")).await, 101);
    assert_eq!(from("https://evil.example").await, 403);
    assert_eq!(from("null").await, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_says_so_and_one_that_hears_nothing_goes() {
    let served = Served::new().await;
    let limits = SubscriptionLimits {
        ping: Duration::from_millis(200),
        ..SubscriptionLimits::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, app(&served, limited(limits)), async {
        let _ = stopped.await;
    }));
    let mut lively = Client::acknowledged(address, None).await;
    let mut deaf = Client::acknowledged(address, None).await;
    // Who reads answers pings, though nobody there knows.
    let reading = tokio::spawn(async move { lively.closed().await });
    sleep(Duration::from_secs(1)).await;
    assert!(!reading.is_finished());
    // Who doesn't isn't there.
    let mut came = Vec::new();
    let end = loop {
        match timeout(SOON, deaf.0.get_mut().read_buf(&mut came)).await {
            Ok(Ok(read)) if read > 0 => {}
            Ok(end) => break end,
            Err(_) => panic!("it is still connected"),
        }
    };
    assert!(matches!(end, Ok(0) | Err(_)));
    stop.send(()).unwrap();
    let (code, why) = reading.await.unwrap();
    assert_eq!((code, &*why), (1001, "the server stops"));
    timeout(SOON, server).await.unwrap().unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_expires_ends_what_was_begun_with_it() {
    let served = Served::new().await;
    let address = listening(served.app()).await;
    let registered = served.token(ADA);
    let mut client = Client::acknowledged(address, Some(&registered)).await;
    client.ask(REGISTER, json!({ "name": "Ada" })).await;

    let token = served.token_for(ADA, Duration::from_secs(1));
    let mut client = Client::acknowledged(address, Some(&token)).await;
    let query = "subscription { notificationReceived { cursor } }";
    client.subscribe("1", query, json!({})).await;
    let body = json!({ "query": query }).to_string();
    let mut events = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\nconnection: close\r\n\
         content-type: application/json\r\nauthorization: Bearer {token}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    events.write_all(request.as_bytes()).await.unwrap();
    let (code, why) = client.closed().await;
    assert_eq!((code, &*why), (4403, "the token has expired"));
    let mut text = String::new();
    let reading = events.read_to_string(&mut text);
    timeout(SOON, reading).await.unwrap().unwrap();
    assert!(text.contains("event: next"), "{text}");
    assert!(text.contains("UNAUTHENTICATED"), "{text}");
    assert!(text.contains("event: complete"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_on_ends_with_its_connection_and_is_counted() {
    let served = Served::new().await;
    let app = served.app();
    let address = listening(served.app()).await;
    let open = async || {
        let page = metrics(&app).await;
        page.get("plaudit_graphql_subscriptions_open", &[]).unwrap()
    };
    let until = async |count: f64| {
        let waiting = async {
            while open().await != count {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(SOON, waiting).await.unwrap();
    };
    let query = "subscription { projectionProgress { phase } }";
    let mut client = Client::acknowledged(address, Some(&staff(&served))).await;
    for id in ["1", "2", "3"] {
        client.subscribe(id, query, json!({})).await;
        client.answer(id).await;
    }
    until(3.0).await;
    client.say(json!({ "type": "complete", "id": "2" })).await;
    until(2.0).await;
    drop(client);
    until(0.0).await;
    let page = metrics(&app).await;
    let labels = [("type", "subscription"), ("outcome", "ok")];
    let count = page.get("plaudit_graphql_operations_total", &labels);
    assert_eq!(count, Some(3.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_no_more_subscriptions_than_there_may_be() {
    let served = Served::new().await;
    let limits = SubscriptionLimits {
        account: 3,
        address: 5,
        connection: 2,
        ..SubscriptionLimits::default()
    };
    let app = app(&served, limited(limits));
    let address = listening(app).await;
    let query = "subscription { projectionProgress { phase } }";
    let token = staff(&served);
    let mut first = Client::acknowledged(address, Some(&token)).await;
    for id in ["1", "2"] {
        first.subscribe(id, query, json!({})).await;
        first.answer(id).await;
    }
    let refused = async |client: &mut Client, id: &str| {
        client.subscribe(id, query, json!({})).await;
        let error = client.next().await;
        assert_eq!(error["type"], "error", "{error}");
        let code = &error["payload"][0]["extensions"]["code"];
        code.as_str().unwrap().to_owned()
    };
    assert_eq!(refused(&mut first, "3").await, "TOO_MANY_OPERATIONS");
    let mut second = Client::acknowledged(address, Some(&token)).await;
    second.subscribe("1", query, json!({})).await;
    second.answer("1").await;
    assert_eq!(refused(&mut second, "2").await, "TOO_MANY_SUBSCRIPTIONS");
    // Over events they count, too.
    let events = async || {
        let body = json!({ "query": query }).to_string();
        let request = format!(
            "POST /graphql HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\
             content-type: application/json\r\nauthorization: Bearer {token}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).await.unwrap();
        (String::from_utf8_lossy(&head).into_owned(), stream)
    };
    assert_eq!(events().await.0, "HTTP/1.1 429");
    // What ends makes room.
    first.say(json!({ "type": "complete", "id": "1" })).await;
    first.ask("{ __typename }", json!({})).await;
    let (head, _open) = events().await;
    assert_eq!(head, "HTTP/1.1 200");
    assert_eq!(refused(&mut second, "2").await, "TOO_MANY_SUBSCRIPTIONS");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_spent_what_they_may_is_told_so_and_stays_connected() {
    use plaudit_server::http::{Rate, Rates};
    let served = Served::new().await;
    let rate = Rate {
        per_second: 1.try_into().unwrap(),
        burst: 10.try_into().unwrap(),
    };
    let settings = Settings {
        rates: Rates {
            address: Some(rate),
            ..Rates::default()
        },
        ..Settings::default()
    };
    let address = listening(app(&served, settings)).await;
    let mut client = Client::acknowledged(address, None).await;
    let answer = client
        .ask("{ a: __typename b: __typename }", json!({}))
        .await;
    // One for the connection, one for the message and two for its fields.
    assert_eq!(answer["extensions"]["cost"]["remaining"], 6);
    let query = "{ a: __typename b: __typename c: __typename d: __typename }";
    client.ask(query, json!({})).await;
    client.subscribe("1", query, json!({})).await;
    let error = client.next().await;
    let code = &error["payload"][0]["extensions"]["code"];
    assert_eq!(code, "RATE_LIMITED", "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_no_more_connections_than_there_may_be() {
    let served = Served::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = served.app();
    tokio::spawn(serve_at_most(2, listener, app, std::future::pending()));
    let mut first = Client::acknowledged(address, None).await;
    let second = Client::acknowledged(address, None).await;
    let mut third = TcpStream::connect(address).await.unwrap();
    let request = "GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    third.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    let reading = third.read_to_string(&mut text);
    timeout(SOON, reading).await.unwrap().unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 503"), "{head}");
    assert!(
        head.contains(&format!("content-length: {}", body.len())),
        "{head}"
    );
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["errors"][0]["extensions"]["code"], "UNAVAILABLE");
    // Who is connected isn't kept from anything, and who goes makes room.
    first.ask("{ __typename }", json!({})).await;
    drop(second);
    let again = async {
        loop {
            let protocol = [("sec-websocket-protocol", "graphql-transport-ws")];
            if let Ok(client) = Client::connect(address, &protocol).await {
                return client;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, again).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_nothing_keeps_no_answers_waiting() {
    let served = Served::new().await;
    let address = listening(served.app()).await;
    let mut client = Client::acknowledged(address, None).await;
    // More than a connection holds: the last ones aren't even made.
    for id in 0..50 {
        let query = "{ __schema { types { name description fields { name description } } } }";
        client.subscribe(&id.to_string(), query, json!({})).await;
    }
    sleep(Duration::from_millis(500)).await;
    let page = metrics(&served.app()).await;
    let labels = [("type", "query"), ("outcome", "ok")];
    let made = page.get("plaudit_graphql_operations_total", &labels);
    assert!(made.is_none_or(|made| made < 50.0), "{made:?}");
    let mut answered = 0;
    while answered < 50 {
        if client.next().await["type"] == "complete" {
            answered += 1;
        }
    }
}

#[tokio::test]
async fn who_reads_nothing_for_long_loses_the_connection() {
    let served = Served::new().await;
    let address = listening(served.app()).await;
    let mut client = Client::acknowledged(address, None).await;
    let query = "{ __schema { types { name description fields { name description } } } }";
    tokio::time::pause();
    let asking = async {
        for id in 0.. {
            let payload = json!({ "query": query });
            let subscribe =
                json!({ "type": "subscribe", "id": format!("{id}"), "payload": payload });
            let message = Message::text(subscribe.to_string());
            if client.0.send(message).await.is_err() {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    };
    let gives_up = timeout(Duration::from_secs(600), asking).await;
    assert!(gives_up.is_ok(), "the server gives up");
}

#[tokio::test]
async fn what_is_no_handshake_is_refused() {
    let served = Served::new().await;
    let mut request = post("{}");
    let headers = request.headers_mut();
    headers.insert("upgrade", "websocket".parse().unwrap());
    let answered = send(&served.app(), request).await;
    assert_eq!(answered.status.as_u16(), 400);
    assert_eq!(answered.code(), "BAD_REQUEST");
}
