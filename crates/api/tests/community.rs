//! Communities to ask.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use async_graphql::Value;
use plaudit_api::{Allowed, Api, Limits, Operation, Outcome};
use plaudit_domain::id::derive;
use plaudit_domain::{AccountId, Actor, Command, Fact, NewEvent, Position, Time};
use plaudit_journal::SharedJournal;
use plaudit_journal::keys::Keyring;
use plaudit_journal::sqlite::SqliteJournal;
use plaudit_projection::Rules;
use plaudit_replay::live::Target;
use plaudit_replay::{Community, Generations, Request};
use plaudit_store::postgres::Address;
use plaudit_testing::postgres::Database;
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

/// A community to ask, in a directory that goes with it.
pub struct Asked {
    pub community: Arc<Community>,
    pub api: Api,
    /// How far its clock is ahead, in microseconds.
    ahead: Arc<AtomicI64>,
    directory: TempDir,
    /// What its read models are in, if they aren't in the directory.
    _database: Option<Database>,
}

/// The rules of `fixtures/rules/<name>/`.
pub fn rules(name: &str) -> Rules {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/rules");
    let files = fs::read_dir(folder.join(name)).unwrap();
    let files = files.map(|file| {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    Rules::parse(&files.collect::<Vec<_>>()).unwrap()
}

/// Somebody by name: always the same.
pub fn actor(name: &str) -> Actor {
    Actor::member(AccountId(derive(&["test", name])))
}

/// The journal in a directory.
pub fn journal(directory: &Path) -> SharedJournal {
    let keys = Arc::new(Keyring::in_memory().unwrap());
    Arc::new(SqliteJournal::open(&directory.join("journal.sqlite"), keys).unwrap())
}

impl Asked {
    /// A community where nothing happened yet.
    pub async fn new() -> Self {
        Self::under(Rules::standard().unwrap()).await
    }

    /// A community with rules of its own, where nothing happened yet.
    pub async fn under(rules: Rules) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let journal = journal(directory.path());
        Self::with_both(directory, journal, rules).await
    }

    /// A community with a history.
    pub async fn with(directory: TempDir, journal: SharedJournal) -> Self {
        Self::with_both(directory, journal, Rules::standard().unwrap()).await
    }

    /// A community whose read models are renewed where they have to be.
    pub async fn renewed() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let journal = journal(directory.path());
        Self::with_all(directory, journal, Rules::standard().unwrap(), true).await
    }

    /// The same, with read models in a database.
    pub async fn in_database(database: Database, rules: Rules) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let journal = journal(directory.path());
        let address = Address::parse(&database.url).unwrap();
        let rules = Arc::new(rules);
        let generations =
            Generations::open_in_database(&address, directory.path(), rules.clone()).await;
        let mut asked = Self::of(directory, journal, generations.unwrap(), false).await;
        asked._database = Some(database);
        asked
    }

    async fn with_both(directory: TempDir, journal: SharedJournal, rules: Rules) -> Self {
        Self::with_all(directory, journal, rules, false).await
    }

    async fn with_all(
        directory: TempDir,
        journal: SharedJournal,
        rules: Rules,
        renews: bool,
    ) -> Self {
        let generations = Generations::open(directory.path(), Arc::new(rules)).unwrap();
        Self::of(directory, journal, generations, renews).await
    }

    async fn of(
        directory: TempDir,
        journal: SharedJournal,
        generations: Generations,
        renews: bool,
    ) -> Self {
        let rules = generations.rules().clone();
        let current = generations.current(&journal, &mut |_| {}).await.unwrap();
        let target = Target {
            generations: Some((generations.clone(), current.number)),
            store: current.store,
            rules,
        };
        let community = Community::start(journal, target).await.unwrap();
        let ahead = Arc::new(AtomicI64::new(0));
        let by = ahead.clone();
        let community = community.with_clock(Arc::new(move || {
            let now = Time::from(SystemTime::now()).as_micros();
            Time::from_micros(now + by.load(Ordering::Relaxed))
        }));
        let community = Arc::new(community);
        // Tests ask for everything at once.
        let generous = Limits {
            cost: 1_000_000,
            ..Limits::default()
        };
        if renews {
            community.renew_in(generations).unwrap();
        }
        Self {
            ahead,
            api: Api::of(community.clone()).with_limits(generous),
            community,
            directory,
            _database: None,
        }
    }

    /// Where its read models are.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Lets time go by.
    pub fn later(&self, micros: i64) {
        self.ahead.fetch_add(micros, Ordering::Relaxed);
    }

    /// Records what somebody does, not by way of the API; returns where.
    pub async fn record(&self, actor: Actor, command: impl Command) -> Position {
        let request = Request {
            actor,
            id: Uuid::now_v7(),
            idempotency: None,
        };
        let recorded = self.community.record(&request, &command).await;
        recorded.unwrap().position
    }

    /// Records something that happened, not by way of a command.
    pub async fn happened(&self, fact: impl Into<Fact>) {
        let event = NewEvent {
            id: Uuid::now_v7(),
            occurred_at: Time::from_micros(0),
            actor: None,
            correlation: None,
            causation: None,
            imported: false,
            fact: fact.into(),
        };
        let journal = self.community.journal();
        journal.append_many(vec![event]).await.unwrap();
    }

    /// The answer to one operation of a document, but for what it cost.
    pub async fn answer(
        &self,
        viewer: Option<Actor>,
        document: &str,
        operation: Option<&str>,
        variables: Value,
    ) -> Value {
        let body = json!({
            "query": document,
            "operationName": operation,
            "variables": variables,
        });
        let operation = Operation::from_json(body.to_string().as_bytes()).unwrap();
        let answer = self
            .api
            .execute(operation, viewer, Allowed::QueriesAndMutations)
            .await;
        let mut body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.outcome, Outcome::Executed, "{body}");
        // What it cost changes with the limits, and is looked at in `limits.rs`.
        if let Value::Object(body) = &mut body {
            body.shift_remove("extensions");
        }
        body
    }

    /// The data that a query answers with, without errors.
    pub async fn data(&self, viewer: Option<Actor>, query: &str, variables: Value) -> Value {
        let Value::Object(mut answer) = self.answer(viewer, query, None, variables).await else {
            panic!("an answer is an object");
        };
        assert_eq!(answer.get("errors"), None, "{query}");
        answer.swap_remove("data").unwrap()
    }
}
