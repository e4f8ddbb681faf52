//! Logging in: what a request with a token makes of an account.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use futures_util::future::join_all;
use plaudit_domain::account::{AccountKind, Claims};
use plaudit_domain::erasure::Content;
use plaudit_domain::{AccountId, Actor, Event, NewEvent, Position, StreamName};
use plaudit_journal::inspection::Extent;
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_journal::{AppendError, Appended, Expected, Journal, JournalError, Part, Tell};
use plaudit_server::http::Limits;
use poem::http::StatusCode;
use poem::{Endpoint, Request, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::served::{Answered, Served, post, send};
use crate::tokens::{Place, Signer, options, payload, provider, provider_in, with};

/// A community whose members come from an identity provider.
struct Site {
    served: Served,
    _keys: TempDir,
}

impl Site {
    async fn new() -> (Self, impl Endpoint<Output = Response>) {
        let served = Served::new().await;
        let keys = tempfile::tempdir().unwrap();
        let identity = provider_in(keys.path(), [signer().jwk()]).await;
        let app = served.app_with(identity, Limits::default());
        let site = Self {
            served,
            _keys: keys,
        };
        (site, app)
    }
}

fn signer() -> Signer {
    Signer::ed("ed", 1)
}

/// A token of somebody of this name.
fn named(subject: &str, name: &str) -> String {
    signer().sign(&with(payload(subject), "name", json!(name)))
}

fn asking(token: &str, query: &str) -> Request {
    let mut request = post(json!({ "query": query }).to_string());
    let authorization = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", authorization);
    request
}

async fn data(app: &impl Endpoint, token: &str, query: &str) -> Value {
    let Answered { body, .. } = send(app, asking(token, query)).await;
    let mut answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer.get("errors"), None, "{answer}");
    answer["data"].take()
}

const VIEWER: &str = "{ viewer { name } }";

async fn name(app: &impl Endpoint, token: &str) -> Value {
    data(app, token, VIEWER).await["viewer"]["name"].take()
}

#[tokio::test]
async fn the_first_request_registers_and_later_ones_bring_what_changed() {
    let (site, app) = Site::new().await;
    let ada = named("ada", "Ada");
    assert_eq!(name(&app, &ada).await, "Ada");
    let registered = site.served.events().await;
    // Nothing is new, in the same token or another.
    assert_eq!(name(&app, &ada).await, "Ada");
    assert_eq!(name(&app, &named("ada", "Ada")).await, "Ada");
    assert_eq!(site.served.events().await, registered);

    assert_eq!(name(&app, &named("ada", "Ada L.")).await, "Ada L.");
    assert_eq!(site.served.events().await, registered + 1);
    assert_eq!(name(&app, &named("ada", "Ada L.")).await, "Ada L.");
    assert_eq!(site.served.events().await, registered + 1);
    // And back: what was said before is news again.
    assert_eq!(name(&app, &named("ada", "Ada")).await, "Ada");
    assert_eq!(site.served.events().await, registered + 2);

    // Somebody else is somebody else.
    assert_eq!(name(&app, &named("Ada", "Ada")).await, "Ada");
    assert_eq!(site.served.events().await, 2 * registered + 2);
}

#[tokio::test]
async fn an_older_token_does_not_bring_an_older_name_back() {
    let (site, app) = Site::new().await;
    let mut old = with(payload("ada"), "name", json!("Ada"));
    old["iat"] = json!(old["iat"].as_u64().unwrap() - 60);
    let (old, new) = (signer().sign(&old), named("ada", "Ada L."));
    assert_eq!(name(&app, &old).await, "Ada");
    for token in [&new, &old, &new, &old] {
        assert_eq!(name(&app, token).await, "Ada L.");
    }
    // Registered, identified, and identified once more.
    assert_eq!(site.served.events().await, 3);
}

