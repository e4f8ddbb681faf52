//! Polis conversations: by hand, and real ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use plaudit_domain::fact::{AccountFact, LikeFact, PostFact};
use plaudit_domain::{Event, Fact};
use plaudit_exchange::polis::{Options, import};
use plaudit_exchange::{ImportError, Summary, Unwatched};
use tempfile::TempDir;

use crate::community::{
    Community, assert_accounted_for, assert_references_resolve_backwards, datasets,
};
use crate::dump::skipped;
use crate::story;

const COMMENTS: &str =
    "timestamp,datetime,comment-id,author-id,agrees,disagrees,moderated,comment-body\n";
const VOTES: &str = "timestamp,datetime,comment-id,voter-id,vote\n";

fn conversation(comments: &str, votes: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("comments.csv"), comments).unwrap();
    std::fs::write(folder.path().join("votes.csv"), votes).unwrap();
    folder
}

async fn import_into(
    community: &Community,
    folder: &Path,
    name: Option<&str>,
) -> Result<Summary, ImportError> {
    let options = Options {
        folder: folder.to_owned(),
        name: name.map(str::to_owned),
        scratch: community.scratch(),
    };
    let summary = import(&community.journal, options, &mut Unwatched).await;
    assert_eq!(community.scratch().read_dir().unwrap().count(), 0);
    if let Ok(summary) = &summary {
        assert_accounted_for(summary);
    }
    summary
}

async fn told(comments: &str, votes: &str) -> (Vec<Event>, Summary) {
    let folder = conversation(comments, votes);
    let community = Community::new();
    let summary = import_into(&community, folder.path(), Some("test"))
        .await
        .unwrap();
    (community.events().await, summary)
}

#[tokio::test]
async fn the_last_vote_on_a_comment_counts() {
    let (events, summary) = told(
        &format!("{COMMENTS}1000,x,5,1,0,0,1,\"Beer, or\nwine?\"\n"),
        &format!(
            "{VOTES}3000,x,5,2,1\n2000,x,5,1,-1\n4000,x,5,2,1\n6000,x,5,2,1\n5000,x,5,2,0\n\
             6000,x,5,3,0\n6000,x,5,2,-1\n7000,x,5,2,-1\n"
        ),
    )
    .await;
    assert_eq!(
        story::told(&events),
        [
            "user 1",
            "discussion 5 of user 1, \"Beer, or wine?\": \"Beer, or\\nwine?\"",
            "user 2",
            "user 2 likes discussion 5 of user 1",
            "user 2 no longer likes discussion 5 of user 1",
            "user 3",
            "user 2 likes discussion 5 of user 1",
            "user 2 no longer likes discussion 5 of user 1",
        ]
    );
    assert_eq!(events[2].occurred_at.to_string(), "1970-01-01T00:00:03Z");
    assert_eq!(
        skipped(&summary),
        [
            "2 disagree: there is no like to take back",
            "1 pass: there is no like to take back",
            "1 repeated agree: the voter agrees already",
        ]
    );
    let names: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::Account(AccountFact::Registered(account)) => account.name.get().cloned(),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["participant 1", "participant 2", "participant 3"]);
}

#[tokio::test]
async fn a_comment_comes_before_votes_on_it_also_where_it_is_younger() {
    let (events, summary) = told(
        &format!("{COMMENTS}9000,x,5,1,0,0,1,Beer?\n"),
        &format!("{VOTES}3000,x,5,2,1\n3000,x,6,4,1\n"),
    )
    .await;
    assert_references_resolve_backwards(&events);
    assert_eq!(
        story::told(&events),
        [
            "user 1",
            "user 2",
            "user 4",
            "discussion 5 of user 1, \"Beer?\": \"Beer?\"",
            "user 2 likes discussion 5 of user 1",
        ]
    );
    assert_eq!(events[0].occurred_at.to_string(), "1970-01-01T00:00:09Z");
    assert_eq!(
        skipped(&summary),
        ["1 agree: its comment is not in comments.csv"]
    );
}

#[tokio::test]
async fn columns_go_by_their_name_and_an_empty_comment_has_a_title() {
    let (events, _) = told(
        "comment-body,xid,author-id,comment-id,timestamp\n\"\",a,1,5,1000\n",
        "xid,vote,voter-id,comment-id,timestamp\nb,1,2,5,2000\n",
    )
    .await;
    assert_eq!(
        story::told(&events)[1..],
        [
            "discussion 5 of user 1, \"comment 5\": \"\"",
            "user 2",
            "user 2 likes discussion 5 of user 1",
        ]
    );
}

