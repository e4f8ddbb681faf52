//! Read models that are renewed while people read: by other rules, by others, or because somebody asks.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plaudit_domain::Actor;
use plaudit_domain::account::{Register, Rename};
use plaudit_domain::erasure::{Content, Erase};
use plaudit_domain::links::Withdraw;
use plaudit_journal::SharedJournal;
use plaudit_projection::Rules;
use plaudit_replay::activation::activate;
use plaudit_replay::live::Target;
use plaudit_replay::renewal::Renewing;
use plaudit_replay::{Community, Generations, Renewal, Request};
use tokio::time::sleep;
use uuid::Uuid;

use crate::folder::Folder;
use crate::histories::account;

const PATIENCE: Duration = Duration::from_secs(30);

/// The standard rules, with something written otherwise.
fn rules(from: &str, to: &str) -> Arc<Rules> {
    let mut files = Rules::standard().unwrap().files().to_vec();
    let (_, text) = files
        .iter_mut()
        .find(|(_, text)| text.contains(from))
        .unwrap();
    *text = text.replacen(from, to, 1);
    Arc::new(Rules::parse(&files).unwrap())
}

/// By them other rows are folded.
fn waitlist() -> Arc<Rules> {
    rules("\"automatic\"", "\"waitlist\"")
}

fn standard() -> Arc<Rules> {
    Arc::new(Rules::standard().unwrap())
}

struct Served {
    folder: Folder,
    journal: SharedJournal,
    community: Arc<Community>,
}

impl Served {
    async fn new() -> Self {
        let folder = Folder::new();
        let journal = folder.journal();
        let generations = Generations::open(&folder.path("generations"), standard()).unwrap();
        let store = generations.current(&journal, &mut |_| ()).await.unwrap();
        let target = Target {
            generations: Some((generations.clone(), store.number)),
            store: store.store,
            rules: standard(),
        };
        let community = Community::start(journal.clone(), target).await.unwrap();
        let community = Arc::new(community);
        community.renew_in(generations).unwrap();
        Self {
            folder,
            journal,
            community,
        }
    }

    fn renewal(&self) -> &Renewal {
        self.community.renewal().unwrap()
    }

