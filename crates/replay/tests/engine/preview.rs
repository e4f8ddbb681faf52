//! What other rules would change is what a rebuild by either tells by comparing them (DOMAIN K11).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use plaudit_domain::Time;
use plaudit_journal::SharedJournal;
use plaudit_projection::Rules;
use plaudit_replay::Generations;
use plaudit_replay::preview::thing::Kind;
use plaudit_replay::preview::{PreviewError, Progress, Stage, preview};
use plaudit_store::SharedStore;
use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tokio::runtime::Runtime;

use crate::folder::Folder;
use crate::histories::{any_steps, events};
use crate::live::registered;
use crate::meddling::Counted;
use crate::naive_preview::errors;

const DAY: i64 = 86_400_000_000;

const LOZENGES: &str = r#"
[[perk]]
id = "publishing"
title = "Publishing"
description = "Publishes without review"
publishes_in = "all"

[[lozenge]]
id = "one"
title = "One"
description = "Granted"
precedence = 4
perks = ["publishing"]
granted = true

[[lozenge]]
id = "two"
title = "Two"
description = "Granted, too"
precedence = 3
granted = true

[[lozenge]]
id = "leading"
title = "Leading"
description = "Leads an active group"
precedence = 2
when = [{ figure = "active_groups_led", at_least = 1 }]

[[lozenge]]
id = "known"
title = "Known"
description = "Came to the second level"
precedence = 1
when = [{ figure = "level", at_least = 2 }]
"#;

const GROUPS: &str = r#"
[activity]
at_risk_after_days = 10
inactive_after_days = 20

[[benefit]]
id = "flour"
title = "Flour"
description = "A sack of it"
kind = "swag"
"#;

const LADDER: &str = "\n[[ladder]]\nid = \"posts\"\ncounts = \"total_posts\"\ntitle = \"{n} posts\"\n\
                      description = \"{n} posts\"\nretroactive = true\nthresholds = [1, 2, 4]\n";

const BADGE: &str = "\n[[badge]]\nid = \"liked\"\ntitle = \"Liked\"\ndescription = \"Was liked\"\n";

/// What may be written otherwise: in which file, what, and how. Each goes with each.
pub const CHANGES: [(&str, &str, &str); 18] = [
    ("kudos.toml", "points = 5\nretro", "points = 7\nretro"),
    ("kudos.toml", "points = 9\nretro", "points = 1\nretro"),
    ("kudos.toml", "points = 11\nper", "points = 4\nper"),
    (
        "kudos.toml",
        "policy = \"waitlist\"",
        "policy = \"automatic\"",
    ),
    (
        "kudos.toml",
        "name = \"Two\"\npoints = 10",
        "name = \"Two\"\npoints = 6",
    ),
    ("kudos.toml", "repeatable = true\n", ""),
    ("kudos.toml", "gifts = 3", "gifts = 5"),
    ("kudos.toml", "id = \"asking\"", "id = \"found\""),
    (
        "kudos.toml",
        "points = 4\nretro",
        "points = 4\nbadge = \"liked\"\nretro",
    ),
    ("challenges.toml", "count = 3", "count = 2"),
    ("milestones.toml", "[1, 2, 3]", "[1, 3]"),
    ("milestones.toml", "[1, 2, 4]", "[2, 3, 4]"),
    ("lozenges.toml", "precedence = 4", "precedence = 2000"),
    ("lozenges.toml", "precedence = 3", "precedence = 3000"),
    ("lozenges.toml", "at_least = 2", "at_least = 1"),
    (
        "lozenges.toml",
        "title = \"Known\"",
        "title = \"Known\"\nperks = [\"publishing\"]",
    ),
    ("lozenges.toml", "publishes_in = \"all\"\n", ""),
    (
        "groups.toml",
        "inactive_after_days = 20",
        "inactive_after_days = 40",
    ),
];

