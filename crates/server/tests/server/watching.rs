//! What whoever watches over a server sees of it, over HTTP.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use plaudit_domain::account::{Claims, Registered};
use plaudit_domain::fact::{AccountFact, LikeFact};
use plaudit_domain::like::Like;
use plaudit_domain::{AccountId, Actor, Fact, NewEvent, PostId, Time};
use plaudit_projection::Rules;
use plaudit_replay::activation::activate;
use plaudit_replay::{Progress, Work};
use plaudit_server::http::{Site, serve};
use plaudit_server::metrics::Metrics;
use poem::http::StatusCode;
use poem::{Endpoint, Request};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use crate::exposition::Exposition;
use crate::login::Full;
use crate::served::{Answered, Served, get, post, send};

const TYPENAME: &str = r#"{"query":"{ __typename }"}"#;

/// What is counted.
pub async fn metrics(app: &impl Endpoint) -> Exposition {
    let answered = send(app, get("/metrics")).await;
    assert_eq!(answered.status, StatusCode::OK);
    let content_type = answered.header("content-type");
    assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
    Exposition::parse(&answered.body)
}

/// A token of somebody with a name.
fn token(served: &Served) -> String {
    let ada = Actor::member(AccountId(Uuid::from_u128(1)));
    let claims = Claims {
        name: Some("Ada".into()),
        ..Claims::default()
    };
    served.token_of(&ada, &claims)
}

fn json(answered: &Answered) -> Value {
    serde_json::from_str(&answered.body).unwrap()
}

