//! Several nodes with everything on one PostgreSQL: whichever folds may go, and PostgreSQL itself.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use plaudit_testing::postgres::{Database, Server as Postgres, query, server};
use serde_json::{Value, json};
use uuid::Uuid;

use super::community::{Community, demo, text};
use super::crash::Random;
use super::running::{Client, Server, soon, within};

/// Who writes and reads beside what happens.
const WRITERS: usize = 3;

/// Longer than a request waits for what is away, and for others.
const BOUND: Duration = Duration::from_secs(25);

/// Asks a question once, however often it is said.
const ASK_ONCE: &str = "mutation($title: String!, $key: UUID!) {
    questionCreate(input: { title: $title, body: \"Does anybody know?\", idempotencyKey: $key }) {
        post { id title }
        userErrors { message }
    }
}";

const TITLE: &str = "query($id: ID!) { post(id: $id) { title } }";

/// Members of the demo community.
const ERASED: [&str; 3] = [
    "95fbfa5c-8192-54df-9dbc-02b3df08b02f",
    "264d3738-3f1f-5077-9c97-9ed8f2f8e595",
    "4b8f2084-73d8-5bd2-974a-89b10e5d8a80",
];

/// Three nodes, each with a directory of its own.
struct Cluster {
    postgres: Postgres,
    databases: [Database; 3],
    communities: Vec<Community>,
    nodes: Vec<Mutex<Option<Server>>>,
}

impl Cluster {
    /// With the demo community; nothing where there is no PostgreSQL.
    fn start() -> Option<Self> {
        let postgres = server()?;
        let databases = [(); 3].map(|()| postgres.database());
        let first = Community::new();
        let mut cluster = Self {
            postgres,
            databases,
            communities: vec![],
            nodes: vec![],
        };
        let import = ["import", "events", text(&demo())].map(str::to_owned);
        first.does(cluster.options().iter().chain(&import).map(String::as_str));
        for _ in 1..3 {
            let node = Community::new();
            let key = first.path().join("master.key");
            std::fs::copy(key, node.path().join("master.key")).unwrap();
            cluster.communities.push(node);
        }
        cluster.communities.push(first);
        for number in 0..3 {
            let node = cluster.node(number);
            cluster.nodes.push(Mutex::new(Some(node)));
        }
        Some(cluster)
    }

    fn options(&self) -> [String; 6] {
        let [journal, keys, models] = &self.databases;
        let names = ["--journal", "--keys", "--read-models"];
        let [j, k, m] = names.map(str::to_owned);
        [
            j,
            journal.url.clone(),
            k,
            keys.url.clone(),
            m,
            models.url.clone(),
        ]
    }

    fn node(&self, number: usize) -> Server {
        let options = self.options();
        Server::start(
            &self.communities[number],
            options.iter().map(String::as_str),
        )
    }

    /// Somebody who asks a node, while it is there.
    fn client(&self, number: usize) -> Option<Client> {
        let node = self.nodes[number].lock().unwrap();
        node.as_ref().map(|node| node.client().clone())
    }

    fn signal(&self, number: usize, signal: &str) {
        let node = self.nodes[number].lock().unwrap();
        node.as_ref().unwrap().signal(signal);
    }

    /// What a node says that it does.
    fn phase(&self, number: usize) -> Option<String> {
        let ready = self.client(number)?.get("/health/ready", "");
        let phase = ready.json()["projections"][0]["phase"].clone();
        Some(phase.as_str()?.to_owned())
    }

    /// The only node that folds.
    fn folding(&self) -> usize {
        soon("one node folds", || {
            let folds = |number: &usize| self.phase(*number).as_deref() == Some("live");
            match (0..3).filter(folds).collect::<Vec<_>>()[..] {
                [only] => Some(only),
                _ => None,
            }
        })
    }

    /// Ends the node that folds without a warning, and starts it again once another one folds.
    fn kill_the_folding(&self) {
        let folding = self.folding();
        let node = self.nodes[folding].lock().unwrap().take();
        node.unwrap().kill();
        assert_ne!(self.folding(), folding);
        *self.nodes[folding].lock().unwrap() = Some(self.node(folding));
    }

