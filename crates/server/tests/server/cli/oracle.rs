//! Real histories against totals that others computed from the same files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use plaudit_domain::Time;
use serde_json::{Map, Value, json};

use super::community::{Community, TABLES, text};
use super::sites::{Site, beer, conlang, datasets};
use super::tables::{Row, csv, ndjson};

fn sites() -> impl Iterator<Item = &'static Site> {
    [conlang(), beer()].into_iter().flatten()
}

pub fn oracle(site: &Site, file: &str) -> Vec<Row> {
    csv(std::fs::read(site.oracle.join(file)).unwrap())
}

pub fn number(row: &Row, column: &str) -> i64 {
    match row[column].as_str() {
        "" => 0,
        text => text.parse().unwrap(),
    }
}

fn sum(rows: &[Row], column: &str) -> i64 {
    rows.iter().map(|row| number(row, column)).sum()
}

/// A moment, which the totals tell without its zone.
fn moment(text: &str) -> Option<Time> {
    let text = text.trim_end_matches('Z');
    (!text.is_empty()).then(|| format!("{text}Z").parse().unwrap())
}

/// The rows of a source, by the ids that they had there; every id once.
pub fn by_source_id<'a>(rows: &'a [Row], source: &str) -> BTreeMap<&'a str, &'a Row> {
    let rows = rows.iter().filter(|row| row["source"] == source);
    let mut by_id = BTreeMap::new();
    for row in rows {
        let before = by_id.insert(row["source_id"].as_str(), row);
        assert_eq!(before, None, "two of one id");
    }
    by_id
}

/// The ids that rows had where they came from, by the ids that they have here.
fn source_ids(rows: &[Row], id: &str) -> HashMap<String, String> {
    rows.iter()
        .map(|row| (row[id].clone(), row["source_id"].clone()))
        .collect()
}

#[test]
fn a_table_is_the_same_in_every_format() {
    for site in sites() {
        let community = site.community();
        for (table, lines) in TABLES.iter().zip(&site.exports) {
            let rows = csv(community.does(["export", table, "--format", "csv"]));
            assert_eq!(rows, ndjson(lines), "{table}");
        }
    }
}

#[test]
fn what_every_user_did_and_received_is_what_the_dump_says() {
    for site in sites() {
        let accounts = ndjson(&site.exports[0]);
        let mut accounts = by_source_id(&accounts, site.source);
        for user in oracle(site, "user_totals.csv") {
            let id = user["user_id"].as_str();
            let account = accounts.remove(id).expect(id);
            for (ours, theirs) in [
                ("questions", "questions"),
                ("answers", "answers"),
                ("comments", "comments"),
                ("accepted_solutions", "answers_accepted"),
                ("likes_received", "likes_received"),
            ] {
                assert_eq!(
                    number(account, ours),
                    number(&user, theirs),
                    "{ours} of {id}"
                );
            }
            for (ours, theirs) in [
                ("registered_at", "registered"),
                ("first_post_at", "first_post"),
                ("last_post_at", "last_post"),
            ] {
                assert_eq!(
                    moment(&account[ours]),
                    moment(&user[theirs]),
                    "{ours} of {id}"
                );
            }
        }
        assert_eq!(accounts, BTreeMap::new(), "these are no users of the dump");
    }
}

/// DOMAIN L7, L11, on a history that nobody made up for it: 200 pairs of users, linked and unlinked.
#[test]
fn l11_linked_users_add_up_and_l7_unlinked_ones_are_what_they_were() {
    let Some(site) = beer() else { return };
    let community = site.community();
    let accounts = ndjson(&site.exports[0]);
    let accounts: Vec<&Row> = by_source_id(&accounts, site.source).into_values().collect();
    let totals = oracle(site, "user_totals.csv");
    let totals: HashMap<&str, &Row> = totals
        .iter()
        .map(|row| (row["user_id"].as_str(), row))
        .collect();

    let seed = 7;
    let pairs = pairs(&accounts, 200, seed);
    let link = |event: &str| {
        let lines = pairs
            .iter()
            .zip(1_u128..)
            .map(|((primary, account), number)| {
                let mut data =
                    json!({ "primary": primary["account"], "account": account["account"] });
                if event == "AccountLinked" {
                    data["code"] = "00".repeat(32).into();
                }
                let id = uuid::Uuid::new_v5(&uuid::Uuid::from_u128(number), event.as_bytes());
                let line = json!({
                    "id": id, "stream": "links", "type": event, "version": 1,
                    "occurred_at": "2020-01-01T00:00:00Z", "data": data,
                });
                format!("{line}\n")
            });
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), lines.collect::<String>()).unwrap();
        let summary = community.imports(["events", text(file.path())]);
        assert_eq!(summary["recorded"], json!({ event: pairs.len() }));
    };

    link("AccountLinked");
    let [_, profiles, ..] = community.exports();
    let profiles = ndjson(&profiles);
    assert_eq!(profiles.len(), ndjson(&site.exports[1]).len() - pairs.len());
    let profiles: HashMap<&str, &Row> = profiles
        .iter()
        .map(|row| (row["profile"].as_str(), row))
        .collect();
    for (primary, account) in &pairs {
        let profile = profiles[primary["account"].as_str()];
        assert!(!profiles.contains_key(account["account"].as_str()));
        assert_eq!(profile["accounts"], "2");
        for (ours, theirs) in [
            ("questions", "questions"),
            ("answers", "answers"),
            ("comments", "comments"),
            ("accepted_solutions", "answers_accepted"),
            ("likes_received", "likes_received"),
        ] {
            let sum: i64 = [primary, account]
                .iter()
                .map(|row| number(totals[row["source_id"].as_str()], theirs))
                .sum();
            assert_eq!(number(profile, ours), sum, "{ours} with seed {seed}");
        }
        let points = number(primary, "points") + number(account, "points");
        assert_eq!(number(profile, "points"), points, "with seed {seed}");
    }

    link("AccountUnlinked");
    assert_eq!(community.exports(), site.exports);
    community.does(["rebuild"]);
    assert_eq!(community.exports(), site.exports);
}

