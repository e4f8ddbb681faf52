//! Tables out, of the demo community.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;

use plaudit_exchange::Unwatched;
use plaudit_exchange::events::{Source, import};
use plaudit_exchange::lines::Format;
use plaudit_exchange::tables::{Private, Table, Tables};
use plaudit_projection::{Needs, Rules, Touched, fold};
use plaudit_store::sqlite::SqliteStore;
use plaudit_store::{Commit, Store};

use crate::community::{Community, demo};

/// Two accounts of one profile, its primary first.
const LINKED: [&str; 2] = [
    "57236ac8-5af3-5413-b16b-034f5f939f81",
    "889fad0e-2c2c-580b-91d3-4141c6892028",
];
/// Whose profile is private.
const PRIVATE: [&str; 2] = [
    "bd0ad0bc-5141-5d55-aadd-8877cc0bd3f9",
    "83c98657-e90b-57e5-97b5-3e2d834f27b1",
];
/// What says something about whose it is, if only how much they did.
const FIGURES: [&str; 15] = [
    "questions",
    "discussions",
    "answers",
    "articles",
    "comments",
    "total_posts",
    "accepted_solutions",
    "likes_received",
    "likes_given",
    "courses_completed",
    "points",
    "level",
    "badges",
    "peer_kudos_received",
    "accounts",
];

/// The demo community, with some more lines, folded.
async fn store(community: &Community, more: &str) -> SqliteStore {
    folded(community, more, &Rules::standard().unwrap()).await
}

/// The same, by some rules.
async fn folded(community: &Community, more: &str, rules: &Rules) -> SqliteStore {
    let source = Source::reader("demo", Cursor::new(demo() + more));
    import(&community.journal, source, &mut Unwatched)
        .await
        .unwrap();
    fold_all(community, rules).await
}

/// All that is recorded of a community, folded.
pub async fn fold_all(community: &Community, rules: &Rules) -> SqliteStore {
    let store = SqliteStore::open(
        &community.folder.path().join("1.sqlite"),
        &rules.folding_hash(),
    )
    .unwrap();
    let events = community.events().await;
    let mut from = 0;
    for batch in events.chunks(100) {
        let mut rows = store.fetch(&Touched::by(batch)).await.unwrap();
        for event in batch {
            fold(event, &mut rows).unwrap();
        }
        let needs = Needs::of(&rows, rules);
        store.fetch_for(&needs, &mut rows).await.unwrap();
        rows.reckon(rules);
        rows.finish(rules);
        let to = from + batch.len() as u64;
        assert_eq!(store.commit(&rows, from, to).await.unwrap(), Commit::Done);
        from = to;
    }
    store
}

type Row = BTreeMap<String, String>;

/// The rows of a table by the id that comes first, of which there are no two.
async fn rows(store: &dyn Store, table: &str, private: Private) -> BTreeMap<String, Row> {
    let id = match table {
        "accounts" => "account",
        "profiles" => "profile",
        _ => "post",
    };
    let rows = listed(store, table, &Rules::standard().unwrap(), private).await;
    rows.into_iter().map(|row| (row[id].clone(), row)).collect()
}

fn named(name: &str) -> Table {
    let mut all = Table::ALL.into_iter();
    all.find(|table| table.name() == name).unwrap()
}

/// The rows of a table, as CSV has them; as NDJSON they are the same.
async fn listed(store: &dyn Store, table: &str, rules: &Rules, private: Private) -> Vec<Row> {
    let written = async |format| {
        let mut out = Vec::new();
        let mut tables = Tables {
            snapshot: store.snapshot().await.unwrap(),
            rules,
            now: plaudit_domain::Time::EPOCH,
            private,
        };
        assert_eq!(tables.position(), store.position().await.unwrap());
        let table = named(table);
        let rows = tables.write(table, format, &mut out, &mut Unwatched).await;
        (rows.unwrap(), String::from_utf8(out).unwrap())
    };
    let (count, csv) = written(Format::Csv).await;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<Row> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(count, rows.len() as u64);

    let (_, ndjson) = written(Format::Ndjson).await;
    let as_csv = |value: serde_json::Value| match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text,
        value => value.to_string(),
    };
    let lines = ndjson.lines().map(|line| {
        let line: BTreeMap<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        let cells = line.into_iter().map(|(name, value)| (name, as_csv(value)));
        cells.collect::<Row>()
    });
    assert_eq!(lines.collect::<Vec<_>>(), rows);
    rows
}