    /// Does something beside the nodes, with their databases.
    fn does(&self, arguments: &[&str]) {
        let options = self.options();
        let options = options.iter().map(String::as_str);
        self.communities[0].does(options.chain(arguments.iter().copied()));
    }

    /// How many generations each node has gone over to since it started.
    fn swaps(&self) -> Vec<u64> {
        let swaps = |number| {
            let page = self.client(number)?.get("/metrics", "").body;
            let mut lines = page.lines();
            lines.find_map(|line| {
                line.strip_prefix("plaudit_projection_swaps_total{")?
                    .split(' ')
                    .nth(1)?
                    .parse()
                    .ok()
            })
        };
        (0..3).filter_map(swaps).collect()
    }

    /// Has all rows folded anew, and somebody erased before every node reads from these; and waits until they do,
    /// and nothing of who was erased is left.
    fn rebuild_and_erase(&self, account: &str) {
        let before = self.swaps();
        assert_eq!(before.len(), 3);
        self.does(&["rebuild"]);
        let folder = tempfile::tempdir().unwrap();
        let erased = folder.path().join("erased.ndjson");
        let line = json!({
            "id": Uuid::new_v4(), "stream": format!("account-{account}"),
            "type": "AccountErased", "version": 1, "occurred_at": "2026-11-22T12:00:00Z",
            "data": { "account": account, "content": "remove" },
        });
        std::fs::write(&erased, format!("{line}\n")).unwrap();
        self.does(&["import", "events", text(&erased)]);
        soon("every node has gone over", || {
            let now = self.swaps();
            let all = now.len() == 3 && now.iter().zip(&before).all(|(now, before)| now > before);
            all.then_some(())
        });
        // All tables are written anew for it, each once nobody reads it.
        within(BOUND * 5, "nothing is left of who was erased", || {
            let erased = query(
                &self.databases[2].url,
                "SELECT erased FROM plaudit.generations",
            );
            (erased.unwrap() == ["f"]).then_some(())
        });
    }

    /// Nothing that was acknowledged is lost, and what is served is what follows from the history.
    fn check(self, acknowledged: &HashMap<String, String>) {
        for number in 0..3 {
            let client = self.client(number).unwrap();
            soon("every node shows the last", || {
                acknowledged
                    .iter()
                    .all(|(id, title)| client.title(id).as_ref() == Some(title))
                    .then_some(())
            });
        }
        for node in &self.nodes {
            let node = node.lock().unwrap().take().unwrap();
            assert!(node.stop().success());
        }
        self.does(&["verify"]);
    }
}

/// People who write and read what they wrote through any node, until they are told to stop.
struct Load<'c> {
    cluster: &'c Cluster,
    stopped: AtomicBool,
    acknowledged: Mutex<HashMap<String, String>>,
}

impl<'c> Load<'c> {
    fn on(cluster: &'c Cluster) -> Self {
        Self {
            cluster,
            stopped: AtomicBool::new(false),
            acknowledged: Mutex::default(),
        }
    }