#[tokio::test]
async fn picture_and_kind_are_known_from_the_token() {
    let (site, app) = Site::new().await;
    let said = json!({
        "preferred_username": "ada", "picture": "https://example.com/a.png",
        "account_kind": "managed",
    });
    let mut all = payload("ada");
    all.as_object_mut()
        .unwrap()
        .extend(said.as_object().unwrap().clone());
    let query = "{ viewer { name picture kind } }";
    let viewer = data(&app, &signer().sign(&all), query).await;
    let expected = json!({
        "name": "ada", "picture": "https://example.com/a.png", "kind": "MANAGED",
    });
    assert_eq!(viewer["viewer"], expected);
    let events = site.served.events().await;
    // What a token doesn't say stays.
    let less = signer().sign(&payload("ada"));
    assert_eq!(data(&app, &less, query).await["viewer"], expected);
    assert_eq!(site.served.events().await, events);
}

#[tokio::test]
async fn who_has_no_name_is_not_registered() {
    let (site, app) = Site::new().await;
    let nameless = signer().sign(&payload("ada"));
    assert_eq!(data(&app, &nameless, VIEWER).await["viewer"], Value::Null);
    let only_a_kind = signer().sign(&with(payload("ada"), "account_kind", json!("managed")));
    assert_eq!(
        data(&app, &only_a_kind, "{ __typename }").await["__typename"],
        "Query"
    );
    // A request that isn't one registers nobody.
    let refused = send(&app, {
        let mut request = asking(&named("ada", "Ada"), VIEWER);
        request.headers_mut().remove("content-type");
        request
    });
    assert_eq!(refused.await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(name(&app, &named("joe", "Joe")).await, "Joe", "others are");
    assert_eq!(site.served.events().await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_requests_that_come_at_once_register_one_account() {
    let (site, app) = Site::new().await;
    let ada = named("ada", "Ada");
    let names = join_all((0..20).map(|_| name(&app, &ada))).await;
    assert_eq!(names, vec![json!("Ada"); 20]);
    // Registered and identified.
    assert_eq!(site.served.events().await, 2);
}

#[tokio::test]
async fn roles_are_those_of_the_token() {
    let (_site, app) = Site::new().await;
    let create = |name: &str| {
        format!(
            "mutation {{ groupCreate(input: {{ name: \"{name}\" }}) {{
                group {{ name }} userErrors {{ code }} }} }}"
        )
    };
    let member = named("ada", "Ada");
    let refused = data(&app, &member, &create("Rust")).await;
    assert_eq!(
        refused["groupCreate"]["userErrors"],
        json!([{ "code": "FORBIDDEN" }])
    );
    let said = with(payload("ada"), "name", json!("Ada"));
    let manager = signer().sign(&with(said, "roles", json!(["community_manager"])));
    let created = data(&app, &manager, &create("Rust")).await;
    assert_eq!(
        created["groupCreate"],
        json!({ "group": { "name": "Rust" }, "userErrors": [] })
    );
    // The token has them, not the account.
    let refused = data(&app, &member, &create("Go")).await;
    assert_eq!(
        refused["groupCreate"]["userErrors"],
        json!([{ "code": "FORBIDDEN" }])
    );
}

/// They stay erased: a name that comes later isn't recorded, and doesn't bring them back.
#[tokio::test]
async fn who_was_erased_is_told_so_by_what_they_want_to_do() {
    let (site, app) = Site::new().await;
    let ada = named("ada", "Ada");
    let erase = "mutation { accountErase(input: { content: KEEP }) { userErrors { code } } }";
    let erased = data(&app, &ada, erase).await;
    assert_eq!(erased["accountErase"]["userErrors"], json!([]));
    let events = site.served.events().await;
    for token in [&ada, &named("ada", "Ada L.")] {
        data(&app, token, "{ __typename }").await;
        let rename = "mutation { accountRename(input: { name: \"Eve\" }) { userErrors { code } } }";
        let refused = data(&app, token, rename).await;
        assert_eq!(
            refused["accountRename"]["userErrors"],
            json!([{ "code": "ACCOUNT_ERASED" }])
        );
    }
    assert_eq!(site.served.events().await, events);
}

