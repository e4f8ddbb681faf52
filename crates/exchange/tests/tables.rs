//! Tables out, of the demo community.

use std::collections::BTreeMap;
use std::io::Cursor;

use plaudit_exchange::Unwatched;
use plaudit_exchange::events::{Source, import};
use plaudit_exchange::lines::Format;
use plaudit_exchange::tables::{self, Private};
use plaudit_projection::{Touched, fold};
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
const FIGURES: [&str; 11] = [
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
    "accounts",
];

/// The demo community, with some more lines, folded.
async fn store(community: &Community, more: &str) -> SqliteStore {
    let source = Source::reader("demo", Cursor::new(demo() + more));
    import(&community.journal, source, &mut Unwatched)
        .await
        .unwrap();
    let store = SqliteStore::open(&community.folder.path().join("1.sqlite")).unwrap();
    let events = community.events().await;
    let mut from = 0;
    for batch in events.chunks(100) {
        let mut rows = store.fetch(&Touched::by(batch)).await.unwrap();
        for event in batch {
            fold(event, &mut rows).unwrap();
        }
        rows.finish();
        let to = from + batch.len() as u64;
        assert_eq!(store.commit(&rows, from, to).await.unwrap(), Commit::Done);
        from = to;
    }
    store
}

type Row = BTreeMap<String, String>;

/// The rows of a table by the id that comes first, as CSV has them; as NDJSON they are the same.
async fn rows(store: &dyn Store, table: &str, private: Private) -> BTreeMap<String, Row> {
    let written = async |format| {
        let mut out = Vec::new();
        let exported = match table {
            "accounts" => tables::accounts(store, private, format, &mut out).await,
            "profiles" => tables::profiles(store, private, format, &mut out).await,
            _ => tables::posts(store, format, &mut out).await,
        };
        (exported.unwrap(), String::from_utf8(out).unwrap())
    };
    let (exported, csv) = written(Format::Csv).await;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let first = reader.headers().unwrap()[0].to_owned();
    let rows: Vec<Row> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(exported.rows, rows.len() as u64);
    assert_eq!(exported.position, store.position().await.unwrap());

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
    rows.into_iter()
        .map(|row| (row[&first].clone(), row))
        .collect()
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
    assert_eq!(in_groups.count(), 27);
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
