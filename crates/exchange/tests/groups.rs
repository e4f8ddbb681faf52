//! Groups and their meetings, in from Meetup and out as tables.

use plaudit_domain::Time;
use plaudit_exchange::Unwatched;
use plaudit_exchange::lines::Format;
use plaudit_exchange::meetup::{Options, import};
use plaudit_exchange::tables::{Private, Table, Tables};
use plaudit_projection::Rules;
use plaudit_store::Store;

use crate::community::Community;
use crate::tables::fold_all;

const FILES: [(&str, &str); 4] = [
    (
        "groups.csv",
        "group_id,group_name,created,organizer.member_id\n7,Bakers,2020-01-01,1\n\
         8,Brewers,2020-01-01,\n",
    ),
    (
        "events.csv",
        "event_id,group_id,event_time,event_status,rsvp_limit\n\
         rye,7,2020-02-01 18:00:00,past,1\nspelt,7,2020-04-01 18:00:00,past,\n\
         hops,8,2020-04-01 18:00:00,cancelled,\n",
    ),
    (
        "members.csv",
        "member_id,group_id,joined\n1,7,2020-01-01\n2,7,2020-01-02\n2,8,2020-01-02\n",
    ),
    (
        "rsvps.csv",
        "member_id,event_id,response,created\n1,rye,yes,2020-01-03\n2,rye,waitlist,2020-01-04\n\
         3,rye,no,2020-01-04\n1,spelt,yes,2020-03-01\n",
    ),
];

async fn table(name: &str, now: &str) -> String {
    let community = Community::new();
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in FILES {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let options = Options {
        folder: folder.path().to_owned(),
        scratch: community.scratch(),
    };
    import(&community.journal, options, &mut Unwatched)
        .await
        .unwrap();
    let rules = Rules::standard().unwrap();
    let store = fold_all(&community, &rules).await;
    let now: Time = now.parse().unwrap();
    let mut out = Vec::new();
    let table = match name {
        "groups" => Table::Groups,
        _ => Table::Meetings,
    };
    let mut tables = Tables {
        snapshot: store.snapshot().await.unwrap(),
        rules: &rules,
        now,
        private: Private::Withheld,
    };
    tables
        .write(table, Format::Csv, &mut out, &mut Unwatched)
        .await
        .unwrap();
    String::from_utf8(out).unwrap()
}

/// Without the ids, which say nothing to people.
fn without_ids(table: &str) -> Vec<String> {
    let line = |line: &str| line.split_once(',').unwrap().1.to_owned();
    table.lines().map(line).collect()
}

#[tokio::test]
async fn g8_groups_go_out_with_their_status_of_the_moment() {
    for (now, rest_of_bakers, rest_of_brewers) in [
        ("2020-02-01T17:59:59Z", ",0,active", ",0,active"),
        (
            "2020-02-01T18:00:00Z",
            "2020-02-01T18:00:00Z,1,active",
            ",0,active",
        ),
        (
            "2020-03-31T23:59:59Z",
            "2020-02-01T18:00:00Z,1,active",
            ",0,inactive",
        ),
        (
            "2020-06-30T18:00:00Z",
            "2020-04-01T18:00:00Z,2,at_risk",
            ",0,inactive",
        ),
        (
            "2020-06-30T18:00:01Z",
            "2020-04-01T18:00:00Z,2,inactive",
            ",0,inactive",
        ),
    ] {
        assert_eq!(
            without_ids(&table("groups", now).await),
            [
                "source,source_id,kind,name,members,leaders,last_held_at,held_last_365_days,status",
                &format!("meetup,7,user,Bakers,2,1,{rest_of_bakers}"),
                &format!("meetup,8,user,Brewers,1,0,{rest_of_brewers}"),
            ],
            "{now}"
        );
    }
}

#[tokio::test]
async fn meetings_go_out_with_who_came() {
    let table = table("meetings", "2020-06-30T18:00:00Z").await;
    let mut lines = csv::Reader::from_reader(table.as_bytes());
    let header: Vec<_> = lines.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(
        header.join(","),
        "meeting,source,source_id,group,starts_at,held,going,not_going,waiting,attended"
    );
    let mut told: Vec<_> = lines
        .records()
        .map(|record| {
            let record = record.unwrap();
            let fields: Vec<_> = record.iter().collect();
            [&fields[2..3], &fields[4..]].concat().join(" ")
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "hops 2020-04-01T18:00:00Z false 0 0 0 0",
            "rye 2020-02-01T18:00:00Z true 1 1 1 0",
            "spelt 2020-04-01T18:00:00Z true 1 0 0 0",
        ]
    );
}