/// The rules that histories come up against, with something written otherwise.
pub fn rules(changes: &[(&str, &str, &str)]) -> Arc<Rules> {
    let kudos = include_str!("rules/kudos.toml");
    let badge = "badge = \"liked\"\npoints = 6\nretro";
    let kudos = kudos.replacen("points = 6\nretro", badge, 1);
    let kudos = kudos.replacen("\n[[rule]]", &format!("{BADGE}\n[[rule]]"), 1);
    let milestones = include_str!("rules/milestones.toml").to_owned() + LADDER;
    let mut files = [
        ("kudos.toml", kudos),
        (
            "challenges.toml",
            include_str!("rules/challenges.toml").to_owned(),
        ),
        ("milestones.toml", milestones),
        ("lozenges.toml", LOZENGES.to_owned()),
        ("groups.toml", GROUPS.to_owned()),
    ];
    for (file, from, to) in changes {
        let (_, text) = files.iter_mut().find(|(name, _)| name == file).unwrap();
        assert!(text.contains(from), "{file} has {from}");
        *text = text.replacen(from, to, 1);
    }
    let files = files.map(|(name, text)| (name.to_owned(), text));
    Arc::new(Rules::parse(&files).unwrap_or_else(|error| panic!("{error}")))
}

pub fn generations(folder: &Folder, rules: Arc<Rules>) -> Generations {
    Generations::open(&folder.path("generations"), rules).unwrap()
}

/// The rows that somebody reads by these rules.
async fn in_use(folder: &Folder, journal: &SharedJournal, rules: Arc<Rules>) -> SharedStore {
    let generations = generations(folder, rules);
    generations
        .current(journal, &mut |_| ())
        .await
        .unwrap()
        .store
}

const NONE: [String; 0] = [];
const STEPS: usize = 500;

fn any_changes() -> impl Strategy<Value = Vec<(&'static str, &'static str, &'static str)>> {
    subsequence(CHANGES.to_vec(), 0..=8)
}

/// The property below would hold where nothing changes for anybody, too.
#[test]
fn what_is_changed_makes_a_difference_of_every_kind() {
    let mut runner = TestRunner::deterministic();
    let mut kinds = BTreeMap::new();
    Runtime::new().unwrap().block_on(async {
        for (_, days) in (0..120).zip([22, 30, 45].into_iter().cycle()) {
            if kinds.len() == Kind::ALL.len() {
                break;
            }
            let steps = any_steps(1_000).new_tree(&mut runner).unwrap().current();
            let changes = any_changes().new_tree(&mut runner).unwrap().current();
            let folder = Folder::new();
            let journal = folder.journal();
            journal.append_many(events(&steps)).await.unwrap();
            let store = in_use(&folder, &journal, rules(&[])).await;
            let proposed = generations(&folder, rules(&changes));
            let (rules, now) = (rules(&[]), Time::from_micros(days * DAY));
            let sides = (&*store, &*rules);
            let found = preview(&journal, sides, &proposed, now, &mut |_| ()).await;
            let found = found.unwrap();
            for change in &found.changes {
                let kind = found.thing(change.thing).kind;
                *kinds.entry(kind).or_insert(0) += change.gaining + change.losing;
            }
        }
    });
    assert_eq!(kinds.len(), Kind::ALL.len(), "{kinds:?}");
    assert!(kinds.values().all(|profiles| *profiles > 0), "{kinds:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn k11_a_preview_tells_what_a_rebuild_by_either_rules_tells(
        steps in any_steps(STEPS),
        changes in any_changes(),
        back in any::<bool>(),
        days in 0..60i64,
    ) {
        Runtime::new().unwrap().block_on(async {
            let folder = Folder::new();
            let journal = folder.journal();
            journal.append_many(events(&steps)).await.unwrap();
            let mut sides = [rules(&[]), rules(&changes)];
            if back {
                sides.reverse();
            }
            let [rules, proposed] = sides;
            let store = in_use(&folder, &journal, rules.clone()).await;
            // What comes later isn't folded into these rows, and so makes no difference.
            let position = store.position().await.unwrap();
            let anew = generations(&folder, proposed.clone());
            let now = Time::from_micros(days * DAY);
            let found = preview(&journal, (&*store, &*rules), &anew, now, &mut |_| ()).await;
            let found = found.unwrap();
            prop_assert_eq!(found.position, position);
            let is_folded = rules.folding_hash() != proposed.folding_hash();
            prop_assert_eq!(found.replayed, is_folded);
            prop_assert_eq!(errors(&folder, &journal, [&rules, &proposed], &found).await, NONE);
            Ok(())
        })?;
    }
}

/// A random history that much happens in, the rows by the rules, and how often the journal is read.
pub async fn history(folder: &Folder) -> (Arc<Counted>, SharedStore) {
    let mut runner = TestRunner::deterministic();
    let steps = any_steps(1_000).new_tree(&mut runner).unwrap().current();
    let journal = folder.journal();
    journal.append_many(events(&steps)).await.unwrap();
    let store = in_use(folder, &journal, rules(&[])).await;
    (Counted::new(journal), store)
}

