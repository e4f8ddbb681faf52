//! An empty community, served.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use plaudit_api::Api;
use plaudit_domain::account::Claims;
use plaudit_domain::{AccountId, Actor};
use plaudit_journal::SharedJournal;
use plaudit_journal::keys::Keyring;
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_projection::Rules;
use plaudit_replay::live::Target;
use plaudit_replay::{Community, Generations};
use plaudit_server::http::{Limits, Settings, Site};
use plaudit_server::identity::{DevKey, Identity};
use plaudit_server::metrics::{Measured, Metrics};
use poem::http::{HeaderMap, StatusCode};
use poem::{Body, Endpoint, Request, Response};
use tempfile::TempDir;

/// A community in a directory that goes with it.
pub struct Served {
    directory: TempDir,
    api: Arc<Api>,
    community: Arc<Community>,
    metrics: Arc<Metrics>,
}

/// What came back.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Served {
    pub async fn new() -> Self {
        Self::with_journal(|journal| Arc::new(journal)).await
    }

    /// With something around its journal.
    pub async fn with_journal(around: impl FnOnce(SqliteJournal) -> SharedJournal) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let keys = Arc::new(Keyring::in_memory().unwrap());
        let journal = SqliteJournal::open(&directory.path().join("journal.sqlite"), keys).unwrap();
        let metrics = Arc::new(Metrics::new().unwrap());
        let journal = Measured::journal(around(journal), metrics.clone());
        let rules = Arc::new(Rules::standard().unwrap());
        let generations = Generations::open(directory.path(), rules.clone()).unwrap();
        let current = generations.current(&journal, &mut |_| {}).await.unwrap();
        let target = Target::alone(current.store, rules);
        let community = Arc::new(Community::start(journal, target).await.unwrap());
        let api = Arc::new(Api::of(community.clone()));
        Self {
            directory,
            api,
            community,
            metrics,
        }
    }

    /// Everything over HTTP, with tokens.
    pub fn app(&self) -> impl Endpoint<Output = Response> + use<> {
        let identity = Identity::Dev(Box::new(self.key()));
        self.app_with(identity, Limits::default())
    }

    /// Everything over HTTP, otherwise.
    pub fn app_with<S: Into<Settings>>(
        &self,
        identity: Identity,
        settings: S,
    ) -> impl Endpoint<Output = Response> + use<S> {
        let site = Site::new(self.metrics.clone());
        self.open_with(&site, identity, settings.into());
        site.app()
    }

    /// Another API of the same community.
    pub fn new_api(&self) -> Api {
        Api::of(self.community.clone())
    }

    /// The same, with an API of its own.
    pub fn app_of(
        &self,
        api: Arc<Api>,
        identity: Identity,
    ) -> impl Endpoint<Output = Response> + use<> {
        let site = Site::new(self.metrics.clone());
        site.open(api, self.community.clone(), identity, Settings::default());
        site.app()
    }

    /// Lets a site serve this, with tokens.
    pub fn open(&self, site: &Site) {
        self.open_on(site, Settings::default());
    }

    /// The same, otherwise.
    pub fn open_on(&self, site: &Site, settings: impl Into<Settings>) {
        let identity = Identity::Dev(Box::new(self.key()));
        self.open_with(site, identity, settings.into());
    }

    fn open_with(&self, site: &Site, identity: Identity, settings: Settings) {
        let (api, community) = (self.api.clone(), self.community.clone());
        site.open(api, community, identity, settings);
    }

    /// Lets its read models be renewed where they have to be; where that is.
    pub fn renew(&self) -> &Path {
        let directory = self.directory.path();
        let rules = self.community.read_models().rules().clone();
        let generations = Generations::open(directory, rules).unwrap();
        self.community.renew_in(generations).unwrap();
        directory
    }

    pub fn community(&self) -> &Community {
        &self.community
    }

    pub fn journal(&self) -> &SharedJournal {
        self.community.journal()
    }

    /// A token for an account.
    pub fn token(&self, account: AccountId) -> String {
        self.token_of(&Actor::member(account), &Claims::default())
    }

    /// A token for an account that is good for some time.
    pub fn token_for(&self, account: AccountId, time: Duration) -> String {
        let actor = Actor::member(account);
        self.key().issue(&actor, &Claims::default(), time).unwrap()
    }

    /// A token for an account with roles, and what it says of the person.
    pub fn token_of(&self, actor: &Actor, claims: &Claims) -> String {
        let token = self.key().issue(actor, claims, Duration::from_secs(60));
        token.unwrap()
    }

    /// How many events there are.
    pub async fn events(&self) -> u64 {
        self.community.journal().head().await.unwrap()
    }

    fn key(&self) -> DevKey {
        DevKey::open(self.directory.path()).unwrap()
    }
}

/// Sends a request.
pub async fn send(app: &impl Endpoint, request: Request) -> Answered {
    let mut response = app.get_response(request).await;
    Answered {
        status: response.status(),
        headers: response.headers().clone(),
        body: String::from_utf8_lossy(&response.take_body().into_bytes().await.unwrap()).into(),
    }
}

/// A POST request with JSON.
pub fn post(body: impl Into<Body>) -> Request {
    Request::builder()
        .method(poem::http::Method::POST)
        .uri_str("/graphql")
        .content_type("application/json")
        .body(body)
}

/// A GET request.
pub fn get(uri: &str) -> Request {
    Request::builder().uri_str(uri).finish()
}

impl Answered {
    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or_default()
    }

    /// The code of the first error.
    pub fn code(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body.get("data"), None);
        let code = body["errors"][0]["extensions"]["code"].as_str();
        code.unwrap().to_owned()
    }
}