#[tokio::test]
async fn a_token_of_this_machine_registers_too() {
    let served = Served::new().await;
    let app = served.app();
    let account: AccountId = "0190a1b2-0000-7000-8000-00000000ada0".parse().unwrap();
    let claims = Claims {
        name: Some("Ada".into()),
        picture: None,
        kind: Some(AccountKind::Managed),
    };
    let token = served.token_of(&Actor::member(account), &claims);
    let viewer = data(&app, &token, "{ viewer { name kind } }").await;
    assert_eq!(
        viewer["viewer"],
        json!({ "name": "Ada", "kind": "MANAGED" })
    );
    // One that doesn't say who it is changes nothing.
    let events = served.events().await;
    assert_eq!(name(&app, &served.token(account)).await, "Ada");
    assert_eq!(served.events().await, events);
}

#[tokio::test]
async fn without_keys_nobody_with_a_token_is_answered() {
    let served = Served::new().await;
    let place = Place::of([]).await;
    place.answers("nothing yet");
    let app = served.app_with(provider(options(place.url)).await, Limits::default());
    let answered = send(&app, asking(&named("ada", "Ada"), VIEWER)).await;
    assert_eq!(answered.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answered.code(), "UNAVAILABLE");
    assert!(
        answered.body.contains("try again soon"),
        "{}",
        answered.body
    );
    let anonymous = send(&app, post(json!({ "query": VIEWER }).to_string())).await;
    assert_eq!(anonymous.status, StatusCode::OK);
}

#[tokio::test]
async fn while_nothing_can_be_recorded_who_is_new_is_told_so_and_later_registered() {
    let full = Arc::new(AtomicBool::new(true));
    let served = Served::with_journal(|journal| {
        let full = full.clone();
        Arc::new(Full { journal, full })
    });
    let served = served.await;
    let keys = tempfile::tempdir().unwrap();
    let identity = provider_in(keys.path(), [signer().jwk()]).await;
    let app = served.app_with(identity, Limits::default());
    for _ in 0..2 {
        let answered = send(&app, asking(&named("ada", "Ada"), VIEWER)).await;
        assert_eq!(answered.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answered.code(), "UNAVAILABLE");
        assert!(
            answered.body.contains("try again soon"),
            "{}",
            answered.body
        );
        assert!(!answered.body.contains("disk"), "{}", answered.body);
    }
    full.store(false, Ordering::SeqCst);
    assert_eq!(name(&app, &named("ada", "Ada")).await, "Ada");
}

/// A journal whose disk may be full.
pub struct Full {
    pub journal: SqliteJournal,
    pub full: Arc<AtomicBool>,
}

#[async_trait]
impl Journal for Full {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        if self.full.load(Ordering::SeqCst) {
            return Err(AppendError::Journal(JournalError::Storage {
                journal: "journal.sqlite".into(),
                source: "the disk is full".into(),
            }));
        }
        self.journal.append(stream, expected, events).await
    }

    async fn append_many(&self, events: Vec<NewEvent>) -> Result<Appended, AppendError> {
        self.journal.append_many(events).await
    }

    async fn read_stream(&self, stream: &StreamName) -> Result<Vec<Event>, JournalError> {
        self.journal.read_stream(stream).await
    }

    async fn read_stream_from(
        &self,
        stream: &StreamName,
        revision: u64,
    ) -> Result<Vec<Event>, JournalError> {
        self.journal.read_stream_from(stream, revision).await
    }

    async fn forget(&self, account: AccountId, content: Content) -> Result<bool, JournalError> {
        self.journal.forget(account, content).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.journal.read_all(after, limit).await
    }

    async fn read_kept(&self, part: Part<'_>, limit: usize) -> Result<Vec<Event>, JournalError> {
        self.journal.read_kept(part, limit).await
    }

    async fn read_at(&self, positions: &[Position]) -> Result<Vec<Event>, JournalError> {
        self.journal.read_at(positions).await
    }

    async fn head(&self) -> Result<Position, JournalError> {
        self.journal.head().await
    }

    async fn wait_past(&self, position: Position) -> Result<(), JournalError> {
        self.journal.wait_past(position).await
    }

    async fn inspect(&self, extent: Extent, tell: Tell<'_>) -> Result<(), JournalError> {
        self.journal.inspect(extent, tell).await
    }
}