/// So many pairs of different accounts, half of them of the most active ones: else most of them did
/// nothing.
fn pairs<'a>(accounts: &[&'a Row], count: usize, seed: u64) -> Vec<(&'a Row, &'a Row)> {
    let mut random = seed;
    let mut keyed: Vec<(i64, u64, &Row)> = accounts
        .iter()
        .map(|row| {
            random = random
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (-number(row, "total_posts"), random, *row)
        })
        .collect();
    keyed.sort_by_key(|(posts, random, _)| (*posts, *random));
    let (active, mut rest) = (keyed[..count].to_vec(), keyed[count..].to_vec());
    rest.sort_by_key(|(_, random, _)| *random);
    let pairs = active.into_iter().zip(rest);
    pairs
        .map(|((_, _, one), (_, _, other))| (one, other))
        .collect()
}

#[test]
fn what_every_post_received_is_what_the_dump_says() {
    for site in sites() {
        let [accounts, _, posts, ..] = &site.exports;
        let posts = ndjson(posts);
        let users = source_ids(&ndjson(accounts), "account");
        let ids = source_ids(&posts, "post");
        let mut posts = by_source_id(&posts, site.source);
        for theirs in oracle(site, "post_totals.csv") {
            let id = theirs["post_id"].as_str();
            let post = posts.remove(id).expect(id);
            assert_eq!(post["kind"], theirs["type"], "{id}");
            for count in ["likes", "answers", "comments"] {
                assert_eq!(
                    number(post, count),
                    number(&theirs, count),
                    "{count} of {id}"
                );
            }
            let named = |names: &HashMap<String, String>, column: &str| match &post[column] {
                none if none.is_empty() => String::new(),
                name => names[name].clone(),
            };
            assert_eq!(named(&users, "author"), theirs["owner_id"], "of {id}");
            assert_eq!(named(&ids, "parent"), theirs["parent_id"], "of {id}");
            let accepted = &theirs["dump_accepted_answer_id"];
            assert_eq!(&named(&ids, "accepted_answer"), accepted, "of {id}");
            assert_eq!(&post["accepted_answer_source_id"], accepted, "of {id}");
            assert_eq!(moment(&post["created_at"]), moment(&theirs["created"]));
            assert_eq!(post["deleted"], "false");
        }
        assert_eq!(posts, BTreeMap::new(), "these are no posts of the dump");
    }
}

#[test]
fn all_of_a_site_together_is_what_the_dump_says() {
    for site in sites() {
        let totals = std::fs::read_to_string(site.oracle.join("site_totals.json")).unwrap();
        let totals: Value = serde_json::from_str(&totals).unwrap();
        let total = |name: &str| totals[name].as_i64().unwrap();
        let [accounts, profiles, posts, ..] = site.exports.each_ref().map(|table| ndjson(table));
        // Nobody is linked, so the profiles are the accounts.
        assert_eq!(accounts.len(), profiles.len());
        for rows in [&accounts, &profiles] {
            for (column, sum_of_all) in [
                ("likes_given", total("likes_on_existing_posts")),
                ("discussions", 0),
                ("articles", 0),
            ] {
                assert_eq!(sum(rows, column), sum_of_all, "{column}");
            }
        }
        for column in [
            "questions",
            "answers",
            "comments",
            "total_posts",
            "accepted_solutions",
            "likes_received",
        ] {
            assert_eq!(sum(&accounts, column), sum(&profiles, column), "{column}");
        }
        assert_eq!(sum(&posts, "likes"), total("likes_on_existing_posts"));

        let without_author = |kinds: &[&str]| -> i64 {
            let counts = site.summary["without_author"].as_object().unwrap();
            let counts = counts.iter().filter(|(kind, _)| kinds.contains(&&***kind));
            counts.map(|(_, count)| count.as_i64().unwrap()).sum()
        };
        let comments = posts.iter().filter(|post| post["kind"] == "comment");
        assert_eq!(comments.count() as i64, total("comments"));
        assert_eq!(without_author(&["comment"]), total("comments_without_user"));
        assert_eq!(
            sum(&accounts, "comments") + total("comments_without_user"),
            total("comments")
        );
        assert_eq!(
            without_author(&["question", "answer"]),
            total("posts_without_owner")
        );
        assert_eq!(
            sum(&accounts, "questions") + sum(&accounts, "answers") + total("posts_without_owner"),
            total("questions") + total("answers")
        );
    }
}