#[tokio::test]
async fn figures_of_private_profiles_go_out_only_where_they_are_asked_for() {
    let community = Community::new();
    let store = store(&community, "").await;
    for table in ["accounts", "profiles"] {
        let without = rows(&store, table, Private::Withheld).await;
        let with = rows(&store, table, Private::Included).await;
        // Not even that they are there is told of private profiles.
        let left_out = match table {
            "profiles" => PRIVATE.len(),
            _ => 0,
        };
        assert_eq!(without.len(), with.len() - left_out);
        for (id, row) in &without {
            let is_private = PRIVATE.contains(&id.as_str());
            for figure in FIGURES.iter().filter(|name| row.contains_key(**name)) {
                assert_eq!(row[*figure].is_empty(), is_private, "{table} {id} {figure}");
                assert!(!with[id][*figure].is_empty(), "{table} {id} {figure}");
            }
            if is_private {
                let others = [
                    "profile",
                    "source",
                    "registered_at",
                    "first_post_at",
                    "last_post_at",
                ];
                for field in others {
                    assert_eq!(row[field], "", "{table} {id}");
                }
            } else {
                assert_eq!(*row, with[id]);
            }
        }
        let katalin = &with[PRIVATE[0]];
        assert_eq!(katalin["total_posts"], "7");
        assert_eq!(katalin["courses_completed"], "1");
    }
    let profiles = rows(&store, "profiles", Private::Included).await;
    let private: Vec<&String> = profiles
        .iter()
        .filter(|(_, row)| row["visibility"] == "private")
        .map(|(id, _)| id)
        .collect();
    let mut expected = PRIVATE;
    expected.sort_unstable();
    assert_eq!(private, expected);
}

#[tokio::test]
async fn posts_go_out_whoever_wrote_them() {
    let community = Community::new();
    let store = store(&community, "").await;
    let posts = rows(&store, "posts", Private::Withheld).await;
    let of_private = posts.values().filter(|post| post["author"] == PRIVATE[0]);
    assert_eq!(of_private.count(), 8);
    let in_groups = posts.values().filter(|post| !post["group"].is_empty());
    assert_eq!(in_groups.count(), 29);
}

#[tokio::test]
async fn linked_accounts_go_out_with_their_profile_and_it_with_the_sum_of_both() {
    let community = Community::new();
    let store = store(&community, "").await;
    let accounts = rows(&store, "accounts", Private::Withheld).await;
    let profiles = rows(&store, "profiles", Private::Withheld).await;
    let [primary, other] = LINKED;
    assert_eq!(accounts[primary]["profile"], primary);
    assert_eq!(accounts[other]["profile"], primary);
    assert!(!profiles.contains_key(other));
    let profile = &profiles[primary];
    assert_eq!(profile["accounts"], "2");
    for figure in ["total_posts", "answers", "likes_received", "likes_given"] {
        let of = |account: &str| accounts[account][figure].parse::<i64>().unwrap();
        let sum = of(primary) + of(other);
        assert_eq!(profile[figure], sum.to_string(), "{figure}");
    }
    // One of the courses was completed with both.
    assert_eq!(accounts[primary]["courses_completed"], "1");
    assert_eq!(accounts[other]["courses_completed"], "2");
    assert_eq!(profile["courses_completed"], "2");
}

