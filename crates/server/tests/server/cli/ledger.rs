//! Why members have the points and badges that they have: what is exported of it adds up, and leads to
//! the history (DOMAIN K2, K4 to K6, K8).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use plaudit_projection::Rules;
use plaudit_projection::deed::Action;
use plaudit_projection::rules::Counted;
use serde_json::Value;

use super::community::Community;
use super::oracle::number;
use super::sites::beer;
use super::tables::{Row, ndjson};

/// A history with what is exported of it, private profiles and all.
struct Told {
    name: &'static str,
    /// By their positions.
    events: HashMap<u64, Value>,
    accounts: Vec<Row>,
    profiles: Vec<Row>,
    posts: Vec<Row>,
    ledger: Vec<Row>,
    badges: Vec<Row>,
}

impl Told {
    fn of(name: &'static str, community: &Community) -> Self {
        let table = |table| ndjson(&community.does(["export", table, "--personal"]));
        let events = community.events().into_iter();
        Self {
            name,
            events: events
                .map(|event| (event["position"].as_u64().unwrap(), event))
                .collect(),
            accounts: table("accounts"),
            profiles: table("profiles"),
            posts: ndjson(&community.does(["export", "posts"])),
            ledger: table("ledger"),
            badges: table("badges"),
        }
    }

    /// The demo and, where there is one, a real site; read once for all tests.
    fn all() -> &'static [Self] {
        static ALL: LazyLock<Vec<Told>> = LazyLock::new(|| {
            let site = beer().map(|site| Told::of("beer", &site.community()));
            let demo = Told::of("demo", &Community::demo());
            [demo].into_iter().chain(site).collect()
        });
        &ALL
    }
}

/// What rows add up to, by one of their columns.
fn sums<'a>(rows: &'a [Row], by: &str, of: &str) -> BTreeMap<&'a str, i64> {
    let mut sums = BTreeMap::new();
    for row in rows {
        *sums.entry(row[by].as_str()).or_default() += number(row, of);
    }
    sums
}

#[test]
fn k2_the_ledger_adds_up_to_the_points_of_everybody_and_these_to_the_level() {
    let kudos = Rules::standard().unwrap().kudos;
    for told in Told::all() {
        let ledger = sums(&told.ledger, "account", "points");
        let is_right = |row: &Row, points| {
            assert_eq!(number(row, "points"), points, "{}: {row:?}", told.name);
            let reached = kudos.levels.iter().filter(|level| level.points <= points);
            assert_eq!(number(row, "level"), reached.count().max(1) as i64);
        };
        for account in &told.accounts {
            let id = account["account"].as_str();
            is_right(account, ledger.get(id).copied().unwrap_or_default());
        }
        // DOMAIN L11: a profile's are those of its accounts, and the level is that of the sum.
        let profiles = sums(&told.accounts, "profile", "points");
        for profile in &told.profiles {
            is_right(profile, profiles[profile["profile"].as_str()]);
        }
        let levels: BTreeSet<_> = told.profiles.iter().map(|row| &row["level"]).collect();
        assert!(levels.len() > 4, "{}: {levels:?}", told.name);
    }
}

/// What may take back, and put back, what an event of some type earned; of a replaced acceptance it is
/// the same type.
fn undoes(on: &str) -> &'static [&'static str] {
    match on {
        // What is published was written when it was submitted.
        "PostCreated" => &[
            "ArticlePublished",
            "PostDeleted",
            "PostRemoved",
            "PostRestored",
        ],
        "PostLiked" => &[
            "LikeWithdrawn",
            "PostDeleted",
            "PostRemoved",
            "PostRestored",
        ],
        "AnswerAccepted" => &[
            "AcceptanceWithdrawn",
            "PostDeleted",
            "PostRemoved",
            "PostRestored",
        ],
        "GroupJoined" => &["GroupLeft"],
        _ => &[],
    }
}