    async fn until(&self, stands: impl Fn(&Renewing) -> bool) -> Renewing {
        let began = Instant::now();
        loop {
            let state = self.renewal().state();
            if stands(&state) {
                return state;
            }
            assert!(began.elapsed() < PATIENCE, "{state:?}");
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Brings rules into force; how it stands once they are read by.
    async fn goes_by(&self, rules: &Rules) -> Renewing {
        activate(&self.journal, rules).await.unwrap();
        let began = Instant::now();
        while self.community.read_models().rules().hash() != rules.hash() {
            assert!(began.elapsed() < PATIENCE, "{:?}", self.renewal().state());
            sleep(Duration::from_millis(10)).await;
        }
        self.until(|state| state.work.is_none()).await
    }

    async fn register(&self, number: u8, name: &str) {
        let register = Register { name: name.into() };
        let registered = self.community.execute(&request(number), &register).await;
        registered.unwrap();
    }

    fn generations(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path("generations")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name.ends_with(".sqlite")).collect();
        names.sort();
        names
    }

    fn in_use(&self) -> String {
        fs::read_to_string(self.folder.path("generations/current")).unwrap()
    }
}

fn request(number: u8) -> Request {
    Request {
        actor: Actor::member(account(number)),
        id: Uuid::now_v7(),
        idempotency: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_rules_are_folded_by_and_going_back_folds_nothing() {
    let served = Served::new().await;
    served.register(1, "Ada").await;
    assert_eq!(served.renewal().state().rebuilds, 0);
    let renewed = served.goes_by(&waitlist()).await;
    assert_eq!((renewed.swaps, renewed.rebuilds), (1, 1));
    assert_eq!(served.in_use(), "2\n");
    // Nobody folds into what nobody reads from: it has to be caught up.
    served.register(2, "Ben").await;

    let renewed = served.goes_by(&standard()).await;
    assert_eq!((renewed.swaps, renewed.rebuilds), (2, 1));
    assert_eq!(served.in_use(), "1\n");
    let store = served.community.read_models().store().clone();
    assert_eq!(store.accounts_by_id(&[account(2)]).await.unwrap().len(), 1);
    let renewed = served.goes_by(&waitlist()).await;
    assert_eq!((renewed.swaps, renewed.rebuilds), (3, 1));
    assert_eq!(served.generations(), ["1.sqlite", "2.sqlite"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_are_taken_back_while_they_are_folded_by_are_never_read_by() {
    let served = Served::new().await;
    served.register(1, "Ada").await;
    // As long as somebody else makes a generation, none is made here.
    let rebuilding = fs::File::create(served.folder.path("generations/rebuilding")).unwrap();
    rebuilding.lock().unwrap();
    activate(&served.journal, &waitlist()).await.unwrap();
    sleep(Duration::from_millis(1_500)).await;
    activate(&served.journal, &standard()).await.unwrap();
    served.register(2, "Ben").await;
    sleep(Duration::from_millis(1_500)).await;
    drop(rebuilding);
    sleep(Duration::from_millis(1_500)).await;
    let state = served.renewal().state();
    assert_eq!((state.swaps, state.rebuilds), (0, 0), "{state:?}");
    assert_eq!(served.generations(), ["1.sqlite"]);

    let renewed = served.goes_by(&waitlist()).await;
    assert_eq!((renewed.swaps, renewed.rebuilds), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_by_which_the_same_is_folded_are_read_by_at_once() {
    let served = Served::new().await;
    served.register(1, "Ada").await;
    let renewed = served.goes_by(&rules("\"Luminary\"", "\"Star\"")).await;
    assert_eq!((renewed.swaps, renewed.rebuilds), (1, 0));
    assert_eq!(served.in_use(), "1\n");
    served.register(2, "Ben").await;
    // The same rows go on, and are counted once.
    assert_eq!(
        served.community.folded().events,
        served.journal.head().await.unwrap()
    );
    let renewed = served.goes_by(&standard()).await;
    assert_eq!((renewed.swaps, renewed.rebuilds), (2, 0));
    served.register(3, "Cleo").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_folded_anew_when_somebody_asks_and_the_one_before_is_kept() {
    let served = Served::new().await;
    served.register(1, "Ada").await;
    for number in 1..4 {
        assert!(served.renewal().rebuild());
        let renewed = served.until(|state| state.swaps == number).await;
        assert_eq!(renewed.rebuilds, number);
        served.until(|state| state.work.is_none()).await;
    }
    assert_eq!(served.in_use(), "4\n");
    assert_eq!(served.community.read_models().generation(), Some(4));
    // One that was open until just now goes with the next.
    let kept = served.generations();
    assert!(
        kept.ends_with(&["3.sqlite".into(), "4.sqlite".into()]),
        "{kept:?}"
    );
    assert!(kept.len() <= 3, "{kept:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_made_is_taken_up() {
    let served = Served::new().await;
    served.register(1, "Ada").await;
    let beside = Generations::open(&served.folder.path("generations"), standard()).unwrap();
    drop(beside.rebuild(&served.journal, &mut |_| ()).await.unwrap());
    let renewed = served.until(|state| state.swaps == 1).await;
    assert_eq!(renewed.rebuilds, 0);
    assert_eq!(served.community.read_models().generation(), Some(2));
    served.register(2, "Ben").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_the_one_in_use_goes_on_and_it_is_told() {
    let served = Served::new().await;
    served.register(1, "Ada").await;
    // It can't be named.
    let obstacle = served.folder.path("generations/current.new");
    fs::create_dir(&obstacle).unwrap();
    assert!(served.renewal().rebuild());
    let failed = served.until(|state| state.failure.is_some()).await;
    let failure = failed.failure.clone().unwrap();
    assert!(
        failure.message.contains("/current: "),
        "{}",
        failure.message
    );
    assert_eq!((failed.swaps, served.in_use().as_str()), (0, "1\n"));
    served.register(2, "Ben").await;
    // What was made takes no room.
    assert_eq!(served.generations(), ["1.sqlite"]);

    fs::remove_dir(&obstacle).unwrap();
    served.until(|state| state.work.is_none()).await;
    assert!(served.renewal().rebuild());
    let renewed = served.until(|state| state.swaps == 1).await;
    assert!(renewed.failure.is_none());
    assert_eq!((failed.failures, renewed.failures), (1, 1));
    served.register(3, "Cleo").await;
}

/// DOMAIN H4.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_is_gone_from_every_generation_after_a_roll_back_and_while_one_is_made() {
    let served = Served::new().await;
    for (number, name) in [(1, "Wilhelmina"), (2, "Bartholomew")] {
        served.register(number, "Somebody").await;
        let rename = Rename { name: name.into() };
        let community = &served.community;
        community.execute(&request(number), &rename).await.unwrap();
    }
    served.goes_by(&waitlist()).await;
    served.goes_by(&standard()).await;
    assert_eq!(holding(&served, "Wilhelmina"), 2);
    erase(&served, 1).await;
    gone(&served, "Wilhelmina").await;

    assert!(served.renewal().rebuild());
    erase(&served, 2).await;
    gone(&served, "Bartholomew").await;
    served.until(|state| state.work.is_none()).await;
    gone(&served, "Bartholomew").await;
}

async fn erase(served: &Served, number: u8) {
    let request = request(number);
    let withdraw = Withdraw {
        account: account(number),
    };
    served.community.execute(&request, &withdraw).await.unwrap();
    let erase = Erase {
        account: account(number),
        content: Content::Remove,
    };
    served.community.execute(&request, &erase).await.unwrap();
}

/// In how many files of read models some words stand.
fn holding(served: &Served, words: &str) -> usize {
    let holds = |path: &Path| {
        let bytes = fs::read(path).unwrap_or_default();
        bytes.windows(words.len()).any(|it| it == words.as_bytes())
    };
    let files = fs::read_dir(served.folder.path("generations")).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    let stems = files.iter().filter(|path| holds(path));
    let mut stems: Vec<_> = stems
        .map(|path| path.file_name().unwrap().to_string_lossy()[..8].to_owned())
        .collect();
    stems.sort();
    stems.dedup();
    stems.len()
}

async fn gone(served: &Served, words: &str) {
    let began = Instant::now();
    while holding(served, words) > 0 {
        assert!(
            began.elapsed() < PATIENCE,
            "{words} {:?}",
            served.generations()
        );
        sleep(Duration::from_millis(50)).await;
    }
}