/// The files of generations.
pub fn files(folder: &Folder) -> BTreeSet<String> {
    let files = fs::read_dir(folder.path("generations")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    // The lock stays; what SQLite has beside a file comes and goes.
    names
        .filter(|it| it.ends_with(".sqlite") || it == "current")
        .collect()
}

#[tokio::test]
async fn no_event_is_read_where_only_levels_milestones_lozenges_or_groups_change() {
    let folder = Folder::new();
    let (journal, store) = history(&folder).await;
    let shared: SharedJournal = journal.clone();
    let read_only = [4, 5, 6, 7, 11, 12, 13, 14, 15, 16, 17].map(|number| CHANGES[number]);
    let (rules_before, now) = (rules(&[]), Time::from_micros(25 * DAY));
    let mut affected = 0;
    for change in read_only.into_iter().chain([CHANGES[0]]) {
        let mut stages = BTreeSet::new();
        let mut watch = |progress: Progress| {
            stages.insert(progress.stage as u8);
        };
        let proposed = generations(&folder, rules(&[change]));
        let sides = (&*store, &*rules_before);
        let read = journal.read.swap(0, Ordering::Relaxed);
        assert_eq!(read, 0);
        let found = preview(&shared, sides, &proposed, now, &mut watch).await;
        let found = found.unwrap();
        let is_folded = change == CHANGES[0];
        assert_eq!(found.replayed, is_folded, "{change:?}");
        assert_eq!(
            journal.read.load(Ordering::Relaxed) > 0,
            is_folded,
            "{change:?}"
        );
        assert_eq!(stages.contains(&(Stage::Replaying as u8)), is_folded);
        let errors = errors(
            &folder,
            &journal.journal,
            [&rules_before, proposed.rules()],
            &found,
        );
        assert_eq!(errors.await, NONE, "{change:?}");
        affected += found.effects.len();
    }
    assert!(affected > 0);
    assert_eq!(
        files(&folder),
        ["1.sqlite", "current"].map(str::to_owned).into()
    );
}

#[tokio::test]
async fn it_is_of_the_position_of_the_rows_whatever_is_recorded_meanwhile() {
    let folder = Folder::new();
    let (journal, store) = history(&folder).await;
    let shared: SharedJournal = journal.clone();
    let position = store.position().await.unwrap();
    let later = vec![registered(200), registered(201)];
    shared.append_many(later).await.unwrap();
    let proposed = generations(&folder, rules(&CHANGES[..4]));
    let (rules, now) = (rules(&[]), Time::from_micros(25 * DAY));
    let found = preview(&shared, (&*store, &*rules), &proposed, now, &mut |_| ()).await;
    let found = found.unwrap();
    assert_eq!(found.position, position);
    assert!(found.totals.gaining > 0 && found.replayed);
}

#[tokio::test]
async fn whoever_gives_up_leaves_nothing_behind() {
    let folder = Folder::new();
    let (journal, store) = history(&folder).await;
    let shared: SharedJournal = journal.clone();
    let proposed = generations(&folder, rules(&CHANGES[..4]));
    let rules = rules(&[]);
    let now = Time::from_micros(0);
    let mut watch = |_| ();
    let making = preview(&shared, (&*store, &*rules), &proposed, now, &mut watch);
    // It is dropped where it waits for the first events.
    journal.is_held.store(true, Ordering::Relaxed);
    let made = tokio::time::timeout(Duration::from_millis(200), making).await;
    assert!(made.is_err(), "it waits");
    assert_eq!(
        files(&folder),
        ["1.sqlite", "current"].map(str::to_owned).into()
    );
}

#[tokio::test]
async fn rows_of_another_history_are_not_compared() {
    let folder = Folder::new();
    let (_, store) = history(&folder).await;
    let other = Folder::new();
    let journal = other.journal();
    journal.append_many(vec![registered(1)]).await.unwrap();
    let proposed = generations(&folder, rules(&CHANGES[..4]));
    let (rules, now) = (rules(&[]), Time::from_micros(0));
    let found = preview(&journal, (&*store, &*rules), &proposed, now, &mut |_| ()).await;
    assert!(matches!(found, Err(PreviewError::Folding(_))), "{found:?}");
}