    /// Writes and reads while something happens.
    fn during(&self, something: impl FnOnce()) {
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                scope.spawn(move || self.write(writer));
            }
            // Should it fail, they stop all the same.
            let _stop = Stop(&self.stopped);
            something();
        });
    }

    fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    fn write(&self, writer: usize) {
        let mut number = 0;
        while !self.stopped.load(Ordering::Relaxed) {
            number += 1;
            let title = format!("Question {number} of writer {writer}");
            // Who gets no answer, or one that says so, asks another node with the same key.
            let key = Uuid::new_v4().to_string();
            let id = self.until_answered(number, |client| {
                let variables = json!({ "title": title, "key": key });
                let began = Instant::now();
                let answer = client.try_graphql(ASK_ONCE, variables).ok()?;
                assert!(began.elapsed() < BOUND, "{:?}: {answer}", began.elapsed());
                if is_passing(&answer) {
                    return None;
                }
                let asked = &answer["data"]["questionCreate"];
                assert_eq!(asked["userErrors"], json!([]), "{answer}");
                // Who asked sees it at once, through whichever node.
                assert_eq!(asked["post"]["title"], json!(title), "{answer}");
                Some(asked["post"]["id"].as_str().unwrap().to_owned())
            });
            // And so does whoever asks another one.
            let shown = self.until_answered(number + 1, |client| {
                let answer = client.try_graphql(TITLE, json!({ "id": id })).ok()?;
                (!is_passing(&answer)).then(|| answer["data"]["post"]["title"].clone())
            });
            assert_eq!(shown, json!(title));
            self.acknowledged.lock().unwrap().insert(id, title);
        }
    }

    fn until_answered<T>(&self, first: usize, ask: impl Fn(&Client) -> Option<T>) -> T {
        let mut number = first;
        soon("somebody answers", || {
            number += 1;
            ask(&self.cluster.client(number % 3)?)
        })
    }
}

/// Tells who goes on to stop, as soon as it goes.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whether an answer says that it may be asked for again.
fn is_passing(answer: &Value) -> bool {
    let Some(errors) = answer["errors"].as_array() else {
        return false;
    };
    for error in errors {
        let code = error["extensions"]["code"].as_str();
        assert!(
            matches!(code, Some("UNAVAILABLE" | "NOT_READABLE_YET")),
            "{answer}"
        );
    }
    true
}

#[test]
fn the_node_that_folds_is_killed_again_and_again() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let mut random = Random::new();
    let load = Load::on(&cluster);
    load.during(|| {
        for _ in 0..20 {
            let before = load.count();
            soon("more is acknowledged", || {
                (load.count() > before + 5).then_some(())
            });
            thread::sleep(random.millis_below(100));
            cluster.kill_the_folding();
        }
    });
    let acknowledged = load.acknowledged.into_inner().unwrap();
    eprintln!("{} mutations were acknowledged", acknowledged.len());
    cluster.check(&acknowledged);
}

#[test]
fn a_node_that_hangs_is_replaced_and_goes_on_beside_the_others() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let hangs = cluster.folding();
    cluster.signal(hangs, "-STOP");
    let others: Vec<usize> = (0..3).filter(|number| *number != hangs).collect();
    let folds = |number: &usize| cluster.phase(*number).as_deref() == Some("live");
    soon("another one folds", || others.iter().find(|it| folds(it)));
    let mut acknowledged = HashMap::new();
    for (number, other) in others.iter().cycle().take(6).enumerate() {
        let title = format!("Question {number} meanwhile");
        let id = cluster.client(*other).unwrap().question(&title);
        acknowledged.insert(id, title);
    }
    cluster.signal(hangs, "-CONT");
    assert_ne!(cluster.folding(), hangs);
    let title = "Question of the one that is back";
    let id = cluster.client(hangs).unwrap().question(title);
    acknowledged.insert(id, title.to_owned());
    cluster.check(&acknowledged);
}

#[test]
fn postgresql_itself_is_restarted_again_and_again() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let load = Load::on(&cluster);
    load.during(|| {
        for _ in 0..5 {
            let before = load.count();
            soon("more is acknowledged", || {
                (load.count() > before + 5).then_some(())
            });
            cluster.postgres.restart();
        }
    });
    let acknowledged = load.acknowledged.into_inner().unwrap();
    eprintln!("{} mutations were acknowledged", acknowledged.len());
    cluster.check(&acknowledged);
}

#[test]
fn all_is_folded_anew_and_people_are_erased_while_others_read_and_write() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let load = Load::on(&cluster);
    load.during(|| {
        for account in ERASED {
            cluster.rebuild_and_erase(account);
        }
    });
    let acknowledged = load.acknowledged.into_inner().unwrap();
    eprintln!("{} mutations were acknowledged", acknowledged.len());
    cluster.check(&acknowledged);
}