#[test]
fn the_summary_of_an_import_leaves_nothing_out() {
    for site in sites() {
        let totals = std::fs::read_to_string(site.oracle.join("site_totals.json")).unwrap();
        let totals: Value = serde_json::from_str(&totals).unwrap();
        let total = |name: &str| totals[name].as_u64().unwrap();
        let summary = &site.summary;
        let recorded = |name: &str| summary["recorded"][name].as_u64().unwrap_or(0);
        let skipped = |kind: &str, reason: &str| -> u64 {
            let skipped = summary["skipped"].as_array().unwrap().iter();
            let skipped = skipped.filter(|skipped| {
                skipped["kind"] == kind && skipped["reason"].as_str().unwrap().contains(reason)
            });
            skipped.map(|row| row["count"].as_u64().unwrap()).sum()
        };
        assert_eq!(recorded("PostLiked"), total("likes_on_existing_posts"));
        assert_eq!(
            recorded("PostLiked") + skipped("up vote", "not in the dump"),
            total("likes_all_incl_deleted_posts")
        );
        assert_eq!(
            skipped("down vote", "no counterpart"),
            total("dislikes_on_existing_posts")
        );
        assert_eq!(
            skipped("down vote", "not in the dump"),
            total("dislikes_all") - total("dislikes_on_existing_posts")
        );
        assert_eq!(recorded("AnswerAccepted"), total("accepted_answers"));
        assert_eq!(
            recorded("AnswerAccepted") + skipped("acceptance", "not in the dump"),
            total("accept_votes_all")
        );
        assert_eq!(
            recorded("PostWatched"),
            total("favourites_on_existing_posts")
        );
        assert_eq!(recorded("BadgeGranted"), total("badges"));

        for file in summary["files"].as_array().unwrap() {
            let rows = |what: &str| file[what].as_u64().unwrap();
            assert_eq!(
                rows("read"),
                rows("recorded") + rows("already_recorded") + rows("skipped"),
                "{file}"
            );
            let name = file["file"].as_str().unwrap();
            assert_eq!(rows("read"), rows_in(&site.folder.join(name)), "{name}");
        }
    }
}

/// How many rows a file has, without reading it as what it is.
fn rows_in(path: &Path) -> u64 {
    let content = std::fs::read_to_string(path).unwrap();
    let rows = match path.extension().unwrap().to_str() {
        Some("csv") => content.lines().count() - 1,
        _ => content.matches("<row ").count(),
    };
    rows as u64
}

#[test]
fn a_comment_has_as_many_likes_as_participants_agree_with_it() {
    let Some(datasets) = datasets() else { return };
    for name in [
        "15-per-hour-seattle",
        "football-concussions",
        "london.youth.policing",
    ] {
        let folder = datasets.join("polis").join(name);
        let community = Community::new();
        let summary = community.imports(["polis", text(&folder)]);
        assert_eq!(summary["without_author"], Value::Object(Map::new()));

        let posts = ndjson(&community.does(["export", "posts"]));
        let posts = by_source_id(&posts, &format!("polis:{name}"));
        let likes: BTreeMap<_, _> = posts
            .iter()
            .map(|(&id, post)| (id.to_owned(), number(post, "likes")))
            .collect();

        let matrix = csv(std::fs::read(folder.join("participants-votes.csv")).unwrap());
        let comments = csv(std::fs::read(folder.join("comments.csv")).unwrap());
        let agreeing: BTreeMap<_, _> = comments
            .iter()
            .map(|comment| comment["comment-id"].clone())
            .map(|id| {
                // Nobody voted on what has no column.
                let votes = matrix.iter().filter_map(|participant| participant.get(&id));
                let agreeing = votes.filter(|vote| *vote == "1").count() as i64;
                (id, agreeing)
            })
            .collect();
        assert_eq!(likes, agreeing, "{name}");

        // Whoever is asked tells the same.
        let oracle = datasets.join(format!("oracle/polis/{name}.comment_totals.csv"));
        let oracle: BTreeMap<_, _> = csv(std::fs::read(oracle).unwrap())
            .iter()
            .map(|row| {
                let agreeing = number(row, "agree_distinct_voters");
                (row["comment_id"].clone(), agreeing)
            })
            .collect();
        assert_eq!(likes, oracle, "{name}");
        let columns: BTreeSet<_> = posts.values().map(|post| post["kind"].as_str()).collect();
        assert_eq!(columns, ["discussion"].into());
    }
}