#[tokio::test]
async fn whose_the_accounts_of_a_private_profile_are_goes_out_only_where_it_is_asked_for() {
    let [primary, other] = LINKED;
    let private = format!(
        r#"{{"id":"00000000-0000-0000-0000-000000000001","stream":"account-{primary}","type":"ProfileVisibilityChanged","version":1,"occurred_at":"2026-11-01T12:00:00Z","data":{{"account":"{primary}","by":"{primary}","visibility":"private"}}}}"#
    );
    let community = Community::new();
    let store = store(&community, &private).await;
    let without = rows(&store, "accounts", Private::Withheld).await;
    let with = rows(&store, "accounts", Private::Included).await;
    for account in LINKED {
        assert_eq!(without[account]["profile"], "");
        assert_eq!(with[account]["profile"], primary);
        assert_eq!(without[account]["total_posts"], "");
        assert_ne!(with[account]["total_posts"], "");
    }
    let profiles = rows(&store, "profiles", Private::Withheld).await;
    assert!(!profiles.contains_key(primary) && !profiles.contains_key(other));
}

/// What points of an account come from, by its id.
fn points(rows: &[Row]) -> BTreeMap<&str, i64> {
    let mut points = BTreeMap::new();
    for row in rows {
        *points.entry(row["account"].as_str()).or_default() += number(row, "points");
    }
    points
}

fn number(row: &Row, column: &str) -> i64 {
    row[column].parse().unwrap()
}

#[test]
fn columns_come_in_the_order_that_was_promised() {
    for (table, header) in [
        (Table::Ledger, "account,rule,cause,position,at,points"),
        (
            Table::Badges,
            "profile,account,badge,kind,awarded_at,position",
        ),
    ] {
        let (_, columns) = table.shape();
        let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
        assert_eq!(names.join(","), header);
    }
}

#[tokio::test]
async fn what_private_profiles_have_and_why_goes_out_only_where_it_is_asked_for() {
    let community = Community::new();
    let store = store(&community, "").await;
    let rules = Rules::standard().unwrap();
    for (table, id) in [("ledger", "account"), ("badges", "profile")] {
        let without = listed(&store, table, &rules, Private::Withheld).await;
        let mut with = listed(&store, table, &rules, Private::Included).await;
        let of_private = |row: &Row| PRIVATE.contains(&row[id].as_str());
        assert!(with.iter().any(of_private), "{table}");
        with.retain(|row| !of_private(row));
        assert_eq!(without, with, "{table}");
    }
}

#[tokio::test]
async fn points_are_accounted_for_and_profiles_have_those_of_their_accounts() {
    let community = Community::new();
    let store = store(&community, "").await;
    let rules = Rules::standard().unwrap();
    let accounts = rows(&store, "accounts", Private::Included).await;
    let ledger = listed(&store, "ledger", &rules, Private::Included).await;
    let ledger = points(&ledger);
    for (id, account) in &accounts {
        let points = ledger.get(id.as_str()).copied().unwrap_or_default();
        assert_eq!(number(account, "points"), points, "{id}");
    }
    let profiles = rows(&store, "profiles", Private::Included).await;
    let [one, other] = LINKED.map(|id| number(&accounts[id], "points"));
    let both = &profiles[LINKED[0]];
    assert_eq!(number(both, "points"), one + other);
    let level = |points| rules.kudos.level(points).to_string();
    assert_eq!(both["level"], level(one + other));
    // An account has the level of its own points.
    assert_eq!(accounts[LINKED[1]]["level"], level(other));
}