#[tokio::test]
async fn what_is_malformed_is_told_with_its_place_and_records_nothing() {
    let comments = format!("{COMMENTS}1000,x,5,1,0,0,1,\"Beer,\nor wine?\"\n");
    let cases = [
        (
            comments.clone(),
            format!("{VOTES}3000,x,5,2,1\n3000,x,5,2,2\n"),
            "votes.csv, line 3: vote is \"2\"; expected 1 to agree, -1 to disagree or 0 to pass",
        ),
        (
            comments.clone(),
            format!("{VOTES}yesterday,x,5,2,1\n"),
            "votes.csv, line 2: timestamp is \"yesterday\"; expected a whole number",
        ),
        (
            comments.clone(),
            "timestamp,comment,voter-id,vote\n".to_owned(),
            "votes.csv, line 1: there is no column comment-id; \
             expected a header with timestamp, comment-id, voter-id, vote",
        ),
        (
            format!("{comments}2000,x,5,1,0,0,1,Again\n"),
            VOTES.to_owned(),
            "comments.csv, line 4: comment-id 5 stands in an earlier line too; \
             expected every comment once",
        ),
        (
            format!("{comments}2000,x,5\n"),
            VOTES.to_owned(),
            "comments.csv, line 4: 3 values; expected 8, as many as the header has",
        ),
    ];
    for (comments, votes, expected) in cases {
        let folder = conversation(&comments, &votes);
        let community = Community::new();
        let error = import_into(&community, folder.path(), None)
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(community.journal.head().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_folder_that_is_no_export_is_told_what_it_should_hold() {
    let folder = conversation("", "");
    std::fs::remove_file(folder.path().join("votes.csv")).unwrap();
    let error = import_into(&Community::new(), folder.path(), None)
        .await
        .unwrap_err();
    assert!(
        error.to_string().ends_with(
            "there is no votes.csv. The export of a Polis conversation is a folder with \
             comments.csv and votes.csv"
        ),
        "{error}"
    );
}

/// Who likes what in the end, by the numbers in the export.
fn likes(events: &[Event]) -> BTreeSet<(String, String)> {
    let mut names = HashMap::new();
    let mut likes = BTreeSet::new();
    for event in events {
        match &event.fact {
            Fact::Account(AccountFact::Registered(account)) => {
                names.insert(account.account.0, account.origin.clone().unwrap().id);
            }
            Fact::Post(PostFact::Created(post)) => {
                names.insert(post.post.0, post.origin.clone().unwrap().id);
            }
            Fact::Like(LikeFact::Liked(like)) => {
                let pair = (names[&like.account.0].clone(), names[&like.post.0].clone());
                assert!(likes.insert(pair), "liked twice: {like:?}");
            }
            Fact::Like(LikeFact::Withdrawn(like)) => {
                let pair = (names[&like.account.0].clone(), names[&like.post.0].clone());
                assert!(likes.remove(&pair), "not liked: {like:?}");
            }
            _ => unreachable!(),
        }
    }
    likes
}

#[tokio::test]
async fn likes_agree_with_the_votes_of_all_participants() {
    let Some(datasets) = datasets() else { return };
    for name in [
        "15-per-hour-seattle",
        "football-concussions",
        "london.youth.policing",
    ] {
        let folder = datasets.join("polis").join(name);
        let community = Community::new();
        let first = import_into(&community, &folder, None).await.unwrap();
        let events = community.events().await;
        assert_references_resolve_backwards(&events);
        let likes = likes(&events);

        let mut table = csv::Reader::from_path(folder.join("participants-votes.csv")).unwrap();
        let mut expected = BTreeSet::new();
        for row in table.deserialize::<BTreeMap<String, String>>() {
            let row = row.unwrap();
            for (column, vote) in &row {
                if column.parse::<i64>().is_ok() && vote.parse() == Ok(1.0) {
                    expected.insert((row["participant"].clone(), column.clone()));
                }
            }
        }
        assert!(expected.len() > 300);
        assert_eq!(likes, expected, "{name}");

        let origin = match &events[0].fact {
            Fact::Account(AccountFact::Registered(account)) => account.origin.clone().unwrap(),
            _ => unreachable!(),
        };
        assert_eq!(origin.source, format!("polis:{name}"));

        let second = import_into(&community, &folder, None).await.unwrap();
        assert_eq!(second.total_recorded(), 0);
        assert_eq!(second.already_recorded, first.recorded);
    }
}