fn new(fact: impl Into<Fact>) -> NewEvent {
    NewEvent {
        id: Uuid::now_v7(),
        occurred_at: Time::EPOCH,
        actor: None,
        correlation: None,
        causation: None,
        imported: false,
        fact: fact.into(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_it_is_open_it_tells_how_far_it_is_and_then_serves() {
    let served = Served::new().await;
    let site = Site::new(Arc::new(Metrics::new().unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, site.app(), std::future::pending()));
    let ask = async |request: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let get = async |path: &str| {
        ask(&format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        ))
        .await
    };
    let graphql = format!(
        "POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{TYPENAME}",
        TYPENAME.len()
    );

    assert!(get("/health/live").await.starts_with("HTTP/1.1 200"));
    let opening = get("/health/ready").await;
    assert!(opening.starts_with("HTTP/1.1 503"), "{opening}");
    assert!(opening.contains(r#""phase":"opening""#), "{opening}");

    let (work, head) = (Work::Rebuilding, 1_000_000);
    for position in [0, 500_000] {
        let progress = Progress {
            work,
            position,
            head,
        };
        site.health().folding(served.journal(), progress);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(get("/health/live").await.starts_with("HTTP/1.1 200"));
    let rebuilding = get("/health/ready").await;
    assert!(rebuilding.starts_with("HTTP/1.1 503"), "{rebuilding}");
    for part in [
        r#""ready":false"#,
        r#""phase":"rebuilding""#,
        r#""position":500000"#,
        r#""lag_events":500000"#,
        r#""progress":0.5"#,
        r#""seconds_left":0"#,
    ] {
        assert!(rebuilding.contains(part), "{rebuilding}");
    }
    let refused = ask(&graphql).await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(refused.contains("retry-after: 1\r\n"), "{refused}");
    assert!(
        refused.contains(
            r#"{"errors":[{"extensions":{"code":"UNAVAILABLE"},"message":"the read models are being rebuilt: try again in 1 seconds"}]}"#
        ),
        "{refused}"
    );
    // Who wants events gets none, and is told why in the way of all who do.
    let refused =
        ask(&graphql.replacen("host: x", "host: x\r\naccept: text/event-stream", 1)).await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(refused.contains("retry-after: 1\r\n"), "{refused}");
    let media_type = "content-type: application/graphql-response+json";
    assert!(refused.contains(media_type), "{refused}");
    for calendar in ["/groups/x.ics", "/calendars/x.ics"] {
        let refused = get(calendar).await;
        assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
        assert!(refused.contains("retry-after: 1\r\n"), "{refused}");
        assert!(refused.contains("x-request-id: "), "{refused}");
        let message = "\r\n\r\nthe read models are being rebuilt: try again in 1 seconds\n";
        assert!(refused.ends_with(message), "{refused}");
    }
    let page = get("/metrics").await;
    let page = Exposition::parse(page.split_once("\r\n\r\n").unwrap().1);
    let of = [("projection", "read_models")];
    assert_eq!(
        page.get("plaudit_projection_progress_ratio", &of),
        Some(0.5)
    );
    assert_eq!(page.only("plaudit_journal_head"), 1_000_000.0);

    let (done, all) = (300, 400);
    let writing = Progress {
        work: Work::Writing { done, all },
        position: head,
        head,
    };
    site.health().folding(served.journal(), writing);
    let writing = get("/health/ready").await;
    for part in [r#""phase":"writing""#, r#""progress":0.75"#] {
        assert!(writing.contains(part), "{writing}");
    }

    served.open(&site);
    let ready = get("/health/ready").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(ready.contains(r#""ready":true"#), "{ready}");
    assert!(get("/groups/x.ics").await.starts_with("HTTP/1.1 404"));
    let answered = ask(&graphql).await;
    assert!(
        answered.contains(r#"{"data":{"__typename":"Query"}"#),
        "{answered}"
    );
}

#[tokio::test]
async fn a_fold_that_stops_is_not_ready_and_not_dead() {
    let served = Served::new().await;
    let app = served.app();
    let account = AccountId(Uuid::from_u128(1));
    let registered = new(AccountFact::Registered(Registered {
        account,
        name: "Ada".to_owned().into(),
        origin: None,
    }));
    let appended = served.journal().append_many(vec![registered]).await;
    assert_eq!(appended.unwrap().position, 1);
    let patience = std::time::Duration::from_secs(10);
    assert!(served.community().readable(1, patience).await);
    let ready = send(&app, get("/health/ready")).await;
    assert_eq!(ready.status, StatusCode::OK, "{}", ready.body);
    let page = metrics(&app).await;
    assert_eq!(page.only("plaudit_projection_error"), 0.0);
    assert_eq!(page.only("plaudit_projection_batches_total"), 1.0);

    // A like of a post that nobody wrote.
    let impossible = new(LikeFact::Liked(Like {
        post: PostId(Uuid::from_u128(2)),
        account,
        author: None,
    }));
    let appended = served.journal().append_many(vec![impossible]).await;
    assert_eq!(appended.unwrap().position, 2);
    while served.community().folded().trouble.is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }

    let unready = send(&app, get("/health/ready")).await;
    assert_eq!(unready.status, StatusCode::SERVICE_UNAVAILABLE);
    let told = json(&unready);
    assert_eq!(told["reason"], "folding stopped for good: see the log");
    let projection = &told["projections"][0];
    assert_eq!(projection["phase"], "stopped");
    assert_eq!(projection["position"], 1);
    assert_eq!(projection["head"], 2);
    assert_eq!(projection["lag_events"], 1);
    assert!(projection["lag_seconds"].as_f64().unwrap() >= 0.0);
    let live = send(&app, get("/health/live")).await;
    assert_eq!(live.status, StatusCode::OK);

    let page = metrics(&app).await;
    assert_eq!(page.only("plaudit_projection_error"), 1.0);
    assert_eq!(page.only("plaudit_projection_position"), 1.0);
    assert_eq!(page.only("plaudit_journal_head"), 2.0);
    assert_eq!(page.only("plaudit_projection_lag_events"), 1.0);
    for (phase, value) in [("stopped", 1.0), ("live", 0.0)] {
        let of = [("projection", "read_models"), ("phase", phase)];
        assert_eq!(page.get("plaudit_projection_phase", &of), Some(value));
    }
    // What is there can still be read.
    let answered = send(&app, post(TYPENAME)).await;
    assert_eq!(answered.status, StatusCode::OK);
}

/// Until a page of metrics says what it has to.
async fn until(app: &impl Endpoint, says: impl Fn(&Exposition) -> bool) -> Exposition {
    for _ in 0..2_000 {
        let page = metrics(app).await;
        if says(&page) {
            return page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it takes too long");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_the_place_of_what_people_read_is_watched_too() {
    let served = Served::new().await;
    let app = served.app();
    // Where nothing looks after that, nothing is told of it.
    let ready = json(&send(&app, get("/health/ready")).await);
    assert_eq!(ready["projections"][0]["next"], Value::Null);
    let directory = served.renew();
    let registered = new(AccountFact::Registered(Registered {
        account: AccountId(Uuid::from_u128(1)),
        name: "Ada".to_owned().into(),
        origin: None,
    }));
    served
        .journal()
        .append_many(vec![registered])
        .await
        .unwrap();
    // The rows in that directory are taken up first.
    let is_idle = |page: &Exposition| {
        ["rebuilding", "writing", "catching_up"]
            .iter()
            .all(|phase| {
                let of = [("projection", "read_models"), ("phase", phase)];
                page.get("plaudit_projection_next_phase", &of) == Some(0.0)
            })
    };
    let page = until(&app, |page| {
        page.only("plaudit_projection_position") == 1.0 && is_idle(page)
    });
    let page = page.await;
    assert_eq!(page.only("plaudit_projection_rules_pending"), 0.0);
    assert_eq!(page.only("plaudit_projection_next_error"), 0.0);
    assert_eq!(page.only("plaudit_projection_renewal_failures_total"), 0.0);

    // Others can't be put in use.
    let obstacle = directory.join("current.new");
    std::fs::create_dir(&obstacle).unwrap();
    let others = [(
        "kudos.toml".to_owned(),
        "[[level]]\nname = \"New\"\npoints = 0\n".to_owned(),
    )];
    let others = Rules::parse(&others).unwrap();
    activate(served.journal(), &others).await.unwrap();
    let failures = "plaudit_projection_renewal_failures_total";
    let page = until(&app, |page| page.only(failures) > 0.0).await;
    assert_eq!(page.only("plaudit_projection_rules_pending"), 1.0);
    assert_eq!(page.only("plaudit_projection_next_error"), 1.0);
    let ready = send(&app, get("/health/ready")).await;
    assert_eq!(ready.status, StatusCode::OK, "people read what was before");
    let next = &json(&ready)["projections"][0]["next"];
    assert_eq!(next["rules_pending"], true);
    assert_eq!(next["has_failed"], true);
    assert!(next["failures"].as_u64() >= Some(1), "{next}");

    std::fs::remove_dir(&obstacle).unwrap();
    let counted = |page: &Exposition| {
        ["batches_total", "events_total"].map(|it| page.only(&format!("plaudit_projection_{it}")))
    };
    let before = counted(&page);
    let swaps = page.only("plaudit_projection_swaps_total");
    let renewal = served.community().renewal().unwrap();
    let page = until(&app, |page| {
        renewal.rebuild();
        page.only("plaudit_projection_swaps_total") > swaps
    });
    let page = page.await;
    assert_eq!(page.only("plaudit_projection_rules_pending"), 0.0);
    assert_eq!(page.only("plaudit_projection_next_error"), 0.0);
    let after = counted(&page);
    assert!(
        after[0] >= before[0] && after[1] >= before[1],
        "{before:?} {after:?}"
    );
}

#[tokio::test]
async fn everything_that_happens_is_counted_under_few_names() {
    let served = Served::new().await;
    let app = served.app();
    let token = token(&served);
    let ask = async |query: &str, token: Option<&str>| {
        let mut request = post(json!({ "query": query }).to_string());
        if let Some(token) = token {
            let token = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert("authorization", token);
        }
        send(&app, request).await
    };
    let before = metrics(&app).await;
    assert_eq!(before.only("plaudit_journal_events_appended_total"), 0.0);

    let create = r#"mutation Ask { questionCreate(input: { title: "Why?", body: "Because." }) { post { id } } }"#;
    for _ in 0..2 {
        ask(create, Some(&token)).await;
    }
    for number in 0..50 {
        // As many names and paths as a client likes.
        ask(&format!("query Q{number} {{ __typename }}"), None).await;
        send(&app, get(&format!("/nothing/{number}"))).await;
        send(&app, get(&format!("/calendars/{number}.ics"))).await;
    }
    ask("{ nonsense }", None).await;
    ask(r#"{ node(id: "no such id") { id } }"#, None).await;
    ask("{ __typename }", Some("no token")).await;

    let page = metrics(&app).await;
    let count = |name, labels: &[_]| page.get(name, labels).unwrap_or(0.0);
    let operations = |kind, outcome| {
        let labels = [("type", kind), ("outcome", outcome)];
        count("plaudit_graphql_operations_total", &labels)
    };
    assert_eq!(operations("mutation", "ok"), 2.0);
    assert_eq!(operations("query", "ok"), 50.0);
    assert_eq!(operations("query", "errors"), 1.0);
    assert_eq!(operations("unknown", "refused"), 1.0);
    let errors = |code| count("plaudit_graphql_errors_total", &[("code", code)]);
    assert_eq!(errors("GRAPHQL_VALIDATION_FAILED"), 1.0);
    assert_eq!(errors("INVALID_ID"), 1.0);
    assert_eq!(errors("UNAUTHENTICATED"), 1.0);
    let log_ins = |outcome| count("plaudit_log_ins_total", &[("outcome", outcome)]);
    assert_eq!(log_ins("recorded"), 1.0);
    assert_eq!(log_ins("known"), 1.0);
    assert_eq!(log_ins("refused"), 1.0);
    let requests = |endpoint, status| {
        let labels = [("endpoint", endpoint), ("status", status)];
        count("plaudit_http_requests_total", &labels)
    };
    assert_eq!(requests("other", "404"), 50.0);
    assert_eq!(requests("/calendars", "404"), 50.0);
    assert_eq!(requests("/graphql", "401"), 1.0);
    let graphql = [("endpoint", "/graphql")];
    let timed = "plaudit_http_request_duration_seconds_count";
    assert_eq!(count(timed, &graphql), 55.0);

    // Two events of the registration, and two questions.
    assert_eq!(page.only("plaudit_journal_events_appended_total"), 4.0);
    let recorded = [("outcome", "recorded")];
    assert_eq!(count("plaudit_journal_appends_total", &recorded), 3.0);
    assert_eq!(
        page.only("plaudit_journal_append_duration_seconds_count"),
        3.0
    );
    assert_eq!(page.only("plaudit_journal_head"), 4.0);
    assert_eq!(page.only("plaudit_projection_events_total"), 4.0);
    assert_eq!(page.only("plaudit_build_info"), 1.0);
    if cfg!(target_os = "linux") {
        assert!(page.only("process_resident_memory_bytes") > 1e6);
        assert!(page.only("process_cpu_seconds_total") > 0.0);
        assert!(page.only("process_open_fds") > 3.0);
    }
    assert!(page.len() < 250, "{} samples", page.len());
}

#[tokio::test]
async fn a_request_is_known_by_the_id_that_it_came_with_or_by_a_new_one() {
    let served = Served::new().await;
    let app = served.app();
    let ask = async |id: Option<&str>| {
        let mut request = get("/health/live");
        if let Some(id) = id {
            let id = id.parse().unwrap();
            request.headers_mut().insert("x-request-id", id);
        }
        send(&app, request).await.header("x-request-id").to_owned()
    };
    assert_eq!(ask(Some("proxy-1:42")).await, "proxy-1:42");
    let drawn = ask(None).await;
    assert!(Uuid::try_parse(&drawn).is_ok(), "{drawn}");
    assert_ne!(ask(None).await, drawn);
    let long = "x".repeat(1000);
    for insane in ["", "ada@example.com", "a b", &long] {
        assert!(Uuid::try_parse(&ask(Some(insane)).await).is_ok());
    }
    // Also where nothing is, and where nobody may.
    for path in ["/nothing", "/graphql"] {
        let answered = send(&app, get(path)).await;
        assert_ne!(answered.header("x-request-id"), "", "{path}");
    }
}

/// A request that registers somebody and asks a question, with this id.
fn asking(served: &Served, id: &str) -> Request {
    let token = token(served);
    let query = r#"mutation Ask($title: String!) {
        questionCreate(input: { title: $title, body: "Because." }) { post { id } }
    }"#;
    let variables = json!({ "title": "A secret title" });
    let mut request = post(json!({ "query": query, "variables": variables }).to_string());
    let headers = request.headers_mut();
    let token = format!("Bearer {token}").parse().unwrap();
    headers.insert("authorization", token);
    headers.insert("x-request-id", id.parse().unwrap());
    request
}

#[tokio::test]
async fn events_are_correlated_by_the_id_of_their_request() {
    let served = Served::new().await;
    let id = "0190b5c0-5c3e-7b3f-8d3c-3f1e5d2a9b10";
    send(&served.app(), asking(&served, id)).await;
    let events = served.journal().read_all(0, 10).await.unwrap();
    // Registered, with a name of the provider's, and a question.
    assert_eq!(events.len(), 3);
    let id = Some(id.parse().unwrap());
    assert!(events.iter().all(|event| event.correlation == id));

    // Where it is no UUID, the history has one of its own.
    send(&served.app(), asking(&served, "proxy-1:42")).await;
    let events = served.journal().read_all(3, 10).await.unwrap();
    assert!(events[0].correlation.is_some());
    assert_ne!(events[0].correlation, id);
}

/// What is logged by this process, also by other tests.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn every_line_of_a_request_has_its_id_and_none_tells_what_was_sent() {
    let full = Arc::new(AtomicBool::new(false));
    let served = Served::with_journal(|journal| {
        let full = full.clone();
        Arc::new(Full { journal, full })
    });
    let served = served.await;
    let app = served.app();
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .finish();
    // For all threads: what some of them log for the first time would not be there for any.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    send(&app, asking(&served, "proxy-1:42")).await;
    full.store(true, Ordering::SeqCst);
    let failed = send(&app, asking(&served, "proxy-1:43")).await;
    // What is done only while the answer is on its way is logged with its id, too.
    let mut followed = asking(&served, "proxy-1:44");
    let events = "text/event-stream".parse().unwrap();
    followed.headers_mut().insert("accept", events);
    let followed = send(&app, followed).await;
    assert!(followed.body.contains("INTERNAL"), "{}", followed.body);

    let text = String::from_utf8(log.0.lock().clone()).unwrap();
    let of = |id: &str| -> Vec<Value> {
        let read = |line| serde_json::from_str(line).unwrap();
        let mut lines: Vec<Value> = text.lines().map(read).collect();
        lines.retain(|line| line["span"]["id"] == id);
        for secret in ["secret", "Bearer", "Ada", "Because"] {
            assert!(lines.iter().all(|line| !line.to_string().contains(secret)));
        }
        lines
    };
    let answered = of("proxy-1:42");
    let answered = answered.last().unwrap();
    assert_eq!(answered["message"], "answered");
    assert_eq!(answered["target"], "plaudit::access");
    assert_eq!(answered["status"], 200);
    assert_eq!(answered["operation"], "mutation");
    assert_eq!(answered["name"], "Ask");
    assert!(answered["microseconds"].as_u64().unwrap() > 0);

    let error = &json(&failed)["errors"][0]["extensions"];
    assert_eq!(error["code"], "INTERNAL", "{}", failed.body);
    let logged = of("proxy-1:43");
    let error_line = logged.iter().find(|line| line["level"] == "ERROR").unwrap();
    assert_eq!(error_line["id"], error["id"]);
    assert_eq!(logged.last().unwrap()["message"], "answered");
    let logged = of("proxy-1:44");
    let error_line = logged.iter().find(|line| line["level"] == "ERROR").unwrap();
    let error = error_line["id"].as_str().unwrap();
    assert!(followed.body.contains(error), "{}", followed.body);
    let page = metrics(&app).await;
    let labels = [("type", "mutation"), ("outcome", "failed")];
    let failures = page.get("plaudit_graphql_operations_total", &labels);
    assert_eq!(failures, Some(2.0));
}

#[tokio::test]
async fn metrics_may_have_an_address_of_their_own() {
    let served = Served::new().await;
    let site = Site::new(Arc::new(Metrics::new().unwrap()));
    served.open(&site);
    let (public, own) = (site.app_without_metrics(), site.metrics());
    for (path, publicly, there) in [
        ("/metrics", StatusCode::NOT_FOUND, StatusCode::OK),
        ("/health/ready", StatusCode::OK, StatusCode::OK),
        ("/", StatusCode::OK, StatusCode::NOT_FOUND),
    ] {
        assert_eq!(send(&public, get(path)).await.status, publicly, "{path}");
        assert_eq!(send(&own, get(path)).await.status, there, "{path}");
    }
}