/// One course was completed with both accounts.
#[tokio::test]
async fn l12_badges_of_courses_are_united_and_others_are_had_as_often_as_the_profile_has_them() {
    let community = Community::new();
    let store = store(&community, "").await;
    let rules = Rules::standard().unwrap();
    let badges = listed(&store, "badges", &rules, Private::Included).await;
    let profiles = rows(&store, "profiles", Private::Included).await;
    let of = |profile: &str| {
        let badges = badges.iter().filter(|row| row["profile"] == profile);
        badges.collect::<Vec<_>>()
    };
    for (id, profile) in &profiles {
        assert_eq!(profile["badges"], of(id).len().to_string(), "{id}");
    }
    let both = of(LINKED[0]);
    let courses = both.iter().filter(|row| row["kind"] == "course");
    assert_eq!(
        courses.count().to_string(),
        profiles[LINKED[0]]["courses_completed"]
    );
    for badge in &both {
        let is_computed = badge["kind"] == "milestone";
        assert_eq!(LINKED.contains(&badge["account"].as_str()), !is_computed);
    }
    let first = both.iter().filter(|row| row["badge"] == "first-answer");
    let earliest = both.iter().filter(|row| row["kind"] == "kudos");
    let earliest = earliest.map(|row| &row["awarded_at"]).min().unwrap();
    let first: Vec<_> = first.collect();
    assert_eq!(first.len(), 1, "though both accounts gave answers");
    assert_eq!(&first[0]["awarded_at"], earliest);
}

/// DOMAIN K1: the programme of a waiting list is for those who were enrolled from it.
/// Declan O'Rourke stands for a company, Hannah Feldman leads, and Håkon Eide did stand for another.
#[tokio::test]
async fn z1_a_profile_goes_out_with_the_lozenge_that_it_shows() {
    let community = Community::new();
    let store = store(&community, "").await;
    let profiles = rows(&store, "profiles", Private::Included).await;
    for (profile, lozenge) in [
        ("18e0b711-fa8b-5789-a7f2-3a6ee6ed2145", "partner"),
        ("264d3738-3f1f-5077-9c97-9ed8f2f8e595", "community-leader"),
        ("3a2184f1-a022-5e6d-8bdf-ec3108eab100", "contributor"),
        ("912a3a2c-f30c-5393-8dea-ddf96dc41dc6", "new-here"),
    ] {
        assert_eq!(profiles[profile]["lozenge"], lozenge, "{profile}");
    }
    let rising = profiles
        .values()
        .filter(|it| it["lozenge"] == "rising-star");
    for profile in rising {
        assert!(number(profile, "level") >= 4 && number(profile, "accepted_solutions") >= 5);
    }
}

#[tokio::test]
async fn who_takes_no_part_has_no_points_and_no_kudos_badges() {
    let standard = Rules::standard().unwrap();
    let mut files = standard.files().to_vec();
    for (_, text) in &mut files {
        // What somebody did before counts once they take part.
        *text = text.replace("\"automatic\"", "\"waitlist\"").replace(
            "retroactive = true\nbadge",
            "retroactive = true\nbefore_enrolment = 1.0\nbadge",
        );
    }
    let rules = Rules::parse(&files).unwrap();
    let enrolled: BTreeSet<String> = demo()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|event| event["type"] == "KudosEnrolled")
        .flat_map(|event| event["data"]["accounts"].as_array().unwrap().clone())
        .map(|account| account.as_str().unwrap().to_owned())
        .collect();
    let community = Community::new();
    let store = folded(&community, "", &rules).await;
    let badges = listed(&store, "badges", &rules, Private::Included).await;
    let kudos = badges.iter().filter(|row| row["kind"] == "kudos");
    let kudos: Vec<_> = kudos.collect();
    assert!(!kudos.is_empty());
    assert!(kudos.iter().all(|row| enrolled.contains(&row["account"])));
    // All else has nothing to do with it.
    assert!(badges.iter().any(|row| row["kind"] == "milestone"));

    let ledger = listed(&store, "ledger", &rules, Private::Included).await;
    let ledger = points(&ledger);
    for account in listed(&store, "accounts", &rules, Private::Included).await {
        let points = ledger.get(account["account"].as_str()).copied();
        assert!(points.is_none() || enrolled.contains(&account["account"]));
        assert_eq!(number(&account, "points"), points.unwrap_or_default());
        if points.is_none() {
            assert_eq!(account["level"], "1");
        }
    }
    assert!(!ledger.is_empty() && ledger.len() < 20, "{}", ledger.len());
}