/// Not for 10 members: for all.
#[test]
fn k4_k8_behind_every_row_of_the_ledger_is_an_event_of_its_rules_kind() {
    let kudos = Rules::standard().unwrap().kudos;
    let on = |action: Action| Action::ALL.iter().find(|(it, ..)| *it == action).unwrap().1;
    for told in Told::all() {
        let posts: BTreeSet<&str> = told.posts.iter().map(|row| row["post"].as_str()).collect();
        let mut seen: BTreeMap<(&str, &str, bool), usize> = BTreeMap::new();
        for row in &told.ledger {
            let event = &told.events[&(number(row, "position") as u64)];
            let kind = event["type"].as_str().unwrap();
            let (_, reason) = kudos.reason_by_id(&row["rule"]).unwrap();
            let (actions, is_rule) = match &reason.counts {
                Counted::Each { deeds, .. } => (vec![deeds.action], true),
                Counted::Steps { steps, .. } => {
                    (steps.iter().map(|step| step.deeds.action).collect(), false)
                }
            };
            let mut kinds = actions.iter().map(|action| on(*action));
            assert!(
                kinds.any(|on| kind == on || undoes(on).contains(&kind)),
                "{kind}: {row:?}"
            );
            assert_eq!(row["at"], event["occurred_at"].as_str().unwrap());
            assert!(row["cause"].is_empty() || posts.contains(row["cause"].as_str()));

            let points = number(row, "points");
            let takes = [
                "LikeWithdrawn",
                "AcceptanceWithdrawn",
                "PostDeleted",
                "PostRemoved",
                "GroupLeft",
            ];
            if takes.contains(&kind) {
                assert!(points <= 0, "{row:?}");
            } else if kind != "AnswerAccepted" {
                // That may replace another.
                assert!(points >= 0, "{row:?}");
            }
            if is_rule && actions.iter().any(|action| on(*action) == kind) {
                // What earned it names who earned it.
                let names = event["data"].to_string().contains(&row["account"]);
                assert!(names, "{row:?}: {event}");
            }
            *seen.entry((&row["rule"], kind, points < 0)).or_default() += 1;
        }
        eprintln!("{}: {} rows", told.name, told.ledger.len());
        for ((rule, kind, takes), rows) in seen {
            let what = if takes { "took" } else { "gave" };
            eprintln!("    {rule}: {kind} {what} points in {rows} rows");
        }
    }
}

/// Nobody in the demo is so liked that a day's limit is reached.
#[test]
fn k4_what_was_taken_back_is_exactly_what_was_credited() {
    let told = &Told::all()[0];
    let kinds: BTreeSet<&str> = told
        .events
        .values()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    for kind in [
        "LikeWithdrawn",
        "AcceptanceWithdrawn",
        "PostDeleted",
        "PostRestored",
    ] {
        assert!(
            kinds.contains(kind),
            "nothing of this is shown without {kind}"
        );
    }
    let of_likes = told
        .ledger
        .iter()
        .filter(|row| row["rule"] == "like-received");
    let of_likes: Vec<Row> = of_likes.cloned().collect();
    let of_likes = sums(&of_likes, "cause", "points");
    for post in told.posts.iter().filter(|post| !post["author"].is_empty()) {
        let likes = match post["deleted"].as_str() {
            "true" => 0,
            _ => number(post, "likes"),
        };
        let points = of_likes.get(post["post"].as_str()).copied();
        assert_eq!(points.unwrap_or_default(), 2 * likes, "{post:?}");
    }
}

#[test]
fn k5_a_challenge_is_completed_by_one_event_and_counts_once_unless_it_repeats() {
    let kudos = Rules::standard().unwrap().kudos;
    for told in Told::all() {
        let mut completed = 0;
        for reason in &kudos.reasons {
            let Counted::Steps { repeats, .. } = reason.counts else {
                continue;
            };
            let rows = told.ledger.iter().filter(|row| row["rule"] == reason.id);
            let rows: Vec<Row> = rows.cloned().collect();
            for (account, points) in sums(&rows, "account", "points") {
                let times = points / reason.points;
                assert_eq!(points, times * reason.points);
                assert!(
                    times == 1 || times == 0 || repeats,
                    "{account} {}",
                    reason.id
                );
                completed += times;
            }
        }
        assert!(completed > 0, "{}", told.name);
    }
}

#[test]
fn k6_a_profile_has_as_many_badges_as_are_listed_each_kind_by_itself() {
    let rules = Rules::standard().unwrap();
    for told in Told::all() {
        let mut listed: BTreeMap<&str, i64> = BTreeMap::new();
        let mut once = BTreeSet::new();
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for row in &told.badges {
            *listed.entry(&row["profile"]).or_default() += 1;
            *kinds.entry(&row["kind"]).or_default() += 1;
            let badge = rules.kudos.badge_by_id(&row["badge"]);
            let is_computed = row["kind"] == "milestone";
            for column in ["account", "awarded_at", "position"] {
                assert_eq!(row[column].is_empty(), is_computed, "{row:?}");
            }
            let repeats = match row["kind"].as_str() {
                "kudos" => badge.unwrap().1.repeatable,
                "granted" => true,
                "milestone" | "course" => false,
                kind => panic!("{kind}"),
            };
            if !repeats {
                assert!(once.insert((&row["profile"], &row["badge"])), "{row:?}");
            }
        }
        for profile in &told.profiles {
            let badges = listed.remove(profile["profile"].as_str());
            assert_eq!(number(profile, "badges"), badges.unwrap_or_default());
        }
        assert!(listed.is_empty(), "{listed:?} are no profiles");
        eprintln!("{}: {kinds:?}", told.name);
    }
}
